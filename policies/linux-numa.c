/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linux-numa - where a task's memory is, for the balancer to know.
 *
 * IDEA. For each task, count its accesses by the node of the memory; each period half of the past is
 * forgotten. When one node clearly leads, it becomes the task's preferred node. The balancer asks
 * whether a move brings a task nearer to its memory, and leaves it alone where it does not.
 *
 * SOURCE. kernel/sched/fair.c, 6.12: task_numa_placement(), task_weight(); the balancer's questions
 * are those of migrate_degrades_locality() and sched_balance_find_dst_group().
 *
 * FITS. Tasks that run for many periods with memory that stays where it is.
 *
 * DOES NOT FIT. Linux counts hint faults on pages that it unmaps by and by, so that a hot page counts
 * as much as a lukewarm one; here each access counts, and counting costs nothing. Neither tasks nor
 * pages are moved by this policy itself; there are no groups of tasks that share pages.
 *
 * PARAMETERS. See numa_params[]. COMPLEXITY. O(nodes) for each stretch of running and each period.
 */
#include <numasim-policy.h>

enum numa_param { NUMA_PARAM_PERIOD, NUMA_PARAM_LEAD };

enum { LOCALITY_SCALE = 1000 }; /* kernel/sched/fair.c: task_weight() */

static const struct numasim_param numa_params[] = {
    {.name = "period",
     .type = NUMASIM_PARAM_NS,
     .def = INT64_C(1000000000),
     .min = 1000000,
     .max = INT64_C(60000000000),
     .doc = "Time between two looks at a task's counts, after which half of them is forgotten.",
     .knob = "/sys/kernel/debug/sched/numa_balancing/scan_period_min_ms",
     .source = "kernel/sched/fair.c: sysctl_numa_balancing_scan_period_min"},
    {.name = "lead",
     .type = NUMASIM_PARAM_PPM,
     .def = 333333,
     .max = 10000000,
     .doc = "By how much the first node must exceed the second to be preferred.",
     .source = "kernel/sched/fair.c: should_numa_migrate_memory(), its hysteresis of 3 to 4"},
    {.name = NULL},
};

struct numa_task {
    int64_t next_look_ns;
};

/* The node with CPUs that is nearest to @node. */
static int32_t nearest_with_cpus(const struct numasim_host *host, int32_t node)
{
    int32_t nearest = -1;

    if (numasim_node(host, node)->nr_cpus > 0) {
        return node;
    }
    for (int32_t i = 0; i < numasim_nr_nodes(host); i++) {
        if (numasim_node(host, i)->nr_cpus > 0 &&
            (nearest < 0 ||
             numasim_distance(host, node, i) < numasim_distance(host, node, nearest))) {
            nearest = i;
        }
    }
    return nearest;
}

/* The node that clearly leads in @task's counts, or -1. */
static int32_t leading_node(const struct numasim_self *self, const struct numasim_task *task)
{
    int32_t nr_nodes = numasim_nr_nodes(self->host), first = -1;
    uint64_t most = 0, second = 0;

    for (int32_t i = 0; i < nr_nodes; i++) {
        uint64_t count = task->faults_by_node[i];

        if (count > most) {
            second = most;
            most = count;
            first = i;
        } else if (count > second) {
            second = count;
        }
    }
    /* In parts per million of the second: counts of a period are far below 2^40. */
    if (first < 0 ||
        (most - second) < second / 1000000 * (uint64_t)self->param[NUMA_PARAM_LEAD] +
                              second % 1000000 * (uint64_t)self->param[NUMA_PARAM_LEAD] / 1000000) {
        return -1;
    }
    return first;
}

static int64_t numa_tick(struct numasim_self *self, struct numasim_task *task)
{
    struct numa_task *own = task->state[self->slot];
    int64_t now_ns = numasim_now(self->host);
    int32_t node;

    if (now_ns < own->next_look_ns || task->faults_by_node == NULL) {
        return task->faults_by_node == NULL ? NUMASIM_TIME_NEVER : own->next_look_ns;
    }
    own->next_look_ns = now_ns + self->param[NUMA_PARAM_PERIOD];
    node = leading_node(self, task);
    node = node >= 0 ? nearest_with_cpus(self->host, node) : -1;
    if (node >= 0 && node != task->preferred_node) {
        numasim_set_preferred_node(self->host, task, node);
    }
    for (int32_t i = 0; i < numasim_nr_nodes(self->host); i++) {
        task->faults_by_node[i] -= task->faults_by_node[i] / 2;
    }
    return own->next_look_ns;
}

static void numa_accessed(struct numasim_self *self, struct numasim_task *task, int32_t cpu_node,
                          const uint64_t *accesses)
{
    (void)cpu_node;
    for (int32_t i = 0; task->faults_by_node != NULL && i < numasim_nr_nodes(self->host); i++) {
        task->faults_by_node[i] += accesses[i];
    }
}

/* The node's part of the task's accesses, in 1/1000. */
static int32_t weight(const struct numasim_task *task, int32_t node, uint64_t total)
{
    return (int32_t)(task->faults_by_node[node] * LOCALITY_SCALE / total);
}

static int32_t numa_locality(struct numasim_self *self, const struct numasim_task *task,
                             int32_t src, int32_t dst)
{
    uint64_t total = 0;

    for (int32_t i = 0; task->faults_by_node != NULL && i < numasim_nr_nodes(self->host); i++) {
        total += task->faults_by_node[i];
    }
    return total > 0 ? weight(task, dst, total) - weight(task, src, total) : 0;
}

static void numa_task_init(struct numasim_self *self, struct numasim_task *task,
                           struct numasim_task *parent)
{
    struct numa_task *own = task->state[self->slot];

    (void)parent;
    own->next_look_ns = numasim_now(self->host) + self->param[NUMA_PARAM_PERIOD];
}

static const struct numasim_numa_ops numa_ops = {
    .tick = numa_tick,
    .accessed = numa_accessed,
    .locality = numa_locality,
};

NUMASIM_PLUGIN = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "linux-numa",
    .summary = "counts each task's accesses by node and names its preferred node",
    .version = "1",
    .essay =
        "For each task, accesses are counted by the node of the memory; each period half of the\n"
        "past is forgotten. A node that clearly leads becomes the task's preferred node; the\n"
        "balancer asks whether a move brings a task nearer to its memory. Source:\n"
        "kernel/sched/fair.c, 6.12: task_numa_placement(). Counts accesses, not hint faults;\n"
        "moves neither tasks nor pages itself; knows no groups. O(nodes) a period.\n",
    .params = numa_params,
    .task_state_size = sizeof(struct numa_task),
    .task_init = numa_task_init,
    .numa = &numa_ops,
};
