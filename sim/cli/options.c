/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options.h"

#include <string.h>

#include "base/error.h"
#include "base/units.h"
#include "cli/cli.h"

/* What GLib's callbacks get. */
struct parse {
    const struct subcommand *cmd;
    char *base;  /* of the structure */
    bool *given; /* [rows] */
    bool help;
};

const struct cli_option cli_help_option = {
    .name = "help", .letter = 'h', .type = CLI_FLAG, .help = "show this help"};

size_t cli_options_count(const struct cli_option *options)
{
    size_t count = 0;

    while (options != NULL && options[count].name != NULL) {
        count++;
    }
    return count;
}

char *cli_option_spelling(const struct cli_option *option)
{
    GString *text = g_string_new(NULL);

    if (option->letter != 0) {
        g_string_append_printf(text, "-%c", option->letter);
        if (option->arg != NULL) {
            g_string_append_printf(text, " %s", option->arg);
        }
        g_string_append(text, ", ");
    }
    g_string_append_printf(text, "--%s", option->name);
    if (option->arg != NULL) {
        g_string_append_printf(text, "=%s", option->arg);
    }
    return g_string_free(text, FALSE);
}

char **cli_option_choices(const struct cli_option *option)
{
    GPtrArray *names;

    if (option->nth_choice == NULL) {
        return g_strdupv((char **)option->choices);
    }
    names = g_ptr_array_new();
    for (size_t i = 0; option->nth_choice(i) != NULL; i++) {
        g_ptr_array_add(names, g_strdup(option->nth_choice(i)));
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

char *cli_option_help(const struct cli_option *option)
{
    GString *text = g_string_new(option->help);
    g_auto(GStrv) choices = cli_option_choices(option);

    if (choices != NULL) {
        g_autofree char *list = g_strjoinv(", ", choices);

        g_string_append_printf(text, option->type == CLI_CHOICE ? "; one of %s" : "; such as %s",
                               list);
    }
    if (option->type == CLI_STRINGS) {
        g_string_append(text, "; may be repeated");
    }
    if (option->required) {
        g_string_append(text, "; required");
    }
    if (option->initial != NULL) {
        g_string_append_printf(text, "; default %s", option->initial);
    }
    return g_string_free(text, FALSE);
}

/* ------------------------------------------------------------------------------------------- */
/* Values                                                                                       */

static bool bad_value(const struct cli_option *option, const char *value, const char *expected,
                      GError **error)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE, "--%s: bad value '%s'; expected %s",
                option->name, value, expected);
    return false;
}

static bool set_int(const struct cli_option *option, const char *value, int64_t *target,
                    GError **error)
{
    int64_t max = option->max > 0 ? option->max : G_MAXINT64;
    g_autoptr(GError) cause = NULL;
    gint64 number;

    if (!g_ascii_string_to_signed(value, 10, option->min, max, &number, &cause)) {
        bool beyond =
            g_error_matches(cause, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_OUT_OF_BOUNDS);
        g_autofree char *expected =
            option->max > 0 || beyond
                ? g_strdup_printf("a whole number in %" G_GINT64_FORMAT "..%" G_GINT64_FORMAT,
                                  option->min, max)
                : g_strdup_printf("a whole number, at least %" G_GINT64_FORMAT, option->min);

        return bad_value(option, value, expected, error);
    }
    *target = number;
    return true;
}

static bool set_time(const struct cli_option *option, const char *value, int64_t *target,
                     GError **error)
{
    g_autoptr(GError) cause = NULL;
    int64_t time_ns;

    if (!units_parse(value, UNIT_NS, &time_ns, &cause)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE, "--%s: %s", option->name,
                    cause->message);
        return false;
    }
    if (time_ns < option->min) {
        g_autofree char *min = units_format(option->min, UNIT_NS);
        g_autofree char *expected = g_strdup_printf("a time of at least %s", min);

        return bad_value(option, value, expected, error);
    }
    *target = time_ns;
    return true;
}

