/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Completion for bash and zsh, written out from the tables. Names of topologies, workloads,
 * policies and studies are asked of the command itself (`numasim topology list --format names`);
 * files that end with .yaml are offered beside them.
 */
#include <string.h>

#include "cli/commands.h"

/* The shell function that completes what an option or argument takes; NULL: none. */
static const char *completer(enum cli_complete complete)
{
    switch (complete) {
    case CLI_COMPLETE_NONE:
        return NULL;
    case CLI_COMPLETE_TOPOLOGY:
        return "_numasim_names topology list";
    case CLI_COMPLETE_WORKLOAD:
        return "_numasim_names workload list";
    case CLI_COMPLETE_SET:
        return "_numasim_names policy list --sets";
    case CLI_COMPLETE_POLICY:
        return "_numasim_names policy list";
    case CLI_COMPLETE_STUDY:
        return "_numasim_names study list";
    case CLI_COMPLETE_SHELL:
        return "_numasim_shells";
    case CLI_COMPLETE_COMMAND:
        return "_numasim_commands";
    case CLI_COMPLETE_FILE:
        return "_numasim_files";
    case CLI_COMPLETE_DIR:
        return "_numasim_folders";
    }
    return NULL;
}

/* The names of @commands with a space between. */
static void append_names(GString *out, const struct subcommand *const *commands)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        g_string_append_printf(out, "%s%s", i > 0 ? " " : "", commands[i]->name);
    }
}

/* Calls @fn for each subcommand that is no group, with its path ("topology show"). */
static void for_each_leaf(GString *out, const struct subcommand *const *commands,
                          void (*fn)(GString *out, const struct subcommand *cmd, const char *path))
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        const struct subcommand *cmd = commands[i];

        if (cmd->subcommands == NULL) {
            fn(out, cmd, cmd->name);
            continue;
        }
        for (size_t j = 0; cmd->subcommands[j] != NULL; j++) {
            g_autofree char *path = g_strconcat(cmd->name, " ", cmd->subcommands[j]->name, NULL);

            fn(out, cmd->subcommands[j], path);
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* bash                                                                                         */

static void bash_value(GString *out, const char *path, const struct cli_option *option)
{
    const char *function = completer(option->complete);
    g_auto(GStrv) choices = cli_option_choices(option);

    if (option->arg == NULL) {
        return;
    }
    g_string_append(out, "        ");
    if (option->letter != 0) {
        g_string_append_printf(out, "'%s -%c' | ", path, option->letter);
    }
    g_string_append_printf(out, "'%s --%s') ", path, option->name);
    if (choices != NULL) {
        g_autofree char *words = g_strjoinv(" ", choices);

        g_string_append_printf(out, "_numasim_words '%s'; ", words);
    } else if (function != NULL) {
        g_string_append_printf(out, "%s; ", function);
    }
    g_string_append(out, "return ;;\n");
}

static void bash_values(GString *out, const struct subcommand *cmd, const char *path)
{
    size_t count = cli_options_count(cmd->options);

    for (size_t i = 0; i < count; i++) {
        bash_value(out, path, &cmd->options[i]);
    }
}

static void bash_option_word(GString *out, const struct cli_option *option)
{
    if (option->letter != 0) {
        g_string_append_printf(out, "-%c ", option->letter);
    }
    g_string_append_printf(out, "--%s", option->name);
}

static void bash_options(GString *out, const struct subcommand *cmd, const char *path)
{
    size_t count = cli_options_count(cmd->options);

    g_string_append_printf(out, "        '%s') _numasim_words '", path);
    for (size_t i = 0; i < count; i++) {
        bash_option_word(out, &cmd->options[i]);
        g_string_append_c(out, ' ');
    }
    bash_option_word(out, &cli_help_option);
    g_string_append(out, "' ;;\n");
}

static void bash_arguments(GString *out, const struct subcommand *cmd, const char *path)
{
    const char *function = completer(cmd->complete);

    if (function != NULL) {
        g_string_append_printf(out, "    '%s') %s ;;\n", path, function);
    }
}

static const char bash_head[] =
    "# bash completion for numasim, written by `numasim completion bash`\n"
    "_numasim_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\"); }\n"
    "_numasim_names() {\n"
    "    mapfile -t COMPREPLY < <(\n"
    "        compgen -W \"$(numasim \"$@\" --format names 2>/dev/null)\" -- \"$cur\"\n"
    "        compgen -f -X '!*.yaml' -- \"$cur\")\n"
    "    # Towards a file in another folder.\n"
    "    if [[ ${#COMPREPLY[@]} -eq 0 || $cur == */* ]]; then\n"
    "        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- \"$cur\")\n"
    "        compopt -o filenames\n"
    "    fi\n"
    "}\n"
    "_numasim_files() { mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); compopt -o filenames; }\n"
    "_numasim_folders() { mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); "
    "compopt -o filenames; }\n";

static const char bash_begin[] = "_numasim() {\n"
                                 "    local cur=${COMP_WORDS[COMP_CWORD]} "
                                 "prev=${COMP_WORDS[COMP_CWORD-1]} path=${COMP_WORDS[1]}\n"
                                 "    COMPREPLY=()\n"
                                 "    # bash breaks --name=value into three words\n"
                                 "    if [[ $cur == = ]]; then\n"
                                 "        cur=\n"
                                 "    elif [[ $prev == = && $COMP_CWORD -gt 2 ]]; then\n"
                                 "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
                                 "    fi\n";

static void bash_groups(GString *out, const struct subcommand *const *commands)
{
    g_string_append(out, "    case $path in\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (commands[i]->subcommands != NULL) {
            g_string_append_printf(out,
                                   "    %s)\n"
                                   "        if [[ $COMP_CWORD -eq 2 ]]; then\n"
                                   "            _numasim_words '",
                                   commands[i]->name);
            append_names(out, commands[i]->subcommands);
            g_string_append(out, " --help'\n            return\n        fi\n"
                                 "        path=\"$path ${COMP_WORDS[2]}\" ;;\n");
        }
    }
    g_string_append(out, "    esac\n");
}

