/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lscpu and numactl together: several files of one machine, and what comes back of what is written. */
#include <string.h>

#include "base/error.h"
#include "format/facts/read.h"
#include "format/machine/write.h"
#include "format/machine/topology-yaml.h"
#include "machine-equal.h"

/* --- Several files, one machine ------------------------------------------------------------------ */

static const char e_text[] = "CPU NODE SOCKET CORE L1d:L1i:L2:L3 ONLINE\n"
                             "  0    0      0    0 0:0:0:0          yes\n"
                             "  1    0      0    1 1:1:1:0          yes\n"
                             "  2    1      1    2 2:2:2:1          yes\n"
                             "  3    1      1    3 3:3:3:1          yes\n";
static const char numactl_text[] = "available: 3 nodes (0-2)\n"
                                   "node 0 cpus: 0 1\nnode 0 size: 4096 MB\n"
                                   "node 1 cpus: 2 3\nnode 1 size: 8192 MB\n"
                                   "node 2 cpus:\nnode 2 size: 1024 MB\n"
                                   "node distances:\nnode   0   1   2\n"
                                   "  0:  10  21  17\n  1:  21  10  28\n  2:  17  28  10\n";

static struct facts *read_named(const struct facts_reader *reader, const char *name,
                                const char *text)
{
    g_autoptr(GError) error = NULL;
    struct facts *f = facts_read_bytes(name, text, strlen(text), reader->name, &error);

    g_assert_no_error(error);
    return f;
}

static struct machine *load(const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("G_TEST_SRCDIR"), "topologies", name, NULL);
    g_autoptr(GError) error = NULL;
    struct machine *m = topology_read_yaml(path, &error);

    g_assert_no_error(error);
    return m;
}

static void test_merge(void)
{
    g_autoptr(facts_t) f = read_named(&facts_lscpu_e, "e.txt", e_text);
    g_autoptr(facts_t) numactl = read_named(&facts_numactl, "n.txt", numactl_text);
    g_autoptr(facts_t) json =
        read_named(&facts_lscpu_json, "j.json",
                   "{\"lscpu\":[{\"field\":\"Architecture:\",\"data\":\"x86_64\"},"
                   "{\"field\":\"CPU(s):\",\"data\":\"4\"},{\"field\":\"Vendor "
                   "ID:\",\"data\":\"GenuineIntel\"},"
                   "{\"field\":\"Thread(s) per core:\",\"data\":\"1\"},"
                   "{\"field\":\"Core(s) per "
                   "socket:\",\"data\":\"2\"},{\"field\":\"Socket(s):\",\"data\":\"2\"},"
                   "{\"field\":\"NUMA node0 CPU(s):\",\"data\":\"0,1\"},"
                   "{\"field\":\"NUMA node1 CPU(s):\",\"data\":\"2,3\"}]}");
    g_autoptr(facts_t) caches = read_named(&facts_lscpu_json, "c.json",
                                           "{\"caches\":[{\"name\":\"L1d\",\"one-size\":\"48K\"},{"
                                           "\"name\":\"L2\",\"one-size\":\"2M\"},"
                                           "{\"name\":\"L3\",\"one-size\":\"30M\"}]}");
    g_autoptr(machine_t) like = load("xeon-8480-2s-snc4.yaml");
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(machine_t) m = NULL;

    facts_merge(f, numactl, &error);
    g_assert_no_error(error);
    facts_merge(f, json, &error);
    g_assert_no_error(error);
    facts_merge(f, caches, &error);
    g_assert_no_error(error);
    m = machine_complete(f, like, NULL, lines, &error);
    g_assert_no_error(error);
    g_assert_cmpint(m->nr_cpus, ==, 4);
    g_assert_cmpint(m->nr_cores, ==, 4);
    g_assert_cmpint(m->nr_llcs, ==, 2);
    g_assert_cmpint(m->nr_packages, ==, 2);
    g_assert_cmpint(m->nr_nodes, ==, 3);
    g_assert_cmpint(machine_distance(m, 1, 2), ==, 28);
    g_assert_cmpint(m->nodes[1].memory_bytes, ==, INT64_C(8) << 30);
    g_assert_cmpint(m->l1d_bytes[3], ==, 48 << 10);
    g_assert_cmpint(m->l2_bytes[0], ==, 2 << 20);
    g_assert_cmpint(m->llcs[1].size_bytes, ==, 30 << 20);
    g_assert_cmpint(m->arch, ==, ARCH_X86_64);
    g_assert_cmpstr(m->vendor, ==, "Intel");
}

