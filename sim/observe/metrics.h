/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics: a listener on tracepoints that counts and measures, and reports at the end.
 *
 * It needs no kernel: whoever has events may feed them (tests do). What events do not carry, names
 * and affinities of tasks, it asks of a struct metrics_source.
 *
 * WHAT COUNTS. A report covers the time from the last metrics_reset() (the end of the warmup) to
 * metrics_finish(). Times that straddle the reset are cut there (running, idling, waste); a latency
 * is a sample of the period in which it ends, with its whole length. Latencies that have not ended
 * are not counted.
 *
 *   wakeup_latency_ns   sched_wakeup(_new) until the sched_switch that runs the task. A wakeup of a
 *                       task that never left its CPU is none.
 *   waking_latency_ns   sched_waking until that switch: the IPI and leaving idle included.
 *   run_delay_ns        one sample to each stretch from becoming runnable (woken, preempted,
 *                       yielded, throttled) until running.
 *   response_ns         sched_waking until the task blocks again.
 *   timeslice_ns        each stretch of running, from switch to switch.
 *   woken.NEARNESS      of all times that a task woke it: the chosen CPU is the waker's own (cpu),
 *                       else of its core, LLC, node, or none of these (remote).
 *   run_share           CPU time of all tasks' CPU time. task_run_share.min, .max: of the time that
 *                       went by, that of the one with least and with most.
 *   balanced.first_ns   from the begin of the period until no online CPU has two more runnable
 *                       tasks (the running one, and those that wait without being throttled) than
 *                       another; counted anew from each sched_wakeup_new. balanced.last_ns: until
 *                       it is so to stay. Either is the whole period where it does not come to
 *                       that. balanced.ratio: how much of the time it is so. balanced.ran_ns: as
 *                       first_ns, but as the tasks can tell: each counts where it last ran, and
 *                       none is so new that it never did.
 *   forked.cpus         CPUs on which sched_wakeup_new put tasks that others forked; forked.most: the
 *                       most of them on one CPU.
 *   ticks.*             timer ticks, skipped ones included; least and most: of one CPU.
 *   time.*_ns           busy time of the CPUs by what it went to, the components of a pace: full, the
 *                       core's own time and its misses if all memory were near; smt, a busy sibling;
 *                       cold, misses after a migration; remote, the distance of pages; bandwidth,
 *                       waiting for memory that others use, too; tlb, page walks. They add up to the
 *                       busy time exactly; spinning is divided as work is. Also of each command and
 *                       process, where not 0.
 *   cpu.wasted_ns       see observe/waste.h. A CPU is idle here while it runs no task; a task waits
 *                       from sched_wakeup on, not while it is on its way to its CPU, and not while
 *                       its cgroup is throttled there. A change of affinity counts from the task's
 *                       next event.
 *   migrations.LEVEL    by the lowest sched_domain of the CPU left that holds the new one, as the
 *                       domains were at boot; "none" where none does.
 *   cgroup.NAME.*       as in cpu.stat, of cgroups with a quota: nr_periods, those in which the timer
 *                       ran; nr_throttled, those at whose end a queue stood throttled; throttled_ns,
 *                       the time that queues were, of all CPUs together.
 *   bandwidth.nodeN.*   of a node's controllers: read_bytes_per_s, write_bytes_per_s, what the tasks
 *                       read and wrote back; utilisation, that of what they can; latency_ns, idle
 *                       latency for the nearest CPUs and the mean over time of the wait there.
 *   bandwidth.linkA-B.* the same of data from node A to node B: bytes_per_s, utilisation, and
 *                       latency_ns, what it adds to that of the node, idle and waiting. Only
 *                       nodes and links that were used are there.
 *   memory.*            LLC misses as tracepoint numasim_access counts them. memory.latency_ns.mean:
 *                       what each took, the way and the waits there at the load of that moment, as
 *                       in bandwidth.*.latency_ns. memory.followed_ns.p10, p50, p90: from the begin of the period until so many of all the pages
 *                       that were moved from node to node had been.
 *   memory.share.nodeN.reaches_10_ns, _50_ns, _90_ns
 *                       from the begin of the period until so many percent of all pages that are
 *                       allocated at that moment lie on the node, for the first time; not there where
 *                       it does not come to that. To see how fast pages follow a task, let the warmup
 *                       end when it moves.
 *   numa.*, vmstat.*    see observe/vmstat.h.
 *
 * Percentiles are given where the samples carry them: p50 from 2 samples, p90 from 10, p99 from
 * 100, p99.9 from 1000. Histograms have the error bound of base/hist.h.
 *
 * No event allocates once every task, name and affinity has been seen.
 */
