/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The topology reader over the shipped files, over small texts, and over tests/bad/topology, where
 * each NAME.yaml has its whole message in NAME.expect.
 */
#include <glib.h>
#include <string.h>

#include "base/bitmap.h"
#include "files-fixture.h"
#include "format/machine/topology-yaml.h"
#include "machine/show.h"

static struct machine *read_shipped(const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "topologies", name, NULL);
    g_autoptr(GError) error = NULL;
    struct machine *m = topology_read_yaml(path, &error);

    g_assert_no_error(error);
    return m;
}

static void test_shipped(void)
{
    g_autoptr(GPtrArray) paths = files_in("topologies", ".yaml");
    guint teaching = 0;

    for (guint i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        g_autoptr(GError) error = NULL;
        g_autoptr(machine_t) m = topology_read_yaml(path, &error);
        g_autoptr(sched_domains_t) sds = NULL;
        g_autofree char *text = NULL, *base = g_path_get_basename(path);

        g_assert_no_error(error);
        g_assert_true(g_str_has_prefix(base, m->name));
        g_assert_nonnull(m->input_digest);
        g_assert_nonnull(m->sources[0]);
        sds = sched_domains_new(m, KERNEL_6_12);
        text = machine_show(m, sds);
        g_assert_true(g_str_is_ascii(text));
        teaching += g_str_has_prefix(base, "teach-") ? 1 : 0;
    }
    g_assert_cmpuint(teaching, >=, 2);
    g_assert_cmpuint(paths->len - teaching, >=, 12);
}

static void test_compact(void)
{
    g_autoptr(machine_t) m = read_shipped("epyc-7763-2s-nps4.yaml");

    g_assert_cmpint(m->nr_cpus, ==, 256);
    g_assert_cmpint(m->nr_cores, ==, 128);
    g_assert_cmpint(m->nr_llcs, ==, 16);
    g_assert_cmpint(m->nr_nodes, ==, 8);
    g_assert_cmpint(m->cpus[16].node, ==, 1);
    g_assert_cmpint(m->cpus[128].core, ==, m->cpus[0].core);
    g_assert_cmpint(m->cpus[128].thread, ==, 1);
    g_assert_cmpint(m->cpus[64].package, ==, 1);
    g_assert_cmpint(m->reclaim_distance, ==, 32);
    g_assert_cmpint(machine_distance(m, 0, 7), ==, 32);
    g_assert_cmpint(machine_latency_ns(m, 0, 1), ==, 116);
    g_assert_cmpint(m->llcs[3].size_bytes, ==, 32 << 20);
    g_assert_cmpint(m->core_hz, ==, 2450000000);
    g_assert_cmpint(m->costs.context_switch_ns, ==, 1500);
    g_assert_cmpint(m->costs.smt_pace_ppm, ==, 620000);
    g_assert_false(m->costs_fitted);
}

static void test_shared_llc(void)
{
    g_autoptr(machine_t) m = read_shipped("xeon-8480-2s-snc4.yaml");
    g_autofree char *list = bitmap_to_list(machine_llc_cpus(m, 1), (uint32_t)m->nr_cpus);

    g_assert_cmpint(m->nr_llcs, ==, 2);
    g_assert_cmpint(m->nr_nodes, ==, 8);
    g_assert_cmpstr(list, ==, "56-111");
    g_assert_cmpint(machine_reach(m, 0, 55), ==, REACH_LLC);
}

static void test_tiers(void)
{
    g_autoptr(machine_t) cxl = read_shipped("epyc-9224-2s-nps2-cxl.yaml");
    g_autoptr(machine_t) hbm = read_shipped("xeon-max-9470c-2s-flat.yaml");

    g_assert_cmpint(cxl->nodes[4].tier, ==, TIER_CXL);
    g_assert_cmpint(cxl->nodes[4].package, ==, 0);
    g_assert_cmpint(machine_distance(cxl, 2, 4), ==, 60);
    g_assert_cmpint(machine_distance(cxl, 4, 2), ==, 255);
    g_assert_cmpint(machine_latency_ns(cxl, 0, 4), ==, 279);
    g_assert_cmpint(cxl->bandwidth_bytes_per_s[4], ==, 17600000000);
    g_assert_cmpint(hbm->nodes[3].tier, ==, TIER_HBM);
    g_assert_cmpint(hbm->nodes[3].memory_bytes, ==, INT64_C(64) << 30);
}