char *commands_completion_bash(const struct subcommand *const *commands)
{
    GString *out = g_string_new(bash_head);

    g_string_append(out, "_numasim_commands() { _numasim_words '");
    append_names(out, commands);
    g_string_append(out, "'; }\n_numasim_shells() { _numasim_words 'bash zsh'; }\n");
    g_string_append(out, bash_begin);
    g_string_append(out, "    if [[ $COMP_CWORD -eq 1 ]]; then\n        _numasim_words '");
    append_names(out, commands);
    for (size_t i = 0; i < cli_options_count(cli_root.options); i++) {
        g_string_append_c(out, ' ');
        bash_option_word(out, &cli_root.options[i]);
    }
    g_string_append_c(out, ' ');
    bash_option_word(out, &cli_help_option);
    g_string_append(out, "'\n        return\n    fi\n");
    bash_groups(out, commands);
    g_string_append(out, "    case \"$path $prev\" in\n");
    for_each_leaf(out, commands, bash_values);
    g_string_append(out, "    esac\n    if [[ $cur == -* ]]; then\n        case $path in\n");
    for_each_leaf(out, commands, bash_options);
    g_string_append(out, "        esac\n        return\n    fi\n    case $path in\n");
    for_each_leaf(out, commands, bash_arguments);
    g_string_append(out, "    esac\n}\ncomplete -F _numasim numasim\n");
    return g_string_free(out, FALSE);
}

/* ------------------------------------------------------------------------------------------- */
/* zsh                                                                                          */

/* @text inside single quotes and brackets of an _arguments specification. */
static void zsh_text(GString *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'') {
            g_string_append(out, "'\\''");
        } else if (strchr("[]\\", *p) != NULL) {
            g_string_append_printf(out, "\\%c", *p);
        } else {
            g_string_append_c(out, *p);
        }
    }
}

/* ":MESSAGE:ACTION" of what takes a value. */
static void zsh_action(GString *out, const char *message, char **choices,
                       enum cli_complete complete)
{
    const char *function = completer(complete);

    g_string_append_printf(out, ":%s:", message);
    if (choices != NULL) {
        g_autofree char *words = g_strjoinv(" ", choices);

        g_string_append_printf(out, "(%s)", words);
    } else if (function != NULL) {
        /* A leading space: the words are called as they are. */
        g_string_append_printf(out, " %s", function);
    }
}

