/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which session an import takes each task to be of. */
#include <glib.h>

#include "format/trace/sessions.h"

static void check(const struct workload_trace *trace, const int32_t *sessions)
{
    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        g_assert_cmpint(trace->tasks[i].session, ==, sessions[i]);
    }
}

/* Kernel threads have none, what stands for itself its own, and all others share the recording's. */
static void test_commands(void)
{
    struct trace_task tasks[] = {
        {.comm = (char *)"kworker/0:1H", .parent = -1}, {.comm = (char *)"pgbench", .parent = -1},
        {.comm = (char *)"postgres", .parent = -1},     {.comm = (char *)"postgres", .parent = -1},
        {.comm = (char *)"nginx", .parent = -1},        {.comm = (char *)"nginx", .parent = -1},
        {.comm = (char *)"wrk", .parent = -1},          {.comm = (char *)"other", .parent = -1},
        {.comm = (char *)"rcu_preempt", .parent = -1},  {.comm = (char *)"kworkers", .parent = -1},
    };
    const struct workload_trace trace = {.tasks = tasks, .nr_tasks = G_N_ELEMENTS(tasks)};
    static const int32_t sessions[] = {0, 1, 2, 3, 4, 4, 1, 5, 0, 1};

    trace_sessions_assign((struct workload_trace *)&trace);
    check(&trace, sessions);
}

/* A task forked in the record is of its parent's session, whatever it has become by exec. */
static void test_forked(void)
{
    struct trace_task tasks[] = {
        {.comm = (char *)"make", .parent = -1}, {.comm = (char *)"postgres", .parent = -1},
        {.comm = (char *)"cc1", .parent = 0},   {.comm = (char *)"postgres", .parent = 1},
        {.comm = (char *)"as", .parent = 2},
    };
    struct workload_trace trace = {.tasks = tasks, .nr_tasks = G_N_ELEMENTS(tasks)};
    static const int32_t sessions[] = {1, 2, 1, 2, 1};

    trace_sessions_assign(&trace);
    check(&trace, sessions);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace-sessions/commands", test_commands);
    g_test_add_func("/trace-sessions/forked", test_forked);
    return g_test_run();
}
