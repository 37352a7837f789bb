/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A comparison for people: tables of text and of Markdown from the same cells. */
#include <string.h>

#include "observe/compare-print.h"
#include "observe/markdown.h"
#include "observe/result-table.h"
#include "observe/text-table.h"

/* ------------------------------------------------------------------------------------------- */
/* Cells                                                                                        */

static int64_t nearest(double value)
{
    return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

char *compare_mean_text(enum result_unit unit, double mean)
{
    bool counts = unit == RESULT_COUNT || unit == RESULT_PAGES;

    if (counts && mean < 1000 && mean > -1000 && mean != (double)nearest(mean)) {
        return g_strdup_printf("%.1f", mean);
    }
    return result_value_human(unit, nearest(mean));
}

static char *percent_text(double share)
{
    return g_strdup_printf("%+.*f%%", share > -0.1 && share < 0.1 ? 2 : 1, share * 100);
}

char *compare_change_text(const struct compare_metric *m)
{
    double change;

    return compare_change(m, &change) ? percent_text(change) : g_strdup("-");
}

char *compare_interval_text(const struct compare_metric *m)
{
    double base = m->base_mean < 0 ? -m->base_mean : m->base_mean;

    if (base == 0) {
        g_autofree char *low = compare_mean_text(m->unit, m->low);
        g_autofree char *high = compare_mean_text(m->unit, m->high);

        return g_strdup_printf("%s to %s", low, high);
    }
    g_autofree char *low = percent_text(m->low / base);
    g_autofree char *high = percent_text(m->high / base);

    return g_strdup_printf("%s to %s", low, high);
}

char *compare_p_text(const struct compare_metric *m)
{
    return m->p < 0.0005 ? g_strdup("<0.001") : g_strdup_printf("%.3f", m->p);
}

char *compare_seeds_text(const struct compare_group *g)
{
    return g->nr_seeds == 1 ? g_strdup("1 seed, exact") : g_strdup_printf("%u seeds", g->nr_seeds);
}

const char *compare_lone_side(const struct comparison *c, const struct compare_lone *l)
{
    return l->has[0] ? c->base_label : l->has[1] ? c->new_label : "neither";
}

void compare_append_lone(const struct comparison *c, const struct compare_group *g, GString *out)
{
    for (uint32_t i = 0; i < g->nr_lone; i++) {
        const struct compare_lone *l = &g->lone[i];

        if (l->has[0] || l->has[1]) {
            g_string_append_printf(out, "%s: in runs of %s only\n", l->name,
                                   compare_lone_side(c, l));
        } else {
            g_string_append_printf(out, "%s: not in every run\n", l->name);
        }
    }
}

static char *lone_finding_text(const struct comparison *c, const struct gate_finding *f)
{
    const struct compare_lone *l = f->lone;
    int side = l->has[0] ? 0 : 1;
    g_autofree char *title = compare_group_title(f->group);
    g_autofree char *mean = compare_mean_text(l->unit, l->mean[side]);
    g_autofree char *allows = gate_rule_allows(f->rule);

    return g_strdup_printf(
        "%s on %s: %s under %s, but not there in every run of %s; it %s%s%s", l->name, title, mean,
        compare_lone_side(c, l), side == 0 ? c->new_label : c->base_label, allows,
        f->rule->why != NULL ? ": " : "", f->rule->why != NULL ? f->rule->why : "");
}

char *compare_finding_text(const struct comparison *c, const struct gate_finding *f)
{
    if (f->lone != NULL) {
        return lone_finding_text(c, f);
    }
    g_autofree char *title = compare_group_title(f->group);
    g_autofree char *base = compare_mean_text(f->metric->unit, f->metric->base_mean);
    g_autofree char *new_ = compare_mean_text(f->metric->unit, f->metric->new_mean);
    g_autofree char *change = compare_change_text(f->metric);
    g_autofree char *interval =
        f->group->nr_seeds > 1 ? compare_interval_text(f->metric) : g_strdup("exact");
    g_autofree char *allows = gate_rule_allows(f->rule);

    return g_strdup_printf("%s on %s: %s to %s, %s (%s); it %s%s%s", f->metric->name, title, base,
                           new_, change, interval, allows, f->rule->why != NULL ? ": " : "",
                           f->rule->why != NULL ? f->rule->why : "");
}

/* ------------------------------------------------------------------------------------------- */
/* Tables                                                                                       */

enum { MAX_COLUMNS = 7 };

struct sheet {
    bool markdown;
    int32_t nr_columns;
    struct text_table text; /* where it is not Markdown */
    GString *out;
};

static struct sheet sheet_begin(GString *out, bool markdown, const char *const *heads,
                                int32_t nr_columns)
{
    struct sheet s = {.markdown = markdown, .nr_columns = nr_columns, .out = out};

    if (!markdown) {
        s.text = text_table_new(nr_columns);
        for (int32_t i = 0; i < nr_columns; i++) {
            text_table_add(&s.text, g_strdup(heads[i]));
        }
        return s;
    }
    for (int32_t i = 0; i < nr_columns; i++) {
        g_string_append(out, "| ");
        markdown_append(out, heads[i]);
        g_string_append_c(out, ' ');
    }
    g_string_append(out, "|\n| --- ");
    for (int32_t i = 1; i < nr_columns; i++) {
        g_string_append(out, "| ---: ");
    }
    g_string_append(out, "|\n");
    return s;
}

/* Takes @cells. */
static void sheet_row(struct sheet *s, char *const *cells, bool bold)
{
    for (int32_t i = 0; i < s->nr_columns; i++) {
        if (!s->markdown) {
            text_table_add(&s->text, cells[i]);
            continue;
        }
        g_string_append(s->out, "| ");
        if (i == 0) {
            markdown_append_code(s->out, cells[i]);
        } else {
            g_string_append_printf(s->out, bold ? "**%s**" : "%s", cells[i]);
        }
        g_string_append_c(s->out, ' ');
        g_free(cells[i]);
    }
    g_string_append(s->out, s->markdown ? "|\n" : "");
}

static void sheet_end(struct sheet *s)
{
    if (!s->markdown) {
        text_table_finish(&s->text, s->out);
    }
}

/* What can not be compared: with what one side has, and no verdict. */
static void append_lone(const struct compare_group *g, struct sheet *s)
{
    for (uint32_t i = 0; i < g->nr_lone; i++) {
        const struct compare_lone *l = &g->lone[i];
        char *cells[MAX_COLUMNS];
        int32_t at = 0;

        cells[at++] = g_strdup(l->name);
        for (int side = 0; side < 2; side++) {
            cells[at++] = l->has[side] ? compare_mean_text(l->unit, l->mean[side]) : g_strdup("-");
        }
        while (at < s->nr_columns) {
            cells[at++] = g_strdup("-");
        }
        sheet_row(s, cells, false);
    }
}

static void append_group(const struct comparison *c, const struct compare_group *g, bool markdown,
                         GString *out)
{
    bool exact = g->nr_seeds == 1;
    uint32_t equal = 0;
    const char *heads[MAX_COLUMNS] = {"metric", c->base_label, c->new_label, "change"};
    int32_t nr = 4;
    g_autofree char *title = compare_group_title(g);
    g_autofree char *seeds = compare_seeds_text(g);

    if (!exact) {
        heads[nr++] = "95% interval";
        heads[nr++] = "p (Holm)";
    }
    heads[nr++] = "verdict";
    if (markdown) {
        g_string_append(out, "### ");
        markdown_append(out, title);
        g_string_append_printf(out, "\n\n%s\n\n", seeds);
    } else {
        g_string_append_printf(out, "%s: %s\n", title, seeds);
    }
    struct sheet s = sheet_begin(out, markdown, heads, nr);

    for (uint32_t i = 0; i < g->nr_metrics; i++) {
        const struct compare_metric *m = &g->metrics[i];
        char *cells[MAX_COLUMNS];
        int32_t at = 0;

        if (!c->chosen && compare_is_equal(m, g->nr_seeds)) {
            equal++;
            continue;
        }
        cells[at++] = g_strdup(m->name);
        cells[at++] = compare_mean_text(m->unit, m->base_mean);
        cells[at++] = compare_mean_text(m->unit, m->new_mean);
        cells[at++] = compare_change_text(m);
        if (!exact) {
            cells[at++] = compare_interval_text(m);
            cells[at++] = compare_p_text(m);
        }
        cells[at] = g_strdup(compare_verdict_name(m->verdict));
        sheet_row(&s, cells, m->verdict == COMPARE_BETTER || m->verdict == COMPARE_WORSE);
    }
    append_lone(g, &s);
    sheet_end(&s);
    if (equal > 0) {
        g_string_append_printf(out, "%s%u more differ in no run\n", markdown ? "\n" : "  ", equal);
    }
    g_string_append_c(out, '\n');
}

static void append_means(const struct comparison *c, bool markdown, GString *out)
{
    static const char *const heads[] = {"metric", "groups", "new / base", "change"};

    if (c->nr_means == 0) {
        return;
    }
    g_string_append_printf(
        out, markdown ? "### Geometric mean of %u groups\n\n" : "geometric mean of %u groups\n",
        c->nr_groups);
    struct sheet s = sheet_begin(out, markdown, heads, G_N_ELEMENTS(heads));

    for (uint32_t i = 0; i < c->nr_means; i++) {
        char *cells[] = {g_strdup(c->means[i].name), g_strdup_printf("%u", c->means[i].nr_groups),
                         g_strdup_printf("%.4f", c->means[i].ratio),
                         percent_text(c->means[i].ratio - 1)};

        sheet_row(&s, cells, false);
    }
    sheet_end(&s);
    g_string_append_c(out, '\n');
}

/* ------------------------------------------------------------------------------------------- */

void compare_append_findings(const struct comparison *c, const GArray *findings, bool markdown,
                             GString *out)
{
    guint failed = findings != NULL ? gate_nr_failed(findings) : 0;

    if (findings == NULL) {
        return;
    }
    for (guint i = 0; i < failed; i++) {
        g_autofree char *text =
            compare_finding_text(c, &g_array_index(findings, struct gate_finding, i));

        g_string_append(out, markdown ? "- **FAIL** " : "FAIL  ");
        if (markdown) {
            markdown_append(out, text);
        } else {
            g_string_append(out, text);
        }
        g_string_append_c(out, '\n');
    }
    g_string_append_printf(out, "%s%sgate: %u of %u failed%s\n\n",
                           markdown && failed > 0 ? "\n" : "", markdown ? "**" : "", failed,
                           findings->len, markdown ? "**" : "");
}

/* Of @nr pairs. */
static double least_p(uint32_t nr)
{
    return nr > 50 ? 0 : 1.0 / (double)(UINT64_C(1) << (nr - 1));
}

static void append_note(const struct comparison *c, GString *out)
{
    uint32_t least = UINT32_MAX;

    for (uint32_t g = 0; g < c->nr_groups; g++) {
        if (c->groups[g].nr_seeds > 1) {
            least = MIN(least, c->groups[g].nr_seeds);
        }
    }
    if (c->exact) {
        g_string_append(out,
                        "One seed on both sides: the simulator has no noise, and the comparison "
                        "is exact for it.\n");
    } else if (least_p(least) * c->nr_tested > 0.05) {
        g_string_append_printf(
            out,
            "With %u seeds and %u metrics that differ no p can be below %.2g: run more seeds, or "
            "choose metrics with -m.\n",
            least, c->nr_tested, MIN(least_p(least) * c->nr_tested, 1));
    }
}

static char *for_people(const struct comparison *c, const GArray *findings, bool markdown)
{
    GString *out = g_string_new(NULL);

    if (markdown) {
        g_string_append(out, "## numasim: ");
        markdown_append(out, c->new_label);
        g_string_append(out, " against ");
        markdown_append(out, c->base_label);
        g_string_append(out, "\n\n");
    }
    compare_append_findings(c, findings, markdown, out);
    for (uint32_t g = 0; g < c->nr_groups; g++) {
        append_group(c, &c->groups[g], markdown, out);
    }
    append_means(c, markdown, out);
    append_note(c, out);
    return g_string_free(out, FALSE);
}

char *compare_text(const struct comparison *c, const GArray *findings)
{
    return for_people(c, findings, false);
}

char *compare_markdown(const struct comparison *c, const GArray *findings)
{
    return for_people(c, findings, true);
}
