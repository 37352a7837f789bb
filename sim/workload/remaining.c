/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be known before it happens.
 *
 * The work that a thread has yet to do, for policies that are oracles: its program from where it
 * stands to its end, with the very draws that it will make. It is walked once, at the first question;
 * after that only what was done since is subtracted.
 *
 * And path_ns, a time before which no machine and no policy can bring a thread to where it is: its
 * start, the runs and sleeps of its program one after the other at the best pace there is, from the
 * fork of its parent on, and after the children it joined. Waiting for others by semaphores, pipes,
 * locks and requests is left out, because who waits for whom may depend on the schedule; so are
 * timers, of which a late thread leaves some out.
 */
#include "workload/interp-private.h"

/* Steps that are walked one by one; what lies beyond is reckoned with the means of its draws. */
enum { MAX_STEPS_WALKED = 100000 };

struct walk {
    const struct thread *thread;
    uint64_t draws;
    int64_t budget; /* steps */
    int64_t ns;
    bool exits; /* the program ended within what was walked */
};

static int64_t peek(struct walk *w, const struct dist *dist)
{
    if (dist->kind == DIST_FIXED) {
        return dist->a;
    }
    return w->budget > 0 ? dist_draw(dist, &w->thread->rng, w->draws++) : dist_mean(dist);
}

/* False where the end is not known. */
static bool walk_steps(struct walk *w, const struct step *steps, int32_t from, int32_t nr);

/* @rounds times the body; what is the same in each round is walked once. */
static bool walk_rounds(struct walk *w, const struct step *body, int32_t nr, int64_t rounds)
{
    for (int64_t i = 0; i < rounds && !w->exits; i++) {
        uint64_t draws = w->draws;
        int64_t before_ns = w->ns, more;

        if (!walk_steps(w, body, 0, nr)) {
            return false;
        }
        if (w->draws == draws && !w->exits) {
            return !__builtin_mul_overflow(w->ns - before_ns, rounds - i - 1, &more) &&
                   !__builtin_add_overflow(w->ns, more, &w->ns);
        }
    }
    return true;
}

static bool walk_step(struct walk *w, const struct step *step)
{
    switch (step->kind) {
    case STEP_RUN:
        w->ns = time_add_ns(w->ns, peek(w, &step->work));
        return w->ns != TIME_NEVER_NS;
    case STEP_SLEEP:
        peek(w, &step->work);
        return true;
    case STEP_LOOP:
        return !step->has_work && step->count >= 0 &&
               walk_rounds(w, step->body, step->nr_body, step->count);
    case STEP_MEASURE:
        return walk_steps(w, step->body, 0, step->nr_body);
    case STEP_SERVE:
        return false;
    case STEP_EXIT:
        w->exits = true;
        return true;
    default:
        return true;
    }
}

static bool walk_steps(struct walk *w, const struct step *steps, int32_t from, int32_t nr)
{
    for (int32_t i = from; i < nr && !w->exits; i++) {
        w->budget--;
        if (!walk_step(w, &steps[i])) {
            return false;
        }
    }
    return true;
}

/* From where the thread stands, through each list of steps around it, to the end. */
static bool walk_program(struct walk *w)
{
    const struct thread *th = w->thread;

    if (th->depth == 0) {
        return th->begun || walk_steps(w, th->group->steps, 0, th->group->nr_steps);
    }
    for (int32_t i = th->depth - 1; i >= 0 && !w->exits; i--) {
        const struct frame *f = &th->frames[i];
        bool is_serve = f->owner != NULL && f->owner->kind == STEP_SERVE;

        if (is_serve || f->left < 0 || f->until_ns != TIME_NEVER_NS ||
            !walk_steps(w, f->steps, f->next, f->nr_steps) ||
            !walk_rounds(w, f->steps, f->nr_steps, f->left)) {
            return false;
        }
    }
    return true;
}

static int64_t given_ns(const struct thread *th)
{
    return kernel_task_work_done_ns(thread_kernel(th), th->task) +
           kernel_task_work_left_ns(thread_kernel(th), th->task);
}

int64_t thread_remaining_ns(struct thread *th)
{
    if (th->ended) {
        return 0;
    }
    if (th->total_ns == 0) {
        struct walk w = {.thread = th, .draws = th->draws, .budget = MAX_STEPS_WALKED};
        bool known = true;

        if (th->trace != NULL) {
            w.ns = replay_left_ns(th);
        } else {
            known = walk_program(&w);
        }
        th->total_ns = known ? MAX(time_add_ns(given_ns(th), w.ns), 1) : -1;
    }
    return th->total_ns < 0 ? TIME_NEVER_NS : MAX(th->total_ns - given_ns(th), 0);
}

void path_run(struct thread *th, int64_t work_ns)
{
    th->path_ns = time_add_ns(th->path_ns, kernel_least_ns(thread_kernel(th), work_ns));
}

int64_t interp_critical_ns(const struct interp *it)
{
    int64_t ns = 0;

    for (guint i = 0; i < it->threads->len; i++) {
        const struct thread *th = g_ptr_array_index(it->threads, i);

        ns = MAX(ns, th->path_ns);
    }
    return ns;
}
