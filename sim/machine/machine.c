/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machines: life, derivation of CPU sets, invariants, and relations between CPUs and nodes. */
#include "machine/machine.h"

#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"

/*
 * What a CPU belongs to: the ids are found in struct machine_cpu, their number and derived sets in
 * struct machine. One row each, so that counting, checking and building sets are one loop.
 */
struct group_kind {
    const char *name;
    size_t id_offset;    /* in struct machine_cpu */
    size_t count_offset; /* in struct machine */
    size_t sets_offset;  /* in struct machine; 0: no derived sets */
};

#define GROUP(label, count, sets)                                                                  \
    {                                                                                              \
        .name = #label, .id_offset = offsetof(struct machine_cpu, label),                          \
        .count_offset = offsetof(struct machine, count),                                           \
        .sets_offset = offsetof(struct machine, sets)                                              \
    }

enum { KIND_CORE, KIND_CLUSTER, KIND_L2, KIND_LLC, KIND_DIE, KIND_PACKAGE, KIND_NODE, NR_KINDS };

static const struct group_kind group_kinds[NR_KINDS] = {
    [KIND_CORE] = GROUP(core, nr_cores, core_cpus),
    [KIND_CLUSTER] = GROUP(cluster, nr_clusters, cluster_cpus),
    [KIND_L2] = {.name = "l2",
                 .id_offset = offsetof(struct machine_cpu, l2),
                 .count_offset = offsetof(struct machine, nr_l2s)},
    [KIND_LLC] = GROUP(llc, nr_llcs, llc_cpus),
    [KIND_DIE] = GROUP(die, nr_dies, die_cpus),
    [KIND_PACKAGE] = GROUP(package, nr_packages, package_cpus),
    [KIND_NODE] = GROUP(node, nr_nodes, node_cpus),
};

/* "All CPUs of one @inner are in one @outer." An LLC or a die may span nodes, and a node several
 * LLCs, dies, or packages (memory interleaved over sockets), so none of those contains the other. */
static const struct {
    int inner, outer;
} containments[] = {
    {KIND_CORE, KIND_CLUSTER}, {KIND_CORE, KIND_L2},      {KIND_CORE, KIND_LLC},
    {KIND_CORE, KIND_DIE},     {KIND_CORE, KIND_NODE},    {KIND_L2, KIND_LLC},
    {KIND_CLUSTER, KIND_LLC},  {KIND_CLUSTER, KIND_NODE}, {KIND_LLC, KIND_PACKAGE},
    {KIND_DIE, KIND_PACKAGE},
};

static int32_t group_id(const struct machine_cpu *cpu, const struct group_kind *kind)
{
    return *(const int32_t *)(const void *)((const char *)cpu + kind->id_offset);
}

static int32_t group_count(const struct machine *m, const struct group_kind *kind)
{
    return *(const int32_t *)(const void *)((const char *)m + kind->count_offset);
}

const char *machine_tier_name(enum machine_tier tier)
{
    static const char *const names[NR_TIERS] = {
        [TIER_HBM] = "HBM", [TIER_DRAM] = "DRAM", [TIER_CXL] = "CXL", [TIER_PMEM] = "PMEM"};

    return names[tier];
}

const char *machine_arch_name(enum machine_arch arch)
{
    static const char *const names[NR_ARCHS] = {[ARCH_X86_64] = "x86_64",
                                                [ARCH_ARM64] = "aarch64",
                                                [ARCH_PPC64] = "ppc64le",
                                                [ARCH_IA64] = "ia64",
                                                [ARCH_RISCV64] = "riscv64"};

    return names[arch];
}

const char *machine_reach_name(enum machine_reach reach)
{
    static const char *const names[NR_REACHES] = {
        [REACH_SELF] = "self", [REACH_CORE] = "core",       [REACH_LLC] = "llc",
        [REACH_NODE] = "node", [REACH_PACKAGE] = "package", [REACH_REMOTE] = "remote"};

    return names[reach];
}

const char *machine_block_name(enum machine_block block)
{
    static const char *const names[NR_MACHINE_BLOCKS] = {
        [MACHINE_CPUS] = "cpus",           [MACHINE_MEMORY] = "memory",
        [MACHINE_DISTANCES] = "distances", [MACHINE_LATENCY] = "latency",
        [MACHINE_BANDWIDTH] = "bandwidth", [MACHINE_CACHES] = "caches",
        [MACHINE_FREQUENCY] = "frequency", [MACHINE_LINKS] = "links",
        [MACHINE_LOAD] = "load",           [MACHINE_TLB] = "tlb",
        [MACHINE_COSTS] = "costs"};

    return names[block];
}

