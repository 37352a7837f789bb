/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads, and then moves more pages than met a hint fault: a fault. */
#include <numasim-policy.h>

static int64_t fault_hint_tick(struct numasim_self *self, struct numasim_task *task)
{
    numasim_task_work(self->host, task);
    return numasim_now(self->host);
}

static void fault_hint_work(struct numasim_self *self, struct numasim_task *task)
{
    for (int32_t i = 0; i < numasim_nr_regions(task->process); i++) {
        numasim_protect_pages(self->host, task, i, 0, INT64_MAX, NULL);
    }
}

static void fault_hint_fault(struct numasim_self *self, struct numasim_fault *f,
                             struct numasim_decision *d)
{
    (void)self;
    (void)d;
    f->target = f->pages.node;
    f->nr_move = f->nr_faults + 1;
}

static const struct numasim_numa_ops numa_ops = {
    .tick = fault_hint_tick, .task_work = fault_hint_work, .hint_fault = fault_hint_fault};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .flags = NUMASIM_FLAG_TEST_ONLY,
    .name = "fault-hint",
    .summary = "moves more pages than there are",
    .version = "1",
    .numa = &numa_ops,
};
