/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bitmap.h"
#include "base/units.h"
#include "machine/cpulist.h"
#include "machine/dot.h"

/* With more cores than this, an LLC names its CPUs instead of holding a box for each core. */
enum { MAX_CORE_BOXES = 64 };

static void append_label(GString *out, const char *text)
{
    g_string_append(out, "label=");
    dot_append_quoted(out, text);
}

/* The nodes on which LLC @llc has CPUs are one. */
static bool in_one_node(const struct machine *m, int32_t llc)
{
    const uint64_t *cpus = machine_llc_cpus(m, llc);
    const uint32_t first = bitmap_next(cpus, (uint32_t)m->nr_cpus, 0);

    return bitmap_subset(cpus, machine_node_cpus(m, m->cpus[first].node), (uint32_t)m->nr_cpus);
}

static int32_t first_cpu(const struct machine *m, const uint64_t *cpus)
{
    return (int32_t)bitmap_next(cpus, (uint32_t)m->nr_cpus, 0);
}

/* "LLC 3, 32MiB", with its CPUs where @with_cpus, and its nodes where they are several. */
static char *llc_label(const struct machine *m, int32_t llc, bool with_cpus)
{
    const uint64_t *set = machine_llc_cpus(m, llc);
    GString *text = g_string_new(NULL);

    g_string_printf(text, "LLC %d", llc);
    if (m->llcs[llc].size_bytes > 0) {
        g_autofree char *size = units_format_human(m->llcs[llc].size_bytes, UNIT_BYTES);

        g_string_append_printf(text, ", %s", size);
    }
    if (with_cpus) {
        g_autofree char *cpus = machine_cpulist(m, set);

        g_string_append_printf(text, "\nCPUs %s", cpus);
    }
    if (!in_one_node(m, llc)) {
        g_string_append(text, "\nof nodes");
        for (int32_t node = 0; node < m->nr_nodes; node++) {
            if (bitmap_intersects(set, machine_node_cpus(m, node), (uint32_t)m->nr_cpus)) {
                g_string_append_printf(text, " %d", m->nodes[node].os_id);
            }
        }
    }
    return g_string_free(text, FALSE);
}

static void append_cores(GString *out, const struct machine *m, int32_t llc)
{
    for (int32_t core = 0; core < m->nr_cores; core++) {
        const uint64_t *cpus = machine_core_cpus(m, core);
        g_autofree char *list = NULL, *label = NULL;

        if (m->cpus[first_cpu(m, cpus)].llc != llc) {
            continue;
        }
        list = machine_cpulist(m, cpus);
        label = g_strdup_printf("core %d\nCPU %s", core, list);
        g_string_append_printf(out, "    c%d [", core);
        append_label(out, label);
        g_string_append(out, "];\n");
    }
}

/* An LLC inside the box of its node or, where it has several nodes, of its package. */
static void append_llc(GString *out, const struct machine *m, int32_t llc)
{
    const bool few = m->nr_cores <= MAX_CORE_BOXES;
    g_autofree char *label = llc_label(m, llc, !few);

    if (few) {
        g_string_append_printf(out, "    subgraph cluster_llc%d {\n    ", llc);
        append_label(out, label);
        g_string_append(out, "; style=filled; fillcolor=lightyellow;\n");
        append_cores(out, m, llc);
        g_string_append(out, "    }\n");
    } else {
        g_string_append_printf(out, "    l%d [", llc);
        append_label(out, label);
        g_string_append(out, ", style=filled, fillcolor=lightyellow];\n");
    }
}

static void append_node(GString *out, const struct machine *m, int32_t node)
{
    const struct machine_node *n = &m->nodes[node];
    g_autofree char *size =
        n->memory_bytes > 0 ? units_format_human(n->memory_bytes, UNIT_BYTES) : g_strdup("none");
    g_autofree char *label =
        g_strdup_printf("node %d\n%s %s", n->os_id, machine_tier_name(n->tier), size);

    g_string_append_printf(out, "  subgraph cluster_node%d {\n    label=\"\"; style=rounded;\n",
                           node);
    g_string_append_printf(out, "    n%d [", node);
    append_label(out, label);
    g_string_append(out, ", style=filled, fillcolor=lightblue];\n");
    for (int32_t llc = 0; llc < m->nr_llcs; llc++) {
        if (m->cpus[first_cpu(m, machine_llc_cpus(m, llc))].node == node && in_one_node(m, llc)) {
            append_llc(out, m, llc);
        }
    }
    g_string_append(out, "  }\n");
}

static void append_nodes_of(GString *out, const struct machine *m, int32_t package)
{
    for (int32_t node = 0; node < m->nr_nodes; node++) {
        if (m->nodes[node].package == package) {
            append_node(out, m, node);
        }
    }
}

