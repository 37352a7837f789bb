/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/gate-judge.h"

#include "base/error.h"
#include "base/rational.h"
#include "base/units.h"
#include "observe/study.h"

static bool fail(const struct gate *gate, const struct gate_rule *rule, GError **error,
                 const char *text)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s:%u:%u: %s", gate->path,
                rule->mark.line, rule->mark.column, text);
    return false;
}

static bool is_about(const struct gate_rule *rule, const struct compare_group *g)
{
    return g_pattern_match_simple(rule->topology, g->topology) &&
           g_pattern_match_simple(rule->workload, g->workload);
}

static bool check_unit(const struct gate *gate, const struct gate_rule *rule,
                       const struct compare_metric *m, GError **error)
{
    const struct gate_allowance *allowances[] = {&rule->rise, &rule->fall};

    for (size_t i = 0; i < G_N_ELEMENTS(allowances); i++) {
        if (allowances[i]->stated && !study_kind_fits(m->unit, allowances[i]->absolute.kind)) {
            g_autofree char *text =
                g_strdup_printf("'%s' is measured in %s; expected an amount like %s", m->name,
                                result_unit_name(m->unit), study_bound_example(m->unit));

            return fail(gate, rule, error, text);
        }
    }
    return true;
}

/* @change is at least 0: how far the mean went in the direction that @a bounds. */
static bool exceeds(const struct gate_allowance *a, const struct compare_metric *m, double change)
{
    struct rational amount = study_number_rational(&a->absolute, result_unit_scale(m->unit));
    double base = m->base_mean < 0 ? -m->base_mean : m->base_mean;

    return a->stated && change > (double)amount.num / (double)amount.den &&
           change > base * (double)a->relative_ppm / 1000000;
}

static bool is_too_much(const struct gate_rule *rule, const struct compare_metric *m)
{
    if (m->difference > 0) {
        return m->low > 0 && exceeds(&rule->rise, m, m->difference);
    }
    return m->high < 0 && exceeds(&rule->fall, m, -m->difference);
}

/* The metrics of @g that @rule is about; false with @error where there are none. */
static bool judge_group(const struct gate *gate, const struct gate_rule *rule,
                        const struct comparison *c, const struct compare_group *g, GArray *findings,
                        GError **error)
{
    bool found = false;

    for (uint32_t i = 0; i < g->nr_metrics; i++) {
        const struct compare_metric *m = &g->metrics[i];

        if (g_pattern_match_simple(rule->metric, m->name)) {
            struct gate_finding finding = {rule, g, m, NULL, is_too_much(rule, m)};

            if (!check_unit(gate, rule, m, error)) {
                return false;
            }
            found = true;
            g_array_append_val(findings, finding);
        }
    }
    for (uint32_t i = 0; i < g->nr_lone; i++) {
        const struct compare_lone *l = &g->lone[i];

        if (l->has[0] != l->has[1] && g_pattern_match_simple(rule->metric, l->name)) {
            struct gate_finding finding = {rule, g, NULL, l, true};

            found = true;
            g_array_append_val(findings, finding);
        }
    }
    if (!found) {
        g_autofree char *title = compare_group_title(g);
        g_autofree char *near = comparison_suggest(c, rule->metric);
        g_autofree char *text = g_strdup_printf("no metric of %s is called '%s'; expected one of "
                                                "result.json's%s",
                                                title, rule->metric, near);

        return fail(gate, rule, error, text);
    }
    return true;
}

static GArray *failed_first(const GArray *findings)
{
    GArray *sorted = g_array_new(FALSE, FALSE, sizeof(struct gate_finding));

    for (int wanted = 1; wanted >= 0; wanted--) {
        for (guint i = 0; i < findings->len; i++) {
            struct gate_finding f = g_array_index(findings, struct gate_finding, i);

            if (f.failed == (wanted == 1)) {
                g_array_append_val(sorted, f);
            }
        }
    }
    return sorted;
}

GArray *gate_judge(const struct gate *gate, const struct comparison *c, GError **error)
{
    g_autoptr(GArray) findings = g_array_new(FALSE, FALSE, sizeof(struct gate_finding));

    for (uint32_t i = 0; i < gate->nr_rules; i++) {
        for (uint32_t g = 0; g < c->nr_groups; g++) {
            if (is_about(&gate->rules[i], &c->groups[g]) &&
                !judge_group(gate, &gate->rules[i], c, &c->groups[g], findings, error)) {
                return NULL;
            }
        }
    }
    if (findings->len == 0) {
        fail(gate, &gate->rules[0], error,
             "no gate is about a topology and a workload of these results; expected one at least");
        return NULL;
    }
    return failed_first(findings);
}

guint gate_nr_failed(const GArray *findings)
{
    guint nr = 0;

    while (nr < findings->len && g_array_index(findings, struct gate_finding, nr).failed) {
        nr++;
    }
    return nr;
}

/* "5% and 20us" */
static char *allowance_text(const struct gate_allowance *a)
{
    static const enum unit units[] = {UNIT_PPM,   UNIT_PPM,         UNIT_NS,
                                      UNIT_BYTES, UNIT_BYTES_PER_S, UNIT_PER_S};
    g_autofree char *share = units_format(a->relative_ppm, UNIT_PPM);
    g_autofree char *amount =
        a->absolute.kind == STUDY_PLAIN && a->absolute.value % 1000000 == 0
            ? g_strdup_printf("%" G_GINT64_FORMAT, a->absolute.value / 1000000)
            : units_format(a->absolute.value, units[a->absolute.kind]);

    return g_strdup_printf("%s and %s", share, amount);
}

char *gate_rule_allows(const struct gate_rule *rule)
{
    g_autofree char *rise = rule->rise.stated ? allowance_text(&rule->rise) : NULL;
    g_autofree char *fall = rule->fall.stated ? allowance_text(&rule->fall) : NULL;

    if (rise != NULL && fall != NULL) {
        return g_strdup_printf("may rise by %s, fall by %s", rise, fall);
    }
    return g_strdup_printf("may %s by %s", rise != NULL ? "rise" : "fall",
                           rise != NULL ? rise : fall);
}
