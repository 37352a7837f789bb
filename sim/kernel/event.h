/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens at a time: the classes and kinds of the entries of the kernel's event queue. */
#ifndef NUMASIM_KERNEL_EVENT_H
#define NUMASIM_KERNEL_EVENT_H

/* Classes of events: at one instant, lower first. A tick comes before all else, so that whether a
 * skipped one has happened yet can be told from the event that asks. */
enum event_class {
    CLASS_TICK,
    CLASS_SEGMENT, /* the running task's segment ends */
    CLASS_TIMER,   /* the driver's timers, cgroup periods */
    CLASS_ARRIVE,  /* a woken task reaches its CPU */
    CLASS_IPI,     /* resched, kick, push */
    CLASS_LAST,    /* slice timers, watchdogs */
    CLASS_RATES,   /* rates, when all is known that changed in the instant */
};

enum event_kind {
    EVENT_TICK,
    EVENT_SEGMENT,
    EVENT_KTIMER,
    EVENT_ARRIVE,
    EVENT_RESCHED,
    EVENT_KICK,
    EVENT_PUSH,
    EVENT_SLICE,
    EVENT_WATCHDOG,
    EVENT_QUOTA,
    EVENT_SLACK,
    EVENT_RT_PERIOD,
    EVENT_RT_PUSH,
    EVENT_FAIR_SERVER,
    EVENT_REST,
    EVENT_RATE_DONE,
    EVENT_DAEMON,
    EVENT_RATES,
};

#endif
