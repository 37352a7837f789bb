/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * random - a CPU by lot at every wakeup.
 *
 * IDEA. A task that wakes, is born or execs goes to one of the CPUs that it may use, each as likely as
 * the other. Nobody pulls afterwards.
 *
 * SOURCE. M. Mitzenmacher, "The power of two choices in randomized load balancing", IEEE TPDS 12(10),
 * 2001, has it as the case of one choice: the longest of n queues grows as log n / log log n.
 *
 * FITS. A lower bound for any balancer that looks before it places; moving tasks about in tests.
 *
 * DOES NOT FIT. Locality: caches and memory stay behind at nearly every wakeup.
 *
 * PARAMETERS. None. COMPLEXITY. O(CPUs / 64).
 */
#include <numasim-policy.h>

struct random_task {
    uint64_t nr_draws;
};

static int32_t random_select_cpu(struct numasim_self *self, struct numasim_task *task,
                                 int32_t prev_cpu, int32_t waker_cpu, uint32_t flags,
                                 struct numasim_decision *d)
{
    struct random_task *own = task->state[self->slot];
    const uint64_t *online = numasim_online_mask(self->host);
    int32_t words = (numasim_nr_cpus(self->host) + 63) / 64;
    uint64_t choices = 0;

    (void)waker_cpu;
    (void)flags;
    for (int32_t word = 0; word < words; word++) {
        choices += (uint64_t)__builtin_popcountll(task->allowed[word] & online[word]);
    }
    if (choices == 0) {
        return prev_cpu;
    }
    uint64_t left =
        numasim_random(self->host, (uint64_t)(uint32_t)task->id, own->nr_draws++, choices);
    for (int32_t word = 0; word < words; word++) {
        uint64_t bits = task->allowed[word] & online[word];
        uint64_t here = (uint64_t)__builtin_popcountll(bits);

        if (left >= here) {
            left -= here;
            continue;
        }
        for (; left > 0; left--) {
            bits &= bits - 1;
        }
        prev_cpu = word * 64 + __builtin_ctzll(bits);
        break;
    }
    numasim_decide(d, prev_cpu, 0);
    numasim_compared(d, "choices", (int64_t)choices);
    return prev_cpu;
}

static const char *const random_reasons[] = {"lot", NULL};

static const struct numasim_balance_ops random_balance = {.select_cpu = random_select_cpu};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "random",
    .summary = "a CPU by lot at every wakeup",
    .version = "1",
    .essay =
        "A task that wakes, is born or execs goes to one of the CPUs that it may use, each as\n"
        "likely as the other; nobody pulls afterwards. Source: M. Mitzenmacher, The power of two\n"
        "choices in randomized load balancing, IEEE TPDS 12(10), 2001, the case of one choice. A\n"
        "lower bound for balancers that look before they place. O(CPUs / 64).\n",
    .reasons = random_reasons,
    .task_state_size = sizeof(struct random_task),
    .balance = &random_balance,
};
