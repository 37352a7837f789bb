/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Measured values of a study against what it expects, in exact fractions. */
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "observe/result-table.h"
#include "observe/study.h"

static const int64_t PPM = 1000000;

/* The readings of one comparison. */
struct readings {
    const struct study *study;
    const struct study_results *results;
    const struct study_expectation *e;
    const struct study_check *check;
    enum result_unit unit;
    int64_t scale;      /* integers to one of the unit */
    bool undefined;     /* a lower side of a ratio is 0 */
    bool units_differ;  /* of sides in different cells */
    struct rational *r; /* readings; of an ORDER those of each side, one after another */
    int32_t nr;         /* readings, of an ORDER to each side */
};

/* The sum of the metrics of @side in the run of @cell with the seed of index @seed. */
static int128 side_value(struct readings *m, int32_t side, int32_t seed)
{
    const struct result *r = m->results->results[m->check->cells[side] * m->study->nr_seeds + seed];
    int128 sum = 0;

    for (char **name = m->e->sides[side].metrics; *name != NULL; name++) {
        const struct result_metric *metric = result_metric(r, *name);

        m->units_differ = m->units_differ || metric->unit != m->unit;
        sum += metric->value;
    }
    return sum;
}

static int compare(const void *a, const void *b)
{
    return rational_compare(*(const struct rational *)a, *(const struct rational *)b);
}

/* One of the readings @r (sorted by this) as @over says; not of MEAN and EACH. */
static struct rational pick(struct rational *r, int32_t nr, enum study_over over)
{
    qsort(r, (size_t)nr, sizeof(*r), compare);
    return over == STUDY_MIN ? r[0] : over == STUDY_MAX ? r[nr - 1] : r[(nr - 1) / 2];
}

static struct rational reading(struct readings *m, int128 a, int128 b, int128 nr)
{
    if (m->e->form != STUDY_RATIO) {
        return rational_make(m->e->form == STUDY_DIFFERENCE ? a - b : a, nr);
    }
    if (b == 0) {
        m->undefined = true;
        return rational_make(0, 1);
    }
    return rational_make(a, b);
}

/* VALUE, RATIO, DIFFERENCE: paired by seed. */
static void read_pairs(struct readings *m)
{
    int32_t nr = m->study->nr_seeds;
    int128 a_sum = 0, b_sum = 0;

    m->r = g_new0(struct rational, (gsize)nr);
    m->nr = nr;
    for (int32_t seed = 0; seed < nr; seed++) {
        int128 a = side_value(m, 0, seed);
        int128 b = m->e->nr_sides > 1 ? side_value(m, 1, seed) : 0;

        a_sum += a;
        b_sum += b;
        if (m->e->over != STUDY_MEAN) {
            m->r[seed] = reading(m, a, b, 1);
        }
    }
    if (m->e->over == STUDY_MEAN) {
        m->r[0] = reading(m, a_sum, b_sum, nr);
        m->nr = 1;
    } else if (m->e->over == STUDY_RANGE) {
        m->r = g_renew(struct rational, m->r, (gsize)nr + 1);
        qsort(m->r, (size_t)nr, sizeof(*m->r), compare);
        m->r[1] = m->r[nr - 1];
        m->nr = 2;
    } else if (m->e->over != STUDY_EACH) {
        m->r[0] = pick(m->r, nr, m->e->over);
        m->nr = 1;
    }
}

static void read_order(struct readings *m)
{
    int32_t nr = m->study->nr_seeds;
    g_autofree struct rational *side = g_new0(struct rational, (gsize)nr);

    m->nr = m->e->over == STUDY_EACH ? nr : 1;
    m->r = g_new0(struct rational, (gsize)m->nr * (gsize)m->e->nr_sides);
    for (int32_t i = 0; i < m->e->nr_sides; i++) {
        int128 sum = 0;

        for (int32_t seed = 0; seed < nr; seed++) {
            side[seed] = rational_make(side_value(m, i, seed), 1);
            sum += side[seed].num;
        }
        if (m->e->over == STUDY_EACH) {
            memcpy(&m->r[i * nr], side, (size_t)nr * sizeof(*side));
        } else {
            m->r[i] =
                m->e->over == STUDY_MEAN ? rational_make(sum, nr) : pick(side, nr, m->e->over);
        }
    }
}

