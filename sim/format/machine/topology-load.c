/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a topology file says of memory under load, of the TLB, and of what firmware tells the kernel. */
#include "base/error.h"
#include "format/machine/topology-private.h"

#define ROW(s, member, k, t, ...)                                                                  \
    {                                                                                              \
        .key = (k), .type = YAML_TYPE_##t, .offset = offsetof(struct s, member), __VA_ARGS__       \
    }

struct load {
    const struct yaml_node *latency, *tiers, *source;
    int64_t llc_bandwidth_bytes_per_s;
    int full;
};

static const char *const full_words[] = {"share", "queue", NULL};

const struct yaml_field topology_load_fields[] = {
    ROW(load, latency, "latency", LIST,
        .help = "latency by use of a node's bandwidth, for every tier that 'tiers' does not have"),
    ROW(load, tiers, "tiers", MAP, .help = "curves of single tiers: {CXL: [...]}"),
    ROW(load, llc_bandwidth_bytes_per_s, "llc-bandwidth", INT, .unit = UNIT_BYTES_PER_S,
        .help = "of each LLC, for all that it misses; left out: no limit of its own"),
    ROW(load, full, "full", CHOICE, .names = full_words,
        .help = "what is full: tasks get fair shares (default), or accesses queue as they come"),
    ROW(load, source, "source", NODE, .required = true, .help = "where this comes from"),
    {.key = NULL},
};

/* 1000 times the idle latency is far beyond any queue; a larger factor is a slip. */
enum { MAX_FACTOR_PPM = 1000000000 };

struct point {
    int32_t use_ppm, factor_ppm;
};

const struct yaml_field topology_load_point_fields[] = {
    ROW(point, use_ppm, "use", INT32, .unit = UNIT_PPM, .min = 0, .max = 1000000, .required = true,
        .help = "of the bandwidth that can be reached"),
    ROW(point, factor_ppm, "factor", INT32, .unit = UNIT_PPM, .min = 1000000, .max = MAX_FACTOR_PPM,
        .required = true, .help = "latency there, of the idle one"),
    {.key = NULL},
};

static bool read_curve(const struct yaml_node *list, struct machine_curve *curve, GError **error)
{
    if (!yaml_check_kind(list, YAML_KIND_SEQUENCE, "a curve", error)) {
        return false;
    }
    if (list->nr_items == 0) {
        return yaml_error(list, error, "the curve is empty; expected a list of its points");
    }
    curve->points = g_new(struct machine_curve_point, list->nr_items);
    for (uint32_t i = 0; i < list->nr_items; i++) {
        struct machine_curve_point *to = &curve->points[i];
        struct point p = {0};

        if (!yaml_read_fields(list->items[i], topology_load_point_fields, &p, error)) {
            return false;
        }
        *to = (struct machine_curve_point){(uint32_t)p.use_ppm, (uint32_t)p.factor_ppm};
        if (i > 0 && to->utilisation_ppm <= to[-1].utilisation_ppm) {
            return yaml_error(yaml_map_get(list->items[i], "use"), error,
                              "'use' does not rise; expected more with each point");
        }
        if (i > 0 && to->factor_ppm < to[-1].factor_ppm) {
            return yaml_error(yaml_map_get(list->items[i], "factor"), error,
                              "'factor' falls; expected as much or more with each point");
        }
    }
    curve->nr_points = (int32_t)list->nr_items;
    return true;
}

static bool read_tier_curves(const struct yaml_node *map, struct machine *m, GError **error)
{
    const char *names[NR_TIERS + 1] = {NULL};

    for (int tier = 0; tier < NR_TIERS; tier++) {
        names[tier] = machine_tier_name((enum machine_tier)tier);
    }
    if (!yaml_check_keys(map, names, error)) {
        return false;
    }
    for (int tier = 0; tier < NR_TIERS; tier++) {
        const struct yaml_node *list = yaml_map_get(map, names[tier]);

        if (list != NULL && !read_curve(list, &m->curves[tier], error)) {
            return false;
        }
    }
    return true;
}

