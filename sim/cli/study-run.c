/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/study-run.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/time.h"
#include "base/units.h"
#include "cli/crash.h"
#include "cli/jobs.h"
#include "cli/progress-line.h"
#include "cli/run-cache.h"
#include "cli/run-show.h"
#include "cli/simulation.h"

/* Runs are put together into not fewer processes than this. */
enum { MIN_JOBS = 64 };

struct studying {
    const struct study_task *task;
    const struct study *study;
    struct study_results *results;
    struct run_cache *cache;       /* NULL: nothing is kept */
    struct simulation *simulation; /* of the cell that is on */
    int32_t cell;                  /* which that is, -1 none yet */
    char *inputs;                  /* run_cache_inputs() of it */
    char **folders;                /* [runs] of the cache; NULL where there is none */
    int32_t seeds_per_job;
    int32_t jobs_per_cell;
    int32_t nr_done, nr_failed, nr_found; /* runs; found: in the cache */
    int64_t begun_us;
    struct progress_line line;
    guint64 oom_kills; /* of all runs, */
    int32_t oom_cell;  /* the first of them in this cell */
};

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
bool study_check_inputs(const struct cli *cli, const struct study *s, GError **error)
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
/* In the run's process                                                                          */

/*
 * What it answers, run after run: a line with one of these letters and numbers, and behind it so many bytes
 * as the last number says. A run that faults is the job's last, as one is that crashes.
 */
enum answer {
    ANSWER_RESULT = 'R', /* out-of-memory kills, size; result.json */
    ANSWER_ERROR = 'E',  /* code of the error, size; its message, a NUL, and a dump or nothing */
};

static bool answer(int fd, enum answer kind, guint64 number, const char *bytes, gsize size)
{
    g_autofree char *head =
        g_strdup_printf("%c %" G_GUINT64_FORMAT " %" G_GSIZE_FORMAT "\n", (char)kind, number, size);

    return jobs_write(fd, head, strlen(head)) && jobs_write(fd, bytes, size);
}

static void count_oom_kill(const struct tp_event *e, void *data)
{
    (void)e;
    ++*(guint64 *)data;
}

static void attach(struct kernel *k, void *data)
{
    kernel_listen(k, UINT64_C(1) << TP_OOM_KILL, count_oom_kill, data);
}

static void answer_error(int fd, const GError *error, const char *dump)
{
    g_autoptr(GString) text = g_string_new(error->message);

    g_string_append_c(text, '\0');
    g_string_append(text, dump != NULL ? dump : "");
    answer(fd, ANSWER_ERROR, (guint64)error->code, text->str, text->len);
}

static struct result *simulate_run(const struct studying *st, int32_t index, guint64 *oom_kills,
                                   char **dump, GError **error)
{
    const struct simulation_policy *policy = st->simulation->policies->pdata[0];
    struct study_inputs inputs = {
        .machine = st->simulation->machine,
        .sds = policy->sds,
        .workloads = (const struct workload *const *)st->simulation->workloads->pdata,
        .nr_workloads = st->simulation->workloads->len,
        .stack = policy->stack,
        .policy_digest = policy->set->digest,
    };
    struct study_hooks hooks = {.attach = attach, .data = oom_kills};
    int32_t seed = index % st->study->nr_seeds;
    struct result *r;

    crash_guard_begin_run(policy->stack, st->study->seeds[seed], NULL);
    r = study_run_one(st->study, &inputs, st->cell, seed, &hooks, dump, error);
    crash_guard_end();
    return r;
}

