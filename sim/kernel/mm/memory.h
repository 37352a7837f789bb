/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of the kernel's memory files among themselves:
 *
 *   mm.c      processes, regions, where pages lie
 *   mems.c    which nodes they may lie on: cpusets, memory policies, and moving pages after these
 *   object.c  pages that several processes map
 *   touch.c   first touch: allocation
 *   memcg.c   memory of cgroups: charging, limits
 *   stall.c   tasks that wait for memory
 *   oom.c     whom it is taken from in the end
 *   fault.c   which accesses meet protected pages, and what follows; fault.h
 *   copies.c  clean copies of pages on further nodes; collapse.c what stores do to them
 *   pages.c   pages for plugins: moving and protecting them
 *   pages-found.c  populations for plugins: iterating, moving, tagging, splitting, dropping
 *   pages-copies.c  copies for plugins
 *   huge.c    base pages that become a huge one
 *   daemon.c  kernel threads of nodes, and one of none
 *   transact.c  moving pages that stay mapped meanwhile
 */
#ifndef NUMASIM_KERNEL_MM_MEMORY_H
#define NUMASIM_KERNEL_MM_MEMORY_H

#include "kernel/internal.h"
#include "kernel/mm/internal.h"

struct touch_later;

/* Regions begin where mmap() would put the first, some 0x7f0000000000, and at whole gigabytes, so that
 * interleaving, which goes by address, begins with the lowest node. */
#define FIRST_VPN INT64_C(0x7f0000000)
#define VPN_ALIGN INT64_C(262144)

/* Pages of @p came, went or moved: if that makes a difference, what its running tasks accessed so far is
 * accounted, as it was, and their paces follow. A numa policy may hear of the accesses, and move pages. */
void pages_changed(struct kernel *k, struct process *p);
/* @pages pages of @s came to @node, or left it (negative). */
void pages_count(struct kernel *k, struct process *p, struct mm_region *r, struct mm_slice *s,
                 int32_t node, int64_t pages);
/* Of @s so many pages are no longer where, or parts of pages as large as, they were told to be. */
void slice_moved(struct process *p, struct mm_slice *s, int64_t pages);
/* What told_by_node counts @pages of @part as. */
int64_t slice_told(const struct mm_slice *s, const struct mm_part *part, int64_t pages);
/* @bytes of @r come out of @node's free memory or its pool, or go back (negative). */
void node_take(struct kernel *k, const struct mm_region *r, int32_t node, int64_t bytes);
/* True for 2 MiB and more, which a table of the last level does not map. */
static inline bool pages_are_huge(const struct kernel *k, uint8_t order)
{
    return k->machine->page_size_bytes << order >= INT64_C(1) << 21;
}
/* What @node can still give to @r: free memory, or its hugetlb pool. */
int64_t node_room_bytes(const struct kernel *k, const struct mm_region *r, int32_t node);
bool node_allowed(const struct process *p, int32_t node);

/* touch.c */
/* @t touches what it left when it stalled. */
void touch_go_on(struct kernel *k, struct task *t, const struct touch_later *later, uint32_t nr);

/* pages.c */
/*
 * Moves @pages base pages of kind @index of @e (as extent_change()) to @to, if that has room above
 * @floor_bytes, as whole pages of their size; what is moved counts as migrated and becomes @as, its node
 * and copies apart. With @shadow what lay where they come from stays there as a copy. Charges nothing;
 * *@ret_cost_ns is what it costs. Returns how many base pages moved.
 */
int64_t pages_migrate(struct kernel *k, struct process *p, struct mm_region *r, struct mm_slice *s,
                      struct mm_part *part, struct mm_extent *e, int32_t index, int64_t pages,
                      int32_t to, int64_t floor_bytes, const struct mm_kind *as, bool shadow,
                      int64_t *ret_cost_ns);
/* Where a walk over a region's extents stands; zero: at its start. Extents may change meanwhile. */
struct pages_place {
    int32_t slice, part, extent;
};
/*
 * Moves up to @nr_pages of @region from node to node, beginning at *@at, which moves on: so that whoever
 * moves all of them in batches does not go over the moved ones each time. Begins anew where there is
 * nothing after it. The cost is charged to @cpu. Returns how many moved.
 */
int64_t pages_migrate_some(struct kernel *k, int32_t cpu, struct process *p, int32_t region,
                           int32_t from, int32_t to, int64_t nr_pages, struct pages_place *at);
/* The slice of @r that holds page @page. */
int32_t slice_at(const struct mm_region *r, int64_t page);
/* What it costs @cpu to flush the TLBs of the other CPUs that run @p now. */
int64_t pages_flush_cost_ns(const struct kernel *k, const struct process *p, int32_t cpu);
/* What moving @pages base pages in pages of @order costs. */
int64_t pages_move_cost_ns(const struct kernel *k, int64_t pages, uint8_t order);

/* False, with a fault that names @call, while the host goes through pages: where it may not change them,
 * or, with @protect, not protect any. */
bool pages_free(struct kernel *k, const char *call, bool protect);

/* The CPUs that run @p now, apart from @but: each gets an interrupt to flush its TLB. */
int32_t nr_flushed(const struct process *p, int32_t but);

/* For functions that a policy calls: who is to blame for a wrong argument; false, with a fault that names
 * @call, if an argument names nothing there is or pages may not be changed now. */
enum numasim_role pages_blamed(const struct kernel *k);
bool pages_region_valid(struct kernel *k, const char *call, const struct process *p,
                        int32_t region);
bool pages_migration_valid(struct kernel *k, const char *call, const struct process *p, int32_t cpu,
                           int32_t region, int32_t from, int32_t to);

/* pages-found.c */
/* Where pages are that an iteration gave. */
struct pages_found {
    struct process *p;
    struct mm_region *r;
    struct mm_slice *s;
    struct mm_part *part;
    struct mm_extent *e;
    int32_t kind;
};
/* Finds what @pages describes, as far as it is still there as it was: extents may have been cut, joined
 * or changed since. Faults if it never was anything. */
bool pages_find(struct kernel *k, const char *call, const struct numasim_pages *pages,
                struct pages_found *f);
/* numasim_move_pages(), and with @shadow numasim_move_pages_shadowed(). */
int64_t pages_move_found(struct kernel *k, const char *call, int32_t cpu,
                         const struct numasim_pages *pages, int64_t nr_pages, int32_t to,
                         int64_t floor_bytes, bool shadow);

/* fault.c */
/* Pages of @p have come to be protected now: its running tasks will meet them. */
void faults_expected(struct kernel *k, struct process *p);

#endif
