/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/loader.h"

#include <string.h>

#include "base/error.h"

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of the *.so in @search_dirs, sorted, each once; (transfer full), NULL-terminated. */
static char **available_names(const char *const *search_dirs)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (size_t d = 0; search_dirs[d] != NULL; d++) {
        g_autoptr(GDir) dir = g_dir_open(search_dirs[d], 0, NULL);
        const char *file;

        while (dir != NULL && (file = g_dir_read_name(dir)) != NULL) {
            g_autofree char *name = NULL;

            if (!g_str_has_suffix(file, ".so")) {
                continue;
            }
            name = g_strndup(file, strlen(file) - strlen(".so"));
            if (!g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL)) {
                g_ptr_array_add(names, g_steal_pointer(&name));
            }
        }
    }
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

static char *find_in(const char *name, const char *const *search_dirs)
{
    g_autofree char *file = g_strconcat(name, ".so", NULL);

    for (size_t d = 0; search_dirs[d] != NULL; d++) {
        g_autofree char *path = g_build_filename(search_dirs[d], file, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            return g_steal_pointer(&path);
        }
    }
    return NULL;
}

char *policy_plugin_find(const char *name, const char *const *search_dirs,
                         const struct policy_place *at, GError **error)
{
    static const struct policy_place nowhere = {0};
    char *path = strchr(name, '/') != NULL ? g_strdup(name) : find_in(name, search_dirs);
    g_autofree char *prefix = policy_place_prefix(at != NULL ? at : &nowhere);
    g_autofree char *dirs = NULL;
    g_auto(GStrv) names = NULL;
    const char *nearest;

    if (path != NULL && g_file_test(path, G_FILE_TEST_EXISTS)) {
        return path;
    }
    if (path != NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_PLUGIN,
                    "%sno file '%s'; expected a policy's shared object", prefix, path);
        g_free(path);
        return NULL;
    }
    dirs = g_strjoinv(", ", (char **)(guintptr)search_dirs);
    names = available_names(search_dirs);
    nearest = error_nearest(name, (const char *const *)names);
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_PLUGIN,
                "%sno policy '%s'; expected %s.so in %s%s%s%s", prefix, name, name,
                dirs[0] != '\0' ? dirs : "a folder of policies",
                nearest != NULL ? " (did you mean '" : "", nearest != NULL ? nearest : "",
                nearest != NULL ? "'?)" : "");
    return NULL;
}

/* The slot of the plugin that an earlier role named with the same words, or -1. */
static int32_t slot_of_earlier(const struct policy_stack *stack, const struct policy_set *set,
                               int role)
{
    for (int r = 0; r < role; r++) {
        if (g_strcmp0(set->roles[r].plugin, set->roles[role].plugin) == 0) {
            return stack->slot[r];
        }
    }
    return -1;
}

static bool load_role(struct policy_stack *stack, const struct policy_set *set, int role,
                      const char *const *search_dirs, GError **error)
{
    const struct policy_role *said = &set->roles[role];
    int32_t slot = slot_of_earlier(stack, set, role);

    if (slot < 0) {
        g_autofree char *path =
            policy_plugin_find(said->plugin, search_dirs, &said->plugin_at, error);
        g_autoptr(policy_plugin_t) plugin = NULL;

        if (path == NULL) {
            return false;
        }
        plugin = policy_plugin_load(path, error);
        if (plugin == NULL) {
            g_autofree char *prefix = policy_place_prefix(&said->plugin_at);

            g_prefix_error(error, "%s", prefix);
            return false;
        }
        slot = (int32_t)stack->nr_plugins++;
        stack->plugins[slot] = g_steal_pointer(&plugin);
    }
    if (!policy_plugin_has_role(stack->plugins[slot], (enum numasim_role)role)) {
        g_autofree char *prefix = policy_place_prefix(&said->plugin_at);
        g_autofree char *roles = policy_plugin_roles(stack->plugins[slot]);

        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_PLUGIN,
                    "%spolicy '%s' has no operations for role '%s'; it serves %s", prefix,
                    stack->plugins[slot]->desc->name, policy_role_name((enum numasim_role)role),
                    roles);
        return false;
    }
    stack->slot[role] = slot;
    return true;
}

