/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nodes of a topology file: their memory, and the matrices between them. */
#include <stdlib.h>
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "base/fixed.h"
#include "format/machine/topology-private.h"

static const char *const tier_names[] = {
    [TIER_HBM] = "HBM", [TIER_DRAM] = "DRAM", [TIER_CXL] = "CXL", [TIER_PMEM] = "PMEM", NULL};

#define ROW(s, member, k, t, ...)                                                                  \
    {                                                                                              \
        .key = (k), .type = YAML_TYPE_##t, .offset = offsetof(struct s, member), __VA_ARGS__       \
    }

struct memory {
    const struct yaml_node *nodes, *source;
};

const struct yaml_field topology_memory_fields[] = {
    ROW(memory, nodes, "nodes", LIST, .required = true, .help = "all nodes"),
    ROW(memory, source, "source", NODE, .required = true, .help = "where this comes from"),
    {.key = NULL},
};

struct memory_node {
    const struct yaml_node *nodes, *hmat;
    struct machine_node node;
    int tier;
};

/* A tenth of a millisecond is far beyond any memory. */
enum { MAX_MISS_NS = 100000 };

/* Far slower than any memory: the kernel's sum for 100 times the latency and 1/100 the bandwidth. */
enum { MAX_ABSTRACT_DISTANCE = 5760000 };

const struct yaml_field topology_memory_node_fields[] = {
    ROW(memory_node, nodes, "nodes", NODE, .required = true, .help = "a node, or a list (0-3)"),
    ROW(memory_node, node.memory_bytes, "size", INT, .unit = UNIT_BYTES, .required = true,
        .help = "memory of each; 0B for a node without"),
    ROW(memory_node, tier, "tier", CHOICE, .names = tier_names, .help = "default DRAM"),
    ROW(memory_node, node.subtype, "subtype", STRING,
        .help = "what the outside calls this memory: MCDRAM, GPUMemory"),
    ROW(memory_node, node.side_cache_bytes, "side-cache", INT, .unit = UNIT_BYTES,
        .help = "memory-side cache in front of each"),
    ROW(memory_node, node.side_cache_bandwidth_bytes_per_s, "side-cache-bandwidth", INT,
        .unit = UNIT_BYTES_PER_S, .help = "of it; the node's own is that of the memory behind it"),
    ROW(memory_node, node.side_cache_miss_ns, "side-cache-miss", INT, .unit = UNIT_NS, .min = 0,
        .max = MAX_MISS_NS, .help = "what missing it adds to `latency`, which is that of a hit"),
    ROW(memory_node, node.package, "package", INT32, .min = 0, .max = MACHINE_MAX_CPUS - 1,
        .help = "the package that a node without CPUs hangs on"),
    ROW(memory_node, node.read_bandwidth_bytes_per_s, "read-bandwidth", INT,
        .unit = UNIT_BYTES_PER_S, .help = "of the node's controllers"),
    ROW(memory_node, node.write_bandwidth_bytes_per_s, "write-bandwidth", INT,
        .unit = UNIT_BYTES_PER_S, .help = "of the node's controllers"),
    ROW(memory_node, node.full_duplex, "full-duplex", BOOL,
        .help = "reads and writes each have their bandwidth, as across a CXL link"),
    ROW(memory_node, hmat, "hmat", MAP, .help = "what firmware says of it (HMAT, CDAT)"),
    ROW(memory_node, node.abstract_distance, "abstract-distance", INT32, .min = 1,
        .max = MAX_ABSTRACT_DISTANCE,
        .help = "as the kernel has it; default: by hmat, or its tier"),
    ROW(memory_node, node.hugetlb_2m_pages, "hugetlb-2m", INT, .help = "pages of the 2 MiB pool"),
    ROW(memory_node, node.hugetlb_1g_pages, "hugetlb-1g", INT, .help = "pages of the 1 GiB pool"),
    {.key = NULL},
};

