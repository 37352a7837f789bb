/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One population that several processes map (a shmem object, a file): its pages are there once, whoever
 * touches one first allocates it and its cgroup is charged, and its memory policy is the object's
 * (mm/shmem.c). It counts as resident in each process that maps it, whose threads all access it as
 * those of one process do a region; so a hint fault on it by one is no longer to come in another.
 * It goes with the last process that maps it.
 */
#ifndef NUMASIM_KERNEL_MM_OBJECT_H
#define NUMASIM_KERNEL_MM_OBJECT_H

#include "kernel/mm/memory.h"

struct mm_mapping {
    struct process *process; /* NULL: it has ended */
    struct mm_region *region;
};

struct mm_object {
    char *name;
    struct mm_mapping *mappings; /* in the order in which they came */
    int32_t nr_mappings, nr_mapped;
};

static inline struct mm_object *region_object(const struct mm_region *r)
{
    return r->slices[0].object;
}

/* @r of @p, which has no slices yet, is another mapping of what @from of @owner maps. */
void object_share(struct kernel *k, struct process *owner, struct mm_region *from, const char *name,
                  struct process *p, struct mm_region *r);
/* @r of @p, which ends, does not map it any more; false if it was the last that did. */
bool object_unmap(struct kernel *k, struct process *p, struct mm_region *r);
/* True if the slices of @r, which is freed, go with it. */
bool object_release(struct mm_region *r);

/* True if @r is its only mapping, or of several that still are the first: where what all map counts. */
bool region_counts(const struct mm_region *r);
/* True if @r is a mapping that ended. */
bool region_unmapped(const struct mm_region *r);
/* Whether the pages of @r, of process @p, changed so: @bytes of them came to @node. */
void region_add_bytes(struct process *p, struct mm_region *r, int32_t node, int64_t bytes);
/* The same of what is resident. */
void region_add_resident(struct process *p, struct mm_region *r, int64_t bytes);

#endif
