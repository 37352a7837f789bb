/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/machine/hwloc-tree.h"

#include <string.h>

#include "base/bitmap.h"

static uint32_t nr_cpus(const struct tree *tree)
{
    return (uint32_t)tree->m->nr_cpus;
}

static void add_object(struct tree *tree, enum tree_kind kind, int32_t index, uint64_t *cpus)
{
    const struct tree_object object = {
        .kind = kind,
        .index = index,
        .weight = (int32_t)bitmap_weight(cpus, nr_cpus(tree)),
        .first = (int32_t)bitmap_next(cpus, nr_cpus(tree), 0),
        .cpus = cpus,
        .parent = -1,
        .child = -1,
        .sibling = -1,
    };

    g_array_append_val(tree->objects, object);
}

/* The index of @cpu's object of @kind. */
static int32_t index_of(const struct machine_cpu *cpu, enum tree_kind kind)
{
    switch (kind) {
    case TREE_PACKAGE:
        return cpu->package;
    case TREE_DIE:
        return cpu->die;
    case TREE_NODE_GROUP:
        return cpu->node;
    case TREE_LLC:
        return cpu->llc;
    case TREE_CLUSTER:
        return cpu->cluster;
    case TREE_L2:
        return cpu->l2;
    default:
        return cpu->core;
    }
}

static bool same_cpus(const struct tree *tree, enum tree_kind a, int32_t a_index, enum tree_kind b,
                      int32_t b_index)
{
    for (int32_t cpu = 0; cpu < tree->m->nr_cpus; cpu++) {
        const struct machine_cpu *c = &tree->m->cpus[cpu];

        if ((index_of(c, a) == a_index) != (index_of(c, b) == b_index)) {
            return false;
        }
    }
    return true;
}

/* Would reading say the same without it? Then a picture is clearer without it. */
static bool needless(const struct tree *tree, enum tree_kind kind, int32_t index, int32_t first)
{
    const struct machine *m = tree->m;
    const struct machine_cpu *cpu = &m->cpus[first];

    switch (kind) {
    case TREE_DIE:
        return same_cpus(tree, TREE_DIE, index, TREE_PACKAGE, cpu->package);
    case TREE_CLUSTER:
        return same_cpus(tree, TREE_CLUSTER, index, TREE_CORE, cpu->core);
    case TREE_LLC: /* where there is no L3, the LLC is the L2 */
        return m->llcs[index].size_bytes == m->l2_bytes[cpu->l2] &&
               same_cpus(tree, TREE_LLC, index, TREE_L2, cpu->l2);
    case TREE_L2:
        return m->l2_bytes[index] == 0 && same_cpus(tree, TREE_L2, index, TREE_CORE, cpu->core);
    case TREE_L1:
        return m->l1d_bytes[index] == 0;
    default:
        return false;
    }
}

static void add_kind(struct tree *tree, enum tree_kind kind, int32_t count)
{
    g_autofree uint64_t **sets = g_new0(uint64_t *, (gsize)count);

    for (int32_t cpu = 0; cpu < tree->m->nr_cpus; cpu++) {
        const int32_t index = index_of(&tree->m->cpus[cpu], kind);

        if (sets[index] == NULL) {
            sets[index] = bitmap_new(nr_cpus(tree));
        }
        bitmap_set(sets[index], (uint32_t)cpu);
    }
    for (int32_t index = 0; index < count; index++) {
        if (sets[index] == NULL) {
            continue;
        }
        if (needless(tree, kind, index, (int32_t)bitmap_next(sets[index], nr_cpus(tree), 0))) {
            g_free(sets[index]);
        } else {
            add_object(tree, kind, index, sets[index]);
        }
    }
}

static void add_objects(struct tree *tree)
{
    const struct machine *m = tree->m;
    uint64_t *all = bitmap_new(nr_cpus(tree));

    bitmap_fill(all, nr_cpus(tree));
    add_object(tree, TREE_MACHINE, 0, all);
    add_kind(tree, TREE_PACKAGE, m->nr_packages);
    add_kind(tree, TREE_DIE, m->nr_dies);
    add_kind(tree, TREE_NODE_GROUP, m->nr_nodes);
    add_kind(tree, TREE_LLC, m->nr_llcs);
    add_kind(tree, TREE_CLUSTER, m->nr_clusters);
    add_kind(tree, TREE_L2, m->nr_l2s);
    add_kind(tree, TREE_L1, m->nr_cores);
    add_kind(tree, TREE_CORE, m->nr_cores);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        uint64_t *set = bitmap_new(nr_cpus(tree));

        bitmap_set(set, (uint32_t)cpu);
        add_object(tree, TREE_PU, cpu, set);
    }
}

