/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page allocation as Linux does it: the memory policy of a region or task gives a start node and a set
 * of nodes, the start node's fallback list is walked, a node is taken while it is above its low
 * watermark, then, after kswapd was woken, while it is above min, then after direct reclaim.
 *
 * SOURCE. mm/mempolicy.c: alloc_pages_mpol(), policy_nodemask(), alloc_pages_preferred_many();
 * mm/page_alloc.c: get_page_from_freelist(), __alloc_pages_slowpath(); mm/vmstat.c: zone_statistics();
 * mm/hugetlb.c: dequeue_hugetlb_folio_vma(); 6.12. Fragmentation and compaction are left out.
 *
 * A tier plugin embeds a struct page_alloc in its state, sets it up in init(), and answers alloc()
 * with page_alloc().
 */
#ifndef NUMASIM_COMMON_PAGE_ALLOC_H
#define NUMASIM_COMMON_PAGE_ALLOC_H

#include "interleave.h"
#include "watermark.h"

enum { PAGE_ALLOC_THP = 2 << 20 };

struct page_alloc {
    bool thp;             /* transparent huge pages, else base pages */
    bool thp_reclaims;    /* a THP fault may reclaim (defrag=always): it then tries other nodes */
    bool counts_weighted; /* interleave_hit counts weighted interleaving, too (7.3) */
    int32_t reclaim_mode; /* vm.zone_reclaim_mode */
    int64_t reclaim_distance;              /* node_reclaim_distance: 30 */
    uint8_t weights[INTERLEAVE_MAX_NODES]; /* of weighted interleaving */
    /* Direct reclaim of about @bytes on @node; returns what it freed. NULL: none. */
    int64_t (*reclaim)(struct numasim_self *self, int32_t node, int32_t cpu, int64_t bytes);
    /* Reclaim of unmapped file pages there (zone_reclaim_mode); -1: it is not worth a try. NULL: none. */
    int64_t (*node_reclaim)(struct numasim_self *self, int32_t node, int32_t cpu, int64_t bytes);
    /* @node is below low. NULL: nobody cares. */
    void (*wake_kswapd)(struct numasim_self *self, int32_t node);
};

enum page_alloc_reason {
    PAGE_ALLOC_LOCAL,
    PAGE_ALLOC_POLICY,
    PAGE_ALLOC_FALLBACK,
    PAGE_ALLOC_BELOW_LOW,
    PAGE_ALLOC_POOL,
    PAGE_ALLOC_FULL
};
#define PAGE_ALLOC_REASONS                                                                         \
    "local", "policy", "fallback", "below-low-watermark", "hugetlb-pool", "no-memory"

/* One attempt. */
struct page_attempt {
    struct numasim_self *self;
    const struct page_alloc *pa;
    struct numasim_alloc *a;
    const uint64_t *mask;           /* of the policy, NULL none */
    int64_t base_bytes, unit_bytes; /* of a base page, of a page to allocate */
    bool this_node;                 /* the start node alone */
    bool below_low; /* down to min, and the cpuset does not count for the preferred zone */
    bool may_reclaim;
    bool counts_interleave;
};

static inline bool page_alloc_allowed(const struct page_attempt *t, int32_t node)
{
    return (t->mask == NULL || numasim_mask_test(t->mask, node)) &&
           (t->a->allowed == NULL || numasim_mask_test(t->a->allowed, node)) &&
           numasim_node(t->self->host, node)->total_bytes > 0;
}

/* How many units @node can give. */
static inline int64_t page_alloc_room(const struct page_attempt *t, int32_t node)
{
    const struct numasim_node *n = numasim_node(t->self->host, node);
    int64_t bytes = n->free_bytes - (t->below_low ? n->min_bytes : n->low_bytes);

    return bytes > 0 ? bytes / t->unit_bytes : 0;
}

