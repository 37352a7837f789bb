/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CPUs share what, where a description is silent or wrong. A missing group follows from a
 * neighbouring one by the kernel's own habit; a group that crosses one that must hold it is cut.
 */
#include <stdlib.h>
#include <string.h>

#include "machine/complete-private.h"

/* A CPU's group while it may still be cut: a key of the facts, made unique by steps. */
struct groups {
    struct completion *c;
    int64_t *key[NR_FACTS_GROUPS]; /* [nr_cpus], -1 unknown */
    int64_t *llc;                  /* [nr_cpus] */
};

/* Room between kinds of keys, so that a CPU number and an L2's key never collide. */
enum { KEY_OWN = 1, KEY_L2 = 2, KEY_PACKAGE = 3 };

static int64_t tagged(int64_t tag, int64_t key)
{
    return (tag << 40) | key;
}

static int32_t nr_cpus(const struct groups *g)
{
    return g->c->m->nr_cpus;
}

static int64_t *new_keys(const struct groups *g)
{
    int64_t *keys = g_new(int64_t, (size_t)nr_cpus(g));

    memset(keys, 0xff, (size_t)nr_cpus(g) * sizeof(*keys));
    return keys;
}

/* How many CPUs have no key of @group yet. */
static int32_t count_unknown(const struct groups *g, enum facts_group group)
{
    int32_t unknown = 0;

    for (int32_t cpu = 0; cpu < nr_cpus(g); cpu++) {
        unknown += g->key[group][cpu] < 0;
    }
    return unknown;
}

/* Gives CPUs without a key of @group that of a CPU with which they share @by. */
static void take_from_sharers(struct groups *g, enum facts_group group, enum facts_group by)
{
    g_autoptr(GHashTable) known = g_hash_table_new(g_int64_hash, g_int64_equal);

    for (int32_t cpu = 0; cpu < nr_cpus(g); cpu++) {
        if (g->key[group][cpu] >= 0 && g->key[by][cpu] >= 0 &&
            !g_hash_table_contains(known, &g->key[by][cpu])) {
            g_hash_table_insert(known, &g->key[by][cpu], &g->key[group][cpu]);
        }
    }
    for (int32_t cpu = 0; cpu < nr_cpus(g); cpu++) {
        const int64_t *key = NULL;

        if (g->key[group][cpu] < 0 && g->key[by][cpu] >= 0) {
            key = g_hash_table_lookup(known, &g->key[by][cpu]);
        }
        g->key[group][cpu] = key != NULL ? *key : g->key[group][cpu];
    }
}

/* What stays unknown of @group after that becomes @fallback; says so for the CPUs concerned. */
static void fill(struct groups *g, enum facts_group group, const int64_t *fallback,
                 const char *what)
{
    const int32_t unknown = count_unknown(g, group);
    g_autofree bool *chosen = g_new0(bool, (size_t)nr_cpus(g));
    g_autofree char *list = NULL;

    for (int32_t cpu = 0; cpu < nr_cpus(g); cpu++) {
        if (g->key[group][cpu] < 0) {
            chosen[cpu] = true;
            g->key[group][cpu] = fallback[cpu];
        }
    }
    if (unknown == nr_cpus(g)) {
        completion_say(g->c, "no %s is stated: %s", facts_group_name(group), what);
    } else if (unknown > 0) {
        list = completion_cpulist(g->c, chosen);
        completion_say(g->c, "CPUs %s state no %s: %s", list, facts_group_name(group), what);
    }
}

/* Where only nodes are stated each is a package: most machines with several have them so. */
static void fill_packages(struct groups *g)
{
    g_autofree int64_t *by_node = new_keys(g);

    if (count_unknown(g, FACTS_PACKAGE) > 0) {
        take_from_sharers(g, FACTS_PACKAGE, FACTS_DIE);
        take_from_sharers(g, FACTS_PACKAGE, FACTS_L3);
        take_from_sharers(g, FACTS_PACKAGE, FACTS_CORE);
        take_from_sharers(g, FACTS_PACKAGE, FACTS_NODE);
    }
    for (int32_t cpu = 0; cpu < nr_cpus(g); cpu++) {
        by_node[cpu] = tagged(KEY_PACKAGE, g->key[FACTS_NODE][cpu] + 1);
    }
    fill(g, FACTS_PACKAGE, by_node, "each node is one");
}

