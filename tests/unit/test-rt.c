/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SCHED_FIFO and SCHED_RR over several CPUs, and what keeps them from having all of a CPU. */
#include "event-log.h"
#include "kernel-invariants.h"

#include "base/time.h"
#include "kernel/internal.h"

#define US      NSEC_PER_USEC
#define MS      NSEC_PER_MSEC
#define THREADS "processes:\n  p:\n    threads:\n"

/* @throttling: as before 6.12, without the fair server. */
static struct engine *start(const char *workload, bool throttling, bool all_ticks)
{
    struct policy_stack *stack = fixture_stack("linux-6.12");
    g_autofree char *text = g_strdup_printf("numasim: workload/1\nduration: 60s\n%s", workload);
    const struct kernel_config config = {.seed = 1, .all_ticks = all_ticks};

    stack->host->params[HOST_RT_THROTTLING] = throttling;
    stack->host->params[HOST_FAIR_SERVER] = !throttling;
    return engine_new_stack("teach-uma-4", text, stack, &config);
}

static int64_t cpu_ns(const struct engine *e, const char *comm, int n)
{
    return kernel_task_cpu_ns(e->kernel, engine_task((struct engine *)(uintptr_t)e, comm, n));
}

#define STARVED                                                                                    \
    THREADS "      hog: {cpus: 0, sched: fifo, priority: 5, program: [forever: [run: 1ms]]}\n"     \
            "      fair: {cpus: 0, program: [forever: [run: 1ms]]}\n"

