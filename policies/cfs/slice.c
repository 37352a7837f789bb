/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slice.c - how long a slice is.
 */
#include "cfs.h"

/* sched_nr_latency, kernel/sched/fair.c: latency / min_granularity as they are by default. */
#define NR_LATENCY 8

int64_t cfs_scaled_ns(struct numasim_self *self, enum cfs_param param)
{
    struct cfs_state *state = self->state;
    int32_t nr_online = numasim_nr_online(self->host);

    if (nr_online != state->nr_online) {
        state->nr_online = nr_online;
        state->factor = weight_scale_factor(self->param[CFS_TUNABLE_SCALING], nr_online);
    }
    return state->factor * self->param[param];
}

/* __sched_period(). */
static int64_t period_ns(struct numasim_self *self, uint32_t nr_running)
{
    return nr_running > NR_LATENCY ? (int64_t)nr_running * cfs_scaled_ns(self, CFS_MIN_GRANULARITY)
                                   : cfs_scaled_ns(self, CFS_LATENCY);
}

/* cfs_rq_is_idle(): a cgroup with cpu.idle. */
static bool queue_is_idle(const struct numasim_queue *q)
{
    return q->parent != NULL && q->parent->idle_policy;
}

int64_t cfs_slice_ns(struct numasim_self *self, const struct numasim_queue *q,
                     const struct numasim_entity *se)
{
    const struct numasim_queue *level = q;
    const struct numasim_entity *entity = se;
    uint32_t nr =
        cfs_has(self, CFS_ALT_PERIOD) ? numasim_cpu(self->host, q->cpu)->nr_fair : q->nr_queued;
    int64_t slice = period_ns(self, nr + !se->queued), least;

    for (; level != NULL; entity = level->parent, level = entity != NULL ? entity->queue : NULL) {
        slice = weight_share(slice, entity->weight,
                             level->weight_sum + (entity->queued ? 0 : entity->weight));
    }
    if (!cfs_has(self, CFS_BASE_SLICE)) {
        return slice;
    }
    least = se->idle_policy && !queue_is_idle(q) ? self->param[CFS_IDLE_MIN_GRANULARITY]
                                                 : cfs_scaled_ns(self, CFS_MIN_GRANULARITY);
    return slice > least ? slice : least;
}
