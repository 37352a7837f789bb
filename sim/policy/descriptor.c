/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/descriptor.h"

#include <string.h>

#include "base/error.h"
#include "policy/param.h"
#include "policy/plugin.h"

static bool fail(const char *where, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

static bool fail(const char *where, GError **error, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_PLUGIN, "%s: %s", where, message);
    return false;
}

bool policy_name_valid(const char *name)
{
    if (!g_ascii_islower(name[0])) {
        return false;
    }
    for (const char *p = name; *p != '\0'; p++) {
        if (!g_ascii_islower(*p) && !g_ascii_isdigit(*p) && *p != '-' && *p != '.') {
            return false;
        }
    }
    return true;
}

/* Names of parameters are those of the kernel's knobs: lower case with underscores. */
static bool param_name_valid(const char *name)
{
    if (!g_ascii_islower(name[0])) {
        return false;
    }
    for (const char *p = name; *p != '\0'; p++) {
        if (!g_ascii_islower(*p) && !g_ascii_isdigit(*p) && *p != '_') {
            return false;
        }
    }
    return true;
}

/* How many values a choice has; 0 for a table that is missing. */
static int64_t count_values(const char *const *values)
{
    int64_t n = 0;

    while (values != NULL && values[n] != NULL) {
        n++;
    }
    return n;
}

static bool check_default(const struct numasim_param *p, const char *where, GError **error)
{
    int64_t nr_values;

    switch (p->type) {
    case NUMASIM_PARAM_BOOL:
        if (p->def != 0 && p->def != 1) {
            return fail(where, error,
                        "default %" G_GINT64_FORMAT " of parameter '%s'; expected 0 or 1",
                        (gint64)p->def, p->name);
        }
        return true;
    case NUMASIM_PARAM_ENUM:
        nr_values = count_values(p->values);
        if (nr_values == 0) {
            return fail(where, error, "parameter '%s' is a choice without values; expected a list",
                        p->name);
        }
        if (p->def < 0 || p->def >= nr_values) {
            return fail(where, error,
                        "default %" G_GINT64_FORMAT " of parameter '%s'; expected an index in "
                        "0..%" G_GINT64_FORMAT,
                        (gint64)p->def, p->name, (gint64)(nr_values - 1));
        }
        return true;
    default:
        break;
    }
    if (p->min > p->max) {
        return fail(where, error, "parameter '%s' has an empty range; expected min <= max",
                    p->name);
    }
    if (p->def < p->min || p->def > p->max) {
        g_autofree char *def = policy_param_format(p, p->def);
        g_autofree char *range = policy_param_range(p);

        return fail(where, error, "default %s of parameter '%s' is out of its range; expected %s",
                    def, p->name, range);
    }
    return true;
}

static bool check_params(const struct numasim_param *params, const char *where, GError **error)
{
    for (uint32_t i = 0; params != NULL && params[i].name != NULL; i++) {
        const struct numasim_param *p = &params[i];

        if (i == POLICY_MAX_PARAMS) {
            return fail(where, error,
                        "more than %d parameters; expected a table that ends with a zeroed row",
                        POLICY_MAX_PARAMS);
        }
        if (!param_name_valid(p->name)) {
            return fail(where, error, "parameter name '%s'; expected lower case with underscores",
                        p->name);
        }
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(params[j].name, p->name) == 0) {
                return fail(where, error, "parameter '%s' stands twice in the table; expected once",
                            p->name);
            }
        }
        if (policy_param_type_name(p->type) == NULL) {
            return fail(where, error,
                        "parameter '%s' has the unknown type %u; expected a NUMASIM_PARAM_*",
                        p->name, (unsigned)p->type);
        }
        if (p->doc == NULL || p->doc[0] == '\0') {
            return fail(where, error, "parameter '%s' has no doc; expected one sentence", p->name);
        }
        if (!check_default(p, where, error)) {
            return false;
        }
    }
    return true;
}

static bool check_texts(const struct numasim_policy *desc, const char *where, GError **error)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"name", desc->name}, {"summary", desc->summary}, {"version", desc->version}};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (texts[i].text == NULL || texts[i].text[0] == '\0') {
            return fail(where, error, "the descriptor has no %s; expected one", texts[i].name);
        }
    }
    if (!policy_name_valid(desc->name)) {
        return fail(where, error,
                    "policy name '%s'; expected a lower-case letter, then letters, digits, dots "
                    "and dashes",
                    desc->name);
    }
    return true;
}

static bool check_roles(const struct numasim_policy *desc, const char *where, GError **error)
{
    const struct numasim_queue_ops *queue = desc->queue;
    const char *missing;

    if (queue == NULL && desc->balance == NULL && desc->numa == NULL && desc->tier == NULL &&
        desc->placement == NULL) {
        return fail(where, error,
                    "the descriptor has no role; expected operations for one of queue, balance, "
                    "numa, tier, placement");
    }
    if (queue == NULL) {
        return true;
    }
    missing = queue->enqueue == NULL   ? "enqueue"
              : queue->dequeue == NULL ? "dequeue"
              : queue->pick == NULL    ? "pick"
                                       : NULL;
    if (missing != NULL) {
        return fail(where, error, "role 'queue' has no %s callback, which is required", missing);
    }
    return true;
}

bool policy_descriptor_check(const struct numasim_policy *desc, const char *where, const char *name,
                             GError **error)
{
    uint32_t unknown;

    if (desc->abi != NUMASIM_POLICY_ABI) {
        return fail(where, error,
                    "the plugin was built for policy ABI %u; expected ABI %u: build it again with "
                    "this numasim's numasim-policy.h",
                    desc->abi, NUMASIM_POLICY_ABI);
    }
    unknown = desc->flags & ~NUMASIM_FLAGS_ALL;
    if (unknown != 0) {
        return fail(where, error, "unknown flags 0x%x; expected only those of 0x%x", unknown,
                    NUMASIM_FLAGS_ALL);
    }
    if (!check_texts(desc, where, error)) {
        return false;
    }
    if (name != NULL && strcmp(desc->name, name) != 0) {
        return fail(where, error, "the policy calls itself '%s'; expected '%s', as the file",
                    desc->name, name);
    }
    return check_roles(desc, where, error) && check_params(desc->params, where, error);
}
