/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * eevdf - earliest eligible virtual deadline first, as Linux 6.12 has it.
 *
 * IDEA. Each entity is owed CPU time in proportion to its weight. Its lag is what it is owed: the
 * queue's virtual time V less its own, vruntime. It asks for service in requests of one slice;
 * a request's virtual deadline is where vruntime will stand when it has been served. Among those that
 * are owed something (lag >= 0: eligible) the one with the earliest deadline runs. Lag stays
 * bounded by a slice and a tick, and a shorter slice buys lower latency, not more time. Whoever
 * leaves takes its lag along; whoever would leave in debt stays queued until V has caught up
 * (delayed dequeue), so that a short sleep cannot wash a debt away.
 *
 * SOURCE. I. Stoica, H. Abdel-Wahab, "Earliest Eligible Virtual Deadline First", 1995;
 * kernel/sched/fair.c, kernel/sched/features.h, Linux 6.12.y (the longterm release, which took over
 * the base slice of 0.70 ms and a yield that gives up the whole request from later ones).
 * The integers are the kernel's: weights' 32-bit inverses, truncation, V rounded down.
 *
 * FITS. Linux 6.6 and later; with delayed dequeue, short-slice preemption and relative deadlines
 * switched off, nearly 6.6 itself; with slice_protection, short_wakee and reweight switched, 6.18; with
 * lag_limit and fork_preempt too, and the host's flat_queue, 7.3: then weights have ten more bits, and
 * virtual time is divided instead of multiplied with an inverse. Contrast with fifo and rr.
 *
 * DOES NOT FIT. CFS (6.5 and before). Without hrtick the end of a slice is seen at ticks, which with
 * 2.8 ms and HZ 250 makes it 4 ms. Where a cgroup preempts, the policy of the task inside it that woke is
 * not known here: it counts as SCHED_OTHER, and next_buddy does not mark it in its own cgroup's queue.
 * From 7.0 on a wakeup's pick takes a delayed entity that it meets off the queue, and picks again; here
 * the woken one does not preempt then. There is no yield_to(), which KVM calls.
 *
 * PARAMETERS. base_slice and tunable_scaling, and one switch for each sched feature, under the
 * kernel's name.
 *
 * COMPLEXITY. O(log n) for each operation; O(1) for accounting.
 */
#include "buddy.h"
#include "params.h"
#include "place.h"
#include "preempt.h"
#include "protect.h"
#include "vtime.h"

/* Tells the cgroup's own entity the shortest slice among its members, as cfs_rq_min_slice(). */
static void pass_slice_up(struct numasim_queue *q, const struct eevdf_queue *eq)
{
    if (q->parent == NULL) {
        return;
    }
    struct eevdf_entity *group = q->parent->state;
    int64_t shortest = eevdf_shortest_slice_ns(eq);

    if (shortest != INT64_MAX) {
        group->group_slice_ns = shortest;
    }
}

static void insert(struct eevdf_queue *eq, struct eevdf_entity *es)
{
    es->node.seq = eq->seq++;
    timeline_insert(&eq->waiting, &es->node);
}

/* What @se counts for in @q. */
static uint64_t weight_in(const struct numasim_queue *q, const struct numasim_entity *se)
{
    return q->flat ? se->load : se->weight;
}

static void set_weight(const struct numasim_queue *q, struct eevdf_entity *es)
{
    if (q->flat) {
        weight_set_load(&es->load, es->node.se->load);
    } else {
        weight_set(&es->load, es->node.se->weight, es->node.se->is_task);
    }
}

/* Changed while away: the service owed stays, and that left until the deadline (rescale_entity()). */
static void rescale(struct eevdf_entity *es, uint64_t was, uint64_t is)
{
    es->vlag = eevdf_rescale(es->vlag, was, is);
    if (es->relative_deadline) {
        es->node.key = eevdf_rescale(es->node.key, was, is);
    }
}

/* hrtick_start_fair(), hrtick_start(): a timer where the current request will be served, and no
 * sooner than 10 us from now; @nr: entities, when the call is over. */
static void start_hrtick(struct numasim_self *self, struct numasim_queue *q, uint32_t nr)
{
    enum { LEAST_NS = 10000 };
    struct eevdf_queue *eq = q->state;
    const struct eevdf_entity *es = eq->running;

    if (!eevdf_has(self, EEVDF_HRTICK) || es == NULL || nr < 2) {
        return;
    }
    int64_t left_ns =
        eevdf_rescale(es->node.key - es->node.vruntime, es->load.weight, weight_unit(&es->load));

    numasim_set_slice_timer(self->host, q,
                            numasim_now(self->host) + (left_ns > LEAST_NS ? left_ns : LEAST_NS));
}