static bool set_choice(const struct cli_option *option, const char *value, int *target,
                       GError **error)
{
    g_auto(GStrv) choices = cli_option_choices(option);
    const char *nearest = error_nearest(value, (const char *const *)choices);
    g_autofree char *list = g_strjoinv(", ", choices);
    g_autofree char *hint =
        nearest != NULL ? g_strdup_printf(" (did you mean '%s'?)", nearest) : g_strdup("");
    g_autofree char *expected = g_strdup_printf("one of %s%s", list, hint);

    for (int i = 0; choices[i] != NULL; i++) {
        if (strcmp(value, choices[i]) == 0) {
            *target = i;
            return true;
        }
    }
    return bad_value(option, value, expected, error);
}

static void append_string(char ***strings, const char *value)
{
    guint n = *strings != NULL ? g_strv_length(*strings) : 0;

    *strings = g_renew(char *, *strings, n + 2);
    (*strings)[n] = g_strdup(value);
    (*strings)[n + 1] = NULL;
}

/* Gives @value to the member of @option. */
static bool set_value(const struct cli_option *option, char *base, const char *value,
                      GError **error)
{
    void *target = base + option->offset;

    switch (option->type) {
    case CLI_FLAG:
        *(bool *)target = true;
        return true;
    case CLI_STRING:
        if (value[0] == '\0' &&
            (option->complete == CLI_COMPLETE_FILE || option->complete == CLI_COMPLETE_DIR)) {
            return bad_value(option, value, "a name", error);
        }
        g_free(*(char **)target);
        *(char **)target = g_strdup(value);
        return true;
    case CLI_STRINGS:
        append_string(target, value);
        return true;
    case CLI_INT:
        return set_int(option, value, target, error);
    case CLI_TIME:
        return set_time(option, value, target, error);
    case CLI_CHOICE:
        return set_choice(option, value, target, error);
    }
    return true;
}

/* The member of an option that is not given. */
static void set_initial(const struct cli_option *option, char *base)
{
    void *target = base + option->offset;
    g_autoptr(GError) error = NULL;

    switch (option->type) {
    case CLI_INT:
    case CLI_TIME:
        *(int64_t *)target = -1;
        break;
    case CLI_CHOICE:
        *(int *)target = -1;
        break;
    case CLI_STRINGS:
        *(char ***)target = g_new0(char *, 1);
        break;
    case CLI_FLAG:
    case CLI_STRING:
        break;
    }
    if (option->initial != NULL && !set_value(option, base, option->initial, &error)) {
        g_error("%s", error->message); /* the table is wrong */
    }
}

void cli_options_free(const struct subcommand *cmd, void *options)
{
    size_t count = cli_options_count(cmd->options);

    for (size_t i = 0; options != NULL && i < count; i++) {
        void *target = (char *)options + cmd->options[i].offset;

        if (cmd->options[i].type == CLI_STRING) {
            g_free(*(char **)target);
        } else if (cmd->options[i].type == CLI_STRINGS) {
            g_strfreev(*(char ***)target);
        }
    }
    g_free(options);
}

/* ------------------------------------------------------------------------------------------- */
/* The command line                                                                             */

/* The row of @name as GLib gives it: "--seed" or "-s". */
static const struct cli_option *find_option(const struct subcommand *cmd, const char *name)
{
    size_t count = cli_options_count(cmd->options);

    for (size_t i = 0; i < count; i++) {
        const struct cli_option *option = &cmd->options[i];

        if (name[1] == '-' ? strcmp(name + 2, option->name) == 0 : name[1] == option->letter) {
            return option;
        }
    }
    return &cli_help_option;
}

static gboolean on_option(const gchar *name, const gchar *value, gpointer data, GError **error)
{
    struct parse *parse = data;
    const struct cli_option *option = find_option(parse->cmd, name);
    bool *given;

    if (option == &cli_help_option) {
        parse->help = true;
        return TRUE;
    }
    given = &parse->given[option - parse->cmd->options];
    if (*given && option->type != CLI_STRINGS) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "--%s is given twice; expected it once", option->name);
        return FALSE;
    }
    *given = true;
    return set_value(option, parse->base, value, error);
}

