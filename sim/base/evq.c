/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wheel is read as a radix tree over the 6-bit digits of a time. An entry lies at the level of
 * the highest digit in which its time differs from the clock, in the slot named by its own digit
 * there. Two things follow, and all of the code below rests on them:
 *
 *  1. At every level above 0 a used slot lies beyond the clock's own digit, and each entry of a
 *     lower level precedes all those of a higher one. So the first entry is in the first used slot
 *     of the lowest used level: two bit scans. A slot of level 0 holds one exact nanosecond.
 *  2. The place of a queued entry is a function of its time and the clock, at any moment, and need
 *     not be stored: the clock reaches an entry's slot only when that slot is opened.
 *
 * Opening a slot of a higher level moves the clock to where the slot begins and its entries to the
 * levels below; an entry alone in its slot is taken from where it is. A slot is opened only when an
 * entry of it will leave in the same call, so that between calls the clock never runs ahead of what
 * has been popped, and an entry may be added at any time from now on.
 */
#include "base/evq.h"

#include <glib.h>

#include "base/time.h"

/* Of an order: counts entries that were added. */
#define SEQUENCE_ONE  (UINT64_C(1) << EVQ_KIND_BITS)
#define SEQUENCE_MASK (((UINT64_C(1) << EVQ_SEQUENCE_BITS) - 1) << EVQ_KIND_BITS)

/* A merge of 2^k entries for each k below this: more entries than memory holds. */
enum { SORT_BINS = 40 };

/* How many more entries of a slot evq_hint() looks at: as many as most slots hold that are opened next. */
enum { HINT_LOOKS = 4 };

struct evq {
    int64_t now_ns;
    uint64_t sequence; /* of the next entry, in its place in an order */
    int64_t sorted_ns; /* the slot of this instant is sorted by order; -1: none is */
    size_t size;
    uint32_t used_levels;            /* bit L: level L has a used slot */
    uint64_t used_slots[EVQ_LEVELS]; /* bit S of word L: slot S of level L is used */
    struct evq_entry *slots[EVQ_LEVELS][EVQ_SLOTS];
};

struct evq *evq_new(void)
{
    struct evq *q = g_new0(struct evq, 1);

    q->sorted_ns = -1;
    return q;
}

void evq_free(struct evq *q)
{
    g_free(q);
}

int64_t evq_now_ns(const struct evq *q)
{
    return q->now_ns;
}

size_t evq_size(const struct evq *q)
{
    return q->size;
}

/* The level of @time_ns: the place of the highest 6-bit digit in which it differs from the clock. */
static inline uint32_t level_of(const struct evq *q, int64_t time_ns)
{
    uint64_t differs = (uint64_t)(time_ns ^ q->now_ns) | 1;

    return (63u - (uint32_t)__builtin_clzll(differs)) / EVQ_LEVEL_BITS;
}

static inline uint32_t slot_of(int64_t time_ns, uint32_t level)
{
    return (uint32_t)(time_ns >> (level * EVQ_LEVEL_BITS)) & (EVQ_SLOTS - 1);
}

static inline void mark_empty(struct evq *q, uint32_t level, uint32_t slot)
{
    uint64_t left = q->used_slots[level] & ~(UINT64_C(1) << slot);

    q->used_slots[level] = left;
    q->used_levels &= ~((uint32_t)(left == 0) << level);
}

static inline void insert_at(struct evq_entry *e, struct evq_entry **link)
{
    struct evq_entry *next = *link;

    e->next = next;
    e->link = link;
    if (next) {
        next->link = &e->next;
    }
    *link = e;
}

static inline void unlink_entry(struct evq_entry *e)
{
    *e->link = e->next;
    if (e->next) {
        e->next->link = e->link;
    }
    e->link = NULL;
}

/* Puts @e at the head of its slot: lists are in no order until they are sorted. */
static inline void place(struct evq *q, struct evq_entry *e)
{
    uint32_t level = level_of(q, e->time_ns);
    uint32_t slot = slot_of(e->time_ns, level);

    insert_at(e, &q->slots[level][slot]);
    q->used_slots[level] |= UINT64_C(1) << slot;
    q->used_levels |= 1u << level;
}

/*
 * Puts @e, of the present instant, in its place among the sorted entries of that instant. A walk:
 * only what is still to come in this instant, and precedes @e, is passed.
 */
static void place_sorted(struct evq *q, struct evq_entry *e)
{
    uint32_t slot = slot_of(e->time_ns, 0);
    struct evq_entry **link = &q->slots[0][slot];

    while (*link && (*link)->order < e->order) {
        link = &(*link)->next;
    }
    insert_at(e, link);
    q->used_slots[0] |= UINT64_C(1) << slot;
    q->used_levels |= 1u;
}

void evq_add(struct evq *q, struct evq_entry *e, int64_t time_ns)
{
    g_assert(time_ns >= q->now_ns && !e->link && q->sequence <= SEQUENCE_MASK);
    e->time_ns = time_ns;
    e->order = (e->order & ~SEQUENCE_MASK) | q->sequence;
    q->sequence += SEQUENCE_ONE;
    q->size++;
    if (G_UNLIKELY(time_ns == q->sorted_ns)) {
        place_sorted(q, e);
    } else {
        place(q, e);
    }
}

bool evq_remove(struct evq *q, struct evq_entry *e)
{
    uint32_t level, slot;

    if (!e->link) {
        return false;
    }
    level = level_of(q, e->time_ns);
    slot = slot_of(e->time_ns, level);
    unlink_entry(e);
    if (!q->slots[level][slot]) {
        mark_empty(q, level, slot);
    }
    q->size--;
    return true;
}

