/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* O_TMPFILE */
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

enum { MAX_LINKS = 40 }; /* as the kernel follows: path_resolution(7) */

struct output {
    int fd;
    char *path;      /* as given, for messages */
    char *target;    /* the name that it gets; NULL: it is a stream */
    char *temporary; /* its name until then; NULL: none */
};

/* ------------------------------------------------------------------------------------------- */
/* Where a path leads                                                                           */

/* The number of the descriptor that "/dev/stdout" and the like are; -1: @path is none. */
static int descriptor_of(const char *path)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    static const char *const standard[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};

    for (int i = 0; i < (int)G_N_ELEMENTS(standard); i++) {
        if (strcmp(path, standard[i]) == 0) {
            return i;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        const char *number = path + strlen(folders[i]);
        guint64 fd;

        if (g_str_has_prefix(path, folders[i]) &&
            g_ascii_string_to_unsigned(number, 10, 0, G_MAXINT, &fd, NULL)) {
            return (int)fd;
        }
    }
    return strcmp(path, "-") == 0 ? STDOUT_FILENO : -1;
}

/*
 * What is at the end of the links of @path: its name, newly allocated, or a descriptor in *@ret_fd and
 * NULL. Folders on the way may be links: those are followed by whoever opens the name.
 */
static char *follow(const char *path, int *ret_fd)
{
    char *at = g_strdup(path);

    *ret_fd = descriptor_of(at);
    for (int i = 0; i < MAX_LINKS && *ret_fd < 0; i++) {
        g_autofree char *link = g_file_read_link(at, NULL);
        g_autofree char *folder = g_path_get_dirname(at);

        if (link == NULL) {
            return at;
        }
        g_free(at);
        at = g_path_is_absolute(link) ? g_strdup(link) : g_build_filename(folder, link, NULL);
        *ret_fd = descriptor_of(at);
    }
    if (*ret_fd >= 0) {
        g_clear_pointer(&at, g_free);
    }
    return at;
}

/* Whether @target is there and is no file: then it is a stream. */
static bool is_special(const char *target)
{
    struct stat there;

    return stat(target, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode);
}

bool output_is_stream(const char *path)
{
    int fd;
    g_autofree char *target = follow(path, &fd);

    return target == NULL || is_special(target);
}

static bool refuse(const char *path, const char *why, GError **error)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE, "%s: cannot be written: %s", path, why);
    return false;
}

static bool check_folder(const char *path, const char *target, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(target);
    g_autofree char *why = NULL;

    if (!g_file_test(folder, G_FILE_TEST_EXISTS)) {
        why = g_strdup_printf("there is no folder '%s'", folder);
    } else if (!g_file_test(folder, G_FILE_TEST_IS_DIR)) {
        why = g_strdup_printf("'%s' is no folder", folder);
    } else if (access(folder, W_OK | X_OK) != 0) {
        why = g_strdup_printf("the folder '%s': %s", folder, g_strerror(errno));
    }
    return why == NULL || refuse(path, why, error);
}

bool output_check(const char *path, GError **error)
{
    int fd;
    g_autofree char *target = follow(path, &fd);
    struct stat there;

    if (target == NULL) {
        int flags = fcntl(fd, F_GETFL);

        return flags < 0 ? refuse(path, g_strerror(errno), error)
                         : (flags & O_ACCMODE) != O_RDONLY ||
                               refuse(path, "it is open for reading only", error);
    }
    if (target[0] == '\0') {
        return refuse("''", "it is no name", error);
    }
    if (stat(target, &there) == 0) {
        if (S_ISDIR(there.st_mode)) {
            return refuse(path, "it is a folder; expected the name of a file", error);
        }
        if (!S_ISREG(there.st_mode)) {
            return access(target, W_OK) == 0 || refuse(path, g_strerror(errno), error);
        }
    } else if (errno != ENOENT && errno != ENOTDIR) {
        return refuse(path, g_strerror(errno), error);
    }
    return check_folder(path, target, error);
}

/* ------------------------------------------------------------------------------------------- */
/* Names for the time of filling                                                                */

char *output_slot(const char *path, int n)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *hidden = g_strdup_printf(".%s.numasim-%d", name, n);

    return g_build_filename(folder, hidden, NULL);
}

bool output_lock(int fd, const char *path)
{
    struct stat of_fd, of_path;

    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return false;
    }
    if (fstat(fd, &of_fd) == 0 && lstat(path, &of_path) == 0 && of_fd.st_dev == of_path.st_dev &&
        of_fd.st_ino == of_path.st_ino) {
        return true;
    }
    errno = EWOULDBLOCK;
    return false;
}

void output_signals_wait(sigset_t *before)
{
    sigset_t wait;

    sigemptyset(&wait);
    sigaddset(&wait, SIGINT);
    sigaddset(&wait, SIGTERM);
    sigaddset(&wait, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &wait, before);
}

