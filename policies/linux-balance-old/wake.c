/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel/sched/fair.c, 4.3: select_task_rq_fair(), wake_affine(), wake_wide(), record_wakee(),
 * select_idle_sibling(); the two later forms that 5.3 has, wake_affine_idle() and select_idle_cpu();
 * and the search of the patch against "Overload-on-Wakeup".
 */
#include "balance.h"
#include "old.h"

/* Whoever runs on the waking CPU counts as the waker, as `current` does in an interrupt. */
static struct old_wakee *wakee_of(struct numasim_self *self, const struct numasim_cpu *cpu)
{
    return cpu->curr != NULL ? &old_task(self, cpu->curr)->wakee
                             : &old_cpu(self, cpu->id)->idle_task;
}

/* Counts how often the waker turns to another task; half of it is forgotten in a second. */
static void record_wakee(struct numasim_self *self, struct old_wakee *waker, int32_t task)
{
    int64_t now_j = numasim_jiffies(self->host);

    if (now_j > waker->decayed_j + old_state(self)->hz) {
        waker->flips >>= 1;
        waker->decayed_j = now_j;
    }
    if (waker->last_plus_1 != task + 1) {
        waker->last_plus_1 = task + 1;
        waker->flips++;
    }
}

static bool affine_by_load(const struct numasim_self *self, const struct numasim_domain *sd,
                           struct numasim_task *task, int32_t waker, int32_t prev, bool sync,
                           struct numasim_decision *d)
{
    const struct numasim_cpu *this_cpu = numasim_cpu(self->host, waker);
    uint64_t here = old_cpu_load(self, waker), there = old_cpu_load(self, prev); /* wake_idx 0 */
    uint64_t own = old_task_load(self, task);

    if (sync && this_cpu->curr != NULL) {
        uint64_t current = old_task_load(self, this_cpu->curr);

        here = here > current ? here - current : 0;
    }
    numasim_compared(d, "waker_cpu_load", (int64_t)here);
    numasim_compared(d, "prev_cpu_load", (int64_t)there);
    numasim_compared(d, "task_load", (int64_t)own);
    return old_wake_affine(here, there, own, old_cpu(self, this_cpu->id)->capacity,
                           old_cpu(self, prev)->capacity, sd->imbalance_pct);
}

/* wake_affine_idle(): the waking CPU or the previous one, or -1 (since 4.14). */
static int32_t affine_by_idle(const struct numasim_self *self, int32_t waker, int32_t prev,
                              bool sync)
{
    const struct numasim_cpu *this_cpu = numasim_cpu(self->host, waker);
    const struct numasim_cpu *prev_cpu = numasim_cpu(self->host, prev);

    if (this_cpu->idle && old_share_cache(self, waker, prev)) {
        return prev_cpu->idle ? prev : waker;
    }
    if (sync && this_cpu->nr_running == 1) {
        return waker;
    }
    return prev_cpu->idle ? prev : -1;
}

/* wake_affine(): the waking CPU or the previous one. What idleness decided counts as affine whichever
 * it is (until 5.14). */
static int32_t wake_affine(const struct numasim_self *self, const struct numasim_domain *sd,
                           struct numasim_task *task, int32_t waker, int32_t prev, bool sync,
                           struct numasim_decision *d)
{
    int32_t target = -1;

    if (self->param[OLD_PARAM_WAKE_AFFINE] == OLD_AFFINE_IDLE) {
        target = affine_by_idle(self, waker, prev, sync);
    }
    if (target < 0 && affine_by_load(self, sd, task, waker, prev, sync, d)) {
        target = waker;
    }
    numasim_count_task(task, NUMASIM_TASK_WAKEUPS_AFFINE_ATTEMPTS);
    if (target < 0) {
        return prev;
    }
    sd->counters->ttwu_move_affine++;
    numasim_count_task(task, NUMASIM_TASK_WAKEUPS_AFFINE);
    return target;
}

