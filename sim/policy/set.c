/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/set.h"

#include <string.h>

#include "base/error.h"

static const char *const role_names[] = {
    [NUMASIM_ROLE_QUEUE] = "queue",         [NUMASIM_ROLE_BALANCE] = "balance",
    [NUMASIM_ROLE_NUMA] = "numa",           [NUMASIM_ROLE_TIER] = "tier",
    [NUMASIM_ROLE_PLACEMENT] = "placement", [NUMASIM_NR_ROLES] = NULL,
};

const char *policy_set_kernel(const struct policy_set *set)
{
    return set->kernel != NULL ? set->kernel : POLICY_SET_KERNEL;
}

const char *policy_role_name(enum numasim_role role)
{
    return (int)role == POLICY_HOST ? "host" : role_names[role];
}

const char *const *policy_role_names(void)
{
    return role_names;
}

static struct policy_place place_copy(const struct policy_place *at)
{
    return (struct policy_place){
        .file = g_strdup(at->file), .line = at->line, .column = at->column};
}

static struct policy_value value_copy(const struct policy_value *value)
{
    return (struct policy_value){
        .param = g_ascii_strdown(value->param, -1),
        .text = g_strdup(value->text),
        .source = g_strdup(value->source),
        .unverified = value->unverified,
        .inherited = g_strdup(value->inherited),
        .other_release = value->other_release,
        .param_at = place_copy(&value->param_at),
        .text_at = place_copy(&value->text_at),
    };
}

static void value_release(struct policy_value *value)
{
    g_free(value->param);
    g_free(value->text);
    g_free(value->source);
    g_free(value->inherited);
    g_free(value->param_at.file);
    g_free(value->text_at.file);
}

static void drop_values(struct policy_role *role)
{
    for (uint32_t i = 0; i < role->nr_values; i++) {
        value_release(&role->values[i]);
    }
    g_clear_pointer(&role->values, g_free);
    role->nr_values = 0;
}

static void drop_confirmed(struct policy_role *role)
{
    for (uint32_t i = 0; i < role->nr_confirmed; i++) {
        value_release(&role->confirmed[i]);
    }
    g_clear_pointer(&role->confirmed, g_free);
    role->nr_confirmed = 0;
}

static void add_confirmed(struct policy_role *role, const struct policy_value *value)
{
    role->confirmed = g_renew(struct policy_value, role->confirmed, role->nr_confirmed + 1);
    role->confirmed[role->nr_confirmed++] = value_copy(value);
}

/* The index of the value of @param, or nr_values. */
static uint32_t find_value(const struct policy_role *role, const char *param)
{
    uint32_t i = 0;

    while (i < role->nr_values && strcmp(role->values[i].param, param) != 0) {
        i++;
    }
    return i;
}

static void remove_value(struct policy_role *role, uint32_t i)
{
    value_release(&role->values[i]);
    role->nr_values--;
    memmove(&role->values[i], &role->values[i + 1],
            (role->nr_values - i) * sizeof(role->values[0]));
}

struct policy_set *policy_set_new(const char *name)
{
    struct policy_set *set = g_new0(struct policy_set, 1);

    set->name = g_strdup(name);
    set->extends = g_new0(char *, 1);
    set->below = g_new0(char *, 1);
    set->sources = g_new0(char *, 1);
    set->roles[POLICY_HOST].plugin = g_strdup("host");
    return set;
}

struct policy_set *policy_set_copy(const struct policy_set *set)
{
    struct policy_set *copy = g_new0(struct policy_set, 1);

