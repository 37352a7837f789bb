/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What threads do to each other: who ends each wait, who starts whom, and whether a run ends. */
#include "workload/check-private.h"

/* Who does what to an object, over all threads. */
struct use {
    const struct step *taker, *giver; /* a step that waits for it, and one that ends such a wait */
    int64_t threads;                  /* that come to the barrier */
    int32_t last_group;               /* the group counted last in it, plus 1 */
};

struct meetings {
    const struct workload *w;
    const struct workload_process *p;
    const struct thread_group *group;
    int32_t group_index;        /* over all processes, from 1 */
    bool *forked;               /* [nr_groups] of the process: some thread forks it */
    struct use *uses;           /* [nr_objects] */
    bool *served;               /* [nr_arrivals] */
    const struct step *endless; /* a loop for ever in a thread that runs */
};

static bool note_fork(const struct step *s, void *data, GError **error)
{
    bool *forked = data;

    (void)error;
    if (s->kind == STEP_FORK) {
        forked[s->other] = true;
    }
    return true;
}

static bool note_step(const struct step *s, void *data, GError **error)
{
    struct meetings *m = data;
    struct use none = {0};
    struct use *use = s->object >= 0 && s->object < m->w->nr_objects ? &m->uses[s->object] : &none;

    (void)error;
    switch (s->kind) {
    case STEP_WAIT:
    case STEP_READ:
    case STEP_COND_WAIT:
        use->taker = use->taker != NULL ? use->taker : s;
        break;
    case STEP_SIGNAL:
    case STEP_WRITE:
    case STEP_COND_SIGNAL:
    case STEP_COND_BROADCAST:
        use->giver = use->giver != NULL ? use->giver : s;
        break;
    case STEP_BARRIER:
        use->taker = use->taker != NULL ? use->taker : s;
        if (use->last_group != m->group_index) {
            use->last_group = m->group_index;
            /* How many threads a fork starts is known only by running it: as many as needed. */
            use->threads += m->forked[m->group - m->p->groups]
                                ? INT32_MAX
                                : (int64_t)m->group->count * m->p->count;
        }
        break;
    case STEP_SERVE:
        m->served[s->other] = true;
        break;
    case STEP_LOOP:
        if (s->count < 0 && m->endless == NULL) {
            m->endless = s;
        }
        break;
    default:
        break;
    }
    return true;
}

static bool check_use(const struct workload *w, const struct workload_object *o,
                      const struct use *use, GError **error)
{
    if (o->kind == OBJECT_BARRIER) {
        if (use->taker != NULL && use->threads < o->initial) {
            return check_fail(w, use->taker->mark, error,
                              "the barrier '%s' waits for %" G_GINT64_FORMAT
                              " threads, and %" G_GINT64_FORMAT
                              " come to it; expected at least as many",
                              o->name, o->initial, use->threads);
        }
        return true;
    }
    if (o->kind == OBJECT_PIPE && use->giver != NULL && use->taker == NULL) {
        return check_fail(w, use->giver->mark, error,
                          "nothing reads from the pipe '%s'; expected a 'read'", o->name);
    }
    if (use->taker == NULL || use->giver != NULL) {
        return true;
    }
    switch (o->kind) {
    case OBJECT_SEMAPHORE:
        return o->initial > 0 ||
               check_fail(w, use->taker->mark, error,
                          "nothing signals the semaphore '%s'; expected a 'signal'", o->name);
    case OBJECT_PIPE:
        return check_fail(w, use->taker->mark, error,
                          "nothing writes to the pipe '%s'; expected a 'write'", o->name);
    case OBJECT_CONDITION:
        return check_fail(w, use->taker->mark, error,
                          "nothing signals the condition '%s'; expected a 'cond-signal' or "
                          "'cond-broadcast'",
                          o->name);
    default:
        return true;
    }
}

