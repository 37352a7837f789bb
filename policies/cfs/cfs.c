/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfs - the completely fair scheduler, as Linux 6.1 has it.
 *
 * IDEA. Each entity has a virtual runtime that grows as it runs, the faster the lighter it weighs;
 * the one with the least runs, until it has had its slice: a share, by weight, of a period in which
 * everybody gets one. Who wakes is placed a little behind the queue's own time, so that it runs
 * soon and cannot claim what it slept through; it preempts whoever is ahead of it by more than a
 * granularity. Buddies bend the order within that granularity: the woken one next, the preempted
 * one after it, one that yielded last.
 *
 * SOURCE. kernel/sched/fair.c, kernel/sched/features.h, Linux 6.1. The integers are the kernel's:
 * weights' 32-bit inverses, truncation. CFS left the kernel with 6.6.
 *
 * FITS. Linux 2.6.23 to 6.5; with alt_period and base_slice off, 5.12 and before. Contrast with
 * eevdf.
 *
 * DOES NOT FIT. EEVDF. child_runs_first, which is off, is left out. Where a cgroup preempts, the policy
 * of the task inside it that woke is not known here: it counts as SCHED_OTHER, and is not made a
 * buddy in its own cgroup's queue. There is no yield_to(), which KVM calls.
 *
 * PARAMETERS. The four times, tunable_scaling, and one switch for each sched feature, under the
 * kernel's names.
 *
 * COMPLEXITY. O(log n) for each operation; a slice also walks up the cgroups.
 */
#include "cfs.h"

static struct cfs_entity *first_of(struct cfs_queue *cq)
{
    return (struct cfs_entity *)(void *)tree_first(cq->root);
}

static void insert(struct cfs_queue *cq, struct cfs_entity *es)
{
    es->node.key = es->node.vruntime;
    es->node.seq = cq->seq++;
    tree_insert(&cq->root, &es->node);
}

/* update_min_vruntime(). */
static void update_min_vruntime(struct cfs_queue *cq)
{
    const struct cfs_entity *first = first_of(cq), *least = cq->running;

    if (least == NULL || (first != NULL && first->node.vruntime < least->node.vruntime)) {
        least = first;
    }
    if (least != NULL && least->node.vruntime > cq->min_vruntime) {
        cq->min_vruntime = least->node.vruntime;
    }
}

static void clear_buddies(struct cfs_queue *cq, const struct cfs_entity *es)
{
    cq->next = cq->next == es ? NULL : cq->next;
    cq->last = cq->last == es ? NULL : cq->last;
    cq->skip = cq->skip == es ? NULL : cq->skip;
}

/* set_next_buddy() with next, set_last_buddy() with last: at each level, up to a cgroup with cpu.idle. */
static void set_buddy(const struct numasim_entity *se, bool next)
{
    for (; se != NULL && se->queued && !se->idle_policy; se = se->queue->parent) {
        struct cfs_queue *cq = se->queue->state;

        *(next ? &cq->next : &cq->last) = se->state;
    }
}

/* place_entity() of one that wakes: credited with a part of what it slept, never moved back. */
static void place_sleeper(struct numasim_self *self, const struct cfs_queue *cq,
                          struct cfs_entity *es)
{
    int64_t credit = cfs_scaled_ns(self, es->se->idle_policy ? CFS_MIN_GRANULARITY : CFS_LATENCY);
    int64_t floor =
        cq->min_vruntime - (cfs_has(self, CFS_GENTLE_FAIR_SLEEPERS) ? credit >> 1 : credit);

    if (es->node.vruntime < floor) {
        es->node.vruntime = floor;
    }
}

/* place_entity() of a new one, on the queue where it was made. */
static void place_new(struct numasim_self *self, struct numasim_queue *q, struct cfs_entity *es,
                      struct numasim_entity *se)
{
    const struct cfs_queue *cq = q->state;
    int64_t at = cq->min_vruntime;

    cfs_load(es, se);
    if (cfs_has(self, CFS_START_DEBIT)) {
        at += weight_vdelta(&es->load, cfs_slice_ns(self, q, se));
    }
    if (es->node.vruntime < at) {
        es->node.vruntime = at;
    }
}

/* task_fork_fair(): placed beside its parent, and carried to where it will start. */
static void cfs_task_init(struct numasim_self *self, struct numasim_task *task,
                          struct numasim_task *parent)
{
    struct cfs_entity *es = task->se.state;
    const struct numasim_entity *pse = parent != NULL ? &parent->se : NULL;

    if (es == NULL || pse == NULL || pse->queue == NULL || !pse->queued) {
        return;
    }
    struct numasim_queue *q = pse->queue;

