/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics-fixture.h"

static struct machine *machine_new_small(void)
{
    struct machine *m = machine_new();

    m->name = g_strdup("small");
    m->nr_cpus = m->nr_cores = m->nr_clusters = m->nr_l2s = METRICS_NR_CPUS;
    m->nr_llcs = m->nr_dies = m->nr_packages = m->nr_nodes = 2;
    m->cpus = g_new0(struct machine_cpu, METRICS_NR_CPUS);
    m->llcs = g_new0(struct machine_llc, 2);
    m->nodes = g_new0(struct machine_node, 2);
    for (int32_t cpu = 0; cpu < METRICS_NR_CPUS; cpu++) {
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
    m->nodes[0].read_bandwidth_bytes_per_s = 64000000000; /* 1000 lines in a microsecond */
    m->nodes[0].write_bandwidth_bytes_per_s = 32000000000;
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

void metrics_fixture_set_up(struct metrics_fixture *f, gconstpointer data)
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

void metrics_fixture_tear_down(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_free(f->metrics);
    sched_domains_free(f->sds);
    machine_free(f->machine);
}

void metrics_feed(struct metrics_fixture *f, int64_t time_ns, enum tracepoint type, int32_t task,
                  int32_t cpu, int32_t other, int64_t a, int64_t b, int64_t c)
{
    struct tp_event event = {time_ns, type, cpu, task, other, a, b, c};

    g_assert_true((metrics_mask() >> type) & 1);
    metrics_event(&event, f->metrics);
}

void metrics_feed_wakeup(struct metrics_fixture *f, int64_t time_ns, int32_t task, int32_t cpu)
{
    metrics_feed(f, time_ns, TP_SCHED_WAKEUP, task, cpu, -1, 0, 0, 0);
}

void metrics_feed_switch(struct metrics_fixture *f, int64_t time_ns, int32_t cpu, int32_t prev,
                         int32_t next, enum task_leave why)
{
    metrics_feed(f, time_ns, TP_SCHED_SWITCH, next, cpu, prev, why, 0, 0);
}

struct result *metrics_end(struct metrics_fixture *f, int64_t now_ns)
{
    struct result *r = result_new();

    metrics_finish(f->metrics, now_ns, f->times, r);
    result_sort(r);
    return r;
}

void metrics_assert(const struct result *r, const char *name, int64_t value)
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
