/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run, whole: result = simulate(machine, workloads, policy, seed). */
#ifndef NUMASIM_OBSERVE_SIMULATE_H
#define NUMASIM_OBSERVE_SIMULATE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/kernel.h"
#include "machine/domains.h"
#include "machine/machine.h"
#include "observe/result.h"
#include "policy/loader.h"
#include "workload/workload.h"

struct simulate_options {
    uint64_t seed;
    int64_t duration_ns;        /* < 0: the longest that a workload states; 0: until all exit */
    int64_t warmup_ns;          /* < 0: the longest that a workload states */
    int64_t series_interval_ns; /* 0: no time series */
    int64_t watchdog_ns;        /* 0: the kernel's default */
    bool tie_break_insertion;
    bool all_ticks;            /* changes nothing in the result */
    bool task_stats;           /* count what kernel_sched_text() shows; changes nothing else */
    bool no_metrics;           /* the digest alone: for benchmarks and for replays with @attach */
    const char *policy_digest; /* of the policy set's files; NULL: unknown */
    const char *const *overrides; /* --set, for the record; NULL-terminated; NULL: none */
    /* Adds listeners of the caller's own before the run. Optional. */
    void (*attach)(struct kernel *k, void *data);
    /* Called now and then, at the same simulated times in every run. @end_ns 0: not known. Optional. */
    void (*progress)(int64_t now_ns, int64_t end_ns, void *data);
    /* Called at the end while the kernel still stands, to read from it. Optional. */
    void (*finished)(const struct kernel *k, void *data);
    /* Called at each of @nr_snapshots times that the run comes to, which ascend strictly and are > 0;
     * the kernel stands and may be read. Stopping there changes nothing. Optional. */
    void (*snapshot)(const struct kernel *k, int64_t now_ns, void *data);
    const int64_t *snapshots_ns;
    guint nr_snapshots;
    void *data; /* of the four */
};

/* Nothing measured specially: the workloads' own duration and warmup, seed 1. */
struct simulate_options simulate_options_default(void);

/*
 * Runs @workloads (checked) side by side on @m (finished) under @stack. Everything is borrowed and
 * unchanged, and may serve several simulations. NULL with an error: NUMASIM_ERROR_INPUT where
 * workload, machine and times do not fit, PLUGIN where a policy refuses, FAULT where the simulator or
 * a policy broke; then *@ret_dump (may be NULL) is kernel_dump()'s text, newly allocated, else NULL.
 */
struct result *simulate(const struct machine *m, const struct sched_domains *sds,
                        const struct workload *const *workloads, guint nr_workloads,
                        const struct policy_stack *stack, const struct simulate_options *options,
                        char **ret_dump, GError **error);

#endif
