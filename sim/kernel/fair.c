/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entities and queues of the fair class. The queue policy orders the entities of one queue; the
 * host walks the hierarchy of cgroups, counts, and checks what the policy answers.
 *
 * With flat_queue the policy sees the root's queue only, with every task of the CPU in it; a task's
 * weight there is what its weight and its cgroups' shares make of nice 0 (kernel/sched/fair.c:
 * enqueue_hierarchy(), 7.3). The hierarchy is walked and counted all the same.
 */
#include "kernel/internal.h"

/* kernel/sched/core.c: sched_prio_to_weight[]; each step is about 1.25 times. */
static const uint32_t nice_weights[40] = {
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904,
    3906,  3121,  2501,  1991,  1586,  1277,  1024,  820,   655,   526,   423,  335,  272,  215,
    172,   137,   110,   87,    70,    56,    45,    36,    29,    23,    18,   15};

uint32_t nice_to_weight(int32_t nice)
{
    return nice_weights[CLAMP(nice, -20, 19) + 20];
}

/* The entity that stands for @q one level up, or NULL for the root's. */
static struct numasim_entity *parent_entity(struct fair_queue *q)
{
    return q->parent != NULL ? &q->entity : NULL;
}

static struct task *entity_task(struct numasim_entity *se)
{
    return se->is_task ? (struct task *)(void *)se : NULL;
}

/* ------------------------------------------------------------------------------------------- */
/* Joining and leaving                                                                          */

/* The queue in which the policy orders what is in @q. */
static struct fair_queue *order_of(struct kernel *k, struct fair_queue *q)
{
    return fair_is_flat(k) ? cpu_rq(k, q->pub.cpu)->fair : q;
}

/* @se, of scaled-up weight @load, counts in @q, or no more. */
static void count_entity(struct fair_queue *q, uint64_t load, bool in)
{
    q->nr_entities += in ? 1 : UINT32_MAX;
    q->load_weight += in ? load : -load;
}

static uint64_t task_load_weight(const struct task *t)
{
    return (uint64_t)t->weight << LOAD_SHIFT;
}

static void set_weight(struct numasim_entity *se, uint64_t load)
{
    se->load = load;
    se->weight = (uint32_t)MIN(load_scale_down(load), UINT32_MAX);
}

/* __calc_prop_weight(), up to the root: what @t weighs among all tasks of its CPU. */
static uint64_t effective_load(const struct task *t)
{
    uint64_t load = NICE_0_LOAD, own = task_load_weight(t);

    for (const struct fair_queue *q = t->queue; q != NULL; q = q->parent) {
        uint64_t whole = q->parent != NULL ? q->load_weight : NICE_0_LOAD;

        load = MAX((uint64_t)((uint128)load * own / MAX(whole, 1)), 2); /* MIN_SHARES */
        own = q->shares;
    }
    return load;
}

bool fair_queue_runs(const struct kernel *k, const struct fair_queue *q)
{
    const struct numasim_entity *curr = cpu_rq(k, q->pub.cpu)->fair->pub.curr;

    if (!fair_is_flat(k)) {
        return q->pub.curr != NULL;
    }
    return curr != NULL && queue_below(((const struct task *)(const void *)curr)->queue, q);
}

void fair_count_delayed(struct task *t, int32_t by)
{
    for (struct fair_queue *q = t->queue; q != NULL; q = q->throttled ? NULL : q->parent) {
        q->nr_delayed += (uint32_t)by;
    }
}

static bool entity_enqueue(struct kernel *k, struct fair_queue *q, struct numasim_entity *se,
                           uint32_t flags)
{
    if (se->queued) {
        kernel_fault(k, NUMASIM_ROLE_QUEUE, "queue.enqueue", entity_task(se),
                     "an entity is queued twice on CPU %d", q->pub.cpu);
        return false;
    }
    se->queue = &q->pub;
    k->qops->enqueue(k->qself, &q->pub, se, flags);
    se->queued = true;
    q->pub.nr_queued++;
    q->pub.weight_sum += se->weight;
    return true;
}

/* requeue_delayed_entity(): what wakes the cgroup is no task of its own, so it is requeued here. */
static void entity_requeue(struct kernel *k, struct numasim_entity *se)
{
    if (se->delayed) {
        se->delayed = false;
        k->qops->requeue_delayed(k->qself, se->queue, se);
    }
}

