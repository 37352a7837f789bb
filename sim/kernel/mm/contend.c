/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resources, solving and what is told of it. Classes: contend-class.c; steps: contend-steps.c; shares:
 * contend-share.c. */
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

static struct id_list id_list_new(uint32_t size)
{
    return (struct id_list){.ids = g_new(int32_t, size)};
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
    uint32_t nr = (uint32_t)MAX(nr_resources, 1);

    c->nr_resources = nr_resources;
    c->resources = g_new0(struct resource, nr);
    c->loads = g_new0(struct contend_load, nr);
    c->component = id_list_new(nr);
    c->moved = id_list_new(nr);
    c->dirty = bitmap_new(nr);
    c->moving = bitmap_new(nr);
    c->stale = bitmap_new(nr);
    c->order_size = MAX(nr, 64);
    c->order = bitmap_new(c->order_size);
    c->told = id_list_new(c->order_size);
    c->members = g_ptr_array_new();
    contend_classes_new(c);
    for (int32_t i = 0; i < nr_resources; i++) {
        resource_init(&c->resources[i], &resources[i]);
        contend_set_step(c, i, 0);
    }
    return c;
}

void contend_free(struct contend *c)
{
    if (c == NULL) {
        return;
    }
    contend_classes_free(c);
    for (int32_t i = 0; i < c->nr_resources; i++) {
        g_free(c->resources[i].users);
    }
    g_ptr_array_free(c->members, TRUE);
    g_free(c->component.ids);
    g_free(c->told.ids);
    g_free(c->moved.ids);
    g_free(c->dirty);
    g_free(c->moving);
    g_free(c->stale);
    g_free(c->order);
    g_free(c->loads);
    g_free(c->resources);
    g_free(c);
}

void contend_set_step(struct contend *c, int32_t resource, int32_t step)
{
    struct resource *r = &c->resources[resource];
    uint128 capacity = r->capacity_milli;
    struct contend_load *l = &c->loads[resource];

    r->step = step;
    l->wait_ps = contend_step_wait(r, step);
    if (r->capacity_milli == 0) {
        l->width_milli = UINT64_MAX;
    } else if (step >= CONTEND_STEPS - 1) { /* whether it is full is always to be asked */
        l->width_milli = 0;
    } else {
        l->low_milli = step > 0 ? (uint64_t)(capacity * (uint32_t)step / CONTEND_STEPS) + 1 : 0;
        l->width_milli =
            (uint64_t)(capacity * (uint32_t)(step + 1) / CONTEND_STEPS) + 1 - l->low_milli;
    }
}

bool contend_dirty(const struct contend *c)
{
    return c->any_dirty;
}

/* ------------------------------------------------------------------------------------------- */
/* The fixed point                                                                              */

/* Adds @k to the members, and what it uses to the component. */
static void reach_by(struct contend *c, struct crowd *k)
{
    contend_reach(c, k);
    for (int32_t u = 0; u < k->shape->nr_uses; u++) {
        struct resource *other = &c->resources[k->shape->resources[u]];

        if (!other->reached && other->capacity_milli > 0) {
            other->reached = true;
            id_list_add(&c->component, k->shape->resources[u]);
        }
    }
}

/* Resources that are reached from the dirty ones by way of classes with members, and those classes. */
static void find_component(struct contend *c)
{
    uint32_t nr = (uint32_t)c->nr_resources;

    for (uint32_t id = bitmap_next(c->dirty, nr, 0); id < nr;
         id = bitmap_next(c->dirty, nr, id + 1)) {
        c->resources[id].reached = true;
        id_list_add(&c->component, (int32_t)id);
    }
    for (int32_t i = 0; i < c->component.nr; i++) {
        const struct resource *r = &c->resources[c->component.ids[i]];

        for (int32_t j = 0; j < r->nr_users; j++) {
            if (!r->users[j].crowd->reached) {
                reach_by(c, r->users[j].crowd);
            }
        }
    }
}

/* Ascending. */
static void sort_ids(struct contend *c, struct id_list *list)
{
    uint32_t words = 0;
    int32_t nr = 0;

    for (int32_t i = 0; i < list->nr; i++) {
        bitmap_set(c->order, (uint32_t)list->ids[i]);
        words = MAX(words, (uint32_t)list->ids[i] / 64 + 1);
    }
    for (uint32_t w = 0; w < words; w++) {
        for (; c->order[w] != 0; c->order[w] &= c->order[w] - 1) {
            list->ids[nr++] = (int32_t)(64 * w) + __builtin_ctzll(c->order[w]);
        }
    }
}

