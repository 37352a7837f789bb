/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of a machine's CPUs in the numbers that the outside uses (os_id), which may be sparse. All
 * that is printed or typed has those; everything inside has dense indices.
 */
#ifndef NUMASIM_MACHINE_CPULIST_H
#define NUMASIM_MACHINE_CPULIST_H

#include "machine/machine.h"

/* The largest CPU number and one: what the kernel calls nr_cpu_ids. */
uint32_t machine_nr_cpu_ids(const struct machine *m);
/* @cpus, a bitmap of nr_cpus, as a bitmap of machine_nr_cpu_ids() bits. Newly allocated. */
uint64_t *machine_outside_set(const struct machine *m, const uint64_t *cpus);
/* The cpulist of @cpus, a bitmap of nr_cpus. Newly allocated. */
char *machine_cpulist(const struct machine *m, const uint64_t *cpus);
/*
 * Reads the cpulist @text into @cpus, a bitmap of nr_cpus. False, with @cpus untouched and
 * NUMASIM_ERROR_INPUT, where the syntax is wrong or a CPU is not the machine's.
 */
bool machine_parse_cpulist(const struct machine *m, const char *text, uint64_t *cpus,
                           GError **error);

static inline bool machine_cpu_online(const struct machine *m, int32_t cpu)
{
    return m->offline == NULL || !((m->offline[cpu >> 6] >> (cpu & 63)) & 1);
}

#endif