/* True if the values of @role agree with those that earlier roles gave to the same plugin. */
static bool check_agreement(const struct policy_stack *stack, const struct policy_set *set,
                            int role, const struct policy_value *value, GError **error)
{
    for (int r = 0; r < role; r++) {
        const struct policy_role *other = &set->roles[r];

        if (stack->slot[r] != stack->slot[role]) {
            continue;
        }
        for (uint32_t i = 0; i < other->nr_values; i++) {
            if (strcmp(other->values[i].param, value->param) == 0 &&
                strcmp(other->values[i].text, value->text) != 0) {
                g_autofree char *prefix = policy_place_prefix(&value->text_at);

                g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                            "%s'%s' of plugin '%s' is %s here and %s for role '%s'; expected one "
                            "value, for one plugin serves both roles",
                            prefix, value->param, other->plugin, value->text, other->values[i].text,
                            policy_role_name((enum numasim_role)r));
                return false;
            }
        }
    }
    return true;
}

static bool apply_values(struct policy_stack *stack, const struct policy_set *set, int role,
                         GError **error)
{
    const struct policy_role *said = &set->roles[role];

    for (uint32_t i = 0; i < said->nr_values; i++) {
        if (!check_agreement(stack, set, role, &said->values[i], error) ||
            !policy_plugin_set(stack->plugins[stack->slot[role]], &said->values[i], error)) {
            return false;
        }
    }
    return true;
}

/* Where defaults come from, when all values are in place. */
static bool settle_origins(struct policy_stack *stack, const struct policy_set *set, GError **error)
{
    for (int r = 0; r < POLICY_NR_PARTS; r++) {
        const struct policy_role *said = &set->roles[r];
        struct policy_plugin *plugin = r == POLICY_HOST       ? stack->host
                                       : said->plugin != NULL ? stack->plugins[stack->slot[r]]
                                                              : NULL;

        if (plugin == NULL) {
            continue;
        }
        policy_plugin_inherit(plugin, said);
        for (uint32_t i = 0; i < said->nr_confirmed; i++) {
            if (!policy_plugin_confirm(plugin, &said->confirmed[i], error)) {
                return false;
            }
        }
    }
    return true;
}

static struct policy_stack *stack_new(const char *name)
{
    struct policy_stack *stack = g_new0(struct policy_stack, 1);

    stack->name = g_strdup(name);
    stack->host = policy_plugin_host();
    for (int r = 0; r < NUMASIM_NR_ROLES; r++) {
        stack->slot[r] = -1;
    }
    return stack;
}

static void fill_operations(struct policy_stack *stack)
{
    const struct policy_plugin *by_role[NUMASIM_NR_ROLES];

    for (int r = 0; r < NUMASIM_NR_ROLES; r++) {
        by_role[r] = policy_stack_plugin(stack, (enum numasim_role)r);
    }
    if (by_role[NUMASIM_ROLE_QUEUE] != NULL) {
        stack->queue = by_role[NUMASIM_ROLE_QUEUE]->desc->queue;
    }
    if (by_role[NUMASIM_ROLE_BALANCE] != NULL) {
        stack->balance = by_role[NUMASIM_ROLE_BALANCE]->desc->balance;
    }
    if (by_role[NUMASIM_ROLE_NUMA] != NULL) {
        stack->numa = by_role[NUMASIM_ROLE_NUMA]->desc->numa;
    }
    if (by_role[NUMASIM_ROLE_TIER] != NULL) {
        stack->tier = by_role[NUMASIM_ROLE_TIER]->desc->tier;
    }
    if (by_role[NUMASIM_ROLE_PLACEMENT] != NULL) {
        stack->placement = by_role[NUMASIM_ROLE_PLACEMENT]->desc->placement;
    }
}

