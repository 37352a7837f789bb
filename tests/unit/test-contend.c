/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contention: waits by the curve, max-min shares, and what must hold of any answer. */
#include <glib.h>

#include "base/fixed.h"
#include "base/rng.h"
#include "kernel/mm/contend.h"

enum { MLP_ONE = 1000000 };
#define PACE_ONE (UINT64_C(1) << 20)

/* Twice the idle latency at half of the bandwidth, three times at all of it. */
static const struct contend_point curve[] = {{0, 1000000}, {500000, 2000000}, {1000000, 3000000}};

static void ignore(int32_t class_id, uint64_t old_pace, uint64_t new_pace, void *data)
{
    (void)class_id, (void)old_pace, (void)new_pace, (void)data;
}

static uint64_t rate_milli(const struct contend *c, int32_t class_id, uint64_t milli)
{
    return mul_div_u64(milli, PACE_ONE, contend_pace(c, class_id));
}

static void test_curve(void)
{
    g_assert_cmpuint(contend_factor_ppm(curve, 3, 0), ==, 1000000);
    g_assert_cmpuint(contend_factor_ppm(curve, 3, 250000), ==, 1500000);
    g_assert_cmpuint(contend_factor_ppm(curve, 3, 500000), ==, 2000000);
    g_assert_cmpuint(contend_factor_ppm(curve, 3, 750000), ==, 2500000);
    g_assert_cmpuint(contend_factor_ppm(curve, 3, 1500000), ==, 3000000);
    g_assert_cmpuint(contend_factor_ppm(NULL, 0, 1500000), ==, 1000000);
}

/*
 * 10 M lines/s of work, 100 ns each, one at a time: all of its time is waiting, a unit of work takes a
 * unit of time idle. Capacity 1000 M lines/s: one such task is 1 % of it, the lowest step, whose middle
 * is 1/128, factor 1 + 2/128.
 */
static void test_wait(void)
{
    const struct contend_resource node = {1000000000000, 100, curve, 3, false};
    const struct contend_use use = {0, 10000000000, 10000000000};
    struct contend *c = contend_new(&node, 1);
    int32_t id = contend_class_new(c, PACE_ONE, MLP_ONE, 10000000000, &use, 1);

    contend_class_count(c, id, 1);
    contend_solve(c, ignore, NULL);
    g_assert_cmpint(contend_step(c, 0), ==, 0);
    /* 15624 ppm of 100 ns = 1562 ps: the factor is kept in millionths, the wait in ps */
    g_assert_cmpuint(contend_pace(c, id), ==, PACE_ONE + PACE_ONE * 1562 / 100000);
    g_assert_false(contend_saturated(c, 0));
    /*
     * 100 of them ask for n / (1 + w) where the wait at a load of u is w = 2 u: u = 1 / (1 + 2 u), so
     * u = 1/2: the step below or above 32.
     */
    contend_class_count(c, id, 99);
    contend_solve(c, ignore, NULL);
    g_assert_cmpint(contend_step(c, 0), >=, 31);
    g_assert_cmpint(contend_step(c, 0), <=, 32);
    g_assert_cmpuint(contend_load_milli(c, 0), >=, 490000000000);
    g_assert_cmpuint(contend_load_milli(c, 0), <=, 510000000000);
    contend_class_count(c, id, -100);
    contend_solve(c, ignore, NULL);
    g_assert_cmpint(contend_step(c, 0), ==, 0);
    contend_class_remove(c, id);
    contend_free(c);
}

/*
 * A full resource that queues: 100 tasks with 1 access in flight and 100 with 3, of 100 ns each, ask for
 * 1000 + 3000 M lines/s; it has 1000. Little's law: 400 in flight at 1000 M lines/s wait 400 ns each,
 * and one sort of task gets three times what the other gets.
 */