/* The first zone that the node mask leaves in @start's list: a hit is what lies there. */
static inline int32_t page_alloc_preferred(const struct page_attempt *t, int32_t start)
{
    const int32_t *order = numasim_fallback(t->self->host, start);

    for (int32_t i = 0; i < numasim_nr_nodes(t->self->host); i++) {
        const uint64_t *mask = t->mask != NULL ? t->mask : t->below_low ? NULL : t->a->allowed;

        if ((mask == NULL || numasim_mask_test(mask, order[i])) &&
            numasim_node(t->self->host, order[i])->total_bytes > 0) {
            return order[i];
        }
    }
    return start;
}

/* True if node_reclaim() of @node made room there. */
static inline bool page_alloc_node_reclaim(const struct page_attempt *t, int32_t preferred,
                                           int32_t node)
{
    struct numasim_host *host = t->self->host;
    struct numasim_node *n = numasim_node(host, node);

    if (t->below_low || t->pa->reclaim_mode == 0 || t->pa->node_reclaim == NULL ||
        numasim_distance(host, preferred, node) > t->pa->reclaim_distance ||
        (n->nr_cpus > 0 && node != t->a->cpu_node)) {
        return false;
    }
    int64_t freed = t->pa->node_reclaim(t->self, node, t->a->cpu, t->unit_bytes);

    if (freed < 0) {
        return false;
    }
    n->vmstat[freed >= t->unit_bytes ? NUMASIM_ZONE_RECLAIM_SUCCESS
                                     : NUMASIM_ZONE_RECLAIM_FAILED]++;
    return page_alloc_room(t, node) > 0;
}

/* get_page_from_freelist(): where units that start at @start come from; -1 nowhere. */
static inline int32_t page_alloc_source(const struct page_attempt *t, int32_t start)
{
    const int32_t *order = numasim_fallback(t->self->host, start);
    int32_t preferred = page_alloc_preferred(t, start);

    if (t->this_node) {
        return page_alloc_allowed(t, start) && page_alloc_room(t, start) > 0 ? start : -1;
    }
    for (int32_t i = 0; i < numasim_nr_nodes(t->self->host); i++) {
        if (page_alloc_allowed(t, order[i]) &&
            (page_alloc_room(t, order[i]) > 0 || page_alloc_node_reclaim(t, preferred, order[i]))) {
            return order[i];
        }
    }
    return -1;
}

/* zone_statistics() for @units taken from @node that started at @start. */
static inline void page_alloc_count(const struct page_attempt *t, int32_t start, int32_t node,
                                    int64_t units)
{
    struct numasim_host *host = t->self->host;
    uint64_t *here = numasim_node(host, node)->vmstat;
    int32_t preferred = t->this_node ? start : page_alloc_preferred(t, start);
    uint64_t nr = (uint64_t)units;

    if (node == preferred) {
        here[NUMASIM_NUMA_HIT] += nr;
    } else {
        here[NUMASIM_NUMA_MISS] += nr;
        numasim_node(host, preferred)->vmstat[NUMASIM_NUMA_FOREIGN] += nr;
    }
    here[node == t->a->cpu_node ? NUMASIM_NUMA_LOCAL : NUMASIM_NUMA_OTHER] += nr;
    if (t->counts_interleave && node == start) {
        here[NUMASIM_NUMA_INTERLEAVE] += nr;
    }
    if (t->unit_bytes == PAGE_ALLOC_THP) {
        here[NUMASIM_THP_FAULT_ALLOC] += nr;
    }
}

/* True if the first @nr units of @il fit where @source says they come from. */
static inline bool page_alloc_fits(const struct page_attempt *t, const struct interleave *il,
                                   const int32_t *source, int64_t nr)
{
    for (int32_t i = 0; i < il->nr; i++) {
        int64_t units = 0;

        for (int32_t j = 0; j < il->nr; j++) {
            units += source[j] == source[i] ? interleave_count(il, j, nr) : 0;
        }
        if (units > 0 && (source[i] < 0 || units > page_alloc_room(t, source[i]))) {
            return false;
        }
    }
    return true;
}

