/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/simulate.h"

#include "base/error.h"
#include "base/time.h"
#include "base/units.h"
#include "observe/bound.h"
#include "observe/memcg.h"
#include "observe/metrics.h"
#include "observe/series.h"
#include "observe/task-names.h"
#include "observe/vmstat.h"
#include "policy/param.h"
#include "workload/interp.h"

enum {
    PROGRESS_STEPS = 200,            /* calls of progress() in a run whose end is known */
    PROGRESS_STEP_NS = 50 * 1000000, /* between calls in one whose end is not */
};

struct run {
    const struct machine *machine;
    const struct simulate_options *options;
    int64_t duration_ns, warmup_ns, end_ns; /* end_ns: TIME_NEVER_NS where it is not known */
    struct kernel *kernel;
    struct interp *interp;
    struct metrics *metrics;
    struct series *series;
    struct cpu_times *times; /* [nr_cpus] as last read */
    uint64_t *vmstat;        /* [nr_nodes * NUMASIM_NR_VM_ITEMS] at the end of the warmup */
    int64_t *used_bytes;     /* [nr_nodes] as last read */
    guint next_snapshot;     /* of the options' */
    bool has_trace;          /* a workload is a recorded trace */
    bool has_admin;          /* one changes affinities or CPUs as it runs */
};

struct simulate_options simulate_options_default(void)
{
    return (struct simulate_options){.seed = 1, .duration_ns = -1, .warmup_ns = -1};
}

/* ------------------------------------------------------------------------------------------- */
/* What went in                                                                                 */

static void set_input(struct result_input *input, const char *name, const char *digest)
{
    g_free(input->name);
    g_free(input->digest);
    input->name = g_strdup(name != NULL ? name : "");
    input->digest = g_strdup(digest != NULL ? digest : "");
}

static struct result_param *params_of(const struct policy_plugin *plugin, int32_t *ret_nr)
{
    struct result_param *params = g_new0(struct result_param, plugin->nr_params);

    for (uint32_t i = 0; i < plugin->nr_params; i++) {
        const struct numasim_param *param = &plugin->desc->params[i];

        params[i].name = g_strdup(param->name);
        params[i].value = policy_param_format(param, plugin->params[i]);
    }
    *ret_nr = (int32_t)plugin->nr_params;
    return params;
}

static void set_plugin(struct result_plugin *out, const struct policy_stack *stack, int32_t slot)
{
    const struct policy_plugin *plugin = stack->plugins[slot];
    g_autoptr(GPtrArray) roles = g_ptr_array_new();

    for (int role = 0; role < NUMASIM_NR_ROLES; role++) {
        if (stack->slot[role] == slot) {
            g_ptr_array_add(roles, g_strdup(policy_role_name((enum numasim_role)role)));
        }
    }
    g_ptr_array_add(roles, NULL);
    out->roles = (char **)g_ptr_array_steal(roles, NULL);
    out->name = g_strdup(plugin->desc->name);
    out->version = g_strdup(plugin->desc->version != NULL ? plugin->desc->version : "");
    out->source_hash = g_strdup(plugin->source_hash != NULL ? plugin->source_hash : "unknown");
    out->params = params_of(plugin, &out->nr_params);
}

static void set_inputs(struct result *r, const struct machine *m, const struct sched_domains *sds,
                       const struct workload *const *workloads, guint nr_workloads,
                       const struct policy_stack *stack, const struct simulate_options *options)
{
    g_free(r->version);
    r->version = g_strdup(NUMASIM_VERSION);
    g_free(r->kernel);
    r->kernel = g_strdup(kernel_release_name(sds->release));
    set_input(&r->topology, m->name, m->input_digest);
    set_input(&r->policy, stack->name, options->policy_digest);
    r->workloads = g_new0(struct result_input, nr_workloads);
    r->nr_workloads = (int32_t)nr_workloads;
    for (guint i = 0; i < nr_workloads; i++) {
        set_input(&r->workloads[i], workloads[i]->name, workloads[i]->input_digest);
        r->workloads[i].replicas = workloads[i]->replicas;
    }
    if (options->overrides != NULL) {
        g_strfreev(r->overrides);
        r->overrides = g_strdupv((char **)options->overrides);
    }
    r->plugins = g_new0(struct result_plugin, stack->nr_plugins);
    r->nr_plugins = (int32_t)stack->nr_plugins;
    for (uint32_t slot = 0; slot < stack->nr_plugins; slot++) {
        set_plugin(&r->plugins[slot], stack, (int32_t)slot);
    }
    r->host = params_of(stack->host, &r->nr_host);
    r->seed = options->seed;
    r->tie_break_insertion = options->tie_break_insertion;
}

