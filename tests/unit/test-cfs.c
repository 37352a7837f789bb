/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-cfs.c - the plugin cfs against vectors derived by hand, and against what Linux 6.1 measures.
 *
 * With the fake host's 4 CPUs times are tripled: latency 18 ms, min_granularity 2.25 ms,
 * wakeup_granularity 3 ms. The first task of a queue starts one slice late, at v = 18 ms, which is
 * then the queue's min_vruntime. Times in the comments are in ms; "v" is vruntime.
 */
#include "cfs/cfs.h"
#include "fake-host.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)

/* Slices of the first and of the second hog of nice 0: 18 * 1024 / 1024 and 18 * 1024 / 2048, by the
 * truncated inverse of a queue's weight: 18000000 * (4194303 * 1024) >> 32, and 2097151. */
#define SLICE_1 INT64_C(17999995)
#define SLICE_2 INT64_C(8999995)

/* The states of the policy, which the test may look at. */
static const struct cfs_entity *state_of(const struct fake_task *t)
{
    return t->task.se.state;
}

static const struct cfs_queue *queue_of(const struct numasim_host *host)
{
    return host->queue.state;
}

static int64_t v_of(const struct fake_task *t)
{
    return state_of(t)->node.vruntime;
}

static struct fake_task *forked(struct numasim_host *host, uint32_t weight)
{
    struct fake_task *t = fake_task_new(host, weight);

    fake_fork(host, t);
    return t;
}

/* Seen at ticks of 0.1, a slice is over as soon as more than it has run, or a lead of more than it is
 * left of the turn before: @slice_us, or up to a tick more. */
static void assert_lasts(const struct fake_task *t, int64_t slice_us)
{
    struct fake_task copy = *t;
    int64_t stretch_ns = fake_median_stretch_ns(&copy);

    g_assert_cmpint(stretch_ns, >=, slice_us * US);
    g_assert_cmpint(stretch_ns, <=, (slice_us + 100) * US);
}

/* sched_slice() of @nr hogs of nice 0. */
static void assert_slice(int nr, int64_t slice_us)
{
    struct numasim_host *host = fake_host_new("cfs");

    host->tick_ns = host->next_tick_ns = 100 * US;
    for (int i = 0; i < nr; i++) {
        forked(host, 1024);
    }
    fake_run(host, 400 * MS);
    for (int i = 0; i < nr; i++) {
        assert_lasts(host->tasks[i], slice_us);
    }
    fake_host_free(host);
}

/* 18 / 2 = 9; 18 / 3 = 6; 18 / 8 = 2.25; from nine on the period is 2.25 each. */
static void test_slices(void)
{
    assert_slice(2, 9000);
    assert_slice(3, 6000);
    assert_slice(8, 2250);
    assert_slice(9, 2250);
    assert_slice(20, 2250);
}

/*
 * Shares of hogs over 4 s, within 0.5 %, and median stretches in ticks of 4 ms, as measured on Linux
 * 6.1.192 with 4 CPUs. There gaps show the stretches as 0.01 ms less.
 */
static void test_shares(void)
{
    static const struct {
        uint32_t weights[6];
        int64_t share_ppm[6], stretch_ms[6];
    } cases[] = {
        {{1024, 1024}, {501000, 499000}, {12, 12}},
        {{1024, 820}, {554600, 445400}, {12, 12}},
        {{1024, 335}, {753900, 246200}, {16, 4}},
        {{1024, 110}, {902900, 97100}, {36, 4}},
        {{1024, 15}, {985000, 15000}, {272, 4}},
        {{3121, 1024}, {751900, 248100}, {24, 8}},
        {{9548, 110}, {988000, 12000}, {348, 4}},
        {{1024, 335, 110}, {696100, 228900, 75000}, {16, 4, 4}},
        {{1024, 1024, 1024}, {333300, 333400, 333300}, {8, 8, 8}},
        {{1024, 1024, 1024, 1024, 1024, 1024},
         {167100, 167100, 166700, 167100, 166100, 166100},
         {4, 4, 4, 4, 4, 4}},
    };

    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        struct numasim_host *host = fake_host_new("cfs");

        for (int i = 0; i < 6 && cases[c].weights[i] != 0; i++) {
            forked(host, cases[c].weights[i]);
        }
        fake_run(host, 4000 * MS);
        for (uint32_t i = 0; i < host->nr_tasks; i++) {
            int64_t share = fake_share_ppm(host->tasks[i], 4000 * MS);

            g_assert_cmpint(ABS(share - cases[c].share_ppm[i]), <=, 5000);
            g_assert_cmpint(fake_median_stretch_ns(host->tasks[i]), ==,
                            cases[c].stretch_ms[i] * MS);
        }
        fake_host_free(host);
    }
}

