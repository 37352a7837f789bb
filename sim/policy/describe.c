/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/describe.h"

#include <string.h>

#include "policy/param.h"

/* "PATH:LINE:COLUMN", "--set ..."; newly allocated. */
static char *place_text(const struct policy_place *at)
{
    char *text = policy_place_prefix(at);

    if (g_str_has_suffix(text, ": ")) {
        text[strlen(text) - 2] = '\0';
    }
    return text;
}

static void append_param(GString *out, const struct policy_plugin *plugin, uint32_t i)
{
    const struct numasim_param *param = &plugin->desc->params[i];
    const struct policy_origin *origin = &plugin->origins[i];
    g_autofree char *value = policy_param_format(param, plugin->params[i]);
    g_autofree char *def = policy_param_format(param, param->def);
    g_autofree char *range = policy_param_range(param);

    g_string_append_printf(out, "\n  %s = %s\n", param->name, value);
    g_string_append_printf(out, "      %s\n", param->doc);
    g_string_append_printf(out, "      %s, %s; default %s\n", policy_param_type_name(param->type),
                           range, def);
    if (param->knob != NULL) {
        g_string_append_printf(out, "      stands for %s\n", param->knob);
    }
    if (param->source != NULL) {
        g_string_append_printf(out, "      default from %s\n", param->source);
    }
    if (origin->is_set) {
        g_autofree char *at = place_text(&origin->at);

        g_string_append_printf(out, "      set by %s\n", at);
    }
    if (origin->source != NULL) {
        g_string_append_printf(out, "      value from %s%s\n", origin->source,
                               origin->unverified ? " (unverified)" : "");
    } else if (origin->unverified) {
        g_string_append(out, "      value unverified\n");
    }
    if (origin->inherited != NULL && (origin->is_set || origin->other_release)) {
        g_string_append_printf(
            out, "      %s %s%s\n", origin->is_set ? "inherited from" : "default as under",
            origin->inherited, origin->other_release ? ", unverified for this release" : "");
    }
}

static bool is_unverified(const struct policy_origin *origin)
{
    return origin->unverified || origin->other_release;
}

/* How much of @stack no source confirms. */
static void append_unverified(GString *out, const struct policy_stack *stack)
{
    uint32_t nr = 0, all = 0;

    for (uint32_t p = 0; p <= stack->nr_plugins; p++) {
        const struct policy_plugin *plugin =
            p < stack->nr_plugins ? stack->plugins[p] : stack->host;

        for (uint32_t i = 0; i < plugin->nr_params; i++) {
            nr += is_unverified(&plugin->origins[i]);
        }
        all += plugin->nr_params;
    }
    if (nr > 0) {
        g_string_append_printf(out, "unverified: %u of %u parameters, as said at each\n", nr, all);
    }
}

char *policy_describe(const struct policy_plugin *plugin)
{
    const struct numasim_policy *desc = plugin->desc;
    g_autofree char *roles = policy_plugin_roles(plugin);
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "%s %s: %s\n", desc->name, desc->version, desc->summary);
    g_string_append_printf(out, "roles: %s\n", roles);
    g_string_append_printf(out, "source hash: %s\n", plugin->source_hash);
    if (plugin->path != NULL) {
        g_string_append_printf(out, "file: %s\n", plugin->path);
    }
    if (desc->flags & NUMASIM_FLAG_TEST_ONLY) {
        g_string_append(out, "for tests of the engine only, not for measurements\n");
    }
    g_string_append(out, plugin->nr_params > 0 ? "\nparameters:\n" : "\nparameters: none\n");
    for (uint32_t i = 0; i < plugin->nr_params; i++) {
        append_param(out, plugin, i);
    }
    if (desc->essay != NULL) {
        g_string_append_printf(out, "\n%s%s", desc->essay,
                               g_str_has_suffix(desc->essay, "\n") ? "" : "\n");
    }
    return g_string_free(out, FALSE);
}

static void add_text(JsonBuilder *b, const char *name, const char *text)
{
    json_builder_set_member_name(b, name);
    if (text != NULL) {
        json_builder_add_string_value(b, text);
    } else {
        json_builder_add_null_value(b);
    }
}

static void add_number(JsonBuilder *b, const char *name, int64_t value)
{
    json_builder_set_member_name(b, name);
    json_builder_add_int_value(b, value);
}

static void add_strings(JsonBuilder *b, const char *name, const char *const *strings)
{
    json_builder_set_member_name(b, name);
    json_builder_begin_array(b);
    for (size_t i = 0; strings != NULL && strings[i] != NULL; i++) {
        json_builder_add_string_value(b, strings[i]);
    }
    json_builder_end_array(b);
}

static void add_param(JsonBuilder *b, const struct policy_plugin *plugin, uint32_t i)
{
    const struct numasim_param *param = &plugin->desc->params[i];
    const struct policy_origin *origin = &plugin->origins[i];
    g_autofree char *value = policy_param_format(param, plugin->params[i]);
    g_autofree char *def = policy_param_format(param, param->def);
    g_autofree char *range = policy_param_range(param);
    g_autofree char *at = origin->is_set ? place_text(&origin->at) : NULL;

    json_builder_begin_object(b);
    add_text(b, "name", param->name);
    add_text(b, "type", policy_param_type_name(param->type));
    add_number(b, "value", plugin->params[i]);
    add_text(b, "value_text", value);
    add_number(b, "default", param->def);
    add_text(b, "default_text", def);
    add_text(b, "range", range);
    if (param->type == NUMASIM_PARAM_ENUM) {
        add_strings(b, "values", param->values);
    } else if (param->type != NUMASIM_PARAM_BOOL) {
        add_number(b, "min", param->min);
        add_number(b, "max", param->max);
    }
    add_text(b, "doc", param->doc);
    add_text(b, "knob", param->knob);
    add_text(b, "default_source", param->source);
    add_text(b, "set_by", at);
    add_text(b, "value_source", origin->source);
    add_text(b, "inherited_from", origin->inherited);
    json_builder_set_member_name(b, "unverified");
    json_builder_add_boolean_value(b, is_unverified(origin));
    json_builder_end_object(b);
}

