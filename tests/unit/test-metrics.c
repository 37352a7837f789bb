/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics fed with events made by hand: two nodes of two CPUs each, CPUs 0-1 under one LLC on node 0,
 * 2-3 on node 1. No kernel is needed.
 */
#include <glib.h>
#include <string.h>

#include "machine/domains.h"
#include "observe/metrics.h"
#include "observe/series.h"

enum { NR_CPUS = 4 };

struct fixture {
    struct machine *machine;
    struct sched_domains *sds;
    struct metrics *metrics;
    struct cpu_times times[NR_CPUS];
};

static struct machine *machine_new_small(void)
{
    struct machine *m = machine_new();

    m->name = g_strdup("small");
    m->nr_cpus = m->nr_cores = m->nr_clusters = m->nr_l2s = NR_CPUS;
    m->nr_llcs = m->nr_dies = m->nr_packages = m->nr_nodes = 2;
    m->cpus = g_new0(struct machine_cpu, NR_CPUS);
    m->llcs = g_new0(struct machine_llc, 2);
    m->nodes = g_new0(struct machine_node, 2);
    for (int32_t cpu = 0; cpu < NR_CPUS; cpu++) {
        int32_t half = cpu / 2;

        m->cpus[cpu] = (struct machine_cpu){.os_id = cpu,
                                            .core = cpu,
                                            .cluster = cpu,
                                            .l2 = cpu,
                                            .llc = half,
                                            .die = half,
                                            .package = half,
                                            .node = half,
                                            .capacity = 1024};
    }
    m->distances = g_new(int32_t, 4);
    m->latency_ns = g_new(int64_t, 4);
    for (int32_t i = 0; i < 4; i++) {
        bool local = i == 0 || i == 3;

        m->distances[i] = local ? 10 : 20;
        m->latency_ns[i] = local ? 100 : 200;
    }
    for (int32_t node = 0; node < 2; node++) {
        m->nodes[node] = (struct machine_node){
            .os_id = node, .memory_bytes = 1 << 30, .tier = TIER_DRAM, .package = node};
    }
    GError *error = NULL;

    machine_finish(m, &error);
    g_assert_no_error(error);
    return m;
}

/* Tasks 0 and 1 are "web" of "server", 2 is "log" of "server", 3 is a kernel thread on CPU 3. */
static void task_info(int32_t id, struct metrics_task_info *ret_info, void *data)
{
    static const uint64_t only_3 = 8;

    (void)data;
    g_assert_cmpint(id, <=, 3);
    ret_info->comm = id <= 1 ? "web" : id == 2 ? "log" : "kworker/3";
    ret_info->process = id <= 2 ? "server" : NULL;
    ret_info->allowed = id == 3 ? &only_3 : NULL;
}

/* Task 2 is in cgroup 5, which is in 1. */
static int32_t task_cgroups(int32_t id, int32_t *ret, int32_t max, void *data)
{
    (void)data;
    g_assert_cmpint(max, >=, 2);
    if (id != 2) {
        return 0;
    }
    ret[0] = 5;
    ret[1] = 1;
    return 2;
}

/* 2 and 4 are of two replicas. */
static const char *cgroup_name(int32_t id, void *data)
{
    (void)data;
    return id == 1 ? "outer" : id == 5 ? "inner" : "pod";
}

static const char *const arrivals[] = {"db", "cache", "db", NULL};
static const char *const counters[] = {"rounds", "cache", NULL};

static void set_up(struct fixture *f, gconstpointer data)
{
    (void)data;
    f->machine = machine_new_small();
    f->sds = sched_domains_new(f->machine, KERNEL_6_12);
    struct metrics_config config = {.machine = f->machine,
                                    .sds = f->sds,
                                    .arrivals = arrivals,
                                    .counters = counters,
                                    .task = task_info,
                                    .cgroups = task_cgroups,
                                    .cgroup_name = cgroup_name};

    f->metrics = metrics_new(&config);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    metrics_free(f->metrics);
    sched_domains_free(f->sds);
    machine_free(f->machine);
}

static void feed(struct fixture *f, int64_t time_ns, enum tracepoint type, int32_t task,
                 int32_t cpu, int32_t other, int64_t a, int64_t b, int64_t c)
{
    struct tp_event event = {time_ns, type, cpu, task, other, a, b, c};

    g_assert_true((metrics_mask() >> type) & 1);
    metrics_event(&event, f->metrics);
}

