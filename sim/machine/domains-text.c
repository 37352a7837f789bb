/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/domains-text.h"

#include <string.h>

#include "base/bitmap.h"
#include "machine/cpulist.h"
#include "machine/domains-names.h"
#include "machine/domains-tree.h"

enum {
    TEXT_COLUMNS = 96,
    MAX_SHOWN = 16, /* spans, groups or rings before "..." */
    MAX_FOLDED = 8, /* spans of what is folded, where no details are shown */
};

struct drawing {
    const struct machine *m;
    const struct sched_domains *sds;
    struct cpu_set_names *names;
    GString *out;
    bool details; /* groups and constants, too; nothing folded where spans overlap */
};

/* ------------------------------------------------------------------------------------------- */
/* Lines                                                                                        */

/*
 * Where @text, which is longer than @room, is best broken: between items, or else behind a blank,
 * or a comma, or where all of that comes too late, at the first of them.
 */
static size_t break_at(const char *text, size_t room)
{
    size_t item = 0, blank = 0, comma = 0, i;

    for (i = 0; text[i] != '\0' && (i < room || (blank == 0 && comma == 0)); i++) {
        if (text[i] == ' ') {
            blank = i + 1;
            item = i > 0 && strchr("|,:", text[i - 1]) != NULL ? i + 1 : item;
        } else if (text[i] == ',') {
            comma = i + 1;
        }
    }
    return item > 0 ? item : blank > 0 ? blank : comma > 0 ? comma : i;
}

/* Appends @text, the first line behind @first, and what does not fit there behind @next. */
static void append_wrapped(GString *out, const char *first, const char *next, const char *text)
{
    const char *lead = first;

    while (strlen(lead) + strlen(text) > TEXT_COLUMNS) {
        size_t room = TEXT_COLUMNS > strlen(lead) ? TEXT_COLUMNS - strlen(lead) : 1;
        size_t length = break_at(text, room);
        gsize end;

        if (text[length] == '\0') {
            break;
        }
        g_string_append(out, lead);
        end = out->len;
        g_string_append_len(out, text, (gssize)length);
        while (out->len > end && out->str[out->len - 1] == ' ') {
            g_string_truncate(out, out->len - 1);
        }
        g_string_append_c(out, '\n');
        text += length;
        lead = next;
    }
    g_string_append_printf(out, "%s%s\n", lead, text);
}

/* A line of what a domain has, below its head. */
static void append_body(GString *out, const char *below, const char *text)
{
    g_autofree char *first = g_strconcat(below, "  ", NULL);
    g_autofree char *next = g_strconcat(below, "    ", NULL);

    append_wrapped(out, first, next, text);
}

/* ------------------------------------------------------------------------------------------- */
/* A domain                                                                                     */

static void append_flag(const char *name, void *data)
{
    GString *out = data;

    g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "", name + strlen("SD_"));
}

static bool overlaps(const struct sched_domain *sd)
{
    for (uint32_t i = 0; i < sd->nr_groups; i++) {
        if (sd->groups[i].balance_mask != sd->groups[i].span) {
            return true;
        }
    }
    return false;
}

/* The ring of @sd from its first group on. */
static char *ring_text(const struct drawing *d, const struct sched_domain *sd)
{
    GString *text = g_string_new(NULL);
    uint32_t i;

    for (i = 0; i < sd->nr_groups && i < MAX_SHOWN; i++) {
        const struct sched_group *group = &sd->groups[i];

        g_string_append_printf(text, "%s%s", i > 0 ? " | " : "",
                               cpu_set_name(d->names, group->span));
        if (group->balance_mask != group->span) {
            g_string_append_printf(text, " (balanced by %s)",
                                   cpu_set_name(d->names, group->balance_mask));
        }
    }
    g_string_append(text, i < sd->nr_groups ? " | ..." : "");
    return g_string_free(text, FALSE);
}

/* One line for each ring of other groups that members of @node have. */
static void append_overlapping(struct drawing *d, const struct domain_node *node, const char *below)
{
    const uint32_t n = (uint32_t)d->m->nr_cpus;
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (uint32_t cpu = bitmap_next(node->members, n, 0); cpu < n;
         cpu = bitmap_next(node->members, n, cpu + 1)) {
        const struct sched_domain *sd = domain_node_of(d->sds, node, cpu);
        g_autofree char *ring = NULL, *line = NULL;

        if (!g_hash_table_add(seen, sd->groups)) {
            continue;
        }
        ring = ring_text(d, sd);
        if (!g_hash_table_add(texts, g_strdup(ring))) {
            continue;
        }
        if (g_hash_table_size(texts) > MAX_SHOWN) {
            append_body(d->out, below, "...");
            return;
        }
        line = g_strdup_printf("%u groups from CPU %d on: %s", sd->nr_groups, d->m->cpus[cpu].os_id,
                               ring);
        append_body(d->out, below, line);
    }
}

