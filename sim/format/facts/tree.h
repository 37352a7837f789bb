/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A read-only tree of small text files: a folder, or a tar archive (plain, gzip, bzip2, xz, zstd)
 * that is kept in memory. Nothing is ever extracted, and no path leaves the tree: links are
 * followed inside it, as if its root were the file system's.
 */
#ifndef NUMASIM_FORMAT_FACTS_TREE_H
#define NUMASIM_FORMAT_FACTS_TREE_H

#include <glib.h>
#include <stdbool.h>

#include "format/facts/read.h"

/* More than this is no dump of a machine: an archive's entries, its bytes unpacked, a file's. */
enum {
    FACTS_TREE_MAX_ENTRIES = 1 << 20,
    FACTS_TREE_MAX_BYTES = 256 << 20,
    FACTS_TREE_MAX_FILE_BYTES = 4 << 20
};

struct facts_tree;

/*
 * The tree of @in, freed with facts_tree_free(). The bytes of @in may go, its folder may not. NULL
 * with NUMASIM_ERROR_INPUT if the bytes are no archive, or too much unpacks from them.
 */
struct facts_tree *facts_tree_open(const struct facts_input *in, GError **error);
void facts_tree_free(struct facts_tree *tree);
typedef struct facts_tree facts_tree_t; /* for g_autoptr(facts_tree_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(facts_tree_t, facts_tree_free)

/* True iff the bytes begin like an archive, packed or not. */
bool facts_tree_is_archive(const struct facts_input *in);
/* True iff @matches accepts the path of an entry of the archive; reads no further than that. */
bool facts_tree_peek(const struct facts_input *in, bool (*matches)(const char *path));

/*
 * Makes the folder in which @path is found the tree's root: the one that was given, or, as long as
 * a folder holds but one other folder, that one. False, and nothing changed, if there is none.
 */
bool facts_tree_enter(struct facts_tree *tree, const char *path);

/* From now on a path that begins with @prefix means the one without it: the root is that folder. */
void facts_tree_strip(struct facts_tree *tree, const char *prefix); /* borrowed */

/*
 * Below, a path is made from @format, has no leading '/', and ends at the tree's root.
 *
 * The first bytes of a file, at most FACTS_TREE_MAX_FILE_BYTES, up to a NUL and without white space
 * at the end; newly allocated. NULL if there is no such regular file, or it cannot be read.
 */
char *facts_tree_text(struct facts_tree *tree, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same, but no more than @max bytes are read. */
char *facts_tree_head(struct facts_tree *tree, gsize max, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* The names in a folder, sorted; empty if there is none. Freed with g_ptr_array_unref(). */
GPtrArray *facts_tree_list(struct facts_tree *tree, const char *format, ...) G_GNUC_PRINTF(2, 3);
bool facts_tree_exists(struct facts_tree *tree, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Where a path leads after all links, newly allocated; NULL if nowhere. */
char *facts_tree_resolve(struct facts_tree *tree, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
