/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * oracle - queues and a balancer that know how much work each task has yet to do.
 *
 * IDEA. What limits the time until all is done is the longest task that comes late to a CPU of its
 * own. So a CPU runs the task with the most work left first. A task goes to an idle core on the node
 * of its memory, or, new and without memory, under the cache with the most idle cores; where all are
 * busy, to the CPU with the least work left. A CPU that runs out of work takes the waiting task with
 * the most left, the nearest first. If nothing waits and its whole core is idle, it takes a running
 * task with much left away from a core that is shared.
 *
 * SOURCE. Longest processing time first: R. L. Graham, "Bounds on multiprocessing timing anomalies",
 * SIAM J. Applied Mathematics 17(2), 1969: never worse than 4/3 of the best on equal machines. The
 * rest is this project's own heuristic.
 *
 * FITS. "How far is Linux from what is possible?": beside it stands completion.lower_bound_ns, which
 * nobody can beat. The truth lies between the two.
 *
 * DOES NOT FIT. Any real kernel: nobody tells it. Fairness and latency: weights do not count. Programs
 * without an end, and requests that arrive: their work is not known, and they run, in turn, when no
 * other does. It is a heuristic, not optimal, and can be worse than Linux where caches or frequencies
 * matter more than queues. Runs under it say so (policy.oracle_queries).
 *
 * PARAMETERS. push_over, slice. COMPLEXITY. O(queued tasks) at a pick, O(CPUs + waiting tasks) at a
 * wakeup that finds no idle CPU and when a CPU runs out of work.
 */
#include "oracle.h"

#include "near.h"

#define UNKNOWN_NS INT64_C(1000000000) /* the work of a task of which none is known */

static const struct numasim_param oracle_params[] = {
    [ORACLE_PUSH_OVER] = {.name = "push_over",
                          .type = NUMASIM_PARAM_NS,
                          .def = 500000,
                          .min = 0,
                          .max = INT64_C(1000000000),
                          .doc =
                              "A running task leaves a shared core for an idle one if it has more "
                              "than this to do.",
                          .source = "sysctl_sched_migration_cost (500 us), as good as any"},
    [ORACLE_SLICE] = {.name = "slice",
                      .type = NUMASIM_PARAM_NS,
                      .def = 3000000,
                      .min = 100000,
                      .max = INT64_C(1000000000),
                      .doc = "How much more to do another task must have to take the CPU.",
                      .source = "the base slice of EEVDF on eight CPUs, about"},
    {0},
};

enum reason {
    REASON_IDLE,
    REASON_LEAST_WORK,
    REASON_LONGEST,
    REASON_SHARED,
    REASON_NOTHING,
    REASON_PINNED,
    REASON_PENDING,
    REASON_OUTDONE,
    REASON_NO_IDLE
};

static const char *const oracle_reasons[] = {
    "idle CPU", "least work left", "most work left",        "shared a core", "nothing waits",
    "affinity", "dequeue-pending", "another has more left", "no idle CPU",   NULL};

/* For tasks that wait and stay. */
static const struct near_reasons oracle_left = {.pinned = REASON_PINNED,
                                                .pending = REASON_PENDING,
                                                .unwanted = REASON_OUTDONE,
                                                .outdone = REASON_OUTDONE,
                                                .no_idle = REASON_NO_IDLE};

static int64_t remaining_ns(struct numasim_self *self, struct numasim_task *task)
{
    int64_t ns = numasim_remaining_ns(self->host, task);

    return ns < UNKNOWN_NS ? ns : UNKNOWN_NS;
}

/* Work left of the tasks on @cpu, as far as they are looked at. */
static int64_t backlog_ns(struct numasim_self *self, int32_t cpu)
{
    const struct numasim_cpu *c = numasim_cpu(self->host, cpu);
    struct numasim_task *t = numasim_first_waiting(self->host, cpu);
    int64_t ns = c->curr != NULL ? remaining_ns(self, c->curr) : 0;

    for (int32_t i = 0; t != NULL && i < NEAR_MAX_WAITING; i++) {
        ns += t->se.delayed ? 0 : remaining_ns(self, t);
        t = numasim_next_waiting(self->host, t);
    }
    return ns;
}

