/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cores, clusters, dies and packages, as cpuN/topology/ states them, and the caches below cpuN. */
#include <string.h>

#include "base/bitmap.h"
#include "format/facts/sysfs-private.h"

/* Documentation/admin-guide/cputopology.rst: the newer name and the one that it replaced. */
static const struct {
    enum facts_group group;
    const char *names[2];
} topology_sets[] = {
    {FACTS_CORE, {"core_cpus", "thread_siblings"}},
    {FACTS_CLUSTER, {"cluster_cpus", NULL}},
    {FACTS_DIE, {"die_cpus", NULL}},
    {FACTS_PACKAGE, {"package_cpus", "core_siblings"}},
};

static void read_set(struct sysfs *s, int32_t cpu, const char *const *names, uint64_t *set,
                     bool *stated)
{
    g_autofree char *folder = g_strdup_printf(SYSFS_CPU "/cpu%d/topology", s->ids[cpu]);

    for (int i = 0; i < 2 && names[i] != NULL && !*stated; i++) {
        g_autofree char *list = g_strconcat(names[i], "_list", NULL);

        *stated = sysfs_cpu_set(s, set, folder, names[i], list);
    }
}

/* Siblings that are offline share nothing now. */
static void drop_offline(const struct sysfs *s, const struct sysfs_sets *sets)
{
    g_autofree uint64_t *online = bitmap_new((uint32_t)s->nr);

    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        if (s->online[cpu]) {
            bitmap_set(online, (uint32_t)cpu);
        }
    }
    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        uint64_t *set = sysfs_sets_of(sets, cpu);

        bitmap_and(set, set, online, (uint32_t)s->nr);
    }
}

void sysfs_assign(struct sysfs *s, enum facts_group group, const struct sysfs_sets *sets)
{
    g_autofree int32_t *keys = g_new(int32_t, (gsize)s->nr);
    int32_t overruled;

    drop_offline(s, sets);
    overruled = sysfs_sets_vote(sets, keys);
    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        if (s->online[cpu] && keys[cpu] >= 0) {
            facts_cpu(s->f, s->ids[cpu])->group[group] = s->ids[keys[cpu]];
        }
    }
    if (overruled > 0) {
        facts_note(s->f, "%d CPUs list a %s otherwise than its other CPUs do: taken as most say",
                   overruled, facts_group_name(group));
    }
}

/* --- Numbers, where there are no sets, and against them ------------------------------------------ */

struct cpu_numbers {
    int64_t *core, *package; /* [nr], -1 unknown */
};

/* Kernels without these files in sysfs, or without sysfs, have them in proc/cpuinfo. */
static void numbers_from_cpuinfo(const struct sysfs *s, const struct cpu_numbers *numbers)
{
    g_autofree char *text = facts_tree_text(s->tree, "proc/cpuinfo");
    g_auto(GStrv) blocks = text != NULL ? g_strsplit(text, "\n\n", s->nr + 2) : NULL;

    for (gsize i = 0; blocks != NULL && blocks[i] != NULL; i++) {
        g_autofree char *id = sysfs_cpuinfo_value(blocks[i], "processor");
        g_autofree char *core = sysfs_cpuinfo_value(blocks[i], "core id");
        g_autofree char *package = sysfs_cpuinfo_value(blocks[i], "physical id");
        const int32_t number = id != NULL ? sysfs_number_of(id, "", FACTS_MAX_CPU_ID) : -1;

        if (number >= 0 && s->index[number] >= 0) {
            numbers->core[s->index[number]] =
                core != NULL ? sysfs_number_of(core, "", INT32_MAX) : -1;
            numbers->package[s->index[number]] =
                package != NULL ? sysfs_number_of(package, "", INT32_MAX) : -1;
        }
    }
}

static void read_numbers(const struct sysfs *s, const struct cpu_numbers *numbers)
{
    bool any = false;

    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        numbers->core[cpu] = numbers->package[cpu] = -1;
        if (s->online[cpu]) {
            any = sysfs_int(s, &numbers->core[cpu], SYSFS_CPU "/cpu%d/topology/core_id",
                            s->ids[cpu]) ||
                  any;
            any = sysfs_int(s, &numbers->package[cpu],
                            SYSFS_CPU "/cpu%d/topology/physical_package_id", s->ids[cpu]) ||
                  any;
        }
    }
    if (!any) {
        numbers_from_cpuinfo(s, numbers);
    }
}

/* The lowest CPU so far with the same two numbers; @cpu itself if it is the first. */
static int32_t first_alike(GHashTable *seen, int64_t a, int64_t b, int32_t cpu)
{
    g_autofree char *key = g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, a, b);
    gpointer known;

    if (g_hash_table_lookup_extended(seen, key, NULL, &known)) {
        return GPOINTER_TO_INT(known);
    }
    g_hash_table_insert(seen, g_steal_pointer(&key), GINT_TO_POINTER(cpu));
    return cpu;
}

static void fill_from_numbers(struct sysfs *s, const struct cpu_numbers *numbers)
{
    g_autoptr(GHashTable) packages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) cores = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        int32_t *group = facts_cpu(s->f, s->ids[cpu])->group;

        if (group[FACTS_PACKAGE] < 0 && numbers->package[cpu] >= 0) {
            group[FACTS_PACKAGE] = first_alike(packages, numbers->package[cpu], 0, s->ids[cpu]);
        }
        if (group[FACTS_CORE] < 0 && numbers->core[cpu] >= 0) {
            group[FACTS_CORE] =
                first_alike(cores, numbers->package[cpu], numbers->core[cpu], s->ids[cpu]);
        }
    }
}

