/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time cut into columns of a picture, and the CPUs of a machine as its rows. */
#ifndef NUMASIM_CLI_PLOT_TIME_H
#define NUMASIM_CLI_PLOT_TIME_H

#include "cli/plot.h"

struct plot_axis {
    int64_t from_ns, slice_ns, to_ns; /* the last slice may be longer than what is left */
    int32_t nr;                       /* slices */
};

/* --from to --to, or all of the run, in at most @columns slices. False with NUMASIM_ERROR_USAGE where
 * that is nothing. */
bool plot_axis_init(struct plot_axis *a, const struct plot *p, int32_t columns, GError **error);
/* Tells the script: from and slice in seconds, columns. */
void plot_axis_set(const struct plot_axis *a, struct plot *p);
/* When slice @column ends, at most to_ns; and how long it is. */
int64_t plot_axis_end_ns(const struct plot_axis *a, int32_t column);
int64_t plot_axis_length_ns(const struct plot_axis *a, int32_t column);

/*
 * Adds @amount, which came evenly from @begin_ns to @end_ns, to @cells[nr]: to each its part, and
 * nothing of what is outside the axis. The parts add up.
 */
void plot_axis_spread(const struct plot_axis *a, int64_t begin_ns, int64_t end_ns, uint64_t amount,
                      uint64_t *cells);

/* The CPUs of @m by node, LLC and core, so that neighbours in the machine are neighbours in the picture.
 * [nr_cpus], newly allocated. */
const struct machine_cpu **plot_order_cpus(const struct machine *m);
/*
 * A map of CPUs by time for the template occupancy: $cells, whose row of CPU c is cells[c][nr], each the
 * number of a colour, 0..9, 0 none; and the nodes beside it. Sets the picture's size.
 */
void plot_set_cells(struct plot *p, const struct plot_axis *a, const uint8_t *cells);
/* The legend of such a map: colours 1..@nr as "#rrggbb" are called @names; @rest_name is 0, white. */
void plot_set_legend(struct plot *p, const char *const *names, const char *const *colors,
                     int32_t nr, const char *rest_name);

/* "db-server with linux-6.12": what the first input is of. Newly allocated. */
char *plot_subject(const struct plot *p);
/* True where --from or --to leave out a part of the run: what the result says of all is not of it. */
bool plot_is_part(const struct plot *p);

#endif