static void wakeup(struct fixture *f, int64_t time_ns, int32_t task, int32_t cpu)
{
    feed(f, time_ns, TP_SCHED_WAKEUP, task, cpu, -1, 0, 0, 0);
}

static void switch_to(struct fixture *f, int64_t time_ns, int32_t cpu, int32_t prev, int32_t next,
                      enum task_leave why)
{
    feed(f, time_ns, TP_SCHED_SWITCH, next, cpu, prev, why, 0, 0);
}

static struct result *finish(struct fixture *f, int64_t now_ns)
{
    struct result *r = result_new();

    metrics_finish(f->metrics, now_ns, f->times, r);
    result_sort(r);
    return r;
}

static void assert_value(const struct result *r, const char *name, int64_t value)
{
    const struct result_metric *metric = result_metric(r, name);

    if (metric == NULL) {
        g_error("there is no metric %s", name);
    }
    if (metric->value != value) {
        g_error("%s is %" G_GINT64_FORMAT ", expected %" G_GINT64_FORMAT, name, metric->value,
                value);
    }
}

/*
 * Task 0: waking at 100, woken at 110 on CPU 0, runs at 120: wakeup latency 10, waking latency 20.
 * Task 1: woken at 200 on CPU 0, runs at 300 in place of 0: wakeup latency 100, run delay 100.
 * Task 0 waits 300..350 (preempted), runs 350..400: run delays 10, 50.
 * Task 1 blocks at 350 after 50 ns; task 0 ran 180 + 50 and exits at 400.
 * Waste: 1 waits 200..300 and 0 waits 300..350 while three CPUs idle: 150 ns.
 */
static void test_latencies(struct fixture *f, gconstpointer data)
{
    (void)data;
    feed(f, 100, TP_SCHED_WAKING, 0, 1, -1, 0, 0, 0);
    wakeup(f, 110, 0, 0);
    switch_to(f, 120, 0, -1, 0, LEAVE_IDLE);
    wakeup(f, 200, 1, 0);
    switch_to(f, 300, 0, 0, 1, LEAVE_PREEMPTED);
    switch_to(f, 350, 0, 1, 0, LEAVE_BLOCKED);
    feed(f, 400, TP_SCHED_PROCESS_EXIT, 0, 0, -1, 0, 0, 0);
    switch_to(f, 400, 0, 0, -1, LEAVE_EXITED);
    g_autoptr(result_t) r = finish(f, 1000);

    assert_value(r, "wakeup_latency_ns.count", 2);
    assert_value(r, "wakeup_latency_ns.mean", 55);
    assert_value(r, "wakeup_latency_ns.p50", 10);
    assert_value(r, "wakeup_latency_ns.max", 100);
    g_assert_null(result_metric(r, "wakeup_latency_ns.p90"));
    assert_value(r, "waking_latency_ns.count", 1);
    assert_value(r, "waking_latency_ns.max", 20);
    assert_value(r, "run_delay_ns.count", 3);
    assert_value(r, "run_delay_ns.max", 100);
    assert_value(r, "run_delay_ns.mean", 53); /* 160 / 3, rounded down */
    assert_value(r, "context_switches", 4);
    assert_value(r, "preemptions", 1);
    assert_value(r, "exits", 1);
    assert_value(r, "comm.web.run_ns", 280);
    assert_value(r, "comm.web.switch_in", 3);
    assert_value(r, "comm.web.preempted", 1);
    assert_value(r, "comm.web.blocked", 1);
    assert_value(r, "comm.web.wakeups", 2);
    assert_value(r, "comm.web.tasks", 2);
    assert_value(r, "process.server.run_ns", 280);
    /* 110..120: task 0 waits beside idle CPUs, too. */
    assert_value(r, "cpu.wasted_ns", 160);
    const struct result_histogram *h = result_histogram(r, "wakeup_latency_ns");

    g_assert_cmpuint(h->nr_buckets, ==, 2);
    g_assert_cmpint(h->buckets[0].bound, ==, 10);
    g_assert_cmpuint(h->buckets[1].count, ==, 1);
}

