/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of studies, which say by their own unit what they are, and the bounds made of them. */
#include <string.h>

#include "base/error.h"
#include "format/study-private.h"

static const struct {
    const char *key;
    enum study_bound_kind kind;
} bound_keys[] = {
    {"at-least", STUDY_AT_LEAST},
    {"above", STUDY_ABOVE},
    {"at-most", STUDY_AT_MOST},
    {"below", STUDY_BELOW},
};

static const char *const kind_names[] = {"a plain number", "a percentage", "a time",  "a size",
                                         "a bandwidth",    "a rate",       "a factor"};

static const enum unit number_units[] = {UNIT_PPM,   UNIT_PPM,         UNIT_NS,
                                         UNIT_BYTES, UNIT_BYTES_PER_S, UNIT_PER_S};

static enum study_number_kind number_kind(const char *text)
{
    if (strspn(text, "0123456789.") == strlen(text)) {
        return STUDY_PLAIN;
    }
    if (g_str_has_suffix(text, "%")) {
        return STUDY_PERCENT;
    }
    if (g_str_has_suffix(text, "B/s")) {
        return STUDY_BANDWIDTH;
    }
    if (strchr(text, '/') != NULL) {
        return STUDY_RATE;
    }
    return g_str_has_suffix(text, "B") ? STUDY_BYTES : STUDY_TIME;
}

bool study_read_number(const struct yaml_node *node, bool negative, struct study_number *ret,
                       GError **error)
{
    g_autoptr(GError) cause = NULL;
    enum study_number_kind kind;
    const char *text = NULL;
    int64_t value = 0;
    bool minus;

    if (!yaml_string(node, &text, error)) {
        return false;
    }
    minus = text[0] == '-';
    if (minus && !negative) {
        return yaml_error(node, error, "%s is below 0; expected a bound of at least 0", text);
    }
    if (!g_ascii_isdigit(text[minus ? 1 : 0])) {
        return yaml_error(node, error,
                          "'%s' is no number; expected one like 12, 0.95, 5%%, 2ms, "
                          "64MiB or 200/s",
                          text);
    }
    kind = number_kind(text + (minus ? 1 : 0));
    if (!units_parse(text + (minus ? 1 : 0), number_units[kind], &value, &cause)) {
        return yaml_error(node, error, "%s", cause->message);
    }
    *ret = (struct study_number){kind, minus ? -value : value, study_mark(node)};
    return true;
}

bool study_parse_number(const char *text, struct study_number *ret)
{
    bool minus = text[0] == '-';
    enum study_number_kind kind;
    int64_t value;

    text += minus ? 1 : 0;
    if (!g_ascii_isdigit(text[0])) {
        return false;
    }
    kind = number_kind(text);
    if (!units_parse(text, number_units[kind], &value, NULL)) {
        return false;
    }
    *ret = (struct study_number){.kind = kind, .value = minus ? -value : value};
    return true;
}

/* Half of the last digit of @text: 0.05ms of "12.3ms". */
static struct study_number half_digit(const char *text)
{
    g_autoptr(GString) half = g_string_new(NULL);
    size_t digits = strspn(text, "-0123456789.");
    struct study_number number = {0};

    for (size_t i = 0; i < digits; i++) {
        if (text[i] != '-') {
            g_string_append_c(half, text[i] == '.' ? '.' : '0');
        }
    }
    g_string_append_printf(half, "%s5%s", strchr(half->str, '.') == NULL ? "." : "", text + digits);
    if (!study_parse_number(half->str, &number)) {
        number.value = 0; /* finer than the unit's parts */
    }
    return number;
}

void study_parse_measured(struct study_miss *miss)
{
    g_auto(GStrv) ends = g_strsplit(miss->measured, " to ", -1);
    guint nr = g_strv_length(ends);

    miss->nr_numbers = 0;
    for (guint i = 0; i < nr; i++) {
        if (nr > 2 || !study_parse_number(ends[i], &miss->numbers[i])) {
            return;
        }
        miss->half_digit[i] = half_digit(ends[i]);
    }
    if (nr == 1) {
        miss->numbers[1] = miss->numbers[0];
        miss->half_digit[1] = miss->half_digit[0];
    }
    if (miss->numbers[0].kind == miss->numbers[1].kind) {
        miss->nr_numbers = (int32_t)nr;
    }
}

static bool add_bound(struct study_expectation *e, const struct yaml_node *at,
                      enum study_bound_kind kind, const struct study_number *number, GError **error)
{
    bool lower = kind == STUDY_AT_LEAST || kind == STUDY_ABOVE;

    for (int32_t i = 0; i < e->nr_bounds; i++) {
        bool other = e->bounds[i].kind == STUDY_AT_LEAST || e->bounds[i].kind == STUDY_ABOVE;

        if (other == lower) {
            return yaml_error(at->key, error, "a second %s bound; expected one",
                              lower ? "lower" : "upper");
        }
        if (e->bounds[i].number.kind != number->kind) {
            return yaml_error(at, error, "one bound is %s and the other %s; expected both alike",
                              kind_names[e->bounds[i].number.kind], kind_names[number->kind]);
        }
    }
    e->bounds[e->nr_bounds++] = (struct study_bound){.kind = kind, .number = *number};
    return true;
}

