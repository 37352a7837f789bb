/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "neutral.h"

#include <string.h>

#include "base/bitmap.h"

enum { MAX_CPU_ID = 65536 };

struct comparison {
    const struct machine *m;
    JsonObject *truth;
    enum neutral_source source;
    struct neutral_report *report;
    JsonArray *pus, *nodes; /* @nodes: the view that holds */
    bool raw;               /* @nodes are what sysfs states */
    int32_t *index;         /* [MAX_CPU_ID]: the machine's CPU of that number, -1 */
};

static const char *const count_names[NR_NEUTRAL_COUNTS] = {
    "CPUs",  "cores",        "clusters",     "L2s",       "LLCs",        "dies",      "packages",
    "nodes", "memory sizes", "memory kinds", "distances", "cache sizes", "capacities"};

const char *neutral_count_name(enum neutral_count count)
{
    return count_names[count];
}

static void G_GNUC_PRINTF(2, 3) differ(struct comparison *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(c->report->differences, g_strdup_vprintf(format, args));
    va_end(args);
}

void neutral_report_free(struct neutral_report *report)
{
    if (report != NULL) {
        g_ptr_array_unref(report->differences);
        g_free(report);
    }
}

/* True iff @o has a @member that is not null. */
static bool states(JsonObject *o, const char *member)
{
    return json_object_has_member(o, member) && !json_object_get_null_member(o, member);
}

static int64_t member_or(JsonObject *o, const char *member, int64_t otherwise)
{
    return states(o, member) ? json_object_get_int_member(o, member) : otherwise;
}

static JsonArray *array_or_null(JsonObject *o, const char *member)
{
    return states(o, member) ? json_object_get_array_member(o, member) : NULL;
}

static guint length(JsonArray *array)
{
    return array != NULL ? json_array_get_length(array) : 0;
}

/* The set of a cpulist of the JSON, whose strings may end in a newline and a NUL. */
static uint64_t *read_list(const char *text)
{
    g_autofree char *clean = g_strdup(text);
    uint64_t *set = bitmap_new(MAX_CPU_ID);

    clean[strcspn(clean, "\n")] = '\0';
    g_assert_true(bitmap_parse_list(clean, set, MAX_CPU_ID, NULL));
    return set;
}

/* --- CPUs ------------------------------------------------------------------------------------- */

static JsonObject *pu_at(const struct comparison *c, guint i)
{
    return json_array_get_object_element(c->pus, i);
}

static int32_t pu_index(const struct comparison *c, guint i)
{
    return c->index[json_object_get_int_member(pu_at(c, i), "id")];
}

/* An offline CPU is a line of nulls in lscpu's view and absent from hwloc's. */
static bool pu_is_silent(JsonObject *pu)
{
    return !states(pu, "core") && !states(pu, "package") && !states(pu, "l2") &&
           !states(pu, "l3") && !states(pu, "nodes");
}

static void compare_cpus(struct comparison *c)
{
    g_autofree uint64_t *known = bitmap_new(MAX_CPU_ID);

    for (guint i = 0; i < length(c->pus); i++) {
        const int64_t id = json_object_get_int_member(pu_at(c, i), "id");
        const int32_t cpu = c->index[id];

        bitmap_set(known, (uint32_t)id);
        if (pu_is_silent(pu_at(c, i))) {
            continue;
        }
        if (cpu < 0) {
            differ(c, "CPU %" G_GINT64_FORMAT " is missing", id);
        } else if (bitmap_test(c->m->offline, (uint32_t)cpu)) {
            differ(c, "CPU %" G_GINT64_FORMAT " is online, but offline in ours", id);
        } else {
            c->report->agreed[NEUTRAL_CPUS]++;
        }
    }
    /* Taken from an XML of the same machine at another time: it speaks only of CPUs that it has. */
    if (c->source == NEUTRAL_SYSFS && states(c->truth, "xml_export")) {
        return;
    }
    for (int32_t cpu = 0; cpu < c->m->nr_cpus; cpu++) {
        if (!bitmap_test(known, (uint32_t)c->m->cpus[cpu].os_id) &&
            !bitmap_test(c->m->offline, (uint32_t)cpu)) {
            differ(c, "CPU %d is online in ours and nowhere else", c->m->cpus[cpu].os_id);
        }
    }
}

