/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"

#include <string.h>

#include "base/error.h"

const struct cli_note cli_exit_notes[] = {
    {"0", "done"},
    {"1", "a gate or an expectation failed"},
    {"2", "bad usage or input"},
    {"3", "a fault in the simulator or a plugin"},
    {NULL, NULL},
};

const struct cli_note cli_file_notes[] = {
    {"-o FILE",
     "a file is written whole or not at all, and through symbolic links to what they lead "
     "to; a pipe, a device, /dev/fd/N or - (standard output) is written to as it is"},
    {"-o DIR", "a folder is there when it is whole; files in it that numasim did not write stay"},
    {NULL, NULL},
};

const struct cli_note cli_environment_notes[] = {
    {"NUMASIM_PATH", "folders, separated by ':', in which topologies, workloads and policies are "
                     "looked for before the shipped ones; each is laid out like the tree: "
                     "FOLDER/topologies, FOLDER/workloads, FOLDER/policies (sets and plugins)"},
    {NULL, NULL},
};

static const struct cli_option root_options[] = {
    {.name = "version", .type = CLI_FLAG, .help = "print the version"},
    {.name = NULL},
};

const struct subcommand cli_root = {
    .name = "numasim",
    .summary = "simulate what a workload does on a machine under a scheduling and NUMA policy",
    .args = "COMMAND [ARGUMENT]...",
    .options = root_options,
    .options_size = sizeof(bool),
    .description =
        "A discrete-event simulator of a Linux-like kernel's CPU scheduling and memory placement. "
        "Machines, workloads and policies are files; a run is a function of them and a seed, and "
        "gives the same bytes everywhere.\n\n"
        "Where a topology, a workload or a policy is wanted, give a shipped name (`numasim "
        "topology list` and so on) or a path: whatever holds a '/' or ends with .yaml.",
};

static const struct subcommand *find_in(const struct subcommand *const *commands, const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

/* @what: "subcommand" or "topology"; @name NULL: none was given. */
static void set_unknown(const struct subcommand *const *commands, const char *what,
                        const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *list = NULL;
    const char *nearest;

    for (size_t i = 0; commands[i] != NULL; i++) {
        g_ptr_array_add(names, (gpointer)commands[i]->name);
    }
    g_ptr_array_add(names, NULL);
    list = g_strjoinv(", ", (char **)names->pdata);
    nearest = name != NULL ? error_nearest(name, (const char *const *)names->pdata) : NULL;
    if (name == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE, "missing %s; expected one of %s",
                    what, list);
    } else if (nearest == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "unknown %s '%s'; expected one of %s", what, name, list);
    } else {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "unknown %s '%s'; expected one of %s (did you mean '%s'?)", what, name, list,
                    nearest);
    }
}

const struct subcommand *commands_find(const struct subcommand *const *commands, char **words,
                                       char **ret_path, char ***ret_rest, GError **error)
{
    const struct subcommand *cmd;
    const struct subcommand *action;
    g_autofree char *what = NULL;

    if (words[0] == NULL) {
        set_unknown(commands, "subcommand", NULL, error);
        return NULL;
    }
    cmd = find_in(commands, words[0]);
    if (cmd == NULL) {
        set_unknown(commands, "subcommand", words[0], error);
        return NULL;
    }
    if (cmd->subcommands == NULL || words[1] == NULL || words[1][0] == '-') {
        *ret_path = g_strdup(cmd->name);
        *ret_rest = words + 1;
        return cmd;
    }
    action = find_in(cmd->subcommands, words[1]);
    if (action == NULL) {
        what = g_strconcat(cmd->name, " subcommand", NULL);
        set_unknown(cmd->subcommands, what, words[1], error);
        return NULL;
    }
    *ret_path = g_strconcat(cmd->name, " ", action->name, NULL);
    *ret_rest = words + 2;
    return action;
}

char *commands_synopsis(const struct subcommand *cmd, const char *path)
{
    GString *text = g_string_new("numasim");
    size_t count = cli_options_count(cmd->options);
    size_t optional = 0;

    if (path[0] != '\0') {
        g_string_append_printf(text, " %s", path);
    }
    for (size_t i = 0; i < count; i++) {
        const struct cli_option *option = &cmd->options[i];

        if (option->required && option->letter != 0) {
            g_string_append_printf(text, " -%c %s", option->letter, option->arg);
        } else if (option->required) {
            g_string_append_printf(text, " --%s=%s", option->name, option->arg);
        } else {
            optional++;
        }
    }
    if (optional > 0) {
        g_string_append(text, " [OPTION]...");
    }
    if (cmd->args != NULL) {
        g_string_append_printf(text, " %s", cmd->args);
    }
    return g_string_free(text, FALSE);
}
