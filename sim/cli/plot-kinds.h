/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of pictures, each in its plot-NAME.c, for the table in plot.c. */
#ifndef NUMASIM_CLI_PLOT_KINDS_H
#define NUMASIM_CLI_PLOT_KINDS_H

#include "cli/plot.h"

bool plot_cdf(struct plot *p, GError **error);
bool plot_percentiles(struct plot *p, GError **error);
bool plot_migrations(struct plot *p, GError **error);
bool plot_access(struct plot *p, GError **error);
bool plot_machine(struct plot *p, GError **error);
bool plot_occupancy(struct plot *p, GError **error);
bool plot_queues(struct plot *p, GError **error);
bool plot_pages(struct plot *p, GError **error);
bool plot_bandwidth(struct plot *p, GError **error);

const struct plot_watch *plot_occupancy_watch(const struct plot *p);
const struct plot_watch *plot_queues_watch(const struct plot *p);
const struct plot_watch *plot_pages_watch(const struct plot *p);
const struct plot_watch *plot_bandwidth_watch(const struct plot *p);

/* Of occupancy with --color local, in plot-local.c. */
extern const struct plot_watch plot_local_watch;
bool plot_local(struct plot *p, GError **error);

/*
 * For kinds that show latencies: the histogram of each input that --metric names, or the first that has
 * samples of those nearest to the user, to @ret[nr_inputs]; *@ret_name (borrowed) what it is called.
 * False with NUMASIM_ERROR_INPUT where an input has none.
 */
bool plot_latencies(const struct plot *p, const struct result_histogram **ret,
                    const char **ret_name, GError **error);
/* The value that @ppm of the samples do not exceed: the bucket's bound. */
int64_t plot_percentile(const struct result_histogram *h, uint64_t ppm);
/* "wakeup_latency_ns" to "wakeup latency", "request_latency_ns.clients" to "request latency (clients)".
 * Newly allocated. */
char *plot_quantity(const char *metric);
/* The title of a picture of latencies, to p->finding: the tail of @h[nr_inputs]. */
void plot_find_tail(struct plot *p, const struct result_histogram *const *h, const char *quantity);

#endif
