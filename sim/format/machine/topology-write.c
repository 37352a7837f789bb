/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/machine/topology-write.h"

#include <string.h>

#include "base/bitmap.h"
#include "base/fixed.h"
#include "format/machine/topology-write-private.h"

enum { NR_DISTANCES = 256 };

void topology_write_source(GString *out, const struct machine *m, enum machine_block block)
{
    const char *source = m->block_sources[block];
    bool blank = source == NULL || strspn(source, " \t\n") == strlen(source);

    topology_write_text(out, TOPOLOGY_INDENT, "source", blank ? "not stated" : source);
}

static bool is_sparse(const struct machine *m)
{
    return m->cpus[m->nr_cpus - 1].os_id != m->nr_cpus - 1 ||
           m->nodes[m->nr_nodes - 1].os_id != m->nr_nodes - 1;
}

static void optional_text(GString *out, const char *key, const char *text)
{
    if (text != NULL) {
        topology_write_text(out, 0, key, text);
    }
}

static void write_cpu_set(GString *out, const char *key, const struct machine *m,
                          const uint64_t *set)
{
    g_autofree uint64_t *outside = bitmap_new(TOPOLOGY_MAX_CPU_ID);
    uint32_t nr = (uint32_t)m->nr_cpus;

    for (uint32_t cpu = bitmap_next(set, nr, 0); cpu < nr; cpu = bitmap_next(set, nr, cpu + 1)) {
        bitmap_set(outside, (uint32_t)m->cpus[cpu].os_id);
    }
    if (!bitmap_empty(outside, TOPOLOGY_MAX_CPU_ID)) {
        g_autofree char *list = bitmap_to_list(outside, TOPOLOGY_MAX_CPU_ID);

        g_string_append_printf(out, "%s: %s\n", key, list);
    }
}

static void write_head(GString *out, const struct machine *m)
{
    g_autofree char *page = units_format(m->page_size_bytes, UNIT_BYTES);

    g_string_append(out, "numasim: topology/1\n");
    optional_text(out, "name", m->name);
    optional_text(out, "description", m->description);
    optional_text(out, "vendor", m->vendor);
    optional_text(out, "model", m->model);
    g_string_append_printf(out, "arch: %s\n", machine_arch_name(m->arch));
    g_string_append(out, m->hybrid ? "hybrid: true\n" : "");
    g_string_append_printf(out, "hz: %d\nreclaim-distance: %d\npage-size: %s\n", m->hz,
                           m->reclaim_distance, page);
    g_string_append(out, is_sparse(m) ? "sparse: true\n" : "");
    write_cpu_set(out, "offline", m, m->offline);
    write_cpu_set(out, "isolated", m, m->isolated);
}

static bool has_cpus(const struct machine *m, int32_t node)
{
    return !bitmap_empty(machine_node_cpus(m, node), (uint32_t)m->nr_cpus);
}

/* The package that an entry states: that of a node with CPUs follows from them. */
static int32_t stated_package(const struct machine *m, int32_t node)
{
    return has_cpus(m, node) ? -1 : m->nodes[node].package;
}

/* Whether one entry can say both nodes. */
static bool nodes_alike(const struct machine *m, int32_t a, int32_t b)
{
    const struct machine_node *x = &m->nodes[a], *y = &m->nodes[b];

    return x->memory_bytes == y->memory_bytes && x->tier == y->tier &&
           g_strcmp0(x->subtype, y->subtype) == 0 && x->side_cache_bytes == y->side_cache_bytes &&
           x->read_bandwidth_bytes_per_s == y->read_bandwidth_bytes_per_s &&
           x->write_bandwidth_bytes_per_s == y->write_bandwidth_bytes_per_s &&
           x->side_cache_bandwidth_bytes_per_s == y->side_cache_bandwidth_bytes_per_s &&
           x->side_cache_miss_ns == y->side_cache_miss_ns && x->full_duplex == y->full_duplex &&
           x->abstract_distance == y->abstract_distance &&
           memcmp(&x->hmat, &y->hmat, sizeof(x->hmat)) == 0 &&
           x->hugetlb_2m_pages == y->hugetlb_2m_pages &&
           x->hugetlb_1g_pages == y->hugetlb_1g_pages &&
           stated_package(m, a) == stated_package(m, b);
}

static void optional_int(struct topology_map *map, const char *key, int64_t value)
{
    if (value > 0) {
        topology_map_add_int(map, key, value);
    }
}

static void optional_quantity(struct topology_map *map, const char *key, int64_t value,
                              enum unit unit)
{
    if (value > 0) {
        topology_map_add_quantity(map, key, value, unit);
    }
}

