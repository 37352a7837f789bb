/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim topology export: a machine in other people's formats. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/topology.h"
#include "format/machine/write.h"

struct export_options {
    int format;
    char *output;
};
#define AT(member) offsetof(struct export_options, member)

static const char *nth_format(size_t i)
{
    const struct machine_writer *const writer = machine_writers()[i];

    return writer != NULL ? writer->name : NULL;
}

static const struct cli_option export_options[] = {
    {.name = "format",
     .type = CLI_CHOICE,
     .offset = AT(format),
     .arg = "FORMAT",
     .nth_choice = nth_format,
     .required = true,
     .help = "what to write"},
    CLI_OUTPUT_ROW(AT(output), "FILE", CLI_COMPLETE_FILE,
                   "write to this file; otherwise it is printed"),
    {.name = NULL},
};

static int export_run(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct export_options *o = data;
    const struct machine_writer *const writer = machine_writers()[o->format];
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(machine_t) m = paths_read_topology(cli->paths, args[0], error);
    char *text = NULL;

    if (m != NULL) {
        text = writer->write(m, notes, error);
    }
    if (text == NULL || !cli_write(cli, o->output, text, error)) {
        return CLI_BAD_INPUT;
    }
    for (guint i = 0; i < notes->len; i++) {
        fprintf(stderr, "  %s\n", (const char *)g_ptr_array_index(notes, i));
    }
    return CLI_DONE;
}

const struct subcommand topology_export = {
    .name = "export",
    .summary = "write a machine in another tool's format",
    .args = "TOPOLOGY",
    .min_args = 1,
    .max_args = 1,
    .complete = CLI_COMPLETE_TOPOLOGY,
    .options = export_options,
    .options_size = sizeof(struct export_options),
    .description =
        "hwloc-xml is what lstopo and MPI launchers read, qemu a command line that boots a guest "
        "of "
        "that shape, numactl the text of `numactl --hardware`, lscpu that of `lscpu -p`. What the "
        "format cannot say is told on standard error; everything else comes back by `topology "
        "import`.",
    .run = export_run,
};
