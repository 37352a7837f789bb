/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Refused: sets a flag that nobody knows. */
#include <numasim-policy.h>

static const struct numasim_balance_ops balance_ops = {.select_cpu = NULL};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .flags = NUMASIM_FLAG_TEST_ONLY | (1u << 30),
    .name = "bad-flag",
    .summary = "refused by the loader",
    .version = "1",
    .balance = &balance_ops,
};
