/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux-tier on teach-numa-2x4 (two nodes of 8 GiB, CPUs 0-3 on node 0): where pages go under each
 * memory policy, and what is counted (mm/vmstat.c: zone_statistics()); the arithmetic of interleaving;
 * watermarks; kswapd and demotion.
 */
#include <string.h>

#include "engine-fixture.h"
#include "format/policy-yaml.h"
#include "interleave.h"
#include "kernel-invariants.h"
#include "watermark.h"

#include "base/time.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

enum { PAGES_PER_MIB = 256 };

/* ------------------------------------------------------------------------------------------- */
/* Arithmetic                                                                                   */

/* Weights from bandwidths in GB/s: 32 parts, truncated, then divided by what they share. */
static void test_weights(void)
{
    static const struct {
        int64_t gb[3];
        uint8_t weight[3];
        int32_t nr;
    } cases[] = {
        {{200, 200}, {1, 1}, 2},          {{200, 22}, {28, 3}, 2},
        {{205, 205, 24}, {15, 15, 1}, 3}, {{300, 64}, {26, 5}, 2},
        {{350, 20, 20}, {28, 1, 1}, 3},   {{100, 50}, {21, 10}, 2},
        {{819, 307}, {23, 8}, 2},         {{0, 0}, {1, 1}, 2},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t bandwidth[3];
        uint8_t weights[3];

        for (int32_t n = 0; n < 3; n++) {
            bandwidth[n] = cases[i].gb[n] * INT64_C(1000000000);
        }
        interleave_weigh(bandwidth, cases[i].nr, weights);
        for (int32_t n = 0; n < cases[i].nr; n++) {
            g_assert_cmpint(weights[n], ==, cases[i].weight[n]);
        }
    }
}

/* Counting many pages at once is walking them one by one. */
static void test_interleave_counts(void)
{
    static const uint64_t nodes = 0xb; /* 0, 1, 3 */
    static const uint8_t weights[4] = {3, 1, 9, 2};
    static const int32_t turn[6] = {0, 0, 0, 1, 2, 2};

    for (int64_t index = 0; index < 14; index++) {
        struct interleave il;
        int64_t counts[3] = {0};

        interleave_init(&il, &nodes, 4, weights, index);
        g_assert_cmpint(il.nr, ==, 3);
        g_assert_cmpint(interleave_first(&il), ==, turn[index % 6]);
        for (int64_t nr = 1; nr < 40; nr++) {
            counts[turn[(index + nr - 1) % 6]]++;
            for (int32_t i = 0; i < 3; i++) {
                g_assert_cmpint(interleave_count(&il, i, nr), ==, counts[i]);
            }
        }
    }
}

static void test_min_free(void)
{
    /* Two sockets of 128 GiB: 88 MiB in all, by khugepaged; without THP by the root. */
    g_assert_cmpint(watermark_min_free_kib(256 << 20, 2, true), ==, 90112);
    g_assert_cmpint(watermark_min_free_kib(256 << 20, 2, false), ==, 65536);
    g_assert_cmpint(watermark_min_free_kib(1 << 20, 1, false), ==, 4096);
}

/* ------------------------------------------------------------------------------------------- */
/* Policies and counters                                                                        */

static uint64_t count(const struct engine *e, int32_t node, enum numasim_vm_item item)
{
    const struct numasim_host *host = (const struct numasim_host *)(const void *)e->kernel;

    return numasim_node(host, node)->vmstat[item];
}

struct counted {
    uint64_t hit, miss, foreign, interleave, local, other;
};

static void must_count(const struct engine *e, int32_t node, struct counted c)
{
    g_test_message("node %d", node);
    g_assert_cmpuint(count(e, node, NUMASIM_NUMA_HIT), ==, c.hit);
    g_assert_cmpuint(count(e, node, NUMASIM_NUMA_MISS), ==, c.miss);
    g_assert_cmpuint(count(e, node, NUMASIM_NUMA_FOREIGN), ==, c.foreign);
    g_assert_cmpuint(count(e, node, NUMASIM_NUMA_INTERLEAVE), ==, c.interleave);
    g_assert_cmpuint(count(e, node, NUMASIM_NUMA_LOCAL), ==, c.local);
    g_assert_cmpuint(count(e, node, NUMASIM_NUMA_OTHER), ==, c.other);
}

/* A thread on CPU 0 touches @region (its keys) under @process (keys of the process, a line each). */
static struct engine *touched(const char *process, const char *region)
{
    g_autofree char *text = g_strdup_printf("numasim: workload/1\n"
                                            "cgroups: {box: {nodes: 1}}\n"
                                            "processes:\n  p:\n    %s\n    regions: {r: {%s}}\n"
                                            "    threads: {t: {cpus: 0, program: [touch: r, "
                                            "run: 1s]}}\n",
                                            process, region);
    struct engine *e =
        engine_new("teach-numa-2x4", text, "linux-6.12", &(struct kernel_config){.seed = 1});

