/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics of latencies, waste, memory, requests and series (metrics-fixture.h). */
#include <glib.h>
#include <string.h>

#include "metrics-fixture.h"
#include "observe/series.h"

/*
 * Task 0: waking at 100, woken at 110 on CPU 0, runs at 120: wakeup latency 10, waking latency 20.
 * Task 1: woken at 200 on CPU 0, runs at 300 in place of 0: wakeup latency 100, run delay 100.
 * Task 0 waits 300..350 (preempted), runs 350..400: run delays 10, 50.
 * Task 1 blocks at 350 after 50 ns; task 0 ran 180 + 50 and exits at 400.
 * Waste: 1 waits 200..300 and 0 waits 300..350 while three CPUs idle: 150 ns.
 */
static void test_latencies(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed(f, 100, TP_SCHED_WAKING, 0, 1, -1, 0, 0, 0);
    metrics_feed_wakeup(f, 110, 0, 0);
    metrics_feed_switch(f, 120, 0, -1, 0, LEAVE_IDLE);
    metrics_feed_wakeup(f, 200, 1, 0);
    metrics_feed_switch(f, 300, 0, 0, 1, LEAVE_PREEMPTED);
    metrics_feed_switch(f, 350, 0, 1, 0, LEAVE_BLOCKED);
    metrics_feed(f, 400, TP_SCHED_PROCESS_EXIT, 0, 0, -1, 0, 0, 0);
    metrics_feed_switch(f, 400, 0, 0, -1, LEAVE_EXITED);
    g_autoptr(result_t) r = metrics_end(f, 1000);

    metrics_assert(r, "wakeup_latency_ns.count", 2);
    metrics_assert(r, "wakeup_latency_ns.mean", 55);
    metrics_assert(r, "wakeup_latency_ns.p50", 10);
    metrics_assert(r, "wakeup_latency_ns.max", 100);
    g_assert_null(result_metric(r, "wakeup_latency_ns.p90"));
    metrics_assert(r, "waking_latency_ns.count", 1);
    metrics_assert(r, "waking_latency_ns.max", 20);
    metrics_assert(r, "run_delay_ns.count", 3);
    metrics_assert(r, "run_delay_ns.max", 100);
    metrics_assert(r, "run_delay_ns.mean", 53); /* 160 / 3, rounded down */
    metrics_assert(r, "context_switches", 4);
    metrics_assert(r, "preemptions", 1);
    metrics_assert(r, "exits", 1);
    metrics_assert(r, "comm.web.run_ns", 280);
    metrics_assert(r, "comm.web.switch_in", 3);
    metrics_assert(r, "comm.web.preempted", 1);
    metrics_assert(r, "comm.web.blocked", 1);
    metrics_assert(r, "comm.web.wakeups", 2);
    metrics_assert(r, "comm.web.tasks", 2);
    metrics_assert(r, "process.server.run_ns", 280);
    /* 110..120: task 0 waits beside idle CPUs, too. */
    metrics_assert(r, "cpu.wasted_ns", 160);
    const struct result_histogram *h = result_histogram(r, "wakeup_latency_ns");

    g_assert_cmpuint(h->nr_buckets, ==, 2);
    g_assert_cmpint(h->buckets[0].bound, ==, 10);
    g_assert_cmpuint(h->buckets[1].count, ==, 1);
}

/* A wakeup of a task that runs, or waits already, is counted but has no latency. */
static void test_wakeup_awake(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed_wakeup(f, 10, 0, 0);
    metrics_feed_wakeup(f, 15, 0, 0);
    metrics_feed_switch(f, 20, 0, -1, 0, LEAVE_IDLE);
    metrics_feed_wakeup(f, 30, 0, 0);
    metrics_feed_switch(f, 40, 0, 0, -1, LEAVE_BLOCKED);
    g_autoptr(result_t) r = metrics_end(f, 50);

    metrics_assert(r, "wakeups", 3);
    metrics_assert(r, "wakeup_latency_ns.count", 1);
    metrics_assert(r, "wakeup_latency_ns.max", 10);
}

