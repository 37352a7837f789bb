/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/plot-time.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/fixed.h"
#include "base/units.h"

bool plot_axis_init(struct plot_axis *a, const struct plot *p, int32_t columns, GError **error)
{
    const struct result *r = p->inputs[0].result;
    int64_t from_ns = MAX(p->from_ns, 0);
    int64_t to_ns = p->to_ns < 0 ? r->end_ns : MIN(p->to_ns, r->end_ns);

    if (from_ns >= to_ns) {
        g_autofree char *end = units_format_human(r->end_ns, UNIT_NS);

        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "plot: the run has nothing between --from and --to; it ended at %s", end);
        return false;
    }
    a->from_ns = from_ns;
    a->to_ns = to_ns;
    a->slice_ns = MAX((to_ns - from_ns + columns - 1) / columns, 1);
    a->nr = (int32_t)((to_ns - from_ns + a->slice_ns - 1) / a->slice_ns);
    return true;
}

void plot_axis_set(const struct plot_axis *a, struct plot *p)
{
    g_string_append_printf(p->script,
                           "from = %" G_GINT64_FORMAT ".0e-9\nslice = %" G_GINT64_FORMAT ".0e-9\n",
                           a->from_ns, a->slice_ns);
    plot_set_int(p, "columns", a->nr);
}

int64_t plot_axis_end_ns(const struct plot_axis *a, int32_t column)
{
    return MIN(a->from_ns + (column + 1) * a->slice_ns, a->to_ns);
}

int64_t plot_axis_length_ns(const struct plot_axis *a, int32_t column)
{
    return plot_axis_end_ns(a, column) - a->from_ns - column * a->slice_ns;
}

void plot_axis_spread(const struct plot_axis *a, int64_t begin_ns, int64_t end_ns, uint64_t amount,
                      uint64_t *cells)
{
    int64_t first_ns = MAX(begin_ns, a->from_ns), last_ns = MIN(end_ns, a->to_ns);
    uint64_t length = (uint64_t)(end_ns - begin_ns), before;

    if (begin_ns == end_ns) { /* at one instant; that of the end is not in the last slice */
        if (end_ns >= a->from_ns && end_ns < a->to_ns) {
            cells[(end_ns - a->from_ns) / a->slice_ns] += amount;
        }
        return;
    }
    if (first_ns >= last_ns) {
        return;
    }
    before = mul_div_u64(amount, (uint64_t)(first_ns - begin_ns), length);
    for (int64_t c = (first_ns - a->from_ns) / a->slice_ns; first_ns < last_ns; c++) {
        uint64_t up_to;

        first_ns = MIN(a->from_ns + (c + 1) * a->slice_ns, last_ns);
        up_to = mul_div_u64(amount, (uint64_t)(first_ns - begin_ns), length);
        cells[c] += up_to - before;
        before = up_to;
    }
}

/* ------------------------------------------------------------------------------------------- */
/* CPUs                                                                                         */

static int compare_cpus(const void *a, const void *b)
{
    const struct machine_cpu *x = *(struct machine_cpu *const *)a;
    const struct machine_cpu *y = *(struct machine_cpu *const *)b;

    if (x->node != y->node) {
        return x->node - y->node;
    }
    if (x->llc != y->llc) {
        return x->llc - y->llc;
    }
    return x->core != y->core ? x->core - y->core : x->os_id - y->os_id;
}

const struct machine_cpu **plot_order_cpus(const struct machine *m)
{
    const struct machine_cpu **cpus = g_new(const struct machine_cpu *, (gsize)m->nr_cpus);

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        cpus[cpu] = &m->cpus[cpu];
    }
    qsort(cpus, (size_t)m->nr_cpus, sizeof(*cpus), compare_cpus);
    return cpus;
}

/* Where each node's CPUs begin and end among the rows. */
static void set_nodes(struct plot *p, const struct machine *m,
                      const struct machine_cpu *const *cpus)
{
    g_autoptr(GString) names = g_string_new(NULL);
    g_autoptr(GString) first = g_string_new(NULL);
    g_autoptr(GString) last = g_string_new(NULL);

    for (int32_t i = 0; i < m->nr_cpus; i++) {
        if (i == 0 || cpus[i]->node != cpus[i - 1]->node) {
            g_string_append_printf(names, " %d", m->nodes[cpus[i]->node].os_id);
            g_string_append_printf(first, " %d", i);
        }
        if (i + 1 == m->nr_cpus || cpus[i + 1]->node != cpus[i]->node) {
            g_string_append_printf(last, " %d", i);
        }
    }
    plot_set_text(p, "node_names", names->str);
    plot_set_text(p, "node_first", first->str);
    plot_set_text(p, "node_last", last->str);
}

void plot_set_cells(struct plot *p, const struct plot_axis *a, const uint8_t *cells)
{
    const struct machine *m = p->machine;
    g_autofree const struct machine_cpu **cpus = plot_order_cpus(m);
    g_autofree char *row = g_malloc((gsize)a->nr * 2);

    plot_axis_set(a, p);
    plot_set_int(p, "cpus", m->nr_cpus);
    set_nodes(p, m, cpus);
    g_string_append(p->script, "$cells << EOD\n");
    for (int32_t i = 0; i < m->nr_cpus; i++) {
        const uint8_t *of_cpu = &cells[(gsize)(cpus[i] - m->cpus) * (gsize)a->nr];

        for (int32_t c = 0; c < a->nr; c++) {
            row[c * 2] = (char)('0' + of_cpu[c]);
            row[c * 2 + 1] = c + 1 < a->nr ? ' ' : '\n';
        }
        g_string_append_len(p->script, row, a->nr * 2);
    }
    g_string_append(p->script, "EOD\n");
    p->width = 960;
    p->height = CLAMP(m->nr_cpus * 12, 160, 620) + 190;
}

void plot_set_legend(struct plot *p, const char *const *names, const char *const *colors,
                     int32_t nr, const char *rest_name)
{
    g_autoptr(GString) list = g_string_new("#ffffff");

    plot_set_int(p, "owners", nr);
    for (int32_t i = 0; i < nr; i++) {
        g_autofree char *name = g_strdup_printf("owner%d", i + 1);

        plot_set_text(p, name, names[i]);
        g_string_append_printf(list, " %s", colors[i]);
    }
    plot_set_text(p, "rest", rest_name);
    plot_set_text(p, "colors", list->str);
}

bool plot_is_part(const struct plot *p)
{
    return p->from_ns > 0 || (p->to_ns >= 0 && p->to_ns < p->inputs[0].result->end_ns);
}

char *plot_subject(const struct plot *p)
{
    const struct result *r = p->inputs[0].result;
    g_autofree char *workload = result_workload_name(r);
    int64_t to_ns = p->to_ns < 0 ? r->end_ns : MIN(p->to_ns, r->end_ns);
    g_autofree char *from = units_format_human(MAX(p->from_ns, 0), UNIT_NS);
    g_autofree char *to = units_format_human(to_ns, UNIT_NS);

    return plot_is_part(p)
               ? g_strdup_printf("%s with %s, %s to %s", workload, r->policy.name, from, to)
               : g_strdup_printf("%s with %s", workload, r->policy.name);
}
