/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the metrics share. One kind of event, one file:
 *
 *   metrics.c   making, dispatch, what tasks are, sums for series
 *   wakeup.c    switches and wakeups: latencies, run delay, per command and process
 *   waiting.c   who waits on which CPU, and who is held by a quota
 *   cpu.c       CPU times, ticks, waste, migrations
 *   balanced.c  whether runnable tasks are spread evenly over the CPUs
 *   rates.c     what the time of running tasks went to
 *   memory.c    accesses, allocations, page migrations
 *   memory-load.c bandwidth, use and latency of nodes and links
 *   requests.c  requests, measures, counts
 *   bandwidth.c quotas of cgroups
 *
 * Each kind has NAME_reset() and NAME_report(), and its event functions.
 */
#ifndef NUMASIM_OBSERVE_METRICS_PRIVATE_H
#define NUMASIM_OBSERVE_METRICS_PRIVATE_H

#include <glib.h>
#include <stdbool.h>

#include "base/fixed.h"
#include "base/hist.h"
#include "base/time.h"
#include "kernel/mm/resources.h"
#include "observe/metrics.h"
#include "observe/rate-clock.h"
#include "observe/throttled.h"
#include "observe/waste.h"

enum mtask_state { MTASK_OFF, MTASK_WAITING, MTASK_RUNNING };

/* A task as its events show it. */
struct mtask {
    int32_t group;      /* -1: not seen yet */
    int32_t class_;     /* of its affinity, for the waste; valid while it waits */
    int32_t cpu;        /* whose queue it waits on */
    int32_t next, prev; /* among those that wait on its CPU; -1 ends */
    bool held;          /* waits, but its cgroup's quota is used up */
    uint8_t state;      /* enum mtask_state */
    int64_t since_ns;   /* runnable since */
    int64_t wakeup_ns;  /* its sched_wakeup, until it runs; -1 none */
    int64_t waking_ns;  /* its sched_waking, until it runs; -1 none */
    int64_t woken_ns;   /* the same until it blocks */
    int64_t on_ns;      /* while it runs: since when */
    int32_t ran_cpu;    /* where it last ran, until it blocks; -1 none */
    bool unborn;        /* made, and never ran since */
    int64_t run_ns;     /* CPU time since the reset */
    const uint64_t *allowed;
};

struct mcpu {
    int32_t curr;          /* -1: none */
    int64_t since_ns;      /* curr has it since then, or since the reset */
    int64_t nr_waiting;    /* those that are not held */
    int32_t first_waiting; /* task, held ones too; -1 none */
    int64_t nr_ran;        /* tasks whose ran_cpu this is */
    bool online;
    uint64_t forked; /* tasks that began here */
};

enum latency {
    LATENCY_WAKEUP,
    LATENCY_WAKING,
    LATENCY_RUN_DELAY,
    LATENCY_RESPONSE,
    LATENCY_TIMESLICE,
    NR_LATENCIES
};

/* Where a task is put, seen from the CPU of the task that wakes it. */
enum nearness { NEAR_CPU, NEAR_CORE, NEAR_LLC, NEAR_NODE, NEAR_REMOTE, NR_NEARNESSES };

/* What is counted for the threads of one name of one name's processes; all sums are over these. */
struct mcounts {
    int64_t run_ns;
    int64_t rate_ns[NR_RATE_PARTS];
    uint64_t switch_in, preempted, yielded, throttled, blocked, exited, wakeups, migrations;
    uint64_t woken[NR_NEARNESSES]; /* by another task */
    uint64_t accesses, local_accesses;
    uint128 latency_sum_ns; /* of the accesses */
    struct hist latency[NR_LATENCIES];
};

struct mgroup {
    char *comm, *process;
    uint64_t tasks;                    /* threads ever seen */
    int64_t least_run_ns, most_run_ns; /* of one of them; known while reporting */
    struct mcounts counts;
};

/* A request source, or a named counter of the workload; indices of equal names share one. */
struct mrequests {
    char *name;
    uint64_t arrived, done;
    struct hist latency, wait;
};

struct mcounter {
    char *name;
    uint64_t count;
    struct hist measure;
};

