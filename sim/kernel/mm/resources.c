/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mm/resources.h"

#include "base/bitmap.h"
#include "base/fixed.h"

/* The links between two nodes. */
struct path {
    int32_t *links; /* resources, in order */
    int32_t nr;
};

/* What a resource is between. */
struct way {
    int32_t from,
        to; /* nodes; from -1: the controller of @to; to -1: an LLC, or a duplex's writes */
};

struct resources {
    const struct machine *machine;
    GArray *table; /* struct contend_resource */
    GArray *ways;  /* struct way, by resource */
    struct contend_point *curves[NR_TIERS];
    int32_t *node, *node_writes; /* [nr_nodes] controller; a full duplex one's writes, else -1 */
    uint32_t *write_cost_ppm;    /* [nr_nodes] of a line written in lines read */
    int32_t *side;               /* [nr_nodes] the memory-side cache, else -1 */
    int32_t *llc;                /* [nr_llcs] or -1 */
    struct path *paths;          /* [nr_nodes * nr_nodes], row = where the data comes from */
};

static int32_t add(struct resources *r, struct way way, int64_t bytes_per_s, int64_t idle_ns,
                   enum machine_tier tier)
{
    uint64_t line = (uint64_t)r->machine->cache_line_bytes;
    struct contend_resource resource = {
        .capacity_milli = (uint64_t)bytes_per_s * 1000 / line,
        .idle_ns = idle_ns,
        .curve = r->curves[tier],
        .nr_points = r->machine->curves[tier].nr_points,
        .queues = r->machine->full_queues,
    };

    g_array_append_val(r->table, resource);
    g_array_append_val(r->ways, way);
    return (int32_t)r->table->len - 1;
}

/* The least latency and the greatest bandwidth from any CPU to @node. */
static void best_of_node(const struct machine *m, int32_t node, int64_t *ret_ns, int64_t *ret_bytes)
{
    *ret_ns = 0;
    *ret_bytes = 0;
    for (int32_t from = 0; from < m->nr_nodes; from++) {
        int64_t ns = machine_latency_ns(m, from, node);

        if (ns <= 0 || bitmap_empty(machine_node_cpus(m, from), (uint32_t)m->nr_cpus)) {
            continue;
        }
        *ret_ns = *ret_ns == 0 ? ns : MIN(*ret_ns, ns);
        if (m->bandwidth_bytes_per_s != NULL) {
            *ret_bytes = MAX(*ret_bytes, m->bandwidth_bytes_per_s[from * m->nr_nodes + node]);
        }
    }
}

static void add_nodes(struct resources *r)
{
    const struct machine *m = r->machine;

    for (int32_t i = 0; i < m->nr_nodes; i++) {
        const struct machine_node *n = &m->nodes[i];
        int64_t idle_ns, reads, writes = n->write_bandwidth_bytes_per_s;
        struct way way = {-1, i};

        best_of_node(m, i, &idle_ns, &reads);
        r->side[i] = -1;
        if (n->side_cache_bytes > 0) {
            r->side[i] =
                add(r, (struct way){-1, i}, n->side_cache_bandwidth_bytes_per_s, idle_ns, n->tier);
            way.to = -1;
            idle_ns += n->side_cache_miss_ns;
        }
        reads = n->read_bandwidth_bytes_per_s > 0 ? n->read_bandwidth_bytes_per_s : reads;
        r->node[i] = add(r, way, reads, idle_ns, n->tier);
        r->node_writes[i] = n->full_duplex && writes > 0
                                ? add(r, (struct way){-1, -1}, writes, idle_ns, n->tier)
                                : -1;
        r->write_cost_ppm[i] =
            reads > 0 && writes > 0
                ? (uint32_t)mul_div_u64((uint64_t)reads, 1000000, (uint64_t)writes)
                : 1000000;
    }
}

/*
 * Data from @from to @to has a link of its own: what CPUs of @to read from @from has the matrix's
 * bandwidth of that pair; writes have what is read that way, or where nothing is, that pair's, too.
 */
