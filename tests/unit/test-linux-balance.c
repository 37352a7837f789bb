/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The balancer's formulas against cases worked out by hand from kernel/sched/fair.c, 6.12. They are
 * plain functions of numbers, so the test needs no host: it takes their source in.
 */
#include <glib.h>

#include "../../policies/linux-balance/rules.c"
#include "balance-fixture.h"

enum { TICK_250_NS = 4000000 }; /* HZ=250 */

static struct lb_domain_stats between(struct lb_group local, struct lb_group busiest)
{
    return (struct lb_domain_stats){
        .rules = &linux_6_12,
        .local = local,
        .busiest = busiest,
        .has_busiest = true,
        .total_load = local.load + busiest.load,
        .total_capacity = local.capacity + busiest.capacity,
        .idle = LB_IDLE,
        .imbalance_pct = 117,
    };
}

/* What a decision does not ask for need not be summed up: it is the same without. */
static void assert_lazy(const struct lb_domain_stats *sds)
{
    struct lb_domain_stats bare = *sds;
    struct lb_imbalance got, expected = lb_find_imbalance(sds);

    if (!lb_needs_total_load(sds)) {
        bare.total_load = UINT64_MAX / 2048;
    }
    if (!lb_needs_local_load(sds) && sds->local.type == LB_HAS_SPARE) {
        bare.local.load = bare.local.util = bare.local.runnable = 77777;
    }
    got = lb_find_imbalance(&bare);
    g_assert_cmpint(got.amount, ==, expected.amount);
    g_assert_cmpint(got.migration, ==, expected.migration);
}

static void assert_pull(const struct lb_domain_stats *sds, enum lb_migration migration,
                        int64_t amount)
{
    struct lb_imbalance got = lb_find_imbalance(sds);

    assert_lazy(sds);
    g_assert_cmpint(got.amount, ==, amount);
    if (amount > 0) {
        g_assert_cmpint(got.migration, ==, migration);
    }
}

/* --- Group types --------------------------------------------------------------------------------- */

static void test_group_type(void)
{
    struct lb_group g;

    g_assert_cmpint(group(8, 7).type, ==, LB_HAS_SPARE);
    g_assert_cmpint(group(8, 8).type, ==, LB_FULLY_BUSY); /* 8192 * 100 > 8192 * 117 is false */
    g_assert_cmpint(group(8, 9).type, ==, LB_OVERLOADED);

    /* As many tasks as CPUs, which use half of them: room, for all that the CPUs are taken. */
    g = group(8, 8);
    g.util = g.runnable = 4096;
    g_assert_cmpint(lb_group_type(&g, 117, false, false), ==, LB_HAS_SPARE);
    /* More tasks than CPUs, but neither use nor pressure: not overloaded. */
    g.nr_running = 12;
    g_assert_cmpint(lb_group_type(&g, 117, false, false), ==, LB_HAS_SPARE);
    /* Pressure alone: 8192 * 117 < runnable * 100 from 9585 on. */
    g.runnable = 9584;
    g_assert_cmpint(lb_group_type(&g, 117, false, false), ==, LB_HAS_SPARE);
    g.runnable = 9585;
    g_assert_cmpint(lb_group_type(&g, 117, false, false), ==, LB_OVERLOADED);
    /* Use alone: 8192 * 100 < util * 117 from 7002 on. */
    g.runnable = 8192;
    g.util = 7001;
    g_assert_cmpint(lb_group_type(&g, 117, false, false), ==, LB_HAS_SPARE);
    g.util = 7002;
    g_assert_cmpint(lb_group_type(&g, 117, false, false), ==, LB_OVERLOADED);
}