/* How evenly runnable tasks are spread. */
struct mbalanced {
    int32_t *counted;   /* [nr_cpus] tasks; -1: offline */
    int32_t *cpus_with; /* [size] online CPUs with so many of them */
    int32_t size, least, most;
    int64_t since_ns;    /* even since then; -1: uneven */
    int64_t first_ns;    /* even for the first time; -1: not yet */
    int64_t balanced_ns; /* up to since_ns */
};

/* A node's controllers, or a link: how long accesses wait there. */
struct mload {
    int64_t since_ns, wait_ps;
    uint128 wait_ps_ns; /* summed over time, up to since_ns */
};

/* A cgroup with a quota. */
struct mbandwidth {
    bool seen;
    uint64_t nr_periods, nr_throttled;
    int64_t nr_queues; /* throttled now */
    int64_t since_ns, throttled_ns;
};

/* memory.c: shares of all pages, and when a node first has so many. */
enum { NR_SHARE_MARKS = 3 };

enum { NR_MIGRATE_REASONS = MIGRATE_HOTPLUG + 1 };

struct metrics {
    struct metrics_config config;
    int32_t nr_cpus, nr_nodes;
    int64_t reset_ns;

    struct mtask *tasks;
    int32_t tasks_size;
    struct mgroup *groups;
    int32_t nr_groups;
    GHashTable *group_ids; /* "process\ncomm" -> group + 1; only looked up */
    uint64_t *all_cpus;

    struct mcpu *cpus;
    struct cpu_times *base_times; /* [nr_cpus] at the reset */
    struct waste *waste;
    int64_t base_wasted_ns;
    struct mbalanced queued, ran; /* each task on the CPU of its queue; where it last ran */
    int64_t nr_unborn;
    uint64_t switches, forks;
    struct throttled *throttled;
    struct mbandwidth *bandwidths; /* [nr_bandwidths] by cgroup */
    int32_t nr_bandwidths;

    char **level_names; /* innermost first, "none" last */
    int32_t nr_levels;
    uint8_t **level_of;   /* [nr_cpus][domain] -> level */
    uint64_t *migrations; /* [nr_levels] */
    uint64_t reasons[NR_MIGRATE_REASONS];

    struct rate_clock *rate_clock;

    uint64_t *accesses; /* [nr_nodes * nr_nodes], row: the CPU's node */
    uint64_t *writes;   /* the same, of lines written back */
    struct resources *resources;
    struct mload *loads;     /* [resources] */
    uint64_t *moved;         /* [nr_nodes * nr_nodes] pages migrated, row: from */
    uint64_t *first_touched; /* [nr_nodes] bytes */
    uint64_t oom_kills;
    uint64_t hint_faults, local_hint_faults, fault_moved_pages;
    uint64_t replicated, shadowed, collapsed, copies_reclaimed; /* pages of copies */
    int64_t copied;                                             /* that there are now */
    bool copies_seen;
    int64_t *resident_bytes, all_resident_bytes; /* [nr_nodes] */
    int32_t *nr_reached;                         /* [nr_nodes] of share_marks */
    int64_t *reached_ns;                         /* [nr_nodes * NR_SHARE_MARKS] */
    struct hist followed;                        /* when pages moved, one sample each */

    struct mrequests *sources;
    struct mcounter *counters;
    int32_t nr_sources, nr_counters; /* distinct names */
    int32_t *source_of, *counter_of; /* index of the event -> place in the array */
    int32_t source_ids, counter_ids; /* how many indices there are */
};

/* metrics.c: the task @id, at its first event or later. */
struct mtask *metrics_task(struct metrics *m, int32_t id);
/* A count as a metric. */
static inline void report_count(struct result *r, const char *name, uint64_t value)
{
    result_add(r, name, RESULT_COUNT, (int64_t)value);
}
/* @count in @window_ns > 0, as RESULT_PER_S. */
static inline int64_t per_s_milli(uint64_t count, int64_t window_ns)
{
    return (int64_t)mul_div_u64(count, UINT64_C(1000) * NSEC_PER_SEC, (uint64_t)window_ns);
}
/* NAME.count, .mean, .p50, .p90, .p99, .p99.9, .max, each where the samples carry it. */
void report_latency(struct result *r, const char *name, const struct hist *h);
/* The whole histogram, if it has samples. */
void report_histogram(struct result *r, const char *name, const struct hist *h);
void counts_release(struct mcounts *c);

