/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads: two roles, one table with a parameter of every type. Not made to run. */
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

static struct numasim_entity *pick(struct numasim_self *self, struct numasim_queue *q)
{
    (void)self;
    return q->curr;
}

static const char *const modes[] = {"fair", "greedy", NULL};

static const struct numasim_param params[] = {
    {.name = "base_slice",
     .type = NUMASIM_PARAM_NS,
     .def = 3000000,
     .min = 100000,
     .max = 1000000000,
     .doc = "How long a task runs before another gets its turn.",
     .knob = "/sys/kernel/debug/sched/base_slice_ns",
     .source = "made up for this test"},
    {.name = "nr_migrate",
     .type = NUMASIM_PARAM_INT,
     .def = 32,
     .min = -1,
     .max = 1024,
     .doc = "Tasks moved at once; -1 for all."},
    {.name = "delay", .type = NUMASIM_PARAM_BOOL, .def = 1, .doc = "Whether to put things off."},
    {.name = "window",
     .type = NUMASIM_PARAM_BYTES,
     .def = 268435456,
     .min = 4096,
     .max = INT64_MAX,
     .doc = "Memory looked at in one go."},
    {.name = "margin",
     .type = NUMASIM_PARAM_PPM,
     .def = 125000,
     .min = 0,
     .max = 1000000,
     .doc = "How much better is better."},
    {.name = "mode", .type = NUMASIM_PARAM_ENUM, .def = 0, .values = modes, .doc = "Manners."},
    {.name = NULL},
};

static const struct numasim_queue_ops queue_ops = {
    .enqueue = enqueue,
    .dequeue = dequeue,
    .pick = pick,
};
static const struct numasim_balance_ops balance_ops = {.select_cpu = NULL};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .flags = NUMASIM_FLAG_TEST_ONLY,
    .name = "good-both",
    .summary = "two roles and a parameter of every type",
    .version = "7",
    .essay = "An essay.",
    .params = params,
    .queue = &queue_ops,
    .balance = &balance_ops,
};