/* A wakeup of a task that runs, or waits already, is counted but has no latency. */
static void test_wakeup_awake(struct fixture *f, gconstpointer data)
{
    (void)data;
    wakeup(f, 10, 0, 0);
    wakeup(f, 15, 0, 0);
    switch_to(f, 20, 0, -1, 0, LEAVE_IDLE);
    wakeup(f, 30, 0, 0);
    switch_to(f, 40, 0, 0, -1, LEAVE_BLOCKED);
    g_autoptr(result_t) r = finish(f, 50);

    assert_value(r, "wakeups", 3);
    assert_value(r, "wakeup_latency_ns.count", 1);
    assert_value(r, "wakeup_latency_ns.max", 10);
}

/* The kernel thread may run on CPU 3 alone: idle CPUs are not wasted for it. */
static void test_waste_affinity(struct fixture *f, gconstpointer data)
{
    (void)data;
    wakeup(f, 0, 0, 3);
    switch_to(f, 0, 3, -1, 0, LEAVE_IDLE);
    wakeup(f, 100, 3, 3);
    wakeup(f, 200, 2, 3);                      /* from 200 on, 2 might run elsewhere */
    switch_to(f, 300, 3, 0, 3, LEAVE_BLOCKED); /* 3 runs, 2 still waits */
    feed(f, 400, TP_SCHED_MIGRATE_TASK, 2, 3, 0, MIGRATE_BALANCE, 0, 0);
    switch_to(f, 400, 0, -1, 2, LEAVE_IDLE);
    g_autoptr(result_t) r = finish(f, 500);

    assert_value(r, "cpu.wasted_ns", 200);
    assert_value(r, "comm.kworker/3.run_ns", 200);
    assert_value(r, "process.kernel.run_ns", 200);
    assert_value(r, "comm.log.run_ns", 100);
    assert_value(r, "comm.log.migrations", 1);
}

static void test_migrations(struct fixture *f, gconstpointer data)
{
    (void)data;
    feed(f, 1, TP_SCHED_MIGRATE_TASK, 0, 0, 1, MIGRATE_WAKEUP, 0, 0);
    feed(f, 2, TP_SCHED_MIGRATE_TASK, 0, 1, 0, MIGRATE_BALANCE, 0, 0);
    feed(f, 3, TP_SCHED_MIGRATE_TASK, 0, 0, 3, MIGRATE_ACTIVE, 0, 0);
    g_autoptr(result_t) r = finish(f, 10);

    g_assert_cmpint(metrics_nr_levels(f->metrics), ==, 3);
    g_assert_cmpstr(metrics_level_name(f->metrics, 0), ==, "MC");
    assert_value(r, "migrations.MC", 2);
    assert_value(r, "migrations.NUMA", 1);
    assert_value(r, "migrations.none", 0);
    assert_value(r, "migrations.total", 3);
    assert_value(r, "migrations.reason.wakeup", 1);
    assert_value(r, "migrations.reason.balance", 1);
    assert_value(r, "migrations.reason.active", 1);
}

/* 300 accesses at 100 ns at home, 100 at 200 ns abroad: 75 % local, 125 ns in the mean. */
static void test_memory(struct fixture *f, gconstpointer data)
{
    (void)data;
    feed(f, 1, TP_MEM_ACCESS, 0, 0, 0, 300, 100, 0);
    feed(f, 2, TP_MEM_ACCESS, 2, 1, 0, 100, 200, 0);
    feed(f, 3, TP_MM_PAGE_ALLOC, 0, 0, 0, 1, 5, 4096);
    feed(f, 4, TP_MM_MIGRATE_PAGES, 0, 0, 0, 1, 0, 3);
    g_autoptr(result_t) r = finish(f, 10);
    const struct result_matrix *m = result_matrix(r, "accesses");

    assert_value(r, "memory.accesses", 400);
    assert_value(r, "memory.local_access_ratio", 750000);
    assert_value(r, "memory.latency_ns.mean", 125);
    assert_value(r, "comm.log.memory.local_access_ratio", 0);
    assert_value(r, "process.server.memory.accesses", 400);
    assert_value(r, "memory.first_touch_bytes.node1", 5 * 4096);
    assert_value(r, "memory.pages_migrated", 3);
    g_assert_cmpint(m->nr_rows, ==, 2);
    g_assert_cmpint(m->values[0], ==, 300);
    g_assert_cmpint(m->values[2], ==, 100);
    g_assert_cmpstr(m->rows[1], ==, "1");
}

