/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What throttling does to a queue and its tasks (kernel/sched/fair.c: throttle_cfs_rq(),
 * unthrottle_cfs_rq(), 6.12): the queue's entity leaves the queue above, and its tasks, which stay
 * queued in it, count nowhere until they are back. When and for how long is quota.c's business.
 *
 * Since 6.18 the kernel takes each task off when it is picked and returns to user space instead:
 * throttle-task.c. With flat_queue and without that all of them leave the order at once.
 */
#include "kernel/internal.h"

/* Moves @t between those that wait on @rq and those that @q, throttled, keeps. */
static void task_count(struct rq *rq, struct fair_queue *q, struct task *t, bool in)
{
    list_del(&t->waiting);
    list_add_tail(in ? &rq->waiting : &q->throttled_tasks, &t->waiting);
    t->pub.task_state = in ? NUMASIM_TASK_RUNNABLE : NUMASIM_TASK_THROTTLED;
}

/* Counts the SCHED_IDLE tasks of @rq that no throttled queue keeps, delayed ones too. */
static void count_sched_idle(struct kernel *k, struct rq *rq)
{
    const struct task *curr = rq->curr;
    uint32_t nr = curr != NULL && curr->sched_idle && curr->on_rq &&
                  queue_throttled(task_queue(k, curr, rq->pub.id)) == NULL;
    const struct list *counted = curr != NULL ? &curr->waiting : &rq->waiting;

    for (struct list *l = rq->waiting.next; l != &rq->waiting; l = l->next) {
        const struct task *t = container_of(l, struct task, waiting);

        nr +=
            l != counted && t->sched_idle && queue_throttled(task_queue(k, t, rq->pub.id)) == NULL;
    }
    rq->pub.nr_sched_idle = nr;
    rq_counted(k, rq);
}

/* Counts @q's tasks in or out of its CPU and of the queues above it. */
static void count_tasks(struct kernel *k, struct rq *rq, struct fair_queue *q, bool in)
{
    struct list *from = in ? &q->throttled_tasks : &rq->waiting;
    struct task *curr = rq->curr;
    uint32_t nr_counted = 0;

    for (struct list *l = from->next, *next; l != from; l = next) {
        struct task *t = container_of(l, struct task, waiting);

        next = l->next;
        if (!t->pub.se.delayed && queue_below(task_queue(k, t, rq->pub.id), q)) {
            task_count(rq, q, t, in);
            nr_counted++;
        }
    }
    if (!in && curr != NULL && curr->pub.task_state == NUMASIM_TASK_RUNNING &&
        curr->pub.sched_class == NUMASIM_CLASS_FAIR &&
        queue_below(task_queue(k, curr, rq->pub.id), q)) {
        task_update_load(k, curr);
        task_count(rq, q, curr, false);
        nr_counted++;
    }
    uint32_t nr_tasks = q->nr_tasks, nr_delayed = nr_tasks - nr_counted;

    bool crowded = rq->pub.nr_running > 1;

    rq->pub.nr_running += in ? nr_tasks : -nr_tasks;
    k->nr_overloads += !crowded && rq->pub.nr_running > 1;
    rq->pub.nr_fair += in ? nr_tasks : -nr_tasks;
    rq->pub.nr_delayed += in ? nr_delayed : -nr_delayed;
    rq_counted(k, rq);
    for (struct fair_queue *up = q->parent; up != NULL; up = up->parent) {
        up->nr_tasks += in ? nr_tasks : -nr_tasks;
        up->nr_delayed += in ? nr_delayed : -nr_delayed;
    }
}

/* @q and @above it, throttled, have no runtime both: what @above keeps of @q's is kept by @q. */
static void take_over_tasks(struct kernel *k, struct fair_queue *q, struct fair_queue *above)
{
    for (struct list *l = above->throttled_tasks.next, *next; l != &above->throttled_tasks;
         l = next) {
        struct task *t = container_of(l, struct task, waiting);

        next = l->next;
        if (queue_below(task_queue(k, t, q->pub.cpu), q)) {
            list_del(l);
            list_add_tail(&q->throttled_tasks, l);
        }
    }
    for (struct fair_queue *up = q; up != above; up = up->parent) {
        up->parent->nr_tasks -= q->nr_tasks;
        up->parent->nr_delayed -= q->nr_delayed;
    }
}

