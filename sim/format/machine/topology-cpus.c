/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPUs of a topology file in the explicit form, CPU by CPU. */
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "format/machine/topology-private.h"

const char *const topology_threads_names[] = {"interleaved", "adjacent", NULL};

#define ROW(s, member, k, t, ...)                                                                  \
    {                                                                                              \
        .key = (k), .type = YAML_TYPE_##t, .offset = offsetof(struct s, member), __VA_ARGS__       \
    }

struct explicit_cpus {
    const struct yaml_node *list, *source;
};

const struct yaml_field topology_cpus_explicit_fields[] = {
    ROW(explicit_cpus, list, "list", LIST, .required = true, .help = "all CPUs"),
    ROW(explicit_cpus, source, "source", NODE, .required = true, .help = "where this comes from"),
    {.key = NULL},
};

/* Caches whose sizes an entry may state. */
enum { SIZE_L1D, SIZE_L2, SIZE_LLC, NR_SIZES };
static const char *const size_keys[NR_SIZES] = {
    [SIZE_L1D] = "l1d-size", [SIZE_L2] = "l2-size", [SIZE_LLC] = "llc-size"};

struct entry {
    const struct yaml_node *cpus;
    int32_t core, threads_per_core, cluster, l2, llc, die, package, node, capacity, priority;
    int64_t sizes[NR_SIZES];
    int threads;
};

/* A CPU of an entry, with what its entry says of its caches. */
struct listed_cpu {
    struct machine_cpu cpu;
    int64_t sizes[NR_SIZES]; /* TOPOLOGY_NO_SIZE: nothing */
    const struct yaml_node *entry;
};

#define ID(member, k, ...)                                                                         \
    ROW(entry, member, k, INT32, .min = 0, .max = MACHINE_MAX_CPUS - 1, __VA_ARGS__)

const struct yaml_field topology_cpus_entry_fields[] = {
    ROW(entry, cpus, "cpus", NODE, .required = true, .help = "a cpulist"),
    ID(core, "core", .required = true, .help = "number of the first core; the others follow it"),
    ROW(entry, threads_per_core, "threads-per-core", INT32, .min = 1, .max = 16,
        .help = "default 1"),
    ROW(entry, threads, "threads", CHOICE, .names = topology_threads_names,
        .help = "which of the listed CPUs are siblings; default interleaved"),
    ID(cluster, "cluster", .help = "default: one for each core"),
    ID(l2, "l2", .help = "default: one for each core"),
    ID(llc, "llc", .required = true, .help = "last-level cache"),
    ID(die, "die", .help = "default: the package's number"),
    ID(package, "package", .required = true, .help = "socket"),
    ROW(entry, node, "node", INT32, .min = 0, .max = TOPOLOGY_MAX_NODE_ID - 1, .required = true,
        .help = "a node of `memory`"),
    ROW(entry, capacity, "capacity", INT32, .min = 1, .max = 1024,
        .help = "cpu_capacity; default 1024"),
    ROW(entry, priority, "priority", INT32, .help = "firmware ranking, higher is preferred"),
    ROW(entry, sizes[SIZE_L1D], "l1d-size", INT, .unit = UNIT_BYTES,
        .help = "of these CPUs' caches; default: as `caches` says"),
    ROW(entry, sizes[SIZE_L2], "l2-size", INT, .unit = UNIT_BYTES, .help = "the same"),
    ROW(entry, sizes[SIZE_LLC], "llc-size", INT, .unit = UNIT_BYTES, .help = "the same"),
    {.key = NULL},
};

void topology_count_objects(struct machine *m)
{
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        const struct machine_cpu *c = &m->cpus[cpu];

        m->nr_cores = MAX(m->nr_cores, c->core + 1);
        m->nr_clusters = MAX(m->nr_clusters, c->cluster + 1);
        m->nr_l2s = MAX(m->nr_l2s, c->l2 + 1);
        m->nr_llcs = MAX(m->nr_llcs, c->llc + 1);
        m->nr_dies = MAX(m->nr_dies, c->die + 1);
        m->nr_packages = MAX(m->nr_packages, c->package + 1);
    }
    m->l1d_bytes = g_new(int64_t, (size_t)m->nr_cores);
    m->l2_bytes = g_new(int64_t, (size_t)m->nr_l2s);
    m->llcs = g_new0(struct machine_llc, (size_t)m->nr_llcs);
    for (int32_t core = 0; core < m->nr_cores; core++) {
        m->l1d_bytes[core] = TOPOLOGY_NO_SIZE;
    }
    for (int32_t l2 = 0; l2 < m->nr_l2s; l2++) {
        m->l2_bytes[l2] = TOPOLOGY_NO_SIZE;
    }
    for (int32_t llc = 0; llc < m->nr_llcs; llc++) {
        m->llcs[llc].size_bytes = TOPOLOGY_NO_SIZE;
    }
}