static bool add_memory_nodes(const struct yaml_node *node, struct memory_node *e, GArray *nodes,
                             uint64_t *seen, GError **error)
{
    g_autofree uint64_t *set = bitmap_new(TOPOLOGY_MAX_NODE_ID);

    if (!yaml_read_fields(node, topology_memory_node_fields, e, error) ||
        !yaml_cpulist(e->nodes, set, TOPOLOGY_MAX_NODE_ID, error) ||
        (e->hmat != NULL && !topology_read_hmat(e->hmat, &e->node.hmat, error))) {
        return false;
    }
    if (e->node.full_duplex && e->node.write_bandwidth_bytes_per_s == 0) {
        return yaml_error(yaml_map_get(node, "full-duplex"), error,
                          "'full-duplex' without the bandwidth of writes; expected "
                          "'write-bandwidth' beside it");
    }
    if (bitmap_empty(set, TOPOLOGY_MAX_NODE_ID)) {
        return yaml_error(e->nodes, error, "'nodes' is empty; expected at least one node");
    }
    if (bitmap_intersects(set, seen, TOPOLOGY_MAX_NODE_ID)) {
        return yaml_error(e->nodes, error, "node %u is listed twice; expected each node once",
                          bitmap_next_and(set, seen, TOPOLOGY_MAX_NODE_ID, 0));
    }
    bitmap_or(seen, seen, set, TOPOLOGY_MAX_NODE_ID);
    for (uint32_t id = bitmap_next(set, TOPOLOGY_MAX_NODE_ID, 0); id < TOPOLOGY_MAX_NODE_ID;
         id = bitmap_next(set, TOPOLOGY_MAX_NODE_ID, id + 1)) {
        struct machine_node copy = e->node;

        copy.tier = (enum machine_tier)e->tier;
        copy.os_id = (int32_t)id;
        copy.subtype = g_strdup(e->node.subtype);
        g_array_append_val(nodes, copy);
    }
    return true;
}

static bool read_memory_nodes(const struct yaml_node *node, GArray *nodes, uint64_t *seen,
                              GError **error)
{
    struct memory_node e = {.node = {.package = -1}, .tier = TIER_DRAM};
    bool ok = add_memory_nodes(node, &e, nodes, seen, error);

    g_free(e.node.subtype);
    return ok;
}

static void clear_node(gpointer data)
{
    struct machine_node *node = data;

    g_free(node->subtype);
}

static int compare_os_id(const void *a, const void *b)
{
    const struct machine_node *x = a, *y = b;

    return (x->os_id > y->os_id) - (x->os_id < y->os_id);
}

bool topology_read_memory(const struct yaml_node *block, bool sparse, struct machine *m,
                          GError **error)
{
    struct memory b = {0};
    g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(struct machine_node));
    g_autofree uint64_t *seen = bitmap_new(TOPOLOGY_MAX_NODE_ID);

    g_array_set_clear_func(nodes, clear_node);
    if (!yaml_read_fields(block, topology_memory_fields, &b, error) ||
        !topology_read_source(b.source, MACHINE_MEMORY, m, error)) {
        return false;
    }
    for (uint32_t i = 0; i < b.nodes->nr_items; i++) {
        if (!read_memory_nodes(b.nodes->items[i], nodes, seen, error)) {
            return false;
        }
    }
    if (nodes->len < 1 || nodes->len > MACHINE_MAX_NODES) {
        return yaml_error(b.nodes, error, "these are %u nodes; expected 1..%d", nodes->len,
                          MACHINE_MAX_NODES);
    }
    qsort(nodes->data, nodes->len, sizeof(struct machine_node), compare_os_id);
    for (guint i = 0; !sparse && i < nodes->len; i++) {
        if (g_array_index(nodes, struct machine_node, i).os_id != (int32_t)i) {
            return yaml_error(b.nodes, error,
                              "there is no node %u; expected no gap in the node "
                              "numbers, or 'sparse: true'",
                              i);
        }
    }
    m->nr_nodes = (int32_t)nodes->len;
    m->nodes = (struct machine_node *)(void *)g_array_free(g_steal_pointer(&nodes), FALSE);
    return true;
}

struct distances {
    const struct yaml_node *matrix, *source;
    bool asymmetric, irregular;
};

const struct yaml_field topology_distances_fields[] = {
    ROW(distances, matrix, "matrix", LIST, .required = true,
        .help = "a row for each node, in order of their numbers; 10 on the diagonal"),
    ROW(distances, asymmetric, "asymmetric", BOOL, .help = "accept a matrix that is not symmetric"),
    ROW(distances, irregular, "irregular", BOOL,
        .help = "accept 10 or less to another node, and other than 10 to itself"),
    ROW(distances, source, "source", NODE, .required = true, .help = "where this comes from"),
    {.key = NULL},
};

