/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The comparison itself: that it sees what differs. */
#include "neutral.h"

/* 4 CPUs numbered 0, 2, 4, 6: 2 cores of 2 threads, each a package with its LLC and node. */
static struct machine *make_machine(void)
{
    struct machine *m = machine_new();
    g_autoptr(GError) error = NULL;

    m->nr_cpus = 4;
    m->nr_cores = m->nr_clusters = m->nr_l2s = m->nr_llcs = m->nr_dies = m->nr_packages = 2;
    m->nr_nodes = 2;
    m->cpus = g_new0(struct machine_cpu, 4);
    m->llcs = g_new0(struct machine_llc, 2);
    m->nodes = g_new0(struct machine_node, 2);
    m->distances = g_new0(int32_t, 4);
    m->latency_ns = g_new0(int64_t, 4);
    m->bandwidth_bytes_per_s = g_new0(int64_t, 4);
    for (int32_t cpu = 0; cpu < 4; cpu++) {
        const int32_t half = cpu / 2;

        m->cpus[cpu] = (struct machine_cpu){
            .os_id = 2 * cpu, half, half, half, half, half, half, half, .capacity = 1024};
    }
    for (int32_t node = 0; node < 2; node++) {
        m->llcs[node].size_bytes = 8 << 20;
        m->nodes[node] = (struct machine_node){
            .os_id = 3 * node, .memory_bytes = 1 << 30, .tier = TIER_DRAM, .package = -1};
        m->distances[3 * node] = 10;
        m->distances[1 + node] = 21;
        m->latency_ns[3 * node] = 100;
        m->latency_ns[1 + node] = 200;
    }
    machine_finish(m, &error);
    g_assert_no_error(error);
    return m;
}

#define PU(id, half, node)                                                                         \
    "{'id': " id ", 'core': " half ", 'package': " half ", 'die': null, 'l2': null, 'l3': " half   \
    ", 'nodes': [" node "]}"

static const char good[] =
    "{'pus': [" PU("0", "7", "0") "," PU("2", "7", "0") "," PU("4", "9", "3") "," PU(
        "6", "9",
        "3") "],"
             "'nodes': [{'id': 0, 'cpulist': '0,2', 'mem_bytes': 1073741824, 'kind': 'DRAM'},"
             "{'id': 3, 'cpulist': '4,6', 'mem_bytes': 1073741824, 'kind': 'DRAM'}],"
             "'distances_index': [0, 3], 'distances': [[10, 21], [21, 10]],"
             "'caches': {'L3Cache': {'count': 2, 'sizes': [8388608]}},"
             "'cpukinds': [{'cpulist': '0,2', 'infos': {'LinuxCapacity': '1024'}}]}";

/* Compares with @good after replacing @from by @to; checks the first difference, or that none is. */
static void check(const char *from, const char *to, const char *difference)
{
    g_autoptr(GString) text = g_string_new(good);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(machine_t) m = make_machine();
    g_autoptr(neutral_report_t) report = NULL;
    g_autoptr(GError) error = NULL;

    if (from != NULL) {
        g_assert_cmpuint(g_string_replace(text, from, to, 1), ==, 1);
    }
    g_string_replace(text, "'", "\"", 0);
    json_parser_load_from_data(parser, text->str, -1, &error);
    g_assert_no_error(error);
    report = neutral_compare(m, json_node_get_object(json_parser_get_root(parser)), NEUTRAL_LSCPU);
    if (difference == NULL) {
        g_assert_cmpuint(report->differences->len, ==, 0);
        g_assert_cmpuint(report->agreed[NEUTRAL_CPUS], ==, 4);
        g_assert_cmpuint(report->agreed[NEUTRAL_CORES], ==, 2);
        g_assert_cmpuint(report->agreed[NEUTRAL_LLCS], ==, 2);
        g_assert_cmpuint(report->agreed[NEUTRAL_NODES], ==, 2);
        g_assert_cmpuint(report->agreed[NEUTRAL_SIZES], ==, 2);
        g_assert_cmpuint(report->agreed[NEUTRAL_DISTANCES], ==, 4);
        g_assert_cmpuint(report->agreed[NEUTRAL_CACHES], ==, 1);
        g_assert_cmpuint(report->agreed[NEUTRAL_CAPACITIES], ==, 2);
    } else {
        g_assert_cmpuint(report->differences->len, >, 0);
        g_assert_cmpstr(g_ptr_array_index(report->differences, 0), ==, difference);
    }
}

static void test_differences(void)
{
    check(NULL, NULL, NULL);
    check("'id': 6, 'core'", "'id': 8, 'core'", "CPU 8 is missing");
    check("'id': 6, 'core': 9", "'id': 6, 'core': 7", "the cores differ for 1 CPUs, first CPU 6");
    check("'l3': 9", "'l3': 7", "the LLCs differ for 1 CPUs, first CPU 4");
    check("'nodes': [3]", "'nodes': [0]", "CPU 4 is on node 3 in ours and not there");
    check("{'id': 3, 'cpulist'", "{'id': 2, 'cpulist'", "node 2 is missing");
    check("1073741824", "1073741825", "node 0 has 1073741825 bytes, 1073741824 in ours");
    check("'kind': 'DRAM'", "'kind': 'HBM'", "node 0 is HBM, DRAM in ours");
    check("21]", "22]", "from node 0 to 3 it is 22, 21 in ours");
    check("8388608", "4194304", "no L3Cache of ours has 4194304 bytes");
    check("'1024'", "'512'", "CPU 0 has the capacity 512, 1024 in ours");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/truth/neutral/differences", test_differences);
    return g_test_run();
}
