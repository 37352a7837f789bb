/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-eevdf-protection.c - what Linux 6.17 to 7.3 do otherwise than 6.12: how long the current task is protected, what
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

/* Values of slice_protection and short_wakee. */
enum { DEADLINE, SHORTEST, VPROT };
enum { EARLIER, PICKED, ELIGIBLE };

/*
 * Hogs with slices of 8 and 2, ticks of 0.1. As in 6.12 A runs its 8 once it has begun. With shortest
 * (6.17) it is protected for 2. With vprot (7.3) to where it has as much as B, and B has had its 2 by
 * then; without preempt_short for 2.
 */
static void test_slice_protection(void)
{
    static const struct {
        int64_t protection, preempt_short, least_us, most_us;
    } cases[] = {{DEADLINE, 1, 8000, 8100},
                 {SHORTEST, 1, 2000, 2200},
                 {SHORTEST, 0, 2000, 2200},
                 {VPROT, 1, 1900, 2200},
                 {VPROT, 0, 2000, 2200}};

    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        struct numasim_host *host = fake_host_new("eevdf");
        struct fake_task *a = fake_task_new(host, 1024), *b = fake_task_new(host, 1024);

        host->tick_ns = host->next_tick_ns = 100 * US;
        fake_set_param(host, "slice_protection", cases[c].protection);
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

/*
 * B, of slice 2, runs 1.5 alone and 0.4 beside A, of slice 8, who came at V; then it sleeps, 0.2 in debt.
 * A, from 1.5 on alone, is protected to its deadline, 9.5; without run_to_parity for a base slice,
 * 0.7, by the rule of 6.17, while that of 7.3 finds nobody who would make it ineligible. At 2.0 B wakes
 * at 2.4, beyond V, and does not preempt: from 6.17 on A has another 2 at most.
 */
static void test_shortened(void)
{
    static const struct {
        int64_t protection, rule, parity, before_us, after_us;
    } cases[] = {{DEADLINE, EARLIER, 1, 9500, 9500},
                 {SHORTEST, PICKED, 1, 9500, 4000},
                 {SHORTEST, PICKED, 0, 2200, 2200},
                 {VPROT, ELIGIBLE, 1, 9500, 4000},
                 {VPROT, ELIGIBLE, 0, 9500, 9500}};

    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        struct numasim_host *host = fake_host_new("eevdf");
        struct fake_task *a = fake_task_new(host, 1024), *b = fake_task_new(host, 1024);

        fake_set_param(host, "slice_protection", cases[c].protection);
        fake_set_param(host, "short_wakee", cases[c].rule);
        fake_set_param(host, "run_to_parity", cases[c].parity);
        fake_set_param(host, "place_deadline_initial", 0);
        fake_set_param(host, "delay_dequeue", 0);
        a->task.se.custom_slice_ns = 8 * MS;
        b->task.se.custom_slice_ns = 2 * MS;
        fake_fork(host, b);
        fake_run(host, 1500 * US);
        int64_t zero = state_of(b)->node.vruntime - 1500 * US;

        fake_fork(host, a);
        fake_run(host, 400 * US);
        fake_block(host, b);
        fake_schedule(host);
        g_assert_cmpint(state_of(b)->vlag, ==, -200 * US);
        fake_run(host, 500 * US);
        g_assert_cmpint(state_of(a)->node.vruntime, ==, zero + 2000 * US);
        g_assert_cmpint(state_of(a)->protected_till, ==, zero + cases[c].before_us * US);
        g_assert_false(fake_wake(host, b));
        g_assert_cmpint(state_of(b)->node.vruntime, ==, zero + 2400 * US);
        g_assert_cmpint(state_of(a)->protected_till, ==, zero + cases[c].after_us * US);
        fake_host_free(host);
    }
}

/* A, of slice 8, has run 0.5 of it, protected, when B wakes at V. From 6.17 on a slice shorter by
 * any, but no equal one, has the pick look past that; then B's deadline is before A's, or not. */
