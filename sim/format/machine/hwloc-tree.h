/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine as a tree of hwloc's objects: each contains the CPUs of those below it, and nodes hang
 * on the object whose CPUs they are near to.
 */
#ifndef NUMASIM_FORMAT_MACHINE_HWLOC_TREE_H
#define NUMASIM_FORMAT_MACHINE_HWLOC_TREE_H

#include <glib.h>
#include <stdbool.h>

#include "machine/machine.h"

/* From the outside in: of two objects with the same CPUs the earlier contains the later. */
enum tree_kind {
    TREE_MACHINE,
    TREE_PACKAGE,
    TREE_DIE,
    TREE_LLC,
    TREE_CLUSTER,
    TREE_L2,
    TREE_L1,
    TREE_CORE,
    TREE_NODE_GROUP, /* CPUs of a node that no other object holds together */
    TREE_PU,
    NR_TREE_KINDS
};

struct tree_object {
    enum tree_kind kind;
    int32_t index;                  /* in the machine's array of that kind; of an L1: its core */
    int32_t weight;                 /* CPUs in the set */
    int32_t first;                  /* the lowest of them */
    uint64_t *cpus;                 /* bitmap of the machine's CPUs, owned */
    int32_t parent, child, sibling; /* objects, -1: none; children by their first CPU */
    uint64_t *attached;             /* bitmap of the nodes that hang here, or NULL */
    uint64_t *nodes;                /* bitmap of the nodes here, around and within */
    bool left_out;                  /* crosses another object, or is needless */
};

struct tree {
    const struct machine *m;
    GArray *objects; /* struct tree_object, parents before children; the machine is the first */
    int32_t nr_crossing[NR_TREE_KINDS]; /* objects left out because they cross another */
    int32_t *node_object;               /* [nr_nodes]: where each hangs; some CPU there is online */
};

/* The tree of @m (finished); never NULL. */
struct tree *tree_new(const struct machine *m);
void tree_free(struct tree *tree);
typedef struct tree tree_t; /* for g_autoptr(tree_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(tree_t, tree_free)

/* Appends to @notes (char *) a line for each kind of thing that hwloc's XML loses of the machine. */
void tree_note_losses(const struct tree *tree, GPtrArray *notes);

static inline struct tree_object *tree_at(const struct tree *tree, int32_t object)
{
    return &g_array_index(tree->objects, struct tree_object, object);
}

#endif
