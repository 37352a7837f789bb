/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim run: simulate, print the table, write the results. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/units.h"
#include "cli/cli.h"
#include "cli/crash.h"
#include "cli/progress-line.h"
#include "cli/run-earlier.h"
#include "cli/run-proc.h"
#include "cli/run-record.h"
#include "cli/run-show.h"
#include "cli/set-options.h"
#include "cli/simulation.h"
#include "cli/topology.h"
#include "cli/trace-compare.h"
#include "observe/result-table.h"
#include "observe/simulate.h"

enum tie_break { TIE_BREAK_BOOT, TIE_BREAK_INSERTION };
static const char *const tie_break_names[] = {"boot", "insertion", NULL};

struct run_options {
    char *topology, *kernel, *output;
    char **workloads, **policies, **sets, **snapshots;
    int64_t seed, runs, duration_ns, warmup_ns, series_ns;
    int tie_break, format;
    bool all_ticks, occupancy, force;
};
#define AT(member) offsetof(struct run_options, member)

static const struct cli_option run_options[] = {
    {.name = "topology",
     .letter = 't',
     .type = CLI_STRING,
     .offset = AT(topology),
     .arg = "TOPOLOGY",
     .required = true,
     .complete = CLI_COMPLETE_TOPOLOGY,
     .help = "the machine: a shipped name or a path"},
    {.name = "workload",
     .letter = 'w',
     .type = CLI_STRINGS,
     .offset = AT(workloads),
     .arg = "WORKLOAD",
     .required = true,
     .complete = CLI_COMPLETE_WORKLOAD,
     .help = "what runs on it: a shipped name or a path, with :replicas=N behind it for N copies"},
    {.name = "policy",
     .letter = 'p',
     .type = CLI_STRINGS,
     .offset = AT(policies),
     .arg = "POLICY",
     .required = true,
     .complete = CLI_COMPLETE_SET,
     .help = "a policy set: a shipped name or a path; several are printed side by side"},
    {.name = "set",
     .type = CLI_STRINGS,
     .offset = AT(sets),
     .arg = "ROLE.PARAM=VALUE",
     .help = "change a parameter of those sets that have it, or with ROLE=PLUGIN who plays a "
             "role"},
    {.name = "seed",
     .letter = 's',
     .type = CLI_INT,
     .offset = AT(seed),
     .arg = "N",
     .initial = "1",
     .help = "the seed of all random streams"},
    {.name = "runs",
     .letter = 'n',
     .type = CLI_INT,
     .offset = AT(runs),
     .arg = "N",
     .initial = "1",
     .min = 1,
     .max = 100000,
     .help = "run with so many seeds, counted up from --seed; the table has the means"},
    {.name = "duration",
     .letter = 'd',
     .type = CLI_TIME,
     .offset = AT(duration_ns),
     .arg = "TIME",
     .min = 1,
     .help = "simulate so long, as in 500ms; otherwise as the workloads say"},
    {.name = "warmup",
     .type = CLI_TIME,
     .offset = AT(warmup_ns),
     .arg = "TIME",
     .help = "count only from then on; otherwise as the workloads say"},
    {.name = "series",
     .type = CLI_TIME,
     .offset = AT(series_ns),
     .arg = "TIME",
     .min = 1,
     .help = "also record a time series at this interval"},
    {.name = "occupancy",
     .type = CLI_FLAG,
     .offset = AT(occupancy),
     .help = "also write occupancy.csv, who ran where; needs --output"},
    {.name = "kernel",
     .type = CLI_STRING,
     .offset = AT(kernel),
     .arg = "RELEASE",
     .nth_choice = topology_nth_kernel,
     .help = "build the sched_domains by the rules of this release of Linux; otherwise as each "
             "policy set says"},
    {.name = "tie-break",
     .type = CLI_CHOICE,
     .offset = AT(tie_break),
     .arg = "ORDER",
     .initial = "boot",
     .choices = tie_break_names,
     .help = "how CPUs that act at the same instant are ordered: as the seed says, or plainly"},
    {.name = "all-ticks",
     .type = CLI_FLAG,
     .offset = AT(all_ticks),
     .help = "simulate every tick, also those that change nothing; the result is the same"},
    CLI_OUTPUT_ROW(AT(output), "DIR", CLI_COMPLETE_DIR,
                   "write the result to this folder; with several, to DIR/POLICY/seed-N"),
    {.name = "force",
     .letter = 'f',
     .type = CLI_FLAG,
     .offset = AT(force),
     .help = "replace the results that earlier runs put into the folder; files of other names than "
             "this run writes stay"},
    {.name = "format",
     .type = CLI_CHOICE,
     .offset = AT(format),
     .arg = "FORMAT",
     .initial = "table",
     .choices = run_formats,
     .help =
         "how to print; from schedstat on: what that file or tool would say at the end of the run"},
    {.name = "snapshot",
     .type = CLI_STRINGS,
     .offset = AT(snapshots),
     .arg = "TIME",
     .help = "print that also at this time, as in 5s"},
    {.name = NULL},
};

