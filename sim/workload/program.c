/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A thread's program: a stack of step lists, carried out one step after the other. */
#include "workload/interp-private.h"

enum { MAX_STEPS_AT_ONCE = 1000000 };

int64_t thread_draw(struct thread *th, const struct dist *dist)
{
    if (dist->kind == DIST_FIXED) {
        return dist->a;
    }
    if (th->serving != NULL) {
        return dist_draw(dist, &th->request_rng, th->request_draws++);
    }
    return dist_draw(dist, &th->rng, th->draws++);
}

static struct frame *push(struct thread *th, const struct step *owner, const struct step *steps,
                          int32_t nr_steps)
{
    if (th->depth == th->frames_size) {
        bool own = th->frames == th->first_frames;

        th->frames_size *= 2;
        th->frames = g_renew(struct frame, own ? NULL : th->frames, (gsize)th->frames_size);
        if (own) {
            memcpy(th->frames, th->first_frames, sizeof(th->first_frames));
        }
    }
    struct frame *f = &th->frames[th->depth++];

    *f = (struct frame){
        .owner = owner, .steps = steps, .nr_steps = nr_steps, .until_ns = TIME_NEVER_NS};
    return f;
}

static void push_loop(struct thread *th, const struct step *step)
{
    if (step->count == 0 && !step->has_work) {
        return;
    }
    struct frame *f = push(th, step, step->body, step->nr_body);

    f->left = step->has_work || step->count < 0 ? -1 : step->count - 1;
    if (step->has_work) {
        f->until_ns = time_add_ns(kernel_now_ns(thread_kernel(th)), thread_draw(th, &step->work));
    }
}

/* The body of the innermost frame is done: another round, or back to where it came from. */
static void frame_done(struct thread *th, struct frame *f)
{
    struct kernel *k = thread_kernel(th);

    if (f->left != 0 && kernel_now_ns(k) < f->until_ns) {
        f->left -= f->left > 0;
        f->next = 0;
        return;
    }
    if (f->owner != NULL && f->owner->kind == STEP_SERVE) {
        serve_done(th);
    } else if (f->owner != NULL && f->owner->kind == STEP_MEASURE) {
        const struct numasim_task *t = task_pub(th->task);

        kernel_emit(k, TP_MEASURE, t->id, t->cpu, th->instance->metric_base + f->owner->metric,
                    f->begin_ns, 0, 0);
    }
    th->depth--;
}

void thread_end(struct thread *th, struct task *waker)
{
    struct thread *parent = th->parent;

    if (th->ended) {
        return;
    }
    th->ended = true;
    if (parent != NULL) {
        parent->joined_ns = MAX(parent->joined_ns, th->path_ns);
    }
    if (parent != NULL && !parent->ended && --parent->children == 0 && parent->joining) {
        parent->joining = false;
        parent->path_ns = MAX(parent->path_ns, parent->joined_ns);
        kernel_wake(thread_kernel(th), parent->task, waker, 0);
    }
}

void thread_exit(struct thread *th)
{
    thread_end(th, th->task);
    task_exit(thread_kernel(th), th->task);
}

static enum step_result run_step(struct thread *th, const struct step *step)
{
    struct kernel *k = thread_kernel(th);
    int64_t work_ns = thread_draw(th, &step->work);

    task_touch_for_run(k, th->task, work_ns);
    path_run(th, work_ns);
    task_run(k, th->task, work_ns);
    return STEP_TAKES_TIME;
}

static void sleep_step(struct thread *th, int64_t sleep_ns)
{
    th->path_ns = time_add_ns(th->path_ns, sleep_ns);
    thread_sleep_until(th, time_add_ns(kernel_now_ns(thread_kernel(th)), sleep_ns));
}

static enum step_result timer_step(struct thread *th, const struct step *step)
{
    if (th->timer_next_ns == 0) {
        th->timer_next_ns = th->start_ns;
    }
    int64_t now_ns = kernel_now_ns(thread_kernel(th));

