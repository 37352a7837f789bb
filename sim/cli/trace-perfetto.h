/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run as a trace for Perfetto: scheduler events by CPU; for each thread what it does, as
 * observe/account.h tells it, with what slowed each run; an arrow from who wakes to whom; and counters over
 * time of runnable tasks by CPU, memory and hint faults by node, and the use of memory controllers and links.
 */
#ifndef NUMASIM_CLI_TRACE_PERFETTO_H
#define NUMASIM_CLI_TRACE_PERFETTO_H

#include <glib.h>

#include "cli/trace-events.h"
#include "kernel/kernel.h"

struct trace_perfetto;

/* Packets are appended to @out; @filter and @out are borrowed. @nr_cpus: the highest number of a CPU + 1. */
struct trace_perfetto *trace_perfetto_new(const struct trace_filter *filter, int32_t nr_cpus,
                                          GString *out);
void trace_perfetto_free(struct trace_perfetto *tp); /* accepts NULL */

/* Begins to listen; before the run, and behind trace_events_attach(), with whose names tasks are shown. */
void trace_perfetto_attach(struct trace_perfetto *tp, struct kernel *k,
                           const struct trace_events *names);
/* Takes an event from @names' sink. */
void trace_perfetto_event(struct trace_perfetto *tp, const struct ftrace_event *e);
/* Ends what goes on at the end of the run. */
void trace_perfetto_finish(struct trace_perfetto *tp, const struct kernel *k);

#endif