/* @r, a bound from below or above, loosened. */
static struct rational loosened(struct rational r, const struct study_number *margin, bool lower,
                                int64_t scale)
{
    bool smaller = lower == (r.num >= 0); /* a margin widens on both sides of 0 */

    if (margin->kind == STUDY_PERCENT) {
        r.num *= PPM + (smaller ? -margin->value : margin->value);
        r.den *= PPM;
    } else if (margin->kind == STUDY_FACTOR) {
        r.num *= smaller ? PPM : margin->value;
        r.den *= smaller ? margin->value : PPM;
    } else {
        int128 by = study_number_rational(margin, scale).num;

        r.num += lower ? -by : by;
    }
    return r;
}

static struct rational bound_value(const struct readings *m, const struct study_bound *bound)
{
    /* A ratio has no unit: parts per million are all there is of it. */
    int64_t scale = m->e->form == STUDY_RATIO ? 1 : m->scale;
    struct rational exact = study_number_rational(&bound->number, scale), loosest = exact;
    bool lower = bound->kind == STUDY_AT_LEAST || bound->kind == STUDY_ABOVE;

    for (int32_t i = 0; i < bound->nr_margins; i++) {
        struct rational r = loosened(exact, &bound->margins[i], lower, scale);
        int c = rational_compare(r, loosest);

        if (lower ? c < 0 : c > 0) {
            loosest = r;
        }
    }
    return loosest;
}

static bool within_bounds(const struct readings *m, struct rational r)
{
    for (int32_t i = 0; i < m->e->nr_bounds; i++) {
        int c = rational_compare(r, bound_value(m, &m->e->bounds[i]));

        switch (m->e->bounds[i].kind) {
        case STUDY_AT_LEAST:
            if (c < 0) {
                return false;
            }
            break;
        case STUDY_ABOVE:
            if (c <= 0) {
                return false;
            }
            break;
        case STUDY_AT_MOST:
            if (c > 0) {
                return false;
            }
            break;
        case STUDY_BELOW:
            if (c >= 0) {
                return false;
            }
            break;
        }
    }
    return true;
}

/* Whether the readings, from the least to the largest, reach what the bounds allow. */
static bool reaches_bounds(const struct readings *m)
{
    for (int32_t i = 0; i < m->e->nr_bounds; i++) {
        const struct study_bound *bound = &m->e->bounds[i];
        bool lower = bound->kind == STUDY_AT_LEAST || bound->kind == STUDY_ABOVE;
        bool strict = bound->kind == STUDY_ABOVE || bound->kind == STUDY_BELOW;
        int c = rational_compare(m->r[lower ? 1 : 0], bound_value(m, bound));

        if ((lower ? c < 0 : c > 0) || (strict && c == 0)) {
            return false;
        }
    }
    return true;
}

