/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What releases of Linux decide differently, each switch with a case worked out by hand that the two
 * sides answer differently. The formulas are plain functions of numbers (policies/linux-balance).
 */
#include <glib.h>

#include "../../policies/linux-balance/rules.c"
#include "balance-fixture.h"

static const struct lb_rules linux_5_10 = {.numa_imbalance = LB_NUMA_PAIR};
static const struct lb_rules linux_5_5 = {.numa_imbalance = LB_NUMA_NONE};
static const struct lb_rules linux_5_17 = {.numa_imbalance = LB_NUMA_QUARTER};
static const struct lb_rules linux_5_18 = {.numa_imbalance = LB_NUMA_NR};
static const struct lb_rules linux_6_1 = {.numa_imbalance = LB_NUMA_NR, .numa_total = true};

/* What a CPU of a group with @local tasks pulls from one with @busiest, both of @weight CPUs. */
static struct lb_imbalance pull(const struct lb_rules *rules, uint32_t weight, uint32_t local,
                                uint32_t busiest, bool prefer_sibling, enum lb_idle idle)
{
    struct lb_domain_stats sds = {
        .rules = rules,
        .local = group(weight, local),
        .busiest = group(weight, busiest),
        .has_busiest = true,
        .total_load = UINT64_C(1024) * (local + busiest),
        .total_capacity = UINT64_C(2048) * weight,
        .prefer_sibling = prefer_sibling,
        .idle = idle,
        .imbalance_pct = 117,
    };

    return lb_find_imbalance(&sds);
}

/* The same between nodes that may differ while @imb_numa_nr tasks run. */
static int64_t pull_between_nodes(const struct lb_rules *rules, uint32_t weight, uint32_t local,
                                  uint32_t busiest, uint32_t imb_numa_nr)
{
    struct lb_domain_stats sds = {
        .rules = rules,
        .local = group(weight, local),
        .busiest = group(weight, busiest),
        .has_busiest = true,
        .prefer_sibling = true,
        .numa = true,
        .idle = LB_IDLE,
        .imbalance_pct = 117,
        .imb_numa_nr = imb_numa_nr,
    };

    return lb_find_imbalance(&sds).amount;
}

/* --- Which group ----------------------------------------------------------------------------------- */

static void test_fully_busy_pick(void)
{
    struct lb_group a = group(8, 8), b = group(8, 8);

    g_assert_false(lb_busier(&linux_6_1, &a, &b, true)); /* the first stays */
    g_assert_true(lb_busier(&linux_6_12, &a, &b, true)); /* the last does */
}

static void test_spare_smt(void)
{
    struct lb_group core = group(2, 1), cpu = group(1, 0);

    core.smt = true;
    cpu.nr_fair = cpu.nr_running = 1; /* one that uses little of its CPU */
    cpu.idle_cpus = 1;
    /* As many idle CPUs and tasks in both: till 6.1 the first stays, whatever it is. */
    g_assert_false(lb_busier(&linux_6_1, &core, &cpu, true));
    g_assert_false(lb_busier(&linux_6_1, &cpu, &core, true));
    g_assert_true(lb_busier(&linux_6_12, &cpu, &core, true)); /* the core's only task is left */
    core.nr_running = core.nr_fair = 2;
    core.idle_cpus = 2;
    g_assert_true(lb_busier(&linux_6_12, &core, &cpu, true));
    g_assert_false(lb_busier(&linux_6_1, &core, &cpu, true)); /* more idle CPUs */
}

/* --- How many tasks -------------------------------------------------------------------------------- */

static void test_sibling_imbalance(void)
{
    /* 2 tasks apart, a CPU that idles: both pull one. */
    g_assert_cmpint(pull(&linux_6_1, 8, 2, 4, true, LB_IDLE).amount, ==, 1);
    g_assert_cmpint(pull(&linux_6_12, 8, 2, 4, true, LB_IDLE).amount, ==, 1);
    /* A busy one: till 6.5 it pulls as well. */
    g_assert_cmpint(pull(&linux_6_1, 8, 2, 4, true, LB_BUSY).amount, ==, 1);
    g_assert_cmpint(pull(&linux_6_12, 8, 2, 4, true, LB_BUSY).amount, ==, 0);
    g_assert_cmpint(pull(&linux_6_1, 8, 3, 4, true, LB_BUSY).amount, ==, 0);
}

