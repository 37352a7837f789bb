/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resources, classes and what is told of them. Steps: contend-steps.c; shares: contend-share.c. */
#include <string.h>

#include "kernel/mm/contend-private.h"

#include "base/bitmap.h"

/* Rounds of shares and steps until they agree; beyond them the last answer stands. */
enum { MAX_SHARE_ROUNDS = 4 };

/* A queue grows by such parts of the idle latency. */
enum { QUEUE_PARTS = 64 };

uint32_t contend_factor_ppm(const struct contend_point *curve, int32_t nr_points,
                            uint32_t utilisation_ppm)
{
    if (nr_points == 0) {
        return 1000000;
    }
    if (utilisation_ppm <= curve[0].utilisation_ppm) {
        return curve[0].factor_ppm;
    }
    for (int32_t i = 1; i < nr_points; i++) {
        const struct contend_point *a = &curve[i - 1], *b = &curve[i];

        if (utilisation_ppm <= b->utilisation_ppm) {
            uint64_t width = b->utilisation_ppm - a->utilisation_ppm;

            return a->factor_ppm +
                   (uint32_t)((uint64_t)(b->factor_ppm - a->factor_ppm) *
                              (utilisation_ppm - a->utilisation_ppm) / MAX(width, 1));
        }
    }
    return curve[nr_points - 1].factor_ppm;
}

/* Picoseconds that an access waits at each step, by the curve at the step's middle. */
static void resource_init(struct resource *r, const struct contend_resource *spec)
{
    r->capacity_milli = spec->capacity_milli;
    for (int32_t s = 0; s < CONTEND_STEPS; s++) {
        uint32_t factor_ppm =
            contend_factor_ppm(spec->curve, spec->nr_points, (uint32_t)contend_step_ppm(s));

        r->wait_ps[s] = mul_div_u64((uint64_t)spec->idle_ns, factor_ppm - 1000000, 1000);
    }
    if (spec->queues) {
        r->grain_ps = MAX((uint64_t)spec->idle_ns * 1000 / QUEUE_PARTS, 1);
    }
}

struct contend *contend_new(const struct contend_resource *resources, int32_t nr_resources)
{
    struct contend *c = g_new0(struct contend, 1);

    c->nr_resources = nr_resources;
    c->resources = g_new0(struct resource, (gsize)nr_resources);
    c->dirty = g_array_new(FALSE, FALSE, sizeof(int32_t));
    c->component = g_array_new(FALSE, FALSE, sizeof(int32_t));
    c->members = g_array_new(FALSE, FALSE, sizeof(int32_t));
    c->moved = g_array_new(FALSE, FALSE, sizeof(int32_t));
    c->stale = bitmap_new((uint32_t)MAX(nr_resources, 1));
    c->order_size = (uint32_t)MAX(nr_resources, 64);
    c->order = bitmap_new(c->order_size);
    c->classes = g_ptr_array_new();
    c->free_ids = g_array_new(FALSE, FALSE, sizeof(int32_t));
    for (int32_t i = 0; i < nr_resources; i++) {
        resource_init(&c->resources[i], &resources[i]);
    }
    return c;
}

static void class_free(struct class_rate *k)
{
    if (k != NULL) {
        g_free(k->uses);
        g_free(k->used);
        g_free(k);
    }
}

void contend_free(struct contend *c)
{
    if (c == NULL) {
        return;
    }
    for (int32_t i = 0; i < c->nr_resources; i++) {
        g_free(c->resources[i].users);
    }
    for (guint i = 0; i < c->classes->len; i++) {
        class_free(g_ptr_array_index(c->classes, i));
    }
    g_ptr_array_free(c->classes, TRUE);
    g_array_free(c->dirty, TRUE);
    g_array_free(c->component, TRUE);
    g_array_free(c->members, TRUE);
    g_array_free(c->moved, TRUE);
    g_array_free(c->free_ids, TRUE);
    g_free(c->stale);
    g_free(c->order);
    g_free(c->resources);
    g_free(c);
}

/* ------------------------------------------------------------------------------------------- */
/* Paces and loads                                                                              */

int32_t contend_class_new(struct contend *c, uint64_t idle_pace, int32_t mlp_ppm,
                          uint64_t lines_milli, const struct contend_use *uses, int32_t nr_uses)
{
    struct class_rate *k = g_new0(struct class_rate, 1);
    int32_t id = (int32_t)c->classes->len;

    *k = (struct class_rate){
        .idle_pace = idle_pace,
        .lines_milli = lines_milli,
        .mlp_ppm = mlp_ppm,
        .nr_uses = nr_uses,
        .uses = g_new(struct class_use, (gsize)MAX(nr_uses, 1)),
        .used = bitmap_new((uint32_t)MAX(c->nr_resources, 1)),
    };
    for (int32_t i = 0; i < nr_uses; i++) {
        /* misses a second x 1e3, ps, in flight x 1e6 */
        uint128 divisor = UINT64_C(1000000000) * (uint64_t)mlp_ppm;
        uint128 stall = uses[i].stall_milli;

        k->uses[i] = (struct class_use){
            .resource = uses[i].resource,
            .load_milli = uses[i].load_milli,
            .pace_per_ps = (uint64_t)((stall << (20 + PACE_PER_PS_SHIFT)) / divisor)};
        bitmap_set(k->used, (uint32_t)uses[i].resource);
    }
    if (c->free_ids->len > 0) {
        id = g_array_index(c->free_ids, int32_t, c->free_ids->len - 1);
        g_array_set_size(c->free_ids, c->free_ids->len - 1);
        c->classes->pdata[id] = k;
    } else {
        g_ptr_array_add(c->classes, k);
    }
    if (c->classes->len > c->order_size) {
        c->order_size *= 2;
        g_free(c->order);
        c->order = bitmap_new(c->order_size);
    }
    k->id = id;
    k->pace = contend_want_pace(c, k);
    return id;
}

