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
        contend_class(c, g_array_index(c->members, int32_t, i))->share_pace = 0;
    }
    for (guint i = 0; i < c->component->len; i++) {
        c->resources[g_array_index(c->component, int32_t, i)].saturated = false;
    }
}

/* Lines a second of wall time x 1000 that a task of @k asks for. */
static uint64_t asked_milli(const struct class_rate *k)
{
    return contend_per_wall(k->lines_milli, k->want_pace);
}

/* Where @id is full among its tasks that nothing holds yet, if those whose rate is at most @at stay
 * there; UINT64_MAX: with what all of them ask for it is not. */
static uint64_t next_level(const struct contend *c, int32_t id, uint64_t at)
{
    const struct resource *r = &c->resources[id];
    uint64_t left = r->capacity_milli > r->taken_milli ? r->capacity_milli - r->taken_milli : 0;
    uint128 per_level = 0; /* of @id for each line of the level, x 2^20 */
    uint64_t small = 0;

    for (int32_t i = 0; i < r->nr_users; i++) {
        const struct class_rate *k = r->users[i].class_rate;
        const struct class_use *use = &k->uses[r->users[i].use];

        if (k->fixed) {
            continue;
        }
        if (asked_milli(k) <= at) {
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

/* The level of @id. Those that ask for less than a first guess leave more to the others. */
static uint64_t level(const struct contend *c, int32_t id)
{
    uint64_t at = next_level(c, id, 0), next;

    while (at != UINT64_MAX && (next = next_level(c, id, at)) > at) {
        at = next;
    }
    return at;
}

/* Holds every task of @id that asks for more than @at there. */
static void hold(struct contend *c, int32_t id, uint64_t at)
{
    struct resource *r = &c->resources[id];

    r->saturated = r->shared = true;
    for (int32_t i = 0; i < r->nr_users; i++) {
        struct class_rate *k = r->users[i].class_rate;

        if (k->fixed || asked_milli(k) <= at) {
            continue;
        }
        k->fixed = true;
        k->share_pace = mul_div_ceil_u64(k->lines_milli, UINT64_C(1) << 20, MAX(at, 1));
        for (int32_t u = 0; u < k->nr_uses; u++) {
            c->resources[k->uses[u].resource].taken_milli +=
                (uint64_t)k->count * contend_per_wall(k->uses[u].load_milli, k->share_pace);
        }
    }
}

bool contend_share(struct contend *c)
{
    bool changed = false;
    g_autofree uint64_t *before = g_new(uint64_t, MAX(c->members->len, 1));

    for (guint i = 0; i < c->members->len; i++) {
        struct class_rate *k = contend_class(c, g_array_index(c->members, int32_t, i));

        before[i] = k->share_pace;
        k->share_pace = 0;
        k->fixed = false;
        k->want_pace = contend_pace_but(c, k, -1);
    }
    for (guint i = 0; i < c->component->len; i++) {
        struct resource *r = &c->resources[g_array_index(c->component, int32_t, i)];

        r->saturated = r->shared = false;
        r->taken_milli = 0;
    }
    for (;;) {
        uint64_t lowest = UINT64_MAX;
        int32_t tightest = -1;

        for (guint i = 0; i < c->component->len; i++) {
            int32_t id = g_array_index(c->component, int32_t, i);
            uint64_t at = c->resources[id].shared ? UINT64_MAX : level(c, id);

            if (at < lowest) {
                lowest = at;
                tightest = id;
            }
        }
        if (tightest < 0) {
            break;
        }
        hold(c, tightest, lowest);
    }
    for (guint i = 0; i < c->members->len; i++) {
        changed |= contend_class(c, g_array_index(c->members, int32_t, i))->share_pace != before[i];
    }
    return changed;
}
