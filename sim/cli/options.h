/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of a subcommand as one table. The parser, --help, the man pages and the completions
 * for bash and zsh all read it, so that they cannot disagree.
 *
 * Values go into a plain structure of the subcommand's, at each row's offset:
 *
 *     struct study_options { int64_t jobs; bool resume; char *output; };
 *     #define AT(member) offsetof(struct study_options, member)
 *     static const struct cli_option study_options[] = {
 *         {.name = "jobs", .letter = 'j', .type = CLI_INT, .offset = AT(jobs), .arg = "JOBS",
 *          .initial = "1", .min = 1, .max = 4096, .help = "run so many simulations at once"},
 *         {.name = "resume", .type = CLI_FLAG, .offset = AT(resume), .help = "..."},
 *         {.name = NULL},
 *     };
 */
#ifndef NUMASIM_CLI_OPTIONS_H
#define NUMASIM_CLI_OPTIONS_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_type {
    CLI_FLAG,    /* bool; takes no value */
    CLI_STRING,  /* char *, owned by the structure; NULL: not given */
    CLI_STRINGS, /* char **, NULL-terminated, in the order given; never NULL. May be repeated */
    CLI_INT,     /* int64_t in min..max; -1: not given */
    CLI_TIME,    /* int64_t in ns, written with its unit, at least min; -1: not given */
    CLI_CHOICE,  /* int: index into choices; -1: not given */
};

/* What a value or an argument is, for completion. */
enum cli_complete {
    CLI_COMPLETE_NONE,
    CLI_COMPLETE_TOPOLOGY,
    CLI_COMPLETE_WORKLOAD,
    CLI_COMPLETE_SET,    /* a policy set */
    CLI_COMPLETE_POLICY, /* a set or a plugin */
    CLI_COMPLETE_STUDY,
    CLI_COMPLETE_COMMAND,
    CLI_COMPLETE_SHELL,
    CLI_COMPLETE_FILE,
    CLI_COMPLETE_DIR,
};

struct cli_option {
    const char *name; /* "seed" for --seed; NULL ends a table */
    char letter;      /* 's' for -s; 0: none */
    enum cli_type type;
    size_t offset;              /* of the member */
    const char *arg;            /* "N": the value in the help; NULL for a flag */
    const char *initial;        /* the value where the option is not given; NULL: none */
    const char *const *choices; /* CHOICE: NULL-terminated */
    /*
     * The same of a table elsewhere, in place of choices: its name @i, NULL behind the last. With
     * STRING they are only some of what is possible: completion offers them.
     */
    const char *(*nth_choice)(size_t i);
    int64_t min, max; /* INT, TIME; max 0: no bound */
    enum cli_complete complete;
    bool required;
    bool writes_file; /* STRING: a file of output; main.c asks output_check() before the work */
    const char *help; /* "what it does", begins in lower case, no full stop */
};

/*
 * A subcommand, or a group of them ("topology" of "topology list"...), as one object. Each stands in
 * the file sim/cli/cmd-NAME.c; cli.h declares it and main.c lists it.
 */
struct cli;
struct subcommand {
    const char *name;
    const char *summary;              /* one line, begins in lower case, no full stop */
    const char *args;                 /* "STUDY.yaml", "RESULT...", "[T...]"; NULL: none */
    int min_args, max_args;           /* -1: any number */
    enum cli_complete complete;       /* of the arguments */
    const struct cli_option *options; /* NULL: none but --help */
    size_t options_size;              /* of the structure that the offsets mean */
    const char *description;          /* paragraphs, with an empty line between; NULL: none */
    const char *const *examples; /* command lines, each with what it does after " # "; or NULL */
    /*
     * Does the work. @options is the filled structure, @args the arguments, NULL-terminated. What it
     * prints goes to cli->out. Returns CLI_DONE, CLI_FAILED, or CLI_FAULT for a fault of some of many runs
     * that it has told of; if @error is set, the value does not
     * matter, nothing of cli->out is printed, and the exit status follows from the error's code.
     */
    int (*run)(struct cli *cli, const void *options, char **args, GError **error);
    const struct subcommand *const *subcommands; /* a group: NULL-terminated, and no run() */
};

/*
 * Reads @argv (NULL-terminated, after the subcommand's name) by the table of @cmd, whose name for
 * messages is @path ("topology show"; "" for the command itself). On success the caller owns *@ret_options
 * (cli_options_free()) and *@ret_args; *@ret_help is true if --help was there, and then nothing else
 * was checked and both are NULL. False with NUMASIM_ERROR_USAGE, naming the nearest option where one
 * is unknown.
 */
bool cli_options_parse(const struct subcommand *cmd, const char *path, char **argv,
                       void **ret_options, char ***ret_args, bool *ret_help, GError **error);
void cli_options_free(const struct subcommand *cmd, void *options); /* accepts NULL */

/* The number of rows of a table that may be NULL. */
size_t cli_options_count(const struct cli_option *options);
/* "-j JOBS, --jobs=JOBS", "--resume": how the option is written. Newly allocated. */
char *cli_option_spelling(const struct cli_option *option);
/* The choices, newly allocated (g_strfreev()); NULL: the option has none. */
char **cli_option_choices(const struct cli_option *option);
/* The help with what follows from the row: choices, range, default, "may be repeated". */
char *cli_option_help(const struct cli_option *option);
/* The row that every table has besides its own. */
extern const struct cli_option cli_help_option;

#endif