/* ------------------------------------------------------------------------------------------- */
/* Reading from the kernel                                                                      */

static void task_info(int32_t id, struct metrics_task_info *ret_info, void *data)
{
    const struct run *run = data;
    const struct numasim_task *t = task_pub(kernel_task(run->kernel, id));

    ret_info->comm = t->comm;
    ret_info->process = t->process != NULL ? t->process->name : NULL;
    ret_info->allowed = t->allowed;
}

static int32_t cgroups_of_task(int32_t id, int32_t *ret, int32_t max, void *data)
{
    return task_cgroups(id, ret, max, ((const struct run *)data)->kernel);
}

static const char *cgroup_name(int32_t id, void *data)
{
    return kernel_cgroup_name(((const struct run *)data)->kernel, id);
}

static void read_times(struct run *run)
{
    for (int32_t cpu = 0; cpu < run->machine->nr_cpus; cpu++) {
        run->times[cpu] = kernel_cpu_times(run->kernel, cpu);
    }
}

static void read_memory(struct run *run)
{
    const struct numasim_host *host = (const struct numasim_host *)(const void *)run->kernel;

    for (int32_t i = 0; i < run->machine->nr_nodes; i++) {
        const struct numasim_node *node = numasim_node(host, i);

        run->used_bytes[i] = node->total_bytes - node->free_bytes;
    }
}

static void sample(struct run *run, int64_t now_ns)
{
    read_times(run);
    read_memory(run);
    series_sample(run->series, now_ns, run->times, run->used_bytes);
}

static void metrics_attach(struct run *run, const struct sched_domains *sds)
{
    int32_t nr_sources = interp_nr_sources(run->interp);
    int32_t nr_metrics = interp_nr_metrics(run->interp);
    g_autofree const char **sources = g_new0(const char *, (gsize)nr_sources + 1);
    g_autofree const char **counters = g_new0(const char *, (gsize)nr_metrics + 1);

    for (int32_t i = 0; i < nr_sources; i++) {
        sources[i] = interp_source_name(run->interp, i);
    }
    for (int32_t i = 0; i < nr_metrics; i++) {
        counters[i] = interp_metric_name(run->interp, i);
    }
    struct metrics_config config = {.machine = run->machine,
                                    .sds = sds,
                                    .arrivals = sources,
                                    .counters = counters,
                                    .task = task_info,
                                    .cgroups = cgroups_of_task,
                                    .cgroup_name = cgroup_name,
                                    .data = run};

    run->metrics = metrics_new(&config);
    kernel_listen(run->kernel, metrics_mask(), metrics_event, run->metrics);
    if (run->options->series_interval_ns > 0) {
        run->series = series_new(run->machine, run->metrics, run->options->series_interval_ns);
        read_times(run);
        series_begin(run->series, 0, run->times);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Running                                                                                      */

/* How long, and from when on it counts: as the options say, else as the workloads do. */
static bool find_times(struct run *run, const struct workload *const *workloads, guint nr_workloads,
                       GError **error)
{
    run->duration_ns = run->options->duration_ns;
    run->warmup_ns = run->options->warmup_ns;
    int64_t duration_ns = 0, warmup_ns = 0;

    for (guint i = 0; i < nr_workloads; i++) {
        run->has_trace |= workloads[i]->trace != NULL;
        run->has_admin |= workloads[i]->nr_admin > 0;
        duration_ns = MAX(duration_ns, workloads[i]->duration_ns);
        warmup_ns = MAX(warmup_ns, workloads[i]->warmup_ns);
    }
    if (run->duration_ns < 0) {
        run->duration_ns = duration_ns;
    }
    if (run->warmup_ns < 0) {
        run->warmup_ns = warmup_ns;
    }
    if (run->duration_ns > 0 && run->warmup_ns >= run->duration_ns) {
        bool stated = run->options->warmup_ns < 0;
        g_autofree char *warmup = units_format(run->warmup_ns, UNIT_NS);
        g_autofree char *duration = units_format(run->duration_ns, UNIT_NS);

        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "a warmup of %s%s leaves nothing of a run of %s; expected a warmup that is "
                    "shorter (--warmup 0s: none), or a longer duration",
                    warmup, stated ? ", which the workload states," : "", duration);
        return false;
    }
    run->end_ns = run->duration_ns > 0 ? run->duration_ns : TIME_NEVER_NS;
    return run->options->series_interval_ns <= 0 ||
           series_check(run->options->series_interval_ns, run->end_ns, error);
}

/* The first multiple of @step_ns after @now_ns. */
static int64_t next_multiple(int64_t now_ns, int64_t step_ns)
{
    return time_add_ns(now_ns - now_ns % step_ns, step_ns);
}

/* Where the end was not known, series_check() could not say that the series has no room. */
static bool try_sample(struct run *run, int64_t now_ns, GError **error)
{
    g_autofree char *now = NULL;

    if (run->end_ns != TIME_NEVER_NS || !series_full(run->series)) {
        sample(run, now_ns);
        return true;
    }
    now = units_format_human(now_ns, UNIT_NS);
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "the time series has %d points at %s, and the run goes on; expected a longer "
                "interval, or a duration to be stated",
                SERIES_MAX_POINTS, now);
    return false;
}

