/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim workload: what programs and recorded traces there are. */
#include "base/units.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cli/workload-import.h"
#include "observe/json.h"
#include "workload/show.h"

struct workload_options {
    int format;
};
#define AT(member) offsetof(struct workload_options, member)

static const struct cli_option list_options[] = {
    CLI_FORMAT_ROW(AT(format), cli_formats_list, "table"),
    {.name = NULL},
};

static const struct cli_option show_options[] = {
    CLI_FORMAT_ROW(AT(format), cli_formats_text, "text"),
    {.name = NULL},
};

/* Threads of one copy of @w; those that are only forked do not count. */
static int64_t count_threads(const struct workload *w)
{
    int64_t threads = 0;

    if (w->trace != NULL) {
        return w->trace->nr_tasks;
    }
    for (int32_t i = 0; i < w->nr_processes; i++) {
        for (int32_t j = 0; j < w->processes[i].nr_groups; j++) {
            threads += (int64_t)w->processes[i].count * w->processes[i].groups[j].count;
        }
    }
    return threads;
}

static int64_t duration_of(const struct workload *w)
{
    return w->duration_ns == 0 && w->trace != NULL ? w->trace->span_ns : w->duration_ns;
}

static char *one_line(const char *text)
{
    return g_strstrip(g_strdelimit(g_strdup(text != NULL ? text : ""), "\n", ' '));
}

static void add_row(struct table *table, const char *name, const struct workload *w)
{
    int64_t duration_ns = duration_of(w);

    table_add(table, name);
    table_add(table, w->trace != NULL ? "trace" : "program");
    table_take(table, g_strdup_printf("%" G_GINT64_FORMAT, count_threads(w)));
    table_take(table,
               duration_ns > 0 ? units_format_human(duration_ns, UNIT_NS) : g_strdup("until done"));
    table_take(table, one_line(w->description));
}

static void add_members(struct json_out *json, const char *name, const struct workload *w)
{
    g_autofree char *description = one_line(w->description);

    json_string(json, "name", name);
    json_string(json, "kind", w->trace != NULL ? "trace" : "program");
    json_string(json, "description", description);
    json_int(json, "threads", count_threads(w));
    json_int(json, "duration_ns", duration_of(w));
    json_int(json, "warmup_ns", w->warmup_ns);
    json_int(json, "replicas", w->replicas);
}

/* Table and JSON of @names; one that cannot be read is told on standard error. */
static int list_workloads(struct cli *cli, char *const *names, struct table *table,
                          struct json_out *json)
{
    int status = CLI_DONE;

    for (size_t i = 0; names[i] != NULL; i++) {
        g_autoptr(GError) cause = NULL;
        g_autoptr(workload_t) w = paths_read_workload(cli->paths, names[i], &cause);

        if (w == NULL) {
            cli_warn("%s", cause->message);
            status = CLI_BAD_INPUT;
            continue;
        }
        add_row(table, names[i], w);
        json_object_begin(json, NULL, true);
        add_members(json, names[i], w);
        json_object_end(json);
    }
    return status;
}

static int list_run(struct cli *cli, const void *data, char **args, GError **error)
{
    static const char *const heads[] = {"NAME", "KIND", ">THREADS", ">RUNS", "DESCRIPTION", NULL};
    const struct workload_options *options = data;
    g_auto(GStrv) names = paths_list(cli->paths->workloads, "workload");
    g_autoptr(table_t) table = table_new(heads);
    struct json_out json;
    int status;

    (void)args;
    if (!paths_check_any(cli->paths->workloads, "workload", names, error)) {
        return CLI_BAD_INPUT;
    }
    if (options->format == CLI_FORMAT_NAMES) {
        cli_print_names(cli, names);
        return CLI_DONE;
    }
    json = json_out_new();
    json_array_begin(&json, NULL, false);
    status = list_workloads(cli, names, table, &json);
    json_array_end(&json);
    if (options->format == CLI_FORMAT_JSON) {
        cli_print_json(cli, &json);
    } else {
        g_string_free(json.text, TRUE);
        table_append(table, cli->out);
    }
    return status;
}

