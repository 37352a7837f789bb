/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NUMA hint faults: which accesses meet protected pages, and what follows.
 *
 * Each task counts what it accesses of each region of its mix. Where a region is accessed in order, its
 * place in it moves on by so many pages, and what is protected there faults. Where accesses fall
 * anywhere, they come to each page of a part as a Poisson process, so that of P protected pages each is
 * met with the same probability, independent of the others: the number that faults is one draw.
 *
 * While a task may meet protected pages it is stopped after as much work as lets it meet about a
 * batch of them; what they cost is charged to it then, and their number decides the next batch.
 */
#include "kernel/mm/fault.h"

#include "kernel/mm/copies.h"

bool fault_answer_valid(struct kernel *k, const struct numasim_fault *f, const char *callback)
{
    if (f->target >= -1 && f->target < k->nr_nodes && f->nr_move >= 0 &&
        f->nr_move <= f->nr_faults && f->set_last_cpu >= -1 && f->set_last_cpu < k->nr_cpus &&
        f->set_last_pid >= -1 && f->set_last_pid <= 255) {
        return true;
    }
    kernel_fault(k, NUMASIM_ROLE_NUMA, callback, task_of(f->task),
                 "to move %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                 " to node %d and remember CPU %d, task %d is no valid answer",
                 f->nr_move, f->nr_faults, f->target, f->set_last_cpu, f->set_last_pid);
    return false;
}

struct numasim_fault fault_of(const struct kernel *k, const struct place *at,
                              const struct mm_extent *e, const struct mm_kind *kind, int64_t pages)
{
    return (struct numasim_fault){
        .task = &at->t->pub,
        .cpu = at->rq->pub.id,
        .pages =
            {
                .process = &task_process(at->t)->pub,
                .region = at->r->pub.id,
                .node = kind->node,
                .first = e->first,
                .span = e->nr,
                .nr_pages = pages,
                .page_bytes = k->machine->page_size_bytes << kind->order,
                .last_cpu = kind->last_cpu,
                .last_pid = kind->last_pid,
                .protected_ns = kind->protected_ns,
                .tag = kind->tag,
                .accesses_x256 = at->part->accesses_x256 - kind->tagged_x256,
                .copies = copies_of(k, kind->copies),
            },
        .nr_faults = pages >> kind->order,
        .write = at->writes_ppm > 0,
        .writes_ppm = at->writes_ppm,
        .target = -1,
        .nr_move = pages >> kind->order,
        .set_last_cpu = kind->last_cpu,
        .set_last_pid = kind->last_pid,
        .set_tag = kind->tag,
    };
}

/* Moves what the policy wants to move of kind @index of @e, which becomes @as. Returns how many base
 * pages did. */
static int64_t fault_move(struct kernel *k, struct place *at, struct mm_extent *e, int32_t index,
                          const struct numasim_fault *f, const struct mm_kind *as)
{
    struct process *p = task_process(at->t);
    int64_t cost_ns;
    int64_t moved = pages_migrate(k, p, at->r, at->s, at->part, e, index, f->nr_move << as->order,
                                  f->target, 0, as, f->shadow, &cost_ns);

    at->cost_ns += cost_ns;
    at->copied |= moved > 0 && f->shadow;
    k->nodes[f->target].vmstat[NUMASIM_NUMA_PAGES_MIGRATED] += (uint64_t)moved;
    if (moved > 0) {
        emit(k, TP_MM_MIGRATE_PAGES, p->pub.id, f->cpu, at->r->pub.id, as->node, f->target, moved);
    }
    return moved;
}

/* The @pages of kind @index of @e that stay become @as; with replicas as far as the policy wants them. The
 * kind stands where it stood as long as there are some of it. */
static void fault_stay(struct kernel *k, struct place *at, struct mm_extent *e, int32_t index,
                       int64_t pages, const struct numasim_fault *f, const struct mm_kind *as)
{
    const struct copies_place where = {task_process(at->t), at->r, at->s};

    if (f->replicate != NULL && pages > 0) {
        int64_t cost_ns;
        int64_t copied =
            copies_add(k, &where, at->part, e, index, pages, f->replicate, as, &cost_ns);

        at->cost_ns += cost_ns;
        at->copied |= copied > 0;
        pages -= copied;
    }
    if (pages > 0) {
        extent_change(at->part, e, index, pages, as);
    }
}

