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
        contend_set_share(c, contend_class(c, g_array_index(c->members, int32_t, i)), 0);
    }
    for (guint i = 0; i < c->component->len; i++) {
        contend_set_saturated(c, &c->resources[g_array_index(c->component, int32_t, i)], false);
    }
}

/* Where @r is full among its tasks that nothing holds yet, if those whose rate is at most @at stay
 * there; UINT64_MAX: with what all of them ask for it is not. */
static uint64_t next_level(const struct resource *r, uint64_t at)
{
    uint64_t left = r->capacity_milli > r->taken_milli ? r->capacity_milli - r->taken_milli : 0;
    uint128 per_level = 0; /* of @r for each line of the level, x 2^20 */
    uint64_t small = 0;

    for (int32_t i = 0; i < r->nr_users; i++) {
        const struct class_rate *k = r->users[i].class_rate;
        const struct class_use *use = &k->uses[r->users[i].use];

        if (k->fixed) {
            continue;
        }
        if (k->asked_milli <= at) {
            small += (uint64_t)k->count * contend_per_wall(use->load_milli, k->want_pace);
        } else {
            per_level += mul_div_ceil_u64((uint64_t)k->count * use->load_milli, UINT64_C(1) << 20,
                                          k->lines_milli);
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
        const struct class_rate *k = r->users[i].class_rate;

        asked += (uint64_t)k->count *
                 contend_per_wall(k->uses[r->users[i].use].load_milli, k->want_pace);
    }
    return asked > r->capacity_milli;
}

/* Holds every task of @r that asks for more than @at there. */
static void hold(struct contend *c, struct resource *r, uint64_t at)
{
    r->shared = true;
    for (int32_t i = 0; i < r->nr_users; i++) {
        struct class_rate *k = r->users[i].class_rate;

        if (k->fixed || k->asked_milli <= at) {
            continue;
        }
        k->fixed = true;
        k->next_share = mul_div_ceil_u64(k->lines_milli, UINT64_C(1) << 20, MAX(at, 1));
        for (int32_t u = 0; u < k->nr_uses; u++) {
            struct resource *other = &c->resources[k->uses[u].resource];

            other->level_stale = true;
            other->taken_milli +=
                (uint64_t)k->count * contend_per_wall(k->uses[u].load_milli, k->next_share);
        }
    }
}

static void begin_sharing(struct contend *c)
{
    for (guint i = 0; i < c->members->len; i++) {
        struct class_rate *k = contend_class(c, g_array_index(c->members, int32_t, i));

        k->next_share = 0;
        k->fixed = false;
        k->asked_milli = contend_per_wall(k->lines_milli, k->want_pace);
    }
    for (guint i = 0; i < c->component->len; i++) {
        struct resource *r = &c->resources[g_array_index(c->component, int32_t, i)];

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
    for (guint i = 0; i < c->component->len; i++) {
        struct resource *r = &c->resources[g_array_index(c->component, int32_t, i)];

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
    for (guint i = 0; i < c->component->len; i++) {
        r = &c->resources[g_array_index(c->component, int32_t, i)];
        contend_set_saturated(c, r, r->shared);
    }
    for (guint i = 0; i < c->members->len; i++) {
        struct class_rate *k = contend_class(c, g_array_index(c->members, int32_t, i));

        changed |= k->next_share != k->share_pace;
        contend_set_share(c, k, k->next_share);
    }
    return changed;
}