void contend_class_remove(struct contend *c, int32_t class_id)
{
    class_free(contend_class(c, class_id));
    c->classes->pdata[class_id] = NULL;
    g_array_append_val(c->free_ids, class_id);
}

static void mark_dirty(struct contend *c, int32_t resource)
{
    struct resource *r = &c->resources[resource];

    if (!r->dirty && r->capacity_milli > 0) {
        r->dirty = true;
        bitmap_set(c->stale, (uint32_t)resource);
        g_array_append_val(c->dirty, resource);
    }
}

static void user_add(struct resource *r, struct class_rate *k, int32_t use)
{
    if (r->nr_users == r->size) {
        r->size = MAX(2 * r->size, 8);
        r->users = g_renew(struct user, r->users, (gsize)r->size);
    }
    k->uses[use].at = r->nr_users;
    r->users[r->nr_users++] = (struct user){k, use};
}

static void user_remove(struct resource *r, const struct class_rate *k, int32_t use)
{
    struct user last = r->users[--r->nr_users];

    r->users[k->uses[use].at] = last;
    last.class_rate->uses[last.use].at = k->uses[use].at;
}

static void class_list(struct contend *c, struct class_rate *k)
{
    for (int32_t i = 0; i < k->nr_uses; i++) {
        struct resource *r = &c->resources[k->uses[i].resource];

        if (k->count > 0) {
            user_add(r, k, i);
        } else {
            user_remove(r, k, i);
        }
    }
}

void contend_class_count(struct contend *c, int32_t class_id, int32_t by)
{
    struct class_rate *k = contend_class(c, class_id);
    bool was_active = k->count > 0;

    if (!was_active) {
        k->want_pace = contend_want_pace(c, k);
        k->pace = MAX(k->want_pace, k->share_pace);
        contend_follow_pace(c, k);
    }
    k->count += by;
    if (was_active != (k->count > 0)) {
        class_list(c, k);
        c->nr_held += k->share_pace == 0 ? 0 : was_active ? -1 : 1;
    }
    for (int32_t i = 0; i < k->nr_uses; i++) {
        c->resources[k->uses[i].resource].load_milli += (uint64_t)by * k->uses[i].rate_milli;
        mark_dirty(c, k->uses[i].resource);
    }
}

bool contend_dirty(const struct contend *c)
{
    return c->dirty->len > 0;
}

/* ------------------------------------------------------------------------------------------- */
/* The fixed point                                                                              */

/* Resources that are reached from the dirty ones by way of classes with members, and those classes. */
static void find_component(struct contend *c)
{
    g_array_set_size(c->component, 0);
    g_array_set_size(c->members, 0);
    for (guint i = 0; i < c->dirty->len; i++) {
        int32_t id = g_array_index(c->dirty, int32_t, i);

        c->resources[id].reached = true;
        g_array_append_val(c->component, id);
    }
    for (guint i = 0; i < c->component->len; i++) {
        const struct resource *r = &c->resources[g_array_index(c->component, int32_t, i)];

        for (int32_t j = 0; j < r->nr_users; j++) {
            struct class_rate *k = r->users[j].class_rate;
            int32_t class_id = k->id;

            if (k->reached) {
                continue;
            }
            k->reached = true;
            g_array_append_val(c->members, class_id);
            for (int32_t u = 0; u < k->nr_uses; u++) {
                struct resource *other = &c->resources[k->uses[u].resource];

                if (!other->reached && other->capacity_milli > 0) {
                    other->reached = true;
                    g_array_append_val(c->component, k->uses[u].resource);
                }
            }
        }
    }
}

/* @ids, each of which is there once, ascending. */
static void sort_ids(struct contend *c, GArray *ids)
{
    int32_t *id = (int32_t *)(void *)ids->data;
    uint32_t words = 0;
    guint nr = 0;

    for (guint i = 0; i < ids->len; i++) {
        bitmap_set(c->order, (uint32_t)id[i]);
        words = MAX(words, (uint32_t)id[i] / 64 + 1);
    }
    for (uint32_t w = 0; w < words; w++) {
        for (; c->order[w] != 0; c->order[w] &= c->order[w] - 1) {
            id[nr++] = (int32_t)(64 * w) + __builtin_ctzll(c->order[w]);
        }
    }
}

