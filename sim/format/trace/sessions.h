/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which session each task of a trace belongs to. No tracepoint says it, but with autogroups
 * (kernel/sched/autogroup.c) sessions and not tasks share a CPU, and so it decides who preempts.
 *
 *   a kernel thread                       none: the root's queue (init_task's autogroup is the root)
 *   a task forked in the record           its parent's
 *   a command that calls setsid()         one of its own, or one of each of its processes
 *   what is no part of the workload       each its own ("other", as a recording may name them)
 *   all others                            one: they were started where the recording was
 *
 * Commands that call setsid() are known by name, with where their sources do so. An overlay may say
 * otherwise.
 */
#ifndef NUMASIM_FORMAT_TRACE_SESSIONS_H
#define NUMASIM_FORMAT_TRACE_SESSIONS_H

#include "workload/workload.h"

/* Sets the session of every task of @trace. */
void trace_sessions_assign(struct workload_trace *trace);

#endif
