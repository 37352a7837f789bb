/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/trace/summary.h"

#include <string.h>

#include "base/time.h"

/* One task: what it adds to its command, whose name is known only at the end. */
struct tally {
    const char *comm;
    bool switched; /* seen in a switch */
    int64_t run_ns, switch_in, preempted, blocked, wakeups, migrations;
    int64_t wakeup_ns; /* of the last wakeup; -1: it has run since */
    GArray *latencies_ns;
};

struct summing {
    GPtrArray *tallies;
    GHashTable *by_pid;
};

static void tally_free(gpointer tally)
{
    struct tally *t = tally;

    g_array_unref(t->latencies_ns);
    g_free(t);
}

static struct tally *add_tally(struct summing *s, int32_t pid)
{
    struct tally *t = g_new0(struct tally, 1);

    t->wakeup_ns = -1;
    t->latencies_ns = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_ptr_array_add(s->tallies, t);
    g_hash_table_replace(s->by_pid, GINT_TO_POINTER(pid), t);
    return t;
}

static struct tally *tally_of(struct summing *s, const struct ftrace_task *who)
{
    struct tally *t = g_hash_table_lookup(s->by_pid, GINT_TO_POINTER(who->pid));

    if (t == NULL) {
        t = add_tally(s, who->pid);
    }
    t->comm = who->comm != NULL ? who->comm : t->comm;
    return t;
}

struct running {
    int32_t pid; /* -1: not known */
    int64_t since_ns;
};

static void count_switch(struct summing *s, const struct ftrace_event *e, struct running *cpu)
{
    if (e->task.pid != 0) {
        struct tally *prev = tally_of(s, &e->task);

        prev->switched = true;
        prev->run_ns += cpu->pid == e->task.pid ? e->time_ns - cpu->since_ns : 0;
        if (e->task_state == FTRACE_STATE_RUNNABLE) {
            prev->preempted++;
        } else {
            prev->blocked++;
        }
    }
    *cpu = (struct running){e->other.pid, e->time_ns};
    if (e->other.pid != 0) {
        struct tally *next = tally_of(s, &e->other);

        next->switched = true;
        next->switch_in++;
        if (next->wakeup_ns >= 0) {
            int64_t latency_ns = e->time_ns - next->wakeup_ns;

            g_array_append_val(next->latencies_ns, latency_ns);
            next->wakeup_ns = -1;
        }
    }
}

static void count_event(struct summing *s, const struct ftrace_event *e, struct running *cpus)
{
    struct tally *t;

    switch (e->kind) {
    case FTRACE_SWITCH:
        count_switch(s, e, &cpus[e->cpu]);
        break;
    case FTRACE_WAKEUP:
    case FTRACE_WAKEUP_NEW:
        t = tally_of(s, &e->task);
        t->wakeups++;
        t->wakeup_ns = e->time_ns;
        break;
    case FTRACE_MIGRATE:
        tally_of(s, &e->task)->migrations++;
        break;
    case FTRACE_FORK:
        tally_of(s, &e->task);
        add_tally(s, e->other.pid)->comm = e->other.comm;
        break;
    default:
        if (e->task.comm != NULL) {
            tally_of(s, &e->task);
        }
        break;
    }
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    const struct tally *const *x = a, *const *y = b;

    return strcmp((*x)->comm, (*y)->comm);
}

