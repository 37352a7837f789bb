/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/domains-debugfs.h"

#include "base/bitmap.h"

struct walk {
    const struct machine *m;
    const struct sched_domains *sds;
    domains_debugfs_fn *fn;
    void *data;
    GString *path, *contents;
    gsize folder; /* length of the path up to and with the folder's slash */
    GError **error;
};

/* Gives the file @name, which reads walk.contents and a newline, to the caller. */
static bool give_file(struct walk *w, const char *name)
{
    g_string_truncate(w->path, w->folder);
    g_string_append(w->path, name);
    g_string_append_c(w->contents, '\n');
    return w->fn(w->path->str, w->contents->str, w->data, w->error);
}

static bool give_text(struct walk *w, const char *name, const char *text)
{
    g_string_assign(w->contents, text);
    return give_file(w, name);
}

static bool give_number(struct walk *w, const char *name, uint32_t number)
{
    g_string_printf(w->contents, "%u", number);
    return give_file(w, name);
}

static void append_flag(const char *name, void *data)
{
    g_string_append_printf(data, "%s ", name);
}

static bool give_flags(struct walk *w, const char *name, uint32_t flags)
{
    g_string_truncate(w->contents, 0);
    sd_flags_foreach(flags, w->sds->release, append_flag, w->contents);
    return give_file(w, name);
}

/* The CPU of @group on which work is packed first: init_sched_groups_capacity(), with the ranks of
 * arch_asym_cpu_priority(). In the outside's numbers. */
static uint32_t asym_prefer_cpu(const struct machine *m, const struct sched_group *group)
{
    const uint32_t n = (uint32_t)m->nr_cpus;
    uint32_t best = bitmap_next(group->span, n, 0);

    for (uint32_t cpu = best; cpu < n; cpu = bitmap_next(group->span, n, cpu + 1)) {
        best = m->cpus[cpu].priority > m->cpus[best].priority ? cpu : best;
    }
    return (uint32_t)m->cpus[best].os_id;
}

static bool give_domain(struct walk *w, const struct sched_domain *sd)
{
    const enum kernel_release release = w->sds->release;
    const struct sched_group *group = &sd->groups[0];

    if (!give_number(w, "min_interval", sd->min_interval) ||
        !give_number(w, "max_interval", sd->max_interval) ||
        !give_number(w, "max_newidle_lb_cost", 0) ||
        !give_number(w, "busy_factor", sd->busy_factor) ||
        !give_number(w, "imbalance_pct", sd->imbalance_pct) ||
        !give_number(w, "cache_nice_tries", sd->cache_nice_tries) ||
        !give_text(w, "name", sd->name) || !give_flags(w, "flags", sd->flags)) {
        return false;
    }
    if (release >= KERNEL_6_12 &&
        (!give_flags(w, "groups_flags", group->flags) || !give_number(w, "level", sd->tl_level))) {
        return false;
    }
    return release < KERNEL_7_3 || !(sd->flags & SD_ASYM_PACKING) ||
           give_number(w, "group_asym_prefer_cpu", asym_prefer_cpu(w->m, group));
}

/* The folder that walk.path names; afterwards it stands in the path with a slash. */
static bool give_folder(struct walk *w)
{
    if (!w->fn(w->path->str, NULL, w->data, w->error)) {
        return false;
    }
    g_string_append_c(w->path, '/');
    w->folder = w->path->len;
    return true;
}

static bool give_cpu(struct walk *w, int32_t cpu)
{
    g_string_printf(w->path, "cpu%d", w->m->cpus[cpu].os_id);
    if (!give_folder(w)) {
        return false;
    }
    for (uint32_t i = 0; i < w->sds->nr_domains[cpu]; i++) {
        g_string_printf(w->path, "cpu%d/domain%u", w->m->cpus[cpu].os_id, i);
        if (!give_folder(w) || !give_domain(w, &w->sds->domains[cpu][i])) {
            return false;
        }
    }
    return true;
}

bool domains_debugfs_walk(const struct machine *m, const struct sched_domains *sds,
                          domains_debugfs_fn *fn, void *data, GError **error)
{
    struct walk w = {.m = m,
                     .sds = sds,
                     .fn = fn,
                     .data = data,
                     .path = g_string_new(NULL),
                     .contents = g_string_new(NULL),
                     .error = error};
    bool good = true;

    for (int32_t cpu = 0; good && cpu < m->nr_cpus; cpu++) {
        good = give_cpu(&w, cpu);
    }
    g_string_free(w.path, TRUE);
    g_string_free(w.contents, TRUE);
    return good;
}

static bool append_file(const char *path, const char *contents, void *data, GError **error)
{
    (void)error;
    if (contents != NULL) {
        g_string_append_printf(data, "%s:%s", path, contents);
    }
    return true;
}

char *domains_debugfs_to_text(const struct machine *m, const struct sched_domains *sds)
{
    GString *out = g_string_new(NULL);

    domains_debugfs_walk(m, sds, append_file, out, NULL);
    return g_string_free(out, FALSE);
}