static void test_explicit(void)
{
    g_autoptr(machine_t) m = read_shipped("xeon-8269cy-2s-snc2.yaml");
    g_autofree char *list = bitmap_to_list(machine_core_cpus(m, 4), (uint32_t)m->nr_cpus);

    /* The fifth CPU of node 0's list is 7, and its sibling the fifth of the second half. */
    g_assert_cmpstr(list, ==, "7,59");
    g_assert_cmpint(m->nr_cores, ==, 52);
    g_assert_cmpint(m->cpus[101].node, ==, 3);
}

static void test_sparse(void)
{
    g_autoptr(machine_t) m = read_shipped("opteron-magny-cours-4s.yaml");

    g_assert_cmpint(m->nr_nodes, ==, 8);
    g_assert_cmpint(m->nodes[7].os_id, ==, 73);
    g_assert_cmpint(m->cpus[47].node, ==, 7);
    g_assert_cmpint(machine_latency_ns(m, 0, 3), ==, 220);
}

static void test_round_robin(void)
{
    g_autoptr(machine_t) m = read_shipped("xeon-4s-ring.yaml");

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        g_assert_cmpint(m->cpus[cpu].node, ==, cpu % 4);
    }
}

static void test_clusters(void)
{
    g_autoptr(machine_t) m = read_shipped("kunpeng-920-2s.yaml");
    g_autofree char *list = bitmap_to_list(machine_cluster_cpus(m, 9), (uint32_t)m->nr_cpus);

    g_assert_cmpint(m->arch, ==, ARCH_ARM64);
    g_assert_cmpint(m->nr_clusters, ==, 32);
    g_assert_cmpstr(list, ==, "36-39");
    g_assert_cmpint(m->nr_dies, ==, 4);
}

/* Every key that a shipped file may leave out. */
static const char full[] =
    "numasim: topology/1\n"
    "name: full\n"
    "arch: ppc64le\n"
    "hz: 100\n"
    "page-size: 64KiB\n"
    "cpus:\n"
    "  source: s\n"
    "  list:\n"
    "    - {cpus: 0-3, core: 0, threads-per-core: 2, threads: adjacent, llc: 0, package: 0, node: "
    "0,\n"
    "       cluster: 0, l2: 0, die: 0, capacity: 512, priority: 3}\n"
    "    - {cpus: 4-5, core: 2, llc: 1, package: 0, node: 0, cluster: 1, l2: 1}\n"
    "memory:\n"
    "  source: s\n"
    "  nodes:\n"
    "    - {nodes: 0, size: 1GiB, read-bandwidth: 2GB/s, write-bandwidth: 1GB/s, hugetlb-2m: 7,\n"
    "       hugetlb-1g: 1, side-cache: 1MiB, side-cache-bandwidth: 4GB/s, side-cache-miss: 90ns}\n"
    "    - {nodes: 1, size: 1TiB, tier: PMEM, package: 0, write-bandwidth: 3GB/s,\n"
    "       full-duplex: true, abstract-distance: 4608, hmat: {read-latency: 300ns,\n"
    "       write-latency: 90ns, read-bandwidth: 30GB/s, write-bandwidth: 9GB/s}}\n"
    "distances: {matrix: [[10, 17], [17, 10]], source: s}\n"
    "latency: {matrix: [[80ns, 300ns]], source: s}\n"
    "bandwidth: {local: 10GB/s, rule: distance, source: s}\n"
    "caches: {line: 128B, l1d: 32KiB, l2: 1MiB, llc: 8MiB, source: s}\n"
    "frequency: {nominal: 2GHz, active: [{cores: 1, frequency: 3GHz}, {cores: 4, frequency: "
    "2GHz}],\n"
    "            source: s}\n"
    "links: {list: [{from: 0, to: 1, bandwidth: 20GB/s, latency: 50ns}], source: s}\n"
    "load: {latency: [{use: 0%, factor: 100%}, {use: 90%, factor: 250%}],\n"
    "       tiers: {PMEM: [{use: 50%, factor: 120.5%}]}, llc-bandwidth: 100GB/s, full: queue,\n"
    "       source: s}\n"
    "tlb: {entries: 1536, entries-2m: 1024, walk: 30ns, source: s}\n"
    "offline: 5\n"
    "isolated: 2-3\n"
    "costs:\n"
    "  {context-switch: 1us, wakeup: 2us, idle-exit: 3us, fork: 4us, exit: 5us, tick: 6us,\n"
    "   wakeup-ipi: {self: 0us, core: 1us, llc: 2us, node: 3us, package: 4us, remote: 5us},\n"
    "   balance-pass: 7us, balance-cpu: 8us, page-fault: 9us, page-zero: 1GB/s, page-move: 10us,\n"
    "   migration: {self: 0us, core: 1us, llc: 2us, node: 3us, package: 4us, remote: 6us},\n"
    "   page-move-copy: 2GB/s, hint-fault: 11us, pte-scan: 150ns, tlb-shootdown: 2us,\n"
    "   tlb-shootdown-cpu: 200ns, smt-pace: 50%, fitted: true, source: s}\n";

