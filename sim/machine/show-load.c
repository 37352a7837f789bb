/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/show-load.h"

#include "base/bitmap.h"
#include "base/units.h"
#include "machine/facts.h"
#include "machine/tiers.h"

/* The kernel's tiers, fastest first: "memory_tier4 (abstract distance 576)  nodes 0-1". */
static void show_tiers(GString *out, const struct machine *m)
{
    g_autofree int32_t *distances = g_new(int32_t, (gsize)m->nr_nodes);
    int32_t shown = -1;

    machine_abstract_distances(m, distances);
    g_string_append(out, "\nMemory tiers of the kernel\n");
    for (;;) {
        int32_t next = INT32_MAX, least = INT32_MAX, most = 0;
        g_autofree uint64_t *set = bitmap_new(FACTS_MAX_NODE_ID);
        g_autofree char *list = NULL;

        for (int32_t i = 0; i < m->nr_nodes; i++) {
            int32_t tier = distances[i] / MACHINE_TIER_CHUNK;

            next = tier > shown ? MIN(next, tier) : next;
        }
        if (next == INT32_MAX) {
            return;
        }
        for (int32_t i = 0; i < m->nr_nodes; i++) {
            if (distances[i] / MACHINE_TIER_CHUNK == next) {
                bitmap_set(set, (uint32_t)m->nodes[i].os_id);
                least = MIN(least, distances[i]);
                most = MAX(most, distances[i]);
            }
        }
        shown = next;
        list = bitmap_to_list(set, FACTS_MAX_NODE_ID);
        g_string_append_printf(out, "  memory_tier%-4d nodes %-12s abstract distance %d", next,
                               list, least);
        if (most > least) {
            g_string_append_printf(out, " to %d", most);
        }
        g_string_append_c(out, '\n');
    }
}

static bool tier_is_there(const struct machine *m, int tier)
{
    for (int32_t i = 0; i < m->nr_nodes; i++) {
        if ((int)m->nodes[i].tier == tier) {
            return true;
        }
    }
    return false;
}

static void show_curves(GString *out, const struct machine *m)
{
    bool head = false;

    for (int tier = 0; tier < NR_TIERS; tier++) {
        const struct machine_curve *curve = &m->curves[tier];

        if (curve->nr_points == 0 || !tier_is_there(m, tier)) {
            continue;
        }
        g_string_append(out, head ? "" : "\nLatency under load, of the idle one\n");
        head = true;
        g_string_append_printf(out, "  %-4s", machine_tier_name((enum machine_tier)tier));
        for (int32_t i = 0; i < curve->nr_points; i++) {
            const struct machine_curve_point *p = &curve->points[i];

            g_string_append_printf(out, "%s %u%%: x%u.%02u", i > 0 ? "," : "",
                                   p->utilisation_ppm / 10000, p->factor_ppm / 1000000,
                                   p->factor_ppm / 10000 % 100);
        }
        g_string_append_c(out, '\n');
    }
}

static void show_tlb(GString *out, const struct machine *m)
{
    const struct machine_tlb *tlb = &m->tlb;

    if (m->block_sources[MACHINE_TLB] == NULL) {
        return;
    }
    g_autofree char *walk = units_format_human(tlb->walk_ns, UNIT_NS);

    g_string_append_printf(out, "\nTLB of a core: %d entries for base pages, %d for 2 MiB",
                           tlb->entries_base, tlb->entries_2m);
    g_string_append_printf(out, ", %d for 1 GiB; a walk takes %s\n", tlb->entries_1g, walk);
}

void machine_show_load(GString *out, const struct machine *m)
{
    bool tiers = false;

    for (int32_t i = 1; i < m->nr_nodes; i++) {
        tiers = tiers || m->nodes[i].tier != m->nodes[0].tier;
    }
    if (tiers) {
        show_tiers(out, m);
    }
    show_curves(out, m);
    if (m->llcs[0].bandwidth_bytes_per_s > 0) {
        g_autofree char *text =
            units_format_human(m->llcs[0].bandwidth_bytes_per_s, UNIT_BYTES_PER_S);

        g_string_append_printf(out, "\nEach LLC's misses get up to %s\n", text);
    }
    show_tlb(out, m);
}
