/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address spaces: processes with regions whose pages lie on nodes, kept as populations (extent.h),
 * never page by page.
 *
 * A region's threads share all of it, or have a slice each. A slice consists of one or more parts, by
 * address: the bands into which the region's accesses divide it (a hot tenth and the rest). Within a
 * part all pages are accessed alike; or in order, where the region is sequential.
 */
#ifndef NUMASIM_KERNEL_MM_MM_H
#define NUMASIM_KERNEL_MM_MM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "kernel/mm/extent.h"
#include "kernel/mm/mempolicy.h"
#include "policy/numasim-policy.h"

struct kernel;
struct process;
struct task;

/* What one thread accesses of a region, or all of them. */
struct mm_slice {
    int64_t first, total_pages, untouched_pages;
    int64_t *pages_by_node; /* [nr_nodes] */
    struct mm_part *parts;  /* [nr_parts], by address */
    int32_t nr_parts;
    /*
     * What rates follow from: where the pages lay when that was last told. Told anew when so many have
     * come or gone since that it makes a difference (pages_changed()).
     */
    int64_t *told_by_node; /* [nr_nodes], in pages; or, where there are bands, by their weight */
    int64_t told_pages;
    int64_t told_huge; /* of told_pages, those of huge pages */
    uint64_t nr_told;  /* times that they were */
    int64_t moved;     /* came and went since */
    bool stale, told;
    struct mm_slice *next_stale;
    struct list users;        /* running tasks that access it, in the order of process->running */
    struct mm_object *object; /* several processes map it; NULL: one does */
    struct slice_copies *copies; /* copies.h; NULL: none of its pages ever had any */
};

struct mm_region {
    struct numasim_region pub;  /* first */
    struct mempolicy mempolicy; /* what pub.mempolicy points at, if anything */
    bool shared;                /* one slice for all threads, else one each */
    bool sequential;            /* accesses walk through it, else they fall anywhere */
    int64_t working_set_bytes;  /* of the whole region: what a warm cache would hold */
    int32_t nr_slices;
    struct mm_slice *slices;
    int64_t *bytes_by_node; /* what pub.bytes_by_node points at */
};

struct process {
    struct numasim_process pub; /* first */
    struct mm_region **regions;
    int32_t nr_regions;
    int64_t *bytes_by_node;
    struct list running;    /* its tasks that run with a mix: a move of pages changes their pace */
    struct mm_slice *stale; /* slices whose rates are out of date, by next_stale */
    uint64_t nr_protects;   /* times that pages of it came to be protected */
    uint64_t nr_transact_draws; /* of pages written while they were copied, so far */
    int32_t *warm_threads;      /* [nr_llcs] of its threads that have the LLC for their own */
    uint64_t *allowed_nodes;    /* bitmap, or NULL: all */
    uint64_t *placed_nodes;     /* the same of a placement policy alone */
    int32_t cgroup;
    bool mems_changed;     /* its pages may lie where they may not come any more */
    int64_t next_vpn;      /* where the next region begins */
    int32_t oom_score_adj; /* -1000..1000, /proc/PID/oom_score_adj */
    bool oom_victim;       /* the OOM killer chose it */
    bool maps_objects;     /* some of its pages other processes map, too */
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

/* Where accesses to a slice go: this much of it gets this much of them. */
struct mm_band {
    uint32_t size_ppm, weight_ppm; /* the bands of a region add up to 1e6 of each */
};

struct mm_region_spec {
    const char *name; /* copied */
    int64_t size_bytes;
    int64_t page_bytes; /* of a page at most; a power of two, the machine's page or more */
    bool shared;        /* by all threads of the process */
    bool sequential;
    bool hugetlb, file, mapped_shared, readonly;
    int64_t working_set_bytes;   /* 0: all of it */
    int32_t nr_slices;           /* unless shared */
    const struct mm_band *bands; /* NULL: one, all of it */
    int32_t nr_bands;
    /* Another mapping of what region @of_region of process @of maps, which is shared by its threads and
     * alike in all but name and first toucher; NULL: pages of its own. */
    struct process *of;
    int32_t of_region;
    const char *object; /* the name of that */
};

/* Adds a region to @p. Returns its index. */
int32_t kernel_region_new(struct kernel *k, struct process *p, const struct mm_region_spec *spec);

/* Restricts where its pages may lie (bitmap of nodes, copied), and rebinds its memory policies. */
void kernel_process_set_nodes(struct kernel *k, struct process *p, const uint64_t *nodes);

/* Of a cgroup, in bytes: memory.max and memory.high, INT64_MAX where there is none; memory.low and
 * memory.min, 0 where there is none. */
struct cgroup_memory {
    int64_t max_bytes, high_bytes, low_bytes, min_bytes;
};

/* The memory controller is on in @cgroup and all above it, before they have any pages: what their
 * processes touch is charged to them. */
void kernel_cgroup_account_memory(struct kernel *k, int32_t cgroup);
/* The same, with limits and protections; before it has any pages. */
void kernel_cgroup_set_memory(struct kernel *k, int32_t cgroup, const struct cgroup_memory *limits);

/* set_mempolicy(2) by @t, with the user's nodes, which are copied. Errors: mempolicy_set(). */
bool kernel_task_set_mempolicy(struct kernel *k, struct task *t,
                               const struct numasim_mempolicy *policy, GError **error);
/* mbind(2) on all of region @region, before anything is there. */
bool kernel_region_set_mempolicy(struct kernel *k, struct process *p, int32_t region,
                                 const struct numasim_mempolicy *policy, GError **error);

/* cpuset.mems of @cgroup becomes @nodes; with @migrate the pages of its processes follow, moved by a
 * kernel thread (cpuset.memory_migrate, always on in cgroup v2). */
void kernel_cgroup_set_nodes(struct kernel *k, int32_t cgroup, const uint64_t *nodes, bool migrate);
/* Moves @p with its threads to @cgroup; with @migrate its pages follow to that one's cpuset.mems. */
void kernel_process_set_cgroup(struct kernel *k, struct process *p, int32_t cgroup, bool migrate);
/* migrate_pages(2) by a task of its own: what lies on @from goes to @to, node by node. */
void kernel_process_migrate_pages(struct kernel *k, struct process *p, const uint64_t *from,
                                  const uint64_t *to);

/* The slice of @r that thread @slice_index accesses. */
static inline struct mm_slice *mm_slice(const struct mm_region *r, int32_t slice_index)
{
    return &r->slices[r->shared ? 0 : slice_index % r->nr_slices];
}

/* What a warm cache would hold for one thread of @r: for all, where they share it. */
static inline int64_t mm_working_set_bytes(const struct mm_region *r)
{
    return (r->working_set_bytes > 0 ? r->working_set_bytes : r->pub.size_bytes) / r->nr_slices;
}

#endif
