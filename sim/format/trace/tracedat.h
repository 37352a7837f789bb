/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.dat files, which trace-cmd and KernelShark read: version 6 of trace-cmd.dat(5), whose events are pages
 * of the kernel's ring buffer (include/linux/ring_buffer.h, 6.12: enum ring_buffer_type), each with the fields
 * of include/trace/events/sched.h. Times are ns.
 *
 * The file has one CPU's pages after another's, so that a run's events are spooled in a file without a name
 * until it is over.
 */
#ifndef NUMASIM_FORMAT_TRACE_TRACEDAT_H
#define NUMASIM_FORMAT_TRACE_TRACEDAT_H

#include <glib.h>
#include <stdbool.h>

#include "format/trace/ftrace-text.h"

struct tracedat;

/* CPU numbers are below @nr_cpus. NULL with NUMASIM_ERROR_IO where nothing can be spooled. */
struct tracedat *tracedat_new(int32_t nr_cpus, GError **error);
void tracedat_free(struct tracedat *d); /* accepts NULL */

/* Adds @e; the events of a CPU come in the order of their times. What fails is told by tracedat_finish(). */
void tracedat_event(struct tracedat *d, const struct ftrace_event *e);

/* Appends the file to @out, piece by piece: after each, @drain (with @data) may empty @out. Once. */
bool tracedat_finish(struct tracedat *d, GString *out, void (*drain)(void *data), void *data,
                     GError **error);

#endif
