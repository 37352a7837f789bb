/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several descriptions of one machine made into one; where two speak of the same, they must agree. */
#include "base/error.h"
#include "machine/facts.h"

struct merge {
    struct facts *into;
    const struct facts *from;
    GError **error;
};

static bool contradict(const struct merge *g, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool contradict(const struct merge *g, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(g->error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "%s and %s contradict each other: %s; expected descriptions of one machine",
                g->into->source, g->from->source, what);
    return false;
}

/*
 * Two files name the same groups differently, so keys are translated: the first CPU that both place
 * pairs its two keys, and every other must pair the same. A key that only @from has gets one that
 * @into does not use.
 */
struct key_map {
    GHashTable *to_into, *to_from; /* key + 1 -> key + 1 */
    int32_t next;                  /* above every key of @into */
};

static gpointer as_pointer(int32_t key)
{
    return GINT_TO_POINTER(key + 1);
}

static int32_t as_key(gconstpointer pointer)
{
    return GPOINTER_TO_INT(pointer) - 1;
}

static void key_map_init(struct key_map *map, const struct facts *into, enum facts_group group)
{
    map->to_into = g_hash_table_new(NULL, NULL);
    map->to_from = g_hash_table_new(NULL, NULL);
    map->next = 0;
    for (guint i = 0; i < into->cpus->len; i++) {
        const int32_t key = g_array_index(into->cpus, struct facts_cpu, i).group[group];

        map->next = MAX(map->next, key + 1);
    }
}

static void key_map_clear(struct key_map *map)
{
    g_hash_table_unref(map->to_into);
    g_hash_table_unref(map->to_from);
}

static void key_map_pair(struct key_map *map, int32_t into, int32_t from)
{
    g_hash_table_insert(map->to_into, as_pointer(from), as_pointer(into));
    g_hash_table_insert(map->to_from, as_pointer(into), as_pointer(from));
}

/* Where both files place a CPU: their keys must pair one to one. */
static bool pair_keys(const struct merge *g, enum facts_group group, struct key_map *map)
{
    for (guint i = 0; i < g->from->cpus->len; i++) {
        const struct facts_cpu *other = &g_array_index(g->from->cpus, struct facts_cpu, i);
        const struct facts_cpu *cpu = facts_find_cpu(g->into, other->id);
        int32_t a, b;

        if (cpu == NULL || cpu->group[group] < 0 || other->group[group] < 0) {
            continue;
        }
        a = as_key(g_hash_table_lookup(map->to_into, as_pointer(other->group[group])));
        b = as_key(g_hash_table_lookup(map->to_from, as_pointer(cpu->group[group])));
        if (group == FACTS_NODE
                ? cpu->group[group] != other->group[group]
                : (a >= 0 || b >= 0) && (a != cpu->group[group] || b != other->group[group])) {
            return contradict(g, "they place CPU %d in different %ss", cpu->id,
                              facts_group_name(group));
        }
        key_map_pair(map, cpu->group[group], other->group[group]);
    }
    return true;
}

static void take_keys(const struct merge *g, enum facts_group group, struct key_map *map)
{
    for (guint i = 0; i < g->from->cpus->len; i++) {
        const struct facts_cpu *other = &g_array_index(g->from->cpus, struct facts_cpu, i);
        struct facts_cpu *cpu = facts_cpu(g->into, other->id);
        int32_t key;

        if (cpu->group[group] >= 0 || other->group[group] < 0) {
            continue;
        }
        key = group == FACTS_NODE
                  ? other->group[group]
                  : as_key(g_hash_table_lookup(map->to_into, as_pointer(other->group[group])));
        if (key < 0) {
            key = map->next++;
            key_map_pair(map, key, other->group[group]);
        }
        cpu->group[group] = key;
    }
}

static bool merge_group(const struct merge *g, enum facts_group group)
{
    struct key_map map;
    bool ok;

    key_map_init(&map, g->into, group);
    ok = pair_keys(g, group, &map);
    if (ok) {
        take_keys(g, group, &map);
    }
    key_map_clear(&map);
    return ok;
}

/* The first that knows a number keeps it: tools round sizes and clocks differently. */
static void take32(int32_t *into, int32_t from, int32_t unknown)
{
    *into = *into == unknown ? from : *into;
}

static void take64(int64_t *into, int64_t from, int64_t unknown)
{
    *into = *into == unknown ? from : *into;
}

static void take_text(char **into, const char *from)
{
    if (*into == NULL) {
        *into = g_strdup(from);
    }
}

static void merge_cpus(const struct merge *g)
{
    for (guint i = 0; i < g->from->cpus->len; i++) {
        const struct facts_cpu *other = &g_array_index(g->from->cpus, struct facts_cpu, i);
        struct facts_cpu *cpu = facts_cpu(g->into, other->id);

        take32(&cpu->capacity, other->capacity, 0);
        take32(&cpu->priority, other->priority, 0);
        take64(&cpu->l1d_bytes, other->l1d_bytes, 0);
        take64(&cpu->l2_bytes, other->l2_bytes, 0);
        take64(&cpu->l3_bytes, other->l3_bytes, 0);
        take64(&cpu->base_hz, other->base_hz, 0);
        take64(&cpu->max_hz, other->max_hz, 0);
        cpu->offline = cpu->offline || other->offline;
        cpu->isolated = cpu->isolated || other->isolated;
    }
}

static bool merge_nodes(const struct merge *g)
{
    for (guint i = 0; i < g->from->nodes->len; i++) {
        const struct facts_node *other = &g_array_index(g->from->nodes, struct facts_node, i);
        struct facts_node *node = facts_node(g->into, other->id);
        const int64_t a = node->memory_bytes, b = other->memory_bytes;

        if (a >= 0 && b >= 0 && ABS(a - b) > MAX(a, b) / 64) {
            return contradict(g, "node %d has %" G_GINT64_FORMAT " bytes or %" G_GINT64_FORMAT,
                              node->id, a, b);
        }
        take64(&node->memory_bytes, other->memory_bytes, FACTS_UNKNOWN);
        take32(&node->tier, other->tier, FACTS_UNKNOWN);
        take32(&node->near_cpu, other->near_cpu, FACTS_UNKNOWN);
        take_text(&node->subtype, other->subtype);
        take64(&node->side_cache_bytes, other->side_cache_bytes, 0);
        take64(&node->read_bandwidth_bytes_per_s, other->read_bandwidth_bytes_per_s, 0);
        take64(&node->write_bandwidth_bytes_per_s, other->write_bandwidth_bytes_per_s, 0);
        if (node->hmat.read_latency_ns == 0) {
            node->hmat = other->hmat;
        }
        take64(&node->hugetlb_2m_pages, other->hugetlb_2m_pages, 0);
        take64(&node->hugetlb_1g_pages, other->hugetlb_1g_pages, 0);
    }
    return true;
}

static bool merge_pair(const struct merge *g, enum facts_pair pair, int32_t from, int32_t to)
{
    const int64_t theirs = facts_pair_get(g->from, pair, from, to);
    const int64_t ours = facts_pair_get(g->into, pair, from, to);

    if (theirs == 0 || ours == theirs) {
        return true;
    }
    if (ours == 0) {
        facts_pair_set(g->into, pair, from, to, theirs);
        return true;
    }
    /* Latencies and bandwidths are measurements: the first one told stays. */
    return pair != FACTS_DISTANCE ? true
                                  : contradict(g, "node %d is at distance %d or %d from node %d",
                                               to, (int)ours, (int)theirs, from);
}

static bool merge_pairs(const struct merge *g)
{
    const GArray *nodes = g->from->nodes;

    for (int pair = 0; pair < NR_FACTS_PAIRS; pair++) {
        for (guint i = 0; i < nodes->len; i++) {
            for (guint j = 0; j < nodes->len; j++) {
                if (!merge_pair(g, (enum facts_pair)pair,
                                g_array_index(nodes, struct facts_node, i).id,
                                g_array_index(nodes, struct facts_node, j).id)) {
                    return false;
                }
            }
        }
    }
    return true;
}

static bool merge_whole(const struct merge *g)
{
    struct facts *f = g->into;
    const struct facts *other = g->from;

    if (f->arch >= 0 && other->arch >= 0 && f->arch != other->arch) {
        return contradict(g, "one is of an %s and one of an %s",
                          machine_arch_name((enum machine_arch)f->arch),
                          machine_arch_name((enum machine_arch)other->arch));
    }
    if (f->arch < 0 && other->other_arch != NULL) {
        f->other_arch = g_strdup(other->other_arch);
    }
    take32(&f->arch, other->arch, FACTS_UNKNOWN);
    take32(&f->cpu_family, other->cpu_family, 0);
    take32(&f->hybrid, other->hybrid, FACTS_UNKNOWN);
    take32(&f->threads_per_core, other->threads_per_core, 0);
    f->lists_all_online = f->lists_all_online || other->lists_all_online;
    take32(&f->reclaim_distance, other->reclaim_distance, 0);
    take32(&f->hz, other->hz, 0);
    take64(&f->page_size_bytes, other->page_size_bytes, 0);
    take64(&f->cache_line_bytes, other->cache_line_bytes, 0);
    take64(&f->l1d_bytes, other->l1d_bytes, 0);
    take64(&f->l2_bytes, other->l2_bytes, 0);
    take64(&f->l3_bytes, other->l3_bytes, 0);
    take_text(&f->name, other->name);
    take_text(&f->vendor, other->vendor);
    take_text(&f->model, other->model);
    take_text(&f->description, other->description);
    return true;
}

static void merge_told(const struct merge *g)
{
    g_autofree char *source = g_strconcat(g->into->source, ", ", g->from->source, NULL);

    g_free(g->into->source);
    g->into->source = g_steal_pointer(&source);
    for (int block = 0; block < NR_MACHINE_BLOCKS; block++) {
        if (g->from->block_sources[block] != NULL) {
            facts_state(g->into, (enum machine_block)block, g->from->block_sources[block]);
        }
    }
    for (guint i = 0; i < g->from->notes->len; i++) {
        g_ptr_array_add(g->into->notes, g_strdup(g_ptr_array_index(g->from->notes, i)));
    }
    for (guint i = 0; i < g->from->pins->len; i++) {
        const struct facts_pin *pin = g_ptr_array_index(g->from->pins, i);

        facts_pin(g->into, pin->memory, pin->id, pin->host);
    }
}

static bool is_online(const struct facts *f, int32_t id)
{
    const struct facts_cpu *cpu = facts_find_cpu(f, id);

    return cpu != NULL && !cpu->offline;
}

/* The lowest CPU that is online in @a and not in @b, INT32_MAX if there is none. */
static int32_t first_missing(const struct facts *a, const struct facts *b)
{
    for (guint i = 0; i < a->cpus->len; i++) {
        const struct facts_cpu *cpu = &g_array_index(a->cpus, struct facts_cpu, i);

        if (!cpu->offline && !is_online(b, cpu->id)) {
            return cpu->id;
        }
    }
    return INT32_MAX;
}

/* Two lists of all that is online are of the same CPUs. */
static bool check_online(const struct merge *g)
{
    const int32_t here = first_missing(g->into, g->from), there = first_missing(g->from, g->into);

    if (!g->into->lists_all_online || !g->from->lists_all_online || here == there) {
        return true;
    }
    return contradict(g, "CPU %d is online in %s alone", MIN(here, there),
                      here < there ? g->into->source : g->from->source);
}

bool facts_merge(struct facts *f, const struct facts *other, GError **error)
{
    const struct merge g = {f, other, error};

    if (!check_online(&g)) {
        return false;
    }
    for (int group = 0; group < NR_FACTS_GROUPS; group++) {
        if (!merge_group(&g, (enum facts_group)group)) {
            return false;
        }
    }
    merge_cpus(&g);
    if (!merge_nodes(&g) || !merge_pairs(&g) || !merge_whole(&g)) {
        return false;
    }
    merge_told(&g);
    return true;
}
