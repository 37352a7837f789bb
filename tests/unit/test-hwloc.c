/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hwloc's formats: small files by hand, bad ones, and every shipped machine there and back. */
#include <glib.h>
#include <hwloc.h>
#include <string.h>

#include "base/error.h"
#include "format/facts/read.h"
#include "format/machine/write.h"
#include "format/machine/topology-yaml.h"
#include "machine-equal.h"

static struct facts *read_text(const struct facts_reader *reader, const char *text, GError **error)
{
    return reader->read(&(struct facts_input){"m.xml", NULL, text, strlen(text)}, error);
}

/* A small file of tests/truth/machines. */
static struct facts *read_fixture(const char *file)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "tests", "truth", "machines", file, NULL);
    g_autofree char *bytes = NULL;
    g_autoptr(GError) error = NULL;
    struct facts *f;
    gsize size;

    file_read(path, 1 << 20, &bytes, &size, &error);
    g_assert_no_error(error);
    f = facts_hwloc_xml.read(&(struct facts_input){path, NULL, bytes, size}, &error);
    g_assert_no_error(error);
    return f;
}

static struct machine *shipped(const char *file)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "topologies", file, NULL);
    g_autoptr(GError) error = NULL;
    struct machine *m = topology_read_yaml(path, &error);

    g_assert_no_error(error);
    return m;
}

static bool noted(const GPtrArray *notes, const char *part)
{
    for (guint i = 0; i < notes->len; i++) {
        if (strstr(g_ptr_array_index(notes, i), part) != NULL) {
            return true;
        }
    }
    return false;
}

static void test_small(void)
{
    g_autoptr(facts_t) f = read_fixture("hwloc-small.xml");
    const struct facts_node *node;

    g_assert_cmpstr(f->name, ==, "h1");
    g_assert_cmpint(f->arch, ==, ARCH_X86_64);
    g_assert_cmpint(facts_reclaim_distance(f, (enum machine_arch)f->arch), ==, 32);
    g_assert_cmpint(f->hybrid, ==, 1);
    g_assert_cmpint(f->cpus->len, ==, 7); /* 5, 6 and 7 are offline */
    g_assert_cmpint(facts_find_cpu(f, 4)->group[FACTS_NODE], ==, 0);
    g_assert_cmpint(facts_find_cpu(f, 4)->capacity, ==, 1024);
    g_assert_cmpint(facts_find_cpu(f, 0)->group[FACTS_CORE], ==,
                    facts_find_cpu(f, 1)->group[FACTS_CORE]);
    g_assert_cmpint(facts_find_cpu(f, 0)->l3_bytes, ==, 1048576);
    g_assert_true(facts_find_cpu(f, 5)->offline);
    g_assert_cmpint(facts_find_cpu(f, 5)->group[FACTS_PACKAGE], ==, 0);
    g_assert_cmpint(facts_find_cpu(f, 6)->group[FACTS_PACKAGE], ==, FACTS_UNKNOWN);

    node = facts_find_node(f, 0);
    g_assert_cmpint(node->tier, ==, TIER_DRAM);
    g_assert_cmpint(node->hugetlb_2m_pages, ==, 7);
    node = facts_find_node(f, 1);
    g_assert_cmpint(node->tier, ==, TIER_HBM);
    g_assert_cmpint(node->near_cpu, ==, 0);
    g_assert_cmpint(node->side_cache_bytes, ==, 65536);
    g_assert_cmpint(node->read_bandwidth_bytes_per_s, ==, INT64_C(1000) << 20);
    g_assert_cmpstr(facts_find_node(f, 2)->subtype, ==, "GPUMemory");
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 0, 2), ==, 80);
    g_assert_cmpint(facts_pair_get(f, FACTS_LATENCY_NS, 0, 1), ==, 130);
    g_assert_cmpint(facts_pair_get(f, FACTS_LATENCY_NS, 0, 2), ==, 0);
    g_assert_true(noted(f->notes, "CPUs 3 were not allowed"));
}

/* Two nodes of plain memory near the same CPUs: the first has them. */
static void test_two_nodes(void)
{
    g_autoptr(facts_t) f = read_fixture("hwloc-two-nodes.xml");

    g_assert_cmpstr(f->name, ==, "three");
    g_assert_cmpint(facts_find_cpu(f, 1)->group[FACTS_NODE], ==, 0);
    g_assert_true(noted(f->notes, "node 1 is memory near CPUs 0-1"));
}

