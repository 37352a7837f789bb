/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * params.c - the parameters of eevdf with what they stand for in Linux, and the names of its reasons.
 */
#include "params.h"
#include "weight.h"

static const char *const scaling_names[] = {"none", "log", "linear", NULL};
static const char *const protection_names[] = {"deadline", "shortest", "vprot", NULL};
static const char *const limit_names[] = {"two-slices", "longest-slice", NULL};
static const char *const reweight_names[] = {"average", "placed", NULL};
static const char *const short_names[] = {"earlier", "picked", "eligible", NULL};

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
    [EEVDF_SLICE_PROTECTION] = {.name = "slice_protection",
                                .type = NUMASIM_PARAM_ENUM,
                                .def = EEVDF_PROTECT_DEADLINE,
                                .values = protection_names,
                                .doc = "How long run_to_parity protects: until its request is "
                                       "served (deadline); no longer than the shortest slice in "
                                       "the queue (shortest); or, beside a shorter slice, while "
                                       "it is eligible (vprot).",
                                .source = "kernel/sched/fair.c: set_next_entity(), 6.12; "
                                          "set_protect_slice(), e1fad12dcb66 (6.18), and 7.3"},
    [EEVDF_LAG_LIMIT] = {.name = "lag_limit",
                         .type = NUMASIM_PARAM_ENUM,
                         .def = EEVDF_LIMIT_TWO_SLICES,
                         .values = limit_names,
                         .doc = "What bounds lag: two slices of its own or a tick, or the "
                                "longest slice in the queue and a tick.",
                         .source =
                             "kernel/sched/fair.c: update_entity_lag(), 6.12 and e1fad12dcb66 "
                             "(6.18); entity_lag(), 7.3"},
    [EEVDF_SHORT_WAKEE] = {.name = "short_wakee",
                           .type = NUMASIM_PARAM_ENUM,
                           .def = EEVDF_SHORT_EARLIER,
                           .values = short_names,
                           .doc = "When a woken task with a shorter slice preempts: eligible, "
                                  "and with an earlier deadline or beside a current one that is "
                                  "not (earlier); where a pick regardless of slice_protection "
                                  "gives it (picked); or whenever eligible, and it is picked "
                                  "next. With the last, next_buddy is that of 6.19: a buddy with "
                                  "an earlier deadline stays, and after a synchronous wake its "
                                  "waker goes on.",
                           .source = "kernel/sched/fair.c: check_preempt_wakeup_fair(), 6.12, "
                                     "e1fad12dcb66 (6.18) and 7.3; commit e837456fdca8 (6.19)"},
    [EEVDF_FORK_PREEMPT] = {.name = "fork_preempt",
                            .type = NUMASIM_PARAM_BOOL,
                            .def = 1,
                            .doc = "A new task may preempt the current one; otherwise one with a "
                                   "shorter slice only.",
                            .source = "kernel/sched/fair.c: check_preempt_wakeup_fair(), 6.12 "
                                      "(off since commit e837456fdca8, 6.19)"},
    [EEVDF_REWEIGHT] =
        {.name = "reweight",
         .type = NUMASIM_PARAM_ENUM,
         .def = EEVDF_REWEIGHT_AVERAGE,
         .values = reweight_names,
         .doc = "How a new weight moves an entity: distances from the queue's average are scaled, "
                "and the average stays (average); or it leaves and joins anew (placed).",
         .source = "kernel/sched/fair.c: reweight_eevdf(), 6.12.117; reweight_entity(), "
                   "e1fad12dcb66 (6.18)"},
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
    [EEVDF_NEXT_BUDDY] = {.name = "next_buddy",
                          .type = NUMASIM_PARAM_BOOL,
                          .def = 0,
                          .doc = "A woken task is the buddy even where it did not preempt.",
                          .knob = "/sys/kernel/debug/sched/features: NEXT_BUDDY",
                          .source = "kernel/sched/features.h, 6.12"},
    [EEVDF_PICK_BUDDY] =
        FEATURE("pick_buddy", "PICK_BUDDY",
                "A buddy that is eligible is picked first: a cgroup in which a task went to sleep "
                "beside others, and whom next_buddy marks. Before 6.14 next_buddy decided that."),
    [EEVDF_HRTICK] = {.name = "hrtick",
                      .type = NUMASIM_PARAM_BOOL,
                      .def = 0,
                      .doc = "A timer ends a request where it is served, not the next tick.",
                      .knob = "/sys/kernel/debug/sched/features: HRTICK",
                      .source = "kernel/sched/features.h, 6.12 (on in 7.3 where "
                                "CONFIG_HRTIMER_REARM_DEFERRED is set)"},
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
    [EEVDF_REASON_SHORT] = "short",
    [EEVDF_REASON_FORK] = "fork",
    [EEVDF_REASON_SYNC] = "sync",
    NULL,
};