static void add_cpu(const struct entry *e, const struct yaml_node *node, int32_t id, int32_t core,
                    int32_t node_index, GArray *cpus)
{
    struct listed_cpu listed = {
        .cpu = {.os_id = id,
                .core = e->core + core,
                .cluster = e->cluster,
                .l2 = e->l2,
                .llc = e->llc,
                .die = e->die >= 0 ? e->die : e->package,
                .package = e->package,
                .node = node_index,
                .capacity = e->capacity,
                .priority = e->priority},
        .entry = node,
    };

    memcpy(listed.sizes, e->sizes, sizeof(listed.sizes));
    g_array_append_val(cpus, listed);
}

/* Adds the CPUs of one entry; a cluster or L2 that is not stated stays -1. */
static bool read_entry(const struct yaml_node *node, const struct machine *m, GArray *cpus,
                       uint64_t *seen, GError **error)
{
    struct entry e = {.threads_per_core = 1,
                      .cluster = -1,
                      .l2 = -1,
                      .die = -1,
                      .capacity = 1024,
                      .sizes = {TOPOLOGY_NO_SIZE, TOPOLOGY_NO_SIZE, TOPOLOGY_NO_SIZE}};
    g_autofree uint64_t *set = bitmap_new(TOPOLOGY_MAX_CPU_ID);
    uint32_t weight, nr_cores, nth = 0;
    int32_t node_index;

    if (!yaml_read_fields(node, topology_cpus_entry_fields, &e, error) ||
        !yaml_cpulist(e.cpus, set, TOPOLOGY_MAX_CPU_ID, error)) {
        return false;
    }
    weight = bitmap_weight(set, TOPOLOGY_MAX_CPU_ID);
    nr_cores = weight / (uint32_t)e.threads_per_core;
    if (weight == 0 || weight % (uint32_t)e.threads_per_core != 0 || weight > MACHINE_MAX_CPUS) {
        return yaml_error(e.cpus, error, "these are %u CPUs; expected a multiple of %d, at most %d",
                          weight, e.threads_per_core, MACHINE_MAX_CPUS);
    }
    if (bitmap_intersects(set, seen, TOPOLOGY_MAX_CPU_ID)) {
        return yaml_error(e.cpus, error, "CPU %u is listed twice; expected each CPU once",
                          bitmap_next_and(set, seen, TOPOLOGY_MAX_CPU_ID, 0));
    }
    bitmap_or(seen, seen, set, TOPOLOGY_MAX_CPU_ID);
    node_index = topology_node_index(m, e.node);
    if (node_index < 0) {
        return yaml_error(yaml_map_get(node, "node"), error,
                          "these CPUs are on node %d; expected a node of 'memory'", e.node);
    }
    for (uint32_t id = bitmap_next(set, TOPOLOGY_MAX_CPU_ID, 0); id < TOPOLOGY_MAX_CPU_ID;
         id = bitmap_next(set, TOPOLOGY_MAX_CPU_ID, id + 1), nth++) {
        uint32_t core = e.threads == TOPOLOGY_THREADS_ADJACENT ? nth / (uint32_t)e.threads_per_core
                                                               : nth % nr_cores;
        add_cpu(&e, node, (int32_t)id, (int32_t)core, node_index, cpus);
    }
    return true;
}

static int compare_os_id(const void *a, const void *b)
{
    const struct listed_cpu *x = a, *y = b;

    return (x->cpu.os_id > y->cpu.os_id) - (x->cpu.os_id < y->cpu.os_id);
}