    th->timer_next_ns += step->count;
    if (th->timer_next_ns < now_ns) { /* late: those that have passed are left out */
        int64_t missed = (now_ns - th->timer_next_ns + step->count - 1) / step->count;

        th->timer_next_ns += missed * step->count;
    }
    if (th->timer_next_ns == now_ns) {
        return STEP_GOES_ON;
    }
    thread_sleep_until(th, th->timer_next_ns);
    return STEP_TAKES_TIME;
}

static enum step_result fork_step(struct thread *th, const struct step *step)
{
    const struct thread_group *group = &th->process->spec->groups[step->other];

    for (int64_t i = 0; i < step->count; i++) {
        struct thread *child = thread_new(th->instance->interp, th->process, group, th, NULL);

        if (child == NULL) {
            kernel_fail(thread_kernel(th), "a thread of group '%s' cannot be made", group->name);
            return STEP_TAKES_TIME;
        }
        th->children++;
        child->start_ns = kernel_now_ns(thread_kernel(th));
        child->path_ns = th->path_ns;
        kernel_task_start(thread_kernel(th), child->task, th->task);
    }
    return pay(th);
}

static enum step_result join_step(struct thread *th)
{
    if (th->children == 0) {
        th->path_ns = MAX(th->path_ns, th->joined_ns);
        return STEP_GOES_ON;
    }
    th->joining = true;
    task_block(thread_kernel(th), th->task);
    return STEP_TAKES_TIME;
}

static enum step_result begin_serve(struct thread *th, const struct step *step)
{
    bool taken;
    enum step_result result = serve_step(th, step, &taken);

    /* Either way the body is next: a thread that waits is woken with its request. */
    push(th, step, step->body, step->nr_body);
    return result;
}

static enum step_result step_carry_out(struct thread *th, const struct step *step)
{
    struct kernel *k = thread_kernel(th);
    const struct numasim_task *t = task_pub(th->task);

    switch (step->kind) {
    case STEP_RUN:
        return run_step(th, step);
    case STEP_ACCESS:
        task_set_mix(k, th->task, interp_mix(th->instance->interp, step, &step->mix));
        return STEP_GOES_ON;
    case STEP_TOUCH:
        task_touch(k, th->task, step->object, step->bytes);
        return pay(th);
    case STEP_MADVISE:
        task_madvise(k, th->task, step->object, step->count != 0);
        return STEP_GOES_ON;
    case STEP_SLEEP:
        sleep_step(th, thread_draw(th, &step->work));
        return STEP_TAKES_TIME;
    case STEP_TIMER:
        return timer_step(th, step);
    case STEP_FORK:
        return fork_step(th, step);
    case STEP_JOIN:
        return join_step(th);
    case STEP_EXIT:
        thread_exit(th);
        return STEP_TAKES_TIME;
    case STEP_YIELD:
        task_yield(k, th->task);
        return STEP_TAKES_TIME;
    case STEP_CPUTIME:
        task_read_cputime(k, th->task);
        return STEP_GOES_ON;
    case STEP_EXEC:
        task_exec(k, th->task, false);
        return STEP_TAKES_TIME;
    case STEP_NICE:
        kernel_task_set_nice(k, th->task, (int32_t)step->count);
        return STEP_GOES_ON;
    case STEP_LOOP:
        push_loop(th, step);
        return STEP_GOES_ON;
    case STEP_SERVE:
        return begin_serve(th, step);
    case STEP_MEASURE:
        push(th, step, step->body, step->nr_body)->begin_ns = kernel_now_ns(k);
        return STEP_GOES_ON;
    case STEP_COUNT:
        kernel_emit(k, TP_COUNT, t->id, t->cpu, th->instance->metric_base + step->metric, 0, 0, 0);
        return STEP_GOES_ON;
    default:
        return sync_step(th, step);
    }
}

/* True if the process's first thread has regions to touch before this one may begin. */
static bool waits_for_first(const struct thread *th)
{
    const struct process_instance *p = th->process;

    for (int32_t i = 0; i < p->spec->nr_regions && p->first != th && !p->is_touched; i++) {
        if (p->spec->regions[i].touch == TOUCH_FIRST) {
            return true;
        }
    }
    return false;
}

