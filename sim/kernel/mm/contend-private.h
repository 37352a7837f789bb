/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of four files alone: contend.c (resources, solving, what is told), contend-class.c (classes, and which
 * are alike), contend-steps.c (where the steps come to rest), contend-share.c (shares of what is full).
 */
#ifndef NUMASIM_KERNEL_MM_CONTEND_PRIVATE_H
#define NUMASIM_KERNEL_MM_CONTEND_PRIVATE_H

#include <glib.h>

#include "base/fixed.h"
#include "base/list.h"
#include "kernel/mm/contend.h"

/*
 * The load of a resource and what an access waits there, and between which loads its step holds for
 * certain: not above the step, and too much for the one below. By itself, as every change of a pace
 * changes the loads of many.
 */
struct contend_load {
    uint64_t load_milli; /* of its users, at their paces: sum of count x rate */
    uint64_t wait_ps;
    uint64_t low_milli;   /* its step holds from here on .. */
    uint64_t width_milli; /* .. for so much; 0: it is to be looked at after each change */
};

/* A crowd among those that use a resource, with what its shape has of the use. */
struct user {
    struct crowd *crowd;
    uint64_t load_milli, pace_per_ps;
    int32_t use; /* which of its uses */
};

struct resource {
    struct user *users; /* [nr_users] in no order */
    int32_t nr_users, size;
    int32_t step; /* CONTEND_STEPS and more: accesses queue, by grains of waiting */
    int32_t step_before;
    bool saturated;
    bool saturated_before; /* both as they were before solving */
    bool reached;          /* in contend->component, while solving */
    bool shared;           /* while sharing: it is full, and its tasks are held */
    bool may_fill;         /* while sharing: more is asked for than it has */
    bool level_stale;      /* while sharing: level is to be found anew */
    uint64_t capacity_milli;
    uint64_t grain_ps;    /* 0: it does not queue */
    uint64_t level;       /* while sharing: how far rates can rise until it is full */
    uint64_t taken_milli; /* while sharing: what those who are held take of it */
    uint64_t wait_ps[CONTEND_STEPS];
};

/* Pace for each ps of waiting, with so many fractional bits. */
enum { PACE_PER_PS_SHIFT = 24 };

/* Uses of a shape that are next to each other and of equal loads: of a region that lies on many nodes,
 * those of the nodes and of the links to them. */
struct shape_load {
    uint64_t load_milli;
    int32_t end; /* the first use that is of another load */
};

/* What makes classes alike here: others than the caller need not tell them apart. */
struct shape {
    uint64_t idle_pace, lines_milli;
    int32_t nr_uses, nr_loads;
    int32_t *resources;       /* [nr_uses], those with equal loads together */
    uint64_t *pace_per_ps;    /* [nr_uses] */
    struct shape_load *loads; /* [nr_loads] */
    uint64_t *used;           /* bitmap of those resources that have a limit */
    int32_t nr_classes;
    struct list crowds;  /* of those classes that have members */
    struct crowd *spare; /* one without members, or NULL */
};

/* Classes of one shape that have members and the same share: so they have one pace. */
struct crowd {
    struct shape *shape;
    uint64_t want_pace;  /* if nothing were full: idle_pace and all waits */
    uint64_t share_pace; /* at least this, by its share of what is full; 0: nothing holds it back */
    int32_t count;       /* of all members */
    bool reached;        /* in contend->members, while solving */
    bool fixed;          /* while sharing: it is held by some resource */
    uint64_t *rate_milli; /* [nr_loads] of one task: lines a second of wall time x 1000 */
    int32_t *at;          /* [nr_uses] where it is among the resource's users */
    uint64_t pace;        /* as told to the outside */
    uint64_t next_share;  /* while sharing: what share_pace becomes */
    uint64_t asked_milli; /* while sharing: lines a second of wall time x 1000 of one task */
    struct list classes;
    struct list in_shape; /* in shape->crowds */
};

struct class_rate {
    int32_t id;
    int32_t count; /* of members */
    struct shape *shape;
    struct crowd *crowd;       /* while it has members, else NULL */
    struct list in_crowd;      /* in crowd->classes */
    uint64_t pace, share_pace; /* without members: as they were with the last one */
};