/* --- Groups ----------------------------------------------------------------------------------- */

/* One way in which both sides say which CPUs belong together. */
struct partition {
    const char *member; /* of a PU */
    enum neutral_count count;
    int32_t (*ours)(const struct machine_cpu *cpu);
};

static int32_t core_of(const struct machine_cpu *cpu)
{
    return cpu->core;
}

static int32_t l2_of(const struct machine_cpu *cpu)
{
    return cpu->l2;
}

static int32_t llc_of(const struct machine_cpu *cpu)
{
    return cpu->llc;
}

static int32_t die_of(const struct machine_cpu *cpu)
{
    return cpu->die;
}

static int32_t package_of(const struct machine_cpu *cpu)
{
    return cpu->package;
}

/* A key's partner on the other side, stored as partner + 1; 0: none yet. */
static int64_t partner(GHashTable *table, int64_t key, int64_t other)
{
    gpointer known = g_hash_table_lookup(table, GINT_TO_POINTER((int)key + 1));

    if (known == NULL) {
        g_hash_table_insert(table, GINT_TO_POINTER((int)key + 1), GINT_TO_POINTER((int)other + 1));
        return other;
    }
    return GPOINTER_TO_INT(known) - 1;
}

static void compare_partition(struct comparison *c, const struct partition *p)
{
    g_autoptr(GHashTable) to_ours = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) to_theirs = g_hash_table_new(NULL, NULL);
    guint wrong = 0;
    int64_t first = -1;

    for (guint i = 0; i < length(c->pus); i++) {
        const int32_t cpu = pu_index(c, i);
        int64_t theirs;
        int32_t ours;

        if (cpu < 0 || !states(pu_at(c, i), p->member)) {
            continue;
        }
        theirs = json_object_get_int_member(pu_at(c, i), p->member);
        ours = p->ours(&c->m->cpus[cpu]);
        if (partner(to_ours, theirs, ours) != ours || partner(to_theirs, ours, theirs) != theirs) {
            first = wrong++ == 0 ? c->m->cpus[cpu].os_id : first;
        }
    }
    if (wrong > 0) {
        differ(c, "the %s differ for %u CPUs, first CPU %" G_GINT64_FORMAT,
               neutral_count_name(p->count), wrong, first);
    } else {
        c->report->agreed[p->count] += g_hash_table_size(to_ours);
    }
}

/* hwloc's groups of the subtype Cluster: each is a cluster of ours, if it holds several CPUs. */
static void compare_clusters(struct comparison *c)
{
    JsonArray *groups = array_or_null(c->truth, "groups");

    for (guint i = 0; i < length(groups); i++) {
        JsonObject *group = json_array_get_object_element(groups, i);
        g_autofree uint64_t *set = NULL;
        bool same = true;
        int32_t cluster = -1;

        if (!states(group, "subtype") ||
            strcmp(json_object_get_string_member(group, "subtype"), "Cluster") != 0) {
            continue;
        }
        set = read_list(json_object_get_string_member(group, "cpulist"));
        for (int32_t cpu = 0; cpu < c->m->nr_cpus; cpu++) {
            if (cluster < 0 && bitmap_test(set, (uint32_t)c->m->cpus[cpu].os_id)) {
                cluster = c->m->cpus[cpu].cluster;
            }
        }
        for (int32_t cpu = 0; cpu < c->m->nr_cpus; cpu++) {
            same = same && (bitmap_test(c->m->offline, (uint32_t)cpu) ||
                            (c->m->cpus[cpu].cluster == cluster) ==
                                bitmap_test(set, (uint32_t)c->m->cpus[cpu].os_id));
        }
        if (!same) {
            differ(c, "the cluster of CPUs %s is not ours",
                   json_object_get_string_member(group, "cpulist"));
        }
        c->report->agreed[NEUTRAL_CLUSTERS] += same;
    }
}

static bool any_states(const struct comparison *c, const char *member)
{
    for (guint i = 0; i < length(c->pus); i++) {
        if (states(pu_at(c, i), member)) {
            return true;
        }
    }
    return false;
}

