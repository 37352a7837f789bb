/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the steps of all resources come to rest: each in turn takes the one that its users' paces call
 * for, which changes those paces, until no step moves. Only resources for which something changed are
 * looked at: a crowd knows what all its waits add up to, and whoever moves a step tells its users.
 */
#include "kernel/mm/contend-private.h"

#include "base/bitmap.h"

/* Rounds until the steps of all resources agree; beyond them the last answer stands. Each round goes
 * over the resources once, so that a chain of resources settles in as many as it is long. */
enum { MAX_STEP_ROUNDS = 12 };

/* Grains by which a queue grows at most: beyond any that real tasks can fill. */
enum { MAX_QUEUE_STEPS = 1 << 20 };

/* Load of @r if it waited as at @step and all else stays. */
static uint64_t load_at(const struct resource *r, int32_t step)
{
    uint64_t load = 0;
    uint64_t now_ps = contend_step_wait(r, r->step), then_ps = contend_step_wait(r, step);

    for (int32_t i = 0; i < r->nr_users; i++) {
        const struct user *user = &r->users[i];
        const struct crowd *k = user->crowd;
        uint64_t pace = k->want_pace - contend_wait_pace(user->pace_per_ps, now_ps) +
                        contend_wait_pace(user->pace_per_ps, then_ps);

        load += (uint64_t)k->count * contend_per_wall(user->load_milli, MAX(pace, k->share_pace));
    }
    return load;
}

/* True if a load of @load belongs to @step or a lower one. */
static bool within(const struct resource *r, uint64_t load, int32_t step)
{
    return (uint128)load * CONTEND_STEPS <=
           (uint128)r->capacity_milli * (uint32_t)MIN(step + 1, CONTEND_STEPS);
}

/* The highest step of @r. */
static int32_t last_step(const struct resource *r)
{
    return CONTEND_STEPS - 1 + (r->grain_ps > 0 ? MAX_QUEUE_STEPS : 0);
}

/* True if waiting as at @step keeps the load of @r, which is @load as it waits now, within that step.
 * Loads fall as steps rise: if one step suffices, so do all above it. */
static bool suffices(const struct resource *r, uint64_t load, int32_t step)
{
    if (step <= r->step && !within(r, load, step)) {
        return false; /* with less waiting it would not be less */
    }
    return step == r->step || within(r, load_at(r, step), step);
}

/* True if @r, with a load of @load, is at the lowest step that holds it. */
static bool is_settled(const struct resource *r, uint64_t load)
{
    return suffices(r, load, r->step) && (r->step == 0 || !suffices(r, load, r->step - 1));
}

/*
 * The lowest step that suffices; the last one where none does. Most often it is the present one or a
 * neighbour: from there in growing strides, then by halving what is left between.
 */
static int32_t find_step(const struct resource *r, uint64_t load)
{
    const int32_t last = last_step(r);
    int32_t low = 0, high = r->step;

    if (suffices(r, load, high)) {
        for (int32_t stride = 1; high > 0 && low == 0; stride *= 2) {
            int32_t step = MAX(high - stride, 0);

            if (suffices(r, load, step)) {
                high = step;
            } else {
                low = step + 1;
            }
        }
    } else {
        bool found = high >= last;

        low = high;
        for (int32_t stride = 1; !found; stride *= 2) {
            low = high + 1;
            high = MIN(high + stride, last);
            found = high == last || suffices(r, load, high);
        }
    }
    while (low < high) {
        int32_t middle = (low + high) / 2;

        if (suffices(r, load, middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return high;
}

/* Moves @resource to @step; what its users use besides is looked at again where it may move. */
static void move_step(struct contend *c, int32_t resource, int32_t step, bool reach)
{
    struct resource *r = &c->resources[resource];
    uint64_t now_ps = contend_step_wait(r, r->step), then_ps = contend_step_wait(r, step);

    for (int32_t i = 0; i < r->nr_users; i++) {
        const struct user *user = &r->users[i];
        struct crowd *k = user->crowd;
        uint64_t pace = k->want_pace - contend_wait_pace(user->pace_per_ps, now_ps) +
                        contend_wait_pace(user->pace_per_ps, then_ps);

        if (pace == k->want_pace) {
            continue;
        }
        k->want_pace = pace;
        contend_follow_pace(c, k);
        if (reach) {
            contend_reach(c, k);
        }
    }
    contend_set_step(c, resource, step);
    bitmap_clear(c->stale, (uint32_t)resource);
}

static void settle(struct contend *c, int32_t resource, bool reach)
{
    struct resource *r = &c->resources[resource];
    int32_t step = find_step(r, c->loads[resource].load_milli);

    c->work.settled++;
    if (reach && !r->reached && (step != r->step || step >= CONTEND_STEPS - 1)) {
        r->reached = true;
        id_list_add(&c->component, resource);
    }
    if (step != r->step) {
        move_step(c, resource, step, reach);
    }
}

void contend_settle(struct contend *c, bool reach)
{
    uint32_t nr = (uint32_t)c->nr_resources;
    bool any = true;

    for (int32_t round = 0; any && round < MAX_STEP_ROUNDS; round++) {
        any = false;
        for (uint32_t id = bitmap_next(c->stale, nr, 0); id < nr;
             id = bitmap_next(c->stale, nr, id + 1)) {
            bitmap_clear(c->stale, id);
            settle(c, (int32_t)id, reach);
            any = true;
        }
    }
}

/* True if @resource is where settle() would leave it, and nobody is held who uses it. */
static bool holds(const struct contend *c, uint32_t resource)
{
    const struct resource *r = &c->resources[resource];

    for (int32_t i = 0; c->nr_held > 0 && i < r->nr_users; i++) {
        if (r->users[i].crowd->share_pace > 0) {
            return false;
        }
    }
    return !r->saturated && is_settled(r, c->loads[resource].load_milli);
}

bool contend_steps_hold(struct contend *c)
{
    const uint64_t *asked = c->nr_held > 0 || c->nr_saturated > 0 ? c->dirty : c->moving;
    uint32_t nr = (uint32_t)c->nr_resources;
    bool all = true;

    bitmap_andnot(c->stale, c->stale, c->dirty, nr);
    for (uint32_t id = bitmap_next(asked, nr, 0); id < nr; id = bitmap_next(asked, nr, id + 1)) {
        if (!holds(c, id)) {
            bitmap_set(c->stale, id);
            all = false;
        }
    }
    return all;
}
