/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "format/facts/tree.h"
#include "tree-fixture.h"

static struct facts_tree *open_bytes(GBytes *bytes, GError **error)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    const struct facts_input in = {.name = "a.tar", .bytes = data, .size = size};

    return facts_tree_open(&in, error);
}

static struct facts_tree *open_tar(const struct tree_fixture *fixture)
{
    g_autoptr(GBytes) bytes = tree_fixture_tar(fixture, NULL);
    g_autoptr(GError) error = NULL;
    struct facts_tree *tree = open_bytes(bytes, &error);

    g_assert_no_error(error);
    return tree;
}

static void expect_text(struct facts_tree *tree, const char *path, const char *expected)
{
    g_autofree char *text = facts_tree_text(tree, "%s", path);

    g_assert_cmpstr(text, ==, expected);
}

static void expect_list(struct facts_tree *tree, const char *path, const char *expected)
{
    g_autoptr(GPtrArray) names = facts_tree_list(tree, "%s", path);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < names->len; i++) {
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "",
                               (const char *)g_ptr_array_index(names, i));
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static struct tree_fixture *make_fixture(void)
{
    struct tree_fixture *fixture = tree_fixture_new();

    tree_fixture_add(fixture, "box/sys/cpu10/level", "3 \n");
    tree_fixture_add(fixture, "box/sys/cpu9/level", "2\n");
    tree_fixture_add(fixture, "box/sys/cpu9/empty", "");
    tree_fixture_add(fixture, "box/sys/near", "-> cpu9");
    tree_fixture_add(fixture, "box/bus/device", "-> ../sys/near/../cpu10");
    return fixture;
}

/* The same of a folder and of every kind of archive. */
static void check_fixture(struct facts_tree *tree)
{
    g_autofree char *real = NULL;

    g_assert_true(facts_tree_enter(tree, "sys"));
    expect_list(tree, "sys", "cpu10 cpu9 near");
    expect_text(tree, "sys/cpu10/level", "3");
    expect_text(tree, "sys/cpu9/empty", "");
    expect_text(tree, "sys/near/level", "2");
    expect_text(tree, "bus/device/level", "3");
    expect_text(tree, "sys/cpu11/level", NULL);
    expect_text(tree, "sys/cpu9", NULL);
    expect_list(tree, "sys/near", "empty level");
    expect_list(tree, "sys/cpu9/level", "");
    real = facts_tree_resolve(tree, "bus/device");
    g_assert_cmpstr(real, ==, "box/sys/cpu10");
    g_assert_true(facts_tree_exists(tree, "sys/cpu%d", 9));
    g_assert_false(facts_tree_exists(tree, "sys/cpu%d", 8));
}

static void test_folder(void)
{
    g_autoptr(tree_fixture_t) fixture = make_fixture();
    char *folder = tree_fixture_write(fixture);
    const struct facts_input in = {.name = folder, .folder = folder};
    g_autoptr(facts_tree_t) tree = facts_tree_open(&in, NULL);

    g_assert_nonnull(tree);
    g_assert_false(facts_tree_is_archive(&in));
    check_fixture(tree);
    tree_fixture_remove(folder);
}

static bool is_near(const char *path)
{
    return g_str_has_suffix(path, "/near");
}

static bool is_nothing(const char *path)
{
    (void)path;
    return false;
}

static void test_archives(void)
{
    static const char *const filters[] = {NULL, "gzip", "bzip2", "xz", "zstd"};

    for (gsize i = 0; i < G_N_ELEMENTS(filters); i++) {
        g_autoptr(tree_fixture_t) fixture = make_fixture();
        g_autoptr(GBytes) bytes = tree_fixture_tar(fixture, filters[i]);
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);
        const struct facts_input in = {.name = "a.tar", .bytes = data, .size = size};
        g_autoptr(GError) error = NULL;
        g_autoptr(facts_tree_t) tree = facts_tree_open(&in, &error);

        g_assert_no_error(error);
        g_assert_true(facts_tree_is_archive(&in));
        g_assert_true(facts_tree_peek(&in, is_near));
        g_assert_false(facts_tree_peek(&in, is_nothing));
        check_fixture(tree);
    }
}

/* Links that lead out of the tree, in circles, or nowhere. */
static void add_bad_links(struct tree_fixture *fixture)
{
    tree_fixture_add(fixture, "etc/passwd", "ours\n");
    tree_fixture_add(fixture, "sys/out", "-> ../../../../../../../../etc/passwd");
    tree_fixture_add(fixture, "sys/absolute", "-> /etc/passwd");
    tree_fixture_add(fixture, "sys/shadow", "-> /etc/shadow");
    tree_fixture_add(fixture, "sys/self", "-> self");
    tree_fixture_add(fixture, "sys/a", "-> b/x");
    tree_fixture_add(fixture, "sys/b", "-> a/x");
    tree_fixture_add(fixture, "sys/grow", "-> grow/grow/grow");
    tree_fixture_add(fixture, "sys/file", "text\n");
}

