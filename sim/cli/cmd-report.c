/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim report: results as one page that any browser opens. */
#include <string.h>

#include "base/error.h"
#include "base/output.h"
#include "cli/cli.h"
#include "cli/html.h"
#include "cli/plot-inputs.h"
#include "cli/report.h"
#include "cli/result-set.h"

struct report_options {
    char *output;
    char **labels;
    bool no_pictures;
};
#define AT(member) offsetof(struct report_options, member)

static const struct cli_option report_options[] = {
    CLI_OUTPUT_ROW(AT(output), "FILE", CLI_COMPLETE_FILE,
                   "the page to write; otherwise report.html"),
    {.name = "label",
     .letter = 'l',
     .type = CLI_STRINGS,
     .offset = AT(labels),
     .arg = "TEXT",
     .help = "what to call a result; once for each, in their order"},
    {.name = "no-pictures",
     .type = CLI_FLAG,
     .offset = AT(no_pictures),
     .help = "leave out the pictures, for which gnuplot is needed, without a warning"},
    {.name = NULL},
};

/* ------------------------------------------------------------------------------------------- */
/* Sides                                                                                        */

static bool same_inputs(const struct result *a, const struct result *b)
{
    g_autofree char *x = g_strjoinv(" ", a->overrides);
    g_autofree char *y = g_strjoinv(" ", b->overrides);
    bool same = strcmp(a->policy.name, b->policy.name) == 0 && strcmp(x, y) == 0 &&
                strcmp(a->policy.digest, b->policy.digest) == 0 &&
                strcmp(a->topology.digest, b->topology.digest) == 0 &&
                a->nr_workloads == b->nr_workloads;

    for (int32_t i = 0; same && i < a->nr_workloads; i++) {
        same = strcmp(a->workloads[i].digest, b->workloads[i].digest) == 0 &&
               a->workloads[i].replicas == b->workloads[i].replicas;
    }
    return same;
}

/* The results of @set that differ in their seed alone are one side. */
static bool add_sides(struct report *r, const struct result_set *set, GError **error)
{
    int32_t first = r->nr;

    for (guint i = 0; i < set->results->len; i++) {
        struct result *x = set->results->pdata[i];
        int32_t at = first;

        while (at < r->nr && !same_inputs(r->inputs[at].result, x)) {
            at++;
        }
        if (at == PLOT_MAX_RESULTS) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_USAGE,
                        "report: more than %d results that differ in more than their seed; "
                        "expected at most so many in one page",
                        PLOT_MAX_RESULTS);
            return false;
        }
        if (at == r->nr) {
            r->inputs[at] = (struct plot_input){.path = set->paths->pdata[i], .result = x};
            r->sides[at].results = g_ptr_array_new();
            r->sides[at].paths = g_ptr_array_new();
            r->nr++;
        }
        g_ptr_array_add(r->sides[at].results, x);
        g_ptr_array_add(r->sides[at].paths, set->paths->pdata[i]);
    }
    return true;
}

