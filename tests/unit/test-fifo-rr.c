/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-fifo-rr.c - the plugins fifo and rr, step by step. Ticks of the fake host: 4 ms. */
#include "fake-host.h"

#define MS INT64_C(1000000)

static struct fake_task *forked(struct numasim_host *host)
{
    struct fake_task *t = fake_task_new(host, 1024);

    fake_fork(host, t);
    return t;
}

/* The current task stops for a task of a higher class, and a new pick follows. */
static struct fake_task *pushed_off(struct numasim_host *host)
{
    fake_run(host, 0);
    host->ops->put_current(&host->self, &host->queue, host->queue.curr);
    host->queue.curr = NULL;
    return fake_schedule(host);
}

/* Each until it blocks, in the order of waking, whatever wakes meanwhile and however long it takes. */
static void test_fifo_order(void)
{
    struct numasim_host *host = fake_host_new("fifo");
    struct fake_task *a = forked(host), *b = forked(host), *c = forked(host);

    fake_run(host, 1000 * MS);
    g_assert_true(fake_current(host) == a);
    g_assert_true(fake_block(host, a));
    g_assert_true(fake_schedule(host) == b);
    fake_wake(host, a);
    fake_run(host, 1000 * MS);
    g_assert_true(fake_current(host) == b);
    g_assert_true(fake_block(host, b));
    g_assert_true(fake_schedule(host) == c);
    g_assert_true(fake_block(host, c));
    g_assert_true(fake_schedule(host) == a);
    g_assert_true(fake_block(host, a));
    g_assert_null(fake_schedule(host));
    g_assert_cmpint(a->run_ns, ==, 1000 * MS);
    g_assert_cmpint(b->run_ns, ==, 1000 * MS);
    g_assert_cmpuint(host->nr_switches, ==, 4);
    fake_host_free(host);
}

/* A higher class does not cost a task its place; yielding does, and alone it changes nothing. */
static void test_places(const void *name)
{
    struct numasim_host *host = fake_host_new(name);
    struct fake_task *a = forked(host), *b, *c;

    fake_run(host, MS);
    fake_yield(host);
    g_assert_true(fake_current(host) == a);
    b = forked(host);
    c = forked(host);
    g_assert_true(pushed_off(host) == a);
    fake_yield(host);
    g_assert_true(fake_current(host) == b);
    fake_leave(host, c);
    g_assert_true(pushed_off(host) == b);
    fake_yield(host);
    g_assert_true(fake_current(host) == a);
    fake_join(host, c);
    fake_reweight(host, c, 15);
    fake_block(host, a);
    g_assert_true(fake_schedule(host) == b);
    fake_block(host, b);
    g_assert_true(fake_schedule(host) == c);
    fake_host_free(host);
}

/* 10 ms slices: at ticks of 4 ms they end at 12. */
static void test_rr_ticks(void)
{
    struct numasim_host *host = fake_host_new("rr");
    struct fake_task *a, *b, *c;

    fake_set_param(host, "slice", 10 * MS);
    a = forked(host);
    b = forked(host);
    c = forked(host);
    fake_run(host, 11 * MS);
    g_assert_true(fake_current(host) == a);
    fake_run(host, 1 * MS);
    g_assert_true(fake_current(host) == b);
    fake_run(host, 348 * MS);
    g_assert_cmpint(a->run_ns, ==, 120 * MS);
    g_assert_cmpint(b->run_ns, ==, 120 * MS);
    g_assert_cmpint(c->run_ns, ==, 120 * MS);
    g_assert_cmpint(fake_median_stretch_ns(b), ==, 12 * MS);
    fake_host_free(host);
}

/* The default is that of sched_rr_timeslice_ms. */
static void test_rr_default(void)
{
    struct numasim_host *host = fake_host_new("rr");
    struct fake_task *a = forked(host);

    forked(host);
    fake_run(host, 500 * MS);
    g_assert_cmpint(fake_median_stretch_ns(a), ==, 100 * MS);
    fake_host_free(host);
}

/* With a timer they end at 10, also for one that was alone at first: it is in its third slice when
 * the other comes at 23, and has 7 left. */
static void test_rr_hrtick(void)
{
    struct numasim_host *host = fake_host_new("rr");
    struct fake_task *a, *b;

    fake_set_param(host, "slice", 10 * MS);
    fake_set_param(host, "hrtick", 1);
    a = forked(host);
    fake_run(host, 23 * MS);
    g_assert_cmpint(host->slice_timer_ns, ==, NUMASIM_TIME_NEVER);
    b = forked(host);
    fake_run(host, 6 * MS);
    g_assert_true(fake_current(host) == a);
    fake_run(host, 1 * MS);
    g_assert_true(fake_current(host) == b);
    fake_run(host, 100 * MS);
    g_assert_cmpint(a->run_ns, ==, 80 * MS);
    g_assert_cmpint(b->run_ns, ==, 50 * MS);
    g_assert_cmpint(fake_median_stretch_ns(b), ==, 10 * MS);
    fake_host_free(host);
}

/* The timer goes off in vain when the other has left, and is set again when one comes. */
static void test_rr_left_alone(void)
{
    struct numasim_host *host = fake_host_new("rr");
    struct fake_task *a, *b;

    fake_set_param(host, "slice", 10 * MS);
    fake_set_param(host, "hrtick", 1);
    a = forked(host);
    b = forked(host);
    fake_run(host, 4 * MS);
    fake_leave(host, b);
    fake_run(host, 11 * MS);
    g_assert_true(fake_current(host) == a);
    fake_join(host, b); /* at 15: a is at 5 of its second slice */
    fake_run(host, 5 * MS - 1);
    g_assert_true(fake_current(host) == a);
    fake_run(host, 1);
    g_assert_true(fake_current(host) == b);
    fake_host_free(host);
}

/* One that a higher class pushes off keeps the rest of its slice; one that sleeps gets a new one. */
static void test_rr_rest(void)
{
    for (int hrtick = 0; hrtick < 2; hrtick++) {
        struct numasim_host *host = fake_host_new("rr");
        struct fake_task *a, *b;

        fake_set_param(host, "slice", 8 * MS);
        fake_set_param(host, "hrtick", hrtick);
        a = forked(host);
        b = forked(host);
        fake_run(host, 5 * MS);
        g_assert_true(pushed_off(host) == a);
        fake_run(host, 3 * MS);
        g_assert_true(fake_current(host) == b);
        fake_run(host, 5 * MS); /* at 13 */
        g_assert_true(fake_block(host, b));
        g_assert_true(fake_schedule(host) == a);
        fake_wake(host, b);
        fake_run(host, 11 * MS); /* at 21, by ticks at 24 */
        g_assert_true(fake_current(host) == b);
        fake_run(host, hrtick ? 4 * MS : 7 * MS); /* at 28 it has 1 left */
        g_assert_true(fake_current(host) == b);
        fake_run(host, 1 * MS);
        g_assert_true(fake_current(host) == a);
        fake_host_free(host);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fifo/order", test_fifo_order);
    g_test_add_data_func("/fifo/places", "fifo", test_places);
    g_test_add_data_func("/rr/places", "rr", test_places);
    g_test_add_func("/rr/ticks", test_rr_ticks);
    g_test_add_func("/rr/default-slice", test_rr_default);
    g_test_add_func("/rr/hrtick", test_rr_hrtick);
    g_test_add_func("/rr/left-alone", test_rr_left_alone);
    g_test_add_func("/rr/rest-of-slice", test_rr_rest);
    return g_test_run();
}