void contend_set_share(struct contend *c, struct crowd *k, uint64_t share_pace)
{
    if (share_pace == k->share_pace) {
        return;
    }
    c->nr_held += (share_pace > 0) - (k->share_pace > 0);
    k->share_pace = share_pace;
    contend_follow_pace(c, k);
}

void contend_set_saturated(struct contend *c, struct resource *r, bool saturated)
{
    c->nr_saturated += saturated - r->saturated;
    r->saturated = saturated;
}

/* Classes are told by number, whichever crowd they are of. */
static void tell(struct contend *c, contend_changed_fn changed, void *data)
{
    c->told.nr = 0;
    for (guint i = 0; i < c->members->len; i++) {
        struct crowd *k = g_ptr_array_index(c->members, i);

        if (MAX(k->want_pace, k->share_pace) == k->pace) {
            continue;
        }
        for (struct list *l = k->classes.next; l != &k->classes; l = l->next) {
            id_list_add(&c->told, container_of(l, struct class_rate, in_crowd)->id);
        }
    }
    sort_ids(c, &c->told);
    for (int32_t i = 0; i < c->told.nr; i++) {
        const struct crowd *k = contend_class(c, c->told.ids[i])->crowd;

        changed(c->told.ids[i], k->pace, MAX(k->want_pace, k->share_pace), data);
    }
    c->work.told += (uint64_t)c->told.nr;
}

static void commit(struct contend *c, contend_changed_fn changed, void *data)
{
    tell(c, changed, data);
    for (guint i = 0; i < c->members->len; i++) {
        struct crowd *k = g_ptr_array_index(c->members, i);

        k->reached = false;
        k->pace = MAX(k->want_pace, k->share_pace);
    }
    for (int32_t i = 0; i < c->component.nr; i++) {
        int32_t id = c->component.ids[i];
        struct resource *r = &c->resources[id];

        r->reached = false;
        if (r->step != r->step_before || r->saturated != r->saturated_before) {
            r->step_before = r->step;
            r->saturated_before = r->saturated;
            id_list_add(&c->moved, id);
        }
    }
}

const int32_t *contend_moved(const struct contend *c, int32_t *ret_nr)
{
    *ret_nr = c->moved.nr;
    return c->moved.ids;
}

/* True if what was reached settled below full: then nobody is to be held. */
static bool all_have_room(const struct contend *c)
{
    for (int32_t i = 0; i < c->component.nr; i++) {
        if (c->resources[c->component.ids[i]].step >= CONTEND_STEPS - 1) {
            return false;
        }
    }
    return bitmap_empty(c->stale, (uint32_t)c->nr_resources);
}

static void reach_none(struct contend *c)
{
    for (int32_t i = 0; i < c->component.nr; i++) {
        c->resources[c->component.ids[i]].reached = false;
    }
    for (guint i = 0; i < c->members->len; i++) {
        struct crowd *k = g_ptr_array_index(c->members, i);

        k->reached = false;
    }
    c->component.nr = 0;
    g_ptr_array_set_size(c->members, 0);
}

/* Where tasks are held, or may have to be, all that share resources with them are looked at. */
static void solve_shares(struct contend *c)
{
    reach_none(c);
    find_component(c);
    sort_ids(c, &c->component);
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
    c->component.nr = 0;
    g_ptr_array_set_size(c->members, 0);
    if (!shares) {
        contend_settle(c, true);
        shares = !all_have_room(c);
    }
    if (shares) {
        solve_shares(c);
    } else {
        sort_ids(c, &c->component);
    }
}

void contend_solve(struct contend *c, contend_changed_fn changed, void *data)
{
    const size_t bytes = BITMAP_WORDS(c->nr_resources) * sizeof(*c->dirty);

    if (!contend_dirty(c)) {
        return;
    }
    c->moved.nr = 0;
    if (!contend_steps_hold(c)) {
        solve(c);
        commit(c, changed, data);
    }
    memset(c->dirty, 0, bytes);
    memset(c->moving, 0, bytes);
    c->any_dirty = false;
}

struct contend_work contend_work(const struct contend *c)
{
    return c->work;
}

/* ------------------------------------------------------------------------------------------- */

uint64_t contend_pace(const struct contend *c, int32_t class_id)
{
    const struct class_rate *k = contend_class(c, class_id);

    return k->crowd != NULL ? k->crowd->pace : k->pace;
}

uint64_t contend_load_milli(const struct contend *c, int32_t resource)
{
    const struct resource *r = &c->resources[resource];
    uint64_t load = 0;

    for (int32_t i = 0; i < r->nr_users; i++) {
        const struct crowd *k = r->users[i].crowd;

        load += (uint64_t)k->count * contend_per_wall(r->users[i].load_milli, k->pace);
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
    return (int64_t)c->loads[resource].wait_ps;
}
