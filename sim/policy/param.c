/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/param.h"

#include <string.h>

#include "base/units.h"

/* What the types are called, and how their quantities are written. */
static const struct type_info {
    const char *name;
    const char *article; /* in a sentence */
    const char *example; /* or NULL */
    enum unit unit;
} types[] = {
    [NUMASIM_PARAM_INT] = {"int", "an integer", NULL, UNIT_NONE},
    [NUMASIM_PARAM_BOOL] = {"bool", NULL, NULL, UNIT_NONE},
    [NUMASIM_PARAM_NS] = {"time", "a time", "2ms", UNIT_NS},
    [NUMASIM_PARAM_BYTES] = {"size", "a size", "64MiB", UNIT_BYTES},
    [NUMASIM_PARAM_PPM] = {"share", "a share", "12.5%", UNIT_PPM},
    [NUMASIM_PARAM_ENUM] = {"choice", NULL, NULL, UNIT_NONE},
};

uint32_t policy_param_count(const struct numasim_param *params)
{
    uint32_t n = 0;

    while (params != NULL && params[n].name != NULL) {
        n++;
    }
    return n;
}

const char *policy_param_type_name(enum numasim_param_type type)
{
    return (size_t)type < G_N_ELEMENTS(types) ? types[type].name : NULL;
}

static bool parse_bool(const char *text, int64_t *ret_value)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret_value = (int64_t)(i & 1);
            return true;
        }
    }
    return false;
}

static bool parse_choice(const char *const *values, const char *text, int64_t *ret_value)
{
    for (int64_t i = 0; values[i] != NULL; i++) {
        if (strcmp(text, values[i]) == 0) {
            *ret_value = i;
            return true;
        }
    }
    return false;
}

bool policy_param_parse(const struct numasim_param *param, const char *text, int64_t *ret_value)
{
    bool negative = text[0] == '-';
    int64_t value;

    if (param->type == NUMASIM_PARAM_BOOL) {
        return parse_bool(text, ret_value);
    }
    if (param->type == NUMASIM_PARAM_ENUM) {
        return parse_choice(param->values, text, ret_value);
    }
    /* units_parse() knows no negative quantity; a parameter's range may have them. */
    if (!units_parse(text + negative, types[param->type].unit, &value, NULL)) {
        return false;
    }
    value = negative ? -value : value;
    if (value < param->min || value > param->max) {
        return false;
    }
    *ret_value = value;
    return true;
}

char *policy_param_format(const struct numasim_param *param, int64_t value)
{
    g_autofree char *magnitude = NULL;

    if (param->type == NUMASIM_PARAM_BOOL) {
        return g_strdup(value != 0 ? "true" : "false");
    }
    if (param->type == NUMASIM_PARAM_ENUM) {
        return g_strdup(param->values[value]);
    }
    if (param->type == NUMASIM_PARAM_INT || value == INT64_MIN) {
        return g_strdup_printf("%" G_GINT64_FORMAT, (gint64)value);
    }
    magnitude = units_format(value < 0 ? -value : value, types[param->type].unit);
    return g_strdup_printf("%s%s", value < 0 ? "-" : "", magnitude);
}

char *policy_param_range(const struct numasim_param *param)
{
    g_autofree char *min = NULL;
    g_autofree char *max = NULL;

    if (param->type == NUMASIM_PARAM_BOOL) {
        return g_strdup("true or false");
    }
    if (param->type == NUMASIM_PARAM_ENUM) {
        g_autofree char *list = g_strjoinv(", ", (char **)(guintptr)param->values);

        return g_strdup_printf("one of %s", list);
    }
    min = policy_param_format(param, param->min);
    max = policy_param_format(param, param->max);
    if (param->max == INT64_MAX) {
        return g_strdup_printf("%s or more", min);
    }
    return g_strdup_printf("%s..%s", min, max);
}

char *policy_param_expected(const struct numasim_param *param)
{
    const struct type_info *type = &types[param->type];
    g_autofree char *range = policy_param_range(param);

    if (type->article == NULL) {
        return g_steal_pointer(&range);
    }
    if (param->max == INT64_MAX) {
        return g_strdup_printf("%s, %s%s%s", type->article, range,
                               type->example != NULL ? ", such as " : "",
                               type->example != NULL ? type->example : "");
    }
    return g_strdup_printf("%s in %s%s%s", type->article, range,
                           type->example != NULL ? ", such as " : "",
                           type->example != NULL ? type->example : "");
}
