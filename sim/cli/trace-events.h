/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracepoints of a run as the events that sim/format/trace writes: with the task on whose back each
 * happened, names and priorities, and PIDs: a task's number + 1, for 0 is the idle task's.
 *
 * What a real kernel tells of an event and the engine does not is chosen so that an import of the written
 * trace understands it: a wake by nobody is printed in a hardirq, as a timer's is; a fork by nobody
 * names the idle task.
 */
#ifndef NUMASIM_CLI_TRACE_EVENTS_H
#define NUMASIM_CLI_TRACE_EVENTS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "format/trace/ftrace-text.h"
#include "kernel/kernel.h"
#include "kernel/tracepoint.h"

/* What is wanted. Events at or after from_ns and before to_ns, printed on one of @cpus, that concern a
 * task whose command @task matches. */
struct trace_filter {
    int64_t from_ns, to_ns;
    const uint64_t *cpus; /* bitmap by the machine's numbers of CPUs; NULL: all */
    GPatternSpec *task;   /* NULL: all */
};

bool trace_filter_time(const struct trace_filter *f, int64_t now_ns);
bool trace_filter_cpu(const struct trace_filter *f, int32_t cpu);
bool trace_filter_comm(const struct trace_filter *f, const char *comm);
bool trace_filter_event(const struct trace_filter *f, const struct ftrace_event *e);

struct trace_sink {
    void (*event)(const struct ftrace_event *e, void *data);
    /* Of other events, as ftrace_write_other() takes them. Optional. */
    void (*other)(const struct ftrace_event *columns, const char *name, const char *fields,
                  void *data);
    void *data;
};

struct trace_events;

/* @sink and @filter are borrowed; @filter NULL: all. */
struct trace_events *trace_events_new(const struct trace_sink *sink,
                                      const struct trace_filter *filter);
void trace_events_free(struct trace_events *te); /* accepts NULL */
/* Begins to listen; before the run, and once. */
void trace_events_attach(struct trace_events *te, struct kernel *k);

/* The task numbered @id (-1: the idle one of @cpu) as events name it; the comm is borrowed. */
struct ftrace_task trace_events_task(const struct trace_events *te, int32_t id, int32_t cpu);
/* The task that runs on @cpu; -1: none. */
int32_t trace_events_curr(const struct trace_events *te, int32_t cpu);

#endif
