/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First touch: which pages, and, by the tier policy, on which nodes. */
#include "kernel/mm/copies.h"
#include "kernel/mm/memcg.h"
#include "kernel/mm/object.h"
#include "kernel/mm/oom.h"
#include "kernel/mm/stall.h"

/* One task's touching of one slice. */
struct touch {
    struct task *t;
    struct mm_region *r;
    struct mm_slice *s;
    struct mm_part *part;
    int64_t *nr_by_node; /* [nr_nodes] */
    uint16_t memcg;      /* which is charged */
    bool stops;          /* the task is killed, or goes on later */
};

static int64_t room(const struct kernel *k, const struct numasim_alloc *a, int32_t node)
{
    return node_room_bytes(k, (const struct mm_region *)(const void *)a->region, node);
}

/* Takes what @a asks for from @node, as far as it has room for pages of @page_bytes. */
static bool take_from(struct kernel *k, struct numasim_alloc *a, int32_t node, int64_t page_bytes)
{
    int64_t units = room(k, a, node) / page_bytes;
    int64_t unit_pages = page_bytes / k->machine->page_size_bytes;

    a->nr = MIN(units, a->nr_pages / unit_pages) * unit_pages;
    a->nr_by_node[node] = a->nr;
    a->got_page_bytes = page_bytes;
    return a->nr > 0;
}

/* The engine's own policy: the nearest allowed node, in fallback order, with room for a page; base pages
 * where no node has room for a larger one. */
static void host_alloc(struct kernel *k, struct numasim_alloc *a)
{
    const struct process *p = task_process(task_of(a->task));
    const int32_t *order = k->fallback + (gsize)a->cpu_node * (gsize)k->nr_nodes;
    int64_t page = k->machine->page_size_bytes;
    const int64_t sizes[] = {a->page_bytes, page};
    int32_t nr_sizes = a->region->hugetlb || a->page_bytes == page ? 1 : 2;

    for (int32_t size = 0; size < nr_sizes; size++) {
        int64_t bytes = sizes[size];
        int32_t wanted = -1;

        for (int32_t i = 0; i < k->nr_nodes; i++) {
            int32_t node = order[i];

            if (!node_allowed(p, node) || k->nodes[node].total_bytes == 0) {
                continue;
            }
            wanted = wanted < 0 ? node : wanted;
            if (take_from(k, a, node, bytes)) {
                /* Counted are allocations, not pages (mm/page_alloc.c: zone_statistics()). */
                uint64_t count = (uint64_t)(a->nr * page / bytes);

                k->nodes[node].vmstat[node == wanted ? NUMASIM_NUMA_HIT : NUMASIM_NUMA_MISS] +=
                    count;
                k->nodes[wanted].vmstat[NUMASIM_NUMA_FOREIGN] += node != wanted ? count : 0;
                k->nodes[node]
                    .vmstat[node == a->cpu_node ? NUMASIM_NUMA_LOCAL : NUMASIM_NUMA_OTHER] += count;
                return;
            }
        }
    }
    a->failed = true;
}

/* True if the policy's answer can be carried out. */
static bool answer_valid(struct kernel *k, const struct numasim_alloc *a)
{
    const struct process *p = task_process(task_of(a->task));
    int64_t sum = 0, page = k->machine->page_size_bytes;
    bool ok = a->nr > 0 && a->nr <= a->nr_pages && a->got_page_bytes >= page &&
              a->got_page_bytes <= a->page_bytes &&
              (a->got_page_bytes & (a->got_page_bytes - 1)) == 0;

    for (int32_t n = 0; n < k->nr_nodes && ok; n++) {
        int64_t pages = a->nr_by_node[n];

        sum += pages;
        ok = pages >= 0 && (pages == 0 || (node_allowed(p, n) && pages * page <= room(k, a, n) &&
                                           pages % (a->got_page_bytes / page) == 0));
    }
    if (ok && sum == a->nr) {
        return true;
    }
    kernel_fault(k, NUMASIM_ROLE_TIER, "tier.alloc", task_of(a->task),
                 "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " pages of %" G_GINT64_FORMAT
                 " bytes on its nodes is no valid answer",
                 a->nr, a->nr_pages, a->got_page_bytes);
    return false;
}

