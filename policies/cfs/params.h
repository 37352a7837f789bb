/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * params.h - the parameters of cfs and the reasons that it gives.
 */
#ifndef CFS_PARAMS_H
#define CFS_PARAMS_H

#include <numasim-policy.h>

/* Indices of cfs_params[]; from CFS_GENTLE_FAIR_SLEEPERS on, sched features (booleans). */
enum cfs_param {
    CFS_LATENCY,
    CFS_MIN_GRANULARITY,
    CFS_IDLE_MIN_GRANULARITY,
    CFS_WAKEUP_GRANULARITY,
    CFS_TUNABLE_SCALING,
    CFS_GENTLE_FAIR_SLEEPERS,
    CFS_START_DEBIT,
    CFS_NEXT_BUDDY,
    CFS_LAST_BUDDY,
    CFS_WAKEUP_PREEMPTION,
    CFS_ALT_PERIOD,
    CFS_BASE_SLICE,
    CFS_HRTICK,
    CFS_DOUBLE_TICK,
    CFS_NR_PARAMS
};

/* Why a wakeup preempted the current entity, or did not; indices of cfs_reasons[]. */
enum cfs_reason {
    CFS_REASON_OFF,          /* wakeup_preemption is off */
    CFS_REASON_IDLE_CURRENT, /* SCHED_IDLE gives way at once */
    CFS_REASON_IDLE_WAKEE,   /* and never preempts another */
    CFS_REASON_BATCH,        /* nor does SCHED_BATCH */
    CFS_REASON_AHEAD,        /* the current one is ahead by more than the wakeup granularity */
    CFS_REASON_TOO_NEAR,     /* it is not */
    CFS_REASON_SLICE_OVER    /* hrtick: the current one has had what is left to it now */
};

extern const struct numasim_param cfs_params[];
extern const char *const cfs_reasons[];

static inline bool cfs_has(const struct numasim_self *self, enum cfs_param feature)
{
    return self->param[feature] != 0;
}

#endif
