/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The events of a trace, one after the other, as steps of tasks. build.h states the rules. */
#include "format/trace/build.h"

#include "format/trace/private.h"
#include "format/trace/sessions.h"

/* Settles the block that @t stands at (or the one it is about to make) by a wake. */
static void settle_block(struct building *b, struct building_task *t, enum trace_wake_kind kind,
                         bool timer, int64_t now_ns)
{
    struct trace_step *step = &g_array_index(t->steps, struct trace_step, t->block_step);

    b->import->wakes[kind]++;
    if (kind == TRACE_WAKE_BY_TASK || kind == TRACE_WAKE_BY_SOFTIRQ) {
        return;
    }
    if (b->options.relative_timers && timer) {
        *step = TRACE_STEP(TRACE_SLEEP, now_ns - t->blocked_ns);
        b->import->sleeps++;
    } else {
        *step = TRACE_STEP(TRACE_BLOCK_UNTIL, now_ns - b->start_ns);
    }
}

static void become_ready(struct building_task *t, int64_t now_ns)
{
    t->state = TRACE_TASK_READY;
    t->fresh = true;
    t->woken_ns = now_ns;
}

void building_settle_early_wake(struct building *b, struct building_task *t)
{
    enum trace_task_state state = t->state;

    t->early_wake = false;
    b->import->raced++;
    trace_task_block(t, t->early_ns, FTRACE_STATE_SLEEP);
    t->state = state;
    settle_block(b, t, t->early_kind, t->early_timer, t->early_ns);
}

/* The thread of a CPU that moves running tasks for the scheduler (kernel/stop_machine.c, 6.12: cpu_stop_threads). */
static bool is_stopper(const struct building_task *t)
{
    return t != NULL && g_str_has_prefix(t->comm, "migration/");
}

/* The stopper is no work: who ran where is left behind, and its moves with it. */
static void wake_stopper(struct building *b, const struct ftrace_event *e, struct building_task *t)
{
    struct building_task *waker = building_printer(b, e);

    b->import->stopper++;
    if (waker != NULL && waker->state == TRACE_TASK_RUNNING &&
        (e->context == FTRACE_CONTEXT_TASK || e->context == FTRACE_CONTEXT_UNKNOWN)) {
        trace_task_run_until(waker, e->time_ns);
        trace_task_mark_exec(waker);
    }
    if (t->state == TRACE_TASK_BLOCKED || t->state == TRACE_TASK_GONE) {
        become_ready(t, e->time_ns);
    }
}

static void classify(struct building *b, const struct ftrace_event *e,
                     const struct building_task *wakee, enum trace_wake_kind *ret_kind,
                     bool *ret_timer)
{
    bool unknown = e->context == FTRACE_CONTEXT_UNKNOWN;
    bool timer =
        (unknown || e->context == FTRACE_CONTEXT_SOFTIRQ) && trace_ticks_is_timer(&b->ticks, e);

    if (e->context == FTRACE_CONTEXT_HARDIRQ) {
        timer = wakee->blocked_how == FTRACE_STATE_SLEEP;
    }
    *ret_timer = timer;
    if (e->printer.pid == 0 || is_stopper(building_printer(b, e))) {
        *ret_kind = TRACE_WAKE_IDLE;
    } else if (e->context == FTRACE_CONTEXT_HARDIRQ) {
        *ret_kind = TRACE_WAKE_HARDIRQ;
    } else if (timer) {
        *ret_kind = TRACE_WAKE_TIMER;
    } else {
        *ret_kind =
            e->context == FTRACE_CONTEXT_SOFTIRQ ? TRACE_WAKE_BY_SOFTIRQ : TRACE_WAKE_BY_TASK;
    }
    b->import->guessed += unknown ? 1 : 0;
}

/* What the text does not tell is guessed in the end, by trace_task_mark_sync(). */
static bool is_sync(const struct ftrace_event *e, enum trace_wake_kind kind)
{
    return e->sync == FTRACE_SYNC_NOT_TOLD ? kind == TRACE_WAKE_BY_SOFTIRQ
                                           : e->sync == FTRACE_SYNC_YES;
}

/* The wake of @t that @e prints, by sched_waking or what stands for it. */
static void wake(struct building *b, const struct ftrace_event *e, struct building_task *t)
{
    struct building_task *waker = building_printer(b, e);
    enum trace_wake_kind kind;
    bool timer;

    if (t->state == TRACE_TASK_DEAD) {
        b->import->of_dead++;
        return;
    }
    if (is_stopper(t)) {
        wake_stopper(b, e, t);
        return;
    }
    if (waker == t && e->context != FTRACE_CONTEXT_HARDIRQ) {
        b->import->self++;
        return;
    }
    if (t->early_wake) {
        trace_task_run_until(t, e->time_ns);
        building_settle_early_wake(b, t);
    }
    building_notice_run(b, t, e->time_ns);
    if (t->state == TRACE_TASK_NEW || (t->state == TRACE_TASK_READY && t->fresh)) {
        b->import->spurious++;
        return;
    }
    if (t->state == TRACE_TASK_GONE) {
        trace_task_block(t, MIN(t->since_ns, e->time_ns), FTRACE_STATE_SLEEP);
    }
    classify(b, e, t, &kind, &timer);
    if (kind == TRACE_WAKE_BY_TASK || kind == TRACE_WAKE_BY_SOFTIRQ) {
        trace_task_run_until(waker, e->time_ns);
        trace_task_step(waker, is_sync(e, kind) ? TRACE_WAKE_SYNC : TRACE_WAKE, t->index);
    }
    if (t->state == TRACE_TASK_BLOCKED) {
        settle_block(b, t, kind, timer, e->time_ns);
        become_ready(t, e->time_ns);
    } else {
        t->early_wake = true;
        t->early_kind = kind;
        t->early_timer = timer;
        t->early_ns = e->time_ns;
    }
}