static void append_details(struct drawing *d, const struct domain_node *node, const char *below)
{
    const struct sched_domain *sd = node->domain;
    g_autofree char *constants = g_strdup_printf(
        "imbalance_pct %u, interval %u-%u ms, busy_factor %u, cache_nice_tries %u, imb_numa_nr %u",
        sd->imbalance_pct, sd->min_interval, sd->max_interval, sd->busy_factor,
        sd->cache_nice_tries, sd->imb_numa_nr);

    if (overlaps(sd)) {
        append_overlapping(d, node, below);
    } else {
        g_autofree char *ring = ring_text(d, sd);
        g_autofree char *line =
            g_strdup_printf("%u group%s: %s", sd->nr_groups, sd->nr_groups == 1 ? "" : "s", ring);

        append_body(d->out, below, line);
    }
    append_body(d->out, below, constants);
}

/* True iff it is the domain that sd_llc names: the widest whose CPUs share an LLC. */
static bool is_sd_llc(const struct sched_domains *sds, const struct domain_node *node)
{
    const uint32_t cpu = bitmap_next(node->members, (uint32_t)sds->nr_cpus, 0);
    const struct sched_domain *sd = node->domain;

    return sd->flags & SD_SHARE_LLC && (sd->level + 1 == sds->nr_domains[cpu] ||
                                        !(sds->domains[cpu][sd->level + 1].flags & SD_SHARE_LLC));
}

/* "2 x MC, 16 CPUs each: 0-15 | 16-31" of @run nodes alike from @first on. */
static char *head_text(const struct drawing *d, const GPtrArray *nodes, guint first, guint run,
                       bool folded)
{
    const struct domain_node *node = g_ptr_array_index(nodes, first);
    const struct sched_domain *sd = node->domain;
    const guint end = first + MIN(run, d->details ? MAX_SHOWN : MAX_FOLDED);
    GString *text = g_string_new(NULL);

    if (run > 1) {
        g_string_append_printf(text, "%u x ", run);
    }
    g_string_append(text, sd->name);
    if (sd->numa_distance > 0) {
        g_string_append_printf(text, " distance <= %d", sd->numa_distance);
    }
    g_string_append_printf(text, "%s, %u CPU%s%s%s: ", folded ? " in each" : "", sd->span_weight,
                           sd->span_weight == 1 ? "" : "s", run > 1 ? " each" : "",
                           d->details && is_sd_llc(d->sds, node) ? ", sd_llc" : "");
    for (guint i = first; i < end; i++) {
        const struct domain_node *one = g_ptr_array_index(nodes, i);

        g_string_append_printf(text, "%s%s", i > first ? " | " : "",
                               cpu_set_name(d->names, one->domain->span));
        if (!one->exact) {
            g_autofree char *who = cpu_set_name_new(d->names, one->members);

            g_string_append_printf(text, " (for %s)", who);
        }
    }
    g_string_append(text, folded || end < first + run ? " | ..." : "");
    return g_string_free(text, FALSE);
}

/* ------------------------------------------------------------------------------------------- */
/* The tree                                                                                     */

static void append_nodes(struct drawing *d, const GPtrArray *nodes, const uint64_t *alone,
                         const char *lead, bool root, bool folded);

/* @run nodes alike: their head behind @branch, the rest behind @below. */
static void append_run(struct drawing *d, const GPtrArray *nodes, guint first, guint run,
                       const char *branch, const char *below, bool folded)
{
    const struct domain_node *node = g_ptr_array_index(nodes, first);
    g_autofree char *next = g_strconcat(below, "    ", NULL);
    g_autofree char *head = head_text(d, nodes, first, run, folded);
    g_autofree char *body = g_strconcat(below, node->children->len > 0 ? "|" : " ", NULL);
    g_autoptr(GString) flags = g_string_new(NULL);

    append_wrapped(d->out, branch, next, head);
    if (d->details) {
        append_details(d, node, body);
    }
    sd_flags_foreach(node->domain->flags, d->sds->release, append_flag, flags);
    append_body(d->out, body, flags->len > 0 ? flags->str : "no flags");
    append_nodes(d, node->children, node->children->len > 0 ? node->alone : NULL, below, false,
                 folded || run > 1);
}

/*
 * @nodes and the CPUs @alone beside them (NULL: none), behind @lead. @folded: the tree above is
 * one of several alike, so that there are more of these than are shown.
 */
