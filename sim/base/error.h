/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The error domain of the project, and help for good messages. */
#ifndef NUMASIM_BASE_ERROR_H
#define NUMASIM_BASE_ERROR_H

#include <glib.h>

#define NUMASIM_ERROR numasim_error_quark()
GQuark numasim_error_quark(void);

enum numasim_error {
    NUMASIM_ERROR_INPUT,  /* bad file, flag or value: exit 2 */
    NUMASIM_ERROR_USAGE,  /* bad command line: exit 2 */
    NUMASIM_ERROR_PLUGIN, /* a plugin that cannot be loaded: exit 2 */
    NUMASIM_ERROR_FAULT,  /* a fault in the simulator or a plugin while running: exit 3 */
    NUMASIM_ERROR_IO,     /* a file that cannot be read or written: exit 2 */
};

/*
 * The member of @names (NULL-terminated) nearest to @name by edit distance, or else the first that
 * begins with @name (three characters or more); NULL if none is near enough to suggest. Borrowed from
 * @names.
 */
const char *error_nearest(const char *name, const char *const *names);

/*
 * Reads the file @path into *@ret_bytes, newly allocated, with a NUL behind the *@ret_size bytes; at
 * most @max bytes and one more, by which the caller sees that the file is too large. What is not a
 * regular file is refused, for a FIFO or a device may never end. False with NUMASIM_ERROR_IO,
 * "PATH: cannot be read: WHY".
 */
gboolean file_read(const char *path, gsize max, char **ret_bytes, gsize *ret_size, GError **error);

#endif