/* First allowed CPU of a group below @sd whose CPUs all idle, or -1; @target's own groups never. */
static int32_t idle_group(const struct numasim_self *self, const struct numasim_domain *sd,
                          const struct numasim_task *task, int32_t target)
{
    const uint64_t *idle = numasim_idle_mask(self->host);
    int32_t nr_cpus = numasim_nr_cpus(self->host);

    for (uint32_t i = 0; i < sd->nr_groups; i++) {
        const uint64_t *span = sd->groups[i].span;
        int32_t first = numasim_mask_next(span, task->allowed, nr_cpus, 0), cpu;

        if (first == nr_cpus || numasim_mask_test(span, target)) {
            continue;
        }
        for (cpu = numasim_mask_next(span, NULL, nr_cpus, 0);
             cpu < nr_cpus && numasim_mask_test(idle, cpu);
             cpu = numasim_mask_next(span, NULL, nr_cpus, cpu + 1)) {
        }
        if (cpu == nr_cpus) {
            return first;
        }
    }
    return -1;
}

/* First allowed CPU of @mask in @span, from @start up and round, or -1. */
static int32_t scan(const struct numasim_self *self, const uint64_t *span, const uint64_t *mask,
                    const struct numasim_task *task, int32_t start)
{
    int32_t nr_cpus = numasim_nr_cpus(self->host);

    for (int32_t half = 0; half < 2; half++) {
        for (int32_t cpu = numasim_mask_next(span, mask, nr_cpus, half == 0 ? start : 0);
             cpu < nr_cpus; cpu = numasim_mask_next(span, mask, nr_cpus, cpu + 1)) {
            if (numasim_mask_test(task->allowed, cpu)) {
                return cpu;
            }
        }
    }
    return -1;
}

static int32_t select_idle_sibling(const struct numasim_self *self, struct numasim_task *task,
                                   int32_t prev, int32_t target, struct numasim_decision *d)
{
    const struct numasim_host *host = self->host;
    const struct numasim_domain *llc = numasim_cpu(host, target)->llc_domain;
    int32_t cpu = -1;

    if (numasim_cpu(host, target)->idle) {
        numasim_decide(d, target, OLD_REASON_TARGET_IDLE);
        return target;
    }
    if (prev != target && old_share_cache(self, prev, target) && numasim_cpu(host, prev)->idle) {
        numasim_decide(d, prev, OLD_REASON_PREV_IDLE);
        return prev;
    }
    if (llc != NULL && self->param[OLD_PARAM_IDLE_SIBLING] == OLD_SIBLING_SCAN) {
        cpu = scan(self, llc->span, numasim_idle_core_mask(host), task, target);
        numasim_decide(d, cpu, OLD_REASON_IDLE_CORE);
        if (cpu < 0) {
            cpu = scan(self, llc->span, numasim_idle_mask(host), task, target);
            numasim_decide(d, cpu, OLD_REASON_IDLE_CPU);
        }
    } else {
        for (const struct numasim_domain *sd = llc; sd != NULL && cpu < 0; sd = sd->child) {
            cpu = idle_group(self, sd, task, target);
        }
        numasim_decide(d, cpu, OLD_REASON_IDLE_GROUP);
    }
    if (cpu < 0) {
        numasim_decide(d, target, OLD_REASON_NO_IDLE);
        return target;
    }
    return cpu;
}

/* The patch of the paper: the previous CPU if it idles, else of all CPUs the one that has idled
 * longest, -1 if none does. */
