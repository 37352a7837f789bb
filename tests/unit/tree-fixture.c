/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree-fixture.h"

#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <glib/gstdio.h>

enum { MAX_TAR_BYTES = 16 << 20 };

struct tree_fixture *tree_fixture_new(void)
{
    struct tree_fixture *tree = g_new0(struct tree_fixture, 1);

    tree->paths = g_ptr_array_new_with_free_func(g_free);
    tree->texts = g_ptr_array_new_with_free_func(g_free);
    return tree;
}

void tree_fixture_free(struct tree_fixture *tree)
{
    if (tree != NULL) {
        g_ptr_array_unref(tree->paths);
        g_ptr_array_unref(tree->texts);
        g_free(tree);
    }
}

void tree_fixture_add(struct tree_fixture *tree, const char *path, const char *text)
{
    for (guint i = 0; i < tree->paths->len; i++) {
        if (strcmp(g_ptr_array_index(tree->paths, i), path) == 0) {
            g_free(g_ptr_array_index(tree->texts, i));
            g_ptr_array_index(tree->texts, i) = g_strdup(text);
            return;
        }
    }
    g_ptr_array_add(tree->paths, g_strdup(path));
    g_ptr_array_add(tree->texts, g_strdup(text));
}

void tree_fixture_addf(struct tree_fixture *tree, const char *path, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    tree_fixture_add(tree, path, text);
}

char *tree_fixture_write(const struct tree_fixture *tree)
{
    g_autoptr(GError) error = NULL;
    char *folder = g_dir_make_tmp("numasim-tree-XXXXXX", &error);

    g_assert_no_error(error);
    for (guint i = 0; i < tree->paths->len; i++) {
        const char *text = g_ptr_array_index(tree->texts, i);
        g_autofree char *path = g_build_filename(folder, g_ptr_array_index(tree->paths, i), NULL);
        g_autofree char *parent = g_path_get_dirname(path);

        g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
        if (g_str_has_prefix(text, "-> ")) {
            g_assert_cmpint(symlink(text + 3, path), ==, 0);
        } else {
            g_file_set_contents(path, text, -1, &error);
            g_assert_no_error(error);
        }
    }
    return folder;
}

static void remove_all(const char *path)
{
    if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK) && g_file_test(path, G_FILE_TEST_IS_DIR)) {
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name;

        while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
            g_autofree char *below = g_build_filename(path, name, NULL);

            remove_all(below);
        }
        g_rmdir(path);
    } else {
        g_unlink(path);
    }
}

void tree_fixture_remove(char *folder)
{
    remove_all(folder);
    g_free(folder);
}

static void write_entry(struct archive *a, const char *path, const char *text)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, path);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_filetype(entry, AE_IFREG);
    if (g_str_has_prefix(text, "-> ")) {
        archive_entry_set_filetype(entry, AE_IFLNK);
        archive_entry_set_symlink(entry, text + 3);
    } else if (g_str_has_prefix(text, "=> ")) {
        archive_entry_set_hardlink(entry, text + 3);
    } else {
        archive_entry_set_size(entry, (la_int64_t)strlen(text));
    }
    g_assert_cmpint(archive_write_header(a, entry), ==, ARCHIVE_OK);
    if (archive_entry_size(entry) > 0) {
        g_assert_cmpint(archive_write_data(a, text, strlen(text)), ==, (la_ssize_t)strlen(text));
    }
    archive_entry_free(entry);
}

GBytes *tree_fixture_tar(const struct tree_fixture *tree, const char *filter)
{
    struct archive *a = archive_write_new();
    g_autofree char *buffer = g_malloc(MAX_TAR_BYTES);
    size_t used = 0;

    if (filter != NULL) {
        g_assert_cmpint(archive_write_add_filter_by_name(a, filter), ==, ARCHIVE_OK);
    }
    g_assert_cmpint(archive_write_set_format_gnutar(a), ==, ARCHIVE_OK);
    g_assert_cmpint(archive_write_open_memory(a, buffer, MAX_TAR_BYTES, &used), ==, ARCHIVE_OK);
    for (guint i = 0; i < tree->paths->len; i++) {
        write_entry(a, g_ptr_array_index(tree->paths, i), g_ptr_array_index(tree->texts, i));
    }
    g_assert_cmpint(archive_write_close(a), ==, ARCHIVE_OK);
    archive_write_free(a);
    return g_bytes_new(buffer, used);
}