static void test_group_type_order(void)
{
    struct lb_group core = group(2, 2);

    core.smt = true;
    g_assert_cmpint(lb_group_type(&core, 117, false, true), ==, LB_SMT_BALANCE);
    g_assert_cmpint(lb_group_type(&core, 117, false, false), ==, LB_FULLY_BUSY);
    g_assert_cmpint(lb_group_type(&core, 117, true, true), ==, LB_IMBALANCED);
    core = group(2, 3);
    core.smt = true;
    g_assert_cmpint(lb_group_type(&core, 117, true, true), ==, LB_OVERLOADED);
    core = group(2, 1);
    core.smt = true;
    g_assert_cmpint(lb_group_type(&core, 117, false, true), ==, LB_HAS_SPARE);
}

static void test_busier(void)
{
    struct lb_group a = group(8, 3), b = group(8, 5), none = group(8, 0), core;

    g_assert_true(lb_busier(&linux_6_12, &a, &none, false));
    g_assert_false(lb_busier(&linux_6_12, &none, &a, false)); /* nothing to pull there */
    g_assert_true(lb_busier(&linux_6_12, &b, &a, true));      /* fewer idle CPUs */
    g_assert_false(lb_busier(&linux_6_12, &a, &b, true));
    g_assert_false(lb_busier(&linux_6_12, &a, &a, true)); /* equal: the first stays */
    a.nr_running++;
    b = group(8, 3);
    g_assert_true(lb_busier(&linux_6_12, &a, &b, true)); /* as many idle CPUs, more tasks */

    a = group(8, 8);
    b = group(8, 8);
    g_assert_true(
        lb_busier(&linux_6_12, &a, &b, true)); /* full and as full: the last one stays ... */
    b.smt = true;
    g_assert_false(lb_busier(&linux_6_12, &a, &b, true)); /* ... unless the first is a core */

    a = group(8, 12);
    b = group(8, 10);
    g_assert_true(lb_busier(&linux_6_12, &a, &b, true));
    g_assert_false(lb_busier(&linux_6_12, &b, &a, true));
    g_assert_false(lb_busier(&linux_6_12, &a, &a, true));
    g_assert_true(lb_busier(&linux_6_12, &b, &none, true)); /* the higher type */

    /* A core's only task is left to it, a core's two are not. */
    core = group(2, 1);
    core.smt = true;
    a = group(1, 0);
    a.nr_fair = a.nr_running = 1;
    g_assert_false(lb_busier(&linux_6_12, &core, &a, true));
    core.nr_fair = 2;
    g_assert_true(lb_busier(&linux_6_12, &core, &a, true));
}

/* Tasks that prefer the LLC that balances go before all but overload, one at a time (7.3). */
static void test_llc(void)
{
    struct lb_domain_stats sds = between(group(4, 0), group(4, 1));
    struct lb_group g = group(4, 3), more = group(4, 1);

    g.nr_prefer_dst = 2;
    more.nr_prefer_dst = 3;
    g.type = lb_group_type(&g, 117, true, true);
    more.type = lb_group_type(&more, 117, false, false);
    g_assert_cmpint(g.type, ==, LB_LLC_BALANCE);
    g_assert_true(lb_busier(&linux_6_12, &more, &g, true));
    g_assert_false(lb_busier(&linux_6_12, &g, &more, true));
    /* Even from a CPU that is alone, for the sake of the level below. */
    sds.busiest = more;
    sds.prefer_sibling = true;
    assert_pull(&sds, LB_MIGRATE_LLC_TASK, 1);
    sds.idle = LB_BUSY;
    assert_pull(&sds, LB_MIGRATE_LLC_TASK, 1);
    sds.prefer_sibling = false;
    g_assert_cmpint(lb_find_imbalance(&sds).amount, ==, 0);
}

/* --- CPUs that are not alike ----------------------------------------------------------------------- */

