/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine as boxes in boxes - packages, nodes, LLCs, CPUs - each CPU shaded by how busy it was, with a
 * bar below each node for its memory's bandwidth.
 *
 * Lengths are in units of a core's edge. What stands in a box is laid out in rows as near to a square as
 * goes; a core's threads share its square.
 */
#include <string.h>

#include "base/error.h"
#include "base/fixed.h"
#include "cli/plot-kinds.h"
#include "cli/plot-time.h"
#include "observe/result-table.h"

/* In thousandths of a core's edge. */
enum { CORE = 1000, GAP = 300, PAD = 350, TITLE = 1100, BAR = 900, LEAST_WIDTH = 7500 };

struct size {
    int32_t width, height;
};

struct drawing {
    struct plot *p;
    const struct machine *m;
    const struct result_matrix *times;
    GString *cpus, *boxes, *texts, *bars;
};

/* The columns for @nr things of @each in a box about @wide times as wide as high. */
static int32_t columns_for(int32_t nr, struct size each, int32_t wide)
{
    int32_t columns = 1;

    while (columns < nr && (int64_t)columns * each.width <
                               (int64_t)wide * ((nr + columns - 1) / columns) * each.height) {
        columns++;
    }
    return columns;
}

static struct size grid(int32_t nr, struct size each, int32_t columns)
{
    int32_t rows = (nr + columns - 1) / columns;

    return (struct size){MIN(nr, columns) * (each.width + GAP) - GAP,
                         rows * (each.height + GAP) - GAP};
}

static void append_box(GString *out, int32_t x, int32_t y, struct size s)
{
    g_string_append_printf(out, "%d %d %d %d\n", x, y, x + s.width, y + s.height);
}

static void append_text(struct drawing *d, int32_t x, int32_t y, int level, const char *text)
{
    g_string_append_printf(d->texts, "%d %d %d \"%s\"\n", x, y, level, text);
}

/* ------------------------------------------------------------------------------------------- */
/* CPUs                                                                                         */

/* Busy and overhead of all that the CPU could have had, in per mille. */
static int32_t load_of(const struct drawing *d, int32_t cpu)
{
    const int64_t *t = &d->times->values[cpu * d->times->nr_columns];
    uint64_t used = (uint64_t)(t[0] + t[2]), all = used + (uint64_t)t[1];

    return all > 0 ? (int32_t)mul_div_u64(used, 1000, all) : 0;
}

/* The CPUs of @node that have @llc: as many as cores, each drawn once for all of its threads. */
static int32_t nr_cores(const struct machine *m, int32_t node, int32_t llc)
{
    int32_t nr = 0;

    for (int32_t i = 0; i < m->nr_cpus; i++) {
        nr += m->cpus[i].node == node && m->cpus[i].llc == llc && m->cpus[i].thread == 0;
    }
    return nr;
}

static struct size llc_size(int32_t cores)
{
    int32_t columns = columns_for(cores, (struct size){CORE, CORE}, 2);
    struct size s = grid(cores, (struct size){CORE - GAP, CORE - GAP}, columns);

    return (struct size){s.width + GAP + 2 * PAD, s.height + GAP + 2 * PAD};
}

static void draw_core(struct drawing *d, int32_t core, int32_t x, int32_t y)
{
    int32_t threads = 0, at = 0;

    for (int32_t i = 0; i < d->m->nr_cpus; i++) {
        threads += d->m->cpus[i].core == core;
    }
    for (int32_t i = 0; i < d->m->nr_cpus && at < threads; i++) {
        if (d->m->cpus[i].core == core) {
            int32_t left = x + CORE * at / threads, right = x + CORE * (at + 1) / threads;

            g_string_append_printf(d->cpus, "%d %d %d %d %d.%d \"%d\"\n", left, y, right, y + CORE,
                                   load_of(d, i) / 10, load_of(d, i) % 10, d->m->cpus[i].os_id);
            at++;
        }
    }
}

