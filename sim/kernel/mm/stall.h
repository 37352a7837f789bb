/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A task that wants memory and is made to wait for it: throttled above memory.high on its way back to
 * user mode (mm/memcontrol.c: mem_cgroup_handle_over_high(), 6.12), or while the process that the OOM
 * killer chose exits. It sleeps before whatever it was to run next, and touches the rest of its pages
 * when it is back.
 */
#ifndef NUMASIM_KERNEL_MM_STALL_H
#define NUMASIM_KERNEL_MM_STALL_H

#include "kernel/kernel.h"

struct mm_slice;

/* Pages that a stalled task still has to touch. */
struct touch_later {
    int32_t region, part; /* of its process; of the slice */
    struct mm_slice *slice;
    int64_t pages;
    bool anywhere; /* else in order of address */
};

struct stall {
    struct ktimer timer;
    struct task *task;
    int64_t delay_ns;   /* > 0: it is to sleep for so long */
    uint64_t work_left; /* of the run that follows; while it waits */
    bool waits;
    GArray *later; /* of struct touch_later */
};

/* The acting task @t sleeps for @delay_ns before its next run. */
void stall_for(struct task *t, int64_t delay_ns);
/* True if @t is to sleep before it does anything else. */
bool task_stalled(const struct task *t);
/* @t touches those, too, when it is back. */
void stall_touch_later(struct task *t, const struct touch_later *later);

/* The driver of @t said what it does next: if that is to run, and it is to stall, it blocks first. */
void stall_begin(struct kernel *k, struct task *t);
/* @t is back: it touches what it still had to, and then runs what it was to, unless it stalls again. */
void stall_end(struct kernel *k, struct task *t);
/* It need not wait any more: it is killed. */
void stall_cancel(struct kernel *k, struct task *t);
void stall_free(struct kernel *k, struct task *t);

#endif
