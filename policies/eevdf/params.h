/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * params.h - the parameters of eevdf and the reasons that it gives.
 */
#ifndef EEVDF_PARAMS_H
#define EEVDF_PARAMS_H

#include <numasim-policy.h>

/* Indices of eevdf_params[]; from EEVDF_PLACE_LAG on, sched features (booleans). */
enum eevdf_param {
    EEVDF_BASE_SLICE,
    EEVDF_TUNABLE_SCALING,
    EEVDF_SLICE_PROTECTION,
    EEVDF_LAG_LIMIT,
    EEVDF_SHORT_WAKEE,
    EEVDF_FORK_PREEMPT,
    EEVDF_REWEIGHT,
    EEVDF_PLACE_LAG,
    EEVDF_PLACE_DEADLINE_INITIAL,
    EEVDF_PLACE_REL_DEADLINE,
    EEVDF_RUN_TO_PARITY,
    EEVDF_PREEMPT_SHORT,
    EEVDF_DELAY_DEQUEUE,
    EEVDF_DELAY_ZERO,
    EEVDF_WAKEUP_PREEMPTION,
    EEVDF_NEXT_BUDDY,
    EEVDF_PICK_BUDDY,
    EEVDF_HRTICK,
    EEVDF_NR_PARAMS
};

/* Values of slice_protection, lag_limit, short_wakee and reweight. */
enum eevdf_protection { EEVDF_PROTECT_DEADLINE, EEVDF_PROTECT_SHORTEST, EEVDF_PROTECT_VPROT };
enum eevdf_lag_limit { EEVDF_LIMIT_TWO_SLICES, EEVDF_LIMIT_LONGEST_SLICE };
enum eevdf_short_wakee { EEVDF_SHORT_EARLIER, EEVDF_SHORT_PICKED, EEVDF_SHORT_ELIGIBLE };
enum eevdf_reweight { EEVDF_REWEIGHT_AVERAGE, EEVDF_REWEIGHT_PLACED };

/* Why a wakeup preempted the current entity, or did not; indices of eevdf_reasons[]. */
enum eevdf_reason {
    EEVDF_REASON_OFF,               /* wakeup_preemption is off */
    EEVDF_REASON_IDLE_CURRENT,      /* SCHED_IDLE gives way at once */
    EEVDF_REASON_IDLE_WAKEE,        /* and never preempts another */
    EEVDF_REASON_BATCH,             /* nor does SCHED_BATCH */
    EEVDF_REASON_EARLIEST_DEADLINE, /* it is what a new pick gives */
    EEVDF_REASON_PROTECTED,         /* the current one is eligible, its request not yet served */
    EEVDF_REASON_NOT_ELIGIBLE,      /* the woken one is in debt */
    EEVDF_REASON_LATER_DEADLINE,    /* another's deadline is earlier */
    EEVDF_REASON_SHORT,             /* it is eligible, and its slice is shorter */
    EEVDF_REASON_FORK,              /* fork_preempt is off */
    EEVDF_REASON_SYNC               /* it is the buddy now, and its waker is about to sleep */
};

extern const struct numasim_param eevdf_params[];
extern const char *const eevdf_reasons[];

static inline bool eevdf_has(const struct numasim_self *self, enum eevdf_param feature)
{
    return self->param[feature] != 0;
}

#endif
