/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who ran where: for each CPU a list of spans, from sched_switch events, for plots.
 *
 * Time is cut into cells of the stated resolution. A cell shows whoever had the CPU for the longest
 * part of it (idling counts as one who has it; of equals, the one that came first), and neighbouring
 * cells that show the same make one span. A CPU has therefore at most (to - from) / resolution spans,
 * whatever happens on it. A resolution of 1 ns shows everything.
 */
#ifndef NUMASIM_OBSERVE_OCCUPANCY_H
#define NUMASIM_OBSERVE_OCCUPANCY_H

#include <stdint.h>

#include "kernel/tracepoint.h"

struct occupancy_span {
    int64_t start_ns, end_ns;
    int32_t owner; /* -1: idle */
};

struct occupancy;

/*
 * A record of CPUs 0..@nr_cpus-1, all idle, from @from_ns to @to_ns (TIME_NEVER_NS: as long as it
 * goes). @owner says under which number to show a task (its id, its process's...), >= 0; called for
 * each switch, so it must be quick. NULL: the task's id.
 */
struct occupancy *occupancy_new(int32_t nr_cpus, int64_t from_ns, int64_t to_ns,
                                int64_t resolution_ns, int32_t (*owner)(int32_t task, void *data),
                                void *data);
void occupancy_free(struct occupancy *o); /* accepts NULL */
/* A tp_listener_fn for TP_SCHED_SWITCH; @data is the struct occupancy. */
void occupancy_event(const struct tp_event *event, void *data);
/* Closes the record at @now_ns; no events after that. */
void occupancy_finish(struct occupancy *o, int64_t now_ns);
/* The spans of @cpu in order, idle ones included; borrowed. After occupancy_finish(). */
const struct occupancy_span *occupancy_spans(const struct occupancy *o, int32_t cpu,
                                             int32_t *ret_nr);

#endif