/* Merges two lists sorted by order, joined by next only. */
static struct evq_entry *merge(struct evq_entry *a, struct evq_entry *b)
{
    struct evq_entry *head = NULL;
    struct evq_entry **tail = &head;

    while (a && b) {
        struct evq_entry **least = a->order < b->order ? &a : &b;

        *tail = *least;
        tail = &(*tail)->next;
        *least = *tail;
    }
    *tail = a ? a : b;
    return head;
}

/* Sorts the slot at @head by order: a bottom-up merge sort, bin k holding 2^k sorted entries. */
static void sort_slot(struct evq_entry **head)
{
    struct evq_entry *bins[SORT_BINS] = {NULL};
    struct evq_entry *rest = *head;
    struct evq_entry *sorted = NULL;
    uint32_t nr_bins = 0;

    while (rest) {
        struct evq_entry *run = rest;
        uint32_t k = 0;

        rest = rest->next;
        run->next = NULL;
        for (; bins[k]; k++) {
            run = merge(bins[k], run);
            bins[k] = NULL;
        }
        bins[k] = run;
        nr_bins = MAX(nr_bins, k + 1);
    }
    for (uint32_t k = 0; k < nr_bins; k++) {
        sorted = merge(bins[k], sorted);
    }
    *head = sorted;
    for (struct evq_entry **link = head; *link; link = &(*link)->next) {
        (*link)->link = link;
    }
}

/* The least time of the entries joined to @e, which is not NULL. */
static int64_t least_time_ns(const struct evq_entry *e)
{
    int64_t least_ns = e->time_ns;

    for (e = e->next; e; e = e->next) {
        least_ns = MIN(least_ns, e->time_ns);
    }
    return least_ns;
}

/* Takes the first entry out of a slot of level 0 that holds several. */
G_NO_INLINE static struct evq_entry *take_tied(struct evq *q, struct evq_entry **head)
{
    struct evq_entry *first;

    if (q->sorted_ns != (*head)->time_ns) {
        q->sorted_ns = (*head)->time_ns;
        sort_slot(head);
    }
    first = *head;
    unlink_entry(first);
    return first;
}

/*
 * Opens a slot above level 0: moves the clock to where the slot begins, and its entries to their
 * places below it. False, with nothing done, if none of them is due by @until_ns.
 */
static bool open_slot(struct evq *q, uint32_t level, uint32_t slot, int64_t until_ns)
{
    struct evq_entry *e = q->slots[level][slot], *next;
    int64_t span_ns = INT64_C(1) << (level * EVQ_LEVEL_BITS);
    int64_t start_ns = e->time_ns & -span_ns;

    /* The entries need to be looked at only where the limit falls into the slot. */
    if (start_ns + (span_ns - 1) > until_ns && least_time_ns(e) > until_ns) {
        return false;
    }
    q->slots[level][slot] = NULL;
    mark_empty(q, level, slot);
    q->now_ns = start_ns;
    for (; e; e = next) {
        next = e->next;
        place(q, e);
    }
    return true;
}

struct evq_entry *evq_pop(struct evq *q, int64_t until_ns)
{
    while (q->used_levels) {
        uint32_t level = (uint32_t)__builtin_ctz(q->used_levels);
        uint32_t slot = (uint32_t)__builtin_ctzll(q->used_slots[level]);
        struct evq_entry **head = &q->slots[level][slot];
        struct evq_entry *first = *head;
        bool alone = !first->next;

        if (level > 0 && !alone) {
            if (!open_slot(q, level, slot, until_ns)) {
                return NULL;
            }
            continue;
        }
        if (first->time_ns > until_ns) {
            return NULL;
        }
        if (alone) {
            *head = NULL;
            first->link = NULL;
            mark_empty(q, level, slot);
        } else {
            first = take_tied(q, head);
        }
        q->now_ns = first->time_ns;
        q->size--;
        return first;
    }
    return NULL;
}

int64_t evq_peek_ns(const struct evq *q)
{
    uint32_t level, slot;
    struct evq_entry *first;

    if (!q->used_levels) {
        return TIME_NEVER_NS;
    }
    level = (uint32_t)__builtin_ctz(q->used_levels);
    slot = (uint32_t)__builtin_ctzll(q->used_slots[level]);
    first = q->slots[level][slot];
    return level == 0 ? first->time_ns : least_time_ns(first);
}

const struct evq_entry *evq_hint(const struct evq *q)
{
    if (!q->used_levels) {
        return NULL;
    }
    uint32_t level = (uint32_t)__builtin_ctz(q->used_levels);
    const struct evq_entry *first = q->slots[level][__builtin_ctzll(q->used_slots[level])];
    uint32_t looks = HINT_LOOKS;

    for (const struct evq_entry *e = first->next; e != NULL && looks > 0; e = e->next, looks--) {
        first = e->time_ns < first->time_ns ? e : first;
    }
    return first;
}

const struct evq_entry *evq_peek_now(const struct evq *q)
{
    const struct evq_entry *first = NULL;

    /* What is due now differs from the clock in no digit. */
    for (const struct evq_entry *e = q->slots[0][slot_of(q->now_ns, 0)]; e != NULL; e = e->next) {
        if (e->time_ns == q->now_ns && (first == NULL || e->order < first->order)) {
            first = e;
        }
    }
    return first;
}