    engine_run(e, 900 * NSEC_PER_MSEC);
    kernel_check(e->kernel);
    return e;
}

struct policy_case {
    const char *process, *region;
    struct counted node[2];
};

/* Of 4 MiB: 1024 base pages, or two huge ones. */
static const struct policy_case policies[] = {
    {"count: 1", "size: 4MiB", {{.hit = 1024, .local = 1024}, {0}}},
    {"numactl: -l", "size: 4MiB", {{.hit = 1024, .local = 1024}, {0}}},
    {"numactl: -m 1", "size: 4MiB", {{0}, {.hit = 1024, .other = 1024}}},
    {"numactl: -m 0-1", "size: 4MiB", {{.hit = 1024, .local = 1024}, {0}}},
    {"numactl: -p 1", "size: 4MiB", {{0}, {.hit = 1024, .other = 1024}}},
    {"numactl: -P 1", "size: 4MiB", {{0}, {.hit = 1024, .other = 1024}}},
    {"policy: {mode: bind, nodes: 0-1, home: 1}",
     "size: 4MiB",
     {{0}, {.hit = 1024, .other = 1024}}},
    {"numactl: -i all",
     "size: 4MiB",
     {{.hit = 512, .interleave = 512, .local = 512},
      {.hit = 512, .interleave = 512, .other = 512}}},
    {"numactl: -w all", "size: 4MiB", {{.hit = 512, .local = 512}, {.hit = 512, .other = 512}}},
    {"numactl: -m 0",
     "size: 4MiB, policy: {mode: bind, nodes: 1}",
     {{0}, {.hit = 1024, .other = 1024}}},
    {"cgroup: box", "size: 4MiB", {{0}, {.hit = 1024, .other = 1024}}},
    {"count: 1", "size: 4MiB, page: 2MiB", {{.hit = 2, .local = 2}, {0}}},
    {"count: 1", "size: 4MiB, page: 64KiB", {{.hit = 64, .local = 64}, {0}}},
    {"numactl: -i all",
     "size: 4MiB, page: 2MiB",
     {{.hit = 1, .interleave = 1, .local = 1}, {.hit = 1, .interleave = 1, .other = 1}}},
};

static void test_policies(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(policies); i++) {
        struct engine *e = touched(policies[i].process, policies[i].region);

        g_test_message("case %zu: %s, %s", i, policies[i].process, policies[i].region);
        must_count(e, 0, policies[i].node[0]);
        must_count(e, 1, policies[i].node[1]);
        engine_free(e);
    }
}

/* First touch beyond the node: 8 GiB less the low watermark here, the rest there, each a miss. */
static void test_spill(void)
{
    struct engine *e = touched("count: 1", "size: 9GiB");
    const struct numasim_host *host = (const struct numasim_host *)(const void *)e->kernel;
    const struct numasim_node *node = numasim_node(host, 0);
    uint64_t here = (uint64_t)((8 * GIB - node->low_bytes) >> 12);
    uint64_t rest = 9 * 1024 * PAGES_PER_MIB - here;

    /* 44 MiB at least on each of two nodes, a quarter more to low. */
    g_assert_cmpint(node->min_bytes, ==, 44 * MIB);
    g_assert_cmpint(node->low_bytes, ==, 55 * MIB);
    g_assert_cmpint(node->high_bytes, ==, 66 * MIB);
    g_assert_cmpint(node->promo_bytes, ==, 77 * MIB);
    must_count(e, 0, (struct counted){.hit = here, .foreign = rest, .local = here});
    must_count(e, 1, (struct counted){.miss = rest, .other = rest});
    engine_free(e);
}

/* BIND to a node that is full: down to min, then nothing but the OOM killer, with 7 GiB free elsewhere. */
static void test_bind_oom(void)
{
    struct engine *e = touched("numactl: -m 1", "size: 9GiB");

    engine_run(e, 5 * NSEC_PER_SEC);
    g_assert_cmpuint(count(e, 0, NUMASIM_OOM_KILL) + count(e, 1, NUMASIM_OOM_KILL), ==, 1);
    g_assert_cmpuint(count(e, 1, NUMASIM_NUMA_HIT), ==, (uint64_t)((8 * GIB - 44 * MIB) >> 12));
    g_assert_cmpint(task_pub(engine_task(e, "t", 0))->task_state, ==, NUMASIM_TASK_DEAD);
    engine_free(e);
}

