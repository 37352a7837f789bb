/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entities and queues of the fair class. The queue policy orders the entities of one queue; the
 * host walks the hierarchy of cgroups, counts, and checks what the policy answers.
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

struct fair_queue *fair_queue_new(struct kernel *k, int32_t cpu, int32_t cgroup)
{
    const struct numasim_policy *policy = k->roles[NUMASIM_ROLE_QUEUE].policy;
    struct fair_queue *q = g_new0(struct fair_queue, 1);

    q->pub.cpu = cpu;
    q->pub.cgroup = cgroup;
    q->pub.state = policy->queue_state_size > 0 ? g_malloc0(policy->queue_state_size) : NULL;
    q->entity.weight = 1024;
    list_init(&q->throttled_tasks);
    list_init(&q->throttled_link);
    q->entity.state =
        policy->entity_state_size > 0 && cgroup != 0 ? g_malloc0(policy->entity_state_size) : NULL;
    if (cgroup != 0) {
        q->pub.parent = &q->entity;
    }
    if (k->qops->queue_init != NULL) {
        k->qops->queue_init(k->qself, &q->pub);
    }
    return q;
}

void fair_queue_free(struct kernel *k, struct fair_queue *q)
{
    (void)k;
    if (q == NULL) {
        return;
    }
    g_free(q->pub.state);
    g_free(q->entity.state);
    g_free(q);
}

