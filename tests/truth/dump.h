/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading dumps of the sched_domains that real kernels built (README.md). */
#ifndef NUMASIM_TESTS_TRUTH_DUMP_H
#define NUMASIM_TESTS_TRUTH_DUMP_H

#include <json-glib/json-glib.h>

#include "dump-boot.h"
#include "machine/machine.h"

/* The JSON document in @path, plain or .gz. Never NULL: ends the test program on an error. */
JsonParser *dump_load(const char *path);

/*
 * The machine of a dump, finished, from what was asked for (`spec`, `spec_nodes`) and what each
 * online CPU says of its own hardware; nothing that the scheduler derived is read. A CPU that says
 * nothing is offline.
 */
struct machine *dump_machine(JsonObject *dump, struct dump_boot *ret_boot);

#endif