static void test_queue(void)
{
    const struct contend_resource node = {1000000000000, 100, curve, 3, true};
    const struct contend_use use = {0, 10000000000, 10000000000};
    const struct contend_use more = {0, 30000000000, 30000000000};
    struct contend *c = contend_new(&node, 1);
    int32_t a = contend_class_new(c, PACE_ONE, MLP_ONE, 10000000000, &use, 1);
    int32_t b = contend_class_new(c, PACE_ONE, 3 * MLP_ONE, 30000000000, &more, 1);

    contend_class_count(c, a, 100);
    contend_class_count(c, b, 100);
    contend_solve(c, ignore, NULL);
    g_assert_cmpint(contend_step(c, 0), ==, CONTEND_STEPS - 1);
    g_assert_false(contend_saturated(c, 0));
    g_assert_cmpint(contend_wait_ps(c, 0), >=, 299000);
    g_assert_cmpint(contend_wait_ps(c, 0), <=, 303000);
    g_assert_cmpuint(contend_pace(c, a), ==, contend_pace(c, b));
    g_assert_cmpuint(contend_load_milli(c, 0), <=, 1000000000000);
    g_assert_cmpuint(contend_load_milli(c, 0), >=, 990000000000);
    contend_class_count(c, b, -100);
    contend_solve(c, ignore, NULL);
    g_assert_cmpint(contend_wait_ps(c, 0), <=, 102000);
    contend_free(c);
}

/* What never waits but computes: memory-bound in demand, no stalls. */
static void test_max_min(void)
{
    const struct contend_resource node = {1000000, 0, NULL, 0, false};
    const struct contend_use small = {0, 100000, 0}, large = {0, 800000, 0};
    struct contend *c = contend_new(&node, 1);
    int32_t a = contend_class_new(c, PACE_ONE, MLP_ONE, 100000, &small, 1);
    int32_t b = contend_class_new(c, PACE_ONE, MLP_ONE, 800000, &large, 1);

    contend_class_count(c, a, 2);
    contend_class_count(c, b, 2);
    contend_solve(c, ignore, NULL);
    /* 1000 = 2 x 100 + 2 x 400: the small ones get all they ask for */
    g_assert_cmpuint(contend_pace(c, a), ==, PACE_ONE);
    g_assert_cmpuint(contend_pace(c, b), ==, 2 * PACE_ONE);
    g_assert_true(contend_saturated(c, 0));
    contend_class_count(c, b, -1);
    contend_solve(c, ignore, NULL);
    g_assert_cmpuint(contend_pace(c, b), ==, PACE_ONE);
    g_assert_false(contend_saturated(c, 0));
    contend_class_count(c, a, -2);
    contend_class_count(c, b, -1);
    contend_free(c);
}

/* Interleaved 1:1 over a fast and a slow node, a task gets twice the slow one's bandwidth. */
static void test_interleave(void)
{
    const struct contend_resource nodes[] = {{200000000, 0, NULL, 0, false},
                                             {22000000, 0, NULL, 0, false}};
    const struct contend_use uses[] = {{0, 50000000, 0}, {1, 50000000, 0}};
    struct contend *c = contend_new(nodes, 2);
    int32_t id = contend_class_new(c, PACE_ONE, MLP_ONE, 100000000, uses, 2);

    contend_class_count(c, id, 64);
    contend_solve(c, ignore, NULL);
    g_assert_cmpuint(contend_load_milli(c, 0), <=, 22000000);
    g_assert_cmpuint(contend_load_milli(c, 0), >=, 21990000);
    g_assert_cmpuint(contend_load_milli(c, 1), <=, 22000000);
    g_assert_true(contend_saturated(c, 1));
    g_assert_false(contend_saturated(c, 0));
    contend_class_count(c, id, -64);
    contend_free(c);
}