/* A CPU without a node goes where its LLC or package is, or else to the first node. */
static void fill_nodes(struct groups *g)
{
    g_autofree int64_t *first = g_new0(int64_t, (size_t)nr_cpus(g));
    int32_t lowest = -1;

    if (count_unknown(g, FACTS_NODE) > 0) {
        take_from_sharers(g, FACTS_NODE, FACTS_CORE);
        take_from_sharers(g, FACTS_NODE, FACTS_L3);
        take_from_sharers(g, FACTS_NODE, FACTS_PACKAGE);
    }
    for (int32_t node = g->c->m->nr_nodes; node-- > 0;) {
        const struct facts_node *n = g->c->nodes[node];

        if (n == NULL || n->near_cpu < 0) {
            lowest = g->c->m->nodes[node].os_id;
        }
    }
    lowest = lowest >= 0 ? lowest : g->c->m->nodes[0].os_id;
    for (int32_t cpu = 0; cpu < nr_cpus(g); cpu++) {
        first[cpu] = lowest;
    }
    if (count_unknown(g, FACTS_NODE) < nr_cpus(g) || g->c->m->nr_nodes > 1) {
        g_autofree char *what = g_strdup_printf("taken as on node %d", lowest);

        fill(g, FACTS_NODE, first, what);
    } else {
        memcpy(g->key[FACTS_NODE], first, (size_t)nr_cpus(g) * sizeof(*first));
    }
}

/*
 * The last level that a CPU has: L3, else L2, else the package, as arch/x86/kernel/cpu/cacheinfo.c
 * (init_intel_cacheinfo(), 6.1) chooses cpu_llc_id.
 */
static void choose_llcs(struct groups *g)
{
    int32_t by_l2 = 0, by_package = 0;

    g->llc = new_keys(g);
    for (int32_t cpu = 0; cpu < nr_cpus(g); cpu++) {
        if (g->key[FACTS_L3][cpu] >= 0) {
            g->llc[cpu] = g->key[FACTS_L3][cpu];
        } else if (g->key[FACTS_L2][cpu] >= 0) {
            g->llc[cpu] = tagged(KEY_L2, g->key[FACTS_L2][cpu]);
            by_l2++;
        } else {
            g->llc[cpu] = tagged(KEY_PACKAGE, g->key[FACTS_PACKAGE][cpu]);
            by_package++;
        }
    }
    if (by_l2 > 0) {
        completion_say(g->c, "%d CPUs have no cache beyond L2: it is their LLC", by_l2);
    }
    if (by_package > 0) {
        completion_say(g->c, "%d CPUs state no shared cache: the LLC is the package's", by_package);
    }
}

/* Cores by count alone: threads of a core follow one another within a package and node. */
static void fill_cores_by_count(struct groups *g)
{
    const int32_t threads = g->c->f->threads_per_core;
    g_autofree int64_t *core = new_keys(g);
    g_autofree char *what = g_strdup_printf(
        "%d CPUs with consecutive numbers are, for so many threads has each", threads);
    int32_t first = 0;

    for (int32_t cpu = 0; cpu < nr_cpus(g); cpu++) {
        if (cpu - first == threads || g->key[FACTS_NODE][cpu] != g->key[FACTS_NODE][first] ||
            g->key[FACTS_PACKAGE][cpu] != g->key[FACTS_PACKAGE][first]) {
            first = cpu;
        }
        core[cpu] = tagged(KEY_OWN, first);
    }
    fill(g, FACTS_CORE, core, what);
}

static void fill_inner(struct groups *g)
{
    g_autofree int64_t *own = new_keys(g), *core = new_keys(g), *package = new_keys(g);

    for (int32_t cpu = 0; cpu < nr_cpus(g); cpu++) {
        own[cpu] = tagged(KEY_OWN, cpu);
        package[cpu] = tagged(KEY_PACKAGE, g->key[FACTS_PACKAGE][cpu]);
    }
    fill(g, FACTS_DIE, package, "the package is one");
    if (g->c->f->threads_per_core > 1 && count_unknown(g, FACTS_CORE) == nr_cpus(g)) {
        fill_cores_by_count(g);
    }
    fill(g, FACTS_CORE, own, "each CPU is one");
    for (int32_t cpu = 0; cpu < nr_cpus(g); cpu++) {
        core[cpu] = tagged(KEY_OWN, g->key[FACTS_CORE][cpu]);
    }
    fill(g, FACTS_CLUSTER, core, "each core is one");
    fill(g, FACTS_L2, core, "each core has one");
}

