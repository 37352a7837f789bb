/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a cgroup at a limit gives back under policies that keep no LRU lists: page cache, which is dropped;
 * of the nodes near the CPU that asks first, what was hardly accessed before the rest
 * (mm/vmscan.c: try_to_free_mem_cgroup_pages(), 6.12). Anonymous pages have nowhere to go, as there is no
 * swap, and a demoted one stays charged. Protection is kept as memcg-protect.h has it.
 */
#ifndef NUMASIM_COMMON_MEMCG_RECLAIM_H
#define NUMASIM_COMMON_MEMCG_RECLAIM_H

#include "memcg-protect.h"

enum { MEMCG_RECLAIM_LEAST = 32 /* include/linux/swap.h: SWAP_CLUSTER_MAX */ };

struct memcg_reclaim {
    struct numasim_host *host;
    int32_t target, cpu;
    int64_t want, freed; /* base pages */
    bool busy_too;       /* what is accessed, too */
    bool low_too;        /* what memory.low protects, too */
    int32_t low_counted; /* the cgroup that was last found below its own */
};

/* How many of the pages charged to @cgroup may go. */
static inline int64_t memcg_reclaim_spare(struct memcg_reclaim *r, int32_t cgroup)
{
    struct numasim_memcg *mc = numasim_memcg(r->host, cgroup);

    if (mc == NULL || !memcg_below(r->host, cgroup, r->target)) {
        return 0;
    }
    struct memcg_protection kept = memcg_protection(r->host, r->target, cgroup, true);
    uint64_t usage = (uint64_t)(mc->usage_bytes / numasim_page_bytes(r->host));
    uint64_t least = r->low_too || kept.min > kept.low ? kept.min : kept.low;

    if (usage <= least) {
        return 0;
    }
    if (usage <= kept.low && r->low_counted != cgroup) {
        r->low_counted = cgroup;
        mc->events[NUMASIM_MEMCG_LOW]++;
    }
    return (int64_t)(usage - least);
}

static inline void memcg_reclaim_node(struct memcg_reclaim *r, int32_t node)
{
    struct numasim_pages pages = {.process = NULL};

    while (r->freed < r->want && numasim_next_pages(r->host, NULL, node, &pages)) {
        const struct numasim_region *region = numasim_region(pages.process, pages.region);

        if (!region->file || region->hugetlb || (!r->busy_too && pages.accesses_x256 >= 256)) {
            continue;
        }
        int64_t unit = pages.page_bytes / numasim_page_bytes(r->host);
        int64_t nr = (r->want - r->freed + unit - 1) / unit * unit;
        int64_t spare = memcg_reclaim_spare(r, pages.cgroup) / unit * unit;

        nr = nr < spare ? nr : spare;
        nr = nr < pages.nr_pages ? nr : pages.nr_pages;
        if (nr > 0) {
            r->freed += numasim_drop_pages(r->host, r->cpu, &pages, nr);
        }
    }
}

/* Answers reclaim() of the tier role. O(populations x nodes). */
static inline int64_t memcg_reclaim_cache(struct numasim_self *self, int32_t cgroup, int32_t cpu,
                                          int64_t bytes)
{
    struct memcg_reclaim r = {.host = self->host, .target = cgroup, .cpu = cpu, .low_counted = -1};
    const int32_t *order = numasim_fallback(r.host, numasim_cpu(r.host, cpu)->node);
    int64_t page = numasim_page_bytes(r.host), want = bytes / page;

    r.want = want > MEMCG_RECLAIM_LEAST ? want : MEMCG_RECLAIM_LEAST;
    for (int32_t need = 0; need < 4 && r.freed < r.want; need++) {
        r.busy_too = (need & 1) != 0;
        r.low_too = need >= 2;
        if (r.low_too && r.freed > 0) {
            break;
        }
        for (int32_t n = 0; n < numasim_nr_nodes(r.host) && r.freed < r.want; n++) {
            memcg_reclaim_node(&r, order[n]);
        }
    }
    return r.freed * page;
}

#endif