static void write_nodes(GString *out, const struct machine *m, int32_t first, const char *list)
{
    const struct machine_node *n = &m->nodes[first];
    struct topology_map map;

    topology_map_init(&map);
    topology_map_add_list(&map, "nodes", list);
    topology_map_add_quantity(&map, "size", n->memory_bytes, UNIT_BYTES);
    if (n->tier != TIER_DRAM) {
        topology_map_add(&map, "tier", machine_tier_name(n->tier));
    }
    if (n->subtype != NULL) {
        topology_map_add_text(&map, "subtype", n->subtype);
    }
    if (stated_package(m, first) >= 0) {
        topology_map_add_int(&map, "package", n->package);
    }
    optional_quantity(&map, "side-cache", n->side_cache_bytes, UNIT_BYTES);
    optional_quantity(&map, "side-cache-bandwidth", n->side_cache_bandwidth_bytes_per_s,
                      UNIT_BYTES_PER_S);
    optional_quantity(&map, "side-cache-miss", n->side_cache_miss_ns, UNIT_NS);
    optional_quantity(&map, "read-bandwidth", n->read_bandwidth_bytes_per_s, UNIT_BYTES_PER_S);
    optional_quantity(&map, "write-bandwidth", n->write_bandwidth_bytes_per_s, UNIT_BYTES_PER_S);
    if (n->full_duplex) {
        topology_map_add(&map, "full-duplex", "true");
    }
    if (n->hmat.read_latency_ns > 0) {
        g_autofree char *hmat = topology_hmat_text(&n->hmat);

        topology_map_add(&map, "hmat", hmat);
    }
    optional_int(&map, "abstract-distance", n->abstract_distance);
    optional_int(&map, "hugetlb-2m", n->hugetlb_2m_pages);
    optional_int(&map, "hugetlb-1g", n->hugetlb_1g_pages);
    topology_map_write(&map, out, 2 * TOPOLOGY_INDENT, NULL);
}

static void write_memory(GString *out, const struct machine *m)
{
    g_autofree bool *written = g_new0(bool, (size_t)m->nr_nodes);

    g_string_append(out, "\nmemory:\n  nodes:\n");
    for (int32_t node = 0; node < m->nr_nodes; node++) {
        g_autofree uint64_t *set = bitmap_new(TOPOLOGY_MAX_NODE_ID);
        g_autofree char *list = NULL;

        for (int32_t other = node; !written[node] && other < m->nr_nodes; other++) {
            if (!written[other] && nodes_alike(m, node, other)) {
                bitmap_set(set, (uint32_t)m->nodes[other].os_id);
                written[other] = other != node;
            }
        }
        list = bitmap_to_list(set, TOPOLOGY_MAX_NODE_ID);
        if (!written[node]) {
            write_nodes(out, m, node, list);
        }
        written[node] = true;
    }
    topology_write_source(out, m, MACHINE_MEMORY);
}

static bool is_asymmetric(const struct machine *m)
{
    for (int32_t a = 0; a < m->nr_nodes; a++) {
        for (int32_t b = 0; b < a; b++) {
            if (machine_distance(m, a, b) != machine_distance(m, b, a)) {
                return true;
            }
        }
    }
    return false;
}

/* One row of a matrix: @cells (char *) in brackets. */
static void write_row(GString *out, const GPtrArray *cells)
{
    g_string_append(out, "    - [");
    for (guint i = 0; i < cells->len; i++) {
        g_string_append_printf(out, "%s%s", i > 0 ? ", " : "",
                               (const char *)g_ptr_array_index(cells, i));
    }
    g_string_append(out, "]\n");
}

static void write_distances(GString *out, const struct machine *m)
{
    g_string_append(out, "\ndistances:\n");
    g_string_append(out, is_asymmetric(m) ? "  asymmetric: true\n" : "");
    g_string_append(out, m->irregular_distances ? "  irregular: true\n" : "");
    g_string_append(out, "  matrix:\n");
    for (int32_t from = 0; from < m->nr_nodes; from++) {
        g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);

        for (int32_t to = 0; to < m->nr_nodes; to++) {
            g_ptr_array_add(cells, g_strdup_printf("%d", machine_distance(m, from, to)));
        }
        write_row(out, cells);
    }
    topology_write_source(out, m, MACHINE_DISTANCES);
}

/* `latency` or `bandwidth`: a value for each node with CPUs and each node. */
struct pairs {
    const struct machine *m;
    const int64_t *values;
    enum unit unit;
    int64_t by_distance[NR_DISTANCES]; /* 0: no such distance */
    int32_t nr_distances;
    bool exact; /* by_distance says all */
};

