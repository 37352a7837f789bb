/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Populations of pages: against an array with an entry for each page where what happens happens to
 * whole stretches; by their sums where it happens to some of a stretch.
 */
#include <glib.h>
#include <string.h>

#include "base/rng.h"
#include "kernel/mm/extent.h"

enum { PAGES = 4096, FIRST = 1000, HUGE_ORDER = 9 };

struct chance {
    struct rng rng;
    uint64_t index;
};

static int64_t below(struct chance *c, int64_t n)
{
    return (int64_t)rng_below(&c->rng, c->index++, (uint64_t)n);
}

static struct mm_kind any_kind(struct chance *c, int64_t variety)
{
    struct mm_kind kind = {.protected_ns = below(c, 3) == 0 ? below(c, 3) : MM_NOT_PROTECTED,
                           .tag = (uint32_t)below(c, variety),
                           .last_cpu = (int32_t)below(c, variety) - 1,
                           .last_pid = (int16_t)(below(c, 3) - 1),
                           .node = (int16_t)(below(c, 5) - 1)};

    if (kind.node == MM_UNTOUCHED) {
        kind.protected_ns = MM_NOT_PROTECTED;
    }
    return kind;
}

/* Extents without gaps, kinds that differ and are found, sums that hold. */
static void check(const struct mm_part *p)
{
    int64_t at = p->first, protected = 0, untouched = 0;

    for (int32_t i = 0; i < p->nr_extents; i++) {
        const struct mm_extent *e = &p->extents[i];
        int64_t pages = 0, e_protected = 0, e_untouched = 0;

        g_assert_cmpint(e->first, ==, at);
        for (int32_t n = 0; n < e->nr_kinds; n++) {
            const struct mm_kind *kind = &e->kinds[n];

            g_assert_cmpint(kind->pages, >, 0);
            g_assert_cmpint(kind->pages & ((INT64_C(1) << kind->order) - 1), ==, 0);
            g_assert_cmpint(extent_find(e, kind), ==, n);
            pages += kind->pages;
            e_protected += kind->protected_ns != MM_NOT_PROTECTED ? kind->pages : 0;
            e_untouched += kind->node == MM_UNTOUCHED ? kind->pages : 0;
        }
        g_assert_cmpint(pages, ==, e->nr);
        g_assert_cmpint(e_protected, ==, e->protected);
        g_assert_cmpint(e_untouched, ==, e->untouched);
        protected += e_protected;
        untouched += e_untouched;
        g_assert_cmpint(part_find(p, e->first), ==, i);
        g_assert_cmpint(part_find(p, e->first + e->nr - 1), ==, i);
        at += e->nr;
    }
    g_assert_cmpint(at, ==, p->first + p->nr);
    g_assert_cmpint(protected, ==, p->protected);
    g_assert_cmpint(untouched, ==, p->untouched);
}

static void check_pages(const struct mm_part *p, const struct mm_kind *model)
{
    for (int32_t i = 0; i < p->nr_extents; i++) {
        const struct mm_extent *e = &p->extents[i];

        g_assert_cmpint(e->nr_kinds, ==, 1);
        for (int64_t n = 0; n < e->nr; n++) {
            g_assert_true(kind_same(&e->kinds[0], &model[e->first + n - p->first]));
        }
    }
}

static void test_stretches(void)
{
    struct chance c = {.rng = rng_init(1, RNG_WORKLOAD)};
    g_autofree struct mm_kind *model = g_new(struct mm_kind, PAGES);
    struct mm_part p;

    part_init(&p, FIRST, PAGES, 1000000);
    for (int32_t i = 0; i < PAGES; i++) {
        model[i] = p.extents[0].kinds[0];
    }
    for (int32_t step = 0; step < 2000; step++) {
        int64_t from = below(&c, PAGES), to = from + below(&c, PAGES - from + 1);
        struct mm_kind kind = any_kind(&c, 2);
        int32_t a = part_cut(&p, FIRST + from), b = part_cut(&p, FIRST + to);

        for (int32_t i = a; i < b; i++) {
            extent_change(&p, &p.extents[i], 0, p.extents[i].nr, &kind);
        }
        for (int64_t i = from; i < to; i++) {
            model[i] = kind;
        }
        if (step % 2 == 0) {
            part_join(&p, a, b, false);
        }
        if (step % 50 == 0) {
            check(&p);
            check_pages(&p, model);
        }
    }
    part_join(&p, 0, p.nr_extents, false);
    check_pages(&p, model);

    int32_t runs = 1;

    for (int32_t i = 1; i < PAGES; i++) {
        runs += !kind_same(&model[i], &model[i - 1]);
    }
    g_assert_cmpint(p.nr_extents, ==, runs); /* as many as differ */
    part_release(&p);
}

/* Pages of each kind, by the one thing that no step changes: the tag. */
static void count_tags(const struct mm_part *p, int64_t *by_tag, int32_t nr)
{
    memset(by_tag, 0, sizeof(*by_tag) * (size_t)nr);
    for (int32_t i = 0; i < p->nr_extents; i++) {
        for (int32_t n = 0; n < p->extents[i].nr_kinds; n++) {
            by_tag[p->extents[i].kinds[n].tag] += p->extents[i].kinds[n].pages;
        }
    }
}

