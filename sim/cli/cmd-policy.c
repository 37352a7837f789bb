/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim policy: plugins and the sets that combine them. */
#include <string.h>

#include "base/error.h"
#include "cli/cli.h"
#include "cli/crash.h"
#include "cli/table.h"
#include "format/policy-find.h"
#include "observe/json.h"
#include "policy/describe.h"
#include "policy/new.h"
#include "policy/static-data.h"

struct policy_options {
    int format;
    bool sets, plugins;
    char **set;
    char *dir;
};
#define AT(member) offsetof(struct policy_options, member)

static const struct cli_option list_options[] = {
    {.name = "sets", .type = CLI_FLAG, .offset = AT(sets), .help = "only policy sets"},
    {.name = "plugins", .type = CLI_FLAG, .offset = AT(plugins), .help = "only plugins"},
    CLI_FORMAT_ROW(AT(format), cli_formats_list, "table"),
    {.name = NULL},
};

static const struct cli_option show_options[] = {
    {.name = "set",
     .type = CLI_STRINGS,
     .offset = AT(set),
     .arg = "ROLE.PARAM=VALUE",
     .help = "of a set: with this value, or with ROLE=PLUGIN in that role"},
    CLI_FORMAT_ROW(AT(format), cli_formats_text, "text"),
    {.name = NULL},
};

static const struct cli_option validate_options[] = {
    {.name = "set",
     .type = CLI_STRINGS,
     .offset = AT(set),
     .arg = "ROLE.PARAM=VALUE",
     .help = "of a set: with this value, or with ROLE=PLUGIN in that role"},
    {.name = NULL},
};

static const struct cli_option new_options[] = {
    {.name = "dir",
     .letter = 'd',
     .type = CLI_STRING,
     .offset = AT(dir),
     .arg = "DIR",
     .initial = ".",
     .complete = CLI_COMPLETE_DIR,
     .help = "the folder to write it to; policies/ of a source tree, and `make` builds it"},
    {.name = NULL},
};

/* ------------------------------------------------------------------------------------------- */
/* list                                                                                         */

/* Plugins of folders of plugins, without those that only tests want. */
static GPtrArray *list_plugins(const struct cli *cli)
{
    GPtrArray *all = policy_list_available((const char *const *)cli->paths->plugins);

    for (guint i = all->len; i > 0; i--) {
        const struct policy_listing *listing = g_ptr_array_index(all, i - 1);

        if (listing->test_only) {
            g_ptr_array_remove_index(all, i - 1);
        }
    }
    return all;
}

/* "queue eevdf, balance linux-balance"; newly allocated. */
static char *describe_roles(const struct policy_set *set)
{
    GString *text = g_string_new(NULL);

    for (int role = 0; role < NUMASIM_NR_ROLES; role++) {
        if (set->roles[role].plugin != NULL) {
            g_string_append_printf(text, "%s%s %s", text->len > 0 ? ", " : "",
                                   policy_role_name((enum numasim_role)role),
                                   set->roles[role].plugin);
        }
    }
    return g_string_free(text, FALSE);
}

/* One set as a row and as an object; false, told on standard error, if it cannot be read. */
static bool list_set(const struct cli *cli, const char *name, struct table *table,
                     struct json_out *json)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(policy_set_t) set = paths_read_set(cli->paths, name, &cause);

    if (set == NULL) {
        cli_warn("%s", cause->message);
        return false;
    }
    table_add(table, name);
    table_take(table, describe_roles(set));
    table_add(table, set->description);
    json_object_begin(json, NULL, true);
    json_string(json, "name", name);
    json_string(json, "description", set->description != NULL ? set->description : "");
    json_object_begin(json, "roles", true);
    for (int role = 0; role < NUMASIM_NR_ROLES; role++) {
        if (set->roles[role].plugin != NULL) {
            json_string(json, policy_role_name((enum numasim_role)role), set->roles[role].plugin);
        }
    }
    json_object_end(json);
    json_object_end(json);
    return true;
}

static bool list_plugin(const struct policy_listing *listing, struct table *table,
                        struct json_out *json)
{
    if (listing->problem != NULL) {
        cli_warn("%s", listing->problem);
        return false;
    }
    table_add(table, listing->name);
    table_add(table, listing->roles);
    table_add(table, listing->summary);
    json_object_begin(json, NULL, true);
    json_string(json, "name", listing->name);
    json_string(json, "version", listing->version != NULL ? listing->version : "");
    json_string(json, "roles", listing->roles);
    json_string(json, "summary", listing->summary);
    json_object_end(json);
    return true;
}

static void print_names(struct cli *cli, char *const *sets, GPtrArray *plugins, bool show_sets,
                        bool show_plugins)
{
    if (show_sets) {
        cli_print_names(cli, sets);
    }
    for (guint i = 0; show_plugins && i < plugins->len; i++) {
        const struct policy_listing *listing = g_ptr_array_index(plugins, i);

        g_string_append_printf(cli->out, "%s\n", listing->name);
    }
}

