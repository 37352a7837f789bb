/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who runs where while a trace is read, and what to believe where the record has gaps. */
#include "format/trace/private.h"

#include <string.h>

static gint by_value(gconstpointer a, gconstpointer b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

struct idle_wakeup {
    int32_t pid;
    int64_t time_ns;
};

/* Median time from a sched_wakeup on an idle CPU to the switch from idle to that task. */
static int64_t median_idle_switch_ns(const struct ftrace_text *text)
{
    g_autofree bool *busy = g_new0(bool, (gsize)text->nr_cpus);
    g_autofree struct idle_wakeup *wakeups = g_new0(struct idle_wakeup, (gsize)text->nr_cpus);
    g_autoptr(GArray) times_ns = g_array_new(FALSE, FALSE, sizeof(int64_t));

    for (size_t i = 0; i < text->nr_events; i++) {
        const struct ftrace_event *e = &text->events[i];

        if (e->kind == FTRACE_WAKEUP && e->dest_cpu >= 0 && e->dest_cpu < text->nr_cpus &&
            !busy[e->dest_cpu] && wakeups[e->dest_cpu].pid == 0) {
            wakeups[e->dest_cpu] = (struct idle_wakeup){e->task.pid, e->time_ns};
        } else if (e->kind == FTRACE_SWITCH) {
            struct idle_wakeup *w = &wakeups[e->cpu];

            if (e->task.pid == 0 && w->pid == e->other.pid) {
                int64_t time_ns = e->time_ns - w->time_ns;

                g_array_append_val(times_ns, time_ns);
            }
            w->pid = 0;
            busy[e->cpu] = e->other.pid != 0;
        }
    }
    if (times_ns->len == 0) {
        return 0;
    }
    g_array_sort(times_ns, by_value);
    return g_array_index(times_ns, int64_t, times_ns->len / 2);
}

void building_init(struct building *b, const struct ftrace_text *text,
                   const struct trace_import_options *options, struct trace_import *import)
{
    *b = (struct building){.text = text, .options = *options, .import = import};
    b->waking = text->kind_counts[FTRACE_WAKING] > 0 ? FTRACE_WAKING : FTRACE_WAKEUP;
    b->start_ns = text->events[0].time_ns;
    b->end_ns = text->events[text->nr_events - 1].time_ns;
    b->tasks = g_ptr_array_new_with_free_func(trace_task_free);
    b->by_pid = g_hash_table_new(g_direct_hash, g_direct_equal);
    b->cpus = g_new(struct building_cpu, (gsize)text->nr_cpus);
    for (int32_t i = 0; i < text->nr_cpus; i++) {
        b->cpus[i] = (struct building_cpu){BUILDING_CPU_UNSEEN, b->start_ns};
    }
    trace_ticks_init(&b->ticks, text, b->waking, options->hz);
    import->idle_switch_ns = median_idle_switch_ns(text);
    import->messages = g_ptr_array_new_with_free_func(g_free);
}

void building_release(struct building *b)
{
    trace_ticks_release(&b->ticks);
    g_ptr_array_unref(b->tasks);
    g_hash_table_unref(b->by_pid);
    g_free(b->cpus);
}

struct building_task *building_find(const struct building *b, int32_t pid)
{
    return g_hash_table_lookup(b->by_pid, GINT_TO_POINTER(pid));
}

struct building_task *building_add(struct building *b, const struct ftrace_task *who)
{
    struct building_task *t = trace_task_new((int32_t)b->tasks->len, who);

    t->state = TRACE_TASK_READY;
    t->woken_ns = b->start_ns;
    g_ptr_array_add(b->tasks, t);
    g_hash_table_replace(b->by_pid, GINT_TO_POINTER(who->pid), t);
    return t;
}

struct building_task *building_printer(const struct building *b, const struct ftrace_event *e)
{
    return e->printer.pid == 0 ? NULL : building_find(b, b->cpus[e->cpu].pid);
}

/* @t left its CPU at @now_ns, and nothing says how. */
static void lose(struct building_task *t, int64_t now_ns)
{
    trace_task_run_until(t, now_ns);
    t->unrecorded_run_ns += MAX(t->begun_ns, now_ns) - t->begun_ns;
    t->state = TRACE_TASK_GONE;
    t->fresh = false;
}

/* A task runs that nothing has been heard of; @reused: but its pid has. */
static struct building_task *appear(struct building *b, const struct ftrace_task *who, bool reused,
                                    int64_t now_ns)
{
    struct building_task *t = building_add(b, who);

    b->import->pids_reused += reused ? 1 : 0;
    if (reused || now_ns - b->start_ns > TRACE_START_NS) {
        t->blocked_at_start = true;
        trace_task_step(t, TRACE_BLOCK_UNTIL, now_ns - b->start_ns);
        b->import->missing_wakes++;
    } else {
        t->runs_at_start = true;
    }
    return t;
}

void building_switch_in(struct building *b, int32_t cpu, const struct ftrace_task *who,
                        int64_t now_ns, bool recorded)
{
    struct building_task *t;

    b->cpus[cpu].pid = who->pid;
    if (who->pid == 0) {
        return;
    }
    t = building_find(b, who->pid);
    if (t == NULL || t->state == TRACE_TASK_DEAD) {
        t = appear(b, who, t != NULL, now_ns);
    }
    if (recorded) {
        t->comm = who->comm;
    }
    if (t->early_wake && t->state == TRACE_TASK_READY) {
        building_settle_early_wake(b, t);
    }
    if (t->state == TRACE_TASK_RUNNING && t->cpu != cpu) {
        b->import->missing_switches++;
        lose(t, MIN(b->cpus[t->cpu].last_ns, now_ns));
        b->cpus[t->cpu].pid = 0;
    }
    if (t->state == TRACE_TASK_BLOCKED) {
        g_array_index(t->steps, struct trace_step, t->block_step) =
            TRACE_STEP(TRACE_BLOCK_UNTIL, now_ns - b->start_ns);
        b->import->missing_wakes++;
    }
    t->state = TRACE_TASK_RUNNING;
    t->fresh = false;
    t->recorded = recorded;
    t->cpu = cpu;
    t->begun_ns = now_ns;
    t->since_ns = time_add_ns(now_ns, b->options.switch_ns);
}

void building_expect(struct building *b, int32_t cpu, const struct ftrace_task *who, int64_t now_ns)
{
    struct building_cpu *c = &b->cpus[cpu];
    struct building_task *next, *prev;
    int64_t at_ns = c->last_ns;

    if (c->pid == who->pid) {
        return;
    }
    next = who->pid == 0 ? NULL : building_find(b, who->pid);
    if (c->pid == BUILDING_CPU_UNSEEN) {
        at_ns = next != NULL ? MAX(next->woken_ns, b->start_ns) : b->start_ns;
    } else {
        b->import->missing_switches++;
        prev = c->pid == 0 ? NULL : building_find(b, c->pid);
        if (prev != NULL && prev->state == TRACE_TASK_RUNNING) {
            lose(prev, at_ns);
        }
        if (prev == NULL && next != NULL) {
            at_ns = MAX(at_ns, next->woken_ns) + b->import->idle_switch_ns;
        }
    }
    building_switch_in(b, cpu, who, MIN(at_ns, now_ns), false);
}

void building_notice_run(struct building *b, struct building_task *t, int64_t now_ns)
{
    struct ftrace_task who = {.comm = t->comm, .pid = t->pid, .prio = t->prio};
    int64_t at_ns = t->woken_ns + b->import->idle_switch_ns;

    if (t->state == TRACE_TASK_READY && t->fresh && t->cpu >= 0 && t->cpu < b->text->nr_cpus &&
        b->cpus[t->cpu].pid == 0 && at_ns < now_ns) {
        b->import->missing_switches++;
        building_switch_in(b, t->cpu, &who, MAX(at_ns, b->cpus[t->cpu].last_ns), false);
    }
}