/* Sources 0 and 2 have one name and are counted together; a counter adds to a source of its name. */
static void test_requests(struct fixture *f, gconstpointer data)
{
    (void)data;
    for (int32_t i = 0; i < 3; i++) {
        feed(f, 10, TP_REQUEST_ARRIVE, i, -1, i, 0, 0, 0);
        feed(f, 100 + i, TP_REQUEST_DONE, i, 0, i, 10, 0, 40);
    }
    feed(f, 110, TP_COUNT, 0, 0, 1, 0, 0, 0);
    feed(f, 120, TP_MEASURE, 0, 0, 0, 20, 0, 0);
    g_autoptr(result_t) r = finish(f, 2000000000);

    assert_value(r, "requests.db.arrived", 2);
    assert_value(r, "requests.db.done", 2);
    assert_value(r, "request_latency_ns.db.max", 92);
    assert_value(r, "request_wait_ns.db.max", 30);
    assert_value(r, "request_latency_ns.cache.count", 1);
    assert_value(r, "measure_ns.rounds.max", 100);
    /* Over two seconds, in thousandths: 2 of db; 1 request and 1 count of cache; 1 measure. */
    assert_value(r, "throughput.db_per_s", 1000);
    assert_value(r, "throughput.cache_per_s", 1000);
    assert_value(r, "throughput.rounds_per_s", 500);
}

/* What came before the reset is forgotten; what straddles it is cut, but for latencies. */
static void test_warmup(struct fixture *f, gconstpointer data)
{
    (void)data;
    wakeup(f, 0, 0, 0);
    switch_to(f, 0, 0, -1, 0, LEAVE_IDLE);
    wakeup(f, 50, 1, 0);
    feed(f, 60, TP_MEM_ACCESS, 0, 0, 0, 10, 100, 0);
    f->times[0] = (struct cpu_times){.busy_ns = 100};
    metrics_reset(f->metrics, 100, f->times);
    switch_to(f, 170, 0, 0, 1, LEAVE_BLOCKED);
    f->times[0] = (struct cpu_times){.busy_ns = 200, .idle_ns = 60, .overhead_ns = 40};
    g_autoptr(result_t) r = finish(f, 300);

    assert_value(r, "context_switches", 1);
    assert_value(r, "wakeups", 0);
    assert_value(r, "wakeup_latency_ns.count", 1);
    assert_value(r, "wakeup_latency_ns.max", 120);
    assert_value(r, "comm.web.run_ns", 70 + 130);
    assert_value(r, "cpu.wasted_ns", 70);
    assert_value(r, "cpu.busy_ns", 100);
    assert_value(r, "cpu.utilisation", 500000);
    assert_value(r, "cpu.overhead_ratio", 200000);
    assert_value(r, "cpu.wasted_ratio", 350000);
    g_assert_null(result_metric(r, "memory.accesses"));
}

static void test_percentiles(struct fixture *f, gconstpointer data)
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
            wakeup(f, samples * 10, 0, 0);
            switch_to(f, samples * 10 + 5, 0, -1, 0, LEAVE_IDLE);
            switch_to(f, samples * 10 + 6, 0, 0, -1, LEAVE_BLOCKED);
        }
        g_autoptr(result_t) r = finish(f, samples * 10);

        assert_value(r, "wakeup_latency_ns.count", samples);
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
static void test_throttle(struct fixture *f, gconstpointer data)
{
    (void)data;
    wakeup(f, 0, 1, 0);
    switch_to(f, 0, 0, -1, 1, LEAVE_IDLE);
    wakeup(f, 0, 2, 0);
    feed(f, 10, TP_CGROUP_THROTTLE, 1, 0, -1, 1, 0, 0);
    feed(f, 20, TP_CGROUP_THROTTLE, 5, 0, -1, 1, 0, 0);
    feed(f, 20, TP_CGROUP_THROTTLE, 5, 1, -1, 1, 0, 0);
    feed(f, 40, TP_CGROUP_THROTTLE, 1, 0, -1, 0, 0, 0);
    wakeup(f, 50, 0, 0);
    struct metrics_totals totals;

    metrics_totals(f->metrics, 60, &totals);
    g_assert_cmpint(totals.nr_waiting, ==, 1);
    feed(f, 70, TP_CGROUP_THROTTLE, 5, 0, -1, 0, 0, 0);
    switch_to(f, 100, 0, 1, 2, LEAVE_BLOCKED);
    /* Thrown out: it waits on, held by what was said before. 0 runs. */
    feed(f, 110, TP_CGROUP_THROTTLE, 5, 0, -1, 1, 0, 0);
    switch_to(f, 110, 0, 2, 0, LEAVE_THROTTLED);
    g_autoptr(result_t) r = finish(f, 200);

    /* 0..10: 2; 50..100: 0; 70..100: 2, too; 100..110: 0. */
    assert_value(r, "cpu.wasted_ns", 10 + 50 + 30 + 10);
    assert_value(r, "throttlings", 1);
    assert_value(r, "run_delay_ns.count", 3);
    assert_value(r, "run_delay_ns.max", 100);
}

