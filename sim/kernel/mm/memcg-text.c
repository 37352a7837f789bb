/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of cgroups as their files show it. */
#include "base/error.h"
#include "kernel/mm/memcg.h"
#include "kernel/procfs.h"

struct memcg_text {
    GString *out;
    const struct kernel *k;
    const struct kernel_cgroup *cg;
    char *path;
};

static char *path_of(const struct kernel *k, const struct kernel_cgroup *cg)
{
    if (cg->parent <= 0) {
        return g_strdup(cg->name);
    }
    g_autofree char *above = path_of(k, k->cgroups[cg->parent]);

    return g_strconcat(above, "/", cg->name, NULL);
}

/* The head of a file; false if it came after this release. */
static bool file(const struct memcg_text *t, const char *name, enum kernel_release since)
{
    if (t->k->sds->release < since) {
        return false;
    }
    g_string_append_printf(t->out, "%s==> %s/memory.%s <==\n", t->out->len > 0 ? "\n" : "", t->path,
                           name);
    return true;
}

static void append_limit(const struct memcg_text *t, const char *name, int64_t bytes)
{
    if (file(t, name, KERNEL_4_3)) {
        g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, bytes);

        g_string_append_printf(t->out, "%s\n", bytes == INT64_MAX ? "max" : number);
    }
}

/* Of it and those below it, or its own alone. */
static bool counts(const struct memcg_text *t, int32_t cgroup, bool local)
{
    return t->k->cgroups[cgroup]->memcg != NULL &&
           (local ? cgroup == t->cg->id : cgroup_below(t->k, cgroup, t->cg->id));
}

static void append_events(const struct memcg_text *t, bool local)
{
    static const char *const names[NUMASIM_NR_MEMCG_EVENTS] = {[NUMASIM_MEMCG_LOW] = "low",
                                                               [NUMASIM_MEMCG_HIGH] = "high",
                                                               [NUMASIM_MEMCG_MAX] = "max",
                                                               [NUMASIM_MEMCG_OOM] = "oom",
                                                               [NUMASIM_MEMCG_OOM_KILL] =
                                                                   "oom_kill"};

    for (int i = 0; i < NUMASIM_NR_MEMCG_EVENTS; i++) {
        uint64_t sum = 0;

        for (int32_t c = 0; c < t->k->nr_cgroups; c++) {
            sum += counts(t, c, local) ? t->k->cgroups[c]->memcg->pub.events[i] : 0;
        }
        g_string_append_printf(t->out, "%s %" G_GUINT64_FORMAT "\n", names[i], sum);
    }
}

static int64_t bytes_on(const struct memcg_text *t, int kind, int32_t node)
{
    int64_t pages = 0;

    for (int32_t c = 0; c < t->k->nr_cgroups; c++) {
        pages += counts(t, c, false) ? t->k->cgroups[c]->memcg->by_node[kind][node] : 0;
    }
    return pages * t->k->machine->page_size_bytes;
}

static void append_stat(const struct memcg_text *t, bool by_node)
{
    static const char *const names[NR_MEMCG_KINDS] = {
        [MEMCG_ANON] = "anon", [MEMCG_FILE] = "file", [MEMCG_SHMEM] = "shmem"};

    for (int i = 0; i < NR_MEMCG_KINDS; i++) {
        int64_t sum = 0;

        g_string_append(t->out, names[i]);
        for (int32_t n = 0; n < t->k->nr_nodes; n++) {
            sum += bytes_on(t, i, n);
            if (by_node && t->k->nodes[n].total_bytes > 0) {
                g_string_append_printf(t->out, " N%d=%" G_GINT64_FORMAT,
                                       t->k->machine->nodes[n].os_id, bytes_on(t, i, n));
            }
        }
        if (!by_node) {
            g_string_append_printf(t->out, " %" G_GINT64_FORMAT, sum);
        }
        g_string_append_c(t->out, '\n');
    }
}

static void append_cgroup(const struct memcg_text *t)
{
    const struct numasim_memcg *mc = &t->cg->memcg->pub;

    append_limit(t, "current", mc->usage_bytes);
    if (t->k->sds->release >= KERNEL_6_1) { /* 5.19 */
        append_limit(t, "peak", mc->peak_bytes);
    }
    append_limit(t, "min", mc->min_bytes);
    append_limit(t, "low", mc->low_bytes);
    append_limit(t, "high", mc->high_bytes);
    append_limit(t, "max", mc->max_bytes);
    if (file(t, "events", KERNEL_4_3)) {
        append_events(t, false);
    }
    if (file(t, "events.local", KERNEL_5_3)) { /* 5.2 */
        append_events(t, true);
    }
    if (file(t, "stat", KERNEL_4_3)) {
        append_stat(t, false);
    }
    if (file(t, "numa_stat", KERNEL_5_17)) { /* 5.10 */
        append_stat(t, true);
    }
}

char *kernel_memcg_text(const struct kernel *k)
{
    GString *out = g_string_new(NULL);

    for (int32_t c = 1; c < k->nr_cgroups; c++) {
        if (k->cgroups[c]->memcg != NULL) {
            struct memcg_text t = {out, k, k->cgroups[c], path_of(k, k->cgroups[c])};

            append_cgroup(&t);
            g_free(t.path);
        }
    }
    return g_string_free(out, FALSE);
}
