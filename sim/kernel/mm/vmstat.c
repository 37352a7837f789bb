/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters and sizes of memory, of the machine and by node, as text. */
#include "kernel/mm/copies.h"
#include "kernel/mm/object.h"
#include "kernel/procfs.h"

/* Of a node, in base pages; a huge page of a pool is in none but hugetlb. */
struct node_use {
    int64_t anon, anon_huge, shmem, file, hugetlb_2m;
};

static const char *const item_names[NUMASIM_NR_VM_ITEMS] = {
    [NUMASIM_NUMA_HIT] = "numa_hit",
    [NUMASIM_NUMA_MISS] = "numa_miss",
    [NUMASIM_NUMA_FOREIGN] = "numa_foreign",
    [NUMASIM_NUMA_INTERLEAVE] = "numa_interleave",
    [NUMASIM_NUMA_LOCAL] = "numa_local",
    [NUMASIM_NUMA_OTHER] = "numa_other",
    [NUMASIM_PGPROMOTE_SUCCESS] = "pgpromote_success",
    [NUMASIM_PGPROMOTE_CANDIDATE] = "pgpromote_candidate",
    [NUMASIM_PGPROMOTE_CANDIDATE_NRL] = "pgpromote_candidate_nrl",
    [NUMASIM_PGDEMOTE_KSWAPD] = "pgdemote_kswapd",
    [NUMASIM_PGDEMOTE_DIRECT] = "pgdemote_direct",
    [NUMASIM_PGDEMOTE_KHUGEPAGED] = "pgdemote_khugepaged",
    [NUMASIM_PGDEMOTE_PROACTIVE] = "pgdemote_proactive",
    [NUMASIM_PGALLOC] = "pgalloc_normal",
    [NUMASIM_PGFREE] = "pgfree",
    [NUMASIM_PGFAULT] = "pgfault",
    [NUMASIM_PGSCAN_KSWAPD] = "pgscan_kswapd",
    [NUMASIM_PGSCAN_DIRECT] = "pgscan_direct",
    [NUMASIM_PGSTEAL_KSWAPD] = "pgsteal_kswapd",
    [NUMASIM_PGSTEAL_DIRECT] = "pgsteal_direct",
    [NUMASIM_ZONE_RECLAIM_SUCCESS] = "zone_reclaim_success",
    [NUMASIM_ZONE_RECLAIM_FAILED] = "zone_reclaim_failed",
    [NUMASIM_OOM_KILL] = "oom_kill",
    [NUMASIM_NUMA_PTE_UPDATES] = "numa_pte_updates",
    [NUMASIM_NUMA_HUGE_PTE_UPDATES] = "numa_huge_pte_updates",
    [NUMASIM_NUMA_HINT_FAULTS] = "numa_hint_faults",
    [NUMASIM_NUMA_HINT_FAULTS_LOCAL] = "numa_hint_faults_local",
    [NUMASIM_NUMA_PAGES_MIGRATED] = "numa_pages_migrated",
    [NUMASIM_PGMIGRATE_SUCCESS] = "pgmigrate_success",
    [NUMASIM_PGMIGRATE_FAIL] = "pgmigrate_fail",
    [NUMASIM_THP_FAULT_ALLOC] = "thp_fault_alloc",
    [NUMASIM_THP_FAULT_FALLBACK] = "thp_fault_fallback",
    [NUMASIM_THP_MIGRATION_SUCCESS] = "thp_migration_success",
    [NUMASIM_THP_MIGRATION_FAIL] = "thp_migration_fail",
    [NUMASIM_THP_MIGRATION_SPLIT] = "thp_migration_split",
    [NUMASIM_HTLB_BUDDY_ALLOC_SUCCESS] = "htlb_buddy_alloc_success",
    [NUMASIM_THP_COLLAPSE_ALLOC] = "thp_collapse_alloc",
    [NUMASIM_THP_COLLAPSE_ALLOC_FAILED] = "thp_collapse_alloc_failed",
    [NUMASIM_PGTRANSACT_SUCCESS] = "pgtransact_success",
    [NUMASIM_PGTRANSACT_ABORT] = "pgtransact_abort",
};

