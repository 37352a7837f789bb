/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine as `numactl --hardware` prints it (numactl.c: hardware(), numactl 2.0.16). */
#include "base/bitmap.h"
#include "format/facts/read.h"
#include "format/machine/write.h"

/* "available: 3 nodes (0-1,4)" */
static void write_available(const struct machine *m, GString *text)
{
    g_autofree uint64_t *set = bitmap_new(FACTS_MAX_NODE_ID);
    g_autofree char *list = NULL;

    for (int32_t node = 0; node < m->nr_nodes; node++) {
        bitmap_set(set, (uint32_t)m->nodes[node].os_id);
    }
    list = bitmap_to_list(set, FACTS_MAX_NODE_ID);
    g_string_append_printf(text, "available: %d nodes (%s)\n", m->nr_nodes, list);
}

/* What the node has counts as free: nothing runs on a description. */
static void write_node(const struct machine *m, int32_t node, GString *text)
{
    const struct machine_node *n = &m->nodes[node];

    g_string_append_printf(text, "node %d cpus:", n->os_id);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        if (m->cpus[cpu].node == node && !bitmap_test(m->offline, (uint32_t)cpu)) {
            g_string_append_printf(text, " %d", m->cpus[cpu].os_id);
        }
    }
    g_string_append_printf(text, "\nnode %d size: %" G_GINT64_FORMAT " MB\n", n->os_id,
                           n->memory_bytes >> 20);
    g_string_append_printf(text, "node %d free: %" G_GINT64_FORMAT " MB\n", n->os_id,
                           n->memory_bytes >> 20);
}

static void write_distances(const struct machine *m, GString *text)
{
    g_string_append(text, "node distances:\nnode ");
    for (int32_t to = 0; to < m->nr_nodes; to++) {
        g_string_append_printf(text, "%3d ", m->nodes[to].os_id);
    }
    g_string_append_c(text, '\n');
    for (int32_t from = 0; from < m->nr_nodes; from++) {
        g_string_append_printf(text, "%3d: ", m->nodes[from].os_id);
        for (int32_t to = 0; to < m->nr_nodes; to++) {
            g_string_append_printf(text, "%3d ", machine_distance(m, from, to));
        }
        g_string_append_c(text, '\n');
    }
}

static void write_notes(const struct machine *m, GPtrArray *notes)
{
    bool odd = false, tiers = false;

    g_ptr_array_add(notes, g_strdup("numactl says nothing of cores, caches and packages: "
                                    "`--format lscpu` writes them"));
    g_ptr_array_add(notes, g_strdup("numactl says nothing of latencies, bandwidths and costs"));
    for (int32_t node = 0; node < m->nr_nodes; node++) {
        odd = odd || m->nodes[node].memory_bytes % (1 << 20) != 0;
        tiers = tiers || m->nodes[node].tier != TIER_DRAM || m->nodes[node].side_cache_bytes > 0;
    }
    if (odd) {
        g_ptr_array_add(notes, g_strdup("sizes of memory are rounded down to MiB"));
    }
    if (tiers) {
        g_ptr_array_add(notes, g_strdup("numactl says nothing of kinds of memory"));
    }
    if (!m->online_all) {
        g_ptr_array_add(notes, g_strdup("numactl lists no CPU that is offline"));
    }
}

static char *write_numactl(const struct machine *m, GPtrArray *notes, GError **error)
{
    GString *text = g_string_new(NULL);

    (void)error; /* every machine can be written */
    write_available(m, text);
    for (int32_t node = 0; node < m->nr_nodes; node++) {
        write_node(m, node, text);
    }
    write_distances(m, text);
    write_notes(m, notes);
    return g_string_free(text, FALSE);
}

const struct machine_writer machine_numactl = {
    .name = "numactl",
    .summary = "as `numactl --hardware` prints nodes, memory and distances",
    .write = write_numactl,
};
