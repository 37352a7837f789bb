/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names longer than this get no suggestion, so that the distance needs no allocation. */
enum { NEAREST_MAX_LENGTH = 64 };

GQuark numasim_error_quark(void)
{
    return g_quark_from_static_string("numasim-error-quark");
}

/*
 * The edits (insert, delete, replace, swap two neighbours) that make @b of @a, without regard to
 * case: the restricted Damerau-Levenshtein distance. Both are at most NEAREST_MAX_LENGTH long.
 */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    /* The rows for the prefixes of @a of i-2, i-1 and i characters; they take turns. */
    size_t rows[3][NEAREST_MAX_LENGTH + 1];

    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        const size_t *before = rows[(i + 1) % 3];
        const size_t *above = rows[(i - 1) % 3];
        size_t *row = rows[i % 3];
        char x = g_ascii_tolower(a[i - 1]);

        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            char y = g_ascii_tolower(b[j - 1]);

            row[j] = MIN(MIN(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) &&
                g_ascii_tolower(a[i - 2]) == y) {
                row[j] = MIN(row[j], before[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

const char *error_nearest(const char *name, const char *const *names)
{
    size_t length = strlen(name);
    /* A third of the letters may be wrong: with more, the suggestion would be a guess. */
    size_t best = (length + 1) / 3;
    const char *const *all = names;
    const char *nearest = NULL;

    if (length < 2 || length > NEAREST_MAX_LENGTH) {
        return NULL;
    }
    for (; *names; names++) {
        size_t candidate_length = strlen(*names);
        size_t distance;

        if (candidate_length > NEAREST_MAX_LENGTH) {
            continue;
        }
        distance = edit_distance(name, length, *names, candidate_length);
        if (distance < best || (distance == best && !nearest)) {
            best = distance;
            nearest = *names;
        }
    }
    /* Who knows only how a long name begins makes more edits than that. */
    for (names = all; nearest == NULL && length >= 3 && *names; names++) {
        if (g_ascii_strncasecmp(name, *names, length) == 0) {
            nearest = *names;
        }
    }
    return nearest;
}

static void set_io_error(GError **error, const char *path, const char *what, int code)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "%s: cannot %s: %s", path, what,
                g_strerror(code));
}

/* Opens @path; a FIFO without a writer would hang, were it not for O_NONBLOCK. -1 with @error. */
static int open_regular(const char *path, struct stat *ret_stat, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, ret_stat) != 0) {
        set_io_error(error, path, "be read", errno);
    } else if (S_ISDIR(ret_stat->st_mode)) {
        set_io_error(error, path, "be read", EISDIR);
    } else if (!S_ISREG(ret_stat->st_mode)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "%s: is not a regular file", path);
    } else {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

gboolean file_read(const char *path, gsize max, char **ret_bytes, gsize *ret_size, GError **error)
{
    enum { CHUNK_BYTES = 64 * 1024 };
    struct stat stat;
    int fd = open_regular(path, &stat, error);
    g_autoptr(GByteArray) bytes = NULL;
    ssize_t n = 1;

    if (fd < 0) {
        return FALSE;
    }
    bytes = g_byte_array_sized_new((guint)MIN((gsize)stat.st_size, max) + CHUNK_BYTES);
    while (n != 0 && bytes->len <= max) {
        guint size = bytes->len;

        g_byte_array_set_size(bytes, size + (guint)MIN((gsize)CHUNK_BYTES, max + 1 - size));
        n = read(fd, bytes->data + size, bytes->len - size);
        g_byte_array_set_size(bytes, size + (guint)MAX(n, 0));
        if (n < 0 && errno != EINTR) {
            set_io_error(error, path, "be read", errno);
            close(fd);
            return FALSE;
        }
    }
    close(fd);
    *ret_size = bytes->len;
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    *ret_bytes = (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
    return TRUE;
}
