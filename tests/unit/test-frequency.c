/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frequencies by active cores: the times at which tasks of known lengths end, worked out by hand. */
#include "engine-fixture.h"

#include "base/time.h"

#define US NSEC_PER_USEC
#define MS NSEC_PER_MSEC

/* Costs nothing but the work. 1 GHz, and what stands in @frequency. */
static char *machine_text(int packages, int threads, const char *frequency)
{
    return g_strdup_printf(
        "numasim: topology/1\n"
        "arch: x86_64\n"
        "cpus: {packages: %d, cores-per-llc: 4, threads-per-core: %d, source: test}\n"
        "memory: {nodes: [{nodes: 0%s, size: 1GiB}], source: test}\n"
        "distances: {matrix: %s, source: test}\n"
        "latency: {by-distance: {10: 100ns%s}, source: test}\n"
        "caches: {llc: 16MiB, source: test}\n"
        "frequency: {nominal: 1GHz, %s source: test}\n"
        "costs:\n"
        "  {context-switch: 0us, wakeup: 0us,\n"
        "   wakeup-ipi: {self: 0us, core: 0us, llc: 0us, node: 0us, package: 0us, remote: 0us},\n"
        "   migration: {self: 0us, core: 0us, llc: 0us, node: 0us, package: 0us, remote: 0us},\n"
        "   idle-exit: 0us, fork: 0us, exit: 0us, tick: 0us, balance-pass: 0us, balance-cpu: 0us,\n"
        "   page-fault: 0us, page-zero: 0B/s, page-move: 0us, page-move-copy: 10GB/s,\n"
        "   hint-fault: 0us, smt-pace: 100%%, source: test}\n",
        packages, threads, packages > 1 ? "-1" : "",
        packages > 1 ? "[[10, 20], [20, 10]]" : "[[10]]", packages > 1 ? ", 20: 100ns" : "",
        frequency);
}

/* A thread a that runs 10 ms on CPU 0, and a thread b on @cpu_b with @program_b. */
static char *workload_text(int cpu_b, const char *program_b)
{
    return g_strdup_printf("numasim: workload/1\n"
                           "processes:\n"
                           "  p:\n"
                           "    threads:\n"
                           "      a: {cpus: 0, program: [{run: 10ms}]}\n"
                           "      b: {cpus: %d, program: [%s]}\n",
                           cpu_b, program_b);
}

#define TWO_STEPS "active: [{cores: 1, frequency: 2GHz}, {cores: 4, frequency: 1GHz}],"

/* When the last of a and b ends, under fifo without a balancer. */
static int64_t end_ns(const char *frequency, int packages, int threads, int cpu_b,
                      const char *program_b)
{
    g_autofree char *topology = machine_text(packages, threads, frequency);
    g_autofree char *workload = workload_text(cpu_b, program_b);
    struct kernel_config config = {.seed = 1};
    struct engine *e = engine_new(topology, workload, "fifo+none", &config);

    engine_run(e, 10 * NSEC_PER_SEC);
    int64_t end = kernel_now_ns(e->kernel);

    g_assert_true(kernel_finished(e->kernel));
    engine_free(e);
    return end;
}

static void test_alone(void)
{
    /* b does nothing. */
    g_assert_cmpint(end_ns(TWO_STEPS, 1, 1, 0, "{run: 0ms}"), ==, 5 * MS);
    g_assert_cmpint(end_ns("", 1, 1, 0, "{run: 0ms}"), ==, 10 * MS);
}

static void test_both(void)
{
    /* Both at 1 GHz for 2 ms, then 8 ms of work at 2 GHz. */
    g_assert_cmpint(end_ns(TWO_STEPS " idle-after: 0ms,", 1, 1, 1, "{run: 2ms}"), ==, 6 * MS);
    /* b's core counts for another 1 ms. */
    g_assert_cmpint(end_ns(TWO_STEPS " idle-after: 1ms,", 1, 1, 1, "{run: 2ms}"), ==, 6500 * US);
    /* 600 us, as the hardware would have it, where the topology does not say. */
    g_assert_cmpint(end_ns(TWO_STEPS, 1, 1, 1, "{run: 2ms}"), ==, 6300 * US);
}