struct machine *machine_new(void)
{
    struct machine *m = g_new0(struct machine, 1);

    m->hz = 250;
    m->reclaim_distance = 30;
    m->page_size_bytes = 4096;
    m->cache_line_bytes = 64;
    m->online_all = true;
    m->costs.smt_pace_ppm = 1000000;
    return m;
}

void machine_free(struct machine *m)
{
    if (m == NULL) {
        return;
    }
    g_free(m->name);
    g_free(m->vendor);
    g_free(m->model);
    g_free(m->description);
    g_free(m->cpus);
    g_free(m->llcs);
    g_free(m->l1d_bytes);
    g_free(m->l2_bytes);
    for (int32_t node = 0; m->nodes != NULL && node < m->nr_nodes; node++) {
        g_free(m->nodes[node].subtype);
    }
    g_free(m->nodes);
    g_free(m->distances);
    g_free(m->latency_ns);
    g_free(m->bandwidth_bytes_per_s);
    g_free(m->frequencies);
    g_free(m->links);
    for (int tier = 0; tier < NR_TIERS; tier++) {
        g_free(m->curves[tier].points);
    }
    g_free(m->offline);
    g_free(m->isolated);
    g_strfreev(m->sources);
    g_free(m->input_digest);
    for (int block = 0; block < NR_MACHINE_BLOCKS; block++) {
        g_free(m->block_sources[block]);
    }
    for (int k = 0; k < NR_KINDS; k++) {
        if (group_kinds[k].sets_offset != 0) {
            g_free(*(uint64_t **)(void *)((char *)m + group_kinds[k].sets_offset));
        }
    }
    g_free(m);
}

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool fail(GError **error, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, message);
    return false;
}

static bool check_counts(const struct machine *m, GError **error)
{
    if (m->nr_cpus < 1 || m->nr_cpus > MACHINE_MAX_CPUS) {
        return fail(error, "the machine has %d CPUs; expected 1..%d", m->nr_cpus, MACHINE_MAX_CPUS);
    }
    if (m->nr_nodes < 1 || m->nr_nodes > MACHINE_MAX_NODES) {
        return fail(error, "the machine has %d nodes; expected 1..%d", m->nr_nodes,
                    MACHINE_MAX_NODES);
    }
    for (int k = 0; k < NR_KINDS; k++) {
        const struct group_kind *kind = &group_kinds[k];
        int32_t count = group_count(m, kind);

        if (k != KIND_NODE && (count < 1 || count > m->nr_cpus)) {
            return fail(error, "the machine has %d of '%s'; expected 1..%d", count, kind->name,
                        m->nr_cpus);
        }
        for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
            int32_t id = group_id(&m->cpus[cpu], kind);

            if (id < 0 || id >= count) {
                return fail(error, "CPU %d is on %s %d; expected 0..%d", m->cpus[cpu].os_id,
                            kind->name, id, count - 1);
            }
        }
    }
    return true;
}

/* Every id below the count must have a CPU, except nodes: those may be memory alone. */
static bool check_populated(const struct machine *m, GError **error)
{
    for (int k = 0; k < NR_KINDS; k++) {
        const struct group_kind *kind = &group_kinds[k];
        int32_t count = group_count(m, kind);
        g_autofree uint64_t *seen = bitmap_new((uint32_t)count);
        uint32_t hole;

        for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
            bitmap_set(seen, (uint32_t)group_id(&m->cpus[cpu], kind));
        }
        if (k == KIND_NODE) {
            continue;
        }
        for (hole = 0; hole < (uint32_t)count && bitmap_test(seen, hole); hole++) {
        }
        if (hole < (uint32_t)count) {
            return fail(error, "%s %u has no CPU; expected %s numbers without gaps", kind->name,
                        hole, kind->name);
        }
    }
    return true;
}

