/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/set.h"

#include "base/error.h"

static const struct policy_place nowhere = {0};

/* A set whose queue and balance are one plugin, with base_slice said for the queue. */
static struct policy_set *example(void)
{
    struct policy_set *set = policy_set_new("example");
    struct policy_place at = {(char *)(guintptr) "a.yaml", 3, 5};
    struct policy_value value = {
        .param = (char *)(guintptr) "base_slice",
        .text = (char *)(guintptr) "3ms",
        .source = (char *)(guintptr) "a book",
        .unverified = true,
        .param_at = at,
        .text_at = at,
    };

    policy_set_plugin(set, NUMASIM_ROLE_QUEUE, "both", "a paper", at);
    policy_set_plugin(set, NUMASIM_ROLE_BALANCE, "both", NULL, at);
    policy_set_value(set, NUMASIM_ROLE_QUEUE, &value);
    return set;
}

static void test_new_is_empty(void)
{
    g_autoptr(policy_set_t) set = policy_set_new("empty");

    g_assert_cmpstr(set->name, ==, "empty");
    g_assert_null(set->extends[0]);
    g_assert_null(set->sources[0]);
    for (int r = 0; r < NUMASIM_NR_ROLES; r++) {
        g_assert_null(set->roles[r].plugin);
        g_assert_cmpuint(set->roles[r].nr_values, ==, 0);
    }
}

static void test_copy_shares_nothing(void)
{
    struct policy_set *set = example();
    g_autoptr(policy_set_t) copy = policy_set_copy(set);
    const struct policy_value *value = &copy->roles[NUMASIM_ROLE_QUEUE].values[0];

    policy_set_free(set);
    g_assert_cmpstr(copy->roles[NUMASIM_ROLE_QUEUE].plugin, ==, "both");
    g_assert_cmpstr(copy->roles[NUMASIM_ROLE_QUEUE].source, ==, "a paper");
    g_assert_cmpstr(value->param, ==, "base_slice");
    g_assert_cmpstr(value->text, ==, "3ms");
    g_assert_cmpstr(value->source, ==, "a book");
    g_assert_true(value->unverified);
    g_assert_cmpstr(value->text_at.file, ==, "a.yaml");
    g_assert_cmpuint(value->text_at.line, ==, 3);
    g_assert_cmpuint(value->text_at.column, ==, 5);
}

static void test_same_plugin_keeps_values(void)
{
    g_autoptr(policy_set_t) set = example();

    policy_set_plugin(set, NUMASIM_ROLE_QUEUE, "both", NULL, nowhere);
    g_assert_cmpuint(set->roles[NUMASIM_ROLE_QUEUE].nr_values, ==, 1);
    policy_set_plugin(set, NUMASIM_ROLE_QUEUE, "other", NULL, nowhere);
    g_assert_cmpuint(set->roles[NUMASIM_ROLE_QUEUE].nr_values, ==, 0);
    policy_set_plugin(set, NUMASIM_ROLE_QUEUE, NULL, NULL, nowhere);
    g_assert_null(set->roles[NUMASIM_ROLE_QUEUE].plugin);
}

