/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transparent huge pages: who wants them, and base pages that become one, for a policy that does
 * what khugepaged does (mm/khugepaged.c, 6.12: hpage_collapse_scan_pmd(), collapse_huge_page()).
 *
 * A place is a huge page's worth of a region, at a multiple of its size. Where it lies within one extent,
 * whose pages are exchangeable, it holds each kind of base page by its share; and if huge pages are
 * among them, whether one of these stands here is drawn so that who goes through all places, and
 * collapses those that are not huge, meets each base page once.
 */
#include "kernel/mm/memcg.h"
#include "kernel/mm/object.h"

#define DRAW_ENTITY UINT64_C(0x6b68756765706764) /* of the policy stream: its own */

struct place {
    struct kernel *k;
    struct process *p;
    struct mm_region *r;
    struct mm_slice *s;
    struct mm_part *part;
    int64_t first, nr; /* base pages */
    uint8_t order;
};

/* What is taken of a place: by node, and pages that nobody has touched. */
struct taken {
    int64_t nr, nr_none;
    int64_t *nr_by_node;
};

static struct kernel *kernel_of(struct numasim_host *host)
{
    return (struct kernel *)(void *)host;
}

/* False where there is none; with a fault, if an argument names nothing there is. */
static bool find_place(struct kernel *k, const char *call, int32_t cpu,
                       struct numasim_process *process, int32_t region, int64_t first,
                       struct place *at)
{
    at->k = k;
    at->p = (struct process *)(void *)process;
    if (cpu < 0 || cpu >= k->nr_cpus) {
        kernel_fault(k, NUMASIM_ROLE_TIER, call, NULL, "there is no CPU %d", cpu);
        return false;
    }
    if (!pages_region_valid(k, call, at->p, region) || !pages_free(k, call, false)) {
        return false;
    }
    at->r = at->p->regions[region];
    while (k->machine->page_size_bytes << at->order < INT64_C(1) << 21) {
        at->order++;
    }
    at->nr = INT64_C(1) << at->order;
    at->first = first;
    if (at->order == 0 || at->r->pub.file || at->r->pub.shared || at->r->pub.hugetlb ||
        region_object(at->r) != NULL || at->p->pub.nr_threads == 0 || first < 0 ||
        first % at->nr != 0 || first > at->r->pub.nr_pages - at->nr) {
        return false;
    }
    at->s = &at->r->slices[slice_at(at->r, first)];
    for (int32_t i = 0; i < at->s->nr_parts; i++) {
        at->part = &at->s->parts[i];
        if (first >= at->part->first && first + at->nr <= at->part->first + at->part->nr) {
            return true;
        }
    }
    return false; /* across parts that are accessed differently */
}

static int64_t extent_end(const struct mm_extent *e)
{
    return e->first + e->nr;
}

/* Neither of a page as large as the place, nor mapped on other nodes by copies. */
static bool is_base(const struct mm_kind *kind, uint8_t order)
{
    return kind->order < order && kind->copies == 0;
}

/* Such pages of @e. */
static int64_t base_pages(const struct mm_extent *e, uint8_t order)
{
    int64_t pages = 0;

    for (int32_t i = 0; i < e->nr_kinds; i++) {
        pages += is_base(&e->kinds[i], order) ? e->kinds[i].pages : 0;
    }
    return pages;
}

/* What was @kind's, @pages of them, is of the place now. */
static void take_of(const struct mm_kind *kind, int64_t pages, struct taken *taken)
{
    taken->nr += pages;
    if (kind->node == MM_UNTOUCHED) {
        taken->nr_none += pages;
    } else {
        taken->nr_by_node[kind->node] += pages;
    }
}

/* @pages of the base pages of @e, of each kind its share in whole pages, the largest first, so that the
 * smallest make up for what these are too many; with @as they become that. */
