/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages for plugins: moving and protecting them. */
#include "kernel/mm/copies.h"
#include "kernel/mm/memcg.h"
#include "kernel/mm/object.h"

static struct kernel *kernel_of(struct numasim_host *host)
{
    return (struct kernel *)(void *)host;
}

/* ------------------------------------------------------------------------------------------- */
/* Moving                                                                                       */

int64_t pages_move_cost_ns(const struct kernel *k, int64_t pages, uint8_t order)
{
    const struct machine_costs *costs = &k->machine->costs;
    int64_t cost_ns = (pages >> order) * costs->page_move_ns;

    if (costs->page_move_bytes_per_s > 0) {
        cost_ns += (int64_t)mul_div_u64((uint64_t)(pages * k->machine->page_size_bytes),
                                        NSEC_PER_SEC, (uint64_t)costs->page_move_bytes_per_s);
    }
    return cost_ns;
}

int64_t pages_migrate(struct kernel *k, struct process *p, struct mm_region *r, struct mm_slice *s,
                      struct mm_part *part, struct mm_extent *e, int32_t index, int64_t pages,
                      int32_t to, int64_t floor_bytes, const struct mm_kind *as, bool shadow,
                      int64_t *ret_cost_ns)
{
    struct mm_kind kind = *as;
    int32_t from = e->kinds[index].node;
    uint8_t copies = e->kinds[index].copies;
    bool remaps = copies_on(k, copies, to);
    int64_t unit = INT64_C(1) << kind.order;
    int64_t room = node_room_bytes(k, r, to) - (r->pub.hugetlb ? 0 : floor_bytes);

    *ret_cost_ns = 0;
    room = remaps ? INT64_MAX : room / k->machine->page_size_bytes;

    pages = MIN(MIN(pages, e->kinds[index].pages), MAX(room, 0)) / unit * unit;
    if (pages <= 0 || from == to || (!k->demoting && !node_allowed(p, to))) {
        return 0;
    }
    kind.node = (int16_t)to;
    shadow = shadow && !r->pub.hugetlb && memcg_margin_pages(k, kind.memcg) >= pages;
    kind.copies = copies_after_move(k, copies, from, to, shadow);
    extent_change(part, e, index, pages, &kind);
    pages_count(k, p, r, s, from, -pages);
    memcg_charge(k, kind.memcg, r, from, -pages);
    copies_count(k, &(struct copies_place){p, r, s}, kind.memcg, copies, kind.copies, pages,
                 COPIES_REMAPPED);
    pages_count(k, p, r, s, to, pages);
    memcg_charge(k, kind.memcg, r, to, pages);
    *ret_cost_ns = remaps ? (pages >> kind.order) * k->machine->costs.page_move_ns
                          : pages_move_cost_ns(k, pages, kind.order);
    k->nodes[to].vmstat[NUMASIM_PGMIGRATE_SUCCESS] += (uint64_t)pages;
    if (kind.order >= 9) {
        k->nodes[to].vmstat[NUMASIM_THP_MIGRATION_SUCCESS] += (uint64_t)(pages >> kind.order);
    }
    return pages;
}

/* Who is to blame for a wrong argument of what both roles may call. */
enum numasim_role pages_blamed(const struct kernel *k)
{
    return k->roles[NUMASIM_ROLE_NUMA].policy != NULL   ? NUMASIM_ROLE_NUMA
           : k->roles[NUMASIM_ROLE_TIER].policy != NULL ? NUMASIM_ROLE_TIER
                                                        : NUMASIM_ROLE_QUEUE;
}

/* Faults if an argument of @call names nothing there is. */
bool pages_region_valid(struct kernel *k, const char *call, const struct process *p, int32_t region)
{
    if (p == NULL) {
        kernel_fault(k, pages_blamed(k), call, NULL, "there is no process");
    } else if (region < 0 || region >= p->nr_regions) {
        kernel_fault(k, pages_blamed(k), call, NULL, "process '%s' has no region %d", p->pub.name,
                     region);
    } else {
        return true;
    }
    return false;
}

bool pages_migration_valid(struct kernel *k, const char *call, const struct process *p, int32_t cpu,
                           int32_t region, int32_t from, int32_t to)
{
    if (cpu < 0 || cpu >= k->nr_cpus) {
        kernel_fault(k, pages_blamed(k), call, NULL, "there is no CPU %d", cpu);
    } else if (from < 0 || from >= k->nr_nodes || to < 0 || to >= k->nr_nodes) {
        kernel_fault(k, pages_blamed(k), call, NULL, "there is no node %d",
                     from < 0 || from >= k->nr_nodes ? from : to);
    } else {
        return pages_region_valid(k, call, p, region) && pages_free(k, call, false);
    }
    return false;
}

