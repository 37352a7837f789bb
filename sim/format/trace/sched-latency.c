/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/trace/sched-latency.h"

#include <string.h>

enum { NEVER = -1, LINE = 139 };

struct task {
    char *comm;
    int32_t pid;
    int64_t ready_ns, in_ns; /* since when it waits, and runs; NEVER: it does not */
    int32_t cpu;             /* where it does */
    int64_t run_ns, delay_ns, max_ns, max_start_ns;
    uint64_t nr;
    int32_t nr_merged;
};

struct sched_latency {
    GHashTable *tasks; /* PID -> struct task */
    GPtrArray *order;  /* the same, as they appeared */
    int64_t from_ns;   /* runs count from here */
};

static void task_free(gpointer task)
{
    g_free(((struct task *)task)->comm);
    g_free(task);
}

struct sched_latency *sched_latency_new(int64_t from_ns)
{
    struct sched_latency *l = g_new0(struct sched_latency, 1);

    l->from_ns = from_ns;
    l->tasks = g_hash_table_new(g_direct_hash, g_direct_equal);
    l->order = g_ptr_array_new_with_free_func(task_free);
    return l;
}

void sched_latency_free(struct sched_latency *l)
{
    if (l != NULL) {
        g_hash_table_unref(l->tasks);
        g_ptr_array_unref(l->order);
        g_free(l);
    }
}

static struct task *task_of(struct sched_latency *l, const struct ftrace_task *who)
{
    struct task *t = g_hash_table_lookup(l->tasks, GINT_TO_POINTER(who->pid));
    const char *comm = who->comm != NULL ? who->comm : "";

    if (t == NULL) {
        t = g_new0(struct task, 1);
        t->pid = who->pid;
        t->ready_ns = t->in_ns = NEVER;
        g_hash_table_insert(l->tasks, GINT_TO_POINTER(who->pid), t);
        g_ptr_array_add(l->order, t);
    }
    if (g_strcmp0(t->comm, comm) != 0) {
        g_free(t->comm);
        t->comm = g_strdup(comm);
    }
    return t;
}

static void count_delay(struct task *t, int64_t now_ns)
{
    int64_t delay_ns = now_ns - t->ready_ns;

    t->delay_ns += delay_ns;
    if (delay_ns > t->max_ns || t->nr == 0) {
        t->max_ns = delay_ns;
        t->max_start_ns = t->ready_ns;
    }
    t->nr++;
}

static void count_run(const struct sched_latency *l, struct task *t, int64_t now_ns)
{
    t->run_ns += MAX(now_ns - MAX(t->in_ns, l->from_ns), 0);
}

static void on_switch(struct sched_latency *l, const struct ftrace_event *e, bool counted)
{
    struct task *t;

    if (e->task.pid != 0) {
        t = task_of(l, &e->task);
        if (counted && t->in_ns != NEVER) {
            count_run(l, t, e->time_ns);
        }
        t->in_ns = NEVER;
        t->ready_ns = e->task_state == FTRACE_STATE_RUNNABLE ? e->time_ns : NEVER;
        t->cpu = e->cpu;
    }
    if (e->other.pid != 0) {
        t = task_of(l, &e->other);
        if (counted && t->ready_ns != NEVER) {
            count_delay(t, e->time_ns);
        }
        t->ready_ns = NEVER;
        t->in_ns = e->time_ns;
        t->cpu = e->cpu;
    }
}

void sched_latency_event(struct sched_latency *l, const struct ftrace_event *e, bool counted)
{
    struct task *t;

    if (e->kind == FTRACE_SWITCH) {
        on_switch(l, e, counted);
    } else if ((e->kind == FTRACE_WAKEUP || e->kind == FTRACE_WAKEUP_NEW) && e->task.pid != 0) {
        t = task_of(l, &e->task);
        if (t->in_ns == NEVER && t->ready_ns == NEVER) {
            t->ready_ns = e->time_ns;
            t->cpu = e->dest_cpu;
        }
    } else if (e->kind == FTRACE_MIGRATE && e->task.pid != 0) {
        t = task_of(l, &e->task);
        if (t->in_ns == NEVER) {
            t->cpu = e->dest_cpu;
        }
    }
}

