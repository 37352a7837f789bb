/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

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
        {"xs", "ns"},                 /* the first of those equally near */
        {"Cores_p", "cores_per_llc"}, /* how it begins */
        {"co", NULL},
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

static void test_read(void)
{
    g_autofree char *folder = g_dir_make_tmp("numasim-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "file", NULL);
    g_autofree char *large = g_strnfill(200000, 'x');
    g_autofree char *bytes = NULL;
    gsize size;

    g_assert_true(g_file_set_contents(path, "one\0two", 7, NULL));
    g_assert_true(file_read(path, 100, &bytes, &size, NULL));
    g_assert_cmpuint(size, ==, 7);
    g_assert_true(memcmp(bytes, "one\0two", 7) == 0);
    g_assert_cmpint(bytes[size], ==, '\0');
    g_clear_pointer(&bytes, g_free);
    g_assert_true(g_file_set_contents(path, large, 200000, NULL));
    g_assert_true(file_read(path, 200000, &bytes, &size, NULL));
    g_assert_cmpuint(size, ==, 200000);
    g_assert_true(memcmp(bytes, large, 200000) == 0);
    g_clear_pointer(&bytes, g_free);
    /* One byte more than asked for says that there are more. */
    g_assert_true(file_read(path, 100000, &bytes, &size, NULL));
    g_assert_cmpuint(size, ==, 100001);
    g_assert_true(memcmp(bytes, large, 100001) == 0);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void assert_unreadable(const char *path, const char *why)
{
    g_autofree char *expected = g_strconcat(path, ": ", why, NULL);
    g_autoptr(GError) error = NULL;
    char *bytes = NULL;
    gsize size;

    g_assert_false(file_read(path, 100, &bytes, &size, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
    g_assert_cmpstr(error->message, ==, expected);
    g_assert_null(bytes);
}

static void test_read_fails(void)
{
    g_autofree char *folder = g_dir_make_tmp("numasim-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "fifo", NULL);

    assert_unreadable(path, "cannot be read: No such file or directory");
    assert_unreadable(folder, "cannot be read: Is a directory");
    assert_unreadable("/dev/zero", "is not a regular file");
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    assert_unreadable(path, "is not a regular file"); /* nobody writes: it must not wait */
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/nearest", test_nearest);
    g_test_add_func("/error/read", test_read);
    g_test_add_func("/error/read-fails", test_read_fails);
    return g_test_run();
}
