/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading dumps of the sched_domains that real kernels built (README.md). */
#ifndef NUMASIM_TESTS_TRUTH_DUMP_H
#define NUMASIM_TESTS_TRUTH_DUMP_H

#include <json-glib/json-glib.h>

#include "machine/machine.h"

/* The JSON document in @path, plain or .gz. Never NULL: ends the test program on an error. */
JsonParser *dump_load(const char *path);

/* What was given on the kernel's command line, as far as it matters here. */
struct dump_boot {
    bool numa_off;
    int32_t relax_domain_level; /* -1: not given */
};

/*
 * The machine of a dump, finished, from what was asked for and what the CPUs say of their own
 * hardware; nothing that the scheduler derived is read.
 */
struct machine *dump_machine(JsonObject *dump, struct dump_boot *ret_boot);

#endif
