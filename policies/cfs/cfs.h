/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfs.h - what one queue and one entity of cfs hold, and how long slices are.
 */
#ifndef CFS_CFS_H
#define CFS_CFS_H

#include "params.h"
#include "tree.h"
#include "weight.h"

struct cfs_queue;

struct cfs_entity {
    struct tree_node node; /* first; its key is vruntime */
    struct numasim_entity *se;
    struct cfs_queue *home;    /* the queue whose time vruntime counts in; NULL: none yet */
    struct entity_weight load; /* as of the last call */
    int64_t prev_sum_exec_ns;  /* sum_exec_ns when it was last put on the CPU */
    bool relative;             /* vruntime counts from home's min_vruntime */
};

struct cfs_queue {
    struct tree_node *root;                /* those that wait */
    struct cfs_entity *running;            /* the current one: queued, and in no tree */
    struct cfs_entity *next, *last, *skip; /* buddies: queued here, or NULL */
    int64_t min_vruntime;                  /* never falls */
    uint64_t seq;
};

struct cfs_state {
    int64_t factor;    /* of tunable_scaling, for nr_online */
    int32_t nr_online; /* 0: not yet known */
};

/* A time parameter, scaled for the CPUs that are online now. */
int64_t cfs_scaled_ns(struct numasim_self *self, enum cfs_param param);

/* sched_slice(), 6.1: how long @se may run before the others have had their turn. @q is its queue,
 * @se queued or about to be. */
int64_t cfs_slice_ns(struct numasim_self *self, const struct numasim_queue *q,
                     const struct numasim_entity *se);

/* Takes over the weight that @se has now. */
static inline void cfs_load(struct cfs_entity *es, const struct numasim_entity *se)
{
    if (es->load.weight != se->weight) {
        weight_set(&es->load, se->weight, se->is_task);
    }
}

#endif
