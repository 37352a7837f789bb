/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the pages of each process lie: its numa_maps, and what numastat -p makes of them. */
#include "kernel/internal.h"
#include "kernel/procfs.h"

/* The first thread of each process that is alive, by process; NULL: it is not. Newly allocated. */
static const struct task **leaders(const struct kernel *k)
{
    const struct task **ret = g_new0(const struct task *, (gsize)k->nr_processes + 1);

    for (int32_t i = k->nr_tasks - 1; i >= 0; i--) {
        const struct task *t = k->tasks[i];

        if (t->pub.process != NULL && t->pub.process->nr_threads > 0 &&
            t->pub.task_state != NUMASIM_TASK_NEW) {
            ret[t->pub.process->id] = t;
        }
    }
    return ret;
}

/* ------------------------------------------------------------------------------------------- */
/* numa_maps                                                                                    */

static const char *const mode_names[NUMASIM_NR_MPOLS] = {
    [NUMASIM_MPOL_DEFAULT] = "default",
    [NUMASIM_MPOL_PREFERRED] = "prefer",
    [NUMASIM_MPOL_BIND] = "bind",
    [NUMASIM_MPOL_INTERLEAVE] = "interleave",
    [NUMASIM_MPOL_LOCAL] = "local",
    [NUMASIM_MPOL_PREFERRED_MANY] = "prefer (many)",
    [NUMASIM_MPOL_WEIGHTED_INTERLEAVE] = "weighted interleave",
};

/* mpol_to_str(). */
static void append_policy(GString *out, const struct kernel *k, const struct numasim_mempolicy *p)
{
    static const struct {
        uint32_t flag;
        const char *name;
        enum kernel_release first;
    } flags[] = {
        {NUMASIM_MPOL_F_STATIC_NODES, "static", KERNEL_4_3},
        {NUMASIM_MPOL_F_RELATIVE_NODES, "relative", KERNEL_4_3},
        {NUMASIM_MPOL_F_NUMA_BALANCING, "balancing", KERNEL_6_12},
    };
    char separator = '=';

    g_string_append(out, mode_names[p->mode]);
    if (p->nodes == NULL) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
        if ((p->flags & flags[i].flag) != 0 && k->sds->release >= flags[i].first) {
            g_string_append_printf(out, "%c%s", separator, flags[i].name);
            separator = '|';
        }
    }
    g_autofree char *list = kernel_node_list(k, p->nodes);

    g_string_append_printf(out, ":%s", list);
}

enum kind { KIND_HUGE, KIND_HEAP, KIND_STACK, KIND_PRIVATE, NR_KINDS };

static enum kind region_kind(const struct mm_region *r)
{
    if (r->pub.hugetlb) {
        return KIND_HUGE;
    }
    if (!r->pub.file && !r->pub.shared && strcmp(r->pub.name, "heap") == 0) {
        return KIND_HEAP;
    }
    if (!r->pub.file && !r->pub.shared && strcmp(r->pub.name, "stack") == 0) {
        return KIND_STACK;
    }
    return KIND_PRIVATE;
}

/* What the mapping is of; memory without a file that is shared, or of a pool, has one of the kernel's
 * own (mm/shmem.c, fs/hugetlbfs/inode.c). */
static void append_mapping(GString *out, const struct mm_region *r)
{
    switch (region_kind(r)) {
    case KIND_HUGE:
        g_string_append(out, " file=/anon_hugepage\\040(deleted) huge");
        break;
    case KIND_HEAP:
        g_string_append(out, " heap");
        break;
    case KIND_STACK:
        g_string_append(out, " stack");
        break;
    default:
        if (r->pub.file) {
            g_string_append_printf(out, " file=/%s", r->pub.name);
        } else if (r->pub.shared) {
            g_string_append(out, " file=/dev/zero\\040(deleted)");
        }
        break;
    }
}

