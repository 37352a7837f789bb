/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From recorded scheduler events to a workload that can be replayed: per task its CPU bursts, what
 * ended them, and who woke it (struct workload_trace). Where and when a task ran is left behind;
 * what remains is what the tasks asked for and how they depend on one another.
 *
 * A burst is the CPU time between two blocks; preemption splits it in the record and is forgotten.
 *
 * Who wakes is told by sched_waking; sched_wakeup only ends the wake (it may be printed by the CPU
 * that an IPI went to). Each wake is one of enum trace_wake_kind:
 *
 *   printed in the context of a task     that task's wake, at that point of its run
 *   in a softirq over a running task     that task's wake (loopback networking wakes the peer so),
 *                                        except a timer's expiry (ticks.h says how it is told)
 *   in a hardirq over a running task     external
 *   over the idle task                   external
 *
 * A wake by a task becomes TRACE_WAKE in its steps and TRACE_BLOCK in the wakee's: it happens when
 * the waker gets there. An external one becomes TRACE_BLOCK_UNTIL its recorded time; with
 * relative_timers, those of timers become TRACE_SLEEP of the recorded length. A timer is then: in a
 * softirq, as above; in a hardirq (hrtimers expire there), a wake of a task in an interruptible
 * sleep. Text without irq flags: a wake over a running task is taken for that task's unless it looks
 * like a timer's, and counted as guessed.
 *
 * An exec becomes TRACE_EXEC. The event (sched_process_exec) comes when the new program is loaded, the
 * choice of a CPU (sched_exec()) when the exec begins: where the task woke the stopper in task context,
 * else before the wake of its parent in the same burst (vfork() returns there: fs/exec.c, 6.12:
 * exec_mmap()), else at the event. Stoppers (migration/N) move tasks for the scheduler, which a replay
 * does by itself: their wakes and bursts are left out.
 *
 * A wake may come before its block is complete (the wakee is on its way to schedule(), or never
 * gets there): it is kept, with the block it belongs to, so that on another machine the same block
 * waits for the same wake; counted as raced. A wake of a task that has not run since its last wake
 * is spurious and left out. Switches that the record lacks are seen from who prints next on the CPU
 * and put where they must have been; counted, with the CPU time that depends on them.
 */
#ifndef NUMASIM_FORMAT_TRACE_BUILD_H
#define NUMASIM_FORMAT_TRACE_BUILD_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "format/trace/ftrace-text.h"
#include "workload/workload.h"

/*
 * A wake is marked synchronous (TRACE_WAKE_SYNC) if its waker runs no longer than this before it
 * blocks. The hint itself (WF_SYNC) is in no tracepoint of the kernel's; where the text has it all the same
 * (enum ftrace_sync), nothing is guessed.
 */
enum { TRACE_SYNC_RUN_NS = 100000 };

/* A task that is first seen running within this time of the start was runnable when it began; one
 * that appears later was woken then, and the wake is missing. */
enum { TRACE_START_NS = 1000000000 };

struct trace_import_options {
    bool relative_timers;
    int32_t hz; /* CONFIG_HZ of the kernel that recorded; 0: estimated from the trace */
    /*
     * What a replay will charge for each switch (struct machine_costs.context_switch_ns). A recorded
     * run holds the time of its switch too, so that much is taken off the begin of each run, or all
     * of a shorter one. 0: bursts as recorded.
     */
    int64_t switch_ns;
};

enum trace_wake_kind {
    TRACE_WAKE_BY_TASK,    /* in task context */
    TRACE_WAKE_BY_SOFTIRQ, /* in a softirq over a running task: its wake */
    TRACE_WAKE_TIMER,      /* in a softirq over a running task, but a timer's: external */
    TRACE_WAKE_HARDIRQ,    /* in a hardirq over a running task: external */
    TRACE_WAKE_IDLE,       /* over idle: external */
    NR_TRACE_WAKE_KINDS
};
const char *trace_wake_kind_name(enum trace_wake_kind kind); /* for people */

/* CPU time of a command whose begin or end the record does not hold. */
struct trace_unrecorded {
    const char *comm; /* owned by the workload's task */
    int64_t run_ns;
};

/* What the import did; every count is of events. */
struct trace_import {
    uint64_t wakes[NR_TRACE_WAKE_KINDS];
    uint64_t raced;            /* ... of these, came before the block was complete */
    uint64_t sleeps;           /* ... of these, became TRACE_SLEEP */
    uint64_t guessed;          /* ... of these, no irq flags: taken for the running task's */
    uint64_t without_waking;   /* ... of these, only a sched_wakeup: its printer is the waker */
    uint64_t spurious;         /* left out: the wakee had not run since its last wake */
    uint64_t self;             /* left out: a task woke itself */
    uint64_t of_dead;          /* left out: the wakee has exited */
    uint64_t stopper;          /* left out: wakes of migration/N */
    uint64_t execs;            /* sched_process_exec events that became steps */
    uint64_t missing_wakes;    /* a blocked task ran: taken for an external wake then */
    uint64_t missing_switches; /* inferred */
    uint64_t pids_reused;      /* a new task under a known pid */
    uint64_t switches_in;
    int32_t running_at_start, blocked_at_start, forked, exited, blocked_at_end;
    int32_t hz;                /* used or estimated; 0: no tick seen, so no softirq is a timer's */
    int64_t tick_phase_ns;     /* of time modulo 1/hz; valid with hz */
    int64_t switch_ns;         /* of the options */
    int64_t idle_switch_ns;    /* median from a wakeup on an idle CPU to its switch; 0: none seen */
    int64_t unrecorded_run_ns; /* the sum of these: in the workload, not in a summary */
    struct trace_unrecorded *unrecorded; /* by command, sorted by name; owned */
    int32_t nr_unrecorded;
    GPtrArray *messages; /* char *: warnings for people */
};
void trace_import_release(struct trace_import *import);

/*
 * A workload of @text's events. @name becomes its name, the record's length its duration. *@ret_import is filled on success, refers
 * to the workload's strings and is released by the caller. NULL with @error (NUMASIM_ERROR_INPUT)
 * if no task ever runs.
 */
struct workload *trace_build(const struct ftrace_text *text, const char *name,
                             const struct trace_import_options *options,
                             struct trace_import *ret_import, GError **error);

/* The counts as lines of text, each without newline; newly allocated, NULL-terminated. */
char **trace_import_describe(const struct trace_import *import, const struct ftrace_text *text);

#endif