/* Reading @k of each side against that of its neighbour. */
static bool in_order(const struct readings *m, int32_t k)
{
    for (int32_t i = 0; i + 1 < m->e->nr_sides; i++) {
        struct rational low = m->r[(i + (m->e->falling ? 1 : 0)) * m->nr + k];
        struct rational high = m->r[(i + (m->e->falling ? 0 : 1)) * m->nr + k];
        int c;

        low.num *= PPM + m->e->by_ppm;
        low.den *= PPM;
        c = rational_compare(high, low);
        if (c < 0 || (c == 0 && m->e->by_ppm == 0 && !m->e->ties)) {
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* For people                                                                                   */

static bool is_share(const struct study_expectation *e)
{
    return e->nr_bounds > 0 && e->bounds[0].number.kind == STUDY_PERCENT;
}

/* @ppm as "1.034", "12.30", "0.000213", or "69.71%". */
static char *ratio_text(int64_t ppm, bool share)
{
    const char *sign = ppm < 0 ? "-" : "";
    uint64_t v = ppm < 0 ? -(uint64_t)ppm : (uint64_t)ppm;
    int decimals = v >= 100000000 ? 1 : v >= 10000000 ? 2 : v >= 100000 ? 3 : 6;
    uint64_t unit = 1000000, rest;

    if (share) {
        v = (v + 50) / 100;
        return g_strdup_printf("%s%" G_GUINT64_FORMAT ".%02" G_GUINT64_FORMAT "%%", sign, v / 100,
                               v % 100);
    }
    for (int i = 0; i < decimals; i++) {
        unit /= 10;
    }
    v = (v + unit / 2) / unit * unit;
    rest = v % 1000000 / unit;
    return g_strdup_printf("%s%" G_GUINT64_FORMAT ".%0*" G_GUINT64_FORMAT, sign, v / 1000000,
                           decimals, rest);
}

static char *value_text(const struct readings *m, struct rational r)
{
    if (m->e->form == STUDY_RATIO) {
        return ratio_text(rational_round(r, PPM), is_share(m->e));
    }
    if (m->unit == RESULT_RATIO) {
        return ratio_text(rational_round(r, 1), is_share(m->e));
    }
    return result_value_human(m->unit, rational_round(r, 1));
}

/* A decimal of @value / @scale without zeros at its end. */
static char *decimal_text(int64_t value, int64_t scale, int decimals, const char *unit)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_printf(text, "%" G_GINT64_FORMAT ".%0*" G_GINT64_FORMAT, value / scale, decimals,
                    value % scale);
    while (g_str_has_suffix(text->str, "0")) {
        g_string_truncate(text, text->len - 1);
    }
    if (g_str_has_suffix(text->str, ".")) {
        g_string_truncate(text, text->len - 1);
    }
    return g_strconcat(text->str, unit, NULL);
}

static char *number_text(const struct study_number *n)
{
    int64_t v = n->value < 0 ? -n->value : n->value;
    g_autofree char *text = NULL;

    switch (n->kind) {
    case STUDY_PLAIN:
        text = decimal_text(v, PPM, 6, "");
        break;
    case STUDY_PERCENT:
        text = decimal_text(v, PPM / 100, 4, "%");
        break;
    case STUDY_FACTOR:
        text = decimal_text(v, PPM, 6, "x");
        break;
    case STUDY_RATE:
        text = decimal_text(v, 1000, 3, "/s");
        break;
    case STUDY_BANDWIDTH:
        text = units_format(v, UNIT_BYTES_PER_S);
        break;
    case STUDY_TIME:
    case STUDY_BYTES:
        text = units_format(v, n->kind == STUDY_TIME ? UNIT_NS : UNIT_BYTES);
        break;
    }
    return g_strconcat(n->value < 0 ? "-" : "", text, NULL);
}

/* True where @e is `equals: NUMBER`. */
static bool is_equality(const struct study_expectation *e)
{
    return e->nr_bounds == 2 && e->bounds[0].number.value == e->bounds[1].number.value;
}

static char *expected_text(const struct study_expectation *e)
{
    static const char *const words[] = {"at least", "above", "at most", "below"};
    GString *text = g_string_new(NULL);

    if (e->form == STUDY_ORDER) {
        g_autofree char *by = e->by_ppm > 0 ? units_format(e->by_ppm, UNIT_PPM) : NULL;

        g_string_append(text, e->falling ? "falling" : "rising");
        if (by != NULL) {
            g_string_append_printf(text, " by %s", by);
        } else if (e->ties) {
            g_string_append(text, " or equal");
        }
    } else if (is_equality(e)) {
        g_autofree char *number = number_text(&e->bounds[0].number);
        g_string_append(text, number);
        for (int32_t i = 0; i < e->bounds[0].nr_margins; i++) {
            g_autofree char *margin = number_text(&e->bounds[0].margins[i]);

            g_string_append_printf(text, "%s%s", i > 0 ? " or " : " ± ", margin);
        }
    } else {
        for (int32_t i = 0; i < e->nr_bounds; i++) {
            g_autofree char *number = number_text(&e->bounds[i].number);

            g_string_append_printf(text, "%s%s %s", i > 0 ? ", " : "", words[e->bounds[i].kind],
                                   number);
        }
    }
    return g_string_free(text, FALSE);
}

/* One reading, or the extremes of several; the sides of an order one after another. */
static char *measured_text(const struct readings *m)
{
    int32_t nr_rows = m->e->form == STUDY_ORDER ? m->e->nr_sides : 1;
    GString *text = g_string_new(NULL);

    for (int32_t row = 0; row < nr_rows; row++) {
        struct rational *r = &m->r[row * m->nr];
        g_autofree struct rational *sorted = g_memdup2(r, (gsize)m->nr * sizeof(*r));

        qsort(sorted, (size_t)m->nr, sizeof(*sorted), compare);
        g_autofree char *first = value_text(m, sorted[0]);
        g_autofree char *last = value_text(m, sorted[m->nr - 1]);

        g_string_append_printf(text, "%s%s", row > 0 ? ", " : "", first);
        if (strcmp(first, last) != 0) {
            g_string_append_printf(text, "..%s", last);
        }
    }
    return g_string_free(text, FALSE);
}

static void append_int128(GString *out, int128 value)
{
    char digits[48];
    size_t at = sizeof(digits) - 1;
    uint128 v = value < 0 ? -(uint128)value : (uint128)value;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + (int)(v % 10));
        v /= 10;
    } while (v > 0);
    g_string_append_printf(out, "%s%s", value < 0 ? "-" : "", digits + at);
}