static void test_short_idle(void)
{
    const char *program = "{run: 1ms}, {sleep: 500us}, {run: 1ms}";

    /* b's core idles too shortly to rest: 1 GHz up to 2.5 + 1 ms, then 6.5 ms of work at 2 GHz. */
    g_assert_cmpint(end_ns(TWO_STEPS " idle-after: 1ms,", 1, 1, 1, program), ==, 6750 * US);
    /* It rests at once: 1 ms, 0.5 ms at 2 GHz, 1 ms; the rest of 7 ms at 2 GHz. */
    g_assert_cmpint(end_ns(TWO_STEPS " idle-after: 0ms,", 1, 1, 1, program), ==, 6 * MS);
    /* It rests 0.3 ms into the break: 0.2 ms of it at 2 GHz; then up to 2.5 + 0.3 ms at 1 GHz. */
    g_assert_cmpint(end_ns(TWO_STEPS " idle-after: 300us,", 1, 1, 1, program), ==, 6300 * US);
}

static void test_cores_and_packages(void)
{
    /* The sibling is the same core: CPUs 0 and 4 of four cores with two threads. */
    g_assert_cmpint(end_ns(TWO_STEPS, 1, 2, 4, "{run: 2ms}"), ==, 5 * MS);
    /* The other package counts for itself. */
    g_assert_cmpint(end_ns(TWO_STEPS, 2, 1, 4, "{run: 2ms}"), ==, 5 * MS);
    /* More cores than the table has go on as its last step says. */
    g_assert_cmpint(end_ns("active: [{cores: 1, frequency: 2GHz}],", 1, 1, 1, "{run: 2ms}"), ==,
                    5 * MS);
}

/* 10 ms at 1 / 3 of the time and back, many times: remainders are carried. */
static void test_remainders(void)
{
    const char *thirds = "active: [{cores: 1, frequency: 3GHz}, {cores: 4, frequency: 1GHz}], "
                         "idle-after: 0ms,";
    /* b runs 1 us at 1 GHz and sleeps 1 us, 2000 times: a does 1 us and 3 us of work in each 2 us. */
    int64_t end = end_ns(thirds, 1, 1, 1, "{loop: {count: 2000, do: [{run: 1us}, {sleep: 1us}]}}");

    g_assert_cmpint(end, >=, 4 * MS);
    end = end_ns(thirds, 1, 1, 1, "{loop: {count: 1000, do: [{run: 1us}, {sleep: 1us}]}}");
    /* 4 ms of work in 2 ms, then 6 ms at 3 GHz: 4 ms. A pace is a whole number of 2^-20: some ppm. */
    g_assert_cmpint(end, >=, 4 * MS - 20);
    g_assert_cmpint(end, <=, 4 * MS + 20);
}

static char *digest(const char *frequency, bool all_ticks)
{
    g_autofree char *topology = machine_text(2, 2, frequency);
    struct kernel_config config = {.seed = 7, .all_ticks = all_ticks};
    struct engine *e = engine_new(topology, "schbench", "linux-6.12", &config);

    return engine_run_digest(e, 200 * MS);
}

static void test_digest(void)
{
    g_autofree char *plain = digest("", false);
    g_autofree char *same = digest("active: [{cores: 1, frequency: 1GHz}, "
                                   "{cores: 2, frequency: 1GHz}],",
                                   false);
    g_autofree char *a = digest(TWO_STEPS, false);
    g_autofree char *b = digest(TWO_STEPS, true);

    /* A table of one frequency is none, and skipped ticks change nothing. */
    g_assert_cmpstr(plain, ==, same);
    g_assert_cmpstr(plain, !=, a);
    g_assert_cmpstr(a, ==, b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frequency/alone", test_alone);
    g_test_add_func("/frequency/both", test_both);
    g_test_add_func("/frequency/short-idle", test_short_idle);
    g_test_add_func("/frequency/cores-and-packages", test_cores_and_packages);
    g_test_add_func("/frequency/remainders", test_remainders);
    g_test_add_func("/frequency/digest", test_digest);
    return g_test_run();
}