static bool add_labels(struct report *r, char *const *labels, GError **error)
{
    if (!plot_labels_check(labels, r->nr, error)) {
        g_prefix_error(error, "report: ");
        return false;
    }
    for (int32_t i = 0; i < r->nr; i++) {
        r->inputs[i].label =
            labels[0] != NULL ? g_strdup(labels[i]) : plot_input_name(r->inputs, r->nr, i);
        r->sides[i].label = r->inputs[i].label;
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* The page                                                                                     */

/* results/report/NAME, between @before and @after. */
static bool append_part(struct report *r, const char *name, const char *before, const char *after,
                        GError **error)
{
    for (char **dir = r->paths->results; *dir != NULL; dir++) {
        g_autofree char *path = g_build_filename(*dir, "report", name, NULL);
        g_autofree char *text = NULL;

        if (g_file_get_contents(path, &text, NULL, NULL)) {
            g_string_append_printf(r->out, "%s%s%s", before, text, after);
            return true;
        }
    }
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO,
                "report/%s: not found; expected it in the folder of results that came with numasim",
                name);
    return false;
}

/* "db-server on epyc: linux-6.12, eevdf-random". */
static char *title_of(const struct report *r)
{
    const struct result *x = r->inputs[0].result;
    g_autofree char *workload = result_workload_name(x);
    GString *title = g_string_new(workload);

    g_string_append_printf(title, " on %s: ", x->topology.name);
    for (int32_t i = 0; i < r->nr; i++) {
        g_string_append_printf(title, "%s%s", i > 0 ? ", " : "", r->inputs[i].label);
    }
    return g_string_free(title, FALSE);
}

static bool append_head(struct report *r, GError **error)
{
    g_autofree char *title = title_of(r);

    g_string_append(r->out,
                    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                    "<meta name=\"viewport\" content=\"width=device-width\"/>\n");
    html_element(r->out, "title", NULL, title);
    if (!append_part(r, "page.css", "<style>\n", "</style>\n", error)) {
        return false;
    }
    g_string_append(r->out, "</head>\n<body>\n");
    html_element(r->out, "h1", NULL, title);
    g_string_append(r->out, "<nav><a href=\"#inputs\">Inputs</a><a href=\"#metrics\">Metrics</a>");
    if (r->pictures) {
        g_string_append(r->out, "<a href=\"#pictures\">Pictures</a>");
    }
    for (int32_t i = 0; i < r->nr; i++) {
        g_string_append_printf(r->out, "<a href=\"#run%d\">", i + 1);
        html_text(r->out, r->inputs[i].label);
        g_string_append(r->out, "</a>");
    }
    g_string_append(r->out, "</nav>\n");
    return true;
}

static bool append_page(struct report *r, GError **error)
{
    if (!append_head(r, error)) {
        return false;
    }
    report_overview(r);
    report_inputs(r);
    report_metrics(r);
    report_pictures(r);
    if (!append_part(r, "page.js", "<script>//<![CDATA[\n", "//]]></script>\n", error)) {
        return false;
    }
    g_string_append(r->out, "</body>\n</html>\n");
    return true;
}

static int run(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct report_options *o = data;
    const char *output = o->output != NULL ? o->output : "report.html";
    g_autoptr(GPtrArray) sets = g_ptr_array_new_with_free_func((GDestroyNotify)result_set_free);
    struct report r = {.paths = cli->paths, .pictures = !o->no_pictures, .out = g_string_new(NULL)};
    bool ok = output_check(output, error);

    for (char **arg = args; ok && *arg != NULL; arg++) {
        struct result_set *set = result_set_read(*arg, error);

        ok = set != NULL;
        if (ok) {
            g_ptr_array_add(sets, set);
            ok = add_sides(&r, set, error);
        }
    }
    ok = ok && add_labels(&r, o->labels, error) && append_page(&r, error) &&
         cli_write(cli, output, g_strdup(r.out->str), error);
    if (ok && !output_is_stream(output)) { /* which may be standard output */
        g_string_append_printf(cli->out, "%s: %d result%s\n", output, r.nr, r.nr > 1 ? "s" : "");
    }
    for (int32_t i = 0; i < r.nr; i++) {
        g_ptr_array_unref(r.sides[i].results);
        g_ptr_array_unref(r.sides[i].paths);
        g_free(r.inputs[i].label);
    }
    g_string_free(r.out, TRUE);
    return CLI_DONE;
}

static const char *const examples[] = {
    "numasim run -t epyc-7763-2s-nps4 -w db-server -p linux-6.12 -p eevdf-random -o out",
    "numasim report out -o report.html # both policies in one page",
    "numasim report before/linux-6.12 after/linux-6.12 -l before -l after",
    NULL,
};

const struct subcommand cmd_report = {
    .name = "report",
    .summary = "write results as one page: what differs, metrics, where the time went, pictures",
    .args = "RESULT...",
    .min_args = 1,
    .max_args = -1,
    .complete = CLI_COMPLETE_DIR,
    .options = report_options,
    .options_size = sizeof(struct report_options),
    .description =
        "RESULT is the folder of a run that `numasim run -o DIR` wrote, or a folder with such "
        "below it; results that differ in their seed alone count as one. The page is one HTML "
        "file that needs nothing else and loads nothing: tables (a click on a head sorts), "
        "pictures as SVG, for light and dark screens.\n\n"
        "It shows the inputs and parameters in which the results differ, their metrics with "
        "changes against the first result (as `numasim compare` judges them), where the time of "
        "tasks went (as `numasim diff` accounts for it), and the pictures of `numasim plot`. For "
        "the latter two a result is simulated again, the first seed of each.",
    .examples = examples,
    .run = run,
};
