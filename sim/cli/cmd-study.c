/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim study: a matrix of runs, and what is expected of them. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/output.h"
#include "cli/cli.h"
#include "cli/jobs.h"
#include "cli/study-find.h"
#include "cli/study-output.h"
#include "cli/study-run.h"
#include "format/study-yaml.h"
#include "observe/study.h"

struct study_options {
    char *output, *cache;
    int64_t jobs;
    bool resume;
    int format;
    bool force;
};
#define AT(member) offsetof(struct study_options, member)

static const struct cli_option study_options[] = {
    CLI_OUTPUT_ROW(
        AT(output), "DIR", CLI_COMPLETE_DIR,
        "keep study.json and the result of every run in this folder; an earlier study there is "
        "replaced, once this one is done; other files stay"),
    {.name = "jobs",
     .letter = 'j',
     .type = CLI_INT,
     .offset = AT(jobs),
     .arg = "JOBS",
     .min = 1,
     .max = 4096,
     .help = "run so many simulations at once; otherwise as many as there are CPUs. The results do "
             "not depend on it"},
    {.name = "resume",
     .type = CLI_FLAG,
     .offset = AT(resume),
     .help = "go on where a study into the same folder was interrupted; runs whose inputs have "
             "changed since are run again"},
    {.name = "cache",
     .type = CLI_STRING,
     .offset = AT(cache),
     .arg = "DIR",
     .complete = CLI_COMPLETE_DIR,
     .help = "keep results in this folder by the digest of their inputs, and run nothing whose "
             "result is there"},
    {.name = "force",
     .letter = 'f',
     .type = CLI_FLAG,
     .offset = AT(force),
     .help = "write into the folder even if what it holds is no study; other files stay"},
    CLI_FORMAT_ROW(AT(format), cli_formats_list, "table"),
    {.name = NULL},
};

/* ------------------------------------------------------------------------------------------- */
/* The folder: filled under another name, renamed when it is whole                              */

static bool check_output(const struct study_options *o, GError **error)
{
    g_autofree char *mark = NULL;

    if (o->cache != NULL && !folder_check(o->cache, error)) {
        return false;
    }

    if (o->output == NULL || o->force || !g_file_test(o->output, G_FILE_TEST_EXISTS)) {
        return o->output == NULL || folder_check(o->output, error);
    }
    if (!g_file_test(o->output, G_FILE_TEST_IS_DIR)) {
        return folder_check(o->output, error);
    }
    mark = g_build_filename(o->output, "study.json", NULL);
    if (!g_file_test(mark, G_FILE_TEST_EXISTS)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "study: %s exists and holds no study; expected a new folder, or --force",
                    o->output);
        return false;
    }
    return folder_check(o->output, error);
}

/* By force, too, nobody loses a study that they wrote to a copy of this one. */
static bool check_copy(const struct study_options *o, const char *path, GError **error)
{
    g_autofree char *mark = g_build_filename(o->output, "study.json", NULL);
    g_autofree char *copy = g_build_filename(o->output, "study.yaml", NULL);
    g_autofree char *there = digest_of_file(copy);
    g_autofree char *mine = digest_of_file(path);

    if (there != NULL && g_strcmp0(there, mine) != 0 && !g_file_test(mark, G_FILE_TEST_EXISTS)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "study: %s is another study; expected another folder", copy);
        return false;
    }
    return true;
}

static bool write_study(const struct study *study, const char *building,
                        const struct study_results *results, GArray *verdicts, GError **error)
{
    g_autofree char *path = g_build_filename(building, "study.json", NULL);
    g_autofree char *copy = g_build_filename(building, "study.yaml", NULL);
    g_autofree char *text = NULL;
    gsize size, text_size;
    g_autofree char *json = study_to_json(study, results, verdicts, &size);

    if (!file_read(study->path, G_MAXINT32, &text, &text_size, error)) {
        return false;
    }
    return file_write_atomic(copy, text, text_size, error) &&
           file_write_atomic(path, json, size, error);
}

/* ------------------------------------------------------------------------------------------- */

static bool has_failures(const struct study_results *results)
{
    for (int32_t i = 0; i < results->nr_results; i++) {
        if (results->failures[i] != NULL) {
            return true;
        }
    }
    return false;
}

/* Runs, judges, prints and writes; the exit status. */
static int carry_out(struct cli *cli, const struct study_options *o, const struct study_task *task,
                     GError **error)
{
    const struct study *study = task->study;
    g_autoptr(folder_t) building = NULL;
    g_autoptr(study_results_t) results = study_carry_out(task, &building, error);
    GArray *verdicts;
    int status;

    if (results == NULL) {
        return CLI_BAD_INPUT;
    }
    verdicts = study_judge(study, results);
    status = has_failures(results) ? CLI_FAULT : study_passed(verdicts) ? CLI_DONE : CLI_FAILED;
    cli_print(cli, o->format == CLI_FORMAT_JSON ? study_to_json(study, results, verdicts, NULL)
                                                : study_table(study, results, verdicts));
    if (building != NULL &&
        (!write_study(study, folder_path(building), results, verdicts, error) ||
         !study_output_finish(g_steal_pointer(&building), cli->paths, o->output, error))) {
        status = CLI_BAD_INPUT;
    }
    study_verdicts_free(verdicts);
    return status;
}

