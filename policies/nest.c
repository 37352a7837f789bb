/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nest - keep tasks together on warm cores.
 *
 * IDEA. The CPUs in use, and those likely to be used soon, are the primary nest; up to R_max CPUs that
 * fell out of it or were tried once are the reserve nest. A task that wakes or is born goes to the CPU
 * that it is attached to (where it was placed the last two times), to its last one, or to another idle
 * one of the primary nest, the nearest first; else to one of the reserve, which joins the primary
 * nest; else wherever the fallback finds an idle core, which joins the reserve. So few cores are
 * active, and those run at the high frequencies that go with few active cores.
 *   The primary nest shrinks: a CPU that has idled for P_remove is moved to the reserve by the search
 * that meets it, and one whose task exits is moved there at once. It grows when it must: a task that
 * found its last CPU taken R_impatient times in a row does not search it, and what it gets instead
 * joins the primary nest directly.
 *
 * SOURCE. J. Lawall, H. Chhaya-Shailesh, J.-P. Lozi, B. Lepers, W. Zwaenepoel, G. Muller, "OS Scheduling
 * with Nest: Keeping Tasks Close Together on Warm Cores", EuroSys 2022, with the parameters of its
 * table 1. What the paper leaves open (a task's attachment, the last CPU of the nest) is as in
 * scheds/c/scx_nest.bpf.c of github.com/sched-ext/scx.
 *
 * FITS. Machines whose topology says frequency by active cores, with fewer tasks than cores that come
 * and go: builds, configure scripts, services at low load.
 *
 * DOES NOT FIT. Machines without such a table: there is nothing to gain. Two packages with work for
 * more than one: each has its own table, so that spreading over both gives the higher frequency, and
 * what the paper gains there (fewer packages awake, less energy) is not modelled. The spinning of a
 * CPU after its task's sleep (S_max, to keep the hardware from lowering its frequency) is left out: a
 * core counts as active for the topology's idle-after, and its frequency rises at once. Nor does the
 * policy know how the kernel below it balances: waiting tasks are pulled from the nearest CPU.
 *
 * PARAMETERS. p_remove, r_max, r_impatient. COMPLEXITY. O(CPUs / 64 x nodes) at a wakeup, plus one
 * step for each CPU that leaves the nest; O(CPUs) where nothing is idle.
 */
#include "near.h"

#define NEST_WORDS 64 /* 4096 CPUs, the most a machine has */

enum param { PARAM_P_REMOVE, PARAM_R_MAX, PARAM_R_IMPATIENT };

static const struct numasim_param nest_params[] = {
    [PARAM_P_REMOVE] = {.name = "p_remove",
                        .type = NUMASIM_PARAM_INT,
                        .def = 2,
                        .min = 0,
                        .max = 1000,
                        .doc = "Ticks that a CPU of the primary nest may idle before it can leave.",
                        .source =
                            "Lawall et al., EuroSys 2022, table 1: P_remove, 2 ticks (the paper "
                            "was not read for this, but accounts of it); scx_nest: 2 ms"},
    [PARAM_R_MAX] = {.name = "r_max",
                     .type = NUMASIM_PARAM_INT,
                     .def = 5,
                     .min = 0,
                     .max = 4096,
                     .doc = "CPUs in the reserve nest at most.",
                     .source = "Lawall et al., EuroSys 2022, table 1: R_max; the same in scx_nest"},
    [PARAM_R_IMPATIENT] = {.name = "r_impatient",
                           .type = NUMASIM_PARAM_INT,
                           .def = 2,
                           .min = 0,
                           .max = 1000,
                           .doc = "Times in a row that a task finds its last CPU taken before it "
                                  "passes the primary nest by; 0: never.",
                           .source =
                               "Lawall et al., EuroSys 2022, table 1: R_impatient; the same in "
                               "scx_nest"},
    {0},
};

struct nest {
    uint64_t primary[NEST_WORDS], reserve[NEST_WORDS];
    int64_t nr_primary, nr_reserve;
    int32_t root; /* the first CPU of all, -1: none yet; the reserve is searched from there */
};

struct nest_task {
    int32_t attached, last; /* CPU + 1; 0: none */
    int32_t misses;         /* times in a row that the last CPU was taken */
};

enum reason {
    REASON_ATTACHED,
    REASON_PREVIOUS,
    REASON_PRIMARY,
    REASON_RESERVE,
    REASON_FALLBACK,
    REASON_IMPATIENT,
    REASON_BUSY,
    REASON_PULL,
    REASON_NOTHING,
    REASON_PINNED,
    REASON_PENDING,
    REASON_OUTDONE
};

static const char *const nest_reasons[] = {"attached CPU",
                                           "last CPU",
                                           "primary nest",
                                           "reserve nest",
                                           "fallback",
                                           "impatient",
                                           "all busy",
                                           "a task waits",
                                           "nothing waits",
                                           "affinity",
                                           "dequeue-pending",
                                           "another was taken",
                                           NULL};

/* For tasks that wait and stay. */
static const struct near_reasons nest_left = {.pinned = REASON_PINNED,
                                              .pending = REASON_PENDING,
                                              .unwanted = REASON_OUTDONE,
                                              .outdone = REASON_OUTDONE,
                                              .no_idle = REASON_BUSY};

static void set_bit(uint64_t *mask, int32_t cpu)
{
    mask[cpu / 64] |= UINT64_C(1) << (cpu % 64);
}

static void clear_bit(uint64_t *mask, int32_t cpu)
{
    mask[cpu / 64] &= ~(UINT64_C(1) << (cpu % 64));
}

static void join_primary(struct nest *n, int32_t cpu)
{
    if (numasim_mask_test(n->reserve, cpu)) {
        clear_bit(n->reserve, cpu);
        n->nr_reserve--;
    }
    if (!numasim_mask_test(n->primary, cpu)) {
        set_bit(n->primary, cpu);
        n->nr_primary++;
    }
}

static void join_reserve(const struct numasim_self *self, struct nest *n, int32_t cpu)
{
    if (!numasim_mask_test(n->reserve, cpu) && n->nr_reserve < self->param[PARAM_R_MAX]) {
        set_bit(n->reserve, cpu);
        n->nr_reserve++;
    }
}

static void leave_primary(const struct numasim_self *self, struct nest *n, int32_t cpu)
{
    if (numasim_mask_test(n->primary, cpu) && n->nr_primary > 1) {
        clear_bit(n->primary, cpu);
        n->nr_primary--;
        join_reserve(self, n, cpu);
    }
}

static bool nest_init(struct numasim_self *self, char *error, size_t size)
{
    struct nest *n = self->state;

    (void)error;
    (void)size;
    n->root = -1;
    return true;
}

static bool is_idle_primary(const struct numasim_self *self, const struct numasim_task *task,
                            int32_t cpu)
{
    const struct nest *n = self->state;

    return numasim_mask_test(n->primary, cpu) && numasim_cpu(self->host, cpu)->idle &&
           numasim_may_run(self->host, task, cpu);
}

/* An idle CPU of @nest near @cpu, or -1. */
static int32_t search(const struct numasim_self *self, const struct numasim_task *task,
                      const uint64_t *nest, int32_t cpu)
{
    const uint64_t *idle = numasim_idle_mask(self->host);
    uint64_t choices[NEST_WORDS] = {0};

    for (int32_t word = 0; word < (numasim_nr_cpus(self->host) + 63) / 64; word++) {
        choices[word] = nest[word] & idle[word];
    }
    return near_choose(self->host, task, cpu, choices);
}

/* The same in the primary nest; those that have idled for too long leave it when they are met. */
static int32_t search_primary(const struct numasim_self *self, struct nest *n,
                              const struct numasim_task *task, int32_t cpu)
{
    int64_t long_ns = self->param[PARAM_P_REMOVE] * numasim_tick_ns(self->host);
    int32_t found;

    while ((found = search(self, task, n->primary, cpu)) >= 0 && n->nr_primary > 1 &&
           numasim_now(self->host) - numasim_cpu(self->host, found)->idle_since_ns > long_ns) {
        leave_primary(self, n, found);
    }
    return found;
}

static int32_t choose(struct numasim_self *self, struct numasim_task *task, int32_t prev_cpu,
                      enum reason *reason)
{
    struct nest *n = self->state;
    struct nest_task *own = task->state[self->slot];
    int32_t attached = own->attached - 1, cpu;

    if (attached >= 0 && is_idle_primary(self, task, attached)) {
        own->misses = 0;
        *reason = REASON_ATTACHED;
        return attached;
    }
    if (is_idle_primary(self, task, prev_cpu)) {
        own->misses = 0;
        *reason = REASON_PREVIOUS;
        return prev_cpu;
    }
    if (!numasim_cpu(self->host, prev_cpu)->idle && own->last != 0) {
        own->misses++;
    }
    bool impatient =
        self->param[PARAM_R_IMPATIENT] > 0 && own->misses >= self->param[PARAM_R_IMPATIENT];

    *reason = REASON_PRIMARY;
    if (!impatient && (cpu = search_primary(self, n, task, prev_cpu)) >= 0) {
        return cpu;
    }
    own->misses = impatient ? 0 : own->misses;
    *reason = impatient ? REASON_IMPATIENT : REASON_RESERVE;
    cpu = search(self, task, n->reserve, n->root >= 0 ? n->root : prev_cpu);
    if (cpu < 0) {
        *reason = impatient ? REASON_IMPATIENT : REASON_FALLBACK;
        cpu = near_idle(self->host, task, prev_cpu);
    }
    if (cpu < 0) {
        *reason = REASON_BUSY;
        return near_least_loaded(self->host, task, prev_cpu);
    }
    if (*reason != REASON_FALLBACK || n->nr_primary == 0) {
        join_primary(n, cpu);
    } else if (!numasim_mask_test(n->primary, cpu)) {
        join_reserve(self, n, cpu);
    }
    return cpu;
}

static int32_t nest_select_cpu(struct numasim_self *self, struct numasim_task *task,
                               int32_t prev_cpu, int32_t waker_cpu, uint32_t flags,
                               struct numasim_decision *d)
{
    struct nest *n = self->state;
    struct nest_task *own = task->state[self->slot];
    enum reason reason;

    /* It runs on a warm core: no wakeup, and nothing to choose. */
    if (flags & NUMASIM_WAKE_EXEC) {
        return prev_cpu;
    }
    int32_t cpu = choose(self, task, prev_cpu, &reason);

    (void)waker_cpu;
    n->root = n->root < 0 ? cpu : n->root;
    own->attached = own->last == cpu + 1 ? cpu + 1 : own->attached;
    own->last = cpu + 1;
    numasim_decide(d, cpu, reason);
    numasim_compared(d, "primary", n->nr_primary);
    numasim_compared(d, "reserve", n->nr_reserve);
    numasim_compared(d, "misses", own->misses);
    return cpu;
}

/* A core that has lost its task to its end is not kept warm for it. */
static void nest_task_exit(struct numasim_self *self, struct numasim_task *task)
{
    if (numasim_cpu(self->host, task->cpu)->nr_running <= 1) {
        leave_primary(self, self->state, task->cpu);
    }
}

static int32_t nest_newidle(struct numasim_self *self, int32_t cpu, struct numasim_decision *d)
{
    struct near_search s = near_find_waiting(self, cpu, near_any, &nest_left);
    int32_t pulled = near_pull(self, cpu, &s);

    numasim_decide(d, pulled, pulled > 0 ? REASON_PULL : REASON_NOTHING);
    return pulled;
}

static const struct numasim_balance_ops nest_balance = {
    .select_cpu = nest_select_cpu,
    .newidle = nest_newidle,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "nest",
    .summary = "tasks stay together on warm cores (Nest, EuroSys 2022)",
    .version = "1",
    .essay =
        "CPUs in use are the primary nest, a few more the reserve nest. A task goes to an idle\n"
        "CPU of the primary nest: the one where it was placed twice running, its last one, or\n"
        "the nearest; else to one of the reserve, which joins the primary nest; else to an idle\n"
        "core elsewhere, which joins the reserve. CPUs that idled for p_remove ticks, or whose\n"
        "task exits, leave the primary nest; a task that found its last CPU taken r_impatient\n"
        "times in a row enlarges it.\n"
        "\n"
        "Source: Lawall et al., OS Scheduling with Nest: Keeping Tasks Close Together on Warm\n"
        "Cores, EuroSys 2022; details as in scx_nest.\n"
        "\n"
        "Fits machines with frequency by active cores, and fewer tasks than cores that come and\n"
        "go. Without such a table there is nothing to gain. Where work fills more than one\n"
        "package, spreading gives the higher frequencies: each has its own table. Energy, the\n"
        "spinning of idle CPUs (S_max) and slow ramps of frequency are not modelled.\n",
    .params = nest_params,
    .reasons = nest_reasons,
    .state_size = sizeof(struct nest),
    .task_state_size = sizeof(struct nest_task),
    .init = nest_init,
    .task_exit = nest_task_exit,
    .balance = &nest_balance,
};