static struct fair_queue *queue_of(const struct numasim_entity *se)
{
    return (struct fair_queue *)(void *)se->queue;
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

void fair_enqueue(struct kernel *k, struct rq *rq, struct task *t, uint32_t flags)
{
    struct fair_queue *q = task_queue(k, t, rq->pub.id);
    struct numasim_entity *se = &t->pub.se;
    bool joining = true;

    for (; q != NULL; se = parent_entity(q), q = q->parent) {
        if (joining) {
            if (!entity_enqueue(k, q, se, flags)) {
                return;
            }
            if (q->pub.nr_queued == 1 && q->parent != NULL) {
                cgroup_queue_filled(k, q);
            }
            joining = q->pub.nr_queued == 1 && !q->throttled;
            flags = NUMASIM_ENQUEUE_WAKEUP; /* whatever the task is, its cgroup only wakes here */
        }
        q->nr_tasks++;
        if (q->parent != NULL) {
            cgroup_update_weight(k, q);
        }
        if (q->throttled) {
            break; /* those above do not count what is below */
        }
    }
}

static bool entity_dequeue(struct kernel *k, struct fair_queue *q, struct numasim_entity *se,
                           uint32_t flags)
{
    if (!k->qops->dequeue(k->qself, &q->pub, se, flags)) {
        bool may_delay = se->is_task && (flags & NUMASIM_DEQUEUE_SLEEP) != 0 &&
                         (flags & NUMASIM_DEQUEUE_DELAYED) == 0;

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

bool fair_dequeue(struct kernel *k, struct rq *rq, struct task *t, uint32_t flags)
{
    struct fair_queue *q = queue_of(&t->pub.se);
    struct numasim_entity *se = &t->pub.se;
    bool leaving = true;

    (void)rq;
    for (; q != NULL; se = parent_entity(q), q = q->parent) {
        if (leaving) {
            if (!entity_dequeue(k, q, se, flags)) {
                return false;
            }
            if (q->pub.nr_queued == 0 && q->parent != NULL) {
                cgroup_queue_emptied(k, q);
            }
            leaving = q->pub.nr_queued == 0 && !q->throttled;
            flags |= NUMASIM_DEQUEUE_DELAYED; /* a cgroup's entity leaves at once */
        }
        q->nr_tasks--;
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

void fair_leave_parent(struct kernel *k, struct fair_queue *q)
{
    bool leaving = q->entity.queued;

    for (; leaving && q->parent != NULL; q = q->parent) {
        entity_dequeue(k, q->parent, &q->entity, NUMASIM_DEQUEUE_SLEEP | NUMASIM_DEQUEUE_DELAYED);
        if (q->parent->pub.nr_queued == 0 && q->parent->parent != NULL) {
            cgroup_queue_emptied(k, q->parent);
        }
        leaving = q->parent->pub.nr_queued == 0 && !q->parent->throttled;
    }
}

void fair_join_parent(struct kernel *k, struct fair_queue *q)
{
    bool joining = !q->entity.queued;

    for (; joining && q->parent != NULL; q = q->parent) {
        joining = entity_enqueue(k, q->parent, &q->entity, NUMASIM_ENQUEUE_WAKEUP) &&
                  q->parent->pub.nr_queued == 1;
        if (joining && q->parent->parent != NULL) {
            cgroup_queue_filled(k, q->parent);
        }
        joining = joining && !q->parent->throttled;
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
            return (struct task *)(void *)se;
        }
        q = container_of(se, struct fair_queue, entity);
    }
}

void fair_set_current(struct kernel *k, struct rq *rq, struct task *t)
{
    struct numasim_entity *se = &t->pub.se;

    (void)rq;
    for (struct fair_queue *q = queue_of(se); q != NULL; se = parent_entity(q), q = q->parent) {
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
static bool in_path(const struct numasim_entity *se, const struct task *next)
{
    if (next == NULL || next->pub.sched_class != NUMASIM_CLASS_FAIR) {
        return false;
    }
    if (se == &next->pub.se) {
        return true;
    }
    for (struct fair_queue *q = queue_of(&next->pub.se); q != NULL; q = q->parent) {
        if (se == parent_entity(q)) {
            return true;
        }
    }
    return false;
}

void fair_put_current(struct kernel *k, struct task *t, const struct task *next)
{
    struct numasim_entity *se = &t->pub.se;

    for (struct fair_queue *q = queue_of(se); q != NULL; se = parent_entity(q), q = q->parent) {
        if (in_path(se, next)) {
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
    for (struct fair_queue *q = queue_of(se); q != NULL; se = parent_entity(q), q = q->parent) {
        se->sum_exec_ns += delta_ns;
        if (k->qops->account != NULL && q->pub.curr == se) {
            wants |= k->qops->account(k->qself, &q->pub, se, delta_ns) && q->pub.nr_queued > 1;
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
    for (struct fair_queue *q = queue_of(se); q != NULL; se = parent_entity(q), q = q->parent) {
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
    for (struct fair_queue *q = queue_of(se); q != NULL; se = parent_entity(q), q = q->parent) {
        wants |= k->qops->slice_timer(k->qself, &q->pub, se) && q->pub.nr_queued > 1;
    }
    return wants;
}

/* How many queues stand above @q. */
static int32_t depth(const struct fair_queue *q)
{
    int32_t n = 0;

    for (; q->parent != NULL; q = q->parent) {
        n++;
    }
    return n;
}

bool fair_wakeup_preempt(struct kernel *k, struct rq *rq, struct task *t, uint32_t wake_flags)
{
    struct numasim_entity *se = &t->pub.se, *curr = &rq->curr->pub.se;
    struct fair_queue *q = queue_of(se), *curr_q = queue_of(curr);

    if (k->qops->wakeup_preempt == NULL) {
        return false;
    }
    /* Up to the level where both have an entity in one queue (find_matching_se()). */
    int32_t se_depth = depth(q), curr_depth = depth(curr_q);

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

/* Changes the weight of @se, queued on @q or not. */
static void entity_reweight(struct kernel *k, struct fair_queue *q, struct numasim_entity *se,
                            uint32_t weight)
{
    uint32_t old_weight = se->weight;

    if (!se->queued) {
        se->weight = weight;
        return;
    }
    if (k->qops->reweight == NULL) {
        bool was_curr = q->pub.curr == se, was_delayed = se->delayed;

        entity_dequeue(k, q, se, NUMASIM_DEQUEUE_SAVE);
        se->weight = weight;
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
    se->weight = weight;
    k->qops->reweight(k->qself, &q->pub, se, old_weight);
    q->pub.weight_sum += weight;
    q->pub.weight_sum -= old_weight;
}

void fair_reweight(struct kernel *k, struct rq *rq, struct task *t, uint32_t weight)
{
    uint32_t old_weight = t->pub.se.weight;

    if (t->pub.se.queued) {
        tick_catch_up(k, rq);
        update_curr(k, rq);
        rq_update_load(k, rq);
        task_update_load(k, t);
        if (t->pub.task_state != NUMASIM_TASK_THROTTLED) {
            rq->load_weight += weight;
            rq->load_weight -= t->pub.se.weight;
        }
    }
    entity_reweight(k, queue_of(&t->pub.se), &t->pub.se, weight);
    if (t->started && t->avg.last_update_ns >= 0) {
        pelt_reweight(&rq->avg, &t->avg, old_weight, weight);
        load_sums_changed(&k->loads, rq->pub.id);
    }
    if (t->pub.se.queued) {
        cgroup_update_weights(k, t);
    }
}

void fair_reweight_queue(struct kernel *k, struct fair_queue *q, uint32_t weight)
{
    if (weight != q->entity.weight) {
        entity_reweight(k, q->parent, &q->entity, weight);
    }
}
