/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies of memory on machines whose base pages have 64 KiB: what they state in bytes is as many bytes
 * there, and what they move is what they are asked for. */
#include <string.h>

#include "tier-fixture.h"

#include "base/time.h"

#define PAGE             INT64_C(65536)
#define TIER_MACHINE_64K TIER_MACHINE_WITH("300ns", "page-size: 64KiB\n")

/* Two alike nodes of two CPUs. */
static const char alike[] =
    "numasim: topology/1\ndescription: a test\narch: aarch64\npage-size: 64KiB\n"
    "cpus: {packages: 2, cores-per-llc: 2, source: chosen}\n"
    "memory: {nodes: [{nodes: 0-1, size: 2GiB}], source: chosen}\n"
    "distances: {matrix: [[10, 20], [20, 10]], source: chosen}\n"
    "latency: {matrix: [[100ns, 200ns], [200ns, 100ns]], source: chosen}\n"
    "bandwidth: {matrix: [[40GB/s, 20GB/s], [20GB/s, 40GB/s]], source: chosen}\n"
    "caches: {llc: 1MiB, source: chosen}\n"
    "costs:\n  context-switch: 1us\n  wakeup: 0us\n"
    "  wakeup-ipi: {self: 0us, core: 1us, llc: 1us, node: 1us, package: 1us, remote: 2us}\n"
    "  idle-exit: 0us\n  fork: 10us\n  exit: 10us\n  tick: 0us\n  balance-pass: 0us\n"
    "  balance-cpu: 0us\n"
    "  migration: {self: 0us, core: 1us, llc: 1us, node: 1us, package: 1us, remote: 2us}\n"
    "  page-fault: 1us\n  page-zero: 0B/s\n  page-move: 2us\n  page-move-copy: 10GB/s\n"
    "  hint-fault: 1us\n  smt-pace: 100%\n  source: chosen\n";

/* ------------------------------------------------------------------------------------------- */
/* Scanning                                                                                     */

struct scan_case {
    const char *policies;
    const char *machine, *workload;
    int64_t each_bytes; /* of one scan */
};

/* 1 GiB that a first thread on @cpus touches, on node 1 if there is no policy, and another uses from node 0. */
#define USED(cpus, policy)                                                                         \
    "numasim: workload/1\nduration: 10s\nprocesses:\n  p:\n"                                       \
    "    regions: {heap: {size: 1000MiB, shared: true" policy "}}\n"                               \
    "    threads:\n      first: {cpus: " cpus ", program: [touch: heap, sleep: 100s]}\n"           \
    "      t: {cpus: 0, start: 100ms, program: [access: {misses: {heap: 500/us}, mlp: 40}, "       \
    "forever: [run: 10ms]]}\n"

/* The first scan protects as many bytes as the parameter says. */
static void test_scan(gconstpointer data)
{
    const struct scan_case *c = data;
    struct engine *e =
        engine_new(c->machine, c->workload, c->policies, &(struct kernel_config){.seed = 1});
    int64_t updates = 0;

    while (updates == 0) {
        engine_run(e, kernel_now_ns(e->kernel) + MS);
        updates = (int64_t)tier_vmstat(e, NUMASIM_NUMA_PTE_UPDATES);
        g_assert_cmpint(kernel_now_ns(e->kernel), <, 9000 * MS);
    }
    g_assert_cmpint(updates * PAGE, >, c->each_bytes * 9 / 10);
    g_assert_cmpint(updates * PAGE, <=, c->each_bytes);
    engine_free(e);
}

static const struct scan_case scans[] = {
    {"tpp", TIER_MACHINE_64K, USED("1", ", policy: {mode: preferred, nodes: 1}"), 256 * MIB},
    {"carrefour", alike, USED("2", ""), 256 * MIB},
    {"linux-6.12", alike, USED("2", ""), 256 * MIB},
};

/* ------------------------------------------------------------------------------------------- */
/* Moving                                                                                       */

#define SWAPPED                                                                                    \
    "numasim: workload/1\nduration: 10s\nprocesses:\n  p:\n    regions:\n"                         \
    "      cold: {size: 400MiB, touch: first}\n      hot: {size: 100MiB, touch: first}\n"          \
    "    threads:\n      t: {program: [touch: cold, touch: hot, access: {misses: {hot: 100/us, "   \
    "cold: 2/us}, mlp: 10}, forever: [run: 10ms]]}\n"

/* Of what is hot, as much as fits goes to fast memory; never more in a second than the parameter says. */
static void test_rate(gconstpointer policies)
{
    struct engine *e =
        engine_new(TIER_MACHINE_64K, SWAPPED, policies, &(struct kernel_config){.seed = 1});
    int64_t before = 0, hot = 0;

    for (int64_t s = 1; s < 9; s++) {
        engine_run(e, s * NSEC_PER_SEC);
        int64_t moved = (int64_t)tier_vmstat(e, NUMASIM_PGMIGRATE_SUCCESS);

        g_assert_cmpint((moved - before) * PAGE, <=, 60 * MIB);
        before = moved;
    }
    hot = numasim_region(task_pub(engine_task(e, "t", 0))->process, 1)->bytes_by_node[0];
    g_assert_cmpint(before * PAGE, >, 100 * MIB);
    g_assert_cmpint(hot, >, 70 * MIB);
    g_assert_cmpint((int64_t)tier_vmstat(e, NUMASIM_PGPROMOTE_SUCCESS) * PAGE, >=, hot);
    engine_free(e);
}

/* TPP keeps 2 % of fast memory free, and little more. */
static void test_headroom(void)
{
    struct engine *e =
        engine_new(TIER_MACHINE_64K, SWAPPED, "tpp", &(struct kernel_config){.seed = 1});
    const struct numasim_node *fast = numasim_node((struct numasim_host *)(void *)e->kernel, 0);

    engine_run(e, 4 * NSEC_PER_SEC);
    g_assert_cmpint(fast->free_bytes, >, fast->total_bytes / 100);
    g_assert_cmpint(fast->free_bytes, <, fast->total_bytes / 20);
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(scans); i++) {
        g_autofree char *path = g_strdup_printf("/base-pages/scan/%s", scans[i].policies);

        g_test_add_data_func(path, &scans[i], test_scan);
    }
    g_test_add_data_func("/base-pages/rate/hemem", "hemem tier.migrate_rate=50MiB", test_rate);
    g_test_add_data_func("/base-pages/rate/memtis", "memtis tier.migrate_rate=50MiB", test_rate);
    g_test_add_func("/base-pages/headroom", test_headroom);
    return g_test_run();
}