/* Checks that @matrix has @rows rows of @cols members; cells are read by the caller. */
static bool check_shape(const struct yaml_node *matrix, uint32_t rows, uint32_t cols,
                        const char *row_name, GError **error)
{
    if (matrix->nr_items != rows) {
        return yaml_error(matrix, error, "the matrix has %u row%s; expected %u, one for each %s",
                          matrix->nr_items, matrix->nr_items == 1 ? "" : "s", rows, row_name);
    }
    for (uint32_t i = 0; i < rows; i++) {
        const struct yaml_node *row = matrix->items[i];

        if (!yaml_check_kind(row, YAML_KIND_SEQUENCE, "a row of the matrix", error)) {
            return false;
        }
        if (row->nr_items != cols) {
            return yaml_error(row, error, "the row has %u member%s; expected %u, one for each node",
                              row->nr_items, row->nr_items == 1 ? "" : "s", cols);
        }
    }
    return true;
}

static bool read_distance(const struct yaml_node *cell, bool diagonal, bool irregular,
                          int32_t *ret_distance, GError **error)
{
    int64_t value = 0;

    if (!yaml_int(cell, 0, 255, &value, error)) {
        return false;
    }
    if (diagonal && !irregular && value != MACHINE_LOCAL_DISTANCE) {
        return yaml_error(cell, error,
                          "a node's distance to itself is %d; expected %d, or 'irregular: true'",
                          (int)value, MACHINE_LOCAL_DISTANCE);
    }
    if (!diagonal && !irregular && value <= MACHINE_LOCAL_DISTANCE) {
        return yaml_error(cell, error,
                          "the distance to another node is %d; expected more than "
                          "the %d of the diagonal, or 'irregular: true'",
                          (int)value, MACHINE_LOCAL_DISTANCE);
    }
    *ret_distance = (int32_t)value;
    return true;
}

bool topology_read_distances(const struct yaml_node *block, struct machine *m, GError **error)
{
    struct distances b = {0};
    uint32_t n = (uint32_t)m->nr_nodes;

    if (!yaml_read_fields(block, topology_distances_fields, &b, error) ||
        !topology_read_source(b.source, MACHINE_DISTANCES, m, error) ||
        !check_shape(b.matrix, n, n, "node", error)) {
        return false;
    }
    m->irregular_distances = b.irregular;
    m->distances = g_new0(int32_t, (size_t)n * n);
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) {
            const struct yaml_node *cell = b.matrix->items[i]->items[j];
            int32_t *d = &m->distances[i * n + j];

            if (!read_distance(cell, i == j, b.irregular, d, error)) {
                return false;
            }
            if (j < i && !b.asymmetric && *d != m->distances[j * n + i]) {
                return yaml_error(cell, error,
                                  "the distance is %d there and %d back; expected "
                                  "the same, or 'asymmetric: true'",
                                  m->distances[j * n + i], *d);
            }
        }
    }
    return true;
}

/* Latency and bandwidth: one of three forms says a number for each pair of nodes. */
enum pair_rule { RULE_DISTANCE };
static const char *const rule_names[] = {"distance", NULL};

struct pairs {
    const struct yaml_node *matrix, *by_distance, *local, *source;
    int rule;
};

const struct yaml_field topology_pairs_fields[] = {
    ROW(pairs, matrix, "matrix", LIST,
        .help = "a row for each node with CPUs, a member for each node; 0B/s: unknown"),
    ROW(pairs, by_distance, "by-distance", MAP, .help = "a value for each distance: {10: 90ns}"),
    ROW(pairs, local, "local", NODE, .help = "the value at distance 10, for `rule`"),
    ROW(pairs, rule, "rule", CHOICE, .names = rule_names,
        .help = "distance: latency is local * distance / 10, bandwidth local * 10 / distance"),
    ROW(pairs, source, "source", NODE, .required = true, .help = "where this comes from"),
    {.key = NULL},
};

struct pair_reader {
    const struct yaml_node *block;
    struct machine *m;
    enum machine_block kind;
    enum unit unit;
    int64_t *values;    /* [nr_nodes * nr_nodes] */
    uint64_t *cpu_node; /* bitmap of nodes with CPUs */
};

static bool read_pair_matrix(const struct pair_reader *r, const struct yaml_node *matrix,
                             GError **error)
{
    uint32_t n = (uint32_t)r->m->nr_nodes, row = 0;
    int64_t min = r->unit == UNIT_NS ? 1 : 0; /* a bandwidth of 0B/s is unknown */

    if (!check_shape(matrix, bitmap_weight(r->cpu_node, n), n, "node with CPUs", error)) {
        return false;
    }
    for (uint32_t from = 0; from < n; from++) {
        if (!bitmap_test(r->cpu_node, from)) {
            continue;
        }
        for (uint32_t to = 0; to < n; to++) {
            if (!yaml_quantity(matrix->items[row]->items[to], r->unit, min, INT64_MAX / 256,
                               &r->values[from * n + to], error)) {
                return false;
            }
        }
        row++;
    }
    return true;
}

