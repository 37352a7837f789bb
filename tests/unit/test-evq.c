/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/evq.h"

#include <glib.h>

#include "base/rng.h"
#include "base/time.h"

#define NSEC_PER_DAY  (86400 * NSEC_PER_SEC)
#define NSEC_PER_YEAR (365 * NSEC_PER_DAY)

/* --- Hand-made cases ---------------------------------------------------------------------- */

static struct evq_entry entry(uint8_t class_, uint16_t rank)
{
    struct evq_entry e;

    evq_entry_init(&e, 0, class_, rank);
    return e;
}

static void test_empty(void)
{
    struct evq *q = evq_new();

    g_assert_null(evq_pop(q, TIME_NEVER_NS));
    g_assert_cmpint(evq_peek_ns(q), ==, TIME_NEVER_NS);
    g_assert_cmpint(evq_now_ns(q), ==, 0);
    g_assert_cmpuint(evq_size(q), ==, 0);
    evq_free(q);
    evq_free(NULL);
}

static void test_time_order(void)
{
    struct evq *q = evq_new();
    /* On both sides of the borders between levels. */
    static const int64_t times_ns[] = {0, 1, 62, 63, 64, 65, 4095, 4096, 4097, 262143, 262144};
    struct evq_entry entries[G_N_ELEMENTS(times_ns)] = {0};

    for (size_t i = G_N_ELEMENTS(times_ns); i-- > 0;) {
        evq_add(q, &entries[i], times_ns[i]);
    }
    g_assert_cmpuint(evq_size(q), ==, G_N_ELEMENTS(times_ns));
    for (size_t i = 0; i < G_N_ELEMENTS(times_ns); i++) {
        g_assert_cmpint(evq_peek_ns(q), ==, times_ns[i]);
        g_assert_true(evq_pop(q, TIME_NEVER_NS) == &entries[i]);
        g_assert_cmpint(evq_now_ns(q), ==, times_ns[i]);
        g_assert_false(evq_entry_queued(&entries[i]));
    }
    g_assert_null(evq_pop(q, TIME_NEVER_NS));
    evq_free(q);
}

/* Adds @n entries at one instant, forwards or backwards, and checks that they leave as @order. */
static void check_ties(struct evq_entry *entries, size_t n, bool backwards, const size_t *order)
{
    struct evq *q = evq_new();

    for (size_t i = 0; i < n; i++) {
        evq_add(q, &entries[backwards ? n - 1 - i : i], 12345678);
    }
    for (size_t i = 0; i < n; i++) {
        g_assert_true(evq_pop(q, TIME_NEVER_NS) == &entries[order[i]]);
        g_assert_cmpint(evq_now_ns(q), ==, 12345678);
    }
    evq_free(q);
}

static void test_ties_by_insertion(void)
{
    struct evq_entry entries[5] = {0};
    static const size_t forwards[] = {0, 1, 2, 3, 4}, backwards[] = {4, 3, 2, 1, 0};

    check_ties(entries, 5, false, forwards);
    check_ties(entries, 5, true, backwards);
}

static void test_ties_by_class_and_rank(void)
{
    struct evq_entry entries[] = {entry(3, 0),  entry(0, 8191), entry(0, 7),
                                  entry(15, 0), entry(3, 1),    entry(0, 7)};
    /* The class first, whatever the rank; then the rank; then the order of adding. */
    static const size_t forwards[] = {2, 5, 1, 0, 4, 3}, backwards[] = {5, 2, 1, 0, 4, 3};

    check_ties(entries, G_N_ELEMENTS(entries), false, forwards);
    check_ties(entries, G_N_ELEMENTS(entries), true, backwards);
}

