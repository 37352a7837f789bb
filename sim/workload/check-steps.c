/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs: what each step refers to, and what one thread does in order. */
#include "workload/check-private.h"

#include "base/bitmap.h"

/* ------------------------------------------------------------------------------------------- */
/* References                                                                                  */

struct references {
    const struct workload *w;
    const struct workload_process *p;
};

#define KIND(name) (1u << OBJECT_##name)

/* The kinds of object that a step needs; 0: none. */
static unsigned object_kinds(enum step_kind kind)
{
    switch (kind) {
    case STEP_WAIT:
    case STEP_SIGNAL:
        return KIND(SEMAPHORE);
    case STEP_READ:
    case STEP_WRITE:
        return KIND(PIPE);
    case STEP_BARRIER:
        return KIND(BARRIER);
    case STEP_LOCK:
    case STEP_UNLOCK:
        return KIND(MUTEX) | KIND(SPINLOCK);
    case STEP_COND_WAIT:
    case STEP_COND_SIGNAL:
    case STEP_COND_BROADCAST:
        return KIND(CONDITION);
    default:
        return 0;
    }
}

static bool object_ok(const struct workload *w, int32_t object, unsigned kinds)
{
    return object >= 0 && object < w->nr_objects && (kinds & (1u << w->objects[object].kind)) != 0;
}

static bool mix_ok(const struct workload_process *p, const struct access_mix *mix)
{
    for (int32_t i = 0; i < mix->nr_entries; i++) {
        const struct access_entry *e = &mix->entries[i];

        if (e->region < 0 || e->region >= p->nr_regions || e->per_s_milli < 0) {
            return false;
        }
    }
    return mix->mlp_ppm >= 1000000;
}

static bool values_ok(const struct references *r, const struct step *s)
{
    int32_t nr_metrics = r->w->metrics != NULL ? (int32_t)g_strv_length(r->w->metrics) : 0;

    switch (s->kind) {
    case STEP_TOUCH:
        return s->object >= 0 && s->object < r->p->nr_regions && s->bytes >= 0 &&
               s->bytes <= r->p->regions[s->object].size_bytes;
    case STEP_MADVISE:
        return s->object >= 0 && s->object < r->p->nr_regions && (s->count == 0 || s->count == 1);
    case STEP_ACCESS:
        return mix_ok(r->p, &s->mix);
    case STEP_FORK:
        return s->other >= 0 && s->other < r->p->nr_groups && s->count > 0;
    case STEP_SERVE:
        return s->other >= 0 && s->other < r->w->nr_arrivals;
    case STEP_MEASURE:
    case STEP_COUNT:
        return s->metric >= 0 && s->metric < nr_metrics;
    case STEP_COND_WAIT:
        return object_ok(r->w, s->other, KIND(MUTEX));
    case STEP_RUN:
    case STEP_SLEEP:
        return s->has_work;
    case STEP_TIMER:
    case STEP_SIGNAL:
        return s->count > 0;
    case STEP_NICE:
        return s->count >= -20 && s->count <= 19;
    case STEP_LOOP:
        return s->nr_body > 0 && (s->count != 0 || s->has_work);
    default:
        return true;
    }
}

static bool check_reference(const struct step *s, void *data, GError **error)
{
    const struct references *r = data;
    unsigned kinds = object_kinds(s->kind);

    if (kinds != 0 && !object_ok(r->w, s->object, kinds)) {
        return check_fail(r->w, s->mark, error,
                          "'%s' on no object of its kind; expected one that is declared",
                          step_kind_name(s->kind));
    }
    if (!values_ok(r, s)) {
        return check_fail(r->w, s->mark, error,
                          "'%s' with a value or a name that is out of bounds; expected %s",
                          step_kind_name(s->kind),
                          s->kind == STEP_TOUCH ? "at most the region's size" : "what is declared");
    }
    if (s->kind == STEP_READ || s->kind == STEP_WRITE) {
        const struct workload_object *pipe = &r->w->objects[s->object];

        if (s->count < 1 || s->count > pipe->initial) {
            return check_fail(r->w, s->mark, error,
                              "%" G_GINT64_FORMAT " bytes at once through the pipe '%s', which "
                              "holds %" G_GINT64_FORMAT "; expected no more than it holds",
                              s->count, pipe->name, pipe->initial);
        }
    }
    return true;
}

bool check_references(const struct workload *w, const struct workload_process *p,
                      const struct thread_group *group, GError **error)
{
    struct references r = {.w = w, .p = p};

    return check_visit(group->steps, group->nr_steps, check_reference, &r, error);
}

/* ------------------------------------------------------------------------------------------- */
/* Flow                                                                                        */

struct flow {
    const struct workload *w;
    const struct thread_group *group;
    uint32_t nr_bits;
    uint64_t *held; /* the locks that the thread holds here */
    bool ended;     /* no step after this place is reached */
    GError **error;
};

static bool walk(struct flow *f, const struct step *steps, int32_t nr_steps);