static void test_contradiction(void)
{
    g_autoptr(facts_t) f = read_named(&facts_lscpu_e, "e.txt", e_text);
    g_autoptr(facts_t) other = read_named(&facts_numactl, "n.txt",
                                          "available: 2 nodes (0-1)\n"
                                          "node 0 cpus: 0 1 2\n"
                                          "node 1 cpus: 3\n");
    g_autoptr(GError) error = NULL;

    g_assert_false(facts_merge(f, other, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "lscpu -e in e.txt and numactl --hardware in n.txt "
                                            "contradict each other: "));
    g_assert_nonnull(strstr(error->message, "CPU 2"));
}

/* --- Writing, and reading back ------------------------------------------------------------------- */

static void check_round_trip(const struct machine *m)
{
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *lscpu = machine_lscpu.write(m, notes, NULL);
    g_autofree char *numactl = machine_numactl.write(m, notes, NULL);
    g_autoptr(facts_t) f = read_named(&facts_lscpu_p, "p.txt", lscpu);
    g_autoptr(facts_t) memory = read_named(&facts_numactl, "n.txt", numactl);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(machine_t) again = NULL;

    facts_merge(f, memory, &error);
    g_assert_no_error(error);
    again = machine_complete(f, m, NULL, lines, &error);
    g_assert_no_error(error);
    machine_assert_equal(m, again,
                         (SAME_CPUS & ~(uint32_t)SAME_DIES) | SAME_DISTANCES | SAME_OFFLINE);
    for (int32_t i = 0; i < m->nr_nodes; i++) {
        g_assert_cmpint(m->nodes[i].memory_bytes >> 20, ==, again->nodes[i].memory_bytes >> 20);
    }
}

static void test_round_trips(void)
{
    g_autofree char *folder = g_build_filename(g_getenv("G_TEST_SRCDIR"), "topologies", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    int machines = 0;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_suffix(name, ".yaml")) {
            g_autoptr(machine_t) m = load(name);

            g_test_message("%s", name);
            check_round_trip(m);
            machines++;
        }
    }
    g_assert_cmpint(machines, >=, 20);
}

/* Clusters, offline CPUs, and CPUs whose L2 is their last cache, beside others with an L3. */
static void test_round_trip_odd(void)
{
    g_autoptr(facts_t) f = read_named(&facts_lscpu_p, "p.txt",
                                      "# CPU,Core,Socket,Node,,L1d,L1i,L2,L3,Cluster,Online\n"
                                      "0,0,0,0,,0,0,0,0,0,Y\n"
                                      "1,0,0,0,,0,0,0,0,0,N\n"
                                      "2,1,0,0,,1,1,1,0,0,Y\n"
                                      "3,2,0,0,,2,2,2,0,1,Y\n"
                                      "4,3,0,0,,3,3,3,0,1,Y\n"
                                      "8,4,0,0,,8,8,8,2,Y\n"
                                      "9,5,0,0,,9,9,8,2,Y\n");
    g_autoptr(machine_t) like = load("teach-uma-4.yaml");
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(machine_t) m = machine_complete(f, like, NULL, lines, &error);

    g_assert_no_error(error);
    g_assert_cmpint(m->nr_clusters, ==, 3);
    g_assert_cmpint(m->nr_llcs, ==, 2);
    check_round_trip(m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lscpu-merge/files", test_merge);
    g_test_add_func("/lscpu-merge/contradiction", test_contradiction);
    g_test_add_func("/lscpu-merge/round-trips", test_round_trips);
    g_test_add_func("/lscpu-merge/round-trip-odd", test_round_trip_odd);
    return g_test_run();
}
