/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small snapshots written by hand: what is usual, then each odd thing alone. */
#include <string.h>

#include "base/error.h"
#include "facts-fixture.h"
#include "format/facts/read.h"
#include "sysfs-fixture.h"

/* The groups of all CPUs in a line: "0 0 2 2 4 4 6 6", "-" where it is unknown. */
static void expect_groups(const struct facts *f, enum facts_group group, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < f->cpus->len; i++) {
        const int32_t key = g_array_index(f->cpus, struct facts_cpu, i).group[group];
        g_autofree char *number = key < 0 ? g_strdup("-") : g_strdup_printf("%d", key);

        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", number);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_usual(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(facts_t) f = sysfs_fixture_facts(fixture);
    const struct facts_cpu *cpu = facts_find_cpu(f, 5);

    expect_groups(f, FACTS_CORE, "0 0 2 2 4 4 6 6");
    expect_groups(f, FACTS_L2, "0 0 2 2 4 4 6 6");
    expect_groups(f, FACTS_L3, "0 0 0 0 4 4 4 4");
    expect_groups(f, FACTS_PACKAGE, "0 0 0 0 4 4 4 4");
    expect_groups(f, FACTS_NODE, "0 0 0 0 1 1 1 1");
    expect_groups(f, FACTS_DIE, "- - - - - - - -");
    g_assert_cmpint(cpu->l1d_bytes, ==, 32 << 10);
    g_assert_cmpint(cpu->l2_bytes, ==, 1 << 20);
    g_assert_cmpint(cpu->l3_bytes, ==, 16 << 20);
    g_assert_cmpint(cpu->base_hz, ==, 2450000000);
    g_assert_cmpint(f->cache_line_bytes, ==, 64);
    g_assert_cmpint(facts_find_node(f, 1)->memory_bytes, ==, 1 << 30);
    g_assert_cmpint(facts_find_node(f, 1)->hugetlb_2m_pages, ==, 5);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 1, 0), ==, 21);
    g_assert_cmpint(f->arch, ==, ARCH_X86_64);
    g_assert_cmpint(f->hybrid, ==, 0);
    g_assert_cmpint(facts_reclaim_distance(f, (enum machine_arch)f->arch), ==, 30);
    g_assert_cmpstr(f->vendor, ==, "GenuineIntel");
    g_assert_cmpstr(f->model, ==, "Made Up CPU @ 2.45GHz");
    g_assert_cmpuint(f->notes->len, ==, 0);
    g_assert_nonnull(f->block_sources[MACHINE_DISTANCES]);
    g_assert_null(f->block_sources[MACHINE_LATENCY]);
}

/* The same from a folder, and from what /sys alone holds. */
static void test_folder(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    char *folder = tree_fixture_write(fixture);
    g_autofree char *sys = g_build_filename(folder, "sys", NULL);
    const struct facts_input whole = {.name = "x", .folder = folder}, part = {.name = "x", sys};
    g_autoptr(facts_t) f = NULL, g = NULL;

    g_assert_true(facts_sysfs.recognises(&whole));
    g_assert_true(facts_sysfs.recognises(&part));
    g_assert_false(facts_cpuid.recognises(&whole));
    f = facts_sysfs.read(&whole, NULL);
    g = facts_sysfs.read(&part, NULL);
    expect_groups(f, FACTS_L3, "0 0 0 0 4 4 4 4");
    expect_groups(g, FACTS_L3, "0 0 0 0 4 4 4 4");
    g_assert_cmpint(g->arch, ==, FACTS_UNKNOWN);
    tree_fixture_remove(folder);
}

static void test_maps(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(facts_t) f = NULL;

    /* A map counts more than a list, and one that cannot be read does not count. */
    for (int cpu = 0; cpu < 8; cpu++) {
        PUT(fixture, cpu < 4 ? "00000000,0000000f\n" : "00000000,000000f0\n",
            CPU "/cpu%d/topology/core_cpus", cpu);
        PUT(fixture, "0000000g\n", CPU "/cpu%d/topology/package_cpus", cpu);
        PUT(fixture, "0\n", CPU "/cpu%d/topology/core_id", cpu);
    }
    f = sysfs_fixture_facts(fixture);
    expect_groups(f, FACTS_CORE, "0 0 0 0 4 4 4 4");
    expect_groups(f, FACTS_PACKAGE, "0 0 0 0 4 4 4 4");
}