    copy->name = g_strdup(set->name);
    copy->path = g_strdup(set->path);
    copy->description = g_strdup(set->description);
    copy->kernel = g_strdup(set->kernel);
    copy->digest = g_strdup(set->digest);
    copy->extends = g_strdupv(set->extends);
    copy->below = g_strdupv(set->below);
    copy->sources = g_strdupv(set->sources);
    for (int r = 0; r < POLICY_NR_PARTS; r++) {
        const struct policy_role *role = &set->roles[r];

        policy_set_plugin(copy, (enum numasim_role)r, role->plugin, role->source, role->plugin_at);
        for (uint32_t i = 0; i < role->nr_values; i++) {
            policy_set_value(copy, (enum numasim_role)r, &role->values[i]);
        }
        for (uint32_t i = 0; i < role->nr_confirmed; i++) {
            add_confirmed(&copy->roles[r], &role->confirmed[i]);
        }
        copy->roles[r].inherited = g_strdup(role->inherited);
        copy->roles[r].other_release = role->other_release;
    }
    return copy;
}

void policy_set_free(struct policy_set *set)
{
    if (set == NULL) {
        return;
    }
    for (int r = 0; r < POLICY_NR_PARTS; r++) {
        drop_values(&set->roles[r]);
        drop_confirmed(&set->roles[r]);
        g_free(set->roles[r].inherited);
        g_free(set->roles[r].plugin);
        g_free(set->roles[r].source);
        g_free(set->roles[r].plugin_at.file);
    }
    g_free(set->name);
    g_free(set->path);
    g_free(set->description);
    g_free(set->kernel);
    g_free(set->digest);
    g_strfreev(set->extends);
    g_strfreev(set->below);
    g_strfreev(set->sources);
    g_free(set);
}

void policy_set_plugin(struct policy_set *set, enum numasim_role role, const char *plugin,
                       const char *source, struct policy_place at)
{
    struct policy_role *r = &set->roles[role];
    struct policy_role old = *r;

    if (g_strcmp0(old.plugin, plugin) != 0) {
        drop_values(r);
        drop_confirmed(r);
    }
    g_clear_pointer(&r->inherited, g_free);
    r->other_release = false;
    r->plugin = g_strdup(plugin);
    r->source = g_strdup(source);
    r->plugin_at = place_copy(&at);
    g_free(old.plugin);
    g_free(old.source);
    g_free(old.plugin_at.file);
}

void policy_set_value(struct policy_set *set, enum numasim_role role,
                      const struct policy_value *value)
{
    struct policy_role *r = &set->roles[role];
    struct policy_value copy = value_copy(value);
    uint32_t i = find_value(r, copy.param);

    if (i < r->nr_values) {
        value_release(&r->values[i]);
    } else {
        r->nr_values++;
        r->values = g_renew(struct policy_value, r->values, r->nr_values);
    }
    r->values[i] = copy;
}

void policy_set_inherit(struct policy_set *set, const char *below)
{
    for (int r = 0; r < POLICY_NR_PARTS; r++) {
        struct policy_role *role = &set->roles[r];

        role->inherited = role->inherited != NULL ? role->inherited : g_strdup(below);
        for (uint32_t i = 0; i < role->nr_values; i++) {
            struct policy_value *value = &role->values[i];

            value->inherited = value->inherited != NULL ? value->inherited : g_strdup(below);
        }
    }
}

void policy_set_change_release(struct policy_set *set)
{
    for (int r = 0; r < POLICY_NR_PARTS; r++) {
        struct policy_role *role = &set->roles[r];

        role->other_release = true;
        drop_confirmed(role);
        for (uint32_t i = 0; i < role->nr_values; i++) {
            role->values[i].other_release = true;
        }
    }
}

void policy_set_confirm(struct policy_set *set, enum numasim_role role,
                        const struct policy_value *confirmed)
{
    struct policy_role *r = &set->roles[role];
    g_autofree char *param = g_ascii_strdown(confirmed->param, -1);
    uint32_t i = find_value(r, param);

    if (i == r->nr_values) {
        add_confirmed(r, confirmed);
        return;
    }
    g_free(r->values[i].source);
    r->values[i].source = g_strdup(confirmed->source);
    r->values[i].unverified = r->values[i].other_release = false;
}

