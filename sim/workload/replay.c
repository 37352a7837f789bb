/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recorded traces: each task goes through its bursts, blocks and wakes; wakes are counted, so that
 * the k-th block of a task ends with its k-th wake on whatever machine, and a cause stays before
 * its effect.
 *
 * A record shows that one task woke another, not what it waited for before that: a server that
 * answers while its client is awake leaves no trace of it. Two tasks that wake each other are taken
 * for such partners, and a wake between them for an answer to what the other did before it slept:
 * who comes to give it early owes it until the other has got there. Meanwhile it goes on, as an event
 * loop does with what else is ready; asleep itself, it is woken to pay, as poll() would return.
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

/* Who sleeps and owes wakes goes on, because one of them can be given now. False if it sleeps for
 * other reasons, or not at all: then it comes to it by itself. */
static bool summon(struct thread *debtor, struct thread *by)
{
    if (debtor->waits_for_credit) {
        debtor->waits_for_credit = false;
        debtor->trace_next -= debtor->past_end ? 0 : 1; /* it comes to this block again */
    } else if (debtor->settles) {
        debtor->settles = false;
    } else {
        return false;
    }
    kernel_wake(thread_kernel(debtor), debtor->task, by->task, 0);
    return true;
}

/* @th goes to sleep until somebody gives it a credit. */
static void wait_for_credit(struct thread *th)
{
    th->waits_for_credit = true;
    task_block(thread_kernel(th), th->task);
    for (guint i = 0; i < th->owed_by->len; i++) {
        if (summon(g_ptr_array_index(th->owed_by, i), th)) {
            break;
        }
    }
}

static bool ends_burst(enum trace_op op)
{
    return op == TRACE_BLOCK || op == TRACE_BLOCK_UNTIL || op == TRACE_SLEEP || op == TRACE_EXIT;
}

static bool steps_to(const struct thread *th, int32_t at, const struct thread *target)
{
    struct trace_step step = th->trace->steps[at];
    enum trace_op op = trace_step_op(step);

    return (op == TRACE_WAKE || op == TRACE_WAKE_SYNC) &&
           th->instance->trace_threads[trace_step_arg(step)] == target;
}

/* True if @target, awake, has in its present burst done all towards @th that it will: an answer may
 * then come, which @target finds when it would sleep. What it does while @th is awake is in no
 * record: a burst without a wake of @th counts when it has ended. */
static bool has_asked(const struct thread *target, const struct thread *th)
{
    const struct trace_task *t = target->trace;
    bool asked = false;

    for (int32_t i = target->trace_next; i < t->nr_steps; i++) {
        if (steps_to(target, i, th)) {
            return false;
        }
        if (ends_burst(trace_step_op(t->steps[i]))) {
            break;
        }
    }
    for (int32_t i = target->trace_next - 1; i >= 0 && !asked; i--) {
        if (ends_burst(trace_step_op(t->steps[i]))) {
            break;
        }
        asked = steps_to(target, i, th);
    }
    return asked && target->credits == 0 && !g_ptr_array_find(target->owes, th, NULL);
}

/* Gives the wakes that @th owes to those that are ready for them by now. */
static void settle(struct thread *th)
{
    for (guint i = 0; i < th->owes->len;) {
        struct thread *target = g_ptr_array_index(th->owes, i);

        if (!target->waits_for_credit && !has_asked(target, th)) {
            i++;
            continue;
        }
        g_ptr_array_remove_index(th->owes, i);
        g_ptr_array_remove(target->owed_by, th);
        credit(target, th, 0);
    }
}

void replay_ended(struct thread *th)
{
    for (guint i = 0; i < th->owed_by->len; i++) {
        struct thread *debtor = g_ptr_array_index(th->owed_by, i);

        g_ptr_array_remove(debtor->owes, th);
        summon(debtor, th);
    }
    g_ptr_array_set_size(th->owed_by, 0);
    while (th->owes->len > 0) { /* it was killed: nobody else will wake them */
        struct thread *target = g_ptr_array_steal_index(th->owes, 0);

        g_ptr_array_remove(target->owed_by, th);
        credit(target, NULL, 0);
    }
}

static enum step_result block(struct thread *th)
{
    if (th->credits > 0) {
        th->credits--;
        return STEP_GOES_ON;
    }
    wait_for_credit(th);
    return STEP_TAKES_TIME;
}

static bool are_partners(const struct thread *a, const struct thread *b)
{
    return a->partners != NULL && g_hash_table_contains(a->partners, b);
}

/* @th wakes @target: at once, or, for a partner that has not gone to sleep yet, when it has. */
static enum step_result wake(struct thread *th, struct thread *target, uint32_t flags)
{
    if (!target->waits_for_credit && !target->ended && are_partners(th, target) &&
        !has_asked(target, th)) {
        g_ptr_array_add(th->owes, target);
        g_ptr_array_add(target->owed_by, th);
        return STEP_GOES_ON;
    }
    credit(target, th, flags);
    return pay(th);
}

enum { LONGEST_CHAIN = 8 };

