/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of `numasim report` share. */
#ifndef NUMASIM_CLI_REPORT_H
#define NUMASIM_CLI_REPORT_H

#include "cli/plot.h"
#include "observe/compare.h"

/* The results of one policy on one machine with one workload: seeds. */
struct report_side {
    GPtrArray *results, *paths; /* borrowed */
    const char *label;          /* of the input that stands for it */
};

struct report {
    const struct paths *paths;
    struct report_side sides[PLOT_MAX_RESULTS];
    struct plot_input inputs[PLOT_MAX_RESULTS]; /* the first result of each side, for pictures */
    int32_t nr;
    bool pictures;
    GString *out;
};

/* Sections of the page, appended to r->out. */
void report_overview(struct report *r);
void report_inputs(struct report *r);
void report_metrics(struct report *r);
/* Those of all sides, then those of each with where its time went. What cannot be shown, a picture that a
 * result has no data for, or all of them where there is no gnuplot, is told on the page and on standard
 * error. */
void report_pictures(struct report *r);

/* Where the time of tasks went, as a kind that draws nothing: its watch, and the table of what it saw. */
extern const struct plot_kind report_time_kind;
void report_time(GString *out, const struct plot *p);

#endif