static bool note_process(struct meetings *m, const struct workload_process *p, GError **error)
{
    g_autofree bool *forked = g_new0(bool, (gsize)p->nr_groups + 1);

    m->p = p;
    m->forked = forked;
    for (int32_t g = 0; g < p->nr_groups; g++) {
        if (!check_visit(p->groups[g].steps, p->groups[g].nr_steps, note_fork, forked, error)) {
            return false;
        }
    }
    for (int32_t g = 0; g < p->nr_groups; g++) {
        m->group = &p->groups[g];
        m->group_index++;
        if (!check_visit(m->group->steps, m->group->nr_steps, note_step, m, error)) {
            return false;
        }
    }
    return true;
}

static bool check_uses(const struct workload *w, GError **error)
{
    g_autofree struct use *uses = g_new0(struct use, (gsize)w->nr_objects + 1);
    g_autofree bool *served = g_new0(bool, (gsize)w->nr_arrivals + 1);
    struct meetings m = {.w = w, .uses = uses, .served = served};

    for (int32_t i = 0; i < w->nr_processes; i++) {
        if (!note_process(&m, &w->processes[i], error)) {
            return false;
        }
    }
    for (int32_t i = 0; i < w->nr_objects; i++) {
        if (!check_use(w, &w->objects[i], &uses[i], error)) {
            return false;
        }
    }
    for (int32_t i = 0; i < w->nr_arrivals; i++) {
        if (!served[i]) {
            return check_fail(w, w->arrivals[i].mark, error,
                              "nothing serves '%s'; expected a 'serve' from it",
                              w->arrivals[i].name);
        }
    }
    if (m.endless != NULL && w->duration_ns == 0) {
        return check_fail(w, m.endless->mark, error,
                          "this loop has no end, and the workload no 'duration'; expected, at the "
                          "top of the file, one such as 'duration: 10s'");
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* Forks                                                                                       */

enum colour { UNSEEN, OPEN, DONE };

struct forks {
    const struct workload *w;
    const struct workload_process *p;
    enum colour *colours; /* [nr_groups] */
};

static bool visit_group(struct forks *f, int32_t index, GError **error);

static bool visit_fork(const struct step *s, void *data, GError **error)
{
    struct forks *f = data;

    if (s->kind != STEP_FORK) {
        return true;
    }
    if (f->colours[s->other] == OPEN) {
        return check_fail(f->w, s->mark, error,
                          "forks without end: '%s' starts, by way of others or itself, the "
                          "thread that starts it; expected a chain that ends",
                          f->p->groups[s->other].name);
    }
    return visit_group(f, s->other, error);
}

static bool visit_group(struct forks *f, int32_t index, GError **error)
{
    const struct thread_group *g = &f->p->groups[index];

    if (f->colours[index] == DONE) {
        return true;
    }
    f->colours[index] = OPEN;
    if (!check_visit(g->steps, g->nr_steps, visit_fork, f, error)) {
        return false;
    }
    f->colours[index] = DONE;
    return true;
}

static bool check_forks(const struct workload *w, const struct workload_process *p, GError **error)
{
    g_autofree enum colour *colours = g_new0(enum colour, (gsize)p->nr_groups + 1);
    struct forks f = {.w = w, .p = p, .colours = colours};

    for (int32_t i = 0; i < p->nr_groups; i++) {
        if (p->groups[i].count > 0 && !visit_group(&f, i, error)) {
            return false;
        }
    }
    for (int32_t i = 0; i < p->nr_groups; i++) {
        if (colours[i] == UNSEEN) {
            return check_fail(w, p->groups[i].mark, error,
                              "nothing ever starts '%s'; expected a 'count', or a 'fork' of it in "
                              "a thread that runs",
                              p->groups[i].name);
        }
    }
    return true;
}

bool check_meetings(const struct workload *w, GError **error)
{
    for (int32_t i = 0; i < w->nr_processes; i++) {
        if (!check_forks(w, &w->processes[i], error)) {
            return false;
        }
    }
    return check_uses(w, error);
}