static void check_bad_links(struct facts_tree *tree)
{
    expect_text(tree, "sys/out", "ours");
    expect_text(tree, "sys/absolute", "ours");
    expect_text(tree, "sys/shadow", NULL);
    expect_text(tree, "sys/self", NULL);
    expect_text(tree, "sys/a", NULL);
    expect_text(tree, "sys/b/x/y", NULL);
    expect_text(tree, "sys/grow", NULL);
    expect_text(tree, "sys/file/below", NULL);
    expect_list(tree, "sys/self", "");
    expect_text(tree, "../etc/passwd", "ours");
}

static void test_links_stay_inside(void)
{
    g_autoptr(tree_fixture_t) fixture = tree_fixture_new();
    g_autoptr(facts_tree_t) tar = NULL, tree = NULL;
    struct facts_input in = {.name = "folder"};
    g_autofree char *fifo = NULL;
    char *folder;

    add_bad_links(fixture);
    tar = open_tar(fixture);
    check_bad_links(tar);
    in.folder = folder = tree_fixture_write(fixture);
    fifo = g_build_filename(folder, "sys", "fifo", NULL);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    tree = facts_tree_open(&in, NULL);
    check_bad_links(tree);
    expect_text(tree, "sys/fifo", NULL);
    tree_fixture_remove(folder);
}

static void test_hostile_names(void)
{
    g_autoptr(tree_fixture_t) fixture = tree_fixture_new();
    g_autofree char *deep = g_strnfill(400, 'd');
    g_autoptr(facts_tree_t) tree = NULL;

    for (gsize i = 1; i < 400; i += 2) {
        deep[i] = '/';
    }
    deep[399] = 'd';
    tree_fixture_add(fixture, "../up", "outside");
    tree_fixture_add(fixture, "sys/../../up", "outside");
    tree_fixture_add(fixture, "/top", "inside");
    tree_fixture_add(fixture, "./sys//odd/./name", "plain");
    tree_fixture_add(fixture, "sys/file", "first");
    tree_fixture_add(fixture, "sys/file/below", "a file is no folder");
    tree_fixture_add(fixture, deep, "too deep");
    tree_fixture_add(fixture, "sys/hard", "=> sys/file");
    tree = open_tar(fixture);
    expect_list(tree, "", "sys top");
    expect_text(tree, "up", NULL);
    expect_text(tree, "top", "inside");
    expect_text(tree, "sys/odd/name", "plain");
    expect_text(tree, "sys/file", "first");
    expect_text(tree, "sys/hard", "first");
}

static void test_damaged(void)
{
    g_autoptr(tree_fixture_t) fixture = make_fixture();
    g_autoptr(GBytes) whole = tree_fixture_tar(fixture, "bzip2");
    g_autoptr(GBytes) half = g_bytes_new_from_bytes(whole, 0, g_bytes_get_size(whole) / 2);
    g_autoptr(GBytes) text = g_bytes_new_static("no archive at all", 17);
    g_autoptr(GError) error = NULL, other = NULL;

    g_assert_null(open_bytes(half, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_true(g_str_has_prefix(error->message, "a.tar: is no whole tar archive"));
    g_assert_null(open_bytes(text, &other));
    g_assert_error(other, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
}

/* A header that promises 8 GB: refused before anything of it is read or skipped. */
static void test_too_large(void)
{
    g_autofree char *tar = g_malloc0(10240);
    const struct facts_input in = {.name = "big.tar", .bytes = tar, .size = 10240};
    g_autoptr(GError) error = NULL;
    unsigned int sum = 0;

    strcpy(tar, "sys/big");
    strcpy(tar + 100, "0000644");
    strcpy(tar + 124, "77777777777");
    memset(tar + 148, ' ', 8);
    tar[156] = '0';
    memcpy(tar + 257, "ustar\00000", 8);
    for (int i = 0; i < 512; i++) {
        sum += (unsigned char)tar[i];
    }
    g_snprintf(tar + 148, 8, "%06o", sum);
    g_assert_true(facts_tree_is_archive(&in));
    g_assert_false(facts_tree_peek(&in, is_nothing));
    g_assert_null(facts_tree_open(&in, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "unpacks to more than 256 MiB"));
}

static void test_enter(void)
{
    g_autoptr(tree_fixture_t) fixture = make_fixture();
    g_autoptr(facts_tree_t) one = open_tar(fixture), two = NULL;

    g_assert_false(facts_tree_enter(one, "proc"));
    g_assert_true(facts_tree_enter(one, "bus"));
    expect_list(one, "", "bus sys");
    facts_tree_strip(one, "sys/");
    expect_list(one, "sys/bus", "device");
    tree_fixture_add(fixture, "other/file", "");
    two = open_tar(fixture);
    g_assert_false(facts_tree_enter(two, "sys"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/facts-tree/folder", test_folder);
    g_test_add_func("/facts-tree/archives", test_archives);
    g_test_add_func("/facts-tree/links-stay-inside", test_links_stay_inside);
    g_test_add_func("/facts-tree/hostile-names", test_hostile_names);
    g_test_add_func("/facts-tree/damaged", test_damaged);
    g_test_add_func("/facts-tree/too-large", test_too_large);
    g_test_add_func("/facts-tree/enter", test_enter);
    return g_test_run();
}
