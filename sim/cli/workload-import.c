/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/workload-import.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/output.h"
#include "cli/cli.h"
#include "format/trace/ftrace-text.h"
#include "format/trace/build.h"
#include "format/trace/summary.h"
#include "format/trace/yaml.h"
#include "format/workload-yaml.h"

enum timers { TIMERS_ABSOLUTE, TIMERS_RELATIVE };
static const char *const timer_names[] = {"absolute", "relative", NULL};

struct import_options {
    char *output, *overlay, *summary, *topology, *description;
    char **sources;
    int timers;
    int64_t hz;
};
#define AT(member) offsetof(struct import_options, member)

static const struct cli_option import_options[] = {
    CLI_OUTPUT_ROW(AT(output), "OUT.yaml", CLI_COMPLETE_FILE,
                   "write the workload to this file; otherwise it is printed"),
    {.name = "overlay",
     .type = CLI_STRING,
     .offset = AT(overlay),
     .arg = "FILE",
     .complete = CLI_COMPLETE_FILE,
     .help = "give commands the memory that this file states"},
    {.name = "timers",
     .type = CLI_CHOICE,
     .offset = AT(timers),
     .arg = "KIND",
     .initial = "absolute",
     .choices = timer_names,
     .help = "a timer expires at its recorded time, or so long after its sleep began"},
    {.name = "topology",
     .letter = 't',
     .type = CLI_STRING,
     .offset = AT(topology),
     .arg = "TOPOLOGY",
     .complete = CLI_COMPLETE_TOPOLOGY,
     .help =
         "the machine that recorded: what a switch costs there is taken off each run, because a "
         "replay charges it again"},
    {.name = "hz",
     .type = CLI_INT,
     .offset = AT(hz),
     .arg = "HZ",
     .min = 1,
     .max = 10000,
     .help = "CONFIG_HZ of the kernel that recorded; otherwise estimated from the trace"},
    {.name = "summary",
     .type = CLI_STRING,
     .offset = AT(summary),
     .arg = "OUT.json",
     .writes_file = true,
     .complete = CLI_COMPLETE_FILE,
     .help = "also write what the trace says by itself: CPU time, switches, latencies by command"},
    {.name = "description",
     .type = CLI_STRING,
     .offset = AT(description),
     .arg = "TEXT",
     .help = "the workload's description"},
    {.name = "source",
     .type = CLI_STRINGS,
     .offset = AT(sources),
     .arg = "TEXT",
     .help = "where the trace comes from"},
    {.name = NULL},
};

/* What an import has at hand. */
struct importing {
    const struct cli *cli;
    const struct import_options *options;
    const char *file;
    struct ftrace_text *text;
    struct workload *workload;
    struct trace_import import;
    char **counts; /* trace_import_describe() */
};

/* The name of the file @path without folder and endings. */
static char *name_of(const char *path)
{
    static const char *const endings[] = {".gz", ".txt", ".ftrace", ".trace", ".yaml"};
    char *name = g_path_get_basename(path);

    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        if (g_str_has_suffix(name, endings[i]) && strlen(name) > strlen(endings[i])) {
            name[strlen(name) - strlen(endings[i])] = '\0';
        }
    }
    return name;
}

/* What a switch costs on the machine that recorded. */
static bool find_switch_cost(const struct importing *im, int64_t *ret_ns, GError **error)
{
    g_autoptr(machine_t) m = NULL;

    *ret_ns = 0;
    if (im->options->topology == NULL) {
        return true;
    }
    m = paths_read_topology(im->cli->paths, im->options->topology, error);
    if (m == NULL) {
        return false;
    }
    *ret_ns = m->costs.context_switch_ns;
    return true;
}

static void replace(char **text, const char *with)
{
    if (with != NULL) {
        g_free(*text);
        *text = g_strdup(with);
    }
}

