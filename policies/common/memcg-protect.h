/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What memory.min and memory.low protect of a cgroup against reclaim of another target (mm/page_counter.c:
 * effective_protection(), page_counter_calculate_protection(), 6.12): what a cgroup claims of what its
 * parent has; where siblings claim more than that, each its share; and with memory_recursiveprot, as
 * systemd mounts cgroup2, what nobody claims goes to all by what they use beyond their own.
 */
#ifndef NUMASIM_COMMON_MEMCG_PROTECT_H
#define NUMASIM_COMMON_MEMCG_PROTECT_H

#include <numasim-policy.h>

struct memcg_protection {
    uint64_t low, min; /* elow, emin, in pages */
};

/* What one cgroup's setting comes to, all in pages. @siblings: what it and its siblings claim. */
static inline uint64_t memcg_effective(uint64_t usage, uint64_t parent_usage, uint64_t setting,
                                       uint64_t parent_effective, uint64_t siblings, bool recursive)
{
    uint64_t protects = usage < setting ? usage : setting;

    if (siblings > parent_effective) {
        return protects * parent_effective / siblings;
    }
    if (recursive && parent_effective > siblings && parent_usage > siblings && usage > protects) {
        protects += (parent_effective - siblings) * (usage - protects) / (parent_usage - siblings);
    }
    return protects;
}

/* Of @cgroup, while memory of @target (0: of the machine) is reclaimed; nothing for @target itself. */
static inline struct memcg_protection memcg_protection(struct numasim_host *host, int32_t target,
                                                       int32_t cgroup, bool recursive)
{
    const struct numasim_memcg *mc = numasim_memcg(host, cgroup);
    uint64_t page = (uint64_t)numasim_page_bytes(host);
    struct memcg_protection own = {0, 0};

    if (mc == NULL || cgroup == target || mc->parent < 0) {
        return own;
    }
    uint64_t low = (uint64_t)mc->low_bytes / page, min = (uint64_t)mc->min_bytes / page;

    if (mc->parent == target) {
        return (struct memcg_protection){low, min};
    }
    const struct numasim_memcg *parent = numasim_memcg(host, mc->parent);
    struct memcg_protection above = memcg_protection(host, target, mc->parent, recursive);
    uint64_t usage = (uint64_t)mc->usage_bytes / page;
    uint64_t parent_usage = (uint64_t)parent->usage_bytes / page;

    own.low = memcg_effective(usage, parent_usage, low, above.low,
                              (uint64_t)parent->children_low_bytes / page, recursive);
    own.min = memcg_effective(usage, parent_usage, min, above.min,
                              (uint64_t)parent->children_min_bytes / page, recursive);
    return own;
}

/* True if @cgroup is @ancestor or below it. */
static inline bool memcg_below(struct numasim_host *host, int32_t cgroup, int32_t ancestor)
{
    while (cgroup > 0 && cgroup != ancestor) {
        cgroup = numasim_memcg(host, cgroup)->parent;
    }
    return cgroup == ancestor;
}

#endif
