/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Refused: calls a function that nobody offers. */
#include <numasim-policy.h>

extern int32_t numasim_no_such_function(struct numasim_host *host);

static int32_t newidle(struct numasim_self *self, int32_t cpu, struct numasim_decision *d)
{
    (void)cpu, (void)d;
    return numasim_no_such_function(self->host);
}

static const struct numasim_balance_ops balance_ops = {.newidle = newidle};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .flags = NUMASIM_FLAG_TEST_ONLY,
    .name = "bad-undefined",
    .summary = "refused by the loader",
    .version = "1",
    .balance = &balance_ops,
};