static void test_capacity(void)
{
    struct lb_domain_stats sds = between(group(4, 0), group(4, 1));
    struct lb_group g = group(4, 1);

    g_assert_true(lb_fits(356, 446)); /* 356 * 1280 = 455680 < 446 * 1024 = 456704 */
    g_assert_false(lb_fits(357, 446));
    g_assert_true(lb_capacity_greater(1024, 446));
    g_assert_true(lb_capacity_greater(1024, 972)); /* 1048576 > 972 * 1078 = 1047816 */
    g_assert_false(lb_capacity_greater(1024, 973));

    g.misfit_load = 1024;
    g.min_capacity = g.max_capacity = 446;
    g.type = lb_group_type(&g, 117, false, false);
    g_assert_cmpint(g.type, ==, LB_MISFIT_TASK);
    sds.asym_capacity = true;
    sds.dst_capacity = 1024;
    g_assert_false(lb_wrong_capacity(&sds, &g, false));
    sds.busiest = g;
    assert_pull(&sds, LB_MIGRATE_MISFIT, 1);
    sds.dst_capacity = 446; /* no larger */
    g_assert_true(lb_wrong_capacity(&sds, &g, true));
    sds.dst_capacity = 1024;
    sds.local = group(4, 4); /* no room */
    g_assert_true(lb_wrong_capacity(&sds, &g, true));
    /* A small CPU does not relieve large ones that are not overloaded. */
    g = group(4, 4);
    g.min_capacity = g.max_capacity = 1024;
    sds.dst_capacity = 446;
    sds.busiest = g;
    g_assert_true(lb_wrong_capacity(&sds, &g, true));
    /* Which does not matter where they are busier than what was found so far. */
    g_assert_false(lb_wrong_capacity(&sds, &g, false));
    sds.busiest.type = LB_HAS_SPARE;
    g_assert_false(lb_wrong_capacity(&sds, &g, true));
    sds.busiest.type = LB_FULLY_BUSY;
    g.type = LB_OVERLOADED;
    g_assert_false(lb_wrong_capacity(&sds, &g, true));
    g.type = LB_FULLY_BUSY;
    sds.asym_capacity = false;
    g_assert_false(lb_wrong_capacity(&sds, &g, true));
    /* Without asymmetry a misfit is a task that real-time tasks leave too little to. */
    sds.busiest.type = LB_MISFIT_TASK;
    sds.busiest.misfit_load = 777;
    assert_pull(&sds, LB_MIGRATE_LOAD, 777);
    /* Placing a task that is too big for both: where the CPUs are larger. */
    struct lb_group small = group(4, 1), large = group(4, 1);

    small.type = large.type = LB_MISFIT_TASK;
    small.max_capacity = 446;
    large.max_capacity = 1024;
    g_assert_true(lb_idler(&large, &small));
    g_assert_false(lb_idler(&small, &large));
    g_assert_true(lb_prefer_idlest(&linux_6_12, &small, &large, &(struct lb_fork){0}));
    g_assert_false(lb_prefer_idlest(&linux_6_12, &large, &small, &(struct lb_fork){0}));
}

static void test_packing(void)
{
    struct lb_domain_stats sds = between(group(2, 0), group(2, 1));
    struct lb_group low = group(2, 1), high = group(2, 1);

    low.packs = high.packs = true;
    low.prefer_priority = 10;
    high.prefer_priority = 20;
    low.misfit_load = 1024; /* packing comes before */
    low.type = lb_group_type(&low, 117, false, true);
    high.type = lb_group_type(&high, 117, false, true);
    g_assert_cmpint(low.type, ==, LB_ASYM_PACKING);
    g_assert_cmpint(lb_group_type(&low, 117, true, true), ==, LB_IMBALANCED);
    g_assert_true(lb_busier(&linux_6_12, &low, &high, true));
    g_assert_false(lb_busier(&linux_6_12, &high, &low, true));
    g_assert_false(lb_busier(&linux_6_12, &low, &low, true));
    sds.busiest = low;
    assert_pull(&sds, LB_MIGRATE_TASK, 1); /* all of its tasks, of which there is one */
    low.type = high.type = LB_MISFIT_TASK;
    high.misfit_load = 1023;
    g_assert_true(lb_busier(&linux_6_12, &low, &high, true));
    g_assert_false(lb_busier(&linux_6_12, &high, &low, true));
}

