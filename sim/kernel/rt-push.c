/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CPU a real-time task runs on (kernel/sched/rt.c and cpupri.c, 6.1 to 6.12): one whose highest
 * real-time priority is the lowest and below the task's own. A task that would wait is pushed there
 * when it wakes or is preempted; a CPU that falls to a lower priority has the CPUs on which some wait
 * push, one after the other, by IPIs (RT_PUSH_IPI). That a task needs the largest CPU it can get where
 * capacities differ (rt_task_fits_capacity(), a matter of uclamp) is not modelled.
 */
#include "kernel/internal.h"

/* The waiting task of the highest priority that may run elsewhere, or NULL. */
static struct task *pushable(const struct rq *rq)
{
    for (int32_t word = 1; word >= 0; word--) {
        for (uint64_t bits = rq->rt_bits[word]; bits != 0;) {
            int32_t bit = 63 - __builtin_clzll(bits);
            const struct list *list = &rq->rt[word * 64 + bit];

            for (struct list *l = list->next; l != list; l = l->next) {
                struct task *t = container_of(l, struct task, waiting);

                if (t->pub.nr_allowed > 1) {
                    return t;
                }
            }
            bits &= ~(UINT64_C(1) << bit);
        }
    }
    return NULL;
}

void rt_prio_changed(struct kernel *k, struct rq *rq)
{
    int32_t prio = rt_highest(rq);
    uint32_t cpu = (uint32_t)rq->pub.id;

    if (prio != rq->rt_prio) {
        if (rq->rt_prio > 0) {
            k->rt_level[rq->rt_prio].nr_cpus--;
            bitmap_clear(k->rt_level[rq->rt_prio].cpus, cpu);
        }
        if (prio > 0) {
            struct rt_level *level = &k->rt_level[prio];

            if (level->cpus == NULL) {
                level->cpus = bitmap_new((uint32_t)k->nr_cpus);
            }
            level->nr_cpus++;
            bitmap_set(level->cpus, cpu);
            bitmap_set(k->rt_busy, cpu);
        } else {
            bitmap_clear(k->rt_busy, cpu);
        }
        rq->rt_prio = prio;
    }
    /* Who may not leave overloads nothing (rt_set_overload(), 6.6). */
    if (rq->nr_rt > 0 && pushable(rq) != NULL) {
        bitmap_set(k->rt_overloaded, cpu);
    } else {
        bitmap_clear(k->rt_overloaded, cpu);
    }
}

/* The CPUs of the lowest level below @t's priority that @t may use, to k->scratch; false if none. */
static bool find_lowest(struct kernel *k, const struct task *t)
{
    uint32_t nr = (uint32_t)k->nr_cpus;

    bitmap_and(k->scratch, t->allowed, k->online, nr);
    if (t->rt_priority > 0) {
        bitmap_andnot(k->scratch, k->scratch, k->rt_busy, nr);
    }
    if (!bitmap_empty(k->scratch, nr)) {
        return true;
    }
    for (int32_t prio = 1; prio < t->rt_priority; prio++) {
        if (k->rt_level[prio].nr_cpus == 0) {
            continue;
        }
        bitmap_and(k->scratch, t->allowed, k->rt_level[prio].cpus, nr);
        bitmap_and(k->scratch, k->scratch, k->online, nr);
        if (!bitmap_empty(k->scratch, nr)) {
            return true;
        }
    }
    return false;
}

/* The next CPU of @mask, and of @span unless NULL, after the one that was chosen last, so that choices
 * spread (cpumask_any_and_distribute()); -1 if there is none. */
static int32_t any_distribute(struct kernel *k, const uint64_t *mask, const uint64_t *span)
{
    int32_t cpu = numasim_mask_next(mask, span, k->nr_cpus, k->rt_chosen + 1);

    cpu = cpu < k->nr_cpus ? cpu : numasim_mask_next(mask, span, k->nr_cpus, 0);
    if (cpu >= k->nr_cpus) {
        return -1;
    }
    k->rt_chosen = cpu;
    return cpu;
}

/* find_lowest_rq(): where it is, near there the CPU that acts, near there any; -1: nowhere. */
static int32_t lowest_cpu(struct kernel *k, const struct task *t, int32_t this_cpu)
{
    int32_t cpu = t->pub.cpu;

    if (t->pub.nr_allowed == 1 || !find_lowest(k, t)) {
        return -1;
    }
    if (bitmap_test(k->scratch, (uint32_t)cpu)) {
        return cpu;
    }
    bool this_lowest = this_cpu >= 0 && bitmap_test(k->scratch, (uint32_t)this_cpu);

    for (const struct numasim_domain *sd = cpu_rq(k, cpu)->pub.domain; sd != NULL;
         sd = sd->parent) {
        if ((sd->flags & NUMASIM_SD_WAKE_AFFINE) == 0) {
            continue;
        }
        if (this_lowest && numasim_mask_test(sd->span, this_cpu)) {
            return this_cpu;
        }
        int32_t best = any_distribute(k, k->scratch, sd->span);

        if (best >= 0) {
            return best;
        }
    }
    return this_lowest ? this_cpu : any_distribute(k, k->scratch, NULL);
}