/* What is left by tasks that a link holds back goes to the others at the same controller. */
static void test_link(void)
{
    const struct contend_resource r[] = {{12000000, 0, NULL, 0, false},
                                         {2000000, 0, NULL, 0, false}};
    const struct contend_use near_use = {0, 4000000, 0};
    const struct contend_use far_uses[] = {{0, 4000000, 0}, {1, 4000000, 0}};
    struct contend *c = contend_new(r, 2);
    int32_t near_id = contend_class_new(c, PACE_ONE, MLP_ONE, 4000000, &near_use, 1);
    int32_t far_id = contend_class_new(c, PACE_ONE, MLP_ONE, 4000000, far_uses, 2);

    contend_class_count(c, near_id, 4);
    contend_class_count(c, far_id, 4);
    contend_solve(c, ignore, NULL);
    g_assert_cmpuint(rate_milli(c, far_id, 4000000), ==, 500000); /* 2000 / 4 */
    /* (12000 - 2000) / 4, less what a pace rounded up loses */
    g_assert_cmpuint(rate_milli(c, near_id, 4000000), ==, 2499999);
    contend_class_count(c, near_id, -4);
    contend_class_count(c, far_id, -4);
    contend_free(c);
}

enum { RESOURCES = 6, CLASSES = 12 };

struct random_case {
    struct contend *c;
    struct contend_resource resources[RESOURCES];
    struct contend_use uses[CLASSES][RESOURCES];
    int32_t nr_uses[CLASSES], ids[CLASSES], counts[CLASSES];
    uint64_t idle[CLASSES];
};

static uint64_t draw(const struct rng *rng, uint64_t *index, uint64_t below)
{
    return rng_below(rng, (*index)++, below);
}

static void random_case_make(struct random_case *t, uint64_t seed)
{
    struct rng rng = rng_init(seed, RNG_WORKLOAD);
    uint64_t index = 0;

    for (int32_t i = 0; i < RESOURCES; i++) {
        t->resources[i] =
            (struct contend_resource){1000000 + draw(&rng, &index, 100000000),
                                      (int64_t)draw(&rng, &index, 200), curve, 3, false};
    }
    t->c = contend_new(t->resources, RESOURCES);
    for (int32_t i = 0; i < CLASSES; i++) {
        uint64_t lines = 0;

        t->nr_uses[i] = 0;
        for (int32_t r = 0; r < RESOURCES; r++) {
            if (draw(&rng, &index, 2) == 0) {
                uint64_t milli = 1 + draw(&rng, &index, 20000000);

                lines += milli;
                t->uses[i][t->nr_uses[i]++] = (struct contend_use){r, milli, milli};
            }
        }
        t->idle[i] = PACE_ONE + draw(&rng, &index, 4 * PACE_ONE);
        t->ids[i] = contend_class_new(t->c, t->idle[i], MLP_ONE, lines, t->uses[i], t->nr_uses[i]);
        t->counts[i] = (int32_t)draw(&rng, &index, 20);
        contend_class_count(t->c, t->ids[i], t->counts[i]);
    }
}

static void random_case_free(struct random_case *t)
{
    for (int32_t i = 0; i < CLASSES; i++) {
        contend_class_count(t->c, t->ids[i], -t->counts[i]);
    }
    contend_free(t->c);
}

/* No resource gives more than it has; who is slowed beyond its waits uses a full one. */
static void test_invariants(void)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct random_case t;

        random_case_make(&t, seed);
        contend_solve(t.c, ignore, NULL);
        for (int32_t r = 0; r < RESOURCES; r++) {
            g_assert_cmpuint(contend_load_milli(t.c, r), <=,
                             t.resources[r].capacity_milli + t.resources[r].capacity_milli / 1000);
        }
        for (int32_t i = 0; i < CLASSES; i++) {
            bool full = false;
            uint64_t most = t.idle[i]; /* idle, and three times the latency everywhere */

            for (int32_t u = 0; u < t.nr_uses[i]; u++) {
                const struct contend_use *use = &t.uses[i][u];
                const struct contend_resource *r = &t.resources[use->resource];

                full |= contend_saturated(t.c, use->resource);
                most += (uint64_t)r->idle_ns * 2 * use->stall_milli / 1000 * PACE_ONE / 1000000000;
            }
            g_assert_cmpuint(contend_pace(t.c, t.ids[i]), >=, t.idle[i]);
            if (!full && t.counts[i] > 0) {
                g_assert_cmpuint(contend_pace(t.c, t.ids[i]), <=, most + 1);
            }
        }
        random_case_free(&t);
    }
}