static void append_nodes(struct drawing *d, const GPtrArray *nodes, const uint64_t *alone,
                         const char *lead, bool root, bool folded)
{
    const bool any_alone = alone != NULL && !bitmap_empty(alone, (uint32_t)d->m->nr_cpus);
    guint run;

    for (guint i = 0; i < nodes->len; i += run) {
        const struct domain_node *node = g_ptr_array_index(nodes, i);
        g_autofree char *branch = NULL, *below = NULL;
        bool last;

        run = d->details && !node->exact ? 1 : domain_nodes_alike(nodes, i);
        last = i + run == nodes->len && !any_alone;
        branch = g_strconcat(lead, root ? "" : last ? "`- " : "|- ", NULL);
        below = g_strconcat(lead, root ? "" : last ? "   " : "|  ", NULL);
        append_run(d, nodes, i, run, branch, below, folded);
    }
    if (any_alone) {
        g_autofree char *cpus = cpu_set_name_new(d->names, alone);

        g_string_append_printf(d->out, "%s`- CPUs without it: %s%s\n", lead, cpus,
                               folded ? " | ..." : "");
    }
}

/* CPUs of which nothing is in the tree. */
static void append_rest(const struct drawing *d, const char *lead)
{
    const uint32_t n = (uint32_t)d->m->nr_cpus;
    g_autofree uint64_t *offline = bitmap_new(n), *without = bitmap_new(n);

    for (uint32_t cpu = 0; cpu < n; cpu++) {
        if (!machine_cpu_online(d->m, (int32_t)cpu)) {
            bitmap_set(offline, cpu);
        } else if (d->sds->nr_domains[cpu] == 0) {
            bitmap_set(without, cpu);
        }
    }
    if (!bitmap_empty(without, n)) {
        g_autofree char *cpus = machine_cpulist(d->m, without);

        g_string_append_printf(d->out, "%sWithout domains: CPUs %s\n", lead, cpus);
    }
    if (!bitmap_empty(offline, n)) {
        g_autofree char *cpus = machine_cpulist(d->m, offline);

        g_string_append_printf(d->out, "%sOffline: CPUs %s\n", lead, cpus);
    }
}

static void append_levels(GString *out, const struct sched_domains *sds)
{
    g_string_append(out, "NUMA levels");
    for (uint32_t i = 0; i < sds->nr_numa_levels; i++) {
        g_string_append_printf(out, " %d", sds->numa_levels[i]);
    }
    g_string_append_printf(out, ", %s", numa_topology_type_name(sds->numa_type));
}

/* What the text calls "node 3". */
static void append_legend(GString *out, const struct machine *m)
{
    for (int32_t node = 0; node < m->nr_nodes; node++) {
        g_autofree char *cpus = machine_cpulist(m, machine_node_cpus(m, node));
        g_autofree char *first = g_strdup_printf("Node %-3d", m->nodes[node].os_id);

        if (cpus[0] != '\0') {
            append_wrapped(out, first, "        ", cpus);
        }
    }
}

static char *draw(const struct machine *m, const struct sched_domains *sds, bool details,
                  const char *lead, bool *ret_nodes_named)
{
    struct drawing d = {.m = m,
                        .sds = sds,
                        .names = cpu_set_names_new(m, sds),
                        .out = g_string_new(NULL),
                        .details = details};
    g_autoptr(GPtrArray) trees = domain_trees_new(sds);

    append_nodes(&d, trees, NULL, lead, true, false);
    append_rest(&d, lead);
    *ret_nodes_named = cpu_set_names_has_nodes(d.names);
    cpu_set_names_free(d.names);
    return g_string_free(d.out, FALSE);
}

char *domains_to_text(const struct machine *m, const struct sched_domains *sds)
{
    GString *out = g_string_new(NULL);
    bool nodes_named;
    g_autofree char *tree = draw(m, sds, true, "", &nodes_named);

    g_string_append_printf(out, "%s: sched_domains of Linux %s\n",
                           m->name != NULL ? m->name : "machine",
                           kernel_release_name(sds->release));
    append_levels(out, sds);
    g_string_append_printf(out, ", node_reclaim_distance %d\n", m->reclaim_distance);
    if (nodes_named) {
        append_legend(out, m);
    }
    g_string_append_printf(out, "\n%s", tree);
    return g_string_free(out, FALSE);
}

void domains_append_tree(GString *out, const struct machine *m, const struct sched_domains *sds)
{
    bool nodes_named;
    g_autofree char *tree = draw(m, sds, false, "  ", &nodes_named);

    g_string_append_printf(out, "sched_domains of Linux %s; ", kernel_release_name(sds->release));
    append_levels(out, sds);
    g_string_append_printf(out, "\n%s", tree);
}
