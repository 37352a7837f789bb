/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim study: a matrix of runs, and what is expected of them. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/cli.h"
#include "cli/crash.h"
#include "cli/folder.h"
#include "cli/progress-line.h"
#include "cli/run-show.h"
#include "cli/simulation.h"
#include "cli/study-find.h"
#include "format/study-yaml.h"
#include "observe/study.h"

struct study_options {
    char *output;
    int format;
    bool force;
};
#define AT(member) offsetof(struct study_options, member)

static const struct cli_option study_options[] = {
    CLI_OUTPUT_ROW(
        AT(output), "DIR", CLI_COMPLETE_DIR,
        "keep study.json and the result of every run in this folder; an earlier study there is "
        "replaced, once this one is done"),
    {.name = "force",
     .letter = 'f',
     .type = CLI_FLAG,
     .offset = AT(force),
     .help = "replace the folder even if what it holds is no study"},
    CLI_FORMAT_ROW(AT(format), cli_formats_list, "table"),
    {.name = NULL},
};

struct studying {
    struct cli *cli;
    struct study *study;
    struct simulation *simulation; /* of the cell that is on */
    char *building;                /* folder that is being filled, or NULL */
    struct study_run_info run;
    struct progress_line line;
    guint64 oom_kills; /* of all runs, */
    int32_t oom_cell;  /* the first of them in this cell */
};

/* ------------------------------------------------------------------------------------------- */
/* The folder: filled under another name, renamed when it is whole                              */

static bool check_output(const struct study_options *o, GError **error)
{
    g_autofree char *mark = NULL;

    if (o->output == NULL || o->force || !g_file_test(o->output, G_FILE_TEST_EXISTS)) {
        return true;
    }
    mark = g_build_filename(o->output, "study.json", NULL);
    if (!g_file_test(mark, G_FILE_TEST_EXISTS)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "study: %s exists and holds no study; expected a new folder, or --force",
                    o->output);
        return false;
    }
    return true;
}

static bool write_study(const struct studying *st, const struct study_results *results,
                        GArray *verdicts, GError **error)
{
    g_autofree char *path = g_build_filename(st->building, "study.json", NULL);
    g_autofree char *copy = g_build_filename(st->building, "study.yaml", NULL);
    g_autofree char *text = NULL;
    gsize size, text_size;
    g_autofree char *json = study_to_json(st->study, results, verdicts, &size);

    if (!file_read(st->study->path, G_MAXINT32, &text, &text_size, error)) {
        return false;
    }
    return file_write_atomic(copy, text, text_size, error) &&
           file_write_atomic(path, json, size, error);
}

/* ------------------------------------------------------------------------------------------- */
/* Inputs                                                                                       */

static struct simulation *read_cell(const struct cli *cli, const struct study *s, int32_t cell,
                                    GError **error)
{
    int32_t item[STUDY_NR_AXES];
    const struct study_item *topology, *workload, *policy;

    study_cell_items(s, cell, item);
    topology = &s->axes[STUDY_TOPOLOGY][item[STUDY_TOPOLOGY]];
    workload = &s->axes[STUDY_WORKLOAD][item[STUDY_WORKLOAD]];
    policy = &s->axes[STUDY_POLICY][item[STUDY_POLICY]];
    g_autoptr(simulation_t) simulation =
        simulation_new(cli->paths, topology->ref, s->kernel, error);

    for (int32_t i = 0; simulation != NULL && i < workload->nr_loads; i++) {
        const struct study_load *load = &workload->loads[i];

        if (load->text != NULL) {
            if (!simulation_add_workload_text(simulation, load->ref, load->text, load->replicas,
                                              error)) {
                return NULL;
            }
            continue;
        }
        g_autofree char *text = load->replicas > 0
                                    ? g_strdup_printf("%s:replicas=%d", load->ref, load->replicas)
                                    : g_strdup(load->ref);

        if (!simulation_add_workload(simulation, text, error)) {
            return NULL;
        }
    }
    if (simulation == NULL ||
        !simulation_add_policy(simulation, policy->ref, policy->overrides, error)) {
        return NULL;
    }
    return g_steal_pointer(&simulation);
}

