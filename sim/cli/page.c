/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Man pages, in the macros of man(7). */
#include <string.h>

#include "cli/commands.h"

/* Appends @text so that roff prints it as it is. */
static void append_text(GString *out, const char *text)
{
    bool line_begins = out->len > 0 && out->str[out->len - 1] == '\n';

    for (const char *p = text; *p != '\0'; p++) {
        if (line_begins && (*p == '.' || *p == '\'')) {
            g_string_append(out, "\\&");
        }
        if (*p == '\\') {
            g_string_append(out, "\\e");
        } else if (*p == '-') {
            g_string_append(out, "\\-"); /* a minus that can be copied, not a hyphen */
        } else if (*p == '\'') {
            g_string_append(out, "\\(aq");
        } else if (*p == '`') {
            g_string_append(out, "\\(ga");
        } else {
            g_string_append_c(out, *p);
        }
        line_begins = *p == '\n';
    }
}

static void append_line(GString *out, const char *text)
{
    append_text(out, text);
    g_string_append_c(out, '\n');
}

static void append_paragraphs(GString *out, const char *text)
{
    g_auto(GStrv) paragraphs = g_strsplit(text, "\n\n", -1);

    for (size_t i = 0; paragraphs[i] != NULL; i++) {
        g_string_append(out, ".PP\n");
        append_line(out, paragraphs[i]);
    }
}

/* A tagged paragraph. */
static void append_entry(GString *out, const char *name, const char *text)
{
    g_string_append(out, ".TP\n.B ");
    append_line(out, name);
    append_line(out, text);
}

static void append_option(GString *out, const struct cli_option *option)
{
    g_autofree char *spelling = cli_option_spelling(option);
    g_autofree char *help = cli_option_help(option);

    append_entry(out, spelling, help);
}

static void append_options(GString *out, const struct cli_option *options)
{
    size_t count = cli_options_count(options);

    for (size_t i = 0; i < count; i++) {
        append_option(out, &options[i]);
    }
    append_option(out, &cli_help_option);
}

static void append_synopsis(GString *out, const struct subcommand *cmd, const char *path)
{
    g_autofree char *synopsis = commands_synopsis(cmd, path);

    g_string_append(out, ".B ");
    append_line(out, synopsis);
    g_string_append(out, ".br\n");
}

static void append_examples(GString *out, const char *const *examples)
{
    g_string_append(out, ".SH EXAMPLES\n");
    for (size_t i = 0; examples[i] != NULL; i++) {
        g_auto(GStrv) parts = g_strsplit(examples[i], " # ", 2);

        append_entry(out, parts[0], parts[1] != NULL ? parts[1] : "");
    }
}

static void append_notes(GString *out, const char *title, const struct cli_note *notes)
{
    g_string_append_printf(out, ".SH %s\n", title);
    for (size_t i = 0; notes[i].name != NULL; i++) {
        append_entry(out, notes[i].name, notes[i].text);
    }
}

/* The body of a group's page: each action under its own head. */
static void append_actions(GString *out, const struct subcommand *group)
{
    g_string_append(out, ".SH COMMANDS\n");
    for (size_t i = 0; group->subcommands[i] != NULL; i++) {
        const struct subcommand *action = group->subcommands[i];
        g_autofree char *path = g_strconcat(group->name, " ", action->name, NULL);
        g_autofree char *synopsis = commands_synopsis(action, path);

        g_string_append(out, ".SS ");
        append_line(out, synopsis);
        append_line(out, action->summary);
        if (action->description != NULL) {
            append_paragraphs(out, action->description);
        }
        append_options(out, action->options);
    }
}

static void append_head(GString *out, const struct subcommand *cmd, const char *path)
{
    g_autofree char *page =
        path[0] != '\0' ? g_strconcat("numasim-", path, NULL) : g_strdup("numasim");
    g_autofree char *title = g_ascii_strup(page, -1);

    g_string_append(out, ".\\\" Written by `numasim man` from the table that its parser reads.\n");
    g_string_append_printf(out, ".TH %s 1 \"\" \"numasim %s\" \"numasim\"\n", title,
                           NUMASIM_VERSION);
    g_string_append(out, ".SH NAME\n");
    append_text(out, page);
    g_string_append(out, " \\- ");
    append_line(out, cmd->summary);
    g_string_append(out, ".SH SYNOPSIS\n");
    for (size_t i = 0; cmd->subcommands != NULL && cmd->subcommands[i] != NULL; i++) {
        g_autofree char *action = g_strconcat(path, " ", cmd->subcommands[i]->name, NULL);

        append_synopsis(out, cmd->subcommands[i], action);
    }
    if (cmd->subcommands == NULL) {
        append_synopsis(out, cmd, path);
    }
}

char *commands_page(const struct subcommand *cmd, const char *path,
                    const struct subcommand *const *commands)
{
    GString *out = g_string_new(NULL);

    append_head(out, cmd, path);
    if (cmd->description != NULL) {
        g_string_append(out, ".SH DESCRIPTION\n");
        append_paragraphs(out, cmd->description);
    }
    if (cmd->subcommands != NULL) {
        append_actions(out, cmd);
    } else {
        g_string_append(out, ".SH OPTIONS\n");
        append_options(out, cmd->options);
    }
    if (cmd == &cli_root) {
        g_string_append(out, ".SH COMMANDS\n");
        for (size_t i = 0; commands[i] != NULL; i++) {
            append_entry(out, commands[i]->name, commands[i]->summary);
        }
    }
    if (cmd->examples != NULL) {
        append_examples(out, cmd->examples);
    }
    if (cmd == &cli_root) {
        append_notes(out, "FILES", cli_file_notes);
    }
    append_notes(out, "EXIT STATUS", cli_exit_notes);
    append_notes(out, "ENVIRONMENT", cli_environment_notes);
    g_string_append(out, ".SH SEE ALSO\n");
    if (cmd != &cli_root) {
        g_string_append(out, ".BR numasim (1)\n");
    }
    for (size_t i = 0; cmd == &cli_root && commands[i] != NULL; i++) {
        g_string_append_printf(out, ".BR numasim\\-%s (1)%s\n", commands[i]->name,
                               commands[i + 1] != NULL ? "," : "");
    }
    return g_string_free(out, FALSE);
}
