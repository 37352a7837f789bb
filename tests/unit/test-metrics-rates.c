/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the time of running tasks went to: by hand, and that it adds up in whole runs. */
#include "engine-fixture.h"
#include "metrics-fixture.h"
#include "torture.h"

#include "base/time.h"
#include "observe/simulate.h"

enum { CLASS = 3 };

static void assert_times(const struct result *r, const char *prefix, int64_t full, int64_t smt,
                         int64_t cold, int64_t remote, int64_t bandwidth, int64_t tlb)
{
    const struct {
        const char *name;
        int64_t ns;
    } times[] = {{"full", full},           {"smt", smt}, {"cold", cold}, {"remote", remote},
                 {"bandwidth", bandwidth}, {"tlb", tlb}};

    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        g_autofree char *name = g_strdup_printf("%stime.%s_ns", prefix, times[i].name);

        if (times[i].ns > 0 || prefix[0] == '\0') {
            metrics_assert(r, name, times[i].ns);
        } else {
            g_assert_null(result_metric(r, name));
        }
    }
}

/* Paces 2 to 1: of 300 ns, 30 are overhead. The next stretch is all its own again from 500 on; up to
 * there 20 of 100 are overhead, and of the whole 50. */
static void test_own_pace(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed(f, 0, TP_SCHED_SWITCH, 0, 0, -1, LEAVE_IDLE, 0, 0);
    metrics_feed(f, 0, TP_SCHED_RATE, 0, 0, -1, 1000, 500, 0);
    metrics_feed(f, 300, TP_SCHED_SWITCH, -1, 0, 0, LEAVE_BLOCKED, 30, 300);
    metrics_feed(f, 400, TP_SCHED_SWITCH, 0, 0, -1, LEAVE_IDLE, 0, 100);
    metrics_feed(f, 500, TP_SCHED_RATE, 0, 0, -1, 1000, 0, 20);
    metrics_feed(f, 600, TP_SCHED_SWITCH, -1, 0, 0, LEAVE_BLOCKED, 50, 200);
    g_autoptr(result_t) r = metrics_end(f, 700);

    assert_times(r, "", 180 + 53 + 70, 90 + 27, 0, 0, 0, 0);
    assert_times(r, "comm.web.", 180 + 53 + 70, 90 + 27, 0, 0, 0, 0);
}

/*
 * A class whose pace doubles at 200, all of it in waiting. Of the 400 ns of task 0 the parts are
 * 100 + 50 full, 50 + 25 cold, 25 + 12.5 remote, 25 + 112.5 waiting; of them 300 are busy.
 */
static void feed_class(struct metrics_fixture *f, int64_t now_ns, int64_t bandwidth)
{
    metrics_feed(f, now_ns, TP_RATE_CPU, -1, -1, CLASS, 512, 0, 256);
    metrics_feed(f, now_ns, TP_RATE_MEMORY, -1, -1, CLASS, 128, bandwidth, 0);
}

static void test_class(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    metrics_feed(f, 0, TP_SCHED_SWITCH, 0, 0, -1, LEAVE_IDLE, 0, 0);
    feed_class(f, 0, 128);
    metrics_feed(f, 0, TP_SCHED_RATE, 0, 0, CLASS, 0, 0, 0);
    feed_class(f, 200, 1152);
    metrics_feed(f, 400, TP_SCHED_SWITCH, -1, 0, 0, LEAVE_BLOCKED, 100, 400);
    /* It runs without the class until it joins again. */
    metrics_feed(f, 400, TP_SCHED_SWITCH, 0, 0, -1, LEAVE_IDLE, 0, 0);
    metrics_feed(f, 450, TP_SCHED_SWITCH, -1, 0, 0, LEAVE_BLOCKED, 0, 50);
    g_autoptr(result_t) r = metrics_end(f, 700);

    assert_times(r, "", 112 + 50, 0, 56, 28, 104, 0);
}