/* A huge page is tried on the start node alone: beyond it base pages follow, on the other node. */
static void test_thp_fallback(void)
{
    struct engine *e = touched("count: 1", "size: 9GiB, page: 2MiB");

    g_assert_cmpuint(count(e, 0, NUMASIM_THP_FAULT_ALLOC), ==,
                     (uint64_t)((8 * GIB - 44 * MIB) >> 21));
    g_assert_cmpuint(count(e, 1, NUMASIM_THP_FAULT_ALLOC), ==, 0);
    g_assert_cmpuint(count(e, 0, NUMASIM_THP_FAULT_FALLBACK), >, 500);
    g_assert_cmpuint(count(e, 1, NUMASIM_NUMA_MISS), >, 500 * 512);
    engine_free(e);
}

/* Page cache makes way: what is not used is dropped, and nothing goes to the other node for long. */
static void test_file_reclaim(void)
{
    struct engine *e = touched("numactl: -m 0", "size: 9GiB, file: true, readonly: true");

    g_assert_cmpuint(count(e, 0, NUMASIM_OOM_KILL), ==, 0);
    g_assert_cmpuint(count(e, 0, NUMASIM_PGSTEAL_DIRECT) + count(e, 0, NUMASIM_PGSTEAL_KSWAPD), >,
                     256 * 1024);
    g_assert_cmpint(task_pub(engine_task(e, "t", 0))->task_state, ==, NUMASIM_TASK_RUNNING);
    engine_free(e);
}

/* ------------------------------------------------------------------------------------------- */
/* cpusets                                                                                      */

static int64_t bytes_on(struct engine *e, int32_t node)
{
    return task_pub(engine_task(e, "t", 0))->process->bytes_by_node[node];
}

/* cpuset.mems and the pages: they follow where memory_migrate says so, as far as time allows. */
static void test_mems(void)
{
    static const char *const migrates[] = {"true", "false"};

    for (int32_t i = 0; i < 2; i++) {
        g_autofree char *text =
            g_strdup_printf("numasim: workload/1\n"
                            "cgroups: {box: {nodes: 0}}\n"
                            "processes: {p: {cgroup: box, regions: {r: {size: 64MiB}}, threads: "
                            "{t: {cpus: 0, program: [touch: r, run: 2s]}}}}\n"
                            "admin: [{at: 1s, mems: {cgroup: box, nodes: 1, migrate: %s}}]\n",
                            migrates[i]);
        struct engine *e =
            engine_new("teach-numa-2x4", text, "linux-6.12", &(struct kernel_config){.seed = 1});

        engine_run(e, 1005 * NSEC_PER_MSEC);
        if (i == 0) { /* 2 us a page and the copy: 40 ms in all */
            g_assert_cmpint(bytes_on(e, 0), >, 0);
            g_assert_cmpint(bytes_on(e, 1), >, 0);
        }
        engine_run(e, 2 * NSEC_PER_SEC);
        g_assert_cmpint(bytes_on(e, 0), ==, i == 0 ? 0 : 64 * MIB);
        g_assert_cmpint(bytes_on(e, 1), ==, i == 0 ? 64 * MIB : 0);
        kernel_check(e->kernel);
        engine_free(e);
    }
}

/* A process moves to another cgroup while it runs, and its pages stay behind. */
static void test_move(void)
{
    static const char text[] =
        "numasim: workload/1\n"
        "cgroups: {a: {nodes: 0, cpus: 0-3}, b: {nodes: 1, cpus: 4-7}}\n"
        "processes: {p: {cgroup: a, regions: {r: {size: 64MiB}}, threads: "
        "{t: {count: 6, program: [touch: r, loop: {count: 1000, do: [run: 1ms, sleep: 1ms]}]}}}}\n"
        "admin: [{at: 1s, move: {process: p, cgroup: b, migrate: false}}]\n";
    static const char *const sets[] = {"fifo+none", "linux-6.12", "linux-6.1", "linux-7.3"};

    for (gsize i = 0; i < G_N_ELEMENTS(sets); i++) {
        struct engine *e =
            engine_new("teach-numa-2x4", text, sets[i], &(struct kernel_config){.seed = 1});

        engine_run(e, NSEC_PER_SEC);
        kernel_check(e->kernel);
        engine_run(e, NSEC_PER_SEC + 100 * NSEC_PER_MSEC);
        kernel_check(e->kernel);
        for (int32_t n = 0; n < 6; n++) {
            g_assert_cmpint(task_pub(engine_task(e, "t", n))->cpu, >=, 4);
        }
        g_assert_cmpint(bytes_on(e, 0), ==, 64 * MIB);
        engine_run(e, 10 * NSEC_PER_SEC);
        engine_free(e);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Tiers                                                                                        */

/* The same machine with CXL memory instead of its second node. */
static char *cxl_topology(void)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "topologies", "teach-numa-2x4.yaml", NULL);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    GString *out = g_string_new(text);

    g_string_replace(out, "- {nodes: 0-1, size: 8GiB}",
                     "- {nodes: 0, size: 4GiB}\n    - {nodes: 1, size: 8GiB, tier: CXL}", 1);
    g_string_replace(out, "packages: 2", "packages: 1", 1);
    return g_string_free(out, FALSE);
}