/* The kernel thread may run on CPU 3 alone: idle CPUs are not wasted for it. */
static void test_waste_affinity(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed_wakeup(f, 0, 0, 3);
    metrics_feed_switch(f, 0, 3, -1, 0, LEAVE_IDLE);
    metrics_feed_wakeup(f, 100, 3, 3);
    metrics_feed_wakeup(f, 200, 2, 3);                   /* from 200 on, 2 might run elsewhere */
    metrics_feed_switch(f, 300, 3, 0, 3, LEAVE_BLOCKED); /* 3 runs, 2 still waits */
    metrics_feed(f, 400, TP_SCHED_MIGRATE_TASK, 2, 3, 0, MIGRATE_BALANCE, 0, 0);
    metrics_feed_switch(f, 400, 0, -1, 2, LEAVE_IDLE);
    g_autoptr(result_t) r = metrics_end(f, 500);

    metrics_assert(r, "cpu.wasted_ns", 200);
    metrics_assert(r, "comm.kworker/3.run_ns", 200);
    metrics_assert(r, "process.kernel.run_ns", 200);
    metrics_assert(r, "comm.log.run_ns", 100);
    metrics_assert(r, "comm.log.migrations", 1);
}

static void test_migrations(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed(f, 1, TP_SCHED_MIGRATE_TASK, 0, 0, 1, MIGRATE_WAKEUP, 0, 0);
    metrics_feed(f, 2, TP_SCHED_MIGRATE_TASK, 0, 1, 0, MIGRATE_BALANCE, 0, 0);
    metrics_feed(f, 3, TP_SCHED_MIGRATE_TASK, 0, 0, 3, MIGRATE_ACTIVE, 0, 0);
    g_autoptr(result_t) r = metrics_end(f, 10);

    g_assert_cmpint(metrics_nr_levels(f->metrics), ==, 3);
    g_assert_cmpstr(metrics_level_name(f->metrics, 0), ==, "MC");
    metrics_assert(r, "migrations.MC", 2);
    metrics_assert(r, "migrations.NUMA", 1);
    metrics_assert(r, "migrations.none", 0);
    metrics_assert(r, "migrations.total", 3);
    metrics_assert(r, "migrations.reason.wakeup", 1);
    metrics_assert(r, "migrations.reason.balance", 1);
    metrics_assert(r, "migrations.reason.active", 1);
}

/* 300 accesses at 100 ns at home, 100 at 200 ns abroad: 75 % local, 125 ns in the mean. */
static void test_memory(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed(f, 1, TP_MEM_ACCESS, 0, 0, 0, 300, 100, 0);
    metrics_feed(f, 2, TP_MEM_ACCESS, 2, 1, 0, 100, 200, 0);
    metrics_feed(f, 3, TP_MM_PAGE_ALLOC, 0, 0, 0, 1, 5, 4096);
    metrics_feed(f, 4, TP_MM_MIGRATE_PAGES, 0, 0, 0, 1, 0, 3);
    g_autoptr(result_t) r = metrics_end(f, 10);
    const struct result_matrix *m = result_matrix(r, "accesses");

    metrics_assert(r, "memory.accesses", 400);
    metrics_assert(r, "memory.local_access_ratio", 750000);
    metrics_assert(r, "memory.latency_ns.mean", 125);
    metrics_assert(r, "comm.log.memory.local_access_ratio", 0);
    metrics_assert(r, "process.server.memory.accesses", 400);
    metrics_assert(r, "memory.first_touch_bytes.node1", 5 * 4096);
    metrics_assert(r, "memory.pages_migrated", 3);
    g_assert_cmpint(m->nr_rows, ==, 2);
    g_assert_cmpint(m->values[0], ==, 300);
    g_assert_cmpint(m->values[2], ==, 100);
    g_assert_cmpstr(m->rows[1], ==, "1");
}

/*
 * Node 0 is read 400 lines and written 50, each of which costs it two, of its 1000 in a microsecond; in
 * the second half an access waits 40 ns there. Nothing counts from before the reset.
 */
static void test_load(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed(f, 50, TP_MEM_ACCESS, 0, 0, 0, 7777, 100, 777);
    metrics_feed(f, 60, TP_MEM_LOAD, 0, -1, 0, 900000, 99000, 1);
    metrics_feed(f, 90, TP_MEM_LOAD, 0, -1, 0, 7812, 0, 0);
    metrics_reset(f->metrics, 100, f->times);
    metrics_feed(f, 200, TP_MEM_ACCESS, 0, 0, 0, 300, 100, 50);
    metrics_feed(f, 200, TP_MEM_ACCESS, 2, 1, 0, 100, 200, 0);
    metrics_feed(f, 600, TP_MEM_LOAD, 0, -1, 0, 500000, 40000, 0);
    g_autoptr(result_t) r = metrics_end(f, 1100);

    metrics_assert(r, "bandwidth.node0.read_bytes_per_s", 25600000000);
    metrics_assert(r, "bandwidth.node0.write_bytes_per_s", 3200000000);
    metrics_assert(r, "bandwidth.node0.utilisation", 500000);
    metrics_assert(r, "bandwidth.node0.latency_ns", 120);
    g_assert_null(result_metric(r, "bandwidth.node1.read_bytes_per_s"));
}

