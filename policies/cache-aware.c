/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache-aware - the threads of a process under one last-level cache.
 *
 * IDEA. Time that a process's threads spend under each LLC is sampled and halved every epoch. The LLC
 * with the most becomes the process's preferred one; another takes its place only with twice as much.
 * A thread that wakes or is born goes to an idle CPU under the preferred LLC, its last one first; a
 * CPU that runs out of work prefers tasks that prefer its LLC; and once an epoch a thread that runs
 * elsewhere is moved to an idle CPU there. All this only while the LLC is not too full, and only for
 * processes of more than one thread that have room under one LLC.
 *
 * SOURCE. P. Zijlstra, "sched: Cache aware load-balancing", LKML, 2025-03-25, and the series of Chen Yu
 * and Tim Chen that made it mergeable, LKML, April to December 2025; the numbers are those of the
 * merged form in Linux 7.3 (debugfs sched/llc_balancing/). The merged form itself, a group type and a
 * migration type of the load balancer, is in linux-balance, which linux-7.3 turns on; both reckon a
 * process's share of its CPUs alike (common/occupancy.h). Here it stands on the wake path and in a
 * balancer of its own, as in the first versions of the series, and reckons an LLC's fill by its busy
 * CPUs, where the kernel takes utilisation.
 *
 * FITS. Machines with several LLCs to a node (EPYC), processes whose threads share a working set that
 * one LLC holds and that are fewer than its CPUs.
 *
 * DOES NOT FIT. Threads that share nothing: together they get less cache and, with SMT or frequency by
 * active cores, less speed. Processes that share with each other (pipes between processes). Between
 * nodes it does not ask where the memory lies.
 *
 * PARAMETERS. aggregate, epoch, affinity_timeout, overaggr_pct. COMPLEXITY. O(CPUs / 64 x nodes) at a
 * wakeup that finds an idle CPU, O(CPUs) where none is and where a CPU runs out of work; a tick each
 * epoch on each busy CPU, and O(CPUs) for one of each process.
 */
#include "near.h"
#include "occupancy.h"

enum param { PARAM_AGGREGATE, PARAM_EPOCH, PARAM_TIMEOUT, PARAM_OVERAGGR };

static const struct numasim_param cache_params[] = {
    [PARAM_AGGREGATE] = {.name = "aggregate",
                         .type = NUMASIM_PARAM_BOOL,
                         .def = 1,
                         .doc = "Whether LLCs are preferred at all; off, the rest is a control.",
                         .knob = "/sys/kernel/debug/sched/llc_balancing/enabled",
                         .source = "kernel/sched/debug.c, 7.3: on"},
    [PARAM_EPOCH] = {.name = "epoch",
                     .type = NUMASIM_PARAM_NS,
                     .def = 10000000,
                     .min = 1000000,
                     .max = INT64_C(10000000000),
                     .doc = "How often occupancy is halved and the preferred LLC chosen anew.",
                     .knob = "/sys/kernel/debug/sched/llc_balancing/epoch_period",
                     .source = "kernel/sched/fair.c, 7.3: EPOCH_PERIOD, HZ / 100"},
    [PARAM_TIMEOUT] = {.name = "affinity_timeout",
                       .type = NUMASIM_PARAM_INT,
                       .def = 5,
                       .min = 1,
                       .max = 1000,
                       .doc = "Epochs without running after which nothing is preferred.",
                       .knob = "/sys/kernel/debug/sched/llc_balancing/epoch_affinity_timeout",
                       .source = "kernel/sched/fair.c, 7.3: EPOCH_LLC_AFFINITY_TIMEOUT"},
    [PARAM_OVERAGGR] = {.name = "overaggr_pct",
                        .type = NUMASIM_PARAM_PPM,
                        .def = 500000,
                        .min = 0,
                        .max = 1000000,
                        .doc = "An LLC with more of its CPUs busy attracts nobody; half as much "
                               "again without SMT.",
                        .knob = "/sys/kernel/debug/sched/llc_balancing/overaggr_pct",
                        .source = "kernel/sched/fair.c, 7.3: llc_overaggr_pct, 50"},
    {0},
};