static bool is_rt(const struct task *t)
{
    return t != NULL && t->pub.sched_class == NUMASIM_CLASS_RT;
}

/* True if @curr neither makes way for @t nor can be moved for it. */
static bool stays_before(const struct task *curr, const struct task *t)
{
    return is_rt(curr) && (curr->pub.nr_allowed < 2 || curr->rt_priority >= t->rt_priority);
}

int32_t rt_select_cpu(struct kernel *k, struct task *t, int32_t waker_cpu)
{
    const struct task *curr = task_rq(k, t)->curr;

    if (!stays_before(curr, t)) {
        return t->pub.cpu;
    }
    int32_t cpu = lowest_cpu(k, t, waker_cpu);

    return cpu >= 0 && t->rt_priority > cpu_rq(k, cpu)->rt_prio ? cpu : t->pub.cpu;
}

void rt_push(struct kernel *k, struct rq *rq)
{
    struct task *t;

    while (!k->failed && (t = pushable(rq)) != NULL) {
        if (!is_rt(rq->curr) || t->rt_priority > rq->curr->rt_priority) {
            if (!rq->need_resched && !rq->rt_throttled) {
                resched_from(k, rq, rq->pub.id);
            }
            return; /* it is about to run here */
        }
        int32_t to = lowest_cpu(k, t, rq->pub.id);

        if (to < 0 || to == rq->pub.id || cpu_rq(k, to)->rt_prio >= t->rt_priority ||
            !move_waiting(k, t, to, MIGRATE_BALANCE)) {
            return;
        }
    }
}

void rt_woken(struct kernel *k, struct rq *rq, struct task *t)
{
    if (t->pub.sched_class == NUMASIM_CLASS_RT && rq->curr != t && !rq->need_resched &&
        t->pub.nr_allowed > 1 && stays_before(rq->curr, t)) {
        rt_push(k, rq);
    }
}

bool rt_makes_way_for_equal(struct kernel *k, struct rq *rq, struct task *t)
{
    const struct task *curr = rq->curr;

    /* @t, which would wait, can go elsewhere, or @curr cannot: leave it (check_preempt_equal_prio()). */
    if (!is_rt(curr) || curr->rt_priority != t->rt_priority || curr->pub.nr_allowed == 1 ||
        !find_lowest(k, curr)) {
        return false;
    }
    if (t->pub.nr_allowed > 1 && find_lowest(k, t)) {
        return false;
    }
    list_del(&t->waiting);
    list_add_head(&rq->rt[t->rt_priority], &t->waiting);
    rq->rt_rotates = true;
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* Pulling                                                                                      */

/* The next CPU that is to push, in order of number; -1 when all that asked meanwhile are served
 * (rto_next_cpu()). */
static int32_t next_overloaded(struct kernel *k)
{
    for (;;) {
        int32_t cpu = numasim_mask_next(k->rt_overloaded, NULL, k->nr_cpus, k->rto_cpu + 1);

        if (cpu < k->nr_cpus) {
            k->rto_cpu = cpu;
            return cpu;
        }
        k->rto_cpu = -1;
        if (k->rto_loop == k->rto_loop_next) {
            return -1;
        }
        k->rto_loop = k->rto_loop_next;
    }
}

static void ask_next(struct kernel *k, int32_t from)
{
    int32_t cpu = next_overloaded(k);

    if (cpu >= 0) {
        event_set(k, &cpu_rq(k, cpu)->rt_push,
                  evq_now_ns(k->events) +
                      k->machine->costs.wakeup_ipi_ns[machine_reach(k->machine, from, cpu)]);
    }
}

void rt_pull(struct kernel *k, struct rq *rq)
{
    if (!is_rt(rq->curr) || rt_highest(rq) >= rq->curr->rt_priority) {
        return;
    }
    uint32_t others = bitmap_weight(k->rt_overloaded, (uint32_t)k->nr_cpus) -
                      bitmap_test(k->rt_overloaded, (uint32_t)rq->pub.id);

    if (others == 0) {
        return;
    }
    k->rto_loop_next++;
    if (k->rto_cpu < 0) {
        ask_next(k, rq->pub.id);
    }
}

void rt_push_event(struct kernel *k, struct rq *rq)
{
    k->acting_cpu = rq->pub.id;
    tick_catch_up(k, rq);
    rt_push(k, rq);
    ask_next(k, rq->pub.id);
}

void rt_cpu_down(struct kernel *k, struct rq *rq)
{
    bool asked = evq_entry_queued(&rq->rt_push);

    event_cancel(k, &rq->rt_period);
    event_cancel(k, &rq->rt_push);
    event_cancel(k, &rq->fair_server);
    rq->rt_throttled = rq->server_active = false;
    rq->rt_time_ns = 0;
    rt_prio_changed(k, rq);
    if (asked) {
        ask_next(k, rq->pub.id);
    }
}
