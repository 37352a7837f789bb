/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the files of policy sets are. */
#ifndef NUMASIM_FORMAT_POLICY_FIND_H
#define NUMASIM_FORMAT_POLICY_FIND_H

#include <glib.h>
#include <stdbool.h>

/*
 * The file of the set @name: itself if it holds a '/' or ends with ".yaml", else the first
 * DIR/@name.yaml in @search_dirs. Newly allocated. NULL with NUMASIM_ERROR_INPUT, naming the
 * nearest that there is.
 */
char *policy_set_find(const char *name, const char *const *search_dirs, GError **error);
/* Names of the sets in @search_dirs: *.yaml whose first key says policy-set. Sorted, each once,
 * NULL-terminated, transfer full. */
char **policy_set_list(const char *const *search_dirs);

/* True for a name that is a path: it holds a '/' or ends with ".yaml". */
bool policy_set_is_path(const char *name);
/* The first DIR/@name.yaml that exists, newly allocated, or NULL. */
char *policy_set_find_in(const char *name, const char *const *search_dirs);
/* "no policy set 'x'; expected ... (did you mean 'y'?)"; newly allocated. */
char *policy_set_missing(const char *name, const char *const *search_dirs);

#endif
