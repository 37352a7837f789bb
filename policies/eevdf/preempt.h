/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * preempt.h - who is next, and whether one that woke is.
 */
#ifndef EEVDF_PREEMPT_H
#define EEVDF_PREEMPT_H

#include "params.h"
#include "vtime.h"

/* __pick_eevdf(): the current entity of @q while it is eligible and, with @protect, protected; else
 * the eligible one with the earliest deadline. NULL only where nothing is queued. */
struct numasim_entity *eevdf_pick_earliest(const struct numasim_self *self,
                                           const struct numasim_queue *q, bool protect);

/* pick_next_entity(): a buddy that is eligible goes first. */
struct numasim_entity *eevdf_pick(struct numasim_self *self, struct numasim_queue *q);

/* check_preempt_wakeup_fair(); from 7.0 on it is called wakeup_preempt_fair(). */
bool eevdf_wakeup_preempt(struct numasim_self *self, struct numasim_queue *q,
                          struct numasim_entity *se, uint32_t wake_flags,
                          struct numasim_decision *d);

#endif
