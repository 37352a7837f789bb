/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics of how tasks fare: responses, slices, spread (metrics-fixture.h). */
#include <glib.h>

#include "metrics-fixture.h"

/*
 * Task 0 is woken at 100 by 1 (on CPU 0) onto CPU 1, runs there 110..130 and 150..170, preempted in
 * between, and blocks: a response of 70, slices of 20 and 20. At 200 it is woken onto CPU 0 by itself
 * alone (a timer, no waker), at 300 by 1 on CPU 0 onto CPU 2, of the other node.
 */
static void test_response(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed_switch(f, 0, 0, -1, 1, LEAVE_IDLE);
    metrics_feed(f, 100, TP_SCHED_WAKING, 0, 0, 1, 1, 1, 0);
    metrics_feed_wakeup(f, 105, 0, 1);
    metrics_feed_switch(f, 110, 1, -1, 0, LEAVE_IDLE);
    metrics_feed_switch(f, 130, 1, 0, 2, LEAVE_PREEMPTED);
    metrics_feed_switch(f, 150, 1, 2, 0, LEAVE_BLOCKED);
    metrics_feed_switch(f, 170, 1, 0, -1, LEAVE_BLOCKED);
    metrics_feed(f, 200, TP_SCHED_WAKING, 0, 1, -1, 1, 0, 0);
    metrics_feed_wakeup(f, 200, 0, 0);
    metrics_feed(f, 300, TP_SCHED_WAKING, 0, 0, 1, 1, 2, 0);
    g_autoptr(result_t) r = metrics_end(f, 400);

    metrics_assert(r, "comm.web.response_ns.count", 1);
    metrics_assert(r, "response_ns.max", 70);
    metrics_assert(r, "comm.web.timeslice_ns.count", 2);
    metrics_assert(r, "comm.web.timeslice_ns.p50", 20);
    metrics_assert(r, "comm.web.woken.llc", 500000);
    metrics_assert(r, "comm.web.woken.remote", 500000);
    metrics_assert(r, "comm.web.woken.cpu", 0);
    g_assert_null(result_metric(r, "comm.log.woken.cpu"));
    /* Task 0 ran 40 ns, 1 400, 2 20, of 460 in all. */
    metrics_assert(r, "comm.web.run_share", 956521);
    metrics_assert(r, "comm.web.task_run_share.min", 100000);
    metrics_assert(r, "comm.web.task_run_share.max", 1000000);
}

/* Two on CPU 0 from 20 on, none elsewhere; at 50 one of them goes to CPU 1; at 80 a third joins CPU 1
 * and at 90 goes to CPU 2. */
static void test_balanced(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed_wakeup(f, 10, 0, 0);
    metrics_feed_switch(f, 10, 0, -1, 0, LEAVE_IDLE);
    metrics_feed(f, 20, TP_SCHED_WAKEUP_NEW, 1, 0, 0, 0, 0, 0);
    metrics_feed(f, 50, TP_SCHED_MIGRATE_TASK, 1, 0, 1, MIGRATE_BALANCE, 0, 0);
    metrics_feed_wakeup(f, 80, 2, 1);
    metrics_feed(f, 90, TP_SCHED_MIGRATE_TASK, 2, 1, 2, MIGRATE_BALANCE, 0, 0);
    for (int32_t cpu = 0; cpu < METRICS_NR_CPUS; cpu++) {
        f->times[cpu].ticks = (uint64_t)cpu + 2;
    }
    g_autoptr(result_t) r = metrics_end(f, 200);

    metrics_assert(r, "balanced.first_ns", 50);
    metrics_assert(r, "balanced.last_ns", 90);
    metrics_assert(r, "balanced.ratio", 800000); /* all but 20..50 and 80..90 */
    metrics_assert(r, "balanced.ran_ns", 200);   /* the one that was made never ran */
    metrics_assert(r, "ticks.total", 14);
    metrics_assert(r, "ticks.least_per_s", INT64_C(10000000000)); /* 2 in 200 ns, in thousandths */
    metrics_assert(r, "migrations.per_s", INT64_C(10000000000));
}

/* Two are made on CPU 0, where the second never runs: it moves at 50 and runs on CPU 1 from 70 on. */
static void test_balanced_ran(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed(f, 10, TP_SCHED_WAKEUP_NEW, 0, 0, 0, 0, 0, 0);
    metrics_feed_switch(f, 10, 0, -1, 0, LEAVE_IDLE);
    metrics_feed(f, 20, TP_SCHED_WAKEUP_NEW, 1, 0, 0, 0, 0, 0);
    metrics_feed(f, 50, TP_SCHED_MIGRATE_TASK, 1, 0, 1, MIGRATE_BALANCE, 0, 0);
    metrics_feed_switch(f, 70, 1, -1, 1, LEAVE_IDLE);
    g_autoptr(result_t) r = metrics_end(f, 200);

    metrics_assert(r, "balanced.first_ns", 50);
    metrics_assert(r, "balanced.ran_ns", 70);
}

/* Task 0 begins by itself, and forks 1 and 2 on CPU 1, and 3 on CPU 2. */
static void test_forked(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed(f, 10, TP_SCHED_WAKEUP_NEW, 0, 0, -1, 0, 0, 0);
    metrics_feed(f, 20, TP_SCHED_WAKEUP_NEW, 1, 1, 0, 0, 0, 0);
    metrics_feed(f, 30, TP_SCHED_WAKEUP_NEW, 2, 1, 0, 0, 0, 0);
    metrics_feed(f, 40, TP_SCHED_WAKEUP_NEW, 3, 2, 0, 0, 0, 0);
    g_autoptr(result_t) r = metrics_end(f, 100);

    metrics_assert(r, "forked.cpus", 2);
    metrics_assert(r, "forked.most", 2);
}

#define ADD(path, fn)                                                                              \
    g_test_add(path, struct metrics_fixture, NULL, metrics_fixture_set_up, fn,                     \
               metrics_fixture_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/metrics-tasks/response", test_response);
    ADD("/metrics-tasks/forked", test_forked);
    ADD("/metrics-tasks/balanced", test_balanced);
    ADD("/metrics-tasks/balanced-ran", test_balanced_ran);
    return g_test_run();
}
