/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * near.h - idle CPUs and waiting tasks, the nearest first: the CPU itself, its LLC, then the nodes in
 * order of their distance. For balancers that look at the whole machine.
 */
#ifndef NUMASIM_POLICIES_NEAR_H
#define NUMASIM_POLICIES_NEAR_H

#include <numasim-policy.h>

/* Of tasks that wait on one CPU no more than these are looked at (SCHED_NR_MIGRATE_BREAK). */
#define NEAR_MAX_WAITING 32

/* The first CPU in all three bitmaps, or -1. O(CPUs / 64). */
static inline int32_t near_first(const uint64_t *a, const uint64_t *b, const uint64_t *c,
                                 int32_t nr_cpus)
{
    for (int32_t word = 0; word < (nr_cpus + 63) / 64; word++) {
        uint64_t bits = a[word] & b[word] & c[word];

        if (bits != 0) {
            return word * 64 + __builtin_ctzll(bits);
        }
    }
    return -1;
}

/* The next greater distance from @node after @distance; INT32_MAX: there is none. */
static inline int32_t near_next_distance(const struct numasim_host *host, int32_t node,
                                         int32_t distance)
{
    int32_t next = INT32_MAX;

    for (int32_t n = 0; n < numasim_nr_nodes(host); n++) {
        int32_t d = numasim_distance(host, node, n);

        next = d > distance && d < next ? d : next;
    }
    return next;
}

/* The CPU of @choices, a bitmap, nearest to @cpu where @task may run; -1: none. */
static inline int32_t near_choose(const struct numasim_host *host, const struct numasim_task *task,
                                  int32_t cpu, const uint64_t *choices)
{
    const struct numasim_cpu *from = numasim_cpu(host, cpu);
    int32_t nr_cpus = numasim_nr_cpus(host);

    if (numasim_mask_test(choices, cpu) && numasim_may_run(host, task, cpu)) {
        return cpu;
    }
    int32_t found = near_first(choices, task->allowed, numasim_llc(host, from->llc)->cpus, nr_cpus);

    for (int32_t d = near_next_distance(host, from->node, -1); found < 0 && d < INT32_MAX;
         d = near_next_distance(host, from->node, d)) {
        for (int32_t n = 0; found < 0 && n < numasim_nr_nodes(host); n++) {
            if (numasim_distance(host, from->node, n) == d) {
                found = near_first(choices, task->allowed, numasim_node(host, n)->cpus, nr_cpus);
            }
        }
    }
    return found;
}

/* The nearest idle CPU, on an idle core if there is one anywhere; -1: none. */
static inline int32_t near_idle(const struct numasim_host *host, const struct numasim_task *task,
                                int32_t cpu)
{
    int32_t found = near_choose(host, task, cpu, numasim_idle_core_mask(host));

    return found >= 0 ? found : near_choose(host, task, cpu, numasim_idle_mask(host));
}

/* Where @task goes that runs on @cpu and execs: alone there, it stays; else an idle CPU takes it. */
static inline int32_t near_exec(const struct numasim_host *host, const struct numasim_task *task,
                                int32_t cpu)
{
    int32_t idle = numasim_cpu(host, cpu)->nr_running > 1 ? near_idle(host, task, cpu) : -1;

    return idle >= 0 ? idle : cpu;
}

/* The CPU with the fewest tasks, @cpu among equals, else the lowest; @cpu if there is none. */
static inline int32_t near_least_loaded(const struct numasim_host *host,
                                        const struct numasim_task *task, int32_t cpu)
{
    const uint64_t *online = numasim_online_mask(host);
    int32_t nr_cpus = numasim_nr_cpus(host), found = cpu;
    uint32_t least = UINT32_MAX;

    if (numasim_may_run(host, task, cpu)) {
        least = numasim_cpu(host, cpu)->nr_running;
    }
    for (int32_t c = numasim_mask_next(online, task->allowed, nr_cpus, 0); c < nr_cpus;
         c = numasim_mask_next(online, task->allowed, nr_cpus, c + 1)) {
        if (numasim_cpu(host, c)->nr_running < least) {
            least = numasim_cpu(host, c)->nr_running;
            found = c;
        }
    }
    return found;
}

/* How much @task should be pulled to @cpu: the most wins, the first among equals; < 0: not at all. */
typedef int64_t (*near_worth_fn)(struct numasim_self *self, struct numasim_task *task, int32_t cpu);

/* Why a task that waits is left where it is: of each, which of the policy's reasons says so. */
struct near_reasons {
    uint32_t pinned;   /* it may not run there */
    uint32_t pending;  /* it sleeps, and only its dequeue is put off */
    uint32_t unwanted; /* its worth is < 0 */
    uint32_t outdone;  /* another was worth more, or came first */
    uint32_t no_idle;  /* near_spread_waiting(): no CPU that it may use is idle */
};