static int32_t longest_idle(const struct numasim_self *self, const struct numasim_task *task,
                            int32_t prev)
{
    const uint64_t *idle = numasim_idle_mask(self->host);
    int32_t nr_cpus = numasim_nr_cpus(self->host), longest = -1;
    int64_t since_ns = INT64_MAX;

    if (numasim_cpu(self->host, prev)->idle && numasim_may_run(self->host, task, prev)) {
        return prev;
    }
    for (int32_t cpu = numasim_mask_next(idle, task->allowed, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(idle, task->allowed, nr_cpus, cpu + 1)) {
        const struct numasim_cpu *c = numasim_cpu(self->host, cpu);

        if (c->online && c->idle_since_ns < since_ns) {
            since_ns = c->idle_since_ns;
            longest = cpu;
        }
    }
    return longest;
}

/* select_fallback_rq(): lowest allowed CPU of the task's node, else lowest allowed one. */
static int32_t fallback(const struct numasim_self *self, const struct numasim_task *task,
                        int32_t cpu)
{
    const struct numasim_host *host = self->host;
    int32_t nr_cpus = numasim_nr_cpus(host);
    const uint64_t *near = numasim_node(host, numasim_cpu(host, cpu)->node)->cpus;
    const uint64_t *online = numasim_online_mask(host);

    for (int32_t i = numasim_mask_next(task->allowed, near, nr_cpus, 0); i < nr_cpus;
         i = numasim_mask_next(task->allowed, near, nr_cpus, i + 1)) {
        if (numasim_mask_test(online, i)) {
            return i;
        }
    }
    return numasim_mask_next(task->allowed, online, nr_cpus, 0);
}

/* The walk up the waker's domains: *@ret_slow is the domain for the slow path, else the result is
 * where to look for an idle CPU. */
static int32_t walk_domains(struct numasim_self *self, struct numasim_task *task, int32_t prev_cpu,
                            int32_t waker_cpu, uint32_t flags, uint32_t wanted,
                            struct numasim_domain **ret_slow, struct numasim_decision *d)
{
    const struct numasim_cpu *this_cpu = numasim_cpu(self->host, waker_cpu);
    bool want_affine = false;

    *ret_slow = NULL;
    if (wanted == NUMASIM_SD_BALANCE_WAKE) {
        struct old_wakee *waker = wakee_of(self, this_cpu);

        record_wakee(self, waker, task->id);
        want_affine = numasim_mask_test(task->allowed, waker_cpu) &&
                      !balance_wake_wide(waker->flips, old_task(self, task)->wakee.flips,
                                         old_cpu(self, waker_cpu)->llc_weight);
    }
    for (struct numasim_domain *sd = this_cpu->domain; sd != NULL; sd = sd->parent) {
        if (want_affine && (sd->flags & NUMASIM_SD_WAKE_AFFINE) &&
            numasim_mask_test(sd->span, prev_cpu)) {
            *ret_slow = NULL;
            return waker_cpu == prev_cpu ? prev_cpu
                                         : wake_affine(self, sd, task, waker_cpu, prev_cpu,
                                                       (flags & NUMASIM_WAKE_SYNC) != 0, d);
        }
        if (sd->flags & wanted) {
            *ret_slow = sd;
        } else if (!want_affine) {
            break;
        }
    }
    return prev_cpu;
}

int32_t old_select_cpu(struct numasim_self *self, struct numasim_task *task, int32_t prev_cpu,
                       int32_t waker_cpu, uint32_t flags, struct numasim_decision *d)
{
    bool wakeup = (flags & (NUMASIM_WAKE_FORK | NUMASIM_WAKE_EXEC)) == 0;
    uint32_t wanted = (flags & NUMASIM_WAKE_FORK) ? NUMASIM_SD_BALANCE_FORK
                      : wakeup                    ? NUMASIM_SD_BALANCE_WAKE
                                                  : NUMASIM_SD_BALANCE_EXEC;
    struct numasim_domain *slow = NULL;
    int32_t cpu = -1;

    if (wakeup && self->param[OLD_PARAM_WAKE_SEARCH] == OLD_SEARCH_LONGEST_IDLE) {
        cpu = longest_idle(self, task, prev_cpu);
        numasim_decide(d, cpu, OLD_REASON_LONGEST_IDLE);
    }
    if (cpu < 0) {
        cpu = walk_domains(self, task, prev_cpu, waker_cpu, flags, wanted, &slow, d);
        if (slow != NULL) {
            cpu = old_find_idlest_cpu(self, slow, task, waker_cpu, wanted, d);
        } else if (wakeup) {
            cpu = select_idle_sibling(self, task, prev_cpu, cpu, d);
        } else {
            numasim_decide(d, cpu, OLD_REASON_NO_DOMAIN);
        }
    }
    if (!numasim_may_run(self->host, task, cpu)) {
        cpu = fallback(self, task, cpu);
        numasim_decide(d, cpu, OLD_REASON_NOT_ALLOWED);
    }
    return cpu;
}
