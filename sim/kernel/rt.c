/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SCHED_FIFO and SCHED_RR: one list per priority, the host's own (kernel/sched/rt.c). */
#include "kernel/internal.h"

/* RR_TIMESLICE, 100 ms (include/linux/sched/rt.h). */
#define RR_SLICE_NS (100 * NSEC_PER_MSEC)

void rt_enqueue(struct rq *rq, struct task *t, bool head)
{
    struct list *list = &rq->rt[t->rt_priority];

    if (t->rr_left_ns <= 0) {
        t->rr_left_ns = RR_SLICE_NS;
    }
    if (head) {
        list_add_head(list, &t->waiting);
    } else {
        list_add_tail(list, &t->waiting);
    }
    rq->nr_rt++;
}

void rt_dequeue(struct rq *rq, struct task *t)
{
    if (!list_empty(&t->waiting)) {
        list_del(&t->waiting);
        rq->nr_rt--;
    }
}

struct task *rt_pick(struct rq *rq)
{
    struct task *curr = rq->curr;
    bool curr_rt = curr != NULL && curr->pub.sched_class == NUMASIM_CLASS_RT && curr->on_rq;
    int32_t floor = curr_rt ? curr->rt_priority : 0;

    if (rq->nr_rt > 0) {
        for (int32_t prio = (int32_t)G_N_ELEMENTS(rq->rt) - 1; prio > floor; prio--) {
            if (!list_empty(&rq->rt[prio])) {
                return container_of(rq->rt[prio].next, struct task, waiting);
            }
        }
        bool rotates = curr_rt && (rq->yielding ||
                                   (curr->pub.policy == NUMASIM_SCHED_RR && curr->rr_left_ns <= 0));
        if (rotates && !list_empty(&rq->rt[floor])) {
            return container_of(rq->rt[floor].next, struct task, waiting);
        }
    }
    return curr_rt ? curr : NULL;
}

bool rt_preempts(const struct task *curr, const struct task *t)
{
    return curr->pub.sched_class != NUMASIM_CLASS_RT || t->rt_priority > curr->rt_priority;
}

bool rt_tick(struct kernel *k, struct rq *rq, struct task *t)
{
    (void)k;
    if (t->pub.policy != NUMASIM_SCHED_RR || t->rr_left_ns > 0) {
        return false;
    }
    if (list_empty(&rq->rt[t->rt_priority])) {
        t->rr_left_ns = RR_SLICE_NS;
        return false;
    }
    return true;
}
