/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory by node over time, and what moves it: NUMA hint faults and page migrations. */
#include "base/error.h"
#include "base/fixed.h"
#include "base/time.h"
#include "cli/plot-kinds.h"
#include "cli/plot-lines.h"
#include "observe/result-table.h"

enum { COLUMNS = 240, MIB = 1 << 20 };

/* In panel below; all pages are base pages. */
enum { FAULTS_LOCAL, FAULTS_REMOTE, MOVED, NR_RATES };

struct pages {
    struct plot_axis axis;
    const struct machine *machine; /* while the run lasts */
    int32_t nr_nodes;
    int64_t page_bytes;
    int64_t *before; /* [nr_nodes] bytes that came before the axis begins */
    int64_t *
        changed; /* [nr_nodes * axis.nr] bytes that came less those that left; later: that are there */
    int64_t *rates[NR_RATES];
};

static void change(struct pages *s, int64_t now_ns, int64_t node, int64_t bytes)
{
    if (now_ns < s->axis.from_ns) {
        s->before[node] += bytes;
    } else if (now_ns < s->axis.to_ns) {
        s->changed[node * s->axis.nr + (now_ns - s->axis.from_ns) / s->axis.slice_ns] += bytes;
    }
}

static void count(struct pages *s, int rate, int64_t now_ns, int64_t nr)
{
    if (now_ns >= s->axis.from_ns && now_ns < s->axis.to_ns) {
        s->rates[rate][(now_ns - s->axis.from_ns) / s->axis.slice_ns] += nr;
    }
}

static void event(const struct tp_event *e, void *data)
{
    struct pages *s = data;

    if (e->type == TP_MM_PAGE_ALLOC) {
        change(s, e->time_ns, e->a, e->b * e->c);
    } else if (e->type == TP_MM_PAGE_FREE) {
        change(s, e->time_ns, e->a, -e->b * e->c);
    } else if (e->type == TP_COPY_PAGES || e->type == TP_DROP_COPIES) {
        int64_t bytes = e->c * s->page_bytes;

        change(s, e->time_ns, e->b, e->type == TP_COPY_PAGES ? bytes : -bytes);
    } else if (e->type == TP_MM_MIGRATE_PAGES) {
        change(s, e->time_ns, e->a, -e->c * s->page_bytes);
        change(s, e->time_ns, e->b, e->c * s->page_bytes);
        count(s, MOVED, e->time_ns, e->c);
    } else {
        count(s, s->machine->cpus[e->cpu].node == e->a ? FAULTS_LOCAL : FAULTS_REMOTE, e->time_ns,
              e->b);
    }
}

static void attach(struct kernel *k, void *data)
{
    kernel_listen(k,
                  UINT64_C(1) << TP_MM_PAGE_ALLOC | UINT64_C(1) << TP_MM_PAGE_FREE |
                      UINT64_C(1) << TP_COPY_PAGES | UINT64_C(1) << TP_DROP_COPIES |
                      UINT64_C(1) << TP_MM_MIGRATE_PAGES | UINT64_C(1) << TP_NUMA_HINT_FAULT,
                  event, data);
}

static void pages_free(void *data)
{
    struct pages *s = data;

    if (s != NULL) {
        g_free(s->before);
        g_free(s->changed);
        for (int i = 0; i < NR_RATES; i++) {
            g_free(s->rates[i]);
        }
        g_free(s);
    }
}

static void *pages_new(struct plot *p, GError **error)
{
    struct plot_axis axis;
    struct pages *s;

    if (!plot_axis_init(&axis, p, COLUMNS, error)) {
        return NULL;
    }
    s = g_new0(struct pages, 1);
    s->axis = axis;
    s->machine = p->machine;
    s->nr_nodes = p->machine->nr_nodes;
    s->page_bytes = p->machine->page_size_bytes;
    s->before = g_new0(int64_t, (gsize)s->nr_nodes);
    s->changed = g_new0(int64_t, (gsize)s->nr_nodes * (gsize)axis.nr);
    for (int i = 0; i < NR_RATES; i++) {
        s->rates[i] = g_new0(int64_t, (gsize)axis.nr);
    }
    return s;
}

static const struct plot_watch pages_watch = {pages_new, attach, NULL, pages_free};

const struct plot_watch *plot_pages_watch(const struct plot *p)
{
    (void)p;
    return &pages_watch;
}

