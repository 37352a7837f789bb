/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * work-conserving - no CPU idles while a task waits that may run on it, at any cost.
 *
 * IDEA. A task that wakes or is born goes to an idle CPU if there is one that it may use: its last one
 * if that is on an idle core, else the nearest idle core, else the nearest idle CPU, however far. If
 * all are busy it goes to the shortest queue. A CPU that runs out of work takes a waiting task from
 * wherever there is one, the nearest first. And at each tick of a CPU with a queue, a waiting task
 * moves to an idle CPU that only it may use.
 *
 * SOURCE. The invariant of J.-P. Lozi et al., "The Linux Scheduler: a Decade of Wasted Cores", EuroSys
 * 2016: no core stays idle while others are overloaded; work conservation in the sense of queueing
 * theory (Kleinrock, Queueing Systems, volume 2, 3.4).
 *
 * FITS. An answer to "how much does Linux waste here?", and, by what it loses to Linux, to "what is
 * locality worth here?": cpu.wasted_ns beside the share of local accesses.
 *
 * DOES NOT FIT. Memory: tasks leave caches and pages behind for the sake of a few microseconds of
 * waiting. A task pinned behind one that could go elsewhere waits (nobody makes room). Between the
 * decision and the task's arrival lie an IPI and the way out of idle: waste of some microseconds at
 * each wakeup is the machine's, not the policy's.
 *
 * PARAMETERS. None. COMPLEXITY. O(CPUs / 64 x nodes) at a wakeup that finds an idle CPU, O(CPUs) at
 * one that finds none and when a CPU runs out of work; a CPU pays for the search when it found
 * something (that nothing waits anywhere is one flag, as rd->overloaded is).
 */
#include "near.h"

enum reason {
    REASON_PREVIOUS,
    REASON_NEAREST,
    REASON_SHORTEST,
    REASON_PULL,
    REASON_NOTHING,
    REASON_PINNED,
    REASON_PENDING,
    REASON_OUTDONE,
    REASON_NO_IDLE
};

static const char *const conserving_reasons[] = {"the last CPU is idle", "nearest idle CPU",
                                                 "shortest queue",       "a task waits",
                                                 "nothing waits",        "affinity",
                                                 "dequeue-pending",      "another was taken",
                                                 "no idle CPU",          NULL};

/* For tasks that wait and stay. */
static const struct near_reasons conserving_left = {.pinned = REASON_PINNED,
                                                    .pending = REASON_PENDING,
                                                    .unwanted = REASON_OUTDONE,
                                                    .outdone = REASON_OUTDONE,
                                                    .no_idle = REASON_NO_IDLE};

static int32_t conserving_select_cpu(struct numasim_self *self, struct numasim_task *task,
                                     int32_t prev_cpu, int32_t waker_cpu, uint32_t flags,
                                     struct numasim_decision *d)
{
    int32_t cpu = flags & NUMASIM_WAKE_EXEC ? near_exec(self->host, task, prev_cpu)
                                            : near_idle(self->host, task, prev_cpu);

    (void)waker_cpu;
    if (cpu >= 0) {
        numasim_decide(d, cpu, cpu == prev_cpu ? REASON_PREVIOUS : REASON_NEAREST);
        return cpu;
    }
    cpu = near_least_loaded(self->host, task, prev_cpu);
    numasim_decide(d, cpu, REASON_SHORTEST);
    numasim_compared(d, "nr_running", numasim_cpu(self->host, cpu)->nr_running);
    return cpu;
}

static int32_t conserving_newidle(struct numasim_self *self, int32_t cpu,
                                  struct numasim_decision *d)
{
    struct near_search s = near_find_waiting(self, cpu, near_any, &conserving_left);
    int32_t pulled = near_pull(self, cpu, &s);

    numasim_decide(d, pulled, pulled > 0 ? REASON_PULL : REASON_NOTHING);
    numasim_compared(d, "looked_at", s.looked_at);
    return pulled;
}

static int64_t conserving_tick(struct numasim_self *self, int32_t cpu)
{
    return near_spread_waiting(self, cpu, &conserving_left);
}

static const struct numasim_balance_ops conserving_balance = {
    .select_cpu = conserving_select_cpu,
    .newidle = conserving_newidle,
    .tick = conserving_tick,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "work-conserving",
    .summary = "no CPU idles while a task waits that may run on it",
    .version = "1",
    .essay =
        "A task that wakes goes to an idle CPU if it may use any: its last one, else the nearest\n"
        "idle core, else the nearest idle CPU, however far; else to the shortest queue. A CPU\n"
        "that runs out of work takes a waiting task from anywhere, the nearest first. At ticks a\n"
        "waiting task moves to an idle CPU that only it may use.\n"
        "\n"
        "Source: the invariant of Lozi et al., The Linux Scheduler: a Decade of Wasted Cores,\n"
        "EuroSys 2016; work conservation in queueing theory (Kleinrock, volume 2, 3.4).\n"
        "\n"
        "Fits the question how much a scheduler wastes, and by what it loses to Linux, what\n"
        "locality is worth. Does not fit memory: caches and pages stay behind. A task pinned\n"
        "behind one that could go elsewhere waits. O(CPUs) where it finds no idle CPU and where\n"
        "a CPU runs out of work.\n",
    .reasons = conserving_reasons,
    .balance = &conserving_balance,
};