/* Who runs at a cut is divided there, by what the CPU says: 150 ns of 200 before it, 180 after. */
static void test_cut(struct metrics_fixture *f, gconstpointer data)
{
    (void)data;
    feed_class(f, 0, 1152);
    metrics_feed(f, 100, TP_SCHED_SWITCH, 1, 1, -1, LEAVE_IDLE, 0, 0);
    metrics_feed(f, 100, TP_SCHED_RATE, 1, 1, CLASS, 0, 0, 0);
    f->times[1].busy_ns = 150;
    metrics_reset(f->metrics, 300, f->times);
    f->times[1].busy_ns = 150 + 180;
    g_autoptr(result_t) r = metrics_end(f, 500);

    assert_times(r, "", 45, 0, 22, 11, 102, 0);
    /* The whole has 70 ns of overhead by 500; of 100 more, 25 are busy. */
    metrics_feed(f, 600, TP_SCHED_SWITCH, -1, 1, 1, LEAVE_BLOCKED, 145, 500);
    f->times[1].busy_ns += 25;
    g_autoptr(result_t) later = metrics_end(f, 600);

    assert_times(later, "", 45 + 6, 0, 22 + 3, 11 + 1, 102 + 15, 0);
}

/* ------------------------------------------------------------------------------------------- */
/* Whole runs                                                                                   */

struct sums {
    int64_t busy_ns[2]; /* at the cut and at the end */
    int nr;
};

static void add_busy(const struct kernel *k, struct sums *sums)
{
    for (int32_t cpu = 0; cpu < kernel_machine(k)->nr_cpus; cpu++) {
        sums->busy_ns[sums->nr] += kernel_cpu_times(k, cpu).busy_ns;
    }
    sums->nr++;
}

static void at_cut(const struct kernel *k, int64_t now_ns, void *data)
{
    (void)now_ns;
    add_busy(k, data);
}

static void at_end(const struct kernel *k, void *data)
{
    add_busy(k, data);
}

/* What was counted after the warmup is what the CPUs were busy. */
static void assert_adds_up(const char *topology, const char *workload, const char *policies,
                           const char *positive)
{
    static const char *const names[] = {"time.full_ns",   "time.smt_ns",       "time.cold_ns",
                                        "time.remote_ns", "time.bandwidth_ns", "time.tlb_ns"};
    struct engine *e = engine_new(topology, workload, policies, &(struct kernel_config){.seed = 1});
    const struct workload *workloads[] = {e->workload};
    const int64_t cut_ns = 1234567;
    struct simulate_options options = simulate_options_default();
    struct sums sums = {{0, 0}, 0};
    GError *error = NULL;
    int64_t sum_ns = 0;

    options.duration_ns = 600 * NSEC_PER_MSEC;
    options.warmup_ns = cut_ns;
    options.snapshots_ns = &cut_ns;
    options.nr_snapshots = 1;
    options.snapshot = at_cut;
    options.finished = at_end;
    options.data = &sums;
    g_autoptr(result_t) r =
        simulate(e->machine, e->domains, workloads, 1, e->stack, &options, NULL, &error);

    g_assert_no_error(error);
    g_assert_cmpint(sums.nr, ==, 2);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        sum_ns += result_metric(r, names[i])->value;
    }
    g_assert_cmpint(sum_ns, ==, sums.busy_ns[1] - sums.busy_ns[0]);
    if (result_metric(r, positive)->value <= 0) {
        g_error("%s is 0 of %" G_GINT64_FORMAT " ns on %s", positive, sum_ns, topology);
    }
    engine_free(e);
}

static void test_adds_up(void)
{
    assert_adds_up("teach-numa-2x4", "numa-process", "linux-6.12", "time.remote_ns");
    assert_adds_up("epyc-7763-2s-nps4",
                   "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n    threads:\n"
                   "      t: {count: 200, program: [run: 1s]}\n",
                   "linux-6.12", "time.smt_ns");
    assert_adds_up("epyc-7763-2s-nps4",
                   "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n"
                   "    regions: {a: {size: 64MiB, shared: false, pattern: random}}\n"
                   "    threads:\n      t:\n        count: 16\n        nodes: 0\n        program:\n"
                   "          - access: {misses: {a: 100/us}, mlp: 10}\n          - run: 1s\n",
                   "linux-6.12", "time.bandwidth_ns");
    assert_adds_up("teach-numa-2x4", torture_steps, "linux-6.12", "time.full_ns");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/metrics-rates/own-pace", struct metrics_fixture, NULL, metrics_fixture_set_up,
               test_own_pace, metrics_fixture_tear_down);
    g_test_add("/metrics-rates/class", struct metrics_fixture, NULL, metrics_fixture_set_up,
               test_class, metrics_fixture_tear_down);
    g_test_add("/metrics-rates/cut", struct metrics_fixture, NULL, metrics_fixture_set_up, test_cut,
               metrics_fixture_tear_down);
    g_test_add_func("/metrics-rates/adds-up", test_adds_up);
    return g_test_run();
}