    es->se = &task->se;
    es->home = q->state;
    es->node.vruntime = ((const struct cfs_entity *)pse->state)->node.vruntime;
    place_new(self, q, es, &task->se);
    es->node.vruntime -= es->home->min_vruntime;
    es->relative = true;
}

/* Makes vruntime count in @cq's time: as migrate_task_rq_fair() and enqueue_entity() do between
 * them, at the time of both. */
static void settle(struct cfs_queue *cq, struct cfs_entity *es)
{
    if (es->relative) {
        es->node.vruntime += cq->min_vruntime;
    } else if (es->home != cq && es->home != NULL) {
        es->node.vruntime += cq->min_vruntime - es->home->min_vruntime;
    }
    es->home = cq;
    es->relative = false;
}

static void cfs_enqueue(struct numasim_self *self, struct numasim_queue *q,
                        struct numasim_entity *se, uint32_t flags)
{
    struct cfs_queue *cq = q->state;
    struct cfs_entity *es = se->state;
    bool first_time = es->home == NULL;

    es->se = se;
    cfs_load(es, se);
    settle(cq, es);
    if ((flags & NUMASIM_ENQUEUE_WAKEUP) != 0) {
        place_sleeper(self, cq, es); /* a cgroup, even where it is new */
    } else if (first_time) {
        es->node.vruntime = cq->min_vruntime;
        place_new(self, q, es, se);
    }
    if (q->curr == se && cq->running == NULL) {
        cq->running = es; /* taken off a moment ago while it runs */
    } else {
        insert(cq, es);
    }
}

static bool cfs_dequeue(struct numasim_self *self, struct numasim_queue *q,
                        struct numasim_entity *se, uint32_t flags)
{
    struct cfs_queue *cq = q->state;
    struct cfs_entity *es = se->state;

    (void)self;
    clear_buddies(cq, es);
    if (cq->running == es) {
        cq->running = NULL;
    } else {
        tree_remove(&cq->root, &es->node);
    }
    if ((flags & (NUMASIM_DEQUEUE_SLEEP | NUMASIM_DEQUEUE_DELAYED)) == 0) {
        es->node.vruntime -= cq->min_vruntime;
        es->relative = true;
    }
    if ((flags & NUMASIM_DEQUEUE_SAVE) == 0) {
        update_min_vruntime(cq);
    }
    if ((flags & NUMASIM_DEQUEUE_SLEEP) != 0 && q->nr_queued > 1) {
        set_buddy(q->parent, true); /* the cgroup has not had its turn yet */
    }
    return true;
}

/* wakeup_preempt_entity() == 1: @curr is ahead of @es by more than its granularity. */
static bool is_ahead(struct numasim_self *self, const struct cfs_entity *curr,
                     const struct cfs_entity *es)
{
    int64_t lead = curr->node.vruntime - es->node.vruntime;

    return lead > 0 && lead > weight_vdelta(&es->load, cfs_scaled_ns(self, CFS_WAKEUP_GRANULARITY));
}

/* Of @es (may be NULL) and the running one, that with less vruntime; @es where they are equal. */
static struct cfs_entity *or_running(const struct cfs_queue *cq, struct cfs_entity *es)
{
    struct cfs_entity *curr = cq->running;

    return es == NULL || (curr != NULL && curr->node.vruntime < es->node.vruntime) ? curr : es;
}

/* pick_next_entity(). */
static struct numasim_entity *cfs_pick(struct numasim_self *self, struct numasim_queue *q)
{
    struct cfs_queue *cq = q->state;
    struct cfs_entity *left = or_running(cq, first_of(cq)), *best = left;

    if (left == NULL) {
        return NULL;
    }
    if (cq->skip == best) {
        struct cfs_entity *second =
            best == cq->running
                ? first_of(cq)
                : or_running(cq, (struct cfs_entity *)(void *)tree_next(cq->root, &best->node));

        if (second != NULL && !is_ahead(self, second, left)) {
            best = second;
        }
    }
    if (cq->next != NULL && !is_ahead(self, cq->next, left)) {
        best = cq->next;
    } else if (cq->last != NULL && !is_ahead(self, cq->last, left)) {
        best = cq->last;
    }
    return best->se;
}

static void cfs_put_current(struct numasim_self *self, struct numasim_queue *q,
                            struct numasim_entity *se)
{
    struct cfs_queue *cq = q->state;
    struct cfs_entity *es = se->state;

    (void)self;
    if (cq->running == es) {
        cq->running = NULL;
        insert(cq, es);
    }
}

/* hrtick_start_fair(), hrtick_start(): a timer for the end of the slice of @se, a task that runs, and
 * no sooner than 10 us from now: where the slice is over (true), and it is picked again all the same,
 * it is asked again then. */