void sched_latency_finish(struct sched_latency *l, int64_t end_ns,
                          bool (*counted)(int32_t cpu, void *data), void *data)
{
    for (guint i = 0; i < l->order->len; i++) {
        struct task *t = l->order->pdata[i];

        if (counted != NULL && !counted(t->cpu, data)) {
            continue;
        }
        if (t->in_ns != NEVER) {
            count_run(l, t, end_ns);
            t->in_ns = NEVER;
        } else if (t->ready_ns != NEVER && t->ready_ns < end_ns) {
            count_delay(t, end_ns);
            t->ready_ns = NEVER;
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* The table                                                                                    */

/* Adds @from to the line of its command; of one alone the PID is shown. */
static void merge(struct task *into, const struct task *from)
{
    into->run_ns += from->run_ns;
    into->delay_ns += from->delay_ns;
    into->nr += from->nr;
    into->nr_merged++;
    into->pid = into->nr_merged == 1 ? from->pid : MIN(into->pid, from->pid);
    if (from->nr == 0) {
        return;
    }
    if (from->max_ns > into->max_ns ||
        (from->max_ns == into->max_ns && from->max_start_ns < into->max_start_ns)) {
        into->max_ns = from->max_ns;
        into->max_start_ns = from->max_start_ns;
    }
}

static int64_t average_ns(const struct task *t)
{
    return t->nr > 0 ? t->delay_ns / (int64_t)t->nr : 0;
}

/* By average delay, longest delay, number and run time, the greatest first; then by name. */
static gint worst_first(gconstpointer a, gconstpointer b)
{
    const struct task *x = *(struct task *const *)a, *y = *(struct task *const *)b;
    int64_t x_avg = average_ns(x), y_avg = average_ns(y);

    return x_avg != y_avg           ? (x_avg < y_avg ? 1 : -1)
           : x->max_ns != y->max_ns ? (x->max_ns < y->max_ns ? 1 : -1)
           : x->nr != y->nr         ? (x->nr < y->nr ? 1 : -1)
           : x->run_ns != y->run_ns ? (x->run_ns < y->run_ns ? 1 : -1)
                                    : strcmp(x->comm, y->comm);
}

/* Of each command one; transfer full. */
static GPtrArray *merged(const struct sched_latency *l, bool (*shown)(const char *, void *),
                         void *data)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(task_free);
    g_autoptr(GHashTable) by_comm = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < l->order->len; i++) {
        const struct task *t = l->order->pdata[i];
        struct task *line = g_hash_table_lookup(by_comm, t->comm);

        if ((t->nr == 0 && t->run_ns == 0) || (shown != NULL && !shown(t->comm, data))) {
            continue;
        }
        if (line == NULL) {
            line = g_new0(struct task, 1);
            line->comm = g_strdup(t->comm);
            line->max_start_ns = INT64_MAX;
            g_hash_table_insert(by_comm, line->comm, line);
            g_ptr_array_add(lines, line);
        }
        merge(line, t);
    }
    g_ptr_array_sort(lines, worst_first);
    return lines;
}

static void append_ruler(GString *out, int length)
{
    g_string_append_c(out, ' ');
    for (int i = 0; i < length; i++) {
        g_string_append_c(out, '-');
    }
    g_string_append_c(out, '\n');
}

/* In ms, to the nearest us as printf rounds. */
static void append_ms(GString *out, int width, int64_t ns)
{
    int64_t us = (ns + 500) / 1000;

    g_string_append_printf(out, "%*" G_GINT64_FORMAT ".%03" G_GINT64_FORMAT, width - 4, us / 1000,
                           us % 1000);
}

static void append_line(GString *out, const struct task *t)
{
    g_autofree char *name = t->nr_merged > 1 ? g_strdup_printf("%s:(%d)", t->comm, t->nr_merged)
                                             : g_strdup_printf("%s:%d", t->comm, t->pid);
    int64_t start_ns = t->nr > 0 ? t->max_start_ns : 0;
    int64_t end_ns = start_ns + t->max_ns;

    g_string_append_printf(out, "  %-21s |", name);
    append_ms(out, 11, t->run_ns);
    g_string_append_printf(out, " ms |%9" G_GUINT64_FORMAT " | avg:", t->nr);
    append_ms(out, 8, average_ns(t));
    g_string_append(out, " ms | max:");
    append_ms(out, 8, t->max_ns);
    g_string_append_printf(out,
                           " ms | max start: %5" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT
                           " s | max end: %5" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT " s\n",
                           start_ns / 1000000000, start_ns / 1000 % 1000000, end_ns / 1000000000,
                           end_ns / 1000 % 1000000);
}

void sched_latency_append(const struct sched_latency *l,
                          bool (*shown)(const char *comm, void *data), void *data, GString *out)
{
    g_autoptr(GPtrArray) lines = merged(l, shown, data);
    int64_t run_ns = 0;
    uint64_t nr = 0;

    g_string_append_c(out, '\n');
    append_ruler(out, LINE);
    g_string_append(out,
                    "  Task                  |   Runtime ms  |  Count   | Avg delay ms    | Max "
                    "delay ms    | Max delay start           | Max delay end          |\n");
    append_ruler(out, LINE);
    for (guint i = 0; i < lines->len; i++) {
        const struct task *t = lines->pdata[i];

        append_line(out, t);
        run_ns += t->run_ns;
        nr += t->nr;
    }
    append_ruler(out, 113);
    g_string_append(out, "  TOTAL:                |");
    append_ms(out, 11, run_ns);
    g_string_append_printf(out, " ms |%9" G_GUINT64_FORMAT " |\n", nr);
    append_ruler(out, 51);
    g_string_append_c(out, '\n');
}
