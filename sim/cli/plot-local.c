/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs by time: how many of its accesses go to memory of the CPU's own node. */
#include "base/error.h"
#include "base/fixed.h"
#include "cli/plot-kinds.h"
#include "cli/plot-time.h"
#include "cli/plot-stretch.h"
#include "observe/account.h"
#include "observe/result-table.h"

enum { COLUMNS = 760, CLASSES = 5, NO_ACCESS = 1 };

struct local {
    struct plot_axis axis;
    struct plot_stretch *stretch;
    int32_t nr_cpus;
    uint64_t *near, *all; /* [nr_cpus * axis.nr] accesses */
    uint64_t *ran;        /* ns */
};

static void accessed(const struct plot_accesses *a, void *data)
{
    struct local *l = data;
    gsize row = (gsize)a->cpu * (gsize)l->axis.nr;

    if (a->from_node == a->to_node) {
        plot_axis_spread(&l->axis, a->begin_ns, a->end_ns, a->reads, &l->near[row]);
    }
    plot_axis_spread(&l->axis, a->begin_ns, a->end_ns, a->reads, &l->all[row]);
}

static void switched(const struct tp_event *e, void *data)
{
    struct local *l = data;

    if (e->other >= 0) {
        plot_axis_spread(&l->axis, e->time_ns - e->c, e->time_ns, (uint64_t)e->c,
                         &l->ran[(gsize)e->cpu * (gsize)l->axis.nr]);
    }
}

static void attach(struct kernel *k, void *data)
{
    struct local *l = data;

    plot_stretch_listen(l->stretch, k);
    kernel_listen(k, UINT64_C(1) << TP_SCHED_SWITCH, switched, l);
}

static void local_free(void *data)
{
    struct local *l = data;

    if (l != NULL) {
        plot_stretch_free(l->stretch);
        g_free(l->near);
        g_free(l->all);
        g_free(l->ran);
        g_free(l);
    }
}

static void *local_new(struct plot *p, GError **error)
{
    struct plot_axis axis;
    struct local *l;
    gsize cells;

    if (!plot_axis_init(&axis, p, COLUMNS, error)) {
        return NULL;
    }
    l = g_new0(struct local, 1);
    cells = (gsize)p->machine->nr_cpus * (gsize)axis.nr;
    l->axis = axis;
    l->nr_cpus = p->machine->nr_cpus;
    l->near = g_new0(uint64_t, cells);
    l->all = g_new0(uint64_t, cells);
    l->ran = g_new0(uint64_t, cells);
    l->stretch = plot_stretch_new(accessed, l);
    return l;
}

/* Those that still run have had no switch yet: what they did since is left white. */
const struct plot_watch plot_local_watch = {local_new, attach, NULL, local_free};

/* 0 idle, 1 runs and accesses nothing, then from all local to all remote. */
static uint8_t class_of(const struct local *l, gsize cell)
{
    if (l->all[cell] > 0) {
        uint64_t remote = l->all[cell] - l->near[cell];

        return (uint8_t)(NO_ACCESS + 1 +
                         MIN(mul_div_u64(remote, CLASSES, l->all[cell]), CLASSES - 1));
    }
    return l->ran[cell] * 2 > (uint64_t)l->axis.slice_ns ? NO_ACCESS : 0;
}

bool plot_local(struct plot *p, GError **error)
{
    static const char *const names[] = {"no accesses", "≥ 80 % local", "60–80 %",
                                        "40–60 %",     "20–40 %",      "< 20 % local"};
    static const char *const colors[] = {"#e8e8e8", "#c6dbef", "#9ecae1",
                                         "#e6865c", "#c0392b", "#67000d"};
    const struct local *l = p->watch;
    gsize nr = (gsize)l->nr_cpus * (gsize)l->axis.nr;
    g_autofree uint8_t *cells = g_new(uint8_t, nr);
    uint64_t near = 0, all = 0;

    for (gsize i = 0; i < nr; i++) {
        cells[i] = class_of(l, i);
        near += l->near[i];
        all += l->all[i];
    }
    if (all == 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no memory was accessed; expected the result of a workload with regions",
                    p->inputs[0].path);
        return false;
    }
    g_autofree char *share =
        result_value_human(RESULT_RATIO, (int64_t)mul_div_u64(near, 1000000, all));
    g_autofree char *slice = result_value_human(RESULT_NS, l->axis.slice_ns);
    g_autofree char *subject = plot_subject(p);

    plot_set_cells(p, &l->axis, cells);
    plot_set_legend(p, names, colors, G_N_ELEMENTS(names), "idle");
    g_string_append_printf(p->finding, "%s: %s of accesses are local", subject, share);
    g_string_append_printf(
        p->detail, "share of accesses from each CPU of %s that go to its own node; a cell is %s",
        p->inputs[0].result->topology.name, slice);
    return true;
}
