/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The metrics: each result's, and how it changed against the first. */
#include <string.h>

#include "base/fixed.h"
#include "cli/html.h"
#include "cli/report.h"
#include "observe/compare-print.h"
#include "observe/result-table.h"

/* Comparisons of each side with the first; NULL where they are of different things. */
struct changes {
    struct comparison *with[PLOT_MAX_RESULTS];
    char *why_not;
};

static struct compare_side side_of(const struct report_side *side)
{
    return (struct compare_side){.label = side->label,
                                 .results = (const struct result *const *)side->results->pdata,
                                 .paths = (const char *const *)side->paths->pdata,
                                 .nr = side->results->len};
}

static struct changes compare_all(const struct report *r, const char *const *patterns)
{
    struct changes c = {{NULL}, NULL};
    struct compare_side base = side_of(&r->sides[0]);

    for (int32_t i = 1; i < r->nr; i++) {
        struct compare_side new_ = side_of(&r->sides[i]);
        g_autoptr(GError) error = NULL;

        c.with[i] = compare_results(&base, &new_, patterns, &error);
        if (c.with[i] == NULL && c.why_not == NULL) {
            c.why_not = g_strdup(error->message);
        }
    }
    return c;
}

static void changes_release(struct changes *c)
{
    for (int32_t i = 0; i < PLOT_MAX_RESULTS; i++) {
        comparison_free(c->with[i]);
    }
    g_free(c->why_not);
}

static const struct compare_metric *find(const struct comparison *c, const char *name)
{
    for (uint32_t g = 0; c != NULL && g < c->nr_groups; g++) {
        for (uint32_t i = 0; i < c->groups[g].nr_metrics; i++) {
            if (strcmp(c->groups[g].metrics[i].name, name) == 0) {
                return &c->groups[g].metrics[i];
            }
        }
    }
    return NULL;
}

/* Over the seeds of @side that have the metric. False where none has. */
static bool mean_of_side(const struct report_side *side, const char *name, double *ret_mean,
                         enum result_unit *ret_unit)
{
    int128 sum = 0;
    uint32_t nr = 0;

    for (guint i = 0; i < side->results->len; i++) {
        const struct result_metric *m = result_metric(side->results->pdata[i], name);

        if (m != NULL) {
            sum += m->value;
            *ret_unit = m->unit;
            nr++;
        }
    }
    if (nr == 0) {
        return false;
    }
    *ret_mean = (double)sum / (double)nr;
    return true;
}

/*
 * Mean, change and verdict of @side, the latter two only where it is not the first. The mean is there also
 * where sides cannot be paired.
 */
static void append_side(struct report *r, const struct changes *c, int32_t side, const char *name)
{
    const struct compare_metric *m = side > 0 ? find(c->with[side], name) : NULL;
    enum result_unit unit;
    double mean;

    if (mean_of_side(&r->sides[side], name, &mean, &unit)) {
        g_autofree char *text = compare_mean_text(unit, mean);

        html_cell_number(r->out, mean, text, NULL);
    } else {
        html_cell(r->out, "–");
    }
    if (side == 0) {
        return;
    }
    if (m == NULL) {
        g_string_append(r->out, "<td></td><td></td>");
        return;
    }
    g_autofree char *change = compare_change_text(m);
    double ratio = 0;

    compare_change(m, &ratio);
    html_cell_number(r->out, ratio, change, NULL);
    g_string_append_printf(r->out, "<td class=\"%s\">%s</td>", compare_verdict_name(m->verdict),
                           compare_verdict_name(m->verdict));
}

static bool is_shown(const char *name, bool usual)
{
    return compare_is_usual(name) || !usual;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_names(const struct result *x, bool usual, GHashTable *seen, GPtrArray *names)
{
    for (int32_t k = 0; k < x->nr_metrics; k++) {
        if (is_shown(x->metrics[k].name, usual) && g_hash_table_add(seen, x->metrics[k].name)) {
            g_ptr_array_add(names, x->metrics[k].name);
        }
    }
}

/* All metrics that any result has, in the order of their names. */
static GPtrArray *names_of(const struct report *r, bool usual)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *names = g_ptr_array_new();

    for (int32_t i = 0; i < r->nr; i++) {
        for (guint k = 0; k < r->sides[i].results->len; k++) {
            add_names(r->sides[i].results->pdata[k], usual, seen, names);
        }
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

static void append_table(struct report *r, const struct changes *c, bool usual)
{
    g_autoptr(GPtrArray) names = names_of(r, usual);
    const char *heads[3 * PLOT_MAX_RESULTS + 1] = {"Metric", r->inputs[0].label};

    for (int32_t i = 1; i < r->nr; i++) {
        heads[3 * i - 1] = r->inputs[i].label;
        heads[3 * i] = "Change";
        heads[3 * i + 1] = "Verdict";
    }
    html_table_begin(r->out, heads, 1);
    for (guint n = 0; n < names->len; n++) {
        g_string_append(r->out, "<tr>");
        html_cell(r->out, names->pdata[n]);
        for (int32_t i = 0; i < r->nr; i++) {
            append_side(r, c, i, names->pdata[n]);
        }
        g_string_append(r->out, "</tr>\n");
    }
    html_table_end(r->out);
}

void report_metrics(struct report *r)
{
    static const char *const every[] = {"*", NULL};
    struct changes usual = compare_all(r, NULL);
    struct changes all = compare_all(r, every);
    bool few = false;

    g_string_append(r->out, "<h2 id=\"metrics\">Metrics</h2>\n");
    if (r->nr > 1 && usual.why_not != NULL) {
        g_string_append(r->out, "<p class=\"note\">Not all are compared with the first: ");
        html_text(r->out, usual.why_not);
        g_string_append(r->out, "</p>\n");
    } else if (r->nr > 1) {
        bool exact = usual.with[1]->exact;

        g_string_append(r->out, "<p class=\"note\">Changes are against ");
        html_text(r->out, r->inputs[0].label);
        g_string_append(r->out, exact ? ", exact: one seed on both sides.</p>\n"
                                      : ": means over seeds; better, worse and different mean p "
                                        "≤ 0.05 after Holm's correction.</p>\n");
        few = !exact;
    }
    append_table(r, &usual, true);
    g_string_append(r->out, "<details><summary>All metrics</summary>\n");
    if (few) {
        g_string_append(
            r->out,
            "<p class=\"note\">Here Holm's correction runs over every metric that differs, so "
            "few seeds decide little: a verdict may be “unclear” that is clear above. "
            "<code>numasim compare -m NAME</code> corrects for those that you ask "
            "for.</p>\n");
    }
    append_table(r, &all, false);
    g_string_append(r->out, "</details>\n");
    changes_release(&usual);
    changes_release(&all);
}