static bool check_containment(const struct machine *m, GError **error)
{
    for (size_t c = 0; c < G_N_ELEMENTS(containments); c++) {
        const struct group_kind *inner = &group_kinds[containments[c].inner];
        const struct group_kind *outer = &group_kinds[containments[c].outer];
        int32_t count = group_count(m, inner);
        g_autofree int32_t *first = g_new(int32_t, (size_t)count);

        memset(first, 0xff, (size_t)count * sizeof(*first));
        for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
            int32_t in = group_id(&m->cpus[cpu], inner), out = group_id(&m->cpus[cpu], outer);

            if (first[in] >= 0 && first[in] != out) {
                return fail(error, "%s %d is in %s %d and, by CPU %d, in %s %d; expected one",
                            inner->name, in, outer->name, first[in], m->cpus[cpu].os_id,
                            outer->name, out);
            }
            first[in] = out;
        }
    }
    return true;
}

static bool check_distances(const struct machine *m, GError **error)
{
    for (int32_t from = 0; from < m->nr_nodes; from++) {
        for (int32_t to = 0; to < m->nr_nodes; to++) {
            int32_t d = machine_distance(m, from, to);
            bool regular =
                from == to ? d == MACHINE_LOCAL_DISTANCE : d > MACHINE_LOCAL_DISTANCE && d <= 255;

            if (m->irregular_distances ? d < 0 || d > 255 : !regular) {
                return fail(error, "the distance from node %d to node %d is %d; expected %s",
                            m->nodes[from].os_id, m->nodes[to].os_id, d,
                            m->irregular_distances ? "0..255"
                            : from == to           ? "10"
                                                   : "11..255");
            }
        }
    }
    return true;
}

static bool check_speeds(const struct machine *m, GError **error)
{
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        const struct machine_cpu *c = &m->cpus[cpu];

        if (c->capacity < 1 || c->capacity > 1024) {
            return fail(error, "CPU %d has capacity %d; expected 1..1024", c->os_id, c->capacity);
        }
        for (int32_t to = 0; to < m->nr_nodes; to++) {
            if (machine_latency_ns(m, c->node, to) <= 0) {
                return fail(error, "the latency from node %d to node %d is not positive",
                            m->nodes[c->node].os_id, m->nodes[to].os_id);
            }
        }
    }
    return true;
}

static bool check_memory(const struct machine *m, GError **error)
{
    int64_t total = 0;

    for (int32_t node = 0; node < m->nr_nodes; node++) {
        const struct machine_node *n = &m->nodes[node];

        if (n->memory_bytes < 0 || n->side_cache_bytes < 0 ||
            __builtin_add_overflow(total, n->memory_bytes, &total)) {
            return fail(error, "node %d: the memory is negative, or all nodes' beyond 8 EiB",
                        n->os_id);
        }
        if (n->package < -1 || n->package >= m->nr_packages) {
            return fail(error, "node %d hangs on package %d; expected -1..%d", n->os_id, n->package,
                        m->nr_packages - 1);
        }
    }
    return total > 0 ? true : fail(error, "no node has memory; expected one that has");
}

static void derive_sets(struct machine *m)
{
    uint32_t words = BITMAP_WORDS(m->nr_cpus);

    for (int k = 0; k < NR_KINDS; k++) {
        const struct group_kind *kind = &group_kinds[k];
        uint64_t **sets;

        if (kind->sets_offset == 0) {
            continue;
        }
        sets = (uint64_t **)(void *)((char *)m + kind->sets_offset);
        g_free(*sets);
        *sets = g_new0(uint64_t, (size_t)group_count(m, kind) * words);
        for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
            uint64_t *set = *sets + (size_t)group_id(&m->cpus[cpu], kind) * words;

            bitmap_set(set, (uint32_t)cpu);
        }
    }
}

static void derive_numbers(struct machine *m)
{
    g_autofree int32_t *threads = g_new0(int32_t, (size_t)m->nr_cores);
    g_autofree int32_t *package_node = g_new(int32_t, (size_t)m->nr_packages);
    g_autofree bool *stated = g_new0(bool, (size_t)m->nr_nodes);

    memset(package_node, 0xff, (size_t)m->nr_packages * sizeof(*package_node));
    m->numa_in_package = false;
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        struct machine_cpu *c = &m->cpus[cpu];

        c->thread = threads[c->core]++;
        m->nodes[c->node].package =
            stated[c->node] && m->nodes[c->node].package != c->package ? -1 : c->package;
        stated[c->node] = true;
        if (package_node[c->package] >= 0 && package_node[c->package] != c->node) {
            m->numa_in_package = true;
        }
        package_node[c->package] = c->node;
    }
    if (m->offline == NULL) {
        m->offline = bitmap_new((uint32_t)m->nr_cpus);
    }
    if (m->isolated == NULL) {
        m->isolated = bitmap_new((uint32_t)m->nr_cpus);
    }
    m->online_all = bitmap_empty(m->offline, (uint32_t)m->nr_cpus);
}

