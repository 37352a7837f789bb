/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Max-min shares of full resources: all tasks' rates, in lines a second, rise together until each
 * has what it asks for or uses a resource that is full.
 *
 * The level of a resource is how far they can rise until it is full. The resource with the lowest
 * level is full first: those that ask for more than its level are held there, and the others go on.
 */
#include "kernel/mm/contend-private.h"

void contend_forget_shares(struct contend *c)
{
    for (guint i = 0; i < c->members->len; i++) {
        contend_set_share(c, g_ptr_array_index(c->members, i), 0);
    }
    for (int32_t i = 0; i < c->component.nr; i++) {
        contend_set_saturated(c, &c->resources[c->component.ids[i]], false);
    }
}

/* What @k's tasks use of a resource for each line that they move, x 2^20, each class rounded up. */
static uint64_t of_each_line(const struct crowd *k, uint64_t load_milli)
{
    uint64_t sum = 0;

    for (struct list *l = k->classes.next; l != &k->classes; l = l->next) {
        const struct class_rate *one = container_of(l, struct class_rate, in_crowd);

        sum += mul_div_ceil_u64((uint64_t)one->count * load_milli, UINT64_C(1) << 20,
                                k->shape->lines_milli);
    }
    return sum;
}

/* Where @r is full among its tasks that nothing holds yet, if those whose rate is at most @at stay
 * there; UINT64_MAX: with what all of them ask for it is not. */
static uint64_t next_level(const struct resource *r, uint64_t at)
{
    uint64_t left = r->capacity_milli > r->taken_milli ? r->capacity_milli - r->taken_milli : 0;
    uint128 per_level = 0; /* of @r for each line of the level, x 2^20 */
    uint64_t small = 0;

    for (int32_t i = 0; i < r->nr_users; i++) {
        const struct crowd *k = r->users[i].crowd;
        uint64_t load_milli = r->users[i].load_milli;

        if (k->fixed) {
            continue;
        }
        if (k->asked_milli <= at) {
            small += (uint64_t)k->count * contend_per_wall(load_milli, k->want_pace);
        } else {
            per_level += of_each_line(k, load_milli);
        }
    }
    if (per_level == 0) {
        return small > left ? at : UINT64_MAX;
    }
    return left > small ? (uint64_t)(((uint128)(left - small) << 20) / per_level) : 0;
}

/* The level of @r. Those that ask for less than a first guess leave more to the others. */
static uint64_t level(const struct resource *r)
{
    uint64_t at = next_level(r, 0), next;

    while (at != UINT64_MAX && (next = next_level(r, at)) > at) {
        at = next;
    }
    return at;
}

/* True if all that is asked for of @r is more than it has. Only then can it be full: whoever is held
 * elsewhere takes less than he asks for. */
static bool may_fill(const struct resource *r)
{
    uint64_t asked = 0;

    for (int32_t i = 0; i < r->nr_users; i++) {
        const struct crowd *k = r->users[i].crowd;

        asked += (uint64_t)k->count * contend_per_wall(r->users[i].load_milli, k->want_pace);
    }
    return asked > r->capacity_milli;
}

/* What @k takes, being held, the others do not have. */
static void take(struct contend *c, const struct crowd *k)
{
    const struct shape *s = k->shape;
    int32_t use = 0;

    for (int32_t i = 0; i < s->nr_loads; i++) {
        uint64_t taken =
            (uint64_t)k->count * contend_per_wall(s->loads[i].load_milli, k->next_share);

        for (; use < s->loads[i].end; use++) {
            struct resource *r = &c->resources[s->resources[use]];

            r->level_stale = true;
            r->taken_milli += taken;
        }
    }
}

/* Holds every task of @r that asks for more than @at there. */
static void hold(struct contend *c, struct resource *r, uint64_t at)
{
    r->shared = true;
    for (int32_t i = 0; i < r->nr_users; i++) {
        struct crowd *k = r->users[i].crowd;

        if (k->fixed || k->asked_milli <= at) {
            continue;
        }
        k->fixed = true;
        k->next_share = mul_div_ceil_u64(k->shape->lines_milli, UINT64_C(1) << 20, MAX(at, 1));
        take(c, k);
    }
}

static void begin_sharing(struct contend *c)
{
    for (guint i = 0; i < c->members->len; i++) {
        struct crowd *k = g_ptr_array_index(c->members, i);

        k->next_share = 0;
        k->fixed = false;
        k->asked_milli = contend_per_wall(k->shape->lines_milli, k->want_pace);
    }
    for (int32_t i = 0; i < c->component.nr; i++) {
        struct resource *r = &c->resources[c->component.ids[i]];

        r->shared = false;
        r->taken_milli = 0;
        r->may_fill = may_fill(r);
        r->level_stale = true;
    }
}

/* The resource that is full first, and at which level; NULL: none is. */
static struct resource *tightest(struct contend *c, uint64_t *ret_level)
{
    struct resource *found = NULL;

    *ret_level = UINT64_MAX;
    for (int32_t i = 0; i < c->component.nr; i++) {
        struct resource *r = &c->resources[c->component.ids[i]];

        if (!r->may_fill || r->shared) {
            continue;
        }
        if (r->level_stale) {
            r->level = level(r);
            r->level_stale = false;
        }
        if (r->level < *ret_level) {
            *ret_level = r->level;
            found = r;
        }
    }
    return found;
}

bool contend_share(struct contend *c)
{
    struct resource *r;
    uint64_t at;
    bool changed = false;

    begin_sharing(c);
    while ((r = tightest(c, &at)) != NULL) {
        hold(c, r, at);
    }
    for (int32_t i = 0; i < c->component.nr; i++) {
        r = &c->resources[c->component.ids[i]];
        contend_set_saturated(c, r, r->shared);
    }
    for (guint i = 0; i < c->members->len; i++) {
        struct crowd *k = g_ptr_array_index(c->members, i);

        changed |= k->next_share != k->share_pace;
        contend_set_share(c, k, k->next_share);
    }
    return changed;
}
