/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hint faults among their own files: fault.c (what follows from one, and those met in order),
 * fault-anywhere.c (those met by chance), fault-plan.c (when to look for them).
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
    bool write;
    int64_t before_ns; /* only pages that were protected before it */
    int64_t cost_ns;   /* so far */
};

/* Asks the policy about @pages base pages of kind @index of @e, and does as it says. It may not change
 * pages itself meanwhile. */
void fault(struct kernel *k, struct place *at, struct mm_extent *e, int32_t index, int64_t pages);

/* The faults of @accesses that fall anywhere in @at's slice, of which @earlier met only pages that were
 * protected before @at->before_ns. */
void fault_anywhere(struct kernel *k, struct place *at, uint64_t accesses, uint64_t earlier);

/* After how much work @t, which has a mix, is to look for faults. */
void fault_plan(struct kernel *k, struct task *t);
/* The first protected page of @part from @from on (pages from the region's start), or -1. An extent that
 * holds some is as good as one that begins with them. */
int64_t next_protected(const struct mm_part *part, int64_t from);
/* The place of @own in @s, which it accesses in order, moves on by @accesses. Returns by how many pages. */
int64_t move_on(const struct kernel *k, struct task_access *own, const struct mm_slice *s,
                uint64_t accesses);

#endif
