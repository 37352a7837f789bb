/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/trace/ftrace-write.h"

static const char *comm_of(const struct ftrace_task *t)
{
    return t->comm != NULL ? t->comm : "<...>";
}

void ftrace_write_header(GString *out, int32_t nr_cpus)
{
    g_string_append_printf(out,
                           "# tracer: nop\n"
                           "#\n"
                           "# of a simulation; times are simulated  #P:%d\n"
                           "#\n"
                           "#                                _-----=> irqs-off/BH-disabled\n"
                           "#                               / _----=> need-resched\n"
                           "#                              | / _---=> hardirq/softirq\n"
                           "#                              || / _--=> preempt-depth\n"
                           "#                              ||| / _-=> migrate-disable\n"
                           "#                              |||| /     delay\n"
                           "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n"
                           "#              | |         |   |||||     |         |\n",
                           nr_cpus);
}

/* Irqs are off in all that the scheduler prints but forks, execs and exits. */
static const char *flags_of(const struct ftrace_event *e)
{
    switch (e->context) {
    case FTRACE_CONTEXT_HARDIRQ:
        return "d.h2.";
    case FTRACE_CONTEXT_SOFTIRQ:
        return "d.s2.";
    case FTRACE_CONTEXT_TASK:
    case FTRACE_CONTEXT_UNKNOWN:
        break;
    }
    return e->kind == FTRACE_FORK || e->kind == FTRACE_EXEC || e->kind == FTRACE_EXIT ? "....."
                                                                                      : "d..2.";
}

static void append_columns(GString *out, const struct ftrace_event *e, const char *name)
{
    /* kernel/trace/trace_output.c: trace_print_context(), 6.12 */
    g_string_append_printf(
        out, "%16s-%-7d [%03d] %s %5" G_GINT64_FORMAT ".%09" G_GINT64_FORMAT ": %s: ",
        e->printer.pid == 0 ? "<idle>" : comm_of(&e->printer), e->printer.pid, e->cpu, flags_of(e),
        e->time_ns / 1000000000, e->time_ns % 1000000000, name);
}

static const char *state_of(const struct ftrace_event *e)
{
    switch (e->task_state) {
    case FTRACE_STATE_RUNNABLE:
        return e->preempted ? "R+" : "R";
    case FTRACE_STATE_SLEEP:
        return "S";
    case FTRACE_STATE_DISK:
        return "D";
    case FTRACE_STATE_IDLE:
        return "I";
    case FTRACE_STATE_DEAD:
        return "X";
    }
    return "R";
}

static void append_switch(GString *out, const struct ftrace_event *e)
{
    g_string_append_printf(out,
                           "prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%s ==> next_comm=%s "
                           "next_pid=%d next_prio=%d",
                           comm_of(&e->task), e->task.pid, e->task.prio, state_of(e),
                           comm_of(&e->other), e->other.pid, e->other.prio);
}

void ftrace_write_event(GString *out, const struct ftrace_event *e)
{
    append_columns(out, e, ftrace_kind_name(e->kind));
    switch (e->kind) {
    case FTRACE_SWITCH:
        append_switch(out, e);
        break;
    case FTRACE_WAKING:
        g_string_append_printf(out, "comm=%s pid=%d prio=%d target_cpu=%03d", comm_of(&e->task),
                               e->task.pid, e->task.prio, e->dest_cpu);
        if (e->sync != FTRACE_SYNC_NOT_TOLD) {
            g_string_append(out, e->sync == FTRACE_SYNC_YES ? " sync=1" : " sync=0");
        }
        break;
    case FTRACE_WAKEUP:
    case FTRACE_WAKEUP_NEW:
        g_string_append_printf(out, "comm=%s pid=%d prio=%d target_cpu=%03d", comm_of(&e->task),
                               e->task.pid, e->task.prio, e->dest_cpu);
        break;
    case FTRACE_MIGRATE:
        g_string_append_printf(out, "comm=%s pid=%d prio=%d orig_cpu=%d dest_cpu=%d",
                               comm_of(&e->task), e->task.pid, e->task.prio, e->orig_cpu,
                               e->dest_cpu);
        break;
    case FTRACE_FORK:
        g_string_append_printf(out, "comm=%s pid=%d child_comm=%s child_pid=%d", comm_of(&e->task),
                               e->task.pid, comm_of(&e->other), e->other.pid);
        break;
    case FTRACE_EXEC:
        g_string_append_printf(out, "filename=%s pid=%d old_pid=%d", comm_of(&e->task), e->task.pid,
                               e->task.pid);
        break;
    case FTRACE_EXIT:
        g_string_append_printf(out, "comm=%s pid=%d prio=%d", comm_of(&e->task), e->task.pid,
                               e->task.prio);
        break;
    case NR_FTRACE_KINDS:
        break;
    }
    g_string_append_c(out, '\n');
}

void ftrace_write_other(GString *out, const struct ftrace_event *columns, const char *name,
                        const char *fields)
{
    append_columns(out, columns, name);
    g_string_append(out, fields);
    g_string_append_c(out, '\n');
}
