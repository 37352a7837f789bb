/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/result-path.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"

enum { MAX_DEPTH = 16 }; /* folders below one another */

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The folders in @path that may hold results. NULL with @error. */
static GPtrArray *folders_in(const char *path, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &cause);
    const char *name;

    if (dir == NULL) {
        g_set_error_literal(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, cause->message);
        return NULL;
    }
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        if (name[0] != '.' && g_file_test(below, G_FILE_TEST_IS_DIR) &&
            !g_file_test(below, G_FILE_TEST_IS_SYMLINK)) {
            g_ptr_array_add(names, g_steal_pointer(&below));
        }
    }
    g_ptr_array_sort(names, compare_names);
    return g_steal_pointer(&names);
}

/* Adds @path if it is a result's folder, else what lies below it. */
static bool add_below(GPtrArray *found, const char *path, int depth, GError **error)
{
    g_autofree char *file = g_build_filename(path, "result.json", NULL);
    g_autoptr(GPtrArray) below = NULL;
    bool ok = true;

    if (g_file_test(file, G_FILE_TEST_EXISTS)) {
        g_ptr_array_add(found, g_strdup(path));
        return true;
    }
    below = folders_in(path, error);
    for (guint i = 0; below != NULL && ok && i < below->len && depth < MAX_DEPTH; i++) {
        ok = add_below(found, below->pdata[i], depth + 1, error);
    }
    return below != NULL && ok;
}

GPtrArray *result_paths(const char *path, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);

    if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
        g_ptr_array_add(found, g_strdup(path));
    } else if (!add_below(found, path, 0, error)) {
        return NULL;
    }
    if (found->len == 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no result in it; expected result.json, there or in folders below", path);
        return NULL;
    }
    return g_steal_pointer(&found);
}

char *result_path(const char *path, GError **error)
{
    g_autoptr(GPtrArray) found = result_paths(path, error);

    if (found == NULL) {
        return NULL;
    }
    if (found->len > 1) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "%s: holds %u results; expected one of them, such as %s", path, found->len,
                    (const char *)found->pdata[0]);
        return NULL;
    }
    return g_strdup(found->pdata[0]);
}