void fair_enqueue(struct kernel *k, struct rq *rq, struct task *t, uint32_t flags)
{
    struct numasim_entity *se = &t->pub.se;
    uint64_t load = task_load_weight(t);
    uint32_t task_flags = flags;
    bool joining = true, flat = fair_is_flat(k);

    for (struct fair_queue *q = t->queue; q != NULL; se = parent_entity(q), q = q->parent) {
        if (joining && se != &t->pub.se && se->queued) {
            entity_requeue(k, se); /* it had not left yet */
            joining = false;
        }
        if (joining) {
            count_entity(q, load, true);
            if (!flat && !entity_enqueue(k, q, se, flags)) {
                return;
            }
            if (q->nr_entities == 1 && q->parent != NULL) {
                cgroup_queue_filled(k, q);
            }
            joining = q->nr_entities == 1 && !q->throttled;
            flags = NUMASIM_ENQUEUE_WAKEUP; /* whatever the task is, its cgroup only wakes here */
        }
        q->nr_tasks++;
        q->nr_delayed += t->pub.se.delayed;
        if (q->parent != NULL) {
            cgroup_update_weight(k, q);
        }
        q->on_rq |= joining;
        load = q->shares;
        if (q->throttled) {
            break; /* those above do not count what is below */
        }
    }
    if (flat && queue_throttled(t->queue) == NULL) {
        set_weight(&t->pub.se, effective_load(t));
        entity_enqueue(k, rq->fair, &t->pub.se, task_flags);
    }
}

static bool entity_dequeue(struct kernel *k, struct fair_queue *q, struct numasim_entity *se,
                           uint32_t flags)
{
    if (!k->qops->dequeue(k->qself, &q->pub, se, flags)) {
        bool may_delay =
            (flags & NUMASIM_DEQUEUE_SLEEP) != 0 && (flags & NUMASIM_DEQUEUE_DELAYED) == 0;

        if (may_delay && k->qops->requeue_delayed == NULL) {
            kernel_fault(k, NUMASIM_ROLE_QUEUE, "queue.dequeue", entity_task(se),
                         "a dequeue was put off, and there is no requeue_delayed");
        } else if (!may_delay) {
            kernel_fault(k, NUMASIM_ROLE_QUEUE, "queue.dequeue", entity_task(se),
                         "a dequeue that may not be put off was refused (flags 0x%x)", flags);
        }
        se->delayed = true;
        return false;
    }
    se->queued = false;
    se->delayed = false;
    q->pub.nr_queued--;
    q->pub.weight_sum -= se->weight;
    if (q->pub.curr == se) {
        q->pub.curr = NULL;
    }
    return true;
}

/* An entity of weight @load has left @q; true if that leaves nothing that would keep @q queued. */
static bool leave_count(struct kernel *k, struct fair_queue *q, uint64_t load)
{
    count_entity(q, load, false);
    if (q->nr_entities == 0 && q->parent != NULL) {
        cgroup_queue_emptied(k, q);
    }
    return q->nr_entities == 0 && !q->throttled;
}

bool fair_dequeue(struct kernel *k, struct rq *rq, struct task *t, uint32_t flags)
{
    struct numasim_entity *se = &t->pub.se;
    uint64_t load = task_load_weight(t);
    bool leaving = true, flat = fair_is_flat(k), was_delayed = se->delayed;
    struct fair_queue *below = NULL;

    if (flat && se->queued && !entity_dequeue(k, rq->fair, se, flags)) {
        fair_count_delayed(t, 1);
        return false;
    }
    for (struct fair_queue *q = t->queue; q != NULL; se = parent_entity(q), q = q->parent) {
        if (leaving) {
            bool left = flat || entity_dequeue(k, q, se, flags);

            if (!left && below == NULL) {
                fair_count_delayed(t, 1);
                return false;
            }
            leaving = left && leave_count(k, q, load);
            q->on_rq &= !leaving;
            if (!left) {
                below->on_rq = true; /* an empty cgroup that has to wait is still there */
            }
            load = q->shares;
            /* However the task left, its cgroup goes to sleep here, and may have to wait for that. */
            flags = NUMASIM_DEQUEUE_SLEEP;
        }
        below = q;
        q->nr_tasks--;
        q->nr_delayed -= was_delayed;
        if (q->parent != NULL) {
            cgroup_update_weight(k, q);
        }
        if (q->throttled) {
            break;
        }
    }
    return true;
}