struct cache_process {
    int64_t epoch;            /* when its LLC was last chosen */
    int64_t last_ns;          /* when one of its threads was last seen running */
    int32_t preferred_plus_1; /* LLC; 0: none */
};

struct cache_cpu {
    int64_t sampled_ns;
    struct occupancy occupancy;
};

enum reason {
    REASON_PREFERRED,
    REASON_IDLE,
    REASON_SHORTEST,
    REASON_PULL,
    REASON_NOTHING,
    REASON_PINNED,
    REASON_PENDING,
    REASON_OUTDONE,
    REASON_STAYS
};

static const char *const cache_reasons[] = {
    [REASON_PREFERRED] = "preferred LLC", [REASON_IDLE] = "idle CPU",
    [REASON_SHORTEST] = "shortest queue", [REASON_PULL] = "a task waits",
    [REASON_NOTHING] = "nothing waits",   [REASON_PINNED] = "affinity",
    [REASON_PENDING] = "dequeue-pending", [REASON_OUTDONE] = "another was taken",
    [REASON_STAYS] = "preferred-llc",     NULL};

/* For tasks that wait and stay. */
static const struct near_reasons cache_left = {.pinned = REASON_PINNED,
                                               .pending = REASON_PENDING,
                                               .unwanted = REASON_STAYS,
                                               .outdone = REASON_OUTDONE,
                                               .no_idle = REASON_NOTHING};

static int32_t threads_per_core(const struct numasim_self *self, int32_t cpu)
{
    const uint64_t *siblings = numasim_siblings(self->host, cpu);
    int32_t nr = 0;

    for (int32_t word = 0; word < (numasim_nr_cpus(self->host) + 63) / 64; word++) {
        nr += __builtin_popcountll(siblings[word]);
    }
    return nr;
}

/* The LLC that @task's process prefers and has room under, or -1. */
static int32_t preferred_llc(const struct numasim_self *self, const struct numasim_task *task)
{
    if (task->process == NULL || task->process->nr_threads < 2 ||
        self->param[PARAM_AGGREGATE] == 0) {
        return -1;
    }
    const struct cache_process *p = task->process->state[self->slot];
    int64_t old_ns = self->param[PARAM_TIMEOUT] * self->param[PARAM_EPOCH];

    if (p->preferred_plus_1 == 0 || numasim_now(self->host) - p->last_ns > old_ns) {
        return -1;
    }
    int32_t llc = p->preferred_plus_1 - 1;
    const struct numasim_llc *l = numasim_llc(self->host, llc);
    int32_t first = numasim_mask_next(l->cpus, NULL, numasim_nr_cpus(self->host), 0);

    return task->process->nr_threads * threads_per_core(self, first) <= (int32_t)l->nr_cpus ? llc
                                                                                            : -1;
}

static bool has_room(const struct numasim_self *self, int32_t llc)
{
    const struct numasim_llc *l = numasim_llc(self->host, llc);
    int32_t first = numasim_mask_next(l->cpus, NULL, numasim_nr_cpus(self->host), 0);
    int64_t ppm = self->param[PARAM_OVERAGGR];

    ppm += threads_per_core(self, first) == 1 ? ppm / 2 : 0;
    return (int64_t)(l->nr_cpus - l->nr_idle_cpus) * 1000000 < (int64_t)l->nr_cpus * ppm;
}

/* One of @idle under @llc where @task may run, its last one first; -1: none. */
static int32_t one_of(const struct numasim_self *self, const struct numasim_task *task, int32_t llc,
                      const uint64_t *idle)
{
    if (numasim_cpu(self->host, task->cpu)->llc == llc && numasim_mask_test(idle, task->cpu) &&
        numasim_may_run(self->host, task, task->cpu)) {
        return task->cpu;
    }
    return near_first(idle, task->allowed, numasim_llc(self->host, llc)->cpus,
                      numasim_nr_cpus(self->host));
}

