/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Abstract distances: the kernel's integer arithmetic, and which rule ranks which node. */
#include <string.h>

#include "format/machine/topology-yaml.h"
#include "machine/tiers.h"

static int32_t perf(int64_t latency_ns, int64_t bandwidth_mib)
{
    struct machine_coordinates dram = {100, 100, INT64_C(100000) << 20, INT64_C(100000) << 20};
    struct machine_coordinates own = {latency_ns, latency_ns, bandwidth_mib << 20,
                                      bandwidth_mib << 20};

    return machine_perf_to_adistance(&own, &dram);
}

static void test_formula(void)
{
    g_assert_cmpint(perf(100, 100000), ==, 576);
    g_assert_cmpint(perf(250, 12500), ==, 11520);
    g_assert_cmpint(perf(200, 25000), ==, 4608);
    g_assert_cmpint(perf(110, 400000), ==, 158);
    g_assert_cmpint(perf(175, 100000), ==, 1008);
    /* 576 * 279 / 100 = 1607.04 is cut before it is multiplied. */
    g_assert_cmpint(perf(279, 10000), ==, 16070);
    g_assert_cmpint(perf(1, 100000000), ==, 1);
}

static const char head[] =
    "numasim: topology/1\narch: x86_64\n"
    "cpus: {packages: 2, cores-per-llc: 1, source: s}\n"
    "distances: {matrix: [[10, 21, 14], [21, 10, 24], [14, 24, 10]], source: s}\n"
    "latency: {matrix: [[100ns, 150ns, 110ns], [150ns, 100ns, 200ns]], source: s}\n"
    "bandwidth: {matrix: [[100GB/s, 50GB/s, 400GB/s], [50GB/s, 100GB/s, 50GB/s]], source: s}\n"
    "caches: {llc: 1MiB, source: s}\n"
    "costs:\n"
    "  {context-switch: 0us, wakeup: 0us, idle-exit: 0us, fork: 0us, exit: 0us, tick: 0us,\n"
    "   wakeup-ipi: {self: 0us, core: 0us, llc: 0us, node: 0us, package: 0us, remote: 0us},\n"
    "   balance-pass: 0us, balance-cpu: 0us, page-fault: 0us, page-zero: 0B/s, page-move: 0us,\n"
    "   migration: {self: 0us, core: 0us, llc: 0us, node: 0us, package: 0us, remote: 0us},\n"
    "   page-move-copy: 0B/s, hint-fault: 0us, smt-pace: 100%, source: s}\n"
    "memory:\n  source: s\n  nodes:\n";

/* The abstract distance of node 2 where nodes 0, 1 and 2 have these keys besides their sizes. */
static int32_t distance_of(const char *first, const char *second, const char *third)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("%s    - {nodes: 0, size: 1GiB%s}\n"
                                            "    - {nodes: 1, size: 1GiB%s}\n"
                                            "    - {nodes: 2, size: 1GiB%s}\n",
                                            head, first, second, third);
    g_autoptr(machine_t) m = topology_read_yaml_buffer("x", text, strlen(text), &error);
    int32_t distances[3];

    g_assert_no_error(error);
    machine_abstract_distances(m, distances);
    g_assert_cmpint(distances[0], ==, 576);
    g_assert_cmpint(distances[1], ==, 576);
    return distances[2];
}

#define HMAT(ns, gb)                                                                               \
    ", hmat: {read-latency: " ns ", write-latency: " ns ", read-bandwidth: " gb                    \
    ", write-bandwidth: " gb "}"
#define DRAM HMAT("100ns", "100GiB/s")
#define SLOW HMAT("200ns", "25GiB/s")

static void test_rules(void)
{
    g_assert_cmpint(distance_of("", "", ""), ==, 576);
    g_assert_cmpint(distance_of("", "", ", tier: CXL"), ==, 2880);
    g_assert_cmpint(distance_of("", "", ", tier: PMEM"), ==, 2880);
    g_assert_cmpint(distance_of("", "", ", tier: CXL, abstract-distance: 700"), ==, 700);
    /* The machine's own numbers: 576 * 220 / 200 = 633, and a quarter of it. */
    g_assert_cmpint(distance_of("", "", ", tier: HBM"), ==, 158);
    g_assert_cmpint(distance_of(DRAM, DRAM, ", tier: CXL" SLOW), ==, 4608);
    g_assert_cmpint(distance_of(DRAM, "", SLOW), ==, 4608);
    g_assert_cmpint(distance_of("", "", ", tier: CXL" SLOW), ==, 2880);
}

static void test_uneven(void)
{
    g_assert_cmpint(distance_of(DRAM, HMAT("110ns", "95GiB/s"), ", tier: CXL" SLOW), ==, 4608);
    g_assert_cmpint(distance_of(DRAM, HMAT("111ns", "95GiB/s"), ", tier: CXL" SLOW), ==, 2880);
    g_assert_cmpint(distance_of(DRAM, HMAT("111ns", "95GiB/s"), SLOW), ==, 576);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tiers/formula", test_formula);
    g_test_add_func("/tiers/rules", test_rules);
    g_test_add_func("/tiers/uneven", test_uneven);
    return g_test_run();
}
