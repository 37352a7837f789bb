/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Populations of pages for plugins: protecting, iterating, moving, tagging. */
#include "kernel/memory.h"

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
                      int32_t to, int64_t floor_bytes, const struct mm_kind *as)
{
    struct mm_kind kind = *as;
    int32_t from = e->kinds[index].node;
    int64_t unit = INT64_C(1) << kind.order;
    int64_t room = (k->nodes[to].free_bytes - floor_bytes) / k->machine->page_size_bytes;

    pages = MIN(MIN(pages, e->kinds[index].pages), MAX(room, 0)) / unit * unit;
    if (pages <= 0 || from == to || !node_allowed(p, to)) {
        return 0;
    }
    kind.node = (int16_t)to;
    extent_change(part, e, index, pages, &kind);
    pages_count(k, p, r, s, from, -pages);
    pages_count(k, p, r, s, to, pages);
    k->nodes[to].vmstat[NUMASIM_PGMIGRATE_SUCCESS] += (uint64_t)pages;
    if (kind.order >= 9) {
        k->nodes[to].vmstat[NUMASIM_THP_MIGRATION_SUCCESS] += (uint64_t)(pages >> kind.order);
    }
    return pages;
}

/* Faults if an argument of @call names nothing there is. */
static bool migration_valid(struct kernel *k, const char *call, const struct process *p,
                            int32_t cpu, int32_t region, int32_t from, int32_t to)
{
    if (cpu < 0 || cpu >= k->nr_cpus) {
        kernel_fault(k, NUMASIM_ROLE_NUMA, call, NULL, "there is no CPU %d", cpu);
    } else if (region < 0 || region >= p->nr_regions) {
        kernel_fault(k, NUMASIM_ROLE_NUMA, call, NULL, "process '%s' has no region %d", p->pub.name,
                     region);
    } else if (from < 0 || from >= k->nr_nodes || to < 0 || to >= k->nr_nodes) {
        kernel_fault(k, NUMASIM_ROLE_NUMA, call, NULL, "there is no node %d",
                     from < 0 || from >= k->nr_nodes ? from : to);
    } else {
        return policy_may_act(k, call);
    }
    return false;
}

/* Moves up to @nr_pages of @s from node to node; *@cost_ns grows by the cost. */
static int64_t migrate_slice(struct kernel *k, struct process *p, struct mm_region *r,
                             struct mm_slice *s, int32_t from, int32_t to, int64_t nr_pages,
                             int64_t *cost_ns)
{
    int64_t moved = 0;

    for (int32_t i = 0; i < s->nr_parts; i++) {
        struct mm_part *part = &s->parts[i];

        for (int32_t e = 0; e < part->nr_extents; e++) {
            struct mm_extent *extent = &part->extents[e];

            for (int32_t n = extent->nr_kinds - 1; n >= 0 && moved < nr_pages; n--) {
                struct mm_kind kind = extent->kinds[n];

                if (kind.node == from) {
                    int64_t pages =
                        pages_migrate(k, p, r, s, part, extent, n, nr_pages - moved, to, 0, &kind);

                    *cost_ns += pages_move_cost_ns(k, pages, kind.order);
                    moved += pages;
                }
            }
        }
    }
    return moved;
}

int64_t numasim_migrate_pages(struct numasim_host *host, int32_t cpu,
                              struct numasim_process *process, int32_t region, int32_t from,
                              int32_t to, int64_t nr_pages)
{
    struct kernel *k = kernel_of(host);
    struct process *p = (struct process *)(void *)process;
    int64_t moved = 0, cost_ns = 0;

    if (!migration_valid(k, "numasim_migrate_pages()", p, cpu, region, from, to) || from == to ||
        !node_allowed(p, to)) {
        return 0;
    }
    struct mm_region *r = p->regions[region];

    if (nr_pages <= 0 || r->bytes_by_node[from] == 0 ||
        k->nodes[to].free_bytes < k->machine->page_size_bytes) {
        return 0;
    }
    /* The numa policy, which hears of the accesses so far, may move pages itself. */
    pages_will_change(k, p);
    for (int32_t i = 0; i < r->nr_slices && moved < nr_pages; i++) {
        moved += migrate_slice(k, p, r, &r->slices[i], from, to, nr_pages - moved, &cost_ns);
    }
    emit(k, TP_MM_MIGRATE_PAGES, p->pub.id, cpu, region, from, to, moved);
    rq_charge(k, cpu_rq(k, cpu), cost_ns);
    pages_changed(k, p);
    return moved;
}

/* ------------------------------------------------------------------------------------------- */
/* Protecting                                                                                   */

