/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpu.max: a cgroup's quota for each period (kernel/sched/fair.c, 6.12).
 *
 * The cgroup has a pool that each period refills; a queue takes from it in slices of 5 ms
 * (sched_cfs_bandwidth_slice) as its tasks run. A queue that finds the pool empty is throttled: its
 * entity leaves the queue above, and its tasks wait until the period's timer gives it runtime.
 */
#include "kernel/internal.h"

/* /proc/sys/kernel/sched_cfs_bandwidth_slice_us, 5 ms. */
#define SLICE_NS (5 * NSEC_PER_MSEC)

static void period_arm(struct kernel *k, struct kernel_cgroup *cg)
{
    if (!cg->period_armed) {
        cg->period_armed = true;
        event_set(k, &cg->period, evq_now_ns(k->events) + cg->period_ns);
    }
}

bool cgroup_has_quota(const struct kernel *k, const struct fair_queue *q)
{
    for (; q != NULL && q->parent != NULL; q = q->parent) {
        if (k->cgroups[q->pub.cgroup]->quota_ns > 0) {
            return true;
        }
    }
    return false;
}

/* Takes up to @want_ns from the pool into the queue's own. */
static void take(struct kernel_cgroup *cg, struct fair_queue *q, int64_t want_ns)
{
    int64_t got_ns = MIN(want_ns, cg->pool_ns);

    cg->pool_ns -= got_ns;
    q->runtime_left_ns += got_ns;
}

bool cgroup_account(struct kernel *k, struct fair_queue *q, int64_t delta_ns)
{
    struct kernel_cgroup *cg = k->cgroups[q->pub.cgroup];

    if (cg->quota_ns == 0) {
        return false;
    }
    q->runtime_left_ns -= delta_ns;
    if (q->runtime_left_ns > 0) {
        return false;
    }
    period_arm(k, cg);
    take(cg, q, SLICE_NS - q->runtime_left_ns);
    return q->runtime_left_ns <= 0;
}

/* Moves @t between those that wait on @rq and those that @q, throttled, keeps. */
static void task_count(struct rq *rq, struct fair_queue *q, struct task *t, bool in)
{
    list_del(&t->waiting);
    list_add_tail(in ? &rq->waiting : &q->throttled_tasks, &t->waiting);
    t->pub.task_state = in ? NUMASIM_TASK_RUNNABLE : NUMASIM_TASK_THROTTLED;
    rq->load_weight += in ? t->pub.se.weight : -(uint64_t)t->pub.se.weight;
}

/* Delayed tasks stay in their list; their weight counts all the same. */
static void count_delayed(struct kernel *k, struct rq *rq, const struct fair_queue *q, bool in)
{
    for (struct list *l = rq->delayed.next; l != &rq->delayed; l = l->next) {
        const struct task *t = container_of(l, struct task, waiting);
        struct fair_queue *own = task_queue(k, t, rq->pub.id);

        if (queue_below(own, q) && queue_throttled(own) == NULL) {
            rq->load_weight += in ? t->pub.se.weight : -(uint64_t)t->pub.se.weight;
        }
    }
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
        if (queue_below(task_queue(k, t, rq->pub.id), q)) {
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

    if (nr_delayed > 0) {
        count_delayed(k, rq, q, in);
    }
    bool crowded = rq->pub.nr_running > 1;

    rq->pub.nr_running += in ? nr_tasks : -nr_tasks;
    k->nr_overloads += !crowded && rq->pub.nr_running > 1;
    rq->pub.nr_fair += in ? nr_tasks : -nr_tasks;
    rq->pub.nr_delayed += in ? nr_delayed : -nr_delayed;
    for (struct fair_queue *up = q->parent; up != NULL; up = up->parent) {
        up->nr_tasks += in ? nr_tasks : -nr_tasks;
    }
}

static void throttle(struct kernel *k, struct rq *rq, struct fair_queue *q)
{
    emit(k, TP_CGROUP_THROTTLE, q->pub.cgroup, rq->pub.id, -1, 1, 0, 0);
    rq_update_load(k, rq);
    fair_leave_parent(k, q);
    count_tasks(k, rq, q, false);
    q->throttled = true;
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
    }
}

static void unthrottle(struct kernel *k, struct rq *rq, struct fair_queue *q)
{
    struct fair_queue *above = queue_throttled(q->parent);

    emit(k, TP_CGROUP_THROTTLE, q->pub.cgroup, rq->pub.id, -1, 0, 0, 0);
    tick_catch_up(k, rq);
    update_curr(k, rq);
    rq_update_load(k, rq);
    q->throttled = false;
    if (above != NULL) {
        hand_over_tasks(q, above);
    } else {
        count_tasks(k, rq, q, true);
    }
    if (q->pub.nr_queued > 0) {
        fair_join_parent(k, q);
        rq->balance_wants_ns = 0;
        tick_rearm(k, rq);
        if (above == NULL && rq->pub.nr_running > 0 && rq->curr == NULL) {
            cpu_set_idle(k, rq, false);
            resched_from(k, rq, rq->pub.id);
        }
    }
}

bool cgroup_throttle_spent(struct kernel *k, struct rq *rq, struct fair_queue *leaf)
{
    for (struct fair_queue *q = leaf; q->parent != NULL; q = q->parent) {
        struct kernel_cgroup *cg = k->cgroups[q->pub.cgroup];

        if (cg->quota_ns == 0 || q->runtime_left_ns > 0) {
            continue;
        }
        period_arm(k, cg);
        take(cg, q, SLICE_NS - q->runtime_left_ns);
        if (q->runtime_left_ns <= 0) {
            throttle(k, rq, q);
            return true;
        }
    }
    return false;
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

/* The period's timer: a new quota; throttled queues get what makes them just positive, in order of
 * CPU (distribute_cfs_runtime()). */
void quota_event(struct kernel *k, struct kernel_cgroup *cg)
{
    bool throttled = false;
    bool used = cg->pool_ns < cg->quota_ns;

    k->acting_cpu = -1;
    cg->pool_ns = cg->quota_ns;
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        struct fair_queue *q = cg->queues[cpu];

        if (q == NULL || !q->throttled) {
            continue;
        }
        take(cg, q, 1 - q->runtime_left_ns);
        if (q->runtime_left_ns > 0) {
            unthrottle(k, cpu_rq(k, cpu), q);
        } else {
            throttled = true;
        }
    }
    cg->period_armed = false;
    if (throttled || used) {
        period_arm(k, cg);
    }
}
