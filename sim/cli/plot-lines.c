/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/plot-lines.h"

#include "base/fixed.h"

int64_t plot_peak(const int64_t *values, int32_t nr)
{
    int64_t peak = 0;

    for (int32_t i = 0; i < nr; i++) {
        peak = MAX(peak, values[i]);
    }
    return peak;
}

/* True if fewer than PLOT_MAX_LINES come before it; of equals the first ones. */
static bool is_shown(const struct plot_line *lines, int32_t nr, int32_t i)
{
    int32_t before = 0;

    for (int32_t k = 0; k < nr; k++) {
        before += lines[k].peak > lines[i].peak || (k < i && lines[k].peak == lines[i].peak);
    }
    return before < PLOT_MAX_LINES;
}

int32_t plot_set_lines(struct plot *p, const struct plot_axis *a, const char *panel,
                       const struct plot_line *lines, int32_t nr, int64_t scale)
{
    int32_t shown[PLOT_MAX_LINES], nr_shown = 0;
    g_autofree char *count = g_strdup_printf("%s_lines", panel);

    for (int32_t i = 0; i < nr; i++) {
        if (is_shown(lines, nr, i)) {
            g_autofree char *name = g_strdup_printf("%s%d", panel, nr_shown + 1);

            plot_set_text(p, name, lines[i].name);
            shown[nr_shown++] = i;
        }
    }
    plot_set_int(p, count, nr_shown);
    g_string_append_printf(p->script, "$%s << EOD\n", panel);
    for (int32_t c = 0; c < a->nr; c++) {
        int64_t middle_ns = (plot_axis_end_ns(a, c) + a->from_ns + c * a->slice_ns) / 2;

        g_string_append_printf(p->script, "%" G_GINT64_FORMAT "e-9", middle_ns);
        for (int32_t i = 0; i < nr_shown; i++) {
            int64_t millionths = (int64_t)((int128)lines[shown[i]].values[c] * 1000000 / scale);

            g_string_append_printf(p->script, " %" G_GINT64_FORMAT ".%06d", millionths / 1000000,
                                   (int)(millionths % 1000000));
        }
        g_string_append_c(p->script, '\n');
    }
    g_string_append(p->script, "EOD\n");
    return nr - nr_shown;
}