static inline void near_left(struct numasim_self *self, int32_t cpu,
                             const struct numasim_task *task, uint32_t reason)
{
    if (numasim_listens(self->host)) {
        numasim_left(self, cpu, task, reason);
    }
}

struct near_search {
    const struct near_reasons *reasons;
    struct numasim_task *task; /* the best so far, or NULL */
    int64_t worth;
    uint32_t looked_at; /* CPUs */
};

/* Looks at @task, which waits, for @cpu. */
static inline void near_consider(struct numasim_self *self, int32_t cpu, struct numasim_task *task,
                                 near_worth_fn worth, struct near_search *s)
{
    if (task->se.delayed || !numasim_may_run(self->host, task, cpu)) {
        near_left(self, cpu, task, task->se.delayed ? s->reasons->pending : s->reasons->pinned);
        return;
    }
    int64_t w = worth(self, task, cpu);

    if (w >= 0 && (s->task == NULL || w > s->worth)) {
        if (s->task != NULL) {
            near_left(self, cpu, s->task, s->reasons->outdone);
        }
        s->task = task;
        s->worth = w;
        return;
    }
    near_left(self, cpu, task, w < 0 ? s->reasons->unwanted : s->reasons->outdone);
}

/* Looks at the tasks that wait on the CPUs of @cpus. */
static inline void near_search(struct numasim_self *self, int32_t cpu, const uint64_t *cpus,
                               near_worth_fn worth, struct near_search *s)
{
    const uint64_t *online = numasim_online_mask(self->host);
    int32_t nr_cpus = numasim_nr_cpus(self->host);

    for (int32_t c = numasim_mask_next(cpus, online, nr_cpus, 0); c < nr_cpus;
         c = numasim_mask_next(cpus, online, nr_cpus, c + 1)) {
        s->looked_at++;
        if (c == cpu || numasim_cpu(self->host, c)->nr_running < 2) {
            continue;
        }
        struct numasim_task *t = numasim_first_waiting(self->host, c);

        for (int32_t i = 0; t != NULL && i < NEAR_MAX_WAITING; i++) {
            near_consider(self, cpu, t, worth, s);
            t = numasim_next_waiting(self->host, t);
        }
    }
}

/* The same on the whole machine, distance by distance; stops where one was found. */
static inline struct near_search near_find_waiting(struct numasim_self *self, int32_t cpu,
                                                   near_worth_fn worth,
                                                   const struct near_reasons *reasons)
{
    const struct numasim_cpu *at = numasim_cpu(self->host, cpu);
    struct near_search s = {.reasons = reasons};

    near_search(self, cpu, numasim_llc(self->host, at->llc)->cpus, worth, &s);
    for (int32_t d = near_next_distance(self->host, at->node, -1); s.task == NULL && d < INT32_MAX;
         d = near_next_distance(self->host, at->node, d)) {
        for (int32_t n = 0; n < numasim_nr_nodes(self->host); n++) {
            if (numasim_distance(self->host, at->node, n) == d) {
                near_search(self, cpu, numasim_node(self->host, n)->cpus, worth, &s);
            }
        }
    }
    return s;
}

/* Any task will do, the one that waits longest on the nearest CPU first. */
static inline int64_t near_any(struct numasim_self *self, struct numasim_task *task, int32_t cpu)
{
    (void)self;
    (void)task;
    (void)cpu;
    return 0;
}

/* Moves what @s found to @cpu, which pays for the search; returns how many tasks that were. */
static inline int32_t near_pull(struct numasim_self *self, int32_t cpu, const struct near_search *s)
{
    if (s->task == NULL || !numasim_move_task(self->host, s->task, cpu)) {
        return 0;
    }
    numasim_charge(self->host, cpu, numasim_balance_cost_ns(self->host, s->looked_at));
    return 1;
}

/* balance's tick(): sends what waits on @cpu to the nearest idle CPUs that it may use. */
static inline int64_t near_spread_waiting(struct numasim_self *self, int32_t cpu,
                                          const struct near_reasons *reasons)
{
    struct numasim_task *t = numasim_first_waiting(self->host, cpu);

    for (int32_t i = 0; t != NULL && i < NEAR_MAX_WAITING; i++) {
        struct numasim_task *next = numasim_next_waiting(self->host, t);
        int32_t idle = t->se.delayed ? -1 : near_idle(self->host, t, cpu);

        if (idle >= 0) {
            numasim_move_task(self->host, t, idle);
        } else {
            near_left(self, cpu, t, t->se.delayed ? reasons->pending : reasons->no_idle);
        }
        t = next;
    }
    return NUMASIM_TIME_NEVER; /* every tick comes while there is a queue */
}

#endif
