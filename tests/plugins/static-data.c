/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads, but remembers something where every simulation would share it. */
#include <numasim-policy.h>

static int32_t last_cpu = 3;
static uint64_t nr_wakeups[4];
static const char *const words[] = {"constant", "though relocated"};

static int32_t select_cpu(struct numasim_self *self, struct numasim_task *task, int32_t prev_cpu,
                          int32_t waker_cpu, uint32_t flags, struct numasim_decision *d)
{
    (void)self, (void)task, (void)waker_cpu, (void)flags, (void)d;
    nr_wakeups[last_cpu & 3] += words[prev_cpu & 1][0] != '\0';
    last_cpu = prev_cpu;
    return prev_cpu;
}

static const struct numasim_balance_ops balance_ops = {.select_cpu = select_cpu};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .flags = NUMASIM_FLAG_TEST_ONLY,
    .name = "static-data",
    .summary = "keeps static data",
    .version = "1",
    .balance = &balance_ops,
};