/* False: there is no memory, or the run has failed. */
static bool ask(struct kernel *k, struct numasim_alloc *a)
{
    const struct role *role = &k->roles[NUMASIM_ROLE_TIER];

    if (role->self == NULL || role->policy->tier->alloc == NULL) {
        host_alloc(k, a);
        return !a->failed;
    }
    struct numasim_decision record;
    struct numasim_decision *d = decision_begin(k, &record);

    k->pages_kept++;
    role->policy->tier->alloc(role->self, a, d);
    k->pages_kept--;
    decision_end(k, NUMASIM_ROLE_TIER, "tier.alloc", a->task->id, a->cpu, &record);
    return !k->failed && (a->nr > 0 || !a->failed) && answer_valid(k, a);
}

static void check_low_memory(struct kernel *k, int32_t node)
{
    const struct role *role = &k->roles[NUMASIM_ROLE_TIER];

    if (role->self != NULL && role->policy->tier->low_memory != NULL &&
        k->nodes[node].free_bytes < k->nodes[node].low_bytes) {
        k->pages_kept++;
        role->policy->tier->low_memory(role->self, node);
        k->pages_kept--;
    }
}

static int64_t fault_cost_ns(const struct kernel *k, int64_t pages, int64_t page_bytes)
{
    const struct machine_costs *costs = &k->machine->costs;
    int64_t bytes = pages * k->machine->page_size_bytes;
    int64_t cost_ns = bytes / page_bytes * costs->page_fault_ns;

    if (costs->page_zero_bytes_per_s > 0) {
        cost_ns += (int64_t)mul_div_u64((uint64_t)bytes, NSEC_PER_SEC,
                                        (uint64_t)costs->page_zero_bytes_per_s);
    }
    return cost_ns;
}

/* Carries out an answer: untouched pages of @e become pages of its nodes. */
static void place(struct kernel *k, const struct touch *touch, const struct numasim_alloc *a,
                  struct mm_extent *e)
{
    struct process *p = task_process(touch->t);
    int64_t page = k->machine->page_size_bytes;

    for (int32_t n = 0; n < k->nr_nodes; n++) {
        int64_t pages = a->nr_by_node[n];
        struct mm_kind to = {.protected_ns = MM_NOT_PROTECTED,
                             .tagged_x256 = touch->part->accesses_x256,
                             .last_cpu = -1,
                             .last_pid = -1,
                             .node = (int16_t)n,
                             .memcg = touch->memcg};

        for (to.order = 0; page << to.order < a->got_page_bytes; to.order++) {
        }
        for (int32_t i = e->nr_kinds - 1; i >= 0 && pages > 0; i--) {
            if (e->kinds[i].node == MM_UNTOUCHED) {
                extent_change(touch->part, e, i, pages, &to);
                break;
            }
        }
        if (pages > 0) {
            pages_count(k, p, touch->r, touch->s, n, pages);
            memcg_charge(k, touch->memcg, touch->r, n, pages);
            k->nodes[n].vmstat[NUMASIM_PGALLOC] += (uint64_t)pages;
            k->nodes[n].vmstat[NUMASIM_PGFAULT] += (uint64_t)(pages * page / a->got_page_bytes);
            emit(k, TP_MM_PAGE_ALLOC, touch->t->pub.id, touch->t->pub.cpu, touch->r->pub.id, n,
                 pages * page / a->got_page_bytes, a->got_page_bytes);
        }
    }
    touch->s->untouched_pages -= a->nr;
    region_add_resident(p, touch->r, a->nr * page);
    task_charge(k, touch->t, fault_cost_ns(k, a->nr, a->got_page_bytes));
    for (int32_t n = 0; n < k->nr_nodes && !k->failed; n++) {
        if (a->nr_by_node[n] > 0) {
            check_low_memory(k, n);
        }
    }
}

/* One request: at most @pages of @e's untouched ones. Where base pages lie in what would be a huge page,
 * the rest of it is base pages, too. */