static void test_unequal_cores(void)
{
    struct lb_domain_stats sds = {
        .rules = &linux_6_1,
        .local = group(4, 1),
        .busiest = group(2, 2),
        .has_busiest = true,
        .prefer_sibling = true,
        .share_llc = true,
        .idle = LB_IDLE,
        .imbalance_pct = 117,
    };

    /* 4 cores with 1 task, 2 with 2: a difference of 1 by count, of (2 * (4*2 - 2*1) + 6) / 6 = 3 by
     * cores. */
    g_assert_cmpint(lb_find_imbalance(&sds).amount, ==, 0);
    sds.rules = &linux_6_12;
    g_assert_cmpint(lb_find_imbalance(&sds).amount, ==, 1);
}

static void test_util_within_llc(void)
{
    struct lb_rules before = linux_5_10;
    struct lb_domain_stats sds = {
        .rules = &before,
        .local = group(2, 1),
        .busiest = group(2, 3),
        .has_busiest = true,
        .share_llc = true,
        .prefer_sibling = true,
        .idle = LB_IDLE,
        .imbalance_pct = 117,
    };
    struct lb_imbalance got = lb_find_imbalance(&sds);

    g_assert_cmpint(got.migration, ==, LB_MIGRATE_TASK);
    g_assert_cmpint(got.amount, ==, 1);
    before.util_within_llc = true; /* 16b0a7a1a0af undone: 2048 of room, 1024 of it used */
    got = lb_find_imbalance(&sds);
    g_assert_cmpint(got.migration, ==, LB_MIGRATE_UTIL);
    g_assert_cmpint(got.amount, ==, 1024);
}

/* --- Between nodes --------------------------------------------------------------------------------- */

static void test_pair(void)
{
    /* 5.10: a node with two tasks keeps them, one with three gives half of the difference. */
    g_assert_cmpint(pull_between_nodes(&linux_5_5, 48, 0, 2, 0), ==, 1);
    g_assert_cmpint(pull_between_nodes(&linux_5_10, 48, 0, 2, 0), ==, 0);
    g_assert_cmpint(pull_between_nodes(&linux_5_10, 48, 0, 3, 0), ==, 1);
    g_assert_cmpint(pull_between_nodes(&linux_5_10, 48, 0, 6, 0), ==, 3);
}

static void test_quarter(void)
{
    /* Of 48 CPUs a quarter is 12: with 11 running, half of 4 is left, half of 6 is not. */
    g_assert_cmpint(pull_between_nodes(&linux_5_17, 48, 7, 11, 0), ==, 0);
    g_assert_cmpint(pull_between_nodes(&linux_5_17, 48, 5, 11, 0), ==, 3);
    g_assert_cmpint(pull_between_nodes(&linux_5_17, 48, 8, 12, 0), ==, 2);
}

static void test_imb_numa_nr(void)
{
    /* 6 allowed. Till 5.19 half of the difference is held against 2: 4 apart are left. */
    g_assert_cmpint(pull_between_nodes(&linux_5_18, 48, 1, 5, 6), ==, 0);
    g_assert_cmpint(pull_between_nodes(&linux_5_18, 48, 0, 6, 6), ==, 3);
    /* From 6.0 on the whole of it: 2 apart are left, 4 are halved. */
    g_assert_cmpint(pull_between_nodes(&linux_6_1, 48, 1, 3, 6), ==, 0);
    g_assert_cmpint(pull_between_nodes(&linux_6_1, 48, 1, 5, 6), ==, 2);
    /* The destination would run 7: nothing is allowed. */
    g_assert_cmpint(pull_between_nodes(&linux_5_18, 48, 6, 8, 6), ==, 1);
    g_assert_cmpint(pull_between_nodes(&linux_6_1, 48, 6, 8, 6), ==, 1);
}

/* Whether a new task leaves a node of 128 CPUs with @local tasks for one with @other; the domain has
 * 256, and allows 8. */
static bool leaves_node(const struct lb_rules *rules, uint32_t local, uint32_t other)
{
    const struct lb_fork domain = {
        .numa = true, .span_weight = 256, .imbalance_pct = 117, .imb_numa_nr = 8};
    struct lb_group here = group(128, local), there = group(128, other);

    return lb_prefer_idlest(rules, &here, &there, &domain);
}

