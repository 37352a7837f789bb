/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose memory is accessed from where: a heat map to each result. */
#include "base/error.h"
#include "base/fixed.h"
#include "cli/plot-kinds.h"
#include "observe/result-table.h"

static const char matrix_name[] = "accesses";

static int64_t at(const struct result_matrix *m, int32_t row, int32_t column)
{
    return m->values[row * m->nr_columns + column];
}

/* The rows in per cent of their sums, in hundredths; the local share in parts per million. */
static void append_matrix(struct plot *p, int32_t i, const struct result_matrix *m)
{
    uint128 local = 0, all = 0;
    g_autofree char *name = g_strdup_printf("share%d", i + 1);

    g_string_append_printf(p->script, "$matrix%d << EOD\n", i + 1);
    for (int32_t row = 0; row < m->nr_rows; row++) {
        uint128 sum = 0;

        for (int32_t column = 0; column < m->nr_columns; column++) {
            sum = sum + (uint128)(uint64_t)at(m, row, column);
        }
        for (int32_t column = 0; column < m->nr_columns; column++) {
            int hundredths =
                sum > 0 ? (int)((uint128)(uint64_t)at(m, row, column) * 10000 / sum) : -100;

            g_string_append_printf(p->script, "%s%s%d.%02d", column > 0 ? " " : "",
                                   hundredths < 0 ? "-" : "", ABS(hundredths) / 100,
                                   ABS(hundredths) % 100);
        }
        g_string_append_c(p->script, '\n');
        local = local + (uint128)(uint64_t)at(m, row, row);
        all = all + sum;
    }
    g_string_append(p->script, "EOD\n");
    g_autofree char *share =
        result_value_human(RESULT_RATIO, all > 0 ? (int64_t)(local * 1000000 / all) : 0);

    plot_set_text(p, name, share);
    g_string_append_printf(p->finding, "%s%s with %s", i > 0 ? ", " : "Local accesses: ", share,
                           p->inputs[i].label);
}

static bool check(const struct plot *p, int32_t i, const struct result_matrix *m, GError **error)
{
    const struct result_matrix *first = result_matrix(p->inputs[0].result, matrix_name);
    bool any = false;

    for (int32_t k = 0; m != NULL && k < m->nr_rows * m->nr_columns; k++) {
        any = any || m->values[k] > 0;
    }
    if (!any) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no memory was accessed; expected the result of a workload with regions",
                    p->inputs[i].path);
    } else if (m->nr_rows != first->nr_rows || m->nr_columns != first->nr_columns) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: another number of nodes than %s; expected results of one machine",
                    p->inputs[i].path, p->inputs[0].path);
        any = false;
    }
    return any;
}

bool plot_access(struct plot *p, GError **error)
{
    const struct result_matrix *m = NULL;
    int32_t panel;

    for (int32_t i = 0; i < p->nr_inputs; i++) {
        m = result_matrix(p->inputs[i].result, matrix_name);
        if (!check(p, i, m, error)) {
            return false;
        }
        append_matrix(p, i, m);
    }
    g_assert(m != NULL); /* a plot has at least one result */
    g_autofree char *names = g_strjoinv(" ", m->columns);

    plot_set_text(p, "node_names", names);
    plot_set_int(p, "rows", m->nr_rows);
    plot_set_int(p, "columns", m->nr_columns);
    g_string_append_printf(p->detail,
                           "LLC misses on %s: each row is 100 %% of those from one node's CPUs",
                           p->inputs[0].result->topology.name);
    panel = CLAMP(m->nr_columns * 46, 260, 620);
    p->width = p->nr_inputs * (panel + 82);
    p->height = panel * m->nr_rows / m->nr_columns + 104 + 58;
    p->width = MAX(p->width, 560);
    return true;
}
