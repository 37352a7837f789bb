/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two ways in which memory near is short while the node is not: pools of huge pages (mm/hugetlb.c:
 * dequeue_hugetlb_folio_vma()), and zone_reclaim_mode (mm/vmscan.c: node_reclaim()), 6.12. On
 * teach-numa-2x4, CPUs 0-3 on node 0; with pools of 8 pages of 2 MiB and one of 1 GiB on each node.
 */
#include <string.h>

#include "engine-fixture.h"
#include "format/policy-yaml.h"
#include "kernel-invariants.h"
#include "kernel/internal.h"
#include "kernel/procfs.h"

#include "base/time.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

static char *pool_topology(void)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "topologies", "teach-numa-2x4.yaml", NULL);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    GString *out = g_string_new(text);

    g_assert_cmpuint(g_string_replace(out, "- {nodes: 0-1, size: 8GiB}",
                                      "- {nodes: 0-1, size: 8GiB, hugetlb-2m: 8, hugetlb-1g: 1}",
                                      1),
                     ==, 1);
    return g_string_free(out, FALSE);
}

static uint64_t count(const struct engine *e, int32_t node, enum numasim_vm_item item)
{
    return e->kernel->nodes[node].vmstat[item];
}

/* ------------------------------------------------------------------------------------------- */
/* Pools                                                                                        */

struct pool_case {
    const char *process, *region;
    int64_t mib_on[2];
    bool killed; /* by SIGBUS, with what it had then */
};

static const struct pool_case pools[] = {
    /* The pool of the near node, then that of the next. */
    {"count: 1", "size: 10MiB, page: 2MiB", {10, 0}, false},
    {"count: 1", "size: 24MiB, page: 2MiB", {16, 8}, false},
    {"count: 1", "size: 34MiB, page: 2MiB", {16, 16}, true},
    /* A policy that filters: that node's pool and no more. */
    {"numactl: -m 0", "size: 16MiB, page: 2MiB", {16, 0}, false},
    {"numactl: -m 0", "size: 18MiB, page: 2MiB", {16, 0}, true},
    {"cgroup: box", "size: 18MiB, page: 2MiB", {0, 16}, true},
    {"numactl: -p 1", "size: 24MiB, page: 2MiB", {8, 16}, false},
    {"numactl: -P 1", "size: 24MiB, page: 2MiB", {8, 16}, false},
    {"numactl: -i all", "size: 12MiB, page: 2MiB", {6, 6}, false},
    {"numactl: -m 1", "size: 1GiB, page: 1GiB", {0, 1024}, false},
    {"count: 1", "size: 2GiB, page: 1GiB", {1024, 1024}, false},
    {"numactl: -m 0", "size: 2GiB, page: 1GiB", {1024, 0}, true},
};

static void test_pools(void)
{
    g_autofree char *topology = pool_topology();

    for (gsize i = 0; i < G_N_ELEMENTS(pools); i++) {
        const struct pool_case *c = &pools[i];
        g_autofree char *text = g_strdup_printf(
            "numasim: workload/1\ncgroups: {box: {nodes: 1, memory.max: 1MiB}}\nprocesses:\n"
            "  p:\n    %s\n    regions: {r: {hugetlb: true, %s}}\n    threads: {t: {cpus: 0, "
            "program: [touch: r, run: 9s]}}\n  z: {threads: {z: {program: [run: 9s]}}}\n",
            c->process, c->region);
        struct engine *e =
            engine_new(topology, text, "linux-6.12", &(struct kernel_config){.seed = 1});
        const struct process *p = e->kernel->processes[0];
        uint64_t allocated[2];

        g_test_message("case %zu: %s, %s", i, c->process, c->region);
        engine_run(e, 2 * NSEC_PER_SEC);
        kernel_check(e->kernel);
        for (int32_t n = 0; n < 2; n++) {
            allocated[n] = count(e, n, NUMASIM_PGALLOC);
            g_assert_cmpuint(allocated[n], ==, (uint64_t)(c->mib_on[n] * MIB >> 12));
            g_assert_cmpint(p->bytes_by_node[n], ==, c->killed ? 0 : c->mib_on[n] * MIB);
            /* It is no memory of the node's any more, and none comes from there. */
            g_assert_cmpint(e->kernel->nodes[n].free_bytes, ==, 8 * GIB - GIB - 16 * MIB);
            g_assert_cmpuint(count(e, n, NUMASIM_OOM_KILL), ==, 0);
        }
        g_assert_true((p->pub.nr_threads == 0) == c->killed);
        /* What a killed process had is back in the pools. */
        int64_t used = c->killed ? 0 : c->mib_on[0] + c->mib_on[1];
        int64_t free_mib = 0;

        for (int32_t n = 0; n < 2; n++) {
            free_mib += e->kernel->nodes[n].hugetlb_2m_free * 2 +
                        e->kernel->nodes[n].hugetlb_1g_free * 1024;
        }
        g_assert_cmpint(free_mib, ==, 2 * (16 + 1024) - used);
        engine_free(e);
    }
}

