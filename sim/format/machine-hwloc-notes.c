/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hwloc's XML cannot say of a machine, in words. */
#include "base/bitmap.h"
#include "format/machine-hwloc-tree.h"

enum { MEGA = 1000000 };

G_GNUC_PRINTF(2, 3)
static void say(GPtrArray *notes, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(notes, g_strdup_vprintf(format, args));
    va_end(args);
}

static bool priorities(const struct machine *m)
{
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        if (m->cpus[cpu].priority != 0) {
            return true;
        }
    }
    return false;
}

/* A CPU-less node of plain memory that seems to own the CPUs which are of another tier's node. */
static bool ambiguous(const struct tree *tree, int32_t node)
{
    const struct machine *m = tree->m;
    const uint32_t count = (uint32_t)m->nr_cpus;
    const uint64_t *at = tree_at(tree, tree->node_object[node])->cpus;

    for (int32_t other = 0; other < m->nr_nodes; other++) {
        const uint64_t *cpus = machine_node_cpus(m, other);

        if (!bitmap_empty(cpus, count) && bitmap_intersects(cpus, at, count) &&
            (m->nodes[other].tier != TIER_DRAM ||
             (bitmap_equal(cpus, at, count) && m->nodes[other].os_id > m->nodes[node].os_id))) {
            return true;
        }
    }
    return false;
}

static void note_nodes(const struct tree *tree, GPtrArray *notes)
{
    const struct machine *m = tree->m;

    for (int32_t node = 0; node < m->nr_nodes; node++) {
        const uint64_t *cpus = machine_node_cpus(m, node);
        const struct tree_object *home = tree_at(tree, tree->node_object[node]);

        if (bitmap_empty(cpus, (uint32_t)m->nr_cpus)) {
            if (m->nodes[node].tier == TIER_DRAM && ambiguous(tree, node)) {
                say(notes, "hwloc cannot say that node %d has no CPUs: it has those near it",
                    m->nodes[node].os_id);
            }
        } else if (!bitmap_equal(cpus, home->cpus, (uint32_t)m->nr_cpus)) {
            say(notes,
                "node %d's CPUs cross another object or are offline: written as near to more",
                m->nodes[node].os_id);
        }
    }
}

void tree_note_losses(const struct tree *tree, GPtrArray *notes)
{
    static const char *const names[NR_TREE_KINDS] = {"machines",    "packages", "dies", "LLCs",
                                                     "clusters",    "L2s",      "L1s",  "cores",
                                                     "node's CPUs", "CPUs"};
    const struct machine *m = tree->m;

    for (int kind = 0; kind < NR_TREE_KINDS; kind++) {
        if (kind != TREE_NODE_GROUP && tree->nr_crossing[kind] > 0) {
            say(notes, "%d %s cross other objects, which hwloc's tree cannot hold: left out",
                tree->nr_crossing[kind], names[kind]);
        }
    }
    note_nodes(tree, notes);
    say(notes, "hwloc has no word for the kernel's HZ and reclaim distance, nor for costs, sources "
               "and a description");
    if (!bitmap_empty(m->offline, (uint32_t)m->nr_cpus)) {
        say(notes, "of offline CPUs hwloc keeps only what they share with CPUs that are online");
    }
    if (!bitmap_empty(m->isolated, (uint32_t)m->nr_cpus)) {
        say(notes, "hwloc does not know isolated CPUs");
    }
    if (m->nr_frequencies > 0 || m->core_hz % MEGA != 0) {
        say(notes, "hwloc has the base frequency in MHz, and no table by active cores");
    }
    if (m->nr_links > 0) {
        say(notes, "hwloc has no links between nodes");
    }
    if (m->hybrid || priorities(m)) {
        say(notes, "of CPUs' priorities hwloc knows only how a hybrid's kinds rank");
    }
}