static void eevdf_enqueue(struct numasim_self *self, struct numasim_queue *q,
                          struct numasim_entity *se, uint32_t flags)
{
    struct eevdf_queue *eq = q->state;
    struct eevdf_entity *es = se->state;

    es->node.se = se;
    if (es->load.weight != weight_in(q, se)) {
        if (es->load.weight != 0) {
            rescale(es, es->load.weight, weight_in(q, se));
        }
        set_weight(q, es);
    }
    eevdf_place(self, eq, es, flags);
    eevdf_count(eq, es);
    es->queued = true;
    if (q->curr == se && eq->running == NULL) {
        eq->running = es; /* taken off a moment ago while it runs */
    } else {
        insert(eq, es);
    }
    pass_slice_up(q, eq);
    start_hrtick(self, q, q->nr_queued + 1);
}

/* dequeue_entity(): in debt, and no task that exits. */
static bool may_delay(struct numasim_self *self, const struct eevdf_queue *eq,
                      const struct eevdf_entity *es, uint32_t flags)
{
    const struct numasim_task *task = numasim_entity_task(es->node.se);

    return (flags & (NUMASIM_DEQUEUE_SLEEP | NUMASIM_DEQUEUE_DELAYED)) == NUMASIM_DEQUEUE_SLEEP &&
           (task == NULL || task->task_state != NUMASIM_TASK_DEAD) &&
           eevdf_has(self, EEVDF_DELAY_DEQUEUE) && !eevdf_eligible(eq, es);
}

static bool eevdf_dequeue(struct numasim_self *self, struct numasim_queue *q,
                          struct numasim_entity *se, uint32_t flags)
{
    struct eevdf_queue *eq = q->state;
    struct eevdf_entity *es = se->state;
    bool sleeps = (flags & (NUMASIM_DEQUEUE_SLEEP | NUMASIM_DEQUEUE_DELAYED)) != 0;

    eevdf_clear_buddies(se);
    if (may_delay(self, eq, es, flags)) {
        if (eq->running == es) {
            eq->running = NULL;
            insert(eq, es);
        }
        return false;
    }
    es->vlag = eevdf_limited_lag(self, eq, es);
    if (eq->running == es) {
        eq->running = NULL;
    } else {
        timeline_remove(&eq->waiting, &es->node);
    }
    eevdf_uncount(eq, es);
    if (se->delayed && sleeps && es->vlag > 0 && eevdf_has(self, EEVDF_DELAY_ZERO)) {
        es->vlag = 0;
    }
    if (!sleeps && eevdf_has(self, EEVDF_PLACE_REL_DEADLINE)) {
        es->node.key -= es->node.vruntime;
        es->relative_deadline = true;
    }
    es->queued = false;
    pass_slice_up(q, eq);
    if (sleeps && q->nr_queued > 1) {
        eevdf_set_next_buddy(q->parent); /* the cgroup has not had its turn yet */
    }
    return true;
}

/* requeue_delayed_entity(): debts stay, credit is forfeited. */
static void eevdf_requeue_delayed(struct numasim_self *self, struct numasim_queue *q,
                                  struct numasim_entity *se)
{
    struct eevdf_queue *eq = q->state;
    struct eevdf_entity *es = se->state;

    if (!eevdf_has(self, EEVDF_DELAY_ZERO) || eevdf_limited_lag(self, eq, es) <= 0) {
        return;
    }
    timeline_remove(&eq->waiting, &es->node);
    eevdf_uncount(eq, es);
    es->vlag = 0;
    eevdf_place(self, eq, es, 0);
    eevdf_count(eq, es);
    insert(eq, es);
}

static void eevdf_put_current(struct numasim_self *self, struct numasim_queue *q,
                              struct numasim_entity *se)
{
    struct eevdf_queue *eq = q->state;
    struct eevdf_entity *es = se->state;

    (void)self;
    if (eq->running == es) { /* one that is delayed waits already */
        eq->running = NULL;
        insert(eq, es);
    }
}