static void sort_by_distance(struct pairs *p)
{
    int32_t n = p->m->nr_nodes;

    p->exact = true;
    for (int32_t from = 0; from < n; from++) {
        for (int32_t to = 0; to < n && has_cpus(p->m, from); to++) {
            int64_t value = p->values[from * n + to];
            int64_t *known = &p->by_distance[machine_distance(p->m, from, to)];

            p->exact = p->exact && value > 0 && (*known == 0 || *known == value);
            p->nr_distances += *known == 0;
            *known = value;
        }
    }
}

/*
 * Whether `rule: distance` says all. Of few distances the values themselves are plainer, and those
 * of one or two may follow the rule by chance.
 */
static bool follows_rule(const struct pairs *p)
{
    int64_t local = p->by_distance[MACHINE_LOCAL_DISTANCE];

    for (int32_t d = 0; d < NR_DISTANCES; d++) {
        uint64_t distance = (uint64_t)MAX(d, 1), by_rule;

        by_rule = p->unit == UNIT_NS ? mul_div_u64((uint64_t)local, distance, 10)
                                     : mul_div_u64((uint64_t)local, 10, distance);
        if (p->by_distance[d] > 0 && p->by_distance[d] != MAX((int64_t)by_rule, 1)) {
            return false;
        }
    }
    return local > 0 && p->nr_distances >= 3;
}

static void write_pair_matrix(GString *out, const struct pairs *p)
{
    int32_t n = p->m->nr_nodes;

    g_string_append(out, "  matrix:\n");
    for (int32_t from = 0; from < n; from++) {
        g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);

        for (int32_t to = 0; to < n && has_cpus(p->m, from); to++) {
            g_ptr_array_add(cells, units_format(p->values[from * n + to], p->unit));
        }
        if (cells->len > 0) {
            write_row(out, cells);
        }
    }
}

static void write_pairs(GString *out, const struct machine *m, const int64_t *values,
                        enum machine_block block, enum unit unit)
{
    struct pairs p = {.m = m, .values = values, .unit = unit};

    sort_by_distance(&p);
    g_string_append_printf(out, "\n%s:\n", machine_block_name(block));
    if (p.exact && follows_rule(&p)) {
        g_autofree char *local = units_format(p.by_distance[MACHINE_LOCAL_DISTANCE], unit);

        g_string_append_printf(out, "  local: %s\n  rule: distance\n", local);
    } else if (p.exact) {
        struct topology_map map;

        topology_map_init(&map);
        for (int32_t d = 0; d < NR_DISTANCES; d++) {
            if (p.by_distance[d] > 0) {
                g_autofree char *key = g_strdup_printf("%d", d);

                topology_map_add_quantity(&map, key, p.by_distance[d], unit);
            }
        }
        topology_map_write(&map, out, TOPOLOGY_INDENT, "by-distance");
    } else {
        write_pair_matrix(out, &p);
    }
    topology_write_source(out, m, block);
}

/* Counts how often each size stands, and keeps the commonest; the first of equals. */
static int64_t commonest(const int64_t *sizes, int32_t nr)
{
    int64_t best = 0;
    int32_t most = 0;

    for (int32_t i = 0; i < nr; i++) {
        int32_t count = 0;

        for (int32_t j = i; j < nr && (i == 0 || sizes[i] != sizes[i - 1]); j++) {
            count += sizes[j] == sizes[i];
        }
        if (count > most) {
            most = count;
            best = sizes[i];
        }
    }
    return best;
}

struct topology_sizes topology_common_sizes(const struct machine *m)
{
    g_autofree int64_t *llcs = g_new(int64_t, (size_t)m->nr_llcs);

    for (int32_t llc = 0; llc < m->nr_llcs; llc++) {
        llcs[llc] = m->llcs[llc].size_bytes;
    }
    return (struct topology_sizes){.l1d_bytes = commonest(m->l1d_bytes, m->nr_cores),
                                   .l2_bytes = commonest(m->l2_bytes, m->nr_l2s),
                                   .llc_bytes = commonest(llcs, m->nr_llcs)};
}

static void write_quantity(GString *out, const char *key, int64_t value, enum unit unit)
{
    g_autofree char *text = units_format(value, unit);

    g_string_append_printf(out, "  %s: %s\n", key, text);
}

static void write_caches(GString *out, const struct machine *m, const struct topology_sizes *sizes)
{
    g_string_append(out, "\ncaches:\n");
    if (sizes->l1d_bytes > 0) {
        write_quantity(out, "l1d", sizes->l1d_bytes, UNIT_BYTES);
    }
    if (sizes->l2_bytes > 0) {
        write_quantity(out, "l2", sizes->l2_bytes, UNIT_BYTES);
    }
    write_quantity(out, "llc", sizes->llc_bytes, UNIT_BYTES);
    write_quantity(out, "line", m->cache_line_bytes, UNIT_BYTES);
    topology_write_source(out, m, MACHINE_CACHES);
}