static void append_pages(GString *out, const struct kernel *k, const struct mm_region *r)
{
    int64_t unit = r->pub.hugetlb ? r->pub.page_bytes : k->machine->page_size_bytes;
    int64_t pages = 0;

    for (int32_t n = 0; n < k->nr_nodes; n++) {
        pages += r->bytes_by_node[n] / unit;
    }
    if (pages == 0) {
        return;
    }
    int64_t anon = r->pub.file || r->pub.shared ? 0 : pages, dirty = r->pub.file ? 0 : pages;

    if (anon > 0) {
        g_string_append_printf(out, " anon=%" G_GINT64_FORMAT, anon);
    }
    if (dirty > 0) {
        g_string_append_printf(out, " dirty=%" G_GINT64_FORMAT, dirty);
    }
    if (pages != anon && pages != dirty) {
        g_string_append_printf(out, " mapped=%" G_GINT64_FORMAT, pages);
    }
    /* What is new and anonymous was active until 5.8. */
    if (!r->pub.hugetlb && (r->pub.file || k->sds->release >= KERNEL_5_9)) {
        g_string_append(out, " active=0");
    }
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        if (r->bytes_by_node[n] > 0) {
            g_string_append_printf(out, " N%d=%" G_GINT64_FORMAT, k->machine->nodes[n].os_id,
                                   r->bytes_by_node[n] / unit);
        }
    }
    g_string_append_printf(out, " kernelpagesize_kB=%" G_GINT64_FORMAT, unit >> 10);
}

static void append_region(GString *out, const struct kernel *k, const struct task *leader,
                          const struct mm_region *r)
{
    uint64_t address = (uint64_t)r->pub.first_vpn * (uint64_t)k->machine->page_size_bytes;

    g_string_append_printf(out, "%08" G_GINT64_MODIFIER "x ", address);
    append_policy(out, k, r->pub.mempolicy != NULL ? r->pub.mempolicy : leader->pub.mempolicy);
    append_mapping(out, r);
    append_pages(out, k, r);
    g_string_append_c(out, '\n');
}

char *kernel_numa_maps_text(const struct kernel *k)
{
    GString *out = g_string_new(NULL);
    g_autofree const struct task **first = leaders(k);

    for (int32_t i = 0; i < k->nr_processes; i++) {
        const struct process *p = k->processes[i];

        if (first[i] == NULL) {
            continue;
        }
        g_string_append_printf(out, "%s==> /proc/%d/numa_maps <==\n", out->len > 0 ? "\n" : "",
                               first[i]->pub.id);
        for (int32_t r = 0; r < p->nr_regions; r++) {
            append_region(out, k, first[i], p->regions[r]);
        }
    }
    return g_string_free(out, FALSE);
}

/* ------------------------------------------------------------------------------------------- */
/* numastat -p                                                                                  */

/* numastat.c of numactl: columns of 16 and a first one of 17 or what its labels need, up to 24. */
enum { COLUMN = 16, MIN_LABEL = 17, MAX_LABEL = 24 };

struct table {
    const struct kernel *k;
    GString *out;
    int label_width;
    int64_t *total; /* [nr_nodes] bytes */
};

/* The name of the table's rows and of its columns, and a rule below them. */
static void append_head(const struct table *t, const char *label)
{
    const char *const rule = "------------------------";

    g_string_append_printf(t->out, "%-*s", t->label_width, label);
    for (int32_t n = 0; n < t->k->nr_nodes; n++) {
        g_autofree char *name = g_strdup_printf("Node %d", t->k->machine->nodes[n].os_id);

        g_string_append_printf(t->out, "%*s", COLUMN, name);
    }
    g_string_append_printf(t->out, "%*s\n%-*.*s", COLUMN, "Total", t->label_width,
                           label[0] != '\0' ? t->label_width - 1 : 0, rule);
    for (int32_t n = 0; n <= t->k->nr_nodes; n++) {
        g_string_append_printf(t->out, "%*.*s", COLUMN, COLUMN - 1, rule);
    }
    g_string_append_c(t->out, '\n');
}