/* Whether @runs is not there, or holds nothing but folders that are named as a cache names them. */
static bool check_runs(const char *runs, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(runs, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        if (strlen(name) != 32 || strspn(name, "0123456789abcdef") != 32) {
            g_set_error(
                error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                "study: %s has '%s' in it, which no interrupted study left; expected another "
                "--output, or --cache",
                runs, name);
            return false;
        }
    }
    return true;
}

enum { LOCK_TRIES = 20, LOCK_WAIT_US = 50000 };

/* The folder @runs for this study alone: -1 with @error, or what to close. */
static int take_runs(const char *runs, bool resume, GError **error)
{
    int fd = -1, why = 0;

    if (!check_runs(runs, error)) {
        return -1;
    }
    if (g_mkdir_with_parents(runs, 0777) != 0) {
        folder_fail(runs, "be made", error);
        return -1;
    }
    /* Runs of a study that was killed end a moment after it. */
    for (int i = 0; i < LOCK_TRIES && (fd = folder_lock(runs)) < 0; i++) {
        why = errno;
        g_usleep(LOCK_WAIT_US);
    }
    if (fd < 0 && why != EWOULDBLOCK && why != ENOENT) {
        errno = why;
        folder_fail(runs, "be locked", error);
    } else if (fd < 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "study: another study is filling %s; expected another --output, or to wait",
                    runs);
    } else if (!resume) {
        folder_empty(runs);
    }
    return fd;
}

/* With a folder to fill: results go to a cache first, so that whoever is interrupted may resume. */
static int run_into_folder(struct cli *cli, const struct study_options *o, struct study_task *task,
                           GError **error)
{
    g_autofree char *output = g_canonicalize_filename(o->output, NULL);
    g_autofree char *runs = g_strconcat(output, ".runs", NULL);
    int status, fd = -1;

    if (o->cache == NULL) {
        task->cache = runs;
        task->cache_goes = true;
        fd = take_runs(runs, o->resume, error);
        if (fd < 0) {
            return CLI_BAD_INPUT;
        }
    }
    task->output = o->output;
    status = carry_out(cli, o, task, error);
    /* What faulted, or found the disk full, may be mended and resumed. */
    if (o->cache == NULL &&
        (*error != NULL ? (*error)->code != NUMASIM_ERROR_IO : status != CLI_FAULT)) {
        folder_remove(runs);
    }
    if (fd >= 0) {
        close(fd);
    }
    return status;
}

static int run_one(struct cli *cli, const struct study_options *o, const char *name, GError **error)
{
    g_autofree char *path = study_find(cli, name, error);
    g_autoptr(study_t) study = path != NULL ? study_read_yaml(path, error) : NULL;
    struct study_task task = {.cli = cli,
                              .study = study,
                              .max_running = o->jobs > 0 ? (int32_t)o->jobs : jobs_default(),
                              .cache = o->cache};

    if (study == NULL) {
        return CLI_BAD_INPUT;
    }
    if (o->resume && o->output == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "study: --resume without --output; expected the folder that was to be filled");
        return CLI_BAD_INPUT;
    }
    if (!check_output(o, error) || (o->output != NULL && !check_copy(o, path, error)) ||
        !study_check_inputs(cli, study, error)) {
        return CLI_BAD_INPUT;
    }
    return o->output != NULL ? run_into_folder(cli, o, &task, error)
                             : carry_out(cli, o, &task, error);
}

static int run_study(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct study_options *o = data;

    if (strcmp(args[0], "list") == 0) {
        return study_list(cli, (enum cli_format)o->format, error);
    }
    if (o->format == CLI_FORMAT_NAMES) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "study: --format names is for `study list`; expected table or json");
        return CLI_BAD_INPUT;
    }
    return run_one(cli, o, args[0], error);
}

static const char *const examples[] = {
    "numasim study list # the shipped ones, each with its question",
    "numasim study mm1 # a shipped study: a queue against what queueing theory says of it",
    "numasim study mine.yaml -o out # one's own; the results of all runs are kept in out",
    "numasim study mine.yaml -o out --resume # after it was interrupted",
    NULL,
};

const struct subcommand cmd_study = {
    .name = "study",
    .summary =
        "run a matrix of topologies, workloads, policies and seeds, and check what it expects",
    .args = "STUDY",
    .min_args = 1,
    .max_args = 1,
    .complete = CLI_COMPLETE_STUDY,
    .options = study_options,
    .options_size = sizeof(struct study_options),
    .description =
        "STUDY is a file or the name of a shipped study; `numasim study list` shows these. Its "
        "`expect:` list states values, ratios, "
        "differences and orders of metrics, within a cell of the matrix or between cells; "
        "results/README.md describes the language. Values are compared exactly.\n\n"
        "Runs are processes of their own. One that faults, or whose plugin crashes, is reported "
        "and "
        "costs the expectations that need it; the others go on, and the exit status is 3. Exit "
        "status 1 where an expectation fails.\n\n"
        "The folder of --output is written whole or not at all; it appears also where expectations "
        "fail. Until then results are kept in DIR.runs as they come, so that --resume loses and "
        "repeats nothing that was finished.",
    .examples = examples,
    .run = run_study,
};
