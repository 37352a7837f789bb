/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * protect.h - how long the current entity runs undisturbed (run_to_parity).
 */
#ifndef EEVDF_PROTECT_H
#define EEVDF_PROTECT_H

#include "params.h"
#include "vtime.h"

/* cfs_rq_min_slice(): the shortest slice in the queue; INT64_MAX where nothing is queued. */
int64_t eevdf_shortest_slice_ns(const struct eevdf_queue *eq);

/* Whether @es, the current one, is protected still. */
bool eevdf_is_protected(const struct numasim_self *self, const struct eevdf_entity *es);

/* Whether a pick that respects it leaves @es, the current one and eligible, where it is: up to 6.16
 * that is what run_to_parity says. */
bool eevdf_runs_on(const struct numasim_self *self, const struct eevdf_entity *es);

/*
 * @es has become the current one. With slice_protection deadline until its present request is
 * served, that is, while its deadline stays what it is (6.12). Otherwise up to its deadline; but
 * where somebody has a shorter slice, for as long as that (shortest: 6.17, and 7.3 without
 * preempt_short), or up to where it would not be eligible any more (vprot: 7.3). Without
 * run_to_parity the base slice, unscaled, stands for the others'.
 */
void eevdf_protect(const struct numasim_self *self, const struct eevdf_queue *eq,
                   struct eevdf_entity *es);
void eevdf_unprotect(const struct numasim_self *self, struct eevdf_entity *es);

/* update_protect_slice(): somebody has joined, so that no more than the shortest slice is left, from
 * here (6.17), or from V where that is earlier (7.3). Nothing with slice_protection deadline. */
void eevdf_shorten_protection(const struct numasim_self *self, const struct eevdf_queue *eq,
                              struct eevdf_entity *es);

#endif