static struct numasim_alloc request(struct kernel *k, const struct touch *touch,
                                    const struct mm_extent *e, int64_t pages)
{
    int64_t page = k->machine->page_size_bytes, page_bytes = touch->r->pub.page_bytes;
    int64_t unit = page_bytes / page, rest = e->untouched % unit;

    if (rest > 0) {
        page_bytes = page;
        pages = MIN(pages, rest);
    } else {
        pages = (pages + unit - 1) / unit * unit;
    }
    memset(touch->nr_by_node, 0, sizeof(int64_t) * (size_t)k->nr_nodes);
    return (struct numasim_alloc){
        .task = &touch->t->pub,
        .region = &touch->r->pub,
        .cpu = touch->t->pub.cpu,
        .cpu_node = task_rq(k, touch->t)->pub.node,
        /* Where in the extent does not matter, but interleaving counts: as if it were in order. */
        .first = e->first + e->nr - e->untouched,
        .nr_pages = pages,
        .page_bytes = page_bytes,
        .write = true,
        .allowed = task_process(touch->t)->allowed_nodes,
        .got_page_bytes = page_bytes,
        .nr_by_node = touch->nr_by_node,
    };
}

/* What @a may be charged: as many pages as there is room for below the cgroup's limits, at least one,
 * for which room is made; base pages where there is none for a larger one. False: there is none. */
static bool charge(struct kernel *k, struct touch *touch, const struct mm_extent *e,
                   struct numasim_alloc *a)
{
    int64_t page = k->machine->page_size_bytes, unit = a->page_bytes / page;
    int64_t room = memcg_margin_pages(k, touch->memcg);
    int32_t limit;

    if (room < unit && unit > 1) { /* no reclaim for these (vma_thp_gfp_mask()) */
        int64_t rest = unit - a->first % unit;

        k->nodes[a->cpu_node].vmstat[NUMASIM_THP_FAULT_FALLBACK] += unit * page == INT64_C(1) << 21;
        a->page_bytes = a->got_page_bytes = page;
        a->nr_pages = MIN(MIN(rest, a->nr_pages), e->untouched);
        unit = 1;
    }
    if (room < unit) {
        if (!memcg_make_room(k, touch->memcg, a->cpu, 1, &limit)) {
            touch->stops = true;
            if (!k->failed) {
                oom_kill(k, touch->t, touch->r, limit);
            }
            return false;
        }
        room = memcg_margin_pages(k, touch->memcg);
    }
    room = MIN(room, memcg_batch_pages(k, touch->memcg));
    a->nr_pages = MIN(a->nr_pages, MAX(room / unit, 1) * unit);
    return true;
}

/* Pages have come to be charged: whoever did that above memory.high may have to sleep. */
static void throttle(struct kernel *k, struct touch *touch, int64_t pages)
{
    int64_t delay_ns = memcg_over_high_ns(k, touch->memcg, touch->t->pub.cpu, pages);

    if (delay_ns > 0) {
        stall_for(touch->t, delay_ns);
        touch->stops = true;
    }
}

/* No node has memory for the next page. */
static void none_left(struct kernel *k, struct touch *touch)
{
    touch->stops = true;
    if (k->failed) {
        return;
    }
    if (touch->r->pub.hugetlb) {
        oom_sigbus(k, touch->t, touch->r);
    } else {
        oom_kill(k, touch->t, touch->r, -1);
    }
}

/* There is no memory: copies make way for what @a asks for. False: there are none. */
static bool reclaims(struct kernel *k, const struct touch *touch, const struct numasim_alloc *a)
{
    const struct numasim_mempolicy *policy =
        touch->r->pub.mempolicy != NULL ? touch->r->pub.mempolicy : &touch->t->mempolicy.pub;

    if (k->failed || k->copies == NULL || touch->r->pub.hugetlb) {
        return false;
    }
    k->pages_kept++; /* the touch goes through extents */
    int64_t freed = copies_reclaim(
        k, -1, policy->mode == NUMASIM_MPOL_BIND ? policy->nodes : a->allowed, -1, a->nr_pages);
    k->pages_kept--;
    return freed > 0;
}