/* 950 ms of each second for the hog; it is told at a tick, so each second may differ by one. */
static void test_throttling(void)
{
    struct engine *e = start(STARVED, true, false);

    engine_run(e, 10000 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(cpu_ns(e, "fair", 0), >=, 9 * 50 * MS - 10 * 4 * MS);
    g_assert_cmpint(cpu_ns(e, "fair", 0), <=, 11 * 50 * MS);
    engine_free(e);
}

/* Throttling does not ask whether anybody else wants the CPU: it idles. */
static void test_throttled_idle(void)
{
    struct engine *e =
        start(THREADS "      hog: {cpus: 0, sched: fifo, priority: 5, program: [forever: [run: "
                      "1ms]]}\n",
              true, false);

    engine_run(e, 10000 * MS);
    kernel_check(e->kernel);
    struct cpu_times times = kernel_cpu_times(e->kernel, 0);

    g_assert_cmpint(times.idle_ns, >=, 9 * 50 * MS - 10 * 4 * MS);
    g_assert_cmpint(times.idle_ns, <=, 11 * 50 * MS);
    engine_free(e);
}

/* The fair server steps in 950 ms after the fair task began to wait, then once a second. */
static void test_fair_server(void)
{
    struct engine *e = start(STARVED, false, false);

    engine_run(e, 940 * MS);
    g_assert_cmpint(cpu_ns(e, "fair", 0), <=, 1 * MS);
    engine_run(e, 9940 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(cpu_ns(e, "fair", 0), >=, 9 * 50 * MS);
    g_assert_cmpint(cpu_ns(e, "fair", 0), <=, 9 * (50 + 4) * MS + MS);
    engine_free(e);
}

/* Alone, a hog is not held up by the server of a class that has nobody. */
static void test_no_server_alone(void)
{
    struct engine *e =
        start(THREADS "      hog: {cpus: 0, sched: fifo, priority: 5, program: [forever: [run: "
                      "1ms]]}\n",
              false, false);

    engine_run(e, 3000 * MS);
    g_assert_cmpint(cpu_ns(e, "hog", 0), >=, 3000 * MS - 100 * US);
    engine_free(e);
}

/* A task that wakes on a CPU whose task is no lower goes where one is: four FIFO hogs, woken on CPU 0
 * one after the other, have a CPU each, and nobody waits. */
static void test_wakes_elsewhere(void)
{
    struct engine *e = start(
        THREADS "      hog: {count: 4, sched: fifo, priority: 5, start: {uniform: [1ms, 9ms]}, "
                "program: [forever: [run: 1ms]]}\n",
        false, false);

    engine_run(e, 1000 * MS);
    kernel_check(e->kernel);
    for (int i = 0; i < 4; i++) {
        g_assert_cmpint(cpu_ns(e, "hog", i), >=, 985 * MS);
    }
    engine_free(e);
}

/* Preempted by one that must run on its CPU, a task is pushed to the CPU where only fair ones are. */
static void test_pushed(void)
{
    struct engine *e =
        start(THREADS "      low: {cpus: 0-1, sched: fifo, priority: 5, program: [forever: [run: "
                      "1ms]]}\n"
                      "      fair: {cpus: 1, program: [forever: [run: 1ms]]}\n"
                      "      high0: {cpus: 0, sched: fifo, priority: 9, start: 50ms, program: "
                      "[run: 20ms]}\n"
                      "      high1: {cpus: 1, sched: fifo, priority: 9, start: 150ms, program: "
                      "[run: 20ms]}\n",
              false, false);

    engine_run(e, 300 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(cpu_ns(e, "low", 0), >=, 299 * MS);
    g_assert_cmpint(task_pub(engine_task(e, "low", 0))->cpu, ==, 0);
    engine_free(e);
}

/* A CPU that falls to a lower priority has waiting tasks sent to it: of two tasks on CPU 0, the one
 * that waits because CPU 1 was taken comes when CPU 1's ends. */
static void test_pulled(void)
{
    struct engine *e =
        start(THREADS "      one: {cpus: 0, sched: fifo, priority: 5, program: [run: 500ms]}\n"
                      "      top: {cpus: 1, sched: fifo, priority: 9, program: [run: 100ms]}\n"
                      "      two: {cpus: 0-1, sched: fifo, priority: 5, start: 10ms, program: "
                      "[run: 100ms]}\n",
              false, false);
    g_autoptr(GArray) log = event_log_new(e);

    engine_run(e, 300 * MS);
    kernel_check(e->kernel);
    int64_t ran_ns =
        event_log_time(log, TP_SCHED_SWITCH, task_pub(engine_task(e, "two", 0))->id, 0);

    g_assert_cmpint(ran_ns, >=, 100 * MS);
    g_assert_cmpint(ran_ns, <=, 100 * MS + 100 * US);
    g_assert_cmpint(task_pub(engine_task(e, "two", 0))->cpu, ==, 1);
    engine_free(e);
}

/* Of two equals on one CPU the one that can go goes (check_preempt_equal_prio()). */
static void test_equal_makes_way(void)
{
    struct engine *e =
        start(THREADS "      free: {cpus: 0-1, sched: fifo, priority: 5, program: [run: 500ms]}\n"
                      "      bound: {cpus: 0, sched: fifo, priority: 5, start: 10ms, program: "
                      "[run: 100ms]}\n",
              false, false);

    engine_run(e, 60 * MS);
    kernel_check(e->kernel);
    g_assert_cmpint(cpu_ns(e, "bound", 0), >=, 49 * MS);
    g_assert_cmpint(cpu_ns(e, "free", 0), >=, 59 * MS);
    engine_free(e);
}

/* The average of a hog's CPU reaches 1024, that of an idle one 0; reading changes nothing. */
static void test_util(void)
{
    struct engine *e = start(STARVED, false, false);
    struct numasim_host *host = (struct numasim_host *)(void *)e->kernel;

    engine_run(e, 600 * MS);
    g_assert_cmpuint(numasim_cpu_rt_util(host, 0), >=, 1015);
    g_assert_cmpuint(numasim_cpu_rt_util(host, 0), <=, 1024);
    g_assert_cmpuint(numasim_cpu_rt_util(host, 1), ==, 0);
    engine_free(e);
}

/* Throttling and server act at the same instants whether or not idle ticks are simulated. */
static void test_all_ticks(void)
{
    const char *crowd =
        THREADS "      hog: {count: 2, sched: rr, priority: 5, program: [forever: [run: 1ms]]}\n"
                "      alone: {cpus: 3, sched: fifo, priority: 5, program: [forever: [run: 1ms]]}\n"
                "      nap: {count: 6, sched: fifo, priority: 7, program: [forever: [run: "
                "{exponential: 1ms}, sleep: {exponential: 4ms}]]}\n"
                "      fair: {count: 5, program: [forever: [run: {exponential: 3ms}, sleep: "
                "{exponential: 3ms}]]}\n";

    for (int throttling = 0; throttling < 2; throttling++) {
        char *digest[2];

        for (int all = 0; all < 2; all++) {
            struct engine *e = start(crowd, throttling != 0, all != 0);

            g_assert_true(kernel_run_checked(e->kernel, 3000 * MS, 7 * MS, NULL));
            digest[all] = kernel_digest(e->kernel);
            engine_free(e);
        }
        g_assert_cmpstr(digest[0], ==, digest[1]);
        g_free(digest[0]);
        g_free(digest[1]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rt/throttling", test_throttling);
    g_test_add_func("/rt/throttled-idle", test_throttled_idle);
    g_test_add_func("/rt/fair-server", test_fair_server);
    g_test_add_func("/rt/no-server-alone", test_no_server_alone);
    g_test_add_func("/rt/wakes-elsewhere", test_wakes_elsewhere);
    g_test_add_func("/rt/pushed", test_pushed);
    g_test_add_func("/rt/pulled", test_pulled);
    g_test_add_func("/rt/equal-makes-way", test_equal_makes_way);
    g_test_add_func("/rt/util", test_util);
    g_test_add_func("/rt/all-ticks", test_all_ticks);
    return g_test_run();
}
