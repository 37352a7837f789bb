/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clean copies of pages on further nodes (struct numasim_copies). Pages alike have copies on the same
 * nodes: a kind names that set by its number, so that copies cost no more memory than what tells pages
 * apart anyway. Sets are made when first needed, at most MAX_COPY_SETS - 1 that have pages at a time; what
 * would need one more is not copied.
 *
 * Whoever changes which copies a kind has, calls extent_change() for the pages and copies_count() for the
 * memory of the copies; see copies_add() for both.
 */
#ifndef NUMASIM_KERNEL_MM_COPIES_H
#define NUMASIM_KERNEL_MM_COPIES_H

#include "kernel/mm/memory.h"

enum { MAX_COPY_SETS = 256 };

struct copy_set {
    struct numasim_copies pub; /* first */
    uint64_t *nodes, *replicas;
    int64_t pages; /* that have them */
};

/* All of them: kernel->copies, NULL until there is one. */
struct copies {
    struct copy_set *sets[MAX_COPY_SETS]; /* [0] is none */
    int32_t nr_sets;
};

/* Of a slice. */
struct slice_copies {
    int64_t pages;    /* that have copies */
    int64_t *by_node; /* [nr_nodes] pages of copies */
    /* What rates follow from, as told_by_node, but as the CPUs of each node read it: [nr_nodes][nr_nodes],
     * the CPUs' first. NULL while nothing has a replica. */
    int64_t *told_from;
};

void slice_copies_free(struct mm_slice *s);

/* What pages of set @set have; NULL for 0. */
const struct numasim_copies *copies_of(const struct kernel *k, uint8_t set);
/* The number of what copies_of() gave, 0 for NULL; false if it was never that. */
bool copies_find(const struct kernel *k, const struct numasim_copies *copies, uint8_t *ret_set);
/* True if pages of set @set have a copy on @node. */
bool copies_on(const struct kernel *k, uint8_t set, int32_t node);

/* Where some pages of @r are, for copies_*(). */
struct copies_place {
    struct process *p;
    struct mm_region *r;
    struct mm_slice *s;
};

/* Set @set, but without those on @nodes (NULL: on any); 0 if nothing is left. Where there is no number left
 * for that, 0, too: they may go at any time. */
uint8_t copies_without(struct kernel *k, uint8_t set, const uint64_t *nodes);
/* The copies of what has @set on @from after it moved to @to, where with @shadow what lay on @from stays. */
uint8_t copies_after_move(struct kernel *k, uint8_t set, int32_t from, int32_t to, bool shadow);

/* @pages pages charged to @memcg have changed from set @from to set @to: memory of nodes and of cgroups,
 * and what rates follow from. */
void copies_count(struct kernel *k, const struct copies_place *at, uint16_t memcg, uint8_t from,
                  uint8_t to, int64_t pages, enum copies_end why);

/*
 * Up to @pages of kind @index of @e become @as, with replicas on @nodes (apart from where they lie and where
 * they have some), as numasim_copy_pages(). Charges nothing; *@ret_cost_ns is what it costs. Returns how many
 * they are.
 */
int64_t copies_add(struct kernel *k, const struct copies_place *at, struct mm_part *part,
                   struct mm_extent *e, int32_t index, int64_t pages, const uint64_t *nodes,
                   const struct mm_kind *as, int64_t *ret_cost_ns);
/* Up to @pages of kind @index of @e lose their copies on @nodes (NULL: all). Returns how many. */
int64_t copies_drop(struct kernel *k, const struct copies_place *at, struct mm_part *part,
                    struct mm_extent *e, int32_t index, int64_t pages, const uint64_t *nodes,
                    enum copies_end why);
/* All copies of a slice go; its kinds keep their numbers, as the pages go, too. */
void copies_release(struct kernel *k, const struct copies_place *at);

/*
 * Frees about @pages copies: those on @node (-1: any of @allowed, a bitmap, NULL all), of pages charged to
 * @memcg or below it (-1: to any). Returns how many base pages of memory that was.
 */
int64_t copies_reclaim(struct kernel *k, int32_t node, const uint64_t *allowed, int32_t memcg,
                       int64_t pages);

/* Base pages of copies that the pages of @r have on @node. */
int64_t region_copies(const struct mm_region *r, int32_t node);

/* Where pages have come to be copied: those who run and store there will meet them. */
void copies_expected(struct kernel *k, struct process *p, struct mm_slice *s);

/* Tells slice->copies what reads follow from, after told_by_node was. */
void copies_tell(struct kernel *k, struct mm_slice *s);
/* Where reads by CPUs of @cpu_node go, as told_by_node. */
static inline const int64_t *copies_told(const struct kernel *k, const struct mm_slice *s,
                                         int32_t cpu_node)
{
    return s->copies == NULL || s->copies->told_from == NULL
               ? s->told_by_node
               : s->copies->told_from + (gsize)cpu_node * (gsize)k->nr_nodes;
}

/* collapse.c: stores that meet pages with copies */
struct place;
/* The work until @t has met about a batch of them by entry @i of its mix; UINT64_MAX never. */
uint64_t collapse_work(const struct kernel *k, const struct task *t, int32_t i);
/* @t accessed @accesses lines by entry @i, whose slice has or had copies. */
void collapse_stored(struct task *t, int32_t i, uint64_t accesses);
/* The copies that entry @i's stores since the last time met, go. @at: as task_faults() has it. */
void collapse_met(struct kernel *k, struct place *at, int32_t i);
/* More pages of a slice of @t's may have copies than when it stored what was not yet looked at. */
void collapse_more_copies(struct task *t, int32_t i);

#endif