/* True if @target sleeps until it can pay, and in the end, of @depth more, for @th. */
static bool waits_for(const struct thread *target, const struct thread *th, int depth)
{
    if (!target->settles || depth == 0) {
        return target->settles;
    }
    for (guint i = 0; i < target->owes->len; i++) {
        const struct thread *next = g_ptr_array_index(target->owes, i);

        if (next == th || waits_for(next, th, depth - 1)) {
            return true;
        }
    }
    return false;
}

/* Before it is away for other reasons @th pays what it owes; false if that takes time. Who waits for
 * @th in the same way is not waited for. */
static bool has_settled(struct thread *th)
{
    for (guint i = th->owes->len; i-- > 0;) {
        struct thread *target = g_ptr_array_index(th->owes, i);

        if (waits_for(target, th, LONGEST_CHAIN)) {
            g_ptr_array_remove_index(th->owes, i);
            g_ptr_array_remove(target->owed_by, th);
            credit(target, th, 0);
        }
    }
    if (th->owes->len == 0) {
        return true;
    }
    th->settles = true;
    th->trace_next--;
    task_block(thread_kernel(th), th->task);
    return false;
}

static enum step_result carry_out(struct thread *th, struct trace_step step)
{
    struct kernel *k = thread_kernel(th);
    int64_t arg = trace_step_arg(step);
    enum trace_op op = trace_step_op(step);

    switch (op) {
    case TRACE_RUN:
        task_touch_for_run(k, th->task, arg);
        path_run(th, arg);
        task_run(k, th->task, arg);
        return STEP_TAKES_TIME;
    case TRACE_WAKE:
    case TRACE_WAKE_SYNC:
        return wake(th, th->instance->trace_threads[arg],
                    op == TRACE_WAKE_SYNC ? NUMASIM_WAKE_SYNC : 0);
    case TRACE_BLOCK:
        return block(th);
    case TRACE_BLOCK_UNTIL:
        if (!has_settled(th)) {
            return STEP_TAKES_TIME;
        }
        if (arg <= kernel_now_ns(k)) {
            return STEP_GOES_ON;
        }
        thread_sleep_until(th, arg);
        return STEP_TAKES_TIME;
    case TRACE_SLEEP:
        if (!has_settled(th)) {
            return STEP_TAKES_TIME;
        }
        thread_sleep_until(th, time_add_ns(kernel_now_ns(k), arg));
        return STEP_TAKES_TIME;
    case TRACE_FORK:
        kernel_task_start(k, th->instance->trace_threads[arg]->task, th->task);
        return pay(th);
    case TRACE_EXEC:
        task_exec(k, th->task, true);
        return STEP_TAKES_TIME;
    case TRACE_EXIT:
        if (!has_settled(th)) {
            return STEP_TAKES_TIME;
        }
        thread_exit(th);
        return STEP_TAKES_TIME;
    }
    g_assert_not_reached();
}

static int32_t tasks_of(const struct workload_trace *trace, const char *comm)
{
    int32_t nr = 0;

    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        nr += g_str_equal(trace->tasks[i].comm, comm);
    }
    return nr;
}

/* First touches that come before anything else: by whichever task of the command runs first, or by
 * each its part; true if there were any. */
static bool touch(struct thread *th)
{
    const struct workload_trace *trace = th->instance->spec->trace;
    bool touched = false;

    for (int32_t i = 0; th->memory != NULL && i < th->memory->nr_regions; i++) {
        const struct workload_region *r = &th->memory->regions[i];
        int64_t bytes = r->shared ? r->size_bytes / tasks_of(trace, th->trace->comm) : 0;

        if (r->touch == TOUCH_FIRST) {
            task_touch_all(thread_kernel(th), th->task, i);
        } else if (r->touch == TOUCH_EACH) {
            task_touch(thread_kernel(th), th->task, i, bytes);
        }
        touched |= r->touch != TOUCH_USER;
    }
    return touched;
}

void replay_advance(struct thread *th)
{
    if (!th->begun) {
        th->begun = true;
        if (touch(th)) {
            task_run(thread_kernel(th), th->task, 0);
            return;
        }
    }
    while (th->trace_next < th->trace->nr_steps) {
        settle(th);
        if (carry_out(th, th->trace->steps[th->trace_next++]) == STEP_TAKES_TIME) {
            return;
        }
    }
    /* The recording ends here, not the task: it sleeps on. */
    settle(th);
    th->past_end = true;
    wait_for_credit(th);
}

int64_t replay_left_ns(const struct thread *th)
{
    int64_t ns = 0;

    for (int32_t i = th->trace_next; i < th->trace->nr_steps; i++) {
        struct trace_step step = th->trace->steps[i];

        ns += trace_step_op(step) == TRACE_RUN ? trace_step_arg(step) : 0;
    }
    return ns;
}