/* When the next snapshot is due; TIME_NEVER_NS: there is none any more. */
static int64_t next_snapshot_ns(const struct run *run)
{
    const struct simulate_options *o = run->options;

    return run->next_snapshot < o->nr_snapshots ? o->snapshots_ns[run->next_snapshot]
                                                : TIME_NEVER_NS;
}

static void take_snapshot(struct run *run, int64_t now_ns)
{
    const struct simulate_options *o = run->options;

    run->next_snapshot++;
    if (o->snapshot != NULL) {
        o->snapshot(run->kernel, now_ns, o->data);
    }
}

/*
 * Runs up to @until_ns, stopping for samples, snapshots and progress. Where the kernel is asked to stop changes
 * nothing in it.
 */
static bool run_until(struct run *run, int64_t until_ns, int64_t *now_ns, GError **error)
{
    const struct simulate_options *o = run->options;
    bool known = run->end_ns != TIME_NEVER_NS;
    int64_t step_ns = known ? MAX(run->end_ns / PROGRESS_STEPS, 1) : PROGRESS_STEP_NS;

    while (*now_ns < until_ns && !kernel_finished(run->kernel)) {
        if (!known && kernel_quiet(run->kernel)) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "the tasks that are left sleep, and nothing will wake them; expected every "
                        "task to exit, or a duration to be stated");
            return false;
        }
        int64_t stop_ns = MIN(until_ns, next_snapshot_ns(run)), sample_ns = TIME_NEVER_NS;

        if (run->series != NULL) {
            sample_ns = next_multiple(*now_ns, o->series_interval_ns);
            stop_ns = MIN(stop_ns, sample_ns);
        }
        if (o->progress != NULL) {
            stop_ns = MIN(stop_ns, next_multiple(*now_ns, step_ns));
        }
        if (!kernel_run(run->kernel, stop_ns, error)) {
            return false;
        }
        *now_ns = kernel_finished(run->kernel) || stop_ns == TIME_NEVER_NS
                      ? kernel_now_ns(run->kernel)
                      : stop_ns;
        if (*now_ns == sample_ns && !try_sample(run, *now_ns, error)) {
            return false;
        }
        if (*now_ns == next_snapshot_ns(run)) {
            take_snapshot(run, *now_ns);
        }
        if (o->progress != NULL) {
            o->progress(*now_ns, known ? run->end_ns : 0, o->data);
        }
    }
    return true;
}

static bool run_all(struct run *run, int64_t *now_ns, GError **error)
{
    if (run->warmup_ns > 0) {
        if (!run_until(run, run->warmup_ns, now_ns, error)) {
            return false;
        }
        if (run->metrics != NULL) {
            read_times(run);
            if (run->series != NULL) {
                sample(run, *now_ns);
            }
            metrics_reset(run->metrics, *now_ns, run->times);
            vmstat_read(run->kernel, run->vmstat);
            if (run->series != NULL) {
                series_begin(run->series, *now_ns, run->times);
            }
        }
    }
    return run_until(run, run->end_ns, now_ns, error);
}

/* When the last task ended, beside a time that nobody could have beaten. */
static void report_completion(const struct run *run, int64_t now_ns, struct result *r)
{
    int64_t bound_ns = bound_completion_ns(run->kernel, !run->has_admin);

    bound_ns = MAX(bound_ns, interp_critical_ns(run->interp));
    result_add(r, "completion.time_ns", RESULT_NS, now_ns);
    result_add(r, "completion.lower_bound_ns", RESULT_NS, bound_ns);
    result_add_ratio(r, "completion.bound_ratio", bound_ns, now_ns);
}

