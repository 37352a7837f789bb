/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim plot: pictures of results, drawn by gnuplot. */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/cli.h"
#include "cli/plot.h"

enum kind { KIND_CDF, KIND_ACCESS, KIND_OCCUPANCY };
static const char *const kind_names[] = {"cdf", "access", "occupancy", NULL};

struct plot_options {
    int kind;
    char *output, *metric;
    char **labels;
    int64_t from_ns, to_ns;
    bool script;
};
#define AT(member) offsetof(struct plot_options, member)

static const struct cli_option plot_options[] = {
    {.name = "kind",
     .letter = 'k',
     .type = CLI_CHOICE,
     .offset = AT(kind),
     .arg = "KIND",
     .initial = "cdf",
     .choices = kind_names,
     .help = "cdf: latencies of several results; access: whose memory is accessed from where; "
             "occupancy: who runs where over time"},
    CLI_OUTPUT_ROW(AT(output), "FILE", CLI_COMPLETE_FILE,
                   "the picture, its format by its ending: .svg, .png or .pdf; otherwise KIND.svg"),
    {.name = "metric",
     .letter = 'm',
     .type = CLI_STRING,
     .offset = AT(metric),
     .arg = "NAME",
     .help = "the histogram that cdf shows, as result.json names it; otherwise request latency, or "
             "else wakeup latency"},
    {.name = "label",
     .letter = 'l',
     .type = CLI_STRINGS,
     .offset = AT(labels),
     .arg = "TEXT",
     .help = "what to call a result; once for each, in their order"},
    {.name = "from",
     .type = CLI_TIME,
     .offset = AT(from_ns),
     .arg = "TIME",
     .help = "begin the time axis of occupancy here"},
    {.name = "to",
     .type = CLI_TIME,
     .offset = AT(to_ns),
     .arg = "TIME",
     .help = "end the time axis of occupancy here"},
    {.name = "script",
     .type = CLI_FLAG,
     .offset = AT(script),
     .help = "print the script for gnuplot instead of drawing"},
    {.name = NULL},
};

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

static bool choose_terminal(const char *output, const char **ret, GError **error)
{
    static const char *const known[][2] = {
        {".svg", "svg"}, {".png", "pngcairo"}, {".pdf", "pdfcairo"}};

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_str_has_suffix(output, known[i][0])) {
            *ret = known[i][1];
            return true;
        }
    }
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                "plot: '%s': unknown kind of picture; expected a name with .svg, .png or .pdf",
                output);
    return false;
}

/* The whole script, which writes @output. */
static char *make_script(struct plot *p, int kind, const char *terminal, const char *output,
                         GError **error)
{
    static bool (*const kinds[])(struct plot *, GError **) = {plot_cdf, plot_access,
                                                              plot_occupancy};

    plot_set_text(p, "out_terminal", terminal);
    plot_set_text(p, "out_file", output);
    plot_set_int(p, "nr", p->nr_inputs);
    for (int32_t i = 0; i < p->nr_inputs; i++) {
        g_autofree char *name = g_strdup_printf("label%d", i + 1);

        plot_set_text(p, name, p->inputs[i].label);
    }
    if (!kinds[kind](p, error)) {
        return NULL;
    }
    plot_set_text(p, "finding", p->finding->str);
    plot_set_text(p, "detail", p->detail->str);
    plot_set_int(p, "width", p->width);
    plot_set_int(p, "height", p->height);
    if (!append_template(p, "style", error) || !append_template(p, kind_names[kind], error)) {
        return NULL;
    }
    return g_strdup(p->script->str);
}

/* ------------------------------------------------------------------------------------------- */
/* Drawing                                                                                      */