/* Each member of each axis once, so that a wrong name shows before anything has run. */
static bool check_inputs(const struct cli *cli, const struct study *s, GError **error)
{
    for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
        int32_t item[STUDY_NR_AXES] = {0};

        for (item[axis] = axis == 0 ? 0 : MIN(1, s->nr_axis[axis] - 1);
             item[axis] < s->nr_axis[axis]; item[axis]++) {
            g_autoptr(simulation_t) simulation = read_cell(cli, s, study_cell(s, item), error);

            if (simulation == NULL) {
                struct workload_mark at = s->axes[axis][item[axis]].mark;

                g_prefix_error(error, "%s:%u:%u: %s '%s': ", s->path, at.line, at.column,
                               study_axis_name((enum study_axis)axis),
                               s->axes[axis][item[axis]].name);
                return false;
            }
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* Running                                                                                      */

static bool prepare(int32_t cell, struct study_inputs *ret, void *data, GError **error)
{
    struct studying *st = data;
    const struct simulation_policy *policy;

    g_clear_pointer(&st->simulation, simulation_free);
    st->simulation = read_cell(st->cli, st->study, cell, error);
    if (st->simulation == NULL) {
        return false;
    }
    policy = st->simulation->policies->pdata[0];
    *ret = (struct study_inputs){
        .machine = st->simulation->machine,
        .sds = policy->sds,
        .workloads = (const struct workload *const *)st->simulation->workloads->pdata,
        .nr_workloads = st->simulation->workloads->len,
        .stack = policy->stack,
        .policy_digest = policy->set->digest,
    };
    return true;
}

static void begin(const struct study_run_info *run, void *data)
{
    struct studying *st = data;
    const struct simulation_policy *policy = st->simulation->policies->pdata[0];
    g_autofree char *also =
        st->building != NULL ? g_strdup_printf("%s holds the runs before", st->building) : NULL;
    g_autofree char *cell = study_cell_name(st->study, run->cell);

    st->run = *run;
    progress_line_begin(&st->line,
                        g_strdup_printf("run %d of %d (%s)", run->index + 1, run->nr, cell));
    crash_guard_begin_run(policy->stack, st->study->seeds[run->seed], also);
}

static void count_oom_kill(const struct tp_event *e, void *data)
{
    struct studying *st = data;

    (void)e;
    if (st->oom_kills++ == 0) {
        st->oom_cell = st->run.cell;
    }
}

static void attach(struct kernel *k, void *data)
{
    kernel_listen(k, UINT64_C(1) << TP_OOM_KILL, count_oom_kill, data);
}

/* Tasks that are gone look like an easy life. */
static void warn_of_oom_kills(const struct studying *st)
{
    g_autofree char *cell = study_cell_name(st->study, st->oom_cell);

    if (st->oom_kills > 0) {
        cli_warn("warning: %" G_GUINT64_FORMAT " out-of-memory kills in the runs, warmups too, the "
                 "first in %s; what was killed does no more work. See the metric memory.oom_kills, "
                 "the sizes of the nodes (`numasim topology show`) and the regions and policies of "
                 "memory in the workload",
                 st->oom_kills, cell);
    }
}

static void show_progress(int64_t now_ns, int64_t end_ns, void *data)
{
    struct studying *st = data;

    progress_line_update(&st->line, now_ns, end_ns);
}

static bool done(const struct study_run_info *run, const struct result *result, void *data,
                 GError **error)
{
    struct studying *st = data;
    g_autofree char *name = NULL;
    g_autofree char *folder = NULL;

    crash_guard_end();
    if (st->building == NULL) {
        return true;
    }
    name = study_run_folder(st->study, run->cell, run->seed);
    folder = g_build_filename(st->building, name, NULL);
    return run_show_write(st->simulation, st->simulation->policies->pdata[0], result, NULL, folder,
                          error);
}

static struct study_results *run_matrix(struct studying *st, GError **error)
{
    struct study_driver driver = {
        .prepare = prepare,
        .begin = begin,
        .progress = st->cli->show_progress ? show_progress : NULL,
        .attach = attach,
        .done = done,
        .data = st,
    };
    g_autofree char *dump = NULL;
    struct study_results *results = study_run(st->study, &driver, &dump, error);

    crash_guard_end();
    progress_line_end(&st->line);
    if (dump != NULL) {
        fputs(dump, stderr);
    }
    warn_of_oom_kills(st);
    return results;
}

/* Runs, judges, prints and writes. */
static int carry_out(struct studying *st, const struct study_options *o, GError **error)
{
    g_autoptr(study_results_t) results = NULL;
    GArray *verdicts;
    int status;

    if (o->output != NULL) {
        st->building = folder_begin(o->output, error);
        if (st->building == NULL) {
            return CLI_BAD_INPUT;
        }
    }
    results = run_matrix(st, error);
    if (results == NULL) {
        return CLI_BAD_INPUT;
    }
    verdicts = study_judge(st->study, results);
    status = study_passed(verdicts) ? CLI_DONE : CLI_FAILED;
    cli_print(st->cli, o->format == CLI_FORMAT_JSON
                           ? study_to_json(st->study, results, verdicts, NULL)
                           : study_table(st->study, results, verdicts));
    if (st->building != NULL) {
        if (!write_study(st, results, verdicts, error) ||
            !folder_finish(st->building, o->output, error)) {
            status = CLI_BAD_INPUT;
        } else {
            g_clear_pointer(&st->building, g_free);
        }
    }
    study_verdicts_free(verdicts);
    return status;
}

static int run_one(struct cli *cli, const struct study_options *o, const char *name, GError **error)
{
    g_autofree char *path = study_find(cli, name, error);
    g_autoptr(study_t) study = path != NULL ? study_read_yaml(path, error) : NULL;
    struct studying st = {.cli = cli, .study = study};
    int status = CLI_BAD_INPUT;

    if (study == NULL || !check_output(o, error) || !check_inputs(cli, study, error)) {
        return CLI_BAD_INPUT;
    }
    status = carry_out(&st, o, error);
    if (st.building != NULL) {
        folder_remove(st.building);
        g_free(st.building);
    }
    g_clear_pointer(&st.simulation, simulation_free);
    return status;
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
        "Exit status 1 where an expectation fails. The folder of --output is written whole or not "
        "at "
        "all; it appears also where expectations fail.",
    .examples = examples,
    .run = run_study,
};
