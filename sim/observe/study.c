/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The runs of a study, and whether they have what is expected of them. */
#include "observe/study.h"

#include <string.h>

#include "base/error.h"

void study_results_free(struct study_results *r)
{
    if (r == NULL) {
        return;
    }
    for (int32_t i = 0; i < r->nr_results; i++) {
        result_free(r->results[i]);
        g_free(r->failures[i]);
    }
    g_free(r->failures);
    g_free(r->results);
    g_free(r);
}

/* ------------------------------------------------------------------------------------------- */
/* Names and units                                                                              */

static bool fail(const struct study *s, struct workload_mark at, GError **error, const char *text)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s:%u:%u: %s", s->path, at.line,
                at.column, text);
    return false;
}

/* True if @name is part of a distribution of which @r has the count: it was left out for want of
 * samples. */
static bool lacks_samples(const struct result *r, const char *name)
{
    static const char *const parts[] = {".mean", ".max", ".p50", ".p90", ".p99", ".p99.9"};

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (g_str_has_suffix(name, parts[i])) {
            g_autofree char *stem = g_strndup(name, strlen(name) - strlen(parts[i]));
            g_autofree char *count = g_strconcat(stem, ".count", NULL);

            return result_metric(r, count) != NULL;
        }
    }
    return false;
}

/* " (did you mean 'A'?)": the metric that is spelt most like @name, or else up to three that begin
 * like it; "" where none does. Newly allocated. */
static char *suggest(const struct result *r, const char *name)
{
    enum { SUGGESTIONS = 3, BEGINNING = 4 };
    g_autofree const char **names = g_new0(const char *, (gsize)r->nr_metrics + 1);
    g_autoptr(GString) list = g_string_new(NULL);
    size_t longest = BEGINNING;
    const char *nearest;
    int32_t nr = 0;

    for (int32_t i = 0; i < r->nr_metrics; i++) {
        names[i] = r->metrics[i].name;
    }
    nearest = error_nearest(name, names);
    if (nearest != NULL) {
        return g_strdup_printf(" (did you mean '%s'?)", nearest);
    }
    for (int32_t i = 0; i < r->nr_metrics; i++) {
        size_t same = 0;

        while (name[same] != '\0' && name[same] == names[i][same]) {
            same++;
        }
        if (same > longest) {
            g_string_truncate(list, 0);
            longest = same;
            nr = 0;
        }
        if (same == longest && nr < SUGGESTIONS) {
            g_string_append_printf(list, "%s'%s'", nr > 0 ? ", " : "", names[i]);
            nr++;
        }
    }
    return nr > 0 ? g_strdup_printf(" (did you mean one like %s?)", list->str) : g_strdup("");
}

static bool fail_metric(const struct study *s, const struct study_side *side, const char *name,
                        int32_t cell, const struct result *r, GError **error)
{
    g_autofree char *cell_name = study_cell_name(s, cell);
    g_autofree char *text = NULL;

    if (lacks_samples(r, name)) {
        text = g_strdup_printf("too few samples for '%s' in the runs of %s; expected a lower "
                               "percentile or a longer duration",
                               name, cell_name);
    } else {
        g_autofree char *hint = suggest(r, name);

        text = g_strdup_printf("no metric '%s' in the runs of %s; expected one that result.json "
                               "has%s",
                               name, cell_name, hint);
    }
    return fail(s, side->mark, error, text);
}

static bool side_unit(const struct study *s, const struct study_side *side, int32_t cell,
                      const struct result *r, enum result_unit *ret, GError **error)
{
    for (char **name = side->metrics; *name != NULL; name++) {
        const struct result_metric *m = result_metric(r, *name);

        if (m == NULL) {
            return fail_metric(s, side, *name, cell, r, error);
        }
        if (name != side->metrics && m->unit != *ret) {
            g_autofree char *text = g_strdup_printf(
                "'%s' is in %s, '%s' in %s; expected metrics of one unit to be added up",
                side->metrics[0], result_unit_name(*ret), *name, result_unit_name(m->unit));

            return fail(s, side->mark, error, text);
        }
        *ret = m->unit;
    }
    return true;
}

bool study_kind_fits(enum result_unit unit, enum study_number_kind kind)
{
    switch (unit) {
    case RESULT_NS:
        return kind == STUDY_TIME;
    case RESULT_BYTES:
        return kind == STUDY_BYTES;
    case RESULT_BYTES_PER_S:
        return kind == STUDY_BANDWIDTH;
    case RESULT_PER_S:
        return kind == STUDY_RATE;
    case RESULT_RATIO:
        return kind == STUDY_PLAIN || kind == STUDY_PERCENT;
    case RESULT_COUNT:
    case RESULT_PAGES:
    case NR_RESULT_UNITS:
        break;
    }
    return kind == STUDY_PLAIN;
}

