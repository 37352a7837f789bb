/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rr - round robin.
 *
 * IDEA. As fifo, but with a slice: one that has run for it while others wait goes to the tail. One
 * that a higher class pushed off the CPU keeps its place and the rest of its slice; one that slept
 * comes back at the tail with a whole one. Nothing of this class preempts. As the slice goes to
 * zero this is processor sharing.
 *
 * SOURCE. POSIX.1-2017, 2.8.4 SCHED_RR, with one priority for all; its slice in Linux is
 * kernel.sched_rr_timeslice_ms. Other than there, waking begins a new slice.
 *
 * FITS. Processor sharing in closed form; a plain scheduler to hold a fair one against.
 *
 * DOES NOT FIT. Weights, nice values, SCHED_IDLE and custom slices mean nothing to it. A task that
 * wakes waits for up to a slice of each of the others.
 *
 * PARAMETERS. slice; hrtick: slices end exactly, by a timer, and not at the first tick after.
 *
 * COMPLEXITY. O(1) for each operation.
 */
#include <numasim-policy.h>

enum { PARAM_SLICE, PARAM_HRTICK };

static const struct numasim_param rr_params[] = {
    [PARAM_SLICE] = {.name = "slice",
                     .type = NUMASIM_PARAM_NS,
                     .def = 100000000,
                     .min = 1000,
                     .max = INT64_C(1000000000000),
                     .doc = "How long one runs while others wait.",
                     .knob = "kernel.sched_rr_timeslice_ms",
                     .source = "include/linux/sched/rt.h: RR_TIMESLICE (100 ms)"},
    [PARAM_HRTICK] = {.name = "hrtick",
                      .type = NUMASIM_PARAM_BOOL,
                      .def = 0,
                      .doc = "Slices end by a timer; else at the first tick after.",
                      .knob = "/sys/kernel/debug/sched/features: HRTICK",
                      .source = "kernel/sched/rt.c: task_tick_rt() counts ticks"},
    {0},
};

struct rr_entity {
    struct rr_entity *next, *prev; /* a ring that begins and ends in the queue's own */
    struct numasim_entity *se;     /* NULL: the queue's own */
    int64_t used_ns;               /* of the present slice */
};

struct rr_queue {
    struct rr_entity waiting;
    struct rr_entity *running; /* in no ring */
    bool last;                 /* the running one's slice is over, or it yielded */
};

static void join_ring(struct rr_entity *at, struct rr_entity *es)
{
    es->next = at;
    es->prev = at->prev;
    at->prev->next = es;
    at->prev = es;
}

/* Does nothing to one that is in no ring. */
static void leave_ring(struct rr_entity *es)
{
    if (es->next != NULL) {
        es->next->prev = es->prev;
        es->prev->next = es->next;
        es->next = NULL;
        es->prev = NULL;
    }
}

/* Sets the timer for the end of the running one's slice, if slices end so. */
static void set_timer(struct numasim_self *self, struct numasim_queue *q)
{
    const struct rr_queue *rq = q->state;

    if (self->param[PARAM_HRTICK] != 0) {
        int64_t left = self->param[PARAM_SLICE] - rq->running->used_ns;

        numasim_set_slice_timer(self->host, q, numasim_now(self->host) + (left > 0 ? left : 0));
    }
}

static void rr_queue_init(struct numasim_self *self, struct numasim_queue *q)
{
    struct rr_queue *rq = q->state;

    (void)self;
    rq->waiting.next = &rq->waiting;
    rq->waiting.prev = &rq->waiting;
}

static void rr_enqueue(struct numasim_self *self, struct numasim_queue *q,
                       struct numasim_entity *se, uint32_t flags)
{
    struct rr_queue *rq = q->state;
    struct rr_entity *es = se->state;

    es->se = se;
    if ((flags & NUMASIM_ENQUEUE_RESTORE) == 0) {
        es->used_ns = 0;
    }
    if (q->curr == se && rq->running == NULL) {
        rq->running = es; /* taken off a moment ago while it runs */
        return;
    }
    join_ring(&rq->waiting, es);
    if (rq->running != NULL && q->nr_queued == 1) {
        set_timer(self, q); /* the running one was alone until now */
    }
}

