/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree.h - the waiting entities of one queue, in order of deadline.
 *
 * An intrusive AVL tree. Each node also knows the least vruntime and the least slice below it, so
 * that "the earliest deadline among those that are eligible" is found by one walk down. All
 * operations are O(log n); a tree of one to four nodes, the common case, is at most three deep.
 */
#ifndef EEVDF_TREE_H
#define EEVDF_TREE_H

#include <stdbool.h>
#include <stdint.h>

struct eevdf_node {
    struct eevdf_node *child[2]; /* before, after */
    int64_t deadline;            /* virtual ns; the key, with @seq */
    uint64_t seq;                /* among equal deadlines: order of insertion */
    int64_t vruntime;            /* virtual ns */
    int64_t slice_ns;            /* of its requests */
    int64_t min_vruntime;        /* least of this subtree; valid while in a tree */
    int64_t min_slice_ns;        /* least of this subtree; valid while in a tree */
    int32_t height;              /* of this subtree, 1 for a leaf; 0: in no tree */
};

/* Adds @node, which is in no tree. Its deadline, seq, vruntime and slice stay until removal. */
void eevdf_tree_insert(struct eevdf_node **root, struct eevdf_node *node);

/* Removes @node, which is in this tree; its height is 0 then. */
void eevdf_tree_remove(struct eevdf_node **root, struct eevdf_node *node);

/* The first node in order of (deadline, seq) whose vruntime is at most @limit, or NULL. */
struct eevdf_node *eevdf_tree_pick(struct eevdf_node *root, int64_t limit);

static inline bool eevdf_tree_contains(const struct eevdf_node *node)
{
    return node->height > 0;
}

#endif
