/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpu.max: a cgroup's quota for each period (kernel/sched/fair.c, 6.12).
 *
 * The cgroup has a pool that each period refills. A queue takes from it by the slice as its tasks
 * run, and keeps what it took; what is beyond 1 ms it gives back when it empties. A queue that runs
 * out and finds the pool empty is throttled, and stands in line: the period's timer, or what others
 * gave back (the slack timer), gives each in turn what makes it just positive.
 *
 * Nothing here walks the CPUs: timers cost by the queues that wait, and a cgroup that does not use
 * its quota has no timer.
 */
#include "kernel/internal.h"

/* min_cfs_rq_runtime: what an empty queue keeps. */
#define KEPT_NS (1 * NSEC_PER_MSEC)
/* cfs_bandwidth_slack_period: how long what was given back is collected. */
#define SLACK_NS (5 * NSEC_PER_MSEC)
/* min_bandwidth_expiration: with the refill so near, the slack timer leaves it to that. */
#define REFILL_NEAR_NS (2 * NSEC_PER_MSEC)

static struct kernel_cgroup *cgroup_of(const struct kernel *k, const struct fair_queue *q)
{
    return k->cgroups[q->pub.cgroup];
}

static bool cgroup_has_quota(const struct kernel *k, const struct fair_queue *q)
{
    for (; q != NULL && q->parent != NULL; q = q->parent) {
        if (cgroup_of(k, q)->quota_ns > 0) {
            return true;
        }
    }
    return false;
}

/* It has run out and waits for its turn at the pool. */
static bool in_line(const struct fair_queue *q)
{
    return q->throttled || q->spent;
}

bool task_has_quota(struct kernel *k, const struct task *t)
{
    return t->cgroup != 0 && t->pub.sched_class == NUMASIM_CLASS_FAIR &&
           cgroup_has_quota(k, task_queue(k, t, t->pub.cpu));
}

/* ------------------------------------------------------------------------------------------- */
/* The pool                                                                                     */

/* The timer keeps to the grid on which it began, also after a rest (hrtimer_forward_now()). */
static void period_start(struct kernel *k, struct kernel_cgroup *cg)
{
    if (cg->period_active) {
        return;
    }
    int64_t since_ns = evq_now_ns(k->events) - cg->period_phase_ns;
    int64_t periods = since_ns < 0 ? 0 : since_ns / cg->period_ns + 1;

    cg->period_active = true;
    event_set(k, &cg->period, cg->period_phase_ns + periods * cg->period_ns);
}

/* Raises @q's own runtime to @target_ns as far as the pool goes; true if it then has any. */
static bool take(struct kernel *k, struct kernel_cgroup *cg, struct fair_queue *q,
                 int64_t target_ns)
{
    period_start(k, cg);
    if (cg->pool_ns > 0) {
        int64_t got_ns = MIN(target_ns - q->runtime_left_ns, cg->pool_ns);

        cg->pool_ns -= got_ns;
        cg->period_idle = false;
        q->runtime_left_ns += got_ns;
        q->runtime_period = cg->nr_refills;
    }
    return q->runtime_left_ns > 0;
}

/* Before 5.4 what a queue had taken was lost at the end of the period (expire_cfs_rq_runtime()). */
static void expire(const struct kernel *k, const struct kernel_cgroup *cg, struct fair_queue *q)
{
    if (k->host[HOST_CFS_SLICE_EXPIRY] != 0 && q->runtime_period != cg->nr_refills &&
        q->runtime_left_ns > 0) {
        q->runtime_left_ns = 0;
    }
}

/* True if the refill is less than @within_ns away (runtime_refresh_within()). */
static bool refill_within(const struct kernel *k, const struct kernel_cgroup *cg, int64_t within_ns)
{
    return cg->period_active && cg->period.time_ns - evq_now_ns(k->events) < within_ns;
}

static void slack_start(struct kernel *k, struct kernel_cgroup *cg)
{
    if (!evq_entry_queued(&cg->slack) && !refill_within(k, cg, SLACK_NS + REFILL_NEAR_NS)) {
        event_set(k, &cg->slack, evq_now_ns(k->events) + SLACK_NS);
    }
}