/* Each reading as a fraction of the integers that it came from. */
static char *exact_text(const struct readings *m)
{
    int32_t nr = m->nr * (m->e->form == STUDY_ORDER ? m->e->nr_sides : 1);
    GString *text = g_string_new(NULL);

    for (int32_t i = 0; i < nr; i++) {
        struct rational r = m->r[i];
        int128 den = r.den * (m->e->form == STUDY_RATIO ? 1 : m->scale);

        g_string_append(text, i > 0 ? " " : "");
        append_int128(text, r.num);
        if (den != 1) {
            g_string_append_c(text, '/');
            append_int128(text, den);
        }
    }
    return g_string_free(text, FALSE);
}

/* ------------------------------------------------------------------------------------------- */

static bool has_moved(const struct readings *m, const struct study_verdict *v)
{
    struct rational least = m->r[0], most = m->r[0];
    enum result_unit unit = m->e->form == STUDY_RATIO ? RESULT_RATIO : m->unit;

    if (v->passed || v->miss == NULL || m->undefined || m->units_differ ||
        m->e->form == STUDY_ORDER || !study_kind_fits(unit, v->miss->numbers[0].kind)) {
        return false;
    }
    for (int32_t i = 1; i < m->nr; i++) {
        least = rational_compare(m->r[i], least) < 0 ? m->r[i] : least;
        most = rational_compare(m->r[i], most) > 0 ? m->r[i] : most;
    }
    return study_miss_moved(v->miss, least, most, m->e->form == STUDY_RATIO ? 1 : m->scale);
}

static int64_t distance(const struct readings *m)
{
    int64_t scale = m->e->form == STUDY_RATIO ? 1 : m->scale;

    if (m->undefined || m->units_differ || !is_equality(m->e)) {
        return -1;
    }
    return study_off_ppm(study_number_rational(&m->e->bounds[0].number, scale), m->r, m->nr,
                         m->e->over == STUDY_RANGE);
}

