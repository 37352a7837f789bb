/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's command line of a dump, as far as it matters to the domains. */
#ifndef NUMASIM_TESTS_TRUTH_DUMP_BOOT_H
#define NUMASIM_TESTS_TRUTH_DUMP_BOOT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct dump_boot {
    bool numa_off;
    int32_t relax_domain_level; /* -1: not given */
    uint64_t *isolated;         /* bitmap of CPUs that isolcpus= takes out of the domains, owned */
    GArray *offlined;           /* int32_t: CPUs that offline= takes down after boot, in order */
};

/* Reads @append, NULL if there is none, for a machine of @nr_cpus CPUs. */
void dump_boot_init(struct dump_boot *boot, const char *append, int32_t nr_cpus);
void dump_boot_release(struct dump_boot *boot);

/*
 * A cpulist as the kernel's parser takes it (lib/bitmap-str.c), "N" and "all" included, into @map
 * of @nr_cpus bits. False, with @map empty, where it refuses the list.
 */
bool dump_read_list(const char *text, uint64_t *map, int32_t nr_cpus);

#endif
