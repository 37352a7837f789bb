/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's memory counters as metrics. They are read at the cuts of a run, as CPU times are:
 * policies count some of them without an event. A kernel counts from boot on; a metric from the end of
 * the warmup on.
 *
 *   numa.hit, .miss, .foreign, .interleave, .local, .other     allocations, with .nodeN as in numastat
 *   numa.pte_updates, .huge_pte_updates, .hint_faults, .hint_faults_local, .pages_migrated
 *   numa.hint_faults_local_ratio                               of the hint faults
 *   vmstat.NAME                  all by their names in /proc/vmstat, those that were ever counted;
 *                                numa_hit and its like, pgpromote_* and pgdemote_* with .nodeN
 *
 * None of them is there in a run in which no page was ever allocated.
 */
#ifndef NUMASIM_OBSERVE_VMSTAT_H
#define NUMASIM_OBSERVE_VMSTAT_H

#include <stdint.h>

#include "kernel/kernel.h"
#include "observe/result.h"

/* The counters of every node: @ret[nr_nodes * NUMASIM_NR_VM_ITEMS]. */
void vmstat_read(const struct kernel *k, uint64_t *ret);
/* Adds what was counted between @before and @now (as vmstat_read() fills them) to @r. */
void vmstat_report(const struct machine *m, const uint64_t *before, const uint64_t *now,
                   struct result *r);

#endif