/* Version 1: nodes around CPUs, other names, distances by depth. */
static void test_version_1(void)
{
    g_autoptr(facts_t) f = read_fixture("hwloc-version-1.xml");

    g_assert_cmpint(facts_find_cpu(f, 1)->group[FACTS_NODE], ==, 1);
    g_assert_cmpint(facts_find_node(f, 1)->memory_bytes, ==, 2000000);
    g_assert_cmpint(facts_pair_get(f, FACTS_DISTANCE, 0, 1), ==, 21);
}

/*
 * What is refused, and with which words. Where @machine, @text stands in a machine of CPUs 0 to 3
 * and node 0.
 */
static const struct bad {
    bool machine;
    const char *text, *message;
} bad[] = {
    {false, "<topology version='9.0'/>", "m.xml:1:25: topology version 9.0 is newer"},
    {false, "<topology version='x'/>", "topology version 'x'; expected 1, 2 or 3"},
    {false, "<machine/>", "m.xml:1:10: the outermost element is <machine>; expected <topology>"},
    {false, "<topology version='2.0'>", "expected XML as hwloc writes it"},
    {false, "<topology", "expected XML as hwloc writes it"},
    {false, "<topology version='2.0'></topology>", "no object of type PU"},
    {true, "</object>", "no object of type PU"},
    {true, "<object type='Pu'/>", "object of type 'Pu'; expected a type of hwloc 2"},
    {true, "<object type='PU' os_index='0'/>", "without attribute cpuset"},
    {true, "<object type='PU' os_index='70000' cpuset='0x1' nodeset='0x1'/>",
     "PU with os_index '70000'; expected a number below"},
    {true, "<object type='PU' os_index='1' cpuset='0x1' nodeset='0x1'/>",
     "PU 1 with the set of something else"},
    {true,
     "<object type='PU' os_index='0' cpuset='0x1' nodeset='0x1'/>"
     "<object type='PU' os_index='0' cpuset='0x1' nodeset='0x1'/>",
     "PU 0 a second time"},
    {true, "<object type='PU' os_index='4' cpuset='0x10' nodeset='0x1'/>",
     "PU with CPUs that the Machine around it does not"},
    {true,
     "<object type='Core' cpuset='0x3' nodeset='0x1'/>"
     "<object type='Core' cpuset='0x6' nodeset='0x1'/>",
     "Core with CPUs of the one before it"},
    {true, "<object type='Core' cpuset='zz' nodeset='0x1'/>", "expected a set like 0x"},
    {true, "<object type='Core' cpuset='0xf...f' nodeset='0x1'/>", "without an end"},
    {true, "<object type='L3Cache' cache_size='-1' cpuset='0x3' nodeset='0x1'/>",
     "attribute cache_size is '-1'; expected a number"},
    {true,
     "<object type='NUMANode' os_index='0' cpuset='0xf' nodeset='0x1'>"
     "<object type='PU' os_index='0' cpuset='0x1' nodeset='0x1'/></object>",
     "PU inside NUMANode"},
    {true, "<object type='NUMANode' os_index='2000' cpuset='0xf' nodeset='0x1'/>",
     "NUMANode with os_index '2000'; expected a number below 1024"},
    {true, "<object type='MemCache' cpuset='0xf' nodeset='0x1'></object>",
     "a memory-side cache without a NUMANode"},
    {true, "</object><object type='Machine' cpuset='0xf' nodeset='0x1'/>",
     "a second outermost object"},
    {true,
     "<object type='PU' os_index='0' cpuset='0x1' nodeset='0x1'/></object>"
     "<distances2 type='NUMANode' nbobjs='2' kind='5' indexing='os'><indexes>0 1</indexes>"
     "<u64values length='3'>1 2 3</u64values></distances2>",
     "distances of 2 objects with 2 indexes and 3 values; expected 2 and 4"},
    {true, "</object><distances2 type='NUMANode' nbobjs='99999'/>",
     "distances of '99999' objects; expected a number up to 1024"},
};

static void test_bad(void)
{
    static const char open_machine[] =
        "<topology version='2.0'><object type='Machine' cpuset='0xf' nodeset='0x1'>";

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *text = g_strconcat(bad[i].machine ? open_machine : "", bad[i].text,
                                            bad[i].machine ? "</topology>" : "", NULL);
        g_autoptr(GError) error = NULL;

        g_assert_null(read_text(&facts_hwloc_xml, text, &error));
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        if (strstr(error->message, bad[i].message) == NULL) {
            g_test_message("%s\nsays: %s\nnot: %s", bad[i].text, error->message, bad[i].message);
            g_test_fail();
        }
        g_assert_true(g_str_has_prefix(error->message, "m.xml:"));
    }
}