static void judge(struct readings *m, struct study_verdict *v)
{
    int32_t failed = 0;

    if (m->e->form == STUDY_ORDER) {
        read_order(m);
    } else {
        read_pairs(m);
    }
    for (int32_t k = 0; m->e->over != STUDY_RANGE && k < m->nr; k++) {
        if (m->e->form == STUDY_ORDER ? !in_order(m, k) : !within_bounds(m, m->r[k])) {
            failed++;
        }
    }
    if (m->e->over == STUDY_RANGE && !reaches_bounds(m)) {
        failed = 1;
    }
    v->passed = failed == 0 && !m->undefined && !m->units_differ;
    v->measured = m->undefined ? g_strdup("undefined") : measured_text(m);
    v->exact = m->undefined ? g_strdup("") : exact_text(m);
    v->expected = expected_text(m->e);
    if (m->undefined) {
        v->note = g_strdup("the lower side of the ratio is 0");
    } else if (m->units_differ) {
        v->note = g_strdup("the sides are in different units");
    } else if (failed > 0 && m->nr > 1 && m->e->over != STUDY_RANGE) {
        v->note = g_strdup_printf("with %d of %d seeds", failed, m->nr);
    }
    v->moved = has_moved(m, v);
    v->off_ppm = distance(m);
    g_free(m->r);
}

/* A run of one of its sides failed. */
static bool is_lost(const struct readings *m)
{
    for (int32_t side = 0; side < m->e->nr_sides; side++) {
        for (int32_t seed = 0; seed < m->study->nr_seeds; seed++) {
            if (m->results->results[m->check->cells[side] * m->study->nr_seeds + seed] == NULL) {
                return true;
            }
        }
    }
    return false;
}

GArray *study_judge(const struct study *study, const struct study_results *results)
{
    GArray *verdicts = g_array_new(FALSE, TRUE, sizeof(struct study_verdict));
    GArray *checks = study_checks(study, NULL);

    for (guint i = 0; i < checks->len; i++) {
        const struct study_check *check = &g_array_index(checks, struct study_check, i);
        const struct study_expectation *e = &study->expectations[check->expectation];
        struct study_verdict verdict = {.expectation = check->expectation,
                                        .miss = study_check_miss(study, check),
                                        .off_ppm = -1};
        struct readings m = {.study = study, .results = results, .e = e, .check = check};

        verdict.cells = g_memdup2(check->cells, (gsize)e->nr_sides * sizeof(*check->cells));
        if (is_lost(&m)) {
            verdict.lost = true;
            verdict.measured = g_strdup("nothing");
            verdict.exact = g_strdup("");
            verdict.expected = expected_text(e);
            verdict.note = g_strdup("a run that it needs failed");
        } else {
            const struct result *first = results->results[check->cells[0] * study->nr_seeds];

            m.unit = result_metric(first, e->sides[0].metrics[0])->unit;
            m.scale = result_unit_scale(m.unit);
            judge(&m, &verdict);
        }
        g_array_append_val(verdicts, verdict);
    }
    study_checks_free(checks);
    return verdicts;
}

void study_verdicts_free(GArray *verdicts)
{
    if (verdicts == NULL) {
        return;
    }
    for (guint i = 0; i < verdicts->len; i++) {
        struct study_verdict *v = &g_array_index(verdicts, struct study_verdict, i);

        g_free(v->cells);
        g_free(v->measured);
        g_free(v->expected);
        g_free(v->exact);
        g_free(v->note);
    }
    g_array_unref(verdicts);
}

bool study_passed(GArray *verdicts)
{
    for (guint i = 0; i < verdicts->len; i++) {
        const struct study_verdict *v = &g_array_index(verdicts, struct study_verdict, i);

        if (!v->passed && (v->lost || v->miss == NULL)) {
            return false;
        }
    }
    return true;
}
