/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder of output, whole or absent: filled under another name, renamed when it is whole. */
#ifndef NUMASIM_CLI_FOLDER_H
#define NUMASIM_CLI_FOLDER_H

#include <glib.h>
#include <stdbool.h>

/*
 * Makes an empty folder beside @output, and the folders above it where they are missing. Returns
 * its path, newly allocated, or NULL with @error.
 */
char *folder_begin(const char *output, GError **error);
/* @building becomes @output; what stood there is removed, and comes back where that fails. */
bool folder_finish(const char *building, const char *output, GError **error);
/* Removes a file, or a folder with all that is in it; links are removed, not followed. */
void folder_remove(const char *path);
/* NUMASIM_ERROR_IO "PATH: cannot WHAT: why", as errno says. Always false. */
bool folder_fail(const char *path, const char *what, GError **error);

#endif
