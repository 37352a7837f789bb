/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to facts-tree*.c: what a tree is made of. */
#ifndef NUMASIM_FORMAT_FACTS_TREE_PRIVATE_H
#define NUMASIM_FORMAT_FACTS_TREE_PRIVATE_H

#include "format/facts/tree.h"

enum tree_kind { TREE_NOTHING, TREE_FOLDER, TREE_FILE, TREE_LINK };

/* An archive's entry. */
struct tree_entry {
    enum tree_kind kind;
    char *bytes; /* of a file, or a link's target; owned */
    gsize size;
    GPtrArray *names; /* char *: of a folder */
};

struct facts_tree {
    char *folder;         /* the real folder, or NULL: an archive */
    GHashTable *entries;  /* of an archive: path -> struct tree_entry, "" is the top */
    GHashTable *resolved; /* path of a folder -> where it leads, or NULL: nowhere */
    char *root;           /* what facts_tree_enter() found; "" at first */
    const char *strip;    /* what paths lose at their beginning, or NULL */
};

/* Reads all entries of the archive in @in. False with NUMASIM_ERROR_INPUT. */
bool facts_tree_load(struct facts_tree *tree, const struct facts_input *in, GError **error);

#endif