static void compare_groups(struct comparison *c)
{
    const struct partition partitions[] = {
        {"core", NEUTRAL_CORES, core_of}, {"l2", NEUTRAL_L2S, l2_of},
        {"die", NEUTRAL_DIES, die_of},    {"package", NEUTRAL_PACKAGES, package_of},
        {"l3", NEUTRAL_LLCS, llc_of},
    };
    const struct partition by_l2 = {"l2", NEUTRAL_LLCS, llc_of};

    for (size_t i = 0; i < G_N_ELEMENTS(partitions); i++) {
        compare_partition(c, &partitions[i]);
    }
    if (!any_states(c, "l3")) {
        compare_partition(c, &by_l2);
    }
    compare_clusters(c);
}

/* --- Nodes ------------------------------------------------------------------------------------ */

static int32_t find_node(const struct machine *m, int64_t id)
{
    for (int32_t node = 0; node < m->nr_nodes; node++) {
        if (m->nodes[node].os_id == id) {
            return node;
        }
    }
    return -1;
}

static bool list_has(JsonArray *list, int64_t value)
{
    for (guint i = 0; i < length(list); i++) {
        if (json_array_get_int_element(list, i) == value) {
            return true;
        }
    }
    return false;
}

/* The lowest node that claims CPU @id in the view of sysfs, -1 if none does. */
static int64_t raw_node_of(const struct comparison *c, int64_t id)
{
    int64_t lowest = -1;

    for (guint i = 0; i < length(c->nodes); i++) {
        JsonObject *node = json_array_get_object_element(c->nodes, i);
        g_autofree uint64_t *set = read_list(json_object_get_string_member(node, "cpulist"));
        const int64_t node_id = json_object_get_int_member(node, "id");

        if (bitmap_test(set, (uint32_t)id) && (lowest < 0 || node_id < lowest)) {
            lowest = node_id;
        }
    }
    return lowest;
}

static void compare_node_of_cpus(struct comparison *c)
{
    for (guint i = 0; i < length(c->pus); i++) {
        const int32_t cpu = pu_index(c, i);
        JsonArray *nodes = array_or_null(pu_at(c, i), "nodes");
        int32_t ours;

        if (cpu < 0 || length(nodes) == 0) {
            continue;
        }
        ours = c->m->nodes[c->m->cpus[cpu].node].os_id;
        if (c->raw ? raw_node_of(c, c->m->cpus[cpu].os_id) != ours : !list_has(nodes, ours)) {
            differ(c, "CPU %d is on node %d in ours and not there", c->m->cpus[cpu].os_id, ours);
        }
    }
}

/*
 * A node that only we know may be there for CPUs of which the truth says that they are on none, or
 * that it does not know.
 */
static bool may_be_extra(const struct comparison *c, int32_t node)
{
    bool used = false;

    for (guint i = 0; i < length(c->pus); i++) {
        const int32_t cpu = pu_index(c, i);

        if (cpu >= 0 && c->m->cpus[cpu].node == node) {
            if (length(array_or_null(pu_at(c, i), "nodes")) > 0) {
                return false;
            }
            used = true;
        }
    }
    return used;
}

static const char *kind_of(const struct machine_node *node)
{
    if (g_strcmp0(node->subtype, "GPUMemory") == 0 || g_strcmp0(node->subtype, "MCDRAM") == 0) {
        return node->subtype;
    }
    return node->tier == TIER_PMEM ? "NVM" : machine_tier_name(node->tier);
}

static bool kinds_agree(const char *theirs, const struct machine_node *node)
{
    return strcmp(theirs, kind_of(node)) == 0 ||
           (strncmp(theirs, "CXL", 3) == 0 && node->tier == TIER_CXL);
}

/* The kind that the hwloc view gives node @id, or NULL. */
static const char *stated_kind(const struct comparison *c, int64_t id)
{
    JsonArray *nodes = array_or_null(c->truth, "nodes");

    for (guint i = 0; i < length(nodes); i++) {
        JsonObject *node = json_array_get_object_element(nodes, i);

        if (json_object_get_int_member(node, "id") == id && states(node, "kind")) {
            return json_object_get_string_member(node, "kind");
        }
    }
    return NULL;
}