void cgroup_queue_emptied(struct kernel *k, struct fair_queue *q)
{
    struct kernel_cgroup *cg = cgroup_of(k, q);
    int64_t slack_ns = q->runtime_left_ns - KEPT_NS;

    if (cg->quota_ns == 0 || slack_ns <= 0) {
        return;
    }
    q->runtime_left_ns -= slack_ns;
    if (k->host[HOST_CFS_SLICE_EXPIRY] != 0 && q->runtime_period != cg->nr_refills) {
        return; /* it has expired */
    }
    cg->pool_ns += slack_ns;
    if (cg->pool_ns > k->host[HOST_CFS_BANDWIDTH_SLICE] && !list_empty(&cg->throttled_queues)) {
        slack_start(k, cg);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Running out                                                                                  */

bool cgroup_account(struct kernel *k, struct fair_queue *q, int64_t delta_ns)
{
    struct kernel_cgroup *cg = cgroup_of(k, q);

    if (cg->quota_ns == 0) {
        return false;
    }
    q->runtime_left_ns -= delta_ns;
    expire(k, cg, q);
    return q->runtime_left_ns <= 0 && !in_line(q) &&
           !take(k, cg, q, k->host[HOST_CFS_BANDWIDTH_SLICE]);
}

/* Throttles @q, which has run out, unless the pool was refilled since it last asked. */
static bool throttle(struct kernel *k, struct fair_queue *q)
{
    struct kernel_cgroup *cg = cgroup_of(k, q);

    if (take(k, cg, q, 1)) {
        return false;
    }
    list_add_tail(&cg->throttled_queues, &q->throttled_link);
    if (k->host[HOST_CFS_THROTTLE_TASKS] != 0) {
        q->spent = true;
    } else {
        queue_throttle(k, q);
    }
    return true;
}

static bool is_spent(const struct kernel *k, const struct fair_queue *q)
{
    return cgroup_of(k, q)->quota_ns > 0 && q->runtime_left_ns <= 0 && !in_line(q);
}

void cgroup_queue_filled(struct kernel *k, struct fair_queue *q)
{
    if (cgroup_of(k, q)->quota_ns > 0 && !in_line(q) && !fair_queue_runs(k, q) &&
        cgroup_account(k, q, 0)) {
        throttle(k, q);
    }
}

bool cgroup_throttle_spent(struct kernel *k, struct fair_queue *leaf)
{
    for (;;) {
        struct fair_queue *spent = NULL;

        for (struct fair_queue *q = leaf; q->parent != NULL; q = q->parent) {
            spent = is_spent(k, q) ? q : spent;
        }
        if (spent == NULL) {
            return false;
        }
        if (throttle(k, spent)) {
            return true;
        }
    }
}

void cgroup_put(struct kernel *k, struct fair_queue *leaf, const struct fair_queue *next)
{
    for (struct fair_queue *q = leaf; q->parent != NULL && !queue_below(next, q); q = q->parent) {
        if (is_spent(k, q)) {
            throttle(k, q);
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Timers                                                                                       */

static void unthrottle(struct kernel *k, struct fair_queue *q)
{
    list_del(&q->throttled_link);
    if (q->spent) {
        queue_let_go(k, q);
    } else {
        queue_unthrottle(k, q);
    }
}

/* Gives the pool to those who wait, in order, as much as makes each just positive
 * (distribute_cfs_runtime()). */
static void distribute(struct kernel *k, struct kernel_cgroup *cg)
{
    struct list *end = cg->throttled_queues.prev;
    bool more = !list_empty(&cg->throttled_queues);

    while (more && cg->pool_ns > 0) {
        struct list *first = cg->throttled_queues.next;
        struct fair_queue *q = container_of(first, struct fair_queue, throttled_link);

        more = first != end; /* who comes meanwhile waits for the next time */
        if (!take(k, cg, q, 1)) {
            break; /* the pool is empty */
        }
        unthrottle(k, q);
    }
}

void quota_event(struct kernel *k, struct kernel_cgroup *cg)
{
    bool waiting = !list_empty(&cg->throttled_queues);

    k->acting_cpu = -1;
    cg->period_active = false;
    cg->nr_refills++;
    emit(k, TP_CGROUP_PERIOD, cg->id, -1, -1, waiting, cg->pool_ns, 0);
    cg->pool_ns = MIN(cg->pool_ns + cg->quota_ns, cg->quota_ns + cg->burst_ns);
    if (cg->period_idle && !waiting) {
        return; /* nobody took anything: no timer until somebody does */
    }
    period_start(k, cg);
    cg->period_idle = !waiting;
    if (waiting) {
        distribute(k, cg);
    }
}

void slack_event(struct kernel *k, struct kernel_cgroup *cg)
{
    k->acting_cpu = -1;
    if (!refill_within(k, cg, REFILL_NEAR_NS) && cg->pool_ns > k->host[HOST_CFS_BANDWIDTH_SLICE]) {
        distribute(k, cg);
    }
}

/* A grid of periods begins at a random instant: time 0 of a run is no special one of the machine's.
 * Before 6.7 all cgroups of one period shared it. */
static void period_reset(struct kernel *k, struct kernel_cgroup *cg)
{
    struct rng phase = rng_entity(&k->boot, BOOT_PERIOD_PHASE);
    uint64_t index = k->host[HOST_CFS_PERIOD_OFFSET] != 0 ? (uint64_t)cg->id : 0;

    event_cancel(k, &cg->period);
    event_cancel(k, &cg->slack);
    cg->period_active = cg->period_idle = false;
    if (cg->quota_ns > 0) {
        cg->period_phase_ns = (int64_t)rng_below(&phase, index, (uint64_t)cg->period_ns);
        period_start(k, cg);
    }
}

void kernel_cgroup_set_bandwidth(struct kernel *k, int32_t cgroup, int64_t quota_ns,
                                 int64_t period_ns, int64_t burst_ns)
{
    struct kernel_cgroup *cg = k->cgroups[cgroup];

    /* What ran so far ran under what held so far. */
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        if (cg->queues[cpu] != NULL) {
            tick_catch_up(k, cpu_rq(k, cpu));
            update_curr(k, cpu_rq(k, cpu));
        }
    }
    cg->quota_ns = cg->pool_ns = quota_ns;
    cg->period_ns = period_ns;
    cg->burst_ns = burst_ns;
    period_reset(k, cg);
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        struct fair_queue *q = cg->queues[cpu];
        struct rq *rq = cpu_rq(k, cpu);

        if (q == NULL) {
            continue;
        }
        q->runtime_left_ns = 0;
        if (in_line(q)) {
            unthrottle(k, q);
        }
        if (rq->curr != NULL) {
            rq->quota = task_has_quota(k, rq->curr);
            tick_rearm(k, rq);
        }
    }
}
