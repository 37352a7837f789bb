/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/plot-bars.h"

#include "observe/result-table.h"

/* The decade that holds the least value. */
static int64_t low_of(const struct plot_bars *b, int32_t nr_inputs)
{
    int64_t least = INT64_MAX, low = 1;

    for (int32_t i = 0; i < nr_inputs * b->nr_groups; i++) {
        least = b->values[i] > 0 ? MIN(least, b->values[i]) : least;
    }
    while (low <= INT64_MAX / 10 && least < INT64_MAX && low * 10 <= least) {
        low *= 10;
    }
    return least == low ? MAX(low / 10, 1) : low; /* the least has a height, too */
}

void plot_set_bars(struct plot *p, const struct plot_bars *b)
{
    int64_t low = b->logarithmic ? low_of(b, p->nr_inputs) : 0,
            high = low + result_unit_scale(b->unit);

    for (int32_t i = 0; i < p->nr_inputs; i++) {
        g_string_append_printf(p->script, "$data%d << EOD\n", i + 1);
        for (int32_t g = 0; g < b->nr_groups; g++) {
            int64_t value = b->values[i * b->nr_groups + g];
            g_autofree char *text = value >= 0 ? result_value_human(b->unit, value) : g_strdup("–");

            high = MAX(high, value);
            g_string_append_printf(p->script, "%d %" G_GINT64_FORMAT " \"%s\"\n", g,
                                   MAX(value, low), text);
        }
        g_string_append(p->script, "EOD\n");
    }
    for (int32_t g = 0; g < b->nr_groups; g++) {
        g_autofree char *name = g_strdup_printf("group%d", g + 1);

        plot_set_text(p, name, b->groups[g]);
    }
    plot_set_int(p, "groups", b->nr_groups);
    plot_set_int(p, "low", low);
    plot_set_int(p, "high", high);
    plot_set_int(p, "logarithmic", b->logarithmic);
    plot_set_int(p, "times", b->unit == RESULT_NS);
    plot_set_text(p, "axis", b->axis);
    g_string_append_printf(p->script, "scale = %" G_GINT64_FORMAT ".0\n",
                           result_unit_scale(b->unit));
    p->width = 900;
    p->height = 480;
}