/* The first thread has touched what it had to, and paid for it. */
static void let_others_begin(struct thread *th)
{
    struct list *late = &th->process->late;

    th->process->is_touched = true;
    while (!list_empty(late)) {
        struct thread *other = container_of(late->next, struct thread, wait);

        list_del(&other->wait);
        kernel_wake(thread_kernel(th), other->task, th->task, 0);
    }
}

/* First touches that come before anything else; true if there were any. */
static bool begin(struct thread *th)
{
    const struct workload_process *spec = th->process->spec;
    bool touched = false;
    bool is_first = th->process->first == th;

    th->begun = true;
    for (int32_t i = 0; i < spec->nr_regions; i++) {
        const struct workload_region *r = &spec->regions[i];

        if (r->touch == TOUCH_FIRST && is_first) {
            task_touch_all(thread_kernel(th), th->task, i);
            touched = true;
        } else if (r->touch == TOUCH_EACH) {
            int64_t bytes = r->shared ? r->size_bytes / MAX(th->process->planned_threads, 1) : 0;

            task_touch(thread_kernel(th), th->task, i, bytes);
            touched = true;
        }
    }
    return touched;
}

void program_prepare(struct thread *th)
{
    uint8_t state = task_pub(th->task)->task_state;

    if (state != NUMASIM_TASK_BLOCKED && state != NUMASIM_TASK_DELAYED) {
        return; /* still on its way to sleep: the wakeup will only cancel that */
    }
    while (th->depth > 0 && th->begun && task_mix(th->task) == NULL) {
        struct frame *f = &th->frames[th->depth - 1];

        if (f->next == f->nr_steps && f->owner != NULL && f->owner->kind == STEP_LOOP &&
            f->left != 0 && f->until_ns == TIME_NEVER_NS && f->nr_steps > 0) {
            frame_done(th, f);
        } else if (f->next < f->nr_steps && f->steps[f->next].kind == STEP_RUN) {
            run_step(th, &f->steps[f->next++]);
            return;
        } else {
            return;
        }
    }
}

static void sleep_timer(struct kernel *k, struct ktimer *timer)
{
    struct thread *th = container_of(timer, struct thread, timer);

    task_prefetch(th->task);
    program_prepare(th);
    kernel_wake(k, th->task, NULL, 0);
}

void thread_sleep_until(struct thread *th, int64_t at_ns)
{
    th->timer.fn = sleep_timer;
    kernel_timer_set_on(thread_kernel(th), &th->timer, at_ns, task_pub(th->task)->cpu);
    task_block(thread_kernel(th), th->task);
}

void program_prefetch(const struct ktimer *timer)
{
    const struct thread *th = container_of(timer, const struct thread, timer);

    if (timer->fn != sleep_timer) {
        return; /* not a thread's, or it has only just begun */
    }
    for (size_t at = 64; at < offsetof(struct thread, wait); at += 64) {
        __builtin_prefetch((const char *)th + at);
    }
    task_prefetch(th->task);
}

void program_advance(struct thread *th)
{
    struct kernel *k = thread_kernel(th);

    if (!th->begun) {
        if (waits_for_first(th)) {
            list_add_tail(&th->process->late, &th->wait);
            task_block(k, th->task);
            return;
        }
        push(th, NULL, th->group->steps, th->group->nr_steps);
        if (begin(th)) {
            task_run(k, th->task, 0);
            return;
        }
    }
    if (th->process->first == th && !th->process->is_touched) {
        let_others_begin(th);
    }
    if (th->serving != NULL && th->request.start_ns == 0) {
        th->request.start_ns = kernel_now_ns(k);
    }
    for (int32_t n = 0; n < MAX_STEPS_AT_ONCE; n++) {
        if (th->depth == 0) {
            thread_exit(th);
            return;
        }
        struct frame *f = &th->frames[th->depth - 1];

        if (f->next == f->nr_steps) {
            frame_done(th, f);
        } else if (step_carry_out(th, &f->steps[f->next++]) == STEP_TAKES_TIME) {
            return;
        }
    }
    kernel_fail(k, "a thread of '%s' goes through steps for ever without time passing",
                th->group->name);
}
