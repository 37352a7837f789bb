/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A comparison in the forms in which kernel and Go people post theirs: the columns of mmtests'
 * compare-mmtests.pl and of golang.org/x/perf/cmd/benchstat, with our numbers in them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/significance.h"
#include "observe/compare-print.h"

static int compare_values(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The values of one side, ascending; newly allocated. */
static int64_t *sorted(const int64_t *values, uint32_t nr)
{
    int64_t *copy = g_memdup2(values, sizeof(*values) * nr);

    qsort(copy, nr, sizeof(*copy), compare_values);
    return copy;
}

/* ------------------------------------------------------------------------------------------- */
/* mmtests                                                                                      */

/* The square root: the geometric mean of @x and 1. */
static double root(double x)
{
    const double pair[] = {x, 1};

    return x > 0 ? geometric_mean(pair, 2) : 0;
}

/* The standard deviation of a sample; 0 of one. */
static double deviation(const int64_t *values, uint32_t nr, double mean)
{
    double sum = 0;

    for (uint32_t i = 0; i < nr; i++) {
        sum += ((double)values[i] - mean) * ((double)values[i] - mean);
    }
    return nr > 1 ? root(sum / (double)(nr - 1)) : 0;
}

/* By how many percent @new_ is better than @base. */
static double gain(enum compare_goodness goodness, double base, double new_)
{
    if (base == 0) {
        return 0;
    }
    return (goodness == COMPARE_HIGHER ? new_ - base : base - new_) / base * 100;
}

static void mmtests_row(GString *out, const char *statistic, const struct compare_metric *m,
                        double base, double new_, bool star)
{
    double scale = (double)result_unit_scale(m->unit);

    g_string_append_printf(out, "%-9s %-42s %14.2f (%7.2f%%) %14.2f %c%7.2f%%%c\n", statistic,
                           m->name, base / scale, 0.0, new_ / scale, star ? '*' : '(',
                           gain(m->goodness, base, new_), star ? '*' : ')');
}

static void mmtests_metric(GString *out, const struct compare_metric *m, uint32_t nr)
{
    g_autofree int64_t *a = sorted(m->base, nr);
    g_autofree int64_t *b = sorted(m->new_, nr);
    double scale = (double)result_unit_scale(m->unit);
    double dev_a = deviation(m->base, nr, m->base_mean),
           dev_b = deviation(m->new_, nr, m->new_mean);
    struct compare_metric spread = *m;

    mmtests_row(out, "Min", m, (double)a[0], (double)b[0], false);
    mmtests_row(out, "Amean", m, m->base_mean, m->new_mean,
                m->verdict != COMPARE_SAME && m->verdict != COMPARE_UNCLEAR);
    /* Less spread is better, whatever spreads; the coefficient is in percent. */
    spread.goodness = COMPARE_LOWER;
    mmtests_row(out, "Stddev", &spread, dev_a, dev_b, false);
    mmtests_row(out, "CoeffVar", &spread,
                m->base_mean != 0 ? dev_a / m->base_mean * 100 * scale : 0,
                m->new_mean != 0 ? dev_b / m->new_mean * 100 * scale : 0, false);
    mmtests_row(out, "Max", m, (double)a[nr - 1], (double)b[nr - 1], false);
}

char *compare_mmtests(const struct comparison *c, const GArray *findings)
{
    GString *out = g_string_new(NULL);

    compare_append_findings(c, findings, false, out);
    for (uint32_t g = 0; g < c->nr_groups; g++) {
        g_autofree char *title = compare_group_title(&c->groups[g]);

        g_string_append_printf(out, "%s%s\n%-52s %25s %25s\n", g > 0 ? "\n" : "", title, "",
                               c->base_label, c->new_label);
        for (uint32_t i = 0; i < c->groups[g].nr_metrics; i++) {
            mmtests_metric(out, &c->groups[g].metrics[i], c->groups[g].nr_seeds);
        }
        compare_append_lone(c, &c->groups[g], out);
    }
    return g_string_free(out, FALSE);
}

/* ------------------------------------------------------------------------------------------- */
/* benchstat                                                                                    */

/* What benchstat calls the unit, and how many of it the metric's integers are. */
static const struct {
    const char *name;
    double one;
} posted[NR_RESULT_UNITS] = {
    [RESULT_COUNT] = {"count", 1},     [RESULT_NS] = {"sec/op", 1e9},
    [RESULT_BYTES] = {"B", 1},         [RESULT_PAGES] = {"pages", 1},
    [RESULT_BYTES_PER_S] = {"B/s", 1}, [RESULT_RATIO] = {"ratio", 1e6},
    [RESULT_PER_S] = {"1/s", 1000},
};

/* Four digits and a prefix: "236.5µ". */
static char *si_text(double value)
{
    static const struct {
        double one;
        const char *prefix;
    } prefixes[] = {{1e12, "T"}, {1e9, "G"},  {1e6, "M"},  {1e3, "k"},
                    {1, ""},     {1e-3, "m"}, {1e-6, "µ"}, {1e-9, "n"}};
    double magnitude = value < 0 ? -value : value;

    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (magnitude >= prefixes[i].one) {
            double shown = magnitude / prefixes[i].one;

            return g_strdup_printf("%.*f%s",
                                   shown < 10     ? 3
                                   : shown < 100  ? 2
                                   : shown < 1000 ? 1
                                                  : 0,
                                   value / prefixes[i].one, prefixes[i].prefix);
        }
    }
    return g_strdup("0.000");
}

