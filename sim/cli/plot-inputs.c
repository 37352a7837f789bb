/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/plot-inputs.h"

#include <string.h>

#include "base/error.h"

char *plot_input_name(const struct plot_input *inputs, int32_t nr, int32_t i)
{
    const struct result *r = inputs[i].result;
    bool policies = true, workloads = true, machines = true;

    for (int32_t a = 0; a < nr; a++) {
        for (int32_t b = 0; b < a; b++) {
            const struct result *x = inputs[a].result, *y = inputs[b].result;

            policies = policies && strcmp(x->policy.name, y->policy.name) != 0;
            machines = machines && strcmp(x->topology.name, y->topology.name) != 0;
            workloads = workloads && x->nr_workloads > 0 && y->nr_workloads > 0 &&
                        strcmp(x->workloads[0].name, y->workloads[0].name) != 0;
        }
    }
    if (policies) {
        return g_strdup(r->policy.name);
    }
    return g_strdup(workloads  ? r->workloads[0].name
                    : machines ? r->topology.name
                               : inputs[i].path);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The folders in @path, sorted, that hold a result; transfer full. */
static GPtrArray *results_in(const char *path)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *folder = g_build_filename(path, name, NULL);
        g_autofree char *mark = g_build_filename(folder, "result.json", NULL);

        if (g_file_test(mark, G_FILE_TEST_EXISTS)) {
            g_ptr_array_add(found, g_steal_pointer(&folder));
        }
    }
    g_ptr_array_sort(found, compare_names);
    return found;
}

/* The result that @path means: itself, or the only one in it, as several policies with one seed
 * leave. Newly allocated; NULL where there are several. */
static char *find_result(const char *path, GError **error)
{
    g_autofree char *mark = g_build_filename(path, "result.json", NULL);
    g_autoptr(GPtrArray) inside = NULL;

    if (!g_file_test(path, G_FILE_TEST_IS_DIR) || g_file_test(mark, G_FILE_TEST_EXISTS)) {
        return g_strdup(path);
    }
    inside = results_in(path);
    if (inside->len == 1) {
        return g_strdup(inside->pdata[0]);
    }
    if (inside->len > 1) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "plot: %s: holds %u results; expected one of them, such as %s", path,
                    inside->len, (const char *)inside->pdata[0]);
        return NULL;
    }
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                "plot: %s: holds no result.json; expected the folder of one run, such as "
                "POLICY or POLICY/seed-1 in that of `numasim run -o`",
                path);
    return NULL;
}

bool plot_inputs_read(struct plot_input *inputs, int32_t nr, char *const *paths,
                      char *const *labels, GError **error)
{
    guint nr_labels = g_strv_length((char **)(guintptr)labels);

    if (nr > PLOT_MAX_RESULTS) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "plot: %d results; expected at most %d in one picture", nr, PLOT_MAX_RESULTS);
        return false;
    }
    if (nr_labels > 0 && nr_labels != (guint)nr) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "plot: %u labels for %d results; expected one for each", nr_labels, nr);
        return false;
    }
    for (int32_t i = 0; i < nr; i++) {
        inputs[i].path = find_result(paths[i], error);
        inputs[i].result = inputs[i].path != NULL ? result_read(inputs[i].path, error) : NULL;
        if (inputs[i].result == NULL) {
            return false;
        }
    }
    for (int32_t i = 0; i < nr; i++) {
        inputs[i].label = nr_labels > 0 ? g_strdup(labels[i]) : plot_input_name(inputs, nr, i);
    }
    return true;
}

void plot_inputs_release(struct plot_input *inputs, int32_t nr)
{
    for (int32_t i = 0; i < nr; i++) {
        result_free(inputs[i].result);
        g_free(inputs[i].label);
        g_free(inputs[i].path);
    }
}