/* Ten thousand levels must not become ten thousand calls. */
static void test_deep(void)
{
    g_autoptr(GString) text = g_string_new("<topology version='2.0'><object type='Machine' "
                                           "cpuset='0x1' nodeset='0x1'>");
    g_autoptr(GError) error = NULL;

    for (int i = 0; i < 10000; i++) {
        g_string_append(text, "<object type='Group' cpuset='0x1' nodeset='0x1'>");
    }
    g_assert_null(read_text(&facts_hwloc_xml, text->str, &error));
    g_assert_nonnull(strstr(error->message, "nested deeper than 128"));
}

static bool recognises(const struct facts_reader *reader, const char *text)
{
    return reader->recognises(&(struct facts_input){"text", NULL, text, strlen(text)});
}

static void test_recognises(void)
{
    g_assert_true(
        recognises(&facts_hwloc_xml, "<?xml version='1.0'?><!DOCTYPE x><topology id='1'>"));
    g_assert_true(recognises(&facts_hwloc_xml, "\xef\xbb\xbf\n<!-- c -->\n<topology>"));
    g_assert_false(recognises(&facts_hwloc_xml, "<domain><cpu><topology sockets='1'/>"));
    g_assert_false(recognises(&facts_hwloc_xml, "<topologyx/>"));
    g_assert_false(recognises(&facts_hwloc_xml, "<!--"));
    g_assert_false(recognises(&facts_hwloc_xml, ""));
    g_assert_true(recognises(&facts_hwloc_synthetic, "pack:2 l3:4(size=32MB) core:8 pu:2"));
    g_assert_true(recognises(&facts_hwloc_synthetic, "Package:2 [numa(memory=4GB)] core:1 pu:1\n"));
    g_assert_false(recognises(&facts_hwloc_synthetic, "-smp 4,sockets=2"));
    g_assert_false(recognises(&facts_hwloc_synthetic, "available: 2 nodes (0-1)"));
    g_assert_false(recognises(&facts_hwloc_synthetic, "machine.xml"));
    g_assert_false(recognises(&facts_hwloc_synthetic, ""));
}

static void test_synthetic(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(facts_t) f =
        read_text(&facts_hwloc_synthetic,
                  "pack:2 numa:2(memory=4GB) l3:2(size=16MB) core:2 pu:2(indexes=core:pu)", &error);
    g_autoptr(facts_t) bare = NULL;

    g_assert_no_error(error);
    g_assert_cmpint(f->cpus->len, ==, 32);
    g_assert_cmpint(f->nodes->len, ==, 4);
    g_assert_cmpint(facts_find_cpu(f, 0)->l3_bytes, ==, 16000000);
    g_assert_cmpint(facts_find_node(f, 3)->memory_bytes, ==, INT64_C(4000000000));
    g_assert_cmpint(facts_find_cpu(f, 0)->group[FACTS_PACKAGE], >=, 0);

    bare = read_text(&facts_hwloc_synthetic, "pack:2 l2:4 pu:2", &error);
    g_assert_no_error(error);
    g_assert_cmpint(facts_find_cpu(bare, 0)->l2_bytes, ==, 0);
    g_assert_cmpint(facts_find_node(bare, 0)->memory_bytes, ==, FACTS_UNKNOWN);
}