/* Asks the policy about @pages base pages of kind @index of @e, and does as it says. */
void fault(struct kernel *k, struct place *at, struct mm_extent *e, int32_t index, int64_t pages)
{
    struct mm_kind kind = e->kinds[index];
    struct numasim_fault f = fault_of(k, at, e, &kind, pages);
    struct numasim_decision record;
    struct numasim_decision *d = decision_begin(k, &record);
    int64_t faults = f.nr_faults, moved = 0;
    int32_t node = kind.node;

    k->pages_fixed++;
    k->nops->hint_fault(k->nself, &f, d);
    k->pages_fixed--;
    decision_end(k, NUMASIM_ROLE_NUMA, "numa.hint_fault", at->t->pub.id, f.cpu, &record);
    f.nr_faults = faults;
    if (k->failed || !fault_answer_valid(k, &f, "numa.hint_fault")) {
        return;
    }
    k->nodes[node].vmstat[NUMASIM_NUMA_HINT_FAULTS] += (uint64_t)faults;
    if (node == at->rq->pub.node) {
        k->nodes[node].vmstat[NUMASIM_NUMA_HINT_FAULTS_LOCAL] += (uint64_t)faults;
    }
    at->cost_ns += faults * k->machine->costs.hint_fault_ns;
    kind.protected_ns = MM_NOT_PROTECTED;
    kind.last_cpu = f.set_last_cpu;
    kind.last_pid = (int16_t)f.set_last_pid;
    if (f.set_tag != kind.tag) {
        k->counts_accesses = true;
        kind.tag = f.set_tag;
        kind.tagged_x256 = at->part->accesses_x256;
    }
    if (f.target >= 0 && f.target != node) {
        moved = fault_move(k, at, e, index, &f, &kind);
    }
    fault_stay(k, at, e, index, pages - moved, &f, &kind); /* mapped again */
    emit(k, TP_NUMA_HINT_FAULT, at->t->pub.id, f.cpu, at->r->pub.id, node, faults, moved);
    f.nr_moved = moved >> kind.order;
    if (k->nops->fault_done != NULL) {
        k->pages_fixed++;
        k->nops->fault_done(k->nself, &f);
        k->pages_fixed--;
    }
}

/* In order: everything protected of the next @pages pages after @from. */
static void fault_in_order(struct kernel *k, struct place *at, int64_t from, int64_t pages)
{
    int64_t end = from + pages;

    for (int32_t i = 0; i < at->s->nr_parts && !k->failed; i++) {
        at->part = &at->s->parts[i];
        int64_t first = MAX(from + at->s->first, at->part->first);
        int64_t stop = MIN(end + at->s->first, at->part->first + at->part->nr);

        first = first < stop ? next_protected(at->part, first) : -1;
        if (first < 0 || first >= stop) {
            continue;
        }
        int32_t a = part_cut(at->part, first), b = part_cut(at->part, stop);

        for (int32_t e = a; e < b && !k->failed; e++) {
            struct mm_extent *extent = &at->part->extents[e];

            for (int32_t n = extent->nr_kinds - 1; n >= 0 && !k->failed; n--) {
                const struct mm_kind *kind = &extent->kinds[n];

                if (kind->protected_ns != MM_NOT_PROTECTED && kind->protected_ns < at->before_ns) {
                    fault(k, at, extent, n, kind->pages);
                }
            }
        }
        part_join(at->part, a, b, false);
    }
}

/* @own moves on by @accesses in @at's slice. */
static void walk(struct kernel *k, struct place *at, struct task_access *own, uint64_t accesses)
{
    int64_t from = own->place, pages = move_on(k, own, at->s, accesses);
    int64_t total = at->s->total_pages;

    fault_in_order(k, at, from, MIN(pages, total - from));
    if (from + pages > total) {
        fault_in_order(k, at, 0, MIN(from + pages - total, from));
    }
}

/* Hint faults of @accesses by @own in @at's slice, of which @earlier met no page that was protected at or
 * after @at->before_ns. */
static void hint_faults(struct kernel *k, struct place *at, struct task_access *own,
                        uint64_t accesses, uint64_t earlier)
{
    if (!at->r->sequential) {
        fault_anywhere(k, at, accesses, earlier);
        return;
    }
    if (earlier > 0) {
        walk(k, at, own, earlier);
    }
    at->before_ns = INT64_MAX;
    walk(k, at, own, accesses - earlier);
}

/* Those who store where pages have come to have copies, @t among them, will meet these. */
static void expect_collapses(struct kernel *k, const struct task *t)
{
    for (int32_t i = 0; i < t->mix->nr_entries; i++) {
        if (t->access[i].slice->copies != NULL) {
            copies_expected(k, task_process(t), t->access[i].slice);
        }
    }
}

void task_faults(struct kernel *k, struct rq *rq, struct task *t)
{
    struct process *p = task_process(t);
    struct place at = {.t = t, .rq = rq};
    bool hints = k->nops != NULL && k->nops->hint_fault != NULL;

    for (int32_t i = 0; i < t->mix->nr_entries && !k->failed; i++) {
        const struct mm_mix_entry *e = &t->mix->entries[i];
        struct task_access *own = &t->access[i];
        uint64_t accesses = own->accesses, earlier = own->earlier;

        own->accesses = own->earlier = 0;
        at.r = p->regions[e->region];
        at.s = own->slice;
        at.writes_ppm = e->writes_ppm;
        at.before_ns = own->earlier_ns;
        if (k->copies != NULL) {
            collapse_met(k, &at, i);
        }
        if (hints) {
            hint_faults(k, &at, own, accesses, earlier);
        } else if (at.r->sequential) {
            move_on(k, own, at.s, accesses);
        }
    }
    rq_charge(k, rq, at.cost_ns);
    if (at.copied && !k->failed) {
        expect_collapses(k, t);
    }
    pages_changed(k, p);
    /* What the policy waits for with its tick may have come nearer. */
    rq->numa_wants_ns = 0;
    tick_rearm(k, rq);
    if (t->mix != NULL && rq->curr == t) {
        fault_plan(k, t);
    }
}
