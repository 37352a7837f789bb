/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs that are not alike under linux-balance: by capacity, by rank, by what real-time tasks take. */
#include "engine-fixture.h"

#include "base/time.h"
#include "kernel-invariants.h"
#include "kernel/internal.h"

#define MS NSEC_PER_MSEC

/* CPUs 0-3 and 4-7, each half with an LLC of its own and with what @low and @high say. */
static char *machine_text(const char *low, const char *high)
{
    return g_strdup_printf(
        "numasim: topology/1\n"
        "arch: %s\n"
        "cpus:\n"
        "  list:\n"
        "    - {cpus: 0-3, core: 0, llc: 0, package: 0, node: 0%s}\n"
        "    - {cpus: 4-7, core: 4, llc: 1, package: 0, node: 0%s}\n"
        "  source: test\n"
        "memory: {nodes: [{nodes: 0, size: 1GiB}], source: test}\n"
        "distances: {matrix: [[10]], source: test}\n"
        "latency: {by-distance: {10: 100ns}, source: test}\n"
        "caches: {llc: 16MiB, source: test}\n"
        "costs:\n"
        "  {context-switch: 1us, wakeup: 1us,\n"
        "   wakeup-ipi: {self: 0us, core: 1us, llc: 1us, node: 1us, package: 1us, remote: 1us},\n"
        "   migration: {self: 0us, core: 0us, llc: 0us, node: 0us, package: 0us, remote: 0us},\n"
        "   idle-exit: 1us, fork: 1us, exit: 1us, tick: 1us, balance-pass: 0us, balance-cpu: 0us,\n"
        "   page-fault: 0us, page-zero: 0B/s, page-move: 0us, page-move-copy: 10GB/s,\n"
        "   hint-fault: 0us, smt-pace: 100%%, source: test}\n",
        strstr(low, "priority") != NULL ? "x86_64" : "aarch64", low, high);
}

static struct engine *start(const char *low, const char *high, const char *threads,
                            const char *policies, bool all_ticks)
{
    g_autofree char *machine = machine_text(low, high);
    g_autofree char *workload = g_strconcat(
        "numasim: workload/1\nduration: 100s\nprocesses:\n  p:\n    threads:\n", threads, NULL);
    struct kernel_config config = {.seed = 2, .all_ticks = all_ticks};

    return engine_new(machine, workload, policies, &config);
}

static int32_t cpu_of(struct engine *e, const char *comm)
{
    return engine_task(e, comm, 0)->pub.cpu;
}

/* The better half is taken for 100 ms; who came meanwhile goes there when it is free. */
#define TAKEN                                                                                      \
    "      taken: {count: 4, cpus: 4-7, program: [{run: 100ms}]}\n"                                \
    "      late: {start: 20ms, program: [forever: [run: 1ms]]}\n"
#define TAKEN_PINNED                                                                               \
    "      taken: {count: 4, cpus: 4-7, program: [{run: 100ms}]}\n"                                \
    "      late: {start: 20ms, cpus: 0-3, program: [forever: [run: 1ms]]}\n"

static const char *const releases[] = {"linux-5.10", "linux-6.1", "linux-6.12", "linux-7.3"};

static void test_rises(const char *low, const char *high)
{
    for (gsize i = 0; i < G_N_ELEMENTS(releases); i++) {
        struct engine *e = start(low, high, TAKEN, releases[i], false);

        engine_run(e, 90 * MS);
        g_assert_cmpint(cpu_of(e, "late"), <, 4);
        engine_run(e, 600 * MS);
        g_assert_cmpint(cpu_of(e, "late"), >=, 4);
        kernel_check(e->kernel);
        engine_free(e);
        /* One that may not run there asks for nothing. */
        e = start(low, high, TAKEN_PINNED, releases[i], false);
        engine_run(e, 600 * MS);
        g_assert_cmpint(cpu_of(e, "late"), <, 4);
        engine_free(e);
    }
}

/* Misfits: a task that fills a small CPU is pulled by a large one. */
static void test_misfit(void)
{
    test_rises(", capacity: 446", "");
}

/* Packing: a task goes to the CPU that firmware ranks higher. */
static void test_packing(void)
{
    test_rises(", priority: 10", ", priority: 20");
}

/* Alike, it stays where it is. */
static void test_control(void)
{
    struct engine *e = start("", "", TAKEN, "linux-6.12", false);

    engine_run(e, 90 * MS);
    int32_t cpu = cpu_of(e, "late");

    engine_run(e, 600 * MS);
    g_assert_cmpint(cpu_of(e, "late"), ==, cpu);
    engine_free(e);
}

