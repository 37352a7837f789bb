/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages as populations: a part of a region, accessed evenly, cut into extents; an extent holds so many
 * pages of each kind. Pages of one kind and extent are exchangeable.
 *
 * Extents are cut where something happened to some of their pages and not to the others, and joined
 * again where nothing tells them apart, so that memory grows with what differs. When an extent of
 * several kinds is cut, each side gets its share of each, rounded so that they add up.
 *
 * Plain data, no kernel. Pages are base pages throughout; a huge page is 2^order of them and never cut.
 */
#ifndef NUMASIM_KERNEL_MM_EXTENT_H
#define NUMASIM_KERNEL_MM_EXTENT_H

#include <stdbool.h>
#include <stdint.h>

enum { MM_UNTOUCHED = -1 };
#define MM_NOT_PROTECTED (-1)

/* What pages alike have in common. */
struct mm_kind {
    int64_t pages;
    int64_t protected_ns; /* since when an access faults, MM_NOT_PROTECTED */
    uint64_t tagged_x256; /* the part's accesses_x256 when they got their tag */
    uint32_t tag;         /* the tier policy's */
    int32_t last_cpu;     /* of the last hint fault, -1 none */
    int16_t last_pid;     /* low 8 bits, -1 none */
    int16_t node;         /* MM_UNTOUCHED: none yet */
    uint16_t memcg;       /* the cgroup they are charged to, 0: the root */
    uint8_t order;        /* of one page */
    uint8_t copies;       /* where they have copies: a set's number (copies.h), 0: nowhere */
};

struct mm_extent {
    int64_t first, nr;            /* pages, from the region's start */
    int64_t protected, untouched; /* of those */
    struct mm_kind *kinds;        /* each differs from the others; none is empty */
    int32_t nr_kinds, size;
    int32_t *table; /* where there are many: finds a kind by what it is */
    uint32_t table_mask;
};

/* Orders of pages: 4 KiB << 18 is 1 GiB. */
enum { MM_NR_ORDERS = 20 };

/* A stretch of a region that one set of threads accesses evenly. */
struct mm_part {
    int64_t first, nr;
    uint32_t weight_ppm;    /* of its slice's accesses */
    uint64_t accesses_x256; /* expected to each of its pages so far, x 256 */
    uint64_t carry;         /* of that, in units of its own */
    int64_t protected;      /* pages */
    int64_t protected_by_order[MM_NR_ORDERS];
    int64_t touched_by_order[MM_NR_ORDERS];
    int64_t untouched;
    int64_t copied;            /* pages that have copies */
    struct mm_extent *extents; /* by address, without gaps */
    int32_t nr_extents, size;
    int32_t touched_extents; /* so many at the start hold nothing untouched; a hint, may be less */
};

/* All of it untouched, in one extent. */
void part_init(struct mm_part *p, int64_t first, int64_t nr, uint32_t weight_ppm);
void part_release(struct mm_part *p);

/* The extent that holds page @page, by index. */
int32_t part_find(const struct mm_part *p, int64_t page);
/* The extent that begins at page @page (within the part, or its end: nr_extents then), cutting one if
 * need be; a huge page across it stays whole, on the left. */
int32_t part_cut(struct mm_part *p, int64_t page);
/* Joins extents @from - 1 .. @to (indices, within bounds) where nothing tells neighbours apart: all of
 * one and the same kind; or, with @mixed, none with protected or untouched pages. */
void part_join(struct mm_part *p, int32_t from, int32_t to, bool mixed);

/* True if pages of @a and @b are exchangeable; their numbers do not matter. */
bool kind_same(const struct mm_kind *a, const struct mm_kind *b);
/* The kind of @e that is like @kind, by index; -1 none. */
int32_t extent_find(const struct mm_extent *e, const struct mm_kind *kind);
/*
 * Takes @pages (a multiple of its page size, at most what there is) out of kind @index of @e and puts
 * them back as @as, whose pages field does not count. Keeps the part's sums. A kind that is used up
 * makes way for the last one; new ones come last: so who goes through them from the last to the first
 * meets none twice, and a kind that keeps some of its pages stays where it is.
 */
void extent_change(struct mm_part *p, struct mm_extent *e, int32_t index, int64_t pages,
                   const struct mm_kind *as);

#endif