/* As many of the first @nr units as the nodes have room for, all at once. False: not one. */
static inline bool page_alloc_attempt(struct page_attempt *t, const struct interleave *il,
                                      int64_t nr)
{
    int32_t source[INTERLEAVE_MAX_NODES];
    int64_t fits = 0, beyond = nr + 1;
    int64_t pages = t->unit_bytes / t->base_bytes;

    for (int32_t i = 0; i < il->nr; i++) {
        source[i] = interleave_count(il, i, nr) > 0 ? page_alloc_source(t, il->node[i]) : -1;
    }
    while (beyond - fits > 1) {
        /* Mostly all of it does. */
        int64_t middle = beyond == nr + 1 && fits == 0 ? nr : fits + (beyond - fits) / 2;

        if (page_alloc_fits(t, il, source, middle)) {
            fits = middle;
        } else {
            beyond = middle;
        }
    }
    for (int32_t i = 0; i < il->nr && fits > 0; i++) {
        int64_t units = interleave_count(il, i, fits);

        if (units > 0) {
            page_alloc_count(t, il->node[i], source[i], units);
            t->a->nr_by_node[source[i]] += units * pages;
        }
    }
    t->a->nr = fits * pages;
    t->a->got_page_bytes = t->unit_bytes;
    return fits > 0;
}

/* Wakes kswapd of every node that the allocation may use. */
static inline void page_alloc_wake(const struct page_attempt *t)
{
    for (int32_t n = 0; n < numasim_nr_nodes(t->self->host); n++) {
        if (t->pa->wake_kswapd != NULL && page_alloc_allowed(t, n)) {
            t->pa->wake_kswapd(t->self, n);
        }
    }
}

/* __alloc_pages(): low, min, and after direct reclaim once more. */
static inline bool page_alloc_try(struct page_attempt *t, const struct interleave *il, int64_t nr)
{
    t->below_low = false;
    if (page_alloc_attempt(t, il, nr)) {
        return true;
    }
    if (!t->this_node) {
        page_alloc_wake(t);
    }
    t->below_low = true;
    if (page_alloc_attempt(t, il, nr)) {
        return true;
    }
    if (!t->may_reclaim || t->pa->reclaim == NULL) {
        return false;
    }
    int64_t freed = 0;

    for (int32_t n = 0; n < numasim_nr_nodes(t->self->host); n++) {
        /* SWAP_CLUSTER_MAX pages at least. */
        if (page_alloc_allowed(t, n)) {
            freed += t->pa->reclaim(t->self, n, t->a->cpu,
                                    watermark_most(t->unit_bytes, 32 * t->base_bytes));
        }
    }
    return freed > 0 && page_alloc_attempt(t, il, nr);
}

/* What the policy says: where units start, and in *@ret_mask which nodes may give them. */
static inline void page_alloc_start(const struct page_attempt *t, const struct page_alloc *pa,
                                    const struct numasim_mempolicy *policy, struct interleave *il,
                                    const uint64_t **ret_mask)
{
    const struct numasim_alloc *a = t->a;
    int32_t nr_nodes = numasim_nr_nodes(t->self->host), start = a->cpu_node;
    int64_t unit = t->unit_bytes / t->base_bytes;
    /* A file's pages, and those of shared memory, which is one, go by their place in it. */
    int64_t origin = a->region->file || a->region->shared ? 0 : a->region->first_vpn;
    int64_t index = origin / unit + a->first / unit;

    *ret_mask = NULL;
    switch ((enum numasim_mpol)policy->mode) {
    case NUMASIM_MPOL_INTERLEAVE:
    case NUMASIM_MPOL_WEIGHTED_INTERLEAVE:
        interleave_init(il, policy->nodes, nr_nodes,
                        policy->mode == NUMASIM_MPOL_INTERLEAVE ? NULL : pa->weights, index);
        if (il->nr > 0) {
            return;
        }
        break; /* interleave_nid(): the task's own node where the mask is empty */
    case NUMASIM_MPOL_PREFERRED:
        start = numasim_mask_next(policy->nodes, NULL, nr_nodes, 0);
        break;
    case NUMASIM_MPOL_BIND:
    case NUMASIM_MPOL_PREFERRED_MANY:
        *ret_mask = policy->nodes;
        start = policy->home_node >= 0 ? policy->home_node : start;
        break;
    default:
        break;
    }
    interleave_one(il, start);
}