/* An idle CPU under @llc for @task, on an idle core if there is one; -1: none. */
static int32_t idle_under(const struct numasim_self *self, const struct numasim_task *task,
                          int32_t llc)
{
    int32_t cpu = one_of(self, task, llc, numasim_idle_core_mask(self->host));

    return cpu >= 0 ? cpu : one_of(self, task, llc, numasim_idle_mask(self->host));
}

/* The LLC with the most idle CPUs, @llc among equals: where a new task goes that prefers none. */
static int32_t idlest_llc(const struct numasim_self *self, int32_t llc)
{
    for (int32_t i = 0; i < numasim_nr_llcs(self->host); i++) {
        if (numasim_llc(self->host, i)->nr_idle_cpus > numasim_llc(self->host, llc)->nr_idle_cpus) {
            llc = i;
        }
    }
    return llc;
}

static int32_t cache_select_cpu(struct numasim_self *self, struct numasim_task *task,
                                int32_t prev_cpu, int32_t waker_cpu, uint32_t flags,
                                struct numasim_decision *d)
{
    int32_t llc = preferred_llc(self, task), prev_llc = numasim_cpu(self->host, prev_cpu)->llc, cpu;
    bool is_new = (flags & NUMASIM_WAKE_FORK) != 0;

    (void)waker_cpu;
    if (flags & NUMASIM_WAKE_EXEC) {
        cpu = near_exec(self->host, task, prev_cpu);
        numasim_decide(d, cpu, REASON_IDLE);
        return cpu;
    }
    numasim_compared(d, "preferred_llc", llc);
    if (llc >= 0 && (llc == prev_llc || has_room(self, llc)) &&
        (cpu = idle_under(self, task, llc)) >= 0) {
        numasim_decide(d, cpu, REASON_PREFERRED);
        return cpu;
    }
    cpu = idle_under(self, task, is_new ? idlest_llc(self, prev_llc) : prev_llc);
    cpu = cpu < 0 ? near_idle(self->host, task, prev_cpu) : cpu;
    if (cpu >= 0) {
        numasim_decide(d, cpu, REASON_IDLE);
        return cpu;
    }
    cpu = near_least_loaded(self->host, task, prev_cpu);
    numasim_decide(d, cpu, REASON_SHORTEST);
    return cpu;
}

/* A task is not pulled from its preferred LLC while that has an idle CPU for it. */
static int64_t worth(struct numasim_self *self, struct numasim_task *task, int32_t cpu)
{
    int32_t llc = preferred_llc(self, task);

    if (llc < 0) {
        return 1;
    }
    if (llc == numasim_cpu(self->host, cpu)->llc) {
        return 2;
    }
    return llc == numasim_cpu(self->host, task->cpu)->llc && idle_under(self, task, llc) >= 0 ? -1
                                                                                              : 0;
}

static int32_t cache_newidle(struct numasim_self *self, int32_t cpu, struct numasim_decision *d)
{
    struct near_search s = near_find_waiting(self, cpu, worth, &cache_left);
    int32_t pulled = near_pull(self, cpu, &s);

    numasim_decide(d, pulled, pulled > 0 ? REASON_PULL : REASON_NOTHING);
    return pulled;
}

