/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classes, and which of them are one to the resources. Callers tell classes apart by more than what
 * loads memory: tasks of all LLCs of a node are alike here unless an LLC has a limit of its own. So
 * classes with members that have the same uses and the same pace are counted as one crowd.
 *
 * A share outlasts the members for whom it was found, so a class that comes back with another one than
 * those of its shape have by now is a crowd of its own, until the shares are found anew.
 */
#include "kernel/mm/contend-private.h"

#include <string.h>

#include "base/bitmap.h"

/* ------------------------------------------------------------------------------------------- */
/* Shapes                                                                                       */

static guint shape_hash(gconstpointer p)
{
    const struct shape *s = p;
    const uint64_t factor = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t h = (s->idle_pace * factor) ^ s->lines_milli;

    for (int32_t i = 0; i < s->nr_uses; i++) {
        h = (h ^ (uint64_t)(uint32_t)s->resources[i]) * factor;
        h = (h ^ s->pace_per_ps[i]) * factor;
    }
    for (int32_t i = 0; i < s->nr_loads; i++) {
        h = (h ^ s->loads[i].load_milli) * factor;
    }
    return (guint)(h >> 32);
}

static gboolean shape_equal(gconstpointer pa, gconstpointer pb)
{
    const struct shape *a = pa, *b = pb;

    if (a->idle_pace != b->idle_pace || a->lines_milli != b->lines_milli ||
        a->nr_uses != b->nr_uses || a->nr_loads != b->nr_loads) {
        return FALSE;
    }
    for (int32_t i = 0; i < a->nr_uses; i++) {
        if (a->resources[i] != b->resources[i] || a->pace_per_ps[i] != b->pace_per_ps[i]) {
            return FALSE;
        }
    }
    for (int32_t i = 0; i < a->nr_loads; i++) {
        if (a->loads[i].load_milli != b->loads[i].load_milli ||
            a->loads[i].end != b->loads[i].end) {
            return FALSE;
        }
    }
    return TRUE;
}

static void crowd_free(struct crowd *k)
{
    if (k != NULL) {
        g_free(k->rate_milli);
        g_free(k->at);
        g_free(k);
    }
}

static void shape_free(struct shape *s)
{
    crowd_free(s->spare);
    g_free(s->resources);
    g_free(s->pace_per_ps);
    g_free(s->loads);
    g_free(s->used);
    g_free(s);
}

/* By load, then by resource, whatever the order of the caller's. */
static int compare_uses(const void *pa, const void *pb)
{
    const struct contend_use *a = pa, *b = pb;

    if (a->load_milli != b->load_milli) {
        return a->load_milli < b->load_milli ? -1 : 1;
    }
    return (a->resource > b->resource) - (a->resource < b->resource);
}

static struct shape *shape_new(const struct contend *c, uint64_t idle_pace, int32_t mlp_ppm,
                               uint64_t lines_milli, const struct contend_use *uses,
                               int32_t nr_uses)
{
    struct shape *s = g_new0(struct shape, 1);
    gsize room = (gsize)MAX(nr_uses, 1);
    g_autofree struct contend_use *sorted = g_new0(struct contend_use, room);

    *s = (struct shape){.idle_pace = idle_pace, .lines_milli = lines_milli, .nr_uses = nr_uses};
    s->resources = g_new(int32_t, room);
    s->pace_per_ps = g_new(uint64_t, room);
    s->loads = g_new0(struct shape_load, room);
    s->used = bitmap_new((uint32_t)MAX(c->nr_resources, 1));
    list_init(&s->crowds);
    if (nr_uses > 0) {
        memcpy(sorted, uses, sizeof(*uses) * (size_t)nr_uses);
        qsort(sorted, (size_t)nr_uses, sizeof(*sorted), compare_uses);
    }
    for (int32_t i = 0; i < nr_uses; i++) {
        /* misses a second x 1e3, ps, in flight x 1e6 */
        uint128 divisor = UINT64_C(1000000000) * (uint64_t)mlp_ppm;
        uint128 stall = sorted[i].stall_milli;

        s->resources[i] = sorted[i].resource;
        s->pace_per_ps[i] = (uint64_t)((stall << (20 + PACE_PER_PS_SHIFT)) / divisor);
        if (c->resources[sorted[i].resource].capacity_milli > 0) {
            bitmap_set(s->used, (uint32_t)sorted[i].resource);
        }
        if (i == 0 || sorted[i].load_milli != sorted[i - 1].load_milli) {
            s->loads[s->nr_loads++].load_milli = sorted[i].load_milli;
        }
        s->loads[s->nr_loads - 1].end = i + 1;
    }
    return s;
}