static void test_wrong_siblings(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(facts_t) f = NULL;

    sysfs_fixture_list(fixture, 5, "topology/package_cpus_list", 2, 5);
    sysfs_fixture_list(fixture, 4, "cache/index3/shared_cpu_list", 0, 3);
    f = sysfs_fixture_facts(fixture);
    expect_groups(f, FACTS_PACKAGE, "0 0 0 0 4 4 4 4");
    expect_groups(f, FACTS_L3, "0 0 0 0 4 4 4 4");
    g_assert_true(facts_noted(f, "1 CPUs list a package otherwise than"));
    g_assert_true(facts_noted(f, "1 CPUs list a LLC otherwise than"));
}

/* What cannot be read, or names what is not there, is told and does no harm. */
static void test_malformed(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(facts_t) f = NULL;

    PUT(fixture, "garbage\n", CPU "/cpu%d/topology/core_cpus_list", 2);
    PUT(fixture, "0,4\n", CPU "/cpu%d/topology/core_cpus_list", 0);
    PUT(fixture, "0-3,99\n", NODE "/node%d/cpulist", 0);
    PUT(fixture, "10 300\n", NODE "/node%d/distance", 0);
    PUT(fixture, "21 x\n", NODE "/node%d/distance", 1);
    f = sysfs_fixture_facts(fixture);
    expect_groups(f, FACTS_NODE, "0 0 0 0 1 1 1 1");
    g_assert_true(facts_noted(f, "2 files are not as Linux writes them, the first is "
                                 "sys/devices/system/cpu/cpu2/topology/core_cpus_list"));
    g_assert_true(facts_noted(f, "CPUs 99 stand in lists, and there are no such CPUs"));
    g_assert_true(facts_noted(f, "list a core otherwise than"));
    g_assert_true(facts_noted(f, "node 0 states 1 distances that are not in 1..255"));
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 0, 1), ==, 0);
}

static void test_siblings_with_core_ids(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(facts_t) f = NULL;

    for (int cpu = 0; cpu < 8; cpu++) {
        g_autofree char *id = g_strdup_printf("%d\n", cpu % 4);

        PUT(fixture, id, CPU "/cpu%d/topology/core_id", cpu);
    }
    f = sysfs_fixture_facts(fixture);
    expect_groups(f, FACTS_CORE, "0 1 2 3 4 5 6 7");
    expect_groups(f, FACTS_L2, "0 0 2 2 4 4 6 6");
    g_assert_true(facts_noted(f, "another core_id"));
}

static void test_offline(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(facts_t) f = NULL;

    tree_fixture_add(fixture, CPU "/online", "0-3,5-6\n");
    tree_fixture_add(fixture, CPU "/cpu1/online", "0\n");
    tree_fixture_add(fixture, CPU "/cpu2/online", "1\n");
    tree_fixture_add(fixture, CPU "/isolated", "2-3\n");
    f = sysfs_fixture_facts(fixture);
    expect_groups(f, FACTS_CORE, "0 - 2 2 - 5 6 -");
    expect_groups(f, FACTS_NODE, "0 - 0 0 - 1 1 -");
    g_assert_true(facts_find_cpu(f, 1)->offline && facts_find_cpu(f, 7)->offline);
    g_assert_false(facts_find_cpu(f, 2)->offline);
    g_assert_true(facts_find_cpu(f, 3)->isolated && !facts_find_cpu(f, 0)->isolated);
}

/* Memory of node 0 is offline, its CPUs are not: 3.10 kernels with a node hot-removed. */
static void test_offline_node(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(tree_fixture_t) rest = tree_fixture_new();
    g_autoptr(facts_t) f = NULL;

    for (guint i = 0; i < fixture->paths->len; i++) {
        const char *path = g_ptr_array_index(fixture->paths, i);

        if (!g_str_has_prefix(path, NODE "/node0/")) {
            tree_fixture_add(rest, path, g_ptr_array_index(fixture->texts, i));
        }
    }
    for (int cpu = 0; cpu < 4; cpu++) {
        PUT(rest, "-> ../../node/node0", CPU "/cpu%d/node0", cpu);
    }
    f = sysfs_fixture_facts(rest);
    expect_groups(f, FACTS_NODE, "0 0 0 0 1 1 1 1");
    g_assert_cmpint(facts_find_node(f, 0)->memory_bytes, ==, 0);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 0, 1), ==, 21);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 0, 0), ==, 10);
    g_assert_true(facts_noted(f, "node 0 is offline, but CPUs belong to it"));
}

