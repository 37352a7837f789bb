/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policies that show what the testbed is for (work-conserving, nest, cache-aware, oracle): what
 * each decides in cases that its idea settles. And what an oracle is told, and the bound beside it.
 */
#include "engine-fixture.h"

#include "base/time.h"
#include "observe/bound.h"

#define MS NSEC_PER_MSEC

static struct engine *start(const char *topology, const char *workload, const char *policies)
{
    return engine_new(topology, workload, policies, &(struct kernel_config){.seed = 1});
}

static int64_t remaining_ns(struct engine *e, const char *comm)
{
    return numasim_remaining_ns((struct numasim_host *)e->kernel,
                                task_pub(engine_task(e, comm, 0)));
}

static const char programs[] =
    "numasim: workload/1\nduration: 1s\n"
    "processes:\n"
    "  p:\n"
    "    threads:\n"
    "      loops: {cpus: 0, program: [{loop: {count: 3, do: [{run: 2ms}, {sleep: 1ms}]}}, {run: "
    "5ms}]}\n"
    "      leaves: {cpus: 1, program: [{run: 1ms}, {loop: {count: 9, do: [{run: 1ms}, exit]}}]}\n"
    "      forever: {cpus: 2, program: [{forever: [{run: 1ms}]}]}\n"
    "      draws: {cpus: 3, program: [{loop: {count: 4, do: [{run: {uniform: [1ms, 9ms]}}]}}]}\n";

static void test_remaining(void)
{
    struct engine *e = start("teach-uma-4", programs, "fifo+none");

    g_assert_cmpint(remaining_ns(e, "loops"), ==, 11 * MS);
    g_assert_cmpint(remaining_ns(e, "leaves"), ==, 2 * MS);
    g_assert_cmpint(remaining_ns(e, "forever"), ==, NUMASIM_TIME_NEVER);
    int64_t drawn_ns = remaining_ns(e, "draws");

    engine_run(e, 4 * MS + MS / 2);
    /* 2 ms, 1 ms asleep, and what of 1.5 ms was counted by the last event. */
    g_assert_cmpint(remaining_ns(e, "loops"), >=, 7500000);
    g_assert_cmpint(remaining_ns(e, "loops"), <=, 9 * MS);
    g_assert_cmpint(remaining_ns(e, "leaves"), ==, 0);
    g_assert_cmpint(remaining_ns(e, "draws"), <, drawn_ns);
    engine_run(e, 100 * MS);
    g_assert_cmpint(remaining_ns(e, "loops"), ==, 0);
    /* What was foretold is what was done. */
    g_assert_cmpint(kernel_task_work_done_ns(e->kernel, engine_task(e, "draws", 0)), ==, drawn_ns);
    engine_free(e);
}

static void test_bound(void)
{
    const char *text = "numasim: workload/1\nduration: 1s\n"
                       "processes:\n"
                       "  p:\n"
                       "    threads:\n"
                       "      bound: {count: 2, cpus: 0, program: [{run: 10ms}]}\n"
                       "      free: {count: 4, program: [{run: 3ms}]}\n";
    struct engine *e = start("teach-uma-4", text, "fifo+none");

    engine_run(e, NSEC_PER_SEC);
    g_assert_true(kernel_finished(e->kernel));
    /* 32 ms on four CPUs, but 20 ms of them on one. */
    g_assert_cmpint(bound_completion_ns(e->kernel, false), ==, 8 * MS);
    g_assert_cmpint(bound_completion_ns(e->kernel, true), ==, 20 * MS);
    g_assert_cmpint(interp_critical_ns(e->interp), >=, 10 * MS);
    g_assert_cmpint(interp_critical_ns(e->interp), <, 11 * MS);
    engine_free(e);
}

/* One of 30 ms and nine of 10 ms on four CPUs: 30 ms, if the long one starts at once and never waits. */
static void test_oracle(void)
{
    const char *text = "numasim: workload/1\nduration: 1s\n"
                       "processes:\n"
                       "  p:\n"
                       "    threads:\n"
                       "      short: {count: 9, program: [{run: 10ms}]}\n"
                       "      long: {program: [{run: 30ms}]}\n";
    struct engine *e = start("teach-uma-4", text, "oracle");

    engine_run(e, NSEC_PER_SEC);
    g_assert_true(kernel_finished(e->kernel));
    g_assert_cmpint(kernel_now_ns(e->kernel), >=, 30 * MS);
    g_assert_cmpint(kernel_now_ns(e->kernel), <=, 31 * MS + MS / 2);
    g_assert_cmpuint(kernel_counters(e->kernel)->oracle_queries, >, 0);
    engine_free(e);
}

