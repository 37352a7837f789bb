/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The compact form of a topology file's CPUs: a regular machine, and which machines are one. */
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "format/machine/topology-private.h"

enum core_order { ORDER_LINEAR, ORDER_ROUND_ROBIN_NODES, ORDER_ROUND_ROBIN_PACKAGES };
static const char *const order_names[] = {"linear", "round-robin-nodes", "round-robin-packages",
                                          NULL};

#define ROW(s, member, k, t, ...)                                                                  \
    {                                                                                              \
        .key = (k), .type = YAML_TYPE_##t, .offset = offsetof(struct s, member), __VA_ARGS__       \
    }
#define COUNT(member, k, ...)                                                                      \
    ROW(topology_compact, member, k, INT32, .min = 1, .max = MACHINE_MAX_CPUS, __VA_ARGS__)

const struct yaml_field topology_cpus_compact_fields[] = {
    COUNT(packages, "packages", .required = true, .help = "sockets"),
    COUNT(dies_per_package, "dies-per-package", .help = "default 1"),
    COUNT(nodes_per_package, "nodes-per-package", .help = "nodes with CPUs; default 1"),
    COUNT(llcs_per_node, "llcs-per-node", .help = "default 1"),
    COUNT(nodes_per_llc, "nodes-per-llc", .help = "default 1; more where nodes share an LLC (SNC)"),
    COUNT(cores_per_llc, "cores-per-llc", .required = true, .help = "cores that share one LLC"),
    COUNT(cores_per_cluster, "cores-per-cluster", .help = "default 1: no clusters"),
    COUNT(cores_per_l2, "cores-per-l2", .help = "default 1: each core has its own L2"),
    COUNT(threads_per_core, "threads-per-core", .help = "default 1"),
    ROW(topology_compact, threads, "threads", CHOICE, .names = topology_threads_names,
        .help = "interleaved (default): all first threads, then all second; adjacent: siblings "
                "have neighbouring numbers"),
    ROW(topology_compact, order, "order", CHOICE, .names = order_names,
        .help = "how cores are numbered; default linear: through LLCs, nodes and packages"),
    ROW(topology_compact, source, "source", NODE, .required = true,
        .help = "where this comes from"),
    {.key = NULL},
};

static bool check_divides(const struct yaml_node *block, const char *key, int32_t part,
                          const char *whole_name, int32_t whole, GError **error)
{
    if (whole % part == 0) {
        return true;
    }
    return yaml_error(yaml_map_get(block, key), error,
                      "'%s' is %d; expected a divisor of the %d %s", key, part, whole, whole_name);
}

struct counts {
    int32_t cores, cores_per_node, cores_per_package;
};

static bool count_compact(const struct yaml_node *block, const struct topology_compact *c,
                          struct counts *ret, GError **error)
{
    int64_t per_node, per_package, cpus;

    if (!check_divides(block, "nodes-per-llc", c->nodes_per_llc, "cores of an LLC",
                       c->cores_per_llc, error) ||
        !check_divides(block, "nodes-per-llc", c->nodes_per_llc, "nodes of a package",
                       c->nodes_per_package, error)) {
        return false;
    }
    if (c->nodes_per_llc > 1 && c->llcs_per_node > 1) {
        return yaml_error(yaml_map_get(block, "nodes-per-llc"), error,
                          "'nodes-per-llc' and 'llcs-per-node' are both above 1; expected one");
    }
    per_node = (int64_t)c->llcs_per_node * c->cores_per_llc / c->nodes_per_llc;
    per_package = per_node * c->nodes_per_package;
    /* Each factor is at most 4096 and the bound is checked step by step: no overflow. */
    cpus = per_package > MACHINE_MAX_CPUS ? per_package : per_package * c->packages;
    cpus = cpus > MACHINE_MAX_CPUS ? cpus : cpus * c->threads_per_core;
    if (cpus > MACHINE_MAX_CPUS) {
        return yaml_error(block, error, "these are more than %d CPUs; expected fewer",
                          MACHINE_MAX_CPUS);
    }
    ret->cores_per_node = (int32_t)per_node;
    ret->cores_per_package = (int32_t)per_package;
    ret->cores = (int32_t)per_package * c->packages;
    return check_divides(block, "dies-per-package", c->dies_per_package, "cores of a package",
                         ret->cores_per_package, error) &&
           check_divides(block, "cores-per-cluster", c->cores_per_cluster, "cores of an LLC",
                         c->cores_per_llc, error) &&
           check_divides(block, "cores-per-l2", c->cores_per_l2, "cores of an LLC",
                         c->cores_per_llc, error);
}

/* The place of core @core (counted through the packages) in the order of CPU numbers. */
static int32_t core_rank(const struct topology_compact *c, const struct counts *n, int32_t core)
{
    int32_t part = n->cores;

    if (c->order == ORDER_ROUND_ROBIN_NODES) {
        part = n->cores_per_node;
    } else if (c->order == ORDER_ROUND_ROBIN_PACKAGES) {
        part = n->cores_per_package;
    }
    return (core % part) * (n->cores / part) + core / part;
}

static void place_core(const struct topology_compact *c, const struct counts *n, int32_t core,
                       struct machine *m)
{
    int32_t rank = core_rank(c, n, core);

