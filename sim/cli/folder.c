/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/folder.h"

#include <errno.h>
#include <glib/gstdio.h>

#include "base/error.h"

bool folder_fail(const char *path, const char *what, GError **error)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "%s: cannot %s: %s", path, what,
                g_strerror(errno));
    return false;
}

void folder_remove(const char *path)
{
    GDir *entries;
    const char *name;

    if (!g_file_test(path, G_FILE_TEST_IS_DIR) || g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
        g_unlink(path);
        return;
    }
    entries = g_dir_open(path, 0, NULL);
    while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        folder_remove(below);
    }
    if (entries != NULL) {
        g_dir_close(entries);
    }
    g_rmdir(path);
}

char *folder_begin(const char *output, GError **error)
{
    g_autofree char *path = g_canonicalize_filename(output, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    char *building = g_strconcat(path, ".XXXXXX", NULL);

    if (g_mkdir_with_parents(parent, 0777) != 0 || g_mkdtemp_full(building, 0777) == NULL) {
        folder_fail(parent, "make a folder in it", error);
        g_free(building);
        return NULL;
    }
    return building;
}

/* An old folder steps aside first. */
bool folder_finish(const char *building, const char *output, GError **error)
{
    g_autofree char *path = g_canonicalize_filename(output, NULL);
    g_autofree char *old = g_strconcat(building, ".old", NULL);
    bool replaces = g_file_test(path, G_FILE_TEST_EXISTS);

    if (replaces && g_rename(path, old) != 0) {
        return folder_fail(output, "be replaced", error);
    }
    if (g_rename(building, path) != 0) {
        folder_fail(output, "take its place", error);
        if (replaces) {
            g_rename(old, path);
        }
        return false;
    }
    if (replaces) {
        folder_remove(old);
    }
    return true;
}