static void test_synthetic_bad(void)
{
    static const char *const wrong[][2] = {
        {"core:0 pu:2", "m.xml:1:6: a count of 0"},
        {"core:100000 pu:100000", "m.xml:1:6: a count of 0, or of more than 4096 CPUs"},
        {"core:99999999999999999999999", "a count of 0, or of more than"},
        {"core pu:2", "a type without a count"},
        {"core:2(size=1 pu:2", "attributes without an end"},
        {"[numa pu:2", "memory without an end"},
        {"core:2; pu:2", "a letter that does not belong here"},
        {"", "nothing; expected levels"},
        {"nonsense:2 pu:2", "libhwloc cannot make a topology of this"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(read_text(&facts_hwloc_synthetic, wrong[i][0], &error));
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        if (strstr(error->message, wrong[i][1]) == NULL) {
            g_test_message("'%s' says: %s", wrong[i][0], error->message);
            g_test_fail();
        }
    }
}

/* --- There and back --------------------------------------------------------------------------- */

/* hwloc counts bandwidths in whole MiB/s; what comes back differs by half of one. */
static void assert_near(int64_t a, int64_t b)
{
    g_assert_cmpint(ABS(a - b), <=, 1 << 19);
}

static void assert_bandwidths(const struct machine *a, const struct machine *b)
{
    for (int32_t i = 0; i < a->nr_nodes * a->nr_nodes; i++) {
        if (a->bandwidth_bytes_per_s != NULL && a->bandwidth_bytes_per_s[i] > 0) {
            assert_near(a->bandwidth_bytes_per_s[i], b->bandwidth_bytes_per_s[i]);
        }
    }
    for (int32_t node = 0; node < a->nr_nodes; node++) {
        assert_near(a->nodes[node].read_bandwidth_bytes_per_s,
                    b->nodes[node].read_bandwidth_bytes_per_s);
        assert_near(a->nodes[node].write_bandwidth_bytes_per_s,
                    b->nodes[node].write_bandwidth_bytes_per_s);
    }
}

static char *export(const struct machine *m)
{
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    char *text = machine_hwloc_xml.write(m, notes, &error);

    g_assert_no_error(error);
    g_assert_true(noted(notes, "hwloc has no word for the kernel's HZ"));
    return text;
}

/* libhwloc itself, without our reader between, finds as many of everything. */
static void assert_loads(const struct machine *m, const char *text)
{
    hwloc_topology_t topology;

    g_setenv("HWLOC_HIDE_ERRORS", "2", FALSE);
    g_assert_cmpint(hwloc_topology_init(&topology), ==, 0);
    g_assert_cmpint(hwloc_topology_set_xmlbuffer(topology, text, (int)strlen(text) + 1), ==, 0);
    g_assert_cmpint(hwloc_topology_load(topology), ==, 0);
    hwloc_topology_check(topology);
    g_assert_cmpint(hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PACKAGE), ==, m->nr_packages);
    if (m->online_all) { /* an offline core is not there */
        g_assert_cmpint(hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE), ==, m->nr_cores);
    }
    g_assert_cmpint(hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE), ==, m->nr_nodes);
    hwloc_topology_destroy(topology);
}

/* What hwloc does not say is taken from @like, so that it would be seen. */
static void round_trip(const struct machine *m, const struct machine *like)
{
    uint32_t aspects = SAME_ARCH | SAME_CPUS | SAME_CAPACITIES | SAME_CACHE_SIZES |
                       SAME_CACHE_LINE | SAME_MEMORY | SAME_TIERS | SAME_SUBTYPES |
                       SAME_SIDE_CACHES | SAME_NODE_PACKAGES | SAME_HUGETLB | SAME_DISTANCES |
                       SAME_LATENCY | SAME_OFFLINE;
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = export(m);
    g_autoptr(GError) error = NULL;
    g_autoptr(facts_t) f = read_text(&facts_hwloc_xml, text, &error);
    g_autoptr(machine_t) back = NULL;

    for (int32_t i = 0; i < m->nr_l2s; i++) {
        aspects &= m->l2_bytes[i] == 0 ? ~(uint32_t)SAME_CACHE_SIZES : UINT32_MAX;
    }
    for (int32_t i = 0; i < m->nr_cpus;
         i++) { /* kinds of CPUs have ranks there, not ITMT's numbers */
        aspects &= m->cpus[i].priority > 0 ? ~(uint32_t)SAME_CAPACITIES : UINT32_MAX;
    }
    g_assert_no_error(error);
    back = machine_complete(f, like, NULL, lines, &error);
    g_assert_no_error(error);
    machine_assert_equal(m, back, aspects);
    assert_bandwidths(m, back);
    g_assert_cmpstr(m->name, ==, back->name);
    g_assert_cmpstr(m->vendor, ==, back->vendor);
    g_assert_cmpstr(m->model, ==, back->model);
    assert_loads(m, text);
}

static void test_round_trip(void)
{
    g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "topologies", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autoptr(machine_t) like = shipped("teach-uma-4.yaml");
    const char *file;

    g_assert_nonnull(dir);
    while ((file = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_suffix(file, ".yaml")) {
            g_autoptr(machine_t) m = shipped(file);

            g_test_message("%s", file);
            round_trip(m, like);
        }
    }
}

/* An offline CPU stays where its core is, and memory of every kind where it hangs. */
static void test_round_trip_odd(void)
{
    g_autoptr(machine_t) like = shipped("teach-uma-4.yaml");
    g_autoptr(facts_t) f = read_fixture("hwloc-small.xml");
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(machine_t) without = machine_complete(f, like, NULL, lines, &error), m = NULL;

    g_assert_no_error(error);
    g_assert_cmpint(without->nr_cpus, ==, 4);
    for (int32_t id = 5; id < 8; id++) {
        struct facts_cpu *cpu = facts_find_cpu(f, id);
        const struct facts_cpu *sibling = facts_find_cpu(f, 0);

        if (cpu != NULL && cpu->group[FACTS_PACKAGE] == sibling->group[FACTS_PACKAGE]) {
            memcpy(cpu->group, sibling->group, sizeof(cpu->group));
        }
    }
    m = machine_complete(f, like, NULL, lines, &error);
    g_assert_no_error(error);
    g_assert_cmpint(m->nr_cpus, ==, 5);
    g_assert_false(m->online_all);
    round_trip(m, like);
}

