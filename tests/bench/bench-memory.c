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
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "bench-fixture.h"
#include "format/workload-yaml.h"

enum { REPEATS = 3, NR_CPUS = 256 };

static const struct machine_curve_point curve[] = {{200000, 1130000}, {400000, 1190000},
                                                   {500000, 1250000}, {750000, 1450000},
                                                   {850000, 1570000}, {990000, 2500000}};

/* A node gives 100 GB/s, of its own package 50 and of the other 30. */
static struct machine *loaded_machine(void)
{
    struct machine *m = bench_machine(NR_CPUS);

    for (int32_t i = 0; i < m->nr_nodes; i++) {
        for (int32_t j = 0; j < m->nr_nodes; j++) {
            int32_t distance = machine_distance(m, i, j);

            m->bandwidth_bytes_per_s[i * m->nr_nodes + j] = (distance == 10   ? INT64_C(100)
                                                             : distance == 12 ? INT64_C(50)
                                                                              : INT64_C(30)) *
                                                            1000000000;
        }
    }
    m->curves[TIER_DRAM].points = g_memdup2(curve, sizeof(curve));
    m->curves[TIER_DRAM].nr_points = G_N_ELEMENTS(curve);
    return m;
}

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
    struct machine *m = loaded_machine();
    struct sched_domains *sds = sched_domains_new(m, KERNEL_6_12);
    struct policy_stack *stack = bench_stack("eevdf", "linux-balance", dir);
    g_autoptr(GError) error = NULL;
    const struct workload *w = workload_read_yaml_buffer("bench", text, strlen(text), &error);
    struct cost best = {.seconds = 1e9};
    const int64_t warm_ns = 50 * NSEC_PER_MSEC, duration_ns = 200 * NSEC_PER_MSEC;

    for (int i = 0; w != NULL && i < REPEATS; i++) {
        struct kernel_config config = {.seed = 1};
        struct kernel *k = kernel_new(m, sds, stack, &config, &error);
        struct interp *it = interp_new(k, &w, 1, &error);

        if (it == NULL || !kernel_run(k, warm_ns, &error)) {
            g_error("%s", error->message);
        }
        uint64_t before = kernel_counters(k)->switches;
        clock_t from = clock();

        if (!kernel_run(k, warm_ns + duration_ns, &error)) {
            g_error("%s", error->message);
        }
        double seconds = (double)(clock() - from) / CLOCKS_PER_SEC;

        if (seconds < best.seconds) {
            best.seconds = seconds;
            best.events = (double)(kernel_counters(k)->switches - before);
        }
        interp_free(it);
        kernel_free(k);
    }
    if (w == NULL) {
        g_error("%s", error->message);
    }
    workload_free((struct workload *)(uintptr_t)w);
    policy_stack_free(stack);
    sched_domains_free(sds);
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