/* wakeup.c */
void wakeup_switch(struct metrics *m, const struct tp_event *e);
void wakeup_waking(struct metrics *m, const struct tp_event *e);
void wakeup_wakeup(struct metrics *m, const struct tp_event *e);
void wakeup_exit(struct metrics *m, const struct tp_event *e);
void wakeup_reset(struct metrics *m);
void wakeup_report(struct metrics *m, int64_t now_ns, struct result *r);

/* cpu.c */
void cpu_init(struct metrics *m);
void cpu_release(struct metrics *m);
void cpu_waking(struct metrics *m, const struct tp_event *e);
void cpu_wakeup_new(struct metrics *m, const struct tp_event *e);
void cpu_migrate(struct metrics *m, const struct tp_event *e);
void cpu_hotplug(struct metrics *m, const struct tp_event *e);
void cpu_reset(struct metrics *m, const struct cpu_times *times);
void cpu_report(struct metrics *m, const struct cpu_times *times, int64_t now_ns, struct result *r);

/* balanced.c */
void balanced_init(struct metrics *m);
void balanced_release(struct metrics *m);
/* What runs or waits on @cpu may have changed at @now_ns. */
void balanced_update(struct metrics *m, int32_t cpu, int64_t now_ns);
void balanced_new_task(struct metrics *m, struct mtask *t);
/* @t begins to run on @cpu, or, at -1, waits no longer for any. */
void balanced_ran(struct metrics *m, struct mtask *t, int32_t cpu, int64_t now_ns);
void balanced_reset(struct metrics *m);
void balanced_report(const struct metrics *m, int64_t now_ns, struct result *r);

/* waiting.c: a task joins and leaves those that wait on @cpu, of whom a throttled cgroup may hold it. */
void wait_begin(struct metrics *m, struct mtask *t, int32_t cpu);
void wait_end(struct metrics *m, struct mtask *t);
void waiting_throttle(struct metrics *m, const struct tp_event *e);

/* bandwidth.c */
void bandwidth_period(struct metrics *m, const struct tp_event *e);
void bandwidth_throttle(struct metrics *m, const struct tp_event *e);
void bandwidth_reset(struct metrics *m);
void bandwidth_report(struct metrics *m, int64_t now_ns, struct result *r);
void bandwidth_release(struct metrics *m);

/* rates.c */
void rates_spent(const struct rate_stretch *s, void *data);
void rates_merge(int64_t *into, const int64_t *rate_ns);
/* PREFIXtime.*; with @zeroes also those that are 0. */
void rates_report(struct result *r, const char *prefix, const int64_t *rate_ns, bool zeroes);

/* memory.c */
void memory_init(struct metrics *m);
void memory_release(struct metrics *m);
void memory_access(struct metrics *m, const struct tp_event *e);
void memory_alloc(struct metrics *m, const struct tp_event *e);
void memory_free(struct metrics *m, const struct tp_event *e);
void memory_fault(struct metrics *m, const struct tp_event *e);
void memory_moved(struct metrics *m, const struct tp_event *e);
void memory_copies(struct metrics *m, const struct tp_event *e);
void memory_reset(struct metrics *m);
void memory_report(struct metrics *m, struct result *r);

/* memory-load.c */
void load_init(struct metrics *m);
void load_release(struct metrics *m);
void load_event(struct metrics *m, const struct tp_event *e);
void load_reset(struct metrics *m);
void load_report(struct metrics *m, int64_t now_ns, struct result *r);

/* requests.c */
void requests_init(struct metrics *m);
void requests_release(struct metrics *m);
void requests_arrive(struct metrics *m, const struct tp_event *e);
void requests_done(struct metrics *m, const struct tp_event *e);
void requests_count(struct metrics *m, const struct tp_event *e);
void requests_measure(struct metrics *m, const struct tp_event *e);
void requests_reset(struct metrics *m);
void requests_report(struct metrics *m, int64_t window_ns, struct result *r);

#endif
