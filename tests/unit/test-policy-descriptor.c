/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors that the loader refuses, and stacks of descriptors in this process. */
#include "policy/descriptor.h"

#include "base/error.h"
#include "policy/loader.h"

static void enqueue(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                    uint32_t flags)
{
    (void)self, (void)q, (void)se, (void)flags;
}

static bool dequeue(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                    uint32_t flags)
{
    (void)self, (void)q, (void)se, (void)flags;
    return true;
}

static struct numasim_entity *pick(struct numasim_self *self, struct numasim_queue *q)
{
    (void)self;
    return q->curr;
}

static const struct numasim_queue_ops queue_ops = {
    .enqueue = enqueue, .dequeue = dequeue, .pick = pick};
static const struct numasim_numa_ops numa_ops = {.tick = NULL};

static const struct numasim_policy good = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "good",
    .summary = "good",
    .version = "1",
    .queue = &queue_ops,
    .numa = &numa_ops,
};

static void assert_refused(const struct numasim_policy *desc, const char *message)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(policy_descriptor_check(desc, "x.so", NULL, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_PLUGIN);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_texts(void)
{
    struct numasim_policy desc = good;

    g_assert_true(policy_descriptor_check(&good, "x.so", "good", NULL));
    desc.name = NULL;
    assert_refused(&desc, "x.so: the descriptor has no name; expected one");
    desc.name = "Not Good";
    assert_refused(&desc, "x.so: policy name 'Not Good'; expected a lower-case letter, then "
                          "letters, digits, dots and dashes");
    desc = good;
    desc.summary = "";
    assert_refused(&desc, "x.so: the descriptor has no summary; expected one");
    desc = good;
    desc.version = NULL;
    assert_refused(&desc, "x.so: the descriptor has no version; expected one");
}

static void test_roles(void)
{
    struct numasim_queue_ops ops = queue_ops;
    struct numasim_policy desc = good;

    desc.queue = &ops;
    ops.enqueue = NULL;
    assert_refused(&desc, "x.so: role 'queue' has no enqueue callback, which is required");
    ops.enqueue = enqueue;
    ops.dequeue = NULL;
    assert_refused(&desc, "x.so: role 'queue' has no dequeue callback, which is required");
    desc.queue = NULL;
    desc.numa = NULL;
    assert_refused(&desc, "x.so: the descriptor has no role; expected operations for one of queue, "
                          "balance, numa, tier, placement");
}

static void test_params(void)
{
    static const char *const values[] = {"a", "b", NULL};
    static const char *const no_values[] = {NULL};
    static const struct {
        struct numasim_param param;
        const char *message;
    } cases[] = {
        {{.name = "Slice", .doc = "."},
         "x.so: parameter name 'Slice'; expected lower case with underscores"},
        {{.name = "p", .type = (enum numasim_param_type)9, .doc = "."},
         "x.so: parameter 'p' has the unknown type 9; expected a NUMASIM_PARAM_*"},
        {{.name = "p", .max = 1}, "x.so: parameter 'p' has no doc; expected one sentence"},
        {{.name = "p", .min = 2, .max = 1, .doc = "."},
         "x.so: parameter 'p' has an empty range; expected min <= max"},
        {{.name = "p", .type = NUMASIM_PARAM_NS, .def = 5, .min = 10, .max = 20, .doc = "."},
         "x.so: default 5ns of parameter 'p' is out of its range; expected 10ns..20ns"},
        {{.name = "p", .type = NUMASIM_PARAM_BOOL, .def = 2, .doc = "."},
         "x.so: default 2 of parameter 'p'; expected 0 or 1"},
        {{.name = "p", .type = NUMASIM_PARAM_ENUM, .doc = "."},
         "x.so: parameter 'p' is a choice without values; expected a list"},
        {{.name = "p", .type = NUMASIM_PARAM_ENUM, .values = no_values, .doc = "."},
         "x.so: parameter 'p' is a choice without values; expected a list"},
        {{.name = "p", .type = NUMASIM_PARAM_ENUM, .def = 2, .values = values, .doc = "."},
         "x.so: default 2 of parameter 'p'; expected an index in 0..1"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct numasim_param table[] = {cases[i].param, {.name = NULL}};
        struct numasim_policy desc = good;

        desc.params = table;
        assert_refused(&desc, cases[i].message);
    }
}

static void test_params_twice(void)
{
    static const struct numasim_param table[] = {
        {.name = "p", .max = 1, .doc = "."}, {.name = "p", .max = 1, .doc = "."}, {.name = NULL}};
    struct numasim_policy desc = good;

    desc.params = table;
    assert_refused(&desc, "x.so: parameter 'p' stands twice in the table; expected once");
}

static void test_params_without_end(void)
{
    g_autofree struct numasim_param *table = g_new0(struct numasim_param, POLICY_MAX_PARAMS + 2);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    struct numasim_policy desc = good;

    for (int i = 0; i <= POLICY_MAX_PARAMS; i++) {
        g_ptr_array_add(names, g_strdup_printf("p%d", i));
        table[i] =
            (struct numasim_param){.name = g_ptr_array_index(names, i), .max = 1, .doc = "."};
    }
    desc.params = table;
    assert_refused(&desc, "x.so: more than 1024 parameters; expected a table that ends with a "
                          "zeroed row");
}

static void test_stack(void)
{
    static const struct numasim_balance_ops balance_ops = {.select_cpu = NULL};
    struct numasim_policy other = good;
    const struct numasim_policy *by_role[NUMASIM_NR_ROLES] = {
        [NUMASIM_ROLE_QUEUE] = &good, [NUMASIM_ROLE_BALANCE] = &other, [NUMASIM_ROLE_NUMA] = &good};
    g_autoptr(GError) error = NULL;
    g_autoptr(policy_stack_t) stack = NULL;

    other.name = "other";
    other.balance = &balance_ops;
    stack = policy_stack_from_descriptors(by_role, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(stack->nr_plugins, ==, 2);
    g_assert_cmpint(stack->slot[NUMASIM_ROLE_QUEUE], ==, 0);
    g_assert_cmpint(stack->slot[NUMASIM_ROLE_BALANCE], ==, 1);
    g_assert_cmpint(stack->slot[NUMASIM_ROLE_NUMA], ==, 0);
    g_assert_true(stack->queue == &queue_ops);
    g_assert_true(stack->balance == &balance_ops);
    g_assert_true(stack->numa == &numa_ops);
    g_assert_cmpstr(stack->plugins[0]->source_hash, ==, "unknown");

    by_role[NUMASIM_ROLE_TIER] = &good;
    g_assert_null(policy_stack_from_descriptors(by_role, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_PLUGIN);
    g_assert_cmpstr(error->message, ==, "plugin 'good' has no operations for role 'tier'");
    g_clear_error(&error);
    by_role[NUMASIM_ROLE_QUEUE] = NULL;
    g_assert_null(policy_stack_from_descriptors(by_role, &error));
    g_assert_cmpstr(error->message, ==, "no descriptor for role 'queue'; expected one");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy-descriptor/texts", test_texts);
    g_test_add_func("/policy-descriptor/roles", test_roles);
    g_test_add_func("/policy-descriptor/params", test_params);
    g_test_add_func("/policy-descriptor/params-twice", test_params_twice);
    g_test_add_func("/policy-descriptor/params-without-end", test_params_without_end);
    g_test_add_func("/policy-descriptor/stack", test_stack);
    return g_test_run();
}