/* Sources 0 and 2 have one name and are counted together; a counter adds to a source of its name. */
static void test_requests(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    for (int32_t i = 0; i < 3; i++) {
        metrics_feed(f, 10, TP_REQUEST_ARRIVE, i, -1, i, 0, 0, 0);
        metrics_feed(f, 100 + i, TP_REQUEST_DONE, i, 0, i, 10, 0, 40);
    }
    metrics_feed(f, 110, TP_COUNT, 0, 0, 1, 0, 0, 0);
    metrics_feed(f, 120, TP_MEASURE, 0, 0, 0, 20, 0, 0);
    g_autoptr(result_t) r = metrics_end(f, 2000000000);

    metrics_assert(r, "requests.db.arrived", 2);
    metrics_assert(r, "requests.db.done", 2);
    metrics_assert(r, "request_latency_ns.db.max", 92);
    metrics_assert(r, "request_wait_ns.db.max", 30);
    metrics_assert(r, "request_latency_ns.cache.count", 1);
    metrics_assert(r, "measure_ns.rounds.max", 100);
    /* Over two seconds, in thousandths: 2 of db; 1 request and 1 count of cache; 1 measure. */
    metrics_assert(r, "throughput.db_per_s", 1000);
    metrics_assert(r, "throughput.cache_per_s", 1000);
    metrics_assert(r, "throughput.rounds_per_s", 500);
}

/* What came before the reset is forgotten; what straddles it is cut, but for latencies. */
static void test_warmup(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed_wakeup(f, 0, 0, 0);
    metrics_feed_switch(f, 0, 0, -1, 0, LEAVE_IDLE);
    metrics_feed_wakeup(f, 50, 1, 0);
    metrics_feed(f, 60, TP_MEM_ACCESS, 0, 0, 0, 10, 100, 0);
    f->times[0] = (struct cpu_times){.busy_ns = 100};
    metrics_reset(f->metrics, 100, f->times);
    metrics_feed_switch(f, 170, 0, 0, 1, LEAVE_BLOCKED);
    f->times[0] = (struct cpu_times){.busy_ns = 200, .idle_ns = 60, .overhead_ns = 40};
    g_autoptr(result_t) r = metrics_end(f, 300);

    metrics_assert(r, "context_switches", 1);
    metrics_assert(r, "wakeups", 0);
    metrics_assert(r, "wakeup_latency_ns.count", 1);
    metrics_assert(r, "wakeup_latency_ns.max", 120);
    metrics_assert(r, "comm.web.run_ns", 70 + 130);
    metrics_assert(r, "cpu.wasted_ns", 70);
    metrics_assert(r, "cpu.busy_ns", 100);
    metrics_assert(r, "cpu.utilisation", 500000);
    metrics_assert(r, "cpu.overhead_ratio", 200000);
    metrics_assert(r, "cpu.wasted_ratio", 350000);
    g_assert_null(result_metric(r, "memory.accesses"));
}

static void test_percentiles(struct metrics_fixture *f, gconstpointer data)
{
    static const struct {
        int32_t samples;
        bool p50, p90, p99, p999;
    } rows[] = {
        {1, false, false, false, false}, {2, true, false, false, false},
        {9, true, false, false, false},  {10, true, true, false, false},
        {99, true, true, false, false},  {100, true, true, true, false},
        {999, true, true, true, false},  {1000, true, true, true, true},
    };
    int32_t samples = 0;

    (void)data;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (; samples < rows[i].samples; samples++) {
            metrics_feed_wakeup(f, samples * 10, 0, 0);
            metrics_feed_switch(f, samples * 10 + 5, 0, -1, 0, LEAVE_IDLE);
            metrics_feed_switch(f, samples * 10 + 6, 0, 0, -1, LEAVE_BLOCKED);
        }
        g_autoptr(result_t) r = metrics_end(f, samples * 10);

        metrics_assert(r, "wakeup_latency_ns.count", samples);
        g_assert_cmpint(result_metric(r, "wakeup_latency_ns.p50") != NULL, ==, rows[i].p50);
        g_assert_cmpint(result_metric(r, "wakeup_latency_ns.p90") != NULL, ==, rows[i].p90);
        g_assert_cmpint(result_metric(r, "wakeup_latency_ns.p99") != NULL, ==, rows[i].p99);
        g_assert_cmpint(result_metric(r, "wakeup_latency_ns.p99.9") != NULL, ==, rows[i].p999);
    }
}

