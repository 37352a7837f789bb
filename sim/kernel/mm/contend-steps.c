/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the steps of all resources come to rest: each in turn takes the one that its users' paces call
 * for, which changes those paces, until no step moves. Only resources for which something changed are
 * looked at: a class knows what all its waits add up to, and whoever moves a step tells its users.
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
    uint64_t load = 0, wait_ps = contend_step_wait(r, step);

    for (int32_t i = 0; i < r->nr_users; i++) {
        const struct class_rate *k = r->users[i].class_rate;
        const struct class_use *use = &k->uses[r->users[i].use];
        uint64_t pace = k->but_pace + contend_wait_pace(use, wait_ps);

        load += (uint64_t)k->count * contend_per_wall(use->load_milli, MAX(pace, k->share_pace));
    }
    return load;
}

static void leave_out(const struct resource *r)
{
    uint64_t wait_ps = contend_step_wait(r, r->step);

    for (int32_t i = 0; i < r->nr_users; i++) {
        struct class_rate *k = r->users[i].class_rate;

        k->but_pace = k->want_pace - contend_wait_pace(&k->uses[r->users[i].use], wait_ps);
    }
}

/* True if a load of @load belongs to @step or a lower one. */
static bool within(const struct resource *r, uint64_t load, int32_t step)
{
    return (uint128)load * CONTEND_STEPS <=
           (uint128)r->capacity_milli * (uint32_t)MIN(step + 1, CONTEND_STEPS);
}

/* True if @r is at the lowest step that holds its load. */
static bool is_settled(const struct resource *r)
{
    if (!within(r, r->load_milli, r->step)) {
        return false;
    }
    /* It would not be less at a lower step. */
    if (r->step == 0 || !within(r, r->load_milli, r->step - 1)) {
        return true;
    }
    leave_out(r);
    return !within(r, load_at(r, r->step - 1), r->step - 1);
}

/* The lowest step whose waits keep the load within it; the last one where none does. Loads fall as
 * steps rise, so halving finds it. */
static int32_t find_step(const struct resource *r)
{
    int32_t low = 0, high = CONTEND_STEPS - 1;

    if (r->grain_ps > 0 && !within(r, load_at(r, high), high)) {
        low = high;
        high += MAX_QUEUE_STEPS;
    }
    while (low < high) {
        int32_t middle = (low + high) / 2;

        if (within(r, load_at(r, middle), middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static void reach_class(struct contend *c, struct class_rate *k)
{
    if (!k->reached) {
        k->reached = true;
        g_array_append_val(c->members, k->id);
    }
}

/* Moves @resource to @step; what its users use besides is looked at again. */
static void move_step(struct contend *c, int32_t resource, int32_t step, bool reach)
{
    struct resource *r = &c->resources[resource];
    uint64_t wait_ps = contend_step_wait(r, step);
    bool was_stale = bitmap_test(c->stale, (uint32_t)resource);

    for (int32_t i = 0; i < r->nr_users; i++) {
        struct class_rate *k = r->users[i].class_rate;
        uint64_t pace = k->but_pace + contend_wait_pace(&k->uses[r->users[i].use], wait_ps);

        if (pace == k->want_pace) {
            continue;
        }
        k->want_pace = pace;
        contend_follow_pace(c, k);
        bitmap_or(c->stale, c->stale, k->used, (uint32_t)c->nr_resources);
        if (reach) {
            reach_class(c, k);
        }
    }
    if (!was_stale) {
        bitmap_clear(c->stale, (uint32_t)resource);
    }
    r->step = step;
}

static void settle(struct contend *c, int32_t resource, bool reach)
{
    struct resource *r = &c->resources[resource];

    if (r->capacity_milli == 0) {
        return;
    }
    c->work.settled++;
    if (reach && !r->reached) {
        r->reached = true;
        g_array_append_val(c->component, resource);
    }
    if (!is_settled(r)) {
        leave_out(r);
        int32_t step = find_step(r);

        if (step != r->step) {
            move_step(c, resource, step, reach);
        }
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

/* True if @r is where settle() would leave it, and nobody is held who uses it. */
static bool holds(const struct contend *c, const struct resource *r)
{
    for (int32_t i = 0; c->nr_held > 0 && i < r->nr_users; i++) {
        if (r->users[i].class_rate->share_pace > 0) {
            return false;
        }
    }
    return !r->saturated && is_settled(r);
}

bool contend_steps_hold(struct contend *c)
{
    bool all = true;

    for (guint i = 0; i < c->dirty->len; i++) {
        int32_t id = g_array_index(c->dirty, int32_t, i);

        if (holds(c, &c->resources[id])) {
            bitmap_clear(c->stale, (uint32_t)id);
        } else {
            all = false;
        }
    }
    return all;
}