static void test_fork(void)
{
    /* 5.10: while a CPU idles here. */
    g_assert_false(leaves_node(&linux_5_5, 127, 0));
    g_assert_true(leaves_node(&linux_5_5, 128, 0));
    g_assert_false(leaves_node(&linux_5_10, 127, 0));
    g_assert_true(leaves_node(&linux_5_10, 128, 0));
    /* 5.17: while less than a quarter of the domain's 256 CPUs run. */
    g_assert_false(leaves_node(&linux_5_17, 63, 0));
    g_assert_true(leaves_node(&linux_5_17, 64, 0));
    /* 5.18: while no more than 8 would run, however few the other has. */
    g_assert_false(leaves_node(&linux_5_18, 7, 0));
    g_assert_true(leaves_node(&linux_5_18, 8, 0));
    /* 6.1: and no more than two apart. */
    g_assert_false(leaves_node(&linux_6_1, 2, 0));
    g_assert_true(leaves_node(&linux_6_1, 3, 0));
    g_assert_false(leaves_node(&linux_6_1, 7, 5));
    g_assert_true(leaves_node(&linux_6_1, 8, 6));
}

/* --- Searching and timing -------------------------------------------------------------------------- */

static void test_scan_prop(void)
{
    /* Idle for 1 ms, of which 1/512 is 1953 ns; 16 CPUs: 31248 ns to spend, at 100 ns a look 309 looks
     * (the cost counts as one more), the last of which is not taken. */
    g_assert_cmpuint(lb_nr_idle_scan_prop(1000000, 100, 16), ==, 308);
    /* Looks at 8 us: 31248 / 8001 would be 3, so it is 4 less one. */
    g_assert_cmpuint(lb_nr_idle_scan_prop(1000000, 8000, 16), ==, 3);
    g_assert_cmpuint(lb_nr_idle_scan_prop(0, 0, 16), ==, 3);
    g_assert_cmpuint(lb_nr_idle_scan_prop(1000000, 0, 16), ==, 31247);
}

static void test_newidle_ratio(void)
{
    g_assert_cmpuint(lb_newidle_ratio(0, 0), ==, 0);
    g_assert_cmpuint(lb_newidle_ratio(100, 4194303), ==, 100);
    g_assert_cmpuint(lb_newidle_ratio(100, 4194304), ==, 101);
    g_assert_cmpuint(lb_newidle_ratio(100, INT64_C(4194304) * 2000), ==, 1024);
}

static void test_busy_interval(void)
{
    enum { TICK_250_NS = 4000000 };

    /* 16 ms, factor 16: 64 ticks, one less since 5.10; factor 32 before. */
    g_assert_cmpint(lb_interval_jiffies(16, 16, true, true, TICK_250_NS, 64), ==, 63);
    g_assert_cmpint(lb_interval_jiffies(16, 16, true, false, TICK_250_NS, 64), ==, 64);
    g_assert_cmpint(lb_interval_jiffies(16, 32, true, false, TICK_250_NS, 64), ==, 128);
    g_assert_cmpint(lb_interval_jiffies(16, 16, false, true, TICK_250_NS, 64), ==, 4);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/linux-balance-releases/fully-busy-pick", test_fully_busy_pick);
    g_test_add_func("/linux-balance-releases/spare-smt", test_spare_smt);
    g_test_add_func("/linux-balance-releases/sibling-imbalance", test_sibling_imbalance);
    g_test_add_func("/linux-balance-releases/unequal-cores", test_unequal_cores);
    g_test_add_func("/linux-balance-releases/util-within-llc", test_util_within_llc);
    g_test_add_func("/linux-balance-releases/pair", test_pair);
    g_test_add_func("/linux-balance-releases/quarter", test_quarter);
    g_test_add_func("/linux-balance-releases/imb-numa-nr", test_imb_numa_nr);
    g_test_add_func("/linux-balance-releases/fork", test_fork);
    g_test_add_func("/linux-balance-releases/scan-prop", test_scan_prop);
    g_test_add_func("/linux-balance-releases/newidle-ratio", test_newidle_ratio);
    g_test_add_func("/linux-balance-releases/busy-interval", test_busy_interval);
    return g_test_run();
}