const char *vm_item_name(int item)
{
    return item_names[item];
}

void kernel_vm_events(const struct kernel *k, uint64_t *ret)
{
    memset(ret, 0, sizeof(*ret) * NUMASIM_NR_VM_ITEMS);
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        for (int i = 0; i < NUMASIM_NR_VM_ITEMS; i++) {
            ret[i] += k->nodes[n].vmstat[i];
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* What is where                                                                                */

static void add_huge_copies(const struct kernel *k, const struct mm_kind *kind,
                            struct node_use *uses)
{
    for (int32_t n = 0; kind->copies != 0 && n < k->nr_nodes; n++) {
        uses[n].anon_huge += copies_on(k, kind->copies, n) ? kind->pages : 0;
    }
}

/* Huge pages (2 MiB and more) among the pages of @r, by node. */
static void add_huge(const struct kernel *k, const struct mm_region *r, struct node_use *uses)
{
    for (int32_t s = 0; s < r->nr_slices; s++) {
        for (int32_t p = 0; p < r->slices[s].nr_parts; p++) {
            const struct mm_part *part = &r->slices[s].parts[p];

            for (int32_t e = 0; e < part->nr_extents; e++) {
                const struct mm_extent *extent = &part->extents[e];

                for (int32_t i = 0; i < extent->nr_kinds; i++) {
                    const struct mm_kind *kind = &extent->kinds[i];

                    if (kind->node != MM_UNTOUCHED &&
                        k->machine->page_size_bytes << kind->order >= INT64_C(1) << 21) {
                        uses[kind->node].anon_huge += kind->pages;
                        add_huge_copies(k, kind, uses);
                    }
                }
            }
        }
    }
}

static void add_region(const struct kernel *k, const struct mm_region *r, struct node_use *uses)
{
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        int64_t pages = r->bytes_by_node[n] / k->machine->page_size_bytes;

        pages += region_copies(r, n);
        if (r->pub.hugetlb) {
            uses[n].hugetlb_2m += r->pub.page_bytes == INT64_C(1) << 21 ? pages : 0;
        } else if (r->pub.file) {
            uses[n].file += pages;
        } else if (r->pub.shared) {
            uses[n].shmem += pages;
        } else {
            uses[n].anon += pages;
        }
    }
    if (!r->pub.hugetlb && !r->pub.file && !r->pub.shared) {
        add_huge(k, r, uses);
    }
}

/* By node; newly allocated. */
static struct node_use *node_uses(const struct kernel *k)
{
    struct node_use *uses = g_new0(struct node_use, (gsize)k->nr_nodes);

    for (int32_t p = 0; p < k->nr_processes; p++) {
        for (int32_t i = 0; i < k->processes[p]->nr_regions; i++) {
            if (region_counts(k->processes[p]->regions[i])) {
                add_region(k, k->processes[p]->regions[i], uses);
            }
        }
    }
    return uses;
}

static int32_t os_node(const struct kernel *k, int32_t node)
{
    return k->machine->nodes[node].os_id;
}

char *kernel_node_list(const struct kernel *k, const uint64_t *nodes)
{
    uint32_t nr_ids = 0;

    for (int32_t n = 0; n < k->nr_nodes; n++) {
        nr_ids = MAX(nr_ids, (uint32_t)os_node(k, n) + 1);
    }
    g_autofree uint64_t *ids = bitmap_new(nr_ids);

    for (int32_t n = 0; n < k->nr_nodes; n++) {
        if (nodes == NULL || bitmap_test(nodes, (uint32_t)n)) {
            bitmap_set(ids, (uint32_t)os_node(k, n));
        }
    }
    return bitmap_to_list(ids, nr_ids);
}

/* ------------------------------------------------------------------------------------------- */
/* /proc/vmstat                                                                                 */

enum { NR_FREE, NR_ANON, NR_FILE, NR_FILE_AND_SHMEM, NR_SHMEM, NR_THP, NR_ZERO, NR_SIZES };

struct row {
    const char *name; /* of a size; NULL: the item's */
    int value;        /* a size, or an item */
    enum kernel_release first, last;
};

#define EVER .first = KERNEL_4_3, .last = KERNEL_7_3
#define SIZE(name_, size_)                                                                         \
    {                                                                                              \
        .name = (name_), .value = (size_), EVER                                                    \
    }
#define ITEM(item_)                                                                                \
    {                                                                                              \
        .value = NUMASIM_##item_, EVER                                                             \
    }
#define ITEM_SINCE(item_, first_)                                                                  \
    {                                                                                              \
        .value = NUMASIM_##item_, .first = (first_), .last = KERNEL_7_3                            \
    }

/* The releases in which a line came: pgpromote_success 5.18, pgpromote_candidate 6.1, pgdemote_* 5.15,
 * thp_migration_* 5.9, oom_kill 4.13; until 4.7 pgsteal_* and pgscan_* were counted by zone. */
static const struct row rows[] = {
    SIZE("nr_free_pages", NR_FREE),
    ITEM(NUMA_HIT),
    ITEM(NUMA_MISS),
    ITEM(NUMA_FOREIGN),
    ITEM(NUMA_INTERLEAVE),
    ITEM(NUMA_LOCAL),
    ITEM(NUMA_OTHER),
    SIZE("nr_inactive_anon", NR_ANON),
    SIZE("nr_active_anon", NR_ZERO),
    SIZE("nr_inactive_file", NR_FILE),
    SIZE("nr_active_file", NR_ZERO),
    SIZE("nr_anon_pages", NR_ANON),
    SIZE("nr_mapped", NR_FILE_AND_SHMEM),
    SIZE("nr_file_pages", NR_FILE_AND_SHMEM),
    SIZE("nr_shmem", NR_SHMEM),
    SIZE("nr_anon_transparent_hugepages", NR_THP),
    ITEM_SINCE(PGPROMOTE_SUCCESS, KERNEL_5_18),
    ITEM_SINCE(PGPROMOTE_CANDIDATE, KERNEL_6_1),
    ITEM_SINCE(PGPROMOTE_CANDIDATE_NRL, KERNEL_7_3),
    ITEM_SINCE(PGDEMOTE_KSWAPD, KERNEL_6_12),
    ITEM_SINCE(PGDEMOTE_DIRECT, KERNEL_6_12),
    ITEM_SINCE(PGDEMOTE_KHUGEPAGED, KERNEL_6_12),
    ITEM_SINCE(PGDEMOTE_PROACTIVE, KERNEL_7_3),
    ITEM(PGALLOC),
    ITEM(PGFREE),
    ITEM(PGFAULT),
    ITEM_SINCE(PGSTEAL_KSWAPD, KERNEL_5_3),
    ITEM_SINCE(PGSTEAL_DIRECT, KERNEL_5_3),
    {.value = NUMASIM_PGDEMOTE_KSWAPD, .first = KERNEL_5_17, .last = KERNEL_6_1},
    {.value = NUMASIM_PGDEMOTE_DIRECT, .first = KERNEL_5_17, .last = KERNEL_6_1},
    ITEM_SINCE(PGSCAN_KSWAPD, KERNEL_5_3),
    ITEM_SINCE(PGSCAN_DIRECT, KERNEL_5_3),
    ITEM_SINCE(ZONE_RECLAIM_SUCCESS, KERNEL_6_1),
    ITEM(ZONE_RECLAIM_FAILED),
    ITEM_SINCE(OOM_KILL, KERNEL_5_3),
    ITEM(NUMA_PTE_UPDATES),
    ITEM(NUMA_HUGE_PTE_UPDATES),
    ITEM(NUMA_HINT_FAULTS),
    ITEM(NUMA_HINT_FAULTS_LOCAL),
    ITEM(NUMA_PAGES_MIGRATED),
    ITEM(PGMIGRATE_SUCCESS),
    ITEM(PGMIGRATE_FAIL),
    ITEM_SINCE(THP_MIGRATION_SUCCESS, KERNEL_5_9),
    ITEM_SINCE(THP_MIGRATION_FAIL, KERNEL_5_9),
    ITEM_SINCE(THP_MIGRATION_SPLIT, KERNEL_5_9),
    ITEM(HTLB_BUDDY_ALLOC_SUCCESS),
    ITEM(THP_FAULT_ALLOC),
    ITEM(THP_FAULT_FALLBACK),
    ITEM(THP_COLLAPSE_ALLOC),
    ITEM(THP_COLLAPSE_ALLOC_FAILED),
};

static void read_sizes(const struct kernel *k, int64_t *sizes)
{
    g_autofree struct node_use *uses = node_uses(k);
    int64_t page = k->machine->page_size_bytes;

    for (int32_t n = 0; n < k->nr_nodes; n++) {
        sizes[NR_FREE] += k->nodes[n].free_bytes / page;
        sizes[NR_ANON] += uses[n].anon;
        sizes[NR_FILE] += uses[n].file;
        sizes[NR_SHMEM] += uses[n].shmem;
        sizes[NR_FILE_AND_SHMEM] += uses[n].file + uses[n].shmem;
        sizes[NR_THP] += uses[n].anon_huge / ((INT64_C(1) << 21) / page);
    }
}

/* What no kernel's file has: pages moved as transactions, where there were any. */
static void append_transactions(GString *out, const uint64_t *events)
{
    static const int items[] = {NUMASIM_PGTRANSACT_SUCCESS, NUMASIM_PGTRANSACT_ABORT};

    if (events[items[0]] + events[items[1]] == 0) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(items); i++) {
        g_string_append_printf(out, "%s %" G_GUINT64_FORMAT "\n", item_names[items[i]],
                               events[items[i]]);
    }
}