static bool start_hrtick(struct numasim_self *self, struct numasim_queue *q,
                         const struct numasim_entity *se)
{
    enum { LEAST_NS = 10000 };
    const struct cfs_entity *es = se->state;
    int64_t left_ns;

    if (!cfs_has(self, CFS_HRTICK) || !se->is_task ||
        numasim_cpu(self->host, q->cpu)->nr_fair < 2) {
        return false;
    }
    left_ns = cfs_slice_ns(self, q, se) - (se->sum_exec_ns - es->prev_sum_exec_ns);
    numasim_set_slice_timer(self->host, q,
                            numasim_now(self->host) + (left_ns > LEAST_NS ? left_ns : LEAST_NS));
    return left_ns <= 0;
}

/* set_next_entity(). */
static void cfs_set_current(struct numasim_self *self, struct numasim_queue *q,
                            struct numasim_entity *se)
{
    struct cfs_queue *cq = q->state;
    struct cfs_entity *es = se->state;

    if (cq->running != NULL && cq->running != es) {
        cfs_put_current(self, q, cq->running->se);
    }
    if (tree_contains(&es->node)) {
        tree_remove(&cq->root, &es->node);
    }
    clear_buddies(cq, es);
    cq->running = es;
    es->prev_sum_exec_ns = se->sum_exec_ns;
    start_hrtick(self, q, se);
}

/* update_curr(). */
static bool cfs_account(struct numasim_self *self, struct numasim_queue *q,
                        struct numasim_entity *se, int64_t delta_ns)
{
    struct cfs_queue *cq = q->state;
    struct cfs_entity *es = se->state;

    (void)self;
    if (cq->running == es) {
        es->node.vruntime += weight_vdelta(&es->load, delta_ns);
        update_min_vruntime(cq);
    }
    return false;
}

/* check_preempt_tick(). */
static bool cfs_tick(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se)
{
    struct cfs_queue *cq = q->state;
    struct cfs_entity *es = se->state, *first = first_of(cq);
    int64_t ran = se->sum_exec_ns - es->prev_sum_exec_ns, slice;

    if (q->nr_queued <= 1 || cq->running != es) {
        return false;
    }
    if (cfs_has(self, CFS_HRTICK) && !cfs_has(self, CFS_DOUBLE_TICK)) {
        return false; /* the timer is set */
    }
    slice = cfs_slice_ns(self, q, se);
    if (ran > slice) {
        clear_buddies(cq, es);
        return true;
    }
    /* Virtual time is compared with real time, as there. */
    return ran >= cfs_scaled_ns(self, CFS_MIN_GRANULARITY) && first != NULL &&
           es->node.vruntime - first->node.vruntime > slice;
}

/* hrtick(), entity_tick(): the slice is over, unless who left since has made it longer. */
static bool cfs_slice_timer(struct numasim_self *self, struct numasim_queue *q,
                            struct numasim_entity *se)
{
    return se->is_task && start_hrtick(self, q, se);
}

static bool decide(struct numasim_decision *d, const struct cfs_queue *cq,
                   const struct cfs_entity *es, uint32_t reason, bool preempt)
{
    if (d != NULL) {
        numasim_decide(d, preempt, reason);
        numasim_compared(d, "wakee_vruntime", es->node.vruntime);
        numasim_compared(d, "curr_vruntime", cq->running->node.vruntime);
        numasim_compared(d, "min_vruntime", cq->min_vruntime);
    }
    return preempt;
}

/* sched_nr_latency: buddies matter where this many entities are queued. */
static bool is_crowded(const struct numasim_queue *q)
{
    return q->nr_queued >= 8;
}

/* check_preempt_wakeup(). */
static bool check_preempt(struct numasim_self *self, struct numasim_queue *q,
                          struct numasim_entity *se, uint32_t wake_flags,
                          struct numasim_decision *d)
{
    struct cfs_queue *cq = q->state;
    struct cfs_entity *es = se->state, *curr = cq->running;
    const struct numasim_task *task = numasim_entity_task(se);
    bool marked =
        cfs_has(self, CFS_NEXT_BUDDY) && is_crowded(q) && (wake_flags & NUMASIM_WAKE_FORK) == 0;