/*
 * Task 2 waits on CPU 0 beside idle CPUs from 0 on; cgroup 1 is throttled there over 10..40 and cgroup 5
 * over 20..70, so that it is held over 10..70: waste over 0..10 and 70..100. Task 0 waits from 50 on.
 */
static void test_throttle(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed_wakeup(f, 0, 1, 0);
    metrics_feed_switch(f, 0, 0, -1, 1, LEAVE_IDLE);
    metrics_feed_wakeup(f, 0, 2, 0);
    metrics_feed(f, 10, TP_CGROUP_THROTTLE, 1, 0, -1, 1, 0, 0);
    metrics_feed(f, 20, TP_CGROUP_THROTTLE, 5, 0, -1, 1, 0, 0);
    metrics_feed(f, 20, TP_CGROUP_THROTTLE, 5, 1, -1, 1, 0, 0);
    metrics_feed(f, 40, TP_CGROUP_THROTTLE, 1, 0, -1, 0, 0, 0);
    metrics_feed_wakeup(f, 50, 0, 0);
    struct metrics_totals totals;

    metrics_totals(f->metrics, 60, &totals);
    g_assert_cmpint(totals.nr_waiting, ==, 1);
    metrics_feed(f, 70, TP_CGROUP_THROTTLE, 5, 0, -1, 0, 0, 0);
    metrics_feed_switch(f, 100, 0, 1, 2, LEAVE_BLOCKED);
    /* Thrown out: it waits on, held by what was said before. 0 runs. */
    metrics_feed(f, 110, TP_CGROUP_THROTTLE, 5, 0, -1, 1, 0, 0);
    metrics_feed_switch(f, 110, 0, 2, 0, LEAVE_THROTTLED);
    g_autoptr(result_t) r = metrics_end(f, 200);

    /* 0..10: 2; 50..100: 0; 70..100: 2, too; 100..110: 0. */
    metrics_assert(r, "cpu.wasted_ns", 10 + 50 + 30 + 10);
    metrics_assert(r, "throttlings", 1);
    metrics_assert(r, "run_delay_ns.count", 3);
    metrics_assert(r, "run_delay_ns.max", 100);
}

/*
 * cpu.stat. Cgroup 1: three periods, at the end of two of which some queue was throttled; on CPU 0 over
 * 100..150 and on CPU 1 over 120..200 and from 280 on: 50 + 80 + 20. Cgroups 2 and 4, one pod twice: one
 * period and two, one of them out of runtime; CPU 2 over 10..20, CPU 3 from 290 on. 5 has no quota.
 */
static void test_bandwidth(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed(f, 10, TP_CGROUP_THROTTLE, 2, 2, -1, 1, 0, 0);
    metrics_feed(f, 20, TP_CGROUP_THROTTLE, 2, 2, -1, 0, 0, 0);
    metrics_feed(f, 90, TP_CGROUP_PERIOD, 2, -1, -1, 0, 0, 0);
    metrics_feed(f, 100, TP_CGROUP_PERIOD, 1, -1, -1, 0, 30, 0);
    metrics_feed(f, 100, TP_CGROUP_THROTTLE, 1, 0, -1, 1, 0, 0);
    metrics_feed(f, 120, TP_CGROUP_THROTTLE, 1, 1, -1, 1, 0, 0);
    metrics_feed(f, 150, TP_CGROUP_THROTTLE, 1, 0, -1, 0, 0, 0);
    metrics_feed(f, 200, TP_CGROUP_PERIOD, 1, -1, -1, 1, 0, 0);
    metrics_feed(f, 200, TP_CGROUP_THROTTLE, 1, 1, -1, 0, 0, 0);
    metrics_feed(f, 210, TP_CGROUP_PERIOD, 4, -1, -1, 1, 0, 0);
    metrics_feed(f, 280, TP_CGROUP_THROTTLE, 1, 1, -1, 1, 0, 0);
    metrics_feed(f, 290, TP_CGROUP_THROTTLE, 4, 3, -1, 1, 0, 0);
    metrics_feed(f, 295, TP_CGROUP_PERIOD, 4, -1, -1, 0, 0, 0);
    metrics_feed(f, 299, TP_CGROUP_PERIOD, 1, -1, -1, 1, 0, 0);
    g_autoptr(result_t) r = metrics_end(f, 300);

    metrics_assert(r, "cgroup.outer.nr_periods", 3);
    metrics_assert(r, "cgroup.outer.nr_throttled", 2);
    metrics_assert(r, "cgroup.outer.throttled_ns", 50 + 80 + 20);
    metrics_assert(r, "cgroup.pod.nr_periods", 3);
    metrics_assert(r, "cgroup.pod.nr_throttled", 1);
    metrics_assert(r, "cgroup.pod.throttled_ns", 10 + 10);
    g_assert_null(result_metric(r, "cgroup.inner.nr_periods"));
}

