/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mm/memcg.h"

#include "base/time.h"
#include "kernel/mm/copies.h"

enum {
    SWAP_CLUSTER_MAX = 32,    /* include/linux/swap.h */
    MAX_RECLAIM_RETRIES = 16, /* mm/internal.h */
    CHARGE_BATCH = 64,        /* MEMCG_CHARGE_BATCH, include/linux/memcontrol.h */
    DELAY_PRECISION = 20,     /* MEMCG_DELAY_PRECISION_SHIFT, mm/memcontrol.c, and those below */
    DELAY_SCALING = 14,
    MAX_DELAY_S = 2,
};

static struct memcg *memcg_at(const struct kernel *k, int32_t cgroup)
{
    return cgroup >= 0 ? k->cgroups[cgroup]->memcg : NULL;
}

static struct memcg *parent_of(const struct kernel *k, const struct memcg *mc)
{
    return memcg_at(k, mc->pub.parent);
}

static int64_t page_bytes(const struct kernel *k)
{
    return k->machine->page_size_bytes;
}

/* ------------------------------------------------------------------------------------------- */
/* Making                                                                                       */

static struct memcg *memcg_new(const struct kernel *k, int32_t cgroup)
{
    struct memcg *mc = g_new0(struct memcg, 1);

    mc->pub = (struct numasim_memcg){.cgroup = cgroup,
                                     .parent = k->cgroups[cgroup]->parent,
                                     .max_bytes = INT64_MAX,
                                     .high_bytes = INT64_MAX};
    for (int i = 0; i < NR_MEMCG_KINDS; i++) {
        mc->by_node[i] = g_new0(int64_t, (gsize)k->nr_nodes);
    }
    return mc;
}

void memcg_free(struct memcg *mc)
{
    for (int i = 0; mc != NULL && i < NR_MEMCG_KINDS; i++) {
        g_free(mc->by_node[i]);
    }
    g_free(mc);
}

void kernel_cgroup_account_memory(struct kernel *k, int32_t cgroup)
{
    for (; cgroup >= 0; cgroup = k->cgroups[cgroup]->parent) {
        if (k->cgroups[cgroup]->memcg == NULL) {
            k->cgroups[cgroup]->memcg = memcg_new(k, cgroup);
        }
    }
}

void kernel_cgroup_set_memory(struct kernel *k, int32_t cgroup, const struct cgroup_memory *limits)
{
    kernel_cgroup_account_memory(k, cgroup);

    struct numasim_memcg *mc = &memcg_at(k, cgroup)->pub;

    mc->max_bytes = limits->max_bytes;
    mc->high_bytes = limits->high_bytes;
    mc->low_bytes = limits->low_bytes;
    mc->min_bytes = limits->min_bytes;
}

struct numasim_memcg *numasim_memcg(struct numasim_host *host, int32_t cgroup)
{
    struct kernel *k = (struct kernel *)(void *)host;
    struct memcg *mc = cgroup >= 0 && cgroup < k->nr_cgroups ? memcg_at(k, cgroup) : NULL;

    return mc != NULL ? &mc->pub : NULL;
}

/* ------------------------------------------------------------------------------------------- */
/* Charging                                                                                     */

uint16_t memcg_of(const struct kernel *k, const struct process *p, const struct mm_region *r)
{
    int32_t cgroup = r->pub.hugetlb ? 0 : p->cgroup;

    while (cgroup > 0 && memcg_at(k, cgroup) == NULL) {
        cgroup = k->cgroups[cgroup]->parent;
    }
    return (uint16_t)MAX(cgroup, 0);
}

/* propagate_protected_usage(): what of @mc's usage is protected counts in its parent. */
static void tell_parent(const struct kernel *k, const struct numasim_memcg *mc, int64_t was_bytes)
{
    struct memcg *parent = memcg_at(k, mc->parent);

    if (parent != NULL) {
        parent->pub.children_low_bytes +=
            MIN(mc->usage_bytes, mc->low_bytes) - MIN(was_bytes, mc->low_bytes);
        parent->pub.children_min_bytes +=
            MIN(mc->usage_bytes, mc->min_bytes) - MIN(was_bytes, mc->min_bytes);
    }
}

