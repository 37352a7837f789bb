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
    TIER_WEIGHT, /* of node 0, and so on */
    TIER_NR_WEIGHTS = 16,
};

struct tier {
    struct page_alloc alloc;
    uint64_t draws; /* so far, of which each is of its own */
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

#endif
