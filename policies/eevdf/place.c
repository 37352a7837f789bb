/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place.c - slices, lag and its limit, and where an entity joins.
 */
#include "place.h"
#include "params.h"

/* The scaled base slice; the kernel scales anew at each hot-plug. */
static int64_t base_slice_ns(struct numasim_self *self)
{
    struct eevdf_state *state = self->state;
    int32_t nr_online = numasim_nr_online(self->host);

    if (nr_online != state->nr_online) {
        state->nr_online = nr_online;
        state->base_slice_ns = weight_scale_factor(self->param[EEVDF_TUNABLE_SCALING], nr_online) *
                               self->param[EEVDF_BASE_SLICE];
    }
    return state->base_slice_ns;
}

int64_t eevdf_slice_ns(struct numasim_self *self, const struct eevdf_entity *es)
{
    int64_t custom = es->node.se->custom_slice_ns;

    if (custom > 0) {
        return custom < 100000 ? 100000 : custom > 100000000 ? 100000000 : custom;
    }
    return es->group_slice_ns > 0 ? es->group_slice_ns : base_slice_ns(self);
}

/* cfs_rq_max_slice(), with @es. */
static int64_t longest_slice_ns(const struct eevdf_queue *eq, const struct eevdf_entity *es)
{
    int64_t longest = es->node.slice_ns;

    if (eq->running != NULL && eq->running->node.slice_ns > longest) {
        longest = eq->running->node.slice_ns;
    }
    int64_t waits = timeline_longest_ns(&eq->waiting);

    return waits > longest ? waits : longest;
}

int64_t eevdf_limited_lag(struct numasim_self *self, const struct eevdf_queue *eq,
                          const struct eevdf_entity *es)
{
    int64_t tick = numasim_tick_ns(self->host), service = 2 * es->node.slice_ns;

    if (self->param[EEVDF_LAG_LIMIT] == EEVDF_LIMIT_LONGEST_SLICE) {
        service = longest_slice_ns(eq, es) + tick;
    } else if (service < tick) {
        service = tick;
    }
    int64_t limit = weight_vdelta(&es->load, service);
    int64_t lag = eevdf_average(eq) - es->node.vruntime;

    return lag > limit ? limit : lag < -limit ? -limit : lag;
}

void eevdf_place(struct numasim_self *self, const struct eevdf_queue *eq, struct eevdf_entity *es,
                 uint32_t flags)
{
    int64_t lag = 0, vslice;

    es->node.slice_ns = eevdf_slice_ns(self, es);
    if (es->vlag != 0 && eq->load != 0 && eevdf_has(self, EEVDF_PLACE_LAG)) {
        lag = eevdf_rescale(es->vlag, (uint64_t)eq->load + es->load.weight, (uint64_t)eq->load);
    }
    es->node.vruntime = eevdf_average(eq) - lag;
    if (es->relative_deadline) {
        es->relative_deadline = false;
        es->node.key += es->node.vruntime;
        return;
    }
    vslice = weight_vdelta(&es->load, es->node.slice_ns);
    if ((flags & NUMASIM_ENQUEUE_NEW) != 0 && eevdf_has(self, EEVDF_PLACE_DEADLINE_INITIAL)) {
        vslice /= 2;
    }
    es->node.key = es->node.vruntime + vslice;
}