char *kernel_vmstat_text(const struct kernel *k)
{
    GString *out = g_string_new(NULL);
    uint64_t events[NUMASIM_NR_VM_ITEMS];
    int64_t sizes[NR_SIZES] = {0};

    kernel_vm_events(k, events);
    read_sizes(k, sizes);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct row *row = &rows[i];

        if (k->sds->release < row->first || k->sds->release > row->last) {
            continue;
        }
        if (row->name != NULL) {
            g_string_append_printf(out, "%s %" G_GINT64_FORMAT "\n", row->name, sizes[row->value]);
        } else {
            g_string_append_printf(out, "%s %" G_GUINT64_FORMAT "\n", item_names[row->value],
                                   events[row->value]);
        }
    }
    append_transactions(out, events);
    return g_string_free(out, FALSE);
}

/* ------------------------------------------------------------------------------------------- */
/* nodeN/meminfo                                                                                */

static void append_node_meminfo(GString *out, const struct kernel *k, int32_t n,
                                const struct node_use *use)
{
    const struct machine_node *node = &k->machine->nodes[n];
    enum kernel_release release = k->sds->release;
    int64_t page = k->machine->page_size_bytes, kb = page >> 10;
    int64_t total = k->nodes[n].total_bytes >> 10, free = k->nodes[n].free_bytes >> 10;
    const struct {
        const char *name;
        int64_t value_kb;
        enum kernel_release first, last;
    } lines[] = {
        {"MemTotal:", total, EVER},
        {"MemFree:", free, EVER},
        {"MemUsed:", total - free, EVER},
        {"SwapCached:", 0, KERNEL_5_17, KERNEL_7_3}, /* 5.12 */
        {"Active:", 0, EVER},
        {"Inactive:", (use->anon + use->shmem + use->file) * kb, EVER},
        {"Active(anon):", 0, EVER},
        {"Inactive(anon):", (use->anon + use->shmem) * kb, EVER},
        {"Active(file):", 0, EVER},
        {"Inactive(file):", use->file * kb, EVER},
        {"Unevictable:", 0, EVER},
        {"Mlocked:", 0, EVER},
        {"Dirty:", 0, EVER},
        {"Writeback:", 0, EVER},
        {"FilePages:", (use->file + use->shmem) * kb, EVER},
        {"Mapped:", (use->file + use->shmem) * kb, EVER},
        {"AnonPages:", use->anon * kb, EVER},
        {"Shmem:", use->shmem * kb, EVER},
        {"KernelStack:", 0, EVER},
        {"PageTables:", 0, EVER},
        {"SecPageTables:", 0, KERNEL_6_1, KERNEL_7_3}, /* 6.1 */
        {"NFS_Unstable:", 0, EVER},
        {"Bounce:", 0, EVER},
        {"WritebackTmp:", 0, EVER},
        {"KReclaimable:", 0, KERNEL_5_3, KERNEL_7_3}, /* 4.20 */
        {"Slab:", 0, EVER},
        {"SReclaimable:", 0, EVER},
        {"SUnreclaim:", 0, EVER},
        {"AnonHugePages:", use->anon_huge * kb, EVER},
        {"ShmemHugePages:", 0, KERNEL_5_3, KERNEL_7_3}, /* 4.8 */
        {"ShmemPmdMapped:", 0, KERNEL_5_3, KERNEL_7_3},
        {"FileHugePages:", 0, KERNEL_5_9, KERNEL_7_3}, /* 5.4 */
        {"FilePmdMapped:", 0, KERNEL_5_9, KERNEL_7_3},
        {"Balloon:", 0, KERNEL_7_3, KERNEL_7_3},
        {"GPUActive:", 0, KERNEL_7_3, KERNEL_7_3},
        {"GPUReclaim:", 0, KERNEL_7_3, KERNEL_7_3},
    };
    int64_t pool_free = node->hugetlb_2m_pages - use->hugetlb_2m / ((INT64_C(1) << 21) / page);

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        if (release >= lines[i].first && release <= lines[i].last) {
            g_string_append_printf(out, "Node %d %-16s%8" G_GINT64_FORMAT " kB\n", node->os_id,
                                   lines[i].name, lines[i].value_kb);
        }
    }
    g_string_append_printf(out, "Node %d HugePages_Total: %5" G_GINT64_FORMAT "\n", node->os_id,
                           node->hugetlb_2m_pages);
    g_string_append_printf(out, "Node %d HugePages_Free:  %5" G_GINT64_FORMAT "\n", node->os_id,
                           MAX(pool_free, 0));
    g_string_append_printf(out, "Node %d HugePages_Surp:  %5d\n", node->os_id, 0);
}