/* The policy in effect: the region's, else the task's. */
static inline const struct numasim_mempolicy *page_alloc_policy(const struct numasim_alloc *a)
{
    return a->region->mempolicy != NULL ? a->region->mempolicy : a->task->mempolicy;
}

static inline bool page_alloc_is_interleave(const struct page_alloc *pa,
                                            const struct numasim_mempolicy *policy)
{
    return policy->mode == NUMASIM_MPOL_INTERLEAVE ||
           (policy->mode == NUMASIM_MPOL_WEIGHTED_INTERLEAVE && pa->counts_weighted);
}

/* Pages of @bytes, @nr of them. */
static inline bool page_alloc_pages(struct page_attempt *t, const struct numasim_mempolicy *policy,
                                    int64_t nr)
{
    struct interleave il;
    const uint64_t *mask;
    bool huge = t->unit_bytes == PAGE_ALLOC_THP, done;

    page_alloc_start(t, t->pa, policy, &il, &mask);
    t->mask = mask;
    t->counts_interleave = page_alloc_is_interleave(t->pa, policy);
    t->may_reclaim = !huge || t->pa->thp_reclaims;
    t->this_node = false;
    if (huge && policy->mode != NUMASIM_MPOL_INTERLEAVE &&
        policy->mode != NUMASIM_MPOL_WEIGHTED_INTERLEAVE &&
        (mask == NULL || numasim_mask_test(mask, il.node[0]))) {
        /* One attempt on the start node; elsewhere only if it may take pains. */
        t->this_node = true;
        t->may_reclaim = false;
        done = page_alloc_try(t, &il, nr);
        t->this_node = false;
        if (done || !t->pa->thp_reclaims) {
            return done;
        }
        t->may_reclaim = true;
    }
    if (policy->mode == NUMASIM_MPOL_PREFERRED_MANY) {
        bool may_reclaim = t->may_reclaim;

        t->may_reclaim = false;
        if (page_alloc_try(t, &il, nr)) {
            return true;
        }
        t->mask = NULL;
        t->may_reclaim = may_reclaim;
    }
    return page_alloc_try(t, &il, nr);
}

/* dequeue_hugetlb_folio_vma(): the nearest pool with a page, of the policy's nodes; of any for
 * PREFERRED_MANY, then. No page: SIGBUS. */
static inline bool page_alloc_hugetlb(struct page_attempt *t,
                                      const struct numasim_mempolicy *policy, int64_t nr)
{
    struct numasim_host *host = t->self->host;
    struct interleave il;
    bool many = policy->mode == NUMASIM_MPOL_PREFERRED_MANY;

    page_alloc_start(t, t->pa, policy, &il, &t->mask);

    int32_t first = interleave_first(&il);
    const int32_t *order = numasim_fallback(host, il.node[first]);

    for (int32_t i = 0; i < numasim_nr_nodes(host) * (many ? 2 : 1); i++) {
        int32_t node = order[i % numasim_nr_nodes(host)];
        const struct numasim_node *n = numasim_node(host, node);
        int64_t pool = t->unit_bytes == PAGE_ALLOC_THP ? n->hugetlb_2m_free : n->hugetlb_1g_free;

        t->mask = i >= numasim_nr_nodes(host) ? NULL : t->mask;
        if (pool == 0 || !page_alloc_allowed(t, node)) {
            continue;
        }
        if (il.nr > 1) { /* this page and those that follow it on the same node */
            int64_t run = 1;

            while (run < nr && interleave_count(&il, first, run + 1) == run + 1) {
                run++;
            }
            nr = run;
        }
        t->a->nr = watermark_least(nr, pool) * (t->unit_bytes / t->base_bytes);
        t->a->nr_by_node[node] = t->a->nr;
        t->a->got_page_bytes = t->unit_bytes;
        return true;
    }
    return false;
}