static bool find_role(const char *assignment, const char *name, enum numasim_role *ret_role,
                      GError **error)
{
    const char *nearest;
    g_autofree char *hint = NULL;

    for (int r = 0; r < POLICY_NR_PARTS; r++) {
        if (strcmp(name, policy_role_name((enum numasim_role)r)) == 0) {
            *ret_role = (enum numasim_role)r;
            return true;
        }
    }
    nearest = error_nearest(name, role_names);
    hint = nearest != NULL ? g_strdup_printf(" (did you mean '%s'?)", nearest) : g_strdup("");
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "--set %s: unknown role '%s'; expected one of queue, balance, numa, tier, "
                "placement, host%s",
                assignment, name, hint);
    return false;
}

/* A plugin that serves several roles has one table of parameters: the last word is the only one. */
static void override_value(struct policy_set *set, enum numasim_role role, const char *param,
                           const char *text, char *said)
{
    struct policy_value value = {
        .param = g_strdup(param),
        .text = g_strdup(text),
        .param_at = {.file = g_strdup(said)},
        .text_at = {.file = g_strdup(said)},
    };

    for (int r = 0; r < NUMASIM_NR_ROLES; r++) {
        struct policy_role *other = &set->roles[r];
        uint32_t i = find_value(other, value.param);

        if (r != (int)role && i < other->nr_values &&
            g_strcmp0(other->plugin, set->roles[role].plugin) == 0) {
            remove_value(other, i);
        }
    }
    policy_set_value(set, role, &value);
    value_release(&value);
}

bool policy_assignment_parse(const char *assignment, enum numasim_role *ret_role, char **ret_param,
                             GError **error)
{
    const char *equals = strchr(assignment, '=');
    g_autofree char *left = NULL;
    enum numasim_role role;
    char *dot;

    if (equals == NULL || equals == assignment || equals[1] == '\0') {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "--set %s: not an assignment; expected ROLE.PARAM=VALUE or ROLE=PLUGIN, as in "
                    "queue.base_slice=3ms",
                    assignment);
        return false;
    }
    left = g_strndup(assignment, (gsize)(equals - assignment));
    dot = strchr(left, '.');
    if (dot != NULL) {
        *dot = '\0';
    }
    if (!find_role(assignment, left, &role, error)) {
        return false;
    }
    if (dot == NULL && (int)role == POLICY_HOST) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "--set %s: the host is no plugin; expected host.PARAM=VALUE", assignment);
        return false;
    }
    if (dot != NULL && dot[1] == '\0') {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "--set %s: no parameter after '%s.'; expected ROLE.PARAM=VALUE", assignment,
                    left);
        return false;
    }
    *ret_role = role;
    *ret_param = dot != NULL ? g_ascii_strdown(dot + 1, -1) : NULL;
    return true;
}

bool policy_set_override(struct policy_set *set, const char *assignment, GError **error)
{
    g_autofree char *said = g_strdup_printf("--set %s", assignment);
    g_autofree char *param = NULL;
    enum numasim_role role;
    const char *right;

    if (!policy_assignment_parse(assignment, &role, &param, error)) {
        return false;
    }
    right = strchr(assignment, '=') + 1;
    if (param == NULL) {
        policy_set_plugin(set, role, right, NULL, (struct policy_place){.file = said});
        return true;
    }
    if (set->roles[role].plugin == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "--set %s: policy set '%s' names no plugin for role '%s'; name one with "
                    "--set %s=PLUGIN first",
                    assignment, set->name, policy_role_name(role), policy_role_name(role));
        return false;
    }
    override_value(set, role, param, right, said);
    return true;
}

char *policy_place_prefix(const struct policy_place *at)
{
    if (at->file == NULL) {
        return g_strdup("");
    }
    if (at->line == 0) {
        return g_strdup_printf("%s: ", at->file);
    }
    return g_strdup_printf("%s:%u:%u: ", at->file, at->line, at->column);
}
