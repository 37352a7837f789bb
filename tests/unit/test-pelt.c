/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Load tracking against numbers that follow from its definition (kernel/sched/pelt.c, 6.12: periods
 * of 1024 x 1024 ns, y^32 = 1/2, truncating integers): a task that runs from 0 on, and decays.
 */
#include <glib.h>
#include <string.h>

#include "base/rng.h"
#include "kernel/pelt.h"

#define PERIOD_NS (INT64_C(1024) * 1024)

struct vector {
    int64_t periods;
    uint64_t value;
};

static void test_rise(void)
{
    static const struct vector vectors[] = {{1, 21},    {4, 85},     {8, 163},   {10, 199},
                                            {16, 300},  {32, 512},   {64, 768},  {100, 907},
                                            {128, 960}, {200, 1011}, {345, 1024}};

    for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
        struct pelt tick_by_tick = {0}, at_once = {0};

        for (int64_t n = 1; n <= vectors[i].periods; n++) {
            pelt_update(&tick_by_tick, n * PERIOD_NS, 1, 1, true, 1024);
        }
        pelt_update(&at_once, vectors[i].periods * PERIOD_NS, 1, 1, true, 1024);
        g_assert_cmpuint(tick_by_tick.util_avg, ==, vectors[i].value);
        g_assert_cmpuint(tick_by_tick.runnable_avg, ==, vectors[i].value);
        /* The load's sum is not scaled by 1024, and in one step sums are rounded elsewhere. */
        g_assert_cmpuint(tick_by_tick.load_avg, <=, vectors[i].value);
        g_assert_cmpuint(tick_by_tick.load_avg + 2, >=, vectors[i].value);
        g_assert_cmpuint(at_once.util_avg, <=, vectors[i].value);
        g_assert_cmpuint(at_once.util_avg + 1, >=, vectors[i].value);
    }
}

static void test_decay(void)
{
    static const struct vector vectors[] = {{0, 1023},        {1, 1002},     {4, 939},  {8, 861},
                                            {16, 724},        {32, 511},     {64, 255}, {100, 117},
                                            {32 * 63 + 1, 0}, {INT64_MAX, 0}};

    for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
        g_assert_cmpuint(pelt_decay(1024, (uint64_t)vectors[i].periods), ==, vectors[i].value);
    }
    g_assert_cmpuint(pelt_decay(UINT64_MAX, 32), ==, (UINT64_C(1) << 63) - (UINT64_C(1) << 31) - 1);
}

/* Less than a period changes sums and no average; less than 1024 ns changes nothing and is kept. */
static void test_below_a_period(void)
{
    struct pelt p = {0};

    pelt_update(&p, 1023, 1, 1, true, 1024);
    g_assert_cmpint(p.last_update_ns, ==, 0);
    pelt_update(&p, 1024 * 1000 + 1023, 1, 1, true, 1024);
    g_assert_cmpint(p.last_update_ns, ==, 1024 * 1000);
    g_assert_cmpuint(p.period_contrib, ==, 1000);
    g_assert_cmpuint(p.load_sum, ==, 1000);
    g_assert_cmpuint(p.util_sum, ==, 1000 << 10);
    g_assert_cmpuint(p.util_avg, ==, 0);
    pelt_update(&p, 1024 * 1024, 1, 1, true, 1024);
    g_assert_cmpuint(p.period_contrib, ==, 0);
    g_assert_cmpuint(p.util_avg, ==, 21);
    /* Time never goes back. */
    struct pelt before = p;

    pelt_update(&p, 5, 1, 1, true, 1024);
    g_assert_true(memcmp(&p, &before, sizeof(p)) == 0);
}