static void compare_node(struct comparison *c, JsonObject *theirs)
{
    const int64_t id = json_object_get_int_member(theirs, "id");
    const int64_t bytes = member_or(theirs, "mem_bytes", 0);
    const int32_t node = find_node(c->m, id);
    const char *kind = stated_kind(c, id);

    if (node < 0) {
        differ(c, "node %" G_GINT64_FORMAT " is missing", id);
        return;
    }
    c->report->agreed[NEUTRAL_NODES]++;
    if (bytes > 0 && c->m->nodes[node].memory_bytes != bytes) {
        differ(c,
               "node %" G_GINT64_FORMAT " has %" G_GINT64_FORMAT " bytes, %" G_GINT64_FORMAT
               " in ours",
               id, bytes, c->m->nodes[node].memory_bytes);
    } else if (bytes > 0) {
        c->report->agreed[NEUTRAL_SIZES]++;
    }
    if (kind != NULL && !kinds_agree(kind, &c->m->nodes[node])) {
        differ(c, "node %" G_GINT64_FORMAT " is %s, %s in ours", id, kind,
               kind_of(&c->m->nodes[node]));
    } else if (kind != NULL) {
        c->report->agreed[NEUTRAL_KINDS]++;
    }
}

static void compare_nodes(struct comparison *c)
{
    for (guint i = 0; i < length(c->nodes); i++) {
        compare_node(c, json_array_get_object_element(c->nodes, i));
    }
    for (int32_t node = 0; node < c->m->nr_nodes; node++) {
        bool known = false;

        for (guint i = 0; i < length(c->nodes); i++) {
            known = known || json_object_get_int_member(json_array_get_object_element(c->nodes, i),
                                                        "id") == c->m->nodes[node].os_id;
        }
        if (!known && length(c->nodes) > 0 && !may_be_extra(c, node)) {
            differ(c, "node %d is in ours and nowhere else", c->m->nodes[node].os_id);
        }
    }
    compare_node_of_cpus(c);
}

static void compare_distances(struct comparison *c)
{
    JsonArray *index = array_or_null(c->truth, "distances_index");
    JsonArray *rows = array_or_null(c->truth, "distances");

    for (guint i = 0; rows != NULL && i < length(index); i++) {
        const int32_t from = find_node(c->m, json_array_get_int_element(index, i));

        for (guint j = 0; from >= 0 && j < length(index); j++) {
            const int32_t to = find_node(c->m, json_array_get_int_element(index, j));
            const int64_t theirs =
                json_array_get_int_element(json_array_get_array_element(rows, i), j);

            if (to >= 0 && machine_distance(c->m, from, to) != theirs) {
                differ(c, "from node %d to %d it is %" G_GINT64_FORMAT ", %d in ours",
                       c->m->nodes[from].os_id, c->m->nodes[to].os_id, theirs,
                       machine_distance(c->m, from, to));
            } else if (to >= 0) {
                c->report->agreed[NEUTRAL_DISTANCES]++;
            }
        }
    }
}

/* --- Caches and capacities -------------------------------------------------------------------- */

struct cache_level {
    const char *name;   /* in the JSON */
    const char *member; /* of a PU that has it, or NULL: of cores, and those may lack it */
    int64_t (*bytes)(const struct machine *m, const struct machine_cpu *cpu);
};

static int64_t l1d_bytes(const struct machine *m, const struct machine_cpu *cpu)
{
    return m->l1d_bytes[cpu->core];
}

static int64_t l2_bytes(const struct machine *m, const struct machine_cpu *cpu)
{
    return m->l2_bytes[cpu->l2];
}

static int64_t l3_bytes(const struct machine *m, const struct machine_cpu *cpu)
{
    return m->llcs[cpu->llc].size_bytes;
}