static void test_add_at_present(void)
{
    struct evq *q = evq_new();
    struct evq_entry first = entry(2, 5), last = entry(4, 5);
    struct evq_entry before = entry(3, 0), same = entry(4, 5), after = entry(9, 0);
    struct evq_entry urgent = entry(0, 0), alone = entry(1, 0);

    evq_add(q, &first, 100);
    evq_add(q, &last, 100);
    g_assert_true(evq_pop(q, 100) == &first);
    /* A class lower than the one that has just run does not go back in time; it is simply next. */
    evq_add(q, &after, 100);
    evq_add(q, &same, 100);
    evq_add(q, &before, 100);
    evq_add(q, &urgent, 100);
    g_assert_true(evq_pop(q, 100) == &urgent);
    g_assert_true(evq_pop(q, 100) == &before);
    g_assert_true(evq_pop(q, 100) == &last);
    g_assert_true(evq_pop(q, 100) == &same);
    g_assert_true(evq_pop(q, 100) == &after);
    /* The instant is not over when nothing is left of it. */
    evq_add(q, &alone, 100);
    evq_add(q, &urgent, 100);
    g_assert_true(evq_pop(q, 100) == &urgent);
    g_assert_true(evq_pop(q, 100) == &alone);
    g_assert_null(evq_pop(q, 100));
    g_assert_cmpint(evq_now_ns(q), ==, 100);
    evq_free(q);
}

/* Looking ahead, by peek or by a pop that finds nothing, must not move the clock. */
static void test_add_before_what_was_seen(void)
{
    struct evq *q = evq_new();
    struct evq_entry far[3] = {0}, near = {0}, middle = {0};

    evq_add(q, &far[0], 10 * NSEC_PER_SEC);
    evq_add(q, &far[1], 10 * NSEC_PER_SEC + 1);
    evq_add(q, &far[2], 10 * NSEC_PER_SEC);
    g_assert_cmpint(evq_peek_ns(q), ==, 10 * NSEC_PER_SEC);
    g_assert_null(evq_pop(q, 10 * NSEC_PER_SEC - 1));
    g_assert_cmpint(evq_now_ns(q), ==, 0);
    evq_add(q, &middle, 10 * NSEC_PER_SEC - 1);
    evq_add(q, &near, 0);
    g_assert_cmpint(evq_peek_ns(q), ==, 0);
    g_assert_true(evq_pop(q, 0) == &near);
    g_assert_null(evq_pop(q, 1));
    g_assert_true(evq_pop(q, TIME_NEVER_NS) == &middle);
    g_assert_null(evq_pop(q, 10 * NSEC_PER_SEC - 1));
    g_assert_true(evq_pop(q, 10 * NSEC_PER_SEC) == &far[0]);
    g_assert_true(evq_pop(q, 10 * NSEC_PER_SEC) == &far[2]);
    g_assert_null(evq_pop(q, 10 * NSEC_PER_SEC));
    g_assert_true(evq_pop(q, 10 * NSEC_PER_SEC + 1) == &far[1]);
    evq_free(q);
}