void contend_classes_new(struct contend *c)
{
    c->classes = g_ptr_array_new();
    c->free_ids = g_array_new(FALSE, FALSE, sizeof(int32_t));
    c->shapes = g_hash_table_new(shape_hash, shape_equal);
}

void contend_classes_free(struct contend *c)
{
    for (guint i = 0; i < c->classes->len; i++) {
        struct class_rate *k = g_ptr_array_index(c->classes, i);

        if (k != NULL) {
            contend_class_remove(c, k->id);
        }
    }
    g_ptr_array_free(c->classes, TRUE);
    g_array_free(c->free_ids, TRUE);
    g_hash_table_destroy(c->shapes);
}

/* ------------------------------------------------------------------------------------------- */
/* Classes                                                                                      */

/* The pace of @s where every resource waits as its step says. */
static uint64_t want_pace(const struct contend *c, const struct shape *s)
{
    uint64_t pace = s->idle_pace;

    for (int32_t i = 0; i < s->nr_uses; i++) {
        pace += contend_wait_pace(s->pace_per_ps[i], c->loads[s->resources[i]].wait_ps);
    }
    return pace;
}

static void add_class(struct contend *c, struct class_rate *k)
{
    k->id = (int32_t)c->classes->len;
    if (c->free_ids->len > 0) {
        k->id = g_array_index(c->free_ids, int32_t, c->free_ids->len - 1);
        g_array_set_size(c->free_ids, c->free_ids->len - 1);
        c->classes->pdata[k->id] = k;
    } else {
        g_ptr_array_add(c->classes, k);
    }
    if (c->classes->len > c->order_size) {
        c->order_size *= 2;
        g_free(c->order);
        c->order = bitmap_new(c->order_size);
        c->told.ids = g_renew(int32_t, c->told.ids, c->order_size);
    }
}

int32_t contend_class_new(struct contend *c, uint64_t idle_pace, int32_t mlp_ppm,
                          uint64_t lines_milli, const struct contend_use *uses, int32_t nr_uses)
{
    struct class_rate *k = g_new0(struct class_rate, 1);
    struct shape *own = shape_new(c, idle_pace, mlp_ppm, lines_milli, uses, nr_uses);

    k->shape = g_hash_table_lookup(c->shapes, own);
    if (k->shape == NULL) {
        k->shape = own;
        g_hash_table_add(c->shapes, own);
    } else {
        shape_free(own);
    }
    k->shape->nr_classes++;
    k->pace = want_pace(c, k->shape);
    list_init(&k->in_crowd);
    add_class(c, k);
    return k->id;
}

/* ------------------------------------------------------------------------------------------- */
/* Crowds                                                                                       */

void contend_follow_pace(struct contend *c, struct crowd *k)
{
    const struct shape *s = k->shape;
    uint64_t pace = MAX(k->want_pace, k->share_pace);
    int32_t use = 0;

    g_assert(pace > 0);
    const struct divider by_pace = divider_of(pace);

    for (int32_t i = 0; i < s->nr_loads; i++) {
        const struct shape_load *load = &s->loads[i];
        uint64_t rate_milli = load->load_milli >> 44 == 0
                                  ? divide_by(load->load_milli << 20, &by_pace)
                                  : contend_per_wall(load->load_milli, pace);
        uint64_t more_milli = (uint64_t)k->count * (rate_milli - k->rate_milli[i]);

        k->rate_milli[i] = rate_milli;
        for (; use < load->end; use++) {
            struct contend_load *l = &c->loads[s->resources[use]];

            l->load_milli += more_milli;
            if (contend_may_move(l)) {
                bitmap_set(c->stale, (uint32_t)s->resources[use]);
            }
        }
    }
}

/* @by members more of @k load what it uses. */
static void load_by(struct contend *c, const struct crowd *k, int32_t by)
{
    const struct shape *s = k->shape;
    int32_t use = 0;

    for (int32_t i = 0; i < s->nr_loads; i++) {
        uint64_t more_milli = (uint64_t)by * k->rate_milli[i];

        for (; use < s->loads[i].end; use++) {
            struct contend_load *l = &c->loads[s->resources[use]];

            l->load_milli += more_milli;
            if (contend_may_move(l)) {
                bitmap_set(c->moving, (uint32_t)s->resources[use]);
            }
        }
    }
    bitmap_or(c->dirty, c->dirty, s->used, (uint32_t)c->nr_resources);
    c->any_dirty = c->any_dirty || !bitmap_empty(s->used, (uint32_t)c->nr_resources);
}