static void compare_cache(struct comparison *c, const struct cache_level *level, JsonArray *sizes)
{
    for (guint i = 0; i < length(sizes); i++) {
        const int64_t theirs = json_array_get_int_element(sizes, i);
        bool found = theirs == 0;

        for (guint pu = 0; pu < length(c->pus); pu++) {
            const int32_t cpu = pu_index(c, pu);

            found = found || (cpu >= 0 && level->bytes(c->m, &c->m->cpus[cpu]) == theirs);
        }
        if (!found) {
            differ(c, "no %s of ours has %" G_GINT64_FORMAT " bytes", level->name, theirs);
        }
        c->report->agreed[NEUTRAL_CACHES] += found;
    }
    for (guint pu = 0; level->member != NULL && pu < length(c->pus); pu++) {
        const int32_t cpu = pu_index(c, pu);
        const int64_t ours = cpu < 0 ? 0 : level->bytes(c->m, &c->m->cpus[cpu]);

        if (cpu >= 0 && states(pu_at(c, pu), level->member) && !list_has(sizes, ours)) {
            differ(c, "the %s of CPU %d has %" G_GINT64_FORMAT " bytes, and none should",
                   level->name, c->m->cpus[cpu].os_id, ours);
            return;
        }
    }
}

static void compare_caches(struct comparison *c)
{
    static const struct cache_level levels[] = {
        {"L1Cache", NULL, l1d_bytes}, {"L2Cache", "l2", l2_bytes}, {"L3Cache", "l3", l3_bytes}};
    JsonObject *caches =
        states(c->truth, "caches") ? json_object_get_object_member(c->truth, "caches") : NULL;

    for (size_t i = 0; caches != NULL && i < G_N_ELEMENTS(levels); i++) {
        if (states(caches, levels[i].name)) {
            JsonObject *cache = json_object_get_object_member(caches, levels[i].name);

            compare_cache(c, &levels[i], array_or_null(cache, "sizes"));
        }
    }
}

static void compare_capacities(struct comparison *c)
{
    JsonArray *kinds = array_or_null(c->truth, "cpukinds");

    for (guint i = 0; i < length(kinds); i++) {
        JsonObject *kind = json_array_get_object_element(kinds, i);
        JsonObject *infos =
            states(kind, "infos") ? json_object_get_object_member(kind, "infos") : NULL;
        g_autofree uint64_t *set = NULL;
        int64_t theirs;

        if (infos == NULL || !states(infos, "LinuxCapacity")) {
            continue;
        }
        theirs = g_ascii_strtoll(json_object_get_string_member(infos, "LinuxCapacity"), NULL, 10);
        set = read_list(json_object_get_string_member(kind, "cpulist"));
        for (int32_t cpu = 0; cpu < c->m->nr_cpus; cpu++) {
            if (!bitmap_test(set, (uint32_t)c->m->cpus[cpu].os_id)) {
                continue;
            }
            if (c->m->cpus[cpu].capacity != theirs) {
                differ(c, "CPU %d has the capacity %" G_GINT64_FORMAT ", %d in ours",
                       c->m->cpus[cpu].os_id, theirs, c->m->cpus[cpu].capacity);
            } else {
                c->report->agreed[NEUTRAL_CAPACITIES]++;
            }
        }
    }
}

/* --- The whole -------------------------------------------------------------------------------- */

struct neutral_report *neutral_compare(const struct machine *m, JsonObject *truth,
                                       enum neutral_source source)
{
    g_autofree int32_t *index = g_new(int32_t, MAX_CPU_ID);
    struct neutral_report *report = g_new0(struct neutral_report, 1);
    struct comparison c = {.m = m, .truth = truth, .source = source, .report = report};

    report->differences = g_ptr_array_new_with_free_func(g_free);
    memset(index, 0xff, MAX_CPU_ID * sizeof(*index));
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        index[m->cpus[cpu].os_id] = cpu;
    }
    c.index = index;
    c.pus = json_object_get_array_member(truth, "pus");
    c.raw = source == NEUTRAL_SYSFS && length(array_or_null(truth, "raw_sysfs_nodes")) > 0;
    c.nodes = array_or_null(truth, c.raw ? "raw_sysfs_nodes" : "nodes");
    compare_cpus(&c);
    compare_groups(&c);
    compare_nodes(&c);
    compare_distances(&c);
    compare_caches(&c);
    compare_capacities(&c);
    return report;
}
