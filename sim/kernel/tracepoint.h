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

/*
 * The fields of each event. "-" is not used (-1 or 0); CPUs, tasks, nodes, regions and processes
 * are indices.
 *
 *                           task        cpu         other         a            b           c
 */
enum tracepoint {
    TP_SCHED_SWITCH,       /* next or -1   cpu         prev or -1    task_leave   overhead    length
                              b, c: of the stretch that ends, in ns; an idle one where prev is -1 */
    TP_SCHED_WAKING,       /* wakee        waker's CPU waker or -1   its old CPU  chosen CPU  - */
    TP_SCHED_WAKEUP,       /* wakee        its CPU     -             1: delayed   -           - */
    TP_SCHED_WAKEUP_NEW,   /* task         its CPU     parent or -1  -            -           - */
    TP_SCHED_MIGRATE_TASK, /* task         from CPU    to CPU        reason       reach       - */
    TP_SCHED_PROCESS_FORK, /* child        cpu         parent or -1  process      -           - */
    TP_SCHED_PROCESS_EXIT, /* task         cpu         -             -            -           - */
    TP_SCHED_RATE,       /* task         cpu         class or -1   full         smt         overhead
                              a, b: without a class, the components of its pace, see pace.c
                              c: since the last sched_switch there, in ns */
    TP_RATE_CPU,         /* -            -           class         full         smt         cold */
    TP_RATE_MEMORY,      /* -            -           class         remote       bandwidth   tlb
                              a class's pace: wall ns per ns of work x 2^20; for its members */
    TP_SCHED_MOVE_NUMA,  /* task         cpu         preferred     former       -           - */
    TP_MM_PAGE_ALLOC,    /* task         cpu         region        node         pages       bytes
                              c: of one page */
    TP_MM_PAGE_FREE,     /* process      cpu         region        node         pages       bytes */
    TP_MM_MIGRATE_PAGES, /* process      cpu         region        from         to          pages */
    TP_NUMA_HINT_FAULT,  /* task         cpu         region        node         faults      moved */
    TP_MEM_ACCESS,       /* task         CPU's node  memory node   accesses     latency ns  writes
                              a: lines read, c: written back; b: of the way, with its waits now */
    TP_CGROUP_THROTTLE,  /* cgroup       cpu         -             1: throttled -           - */
    TP_REQUEST_ARRIVE,   /* request      -           source        -            -           - */
    TP_REQUEST_DONE,  /* request      cpu         source        arrival ns   task        start ns */
    TP_COUNT,         /* task         cpu         metric        -            -           - */
    TP_MEASURE,       /* task         cpu         metric        begin ns     -           - */
    TP_CPU_HOTPLUG,   /* -            cpu         -             1: online    -           - */
    TP_OOM_KILL,      /* task         cpu         region        -            -           - */
    TP_CGROUP_PERIOD, /* cgroup      -           -             1: some queue is throttled
                                                               pool ns     - */
    TP_MEM_LOAD,      /* resource    from node   to node       use in ppm   wait in ps  1: full
                              the load of a node's controllers (from: -1) or of a link came to another
                              step; resource: its number in kernel/resources.h */
    TP_COPY_PAGES,    /* process      cpu         region        1: replica   node         pages */
    TP_DROP_COPIES,   /* process      cpu         region        why          node         pages
                              a: enum copies_end; b: where the copies are, or were */
    TP_MM_COLLAPSE,   /* process      cpu         region        node         first page  none yet
                              c: so many pages of it nobody had touched */
    TP_MM_TRANSACT_PAGES, /* process  cpu         region        to           moved       aborted */
    TP_DECISION,          /* task or -1   cpu         slot          pointer to struct tp_decision */
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

/* Why copies of pages went. */
enum copies_end {
    COPIES_WRITTEN, /* somebody stored to their pages */
    COPIES_RECLAIMED,
    COPIES_FREED,   /* with their pages */
    COPIES_REMAPPED /* each became the page */
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