static void zsh_option(GString *out, const struct cli_option *option)
{
    g_assert(option != NULL);
    bool repeated = option->type == CLI_STRINGS;
    g_auto(GStrv) choices = cli_option_choices(option);

    g_string_append(out, "        ");
    if (option->letter != 0) {
        if (repeated) {
            g_string_append(out, "'*'");
        } else {
            g_string_append_printf(out, "'(-%c --%s)'", option->letter, option->name);
        }
        g_string_append_printf(out, "{-%c%s,--%s%s}'[", option->letter,
                               option->arg != NULL ? "+" : "", option->name,
                               option->arg != NULL ? "=" : "");
    } else {
        g_string_append_printf(out, "'%s--%s%s[", repeated ? "*" : "", option->name,
                               option->arg != NULL ? "=" : "");
    }
    zsh_text(out, option->help);
    g_string_append_c(out, ']');
    if (option->arg != NULL) {
        zsh_action(out, option->arg, choices, option->complete);
    }
    g_string_append(out, "' \\\n");
}

/* `_arguments` for one subcommand. */
static void zsh_leaf(GString *out, const struct subcommand *cmd, const char *path)
{
    size_t count = cli_options_count(cmd->options);
    g_autofree char *function = g_strdelimit(g_strdup(path), " -", '_');

    g_string_append_printf(out, "_numasim_%s() {\n    _arguments -s \\\n", function);
    for (size_t i = 0; i < count; i++) {
        zsh_option(out, &cmd->options[i]);
    }
    zsh_option(out, &cli_help_option);
    if (cmd->args != NULL) {
        g_string_append(out, "        '*");
        zsh_action(out, "argument", NULL, cmd->complete);
        g_string_append(out, "'\n}\n");
    } else {
        g_string_append(out, "        ':'\n}\n");
    }
}

/* The function that completes one of @commands and goes on with what it takes. */
static void zsh_group(GString *out, const struct subcommand *const *commands, const char *function,
                      const struct cli_option *options)
{
    g_string_append_printf(out,
                           "%s() {\n"
                           "    local curcontext=$curcontext state line\n"
                           "    local -a commands=(\n",
                           function);
    for (size_t i = 0; commands[i] != NULL; i++) {
        g_string_append_printf(out, "        '%s:", commands[i]->name);
        zsh_text(out, commands[i]->summary);
        g_string_append(out, "'\n");
    }
    g_string_append(out, "    )\n    _arguments -C \\\n");
    for (size_t i = 0; i < cli_options_count(options); i++) {
        zsh_option(out, &options[i]);
    }
    zsh_option(out, &cli_help_option);
    g_string_append_printf(out,
                           "        '1:command:->command' '*::argument:->argument'\n"
                           "    case $state in\n"
                           "    command) _describe command commands ;;\n"
                           "    argument)\n"
                           "        if (( $+functions[%s_${words[1]//-/_}] )); then\n"
                           "            %s_${words[1]//-/_}\n"
                           "        fi ;;\n"
                           "    esac\n"
                           "}\n",
                           function, function);
}

char *commands_completion_zsh(const struct subcommand *const *commands)
{
    GString *out = g_string_new("#compdef numasim\n"
                                "# zsh completion for numasim, written by `numasim completion "
                                "zsh`\n"
                                "_numasim_names() {\n"
                                "    local -a names\n"
                                "    names=(${(f)\"$(numasim \"$@\" --format names "
                                "2>/dev/null)\"})\n"
                                "    compadd -a names\n"
                                "    _files -g '*.yaml'\n"
                                "}\n"
                                "_numasim_files() { _files }\n"
                                "_numasim_folders() { _files -/ }\n"
                                "_numasim_commands() { compadd ");

    append_names(out, commands);
    g_string_append(out, " }\n_numasim_shells() { compadd bash zsh }\n");
    for_each_leaf(out, commands, zsh_leaf);
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (commands[i]->subcommands != NULL) {
            g_autofree char *function = g_strconcat("_numasim_", commands[i]->name, NULL);

            zsh_group(out, commands[i]->subcommands, function, NULL);
        }
    }
    zsh_group(out, commands, "_numasim", cli_root.options);
    g_string_append(out, "_numasim \"$@\"\n");
    return g_string_free(out, FALSE);
}