static int list_run(struct cli *cli, const void *data, char **args, GError **error)
{
    static const char *const set_heads[] = {"SET", "PLUGINS", "DESCRIPTION", NULL};
    static const char *const plugin_heads[] = {"PLUGIN", "ROLES", "SUMMARY", NULL};
    const struct policy_options *options = data;
    bool show_sets = options->sets || !options->plugins;
    bool show_plugins = options->plugins || !options->sets;
    g_auto(GStrv) sets = policy_set_list((const char *const *)cli->paths->sets);
    g_autoptr(GPtrArray) plugins = list_plugins(cli);
    g_autoptr(table_t) set_table = table_new(set_heads);
    g_autoptr(table_t) plugin_table = table_new(plugin_heads);
    struct json_out json;
    bool good = true;

    (void)args;
    if (plugins->len == 0 && !paths_check_any(cli->paths->sets, "policy", sets, error)) {
        return CLI_BAD_INPUT;
    }
    if (options->format == CLI_FORMAT_NAMES) {
        print_names(cli, sets, plugins, show_sets, show_plugins);
        return CLI_DONE;
    }
    json = json_out_new();
    json_object_begin(&json, NULL, false);
    json_array_begin(&json, "sets", false);
    for (size_t i = 0; show_sets && sets[i] != NULL; i++) {
        good = list_set(cli, sets[i], set_table, &json) && good;
    }
    json_array_end(&json);
    json_array_begin(&json, "plugins", false);
    for (guint i = 0; show_plugins && i < plugins->len; i++) {
        good = list_plugin(g_ptr_array_index(plugins, i), plugin_table, &json) && good;
    }
    json_array_end(&json);
    json_object_end(&json);
    if (options->format == CLI_FORMAT_JSON) {
        cli_print_json(cli, &json);
        return good ? CLI_DONE : CLI_BAD_INPUT;
    }
    g_string_free(json.text, TRUE);
    if (show_sets) {
        table_append(set_table, cli->out);
    }
    if (show_sets && show_plugins) {
        g_string_append_c(cli->out, '\n');
    }
    if (show_plugins) {
        table_append(plugin_table, cli->out);
    }
    return good ? CLI_DONE : CLI_BAD_INPUT;
}

/* ------------------------------------------------------------------------------------------- */
/* show, validate                                                                               */

/* What P is: a set and its plugins, or one plugin. */
struct subject {
    struct policy_set *set;
    struct policy_stack *stack;
    struct policy_plugin *plugin;
};

static void subject_release(struct subject *subject)
{
    policy_stack_free(subject->stack);
    policy_set_free(subject->set);
    policy_plugin_free(subject->plugin);
}

static bool read_plugin(const struct cli *cli, const char *name, struct subject *subject,
                        GError **error)
{
    g_autofree char *path =
        policy_plugin_find(name, (const char *const *)cli->paths->plugins, NULL, error);

    crash_guard_begin("loading a plugin");
    subject->plugin = path != NULL ? policy_plugin_load(path, error) : NULL;
    crash_guard_end();
    return subject->plugin != NULL;
}

static bool read_set(const struct cli *cli, const char *name, char *const *overrides,
                     struct subject *subject, GError **error)
{
    subject->set = paths_read_set(cli->paths, name, error);
    if (subject->set == NULL) {
        return false;
    }
    for (size_t i = 0; overrides[i] != NULL; i++) {
        if (!policy_set_override(subject->set, overrides[i], error)) {
            return false;
        }
    }
    crash_guard_begin("loading the plugins of a set");
    subject->stack = paths_load_stack(cli->paths, subject->set, error);
    crash_guard_end();
    return subject->stack != NULL;
}

static bool unknown_policy(const struct cli *cli, const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_auto(GStrv) sets = policy_set_list((const char *const *)cli->paths->sets);
    g_autoptr(GPtrArray) plugins = list_plugins(cli);
    const char *nearest;

    for (size_t i = 0; sets[i] != NULL; i++) {
        g_ptr_array_add(names, sets[i]);
    }
    for (guint i = 0; i < plugins->len; i++) {
        g_ptr_array_add(names, ((struct policy_listing *)g_ptr_array_index(plugins, i))->name);
    }
    g_ptr_array_add(names, NULL);
    nearest = error_nearest(name, (const char *const *)names->pdata);
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "no policy '%s'; expected one that `numasim policy list` shows, or a path%s%s%s",
                name, nearest != NULL ? " (did you mean '" : "", nearest != NULL ? nearest : "",
                nearest != NULL ? "'?)" : "");
    return false;
}

/* A path that ends with .so is a plugin, another path a set; a name is a set's before a plugin's. */
static bool read_subject(const struct cli *cli, const char *name, char *const *overrides,
                         struct subject *subject, GError **error)
{
    g_autofree char *set = NULL;
    g_autofree char *plugin = NULL;

