/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Automatic NUMA balancing on the engine, where memory has two speeds (numa_balancing=2), and where nodes
 * are full, so that tasks can only change places. teach-numa-2x4: CPUs 0-3 are node 0, 4-7 node 1.
 */
#include "event-log.h"
#include "kernel-invariants.h"

#include "base/time.h"
#include "format/policy-yaml.h"
#include "kernel/internal.h"

#define MS  NSEC_PER_MSEC
#define MIB (INT64_C(1) << 20)

static struct policy_stack *stack_with(const char *const *overrides)
{
    g_autofree char *dir = fixture_plugin_dir();
    const char *plugins[] = {dir, NULL}, *sets[] = {"policies", NULL};
    g_autoptr(GError) error = NULL;
    struct policy_set *set = policy_set_read_yaml("policies/linux-6.12.yaml", sets, &error);

    g_assert_no_error(error);
    for (; *overrides != NULL; overrides++) {
        g_assert_true(policy_set_override(set, *overrides, &error));
    }
    struct policy_stack *stack = policy_stack_load(set, plugins, &error);

    g_assert_no_error(error);
    policy_set_free(set);
    return stack;
}

static uint64_t vm_event(const struct engine *e, int32_t node, enum numasim_vm_item item)
{
    return e->kernel->nodes[node].vmstat[item];
}

static int64_t bytes_on(struct engine *e, const char *comm, int32_t node)
{
    return task_pub(engine_task(e, comm, 0))->process->bytes_by_node[node];
}

/* ------------------------------------------------------------------------------------------- */
/* Promotion                                                                                    */

/* With less than a GiB free in fast memory, how soon a page is met counts (pgdat_free_space_enough()).
 * Both begin with all of their memory on the slow node, where a cpuset held them. The hot one meets each of
 * its pages every 3 ms, the cold one every 16 s. */
static const char *const slow_start =
    "numasim: workload/1\nduration: 100s\n"
    "cgroups: {slow: {nodes: 1, cpus: 0-3}}\n"
    "processes:\n"
    "  hot:\n    cgroup: slow\n    regions: {r: {size: 256MiB, touch: first}}\n"
    "    threads: {hot: {program: [access: {misses: {r: 20/us}, mlp: 4}, forever: [run: 10ms]]}}\n"
    "  cold:\n    cgroup: slow\n    regions: {r: {size: 256MiB, touch: first}}\n"
    "    threads: {cold: {program: [access: {misses: {r: 4/ms}, mlp: 4}, forever: [run: 10ms]]}}\n"
    "admin: [{at: 900ms, mems: {cgroup: slow, nodes: 0-1, migrate: false}}]\n";

static struct engine *promoting(const char *mode, const char *limit)
{
    const char *overrides[] = {mode, limit, NULL};
    g_autofree char *text =
        topology_with("teach-numa-2x4", "- {nodes: 0-1, size: 8GiB}",
                      "- {nodes: 0, size: 768MiB}\n    - {nodes: 1, size: 8GiB, "
                      "tier: CXL}");
    g_auto(GStrv) parts = g_strsplit(text, "packages: 2", 2);
    g_autofree char *topology = g_strjoinv("packages: 1", parts);

    return engine_new_stack(topology, slow_start, stack_with(overrides),
                            &(struct kernel_config){.seed = 1});
}