/* set_next_entity(): becoming current protects it for the rest of its present request. */
static void eevdf_set_current(struct numasim_self *self, struct numasim_queue *q,
                              struct numasim_entity *se)
{
    struct eevdf_queue *eq = q->state;
    struct eevdf_entity *es = se->state;

    if (eq->running != NULL && eq->running != es) {
        eevdf_put_current(self, q, eq->running->node.se);
    }
    if (timeline_contains(&es->node)) {
        timeline_remove(&eq->waiting, &es->node);
    }
    eq->running = es;
    eevdf_clear_buddies(se);
    eevdf_protect(self, eq, es);
    start_hrtick(self, q, q->nr_queued);
}

/* Whether the current entity, accounted for just now, has run long enough: 6.12 asks beyond a
 * protected request only with preempt_short (did_preempt_short()), 6.17 without. */
static bool has_run_enough(const struct numasim_self *self, const struct eevdf_queue *eq,
                           const struct eevdf_entity *es)
{
    if (eevdf_is_protected(self, es)) {
        return false;
    }
    return self->param[EEVDF_SLICE_PROTECTION] != EEVDF_PROTECT_DEADLINE ||
           (eevdf_has(self, EEVDF_PREEMPT_SHORT) && !eevdf_eligible(eq, es));
}

/* update_curr(): a served request is followed by the next, and by a new pick, for which it is no
 * buddy any more. */
static bool eevdf_account(struct numasim_self *self, struct numasim_queue *q,
                          struct numasim_entity *se, int64_t delta_ns)
{
    struct eevdf_queue *eq = q->state;
    struct eevdf_entity *es = se->state;
    bool served = false;

    timeline_prefetch(&eq->waiting);
    if (eq->running != es) {
        return false;
    }
    eevdf_advance(eq, es, weight_vdelta(&es->load, delta_ns));
    if (es->node.vruntime >= es->node.key) {
        served = true;
        es->node.slice_ns = eevdf_slice_ns(self, es);
        es->node.key = es->node.vruntime + weight_vdelta(&es->load, es->node.slice_ns);
    }
    if (q->nr_queued == 1) {
        return false;
    }
    if (served) {
        start_hrtick(self, q, q->nr_queued);
    }
    if (!served && !has_run_enough(self, eq, es)) {
        return false;
    }
    eevdf_clear_buddies(se);
    return true;
}

/* The request that it was set for has been served, and account() said so; or it is short of it by
 * what was not the task's own time. */
static bool eevdf_slice_timer(struct numasim_self *self, struct numasim_queue *q,
                              struct numasim_entity *se)
{
    (void)se;
    start_hrtick(self, q, q->nr_queued);
    return false;
}

/* yield_task_fair(): gives up the rest of the request, if there is anything to give up. */
static void eevdf_yield(struct numasim_self *self, struct numasim_queue *q,
                        struct numasim_entity *se)
{
    struct eevdf_queue *eq = q->state;
    struct eevdf_entity *es = se->state;

    (void)self;
    eevdf_clear_buddies(se);
    if (q->nr_queued > 1 && eq->running == es && eevdf_eligible(eq, es)) {
        eevdf_advance(eq, es, es->node.key - es->node.vruntime);
        es->node.key += weight_vdelta(&es->load, es->node.slice_ns);
    }
}

/* reweight_eevdf(), 6.12: the service owed, and the service left until the deadline, stay, and so does
 * the queue's average; @es is out of its sums, with the new weight. */
static void reweight_around(const struct numasim_self *self, const struct eevdf_queue *eq,
                            struct eevdf_entity *es, uint64_t was, int64_t average, int64_t lag)
{
    uint64_t is = es->load.weight;
    int64_t left = es->node.key - average, guarded = es->protected_till - average;
    bool is_protected = self->param[EEVDF_SLICE_PROTECTION] != EEVDF_PROTECT_DEADLINE &&
                        eq->running == es && eevdf_is_protected(self, es);

    es->node.vruntime = average - eevdf_rescale(lag, was, is);
    es->node.key = average + eevdf_rescale(left, was, is);
    if (is_protected) {
        es->protected_till = average + eevdf_rescale(guarded, was, is);
    }
}

/*
 * reweight_entity(), 6.13: as if it had left, owed @lag, and joined. The current one counts meanwhile,
 * at its new weight, and a second time where place_entity() inflates its lag; what it is protected to
 * stays where it is.
 */
static void reweight_by_placing(struct numasim_self *self, struct eevdf_queue *eq,
                                struct eevdf_entity *es, uint64_t was, int64_t lag)
{
    int64_t old = es->node.vruntime, placed;