/* Of @nr values. */
static double median_of(const int64_t *values, uint32_t nr)
{
    g_autofree int64_t *s = sorted(values, nr);

    return nr % 2 != 0 ? (double)s[nr / 2] : ((double)s[nr / 2 - 1] + (double)s[nr / 2]) / 2;
}

/* "236.5µ ± 2%": the median, and half of what lies between the outermost of the middle 95 %. */
static char *spread_text(const int64_t *values, uint32_t nr, double one)
{
    g_autofree int64_t *s = sorted(values, nr);
    double median = median_of(values, nr);
    uint32_t cut = nr * 25 / 1000;
    double half = ((double)s[nr - 1 - cut] - (double)s[cut]) / 2;
    g_autofree char *text = si_text(median / one);

    return nr < 2 || median == 0 ? g_strdup_printf("%s ± ∞", text)
                                 : g_strdup_printf("%s ± %.0f%%", text, half / median * 100);
}

static char *row_name(const struct compare_group *g, const struct compare_metric *m)
{
    return g_strdup_printf("%s/%s%s%s/%s", g->topology, g->workload, g->policy != NULL ? "/" : "",
                           g->policy != NULL ? g->policy : "", m->name);
}

static void append_padded(GString *out, const char *text, glong width)
{
    g_string_append(out, text);
    for (glong i = g_utf8_strlen(text, -1); i < width; i++) {
        g_string_append_c(out, ' ');
    }
}

static void benchstat_row(GString *out, const struct compare_group *g,
                          const struct compare_metric *m, glong width)
{
    g_autofree char *name = row_name(g, m);
    g_autofree char *a = spread_text(m->base, g->nr_seeds, posted[m->unit].one);
    g_autofree char *b = spread_text(m->new_, g->nr_seeds, posted[m->unit].one);
    double before = median_of(m->base, g->nr_seeds), after = median_of(m->new_, g->nr_seeds);
    g_autofree char *change =
        before == 0
            ? g_strdup("-")
            : g_strdup_printf("%+.2f%%", (after - before) / (before < 0 ? -before : before) * 100);
    bool told = m->verdict != COMPARE_UNCLEAR && m->verdict != COMPARE_SAME;

    append_padded(out, name, width);
    append_padded(out, a, 18);
    append_padded(out, b, 18);
    g_string_append_printf(out, "%9s (p=%.3f n=%u)\n", told ? change : "~", m->p, g->nr_seeds);
}

/* Of those that have one. */
static void append_median_ratio(GArray *ratios, const struct compare_metric *m, uint32_t nr)
{
    double before = median_of(m->base, nr), after = median_of(m->new_, nr);

    if (before > 0 && after > 0) {
        double ratio = after / before;

        g_array_append_val(ratios, ratio);
    }
}

/* All metrics in @unit; nothing where there are none. */
static void benchstat_table(GString *out, const struct comparison *c, enum result_unit unit)
{
    g_autoptr(GString) rows = g_string_new(NULL);
    g_autoptr(GArray) ratios = g_array_new(FALSE, FALSE, sizeof(double));
    glong width = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t g = 0; g < c->nr_groups; g++) {
            for (uint32_t i = 0; i < c->groups[g].nr_metrics; i++) {
                const struct compare_metric *m = &c->groups[g].metrics[i];
                g_autofree char *name = row_name(&c->groups[g], m);

                if (m->unit != unit) {
                    continue;
                }
                if (pass == 0) {
                    width = MAX(width, g_utf8_strlen(name, -1) + 2);
                    continue;
                }
                benchstat_row(rows, &c->groups[g], m, width);
                append_median_ratio(ratios, m, c->groups[g].nr_seeds);
            }
        }
    }
    if (rows->len == 0) {
        return;
    }
    double mean = geometric_mean((double *)(void *)ratios->data, ratios->len);

    append_padded(out, "", width);
    append_padded(out, c->base_label, 18);
    g_string_append_printf(out, "%s\n", c->new_label);
    append_padded(out, "", width);
    append_padded(out, posted[unit].name, 18);
    append_padded(out, posted[unit].name, 18);
    g_string_append_printf(out, "%9s\n%s", "vs base", rows->str);
    append_padded(out, "geomean", width + 36);
    g_string_append_printf(out, "%+8.2f%%\n\n", (mean - 1) * 100);
}

char *compare_benchstat(const struct comparison *c, const GArray *findings)
{
    GString *out = g_string_new(NULL);

    compare_append_findings(c, findings, false, out);
    for (int unit = 0; unit < NR_RESULT_UNITS; unit++) {
        benchstat_table(out, c, (enum result_unit)unit);
    }
    for (uint32_t g = 0; g < c->nr_groups; g++) {
        compare_append_lone(c, &c->groups[g], out);
    }
    return g_string_free(out, FALSE);
}
