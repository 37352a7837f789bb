/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a task is to be stopped because it will have met protected pages by then.
 *
 * Whoever runs while pages are protected has accessed things before that, which met none of them. So
 * each task marks how many of its accesses were earlier than the last protecting (or than it left its
 * CPU), and looks for the faults of older protected pages at once.
 */
#include "kernel/mm/copies.h"
#include "kernel/mm/fault.h"

int64_t move_on(const struct kernel *k, struct task_access *own, const struct mm_slice *s,
                uint64_t accesses)
{
    uint64_t lines = accesses + own->place_lines;
    int64_t pages = (int64_t)(lines / lines_per_page(k));

    own->place_lines = lines % lines_per_page(k);
    own->place = s->total_pages > 0 ? (own->place + pages) % s->total_pages : 0;
    return pages;
}

int64_t next_protected(const struct mm_part *part, int64_t from)
{
    if (part->protected == 0 || from >= part->first + part->nr) {
        return -1;
    }
    for (int32_t i = part_find(part, MAX(from, part->first)); i < part->nr_extents; i++) {
        if (part->extents[i].protected > 0) {
            return MAX(part->extents[i].first, from);
        }
    }
    return -1;
}

/* How many pages after @from (from the slice's start), in order and round, the next protected one lies;
 * -1: nowhere. */
static int64_t distance_to_protected(const struct mm_slice *s, int64_t from)
{
    from += s->first;
    for (int32_t i = 0; i < s->nr_parts; i++) {
        int64_t at = next_protected(&s->parts[i], from);

        if (at >= 0) {
            return at - from;
        }
    }
    for (int32_t i = 0; i < s->nr_parts; i++) {
        int64_t at = next_protected(&s->parts[i], s->first);

        if (at >= 0) {
            return s->total_pages - from + at;
        }
    }
    return -1;
}

/* Accesses until a batch of protected pages of a region is met, where they fall anywhere; 0: never.
 * Each access meets one with the sum over parts of weight x protected / pages, a huge one by any of its
 * pages. */
static uint128 accesses_to_meet(const struct mm_slice *s, int64_t batch)
{
    uint128 met_ppm_q20 = 0;

    for (int32_t i = 0; i < s->nr_parts; i++) {
        const struct mm_part *part = &s->parts[i];

        met_ppm_q20 +=
            ((uint128)part->weight_ppm << 20) * (uint64_t)part->protected / (uint64_t)part->nr;
    }
    return met_ppm_q20 > 0 ? ((uint128)(uint64_t)batch * 1000000 << 20) / met_ppm_q20 + 1 : 0;
}

/* The same of @own, which has not forgotten it since the last time. */
static uint128 plan_accesses(struct task_access *own, const struct mm_slice *s, int64_t protected,
                             int64_t batch)
{
    if (s->nr_parts > 1) {
        return accesses_to_meet(s, batch);
    }
    if (own->planned_protected != protected) {
        own->planned_accesses = (uint64_t)accesses_to_meet(s, batch);
        own->planned_protected = protected;
    }
    return own->planned_accesses;
}

/* Work until @t has met about a batch of protected pages of entry @i; UINT64_MAX: never. */
static uint64_t work_to_batch(const struct kernel *k, const struct task *t, int32_t i)
{
    const struct mm_mix_entry *e = &t->mix->entries[i];
    const struct mm_region *r = task_process(t)->regions[e->region];
    struct task_access *own = &t->access[i];
    const struct mm_slice *s = own->slice;
    int64_t protected = 0, unit = r->pub.page_bytes / k->machine->page_size_bytes;
    uint128 accesses;

    for (int32_t p = 0; p < s->nr_parts; p++) {
        protected += s->parts[p].protected;
    }
    if (protected == 0 || e->milli == 0) {
        return UINT64_MAX;
    }
    int64_t batch = CLAMP(protected / unit / BATCH_PARTS, 1, MAX_BATCH);

    if (r->sequential) {
        int64_t pages = distance_to_protected(s, own->place) + batch * unit;

        accesses = (uint128)(uint64_t)pages * lines_per_page(k) - own->place_lines;
    } else {
        accesses = plan_accesses(own, s, protected, batch);
        if (accesses == 0) {
            return UINT64_MAX;
        }
    }
    /* Those since the faults were last looked for are part of it. */
    accesses = accesses > own->accesses ? accesses - own->accesses : 1;

    uint128 work = accesses * MILLI_PER_UNIT / (uint64_t)e->milli + 1;

    return work > (uint128)INT64_MAX ? (uint64_t)INT64_MAX : (uint64_t)work;
}

void fault_plan(struct kernel *k, struct task *t)
{
    uint64_t work = UINT64_MAX;

    if (k->nops != NULL && k->nops->hint_fault != NULL) {
        for (int32_t i = 0; i < t->mix->nr_entries; i++) {
            work = MIN(work, work_to_batch(k, t, i));
        }
    }
    for (int32_t i = 0; k->copies != NULL && i < t->mix->nr_entries; i++) {
        work = MIN(work, collapse_work(k, t, i));
    }
    t->fault_work = work;
}

/* Nothing was protected of what @t accessed by entry @i so far. */
static void pass_over(const struct kernel *k, struct task *t, int32_t i)
{
    struct task_access *own = &t->access[i];
    const struct mm_region *r = task_process(t)->regions[t->mix->entries[i].region];

    if (r->sequential) {
        move_on(k, own, own->slice, own->accesses);
    }
    own->accesses = own->earlier = 0;
}

/* Pages came to be protected after all that @t accessed so far, or what of it is marked as earlier. What
 * it may have met before that, it meets at once, so that there is never more than one mark. */
static void plan_after_protecting(struct kernel *k, struct task *t)
{
    bool may_have_met = t->fault_work != UINT64_MAX;

    fault_plan(k, t);
    if (t->fault_work == UINT64_MAX) {
        return;
    }
    for (int32_t i = 0; i < t->mix->nr_entries; i++) {
        if (!may_have_met) {
            pass_over(k, t, i);
        } else if (t->access[i].accesses > 0) {
            t->fault_work = 0;
        }
    }
    if (t->fault_work > 0) {
        fault_plan(k, t);
    }
}

static void mark_earlier(struct kernel *k, struct task *t)
{
    for (int32_t i = 0; i < t->mix->nr_entries; i++) {
        t->access[i].earlier = t->access[i].accesses;
        t->access[i].earlier_ns = k->now_ns;
    }
}

void fault_leave(struct kernel *k, struct task *t)
{
    mark_earlier(k, t);
    t->seen_protects = task_process(t)->nr_protects;
}

void fault_enter(struct kernel *k, struct task *t)
{
    for (int32_t i = 0; k->copies != NULL && i < t->mix->nr_entries; i++) {
        collapse_more_copies(t, i);
    }
    if (task_process(t)->nr_protects != t->seen_protects) {
        plan_after_protecting(k, t);
        return;
    }
    for (int32_t i = 0; i < t->mix->nr_entries; i++) {
        t->access[i].earlier = 0;
    }
    fault_plan(k, t);
}

void faults_expected(struct kernel *k, struct process *p)
{
    p->nr_protects++;
    for (struct list *l = p->running.next; l != &p->running; l = l->next) {
        struct task *t = container_of(l, struct task, running);
        struct rq *rq = task_rq(k, t);

        settle(k, rq);
        access_account(k, rq, t);
        mark_earlier(k, t);
        plan_after_protecting(k, t);
        if (k->acting != t) {
            segment_arm(k, rq);
        }
    }
}