/* Into the cache. */
static bool keep_run(const struct studying *st, const char *folder, const struct result *r,
                     guint64 oom_kills, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (!run_cache_set_oom_kills(folder, oom_kills, error)) {
        return false;
    }
    if (!run_show_write(st->simulation, st->simulation->policies->pdata[0], r, NULL, folder,
                        &cause) &&
        /* Another cell's run may have been the same, and sooner. */
        !g_file_test(folder, G_FILE_TEST_IS_DIR)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    return true;
}

/* Run @index; false if it is the last that can be done here. */
static bool run_one(struct studying *st, int32_t index, int fd)
{
    g_autofree char *dump = NULL;
    g_autofree char *json = NULL;
    g_autoptr(GError) error = NULL;
    guint64 oom_kills = 0;
    gsize size;
    g_autoptr(result_t) r = simulate_run(st, index, &oom_kills, &dump, &error);

    if (r == NULL ||
        (st->folders[index] != NULL && !keep_run(st, st->folders[index], r, oom_kills, &error))) {
        answer_error(fd, error, dump);
        return false;
    }
    json = result_to_json(r, &size);
    return answer(fd, ANSWER_RESULT, oom_kills, json, size);
}

/* The first run of job @job, and how many it has. */
static int32_t runs_of(const struct studying *st, int32_t job, int32_t *ret_nr)
{
    int32_t cell = job / st->jobs_per_cell;
    int32_t seed = job % st->jobs_per_cell * st->seeds_per_job;

    *ret_nr = MIN(st->seeds_per_job, st->study->nr_seeds - seed);
    return cell * st->study->nr_seeds + seed;
}

static int run_job(int32_t job, int fd, void *data)
{
    struct studying *st = data;
    int32_t nr, first = runs_of(st, job, &nr);

    for (int32_t i = first; i < first + nr; i++) {
        if (st->results->results[i] == NULL && !run_one(st, i, fd)) {
            break;
        }
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------- */
/* In this process                                                                               */

static void show_progress(int32_t nr_running, void *data)
{
    struct studying *st = data;
    int32_t nr = st->results->nr_results, left = nr - st->nr_done;
    int64_t spent_us = g_get_monotonic_time() - st->begun_us;
    int32_t ran = st->nr_done - st->nr_found;
    g_autofree char *rest = NULL;

    if (!st->task->cli->show_progress) {
        return;
    }
    if (ran > 0) {
        rest = units_format_human(spent_us / ran * left * NSEC_PER_USEC, UNIT_NS);
    }
    progress_line_show(&st->line,
                       g_strdup_printf("%d of %d runs done, %d failed, %d running, %d left%s%s",
                                       st->nr_done, nr, st->nr_failed, nr_running, left,
                                       rest != NULL ? ", about " : "", rest != NULL ? rest : ""));
}

/* Keeps @r, which is this run's. */
static bool keep(struct studying *st, int32_t index, struct result *r, GError **error)
{
    st->results->results[index] = r;
    st->nr_done++;
    return study_verify(st->study, index / st->study->nr_seeds, r, error);
}

static bool prepare_cell(struct studying *st, int32_t cell, GError **error)
{
    const struct study *s = st->study;
    int32_t item[STUDY_NR_AXES];

    if (st->cell == cell) {
        return true;
    }
    g_clear_pointer(&st->simulation, simulation_free);
    g_clear_pointer(&st->inputs, g_free);
    st->simulation = read_cell(st->task->cli, s, cell, error);
    if (st->simulation == NULL) {
        return false;
    }
    st->cell = cell;
    if (st->cache == NULL) {
        return true;
    }
    study_cell_items(s, cell, item);
    st->inputs =
        run_cache_inputs(st->cache, st->simulation, st->simulation->policies->pdata[0],
                         (const char *const *)s->axes[STUDY_POLICY][item[STUDY_POLICY]].overrides,
                         s->duration_ns, s->warmup_ns, error);
    return st->inputs != NULL;
}

static void add_oom_kills(struct studying *st, int32_t cell, guint64 oom_kills)
{
    if (oom_kills > 0 && (st->oom_kills == 0 || cell < st->oom_cell)) {
        st->oom_cell = cell;
    }
    st->oom_kills += oom_kills;
}

/* Looks for the result of run @index in the cache. */
static bool find_run(struct studying *st, int32_t index, GError **error)
{
    struct result *r;

    st->folders[index] =
        run_cache_folder(st->cache, st->inputs, st->study->seeds[index % st->study->nr_seeds]);
    if (!g_file_test(st->folders[index], G_FILE_TEST_IS_DIR)) {
        return true;
    }
    r = result_read(st->folders[index], NULL);
    if (r == NULL) { /* somebody meddled with it */
        folder_remove(st->folders[index]);
        return true;
    }
    st->nr_found++;
    add_oom_kills(st, index / st->study->nr_seeds, run_cache_oom_kills(st->folders[index]));
    return keep(st, index, r, error);
}

static bool prepare(int32_t job, bool *ret_skip, void *data, GError **error)
{
    struct studying *st = data;
    int32_t nr, first = runs_of(st, job, &nr);

    if (!prepare_cell(st, first / st->study->nr_seeds, error)) {
        return false;
    }
    *ret_skip = st->cache != NULL;
    for (int32_t i = first; i < first + nr && st->cache != NULL; i++) {
        if (!find_run(st, i, error)) {
            return false;
        }
        *ret_skip = *ret_skip && st->results->results[i] != NULL;
    }
    return true;
}

/* A run that came to no result: it costs its cell alone. */
static void fail_run(struct studying *st, int32_t index, char *message)
{
    g_strdelimit(message, "\n", ' ');
    progress_line_end(&st->line);
    cli_warn("%s", message);
    st->results->failures[index] = message;
    st->nr_done++;
    st->nr_failed++;
}

static char *describe_run(const struct studying *st, int32_t index)
{
    g_autofree char *cell = study_cell_name(st->study, index / st->study->nr_seeds);

    return g_strdup_printf("%s, seed %" G_GUINT64_FORMAT, cell,
                           st->study->seeds[index % st->study->nr_seeds]);
}

static bool ended_with_error(struct studying *st, int32_t index, int code, const char *text,
                             gsize size, GError **error)
{
    gsize length = strlen(text);

    if (code != NUMASIM_ERROR_FAULT) {
        g_set_error_literal(error, NUMASIM_ERROR, code, text);
        return false;
    }
    fail_run(st, index, g_strdup(text));
    if (length + 1 < size) {
        fputs(text + length + 1, stderr);
    }
    return true;
}

static bool ended_with_result(struct studying *st, int32_t index, guint64 oom_kills,
                              const char *text, gsize size, GError **error)
{
    int32_t cell = index / st->study->nr_seeds;
    struct result *r = result_parse("the run's process", text, (gssize)size, error);

    add_oom_kills(st, cell, oom_kills);
    return r != NULL && keep(st, index, r, error);
}

/* Takes the answer about run @index from *@at; false in *@ret_whole if there is none. */
static bool take_answer(struct studying *st, int32_t index, const char **at, const char *end,
                        bool *ret_whole, GError **error)
{
    const char *line = memchr(*at, '\n', (size_t)(end - *at));
    char *rest = NULL;
    guint64 number = line != NULL ? g_ascii_strtoull(*at + 1, &rest, 10) : 0;
    guint64 size = line != NULL ? g_ascii_strtoull(rest, NULL, 10) : 0;
    char kind = **at;

    *ret_whole = line != NULL && size <= (guint64)(end - line - 1);
    if (!*ret_whole) {
        return true;
    }
    *at = line + 1 + size;
    return kind == ANSWER_ERROR ? ended_with_error(st, index, (int)number, line + 1, size, error)
                                : ended_with_result(st, index, number, line + 1, size, error);
}

static bool ended(int32_t job, const GString *answers, int status, void *data, GError **error)
{
    struct studying *st = data;
    const char *at = answers->str, *end = at + answers->len;
    int32_t nr, first = runs_of(st, job, &nr);
    bool whole = true;

    for (int32_t i = first; i < first + nr; i++) {
        if (st->results->results[i] != NULL) {
            continue;
        }
        if (whole && st->results->failures[i] == NULL &&
            !take_answer(st, i, &at, end, &whole, error)) {
            return false;
        }
        if (st->results->results[i] == NULL && st->results->failures[i] == NULL) {
            g_autofree char *run = describe_run(st, i);

            fail_run(st, i,
                     WIFSIGNALED(status)
                         ? g_strdup_printf("%s: killed by signal %d", run, WTERMSIG(status))
                         : g_strdup_printf("%s: no result, for its process ended with status %d",
                                           run, WEXITSTATUS(status)));
        }
    }
    return true;
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

/* Every result into the folder of the study; only now, for it is filled in a moment. */
static struct folder *deliver(const struct studying *st, GError **error)
{
    g_autoptr(folder_t) building = folder_begin(st->task->output, error);

    if (building == NULL) {
        return NULL;
    }
    for (int32_t i = 0; i < st->results->nr_results; i++) {
        g_autofree char *name =
            study_run_folder(st->study, i / st->study->nr_seeds, i % st->study->nr_seeds);
        g_autofree char *folder = g_build_filename(folder_path(building), name, NULL);

        if (st->results->results[i] != NULL &&
            !run_cache_copy(st->folders[i], folder, st->task->cache_goes, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&building);
}

struct study_results *study_carry_out(const struct study_task *task, struct folder **ret_folder,
                                      GError **error)
{
    int32_t nr_seeds = task->study->nr_seeds, nr = study_nr_cells(task->study) * nr_seeds;
    /* A process costs some milliseconds: where runs are many, it does several of one cell. */
    int32_t seeds_per_job = CLAMP(nr / MIN_JOBS, 1, nr_seeds);
    struct studying st = {
        .task = task,
        .study = task->study,
        .results = study_results_new(task->study),
        .cache = task->cache != NULL ? run_cache_new(task->cache) : NULL,
        .cell = -1,
        .folders = g_new0(char *, (gsize)nr + 1),
        .seeds_per_job = seeds_per_job,
        .jobs_per_cell = (nr_seeds + seeds_per_job - 1) / seeds_per_job,
        .begun_us = g_get_monotonic_time(),
    };
    struct jobs jobs = {.nr = study_nr_cells(task->study) * st.jobs_per_cell,
                        .max_running = task->max_running,
                        .prepare = prepare,
                        .run = run_job,
                        .ended = ended,
                        .tick = show_progress,
                        .data = &st};
    bool ok = jobs_run(&jobs, error);

    progress_line_end(&st.line);
    warn_of_oom_kills(&st);
    *ret_folder = ok && task->output != NULL ? deliver(&st, error) : NULL;
    if (!ok || (task->output != NULL && *ret_folder == NULL)) {
        g_clear_pointer(&st.results, study_results_free);
    }
    for (int32_t i = 0; i < nr; i++) {
        g_free(st.folders[i]);
    }
    g_free(st.folders);
    g_free(st.inputs);
    g_clear_pointer(&st.simulation, simulation_free);
    run_cache_free(st.cache);
    return st.results;
}