/* Queued and not running, not queued, several runnable ones; in one step all truncate by one. */
static void test_states(void)
{
    struct pelt waits = {0}, sleeps = {0}, queue = {0};
    const int64_t long_ns = 400 * PERIOD_NS;

    pelt_update(&waits, long_ns, 1, 1, false, 335);
    g_assert_cmpuint(waits.load_avg, ==, 334);
    g_assert_cmpuint(waits.runnable_avg, ==, 1023);
    g_assert_cmpuint(waits.util_avg, ==, 0);
    pelt_update(&sleeps, long_ns, 0, 1, true, 1024);
    g_assert_cmpuint(sleeps.load_avg + sleeps.runnable_avg + sleeps.util_avg, ==, 0);
    pelt_update(&queue, long_ns, 1024 + 335, 2, true, 1);
    g_assert_cmpuint(queue.load_avg, ==, 1024 + 335 - 1);
    g_assert_cmpuint(queue.runnable_avg, ==, 2047);
    g_assert_cmpuint(queue.util_avg, ==, 1023);
    /* Half of it is gone after 32 periods of sleep. */
    pelt_update(&queue, long_ns + 32 * PERIOD_NS, 0, 0, false, 1);
    g_assert_cmpuint(queue.util_avg, >=, 511);
    g_assert_cmpuint(queue.util_avg, <=, 512);
}

/* An update in two parts gives the sums of one, but for what truncation takes; the averages follow
 * at the next period. */
static void test_splitting(void)
{
    struct rng r = rng_init(1, RNG_POLICY);

    for (uint64_t i = 0; i < 2000; i++) {
        struct pelt whole = {0}, cut = {0};
        int64_t end_ns = (int64_t)rng_below(&r, 4 * i, 3000000000) + 1;
        int64_t cut_ns = (int64_t)rng_below(&r, 4 * i + 1, (uint64_t)end_ns);
        bool running = rng_below(&r, 4 * i + 2, 2) != 0;

        pelt_update(&whole, end_ns, 1, 1, running, 1024);
        pelt_update(&cut, cut_ns, 1, 1, running, 1024);
        pelt_update(&cut, end_ns, 1, 1, running, 1024);
        g_assert_cmpint(cut.last_update_ns, ==, whole.last_update_ns);
        g_assert_cmpuint(cut.period_contrib, ==, whole.period_contrib);
        g_assert_cmpuint(cut.load_sum, <=, whole.load_sum + 3);
        g_assert_cmpuint(cut.load_sum + 3, >=, whole.load_sum);
        g_assert_cmpuint(cut.util_sum, <=, whole.util_sum + 3 * 1024);
        g_assert_cmpuint(cut.util_sum + 3 * 1024, >=, whole.util_sum);
        g_assert_cmpuint(whole.util_avg, ==, running ? whole.runnable_avg : 0);
        g_assert_cmpuint(whole.runnable_avg, <=, 1024);
    }
}

static void test_attach(void)
{
    struct pelt cfs = {0}, se = {0};

    pelt_update(&cfs, 50 * PERIOD_NS + 500 * 1024, 1024, 1, true, 1);
    pelt_update(&se, 20 * PERIOD_NS, 1, 1, true, 335);
    struct pelt before = cfs;
    uint64_t util = se.util_avg, load = se.load_avg;

    pelt_attach(&cfs, &se, 335);
    g_assert_cmpint(se.last_update_ns, ==, cfs.last_update_ns);
    g_assert_cmpuint(cfs.util_avg, ==, before.util_avg + util);
    g_assert_cmpuint(cfs.load_avg, ==, before.load_avg + load);
    pelt_detach(&cfs, &se, 335);
    g_assert_cmpuint(cfs.util_avg, ==, before.util_avg);
    g_assert_cmpuint(cfs.load_avg, ==, before.load_avg);
    /* What is not there cannot be taken away. */
    pelt_detach(&cfs, &before, 1 << 20);
    pelt_detach(&cfs, &before, 1 << 20);
    g_assert_cmpuint(cfs.util_avg, ==, 0);
    g_assert_cmpuint(cfs.load_avg, ==, 0);
}

/* A new task: full load; half of the CPU's spare capacity, or its part of the queue's utilisation. */
static void test_new_task(void)
{
    struct pelt se, cfs = {0};

    pelt_init_task(&se, &cfs, 1024, 1024, true, 77);
    g_assert_cmpuint(se.load_avg, ==, 1024);
    g_assert_cmpuint(se.util_avg, ==, 512);
    cfs.util_avg = 100;
    cfs.load_avg = 1023;
    pelt_init_task(&se, &cfs, 1024, 1024, true, 77);
    g_assert_cmpuint(se.util_avg, ==, 100);
    pelt_init_task(&se, &cfs, 1024, 1024, false, 77); /* half of what is left, as always then */
    g_assert_cmpuint(se.util_avg, ==, 462);
    cfs.util_avg = 600;
    pelt_init_task(&se, &cfs, 1024, 1024, true,
                   77); /* 600 of 600, but no more than (1024 - 600) / 2 */
    g_assert_cmpuint(se.util_avg, ==, 212);
    cfs.util_avg = 1024;
    pelt_init_task(&se, &cfs, 1024, 1024, true, 77);
    g_assert_cmpuint(se.util_avg, ==, 0);
}

