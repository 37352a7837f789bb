/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/trace/task.h"

struct building_task *trace_task_new(int32_t index, const struct ftrace_task *who)
{
    struct building_task *t = g_new0(struct building_task, 1);

    t->index = index;
    t->pid = who->pid;
    t->comm = who->comm;
    t->parent = -1;
    t->prio = who->prio == INT32_MIN ? 120 : who->prio;
    t->steps = g_array_new(FALSE, FALSE, sizeof(struct trace_step));
    return t;
}

void trace_task_free(gpointer task)
{
    struct building_task *t = task;

    if (t->steps != NULL) {
        g_array_unref(t->steps);
    }
    g_free(t);
}

void trace_task_run_until(struct building_task *t, int64_t now_ns)
{
    if (t->state == TRACE_TASK_RUNNING && now_ns > t->since_ns) {
        t->run_ns += now_ns - t->since_ns;
        t->since_ns = now_ns;
    }
}

static void append(struct building_task *t, enum trace_op op, int64_t arg)
{
    struct trace_step step = TRACE_STEP(op, arg);

    g_array_append_val(t->steps, step);
}

void trace_task_flush(struct building_task *t)
{
    if (t->run_ns > 0) {
        append(t, TRACE_RUN, t->run_ns);
        t->run_ns = 0;
    }
}

void trace_task_step(struct building_task *t, enum trace_op op, int64_t arg)
{
    trace_task_flush(t);
    append(t, op, arg);
}

void trace_task_block(struct building_task *t, int64_t now_ns, enum ftrace_state how)
{
    trace_task_step(t, TRACE_BLOCK, 0);
    t->block_step = t->steps->len - 1;
    t->state = TRACE_TASK_BLOCKED;
    t->blocked_ns = now_ns;
    t->blocked_how = how;
}

void trace_task_mark_exec(struct building_task *t)
{
    trace_task_flush(t);
    t->execs = true;
    t->exec_step = t->steps->len;
}

/* The place of the last wake of its parent in the present burst; if there is none, behind all. */
static uint32_t before_parents_wake(struct building_task *t)
{
    for (uint32_t i = t->steps->len; i > 0; i--) {
        struct trace_step step = g_array_index(t->steps, struct trace_step, i - 1);
        enum trace_op op = trace_step_op(step);

        if (op == TRACE_WAKE && trace_step_arg(step) == t->parent) {
            return i - 1;
        }
        if (op != TRACE_WAKE && op != TRACE_WAKE_SYNC && op != TRACE_RUN) {
            break;
        }
    }
    trace_task_flush(t);
    return t->steps->len;
}

void trace_task_exec(struct building_task *t)
{
    struct trace_step step = TRACE_STEP(TRACE_EXEC, 0);

    g_array_insert_val(t->steps, t->execs ? t->exec_step : before_parents_wake(t), step);
    t->execs = false;
}

void trace_task_weigh_prio(struct building_task *t, int32_t prio, int64_t run_ns)
{
    if (prio == INT32_MIN) {
        return;
    }
    if (prio == t->prio) {
        t->prio_weight_ns += run_ns;
    } else if (run_ns > t->prio_weight_ns) {
        t->prio_weight_ns = run_ns - t->prio_weight_ns;
        t->prio = prio;
    } else {
        t->prio_weight_ns -= run_ns;
    }
}

static bool blocks(enum trace_op op)
{
    return op == TRACE_BLOCK || op == TRACE_BLOCK_UNTIL || op == TRACE_SLEEP;
}

void trace_task_mark_sync(struct building_task *t)
{
    struct trace_step *steps = (struct trace_step *)(void *)t->steps->data;

    for (uint32_t i = 0; i + 1 < t->steps->len; i++) {
        uint32_t next = i + 1;

        if (trace_step_op(steps[i]) != TRACE_WAKE) {
            continue;
        }
        if (trace_step_op(steps[next]) == TRACE_RUN && next + 1 < t->steps->len &&
            trace_step_arg(steps[next]) <= TRACE_SYNC_RUN_NS) {
            next++;
        }
        if (blocks(trace_step_op(steps[next]))) {
            steps[i] = TRACE_STEP(TRACE_WAKE_SYNC, trace_step_arg(steps[i]));
        }
    }
}
