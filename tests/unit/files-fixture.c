/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *files_in(const char *folder, const char *ending)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, folder, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
    const char *name;

    g_assert_no_error(error);
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_suffix(name, ending)) {
            g_ptr_array_add(paths, g_build_filename(path, name, NULL));
        }
    }
    g_ptr_array_sort(paths, by_name);
    return paths;
}

void files_check_expected(const char *path, const char *seen)
{
    g_autofree char *stem = g_strndup(path, (gsize)(strrchr(path, '.') - path));
    g_autofree char *expect = g_strconcat(stem, ".expect", NULL);
    g_autofree char *expected = NULL;

    g_test_message("%s", path);
    if (g_getenv("NUMASIM_UPDATE_GOLDEN") != NULL) {
        g_assert_true(g_file_set_contents(expect, seen, -1, NULL));
    }
    g_assert_true(g_file_get_contents(expect, &expected, NULL, NULL));
    g_assert_cmpstr(seen, ==, expected);
}

void files_check_refused(const char *folder, const char *ending, guint at_least,
                         bool (*read)(const char *name, const char *bytes, gsize size,
                                      GError **error))
{
    g_autoptr(GPtrArray) paths = files_in(folder, ending);

    g_assert_cmpuint(paths->len, >=, at_least);
    for (guint i = 0; i < paths->len; i++) {
        const char *path = g_ptr_array_index(paths, i);
        g_autofree char *name = g_path_get_basename(path), *bytes = NULL, *seen = NULL;
        g_autoptr(GError) error = NULL;
        gsize size;

        g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
        g_assert_false(read(name, bytes, size, &error));
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        seen = g_strconcat(error->message, "\n", NULL);
        files_check_expected(path, seen);
    }
}

void files_remove(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_assert_cmpint(g_unlink(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}
