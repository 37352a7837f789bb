/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole runs: what they report adds up, and neither listening nor cutting a run changes it. */
#include <glib.h>
#include <string.h>

#include "base/error.h"
#include "format/policy-yaml.h"
#include "format/machine/topology-yaml.h"
#include "format/workload-yaml.h"
#include "observe/result-table.h"
#include "policy/host.h"
#include "observe/simulate.h"

static const char workload_text[] = //
    "numasim: workload/1\n"
    "description: requests and a pair that plays ball\n"
    "sources: [made for this test]\n"
    "duration: 40ms\n"
    "arrivals:\n"
    "  db: {poisson: 20000/s}\n"
    "processes:\n"
    "  server:\n"
    "    regions:\n"
    "      heap: {size: 64MiB, pattern: random}\n"
    "    threads:\n"
    "      worker:\n"
    "        count: 12\n"
    "        program:\n"
    "          - access: {misses: {heap: 1/us}}\n"
    "          - forever:\n"
    "              - serve: {from: db, do: [run: {exponential: 300us}]}\n"
    "              - count: rounds\n";

struct fixture {
    struct machine *machine;
    struct sched_domains *sds;
    struct workload *workload;
    struct policy_stack *stack;
};

static void set_up(struct fixture *f, gconstpointer data)
{
    g_autofree char *topology =
        g_test_build_filename(G_TEST_DIST, "topologies", "teach-numa-2x4.yaml", NULL);
    g_autofree char *plugins = g_test_build_filename(G_TEST_BUILT, "..", "..", "policies", NULL);
    g_autofree char *sets = g_test_build_filename(G_TEST_DIST, "policies", NULL);
    const char *const set_dirs[] = {sets, NULL};
    const char *const plugin_dirs[] = {plugins, NULL};
    GError *error = NULL;

    (void)data;
    f->machine = topology_read_yaml(topology, &error);
    g_assert_no_error(error);
    f->sds = sched_domains_new(f->machine, KERNEL_6_12);
    f->workload = workload_read_yaml_buffer("test", workload_text, strlen(workload_text), &error);
    g_assert_no_error(error);
    g_autofree char *set_path = g_build_filename(sets, "linux-6.12.yaml", NULL);
    g_autoptr(policy_set_t) set = policy_set_read_yaml(set_path, set_dirs, &error);

    g_assert_no_error(error);
    f->stack = policy_stack_load(set, plugin_dirs, &error);
    g_assert_no_error(error);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    policy_stack_free(f->stack);
    workload_free(f->workload);
    sched_domains_free(f->sds);
    machine_free(f->machine);
}

static struct result *run(struct fixture *f, const struct simulate_options *options)
{
    const struct workload *const workloads[] = {f->workload};
    GError *error = NULL;
    char *dump = NULL;
    struct result *r = simulate(f->machine, f->sds, workloads, 1, f->stack, options, &dump, &error);

    g_assert_no_error(error);
    g_assert_null(dump);
    return r;
}

static int64_t value(const struct result *r, const char *name)
{
    const struct result_metric *metric = result_metric(r, name);

    if (metric == NULL) {
        g_error("there is no metric %s", name);
    }
    return metric->value;
}

static void test_adds_up(struct fixture *f, gconstpointer data)
{
    struct simulate_options options = simulate_options_default();

    (void)data;
    options.warmup_ns = 10000000;
    g_autoptr(result_t) r = run(f, &options);
    const struct result *const results[] = {r};
    g_autofree char *table = result_table(results, 1, NULL);

    g_test_message("%s", table);
    g_assert_cmpint(r->end_ns, ==, 40000000);
    /* busy + idle + overhead = CPUs x time; what the commands ran is within what was not idle. */
    g_assert_cmpint(value(r, "cpu.busy_ns") + value(r, "cpu.idle_ns") + value(r, "cpu.overhead_ns"),
                    ==, 8 * INT64_C(30000000));
    g_assert_cmpint(value(r, "comm.worker.run_ns"), >=, value(r, "cpu.busy_ns"));
    g_assert_cmpint(value(r, "comm.worker.run_ns"), <=,
                    value(r, "cpu.busy_ns") + value(r, "cpu.overhead_ns"));
    g_assert_cmpint(value(r, "cpu.wasted_ns"), <=,
                    value(r, "cpu.idle_ns") + value(r, "cpu.overhead_ns"));
    g_assert_cmpint(value(r, "comm.worker.tasks"), ==, 12);
    g_assert_cmpint(value(r, "requests.db.done"), >, 400);
    g_assert_cmpint(value(r, "request_latency_ns.db.count"), ==, value(r, "requests.db.done"));
    g_assert_cmpint(value(r, "request_latency_ns.db.max"), >=, value(r, "request_wait_ns.db.max"));
    g_assert_cmpint(value(r, "memory.accesses"), >, 0);
    g_assert_cmpint(value(r, "wakeup_latency_ns.count"), >, 0);
    g_assert_cmpint(value(r, "wakeup_latency_ns.max"), <=, value(r, "waking_latency_ns.max"));
    g_assert_cmpstr(r->plugins[0].name, ==, "eevdf");
    g_assert_cmpstr(r->host[HOST_CFS_BANDWIDTH_SLICE].name, ==, "cfs_bandwidth_slice");
    g_assert_cmpstr(r->host[HOST_CFS_BANDWIDTH_SLICE].value, ==, "5ms");
    g_assert_cmpint(r->nr_host, ==, NR_HOST_PARAMS);
    g_assert_cmpstr(r->topology.name, ==, "teach-numa-2x4");
}

