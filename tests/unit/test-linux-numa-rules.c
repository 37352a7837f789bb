/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The formulas of linux-numa. Expected values are worked out by hand from the formulas that the comments in
 * rules.h name; the kinds of topology are those that Linux finds on such machines.
 */

#include "engine-fixture.h"

#include <glib.h>

#include "../../policies/linux-numa/linux-numa.h"
#include "../../policies/linux-numa/rules.c"
#include "../../policies/linux-numa/topology.c"

static const struct numa_knobs knobs = {.scan_delay_ms = 1000,
                                        .scan_period_min_ms = 1000,
                                        .scan_period_max_ms = 60000,
                                        .scan_size_mb = 256};

#define PAGES_PER_GIB INT64_C(262144)

static void test_periods(void)
{
    static const struct {
        int64_t gib, min_ms, max_ms;
    } cases[] = {{1, 250, 15000}, {2, 125, 7500}, {4, 100, 3750},
                 {16, 100, 937},  {64, 100, 234}, {128, 100, 117}};
    const struct numa_sharing none = {0}, group = {.nr_tasks = 4, .shared = 99, .private = 100};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t rss = cases[i].gib * PAGES_PER_GIB;

        g_assert_cmpint(numa_scan_min_ms(&knobs, rss), ==, cases[i].min_ms);
        g_assert_cmpint(numa_scan_start_ms(&knobs, rss, &none), ==, cases[i].min_ms);
        g_assert_cmpint(numa_scan_max_ms(&knobs, rss, &none), ==, cases[i].max_ms);
    }
    g_assert_cmpint(numa_scan_min_ms(&knobs, 0), ==, 1000);
    g_assert_cmpint(numa_scan_max_ms(&knobs, 200 * PAGES_PER_GIB, &none), ==, 100);
    /* 250 x 4 x 100 / 200, and 15000 likewise. */
    g_assert_cmpint(numa_scan_start_ms(&knobs, PAGES_PER_GIB, &group), ==, 500);
    g_assert_cmpint(numa_scan_max_ms(&knobs, PAGES_PER_GIB, &group), ==, 30000);
    /* A large window: the divisor of the least period is 1. */
    g_assert_cmpint(numa_scan_min_ms(&(struct numa_knobs){0, 1000, 60000, 4096}, PAGES_PER_GIB), ==,
                    1000);
}

static void test_adapt(void)
{
    static const struct {
        struct numa_window window;
        int64_t period_ms, expected_ms;
        bool back_off;
    } cases[] = {
        {{.local = 100, .private = 100}, 1000, 1300, false},
        {{.remote = 100, .private = 100}, 1000, 2000, true},
        {{.local = 50, .remote = 50, .shared = 100}, 1000, 800, false},
        {{.local = 80, .remote = 20, .shared = 100}, 1000, 1100, false},
        {{.local = 30, .remote = 70, .shared = 60, .private = 40}, 1000, 700, false},
        {{.local = 10, .remote = 90, .shared = 90, .private = 10}, 1000, 400, false},
        {{.remote = 100, .shared = 100}, 1000, 300, false},
        {{.local = 100, .failed = 5, .private = 100}, 1000, 2000, true},
        {{.local = 40, .remote = 60, .shared = 30, .private = 70}, 250, 275, false},
        {{.remote = 100, .private = 100}, 9000, 15000, true},
        {{.remote = 100, .shared = 100}, 200, 100, false},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool back_off;

        g_assert_cmpint(
            numa_adapt_period_ms(&cases[i].window, cases[i].period_ms, 100, 15000, &back_off), ==,
            cases[i].expected_ms);
        g_assert_cmpint(back_off, ==, cases[i].back_off);
    }
}

static void test_averages(void)
{
    static const int64_t expected[] = {100, 150, 175, 188, 194, 197, 199, 200, 200};
    int64_t average = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        average = numa_decay(average, 100);
        g_assert_cmpint(average, ==, expected[i]);
    }
    g_assert_cmpint(numa_cpu_weight(500000000, 1000000000), ==, 32767);
    g_assert_cmpint(numa_decay_cpu(0, 1000, 32767, 1000), ==, 32734);
    g_assert_cmpint(numa_decay_cpu(101, 0, 32767, 1000), ==, 51);
}

