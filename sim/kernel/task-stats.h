/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a task's /proc/PID/sched counts: struct sched_statistics (kernel/sched/stats.c, 6.12) and what
 * stands beside it in struct task_struct. Nothing here decides anything, and a task has none (NULL)
 * unless the kernel_config asks for them.
 *
 * A task waits from when it joins a queue, or is put back into one, until it runs; throttling and the
 * time that a queue keeps it to pay off its lag (delayed dequeue) count as waiting, as there.
 */
#ifndef NUMASIM_KERNEL_TASK_STATS_H
#define NUMASIM_KERNEL_TASK_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/numasim-policy.h"

struct task_stats {
    int64_t
        wait_start_ns; /* 0: does not wait; on its way to another queue: what it waited so far */
    int64_t wait_max_ns, wait_sum_ns;
    int64_t sleep_start_ns; /* -1: does not sleep */
    int64_t sleep_max_ns, sum_sleep_ns;
    int64_t exec_max_ns;   /* longest stretch between two accounts */
    int64_t slice_max_ns;  /* longest turn that ended beside others of at least its weight */
    int64_t turn_begin_ns; /* its CPU time when its turn began (prev_sum_exec_runtime) */
    uint64_t wait_count;
    uint64_t nr_migrations, nr_voluntary, nr_involuntary;
    uint64_t nr_wakeups, nr_wakeups_sync, nr_wakeups_migrate, nr_wakeups_local, nr_wakeups_remote;
    uint64_t by_policy[NUMASIM_NR_TASK_COUNTERS];
};

/* __update_stats_wait_start() */
static inline void stats_wait_start(struct task_stats *s, int64_t now_ns)
{
    if (s != NULL) {
        s->wait_start_ns = now_ns > s->wait_start_ns ? now_ns - s->wait_start_ns : now_ns;
    }
}

/* __update_stats_wait_end(). @migrating: it goes on waiting, in another queue. */
static inline void stats_wait_end(struct task_stats *s, int64_t now_ns, bool migrating)
{
    if (s == NULL) {
        return;
    }
    int64_t delta_ns = now_ns - s->wait_start_ns;

    if (migrating) {
        s->wait_start_ns = delta_ns;
        return;
    }
    s->wait_max_ns = delta_ns > s->wait_max_ns ? delta_ns : s->wait_max_ns;
    s->wait_sum_ns += delta_ns;
    s->wait_count++;
    s->wait_start_ns = 0;
}

/* It goes to sleep; -1: it does not sleep any more, and that was no sleep. */
static inline void stats_sleep_start(struct task_stats *s, int64_t at_ns)
{
    if (s != NULL) {
        s->sleep_start_ns = at_ns;
    }
}

/* __update_stats_enqueue_sleeper(). All sleep is interruptible: programs wait for locks, pipes and
 * timers, and there is no I/O. */
static inline void stats_sleep_end(struct task_stats *s, int64_t now_ns)
{
    if (s != NULL && s->sleep_start_ns >= 0) {
        int64_t delta_ns = now_ns - s->sleep_start_ns;

        s->sleep_max_ns = delta_ns > s->sleep_max_ns ? delta_ns : s->sleep_max_ns;
        s->sum_sleep_ns += delta_ns;
        s->sleep_start_ns = -1;
    }
}

#endif