/* A key of two, dense in the order of CPUs. */
static void intersect(const struct groups *g, int64_t *inner, const int64_t *outer)
{
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (int32_t cpu = 0; cpu < nr_cpus(g); cpu++) {
        g_autofree char *both =
            g_strdup_printf("%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, inner[cpu], outer[cpu]);
        gpointer id = g_hash_table_lookup(ids, both);

        if (id == NULL) {
            id = GINT_TO_POINTER((int)g_hash_table_size(ids) + 1);
            g_hash_table_insert(ids, g_steal_pointer(&both), id);
        }
        inner[cpu] = GPOINTER_TO_INT(id) - 1;
    }
}

/* True iff some @inner group lies in two of @outer; such CPUs are marked in @crossing. */
static bool crosses(const struct groups *g, const int64_t *inner, const int64_t *outer,
                    bool *crossing)
{
    g_autoptr(GHashTable) first = g_hash_table_new(g_int64_hash, g_int64_equal);
    bool any = false;

    for (int32_t cpu = 0; cpu < nr_cpus(g); cpu++) {
        const int64_t *seen = g_hash_table_lookup(first, &inner[cpu]);

        if (seen == NULL) {
            g_hash_table_insert(first, (gpointer)(guintptr)&inner[cpu],
                                (gpointer)(guintptr)&outer[cpu]);
        } else if (*seen != outer[cpu]) {
            crossing[cpu] = any = true;
        }
    }
    return any;
}

static void cut(struct groups *g, int64_t *inner, const char *inner_name, const int64_t *outer,
                const char *outer_name)
{
    g_autofree bool *crossing = g_new0(bool, (size_t)nr_cpus(g));

    if (crosses(g, inner, outer, crossing)) {
        g_autofree char *list = completion_cpulist(g->c, crossing);

        completion_say(g->c, "a %s lies in two %ss, which hardware does not do: cut at CPUs %s",
                       inner_name, outer_name, list);
        intersect(g, inner, outer);
    }
}

/* What machine_finish() will ask for, from the outside in. */
static void cut_all(struct groups *g)
{
    int64_t *const *k = g->key;

    cut(g, k[FACTS_DIE], "die", k[FACTS_PACKAGE], "package");
    cut(g, g->llc, "LLC", k[FACTS_PACKAGE], "package");
    cut(g, k[FACTS_L2], "L2", g->llc, "LLC");
    cut(g, k[FACTS_CLUSTER], "cluster", g->llc, "LLC");
    cut(g, k[FACTS_CLUSTER], "cluster", k[FACTS_NODE], "node");
    cut(g, k[FACTS_CORE], "core", k[FACTS_DIE], "die");
    cut(g, k[FACTS_CORE], "core", k[FACTS_NODE], "node");
    cut(g, k[FACTS_CORE], "core", g->llc, "LLC");
    cut(g, k[FACTS_CORE], "core", k[FACTS_L2], "L2");
    cut(g, k[FACTS_CORE], "core", k[FACTS_CLUSTER], "cluster");
}

/* What CPUs are sorted by before numbering: each group's first CPU, the outermost group first. */
enum { NR_SORT_KEYS = 7 };

struct place {
    int32_t first[NR_SORT_KEYS];
    int32_t cpu;
};

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    for (int i = 0; i < NR_SORT_KEYS; i++) {
        if (x->first[i] != y->first[i]) {
            return x->first[i] < y->first[i] ? -1 : 1;
        }
    }
    return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

static void set_firsts(const struct groups *g, const int64_t *keys, struct place *places, int at)
{
    g_autoptr(GHashTable) first = g_hash_table_new(g_int64_hash, g_int64_equal);

    for (int32_t cpu = 0; cpu < nr_cpus(g); cpu++) {
        gpointer seen = g_hash_table_lookup(first, &keys[cpu]);

        if (seen == NULL) {
            seen = GINT_TO_POINTER(cpu + 1);
            g_hash_table_insert(first, (gpointer)(guintptr)&keys[cpu], seen);
        }
        places[cpu].first[at] = GPOINTER_TO_INT(seen) - 1;
    }
}

/*
 * The order in which objects get their numbers: package by package, node by node, and so inwards,
 * however the CPUs are numbered, as a regular machine's description counts them.
 */
static struct place *sort_places(const struct groups *g)
{
    const int64_t *const keys[NR_SORT_KEYS] = {
        g->key[FACTS_PACKAGE], g->key[FACTS_NODE], g->key[FACTS_DIE],  g->llc,
        g->key[FACTS_CLUSTER], g->key[FACTS_L2],   g->key[FACTS_CORE],
    };
    struct place *places = g_new0(struct place, (size_t)nr_cpus(g));

    for (int i = 0; i < NR_SORT_KEYS; i++) {
        set_firsts(g, keys[i], places, i);
    }
    for (int32_t cpu = 0; cpu < nr_cpus(g); cpu++) {
        places[cpu].cpu = cpu;
    }
    qsort(places, (size_t)nr_cpus(g), sizeof(*places), compare_places);
    return places;
}

/* Dense ids in that order, into the member of each CPU at @offset; returns how many there are. */
static int32_t number(const struct groups *g, const struct place *places, const int64_t *keys,
                      size_t offset)
{
    g_autoptr(GHashTable) ids = g_hash_table_new(g_int64_hash, g_int64_equal);

    for (int32_t i = 0; i < nr_cpus(g); i++) {
        const int32_t cpu = places[i].cpu;
        gpointer id = g_hash_table_lookup(ids, &keys[cpu]);

        if (id == NULL) {
            id = GINT_TO_POINTER((int)g_hash_table_size(ids) + 1);
            g_hash_table_insert(ids, (gpointer)(guintptr)&keys[cpu], id);
        }
        *(int32_t *)(void *)((char *)&g->c->m->cpus[cpu] + offset) = GPOINTER_TO_INT(id) - 1;
    }
    return (int32_t)g_hash_table_size(ids);
}

static void number_groups(struct groups *g)
{
    g_autofree struct place *p = sort_places(g);
    struct machine *m = g->c->m;
    int64_t *const *k = g->key;

    m->nr_cores = number(g, p, k[FACTS_CORE], offsetof(struct machine_cpu, core));
    m->nr_clusters = number(g, p, k[FACTS_CLUSTER], offsetof(struct machine_cpu, cluster));
    m->nr_l2s = number(g, p, k[FACTS_L2], offsetof(struct machine_cpu, l2));
    m->nr_llcs = number(g, p, g->llc, offsetof(struct machine_cpu, llc));
    m->nr_dies = number(g, p, k[FACTS_DIE], offsetof(struct machine_cpu, die));
    m->nr_packages = number(g, p, k[FACTS_PACKAGE], offsetof(struct machine_cpu, package));
}

static void fill_cpus(struct groups *g)
{
    struct machine *m = g->c->m;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        const struct facts_cpu *stated = g->c->cpus[cpu];

        m->cpus[cpu].os_id = stated->id;
        m->cpus[cpu].capacity = stated->capacity > 0 ? MIN(stated->capacity, 1024) : 1024;
        m->cpus[cpu].priority = stated->priority;
        for (int32_t node = 0; node < m->nr_nodes; node++) {
            if (m->nodes[node].os_id == g->key[FACTS_NODE][cpu]) {
                m->cpus[cpu].node = node;
            }
        }
    }
}

bool complete_groups(struct completion *c)
{
    struct groups g = {.c = c};

    for (int group = 0; group < NR_FACTS_GROUPS; group++) {
        g.key[group] = new_keys(&g);
        for (int32_t cpu = 0; cpu < c->m->nr_cpus; cpu++) {
            g.key[group][cpu] = c->cpus[cpu]->group[group];
        }
    }
    fill_packages(&g);
    fill_nodes(&g);
    choose_llcs(&g);
    fill_inner(&g);
    cut_all(&g);
    c->m->cpus = g_new0(struct machine_cpu, (size_t)c->m->nr_cpus);
    number_groups(&g);
    fill_cpus(&g);
    completion_source(c, MACHINE_CPUS,
                      c->f->block_sources[MACHINE_CPUS] != NULL ? NULL
                                                                : "defaults of the importer");
    for (int group = 0; group < NR_FACTS_GROUPS; group++) {
        g_free(g.key[group]);
    }
    g_free(g.llc);
    return true;
}
