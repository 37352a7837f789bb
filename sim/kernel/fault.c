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
#include "kernel/memory.h"

#include "base/draw.h"
#include "kernel/rate.h"

/* Pages (huge ones count as one) that a task meets between two stops: a sixteenth of what is left, so that
 * the rate falls in small steps as there are fewer, and at most so many. */
enum { MAX_BATCH = 64, BATCH_PARTS = 16 };

/* Random draws of faults. */
enum { DRAW_FAULTS = 17 };

/* ------------------------------------------------------------------------------------------- */
/* When to stop                                                                                 */

/* Accesses to each page of a region that is accessed in order. */
static uint64_t lines_per_page(const struct kernel *k)
{
    return (uint64_t)(k->machine->page_size_bytes / k->machine->cache_line_bytes);
}

/* How many pages after @from, in order and round, the next protected one lies; -1: nowhere. */
static int64_t distance_to_protected(const struct mm_slice *s, int64_t from)
{
    int64_t best = -1;

    for (int32_t i = 0; i < s->nr_parts; i++) {
        const struct mm_part *part = &s->parts[i];

        for (int32_t e = 0; e < part->nr_extents && part->protected > 0; e++) {
            const struct mm_extent *extent = &part->extents[e];
            int64_t at = extent->first - s->first, ahead;
            bool any = false;

            for (int32_t n = 0; n < extent->nr_kinds && !any; n++) {
                any = extent->kinds[n].protected_ns != MM_NOT_PROTECTED;
            }
            if (!any) {
                continue;
            }
            ahead = at + extent->nr > from ? MAX(at - from, 0) : s->total_pages - from + at;
            best = best < 0 ? ahead : MIN(best, ahead);
        }
    }
    return best;
}

/* Work until @t has met about a batch of protected pages of entry @i; UINT64_MAX: never. */
static uint64_t work_to_batch(const struct kernel *k, const struct task *t, int32_t i)
{
    const struct mm_mix_entry *e = &t->mix->entries[i];
    const struct mm_region *r = task_process(t)->regions[e->region];
    const struct mm_slice *s = mm_slice(r, t->slice_index);
    int64_t protected = 0, unit = r->pub.page_bytes / k->machine->page_size_bytes;
    uint128 accesses = 0;

    for (int32_t p = 0; p < s->nr_parts; p++) {
        protected += s->parts[p].protected;
    }
    if (protected == 0 || e->milli == 0) {
        return UINT64_MAX;
    }
    int64_t batch = CLAMP(protected / unit / BATCH_PARTS, 1, MAX_BATCH);

    if (r->sequential) {
        int64_t pages = distance_to_protected(s, t->access[i].place) + batch * unit;

        accesses = (uint128)(uint64_t)pages * lines_per_page(k);
    } else {
        /* Met by each access: the sum over parts of weight x protected / pages, each huge page by any
         * access to one of its pages. */
        uint128 met_ppm_x = 0;

        for (int32_t p = 0; p < s->nr_parts; p++) {
            const struct mm_part *part = &s->parts[p];

            met_ppm_x +=
                ((uint128)part->weight_ppm << 20) * (uint64_t)part->protected / (uint64_t)part->nr;
        }
        if (met_ppm_x == 0) {
            return UINT64_MAX;
        }
        accesses = ((uint128)(uint64_t)batch * 1000000 << 20) / met_ppm_x + 1;
    }
    uint128 work = accesses * MILLI_PER_UNIT / (uint64_t)e->milli + 1;

    return work > (uint128)INT64_MAX ? UINT64_MAX : (uint64_t)work;
}

void fault_plan(struct kernel *k, struct task *t)
{
    uint64_t work = UINT64_MAX;

    if (k->nops == NULL || k->nops->hint_fault == NULL) {
        t->fault_work = UINT64_MAX;
        return;
    }
    for (int32_t i = 0; i < t->mix->nr_entries; i++) {
        work = MIN(work, work_to_batch(k, t, i));
    }
    t->fault_work = work;
}