/* Large before small, outer before inner, in the order of CPUs. */
static gint compare_objects(gconstpointer pa, gconstpointer pb)
{
    const struct tree_object *a = pa, *b = pb;

    if (a->weight != b->weight) {
        return a->weight > b->weight ? -1 : 1;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return a->first < b->first ? -1 : a->first > b->first;
}

/*
 * Objects come large before small, so the one around a new object is the innermost around its first
 * CPU, if it is that of all its CPUs. If not, the new object crosses another: that is no tree.
 */
static void nest(struct tree *tree)
{
    g_autofree int32_t *innermost = g_new0(int32_t, (gsize)tree->m->nr_cpus);

    for (int32_t i = 1; i < (int32_t)tree->objects->len; i++) {
        struct tree_object *object = tree_at(tree, i);
        const int32_t parent = innermost[object->first];
        const struct tree_object *around = tree_at(tree, parent);

        for (uint32_t cpu = (uint32_t)object->first; cpu < nr_cpus(tree);
             cpu = bitmap_next(object->cpus, nr_cpus(tree), cpu + 1)) {
            object->left_out = object->left_out || innermost[cpu] != parent;
        }
        tree->nr_crossing[object->kind] += object->left_out;
        /* A node's CPUs that another object holds together need no object of their own. */
        object->left_out = object->left_out ||
                           (object->kind == TREE_NODE_GROUP && around->weight == object->weight);
        if (object->left_out) {
            continue;
        }
        object->parent = parent;
        for (uint32_t cpu = (uint32_t)object->first; cpu < nr_cpus(tree);
             cpu = bitmap_next(object->cpus, nr_cpus(tree), cpu + 1)) {
            innermost[cpu] = i;
        }
    }
}

/* Chains children to their parents, the one with the lowest CPU first. */
static void chain(struct tree *tree)
{
    const int32_t count = (int32_t)tree->objects->len;
    g_autofree int32_t *head = g_new(int32_t, nr_cpus(tree)), *next = g_new(int32_t, (gsize)count);

    memset(head, 0xff, nr_cpus(tree) * sizeof(*head));
    for (int32_t i = 1; i < count; i++) {
        if (!tree_at(tree, i)->left_out) {
            next[i] = head[tree_at(tree, i)->first];
            head[tree_at(tree, i)->first] = i;
        }
    }
    for (int32_t cpu = (int32_t)nr_cpus(tree) - 1; cpu >= 0; cpu--) {
        for (int32_t i = head[cpu]; i >= 0; i = next[i]) {
            struct tree_object *object = tree_at(tree, i);
            struct tree_object *parent = tree_at(tree, object->parent);

            object->sibling = parent->child;
            parent->child = i;
        }
    }
}

/* The outermost object with just the CPUs of @node; of one without CPUs, its package. */
static int32_t home_of(const struct tree *tree, int32_t node)
{
    const struct machine *m = tree->m;
    const uint64_t *cpus = machine_node_cpus(m, node);
    const uint32_t first = bitmap_next(cpus, nr_cpus(tree), 0);
    int32_t found = -1;

    for (int32_t i = 0; i < (int32_t)tree->objects->len && found < 0; i++) {
        const struct tree_object *object = tree_at(tree, i);

        if (object->left_out) {
            continue;
        }
        if (first == nr_cpus(tree)) {
            found =
                object->kind == TREE_PACKAGE && object->index == m->nodes[node].package ? i : -1;
        } else if (object->kind < TREE_PU && bitmap_equal(object->cpus, cpus, nr_cpus(tree))) {
            found = i;
        }
    }
    found = MAX(found, 0);
    while (found > 0 && bitmap_subset(tree_at(tree, found)->cpus, m->offline, nr_cpus(tree))) {
        found = tree_at(tree, found)->parent;
    }
    return found;
}

static void attach(struct tree *tree)
{
    const uint32_t nr_nodes = (uint32_t)tree->m->nr_nodes;
    const int32_t count = (int32_t)tree->objects->len;

    for (int32_t i = 0; i < count; i++) {
        tree_at(tree, i)->nodes = bitmap_new(nr_nodes);
    }
    for (int32_t node = 0; node < tree->m->nr_nodes; node++) {
        const int32_t home = home_of(tree, node);
        struct tree_object *object = tree_at(tree, home);

        tree->node_object[node] = home;
        if (object->attached == NULL) {
            object->attached = bitmap_new(nr_nodes);
        }
        bitmap_set(object->attached, (uint32_t)node);
        bitmap_set(object->nodes, (uint32_t)node);
    }
    for (int32_t i = count - 1; i > 0; i--) { /* from within ... */
        const struct tree_object *object = tree_at(tree, i);

        if (!object->left_out) {
            uint64_t *around = tree_at(tree, object->parent)->nodes;

            bitmap_or(around, around, object->nodes, nr_nodes);
        }
    }
    for (int32_t node = 0; node < tree->m->nr_nodes; node++) { /* ... and from around */
        const struct tree_object *home = tree_at(tree, tree->node_object[node]);

        for (int32_t i = tree->node_object[node] + 1; i < count; i++) {
            struct tree_object *object = tree_at(tree, i);

            if (bitmap_test(home->cpus, (uint32_t)object->first)) {
                bitmap_set(object->nodes, (uint32_t)node);
            }
        }
    }
}

struct tree *tree_new(const struct machine *m)
{
    struct tree *tree = g_new0(struct tree, 1);

    tree->m = m;
    tree->objects = g_array_new(FALSE, FALSE, sizeof(struct tree_object));
    tree->node_object = g_new0(int32_t, (gsize)m->nr_nodes);
    add_objects(tree);
    g_array_sort(tree->objects, compare_objects);
    nest(tree);
    chain(tree);
    attach(tree);
    return tree;
}

void tree_free(struct tree *tree)
{
    if (tree == NULL) {
        return;
    }
    for (int32_t i = 0; i < (int32_t)tree->objects->len; i++) {
        struct tree_object *object = tree_at(tree, i);

        g_free(object->cpus);
        g_free(object->attached);
        g_free(object->nodes);
    }
    g_array_unref(tree->objects);
    g_free(tree->node_object);
    g_free(tree);
}
