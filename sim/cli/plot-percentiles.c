/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Percentiles of a latency, side by side for several results. */
#include "cli/plot-bars.h"
#include "cli/plot-kinds.h"

bool plot_percentiles(struct plot *p, GError **error)
{
    static const char *const groups[] = {"p50", "p90", "p99", "p99.9", "max"};
    static const uint64_t ppm[] = {500000, 900000, 990000, 999000, 1000000};
    enum { NR = G_N_ELEMENTS(groups) };
    const struct result_histogram *h[PLOT_MAX_RESULTS] = {NULL};
    int64_t values[PLOT_MAX_RESULTS * NR];
    const char *metric = NULL;

    if (!plot_latencies(p, h, &metric, error)) {
        return false;
    }
    g_autofree char *quantity = plot_quantity(metric);
    g_autofree char *axis = g_strdup_printf("%s, logarithmic", quantity);

    for (int32_t i = 0; i < p->nr_inputs; i++) {
        for (int32_t g = 0; g < NR; g++) {
            values[i * NR + g] = g + 1 < NR ? plot_percentile(h[i], ppm[g]) : h[i]->max;
        }
        g_string_append_printf(p->detail, "%s%" G_GUINT64_FORMAT " samples with %s",
                               i > 0 ? ", " : "", h[i]->count, p->inputs[i].label);
    }
    plot_find_tail(p, h, quantity);
    plot_set_bars(p, &(struct plot_bars){.groups = groups,
                                         .nr_groups = NR,
                                         .unit = RESULT_NS,
                                         .values = values,
                                         .axis = axis,
                                         .logarithmic = true});
    return true;
}