static bool run_gnuplot(const char *script, GError **error)
{
    g_autofree char *path = NULL;
    g_autofree char *said = NULL;
    g_autoptr(GError) cause = NULL;
    int status = 0;
    int fd = g_file_open_tmp("numasim-plot-XXXXXX.gp", &path, &cause);
    bool ok = fd >= 0 && g_close(fd, NULL) && g_file_set_contents(path, script, -1, &cause);
    char *const argv[] = {(char *)"gnuplot", path, NULL};

    if (!ok) {
        g_set_error_literal(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, cause->message);
        return false;
    }
    ok = g_spawn_sync(NULL, (char **)(guintptr)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                      &said, &status, &cause);
    g_unlink(path);
    if (!ok) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO,
                    "plot: cannot run gnuplot: %s; expected it to be installed (Debian: "
                    "gnuplot-nox), or --script",
                    cause->message);
        return false;
    }
    if (!g_spawn_check_wait_status(status, NULL)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_FAULT, "plot: gnuplot failed: %s",
                    g_strstrip(said));
        return false;
    }
    return true;
}

/* Under another name first, so that the picture is there whole or not at all. */
static bool draw(struct plot *p, int kind, const char *output, GError **error)
{
    const char *terminal;
    g_autofree char *building = NULL;
    g_autofree char *script = NULL;

    if (!choose_terminal(output, &terminal, error)) {
        return false;
    }
    building = g_strconcat(output, ".part", NULL);
    script = make_script(p, kind, terminal, building, error);
    if (script == NULL || !run_gnuplot(script, error)) {
        g_unlink(building);
        return false;
    }
    if (g_rename(building, output) != 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "%s: cannot be written: %s", output,
                    g_strerror(errno));
        g_unlink(building);
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* Results                                                                                      */

/* What tells the results apart: policy, else workload, else machine, else the path. */
static char *label_of(const struct plot_input *inputs, int32_t nr, int32_t i)
{
    const struct result *r = inputs[i].result;
    bool policies = true, workloads = true, machines = true;

    for (int32_t a = 0; a < nr; a++) {
        for (int32_t b = 0; b < a; b++) {
            const struct result *x = inputs[a].result, *y = inputs[b].result;

            policies = policies && strcmp(x->policy.name, y->policy.name) != 0;
            machines = machines && strcmp(x->topology.name, y->topology.name) != 0;
            workloads = workloads && x->nr_workloads > 0 && y->nr_workloads > 0 &&
                        strcmp(x->workloads[0].name, y->workloads[0].name) != 0;
        }
    }
    if (policies) {
        return g_strdup(r->policy.name);
    }
    return g_strdup(workloads  ? r->workloads[0].name
                    : machines ? r->topology.name
                               : inputs[i].path);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The folders in @path, sorted, that hold a result; transfer full. */
static GPtrArray *results_in(const char *path)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *folder = g_build_filename(path, name, NULL);
        g_autofree char *mark = g_build_filename(folder, "result.json", NULL);

        if (g_file_test(mark, G_FILE_TEST_EXISTS)) {
            g_ptr_array_add(found, g_steal_pointer(&folder));
        }
    }
    g_ptr_array_sort(found, compare_names);
    return found;
}

/* The result that @path means: itself, or the only one in it, as several policies with one seed
 * leave. Newly allocated; NULL where there are several. */
static char *find_result(const char *path, GError **error)
{
    g_autofree char *mark = g_build_filename(path, "result.json", NULL);
    g_autoptr(GPtrArray) inside = NULL;

    if (!g_file_test(path, G_FILE_TEST_IS_DIR) || g_file_test(mark, G_FILE_TEST_EXISTS)) {
        return g_strdup(path);
    }
    inside = results_in(path);
    if (inside->len == 1) {
        return g_strdup(inside->pdata[0]);
    }
    if (inside->len > 1) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "plot: %s: holds %u results; expected one of them, such as %s", path,
                    inside->len, (const char *)inside->pdata[0]);
        return NULL;
    }
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                "plot: %s: holds no result.json; expected the folder of one run, such as "
                "POLICY or POLICY/seed-1 in that of `numasim run -o`",
                path);
    return NULL;
}

