/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an import says of itself. */
#include "format/trace/private.h"

#include <string.h>

#include "base/units.h"

static gint by_comm(gconstpointer a, gconstpointer b)
{
    const struct trace_unrecorded *x = a, *y = b;

    return strcmp(x->comm, y->comm);
}

/* Sums the unrecorded CPU time by command; the names are the workload's. */
static void report_unrecorded(struct building *b, const struct workload *w)
{
    g_autoptr(GArray) sums = g_array_new(FALSE, FALSE, sizeof(struct trace_unrecorded));
    guint kept = 0;

    for (guint i = 0; i < b->tasks->len; i++) {
        const struct building_task *t = g_ptr_array_index(b->tasks, i);
        struct trace_unrecorded sum = {w->trace->tasks[i].comm, t->unrecorded_run_ns};

        if (sum.run_ns > 0) {
            b->import->unrecorded_run_ns += sum.run_ns;
            g_array_append_val(sums, sum);
        }
    }
    g_array_sort(sums, by_comm);
    for (guint i = 0; i < sums->len; i++) {
        struct trace_unrecorded *sum = &g_array_index(sums, struct trace_unrecorded, i);
        struct trace_unrecorded *last =
            kept == 0 ? NULL : &g_array_index(sums, struct trace_unrecorded, kept - 1);

        if (last != NULL && strcmp(last->comm, sum->comm) == 0) {
            last->run_ns += sum->run_ns;
        } else {
            g_array_index(sums, struct trace_unrecorded, kept++) = *sum;
        }
    }
    g_array_set_size(sums, kept);
    b->import->nr_unrecorded = (int32_t)kept;
    b->import->unrecorded =
        (struct trace_unrecorded *)(void *)g_array_free(g_steal_pointer(&sums), FALSE);
}

static void say(struct building *b, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void say(struct building *b, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(b->import->messages, g_strdup_printf("%s: %s", b->text->name, message));
}

void building_report(struct building *b, const struct workload *w)
{
    struct trace_import *im = b->import;

    im->hz = b->ticks.hz;
    im->switch_ns = b->options.switch_ns;
    im->tick_phase_ns = b->ticks.phase_ns;
    report_unrecorded(b, w);
    if (b->waking == FTRACE_WAKEUP) {
        say(b, "no sched_waking here: wakers are taken from sched_wakeup, which may be printed by "
               "the CPU that an interrupt was sent to; record sched_waking too");
    }
    if (im->guessed > 0) {
        say(b,
            "no irq flags here: %" G_GUINT64_FORMAT " wakes are guessed (over a running task: "
            "its wake; over idle: external); record with the irq-info option",
            im->guessed);
    }
    if (im->hz == 0) {
        say(b, "no tick can be seen here (too few wakes of RCU's threads): no softirq over a "
               "running task is taken for a timer's");
    }
    if (im->missing_wakes > 0) {
        say(b,
            "%" G_GUINT64_FORMAT " times a blocked task runs without a wake: taken for external "
            "wakes at that time",
            im->missing_wakes);
    }
    if (im->missing_switches > 0) {
        say(b,
            "%" G_GUINT64_FORMAT " switches are not in the record and were inferred from who "
            "runs next",
            im->missing_switches);
    }
}

void trace_import_release(struct trace_import *import)
{
    g_clear_pointer(&import->unrecorded, g_free);
    g_clear_pointer(&import->messages, g_ptr_array_unref);
}

const char *trace_wake_kind_name(enum trace_wake_kind kind)
{
    static const char *const names[NR_TRACE_WAKE_KINDS] = {
        [TRACE_WAKE_BY_TASK] = "by a task",
        [TRACE_WAKE_BY_SOFTIRQ] = "by a softirq over a running task (its wake)",
        [TRACE_WAKE_TIMER] = "by a timer's softirq over a running task (external)",
        [TRACE_WAKE_HARDIRQ] = "by a hardirq over a running task (external)",
        [TRACE_WAKE_IDLE] = "over idle (external)",
    };
    return names[kind];
}

static void line(GPtrArray *lines, uint64_t count, const char *what)
{
    g_ptr_array_add(lines, g_strdup_printf("%8" G_GUINT64_FORMAT " %s", count, what));
}

static void nonzero(GPtrArray *lines, uint64_t count, const char *what)
{
    if (count > 0) {
        line(lines, count, what);
    }
}

static void describe_text(GPtrArray *lines, const struct ftrace_text *text)
{
    line(lines, text->nr_events, "scheduler events");
    nonzero(lines, text->unknown_events, "other events, skipped");
    nonzero(lines, text->malformed_lines, "lines that cannot be read, skipped");
    nonzero(lines, text->reordered_lines, "lines out of order, sorted");
    nonzero(lines, text->lost_markers, "markers of lost events");
    nonzero(lines, text->lost_events, "events lost by the recorder, as the markers say");
    nonzero(lines, text->missing_entries, "entries of the header's count missing");
    nonzero(lines, text->unfinished_lines, "last line without its newline, left out");
    nonzero(lines, text->late_buffers, "CPUs whose record begins late");
}

char **trace_import_describe(const struct trace_import *import, const struct ftrace_text *text)
{
    GPtrArray *lines = g_ptr_array_new();
    g_autofree char *unrecorded = units_format_human(import->unrecorded_run_ns, UNIT_NS);

    describe_text(lines, text);
    line(lines, import->switches_in, "switches to a task");
    for (int i = 0; i < NR_TRACE_WAKE_KINDS; i++) {
        g_autofree char *what =
            g_strdup_printf("wakes %s", trace_wake_kind_name((enum trace_wake_kind)i));

        line(lines, import->wakes[i], what);
    }
    nonzero(lines, import->sleeps, "of them timers, kept as sleeps");
    nonzero(lines, import->raced, "of them before the block was complete");
    nonzero(lines, import->guessed, "of them guessed, for want of irq flags");
    nonzero(lines, import->without_waking, "of them with a sched_wakeup only");
    nonzero(lines, import->spurious, "spurious wakes, left out");
    nonzero(lines, import->self, "wakes of oneself, left out");
    nonzero(lines, import->stopper, "wakes of stoppers (migration/N), left out");
    nonzero(lines, import->execs, "execs");
    nonzero(lines, import->of_dead, "wakes of tasks that had exited, left out");
    nonzero(lines, import->missing_wakes, "wakes not in the record, taken for external");
    nonzero(lines, import->missing_switches, "switches not in the record, inferred");
    nonzero(lines, import->pids_reused, "pids used again");
    g_ptr_array_add(lines, g_strdup_printf("%8s of CPU time in bursts that the record does not "
                                           "begin or end",
                                           unrecorded));
    g_ptr_array_add(lines, g_strdup_printf("tasks: %d running and %d blocked at the start, %d "
                                           "forked, %d exited, %d blocked at the end",
                                           import->running_at_start, import->blocked_at_start,
                                           import->forked, import->exited, import->blocked_at_end));
    if (import->switch_ns > 0) {
        g_autofree char *cost = units_format(import->switch_ns, UNIT_NS);

        g_ptr_array_add(lines, g_strdup_printf("%8s taken off each run, for the switch that a "
                                               "replay charges",
                                               cost));
    }
    if (import->hz > 0) {
        g_ptr_array_add(lines, g_strdup_printf("ticks: HZ %d", import->hz));
    }
    g_ptr_array_add(lines, NULL);
    return (char **)g_ptr_array_free(lines, FALSE);
}