static void draw_llc(struct drawing *d, int32_t node, int32_t llc, int32_t x, int32_t y)
{
    int32_t cores = nr_cores(d->m, node, llc), at = 0;
    struct size size = llc_size(cores);
    int32_t columns = columns_for(cores, (struct size){CORE, CORE}, 2);

    append_box(d->boxes, x, y, size);
    for (int32_t i = 0; i < d->m->nr_cpus; i++) {
        const struct machine_cpu *c = &d->m->cpus[i];

        if (c->node == node && c->llc == llc && c->thread == 0) {
            draw_core(d, c->core, x + PAD + at % columns * CORE, y + PAD + at / columns * CORE);
            at++;
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Nodes                                                                                        */

/* Its LLCs are drawn as large as the largest. */
static struct size largest_llc(const struct machine *m, int32_t node, int32_t *ret_nr)
{
    struct size largest = {0};

    *ret_nr = 0;
    for (int32_t llc = 0; llc < m->nr_llcs; llc++) {
        int32_t cores = nr_cores(m, node, llc);
        struct size s = llc_size(MAX(cores, 1));

        if (cores > 0) {
            largest.width = MAX(largest.width, s.width);
            largest.height = MAX(largest.height, s.height);
            ++*ret_nr;
        }
    }
    return largest;
}

static struct size node_size(const struct machine *m, int32_t node)
{
    int32_t nr;
    struct size each = largest_llc(m, node, &nr);
    struct size inside = nr > 0 ? grid(nr, each, columns_for(nr, each, 2)) : (struct size){0};

    return (struct size){MAX(inside.width, LEAST_WIDTH) + 2 * PAD,
                         inside.height + TITLE + BAR + TITLE + 3 * PAD};
}

/* The bar of a node's memory: how much of its bandwidth is used, and what that is. */
static void draw_bandwidth(struct drawing *d, int32_t node, int32_t x, int32_t y, int32_t width)
{
    const struct result *r = d->p->inputs[0].result;
    int32_t id = d->m->nodes[node].os_id;
    g_autofree char *read_name = g_strdup_printf("bandwidth.node%d.read_bytes_per_s", id);
    g_autofree char *write_name = g_strdup_printf("bandwidth.node%d.write_bytes_per_s", id);
    g_autofree char *use_name = g_strdup_printf("bandwidth.node%d.utilisation", id);
    const struct result_metric *reads = result_metric(r, read_name);
    const struct result_metric *writes = result_metric(r, write_name);
    const struct result_metric *use = result_metric(r, use_name);
    int64_t ppm = use != NULL ? CLAMP(use->value, 0, 1000000) : 0;
    g_autofree char *bytes =
        result_value_human(RESULT_BYTES_PER_S, (reads != NULL ? reads->value : 0) +
                                                   (writes != NULL ? writes->value : 0));
    g_autofree char *share = use != NULL ? result_value_human(use->unit, use->value) : NULL;
    g_autofree char *text =
        reads == NULL && writes == NULL
            ? g_strdup("memory: no accesses")
            : g_strdup_printf("memory: %s%s%s", bytes, share != NULL ? ", " : "",
                              share != NULL ? share : "");

    if (use != NULL) { /* else nothing limits it */
        append_box(d->boxes, x, y, (struct size){width, BAR});
    }
    if (ppm > 0) {
        append_box(d->bars, x, y, (struct size){(int32_t)(width * ppm / 1000000), BAR});
    }
    append_text(d, x, y + BAR + TITLE / 2, 2, text);
}

static void draw_node(struct drawing *d, int32_t node, int32_t x, int32_t y, struct size size)
{
    int32_t nr, at = 0;
    struct size each = largest_llc(d->m, node, &nr);
    int32_t columns = nr > 0 ? columns_for(nr, each, 2) : 1;
    g_autofree char *title =
        g_strdup_printf("node %d%s", d->m->nodes[node].os_id, nr > 0 ? "" : ": no CPUs");

    append_box(d->boxes, x, y, size);
    append_text(d, x + PAD, y + TITLE / 2 + PAD / 2, 1, title);
    for (int32_t llc = 0; llc < d->m->nr_llcs; llc++) {
        if (nr_cores(d->m, node, llc) > 0) {
            draw_llc(d, node, llc, x + PAD + at % columns * (each.width + GAP),
                     y + TITLE + at / columns * (each.height + GAP));
            at++;
        }
    }
    draw_bandwidth(d, node, x + PAD, y + size.height - BAR - TITLE - PAD / 2, size.width - 2 * PAD);
}

/* ------------------------------------------------------------------------------------------- */
/* Packages                                                                                     */

/* The package that a node is drawn in: that of its first CPU, else the one it hangs on, else -1. */
static int32_t package_of(const struct machine *m, int32_t node)
{
    for (int32_t i = 0; i < m->nr_cpus; i++) {
        if (m->cpus[i].node == node) {
            return m->cpus[i].package;
        }
    }
    return m->nodes[node].package;
}

/* All nodes of a package are drawn as large as the machine's largest: rows stay rows. */
static struct size largest_node(const struct machine *m)
{
    struct size largest = {0};

    for (int32_t node = 0; node < m->nr_nodes; node++) {
        struct size s = node_size(m, node);

        largest.width = MAX(largest.width, s.width);
        largest.height = MAX(largest.height, s.height);
    }
    return largest;
}

static int32_t nr_nodes_of(const struct machine *m, int32_t package)
{
    int32_t nr = 0;

    for (int32_t node = 0; node < m->nr_nodes; node++) {
        nr += package_of(m, node) == package;
    }
    return nr;
}

static struct size draw_package(struct drawing *d, int32_t package, int32_t x, int32_t y)
{
    int32_t nr = nr_nodes_of(d->m, package), at = 0;
    struct size each = largest_node(d->m), size;
    int32_t columns = columns_for(nr, each, 1);
    g_autofree char *title =
        package >= 0 ? g_strdup_printf("package %d", package) : g_strdup("no package");

    size = grid(nr, each, columns);
    size.width += 2 * PAD;
    size.height += TITLE + PAD;
    append_box(d->boxes, x, y, size);
    append_text(d, x + PAD, y + TITLE / 2 + PAD / 4, 0, title);
    for (int32_t node = 0; node < d->m->nr_nodes; node++) {
        if (package_of(d->m, node) == package) {
            draw_node(d, node, x + PAD + at % columns * (each.width + GAP),
                      y + TITLE + at / columns * (each.height + GAP), each);
            at++;
        }
    }
    return size;
}

/* Packages side by side, at most four in a row. Returns the whole. */
static struct size draw_all(struct drawing *d)
{
    struct size all = {0};
    int32_t x = 0, y = 0, row = 0, at = 0;

    for (int32_t package = 0; package <= d->m->nr_packages; package++) {
        int32_t index = package < d->m->nr_packages ? package : -1; /* those of none come last */

        if (nr_nodes_of(d->m, index) == 0) {
            continue;
        }
        struct size s = draw_package(d, index, x, y);

        all.width = MAX(all.width, x + s.width);
        all.height = MAX(all.height, y + s.height);
        row = MAX(row, s.height);
        x += s.width + 2 * GAP;
        if (++at % 4 == 0) {
            x = 0;
            y += row + 2 * GAP;
            row = 0;
        }
    }
    return all;
}

static void describe(struct plot *p, const struct drawing *d)
{
    g_autofree char *subject = plot_subject(p);
    int64_t sum = 0;
    int32_t busy = 0, idle = 0;

    for (int32_t cpu = 0; cpu < d->m->nr_cpus; cpu++) {
        int32_t load = load_of(d, cpu);

        sum += load;
        busy += load >= 900;
        idle += load < 100;
    }
    int64_t mean = sum / MAX(d->m->nr_cpus, 1);

    g_string_append_printf(p->finding,
                           "%s: %" G_GINT64_FORMAT ".%" G_GINT64_FORMAT
                           " %% of CPU time used; %d of %d CPUs above 90 %%, %d below 10 %%",
                           subject, mean / 10, mean % 10, busy, d->m->nr_cpus, idle);
    g_string_append_printf(p->detail,
                           "%s: use of each CPU (kernel overhead included) and of each node's "
                           "memory bandwidth",
                           p->inputs[0].result->topology.name);
}

static int32_t most_threads(const struct machine *m)
{
    int32_t most = 1;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        most = MAX(most, m->cpus[cpu].thread + 1);
    }
    return most;
}

static void append_data(struct plot *p, const char *name, const GString *rows)
{
    /* gnuplot takes no empty data block. */
    g_string_append_printf(p->script, "$%s << EOD\n%sEOD\n", name,
                           rows->len > 0 ? rows->str : "0 0 0 0 0 \"\"\n");
}

bool plot_machine(struct plot *p, GError **error)
{
    const struct machine *m = p->machine;
    struct drawing d = {.p = p,
                        .m = m,
                        .times = result_matrix(p->inputs[0].result, "cpu_times"),
                        .cpus = g_string_new(NULL),
                        .boxes = g_string_new(NULL),
                        .texts = g_string_new(NULL),
                        .bars = g_string_new(NULL)};
    bool ok = d.times != NULL && d.times->nr_rows == m->nr_cpus && d.times->nr_columns == 3;

    if (ok) {
        struct size all = draw_all(&d);

        describe(p, &d);
        plot_set_int(p, "drawing_width", all.width);
        plot_set_int(p, "drawing_height", all.height);
        plot_set_int(p, "core", CORE);
        plot_set_int(p, "threads", most_threads(m));
        append_data(p, "cpus", d.cpus);
        append_data(p, "boxes", d.boxes);
        append_data(p, "bars", d.bars);
        append_data(p, "texts", d.texts);
        p->width = 960;
        p->height =
            (int32_t)CLAMP((int64_t)(p->width - 140) * all.height / all.width, 160, 1400) + 110;
    } else {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: has no CPU times of the machine's %d CPUs; expected a result of `numasim "
                    "run`",
                    p->inputs[0].path, m->nr_cpus);
    }
    g_string_free(d.cpus, TRUE);
    g_string_free(d.boxes, TRUE);
    g_string_free(d.texts, TRUE);
    g_string_free(d.bars, TRUE);
    return ok;
}