/*
 * cpu.stat. Cgroup 1: three periods, at the end of two of which some queue was throttled; on CPU 0 over
 * 100..150 and on CPU 1 over 120..200 and from 280 on: 50 + 80 + 20. Cgroups 2 and 4, one pod twice: one
 * period and two, one of them out of runtime; CPU 2 over 10..20, CPU 3 from 290 on. 5 has no quota.
 */
static void test_bandwidth(struct fixture *f, gconstpointer data)
{
    (void)data;
    feed(f, 10, TP_CGROUP_THROTTLE, 2, 2, -1, 1, 0, 0);
    feed(f, 20, TP_CGROUP_THROTTLE, 2, 2, -1, 0, 0, 0);
    feed(f, 90, TP_CGROUP_PERIOD, 2, -1, -1, 0, 0, 0);
    feed(f, 100, TP_CGROUP_PERIOD, 1, -1, -1, 0, 30, 0);
    feed(f, 100, TP_CGROUP_THROTTLE, 1, 0, -1, 1, 0, 0);
    feed(f, 120, TP_CGROUP_THROTTLE, 1, 1, -1, 1, 0, 0);
    feed(f, 150, TP_CGROUP_THROTTLE, 1, 0, -1, 0, 0, 0);
    feed(f, 200, TP_CGROUP_PERIOD, 1, -1, -1, 1, 0, 0);
    feed(f, 200, TP_CGROUP_THROTTLE, 1, 1, -1, 0, 0, 0);
    feed(f, 210, TP_CGROUP_PERIOD, 4, -1, -1, 1, 0, 0);
    feed(f, 280, TP_CGROUP_THROTTLE, 1, 1, -1, 1, 0, 0);
    feed(f, 290, TP_CGROUP_THROTTLE, 4, 3, -1, 1, 0, 0);
    feed(f, 295, TP_CGROUP_PERIOD, 4, -1, -1, 0, 0, 0);
    feed(f, 299, TP_CGROUP_PERIOD, 1, -1, -1, 1, 0, 0);
    g_autoptr(result_t) r = finish(f, 300);

    assert_value(r, "cgroup.outer.nr_periods", 3);
    assert_value(r, "cgroup.outer.nr_throttled", 2);
    assert_value(r, "cgroup.outer.throttled_ns", 50 + 80 + 20);
    assert_value(r, "cgroup.pod.nr_periods", 3);
    assert_value(r, "cgroup.pod.nr_throttled", 1);
    assert_value(r, "cgroup.pod.throttled_ns", 10 + 10);
    g_assert_null(result_metric(r, "cgroup.inner.nr_periods"));
}

/* What was throttled before the warmup ended counts from its end on. */
static void test_bandwidth_warmup(struct fixture *f, gconstpointer data)
{
    (void)data;
    feed(f, 40, TP_CGROUP_THROTTLE, 1, 0, -1, 1, 0, 0);
    feed(f, 50, TP_CGROUP_PERIOD, 1, -1, -1, 1, 0, 0);
    feed(f, 60, TP_CGROUP_THROTTLE, 5, 0, -1, 1, 0, 0);
    feed(f, 70, TP_CGROUP_THROTTLE, 5, 0, -1, 0, 0, 0);
    metrics_reset(f->metrics, 100, f->times);
    feed(f, 130, TP_CGROUP_PERIOD, 1, -1, -1, 1, 0, 0);
    feed(f, 130, TP_CGROUP_THROTTLE, 1, 0, -1, 0, 0, 0);
    g_autoptr(result_t) r = finish(f, 200);

    assert_value(r, "cgroup.outer.nr_periods", 1);
    assert_value(r, "cgroup.outer.nr_throttled", 1);
    assert_value(r, "cgroup.outer.throttled_ns", 30);
    assert_value(r, "cgroup.inner.throttled_ns", 0);
}