static void add_processes(struct json_out *json, const struct workload *w)
{
    json_array_begin(json, "processes", false);
    for (int32_t i = 0; i < w->nr_processes; i++) {
        const struct workload_process *process = &w->processes[i];

        json_object_begin(json, NULL, true);
        json_string(json, "name", process->name);
        json_int(json, "count", process->count);
        json_array_begin(json, "regions", true);
        for (int32_t j = 0; j < process->nr_regions; j++) {
            json_object_begin(json, NULL, true);
            json_string(json, "name", process->regions[j].name);
            json_int(json, "size_bytes", process->regions[j].size_bytes);
            json_object_end(json);
        }
        json_array_end(json);
        json_array_begin(json, "threads", true);
        for (int32_t j = 0; j < process->nr_groups; j++) {
            json_object_begin(json, NULL, true);
            json_string(json, "name", process->groups[j].name);
            json_int(json, "count", process->groups[j].count);
            json_int(json, "nice", process->groups[j].nice);
            json_object_end(json);
        }
        json_array_end(json);
        json_object_end(json);
    }
    json_array_end(json);
}

static void add_arrivals(struct json_out *json, const struct workload *w)
{
    json_array_begin(json, "arrivals", false);
    for (int32_t i = 0; i < w->nr_arrivals; i++) {
        json_object_begin(json, NULL, true);
        json_string(json, "name", w->arrivals[i].name);
        json_int(json, "interval_ns", w->arrivals[i].interval_ns);
        json_int(json, "burst", w->arrivals[i].burst);
        json_object_end(json);
    }
    json_array_end(json);
}

static void add_commands(struct json_out *json, const struct workload_trace *trace)
{
    json_array_begin(json, "tasks", false);
    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        json_object_begin(json, NULL, true);
        json_string(json, "comm", trace->tasks[i].comm);
        json_int(json, "pid", trace->tasks[i].pid);
        json_int(json, "prio", trace->tasks[i].prio);
        json_int(json, "steps", trace->tasks[i].nr_steps);
        json_object_end(json);
    }
    json_array_end(json);
}

static int show_run(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct workload_options *options = data;
    g_autoptr(workload_t) w = paths_read_workload(cli->paths, args[0], error);
    struct json_out json;

    if (w == NULL) {
        return CLI_BAD_INPUT;
    }
    if (options->format != CLI_FORMAT_JSON) {
        cli_print(cli, workload_show(w));
        return CLI_DONE;
    }
    json = json_out_new();
    json_object_begin(&json, NULL, false);
    add_members(&json, w->name, w);
    if (w->trace != NULL) {
        add_commands(&json, w->trace);
    } else {
        add_processes(&json, w);
        add_arrivals(&json, w);
    }
    json_strings(&json, "sources", w->sources);
    json_object_end(&json);
    cli_print_json(cli, &json);
    return CLI_DONE;
}

static bool is_good(struct cli *cli, const char *name, const void *data, GError **error)
{
    g_autoptr(workload_t) read = paths_read_workload(cli->paths, name, error);

    (void)data;
    return read != NULL;
}

static int validate_run(struct cli *cli, const void *data, char **args, GError **error)
{
    (void)error;
    return cli_validate(cli, args, data, is_good);
}

static const struct subcommand list = {
    .name = "list",
    .summary = "list the workloads",
    .options = list_options,
    .options_size = sizeof(struct workload_options),
    .run = list_run,
};

static const struct subcommand show = {
    .name = "show",
    .summary = "show what runs, what it does and what load it offers",
    .args = "WORKLOAD",
    .min_args = 1,
    .max_args = 1,
    .complete = CLI_COMPLETE_WORKLOAD,
    .options = show_options,
    .options_size = sizeof(struct workload_options),
    .run = show_run,
};

static const struct subcommand validate = {
    .name = "validate",
    .summary = "check workload files",
    .args = "WORKLOAD...",
    .min_args = 1,
    .max_args = -1,
    .complete = CLI_COMPLETE_WORKLOAD,
    .description = "Each error has file, line and column. The language is described in "
                   "workloads/README.md.",
    .run = validate_run,
};

static const struct subcommand *const actions[] = {&list, &show, &workload_import, &validate, NULL};

static const char *const examples[] = {
    "numasim workload show db-server # what it does, in words",
    "numasim workload import trace.txt -o mine.yaml # replay a recording of one's own",
    NULL,
};

const struct subcommand cmd_workload = {
    .name = "workload",
    .summary = "list, show, import and check workloads",
    .examples = examples,
    .subcommands = actions,
};