    for (int32_t thread = 0; thread < c->threads_per_core; thread++) {
        int32_t cpu = c->threads == TOPOLOGY_THREADS_ADJACENT ? rank * c->threads_per_core + thread
                                                              : thread * n->cores + rank;

        m->cpus[cpu] = (struct machine_cpu){
            .os_id = cpu,
            .core = core,
            .cluster = core / c->cores_per_cluster,
            .l2 = core / c->cores_per_l2,
            .llc = core / c->cores_per_llc,
            .die = core / (n->cores_per_package / c->dies_per_package),
            .package = core / n->cores_per_package,
            .node = topology_node_index(m, core / n->cores_per_node),
            .capacity = 1024,
        };
    }
}

static void place_cpus(const struct topology_compact *c, const struct counts *n, struct machine *m)
{
    m->nr_cpus = n->cores * c->threads_per_core;
    m->cpus = g_new0(struct machine_cpu, (size_t)m->nr_cpus);
    for (int32_t core = 0; core < n->cores; core++) {
        place_core(c, n, core, m);
    }
}

bool topology_read_compact(const struct yaml_node *block, struct machine *m, GError **error)
{
    struct topology_compact c = {.dies_per_package = 1,
                                 .nodes_per_package = 1,
                                 .llcs_per_node = 1,
                                 .nodes_per_llc = 1,
                                 .cores_per_cluster = 1,
                                 .cores_per_l2 = 1,
                                 .threads_per_core = 1};
    struct counts n = {0};

    if (!yaml_read_fields(block, topology_cpus_compact_fields, &c, error) ||
        !topology_read_source(c.source, MACHINE_CPUS, m, error) ||
        !count_compact(block, &c, &n, error)) {
        return false;
    }
    g_assert(n.cores_per_node > 0);
    for (int32_t node = 0; node < n.cores / n.cores_per_node; node++) {
        if (topology_node_index(m, node) < 0) {
            return yaml_error(block->key, error,
                              "these CPUs need a node %d; expected one in 'memory'", node);
        }
    }
    place_cpus(&c, &n, m);
    topology_count_objects(m);
    return true;
}

/* @whole / @part, or 0 if that is no whole number. */
static int32_t divide(int32_t whole, int32_t part)
{
    return part > 0 && whole % part == 0 ? whole / part : 0;
}

/* The only counts that could make @m; false if it is of no regular counts. */
static bool guess_counts(const struct machine *m, struct topology_compact *c, struct counts *n)
{
    int32_t nodes = 0;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        nodes = MAX(nodes, m->nodes[m->cpus[cpu].node].os_id + 1);
    }
    *c = (struct topology_compact){
        .packages = m->nr_packages,
        .dies_per_package = divide(m->nr_dies, m->nr_packages),
        .nodes_per_package = divide(nodes, m->nr_packages),
        .llcs_per_node = m->nr_llcs < nodes ? 1 : divide(m->nr_llcs, nodes),
        .nodes_per_llc = m->nr_llcs < nodes ? divide(nodes, m->nr_llcs) : 1,
        .cores_per_llc = divide(m->nr_cores, m->nr_llcs),
        .cores_per_cluster = divide(m->nr_cores, m->nr_clusters),
        .cores_per_l2 = divide(m->nr_cores, m->nr_l2s),
        .threads_per_core = divide(m->nr_cpus, m->nr_cores),
    };
    *n = (struct counts){.cores = m->nr_cores,
                         .cores_per_node = divide(m->nr_cores, nodes),
                         .cores_per_package = divide(m->nr_cores, m->nr_packages)};
    return c->dies_per_package > 0 && c->nodes_per_package > 0 && c->llcs_per_node > 0 &&
           c->nodes_per_llc > 0 && c->cores_per_llc > 0 && c->cores_per_cluster > 0 &&
           c->cores_per_l2 > 0 && c->threads_per_core > 0 && n->cores_per_node > 0 &&
           n->cores_per_package > 0 && divide(c->cores_per_llc, c->nodes_per_llc) > 0 &&
           divide(c->nodes_per_package, c->nodes_per_llc) > 0 &&
           divide(n->cores_per_package, c->dies_per_package) > 0 &&
           divide(c->cores_per_llc, c->cores_per_cluster) > 0 &&
           divide(c->cores_per_llc, c->cores_per_l2) > 0;
}

static bool same_place(const struct machine_cpu *a, const struct machine_cpu *b)
{
    return a->os_id == b->os_id && a->core == b->core && a->cluster == b->cluster &&
           a->l2 == b->l2 && a->llc == b->llc && a->die == b->die && a->package == b->package &&
           a->node == b->node && a->capacity == b->capacity && a->priority == b->priority;
}

/* Whether @c makes just the CPUs of @m. */
static bool makes(const struct topology_compact *c, const struct counts *n, const struct machine *m)
{
    struct machine made = {.nr_nodes = m->nr_nodes, .nodes = m->nodes};
    bool same = true;

    place_cpus(c, n, &made);
    for (int32_t cpu = 0; same && cpu < m->nr_cpus; cpu++) {
        same = same_place(&made.cpus[cpu], &m->cpus[cpu]);
    }
    g_free(made.cpus);
    return same;
}

bool topology_find_compact(const struct machine *m, struct topology_compact *ret)
{
    struct topology_compact c;
    struct counts n;

    if (!guess_counts(m, &c, &n)) {
        return false;
    }
    for (c.threads = 0; topology_threads_names[c.threads] != NULL; c.threads++) {
        for (c.order = 0; order_names[c.order] != NULL; c.order++) {
            if (makes(&c, &n, m)) {
                *ret = c;
                return true;
            }
        }
    }
    return false;
}
