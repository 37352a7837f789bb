/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of linux-tier share. */
#ifndef NUMASIM_LINUX_TIER_H
#define NUMASIM_LINUX_TIER_H

#include "page-alloc.h"

enum tier_param {
    TIER_MIN_FREE,
    TIER_SCALE,
    TIER_THP,
    TIER_DEFRAG,
    TIER_RECLAIM_MODE,
    TIER_MIN_UNMAPPED,
    TIER_DEMOTION,
    TIER_DEMOTION_CPUSET,
    TIER_TIERING,
    TIER_COUNTS_WEIGHTED,
    TIER_AUTO_WEIGHTS,
    TIER_RECURSIVEPROT,
    TIER_COLLAPSE_PAGES,
    TIER_COLLAPSE_SLEEP,
    TIER_COLLAPSE_ALLOC_SLEEP,
    TIER_COLLAPSE_MAX_NONE,
    TIER_COLLAPSE_DEFRAG,
    TIER_WEIGHT, /* of node 0, and so on */
    TIER_NR_WEIGHTS = 16,
};

/* struct khugepaged_scan and the locals of khugepaged_do_scan(). */
struct khugepaged {
    struct numasim_process *first, *last; /* those to scan, by tier_process.next */
    struct numasim_process *at;           /* being scanned, NULL: the next is the first */
    int32_t region;                       /* and where in it */
    int64_t page;
    bool scanning; /* between two sleeps of scan_sleep_millisecs: */
    bool waited;   /* an allocation failed in it already */
    int64_t progress;
    int32_t passes; /* through the head of the list */
};

struct tier {
    struct page_alloc alloc;
    uint64_t draws; /* so far, of which each is of its own */
    struct khugepaged khugepaged;
};

/* Of a process. */
struct tier_process {
    struct numasim_process *next;
    bool entered;
};

/* Of a node. */
struct tier_node {
    int32_t nr_targets; /* next slower tier, the nearest ones: demotion picks among them */
    int16_t targets[INTERLEAVE_MAX_NODES];
    int32_t failures;        /* passes of kswapd without progress */
    int64_t free_at_failure; /* bytes: it gives up until there are more */
    uint32_t pass;           /* the tag of pages looked at in the present one; 0: none yet */
    int64_t pass_ns;         /* when that began */
    bool low_too;            /* kswapd found nothing but what memory.low protects */
};

static inline struct tier *tier_of(const struct numasim_self *self)
{
    return self->state;
}

static inline struct tier_node *tier_node(const struct numasim_self *self, int32_t node)
{
    return numasim_node(self->host, node)->state[self->slot];
}

/* reclaim.c */
/* establish_demotion_targets() (mm/memory-tiers.c, 6.12). */
void tier_set_targets(struct numasim_self *self);
/* Direct reclaim. */
int64_t tier_reclaim(struct numasim_self *self, int32_t node, int32_t cpu, int64_t bytes);
/* Of what @cgroup is charged for, on all nodes (try_to_free_mem_cgroup_pages()). */
int64_t tier_reclaim_cgroup(struct numasim_self *self, int32_t cgroup, int32_t cpu, int64_t bytes);
/* node_reclaim(): page cache alone, if there is enough of it; else -1. */
int64_t tier_node_reclaim(struct numasim_self *self, int32_t node, int32_t cpu, int64_t bytes);
void tier_wake_kswapd(struct numasim_self *self, int32_t node);
int64_t tier_kswapd(struct numasim_self *self, int32_t node);

/* khugepaged.c */
/* khugepaged_enter_vma(): @region of @process is used, or was advised of. */
void tier_khugepaged_enter(struct numasim_self *self, struct numasim_process *process,
                           const struct numasim_region *region);
int64_t tier_khugepaged(struct numasim_self *self);

#endif