/*
 * START_DEBIT: B comes at min_vruntime 58 (A began at 18 and ran 40) and is placed one slice later:
 * 18 * 1024 / 2048 = 9, so 67. Without it, at 58, and A began at 0.
 */
static void test_new(void)
{
    for (int debit = 0; debit < 2; debit++) {
        struct numasim_host *host = fake_host_new("cfs");
        struct fake_task *a, *b;

        fake_set_param(host, "start_debit", debit);
        a = forked(host, 1024);
        fake_run(host, 40 * MS);
        g_assert_cmpint(v_of(a), ==, (debit ? SLICE_1 : 0) + 40 * MS);
        g_assert_cmpint(queue_of(host)->min_vruntime, ==, v_of(a));
        b = forked(host, 1024);
        g_assert_cmpint(v_of(b) - v_of(a), ==, debit ? SLICE_2 : 0);
        g_assert_true(fake_current(host) == a);
        fake_host_free(host);
    }
}

/* A at 58 and B at 67, which sleeps; then A runs @more. */
static struct fake_task *sleeper(struct numasim_host *host, uint32_t weight, int64_t more_ns)
{
    struct fake_task *b;

    forked(host, 1024);
    fake_run(host, 40 * MS);
    b = forked(host, 1024);
    g_assert_true(fake_block(host, b));
    if (weight != 1024) {
        b->task.se.weight = weight;
    }
    fake_run(host, more_ns);
    return b;
}

/*
 * A sleeper comes back half a latency, 9, behind min_vruntime (GENTLE_FAIR_SLEEPERS; else 18), and
 * never earlier than it left: A at 98 gives 89 (80); A at 70 gives 67. A SCHED_IDLE one gets half a
 * min_granularity: 98 - 1.125.
 */
static void test_sleepers(void)
{
    static const struct {
        int64_t more_ms, gentle, idle, behind_us; /* behind: 0: not moved */
    } cases[] = {{40, 1, 0, 9000}, {40, 0, 0, 18000}, {12, 1, 0, 0}, {40, 1, 1, 1125}};

    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        struct numasim_host *host = fake_host_new("cfs");
        struct fake_task *b;

        fake_set_param(host, "gentle_fair_sleepers", cases[c].gentle);
        b = sleeper(host, 1024, cases[c].more_ms * MS);
        b->task.se.idle_policy = cases[c].idle != 0;
        fake_wake(host, b);
        if (cases[c].behind_us == 0) {
            g_assert_cmpint(v_of(b), ==, SLICE_1 + 40 * MS + SLICE_2);
        } else {
            g_assert_cmpint(v_of(host->tasks[0]) - v_of(b), ==, cases[c].behind_us * US);
        }
        fake_host_free(host);
    }
}

/* What stands for a cgroup only wakes, the first time too: no debit, but the credit of a sleeper. */
static void test_new_cgroup(void)
{
    struct numasim_host *host = fake_host_new("cfs");
    struct fake_task *group;

    forked(host, 1024);
    fake_run(host, 40 * MS);
    group = fake_task_new(host, 3);
    group->task.se.is_task = false;
    fake_wake(host, group);
    g_assert_cmpint(v_of(host->tasks[0]) - v_of(group), ==, 9 * MS);
    fake_host_free(host);
}

/*
 * Preempts iff the current one is ahead by more than 3 of the woken one's virtual time: A at 70 is 3
 * ahead of B at 67, no; 1 ns more, yes. At weight 335 it would have to be 3 * 1024 / 335 = 9.17, and a
 * sleeper is never more than 9 behind; at 3121, 0.9843. (A runs 9 to come level with B.)
 */
