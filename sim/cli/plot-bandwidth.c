/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes over the controllers of nodes and the links between them, over time. */
#include "base/error.h"
#include "base/fixed.h"
#include "base/time.h"
#include "cli/plot-kinds.h"
#include "cli/plot-lines.h"
#include "cli/plot-stretch.h"
#include "kernel/mm/resources.h"
#include "observe/result-table.h"

enum { COLUMNS = 240, BYTES_PER_GB = 1000000000 };

struct bandwidth {
    struct plot_axis axis;
    struct plot_stretch *stretch;
    struct resources *resources;
    const struct contend_resource *table; /* [nr], of resources */
    int32_t nr, nr_nodes;
    int64_t line_bytes;
    struct contend_use *uses; /* [nr] scratch */
    uint64_t **lines;         /* [nr] of way i: NULL where nothing goes, else [axis.nr] */
};

static void add(struct bandwidth *b, int32_t resource, const struct plot_accesses *a,
                uint64_t lines)
{
    if (b->lines[resource] == NULL) {
        b->lines[resource] = g_new0(uint64_t, (gsize)b->axis.nr);
    }
    plot_axis_spread(&b->axis, a->begin_ns, a->end_ns, lines, b->lines[resource]);
}

/* A node has what is read and written there; a link what its capacity counts, as metrics do. */
static void accessed(const struct plot_accesses *a, void *data)
{
    struct bandwidth *b = data;
    int32_t nr = 0, from, to;

    add(b, resources_node(b->resources, a->to_node), a, a->reads + a->writes);
    resources_add_uses(b->resources, -1, a->from_node, a->to_node, a->reads, 0, a->writes, b->uses,
                       &nr);
    for (int32_t i = 0; i < nr; i++) {
        if (resources_is_way(b->resources, b->uses[i].resource, &from, &to) && from >= 0) {
            add(b, b->uses[i].resource, a, b->uses[i].load_milli);
        }
    }
}

static void attach(struct kernel *k, void *data)
{
    plot_stretch_listen(((struct bandwidth *)data)->stretch, k);
}

static void bandwidth_free(void *data)
{
    struct bandwidth *b = data;

    if (b == NULL) {
        return;
    }
    for (int32_t i = 0; i < b->nr; i++) {
        g_free(b->lines[i]);
    }
    g_free(b->lines);
    g_free(b->uses);
    resources_free(b->resources);
    plot_stretch_free(b->stretch);
    g_free(b);
}

static void *bandwidth_new(struct plot *p, GError **error)
{
    struct plot_axis axis;
    struct bandwidth *b;

    if (!plot_axis_init(&axis, p, COLUMNS, error)) {
        return NULL;
    }
    b = g_new0(struct bandwidth, 1);
    b->axis = axis;
    b->stretch = plot_stretch_new(accessed, b);
    b->resources = resources_new(p->machine);
    b->table = resources_table(b->resources, &b->nr);
    b->uses = g_new(struct contend_use, (gsize)b->nr);
    b->lines = g_new0(uint64_t *, (gsize)b->nr);
    b->line_bytes = p->machine->cache_line_bytes;
    return b;
}

static const struct plot_watch bandwidth_watch = {bandwidth_new, attach, NULL, bandwidth_free};

const struct plot_watch *plot_bandwidth_watch(const struct plot *p)
{
    (void)p;
    return &bandwidth_watch;
}

/* Lines of each slice become bytes a second, in place. */
static const int64_t *make_rates(const struct bandwidth *b, uint64_t *cells)
{
    for (int32_t c = 0; c < b->axis.nr; c++) {
        cells[c] = (uint64_t)((uint128)cells[c] * (uint64_t)b->line_bytes * (uint64_t)NSEC_PER_SEC /
                              (uint64_t)plot_axis_length_ns(&b->axis, c));
    }
    return (const int64_t *)cells;
}

/* The most that resource @i carries, in bytes a second; 0: no limit. */
static int64_t capacity(const struct bandwidth *b, int32_t i)
{
    return (int64_t)((uint128)b->table[i].capacity_milli * (uint64_t)b->line_bytes / 1000);
}

/* The lines of nodes, or of links, and the one with the highest peak in the finding. */
static int32_t set_panel(struct plot *p, struct bandwidth *b, bool links)
{
    const struct machine_node *nodes = p->machine->nodes;
    g_autofree struct plot_line *lines = g_new0(struct plot_line, (gsize)b->nr);
    int32_t nr = 0, best = -1, left_out, from, to;
    int64_t limit = 0;

    for (int32_t i = 0; i < b->nr; i++) {
        if (b->lines[i] == NULL) {
            continue;
        }
        bool is_link = resources_is_way(b->resources, i, &from, &to) && from >= 0;

        if (is_link != links) {
            continue;
        }
        lines[nr].name = is_link ? g_strdup_printf("%d to %d", nodes[from].os_id, nodes[to].os_id)
                                 : g_strdup_printf("node %d", nodes[to].os_id);
        lines[nr].values = make_rates(b, b->lines[i]);
        lines[nr].peak = plot_peak(lines[nr].values, b->axis.nr);
        if (best < 0 || lines[nr].peak > lines[best].peak) {
            best = nr;
            limit = capacity(b, i);
        }
        nr++;
    }
    left_out = plot_set_lines(p, &b->axis, links ? "links" : "nodes", lines, nr, BYTES_PER_GB);
    if (best >= 0) {
        g_autofree char *peak = result_value_human(RESULT_BYTES_PER_S, lines[best].peak);
        g_autofree char *of = result_value_human(RESULT_BYTES_PER_S, limit);

        g_string_append_printf(p->finding, "%s%s carries up to %s%s%s", links ? "; the link " : "",
                               lines[best].name, peak, limit > 0 ? " of " : "",
                               limit > 0 ? of : "");
    }
    for (int32_t i = 0; i < nr; i++) {
        g_free(lines[i].name);
    }
    return left_out;
}

bool plot_bandwidth(struct plot *p, GError **error)
{
    struct bandwidth *b = p->watch;
    g_autofree char *subject = plot_subject(p);
    g_autofree char *slice = result_value_human(RESULT_NS, b->axis.slice_ns);
    bool any = false;

    for (int32_t i = 0; i < b->nr; i++) {
        any = any || b->lines[i] != NULL;
    }
    if (!any) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no memory was accessed; expected the result of a workload with regions",
                    p->inputs[0].path);
        return false;
    }
    plot_axis_set(&b->axis, p);
    g_string_append_printf(p->detail,
                           "%s on %s: what goes over memory controllers and links, means over %s",
                           subject, p->inputs[0].result->topology.name, slice);
    int32_t left_out = set_panel(p, b, false);

    left_out += set_panel(p, b, true);
    if (left_out > 0) {
        g_string_append_printf(p->detail, "; %d with less are left out", left_out);
    }
    p->width = 900;
    p->height = 620;
    return true;
}