    if (curr == NULL || curr == es) {
        return false;
    }
    if (marked) {
        set_buddy(se, true);
    }
    if (curr->se->idle_policy && !se->idle_policy) {
        return decide(d, cq, es, CFS_REASON_IDLE_CURRENT, true);
    }
    if (task != NULL && task->policy != NUMASIM_SCHED_OTHER) {
        return decide(d, cq, es, se->idle_policy ? CFS_REASON_IDLE_WAKEE : CFS_REASON_BATCH, false);
    }
    if (!cfs_has(self, CFS_WAKEUP_PREEMPTION)) {
        return decide(d, cq, es, CFS_REASON_OFF, false);
    }
    if (se->idle_policy && !curr->se->idle_policy) {
        return decide(d, cq, es, CFS_REASON_IDLE_WAKEE, false);
    }
    if (!is_ahead(self, curr, es)) {
        return decide(d, cq, es, CFS_REASON_TOO_NEAR, false);
    }
    if (!marked) {
        set_buddy(se, true);
    }
    if (cfs_has(self, CFS_LAST_BUDDY) && is_crowded(q) && curr->se->is_task) {
        set_buddy(curr->se, false);
    }
    return decide(d, cq, es, CFS_REASON_AHEAD, true);
}

/* With who joined, the slice of the current one is shorter (hrtick_update()). */
static bool cfs_wakeup_preempt(struct numasim_self *self, struct numasim_queue *q,
                               struct numasim_entity *se, uint32_t wake_flags,
                               struct numasim_decision *d)
{
    const struct cfs_queue *cq = q->state;
    bool preempts = check_preempt(self, q, se, wake_flags, d);

    if (!preempts && cq->running != NULL && !is_crowded(q) &&
        start_hrtick(self, q, cq->running->se)) {
        return decide(d, cq, se->state, CFS_REASON_SLICE_OVER, true);
    }
    return preempts;
}

/* yield_task_fair(). */
static void cfs_yield(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se)
{
    struct cfs_queue *cq = q->state;
    struct cfs_entity *es = se->state;

    (void)self;
    if (q->nr_queued > 1 && cq->running == es) {
        clear_buddies(cq, es);
        cq->skip = es;
    }
}

/* reweight_entity(): vruntime stays; it only grows at another pace from here. */
static void cfs_reweight(struct numasim_self *self, struct numasim_queue *q,
                         struct numasim_entity *se, uint32_t old_weight)
{
    (void)self;
    (void)q;
    (void)old_weight;
    cfs_load(se->state, se);
}

static int64_t cfs_lag(struct numasim_self *self, struct numasim_queue *q,
                       const struct numasim_entity *se)
{
    const struct cfs_queue *cq = q->state;
    const struct cfs_entity *es = se->state;

    (void)self;
    return se->queued
               ? (cq->min_vruntime - es->node.vruntime) * (int64_t)es->load.weight / NICE_0_WEIGHT
               : 0;
}

static bool cfs_is_buddy(const struct numasim_queue *q, const struct numasim_entity *se)
{
    const struct cfs_queue *cq = q->state;

    return cq->next == se->state || cq->last == se->state;
}

static void cfs_show(const struct numasim_self *self, const struct numasim_entity *se,
                     struct numasim_entity_shown *out)
{
    const struct cfs_entity *es = se->state;

    (void)self;
    out->vruntime_ns = es->node.vruntime;
}

static const struct numasim_queue_ops cfs_queue_ops = {
    .enqueue = cfs_enqueue,
    .dequeue = cfs_dequeue,
    .pick = cfs_pick,
    .set_current = cfs_set_current,
    .put_current = cfs_put_current,
    .account = cfs_account,
    .tick = cfs_tick,
    .slice_timer = cfs_slice_timer,
    .wakeup_preempt = cfs_wakeup_preempt,
    .yield = cfs_yield,
    .reweight = cfs_reweight,
    .lag = cfs_lag,
    .show = cfs_show,
    .is_buddy = cfs_is_buddy,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "cfs",
    .summary = "completely fair scheduler, as in Linux 6.1",
    .version = "1",
    .essay =
        "Each entity has a virtual runtime that grows as it runs, the faster the lighter it "
        "weighs;\n"
        "the one with the least runs until it has had its slice, a share of a period by weight. "
        "Who\n"
        "wakes is placed half a latency behind the queue's time, and preempts whoever is ahead of "
        "it\n"
        "by more than the wakeup granularity. Buddies bend the order within that granularity.\n"
        "Source: kernel/sched/fair.c of Linux 6.1, in its integers.\n"
        "Fits Linux up to 6.5. Does not fit EEVDF (6.6 and later). Slices end at ticks, or by a\n"
        "timer with hrtick.\n"
        "O(log n) for each operation; a slice also walks up the cgroups.\n",
    .params = cfs_params,
    .reasons = cfs_reasons,
    .state_size = sizeof(struct cfs_state),
    .queue_state_size = sizeof(struct cfs_queue),
    .entity_state_size = sizeof(struct cfs_entity),
    .task_init = cfs_task_init,
    .queue = &cfs_queue_ops,
};
