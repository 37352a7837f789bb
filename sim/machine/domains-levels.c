/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The topology table: which CPU sets the architecture names (kernel/sched/topology.c:
 * default_topology; arch/x86/kernel/smpboot.c; drivers/base/arch_topology.c) and which the
 * distances add (sched_init_numa()). Nodes count only if they have an online CPU.
 */
#include "base/bitmap.h"
#include "machine/domains-internal.h"

enum { MAX_ARCH_LEVELS = 4, MAX_DISTANCE = 256 };

/* For each CPU: the present CPUs that have the same @group_of. */
static void level_mask_by_group(struct builder *b, struct topo_level *level,
                                const int64_t *group_of)
{
    g_autoptr(GHashTable) sets = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    uint32_t cpu;

    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        uint64_t *set;

        if (!bitmap_test(b->present, cpu)) {
            continue;
        }
        set = g_hash_table_lookup(sets, &group_of[cpu]);
        if (!set) {
            set = bitmap_new(b->nr_cpus);
            g_hash_table_insert(sets, (gpointer)(uintptr_t)&group_of[cpu], set);
        }
        bitmap_set(set, cpu);
    }
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        if (bitmap_test(b->present, cpu)) {
            level->mask[cpu] =
                span_intern(&b->store->spans, g_hash_table_lookup(sets, &group_of[cpu]));
        }
    }
}

static struct topo_level *add_level(struct builder *b, const char *name, uint32_t flags)
{
    struct topo_level *level = &b->levels[b->nr_levels++];

    level->name = name;
    level->flags = flags;
    level->mask = g_new0(const struct span *, b->nr_cpus);
    return level;
}

/* Which index of a CPU a level groups by. */
enum group_by { BY_CORE, BY_L2, BY_CLUSTER, BY_LLC, BY_PACKAGE, BY_NODE };

static int32_t cpu_index(const struct machine_cpu *cpu, enum group_by by)
{
    switch (by) {
    case BY_CORE:
        return cpu->core;
    case BY_L2:
        return cpu->l2;
    case BY_CLUSTER:
        return cpu->cluster;
    case BY_LLC:
        return cpu->llc;
    case BY_PACKAGE:
        return cpu->package;
    case BY_NODE:
        break;
    }
    return cpu->node;
}

/* Fills @level with the CPUs that share @by, never across nodes if @within_node. */
static void level_mask_by(struct builder *b, struct topo_level *level, enum group_by by,
                          bool within_node)
{
    g_autofree int64_t *group_of = g_new(int64_t, b->nr_cpus);
    uint32_t cpu;

    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        const struct machine_cpu *c = &b->m->cpus[cpu];

        group_of[cpu] = (int64_t)cpu_index(c, by) * MACHINE_MAX_NODES + (within_node ? c->node : 0);
    }
    level_mask_by_group(b, level, group_of);
}

/* True iff the firmware ranks CPUs differently, which is when x86 turns ITMT on. */
static bool cpus_ranked(const struct builder *b)
{
    uint32_t cpu;

    for (cpu = 1; cpu < b->nr_cpus; cpu++) {
        if (b->m->cpus[cpu].priority != b->m->cpus[0].priority) {
            return true;
        }
    }
    return false;
}

static bool has_smt(const struct builder *b)
{
    uint32_t cpu;

    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        if (b->m->cpus[cpu].thread > 0) {
            return true;
        }
    }
    return false;
}

/*
 * smpboot.c: match_smt(), match_l2c(), match_llc(): nothing is shared across nodes, because
 * topology_sane() and the SNC case refuse it. PKG is the node, and is left out where a package
 * holds several nodes. ITMT flags: x86_smt_flags() of 6.1, x86_die_flags() of 6.12.
 */
static void add_x86_levels(struct builder *b, uint32_t cluster_flags)
{
    const uint32_t itmt = cpus_ranked(b) ? SD_ASYM_PACKING : 0;
    const bool old = b->release == KERNEL_6_1;

    if (b->release < KERNEL_7_3 || has_smt(b)) {
        level_mask_by(b,
                      add_level(b, "SMT", SD_SHARE_CPUCAPACITY | SD_SHARE_LLC | (old ? itmt : 0)),
                      BY_CORE, true);
    }
    level_mask_by(b, add_level(b, "CLS", cluster_flags | itmt), BY_L2, true);
    level_mask_by(b, add_level(b, "MC", SD_SHARE_LLC | itmt), BY_LLC, true);
    if (!b->m->numa_in_package) {
        level_mask_by(b, add_level(b, old ? "DIE" : "PKG", old ? 0 : itmt), BY_NODE, false);
    }
}