static gint by_value(gconstpointer a, gconstpointer b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static gint by_run(gconstpointer a, gconstpointer b)
{
    const struct trace_command *x = a, *y = b;

    return x->run_ns != y->run_ns ? (x->run_ns > y->run_ns ? -1 : 1) : strcmp(x->comm, y->comm);
}

static struct trace_latency summarise(GArray *samples_ns)
{
    struct trace_latency l = {.n = samples_ns->len};

    if (l.n == 0) {
        return l;
    }
    g_array_sort(samples_ns, by_value);
    for (guint i = 0; i < samples_ns->len; i++) {
        l.sum_ns += g_array_index(samples_ns, int64_t, i);
    }
    l.p50_ns = g_array_index(samples_ns, int64_t, l.n * 50 / 100);
    l.p90_ns = g_array_index(samples_ns, int64_t, l.n * 90 / 100);
    l.p99_ns = g_array_index(samples_ns, int64_t, l.n * 99 / 100);
    l.max_ns = g_array_index(samples_ns, int64_t, l.n - 1);
    return l;
}

/* The tallies [first, end) are of one command. */
static struct trace_command add_up(const GPtrArray *tallies, guint first, guint end)
{
    g_autoptr(GArray) latencies_ns = g_array_new(FALSE, FALSE, sizeof(int64_t));
    struct trace_command c = {0};

    for (guint i = first; i < end; i++) {
        const struct tally *t = g_ptr_array_index(tallies, i);

        c.tasks += t->switched ? 1 : 0;
        c.run_ns += t->run_ns;
        c.switch_in += t->switch_in;
        c.preempted += t->preempted;
        c.blocked += t->blocked;
        c.wakeups += t->wakeups;
        c.migrations += t->migrations;
        g_array_append_vals(latencies_ns, t->latencies_ns->data, t->latencies_ns->len);
    }
    c.comm = g_strdup(((const struct tally *)g_ptr_array_index(tallies, first))->comm);
    c.wakeup_latency = summarise(latencies_ns);
    return c;
}

static void make_commands(struct trace_summary *summary, GPtrArray *tallies)
{
    g_autoptr(GArray) commands = g_array_new(FALSE, FALSE, sizeof(struct trace_command));

    g_ptr_array_sort(tallies, by_name);
    for (guint first = 0, end; first < tallies->len; first = end) {
        struct trace_command c;

        for (end = first + 1; end < tallies->len; end++) {
            if (by_name(&tallies->pdata[first], &tallies->pdata[end]) != 0) {
                break;
            }
        }
        c = add_up(tallies, first, end);
        summary->run_ns += c.run_ns;
        g_array_append_val(commands, c);
    }
    g_array_sort(commands, by_run);
    summary->nr_commands = (int32_t)commands->len;
    summary->commands =
        (struct trace_command *)(void *)g_array_free(g_steal_pointer(&commands), FALSE);
}

struct trace_summary *trace_summary_new(const struct ftrace_text *text)
{
    struct trace_summary *summary = g_new0(struct trace_summary, 1);
    g_autofree struct running *cpus = g_new(struct running, (gsize)text->nr_cpus);
    struct summing s = {.tallies = g_ptr_array_new_with_free_func(tally_free),
                        .by_pid = g_hash_table_new(g_direct_hash, g_direct_equal)};

    for (int32_t i = 0; i < text->nr_cpus; i++) {
        cpus[i] = (struct running){-1, 0};
    }
    for (size_t i = 0; i < text->nr_events; i++) {
        count_event(&s, &text->events[i], cpus);
    }
    summary->span_ns = text->events[text->nr_events - 1].time_ns - text->events[0].time_ns;
    summary->events = text->nr_events;
    summary->nr_cpus = text->nr_cpus;
    make_commands(summary, s.tallies);
    g_ptr_array_unref(s.tallies);
    g_hash_table_unref(s.by_pid);
    return summary;
}

void trace_summary_free(struct trace_summary *summary)
{
    if (summary == NULL) {
        return;
    }
    for (int32_t i = 0; i < summary->nr_commands; i++) {
        g_free(summary->commands[i].comm);
    }
    g_free(summary->commands);
    g_free(summary);
}

const struct trace_command *trace_summary_find(const struct trace_summary *summary,
                                               const char *comm)
{
    for (int32_t i = 0; i < summary->nr_commands; i++) {
        if (strcmp(summary->commands[i].comm, comm) == 0) {
            return &summary->commands[i];
        }
    }
    return NULL;
}

static void write_string(GString *json, const char *text)
{
    g_string_append_c(json, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_c(json, '\\');
        }
        g_string_append_c(json, *c);
    }
    g_string_append_c(json, '"');
}

static void write_number(GString *json, const char *indent, const char *key, int64_t value,
                         bool last)
{
    g_string_append_printf(json, "%s\"%s\": %" G_GINT64_FORMAT "%s\n", indent, key, value,
                           last ? "" : ",");
}

static void write_command(GString *json, const struct trace_command *c, bool last)
{
    const struct trace_latency *l = &c->wakeup_latency;
    /* Hundredths of a microsecond, rounded. */
    int64_t mean = l->n == 0 ? 0 : (l->sum_ns / 5 + (int64_t)l->n) / (2 * (int64_t)l->n);

    g_string_append(json, "  ");
    write_string(json, c->comm);
    g_string_append(json, ": {\n");
    write_number(json, "   ", "tasks", c->tasks, false);
    write_number(json, "   ", "run_us", c->run_ns / NSEC_PER_USEC, false);
    write_number(json, "   ", "switch_in", c->switch_in, false);
    write_number(json, "   ", "preempted", c->preempted, false);
    write_number(json, "   ", "blocked", c->blocked, false);
    write_number(json, "   ", "wakeups", c->wakeups, false);
    write_number(json, "   ", "migrations", c->migrations, l->n == 0);
    if (l->n > 0) {
        g_string_append(json, "   \"wakeup_latency_us\": {\n");
        write_number(json, "    ", "n", (int64_t)l->n, false);
        write_number(json, "    ", "p50", l->p50_ns / NSEC_PER_USEC, false);
        write_number(json, "    ", "p90", l->p90_ns / NSEC_PER_USEC, false);
        write_number(json, "    ", "p99", l->p99_ns / NSEC_PER_USEC, false);
        write_number(json, "    ", "max", l->max_ns / NSEC_PER_USEC, false);
        g_string_append_printf(json,
                               "    \"mean\": %" G_GINT64_FORMAT ".%02" G_GINT64_FORMAT "\n   }\n",
                               mean / 100, mean % 100);
    }
    g_string_append_printf(json, "  }%s\n", last ? "" : ",");
}

char *trace_summary_to_json(const struct trace_summary *summary, const char *name)
{
    GString *json = g_string_new("{\n \"trace\": ");
    int64_t cpu_us = summary->span_ns / NSEC_PER_USEC * summary->nr_cpus;
    int64_t share =
        cpu_us > 0 ? (summary->run_ns / NSEC_PER_USEC * 10000 + cpu_us / 2) / cpu_us : 0;

    write_string(json, name);
    g_string_append(json, ",\n");
    write_number(json, " ", "span_us", summary->span_ns / NSEC_PER_USEC, false);
    write_number(json, " ", "events", (int64_t)summary->events, false);
    g_string_append_printf(json,
                           " \"cpu_busy_share\": %" G_GINT64_FORMAT ".%04" G_GINT64_FORMAT
                           ",\n \"by_comm\": {\n",
                           share / 10000, share % 10000);
    for (int32_t i = 0; i < summary->nr_commands; i++) {
        write_command(json, &summary->commands[i], i + 1 == summary->nr_commands);
    }
    g_string_append(json, " }\n}\n");
    return g_string_free(json, FALSE);
}
