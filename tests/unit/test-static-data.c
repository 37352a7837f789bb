/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a plugin's shared object says of its variables, whole and cut at every place. */
#include "policy/static-data.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"

static char *built(const char *name)
{
    return g_test_build_filename(G_TEST_BUILT, "..", "plugins", name, NULL);
}

static void test_good(void)
{
    static const char *const names[] = {"good-balance.so", "good-both.so"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = built(names[i]);
        g_autoptr(GError) error = NULL;

        g_assert_true(policy_check_static_data(path, &error));
        g_assert_no_error(error);
    }
}

/* Sizes are not held: a sanitizer pads variables. */
static void test_variables(void)
{
    g_autofree char *path = built("static-data.so");
    g_autoptr(GError) error = NULL;

    g_assert_false(policy_check_static_data(path, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_PLUGIN);
    g_assert_nonnull(strstr(error->message, "'last_cpu' ("));
    g_assert_nonnull(strstr(error->message, "'nr_wakeups' ("));
    g_assert_null(strstr(error->message, "'words'"));
    g_assert_null(strstr(error->message, "'balance_ops'"));
}

static void test_no_file(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(policy_check_static_data("/nonexistent/plugin.so", &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
}

/* Whatever is cut off or overwritten, nothing outside of the file is read. */
static void test_damaged(void)
{
    g_autofree char *path = built("static-data.so"), *bytes = NULL;
    g_autofree char *folder = g_dir_make_tmp("numasim-test-XXXXXX", NULL);
    g_autofree char *copy = g_build_filename(folder, "damaged.so", NULL);
    gsize size;

    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    for (gsize part = 0; part < 64; part++) {
        g_assert_true(g_file_set_contents(copy, bytes, (gssize)(size * part / 64), NULL));
        policy_check_static_data(copy, NULL);
    }
    for (gsize at = 16; at < 64; at++) { /* the header behind its magic number */
        char kept = bytes[at];

        bytes[at] = '\x7f';
        g_assert_true(g_file_set_contents(copy, bytes, (gssize)size, NULL));
        policy_check_static_data(copy, NULL);
        bytes[at] = kept;
    }
    g_assert_cmpint(g_unlink(copy), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/static-data/good", test_good);
    g_test_add_func("/static-data/variables", test_variables);
    g_test_add_func("/static-data/no-file", test_no_file);
    g_test_add_func("/static-data/damaged", test_damaged);
    return g_test_run();
}
