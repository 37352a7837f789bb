/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/loader.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"

/* The folder of the plugins in tests/plugins, built; and the list of search folders with it. */
struct fixture {
    char *dir;
    const char *dirs[2];
};

static void set_up(struct fixture *f, gconstpointer unused)
{
    (void)unused;
    f->dir = g_test_build_filename(G_TEST_BUILT, "..", "plugins", NULL);
    f->dirs[0] = f->dir;
    f->dirs[1] = NULL;
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    (void)unused;
    g_free(f->dir);
}

static struct policy_set *set_of(const char *queue, const char *balance)
{
    struct policy_set *set = policy_set_new("test");
    struct policy_place at = {(char *)(guintptr) "set.yaml", 2, 8};

    policy_set_plugin(set, NUMASIM_ROLE_QUEUE, queue, NULL, at);
    at.line = 3;
    policy_set_plugin(set, NUMASIM_ROLE_BALANCE, balance, NULL, at);
    return set;
}

static void add_value(struct policy_set *set, enum numasim_role role, const char *param,
                      const char *text)
{
    struct policy_place at = {(char *)(guintptr) "set.yaml", 5, 9};
    struct policy_value value = {
        .param = (char *)(guintptr)param,
        .text = (char *)(guintptr)text,
        .param_at = at,
        .text_at = at,
    };

    value.text_at.column = 20;
    policy_set_value(set, role, &value);
}

/* Loads @set, which must fail with @code and @message, in which "PLUGINS" is the folder. */
static void assert_refused(const struct fixture *f, const struct policy_set *set, int code,
                           const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) seen = NULL;

    g_assert_null(policy_stack_load(set, f->dirs, &error));
    g_assert_error(error, NUMASIM_ERROR, code);
    seen = g_string_new(error->message);
    g_string_replace(seen, f->dir, "PLUGINS", 0);
    g_assert_cmpstr(seen->str, ==, message);
}

