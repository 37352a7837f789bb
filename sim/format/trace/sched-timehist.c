/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/trace/sched-timehist.h"

enum { COMM_WIDTH = 30, NEVER = -1 };

struct history {
    int64_t out_ns;   /* when it last left a CPU */
    int64_t ready_ns; /* since when it could run */
};

struct sched_timehist {
    int32_t nr_cpus;
    int64_t *switched_ns;  /* [nr_cpus] of the last sched_switch there */
    struct history *idle;  /* [nr_cpus] */
    GHashTable *histories; /* PID -> struct history */
};

struct sched_timehist *sched_timehist_new(int32_t nr_cpus)
{
    struct sched_timehist *t = g_new0(struct sched_timehist, 1);

    t->nr_cpus = nr_cpus;
    t->switched_ns = g_new(int64_t, (gsize)nr_cpus);
    t->idle = g_new(struct history, (gsize)nr_cpus);
    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        t->switched_ns[cpu] = NEVER;
        t->idle[cpu] = (struct history){NEVER, NEVER};
    }
    t->histories = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
    return t;
}

void sched_timehist_free(struct sched_timehist *t)
{
    if (t == NULL) {
        return;
    }
    g_free(t->switched_ns);
    g_free(t->idle);
    g_hash_table_unref(t->histories);
    g_free(t);
}

static struct history *history_of(const struct sched_timehist *t, int32_t pid, int32_t cpu)
{
    struct history *h;

    if (pid == 0) {
        return &t->idle[cpu];
    }
    h = g_hash_table_lookup(t->histories, GINT_TO_POINTER(pid));
    if (h == NULL) {
        h = g_new(struct history, 1);
        *h = (struct history){NEVER, NEVER};
        g_hash_table_insert(t->histories, GINT_TO_POINTER(pid), h);
    }
    return h;
}

void sched_timehist_header(GString *out)
{
    static const char line[] = "------------------------------";

    g_string_append_printf(out, "%15s %6s  %-*s  %9s  %9s  %9s\n", "time", "cpu", COMM_WIDTH,
                           "task name", "wait time", "sch delay", "run time");
    g_string_append_printf(out, "%15s %-6s  %-*s  %9s  %9s  %9s\n", "", "", COMM_WIDTH, "[tid/pid]",
                           "(msec)", "(msec)", "(msec)");
    g_string_append_printf(out, "%.15s %.6s  %.*s  %.9s  %.9s  %.9s\n", line, line, COMM_WIDTH,
                           line, line, line, line);
}

static void append_ms(GString *out, int64_t ns)
{
    g_string_append_printf(out, "%6" G_GINT64_FORMAT ".%03" G_GINT64_FORMAT " ", ns / 1000000,
                           ns / 1000 % 1000);
}

static void append_line(GString *out, const struct ftrace_event *e, int64_t wait_ns,
                        int64_t delay_ns, int64_t run_ns)
{
    const struct ftrace_task *who = &e->task;
    const char *comm = who->comm != NULL ? who->comm : "";
    g_autofree char *name = who->pid == 0 ? g_strdup("<idle>")
                            : who->tgid != 0 && who->tgid != who->pid
                                ? g_strdup_printf("%s[%d/%d]", comm, who->pid, who->tgid)
                                : g_strdup_printf("%s[%d]", comm, who->pid);

    g_string_append_printf(out, "%8" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT " [%04d]  %-*s ",
                           e->time_ns / 1000000000, e->time_ns / 1000 % 1000000, e->cpu, COMM_WIDTH,
                           name);
    append_ms(out, wait_ns);
    append_ms(out, delay_ns);
    append_ms(out, run_ns);
    g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

void sched_timehist_event(struct sched_timehist *t, const struct ftrace_event *e, bool shown,
                          GString *out)
{
    struct history *h;
    int64_t begun_ns;

    if (e->kind == FTRACE_WAKING || e->kind == FTRACE_WAKEUP || e->kind == FTRACE_WAKEUP_NEW) {
        h = history_of(t, e->task.pid, e->cpu);
        h->ready_ns = h->ready_ns == NEVER ? e->time_ns : h->ready_ns;
    }
    if (e->kind != FTRACE_SWITCH || e->cpu >= t->nr_cpus) {
        return;
    }
    begun_ns = t->switched_ns[e->cpu];
    h = history_of(t, e->task.pid, e->cpu);
    if (shown) {
        bool known = begun_ns != NEVER;
        int64_t wait_ns = known && h->out_ns != NEVER ? MAX(begun_ns - h->out_ns, 0) : 0;
        int64_t delay_ns = known && h->ready_ns != NEVER ? MAX(begun_ns - h->ready_ns, 0) : 0;

        append_line(out, e, wait_ns, delay_ns, known ? e->time_ns - begun_ns : 0);
    }
    h->out_ns = e->time_ns;
    h->ready_ns = NEVER;
    t->switched_ns[e->cpu] = e->time_ns;
}
