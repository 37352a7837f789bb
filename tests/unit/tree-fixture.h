/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small trees of text files for the readers of snapshots: as a real folder, or as a tar archive. */
#ifndef NUMASIM_TESTS_UNIT_TREE_FIXTURE_H
#define NUMASIM_TESTS_UNIT_TREE_FIXTURE_H

#include <glib.h>

/* Files by path; a text "-> TARGET" is a symbolic link, "=> TARGET" a hard one in an archive. */
struct tree_fixture {
    GPtrArray *paths, *texts; /* char * */
};
struct tree_fixture *tree_fixture_new(void);
void tree_fixture_free(struct tree_fixture *tree);
typedef struct tree_fixture tree_fixture_t; /* for g_autoptr(tree_fixture_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(tree_fixture_t, tree_fixture_free)

/* Adds the file @path with @text. The other writes the text from a format. */
void tree_fixture_add(struct tree_fixture *tree, const char *path, const char *text);
void tree_fixture_addf(struct tree_fixture *tree, const char *path, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Writes the tree below a new temporary folder, whose path it returns. */
char *tree_fixture_write(const struct tree_fixture *tree);
/* Removes such a folder with all that is in it, and frees its path. */
void tree_fixture_remove(char *folder);
/* The tree as a tar archive; @filter is one of libarchive's, "gzip", "xz", or NULL. */
GBytes *tree_fixture_tar(const struct tree_fixture *tree, const char *filter);

#endif