/*
 * Threads of one core have one core_id. Where siblings have several, as on kernels that called an
 * AMD compute unit's two cores threads, each core_id is a core.
 */
static void split_cores(struct sysfs *s, const struct cpu_numbers *numbers)
{
    g_autoptr(GHashTable) cores = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree int64_t *first = g_new(int64_t, FACTS_MAX_CPU_ID);
    int32_t split = 0;

    memset(first, 0xff, FACTS_MAX_CPU_ID * sizeof(*first));
    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        int32_t *core = &facts_cpu(s->f, s->ids[cpu])->group[FACTS_CORE];

        if (*core < 0 || numbers->core[cpu] < 0) {
            continue;
        }
        if (first[*core] < 0) {
            first[*core] = numbers->core[cpu];
        }
        split += first[*core] != numbers->core[cpu];
        *core = first_alike(cores, *core, numbers->core[cpu], s->ids[cpu]);
    }
    if (split > 0) {
        facts_note(s->f,
                   "%d CPUs are listed as siblings but have another core_id: taken as cores "
                   "of their own",
                   split);
    }
}

void sysfs_read_groups(struct sysfs *s)
{
    g_autofree int64_t *core = g_new(int64_t, (gsize)s->nr);
    g_autofree int64_t *package = g_new(int64_t, (gsize)s->nr);
    const struct cpu_numbers numbers = {.core = core, .package = package};

    for (gsize i = 0; i < G_N_ELEMENTS(topology_sets); i++) {
        g_autoptr(sysfs_sets_t) sets = sysfs_sets_new(s->nr);

        for (int32_t cpu = 0; cpu < s->nr; cpu++) {
            if (s->online[cpu]) {
                read_set(s, cpu, topology_sets[i].names, sysfs_sets_of(sets, cpu),
                         &sets->stated[cpu]);
            }
        }
        sysfs_assign(s, topology_sets[i].group, sets);
    }
    read_numbers(s, &numbers);
    fill_from_numbers(s, &numbers);
    split_cores(s, &numbers);
    facts_state(s->f, MACHINE_CPUS, s->f->source);
}

/* --- Caches -------------------------------------------------------------------------------------- */

/* One cpuN/cache/indexM. */
struct cache {
    int64_t level, bytes, line_bytes;
    char *folder;
    bool data; /* and not only for instructions */
};

static bool read_cache(const struct sysfs *s, int32_t id, const char *index, struct cache *cache)
{
    g_autofree char *type = NULL, *size = NULL;

    cache->folder = g_strdup_printf(SYSFS_CPU "/cpu%d/cache/%s", id, index);
    if (!sysfs_int(s, &cache->level, "%s/level", cache->folder)) {
        return false;
    }
    type = facts_tree_head(s->tree, 32, "%s/type", cache->folder);
    size = facts_tree_head(s->tree, 32, "%s/size", cache->folder);
    cache->data = g_strcmp0(type, "Instruction") != 0;
    cache->bytes = sysfs_size(size);
    if (!sysfs_int(s, &cache->line_bytes, "%s/coherency_line_size", cache->folder)) {
        cache->line_bytes = 0;
    }
    return true;
}

static void read_sharers(const struct sysfs *s, int32_t cpu, const struct cache *cache,
                         const struct sysfs_sets *sets)
{
    sets->stated[cpu] = sysfs_cpu_set(s, sysfs_sets_of(sets, cpu), cache->folder, "shared_cpu_map",
                                      "shared_cpu_list");
}

static void take_cache(struct sysfs *s, int32_t cpu, const struct cache *cache,
                       const struct sysfs_sets *l2, const struct sysfs_sets *l3, int64_t *l3_level)
{
    struct facts_cpu *c = facts_cpu(s->f, s->ids[cpu]);

    if (!cache->data) {
        return;
    }
    if (s->f->cache_line_bytes == 0 && cache->line_bytes > 0 && cache->line_bytes <= 4096) {
        s->f->cache_line_bytes = cache->line_bytes;
    }
    if (cache->level == 1) {
        c->l1d_bytes = cache->bytes;
    } else if (cache->level == 2) {
        c->l2_bytes = cache->bytes;
        read_sharers(s, cpu, cache, l2);
    } else if (cache->level >= 3 && *l3_level != 3) {
        /* L3 where there is one, else whatever lies furthest out. */
        *l3_level = cache->level;
        c->l3_bytes = cache->bytes;
        read_sharers(s, cpu, cache, l3);
    }
}

void sysfs_read_caches(struct sysfs *s)
{
    g_autoptr(sysfs_sets_t) l2 = sysfs_sets_new(s->nr), l3 = sysfs_sets_new(s->nr);
    bool any = false;

    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        g_autoptr(GPtrArray) names = NULL;
        int64_t l3_level = 0;

        if (!s->online[cpu]) {
            continue;
        }
        names = facts_tree_list(s->tree, SYSFS_CPU "/cpu%d/cache", s->ids[cpu]);
        for (guint i = 0; i < names->len; i++) {
            struct cache cache = {.level = 0};

            if (sysfs_number_of(g_ptr_array_index(names, i), "index", 64) >= 0 &&
                read_cache(s, s->ids[cpu], g_ptr_array_index(names, i), &cache)) {
                take_cache(s, cpu, &cache, l2, l3, &l3_level);
                any = true;
            }
            g_free(cache.folder);
        }
    }
    sysfs_assign(s, FACTS_L2, l2);
    sysfs_assign(s, FACTS_L3, l3);
    if (any) {
        facts_state(s->f, MACHINE_CACHES, s->f->source);
    }
}
