/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which wakes in a softirq are a timer's expiry.
 *
 * Timers of the timer wheel expire in TIMER_SOFTIRQ, which the tick raises (kernel/time/timer.c:
 * run_local_timers()): their wakes come within TICK_WINDOW_NS of a tick. Ticks are seen from the
 * wakes of RCU's kernel threads (`rcu_*`), whose waits are timeouts in jiffies: the slowest HZ of
 * 100, 250, 300 and 1000 under whose period 80 % of these wakes fall into one window is taken.
 *
 * Other softirqs fall into that window too, by chance. So for each pair (command that runs, command
 * that is woken) the wakes inside the window are compared with what those outside let expect: a wake
 * inside is a timer's if more than half of the pair's wakes inside are too many. Commands that talk
 * over loopback have as many as expected, and none is taken; a kernel thread that only ever wakes at
 * ticks has all of them taken.
 */
#ifndef NUMASIM_FORMAT_TRACE_TICKS_H
#define NUMASIM_FORMAT_TRACE_TICKS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "format/trace/ftrace-text.h"

enum {
    TICK_WINDOW_NS = 200000, /* at most; a tenth of the period under fast HZ */
    TICK_MIN_WAKES = 4,      /* of RCU's threads, to believe in a phase */
    TICK_MIN_SHARE_PERCENT = 80
};

struct trace_ticks {
    int32_t hz; /* 0: unknown */
    int64_t period_ns, phase_ns, window_ns;
    GHashTable *pairs; /* (running comm, woken comm) -> how many wakes inside and outside */
};

/* @hz: 0 to estimate it; the phase is always estimated. @kind: FTRACE_WAKING, or FTRACE_WAKEUP
 * where the text has no sched_waking. */
void trace_ticks_init(struct trace_ticks *ticks, const struct ftrace_text *text,
                      enum ftrace_kind kind, int32_t hz);
void trace_ticks_release(struct trace_ticks *ticks);

/* True if the wake @e, in a softirq or in a context that is not told, is a timer's expiry. */
bool trace_ticks_is_timer(const struct trace_ticks *ticks, const struct ftrace_event *e);

#endif
