/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who runs on which CPU after each switch, as `perf sched map` prints it
 * (tools/perf/builtin-sched.c: map_switch_event(), 6.12): tasks by two letters, told where they first
 * appear, '.' for idle, '*' before the CPU that switched.
 */
#ifndef NUMASIM_FORMAT_TRACE_SCHED_MAP_H
#define NUMASIM_FORMAT_TRACE_SCHED_MAP_H

#include <glib.h>
#include <stdbool.h>

#include "format/trace/ftrace-text.h"

struct sched_map;

/* Columns for CPUs 0 .. @nr_cpus - 1. */
struct sched_map *sched_map_new(int32_t nr_cpus);
void sched_map_free(struct sched_map *m); /* accepts NULL */

/* Takes the next event; all of a trace, in order. Of a sched_switch it appends the line, if @shown. */
void sched_map_event(struct sched_map *m, const struct ftrace_event *e, bool shown, GString *out);

#endif
