/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/study-output.h"

#include <glib/gstdio.h>
#include <string.h>

#include "cli/run-earlier.h"

enum { RESULT_DEPTH = 4 }; /* TOPOLOGY/WORKLOAD/POLICY/seed-N: study_run_folder() */

/* Names of what is in @path. */
static GPtrArray *names_in(const char *path)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_ptr_array_add(names, g_strdup(name));
    }
    return names;
}

/* A folder, and no link to one. */
static bool is_folder(const char *path)
{
    return g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK);
}

/* Whether a study writes a file @name at this depth. */
static bool is_written(const char *name, int depth)
{
    static const char *const of_study[] = {"study.json", "study.yaml", NULL};
    static const char *const of_result[] = {"result.json", "series.csv", "occupancy.csv", NULL};

    return depth == 0 ? g_strv_contains(of_study, name)
                      : depth == RESULT_DEPTH &&
                            (g_strv_contains(of_result, name) || g_str_has_suffix(name, ".yaml"));
}

/* True if there is nothing in @path that a study does not write. */
static bool is_only_study(const char *path, int depth)
{
    g_autoptr(GPtrArray) names = names_in(path);
    bool only = true;

    for (guint i = 0; only && i < names->len; i++) {
        g_autofree char *below = g_build_filename(path, names->pdata[i], NULL);

        only = is_folder(below) ? depth < RESULT_DEPTH && is_only_study(below, depth + 1)
                                : is_written(names->pdata[i], depth);
    }
    return only;
}

/* The results of an earlier study below @path, and folders that are empty without them. */
static void remove_results(const struct paths *paths, const char *path, int depth)
{
    g_autoptr(GPtrArray) names = names_in(path);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *below = g_build_filename(path, names->pdata[i], NULL);

        if (is_folder(below) && depth + 1 < RESULT_DEPTH) {
            remove_results(paths, below, depth + 1);
        } else if (is_folder(below) && g_str_has_prefix(names->pdata[i], "seed-")) {
            run_earlier_remove_result(paths, below);
        }
        g_rmdir(below);
    }
}

/* What is in the folder @from goes into the folder @to, over files of the same name. */
static bool merge(const char *from, const char *to, GError **error)
{
    g_autoptr(GPtrArray) names = names_in(from);
    bool ok = true;

    for (guint i = 0; ok && i < names->len; i++) {
        g_autofree char *source = g_build_filename(from, names->pdata[i], NULL);
        g_autofree char *target = g_build_filename(to, names->pdata[i], NULL);

        if (is_folder(source) && is_folder(target)) {
            ok = merge(source, target, error);
        } else if (g_rename(source, target) != 0) {
            ok = folder_fail(target, "be replaced", error);
        }
    }
    return ok;
}

static bool put_beside(const struct folder *building, const struct paths *paths, const char *output,
                       GError **error)
{
    g_autofree char *mark = g_build_filename(output, "study.json", NULL);
    g_autofree char *new_mark = g_build_filename(folder_path(building), "study.json", NULL);
    g_autofree char *last = g_strconcat(folder_path(building), ".last", NULL);
    bool ok;

    if (g_file_test(mark, G_FILE_TEST_IS_REGULAR)) {
        g_unlink(mark); /* from here on it is no study */
        remove_results(paths, output, 0);
    }
    /* Until everything else is there. */
    if (g_rename(new_mark, last) != 0) {
        return folder_fail(new_mark, "be renamed", error);
    }
    ok = merge(folder_path(building), output, error) &&
         (g_rename(last, mark) == 0 || folder_fail(mark, "be replaced", error));
    if (!ok) {
        g_unlink(last);
    }
    return ok;
}

bool study_output_finish(struct folder *building, const struct paths *paths, const char *output,
                         GError **error)
{
    bool ok;

    if (!g_file_test(output, G_FILE_TEST_IS_DIR) || is_only_study(output, 0)) {
        return folder_finish(building, true, error);
    }
    ok = put_beside(building, paths, output, error);
    folder_abandon(building);
    return ok;
}