/* Upwards at once; down by a quarter, unless it is nearly nothing, or others had the CPU meanwhile. */
static void test_util_est(void)
{
    struct pelt se = {.util_avg = 400, .runnable_avg = 400};

    g_assert_cmpuint(pelt_util_est(0, &se, 1024, true), ==, 400);
    g_assert_cmpuint(pelt_util_est(399, &se, 1024, true), ==, 400);
    g_assert_cmpuint(pelt_util_est(409, &se, 1024, true), ==, 409);
    g_assert_cmpuint(pelt_util_est(410, &se, 1024, true), ==, 407); /* 410 - 10 / 4, downwards */
    g_assert_cmpuint(pelt_util_est(800, &se, 1024, true), ==, 700);
    g_assert_cmpuint(pelt_util_est(800, &se, 399, true), ==, 800); /* more than its CPU has */
    se.runnable_avg = 410;
    g_assert_cmpuint(pelt_util_est(800, &se, 1024, true), ==, 700);
    se.runnable_avg = 411;
    g_assert_cmpuint(pelt_util_est(800, &se, 1024, true), ==, 800);
    g_assert_cmpuint(pelt_util_est(800, &se, 1024, false), ==, 700); /* before 6.8 */
    g_assert_cmpuint(pelt_util_est(300, &se, 1024, true), ==, 400);
}

/* A CPU of half the capacity: its time passes half as fast while it runs, and catches up in idleness;
 * a CPU like all others tells the time as it is. */
static void test_clock_idle(void)
{
    struct pelt_clock same = {0}, half = {.scaled = true};

    pelt_clock_run(&same, 1024, 1024, 1000);
    g_assert_cmpint(pelt_clock_ns(&same, 1024, 5000), ==, 5000);
    g_assert_cmpint(pelt_clock_ns(&half, 512, 1000), ==, 1000);
    pelt_clock_run(&half, 512, 1024, 1000);
    g_assert_cmpint(pelt_clock_ns(&half, 512, 1001), ==, 1000);
    g_assert_cmpint(pelt_clock_ns(&half, 512, 3000), ==, 2000);
    /* At half its frequency, a quarter; what passed before stays. */
    pelt_clock_run(&half, 512, 512, 3000);
    g_assert_cmpint(pelt_clock_ns(&half, 512, 7000), ==, 3000);
    /* It looked the whole time, but so did nobody else: no change. */
    g_assert_cmpint(pelt_clock_ns(&half, 512, 7000), ==, 3000);
    pelt_clock_idle(&half, 512, 0, 7000);
    g_assert_cmpint(pelt_clock_ns(&half, 512, 7000), ==, 7000);
    g_assert_cmpint(half.lost_ns, ==, 0);
    pelt_clock_run(&half, 512, 1024, 9000);
    g_assert_cmpint(pelt_clock_ns(&half, 512, 9000), ==, 9000);
}

/* Utilisation means the same on every CPU: what takes 4 ms of 16 on a full one takes 8 ms on a CPU of
 * half the capacity. One that never sleeps is a full one there, too; it only takes longer to show. */