static void report_vmstat(const struct run *run, struct result *r)
{
    g_autofree uint64_t *now = g_new(uint64_t, (gsize)run->machine->nr_nodes * NUMASIM_NR_VM_ITEMS);

    vmstat_read(run->kernel, now);
    vmstat_report(run->machine, run->vmstat, now, r);
    memcg_report(run->kernel, r);
}

static void collect(struct run *run, int64_t now_ns, struct result *r)
{
    r->duration_ns = run->duration_ns;
    r->warmup_ns = run->warmup_ns;
    r->end_ns = now_ns;
    g_free(r->digest);
    r->digest = kernel_digest(run->kernel);
    if (run->metrics == NULL) {
        return;
    }
    read_times(run);
    read_memory(run);
    if (run->series != NULL) {
        sample(run, now_ns);
        series_finish(run->series, r);
    }
    metrics_finish(run->metrics, now_ns, run->times, r);
    report_vmstat(run, r);
    for (int32_t node = 0; node < run->machine->nr_nodes; node++) {
        g_autofree char *name =
            g_strdup_printf("memory.used_bytes.node%d", run->machine->nodes[node].os_id);

        result_add(r, name, RESULT_BYTES, run->used_bytes[node]);
    }
    if (kernel_finished(run->kernel) && run->warmup_ns == 0) {
        report_completion(run, now_ns, r);
    }
    if (kernel_counters(run->kernel)->oracle_queries > 0) {
        result_add(r, "policy.oracle_queries", RESULT_COUNT,
                   (int64_t)kernel_counters(run->kernel)->oracle_queries);
    }
    if (run->has_trace) {
        result_add(r, "replay.undone_ns", RESULT_NS, interp_replay_left_ns(run->interp));
    }
    result_sort(r);
}

static void run_release(struct run *run)
{
    series_free(run->series);
    metrics_free(run->metrics);
    interp_free(run->interp);
    kernel_free(run->kernel);
    g_free(run->times);
    g_free(run->used_bytes);
    g_free(run->vmstat);
}

static bool run_prepare(struct run *run, const struct sched_domains *sds,
                        const struct workload *const *workloads, guint nr_workloads,
                        const struct policy_stack *stack, GError **error)
{
    const struct simulate_options *o = run->options;
    struct kernel_config config = {
        .seed = o->seed,
        .tie_break_insertion = o->tie_break_insertion,
        .all_ticks = o->all_ticks,
        .task_stats = o->task_stats,
        .watchdog_ns = o->watchdog_ns,
    };

    if (!find_times(run, workloads, nr_workloads, error)) {
        return false;
    }
    run->kernel = kernel_new(run->machine, sds, stack, &config, error);
    if (run->kernel == NULL) {
        return false;
    }
    run->interp = interp_new(run->kernel, workloads, nr_workloads, error);
    if (run->interp == NULL) {
        return false;
    }
    run->times = g_new0(struct cpu_times, (gsize)run->machine->nr_cpus);
    run->vmstat = g_new0(uint64_t, (gsize)run->machine->nr_nodes * NUMASIM_NR_VM_ITEMS);
    run->used_bytes = g_new0(int64_t, (gsize)run->machine->nr_nodes);
    if (!o->no_metrics) {
        metrics_attach(run, sds);
    }
    if (o->attach != NULL) {
        o->attach(run->kernel, o->data);
    }
    return true;
}

struct result *simulate(const struct machine *m, const struct sched_domains *sds,
                        const struct workload *const *workloads, guint nr_workloads,
                        const struct policy_stack *stack, const struct simulate_options *options,
                        char **ret_dump, GError **error)
{
    struct run run = {.machine = m, .options = options};
    g_autoptr(result_t) r = NULL;
    int64_t now_ns = 0;

    if (ret_dump != NULL) {
        *ret_dump = NULL;
    }
    if (run_prepare(&run, sds, workloads, nr_workloads, stack, error)) {
        if (run_all(&run, &now_ns, error)) {
            r = result_new();
            set_inputs(r, m, sds, workloads, nr_workloads, stack, options);
            collect(&run, now_ns, r);
            if (options->finished != NULL) {
                options->finished(run.kernel, options->data);
            }
        } else if (ret_dump != NULL) {
            *ret_dump = kernel_dump(run.kernel);
        }
    }
    run_release(&run);
    return g_steal_pointer(&r);
}
