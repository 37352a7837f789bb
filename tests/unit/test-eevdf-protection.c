/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-eevdf-protection.c - what Linux 7.3 does otherwise: how long the current task is protected, what
 * bounds lag, whom a wakeup preempts. Against vectors derived by hand; times in the comments are in ms.
 */
#include "fake-host.h"
#include "vtime.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)

/* The state of the policy, which the test may look at. */
static const struct eevdf_entity *state_of(const struct fake_task *t)
{
    return t->task.se.state;
}

/*
 * Hogs with slices of 8 and 2, ticks of 0.1. As in 6.12 A runs its 8 once it has begun. With vprot it
 * is protected to where it has as much as B (7.3), and B has had its 2 by then; without
 * preempt_short for 2.
 */
static void test_slice_protection(void)
{
    static const struct {
        int64_t vprot, preempt_short, least_us, most_us;
    } cases[] = {{0, 1, 8000, 8100}, {1, 1, 1900, 2200}, {1, 0, 2000, 2200}};

    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        struct numasim_host *host = fake_host_new("eevdf");
        struct fake_task *a = fake_task_new(host, 1024), *b = fake_task_new(host, 1024);

        host->tick_ns = host->next_tick_ns = 100 * US;
        fake_set_param(host, "slice_protection", cases[c].vprot);
        fake_set_param(host, "preempt_short", cases[c].preempt_short);
        a->task.se.custom_slice_ns = 8 * MS;
        b->task.se.custom_slice_ns = 2 * MS;
        fake_fork(host, a);
        fake_fork(host, b);
        fake_run(host, 400 * MS);
        g_assert_cmpint(fake_median_stretch_ns(a), >=, cases[c].least_us * US);
        g_assert_cmpint(fake_median_stretch_ns(a), <=, cases[c].most_us * US);
        g_assert_cmpint(ABS(a->run_ns - b->run_ns), <=, 8100 * US);
        fake_host_free(host);
    }
}

/* A is 5 ahead of V when it leaves; slices are 0.3. 6.12 lets it owe max(0.6, 4), 7.3 0.3 + 4, and 8
 * + 4 beside one whose slice is 8. */
static void test_lag_limits(void)
{
    static const struct {
        int64_t limit, slice_ms, vlag_us;
    } cases[] = {{0, 0, -4000}, {1, 0, -4300}, {1, 8, -5000}};

    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        struct numasim_host *host = fake_host_new("eevdf");
        struct fake_task *a, *b = fake_task_new(host, 1024);

        host->next_tick_ns = 100 * MS;
        fake_set_param(host, "base_slice", 100 * US);
        fake_set_param(host, "lag_limit", cases[c].limit);
        a = fake_task_new(host, 1024);
        fake_fork(host, a);
        fake_schedule(host);
        b->task.se.custom_slice_ns = cases[c].slice_ms * MS;
        fake_fork(host, b);
        fake_run(host, 10 * MS);
        fake_leave(host, a);
        g_assert_cmpint(state_of(a)->vlag, ==, cases[c].vlag_us * US);
        fake_host_free(host);
    }
}

/* A has 0.5 of its 8 left when B, with a slice of 2, comes with the same v: its deadline is later. A
 * fork preempts as a wakeup does, unless it may not. */
static void test_short_wakee(void)
{
    static const struct {
        int64_t eligible, fork_preempt;
        bool fork, preempts;
    } cases[] = {{0, 1, false, false},
                 {1, 1, false, true},
                 {1, 0, false, true},
                 {1, 1, true, true},
                 {1, 0, true, false}};

    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        struct numasim_host *host = fake_host_new("eevdf");
        struct fake_task *a = fake_task_new(host, 1024), *b = fake_task_new(host, 1024);

        fake_set_param(host, "place_deadline_initial", 0);
        fake_set_param(host, "short_wakee", cases[c].eligible);
        fake_set_param(host, "fork_preempt", cases[c].fork_preempt);
        a->task.se.custom_slice_ns = 8 * MS;
        b->task.se.custom_slice_ns = 2 * MS;
        fake_fork(host, a);
        fake_run(host, 7500 * US);
        if (cases[c].fork) {
            fake_fork(host, b);
            g_assert_true((fake_current(host) == b) == cases[c].preempts);
        } else {
            g_assert_true(fake_wake(host, b) == cases[c].preempts);
        }
        fake_host_free(host);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/eevdf/slice-protection", test_slice_protection);
    g_test_add_func("/eevdf/lag-limits", test_lag_limits);
    g_test_add_func("/eevdf/short-wakee", test_short_wakee);
    return g_test_run();
}