void memcg_charge(struct kernel *k, uint16_t memcg, const struct mm_region *r, int32_t node,
                  int64_t pages)
{
    struct memcg *mc = memcg_at(k, memcg);

    if (mc == NULL || r->pub.hugetlb) {
        return;
    }
    if (r->pub.file || r->pub.shared) {
        mc->by_node[MEMCG_FILE][node] += pages;
        mc->by_node[MEMCG_SHMEM][node] += r->pub.file ? 0 : pages;
    } else {
        mc->by_node[MEMCG_ANON][node] += pages;
    }
    for (; mc != NULL; mc = parent_of(k, mc)) {
        int64_t was_bytes = mc->pub.usage_bytes;

        mc->pub.usage_bytes += pages * page_bytes(k);
        mc->pub.peak_bytes = MAX(mc->pub.peak_bytes, mc->pub.usage_bytes);
        tell_parent(k, &mc->pub, was_bytes);
    }
}

int64_t memcg_margin_pages(const struct kernel *k, uint16_t memcg)
{
    int64_t least = INT64_MAX;

    for (const struct memcg *mc = memcg_at(k, memcg); mc != NULL; mc = parent_of(k, mc)) {
        least = MIN(least, MAX(mc->pub.max_bytes - mc->pub.usage_bytes, 0) / page_bytes(k));
    }
    return least;
}

/* ------------------------------------------------------------------------------------------- */
/* memory.max                                                                                   */

/* What changes whenever reclaim for @mc frees or demotes a page. */
static uint64_t state_of_memory(const struct kernel *k, const struct memcg *mc)
{
    uint64_t mixed = (uint64_t)mc->pub.usage_bytes;

    for (int32_t n = 0; n < k->nr_nodes; n++) {
        mixed = mixed * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)k->nodes[n].free_bytes;
    }
    return mixed;
}

/* A policy that says it reclaims, and does not, would be asked for ever. */
static void check_progress(struct kernel *k, struct memcg *mc, int64_t bytes, uint64_t before)
{
    if (bytes <= 0 || state_of_memory(k, mc) != before) {
        mc->nr_idle = 0;
    } else if (++mc->nr_idle > MAX_RECLAIM_RETRIES && !k->failed) {
        kernel_fault(k, NUMASIM_ROLE_TIER, "tier.reclaim", NULL,
                     "it says of cgroup '%s' that %" G_GINT64_FORMAT
                     " bytes are reclaimed, and nothing has changed %d times in a row",
                     k->cgroups[mc->pub.cgroup]->name, bytes, mc->nr_idle);
    }
}

/* What the tier policy reclaims, in pages. */
static int64_t policy_reclaims(struct kernel *k, struct memcg *mc, int32_t cpu, int64_t pages)
{
    const struct role *role = &k->roles[NUMASIM_ROLE_TIER];

    if (role->self == NULL || role->policy->tier->reclaim == NULL || k->failed) {
        return 0;
    }
    uint64_t before = state_of_memory(k, mc);

    k->pages_kept++;
    int64_t bytes =
        role->policy->tier->reclaim(role->self, mc->pub.cgroup, cpu, pages * page_bytes(k));
    k->pages_kept--;
    check_progress(k, mc, bytes, before);
    return bytes / page_bytes(k);
}

/* try_to_free_mem_cgroup_pages(): how many of the pages of @mc were reclaimed; copies where nothing
 * else is. */
static int64_t reclaim(struct kernel *k, struct memcg *mc, int32_t cpu, int64_t pages)
{
    pages = MAX(pages, SWAP_CLUSTER_MAX);

    int64_t reclaimed = policy_reclaims(k, mc, cpu, pages);

    if (reclaimed != 0 || k->failed) {
        return reclaimed;
    }
    k->pages_kept++; /* whoever charges goes through extents */
    reclaimed = copies_reclaim(k, -1, NULL, mc->pub.cgroup, pages);
    k->pages_kept--;
    return reclaimed;
}

/* The lowest of @memcg and those above it that has no room for @pages more, or NULL. */
static struct memcg *over_limit(const struct kernel *k, uint16_t memcg, int64_t pages)
{
    for (struct memcg *mc = memcg_at(k, memcg); mc != NULL; mc = parent_of(k, mc)) {
        if (mc->pub.max_bytes - mc->pub.usage_bytes < pages * page_bytes(k)) {
            return mc;
        }
    }
    return NULL;
}