/* Whole units of @a's page size from its first page on, as far as they are asked for. */
static inline int64_t page_alloc_units(const struct page_attempt *t)
{
    int64_t unit = t->unit_bytes / t->base_bytes;

    return t->a->first % unit == 0 ? t->a->nr_pages / unit : 0;
}

/* Base pages instead of larger ones: of the first unit alone, after whose end the next attempt at a
 * larger one is made; all, where none would be. */
static inline int64_t page_alloc_base_pages(const struct page_attempt *t)
{
    const struct numasim_alloc *a = t->a;
    int64_t unit = a->page_bytes / t->base_bytes;

    if (unit <= 1 || (a->page_bytes == PAGE_ALLOC_THP && !t->pa->thp)) {
        return a->nr_pages;
    }
    return watermark_least(unit - a->first % unit, a->nr_pages);
}

static inline void page_alloc_tell(const struct page_attempt *t, bool done,
                                   const struct numasim_mempolicy *policy,
                                   struct numasim_decision *d)
{
    const struct numasim_alloc *a = t->a;
    int32_t node = -1;

    for (int32_t n = 0; done && n < numasim_nr_nodes(t->self->host); n++) {
        node =
            a->nr_by_node[n] > 0 && (node < 0 || a->nr_by_node[n] > a->nr_by_node[node]) ? n : node;
    }
    enum page_alloc_reason reason = !done                                  ? PAGE_ALLOC_FULL
                                    : a->region->hugetlb                   ? PAGE_ALLOC_POOL
                                    : t->below_low                         ? PAGE_ALLOC_BELOW_LOW
                                    : policy->mode != NUMASIM_MPOL_DEFAULT ? PAGE_ALLOC_POLICY
                                    : node == a->cpu_node                  ? PAGE_ALLOC_LOCAL
                                                                           : PAGE_ALLOC_FALLBACK;

    numasim_decide(d, node, reason);
    if (node >= 0) {
        const struct numasim_node *n = numasim_node(t->self->host, node);

        numasim_compared(d, "free_bytes", n->free_bytes);
        numasim_compared(d, "watermark_bytes", t->below_low ? n->min_bytes : n->low_bytes);
    }
}

/* Answers alloc(). */
static inline void page_alloc(struct numasim_self *self, const struct page_alloc *pa,
                              struct numasim_alloc *a, struct numasim_decision *d)
{
    const struct numasim_mempolicy *policy = page_alloc_policy(a);
    struct page_attempt t = {.self = self,
                             .pa = pa,
                             .a = a,
                             .base_bytes = numasim_page_bytes(self->host),
                             .unit_bytes = a->page_bytes};
    int64_t units = page_alloc_units(&t);
    bool done = false;

    if (a->region->hugetlb) {
        done = units > 0 && page_alloc_hugetlb(&t, policy, units);
    } else {
        bool large = a->page_bytes > t.base_bytes && (pa->thp || a->page_bytes != PAGE_ALLOC_THP) &&
                     units > 0;

        if (large) {
            done = page_alloc_pages(&t, policy, units);
            if (!done && a->page_bytes == PAGE_ALLOC_THP) {
                numasim_node(self->host, a->cpu_node)->vmstat[NUMASIM_THP_FAULT_FALLBACK]++;
            }
        }
        if (!done) {
            t.unit_bytes = t.base_bytes;
            done = page_alloc_pages(&t, policy, page_alloc_base_pages(&t));
        }
    }
    a->failed = !done;
    page_alloc_tell(&t, done, policy, d);
}

#endif