/* An offline CPU is not idle; it is again once it is back. */
static void test_hotplug(struct fixture *f, gconstpointer data)
{
    (void)data;
    for (int32_t cpu = 1; cpu < NR_CPUS; cpu++) {
        feed(f, 0, TP_CPU_HOTPLUG, -1, cpu, -1, 0, 0, 0);
    }
    wakeup(f, 0, 0, 0);
    switch_to(f, 0, 0, -1, 0, LEAVE_IDLE);
    wakeup(f, 0, 1, 0);
    feed(f, 100, TP_CPU_HOTPLUG, -1, 2, -1, 1, 0, 0);
    g_autoptr(result_t) r = finish(f, 130);

    assert_value(r, "cpu.wasted_ns", 30);
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

static void test_series(struct fixture *f, gconstpointer data)
{
    struct series *s = series_new(f->machine, f->metrics, 100);
    const int64_t used[] = {4096, 0};
    g_autoptr(result_t) r = result_new();

    (void)data;
    series_begin(s, 0, f->times);
    wakeup(f, 0, 0, 0);
    switch_to(f, 0, 0, -1, 0, LEAVE_IDLE);
    wakeup(f, 40, 1, 0);
    feed(f, 50, TP_MEM_ACCESS, 0, 0, 0, 30, 100, 0);
    feed(f, 50, TP_MEM_ACCESS, 0, 0, 1, 10, 200, 0);
    /* 100 of 200 ns of node 0's CPUs busy, none of node 1's: 25 % in all. */
    f->times[0].busy_ns = 100;
    f->times[1].idle_ns = f->times[2].idle_ns = f->times[3].idle_ns = 100;
    series_sample(s, 100, f->times, used);
    feed(f, 110, TP_SCHED_MIGRATE_TASK, 1, 0, 2, MIGRATE_BALANCE, 0, 0);
    switch_to(f, 110, 2, -1, 1, LEAVE_IDLE);
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

/*
 * Task 0 is woken at 100 by 1 (on CPU 0) onto CPU 1, runs there 110..130 and 150..170, preempted in
 * between, and blocks: a response of 70, slices of 20 and 20. At 200 it is woken onto CPU 0 by itself
 * alone (a timer, no waker), at 300 by 1 on CPU 0 onto CPU 2, of the other node.
 */
static void test_response(struct fixture *f, gconstpointer data)
{
    (void)data;
    switch_to(f, 0, 0, -1, 1, LEAVE_IDLE);
    feed(f, 100, TP_SCHED_WAKING, 0, 0, 1, 1, 1, 0);
    wakeup(f, 105, 0, 1);
    switch_to(f, 110, 1, -1, 0, LEAVE_IDLE);
    switch_to(f, 130, 1, 0, 2, LEAVE_PREEMPTED);
    switch_to(f, 150, 1, 2, 0, LEAVE_BLOCKED);
    switch_to(f, 170, 1, 0, -1, LEAVE_BLOCKED);
    feed(f, 200, TP_SCHED_WAKING, 0, 1, -1, 1, 0, 0);
    wakeup(f, 200, 0, 0);
    feed(f, 300, TP_SCHED_WAKING, 0, 0, 1, 1, 2, 0);
    g_autoptr(result_t) r = finish(f, 400);

    assert_value(r, "comm.web.response_ns.count", 1);
    assert_value(r, "response_ns.max", 70);
    assert_value(r, "comm.web.timeslice_ns.count", 2);
    assert_value(r, "comm.web.timeslice_ns.p50", 20);
    assert_value(r, "comm.web.woken.llc", 500000);
    assert_value(r, "comm.web.woken.remote", 500000);
    assert_value(r, "comm.web.woken.cpu", 0);
    g_assert_null(result_metric(r, "comm.log.woken.cpu"));
    /* Task 0 ran 40 ns, 1 400, 2 20, of 460 in all. */
    assert_value(r, "comm.web.run_share", 956521);
    assert_value(r, "comm.web.task_run_share.min", 100000);
    assert_value(r, "comm.web.task_run_share.max", 1000000);
}

/* Two on CPU 0 from 20 on, none elsewhere; at 50 one of them goes to CPU 1; at 80 a third joins CPU 1
 * and at 90 goes to CPU 2. */
static void test_balanced(struct fixture *f, gconstpointer data)
{
    (void)data;
    wakeup(f, 10, 0, 0);
    switch_to(f, 10, 0, -1, 0, LEAVE_IDLE);
    feed(f, 20, TP_SCHED_WAKEUP_NEW, 1, 0, 0, 0, 0, 0);
    feed(f, 50, TP_SCHED_MIGRATE_TASK, 1, 0, 1, MIGRATE_BALANCE, 0, 0);
    wakeup(f, 80, 2, 1);
    feed(f, 90, TP_SCHED_MIGRATE_TASK, 2, 1, 2, MIGRATE_BALANCE, 0, 0);
    for (int32_t cpu = 0; cpu < NR_CPUS; cpu++) {
        f->times[cpu].ticks = (uint64_t)cpu + 2;
    }
    g_autoptr(result_t) r = finish(f, 200);

    assert_value(r, "balanced.first_ns", 50);
    assert_value(r, "balanced.last_ns", 90);
    assert_value(r, "balanced.ratio", 800000); /* all but 20..50 and 80..90 */
    assert_value(r, "balanced.ran_ns", 200);   /* the one that was made never ran */
    assert_value(r, "ticks.total", 14);
    assert_value(r, "ticks.least_per_s", INT64_C(10000000000)); /* 2 in 200 ns, in thousandths */
    assert_value(r, "migrations.per_s", INT64_C(10000000000));
}

/* Two are made on CPU 0, where the second never runs: it moves at 50 and runs on CPU 1 from 70 on. */
static void test_balanced_ran(struct fixture *f, gconstpointer data)
{
    (void)data;
    feed(f, 10, TP_SCHED_WAKEUP_NEW, 0, 0, 0, 0, 0, 0);
    switch_to(f, 10, 0, -1, 0, LEAVE_IDLE);
    feed(f, 20, TP_SCHED_WAKEUP_NEW, 1, 0, 0, 0, 0, 0);
    feed(f, 50, TP_SCHED_MIGRATE_TASK, 1, 0, 1, MIGRATE_BALANCE, 0, 0);
    switch_to(f, 70, 1, -1, 1, LEAVE_IDLE);
    g_autoptr(result_t) r = finish(f, 200);

    assert_value(r, "balanced.first_ns", 50);
    assert_value(r, "balanced.ran_ns", 70);
}

/* Task 0 begins by itself, and forks 1 and 2 on CPU 1, and 3 on CPU 2. */
static void test_forked(struct fixture *f, gconstpointer data)
{
    (void)data;
    feed(f, 10, TP_SCHED_WAKEUP_NEW, 0, 0, -1, 0, 0, 0);
    feed(f, 20, TP_SCHED_WAKEUP_NEW, 1, 1, 0, 0, 0, 0);
    feed(f, 30, TP_SCHED_WAKEUP_NEW, 2, 1, 0, 0, 0, 0);
    feed(f, 40, TP_SCHED_WAKEUP_NEW, 3, 2, 0, 0, 0, 0);
    g_autoptr(result_t) r = finish(f, 100);

    assert_value(r, "forked.cpus", 2);
    assert_value(r, "forked.most", 2);
}

#define ADD(path, fn) g_test_add(path, struct fixture, NULL, set_up, fn, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/metrics/latencies", test_latencies);
    ADD("/metrics/wakeup-awake", test_wakeup_awake);
    ADD("/metrics/waste-affinity", test_waste_affinity);
    ADD("/metrics/migrations", test_migrations);
    ADD("/metrics/memory", test_memory);
    ADD("/metrics/requests", test_requests);
    ADD("/metrics/warmup", test_warmup);
    ADD("/metrics/percentiles", test_percentiles);
    ADD("/metrics/throttle", test_throttle);
    ADD("/metrics/bandwidth", test_bandwidth);
    ADD("/metrics/bandwidth-warmup", test_bandwidth_warmup);
    ADD("/metrics/hotplug", test_hotplug);
    ADD("/metrics/series", test_series);
    ADD("/metrics/response", test_response);
    ADD("/metrics/forked", test_forked);
    ADD("/metrics/balanced", test_balanced);
    ADD("/metrics/balanced-ran", test_balanced_ran);
    return g_test_run();
}