/* Series, progress, warmup and listening cut the run in other places, and change no digest. */
static void stopped(int64_t now_ns, int64_t end_ns, void *data)
{
    g_assert_cmpint(now_ns, <=, end_ns);
    (*(int32_t *)data)++;
}

static void test_same_digest(struct fixture *f, gconstpointer data)
{
    struct simulate_options options = simulate_options_default();
    int32_t stops = 0;

    (void)data;
    g_autoptr(result_t) plain = run(f, &options);

    options.series_interval_ns = 3000000;
    options.warmup_ns = 7000000;
    options.progress = stopped;
    options.data = &stops;
    g_autoptr(result_t) cut = run(f, &options);

    options = simulate_options_default();
    options.no_metrics = true;
    g_autoptr(result_t) bare = run(f, &options);

    options = simulate_options_default();
    options.seed = 2;
    g_autoptr(result_t) other = run(f, &options);

    g_assert_cmpstr(plain->digest, ==, cut->digest);
    g_assert_cmpstr(plain->digest, ==, bare->digest);
    g_assert_cmpstr(plain->digest, !=, other->digest);
    g_assert_cmpint(bare->nr_metrics, ==, 0);
    g_assert_cmpint(stops, >=, 200);
    /* 3, 6, 7 (warmup), 9, ... 39, 40 ms. */
    g_assert_cmpint(cut->series.nr_rows, ==, 15);
    g_assert_cmpint(cut->series.end_ns[2], ==, 7000000);
    g_assert_cmpint(cut->series.end_ns[14], ==, 40000000);
}

static void test_same_bytes(struct fixture *f, gconstpointer data)
{
    struct simulate_options options = simulate_options_default();

    (void)data;
    options.series_interval_ns = 5000000;
    g_autoptr(result_t) first = run(f, &options);
    g_autoptr(result_t) second = run(f, &options);
    g_autofree char *a = result_to_json(first, NULL);
    g_autofree char *b = result_to_json(second, NULL);

    g_assert_cmpstr(a, ==, b);
    GError *error = NULL;
    g_autoptr(result_t) back = result_parse("a", a, -1, &error);

    g_assert_no_error(error);
    g_autofree char *again = result_to_json(back, NULL);

    g_assert_cmpstr(a, ==, again);
}

static void test_warmup_too_long(struct fixture *f, gconstpointer data)
{
    struct simulate_options options = simulate_options_default();
    const struct workload *const workloads[] = {f->workload};
    GError *error = NULL;

    (void)data;
    options.warmup_ns = options.duration_ns = 1000000;
    g_assert_null(simulate(f->machine, f->sds, workloads, 1, f->stack, &options, NULL, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_cmpstr(error->message, ==,
                    "a warmup of 1ms leaves nothing of a run of 1ms; expected a warmup that is "
                    "shorter (--warmup 0s: none), or a longer duration");
    g_error_free(error);
}

#define ADD(path, fn) g_test_add(path, struct fixture, NULL, set_up, fn, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/simulate/adds-up", test_adds_up);
    ADD("/simulate/same-digest", test_same_digest);
    ADD("/simulate/same-bytes", test_same_bytes);
    ADD("/simulate/warmup-too-long", test_warmup_too_long);
    return g_test_run();
}