/* What was throttled before the warmup ended counts from its end on. */
static void test_bandwidth_warmup(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed(f, 40, TP_CGROUP_THROTTLE, 1, 0, -1, 1, 0, 0);
    metrics_feed(f, 50, TP_CGROUP_PERIOD, 1, -1, -1, 1, 0, 0);
    metrics_feed(f, 60, TP_CGROUP_THROTTLE, 5, 0, -1, 1, 0, 0);
    metrics_feed(f, 70, TP_CGROUP_THROTTLE, 5, 0, -1, 0, 0, 0);
    metrics_reset(f->metrics, 100, f->times);
    metrics_feed(f, 130, TP_CGROUP_PERIOD, 1, -1, -1, 1, 0, 0);
    metrics_feed(f, 130, TP_CGROUP_THROTTLE, 1, 0, -1, 0, 0, 0);
    g_autoptr(result_t) r = metrics_end(f, 200);

    metrics_assert(r, "cgroup.outer.nr_periods", 1);
    metrics_assert(r, "cgroup.outer.nr_throttled", 1);
    metrics_assert(r, "cgroup.outer.throttled_ns", 30);
    metrics_assert(r, "cgroup.inner.throttled_ns", 0);
}

/* An offline CPU is not idle; it is again once it is back. */
static void test_hotplug(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    for (int32_t cpu = 1; cpu < METRICS_NR_CPUS; cpu++) {
        metrics_feed(f, 0, TP_CPU_HOTPLUG, -1, cpu, -1, 0, 0, 0);
    }
    metrics_feed_wakeup(f, 0, 0, 0);
    metrics_feed_switch(f, 0, 0, -1, 0, LEAVE_IDLE);
    metrics_feed_wakeup(f, 0, 1, 0);
    metrics_feed(f, 100, TP_CPU_HOTPLUG, -1, 2, -1, 1, 0, 0);
    g_autoptr(result_t) r = metrics_end(f, 130);

    metrics_assert(r, "cpu.wasted_ns", 30);
}

static int64_t cell(const struct result_series *s, int32_t row, const char *column)
{
    for (int32_t i = 0; i < s->nr_columns; i++) {
        if (strcmp(s->columns[i].name, column) == 0) {
            return s->values[row * s->nr_columns + i];
        }
    }
    g_error("there is no column %s", column);
}

