/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory controller of cgroups (v2): what each is charged, its limits, and what happens at these
 * (mm/memcontrol.c, mm/page_counter.c, 6.12).
 *
 * A page is charged to the cgroup of the process whose task touched it first, and to all above it, and
 * stays charged there wherever the process moves. Pages of hugetlb pools are not charged. Accounting
 * begins where some limit or protection is set (kernel_cgroups_account_memory()): until then nothing
 * here costs anything. The per-CPU stocks of 64 pages, by which memory.current is a little ahead, are
 * left out.
 */
#ifndef NUMASIM_KERNEL_MM_MEMCG_H
#define NUMASIM_KERNEL_MM_MEMCG_H

#include "kernel/mm/memory.h"

/* What memory.numa_stat tells apart; shmem is part of file. */
enum memcg_kind { MEMCG_ANON, MEMCG_FILE, MEMCG_SHMEM, NR_MEMCG_KINDS };

struct memcg {
    struct numasim_memcg pub;         /* first */
    int64_t *by_node[NR_MEMCG_KINDS]; /* [nr_nodes], in pages: its own alone */
    int32_t nr_idle; /* calls of reclaim() in a row that claimed pages, and changed nothing */
};

void memcg_free(struct memcg *mc);

/* The cgroup that pages which @p touches of @r are charged to; 0 if memory is not accounted. */
uint16_t memcg_of(const struct kernel *k, const struct process *p, const struct mm_region *r);

/* @pages base pages of @r on @node come to be charged to @memcg, or go (negative). */
void memcg_charge(struct kernel *k, uint16_t memcg, const struct mm_region *r, int32_t node,
                  int64_t pages);

/* How many base pages @memcg may be charged before it, or one above it, is at memory.max. */
int64_t memcg_margin_pages(const struct kernel *k, uint16_t memcg);
/* try_charge_memcg(): makes room for @pages more (few, as of one page fault) by reclaim on @cpu. False:
 * there is none, and *@ret_limit is the cgroup whose limit it is. */
bool memcg_make_room(struct kernel *k, uint16_t memcg, int32_t cpu, int64_t pages,
                     int32_t *ret_limit);

/* As many pages may be charged at once until memory.high has to be looked at again. */
int64_t memcg_batch_pages(const struct kernel *k, uint16_t memcg);
/*
 * mem_cgroup_handle_over_high() after @pages were charged to @memcg: those above memory.high are
 * reclaimed; returns for how long the task that charged them sleeps, 0: not at all.
 */
int64_t memcg_over_high_ns(struct kernel *k, uint16_t memcg, int32_t cpu, int64_t pages);

#endif