static void add_pair(struct resources *r, int32_t cpu, int32_t memory, bool writes)
{
    const struct machine *m = r->machine;
    struct way way = writes ? (struct way){cpu, memory} : (struct way){memory, cpu};
    struct path *path = &r->paths[way.from * m->nr_nodes + way.to];
    int64_t bytes = m->bandwidth_bytes_per_s[cpu * m->nr_nodes + memory];
    int64_t idle_ns, node_bytes;

    best_of_node(m, memory, &idle_ns, &node_bytes);
    if (cpu == memory || bytes <= 0 || bytes >= node_bytes ||
        (writes && m->bandwidth_bytes_per_s[memory * m->nr_nodes + cpu] > 0)) {
        return;
    }
    path->links = g_new(int32_t, 1);
    path->links[path->nr++] = add(
        r, way, bytes, MAX(machine_latency_ns(m, cpu, memory) - idle_ns, 0), m->nodes[memory].tier);
}

static void add_pairs(struct resources *r)
{
    const struct machine *m = r->machine;

    for (int32_t i = 0; m->bandwidth_bytes_per_s != NULL && i < 2 * m->nr_nodes; i++) {
        for (int32_t memory = 0; memory < m->nr_nodes; memory++) {
            add_pair(r, i % m->nr_nodes, memory, i >= m->nr_nodes);
        }
    }
}

/* The link by which a shortest way from each node to @to begins, by lowest number; -1 none. */
static void first_links(const struct machine *m, int32_t to, int32_t *link)
{
    g_autofree int32_t *hops = g_new(int32_t, (gsize)m->nr_nodes);

    for (int32_t i = 0; i < m->nr_nodes; i++) {
        hops[i] = i == to ? 0 : m->nr_nodes;
        link[i] = -1;
    }
    for (int32_t round = 0; round < m->nr_nodes; round++) {
        for (int32_t i = 0; i < m->nr_links; i++) {
            const struct machine_link *l = &m->links[i];

            if (hops[l->to] == round && hops[l->from] > round + 1) {
                hops[l->from] = round + 1;
                link[l->from] = i;
            }
        }
    }
}

static void add_links(struct resources *r)
{
    const struct machine *m = r->machine;
    g_autofree int32_t *first = g_new(int32_t, (gsize)m->nr_nodes);
    int32_t base = (int32_t)r->table->len;

    for (int32_t i = 0; i < m->nr_links; i++) {
        add(r, (struct way){m->links[i].from, m->links[i].to}, m->links[i].bandwidth_bytes_per_s,
            m->links[i].latency_ns, TIER_DRAM);
    }
    for (int32_t to = 0; to < m->nr_nodes; to++) {
        first_links(m, to, first);
        for (int32_t from = 0; from < m->nr_nodes; from++) {
            struct path *path = &r->paths[from * m->nr_nodes + to];

            path->links = g_new(int32_t, (gsize)m->nr_nodes);
            for (int32_t at = from; first[at] >= 0; at = m->links[first[at]].to) {
                path->links[path->nr++] = base + first[at];
            }
        }
    }
}

struct resources *resources_new(const struct machine *m)
{
    struct resources *r = g_new0(struct resources, 1);

    r->machine = m;
    r->table = g_array_new(FALSE, FALSE, sizeof(struct contend_resource));
    r->ways = g_array_new(FALSE, FALSE, sizeof(struct way));
    for (int tier = 0; tier < NR_TIERS; tier++) {
        const struct machine_curve *curve = &m->curves[tier];

        r->curves[tier] = g_new(struct contend_point, (gsize)MAX(curve->nr_points, 1));
        for (int32_t i = 0; i < curve->nr_points; i++) {
            r->curves[tier][i] = (struct contend_point){curve->points[i].utilisation_ppm,
                                                        curve->points[i].factor_ppm};
        }
    }
    r->node = g_new(int32_t, (gsize)m->nr_nodes);
    r->node_writes = g_new(int32_t, (gsize)m->nr_nodes);
    r->side = g_new(int32_t, (gsize)m->nr_nodes);
    r->write_cost_ppm = g_new(uint32_t, (gsize)m->nr_nodes);
    r->llc = g_new(int32_t, (gsize)m->nr_llcs);
    r->paths = g_new0(struct path, (gsize)m->nr_nodes * (gsize)m->nr_nodes);
    add_nodes(r);
    if (m->nr_links > 0) {
        add_links(r);
    } else {
        add_pairs(r);
    }
    for (int32_t i = 0; i < m->nr_llcs; i++) {
        int64_t bytes = m->llcs[i].bandwidth_bytes_per_s;

        r->llc[i] = bytes > 0 ? add(r, (struct way){-1, -1}, bytes, 0, TIER_DRAM) : -1;
    }
    return r;
}