/* --- The decision table -------------------------------------------------------------------------- */

static void test_nothing_to_do(void)
{
    struct lb_domain_stats sds = between(group(8, 0), group(8, 8));

    sds.has_busiest = false;
    assert_pull(&sds, LB_MIGRATE_TASK, 0);
    sds = between(group(8, 9), group(8, 8)); /* local is worse off */
    assert_pull(&sds, LB_MIGRATE_TASK, 0);
    sds = between(group(8, 2), group(8, 8)); /* a busy CPU does not pull from the not overloaded */
    sds.idle = LB_BUSY;
    assert_pull(&sds, LB_MIGRATE_TASK, 0);
    sds = between(group(8, 4), group(8, 5)); /* 4 idle CPUs against 3: not more than one apart */
    assert_pull(&sds, LB_MIGRATE_TASK, 0);
    sds = between(group(8, 0), group(8, 1)); /* one task is no imbalance */
    assert_pull(&sds, LB_MIGRATE_TASK, 0);
    sds = between(group(8, 8), group(8, 8)); /* two full groups never exchange anything */
    assert_pull(&sds, LB_MIGRATE_LOAD, 0);
}

static void test_spare(void)
{
    /* 6 idle CPUs against 2: half of the difference. */
    struct lb_domain_stats sds = between(group(8, 2), group(8, 6));

    assert_pull(&sds, LB_MIGRATE_TASK, 2);
    /* Spread between siblings: by tasks, from a difference of 2 on. */
    sds = between(group(8, 3), group(8, 4));
    sds.prefer_sibling = true;
    assert_pull(&sds, LB_MIGRATE_TASK, 0);
    sds = between(group(8, 2), group(8, 4));
    sds.prefer_sibling = true;
    assert_pull(&sds, LB_MIGRATE_TASK, 1);
    sds.idle = LB_BUSY;
    assert_pull(&sds, LB_MIGRATE_TASK, 0);
    /* Groups of one CPU each: an idle one and one with two tasks, which is overloaded. Within an LLC
     * a difference of 2 makes 1 task; across LLCs the room of the idle one counts. */
    sds = between(group(1, 0), group(1, 2));
    sds.share_llc = true;
    assert_pull(&sds, LB_MIGRATE_TASK, 1);
    sds.share_llc = false;
    assert_pull(&sds, LB_MIGRATE_UTIL, 1024);
    /* No room by use, although a CPU idles: one task. */
    sds.local.util = 1024;
    assert_pull(&sds, LB_MIGRATE_TASK, 1);
}

static void test_numa_allowance(void)
{
    /* Nodes of 48 CPUs, 6 tasks of imbalance allowed: 2 to 4 idle CPUs apart. */
    struct lb_domain_stats sds = between(group(48, 0), group(48, 2));

    sds.numa = true;
    sds.imb_numa_nr = 6;
    sds.prefer_sibling = true;
    assert_pull(&sds, LB_MIGRATE_TASK, 0);
    sds.imb_numa_nr = 0;
    assert_pull(&sds, LB_MIGRATE_TASK, 1);
    sds = between(group(48, 0), group(48, 3));
    sds.numa = true;
    sds.imb_numa_nr = 6;
    sds.prefer_sibling = true;
    assert_pull(&sds, LB_MIGRATE_TASK, 1); /* 3 are above 2, and halved */

    g_assert_cmpint(lb_adjust_numa_imbalance(2, 6, 6), ==, 0);
    g_assert_cmpint(lb_adjust_numa_imbalance(2, 7, 6), ==, 2);
    g_assert_cmpint(lb_adjust_numa_imbalance(3, 1, 6), ==, 3);
}

