/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two runs of one workload and seed: where their schedules part, and where the time went then.
 *
 * Each side is simulated twice. The first pass hashes its schedule (schedule-log.h) and counts how far each
 * task came. What the hashes say of where the sides part, and how far a task came on both, is what the second
 * pass is told to keep.
 *
 * Tasks are the same if their names are (task-names.h); a task's work is the same up to the same position, the
 * number of times that it went to sleep, or its end. A task that was awake for longer after the last sleep that it
 * has on both sides than before is compared at the end of the run. At that position its time since the start of the run is
 * divided by what it was spent on (account.h), on both sides; the differences of the kinds add up to the
 * difference of the times exactly.
 */
#ifndef NUMASIM_OBSERVE_DIFF_H
#define NUMASIM_OBSERVE_DIFF_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "observe/account.h"
#include "observe/schedule-log.h"

/* What a side's second pass keeps. */
struct diff_wants {
    int64_t block; /* of the schedule; -1: the schedules are the same */
    GHashTable *
        positions; /* name -> int64_t * owned: how often it has slept; DIFF_END: its end, or the run's */
};
#define DIFF_END INT64_MAX

struct diff_pass; /* the listeners of one simulation */

/* Listens to @k. @wants NULL: the first pass. */
struct diff_pass *diff_pass_new(struct kernel *k, const struct diff_wants *wants);
/* The run is over; @k still stands. */
void diff_pass_finish(struct diff_pass *p, const struct kernel *k);
void diff_pass_free(struct diff_pass *p); /* accepts NULL */

/* What the second passes are to keep, from the first ones, which are finished. */
struct diff_wants diff_wants_of(const struct diff_pass *base, const struct diff_pass *new_);
void diff_wants_release(struct diff_wants *wants);

struct diff_task {
    const char *name, *group; /* borrowed of a pass */
    int64_t position;         /* DIFF_END: to its end on both sides; or as wants says */
    bool ended[2];            /* it exited there */
    int64_t time_ns[2];       /* when it came there: the sum of its kinds */
    int64_t kinds[2][NR_ACCOUNT_KINDS];
};

/* All tasks of one process and name together. */
struct diff_group {
    const char *name;
    int32_t nr_tasks;
    int64_t time_ns[2];
    int64_t kinds[2][NR_ACCOUNT_KINDS];
    GPtrArray *blockers; /* struct diff_blocker *: by how much they changed, the most first */
};

struct diff_blocker {
    const char *name; /* group of who woke it, or "a timer" */
    int64_t blocked_ns[2];
};

struct diff {
    bool same;         /* no event of the schedules differs */
    bool later;        /* the first that do are the same event at another time: a cost or a speed */
    uint64_t position; /* number of the event at which they part */
    const struct schedule_event *events[2]; /* NULL: that side has no more */
    GArray
        *tasks; /* struct diff_task, of tasks that are on both sides, by difference, most first */
    GArray *groups;     /* struct diff_group, likewise */
    GPtrArray *only[2]; /* const char *: names of tasks that only one side has */
};

/* From two second passes, which it borrows. */
struct diff *diff_new(const struct diff_pass *base, const struct diff_pass *new_,
                      const struct diff_wants *wants);
void diff_free(struct diff *d); /* accepts NULL */

/* For people, and as JSON, numasim-diff/1; newly allocated. @nr_tasks: so many of the tasks. */
char *diff_text(const struct diff *d, const char *const labels[2], int32_t nr_tasks);
char *diff_json(const struct diff *d, const char *const labels[2]);

#endif