/* All runs of one command, policy by policy, seed by seed. */
struct running {
    struct cli *cli;
    const struct run_options *options;
    struct simulation *simulation;
    GPtrArray *results; /* struct result *, policy-major */
    guint index, nr;    /* of the run that is on */
    struct progress_line line;
    struct run_record *record; /* of the run that is on, or NULL */
    guint64 oom_kills;         /* of the run that is on, its warmup too */
    GArray *snapshots;         /* int64_t: when to take them, ascending */
    guint nr_taken;
    int64_t taken_ns;   /* the last one's, 0 none */
    GString *proc_text; /* of the kernel's files, where they are asked for */
};

static void show_progress(int64_t now_ns, int64_t end_ns, void *data)
{
    struct running *running = data;

    progress_line_update(&running->line, now_ns, end_ns);
}

static void count_oom_kill(const struct tp_event *e, void *data)
{
    struct running *running = data;

    (void)e;
    running->oom_kills++;
}

static void attach(struct kernel *k, void *data)
{
    struct running *running = data;

    kernel_listen(k, UINT64_C(1) << TP_OOM_KILL, count_oom_kill, running);
    if (running->options->occupancy) {
        running->record = run_record_new(k);
    }
}

static void take_snapshot(const struct kernel *k, int64_t now_ns, void *data)
{
    struct running *running = data;

    run_proc_append(k, running->options->format, now_ns, running->proc_text);
    running->nr_taken++;
    running->taken_ns = now_ns;
}

static void finish(const struct kernel *k, void *data)
{
    struct running *running = data;
    int format = running->options->format;

    if (running->record != NULL) {
        run_record_finish(running->record, k);
    }
    if (!run_format_is_proc(format)) {
        return;
    }
    if (running->snapshots->len == 0) {
        g_autofree char *text = run_proc_text(k, format);

        g_string_append(running->proc_text, text);
    } else if (running->taken_ns != kernel_now_ns(k)) {
        run_proc_append(k, format, kernel_now_ns(k), running->proc_text);
    }
}

/* The result is silent about them. */
static void warn_of_snapshots(const struct running *running)
{
    if (running->nr_taken < running->snapshots->len) {
        g_autofree char *time =
            units_format(g_array_index(running->snapshots, int64_t, running->nr_taken), UNIT_NS);

        cli_warn("warning: the run was over before %s, the time of a --snapshot", time);
    }
}

/* The tasks are gone, and the result looks like that of an easy life. */
static void warn_of_oom_kills(const struct running *running, const struct simulation_policy *policy,
                              guint64 seed)
{
    if (running->oom_kills > 0) {
        cli_warn("warning: %s, seed %" G_GUINT64_FORMAT ": %" G_GUINT64_FORMAT
                 " out-of-memory kills, the warmup's too; what was killed does no more work. See "
                 "memory.used_bytes.nodeN of the result, the sizes of the nodes (`numasim topology "
                 "show`) and the regions and policies of memory in the workload",
                 policy->set->name, seed, running->oom_kills);
    }
}

static struct simulate_options make_options(struct running *running,
                                            const struct simulation_policy *policy, guint run)
{
    const struct run_options *o = running->options;
    struct simulate_options options = simulate_options_default();

    options.seed = (uint64_t)o->seed + run;
    options.duration_ns = o->duration_ns;
    options.warmup_ns = o->warmup_ns;
    options.series_interval_ns = MAX(o->series_ns, 0);
    options.tie_break_insertion = o->tie_break == TIE_BREAK_INSERTION;
    options.all_ticks = o->all_ticks;
    options.task_stats = o->format == RUN_FORMAT_SCHED;
    options.policy_digest = policy->set->digest;
    options.overrides = (const char *const *)policy->overrides;
    options.progress = running->cli->show_progress ? show_progress : NULL;
    options.attach = attach;
    options.finished = finish;
    options.snapshot = take_snapshot;
    options.snapshots_ns = (const int64_t *)(const void *)running->snapshots->data;
    options.nr_snapshots = running->snapshots->len;
    options.data = running;
    return options;
}

