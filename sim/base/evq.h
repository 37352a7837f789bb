/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event queue: a hierarchical timing wheel of 64-slot levels over exact nanoseconds.
 *
 * Events leave in the order (time, class, rank, sequence): time first; at one instant the lower
 * class; within a class the lower rank (for an event of a CPU: the CPU's place in the order drawn
 * from the boot stream, or 0 for --tie-break insertion); then the order in which they were added.
 *
 * Entries are intrusive: the owner embeds a struct evq_entry, so that nothing is allocated, and
 * adding and removing are O(1). The queue owns no entry. The horizon is INT64_MAX nanoseconds
 * (292 years).
 */
#ifndef NUMASIM_BASE_EVQ_H
#define NUMASIM_BASE_EVQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EVQ_LEVEL_BITS = 6, EVQ_SLOTS = 1 << EVQ_LEVEL_BITS, EVQ_LEVELS = 11 };

/*
 * Half a cache line; all zero is an entry of class, rank and kind 0. What the owner states is
 * packed with the sequence, so that one compare decides and the entry stays small.
 */
struct evq_entry {
    int64_t time_ns;
    uint64_t order; /* class, rank, sequence and kind, from the top */
    struct evq_entry *next;
    struct evq_entry **link; /* the pointer that points at this entry; NULL iff not queued */
};

enum {
    EVQ_KIND_BITS = 6,
    EVQ_SEQUENCE_BITS = 41, /* as many entries as may be added: 5 days of 5 million a second */
    EVQ_RANK_SHIFT = EVQ_KIND_BITS + EVQ_SEQUENCE_BITS,
    EVQ_RANK_BITS = 13,
    EVQ_CLASS_SHIFT = EVQ_RANK_SHIFT + EVQ_RANK_BITS, /* and 4 bits */
    EVQ_KIND_MAX = (1 << EVQ_KIND_BITS) - 1,
    EVQ_RANK_MAX = (1 << EVQ_RANK_BITS) - 1,
    EVQ_CLASS_MAX = 15
};

/* Makes @e one that is not queued. @kind (0..63) is the owner's: tells what @e is embedded in.
 * @class_ is 0..15, @rank 0..8191. */
static inline void evq_entry_init(struct evq_entry *e, uint32_t kind, uint32_t class_,
                                  uint32_t rank)
{
    *e = (struct evq_entry){.order = (uint64_t)class_ << EVQ_CLASS_SHIFT |
                                     (uint64_t)rank << EVQ_RANK_SHIFT | kind};
}

static inline uint32_t evq_entry_kind(const struct evq_entry *e)
{
    return (uint32_t)e->order & EVQ_KIND_MAX;
}

static inline uint32_t evq_entry_class(const struct evq_entry *e)
{
    return (uint32_t)(e->order >> EVQ_CLASS_SHIFT);
}

static inline uint32_t evq_entry_rank(const struct evq_entry *e)
{
    return (uint32_t)(e->order >> EVQ_RANK_SHIFT) & EVQ_RANK_MAX;
}

struct evq; /* see evq.c */

/* A new empty queue whose clock stands at 0. Never NULL. */
struct evq *evq_new(void);
/* Frees the queue, not the entries. Accepts NULL. */
void evq_free(struct evq *q);

/* Time of the last event popped, or 0. */
int64_t evq_now_ns(const struct evq *q);
/* Number of queued entries. */
size_t evq_size(const struct evq *q);

/*
 * Queues @e at @time_ns >= evq_now_ns(). @e must not be queued. An entry added for the present
 * instant still runs in it, in its place by (class, rank, sequence) among those not yet popped.
 */
void evq_add(struct evq *q, struct evq_entry *e, int64_t time_ns);
/* Removes @e if it is queued; true if it was. */
bool evq_remove(struct evq *q, struct evq_entry *e);
/* True iff @e is queued. */
static inline bool evq_entry_queued(const struct evq_entry *e)
{
    return e->link != NULL;
}

/*
 * Removes and returns the first entry if its time is <= @until_ns, and moves the clock to its
 * time; NULL, with the clock unmoved, when there is none. Ownership stays with the caller's side.
 */
struct evq_entry *evq_pop(struct evq *q, int64_t until_ns);
/*
 * Time of the first entry, or TIME_NEVER_NS. Changes nothing: entries may still be added at any
 * time from evq_now_ns() on. Costs a walk over the entries of the first used slot.
 */
int64_t evq_peek_ns(const struct evq *q);
/* An entry that is likely among the next to be popped, or NULL: for prefetching what it is of. */
const struct evq_entry *evq_hint(const struct evq *q);
/* The next entry of the present instant, or NULL; it stays queued. Costs a walk over those. */
const struct evq_entry *evq_peek_now(const struct evq *q);

#endif
