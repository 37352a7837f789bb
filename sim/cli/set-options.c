/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/set-options.h"

#include <string.h>

#include "base/error.h"
#include "cli/crash.h"
#include "policy/loader.h"

/* One assignment, taken apart. */
struct assignment {
    enum numasim_role role;
    char *param; /* NULL: ROLE=PLUGIN */
    bool taken;
};

static void free_assignments(struct assignment *list, guint nr)
{
    for (guint i = 0; i < nr; i++) {
        g_free(list[i].param);
    }
    g_free(list);
}

/* The plugins of the set @name with those that @all puts into its roles; NULL with @error. */
static struct policy_stack *load_stack(const struct paths *paths, const char *name,
                                       char *const *all, const struct assignment *list,
                                       GError **error)
{
    g_autoptr(policy_set_t) set = paths_read_set(paths, name, error);
    struct policy_stack *stack;

    for (guint i = 0; set != NULL && all[i] != NULL; i++) {
        if (list[i].param == NULL && !policy_set_override(set, all[i], error)) {
            return NULL;
        }
    }
    if (set == NULL) {
        return NULL;
    }
    crash_guard_begin("loading the plugins of a set");
    stack = paths_load_stack(paths, set, error);
    crash_guard_end();
    return stack;
}

static struct policy_plugin *plugin_of(const struct policy_stack *stack, enum numasim_role role)
{
    if ((int)role == POLICY_HOST) {
        return stack->host;
    }
    return stack->slot[role] >= 0 ? stack->plugins[stack->slot[role]] : NULL;
}

/* The plugin of @stack that has the parameter, or NULL. */
static struct policy_plugin *find_param(const struct policy_stack *stack,
                                        const struct assignment *assignment)
{
    struct policy_plugin *plugin = plugin_of(stack, assignment->role);

    return plugin != NULL && policy_plugin_param(plugin, assignment->param) >= 0 ? plugin : NULL;
}

/* False with @error as policy_plugin_set(). */
static bool try_value(struct policy_plugin *plugin, const struct assignment *assignment,
                      const char *text, GError **error)
{
    g_autofree char *said = g_strdup_printf("--set %s", text);
    const struct policy_value value = {
        .param = assignment->param,
        .text = (char *)(guintptr)(strchr(text, '=') + 1),
        .param_at = {.file = said},
        .text_at = {.file = said},
    };

    return policy_plugin_set(plugin, &value, error);
}

/* Two plugins may mean different things by one name: base_slice of cfs is a switch. */
static bool takes(const struct policy_stack *stack, const struct assignment *assignment,
                  const char *text)
{
    struct policy_plugin *plugin = assignment->param != NULL ? find_param(stack, assignment) : NULL;

    return assignment->param == NULL ||
           (plugin != NULL && try_value(plugin, assignment, text, NULL));
}

static bool fail_nobody(const char *text, const struct assignment *assignment, GPtrArray *stacks,
                        GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *nearest;

    for (guint p = 0; p < stacks->len; p++) {
        struct policy_plugin *plugin = plugin_of(stacks->pdata[p], assignment->role);

        if (find_param(stacks->pdata[p], assignment) != NULL) {
            return try_value(plugin, assignment, text, error);
        }
        for (uint32_t i = 0; plugin != NULL && i < plugin->nr_params; i++) {
            g_ptr_array_add(names, (char *)(guintptr)plugin->desc->params[i].name);
        }
    }
    g_ptr_array_add(names, NULL);
    nearest = error_nearest(assignment->param, (const char *const *)names->pdata);
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "--set %s: none of the policies has a parameter '%s' for role '%s'; expected one "
                "that `numasim policy show` prints%s%s%s",
                text, assignment->param, policy_role_name(assignment->role),
                nearest != NULL ? " (did you mean '" : "", nearest != NULL ? nearest : "",
                nearest != NULL ? "'?)" : "");
    return false;
}

static void free_stack(gpointer stack)
{
    policy_stack_free(stack);
}

static void free_strings(gpointer strings)
{
    g_strfreev(strings);
}

static bool share(const struct paths *paths, char *const *policies, char *const *all,
                  struct assignment *list, GPtrArray *each, GError **error)
{
    g_autoptr(GPtrArray) stacks = g_ptr_array_new_with_free_func(free_stack);

    for (guint p = 0; policies[p] != NULL; p++) {
        struct policy_stack *stack = load_stack(paths, policies[p], all, list, error);
        GPtrArray *own = g_ptr_array_new();

        for (guint i = 0; stack != NULL && all[i] != NULL; i++) {
            if (takes(stack, &list[i], all[i])) {
                list[i].taken = true;
                g_ptr_array_add(own, g_strdup(all[i]));
            }
        }
        g_ptr_array_add(own, NULL);
        g_ptr_array_add(each, g_ptr_array_free(own, FALSE));
        if (stack == NULL) {
            return false;
        }
        g_ptr_array_add(stacks, stack);
    }
    for (guint i = 0; all[i] != NULL; i++) {
        if (!list[i].taken) {
            return fail_nobody(all[i], &list[i], stacks, error);
        }
    }
    return true;
}

bool set_options_share(const struct paths *paths, char *const *policies, char *const *all,
                       GPtrArray **ret_each, GError **error)
{
    g_autoptr(GPtrArray) each = g_ptr_array_new_with_free_func(free_strings);
    guint nr = g_strv_length((char **)(guintptr)all);
    struct assignment *list = g_new0(struct assignment, nr + 1);
    bool ok = true;

    for (guint i = 0; ok && i < nr; i++) {
        ok = policy_assignment_parse(all[i], &list[i].role, &list[i].param, error);
    }
    if (ok && (nr == 0 || policies[0] == NULL || policies[1] == NULL)) {
        for (guint p = 0; policies[p] != NULL; p++) {
            g_ptr_array_add(each, g_strdupv((char **)(guintptr)all));
        }
    } else {
        ok = ok && share(paths, policies, all, list, each, error);
    }
    free_assignments(list, nr);
    if (ok) {
        *ret_each = g_steal_pointer(&each);
    }
    return ok;
}
