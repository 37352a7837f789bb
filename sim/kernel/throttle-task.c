/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Throttling as of 6.18 (commit e1fad12dcb66; kernel/sched/fair.c: throttle_cfs_rq_work(),
 * tg_unthrottle_up()): a queue without runtime stays where it is and stands in line, `spent`. Each of
 * its tasks that is picked gets the CPU, and is taken off on its way back to user space: one that is
 * in the kernel, to sleep or to exit, does that first. What was taken off joins again, as by a wakeup,
 * when the queue gets runtime. Before, the whole queue left with all its tasks: throttle.c.
 *
 * The time that a queue was throttled counts from the first task taken off.
 */
#include "kernel/internal.h"

struct fair_queue *queue_spent(struct fair_queue *q)
{
    for (; q != NULL; q = q->parent) {
        if (q->spent) {
            return q;
        }
    }
    return NULL;
}

bool task_held(const struct task *t)
{
    return t->pub.task_state == NUMASIM_TASK_THROTTLED && !t->on_rq;
}

static void hold(struct kernel *k, struct task *t, struct fair_queue *own)
{
    struct fair_queue *spent = queue_spent(own);

    if (!spent->told) {
        spent->told = true;
        emit(k, TP_CGROUP_THROTTLE, spent->pub.cgroup, spent->pub.cpu, -1, 1, 0, 0);
    }
    list_add_tail(&own->throttled_tasks, &t->waiting);
}

/* @t joins its CPU's queue again. That it was held counts as waiting, as does what it waited before. */
static void let_go(struct kernel *k, struct rq *rq, struct task *t)
{
    int64_t since_ns = t->runnable_since_ns;

    enqueue_task(k, rq, t, NUMASIM_ENQUEUE_WAKEUP);
    t->runnable_since_ns = since_ns;
}

bool task_throttle(struct kernel *k, struct rq *rq, struct task *t)
{
    struct fair_queue *own = task_queue(k, t, rq->pub.id);
    bool in_kernel = t->action == ACTION_BLOCK || t->action == ACTION_EXIT || t->oom_killed;

    if (in_kernel || queue_spent(own) == NULL) {
        return false;
    }
    if (rq->curr != t) { /* it is switched to and leaves again, which no tracepoint shows */
        rq_charge(k, rq, k->machine->costs.context_switch_ns);
        if (t->stats != NULL) {
            t->stats->nr_involuntary++;
        }
    }
    dequeue_task(k, rq, t, NUMASIM_DEQUEUE_SLEEP | NUMASIM_DEQUEUE_DELAYED);
    stats_sleep_start(t->stats, -1);
    t->pub.task_state = NUMASIM_TASK_THROTTLED;
    t->runnable_since_ns = k->now_ns;
    hold(k, t, own);
    return true;
}

bool task_move_held(struct kernel *k, struct task *t, int32_t to, enum migrate_reason reason)
{
    struct rq *dst = cpu_rq(k, to);
    struct fair_queue *own = task_queue(k, t, to);

    if (t->pub.cpu == to) {
        return false;
    }
    list_del(&t->waiting);
    blocked_load_leaves(k, t);
    set_task_cpu(k, t, to, reason);
    if (queue_spent(own) != NULL) {
        hold(k, t, own);
        return true;
    }
    cpu_set_idle(k, dst, false);
    let_go(k, dst, t);
    check_preempt(k, dst, t, 0, k->acting_cpu);
    return true;
}

/* The tasks that @q itself holds join again, unless a queue above it holds them now. */
static void let_all_go(struct kernel *k, struct rq *rq, struct fair_queue *q)
{
    struct fair_queue *above = queue_spent(q);

    if (above != NULL && !list_empty(&q->throttled_tasks) && !above->told) {
        above->told = true;
        emit(k, TP_CGROUP_THROTTLE, above->pub.cgroup, above->pub.cpu, -1, 1, 0, 0);
    }
    while (above == NULL && !list_empty(&q->throttled_tasks)) {
        struct task *t = container_of(q->throttled_tasks.next, struct task, waiting);

        list_del(&t->waiting);
        let_go(k, rq, t);
    }
}

void queue_let_go(struct kernel *k, struct fair_queue *q)
{
    struct rq *rq = cpu_rq(k, q->pub.cpu);

    q->spent = false;
    if (q->told) {
        q->told = false;
        emit(k, TP_CGROUP_THROTTLE, q->pub.cgroup, rq->pub.id, -1, 0, 0, 0);
    }
    for (int32_t i = 1; i < k->nr_cgroups; i++) {
        struct fair_queue *below = k->cgroups[i]->queues[rq->pub.id];

        if (below != NULL && queue_below(below, q)) {
            let_all_go(k, rq, below);
        }
    }
    if (rq->pub.nr_running > 0 && rq->curr == NULL) {
        cpu_set_idle(k, rq, false);
        resched_from(k, rq, rq->pub.id);
    }
}