void faults_expected(struct kernel *k, struct process *p)
{
    for (struct list *l = p->running.next; l != &p->running; l = l->next) {
        struct task *t = container_of(l, struct task, running);
        struct rq *rq = task_rq(k, t);

        settle(k, rq);
        access_account(k, rq, t);
        fault_plan(k, t);
        if (k->acting != t) {
            segment_arm(k, rq);
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Faults                                                                                       */

/* Where a batch of faults happens. */
struct place {
    struct task *t;
    struct rq *rq;
    struct mm_region *r;
    struct mm_slice *s;
    struct mm_part *part;
    bool write;
    int64_t moved; /* base pages, so far */
};

/* Asks the policy about @pages base pages of kind @index of @e, and does as it says. */
static void fault(struct kernel *k, struct place *at, struct mm_extent *e, int32_t index,
                  int64_t pages)
{
    struct mm_kind kind = e->kinds[index];
    struct process *p = task_process(at->t);
    int32_t node = kind.node;
    struct numasim_fault f = {
        .task = &at->t->pub,
        .cpu = at->rq->pub.id,
        .pages =
            {
                .process = &p->pub,
                .region = at->r->pub.id,
                .node = node,
                .first = e->first,
                .span = e->nr,
                .nr_pages = pages,
                .page_bytes = k->machine->page_size_bytes << kind.order,
                .last_cpu = kind.last_cpu,
                .last_pid = kind.last_pid,
                .protected_ns = kind.protected_ns,
                .tag = kind.tag,
                .accesses_x256 = at->part->accesses_x256 - kind.tagged_x256,
            },
        .nr_faults = pages >> kind.order,
        .write = at->write,
        .target = -1,
        .nr_move = pages >> kind.order,
        .set_last_cpu = kind.last_cpu,
        .set_last_pid = kind.last_pid,
    };
    struct numasim_decision record;
    struct numasim_decision *d = decision_begin(k, &record);
    uint64_t faults = (uint64_t)f.nr_faults;

    k->nops->hint_fault(k->nself, &f, d);
    decision_end(k, NUMASIM_ROLE_NUMA, "numa.hint_fault", at->t->pub.id, f.cpu, &record);
    if (f.target < -1 || f.target >= k->nr_nodes || f.nr_move < 0 || f.nr_move > f.nr_faults) {
        kernel_fault(k, NUMASIM_ROLE_NUMA, "numa.hint_fault", at->t,
                     "%" G_GINT64_FORMAT " faults on node %d is no valid answer", f.nr_move,
                     f.target);
        return;
    }
    k->nodes[node].vmstat[NUMASIM_NUMA_HINT_FAULTS] += faults;
    if (node == at->rq->pub.node) {
        k->nodes[node].vmstat[NUMASIM_NUMA_HINT_FAULTS_LOCAL] += faults;
    }
    int64_t cost_ns = f.nr_faults * k->machine->costs.hint_fault_ns, moved = 0;

    kind.protected_ns = MM_NOT_PROTECTED;
    kind.last_cpu = f.set_last_cpu;
    kind.last_pid = (int16_t)f.set_last_pid;
    if (f.target >= 0 && f.target != node) {
        moved = pages_migrate(k, p, at->r, at->s, at->part, e, index, f.nr_move << kind.order,
                              f.target, 0, &kind);
        cost_ns += pages_move_cost_ns(k, moved, kind.order);
        k->nodes[f.target].vmstat[NUMASIM_NUMA_PAGES_MIGRATED] += (uint64_t)moved;
        at->moved += moved;
        if (moved > 0) {
            emit(k, TP_MM_MIGRATE_PAGES, p->pub.id, f.cpu, at->r->pub.id, node, f.target, moved);
        }
    }
    /* What stays is mapped again. The kind stands where it stood unless all of it moved. */
    if (pages > moved) {
        extent_change(at->part, e, index, pages - moved, &kind);
    }
    emit(k, TP_NUMA_HINT_FAULT, at->t->pub.id, f.cpu, at->r->pub.id, node, f.nr_faults, moved);
    rq_charge(k, at->rq, cost_ns);
    f.nr_moved = moved >> kind.order;
    if (k->nops->fault_done != NULL) {
        k->nops->fault_done(k->nself, &f);
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

        if (first >= stop || at->part->protected == 0) {
            continue;
        }
        int32_t a = part_cut(at->part, first), b = part_cut(at->part, stop);

        for (int32_t e = a; e < b && !k->failed; e++) {
            struct mm_extent *extent = &at->part->extents[e];

            for (int32_t n = extent->nr_kinds - 1; n >= 0 && !k->failed; n--) {
                if (extent->kinds[n].protected_ns != MM_NOT_PROTECTED) {
                    fault(k, at, extent, n, extent->kinds[n].pages);
                }
            }
        }
        part_join(at->part, a, b, false);
    }
}

/* Anywhere: of each kind of @at->part as many as a draw says, where each page was met with the
 * probability @met (x 2^32), a huge one with that of @accesses_q32 to it. */
static void fault_anywhere(struct kernel *k, struct place *at, uint64_t accesses_q32)
{
    struct rng r = rng_entity(&k->workload, (uint64_t)DRAW_FAULTS << 32 | (uint32_t)at->t->pub.id);

    for (int32_t e = 0; e < at->part->nr_extents && at->part->protected > 0 && !k->failed; e++) {
        struct mm_extent *extent = &at->part->extents[e];

        for (int32_t n = extent->nr_kinds - 1; n >= 0 && !k->failed; n--) {
            const struct mm_kind *kind = &extent->kinds[n];

            if (kind->protected_ns == MM_NOT_PROTECTED) {
                continue;
            }
            uint64_t met = draw_at_least_one(accesses_q32 << kind->order);
            int64_t faults =
                draw_binomial(kind->pages >> kind->order, met, rng_u64(&r, at->t->nr_draws++));

            if (faults > 0) {
                fault(k, at, extent, n, faults << kind->order);
            }
        }
    }
    part_join(at->part, 0, at->part->nr_extents, true);
}

/* @accesses_milli is what @t accessed of entry @i since the last time, x 1000. */
static void entry_faults(struct kernel *k, struct place *at, int32_t i, uint64_t accesses)
{
    if (at->r->sequential) {
        struct task_access *own = &at->t->access[i];
        uint64_t lines = accesses + own->place_lines;
        int64_t pages = (int64_t)(lines / lines_per_page(k)), from = own->place;
        int64_t total = at->s->total_pages;

        own->place_lines = lines % lines_per_page(k);
        own->place = (from + pages) % total;
        fault_in_order(k, at, from, MIN(pages, total - from));
        if (from + pages > total) {
            fault_in_order(k, at, 0, MIN(from + pages - total, from));
        }
        return;
    }
    for (int32_t p = 0; p < at->s->nr_parts && !k->failed; p++) {
        at->part = &at->s->parts[p];
        if (at->part->protected > 0) {
            uint128 each = ((uint128)accesses << 32) * at->part->weight_ppm / 1000000;

            each /= (uint64_t)at->part->nr;
            fault_anywhere(k, at, (uint64_t)MIN(each, (uint128)1 << 40));
        }
    }
}

void task_faults(struct kernel *k, struct rq *rq, struct task *t)
{
    struct process *p = task_process(t);
    struct place at = {.t = t, .rq = rq};

    pages_will_change(k, p);
    for (int32_t i = 0; i < t->mix->nr_entries && !k->failed; i++) {
        const struct mm_mix_entry *e = &t->mix->entries[i];
        uint64_t accesses = t->access[i].accesses;

        t->access[i].accesses = 0;
        at.r = p->regions[e->region];
        at.s = mm_slice(at.r, t->slice_index);
        at.write = e->writes_ppm > 0;
        entry_faults(k, &at, i, accesses);
    }
    if (at.moved > 0) {
        pages_changed(k, p);
    }
    if (t->mix != NULL) {
        fault_plan(k, t);
    }
}
