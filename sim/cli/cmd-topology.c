/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim topology: what machines there are, and what Linux would make of them. */
#include "base/units.h"
#include "cli/cli.h"
#include "cli/machine-json.h"
#include "cli/table.h"
#include "cli/topology.h"
#include "machine/dot.h"
#include "machine/show.h"
#include "observe/json.h"

struct topology_options {
    int format;
    char *kernel;
};
#define AT(member) offsetof(struct topology_options, member)

enum show_format { SHOW_TEXT, SHOW_JSON, SHOW_DOT };
static const char *const show_formats[] = {"text", "json", "dot", NULL};

static const struct cli_option list_options[] = {
    CLI_FORMAT_ROW(AT(format), cli_formats_list, "table"),
    {.name = NULL},
};

static const struct cli_option show_options[] = {
    TOPOLOGY_KERNEL_ROW(AT(kernel)),
    CLI_FORMAT_ROW(AT(format), show_formats, "text"),
    {.name = NULL},
};

/* "HBM 128GiB + DRAM 1TiB": the memory of each tier that there is. Newly allocated. */
static char *describe_memory(const struct machine *m)
{
    GString *text = g_string_new(NULL);

    for (int tier = 0; tier < NR_TIERS; tier++) {
        int64_t bytes = 0;

        for (int32_t node = 0; node < m->nr_nodes; node++) {
            bytes += (int)m->nodes[node].tier == tier ? m->nodes[node].memory_bytes : 0;
        }
        if (bytes > 0) {
            g_autofree char *size = units_format_human(bytes, UNIT_BYTES);

            g_string_append_printf(text, "%s%s %s", text->len > 0 ? " + " : "",
                                   machine_tier_name((enum machine_tier)tier), size);
        }
    }
    return g_string_free(text, FALSE);
}

static void add_row(struct table *table, const char *name, const struct machine *m)
{
    table_add(table, name);
    table_take(table, g_strdup_printf("%d", m->nr_cpus));
    table_take(table, g_strdup_printf("%d", m->nr_packages));
    table_take(table, g_strdup_printf("%d", m->nr_nodes));
    table_take(table, g_strdup_printf("%d", m->nr_llcs));
    table_take(table, describe_memory(m));
    table_add(table, m->model != NULL ? m->model : m->description);
}

static void add_object(struct json_out *json, const char *name, const struct machine *m)
{
    int64_t bytes = 0;

    for (int32_t node = 0; node < m->nr_nodes; node++) {
        bytes += m->nodes[node].memory_bytes;
    }
    json_object_begin(json, NULL, true);
    json_string(json, "name", name);
    json_int(json, "cpus", m->nr_cpus);
    json_int(json, "packages", m->nr_packages);
    json_int(json, "nodes", m->nr_nodes);
    json_int(json, "llcs", m->nr_llcs);
    json_int(json, "memory_bytes", bytes);
    json_string(json, "model", m->model != NULL ? m->model : "");
    json_string(json, "description", m->description != NULL ? m->description : "");
    json_object_end(json);
}

/* Table and JSON of @names; one that cannot be read is told on standard error. */
static int list_machines(struct cli *cli, char *const *names, struct table *table,
                         struct json_out *json)
{
    int status = CLI_DONE;

    for (size_t i = 0; names[i] != NULL; i++) {
        g_autoptr(GError) cause = NULL;
        g_autoptr(machine_t) m = paths_read_topology(cli->paths, names[i], &cause);

        if (m == NULL) {
            cli_warn("%s", cause->message);
            status = CLI_BAD_INPUT;
            continue;
        }
        add_row(table, names[i], m);
        add_object(json, names[i], m);
    }
    return status;
}