static void count_changes(int32_t class_id, uint64_t old_pace, uint64_t new_pace, void *data)
{
    int32_t *changes = data;

    (void)class_id;
    g_assert_cmpuint(old_pace, !=, new_pace);
    *changes += 1;
}

/* A task that leaves and comes back within an instant changes nothing; nor does solving again. */
static void test_nothing_changes(void)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct random_case t;
        int32_t changes = 0;
        uint64_t before[CLASSES];

        random_case_make(&t, seed);
        contend_solve(t.c, ignore, NULL);
        g_assert_false(contend_dirty(t.c));
        for (int32_t i = 0; i < CLASSES; i++) {
            before[i] = contend_pace(t.c, t.ids[i]);
            if (t.counts[i] > 0) {
                contend_class_count(t.c, t.ids[i], -1);
                contend_class_count(t.c, t.ids[i], 1);
            }
        }
        g_assert_true(contend_dirty(t.c));
        contend_solve(t.c, count_changes, &changes);
        g_assert_cmpint(changes, ==, 0);
        for (int32_t i = 0; i < CLASSES; i++) {
            g_assert_cmpuint(contend_pace(t.c, t.ids[i]), ==, before[i]);
        }
        random_case_free(&t);
    }
}

/*
 * Nodes of their own, the first two with a link between them: what changes on one is looked at there and
 * by way of those who use it, however many others there are.
 */
static void test_only_what_changed(void)
{
    enum { NODES = 64, LINK = NODES };
    struct contend_resource r[NODES + 1];
    int32_t ids[NODES], changes = 0;

    for (int32_t i = 0; i <= NODES; i++) {
        r[i] = (struct contend_resource){100000000, 100, curve, 3, false};
    }
    struct contend *c = contend_new(r, NODES + 1);

    for (int32_t i = 0; i < NODES; i++) {
        const struct contend_use uses[] = {{i, 1000000, 1000000}, {LINK, 1000, 1000}};

        ids[i] = contend_class_new(c, PACE_ONE, MLP_ONE, 1000000, uses, i < 2 ? 2 : 1);
        contend_class_count(c, ids[i], 20);
    }
    contend_solve(c, ignore, NULL);
    struct contend_work before = contend_work(c);

    contend_class_count(c, ids[0], 30);
    contend_solve(c, count_changes, &changes);
    struct contend_work after = contend_work(c);

    g_assert_cmpint(changes, ==, 1); /* the class itself: the link's step stays */
    g_assert_cmpuint(after.told - before.told, ==, 1);
    g_assert_cmpuint(after.settled - before.settled, <=, 4);

    /* Of 1 MHz of 50 in a step of 1.6: nothing moves, so nothing is looked for. */
    before = after;
    contend_class_count(c, ids[5], 1);
    contend_class_count(c, ids[5], -1);
    contend_solve(c, count_changes, &changes);
    after = contend_work(c);
    g_assert_cmpuint(after.solved, ==, before.solved);
    g_assert_cmpint(changes, ==, 1);
    for (int32_t i = 0; i < NODES; i++) {
        contend_class_count(c, ids[i], i == 0 ? -50 : -20);
    }
    contend_free(c);
}

struct told {
    int32_t ids[4];
    int32_t nr;
};

static void note_told(int32_t class_id, uint64_t old_pace, uint64_t new_pace, void *data)
{
    struct told *told = data;

    g_assert_cmpuint(old_pace, !=, new_pace);
    g_assert_cmpint(told->nr, <, (int32_t)G_N_ELEMENTS(told->ids));
    told->ids[told->nr++] = class_id;
}

/* Classes alike in all uses, in whatever order they are stated, have the pace that one class with all
 * their members has, and each is told of it. One that comes back keeps its share until the next solving. */
