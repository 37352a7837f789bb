/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/describe.h"
#include "policy/host.h"

#include <string.h>

/* The set and the stack of tests/plugins/good-both.c in two roles. */
struct fixture {
    struct policy_set *set;
    struct policy_stack *stack;
};

static void set_up(struct fixture *f, gconstpointer unused)
{
    g_autofree char *dir = g_test_build_filename(G_TEST_BUILT, "..", "plugins", NULL);
    const char *dirs[] = {dir, NULL};
    struct policy_place at = {(char *)(guintptr) "set.yaml", 5, 20};
    struct policy_value value = {
        .param = (char *)(guintptr) "margin",
        .text = (char *)(guintptr) "20%",
        .source = (char *)(guintptr) "a book",
        .unverified = true,
        .param_at = at,
        .text_at = at,
    };
    g_autoptr(GError) error = NULL;

    (void)unused;
    f->set = policy_set_new("test");
    f->set->description = g_strdup("for this test");
    policy_set_plugin(f->set, NUMASIM_ROLE_QUEUE, "good-both", NULL, at);
    policy_set_plugin(f->set, NUMASIM_ROLE_BALANCE, "good-both", NULL, at);
    policy_set_value(f->set, NUMASIM_ROLE_QUEUE, &value);
    g_assert_true(policy_set_override(f->set, "queue.base_slice=1ms", &error));
    f->stack = policy_stack_load(f->set, dirs, &error);
    g_assert_no_error(error);
    /* What differs from one build to the next. */
    g_free(f->stack->plugins[0]->path);
    f->stack->plugins[0]->path = g_strdup("good-both.so");
    g_free(f->stack->plugins[0]->source_hash);
    f->stack->plugins[0]->source_hash = g_strdup("0123456789abcdef");
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
    (void)unused;
    policy_stack_free(f->stack);
    policy_set_free(f->set);
}

static const char expected_text[] = "policy set test: for this test\n"
                                    "sched_domains as Linux 6.12 builds them (the default)\n"
                                    "unverified: 1 of %u parameters, as said at each\n"
                                    "\n"
                                    "  queue      good-both\n"
                                    "  balance    good-both\n"
                                    "  numa       - (the engine's default)\n"
                                    "  tier       - (the engine's default)\n"
                                    "  placement  - (the engine's default)\n"
                                    "\n"
                                    "good-both 7: two roles and a parameter of every type\n"
                                    "roles: queue, balance\n"
                                    "source hash: 0123456789abcdef\n"
                                    "file: good-both.so\n"
                                    "for tests of the engine only, not for measurements\n"
                                    "\n"
                                    "parameters:\n"
                                    "\n"
                                    "  base_slice = 1ms\n"
                                    "      How long a task runs before another gets its turn.\n"
                                    "      time, 100us..1s; default 3ms\n"
                                    "      stands for /sys/kernel/debug/sched/base_slice_ns\n"
                                    "      default from made up for this test\n"
                                    "      set by --set queue.base_slice=1ms\n"
                                    "\n"
                                    "  nr_migrate = 32\n"
                                    "      Tasks moved at once; -1 for all.\n"
                                    "      int, -1..1024; default 32\n"
                                    "\n"
                                    "  delay = true\n"
                                    "      Whether to put things off.\n"
                                    "      bool, true or false; default true\n"
                                    "\n"
                                    "  window = 256MiB\n"
                                    "      Memory looked at in one go.\n"
                                    "      size, 4KiB or more; default 256MiB\n"
                                    "\n"
                                    "  margin = 20%%\n"
                                    "      How much better is better.\n"
                                    "      share, 0%%..100%%; default 12.5%%\n"
                                    "      set by set.yaml:5:20\n"
                                    "      value from a book (unverified)\n"
                                    "\n"
                                    "  mode = fair\n"
                                    "      Manners.\n"
                                    "      choice, one of fair, greedy; default fair\n"
                                    "\n"
                                    "An essay.\n";

static void test_text(struct fixture *f, gconstpointer unused)
{
    g_autofree char *text = policy_stack_describe(f->set, f->stack);
    g_autofree char *expected = g_strdup_printf(expected_text, 6U + NR_HOST_PARAMS);

    (void)unused;
    char *host = strstr(text, "\nhost:\n\n  cfs_bandwidth_slice = 5ms\n");

    g_assert_nonnull(host);
    g_assert_nonnull(strstr(host, "\n  rr_timeslice = 100ms\n"));
    *host = '\0';
    g_assert_cmpstr(text, ==, expected);
}

