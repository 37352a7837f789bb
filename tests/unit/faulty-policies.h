/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of faulty policies share: a queue that does as it should, and how a fault is seen. */
#ifndef NUMASIM_TESTS_UNIT_FAULTY_POLICIES_H
#define NUMASIM_TESTS_UNIT_FAULTY_POLICIES_H

#include "engine-fixture.h"

#include "base/time.h"

#define MS NSEC_PER_MSEC

/* A stack of at most 64. */
enum { STACK_SIZE = 64 };

struct stack {
    struct numasim_entity *at[STACK_SIZE];
    uint32_t nr;
};

void good_enqueue(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                  uint32_t flags);
bool good_dequeue(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                  uint32_t flags);
struct numasim_entity *good_pick(struct numasim_self *self, struct numasim_queue *q);

#define GOOD_QUEUE .enqueue = good_enqueue, .dequeue = good_dequeue, .pick = good_pick

#define POLICY(plugin, ...)                                                                        \
    static const struct numasim_policy plugin = {.abi = NUMASIM_POLICY_ABI,                        \
                                                 .name = #plugin,                                  \
                                                 .summary = "for a test",                          \
                                                 .version = "1",                                   \
                                                 .state_size = 64,                                 \
                                                 .queue_state_size = sizeof(struct stack),         \
                                                 __VA_ARGS__}

extern const struct numasim_policy good;

/* Runs @workload under @queue (NULL: the good one) and @other in @role; a fault has to come that
 * names @policy and each of the words. */
void run_faulty(const char *workload, const struct numasim_policy *queue, enum numasim_role role,
                const struct numasim_policy *other, const char *callback, const char *task,
                const char *what);

#endif
