/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open-loop arrivals: requests come when they come, wait in one queue, and are served in order. */
#include "workload/interp-private.h"

static void queue_push(struct source *s, struct request request)
{
    if (s->count == s->size) {
        uint32_t size = MAX(64, s->size * 2);
        struct request *queue = g_new(struct request, size);

        for (uint32_t i = 0; i < s->count; i++) {
            queue[i] = s->queue[(s->head + i) % s->size];
        }
        g_free(s->queue);
        s->queue = queue;
        s->size = size;
        s->head = 0;
    }
    s->queue[(s->head + s->count++) % s->size] = request;
}

static struct request queue_pop(struct source *s)
{
    struct request request = s->queue[s->head];

    s->head = (s->head + 1) % s->size;
    s->count--;
    return request;
}

/* @th begins to serve @request: from here its draws are the request's. */
static void take(struct thread *th, struct source *s, struct request request)
{
    th->serving = s;
    th->request = request;
    th->request_rng = rng_entity(&s->rng, (uint64_t)request.id);
    th->request_draws = 0;
}

static void arrive(struct source *s)
{
    struct kernel *k = s->instance->interp->kernel;
    struct request request = {.id = s->next_id++, .arrival_ns = kernel_now_ns(k)};

    kernel_emit(k, TP_REQUEST_ARRIVE, (int32_t)request.id, -1, s->index, 0, 0, 0);
    if (list_empty(&s->idle)) {
        queue_push(s, request);
        return;
    }
    struct thread *th = container_of(s->idle.next, struct thread, wait);

    list_del(&th->wait);
    take(th, s, request);
    kernel_wake(k, th->task, NULL, 0);
}

/* When arrival (or burst) number @n comes after the one before it. */
static int64_t interval_ns(const struct source *s, int64_t n)
{
    struct dist poisson = {.kind = DIST_EXPONENTIAL, .a = s->spec->interval_ns};

    if (s->spec->kind != ARRIVAL_POISSON) {
        return s->spec->interval_ns;
    }
    struct rng intervals = rng_entity(&s->rng, UINT64_MAX);

    return dist_draw(&poisson, &intervals, (uint64_t)n);
}

static void set_next(struct source *s, int64_t from_ns)
{
    const struct workload_arrival *spec = s->spec;
    struct kernel *k = s->instance->interp->kernel;
    int64_t at_ns = time_add_ns(from_ns, interval_ns(s, s->next_id));

    if ((spec->stop_ns > 0 && at_ns >= spec->stop_ns) ||
        (spec->limit > 0 && s->next_id >= spec->limit)) {
        return;
    }
    kernel_timer_set(k, &s->timer, at_ns);
}

static void source_timer(struct kernel *k, struct ktimer *timer)
{
    struct source *s = container_of(timer, struct source, timer);

    for (int32_t i = 0; i < MAX(s->spec->burst, 1); i++) {
        if (s->spec->limit == 0 || s->next_id < s->spec->limit) {
            arrive(s);
        }
    }
    set_next(s, kernel_now_ns(k));
}

void sources_start(struct instance *in)
{
    const struct workload *w = in->spec;

    in->sources = g_new0(struct source, (gsize)w->nr_arrivals);
    for (int32_t i = 0; i < w->nr_arrivals; i++) {
        struct source *s = &in->sources[i];

        s->spec = &w->arrivals[i];
        s->instance = in;
        s->index = (int32_t)in->interp->source_names->len;
        s->rng = rng_entity(&in->rng, rng_name_id(s->spec->name));
        s->timer.fn = source_timer;
        list_init(&s->idle);
        g_ptr_array_add(in->interp->source_names, g_strdup(s->spec->name));
        set_next(s, s->spec->start_ns);
    }
}

enum step_result serve_step(struct thread *th, const struct step *step, bool *ret_taken)
{
    struct source *s = &th->instance->sources[step->other];

    *ret_taken = s->count > 0;
    if (*ret_taken) {
        take(th, s, queue_pop(s));
        th->request.start_ns = kernel_now_ns(thread_kernel(th));
        return STEP_GOES_ON;
    }
    list_add_tail(&s->idle, &th->wait);
    task_block(thread_kernel(th), th->task);
    return STEP_TAKES_TIME;
}

void serve_done(struct thread *th)
{
    const struct numasim_task *t = task_pub(th->task);

    kernel_emit(thread_kernel(th), TP_REQUEST_DONE, (int32_t)th->request.id, t->cpu,
                th->serving->index, th->request.arrival_ns, t->id, th->request.start_ns);
    th->serving = NULL;
}
