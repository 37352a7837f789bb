/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Autogroups (kernel/sched/autogroup.c): sessions outside of cgroups share a CPU, not their threads. */
#include "engine-fixture.h"

#include "base/time.h"
#include "policy/host.h"

#define MS NSEC_PER_MSEC

/* Of 2 s on one CPU, what the single thread of `one` gets beside the three of `many` and one without
 * a session of its own. */
static int64_t share_ns(const char *session, int64_t autogroup)
{
    struct policy_stack *stack = fixture_stack("linux-6.12");
    g_autofree char *text = g_strdup_printf(
        "numasim: workload/1\nduration: 2s\nprocesses:\n"
        "  one: {%s threads: {one: {cpus: 0, program: [forever: [run: 1ms]]}}}\n"
        "  many: {threads: {many: {count: 3, cpus: 0, program: [forever: [run: 1ms]]}}}\n",
        session);
    int64_t ns;

    stack->host->params[HOST_AUTOGROUP] = autogroup;
    struct engine *e =
        engine_new_stack("teach-uma-4", text, stack, &(struct kernel_config){.seed = 1});

    engine_run(e, 2000 * MS);
    ns = kernel_task_cpu_ns(e->kernel, engine_task(e, "one", 0));
    engine_free(e);
    return ns;
}

static void test_shares(void)
{
    /* Two sessions: a half each. One session, or no autogroups: a quarter. */
    g_assert_cmpint(ABS(share_ns("session: shell,", 1) - 1000 * MS), <=, 20 * MS);
    g_assert_cmpint(ABS(share_ns("", 1) - 500 * MS), <=, 20 * MS);
    g_assert_cmpint(ABS(share_ns("session: shell,", 0) - 500 * MS), <=, 20 * MS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/autogroup/shares", test_shares);
    return g_test_run();
}
