/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots of real machines' sysfs, and dumps of their CPUID, against the neutral JSON beside each
 * (neutral.h). Skipped where the collection is not there.
 */
#include <string.h>

#include "format/facts/read.h"
#include "format/machine/topology-yaml.h"
#include "neutral.h"

enum { MAX_ARCHIVE_BYTES = 64 << 20 };

/* Any complete machine: it lends what no snapshot says. */
static struct machine *read_like(void)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "topologies", "xeon-8269cy-2s-snc2.yaml", NULL);
    g_autoptr(GError) error = NULL;
    struct machine *like = topology_read_yaml(path, &error);

    g_assert_no_error(error);
    return like;
}

static void tell(GPtrArray *lines)
{
    for (guint i = 0; i < lines->len; i++) {
        g_test_message("  %s", (const char *)g_ptr_array_index(lines, i));
    }
}

static void test_archive(gconstpointer data)
{
    const char *const *pair = data; /* folder, name */
    g_autofree char *path = g_strdup_printf("%s/%s.tar.bz2", pair[0], pair[1]);
    g_autoptr(JsonParser) parser = neutral_load(pair[0], pair[1]);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(machine_t) like = read_like(), m = NULL;
    g_autoptr(neutral_report_t) report = NULL;
    g_autoptr(facts_t) f = NULL;
    g_autoptr(GError) error = NULL;

    f = facts_read(path, NULL, &error);
    g_assert_no_error(error);
    m = machine_complete(f, like, NULL, lines, &error);
    g_assert_no_error(error);
    tell(lines);
    report = neutral_compare(m, json_node_get_object(json_parser_get_root(parser)), NEUTRAL_SYSFS);
    neutral_judge(report, pair[1]);
}

static void test_none(void)
{
    g_test_skip("there is no collection of machines beside this checkout");
}

int main(int argc, char **argv)
{
    g_autofree char *folder = NULL;
    g_autoptr(GPtrArray) names = NULL;

    g_test_init(&argc, &argv, NULL);
    folder = neutral_folder("sysfs");
    if (folder == NULL) {
        g_test_add_func("/truth/machines/sysfs", test_none);
        return g_test_run();
    }
    names = neutral_names(folder, ".tar.bz2");
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        const char *pair[] = {folder, name, NULL};
        g_autofree char *path = g_strdup_printf("/truth/machines/sysfs/%s", name);

        g_test_add_data_func_full(path, g_strdupv((gchar **)(guintptr)pair), test_archive,
                                  (GDestroyNotify)g_strfreev);
    }
    return g_test_run();
}
