/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hwloc's XML cannot say of a machine, in words. */
#include "base/bitmap.h"
#include "format/machine/hwloc-tree.h"

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

static void note_nodes(const struct tree *tree, GPtrArray *notes)
{
    const struct machine *m = tree->m;
    bool far = false;

    for (int32_t node = 0; node < m->nr_nodes; node++) {
        const uint64_t *cpus = machine_node_cpus(m, node);
        const struct tree_object *home = tree_at(tree, tree->node_object[node]);

        if (!bitmap_empty(cpus, (uint32_t)m->nr_cpus) &&
            !bitmap_equal(cpus, home->cpus, (uint32_t)m->nr_cpus)) {
            say(notes,
                "node %d's CPUs cross another object or are offline: written as near to more, and "
                "in an attribute that numasim reads",
                m->nodes[node].os_id);
        }
        far = far || bitmap_empty(cpus, (uint32_t)m->nr_cpus);
    }
    if (far) {
        say(notes, "that nodes have no CPUs stands in an attribute that numasim reads: for others "
                   "they have those near them");
    }
}

/* Some bandwidth is no whole number of MiB/s. */
static bool rounds(const struct machine *m)
{
    const int64_t mib = 1 << 20;
    bool any = false;

    for (int32_t i = 0; m->bandwidth_bytes_per_s != NULL && i < m->nr_nodes * m->nr_nodes; i++) {
        any = any || m->bandwidth_bytes_per_s[i] % mib != 0;
    }
    for (int32_t node = 0; node < m->nr_nodes; node++) {
        any = any || m->nodes[node].read_bandwidth_bytes_per_s % mib != 0 ||
              m->nodes[node].write_bandwidth_bytes_per_s % mib != 0;
    }
    return any;
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
    if (rounds(m)) {
        say(notes, "hwloc has bandwidths in MiB/s: rounded");
    }
    if (m->nr_links > 0) {
        say(notes, "hwloc has no links between nodes");
    }
    if (m->hybrid || priorities(m)) {
        say(notes, "of CPUs' priorities hwloc knows only how a hybrid's kinds rank");
    }
}
