/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the distances add to the topology table: kernel/sched/topology.c: sched_init_numa(),
 * init_numa_topology_type(). Since 5.18 nodes count only if they have an online CPU (N_CPU).
 */
#include "base/bitmap.h"
#include "machine/domains-internal.h"

enum { MAX_DISTANCE = 256 };

/* Nodes with CPUs and how far they are from one another. */
struct node_map {
    uint32_t nr_nodes;
    uint64_t *nodes;          /* bitmap, owned */
    const int32_t *distances; /* nr_nodes x nr_nodes */
    uint32_t nr_levels;
    int32_t
        levels[MAX_NUMA_LEVELS]; /* distinct distances, ascending; none if one is out of range */
};

static int32_t distance(const struct node_map *map, uint32_t from, uint32_t to)
{
    return map->distances[from * map->nr_nodes + to];
}

static uint32_t next_node(const struct node_map *map, uint32_t from)
{
    return bitmap_next(map->nodes, map->nr_nodes, from);
}

/*
 * The distinct distances; none at all if one lies outside 10..255, as the kernel gives up then. Before
 * 5.10 it took the first node to be representative, and looked at its row alone.
 */
static void find_levels(struct node_map *map, bool first_row_only)
{
    const uint32_t n = first_row_only ? MIN(next_node(map, 0) + 1, map->nr_nodes) : map->nr_nodes;
    uint64_t seen[BITMAP_WORDS(MAX_DISTANCE)] = {0};
    uint32_t i, j;

    map->nr_levels = 0;
    for (i = next_node(map, 0); i < n; i = next_node(map, i + 1)) {
        for (j = next_node(map, 0); j < map->nr_nodes; j = next_node(map, j + 1)) {
            const int32_t d = distance(map, i, j);

            if (d < MACHINE_LOCAL_DISTANCE || d >= MAX_DISTANCE) {
                return;
            }
            bitmap_set(seen, (uint32_t)d);
        }
    }
    for (i = bitmap_next(seen, MAX_DISTANCE, 0); i < MAX_DISTANCE;
         i = bitmap_next(seen, MAX_DISTANCE, i + 1)) {
        map->levels[map->nr_levels++] = (int32_t)i;
    }
}

/* The nodes of @cpus, with @distances (borrowed). */
static void node_map_init(struct node_map *map, const struct builder *b, const uint64_t *cpus,
                          const int32_t *distances)
{
    uint32_t cpu;

    map->nr_nodes = (uint32_t)b->m->nr_nodes;
    map->nodes = bitmap_new(map->nr_nodes);
    map->distances = distances;
    for (cpu = bitmap_next(cpus, b->nr_cpus, 0); cpu < b->nr_cpus;
         cpu = bitmap_next(cpus, b->nr_cpus, cpu + 1)) {
        bitmap_set(map->nodes, (uint32_t)b->m->cpus[cpu].node);
    }
    if (b->release <= KERNEL_5_17) {
        bitmap_fill(map->nodes, map->nr_nodes); /* nodes of memory alone add levels, too */
    }
    find_levels(map, b->release < KERNEL_5_10);
}

/* True iff some node is nearer than @max to both @from and @to. */
static bool has_intermediate(const struct node_map *map, uint32_t from, uint32_t to, int32_t max)
{
    uint32_t i;

    for (i = next_node(map, 0); i < map->nr_nodes; i = next_node(map, i + 1)) {
        if (distance(map, from, i) < max && distance(map, to, i) < max) {
            return true;
        }
    }
    return false;
}

/* The first pair at the largest distance decides. */
static enum numa_topology_type topology_type(const struct node_map *map)
{
    const uint32_t n = map->nr_nodes;
    uint32_t i, j;

    if (map->nr_levels <= 2) {
        return NUMA_DIRECT;
    }
    for (i = next_node(map, 0); i < n; i = next_node(map, i + 1)) {
        for (j = next_node(map, 0); j < n; j = next_node(map, j + 1)) {
            const int32_t max = map->levels[map->nr_levels - 1];

            if (distance(map, i, j) >= max) {
                return has_intermediate(map, i, j, max) ? NUMA_GLUELESS_MESH : NUMA_BACKPLANE;
            }
        }
    }
    return NUMA_DIRECT;
}

