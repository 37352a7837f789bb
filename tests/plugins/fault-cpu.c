/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads, and then puts every task that wakes on a CPU that does not exist: a fault. */
#include <numasim-policy.h>

static int32_t fault_cpu_select(struct numasim_self *self, struct numasim_task *task,
                                int32_t prev_cpu, int32_t waker_cpu, uint32_t flags,
                                struct numasim_decision *d)
{
    (void)task;
    (void)prev_cpu;
    (void)waker_cpu;
    (void)flags;
    (void)d;
    return numasim_nr_cpus(self->host);
}

static const struct numasim_balance_ops balance_ops = {.select_cpu = fault_cpu_select};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .flags = NUMASIM_FLAG_TEST_ONLY,
    .name = "fault-cpu",
    .summary = "puts tasks on a CPU that does not exist",
    .version = "1",
    .balance = &balance_ops,
};
