/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/trace-events.h"

#include "base/bitmap.h"

struct trace_events {
    const struct trace_sink *sink;
    const struct trace_filter *filter;
    struct kernel *kernel;
    const struct machine *machine;
    int32_t *curr;    /* [nr_cpus] task, -1 idle */
    char **swappers;  /* [nr_cpus + 1] "swapper/0"... */
    GArray *tgids;    /* int32_t, by process: the PID of its first task; 0 none yet */
    int64_t woken_ns; /* when, */
    int32_t wakee;    /* who, and */
    int32_t woken_by; /* on which CPU the last sched_waking was */
};

/* ------------------------------------------------------------------------------------------- */
/* What is wanted                                                                               */

bool trace_filter_time(const struct trace_filter *f, int64_t now_ns)
{
    return f == NULL || (now_ns >= f->from_ns && now_ns < f->to_ns);
}

bool trace_filter_cpu(const struct trace_filter *f, int32_t cpu)
{
    return f == NULL || f->cpus == NULL || bitmap_test(f->cpus, (uint32_t)cpu);
}

bool trace_filter_comm(const struct trace_filter *f, const char *comm)
{
    return f == NULL || f->task == NULL ||
           (comm != NULL && g_pattern_spec_match_string(f->task, comm));
}

bool trace_filter_event(const struct trace_filter *f, const struct ftrace_event *e)
{
    return trace_filter_time(f, e->time_ns) && trace_filter_cpu(f, e->cpu) &&
           (trace_filter_comm(f, e->task.comm) || trace_filter_comm(f, e->other.comm) ||
            trace_filter_comm(f, e->printer.comm));
}

/* ------------------------------------------------------------------------------------------- */
/* Who is who                                                                                   */

struct trace_events *trace_events_new(const struct trace_sink *sink,
                                      const struct trace_filter *filter)
{
    struct trace_events *te = g_new0(struct trace_events, 1);

    te->sink = sink;
    te->filter = filter;
    te->tgids = g_array_new(FALSE, TRUE, sizeof(int32_t));
    te->wakee = -1;
    return te;
}

void trace_events_free(struct trace_events *te)
{
    if (te == NULL) {
        return;
    }
    g_free(te->curr);
    g_strfreev(te->swappers);
    g_array_unref(te->tgids);
    g_free(te);
}

int32_t trace_events_curr(const struct trace_events *te, int32_t cpu)
{
    return te->curr[cpu];
}

struct ftrace_task trace_events_task(const struct trace_events *te, int32_t id, int32_t cpu)
{
    const struct numasim_task *t;
    guint process;

    if (id < 0) {
        return (struct ftrace_task){.comm = te->swappers[cpu], .pid = 0, .prio = 120, .tgid = 0};
    }
    t = task_pub(kernel_task(te->kernel, id));
    process = t->process != NULL ? (guint)t->process->id : G_MAXUINT;
    return (struct ftrace_task){
        .comm = t->comm,
        .pid = id + 1,
        .prio = t->prio,
        .tgid = process < te->tgids->len ? g_array_index(te->tgids, int32_t, process) : id + 1,
    };
}