static int32_t least_work(struct numasim_self *self, struct numasim_task *task, int32_t prev_cpu)
{
    const uint64_t *online = numasim_online_mask(self->host);
    int32_t nr_cpus = numasim_nr_cpus(self->host), found = prev_cpu;
    int64_t least = INT64_MAX;

    for (int32_t cpu = numasim_mask_next(online, task->allowed, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(online, task->allowed, nr_cpus, cpu + 1)) {
        int64_t ns = backlog_ns(self, cpu);

        if (ns < least || (ns == least && cpu == prev_cpu)) {
            least = ns;
            found = cpu;
        }
    }
    return found;
}

/* A CPU on the node that holds most of the task's memory, or -1 without memory. */
static int32_t home_cpu(const struct numasim_self *self, const struct numasim_task *task)
{
    const int64_t *bytes = numasim_task_bytes(self->host, task);
    int32_t best = -1, nr_cpus = numasim_nr_cpus(self->host);

    for (int32_t n = 0; bytes != NULL && n < numasim_nr_nodes(self->host); n++) {
        if (bytes[n] > 0 && numasim_node(self->host, n)->nr_cpus > 0 &&
            (best < 0 || bytes[n] > bytes[best])) {
            best = n;
        }
    }
    return best < 0 ? -1
                    : numasim_mask_next(numasim_node(self->host, best)->cpus, NULL, nr_cpus, 0);
}

/* An allowed idle CPU under the LLC with the most idle cores, or -1. */
static int32_t roomiest_cpu(const struct numasim_self *self, const struct numasim_task *task)
{
    int32_t found = -1, nr_cpus = numasim_nr_cpus(self->host);
    uint32_t most = 0;

    for (int32_t i = 0; i < numasim_nr_llcs(self->host); i++) {
        const struct numasim_llc *llc = numasim_llc(self->host, i);
        int32_t cpu =
            near_first(numasim_idle_core_mask(self->host), task->allowed, llc->cpus, nr_cpus);

        if (cpu >= 0 && llc->nr_idle_cores > most) {
            most = llc->nr_idle_cores;
            found = cpu;
        }
    }
    return found;
}

static int32_t oracle_select_cpu(struct numasim_self *self, struct numasim_task *task,
                                 int32_t prev_cpu, int32_t waker_cpu, uint32_t flags,
                                 struct numasim_decision *d)
{
    int32_t home = home_cpu(self, task), cpu = -1;
    const struct numasim_cpu *prev = numasim_cpu(self->host, prev_cpu);

    (void)waker_cpu;
    if (flags & NUMASIM_WAKE_EXEC) {
        cpu = near_exec(self->host, task, prev_cpu);
    } else if (home < 0 && (flags & NUMASIM_WAKE_FORK) != 0) {
        cpu = roomiest_cpu(self, task);
    }
    if (cpu < 0) {
        bool at_home = home < 0 || numasim_cpu(self->host, home)->node == prev->node;

        cpu = near_idle(self->host, task, at_home ? prev_cpu : home);
    }
    numasim_decide(d, cpu, REASON_IDLE);
    if (cpu < 0) {
        cpu = least_work(self, task, prev_cpu);
        numasim_decide(d, cpu, REASON_LEAST_WORK);
    }
    if (d != NULL) {
        numasim_compared(d, "remaining_ns", remaining_ns(self, task));
    }
    return cpu;
}

static int64_t worth(struct numasim_self *self, struct numasim_task *task, int32_t cpu)
{
    (void)cpu;
    return remaining_ns(self, task);
}

/* How many CPUs of the core of @cpu run a task. */
static int32_t sharers(const struct numasim_self *self, int32_t cpu)
{
    const uint64_t *siblings = numasim_siblings(self->host, cpu);
    int32_t nr_cpus = numasim_nr_cpus(self->host), nr = 0;

    for (int32_t c = numasim_mask_next(siblings, NULL, nr_cpus, 0); c < nr_cpus;
         c = numasim_mask_next(siblings, NULL, nr_cpus, c + 1)) {
        nr += numasim_cpu(self->host, c)->curr != NULL;
    }
    return nr;
}

/* Takes the task with the most left from a shared core of this node for @cpu, whose core is idle. */
static bool unshare(struct numasim_self *self, int32_t cpu)
{
    const struct numasim_node *node = numasim_node(self->host, numasim_cpu(self->host, cpu)->node);
    int32_t nr_cpus = numasim_nr_cpus(self->host), from = -1;
    int64_t most_ns = self->param[ORACLE_PUSH_OVER];

    for (int32_t c = numasim_mask_next(node->cpus, NULL, nr_cpus, 0); c < nr_cpus;
         c = numasim_mask_next(node->cpus, NULL, nr_cpus, c + 1)) {
        struct numasim_task *t = numasim_cpu(self->host, c)->curr;

        if (c != cpu && t != NULL && sharers(self, c) > 1 && numasim_may_run(self->host, t, cpu) &&
            remaining_ns(self, t) > most_ns) {
            most_ns = remaining_ns(self, t);
            from = c;
        }
    }
    return from >= 0 && numasim_push_running(self->host, from, cpu);
}

static int32_t oracle_newidle(struct numasim_self *self, int32_t cpu, struct numasim_decision *d)
{
    struct near_search s = near_find_waiting(self, cpu, worth, &oracle_left);
    int32_t pulled = near_pull(self, cpu, &s);

    numasim_decide(d, pulled, pulled > 0 ? REASON_LONGEST : REASON_NOTHING);
    /* The task that leaves just now, if one does, still counts on this CPU. */
    if (pulled == 0 && sharers(self, cpu) <= (numasim_cpu(self->host, cpu)->curr != NULL) &&
        unshare(self, cpu)) {
        numasim_decide(d, 0, REASON_SHARED);
    }
    return pulled;
}

static int64_t oracle_tick(struct numasim_self *self, int32_t cpu)
{
    return near_spread_waiting(self, cpu, &oracle_left);
}

static const struct numasim_balance_ops oracle_balance = {
    .select_cpu = oracle_select_cpu,
    .newidle = oracle_newidle,
    .tick = oracle_tick,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "oracle",
    .summary = "knows how much work each task has left (no real kernel does)",
    .version = "1",
    .essay =
        "A CPU runs the task with the most work left first. A task goes to an idle core on the "
        "node of its memory, or, new and without memory,\n"
        "under the cache with the most idle cores; where all are busy, to the CPU with the least\n"
        "work left. A CPU that runs out of work takes the waiting task with the most left, the\n"
        "nearest first; if its core is idle, else a running one from a shared core.\n"
        "\n"
        "Source: longest processing time first (Graham, SIAM J. Applied Mathematics 17(2), 1969,\n"
        "within 4/3 of the best on equal machines); the rest is a heuristic of this project.\n"
        "\n"
        "Fits the question how far Linux is from what is possible; completion.lower_bound_ns\n"
        "stands beside it, and the truth lies between the two. No real kernel can do this, and\n"
        "the runs say so: policy.oracle_queries. Programs without an end count as one second.\n"
        "It is not optimal, and can be worse than Linux. O(CPUs + waiting tasks) where no CPU is\n"
        "idle and where one runs out of work.\n",
    .params = oracle_params,
    .reasons = oracle_reasons,
    .queue_state_size = sizeof(struct oracle_queue),
    .entity_state_size = sizeof(struct oracle_entity),
    .queue = &oracle_queue_ops,
    .balance = &oracle_balance,
};
