/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A comparison for machines: JSON and JUnit XML. */
#include "observe/compare-print.h"
#include "observe/json.h"

/* ------------------------------------------------------------------------------------------- */
/* JSON                                                                                         */

static void json_double(struct json_out *out, const char *name, double value)
{
    json_raw(out, name);
    g_string_append_printf(out->text, "%.9g", value);
}

/* A mean in the metric's unit. */
static void json_mean(struct json_out *out, const char *name, enum result_unit unit, double value)
{
    json_double(out, name, value / (double)result_unit_scale(unit));
}

static const struct gate_finding *finding_of(const GArray *findings, const struct compare_metric *m)
{
    for (guint i = 0; findings != NULL && i < findings->len; i++) {
        const struct gate_finding *f = &g_array_index(findings, struct gate_finding, i);

        if (f->metric == m) {
            return f;
        }
    }
    return NULL;
}

static void json_metric(struct json_out *out, const struct compare_metric *m, bool exact,
                        const GArray *findings)
{
    static const char *const goodness[] = {"neutral", "lower", "higher"};
    const struct gate_finding *f = finding_of(findings, m);
    double change;

    json_object_begin(out, m->name, true);
    json_string(out, "unit", result_unit_name(m->unit));
    json_string(out, "good", goodness[m->goodness]);
    json_mean(out, "base", m->unit, m->base_mean);
    json_mean(out, "new", m->unit, m->new_mean);
    json_mean(out, "difference", m->unit, m->difference);
    if (compare_change(m, &change)) {
        json_double(out, "change", change);
    }
    if (!exact) {
        json_mean(out, "low", m->unit, m->low);
        json_mean(out, "high", m->unit, m->high);
        json_double(out, "p", m->p);
    }
    json_string(out, "verdict", compare_verdict_name(m->verdict));
    if (f != NULL) {
        json_string(out, "gate", f->failed ? "failed" : "passed");
    }
    json_object_end(out);
}

/* What one side has, and no verdict. */
static void json_lone(struct json_out *out, const struct compare_lone *l, const GArray *findings)
{
    bool failed = false;

    for (guint i = 0; findings != NULL && i < findings->len; i++) {
        failed |= g_array_index(findings, struct gate_finding, i).lone == l;
    }
    json_object_begin(out, l->name, true);
    json_string(out, "unit", result_unit_name(l->unit));
    if (l->has[0]) {
        json_mean(out, "base", l->unit, l->mean[0]);
    }
    if (l->has[1]) {
        json_mean(out, "new", l->unit, l->mean[1]);
    }
    if (failed) {
        json_string(out, "gate", "failed");
    }
    json_object_end(out);
}

static void json_group(struct json_out *out, const struct compare_group *g, const GArray *findings)
{
    json_object_begin(out, NULL, false);
    json_string(out, "topology", g->topology);
    json_string(out, "workload", g->workload);
    if (g->policy != NULL) {
        json_string(out, "policy", g->policy);
    }
    json_array_begin(out, "seeds", true);
    for (uint32_t i = 0; i < g->nr_seeds; i++) {
        json_int(out, NULL, (int64_t)g->seeds[i]);
    }
    json_array_end(out);
    json_object_begin(out, "metrics", false);
    for (uint32_t i = 0; i < g->nr_metrics; i++) {
        json_metric(out, &g->metrics[i], g->nr_seeds == 1, findings);
    }
    json_object_end(out);
    if (g->nr_lone > 0) {
        json_object_begin(out, "not_compared", false);
        for (uint32_t i = 0; i < g->nr_lone; i++) {
            json_lone(out, &g->lone[i], findings);
        }
        json_object_end(out);
    }
    json_object_end(out);
}

char *compare_json(const struct comparison *c, const GArray *findings)
{
    struct json_out out = json_out_new();

    json_object_begin(&out, NULL, false);
    json_string(&out, "schema", "numasim-compare/1");
    json_string(&out, "base", c->base_label);
    json_string(&out, "new", c->new_label);
    json_bool(&out, "exact", c->exact);
    if (findings != NULL) {
        json_int(&out, "gates", findings->len);
        json_int(&out, "gates_failed", gate_nr_failed(findings));
    }
    json_array_begin(&out, "groups", false);
    for (uint32_t g = 0; g < c->nr_groups; g++) {
        json_group(&out, &c->groups[g], findings);
    }
    json_array_end(&out);
    json_object_begin(&out, "geometric_means", false);
    for (uint32_t i = 0; i < c->nr_means; i++) {
        json_double(&out, c->means[i].name, c->means[i].ratio);
    }
    json_object_end(&out);
    json_object_end(&out);
    return json_out_finish(&out, NULL);
}

/* ------------------------------------------------------------------------------------------- */
/* JUnit                                                                                        */

/* Of @g; *@ret_lone of them about metrics that can not be compared. */
static guint nr_failed_of(const GArray *findings, const struct compare_group *g, guint *ret_lone)
{
    guint failed = 0;

    *ret_lone = 0;
    for (guint i = 0; findings != NULL && i < findings->len; i++) {
        const struct gate_finding *f = &g_array_index(findings, struct gate_finding, i);

        failed += f->failed && f->group == g;
        *ret_lone += f->lone != NULL && f->group == g;
    }
    return failed;
}

static void junit_case(GString *out, const struct comparison *c, const struct compare_group *g,
                       const char *metric, const struct gate_finding *f)
{
    g_autofree char *title = compare_group_title(g);
    g_autofree char *class_ = g_markup_escape_text(title, -1);
    g_autofree char *name = g_markup_escape_text(metric, -1);

    g_string_append_printf(out, "    <testcase classname=\"%s\" name=\"%s\"", class_, name);
    if (f == NULL || !f->failed) {
        g_string_append(out, "/>\n");
        return;
    }
    g_autofree char *text = compare_finding_text(c, f);
    g_autofree char *message = g_markup_escape_text(text, -1);

    g_string_append_printf(out, ">\n      <failure message=\"%s\"/>\n    </testcase>\n", message);
}

char *compare_junit(const struct comparison *c, const GArray *findings)
{
    GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");

    for (uint32_t i = 0; i < c->nr_groups; i++) {
        const struct compare_group *g = &c->groups[i];
        g_autofree char *title = compare_group_title(g);
        g_autofree char *name = g_markup_escape_text(title, -1);
        guint nr_lone, failed = nr_failed_of(findings, g, &nr_lone);

        g_string_append_printf(out, "  <testsuite name=\"%s\" tests=\"%u\" failures=\"%u\">\n",
                               name, g->nr_metrics + nr_lone, failed);
        for (uint32_t m = 0; m < g->nr_metrics; m++) {
            junit_case(out, c, g, g->metrics[m].name, finding_of(findings, &g->metrics[m]));
        }
        for (guint k = 0; findings != NULL && k < findings->len; k++) {
            const struct gate_finding *f = &g_array_index(findings, struct gate_finding, k);

            if (f->group == g && f->lone != NULL) {
                junit_case(out, c, g, f->lone->name, f);
            }
        }
        g_string_append(out, "  </testsuite>\n");
    }
    g_string_append(out, "</testsuites>\n");
    return g_string_free(out, FALSE);
}
