/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-equal.h"

#include <string.h>

#include "base/bitmap.h"

struct pair {
    const struct machine *a, *b;
    uint32_t aspects;
    char *difference; /* the first one, owned */
};

static bool wanted(const struct pair *p, uint32_t aspect)
{
    return p->difference == NULL && (p->aspects & aspect) != 0;
}

static void differ(struct pair *p, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void differ(struct pair *p, const char *format, ...)
{
    va_list args;

    if (p->difference == NULL) {
        va_start(args, format);
        p->difference = g_strdup_vprintf(format, args);
        va_end(args);
    }
}

/* "@what (of @whose @id)": the numbers must be the same. @whose may be NULL. */
static void same_number(struct pair *p, const char *what, const char *whose, int32_t id, int64_t a,
                        int64_t b)
{
    if (a != b) {
        g_autofree char *owner = whose != NULL ? g_strdup_printf(" of %s %d", whose, id) : NULL;

        differ(p, "%s%s: %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT, what,
               owner != NULL ? owner : "", a, b);
    }
}

static void same_text(struct pair *p, const char *what, const char *a, const char *b)
{
    if (g_strcmp0(a, b) != 0) {
        differ(p, "%s: '%s' and '%s'", what, a != NULL ? a : "(none)", b != NULL ? b : "(none)");
    }
}

static void compare_heads(struct pair *p)
{
    const struct machine *a = p->a, *b = p->b;

    same_number(p, "CPUs", NULL, 0, a->nr_cpus, b->nr_cpus);
    same_number(p, "nodes", NULL, 0, a->nr_nodes, b->nr_nodes);
    for (int32_t i = 0; p->difference == NULL && i < a->nr_cpus; i++) {
        same_number(p, "the number outside", "CPU", i, a->cpus[i].os_id, b->cpus[i].os_id);
    }
    for (int32_t i = 0; p->difference == NULL && i < a->nr_nodes; i++) {
        same_number(p, "the number outside", "node", i, a->nodes[i].os_id, b->nodes[i].os_id);
    }
    if (wanted(p, SAME_NAMES)) {
        same_text(p, "name", a->name, b->name);
        same_text(p, "vendor", a->vendor, b->vendor);
        same_text(p, "model", a->model, b->model);
        same_text(p, "description", a->description, b->description);
    }
    if (wanted(p, SAME_ARCH)) {
        same_text(p, "arch", machine_arch_name(a->arch), machine_arch_name(b->arch));
        same_number(p, "hybrid", NULL, 0, a->hybrid, b->hybrid);
    }
    if (wanted(p, SAME_KERNEL)) {
        same_number(p, "HZ", NULL, 0, a->hz, b->hz);
        same_number(p, "reclaim distance", NULL, 0, a->reclaim_distance, b->reclaim_distance);
        same_number(p, "page size", NULL, 0, a->page_size_bytes, b->page_size_bytes);
    }
}

/* In what CPUs belong together. */
static const struct {
    uint32_t aspect;
    const char *name;
    size_t offset; /* in struct machine_cpu */
} kinds[] = {
    {SAME_CORES, "core", offsetof(struct machine_cpu, core)},
    {SAME_CLUSTERS, "cluster", offsetof(struct machine_cpu, cluster)},
    {SAME_L2S, "L2", offsetof(struct machine_cpu, l2)},
    {SAME_LLCS, "LLC", offsetof(struct machine_cpu, llc)},
    {SAME_DIES, "die", offsetof(struct machine_cpu, die)},
    {SAME_PACKAGES, "package", offsetof(struct machine_cpu, package)},
};

static int32_t id_of(const struct machine *m, int32_t cpu, size_t offset)
{
    return *(const int32_t *)(const void *)((const char *)&m->cpus[cpu] + offset);
}

/* The first CPU of @m with the same id as @cpu: what stands for a set when indices do not count. */
static int32_t *firsts(const struct machine *m, size_t offset)
{
    int32_t *first_of_id = g_new(int32_t, (size_t)m->nr_cpus);
    int32_t *first = g_new(int32_t, (size_t)m->nr_cpus);

    memset(first_of_id, 0xff, (size_t)m->nr_cpus * sizeof(*first_of_id));
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        int32_t id = id_of(m, cpu, offset);

        first_of_id[id] = first_of_id[id] >= 0 ? first_of_id[id] : cpu;
        first[cpu] = first_of_id[id];
    }
    g_free(first_of_id);
    return first;
}