/* What came and left becomes what is there, in bytes. True if there ever is any. */
static bool accumulate(struct pages *s)
{
    bool any = false;

    for (int32_t n = 0; n < s->nr_nodes; n++) {
        int64_t bytes = s->before[n];

        for (int32_t c = 0; c < s->axis.nr; c++) {
            bytes += s->changed[n * s->axis.nr + c];
            s->changed[n * s->axis.nr + c] = bytes;
            any = any || bytes > 0;
        }
    }
    return any;
}

/* When nine tenths of the pages that move in the picture have moved; @all > 0. */
static int64_t mostly_moved_ns(const struct pages *s, int64_t all)
{
    int64_t moved = 0;

    for (int32_t c = 0; c < s->axis.nr; c++) {
        moved += s->rates[MOVED][c];
        if (moved * 10 >= all * 9) {
            return plot_axis_end_ns(&s->axis, c);
        }
    }
    return s->axis.to_ns;
}

static void describe(struct plot *p, const struct pages *s)
{
    int64_t all[NR_RATES] = {0};
    g_autofree char *subject = plot_subject(p);
    g_autofree char *slice = result_value_human(RESULT_NS, s->axis.slice_ns);

    for (int32_t c = 0; c < s->axis.nr; c++) {
        for (int i = 0; i < NR_RATES; i++) {
            all[i] += s->rates[i][c];
        }
    }
    g_autofree char *moved = result_value_human(RESULT_BYTES, all[MOVED] * s->page_bytes);
    g_string_append_printf(p->finding, "%s: ", subject);
    if (all[MOVED] > 0) {
        g_autofree char *by = result_value_human(RESULT_NS, mostly_moved_ns(s, all[MOVED]));

        g_string_append_printf(p->finding, "%s move to another node, nine tenths by %s", moved, by);
    } else {
        g_string_append(p->finding, "no page moves");
    }
    g_string_append_printf(p->detail,
                           "memory in use on %s by node; below, NUMA hint faults (%" G_GINT64_FORMAT
                           ", of them local %" G_GINT64_FORMAT ") and pages moved; slices of %s",
                           p->inputs[0].result->topology.name,
                           all[FAULTS_LOCAL] + all[FAULTS_REMOTE], all[FAULTS_LOCAL], slice);
}

/* Counts in each slice become thousandths a second. */
static void make_rates(struct pages *s)
{
    for (int i = 0; i < NR_RATES; i++) {
        for (int32_t c = 0; c < s->axis.nr; c++) {
            s->rates[i][c] =
                (int64_t)((uint128)(uint64_t)s->rates[i][c] * 1000 * (uint64_t)NSEC_PER_SEC /
                          (uint64_t)plot_axis_length_ns(&s->axis, c));
        }
    }
}

static int32_t set_nodes(struct plot *p, struct pages *s)
{
    g_autofree struct plot_line *lines = g_new0(struct plot_line, (gsize)s->nr_nodes);
    int32_t left_out;

    for (int32_t n = 0; n < s->nr_nodes; n++) {
        lines[n].name = g_strdup_printf("node %d", p->machine->nodes[n].os_id);
        lines[n].values = &s->changed[n * s->axis.nr];
        lines[n].peak = plot_peak(lines[n].values, s->axis.nr);
    }
    left_out = plot_set_lines(p, &s->axis, "nodes", lines, s->nr_nodes, MIB);
    for (int32_t n = 0; n < s->nr_nodes; n++) {
        g_free(lines[n].name);
    }
    return left_out;
}

bool plot_pages(struct plot *p, GError **error)
{
    struct pages *s = p->watch;
    const struct plot_line rates[] = {{(char *)"hint faults, local", s->rates[FAULTS_LOCAL], 0},
                                      {(char *)"hint faults, remote", s->rates[FAULTS_REMOTE], 0},
                                      {(char *)"pages moved", s->rates[MOVED], 0}};

    if (!accumulate(s)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no memory is used; expected the result of a workload with regions",
                    p->inputs[0].path);
        return false;
    }
    describe(p, s);
    make_rates(s);
    plot_axis_set(&s->axis, p);
    int32_t left_out = set_nodes(p, s);

    if (left_out > 0) {
        g_string_append_printf(p->detail, "; %d nodes with less are left out", left_out);
    }
    plot_set_lines(p, &s->axis, "rates", rates, NR_RATES, 1000);
    p->width = 900;
    p->height = 620;
    return true;
}