static void test_override(void)
{
    g_autoptr(policy_set_t) set = example();
    const struct policy_role *queue = &set->roles[NUMASIM_ROLE_QUEUE];
    const struct policy_role *balance = &set->roles[NUMASIM_ROLE_BALANCE];
    g_autoptr(GError) error = NULL;

    g_assert_true(policy_set_override(set, "queue.base_slice=1ms", &error));
    g_assert_no_error(error);
    g_assert_cmpuint(queue->nr_values, ==, 1);
    g_assert_cmpstr(queue->values[0].text, ==, "1ms");
    g_assert_cmpstr(queue->values[0].text_at.file, ==, "--set queue.base_slice=1ms");
    g_assert_null(queue->values[0].source);

    g_assert_true(policy_set_override(set, "queue.BASE_SLICE=1ms", &error));
    g_assert_cmpuint(queue->nr_values, ==, 1);
    g_assert_cmpstr(queue->values[0].param, ==, "base_slice");

    g_assert_true(policy_set_override(set, "queue.other=a=b", &error));
    g_assert_cmpuint(queue->nr_values, ==, 2);
    g_assert_cmpstr(queue->values[1].param, ==, "other");
    g_assert_cmpstr(queue->values[1].text, ==, "a=b");

    /* The plugin serves both roles, so what was said for the queue gives way. */
    g_assert_true(policy_set_override(set, "balance.base_slice=2ms", &error));
    g_assert_cmpuint(queue->nr_values, ==, 1);
    g_assert_cmpstr(queue->values[0].param, ==, "other");
    g_assert_cmpstr(balance->values[0].text, ==, "2ms");

    g_assert_true(policy_set_override(set, "numa=linux-numa", &error));
    g_assert_cmpstr(set->roles[NUMASIM_ROLE_NUMA].plugin, ==, "linux-numa");
    g_assert_true(policy_set_override(set, "numa.scan=2ms", &error));
    g_assert_no_error(error);
}

static void test_override_errors(void)
{
    static const struct {
        const char *assignment, *message;
    } cases[] = {
        {"queue.base_slice", "--set queue.base_slice: not an assignment; expected "
                             "ROLE.PARAM=VALUE or ROLE=PLUGIN, as in queue.base_slice=3ms"},
        {"=3ms", "--set =3ms: not an assignment; expected ROLE.PARAM=VALUE or ROLE=PLUGIN, as in "
                 "queue.base_slice=3ms"},
        {"queue.base_slice=", "--set queue.base_slice=: not an assignment; expected "
                              "ROLE.PARAM=VALUE or ROLE=PLUGIN, as in queue.base_slice=3ms"},
        {"queu.base_slice=3ms",
         "--set queu.base_slice=3ms: unknown role 'queu'; expected one of queue, balance, numa, "
         "tier, placement, host (did you mean 'queue'?)"},
        {"host=eevdf", "--set host=eevdf: the host is no plugin; expected host.PARAM=VALUE"},
        {"queue.=3ms", "--set queue.=3ms: no parameter after 'queue.'; expected ROLE.PARAM=VALUE"},
        {"tier.x=1", "--set tier.x=1: policy set 'example' names no plugin for role 'tier'; name "
                     "one with --set tier=PLUGIN first"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(policy_set_t) set = example();
        g_autoptr(GError) error = NULL;

        g_assert_false(policy_set_override(set, cases[i].assignment, &error));
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        g_assert_cmpstr(error->message, ==, cases[i].message);
        g_assert_cmpstr(set->roles[NUMASIM_ROLE_QUEUE].values[0].text, ==, "3ms");
        g_assert_null(set->roles[NUMASIM_ROLE_TIER].plugin);
    }
}

static void test_place_prefix(void)
{
    struct policy_place at = {(char *)(guintptr) "a.yaml", 3, 5};
    g_autofree char *full = policy_place_prefix(&at);
    g_autofree char *empty = policy_place_prefix(&nowhere);
    g_autofree char *no_line = NULL;

    at.line = 0;
    no_line = policy_place_prefix(&at);
    g_assert_cmpstr(full, ==, "a.yaml:3:5: ");
    g_assert_cmpstr(no_line, ==, "a.yaml: ");
    g_assert_cmpstr(empty, ==, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy-set/new-is-empty", test_new_is_empty);
    g_test_add_func("/policy-set/copy-shares-nothing", test_copy_shares_nothing);
    g_test_add_func("/policy-set/same-plugin-keeps-values", test_same_plugin_keeps_values);
    g_test_add_func("/policy-set/override", test_override);
    g_test_add_func("/policy-set/override-errors", test_override_errors);
    g_test_add_func("/policy-set/place-prefix", test_place_prefix);
    return g_test_run();
}