bool memcg_make_room(struct kernel *k, uint16_t memcg, int32_t cpu, int64_t pages,
                     int32_t *ret_limit)
{
    int32_t retries = MAX_RECLAIM_RETRIES;
    struct memcg *limit;

    while ((limit = over_limit(k, memcg, pages)) != NULL && !k->failed) {
        limit->pub.events[NUMASIM_MEMCG_MAX]++;
        if (reclaim(k, limit, cpu, pages) == 0 && retries-- == 0) {
            *ret_limit = limit->pub.cgroup;
            return over_limit(k, memcg, pages) == NULL;
        }
    }
    return !k->failed;
}

/* ------------------------------------------------------------------------------------------- */
/* memory.high                                                                                  */

int64_t memcg_batch_pages(const struct kernel *k, uint16_t memcg)
{
    int64_t least = INT64_MAX;

    for (const struct memcg *mc = memcg_at(k, memcg); mc != NULL; mc = parent_of(k, mc)) {
        if (mc->pub.high_bytes != INT64_MAX) {
            int64_t room = (mc->pub.high_bytes - mc->pub.usage_bytes) / page_bytes(k);

            least = MIN(least, MAX(room, CHARGE_BATCH));
        }
    }
    return least;
}

/* calculate_overage(): how far above memory.high, as a share of that. */
static uint64_t overage(const struct numasim_memcg *mc)
{
    if (mc->usage_bytes <= mc->high_bytes) {
        return 0;
    }
    return mul_div_u64((uint64_t)(mc->usage_bytes - mc->high_bytes), UINT64_C(1) << DELAY_PRECISION,
                       (uint64_t)MAX(mc->high_bytes, 1));
}

/* calculate_high_delay() in jiffies for a batch of @pages. */
static int64_t high_delay(const struct kernel *k, uint16_t memcg, int64_t pages)
{
    uint64_t most = 0, hz = (uint64_t)(NSEC_PER_SEC / k->tick_ns), cap = MAX_DELAY_S * hz;

    for (const struct memcg *mc = memcg_at(k, memcg); mc != NULL && mc->pub.cgroup != 0;
         mc = parent_of(k, mc)) {
        most = MAX(most, overage(&mc->pub));
    }
    uint128 jiffies = (uint128)most * most * hz >> DELAY_PRECISION >> DELAY_SCALING;

    jiffies = jiffies * (uint64_t)pages / CHARGE_BATCH;
    return (int64_t)(jiffies > cap ? cap : (uint64_t)jiffies);
}

/* reclaim_high() */
static int64_t reclaim_high(struct kernel *k, uint16_t memcg, int32_t cpu, int64_t pages)
{
    int64_t reclaimed = 0;

    for (struct memcg *mc = memcg_at(k, memcg); mc != NULL && mc->pub.cgroup != 0;
         mc = parent_of(k, mc)) {
        if (mc->pub.usage_bytes > mc->pub.high_bytes) {
            mc->pub.events[NUMASIM_MEMCG_HIGH]++;
            reclaimed += reclaim(k, mc, cpu, pages);
        }
    }
    return reclaimed;
}

int64_t memcg_over_high_ns(struct kernel *k, uint16_t memcg, int32_t cpu, int64_t pages)
{
    int64_t jiffies, reclaimed, hz = NSEC_PER_SEC / k->tick_ns, want;
    int32_t retries = MAX_RECLAIM_RETRIES;
    bool over = false;

    for (const struct memcg *mc = memcg_at(k, memcg); mc != NULL; mc = parent_of(k, mc)) {
        over |= mc->pub.usage_bytes > mc->pub.high_bytes;
    }
    if (!over) {
        return 0;
    }
    pages = MAX(pages, CHARGE_BATCH);
    want = pages;
    do {
        reclaimed = reclaim_high(k, memcg, cpu, want);
        jiffies = high_delay(k, memcg, pages);
        want = SWAP_CLUSTER_MAX;
        /* So short a sleep is left out. */
        if (jiffies <= hz / 100) {
            return 0;
        }
    } while ((reclaimed > 0 || retries-- > 0) && !k->failed);
    return jiffies * k->tick_ns;
}
