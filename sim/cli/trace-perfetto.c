/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/trace-perfetto.h"

#include "format/trace/perfetto.h"
#include "observe/account.h"
#include "observe/task-names.h"

/* Tracks are numbered by what they are about; those of threads by PID. */
enum tracks { TRACKS_THREADS, TRACKS_QUEUES, TRACKS_PAGES, TRACKS_FAULTS, TRACKS_LOAD, NR_TRACKS };

struct traced_task {
    bool told;               /* it has a track */
    int32_t on;              /* the CPU where it runs or waits; -1: it does not */
    uint64_t flow;           /* of the wake that it has not answered yet; 0: none */
    struct account_span run; /* runs since; to_ns 0: it does not */
};

struct trace_perfetto {
    const struct trace_filter *filter;
    struct perfetto *out;
    const struct trace_events *names;
    struct kernel *kernel;
    const struct machine *machine;
    struct account *account;
    struct cpu_times *times; /* [nr_cpus] */
    GArray *tasks;           /* struct traced_task */
    GHashTable *told;        /* tracks of counters that there are */
    uint64_t flows;          /* so far */
    int64_t *queued;         /* [nr_cpus] */
    int64_t *bytes, *faults; /* [nr_nodes] */
};

static uint64_t track(enum tracks kind, int32_t number)
{
    return (uint64_t)kind << 40 | (uint64_t)(number + 1);
}

static struct traced_task *task_of(struct trace_perfetto *tp, int32_t id)
{
    while (tp->tasks->len <= (guint)id) {
        struct traced_task t = {.on = -1};

        g_array_append_val(tp->tasks, t);
    }
    return &g_array_index(tp->tasks, struct traced_task, id);
}

/* ------------------------------------------------------------------------------------------- */
/* Threads                                                                                      */

static uint64_t thread_track(struct trace_perfetto *tp, int32_t id)
{
    const struct numasim_task *pub = task_pub(kernel_task(tp->kernel, id));
    struct ftrace_task who = trace_events_task(tp->names, id, 0);
    struct traced_task *t = task_of(tp, id);

    if (!t->told) {
        t->told = true;
        perfetto_thread(tp->out, track(TRACKS_THREADS, id), &who,
                        pub->process != NULL ? pub->process->name : who.comm);
    }
    return track(TRACKS_THREADS, id);
}

static void write_span(struct trace_perfetto *tp, const struct account_span *s)
{
    static const char *const names[] = {[ACCOUNT_IS_UNBORN] = "not started",
                                        [ACCOUNT_IS_BLOCKED] = "blocked",
                                        [ACCOUNT_IS_COMING] = "coming",
                                        [ACCOUNT_IS_WAITING] = "waiting",
                                        [ACCOUNT_IS_THROTTLED] = "throttled",
                                        [ACCOUNT_IS_RUNNING] = "running",
                                        [ACCOUNT_IS_DEAD] = "dead"};
    const struct trace_filter *f = tp->filter;
    struct traced_task *t = task_of(tp, s->task);
    struct perfetto_note notes[NR_ACCOUNT_KINDS + 1];
    int64_t from_ns = MAX(s->from_ns, f->from_ns), to_ns = MIN(s->to_ns, f->to_ns);
    int32_t nr = 0;
    uint64_t flow = 0;

    if (s->state != ACCOUNT_IS_BLOCKED) {
        flow = t->flow;
        t->flow = 0;
    }
    if (from_ns >= to_ns || s->state == ACCOUNT_IS_UNBORN ||
        !trace_filter_comm(f, task_pub(kernel_task(tp->kernel, s->task))->comm) ||
        (s->cpu >= 0 && !trace_filter_cpu(f, tp->machine->cpus[s->cpu].os_id))) {
        return;
    }
    if (s->cpu >= 0) {
        notes[nr++] = (struct perfetto_note){"cpu", tp->machine->cpus[s->cpu].os_id};
    }
    for (int i = 0; s->state == ACCOUNT_IS_RUNNING && i < NR_ACCOUNT_KINDS; i++) {
        if (s->kinds[i] > 0) {
            notes[nr++] =
                (struct perfetto_note){account_kind_name((enum account_kind)i), s->kinds[i]};
        }
    }
    perfetto_slice(tp->out, thread_track(tp, s->task), from_ns, to_ns, names[s->state], notes, nr,
                   flow);
}

static void write_run(struct trace_perfetto *tp, struct traced_task *t)
{
    struct account_span run = t->run;

    t->run.to_ns = 0;
    if (run.to_ns > 0) {
        write_span(tp, &run);
    }
}

