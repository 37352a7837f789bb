/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/plugin.h"

#include <dlfcn.h>
#include <string.h>

#include "base/error.h"
#include "policy/descriptor.h"
#include "policy/host.h"
#include "policy/param.h"

/* Takes @handle. */
static struct policy_plugin *plugin_new(const struct numasim_policy *desc, const char *path,
                                        void *handle)
{
    struct policy_plugin *plugin = g_new0(struct policy_plugin, 1);

    plugin->desc = desc;
    plugin->path = g_strdup(path);
    plugin->handle = handle;
    plugin->nr_params = policy_param_count(desc->params);
    plugin->params = g_new0(int64_t, plugin->nr_params);
    plugin->origins = g_new0(struct policy_origin, plugin->nr_params);
    for (uint32_t i = 0; i < plugin->nr_params; i++) {
        plugin->params[i] = desc->params[i].def;
    }
    return plugin;
}

static void close_handle(void *handle)
{
    if (handle != NULL && g_getenv("NUMASIM_NO_DLCLOSE") == NULL) {
        dlclose(handle);
    }
}

/* dlerror() without the path that it usually begins with. */
static const char *loader_message(const char *path)
{
    const char *message = dlerror();

    if (message == NULL) {
        return "unknown reason";
    }
    if (g_str_has_prefix(message, path) && g_str_has_prefix(message + strlen(path), ": ")) {
        return message + strlen(path) + 2;
    }
    return message;
}

static void *open_object(const char *path, GError **error)
{
    /* Without a slash the dynamic linker would search its own folders. */
    g_autofree char *file =
        strchr(path, '/') != NULL ? g_strdup(path) : g_strconcat("./", path, NULL);
    void *handle;

    if (!g_file_test(file, G_FILE_TEST_IS_REGULAR)) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_PLUGIN,
                    "%s: no such file; expected a policy's shared object", path);
        return NULL;
    }
    handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        const char *message = loader_message(file);

        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_PLUGIN, "%s: cannot be loaded: %s%s", path,
                    message,
                    strstr(message, "undefined symbol") != NULL
                        ? "; expected no function but those of numasim-policy.h and its own"
                        : "");
    }
    return handle;
}

struct policy_plugin *policy_plugin_load(const char *path, GError **error)
{
    g_autofree char *name = g_path_get_basename(path);
    const struct numasim_policy *desc;
    struct policy_plugin *plugin;
    const char *hash;
    void *handle = open_object(path, error);

    if (handle == NULL) {
        return NULL;
    }
    if (g_str_has_suffix(name, ".so")) {
        name[strlen(name) - strlen(".so")] = '\0';
    }
    desc = dlsym(handle, "numasim_policy");
    if (desc == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_PLUGIN,
                    "%s: no symbol 'numasim_policy'; expected a descriptor that begins with "
                    "NUMASIM_PLUGIN",
                    path);
        close_handle(handle);
        return NULL;
    }
    if (!policy_descriptor_check(desc, path, name, error)) {
        close_handle(handle);
        return NULL;
    }
    plugin = plugin_new(desc, path, handle);
    hash = dlsym(handle, "numasim_policy_source_hash");
    plugin->source_hash = g_strdup(hash != NULL ? hash : "unknown");
    return plugin;
}

struct policy_plugin *policy_plugin_from_descriptor(const struct numasim_policy *desc,
                                                    GError **error)
{
    g_autofree char *where =
        g_strdup_printf("plugin '%s'", desc->name != NULL ? desc->name : "without a name");
    struct policy_plugin *plugin;

    if (!policy_descriptor_check(desc, where, NULL, error)) {
        return NULL;
    }
    plugin = plugin_new(desc, NULL, NULL);
    plugin->source_hash = g_strdup("unknown");
    return plugin;
}

struct policy_plugin *policy_plugin_host(void)
{
    struct policy_plugin *plugin = plugin_new(&policy_host, NULL, NULL);

    plugin->source_hash = g_strdup("unknown");
    return plugin;
}

void policy_plugin_free(struct policy_plugin *plugin)
{
    if (plugin == NULL) {
        return;
    }
    for (uint32_t i = 0; i < plugin->nr_params; i++) {
        g_free(plugin->origins[i].source);
        g_free(plugin->origins[i].inherited);
        g_free(plugin->origins[i].at.file);
    }
    g_free(plugin->origins);
    g_free(plugin->params);
    g_free(plugin->source_hash);
    g_free(plugin->path);
    close_handle(plugin->handle);
    g_free(plugin);
}

