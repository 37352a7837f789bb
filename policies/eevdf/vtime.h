/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtime.h - virtual time of one queue, in the integers of kernel/sched/fair.c.
 *
 * An entity of weight w that ran d ns advances by d * 1024 / w virtual ns. The queue's own time is
 * the weighted average of its members,
 *
 *     V = zero + floor(sum w_i * (v_i - zero) / sum w_i),
 *
 * with the current one among them. `zero` only keeps the products small: V does not depend on it,
 * because it is an integer. The products are 128 bits wide, because weights in a flat queue have ten
 * more bits. Hence also "e is eligible", sum w_i * (v_i - zero) >=
 * (v_e - zero) * sum w_i in kernel/sched/fair.c: vruntime_eligible(), is exactly v_e <= V.
 */
#ifndef EEVDF_VTIME_H
#define EEVDF_VTIME_H

#include "timeline.h"
#include "weight.h"

#include <numasim-policy.h>

/* Beyond this distance from the current entity `zero` moves up to V: products of it with any sum
 * of weights below 2^32 stay within 63 bits, where a division is short. */
#define EEVDF_ZERO_DISTANCE (INT64_C(1) << 30)

struct eevdf_entity {
    struct tree_node node;  /* first; holds vruntime, slice, and the deadline as key */
    int64_t vlag;           /* V - vruntime when it left, virtual ns */
    int64_t protected_till; /* the deadline it had when it became current; with vprot, a vruntime */
    int64_t group_slice_ns; /* of a cgroup: shortest slice in its queue; 0: none known */
    struct entity_weight load; /* that counts in the queue's sums; weight 0: never queued */
    bool queued;
    bool relative_deadline; /* deadline counts from vruntime until it is placed again */
};

struct eevdf_queue {
    struct eevdf_entity *running; /* the current one: queued, and not among those that wait */
    struct eevdf_entity *next;    /* the buddy, which goes first, or NULL */
    int64_t zero;
    weight_wide sum; /* of weight * (vruntime - zero), the current one included */
    int64_t load;    /* sum of weights, the current one included */
    uint64_t seq;    /* of the next insertion */
    struct timeline waiting;
};

/* @sum / @load > 0, rounded toward minus infinity. */
static inline int64_t eevdf_floor(weight_wide sum, int64_t load)
{
    if (sum < 0) {
        sum -= load - 1;
    }
    return sum == (int64_t)sum ? (int64_t)sum / load : (int64_t)(sum / load);
}

/* @value * @was / @is, truncated: lag and distances, from one weight to another. */
static inline int64_t eevdf_rescale(int64_t value, uint64_t was, uint64_t is)
{
    weight_wide product = (weight_wide)value * (int64_t)was;

    return product == (int64_t)product ? (int64_t)product / (int64_t)is
                                       : (int64_t)(product / (int64_t)is);
}

/* V: rounded toward minus infinity; of an empty queue, where it stood last. */
static inline int64_t eevdf_average(const struct eevdf_queue *eq)
{
    if (eq->load == 0) {
        return eq->zero;
    }
    return eq->zero + eevdf_floor(eq->sum, eq->load);
}

/* Exactly es->node.vruntime <= eevdf_average(eq), without the division. */
static inline bool eevdf_eligible(const struct eevdf_queue *eq, const struct eevdf_entity *es)
{
    return eq->sum >= (weight_wide)(es->node.vruntime - eq->zero) * eq->load;
}

/* Lets the queue's sums count es, at its present weight and vruntime. */
static inline void eevdf_count(struct eevdf_queue *eq, const struct eevdf_entity *es)
{
    if (eq->load == 0) {
        eq->zero = es->node.vruntime;
    }
    eq->sum += (weight_wide)(es->node.vruntime - eq->zero) * (int64_t)es->load.weight;
    eq->load += (int64_t)es->load.weight;
}

static inline void eevdf_uncount(struct eevdf_queue *eq, const struct eevdf_entity *es)
{
    int64_t weight = (int64_t)es->load.weight;

    if (eq->load == weight) {
        eq->zero = es->node.vruntime; /* the last one: V stays where it is */
    }
    eq->load -= weight;
    eq->sum = eq->load == 0 ? 0 : eq->sum - (weight_wide)(es->node.vruntime - eq->zero) * weight;
}

/* Moves es, which is counted and does not wait, forward by @vdelta. */
static inline void eevdf_advance(struct eevdf_queue *eq, struct eevdf_entity *es, int64_t vdelta)
{
    es->node.vruntime += vdelta;
    eq->sum += (weight_wide)vdelta * (int64_t)es->load.weight;
    if (es->node.vruntime - eq->zero > EEVDF_ZERO_DISTANCE) {
        int64_t shift = eevdf_average(eq) - eq->zero;

        eq->zero += shift;
        eq->sum -= (weight_wide)shift * eq->load;
    }
}

#endif