static void add_plugin(JsonBuilder *b, const struct policy_plugin *plugin)
{
    const struct numasim_policy *desc = plugin->desc;

    json_builder_begin_object(b);
    add_text(b, "name", desc->name);
    add_text(b, "version", desc->version);
    add_text(b, "summary", desc->summary);
    add_text(b, "source_hash", plugin->source_hash);
    add_text(b, "file", plugin->path);
    json_builder_set_member_name(b, "roles");
    json_builder_begin_array(b);
    for (int r = 0; r < NUMASIM_NR_ROLES; r++) {
        if (policy_plugin_has_role(plugin, (enum numasim_role)r)) {
            json_builder_add_string_value(b, policy_role_name((enum numasim_role)r));
        }
    }
    json_builder_end_array(b);
    json_builder_set_member_name(b, "test_only");
    json_builder_add_boolean_value(b, (desc->flags & NUMASIM_FLAG_TEST_ONLY) != 0);
    json_builder_set_member_name(b, "parameters");
    json_builder_begin_array(b);
    for (uint32_t i = 0; i < plugin->nr_params; i++) {
        add_param(b, plugin, i);
    }
    json_builder_end_array(b);
    add_text(b, "essay", desc->essay);
    json_builder_end_object(b);
}

JsonNode *policy_describe_json(const struct policy_plugin *plugin)
{
    g_autoptr(JsonBuilder) b = json_builder_new();

    add_plugin(b, plugin);
    return json_builder_get_root(b);
}

/* True if one of the first @nr of @texts is the one behind them. */
static bool listed(char *const *texts, size_t nr)
{
    for (size_t i = 0; i < nr; i++) {
        if (strcmp(texts[i], texts[nr]) == 0) {
            return true;
        }
    }
    return false;
}

char *policy_stack_describe(const struct policy_set *set, const struct policy_stack *stack)
{
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "policy set %s%s%s\n", set->name,
                           set->description != NULL ? ": " : "",
                           set->description != NULL ? set->description : "");
    for (size_t i = 0; set->extends[i] != NULL; i++) {
        g_string_append_printf(out, "extends %s\n", set->extends[i]);
    }
    g_string_append_printf(out, "sched_domains as Linux %s builds them%s\n", policy_set_kernel(set),
                           set->kernel != NULL ? "" : " (the default)");
    append_unverified(out, stack);
    g_string_append(out, "\n");
    for (int r = 0; r < NUMASIM_NR_ROLES; r++) {
        const struct policy_plugin *plugin = policy_stack_plugin(stack, (enum numasim_role)r);

        g_string_append_printf(out, "  %-9s  %s\n", policy_role_name((enum numasim_role)r),
                               plugin != NULL ? plugin->desc->name : "- (the engine's default)");
    }
    for (uint32_t i = 0; i < stack->nr_plugins; i++) {
        g_autofree char *text = policy_describe(stack->plugins[i]);

        g_string_append_printf(out, "\n%s", text);
    }
    g_string_append(out, "\nhost:\n");
    for (uint32_t i = 0; i < stack->host->nr_params; i++) {
        append_param(out, stack->host, i);
    }
    for (size_t i = 0; set->sources[i] != NULL; i++) {
        /* One source often stands beside several values. */
        if (!listed(set->sources, i)) {
            g_string_append_printf(out, "%s  %s\n", i == 0 ? "\nsources:\n" : "", set->sources[i]);
        }
    }
    return g_string_free(out, FALSE);
}

JsonNode *policy_stack_describe_json(const struct policy_set *set, const struct policy_stack *stack)
{
    g_autoptr(JsonBuilder) b = json_builder_new();

    json_builder_begin_object(b);
    add_text(b, "name", set->name);
    add_text(b, "description", set->description);
    add_text(b, "kernel", policy_set_kernel(set));
    add_text(b, "digest", set->digest);
    add_strings(b, "extends", (const char *const *)set->extends);
    add_strings(b, "sources", (const char *const *)set->sources);
    json_builder_set_member_name(b, "roles");
    json_builder_begin_object(b);
    for (int r = 0; r < NUMASIM_NR_ROLES; r++) {
        const struct policy_plugin *plugin = policy_stack_plugin(stack, (enum numasim_role)r);

        add_text(b, policy_role_name((enum numasim_role)r),
                 plugin != NULL ? plugin->desc->name : NULL);
    }
    json_builder_end_object(b);
    json_builder_set_member_name(b, "plugins");
    json_builder_begin_array(b);
    for (uint32_t i = 0; i < stack->nr_plugins; i++) {
        add_plugin(b, stack->plugins[i]);
    }
    json_builder_end_array(b);
    json_builder_set_member_name(b, "host");
    json_builder_begin_array(b);
    for (uint32_t i = 0; i < stack->host->nr_params; i++) {
        add_param(b, stack->host, i);
    }
    json_builder_end_array(b);
    json_builder_end_object(b);
    return json_builder_get_root(b);
}
