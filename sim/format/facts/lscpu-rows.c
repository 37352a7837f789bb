/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From lscpu's rows to facts: which numbers name the same thing. */
#include "base/error.h"
#include "format/facts/lscpu-table.h"

struct rows {
    const struct lscpu_table *t;
    struct facts *f;
    bool l1_pairs; /* every full row has one number for both of its L1 caches */
};

static const struct lscpu_row *row_at(const struct rows *r, guint i)
{
    return &g_array_index(r->t->rows, struct lscpu_row, i);
}

/*
 * Gives each CPU's group a key that is the same where @within and @id are: the first CPU that has
 * both. Numbers that lscpu counts itself are unique in the machine; those of `lscpu -y` are the
 * hardware's, and unique only within what holds them. Returns how often a number came again in
 * another holder.
 */
static int make_keys(struct rows *r, enum facts_group group, const int32_t *id,
                     const int64_t *within)
{
    g_autoptr(GHashTable) pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) numbers = g_hash_table_new(NULL, NULL);
    int again = 0;

    for (guint i = 0; i < r->t->rows->len; i++) {
        const int32_t cpu = row_at(r, i)->id[LSCPU_CPU];
        char *pair;
        gpointer key;

        if (id[i] < 0) {
            continue;
        }
        pair = g_strdup_printf("%" G_GINT64_FORMAT " %d", within[i], id[i]);
        if (g_hash_table_lookup_extended(pairs, pair, NULL, &key)) {
            g_free(pair);
        } else {
            key = GINT_TO_POINTER(cpu);
            g_hash_table_insert(pairs, pair, key);
            again += !g_hash_table_add(numbers, GINT_TO_POINTER(id[i]));
        }
        facts_find_cpu(r->f, cpu)->group[group] = GPOINTER_TO_INT(key);
    }
    return again;
}

static int32_t *column(const struct rows *r, enum lscpu_column which)
{
    int32_t *ids = g_new(int32_t, r->t->rows->len);

    for (guint i = 0; i < r->t->rows->len; i++) {
        ids[i] = row_at(r, i)->id[which];
    }
    return ids;
}

/* What holds a CPU: the key of its group @outer, and of @inner beside it unless that is NR. */
static int64_t *holders(const struct rows *r, enum facts_group outer, enum facts_group inner)
{
    int64_t *within = g_new(int64_t, r->t->rows->len);

    for (guint i = 0; i < r->t->rows->len; i++) {
        const struct facts_cpu *cpu = facts_find_cpu(r->f, row_at(r, i)->id[LSCPU_CPU]);

        within[i] = (int64_t)cpu->group[outer] * FACTS_MAX_CPU_ID;
        within[i] += inner != NR_FACTS_GROUPS ? cpu->group[inner] : 0;
    }
    return within;
}

/*
 * Sockets are counted through the machine, or, on s390, within a book and that within a drawer.
 * Where lscpu finds no ACPI table of an Arm machine it calls a socket a cluster.
 */
static void take_packages(struct rows *r)
{
    const bool clusters = !lscpu_table_has(r->t, LSCPU_SOCKET);
    g_autofree int32_t *ids = column(r, clusters ? LSCPU_CLUSTER : LSCPU_SOCKET);
    g_autofree int64_t *within = g_new(int64_t, r->t->rows->len);

    for (guint i = 0; i < r->t->rows->len; i++) {
        const int32_t *id = row_at(r, i)->id;

        within[i] = ((int64_t)id[LSCPU_DRAWER] + 1) * INT32_MAX + id[LSCPU_BOOK];
    }
    make_keys(r, FACTS_PACKAGE, ids, within);
}

