/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups of bars side by side, one bar of each to a result: results/plots/bars.gp. */
#ifndef NUMASIM_CLI_PLOT_BARS_H
#define NUMASIM_CLI_PLOT_BARS_H

#include "cli/plot.h"

struct plot_bars {
    const char *const *groups; /* [nr_groups] what stands below each */
    int32_t nr_groups;
    enum result_unit unit;
    const int64_t *values; /* [p->nr_inputs * nr_groups], in @unit; -1: no bar */
    const char *axis;      /* what the vertical axis says */
    bool logarithmic;
};

/* Sets the data and the size of the picture. */
void plot_set_bars(struct plot *p, const struct plot_bars *b);

#endif