static void test_alike(void)
{
    const struct contend_resource r[] = {{100000000, 100, curve, 3, false},
                                         {200000000, 100, curve, 3, false}};
    const struct contend_use uses[] = {{0, 1000000, 1000000}, {1, 500000, 500000}};
    const struct contend_use reversed[] = {{1, 500000, 500000}, {0, 1000000, 1000000}};
    struct contend *one = contend_new(r, 2), *two = contend_new(r, 2);
    int32_t all = contend_class_new(one, PACE_ONE, MLP_ONE, 1500000, uses, 2);
    int32_t a = contend_class_new(two, PACE_ONE, MLP_ONE, 1500000, uses, 2);
    int32_t b = contend_class_new(two, PACE_ONE, MLP_ONE, 1500000, reversed, 2);

    for (int32_t members = 20; members <= 320;
         members *= 4) { /* the last fill the first resource */
        struct told told = {.nr = 0};

        contend_class_count(one, all, members);
        contend_class_count(two, b, members / 4);
        contend_class_count(two, a, members - members / 4);
        contend_solve(one, ignore, NULL);
        contend_solve(two, note_told, &told);
        g_assert_cmpuint(contend_pace(two, a), ==, contend_pace(one, all));
        g_assert_cmpuint(contend_pace(two, b), ==, contend_pace(one, all));
        g_assert_cmpuint(contend_load_milli(two, 0), ==, contend_load_milli(one, 0));
        g_assert_cmpint(told.nr, ==, 2);
        g_assert_cmpint(told.ids[0], ==, a);
        g_assert_cmpint(told.ids[1], ==, b);
    }
    uint64_t full_pace = contend_pace(two, a);

    g_assert_true(contend_saturated(two, 0));
    contend_class_count(two, a, -315);
    contend_solve(two, ignore, NULL);
    g_assert_cmpuint(contend_pace(two, b), <, full_pace);
    contend_class_count(two, a, 315);
    g_assert_cmpuint(contend_pace(two, a), ==, full_pace);
    g_assert_cmpuint(contend_pace(two, b), <, full_pace);
    contend_solve(two, ignore, NULL);
    g_assert_cmpuint(contend_pace(two, a), ==, full_pace);
    g_assert_cmpuint(contend_pace(two, b), ==, full_pace);
    contend_free(one);
    contend_free(two);
}

/* After any changes, looking at everything once more changes nothing: no resource was left out that
 * should have moved. */
static void test_nothing_left_out(void)
{
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct rng rng = rng_init(seed, RNG_POLICY);
        struct random_case t;
        int32_t changes = 0;

        random_case_make(&t, seed);
        contend_solve(t.c, ignore, NULL);
        for (uint64_t i = 0; i < 40; i++) {
            int32_t class = (int32_t)rng_below(&rng, 2 * i, CLASSES);
            int32_t to = (int32_t)rng_below(&rng, 2 * i + 1, 20);

            contend_class_count(t.c, t.ids[class], to - t.counts[class]);
            t.counts[class] = to;
            contend_solve(t.c, ignore, NULL);
        }
        for (int32_t i = 0; i < CLASSES; i++) {
            contend_class_count(t.c, t.ids[i], 1);
            contend_class_count(t.c, t.ids[i], -1);
        }
        contend_solve(t.c, count_changes, &changes);
        g_assert_cmpint(changes, ==, 0);
        random_case_free(&t);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/contend/curve", test_curve);
    g_test_add_func("/contend/wait", test_wait);
    g_test_add_func("/contend/queue", test_queue);
    g_test_add_func("/contend/max-min", test_max_min);
    g_test_add_func("/contend/interleave", test_interleave);
    g_test_add_func("/contend/link", test_link);
    g_test_add_func("/contend/invariants", test_invariants);
    g_test_add_func("/contend/nothing-changes", test_nothing_changes);
    g_test_add_func("/contend/only-what-changed", test_only_what_changed);
    g_test_add_func("/contend/alike", test_alike);
    g_test_add_func("/contend/nothing-left-out", test_nothing_left_out);
    return g_test_run();
}