/* @m written and read again; what is lost is told to @notes. */
static struct machine *through_hwloc(const struct machine *m, GPtrArray *notes)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = machine_hwloc_xml.write(m, notes, &error);
    g_autoptr(facts_t) f = NULL;
    struct machine *back;

    g_assert_no_error(error);
    f = facts_hwloc_xml.read(&(struct facts_input){"t.xml", NULL, text, strlen(text)}, &error);
    g_assert_no_error(error);
    back = machine_complete(f, m, NULL, lines, &error);
    g_assert_no_error(error);
    return back;
}

/* What hwloc has no word for: a CPU-less node of a low number, clusters that are LLCs, Zen. */
static void test_attributes(void)
{
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(machine_t) m = shipped("epyc-7763-2s-nps1.yaml"), back = NULL;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        m->cpus[cpu].node = 1;
        m->cpus[cpu].cluster = m->cpus[cpu].llc;
    }
    m->nr_clusters = m->nr_llcs;
    m->nodes[0].read_bandwidth_bytes_per_s = 1000000007;
    g_assert_true(machine_finish(m, NULL));
    back = through_hwloc(m, notes);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        g_assert_cmpint(back->cpus[cpu].node, ==, 1);
        g_assert_cmpint(back->cpus[cpu].cluster, ==, m->cpus[cpu].cluster);
    }
    g_assert_cmpint(back->nr_clusters, ==, m->nr_llcs);
    g_assert_cmpint(back->reclaim_distance, ==, 32);
    g_assert_true(noted(notes, "hwloc has bandwidths in MiB/s: rounded"));
    g_assert_true(noted(notes, "stands in an attribute that numasim reads"));
}

/* The CPUs of a package that no node is near to are on one without memory. */
static void test_lost_node(void)
{
    static const char text[] =
        "<topology version=\"2.0\"><object type=\"Machine\" os_index=\"0\" cpuset=\"0x3\" "
        "nodeset=\"0x2\"><info name=\"Architecture\" value=\"s390x\"/>"
        "<object type=\"Package\" os_index=\"0\" cpuset=\"0x1\" nodeset=\"0x0\">"
        "<object type=\"PU\" os_index=\"0\" cpuset=\"0x1\" nodeset=\"0x0\"/></object>"
        "<object type=\"Package\" os_index=\"1\" cpuset=\"0x2\" nodeset=\"0x2\">"
        "<object type=\"NUMANode\" os_index=\"1\" cpuset=\"0x2\" nodeset=\"0x2\" "
        "local_memory=\"1073741824\"/>"
        "<object type=\"PU\" os_index=\"1\" cpuset=\"0x2\" nodeset=\"0x2\"/></object>"
        "</object></topology>";
    g_autoptr(GError) error = NULL;
    g_autoptr(facts_t) f =
        facts_hwloc_xml.read(&(struct facts_input){"t.xml", NULL, text, strlen(text)}, &error);

    g_assert_no_error(error);
    g_assert_cmpint(facts_find_cpu(f, 0)->group[FACTS_NODE], ==, 0);
    g_assert_cmpint(facts_find_cpu(f, 1)->group[FACTS_NODE], ==, 1);
    g_assert_cmpint(facts_find_node(f, 0)->memory_bytes, ==, 0);
    g_assert_cmpstr(f->other_arch, ==, "s390x");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hwloc/small", test_small);
    g_test_add_func("/hwloc/two-nodes", test_two_nodes);
    g_test_add_func("/hwloc/version-1", test_version_1);
    g_test_add_func("/hwloc/bad", test_bad);
    g_test_add_func("/hwloc/deep", test_deep);
    g_test_add_func("/hwloc/recognises", test_recognises);
    g_test_add_func("/hwloc/synthetic", test_synthetic);
    g_test_add_func("/hwloc/synthetic-bad", test_synthetic_bad);
    g_test_add_func("/hwloc/round-trip", test_round_trip);
    g_test_add_func("/hwloc/round-trip-odd", test_round_trip_odd);
    g_test_add_func("/hwloc/attributes", test_attributes);
    g_test_add_func("/hwloc/lost-node", test_lost_node);
    return g_test_run();
}