bool machine_finish(struct machine *m, GError **error)
{
    if (!check_counts(m, error) || !check_populated(m, error) || !check_containment(m, error) ||
        !check_distances(m, error) || !check_speeds(m, error) || !check_memory(m, error)) {
        return false;
    }
    derive_sets(m);
    derive_numbers(m);
    if (m->l1d_bytes == NULL) {
        m->l1d_bytes = g_new0(int64_t, (size_t)m->nr_cores);
    }
    if (m->l2_bytes == NULL) {
        m->l2_bytes = g_new0(int64_t, (size_t)m->nr_l2s);
    }
    if (bitmap_weight(m->offline, (uint32_t)m->nr_cpus) == (uint32_t)m->nr_cpus) {
        return fail(error, "every CPU is offline; expected one online");
    }
    return true;
}

enum machine_reach machine_reach(const struct machine *m, int32_t a, int32_t b)
{
    const struct machine_cpu *x = &m->cpus[a], *y = &m->cpus[b];

    if (a == b) {
        return REACH_SELF;
    }
    if (x->core == y->core) {
        return REACH_CORE;
    }
    if (x->llc == y->llc) {
        return REACH_LLC;
    }
    if (x->package != y->package) {
        return REACH_REMOTE;
    }
    return x->node == y->node ? REACH_NODE : REACH_PACKAGE;
}

static const uint64_t *set_of(const struct machine *m, const uint64_t *sets, int32_t id)
{
    return sets + (size_t)id * BITMAP_WORDS(m->nr_cpus);
}

const uint64_t *machine_core_cpus(const struct machine *m, int32_t core)
{
    return set_of(m, m->core_cpus, core);
}

const uint64_t *machine_cluster_cpus(const struct machine *m, int32_t cluster)
{
    return set_of(m, m->cluster_cpus, cluster);
}

const uint64_t *machine_llc_cpus(const struct machine *m, int32_t llc)
{
    return set_of(m, m->llc_cpus, llc);
}

const uint64_t *machine_package_cpus(const struct machine *m, int32_t package)
{
    return set_of(m, m->package_cpus, package);
}

const uint64_t *machine_node_cpus(const struct machine *m, int32_t node)
{
    return set_of(m, m->node_cpus, node);
}

/*
 * One zonelist as mm/page_alloc.c: build_zonelists() makes it: the local node first, then always
 * the unused memory node of least penalty. @load spreads the first choice at each new distance
 * over nodes that are equally far; it is shared by all nodes' lists, which are made in node order.
 */
static int32_t build_fallback(const struct machine *m, int32_t local, int32_t *load, int32_t *order)
{
    enum { MAX_NUMNODES = 1024 }; /* 1 << CONFIG_NODES_SHIFT, 10 on x86-64 distributions */
    g_autofree bool *used = g_new0(bool, (size_t)m->nr_nodes);
    int32_t nr = 0, previous = local;

    for (;;) {
        int32_t best = -1;
        int64_t best_penalty = INT64_MAX;

        if (!used[local] && m->nodes[local].memory_bytes > 0) {
            best = local;
        }
        for (int32_t n = 0; best != local && n < m->nr_nodes; n++) {
            bool has_cpus = !bitmap_empty(machine_node_cpus(m, n), (uint32_t)m->nr_cpus);
            int64_t penalty = machine_distance(m, local, n) + (n < local) + has_cpus;

            penalty = penalty * MAX_NUMNODES + load[n];
            if (!used[n] && m->nodes[n].memory_bytes > 0 && penalty < best_penalty) {
                best = n;
                best_penalty = penalty;
            }
        }
        if (best < 0) {
            return nr;
        }
        if (machine_distance(m, local, best) != machine_distance(m, local, previous)) {
            load[best]++;
        }
        used[best] = true;
        order[nr++] = best;
        previous = best;
    }
}

void machine_fallback_order(const struct machine *m, int32_t node, int32_t *order)
{
    g_autofree int32_t *load = g_new0(int32_t, (size_t)m->nr_nodes);
    int32_t nr = 0;

    for (int32_t local = 0; local <= node; local++) {
        nr = build_fallback(m, local, load, order);
    }
    for (int32_t n = 0; n < m->nr_nodes; n++) {
        if (m->nodes[n].memory_bytes <= 0) {
            order[nr++] = n;
        }
    }
}
