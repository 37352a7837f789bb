/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The OOM killer (mm/oom_kill.c, 6.12): whom it kills for want of memory. */
#ifndef NUMASIM_KERNEL_MM_OOM_H
#define NUMASIM_KERNEL_MM_OOM_H

#include "kernel/mm/memory.h"

enum { OOM_SCORE_ADJ_MIN = -1000, OOM_SCORE_ADJ_MAX = 1000 }; /* include/uapi/linux/oom.h */

/*
 * The acting task @t finds no memory for @r: on the nodes that its policy and cpuset leave, or, with
 * @memcg >= 0, within that cgroup's memory.max. Kills the process with the most memory and
 * oom_score_adj among those that could give way: in that cgroup; or, under MPOL_BIND, those not bound
 * elsewhere; or those whose cpusets share a node with @t's. True if that is @t's own, which ends
 * here; else @t stalls for a tick and tries again, as it does while an earlier victim still exits.
 */
bool oom_kill(struct kernel *k, struct task *t, const struct mm_region *r, int32_t memcg);
/* SIGBUS to @t's process: its pool of huge pages is empty. */
void oom_sigbus(struct kernel *k, struct task *t, const struct mm_region *r);

#endif