/* One run; its result goes to the array, and its files to @folder unless that is NULL. */
static bool run_once(struct running *running, const struct simulation_policy *policy, guint run,
                     const char *folder, GError **error)
{
    struct simulation *s = running->simulation;
    struct simulate_options options = make_options(running, policy, run);
    g_autofree char *dump = NULL;
    struct result *result;
    bool good = true;

    progress_line_begin(
        &running->line,
        running->nr > 1 ? g_strdup_printf("run %u of %u", running->index + 1, running->nr) : NULL);
    running->oom_kills = 0;
    crash_guard_begin_run(policy->stack, options.seed, NULL);
    result = simulate(s->machine, policy->sds, (const struct workload *const *)s->workloads->pdata,
                      s->workloads->len, policy->stack, &options, &dump, error);
    crash_guard_end();
    progress_line_end(&running->line);
    if (result == NULL) {
        if (dump != NULL) {
            fputs(dump, stderr);
        }
        g_prefix_error(error, "%s, %s, seed %" G_GUINT64_FORMAT ": ", s->machine->name,
                       policy->set->name, options.seed);
    } else {
        g_ptr_array_add(running->results, result);
        warn_of_oom_kills(running, policy, options.seed);
        warn_of_snapshots(running);
        if (folder != NULL && running->index == 0) {
            run_earlier_remove(s, running->options->output);
        }
        good = folder == NULL || run_show_write(s, policy, result, running->record, folder, error);
    }
    g_clear_pointer(&running->record, run_record_free);
    running->index++;
    return result != NULL && good;
}

/* The folder of one run: the one that was asked for, or one in it where there are several. */
static char *folder_of(const struct running *running, const struct simulation_policy *policy,
                       guint run)
{
    const char *output = running->options->output;
    g_autofree char *seed = NULL;

    if (output == NULL || running->nr == 1) {
        return g_strdup(output);
    }
    seed = g_strdup_printf("seed-%" G_GUINT64_FORMAT, (uint64_t)running->options->seed + run);
    return g_build_filename(output, policy->set->name, seed, NULL);
}

static bool run_all(struct running *running, GError **error)
{
    const struct simulation *s = running->simulation;

    for (guint i = 0; i < s->policies->len; i++) {
        const struct simulation_policy *policy = s->policies->pdata[i];

        for (guint run = 0; run < (guint)running->options->runs; run++) {
            g_autofree char *folder = folder_of(running, policy, run);

            if (!run_once(running, policy, run, folder, error)) {
                return false;
            }
        }
    }
    return true;
}

static struct simulation *read_inputs(const struct cli *cli, const struct run_options *o,
                                      GError **error)
{
    g_autoptr(simulation_t) s = simulation_new(cli->paths, o->topology, o->kernel, error);
    g_autoptr(GPtrArray) sets = NULL;

    for (size_t i = 0; s != NULL && o->workloads[i] != NULL; i++) {
        if (!simulation_add_workload(s, o->workloads[i], error)) {
            return NULL;
        }
    }
    if (s == NULL || !set_options_share(cli->paths, o->policies, o->sets, &sets, error)) {
        return NULL;
    }
    for (size_t i = 0; o->policies[i] != NULL; i++) {
        if (!simulation_add_policy(s, o->policies[i], sets->pdata[i], error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&s);
}

static bool check_output(const struct run_options *o, GError **error)
{
    if (o->occupancy && o->output == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "run: --occupancy writes a file; expected --output=DIR with it");
        return false;
    }
    if (o->output != NULL && g_file_test(o->output, G_FILE_TEST_EXISTS) &&
        !g_file_test(o->output, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "run: %s: is no folder; expected one, or the path of a new one", o->output);
        return false;
    }
    if (o->output != NULL && !o->force && g_file_test(o->output, G_FILE_TEST_EXISTS)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "run: %s exists; expected a new folder, or --force", o->output);
        return false;
    }
    if (o->output != NULL && g_file_test(o->output, G_FILE_TEST_IS_DIR)) {
        if (access(o->output, W_OK | X_OK) != 0) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE, "run: %s: cannot be written: %s",
                        o->output, g_strerror(errno));
            return false;
        }
        return true;
    }
    if (o->output != NULL && !folder_check(o->output, error)) {
        g_prefix_error(error, "run: ");
        return false;
    }
    return true;
}

/* The format has no room for two: its readers expect one machine's file. */
static bool check_format(const struct run_options *o, GError **error)
{
    if (run_format_is_proc(o->format) && (o->runs > 1 || g_strv_length(o->policies) > 1)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "run: --format %s is of one run, and there would be %" G_GINT64_FORMAT
                    "; expected one --policy, and no --runs",
                    run_formats[o->format], o->runs * (gint64)g_strv_length(o->policies));
        return false;
    }
    return true;
}

/* A trace that has a summary of what was recorded is held against it. */
static bool compare_trace(struct cli *cli, const struct simulation *s, GPtrArray *results,
                          GError **error)
{
    g_autofree char *path =
        s->workloads->len == 1 ? trace_compare_find(s->workloads->pdata[0]) : NULL;
    g_autoptr(trace_summary_t) summary = NULL;

    if (path == NULL) {
        return true;
    }
    summary = trace_summary_read_json(path, error);
    if (summary == NULL) {
        return false;
    }
    trace_compare_append(summary, results, cli->out);
    return true;
}