static void take(const struct place *at, struct mm_extent *e, int64_t pages, struct taken *taken,
                 const struct mm_kind *as)
{
    int64_t base = base_pages(e, at->order), seen = 0, given = 0;

    for (int32_t order = at->order - 1; order >= 0 && seen < base; order--) {
        int64_t unit = INT64_C(1) << order;

        for (int32_t i = e->nr_kinds - 1; i >= 0; i--) {
            const struct mm_kind kind = e->kinds[i];

            if (kind.order != order || !is_base(&kind, at->order)) {
                continue;
            }
            seen += kind.pages;
            int64_t upto = (int64_t)mul_div_u64((uint64_t)pages, (uint64_t)seen, (uint64_t)base);
            int64_t here = MAX(MIN((upto - given + unit - 1) / unit * unit, kind.pages), 0);

            given += here;
            take_of(&kind, here, taken);
            if (as != NULL && here > 0) {
                extent_change(at->part, e, i, here, as);
                if (kind.node != MM_UNTOUCHED) {
                    memcg_charge(at->k, kind.memcg, at->r, kind.node, -here);
                }
            }
        }
    }
}

/* What stands at the place, without changing it. False: not so many base pages as it has. */
static bool look(const struct place *at, struct taken *taken)
{
    int32_t from = part_find(at->part, at->first);

    for (int32_t i = from; i < at->part->nr_extents; i++) {
        struct mm_extent *e = &at->part->extents[i];
        int64_t pages = MIN(extent_end(e), at->first + at->nr) - MAX(e->first, at->first);

        if (pages <= 0) {
            break;
        }
        if (base_pages(e, at->order) < pages) {
            return false;
        }
        take(at, e, pages, taken, NULL);
    }
    return taken->nr == at->nr;
}

/* True if a huge page stands there: by chance, where its extent has huge and base pages. */
static bool is_huge(struct kernel *k, const struct place *at)
{
    const struct mm_extent *e = &at->part->extents[part_find(at->part, at->first)];

    if (extent_end(e) < at->first + at->nr) {
        return false;
    }
    uint64_t to_come = (uint64_t)((extent_end(e) - at->first) / at->nr);
    uint64_t base = (uint64_t)(base_pages(e, at->order) / at->nr);

    if (base == 0 || base >= to_come) {
        return base == 0;
    }
    struct rng r = rng_entity(&k->policy, DRAW_ENTITY);

    return rng_below(&r, k->nr_place_draws++, to_come) >= base;
}

bool numasim_scan_place(struct numasim_host *host, int32_t cpu, struct numasim_process *process,
                        int32_t region, int64_t first, struct numasim_huge_place *place)
{
    struct kernel *k = kernel_of(host);
    struct place at = {0};

    if (!find_place(k, "numasim_scan_place()", cpu, process, region, first, &at)) {
        return false;
    }
    struct taken taken = {.nr_by_node = place->nr_by_node};

    memset(taken.nr_by_node, 0, sizeof(int64_t) * (size_t)k->nr_nodes);
    place->huge = is_huge(k, &at) || !look(&at, &taken);
    place->nr_none = taken.nr_none;
    rq_charge(k, cpu_rq(k, cpu), (place->huge ? 1 : at.nr) * k->machine->costs.pte_scan_ns);
    return true;
}

/* Makes the place's pages @as: within its extent, or, where order matters or extents meet there, cut out
 * of them. False: they could not be. */
static bool collapse(const struct place *at, const struct mm_kind *as, struct taken *taken)
{
    struct mm_part *part = at->part;
    struct mm_extent *e = &part->extents[part_find(part, at->first)];
    bool mixed = !at->r->sequential;

    if (mixed && extent_end(e) >= at->first + at->nr) {
        take(at, e, at->nr, taken, as);
        return true;
    }
    int32_t from = part_cut(part, at->first), to = part_cut(part, at->first + at->nr);
    bool all = part->extents[from].first == at->first &&
               extent_end(&part->extents[to - 1]) == at->first + at->nr;

    for (int32_t i = from; i < to && all; i++) {
        all = base_pages(&part->extents[i], at->order) == part->extents[i].nr;
    }
    for (int32_t i = from; i < to && all; i++) {
        take(at, &part->extents[i], part->extents[i].nr, taken, as);
    }
    part_join(part, from, to, mixed);
    return all;
}

