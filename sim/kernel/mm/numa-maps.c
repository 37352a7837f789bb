/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the pages of each process lie: its numa_maps. */
#include "kernel/mm/numa-maps.h"

#include "kernel/mm/object.h"
#include "kernel/procfs.h"

const struct task **maps_leaders(const struct kernel *k)
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

enum maps_kind maps_kind(const struct mm_region *r)
{
    if (r->pub.hugetlb) {
        return MAPS_HUGE;
    }
    if (!r->pub.file && !r->pub.shared && strcmp(r->pub.name, "heap") == 0) {
        return MAPS_HEAP;
    }
    if (!r->pub.file && !r->pub.shared && strcmp(r->pub.name, "stack") == 0) {
        return MAPS_STACK;
    }
    return MAPS_PRIVATE;
}

/* What the mapping is of; memory without a file that is shared, or of a pool, has one of the kernel's
 * own (mm/shmem.c, fs/hugetlbfs/inode.c). */
static void append_mapping(GString *out, const struct mm_region *r)
{
    switch (maps_kind(r)) {
    case MAPS_HUGE:
        g_string_append(out, " file=/anon_hugepage\\040(deleted) huge");
        break;
    case MAPS_HEAP:
        g_string_append(out, " heap");
        break;
    case MAPS_STACK:
        g_string_append(out, " stack");
        break;
    default:
        if (region_object(r) != NULL) {
            g_string_append_printf(out, " file=/%s%s", r->pub.file ? "" : "dev/shm/",
                                   region_object(r)->name);
        } else if (r->pub.file) {
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
    if (region_object(r) != NULL && region_object(r)->nr_mapped > 1) {
        g_string_append_printf(out, " mapmax=%d", region_object(r)->nr_mapped);
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
    g_autofree const struct task **first = maps_leaders(k);

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
