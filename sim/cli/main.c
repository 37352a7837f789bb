/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command numasim: finds the subcommand, lets it work, prints what it says. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/output.h"
#include "cli/cli.h"
#include "cli/commands.h"

static const struct subcommand *const all_commands[] = {
    &cmd_run,  &cmd_study,      &cmd_accuracy, &cmd_compare,  &cmd_diff,     &cmd_explain,
    &cmd_plot, &cmd_trace,      &cmd_report,   &cmd_topology, &cmd_workload, &cmd_policy,
    &cmd_man,  &cmd_completion, &cmd_help,     NULL,
};

static int status_of(const GError *error)
{
    return g_error_matches(error, NUMASIM_ERROR, NUMASIM_ERROR_FAULT) ? CLI_FAULT : CLI_BAD_INPUT;
}

/* `numasim --version` and `numasim --help`. */
static int run_root(struct cli *cli, char **words, GError **error)
{
    g_auto(GStrv) args = NULL;
    void *options = NULL;
    bool help;

    if (!cli_options_parse(&cli_root, "", words, &options, &args, &help, error)) {
        return CLI_BAD_INPUT;
    }
    if (help) {
        g_autofree char *text = commands_help(&cli_root, "", cli->commands);

        g_string_append(cli->out, text);
    } else {
        g_string_append(cli->out, "numasim " NUMASIM_VERSION "\n");
    }
    cli_options_free(&cli_root, options);
    return CLI_DONE;
}

/* What is to be written can be, as far as can be told before the work. */
static bool check_outputs(const struct subcommand *cmd, const char *path, const void *options,
                          GError **error)
{
    for (size_t i = 0; i < cli_options_count(cmd->options); i++) {
        const struct cli_option *option = &cmd->options[i];
        const char *const *output = G_STRUCT_MEMBER_P(options, option->offset);

        if (option->writes_file && *output != NULL && !output_check(*output, error)) {
            g_prefix_error(error, "%s: --%s: ", path, option->name);
            return false;
        }
    }
    return true;
}

static int run_subcommand(struct cli *cli, char **words, GError **error)
{
    g_autofree char *path = NULL;
    g_auto(GStrv) args = NULL;
    char **rest;
    void *options = NULL;
    bool help;
    int status = CLI_DONE;
    const struct subcommand *cmd = commands_find(cli->commands, words, &path, &rest, error);

    if (cmd == NULL || !cli_options_parse(cmd, path, rest, &options, &args, &help, error)) {
        return CLI_BAD_INPUT;
    }
    if (help) {
        g_autofree char *text = commands_help(cmd, path, cli->commands);

        g_string_append(cli->out, text);
    } else if (cmd->run == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "%s: missing subcommand; expected one that `numasim %s --help` lists", path,
                    path);
    } else if (check_outputs(cmd, path, options, error)) {
        status = cmd->run(cli, options, args, error);
    }
    cli_options_free(cmd, options);
    return status;
}

/* Prints what the subcommand said; a full disk is an error, a reader that left ends us by SIGPIPE. */
static bool print_out(const GString *out)
{
    bool written = fwrite(out->str, 1, out->len, stdout) == out->len;

    if (fflush(stdout) != 0 || !written) {
        cli_warn("standard output: cannot write: %s", g_strerror(errno));
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    g_autoptr(paths_t) paths = paths_new(exe != NULL ? exe : argv[0], g_getenv("NUMASIM_PATH"));
    g_autoptr(GError) error = NULL;
    struct cli cli = {.paths = paths,
                      .commands = all_commands,
                      .out = g_string_new(NULL),
                      .show_progress = isatty(STDERR_FILENO) == 1};
    char **words = argv + (argc > 0 ? 1 : 0);
    int status = words[0] != NULL && words[0][0] == '-' ? run_root(&cli, words, &error)
                                                        : run_subcommand(&cli, words, &error);

    if (error != NULL) {
        cli_warn("%s", error->message);
        status = status_of(error);
    } else if (status != CLI_BAD_INPUT) {
        status = print_out(cli.out) ? status : CLI_BAD_INPUT;
    }
    g_string_free(cli.out, TRUE);
    return status;
}
