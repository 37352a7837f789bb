/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows from faults: task_numa_fault(), task_numa_placement(), update_task_scan_period(). */
#include "linux-numa.h"

#include <stdlib.h>

/* LOAD_AVG_MAX: load_sum of a task that has always run (kernel/sched/pelt.h). */
enum { LOAD_AVG_MAX = 47742 };

static bool has_faults(struct numasim_self *self, struct numa_task *own)
{
    struct numa_state *state = numa_state(self);

    if (own->faults != NULL) {
        return true;
    }
    own->faults = calloc((size_t)NUMA_NR_KINDS * (size_t)state->nr_nodes * 2, sizeof(int64_t));
    if (own->faults == NULL) {
        numasim_fault(self, "there is no memory for a task's fault counts");
        return false;
    }
    own->next = state->tasks;
    if (own->next != NULL) {
        own->next->prev = own;
    }
    state->tasks = own;
    return true;
}

void numa_publish(struct numasim_self *self, struct numasim_task *task)
{
    struct numa_task *own = numa_task(self, task);
    struct numasim_numa_stats *shown = task->numa;

    shown->group_id = own->group != NULL ? own->group->gid : 0;
    shown->total_faults = (uint64_t)own->total;
    shown->has_faults = own->faults != NULL;
    for (int32_t n = 0; own->faults != NULL && n < numa_state(self)->nr_nodes; n++) {
        int64_t *group = own->group != NULL ? own->group->faults : NULL;

        shown->task_shared[n] = (uint64_t)*numa_count(self, own->faults, NUMA_MEM, n, false);
        shown->task_private[n] = (uint64_t)*numa_count(self, own->faults, NUMA_MEM, n, true);
        shown->group_shared[n] =
            group != NULL ? (uint64_t)*numa_count(self, group, NUMA_MEM, n, false) : 0;
        shown->group_private[n] =
            group != NULL ? (uint64_t)*numa_count(self, group, NUMA_MEM, n, true) : 0;
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Placement                                                                                    */

/* numa_get_avg_runtime(): how much of the time since the last placement @task ran, in 1/65536. */
static int64_t run_weight(struct numasim_self *self, struct numasim_task *task)
{
    struct numa_task *own = numa_task(self, task);
    int64_t now_ns = task->exec_start_ns, runtime_ns = task->se.sum_exec_ns, weight;

    if (own->last_placement_ns > 0) {
        int64_t period_ns = now_ns - own->last_placement_ns;

        weight = numa_cpu_weight(runtime_ns - own->last_runtime_ns, period_ns > 0 ? period_ns : 0);
    } else {
        struct numasim_load load = numasim_task_load(self->host, task);

        weight = numa_cpu_weight((int64_t)(load.load_avg * LOAD_AVG_MAX / task->se.weight),
                                 LOAD_AVG_MAX);
    }
    own->last_runtime_ns = runtime_ns;
    own->last_placement_ns = now_ns;
    return weight;
}

/* One node's counts of one type: what the window held goes into the averages; returns it. */
static int64_t fold(struct numasim_self *self, struct numa_task *own, int32_t node, bool private,
                    int64_t weight, int64_t total)
{
    int64_t *mem = numa_count(self, own->faults, NUMA_MEM, node, private);
    int64_t *cpu = numa_count(self, own->faults, NUMA_CPU, node, private);
    int64_t *membuf = numa_count(self, own->faults, NUMA_MEMBUF, node, private);
    int64_t *cpubuf = numa_count(self, own->faults, NUMA_CPUBUF, node, private);
    int64_t window = *membuf;
    int64_t more_mem = numa_decay(*mem, window) - *mem;
    int64_t more_cpu = numa_decay_cpu(*cpu, *cpubuf, weight, total) - *cpu;

    *membuf = *cpubuf = 0;
    *mem += more_mem;
    *cpu += more_cpu;
    own->total += more_mem;
    if (own->group != NULL) {
        *numa_count(self, own->group->faults, NUMA_MEM, node, private) += more_mem;
        *numa_count(self, own->group->faults, NUMA_CPU, node, private) += more_cpu;
        own->group->total += more_mem;
    }
    return window;
}

static void adapt_period(struct numasim_self *self, struct numasim_task *task,
                         const int64_t sums[2])
{
    struct numa_task *own = numa_task(self, task);
    struct numa_window window = {.remote = own->locality[0],
                                 .local = own->locality[1],
                                 .failed = own->locality[2],
                                 .shared = sums[0],
                                 .private = sums[1]};
    int64_t min_ms = numa_scan_min_ms(&numa_state(self)->knobs, numa_rss_pages(self, task));
    bool back_off;

    own->period_ms =
        numa_adapt_period_ms(&window, own->period_ms, min_ms, own->period_max_ms, &back_off);
    if (back_off) {
        numa_mm(self, task->process)->next_scan_j =
            numasim_jiffies(self->host) + numa_ms_to_jiffies(self, own->period_ms);
    }
    if (!back_off || self->param[NUMA_PARAM_BACK_OFF_CLEARS] != 0) {
        own->locality[0] = own->locality[1] = own->locality[2] = 0;
    }
}

static void place(struct numasim_self *self, struct numasim_task *task)
{
    struct numa_task *own = numa_task(self, task);
    struct numa_mm *mm = numa_mm(self, task->process);
    int64_t sums[2] = {0, 0}, most = 0;
    int32_t node = -1;

    if (mm->scan_seq == own->scan_seq) {
        return;
    }
    struct numa_sharing sharing = numa_sharing_of(self, own);

    own->scan_seq = mm->scan_seq;
    own->period_max_ms =
        numa_scan_max_ms(&numa_state(self)->knobs, numa_rss_pages(self, task), &sharing);
    int64_t total = own->locality[0] + own->locality[1];
    int64_t weight = run_weight(self, task);

    for (int32_t n = 0; n < numa_state(self)->nr_nodes; n++) {
        sums[0] += fold(self, own, n, false, weight, total);
        sums[1] += fold(self, own, n, true, weight, total);
        int64_t faults =
            numa_sum(self, own->group != NULL ? own->group->faults : own->faults, NUMA_MEM, n);

        if (faults > most) {
            most = faults;
            node = n;
        }
    }
    if (node >= 0) {
        node = numa_nearest_with_cpus(self->host, node);
    }
    if (own->group != NULL) {
        numa_count_active(self, own->group);
        node = node >= 0 ? numa_group_node(self, task, node) : -1;
    }
    if (most > 0 && node != task->preferred_node) {
        numasim_set_preferred_node(self->host, task, node);
    }
    adapt_period(self, task, sums);
    numa_publish(self, task);
}

/* ------------------------------------------------------------------------------------------- */
/* Faults                                                                                       */

void numa_account_fault(struct numasim_self *self, struct numasim_task *task,
                        const struct numa_accounted *fault)
{
    struct numa_task *own = numa_task(self, task);
    bool local = fault->local, private;

    if (!numasim_node(self->host, fault->mem_node)->top_tier &&
        (numa_mode(self, NUMA_MODE_TIERING) || fault->last_cpu < 0)) {
        return;
    }
    if (self->param[NUMA_PARAM_COUNT_TIERING] == 0 && !numa_mode(self, NUMA_MODE_NORMAL)) {
        return;
    }
    if (!has_faults(self, own)) {
        return;
    }
    private = fault->last_cpu < 0 || fault->last_pid == (numa_pid(task) & NUMA_PID_MASK);
    if (!private && !fault->no_group) {
        private = numa_join_group(self, task, fault->last_cpu, fault->last_pid, fault->shared_file);
    }
    if (!private && !local && own->group != NULL && own->group->active_nodes > 1 &&
        numa_node_active(self, own->group, fault->cpu_node) &&
        numa_node_active(self, own->group, fault->mem_node)) {
        local = true;
    }
    if (numasim_jiffies(self->host) > own->migrate_retry_j) {
        place(self, task);
        numa_migrate_preferred(self, task);
    }
    if (fault->migrated) {
        task->numa->pages_migrated += (uint64_t)fault->pages;
    }
    if (fault->failed) {
        own->locality[2] += fault->pages;
    }
    *numa_count(self, own->faults, NUMA_MEMBUF, fault->mem_node, private) += fault->pages;
    *numa_count(self, own->faults, NUMA_CPUBUF, fault->cpu_node, private) += fault->pages;
    own->locality[local] += fault->pages;
}

void numa_moved(struct numasim_self *self, struct numasim_task *task, int32_t from_node,
                int32_t to_node)
{
    struct numa_task *own = numa_task(self, task);

    if (own->faults == NULL || from_node == to_node || task->process == NULL) {
        return;
    }
    /* Scanning restarts where it leaves its node, or had none yet. */
    if (own->scan_seq != 0 && (to_node == task->preferred_node ||
                               (task->preferred_node >= 0 && from_node != task->preferred_node))) {
        return;
    }
    struct numa_sharing sharing = numa_sharing_of(self, own);

    own->period_ms =
        numa_scan_start_ms(&numa_state(self)->knobs, numa_rss_pages(self, task), &sharing);
}