static void test_load(void)
{
    /* Both overloaded, averages 1280 and 2048, of both 1664: 384 of each 1024 of 8 CPUs. */
    struct lb_domain_stats sds = between(group(8, 10), group(8, 16));

    g_assert_cmpuint(sds.local.avg_load, ==, 1280);
    g_assert_cmpuint(sds.busiest.avg_load, ==, 2048);
    assert_pull(&sds, LB_MIGRATE_LOAD, 384 * 8);
    sds.idle = LB_BUSY;
    assert_pull(&sds, LB_MIGRATE_LOAD, 384 * 8);
    /* 1408 against 1536 is within 17 %. */
    sds = between(group(8, 11), group(8, 12));
    assert_pull(&sds, LB_MIGRATE_LOAD, 0);
    /* Full against overloaded: 1024 and 1536, of both 1280. */
    sds = between(group(8, 8), group(8, 12));
    assert_pull(&sds, LB_MIGRATE_LOAD, 256 * 8);
    /* Local at the domain's average: nothing. */
    sds.total_load = 8192;
    sds.total_capacity = 8192;
    assert_pull(&sds, LB_MIGRATE_LOAD, 0);
}

static void test_forced(void)
{
    struct lb_domain_stats sds = between(group(8, 8), group(8, 8));

    sds.busiest.type = LB_IMBALANCED;
    assert_pull(&sds, LB_MIGRATE_TASK, 1);
    sds.idle = LB_BUSY;
    assert_pull(&sds, LB_MIGRATE_TASK, 1);
    /* A core with two tasks, and an idle one that is not a core of siblings. */
    sds = between(group(1, 0), group(2, 2));
    sds.busiest.smt = true;
    sds.busiest.cores = 1;
    sds.busiest.type = LB_SMT_BALANCE;
    sds.share_llc = true;
    assert_pull(&sds, LB_MIGRATE_TASK, 1);
    sds.idle = LB_BUSY;
    assert_pull(&sds, LB_MIGRATE_TASK, 0);
}

static void test_sibling_imbalance(void)
{
    struct lb_group local = group(4, 1), busiest = group(4, 3);

    g_assert_cmpint(lb_sibling_imbalance(&local, &busiest, LB_IDLE), ==, 2);
    g_assert_cmpint(lb_sibling_imbalance(&busiest, &local, LB_IDLE), ==, 0);
    g_assert_cmpint(lb_sibling_imbalance(&local, &busiest, LB_BUSY), ==, 0);
    /* 1 core with none, 2 cores with 2: (2 * (1*2 - 2*0) + 3) / 3 = 2. */
    local = group(1, 0);
    busiest = group(2, 2);
    g_assert_cmpint(lb_sibling_imbalance(&local, &busiest, LB_NEWLY_IDLE), ==, 2);
    /* 2 cores with 1, 1 core with 1: (2 * (2*1 - 1*1) + 3) / 3 = 1. */
    local = group(2, 1);
    busiest = group(1, 1);
    g_assert_cmpint(lb_sibling_imbalance(&local, &busiest, LB_IDLE), ==, 1);
    /* 1 core with none, 6 cores with 2: (2*2 + 7) / 7 = 1, but an idle group may have one of two. */
    local = group(1, 0);
    busiest = group(6, 2);
    g_assert_cmpint(lb_sibling_imbalance(&local, &busiest, LB_IDLE), ==, 2);
}

/* --- Placing ------------------------------------------------------------------------------------- */

static bool prefers(const struct lb_group *local, const struct lb_group *idlest, bool numa,
                    uint32_t imb_numa_nr)
{
    struct lb_fork domain = {
        .numa = numa, .span_weight = 16, .imbalance_pct = 117, .imb_numa_nr = imb_numa_nr};

    return lb_prefer_idlest(&linux_6_12, local, idlest, &domain);
}