static void test_one_plugin_two_roles(struct fixture *f, gconstpointer unused)
{
    g_autoptr(policy_set_t) set = set_of("good-both", "good-both");
    g_autoptr(policy_stack_t) stack = NULL;
    g_autoptr(GError) error = NULL;
    const struct policy_plugin *plugin;

    (void)unused;
    add_value(set, NUMASIM_ROLE_QUEUE, "base_slice", "1ms");
    add_value(set, NUMASIM_ROLE_BALANCE, "mode", "greedy");
    add_value(set, NUMASIM_ROLE_BALANCE, "base_slice", "1ms");
    stack = policy_stack_load(set, f->dirs, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(stack->nr_plugins, ==, 1);
    g_assert_cmpint(stack->slot[NUMASIM_ROLE_QUEUE], ==, 0);
    g_assert_cmpint(stack->slot[NUMASIM_ROLE_BALANCE], ==, 0);
    g_assert_cmpint(stack->slot[NUMASIM_ROLE_NUMA], ==, -1);
    plugin = policy_stack_plugin(stack, NUMASIM_ROLE_QUEUE);
    g_assert_true(plugin == policy_stack_plugin(stack, NUMASIM_ROLE_BALANCE));
    g_assert_null(policy_stack_plugin(stack, NUMASIM_ROLE_NUMA));
    g_assert_true(stack->queue == plugin->desc->queue);
    g_assert_true(stack->balance == plugin->desc->balance);
    g_assert_null(stack->numa);
    g_assert_null(stack->tier);
    g_assert_null(stack->placement);

    g_assert_cmpuint(plugin->nr_params, ==, 6);
    g_assert_cmpint(plugin->params[0], ==, 1000000);
    g_assert_cmpint(plugin->params[1], ==, 32);
    g_assert_cmpint(plugin->params[5], ==, 1);
    g_assert_true(plugin->origins[0].is_set);
    g_assert_false(plugin->origins[1].is_set);
    g_assert_cmpuint(plugin->origins[0].at.column, ==, 20);
    g_assert_cmpint(policy_plugin_param(plugin, "mode"), ==, 5);
    /* The build passes 16 hex digits of the sources' hash. */
    g_assert_cmpuint(strlen(plugin->source_hash), ==, 16);
}

static void test_slots_in_order_of_roles(struct fixture *f, gconstpointer unused)
{
    g_autoptr(policy_set_t) set = set_of("good-both", "good-balance");
    g_autofree char *path = g_strconcat(f->dir, "/good-balance.so", NULL);
    g_autoptr(policy_stack_t) stack = NULL;
    g_autoptr(GError) error = NULL;

    (void)unused;
    policy_set_plugin(set, NUMASIM_ROLE_BALANCE, path, NULL, (struct policy_place){0});
    stack = policy_stack_load(set, f->dirs, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(stack->nr_plugins, ==, 2);
    g_assert_cmpint(stack->slot[NUMASIM_ROLE_QUEUE], ==, 0);
    g_assert_cmpint(stack->slot[NUMASIM_ROLE_BALANCE], ==, 1);
    g_assert_cmpstr(stack->plugins[1]->desc->name, ==, "good-balance");
}

static void test_two_stacks_share_no_values(struct fixture *f, gconstpointer unused)
{
    g_autoptr(policy_set_t) set = set_of("good-both", NULL);
    g_autoptr(policy_stack_t) a = policy_stack_load(set, f->dirs, NULL);
    g_autoptr(policy_stack_t) b = NULL;

    (void)unused;
    add_value(set, NUMASIM_ROLE_QUEUE, "base_slice", "5ms");
    b = policy_stack_load(set, f->dirs, NULL);
    g_assert_cmpint(a->plugins[0]->params[0], ==, 3000000);
    g_assert_cmpint(b->plugins[0]->params[0], ==, 5000000);
}

static void test_bad_plugins(struct fixture *f, gconstpointer unused)
{
    static const struct {
        const char *plugin, *message;
    } cases[] = {
        {"bad-abi", "set.yaml:3:8: PLUGINS/bad-abi.so: the plugin was built for policy ABI 45; "
                    "expected ABI 5: build it again with this numasim's numasim-policy.h"},
        {"bad-flag", "set.yaml:3:8: PLUGINS/bad-flag.so: unknown flags 0x40000000; expected only "
                     "those of 0x1"},
        {"bad-name", "set.yaml:3:8: PLUGINS/bad-name.so: the policy calls itself 'other-name'; "
                     "expected 'bad-name', as the file"},
        {"bad-callback", "set.yaml:3:8: PLUGINS/bad-callback.so: role 'queue' has no pick "
                         "callback, which is required"},
        {"bad-symbol", "set.yaml:3:8: PLUGINS/bad-symbol.so: no symbol 'numasim_policy'; expected "
                       "a descriptor that begins with NUMASIM_PLUGIN"},
        {"bad-undefined",
         "set.yaml:3:8: PLUGINS/bad-undefined.so: cannot be loaded: undefined symbol: "
         "numasim_no_such_function; expected no function but those of numasim-policy.h and its "
         "own"},
        {"good-balence", "set.yaml:3:8: no policy 'good-balence'; expected good-balence.so in "
                         "PLUGINS (did you mean 'good-balance'?)"},
        {"zzzzzzzzzzzz",
         "set.yaml:3:8: no policy 'zzzzzzzzzzzz'; expected zzzzzzzzzzzz.so in PLUGINS"},
        {"./not-there.so",
         "set.yaml:3:8: no file './not-there.so'; expected a policy's shared object"},
    };

    (void)unused;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(policy_set_t) set = set_of("good-both", cases[i].plugin);

        assert_refused(f, set, NUMASIM_ERROR_PLUGIN, cases[i].message);
    }
}

static void test_not_an_object(struct fixture *f, gconstpointer unused)
{
    g_autofree char *dir = g_dir_make_tmp("numasim-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "text.so", NULL);
    g_autoptr(GError) error = NULL;

    (void)f, (void)unused;
    g_assert_true(g_file_set_contents(path, "this is no shared object\n", -1, NULL));
    g_assert_null(policy_plugin_load(path, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_PLUGIN);
    g_assert_nonnull(strstr(error->message, "/text.so: cannot be loaded: "));
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

static void test_role_that_it_lacks(struct fixture *f, gconstpointer unused)
{
    g_autoptr(policy_set_t) set = set_of("good-balance", NULL);

    (void)unused;
    assert_refused(f, set, NUMASIM_ERROR_PLUGIN,
                   "set.yaml:2:8: policy 'good-balance' has no operations for role 'queue'; it "
                   "serves balance");
}

static void test_no_queue(struct fixture *f, gconstpointer unused)
{
    g_autoptr(policy_set_t) set = set_of(NULL, "good-balance");

    (void)unused;
    assert_refused(f, set, NUMASIM_ERROR_INPUT,
                   "policy set 'test' names no plugin for role 'queue'; expected one, such as "
                   "eevdf");
}

static void test_bad_values(struct fixture *f, gconstpointer unused)
{
    static const struct {
        const char *param, *text, *message;
    } cases[] = {
        {"base_slic", "3ms",
         "set.yaml:5:9: unknown parameter 'base_slic' of plugin 'good-both'; expected one of "
         "base_slice, nr_migrate, delay, window, margin, mode (did you mean 'base_slice'?)"},
        {"base_slice", "3",
         "set.yaml:5:20: 'base_slice' of plugin 'good-both' cannot be '3'; expected a time in "
         "100us..1s, such as 2ms"},
        {"base_slice", "2s",
         "set.yaml:5:20: 'base_slice' of plugin 'good-both' cannot be '2s'; expected a time in "
         "100us..1s, such as 2ms"},
        {"nr_migrate", "-2",
         "set.yaml:5:20: 'nr_migrate' of plugin 'good-both' cannot be '-2'; expected an integer "
         "in -1..1024"},
        {"delay", "perhaps",
         "set.yaml:5:20: 'delay' of plugin 'good-both' cannot be 'perhaps'; expected true or "
         "false"},
        {"mode", "gredy",
         "set.yaml:5:20: 'mode' of plugin 'good-both' cannot be 'gredy'; expected one of fair, "
         "greedy (did you mean 'greedy'?)"},
        {"window", "1KiB",
         "set.yaml:5:20: 'window' of plugin 'good-both' cannot be '1KiB'; expected a size, 4KiB "
         "or more, such as 64MiB"},
    };

    (void)unused;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(policy_set_t) set = set_of("good-both", NULL);

        add_value(set, NUMASIM_ROLE_QUEUE, cases[i].param, cases[i].text);
        assert_refused(f, set, NUMASIM_ERROR_INPUT, cases[i].message);
    }
}

static void test_roles_that_disagree(struct fixture *f, gconstpointer unused)
{
    g_autoptr(policy_set_t) set = set_of("good-both", "good-both");

    (void)unused;
    add_value(set, NUMASIM_ROLE_QUEUE, "base_slice", "1ms");
    add_value(set, NUMASIM_ROLE_BALANCE, "base_slice", "2ms");
    assert_refused(f, set, NUMASIM_ERROR_INPUT,
                   "set.yaml:5:20: 'base_slice' of plugin 'good-both' is 2ms here and 1ms for role "
                   "'queue'; expected one value, for one plugin serves both roles");
}

static void test_no_parameters(struct fixture *f, gconstpointer unused)
{
    g_autoptr(policy_set_t) set = set_of("good-both", "good-balance");

    (void)unused;
    g_assert_true(policy_set_override(set, "balance.x=1", NULL));
    assert_refused(f, set, NUMASIM_ERROR_INPUT,
                   "--set balance.x=1: unknown parameter 'x'; plugin 'good-balance' has none");
}

static void test_list(struct fixture *f, gconstpointer unused)
{
    const char *dirs[] = {"/nonexistent", f->dir, f->dir, NULL};
    g_autoptr(GPtrArray) list = policy_list_available(dirs);
    const struct policy_listing *good = NULL, *bad = NULL;

    (void)unused;
    for (guint i = 0; i < list->len; i++) {
        const struct policy_listing *entry = g_ptr_array_index(list, i);
        const struct policy_listing *before = i > 0 ? g_ptr_array_index(list, i - 1) : NULL;

        g_assert_true(before == NULL || strcmp(before->name, entry->name) < 0);
        good = strcmp(entry->name, "good-both") == 0 ? entry : good;
        bad = strcmp(entry->name, "bad-abi") == 0 ? entry : bad;
    }
    g_assert_nonnull(good);
    g_assert_null(good->problem);
    g_assert_cmpstr(good->summary, ==, "two roles and a parameter of every type");
    g_assert_cmpstr(good->version, ==, "7");
    g_assert_cmpstr(good->roles, ==, "queue, balance");
    g_assert_true(good->test_only);
    g_assert_nonnull(bad);
    g_assert_nonnull(strstr(bad->problem, "policy ABI 45"));
    g_assert_null(bad->summary);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(struct fixture *f, gconstpointer unused);
    } tests[] = {
        {"/loader/one-plugin-two-roles", test_one_plugin_two_roles},
        {"/loader/slots-in-order-of-roles", test_slots_in_order_of_roles},
        {"/loader/two-stacks-share-no-values", test_two_stacks_share_no_values},
        {"/loader/bad-plugins", test_bad_plugins},
        {"/loader/not-an-object", test_not_an_object},
        {"/loader/role-that-it-lacks", test_role_that_it_lacks},
        {"/loader/no-queue", test_no_queue},
        {"/loader/bad-values", test_bad_values},
        {"/loader/roles-that-disagree", test_roles_that_disagree},
        {"/loader/no-parameters", test_no_parameters},
        {"/loader/list", test_list},
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, struct fixture, NULL, set_up, tests[i].test, tear_down);
    }
    return g_test_run();
}