static void user_add(struct resource *r, struct crowd *k, int32_t use)
{
    const struct shape *s = k->shape;
    int32_t load = 0;

    while (s->loads[load].end <= use) {
        load++;
    }
    if (r->nr_users == r->size) {
        r->size = MAX(2 * r->size, 8);
        r->users = g_renew(struct user, r->users, (gsize)r->size);
    }
    k->at[use] = r->nr_users;
    r->users[r->nr_users++] = (struct user){k, s->loads[load].load_milli, s->pace_per_ps[use], use};
}

static void user_remove(struct resource *r, const struct crowd *k, int32_t use)
{
    struct user last = r->users[--r->nr_users];

    r->users[k->at[use]] = last;
    last.crowd->at[last.use] = k->at[use];
}

/* A crowd of @s without members, whose share is @share_pace. */
static struct crowd *crowd_begin(struct contend *c, struct shape *s, uint64_t share_pace)
{
    struct crowd *k = s->spare;

    s->spare = NULL;
    if (k == NULL) {
        k = g_new0(struct crowd, 1);
        k->shape = s;
        k->rate_milli = g_new0(uint64_t, (gsize)MAX(s->nr_loads, 1));
        k->at = g_new0(int32_t, (gsize)MAX(s->nr_uses, 1));
        list_init(&k->classes);
        list_init(&k->in_shape);
    }
    list_add_tail(&s->crowds, &k->in_shape);
    k->share_pace = share_pace;
    k->want_pace = want_pace(c, s);
    k->pace = MAX(k->want_pace, k->share_pace);
    contend_follow_pace(c, k);
    for (int32_t i = 0; i < s->nr_uses; i++) {
        user_add(&c->resources[s->resources[i]], k, i);
    }
    c->nr_held += k->share_pace > 0;
    return k;
}

static void crowd_end(struct contend *c, struct crowd *k)
{
    struct shape *s = k->shape;

    for (int32_t i = 0; i < s->nr_uses; i++) {
        user_remove(&c->resources[s->resources[i]], k, i);
    }
    c->nr_held -= k->share_pace > 0;
    list_del(&k->in_shape);
    if (s->spare == NULL) {
        s->spare = k;
    } else {
        crowd_free(k);
    }
}

/* @k, which has no members, is about to have some. */
static void class_enter(struct contend *c, struct class_rate *k)
{
    struct crowd *crowd = NULL;

    for (struct list *l = k->shape->crowds.next; l != &k->shape->crowds; l = l->next) {
        if (container_of(l, struct crowd, in_shape)->share_pace == k->share_pace) {
            crowd = container_of(l, struct crowd, in_shape);
            break;
        }
    }
    k->crowd = crowd != NULL ? crowd : crowd_begin(c, k->shape, k->share_pace);
    list_add_tail(&k->crowd->classes, &k->in_crowd);
}

/* @k has no members any more. */
static void class_leave(struct contend *c, struct class_rate *k)
{
    k->pace = k->crowd->pace;
    k->share_pace = k->crowd->share_pace;
    list_del(&k->in_crowd);
    if (k->crowd->count == 0) {
        crowd_end(c, k->crowd);
    }
    k->crowd = NULL;
}

void contend_class_count(struct contend *c, int32_t class_id, int32_t by)
{
    struct class_rate *k = contend_class(c, class_id);

    if (k->count == 0) {
        class_enter(c, k);
    }
    k->count += by;
    k->crowd->count += by;
    load_by(c, k->crowd, by);
    if (k->count == 0) {
        class_leave(c, k);
    }
}

void contend_class_remove(struct contend *c, int32_t class_id)
{
    struct class_rate *k = contend_class(c, class_id);
    struct shape *s = k->shape;

    if (k->crowd != NULL) { /* at the end of all */
        k->crowd->count -= k->count;
        class_leave(c, k);
    }
    if (--s->nr_classes == 0) {
        g_hash_table_remove(c->shapes, s);
        shape_free(s);
    }
    g_free(k);
    c->classes->pdata[class_id] = NULL;
    g_array_append_val(c->free_ids, class_id);
}