static void test_loads(void)
{
    struct numa_node_load node = {.capacity = 4096, .weight = 4};
    const struct numa_node_load a = {.load = 3072, .capacity = 4096},
                                b = {.load = 1024, .capacity = 4096};

    g_assert_cmpint(numa_classify(&node, 108), ==, NUMA_HAS_SPARE);
    node = (struct numa_node_load){
        .capacity = 4096, .weight = 4, .nr_running = 4, .util = 4096, .runnable = 4096};
    g_assert_cmpint(numa_classify(&node, 108), ==, NUMA_FULLY_BUSY);
    node.nr_running = 5;
    node.runnable = 5120;
    g_assert_cmpint(numa_classify(&node, 108), ==, NUMA_OVERLOADED);
    g_assert_cmpint(numa_allowed_imbalance(2, 4, 4), ==, 0);
    g_assert_cmpint(numa_allowed_imbalance(2, 5, 4), ==, 2);
    g_assert_cmpint(numa_allowed_imbalance(3, 4, 4), ==, 3);
    g_assert_false(numa_too_imbalanced(&a, &b, 2048, 2048));
    g_assert_false(numa_too_imbalanced(&a, &b, 1024, 3072));
    g_assert_true(numa_too_imbalanced(&a, &b, 4096, 0));
}

static void test_promotion(void)
{
    /* A minute of 65536 MB/s is 2^24 * 60 pages. */
    int64_t reference = INT64_C(16777216) * 60;

    g_assert_cmpint(numa_adapt_threshold_ms(0, 1000, 0, reference), ==, 1125);
    g_assert_cmpint(numa_adapt_threshold_ms(1950, 1000, 0, reference), ==, 2000);
    g_assert_cmpint(numa_adapt_threshold_ms(0, 1000, reference, reference), ==, 1000);
    g_assert_cmpint(numa_adapt_threshold_ms(0, 1000, reference * 2, reference), ==, 875);
    g_assert_cmpint(numa_adapt_threshold_ms(130, 1000, reference * 2, reference), ==, 125);
}

static void test_hash(void)
{
    g_assert_cmpuint(numa_pid_hash(0), ==, 0);
    g_assert_cmpuint(numa_pid_hash(1), ==, 0x61C88647u >> 26);
    g_assert_cmpuint(numa_pid_hash(2), ==, 0xC3910C8Eu >> 26);
}

static void test_topologies(void)
{
    static const struct {
        const char *name;
        enum numa_topology topology;
        int32_t max_distance;
    } cases[] = {
        {"generic-2s", NUMA_TOPO_DIRECT, 21},
        {"epyc-7763-2s-nps1", NUMA_TOPO_DIRECT, 32},
        {"epyc-7763-2s-nps4", NUMA_TOPO_BACKPLANE, 32},
        {"opteron-magny-cours-4s", NUMA_TOPO_MESH, 22},
        {"xeon-clx-2s-optane", NUMA_TOPO_DIRECT, 21}, /* nodes without CPUs do not count */
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct engine *e =
            engine_new(cases[i].name, "spinners", "fifo+none", &(struct kernel_config){.seed = 1});
        struct numa_state state = {0};
        struct numasim_self self = {.host = (struct numasim_host *)(void *)e->kernel,
                                    .state = &state};

        numa_find_topology(&self);
        g_test_message("%s: %d, %d", cases[i].name, (int)state.topology, state.max_distance);
        g_assert_cmpint(state.topology, ==, cases[i].topology);
        g_assert_cmpint(state.max_distance, ==, cases[i].max_distance);
        engine_free(e);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/linux-numa/periods", test_periods);
    g_test_add_func("/linux-numa/adapt", test_adapt);
    g_test_add_func("/linux-numa/averages", test_averages);
    g_test_add_func("/linux-numa/loads", test_loads);
    g_test_add_func("/linux-numa/promotion", test_promotion);
    g_test_add_func("/linux-numa/hash", test_hash);
    g_test_add_func("/linux-numa/topologies", test_topologies);
    return g_test_run();
}
