/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kind of memory a node without CPUs has, and where it hangs. */
#include "facts-fixture.h"
#include "format/facts/read.h"
#include "sysfs-fixture.h"

/* A node 2 without CPUs, at the distances that node 2's row states. */
static void put_memory_node(struct tree_fixture *fixture)
{
    tree_fixture_add(fixture, NODE "/node0/distance", "10 21 17\n");
    tree_fixture_add(fixture, NODE "/node1/distance", "21 10 28\n");
    tree_fixture_add(fixture, NODE "/node2/distance", "17 28 10\n");
    tree_fixture_add(fixture, NODE "/node2/cpulist", "\n");
    tree_fixture_add(fixture, NODE "/node2/meminfo", "Node 2 MemTotal:    4194304 kB\n");
}

static void put_dax(struct tree_fixture *fixture, const char *device)
{
    g_autofree char *node = g_strdup_printf("sys/devices/%s/target_node", device);

    tree_fixture_add(fixture, node, "2\n");
    tree_fixture_addf(fixture, "sys/bus/dax/devices/dax0.0", "-> ../../../devices/%s", device);
}

static void test_dax(void)
{
    static const struct {
        const char *device;
        int32_t tier;
    } devices[] = {
        {"LNXSYSTM:00/ndbus0/region5/dax5.1/dax0.0", TIER_PMEM},
        {"platform/ACPI0017:00/root0/decoder0.0/region0/dax_region0/dax0.0", TIER_CXL},
        {"platform/hmem.1/dax0.0", FACTS_UNKNOWN},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(devices); i++) {
        g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
        g_autoptr(facts_t) f = NULL;

        put_memory_node(fixture);
        put_dax(fixture, devices[i].device);
        f = sysfs_fixture_facts(fixture);
        g_assert_cmpint(facts_find_node(f, 2)->tier, ==, devices[i].tier);
        g_assert_cmpint(facts_find_node(f, 2)->near_cpu, ==, 0);
        g_assert_cmpint(facts_find_node(f, 0)->tier, ==, FACTS_UNKNOWN);
    }
}

static void test_hmat(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(facts_t) f = NULL;

    put_memory_node(fixture);
    put_dax(fixture, "platform/hmem.1/dax0.0");
    tree_fixture_add(fixture, NODE "/node0/access1/initiators/node0", "-> ../../../node0");
    tree_fixture_add(fixture, NODE "/node0/access1/initiators/read_bandwidth", "1000\n");
    tree_fixture_add(fixture, NODE "/node2/access0/initiators/node0", "-> ../../../node0");
    tree_fixture_add(fixture, NODE "/node2/access0/initiators/read_bandwidth", "9\n");
    tree_fixture_add(fixture, NODE "/node2/access1/initiators/node1", "-> ../../../node1");
    tree_fixture_add(fixture, NODE "/node2/access1/initiators/node77", "-> ../../../node77");
    tree_fixture_add(fixture, NODE "/node2/access1/initiators/read_latency", "113\n");
    tree_fixture_add(fixture, NODE "/node2/access1/initiators/write_latency", "115\n");
    tree_fixture_add(fixture, NODE "/node2/access1/initiators/read_bandwidth", "2000\n");
    tree_fixture_add(fixture, NODE "/node2/access1/initiators/write_bandwidth", "1500\n");
    tree_fixture_add(fixture, NODE "/node2/memory_side_cache/index1/size", "1048576\n");
    f = sysfs_fixture_facts(fixture);
    g_assert_cmpint(facts_pair_get(f, FACTS_LATENCY_NS, 1, 2), ==, 113);
    g_assert_cmpint(facts_pair_get(f, FACTS_LATENCY_NS, 0, 2), ==, 0);
    g_assert_cmpint(facts_pair_get(f, FACTS_BANDWIDTH_BYTES_PER_S, 1, 2), ==, INT64_C(2000) << 20);
    g_assert_cmpint(facts_find_node(f, 2)->write_bandwidth_bytes_per_s, ==, INT64_C(1500) << 20);
    g_assert_cmpint(facts_find_node(f, 2)->hmat.read_latency_ns, ==, 113);
    g_assert_cmpint(facts_find_node(f, 2)->hmat.write_latency_ns, ==, 115);
    g_assert_cmpint(facts_find_node(f, 2)->hmat.read_bandwidth_bytes_per_s, ==,
                    INT64_C(2000) << 20);
    /* No latency is stated of node 0, so the kernel could not rank by it. */
    g_assert_cmpint(facts_find_node(f, 0)->hmat.read_bandwidth_bytes_per_s, ==, 0);
    g_assert_cmpint(facts_find_node(f, 2)->side_cache_bytes, ==, 1 << 20);
    g_assert_cmpint(facts_find_node(f, 2)->tier, ==, TIER_HBM);
    g_assert_cmpint(facts_find_node(f, 2)->near_cpu, ==, 4);
}

static void test_xeon_phi(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(facts_t) f = NULL;

    put_memory_node(fixture);
    tree_fixture_add(fixture, "proc/cpuinfo",
                     "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\n"
                     "model\t\t: 87\ncpuid level\t: 13\n\n");
    f = sysfs_fixture_facts(fixture);
    g_assert_cmpint(facts_find_node(f, 2)->tier, ==, TIER_HBM);
    g_assert_cmpstr(facts_find_node(f, 2)->subtype, ==, "MCDRAM");
}

static void test_gpu_and_tiers(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(facts_t) gpu = NULL, tier = NULL;

    put_memory_node(fixture);
    tree_fixture_add(fixture, "sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "0-1\n");
    tree_fixture_add(fixture, "sys/devices/virtual/memory_tiering/memory_tier22/nodelist", "2\n");
    tier = sysfs_fixture_facts(fixture);
    g_assert_cmpint(facts_find_node(tier, 2)->tier, ==, TIER_CXL);
    g_assert_true(facts_noted(tier, "ranks the memory of node 2 in tier 22"));
    tree_fixture_add(fixture, "proc/driver/nvidia/gpus/0004:05:00.0/numa_status",
                     "Node:      2\nStatus:    online\n");
    tree_fixture_add(fixture, "sys/bus/pci/devices/0004:05:00.0/numa_node", "1\n");
    gpu = sysfs_fixture_facts(fixture);
    g_assert_cmpstr(facts_find_node(gpu, 2)->subtype, ==, "GPUMemory");
    g_assert_cmpint(facts_find_node(gpu, 2)->near_cpu, ==, 4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/facts-sysfs-memory/dax", test_dax);
    g_test_add_func("/facts-sysfs-memory/hmat", test_hmat);
    g_test_add_func("/facts-sysfs-memory/xeon-phi", test_xeon_phi);
    g_test_add_func("/facts-sysfs-memory/gpu-and-tiers", test_gpu_and_tiers);
    return g_test_run();
}