static void test_wakeup_preempt(void)
{
    static const struct {
        uint32_t weight;
        int64_t more_ns;
        bool preempts;
    } cases[] = {{1024, SLICE_2 + 3 * MS, false},
                 {1024, SLICE_2 + 3 * MS + 1, true},
                 {335, 200 * MS, false},
                 {3121, SLICE_2 + 985 * US, true},
                 {3121, SLICE_2 + 984 * US, false}};

    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        struct numasim_host *host = fake_host_new("cfs");
        struct fake_task *b = sleeper(host, cases[c].weight, cases[c].more_ns);

        g_assert_true(fake_wake(host, b) == cases[c].preempts);
        fake_host_free(host);
    }
}

/* SCHED_BATCH and SCHED_IDLE never preempt; a SCHED_IDLE current one gives way to anybody else. */
static void test_policies(void)
{
    static const struct {
        uint8_t policy;
        bool idle, idle_current, feature, preempts;
    } cases[] = {
        {NUMASIM_SCHED_OTHER, false, false, true, true},
        {NUMASIM_SCHED_OTHER, false, false, false, false},
        {NUMASIM_SCHED_BATCH, false, false, true, false},
        {NUMASIM_SCHED_IDLE, true, false, true, false},
        {NUMASIM_SCHED_OTHER, false, true, false, true},
        {NUMASIM_SCHED_BATCH, false, true, true, true},
        {NUMASIM_SCHED_IDLE, true, true, true, false},
    };

    for (size_t c = 0; c < G_N_ELEMENTS(cases); c++) {
        struct numasim_host *host = fake_host_new("cfs");
        struct fake_task *b;

        fake_set_param(host, "wakeup_preemption", cases[c].feature);
        b = sleeper(host, 1024, 40 * MS);
        b->task.policy = cases[c].policy;
        b->task.se.idle_policy = cases[c].idle;
        host->tasks[0]->task.se.idle_policy = cases[c].idle_current;
        g_assert_true(fake_wake(host, b) == cases[c].preempts);
        fake_host_free(host);
    }
}

/* LAST_BUDDY: whom a wakeup preempts is marked from eight on, and goes on when the woken one sleeps,
 * though others have less v: those forked at 58 + 2.25, which A passes within a granularity. */
static void test_buddies(void)
{
    for (int nr = 7; nr <= 8; nr++) {
        struct numasim_host *host = fake_host_new("cfs");
        struct fake_task *b = sleeper(host, 1024, 20 * MS), *a = host->tasks[0];

        while ((int)host->queue.nr_queued < nr - 1) {
            forked(host, 1024);
        }
        g_assert_true(fake_current(host) == a);
        g_assert_true(fake_wake(host, b));
        g_assert_true(queue_of(host)->next == NULL); /* picked: no longer marked */
        g_assert_true(queue_of(host)->last == (nr == 8 ? state_of(a) : NULL));
        fake_run(host, 1 * MS);
        g_assert_true(fake_current(host) == b);
        fake_block(host, b);
        g_assert_true(fake_schedule(host) == a);
        g_assert_null(queue_of(host)->last);
        fake_host_free(host);
    }
}

/* NEXT_BUDDY: a woken one that was too near to preempt is next all the same; eight or more. */
static void test_next_buddy(void)
{
    struct numasim_host *host = fake_host_new("cfs");
    struct fake_task *b;

    fake_set_param(host, "next_buddy", 1);
    b = sleeper(host, 1024, 10 * MS);
    for (int i = 0; i < 6; i++) {
        forked(host, 1024);
    }
    g_assert_false(fake_wake(host, b));
    g_assert_true(queue_of(host)->next == state_of(b));
    fake_host_free(host);
}

/*
 * Yielding skips the one with least v for the second where that is at most a granularity, 3, behind.
 * B is 9 behind A: A yields in vain at first; after 6 more it is 3, and B runs.
 */
