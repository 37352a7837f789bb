/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What memory costs the engine: a run in which threads contend for it against the same run in which the
 * same threads do the same work without a memory access.
 *
 *   STREAM, own slices     each CPU has a thread that works through its own slice in rounds of 1 ms; a
 *                          quarter of them is always between two rounds, so that every 20 us somebody
 *                          comes or goes on each node and what the others get changes
 *   STREAM, one table      the same over one table on the first node, so that links fill, too
 *
 * CPU time by clock(), best of three. "ratio": of real time for a simulated second; 1 means that memory
 * costs nothing. "each": of real time for a switch, of which there are fewer as threads wait for memory.
 *
 * Usage: bench-memory [POLICY-DIR]
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "bench-fixture.h"

enum { REPEATS = 3, NR_CPUS = 256 };

static char *text_of(bool shared, bool memory)
{
    return g_strdup_printf(
        "numasim: workload/1\nduration: 100s\nprocesses:\n  p:\n    regions: {arrays: {size: 4GiB, "
        "pattern: sequential, shared: %s, touch: %s}}\n    threads:\n      stream: {count: %d, "
        "cpus: 0-%d, spread: true, start: {uniform: [0us, 1ms]}, program: [%s"
        "forever: [run: {uniform: [50us, 150us]}, count: rounds, sleep: {uniform: [100us, "
        "400us]}]]}\n",
        shared ? "true" : "false", shared ? "first" : "each", NR_CPUS, NR_CPUS - 1,
        memory ? "access: {misses: {arrays: 200/us}, writes: 50%, mlp: 10}, " : "");
}

struct cost {
    double seconds; /* of real time, for all of it */
    double events;  /* switches in it */
};

static struct cost measure(const char *text, const char *dir)
{
    struct machine *m = bench_memory_machine(NR_CPUS, INT64_C(64) << 30, 0);
    struct policy_stack *stack = bench_stack("eevdf", "linux-balance", dir);
    struct cost best = {.seconds = 1e9};
    const int64_t warm_ns = 600 * NSEC_PER_MSEC, duration_ns = 200 * NSEC_PER_MSEC;

    for (int i = 0; i < REPEATS; i++) {
        struct bench b = bench_begin(m, stack, text);

        bench_run(&b, warm_ns);
        uint64_t before = kernel_counters(b.kernel)->switches;
        double seconds = bench_run(&b, warm_ns + duration_ns);

        if (seconds < best.seconds) {
            best.seconds = seconds;
            best.events = (double)(kernel_counters(b.kernel)->switches - before);
        }
        bench_end(&b);
    }
    policy_stack_free(stack);
    machine_free(m);
    return best;
}

int main(int argc, char **argv)
{
    g_autofree char *own = g_path_get_dirname(argv[0]);
    g_autofree char *beside = g_build_filename(own, "..", "..", "policies", NULL);
    const char *dir = argc > 1 ? argv[1] : beside;

    printf("%-20s %5s %10s %10s %7s %12s %12s %7s\n", "contended memory", "CPUs", "sim s/s",
           "without", "ratio", "switches/s", "without", "each");
    for (int shared = 0; shared <= 1; shared++) {
        g_autofree char *with = text_of(shared, true), *without = text_of(shared, false);
        struct cost a = measure(with, dir), b = measure(without, dir);
        const double simulated = 0.2;

        printf("%-20s %5d %10.3f %10.3f %7.2f %12.0f %12.0f %7.2f\n",
               shared ? "STREAM, one table" : "STREAM, own slices", NR_CPUS, simulated / a.seconds,
               simulated / b.seconds, a.seconds / b.seconds, a.events / a.seconds,
               b.events / b.seconds, a.seconds / a.events * b.events / b.seconds);
    }
    return EXIT_SUCCESS;
}