/*
 * Gives @level the CPUs of all nodes within its distance of each CPU's own, by its own node's row.
 * @within holds each node's set for the level below, of distances up to @below, and grows.
 */
static void fill_level(struct builder *b, struct topo_level *level, const struct node_map *map,
                       uint64_t *const *node_cpus, uint64_t *const *within, int32_t below,
                       int32_t max)
{
    g_autofree const struct span **of_node = g_new0(const struct span *, map->nr_nodes);
    uint32_t i, j, cpu;

    for (i = next_node(map, 0); i < map->nr_nodes; i = next_node(map, i + 1)) {
        for (j = next_node(map, 0); j < map->nr_nodes; j = next_node(map, j + 1)) {
            if (distance(map, i, j) > below && distance(map, i, j) <= max) {
                bitmap_or(within[i], within[i], node_cpus[j], b->nr_cpus);
            }
        }
        of_node[i] = span_intern(&b->store->spans, within[i]);
    }
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        if (bitmap_test(b->present, cpu)) {
            level->mask[cpu] = of_node[b->m->cpus[cpu].node];
        }
    }
}

/* What fill_level() leaves in @within for the level of distance @max, without making it. */
static void grow_local(const struct node_map *map, uint64_t *const *node_cpus,
                       uint64_t *const *within, int32_t max, uint32_t nr_cpus)
{
    uint32_t i, j;

    for (i = next_node(map, 0); i < map->nr_nodes; i = next_node(map, i + 1)) {
        for (j = next_node(map, 0); j < map->nr_nodes; j = next_node(map, j + 1)) {
            if (distance(map, i, j) <= max) {
                bitmap_or(within[i], within[i], node_cpus[j], nr_cpus);
            }
        }
    }
}

static void add_levels(struct builder *b, const struct node_map *map)
{
    const uint32_t numa_flags = SD_NUMA | (b->release < KERNEL_7_3 ? SD_OVERLAP : 0);
    uint64_t **node_cpus = g_new(uint64_t *, map->nr_nodes);
    uint64_t **within = g_new(uint64_t *, map->nr_nodes);
    uint32_t i, cpu;

    for (i = 0; i < map->nr_nodes; i++) {
        node_cpus[i] = bitmap_new(b->nr_cpus);
        within[i] = bitmap_new(b->nr_cpus);
    }
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        if (bitmap_test(b->present, cpu)) {
            bitmap_set(node_cpus[b->m->cpus[cpu].node], cpu);
        }
    }
    for (i = 0; i < map->nr_levels && !b->numa_levels_lost; i++) {
        struct topo_level *level;

        if (i == 0 && b->release == KERNEL_4_3) {
            /* NODE came with 4.17; without it a level must begin with what it would have held. */
            grow_local(map, node_cpus, within, map->levels[0], b->nr_cpus);
            continue;
        }
        level = builder_add_level(b, i ? "NUMA" : "NODE", i ? numa_flags : 0);

        level->overlap = i > 0;
        level->numa_distance = i ? map->levels[i] : 0;
        fill_level(b, level, map, node_cpus, within, i ? map->levels[i - 1] : -1, map->levels[i]);
    }
    for (i = 0; i < map->nr_nodes; i++) {
        g_free(node_cpus[i]);
        g_free(within[i]);
    }
    g_free(node_cpus);
    g_free(within);
}

void builder_add_numa_levels(struct builder *b)
{
    g_autofree int32_t *distances = builder_level_distances(b);
    struct node_map built, current, raw;

    node_map_init(&built, b, b->counted, distances);
    node_map_init(&current, b, b->online, distances);
    node_map_init(&raw, b, b->online, b->m->distances);
    add_levels(b, &built);
    b->sds->numa_levels = g_memdup2(current.levels, current.nr_levels * sizeof(*current.levels));
    b->sds->nr_numa_levels = current.nr_levels;
    b->sds->max_distance = raw.nr_levels ? raw.levels[raw.nr_levels - 1] : 0;
    b->sds->numa_type = topology_type(&raw);
    g_free(built.nodes);
    g_free(current.nodes);
    g_free(raw.nodes);
}