/* True iff clusters and sockets are the same CPUs, as lscpu prints them without an ACPI table. */
static bool clusters_are_packages(const struct rows *r)
{
    g_autoptr(GHashTable) by_cluster = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) by_package = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < r->t->rows->len; i++) {
        gpointer cluster = GINT_TO_POINTER(row_at(r, i)->id[LSCPU_CLUSTER]);
        gpointer package = GINT_TO_POINTER(row_at(r, i)->id[LSCPU_SOCKET]);
        gpointer other;

        if (g_hash_table_lookup_extended(by_cluster, cluster, NULL, &other) && other != package) {
            return false;
        }
        if (g_hash_table_lookup_extended(by_package, package, NULL, &other) && other != cluster) {
            return false;
        }
        g_hash_table_insert(by_cluster, cluster, package);
        g_hash_table_insert(by_package, package, cluster);
    }
    return true;
}

static void take_cores_and_clusters(struct rows *r)
{
    g_autofree int32_t *cores = column(r, LSCPU_CORE);
    g_autofree int32_t *clusters = column(r, LSCPU_CLUSTER);
    g_autofree int64_t *in_package = holders(r, FACTS_PACKAGE, NR_FACTS_GROUPS);
    g_autofree int64_t *in_node = holders(r, FACTS_PACKAGE, FACTS_NODE);

    if (make_keys(r, FACTS_CORE, cores, in_node) > 0) {
        facts_note(r->f, "core numbers come again in other packages or nodes, as `lscpu -y` prints "
                         "them: cores with one number are told apart by package and node");
    }
    if (lscpu_table_has(r->t, LSCPU_SOCKET) && !clusters_are_packages(r)) {
        make_keys(r, FACTS_CLUSTER, clusters, in_package);
    }
}

/*
 * lscpu leaves out caches that a CPU does not use, so that a short row may lack any of them. Where
 * every core's two L1 caches bear one number, a row that begins with such a pair lacks its last
 * ones; of others nothing is known.
 */
static int caches_of(const struct rows *r, const struct lscpu_row *row)
{
    if (row->nr_caches == r->t->nr_caches) {
        return row->nr_caches;
    }
    return r->l1_pairs && row->nr_caches >= 2 && row->cache[0] == row->cache[1] ? row->nr_caches
                                                                                : 0;
}

static bool has_l1_pairs(const struct lscpu_table *t)
{
    if (t->nr_caches < 2 || t->level[0] != 1 || t->level[1] != 0) {
        return false;
    }
    for (guint i = 0; i < t->rows->len; i++) {
        const struct lscpu_row *row = &g_array_index(t->rows, struct lscpu_row, i);

        if (row->nr_caches == t->nr_caches && row->cache[0] != row->cache[1]) {
            return false;
        }
    }
    return true;
}

/* The caches of one level, or of the highest level from @level up that a CPU has. */
static int32_t *cache_column(const struct rows *r, int level, bool or_higher)
{
    int32_t *ids = g_new(int32_t, r->t->rows->len);

    for (guint i = 0; i < r->t->rows->len; i++) {
        const struct lscpu_row *row = row_at(r, i);
        int best = 0;

        ids[i] = FACTS_UNKNOWN;
        for (int c = 0; c < caches_of(r, row); c++) {
            const int here = r->t->level[c];

            if (row->cache[c] >= 0 && (here == level || (or_higher && here > level)) &&
                here > best) {
                best = here;
                ids[i] = row->cache[c];
            }
        }
    }
    return ids;
}

static bool names_caches(const struct lscpu_row *row)
{
    for (int i = 0; i < row->nr_caches; i++) {
        if (row->cache[i] >= 0) {
            return true;
        }
    }
    return false;
}

static void take_caches(struct rows *r)
{
    g_autofree int32_t *l2 = cache_column(r, 2, false);
    g_autofree int32_t *l3 = cache_column(r, 3, true);
    g_autofree int64_t *within = holders(r, FACTS_PACKAGE, NR_FACTS_GROUPS);
    int unsure = 0;

    make_keys(r, FACTS_L2, l2, within);
    make_keys(r, FACTS_L3, l3, within);
    for (guint i = 0; i < r->t->rows->len; i++) {
        const struct lscpu_row *row = row_at(r, i);

        unsure += names_caches(row) && caches_of(r, row) == 0;
    }
    if (unsure > 0) {
        facts_note(r->f,
                   "%d CPUs name fewer caches than the header and not which: theirs are unknown",
                   unsure);
    }
}

