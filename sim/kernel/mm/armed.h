/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The members of a rate class that have work to do, as a heap by where the virtual work stands when theirs
 * is done (task->rate_end), then by id. What is compared is kept in the heap, and so is what the end of a
 * task's work will touch: the tasks themselves lie far apart in memory.
 */
#ifndef NUMASIM_KERNEL_MM_ARMED_H
#define NUMASIM_KERNEL_MM_ARMED_H

#include <stdint.h>

struct rq;
struct task;

struct armed_task {
    uint64_t end; /* task->rate_end */
    struct task *task;
    struct rq *rq; /* where it runs */
};

struct armed {
    struct armed_task *tasks; /* [nr], the first to be done at [0]; owned */
    int32_t nr, size;
};

/* @t, on @rq, is to be done at its rate_end: it joins, or its place follows. Its place is rate_index. */
void armed_put(struct armed *a, struct task *t, struct rq *rq);
/* @t, whose rate_index is not -1, leaves: it is -1 then. */
void armed_remove(struct armed *a, struct task *t);

#endif
