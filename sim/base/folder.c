/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* renameat2() */
#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/output.h"

struct folder {
    char *name;   /* as given, for messages */
    char *output; /* its absolute path */
    char *path;   /* where it is filled */
    int fd;       /* of @path, locked; -1: it cannot be */
    sigset_t signals;
};

bool folder_fail(const char *path, const char *what, GError **error)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "%s: cannot %s: %s", path, what,
                g_strerror(errno));
    return false;
}

void folder_empty(const char *path)
{
    GDir *entries = g_dir_open(path, 0, NULL);
    const char *name;

    while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        folder_remove(below);
    }
    if (entries != NULL) {
        g_dir_close(entries);
    }
}

void folder_remove(const char *path)
{
    if (!g_file_test(path, G_FILE_TEST_IS_DIR) || g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
        g_unlink(path);
        return;
    }
    folder_empty(path);
    g_rmdir(path);
}

/* ------------------------------------------------------------------------------------------- */
/* Filling                                                                                      */

int folder_lock(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0 && !output_lock(fd, path)) {
        int why = errno;

        (void)close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

/* Makes and locks the folder of the first free number. False with errno set. */
static bool take_slot(struct folder *f)
{
    for (int n = 1; f->path == NULL; n++) {
        g_autofree char *slot = output_slot(f->output, n);
        bool made = g_mkdir(slot, 0777) == 0;

        if (!made && errno != EEXIST) {
            return false;
        }
        f->fd = folder_lock(slot);
        if (f->fd >= 0) {
            folder_empty(slot); /* somebody's who was killed */
            f->path = g_steal_pointer(&slot);
        } else if (made && errno != EWOULDBLOCK && errno != ENOENT) {
            f->path = g_steal_pointer(&slot); /* what cannot be locked, nobody else removes */
        }
    }
    return true;
}

static void sweep(const struct folder *f)
{
    for (int n = 1; n <= OUTPUT_SLOTS_SWEPT; n++) {
        g_autofree char *slot = output_slot(f->output, n);
        int fd = folder_lock(slot);

        if (fd >= 0) {
            folder_remove(slot);
            (void)close(fd);
        }
    }
}

static void release(struct folder *f)
{
    if (f->fd >= 0) {
        (void)close(f->fd);
    }
    output_signals_resume(&f->signals);
    g_free(f->name);
    g_free(f->output);
    g_free(f->path);
    g_free(f);
}

/* What links lead to is replaced, not they. */
static char *real_path(const char *output)
{
    char *found = realpath(output, NULL);
    char *path = found != NULL ? g_strdup(found) : g_canonicalize_filename(output, NULL);

    free(found);
    return path;
}

struct folder *folder_begin(const char *output, GError **error)
{
    struct folder *f = g_new0(struct folder, 1);
    g_autofree char *parent = NULL;

    f->fd = -1;
    f->name = g_strdup(output);
    f->output = real_path(output);
    parent = g_path_get_dirname(f->output);
    output_signals_wait(&f->signals);
    if (g_mkdir_with_parents(parent, 0777) == 0) {
        sweep(f);
        if (take_slot(f)) {
            return f;
        }
    }
    folder_fail(parent, "make a folder in it", error);
    release(f);
    return NULL;
}

const char *folder_path(const struct folder *f)
{
    return f->path;
}

/* An old folder and the new one change places; where the file system cannot, the old one steps aside. */
static bool exchange(struct folder *f, GError **error)
{
    g_autofree char *old = NULL;

    if (renameat2(AT_FDCWD, f->path, AT_FDCWD, f->output, RENAME_EXCHANGE) == 0) {
        folder_remove(f->path);
        return true;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return folder_fail(f->name, "be replaced", error);
    }
    old = g_strconcat(f->path, ".old", NULL);
    if (g_rename(f->output, old) != 0) {
        return folder_fail(f->name, "be replaced", error);
    }
    if (g_rename(f->path, f->output) != 0) {
        folder_fail(f->name, "take its place", error);
        g_rename(old, f->output);
        return false;
    }
    folder_remove(old);
    return true;
}

bool folder_finish(struct folder *f, bool replaces, GError **error)
{
    bool ok;

    if (replaces && g_file_test(f->output, G_FILE_TEST_EXISTS)) {
        ok = exchange(f, error);
    } else {
        ok = g_rename(f->path, f->output) == 0 || folder_fail(f->name, "take its place", error);
    }
    if (!ok) {
        folder_remove(f->path);
    }
    release(f);
    return ok;
}

void folder_abandon(struct folder *f)
{
    if (f != NULL) {
        folder_remove(f->path);
        release(f);
    }
}

/* ------------------------------------------------------------------------------------------- */

bool folder_check(const char *output, GError **error)
{
    g_autofree char *at = g_canonicalize_filename(output, NULL);
    const char *why = NULL;

    if (g_file_test(at, G_FILE_TEST_IS_SYMLINK) && !g_file_test(at, G_FILE_TEST_EXISTS)) {
        why = "it is a link that leads nowhere";
    }
    if (g_file_test(at, G_FILE_TEST_EXISTS) && !g_file_test(at, G_FILE_TEST_IS_DIR)) {
        why = "it is no folder";
    }
    do {
        g_autofree char *below = g_steal_pointer(&at);

        at = g_path_get_dirname(below);
    } while (!g_file_test(at, G_FILE_TEST_EXISTS));
    if (why == NULL && !g_file_test(at, G_FILE_TEST_IS_DIR)) {
        why = "there is a file on the way";
    }
    if (why == NULL && access(at, W_OK | X_OK) != 0) {
        why = g_strerror(errno);
    }
    if (why != NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE, "%s: cannot be made in '%s': %s",
                    output, at, why);
    }
    return why == NULL;
}