/* `between: [LOW, HIGH]`, both ends included. */
static bool read_between(struct study_expectation *e, const struct yaml_node *list, GError **error)
{
    struct study_number number = {0};

    if (list->kind != YAML_KIND_SEQUENCE || list->nr_items != 2) {
        return yaml_error(list, error, "'between' takes two numbers; expected [LOW, HIGH]");
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (!study_read_number(list->items[i], e->form == STUDY_DIFFERENCE, &number, error)) {
            return false;
        }
        if (i == 1 && e->bounds[e->nr_bounds - 1].number.kind != number.kind) {
            return yaml_error(
                list->items[1], error, "one end is %s and the other %s; expected both alike",
                kind_names[e->bounds[e->nr_bounds - 1].number.kind], kind_names[number.kind]);
        }
        if (!add_bound(e, list, i == 0 ? STUDY_AT_LEAST : STUDY_AT_MOST, &number, error)) {
            return false;
        }
    }
    return true;
}

/* A factor (3x), or a number. */
static bool read_margin(const struct yaml_node *node, struct study_number *ret, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *digits = NULL;
    const char *text = NULL;

    if (!yaml_string(node, &text, error)) {
        return false;
    }
    if (!g_str_has_suffix(text, "x")) {
        return study_read_number(node, false, ret, error);
    }
    digits = g_strndup(text, strlen(text) - 1);
    *ret = (struct study_number){.kind = STUDY_FACTOR, .mark = study_mark(node)};
    if (!units_parse(digits, UNIT_PPM, &ret->value, &cause) || ret->value < 1000000 ||
        ret->value > INT64_C(1000000000)) {
        return yaml_error(node, error, "'%s' is no factor; expected one like 3x, from 1x to 1000x",
                          text);
    }
    return true;
}

static bool add_margin(struct study_expectation *e, const struct yaml_node *node,
                       enum study_number_kind kind, GError **error)
{
    struct study_number margin = {0};

    if (!read_margin(node, &margin, error)) {
        return false;
    }
    if (margin.kind == STUDY_PERCENT && margin.value > 1000000) {
        return yaml_error(node, error, "'within' is %s; expected at most 100%%", node->text);
    }
    if (margin.kind != STUDY_PERCENT && margin.kind != STUDY_FACTOR && margin.kind != kind) {
        return yaml_error(node, error, "'within' is %s; expected a percentage or %s",
                          kind_names[margin.kind], kind_names[kind]);
    }
    for (int32_t i = 0; i < e->nr_bounds; i++) {
        e->bounds[i].margins[e->bounds[i].nr_margins++] = margin;
    }
    return true;
}

/* `equals: VALUE`, and `within:` a share of it, a factor or so much, or two of these. */
static bool read_equals(struct study_expectation *e, const struct yaml_node *node,
                        const struct yaml_node *within, GError **error)
{
    struct study_number number = {0};
    bool list = within != NULL && within->kind == YAML_KIND_SEQUENCE;

    if (!study_read_number(node, e->form == STUDY_DIFFERENCE, &number, error) ||
        !add_bound(e, node, STUDY_AT_LEAST, &number, error) ||
        !add_bound(e, node, STUDY_AT_MOST, &number, error)) {
        return false;
    }
    if (within == NULL) {
        return true;
    }
    if (list && (within->nr_items == 0 || within->nr_items > STUDY_MAX_MARGINS)) {
        return yaml_error(within, error, "'within' has %u members; expected one or two",
                          within->nr_items);
    }
    for (uint32_t i = 0; i < (list ? within->nr_items : 1); i++) {
        if (!add_margin(e, list ? within->items[i] : within, number.kind, error)) {
            return false;
        }
    }
    return true;
}

/* Whether no number at all can satisfy both bounds. */
static bool is_empty(const struct study_expectation *e)
{
    int64_t low, high;
    bool strict;

    if (e->nr_bounds < 2 || e->bounds[0].nr_margins > 0) {
        return false;
    }
    int first = e->bounds[0].kind == STUDY_AT_LEAST || e->bounds[0].kind == STUDY_ABOVE ? 0 : 1;

    low = e->bounds[first].number.value;
    high = e->bounds[1 - first].number.value;
    strict = e->bounds[first].kind == STUDY_ABOVE || e->bounds[1 - first].kind == STUDY_BELOW;
    return strict ? low >= high : low > high;
}

bool study_read_bounds(struct study_expectation *e, const struct yaml_node *map,
                       const struct yaml_node *equals, const struct yaml_node *between,
                       GError **error)
{
    const struct yaml_node *within = yaml_map_get(map, "within");

    if (within != NULL && equals == NULL) {
        return yaml_error(within->key, error, "'within' without 'equals'; expected both");
    }
    if ((equals != NULL && !read_equals(e, equals, within, error)) ||
        (between != NULL && !read_between(e, between, error))) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bound_keys); i++) {
        const struct yaml_node *node = yaml_map_get(map, bound_keys[i].key);
        struct study_number number = {0};

        if (node != NULL &&
            (!study_read_number(node, e->form == STUDY_DIFFERENCE, &number, error) ||
             !add_bound(e, node, bound_keys[i].kind, &number, error))) {
            return false;
        }
    }
    if (e->nr_bounds == 0) {
        return yaml_error(map, error,
                          "nothing is expected of it; expected one of at-most, below, "
                          "at-least, above, between, equals");
    }
    if (is_empty(e)) {
        return yaml_error(map, error,
                          "no number lies between these bounds; expected the lower one "
                          "to be lower");
    }
    return true;
}
