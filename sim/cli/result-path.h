/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command takes for RESULT: the folder or file of a run, or a folder with such below it. */
#ifndef NUMASIM_CLI_RESULT_PATH_H
#define NUMASIM_CLI_RESULT_PATH_H

#include <glib.h>

/*
 * The folders of results that @path means: itself if it holds a result.json, else all that are below
 * it, in ascending order (element-type char *, owned). Folders whose name begins with a dot are being
 * filled, and links are not followed. Never empty: NULL with NUMASIM_ERROR_INPUT where there is none,
 * with NUMASIM_ERROR_IO where a folder cannot be read. A file stands for itself, whatever is in it, and
 * so does what is not there: whoever reads it says so.
 */
GPtrArray *result_paths(const char *path, GError **error);

/* The one result that @path means, newly allocated. NULL as above, or with NUMASIM_ERROR_USAGE where
 * there are several. */
char *result_path(const char *path, GError **error);

#endif