/*
 * arch_topology.c: cpu_coregroup_mask() is the smallest of node, package and LLC, but at least
 * the cluster; a cluster that is not smaller than that shrinks to the core.
 */
static void fit_generic_masks(struct builder *b, struct topo_level *cls, struct topo_level *mc,
                              const struct topo_level *smt)
{
    struct topo_level node = {.mask = g_new0(const struct span *, b->nr_cpus)};
    struct topo_level package = {.mask = g_new0(const struct span *, b->nr_cpus)};
    uint32_t cpu;

    level_mask_by(b, &node, BY_NODE, false);
    level_mask_by(b, &package, BY_PACKAGE, false);
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        const struct span *group = node.mask[cpu], *llc = mc->mask[cpu];

        if (!group) {
            continue;
        }
        if (bitmap_subset(package.mask[cpu]->map, group->map, b->nr_cpus)) {
            group = package.mask[cpu];
        }
        if (bitmap_subset(llc->map, group->map, b->nr_cpus)) {
            group = llc;
        }
        if (bitmap_subset(group->map, cls->mask[cpu]->map, b->nr_cpus)) {
            group = cls->mask[cpu];
            cls->mask[cpu] = smt->mask[cpu];
        }
        mc->mask[cpu] = group;
    }
    g_free(node.mask);
    g_free(package.mask);
}

static void add_generic_levels(struct builder *b, uint32_t cluster_flags)
{
    struct topo_level *smt, *cls, *mc;

    smt = add_level(b, "SMT", SD_SHARE_CPUCAPACITY | SD_SHARE_LLC);
    level_mask_by(b, smt, BY_CORE, false);
    cls = add_level(b, "CLS", cluster_flags);
    level_mask_by(b, cls, BY_CLUSTER, false);
    mc = add_level(b, "MC", SD_SHARE_LLC);
    level_mask_by(b, mc, BY_LLC, false);
    fit_generic_masks(b, cls, mc, smt);
    level_mask_by(b, add_level(b, b->release == KERNEL_6_1 ? "DIE" : "PKG", 0), BY_NODE, false);
}

/* Nodes that have an online CPU (N_CPU). */
static uint64_t *cpu_nodes(const struct builder *b)
{
    uint64_t *nodes = bitmap_new((uint32_t)b->m->nr_nodes);
    uint32_t cpu;

    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        if (bitmap_test(b->online, cpu)) {
            bitmap_set(nodes, (uint32_t)b->m->cpus[cpu].node);
        }
    }
    return nodes;
}

/*
 * The distinct distances between nodes of @nodes, ascending, in sds->numa_levels. False, with
 * none, if one lies outside 10..255: then the kernel adds no NUMA level at all.
 */
static bool find_distances(struct builder *b, const uint64_t *nodes)
{
    const uint32_t n = (uint32_t)b->m->nr_nodes;
    uint64_t seen[BITMAP_WORDS(MAX_DISTANCE)] = {0};
    uint32_t i, j, nr = 0;

    for (i = bitmap_next(nodes, n, 0); i < n; i = bitmap_next(nodes, n, i + 1)) {
        for (j = bitmap_next(nodes, n, 0); j < n; j = bitmap_next(nodes, n, j + 1)) {
            int32_t distance = machine_distance(b->m, (int32_t)i, (int32_t)j);

            if (distance < MACHINE_LOCAL_DISTANCE || distance >= MAX_DISTANCE) {
                return false;
            }
            bitmap_set(seen, (uint32_t)distance);
        }
    }
    b->sds->numa_levels = g_new(int32_t, bitmap_weight(seen, MAX_DISTANCE));
    for (i = bitmap_next(seen, MAX_DISTANCE, 0); i < MAX_DISTANCE;
         i = bitmap_next(seen, MAX_DISTANCE, i + 1)) {
        b->sds->numa_levels[nr++] = (int32_t)i;
    }
    b->sds->nr_numa_levels = nr;
    b->sds->max_distance = nr ? b->sds->numa_levels[nr - 1] : 0;
    return true;
}

/* True iff some node is nearer than @max to both @from and @to. */
static bool has_intermediate(const struct builder *b, const uint64_t *nodes, uint32_t from,
                             uint32_t to, int32_t max)
{
    const uint32_t n = (uint32_t)b->m->nr_nodes;
    uint32_t i;

    for (i = bitmap_next(nodes, n, 0); i < n; i = bitmap_next(nodes, n, i + 1)) {
        if (machine_distance(b->m, (int32_t)from, (int32_t)i) < max &&
            machine_distance(b->m, (int32_t)to, (int32_t)i) < max) {
            return true;
        }
    }
    return false;
}