void fair_finish_delayed(struct kernel *k, struct rq *rq, struct task *t)
{
    t->pub.task_state = NUMASIM_TASK_BLOCKED;
    dequeue_task(k, rq, t, NUMASIM_DEQUEUE_SLEEP | NUMASIM_DEQUEUE_DELAYED);
}

/* Takes the entity of @q out, and then those above that are left empty, by @flags. */
static void leave_parents(struct kernel *k, struct fair_queue *q, uint32_t flags)
{
    bool leaving = q->on_rq;
    uint32_t first = flags | NUMASIM_DEQUEUE_DELAYED;

    for (; leaving && q->parent != NULL; q = q->parent) {
        struct fair_queue *up = q->parent;

        if (!fair_is_flat(k) && !entity_dequeue(k, up, &q->entity, first)) {
            break; /* it has to wait itself */
        }
        q->on_rq = false;
        leaving = leave_count(k, up, q->shares) && up->on_rq;
        first = flags;
    }
}

void fair_leave_parent(struct kernel *k, struct fair_queue *q)
{
    leave_parents(k, q, NUMASIM_DEQUEUE_SLEEP | NUMASIM_DEQUEUE_DELAYED);
}

void fair_join_parent(struct kernel *k, struct fair_queue *q)
{
    bool joining = !q->on_rq;

    for (; joining && q->parent != NULL; q = q->parent) {
        struct fair_queue *up = q->parent;

        if (q->on_rq) {
            entity_requeue(k, &q->entity);
            break;
        }
        cgroup_update_weight(k, q);
        count_entity(up, q->shares, true);
        q->on_rq = true;
        if (!fair_is_flat(k) && !entity_enqueue(k, up, &q->entity, NUMASIM_ENQUEUE_WAKEUP)) {
            return;
        }
        joining = up->nr_entities == 1;
        if (joining && up->parent != NULL) {
            cgroup_queue_filled(k, up);
        }
        joining = joining && !up->throttled;
    }
}

/* The task of @rq in its list @l, if it is to leave the order with @q, or to join it. */
static struct task *throttled_with(const struct fair_queue *q, struct list *l, bool in)
{
    struct task *t = container_of(l, struct task, waiting);

    return t->pub.se.queued != in && queue_below(t->queue, q) ? t : NULL;
}

