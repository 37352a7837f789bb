/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set of results from a path: one result, or every result below a folder. */
#ifndef NUMASIM_CLI_RESULT_SET_H
#define NUMASIM_CLI_RESULT_SET_H

#include <glib.h>

#include "observe/result.h"

struct result_set {
    GPtrArray *results; /* struct result *, owned */
    GPtrArray *paths;   /* char *: of each, owned; in ascending order */
};

/*
 * Reads the result @path (a result.json or its folder), or all results in the folders below it. NULL
 * with the error of result_read(), or NUMASIM_ERROR_INPUT where there is none.
 */
struct result_set *result_set_read(const char *path, GError **error);
void result_set_free(struct result_set *set); /* accepts NULL */
typedef struct result_set result_set_t;       /* for g_autoptr(result_set_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(result_set_t, result_set_free)

#endif
