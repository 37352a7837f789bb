/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of three files alone: contend.c (resources, classes, what is told), contend-steps.c (where the steps
 * come to rest), contend-share.c (shares of what is full).
 */
#ifndef NUMASIM_KERNEL_MM_CONTEND_PRIVATE_H
#define NUMASIM_KERNEL_MM_CONTEND_PRIVATE_H

#include <glib.h>

#include "base/fixed.h"
#include "kernel/mm/contend.h"

/* A class with members, among those that use a resource. */
struct user {
    struct class_rate *class_rate;
    int32_t use; /* which of its uses */
};

struct resource {
    uint64_t capacity_milli;
    uint64_t wait_ps[CONTEND_STEPS];
    struct user *users; /* [nr_users] in no order */
    int32_t nr_users, size;
    uint64_t load_milli; /* of its users, at their paces: sum of count x use->rate_milli */
    int32_t step;        /* CONTEND_STEPS and more: accesses queue, by grains of waiting */
    uint64_t grain_ps;   /* 0: it does not queue */
    bool saturated;
    int32_t step_before; /* both as they were before solving */
    bool saturated_before;
    bool dirty, reached;  /* in contend->dirty; in contend->component, while solving */
    bool shared;          /* while sharing: it is full, and its tasks are held */
    bool may_fill;        /* while sharing: more is asked for than it has */
    bool level_stale;     /* while sharing: level is to be found anew */
    uint64_t level;       /* while sharing: how far rates can rise until it is full */
    uint64_t taken_milli; /* while sharing: what those who are held take of it */
};

/* Pace for each ps of waiting, with so many fractional bits. */
enum { PACE_PER_PS_SHIFT = 24 };

struct class_use {
    int32_t resource;
    int32_t at; /* in its users, while it has members */
    uint64_t load_milli;
    uint64_t rate_milli; /* of one task: lines a second of wall time x 1000; while it has members */
    uint64_t pace_per_ps;
};

struct class_rate {
    int32_t id;
    uint64_t idle_pace;
    uint64_t lines_milli;
    int32_t mlp_ppm;
    int32_t count;
    int32_t nr_uses;
    struct class_use *uses;
    uint64_t *used;      /* bitmap of their resources */
    uint64_t pace;       /* as told to the outside */
    uint64_t share_pace; /* at least this, by its share of what is full; 0: nothing holds it back */
    uint64_t want_pace;  /* if nothing were full: idle_pace and all waits; while it has members */
    uint64_t but_pace;   /* while settling one resource: that without its wait */
    uint64_t next_share; /* while sharing: what share_pace becomes */
    uint64_t asked_milli; /* while sharing: lines a second of wall time x 1000 of one task */
    bool reached;         /* in contend->members, while solving */
    bool fixed;           /* while sharing: it is held by some resource */
};

struct contend {
    struct resource *resources;
    int32_t nr_resources;
    GPtrArray *classes; /* by id, NULL where there is none */
    GArray *free_ids;
    GArray *dirty; /* resources whose users changed */
    /* While solving: resources and classes, by id, that a change may reach; where nothing is full, only
     * those that it did. */
    GArray *component, *members;
    uint64_t *order; /* bitmap for sorting ids, all clear */
    uint32_t order_size;
    uint64_t *
        stale; /* bitmap of resources: what their steps follow from has changed since they settled */
    int32_t nr_held, nr_saturated; /* classes with members and a share; resources that are full */
    GArray *moved;                 /* resources that the last solving changed */
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
static inline uint64_t contend_wait_pace(const struct class_use *use, uint64_t wait_ps)
{
    return (uint64_t)((uint128)use->pace_per_ps * wait_ps >> PACE_PER_PS_SHIFT);
}

/* The pace of @k where every resource waits as its step says. */
static inline uint64_t contend_want_pace(const struct contend *c, const struct class_rate *k)
{
    uint64_t pace = k->idle_pace;

    for (int32_t i = 0; i < k->nr_uses; i++) {
        const struct resource *r = &c->resources[k->uses[i].resource];

        pace += contend_wait_pace(&k->uses[i], contend_step_wait(r, r->step));
    }
    return pace;
}

/* The pace of @k, which has members, is another than its uses know: so are the loads. */
static inline void contend_follow_pace(struct contend *c, struct class_rate *k)
{
    uint64_t pace = MAX(k->want_pace, k->share_pace);

    g_assert(pace > 0);
    const struct divider by_pace = divider_of(pace);

    for (int32_t i = 0; i < k->nr_uses; i++) {
        struct class_use *use = &k->uses[i];
        uint64_t rate_milli = use->load_milli >> 44 == 0
                                  ? divide_by(use->load_milli << 20, &by_pace)
                                  : contend_per_wall(use->load_milli, pace);

        c->resources[use->resource].load_milli +=
            (uint64_t)k->count * (rate_milli - use->rate_milli);
        use->rate_milli = rate_milli;
    }
}

/* The share of @k, which has members, is @share_pace from now on. */
void contend_set_share(struct contend *c, struct class_rate *k, uint64_t share_pace);
void contend_set_saturated(struct contend *c, struct resource *r, bool saturated);

/* contend-steps.c */
/* True if no dirty resource moves or is full: then no rate changes. */
bool contend_steps_hold(struct contend *c);
/* Settles the stale resources, and those that come to be stale by it. With @reach, they and the classes
 * whose pace changes join component and members. */
void contend_settle(struct contend *c, bool reach);

/* No class of the component has a share any more. */
void contend_forget_shares(struct contend *c);
/* Gives each class of the component that uses a full resource its share. True if a share differs
 * from before. */
bool contend_share(struct contend *c);

#endif
