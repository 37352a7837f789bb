/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tracepoints: everything observable. Named and shaped like the kernel's where it has them.
 *
 * An event is a fixed 48-byte record, so that the digest of a run is a hash of bytes and a listener
 * needs no parsing. Listeners are called in the order in which they were added, and may not
 * change the simulation. The digest covers every event but TP_DECISION, which exists only while
 * somebody listens for it.
 */
#ifndef NUMASIM_KERNEL_TRACEPOINT_H
#define NUMASIM_KERNEL_TRACEPOINT_H

#include <stdint.h>

#include "policy/numasim-policy.h"

enum tracepoint {
    /* name                    task      cpu          other            a, b, c */
    TP_SCHED_SWITCH, /* next (-1 idle)  cpu    prev (-1 idle)   a: enum task_leave of prev; b: ns until next makes progress */
    TP_SCHED_WAKING, /* wakee     waker's CPU  waker (-1)       a: CPU it was on; b: CPU chosen */
    TP_SCHED_WAKEUP, /* wakee     its new CPU  -                a: 1 if it was delayed */
    TP_SCHED_WAKEUP_NEW, /* task      its CPU      parent (-1) */
    TP_SCHED_MIGRATE_TASK, /* task      orig CPU     dest CPU         a: enum migrate_reason; b: enum machine_reach */
    TP_SCHED_PROCESS_FORK, /* child     cpu          parent (-1)      a: process */
    TP_SCHED_PROCESS_EXIT, /* task      cpu */
    TP_SCHED_RATE, /* task      cpu          -                pace components, see pace.h: a: smt; b: cold ns; c: remote */
    TP_SCHED_MOVE_NUMA, /* task      cpu          preferred node   a: previous preferred node */
    TP_MM_PAGE_ALLOC, /* task      cpu          region           a: node; b: pages; c: page bytes */
    TP_MM_MIGRATE_PAGES, /* process   cpu          region           a: from; b: to; c: pages */
    TP_MEM_ACCESS, /* task      CPU node     memory node      a: accesses; b: ns they stalled */
    TP_SCHED_ACCOUNT, /* task      cpu          -                a: ns run since the last; b: of those, kernel overhead */
    TP_CGROUP_THROTTLE, /* cgroup    cpu          -                a: 1 throttled, 0 unthrottled */
    TP_REQUEST_ARRIVE,  /* request   -1           source           a: instance */
    TP_REQUEST_DONE, /* request   cpu          source           a: arrival ns; b: task; c: start of service ns */
    TP_COUNT,       /* task      cpu          metric */
    TP_MEASURE,     /* task      cpu          metric           a: begin ns */
    TP_CPU_HOTPLUG, /* -1        cpu          -                a: 1 online, 0 offline */
    TP_OOM_KILL,    /* task      cpu          region */
    TP_DECISION,    /* task      cpu          slot             a: pointer to struct tp_decision */
    NR_TRACEPOINTS
};

/* Why the previous task left its CPU, as prev_state says it. */
enum task_leave {
    LEAVE_IDLE,
    LEAVE_PREEMPTED,
    LEAVE_BLOCKED,
    LEAVE_EXITED,
    LEAVE_YIELDED,
    LEAVE_THROTTLED
};

enum migrate_reason {
    MIGRATE_WAKEUP,
    MIGRATE_FORK,
    MIGRATE_EXEC,
    MIGRATE_BALANCE,
    MIGRATE_ACTIVE,
    MIGRATE_AFFINITY,
    MIGRATE_HOTPLUG
};

struct tp_event {
    int64_t time_ns;
    uint32_t type; /* enum tracepoint */
    int32_t cpu;
    int32_t task;
    int32_t other;
    int64_t a, b, c;
};
_Static_assert(sizeof(struct tp_event) == 48, "events are hashed as bytes: no padding");

/* A decision of a policy; valid only during the call. */
struct tp_decision {
    const char *callback; /* "balance.select_cpu" */
    const char *plugin;
    const char *reason; /* name, or NULL */
    struct numasim_decision record;
};

typedef void (*tp_listener_fn)(const struct tp_event *event, void *data);

/* The name of a tracepoint: "sched_switch". */
const char *tracepoint_name(enum tracepoint type);

#endif
