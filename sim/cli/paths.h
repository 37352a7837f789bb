/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where topologies, workloads and policies are. Each kind is looked for in order in:
 *
 *   1. the folders that NUMASIM_PATH names (separated by ':'), each laid out like the tree:
 *      FOLDER/topologies, FOLDER/workloads, FOLDER/policies (sets and plugins)
 *   2. what belongs to the command itself: the tree that it was built in (../../topologies, seen
 *      from the command; plugins in policies/ beside it), or else where `make install` put it
 *      (../share/numasim, plugins in ../lib/numasim/policies), or else where it was told to install
 *      when it was compiled
 *
 * Names are files without their ending. A name that holds a '/' or ends with .yaml is a path.
 */
#ifndef NUMASIM_CLI_PATHS_H
#define NUMASIM_CLI_PATHS_H

#include <glib.h>
#include <stdbool.h>

#include "machine/machine.h"
#include "policy/loader.h"
#include "policy/set.h"
#include "workload/workload.h"

/* Lists of folders in the order of search, NULL-terminated; they need not exist. */
struct paths {
    char **topologies;
    char **workloads; /* workloads/traces is one of them */
    char **sets;      /* policy sets (.yaml), and the skeleton */
    char **plugins;   /* .so */
    char **results;   /* studies */
};

/* @exe: the command's own file; @extra: the value of NUMASIM_PATH, or NULL. */
struct paths *paths_new(const char *exe, const char *extra);
void paths_free(struct paths *paths); /* accepts NULL */
typedef struct paths paths_t;         /* for g_autoptr(paths_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(paths_t, paths_free)

/* Names of the files of @kind ("topology", "workload": as their first key says), sorted, each once;
 * NULL-terminated, transfer full. Only the head of each file is read. */
char **paths_list(char *const *dirs, const char *kind);
/* False with NUMASIM_ERROR_IO if @names, of paths_list(), are none: a command that was copied to where
 * nothing else is, for example. The error names @dirs. */
bool paths_check_any(char *const *dirs, const char *kind, char *const *names, GError **error);
/* The file of @name in @dirs, newly allocated; a name may have a folder of theirs before it
 * ("traces/rt-app"). A path is taken as it is. NULL with NUMASIM_ERROR_INPUT, naming the nearest
 * that there is. */
char *paths_find(char *const *dirs, const char *kind, const char *name, GError **error);

/* Finds and reads. The caller owns what comes back; NULL with @error. */
struct machine *paths_read_topology(const struct paths *paths, const char *name, GError **error);
struct workload *paths_read_workload(const struct paths *paths, const char *name, GError **error);
struct policy_set *paths_read_set(const struct paths *paths, const char *name, GError **error);
/* The plugins of @set, loaded. */
struct policy_stack *paths_load_stack(const struct paths *paths, const struct policy_set *set,
                                      GError **error);

/* skeleton.c; newly allocated. NULL with NUMASIM_ERROR_IO. */
char *paths_skeleton(const struct paths *paths, GError **error);

#endif
