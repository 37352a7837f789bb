/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exec: the policy is asked where the task should run, the stopper moves it there, and its memory is
 * gone after that. */
#include "event-log.h"
#include "kernel-invariants.h"

#include <string.h>

#include "base/time.h"
#include "kernel/internal.h"

#define US NSEC_PER_USEC
#define MS NSEC_PER_MSEC

struct exec {
    struct engine *e;
    GArray *log;
};

static struct exec start(const char *topology, const char *processes, const char *policies)
{
    g_autofree char *text =
        g_strdup_printf("numasim: workload/1\nduration: 10s\nprocesses:\n%s", processes);
    struct exec x;

    x.e = engine_new(topology, text, policies, &(struct kernel_config){.seed = 1});
    x.log = event_log_new(x.e);
    return x;
}

static void end(struct exec *x)
{
    kernel_check(x->e->kernel);
    g_array_unref(x->log);
    engine_free(x->e);
}

/* The first move for an exec, or NULL. */
static const struct tp_event *moved(const struct exec *x)
{
    const struct tp_event *e;

    for (int n = 0; (e = event_log_find(x->log, TP_SCHED_MIGRATE_TASK, -1, n)) != NULL; n++) {
        if (e->a == MIGRATE_EXEC) {
            return e;
        }
    }
    return NULL;
}

/*
 * B is on CPU 0 first and A, pinned there, waits. B's 100 us are done at 1 (its switch) + 100, and a
 * CPU is idle: the stopper's switch of 1 us is CPU 0's, and A follows it after another. CPU 1 is told by
 * an IPI of 1 us, as long as it takes to get the task there; then come its switch of 1 us, 50 us, and 10
 * us to exit.
 */
static void test_moves(void)
{
    struct exec x = start("teach-uma-4",
                          "  p: {threads: {b: {program: [run: 100us, exec, run: 50us]}}}\n"
                          "  q: {threads: {a: {cpus: 0, program: [run: 100us]}}}\n",
                          "fifo+work-conserving");

    engine_run(x.e, MS);
    const struct tp_event *e = moved(&x);

    g_assert_nonnull(e);
    g_assert_cmpint(e->time_ns, ==, 101 * US);
    g_assert_cmpint(e->task, ==, 0);
    g_assert_cmpint(e->cpu, ==, 0);
    g_assert_cmpint(e->other, ==, 1);
    g_assert_cmpint(event_log_time(x.log, TP_SCHED_SWITCH, 1, 0), ==, 101 * US);
    g_assert_cmpint(event_log_time(x.log, TP_SCHED_SWITCH, 0, 1), ==, 102 * US);
    g_assert_cmpint(event_log_time(x.log, TP_SCHED_PROCESS_EXIT, 0, 0), ==,
                    (102 + 1 + 50 + 10) * US);
    g_assert_cmpint(event_log_time(x.log, TP_SCHED_PROCESS_EXIT, 1, 0), ==,
                    (101 + 2 + 100 + 10) * US);
    end(&x);
}

/* Alone on its CPU it stays, and pays nothing; so does a real-time task, and a pinned one. */
static void test_stays(void)
{
    static const char *const threads[] = {
        "{program: [run: 100us, exec, run: 50us]}",
        "{sched: fifo, priority: 5, program: [run: 100us, exec, run: 50us]}",
        "{cpus: 2, program: [run: 100us, exec, run: 50us]}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_autofree char *text = g_strdup_printf("  p: {threads: {b: %s}}\n", threads[i]);
        struct exec x = start("teach-uma-4", text, "linux-6.12");

        engine_run(x.e, MS);
        g_assert_null(moved(&x));
        int64_t begun_ns = event_log_time(x.log, TP_SCHED_SWITCH, 0, 0);

        g_assert_cmpint(event_log_time(x.log, TP_SCHED_PROCESS_EXIT, 0, 0), ==,
                        begun_ns + (1 + 150 + 10) * US);
        end(&x);
    }
}

/* B runs on node 0 alone; then four of SCHED_BATCH, which do not preempt it, wake on that node. */
#define BUSY_NODE                                                                                  \
    "  p:\n    regions: {heap: {size: 4MiB, touch: first}}\n"                                      \
    "    threads: {b: {program: [run: 10200us, exec, touch: heap, run: 30ms]}}\n"                  \
    "  h0: {threads: {h: {cpus: 0, sched: batch, program: [sleep: 10ms, run: 100ms]}}}\n"          \
    "  h1: {threads: {h: {cpus: 1, sched: batch, program: [sleep: 10ms, run: 100ms]}}}\n"          \
    "  h2: {threads: {h: {cpus: 2, sched: batch, program: [sleep: 10ms, run: 100ms]}}}\n"          \
    "  h3: {threads: {h: {cpus: 3, sched: batch, program: [sleep: 10ms, run: 100ms]}}}\n"

/* find_idlest_group(): the other node has idle CPUs; the new program's pages come to lie there. */
static void test_other_node(void)
{
    struct exec x = start("teach-numa-2x4", BUSY_NODE, "linux-6.12");

    engine_run(x.e, 60 * MS);
    const struct tp_event *e = moved(&x);

    g_assert_nonnull(e);
    g_assert_cmpint(cpu_rq(x.e->kernel, e->cpu)->pub.node, ==, 0);
    g_assert_cmpint(cpu_rq(x.e->kernel, e->other)->pub.node, ==, 1);
    g_assert_cmpint(event_log_time(x.log, TP_MM_PAGE_FREE, -1, 0), ==, e->time_ns);
    const struct tp_event *last = event_log_last(x.log, TP_MM_PAGE_ALLOC);

    g_assert_cmpint(last->time_ns, >, e->time_ns);
    g_assert_cmpint(last->a, ==, 1);
    end(&x);
}

static char *digest(bool all_ticks)
{
    struct kernel_config config = {.seed = 1, .all_ticks = all_ticks};
    struct engine *e =
        engine_new("teach-numa-2x4", "numasim: workload/1\nduration: 10s\nprocesses:\n" BUSY_NODE,
                   "linux-6.12", &config);

    return engine_run_digest(e, 200 * MS);
}

static void test_ticks(void)
{
    g_autofree char *some = digest(false), *all = digest(true);

    g_assert_cmpstr(some, ==, all);
}

static void test_beside_threads(void)
{
    struct exec x =
        start("teach-uma-4",
              "  p: {threads: {b: {program: [run: 1ms, exec]}, c: {program: [run: 1s]}}}\n",
              "linux-6.12");

    engine_run_fault(x.e, MS * 10, "execs beside other threads", NULL);
    g_array_unref(x.log);
    engine_free(x.e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exec/moves", test_moves);
    g_test_add_func("/exec/stays", test_stays);
    g_test_add_func("/exec/other-node", test_other_node);
    g_test_add_func("/exec/ticks", test_ticks);
    g_test_add_func("/exec/beside-threads", test_beside_threads);
    return g_test_run();
}