const char *study_bound_example(enum result_unit unit)
{
    static const char *const examples[NR_RESULT_UNITS] = {
        [RESULT_COUNT] = "12",    [RESULT_NS] = "2ms",
        [RESULT_BYTES] = "64MiB", [RESULT_BYTES_PER_S] = "38.4GB/s",
        [RESULT_PAGES] = "1000",  [RESULT_RATIO] = "0.95",
        [RESULT_PER_S] = "200/s",
    };

    return examples[unit];
}

static bool check_bounds(const struct study *s, const struct study_expectation *e,
                         enum result_unit unit, GError **error)
{
    for (int32_t i = 0; e->form != STUDY_RATIO && i < e->nr_bounds; i++) {
        const struct study_number *n = &e->bounds[i].number;

        if (!study_kind_fits(unit, n->kind)) {
            g_autofree char *text = g_strdup_printf(
                "'%s' is measured in %s; expected a bound like %s", e->sides[0].metrics[0],
                result_unit_name(unit), study_bound_example(unit));

            return fail(s, n->mark, error, text);
        }
    }
    return true;
}

/* The side @i of @check, if it is about @cell. @unit: of the sides before it, or NR_RESULT_UNITS. */
static bool verify_side(const struct study *s, const struct study_check *check, int32_t i,
                        int32_t cell, const struct result *r, enum result_unit *unit,
                        GError **error)
{
    const struct study_expectation *e = &s->expectations[check->expectation];
    enum result_unit found = RESULT_COUNT;

    if (check->cells[i] != cell) {
        return true;
    }
    if (!side_unit(s, &e->sides[i], cell, r, &found, error)) {
        return false;
    }
    if (*unit != NR_RESULT_UNITS && *unit != found) {
        g_autofree char *text = g_strdup_printf(
            "'%s' is in %s, the side before it in %s; expected sides of one unit",
            e->sides[i].metrics[0], result_unit_name(found), result_unit_name(*unit));

        return fail(s, e->sides[i].mark, error, text);
    }
    *unit = found;
    return check_bounds(s, e, found, error);
}

bool study_verify(const struct study *study, int32_t cell, const struct result *result,
                  GError **error)
{
    GArray *checks = study_checks(study, error);
    bool ok = checks != NULL;

    for (guint i = 0; ok && i < checks->len; i++) {
        const struct study_check *check = &g_array_index(checks, struct study_check, i);
        enum result_unit unit = NR_RESULT_UNITS;

        for (int32_t k = 0; ok && k < study->expectations[check->expectation].nr_sides; k++) {
            ok = verify_side(study, check, k, cell, result, &unit, error);
        }
    }
    study_checks_free(checks);
    return ok;
}

/* ------------------------------------------------------------------------------------------- */
/* Running                                                                                      */

struct result *study_run_one(const struct study *study, const struct study_inputs *in, int32_t cell,
                             int32_t seed, const struct study_hooks *hooks, char **ret_dump,
                             GError **error)
{
    struct simulate_options options = simulate_options_default();
    struct result *result;
    int32_t item[STUDY_NR_AXES];

    study_cell_items(study, cell, item);
    options.seed = study->seeds[seed];
    options.duration_ns = study->duration_ns;
    options.warmup_ns = study->warmup_ns;
    options.policy_digest = in->policy_digest;
    options.overrides =
        (const char *const *)study->axes[STUDY_POLICY][item[STUDY_POLICY]].overrides;
    options.progress = hooks->progress;
    options.attach = hooks->attach;
    options.data = hooks->data;
    result = simulate(in->machine, in->sds, in->workloads, in->nr_workloads, in->stack, &options,
                      ret_dump, error);
    if (result == NULL) {
        g_autofree char *name = study_cell_name(study, cell);

        g_prefix_error(error, "%s, seed %" G_GUINT64_FORMAT ": ", name, study->seeds[seed]);
    }
    return result;
}

struct study_results *study_results_new(const struct study *study)
{
    struct study_results *r = g_new0(struct study_results, 1);

    r->nr_results = study_nr_cells(study) * study->nr_seeds;
    r->results = g_new0(struct result *, (gsize)r->nr_results);
    r->failures = g_new0(char *, (gsize)r->nr_results);
    return r;
}

char *study_run_folder(const struct study *study, int32_t cell, int32_t seed)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "-+=._";
    int32_t item[STUDY_NR_AXES];
    char *parts[STUDY_NR_AXES];
    char *folder;

    study_cell_items(study, cell, item);
    for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
        parts[axis] = g_strdup(study->axes[axis][item[axis]].name);
        g_strcanon(parts[axis], safe, '_');
    }
    folder = g_strdup_printf("%s/%s/%s/seed-%" G_GUINT64_FORMAT, parts[0], parts[1], parts[2],
                             study->seeds[seed]);
    for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
        g_free(parts[axis]);
    }
    return folder;
}