void fair_order_throttled(struct kernel *k, struct fair_queue *q, bool in)
{
    struct rq *rq = cpu_rq(k, q->pub.cpu);
    struct task *curr = rq->curr;

    for (struct list *l = rq->waiting.next, *next; l != &rq->waiting; l = next) {
        struct task *t = throttled_with(q, l, in);

        next = l->next;
        if (t != NULL && in) {
            set_weight(&t->pub.se, effective_load(t));
            entity_enqueue(k, rq->fair, &t->pub.se, NUMASIM_ENQUEUE_MIGRATED);
        } else if (t != NULL) {
            entity_dequeue(k, rq->fair, &t->pub.se, NUMASIM_DEQUEUE_MIGRATE);
        }
    }
    if (!in && curr != NULL && curr->pub.task_state == NUMASIM_TASK_RUNNING &&
        curr->pub.sched_class == NUMASIM_CLASS_FAIR && queue_below(curr->queue, q)) {
        entity_dequeue(k, rq->fair, &curr->pub.se, NUMASIM_DEQUEUE_MIGRATE);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Picking                                                                                      */

struct task *fair_pick(struct kernel *k, struct rq *rq)
{
    struct fair_queue *q = rq->fair;

    for (;;) {
        struct numasim_entity *se = k->qops->pick(k->qself, &q->pub);

        if (se == NULL) {
            return NULL;
        }
        if (!se->queued || se->queue != &q->pub) {
            kernel_fault(k, NUMASIM_ROLE_QUEUE, "queue.pick", entity_task(se),
                         "the entity picked on CPU %d is not queued there", q->pub.cpu);
            return NULL;
        }
        if (se->is_task) {
            if (__builtin_expect(kernel_listens(k, TP_DECISION), 0)) {
                decision_pick(k, rq->pub.id, entity_task(se), q->pub.nr_queued);
            }
            return (struct task *)(void *)se;
        }
        q = container_of(se, struct fair_queue, entity);
        if (se->delayed) { /* an empty cgroup that had to wait: now it leaves */
            leave_parents(k, q, NUMASIM_DEQUEUE_SLEEP);
            q = rq->fair;
            if (q->pub.nr_queued == 0) {
                return NULL;
            }
        }
    }
}

void fair_set_current(struct kernel *k, struct rq *rq, struct task *t)
{
    struct numasim_entity *se = &t->pub.se;

    if (fair_is_flat(k)) {
        fair_refresh_weight(k, rq, t);
    }
    for (struct fair_queue *q = order_of(k, t->queue); q != NULL;
         se = parent_entity(q), q = q->parent) {
        if (q->pub.curr == se) {
            break; /* a sibling in the same cgroup ran before: from here up nothing changes */
        }
        q->pub.curr = se;
        if (k->qops->set_current != NULL) {
            k->qops->set_current(k->qself, &q->pub, se);
        }
    }
}

/* True if @se is the entity of @next, or of a queue that @next is in. */
static bool in_path(struct kernel *k, const struct numasim_entity *se, const struct task *next)
{
    if (next == NULL || next->pub.sched_class != NUMASIM_CLASS_FAIR) {
        return false;
    }
    if (se == &next->pub.se) {
        return true;
    }
    for (struct fair_queue *q = order_of(k, next->queue); q != NULL; q = q->parent) {
        if (se == parent_entity(q)) {
            return true;
        }
    }
    return false;
}

void fair_put_current(struct kernel *k, struct task *t, const struct task *next)
{
    struct numasim_entity *se = &t->pub.se;

    for (struct fair_queue *q = order_of(k, t->queue); q != NULL;
         se = parent_entity(q), q = q->parent) {
        if (in_path(k, se, next)) {
            break; /* from here up both run as one */
        }
        if (q->pub.curr != se) {
            continue; /* it has left */
        }
        q->pub.curr = NULL;
        if (se->queued && k->qops->put_current != NULL) {
            k->qops->put_current(k->qself, &q->pub, se);
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* While one runs                                                                               */

void fair_account(struct kernel *k, struct rq *rq, struct task *t)
{
    int64_t delta_ns = k->now_ns - t->pub.exec_start_ns;
    struct numasim_entity *se = &t->pub.se;
    bool wants = false;

    t->pub.exec_start_ns = k->now_ns;
    for (struct fair_queue *q = t->queue; q != NULL; se = parent_entity(q), q = q->parent) {
        struct numasim_queue *order = &order_of(k, q)->pub;

        se->sum_exec_ns += delta_ns;
        if (k->qops->account != NULL && order->curr == se) {
            wants |= k->qops->account(k->qself, order, se, delta_ns) && order->nr_queued > 1;
        }
        if (q->parent != NULL) {
            wants |= cgroup_account(k, q, delta_ns);
        }
    }
    if (rq->rt_nr_running > 0 && !rq->rt_throttled) {
        wants |= rt_server_account(k, rq, delta_ns);
    }
    if (wants) {
        resched_from(k, rq, k->acting_cpu);
    }
}

bool fair_tick(struct kernel *k, struct rq *rq, struct task *t)
{
    struct numasim_entity *se = &t->pub.se;
    bool wants = false;

    (void)rq;
    if (k->qops->tick == NULL) {
        return false;
    }
    for (struct fair_queue *q = order_of(k, t->queue); q != NULL;
         se = parent_entity(q), q = q->parent) {
        wants |= k->qops->tick(k->qself, &q->pub, se) && q->pub.nr_queued > 1;
    }
    return wants;
}

bool fair_slice_timer(struct kernel *k, struct rq *rq, struct task *t)
{
    struct numasim_entity *se = &t->pub.se;
    bool wants = false;

    (void)rq;
    if (k->qops->slice_timer == NULL) {
        return false;
    }
    for (struct fair_queue *q = order_of(k, t->queue); q != NULL;
         se = parent_entity(q), q = q->parent) {
        wants |= k->qops->slice_timer(k->qself, &q->pub, se) && q->pub.nr_queued > 1;
    }
    return wants;
}

bool fair_wakeup_preempt(struct kernel *k, struct rq *rq, struct task *t, uint32_t wake_flags)
{
    struct numasim_entity *se = &t->pub.se, *curr = &rq->curr->pub.se;
    struct fair_queue *q = order_of(k, t->queue), *curr_q = order_of(k, rq->curr->queue);

    if (k->qops->wakeup_preempt == NULL) {
        return false;
    }
    /* Up to the level where both have an entity in one queue (find_matching_se()). */
    int32_t se_depth = q->depth, curr_depth = curr_q->depth;

    while (q != curr_q) {
        int32_t deeper = se_depth - curr_depth;

        if (deeper >= 0) {
            se = parent_entity(q);
            q = q->parent;
            se_depth--;
        }
        if (deeper <= 0) {
            curr = parent_entity(curr_q);
            curr_q = curr_q->parent;
            curr_depth--;
        }
    }
    if (q == NULL || se == curr || !se->queued || q->pub.curr != curr) {
        return false;
    }
    struct numasim_decision record;
    struct numasim_decision *d = decision_begin(k, &record);
    bool preempts = k->qops->wakeup_preempt(k->qself, &q->pub, se, wake_flags, d);

    decision_end(k, NUMASIM_ROLE_QUEUE, "queue.wakeup_preempt", t->pub.id, rq->pub.id, &record);
    return preempts;
}

/* Changes the weight of @se in the order of @q, where it is queued or not. */
static void entity_reweight(struct kernel *k, struct fair_queue *q, struct numasim_entity *se,
                            uint64_t load)
{
    uint32_t old_weight = se->weight;

    if (!se->queued) {
        set_weight(se, load);
        return;
    }
    if (k->qops->reweight == NULL) {
        bool was_curr = q->pub.curr == se, was_delayed = se->delayed;

        entity_dequeue(k, q, se, NUMASIM_DEQUEUE_SAVE);
        set_weight(se, load);
        entity_enqueue(k, q, se, NUMASIM_ENQUEUE_RESTORE);
        se->delayed = was_delayed;
        if (was_curr) {
            q->pub.curr = se;
            if (k->qops->set_current != NULL) {
                k->qops->set_current(k->qself, &q->pub, se);
            }
        }
        return;
    }
    set_weight(se, load);
    k->qops->reweight(k->qself, &q->pub, se, old_weight);
    q->pub.weight_sum += se->weight;
    q->pub.weight_sum -= old_weight;
}

void fair_refresh_weight(struct kernel *k, struct rq *rq, struct task *t)
{
    uint64_t load = effective_load(t);

    if (t->pub.se.queued && load != t->pub.se.load) {
        entity_reweight(k, rq->fair, &t->pub.se, load);
    }
}

void fair_reweight(struct kernel *k, struct rq *rq, struct task *t, uint32_t weight)
{
    uint32_t old_weight = t->weight;

    if (t->on_rq) {
        tick_catch_up(k, rq);
        update_curr(k, rq);
        queue_update_path(k, rq, t->queue);
        task_update_load(k, t);
        t->queue->load_weight += (uint64_t)weight << LOAD_SHIFT;
        t->queue->load_weight -= task_load_weight(t);
    }
    t->weight = weight;
    if (!t->on_rq || !fair_is_flat(k)) {
        entity_reweight(k, t->queue, &t->pub.se, task_load_weight(t));
    }
    if (t->started && t->avg.last_update_ns >= 0) {
        pelt_reweight(t->queue->avg, &t->avg, old_weight, weight);
        load_sums_changed(&k->loads, rq->pub.id);
    }
    if (t->on_rq) {
        cgroup_update_weights(k, t);
        if (fair_is_flat(k)) {
            fair_refresh_weight(k, rq, t);
        }
    }
}

void fair_reweight_queue(struct kernel *k, struct fair_queue *q, uint64_t shares)
{
    uint32_t old_weight = q->entity.weight;

    if (shares == q->shares) {
        return;
    }
    if (q->on_rq) {
        q->parent->load_weight += shares - q->shares;
    }
    q->shares = shares;
    if (load_scale_down(shares) != old_weight) {
        entity_reweight(k, q->parent, &q->entity, shares);
        if (q->entity_avg.last_update_ns >= 0) {
            pelt_reweight(q->parent->avg, &q->entity_avg, old_weight, q->entity.weight);
            load_sums_changed(&k->loads, q->pub.cpu);
        }
    }
}
