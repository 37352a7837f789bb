/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replays against what was recorded: CPU time, switches and wakeup latency of each command. */
#ifndef NUMASIM_CLI_TRACE_COMPARE_H
#define NUMASIM_CLI_TRACE_COMPARE_H

#include <glib.h>
#include <stdbool.h>

#include "format/trace/summary.h"
#include "observe/result.h"
#include "workload/workload.h"

/* The summary beside the file of @w ("NAME.summary.json" beside NAME.yaml), newly allocated; NULL if
 * @w is no trace, is multiplied, or has none. */
char *trace_compare_find(const struct workload *w);

/*
 * Appends a table: of each command that matters, what was recorded, and what each of @results
 * (struct result *) says of it, with the ratio to the recording. Left out are commands with less than
 * a hundredth of the recorded CPU time.
 */
void trace_compare_append(const struct trace_summary *summary, GPtrArray *results, GString *out);

#endif
