/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place.h - slices, lag and its limit, and where an entity joins.
 */
#ifndef EEVDF_PLACE_H
#define EEVDF_PLACE_H

#include "vtime.h"

struct eevdf_state {
    int64_t base_slice_ns; /* scaled for nr_online */
    int32_t nr_online;     /* 0: not yet known */
};

/* The slice of es's next request: its own wish, as sched_setattr(2) bounds it (0.1 to 100 ms,
 * kernel/sched/syscalls.c, 6.12); for a cgroup the shortest inside; else the scaled base slice. */
int64_t eevdf_slice_ns(struct numasim_self *self, const struct eevdf_entity *es);

/* entity_lag(): V - vruntime of es, which is counted; virtual ns, no further from zero than its own
 * service of two slices or a tick (6.12), or of the longest slice in the queue and a tick (7.3). */
int64_t eevdf_limited_lag(struct numasim_self *self, const struct eevdf_queue *eq,
                          const struct eevdf_entity *es);

/*
 * place_entity(), 6.12: gives es, not counted yet, a vruntime and a deadline. @flags:
 * NUMASIM_ENQUEUE_*. Joining at V - vlag would pull V along and shrink the lag; scaled by
 * (W + w) / W, W the others' weight, it is vlag again once es counts.
 */
void eevdf_place(struct numasim_self *self, const struct eevdf_queue *eq, struct eevdf_entity *es,
                 uint32_t flags);

#endif
