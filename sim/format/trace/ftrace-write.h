/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scheduler events as ftrace text: what ftrace-text.h reads, in the columns of the kernel's file `trace`
 * (Documentation/trace/ftrace.rst) with the nine digits of nanoseconds that `trace-cmd report -t` prints,
 * and each event's fields as its own TP_printk() has them (include/trace/events/sched.h, 6.12).
 *
 * A line at a time, so that no trace need be in memory.
 */
#ifndef NUMASIM_FORMAT_TRACE_FTRACE_WRITE_H
#define NUMASIM_FORMAT_TRACE_FTRACE_WRITE_H

#include <glib.h>

#include "format/trace/ftrace-text.h"

/* Appends the comment lines that begin a trace; the number of its entries, which stands there in the
 * kernel's, is not known yet. */
void ftrace_write_header(GString *out, int32_t nr_cpus);

/* Appends the line of @e. A comm of NULL is written as "<...>", which the kernel does where it lost one. */
void ftrace_write_event(GString *out, const struct ftrace_event *e);

/*
 * Appends the line of an event that ftrace-text.h does not read: @name, and @fields behind it. Time, CPU,
 * context and printer are those of @columns, of which the rest does not matter.
 */
void ftrace_write_other(GString *out, const struct ftrace_event *columns, const char *name,
                        const char *fields);

#endif
