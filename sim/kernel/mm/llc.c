/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who shares a last-level cache, and whom it is warm for.
 *
 * SHARES. The working sets of those that run under an LLC share it max-min: small ones are there as a
 * whole, the large ones get equal parts of the rest. What threads share of a process is one working
 * set. The part of a large one, the level, moves in LEVEL_STEPS steps of the cache's size, and only
 * with it do rates change.
 *
 * WARMTH. A task that runs under another LLC than before finds nothing of its working set there,
 * unless another thread of its process has brought what they share. Until as many lines as it can hold
 * have come, what would hit misses.
 */
#include "kernel/internal.h"
#include "kernel/mm/internal.h"

enum { LEVEL_STEPS = 64 };

/* One working set. */
struct claim {
    const struct mm_slice *slice;
    int64_t bytes;
    int32_t nr_tasks;
};

struct llc_share {
    struct list running; /* tasks with a mix, by on_llc */
    struct claim *claims;
    int32_t nr_claims, size;
    int64_t level_bytes; /* of one working set at most */
};

void llc_shares_new(struct kernel *k)
{
    k->llc_shares = g_new0(struct llc_share, (gsize)k->nr_llcs);
    for (int32_t i = 0; i < k->nr_llcs; i++) {
        list_init(&k->llc_shares[i].running);
        k->llc_shares[i].level_bytes = k->machine->llcs[i].size_bytes;
    }
}

void llc_shares_free(struct kernel *k)
{
    for (int32_t i = 0; k->llc_shares != NULL && i < k->nr_llcs; i++) {
        g_free(k->llc_shares[i].claims);
    }
    g_free(k->llc_shares);
}

int64_t llc_share_bytes(const struct kernel *k, const struct rq *rq, int64_t working_set_bytes)
{
    /* Of unknown size: all of it fits. */
    return k->machine->llcs[rq->pub.llc].size_bytes > 0
               ? MIN(working_set_bytes, k->llc_shares[rq->pub.llc].level_bytes)
               : working_set_bytes;
}

/* The level at which the claims fill @size_bytes: what those below it leave goes to those above. */
static int64_t level_of(const struct llc_share *s, int64_t size_bytes)
{
    int64_t level = 0;

    for (;;) {
        int64_t below_bytes = 0, above = 0;

        for (int32_t i = 0; i < s->nr_claims; i++) {
            if (s->claims[i].bytes <= level) {
                below_bytes += s->claims[i].bytes;
            } else {
                above++;
            }
        }
        int64_t next = above > 0 ? (size_bytes - below_bytes) / above : size_bytes;

        if (next <= level || above == 0) {
            return above == 0 ? size_bytes : level;
        }
        level = next;
    }
}

/* Rates of those whose part of the cache changed; not of @but, who is about to have its own made. */
static void level_changed(struct kernel *k, int32_t llc, const struct task *but)
{
    struct llc_share *s = &k->llc_shares[llc];
    int64_t size_bytes = k->machine->llcs[llc].size_bytes;
    int64_t step_bytes = MAX(size_bytes / LEVEL_STEPS, 1);
    int64_t level = MAX(level_of(s, size_bytes) / step_bytes * step_bytes, step_bytes);

    if (level == s->level_bytes) {
        return;
    }
    for (struct list *l = s->running.next; l != &s->running; l = l->next) {
        struct task *t = container_of(l, struct task, on_llc);

        if (t != but) { /* what was done, was done with the cache as it was */
            settle(k, task_rq(k, t));
            access_account(k, task_rq(k, t), t);
        }
    }
    s->level_bytes = level;
    for (struct list *l = s->running.next; l != &s->running; l = l->next) {
        struct task *t = container_of(l, struct task, on_llc);

        if (t != but) {
            pace_refresh(k, task_rq(k, t));
            segment_arm(k, task_rq(k, t));
        }
    }
}

