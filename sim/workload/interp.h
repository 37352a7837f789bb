/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries out workloads on a kernel: makes their processes, tasks, objects and arrivals, and says
 * after each step what a task does next. One interpreter may hold several workloads side by side,
 * each with its replicas.
 *
 * Every draw is keyed by what it belongs to: a thread's own draws by (workload, replica, process,
 * thread, index), a request's by (source, request, index). No policy can change what a workload
 * asks for.
 */
#ifndef NUMASIM_WORKLOAD_INTERP_H
#define NUMASIM_WORKLOAD_INTERP_H

#include <glib.h>
#include <stdint.h>

#include "kernel/kernel.h"
#include "workload/workload.h"

struct interp;

/*
 * Becomes the driver of @k and makes everything that @workloads (borrowed) describe; threads start
 * at their start times once kernel_run() is called. NULL with NUMASIM_ERROR_INPUT if a workload
 * does not fit the machine (an affinity that names no CPU of it, more memory than there is...), or a
 * placement policy refuses a process.
 */
struct interp *interp_new(struct kernel *k, const struct workload *const *workloads, guint nr,
                          GError **error);
void interp_free(struct interp *it); /* accepts NULL; before kernel_free() */

/* Names behind the numbers in tracepoints. Borrowed; NULL beyond the end. */
const char *interp_source_name(const struct interp *it, int32_t source); /* TP_REQUEST_* other */
const char *interp_metric_name(const struct interp *it, int32_t metric); /* TP_COUNT, TP_MEASURE */
/* CPU time of the recorded bursts, of all traces, that their replay has not come to yet. */
int64_t interp_replay_left_ns(const struct interp *it);
/* A time that the last thread to come to an end so far cannot have beaten, on this machine under any
 * policy: its start, runs, sleeps, forks and joins one after the other; see remaining.c. */
int64_t interp_critical_ns(const struct interp *it);
int32_t interp_nr_sources(const struct interp *it);
int32_t interp_nr_metrics(const struct interp *it);

#endif