struct policy_stack *policy_stack_load(const struct policy_set *set, const char *const *search_dirs,
                                       GError **error)
{
    g_autoptr(policy_stack_t) stack = stack_new(set->name);

    if (set->roles[NUMASIM_ROLE_QUEUE].plugin == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s%spolicy set '%s' names no plugin for role 'queue'; expected one, such as "
                    "eevdf",
                    set->path != NULL ? set->path : "", set->path != NULL ? ": " : "", set->name);
        return NULL;
    }
    for (int r = 0; r < NUMASIM_NR_ROLES; r++) {
        if (set->roles[r].plugin != NULL && (!load_role(stack, set, r, search_dirs, error) ||
                                             !apply_values(stack, set, r, error))) {
            return NULL;
        }
    }
    for (uint32_t i = 0; i < set->roles[POLICY_HOST].nr_values; i++) {
        if (!policy_plugin_set(stack->host, &set->roles[POLICY_HOST].values[i], error)) {
            return NULL;
        }
    }
    if (!settle_origins(stack, set, error)) {
        return NULL;
    }
    fill_operations(stack);
    return g_steal_pointer(&stack);
}

struct policy_stack *
policy_stack_from_descriptors(const struct numasim_policy *const by_role[NUMASIM_NR_ROLES],
                              GError **error)
{
    g_autoptr(policy_stack_t) stack = stack_new("descriptors");

    if (by_role[NUMASIM_ROLE_QUEUE] == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "no descriptor for role 'queue'; expected one");
        return NULL;
    }
    for (int r = 0; r < NUMASIM_NR_ROLES; r++) {
        int32_t slot = 0;

        if (by_role[r] == NULL) {
            continue;
        }
        while (slot < (int32_t)stack->nr_plugins && stack->plugins[slot]->desc != by_role[r]) {
            slot++;
        }
        if (slot == (int32_t)stack->nr_plugins) {
            stack->plugins[slot] = policy_plugin_from_descriptor(by_role[r], error);
            if (stack->plugins[slot] == NULL) {
                return NULL;
            }
            stack->nr_plugins++;
        }
        if (!policy_plugin_has_role(stack->plugins[slot], (enum numasim_role)r)) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_PLUGIN,
                        "plugin '%s' has no operations for role '%s'", by_role[r]->name,
                        policy_role_name((enum numasim_role)r));
            return NULL;
        }
        stack->slot[r] = slot;
    }
    fill_operations(stack);
    return g_steal_pointer(&stack);
}

void policy_stack_free(struct policy_stack *stack)
{
    if (stack == NULL) {
        return;
    }
    for (uint32_t i = 0; i < stack->nr_plugins; i++) {
        policy_plugin_free(stack->plugins[i]);
    }
    policy_plugin_free(stack->host);
    g_free(stack->name);
    g_free(stack);
}

const struct policy_plugin *policy_stack_plugin(const struct policy_stack *stack,
                                                enum numasim_role role)
{
    return stack->slot[role] >= 0 ? stack->plugins[stack->slot[role]] : NULL;
}

static void listing_free(gpointer data)
{
    struct policy_listing *entry = data;

    g_free(entry->name);
    g_free(entry->path);
    g_free(entry->summary);
    g_free(entry->version);
    g_free(entry->roles);
    g_free(entry->problem);
    g_free(entry);
}

GPtrArray *policy_list_available(const char *const *search_dirs)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(listing_free);
    g_auto(GStrv) names = available_names(search_dirs);

    for (size_t i = 0; names[i] != NULL; i++) {
        struct policy_listing *entry = g_new0(struct policy_listing, 1);
        g_autoptr(policy_plugin_t) plugin = NULL;
        g_autoptr(GError) error = NULL;

        entry->name = g_strdup(names[i]);
        entry->path = find_in(names[i], search_dirs);
        g_ptr_array_add(list, entry);
        if (entry->path == NULL) {
            entry->problem = g_strdup("not a regular file");
            continue;
        }
        plugin = policy_plugin_load(entry->path, &error);
        if (plugin == NULL) {
            entry->problem = g_strdup(error->message);
            continue;
        }
        entry->summary = g_strdup(plugin->desc->summary);
        entry->version = g_strdup(plugin->desc->version);
        entry->roles = policy_plugin_roles(plugin);
        entry->test_only = (plugin->desc->flags & NUMASIM_FLAG_TEST_ONLY) != 0;
    }
    return list;
}
