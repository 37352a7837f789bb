/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of `numasim plot` share. Each kind writes the head of a gnuplot script: variables and
 * data; the drawing stands in results/plots/KIND.gp. */
#ifndef NUMASIM_CLI_PLOT_H
#define NUMASIM_CLI_PLOT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/paths.h"
#include "observe/result.h"

enum { PLOT_MAX_RESULTS = 8 }; /* lines that can still be told apart in grey */

struct plot_input {
    char *path; /* as given, or the one result in the folder that was given */
    struct result *result;
    char *label;
};

struct plot {
    const struct paths *paths;
    const struct plot_input *inputs;
    int32_t nr_inputs;
    const char *metric;        /* --metric, or NULL */
    int64_t from_ns, to_ns;    /* --from, --to; -1: all of it */
    int32_t width, height;     /* points; set by the kind */
    GString *finding, *detail; /* title, and the line below it */
    GString *script;           /* variables and data */
};

/* Each fills width, height, finding, detail and script. False with NUMASIM_ERROR_INPUT where a result
 * does not have what the picture shows. */
bool plot_cdf(struct plot *p, GError **error);
bool plot_access(struct plot *p, GError **error);
bool plot_occupancy(struct plot *p, GError **error);

/* "label1 = 'text'" and the like, quoted for gnuplot. */
void plot_set_text(struct plot *p, const char *name, const char *value);
void plot_set_int(struct plot *p, const char *name, int64_t value);

#endif