static void test_fork(void)
{
    struct lb_group local = group(8, 4), idlest = group(8, 3);

    g_assert_true(prefers(&local, &idlest, false, 0));
    g_assert_false(prefers(&idlest, &local, false, 0));
    g_assert_false(prefers(&local, &local, false, 0));
    /* Between nodes: 4 idle against 5 is a difference that 6 allowed tasks forgive, 1 does not. */
    g_assert_false(prefers(&local, &idlest, true, 6));
    g_assert_true(prefers(&local, &idlest, true, 1));
    idlest = group(8, 1);
    g_assert_true(prefers(&local, &idlest, true, 6)); /* 3 apart */
    /* Types decide first. */
    local = group(8, 12);
    g_assert_true(prefers(&local, &idlest, true, 6));
    g_assert_false(prefers(&idlest, &local, true, 6));
    /* Overloaded both: 17 % and 174 of load apart, which 1664 and 1536 are not, 2048 and 1536 are. */
    idlest = group(8, 12);
    local = group(8, 13);
    g_assert_false(prefers(&local, &idlest, false, 0));
    local = group(8, 16);
    g_assert_true(prefers(&local, &idlest, false, 0));
    g_assert_true(prefers(&local, &idlest, true, 0));
    /* Between nodes a lead of up to 174 is not enough: 830 + 174 >= 1000, while 1000 * 100 exceeds
     * 830 * 117. */
    local.avg_load = 1000;
    idlest.avg_load = 830;
    g_assert_true(prefers(&local, &idlest, false, 0));
    g_assert_false(prefers(&local, &idlest, true, 0));
}

static void test_idler(void)
{
    struct lb_group none = {.type = LB_OVERLOADED, .avg_load = UINT64_MAX};
    struct lb_group a = group(8, 2), b = group(8, 3), c = group(8, 12);

    g_assert_true(lb_idler(&c, &none));
    g_assert_true(lb_idler(&a, &c));
    g_assert_true(lb_idler(&a, &b));
    g_assert_false(lb_idler(&b, &a));
    b = a;
    g_assert_false(lb_idler(&b, &a));
    b.util--;
    g_assert_true(lb_idler(&b, &a));
}

static void test_nr_idle_scan(void)
{
    static const uint32_t weights[] = {8, 16, 32, 64};
    static const uint64_t utils[] = {0, 128, 256, 384, 512, 640, 768, 832, 875, 1024};
    static const uint32_t expected[4][10] = {
        {8, 7, 7, 6, 5, 3, 1, 0, 0, 0},
        {16, 15, 14, 12, 10, 7, 3, 1, 0, 0},
        {32, 31, 29, 25, 21, 14, 7, 3, 0, 0},
        {64, 62, 58, 51, 42, 29, 14, 6, 0, 0},
    };

    for (size_t w = 0; w < G_N_ELEMENTS(weights); w++) {
        for (size_t u = 0; u < G_N_ELEMENTS(utils); u++) {
            g_assert_cmpuint(lb_nr_idle_scan(utils[u] * weights[w], weights[w], 117), ==,
                             expected[w][u]);
        }
    }
}

