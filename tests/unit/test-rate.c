/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rate classes in a running kernel: what one task does to the rates of others is done to their classes.
 * Counted in tracepoints: sched_rate when a task comes to be of another class, rate_cpu and rate_memory
 * when the rate of a class changes.
 */
#include "event-log.h"

#include "base/time.h"

#define MS NSEC_PER_MSEC

/* 56 threads that never stop, one to a core of epyc-7763-2s-nps1, eight cores to an LLC; and one more that
 * comes and goes each millisecond on a core of its own, and takes as much of the memory as they do. */
static const char *const workload =
    "numasim: workload/1\nduration: 1s\nprocesses:\n  p:\n"
    "    regions: {heap: {size: 256MiB, touch: user}}\n    threads:\n"
    "      steady: {count: 56, cpus: 0-55, spread: true, program: [access: {misses: {heap: 5/us}, "
    "mlp: 4}, forever: [run: 1s]]}\n"
    "      guest: {cpus: 56, program: [access: {misses: {heap: 400/us}, mlp: 100}, "
    "forever: [run: 400us, sleep: 600us]]}\n";

enum { NR_STEADY = 56, NR_CLASSES = 7 + 1, GUEST = NR_STEADY };

static void test_others_stay(void)
{
    const struct kernel_config config = {.seed = 1};
    struct engine *e = engine_new("epyc-7763-2s-nps1", workload, "fifo+none", &config);

    engine_run(e, 200 * MS); /* all pages are there */
    g_autoptr(GArray) log = event_log_new(e);
    const struct kernel_counters *counters = kernel_counters(e->kernel);
    uint64_t switches = counters->switches;

    engine_run(e, 300 * MS);
    switches = counters->switches - switches;
    g_assert_cmpuint(switches, >, 100); /* in and out, each millisecond of its own work */

    int joined = event_log_count(log, TP_SCHED_RATE, -1);
    int paces = event_log_count(log, TP_RATE_CPU, -1);

    /* Nobody but the guest comes to be of another class. */
    g_assert_cmpint(joined, >, 0);
    g_assert_cmpint(joined, ==, event_log_count(log, TP_SCHED_RATE, GUEST));
    /* The others' rates change with it, but as classes: once each for a switch, not once for a task. */
    g_assert_cmpint(paces, >=, (int)switches / 2);
    g_assert_cmpint(paces, <=, ((int)switches + 2) * NR_CLASSES);
    engine_free(e);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rate/others-stay", test_others_stay);
    return g_test_run();
}