/* Clusters and L2s are stated for all CPUs or for none: a mixture would have to invent numbers. */
static bool fill_defaults(const struct yaml_node *list, GArray *cpus, GError **error)
{
    const struct machine_cpu *first = &g_array_index(cpus, struct listed_cpu, 0).cpu;
    bool cluster = first->cluster >= 0, l2 = first->l2 >= 0;

    for (guint i = 0; i < cpus->len; i++) {
        struct machine_cpu *cpu = &g_array_index(cpus, struct listed_cpu, i).cpu;

        if ((cpu->cluster >= 0) != cluster || (cpu->l2 >= 0) != l2) {
            return yaml_error(list, error,
                              "some CPUs have a '%s' and some have none; expected "
                              "all or none",
                              (cpu->l2 >= 0) != l2 ? "l2" : "cluster");
        }
        cpu->cluster = cluster ? cpu->cluster : cpu->core;
        cpu->l2 = l2 ? cpu->l2 : cpu->core;
    }
    return true;
}

/* The place in @m of the size @kind of the caches of @cpu, and the number of that cache. */
static int64_t *size_of(struct machine *m, const struct machine_cpu *cpu, int kind, int32_t *ret_id)
{
    switch (kind) {
    case SIZE_L1D:
        *ret_id = cpu->core;
        return &m->l1d_bytes[cpu->core];
    case SIZE_L2:
        *ret_id = cpu->l2;
        return &m->l2_bytes[cpu->l2];
    default:
        *ret_id = cpu->llc;
        return &m->llcs[cpu->llc].size_bytes;
    }
}

/* Takes the sizes that the entries state. A cache that several entries share has one size. */
static bool take_sizes(const GArray *cpus, struct machine *m, GError **error)
{
    static const char *const names[NR_SIZES] = {"the L1d of core", "L2", "LLC"};

    for (guint i = 0; i < cpus->len; i++) {
        const struct listed_cpu *listed = &g_array_index(cpus, struct listed_cpu, i);

        for (int kind = 0; kind < NR_SIZES; kind++) {
            int32_t id;
            int64_t *size = size_of(m, &listed->cpu, kind, &id), stated = listed->sizes[kind];

            if (stated == TOPOLOGY_NO_SIZE || stated == *size) {
                continue;
            }
            if (*size != TOPOLOGY_NO_SIZE) {
                g_autofree char *here = units_format(stated, UNIT_BYTES);
                g_autofree char *there = units_format(*size, UNIT_BYTES);

                return yaml_error(yaml_map_get(listed->entry, size_keys[kind]), error,
                                  "%s %d has %s here and %s by another entry; expected one size",
                                  names[kind], id, here, there);
            }
            *size = stated;
        }
    }
    return true;
}

static bool read_explicit(const struct yaml_node *block, bool sparse, struct machine *m,
                          GError **error)
{
    struct explicit_cpus e = {0};
    g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(struct listed_cpu));
    g_autofree uint64_t *seen = bitmap_new(TOPOLOGY_MAX_CPU_ID);

    if (!yaml_read_fields(block, topology_cpus_explicit_fields, &e, error) ||
        !topology_read_source(e.source, MACHINE_CPUS, m, error)) {
        return false;
    }
    for (uint32_t i = 0; i < e.list->nr_items; i++) {
        if (!read_entry(e.list->items[i], m, cpus, seen, error)) {
            return false;
        }
    }
    if (cpus->len < 1 || cpus->len > MACHINE_MAX_CPUS) {
        return yaml_error(e.list, error, "these are %u CPUs; expected 1..%d", cpus->len,
                          MACHINE_MAX_CPUS);
    }
    qsort(cpus->data, cpus->len, sizeof(struct listed_cpu), compare_os_id);
    for (guint i = 0; !sparse && i < cpus->len; i++) {
        if (g_array_index(cpus, struct listed_cpu, i).cpu.os_id != (int32_t)i) {
            return yaml_error(e.list, error,
                              "there is no CPU %u; expected no gap in the CPU "
                              "numbers, or 'sparse: true'",
                              i);
        }
    }
    if (!fill_defaults(e.list, cpus, error)) {
        return false;
    }
    m->nr_cpus = (int32_t)cpus->len;
    m->cpus = g_new(struct machine_cpu, (size_t)m->nr_cpus);
    for (guint i = 0; i < cpus->len; i++) {
        m->cpus[i] = g_array_index(cpus, struct listed_cpu, i).cpu;
    }
    topology_count_objects(m);
    return take_sizes(cpus, m, error);
}

bool topology_read_cpus(const struct yaml_node *block, bool sparse, struct machine *m,
                        GError **error)
{
    return yaml_map_get(block, "list") != NULL ? read_explicit(block, sparse, m, error)
                                               : topology_read_compact(block, m, error);
}
