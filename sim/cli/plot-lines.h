/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quantities over time as lines, few enough to tell apart. */
#ifndef NUMASIM_CLI_PLOT_LINES_H
#define NUMASIM_CLI_PLOT_LINES_H

#include "cli/plot-time.h"

enum { PLOT_MAX_LINES = 8 };

struct plot_line {
    char *name;            /* owned */
    const int64_t *values; /* [axis.nr], borrowed */
    int64_t peak;          /* the greatest of them */
};

/*
 * Writes those @lines[nr] with the highest peaks, at most PLOT_MAX_LINES and in their order, as the panel
 * @panel of the script: $PANEL with the time (s) of each slice's middle and a column to a line;
 * PANEL_lines, PANEL1.. their names. Values are in units of 1 / @scale of what the axis has. Returns how
 * many are left out.
 */
int32_t plot_set_lines(struct plot *p, const struct plot_axis *a, const char *panel,
                       const struct plot_line *lines, int32_t nr, int64_t scale);
/* The greatest of @values[nr]. */
int64_t plot_peak(const int64_t *values, int32_t nr);

#endif
