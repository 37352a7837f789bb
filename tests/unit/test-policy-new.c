/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/new.h"

#include <string.h>

#include "base/error.h"
#include "files-fixture.h"

/* A folder with a skeleton in it. */
struct fixture {
    char *dir, *skeleton;
};

static const char skeleton_text[] = "/* skeleton.c: a skeleton. SKELETON_MAX, skeletons */\n"
                                    "enum { SKELETON_MAX = 1 };\n"
                                    "static int skeleton_pick(void);\n"
                                    "struct skeleton { int exoskeleton; };\n"
                                    ".name = \"skeleton\",\n";

static void set_up(struct fixture *f, gconstpointer unused)
{
    (void)unused;
    f->dir = g_dir_make_tmp("numasim-test-XXXXXX", NULL);
    f->skeleton = g_build_filename(f->dir, "skeleton.c", NULL);
    g_assert_true(g_file_set_contents(f->skeleton, skeleton_text, -1, NULL));
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    (void)unused;
    files_remove(f->dir);
    g_free(f->dir);
    g_free(f->skeleton);
}

static void test_renames(struct fixture *f, gconstpointer unused)
{
    g_autofree char *path = NULL;
    g_autofree char *advice = NULL;
    g_autofree char *text = NULL;
    g_autofree char *expected_path = g_build_filename(f->dir, "my-own.c", NULL);
    g_autofree char *expected_advice = NULL;
    g_autoptr(GError) error = NULL;

    (void)unused;
    g_assert_true(policy_new("my-own", f->dir, f->skeleton, &path, &advice, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(path, ==, expected_path);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==,
                    "/* my-own.c: a my-own. MY_OWN_MAX, my-owns */\n"
                    "enum { MY_OWN_MAX = 1 };\n"
                    "static int my_own_pick(void);\n"
                    "struct my_own { int exoskeleton; };\n"
                    ".name = \"my-own\",\n");
    expected_advice = g_strdup_printf(
        "build:  cc -std=c17 -Wall -O2 -fPIC -shared $(pkg-config --cflags numasim) -o "
        "%s/my-own.so %s/my-own.c\n"
        "check:  numasim policy validate %s/my-own.so\n"
        "run:    numasim run ... -p linux-6.12 --set balance=%s/my-own.so\n",
        f->dir, f->dir, f->dir, f->dir);
    g_assert_cmpstr(advice, ==, expected_advice);
}

static void test_never_overwrites(struct fixture *f, gconstpointer unused)
{
    g_autofree char *path = NULL;
    g_autofree char *advice = NULL;
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    (void)unused;
    g_assert_false(policy_new("skeleton", f->dir, f->skeleton, &path, &advice, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "/skeleton.c: exists already; expected a name that "
                                            "is free"));
    g_assert_null(path);
    g_assert_null(advice);
    g_assert_true(g_file_get_contents(f->skeleton, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, skeleton_text);
}

static void test_bad_names(struct fixture *f, gconstpointer unused)
{
    static const char *const names[] = {"", "-a", "a/b", "../a", "A", "a b", "1a", ".a", "a_b"};

    (void)unused;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = NULL;
        g_autofree char *advice = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_false(policy_new(names[i], f->dir, f->skeleton, &path, &advice, &error));
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, "is no name for a policy; expected a lower-case"));
    }
}

static void test_no_skeleton(struct fixture *f, gconstpointer unused)
{
    g_autofree char *missing = g_build_filename(f->dir, "missing.c", NULL);
    g_autofree char *path = NULL;
    g_autofree char *advice = NULL;
    g_autoptr(GError) error = NULL;

    (void)unused;
    g_assert_false(policy_new("mine", f->dir, missing, &path, &advice, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(struct fixture *f, gconstpointer unused);
    } tests[] = {
        {"/policy-new/renames", test_renames},
        {"/policy-new/never-overwrites", test_never_overwrites},
        {"/policy-new/bad-names", test_bad_names},
        {"/policy-new/no-skeleton", test_no_skeleton},
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, struct fixture, NULL, set_up, tests[i].test, tear_down);
    }
    return g_test_run();
}
