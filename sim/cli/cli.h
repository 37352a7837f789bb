/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the command share. */
#ifndef NUMASIM_CLI_CLI_H
#define NUMASIM_CLI_CLI_H

#include <glib.h>
#include <stdbool.h>

#include "cli/options.h"
#include "cli/paths.h"

enum cli_status {
    CLI_DONE = 0,
    CLI_FAILED = 1,    /* a gate or an expectation failed */
    CLI_BAD_INPUT = 2, /* usage, or a file */
    CLI_FAULT = 3,     /* in the simulator or a plugin */
};

/* One invocation. */
struct cli {
    const struct paths *paths;
    const struct subcommand *const *commands; /* all of them, for help and completion */
    GString *out;       /* standard output; main() prints it, unless the subcommand fails */
    bool show_progress; /* standard error is a terminal */
};

/* One to a file: sim/cli/cmd-NAME.c. */
extern const struct subcommand cmd_run, cmd_study, cmd_accuracy, cmd_compare, cmd_diff, cmd_explain,
    cmd_plot, cmd_report, cmd_trace, cmd_topology, cmd_workload, cmd_policy, cmd_man,
    cmd_completion, cmd_help;

/* A line "numasim: ..." on standard error; the text has no newline of its own. */
void cli_warn(const char *format, ...) G_GNUC_PRINTF(1, 2);

/*
 * What `validate` does: says of each of @args that it is good, or warns why not, as @is_good finds
 * with @data. The exit status.
 */
int cli_validate(struct cli *cli, char **args, const void *data,
                 bool (*is_good)(struct cli *cli, const char *name, const void *data,
                                 GError **error));

/* For options of type CHOICE named --format. */
enum cli_format { CLI_FORMAT_PEOPLE, CLI_FORMAT_JSON, CLI_FORMAT_NAMES };
extern const char *const cli_formats_text[]; /* text, json */
extern const char *const cli_formats_list[]; /* table, json, names */

/* A row --format of a table of options; @member_offset of an int. */
#define CLI_FORMAT_ROW(member_offset, formats, first)                                              \
    {                                                                                              \
        .name = "format", .type = CLI_CHOICE, .offset = (member_offset), .arg = "FORMAT",          \
        .initial = (first), .choices = (formats), .help = "how to print"                           \
    }

/* A row --output; @member_offset of a char *. */
#define CLI_OUTPUT_ROW(member_offset, name_of_arg, completes, text)                                \
    {                                                                                              \
        .name = "output", .letter = 'o', .type = CLI_STRING, .offset = (member_offset),            \
        .arg = (name_of_arg), .complete = (completes),                                             \
        .writes_file = (completes) == CLI_COMPLETE_FILE, .help = (text)                            \
    }

/* Prints @names, one to a line. */
void cli_print_names(struct cli *cli, char *const *names);
/* Prints what was written to @json, and releases it. */
struct json_out;
void cli_print_json(struct cli *cli, struct json_out *json);
/* Takes @text, which may be NULL, and prints it. */
void cli_print(struct cli *cli, char *text);
/* Takes @text, and writes it to @path as base/output.h does; prints it where that is NULL. */
bool cli_write(struct cli *cli, const char *path, char *text, GError **error);

#endif
