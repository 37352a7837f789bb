/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine-fixture.h"

#include "base/error.h"
#include "format/policy-yaml.h"
#include "format/machine/topology-yaml.h"
#include "format/workload-yaml.h"

char *fixture_plugin_dir(void)
{
    return g_test_build_filename(G_TEST_BUILT, "..", "..", "policies", NULL);
}

static void must(const void *made, GError *error)
{
    if (made == NULL) {
        g_error("%s", error->message);
    }
}

struct policy_stack *fixture_stack(const char *name)
{
    g_autofree char *dir = fixture_plugin_dir();
    const char *plugins[] = {dir, NULL};
    const char *sets[] = {"policies", NULL};
    g_auto(GStrv) words = g_strsplit(name, " ", -1);
    g_autoptr(GError) error = NULL;
    struct policy_set *set;

    if (strchr(words[0], '+') != NULL) {
        g_auto(GStrv) parts = g_strsplit(words[0], "+", 2);

        set = policy_set_new(words[0]);
        policy_set_plugin(set, NUMASIM_ROLE_QUEUE, parts[0], NULL, (struct policy_place){0});
        policy_set_plugin(set, NUMASIM_ROLE_BALANCE, parts[1], NULL, (struct policy_place){0});
    } else {
        g_autofree char *path = g_strdup_printf("policies/%s.yaml", words[0]);

        set = policy_set_read_yaml(path, sets, &error);
        must(set, error);
    }
    for (guint i = 1; words[i] != NULL; i++) {
        must(policy_set_override(set, words[i], &error) ? set : NULL, error);
    }
    struct policy_stack *stack = policy_stack_load(set, plugins, &error);

    must(stack, error);
    policy_set_free(set);
    return stack;
}

static struct engine *engine_of(const char *topology, const char *workload,
                                struct policy_stack *stack, const struct kernel_config *config,
                                GError **ret_error)
{
    struct engine *e = g_new0(struct engine, 1);
    g_autoptr(GError) error = NULL;

    if (strchr(topology, '\n') != NULL) {
        e->machine = topology_read_yaml_buffer("test", topology, strlen(topology), &error);
    } else {
        g_autofree char *path = g_strdup_printf("topologies/%s.yaml", topology);

        e->machine = topology_read_yaml(path, &error);
    }
    must(e->machine, error);
    if (strchr(workload, '\n') != NULL) {
        e->workload = workload_read_yaml_buffer("test", workload, strlen(workload), &error);
    } else {
        g_autofree char *path = g_strdup_printf("workloads/%s.yaml", workload);

        e->workload = workload_read_yaml(path, &error);
    }
    must(e->workload, error);
    e->domains = sched_domains_new(e->machine, KERNEL_6_12);
    e->stack = stack;
    e->kernel = kernel_new(e->machine, e->domains, stack, config, &error);
    must(e->kernel, error);
    const struct workload *w = e->workload;

    e->interp = interp_new(e->kernel, &w, 1, &error);
    if (e->interp == NULL) {
        g_propagate_error(ret_error, g_steal_pointer(&error));
        engine_free(e);
        return NULL;
    }
    return e;
}

struct engine *engine_try_new(const char *topology, const char *workload, const char *policies,
                              const struct kernel_config *config, GError **error)
{
    return engine_of(topology, workload, fixture_stack(policies), config, error);
}

struct engine *engine_new(const char *topology, const char *workload, const char *policies,
                          const struct kernel_config *config)
{
    g_autoptr(GError) error = NULL;
    struct engine *e = engine_try_new(topology, workload, policies, config, &error);

    must(e, error);
    return e;
}

struct engine *engine_new_with(const char *topology, const char *workload,
                               const struct numasim_policy *const by_role[NUMASIM_NR_ROLES],
                               const struct kernel_config *config)
{
    g_autoptr(GError) error = NULL;
    struct policy_stack *stack = policy_stack_from_descriptors(by_role, &error);

    must(stack, error);
    struct engine *e = engine_of(topology, workload, stack, config, &error);

    must(e, error);
    return e;
}

struct engine *engine_new_stack(const char *topology, const char *workload,
                                struct policy_stack *stack, const struct kernel_config *config)
{
    g_autoptr(GError) error = NULL;
    struct engine *e = engine_of(topology, workload, stack, config, &error);

    must(e, error);
    return e;
}

void engine_free(struct engine *e)
{
    interp_free(e->interp);
    kernel_free(e->kernel);
    policy_stack_free(e->stack);
    workload_free(e->workload);
    sched_domains_free(e->domains);
    machine_free(e->machine);
    g_free(e);
}

void engine_run(struct engine *e, int64_t until_ns)
{
    g_autoptr(GError) error = NULL;

    if (!kernel_run(e->kernel, until_ns, &error)) {
        g_autofree char *dump = kernel_dump(e->kernel);

        g_error("%s\n%s", error->message, dump);
    }
}

char *engine_run_digest(struct engine *e, int64_t until_ns)
{
    engine_run(e, until_ns);
    char *digest = kernel_digest(e->kernel);

    engine_free(e);
    return digest;
}

void engine_run_fault(struct engine *e, int64_t until_ns, ...)
{
    g_autoptr(GError) error = NULL;
    va_list words;
    const char *word;

    g_assert_false(kernel_run(e->kernel, until_ns, &error));
    g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_FAULT);
    va_start(words, until_ns);
    while ((word = va_arg(words, const char *)) != NULL) {
        if (strstr(error->message, word) == NULL) {
            g_error("'%s' is not in: %s", word, error->message);
        }
    }
    va_end(words);
    g_autofree char *dump = kernel_dump(e->kernel);

    g_assert_nonnull(strstr(dump, "simulated time:"));
}

struct task *engine_task(struct engine *e, const char *comm, int n)
{
    for (int32_t i = 0; i < kernel_nr_tasks(e->kernel); i++) {
        struct task *t = kernel_task(e->kernel, i);

        if (g_str_equal(task_pub(t)->comm, comm) && n-- == 0) {
            return t;
        }
    }
    g_error("no such task: %s", comm);
}