static bool read_inputs(struct plot_input *inputs, int32_t nr, char *const *paths,
                        char *const *labels, GError **error)
{
    guint nr_labels = g_strv_length((char **)(guintptr)labels);

    if (nr > PLOT_MAX_RESULTS) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "plot: %d results; expected at most %d in one picture", nr, PLOT_MAX_RESULTS);
        return false;
    }
    if (nr_labels > 0 && nr_labels != (guint)nr) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                    "plot: %u labels for %d results; expected one for each", nr_labels, nr);
        return false;
    }
    for (int32_t i = 0; i < nr; i++) {
        inputs[i].path = find_result(paths[i], error);
        inputs[i].result = inputs[i].path != NULL ? result_read(inputs[i].path, error) : NULL;
        if (inputs[i].result == NULL) {
            return false;
        }
    }
    for (int32_t i = 0; i < nr; i++) {
        inputs[i].label = nr_labels > 0 ? g_strdup(labels[i]) : label_of(inputs, nr, i);
    }
    return true;
}

static bool plot(struct cli *cli, struct plot *p, const struct plot_options *o, GError **error)
{
    g_autofree char *output =
        o->output != NULL ? g_strdup(o->output) : g_strconcat(kind_names[o->kind], ".svg", NULL);

    if (o->script) {
        const char *terminal;
        char *script = choose_terminal(output, &terminal, error)
                           ? make_script(p, o->kind, terminal, output, error)
                           : NULL;

        cli_print(cli, script);
        return script != NULL;
    }
    if (!draw(p, o->kind, output, error)) {
        return false;
    }
    g_string_append_printf(cli->out, "%s: %s\n", output, p->finding->str);
    return true;
}

static int run_plot(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct plot_options *o = data;
    int32_t nr = (int32_t)g_strv_length(args);
    g_autofree struct plot_input *inputs = g_new0(struct plot_input, (gsize)nr);
    struct plot p = {.paths = cli->paths,
                     .inputs = inputs,
                     .nr_inputs = nr,
                     .metric = o->metric,
                     .from_ns = o->from_ns,
                     .to_ns = o->to_ns};
    bool ok;

    p.finding = g_string_new(NULL);
    p.detail = g_string_new(NULL);
    p.script = g_string_new(NULL);
    ok = read_inputs(inputs, nr, args, o->labels, error) && plot(cli, &p, o, error);
    for (int32_t i = 0; i < nr; i++) {
        result_free(inputs[i].result);
        g_free(inputs[i].label);
        g_free(inputs[i].path);
    }
    g_string_free(p.finding, TRUE);
    g_string_free(p.detail, TRUE);
    g_string_free(p.script, TRUE);
    return ok ? CLI_DONE : CLI_BAD_INPUT;
}

static const char *const examples[] = {
    "numasim plot out/linux-6.12 out/eevdf-random -o latency.svg # after `run -p linux-6.12 -p "
    "eevdf-random -o out`: latencies under both",
    "numasim plot -k access out/linux-6.12 -o access.png # who accesses whose memory",
    "numasim plot -k occupancy --from 100ms --to 120ms out/linux-6.12 # 20 ms, CPU by CPU",
    NULL,
};

const struct subcommand cmd_plot = {
    .name = "plot",
    .summary = "draw results: latency distributions, accesses between nodes, who runs where",
    .args = "RESULT...",
    .min_args = 1,
    .max_args = -1,
    .complete = CLI_COMPLETE_DIR,
    .options = plot_options,
    .options_size = sizeof(struct plot_options),
    .description =
        "RESULT is the folder of one run that `numasim run -o DIR` wrote: DIR, or where it ran "
        "several "
        "policies or seeds DIR/POLICY/seed-N; with one seed DIR/POLICY will do. Pictures are drawn "
        "by gnuplot, by the "
        "templates in results/plots, with lines and shades that can be told apart in grey.\n\n"
        "A result holds no events: for the kind occupancy it is simulated again from the copies of "
        "its inputs, and the digest must be the same.",
    .examples = examples,
    .run = run_plot,
};
