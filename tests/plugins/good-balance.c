/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads: one role, no parameters. */
#include <numasim-policy.h>

static const struct numasim_balance_ops balance_ops = {.select_cpu = NULL};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .flags = NUMASIM_FLAG_TEST_ONLY,
    .name = "good-balance",
    .summary = "one role and no parameters",
    .version = "1",
    .balance = &balance_ops,
};
