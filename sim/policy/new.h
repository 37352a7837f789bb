/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `policy new NAME`: a plugin to begin with. */
#ifndef NUMASIM_POLICY_NEW_H
#define NUMASIM_POLICY_NEW_H

#include <glib.h>
#include <stdbool.h>

/*
 * Writes @dir/@name.c, a copy of the skeleton at @skeleton_path under the name @name: the word
 * "skeleton" becomes the name, as part of an identifier with '_' for what no identifier may hold.
 * Never overwrites. *@ret_path (newly allocated) is the file, *@ret_advice the lines to tell the
 * user: how to build and run it, inside a source tree (where `make` finds it) or outside. False
 * with NUMASIM_ERROR_INPUT for a name that is none, NUMASIM_ERROR_IO for files.
 */
bool policy_new(const char *name, const char *dir, const char *skeleton_path, char **ret_path,
                char **ret_advice, GError **error);

#endif
