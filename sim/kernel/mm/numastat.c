/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What numastat prints (numastat.c of numactl 2.0.16): tables of MB, a column for each node. */
#include "kernel/mm/numa-maps.h"
#include "kernel/procfs.h"

/* Columns as wide as their longest cell and a blank have these bounds with -c. */
enum { COLUMN = 16, MIN_CELL = 4, MAX_LABEL = 24 };

struct table {
    const struct kernel *k;
    bool compact, sorted, no_zeros;
    const char *corner; /* above the labels */
    int label_width;
    GPtrArray *labels; /* of the rows; owned */
    GArray *bytes;     /* int64_t of [rows][nr_nodes + 1], the last of a row its sum */
};

static struct table table_new(const struct kernel *k, const char *options, const char *corner)
{
    return (struct table){.k = k,
                          .compact = strchr(options, 'c') != NULL,
                          .sorted = strchr(options, 's') != NULL,
                          .no_zeros = strchr(options, 'z') != NULL,
                          .corner = corner,
                          .label_width = COLUMN,
                          .labels = g_ptr_array_new_with_free_func(g_free),
                          .bytes = g_array_new(FALSE, TRUE, sizeof(int64_t))};
}

static void table_release(struct table *t)
{
    g_ptr_array_unref(t->labels);
    g_array_unref(t->bytes);
}

static int64_t *row_of(const struct table *t, guint row)
{
    return &g_array_index(t->bytes, int64_t, row * (guint)(t->k->nr_nodes + 1));
}

/* Adds a row of zeros; for the caller to fill in, by node. */
static guint table_add(struct table *t, const char *label)
{
    g_ptr_array_add(t->labels, g_strdup(label));
    g_array_set_size(t->bytes, t->labels->len * (guint)(t->k->nr_nodes + 1));
    return t->labels->len - 1;
}

static void count_bytes(const struct table *t, guint row, int32_t node, int64_t bytes)
{
    row_of(t, row)[node] += bytes;
    row_of(t, row)[t->k->nr_nodes] += bytes;
}

/* @bytes in units of 1/@parts MB, to the nearest one as printf() rounds: ties to even. */
static int64_t in_parts(int64_t bytes, int64_t parts)
{
    int64_t whole = bytes >> 20, rest = (bytes & ((INT64_C(1) << 20) - 1)) * parts;
    int64_t ret = whole * parts + (rest >> 20), tie = rest & ((INT64_C(1) << 20) - 1);

    return ret + (tie > INT64_C(1) << 19 || (tie == INT64_C(1) << 19 && ret % 2 == 1));
}

static char *cell_text(const struct table *t, int64_t bytes)
{
    int64_t hundredths = in_parts(bytes, 100);

    if (t->compact) {
        return g_strdup_printf("%" G_GINT64_FORMAT, in_parts(bytes, 1));
    }
    return g_strdup_printf("%" G_GINT64_FORMAT ".%02" G_GINT64_FORMAT, hundredths / 100,
                           hundredths % 100);
}

static char *column_name(const struct table *t, int32_t column)
{
    return column == t->k->nr_nodes
               ? g_strdup("Total")
               : g_strdup_printf("Node %d", t->k->machine->nodes[column].os_id);
}

static int column_width(const struct table *t, int32_t column)
{
    g_autofree char *name = column_name(t, column);
    int width = MAX(MIN_CELL, (int)strlen(name));

    if (!t->compact) {
        return COLUMN;
    }
    for (guint row = 0; row < t->labels->len; row++) {
        g_autofree char *text = cell_text(t, row_of(t, row)[column]);

        width = MAX(width, (int)strlen(text));
    }
    return MIN(width + 1, COLUMN);
}

static int label_width(const struct table *t)
{
    int width = (int)strlen(t->corner);

    if (!t->compact) {
        return t->label_width;
    }
    for (guint row = 0; row < t->labels->len; row++) {
        width = MAX(width, (int)strlen(t->labels->pdata[row]));
    }
    return MIN(MAX(width, MIN_CELL) + 1, COLUMN);
}

static bool row_is_zero(const struct table *t, guint row)
{
    return row_of(t, row)[t->k->nr_nodes] == 0;
}

static bool column_is_zero(const struct table *t, int32_t column)
{
    for (guint row = 0; row < t->labels->len; row++) {
        if (row_of(t, row)[column] != 0) {
            return false;
        }
    }
    return true;
}

/* A line of names (@row < 0) or of row @row. */
static void append_row(GString *out, const struct table *t, int32_t row)
{
    int width = label_width(t);
    const char *label = row < 0 ? t->corner : t->labels->pdata[row];

    g_string_append_printf(out, "%-*.*s", width, width, label);
    for (int32_t c = 0; c <= t->k->nr_nodes; c++) {
        g_autofree char *text =
            row < 0 ? column_name(t, c) : cell_text(t, row_of(t, (guint)row)[c]);

        width = column_width(t, c);
        if (!t->no_zeros || !column_is_zero(t, c)) {
            g_string_append_printf(out, "%*.*s", width, width, text);
        }
    }
    g_string_append_c(out, '\n');
}