int64_t interp_replay_left_ns(const struct interp *it)
{
    int64_t ns = 0;

    for (guint i = 0; i < it->threads->len; i++) {
        const struct thread *th = g_ptr_array_index(it->threads, i);

        ns += th->trace != NULL && !th->ended
                  ? replay_left_ns(th) + kernel_task_work_left_ns(it->kernel, th->task)
                  : 0;
    }
    return ns;
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

/* The averages of a task that was there before the record began: it used the CPU then as it does in
 * the record, which is to be of a steady state. */
static void set_past(struct thread *th)
{
    int64_t span_ns = th->instance->spec->trace->span_ns;
    int64_t run_ns = MIN(replay_left_ns(th), span_ns);

    if (th->trace->parent < 0 && !th->trace->is_new) {
        kernel_task_set_past(th->task, (uint32_t)(run_ns / (span_ns / 1024 + 1)));
    }
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
    if (t->is_new) {
        th->trace_next = 1;
        th->timer.fn = start_timer;
        kernel_timer_set(k, &th->timer, trace_step_arg(first));
        return;
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
        process_add_regions(in->interp, NULL, p, (*ret_memory)->regions, (*ret_memory)->nr_regions,
                            tasks_of(trace, comm));
    }
    return p;
}

/* Where all are one session, it has nobody to share with. */
static bool is_one_session(const struct workload_trace *trace)
{
    for (int32_t i = 1; i < trace->nr_tasks; i++) {
        if (trace->tasks[i].session != trace->tasks[0].session) {
            return false;
        }
    }
    return true;
}

/* The autogroup of session @session, made at its first task: nice 0, which is 1024 shares. */
static int32_t autogroup_of(struct instance *in, GHashTable *by_session, int32_t session)
{
    struct kernel *k = in->interp->kernel;
    gpointer id;

    if (session == 0 || !kernel_has_autogroup(k)) {
        return 0;
    }
    if (!g_hash_table_lookup_extended(by_session, GINT_TO_POINTER(session), NULL, &id)) {
        g_autofree char *name = g_strdup_printf("autogroup-%d", session);

        id = GINT_TO_POINTER(kernel_cgroup_new(k, name, 0, AUTOGROUP_WEIGHT, 0, 0, NULL, NULL));
        g_hash_table_insert(by_session, GINT_TO_POINTER(session), id);
    }
    return GPOINTER_TO_INT(id);
}

static struct thread *replayed_thread(struct instance *in, const struct trace_task *spec)
{
    struct thread *th = slab_alloc(in->interp->thread_slab);

    th->instance = in;
    th->trace = spec;
    th->rng = rng_entity(&in->rng, (uint64_t)(spec - in->spec->trace->tasks));
    list_init(&th->wait);
    th->owes = g_ptr_array_new();
    th->owed_by = g_ptr_array_new();
    g_ptr_array_add(in->interp->threads, th);
    return th;
}

static bool is_wake(struct trace_step step)
{
    return trace_step_op(step) == TRACE_WAKE || trace_step_op(step) == TRACE_WAKE_SYNC;
}

static gboolean does_not_wake(gpointer partner, gpointer value, gpointer th)
{
    (void)value;
    return !are_partners(partner, th);
}

/* Finds who wakes whom both ways. */
static void partners_find(struct instance *in)
{
    const struct workload_trace *trace = in->spec->trace;

    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        struct thread *th = in->trace_threads[i];

        for (int32_t n = 0; n < trace->tasks[i].nr_steps; n++) {
            if (is_wake(trace->tasks[i].steps[n])) {
                if (th->partners == NULL) {
                    th->partners = g_hash_table_new(NULL, NULL);
                }
                g_hash_table_add(th->partners,
                                 in->trace_threads[trace_step_arg(trace->tasks[i].steps[n])]);
            }
        }
    }
    /* So far these are all that each wakes; those that do not wake back go. */
    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        struct thread *th = in->trace_threads[i];

        if (th->partners != NULL) {
            g_hash_table_foreach_remove(th->partners, does_not_wake, th);
        }
    }
}

bool replay_new(struct instance *in, GError **error)
{
    const struct workload_trace *trace = in->spec->trace;
    struct kernel *k = in->interp->kernel;
    g_autoptr(GHashTable) by_comm = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) slices = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) autogroups = g_hash_table_new(NULL, NULL);

    bool alone = is_one_session(trace);

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
            .cgroup = alone ? 0 : autogroup_of(in, autogroups, spec->session),
            .nice = spec->prio - 120,
            .policy = spec->prio < 100 ? NUMASIM_SCHED_FIFO : NUMASIM_SCHED_OTHER,
            .rt_priority = 99 - spec->prio,
            .slice_index = slice,
            .driver_data = th,
        };

        g_hash_table_insert(slices, p, GINT_TO_POINTER(slice + 1));
        th->task = kernel_task_new(k, &params, NULL);
        th->memory = memory;
        if (memory != NULL) {
            task_set_mix(k, th->task, interp_mix(in->interp, memory, &memory->mix));
        }
        in->trace_threads[i] = th;
    }
    partners_find(in);
    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        set_past(in->trace_threads[i]);
        begin(in->trace_threads[i]);
    }
    return true;
}