static void test_yield(void)
{
    struct numasim_host *host = fake_host_new("cfs");
    struct fake_task *a = forked(host, 1024), *b;

    fake_run(host, 1 * MS);
    b = forked(host, 1024);
    g_assert_cmpint(v_of(b) - v_of(a), ==, SLICE_2);
    fake_yield(host);
    g_assert_true(fake_current(host) == a);
    fake_run(host, 6 * MS);
    g_assert_cmpint(v_of(b) - v_of(a), ==, SLICE_2 - 6 * MS);
    fake_yield(host);
    g_assert_true(fake_current(host) == b);
    fake_host_free(host);
}

/* A cgroup of half the weight above: the period, 18 for three tasks, halved in it and halved above it
 * is 4.5. With alt_period off only its own two tasks would count, with the same 18. */
static void test_groups(void)
{
    struct numasim_host *host = fake_host_new("cfs");
    struct numasim_queue root = {.weight_sum = 2048};
    struct numasim_entity group = {.weight = 1024, .queued = true, .queue = &root};

    host->tick_ns = host->next_tick_ns = 100 * US;
    host->queue.parent = &group;
    host->nr_elsewhere = 1;
    forked(host, 1024);
    forked(host, 1024);
    fake_run(host, 200 * MS);
    assert_lasts(host->tasks[0], 4500);
    assert_lasts(host->tasks[1], 4500);
    fake_host_free(host);
    /* Ten tasks elsewhere: 12 * 2.25 = 27, a quarter of which is 6.75. */
    host = fake_host_new("cfs");
    host->tick_ns = host->next_tick_ns = 100 * US;
    host->queue.parent = &group;
    host->nr_elsewhere = 10;
    forked(host, 1024);
    forked(host, 1024);
    fake_run(host, 200 * MS);
    assert_lasts(host->tasks[0], 6750);
    fake_host_free(host);
}

/* B, 9 beyond min_vruntime 58, leaves for another CPU, and joins where it is 98: at 107. One that
 * sleeps is not moved while min_vruntime is the same queue's. */
static void test_migration(void)
{
    struct numasim_host *host = fake_host_new("cfs");
    struct fake_task *b;

    forked(host, 1024);
    fake_run(host, 40 * MS);
    b = forked(host, 1024);
    fake_leave(host, b);
    g_assert_cmpint(v_of(b), ==, SLICE_2);
    fake_run(host, 40 * MS);
    fake_join(host, b);
    g_assert_cmpint(v_of(b), ==, SLICE_1 + 80 * MS + SLICE_2);
    fake_host_free(host);
}

/* A change of weight leaves v where it is, and its pace follows: 335 * 3.0567 per ns. */
static void test_reweight(void)
{
    struct numasim_host *host = fake_host_new("cfs");
    struct fake_task *a = forked(host, 1024);

    fake_run(host, 4 * MS);
    g_assert_cmpint(v_of(a), ==, SLICE_1 + 4 * MS);
    fake_reweight(host, a, 335);
    g_assert_cmpint(v_of(a), ==, SLICE_1 + 4 * MS);
    fake_run(host, 4 * MS);
    g_assert_cmpint(v_of(a), ==, SLICE_1 + 4 * MS + 12226865); /* as test-eevdf.c derives it */
    fake_host_free(host);
}

/* HRTICK: a slice of 9 ends after 9, not at the third tick of 4; and where a third task joins after 7,
 * at once, because 6 are what it is now. Without it the current one stays till a tick sees that. */
static void test_hrtick(void)
{
    for (int hrtick = 0; hrtick < 2; hrtick++) {
        struct numasim_host *host = fake_host_new("cfs");
        struct fake_task *a, *b;

        fake_set_param(host, "hrtick", hrtick);
        forked(host, 1024);
        a = forked(host, 1024);
        fake_run(host, 1000 * MS);
        if (hrtick) {
            g_assert_cmpint(fake_median_stretch_ns(a), >=, SLICE_2);
            g_assert_cmpint(fake_median_stretch_ns(a), <=, SLICE_2 + 10 * US);
        } else {
            g_assert_cmpint(fake_median_stretch_ns(a), ==, 12 * MS);
        }
        while (fake_current(host)->task.se.sum_exec_ns -
                   state_of(fake_current(host))->prev_sum_exec_ns <
               7 * MS) {
            fake_run(host, 100 * US);
        }
        a = fake_current(host);
        b = fake_task_new(host, 1024);
        fake_set_param(host, "wakeup_preemption", 0);
        fake_wake(host, b);
        g_assert_true((fake_current(host) == a) == !hrtick);
        fake_host_free(host);
    }
}