bool policy_plugin_has_role(const struct policy_plugin *plugin, enum numasim_role role)
{
    const struct numasim_policy *desc = plugin->desc;
    const void *const ops[NUMASIM_NR_ROLES] = {
        [NUMASIM_ROLE_QUEUE] = desc->queue,         [NUMASIM_ROLE_BALANCE] = desc->balance,
        [NUMASIM_ROLE_NUMA] = desc->numa,           [NUMASIM_ROLE_TIER] = desc->tier,
        [NUMASIM_ROLE_PLACEMENT] = desc->placement,
    };

    return ops[role] != NULL;
}

char *policy_plugin_roles(const struct policy_plugin *plugin)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (int r = 0; r < NUMASIM_NR_ROLES; r++) {
        if (policy_plugin_has_role(plugin, (enum numasim_role)r)) {
            g_string_append_printf(out, "%s%s", out->len > 0 ? ", " : "",
                                   policy_role_name((enum numasim_role)r));
        }
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

int32_t policy_plugin_param(const struct policy_plugin *plugin, const char *name)
{
    for (uint32_t i = 0; i < plugin->nr_params; i++) {
        if (strcmp(plugin->desc->params[i].name, name) == 0) {
            return (int32_t)i;
        }
    }
    return -1;
}

/* " (did you mean 'x'?)", or "". */
static char *hint(const char *name, const char *const *names)
{
    const char *nearest = error_nearest(name, names);

    return nearest != NULL ? g_strdup_printf(" (did you mean '%s'?)", nearest) : g_strdup("");
}

static bool fail_unknown(const struct policy_plugin *plugin, const struct policy_value *value,
                         GError **error)
{
    g_autofree const char **names = g_new0(const char *, plugin->nr_params + 1);
    g_autofree char *prefix = policy_place_prefix(&value->param_at);
    g_autofree char *list = NULL;
    g_autofree char *suggestion = NULL;

    for (uint32_t i = 0; i < plugin->nr_params; i++) {
        names[i] = plugin->desc->params[i].name;
    }
    if (plugin->nr_params == 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%sunknown parameter '%s'; plugin '%s' has none", prefix, value->param,
                    plugin->desc->name);
        return false;
    }
    list = g_strjoinv(", ", (char **)(guintptr)names);
    suggestion = hint(value->param, names);
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "%sunknown parameter '%s' of plugin '%s'; expected %s%s%s", prefix, value->param,
                plugin->desc->name, plugin->nr_params > 1 ? "one of " : "", list, suggestion);
    return false;
}

static bool fail_value(const struct policy_plugin *plugin, const struct numasim_param *param,
                       const struct policy_value *value, GError **error)
{
    g_autofree char *prefix = policy_place_prefix(&value->text_at);
    g_autofree char *expected = policy_param_expected(param);
    g_autofree char *suggestion =
        param->type == NUMASIM_PARAM_ENUM ? hint(value->text, param->values) : g_strdup("");

    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "%s'%s' of plugin '%s' cannot be '%s'; expected %s%s", prefix, param->name,
                plugin->desc->name, value->text, expected, suggestion);
    return false;
}

bool policy_plugin_set(struct policy_plugin *plugin, const struct policy_value *value,
                       GError **error)
{
    int32_t i = policy_plugin_param(plugin, value->param);
    struct policy_origin *origin;
    int64_t parsed;

    if (i < 0) {
        return fail_unknown(plugin, value, error);
    }
    if (!policy_param_parse(&plugin->desc->params[i], value->text, &parsed)) {
        return fail_value(plugin, &plugin->desc->params[i], value, error);
    }
    plugin->params[i] = parsed;
    origin = &plugin->origins[i];
    g_free(origin->source);
    g_free(origin->inherited);
    g_free(origin->at.file);
    *origin = (struct policy_origin){
        .source = g_strdup(value->source),
        .unverified = value->unverified,
        .is_set = true,
        .inherited = g_strdup(value->inherited),
        .other_release = value->other_release,
        .at = {g_strdup(value->text_at.file), value->text_at.line, value->text_at.column},
    };
    return true;
}

bool policy_plugin_confirm(struct policy_plugin *plugin, const struct policy_value *confirmed,
                           GError **error)
{
    int32_t i = policy_plugin_param(plugin, confirmed->param);

    if (i < 0) {
        return fail_unknown(plugin, confirmed, error);
    }
    if (!plugin->origins[i].is_set) {
        g_free(plugin->origins[i].source);
        plugin->origins[i].source = g_strdup(confirmed->source);
        plugin->origins[i].other_release = false;
    }
    return true;
}

void policy_plugin_inherit(struct policy_plugin *plugin, const struct policy_role *role)
{
    for (uint32_t i = 0; i < plugin->nr_params; i++) {
        struct policy_origin *origin = &plugin->origins[i];

        if (!origin->is_set && origin->inherited == NULL) {
            origin->inherited = g_strdup(role->inherited);
            origin->other_release = role->other_release;
        }
    }
}
