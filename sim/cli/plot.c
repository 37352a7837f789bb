/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/plot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "cli/again.h"
#include "cli/plot-kinds.h"

const struct plot_kind plot_kinds[] = {
    {.name = "cdf",
     .help = "latencies of several results as distributions",
     .max_results = PLOT_MAX_RESULTS,
     .takes_metric = true,
     .draw = plot_cdf},
    {.name = "percentiles",
     .help = "the same as bars",
     .template_ = "bars",
     .max_results = PLOT_MAX_RESULTS,
     .takes_metric = true,
     .draw = plot_percentiles},
    {.name = "migrations",
     .help = "of tasks, by the level of the machine that they cross, of several results",
     .template_ = "bars",
     .max_results = PLOT_MAX_RESULTS,
     .draw = plot_migrations},
    {.name = "access",
     .help = "whose memory is accessed from where",
     .max_results = 4,
     .draw = plot_access},
    {.name = "machine",
     .help = "the machine with the load of each CPU and node",
     .max_results = 1,
     .needs_machine = true,
     .draw = plot_machine},
    {.name = "occupancy",
     .help = "who runs where over time, or how local its accesses are",
     .max_results = 1,
     .needs_machine = true,
     .watch = plot_occupancy_watch,
     .draw = plot_occupancy},
    {.name = "queues",
     .help = "tasks on each CPU over time, running and waiting",
     .template_ = "occupancy",
     .max_results = 1,
     .needs_machine = true,
     .watch = plot_queues_watch,
     .draw = plot_queues},
    {.name = "pages",
     .help = "memory by node over time, with NUMA hint faults and page migrations",
     .max_results = 1,
     .needs_machine = true,
     .watch = plot_pages_watch,
     .draw = plot_pages},
    {.name = "bandwidth",
     .help = "of nodes and of links over time",
     .max_results = 1,
     .needs_machine = true,
     .watch = plot_bandwidth_watch,
     .draw = plot_bandwidth},
    {.name = NULL},
};

struct plot plot_begin(const struct paths *paths, const struct plot_kind *kind,
                       const struct plot_input *inputs, int32_t nr_inputs)
{
    return (struct plot){.paths = paths,
                         .kind = kind,
                         .inputs = inputs,
                         .nr_inputs = nr_inputs,
                         .from_ns = -1,
                         .to_ns = -1,
                         .finding = g_string_new(NULL),
                         .detail = g_string_new(NULL),
                         .script = g_string_new(NULL)};
}

static const struct plot_watch *watch_of(const struct plot *p)
{
    return p->kind->watch != NULL ? p->kind->watch(p) : NULL;
}

static void free_watch(struct plot *p)
{
    const struct plot_watch *watch = watch_of(p);

    if (watch != NULL) {
        watch->free(p->watch);
        p->watch = NULL;
    }
}

void plot_release(struct plot *p)
{
    free_watch(p);
    g_string_free(p->finding, TRUE);
    g_string_free(p->detail, TRUE);
    g_string_free(p->script, TRUE);
}

/* ------------------------------------------------------------------------------------------- */
/* Events                                                                                       */

struct watched {
    struct plot *const *plots;
    int32_t nr;
};

static void attach(struct kernel *k, void *data)
{
    const struct watched *w = data;

    for (int32_t i = 0; i < w->nr; i++) {
        const struct plot_watch *watch = watch_of(w->plots[i]);

        if (watch != NULL) {
            watch->attach(k, w->plots[i]->watch);
        }
    }
}

static void finished(const struct kernel *k, void *data)
{
    const struct watched *w = data;

    for (int32_t i = 0; i < w->nr; i++) {
        const struct plot_watch *watch = watch_of(w->plots[i]);

        if (watch != NULL && watch->finished != NULL) {
            watch->finished(k, w->plots[i]->watch);
        }
    }
}

/* The machine is the simulation's, and goes with it: a kind takes what it needs of it before. */
bool plot_watch_run(struct plot *const *plots, int32_t nr, struct simulation *s, GError **error)
{
    struct watched w = {.plots = plots, .nr = nr};
    bool any = false;

    for (int32_t i = 0; i < nr; i++) {
        const struct plot_watch *watch = watch_of(plots[i]);

        plots[i]->machine = s->machine;
        if (watch != NULL) {
            plots[i]->watch = watch->new_(plots[i], error);
            if (plots[i]->watch == NULL) {
                return false;
            }
            any = true;
        }
    }
    return !any || again_run(s, plots[0]->inputs[0].path, plots[0]->inputs[0].result, attach,
                             finished, &w, error);
}

/* ------------------------------------------------------------------------------------------- */
/* The script                                                                                   */

void plot_set_text(struct plot *p, const char *name, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, "'", -1);
    g_autofree char *quoted = g_strjoinv("''", parts);

    g_strdelimit(quoted, "\n\r", ' ');
    g_string_append_printf(p->script, "%s = '%s'\n", name, quoted);
}

void plot_set_int(struct plot *p, const char *name, int64_t value)
{
    g_string_append_printf(p->script, "%s = %" G_GINT64_FORMAT "\n", name, value);
}