/* Touches @pages untouched ones of extent @index, or a huge page's rest more; returns how many it were,
 * fewer if it stops. */
static int64_t touch_extent(struct kernel *k, struct touch *touch, int32_t index, int64_t pages)
{
    bool charged = touch->memcg != 0;
    int64_t done = 0;

    while (done < pages && !k->failed && !touch->stops) {
        struct mm_extent *e = &touch->part->extents[index];
        struct numasim_alloc a = request(k, touch, e, pages - done);

        if (charged && !charge(k, touch, e, &a)) {
            break;
        }
        if (!ask(k, &a)) {
            if (reclaims(k, touch, &a)) {
                continue;
            }
            none_left(k, touch);
            break;
        }
        place(k, touch, &a, e);
        done += a.nr;
        if (charged && !k->failed) {
            throttle(k, touch, a.nr);
        }
    }
    touch->stops |= k->failed;
    return done;
}

/* In order of address: cuts off what is touched from what is not. Returns how many it did of @pages, or
 * up to a huge page more. */
static int64_t touch_in_order(struct kernel *k, struct touch *touch, int64_t pages)
{
    struct mm_part *part = touch->part;
    int32_t from = part->touched_extents, i = from;
    int64_t unit = touch->r->pub.page_bytes / k->machine->page_size_bytes, done = 0;

    for (; i < part->nr_extents && done < pages && !touch->stops; i++) {
        struct mm_extent *e = &part->extents[i];
        int64_t rest = e->untouched % unit, here = MIN(e->untouched, pages - done);

        if (here == 0) {
            continue;
        }
        if (here > rest) { /* whole huge pages */
            here = MIN(rest + (here - rest + unit - 1) / unit * unit, e->untouched);
        }
        if (here < e->untouched) {
            part_cut(part, e->first + here);
            here = part->extents[i].untouched;
        }
        done += touch_extent(k, touch, i, here);
    }
    if (!k->failed) {
        part->touched_extents = i > from ? i - 1 : i;
        part_join(part, from, i, !touch->r->sequential);
    }
    return done;
}

/* Anywhere: each extent by its share of the untouched pages. Returns how many it did. */
static int64_t touch_anywhere(struct kernel *k, struct touch *touch, int64_t pages)
{
    struct mm_part *part = touch->part;
    int64_t untouched = part->untouched, seen = 0, given = 0;

    for (int32_t i = 0; i < part->nr_extents && given < pages && !touch->stops; i++) {
        int64_t here = part->extents[i].untouched;

        seen += here;
        int64_t upto =
            (int64_t)mul_div_ceil_u64((uint64_t)pages, (uint64_t)seen, (uint64_t)untouched);

        if (upto > given) {
            given += touch_extent(k, touch, i, MIN(upto - given, here));
        }
    }
    return given;
}

static struct touch touch_new(const struct kernel *k, struct task *t, struct mm_region *r,
                              struct mm_slice *s, int64_t *nr_by_node)
{
    return (struct touch){
        .t = t, .r = r, .s = s, .nr_by_node = nr_by_node, .memcg = memcg_of(k, task_process(t), r)};
}

/* @pages of part @part of @touch's slice; what is left if it stops, its task remembers. */
static void touch_part(struct kernel *k, struct touch *touch, int32_t part, int64_t pages,
                       bool anywhere)
{
    int64_t done = 0;

    touch->part = &touch->s->parts[part];
    pages = MIN(pages, touch->part->untouched);
    if (pages > 0 && !touch->stops) {
        done = anywhere ? touch_anywhere(k, touch, pages) : touch_in_order(k, touch, pages);
    }
    if (touch->stops && done < pages && !touch->t->oom_killed && !k->failed) {
        stall_touch_later(touch->t, &(struct touch_later){.region = touch->r->pub.id,
                                                          .part = part,
                                                          .slice = touch->s,
                                                          .pages = pages - done,
                                                          .anywhere = anywhere});
    }
}

