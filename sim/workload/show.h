/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A workload as text for people: what runs, what it does, what load it offers. */
#ifndef NUMASIM_WORKLOAD_SHOW_H
#define NUMASIM_WORKLOAD_SHOW_H

#include "workload/workload.h"

/*
 * Several lines, newly allocated: head, objects, cgroups, arrivals with the load they offer (mean
 * CPU time of a request's own `run` steps at reference speed, times its rate), processes with
 * their regions, thread groups and programs, administrative steps; or a summary of the trace.
 */
char *workload_show(const struct workload *w);

#endif