static void test_series(struct metrics_fixture *f, gconstpointer data)
{
    struct series *s = series_new(f->machine, f->metrics, 100);
    const int64_t used[] = {4096, 0};
    g_autoptr(result_t) r = result_new();

    (void)data;
    series_begin(s, 0, f->times);
    metrics_feed_wakeup(f, 0, 0, 0);
    metrics_feed_switch(f, 0, 0, -1, 0, LEAVE_IDLE);
    metrics_feed_wakeup(f, 40, 1, 0);
    metrics_feed(f, 50, TP_MEM_ACCESS, 0, 0, 0, 30, 100, 0);
    metrics_feed(f, 50, TP_MEM_ACCESS, 0, 0, 1, 10, 200, 0);
    /* 100 of 200 ns of node 0's CPUs busy, none of node 1's: 25 % in all. */
    f->times[0].busy_ns = 100;
    f->times[1].idle_ns = f->times[2].idle_ns = f->times[3].idle_ns = 100;
    series_sample(s, 100, f->times, used);
    metrics_feed(f, 110, TP_SCHED_MIGRATE_TASK, 1, 0, 2, MIGRATE_BALANCE, 0, 0);
    metrics_feed_switch(f, 110, 2, -1, 1, LEAVE_IDLE);
    f->times[0].busy_ns += 50;
    f->times[1].idle_ns += 50;
    f->times[2].idle_ns += 10;
    f->times[2].busy_ns += 40;
    f->times[3].idle_ns += 50;
    series_sample(s, 150, f->times, used);
    series_sample(s, 150, f->times, used);
    series_finish(s, r);
    series_free(s);
    g_assert_cmpint(r->series.nr_rows, ==, 2);
    g_assert_cmpint(r->series.end_ns[1], ==, 150);
    g_assert_cmpint(cell(&r->series, 0, "cpu.utilisation"), ==, 250000);
    g_assert_cmpint(cell(&r->series, 0, "node.utilisation.node0"), ==, 500000);
    g_assert_cmpint(cell(&r->series, 0, "cpu.wasted_ns"), ==, 60);
    g_assert_cmpint(cell(&r->series, 0, "cpu.idle"), ==, 3);
    g_assert_cmpint(cell(&r->series, 0, "queue.waiting"), ==, 1);
    g_assert_cmpint(cell(&r->series, 0, "queue.longest"), ==, 1);
    g_assert_cmpint(cell(&r->series, 0, "memory.local_access_ratio"), ==, 750000);
    g_assert_cmpint(cell(&r->series, 0, "memory.used_bytes.node0"), ==, 4096);
    g_assert_cmpint(cell(&r->series, 0, "wakeups"), ==, 2);
    g_assert_cmpint(cell(&r->series, 1, "wakeups"), ==, 0);
    g_assert_cmpint(cell(&r->series, 1, "cpu.wasted_ns"), ==, 10);
    g_assert_cmpint(cell(&r->series, 1, "migrations.NUMA"), ==, 1);
    g_assert_cmpint(cell(&r->series, 1, "queue.waiting"), ==, 0);
    g_assert_cmpint(cell(&r->series, 1, "cpu.utilisation"), ==, 450000); /* 90 of 200 ns */
}

#define ADD(path, fn)                                                                              \
    g_test_add(path, struct metrics_fixture, NULL, metrics_fixture_set_up, fn,                     \
               metrics_fixture_tear_down)

/* 10 pages on node 0 before the cut at 100; after it 1, 4 and 4 of them go to node 1, and 90 % are there
 * first when the last of node 0 is freed. All are on node 0 at the cut. */
static void test_shares(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed(f, 3, TP_MM_PAGE_ALLOC, 0, 0, 0, 0, 10, 4096);
    metrics_reset(f->metrics, 100, f->times);
    metrics_feed(f, 110, TP_MM_MIGRATE_PAGES, 0, 0, 0, 0, 1, 1);
    metrics_feed(f, 120, TP_MM_MIGRATE_PAGES, 0, 0, 0, 0, 1, 3);
    metrics_feed(f, 130, TP_MM_MIGRATE_PAGES, 0, 0, 0, 0, 1, 4);
    metrics_feed(f, 150, TP_MM_PAGE_FREE, 0, 0, 0, 0, 2, 4096);
    metrics_feed(f, 160, TP_NUMA_HINT_FAULT, 0, 0, 0, 1, 7, 2);
    metrics_feed(f, 170, TP_NUMA_HINT_FAULT, 0, 0, 0, 0, 4, 0);
    g_autoptr(result_t) r = metrics_end(f, 200);
    struct metrics_totals totals;

    metrics_assert(r, "memory.share.node1.reaches_10_ns", 10);
    metrics_assert(r, "memory.share.node1.reaches_50_ns", 30);
    metrics_assert(r, "memory.share.node1.reaches_90_ns", 50);
    metrics_assert(r, "memory.share.node0.reaches_90_ns", 0);
    metrics_totals(f->metrics, 200, &totals);
    g_assert_cmpuint(totals.hint_faults, ==, 11);
    g_assert_cmpuint(totals.local_hint_faults, ==, 4);
    g_assert_cmpuint(totals.fault_moved_pages, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/metrics/latencies", test_latencies);
    ADD("/metrics/wakeup-awake", test_wakeup_awake);
    ADD("/metrics/waste-affinity", test_waste_affinity);
    ADD("/metrics/migrations", test_migrations);
    ADD("/metrics/shares", test_shares);
    ADD("/metrics/memory", test_memory);
    ADD("/metrics/load", test_load);
    ADD("/metrics/requests", test_requests);
    ADD("/metrics/warmup", test_warmup);
    ADD("/metrics/percentiles", test_percentiles);
    ADD("/metrics/throttle", test_throttle);
    ADD("/metrics/bandwidth", test_bandwidth);
    ADD("/metrics/bandwidth-warmup", test_bandwidth_warmup);
    ADD("/metrics/hotplug", test_hotplug);
    ADD("/metrics/series", test_series);
    return g_test_run();
}