static void test_full(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(machine_t) m = topology_read_yaml_buffer("x", full, strlen(full), &error);

    g_assert_no_error(error);
    g_assert_cmpstr(m->name, ==, "full");
    g_assert_cmpint(m->hz, ==, 100);
    g_assert_cmpint(m->page_size_bytes, ==, 65536);
    g_assert_cmpint(m->cpus[1].core, ==, 0);
    g_assert_cmpint(m->cpus[2].core, ==, 1);
    g_assert_cmpint(m->cpus[2].capacity, ==, 512);
    g_assert_cmpint(m->cpus[4].priority, ==, 0);
    g_assert_cmpint(m->nr_clusters, ==, 2);
    g_assert_cmpint(m->nodes[0].hugetlb_2m_pages, ==, 7);
    g_assert_cmpint(m->nodes[0].write_bandwidth_bytes_per_s, ==, 1000000000);
    g_assert_cmpint(m->nodes[1].package, ==, 0);
    g_assert_cmpint(m->bandwidth_bytes_per_s[1], ==, 5882352941);
    g_assert_cmpint(m->cache_line_bytes, ==, 128);
    g_assert_cmpint(m->nr_frequencies, ==, 2);
    g_assert_cmpint(m->frequencies[1].active_cores, ==, 4);
    g_assert_cmpint(m->nr_links, ==, 1);
    g_assert_cmpint(m->links[0].latency_ns, ==, 50);
    g_assert_true(bitmap_test(m->offline, 5));
    g_assert_false(m->online_all);
    g_assert_cmpuint(bitmap_weight(m->isolated, 6), ==, 2);
    g_assert_cmpint(m->costs.migration_ns[REACH_REMOTE], ==, 6000);
    g_assert_cmpint(m->costs.wakeup_ipi_ns[REACH_CORE], ==, 1000);
    g_assert_true(m->costs_fitted);
    g_assert_cmpint(m->costs.tlb_shootdown_cpu_ns, ==, 200);
    g_assert_cmpint(m->nodes[0].side_cache_miss_ns, ==, 90);
    g_assert_true(m->nodes[1].full_duplex);
    g_assert_cmpint(m->nodes[1].abstract_distance, ==, 4608);
    g_assert_cmpint(m->nodes[1].hmat.write_bandwidth_bytes_per_s, ==, 9000000000);
    g_assert_cmpint(m->curves[TIER_DRAM].nr_points, ==, 2);
    g_assert_cmpuint(m->curves[TIER_CXL].points[1].factor_ppm, ==, 2500000);
    g_assert_cmpint(m->curves[TIER_PMEM].nr_points, ==, 1);
    g_assert_cmpuint(m->curves[TIER_PMEM].points[0].factor_ppm, ==, 1205000);
    g_assert_cmpint(m->llcs[1].bandwidth_bytes_per_s, ==, 100000000000);
    g_assert_cmpint(m->tlb.entries_2m, ==, 1024);
    g_assert_cmpint(m->tlb.entries_1g, ==, 0);
}

/* The documentation is made from these rows. */
static void test_blocks(void)
{
    for (const struct topology_yaml_block *b = topology_yaml_blocks(); b->name != NULL; b++) {
        for (const struct yaml_field *f = b->fields; f->key != NULL; f++) {
            g_assert_nonnull(f->help);
        }
    }
}

static bool read_bytes(const char *name, const char *bytes, gsize size, GError **error)
{
    g_autoptr(machine_t) m = topology_read_yaml_buffer(name, bytes, size, error);

    return m != NULL;
}

static void test_bad(void)
{
    files_check_refused("tests/bad/topology", ".yaml", 20, read_bytes);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/topology-yaml/shipped", test_shipped);
    g_test_add_func("/topology-yaml/compact", test_compact);
    g_test_add_func("/topology-yaml/shared-llc", test_shared_llc);
    g_test_add_func("/topology-yaml/tiers", test_tiers);
    g_test_add_func("/topology-yaml/explicit", test_explicit);
    g_test_add_func("/topology-yaml/sparse", test_sparse);
    g_test_add_func("/topology-yaml/round-robin", test_round_robin);
    g_test_add_func("/topology-yaml/clusters", test_clusters);
    g_test_add_func("/topology-yaml/full", test_full);
    g_test_add_func("/topology-yaml/blocks", test_blocks);
    g_test_add_func("/topology-yaml/bad", test_bad);
    return g_test_run();
}