static void test_picked(void)
{
    static const struct {
        int64_t slice_us;
        bool preempts;
    } cases[] = {{2000, true}, {7400, true}, {7600, false}, {8000, false}};

    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        struct numasim_host *host = fake_host_new("eevdf");
        struct fake_task *a = fake_task_new(host, 1024), *b = fake_task_new(host, 1024);

        fake_set_param(host, "slice_protection", SHORTEST);
        fake_set_param(host, "short_wakee", PICKED);
        fake_set_param(host, "place_deadline_initial", 0);
        a->task.se.custom_slice_ns = 8 * MS;
        b->task.se.custom_slice_ns = cases[c].slice_us * US;
        fake_fork(host, a);
        fake_run(host, 500 * US);
        g_assert_true(fake_wake(host, b) == cases[c].preempts);
        fake_host_free(host);
    }
}

/*
 * next_buddy as of 6.19: B wakes beside A, which is protected, becomes the buddy and preempts; but
 * not where A says that it is about to sleep. Then B is picked first, unless C comes with a slice
 * that is shorter than B's, though not than A's: whose deadline is earlier is the buddy. (B's slice
 * is the longer one, which at V does not protect: a pick after it preempted gives A.)
 */
static void test_next_buddy(void)
{
    static const struct {
        bool next, sync;
        int64_t slice_us; /* of C; 0: there is none */
        int first, then;  /* of A, B, C: who runs after the wakes, and who after a pick */
    } cases[] = {{false, false, 0, 0, 0}, {true, false, 0, 1, 0},   {true, true, 0, 0, 1},
                 {false, true, 0, 0, 0},  {true, true, 9000, 0, 2}, {true, true, 11000, 0, 1}};

    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        struct numasim_host *host = fake_host_new("eevdf");
        struct fake_task *tasks[3];

        fake_set_param(host, "slice_protection", VPROT);
        fake_set_param(host, "short_wakee", ELIGIBLE);
        fake_set_param(host, "place_deadline_initial", 0);
        fake_set_param(host, "next_buddy", cases[c].next);
        host->wake_flags = cases[c].sync ? NUMASIM_WAKE_SYNC : 0;
        for (int t = 0; t < 3; t++) {
            const int64_t slices_us[] = {8000, 10000, cases[c].slice_us};

            tasks[t] = fake_task_new(host, 1024);
            tasks[t]->task.se.custom_slice_ns = slices_us[t] * US;
        }
        fake_fork(host, tasks[0]);
        fake_run(host, 500 * US);
        fake_wake(host, tasks[1]);
        if (cases[c].slice_us > 0) {
            fake_wake(host, tasks[2]);
        }
        g_assert_true(fake_current(host) == tasks[cases[c].first]);
        g_assert_true(fake_schedule(host) == tasks[cases[c].then]);
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
 * fork preempts as a wakeup does; where it may not, a shorter slice lets it all the same. */
static void test_short_wakee(void)
{
    static const struct {
        int64_t rule, fork_preempt;
        bool fork, preempts;
    } cases[] = {{EARLIER, 1, false, false}, {PICKED, 1, false, false}, {ELIGIBLE, 1, false, true},
                 {ELIGIBLE, 0, false, true}, {ELIGIBLE, 1, true, true}, {ELIGIBLE, 0, true, true}};

    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        struct numasim_host *host = fake_host_new("eevdf");
        struct fake_task *a = fake_task_new(host, 1024), *b = fake_task_new(host, 1024);

        fake_set_param(host, "place_deadline_initial", 0);
        fake_set_param(host, "short_wakee", cases[c].rule);
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
    g_test_add_func("/eevdf/shortened-protection", test_shortened);
    g_test_add_func("/eevdf/picked-wakee", test_picked);
    g_test_add_func("/eevdf/next-buddy-6.19", test_next_buddy);
    g_test_add_func("/eevdf/lag-limits", test_lag_limits);
    g_test_add_func("/eevdf/short-wakee", test_short_wakee);
    return g_test_run();
}
