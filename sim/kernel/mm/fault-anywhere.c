/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hint faults of accesses that fall anywhere. Those to each page of a part are a Poisson process, so
 * that every protected page is met with the same probability, independent of the others.
 *
 * Few: how many of them are met is one draw, and which ones, as many more: places among all protected
 * pages, each taken once. So a batch costs what it meets, however many kinds and extents there are. Many:
 * a draw for each kind, how many of it are met. Both have the distribution of a draw for each page.
 */
#include "kernel/mm/fault.h"

#include "base/draw.h"

/* Random draws of faults. */
enum { DRAW_FAULTS = 17 };

/* Up to so many, expected, are drawn one by one; so many at most. */
enum { FEW = 256, MOST_OF_FEW = 512 };

/* Some pages of one kind that are met. */
struct hit {
    int32_t extent;
    int64_t units; /* pages of their size */
    struct mm_kind kind;
};

struct chance {
    struct rng rng;
    uint64_t *nr_draws;
    uint64_t met;     /* x 2^32, for each protected page of the order */
    uint64_t met_new; /* for those that were protected after the earlier accesses */
    uint8_t order;
};

static uint64_t draw(struct chance *c)
{
    return rng_u64(&c->rng, (*c->nr_draws)++);
}

static bool matches(const struct mm_kind *kind, const struct chance *c)
{
    return kind->protected_ns != MM_NOT_PROTECTED && kind->order == c->order;
}

/* ------------------------------------------------------------------------------------------- */
/* Many                                                                                         */

static void fault_by_kind(struct kernel *k, struct place *at, struct chance *c)
{
    for (int32_t e = 0; e < at->part->nr_extents && !k->failed; e++) {
        struct mm_extent *extent = &at->part->extents[e];

        for (int32_t n = extent->nr_kinds - 1; n >= 0 && extent->protected > 0 && !k->failed; n--) {
            const struct mm_kind *kind = &extent->kinds[n];

            if (!matches(kind, c)) {
                continue;
            }
            uint64_t met = kind->protected_ns < at->before_ns ? c->met : c->met_new;
            int64_t faults = draw_binomial(kind->pages >> c->order, met, draw(c));

            if (faults > 0) {
                fault(k, at, extent, n, faults << c->order);
            }
        }
    }
    part_join(at->part, 0, at->part->nr_extents, true);
}

/* ------------------------------------------------------------------------------------------- */
/* Few                                                                                          */

/* @nr different places among @total, ascending. */
static void draw_places(struct chance *c, int64_t *places, int32_t nr, int64_t total)
{
    for (int32_t i = 0; i < nr; i++) {
        /* Among those not yet taken: the taken ones up to it push it on. */
        int64_t place = (int64_t)(((uint128)draw(c) * (uint64_t)(total - i)) >> 64);
        int32_t at = 0;

        while (at < i && places[at] <= place) {
            place++;
            at++;
        }
        memmove(&places[at + 1], &places[at], sizeof(*places) * (size_t)(i - at));
        places[at] = place;
    }
}

/* Which kinds the @nr places fall on. Returns how many hits those are. */
static int32_t find_hits(const struct place *at, const struct chance *c, const int64_t *places,
                         int32_t nr, struct hit *hits)
{
    bool alike = at->part->protected == at->part->protected_by_order[c->order];
    int64_t seen = 0;
    int32_t next = 0, found = 0;

    for (int32_t e = 0; e < at->part->nr_extents && next < nr; e++) {
        const struct mm_extent *extent = &at->part->extents[e];

        if (alike && places[next] >= seen + (extent->protected >> c->order)) {
            seen += extent->protected >> c->order;
            continue;
        }
        int64_t left = extent->protected;

        for (int32_t n = 0; n < extent->nr_kinds && left > 0; n++) {
            const struct mm_kind *kind = &extent->kinds[n];
            int32_t from = next;

            if (!matches(kind, c)) {
                continue;
            }
            left -= kind->pages;
            seen += kind->pages >> c->order;
            while (next < nr && places[next] < seen) {
                next++;
            }
            if (next > from) {
                hits[found++] = (struct hit){e, next - from, *kind};
            }
        }
    }
    return found;
}

static void fault_one_by_one(struct kernel *k, struct place *at, struct chance *c)
{
    int64_t total = at->part->protected_by_order[c->order] >> c->order;
    int64_t nr = MIN(draw_binomial(total, c->met, draw(c)), MOST_OF_FEW);

    if (nr == 0) {
        return;
    }
    g_autofree int64_t *places = g_new(int64_t, (gsize)nr);
    g_autofree struct hit *hits = g_new(struct hit, (gsize)nr);

    draw_places(c, places, (int32_t)nr, total);
    int32_t nr_hits = find_hits(at, c, places, (int32_t)nr, hits);

    for (int32_t i = nr_hits - 1; i >= 0 && !k->failed; i--) {
        struct mm_extent *e = &at->part->extents[hits[i].extent];
        int64_t units = hits[i].units;

        if (hits[i].kind.protected_ns >= at->before_ns && c->met_new < c->met) {
            /* It is met by fewer accesses: of those drawn, so many remain. */
            units = draw_binomial(units, mul_div_u64(c->met_new, DRAW_ONE, c->met), draw(c));
        }
        if (units > 0) {
            fault(k, at, e, extent_find(e, &hits[i].kind), units << c->order);
        }
        if (i == 0 || hits[i - 1].extent != hits[i].extent) {
            part_join(at->part, hits[i].extent, hits[i].extent + 1, true);
        }
    }
}

/* ------------------------------------------------------------------------------------------- */

uint64_t fault_to_each_q32(const struct mm_part *part, uint64_t accesses)
{
    uint128 each = ((uint128)accesses << 32) * part->weight_ppm / 1000000 / (uint64_t)part->nr;

    return (uint64_t)MIN(each, (uint128)1 << 40);
}

static void part_faults(struct kernel *k, struct place *at, uint64_t accesses, uint64_t earlier)
{
    uint64_t all = fault_to_each_q32(at->part, accesses),
             later = fault_to_each_q32(at->part, accesses - earlier);
    uint64_t stream = (uint64_t)DRAW_FAULTS << 32 | (uint32_t)at->t->pub.id;
    struct chance c = {.rng = rng_entity(&k->workload, stream), .nr_draws = &at->t->nr_draws};

    for (c.order = 0; c.order < MM_NR_ORDERS && at->part->protected > 0 && !k->failed; c.order++) {
        int64_t total = at->part->protected_by_order[c.order] >> c.order;

        if (total == 0) {
            continue;
        }
        c.met = draw_at_least_one(all << c.order);
        c.met_new = earlier > 0 ? draw_at_least_one(later << c.order) : c.met;
        if (c.met == 0) {
            continue;
        }
        uint64_t mean = (uint64_t)(((uint128)(uint64_t)total * c.met) >> 32);

        if (mean <= FEW && c.met < DRAW_ONE / 4) {
            fault_one_by_one(k, at, &c);
        } else {
            fault_by_kind(k, at, &c);
        }
    }
}

void fault_anywhere(struct kernel *k, struct place *at, uint64_t accesses, uint64_t earlier)
{
    for (int32_t p = 0; p < at->s->nr_parts && !k->failed; p++) {
        at->part = &at->s->parts[p];
        if (at->part->protected > 0) {
            part_faults(k, at, accesses, earlier);
        }
    }
}
