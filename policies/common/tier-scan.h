/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tier-scan.h - what TPP and its heirs share: slow memory is protected piece by piece, so that its next
 * access is a hint fault; pages of fast memory have one bit of age, set anew once a period, that stands
 * for the kernel's LRU lists.
 */
#ifndef NUMASIM_POLICIES_TIER_SCAN_H
#define NUMASIM_POLICIES_TIER_SCAN_H

#include "samples.h"
#include "two-tier.h"

/* The parameters that all have, and where the kernel of @release has the scan's. */
#define TIER_SCAN_PARAMS(release)                                                                  \
    {.name = "scan_period",                                                                        \
     .type = NUMASIM_PARAM_NS,                                                                     \
     .def = INT64_C(1000000000),                                                                   \
     .min = 1000000,                                                                               \
     .max = INT64_C(60000000000),                                                                  \
     .doc = "Time between two pieces that a process's scan protects.",                             \
     .knob = "/sys/kernel/debug/sched/numa_balancing/scan_period_min_ms",                          \
     .source = "kernel/sched/fair.c: sysctl_numa_balancing_scan_period_min, " release},            \
    {                                                                                              \
        .name = "scan_size", .type = NUMASIM_PARAM_BYTES, .def = INT64_C(256) << 20, .min = 4096,  \
        .max = INT64_C(1) << 40, .doc = "Size of such a piece.",                                   \
        .knob = "/sys/kernel/debug/sched/numa_balancing/scan_size_mb",                             \
        .source = "kernel/sched/fair.c: sysctl_numa_balancing_scan_size, " release                 \
    }
#define TIER_LRU_PARAM                                                                             \
    {                                                                                              \
        .name = "lru_period", .type = NUMASIM_PARAM_NS, .def = INT64_C(1000000000),                \
        .min = 1000000, .max = INT64_C(60000000000),                                               \
        .doc = "A page that was not accessed for so long is inactive.",                            \
        .source = "an assumption: the kernel ages its lists as it reclaims"                        \
    }

/* How far a process's scan came. */
struct tier_scan {
    int64_t next_ns;
    int32_t region;
    int64_t page;
};

/* The same for all: what the scan leaves out is @skip, a bitmap of nodes. */
struct tier_scan_rules {
    int64_t period_ns, size_bytes;
    const uint64_t *skip;
};

enum { TIER_PAGE_ACTIVE = 1 }; /* bit of the tag: accessed in the last period */

/* Answers tick(): task_work() follows when the next piece is due. */
static inline int64_t tier_scan_tick(struct numasim_self *self, struct numasim_task *task,
                                     const struct tier_scan *scan)
{
    if (numasim_now(self->host) >= scan->next_ns) {
        numasim_task_work(self->host, task);
    }
    return scan->next_ns;
}

/* Protects the next piece of @task's process if it is due; bound regions are left out. */
static inline void tier_scan_work(struct numasim_self *self, struct numasim_task *task,
                                  struct tier_scan *scan, const struct tier_scan_rules *rules)
{
    int64_t now_ns = numasim_now(self->host), page = numasim_page_bytes(self->host);
    int64_t left = (rules->size_bytes + page - 1) / page;
    int32_t nr = numasim_nr_regions(task->process);

    if (now_ns < scan->next_ns) {
        return;
    }
    scan->next_ns = now_ns + rules->period_ns;
    /* Each region at most once. */
    for (int32_t i = 0; i <= nr && left > 0; i++) {
        const struct numasim_region *region;

        scan->region = scan->region < nr ? scan->region : 0;
        region = numasim_region(task->process, scan->region);
        int64_t pages = region->nr_pages - scan->page < left ? region->nr_pages - scan->page : left;

        if (!two_tier_region_is_bound(task->process, region)) {
            numasim_protect_pages(self->host, task, scan->region, scan->page, pages, rules->skip);
            left -= pages;
        }
        scan->page += pages;
        if (scan->page >= region->nr_pages) {
            scan->region++;
            scan->page = 0;
        }
    }
}

/* Looks at all pages of @node: those accessed since the last time are active, the others not. Draws of
 * @entity from *@draws on. */
static inline void tier_age(struct numasim_self *self, int32_t node, uint64_t entity,
                            uint64_t *draws)
{
    struct numasim_pages pages = {0};
    int64_t with[2];

    while (numasim_next_pages(self->host, NULL, node, &pages)) {
        int64_t unit = pages.page_bytes / numasim_page_bytes(self->host);

        samples_draw(self->host, entity, draws, pages.nr_pages / unit,
                     samples_mean(self->host, &pages, 1), 1, with);
        if (with[1] > 0) {
            numasim_tag_pages(self->host, &pages, with[1] * unit, TIER_PAGE_ACTIVE);
        }
        if (with[0] > 0) {
            numasim_tag_pages(self->host, &pages, with[0] * unit, 0);
        }
    }
}

/* Pages of @node that are like @tag and not bound: how many, in base pages. */
static inline int64_t tier_nr_tagged(struct numasim_self *self, int32_t node, uint32_t tag)
{
    struct numasim_pages pages = {0};
    int64_t nr = 0;

    while (numasim_next_pages(self->host, NULL, node, &pages)) {
        nr += pages.tag == tag && !two_tier_is_bound(&pages) ? pages.nr_pages : 0;
    }
    return nr;
}

/*
 * Demotes pages of the fast tier until @wanted bytes of it are free, inactive ones first; of active ones
 * none as long as there are others. Nothing says where on their list those of one age are: each
 * population gives its share. Counted as kswapd's, charged to @cpu. Up to 8 TiB.
 */
static inline void tier_demote(struct numasim_self *self, const struct two_tier *tiers, int32_t cpu,
                               int64_t wanted)
{
    struct numasim_node *fast = numasim_node(self->host, tiers->fast);

    for (uint32_t tag = 0; tag <= TIER_PAGE_ACTIVE && fast->free_bytes < wanted; tag++) {
        int64_t all = tier_nr_tagged(self, tiers->fast, tag), seen = 0, given = 0;
        int64_t nr = (wanted - fast->free_bytes) / numasim_page_bytes(self->host) + 1;
        struct numasim_pages pages = {0};

        nr = nr < all ? nr : all;
        while (given < nr && numasim_next_pages(self->host, NULL, tiers->fast, &pages)) {
            int64_t unit = pages.page_bytes / numasim_page_bytes(self->host);

            if (pages.tag != tag || two_tier_is_bound(&pages)) {
                continue;
            }
            seen += pages.nr_pages;
            /* Of all so far its part, as whole pages. */
            int64_t due = nr * seen / all - given;

            due = (due + unit - 1) / unit * unit;
            due = due < pages.nr_pages ? due : pages.nr_pages;
            if (due > 0) { /* not where a huge page before was more than was due */
                given += due;
                fast->vmstat[NUMASIM_PGDEMOTE_KSWAPD] +=
                    (uint64_t)numasim_demote_pages(self->host, cpu, &pages, due, tiers->slow, 0);
            }
        }
    }
}

#endif