    if (g_str_has_suffix(name, ".so")) {
        return read_plugin(cli, name, subject, error);
    }
    if (policy_set_is_path(name)) {
        return read_set(cli, name, overrides, subject, error);
    }
    set = policy_set_find_in(name, (const char *const *)cli->paths->sets);
    plugin = policy_plugin_find(name, (const char *const *)cli->paths->plugins, NULL, NULL);
    if (set != NULL) {
        return read_set(cli, name, overrides, subject, error);
    }
    if (plugin != NULL) {
        return read_plugin(cli, name, subject, error);
    }
    return unknown_policy(cli, name, error);
}

static void print_node(struct cli *cli, JsonNode *node)
{
    cli_print(cli, json_to_string(node, TRUE));
    g_string_append_c(cli->out, '\n');
    json_node_unref(node);
}

static int show_run(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct policy_options *options = data;
    bool json = options->format == CLI_FORMAT_JSON;
    struct subject subject = {NULL, NULL, NULL};

    if (read_subject(cli, args[0], options->set, &subject, error)) {
        if (subject.plugin != NULL && json) {
            print_node(cli, policy_describe_json(subject.plugin));
        } else if (subject.plugin != NULL) {
            cli_print(cli, policy_describe(subject.plugin));
        } else if (json) {
            print_node(cli, policy_stack_describe_json(subject.set, subject.stack));
        } else {
            cli_print(cli, policy_stack_describe(subject.set, subject.stack));
        }
    }
    subject_release(&subject);
    return CLI_DONE;
}

static bool is_good(struct cli *cli, const char *name, const void *data, GError **error)
{
    const struct policy_options *options = data;
    struct subject subject = {NULL, NULL, NULL};
    bool good = read_subject(cli, name, options->set, &subject, error);

    if (good && subject.plugin != NULL) {
        good = policy_check_static_data(subject.plugin->path, error);
    }
    for (uint32_t i = 0; good && subject.stack != NULL && i < subject.stack->nr_plugins; i++) {
        good = policy_check_static_data(subject.stack->plugins[i]->path, error);
    }
    subject_release(&subject);
    return good;
}

static int validate_run(struct cli *cli, const void *data, char **args, GError **error)
{
    (void)error;
    return cli_validate(cli, args, data, is_good);
}

static int new_run(struct cli *cli, const void *data, char **args, GError **error)
{
    const struct policy_options *options = data;
    g_autofree char *skeleton = paths_skeleton(cli->paths, error);
    g_autofree char *path = NULL;
    g_autofree char *advice = NULL;

    if (skeleton == NULL || !policy_new(args[0], options->dir, skeleton, &path, &advice, error)) {
        return CLI_BAD_INPUT;
    }
    g_string_append_printf(cli->out, "wrote:  %s\n%s", path, advice);
    return CLI_DONE;
}

static const struct subcommand list = {
    .name = "list",
    .summary = "list policy sets and plugins",
    .options = list_options,
    .options_size = sizeof(struct policy_options),
    .run = list_run,
};

static const struct subcommand show = {
    .name = "show",
    .summary = "show a set or a plugin with every parameter",
    .args = "POLICY",
    .min_args = 1,
    .max_args = 1,
    .complete = CLI_COMPLETE_POLICY,
    .options = show_options,
    .options_size = sizeof(struct policy_options),
    .description = "Each parameter has its value, default, range and unit, the sysctl or debugfs "
                   "file that it stands for, and its sources.",
    .run = show_run,
};

static const struct subcommand new_plugin = {
    .name = "new",
    .summary = "write a plugin that builds and runs at once, to begin with",
    .args = "NAME",
    .min_args = 1,
    .max_args = 1,
    .options = new_options,
    .options_size = sizeof(struct policy_options),
    .description =
        "A copy of policies/skeleton.c under the new name. What to type next is printed.",
    .run = new_run,
};

static const struct subcommand validate = {
    .name = "validate",
    .summary = "check policy sets and plugins",
    .args = "POLICY...",
    .min_args = 1,
    .max_args = -1,
    .complete = CLI_COMPLETE_POLICY,
    .options = validate_options,
    .options_size = sizeof(struct policy_options),
    .description =
        "A set is read and its plugins are loaded with its values. A plugin (a path that "
        "ends with .so, or a name) is loaded and its descriptor checked. A plugin with static data "
        "that it could write is refused: two simulations may run in one process.",
    .run = validate_run,
};

static const struct subcommand *const actions[] = {&list, &show, &new_plugin, &validate, NULL};

static const char *const examples[] = {
    "numasim policy show linux-6.12 # every parameter of the Linux-like set",
    "numasim policy new mine -d policies # begin a policy in the source tree",
    "numasim policy validate ./mine.so # check a plugin built elsewhere",
    NULL,
};

const struct subcommand cmd_policy = {
    .name = "policy",
    .summary = "list, show, begin and check policies",
    .examples = examples,
    .subcommands = actions,
};
