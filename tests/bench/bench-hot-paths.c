/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hot paths of a kernel, one row each: what a tick, a wakeup and a balance of a domain cost
 * with all that follows from them, and against a run without a balancer.
 *
 *   tick path       every CPU has four hogs of its own: each tick accounts, asks the queue, balances
 *   wake placement  tasks run 20 us and sleep, so that CPUs idle for three quarters of the time
 *                   (the search ends at once) or for a twentieth (it looks at the LLC)
 *   balancing       each second CPU has three pinned hogs, the others idle and pull in vain
 *
 * CPU time by clock(), best of three. "to none": what it costs, and for balancing what all of the run
 * costs, against a run without a balancer in which tasks stay on CPUs of their own. "to 256": what it
 * costs against the machine of 256 CPUs.
 *
 * Usage: bench-hot-paths [POLICY-DIR [MAX-CPUS]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "bench-fixture.h"

enum { REPEATS = 3, BASE_CPUS = 256 };

enum path { TICKS, WAKE_IDLE, WAKE_BUSY, BALANCING, NR_PATHS };

static const struct {
    const char *name, *what;
    int64_t cpu_seconds_ms; /* simulated: of all CPUs, in ms */
} paths[NR_PATHS] = {
    [TICKS] = {"tick path", "tick", 200000},
    [WAKE_IDLE] = {"wake placement, idle CPUs", "wakeup", 10000},
    [WAKE_BUSY] = {"wake placement, busy CPUs", "wakeup", 10000},
    [BALANCING] = {"balancing", "balance", 100000},
};

/* @placed: tasks that wake stay where they are put, for want of a balancer. */
static char *text_of(enum path path, int32_t nr_cpus, bool placed)
{
    const char *head = "numasim: workload/1\nduration: 1000s\nprocesses:\n  p:\n    threads:\n";

    switch (path) {
    case TICKS:
        return g_strdup_printf("%s      hog: {count: %d, cpus: 0-%d, spread: true, "
                               "program: [forever: [run: 1s]]}\n",
                               head, 4 * nr_cpus, nr_cpus - 1);
    case WAKE_IDLE:
    case WAKE_BUSY:
        return g_strdup_printf("%s      sleeper: {count: %d, cpus: 0-%d, spread: %s, "
                               "start: {uniform: [0us, 1ms]}, "
                               "program: [forever: [run: {exponential: 20us}, "
                               "sleep: {exponential: %dus}]]}\n",
                               head, 4 * nr_cpus, nr_cpus - 1, placed ? "true" : "false",
                               path == WAKE_IDLE ? 300 : 70);
    default:
        return g_strdup_printf("%s      hog: {count: %d, cpus: '0-%d:1/2', spread: true, "
                               "program: [forever: [run: 1s]]}\n",
                               head, 3 * nr_cpus / 2, nr_cpus - 1);
    }
}

/* Balances of domains since the start, whatever they found. */
static uint64_t nr_balances(const struct kernel *k, int32_t nr_cpus)
{
    uint64_t count = 0;

    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        for (const struct numasim_domain *sd = kernel_cpu(k, cpu)->domain; sd; sd = sd->parent) {
            for (int idle = 0; idle < NUMASIM_NR_LB_IDLE; idle++) {
                count += sd->counters->lb[idle][NUMASIM_LB_COUNT];
            }
        }
    }
    return count;
}

static uint64_t nr_done(const struct kernel *k, enum path path, int32_t nr_cpus)
{
    switch (path) {
    case TICKS:
        return kernel_counters(k)->ticks;
    case BALANCING:
        return nr_balances(k, nr_cpus);
    default:
        return kernel_counters(k)->wakeups;
    }
}

struct cost {
    double seconds; /* of real time, for a simulated second */
    uint64_t done;  /* ticks, wakeups or balances in it */
};

static struct cost measure(enum path path, int32_t nr_cpus, const char *balance, const char *dir)
{
    struct machine *m = bench_machine(nr_cpus);
    struct policy_stack *stack = bench_stack("eevdf", balance, dir);
    g_autofree char *text = text_of(path, nr_cpus, strcmp(balance, "none") == 0);
    struct cost best = {.seconds = 1e9};
    int64_t warm_ns = 50 * NSEC_PER_MSEC;
    int64_t duration_ns = paths[path].cpu_seconds_ms * NSEC_PER_MSEC / nr_cpus;

    for (int i = 0; i < REPEATS; i++) {
        struct bench b = bench_begin(m, stack, text);

        bench_run(&b, warm_ns);
        uint64_t before = nr_done(b.kernel, path, nr_cpus);
        double seconds =
            bench_run(&b, warm_ns + duration_ns) * (double)NSEC_PER_SEC / (double)duration_ns;

        if (seconds < best.seconds) {
            best.seconds = seconds;
            best.done =
                (nr_done(b.kernel, path, nr_cpus) - before) * NSEC_PER_SEC / (uint64_t)duration_ns;
        }
        bench_end(&b);
    }
    policy_stack_free(stack);
    machine_free(m);
    return best;
}

/* Returns what one of them costs, in ns; @base_ns is that at 256 CPUs, 0: it is not yet known. */
static double row(enum path path, int32_t nr_cpus, const char *dir, double base_ns)
{
    struct cost with = measure(path, nr_cpus, "linux-balance", dir);
    struct cost without = measure(path, nr_cpus, "none", dir);
    /* A tick or a wakeup there is without a balancer, too; a balance is all its own. */
    double own = path == BALANCING ? with.seconds - without.seconds : with.seconds;
    double each_ns = own * 1e9 / (double)with.done;
    double to_none = with.seconds / without.seconds;

    if (path != BALANCING) {
        to_none *= (double)without.done / (double)with.done;
    }

    printf("%-26s %5d %-8s %8.2f %10.1f %8.2f %10.2f %8.2f\n", paths[path].name, nr_cpus,
           paths[path].what, (double)with.done / own / 1e6, each_ns, to_none, 1 / with.seconds,
           base_ns > 0 ? each_ns / base_ns : 1.0);
    return each_ns;
}

int main(int argc, char **argv)
{
    static const int32_t sizes[] = {BASE_CPUS, 1024};
    g_autofree char *own = g_path_get_dirname(argv[0]);
    g_autofree char *beside = g_build_filename(own, "..", "..", "policies", NULL);
    const char *dir = argc > 1 ? argv[1] : beside;
    int32_t max_cpus = argc > 2 ? atoi(argv[2]) : 1024;
    double base_ns[NR_PATHS] = {0};

    printf("%-26s %5s %-8s %8s %10s %8s %10s %8s\n", "hot path, linux-balance", "CPUs", "", "M/s",
           "ns each", "to none", "sim s/s", "to 256");
    for (enum path path = 0; path < NR_PATHS; path++) {
        for (size_t i = 0; i < G_N_ELEMENTS(sizes) && sizes[i] <= max_cpus; i++) {
            double each_ns = row(path, sizes[i], dir, base_ns[path]);

            base_ns[path] = sizes[i] == BASE_CPUS ? each_ns : base_ns[path];
        }
    }
    return EXIT_SUCCESS;
}
