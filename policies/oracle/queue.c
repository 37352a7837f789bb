/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order on one CPU: the most work left first; tasks of which none is known only after those, and
 * in turn. Two tasks with nearly as much left take turns as well, because a slice changes who has more.
 */
#include "oracle.h"

/* @se's rank: work left, or -1 where none is known. */
static int64_t rank_of(struct numasim_self *self, struct numasim_entity *se)
{
    struct numasim_task *t = numasim_entity_task(se);
    int64_t ns = t != NULL ? numasim_remaining_ns(self->host, t) : NUMASIM_TIME_NEVER;

    return ns == NUMASIM_TIME_NEVER ? -1 : ns;
}

static void leave_ring(struct oracle_entity *es)
{
    es->next->prev = es->prev;
    es->prev->next = es->next;
    es->next = es->prev = NULL;
}

static void join_ring(struct oracle_queue *oq, struct oracle_entity *es)
{
    es->next = &oq->queued;
    es->prev = oq->queued.prev;
    es->prev->next = es;
    oq->queued.prev = es;
}

static void queue_init(struct numasim_self *self, struct numasim_queue *q)
{
    struct oracle_queue *oq = q->state;

    (void)self;
    oq->queued.next = oq->queued.prev = &oq->queued;
}

static void enqueue(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                    uint32_t flags)
{
    struct oracle_entity *es = se->state;

    (void)self;
    (void)flags;
    es->se = se;
    join_ring(q->state, es);
}

static bool dequeue(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                    uint32_t flags)
{
    (void)self;
    (void)q;
    (void)flags;
    leave_ring(se->state);
    return true;
}

/* The running one goes on unless somebody has more to do by a slice, or it yielded; one of which
 * nothing is known makes way for the next after its slice. */
static struct numasim_entity *pick(struct numasim_self *self, struct numasim_queue *q)
{
    struct oracle_queue *oq = q->state;
    struct numasim_entity *best = NULL, *curr = q->curr;
    int64_t most = 0, slice_ns = self->param[ORACLE_SLICE];

    if (oq->queued.next == oq->queued.prev) {
        return oq->queued.next->se;
    }
    for (struct oracle_entity *es = oq->queued.next; es->se != NULL; es = es->next) {
        if (es->se != curr && (best == NULL || rank_of(self, es->se) > most)) {
            best = es->se;
            most = rank_of(self, best);
        }
    }
    if (curr == NULL || !curr->queued || oq->yielded) {
        return best;
    }
    int64_t rank = rank_of(self, curr);
    bool goes_on = rank >= 0 ? most <= rank + slice_ns : most < 0 && oq->used_ns < slice_ns;

    return goes_on ? curr : best;
}

static void set_current(struct numasim_self *self, struct numasim_queue *q,
                        struct numasim_entity *se)
{
    struct oracle_queue *oq = q->state;

    (void)self;
    (void)se;
    oq->used_ns = 0;
    oq->yielded = false;
}

static void put_current(struct numasim_self *self, struct numasim_queue *q,
                        struct numasim_entity *se)
{
    (void)self;
    leave_ring(se->state);
    join_ring(q->state, se->state);
}

static bool account(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                    int64_t delta_ns)
{
    struct oracle_queue *oq = q->state;

    (void)self;
    (void)se;
    oq->used_ns += delta_ns;
    return false;
}

static bool tick(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se)
{
    return q->nr_queued > 1 && pick(self, q) != se;
}

static bool wakeup_preempt(struct numasim_self *self, struct numasim_queue *q,
                           struct numasim_entity *se, uint32_t wake_flags,
                           struct numasim_decision *d)
{
    (void)wake_flags;
    (void)d;
    return pick(self, q) == se;
}

static void yield(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se)
{
    struct oracle_queue *oq = q->state;

    (void)self;
    (void)se;
    oq->yielded = true;
}

const struct numasim_queue_ops oracle_queue_ops = {
    .queue_init = queue_init,
    .enqueue = enqueue,
    .dequeue = dequeue,
    .pick = pick,
    .set_current = set_current,
    .put_current = put_current,
    .account = account,
    .tick = tick,
    .wakeup_preempt = wakeup_preempt,
    .yield = yield,
};
