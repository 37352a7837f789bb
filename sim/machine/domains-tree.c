/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/domains-tree.h"

#include "base/bitmap.h"

static void node_free(gpointer data)
{
    struct domain_node *node = data;

    g_ptr_array_unref(node->children);
    g_free(node->members);
    g_free(node->alone);
    g_free(node);
}

const struct sched_domain *domain_node_of(const struct sched_domains *sds,
                                          const struct domain_node *node, uint32_t cpu)
{
    return &sds->domains[cpu][sds->nr_domains[cpu] - 1 - node->depth];
}

/* The node of @nodes that @sd belongs to, newly added where there is none. */
static struct domain_node *find_or_add(GPtrArray *nodes, const struct sched_domain *sd,
                                       uint32_t nr_cpus, uint32_t depth)
{
    struct domain_node *node;

    /* Equal spans are one array: see domains-internal.h. */
    for (guint i = nodes->len; i > 0; i--) {
        node = g_ptr_array_index(nodes, i - 1);
        if (node->domain->span == sd->span && node->domain->tl_level == sd->tl_level) {
            return node;
        }
    }
    node = g_new0(struct domain_node, 1);
    node->domain = sd;
    node->depth = depth;
    node->members = bitmap_new(nr_cpus);
    node->alone = bitmap_new(nr_cpus);
    g_ptr_array_add(nodes, node);
    return node;
}

/* The nodes at @depth of the CPUs in @members; those without a domain there go to @ret_alone. */
static GPtrArray *split(const struct sched_domains *sds, const uint64_t *members, uint32_t depth,
                        uint64_t *ret_alone)
{
    const uint32_t n = (uint32_t)sds->nr_cpus;
    GPtrArray *nodes = g_ptr_array_new_with_free_func(node_free);

    for (uint32_t cpu = bitmap_next(members, n, 0); cpu < n;
         cpu = bitmap_next(members, n, cpu + 1)) {
        if (sds->nr_domains[cpu] <= depth) {
            bitmap_set(ret_alone, cpu);
        } else {
            const struct sched_domain *sd = &sds->domains[cpu][sds->nr_domains[cpu] - 1 - depth];

            bitmap_set(find_or_add(nodes, sd, n, depth)->members, cpu);
        }
    }
    for (guint i = 0; i < nodes->len; i++) {
        struct domain_node *node = g_ptr_array_index(nodes, i);

        node->nr_members = bitmap_weight(node->members, n);
        node->exact = bitmap_equal(node->members, node->domain->span, n);
        node->children = split(sds, node->members, depth + 1, node->alone);
    }
    return nodes;
}

GPtrArray *domain_trees_new(const struct sched_domains *sds)
{
    const uint32_t n = (uint32_t)sds->nr_cpus;
    g_autofree uint64_t *all = bitmap_new(n), *without = bitmap_new(n);

    bitmap_fill(all, n);
    return split(sds, all, 0, without);
}

static bool alike(const struct domain_node *a, const struct domain_node *b)
{
    const struct sched_domain *one = a->domain, *two = b->domain;

    if (one->tl_level != two->tl_level || one->flags != two->flags ||
        one->span_weight != two->span_weight || one->nr_groups != two->nr_groups ||
        one->imbalance_pct != two->imbalance_pct || one->min_interval != two->min_interval ||
        one->imb_numa_nr != two->imb_numa_nr || a->nr_members != b->nr_members ||
        a->exact != b->exact || a->children->len != b->children->len) {
        return false;
    }
    for (guint i = 0; i < a->children->len; i++) {
        if (!alike(g_ptr_array_index(a->children, i), g_ptr_array_index(b->children, i))) {
            return false;
        }
    }
    return true;
}

guint domain_nodes_alike(const GPtrArray *nodes, guint first)
{
    guint end = first + 1;

    while (end < nodes->len &&
           alike(g_ptr_array_index(nodes, first), g_ptr_array_index(nodes, end))) {
        end++;
    }
    return end - first;
}