static GOptionEntry make_entry(const struct cli_option *option)
{
    /* GLib wants the function as a pointer to data, which C converts only this way. */
    union {
        GOptionArgFunc function;
        gpointer data;
    } callback = {.function = on_option};
    /* FILENAME: the bytes as they are; GLib would otherwise convert them from the locale. */
    int flags = option->arg == NULL ? G_OPTION_FLAG_NO_ARG : G_OPTION_FLAG_FILENAME;

    return (GOptionEntry){.long_name = option->name,
                          .short_name = option->letter,
                          .flags = flags,
                          .arg = G_OPTION_ARG_CALLBACK,
                          .arg_data = callback.data};
}

/* "--sed" of GLib's "Unknown option --sed": with the nearest one that there is. */
static void explain_unknown(const struct subcommand *cmd, const char *path, const GError *cause,
                            GError **error)
{
    const char *space = path[0] != '\0' ? " " : "";
    const char *given = strrchr(cause->message, ' ');
    size_t count = cli_options_count(cmd->options);
    g_autofree const char **names = g_new0(const char *, count + 2);
    g_autofree char *hint = NULL;
    const char *nearest;

    given = given != NULL ? given + 1 : cause->message;
    for (size_t i = 0; i < count; i++) {
        names[i] = cmd->options[i].name;
    }
    names[count] = cli_help_option.name;
    nearest = g_str_has_prefix(given, "--") ? error_nearest(given + 2, names) : NULL;
    hint = nearest != NULL ? g_strdup_printf(" (did you mean --%s?)", nearest) : g_strdup("");
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                "unknown option %s; expected one that `numasim %s%s--help` lists%s", given, path,
                space, hint);
}

static void explain(const struct subcommand *cmd, const char *path, const GError *cause,
                    GError **error)
{
    if (g_error_matches(cause, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION)) {
        explain_unknown(cmd, path, cause, error);
    } else if (cause->domain == NUMASIM_ERROR) {
        g_set_error_literal(error, NUMASIM_ERROR, cause->code, cause->message);
    } else {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE, "%c%s",
                    g_ascii_tolower(cause->message[0]), cause->message + 1);
    }
}

/* GLib takes "--flag=value" for "--flag". */
static bool check_flags(const struct subcommand *cmd, char **words, GError **error)
{
    for (size_t i = 0; words[i] != NULL && strcmp(words[i], "--") != 0; i++) {
        const char *equals = strchr(words[i], '=');
        g_autofree char *name = NULL;
        const struct cli_option *option;

        if (!g_str_has_prefix(words[i], "--") || equals == NULL) {
            continue;
        }
        name = g_strndup(words[i], (gsize)(equals - words[i]));
        option = find_option(cmd, name);
        if (option->arg == NULL && strcmp(option->name, name + 2) == 0) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                        "%s takes no value; expected it alone", name);
            return false;
        }
    }
    return true;
}

/* What is required is there, and the number of arguments is right. */
static bool check_complete(const struct parse *parse, char **args, GError **error)
{
    const struct subcommand *cmd = parse->cmd;
    size_t count = cli_options_count(cmd->options);
    int nr_args = (int)g_strv_length(args);

    for (size_t i = 0; i < count; i++) {
        if (cmd->options[i].required && !parse->given[i]) {
            g_autofree char *spelling = cli_option_spelling(&cmd->options[i]);

            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE, "missing option; expected %s",
                        spelling);
            return false;
        }
    }
    if (cmd->max_args >= 0 && nr_args > cmd->max_args) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "unexpected argument '%s'; expected %s", args[cmd->max_args],
                    cmd->args != NULL ? cmd->args : "none");
        return false;
    }
    if (nr_args < cmd->min_args) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE, "missing argument; expected %s",
                    cmd->args);
        return false;
    }
    return true;
}