static int list_run(struct cli *cli, const void *data, char **args, GError **error)
{
    static const char *const heads[] = {"NAME",  ">CPUS",  ">PACKAGES", ">NODES",
                                        ">LLCS", "MEMORY", "MODEL",     NULL};
    const struct topology_options *options = data;
    g_auto(GStrv) names = paths_list(cli->paths->topologies, "topology");
    g_autoptr(table_t) table = table_new(heads);
    struct json_out json;
    int status;

    (void)args;
    if (!paths_check_any(cli->paths->topologies, "topology", names, error)) {
        return CLI_BAD_INPUT;
    }
    if (options->format == CLI_FORMAT_NAMES) {
        cli_print_names(cli, names);
        return CLI_DONE;
    }
    json = json_out_new();
    json_array_begin(&json, NULL, false);
    status = list_machines(cli, names, table, &json);
    json_array_end(&json);
    if (options->format == CLI_FORMAT_JSON) {
        cli_print_json(cli, &json);
    } else {
        g_string_free(json.text, TRUE);
        table_append(table, cli->out);
    }
    return status;
}

static int show_run(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct topology_options *options = data;
    enum kernel_release release;
    g_autoptr(machine_t) m = NULL;

    if (!topology_kernel(options->kernel, &release, error)) {
        return CLI_BAD_INPUT;
    }
    m = paths_read_topology(cli->paths, args[0], error);
    if (m == NULL) {
        return CLI_BAD_INPUT;
    }
    if (options->format == SHOW_JSON) {
        struct json_out json = json_out_new();

        machine_to_json(&json, m);
        cli_print_json(cli, &json);
    } else if (options->format == SHOW_DOT) {
        cli_print(cli, machine_to_dot(m));
    } else {
        g_autoptr(sched_domains_t) sds = sched_domains_new(m, release);

        cli_print(cli, machine_show(m, sds));
    }
    return CLI_DONE;
}

static bool is_good(struct cli *cli, const char *name, const void *data, GError **error)
{
    g_autoptr(machine_t) read = paths_read_topology(cli->paths, name, error);

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
    .summary = "list the topologies",
    .options = list_options,
    .options_size = sizeof(struct topology_options),
    .run = list_run,
};

static const struct subcommand show = {
    .name = "show",
    .summary = "draw a machine: packages, nodes, LLCs, CPUs, distances, sched_domains, costs",
    .args = "TOPOLOGY",
    .min_args = 1,
    .max_args = 1,
    .complete = CLI_COMPLETE_TOPOLOGY,
    .options = show_options,
    .options_size = sizeof(struct topology_options),
    .description = "--kernel says whose sched_domains are drawn. The formats json and dot (for "
                   "Graphviz) have the machine alone; `numasim topology domains` has the domains.",
    .run = show_run,
};

static const struct subcommand validate = {
    .name = "validate",
    .summary = "check topology files",
    .args = "TOPOLOGY...",
    .min_args = 1,
    .max_args = -1,
    .complete = CLI_COMPLETE_TOPOLOGY,
    .description = "Each error has file, line and column. A measured number without a source is "
                   "one. The schema stands in topologies/README.md.",
    .run = validate_run,
};

static const struct subcommand *const actions[] = {
    &list, &show, &topology_domains, &topology_import, &topology_export, &validate, NULL};

static const char *const examples[] = {
    "numasim topology show epyc-7763-2s-nps4 # draw a machine",
    "numasim topology show teach-numa-2x4 --format dot | dot -Tsvg -o machine.svg # as a picture",
    "numasim topology domains epyc-7763-2s-nps4 --format json # for a program to read",
    "numasim topology domains epyc-7763-2s-nps4 --partition 0-15,128-143 # with a cpuset of its "
    "own",
    "numasim topology domains teach-numa-2x4 --kernel 7.3 --format schedstat # version 17",
    "numasim topology import machine.xml -o mine.yaml # from lstopo, sysfs, lscpu, QEMU, ...",
    "numasim topology validate ./mine.yaml # check a file of one's own",
    NULL,
};

const struct subcommand cmd_topology = {
    .name = "topology",
    .summary = "list, show, import, export and check machines",
    .examples = examples,
    .subcommands = actions,
};