#ifndef NUMASIM_OBSERVE_METRICS_H
#define NUMASIM_OBSERVE_METRICS_H

#include <stdint.h>

#include "kernel/kernel.h"
#include "kernel/tracepoint.h"
#include "machine/domains.h"
#include "machine/machine.h"
#include "observe/result.h"

struct metrics;

/* What a task is; everything is borrowed. */
struct metrics_task_info {
    const char *comm;
    const char *process;     /* name of its process; NULL: a kernel thread */
    const uint64_t *allowed; /* bitmap of CPUs, may change; NULL: all */
};

struct metrics_config {
    const struct machine *machine;   /* borrowed as long as the metrics */
    const struct sched_domains *sds; /* the same */
    const char *const *arrivals;     /* names of request sources by index, NULL-terminated */
    const char *const *counters;     /* names of TP_COUNT and TP_MEASURE by index; the same */
    /* Says what task @id is; called at its first event. */
    void (*task)(int32_t id, struct metrics_task_info *ret_info, void *data);
    /* Writes the cgroups of task @id, its own and those above it but for the root, to @ret[@max], and
     * returns how many. Called for tasks that wait while a cgroup is throttled. NULL: none. */
    int32_t (*cgroups)(int32_t id, int32_t *ret, int32_t max, void *data);
    /* The name of a cgroup, borrowed. NULL: cgroup.* is left out. */
    const char *(*cgroup_name)(int32_t id, void *data);
    void *data;
};

/* Names are copied; equal names of different indices are counted together. */
struct metrics *metrics_new(const struct metrics_config *config);
void metrics_free(struct metrics *m); /* accepts NULL */

/* The events that metrics_event() wants, as kernel_listen() takes them. */
uint64_t metrics_mask(void);
/* A tp_listener_fn; @data is the struct metrics. */
void metrics_event(const struct tp_event *event, void *data);

/*
 * Forgets what was counted, and counts from @now_ns (not before the last event). @times are those
 * of each CPU now (kernel_cpu_times()).
 */
void metrics_reset(struct metrics *m, int64_t now_ns, const struct cpu_times *times);
/* Adds everything counted up to @now_ns to @r, unsorted. Changes nothing but the clock. */
void metrics_finish(struct metrics *m, int64_t now_ns, const struct cpu_times *times,
                    struct result *r);

/* Running sums since the last reset, for time series. */
struct metrics_totals {
    uint64_t switches, wakeups, requests_done;
    uint64_t accesses, local_accesses;
    uint64_t hint_faults, local_hint_faults, fault_moved_pages;
    int64_t wasted_ns;
    int32_t nr_idle;            /* CPUs that run nothing, now */
    int64_t nr_waiting;         /* tasks waiting on all run queues, now */
    int64_t max_waiting;        /* on the longest one */
    const uint64_t *migrations; /* [metrics_nr_levels()], borrowed */
};
void metrics_totals(struct metrics *m, int64_t now_ns, struct metrics_totals *ret);
/* The domain levels that the machine has, innermost first: "SMT", "MC", "NUMA", "none". */
int32_t metrics_nr_levels(const struct metrics *m);
const char *metrics_level_name(const struct metrics *m, int32_t level);

#endif
