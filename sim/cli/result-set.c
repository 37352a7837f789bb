/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/result-set.h"

#include <string.h>

#include "base/error.h"
#include "base/folder.h"

enum { MAX_DEPTH = 16 }; /* folders below one another */

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds @path if it is a result's folder, else what lies below it. */
static bool add_below(struct result_set *set, const char *path, int depth, GError **error)
{
    g_autofree char *file = g_build_filename(path, "result.json", NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) cause = NULL;
    const char *name;

    if (g_file_test(file, G_FILE_TEST_EXISTS)) {
        struct result *r = result_read(path, error);

        if (r == NULL) {
            return false;
        }
        g_ptr_array_add(set->results, r);
        g_ptr_array_add(set->paths, g_strdup(path));
        return true;
    }
    g_autoptr(GDir) dir = g_dir_open(path, 0, &cause);

    if (dir == NULL) {
        g_set_error_literal(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, cause->message);
        return false;
    }
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        /* A folder whose name begins with a dot is being filled. */
        if (name[0] != '.' && g_file_test(below, G_FILE_TEST_IS_DIR) &&
            !g_file_test(below, G_FILE_TEST_IS_SYMLINK)) {
            g_ptr_array_add(names, g_steal_pointer(&below));
        }
    }
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len && depth < MAX_DEPTH; i++) {
        if (!add_below(set, names->pdata[i], depth + 1, error)) {
            return false;
        }
    }
    return true;
}

static void free_result(gpointer r)
{
    result_free(r);
}

struct result_set *result_set_read(const char *path, GError **error)
{
    g_autoptr(result_set_t) set = g_new0(struct result_set, 1);
    bool is_folder = g_file_test(path, G_FILE_TEST_IS_DIR);

    set->results = g_ptr_array_new_with_free_func(free_result);
    set->paths = g_ptr_array_new_with_free_func(g_free);
    if (!is_folder) {
        struct result *r = result_read(path, error);

        if (r == NULL) {
            return NULL;
        }
        g_ptr_array_add(set->results, r);
        g_ptr_array_add(set->paths, g_strdup(path));
    } else if (!add_below(set, path, 0, error)) {
        return NULL;
    }
    if (set->results->len == 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no result in it; expected result.json, there or in folders below", path);
        return NULL;
    }
    return g_steal_pointer(&set);
}

void result_set_free(struct result_set *set)
{
    if (set != NULL) {
        g_clear_pointer(&set->results, g_ptr_array_unref);
        g_clear_pointer(&set->paths, g_ptr_array_unref);
        g_free(set);
    }
}