/* Pages met soon after they were protected are promoted, each once; others stay. */
static void test_promotes(void)
{
    struct engine *e =
        promoting("numa.numa_balancing=2", "numa.numa_balancing_promote_rate_limit_mbps=65536");

    engine_run(e, 900 * MS);
    g_assert_cmpint(bytes_on(e, "hot", 1), ==, 256 * MIB);
    engine_run(e, 8000 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(bytes_on(e, "hot", 1), ==, 0);
    /* Some 6 % of the cold pages are met within the threshold of 1 s, once a scan. */
    g_assert_cmpint(bytes_on(e, "cold", 0), <, 256 * MIB / 4);

    int64_t promoted = (bytes_on(e, "hot", 0) + bytes_on(e, "cold", 0)) / 4096;

    g_assert_cmpuint(vm_event(e, 0, NUMASIM_PGPROMOTE_SUCCESS), ==, (uint64_t)promoted);
    g_assert_cmpuint(vm_event(e, 0, NUMASIM_PGPROMOTE_CANDIDATE) +
                         vm_event(e, 1, NUMASIM_PGPROMOTE_CANDIDATE),
                     >=, (uint64_t)promoted);
    /* Fast memory is not protected: nothing faulted that lay there. */
    g_assert_cmpuint(vm_event(e, 0, NUMASIM_NUMA_HINT_FAULTS), ==, 0);
    g_assert_cmpuint(vm_event(e, 0, NUMASIM_NUMA_PTE_UPDATES), ==, 0);
    engine_free(e);
}

/* 16 MB a second at most, while there would be more. */
static void test_promotes_so_many(void)
{
    struct engine *e =
        promoting("numa.numa_balancing=2", "numa.numa_balancing_promote_rate_limit_mbps=16");
    int64_t before = 0;

    engine_run(e, 2000 * MS);
    for (int s = 3; s <= 6; s++) {
        before = bytes_on(e, "hot", 0) + bytes_on(e, "cold", 0);
        engine_run(e, s * 1000 * MS);
        int64_t promoted = bytes_on(e, "hot", 0) + bytes_on(e, "cold", 0) - before;

        /* A window of the limit begins when the one before it is over: part of two may fall in it. */
        g_assert_cmpint(promoted, <=, 33 * MIB);
    }
    g_assert_cmpint(bytes_on(e, "hot", 0), >, 16 * MIB);
    g_assert_cmpint(bytes_on(e, "hot", 0), <=, 6 * 16 * MIB);
    kernel_check(e->kernel);
    engine_free(e);
}

/* ------------------------------------------------------------------------------------------- */
/* Swap                                                                                         */

/*
 * Eight threads on eight CPUs, of which two, a and b, have memory: on the nodes where they begin, which they
 * come to prefer (huge pages that are local are protected, too). Then both are made to run on the other's
 * node, and let go again. No CPU is idle.
 */
#define THREAD(name, cpu)                                                                          \
    "  " name ":\n    regions: {r: {size: 2GiB, page: 2MiB}}\n    threads: {" name ": {cpus: " cpu \
    ", program: [touch: r, access: {misses: {r: 20/us}, mlp: 4}, forever: "                        \
    "[run: 10ms]]}}\n"
#define FILLER(name, cpu)                                                                          \
    "  " name ":\n    threads: {" name ": {cpus: " cpu ", program: [forever: [run: 10ms]]}}\n"
static const char *const exchanged =
    "numasim: workload/1\nduration: 100s\nprocesses:\n" THREAD("a", "0") THREAD("b", "4")
        FILLER("c1", "1") FILLER("c2", "2") FILLER("c3", "3") FILLER("c5", "5") FILLER("c6", "6")
            FILLER("c7", "7") "admin: [{at: 5s, affinity: {process: a, cpus: 4}}, "
                              "{at: 5s, affinity: {process: b, cpus: 0}}, "
                              "{at: 5010ms, affinity: {process: a, cpus: 0-7}}, "
                              "{at: 5010ms, affinity: {process: b, cpus: 0-7}}]\n";

static int32_t node_of(struct engine *e, const char *comm)
{
    return task_pub(engine_task(e, comm, 0))->cpu / 4;
}

static void test_swap(void)
{
    struct engine *e =
        engine_new("teach-numa-2x4", exchanged, "linux-6.12", &(struct kernel_config){.seed = 1});

    engine_run(e, 5012 * MS);
    g_assert_cmpint(node_of(e, "a"), ==, 1);
    g_assert_cmpint(node_of(e, "b"), ==, 0);
    g_autoptr(GArray) log = event_log_new(e);
    int32_t a = task_pub(engine_task(e, "a", 0))->id, b = task_pub(engine_task(e, "b", 0))->id;

    engine_run(e, 20000 * MS);
    kernel_check(e->kernel);
    /* Each went once, to the other's CPU, at once. */
    g_assert_cmpint(event_log_count(log, TP_SCHED_MIGRATE_TASK, a), ==, 1);
    g_assert_cmpint(event_log_count(log, TP_SCHED_MIGRATE_TASK, b), ==, 1);
    const struct tp_event *of_a = event_log_find(log, TP_SCHED_MIGRATE_TASK, a, 0);
    const struct tp_event *of_b = event_log_find(log, TP_SCHED_MIGRATE_TASK, b, 0);

    g_assert_cmpint(of_a->cpu, ==, of_b->other);
    g_assert_cmpint(of_a->other, ==, of_b->cpu);
    g_assert_cmpint(ABS(of_a->time_ns - of_b->time_ns), <, MS / 10);
    /* So their memory stayed, but for what was met before. */
    g_assert_cmpint(bytes_on(e, "a", 1), <, 64 * MIB);
    g_assert_cmpint(bytes_on(e, "b", 0), <, 64 * MIB);
    g_assert_cmpint(node_of(e, "a"), ==, 0);
    g_assert_cmpint(node_of(e, "b"), ==, 1);
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/linux-numa/promotes", test_promotes);
    g_test_add_func("/linux-numa/promotes-so-many", test_promotes_so_many);
    g_test_add_func("/linux-numa/swap", test_swap);
    return g_test_run();
}