static bool rr_dequeue(struct numasim_self *self, struct numasim_queue *q,
                       struct numasim_entity *se, uint32_t flags)
{
    struct rr_queue *rq = q->state;
    struct rr_entity *es = se->state;

    (void)self;
    (void)flags;
    if (rq->running == es) {
        rq->running = NULL;
        rq->last = false;
    } else {
        leave_ring(es);
    }
    return true;
}

static struct numasim_entity *rr_pick(struct numasim_self *self, struct numasim_queue *q)
{
    const struct rr_queue *rq = q->state;
    struct numasim_entity *first = rq->waiting.next->se;

    (void)self;
    return rq->running != NULL && (first == NULL || !rq->last) ? rq->running->se : first;
}

static void rr_set_current(struct numasim_self *self, struct numasim_queue *q,
                           struct numasim_entity *se)
{
    struct rr_queue *rq = q->state;

    leave_ring(se->state);
    rq->running = se->state;
    rq->last = false;
    if (q->nr_queued > 1) {
        set_timer(self, q);
    }
}

static void rr_put_current(struct numasim_self *self, struct numasim_queue *q,
                           struct numasim_entity *se)
{
    struct rr_queue *rq = q->state;
    struct rr_entity *es = se->state;

    (void)self;
    if (rq->running != es) {
        return;
    }
    if (rq->last) {
        es->used_ns = 0;
    }
    join_ring(rq->last ? &rq->waiting : rq->waiting.next, es);
    rq->running = NULL;
    rq->last = false;
}

/* One that is alone begins slice after slice, so that whoever joins waits for a part of one. */
static bool rr_account(struct numasim_self *self, struct numasim_queue *q,
                       struct numasim_entity *se, int64_t delta_ns)
{
    struct rr_entity *es = se->state;

    es->used_ns += delta_ns;
    if (q->nr_queued == 1) {
        es->used_ns %= self->param[PARAM_SLICE];
    }
    return false;
}

/* At a tick, or when the timer goes off. */
static bool slice_over(struct numasim_self *self, struct numasim_queue *q)
{
    struct rr_queue *rq = q->state;

    rq->last = rq->last || (q->nr_queued > 1 && rq->running != NULL &&
                            rq->running->used_ns >= self->param[PARAM_SLICE]);
    return rq->last;
}

static bool rr_tick(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se)
{
    (void)se;
    return self->param[PARAM_HRTICK] == 0 && slice_over(self, q);
}

static bool rr_slice_timer(struct numasim_self *self, struct numasim_queue *q,
                           struct numasim_entity *se)
{
    (void)se;
    if (slice_over(self, q)) {
        return true;
    }
    if (q->nr_queued > 1) {
        set_timer(self, q); /* its slice began anew while it was alone */
    }
    return false;
}

static void rr_yield(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se)
{
    struct rr_queue *rq = q->state;

    (void)self;
    (void)se;
    rq->last = q->nr_queued > 1;
}

/* Its weight is nothing to it. */
static void rr_reweight(struct numasim_self *self, struct numasim_queue *q,
                        struct numasim_entity *se, uint32_t old_weight)
{
    (void)self;
    (void)q;
    (void)se;
    (void)old_weight;
}

static const struct numasim_queue_ops rr_queue_ops = {
    .queue_init = rr_queue_init,
    .enqueue = rr_enqueue,
    .dequeue = rr_dequeue,
    .pick = rr_pick,
    .set_current = rr_set_current,
    .put_current = rr_put_current,
    .account = rr_account,
    .tick = rr_tick,
    .slice_timer = rr_slice_timer,
    .yield = rr_yield,
    .reweight = rr_reweight,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "rr",
    .summary = "round robin: first come, first served, a slice at a time",
    .version = "1",
    .essay =
        "Entities run in the order in which they became runnable; one that has run for a slice\n"
        "while others wait goes to the tail. Nothing of this class preempts. Source:\n"
        "POSIX.1-2017, 2.8.4 SCHED_RR, with one priority for all. Fits processor sharing in\n"
        "closed form (small slice, hrtick) and contrast with a fair queue. Ignores weights. "
        "O(1).\n",
    .params = rr_params,
    .queue_state_size = sizeof(struct rr_queue),
    .entity_state_size = sizeof(struct rr_entity),
    .queue = &rr_queue_ops,
};