/* With hrtick, ticks leave alone who is ahead by more than a slice: B, awake again, is 9 behind, and has
 * to wait until A has had its slice, 18 * 1024 / 2383. With double_tick the first tick after 2.25 brings it
 * back. */
static void test_double_tick(void)
{
    for (int twice = 0; twice < 2; twice++) {
        struct numasim_host *host = fake_host_new("cfs");
        struct fake_task *a, *b;
        int64_t ran_ns;

        fake_set_param(host, "hrtick", 1);
        fake_set_param(host, "double_tick", twice);
        fake_set_param(host, "wakeup_preemption", 0);
        a = forked(host, 1024);
        b = forked(host, 1024);
        forked(host, 335);
        while (fake_current(host) != b) {
            fake_run(host, 100 * US);
        }
        fake_block(host, b);
        fake_schedule(host);
        fake_run(host, 60 * MS);
        do {
            fake_run(host, 10 * US);
        } while (fake_current(host) != a ||
                 a->task.se.sum_exec_ns - state_of(a)->prev_sum_exec_ns > 100 * US);
        fake_wake(host, b);
        while (fake_current(host) == a) {
            fake_run(host, 10 * US);
        }
        ran_ns = a->task.se.sum_exec_ns - state_of(a)->prev_sum_exec_ns;
        if (twice) {
            g_assert_cmpint(ran_ns, <, (2250 + 4000 + 10) * US);
        } else {
            g_assert_cmpint(ran_ns, >=, 18 * MS * 1024 / 2383 - 10);
            g_assert_cmpint(ran_ns, <, 18 * MS * 1024 / 2383 + 10 * US);
        }
        fake_host_free(host);
    }
}

/* One that sleeps beside others of its cgroup leaves it the buddy, at each level above; unless that is
 * cpu.idle. */
static void test_cgroup_buddy(void)
{
    for (int idle = 0; idle < 2; idle++) {
        struct numasim_host *host = fake_host_new("cfs");
        struct cfs_queue above = {0};
        struct cfs_entity state = {0};
        struct numasim_queue root = {.weight_sum = 2048, .state = &above};
        struct numasim_entity cgroup = {.weight = 1024,
                                        .queued = true,
                                        .idle_policy = idle != 0,
                                        .queue = &root,
                                        .state = &state};
        struct fake_task *a;

        host->queue.parent = &cgroup;
        a = forked(host, 1024);
        forked(host, 1024);
        fake_run(host, 1 * MS);
        g_assert_null(above.next);
        fake_block(host, a);
        g_assert_true(above.next == (idle ? NULL : &state));
        fake_host_free(host);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cfs/slices", test_slices);
    g_test_add_func("/cfs/shares", test_shares);
    g_test_add_func("/cfs/new", test_new);
    g_test_add_func("/cfs/sleepers", test_sleepers);
    g_test_add_func("/cfs/new-cgroup", test_new_cgroup);
    g_test_add_func("/cfs/wakeup-preempt", test_wakeup_preempt);
    g_test_add_func("/cfs/policies", test_policies);
    g_test_add_func("/cfs/buddies", test_buddies);
    g_test_add_func("/cfs/next-buddy", test_next_buddy);
    g_test_add_func("/cfs/cgroup-buddy", test_cgroup_buddy);
    g_test_add_func("/cfs/hrtick", test_hrtick);
    g_test_add_func("/cfs/double-tick", test_double_tick);
    g_test_add_func("/cfs/yield", test_yield);
    g_test_add_func("/cfs/groups", test_groups);
    g_test_add_func("/cfs/migration", test_migration);
    g_test_add_func("/cfs/reweight", test_reweight);
    return g_test_run();
}
