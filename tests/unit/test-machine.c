/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "machine/machine.h"
#include "machine/show.h"

enum { LOCAL_NS = 100, NODE_BYTES = 1 << 30 };

/* Two packages of two nodes; a node has two LLCs of two cores of two threads: 32 CPUs, threads
 * interleaved. Node 4 is memory alone, on package 0. */
static struct machine *machine_new_regular(void)
{
    struct machine *m = machine_new();

    m->name = g_strdup("regular");
    m->nr_cpus = 32;
    m->nr_cores = m->nr_clusters = m->nr_l2s = 16;
    m->nr_llcs = 8;
    m->nr_dies = m->nr_packages = 2;
    m->nr_nodes = 5;
    m->cpus = g_new0(struct machine_cpu, 32);
    m->llcs = g_new0(struct machine_llc, 8);
    m->nodes = g_new0(struct machine_node, 5);
    for (int32_t cpu = 0; cpu < 32; cpu++) {
        int32_t core = cpu % 16;

        m->cpus[cpu] = (struct machine_cpu){.os_id = cpu,
                                            .core = core,
                                            .cluster = core,
                                            .l2 = core,
                                            .llc = core / 2,
                                            .die = core / 8,
                                            .package = core / 8,
                                            .node = core / 4,
                                            .capacity = 1024};
    }
    m->distances = g_new(int32_t, 25);
    m->latency_ns = g_new(int64_t, 25);
    for (int32_t i = 0; i < 25; i++) {
        int32_t from = i / 5, to = i % 5;

        m->distances[i] = from == to             ? 10
                          : from == 4 || to == 4 ? 40
                          : from / 2 == to / 2   ? 12
                                                 : 32;
        m->latency_ns[i] = LOCAL_NS * m->distances[i] / 10;
    }
    for (int32_t node = 0; node < 5; node++) {
        m->nodes[node] = (struct machine_node){
            .os_id = node, .memory_bytes = NODE_BYTES, .tier = TIER_DRAM, .package = -1};
    }
    m->nodes[4].tier = TIER_CXL;
    m->nodes[4].package = 0;
    return m;
}

static struct machine *machine_new_finished(void)
{
    struct machine *m = machine_new_regular();
    g_autoptr(GError) error = NULL;

    machine_finish(m, &error);
    g_assert_no_error(error);
    return m;
}

static void assert_list(const struct machine *m, const uint64_t *set, const char *expected)
{
    g_autofree char *list = bitmap_to_list(set, (uint32_t)m->nr_cpus);

    g_assert_cmpstr(list, ==, expected);
}

static void test_sets(void)
{
    g_autoptr(machine_t) m = machine_new_finished();

    assert_list(m, machine_core_cpus(m, 3), "3,19");
    assert_list(m, machine_cluster_cpus(m, 3), "3,19");
    assert_list(m, machine_llc_cpus(m, 1), "2-3,18-19");
    assert_list(m, machine_node_cpus(m, 1), "4-7,20-23");
    assert_list(m, machine_node_cpus(m, 4), "");
    assert_list(m, machine_package_cpus(m, 1), "8-15,24-31");
    g_assert_cmpint(m->cpus[3].thread, ==, 0);
    g_assert_cmpint(m->cpus[19].thread, ==, 1);
    g_assert_cmpint(m->nodes[3].package, ==, 1);
    g_assert_cmpint(m->nodes[4].package, ==, 0);
    g_assert_true(m->numa_in_package);
    g_assert_true(m->online_all);
}

static void test_reach(void)
{
    g_autoptr(machine_t) m = machine_new_finished();

    g_assert_cmpint(machine_reach(m, 0, 0), ==, REACH_SELF);
    g_assert_cmpint(machine_reach(m, 0, 16), ==, REACH_CORE);
    g_assert_cmpint(machine_reach(m, 0, 1), ==, REACH_LLC);
    g_assert_cmpint(machine_reach(m, 0, 2), ==, REACH_NODE);
    g_assert_cmpint(machine_reach(m, 0, 4), ==, REACH_PACKAGE);
    g_assert_cmpint(machine_reach(m, 0, 31), ==, REACH_REMOTE);
    g_assert_cmpint(machine_distance(m, 0, 3), ==, 32);
    g_assert_cmpint(machine_latency_ns(m, 0, 1), ==, 120);
}

/*
 * Two packages as one node, memory interleaved over both: the node hangs on neither, and a CPU of
 * the other package is remote although it is of the same node.
 */
static void test_node_over_packages(void)
{
    g_autoptr(machine_t) m = machine_new_regular();

    for (int32_t cpu = 0; cpu < 32; cpu++) {
        m->cpus[cpu].node = 0;
    }
    g_assert_true(machine_finish(m, NULL));
    g_assert_cmpint(m->nodes[0].package, ==, -1);
    g_assert_cmpint(machine_reach(m, 0, 31), ==, REACH_REMOTE);
    g_assert_false(m->numa_in_package);
}

