/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each stretch that a task had a CPU, as a line of the table of `perf sched timehist`
 * (tools/perf/builtin-sched.c: timehist_print_sample(), 6.12): when it ended, how long the task had
 * slept or waited before it, how much of that since it was woken, and how long it ran.
 */
#ifndef NUMASIM_FORMAT_TRACE_SCHED_TIMEHIST_H
#define NUMASIM_FORMAT_TRACE_SCHED_TIMEHIST_H

#include <glib.h>
#include <stdbool.h>

#include "format/trace/ftrace-text.h"

struct sched_timehist;

/* CPU numbers are below @nr_cpus. */
struct sched_timehist *sched_timehist_new(int32_t nr_cpus);
void sched_timehist_free(struct sched_timehist *t); /* accepts NULL */

/* Appends the heading. */
void sched_timehist_header(GString *out);
/* Takes the next event; all of a trace, in order. Of a sched_switch it appends the line, if @shown. */
void sched_timehist_event(struct sched_timehist *t, const struct ftrace_event *e, bool shown,
                          GString *out);

#endif
