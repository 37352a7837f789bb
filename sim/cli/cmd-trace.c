/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim trace: the events of a run in the formats of other tools. */
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "cli/again.h"
#include "cli/cli.h"
#include "cli/result-path.h"
#include "cli/trace-events.h"
#include "cli/trace-output.h"
#include "cli/trace-perfetto.h"
#include "format/trace/ftrace-write.h"
#include "format/trace/sched-latency.h"
#include "format/trace/sched-map.h"
#include "format/trace/sched-timehist.h"
#include "format/trace/tracedat.h"
#include "machine/cpulist.h"

enum format {
    FORMAT_FTRACE,
    FORMAT_TRACEDAT,
    FORMAT_PERFETTO,
    FORMAT_TIMEHIST,
    FORMAT_LATENCY,
    FORMAT_MAP
};
static const char *const format_names[] = {"ftrace",  "trace.dat", "perfetto", "timehist",
                                           "latency", "map",       NULL};

struct trace_options {
    int format;
    char *output, *cpus, *task;
    int64_t from_ns, to_ns;
};
#define AT(member) offsetof(struct trace_options, member)

static const struct cli_option trace_options[] = {
    {.name = "format",
     .letter = 'f',
     .type = CLI_CHOICE,
     .offset = AT(format),
     .arg = "FORMAT",
     .initial = "ftrace",
     .choices = format_names,
     .help = "ftrace: the text of the kernel's tracing; trace.dat: for trace-cmd and KernelShark; "
             "perfetto: for ui.perfetto.dev; timehist, "
             "latency, map: tables as `perf "
             "sched` prints them"},
    CLI_OUTPUT_ROW(AT(output), "FILE", CLI_COMPLETE_FILE,
                   "write to this file; otherwise it is printed"),
    {.name = "from",
     .type = CLI_TIME,
     .offset = AT(from_ns),
     .arg = "TIME",
     .help = "only what happens at this time of the run or later"},
    {.name = "to",
     .type = CLI_TIME,
     .offset = AT(to_ns),
     .arg = "TIME",
     .help = "only what happens before this time"},
    {.name = "cpu",
     .letter = 'C',
     .type = CLI_STRING,
     .offset = AT(cpus),
     .arg = "LIST",
     .help = "only what happens on these CPUs, as in 0-3,8"},
    {.name = "task",
     .type = CLI_STRING,
     .offset = AT(task),
     .arg = "GLOB",
     .help = "only what concerns tasks of these commands, as in 'mysql*'"},
    {.name = NULL},
};

/* One trace on its way. */
struct tracing {
    enum format format;
    struct trace_filter filter;
    struct trace_events *events;
    struct trace_output *output;
    struct tracedat *tracedat;
    struct trace_perfetto *perfetto;
    struct sched_timehist *timehist;
    struct sched_latency *latency;
    struct sched_map *map;
    int32_t nr_cpus;  /* the highest number + 1 */
    GPtrArray *comms; /* char *, of all tasks */
    bool found;       /* one of them is wanted */
};

static void on_event(const struct ftrace_event *e, void *data)
{
    struct tracing *tr = data;
    GString *out = trace_output_buffer(tr->output);
    bool shown =
        trace_filter_time(&tr->filter, e->time_ns) && trace_filter_cpu(&tr->filter, e->cpu);

    switch (tr->format) {
    case FORMAT_FTRACE:
        ftrace_write_event(out, e);
        break;
    case FORMAT_TRACEDAT:
        tracedat_event(tr->tracedat, e);
        break;
    case FORMAT_PERFETTO:
        trace_perfetto_event(tr->perfetto, e);
        break;
    case FORMAT_TIMEHIST:
        sched_timehist_event(tr->timehist, e, shown && trace_filter_comm(&tr->filter, e->task.comm),
                             out);
        break;
    case FORMAT_LATENCY:
        sched_latency_event(tr->latency, e, shown);
        break;
    case FORMAT_MAP:
        sched_map_event(tr->map, e, shown && trace_filter_comm(&tr->filter, e->other.comm), out);
        break;
    }
    trace_output_drain(tr->output);
}

static void on_other(const struct ftrace_event *columns, const char *name, const char *fields,
                     void *data)
{
    struct tracing *tr = data;

    if (tr->format == FORMAT_FTRACE) {
        ftrace_write_other(trace_output_buffer(tr->output), columns, name, fields);
    }
}

