/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's speed on "N tasks run exp(1 ms), sleep exp(1 ms) on H CPUs".
 *
 * An event is a wakeup, a block, a switch or a migration of a task: ticks and pops of the event
 * queue do not count. CPU time by clock(); best of three. Also how many seconds are simulated in one,
 * and what a task and a CPU weigh. A "p" behind N: task i only on CPU i mod H. The aim stands at H =
 * 256 with N = 8 H. N = 2 H is another load, where CPUs keep running out of tasks and look for some.
 *
 * Usage: bench-engine [POLICY-DIR [MAX-CPUS [MIN-CPUS]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/time.h"
#include "bench-fixture.h"

enum { REPEATS = 3 };

/* @pinned: task i only on CPU i mod @nr_cpus, for a balance policy that leaves tasks where they are. */
static struct workload *workload_of(int32_t nr_tasks, int32_t nr_cpus, bool pinned)
{
    struct workload *w = g_new0(struct workload, 1);
    struct workload_process *p = g_new0(struct workload_process, 1);
    struct thread_group *g = g_new0(struct thread_group, 1);
    struct step *loop = g_new0(struct step, 1);
    struct step *body = g_new0(struct step, 2);
    struct dist ms = {.kind = DIST_EXPONENTIAL, .a = NSEC_PER_MSEC};

    body[0] = (struct step){.kind = STEP_RUN, .work = ms, .has_work = true};
    body[1] = (struct step){.kind = STEP_SLEEP, .work = ms, .has_work = true};
    *loop = (struct step){.kind = STEP_LOOP, .count = -1, .body = body, .nr_body = 2};
    *g = (struct thread_group){.name = g_strdup("task"),
                               .count = nr_tasks,
                               .start = ms,
                               .steps = loop,
                               .nr_steps = 1,
                               .spread = pinned};
    g->cpus = pinned ? g_strdup_printf("0-%d", nr_cpus - 1) : NULL;
    *p = (struct workload_process){
        .name = g_strdup("bench"), .count = 1, .cgroup = -1, .groups = g, .nr_groups = 1};
    w->name = g_strdup("bench");
    w->replicas = 1;
    w->processes = p;
    w->nr_processes = 1;
    return w;
}

struct outcome {
    double events_per_s, sim_per_s, ns_per_event;
    size_t bytes_per_task, bytes_per_cpu;
};

static struct outcome once(const struct machine *m, const struct sched_domains *sds,
                           const struct workload *w, const struct policy_stack *stack,
                           int64_t duration_ns)
{
    struct kernel_config config = {.seed = 1};
    g_autoptr(GError) error = NULL;
    struct kernel *k = kernel_new(m, sds, stack, &config, &error);
    struct interp *it = interp_new(k, &w, 1, &error);
    int64_t warm_ns = 20 * NSEC_PER_MSEC;

    if (it == NULL || !kernel_run(k, warm_ns, &error)) {
        g_error("%s", error->message);
    }
    struct kernel_counters before = *kernel_counters(k);
    clock_t from = clock();

    if (!kernel_run(k, warm_ns + duration_ns, &error)) {
        g_error("%s\n%s", error->message, kernel_dump(k));
    }
    double seconds = (double)(clock() - from) / CLOCKS_PER_SEC;
    const struct kernel_counters *after = kernel_counters(k);
    double events =
        (double)(after->wakeups - before.wakeups + after->blocks - before.blocks + after->switches -
                 before.switches + after->migrations - before.migrations);
    struct outcome o = {events / seconds, (double)duration_ns / 1e9 / seconds,
                        1e9 * seconds / events, kernel_bytes_per_task(k), kernel_bytes_per_cpu(k)};

    interp_free(it);
    kernel_free(k);
    return o;
}

/* Returns the cost of an event; @base_ns is that of the row to compare with, 0: none yet. */
static double row(int32_t nr_cpus, int32_t nr_tasks, bool pinned, const char *queue,
                  const char *balance, const char *dir, double base_ns)
{
    struct machine *m = bench_machine(nr_cpus);
    struct sched_domains *sds = sched_domains_new(m, KERNEL_6_12);
    struct workload *w = workload_of(nr_tasks, nr_cpus, pinned);
    struct policy_stack *stack = bench_stack(queue, balance, dir);
    struct outcome best = {0};

    for (int i = 0; i < REPEATS; i++) {
        /* About two million task cycles of a wakeup, a block and two switches. */
        struct outcome o = once(m, sds, w, stack, NSEC_PER_SEC * 512 / nr_cpus);

        best = o.events_per_s > best.events_per_s ? o : best;
    }
    printf("%5d %6d%c %-6s %-14s %8.2f %10.3f %10.1f %8.2f %8zu %8zu\n", nr_cpus, nr_tasks,
           pinned ? 'p' : ' ', queue, balance, best.events_per_s / 1e6, best.sim_per_s,
           best.ns_per_event, base_ns > 0 ? best.ns_per_event / base_ns : 1.0, best.bytes_per_task,
           best.bytes_per_cpu);
    policy_stack_free(stack);
    workload_free(w);
    sched_domains_free(sds);
    machine_free(m);
    return best.ns_per_event;
}

int main(int argc, char **argv)
{
    static const int32_t sizes[][2] = {{64, 512}, {8, 16}, {256, 2048}, {1024, 8192}};
    g_autofree char *own = g_path_get_dirname(argv[0]);
    g_autofree char *beside = g_build_filename(own, "..", "..", "policies", NULL);
    const char *dir = argc > 1 ? argv[1] : beside;
    int32_t max_cpus = argc > 2 ? atoi(argv[2]) : 1024;
    int32_t min_cpus = argc > 3 ? atoi(argv[3]) : 0;
    double base_ns[2] = {0, 0};

    printf("N tasks run exp(1 ms), sleep exp(1 ms) on H CPUs\n");
    printf("%5s %6s  %-6s %-14s %8s %10s %10s %8s %8s %8s\n", "H", "N", "queue", "balance",
           "M ev/s", "sim s/s", "ns/event", "to H=64", "B/task", "B/CPU");
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        if (sizes[i][0] >= min_cpus && sizes[i][0] <= max_cpus) {
            double plain_ns = row(sizes[i][0], sizes[i][1], true, "fifo", "none", dir, base_ns[0]);
            double linux_ns =
                row(sizes[i][0], sizes[i][1], false, "eevdf", "linux-balance", dir, base_ns[1]);

            if (sizes[i][0] == 64) {
                base_ns[0] = plain_ns;
                base_ns[1] = linux_ns;
            }
        }
    }
    /* Two tasks to a CPU: an event more often comes with a newidle balance. */
    if (min_cpus <= 256 && max_cpus >= 256) {
        row(256, 512, false, "eevdf", "linux-balance", dir, 0);
    }
    /* Half busy, and some CPUs with two: one that blocks looks everywhere and may pull nothing. */
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        if (sizes[i][0] >= min_cpus && sizes[i][0] <= max_cpus) {
            int32_t half = sizes[i][0];

            row(half, half + half / 32, true, "eevdf", "none", dir, 0);
            row(half, half + half / 32, true, "eevdf", "linux-balance", dir, 0);
            row(half, half, false, "eevdf", "linux-balance", dir, 0);
        }
    }
    return 0;
}
