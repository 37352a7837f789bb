/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * skeleton - a policy to start from: say in one line what it does.
 *
 * IDEA. What does it decide, and by what? This one puts a task that wakes on the idle CPU with the
 * lowest number, which packs the machine from below, and never moves a task otherwise.
 *
 * SOURCE. Paper, kernel file and version, or your own.
 *
 * FITS. Where is it good, and where will it show?
 *
 * DOES NOT FIT. What does it ignore? Here: caches and nodes.
 *
 * PARAMETERS. See params[]. COMPLEXITY. O(CPUs / 64) for each wakeup.
 *
 * The names below need no prefix: all are static, and a plugin shares none with another.
 *
 * numasim-policy.h says of every callback below when it comes and what it may do. Delete what you
 * do not use; a role that you do not name is filled by another plugin of the policy set.
 */
#include <numasim-policy.h>

/* Parameters, set with `--set balance.NAME=VALUE` and read as self->param[PARAM_...]. */
enum param { PARAM_STICKY };

static const struct numasim_param params[] = {
    {.name = "sticky",
     .type = NUMASIM_PARAM_BOOL,
     .def = 1,
     .doc = "A task whose last CPU idles goes back there.",
     .source = "example"},
    {.name = NULL},
};

/* Why a decision was taken; `numasim_decide()` wants the index. */
enum reason { REASON_BACK, REASON_LOWEST, REASON_NONE_IDLE };

static const char *const reasons[] = {"back-to-last", "lowest-idle", "none-idle", NULL};

/* State for each task, zeroed by the host; found at task->state[self->slot]. Likewise for CPUs,
 * LLCs, nodes, domains, groups, processes, queues and entities: name the size in the descriptor. */
struct task_state {
    uint64_t nr_wakeups;
};

static int32_t select_cpu(struct numasim_self *self, struct numasim_task *task, int32_t prev_cpu,
                          int32_t waker_cpu, uint32_t flags, struct numasim_decision *d)
{
    struct task_state *own = task->state[self->slot];
    int32_t nr_cpus = numasim_nr_cpus(self->host), cpu;
    bool may_return = numasim_may_run(self->host, task, prev_cpu);

    (void)waker_cpu;
    if (flags & NUMASIM_WAKE_EXEC) {
        return prev_cpu; /* it runs there, and is moved at a price */
    }
    own->nr_wakeups++;
    if (self->param[PARAM_STICKY] && may_return && numasim_cpu(self->host, prev_cpu)->idle) {
        numasim_decide(d, prev_cpu, REASON_BACK);
        return prev_cpu;
    }
    cpu = numasim_mask_next(numasim_idle_mask(self->host), task->allowed, nr_cpus, 0);
    if (cpu < nr_cpus) {
        numasim_decide(d, cpu, REASON_LOWEST);
        return cpu;
    }
    cpu = may_return
              ? prev_cpu
              : numasim_mask_next(numasim_online_mask(self->host), task->allowed, nr_cpus, 0);
    numasim_decide(d, cpu, REASON_NONE_IDLE);
    numasim_compared(d, "wakeups", (int64_t)own->nr_wakeups);
    return cpu;
}

/*
 * Role balance: which CPU.
 *
 * domains_built  the sched_domains are new. Optional, default nothing.
 * select_cpu     a CPU for a task that wakes, is born or execs. Optional, default the last CPU.
 * newidle        a CPU ran out of work: pull some. Optional, default none.
 * tick           a CPU that works had its tick. Optional, default ticks never matter.
 * kicked         another CPU asked for attention. Optional, default nothing.
 * idle_changed   a CPU begins or ends idling. Optional, default nothing.
 * migrated       a task left a CPU for another. Optional, default nothing.
 */
static const struct numasim_balance_ops balance = {
    .select_cpu = select_cpu,
};

/*
 * Role queue (struct numasim_queue_ops): the order on one CPU.
 *
 * queue_init       a queue was made. Optional, default nothing.
 * enqueue          an entity joins. Required.
 * dequeue          an entity leaves. Required.
 * requeue_delayed  one whose leaving was put off was woken. Required if dequeue ever returns false.
 * pick             the entity to run next. Required.
 * set_current      an entity is about to run. Optional, default nothing.
 * put_current      an entity was running and waits again. Optional, default nothing.
 * account          the current entity ran for a while. Optional, default no new pick.
 * tick             the tick on the current entity. Optional, default no new pick.
 * slice_timer      the timer that you set went off. Optional, default no new pick.
 * wakeup_preempt   does the one that woke go first? Optional, default never.
 * yield            the current entity yields. Optional, default nothing.
 * reweight         the weight of a queued entity changed. Optional, default dequeue and enqueue.
 * lag              service owed to an entity. Optional, default 0.
 *
 * Role numa (struct numasim_numa_ops): preferred nodes, task and page migration.
 *
 * tick             the tick of a CPU whose task has memory. Optional, default ticks never matter.
 * accessed         a task missed its LLC so and so often to each node. Optional, default nothing.
 * moved            a task changed node. Optional, default nothing.
 * locality         does a move help the task's locality? Optional, default 0: no difference.
 *
 * Role tier (struct numasim_tier_ops): where pages are.
 *
 * alloc            a node for pages touched first. Optional, default the nearest with free memory.
 * low_memory       a node is nearly full. Optional, default nothing.
 * reclaim          a cgroup is at a limit of its memory. Optional, default nothing can be reclaimed.
 * thread           the kernel thread that is bound to no node has its turn. Optional.
 * advised          a program advised of a region whether it wants huge pages. Optional.
 *
 * Role placement (struct numasim_placement_ops): what a container gets before it starts.
 *
 * place            narrow its CPUs and nodes, or refuse it. Optional, default as it is.
 */

/* Called once at the start, when CPUs, nodes and domains exist; false, with a message in @error,
 * refuses to run. Optional, default nothing. */
static bool init(struct numasim_self *self, char *error, size_t size)
{
    (void)self;
    (void)error;
    (void)size;
    return true;
}

/*
 * Further callbacks of the descriptor:
 *
 * fini       the run is over. Optional, default nothing.
 * task_init  a task was made. Optional, default nothing.
 * task_exit  a task is dead. Optional, default nothing.
 */
NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "skeleton",
    .summary = "an example: the idle CPU with the lowest number",
    .version = "1",
    .essay =
        "A task that wakes goes back to its last CPU if that idles, else to the idle CPU with\n"
        "the lowest number, which packs the machine from below. O(CPUs / 64).\n",
    .params = params,
    .reasons = reasons,
    .task_state_size = sizeof(struct task_state),
    .init = init,
    .balance = &balance,
};