static void note_process(struct trace_events *te, const struct tp_event *e)
{
    guint process = (guint)e->a;

    if (e->a < 0) {
        return;
    }
    if (process >= te->tgids->len) {
        g_array_set_size(te->tgids, process + 1);
    }
    if (g_array_index(te->tgids, int32_t, process) == 0) {
        g_array_index(te->tgids, int32_t, process) = e->task + 1;
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Events                                                                                       */

/* An event of @kind on @cpu, by the task that runs there, about @task. */
static struct ftrace_event make(const struct trace_events *te, const struct tp_event *e,
                                enum ftrace_kind kind, int32_t cpu, int32_t task)
{
    return (struct ftrace_event){
        .time_ns = e->time_ns,
        .cpu = cpu,
        .kind = kind,
        .context = FTRACE_CONTEXT_TASK,
        .orig_cpu = -1,
        .dest_cpu = -1,
        .printer = trace_events_task(te, te->curr[cpu], cpu),
        .task = trace_events_task(te, task, cpu),
        .other = {.prio = INT32_MIN},
    };
}

/* People know CPUs and nodes by the numbers that the machine gives them. */
static int32_t os_cpu(const struct trace_events *te, int32_t cpu)
{
    return cpu < 0 ? cpu : te->machine->cpus[cpu].os_id;
}

static int32_t os_node(const struct trace_events *te, int64_t node)
{
    return node < 0 ? -1 : te->machine->nodes[node].os_id;
}

static void tell(const struct trace_events *te, const struct ftrace_event *e)
{
    struct ftrace_event told = *e;

    told.cpu = os_cpu(te, e->cpu);
    told.orig_cpu = os_cpu(te, e->orig_cpu);
    told.dest_cpu = os_cpu(te, e->dest_cpu);
    if (trace_filter_event(te->filter, &told)) {
        te->sink->event(&told, te->sink->data);
    }
}

static void tell_other(const struct trace_events *te, const struct ftrace_event *columns,
                       const char *name, char *fields)
{
    struct ftrace_event told = *columns;

    told.cpu = os_cpu(te, columns->cpu);
    if (te->sink->other != NULL && trace_filter_event(te->filter, &told)) {
        te->sink->other(&told, name, fields, te->sink->data);
    }
    g_free(fields);
}

static void on_switch(struct trace_events *te, const struct tp_event *e)
{
    struct ftrace_event f = make(te, e, FTRACE_SWITCH, e->cpu, e->other);

    f.printer = f.task;
    f.other = trace_events_task(te, e->task, e->cpu);
    f.preempted = e->a == LEAVE_PREEMPTED || e->a == LEAVE_THROTTLED;
    f.task_state = e->a == LEAVE_BLOCKED  ? FTRACE_STATE_SLEEP
                   : e->a == LEAVE_EXITED ? FTRACE_STATE_DEAD
                                          : FTRACE_STATE_RUNNABLE;
    if (e->other >= 0) {
        tell_other(te, &f, "sched_stat_runtime",
                   g_strdup_printf("comm=%s pid=%d runtime=%" G_GINT64_FORMAT " [ns]", f.task.comm,
                                   f.task.pid, e->c));
    }
    te->curr[e->cpu] = e->task;
    tell(te, &f);
}

static void on_waking(struct trace_events *te, const struct tp_event *e)
{
    struct ftrace_event f = make(te, e, FTRACE_WAKING, e->cpu, e->task);

    f.dest_cpu = (int32_t)e->a;
    f.sync = (kernel_waking_flags(te->kernel) & NUMASIM_WAKE_SYNC) != 0 ? FTRACE_SYNC_YES
                                                                        : FTRACE_SYNC_NO;
    if (e->other < 0) {
        f.context = FTRACE_CONTEXT_HARDIRQ;
    }
    te->woken_ns = e->time_ns;
    te->wakee = e->task;
    te->woken_by = e->cpu;
    tell(te, &f);
}

static void on_wakeup(struct trace_events *te, const struct tp_event *e)
{
    struct ftrace_event f = make(te, e, FTRACE_WAKEUP, e->cpu, e->task);

    f.dest_cpu = e->cpu;
    if (te->curr[e->cpu] < 0 || te->woken_by != e->cpu || te->woken_ns != e->time_ns) {
        f.context = FTRACE_CONTEXT_HARDIRQ; /* of the IPI */
    }
    tell(te, &f);
}

/* The CPU where @parent runs; -1: it does not. */
static int32_t cpu_of_parent(const struct trace_events *te, int32_t parent)
{
    int32_t cpu = parent < 0 ? -1 : task_pub(kernel_task(te->kernel, parent))->cpu;

    return cpu >= 0 && te->curr[cpu] == parent ? cpu : -1;
}

static void on_fork(struct trace_events *te, const struct tp_event *e)
{
    int32_t cpu = cpu_of_parent(te, e->other);
    struct ftrace_event f;

    note_process(te, e);
    f = make(te, e, FTRACE_FORK, cpu >= 0 ? cpu : e->cpu, cpu >= 0 ? e->other : -1);
    f.other = trace_events_task(te, e->task, e->cpu);
    f.context = cpu >= 0 ? FTRACE_CONTEXT_TASK : FTRACE_CONTEXT_HARDIRQ;
    tell(te, &f);
}

static void on_wakeup_new(struct trace_events *te, const struct tp_event *e)
{
    int32_t cpu = cpu_of_parent(te, e->other);
    struct ftrace_event f = make(te, e, FTRACE_WAKEUP_NEW, cpu >= 0 ? cpu : e->cpu, e->task);

    f.dest_cpu = e->cpu;
    f.context = cpu >= 0 ? FTRACE_CONTEXT_TASK : FTRACE_CONTEXT_HARDIRQ;
    tell(te, &f);
}

/* A waker moves the task that it wakes; others are pulled by the CPU that they go to. */
static void on_migrate(struct trace_events *te, const struct tp_event *e)
{
    bool wakes = e->task == te->wakee && e->time_ns == te->woken_ns && e->a == MIGRATE_WAKEUP;
    struct ftrace_event f = make(te, e, FTRACE_MIGRATE, wakes ? te->woken_by : e->other, e->task);

    f.orig_cpu = e->cpu;
    f.dest_cpu = e->other;
    tell(te, &f);
}

/* What came to be copied, or is no more; newly allocated. */
static char *copies_text(const struct trace_events *te, const struct tp_event *e)
{
    static const char *const ends[] = {[COPIES_WRITTEN] = "written",
                                       [COPIES_RECLAIMED] = "reclaimed",
                                       [COPIES_FREED] = "freed",
                                       [COPIES_REMAPPED] = "remapped"};
    const char *what = e->type == TP_DROP_COPIES ? "reason" : "kind";
    const char *value = e->type == TP_DROP_COPIES ? ends[e->a] : e->a != 0 ? "replica" : "shadow";

    return g_strdup_printf("nr_pages=%" G_GINT64_FORMAT " process=%d region=%d nid=%d %s=%s", e->c,
                           e->task, e->other, os_node(te, e->b), what, value);
}

static void on_memory(struct trace_events *te, const struct tp_event *e)
{
    struct ftrace_event f = make(te, e, NR_FTRACE_KINDS, MAX(e->cpu, 0), -1);

    f.task.comm = NULL;
    switch (e->type) {
    case TP_SCHED_MOVE_NUMA:
        f.task = trace_events_task(te, e->task, e->cpu);
        tell_other(te, &f, "sched_move_numa",
                   g_strdup_printf("pid=%d tgid=%d ngid=0 src_cpu=%d src_nid=%d dst_cpu=-1 "
                                   "dst_nid=%d",
                                   f.task.pid, f.task.tgid, os_cpu(te, e->cpu),
                                   os_node(te, kernel_cpu(te->kernel, e->cpu)->node),
                                   os_node(te, e->other)));
        break;
    case TP_MM_MIGRATE_PAGES:
        tell_other(te, &f, "mm_migrate_pages",
                   g_strdup_printf("nr_succeeded=%" G_GINT64_FORMAT
                                   " nr_failed=0 process=%d region=%d src_nid=%d dst_nid=%d",
                                   e->c, e->task, e->other, os_node(te, e->a), os_node(te, e->b)));
        break;
    case TP_COPY_PAGES:
    case TP_DROP_COPIES:
        tell_other(te, &f, tracepoint_name((enum tracepoint)e->type), copies_text(te, e));
        break;
    default:
        f.task = trace_events_task(te, e->task, f.cpu);
        tell_other(te, &f, tracepoint_name((enum tracepoint)e->type),
                   g_strdup_printf("comm=%s pid=%d region=%d nid=%d faults=%" G_GINT64_FORMAT
                                   " migrated=%" G_GINT64_FORMAT,
                                   f.task.comm, f.task.pid, e->other, os_node(te, e->a), e->b,
                                   e->c));
        break;
    }
}

static void on_event(const struct tp_event *e, void *data)
{
    struct trace_events *te = data;
    struct ftrace_event f;

    switch (e->type) {
    case TP_SCHED_SWITCH:
        on_switch(te, e);
        break;
    case TP_SCHED_WAKING:
        on_waking(te, e);
        break;
    case TP_SCHED_WAKEUP:
        on_wakeup(te, e);
        break;
    case TP_SCHED_WAKEUP_NEW:
        on_wakeup_new(te, e);
        break;
    case TP_SCHED_MIGRATE_TASK:
        on_migrate(te, e);
        break;
    case TP_SCHED_PROCESS_FORK:
        on_fork(te, e);
        break;
    case TP_SCHED_PROCESS_EXIT:
        f = make(te, e, FTRACE_EXIT, e->cpu, e->task);
        tell(te, &f);
        break;
    default:
        on_memory(te, e);
        break;
    }
}

void trace_events_attach(struct trace_events *te, struct kernel *k)
{
    const uint64_t one = 1;

    te->kernel = k;
    te->machine = kernel_machine(k);
    te->curr = g_new(int32_t, (gsize)te->machine->nr_cpus);
    te->swappers = g_new0(char *, (gsize)te->machine->nr_cpus + 1);
    for (int32_t cpu = 0; cpu < te->machine->nr_cpus; cpu++) {
        te->curr[cpu] = -1;
        te->swappers[cpu] = g_strdup_printf("swapper/%d", os_cpu(te, cpu));
    }
    kernel_listen(k,
                  one << TP_SCHED_SWITCH | one << TP_SCHED_WAKING | one << TP_SCHED_WAKEUP |
                      one << TP_SCHED_WAKEUP_NEW | one << TP_SCHED_MIGRATE_TASK |
                      one << TP_SCHED_PROCESS_FORK | one << TP_SCHED_PROCESS_EXIT |
                      one << TP_SCHED_MOVE_NUMA | one << TP_MM_MIGRATE_PAGES |
                      one << TP_NUMA_HINT_FAULT | one << TP_COPY_PAGES | one << TP_DROP_COPIES,
                  on_event, te);
}
