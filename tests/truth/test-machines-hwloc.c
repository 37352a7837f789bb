/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hwloc XML of real machines against what hwloc says of them (README.md). */
#include <glib.h>
#include <hwloc.h>
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "format/facts/read.h"
#include "format/machine/write.h"
#include "format/machine/topology-yaml.h"
#include "machine-equal.h"
#include "neutral.h"

enum { MAX_XML_BYTES = 16 << 20 };

static struct machine *shipped(const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "topologies", name, NULL);
    g_autoptr(GError) error = NULL;
    struct machine *m = topology_read_yaml(path, &error);

    g_assert_no_error(error);
    return m;
}

static struct machine *import_text(const struct machine *like, const char *name, const char *text,
                                   gsize size, GError **error)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(facts_t) f =
        facts_hwloc_xml.read(&(struct facts_input){name, NULL, text, size}, error);

    return f != NULL ? machine_complete(f, like, NULL, lines, error) : NULL;
}

static struct machine *import(const struct machine *like, const char *path, GError **error)
{
    g_autofree char *bytes = NULL;
    gsize size;

    return file_read(path, MAX_XML_BYTES, &bytes, &size, error)
               ? import_text(like, path, bytes, size, error)
               : NULL;
}

/* What NAME.json says of NAME.xml. */
static void test_neutral(gconstpointer data)
{
    const struct machine *like = data;
    g_autofree char *folder = neutral_folder("hwloc-xml");
    g_autoptr(GPtrArray) names = NULL;

    if (folder == NULL) {
        g_test_skip("no folder of real machines (NUMASIM_TRUTH_MACHINES)");
        return;
    }
    names = neutral_names(folder, ".xml");
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_strdup_printf("%s/%s.xml", folder, name);
        g_autoptr(JsonParser) truth = neutral_load(folder, name);
        g_autoptr(GError) error = NULL;
        g_autoptr(machine_t) m = import(like, path, &error);
        g_autoptr(neutral_report_t) report = NULL;

        if (m == NULL) {
            g_test_message("%s: %s", name, error->message);
            g_test_fail();
            continue;
        }
        report = neutral_compare(m, json_node_get_object(json_parser_get_root(truth)),
                                 NEUTRAL_HWLOC_XML);
        neutral_judge(report, name);
    }
}

/* Written and read again, every machine of the folder is what it was. */
static void test_round_trip(gconstpointer data)
{
    static const uint32_t aspects = SAME_ARCH | SAME_CPUS | SAME_CAPACITIES | SAME_CACHE_SIZES |
                                    SAME_MEMORY | SAME_TIERS | SAME_SUBTYPES | SAME_SIDE_CACHES |
                                    SAME_HUGETLB | SAME_DISTANCES | SAME_LATENCY;
    const struct machine *like = data;
    g_autofree char *folder = neutral_folder("hwloc-xml");
    g_autoptr(GPtrArray) names = NULL;

    if (folder == NULL) {
        g_test_skip("no folder of real machines (NUMASIM_TRUTH_MACHINES)");
        return;
    }
    names = neutral_names(folder, ".xml");
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *path = g_strdup_printf("%s/%s.xml", folder, name), *text = NULL;
        g_autofree char *difference = NULL;
        g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(machine_t) m = import(like, path, NULL);
        g_autoptr(machine_t) back = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_nonnull(m);
        text = machine_hwloc_xml.write(m, notes, &error);
        g_assert_no_error(error);
        back = import_text(like, name, text, strlen(text), &error);
        g_assert_no_error(error);
        if (!machine_equal(m, back, aspects, &difference)) {
            g_test_message("%s: %s", name, difference);
            g_test_fail();
        }
    }
}

/* The topology as libhwloc loads the file itself, or NULL if it refuses. */
static hwloc_topology_t load(const char *path)
{
    hwloc_topology_t topology;

    g_setenv("HWLOC_HIDE_ERRORS", "2", FALSE);
    g_assert_cmpint(hwloc_topology_init(&topology), ==, 0);
    hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    if (hwloc_topology_set_xml(topology, path) < 0 || hwloc_topology_load(topology) < 0) {
        hwloc_topology_destroy(topology);
        return NULL;
    }
    return topology;
}

/* As many as hwloc has, and one for each lot of CPUs that hwloc has outside of all of them. */
static void expect_count(const char *name, hwloc_topology_t topology, hwloc_obj_type_t type,
                         int ours)
{
    const int theirs = hwloc_get_nbobjs_by_type(topology, type);
    bool all = true;

    for (hwloc_obj_t pu = NULL;
         (pu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, pu)) != NULL;) {
        all = all && (type == HWLOC_OBJ_PU || hwloc_get_ancestor_obj_by_type(topology, type, pu));
    }
    if (theirs > 0 && (all ? theirs != ours : theirs > ours)) {
        g_test_message("%s: %d of %s, %d in ours", name, theirs, hwloc_obj_type_string(type), ours);
        g_test_fail();
    }
}

/* Any folder of hwloc XML: each file that libhwloc loads has as many of everything in ours. */
static void test_counts(gconstpointer data)
{
    const struct machine *like = data;
    const char *stated = g_getenv("NUMASIM_TRUTH_HWLOC");
    g_autofree char *folder = stated != NULL ? g_strdup(stated) : neutral_folder("hwloc-xml");
    g_autoptr(GDir) dir = folder != NULL ? g_dir_open(folder, 0, NULL) : NULL;
    const char *file;

    if (dir == NULL) {
        g_test_skip("no folder of real machines (NUMASIM_TRUTH_MACHINES, NUMASIM_TRUTH_HWLOC)");
        return;
    }
    while ((file = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, file, NULL);
        hwloc_topology_t topology = g_str_has_suffix(file, ".xml") ? load(path) : NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(machine_t) m = NULL;
        int nr_offline;

        if (topology == NULL) {
            continue;
        }
        m = import(like, path, &error);
        if (m == NULL) {
            g_test_message("%s: %s", file, error->message);
            g_test_fail();
            hwloc_topology_destroy(topology);
            continue;
        }
        nr_offline = (int)bitmap_weight(m->offline, (uint32_t)m->nr_cpus);
        expect_count(file, topology, HWLOC_OBJ_PU, m->nr_cpus - nr_offline);
        if (nr_offline == 0) {
            expect_count(file, topology, HWLOC_OBJ_PACKAGE, m->nr_packages);
            expect_count(file, topology, HWLOC_OBJ_CORE, m->nr_cores);
        }
        hwloc_topology_destroy(topology);
    }
}

int main(int argc, char **argv)
{
    g_autoptr(machine_t) like = NULL;

    g_test_init(&argc, &argv, NULL);
    like = shipped("epyc-7763-2s-nps4.yaml");
    g_test_add_data_func("/machines-hwloc/neutral", like, test_neutral);
    g_test_add_data_func("/machines-hwloc/round-trip", like, test_round_trip);
    g_test_add_data_func("/machines-hwloc/counts", like, test_counts);
    return g_test_run();
}
