/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A task while its steps are gathered from a trace. Of build.c alone. */
#ifndef NUMASIM_FORMAT_TRACE_TASK_H
#define NUMASIM_FORMAT_TRACE_TASK_H

#include "format/trace/build.h"

enum trace_task_state {
    TRACE_TASK_NEW,     /* forked, not woken for the first time */
    TRACE_TASK_RUNNING, /* on cpu since since_ns */
    TRACE_TASK_READY,   /* woken or preempted */
    TRACE_TASK_GONE,    /* left its CPU unrecorded: preempted if it runs again, blocked if woken */
    TRACE_TASK_BLOCKED, /* at steps[block_step] */
    TRACE_TASK_DEAD,
};

struct building_task {
    int32_t index, pid, parent;
    const char *comm; /* the latest; owned by the text */
    enum trace_task_state state;
    bool runs_at_start, blocked_at_start;
    bool is_new;     /* forked by the idle task */
    bool fresh;      /* READY: has not run since it was woken */
    bool recorded;   /* RUNNING: the switch that began the run is in the record */
    bool exiting;    /* sched_process_exit seen */
    bool early_wake; /* a wake came while it was not blocked; its kind and time: */
    enum trace_wake_kind early_kind;
    bool early_timer;
    int64_t early_ns;
    int32_t cpu;
    int64_t since_ns; /* RUNNING: up to here its run is counted */
    int64_t begun_ns; /* RUNNING: when the run began */
    int64_t run_ns;   /* of the present burst, not yet a step */
    int64_t woken_ns; /* last wake or wakeup */
    int64_t blocked_ns;
    enum ftrace_state blocked_how;
    uint32_t block_step;
    bool execs;         /* it has asked the stopper to move it, as sched_exec() does, */
    uint32_t exec_step; /* before this step */
    int64_t unrecorded_run_ns;
    int32_t prio; /* by majority of CPU time */
    int64_t prio_weight_ns;
    GArray *steps; /* struct trace_step */
};

struct building_task *trace_task_new(int32_t index, const struct ftrace_task *who);
void trace_task_free(gpointer task);

/* Counts the run of a RUNNING task up to @now_ns. */
void trace_task_run_until(struct building_task *t, int64_t now_ns);
/* Appends a TRACE_RUN for the CPU time since the last step, if there is any. */
void trace_task_flush(struct building_task *t);
/* The same, and a step behind it. */
void trace_task_step(struct building_task *t, enum trace_op op, int64_t arg);
/* Appends a TRACE_BLOCK that a wake will settle, and blocks. */
void trace_task_block(struct building_task *t, int64_t now_ns, enum ftrace_state how);
/* Remembers this point of the run: sched_exec() has woken the stopper here, if an exec follows. */
void trace_task_mark_exec(struct building_task *t);
/* The exec is seen to be done: puts it where it began. */
void trace_task_exec(struct building_task *t);
/* Lets the record's @prio weigh for @run_ns. A boost by priority inheritance does not last. */
void trace_task_weigh_prio(struct building_task *t, int32_t prio, int64_t run_ns);
/* Marks the wakes before a block as synchronous (TRACE_SYNC_RUN_NS). */
void trace_task_mark_sync(struct building_task *t);

#endif
