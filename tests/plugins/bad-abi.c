/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Refused: built for another ABI. */
#include <numasim-policy.h>

static const struct numasim_balance_ops balance_ops = {.select_cpu = NULL};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI + 40,
    .flags = NUMASIM_FLAG_TEST_ONLY,
    .name = "bad-abi",
    .summary = "refused by the loader",
    .version = "1",
    .balance = &balance_ops,
};