static void test_fake_numa(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(facts_t) f = NULL;

    tree_fixture_add(fixture, NODE "/node0/cpulist", "0-7\n");
    tree_fixture_add(fixture, NODE "/node1/cpulist", "0-7\n");
    f = sysfs_fixture_facts(fixture);
    expect_groups(f, FACTS_NODE, "0 0 0 0 0 0 0 0");
    g_assert_cmpuint(f->nodes->len, ==, 2);
    g_assert_true(facts_noted(f, "numa=fake"));
}

static void test_odd_distances(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(facts_t) f = NULL;

    tree_fixture_add(fixture, NODE "/node0/distance", "10 20 30\n");
    tree_fixture_add(fixture, NODE "/node1/distance", "0 300\n");
    f = sysfs_fixture_facts(fixture);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 0, 1), ==, 0);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 1, 1), ==, 0);
    g_assert_true(facts_noted(f, "node 0 states 3 distances, but there are 2 nodes"));
}

/* Nodes 1, 40, 250; CPUs 3, 900 and 40000: numbers are the outside's, whatever they are. */
static void test_sparse(void)
{
    static const int cpus[] = {3, 900, 40000}, nodes[] = {1, 40, 250};
    g_autoptr(tree_fixture_t) fixture = tree_fixture_new();
    g_autoptr(facts_t) f = NULL;

    for (int i = 0; i < 3; i++) {
        g_autofree char *list = g_strdup_printf("%d\n", cpus[i]);

        PUT(fixture, list, CPU "/cpu%d/topology/package_cpus_list", cpus[i]);
        PUT(fixture, i == 2 ? "\n" : list, NODE "/node%d/cpulist", nodes[i]);
        PUT(fixture, i == 0 ? "10 20 40" : "20 10 30", NODE "/node%d/distance", nodes[i]);
    }
    tree_fixture_add(fixture, NODE "/node5000/cpulist", "3\n");
    f = sysfs_fixture_facts(fixture);
    expect_groups(f, FACTS_PACKAGE, "3 900 40000");
    expect_groups(f, FACTS_NODE, "1 40 -");
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 1, 250), ==, 40);
    g_assert_cmpint(facts_find_node(f, 250)->near_cpu, ==, 900);
    g_assert_true(facts_noted(f, "1 nodes have numbers of 1024 or more"));
}

static void test_no_caches(void)
{
    g_autoptr(tree_fixture_t) fixture = tree_fixture_new();
    g_autoptr(facts_t) f = NULL;

    tree_fixture_add(fixture, CPU "/cpu0/topology/core_id", "0\n");
    tree_fixture_add(fixture, CPU "/cpu0/topology/physical_package_id", "-1\n");
    tree_fixture_add(fixture, CPU "/cpu1/topology/core_id", "0\n");
    tree_fixture_add(fixture, CPU "/cpu1/cache/index0/level", "2\n");
    tree_fixture_add(fixture, "proc/meminfo", "MemTotal:  2048 kB\n");
    f = sysfs_fixture_facts(fixture);
    expect_groups(f, FACTS_L2, "- -");
    expect_groups(f, FACTS_CORE, "0 0");
    expect_groups(f, FACTS_PACKAGE, "- -");
    expect_groups(f, FACTS_NODE, "0 0");
    g_assert_cmpint(facts_find_node(f, 0)->memory_bytes, ==, 2 << 20);
    g_assert_true(facts_noted(f, "names no nodes"));
}

static void test_cpuinfo_alone(void)
{
    g_autoptr(tree_fixture_t) fixture = tree_fixture_new();
    g_autoptr(facts_t) f = NULL;

    tree_fixture_add(fixture, "proc/cpuinfo",
                     "processor  : 0\nvendor     : GenuineIntel\narch       : IA-64\n"
                     "physical id: 0\ncore id    : 0\n\nprocessor  : 1\nphysical id: 0\n"
                     "core id    : 1\n\nprocessor  : 2\nphysical id: 7\ncore id    : 1\n");
    f = sysfs_fixture_facts(fixture);
    expect_groups(f, FACTS_PACKAGE, "0 0 2");
    expect_groups(f, FACTS_CORE, "0 1 2");
    g_assert_cmpint(f->arch, ==, ARCH_IA64);
    g_assert_cmpint(facts_reclaim_distance(f, (enum machine_arch)f->arch), ==, 15);
    g_assert_true(facts_noted(f, "taken from proc/cpuinfo"));
}

