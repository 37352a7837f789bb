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

/*
 * @es has become the current one. With slice_protection deadline until its present request is
 * served, that is, while its deadline stays what it is (6.12). With vprot up to its deadline; but
 * where somebody has a shorter slice, up to where it would not be eligible any more, or, without
 * preempt_short, for as long as that slice (7.3).
 */
void eevdf_protect(const struct numasim_self *self, const struct eevdf_queue *eq,
                   struct eevdf_entity *es);
void eevdf_unprotect(const struct numasim_self *self, struct eevdf_entity *es);

/* update_protect_slice(), 7.3: somebody has joined. Nothing with slice_protection deadline. */
void eevdf_shorten_protection(const struct numasim_self *self, const struct eevdf_queue *eq,
                              struct eevdf_entity *es);

#endif