/* results/plots/NAME.gp. */
static bool append_template(struct plot *p, const char *name, GError **error)
{
    g_autofree char *file = g_strconcat(name, ".gp", NULL);

    for (char **dir = p->paths->results; *dir != NULL; dir++) {
        g_autofree char *path = g_build_filename(*dir, "plots", file, NULL);
        g_autofree char *text = NULL;

        if (g_file_get_contents(path, &text, NULL, NULL)) {
            g_string_append(p->script, text);
            return true;
        }
    }
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO,
                "plots/%s: not found; expected it in the folder of results that came with numasim",
                file);
    return false;
}

static bool check_number(const struct plot *p, GError **error)
{
    if (p->nr_inputs <= p->kind->max_results) {
        return true;
    }
    if (p->kind->max_results == 1) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "plot: %d results; expected one for the kind '%s'", p->nr_inputs,
                    p->kind->name);
    } else {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "plot: %d results; expected at most %d for the kind '%s'", p->nr_inputs,
                    p->kind->max_results, p->kind->name);
    }
    return false;
}

char *plot_script(struct plot *p, const char *terminal, const char *output, GError **error)
{
    g_autoptr(simulation_t) s = NULL;

    if (!check_number(p, error)) {
        return NULL;
    }
    if (p->kind->needs_machine && p->machine == NULL) {
        s = again_open(p->paths, p->inputs[0].path, p->inputs[0].result, error);
        if (s == NULL) {
            return NULL;
        }
        if (!plot_watch_run(&p, 1, s, error)) {
            free_watch(p); /* it may refer to the machine, which is that of the simulation */
            return NULL;
        }
    }
    plot_set_text(p, "out_terminal", terminal);
    plot_set_text(p, "out_file", output);
    plot_set_int(p, "nr", p->nr_inputs);
    for (int32_t i = 0; i < p->nr_inputs; i++) {
        g_autofree char *name = g_strdup_printf("label%d", i + 1);

        plot_set_text(p, name, p->inputs[i].label);
    }
    bool ok = p->kind->draw(p, error);

    if (s != NULL) {
        free_watch(p);
        p->machine = NULL;
    }
    if (!ok) {
        return NULL;
    }
    plot_set_text(p, "finding", p->finding->str);
    plot_set_text(p, "detail", p->detail->str);
    plot_set_int(p, "width", p->width);
    plot_set_int(p, "height", p->height);
    if (!append_template(p, "style", error) ||
        !append_template(p, p->kind->template_ != NULL ? p->kind->template_ : p->kind->name,
                         error)) {
        return NULL;
    }
    return g_strdup(p->script->str);
}

/* ------------------------------------------------------------------------------------------- */
/* Drawing                                                                                      */

/* A file without a name, which goes with this process however that ends. */
static FILE *open_nameless(const char *text, GError **error)
{
    FILE *file = tmpfile();

    if (file != NULL && fputs(text, file) >= 0 && fflush(file) == 0) {
        rewind(file);
        return file;
    }
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "no file for gnuplot: %s",
                g_strerror(errno));
    if (file != NULL) {
        fclose(file);
    }
    return NULL;
}

/* All of @file. */
static char *contents_of(FILE *file, gsize *ret_size)
{
    GString *text = g_string_new(NULL);
    char chunk[4096];
    size_t got;

    rewind(file);
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        g_string_append_len(text, chunk, (gssize)got);
    }
    *ret_size = text->len;
    return g_string_free(text, FALSE);
}

/* Gives gnuplot @in and takes what it says in @out and @err. */
static bool run_gnuplot(FILE *in, FILE *out, FILE *err, GError **error)
{
    char *const argv[] = {(char *)"gnuplot", NULL};
    g_autoptr(GError) cause = NULL;
    int status = 0;
    GPid pid;

    if (!g_spawn_async_with_fds(NULL, (char **)(guintptr)argv, NULL,
                                G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                                fileno(in), fileno(out), fileno(err), &cause)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO,
                    "cannot run gnuplot: %s; expected it to be installed (Debian: gnuplot-nox)",
                    cause->message);
        return false;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!g_spawn_check_wait_status(status, NULL)) {
        gsize size;
        g_autofree char *said = contents_of(err, &size);

        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_FAULT, "gnuplot failed: %s",
                    g_strstrip(said));
        return false;
    }
    return true;
}

char *plot_draw(struct plot *p, const char *terminal, gsize *ret_size, GError **error)
{
    g_autofree char *script = plot_script(p, terminal, "", error);
    FILE *in = script != NULL ? open_nameless(script, error) : NULL;
    FILE *out = in != NULL ? open_nameless("", error) : NULL;
    FILE *err = out != NULL ? open_nameless("", error) : NULL;
    FILE *const files[] = {in, out, err};
    char *picture = NULL;

    if (err != NULL && run_gnuplot(in, out, err, error)) {
        picture = contents_of(out, ret_size);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        if (files[i] != NULL) {
            fclose(files[i]);
        }
    }
    return picture;
}