static void test_zen(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(facts_t) f = NULL;

    tree_fixture_add(fixture, "proc/cpuinfo",
                     "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\n"
                     "cpuid level\t: 16\n\n");
    for (int cpu = 0; cpu < 8; cpu++) {
        PUT(fixture, cpu == 3 ? "180\n" : "166\n", CPU "/cpu%d/acpi_cppc/highest_perf", cpu);
        PUT(fixture, "2400\n", CPU "/cpu%d/acpi_cppc/nominal_freq", cpu);
        PUT(fixture, "3700000\n", CPU "/cpu%d/cpufreq/cpuinfo_max_freq", cpu);
    }
    f = sysfs_fixture_facts(fixture);
    g_assert_cmpint(facts_reclaim_distance(f, (enum machine_arch)f->arch), ==, 32);
    g_assert_cmpint(facts_find_cpu(f, 3)->priority, ==, 180);
    g_assert_cmpint(facts_find_cpu(f, 3)->base_hz, ==, 2400000000);
    g_assert_cmpint(facts_find_cpu(f, 3)->max_hz, ==, 3700000000);
    g_assert_nonnull(f->block_sources[MACHINE_FREQUENCY]);
}

static void test_hybrid(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(facts_t) by_cache = NULL, by_pmu = NULL, one = NULL;

    tree_fixture_add(fixture, CPU "/cpu7/cache/index0/size", "48K\n");
    by_cache = sysfs_fixture_facts(fixture);
    g_assert_cmpint(by_cache->hybrid, ==, 1);
    tree_fixture_add(fixture, "sys/devices/cpu_core/cpus", "0-3\n");
    one = sysfs_fixture_facts(fixture);
    g_assert_cmpint(one->hybrid, ==, 0);
    tree_fixture_add(fixture, "sys/devices/cpu_atom/cpus", "4-7\n");
    by_pmu = sysfs_fixture_facts(fixture);
    g_assert_cmpint(by_pmu->hybrid, ==, 1);
}

static void test_arm(void)
{
    g_autoptr(tree_fixture_t) fixture = sysfs_fixture_new();
    g_autoptr(facts_t) f = NULL;

    tree_fixture_add(fixture, "proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\n\n");
    tree_fixture_add(fixture, "proc/hwloc-nofile-info", "Architecture: aarch64\nPageSize: 65536\n");
    for (int cpu = 0; cpu < 8; cpu++) {
        PUT(fixture, cpu < 4 ? "446\n" : "1024\n", CPU "/cpu%d/cpu_capacity", cpu);
        PUT(fixture, "90\n", CPU "/cpu%d/acpi_cppc/highest_perf", cpu);
        sysfs_fixture_list(fixture, cpu, "topology/cluster_cpus_list", cpu / 4 * 4,
                           cpu / 4 * 4 + 3);
        sysfs_fixture_list(fixture, cpu, "topology/die_cpus_list", 0, 7);
    }
    f = sysfs_fixture_facts(fixture);
    g_assert_cmpint(f->arch, ==, ARCH_ARM64);
    g_assert_cmpint(f->page_size_bytes, ==, 65536);
    g_assert_cmpint(facts_find_cpu(f, 1)->capacity, ==, 446);
    g_assert_cmpint(facts_find_cpu(f, 1)->priority, ==, 0);
    expect_groups(f, FACTS_CLUSTER, "0 0 0 0 4 4 4 4");
    expect_groups(f, FACTS_DIE, "0 0 0 0 0 0 0 0");
}

