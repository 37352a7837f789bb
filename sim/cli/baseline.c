/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/baseline.h"

#include <string.h>

#include "base/error.h"
#include "base/folder.h"

/* "TOPOLOGY/WORKLOAD/POLICY/seed-N" in @folder. */
static char *baseline_path(const char *folder, const struct result *r)
{
    g_autoptr(GString) workload = g_string_new(NULL);
    g_autofree char *seed = g_strdup_printf("seed-%" G_GUINT64_FORMAT, r->seed);
    g_autofree char *overrides = g_strjoinv(",", r->overrides);
    g_autofree char *policy =
        g_strconcat(r->policy.name, overrides[0] != '\0' ? "," : "", overrides, NULL);
    g_autofree char *topology = g_strdup(r->topology.name);

    for (int32_t i = 0; i < r->nr_workloads; i++) {
        g_string_append_printf(workload, "%s%s", i > 0 ? "+" : "", r->workloads[i].name);
        if (r->workloads[i].replicas > 1) {
            g_string_append_printf(workload, "x%d", r->workloads[i].replicas);
        }
    }
    g_strdelimit(topology, "/", '_');
    g_strdelimit(workload->str, "/", '_');
    g_strdelimit(policy, "/", '_');
    return g_build_filename(folder, topology, workload->str, policy, seed, NULL);
}

/* Whether @folder holds results and the folders above them, and nothing else. */
static bool is_baseline(const char *folder)
{
    g_autofree char *file = g_build_filename(folder, "result.json", NULL);
    bool has_result = g_file_test(file, G_FILE_TEST_IS_REGULAR);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        bool good = has_result ? strcmp(name, "result.json") == 0
                               : g_file_test(path, G_FILE_TEST_IS_DIR) && is_baseline(path);

        if (!good) {
            return false;
        }
    }
    return dir != NULL;
}

bool baseline_is_none(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

    return dir != NULL ? g_dir_read_name(dir) == NULL : !g_file_test(folder, G_FILE_TEST_EXISTS);
}

bool baseline_check(const char *folder, GError **error)
{
    if (!g_file_test(folder, G_FILE_TEST_EXISTS) || is_baseline(folder)) {
        return true;
    }
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                "--update-baseline: %s holds more than a baseline's results; expected a new or "
                "empty folder, or one that --update-baseline made",
                folder);
    return false;
}

bool baseline_write(const struct result_set *set, const char *folder, GError **error)
{
    g_autoptr(folder_t) building = folder_begin(folder, error);
    bool ok = building != NULL;

    for (guint i = 0; ok && i < set->results->len; i++) {
        struct result metrics = *(const struct result *)set->results->pdata[i];
        g_autofree char *path = baseline_path(folder_path(building), &metrics);

        metrics.nr_histograms = metrics.nr_matrices = 0;
        metrics.series = (struct result_series){0};
        ok = result_write(&metrics, path, NULL, 0, error);
    }
    return ok && folder_finish(g_steal_pointer(&building), true, error);
}
