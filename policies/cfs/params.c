/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * params.c - the parameters of cfs with what they stand for in Linux, and the names of its reasons.
 */
#include "params.h"

#include "weight.h"

static const char *const scaling_names[] = {"none", "log", "linear", NULL};

#define TIME(lower, nanoseconds, text, file, variable)                                             \
    {                                                                                              \
        .name = lower, .type = NUMASIM_PARAM_NS, .def = nanoseconds, .min = 100000,                \
        .max = 1000000000, .doc = text, .knob = "/sys/kernel/debug/sched/" file,                   \
        .source = "kernel/sched/fair.c: " variable ", 6.1"                                         \
    }

#define FEATURE(lower, feature, on, text)                                                          \
    {                                                                                              \
        .name = lower, .type = NUMASIM_PARAM_BOOL, .def = on, .doc = text,                         \
        .knob = "/sys/kernel/debug/sched/features: " feature,                                      \
        .source = "kernel/sched/features.h, 6.1"                                                   \
    }

const struct numasim_param cfs_params[CFS_NR_PARAMS + 1] = {
    [CFS_LATENCY] = TIME("latency", 6000000,
                         "Time in which each of up to eight tasks runs once, before "
                         "tunable_scaling.",
                         "latency_ns", "sysctl_sched_latency"),
    [CFS_MIN_GRANULARITY] =
        TIME("min_granularity", 750000, "No slice is shorter, before tunable_scaling.",
             "min_granularity_ns", "sysctl_sched_min_granularity"),
    [CFS_IDLE_MIN_GRANULARITY] = TIME(
        "idle_min_granularity", 750000, "The same for SCHED_IDLE beside others; does not scale.",
        "idle_min_granularity_ns", "sysctl_sched_idle_min_granularity"),
    [CFS_WAKEUP_GRANULARITY] =
        TIME("wakeup_granularity", 1000000,
             "A woken task preempts one that is ahead by more, before tunable_scaling.",
             "wakeup_granularity_ns", "sysctl_sched_wakeup_granularity"),
    [CFS_TUNABLE_SCALING] = {.name = "tunable_scaling",
                             .type = NUMASIM_PARAM_ENUM,
                             .def = SCALING_LOG,
                             .values = scaling_names,
                             .doc = "How times grow with c = min(online CPUs, 8): not, by "
                                    "1 + floor(log2 c), or by c.",
                             .knob = "/sys/kernel/debug/sched/tunable_scaling",
                             .source = "kernel/sched/fair.c: get_update_sysctl_factor(), 6.1"},
    [CFS_GENTLE_FAIR_SLEEPERS] = FEATURE("gentle_fair_sleepers", "GENTLE_FAIR_SLEEPERS", 1,
                                         "A sleeper is credited half a latency, not a whole one."),
    [CFS_START_DEBIT] =
        FEATURE("start_debit", "START_DEBIT", 1, "A new task begins one slice behind."),
    [CFS_NEXT_BUDDY] = FEATURE("next_buddy", "NEXT_BUDDY", 0,
                               "A woken task is picked next even where it did not preempt."),
    [CFS_LAST_BUDDY] = FEATURE("last_buddy", "LAST_BUDDY", 1,
                               "Whom a wakeup preempted is picked again soon; eight tasks or "
                               "more."),
    [CFS_WAKEUP_PREEMPTION] = FEATURE("wakeup_preemption", "WAKEUP_PREEMPTION", 1,
                                      "A woken task may preempt the current one."),
    [CFS_ALT_PERIOD] = FEATURE("alt_period", "ALT_PERIOD", 1,
                               "The period grows with all tasks of the CPU, not of one cgroup."),
    [CFS_BASE_SLICE] = FEATURE("base_slice", "BASE_SLICE", 1,
                               "No slice is below min_granularity, however small the weight."),
    [CFS_HRTICK] =
        FEATURE("hrtick", "HRTICK", 0, "A timer ends a slice where it is over, not the next tick."),
    [CFS_DOUBLE_TICK] =
        FEATURE("double_tick", "DOUBLE_TICK", 0, "Ticks end slices, too, beside that timer."),
};

const char *const cfs_reasons[] = {
    [CFS_REASON_OFF] = "off",
    [CFS_REASON_IDLE_CURRENT] = "idle-current",
    [CFS_REASON_IDLE_WAKEE] = "idle-wakee",
    [CFS_REASON_BATCH] = "batch",
    [CFS_REASON_AHEAD] = "ahead",
    [CFS_REASON_TOO_NEAR] = "too-near",
    [CFS_REASON_SLICE_OVER] = "slice-over",
    NULL,
};
