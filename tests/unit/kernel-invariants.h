/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recounts what a kernel keeps counted: of all things in tests only this looks inside the engine,
 * so that a task lost or in two places shows at once and not by what it does to a result.
 */
#ifndef NUMASIM_TESTS_KERNEL_INVARIANTS_H
#define NUMASIM_TESTS_KERNEL_INVARIANTS_H

#include "kernel/kernel.h"

/*
 * Between two calls of kernel_run(): every task is in the one place that its state says and on a
 * CPU that its affinity allows; queues, run queues, idle masks and cgroups count what is in them;
 * busy, idle and overhead times of a CPU that was never offline add up to now; pages are conserved.
 * A mismatch ends the test program with what stood where.
 */
void kernel_check(const struct kernel *k);

/* Runs @k up to @until_ns in steps of @step_ns, checking after each; false after a fault, with
 * @error. */
bool kernel_run_checked(struct kernel *k, int64_t until_ns, int64_t step_ns, GError **error);

#endif
