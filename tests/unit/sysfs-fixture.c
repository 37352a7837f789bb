/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sysfs-fixture.h"

#include <string.h>

#include "format/facts/read.h"

void sysfs_fixture_list(struct tree_fixture *fixture, int cpu, const char *file, int first,
                        int last)
{
    g_autofree char *path = g_strdup_printf(CPU "/cpu%d/%s", cpu, file);

    tree_fixture_addf(fixture, path, "%d-%d\n", first, last);
}

static void put_cache(struct tree_fixture *fixture, int cpu, int index, const char *level,
                      const char *type, const char *size)
{
    PUT(fixture, level, CPU "/cpu%d/cache/index%d/level", cpu, index);
    PUT(fixture, type, CPU "/cpu%d/cache/index%d/type", cpu, index);
    PUT(fixture, size, CPU "/cpu%d/cache/index%d/size", cpu, index);
    PUT(fixture, "64\n", CPU "/cpu%d/cache/index%d/coherency_line_size", cpu, index);
}

/* One of 8 CPUs: 2 packages, each a node and an L3, of 2 cores with 2 neighbouring threads. */
static void put_cpu(struct tree_fixture *fixture, int cpu)
{
    const int core = cpu / 2 * 2, package = cpu / 4 * 4;
    g_autofree char *core_id = g_strdup_printf("%d\n", cpu % 4 / 2);
    g_autofree char *package_id = g_strdup_printf("%d\n", cpu / 4);

    PUT(fixture, core_id, CPU "/cpu%d/topology/core_id", cpu);
    PUT(fixture, package_id, CPU "/cpu%d/topology/physical_package_id", cpu);
    sysfs_fixture_list(fixture, cpu, "topology/core_cpus_list", core, core + 1);
    sysfs_fixture_list(fixture, cpu, "topology/package_cpus_list", package, package + 3);
    put_cache(fixture, cpu, 0, "1\n", "Data\n", "32K\n");
    put_cache(fixture, cpu, 1, "1\n", "Instruction\n", "64K\n");
    put_cache(fixture, cpu, 2, "2\n", "Unified\n", "1024K\n");
    put_cache(fixture, cpu, 3, "3\n", "Unified\n", "16M\n");
    sysfs_fixture_list(fixture, cpu, "cache/index2/shared_cpu_list", core, core + 1);
    sysfs_fixture_list(fixture, cpu, "cache/index3/shared_cpu_list", package, package + 3);
}

struct tree_fixture *sysfs_fixture_new(void)
{
    struct tree_fixture *fixture = tree_fixture_new();

    for (int cpu = 0; cpu < 8; cpu++) {
        put_cpu(fixture, cpu);
    }
    for (int node = 0; node < 2; node++) {
        PUT(fixture, node == 0 ? "0-3\n" : "4-7\n", NODE "/node%d/cpulist", node);
        PUT(fixture, node == 0 ? "10 21\n" : "21 10\n", NODE "/node%d/distance", node);
        PUT(fixture, "Node 0 MemTotal:       1048576 kB\nNode 0 MemFree: 7 kB\n",
            NODE "/node%d/meminfo", node);
    }
    tree_fixture_add(fixture, NODE "/node1/hugepages/hugepages-2048kB/nr_hugepages", "5\n");
    tree_fixture_add(fixture, NODE "/possible", "0-1\n");
    tree_fixture_add(fixture, CPU "/online", "0-7\n");
    tree_fixture_add(fixture, "proc/cpuinfo",
                     "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n"
                     "model name\t: Made Up CPU @ 2.45GHz\ncpuid level\t: 22\n\n");
    return fixture;
}

struct facts *sysfs_fixture_read(const struct tree_fixture *fixture, GError **error)
{
    g_autoptr(GBytes) bytes = tree_fixture_tar(fixture, "gzip");
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    const struct facts_input in = {.name = "snap.tar", .bytes = data, .size = size};

    return facts_sysfs.read(&in, error);
}

struct facts *sysfs_fixture_facts(const struct tree_fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    struct facts *f = sysfs_fixture_read(fixture, &error);

    g_assert_no_error(error);
    return f;
}