/* One move of many pages from node to node. */
struct migration {
    struct process *p;
    struct mm_region *r;
    int32_t from, to;
    int64_t left, moved, cost_ns;
};

static void migrate_extent(struct kernel *k, struct migration *m, struct mm_slice *s,
                           struct mm_part *part, struct mm_extent *e)
{
    for (int32_t n = e->nr_kinds - 1; n >= 0 && m->left > 0; n--) {
        struct mm_kind kind = e->kinds[n];

        if (kind.node == m->from) {
            int64_t cost_ns;
            int64_t pages = pages_migrate(k, m->p, m->r, s, part, e, n, m->left, m->to, 0, &kind,
                                          false, &cost_ns);

            m->cost_ns += cost_ns;
            m->moved += pages;
            m->left -= pages;
        }
    }
}

/* Goes on from *@at to the region's end, or until nothing is left to move: @at stays there then. */
static void migrate_from(struct kernel *k, struct migration *m, struct pages_place *at)
{
    for (; at->slice < m->r->nr_slices; *at = (struct pages_place){.slice = at->slice + 1}) {
        struct mm_slice *s = &m->r->slices[at->slice];

        for (; s->pages_by_node[m->from] > 0 && at->part < s->nr_parts; at->part++) {
            struct mm_part *part = &s->parts[at->part];

            for (; at->extent < part->nr_extents; at->extent++) {
                migrate_extent(k, m, s, part, &part->extents[at->extent]);
                if (m->left <= 0) {
                    return;
                }
            }
            at->extent = 0;
        }
    }
    *at = (struct pages_place){0};
}

int64_t pages_migrate_some(struct kernel *k, int32_t cpu, struct process *p, int32_t region,
                           int32_t from, int32_t to, int64_t nr_pages, struct pages_place *at)
{
    struct mm_region *r = p->regions[region];
    struct migration m = {.p = p, .r = r, .from = from, .to = to, .left = nr_pages};
    bool whole = at->slice == 0 && at->part == 0 && at->extent == 0;

    if (from == to || !node_allowed(p, to) || nr_pages <= 0 || r->bytes_by_node[from] == 0 ||
        node_room_bytes(k, r, to) < k->machine->page_size_bytes) {
        return 0;
    }
    migrate_from(k, &m, at);
    if (m.moved == 0 && !whole) { /* some may have come where it was before */
        *at = (struct pages_place){0};
        migrate_from(k, &m, at);
    }
    emit(k, TP_MM_MIGRATE_PAGES, p->pub.id, cpu, region, from, to, m.moved);
    rq_charge(k, cpu_rq(k, cpu), m.cost_ns);
    pages_changed(k, p);
    return m.moved;
}

int64_t numasim_migrate_pages(struct numasim_host *host, int32_t cpu,
                              struct numasim_process *process, int32_t region, int32_t from,
                              int32_t to, int64_t nr_pages)
{
    struct kernel *k = kernel_of(host);
    struct process *p = (struct process *)(void *)process;
    struct pages_place at = {0};

    return pages_migration_valid(k, "numasim_migrate_pages()", p, cpu, region, from, to)
               ? pages_migrate_some(k, cpu, p, region, from, to, nr_pages, &at)
               : 0;
}

/* ------------------------------------------------------------------------------------------- */
/* Protecting                                                                                   */

enum { HUGE_ORDER = 9 };

struct walk {
    const uint64_t *skip_nodes, *skip_huge;
    struct numasim_protected done;
};

static void protect_extent(struct kernel *k, struct mm_part *part, struct mm_extent *e,
                           struct walk *w)
{
    for (int32_t i = e->nr_kinds - 1; i >= 0; i--) {
        struct mm_kind kind = e->kinds[i];
        int64_t pages = kind.pages;

        if (kind.node == MM_UNTOUCHED) {
            continue;
        }
        const uint64_t *skip = kind.order >= HUGE_ORDER ? w->skip_huge : w->skip_nodes;

        w->done.nr_present += pages >> kind.order;
        if (kind.protected_ns != MM_NOT_PROTECTED ||
            (skip != NULL && numasim_mask_test(skip, kind.node))) {
            continue;
        }
        kind.protected_ns = k->now_ns;
        extent_change(part, e, i, pages, &kind);
        w->done.nr_pages += pages;
        if (kind.order >= HUGE_ORDER) {
            w->done.nr_huge += pages >> kind.order;
            k->nodes[kind.node].vmstat[NUMASIM_NUMA_HUGE_PTE_UPDATES] +=
                (uint64_t)(pages >> kind.order);
        }
        k->nodes[kind.node].vmstat[NUMASIM_NUMA_PTE_UPDATES] += (uint64_t)pages;
    }
}