/* A run comes in stretches of one pace each; it is shown as one. */
static void on_span(const struct account_span *s, void *data)
{
    struct trace_perfetto *tp = data;
    struct traced_task *t = task_of(tp, s->task);

    if (s->state == ACCOUNT_IS_RUNNING && t->run.to_ns == s->from_ns && t->run.to_ns > 0 &&
        t->run.cpu == s->cpu) {
        t->run.to_ns = s->to_ns;
        for (int i = 0; i < NR_ACCOUNT_KINDS; i++) {
            t->run.kinds[i] += s->kinds[i];
        }
        return;
    }
    write_run(tp, t);
    if (s->state == ACCOUNT_IS_RUNNING) {
        t->run = *s;
    } else {
        write_span(tp, s);
    }
}

static void on_waking(struct trace_perfetto *tp, const struct tp_event *e)
{
    const struct trace_filter *f = tp->filter;

    if (e->other < 0 || !trace_filter_time(f, e->time_ns) ||
        !trace_filter_cpu(f, tp->machine->cpus[e->cpu].os_id) ||
        !trace_filter_comm(f, task_pub(kernel_task(tp->kernel, e->other))->comm) ||
        !trace_filter_comm(f, task_pub(kernel_task(tp->kernel, e->task))->comm)) {
        return;
    }
    (void)thread_track(tp, e->task);
    task_of(tp, e->task)->flow = ++tp->flows;
    perfetto_instant(tp->out, thread_track(tp, e->other), e->time_ns, "wakes", tp->flows);
}

/* ------------------------------------------------------------------------------------------- */
/* Counters                                                                                     */

/* @name: freed. */
static void count(struct trace_perfetto *tp, uint64_t uuid, char *name, const char *unit,
                  int64_t now_ns, int64_t value)
{
    if (trace_filter_time(tp->filter, now_ns)) {
        if (g_hash_table_add(tp->told, GSIZE_TO_POINTER(uuid))) {
            perfetto_counter_track(tp->out, uuid, 0, name, unit);
        }
        perfetto_counter(tp->out, uuid, now_ns, value);
    }
    g_free(name);
}

static void count_queue(struct trace_perfetto *tp, int32_t cpu, int64_t now_ns, int64_t by)
{
    int32_t os_id = tp->machine->cpus[cpu].os_id;

    tp->queued[cpu] += by;
    if (trace_filter_cpu(tp->filter, os_id)) {
        count(tp, track(TRACKS_QUEUES, cpu), g_strdup_printf("runnable on CPU %d", os_id), NULL,
              now_ns, tp->queued[cpu]);
    }
}

static void count_bytes(struct trace_perfetto *tp, int64_t node, int64_t now_ns, int64_t by)
{
    tp->bytes[node] += by;
    count(tp, track(TRACKS_PAGES, (int32_t)node),
          g_strdup_printf("memory on node %d", tp->machine->nodes[node].os_id), "bytes", now_ns,
          tp->bytes[node]);
}

static void count_load(struct trace_perfetto *tp, const struct tp_event *e)
{
    const struct machine_node *nodes = tp->machine->nodes;
    char *name = e->cpu < 0 ? g_strdup_printf("use of memory of node %d", nodes[e->other].os_id)
                            : g_strdup_printf("use of link %d to %d", nodes[e->cpu].os_id,
                                              nodes[e->other].os_id);

    count(tp, track(TRACKS_LOAD, e->task), name, "ppm", e->time_ns, e->a);
}

/* Puts task @id on @cpu, -1: nowhere. */
static void move_task(struct trace_perfetto *tp, int32_t id, int32_t cpu, int64_t now_ns)
{
    struct traced_task *t = task_of(tp, id);
    int32_t from = t->on;

    t->on = cpu;
    if (from != cpu && from >= 0) {
        count_queue(tp, from, now_ns, -1);
    }
    if (from != cpu && cpu >= 0) {
        count_queue(tp, cpu, now_ns, 1);
    }
}

