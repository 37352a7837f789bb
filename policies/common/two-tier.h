/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * two-tier.h - what policies for a fast and a slow tier share: which nodes these are, who acts, and
 * Colloid's rule of how much of the accesses belongs to which.
 */
#ifndef NUMASIM_POLICIES_TWO_TIER_H
#define NUMASIM_POLICIES_TWO_TIER_H

#include "page-alloc.h"

struct two_tier {
    int32_t fast, slow; /* nodes; slow is -1 where there is one tier only */
    bool started;       /* two_tier_task_init() brought the fast node's daemon to life */
};

/* Answers alloc(): memory policies hold, and of the nodes that they leave each is filled to its last
 * page in turn, huge pages as well, as these policies set no watermarks for allocation. */
static inline void two_tier_alloc(struct numasim_self *self, struct numasim_alloc *a,
                                  struct numasim_decision *d)
{
    struct page_alloc pa = {.thp = true, .thp_reclaims = true};
    int64_t read[INTERLEAVE_MAX_NODES] = {0};
    int32_t nr_nodes = numasim_nr_nodes(self->host);

    for (int32_t n = 0; n < nr_nodes && n < INTERLEAVE_MAX_NODES; n++) {
        read[n] = numasim_node(self->host, n)->read_bytes_per_s;
    }
    interleave_weigh(read, nr_nodes, pa.weights);
    page_alloc(self, &pa, a, d);
}

/* The first node of the top tier with memory and CPUs, and the one of a slower tier nearest to it. */
static inline struct two_tier two_tier_find(const struct numasim_host *host)
{
    struct two_tier t = {.fast = -1, .slow = -1};
    int32_t nr_nodes = numasim_nr_nodes(host);

    for (int32_t n = 0; n < nr_nodes && t.fast < 0; n++) {
        const struct numasim_node *node = numasim_node(host, n);

        t.fast = node->top_tier && node->total_bytes > 0 && node->nr_cpus > 0 ? n : -1;
    }
    for (int32_t n = 0; n < nr_nodes && t.fast >= 0; n++) {
        const struct numasim_node *node = numasim_node(host, n);

        if (!node->top_tier && node->total_bytes > 0 &&
            (t.slow < 0 ||
             numasim_distance(host, t.fast, n) < numasim_distance(host, t.fast, t.slow))) {
            t.slow = n;
        }
    }
    return t;
}

/* The first task brings the fast node's daemon to life: there is nothing to do before. */
static inline void two_tier_task_init(struct numasim_self *self, struct two_tier *tiers,
                                      const struct numasim_task *task)
{
    if (tiers->slow >= 0 && !tiers->started && !task->kthread) {
        tiers->started = true;
        numasim_wake_daemon(self->host, tiers->fast, numasim_now(self->host));
    }
}

/* True if the user bound the pages of @region to nodes, by mbind(2) or, for want of that, the policy of
 * a thread, or took them out of a node's pool: they stay. */
static inline bool two_tier_region_is_bound(const struct numasim_process *process,
                                            const struct numasim_region *region)
{
    return region->hugetlb ||
           (region->mempolicy != NULL ? region->mempolicy->mode == NUMASIM_MPOL_BIND
                                      : process->bound);
}

static inline bool two_tier_is_bound(const struct numasim_pages *pages)
{
    return two_tier_region_is_bound(pages->process, numasim_region(pages->process, pages->region));
}

/* True if @comm is @name with @node behind it. */
static inline bool two_tier_is_daemon(const char *comm, const char *name, int32_t node)
{
    int32_t number = 0;

    while (*name != '\0' && *comm == *name) {
        comm++;
        name++;
    }
    if (*name != '\0' || *comm == '\0') {
        return false;
    }
    for (; *comm >= '0' && *comm <= '9'; comm++) {
        number = number * 10 + (*comm - '0');
    }
    return *comm == '\0' && number == node;
}

/* The CPU that @node's daemon, called @name, runs on: to it belongs what it does. O(CPUs). */
static inline int32_t two_tier_cpu(const struct numasim_host *host, const char *name, int32_t node)
{
    for (int32_t cpu = 0; cpu < numasim_nr_cpus(host); cpu++) {
        const struct numasim_task *curr = numasim_cpu(host, cpu)->curr;

        if (curr != NULL && curr->kthread && two_tier_is_daemon(curr->comm, name, node)) {
            return cpu;
        }
    }
    return numasim_mask_next(numasim_online_mask(host), NULL, numasim_nr_cpus(host), 0);
}

/*
 * Colloid (SOSP 2024): pages belong where an access takes less time under the present load, not where
 * it would without any. The part p of the accesses that goes to the fast tier is looked for by
 * halving: p_lo is known to be too little, p_hi too much.
 */
struct two_tier_colloid {
    int64_t fast_ns, slow_ns; /* smoothed loaded latencies; 0 before the first look */
    int64_t lo_ppm, hi_ppm;
};

enum {
    COLLOID_DELTA_PPM = 50000,   /* latencies as near as that are alike: COLLOID_DELTA_PERCENT */
    COLLOID_EPSILON_PPM = 10000, /* bounds as near as that have lost the point: ..EPSILON_PERCENT */
    COLLOID_EWMA_SHIFT = 1,      /* EWMA_EXP of colloid-mon.c for samples every 10 ms */
};

/* Looks at the latencies of both tiers from @t.fast's CPUs. */
static inline void two_tier_look(struct numasim_host *host, struct two_tier t,
                                 struct two_tier_colloid *c)
{
    int64_t fast_ns = numasim_loaded_latency_ns(host, t.fast, t.fast);
    int64_t slow_ns = numasim_loaded_latency_ns(host, t.fast, t.slow);

    if (c->fast_ns == 0) {
        c->fast_ns = fast_ns;
        c->slow_ns = slow_ns;
        c->hi_ppm = 1000000;
    }
    c->fast_ns += (fast_ns - c->fast_ns) >> COLLOID_EWMA_SHIFT;
    c->slow_ns += (slow_ns - c->slow_ns) >> COLLOID_EWMA_SHIFT;
}

/* By how much the fast tier's part of the accesses, now @p_ppm, should grow (negative: shrink), in ppm of
 * all; 0 where latencies are alike. */
static inline int64_t two_tier_shift_ppm(struct two_tier_colloid *c, int64_t p_ppm)
{
    int64_t apart_ns = c->fast_ns > c->slow_ns ? c->fast_ns - c->slow_ns : c->slow_ns - c->fast_ns;
    bool slower = c->fast_ns > c->slow_ns;

    if (apart_ns * 1000000 < c->fast_ns * COLLOID_DELTA_PPM) {
        return 0;
    }
    if (slower) {
        c->hi_ppm = p_ppm;
    } else {
        c->lo_ppm = p_ppm;
    }
    if (c->hi_ppm <= c->lo_ppm + COLLOID_EPSILON_PPM) { /* the load has changed meanwhile */
        if (slower) {
            c->lo_ppm = 0;
        } else {
            c->hi_ppm = 1000000;
        }
    }
    return (c->lo_ppm + c->hi_ppm) / 2 - p_ppm;
}

#endif
