/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * params.c - the parameters of eevdf with what they stand for in Linux, and the names of its reasons.
 */
#include "params.h"
#include "weight.h"

static const char *const scaling_names[] = {"none", "log", "linear", NULL};

#define FEATURE(lower, feature, text)                                                              \
    {                                                                                              \
        .name = lower, .type = NUMASIM_PARAM_BOOL, .def = 1, .doc = text,                          \
        .knob = "/sys/kernel/debug/sched/features: " feature,                                      \
        .source = "kernel/sched/features.h, 6.12"                                                  \
    }

const struct numasim_param eevdf_params[EEVDF_NR_PARAMS + 1] = {
    [EEVDF_BASE_SLICE] = {.name = "base_slice",
                          .type = NUMASIM_PARAM_NS,
                          .def = 700000,
                          .min = 100000,
                          .max = 100000000,
                          .doc = "Slice of a task that asks for none, before tunable_scaling.",
                          .knob = "/sys/kernel/debug/sched/base_slice_ns",
                          .source = "kernel/sched/fair.c: normalized_sysctl_sched_base_slice, "
                                    "6.12.117 (0.75 ms before mainline 6.15)"},
    [EEVDF_TUNABLE_SCALING] = {.name = "tunable_scaling",
                               .type = NUMASIM_PARAM_ENUM,
                               .def = SCALING_LOG,
                               .values = scaling_names,
                               .doc = "How base_slice grows with c = min(online CPUs, 8): not, by "
                                      "1 + floor(log2 c), or by c.",
                               .knob = "/sys/kernel/debug/sched/tunable_scaling",
                               .source = "kernel/sched/fair.c: get_update_sysctl_factor(), 6.12"},
    [EEVDF_PLACE_LAG] = FEATURE("place_lag", "PLACE_LAG", "A task keeps its lag while it is away."),
    [EEVDF_PLACE_DEADLINE_INITIAL] = FEATURE("place_deadline_initial", "PLACE_DEADLINE_INITIAL",
                                             "A new task's first request is half a slice."),
    [EEVDF_PLACE_REL_DEADLINE] = FEATURE("place_rel_deadline", "PLACE_REL_DEADLINE",
                                         "A migrated task keeps its distance to its deadline."),
    [EEVDF_RUN_TO_PARITY] =
        FEATURE("run_to_parity", "RUN_TO_PARITY",
                "The current task runs on, while eligible, until its request is served."),
    [EEVDF_PREEMPT_SHORT] =
        FEATURE("preempt_short", "PREEMPT_SHORT",
                "A woken task with a shorter slice may preempt before that, and a task beyond its "
                "first request runs only while eligible."),
    [EEVDF_DELAY_DEQUEUE] = FEATURE("delay_dequeue", "DELAY_DEQUEUE",
                                    "A task that blocks in debt stays queued until it is paid."),
    [EEVDF_DELAY_ZERO] = FEATURE("delay_zero", "DELAY_ZERO",
                                 "What a delayed task earned beyond its debt is forfeited."),
    [EEVDF_WAKEUP_PREEMPTION] = FEATURE("wakeup_preemption", "WAKEUP_PREEMPTION",
                                        "A woken task may preempt the current one."),
};

const char *const eevdf_reasons[] = {
    [EEVDF_REASON_OFF] = "off",
    [EEVDF_REASON_IDLE_CURRENT] = "idle-current",
    [EEVDF_REASON_IDLE_WAKEE] = "idle-wakee",
    [EEVDF_REASON_BATCH] = "batch",
    [EEVDF_REASON_EARLIEST_DEADLINE] = "earliest-deadline",
    [EEVDF_REASON_PROTECTED] = "protected",
    [EEVDF_REASON_NOT_ELIGIBLE] = "not-eligible",
    [EEVDF_REASON_LATER_DEADLINE] = "later-deadline",
    NULL,
};