void resources_free(struct resources *r)
{
    if (r == NULL) {
        return;
    }
    for (int32_t i = 0; i < r->machine->nr_nodes * r->machine->nr_nodes; i++) {
        g_free(r->paths[i].links);
    }
    for (int tier = 0; tier < NR_TIERS; tier++) {
        g_free(r->curves[tier]);
    }
    g_array_free(r->table, TRUE);
    g_array_free(r->ways, TRUE);
    g_free(r->node);
    g_free(r->node_writes);
    g_free(r->write_cost_ppm);
    g_free(r->side);
    g_free(r->llc);
    g_free(r->paths);
    g_free(r);
}

const struct contend_resource *resources_table(const struct resources *r, int32_t *ret_nr)
{
    *ret_nr = (int32_t)r->table->len;
    return (const struct contend_resource *)(void *)r->table->data;
}

int32_t resources_node(const struct resources *r, int32_t node)
{
    return r->side[node] >= 0 ? r->side[node] : r->node[node];
}

const int32_t *resources_links(const struct resources *r, int32_t from, int32_t to, int32_t *ret_nr)
{
    const struct path *path = &r->paths[from * r->machine->nr_nodes + to];

    *ret_nr = path->nr;
    return path->links;
}

bool resources_is_way(const struct resources *r, int32_t resource, int32_t *ret_from,
                      int32_t *ret_to)
{
    const struct way *way = &g_array_index(r->ways, struct way, resource);

    *ret_from = way->from;
    *ret_to = way->to;
    return way->to >= 0;
}

static void use(const struct resources *r, int32_t resource, uint64_t load_milli,
                uint64_t stall_milli, struct contend_use *uses, int32_t *nr)
{
    if (load_milli == 0 ||
        g_array_index(r->table, struct contend_resource, resource).capacity_milli == 0) {
        return;
    }
    for (int32_t i = 0; i < *nr; i++) {
        if (uses[i].resource == resource) {
            uses[i].load_milli += load_milli;
            uses[i].stall_milli += stall_milli;
            return;
        }
    }
    uses[(*nr)++] = (struct contend_use){resource, load_milli, stall_milli};
}

/* The memory itself: @reads lines, which the task waits for, and @writes. */
static void use_node(const struct resources *r, int32_t node, uint64_t reads, uint64_t writes,
                     struct contend_use *uses, int32_t *nr)
{
    if (r->node_writes[node] >= 0) {
        use(r, r->node[node], reads, reads, uses, nr);
        use(r, r->node_writes[node], writes, 0, uses, nr);
    } else {
        uint64_t cost = mul_div_u64(writes, r->write_cost_ppm[node], 1000000);

        use(r, r->node[node], reads + cost, reads, uses, nr);
    }
}

void resources_add_uses(const struct resources *r, int32_t llc, int32_t cpu_node, int32_t node,
                        uint64_t misses_milli, uint64_t side_milli, uint64_t writes_milli,
                        struct contend_use *uses, int32_t *nr)
{
    const int32_t nr_nodes = r->machine->nr_nodes;
    const struct path *in = &r->paths[node * nr_nodes + cpu_node];
    const struct path *out = &r->paths[cpu_node * nr_nodes + node];

    if (r->side[node] < 0) {
        use_node(r, node, misses_milli, writes_milli, uses, nr);
    } else {
        /* What is fetched fills the cache, and drives out as much that was written to. */
        uint64_t evicted =
            misses_milli > 0 ? mul_div_u64(writes_milli, side_milli, misses_milli) : 0;

        use(r, r->side[node], misses_milli + side_milli + writes_milli, misses_milli, uses, nr);
        use_node(r, node, side_milli, evicted, uses, nr);
    }
    for (int32_t i = 0; i < in->nr; i++) {
        use(r, in->links[i], misses_milli, misses_milli, uses, nr);
    }
    for (int32_t i = 0; i < out->nr; i++) {
        use(r, out->links[i], writes_milli, 0, uses, nr);
    }
    if (llc >= 0 && r->llc[llc] >= 0) {
        use(r, r->llc[llc], misses_milli + writes_milli, misses_milli, uses, nr);
    }
}
