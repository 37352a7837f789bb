/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores to pages with copies, which are mapped read-only: the first to each faults, and its copies go.
 *
 * A task stores with as many of its accesses as lines are written back for each that misses. Which pages it
 * meets so is drawn, as hint faults are: where accesses fall anywhere, they come to each page as a Poisson
 * process. Where they come in order, so many pages are met as it passes and stores to, but which of the
 * copied ones these are is drawn just so.
 *
 * Like hint faults, they are looked for after as much work as meets about a batch of them.
 */
#include "base/draw.h"
#include "kernel/mm/copies.h"
#include "kernel/mm/fault.h"

enum { PPM = 1000000 };

/* Random draws of stores, beside those of fault-anywhere.c. */
enum { DRAW_STORES = 18 };

/* Accesses of @e that store, ppm. */
static uint64_t stores_ppm(const struct mm_mix_entry *e)
{
    return MIN(e->writes_ppm, (uint32_t)PPM);
}

/* How many stores it takes to meet one more page: those to a page that is passed in order come together. */
static uint64_t stores_to_page(const struct kernel *k, const struct mm_region *r,
                               const struct mm_mix_entry *e)
{
    return r->sequential ? MAX(lines_per_page(k) * stores_ppm(e) / PPM, 1) : 1;
}

uint64_t collapse_work(const struct kernel *k, const struct task *t, int32_t i)
{
    const struct mm_mix_entry *e = &t->mix->entries[i];
    const struct mm_region *r = task_process(t)->regions[e->region];
    const struct task_access *own = &t->access[i];
    const struct mm_slice *s = own->slice;
    uint128 met_ppm_q20 = 0;
    int64_t copied = 0;

    if (s->copies == NULL || s->copies->pages == 0 || e->writes_ppm == 0 || e->milli == 0) {
        return UINT64_MAX;
    }
    for (int32_t p = 0; p < s->nr_parts; p++) {
        const struct mm_part *part = &s->parts[p];

        copied += part->copied;
        met_ppm_q20 +=
            ((uint128)part->weight_ppm << 20) * (uint64_t)part->copied / (uint64_t)part->nr;
    }
    int64_t units = copied / (r->pub.page_bytes / k->machine->page_size_bytes);
    uint64_t batch = (uint64_t)CLAMP(units / BATCH_PARTS, 1, MAX_BATCH) * stores_to_page(k, r, e);

    if (met_ppm_q20 == 0) {
        return UINT64_MAX;
    }
    uint128 stores = (((uint128)batch * PPM) << 20) / met_ppm_q20 + 1;
    uint64_t pending = own->stores_ppm / PPM;

    stores = stores > pending ? stores - pending : 1;

    uint128 work = stores * PPM / stores_ppm(e) * MILLI_PER_UNIT / (uint64_t)e->milli + 1;

    return work > (uint128)INT64_MAX ? (uint64_t)INT64_MAX : (uint64_t)work;
}

void collapse_stored(struct task *t, int32_t i, uint64_t accesses)
{
    struct task_access *own = &t->access[i];
    int64_t copied = own->slice->copies->pages;

    own->stores_copied = MIN(own->stores_copied, copied);
    own->stores_ppm = copied > 0 ? own->stores_ppm + accesses * stores_ppm(&t->mix->entries[i]) : 0;
}

void collapse_more_copies(struct task *t, int32_t i)
{
    struct task_access *own = &t->access[i];
    int64_t copied = own->slice->copies != NULL ? own->slice->copies->pages : 0;

    /* What it stored before could only meet those that were there: fewer stores meet as many of all. */
    if (copied > own->stores_copied) {
        own->stores_ppm =
            mul_div_u64(own->stores_ppm, (uint64_t)own->stores_copied, (uint64_t)copied);
    }
    own->stores_copied = copied;
}

/* The copies of @pages base pages of kind @index of @e go. */
static void collapse(struct kernel *k, struct place *at, struct mm_extent *e, int32_t index,
                     int64_t pages)
{
    const struct copies_place where = {task_process(at->t), at->r, at->s};
    struct mm_kind kind = e->kinds[index];
    struct numasim_fault f = fault_of(k, at, e, &kind, pages);
    bool mapped = !bitmap_empty(f.pages.copies->replicas, (uint32_t)k->nr_nodes);
    int64_t cost_ns = k->machine->costs.hint_fault_ns;

    if (k->nops != NULL && k->nops->collapsed != NULL) {
        k->pages_fixed++;
        k->nops->collapsed(k->nself, &f);
        k->pages_fixed--;
        if (k->failed || !fault_answer_valid(k, &f, "numa.collapsed")) {
            return;
        }
    }
    /* Replicas are mapped where others run; a shadow is not. */
    if (mapped) {
        cost_ns += pages_flush_cost_ns(k, where.p, at->t->pub.cpu);
    }
    at->cost_ns += (pages >> kind.order) * cost_ns;
    k->nodes[kind.node].vmstat[NUMASIM_PGFAULT] += (uint64_t)(pages >> kind.order);

    uint8_t had = kind.copies;

    kind.copies = 0;
    kind.last_cpu = f.set_last_cpu;
    kind.last_pid = (int16_t)f.set_last_pid;
    extent_change(at->part, e, index, pages, &kind);
    copies_count(k, &where, kind.memcg, had, 0, pages, COPIES_WRITTEN);
}

static void part_met(struct kernel *k, struct place *at, uint64_t stores, uint64_t to_page)
{
    uint64_t each = fault_to_each_q32(at->part, stores) / to_page;
    struct rng rng =
        rng_entity(&k->workload, (uint64_t)DRAW_STORES << 32 | (uint32_t)at->t->pub.id);
    uint64_t met_q32 =
        draw_at_least_one(each); /* a page of that order; hardly any part has several */
    uint8_t order = 0;
    bool any = false;

    for (int32_t i = 0; i < at->part->nr_extents && at->part->copied > 0 && !k->failed; i++) {
        struct mm_extent *e = &at->part->extents[i];

        for (int32_t n = e->nr_kinds - 1; n >= 0 && !k->failed; n--) {
            const struct mm_kind *kind = &e->kinds[n];

            if (kind->copies == 0) {
                continue;
            }
            if (kind->order != order) {
                order = kind->order;
                met_q32 = draw_at_least_one(each << order);
            }
            int64_t met =
                draw_binomial(kind->pages >> order, met_q32, rng_u64(&rng, at->t->nr_draws++));

            if (met > 0) {
                any = true;
                collapse(k, at, e, n, met << order);
            }
        }
    }
    if (any) {
        part_join(at->part, 0, at->part->nr_extents, !at->r->sequential);
    }
}

void collapse_met(struct kernel *k, struct place *at, int32_t i)
{
    struct task_access *own = &at->t->access[i];
    uint64_t stores = own->stores_ppm / PPM;
    uint64_t to_page = stores_to_page(k, at->r, &at->t->mix->entries[i]);

    if (at->s->copies == NULL) {
        return;
    }
    own->stores_ppm %= PPM;
    for (int32_t p = 0; stores > 0 && p < at->s->nr_parts && !k->failed; p++) {
        at->part = &at->s->parts[p];
        part_met(k, at, stores, to_page);
    }
    own->stores_copied = at->s->copies->pages;
}