static void test_some_of_many(void)
{
    enum { TAGS = 40 };
    struct chance c = {.rng = rng_init(2, RNG_WORKLOAD)};
    int64_t before[TAGS], after[TAGS];
    struct mm_part p;

    part_init(&p, FIRST, PAGES, 1000000);
    for (int32_t step = 0; step < 6000; step++) {
        struct mm_extent *e = &p.extents[below(&c, p.nr_extents)];
        int32_t n = (int32_t)below(&c, e->nr_kinds);
        struct mm_kind kind = any_kind(&c, TAGS);

        extent_change(&p, e, n, 1 + below(&c, e->kinds[n].pages), &kind);
        if (step % 5 == 0) {
            count_tags(&p, before, TAGS);
            int32_t at = part_cut(&p, FIRST + below(&c, PAGES));

            if (step % 3 != 0) {
                part_join(&p, MAX(at - 1, 0), at + 2, true);
            }
            count_tags(&p, after, TAGS);
            g_assert_cmpint(memcmp(before, after, sizeof(before)), ==, 0);
        }
        if (step % 100 == 0) {
            check(&p);
        }
    }
    check(&p);
    g_assert_cmpint(p.nr_extents, >, 10);
    part_release(&p);
}

/* Who goes from the last kind to the first and changes each meets none twice. */
static void test_going_through(void)
{
    struct chance c = {.rng = rng_init(3, RNG_WORKLOAD)};
    struct mm_part p;

    part_init(&p, 0, PAGES, 1000000);
    for (int32_t step = 0; step < 200; step++) {
        struct mm_kind kind = any_kind(&c, 1000);

        kind.last_pid = 7;
        extent_change(&p, &p.extents[0], 0, MIN(5, p.extents[0].kinds[0].pages), &kind);
    }
    struct mm_extent *e = &p.extents[0];
    int64_t met = 0;

    for (int32_t n = e->nr_kinds - 1; n >= 0; n--) {
        struct mm_kind kind = e->kinds[n];

        g_assert_cmpint(kind.last_pid, !=, 8);
        kind.last_pid = 8;
        met += e->kinds[n].pages;
        extent_change(&p, e, n, e->kinds[n].pages, &kind);
    }
    g_assert_cmpint(met, ==, PAGES);
    check(&p);
    part_release(&p);
}

/* A huge page across a cut stays whole, on the left. */
static void test_huge(void)
{
    struct mm_kind huge = {.protected_ns = MM_NOT_PROTECTED, .last_cpu = -1, .order = HUGE_ORDER};
    struct mm_part p;

    part_init(&p, 0, PAGES, 1000000);
    extent_change(&p, &p.extents[0], 0, PAGES, &huge);
    g_assert_cmpint(part_cut(&p, 100), ==, 1);
    g_assert_cmpint(p.extents[0].nr, ==, 512);
    g_assert_cmpint(part_cut(&p, 512), ==, 1);
    g_assert_cmpint(part_cut(&p, 1025), ==, 2);
    g_assert_cmpint(p.extents[2].first, ==, 1536);
    g_assert_cmpint(part_cut(&p, PAGES - 1), ==, p.nr_extents);
    g_assert_cmpint(part_cut(&p, PAGES), ==, p.nr_extents);
    check(&p);
    part_join(&p, 0, p.nr_extents, false);
    g_assert_cmpint(p.nr_extents, ==, 1);
    part_release(&p);
}

/* What is cut gets its share of each kind, rounded so that they add up. */
static void test_shares(void)
{
    struct mm_kind other = {.protected_ns = MM_NOT_PROTECTED, .last_cpu = -1, .node = 1};
    struct mm_part p;

    part_init(&p, 0, 1000, 1000000);
    other.node = 0;
    extent_change(&p, &p.extents[0], 0, 1000, &other);
    other.node = 1;
    extent_change(&p, &p.extents[0], 0, 300, &other);
    part_cut(&p, 100);
    g_assert_cmpint(p.extents[0].nr, ==, 100);
    g_assert_cmpint(p.extents[0].kinds[0].pages, ==, 70);
    g_assert_cmpint(p.extents[0].kinds[1].pages, ==, 30);
    part_join(&p, 0, 2, true); /* where order does not matter, they are one again */
    g_assert_cmpint(p.nr_extents, ==, 1);
    other.protected_ns = 5;
    part_cut(&p, 500);
    extent_change(&p, &p.extents[1], 0, 1, &other);
    part_join(&p, 0, 2, true);
    g_assert_cmpint(p.nr_extents, ==, 2);
    check(&p);
    part_release(&p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/extent/stretches", test_stretches);
    g_test_add_func("/extent/some-of-many", test_some_of_many);
    g_test_add_func("/extent/going-through", test_going_through);
    g_test_add_func("/extent/huge", test_huge);
    g_test_add_func("/extent/shares", test_shares);
    return g_test_run();
}