/* A task that appears first by being woken was blocked from the start. */
static struct building_task *wakee(struct building *b, const struct ftrace_event *e)
{
    struct building_task *t = building_find(b, e->task.pid);

    if (t == NULL) {
        t = building_add(b, &e->task);
        t->blocked_at_start = true;
        trace_task_block(t, b->start_ns, FTRACE_STATE_SLEEP);
    }
    t->comm = e->task.comm;
    return t;
}

static void on_wakeup(struct building *b, const struct ftrace_event *e)
{
    struct building_task *t = wakee(b, e);

    if (t->state == TRACE_TASK_BLOCKED || t->state == TRACE_TASK_GONE) {
        b->import->without_waking++;
        wake(b, e, t);
    } else if (t->early_wake) {
        trace_task_run_until(t, e->time_ns);
        building_settle_early_wake(b, t);
    }
    t->woken_ns = e->time_ns;
    t->cpu = e->dest_cpu;
}

/* @parent NULL: the idle task, as who starts what is there from the start of a simulation. */
static struct building_task *start_child(struct building *b, const struct ftrace_event *e,
                                         struct building_task *parent,
                                         const struct ftrace_task *who)
{
    struct building_task *child = building_add(b, who);

    child->state = TRACE_TASK_NEW;
    if (parent == NULL) {
        child->is_new = true;
        trace_task_step(child, TRACE_BLOCK_UNTIL, e->time_ns - b->start_ns);
    } else {
        child->parent = parent->index;
        child->prio = who->prio == INT32_MIN ? parent->prio : who->prio;
        trace_task_run_until(parent, e->time_ns);
        trace_task_step(parent, TRACE_FORK, child->index);
    }
    b->import->forked++;
    return child;
}

static void end_task(struct building *b, struct building_task *t)
{
    if (t->early_wake) {
        building_settle_early_wake(b, t);
    }
    trace_task_step(t, TRACE_EXIT, 0);
    t->state = TRACE_TASK_DEAD;
    b->import->exited++;
}

static void on_fork(struct building *b, const struct ftrace_event *e)
{
    struct building_task *old = building_find(b, e->other.pid);

    if (old != NULL) {
        b->import->pids_reused++;
        if (old->state == TRACE_TASK_RUNNING) {
            return; /* damage: nobody gets the pid of a task that runs */
        }
        if (old->state != TRACE_TASK_DEAD) {
            end_task(b, old);
        }
    }
    start_child(b, e, e->task.pid == 0 ? NULL : building_find(b, e->task.pid), &e->other);
}

static void on_wakeup_new(struct building *b, const struct ftrace_event *e)
{
    struct building_task *t = building_find(b, e->task.pid);

    if (t == NULL || t->state == TRACE_TASK_DEAD) {
        b->import->pids_reused += t != NULL ? 1 : 0;
        t = start_child(b, e, building_printer(b, e), &e->task);
    }
    t->comm = e->task.comm;
    if (t->state == TRACE_TASK_NEW) {
        t->prio = e->task.prio;
        become_ready(t, e->time_ns);
    }
}

static void switch_out(struct building *b, const struct ftrace_event *e)
{
    struct building_task *t = building_find(b, e->task.pid);
    int64_t run_ns = e->time_ns - t->begun_ns;

    t->comm = e->task.comm;
    trace_task_run_until(t, e->time_ns);
    trace_task_weigh_prio(t, e->task.prio, run_ns);
    t->unrecorded_run_ns += t->recorded ? 0 : run_ns;
    switch (e->task_state) {
    case FTRACE_STATE_RUNNABLE:
        t->state = TRACE_TASK_READY;
        t->fresh = false;
        return;
    case FTRACE_STATE_DEAD:
        end_task(b, t);
        return;
    default:
        break;
    }
    if (t->early_wake) {
        building_settle_early_wake(b, t);
        become_ready(t, t->early_ns);
        return;
    }
    trace_task_block(t, e->time_ns, e->task_state);
}

static void on_switch(struct building *b, const struct ftrace_event *e)
{
    if (e->task.pid != 0) {
        switch_out(b, e);
    }
    if (e->other.pid != 0) {
        b->import->switches_in++;
    }
    building_switch_in(b, e->cpu, &e->other, e->time_ns, true);
}