static void write_frequency(GString *out, const struct machine *m)
{
    g_string_append(out, "\nfrequency:\n");
    write_quantity(out, "nominal", m->core_hz, UNIT_HZ);
    g_string_append(out, m->nr_frequencies > 0 ? "  active:\n" : "");
    for (int32_t i = 0; i < m->nr_frequencies; i++) {
        struct topology_map map;

        topology_map_init(&map);
        topology_map_add_int(&map, "cores", m->frequencies[i].active_cores);
        topology_map_add_quantity(&map, "frequency", m->frequencies[i].hz, UNIT_HZ);
        topology_map_write(&map, out, 2 * TOPOLOGY_INDENT, NULL);
    }
    if (m->nr_frequencies > 0) {
        write_quantity(out, "idle-after", m->frequency_idle_ns, UNIT_NS);
    }
    topology_write_source(out, m, MACHINE_FREQUENCY);
}

static void write_links(GString *out, const struct machine *m)
{
    g_string_append(out, "\nlinks:\n  list:\n");
    for (int32_t i = 0; i < m->nr_links; i++) {
        const struct machine_link *link = &m->links[i];
        struct topology_map map;

        topology_map_init(&map);
        topology_map_add_int(&map, "from", m->nodes[link->from].os_id);
        topology_map_add_int(&map, "to", m->nodes[link->to].os_id);
        topology_map_add_quantity(&map, "bandwidth", link->bandwidth_bytes_per_s, UNIT_BYTES_PER_S);
        if (link->latency_ns > 0) {
            topology_map_add_quantity(&map, "latency", link->latency_ns, UNIT_NS);
        }
        topology_map_write(&map, out, 2 * TOPOLOGY_INDENT, NULL);
    }
    topology_write_source(out, m, MACHINE_LINKS);
}

static void write_reaches(GString *out, const char *key, const int64_t *ns)
{
    struct topology_map map;

    topology_map_init(&map);
    for (int reach = 0; reach < NR_REACHES; reach++) {
        topology_map_add_quantity(&map, machine_reach_name((enum machine_reach)reach), ns[reach],
                                  UNIT_NS);
    }
    topology_map_write(&map, out, TOPOLOGY_INDENT, key);
}

static void write_costs(GString *out, const struct machine *m)
{
    const char *costs = (const char *)&m->costs;

    g_string_append(out, "\ncosts:\n");
    for (const struct yaml_field *f = topology_costs_fields; f->key != NULL; f++) {
        if (f->type == YAML_TYPE_MAP) {
            bool ipi = strcmp(f->key, "wakeup-ipi") == 0;

            write_reaches(out, f->key, ipi ? m->costs.wakeup_ipi_ns : m->costs.migration_ns);
        } else if (f->type == YAML_TYPE_INT || f->type == YAML_TYPE_INT32) {
            const void *member = costs + f->offset;
            int64_t value =
                f->type == YAML_TYPE_INT ? *(const int64_t *)member : *(const int32_t *)member;

            if (f->required || value != 0) {
                write_quantity(out, f->key, value, f->unit);
            }
        }
    }
    g_string_append(out, m->costs_fitted ? "  fitted: true\n" : "");
    topology_write_source(out, m, MACHINE_COSTS);
}

char *topology_write_yaml(const struct machine *m, const GPtrArray *comment)
{
    GString *out = g_string_new(NULL);
    struct topology_sizes sizes = topology_common_sizes(m);

    for (guint i = 0; comment != NULL && i < comment->len; i++) {
        topology_write_comment(out, g_ptr_array_index(comment, i));
    }
    write_head(out, m);
    topology_write_cpus(out, m, &sizes);
    write_memory(out, m);
    write_distances(out, m);
    write_pairs(out, m, m->latency_ns, MACHINE_LATENCY, UNIT_NS);
    if (m->bandwidth_bytes_per_s != NULL) {
        write_pairs(out, m, m->bandwidth_bytes_per_s, MACHINE_BANDWIDTH, UNIT_BYTES_PER_S);
    }
    write_caches(out, m, &sizes);
    if (m->core_hz > 0) {
        write_frequency(out, m);
    }
    if (m->nr_links > 0) {
        write_links(out, m);
    }
    topology_write_load(out, m);
    topology_write_tlb(out, m);
    write_costs(out, m);
    return g_string_free(out, FALSE);
}