static void attach(struct kernel *k, void *data)
{
    struct tracing *tr = data;

    trace_events_attach(tr->events, k);
    if (tr->perfetto != NULL) {
        trace_perfetto_attach(tr->perfetto, k, tr->events);
    }
}

static bool wants_cpu(int32_t cpu, void *data)
{
    return trace_filter_cpu(data, cpu);
}

static bool wants_comm(const char *comm, void *data)
{
    return trace_filter_comm(data, comm);
}

/* Notes the commands of the run, and if one is wanted, where --task asks for some. */
static void note_comms(struct tracing *tr, const struct kernel *k)
{
    for (int32_t id = 0; tr->filter.task != NULL && id < kernel_nr_tasks(k); id++) {
        const char *comm = task_pub(kernel_task(k, id))->comm;

        tr->found = tr->found || trace_filter_comm(&tr->filter, comm);
        if (!g_ptr_array_find_with_equal_func(tr->comms, comm, g_str_equal, NULL)) {
            g_ptr_array_add(tr->comms, g_strdup(comm));
        }
    }
}

static void finished(const struct kernel *k, void *data)
{
    struct tracing *tr = data;

    note_comms(tr, k);
    if (tr->perfetto != NULL) {
        trace_perfetto_finish(tr->perfetto, k);
    }
    if (tr->latency != NULL) {
        sched_latency_finish(tr->latency, MIN(kernel_now_ns(k), tr->filter.to_ns), wants_cpu,
                             &tr->filter);
    }
}

static bool begin(struct tracing *tr, GError **error)
{
    switch (tr->format) {
    case FORMAT_FTRACE:
        ftrace_write_header(trace_output_buffer(tr->output), tr->nr_cpus);
        break;
    case FORMAT_TRACEDAT:
        tr->tracedat = tracedat_new(tr->nr_cpus, error);
        return tr->tracedat != NULL;
    case FORMAT_PERFETTO:
        tr->perfetto =
            trace_perfetto_new(&tr->filter, tr->nr_cpus, trace_output_buffer(tr->output));
        break;
    case FORMAT_TIMEHIST:
        tr->timehist = sched_timehist_new(tr->nr_cpus);
        sched_timehist_header(trace_output_buffer(tr->output));
        break;
    case FORMAT_LATENCY:
        tr->latency = sched_latency_new(tr->filter.from_ns);
        break;
    case FORMAT_MAP:
        tr->map = sched_map_new(tr->nr_cpus);
        break;
    }
    return true;
}

static void drain(void *output)
{
    trace_output_drain(output);
}

/* What is written when the run is over. */
static bool end(struct tracing *tr, GError **error)
{
    GString *out = trace_output_buffer(tr->output);

    if (tr->format == FORMAT_LATENCY) {
        sched_latency_append(tr->latency, wants_comm, &tr->filter, out);
    }
    return tr->format != FORMAT_TRACEDAT ||
           tracedat_finish(tr->tracedat, out, drain, tr->output, error);
}

/* That the run has a task of a command that fits @task; NULL: any. */
static bool check_task(const struct tracing *tr, const char *task, GError **error)
{
    if (task == NULL || tr->found) {
        return true;
    }
    g_ptr_array_add(tr->comms, NULL);
    const char *near = error_nearest(task, (const char *const *)tr->comms->pdata);

    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                "trace: --task: the run has no task of the command '%s'; expected one of its "
                "commands, or a pattern with * and ?%s%s%s",
                task, near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
                near != NULL ? "'?)" : "");
    return false;
}

static bool trace(struct tracing *tr, const struct simulation *s, const char *path,
                  const struct result *r, const char *task, GError **error)
{
    const struct trace_sink sink = {.event = on_event, .other = on_other, .data = tr};
    /* A table knows of each task what came before the part that it shows, and on other CPUs. */
    struct trace_filter passes = {.to_ns = tr->filter.to_ns};

    tr->events = trace_events_new(&sink, tr->format <= FORMAT_PERFETTO ? &tr->filter : &passes);
    return begin(tr, error) && again_run(s, path, r, attach, finished, tr, error) &&
           check_task(tr, task, error) && end(tr, error) && trace_output_finish(tr->output, error);
}

/* ------------------------------------------------------------------------------------------- */
/* What is asked for                                                                            */