static void on_event(const struct tp_event *e, void *data)
{
    struct trace_perfetto *tp = data;
    int64_t page = tp->machine->page_size_bytes;

    switch ((enum tracepoint)e->type) {
    case TP_SCHED_WAKING:
        on_waking(tp, e);
        break;
    case TP_SCHED_WAKEUP:
    case TP_SCHED_WAKEUP_NEW:
        move_task(tp, e->task, e->cpu, e->time_ns);
        break;
    case TP_SCHED_SWITCH:
        if (e->other >= 0 && (e->a == LEAVE_BLOCKED || e->a == LEAVE_EXITED)) {
            move_task(tp, e->other, -1, e->time_ns);
        }
        break;
    case TP_SCHED_MIGRATE_TASK:
        if (task_of(tp, e->task)->on >= 0) {
            move_task(tp, e->task, e->other, e->time_ns);
        }
        break;
    case TP_MM_PAGE_ALLOC:
        count_bytes(tp, e->a, e->time_ns, e->b * e->c);
        break;
    case TP_MM_PAGE_FREE:
        count_bytes(tp, e->a, e->time_ns, -e->b * e->c);
        break;
    case TP_MM_MIGRATE_PAGES:
        count_bytes(tp, e->a, e->time_ns, -e->c * page);
        count_bytes(tp, e->b, e->time_ns, e->c * page);
        break;
    case TP_COPY_PAGES:
        count_bytes(tp, e->b, e->time_ns, e->c * page);
        break;
    case TP_DROP_COPIES:
        count_bytes(tp, e->b, e->time_ns, -e->c * page);
        break;
    case TP_NUMA_HINT_FAULT:
        tp->faults[e->a] += e->b;
        count(tp, track(TRACKS_FAULTS, (int32_t)e->a),
              g_strdup_printf("hint faults on node %d", tp->machine->nodes[e->a].os_id), NULL,
              e->time_ns, tp->faults[e->a]);
        break;
    case TP_MEM_LOAD:
        count_load(tp, e);
        break;
    default:
        break;
    }
}

/* ------------------------------------------------------------------------------------------- */

struct trace_perfetto *trace_perfetto_new(const struct trace_filter *filter, int32_t nr_cpus,
                                          GString *out)
{
    struct trace_perfetto *tp = g_new0(struct trace_perfetto, 1);

    tp->filter = filter;
    tp->out = perfetto_new(nr_cpus, out);
    tp->tasks = g_array_new(FALSE, FALSE, sizeof(struct traced_task));
    tp->told = g_hash_table_new(g_direct_hash, g_direct_equal);
    return tp;
}

void trace_perfetto_free(struct trace_perfetto *tp)
{
    if (tp == NULL) {
        return;
    }
    perfetto_free(tp->out);
    account_free(tp->account);
    g_array_unref(tp->tasks);
    g_hash_table_unref(tp->told);
    g_free(tp->times);
    g_free(tp->queued);
    g_free(tp->bytes);
    g_free(tp->faults);
    g_free(tp);
}

void trace_perfetto_attach(struct trace_perfetto *tp, struct kernel *k,
                           const struct trace_events *names)
{
    const uint64_t one = 1;
    struct account_config config = {.cgroups = task_cgroups, .cgroups_data = k, .span = on_span};

    tp->kernel = k;
    tp->names = names;
    tp->machine = kernel_machine(k);
    config.nr_cpus = tp->machine->nr_cpus;
    config.data = tp;
    tp->account = account_new(&config);
    tp->times = g_new0(struct cpu_times, (gsize)tp->machine->nr_cpus);
    tp->queued = g_new0(int64_t, (gsize)tp->machine->nr_cpus);
    tp->bytes = g_new0(int64_t, (gsize)tp->machine->nr_nodes);
    tp->faults = g_new0(int64_t, (gsize)tp->machine->nr_nodes);
    kernel_listen(k,
                  one << TP_SCHED_WAKING | one << TP_SCHED_WAKEUP | one << TP_SCHED_WAKEUP_NEW |
                      one << TP_SCHED_SWITCH | one << TP_SCHED_MIGRATE_TASK |
                      one << TP_MM_PAGE_ALLOC | one << TP_MM_PAGE_FREE | one << TP_COPY_PAGES |
                      one << TP_DROP_COPIES | one << TP_MM_MIGRATE_PAGES |
                      one << TP_NUMA_HINT_FAULT | one << TP_MEM_LOAD,
                  on_event, tp);
    kernel_listen(k, account_mask(), account_event, tp->account);
}

void trace_perfetto_event(struct trace_perfetto *tp, const struct ftrace_event *e)
{
    perfetto_ftrace(tp->out, e);
}

void trace_perfetto_finish(struct trace_perfetto *tp, const struct kernel *k)
{
    for (int32_t cpu = 0; cpu < tp->machine->nr_cpus; cpu++) {
        tp->times[cpu] = kernel_cpu_times(k, cpu);
    }
    account_cut(tp->account, kernel_now_ns(k), tp->times);
    for (guint i = 0; i < tp->tasks->len; i++) {
        write_run(tp, &g_array_index(tp->tasks, struct traced_task, i));
    }
    perfetto_finish(tp->out);
}
