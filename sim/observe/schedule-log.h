/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was decided in a run, kept so that two runs can be held against each other without keeping either:
 * one hash to a block of events; and, when it is known which block matters, the events of that block with
 * the policies' decisions before each.
 *
 * The events are those that say who is where: switches, wakeups, migrations of tasks and pages. Tasks stand
 * in them by name (task-names.h).
 */
#ifndef NUMASIM_OBSERVE_SCHEDULE_LOG_H
#define NUMASIM_OBSERVE_SCHEDULE_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/kernel.h"
#include "kernel/tracepoint.h"
#include "observe/task-names.h"

enum { SCHEDULE_BLOCK = 256 };

/* One event of the block that is kept, in words. */
struct schedule_event {
    uint64_t hash; /* of all that it says */
    uint64_t what; /* of the same, but for the time */
    int64_t time_ns;
    int32_t cpu;
    char *task;      /* name, or NULL */
    char *text;      /* "sched_waking: server/worker#2, for CPU 3" */
    char *decisions; /* of policies since the event before, one to a line; or NULL */
    char *queues;    /* who had how much to do: "idle 0-2; running 3, 5; waiting on 4: 2" */
};

struct schedule_log;

/* Listens to @k from its start. @block: the block to keep, and the one before it; -1: hashes alone. @k must
 * last as long as the run. */
struct schedule_log *schedule_log_new(struct kernel *k, struct task_names *names, int64_t block);
void schedule_log_free(struct schedule_log *l); /* accepts NULL */

/* The run is over: the hashes (element-type uint64_t), one to a block, the last of which may be short; each
 * also covers those before it. Borrowed. Call it once. */
const GArray *schedule_log_finish(struct schedule_log *l);
uint64_t schedule_log_nr_events(const struct schedule_log *l);
/* The events kept, in order; their number to @ret_nr, and that of the first to @ret_first. Borrowed. */
const struct schedule_event *schedule_log_events(const struct schedule_log *l, uint32_t *ret_nr,
                                                 uint64_t *ret_first);

#endif
