/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `load:`, `tlb:` and `hmat` of a topology file, written as topology-load.c reads them. */
#include <string.h>

#include "format/machine/topology-write-private.h"

char *topology_hmat_text(const struct machine_coordinates *hmat)
{
    const struct {
        const char *key;
        int64_t value;
        enum unit unit;
    } rows[] = {
        {"read-latency", hmat->read_latency_ns, UNIT_NS},
        {"write-latency", hmat->write_latency_ns, UNIT_NS},
        {"read-bandwidth", hmat->read_bandwidth_bytes_per_s, UNIT_BYTES_PER_S},
        {"write-bandwidth", hmat->write_bandwidth_bytes_per_s, UNIT_BYTES_PER_S},
    };
    GString *out = g_string_new("{");

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *value = units_format(rows[i].value, rows[i].unit);

        g_string_append_printf(out, "%s%s: %s", i > 0 ? ", " : "", rows[i].key, value);
    }
    g_string_append_c(out, '}');
    return g_string_free(out, FALSE);
}

static bool curves_alike(const struct machine_curve *a, const struct machine_curve *b)
{
    return a->nr_points == b->nr_points &&
           (a->nr_points == 0 || /* there may be no array */
            memcmp(a->points, b->points, sizeof(*a->points) * (size_t)a->nr_points) == 0);
}

static void write_curve(GString *out, const struct machine_curve *curve, int indent,
                        const char *key)
{
    g_string_append_printf(out, "%*s%s:\n", indent, "", key);
    for (int32_t i = 0; i < curve->nr_points; i++) {
        struct topology_map map;

        topology_map_init(&map);
        topology_map_add_quantity(&map, "use", curve->points[i].utilisation_ppm, UNIT_PPM);
        topology_map_add_quantity(&map, "factor", curve->points[i].factor_ppm, UNIT_PPM);
        topology_map_write(&map, out, indent + TOPOLOGY_INDENT, NULL);
    }
}

/* One curve for all tiers where they are alike, else one for each that has any. */
static void write_curves(GString *out, const struct machine *m)
{
    bool alike = true, head = false;

    for (int tier = 1; tier < NR_TIERS; tier++) {
        alike = alike && curves_alike(&m->curves[0], &m->curves[tier]);
    }
    if (alike && m->curves[0].nr_points > 0) {
        write_curve(out, &m->curves[0], TOPOLOGY_INDENT, "latency");
    }
    for (int tier = 0; !alike && tier < NR_TIERS; tier++) {
        if (m->curves[tier].nr_points > 0) {
            g_string_append(out, head ? "" : "  tiers:\n");
            head = true;
            write_curve(out, &m->curves[tier], 2 * TOPOLOGY_INDENT,
                        machine_tier_name((enum machine_tier)tier));
        }
    }
}

void topology_write_load(GString *out, const struct machine *m)
{
    int64_t llc = m->llcs[0].bandwidth_bytes_per_s;
    bool any = llc > 0 || m->full_queues;

    for (int tier = 0; tier < NR_TIERS; tier++) {
        any = any || m->curves[tier].nr_points > 0;
    }
    if (!any) {
        return;
    }
    g_string_append(out, "\nload:\n");
    write_curves(out, m);
    if (llc > 0) {
        g_autofree char *text = units_format(llc, UNIT_BYTES_PER_S);

        g_string_append_printf(out, "  llc-bandwidth: %s\n", text);
    }
    if (m->full_queues) {
        g_string_append(out, "  full: queue\n");
    }
    topology_write_source(out, m, MACHINE_LOAD);
}

void topology_write_tlb(GString *out, const struct machine *m)
{
    const struct machine_tlb *tlb = &m->tlb;
    g_autofree char *walk = units_format(tlb->walk_ns, UNIT_NS);

    if (m->block_sources[MACHINE_TLB] == NULL) {
        return;
    }
    g_string_append_printf(out, "\ntlb:\n  entries: %d\n", tlb->entries_base);
    if (tlb->entries_2m > 0) {
        g_string_append_printf(out, "  entries-2m: %d\n", tlb->entries_2m);
    }
    if (tlb->entries_1g > 0) {
        g_string_append_printf(out, "  entries-1g: %d\n", tlb->entries_1g);
    }
    g_string_append_printf(out, "  walk: %s\n", walk);
    topology_write_source(out, m, MACHINE_TLB);
}