/* Runs GLib's parser over *@args; what is left there are the arguments. */
static bool parse_strv(struct parse *parse, char ***args, GError **error)
{
    size_t count = cli_options_count(parse->cmd->options);
    g_autofree GOptionEntry *entries = g_new0(GOptionEntry, count + 2);
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    GOptionGroup *group = g_option_group_new("numasim", "", "", parse, NULL);

    for (size_t i = 0; i < count; i++) {
        entries[i] = make_entry(&parse->cmd->options[i]);
        set_initial(&parse->cmd->options[i], parse->base);
    }
    entries[count] = make_entry(&cli_help_option);
    g_option_group_add_entries(group, entries);
    g_option_context_set_main_group(context, group);
    g_option_context_set_help_enabled(context, FALSE);
    return g_option_context_parse_strv(context, args, error);
}

/* GLib skips the first word as the program's name, and leaves a "--" that ended the options. */
static char **only_arguments(char **words)
{
    GPtrArray *args = g_ptr_array_new();
    bool ended = false;

    for (size_t i = 1; words[i] != NULL; i++) {
        if (!ended && strcmp(words[i], "--") == 0) {
            ended = true;
        } else {
            g_ptr_array_add(args, g_strdup(words[i]));
        }
    }
    g_ptr_array_add(args, NULL);
    return (char **)g_ptr_array_free(args, FALSE);
}

/* True if @word is an option that takes its value from the next word: "-j", "--jobs". */
static bool takes_next(const struct subcommand *cmd, const char *word)
{
    bool is_long = g_str_has_prefix(word, "--");

    if (word[0] != '-' || word[1] == '\0' || (!is_long && word[2] != '\0')) {
        return false;
    }
    return find_option(cmd, word)->arg != NULL;
}

/* The words of @argv behind the program's name, with "-j2" as "-j", "2", which GLib does not know. */
static char **separate(const struct subcommand *cmd, char **argv)
{
    GPtrArray *words = g_ptr_array_new();
    bool is_value = false, ended = false;

    g_ptr_array_add(words, g_strdup("numasim"));
    for (size_t i = 0; argv[i] != NULL; i++) {
        const char *word = argv[i];
        char letter[] = {word[0], word[0] != '\0' ? word[1] : '\0', '\0'};

        ended = ended || (!is_value && strcmp(word, "--") == 0);
        if (!ended && !is_value && word[0] == '-' && word[1] != '-' && strlen(word) > 2 &&
            takes_next(cmd, letter)) {
            g_ptr_array_add(words, g_strdup(letter));
            g_ptr_array_add(words, g_strdup(word + 2));
        } else {
            g_ptr_array_add(words, g_strdup(word));
            is_value = !ended && !is_value && takes_next(cmd, word);
        }
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

bool cli_options_parse(const struct subcommand *cmd, const char *path, char **argv,
                       void **ret_options, char ***ret_args, bool *ret_help, GError **error)
{
    g_autofree bool *given = g_new0(bool, cli_options_count(cmd->options) + 1);
    struct parse parse = {.cmd = cmd, .given = given, .base = g_malloc0(MAX(cmd->options_size, 1))};
    g_autoptr(GError) cause = NULL;
    g_auto(GStrv) words = separate(cmd, argv);
    g_auto(GStrv) args = NULL;
    bool good;

    good = parse_strv(&parse, &words, &cause) && check_flags(cmd, argv, &cause);
    if (!good) {
        explain(cmd, path, cause, error);
    } else if (!parse.help) {
        args = only_arguments(words);
        good = check_complete(&parse, args, error);
    }
    if (!good && path[0] != '\0') {
        g_prefix_error(error, "%s: ", path);
    }
    if (!good || parse.help) {
        cli_options_free(cmd, parse.base);
        parse.base = NULL;
    }
    if (good) {
        *ret_help = parse.help;
        *ret_options = parse.base;
        *ret_args = g_steal_pointer(&args);
    }
    return good;
}
