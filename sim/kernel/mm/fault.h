/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hint faults among their own files: fault.c (what follows from one, and those met in order),
 * fault-anywhere.c (those met by chance), fault-plan.c (when to look for them); and those of stores to
 * pages with copies: collapse.c.
 */
#ifndef NUMASIM_KERNEL_MM_FAULT_H
#define NUMASIM_KERNEL_MM_FAULT_H

#include "kernel/mm/memory.h"

/* Where a batch of faults happens. */
struct place {
    struct task *t;
    struct rq *rq;
    struct mm_region *r;
    struct mm_slice *s;
    struct mm_part *part;
    uint32_t writes_ppm; /* of the accesses, those that store */
    int64_t before_ns;   /* only pages that were protected before it */
    int64_t cost_ns;     /* so far */
    bool copied;         /* some pages got copies */
};

/* Pages (huge ones count as one) that a task meets between two stops: a sixteenth of what is left, so that
 * the rate falls in small steps as there are fewer, and at most so many. */
enum { MAX_BATCH = 64, BATCH_PARTS = 16 };

/* Accesses to each page of a region that is accessed in order. */
static inline uint64_t lines_per_page(const struct kernel *k)
{
    return (uint64_t)(k->machine->page_size_bytes / k->machine->cache_line_bytes);
}

/* What the policy is told of @pages base pages of @kind in @e. */
struct numasim_fault fault_of(const struct kernel *k, const struct place *at,
                              const struct mm_extent *e, const struct mm_kind *kind, int64_t pages);
/* True if the answer to it by @callback names something there is. */
bool fault_answer_valid(struct kernel *k, const struct numasim_fault *f, const char *callback);

/* Asks the policy about @pages base pages of kind @index of @e, and does as it says. It may not change
 * pages itself meanwhile. */
void fault(struct kernel *k, struct place *at, struct mm_extent *e, int32_t index, int64_t pages);

/* The faults of @accesses that fall anywhere in @at's slice, of which @earlier met only pages that were
 * protected before @at->before_ns. */
void fault_anywhere(struct kernel *k, struct place *at, uint64_t accesses, uint64_t earlier);

/* Accesses to each page of @part, x 2^32, of @accesses to its slice. */
uint64_t fault_to_each_q32(const struct mm_part *part, uint64_t accesses);

/* After how much work @t, which has a mix, is to look for faults. */
void fault_plan(struct kernel *k, struct task *t);
/* The first protected page of @part from @from on (pages from the region's start), or -1. An extent that
 * holds some is as good as one that begins with them. */
int64_t next_protected(const struct mm_part *part, int64_t from);
/* The place of @own in @s, which it accesses in order, moves on by @accesses. Returns by how many pages. */
int64_t move_on(const struct kernel *k, struct task_access *own, const struct mm_slice *s,
                uint64_t accesses);

#endif