/* lscpu prints a row of dashes for an offline CPU, in words of many languages. */
static bool is_empty(const struct lscpu_row *row)
{
    for (int i = LSCPU_CPU + 1; i < LSCPU_NR_IDS; i++) {
        if (row->id[i] >= 0) {
            return false;
        }
    }
    return !names_caches(row);
}

static gint by_cpu(gconstpointer a, gconstpointer b)
{
    const struct lscpu_row *x = a, *y = b;

    return (x->id[LSCPU_CPU] > y->id[LSCPU_CPU]) - (x->id[LSCPU_CPU] < y->id[LSCPU_CPU]);
}

static bool take_cpus(struct rows *r, const char *name, const char *tool, GError **error)
{
    const bool bare = r->t->nr_columns == 1;

    for (guint i = 0; i < r->t->rows->len; i++) {
        const struct lscpu_row *row = row_at(r, i);
        const int32_t id = row->id[LSCPU_CPU];
        struct facts_cpu *cpu;

        if (id < 0 || facts_find_cpu(r->f, id) != NULL) {
            g_autofree char *what = id < 0
                                        ? g_strdup("a row has no CPU number; expected one in each")
                                        : g_strdup_printf("CPU %d has two rows; expected one", id);

            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s: %s", name, what);
            return false;
        }
        cpu = facts_cpu(r->f, id);
        cpu->offline = row->offline || (!bare && is_empty(row));
        cpu->max_hz = row->max_hz;
        if (row->max_hz > 0) {
            facts_state(r->f, MACHINE_FREQUENCY, tool);
        }
        cpu->group[FACTS_NODE] = row->id[LSCPU_NODE];
        if (row->id[LSCPU_NODE] >= 0) {
            facts_node(r->f, row->id[LSCPU_NODE]);
        }
    }
    return true;
}

static bool has_online(const struct facts *f)
{
    for (guint i = 0; i < f->cpus->len; i++) {
        if (!g_array_index(f->cpus, struct facts_cpu, i).offline) {
            return true;
        }
    }
    return false;
}

/* Columns of versions to come are passed over, and so would one be whose name is misspelt. */
static void note_unknown_columns(const struct lscpu_table *t, struct facts *f, const char *tool)
{
    for (guint i = 0; i < t->unknown->len; i++) {
        const char *name = g_ptr_array_index(t->unknown, i);
        const char *nearest = lscpu_nearest_column(name);

        facts_note(f, "%s: the column '%s' is not known and passed over%s%s%s", tool, name,
                   nearest != NULL ? " (did you mean '" : "", nearest != NULL ? nearest : "",
                   nearest != NULL ? "'?)" : "");
    }
}

struct facts *lscpu_table_finish(struct lscpu_table *t, const char *name, const char *tool,
                                 GError **error)
{
    g_autoptr(facts_t) f = facts_new_of(tool, name);
    struct rows r = {.t = t, .f = f, .l1_pairs = has_l1_pairs(t)};

    if (!lscpu_table_has(t, LSCPU_CPU) || t->rows->len == 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s: %s; expected what %s prints",
                    name, t->rows->len == 0 ? "no row of a CPU" : "no column CPU", tool);
        return NULL;
    }
    g_array_sort(t->rows, by_cpu);
    if (!take_cpus(&r, name, tool, error)) {
        return NULL;
    }
    take_packages(&r);
    take_cores_and_clusters(&r);
    take_caches(&r);
    f->model = g_steal_pointer(&t->model);
    note_unknown_columns(t, f, tool);
    f->lists_all_online = has_online(f); /* `lscpu -e -c` lists the others alone */
    facts_state(f, MACHINE_CPUS, tool);
    return g_steal_pointer(&f);
}