static bool read_pair_distances(const struct pair_reader *r, const struct yaml_node *map,
                                GError **error)
{
    int64_t by_distance[256] = {0};
    uint32_t n = (uint32_t)r->m->nr_nodes;

    for (uint32_t i = 0; i < map->nr_items; i++) {
        int64_t distance = 0;

        if (!yaml_int(map->items[i]->key, r->m->irregular_distances ? 0 : MACHINE_LOCAL_DISTANCE,
                      255, &distance, error) ||
            !yaml_quantity(map->items[i], r->unit, 1, INT64_MAX / 256, &by_distance[distance],
                           error)) {
            return false;
        }
    }
    for (uint32_t from = 0; from < n; from++) {
        for (uint32_t to = 0; to < n && bitmap_test(r->cpu_node, from); to++) {
            int32_t distance = r->m->distances[from * n + to];

            if (by_distance[distance] == 0) {
                return yaml_error(map, error,
                                  "there is no value for the distance %d; expected "
                                  "one for each distance from a node with CPUs",
                                  distance);
            }
            r->values[from * n + to] = by_distance[distance];
        }
    }
    return true;
}

static bool read_pair_rule(const struct pair_reader *r, const struct yaml_node *local,
                           GError **error)
{
    uint32_t n = (uint32_t)r->m->nr_nodes;
    int64_t value = 0;

    if (yaml_map_need(r->block, "rule", error) == NULL ||
        !yaml_quantity(local, r->unit, 1, INT64_MAX / 256, &value, error)) {
        return false;
    }
    for (uint32_t from = 0; from < n; from++) {
        for (uint32_t to = 0; to < n && bitmap_test(r->cpu_node, from); to++) {
            uint64_t distance = (uint64_t)MAX(r->m->distances[from * n + to], 1);
            uint64_t scaled = r->unit == UNIT_NS ? mul_div_u64((uint64_t)value, distance, 10)
                                                 : mul_div_u64((uint64_t)value, 10, distance);

            r->values[from * n + to] = MAX((int64_t)scaled, 1);
        }
    }
    return true;
}

/* Reads the block into r->values, which stay as they are for nodes without CPUs. */
static bool read_pairs(const struct pair_reader *r, GError **error)
{
    struct pairs b = {0};
    int forms;

    if (!yaml_read_fields(r->block, topology_pairs_fields, &b, error) ||
        !topology_read_source(b.source, r->kind, r->m, error)) {
        return false;
    }
    forms = (b.matrix != NULL) + (b.by_distance != NULL) + (b.local != NULL);
    if (forms != 1) {
        return yaml_error(
            r->block->key, error, "'%s' has %s; expected one of 'matrix', 'by-distance', 'local'",
            r->block->key->text, forms == 0 ? "no values" : "several forms of values");
    }
    if (b.matrix != NULL) {
        return read_pair_matrix(r, b.matrix, error);
    }
    return b.by_distance != NULL ? read_pair_distances(r, b.by_distance, error)
                                 : read_pair_rule(r, b.local, error);
}

static bool read_pair_block(const struct yaml_node *block, struct machine *m,
                            enum machine_block kind, enum unit unit, int64_t **ret_values,
                            GError **error)
{
    size_t n = (size_t)m->nr_nodes;
    g_autofree int64_t *values = g_new0(int64_t, n * n);
    g_autofree uint64_t *cpu_node = bitmap_new((uint32_t)n);
    struct pair_reader r = {block, m, kind, unit, values, cpu_node};

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        bitmap_set(cpu_node, (uint32_t)m->cpus[cpu].node);
    }
    if (!read_pairs(&r, error)) {
        return false;
    }
    g_free(*ret_values);
    *ret_values = g_steal_pointer(&values);
    return true;
}

bool topology_read_latency(const struct yaml_node *block, struct machine *m, GError **error)
{
    return read_pair_block(block, m, MACHINE_LATENCY, UNIT_NS, &m->latency_ns, error);
}

bool topology_read_bandwidth(const struct yaml_node *block, struct machine *m, GError **error)
{
    return read_pair_block(block, m, MACHINE_BANDWIDTH, UNIT_BYTES_PER_S, &m->bandwidth_bytes_per_s,
                           error);
}
