/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of contend.c and contend-share.c alone. */
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
    struct user *users; /* [nr_users] in the order they came */
    int32_t nr_users, size;
    int32_t step;      /* CONTEND_STEPS and more: accesses queue, by grains of waiting */
    uint64_t grain_ps; /* 0: it does not queue */
    bool saturated;
    int32_t step_before; /* both as they were before solving */
    bool saturated_before;
    bool dirty, reached;  /* in contend->dirty; in contend->component, while solving */
    bool shared;          /* while sharing: it is full, and its tasks are held */
    uint64_t taken_milli; /* while sharing: what those who are held take of it */
};

/* Pace for each ps of waiting, with so many fractional bits. */
enum { PACE_PER_PS_SHIFT = 24 };

struct class_use {
    int32_t resource;
    uint64_t load_milli;
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
    uint64_t pace;       /* as told to the outside */
    uint64_t share_pace; /* at least this, by its share of what is full; 0: nothing holds it back */
    uint64_t but_pace;   /* while settling one resource: the pace without its wait */
    uint64_t want_pace;  /* while sharing: the pace if nothing were full */
    bool reached;        /* in contend->members, while solving */
    bool fixed;          /* while sharing: it is held by some resource */
};

struct contend {
    struct resource *resources;
    int32_t nr_resources;
    GPtrArray *classes; /* by id, NULL where there is none */
    GArray *free_ids;
    GArray *dirty;               /* resources whose users changed */
    GArray *component, *members; /* while solving: resources and classes, by id */
    GArray *moved;               /* resources that the last solving changed */
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

/* Lines a second of wall time x 1000 for what is @milli a second of work, at @pace. */
static inline uint64_t contend_per_wall(uint64_t milli, uint64_t pace)
{
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

/* The pace of @k where every resource waits as its step says, use @but (-1: none) not at all. */
static inline uint64_t contend_pace_but(const struct contend *c, const struct class_rate *k,
                                        int32_t but)
{
    uint64_t pace = k->idle_pace;

    for (int32_t i = 0; i < k->nr_uses; i++) {
        const struct resource *r = &c->resources[k->uses[i].resource];

        if (i != but) {
            pace += contend_wait_pace(&k->uses[i], contend_step_wait(r, r->step));
        }
    }
    return pace;
}

/* No class of the component has a share any more. */
void contend_forget_shares(struct contend *c);
/* Gives each class of the component that uses a full resource its share. True if a share differs
 * from before. */
bool contend_share(struct contend *c);

#endif