/* Accounts that what was @taken is a huge page on @node now, charged to @memcg. */
static void account(struct kernel *k, const struct place *at, int32_t cpu, int32_t node,
                    const struct taken *taken, uint16_t memcg)
{
    int64_t page = k->machine->page_size_bytes;

    at->s->untouched_pages -= taken->nr_none;
    region_add_resident(at->p, at->r, taken->nr_none * page);
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        int64_t pages = taken->nr_by_node[n];

        if (pages > 0) {
            pages_count(k, at->p, at->r, at->s, n, -pages);
            k->nodes[n].vmstat[NUMASIM_PGFREE] += (uint64_t)pages;
        }
        if (pages > 0 && n != node) {
            emit(k, TP_MM_MIGRATE_PAGES, at->p->pub.id, cpu, at->r->pub.id, n, node, pages);
        }
    }
    pages_count(k, at->p, at->r, at->s, node, at->nr);
    memcg_charge(k, memcg, at->r, node, at->nr);
    k->nodes[node].vmstat[NUMASIM_PGALLOC] += (uint64_t)at->nr;
    k->nodes[node].vmstat[NUMASIM_THP_COLLAPSE_ALLOC]++;
    if (taken->nr_none > 0) {
        emit(k, TP_MM_PAGE_ALLOC, k->acting != NULL ? k->acting->pub.id : -1, cpu, at->r->pub.id,
             node, taken->nr_none, page);
    }
    emit(k, TP_MM_COLLAPSE, at->p->pub.id, cpu, at->r->pub.id, node, at->first, taken->nr_none);
}

/* Copying each page that was there and clearing the rest, after a flush of all TLBs. */
static int64_t cost_ns(const struct kernel *k, const struct place *at, int32_t cpu,
                       const struct taken *taken)
{
    int64_t ns = pages_move_cost_ns(k, at->nr - taken->nr_none, 0);

    if (k->machine->costs.page_zero_bytes_per_s > 0) {
        ns += (int64_t)mul_div_u64((uint64_t)(taken->nr_none * k->machine->page_size_bytes),
                                   NSEC_PER_SEC, (uint64_t)k->machine->costs.page_zero_bytes_per_s);
    }
    return ns + pages_flush_cost_ns(k, at->p, cpu);
}

bool numasim_collapse_place(struct numasim_host *host, int32_t cpu, struct numasim_process *process,
                            int32_t region, int64_t first, int32_t node, int64_t floor_bytes)
{
    const char *const call = "numasim_collapse_place()";
    struct kernel *k = kernel_of(host);
    struct place at = {0};

    if (node < 0 || node >= k->nr_nodes) {
        kernel_fault(k, NUMASIM_ROLE_TIER, call, NULL, "there is no node %d", node);
        return false;
    }
    if (!find_place(k, call, cpu, process, region, first, &at)) {
        return false;
    }
    g_autofree int64_t *looked = g_new0(int64_t, (gsize)k->nr_nodes);
    g_autofree int64_t *nr_by_node = g_new0(int64_t, (gsize)k->nr_nodes);
    struct mm_kind as = {.protected_ns = MM_NOT_PROTECTED,
                         .tagged_x256 = at.part->accesses_x256,
                         .last_cpu = -1,
                         .last_pid = -1,
                         .node = (int16_t)node,
                         .order = at.order,
                         .memcg = memcg_of(k, at.p, at.r)};
    struct taken taken = {.nr_by_node = nr_by_node};

    if (k->nodes[node].free_bytes - floor_bytes < at.nr * k->machine->page_size_bytes ||
        memcg_margin_pages(k, as.memcg) < at.nr ||
        !look(&at, &(struct taken){.nr_by_node = looked}) || !collapse(&at, &as, &taken)) {
        return false;
    }
    account(k, &at, cpu, node, &taken, as.memcg);
    rq_charge(k, cpu_rq(k, cpu), cost_ns(k, &at, cpu, &taken));
    pages_changed(k, at.p);
    return true;
}

void task_madvise(struct kernel *k, struct task *t, int32_t region, bool huge)
{
    const struct role *role = &k->roles[NUMASIM_ROLE_TIER];
    struct mm_region *r = task_process(t)->regions[region];
    int64_t page = k->machine->page_size_bytes, huge_bytes = INT64_C(1) << 21;

    /* transparent_hugepage/shmem_enabled is never, files have none without CONFIG_READ_ONLY_THP_FOR_FS. */
    if (r->pub.file || r->pub.shared || r->pub.hugetlb || region_object(r) != NULL ||
        page >= huge_bytes) {
        return;
    }
    r->pub.page_bytes = huge ? huge_bytes : page;
    if (role->self != NULL && role->policy->tier->advised != NULL) {
        k->pages_kept++;
        role->policy->tier->advised(role->self, &task_process(t)->pub, &r->pub);
        k->pages_kept--;
    }
}