struct walk {
    const uint64_t *skip_nodes;
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
        w->done.nr_present += pages >> kind.order;
        if (kind.protected_ns != MM_NOT_PROTECTED ||
            (w->skip_nodes != NULL && numasim_mask_test(w->skip_nodes, kind.node))) {
            continue;
        }
        kind.protected_ns = k->now_ns;
        extent_change(part, e, i, pages, &kind);
        w->done.nr_pages += pages;
        if (kind.order >= 9) {
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

/* The CPUs that run @p now, apart from @but: each gets an interrupt to flush its TLB. */
static int32_t nr_flushed(const struct kernel *k, const struct process *p, int32_t but)
{
    int32_t nr = 0;

    for (const struct list *l = p->running.next; l != &p->running; l = l->next) {
        nr += container_of(l, struct task, running)->pub.cpu != but;
    }
    (void)k;
    return nr;
}

struct numasim_protected numasim_protect_pages(struct numasim_host *host, struct numasim_task *task,
                                               int32_t region, int64_t first, int64_t nr_pages,
                                               const uint64_t *skip_nodes)
{
    struct kernel *k = kernel_of(host);
    struct process *p = task_process(task_of(task));
    const struct machine_costs *costs = &k->machine->costs;
    struct walk w = {.skip_nodes = skip_nodes};

    if (region < 0 || region >= p->nr_regions) {
        kernel_fault(k, NUMASIM_ROLE_NUMA, "numasim_protect_pages()", task_of(task),
                     "process '%s' has no region %d", p->pub.name, region);
        return w.done;
    }
    struct mm_region *r = p->regions[region];

    for (int32_t i = 0; i < r->nr_slices; i++) {
        struct mm_slice *s = &r->slices[i];

        for (int32_t j = 0; j < s->nr_parts; j++) {
            protect_part(k, r, &s->parts[j], first, first + nr_pages, &w);
        }
    }
    int64_t cost_ns = w.done.nr_present * costs->pte_scan_ns;

    if (w.done.nr_pages > 0) {
        int32_t others = nr_flushed(k, p, task->cpu);

        cost_ns += others > 0 ? costs->tlb_shootdown_ns + others * costs->tlb_shootdown_cpu_ns : 0;
        faults_expected(k, p);
    }
    rq_charge(k, cpu_rq(k, task->cpu), cost_ns);
    return w.done;
}

/* ------------------------------------------------------------------------------------------- */
/* Iterating                                                                                    */

/* Where an iteration stands. Kinds are gone through from the last to the first, because what a policy
 * does to one appends. */
struct cursor {
    int32_t slice, part, extent, kind;
};
_Static_assert(sizeof(struct cursor) == 2 * sizeof(uint64_t), "it is kept in cookie[]");

static struct mm_part *part_at(struct process *p, int32_t region, const struct cursor *at)
{
    return &p->regions[region]->slices[at->slice].parts[at->part];
}

/* Steps to the next kind of @p's region; false at its end. */
static bool step(struct process *p, int32_t region, struct cursor *at)
{
    struct mm_region *r = p->regions[region];

    for (; at->slice < r->nr_slices; at->slice++, at->part = 0) {
        for (; at->part < r->slices[at->slice].nr_parts; at->part++, at->extent = 0) {
            struct mm_part *part = part_at(p, region, at);

            for (; at->extent < part->nr_extents; at->extent++, at->kind = -1) {
                int32_t nr = part->extents[at->extent].nr_kinds;

                at->kind = at->kind < 0 ? nr - 1 : MIN(at->kind, nr) - 1;
                if (at->kind >= 0) {
                    return true;
                }
            }
        }
    }
    return false;
}

static void describe(const struct mm_part *part, const struct mm_extent *e,
                     const struct mm_kind *kind, int64_t page_bytes, struct numasim_pages *pages)
{
    pages->node = kind->node;
    pages->first = e->first;
    pages->span = e->nr;
    pages->nr_pages = kind->pages;
    pages->page_bytes = page_bytes << kind->order;
    pages->last_cpu = kind->last_cpu;
    pages->last_pid = kind->last_pid;
    pages->protected_ns = kind->protected_ns;
    pages->tag = kind->tag;
    pages->accesses_x256 = part->accesses_x256 - kind->tagged_x256;
}

bool numasim_next_pages(struct numasim_host *host, struct numasim_process *process, int32_t node,
                        struct numasim_pages *pages)
{
    struct kernel *k = kernel_of(host);
    struct process *p = (struct process *)(void *)pages->process;
    struct cursor at;

    memcpy(&at, pages->cookie, sizeof(at));
    if (p == NULL) {
        p = process != NULL       ? (struct process *)(void *)process
            : k->nr_processes > 0 ? k->processes[0]
                                  : NULL;
        at = (struct cursor){.kind = -1};
        pages->region = 0;
    }
    while (p != NULL) {
        for (; pages->region < p->nr_regions; pages->region++, at = (struct cursor){.kind = -1}) {
            while (step(p, pages->region, &at)) {
                struct mm_part *part = part_at(p, pages->region, &at);
                struct mm_extent *e = &part->extents[at.extent];
                const struct mm_kind *kind = &e->kinds[at.kind];

                if (kind->node == MM_UNTOUCHED || (node >= 0 && kind->node != node)) {
                    continue;
                }
                describe(part, e, kind, k->machine->page_size_bytes, pages);
                pages->process = &p->pub;
                memcpy(pages->cookie, &at, sizeof(at));
                return true;
            }
        }
        int32_t next = process != NULL ? k->nr_processes : p->pub.id + 1;

        p = next < k->nr_processes ? k->processes[next] : NULL;
        pages->region = 0;
        at = (struct cursor){.kind = -1};
    }
    return false;
}

/* ------------------------------------------------------------------------------------------- */
/* What is done to pages that an iteration gave                                                 */

struct found {
    struct process *p;
    struct mm_region *r;
    struct mm_slice *s;
    struct mm_part *part;
    struct mm_extent *e;
    int32_t kind;
};

/* Finds what @pages describes, as far as it is still there as it was. */
static bool find_pages(const struct numasim_pages *pages, struct found *f)
{
    struct cursor at;

    memcpy(&at, pages->cookie, sizeof(at));
    f->p = (struct process *)(void *)pages->process;
    f->r = f->p->regions[pages->region];
    f->s = &f->r->slices[at.slice];
    f->part = &f->s->parts[at.part];
    if (at.extent >= f->part->nr_extents) {
        return false;
    }
    f->e = &f->part->extents[at.extent];
    for (f->kind = 0; f->kind < f->e->nr_kinds; f->kind++) {
        const struct mm_kind *kind = &f->e->kinds[f->kind];

        if (kind->node == pages->node && kind->tag == pages->tag &&
            kind->protected_ns == pages->protected_ns && kind->last_cpu == pages->last_cpu &&
            kind->last_pid == pages->last_pid &&
            f->part->accesses_x256 - kind->tagged_x256 >= pages->accesses_x256) {
            return true;
        }
    }
    return false;
}

int64_t numasim_move_pages(struct numasim_host *host, int32_t cpu,
                           const struct numasim_pages *pages, int64_t nr_pages, int32_t to,
                           int64_t floor_bytes)
{
    const char *const call = "numasim_move_pages()";
    struct kernel *k = kernel_of(host);
    struct found f;

    if (!migration_valid(k, call, (const struct process *)(const void *)pages->process, cpu,
                         pages->region, pages->node, to) ||
        !find_pages(pages, &f)) {
        return 0;
    }
    struct mm_kind kind = f.e->kinds[f.kind];

    kind.protected_ns = MM_NOT_PROTECTED; /* the new mapping is not */
    pages_will_change(k, f.p);
    int64_t moved =
        pages_migrate(k, f.p, f.r, f.s, f.part, f.e, f.kind, nr_pages, to, floor_bytes, &kind);

    if (moved > 0) {
        emit(k, TP_MM_MIGRATE_PAGES, f.p->pub.id, cpu, pages->region, pages->node, to, moved);
        rq_charge(k, cpu_rq(k, cpu), pages_move_cost_ns(k, moved, kind.order));
    }
    pages_changed(k, f.p);
    return moved;
}

void numasim_tag_pages(struct numasim_host *host, const struct numasim_pages *pages,
                       int64_t nr_pages, uint32_t tag)
{
    struct found f;

    (void)host;
    if (find_pages(pages, &f)) {
        struct mm_kind kind = f.e->kinds[f.kind];

        kind.tag = tag;
        kind.tagged_x256 = f.part->accesses_x256;
        extent_change(f.part, f.e, f.kind, MIN(nr_pages, kind.pages), &kind);
    }
}

void numasim_split_pages(struct numasim_host *host, int32_t cpu, const struct numasim_pages *pages,
                         int64_t nr_pages)
{
    struct kernel *k = kernel_of(host);
    struct found f;

    (void)cpu;
    if (find_pages(pages, &f)) {
        struct mm_kind kind = f.e->kinds[f.kind];
        int64_t huge = MIN(nr_pages, kind.pages) >> kind.order;
        uint8_t order = kind.order;

        kind.order = 0;
        extent_change(f.part, f.e, f.kind, huge << order, &kind);
        k->nodes[kind.node].vmstat[NUMASIM_THP_MIGRATION_SPLIT] += (uint64_t)huge;
    }
}

int64_t numasim_drop_pages(struct numasim_host *host, int32_t cpu,
                           const struct numasim_pages *pages, int64_t nr_pages)
{
    struct kernel *k = kernel_of(host);
    struct found f;

    if (!find_pages(pages, &f) || !f.r->pub.file) {
        return 0;
    }
    struct mm_kind kind = f.e->kinds[f.kind];
    int32_t node = kind.node;

    nr_pages = MIN(nr_pages, kind.pages) >> kind.order << kind.order;
    kind = (struct mm_kind){
        .protected_ns = MM_NOT_PROTECTED, .last_cpu = -1, .last_pid = -1, .node = MM_UNTOUCHED};
    pages_will_change(k, f.p);
    extent_change(f.part, f.e, f.kind, nr_pages, &kind);
    pages_count(k, f.p, f.r, f.s, node, -nr_pages);
    f.s->untouched_pages += nr_pages;
    f.p->pub.resident_bytes -= nr_pages * k->machine->page_size_bytes;
    k->nodes[node].vmstat[NUMASIM_PGFREE] += (uint64_t)nr_pages;
    emit(k, TP_MM_PAGE_FREE, f.p->pub.id, cpu, pages->region, node, nr_pages,
         k->machine->page_size_bytes);
    pages_changed(k, f.p);
    return nr_pages;
}
