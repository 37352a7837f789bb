/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving pages as a transaction: a page is copied while it stays mapped, and whoever accesses it goes on.
 * It becomes the copy only if nobody wrote to it since the copy began (its dirty bit is cleared before
 * and looked at afterwards); else the copy is thrown away, and what it took was in vain.
 *
 * Pages are copied one after the other, so that each may be written for as long as its own copy takes.
 * Stores that fall anywhere come to a page as a Poisson process, whose rate is the sum of what the tasks
 * that run now store, at the pace they have now; where a region is accessed in order, a page is
 * written if one of those who walk through it comes by. Each page is then as likely to be written as
 * another, and how many are is one draw.
 */
#include "base/draw.h"
#include "kernel/mm/copies.h"
#include "kernel/mm/fault.h"
#include "kernel/mm/object.h"
#include "kernel/mm/rate.h"

/* Random draws of transactions. */
enum { DRAW_TRANSACT = 19 };

/* Those who store to the slice, while a page of it is copied. */
struct writers {
    const struct mm_slice *s;
    int64_t copy_ns;
    uint64_t stores_q32;   /* by all, x 2^32 */
    uint64_t lines_q32;    /* walked through by all, x 2^32 */
    uint32_t most_ppm, nr; /* the most stores to a line walked through; tasks */
};

static void add_writer(struct writers *w, const struct mm_mix_entry *e, uint64_t pace)
{
    uint128 work_q32 = ((uint128)(uint64_t)w->copy_ns << (32 + PACE_SHIFT)) / pace;
    uint64_t lines_q32 =
        (uint64_t)MIN(work_q32 * (uint64_t)e->milli / (UINT64_C(1000) * (uint64_t)NSEC_PER_SEC),
                      (uint128)1 << 62);
    uint32_t ppm = MIN(e->writes_ppm, 1000000);

    w->stores_q32 += mul_div_u64(lines_q32, ppm, 1000000);
    w->lines_q32 += lines_q32;
    w->most_ppm = MAX(w->most_ppm, ppm);
    w->nr++;
}

/* Those of @p's tasks that run now. */
static void add_process(const struct process *p, struct writers *w)
{
    for (const struct list *l = p->running.next; l != &p->running; l = l->next) {
        const struct task *t = container_of(l, struct task, running);

        for (int32_t i = 0; t->rate != NULL && i < t->mix->nr_entries; i++) {
            const struct mm_mix_entry *e = &t->mix->entries[i];

            if (t->access[i].slice == w->s && e->writes_ppm > 0 && e->milli > 0) {
                add_writer(w, e, rate_pace(t));
            }
        }
    }
}

/* The chance that a page of @pages base pages is written while it is copied, x 2^32. */
static uint64_t written_q32(const struct kernel *k, const struct pages_found *f,
                            const struct writers *w, int64_t pages)
{
    uint64_t lines = lines_per_page(k);

    if (f->r->sequential) {
        /* It is met by who begins within it or comes to it; then each of its lines may be stored to. */
        uint128 way_q32 = w->lines_q32 / lines + ((uint128)(uint64_t)pages << 32) * w->nr;
        uint64_t met = (uint64_t)MIN(way_q32 / (uint64_t)f->s->total_pages, (uint128)DRAW_ONE);
        uint64_t stored =
            draw_at_least_one(((uint64_t)pages * lines * w->most_ppm << 20) / 1000000 << 12);

        return (uint64_t)((uint128)met * stored >> 32);
    }
    uint128 each = (uint128)w->stores_q32 * f->part->weight_ppm / 1000000 * (uint64_t)pages /
                   (uint64_t)f->part->nr;

    return draw_at_least_one((uint64_t)MIN(each, (uint128)1 << 40));
}

/* The chance of a page that @f finds to be written while it is copied for @copy_ns, x 2^32. */
static uint64_t chance_q32(const struct kernel *k, const struct pages_found *f, int64_t copy_ns)
{
    const struct mm_object *o = region_object(f->r);
    struct writers w = {.s = f->s, .copy_ns = copy_ns};

    if (o == NULL) {
        add_process(f->p, &w);
    }
    for (int32_t i = 0; o != NULL && i < o->nr_mappings; i++) {
        if (o->mappings[i].process != NULL) {
            add_process(o->mappings[i].process, &w);
        }
    }
    return w.nr > 0 ? written_q32(k, f, &w, INT64_C(1) << f->e->kinds[f->kind].order) : 0;
}