static void test_meminfo(void)
{
    g_autofree char *topology = pool_topology();
    struct engine *e =
        engine_new(topology,
                   "numasim: workload/1\nprocesses: {p: {regions: {r: {hugetlb: true, page: 2MiB, "
                   "size: 6MiB}}, threads: {t: {cpus: 0, program: [touch: r, run: 1s]}}}}\n",
                   "linux-6.12", &(struct kernel_config){.seed = 1});

    engine_run(e, 500 * NSEC_PER_MSEC);
    g_autofree char *text = kernel_meminfo_text(e->kernel);

    g_assert_nonnull(
        strstr(text, "Node 0 HugePages_Total:     8\nNode 0 HugePages_Free:      5\n"));
    g_assert_nonnull(strstr(text, "Node 1 HugePages_Free:      8\n"));
    engine_free(e);
}

/* ------------------------------------------------------------------------------------------- */
/* zone_reclaim_mode                                                                            */

static struct policy_stack *stack(const char *setting)
{
    g_autofree char *dir = fixture_plugin_dir();
    const char *plugins[] = {dir, NULL}, *sets[] = {"policies", NULL};
    struct policy_set *set = policy_set_read_yaml("policies/linux-6.12.yaml", sets, NULL);

    g_assert_nonnull(set);
    g_assert_true(policy_set_override(set, setting, NULL));
    struct policy_stack *loaded = policy_stack_load(set, plugins, NULL);

    g_assert_nonnull(loaded);
    policy_set_free(set);
    return loaded;
}

/* @cache of page cache lies on node 0; then a thread on CPU @cpu touches 4 GiB. */
static struct engine *reclaimed(const char *setting, const char *cache, int cpu)
{
    g_autofree char *text = g_strdup_printf(
        "numasim: workload/1\nprocesses:\n"
        "  old: {regions: {f: {size: %s, file: true}, a: {size: %s}}, threads: {o: {cpus: 0, "
        "program: [touch: f, touch: a, sleep: 99s]}}}\n"
        "  new: {numactl: -p 0, regions: {r: {size: 4GiB}}, threads: {t: {cpus: %d, program: "
        "[sleep: "
        "5s, touch: r, sleep: 99s]}}}\n",
        cache, strcmp(cache, "6GiB") == 0 ? "1MiB" : "6GiB", cpu);
    struct engine *e = engine_new_stack("teach-numa-2x4", text, stack(setting),
                                        &(struct kernel_config){.seed = 1});

    engine_run(e, 20 * NSEC_PER_SEC);
    kernel_check(e->kernel);
    g_assert_cmpint(task_process(engine_task(e, "t", 0))->pub.resident_bytes, ==, 4 * GIB);
    return e;
}

static void test_zone_reclaim(void)
{
    static const struct {
        const char *setting, *cache;
        int cpu;
        bool succeeds;
    } cases[] = {
        {"tier.zone_reclaim_mode=0", "6GiB", 0, false},
        {"tier.zone_reclaim_mode=1", "6GiB", 0, true},
        /* Only the node's own CPUs reclaim there. */
        {"tier.zone_reclaim_mode=1", "6GiB", 4, false},
        /* One part in a hundred at least must be page cache: 82 MiB. */
        {"tier.zone_reclaim_mode=1", "64MiB", 0, false},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct engine *e = reclaimed(cases[i].setting, cases[i].cache, cases[i].cpu);
        const struct process *new = task_process(engine_task(e, "t", 0));

        g_test_message("case %zu", i);
        g_assert_true((count(e, 0, NUMASIM_ZONE_RECLAIM_SUCCESS) > 0) == cases[i].succeeds);
        g_assert_cmpuint(count(e, 1, NUMASIM_ZONE_RECLAIM_SUCCESS), ==, 0);
        g_assert_cmpuint(count(e, 0, NUMASIM_ZONE_RECLAIM_FAILED), ==, 0);
        if (cases[i].succeeds) {
            g_assert_cmpint(new->bytes_by_node[0], ==, 4 * GIB);
            g_assert_cmpuint(count(e, 1, NUMASIM_NUMA_MISS), ==, 0);
        } else {
            g_assert_cmpint(new->bytes_by_node[1], >, 0);
            g_assert_cmpuint(count(e, 1, NUMASIM_NUMA_MISS), >, 0);
        }
        engine_free(e);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pools/hugetlb", test_pools);
    g_test_add_func("/pools/meminfo", test_meminfo);
    g_test_add_func("/pools/zone-reclaim", test_zone_reclaim);
    return g_test_run();
}