/* The CPUs of --cpu by the machine's own numbers; NULL in *@ret_cpus: all. */
static bool read_cpus(const struct trace_options *o, const struct machine *m, int32_t nr_cpus,
                      uint64_t **ret_cpus, GError **error)
{
    g_autofree uint64_t *found = NULL;
    g_autofree uint64_t *cpus = NULL;

    *ret_cpus = NULL;
    if (o->cpus == NULL) {
        return true;
    }
    found = g_new0(uint64_t, BITMAP_WORDS(m->nr_cpus));
    cpus = g_new0(uint64_t, BITMAP_WORDS(nr_cpus));
    if (!machine_parse_cpulist(m, o->cpus, found, error)) {
        g_prefix_error(error, "trace: --cpu: ");
        return false;
    }
    if (bitmap_empty(found, (uint32_t)m->nr_cpus)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "trace: --cpu: the list is empty; expected CPUs as in 0-3,8");
        return false;
    }
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        if (bitmap_test(found, (uint32_t)cpu)) {
            bitmap_set(cpus, (uint32_t)m->cpus[cpu].os_id);
        }
    }
    *ret_cpus = g_steal_pointer(&cpus);
    return true;
}

static bool read_times(const struct trace_options *o, const struct result *r,
                       struct trace_filter *filter, GError **error)
{
    filter->from_ns = MAX(o->from_ns, 0);
    filter->to_ns = o->to_ns < 0 ? INT64_MAX : o->to_ns;
    if (filter->from_ns >= MIN(filter->to_ns, MAX(r->end_ns, 1))) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "trace: the run has nothing between --from and --to; it ended at "
                    "%" G_GINT64_FORMAT " ns",
                    r->end_ns);
        return false;
    }
    return true;
}

/* The machine numbers its CPUs from 0, with gaps maybe. */
static int32_t count_cpus(const struct machine *m)
{
    int32_t nr = 0;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        nr = MAX(nr, m->cpus[cpu].os_id + 1);
    }
    return nr;
}

static void tracing_release(struct tracing *tr)
{
    trace_events_free(tr->events);
    trace_perfetto_free(tr->perfetto);
    tracedat_free(tr->tracedat);
    trace_output_free(tr->output);
    sched_timehist_free(tr->timehist);
    sched_latency_free(tr->latency);
    sched_map_free(tr->map);
    g_clear_pointer(&tr->filter.task, g_pattern_spec_free);
    g_ptr_array_unref(tr->comms);
}

static int run_trace(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct trace_options *o = data;
    g_autofree char *path = result_path(args[0], error);
    g_autoptr(result_t) r = path != NULL ? result_read(path, error) : NULL;
    g_autoptr(simulation_t) s = r != NULL ? again_open(cli->paths, path, r, error) : NULL;
    g_autofree uint64_t *cpus = NULL;
    struct tracing tr = {.format = (enum format)o->format};

    if (s == NULL) {
        return CLI_BAD_INPUT;
    }
    tr.nr_cpus = count_cpus(s->machine);
    tr.comms = g_ptr_array_new_with_free_func(g_free);
    tr.filter.task = o->task != NULL ? g_pattern_spec_new(o->task) : NULL;
    if (read_times(o, r, &tr.filter, error) && read_cpus(o, s->machine, tr.nr_cpus, &cpus, error)) {
        tr.filter.cpus = cpus;
        tr.output = trace_output_open(o->output, error);
        if (tr.output != NULL) {
            (void)trace(&tr, s, path, r, o->task, error);
        }
    }
    tracing_release(&tr);
    return CLI_DONE;
}

static const char *const examples[] = {
    "numasim trace out -o out.ftrace # all of a run, for trace tools and `workload import`",
    "numasim trace -f trace.dat out -o out.dat # for `trace-cmd report` and KernelShark",
    "numasim trace -f perfetto out -o out.pftrace # for ui.perfetto.dev and trace_processor",
    "numasim trace -f timehist --from 100ms --to 110ms out # who ran when, how long it had waited",
    "numasim trace -f latency --task 'client*' out # delays of these commands",
    NULL,
};

const struct subcommand cmd_trace = {
    .name = "trace",
    .summary = "write the events of a run in the formats of other tools",
    .args = "RESULT",
    .min_args = 1,
    .max_args = 1,
    .complete = CLI_COMPLETE_DIR,
    .options = trace_options,
    .options_size = sizeof(struct trace_options),
    .description =
        "RESULT is the folder of one run that `numasim run -o DIR` wrote, or a folder with just "
        "one "
        "such below it. It holds no events: the run is simulated again from the copies of its "
        "inputs, and the digest must be the same.\n\n"
        "A task's PID is its number + 1; times are those of the run, from 0. The text has "
        "nanoseconds, so that `numasim workload import` reads it back as a workload.",
    .examples = examples,
    .run = run_trace,
};