static void append_package(GString *out, const struct machine *m, int32_t package)
{
    g_autofree char *label = g_strdup_printf("package %d", package);

    g_string_append_printf(out, "  subgraph cluster_package%d {\n    ", package);
    append_label(out, label);
    g_string_append(out, ";\n");
    for (int32_t llc = 0; llc < m->nr_llcs; llc++) {
        if (m->cpus[first_cpu(m, machine_llc_cpus(m, llc))].package == package &&
            !in_one_node(m, llc)) {
            append_llc(out, m, llc);
        }
    }
    append_nodes_of(out, m, package);
    g_string_append(out, "  }\n");
}

/* ------------------------------------------------------------------------------------------- */
/* Distances                                                                                    */

static bool symmetric(const struct machine *m, int32_t a, int32_t b)
{
    return machine_distance(m, a, b) == machine_distance(m, b, a);
}

/* The distance from @a to @b is that of a way over a third node that is nearer to both. */
static bool goes_over_another(const struct machine *m, int32_t a, int32_t b)
{
    const int32_t distance = machine_distance(m, a, b);

    for (int32_t over = 0; over < m->nr_nodes; over++) {
        if (over != a && over != b && machine_distance(m, a, over) < distance &&
            machine_distance(m, over, b) < distance) {
            return true;
        }
    }
    return false;
}

/* The distance between all nodes of packages @p and @q, both ways; 0 where it differs or where one
 * of them has a single node. */
static int32_t common_distance(const struct machine *m, int32_t p, int32_t q)
{
    int32_t common = 0, pairs = 0;

    for (int32_t a = 0; a < m->nr_nodes; a++) {
        for (int32_t b = 0; b < m->nr_nodes; b++) {
            if (m->nodes[a].package != p || m->nodes[b].package != q) {
                continue;
            }
            common = pairs++ == 0 ? machine_distance(m, a, b) : common;
            if (machine_distance(m, a, b) != common || !symmetric(m, a, b)) {
                return 0;
            }
        }
    }
    return pairs > 1 ? common : 0;
}

static void append_edge(GString *out, int32_t from, int32_t to, int32_t distance, bool both)
{
    g_string_append_printf(out, "  n%d -> n%d [label=\"%d\"%s];\n", from, to, distance,
                           both ? ", dir=none" : "");
}

/* The first node of @package, or -1. */
static int32_t first_node(const struct machine *m, int32_t package)
{
    for (int32_t node = 0; node < m->nr_nodes; node++) {
        if (m->nodes[node].package == package) {
            return node;
        }
    }
    return -1;
}

/* Edges between whole packages; *@joined [nr_packages][nr_packages] says which pairs have one. */
static void join_packages(GString *out, const struct machine *m, bool *joined)
{
    for (int32_t p = 0; p < m->nr_packages; p++) {
        for (int32_t q = p + 1; q < m->nr_packages; q++) {
            const int32_t distance = common_distance(m, p, q);

            if (distance > 0) {
                joined[p * m->nr_packages + q] = true;
                g_string_append_printf(out,
                                       "  n%d -> n%d [label=\"%d\", dir=none, "
                                       "ltail=cluster_package%d, lhead=cluster_package%d];\n",
                                       first_node(m, p), first_node(m, q), distance, p, q);
            }
        }
    }
}

static void append_distances(GString *out, const struct machine *m)
{
    g_autofree bool *joined = g_new0(bool, (gsize)m->nr_packages *(gsize)m->nr_packages);

    join_packages(out, m, joined);
    for (int32_t a = 0; a < m->nr_nodes; a++) {
        for (int32_t b = a + 1; b < m->nr_nodes; b++) {
            const int32_t p = MIN(m->nodes[a].package, m->nodes[b].package);
            const int32_t q = MAX(m->nodes[a].package, m->nodes[b].package);
            const bool both = symmetric(m, a, b);

            if (p >= 0 && p != q && joined[p * m->nr_packages + q]) {
                continue;
            }
            if (!goes_over_another(m, a, b)) {
                append_edge(out, a, b, machine_distance(m, a, b), both);
            }
            if (!both && !goes_over_another(m, b, a)) {
                append_edge(out, b, a, machine_distance(m, b, a), false);
            }
        }
    }
}

char *machine_to_dot(const struct machine *m)
{
    GString *out = g_string_new("digraph machine {\n  ");

    append_label(out, m->name != NULL ? m->name : "machine");
    g_string_append(out, ";\n  labelloc=t;\n  compound=true;\n  node [shape=box, "
                         "fontname=\"monospace\", fontsize=10];\n");
    for (int32_t package = 0; package < m->nr_packages; package++) {
        append_package(out, m, package);
    }
    append_nodes_of(out, m, -1);
    append_distances(out, m);
    g_string_append(out, "}\n");
    return g_string_free(out, FALSE);
}