static void append_rule(GString *out, const struct table *t, bool of_labels)
{
    const char *const rule = "------------------------";

    g_string_append_printf(out, "%-*.*s", label_width(t), of_labels ? label_width(t) - 1 : 0, rule);
    for (int32_t c = 0; c <= t->k->nr_nodes; c++) {
        if (!t->no_zeros || !column_is_zero(t, c)) {
            g_string_append_printf(out, "%*.*s", column_width(t, c), column_width(t, c) - 1, rule);
        }
    }
    g_string_append_c(out, '\n');
}

/* The rows in the order in which they are printed: as they came, or by sum, the largest first; each
 * that is moved up changes places with the one that was there. */
static int32_t *order_of(const struct table *t, guint nr)
{
    int32_t *order = g_new(int32_t, nr + 1);

    for (guint i = 0; i < nr; i++) {
        order[i] = (int32_t)i;
    }
    for (guint i = 0; i < nr && t->sorted; i++) {
        guint most = i;

        for (guint j = i + 1; j < nr; j++) {
            if (row_of(t, (guint)order[j])[t->k->nr_nodes] >
                row_of(t, (guint)order[most])[t->k->nr_nodes]) {
                most = j;
            }
        }
        int32_t other = order[i];

        order[i] = order[most];
        order[most] = other;
    }
    return order;
}

/* With @has_total the last row is one, below a rule. */
static void table_append(GString *out, const struct table *t, bool has_total)
{
    guint nr = t->labels->len - (has_total ? 1 : 0);
    g_autofree int32_t *order = order_of(t, nr);

    if (t->no_zeros && column_is_zero(t, t->k->nr_nodes)) {
        g_string_append(out, "Table has no non-zero data.\n");
        return;
    }
    append_row(out, t, -1);
    append_rule(out, t, t->corner[0] != '\0');
    for (guint i = 0; i < nr; i++) {
        if (!t->no_zeros || !row_is_zero(t, (guint)order[i])) {
            append_row(out, t, order[i]);
        }
    }
    if (has_total) {
        append_rule(out, t, true);
        append_row(out, t, (int32_t)nr);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* numastat, numastat -n                                                                        */

static const struct {
    const char *name, *label; /* drivers/base/node.c: node_read_numastat(), and numastat -n */
    int item;
} counters[] = {
    {"numa_hit", "Numa_Hit", NUMASIM_NUMA_HIT},
    {"numa_miss", "Numa_Miss", NUMASIM_NUMA_MISS},
    {"numa_foreign", "Numa_Foreign", NUMASIM_NUMA_FOREIGN},
    {"interleave_hit", "Interleave_Hit", NUMASIM_NUMA_INTERLEAVE},
    {"local_node", "Local_Node", NUMASIM_NUMA_LOCAL},
    {"other_node", "Other_Node", NUMASIM_NUMA_OTHER},
};

static void append_plain(GString *out, const struct kernel *k)
{
    g_string_append_printf(out, "%16s", "");
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        g_autofree char *name = g_strdup_printf("node%d", k->machine->nodes[n].os_id);

        g_string_append_printf(out, "%16s", name);
    }
    g_string_append_c(out, '\n');
    for (size_t i = 0; i < G_N_ELEMENTS(counters); i++) {
        g_string_append_printf(out, "%-16s", counters[i].name);
        for (int32_t n = 0; n < k->nr_nodes; n++) {
            g_string_append_printf(out, "%16" G_GUINT64_FORMAT,
                                   k->nodes[n].vmstat[counters[i].item]);
        }
        g_string_append_c(out, '\n');
    }
}

static void append_counters(GString *out, const struct kernel *k, const char *options)
{
    struct table t = table_new(k, options, "");

    for (size_t i = 0; i < G_N_ELEMENTS(counters); i++) {
        guint row = table_add(&t, counters[i].label);

        for (int32_t n = 0; n < k->nr_nodes; n++) {
            count_bytes(&t, row, n,
                        (int64_t)k->nodes[n].vmstat[counters[i].item] *
                            k->machine->page_size_bytes);
        }
    }
    g_string_append(out, "\nPer-node numastat info (in MBs):\n");
    table_append(out, &t, false);
    table_release(&t);
}

/* ------------------------------------------------------------------------------------------- */
/* numastat -m                                                                                  */

/* The lines of nodeN/meminfo that it knows, in its order. */
static const char *const meminfo_rows[] = {
    "MemTotal",       "MemFree",        "MemUsed",         "HighTotal",      "HighFree",
    "LowTotal",       "LowFree",        "Active",          "Inactive",       "Active(anon)",
    "Inactive(anon)", "Active(file)",   "Inactive(file)",  "Unevictable",    "Mlocked",
    "Dirty",          "Writeback",      "FilePages",       "Mapped",         "AnonPages",
    "Shmem",          "KernelStack",    "PageTables",      "NFS_Unstable",   "Bounce",
    "WritebackTmp",   "Slab",           "SReclaimable",    "SUnreclaim",     "AnonHugePages",
    "ShmemHugePages", "ShmemPmdMapped", "HugePages_Total", "HugePages_Free", "HugePages_Surp",
    "KReclaimable",
};

/* Adds a row for @name with what the files of all nodes, one after the other, have for it, if any. */
static void add_meminfo(struct table *t, char *const *lines, const char *name)
{
    g_autofree char *key = g_strconcat(" ", name, ":", NULL);
    int32_t node = -1, row = -1;

    for (size_t i = 0; lines[i] != NULL; i++) {
        const char *found = strstr(lines[i], key);

        node += strstr(lines[i], " MemTotal:") != NULL;
        if (found == NULL) {
            continue;
        }
        int64_t value = g_ascii_strtoll(found + strlen(key), NULL, 10);

        row = row < 0 ? (int32_t)table_add(t, name) : row;
        /* Huge pages are counted, and all of one size. */
        count_bytes(t, (guint)row, node, value << (g_str_has_suffix(lines[i], " kB") ? 10 : 21));
    }
}

static void append_meminfo(GString *out, const struct kernel *k, const char *options)
{
    struct table t = table_new(k, options, "");
    g_autofree char *files = kernel_meminfo_text(k);
    g_auto(GStrv) lines = g_strsplit(files, "\n", -1);

    for (size_t i = 0; i < G_N_ELEMENTS(meminfo_rows); i++) {
        add_meminfo(&t, lines, meminfo_rows[i]);
    }
    g_string_append(out, "\nPer-node system memory usage (in MBs):\n");
    table_append(out, &t, false);
    table_release(&t);
}

/* ------------------------------------------------------------------------------------------- */
/* numastat -p                                                                                  */

/* One process by kinds of memory. */
static void append_process(GString *out, const struct kernel *k, const struct process *p,
                           const struct task *leader, const char *options)
{
    static const char *const names[NR_MAPS_KINDS] = {"Huge", "Heap", "Stack", "Private"};
    struct table t = table_new(k, options, "");

    t.label_width = COLUMN + 1;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        table_add(&t, names[i]);
    }
    guint total = table_add(&t, "Total");

    for (int32_t i = 0; i < p->nr_regions; i++) {
        const struct mm_region *r = p->regions[i];

        for (int32_t n = 0; n < k->nr_nodes; n++) {
            count_bytes(&t, maps_kind(r), n, r->bytes_by_node[n]);
            count_bytes(&t, total, n, r->bytes_by_node[n]);
        }
    }
    g_string_append_printf(out, "\nPer-node process memory usage (in MBs) for PID %d (%s)\n",
                           leader->pub.id, leader->comm);
    table_append(out, &t, true);
    table_release(&t);
}