/* @bytes in MB, to the nearest hundredth, as printf() rounds: ties to even. */
static void append_mb(GString *out, int64_t bytes)
{
    int64_t whole = bytes >> 20, rest = (bytes & ((INT64_C(1) << 20) - 1)) * 100;
    int64_t hundredths = rest >> 20, tie = rest & ((INT64_C(1) << 20) - 1);

    hundredths += tie > INT64_C(1) << 19 || (tie == INT64_C(1) << 19 && hundredths % 2 == 1);
    whole += hundredths / 100;
    g_autofree char *text =
        g_strdup_printf("%" G_GINT64_FORMAT ".%02" G_GINT64_FORMAT, whole, hundredths % 100);

    g_string_append_printf(out, "%*s", COLUMN, text);
}

static void append_table_row(const struct table *t, const char *label, const int64_t *bytes)
{
    int64_t sum = 0;

    g_string_append_printf(t->out, "%-*.*s", t->label_width, t->label_width, label);
    for (int32_t n = 0; n < t->k->nr_nodes; n++) {
        append_mb(t->out, bytes[n]);
        sum += bytes[n];
    }
    append_mb(t->out, sum);
    g_string_append_c(t->out, '\n');
}

static void append_total(const struct table *t)
{
    const char *const rule = "------------------------";

    g_string_append_printf(t->out, "%-*.*s", t->label_width, t->label_width - 1, rule);
    for (int32_t n = 0; n <= t->k->nr_nodes; n++) {
        g_string_append_printf(t->out, "%*.*s", COLUMN, COLUMN - 1, rule);
    }
    g_string_append_c(t->out, '\n');
    append_table_row(t, "Total", t->total);
}

static void append_process_table(const struct table *t, const struct process *p,
                                 const struct task *leader)
{
    static const char *const names[NR_KINDS] = {"Huge", "Heap", "Stack", "Private"};
    int32_t nr_nodes = t->k->nr_nodes;
    g_autofree int64_t *bytes = g_new0(int64_t, (gsize)nr_nodes * NR_KINDS);

    for (int32_t i = 0; i < p->nr_regions; i++) {
        const struct mm_region *r = p->regions[i];

        for (int32_t n = 0; n < nr_nodes; n++) {
            bytes[(int32_t)region_kind(r) * nr_nodes + n] += r->bytes_by_node[n];
            t->total[n] += r->bytes_by_node[n];
        }
    }
    g_string_append_printf(t->out, "\nPer-node process memory usage (in MBs) for PID %d (%s)\n",
                           leader->pub.id, leader->comm);
    append_head(t, "");
    for (int32_t i = 0; i < NR_KINDS; i++) {
        append_table_row(t, names[i], bytes + i * nr_nodes);
    }
    append_total(t);
}

static void append_processes_table(struct table *t, const struct task **first)
{
    const struct kernel *k = t->k;
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);

    for (int32_t i = 0; i < k->nr_processes; i++) {
        char *label = first[i] == NULL
                          ? g_strdup("")
                          : g_strdup_printf("%d (%s)", first[i]->pub.id, first[i]->comm);

        g_ptr_array_add(labels, label);
        t->label_width = MAX(t->label_width, MIN((int)strlen(label) + 1, MAX_LABEL));
    }
    g_string_append(t->out, "\nPer-node process memory usage (in MBs)\n");
    append_head(t, "PID");
    for (int32_t i = 0; i < k->nr_processes; i++) {
        if (first[i] != NULL) {
            append_table_row(t, labels->pdata[i], k->processes[i]->bytes_by_node);
            for (int32_t n = 0; n < k->nr_nodes; n++) {
                t->total[n] += k->processes[i]->bytes_by_node[n];
            }
        }
    }
    append_total(t);
}

char *kernel_numastat_p_text(const struct kernel *k)
{
    g_autofree const struct task **first = leaders(k);
    g_autofree int64_t *total = g_new0(int64_t, (gsize)k->nr_nodes);
    struct table t = {k, g_string_new(NULL), MIN_LABEL, total};
    int32_t nr = 0, last = -1;

    for (int32_t i = 0; i < k->nr_processes; i++) {
        if (first[i] != NULL) {
            last = i;
            nr++;
        }
    }
    if (nr == 1) {
        append_process_table(&t, k->processes[last], first[last]);
    } else if (nr > 1) {
        append_processes_table(&t, first);
    }
    return g_string_free(t.out, FALSE);
}
