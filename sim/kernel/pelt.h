/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Per-entity load tracking, in the kernel's integers (kernel/sched/pelt.c, 6.12): a period is
 * 1024 "us" of 1024 ns, y^32 = 1/2. Every update truncates, so an average depends on when it was
 * updated; whoever skips updates must catch up one by one.
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

/* The task average @se, part of @cfs, changes weight (reweight_entity()). */
void pelt_reweight(struct pelt *cfs, struct pelt *se, uint64_t old_weight, uint64_t weight);

/* A new task's average (post_init_entity_util_avg()): full load, half of the queue's spare util. */
void pelt_init_task(struct pelt *se, const struct pelt *cfs, uint64_t weight, int64_t now_ns);

#endif