    es->vlag = lag;
    es->node.key -= old;
    es->relative_deadline = true;
    rescale(es, was, es->load.weight);
    if (eq->running == es) {
        eevdf_count(eq, es);
    }
    eevdf_place(self, eq, es, 0);
    if (eq->running == es) {
        placed = es->node.vruntime;
        es->node.vruntime = old;
        eevdf_uncount(eq, es);
        es->node.vruntime = placed;
    }
}

static void eevdf_reweight(struct numasim_self *self, struct numasim_queue *q,
                           struct numasim_entity *se, uint32_t old_weight)
{
    struct eevdf_queue *eq = q->state;
    struct eevdf_entity *es = se->state;
    int64_t average = eevdf_average(eq), lag = eevdf_limited_lag(self, eq, es);
    uint64_t was = es->load.weight;
    bool waits = timeline_contains(&es->node);

    (void)old_weight;
    if (was == weight_in(q, se)) {
        return;
    }
    if (waits) {
        timeline_remove(&eq->waiting, &es->node);
    }
    eevdf_uncount(eq, es);
    set_weight(q, es);
    if (self->param[EEVDF_REWEIGHT] == EEVDF_REWEIGHT_PLACED) {
        reweight_by_placing(self, eq, es, was, lag);
    } else {
        reweight_around(self, eq, es, was, average, lag);
    }
    eevdf_count(eq, es);
    if (waits) {
        insert(eq, es);
    }
}

static int64_t eevdf_lag(struct numasim_self *self, struct numasim_queue *q,
                         const struct numasim_entity *se)
{
    const struct eevdf_queue *eq = q->state;
    const struct eevdf_entity *es = se->state;
    int64_t lag = es->queued ? eevdf_average(eq) - es->node.vruntime : es->vlag;

    (void)self;
    return es->load.weight == 0 ? 0 : eevdf_rescale(lag, es->load.weight, weight_unit(&es->load));
}

static bool eevdf_is_buddy(const struct numasim_queue *q, const struct numasim_entity *se)
{
    const struct eevdf_queue *eq = q->state;

    return eq->next != NULL && eq->next->node.se == se;
}

static void eevdf_show(const struct numasim_self *self, const struct numasim_entity *se,
                       struct numasim_entity_shown *out)
{
    const struct eevdf_entity *es = se->state;

    (void)self;
    out->vruntime_ns = es->node.vruntime;
    out->slice_ns = es->node.slice_ns;
}

static const struct numasim_queue_ops eevdf_queue_ops = {
    .enqueue = eevdf_enqueue,
    .dequeue = eevdf_dequeue,
    .requeue_delayed = eevdf_requeue_delayed,
    .pick = eevdf_pick,
    .set_current = eevdf_set_current,
    .put_current = eevdf_put_current,
    .account = eevdf_account,
    .slice_timer = eevdf_slice_timer,
    .wakeup_preempt = eevdf_wakeup_preempt,
    .yield = eevdf_yield,
    .reweight = eevdf_reweight,
    .lag = eevdf_lag,
    .show = eevdf_show,
    .is_buddy = eevdf_is_buddy,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "eevdf",
    .summary = "earliest eligible virtual deadline first, as in Linux 6.12",
    .version = "1",
    .essay =
        "Each entity is owed CPU time in proportion to its weight; what it is owed is its lag. It\n"
        "asks for service in requests of one slice. Among those with lag >= 0 (eligible) the one\n"
        "whose request has the earliest virtual deadline runs. Lag goes along when an entity\n"
        "leaves; one that would leave in debt stays queued until the debt is paid.\n"
        "Source: Stoica and Abdel-Wahab 1995; kernel/sched/fair.c of Linux 6.12.y, in its "
        "integers.\n"
        "Fits Linux 6.6 and later; with host.flat_queue all tasks of a CPU are in one queue, as "
        "in\n"
        "7.3. Does not fit CFS (6.5 and before).\n"
        "Slices end at ticks, or by a timer with hrtick.\n"
        "O(log n) for each operation, O(1) for accounting.\n",
    .params = eevdf_params,
    .reasons = eevdf_reasons,
    .state_size = sizeof(struct eevdf_state),
    .queue_state_size = sizeof(struct eevdf_queue),
    .entity_state_size = sizeof(struct eevdf_entity),
    .queue = &eevdf_queue_ops,
};