static void test_wake_affine(void)
{
    struct lb_affine a = {
        .this_load = 1000,
        .prev_load = 3072,
        .task_load = 1024,
        .waker_load = 600,
        .this_capacity = 1024,
        .prev_capacity = 1024,
        .imbalance_pct = 117,
        .bias = true,
    };

    g_assert_true(lb_affine_by_weight(&a)); /* 2024 * 100 < 2048 * 108 */
    a.this_load = 1187;
    g_assert_true(lb_affine_by_weight(&a)); /* 221100 < 221184 */
    a.this_load = 1188;
    g_assert_false(lb_affine_by_weight(&a)); /* 221200 */
    a.sync = true;                           /* without the waker: 1612 * 100 */
    g_assert_true(lb_affine_by_weight(&a));
    a.waker_load = 1189; /* more than the CPU shows */
    a.prev_load = 0;
    g_assert_true(lb_affine_by_weight(&a));

    /* Two CPUs without load: a tie, which a sync wakeup gives to the waking CPU. */
    a = (struct lb_affine){
        .this_capacity = 1024, .prev_capacity = 1024, .imbalance_pct = 117, .bias = true};
    g_assert_false(lb_affine_by_weight(&a));
    a.sync = true;
    g_assert_true(lb_affine_by_weight(&a));
    /* 110 between siblings: the factor is 105. */
    a = (struct lb_affine){.this_load = 104,
                           .prev_load = 100,
                           .this_capacity = 1024,
                           .prev_capacity = 1024,
                           .imbalance_pct = 110,
                           .bias = true};
    g_assert_true(lb_affine_by_weight(&a));
    a.this_load = 105;
    g_assert_false(lb_affine_by_weight(&a));
    a.bias = false; /* without WA_BIAS only less is less */
    a.this_load = 99;
    g_assert_true(lb_affine_by_weight(&a));
    a.this_load = 100;
    g_assert_false(lb_affine_by_weight(&a));
}

static void test_wake_wide(void)
{
    g_assert_false(lb_wake_wide(0, 0, 8));
    g_assert_false(lb_wake_wide(1000, 7, 8)); /* the other must be at 8 */
    g_assert_false(lb_wake_wide(63, 8, 8));   /* and one at 64 */
    g_assert_true(lb_wake_wide(64, 8, 8));
    g_assert_true(lb_wake_wide(8, 64, 8));
}

/* --- Intervals ------------------------------------------------------------------------------------ */

static void test_intervals(void)
{
    static const struct {
        uint32_t ms;
        int64_t idle_j, busy_j;
    } cases[] = {{2, 1, 7}, {8, 2, 31}, {16, 4, 63}, {64, 16, 255}, {128, 32, 511}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpint(lb_interval_jiffies(cases[i].ms, 16, false, true, TICK_250_NS, 256), ==,
                        cases[i].idle_j);
        g_assert_cmpint(lb_interval_jiffies(cases[i].ms, 16, true, true, TICK_250_NS, 256), ==,
                        cases[i].busy_j);
    }
    /* At most HZ * CPUs / 10 jiffies: 100 with 4 CPUs. */
    g_assert_cmpint(lb_interval_jiffies(64, 16, true, true, TICK_250_NS, 4), ==, 100);
    g_assert_cmpint(lb_interval_jiffies(0, 16, true, true, TICK_250_NS, 4), ==, 1);
    g_assert_cmpint(lb_interval_jiffies(1, 16, true, true, 1000000, 8), ==, 15); /* HZ=1000 */
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/linux-balance/llc", test_llc);
    g_test_add_func("/linux-balance/group-type", test_group_type);
    g_test_add_func("/linux-balance/group-type-order", test_group_type_order);
    g_test_add_func("/linux-balance/busier", test_busier);
    g_test_add_func("/linux-balance/capacity", test_capacity);
    g_test_add_func("/linux-balance/packing", test_packing);
    g_test_add_func("/linux-balance/nothing-to-do", test_nothing_to_do);
    g_test_add_func("/linux-balance/spare", test_spare);
    g_test_add_func("/linux-balance/numa-allowance", test_numa_allowance);
    g_test_add_func("/linux-balance/load", test_load);
    g_test_add_func("/linux-balance/forced", test_forced);
    g_test_add_func("/linux-balance/sibling-imbalance", test_sibling_imbalance);
    g_test_add_func("/linux-balance/fork", test_fork);
    g_test_add_func("/linux-balance/idler", test_idler);
    g_test_add_func("/linux-balance/nr-idle-scan", test_nr_idle_scan);
    g_test_add_func("/linux-balance/wake-affine", test_wake_affine);
    g_test_add_func("/linux-balance/wake-wide", test_wake_wide);
    g_test_add_func("/linux-balance/intervals", test_intervals);
    return g_test_run();
}