static bool build(struct importing *im, GError **error)
{
    const struct import_options *o = im->options;
    g_autofree char *name = name_of(o->output != NULL ? o->output : im->file);
    struct trace_import_options options = {.relative_timers = o->timers == TIMERS_RELATIVE,
                                           .hz = (int32_t)MAX(o->hz, 0)};

    if (!find_switch_cost(im, &options.switch_ns, error)) {
        return false;
    }
    im->text = ftrace_text_load(im->file, error);
    if (im->text == NULL) {
        return false;
    }
    im->workload = trace_build(im->text, name, &options, &im->import, error);
    if (im->workload == NULL) {
        return false;
    }
    im->counts = trace_import_describe(&im->import, im->text);
    replace(&im->workload->description, o->description);
    if (o->sources[0] != NULL) {
        g_strfreev(im->workload->sources);
        im->workload->sources = g_strdupv(o->sources);
    }
    return true;
}

static bool apply_overlay(struct importing *im, GError **error)
{
    g_autoptr(trace_overlay_t) overlay = NULL;

    if (im->options->overlay == NULL) {
        return true;
    }
    overlay = trace_overlay_read(im->options->overlay, error);
    return overlay != NULL && trace_overlay_apply(overlay, im->workload, error);
}

/* The file's text, read back as a check: what cannot be run is not written. */
static char *make_yaml(const struct importing *im, GError **error)
{
    g_autofree char *base = g_path_get_basename(im->file);
    g_autoptr(GPtrArray) comments = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *yaml = NULL;
    g_autoptr(workload_t) again = NULL;

    g_ptr_array_add(comments, g_strdup_printf("Imported from %s by `numasim workload import`; the "
                                              "counts of the import:",
                                              base));
    for (size_t i = 0; im->counts[i] != NULL; i++) {
        g_ptr_array_add(comments, g_strdup(im->counts[i]));
    }
    g_ptr_array_add(comments, NULL);
    yaml = workload_trace_to_yaml(im->workload, (const char *const *)comments->pdata);
    again = workload_read_yaml_buffer(im->file, yaml, strlen(yaml), error);
    return again != NULL ? g_steal_pointer(&yaml) : NULL;
}

static bool write_summary(const struct importing *im, GError **error)
{
    g_autoptr(trace_summary_t) summary = NULL;
    g_autofree char *json = NULL;

    if (im->options->summary == NULL) {
        return true;
    }
    summary = trace_summary_new(im->text);
    json = trace_summary_to_json(summary, im->workload->name);
    return file_write_atomic(im->options->summary, json, strlen(json), error);
}

/* Counts and warnings, on standard error: standard output may be the workload. */
static void report(const struct importing *im)
{
    for (guint i = 0; i < im->text->messages->len; i++) {
        cli_warn("%s", (const char *)im->text->messages->pdata[i]);
    }
    for (guint i = 0; i < im->import.messages->len; i++) {
        cli_warn("%s", (const char *)im->import.messages->pdata[i]);
    }
    for (size_t i = 0; im->counts[i] != NULL; i++) {
        fprintf(stderr, "%s\n", im->counts[i]);
    }
}

static int import_run(struct cli *cli, const void *data, char **args, GError **error)
{
    struct importing im = {.cli = cli, .options = data, .file = args[0]};
    g_autofree char *yaml = NULL;

    if (build(&im, error) && apply_overlay(&im, error)) {
        yaml = make_yaml(&im, error);
    }
    if (yaml != NULL && write_summary(&im, error) &&
        cli_write(cli, im.options->output, g_steal_pointer(&yaml), error)) {
        report(&im);
    }
    g_strfreev(im.counts);
    trace_import_release(&im.import);
    workload_free(im.workload);
    ftrace_text_free(im.text);
    return CLI_DONE;
}

const struct subcommand workload_import = {
    .name = "import",
    .summary = "turn a recorded trace into a workload",
    .args = "FILE",
    .min_args = 1,
    .max_args = 1,
    .complete = CLI_COMPLETE_FILE,
    .options = import_options,
    .options_size = sizeof(struct import_options),
    .description =
        "Reads ftrace text (`trace-cmd report`, or the kernel's file `trace`, plain or gzipped) "
        "with "
        "sched_switch, sched_waking, sched_wakeup, sched_wakeup_new, sched_migrate_task and "
        "sched_process_fork, _exec and _exit, and writes what each task ran, what ended its runs, "
        "and who woke it.\n\n"
        "How every wake was understood is counted on standard error. A trace knows nothing of "
        "memory; "
        "an overlay file gives its commands some. workloads/traces/README.md tells how to record "
        "and "
        "how to write an overlay.",
    .run = import_run,
};