static void compare_groups(struct pair *p)
{
    for (size_t k = 0; k < G_N_ELEMENTS(kinds) && p->difference == NULL; k++) {
        size_t offset = kinds[k].offset;
        g_autofree int32_t *a = firsts(p->a, offset), *b = firsts(p->b, offset);

        for (int32_t cpu = 0; wanted(p, kinds[k].aspect) && cpu < p->a->nr_cpus; cpu++) {
            int32_t os_id = p->a->cpus[cpu].os_id;

            if (a[cpu] != b[cpu]) {
                differ(p, "CPU %d shares its %s with CPU %d and with CPU %d", os_id, kinds[k].name,
                       p->a->cpus[a[cpu]].os_id, p->b->cpus[b[cpu]].os_id);
            }
            if (wanted(p, SAME_INDICES)) {
                same_number(p, kinds[k].name, "CPU", os_id, id_of(p->a, cpu, offset),
                            id_of(p->b, cpu, offset));
            }
        }
    }
}

static void compare_cpus(struct pair *p)
{
    for (int32_t i = 0; p->difference == NULL && i < p->a->nr_cpus; i++) {
        const struct machine_cpu *a = &p->a->cpus[i], *b = &p->b->cpus[i];
        int32_t id = a->os_id;

        if (wanted(p, SAME_CORES)) {
            same_number(p, "thread", "CPU", id, a->thread, b->thread);
        }
        if (wanted(p, SAME_CPU_NODES)) {
            same_number(p, "node", "CPU", id, p->a->nodes[a->node].os_id,
                        p->b->nodes[b->node].os_id);
        }
        if (wanted(p, SAME_CAPACITIES)) {
            same_number(p, "capacity", "CPU", id, a->capacity, b->capacity);
            same_number(p, "priority", "CPU", id, a->priority, b->priority);
        }
        if (wanted(p, SAME_CACHE_SIZES)) {
            same_number(p, "L1d", "CPU", id, p->a->l1d_bytes[a->core], p->b->l1d_bytes[b->core]);
            same_number(p, "L2", "CPU", id, p->a->l2_bytes[a->l2], p->b->l2_bytes[b->l2]);
            same_number(p, "LLC bytes", "CPU", id, p->a->llcs[a->llc].size_bytes,
                        p->b->llcs[b->llc].size_bytes);
        }
        if (wanted(p, SAME_OFFLINE)) {
            same_number(p, "offline", "CPU", id, bitmap_test(p->a->offline, (uint32_t)i),
                        bitmap_test(p->b->offline, (uint32_t)i));
        }
        if (wanted(p, SAME_ISOLATED)) {
            same_number(p, "isolated", "CPU", id, bitmap_test(p->a->isolated, (uint32_t)i),
                        bitmap_test(p->b->isolated, (uint32_t)i));
        }
    }
    if (wanted(p, SAME_CACHE_LINE)) {
        same_number(p, "cache line", NULL, 0, p->a->cache_line_bytes, p->b->cache_line_bytes);
    }
}

static void compare_nodes(struct pair *p)
{
    for (int32_t i = 0; p->difference == NULL && i < p->a->nr_nodes; i++) {
        const struct machine_node *a = &p->a->nodes[i], *b = &p->b->nodes[i];
        int32_t id = a->os_id;

        if (wanted(p, SAME_MEMORY)) {
            same_number(p, "memory", "node", id, a->memory_bytes, b->memory_bytes);
        }
        if (wanted(p, SAME_TIERS)) {
            same_number(p, "tier", "node", id, (int64_t)a->tier, (int64_t)b->tier);
        }
        if (wanted(p, SAME_SUBTYPES)) {
            same_text(p, "subtype", a->subtype, b->subtype);
        }
        if (wanted(p, SAME_SIDE_CACHES)) {
            same_number(p, "side cache", "node", id, a->side_cache_bytes, b->side_cache_bytes);
        }
        if (wanted(p, SAME_NODE_PACKAGES)) {
            same_number(p, "package", "node", id, a->package, b->package);
        }
        if (wanted(p, SAME_NODE_BANDWIDTHS)) {
            same_number(p, "read bandwidth", "node", id, a->read_bandwidth_bytes_per_s,
                        b->read_bandwidth_bytes_per_s);
            same_number(p, "write bandwidth", "node", id, a->write_bandwidth_bytes_per_s,
                        b->write_bandwidth_bytes_per_s);
            same_number(p, "full duplex", "node", id, a->full_duplex, b->full_duplex);
        }
        if (wanted(p, SAME_LOAD)) {
            same_number(p, "side cache bandwidth", "node", id, a->side_cache_bandwidth_bytes_per_s,
                        b->side_cache_bandwidth_bytes_per_s);
            same_number(p, "side cache miss", "node", id, a->side_cache_miss_ns,
                        b->side_cache_miss_ns);
            same_number(p, "abstract distance", "node", id, a->abstract_distance,
                        b->abstract_distance);
            same_number(p, "HMAT", "node", id, memcmp(&a->hmat, &b->hmat, sizeof(a->hmat)), 0);
        }
        if (wanted(p, SAME_HUGETLB)) {
            same_number(p, "2M pages", "node", id, a->hugetlb_2m_pages, b->hugetlb_2m_pages);
            same_number(p, "1G pages", "node", id, a->hugetlb_1g_pages, b->hugetlb_1g_pages);
        }
    }
}

