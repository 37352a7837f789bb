/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of the kernel's memory files among themselves:
 *
 *   mm.c      processes, regions, where pages lie
 *   mems.c    which nodes they may lie on: cpusets, memory policies, and moving pages after these
 *   touch.c   first touch: allocation
 *   fault.c   which accesses meet protected pages, and what follows
 *   pages.c   populations for plugins: iterating, protecting, moving, tagging
 *   daemon.c  kernel threads of nodes
 */
#ifndef NUMASIM_KERNEL_MEMORY_H
#define NUMASIM_KERNEL_MEMORY_H

#include "kernel/internal.h"

/* Regions begin where mmap() would put the first, some 0x7f0000000000, and at whole gigabytes, so that
 * interleaving, which goes by address, begins with the lowest node. */
#define FIRST_VPN INT64_C(0x7f0000000)
#define VPN_ALIGN INT64_C(262144)

/* Accounts what the running tasks of @p accessed while its pages lay where they do now. */
void pages_will_change(struct kernel *k, struct process *p);
/* Their paces follow. */
void pages_changed(struct kernel *k, struct process *p);
/* @pages pages of @s came to @node, or left it (negative). */
void pages_count(struct kernel *k, struct process *p, struct mm_region *r, struct mm_slice *s,
                 int32_t node, int64_t pages);
bool node_allowed(const struct process *p, int32_t node);

/* pages.c */
/*
 * Moves @pages base pages of kind @index of @e (as extent_change()) to @to, if that has room above
 * @floor_bytes, as whole pages of their size; what is moved counts as migrated and becomes @as, its node
 * apart. Charges nothing. Returns how many base pages moved.
 */
int64_t pages_migrate(struct kernel *k, struct process *p, struct mm_region *r, struct mm_slice *s,
                      struct mm_part *part, struct mm_extent *e, int32_t index, int64_t pages,
                      int32_t to, int64_t floor_bytes, const struct mm_kind *as);
/* What moving @pages base pages in pages of @order costs. */
int64_t pages_move_cost_ns(const struct kernel *k, int64_t pages, uint8_t order);

/* fault.c */
/* Pages of @p have come to be protected: its running tasks will meet them. */
void faults_expected(struct kernel *k, struct process *p);

#endif
