/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The formulas of the balancer before 5.5 against cases worked out by hand, among them the case in which
 * an average hides idle CPUs.
 */
#include <glib.h>

#include "../../policies/linux-balance-old/rules.c"

/* Eight CPUs that run @nr tasks of @load each, always. */
static struct old_group node(uint32_t nr, uint64_t load)
{
    uint32_t busy = MIN(nr, 8);
    struct old_group g = {
        .load = nr * load,
        .weighted = nr * load,
        .util = UINT64_C(1024) * busy,
        .capacity = 8 * 1024,
        .nr_running = nr,
        .idle_cpus = 8 - busy,
        .weight = 8,
        .min_load = nr >= 8 ? load * (nr / 8) : 0,
        .max_load = load * ((nr + 7) / 8),
    };

    old_group_finish(&g, 125, false);
    return g;
}

static struct old_domain_stats domain_of(struct old_group local, struct old_group busiest,
                                         enum old_idle idle)
{
    return (struct old_domain_stats){
        .local = local,
        .busiest = busiest,
        .has_busiest = true,
        .total_load = local.load + busiest.load,
        .total_capacity = local.capacity + busiest.capacity,
        .idle = idle,
        .imbalance_pct = 125,
    };
}

static void test_types(void)
{
    struct old_group g = node(9, 1024);

    g_assert_cmpint(g.type, ==, OLD_OVERLOADED);
    g_assert_cmpuint(g.avg_load, ==, 1152);
    g_assert_cmpuint(g.load_per_task, ==, 1024);
    g_assert_cmpint(node(8, 1024).type, ==, OLD_OTHER);
    g.util = 6 * 1024; /* nine tasks that sleep a lot: 8192 * 100 > 6144 * 125 */
    old_group_finish(&g, 125, false);
    g_assert_cmpint(g.type, ==, OLD_OTHER);
    g_assert_true(old_has_capacity(&g, 125));
    old_group_finish(&g, 125, true);
    g_assert_cmpint(g.type, ==, OLD_IMBALANCED);
}

static void test_busier(void)
{
    struct old_group light = node(16, 16), heavy = node(1, 1024), nothing = node(0, 0);

    g_assert_true(old_busier(&light, &heavy, true, false)); /* overloaded beats other */
    g_assert_false(old_busier(&heavy, &light, true, false));
    g_assert_true(old_busier(&heavy, &nothing, false, false));
    g_assert_false(old_busier(&nothing, &nothing, false, false));
    /* Of one type the average decides, or with the patch the least loaded CPU. */
    heavy.type = OLD_OVERLOADED;
    g_assert_true(old_busier(&heavy, &light, true, false));
    g_assert_false(old_busier(&heavy, &light, true, true));
}

/* A node with one thread of 1024 and seven idle CPUs, beside 16 threads of 16 on eight CPUs. */
static void test_group_imbalance(void)
{
    struct old_domain_stats sds = domain_of(node(1, 1024), node(16, 16), OLD_IDLE);
    bool balanced;

    g_assert_cmpuint(sds.local.avg_load, ==, 128);
    g_assert_cmpuint(sds.busiest.avg_load, ==, 32);
    g_assert_cmpint(old_find_imbalance(&sds, &balanced), ==, 0);
    g_assert_true(balanced);
    /* A CPU that has just run out of work escapes; from 4.16 on any idle one. */
    sds.idle = OLD_NEWLY_IDLE;
    old_find_imbalance(&sds, &balanced);
    g_assert_false(balanced);
    sds.idle = OLD_IDLE;
    sds.idle_takes_surplus = true;
    old_find_imbalance(&sds, &balanced);
    g_assert_false(balanced);
    /* The patch: half of what the fullest CPU there has more than the emptiest one here. */
    sds.idle_takes_surplus = false;
    sds.by_min_load = true;
    g_assert_cmpint(old_find_imbalance(&sds, &balanced), ==, 16);
    g_assert_false(balanced);
}

/* Sixteen tasks of 1024 beside none: half of the load goes over. */
static void test_imbalance(void)
{
    struct old_domain_stats sds = domain_of(node(0, 0), node(16, 1024), OLD_IDLE);
    bool balanced;

    /* Average 1024; min((2048 - 1024) * 8192, 1024 * 8192) / 1024. */
    g_assert_cmpint(old_find_imbalance(&sds, &balanced), ==, 8192);
    g_assert_false(balanced);
    /* 9 and 24 on an average of 16.5: each is 7.5 tasks away; what exceeds the capacity is more. */
    sds = domain_of(node(9, 1024), node(24, 1024), OLD_BUSY);
    g_assert_cmpint(old_find_imbalance(&sds, &balanced), ==, 7680);
}