/* @values may be NULL: all 0. */
static int64_t cell(const int64_t *values, int32_t at)
{
    return values != NULL ? values[at] : 0;
}

static void compare_matrices(struct pair *p)
{
    int32_t n = p->a->nr_nodes, nr_cpus = p->a->nr_cpus;

    if (wanted(p, SAME_DISTANCES)) {
        same_number(p, "irregular", NULL, 0, p->a->irregular_distances, p->b->irregular_distances);
    }
    for (int32_t at = 0; p->difference == NULL && at < n * n; at++) {
        int32_t from = at / n;
        bool cpus = !bitmap_empty(machine_node_cpus(p->a, from), (uint32_t)nr_cpus);
        g_autofree char *to = g_strdup_printf("to node %d", p->a->nodes[at % n].os_id);
        int32_t id = p->a->nodes[from].os_id;

        if (wanted(p, SAME_DISTANCES) && p->a->distances[at] != p->b->distances[at]) {
            differ(p, "the distance from node %d %s: %d and %d", id, to, p->a->distances[at],
                   p->b->distances[at]);
        }
        if (cpus && wanted(p, SAME_LATENCY)) {
            g_autofree char *what = g_strconcat("the latency ", to, NULL);

            same_number(p, what, "node", id, p->a->latency_ns[at], p->b->latency_ns[at]);
        }
        if (cpus && wanted(p, SAME_BANDWIDTH)) {
            g_autofree char *what = g_strconcat("the bandwidth ", to, NULL);

            same_number(p, what, "node", id, cell(p->a->bandwidth_bytes_per_s, at),
                        cell(p->b->bandwidth_bytes_per_s, at));
        }
    }
}

static void compare_frequencies(struct pair *p)
{
    same_number(p, "frequency", NULL, 0, p->a->core_hz, p->b->core_hz);
    same_number(p, "idle-after", NULL, 0, p->a->frequency_idle_ns, p->b->frequency_idle_ns);
    same_number(p, "frequency steps", NULL, 0, p->a->nr_frequencies, p->b->nr_frequencies);
    for (int32_t i = 0; p->difference == NULL && i < p->a->nr_frequencies; i++) {
        const struct machine_frequency *a = &p->a->frequencies[i], *b = &p->b->frequencies[i];

        same_number(p, "cores", "step", i, a->active_cores, b->active_cores);
        same_number(p, "Hz", "step", i, a->hz, b->hz);
    }
}

static void compare_links(struct pair *p)
{
    same_number(p, "links", NULL, 0, p->a->nr_links, p->b->nr_links);
    for (int32_t i = 0; p->difference == NULL && i < p->a->nr_links; i++) {
        const struct machine_link *a = &p->a->links[i], *b = &p->b->links[i];

        same_number(p, "start", "link", i, a->from, b->from);
        same_number(p, "end", "link", i, a->to, b->to);
        same_number(p, "bandwidth", "link", i, a->bandwidth_bytes_per_s, b->bandwidth_bytes_per_s);
        same_number(p, "latency", "link", i, a->latency_ns, b->latency_ns);
    }
}

