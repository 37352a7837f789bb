/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim man, completion, help: what the tables say of themselves. */
#include "base/error.h"
#include "cli/cli.h"
#include "cli/commands.h"

struct man_options {
    bool list;
};

static const struct cli_option man_options[] = {
    {.name = "list",
     .type = CLI_FLAG,
     .offset = offsetof(struct man_options, list),
     .help = "print the names of all pages instead"},
    {.name = NULL},
};

static void list_pages(struct cli *cli)
{
    g_string_append(cli->out, "numasim\n");
    for (size_t i = 0; cli->commands[i] != NULL; i++) {
        g_string_append_printf(cli->out, "numasim-%s\n", cli->commands[i]->name);
    }
}

/* The top-level subcommand @name, or with a NULL name the command itself. */
static const struct subcommand *find_page(const struct cli *cli, char *name, GError **error)
{
    char *words[] = {name, NULL};
    g_autofree char *path = NULL;
    char **rest;

    return name == NULL ? &cli_root : commands_find(cli->commands, words, &path, &rest, error);
}

static int man_run(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct man_options *options = data;
    const struct subcommand *cmd;
    g_autofree char *page = NULL;

    if (options->list) {
        list_pages(cli);
        return CLI_DONE;
    }
    cmd = find_page(cli, args[0], error);
    if (cmd == NULL) {
        return CLI_BAD_INPUT;
    }
    page = commands_page(cmd, args[0] != NULL ? args[0] : "", cli->commands);
    g_string_append(cli->out, page);
    return CLI_DONE;
}

static const char *const man_examples[] = {"numasim man run | man -l - # read the page of `run`",
                                           NULL};

const struct subcommand cmd_man = {
    .name = "man",
    .summary = "print the man page of a subcommand, in roff",
    .args = "[COMMAND]",
    .max_args = 1,
    .complete = CLI_COMPLETE_COMMAND,
    .options = man_options,
    .options_size = sizeof(struct man_options),
    .examples = man_examples,
    .run = man_run,
};

static int completion_run(struct cli *cli, const void *options, char **args, GError **error)
{
    g_autofree char *script = NULL;

    (void)options;
    if (g_strcmp0(args[0], "bash") == 0) {
        script = commands_completion_bash(cli->commands);
    } else if (g_strcmp0(args[0], "zsh") == 0) {
        script = commands_completion_zsh(cli->commands);
    } else {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "completion: unknown shell '%s'; expected bash or zsh", args[0]);
        return CLI_BAD_INPUT;
    }
    g_string_append(cli->out, script);
    return CLI_DONE;
}

static const char *const completion_examples[] = {
    "source <(numasim completion bash) # complete in this shell", NULL};

const struct subcommand cmd_completion = {
    .name = "completion",
    .summary = "print a completion script for a shell",
    .args = "bash|zsh",
    .min_args = 1,
    .max_args = 1,
    .examples = completion_examples,
    .complete = CLI_COMPLETE_SHELL,
    .run = completion_run,
};

static int help_run(struct cli *cli, const void *options, char **args, GError **error)
{
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    const struct subcommand *cmd = &cli_root;
    char **rest = args;

    (void)options;
    if (args[0] != NULL) {
        cmd = commands_find(cli->commands, args, &path, &rest, error);
        if (cmd == NULL) {
            return CLI_BAD_INPUT;
        }
    }
    if (rest[0] != NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "help: unexpected argument '%s'; `%s` has no subcommands", rest[0], path);
        return CLI_BAD_INPUT;
    }
    text = commands_help(cmd, path != NULL ? path : "", cli->commands);
    g_string_append(cli->out, text);
    return CLI_DONE;
}

const struct subcommand cmd_help = {
    .name = "help",
    .summary = "print the help of a subcommand",
    .args = "[COMMAND [SUBCOMMAND]]",
    .max_args = 2,
    .complete = CLI_COMPLETE_COMMAND,
    .run = help_run,
};