/* 1024 CPUs on 64 nodes, the most that an importer must take. */
static void test_large(void)
{
    g_autoptr(tree_fixture_t) fixture = tree_fixture_new();
    g_autoptr(GString) row = g_string_new(NULL);
    g_autoptr(facts_t) f = NULL;

    for (int cpu = 0; cpu < 1024; cpu++) {
        const int core = cpu / 2 * 2, node = cpu / 16 * 16;

        g_ptr_array_add(fixture->paths, g_strdup_printf(CPU "/cpu%d/topology/core_cpus_list", cpu));
        g_ptr_array_add(fixture->texts, g_strdup_printf("%d-%d\n", core, core + 1));
        g_ptr_array_add(fixture->paths,
                        g_strdup_printf(CPU "/cpu%d/topology/package_cpus_list", cpu));
        g_ptr_array_add(fixture->texts, g_strdup_printf("%d-%d\n", node, node + 15));
    }
    for (int node = 0; node < 64; node++) {
        g_string_truncate(row, 0);
        for (int to = 0; to < 64; to++) {
            g_string_append_printf(row, "%d ", to == node ? 10 : 20 + (to + node) % 5);
        }
        g_ptr_array_add(fixture->paths, g_strdup_printf(NODE "/node%d/distance", node));
        g_ptr_array_add(fixture->texts, g_strdup(row->str));
        g_ptr_array_add(fixture->paths, g_strdup_printf(NODE "/node%d/cpulist", node));
        g_ptr_array_add(fixture->texts, g_strdup_printf("%d-%d\n", node * 16, node * 16 + 15));
    }
    f = sysfs_fixture_facts(fixture);
    g_assert_cmpuint(f->cpus->len, ==, 1024);
    g_assert_cmpuint(f->nodes->len, ==, 64);
    g_assert_cmpint(facts_find_cpu(f, 1023)->group[FACTS_CORE], ==, 1022);
    g_assert_cmpint(facts_find_cpu(f, 1023)->group[FACTS_NODE], ==, 63);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 63, 62), ==, 20);
}

static void expect_error(const struct tree_fixture *fixture, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(facts_t) f = sysfs_fixture_read(fixture, &error);

    g_assert_null(f);
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_true(g_str_has_prefix(error->message, "snap.tar: "));
    g_assert_nonnull(strstr(error->message, part));
}

static void test_errors(void)
{
    g_autoptr(tree_fixture_t) nothing = tree_fixture_new(), none = tree_fixture_new();
    g_autoptr(tree_fixture_t) many = tree_fixture_new();

    tree_fixture_add(nothing, "etc/passwd", "");
    expect_error(nothing, "holds neither sys/devices/system/cpu nor proc/cpuinfo");
    tree_fixture_add(none, CPU "/cpuidle/current_driver", "none\n");
    tree_fixture_add(none, CPU "/cpu99999/online", "1\n");
    expect_error(none, "name 0 CPUs; expected 1..4096");
    for (int cpu = 0; cpu <= MACHINE_MAX_CPUS; cpu++) {
        g_autofree char *path = g_strdup_printf(CPU "/cpu%d/online", cpu);

        g_ptr_array_add(many->paths, g_steal_pointer(&path));
        g_ptr_array_add(many->texts, g_strdup("1"));
    }
    expect_error(many, "name 4097 CPUs; expected 1..4096");
}

/* Whatever runs this has CPUs, and reading it must not stumble over containers. */
static void test_live(void)
{
    const struct facts_input in = {.name = "this machine", .folder = "/"};
    g_autoptr(GError) error = NULL;
    g_autoptr(facts_t) f = NULL;

    if (!facts_sysfs.recognises(&in)) {
        g_test_skip("this machine shows neither /sys nor /proc");
        return;
    }
    f = facts_sysfs.read(&in, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(f->cpus->len, >, 0);
    g_assert_cmpint(f->page_size_bytes, >=, 4096);
    g_assert_cmpstr(f->source, ==, "sysfs of this machine");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/facts-sysfs/usual", test_usual);
    g_test_add_func("/facts-sysfs/folder", test_folder);
    g_test_add_func("/facts-sysfs/maps", test_maps);
    g_test_add_func("/facts-sysfs/wrong-siblings", test_wrong_siblings);
    g_test_add_func("/facts-sysfs/malformed", test_malformed);
    g_test_add_func("/facts-sysfs/siblings-with-core-ids", test_siblings_with_core_ids);
    g_test_add_func("/facts-sysfs/offline", test_offline);
    g_test_add_func("/facts-sysfs/offline-node", test_offline_node);
    g_test_add_func("/facts-sysfs/fake-numa", test_fake_numa);
    g_test_add_func("/facts-sysfs/odd-distances", test_odd_distances);
    g_test_add_func("/facts-sysfs/sparse", test_sparse);
    g_test_add_func("/facts-sysfs/no-caches", test_no_caches);
    g_test_add_func("/facts-sysfs/cpuinfo-alone", test_cpuinfo_alone);
    g_test_add_func("/facts-sysfs/zen", test_zen);
    g_test_add_func("/facts-sysfs/hybrid", test_hybrid);
    g_test_add_func("/facts-sysfs/arm", test_arm);
    g_test_add_func("/facts-sysfs/large", test_large);
    g_test_add_func("/facts-sysfs/errors", test_errors);
    g_test_add_func("/facts-sysfs/live", test_live);
    return g_test_run();
}