void contend_set_share(struct contend *c, struct class_rate *k, uint64_t share_pace)
{
    if (share_pace == k->share_pace) {
        return;
    }
    c->nr_held += (share_pace > 0) - (k->share_pace > 0);
    k->share_pace = share_pace;
    contend_follow_pace(c, k);
    bitmap_or(c->stale, c->stale, k->used, (uint32_t)c->nr_resources);
}

void contend_set_saturated(struct contend *c, struct resource *r, bool saturated)
{
    c->nr_saturated += saturated - r->saturated;
    r->saturated = saturated;
}

static void commit(struct contend *c, contend_changed_fn changed, void *data)
{
    for (guint i = 0; i < c->members->len; i++) {
        int32_t id = g_array_index(c->members, int32_t, i);
        struct class_rate *k = contend_class(c, id);
        uint64_t pace = MAX(k->want_pace, k->share_pace);

        k->reached = false;
        if (pace != k->pace) {
            changed(id, k->pace, pace, data);
            k->pace = pace;
            c->work.told++;
        }
    }
    for (guint i = 0; i < c->component->len; i++) {
        int32_t id = g_array_index(c->component, int32_t, i);
        struct resource *r = &c->resources[id];

        r->reached = false;
        if (r->step != r->step_before || r->saturated != r->saturated_before) {
            r->step_before = r->step;
            r->saturated_before = r->saturated;
            g_array_append_val(c->moved, id);
        }
    }
}

const int32_t *contend_moved(const struct contend *c, int32_t *ret_nr)
{
    *ret_nr = (int32_t)c->moved->len;
    return (const int32_t *)(void *)c->moved->data;
}

/* True if what was reached settled below full: then nobody is to be held. */
static bool all_have_room(const struct contend *c)
{
    for (guint i = 0; i < c->component->len; i++) {
        if (c->resources[g_array_index(c->component, int32_t, i)].step >= CONTEND_STEPS - 1) {
            return false;
        }
    }
    return bitmap_empty(c->stale, (uint32_t)c->nr_resources);
}

static void reach_none(struct contend *c)
{
    for (guint i = 0; i < c->component->len; i++) {
        c->resources[g_array_index(c->component, int32_t, i)].reached = false;
    }
    for (guint i = 0; i < c->members->len; i++) {
        contend_class(c, g_array_index(c->members, int32_t, i))->reached = false;
    }
    g_array_set_size(c->component, 0);
    g_array_set_size(c->members, 0);
}

/* Where tasks are held, or may have to be, all that share resources with them are looked at. */
static void solve_shares(struct contend *c)
{
    reach_none(c);
    find_component(c);
    sort_ids(c, c->component);
    sort_ids(c, c->members);
    contend_forget_shares(c);
    for (int32_t round = 0; round < MAX_SHARE_ROUNDS; round++) {
        contend_settle(c, false);
        if (!contend_share(c)) {
            break;
        }
    }
}

static void solve(struct contend *c)
{
    bool shares = c->nr_held > 0 || c->nr_saturated > 0;

    c->work.solved++;
    g_array_set_size(c->component, 0);
    g_array_set_size(c->members, 0);
    if (!shares) {
        contend_settle(c, true);
        shares = !all_have_room(c);
    }
    if (shares) {
        solve_shares(c);
    } else {
        sort_ids(c, c->component);
        sort_ids(c, c->members);
    }
}

void contend_solve(struct contend *c, contend_changed_fn changed, void *data)
{
    if (!contend_dirty(c)) {
        return;
    }
    g_array_set_size(c->moved, 0);
    if (!contend_steps_hold(c)) {
        solve(c);
        commit(c, changed, data);
    }
    for (guint i = 0; i < c->dirty->len; i++) {
        c->resources[g_array_index(c->dirty, int32_t, i)].dirty = false;
    }
    g_array_set_size(c->dirty, 0);
}

struct contend_work contend_work(const struct contend *c)
{
    return c->work;
}

/* ------------------------------------------------------------------------------------------- */

uint64_t contend_pace(const struct contend *c, int32_t class_id)
{
    return contend_class(c, class_id)->pace;
}

uint64_t contend_load_milli(const struct contend *c, int32_t resource)
{
    const struct resource *r = &c->resources[resource];
    uint64_t load = 0;

    for (int32_t i = 0; i < r->nr_users; i++) {
        const struct class_rate *k = r->users[i].class_rate;

        load += (uint64_t)k->count * contend_per_wall(k->uses[r->users[i].use].load_milli, k->pace);
    }
    return load;
}

int32_t contend_step(const struct contend *c, int32_t resource)
{
    return MIN(c->resources[resource].step, CONTEND_STEPS - 1);
}

bool contend_saturated(const struct contend *c, int32_t resource)
{
    return c->resources[resource].saturated;
}

int64_t contend_wait_ps(const struct contend *c, int32_t resource)
{
    const struct resource *r = &c->resources[resource];

    return (int64_t)contend_step_wait(r, r->step);
}
