/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of subcommands: finding one by its words, and what is said of all alike. */
#ifndef NUMASIM_CLI_COMMANDS_H
#define NUMASIM_CLI_COMMANDS_H

#include <glib.h>

#include "cli/options.h"

/* The command without a subcommand: its options (--version) and description. */
extern const struct subcommand cli_root;

/*
 * The subcommand that @words (NULL-terminated) begin with: one word, or two where the first names a
 * group. *@ret_path is its name ("topology show"; newly allocated), *@ret_rest the words after it.
 * A group whose second word is missing or an option is itself the answer. NULL with
 * NUMASIM_ERROR_USAGE, naming the nearest that there is.
 */
const struct subcommand *commands_find(const struct subcommand *const *commands, char **words,
                                       char **ret_path, char ***ret_rest, GError **error);

/* "numasim run -t T -w W -p P [OPTION]... ARGS"; @path is "" for the command itself. Newly
 * allocated. */
char *commands_synopsis(const struct subcommand *cmd, const char *path);

/* --help for @cmd: text of at most 80 columns. Newly allocated. */
char *commands_help(const struct subcommand *cmd, const char *path,
                    const struct subcommand *const *commands);

/* The text of @cmd's page in roff. @path is a top-level name, or "" for the page of the command
 * itself, which lists @commands. Newly allocated. */
char *commands_page(const struct subcommand *cmd, const char *path,
                    const struct subcommand *const *commands);

/* Scripts that complete the whole of @commands. Newly allocated. */
char *commands_completion_bash(const struct subcommand *const *commands);
char *commands_completion_zsh(const struct subcommand *const *commands);

/* What paths of output, exit statuses and variables mean, for help and pages; NULL names end the tables. */
struct cli_note {
    const char *name, *text;
};
extern const struct cli_note cli_file_notes[]; /* of the command itself */
extern const struct cli_note cli_exit_notes[];
extern const struct cli_note cli_environment_notes[];

#endif
