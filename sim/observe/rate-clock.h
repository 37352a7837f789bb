/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the time of running tasks went to: each ns of a CPU's busy time is divided by the components of
 * the pace of the task that runs there (kernel/pace.c), and the rest of what a task had the CPU for is
 * the kernel's overhead.
 *
 * A task runs at a pace of its own, or at that of its class, which changes for all members at once. So a
 * class carries how much of the time each component had since it was first seen, and a stretch of its
 * member's takes the difference: no event costs more where a class has more members.
 *
 * What of a stretch was overhead is known at each change of the task's class and at the stretch's end.
 * Within a stretch in one class whose pace changed meanwhile it counts as spread evenly.
 */
#ifndef NUMASIM_OBSERVE_RATE_CLOCK_H
#define NUMASIM_OBSERVE_RATE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/kernel.h"
#include "kernel/tracepoint.h"

/* The components of a pace, in the order of kernel/pace.c. */
enum rate_part {
    RATE_FULL,
    RATE_SMT,
    RATE_COLD,
    RATE_REMOTE,
    RATE_BANDWIDTH,
    RATE_TLB,
    NR_RATE_PARTS
};

/* A stretch of a task's running, at whose end something changed. */
struct rate_stretch {
    int32_t task, cpu;
    int64_t from_ns, to_ns;
    int64_t parts[NR_RATE_PARTS]; /* with overhead_ns they add up to its length */
    int64_t overhead_ns;
};

struct rate_clock;

/* @spent is told of each stretch as it ends, with @data. */
struct rate_clock *rate_clock_new(int32_t nr_cpus,
                                  void (*spent)(const struct rate_stretch *s, void *data),
                                  void *data);
void rate_clock_free(struct rate_clock *c); /* accepts NULL */

/* The events that it wants, and one of them (others are passed over). */
uint64_t rate_clock_mask(void);
void rate_clock_event(struct rate_clock *c, const struct tp_event *e);

/* Ends the stretches of those that run, and begins them anew; @times are those of each CPU now. */
void rate_clock_cut(struct rate_clock *c, int64_t now_ns, const struct cpu_times *times);

#endif
