/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `numasim run` makes of its results: the table, the JSON, the folders. */
#ifndef NUMASIM_CLI_RUN_SHOW_H
#define NUMASIM_CLI_RUN_SHOW_H

#include <glib.h>
#include <stdbool.h>

#include "cli/run-record.h"
#include "cli/simulation.h"
#include "observe/result.h"

/* What was simulated, and the metrics. @results: struct result *, @runs of each policy one after the
 * other. Of several runs, each metric is the mean; metrics that some run lacks are left out. */
void run_show_table(const struct simulation *s, GPtrArray *results, guint runs, GString *out);
/* One result as result.json has it; several as an array. */
void run_show_json(GPtrArray *results, GString *out);

/* Writes @result with copies of its inputs, and @record (may be NULL), to @folder, whose parents
 * are made. */
bool run_show_write(const struct simulation *s, const struct simulation_policy *policy,
                    const struct result *result, const struct run_record *record,
                    const char *folder, GError **error);

#endif