void output_signals_resume(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* Files that a process that is gone has left beside @target. */
static void sweep(const char *target)
{
    for (int n = 1; n <= OUTPUT_SLOTS_SWEPT; n++) {
        g_autofree char *slot = output_slot(target, n);
        struct stat there;
        int fd = lstat(slot, &there) == 0 && S_ISREG(there.st_mode)
                     ? open(slot, O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
                     : -1;

        if (fd >= 0) {
            if (output_lock(fd, slot)) {
                (void)unlink(slot);
            }
            (void)close(fd);
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* A file                                                                                       */

static bool fail(const char *path, int why, GError **error)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "%s: cannot be written: %s", path,
                g_strerror(why));
    return false;
}

/* With a name, where there is no other way. */
static int open_named(struct output *o)
{
    for (int n = 1;; n++) {
        g_autofree char *slot = output_slot(o->target, n);
        int fd = open(slot, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);

        /* Without locks nobody takes it for left behind. */
        if (fd >= 0 && (output_lock(fd, slot) || errno != EWOULDBLOCK)) {
            o->temporary = g_steal_pointer(&slot);
            return fd;
        }
        if (fd >= 0) { /* somebody took it for left behind, and has removed it */
            (void)close(fd);
        } else if (errno != EEXIST) {
            return -1;
        }
    }
}

/* Without a name; -1 where the file system, or a /proc that is missing, leaves no way to give it one. */
static int open_unnamed(const char *target)
{
    g_autofree char *folder = g_path_get_dirname(target);
    int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);

    if (fd >= 0 && access(link, F_OK) != 0) {
        (void)close(fd);
        return -1;
    }
    if (fd >= 0) { /* it may have a name for a moment: name_unnamed() */
        (void)flock(fd, LOCK_EX | LOCK_NB);
    }
    return fd;
}

static int open_file(struct output *o)
{
    struct stat there;
    int fd;

    if (stat(o->target, &there) == 0 && S_ISDIR(there.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    if (lstat(o->target, &there) == 0 && S_ISLNK(there.st_mode)) {
        errno = ELOOP;
        return -1;
    }
    sweep(o->target);
    fd = open_unnamed(o->target);
    return fd >= 0 ? fd : open_named(o);
}

struct output *output_open(const char *path, GError **error)
{
    struct output *o = g_new0(struct output, 1);
    int descriptor;

    o->path = g_strdup(path);
    o->target = follow(path, &descriptor);
    if (o->target == NULL) {
        o->fd = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    } else if (is_special(o->target)) {
        o->fd = open(o->target, O_WRONLY | O_NOCTTY | O_CLOEXEC);
        g_clear_pointer(&o->target, g_free);
    } else {
        o->fd = open_file(o);
    }
    if (o->fd < 0) {
        fail(path, errno, error);
        output_abandon(o);
        return NULL;
    }
    return o;
}

int output_fd(const struct output *o)
{
    return o->fd;
}

/* Gives the file without a name the name @name. False with errno set. */
static bool give_name(const struct output *o, const char *name)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", o->fd);

    return linkat(AT_FDCWD, link, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
}

/* A link replaces nothing: where there is a file already, a name is needed that can be renamed. */
static bool name_unnamed(struct output *o)
{
    if (give_name(o, o->target)) {
        return true;
    }
    for (int n = 1; errno == EEXIST; n++) {
        g_autofree char *slot = output_slot(o->target, n);

        if (give_name(o, slot)) {
            o->temporary = g_steal_pointer(&slot);
            return rename(o->temporary, o->target) == 0;
        }
    }
    return false;
}

static bool take_place(struct output *o)
{
    sigset_t before;
    bool ok;
    int why;

    output_signals_wait(&before);
    ok = o->temporary != NULL ? rename(o->temporary, o->target) == 0 : name_unnamed(o);
    why = errno;
    if (ok) {
        g_clear_pointer(&o->temporary, g_free);
    } else if (o->temporary != NULL) {
        (void)unlink(o->temporary);
    }
    output_signals_resume(&before);
    errno = why;
    return ok;
}

bool output_finish(struct output *o, GError **error)
{
    bool ok = o->target == NULL || (fsync(o->fd) == 0 && take_place(o));
    int why = errno;

    if (close(o->fd) != 0 && ok) {
        ok = false;
        why = errno;
    }
    o->fd = -1;
    if (!ok) {
        fail(o->path, why, error);
    }
    output_abandon(o);
    return ok;
}

void output_abandon(struct output *o)
{
    if (o == NULL) {
        return;
    }
    if (o->temporary != NULL) {
        (void)unlink(o->temporary);
    }
    if (o->fd >= 0) {
        (void)close(o->fd);
    }
    g_free(o->path);
    g_free(o->target);
    g_free(o->temporary);
    g_free(o);
}

/* ------------------------------------------------------------------------------------------- */

static bool write_all(int fd, const char *bytes, gsize size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return false;
        }
        bytes += written;
        size -= (gsize)written;
    }
    return true;
}

gboolean file_write_atomic(const char *path, const char *bytes, gsize size, GError **error)
{
    g_autoptr(output_t) o = output_open(path, error);

    if (o == NULL) {
        return FALSE;
    }
    if (!write_all(o->fd, bytes, size)) {
        return fail(path, errno, error);
    }
    return output_finish(g_steal_pointer(&o), error);
}
