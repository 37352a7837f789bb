/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim accuracy: the page that says how well the simulator agrees with what. */
#include <string.h>

#include "base/error.h"
#include "cli/cli.h"
#include "cli/study-find.h"
#include "observe/accuracy.h"

struct accuracy_options {
    char *output, *page;
};
#define AT(member) offsetof(struct accuracy_options, member)

static const struct cli_option accuracy_options[] = {
    CLI_OUTPUT_ROW(AT(output), "FILE", CLI_COMPLETE_FILE,
                   "write the page to this file instead of printing it"),
    {.name = "page",
     .type = CLI_STRING,
     .offset = AT(page),
     .arg = "FILE",
     .complete = CLI_COMPLETE_FILE,
     .help = "fill in this page; otherwise the shipped results/accuracy.md.in"},
    {.name = NULL},
};

static bool add_file(struct accuracy *a, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize size;

    if (!file_read(path, G_MAXINT32, &text, &size, error)) {
        return false;
    }
    if (g_str_has_suffix(path, ".tap")) {
        g_autofree char *base = g_path_get_basename(path);
        g_autofree char *name = g_strndup(base, strlen(base) - strlen(".tap"));

        return accuracy_add_test(a, name, path, text, error);
    }
    return accuracy_add_study(a, path, text, size, error);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The paths of what is in the folder @path, in ascending order; NULL with @error. */
static GPtrArray *list(const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &cause);
    GPtrArray *paths;
    const char *name;

    if (dir == NULL) {
        g_set_error_literal(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, cause->message);
        return NULL;
    }
    paths = g_ptr_array_new_with_free_func(g_free);
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (name[0] != '.') { /* those are being filled */
            g_ptr_array_add(paths, g_build_filename(path, name, NULL));
        }
    }
    g_ptr_array_sort(paths, compare_names);
    return paths;
}

/* Adds the outcome @path: a file, a study's folder, or a folder of both kinds. */
static bool add(struct accuracy *a, const char *path, bool below, GError **error)
{
    g_autofree char *outcome = g_build_filename(path, "study.json", NULL);

    if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
        return add_file(a, path, error);
    }
    if (g_file_test(outcome, G_FILE_TEST_EXISTS)) {
        return add_file(a, outcome, error);
    }
    if (below) {
        return true;
    }
    g_autoptr(GPtrArray) paths = list(path, error);

    for (guint i = 0; paths != NULL && i < paths->len; i++) {
        const char *inner = paths->pdata[i];

        if ((g_str_has_suffix(inner, ".tap") || g_file_test(inner, G_FILE_TEST_IS_DIR)) &&
            !add(a, inner, true, error)) {
            return false;
        }
    }
    return paths != NULL;
}

/* The shipped page to be filled in. */
static char *find_page(const struct cli *cli, GError **error)
{
    for (char **dir = cli->paths->results; *dir != NULL; dir++) {
        g_autofree char *path = g_build_filename(*dir, "accuracy.md.in", NULL);

        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            return g_steal_pointer(&path);
        }
    }
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO,
                "accuracy: no accuracy.md.in in the folder of results; expected it, or --page");
    return NULL;
}

static int run_accuracy(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct accuracy_options *o = data;
    g_autoptr(accuracy_t) a = accuracy_new();
    g_autofree char *page = o->page != NULL ? g_strdup(o->page) : find_page(cli, error);
    g_autofree char *text = NULL;
    gsize size;

    if (page == NULL || !file_read(page, G_MAXINT32, &text, &size, error)) {
        return CLI_BAD_INPUT;
    }
    for (char **path = args; *path != NULL; path++) {
        if (!add(a, *path, false, error)) {
            return CLI_BAD_INPUT;
        }
    }
    if (a->studies->len + a->tests->len == 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no outcome in it; expected study.json of `numasim study -o`, or *.tap",
                    args[0]);
        return CLI_BAD_INPUT;
    }
    a->all_studies = study_names(cli);
    char *filled = accuracy_page(a, page, text, error);

    if (filled != NULL) {
        cli_write(cli, o->output, filled, error);
    }
    return CLI_DONE;
}

static const char *const examples[] = {
    "numasim study mm1 -o runs/mm1",
    "numasim accuracy --page mine.md.in runs # a line <!-- studies: mm* --> becomes a table",
    NULL,
};

const struct subcommand cmd_accuracy = {
    .name = "accuracy",
    .summary = "write the page that says how well studies and tests agree with what they are held "
               "against",
    .args = "OUTCOME...",
    .min_args = 1,
    .max_args = -1,
    .complete = CLI_COMPLETE_DIR,
    .options = accuracy_options,
    .options_size = sizeof(struct accuracy_options),
    .description =
        "OUTCOME is the folder of a study (`numasim study NAME -o FOLDER`), the file NAME.tap that "
        "holds what a test printed, or a folder of those. The page is Markdown written by hand, in "
        "which lines of these forms are replaced:\n\n"
        "<!-- total -->, what holds and what does not, in one paragraph;\n\n"
        "<!-- studies: GLOB... -->, a table of the studies so named, with what they miss; without "
        "names, of those that are not shown yet;\n\n"
        "<!-- tests: GLOB... -->, a table of the tests so named;\n\n"
        "<!-- missing -->, the shipped studies whose outcome is not there.\n\n"
        "`make accuracy` writes results/ACCURACY.md from all studies and the tests against real "
        "kernels.",
    .examples = examples,
    .run = run_accuracy,
};