/*
 * Whether one turn of @steps is sure to take time or to wait for something. A wait counts: it may
 * return at once, but something else must then have moved; the interpreter's limit of steps at
 * one instant catches two threads that wake each other for ever in no time.
 */
static bool takes_time(const struct step *steps, int32_t nr_steps)
{
    for (int32_t i = 0; i < nr_steps; i++) {
        const struct step *s = &steps[i];

        switch (s->kind) {
        case STEP_RUN:
        case STEP_SLEEP:
            if (dist_mean(&s->work) > 0) {
                return true;
            }
            break;
        case STEP_TIMER:
        case STEP_WAIT:
        case STEP_READ:
        case STEP_WRITE:
        case STEP_BARRIER:
        case STEP_COND_WAIT:
        case STEP_SERVE:
        case STEP_EXIT:
            return true;
        case STEP_LOOP:
        case STEP_MEASURE:
            if (takes_time(s->body, s->nr_body)) {
                return true;
            }
            break;
        default:
            break;
        }
    }
    return false;
}

static bool walk_loop(struct flow *f, const struct step *s)
{
    g_autofree uint64_t *before = bitmap_new(f->nr_bits);
    uint32_t differs;

    if ((s->count < 0 || s->has_work) && !takes_time(s->body, s->nr_body)) {
        return check_fail(f->w, s->mark, f->error,
                          "a loop %s whose turns take no time; expected a step such as 'run', "
                          "'sleep' or 'wait' in it",
                          s->count < 0 ? "for ever" : "for a time");
    }
    bitmap_copy(before, f->held, f->nr_bits);
    if (!walk(f, s->body, s->nr_body)) {
        return false;
    }
    if (!f->ended && !bitmap_equal(before, f->held, f->nr_bits)) {
        for (differs = 0; bitmap_test(before, differs) == bitmap_test(f->held, differs);
             differs++) {
        }
        return check_fail(f->w, s->mark, f->error,
                          "a turn of this loop %s '%s' and does not %s it; expected each turn to "
                          "leave the locks as it found them",
                          bitmap_test(f->held, differs) ? "locks" : "unlocks",
                          f->w->objects[differs].name,
                          bitmap_test(f->held, differs) ? "unlock" : "lock");
    }
    f->ended = f->ended || s->count < 0;
    return true;
}

static bool walk_lock(struct flow *f, const struct step *s)
{
    uint32_t object = (uint32_t)(s->kind == STEP_COND_WAIT ? s->other : s->object);
    const char *name = f->w->objects[object].name;
    bool held = bitmap_test(f->held, object);

    if (s->kind == STEP_LOCK) {
        if (held) {
            return check_fail(f->w, s->mark, f->error,
                              "the thread locks '%s' twice and waits for itself; expected an "
                              "'unlock' in between",
                              name);
        }
        bitmap_set(f->held, object);
        return true;
    }
    if (!held) {
        return check_fail(f->w, s->mark, f->error,
                          "'%s' without holding '%s'; expected a 'lock' before",
                          step_kind_name(s->kind), name);
    }
    if (s->kind == STEP_UNLOCK) {
        bitmap_clear(f->held, object);
    }
    return true;
}

static bool end_of_thread(struct flow *f, struct workload_mark mark)
{
    uint32_t object = bitmap_next(f->held, f->nr_bits, 0);

    if (object < f->nr_bits) {
        return check_fail(f->w, mark, f->error,
                          "a thread of '%s' ends and still holds '%s'; expected an 'unlock'",
                          f->group->name, f->w->objects[object].name);
    }
    return true;
}

static bool walk_step(struct flow *f, const struct step *s)
{
    switch (s->kind) {
    case STEP_LOCK:
    case STEP_UNLOCK:
    case STEP_COND_WAIT:
        return walk_lock(f, s);
    case STEP_LOOP:
        return walk_loop(f, s);
    case STEP_EXIT:
        f->ended = true;
        return end_of_thread(f, s->mark);
    default:
        return walk(f, s->body, s->nr_body);
    }
}

static bool walk(struct flow *f, const struct step *steps, int32_t nr_steps)
{
    for (int32_t i = 0; i < nr_steps; i++) {
        if (f->ended) {
            return check_fail(f->w, steps[i].mark, f->error,
                              "'%s' is never reached: the steps before it never end; expected "
                              "nothing after 'forever' or 'exit'",
                              step_kind_name(steps[i].kind));
        }
        if (!walk_step(f, &steps[i])) {
            return false;
        }
    }
    return true;
}

bool check_flow(const struct workload *w, const struct thread_group *group, GError **error)
{
    uint32_t nr_bits = (uint32_t)w->nr_objects + 1;
    g_autofree uint64_t *held = bitmap_new(nr_bits);
    struct flow f = {.w = w, .group = group, .nr_bits = nr_bits, .held = held, .error = error};

    return walk(&f, group->steps, group->nr_steps) && (f.ended || end_of_thread(&f, group->mark));
}