/* Hogs that may run on one node's CPUs or all: as soon as one leaves, another takes its CPU. */
static void test_work_conserving(void)
{
    const char *text = "numasim: workload/1\nduration: 1s\n"
                       "processes:\n"
                       "  p:\n"
                       "    threads:\n"
                       "      near: {count: 6, cpus: 0-3, program: [{run: 20ms}]}\n"
                       "      any: {count: 10, program: [{run: 20ms}]}\n";
    struct engine *e = start("teach-numa-2x4", text, "work-conserving");

    for (int64_t at_ns = 2 * MS; at_ns < 34 * MS; at_ns += 3 * MS) {
        uint32_t idle = 0, waiting = 0;

        engine_run(e, at_ns);
        for (int32_t cpu = 0; cpu < 8; cpu++) {
            idle += kernel_cpu(e->kernel, cpu)->curr == NULL;
            waiting += kernel_cpu(e->kernel, cpu)->nr_running > 1;
        }
        g_assert_true(idle == 0 || waiting == 0);
    }
    engine_run(e, NSEC_PER_SEC);
    g_assert_true(kernel_finished(e->kernel));
    engine_free(e);
}

/* How many CPUs the children of a shell that runs one at a time have been on. */
static int32_t cpus_of_chain(const char *policies)
{
    const char *text =
        "numasim: workload/1\nduration: 1s\n"
        "processes:\n"
        "  p:\n"
        "    threads:\n"
        "      sh: {program: [{loop: {count: 40, do: [{fork: {group: cmd, count: 1}}, join]}}]}\n"
        "      cmd: {count: 0, program: [{run: 300us}]}\n";
    struct engine *e = start("xeon-6130-2s", text, policies);
    uint64_t seen = 0;

    engine_run(e, NSEC_PER_SEC);
    for (int32_t i = 0; i < kernel_nr_tasks(e->kernel); i++) {
        seen |= UINT64_C(1) << task_pub(kernel_task(e->kernel, i))->cpu;
    }
    engine_free(e);
    return __builtin_popcountll(seen);
}

static void test_nest(void)
{
    g_assert_cmpint(cpus_of_chain("nest"), <=, 3);
    g_assert_cmpint(cpus_of_chain("eevdf-random"), >, 20);
}

/* Whether two threads that wake each other are under one LLC from 100 ms on. */
static bool pair_is_together(const char *policies)
{
    const char *text =
        "numasim: workload/1\nduration: 1s\n"
        "objects: {there: pipe, back: pipe}\n"
        "processes:\n"
        "  p:\n"
        "    threads:\n"
        "      a: {program: [{forever: [{run: 5us}, {write: {pipe: there, bytes: 4B}},\n"
        "                               {read: {pipe: back, bytes: 4B}}]}]}\n"
        "      b: {program: [{forever: [{read: {pipe: there, bytes: 4B}}, {run: 5us},\n"
        "                               {write: {pipe: back, bytes: 4B}}]}]}\n";
    struct engine *e = start("epyc-7763-2s-nps1", text, policies);

    bool together = true;

    for (int64_t at_ns = 100 * MS; at_ns < 200 * MS; at_ns += 10 * MS) {
        engine_run(e, at_ns);
        int32_t a = task_pub(engine_task(e, "a", 0))->cpu;
        int32_t b = task_pub(engine_task(e, "b", 0))->cpu;

        together &= kernel_cpu(e->kernel, a)->llc == kernel_cpu(e->kernel, b)->llc;
    }
    engine_free(e);
    return together;
}

static void test_cache_aware(void)
{
    /* They start apart, under the LLC with the most idle CPUs; the study `cache-aware` has the control. */
    g_assert_true(pair_is_together("cache-aware"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/showcase/remaining", test_remaining);
    g_test_add_func("/showcase/bound", test_bound);
    g_test_add_func("/showcase/oracle", test_oracle);
    g_test_add_func("/showcase/work-conserving", test_work_conserving);
    g_test_add_func("/showcase/nest", test_nest);
    g_test_add_func("/showcase/cache-aware", test_cache_aware);
    return g_test_run();
}