/* At wakeup a task that would fill a small CPU looks for a large one; a light one does not. */
static void test_wakes_by_capacity(void)
{
    const char *threads =
        "      heavy: {program: [forever: [run: 6ms, sleep: 2ms]]}\n"
        "      light: {cpus: 0-7, program: [forever: [run: 100us, sleep: 8ms]]}\n";
    struct engine *e = start(", capacity: 446", "", threads, "linux-6.12", false);
    int32_t large = 0;

    engine_run(e, 400 * MS);
    for (int i = 1; i <= 20; i++) {
        engine_run(e, 400 * MS + i * 7 * MS);
        large += cpu_of(e, "heavy") >= 4;
    }
    g_assert_cmpint(large, ==, 20);
    engine_free(e);
}

/* A hog on a small CPU: its utilisation rises as its capacity, and in the end as high as any. */
static void test_pelt(void)
{
    const char *threads = "      small: {cpus: 0, program: [forever: [run: 1ms]]}\n"
                          "      large: {cpus: 4, program: [forever: [run: 1ms]]}\n";

    for (int all = 0; all < 2; all++) {
        struct engine *e = start(", capacity: 512", "", threads, "linux-6.12", all != 0);
        struct numasim_host *host = (struct numasim_host *)(void *)e->kernel;

        engine_run(e, 68 * MS);
        uint64_t small = numasim_cpu_load(host, 0).util_avg;
        uint64_t large = numasim_cpu_load(host, 4).util_avg;

        /* Half of its CPU at birth, which halves in 32 periods; 64 on the large one, 32 on the small
         * one, where they take twice as long. Up to a tick is not seen. */
        g_assert_cmpuint(small, >, 256 / 2 + 512 - 60);
        g_assert_cmpuint(small, <, 256 / 2 + 512 + 20);
        g_assert_cmpuint(large, >, 512 / 4 + 768 - 60);
        g_assert_cmpuint(large, <, 512 / 4 + 768 + 20);
        engine_run(e, 2000 * MS);
        g_assert_cmpuint(numasim_cpu_load(host, 0).util_avg, >=, 1020);
        engine_free(e);
    }
}

/* Real-time tasks take half of each of four CPUs, and twelve hogs come to share eight: with one on each
 * of those and two on each other, all would have the same. */
static int64_t least_of_most_pct(const char *policies)
{
    const char *threads = "      r0: {cpus: 0, sched: fifo, priority: 5, program: [forever: [run: "
                          "5ms, sleep: 5ms]]}\n"
                          "      r1: {cpus: 1, sched: fifo, priority: 5, program: [forever: [run: "
                          "5ms, sleep: 5ms]]}\n"
                          "      r2: {cpus: 2, sched: fifo, priority: 5, program: [forever: [run: "
                          "5ms, sleep: 5ms]]}\n"
                          "      r3: {cpus: 3, sched: fifo, priority: 5, program: [forever: [run: "
                          "5ms, sleep: 5ms]]}\n"
                          "      hog: {count: 12, program: [forever: [run: 1ms]]}\n";
    struct engine *e = start("", "", threads, policies, false);
    int64_t least_ns = INT64_MAX, most_ns = 0;

    engine_run(e, 10000 * MS);
    for (int i = 0; i < 12; i++) {
        int64_t ran_ns = engine_task(e, "hog", i)->pub.se.sum_exec_ns;

        g_test_message("%s: hog %d ran %" G_GINT64_FORMAT " ms", policies, i, ran_ns / MS);
        least_ns = MIN(least_ns, ran_ns);
        most_ns = MAX(most_ns, ran_ns);
    }
    engine_free(e);
    return least_ns * 100 / most_ns;
}

static void test_reduced(void)
{
    g_assert_cmpint(least_of_most_pct("linux-6.1"), >=, 90);
    g_assert_cmpint(least_of_most_pct("linux-6.12"), >=, 90);
}

static char *digest(bool all_ticks)
{
    const char *threads =
        "      rt: {cpus: 0, sched: fifo, priority: 5, program: [forever: [run: 5ms, sleep: "
        "5ms]]}\n"
        "      hog: {count: 5, program: [forever: [run: {exponential: 9ms}, sleep: 1ms]]}\n";
    struct engine *e =
        start(", capacity: 446, priority: 1", ", priority: 2", threads, "linux-7.3", all_ticks);

    return engine_run_digest(e, 1000 * MS);
}

static void test_ticks(void)
{
    g_autofree char *some = digest(false), *all = digest(true);

    g_assert_cmpstr(some, ==, all);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/asym/misfit", test_misfit);
    g_test_add_func("/asym/packing", test_packing);
    g_test_add_func("/asym/control", test_control);
    g_test_add_func("/asym/wakes-by-capacity", test_wakes_by_capacity);
    g_test_add_func("/asym/pelt", test_pelt);
    g_test_add_func("/asym/reduced", test_reduced);
    g_test_add_func("/asym/ticks", test_ticks);
    return g_test_run();
}