/* @q has runtime again, and @above it has none: what @q kept is now kept by @above. */
static void hand_over_tasks(struct fair_queue *q, struct fair_queue *above)
{
    while (!list_empty(&q->throttled_tasks)) {
        struct list *l = q->throttled_tasks.next;

        list_del(l);
        list_add_tail(&above->throttled_tasks, l);
    }
    for (struct fair_queue *up = q; up != above; up = up->parent) {
        up->parent->nr_tasks += q->nr_tasks;
        up->parent->nr_delayed += q->nr_delayed;
    }
}

/* The clocks of @q and of those below stand still, or go on (tg_throttle_down(),
 * tg_unthrottle_up()). */
static void stop_clocks(struct kernel *k, const struct fair_queue *q, bool stop)
{
    int64_t now_ns = rq_clock_pelt_ns(k, cpu_rq(k, q->pub.cpu));

    for (int32_t id = 1; id < k->nr_cgroups; id++) {
        struct fair_queue *below = k->cgroups[id]->queues[q->pub.cpu];

        if (below == NULL || !queue_below(below, q)) {
            continue;
        }
        if (stop && below->throttle_count++ == 0) {
            below->stopped_ns = now_ns;
        } else if (!stop && --below->throttle_count == 0) {
            below->stood_still_ns += now_ns - below->stopped_ns;
        }
    }
}

/* With flat_queue a sleeper goes when it is picked, like every task that is throttled. */
static void finish_sleepers(struct kernel *k, struct rq *rq, const struct fair_queue *q)
{
    for (struct list *l = rq->waiting.next, *next; l != &rq->waiting; l = next) {
        struct task *t = container_of(l, struct task, waiting);

        next = l->next;
        if (t->pub.se.delayed && queue_below(t->queue, q)) {
            fair_finish_delayed(k, rq, t);
        }
    }
}

/* Up to now it all ran as it did. */
static void update_below(struct kernel *k, struct rq *rq, struct fair_queue *q)
{
    bool runs = rq->curr != NULL && rq->curr->pub.sched_class == NUMASIM_CLASS_FAIR &&
                queue_below(rq->curr->queue, q);

    queue_update_path(k, rq, runs ? rq->curr->queue : q);
}

void queue_throttle(struct kernel *k, struct fair_queue *q)
{
    struct rq *rq = cpu_rq(k, q->pub.cpu);
    struct fair_queue *above = queue_throttled(q->parent);

    emit(k, TP_CGROUP_THROTTLE, q->pub.cgroup, rq->pub.id, -1, 1, 0, 0);
    update_below(k, rq, q);
    if (fair_is_flat(k)) {
        finish_sleepers(k, rq, q);
        fair_order_throttled(k, q, false);
    }
    fair_leave_parent(k, q);
    stop_clocks(k, q, true);
    if (above != NULL) {
        take_over_tasks(k, q, above);
    } else {
        count_tasks(k, rq, q, false);
    }
    q->throttled = true;
    count_sched_idle(k, rq);
}

void queue_unthrottle(struct kernel *k, struct fair_queue *q)
{
    struct rq *rq = cpu_rq(k, q->pub.cpu);
    struct fair_queue *above = queue_throttled(q->parent);

    emit(k, TP_CGROUP_THROTTLE, q->pub.cgroup, rq->pub.id, -1, 0, 0, 0);
    tick_catch_up(k, rq);
    update_curr(k, rq);
    queue_update_path(k, rq, q);
    stop_clocks(k, q, false);
    q->throttled = false;
    if (above != NULL) {
        hand_over_tasks(q, above);
    } else {
        count_tasks(k, rq, q, true);
        count_sched_idle(k, rq);
    }
    if (rq->rt_nr_running > 0) {
        rt_server_arm(k, rq);
    }
    if (q->nr_entities == 0) {
        return;
    }
    fair_join_parent(k, q);
    if (fair_is_flat(k)) {
        fair_order_throttled(k, q, true);
    }
    rq->balance_wants_ns = 0;
    tick_rearm(k, rq);
    if (queue_throttled(q->parent) == NULL && rq->pub.nr_running > 0 && rq->curr == NULL) {
        cpu_set_idle(k, rq, false);
        resched_from(k, rq, rq->pub.id);
    }
}

struct fair_queue *queue_throttled(struct fair_queue *q)
{
    for (; q != NULL; q = q->parent) {
        if (q->throttled) {
            return q;
        }
    }
    return NULL;
}

bool queue_below(const struct fair_queue *q, const struct fair_queue *ancestor)
{
    for (; q != NULL; q = q->parent) {
        if (q == ancestor) {
            return true;
        }
    }
    return false;
}