/* What process @id occupied of the CPUs under @llc. */
static uint64_t occupancy_under(const struct numasim_self *self, int32_t llc, int64_t epoch,
                                int32_t id)
{
    const uint64_t *cpus = numasim_llc(self->host, llc)->cpus;
    int32_t nr_cpus = numasim_nr_cpus(self->host);
    uint64_t sum = 0;

    for (int32_t cpu = numasim_mask_next(cpus, NULL, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(cpus, NULL, nr_cpus, cpu + 1)) {
        struct cache_cpu *own = numasim_cpu(self->host, cpu)->state[self->slot];

        sum += occupancy_of(&own->occupancy, epoch, id);
    }
    return sum;
}

/* A thread of @process ran on @c for @ran_ns; once an epoch the LLC is chosen anew. */
static void account(const struct numasim_self *self, const struct numasim_process *process,
                    const struct numasim_cpu *c, int64_t ran_ns)
{
    int64_t now_ns = numasim_now(self->host), epoch = now_ns / self->param[PARAM_EPOCH];
    struct cache_process *p = process->state[self->slot];
    struct cache_cpu *own = c->state[self->slot];
    uint64_t best = 0, present = 0;
    int32_t best_plus_1 = 0;

    occupancy_add(&own->occupancy, epoch, process->id, ran_ns);
    p->last_ns = now_ns;
    if (p->epoch == epoch) {
        return;
    }
    p->epoch = epoch;
    for (int32_t llc = 0; llc < numasim_nr_llcs(self->host); llc++) {
        uint64_t sum = occupancy_under(self, llc, epoch, process->id);

        best_plus_1 = sum > best ? llc + 1 : best_plus_1;
        best = sum > best ? sum : best;
        present = p->preferred_plus_1 == llc + 1 ? sum : present;
    }
    if (occupancy_outweighs(best, present)) {
        p->preferred_plus_1 = best_plus_1;
    }
}

static int64_t cache_tick(struct numasim_self *self, int32_t cpu)
{
    const struct numasim_cpu *c = numasim_cpu(self->host, cpu);
    struct cache_cpu *own = c->state[self->slot];
    int64_t now_ns = numasim_now(self->host), epoch_ns = self->param[PARAM_EPOCH];
    int64_t since_ns = now_ns - own->sampled_ns;

    if (self->param[PARAM_AGGREGATE] == 0) {
        return NUMASIM_TIME_NEVER;
    }
    if (since_ns < epoch_ns) {
        return own->sampled_ns + epoch_ns;
    }
    own->sampled_ns = now_ns;
    if (c->curr == NULL || c->curr->process == NULL) {
        return now_ns + epoch_ns;
    }
    account(self, c->curr->process, c, since_ns < 2 * epoch_ns ? since_ns : epoch_ns);
    int32_t llc = preferred_llc(self, c->curr);

    if (llc >= 0 && llc != c->llc && has_room(self, llc)) {
        int32_t to = idle_under(self, c->curr, llc);

        if (to >= 0) {
            numasim_push_running(self->host, cpu, to);
        }
    }
    return now_ns + epoch_ns;
}

static const struct numasim_balance_ops cache_balance = {
    .select_cpu = cache_select_cpu,
    .newidle = cache_newidle,
    .tick = cache_tick,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "cache-aware",
    .summary = "the threads of a process under one last-level cache (2025)",
    .version = "1",
    .essay =
        "The time that a process's threads spend under each LLC is sampled and halved every\n"
        "epoch; the LLC with the most is its preferred one until another has twice as much.\n"
        "Threads wake, start and are pulled there, and once an epoch a thread that runs\n"
        "elsewhere is moved, while the LLC is not too full and the process fits under it.\n"
        "\n"
        "Source: P. Zijlstra, sched: Cache aware load-balancing, LKML, 2025-03-25, and the\n"
        "series of Chen Yu and Tim Chen, LKML, 2025; numbers of the merged form in Linux 7.3.\n"
        "There it is part of the load balancer (linux-balance, llc_balancing); here it is a wake\n"
        "path and a balancer of its own, as in the series' first versions, which counts busy CPUs\n"
        "where the kernel takes utilisation.\n"
        "\n"
        "Fits several LLCs to a node and threads that share a working set. Does not fit threads\n"
        "that share nothing, or processes that share with each other. `aggregate=off` is the\n"
        "control. O(CPUs) where no CPU is idle and where one runs out of work.\n",
    .params = cache_params,
    .reasons = cache_reasons,
    .process_state_size = sizeof(struct cache_process),
    .cpu_state_size = sizeof(struct cache_cpu),
    .balance = &cache_balance,
};