static void on_event(struct building *b, const struct ftrace_event *e)
{
    struct building_task *t;

    building_expect(b, e->cpu, e->kind == FTRACE_SWITCH ? &e->task : &e->printer, e->time_ns);
    switch (e->kind) {
    case FTRACE_SWITCH:
        on_switch(b, e);
        break;
    case FTRACE_WAKING:
        wake(b, e, wakee(b, e));
        break;
    case FTRACE_WAKEUP:
        on_wakeup(b, e);
        break;
    case FTRACE_WAKEUP_NEW:
        on_wakeup_new(b, e);
        break;
    case FTRACE_FORK:
        on_fork(b, e);
        break;
    case FTRACE_EXEC:
        t = building_find(b, e->task.pid);
        if (t != NULL && t->state == TRACE_TASK_RUNNING) {
            trace_task_run_until(t, e->time_ns);
            trace_task_exec(t);
            b->import->execs++;
        }
        break;
    case FTRACE_EXIT:
        t = building_find(b, e->task.pid);
        if (t != NULL) {
            t->exiting = true;
        }
        break;
    default:
        break;
    }
}

/* Closes what is open when the record ends. */
static void finish_tasks(struct building *b)
{
    for (guint i = 0; i < b->tasks->len; i++) {
        struct building_task *t = g_ptr_array_index(b->tasks, i);

        if (t->state == TRACE_TASK_RUNNING) {
            trace_task_run_until(t, b->end_ns);
            t->unrecorded_run_ns += b->end_ns - t->begun_ns;
        }
        if (t->early_wake) {
            building_settle_early_wake(b, t);
        }
        trace_task_flush(t);
        if (t->exiting && t->state != TRACE_TASK_DEAD) {
            end_task(b, t);
        }
        b->import->blocked_at_end += t->state == TRACE_TASK_BLOCKED ? 1 : 0;
        b->import->running_at_start += t->runs_at_start ? 1 : 0;
        b->import->blocked_at_start += t->blocked_at_start ? 1 : 0;
        if (!b->text->tells_sync) {
            trace_task_mark_sync(t);
        }
        if (is_stopper(t)) {
            g_array_set_size(t->steps, 0);
            t->runs_at_start = false;
        }
    }
}

static struct workload *make_workload(struct building *b, const char *name)
{
    struct workload *w = g_new0(struct workload, 1);
    struct workload_trace *trace = g_new0(struct workload_trace, 1);

    w->name = g_strdup(name);
    w->path = g_strdup(b->text->name);
    w->input_digest = g_strdup(b->text->digest);
    w->replicas = 1;
    w->duration_ns = b->end_ns - b->start_ns;
    w->trace = trace;
    trace->span_ns = b->end_ns - b->start_ns;
    trace->nr_tasks = (int32_t)b->tasks->len;
    trace->tasks = g_new0(struct trace_task, b->tasks->len);
    for (guint i = 0; i < b->tasks->len; i++) {
        struct building_task *from = g_ptr_array_index(b->tasks, i);
        struct trace_task *to = &trace->tasks[i];

        to->comm = g_strdup(from->comm);
        to->pid = from->pid;
        to->prio = from->prio;
        to->parent = from->parent;
        to->runs_at_start = from->runs_at_start;
        to->is_new = from->is_new;
        to->nr_steps = (int32_t)from->steps->len;
        to->steps = (struct trace_step *)(void *)g_array_free(g_steal_pointer(&from->steps), FALSE);
    }
    trace_sessions_assign(trace);
    return w;
}

static bool has_work(const struct workload_trace *trace)
{
    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        if (trace->tasks[i].nr_steps > 1) {
            return true;
        }
    }
    return false;
}

struct workload *trace_build(const struct ftrace_text *text, const char *name,
                             const struct trace_import_options *options,
                             struct trace_import *ret_import, GError **error)
{
    struct trace_import import = {0};
    struct building b;
    struct workload *w;

    building_init(&b, text, options, &import);
    for (size_t i = 0; i < text->nr_events; i++) {
        const struct ftrace_event *e = &text->events[i];

        if (e->kind == FTRACE_WAKEUP && b.waking == FTRACE_WAKEUP) {
            building_expect(&b, e->cpu, &e->printer, e->time_ns);
            wake(&b, e, wakee(&b, e));
        } else {
            on_event(&b, e);
        }
        b.cpus[e->cpu].last_ns = e->time_ns;
    }
    finish_tasks(&b);
    w = make_workload(&b, name);
    building_report(&b, w);
    building_release(&b);
    if (w->trace->span_ns == 0 || text->kind_counts[FTRACE_SWITCH] == 0 || !has_work(w->trace)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no task ever runs here; expected a trace with sched_switch, sched_waking "
                    "and sched_wakeup",
                    text->name);
        trace_import_release(&import);
        workload_free(w);
        return NULL;
    }
    *ret_import = import;
    return w;
}