static struct policy_stack *tier_stack(bool demotes)
{
    g_autofree char *dir = fixture_plugin_dir();
    const char *plugins[] = {dir, NULL}, *sets[] = {"policies", NULL};
    struct policy_set *set = policy_set_read_yaml("policies/linux-6.12.yaml", sets, NULL);

    g_assert_nonnull(set);
    g_assert_true(policy_set_override(
        set, demotes ? "tier.demotion_enabled=on" : "tier.demotion_enabled=off", NULL));
    struct policy_stack *stack = policy_stack_load(set, plugins, NULL);

    g_assert_nonnull(stack);
    policy_set_free(set);
    return stack;
}

/* 3 GiB that nobody uses any more, and 2 GiB bound to the same 4 GiB: without demotion the killer comes,
 * with it the old pages go to the slower tier, and the new ones stay. */
static void test_demotion(void)
{
    static const char workload[] =
        "numasim: workload/1\nduration: 20s\n"
        "processes:\n"
        "  cold:\n    regions: {old: {size: 3GiB, touch: first}}\n"
        "    threads: {c: {cpus: 1, program: [run: 1ms, forever: [sleep: 1s, run: 1ms]]}}\n"
        "  hot:\n    numactl: -m 0\n    regions: {new: {size: 2GiB}}\n"
        "    threads: {t: {cpus: 0, start: 5s, program: [access: {misses: {new: 2/us}}, "
        "forever: [run: 1ms]]}}\n";
    g_autofree char *topology = cxl_topology();

    for (int32_t demotes = 0; demotes < 2; demotes++) {
        struct kernel_config config = {.seed = 1};
        struct engine *e = engine_new_stack(topology, workload, tier_stack(demotes != 0), &config);

        engine_run(e, 20 * NSEC_PER_SEC);
        kernel_check(e->kernel);
        g_assert_cmpuint(count(e, 0, NUMASIM_OOM_KILL), ==, !demotes);
        if (demotes) {
            uint64_t demoted =
                count(e, 0, NUMASIM_PGDEMOTE_KSWAPD) + count(e, 0, NUMASIM_PGDEMOTE_DIRECT);

            g_assert_cmpuint(demoted, >=, 1024 * PAGES_PER_MIB);
            g_assert_cmpint(bytes_on(e, 0), ==, 2 * GIB);
            g_assert_cmpint(bytes_on(e, 1), ==, 0);
        }
        engine_free(e);
    }
}

/* Demotion for a cgroup's limit moves pages and frees no charge: all of them go to the slower tier, and
 * then the killer comes. */
static void test_demotion_cgroup(void)
{
    static const char workload[] =
        "numasim: workload/1\nduration: 20s\ncgroups: {box: {memory.max: 1GiB}}\n"
        "processes:\n"
        "  p:\n    cgroup: box\n    regions: {r: {size: 1025MiB}}\n"
        "    threads: {t: {cpus: 0, program: [touch: r, run: 9s]}}\n"
        "  z: {threads: {z: {program: [run: 9s]}}}\n";
    g_autofree char *topology = cxl_topology();
    struct kernel_config config = {.seed = 1};
    struct engine *e = engine_new_stack(topology, workload, tier_stack(true), &config);

    engine_run(e, 9 * NSEC_PER_SEC);
    kernel_check(e->kernel);
    g_assert_cmpuint(count(e, 0, NUMASIM_OOM_KILL), ==, 1);
    g_assert_cmpuint(count(e, 0, NUMASIM_PGDEMOTE_DIRECT), ==, 1024 * PAGES_PER_MIB);
    g_assert_cmpint(task_pub(engine_task(e, "t", 0))->task_state, ==, NUMASIM_TASK_DEAD);
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/linux-tier/weights", test_weights);
    g_test_add_func("/linux-tier/interleave-counts", test_interleave_counts);
    g_test_add_func("/linux-tier/min-free", test_min_free);
    g_test_add_func("/linux-tier/policies", test_policies);
    g_test_add_func("/linux-tier/spill", test_spill);
    g_test_add_func("/linux-tier/bind-oom", test_bind_oom);
    g_test_add_func("/linux-tier/thp-fallback", test_thp_fallback);
    g_test_add_func("/linux-tier/file-reclaim", test_file_reclaim);
    g_test_add_func("/linux-tier/mems", test_mems);
    g_test_add_func("/linux-tier/move", test_move);
    g_test_add_func("/linux-tier/demotion", test_demotion);
    g_test_add_func("/linux-tier/demotion-cgroup", test_demotion_cgroup);
    return g_test_run();
}
