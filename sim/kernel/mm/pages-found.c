/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Populations of pages for plugins: iterating over them, and what is done to those that it gives. */
#include "kernel/mm/copies.h"
#include "kernel/mm/memcg.h"
#include "kernel/mm/object.h"

static struct kernel *kernel_of(struct numasim_host *host)
{
    return (struct kernel *)(void *)host;
}

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

/* True if @s has no page on @node, -1: on any. */
static bool slice_empty(const struct mm_slice *s, int32_t node)
{
    return node >= 0 ? s->pages_by_node[node] == 0 : s->untouched_pages == s->total_pages;
}

/* Steps to the next kind of @p's region; false at its end. Of @all processes, those that several map
 * come once. */
static bool step(struct process *p, int32_t region, int32_t node, bool all, struct cursor *at)
{
    struct mm_region *r = p->regions[region];

    if (all ? !region_counts(r) : region_unmapped(r)) {
        return false;
    }
    for (; at->slice < r->nr_slices; *at = (struct cursor){.slice = at->slice + 1, .kind = -1}) {
        if (slice_empty(&r->slices[at->slice], node)) {
            continue;
        }
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

static void describe(const struct kernel *k, const struct mm_part *part, const struct mm_extent *e,
                     const struct mm_kind *kind, struct numasim_pages *pages)
{
    pages->node = kind->node;
    pages->first = e->first;
    pages->span = e->nr;
    pages->nr_pages = kind->pages;
    pages->page_bytes = k->machine->page_size_bytes << kind->order;
    pages->last_cpu = kind->last_cpu;
    pages->last_pid = kind->last_pid;
    pages->protected_ns = kind->protected_ns;
    pages->tag = kind->tag;
    pages->accesses_x256 = part->accesses_x256 - kind->tagged_x256;
    pages->cgroup = kind->memcg;
    pages->copies = copies_of(k, kind->copies);
}

bool numasim_next_pages(struct numasim_host *host, struct numasim_process *process, int32_t node,
                        struct numasim_pages *pages)
{
    struct kernel *k = kernel_of(host);
    struct process *p = (struct process *)(void *)pages->process;
    struct cursor at;

    memcpy(&at, pages->cookie, sizeof(at));
    if (node >= k->nr_nodes || (p != NULL && (pages->region < 0 || at.slice < 0 || at.part < 0 ||
                                              at.extent < 0 || at.kind < 0))) {
        kernel_fault(k, pages_blamed(k), "numasim_next_pages()", NULL,
                     "node %d, region %d: nothing there is", node, pages->region);
        return false;
    }
    if (p == NULL) {
        p = process != NULL       ? (struct process *)(void *)process
            : k->nr_processes > 0 ? k->processes[0]
                                  : NULL;
        at = (struct cursor){.kind = -1};
        pages->region = 0;
    }
    while (p != NULL) {
        for (; pages->region < p->nr_regions; pages->region++, at = (struct cursor){.kind = -1}) {
            while (step(p, pages->region, node, process == NULL, &at)) {
                struct mm_part *part = part_at(p, pages->region, &at);
                struct mm_extent *e = &part->extents[at.extent];
                const struct mm_kind *kind = &e->kinds[at.kind];

                if (kind->node == MM_UNTOUCHED || (node >= 0 && kind->node != node)) {
                    continue;
                }
                describe(k, part, e, kind, pages);
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

/* At most @pages of the @there ones of @kind, whole pages of its size. */
static int64_t whole(int64_t pages, const struct mm_kind *kind, int64_t there)
{
    return MAX(MIN(pages, there), 0) >> kind->order << kind->order;
}

bool pages_find(struct kernel *k, const char *call, const struct numasim_pages *pages,
                struct pages_found *f)
{
    struct cursor at;

    memcpy(&at, pages->cookie, sizeof(at));
    f->p = (struct process *)(void *)pages->process;
    if (!pages_region_valid(k, call, f->p, pages->region) || !pages_free(k, call, false)) {
        return false;
    }
    f->r = f->p->regions[pages->region];
    if (at.slice < 0 || at.slice >= f->r->nr_slices || at.part < 0 ||
        at.part >= f->r->slices[at.slice].nr_parts) {
        kernel_fault(k, pages_blamed(k), call, NULL, "these pages are not of numasim_next_pages()");
        return false;
    }
    f->s = &f->r->slices[at.slice];
    f->part = &f->s->parts[at.part];
    if (at.extent < 0 || at.extent >= f->part->nr_extents) {
        return false;
    }
    f->e = &f->part->extents[at.extent];

    struct mm_kind wanted = {
        .protected_ns = pages->protected_ns,
        .tagged_x256 = f->part->accesses_x256 - pages->accesses_x256,
        .tag = pages->tag,
        .last_cpu = pages->last_cpu,
        .last_pid = (int16_t)pages->last_pid,
        .node = (int16_t)pages->node,
        .memcg = (uint16_t)pages->cgroup,
    };

    while (k->machine->page_size_bytes << wanted.order < pages->page_bytes &&
           wanted.order < MM_NR_ORDERS) {
        wanted.order++;
    }
    f->kind = pages->node >= 0 && copies_find(k, pages->copies, &wanted.copies)
                  ? extent_find(f->e, &wanted)
                  : -1;
    return f->kind >= 0;
}

int64_t pages_move_found(struct kernel *k, const char *call, int32_t cpu,
                         const struct numasim_pages *pages, int64_t nr_pages, int32_t to,
                         int64_t floor_bytes, bool shadow)
{
    struct pages_found f;
    int64_t cost_ns;

    if (!pages_migration_valid(k, call, (const struct process *)(const void *)pages->process, cpu,
                               pages->region, pages->node, to) ||
        !pages_find(k, call, pages, &f)) {
        return 0;
    }
    struct mm_kind kind = f.e->kinds[f.kind];

    kind.protected_ns = MM_NOT_PROTECTED; /* the new mapping is not */
    if (k->demoting) {
        kind.tag = 0;
        kind.tagged_x256 = 0;
    }
    int64_t moved = pages_migrate(k, f.p, f.r, f.s, f.part, f.e, f.kind, nr_pages, to, floor_bytes,
                                  &kind, shadow, &cost_ns);

    if (moved > 0) {
        emit(k, TP_MM_MIGRATE_PAGES, f.p->pub.id, cpu, pages->region, pages->node, to, moved);
        rq_charge(k, cpu_rq(k, cpu), cost_ns);
        if (shadow) {
            copies_expected(k, f.p, f.s);
        }
        pages_changed(k, f.p);
    }
    return moved;
}

int64_t numasim_move_pages(struct numasim_host *host, int32_t cpu,
                           const struct numasim_pages *pages, int64_t nr_pages, int32_t to,
                           int64_t floor_bytes)
{
    return pages_move_found(kernel_of(host), "numasim_move_pages()", cpu, pages, nr_pages, to,
                            floor_bytes, false);
}

int64_t numasim_demote_pages(struct numasim_host *host, int32_t cpu,
                             const struct numasim_pages *pages, int64_t nr_pages, int32_t to,
                             int64_t floor_bytes)
{
    struct kernel *k = kernel_of(host);

    k->demoting = true;
    int64_t moved = numasim_move_pages(host, cpu, pages, nr_pages, to, floor_bytes);

    k->demoting = false;
    return moved;
}

void numasim_tag_pages(struct numasim_host *host, const struct numasim_pages *pages,
                       int64_t nr_pages, uint32_t tag)
{
    struct kernel *k = kernel_of(host);
    struct pages_found f;

    k->counts_accesses = true;
    if (pages_find(k, "numasim_tag_pages()", pages, &f)) {
        struct mm_kind kind = f.e->kinds[f.kind];

        kind.tag = tag;
        kind.tagged_x256 = f.part->accesses_x256;
        extent_change(f.part, f.e, f.kind, whole(nr_pages, &kind, f.e->kinds[f.kind].pages), &kind);
    }
}

void numasim_split_pages(struct numasim_host *host, int32_t cpu, const struct numasim_pages *pages,
                         int64_t nr_pages)
{
    struct kernel *k = kernel_of(host);
    struct pages_found f;

    (void)cpu;
    if (pages_find(k, "numasim_split_pages()", pages, &f)) {
        struct mm_kind kind = f.e->kinds[f.kind];
        int64_t split = whole(nr_pages, &kind, kind.pages);

        k->nodes[kind.node].vmstat[NUMASIM_THP_MIGRATION_SPLIT] += (uint64_t)(split >> kind.order);
        kind.order = 0;
        extent_change(f.part, f.e, f.kind, split, &kind);
        if (k->machine->tlb.walk_ns > 0) { /* what it reaches is less now */
            slice_moved(f.p, f.s, split);
            pages_changed(k, f.p);
        }
    }
}

int64_t numasim_drop_pages(struct numasim_host *host, int32_t cpu,
                           const struct numasim_pages *pages, int64_t nr_pages)
{
    static const struct mm_kind untouched = {
        .protected_ns = MM_NOT_PROTECTED, .last_cpu = -1, .last_pid = -1, .node = MM_UNTOUCHED};
    struct kernel *k = kernel_of(host);
    struct pages_found f;

    if (!pages_find(k, "numasim_drop_pages()", pages, &f) || !f.r->pub.file) {
        return 0;
    }
    const struct mm_kind *kind = &f.e->kinds[f.kind];
    int32_t node = kind->node;
    uint16_t memcg = kind->memcg;
    uint8_t copies = kind->copies;

    nr_pages = whole(nr_pages, kind, kind->pages);
    if (nr_pages == 0) {
        return 0;
    }
    extent_change(f.part, f.e, f.kind, nr_pages, &untouched);
    copies_count(k, &(struct copies_place){f.p, f.r, f.s}, memcg, copies, 0, nr_pages,
                 COPIES_FREED);
    f.s->untouched_pages += nr_pages;
    pages_count(k, f.p, f.r, f.s, node, -nr_pages);
    memcg_charge(k, memcg, f.r, node, -nr_pages);
    region_add_resident(f.p, f.r, -nr_pages * k->machine->page_size_bytes);
    k->nodes[node].vmstat[NUMASIM_PGFREE] += (uint64_t)nr_pages;
    emit(k, TP_MM_PAGE_FREE, f.p->pub.id, cpu, pages->region, node, nr_pages,
         k->machine->page_size_bytes);
    pages_changed(k, f.p);
    return nr_pages;
}