/* The first @pages that are untouched, in order of address. */
static void touch_pages(struct kernel *k, struct task *t, struct mm_region *r, struct mm_slice *s,
                        int64_t pages)
{
    g_autofree int64_t *nr_by_node = NULL;

    pages = MIN(pages, s->untouched_pages);
    if (pages <= 0) {
        return;
    }
    nr_by_node = g_new(int64_t, (gsize)k->nr_nodes);

    struct touch touch = touch_new(k, t, r, s, nr_by_node);

    touch.stops = task_stalled(t) || t->oom_killed;
    for (int32_t i = 0; i < s->nr_parts && pages > 0; i++) {
        int64_t here = MIN(pages, s->parts[i].untouched);

        touch_part(k, &touch, i, here, false);
        pages -= here;
    }
    pages_changed(k, task_process(t));
}

/* What @accesses to @s meet that fall anywhere: on each part by its weight, and there on untouched pages by
 * their share; at most one fault an access. */
static void touch_by_chance(struct kernel *k, struct task *t, struct mm_region *r,
                            struct mm_slice *s, uint64_t accesses)
{
    g_autofree int64_t *nr_by_node = g_new(int64_t, (gsize)k->nr_nodes);
    struct touch touch = touch_new(k, t, r, s, nr_by_node);

    touch.stops = task_stalled(t) || t->oom_killed;
    for (int32_t i = 0; i < s->nr_parts; i++) {
        const struct mm_part *part = &s->parts[i];
        uint64_t here = mul_div_ceil_u64(accesses, part->weight_ppm, 1000000);

        touch_part(k, &touch, i,
                   (int64_t)mul_div_ceil_u64(here, (uint64_t)part->untouched, (uint64_t)part->nr),
                   true);
    }
    pages_changed(k, task_process(t));
}

void touch_go_on(struct kernel *k, struct task *t, const struct touch_later *later, uint32_t nr)
{
    g_autofree int64_t *nr_by_node = g_new(int64_t, (gsize)k->nr_nodes);

    for (uint32_t i = 0; i < nr; i++) {
        struct mm_region *r = task_process(t)->regions[later[i].region];
        struct touch touch = touch_new(k, t, r, later[i].slice, nr_by_node);

        touch.stops = task_stalled(t) || t->oom_killed;
        touch_part(k, &touch, later[i].part, later[i].pages, later[i].anywhere);
    }
    pages_changed(k, task_process(t));
}

void task_touch(struct kernel *k, struct task *t, int32_t region, int64_t bytes)
{
    struct mm_region *r = task_process(t)->regions[region];
    struct mm_slice *s = mm_slice(r, t->slice_index);
    int64_t page = k->machine->page_size_bytes;

    touch_pages(k, t, r, s, bytes > 0 ? (bytes + page - 1) / page : s->untouched_pages);
}

void task_touch_all(struct kernel *k, struct task *t, int32_t region)
{
    struct mm_region *r = task_process(t)->regions[region];

    for (int32_t i = 0; i < r->nr_slices; i++) {
        touch_pages(k, t, r, &r->slices[i], r->slices[i].untouched_pages);
    }
}

void task_touch_for_run(struct kernel *k, struct task *t, int64_t work_ns)
{
    const struct mm_mix *mix = t->mix;

    for (int32_t i = 0; mix != NULL && i < mix->nr_entries; i++) {
        struct mm_region *r = task_process(t)->regions[mix->entries[i].region];
        struct mm_slice *s = mm_slice(r, t->slice_index);

        if (s->untouched_pages == 0) {
            continue;
        }
        uint64_t misses = mul_div_u64((uint64_t)work_ns, (uint64_t)mix->entries[i].milli,
                                      UINT64_C(1000) * (uint64_t)NSEC_PER_SEC);

        if (r->sequential) {
            uint64_t pages = mul_div_ceil_u64(misses, (uint64_t)k->machine->cache_line_bytes,
                                              (uint64_t)k->machine->page_size_bytes);

            touch_pages(k, t, r, s, (int64_t)MIN(pages, (uint64_t)s->untouched_pages));
        } else {
            touch_by_chance(k, t, r, s, misses);
        }
    }
}
