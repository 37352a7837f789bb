/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/vmstat.h"

#include <string.h>

#include "kernel/procfs.h"

void vmstat_read(const struct kernel *k, uint64_t *ret)
{
    const struct numasim_host *host = (const struct numasim_host *)(const void *)k;

    for (int32_t n = 0; n < kernel_machine(k)->nr_nodes; n++) {
        memcpy(ret + (size_t)n * NUMASIM_NR_VM_ITEMS, numasim_node(host, n)->vmstat,
               NUMASIM_NR_VM_ITEMS * sizeof(*ret));
    }
}

/* What was counted of one item. */
struct count {
    const struct machine *m;
    const uint64_t *before, *now;
    int item;
};

static uint64_t on_node(const struct count *c, int32_t node)
{
    size_t at = (size_t)node * NUMASIM_NR_VM_ITEMS + (size_t)c->item;

    return c->now[at] - c->before[at];
}

static uint64_t in_all(const struct count *c)
{
    uint64_t sum = 0;

    for (int32_t n = 0; n < c->m->nr_nodes; n++) {
        sum += on_node(c, n);
    }
    return sum;
}

/* In base pages, or how often. */
static enum result_unit unit_of(int item)
{
    switch (item) {
    case NUMASIM_PGPROMOTE_SUCCESS:
    case NUMASIM_PGPROMOTE_CANDIDATE:
    case NUMASIM_PGPROMOTE_CANDIDATE_NRL:
    case NUMASIM_PGDEMOTE_KSWAPD:
    case NUMASIM_PGDEMOTE_DIRECT:
    case NUMASIM_PGDEMOTE_KHUGEPAGED:
    case NUMASIM_PGDEMOTE_PROACTIVE:
    case NUMASIM_PGALLOC:
    case NUMASIM_PGFREE:
    case NUMASIM_PGSCAN_KSWAPD:
    case NUMASIM_PGSCAN_DIRECT:
    case NUMASIM_PGSTEAL_KSWAPD:
    case NUMASIM_PGSTEAL_DIRECT:
    case NUMASIM_NUMA_PTE_UPDATES:
    case NUMASIM_NUMA_PAGES_MIGRATED:
    case NUMASIM_PGMIGRATE_SUCCESS:
    case NUMASIM_PGMIGRATE_FAIL:
    case NUMASIM_PGTRANSACT_SUCCESS:
    case NUMASIM_PGTRANSACT_ABORT:
        return RESULT_PAGES;
    default:
        return RESULT_COUNT;
    }
}

/* numa_hit and the others of a numastat, and where pages were promoted to and demoted from. */
static bool is_by_node(int item)
{
    return item <= NUMASIM_PGDEMOTE_PROACTIVE;
}

static void report_named(const struct count *c, const char *name, struct result *r)
{
    result_add(r, name, unit_of(c->item), (int64_t)in_all(c));
    for (int32_t n = 0; n < c->m->nr_nodes && is_by_node(c->item) && c->m->nr_nodes > 1; n++) {
        g_autofree char *of = g_strdup_printf("%s.node%d", name, c->m->nodes[n].os_id);

        result_add(r, of, unit_of(c->item), (int64_t)on_node(c, n));
    }
}

static bool was_ever_counted(const struct count *c)
{
    bool any = false;

    for (int32_t n = 0; n < c->m->nr_nodes; n++) {
        any |= c->now[(size_t)n * NUMASIM_NR_VM_ITEMS + (size_t)c->item] > 0;
    }
    return any;
}

static void report_item(const struct count *c, struct result *r)
{
    const char *item = vm_item_name(c->item);
    const char *numa = g_str_has_prefix(item, "numa_") ? item + strlen("numa_") : NULL;
    g_autofree char *name = g_strconcat("vmstat.", item, NULL);

    if (was_ever_counted(c)) {
        report_named(c, name, r);
    }
    if (numa != NULL) {
        g_autofree char *short_name = g_strconcat("numa.", numa, NULL);

        report_named(c, short_name, r);
    }
}

void vmstat_report(const struct machine *m, const uint64_t *before, const uint64_t *now,
                   struct result *r)
{
    struct count c = {m, before, now, NUMASIM_NUMA_HINT_FAULTS};
    struct count local = {m, before, now, NUMASIM_NUMA_HINT_FAULTS_LOCAL};
    uint64_t allocated = 0;

    for (int32_t n = 0; n < m->nr_nodes; n++) {
        allocated += now[(size_t)n * NUMASIM_NR_VM_ITEMS + NUMASIM_PGALLOC];
    }
    if (allocated == 0) {
        return;
    }
    result_add_ratio(r, "numa.hint_faults_local_ratio", (int64_t)in_all(&local),
                     (int64_t)in_all(&c));
    for (c.item = 0; c.item < NUMASIM_NR_VM_ITEMS; c.item++) {
        report_item(&c, r);
    }
}