char *kernel_meminfo_text(const struct kernel *k)
{
    GString *out = g_string_new(NULL);
    g_autofree struct node_use *uses = node_uses(k);

    for (int32_t n = 0; n < k->nr_nodes; n++) {
        append_node_meminfo(out, k, n, &uses[n]);
    }
    return g_string_free(out, FALSE);
}

/* ------------------------------------------------------------------------------------------- */
/* numactl                                                                                      */

static void append_distances(GString *out, const struct kernel *k)
{
    g_string_append(out, "node distances:\nnode ");
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        g_string_append_printf(out, "%3d ", os_node(k, n));
    }
    g_string_append_c(out, '\n');
    for (int32_t from = 0; from < k->nr_nodes; from++) {
        g_string_append_printf(out, "%3d: ", os_node(k, from));
        for (int32_t to = 0; to < k->nr_nodes; to++) {
            g_string_append_printf(out, "%3d ", machine_distance(k->machine, from, to));
        }
        g_string_append_c(out, '\n');
    }
}

char *kernel_numactl_text(const struct kernel *k)
{
    GString *out = g_string_new(NULL);
    g_autofree char *list = kernel_node_list(k, NULL);

    g_string_append_printf(out, "available: %d nodes (%s)\n", k->nr_nodes, list);
    for (int32_t n = 0; n < k->nr_nodes; n++) {
        const struct numasim_node *node = &k->nodes[n];

        g_string_append_printf(out, "node %d cpus:", os_node(k, n));
        for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
            if (bitmap_test(node->cpus, (uint32_t)cpu) && bitmap_test(k->online, (uint32_t)cpu)) {
                g_string_append_printf(out, " %d", k->machine->cpus[cpu].os_id);
            }
        }
        g_string_append_printf(
            out, "\nnode %d size: %" G_GINT64_FORMAT " MB\nnode %d free: %" G_GINT64_FORMAT " MB\n",
            os_node(k, n), node->total_bytes >> 20, os_node(k, n), node->free_bytes >> 20);
    }
    append_distances(out, k);
    return g_string_free(out, FALSE);
}
