/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree.h - the waiting entities of one queue, in order of a key, for queue policies to share.
 *
 * An intrusive AVL tree without parent links: a change walks down, noting the links that it passed,
 * and repairs heights and minima on the way back up. Each node also knows the least vruntime and
 * the least and the largest slice below it, so that "the least key among those that are eligible" is found by one
 * walk down. All operations are O(log n); a tree of one to four nodes, the common case, is at most
 * three deep. Balance is by height alone and the key is total, so the shape is a function of the
 * sequence of operations and of no address.
 */
#ifndef NUMASIM_POLICIES_TREE_H
#define NUMASIM_POLICIES_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct numasim_entity;

struct tree_node {
    struct tree_node *child[2]; /* before, after */
    int64_t key;                /* eevdf: the deadline; cfs: vruntime. Virtual ns */
    uint64_t seq;               /* among equal keys: order of insertion */
    int64_t vruntime;           /* virtual ns */
    int64_t slice_ns;           /* of its requests */
    int64_t min_vruntime;       /* least of this subtree; valid while in a tree */
    int64_t min_slice_ns;       /* least of this subtree; valid while in a tree */
    int64_t max_slice_ns;       /* largest of it; the same */
    struct numasim_entity *se;  /* whose it is: the owner's, for timeline.h */
    int32_t height;             /* of this subtree, 1 for a leaf; 0: in no tree */
};

/* An AVL tree of this height holds more than 10^12 nodes. */
#define TREE_MAX_HEIGHT 60

enum { TREE_BEFORE, TREE_AFTER };

static inline int32_t tree_height(const struct tree_node *node)
{
    return node != NULL ? node->height : 0;
}

static inline int tree_comes_after(const struct tree_node *a, const struct tree_node *b)
{
    return a->key != b->key ? a->key > b->key : a->seq > b->seq;
}

/* Recomputes what @node knows of its subtree. */
static inline void tree_update(struct tree_node *node)
{
    int32_t tallest = 0;
    int64_t vruntime = node->vruntime, slice = node->slice_ns, longest = slice;

    for (int side = TREE_BEFORE; side <= TREE_AFTER; side++) {
        const struct tree_node *child = node->child[side];

        if (child != NULL) {
            tallest = child->height > tallest ? child->height : tallest;
            vruntime = child->min_vruntime < vruntime ? child->min_vruntime : vruntime;
            slice = child->min_slice_ns < slice ? child->min_slice_ns : slice;
            longest = child->max_slice_ns > longest ? child->max_slice_ns : longest;
        }
    }
    node->height = tallest + 1;
    node->min_vruntime = vruntime;
    node->min_slice_ns = slice;
    node->max_slice_ns = longest;
}

/* Lifts the child on @side to where its parent stands. */
static inline void tree_rotate(struct tree_node **link, int side)
{
    struct tree_node *down = *link, *up = down->child[side];

    down->child[side] = up->child[!side];
    up->child[!side] = down;
    *link = up;
    tree_update(down);
    tree_update(up);
}

/* Repairs the subtree at @link, whose own subtrees are sound and differ by at most two in height. */
static inline void tree_repair(struct tree_node **link)
{
    struct tree_node *node = *link;
    int32_t lean = tree_height(node->child[TREE_AFTER]) - tree_height(node->child[TREE_BEFORE]);

    if (lean >= -1 && lean <= 1) {
        tree_update(node);
        return;
    }
    int side = lean > 0 ? TREE_AFTER : TREE_BEFORE;
    struct tree_node *tall = node->child[side];

    if (tree_height(tall->child[!side]) > tree_height(tall->child[side])) {
        tree_rotate(&node->child[side], !side);
    }
    tree_rotate(link, side);
}

/* Adds @node, which is in no tree. Its key, seq, vruntime and slice stay until removal. */
static inline void tree_insert(struct tree_node **root, struct tree_node *node)
{
    struct tree_node **path[TREE_MAX_HEIGHT], **link = root;
    int depth = 0;

    while (*link != NULL) {
        path[depth++] = link;
        link = &(*link)->child[tree_comes_after(node, *link)];
    }
    *link = node;
    node->child[TREE_BEFORE] = NULL;
    node->child[TREE_AFTER] = NULL;
    tree_update(node);
    while (depth > 0) {
        tree_repair(path[--depth]);
    }
}

/* Removes @node, which is in this tree; its height is 0 then. */
static inline void tree_remove(struct tree_node **root, struct tree_node *node)
{
    struct tree_node **path[TREE_MAX_HEIGHT], **link = root;
    int depth = 0;

    while (*link != node) {
        if (*link == NULL) {
            __builtin_unreachable(); /* it is in this tree */
        }
        path[depth++] = link;
        link = &(*link)->child[tree_comes_after(node, *link)];
    }
    if (node->child[TREE_BEFORE] == NULL || node->child[TREE_AFTER] == NULL) {
        *link = node->child[node->child[TREE_BEFORE] == NULL];
    } else {
        /* The next one in order takes its place. */
        struct tree_node **hole = link;
        int at = depth;

        path[depth++] = link;
        link = &node->child[TREE_AFTER];
        while ((*link)->child[TREE_BEFORE] != NULL) {
            path[depth++] = link;
            link = &(*link)->child[TREE_BEFORE];
        }
        struct tree_node *next = *link;

        *link = next->child[TREE_AFTER];
        next->child[TREE_BEFORE] = node->child[TREE_BEFORE];
        next->child[TREE_AFTER] = node->child[TREE_AFTER];
        *hole = next;
        if (depth > at + 1) {
            path[at + 1] = &next->child[TREE_AFTER]; /* was a link inside @node */
        }
    }
    node->height = 0;
    while (depth > 0) {
        tree_repair(path[--depth]);
    }
}

/* The first node in order of (key, seq) whose vruntime is at most @limit, or NULL. */
static inline struct tree_node *tree_pick(struct tree_node *root, int64_t limit)
{
    struct tree_node *node = root;

    while (node != NULL) {
        struct tree_node *before = node->child[TREE_BEFORE];

        if (before != NULL && before->min_vruntime <= limit) {
            node = before; /* the answer is below it */
        } else if (node->vruntime <= limit) {
            return node;
        } else {
            node = node->child[TREE_AFTER];
        }
    }
    return NULL;
}

/* The first node in order, or NULL. */
static inline struct tree_node *tree_first(struct tree_node *root)
{
    while (root != NULL && root->child[TREE_BEFORE] != NULL) {
        root = root->child[TREE_BEFORE];
    }
    return root;
}

/* The first node in order that comes after @node, or NULL. */
static inline struct tree_node *tree_next(struct tree_node *root, const struct tree_node *node)
{
    struct tree_node *best = NULL;

    while (root != NULL) {
        if (root != node && tree_comes_after(root, node)) {
            best = root;
            root = root->child[TREE_BEFORE];
        } else {
            root = root->child[TREE_AFTER];
        }
    }
    return best;
}

static inline bool tree_contains(const struct tree_node *node)
{
    return node->height > 0;
}

#endif