static void claim(struct llc_share *s, const struct mm_slice *slice, int64_t bytes, int32_t by)
{
    for (int32_t i = 0; i < s->nr_claims; i++) {
        struct claim *c = &s->claims[i];

        if (c->slice == slice) {
            c->nr_tasks += by;
            if (c->nr_tasks == 0) {
                *c = s->claims[--s->nr_claims];
            }
            return;
        }
    }
    if (s->nr_claims == s->size) {
        s->size = MAX(2 * s->size, 8);
        s->claims = g_renew(struct claim, s->claims, (gsize)s->size);
    }
    s->claims[s->nr_claims++] = (struct claim){slice, bytes, by};
}

static void claim_all(struct kernel *k, struct rq *rq, struct task *t, int32_t by)
{
    struct llc_share *s = &k->llc_shares[rq->pub.llc];
    bool any = false;

    for (int32_t i = 0; i < t->mix->nr_entries; i++) {
        const struct mm_mix_entry *e = &t->mix->entries[i];
        const struct mm_region *r = task_process(t)->regions[e->region];

        if (e->references) {
            claim(s, t->access[i].slice, mm_working_set_bytes(r), by);
            any = true;
        }
    }
    if (any && k->machine->llcs[rq->pub.llc].size_bytes > 0) {
        level_changed(k, rq->pub.llc, t);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Warmth                                                                                       */

/* Some 100 days: far beyond any run, and far from overflow. */
#define MAX_COLD_WORK (UINT64_C(1) << 63)

/* How much work @t does until the LLC holds what it can hold of its working set. */
static uint64_t refill_work(const struct kernel *k, const struct rq *rq, const struct task *t)
{
    const uint64_t milli_per_unit = UINT64_C(1000) * (uint64_t)NSEC_PER_SEC << WORK_SHIFT;
    const struct process *p = task_process(t);
    bool shared_is_warm = p->warm_threads[rq->pub.llc] > 0;
    int64_t bytes = 0, llc_bytes = k->machine->llcs[rq->pub.llc].size_bytes;
    uint64_t more_milli = 0;

    for (int32_t i = 0; i < t->mix->nr_entries; i++) {
        const struct mm_mix_entry *e = &t->mix->entries[i];
        const struct mm_region *r = p->regions[e->region];
        uint64_t more;

        if (!r->shared || !shared_is_warm) {
            int64_t set_bytes =
                e->references ? mm_working_set_bytes(r) : r->working_set_bytes / r->nr_slices;

            bytes += llc_share_bytes(k, rq, set_bytes);
        }
        pace_misses_milli(k, rq, t, e, &more);
        more_milli += more;
    }
    if (llc_bytes > 0) {
        bytes = MIN(bytes, llc_bytes);
    }
    if (more_milli == 0) {
        return 0;
    }
    uint128 lines = (uint64_t)(bytes / k->machine->cache_line_bytes);

    lines = lines * milli_per_unit / more_milli;
    return lines < MAX_COLD_WORK ? (uint64_t)lines : MAX_COLD_WORK;
}

void llc_forget(struct kernel *k, struct task *t)
{
    (void)k;
    if (t->warm_llc >= 0 && t->pub.process != NULL) {
        task_process(t)->warm_threads[t->warm_llc]--;
    }
    t->warm_llc = -1;
}

void llc_enter(struct kernel *k, struct rq *rq, struct task *t)
{
    list_add_tail(&k->llc_shares[rq->pub.llc].running, &t->on_llc);
    claim_all(k, rq, t, 1);
    if (t->warm_llc != rq->pub.llc) {
        t->cold_work = t->warm_llc >= 0 ? refill_work(k, rq, t) : 0;
        llc_forget(k, t);
        t->warm_llc = rq->pub.llc;
        task_process(t)->warm_threads[t->warm_llc]++;
    }
}

void llc_leave(struct kernel *k, struct rq *rq, struct task *t)
{
    list_del(&t->on_llc);
    claim_all(k, rq, t, -1);
}
