/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/bitmap.h"
#include "machine/cpulist.h"
#include "machine/domains-names.h"
#include "machine/domains-tree.h"
#include "machine/dot.h"

enum {
    MAX_BOXES = 4,      /* that are alike side by side; more are one box */
    MAX_SPANS = 4,      /* that such a box names */
    FLAGS_COLUMNS = 36, /* of a line of flags */
};

struct picture {
    const struct machine *m;
    const struct sched_domains *sds;
    struct cpu_set_names *names;
    GString *out;
    uint32_t nr_boxes;
};

void dot_append_quoted(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    g_string_append_c(out, '"');
    for (const char *c = valid; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_printf(out, "\\%c", *c);
        } else if (*c == '\n') {
            g_string_append(out, "\\n");
        } else {
            g_string_append_c(out, (unsigned char)*c < 0x20 ? ' ' : *c);
        }
    }
    g_string_append_c(out, '"');
}

static void append_flag(const char *name, void *data)
{
    GString *text = data;
    const char *line = strrchr(text->str, '\n') + 1;
    const char *flag = name + strlen("SD_");
    const bool full = strlen(line) + 1 + strlen(flag) > FLAGS_COLUMNS;

    g_string_append_printf(text, "%s%s", line[0] == '\0' ? "" : full ? "\n" : " ", flag);
}

/* By what its CPUs share. */
static const char *fill_color(uint32_t flags)
{
    return flags & SD_NUMA                ? "lightblue"
           : flags & SD_SHARE_CPUCAPACITY ? "lightpink"
           : flags & SD_SHARE_LLC         ? "lightyellow"
                                          : "white";
}

/* The label of the box of @run nodes alike from @first on. */
static char *label_text(struct picture *p, const GPtrArray *nodes, guint first, guint run)
{
    const struct domain_node *node = g_ptr_array_index(nodes, first);
    const struct sched_domain *sd = node->domain;
    GString *text = g_string_new(NULL);
    guint i;

    if (run > 1) {
        g_string_append_printf(text, "%u x ", run);
    }
    g_string_append(text, sd->name);
    if (sd->numa_distance > 0) {
        g_string_append_printf(text, " distance <= %d", sd->numa_distance);
    }
    g_string_append_printf(text, "\n%u CPU%s%s", sd->span_weight, sd->span_weight == 1 ? "" : "s",
                           run > 1 ? " each" : "");
    for (i = first; i < first + run && i < first + MAX_SPANS; i++) {
        const struct domain_node *one = g_ptr_array_index(nodes, i);

        g_string_append_printf(text, "\n%s", cpu_set_name(p->names, one->domain->span));
        if (!one->exact) {
            g_autofree char *who = cpu_set_name_new(p->names, one->members);

            g_string_append_printf(text, " (for %s)", who);
        }
    }
    g_string_append(text, i < first + run ? "\n..." : "");
    g_string_append_c(text, '\n');
    sd_flags_foreach(sd->flags, p->sds->release, append_flag, text);
    return g_string_free(text, FALSE);
}

/* Boxes for @nodes and below; an edge from box @parent to each, -1: none. */
static void append_nodes(struct picture *p, const GPtrArray *nodes, int64_t parent)
{
    guint step;

    for (guint i = 0; i < nodes->len; i += step) {
        const struct domain_node *node = g_ptr_array_index(nodes, i);
        const guint run = domain_nodes_alike(nodes, i);
        const uint32_t box = p->nr_boxes++;
        g_autofree char *label = NULL;

        step = run > MAX_BOXES ? run : 1;
        label = label_text(p, nodes, i, step);
        g_string_append_printf(p->out, "  d%u [label=", box);
        dot_append_quoted(p->out, label);
        g_string_append_printf(p->out, ", fillcolor=%s%s];\n", fill_color(node->domain->flags),
                               step > 1 ? ", peripheries=2" : "");
        if (parent >= 0) {
            g_string_append_printf(p->out, "  d%u -> d%u;\n", (uint32_t)parent, box);
        }
        append_nodes(p, node->children, box);
    }
}

/* A box for the online CPUs that have no domains. */
static void append_without(struct picture *p)
{
    const uint32_t n = (uint32_t)p->m->nr_cpus;
    g_autofree uint64_t *without = bitmap_new(n);
    g_autofree char *cpus = NULL, *label = NULL;

    for (uint32_t cpu = 0; cpu < n; cpu++) {
        if (machine_cpu_online(p->m, (int32_t)cpu) && p->sds->nr_domains[cpu] == 0) {
            bitmap_set(without, cpu);
        }
    }
    if (bitmap_empty(without, n)) {
        return;
    }
    cpus = machine_cpulist(p->m, without);
    label = g_strdup_printf("without domains\n%s", cpus);
    g_string_append(p->out, "  without [label=");
    dot_append_quoted(p->out, label);
    g_string_append(p->out, ", fillcolor=white, style=dashed];\n");
}

char *domains_to_dot(const struct machine *m, const struct sched_domains *sds)
{
    struct picture p = {.m = m,
                        .sds = sds,
                        .names = cpu_set_names_new(m, sds),
                        .out = g_string_new("digraph sched_domains {\n  label=")};
    g_autoptr(GPtrArray) trees = domain_trees_new(sds);
    g_autofree char *title =
        g_strdup_printf("%s: sched_domains of Linux %s", m->name != NULL ? m->name : "machine",
                        kernel_release_name(sds->release));

    dot_append_quoted(p.out, title);
    g_string_append(p.out, ";\n  labelloc=t;\n  node [shape=box, style=filled, "
                           "fontname=\"monospace\", fontsize=10];\n");
    append_nodes(&p, trees, -1);
    append_without(&p);
    g_string_append(p.out, "}\n");
    cpu_set_names_free(p.names);
    return g_string_free(p.out, FALSE);
}