bool topology_read_load(const struct yaml_node *block, struct machine *m, GError **error)
{
    struct load b = {0};

    if (!yaml_read_fields(block, topology_load_fields, &b, error) ||
        !topology_read_source(b.source, MACHINE_LOAD, m, error) ||
        (b.tiers != NULL && !read_tier_curves(b.tiers, m, error))) {
        return false;
    }
    for (int tier = 0; b.latency != NULL && tier < NR_TIERS; tier++) {
        if (m->curves[tier].nr_points == 0 && !read_curve(b.latency, &m->curves[tier], error)) {
            return false;
        }
    }
    m->full_queues = b.full == 1;
    for (int32_t llc = 0; llc < m->nr_llcs; llc++) {
        m->llcs[llc].bandwidth_bytes_per_s = b.llc_bandwidth_bytes_per_s;
    }
    return true;
}

struct tlb {
    struct machine_tlb tlb;
    const struct yaml_node *source;
};

/* No TLB of today has a million entries, and no walk takes a millisecond. */
enum { MAX_TLB_ENTRIES = 1000000, MAX_WALK_NS = 1000000 };

const struct yaml_field topology_tlb_fields[] = {
    ROW(tlb, tlb.entries_base, "entries", INT32, .min = 0, .max = MAX_TLB_ENTRIES, .required = true,
        .help = "of the last level, for base pages; 0: never misses"),
    ROW(tlb, tlb.entries_2m, "entries-2m", INT32, .min = 0, .max = MAX_TLB_ENTRIES,
        .help = "for pages of 2 MiB; 0 or left out: never misses"),
    ROW(tlb, tlb.entries_1g, "entries-1g", INT32, .min = 0, .max = MAX_TLB_ENTRIES,
        .help = "for pages of 1 GiB; 0 or left out: never misses"),
    ROW(tlb, tlb.walk_ns, "walk", INT, .unit = UNIT_NS, .min = 0, .max = MAX_WALK_NS,
        .required = true, .help = "what a miss costs"),
    ROW(tlb, source, "source", NODE, .required = true, .help = "where this comes from"),
    {.key = NULL},
};

bool topology_read_tlb(const struct yaml_node *block, struct machine *m, GError **error)
{
    struct tlb b = {{0}, NULL};

    if (!yaml_read_fields(block, topology_tlb_fields, &b, error) ||
        !topology_read_source(b.source, MACHINE_TLB, m, error)) {
        return false;
    }
    m->tlb = b.tlb;
    return true;
}

/* One millisecond is far above any memory; a larger latency is a slip of the unit. */
#define HMAT_MAX_NS INT64_C(1000000)

const struct yaml_field topology_hmat_fields[] = {
    ROW(machine_coordinates, read_latency_ns, "read-latency", INT, .unit = UNIT_NS, .min = 1,
        .max = HMAT_MAX_NS, .required = true, .help = "from the nearest CPUs"),
    ROW(machine_coordinates, write_latency_ns, "write-latency", INT, .unit = UNIT_NS, .min = 1,
        .max = HMAT_MAX_NS, .required = true, .help = "from the nearest CPUs"),
    ROW(machine_coordinates, read_bandwidth_bytes_per_s, "read-bandwidth", INT,
        .unit = UNIT_BYTES_PER_S, .min = 1000000, .max = INT64_MAX, .required = true,
        .help = "to the nearest CPUs"),
    ROW(machine_coordinates, write_bandwidth_bytes_per_s, "write-bandwidth", INT,
        .unit = UNIT_BYTES_PER_S, .min = 1000000, .max = INT64_MAX, .required = true,
        .help = "from the nearest CPUs"),
    {.key = NULL},
};

bool topology_read_hmat(const struct yaml_node *map, struct machine_coordinates *ret,
                        GError **error)
{
    struct machine_coordinates b = {0};

    if (!yaml_read_fields(map, topology_hmat_fields, &b, error)) {
        return false;
    }
    *ret = b;
    return true;
}
