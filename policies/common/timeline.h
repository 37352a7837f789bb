/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timeline.h - the waiting entities of one queue in order of (key, seq), for queue policies that pick
 * the first of those that are eligible.
 *
 * Few entities stand in an array, in order, with what is compared beside them: a new one, whose key is
 * mostly the largest and whose seq always is, goes near the end; the first eligible one is near the
 * front; and nothing but the queue's own memory is read. An AVL tree, whose nodes are as far apart as
 * their tasks, costs a cache miss for each that is passed. More than TIMELINE_FEW are in such a tree
 * (tree.h), and those that stay of them in the array again: which of the two it is changes no answer.
 */
#ifndef NUMASIM_POLICIES_TIMELINE_H
#define NUMASIM_POLICIES_TIMELINE_H

#include "tree.h"

/* The array again at so few that one more or less does not rebuild the tree each time. */
enum { TIMELINE_FEW = 16, TIMELINE_FEW_AGAIN = 8 };

struct timeline_place {
    int64_t key, vruntime; /* the node's */
    struct tree_node *node;
    struct numasim_entity *se; /* the node's */
};

struct timeline {
    uint32_t nr, nr_placed;          /* nodes; of those, in the array: all or none */
    struct tree_node *root;          /* while none is */
    int64_t shortest_ns, longest_ns; /* of their slices; while the array holds them, and nr > 0 */
    struct timeline_place place[TIMELINE_FEW];
};

static inline struct timeline_place timeline_place_of(struct tree_node *node)
{
    return (struct timeline_place){node->key, node->vruntime, node, node->se};
}

static inline void timeline_place_at(struct timeline *line, uint32_t at, struct tree_node *node)
{
    line->place[at] = timeline_place_of(node);
    node->height = 1;
    if (line->nr_placed++ == 0) {
        line->shortest_ns = line->longest_ns = node->slice_ns;
    } else if (node->slice_ns < line->shortest_ns) {
        line->shortest_ns = node->slice_ns;
    } else if (node->slice_ns > line->longest_ns) {
        line->longest_ns = node->slice_ns;
    }
}

/* From the tree, which has no more than fit, to the array: in order, so that each goes to the end. */
static inline void timeline_flatten(struct timeline *line, struct tree_node *node)
{
    if (node != NULL) {
        struct tree_node *after = node->child[TREE_AFTER];

        timeline_flatten(line, node->child[TREE_BEFORE]);
        timeline_place_at(line, line->nr_placed, node);
        timeline_flatten(line, after);
    }
}

/* Adds @node, which is in none. Its key, seq (larger than any before), vruntime, slice and se stay until
 * removal. */
static inline void timeline_insert(struct timeline *line, struct tree_node *node)
{
    uint32_t at = line->nr_placed;

    if (line->nr++ != at || at == TIMELINE_FEW) {
        for (uint32_t i = 0; i < at; i++) {
            tree_insert(&line->root, line->place[i].node);
        }
        line->nr_placed = 0;
        tree_insert(&line->root, node);
        return;
    }
    for (; at > 0 && line->place[at - 1].key > node->key; at--) {
        line->place[at] = line->place[at - 1];
    }
    timeline_place_at(line, at, node);
}

/* The extremes without @node, which was just removed and had one of them. */
static inline void timeline_slices(struct timeline *line)
{
    for (uint32_t i = 0; i < line->nr; i++) {
        int64_t slice_ns = line->place[i].node->slice_ns;

        line->shortest_ns = i == 0 || slice_ns < line->shortest_ns ? slice_ns : line->shortest_ns;
        line->longest_ns = i == 0 || slice_ns > line->longest_ns ? slice_ns : line->longest_ns;
    }
}

/* Removes @node, which is in it. */
static inline void timeline_remove(struct timeline *line, struct tree_node *node)
{
    line->nr--;
    if (line->nr_placed == 0) {
        tree_remove(&line->root, node);
        if (line->nr == TIMELINE_FEW_AGAIN) {
            timeline_flatten(line, line->root);
            line->root = NULL;
        }
        return;
    }
    uint32_t at = 0;

    while (line->place[at].node != node) {
        at++;
    }
    for (line->nr_placed--; at < line->nr_placed; at++) {
        line->place[at] = line->place[at + 1];
    }
    node->height = 0;
    if (line->shortest_ns != line->longest_ns &&
        (node->slice_ns == line->shortest_ns || node->slice_ns == line->longest_ns)) {
        timeline_slices(line);
    }
}

/* The first in order whose vruntime is at most @limit; its node is NULL where there is none. */
static inline struct timeline_place timeline_pick(const struct timeline *line, int64_t limit)
{
    for (uint32_t i = 0; i < line->nr_placed; i++) {
        if (line->place[i].vruntime <= limit) {
            return line->place[i];
        }
    }
    struct tree_node *node = tree_pick(line->root, limit);

    return node != NULL ? timeline_place_of(node) : (struct timeline_place){0};
}

/* Whose the first node in order is, or NULL. */
static inline struct numasim_entity *timeline_first(const struct timeline *line)
{
    if (line->nr_placed > 0) {
        return line->place[0].se;
    }
    const struct tree_node *node = tree_first(line->root);

    return node != NULL ? node->se : NULL;
}

/* What is likely to be picked next can come from memory meanwhile: only time depends on it. */
static inline void timeline_prefetch(const struct timeline *line)
{
    if (line->nr_placed > 0) {
        __builtin_prefetch(line->place[0].se);
        __builtin_prefetch(line->place[0].node);
        __builtin_prefetch((const char *)line->place[0].node + 64);
    }
}

/* The shortest and the longest slice; of none INT64_MAX and INT64_MIN. */
static inline int64_t timeline_shortest_ns(const struct timeline *line)
{
    if (line->nr_placed > 0) {
        return line->shortest_ns;
    }
    return line->root != NULL ? line->root->min_slice_ns : INT64_MAX;
}

static inline int64_t timeline_longest_ns(const struct timeline *line)
{
    if (line->nr_placed > 0) {
        return line->longest_ns;
    }
    return line->root != NULL ? line->root->max_slice_ns : INT64_MIN;
}

static inline bool timeline_contains(const struct tree_node *node)
{
    return tree_contains(node);
}

#endif