static void protect_part(struct kernel *k, struct mm_region *r, struct mm_part *part, int64_t first,
                         int64_t end, struct walk *w)
{
    if (first >= part->first + part->nr || end <= part->first) {
        return;
    }
    int32_t from = part_cut(part, MAX(first, part->first));
    int32_t to = part_cut(part, MIN(end, part->first + part->nr));

    for (int32_t i = from; i < to; i++) {
        protect_extent(k, part, &part->extents[i], w);
    }
    part_join(part, from, to, !r->sequential);
}

int32_t nr_flushed(const struct process *p, int32_t but)
{
    int32_t nr = 0;

    for (const struct list *l = p->running.next; l != &p->running; l = l->next) {
        nr += container_of(l, struct task, running)->pub.cpu != but;
    }
    return nr;
}

int32_t slice_at(const struct mm_region *r, int64_t page)
{
    int32_t low = 0, high = r->nr_slices - 1;

    while (low < high) {
        int32_t middle = (low + high + 1) / 2;

        if (r->slices[middle].first <= page) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

int64_t pages_flush_cost_ns(const struct kernel *k, const struct process *p, int32_t cpu)
{
    const struct machine_costs *costs = &k->machine->costs;
    int32_t others = nr_flushed(p, cpu);

    return others > 0 ? costs->tlb_shootdown_ns + others * costs->tlb_shootdown_cpu_ns : 0;
}

static bool protect_valid(struct kernel *k, const struct numasim_task *task, int32_t region)
{
    const char *const call = "numasim_protect_pages()";

    if (task == NULL || task->task_state != NUMASIM_TASK_RUNNING) {
        kernel_fault(k, pages_blamed(k), call, NULL, "the task does not run");
        return false;
    }
    return pages_region_valid(k, call, (const struct process *)(const void *)task->process,
                              region) &&
           pages_free(k, call, true);
}

/* In @p, and in all that map @o (NULL: nobody else does). */
static void expect_faults(struct kernel *k, struct process *p, const struct mm_object *o)
{
    if (o == NULL) {
        faults_expected(k, p);
    }
    for (int32_t i = 0; o != NULL && i < o->nr_mappings; i++) {
        if (o->mappings[i].process != NULL) {
            faults_expected(k, o->mappings[i].process);
        }
    }
}

struct numasim_protected numasim_protect_pages(struct numasim_host *host, struct numasim_task *task,
                                               int32_t region, int64_t first, int64_t nr_pages,
                                               const uint64_t *skip_nodes)
{
    return numasim_protect_range(host, task, region, first, nr_pages, skip_nodes, skip_nodes);
}

struct numasim_protected numasim_protect_range(struct numasim_host *host, struct numasim_task *task,
                                               int32_t region, int64_t first, int64_t nr_pages,
                                               const uint64_t *skip_nodes,
                                               const uint64_t *skip_huge)
{
    struct kernel *k = kernel_of(host);
    struct walk w = {.skip_nodes = skip_nodes, .skip_huge = skip_huge};

    if (!protect_valid(k, task, region)) {
        return w.done;
    }
    struct process *p = task_process(task_of(task));
    struct mm_region *r = p->regions[region];
    int64_t end = first < r->pub.nr_pages && nr_pages > r->pub.nr_pages - MAX(first, 0)
                      ? r->pub.nr_pages
                      : MAX(first, 0) + MAX(nr_pages, 0);

    first = CLAMP(first, 0, r->pub.nr_pages);
    for (int32_t i = slice_at(r, first); i < r->nr_slices && r->slices[i].first < end; i++) {
        struct mm_slice *s = &r->slices[i];

        for (int32_t j = 0; j < s->nr_parts; j++) {
            protect_part(k, r, &s->parts[j], first, end, &w);
        }
    }
    int64_t cost_ns = w.done.nr_present * k->machine->costs.pte_scan_ns;

    if (w.done.nr_pages > 0) {
        cost_ns += pages_flush_cost_ns(k, p, task->cpu);
        expect_faults(k, p, region_object(r));
    }
    rq_charge(k, cpu_rq(k, task->cpu), cost_ns);
    w.done.cost_ns = cost_ns;
    return w.done;
}