/* Curves, LLC bandwidth and TLB. */
static void compare_load(struct pair *p)
{
    const struct machine_tlb *a = &p->a->tlb, *b = &p->b->tlb;

    for (int tier = 0; p->difference == NULL && tier < NR_TIERS; tier++) {
        const struct machine_curve *x = &p->a->curves[tier], *y = &p->b->curves[tier];

        same_number(p, "points", "tier", tier, x->nr_points, y->nr_points);
        for (int32_t i = 0; p->difference == NULL && i < x->nr_points; i++) {
            same_number(p, "use", "point", i, x->points[i].utilisation_ppm,
                        y->points[i].utilisation_ppm);
            same_number(p, "factor", "point", i, x->points[i].factor_ppm, y->points[i].factor_ppm);
        }
    }
    same_number(p, "LLC bandwidth", NULL, 0, p->a->llcs[0].bandwidth_bytes_per_s,
                p->b->llcs[0].bandwidth_bytes_per_s);
    same_number(p, "full queues", NULL, 0, p->a->full_queues, p->b->full_queues);
    same_number(p, "TLB entries", NULL, 0, a->entries_base, b->entries_base);
    same_number(p, "TLB entries of 2 MiB", NULL, 0, a->entries_2m, b->entries_2m);
    same_number(p, "TLB entries of 1 GiB", NULL, 0, a->entries_1g, b->entries_1g);
    same_number(p, "TLB walk", NULL, 0, a->walk_ns, b->walk_ns);
}

static void compare_costs(struct pair *p)
{
    static const struct {
        const char *name;
        size_t offset;
    } rows[] = {
#define COST(member) {#member, offsetof(struct machine_costs, member)}
        COST(context_switch_ns),
        COST(wakeup_ns),
        COST(idle_exit_ns),
        COST(resched_ns),
        COST(fork_ns),
        COST(exit_ns),
        COST(tick_ns),
        COST(balance_pass_ns),
        COST(balance_cpu_ns),
        COST(page_fault_ns),
        COST(page_move_ns),
        COST(page_zero_bytes_per_s),
        COST(hint_fault_ns),
        COST(page_move_bytes_per_s),
        COST(pte_scan_ns),
        COST(tlb_shootdown_ns),
        COST(tlb_shootdown_cpu_ns),
#undef COST
    };
    const struct machine_costs *a = &p->a->costs, *b = &p->b->costs;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        same_number(p, rows[i].name, NULL, 0,
                    *(const int64_t *)(const void *)((const char *)a + rows[i].offset),
                    *(const int64_t *)(const void *)((const char *)b + rows[i].offset));
    }
    for (int32_t reach = 0; reach < NR_REACHES; reach++) {
        same_number(p, "wakeup IPI", "reach", reach, a->wakeup_ipi_ns[reach],
                    b->wakeup_ipi_ns[reach]);
        same_number(p, "migration", "reach", reach, a->migration_ns[reach], b->migration_ns[reach]);
    }
    same_number(p, "SMT pace", NULL, 0, a->smt_pace_ppm, b->smt_pace_ppm);
    same_number(p, "costs fitted", NULL, 0, p->a->costs_fitted, p->b->costs_fitted);
}

bool machine_equal(const struct machine *a, const struct machine *b, uint32_t aspects,
                   char **ret_difference)
{
    struct pair p = {.a = a, .b = b, .aspects = aspects};

    compare_heads(&p);
    compare_groups(&p);
    compare_cpus(&p);
    compare_nodes(&p);
    compare_matrices(&p);
    if (wanted(&p, SAME_FREQUENCY)) {
        compare_frequencies(&p);
    }
    if (wanted(&p, SAME_LINKS)) {
        compare_links(&p);
    }
    if (wanted(&p, SAME_LOAD)) {
        compare_load(&p);
    }
    if (wanted(&p, SAME_COSTS)) {
        compare_costs(&p);
    }
    for (int block = 0; wanted(&p, SAME_SOURCES) && block < NR_MACHINE_BLOCKS; block++) {
        same_text(&p, machine_block_name((enum machine_block)block), a->block_sources[block],
                  b->block_sources[block]);
    }
    if (p.difference == NULL) {
        return true;
    }
    if (ret_difference != NULL) {
        *ret_difference = p.difference;
    } else {
        g_free(p.difference);
    }
    return false;
}

void machine_assert_equal(const struct machine *a, const struct machine *b, uint32_t aspects)
{
    g_autofree char *difference = NULL;

    if (!machine_equal(a, b, aspects, &difference)) {
        g_error("the machines differ: %s", difference);
    }
}
