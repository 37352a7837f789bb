/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the benches of the engine share. A failure ends the program. */
#ifndef NUMASIM_TESTS_BENCH_FIXTURE_H
#define NUMASIM_TESTS_BENCH_FIXTURE_H

#include "kernel/kernel.h"
#include "policy/loader.h"
#include "workload/interp.h"

/* A machine like an EPYC: SMT pairs, LLCs of 8 cores, nodes of 64 CPUs, two nodes a package. */
struct machine *bench_machine(int32_t nr_cpus);

/* The same with @node_bytes on each node, which gives its own CPUs 100 GB/s, those of its package 50 and
 * others 30, waits as they near that, and what it costs to protect, meet and move pages. With
 * @slow_bytes > 0, each of the first two packages has a node more, without CPUs, with so much. */
struct machine *bench_memory_machine(int32_t nr_cpus, int64_t node_bytes, int64_t slow_bytes);

/* The plugins @queue and @balance of folder @dir, their parameters at their defaults. */
struct policy_stack *bench_stack(const char *queue, const char *balance, const char *dir);

/* The same with eevdf, linux-balance, linux-numa and linux-tier, and @overrides (NULL-terminated) as
 * policy_set_override() takes them. */
struct policy_stack *bench_linux(const char *const *overrides, const char *dir);

/* A simulation of workload text @text. */
struct bench {
    struct sched_domains *domains;
    struct workload *workload;
    struct kernel *kernel;
    struct interp *interp;
};

/* @machine and @stack are borrowed. */
struct bench bench_begin(const struct machine *machine, const struct policy_stack *stack,
                         const char *text);
/* Simulates until @until_ns; returns the seconds of CPU time that it took. */
double bench_run(struct bench *b, int64_t until_ns);
void bench_end(struct bench *b);

#endif
