/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recorded traces: each task goes through its bursts, blocks and wakes; wakes are counted, so that
 * the k-th block of a task ends with its k-th wake on whatever machine, and a cause stays before
 * its effect.
 */
#include "workload/interp-private.h"

/* Gives @th one wake credit; wakes it if it waits for one. */
static void credit(struct thread *th, struct thread *waker, uint32_t flags)
{
    if (th->ended) {
        return;
    }
    if (!th->waits_for_credit) {
        th->credits++;
        return;
    }
    th->waits_for_credit = false;
    kernel_wake(thread_kernel(th), th->task, waker != NULL ? waker->task : NULL, flags);
}

static enum step_result block(struct thread *th)
{
    if (th->credits > 0) {
        th->credits--;
        return STEP_GOES_ON;
    }
    th->waits_for_credit = true;
    task_block(thread_kernel(th), th->task);
    return STEP_TAKES_TIME;
}

static enum step_result carry_out(struct thread *th, struct trace_step step)
{
    struct kernel *k = thread_kernel(th);
    int64_t arg = trace_step_arg(step);
    enum trace_op op = trace_step_op(step);

    switch (op) {
    case TRACE_RUN:
        task_touch_for_run(k, th->task, arg);
        task_run(k, th->task, arg);
        return STEP_TAKES_TIME;
    case TRACE_WAKE:
    case TRACE_WAKE_SYNC:
        credit(th->instance->trace_threads[arg], th, op == TRACE_WAKE_SYNC ? NUMASIM_WAKE_SYNC : 0);
        return pay(th);
    case TRACE_BLOCK:
        return block(th);
    case TRACE_BLOCK_UNTIL:
        if (arg <= kernel_now_ns(k)) {
            return STEP_GOES_ON;
        }
        thread_sleep_until(th, arg);
        return STEP_TAKES_TIME;
    case TRACE_SLEEP:
        thread_sleep_until(th, time_add_ns(kernel_now_ns(k), arg));
        return STEP_TAKES_TIME;
    case TRACE_FORK:
        kernel_task_start(k, th->instance->trace_threads[arg]->task, th->task);
        return pay(th);
    case TRACE_EXIT:
        thread_exit(th);
        return STEP_TAKES_TIME;
    }
    g_assert_not_reached();
}

void replay_advance(struct thread *th)
{
    while (th->trace_next < th->trace->nr_steps) {
        if (carry_out(th, th->trace->steps[th->trace_next++]) == STEP_TAKES_TIME) {
            return;
        }
    }
    /* The recording ends here, not the task: it sleeps on. */
    th->waits_for_credit = true;
    task_block(thread_kernel(th), th->task);
}

static void start_timer(struct kernel *k, struct ktimer *timer)
{
    struct thread *th = container_of(timer, struct thread, timer);

    kernel_task_start(k, th->task, NULL);
}

static void wake_timer(struct kernel *k, struct ktimer *timer)
{
    struct thread *th = container_of(timer, struct thread, timer);

    kernel_wake(k, th->task, NULL, 0);
}

/* A task that sleeps when the recording begins does so here, too. */
static void begin(struct thread *th)
{
    struct kernel *k = thread_kernel(th);
    const struct trace_task *t = th->trace;
    struct trace_step first = t->nr_steps > 0 ? t->steps[0] : TRACE_STEP(TRACE_BLOCK, 0);

    if (t->parent >= 0) {
        return; /* its parent forks it */
    }
    if (t->runs_at_start ||
        (trace_step_op(first) != TRACE_BLOCK && trace_step_op(first) != TRACE_BLOCK_UNTIL)) {
        th->timer.fn = start_timer;
        kernel_timer_set(k, &th->timer, 0);
        return;
    }
    th->trace_next = 1;
    kernel_task_park(k, th->task);
    if (trace_step_op(first) == TRACE_BLOCK) {
        th->waits_for_credit = true;
    } else {
        th->timer.fn = wake_timer;
        kernel_timer_set(k, &th->timer, trace_step_arg(first));
    }
}

/* The process of command @comm: one for all its tasks, with the overlay's memory if it has any. */
static struct process *process_of(struct instance *in, GHashTable *by_comm, const char *comm,
                                  const struct trace_memory **ret_memory)
{
    const struct workload_trace *trace = in->spec->trace;
    struct process *p = g_hash_table_lookup(by_comm, comm);
    bool is_new = p == NULL;

    *ret_memory = NULL;
    if (is_new) {
        p = kernel_process_new(in->interp->kernel, comm);
        g_hash_table_insert(by_comm, (gpointer)comm, p);
    }
    for (int32_t i = 0; i < trace->nr_memory; i++) {
        if (g_str_equal(trace->memory[i].comm, comm)) {
            *ret_memory = &trace->memory[i];
        }
    }
    if (is_new && *ret_memory != NULL) {
        int32_t nr_tasks = 0;

        for (int32_t i = 0; i < trace->nr_tasks; i++) {
            nr_tasks += g_str_equal(trace->tasks[i].comm, comm);
        }
        process_add_regions(in->interp, p, (*ret_memory)->regions, (*ret_memory)->nr_regions,
                            nr_tasks);
    }
    return p;
}

static struct thread *replayed_thread(struct instance *in, const struct trace_task *spec)
{
    struct thread *th = g_new0(struct thread, 1);

    th->instance = in;
    th->trace = spec;
    th->rng = rng_entity(&in->rng, (uint64_t)(spec - in->spec->trace->tasks));
    list_init(&th->wait);
    g_ptr_array_add(in->interp->threads, th);
    return th;
}

bool replay_new(struct instance *in, GError **error)
{
    const struct workload_trace *trace = in->spec->trace;
    struct kernel *k = in->interp->kernel;
    g_autoptr(GHashTable) by_comm = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) slices = g_hash_table_new(NULL, NULL);

    (void)error;
    in->trace_threads = g_new0(struct thread *, (gsize)trace->nr_tasks);
    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        const struct trace_task *spec = &trace->tasks[i];
        const struct trace_memory *memory;
        struct thread *th = replayed_thread(in, spec);
        struct process *p = process_of(in, by_comm, spec->comm, &memory);
        int32_t slice = GPOINTER_TO_INT(g_hash_table_lookup(slices, p));
        struct task_params params = {
            .comm = spec->comm,
            .process = p,
            .nice = spec->prio - 120,
            .policy = spec->prio < 100 ? NUMASIM_SCHED_FIFO : NUMASIM_SCHED_OTHER,
            .rt_priority = 99 - spec->prio,
            .slice_index = slice,
            .driver_data = th,
        };

        g_hash_table_insert(slices, p, GINT_TO_POINTER(slice + 1));
        th->task = kernel_task_new(k, &params, NULL);
        if (memory != NULL) {
            task_set_mix(k, th->task, interp_mix(in->interp, memory, &memory->mix));
        }
        in->trace_threads[i] = th;
    }
    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        begin(in->trace_threads[i]);
    }
    return true;
}