static void test_json(struct fixture *f, gconstpointer unused)
{
    g_autoptr(JsonNode) root = policy_stack_describe_json(f->set, f->stack);
    JsonObject *object = json_node_get_object(root);
    JsonObject *roles = json_object_get_object_member(object, "roles");
    JsonArray *plugins = json_object_get_array_member(object, "plugins");
    JsonObject *plugin = json_array_get_object_element(plugins, 0);
    JsonArray *params = json_object_get_array_member(plugin, "parameters");
    JsonObject *slice = json_array_get_object_element(params, 0);
    JsonObject *margin = json_array_get_object_element(params, 4);
    JsonObject *mode = json_array_get_object_element(params, 5);

    (void)unused;
    g_assert_cmpstr(json_object_get_string_member(object, "name"), ==, "test");
    g_assert_cmpstr(json_object_get_string_member(roles, "balance"), ==, "good-both");
    g_assert_true(json_object_get_null_member(roles, "numa"));
    g_assert_cmpuint(json_array_get_length(plugins), ==, 1);
    g_assert_cmpstr(json_object_get_string_member(plugin, "version"), ==, "7");
    g_assert_true(json_object_get_boolean_member(plugin, "test_only"));
    g_assert_cmpuint(json_array_get_length(json_object_get_array_member(plugin, "roles")), ==, 2);
    g_assert_cmpuint(json_array_get_length(params), ==, 6);
    JsonArray *host = json_object_get_array_member(object, "host");

    g_assert_cmpuint(json_array_get_length(host), ==, NR_HOST_PARAMS);
    g_assert_cmpint(json_object_get_int_member(json_array_get_object_element(host, 0), "value"), ==,
                    5000000);
    g_assert_cmpint(json_object_get_int_member(slice, "value"), ==, 1000000);
    g_assert_cmpint(json_object_get_int_member(slice, "default"), ==, 3000000);
    g_assert_cmpint(json_object_get_int_member(slice, "max"), ==, 1000000000);
    g_assert_cmpstr(json_object_get_string_member(slice, "value_text"), ==, "1ms");
    g_assert_cmpstr(json_object_get_string_member(slice, "set_by"), ==,
                    "--set queue.base_slice=1ms");
    g_assert_true(json_object_get_null_member(slice, "value_source"));
    g_assert_cmpstr(json_object_get_string_member(margin, "value_source"), ==, "a book");
    g_assert_true(json_object_get_boolean_member(margin, "unverified"));
    g_assert_cmpuint(json_array_get_length(json_object_get_array_member(mode, "values")), ==, 2);
}

/* The part of @text that tells of the parameter @name, as far as the next; newly allocated. */
static char *part_of(const char *text, const char *name)
{
    g_autofree char *head = g_strdup_printf("\n  %s = ", name);
    const char *from = strstr(text, head), *till;

    g_assert_nonnull(from);
    till = strstr(from, "\n\n");
    return g_strndup(from, (gsize)(till - from));
}

static void test_inherited(struct fixture *f, gconstpointer unused)
{
    g_autofree char *dir = g_test_build_filename(G_TEST_BUILT, "..", "plugins", NULL);
    const char *dirs[] = {dir, NULL};
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL, *margin = NULL, *slice = NULL, *delay = NULL, *mode = NULL;
    struct policy_value confirmed = {.param = (char *)(guintptr) "delay",
                                     .source = (char *)(guintptr) "a log"};

    (void)unused;
    policy_stack_free(f->stack);
    policy_set_inherit(f->set, "older");
    policy_set_change_release(f->set);
    g_assert_true(policy_set_override(f->set, "queue.base_slice=2ms", &error));
    policy_set_confirm(f->set, NUMASIM_ROLE_QUEUE, &confirmed);
    f->stack = policy_stack_load(f->set, dirs, &error);
    g_assert_no_error(error);
    text = policy_stack_describe(f->set, f->stack);
    margin = part_of(text, "margin");
    slice = part_of(text, "base_slice");
    delay = part_of(text, "delay");
    mode = part_of(text, "mode");
    g_assert_true(
        g_str_has_suffix(margin, "\n      inherited from older, unverified for this release"));
    g_assert_true(g_str_has_suffix(slice, "\n      set by --set queue.base_slice=2ms"));
    g_assert_true(g_str_has_suffix(delay, "\n      value from a log"));
    g_assert_true(
        g_str_has_suffix(mode, "\n      default as under older, unverified for this release"));

    confirmed.param = (char *)(guintptr) "delai";
    policy_set_confirm(f->set, NUMASIM_ROLE_QUEUE, &confirmed);
    g_assert_null(policy_stack_load(f->set, dirs, &error));
    g_assert_nonnull(strstr(error->message, "unknown parameter 'delai'"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/policy-describe/text", struct fixture, NULL, set_up, test_text, tear_down);
    g_test_add("/policy-describe/json", struct fixture, NULL, set_up, test_json, tear_down);
    g_test_add("/policy-describe/inherited", struct fixture, NULL, set_up, test_inherited,
               tear_down);
    return g_test_run();
}