/* init_numa_topology_type(): the first pair at the largest distance decides. */
static enum numa_topology_type topology_type(const struct builder *b, const uint64_t *nodes)
{
    const uint32_t n = (uint32_t)b->m->nr_nodes;
    const int32_t max = b->sds->max_distance;
    uint32_t i, j;

    if (b->sds->nr_numa_levels <= 2) {
        return NUMA_DIRECT;
    }
    for (i = bitmap_next(nodes, n, 0); i < n; i = bitmap_next(nodes, n, i + 1)) {
        for (j = bitmap_next(nodes, n, 0); j < n; j = bitmap_next(nodes, n, j + 1)) {
            if (machine_distance(b->m, (int32_t)i, (int32_t)j) >= max) {
                return has_intermediate(b, nodes, i, j, max) ? NUMA_GLUELESS_MESH : NUMA_BACKPLANE;
            }
        }
    }
    return NUMA_DIRECT;
}

/* Gives @level the CPUs of all nodes within @distance of each CPU's own, by its row. */
static void level_mask_by_distance(struct builder *b, struct topo_level *level,
                                   const uint64_t *nodes, uint64_t *const *node_cpus,
                                   int32_t distance)
{
    const uint32_t n = (uint32_t)b->m->nr_nodes;
    g_autofree const struct span **of_node = g_new0(const struct span *, n);
    g_autofree uint64_t *set = bitmap_new(b->nr_cpus);
    uint32_t i, j, cpu;

    for (i = bitmap_next(nodes, n, 0); i < n; i = bitmap_next(nodes, n, i + 1)) {
        memset(set, 0, b->nr_words * sizeof(*set));
        for (j = bitmap_next(nodes, n, 0); j < n; j = bitmap_next(nodes, n, j + 1)) {
            if (machine_distance(b->m, (int32_t)i, (int32_t)j) <= distance) {
                bitmap_or(set, set, node_cpus[j], b->nr_cpus);
            }
        }
        of_node[i] = span_intern(&b->store->spans, set);
    }
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        if (bitmap_test(b->present, cpu)) {
            level->mask[cpu] = of_node[b->m->cpus[cpu].node];
        }
    }
}

static void add_numa_levels(struct builder *b, const uint64_t *nodes)
{
    const uint32_t n = (uint32_t)b->m->nr_nodes;
    const uint32_t numa_flags = SD_NUMA | (b->release < KERNEL_7_3 ? SD_OVERLAP : 0);
    uint64_t **node_cpus = g_new(uint64_t *, n);
    uint32_t i, cpu;

    for (i = 0; i < n; i++) {
        node_cpus[i] = bitmap_new(b->nr_cpus);
    }
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        if (bitmap_test(b->present, cpu)) {
            bitmap_set(node_cpus[b->m->cpus[cpu].node], cpu);
        }
    }
    for (i = 0; i < b->sds->nr_numa_levels; i++) {
        struct topo_level *level = add_level(b, i ? "NUMA" : "NODE", i ? numa_flags : 0);

        level->overlap = i > 0;
        level->numa_distance = i ? b->sds->numa_levels[i] : 0;
        level_mask_by_distance(b, level, nodes, node_cpus, b->sds->numa_levels[i]);
    }
    for (i = 0; i < n; i++) {
        g_free(node_cpus[i]);
    }
    g_free(node_cpus);
}

void builder_init_levels(struct builder *b)
{
    const uint32_t cluster_flags =
        b->release == KERNEL_6_1 ? SD_SHARE_LLC : SD_CLUSTER | SD_SHARE_LLC;
    g_autofree uint64_t *nodes = cpu_nodes(b);
    bool numa = find_distances(b, nodes);

    b->levels = g_new0(struct topo_level, MAX_ARCH_LEVELS + b->sds->nr_numa_levels);
    if (b->m->arch == ARCH_X86_64) {
        add_x86_levels(b, cluster_flags);
    } else {
        add_generic_levels(b, cluster_flags);
    }
    if (numa) {
        b->sds->numa_type = topology_type(b, nodes);
        add_numa_levels(b, nodes);
    }
}

void builder_release_levels(struct builder *b)
{
    uint32_t i;

    for (i = 0; i < b->nr_levels; i++) {
        g_free(b->levels[i].mask);
    }
    g_clear_pointer(&b->levels, g_free);
}
