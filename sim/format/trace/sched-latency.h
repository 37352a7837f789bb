/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run time and delays by command, as `perf sched latency` prints them (tools/perf/builtin-sched.c:
 * perf_sched__lat(), 6.12): a delay is from sched_wakeup, or from losing the CPU to another, to getting
 * one. Worst average first; the tasks of one command are one line.
 *
 * Unlike there, what goes on when the events end is in the table: a run up to then, and a wait as a delay
 * of the length that it has by then. Who never gets a CPU would else be missing from it.
 */
#ifndef NUMASIM_FORMAT_TRACE_SCHED_LATENCY_H
#define NUMASIM_FORMAT_TRACE_SCHED_LATENCY_H

#include <glib.h>
#include <stdbool.h>

#include "format/trace/ftrace-text.h"

struct sched_latency;

/* Of runs, what lies at @from_ns or later is counted. */
struct sched_latency *sched_latency_new(int64_t from_ns);
void sched_latency_free(struct sched_latency *l); /* accepts NULL */

/*
 * Takes the next event, of any CPU: since when a task waits is known from all of them. Of a switch that is
 * not @counted neither the run that it ends nor the delay that it ends is in the table.
 */
void sched_latency_event(struct sched_latency *l, const struct ftrace_event *e, bool counted);

/*
 * The events end at @end_ns, not before the last one. @counted (NULL: of all CPUs) tells if what runs or waits
 * on a CPU then is in the table. Once, before sched_latency_append().
 */
void sched_latency_finish(struct sched_latency *l, int64_t end_ns,
                          bool (*counted)(int32_t cpu, void *data), void *data);

/* Appends the table of the commands that @shown (NULL: all) is true for. */
void sched_latency_append(const struct sched_latency *l,
                          bool (*shown)(const char *comm, void *data), void *data, GString *out);

#endif