/* What is within 125 % of each other stays. */
static void test_pct(void)
{
    struct old_domain_stats sds = domain_of(node(8, 1024), node(9, 1024), OLD_BUSY);
    bool balanced;

    old_find_imbalance(&sds, &balanced);
    g_assert_true(balanced); /* 112.5 % */
    sds = domain_of(node(7, 1024), node(9, 1024), OLD_BUSY);
    g_assert_cmpint(old_find_imbalance(&sds, &balanced), ==, 1024); /* 128.6 % */
    g_assert_false(balanced);
}

/* One task more is less than a task's share: the rule for small imbalances moves one only where that
 * does not turn the imbalance round. */
static void test_small(void)
{
    struct old_domain_stats sds = domain_of(node(0, 0), node(1, 1024), OLD_NEWLY_IDLE);
    bool balanced;

    sds.local.capacity = sds.busiest.capacity = 1024;
    sds.local.weight = sds.busiest.weight = 1;
    sds.busiest.nr_running = 2;
    sds.busiest.load = sds.busiest.weighted = 2048;
    old_group_finish(&sds.busiest, 125, false);
    sds.total_load = 2048;
    sds.total_capacity = 2048;
    /* Average 1024: (2048 - 1024) * 1024 / 1024 is just a task. */
    g_assert_cmpint(old_find_imbalance(&sds, &balanced), ==, 1024);
    /* 2 and 1 tasks: imbalance 512, less than a task; 2048 + 1024 < 1024 + 2 * 1024 is false. */
    sds.local = node(1, 1024);
    sds.local.capacity = 1024;
    sds.local.weight = 1;
    old_group_finish(&sds.local, 125, false);
    sds.total_load = 3072;
    sds.idle = OLD_BUSY;
    g_assert_cmpint(old_find_imbalance(&sds, &balanced), ==, 1024);
}

/* cpu_load[]: index i keeps (2^i - 1) / 2^i of what it had, and rounds up on the way up. */
static void test_history(void)
{
    uint64_t h[4] = {0};

    old_decay_history(h, 1024, 1);
    g_assert_cmpuint(h[0], ==, 512);
    g_assert_cmpuint(h[1], ==, 256);
    g_assert_cmpuint(h[2], ==, 128);
    g_assert_cmpuint(h[3], ==, 64);
    old_decay_history(h, 1024, 1);
    g_assert_cmpuint(h[0], ==, 768);
    old_decay_history(h, 1024, 600);
    g_assert_cmpuint(h[3], ==, 1024);
    old_decay_history(h, 0, 1000000);
    g_assert_cmpuint(h[0], ==, 0);
    g_assert_cmpuint(h[3], ==, 0);
    g_assert_cmpuint(old_load_idx(true, true, false, OLD_BUSY), ==, 0);
    g_assert_cmpuint(old_load_idx(false, true, false, OLD_BUSY), ==, 2);
    g_assert_cmpuint(old_load_idx(false, false, true, OLD_IDLE), ==, 2);
    g_assert_cmpuint(old_load_idx(false, false, false, OLD_IDLE), ==, 1);
    g_assert_cmpuint(old_load_idx(false, false, true, OLD_NEWLY_IDLE), ==, 0);
}

/* An idle waker always draws the task; a busy one as long as it carries no more. */
static void test_wake_affine(void)
{
    g_assert_true(old_wake_affine(0, 0, 1024, 1024, 1024, 125));
    g_assert_true(old_wake_affine(100, 1024, 800, 1024, 1024, 125));
    g_assert_false(old_wake_affine(1024, 1024, 1024, 1024, 1024, 125));
    g_assert_true(old_wake_affine(1024, 2048, 1024, 1024, 1024, 125));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/linux-balance-old/types", test_types);
    g_test_add_func("/linux-balance-old/busier", test_busier);
    g_test_add_func("/linux-balance-old/group-imbalance", test_group_imbalance);
    g_test_add_func("/linux-balance-old/imbalance", test_imbalance);
    g_test_add_func("/linux-balance-old/pct", test_pct);
    g_test_add_func("/linux-balance-old/small", test_small);
    g_test_add_func("/linux-balance-old/history", test_history);
    g_test_add_func("/linux-balance-old/wake-affine", test_wake_affine);
    return g_test_run();
}