static void expect_failure(struct machine *m, const char *message)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(machine_finish(m, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_cmpstr(error->message, ==, message);
    machine_free(m);
}

static void test_invariants(void)
{
    struct machine *m = machine_new();

    expect_failure(m, "the machine has 0 CPUs; expected 1..4096");
    m = machine_new_regular();
    m->cpus[5].llc = 8;
    expect_failure(m, "CPU 5 is on llc 8; expected 0..7");
    m = machine_new_regular();
    m->cpus[19].node = 1;
    expect_failure(m, "core 3 is in node 0 and, by CPU 19, in node 1; expected one");
    m = machine_new_regular();
    m->nr_packages = 3;
    expect_failure(m, "package 2 has no CPU; expected package numbers without gaps");
    m = machine_new_regular();
    m->distances[1] = 10;
    expect_failure(m, "the distance from node 0 to node 1 is 10; expected 11..255");
    m = machine_new_regular();
    m->distances[6] = 11;
    expect_failure(m, "the distance from node 1 to node 1 is 11; expected 10");
    m = machine_new_regular();
    m->latency_ns[7] = 0;
    expect_failure(m, "the latency from node 1 to node 2 is not positive");
    m = machine_new_regular();
    m->cpus[2].capacity = 0;
    expect_failure(m, "CPU 2 has capacity 0; expected 1..1024");
    m = machine_new_regular();
    for (int32_t node = 0; node < 5; node++) {
        m->nodes[node].memory_bytes = 0;
    }
    expect_failure(m, "no node has memory; expected one that has");
    m = machine_new_regular();
    m->irregular_distances = true;
    m->distances[1] = 256;
    expect_failure(m, "the distance from node 0 to node 1 is 256; expected 0..255");
    m = machine_new_regular();
    m->nodes[3].memory_bytes = -1;
    expect_failure(m, "node 3: the memory is negative, or all nodes' beyond 8 EiB");
    m = machine_new_regular();
    m->nodes[4].package = 2;
    expect_failure(m, "node 4 hangs on package 2; expected -1..1");
    m = machine_new_regular();
    m->offline = bitmap_new(32);
    bitmap_fill(m->offline, 32);
    expect_failure(m, "every CPU is offline; expected one online");
}

/* Firmware that calls every node local, and sizes that nobody stated. */
static void test_irregular(void)
{
    g_autoptr(machine_t) m = machine_new_regular();
    g_autoptr(GError) error = NULL;

    for (int32_t i = 0; i < 25; i++) {
        m->distances[i] = i == 0 ? 0 : 10;
    }
    m->irregular_distances = true;
    machine_finish(m, &error);
    g_assert_no_error(error);
    for (int32_t core = 0; core < m->nr_cores; core++) {
        g_assert_cmpint(m->l1d_bytes[core], ==, 0);
        g_assert_cmpint(m->l2_bytes[core], ==, 0);
    }
}

static void assert_fallback(const struct machine *m, int32_t node, const char *expected)
{
    g_autofree int32_t *order = g_new(int32_t, (size_t)m->nr_nodes);
    g_autoptr(GString) text = g_string_new(NULL);

    machine_fallback_order(m, node, order);
    for (int32_t i = 0; i < m->nr_nodes; i++) {
        g_string_append_printf(text, "%s%d", i > 0 ? " " : "", order[i]);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

/*
 * By hand, with penalty = (distance + (n < local) + has CPUs) * 1024 + load:
 * node 0: itself; 1 (12+0+1); then 2 and 3 tie at 33, lower id first; 4 at 40. The first node of a
 *   new distance gains load: 1, 2 and 4 have 1 each.
 * node 1: itself; 0 (12+1+1); 2 and 3 both 32+0+1, but 2 has load 1, so 3 goes first; 2; 4.
 *   Loads then: 0:1 1:1 2:1 3:1 4:2.
 * node 2: itself; 3 (12+1); 0 and 1 both 32+1+1 with load 1 each: 0, 1; 4. Loads 3:2, 0:2.
 * node 3: itself; 2; then 1 (load 1) before 0 (load 2); 4.
 * node 4 has no CPUs: its own memory first, then four nodes at 40+1+1 by load. Before it node 3
 *   raised 2 to 2 and 1 to 2, so all four have 2: by id.
 */
static void test_fallback(void)
{
    g_autoptr(machine_t) m = machine_new_finished();

    assert_fallback(m, 0, "0 1 2 3 4");
    assert_fallback(m, 1, "1 0 3 2 4");
    assert_fallback(m, 2, "2 3 0 1 4");
    assert_fallback(m, 3, "3 2 1 0 4");
    assert_fallback(m, 4, "4 0 1 2 3");
}

/* A node without memory is last everywhere, and its own list starts elsewhere. */
static void test_fallback_memoryless(void)
{
    g_autoptr(machine_t) m = machine_new_regular();

    m->nodes[1].memory_bytes = 0;
    g_assert_true(machine_finish(m, NULL));
    assert_fallback(m, 0, "0 2 3 4 1");
    assert_fallback(m, 1, "0 3 2 4 1");
}

/* All distances alike: the local node first, then by who was not first elsewhere yet. */
static void test_fallback_flat(void)
{
    g_autoptr(machine_t) m = machine_new_regular();

    for (int32_t i = 0; i < 25; i++) {
        m->distances[i] = 10;
    }
    m->irregular_distances = true;
    g_assert_true(machine_finish(m, NULL));
    /* Node 4 has no CPUs and so less penalty; nodes below the local one have 1 more each. */
    assert_fallback(m, 0, "0 4 1 2 3");
    assert_fallback(m, 2, "2 4 3 0 1");
    assert_fallback(m, 4, "4 0 1 2 3");
}

/* As many nodes as there may be, some without memory, some without CPUs, numbered with gaps. */
static void test_large(void)
{
    enum { CPUS = 1024, NODES = 64 };
    g_autoptr(machine_t) m = machine_new();
    g_autofree int32_t *order = g_new(int32_t, NODES);

    m->nr_cpus = m->nr_cores = m->nr_clusters = m->nr_l2s = CPUS;
    m->nr_llcs = m->nr_dies = m->nr_packages = NODES / 2;
    m->nr_nodes = NODES;
    m->cpus = g_new0(struct machine_cpu, CPUS);
    m->llcs = g_new0(struct machine_llc, NODES / 2);
    m->nodes = g_new0(struct machine_node, NODES);
    m->distances = g_new(int32_t, NODES * NODES);
    m->latency_ns = g_new(int64_t, NODES * NODES);
    m->irregular_distances = true;
    for (int32_t i = 0; i < CPUS; i++) {
        int32_t package = i % (NODES / 2);

        m->cpus[i] = (struct machine_cpu){i * 64,  i,           i, i,    package, package,
                                          package, 2 * package, 0, 1024, 0};
    }
    for (int32_t i = 0; i < NODES; i++) {
        m->nodes[i] = (struct machine_node){
            .os_id = 16 * i, .memory_bytes = (i % 4) * (int64_t)NODE_BYTES, .package = -1};
    }
    for (int32_t i = 0; i < NODES * NODES; i++) {
        m->distances[i] = 10;
        m->latency_ns[i] = LOCAL_NS;
    }
    g_assert_true(machine_finish(m, NULL));
    assert_list(m, machine_node_cpus(m, 62),
                "31,63,95,127,159,191,223,255,287,319,351,383,415,447,"
                "479,511,543,575,607,639,671,703,735,767,799,831,863,"
                "895,927,959,991,1023");
    for (int32_t node = 0; node < NODES; node++) {
        g_autofree bool *seen = g_new0(bool, NODES);

        machine_fallback_order(m, node, order);
        g_assert_true(order[0] == node || m->nodes[node].memory_bytes == 0);
        for (int32_t i = 0; i < NODES; i++) {
            g_assert_false(seen[order[i]]);
            seen[order[i]] = true;
            g_assert_true((m->nodes[order[i]].memory_bytes == 0) == (i >= NODES * 3 / 4));
        }
    }
}

static void test_show(void)
{
    g_autoptr(machine_t) m = machine_new_finished();
    g_autofree char *text = machine_show(m, NULL);

    g_assert_true(g_str_has_prefix(text, "regular (x86_64)\n"
                                         "  32 CPUs = 16 cores x 2 threads, 2 packages, 5 nodes, "
                                         "8 LLCs, 5GiB of memory\n"));
    g_assert_nonnull(strstr(text, "\nPackage 0  CPUs 0-7,16-23\n"
                                  "|- Node 0   DRAM 1GiB     CPUs 0-3,16-19\n"
                                  "|  |- LLC 0   -        CPUs 0-1,16-17\n"
                                  "|  `- LLC 1   -        CPUs 2-3,18-19\n"));
    g_assert_nonnull(strstr(text, "`- Node 4   CXL  1GiB     no CPUs\n"));
    g_assert_nonnull(strstr(text, "\nDistances\n"
                                  "  from\\to      0      1      2      3      4\n"
                                  "        0     10     12     32     32     40\n"));
    g_assert_true(g_str_is_ascii(text));
    g_assert_true(g_str_has_suffix(text, "\n"));
}

static void test_names(void)
{
    g_assert_cmpstr(machine_tier_name(TIER_PMEM), ==, "PMEM");
    g_assert_cmpstr(machine_arch_name(ARCH_ARM64), ==, "aarch64");
    g_assert_cmpstr(machine_reach_name(REACH_REMOTE), ==, "remote");
    machine_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/machine/sets", test_sets);
    g_test_add_func("/machine/reach", test_reach);
    g_test_add_func("/machine/node-over-packages", test_node_over_packages);
    g_test_add_func("/machine/invariants", test_invariants);
    g_test_add_func("/machine/fallback", test_fallback);
    g_test_add_func("/machine/fallback-memoryless", test_fallback_memoryless);
    g_test_add_func("/machine/fallback-flat", test_fallback_flat);
    g_test_add_func("/machine/irregular", test_irregular);
    g_test_add_func("/machine/large", test_large);
    g_test_add_func("/machine/show", test_show);
    g_test_add_func("/machine/names", test_names);
    return g_test_run();
}
