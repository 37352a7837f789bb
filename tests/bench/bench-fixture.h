/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the benches of the engine share. A failure ends the program. */
#ifndef NUMASIM_TESTS_BENCH_FIXTURE_H
#define NUMASIM_TESTS_BENCH_FIXTURE_H

#include "kernel/kernel.h"
#include "policy/loader.h"
#include "workload/interp.h"

/* A machine like an EPYC: SMT pairs, LLCs of 8 cores, nodes of 64 CPUs, two nodes a package. */
struct machine *bench_machine(int32_t nr_cpus);

/* The plugins @queue and @balance of folder @dir, their parameters at their defaults. */
struct policy_stack *bench_stack(const char *queue, const char *balance, const char *dir);

#endif