/* A row for each process. */
static void append_processes(GString *out, const struct kernel *k, const struct task **first,
                             const char *options)
{
    struct table t = table_new(k, options, "PID");
    g_autofree int64_t *total = g_new0(int64_t, (gsize)k->nr_nodes);

    t.label_width = COLUMN + 1;
    for (int32_t i = 0; i < k->nr_processes; i++) {
        if (first[i] == NULL) {
            continue;
        }
        g_autofree char *label = g_strdup_printf("%d (%s)", first[i]->pub.id, first[i]->comm);
        guint row = table_add(&t, label);

        t.label_width = MAX(t.label_width, MIN((int)strlen(label) + 1, MAX_LABEL));
        for (int32_t n = 0; n < k->nr_nodes; n++) {
            count_bytes(&t, row, n, k->processes[i]->bytes_by_node[n]);
            total[n] += k->processes[i]->bytes_by_node[n];
        }
    }
    guint last = table_add(&t, "Total");

    for (int32_t n = 0; n < k->nr_nodes; n++) {
        count_bytes(&t, last, n, total[n]);
    }
    g_string_append(out, "\nPer-node process memory usage (in MBs)\n");
    table_append(out, &t, true);
    table_release(&t);
}

static void append_all_processes(GString *out, const struct kernel *k, const char *options)
{
    g_autofree const struct task **first = maps_leaders(k);
    int32_t nr = 0;

    for (int32_t i = 0; i < k->nr_processes; i++) {
        nr += first[i] != NULL;
    }
    if (nr > 1 && strchr(options, 'v') == NULL) {
        append_processes(out, k, first, options);
        return;
    }
    for (int32_t i = 0; i < k->nr_processes; i++) {
        if (first[i] != NULL) {
            append_process(out, k, k->processes[i], first[i], options);
        }
    }
}

char *kernel_numastat_text(const struct kernel *k, const char *options)
{
    GString *out = g_string_new(NULL);
    bool of_processes = strchr(options, 'p') != NULL, of_system = strchr(options, 'm') != NULL;

    if (options[0] == '\0') {
        append_plain(out, k);
        return g_string_free(out, FALSE);
    }
    if (of_processes) {
        append_all_processes(out, k, options);
    }
    if (of_system) {
        append_meminfo(out, k, options);
    }
    if (strchr(options, 'n') != NULL || (!of_processes && !of_system)) {
        append_counters(out, k, options);
    }
    return g_string_free(out, FALSE);
}
