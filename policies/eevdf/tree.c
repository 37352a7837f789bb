/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree.c - an AVL tree without parent links: a change walks down, noting the links that it passed,
 * and repairs heights and minima on the way back up.
 *
 * Balance is by height alone and the key is total, so the shape, like everything else here, is a
 * function of the sequence of operations and of no address.
 */
#include "tree.h"

#include <stddef.h>

/* An AVL tree of this height holds more than 10^12 nodes. */
#define MAX_HEIGHT 60

enum { BEFORE, AFTER };

static int32_t height(const struct eevdf_node *node)
{
    return node != NULL ? node->height : 0;
}

static int comes_after(const struct eevdf_node *a, const struct eevdf_node *b)
{
    return a->deadline != b->deadline ? a->deadline > b->deadline : a->seq > b->seq;
}

/* Recomputes what @node knows of its subtree. */
static void update(struct eevdf_node *node)
{
    int32_t tallest = 0;
    int64_t vruntime = node->vruntime, slice = node->slice_ns;

    for (int side = BEFORE; side <= AFTER; side++) {
        const struct eevdf_node *child = node->child[side];

        if (child != NULL) {
            tallest = child->height > tallest ? child->height : tallest;
            vruntime = child->min_vruntime < vruntime ? child->min_vruntime : vruntime;
            slice = child->min_slice_ns < slice ? child->min_slice_ns : slice;
        }
    }
    node->height = tallest + 1;
    node->min_vruntime = vruntime;
    node->min_slice_ns = slice;
}

/* Lifts the child on @side to where its parent stands. */
static void rotate(struct eevdf_node **link, int side)
{
    struct eevdf_node *down = *link, *up = down->child[side];

    down->child[side] = up->child[!side];
    up->child[!side] = down;
    *link = up;
    update(down);
    update(up);
}

/* Repairs the subtree at @link, whose own subtrees are sound and differ by at most two in height. */
static void repair(struct eevdf_node **link)
{
    struct eevdf_node *node = *link;
    int32_t lean = height(node->child[AFTER]) - height(node->child[BEFORE]);

    if (lean >= -1 && lean <= 1) {
        update(node);
        return;
    }
    int side = lean > 0 ? AFTER : BEFORE;
    struct eevdf_node *tall = node->child[side];

    if (height(tall->child[!side]) > height(tall->child[side])) {
        rotate(&node->child[side], !side);
    }
    rotate(link, side);
}

void eevdf_tree_insert(struct eevdf_node **root, struct eevdf_node *node)
{
    struct eevdf_node **path[MAX_HEIGHT], **link = root;
    int depth = 0;

    while (*link != NULL) {
        path[depth++] = link;
        link = &(*link)->child[comes_after(node, *link)];
    }
    *link = node;
    node->child[BEFORE] = NULL;
    node->child[AFTER] = NULL;
    update(node);
    while (depth > 0) {
        repair(path[--depth]);
    }
}

void eevdf_tree_remove(struct eevdf_node **root, struct eevdf_node *node)
{
    struct eevdf_node **path[MAX_HEIGHT], **link = root;
    int depth = 0;

    while (*link != node) {
        path[depth++] = link;
        link = &(*link)->child[comes_after(node, *link)];
    }
    if (node->child[BEFORE] == NULL || node->child[AFTER] == NULL) {
        *link = node->child[node->child[BEFORE] == NULL];
    } else {
        /* The next one in order takes its place. */
        struct eevdf_node **hole = link;
        int at = depth;

        path[depth++] = link;
        link = &node->child[AFTER];
        while ((*link)->child[BEFORE] != NULL) {
            path[depth++] = link;
            link = &(*link)->child[BEFORE];
        }
        struct eevdf_node *next = *link;

        *link = next->child[AFTER];
        next->child[BEFORE] = node->child[BEFORE];
        next->child[AFTER] = node->child[AFTER];
        *hole = next;
        if (depth > at + 1) {
            path[at + 1] = &next->child[AFTER]; /* was a link inside @node */
        }
    }
    node->height = 0;
    while (depth > 0) {
        repair(path[--depth]);
    }
}

struct eevdf_node *eevdf_tree_pick(struct eevdf_node *root, int64_t limit)
{
    struct eevdf_node *node = root;

    while (node != NULL) {
        struct eevdf_node *before = node->child[BEFORE];

        if (before != NULL && before->min_vruntime <= limit) {
            node = before; /* the answer is below it */
        } else if (node->vruntime <= limit) {
            return node;
        } else {
            node = node->child[AFTER];
        }
    }
    return NULL;
}
