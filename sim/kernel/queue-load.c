/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Load averages of tasks, of a CPU's queues, and of the entities that stand for cgroups
 * (kernel/sched/fair.c, 6.12: update_load_avg() and what it calls).
 *
 * What a task brings to or takes from its queue is passed on to the entity of that queue, and so on
 * up to the CPU's root queue (propagate_entity_load_avg()): a CPU's load is what its root queue's
 * entities weigh. A cgroup knows the sum of what its queues last told it (update_tg_load_avg()),
 * from which shares.c divides its weight.
 *
 * A queue below one that is throttled has a clock that stands still (cfs_rq_clock_pelt()).
 */
#include "kernel/internal.h"

/* update_tg_load_avg(): how often a queue tells its cgroup, since 6.7. */
#define TELL_NS NSEC_PER_MSEC

int64_t queue_clock_ns(const struct kernel *k, const struct fair_queue *q)
{
    int64_t at_ns =
        q->throttle_count > 0 ? q->stopped_ns : rq_clock_pelt_ns(k, cpu_rq(k, q->pub.cpu));

    return at_ns - q->stood_still_ns;
}

void task_update_load(struct kernel *k, struct task *t)
{
    bool queued = t->on_rq && t->pub.sched_class == NUMASIM_CLASS_FAIR;
    bool running = t->pub.task_state == NUMASIM_TASK_RUNNING;
    int64_t now_ns =
        t->queue != NULL ? queue_clock_ns(k, t->queue) : rq_clock_pelt_ns(k, task_rq(k, t));

    if (pelt_update(&t->avg, now_ns, queued, queued && !t->pub.se.delayed, running, t->weight)) {
        t->util_est_fresh = false;
    }
}

/* True while what runs on the CPU of @q is in it. */
static bool queue_runs(const struct rq *rq, const struct fair_queue *q)
{
    return rq->curr != NULL && rq->curr->pub.sched_class == NUMASIM_CLASS_FAIR &&
           (q->parent == NULL || queue_below(rq->curr->queue, q));
}

/* What came to @q or left it, in units of its load_sum, is to be passed on. */
static void must_propagate(struct fair_queue *q, int64_t sum)
{
    q->propagates = true;
    q->propagated_sum += sum;
}

/* update_cfs_rq_load_avg(): true if the averages are new. */
static bool queue_update_load(struct kernel *k, struct rq *rq, struct fair_queue *q)
{
    uint32_t nr_runnable =
        q->parent == NULL ? rq->pub.nr_fair - rq->pub.nr_delayed : q->nr_tasks - q->nr_delayed;
    bool changed = q->has_removed;

    if (q->has_removed) {
        must_propagate(q, -pelt_take_removed(q->avg, &q->removed));
        q->has_removed = false;
    }
    changed |= pelt_update(q->avg, queue_clock_ns(k, q), load_scale_down(q->load_weight),
                           nr_runnable, queue_runs(rq, q), 1);
    if (changed && q->parent == NULL) {
        load_sums_changed(&k->loads, rq->pub.id);
    }
    return changed;
}

void rq_update_load(struct kernel *k, struct rq *rq)
{
    queue_update_load(k, rq, rq->fair);
}

/* update_tg_load_avg(): tells the cgroup of @q, if that changed by more than 1/64. */
static void tell_cgroup(struct kernel *k, struct fair_queue *q)
{
    struct kernel_cgroup *cg = k->cgroups[q->pub.cgroup];
    int64_t load = (int64_t)(q->avg->load_avg - q->told_load);
    int64_t runnable = (int64_t)(q->avg->runnable_avg - q->told_runnable);

    if (k->host[HOST_TG_LOAD_AVG_RATELIMIT] != 0 && k->now_ns - q->told_ns < TELL_NS) {
        return;
    }
    if ((uint64_t)ABS(load) > q->told_load / 64 ||
        (uint64_t)ABS(runnable) > q->told_runnable / 64) {
        cg->load_avg += (uint64_t)load;
        cg->runnable_avg += (uint64_t)runnable;
        q->told_load = q->avg->load_avg;
        q->told_runnable = q->avg->runnable_avg;
        q->told_ns = k->now_ns;
    }
}

/* update_load_avg() of the entity of @q, whose own averages are up to date. */
static void entity_update_load(struct kernel *k, struct rq *rq, struct fair_queue *q)
{
    struct fair_queue *up = q->parent;
    bool on_rq = q->on_rq, changed;

    pelt_update(&q->entity_avg, queue_clock_ns(k, up), on_rq,
                on_rq ? q->nr_tasks - q->nr_delayed : 0, on_rq && queue_runs(rq, q),
                q->entity.weight);
    changed = queue_update_load(k, rq, up);
    if (q->propagates) {
        must_propagate(up, q->propagated_sum);
        pelt_propagate(up->avg, &q->entity_avg, q->avg, q->propagated_sum, q->entity.weight,
                       load_scale_down(q->load_weight));
        q->propagates = false;
        q->propagated_sum = 0;
        changed = true;
    }
    if (changed && up->parent != NULL) {
        tell_cgroup(k, up);
    } else if (changed) {
        load_sums_changed(&k->loads, rq->pub.id);
    }
}

