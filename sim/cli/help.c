/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --help. */
#include <string.h>

#include "cli/commands.h"

enum { HELP_COLUMNS = 80, HELP_INDENT = 26, HELP_COMMAND_INDENT = 14 };

/* Appends @text word by word, each line after the first indented by @indent. @column is where the
 * line stands now. Ends the line. */
static void append_wrapped(GString *out, const char *text, size_t column, size_t indent)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    bool first = true;

    for (size_t i = 0; words[i] != NULL; i++) {
        size_t length = (size_t)g_utf8_strlen(words[i], -1);

        if (!first && column + 1 + length > HELP_COLUMNS) {
            g_string_append_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append(out, words[i]);
        column += length;
        first = false;
    }
    g_string_append_c(out, '\n');
}

/* "  NAME      text", the text from column @indent on. */
static void append_entry(GString *out, const char *name, const char *text, size_t indent)
{
    size_t width = (size_t)g_utf8_strlen(name, -1) + 2;

    g_string_append_printf(out, "  %s", name);
    if (width + 2 > indent) {
        g_string_append_c(out, '\n');
        width = 0;
    }
    g_string_append_printf(out, "%*s", (int)(indent - width), "");
    append_wrapped(out, text, indent, indent);
}

static void append_option(GString *out, const struct cli_option *option)
{
    g_autofree char *spelling = cli_option_spelling(option);
    g_autofree char *help = cli_option_help(option);

    append_entry(out, spelling, help, HELP_INDENT);
}

static void append_options(GString *out, const struct cli_option *options)
{
    size_t count = cli_options_count(options);

    g_string_append(out, "\nOptions:\n");
    for (size_t i = 0; i < count; i++) {
        append_option(out, &options[i]);
    }
    append_option(out, &cli_help_option);
}

static void append_paragraphs(GString *out, const char *text)
{
    g_auto(GStrv) paragraphs = g_strsplit(text, "\n\n", -1);

    for (size_t i = 0; paragraphs[i] != NULL; i++) {
        g_string_append_c(out, '\n');
        append_wrapped(out, paragraphs[i], 0, 0);
    }
}

static void append_examples(GString *out, const char *const *examples)
{
    g_string_append(out, "\nExamples:\n");
    for (size_t i = 0; examples[i] != NULL; i++) {
        g_auto(GStrv) parts = g_strsplit(examples[i], " # ", 2);

        g_string_append_printf(out, "  %s\n", parts[0]);
        if (parts[1] != NULL) {
            g_string_append(out, "      ");
            append_wrapped(out, parts[1], 6, 6);
        }
    }
}

static void append_commands(GString *out, const struct subcommand *const *commands)
{
    g_string_append(out, "\nCommands:\n");
    for (size_t i = 0; commands[i] != NULL; i++) {
        append_entry(out, commands[i]->name, commands[i]->summary, HELP_COMMAND_INDENT);
    }
}

static void append_notes(GString *out, const char *title, const struct cli_note *notes)
{
    g_string_append_printf(out, "\n%s:\n", title);
    for (size_t i = 0; notes[i].name != NULL; i++) {
        append_entry(out, notes[i].name, notes[i].text, HELP_COMMAND_INDENT + 2);
    }
}

/* The actions of a group, each with its synopsis. */
static void append_actions(GString *out, const struct subcommand *group)
{
    for (size_t i = 0; group->subcommands[i] != NULL; i++) {
        const struct subcommand *action = group->subcommands[i];
        g_autofree char *path = g_strconcat(group->name, " ", action->name, NULL);
        g_autofree char *synopsis = commands_synopsis(action, path);

        g_string_append_printf(out, "%s %s\n", i == 0 ? "usage:" : "      ", synopsis);
    }
    g_string_append_c(out, '\n');
    append_wrapped(out, group->summary, 0, 0);
    append_commands(out, group->subcommands);
    g_string_append_printf(out, "\n`numasim %s COMMAND --help` lists the options of each.\n",
                           group->name);
}

char *commands_help(const struct subcommand *cmd, const char *path,
                    const struct subcommand *const *commands)
{
    g_autofree char *synopsis = commands_synopsis(cmd, path);
    GString *out = g_string_new(NULL);

    if (cmd->subcommands != NULL) {
        append_actions(out, cmd);
        return g_string_free(out, FALSE);
    }
    g_string_append_printf(out, "usage: %s\n\n", synopsis);
    append_wrapped(out, cmd->summary, 0, 0);
    if (cmd->description != NULL) {
        append_paragraphs(out, cmd->description);
    }
    if (cmd == &cli_root) {
        append_commands(out, commands);
    }
    append_options(out, cmd->options);
    if (cmd->examples != NULL) {
        append_examples(out, cmd->examples);
    }
    if (cmd == &cli_root) {
        append_notes(out, "Files", cli_file_notes);
        append_notes(out, "Exit status", cli_exit_notes);
        append_notes(out, "Environment", cli_environment_notes);
        g_string_append(out, "\n`numasim COMMAND --help` and `numasim man COMMAND` say more.\n");
    }
    return g_string_free(out, FALSE);
}
