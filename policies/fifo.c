/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fifo - first come, first served.
 *
 * IDEA. Entities run in the order in which they became runnable, each until it blocks. Nothing of
 * this class preempts. One that was pushed off the CPU by a higher class goes on first, as
 * SCHED_FIFO has it; one that yields goes last.
 *
 * SOURCE. POSIX.1-2017, 2.8.4 SCHED_FIFO, with one priority for all; sched(7).
 *
 * FITS. Closed forms: an M/M/c queue is c pinned workers under fifo; batch work where switches cost
 * more than waiting. It is the cheapest queue there is, and so the bare engine's benchmark.
 *
 * DOES NOT FIT. Anything with two tasks that do not block: the second never runs. Weights, nice
 * values, SCHED_IDLE and custom slices mean nothing to it.
 *
 * PARAMETERS. None.
 *
 * COMPLEXITY. O(1) for each operation.
 */
#include <numasim-policy.h>

/* A ring with the queue's own link as its beginning and end. */
struct fifo_entity {
    struct fifo_entity *next, *prev;
    struct numasim_entity *se; /* NULL: the queue's own */
};

struct fifo_queue {
    struct fifo_entity waiting;
    struct numasim_entity *running; /* in no ring */
    bool yielded;                   /* by the running one */
};

static void join_ring(struct fifo_entity *at, struct fifo_entity *es)
{
    es->next = at;
    es->prev = at->prev;
    at->prev->next = es;
    at->prev = es;
}

/* Does nothing to one that is in no ring. */
static void leave_ring(struct fifo_entity *es)
{
    if (es->next != NULL) {
        es->next->prev = es->prev;
        es->prev->next = es->next;
        es->next = NULL;
        es->prev = NULL;
    }
}

static void fifo_queue_init(struct numasim_self *self, struct numasim_queue *q)
{
    struct fifo_queue *fq = q->state;

    (void)self;
    fq->waiting.next = &fq->waiting;
    fq->waiting.prev = &fq->waiting;
}

static void fifo_enqueue(struct numasim_self *self, struct numasim_queue *q,
                         struct numasim_entity *se, uint32_t flags)
{
    struct fifo_queue *fq = q->state;
    struct fifo_entity *es = se->state;

    (void)self;
    (void)flags;
    es->se = se;
    if (q->curr == se && fq->running == NULL) {
        fq->running = se; /* taken off a moment ago while it runs */
    } else {
        join_ring(&fq->waiting, es);
    }
}

static bool fifo_dequeue(struct numasim_self *self, struct numasim_queue *q,
                         struct numasim_entity *se, uint32_t flags)
{
    struct fifo_queue *fq = q->state;

    (void)self;
    (void)flags;
    if (fq->running == se) {
        fq->running = NULL;
        fq->yielded = false;
    } else {
        leave_ring(se->state);
    }
    return true;
}

static struct numasim_entity *fifo_pick(struct numasim_self *self, struct numasim_queue *q)
{
    const struct fifo_queue *fq = q->state;
    struct numasim_entity *first = fq->waiting.next->se;

    (void)self;
    return fq->running != NULL && (first == NULL || !fq->yielded) ? fq->running : first;
}

static void fifo_set_current(struct numasim_self *self, struct numasim_queue *q,
                             struct numasim_entity *se)
{
    struct fifo_queue *fq = q->state;

    (void)self;
    leave_ring(se->state);
    fq->running = se;
    fq->yielded = false;
}

static void fifo_put_current(struct numasim_self *self, struct numasim_queue *q,
                             struct numasim_entity *se)
{
    struct fifo_queue *fq = q->state;

    (void)self;
    if (fq->running == se) {
        join_ring(fq->yielded ? &fq->waiting : fq->waiting.next, se->state);
        fq->running = NULL;
        fq->yielded = false;
    }
}

static void fifo_yield(struct numasim_self *self, struct numasim_queue *q,
                       struct numasim_entity *se)
{
    struct fifo_queue *fq = q->state;

    (void)self;
    (void)se;
    fq->yielded = q->nr_queued > 1;
}

/* Its weight is nothing to it. */
static void fifo_reweight(struct numasim_self *self, struct numasim_queue *q,
                          struct numasim_entity *se, uint32_t old_weight)
{
    (void)self;
    (void)q;
    (void)se;
    (void)old_weight;
}

static const struct numasim_queue_ops fifo_queue_ops = {
    .queue_init = fifo_queue_init,
    .enqueue = fifo_enqueue,
    .dequeue = fifo_dequeue,
    .pick = fifo_pick,
    .set_current = fifo_set_current,
    .put_current = fifo_put_current,
    .yield = fifo_yield,
    .reweight = fifo_reweight,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "fifo",
    .summary = "first come, first served, each until it blocks",
    .version = "1",
    .essay =
        "Entities run in the order in which they became runnable, each until it blocks or\n"
        "yields; nothing of this class preempts. Source: POSIX.1-2017, 2.8.4 SCHED_FIFO, with\n"
        "one priority for all. Fits closed forms (M/M/c) and batch work; where a task never\n"
        "blocks, those behind it never run. Ignores weights. O(1).\n",
    .queue_state_size = sizeof(struct fifo_queue),
    .entity_state_size = sizeof(struct fifo_entity),
    .queue = &fifo_queue_ops,
};
