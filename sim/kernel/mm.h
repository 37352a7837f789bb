/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address spaces: processes with regions whose pages lie on nodes, kept as populations (how many
 * exchangeable pages of a slice lie on each node), never page by page. A region costs a few
 * hundred bytes whatever its size.
 */
#ifndef NUMASIM_KERNEL_MM_H
#define NUMASIM_KERNEL_MM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "policy/numasim-policy.h"

struct kernel;
struct process;

/* The pages of one slice of a region. */
struct mm_slice {
    int64_t total_pages, untouched_pages;
    int64_t *pages_by_node; /* [nr_nodes] */
};

struct mm_region {
    struct numasim_region pub; /* first */
    bool shared;               /* one slice for all threads, else one each */
    bool sequential;           /* accesses walk through it, else they fall anywhere */
    int64_t working_set_bytes; /* of the whole region: what a warm cache would hold */
    int32_t nr_slices;
    struct mm_slice *slices;
    int64_t *bytes_by_node; /* what pub.bytes_by_node points at */
};

struct process {
    struct numasim_process pub; /* first */
    struct mm_region **regions;
    int32_t nr_regions;
    int64_t *bytes_by_node;
    struct list running;     /* its tasks that run with a mix: a move of pages changes their pace */
    int32_t *warm_threads;   /* [nr_llcs] of its threads that have the LLC for their own */
    uint64_t *allowed_nodes; /* bitmap, or NULL: all */
};

/* One region's share of a task's access mix. */
struct mm_mix_entry {
    int32_t region;
    bool references;     /* to the LLC, of which some hit; else misses */
    uint32_t writes_ppm; /* lines written back for each line that misses */
    int64_t milli;       /* per second of work at reference speed, x 1000 */
};

struct mm_mix {
    const struct mm_mix_entry *entries;
    int32_t nr_entries;
    int32_t mlp_ppm; /* misses in flight at once x 1e6, >= 1e6 */
};

/*
 * Adds a region of @size_bytes in pages of @page_bytes to @p, with @nr_slices slices (1 if shared).
 * @name is copied. Returns its index.
 */
int32_t kernel_region_new(struct kernel *k, struct process *p, const char *name, int64_t size_bytes,
                          int64_t page_bytes, bool shared, bool sequential,
                          int64_t working_set_bytes, int32_t nr_slices);

/* Restricts where its pages may lie (bitmap of nodes, copied): cpuset.mems or a placement. */
void kernel_process_set_nodes(struct kernel *k, struct process *p, const uint64_t *nodes);

/* What a warm cache would hold for one thread of @r: for all, where they share it. */
static inline int64_t mm_working_set_bytes(const struct mm_region *r)
{
    return (r->working_set_bytes > 0 ? r->working_set_bytes : r->pub.size_bytes) / r->nr_slices;
}

/* The slice of @r that thread @slice_index accesses. */
static inline struct mm_slice *mm_slice(const struct mm_region *r, int32_t slice_index)
{
    return &r->slices[r->shared ? 0 : slice_index % r->nr_slices];
}

#endif
