/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "faulty-policies.h"

void good_enqueue(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                  uint32_t flags)
{
    struct stack *s = q->state;

    (void)self;
    (void)flags;
    g_assert_cmpuint(s->nr, <, STACK_SIZE);
    s->at[s->nr++] = se;
}

bool good_dequeue(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                  uint32_t flags)
{
    struct stack *s = q->state;

    (void)self;
    (void)flags;
    for (uint32_t i = 0; i < s->nr; i++) {
        if (s->at[i] == se) {
            s->at[i] = s->at[--s->nr];
            break;
        }
    }
    return true;
}

struct numasim_entity *good_pick(struct numasim_self *self, struct numasim_queue *q)
{
    const struct stack *s = q->state;

    (void)self;
    return q->curr != NULL ? q->curr : s->nr > 0 ? s->at[s->nr - 1] : NULL;
}

static const struct numasim_queue_ops good_queue = {GOOD_QUEUE};

const struct numasim_policy good = {.abi = NUMASIM_POLICY_ABI,
                                    .name = "good",
                                    .summary = "for a test",
                                    .version = "1",
                                    .state_size = 64,
                                    .queue_state_size = sizeof(struct stack),
                                    .queue = &good_queue};

void run_faulty(const char *workload, const struct numasim_policy *queue, enum numasim_role role,
                const struct numasim_policy *other, const char *callback, const char *task,
                const char *what)
{
    const struct numasim_policy *by_role[NUMASIM_NR_ROLES] = {[NUMASIM_ROLE_QUEUE] =
                                                                  queue != NULL ? queue : &good};
    struct kernel_config config = {.seed = 1, .watchdog_ns = 20 * MS};

    by_role[role] = other != NULL ? other : by_role[role];
    struct engine *e = engine_new_with("teach-numa-2x4", workload, by_role, &config);
    const char *plugin = by_role[role]->name;

    engine_run_fault(e, 200 * MS, plugin, callback, task, what, " ns", NULL);
    engine_free(e);
}
