/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a trace says by itself, per command: the truth that a replay is held against. Only what the
 * record holds counts: a burst whose switch in or out is missing adds no CPU time (the import's
 * unrecorded_run_ns is the rest), a wakeup whose switch is missing no latency.
 *
 * A task's command is the last comm that the record has for it. Wakeup latency is the time from
 * sched_wakeup or sched_wakeup_new to the switch that runs the task. Percentile p of n samples is
 * the sorted sample number floor(n * p / 100), counted from 0.
 */
#ifndef NUMASIM_FORMAT_TRACE_SUMMARY_H
#define NUMASIM_FORMAT_TRACE_SUMMARY_H

#include <glib.h>
#include <stdint.h>

#include "format/trace/ftrace-text.h"

struct trace_latency {
    uint64_t n;
    int64_t p50_ns, p90_ns, p99_ns, max_ns, sum_ns;
};

struct trace_command {
    char *comm;
    int64_t tasks, run_ns, switch_in, preempted, blocked, wakeups, migrations;
    struct trace_latency wakeup_latency;
};

struct trace_summary {
    int64_t span_ns, run_ns;
    uint64_t events;
    int32_t nr_cpus;
    struct trace_command *commands; /* by falling CPU time, then name */
    int32_t nr_commands;
};

struct trace_summary *trace_summary_new(const struct ftrace_text *text); /* never NULL */
void trace_summary_free(struct trace_summary *summary);                  /* accepts NULL */
typedef struct trace_summary trace_summary_t; /* for g_autoptr(trace_summary_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(trace_summary_t, trace_summary_free)

/* The command named @comm, or NULL. */
const struct trace_command *trace_summary_find(const struct trace_summary *summary,
                                               const char *comm);
/*
 * Reads a file NAME.summary.json. Only what a replay can be held against is read: span, and of each
 * command its tasks, run time, switches, wakeups, migrations and the wakeup latency's count, p50, p90,
 * p99 and max; the rest is 0. NULL with NUMASIM_ERROR_IO or NUMASIM_ERROR_INPUT.
 */
struct trace_summary *trace_summary_read_json(const char *path, GError **error);
/* As JSON, in the form of workloads/traces/NAME.summary.json; newly allocated. @name: the trace's. */
char *trace_summary_to_json(const struct trace_summary *summary, const char *name);

#endif
