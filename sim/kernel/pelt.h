/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Per-entity load tracking, in the kernel's integers (kernel/sched/pelt.c, 6.12): a period is
 * 1024 "us" of 1024 ns, y^32 = 1/2. Every update truncates, so an average depends on when it was
 * updated; whoever skips updates must catch up one by one.
 *
 * The time that an average is given is its queue's clock_pelt, which passes slower than real time while
 * a slow CPU runs something: a task's averages mean the same wherever it ran.
 */
#ifndef NUMASIM_KERNEL_PELT_H
#define NUMASIM_KERNEL_PELT_H

#include <stdbool.h>
#include <stdint.h>

struct pelt {
    int64_t last_update_ns;
    uint64_t load_sum, runnable_sum;
    uint64_t util_sum;
    uint32_t period_contrib;
    uint64_t load_avg, runnable_avg, util_avg;
};

/*
 * Brings @p up to @now_ns under the state that held since the last update: @load (a task: 1 while
 * queued; a queue: its weight), @runnable (number of runnable tasks), @running; averages are
 * scaled by @weight (a task's weight; 1 for a queue). True if a period ended, so that the averages are
 * new.
 */
bool pelt_update(struct pelt *p, int64_t now_ns, uint64_t load, uint64_t runnable, bool running,
                 uint64_t weight);

/*
 * The estimate of a task's utilisation that was @util_est, after it goes to sleep on a CPU of @capacity
 * with the averages @se (kernel/sched/fair.c: util_est_update(), 6.12). @waited: it does not fall if the
 * task did not get the CPU for as long as it wanted.
 */
uint64_t pelt_util_est(uint64_t util_est, const struct pelt *se, uint64_t capacity, bool waited);

/* @val decayed over @n periods: val * y^n. */
uint64_t pelt_decay(uint64_t val, uint64_t n);

/* Adds the task average @se (weight @weight) to the queue's @cfs, which is up to date, and removes
 * it again (kernel/sched/fair.c: attach_entity_load_avg(), detach_entity_load_avg()). */
void pelt_attach(struct pelt *cfs, struct pelt *se, uint64_t weight);
void pelt_detach(struct pelt *cfs, const struct pelt *se, uint64_t weight);

/* What tasks that woke elsewhere leave in a queue's average until its next update (cfs_rq->removed). */
struct pelt_removed {
    uint64_t load_avg, runnable_avg, util_avg;
};

/* Adds the task average @se, which is as old as its queue's, to @removed
 * (kernel/sched/fair.c: remove_entity_load_avg(), 6.12). */
void pelt_remove(struct pelt_removed *removed, const struct pelt *se);

/* Takes @removed, which it empties, off @cfs (kernel/sched/fair.c: update_cfs_rq_load_avg(), 6.12).
 * Returns what that is as a load_sum, for pelt_propagate() to pass on as gone. */
int64_t pelt_take_removed(struct pelt *cfs, struct pelt_removed *removed);

/* The task average @se, part of @cfs, changes weight (reweight_entity()). */
void pelt_reweight(struct pelt *cfs, struct pelt *se, uint64_t old_weight, uint64_t weight);

/*
 * What came to or left the queue @group, whose entity @se is part of @cfs: @se takes over its util and
 * runnable averages; of its load, @load_sum (in units of a task's load_sum) is new or gone. @weight is
 * the entity's, @group_weight that of what @group holds (update_tg_cfs_util(), _runnable(), _load()).
 */
void pelt_propagate(struct pelt *cfs, struct pelt *se, const struct pelt *group, int64_t load_sum,
                    uint64_t weight, uint64_t group_weight);

/*
 * A new task's average (post_init_entity_util_avg()): full load, half of what the queue's utilisation
 * leaves of @capacity, its CPU's; @by_load: no more util than the queue has for as much load. Before the
 * change that LKML calls "Fix initial util_avg calculation" (2024) the kernel took a weight there that
 * is 1024 times too large, so that this never mattered.
 */
void pelt_init_task(struct pelt *se, const struct pelt *cfs, uint64_t weight, uint64_t capacity,
                    bool by_load, int64_t now_ns);

/*
 * rq->clock_pelt (kernel/sched/pelt.h: update_rq_clock_pelt(), update_idle_rq_clock_pelt(), 6.12). While
 * something runs it advances by the CPU's capacity and present frequency, 1024 being the most there
 * is; when the CPU goes idle it jumps to real time, so that what was run slowly counts as the idle
 * time it would have left. A CPU that had no idle time to lose loses it for good.
 *   The kernel truncates each time that it looks; here, time is scaled from the last change of state
 * or frequency, whoever looks in between, or the skipping of ticks would show.
 */
struct pelt_clock {
    int64_t at_ns;   /* real time of the last change */
    int64_t pelt_ns; /* clock_pelt then */
    int64_t lost_ns; /* lost_idle_time */
    uint32_t freq;   /* arch_scale_freq_capacity(), 1..1024 */
    bool scaled;     /* it may differ from real time at all */
    bool busy;
};

/* The clock that averages of a CPU of @capacity go by, at @now_ns (rq_clock_pelt()). */
int64_t pelt_clock_ns(const struct pelt_clock *clock, uint32_t capacity, int64_t now_ns);
/* Something begins to run at @now_ns; or, with the frequency @freq from now on, goes on. */
void pelt_clock_run(struct pelt_clock *clock, uint32_t capacity, uint32_t freq, int64_t now_ns);
/* The CPU goes idle; @util_sum: of all its averages (fair and real-time). */
void pelt_clock_idle(struct pelt_clock *clock, uint32_t capacity, uint64_t util_sum,
                     int64_t now_ns);

#endif