static void free_result(gpointer result)
{
    result_free(result);
}

static int run_run(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct run_options *o = data;
    g_autoptr(simulation_t) simulation = NULL;
    g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(free_result);
    g_autoptr(GArray) snapshots = NULL;
    struct running running = {.cli = cli, .options = o, .results = results};

    (void)args;
    if (!check_output(o, error) || !check_format(o, error)) {
        return CLI_BAD_INPUT;
    }
    running.snapshots = snapshots = run_proc_times(o->snapshots, o->format, error);
    if (snapshots == NULL) {
        return CLI_BAD_INPUT;
    }
    simulation = read_inputs(cli, o, error);
    if (simulation == NULL) {
        return CLI_BAD_INPUT;
    }
    running.simulation = simulation;
    running.nr = simulation->policies->len * (guint)o->runs;
    running.proc_text = cli->out;
    if (!run_all(&running, error)) {
        return CLI_BAD_INPUT;
    }
    if (run_format_is_proc(o->format)) {
        return CLI_DONE;
    }
    if (o->format == RUN_FORMAT_JSON) {
        run_show_json(results, cli->out);
    } else {
        run_show_table(simulation, results, (guint)o->runs, cli->out);
        if (o->runs == 1 && !compare_trace(cli, simulation, results, error)) {
            return CLI_BAD_INPUT;
        }
    }
    return CLI_DONE;
}

static const char *const examples[] = {
    "numasim run -t epyc-7763-2s-nps4 -w db-server -p linux-6.12 # one run, printed as a table",
    "numasim run -t teach-numa-2x4 -w schbench -p linux-6.12 -p fifo-none # two policies compared",
    "numasim run -t xeon-8480-2s-snc4 -w db-server:replicas=4 -p linux-6.12 --set "
    "queue.base_slice=6ms -o out # four copies, a longer slice, and the result kept in a folder",
    "numasim run -t teach-numa-2x4 -w schbench -p linux-6.12 --format schedstat # the kernel's own "
    "counters",
    "numasim run -t teach-numa-2x4 -w schbench -p linux-6.12 --format numastat --snapshot 100ms "
    "--snapshot 500ms # where memory was allocated, three times",
    NULL,
};

const struct subcommand cmd_run = {
    .name = "run",
    .summary = "simulate workloads on a machine under a policy",
    .options = run_options,
    .options_size = sizeof(struct run_options),
    .description =
        "A run is a function of machine, workloads, policy and seed: the same inputs give the same "
        "result.json, byte by byte. With several policies or seeds the runs are paired: what the "
        "workload asks for does not depend on the policy.\n\n"
        "A fault of a policy ends the run with exit status 3, and says which callback, task and "
        "simulated time. So does a plugin that crashes or calls exit(); a debugger says where.\n\n"
        "--format schedstat prints /proc/schedstat as the machine would have it at the end, in the "
        "version of the set's release of Linux, with all counters from the start of the run on, "
        "the "
        "warmup too: tools that were made for the kernel's work on it. Balancing is counted by "
        "policies that count it, as linux-balance and linux-balance-old do; others leave its "
        "columns 0.\n\n"
        "--format sched prints /proc/PID/sched of every task at the end, one after the other, with "
        "the lines of the set's release and schedstats on from the start; the number of the task "
        "stands for the PID. Programs have no I/O, so block_* and iowait_* are 0.\n\n"
        "--format vmstat prints the lines of /proc/vmstat that have a meaning here, and behind "
        "them "
        "pgtransact_success and pgtransact_abort, which no kernel has, where a policy moved pages "
        "as transactions; numa_maps the file /proc/PID/numa_maps of each process, from its page "
        "tables, and so without copies of pages (those of carrefour and nomad), which "
        "numastat-p leaves out, too, while meminfo, numastat-m and memcg have them; meminfo the "
        "files nodeN/meminfo; numactl-H what "
        "`numactl -H` would say; memcg memory.current, memory.events, memory.numa_stat and the "
        "like "
        "of each cgroup, where some cgroup has limits of memory. The number of a process's first "
        "task stands for its PID. Linux "
        "counts from the boot on, "
        "and so do these from the start of the run, the warmup too. The numbers of metrics in "
        "result.json begin with the end of the warmup.\n\n"
        "--format numastat prints what `numastat` would say, in pages, and numastat-LETTERS what "
        "it "
        "would with these options, in MB: -n the same counters, -m the files nodeN/meminfo side by "
        "side, -p where the memory of every process is (a table for each with -v); in narrow "
        "columns with -c, without zeros with -z, the largest first with -s.\n\n"
        "--snapshot prints them at other times, too: each below a line with format and time. The "
        "run is the same with and without.\n\n"
        "Tasks that were killed because no memory was left are told on standard error.",
    .examples = examples,
    .run = run_run,
};