/* Copies @nr pages of the size of those that @f finds, as often as it takes, up to @passes times. Returns
 * how many nobody wrote to in the last of them; *@copies: made in all. */
static int64_t copy_pages(struct kernel *k, const struct pages_found *f, int64_t nr,
                          int64_t copy_ns, int32_t passes, int64_t *copies)
{
    uint64_t stream = (uint64_t)DRAW_TRANSACT << 32 | (uint32_t)f->p->pub.id;
    struct rng rng = rng_entity(&k->workload, stream);
    uint64_t p_q32 = chance_q32(k, f, copy_ns);
    int64_t left = nr;

    *copies = 0;
    for (int32_t i = 0; i < passes && left > 0; i++) {
        *copies += left;
        left = p_q32 > 0 ? draw_binomial(left, p_q32, rng_u64(&rng, f->p->nr_transact_draws++)) : 0;
    }
    return nr - left;
}

/* A page of those that @f finds is copied for so long, by @cpu: its TLB entries are flushed twice, before it
 * and for the new mapping, where a move flushes once. */
static int64_t copy_time_ns(const struct kernel *k, const struct pages_found *f, int32_t cpu)
{
    uint8_t order = f->e->kinds[f->kind].order;

    return pages_move_cost_ns(k, INT64_C(1) << order, order) + pages_flush_cost_ns(k, f->p, cpu);
}

struct numasim_transaction numasim_transact_pages(struct numasim_host *host, int32_t cpu,
                                                  const struct numasim_pages *pages,
                                                  int64_t nr_pages, int32_t to, int64_t floor_bytes,
                                                  int32_t passes, bool shadow)
{
    const char *const call = "numasim_transact_pages()";
    struct kernel *k = (struct kernel *)(void *)host;
    struct numasim_transaction done = {0};
    struct pages_found f;

    if (!pages_migration_valid(k, call, (const struct process *)(const void *)pages->process, cpu,
                               pages->region, pages->node, to) ||
        !pages_find(k, call, pages, &f) || f.r->pub.hugetlb || pages->node == to ||
        !node_allowed(f.p, to)) {
        return done;
    }
    struct mm_kind kind = f.e->kinds[f.kind];

    if (copies_on(k, kind.copies, to)) { /* nothing is to be copied */
        done.nr_moved = pages_move_found(k, call, cpu, pages, nr_pages, to, floor_bytes, shadow);
        return done;
    }
    int64_t room = (node_room_bytes(k, f.r, to) - floor_bytes) / k->machine->page_size_bytes;
    int64_t nr = MAX(MIN(MIN(nr_pages, kind.pages), room), 0) >> kind.order;
    int64_t copy_ns = copy_time_ns(k, &f, cpu), move_ns, copies;
    int64_t clean = copy_pages(k, &f, nr, copy_ns, passes, &copies);

    if (copies == 0) {
        return done;
    }
    kind.protected_ns = MM_NOT_PROTECTED; /* the new mapping is not */
    done.nr_aborted = (copies - clean) << kind.order;
    done.nr_moved = pages_migrate(k, f.p, f.r, f.s, f.part, f.e, f.kind, clean << kind.order, to,
                                  floor_bytes, &kind, shadow, &move_ns);
    k->nodes[to].vmstat[NUMASIM_PGTRANSACT_SUCCESS] += (uint64_t)done.nr_moved;
    k->nodes[to].vmstat[NUMASIM_PGTRANSACT_ABORT] += (uint64_t)done.nr_aborted;
    emit(k, TP_MM_TRANSACT_PAGES, f.p->pub.id, cpu, pages->region, to, done.nr_moved,
         done.nr_aborted);
    if (done.nr_moved > 0) {
        emit(k, TP_MM_MIGRATE_PAGES, f.p->pub.id, cpu, pages->region, pages->node, to,
             done.nr_moved);
        if (shadow) {
            copies_expected(k, f.p, f.s);
        }
        pages_changed(k, f.p);
    }
    rq_charge(k, cpu_rq(k, cpu), copies * copy_ns);
    return done;
}
