/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run time and delays by command, as `perf sched latency` prints them (tools/perf/builtin-sched.c:
 * perf_sched__lat(), 6.12): a delay is from sched_wakeup, or from losing the CPU to another, to getting
 * one. Worst average first; the tasks of one command are one line.
 */
#ifndef NUMASIM_FORMAT_TRACE_SCHED_LATENCY_H
#define NUMASIM_FORMAT_TRACE_SCHED_LATENCY_H

#include <glib.h>
#include <stdbool.h>

#include "format/trace/ftrace-text.h"

struct sched_latency;

struct sched_latency *sched_latency_new(void);
void sched_latency_free(struct sched_latency *l); /* accepts NULL */

/*
 * Takes the next event, of any CPU: since when a task waits is known from all of them. Of a switch that is
 * not @counted neither the run that it ends nor the delay that it ends is in the table.
 */
void sched_latency_event(struct sched_latency *l, const struct ftrace_event *e, bool counted);

/* Appends the table of the commands that @shown (NULL: all) is true for. */
void sched_latency_append(const struct sched_latency *l,
                          bool (*shown)(const char *comm, void *data), void *data, GString *out);

#endif
