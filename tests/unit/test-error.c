/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>

static void test_nearest(void)
{
    static const char *const names[] = {"nodes", "distances", "caches", "cores_per_llc",
                                        "ns",    "us",        "numa",   NULL};
    static const struct {
        const char *name, *nearest;
    } cases[] = {
        {"nodes", "nodes"},
        {"node", "nodes"},   /* one missing */
        {"nodess", "nodes"}, /* one too many */
        {"nudes", "nodes"},  /* one wrong */
        {"ndoes", "nodes"},  /* two swapped */
        {"Nodes", "nodes"},  /* the case */
        {"distnace", "distances"},
        {"core_per_lcc", "cores_per_llc"},
        {"xs", "ns"}, /* the first of those equally near */
        {"frequency", NULL},
        {"dogs", NULL},
        {"x", NULL},
        {"", NULL},
    };
    static const char *const none[] = {NULL};
    g_autofree char *endless = g_strnfill(100000, 'n');

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpstr(error_nearest(cases[i].name, names), ==, cases[i].nearest);
    }
    g_assert_null(error_nearest("nodes", none));
    g_assert_null(error_nearest(endless, names));
}

static guint nr_files(const char *folder)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    guint n = 0;

    while (g_dir_read_name(dir)) {
        n++;
    }
    g_dir_close(dir);
    return n;
}

static void assert_contents(const char *path, const char *expected, gsize size)
{
    g_autofree char *contents = NULL;
    gsize length;

    g_assert_true(g_file_get_contents(path, &contents, &length, NULL));
    g_assert_cmpuint(length, ==, size);
    g_assert_true(memcmp(contents, expected, size) == 0);
}

static void test_write(void)
{
    g_autofree char *folder = g_dir_make_tmp("numasim-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "result.json", NULL);
    GError *error = NULL;
    GStatBuf st;

    g_assert_true(file_write_atomic(path, "one\0two", 7, &error));
    g_assert_no_error(error);
    assert_contents(path, "one\0two", 7);
    g_assert_cmpint(g_stat(path, &st), ==, 0);
    /* Whoever may read other new files may read this one. */
    g_assert_cmpint(st.st_mode & 0400, ==, 0400);
    g_assert_true(file_write_atomic(path, "", 0, &error));
    g_assert_no_error(error);
    assert_contents(path, "", 0);
    g_assert_cmpuint(nr_files(folder), ==, 1);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void test_write_fails(void)
{
    g_autofree char *folder = g_dir_make_tmp("numasim-test-XXXXXX", NULL);
    g_autofree char *nowhere = g_build_filename(folder, "no", "such", "file", NULL);
    g_autofree char *taken = g_build_filename(folder, "taken", NULL);
    g_autofree char *inside = g_build_filename(taken, "inside", NULL);
    g_autofree char *expected = g_strdup_printf(
        "%s: cannot create a file in its folder: No such file or directory", nowhere);
    g_autoptr(GError) error = NULL;

    g_assert_false(file_write_atomic(nowhere, "x", 1, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
    g_assert_cmpstr(error->message, ==, expected);
    g_clear_error(&error);
    /* A folder of that name is in the way of the rename; the temporary file must go. */
    g_assert_cmpint(g_mkdir(taken, 0700), ==, 0);
    g_assert_cmpint(g_mkdir(inside, 0700), ==, 0);
    g_assert_false(file_write_atomic(taken, "x", 1, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
    g_assert_true(g_str_has_prefix(error->message, taken));
    g_assert_cmpuint(nr_files(folder), ==, 1);
    g_assert_cmpint(g_rmdir(inside), ==, 0);
    g_assert_cmpint(g_rmdir(taken), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/nearest", test_nearest);
    g_test_add_func("/error/write", test_write);
    g_test_add_func("/error/write-fails", test_write_fails);
    return g_test_run();
}
