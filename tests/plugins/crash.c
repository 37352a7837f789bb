/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads, and then crashes or leaves the process when the first task wakes, as `how` says. */
#include <numasim-policy.h>
#include <stdlib.h>

enum { HOW_POINTER, HOW_ABORT, HOW_EXIT, HOW_RECURSE };
static const char *const hows[] = {"pointer", "abort", "exit", "recurse", NULL};

/* Far deeper than any stack; depends on its own result, so that it does not become a loop. */
static int32_t recurse(volatile int32_t *before)
{
    volatile int32_t here[256] = {*before + 1};

    return *before == INT32_MAX ? 0 : recurse(here) + here[*before & 255];
}

static int32_t crash_select(struct numasim_self *self, struct numasim_task *task, int32_t prev_cpu,
                            int32_t waker_cpu, uint32_t flags, struct numasim_decision *d)
{
    volatile int32_t *volatile nothing = NULL;
    volatile int32_t zero = 0;

    (void)task;
    (void)waker_cpu;
    (void)flags;
    (void)d;
    switch (self->param[0]) {
    case HOW_POINTER:
        *nothing = 1;
        break;
    case HOW_ABORT:
        abort();
    case HOW_EXIT:
        exit(0);
    case HOW_RECURSE:
        return recurse(&zero);
    default:
        break;
    }
    return prev_cpu;
}

static const struct numasim_param params[] = {
    {.name = "how", .type = NUMASIM_PARAM_ENUM, .def = HOW_POINTER, .values = hows, .doc = "How."},
    {.name = NULL},
};

static const struct numasim_balance_ops balance_ops = {.select_cpu = crash_select};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .flags = NUMASIM_FLAG_TEST_ONLY,
    .name = "crash",
    .summary = "crashes, or leaves the process",
    .version = "1",
    .params = params,
    .balance = &balance_ops,
};