static void test_clock_invariance(void)
{
    struct pelt_clock clock = {.scaled = true};
    struct pelt full = {0}, half = {0}, always = {0};
    const int64_t unit_ns = 4 * PERIOD_NS;

    for (int64_t i = 0; i < 200; i++) {
        int64_t at_ns = i * 4 * unit_ns;

        pelt_update(&full, at_ns, 0, 0, false, 1024);
        pelt_update(&full, at_ns + unit_ns, 1, 1, true, 1024);
        pelt_update(&half, pelt_clock_ns(&clock, 512, at_ns), 0, 0, false, 1024);
        pelt_clock_run(&clock, 512, 1024, at_ns);
        pelt_update(&half, pelt_clock_ns(&clock, 512, at_ns + 2 * unit_ns), 1, 1, true, 1024);
        pelt_clock_idle(&clock, 512, half.util_sum, at_ns + 2 * unit_ns);
    }
    g_assert_cmpuint(full.util_avg, ==, half.util_avg);
    g_assert_cmpint(clock.lost_ns, ==, 0);
    clock = (struct pelt_clock){.scaled = true};
    pelt_clock_run(&clock, 512, 1024, 0);
    for (int64_t n = 1; n <= 64; n++) {
        pelt_update(&always, pelt_clock_ns(&clock, 512, n * PERIOD_NS), 1, 1, true, 1024);
    }
    g_assert_cmpuint(always.util_avg, ==, 512); /* as a full CPU after half of the time */
    for (int64_t n = 65; n <= 2000; n++) {
        pelt_update(&always, pelt_clock_ns(&clock, 512, n * PERIOD_NS), 1, 1, true, 1024);
    }
    g_assert_cmpuint(always.util_avg, ==, 1024);
    /* No idle time was left over for it to be cut short of. */
    pelt_clock_idle(&clock, 512, always.util_sum, 2000 * PERIOD_NS);
    g_assert_cmpint(clock.lost_ns, ==, 1000 * PERIOD_NS);
    g_assert_cmpint(pelt_clock_ns(&clock, 512, 2000 * PERIOD_NS), ==, 1000 * PERIOD_NS);
    g_assert_cmpint(pelt_clock_ns(&clock, 512, 2001 * PERIOD_NS), ==, 1001 * PERIOD_NS);
}

/* What left is in the queue's average until it is taken off, and then what stays is as if detached. */
static void test_removed(void)
{
    struct pelt cfs = {0}, stays = {0}, goes = {0};
    struct pelt_removed removed = {0};

    for (int64_t n = 1; n <= 64; n++) {
        pelt_update(&stays, n * PERIOD_NS, 1, 1, true, 1024);
        pelt_update(&goes, n * PERIOD_NS, 1, 1, true, 1024);
        pelt_update(&cfs, n * PERIOD_NS, 0, 0, false, 1);
    }
    pelt_attach(&cfs, &stays, 1024);
    pelt_attach(&cfs, &goes, 1024);
    g_assert_cmpuint(cfs.util_avg, ==, stays.util_avg + goes.util_avg);

    pelt_remove(&removed, &goes);
    g_assert_cmpuint(removed.util_avg, ==, goes.util_avg);
    g_assert_cmpuint(cfs.util_avg, ==, stays.util_avg + goes.util_avg);

    pelt_take_removed(&cfs, &removed);
    g_assert_cmpuint(cfs.load_avg, ==, stays.load_avg);
    g_assert_cmpuint(cfs.util_avg, ==, stays.util_avg);
    g_assert_cmpuint(cfs.runnable_avg, ==, stays.runnable_avg);
    g_assert_cmpuint(cfs.util_sum, ==, stays.util_sum);
    g_assert_cmpuint(removed.load_avg + removed.util_avg + removed.runnable_avg, ==, 0);

    /* More than there is leaves nothing. */
    pelt_remove(&removed, &goes);
    pelt_remove(&removed, &goes);
    pelt_take_removed(&cfs, &removed);
    g_assert_cmpuint(cfs.util_avg, ==, 0);
    g_assert_cmpuint(cfs.util_sum, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pelt/rise", test_rise);
    g_test_add_func("/pelt/decay", test_decay);
    g_test_add_func("/pelt/below-a-period", test_below_a_period);
    g_test_add_func("/pelt/states", test_states);
    g_test_add_func("/pelt/splitting", test_splitting);
    g_test_add_func("/pelt/attach", test_attach);
    g_test_add_func("/pelt/removed", test_removed);
    g_test_add_func("/pelt/new-task", test_new_task);
    g_test_add_func("/pelt/util-est", test_util_est);
    g_test_add_func("/pelt/clock-idle", test_clock_idle);
    g_test_add_func("/pelt/clock-invariance", test_clock_invariance);
    return g_test_run();
}
