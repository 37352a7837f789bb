/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * none - no balancing at all.
 *
 * IDEA. Every decision of the balance role is the engine's default: a task that wakes stays on the
 * CPU where it last ran, a new one starts on its parent's, and nobody pulls.
 *
 * SOURCE. None: it is the control of an experiment.
 *
 * FITS. Pinned tasks; queueing formulas, where each CPU is a server of its own; measuring what a
 * balancer is worth.
 *
 * DOES NOT FIT. Anything that forks without affinities: it all runs on one CPU.
 *
 * PARAMETERS. None. COMPLEXITY. O(1).
 */
#include <numasim-policy.h>

static const struct numasim_balance_ops none_balance = {.select_cpu = NULL};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "none",
    .summary = "no balancing: tasks stay where they are",
    .version = "1",
    .essay =
        "A task that wakes stays on the CPU where it last ran, a new one starts on its parent's,\n"
        "and nobody pulls. Fits pinned tasks and queueing formulas, and measures what a\n"
        "balancer is worth; tasks that fork without affinities all share one CPU. O(1).\n",
    .balance = &none_balance,
};