/* Numbers, each at most once. */
struct id_list {
    int32_t *ids; /* has room for all there are */
    int32_t nr;
};

struct contend {
    struct resource *resources;
    struct contend_load *loads; /* [nr_resources] */
    int32_t nr_resources;
    GPtrArray *classes; /* by id, NULL where there is none */
    GArray *free_ids;
    GHashTable *shapes; /* a set */
    /* Bitmaps of resources. Dirty: users came or went; of them, moving: those whose step may not hold.
     * Stale: what their steps follow from has changed since they settled. */
    uint64_t *dirty, *moving, *stale;
    bool any_dirty;
    /* While solving: resources and crowds that a change may reach; where nothing is full, only those
     * whose step or pace it moved, and resources at their last step. */
    struct id_list component;
    GPtrArray *members;
    struct id_list told; /* classes whose pace changed */
    uint64_t *order;     /* bitmap for sorting ids, all clear */
    uint32_t order_size;
    int32_t nr_held, nr_saturated; /* crowds with a share; resources that are full */
    struct id_list moved;          /* resources that the last solving changed */
    struct contend_work work;
};

static inline struct class_rate *contend_class(const struct contend *c, int32_t id)
{
    return g_ptr_array_index(c->classes, (guint)id);
}

/* What an access waits at @step. */
static inline uint64_t contend_step_wait(const struct resource *r, int32_t step)
{
    if (step < CONTEND_STEPS) {
        return r->wait_ps[step];
    }
    return r->wait_ps[CONTEND_STEPS - 1] + (uint64_t)(step - CONTEND_STEPS + 1) * r->grain_ps;
}

/* Lines a second of wall time x 1000 for what is @milli a second of work, at @pace > 0. */
static inline uint64_t contend_per_wall(uint64_t milli, uint64_t pace)
{
    g_assert(pace > 0);
    if (milli >> 44 == 0) {
        return (milli << 20) / pace;
    }
    return mul_div_u64(milli, UINT64_C(1) << 20, pace);
}

/* What waiting for @wait_ps at one resource adds to a pace. */
static inline uint64_t contend_wait_pace(uint64_t pace_per_ps, uint64_t wait_ps)
{
    return (uint64_t)((uint128)pace_per_ps * wait_ps >> PACE_PER_PS_SHIFT);
}

/* True if @l may not be where its step holds: the resource is to be looked at. */
static inline bool contend_may_move(const struct contend_load *l)
{
    return l->load_milli - l->low_milli >= l->width_milli;
}

static inline void id_list_add(struct id_list *l, int32_t id)
{
    l->ids[l->nr++] = id;
}

static inline void contend_reach(struct contend *c, struct crowd *k)
{
    if (!k->reached) {
        k->reached = true;
        g_ptr_array_add(c->members, k);
    }
}

/* contend.c */
/* The step of @resource is @step from now on; nothing that follows from it is done. */
void contend_set_step(struct contend *c, int32_t resource, int32_t step);
/* The share of @k is @share_pace from now on. */
void contend_set_share(struct contend *c, struct crowd *k, uint64_t share_pace);
void contend_set_saturated(struct contend *c, struct resource *r, bool saturated);

/* contend-class.c */
void contend_classes_new(struct contend *c);
void contend_classes_free(struct contend *c);
/* The pace of @k is another than its rates know: so are the loads, and what they may move is stale. */
void contend_follow_pace(struct contend *c, struct crowd *k);

/* contend-steps.c */
/* True if no dirty resource moves or is full: then no rate changes. */
bool contend_steps_hold(struct contend *c);
/* Settles the stale resources, and those that come to be stale by it. With @reach, those that move or are
 * at their last step, and the crowds whose pace changes, join component and members. */
void contend_settle(struct contend *c, bool reach);

/* contend-share.c */
/* No crowd of the component has a share any more. */
void contend_forget_shares(struct contend *c);
/* Gives each crowd of the component that uses a full resource its share. True if a share differs
 * from before. */
bool contend_share(struct contend *c);

#endif