static void test_far_horizon(void)
{
    struct evq *q = evq_new();
    static const int64_t times_ns[] = {1,
                                       30 * NSEC_PER_DAY,
                                       30 * NSEC_PER_DAY + 1,
                                       400 * NSEC_PER_DAY,
                                       200 * NSEC_PER_YEAR,
                                       200 * NSEC_PER_YEAR + 1,
                                       INT64_MAX - 1,
                                       INT64_MAX};
    struct evq_entry entries[G_N_ELEMENTS(times_ns)] = {0};
    struct evq_entry tick = {0};

    for (size_t i = 0; i < G_N_ELEMENTS(times_ns); i++) {
        evq_add(q, &entries[i], times_ns[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(times_ns); i++) {
        g_assert_true(evq_pop(q, INT64_MAX) == &entries[i]);
        /* Something near, from wherever the clock stands. */
        evq_add(q, &tick, evq_now_ns(q) + (times_ns[i] < INT64_MAX - 1));
        g_assert_true(evq_remove(q, &tick));
    }
    g_assert_cmpuint(evq_size(q), ==, 0);
    evq_free(q);
}

static void test_remove(void)
{
    struct evq *q = evq_new();
    struct evq_entry entries[4] = {0};

    g_assert_false(evq_remove(q, &entries[0]));
    for (size_t i = 0; i < 4; i++) {
        evq_add(q, &entries[i], 5000);
    }
    g_assert_true(evq_pop(q, 5000) == &entries[0]);
    g_assert_false(evq_remove(q, &entries[0]));
    g_assert_true(evq_remove(q, &entries[2]));
    g_assert_false(evq_entry_queued(&entries[2]));
    g_assert_false(evq_remove(q, &entries[2]));
    evq_add(q, &entries[2], 5000); /* again, hence behind the others */
    g_assert_true(evq_pop(q, 5000) == &entries[1]);
    g_assert_true(evq_pop(q, 5000) == &entries[3]);
    g_assert_true(evq_remove(q, &entries[2]));
    g_assert_cmpuint(evq_size(q), ==, 0);
    g_assert_null(evq_pop(q, TIME_NEVER_NS));
    evq_free(q);
}

/* --- Against a sorted array --------------------------------------------------------------- */

enum { NR_ENTRIES = 400, NR_STEPS = 60000 };

struct model {
    struct evq *q;
    struct evq_entry entries[NR_ENTRIES];
    uint64_t sequence_of[NR_ENTRIES]; /* by entry */
    uint64_t sequence;
    uint32_t sorted[NR_ENTRIES]; /* entries in the order in which they must leave */
    uint32_t nr;
    struct rng rng;
    uint64_t draws;
};

static uint64_t below(struct model *m, uint64_t n)
{
    return rng_below(&m->rng, m->draws++, n);
}

static bool model_precedes(const struct model *m, uint32_t a, uint32_t b)
{
    const struct evq_entry *x = &m->entries[a], *y = &m->entries[b];

    if (x->time_ns != y->time_ns) {
        return x->time_ns < y->time_ns;
    }
    if (evq_entry_class(x) != evq_entry_class(y)) {
        return evq_entry_class(x) < evq_entry_class(y);
    }
    return evq_entry_rank(x) != evq_entry_rank(y) ? evq_entry_rank(x) < evq_entry_rank(y)
                                                  : m->sequence_of[a] < m->sequence_of[b];
}

static int64_t random_time_ns(struct model *m)
{
    /* From the present instant itself to centuries away, and some on shared ticks. */
    static const uint64_t spans_ns[] = {1, 2, 70, 5000, 300000, 4000000, 3000000000};
    int64_t now_ns = evq_now_ns(m->q);
    uint64_t which = below(m, 20);

    if (which < G_N_ELEMENTS(spans_ns)) {
        return time_add_ns(now_ns, (int64_t)below(m, spans_ns[which]));
    }
    if (which == 19) {
        return now_ns + (int64_t)below(m, (uint64_t)(INT64_MAX - now_ns) / 1000000);
    }
    return (now_ns / 1000 + 1 + (int64_t)below(m, 3)) * 1000;
}

static void model_add(struct model *m)
{
    uint32_t i = (uint32_t)below(m, NR_ENTRIES), at;

    if (evq_entry_queued(&m->entries[i])) {
        return;
    }
    /* The later, the lower its kind: which must not matter. */
    uint32_t kind = EVQ_KIND_MAX - (uint32_t)(m->sequence % EVQ_KIND_MAX);
    uint32_t class_ = (uint32_t)below(m, 4), rank = (uint32_t)below(m, 3) * 4000;

    evq_entry_init(&m->entries[i], kind, class_, rank);
    m->sequence_of[i] = m->sequence++;
    evq_add(m->q, &m->entries[i], random_time_ns(m));
    for (at = m->nr++; at > 0 && model_precedes(m, i, m->sorted[at - 1]); at--) {
        m->sorted[at] = m->sorted[at - 1];
    }
    m->sorted[at] = i;
}

static void model_drop(struct model *m, uint32_t at)
{
    m->nr--;
    for (; at < m->nr; at++) {
        m->sorted[at] = m->sorted[at + 1];
    }
}

static void model_remove(struct model *m)
{
    uint32_t i = (uint32_t)below(m, NR_ENTRIES);
    bool removed = evq_remove(m->q, &m->entries[i]), found = false;

    for (uint32_t at = 0; at < m->nr; at++) {
        if (m->sorted[at] == i) {
            model_drop(m, at);
            found = true;
        }
    }
    g_assert_true(removed == found);
}

static void model_pop(struct model *m)
{
    int64_t now_ns = evq_now_ns(m->q);
    int64_t until_ns = below(m, 4) ? TIME_NEVER_NS : now_ns + (int64_t)below(m, 2000);
    struct evq_entry *e = evq_pop(m->q, until_ns);

    if (m->nr == 0 || m->entries[m->sorted[0]].time_ns > until_ns) {
        g_assert_null(e);
        g_assert_cmpint(evq_now_ns(m->q), ==, now_ns);
        return;
    }
    g_assert_true(e == &m->entries[m->sorted[0]]);
    g_assert_cmpint(evq_now_ns(m->q), ==, e->time_ns);
    model_drop(m, 0);
}

static void check_random(uint64_t seed, uint64_t add_share)
{
    struct model m = {.q = evq_new(), .rng = rng_init(seed, RNG_WORKLOAD)};

    for (uint32_t step = 0; step < NR_STEPS; step++) {
        uint64_t which = below(&m, 100);

        if (which < add_share) {
            model_add(&m);
        } else if (which < add_share + 10) {
            model_remove(&m);
        } else if (which < add_share + 15) {
            int64_t first_ns = m.nr ? m.entries[m.sorted[0]].time_ns : TIME_NEVER_NS;

            g_assert_cmpint(evq_peek_ns(m.q), ==, first_ns);
        } else {
            model_pop(&m);
        }
        g_assert_cmpuint(evq_size(m.q), ==, m.nr);
    }
    while (m.nr > 0) {
        model_pop(&m);
    }
    evq_free(m.q);
}

static void test_random(void)
{
    check_random(1, 45); /* mostly few entries */
    check_random(2, 60); /* mostly as many as there are */
    check_random(3, 50);
}

/* Every CPU's tick at one instant, over and over: one sort each, all ranks in order. */
static void test_synchronous_ticks(void)
{
    enum { NR_CPUS = 1024, NR_TICKS = 20 };
    struct evq *q = evq_new();
    g_autofree struct evq_entry *ticks = g_new0(struct evq_entry, NR_CPUS);

    for (uint32_t i = 0; i < NR_CPUS; i++) {
        evq_entry_init(&ticks[i], 0, 0, i * 607 % NR_CPUS); /* a permutation: 607 is odd */
        evq_add(q, &ticks[i], NSEC_PER_MSEC);
    }
    for (int64_t tick = 1; tick <= NR_TICKS; tick++) {
        for (uint32_t i = 0; i < NR_CPUS; i++) {
            struct evq_entry *e = evq_pop(q, TIME_NEVER_NS);

            g_assert_cmpint(e->time_ns, ==, tick * NSEC_PER_MSEC);
            g_assert_cmpuint(evq_entry_rank(e), ==, i);
            evq_add(q, e, (tick + 1) * NSEC_PER_MSEC);
        }
    }
    evq_free(q);
}

/* What comes next of the present instant, as the pops then bear out. */
static void test_peek_now(void)
{
    struct evq *q = evq_new();
    struct evq_entry first = entry(2, 1), second = entry(2, 3), third = entry(2, 3),
                     later = entry(0, 0);

    evq_add(q, &third, 70);
    evq_add(q, &first, 70);
    evq_add(q, &later, 71);
    g_assert_null(evq_peek_now(q));
    g_assert_true(evq_pop(q, 100) == &first);
    evq_add(q, &second, 70);
    g_assert_true(evq_peek_now(q) == &third);
    g_assert_true(evq_pop(q, 100) == &third);
    g_assert_true(evq_peek_now(q) == &second);
    g_assert_true(evq_pop(q, 100) == &second);
    g_assert_null(evq_peek_now(q));
    g_assert_true(evq_pop(q, 100) == &later);
    g_assert_null(evq_peek_now(q));
    evq_free(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/evq/empty", test_empty);
    g_test_add_func("/evq/time-order", test_time_order);
    g_test_add_func("/evq/ties-by-insertion", test_ties_by_insertion);
    g_test_add_func("/evq/ties-by-class-and-rank", test_ties_by_class_and_rank);
    g_test_add_func("/evq/add-at-present", test_add_at_present);
    g_test_add_func("/evq/add-before-what-was-seen", test_add_before_what_was_seen);
    g_test_add_func("/evq/far-horizon", test_far_horizon);
    g_test_add_func("/evq/peek-now", test_peek_now);
    g_test_add_func("/evq/remove", test_remove);
    g_test_add_func("/evq/random-against-sorted-array", test_random);
    g_test_add_func("/evq/synchronous-ticks", test_synchronous_ticks);
    return g_test_run();
}
