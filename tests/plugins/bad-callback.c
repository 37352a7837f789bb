/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Refused: a queue that cannot pick. */
#include <numasim-policy.h>

static void enqueue(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                    uint32_t flags)
{
    (void)self, (void)q, (void)se, (void)flags;
}

static bool dequeue(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                    uint32_t flags)
{
    (void)self, (void)q, (void)se, (void)flags;
    return true;
}

static const struct numasim_queue_ops queue_ops = {.enqueue = enqueue, .dequeue = dequeue};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .flags = NUMASIM_FLAG_TEST_ONLY,
    .name = "bad-callback",
    .summary = "refused by the loader",
    .version = "1",
    .queue = &queue_ops,
};