void queue_update_path(struct kernel *k, struct rq *rq, struct fair_queue *q)
{
    if (queue_update_load(k, rq, q) && q->parent != NULL) {
        tell_cgroup(k, q);
    }
    for (; q->parent != NULL; q = q->parent) {
        if (q->entity_avg.last_update_ns >= 0) {
            entity_update_load(k, rq, q);
        } else {
            queue_update_load(k, rq, q->parent);
        }
    }
}

/* online_fair_sched_group(), at first use and when all of it had decayed. */
static void entity_attach_load(struct kernel *k, struct fair_queue *q)
{
    struct rq *rq = cpu_rq(k, q->pub.cpu);
    struct list *at = rq->leaf_queues.next;

    if (q->entity_avg.last_update_ns >= 0) {
        return;
    }
    pelt_attach(q->parent->avg, &q->entity_avg, q->entity.weight);
    must_propagate(q->parent, (int64_t)q->entity_avg.load_sum);
    /* Those below come before those above. */
    while (at != &rq->leaf_queues && container_of(at, struct fair_queue, leaf)->depth > q->depth) {
        at = at->next;
    }
    list_add_tail(at, &q->leaf);
}

void queue_attach_path(struct kernel *k, struct fair_queue *q)
{
    for (; q->parent != NULL; q = q->parent) {
        entity_attach_load(k, q);
    }
}

void task_attach_load(struct kernel *k, struct rq *rq, struct task *t, bool is_new)
{
    struct fair_queue *q = t->queue;

    if (is_new) {
        pelt_init_task(&t->avg, q->avg, t->weight, (uint64_t)rq->pub.capacity,
                       k->host[HOST_NEW_TASK_UTIL_BY_LOAD] != 0, queue_clock_ns(k, q));
    }
    pelt_attach(q->avg, &t->avg, t->weight);
    load_sums_changed(&k->loads, rq->pub.id);
    must_propagate(q, (int64_t)t->avg.load_sum);
    if (q->parent != NULL) {
        tell_cgroup(k, q);
        queue_update_path(k, rq, q);
    }
}

void task_detach_load(struct kernel *k, struct rq *rq, struct task *t)
{
    struct fair_queue *q = t->queue;

    pelt_detach(q->avg, &t->avg, t->weight);
    load_sums_changed(&k->loads, rq->pub.id);
    must_propagate(q, -(int64_t)t->avg.load_sum);
    if (q->parent != NULL) {
        tell_cgroup(k, q);
        queue_update_path(k, rq, q);
    }
}

/* cfs_rq_is_decayed(), but for the queues below it. */
static bool is_decayed(const struct fair_queue *q)
{
    const struct pelt *avg = q->avg, *own = &q->entity_avg;

    return q->load_weight == 0 && !q->on_rq && q->told_load == 0 && q->told_runnable == 0 &&
           avg->load_sum == 0 && avg->util_sum == 0 && avg->runnable_sum == 0 &&
           own->load_avg == 0 && own->util_avg == 0 && own->runnable_avg == 0 && !q->propagates &&
           !q->has_removed;
}

static bool has_leaf_below(const struct rq *rq, const struct fair_queue *q)
{
    for (const struct list *l = rq->leaf_queues.next; l != &rq->leaf_queues; l = l->next) {
        const struct fair_queue *leaf = container_of(l, const struct fair_queue, leaf);

        if (leaf->parent == q) {
            return true;
        }
    }
    return false;
}

void rq_update_blocked(struct kernel *k, struct rq *rq)
{
    for (struct list *l = rq->leaf_queues.next, *next; l != &rq->leaf_queues; l = next) {
        struct fair_queue *q = container_of(l, struct fair_queue, leaf);

        next = l->next;
        if (queue_update_load(k, rq, q)) {
            tell_cgroup(k, q);
        }
        entity_update_load(k, rq, q);
        if (is_decayed(q) && !has_leaf_below(rq, q)) {
            pelt_detach(q->parent->avg, &q->entity_avg, q->entity.weight);
            q->entity_avg = (struct pelt){.last_update_ns = -1};
            list_del(&q->leaf);
        }
    }
    rq_update_load(k, rq);
}

/* update_cfs_rq_h_load(): what of the CPU's load is that of @q. */
static uint64_t queue_h_load(const struct fair_queue *q)
{
    if (q->parent == NULL) {
        return q->avg->load_avg;
    }
    return queue_h_load(q->parent) * q->entity_avg.load_avg / (q->parent->avg->load_avg + 1);
}

uint64_t numasim_task_h_load(struct numasim_host *host, struct numasim_task *task)
{
    struct kernel *k = (struct kernel *)(void *)host;
    struct task *t = task_of(task);
    struct fair_queue *q = task_queue(k, t, t->pub.cpu);

    numasim_cpu_load(host, t->pub.cpu); /* brings it up to date */
    return numasim_task_load(host, task).load_avg * queue_h_load(q) / (q->avg->load_avg + 1);
}
