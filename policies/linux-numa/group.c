/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tasks that share pages: task_numa_group(), task_numa_free(), numa_group_count_active_nodes(). */
#include "linux-numa.h"

#include <stdlib.h>

enum { ACTIVE_FRACTION = 3 }; /* ACTIVE_NODE_FRACTION */

/* Adds what @own has learnt to @group, or takes it away. */
static void add_averages(const struct numasim_self *self, struct numa_group *group,
                         const struct numa_task *own, int64_t sign)
{
    int64_t nr = INT64_C(2) * NUMA_NR_AVERAGES * numa_state(self)->nr_nodes;

    for (int64_t i = 0; i < nr; i++) {
        group->faults[i] += sign * own->faults[i];
    }
    group->total += sign * own->total;
    group->nr_tasks += (int32_t)sign;
}

static void forget_group(struct numa_state *state, struct numa_group *group)
{
    struct numa_group **at = &state->groups;

    while (*at != group) {
        at = &(*at)->next;
    }
    *at = group->next;
    free(group);
}

void numa_leave_group(struct numasim_self *self, struct numa_task *own)
{
    struct numa_group *group = own->group;

    if (group == NULL) {
        return;
    }
    own->group = NULL;
    add_averages(self, group, own, -1);
    if (group->nr_tasks == 0) {
        forget_group(numa_state(self), group);
    }
}

static void new_group(struct numasim_self *self, const struct numasim_task *task)
{
    struct numa_state *state = numa_state(self);
    struct numa_task *own = numa_task(self, task);
    size_t nr = (size_t)NUMA_NR_AVERAGES * (size_t)state->nr_nodes * 2;
    struct numa_group *group = calloc(1, sizeof(*group) + nr * sizeof(int64_t));

    if (group == NULL) {
        numasim_fault(self, "there is no memory for a NUMA group");
        return;
    }
    group->gid = numa_pid(task);
    group->serial = state->next_serial++;
    group->active_nodes = 1;
    group->next = state->groups;
    state->groups = group;
    add_averages(self, group, own, 1);
    own->group = group;
}

bool numa_join_group(struct numasim_self *self, struct numasim_task *task, int32_t last_cpu,
                     int32_t last_pid, bool shared_file)
{
    struct numa_task *own = numa_task(self, task);

    if (own->group == NULL) {
        new_group(self, task);
    }
    const struct numasim_task *other = numasim_cpu(self->host, last_cpu)->curr;

    if (other == NULL || own->group == NULL || other->process == NULL ||
        (numa_pid(other) & NUMA_PID_MASK) != last_pid) {
        return false;
    }
    struct numa_group *group = numa_task(self, other)->group, *mine = own->group;

    if (group == NULL || group == mine || mine->nr_tasks > group->nr_tasks ||
        (mine->nr_tasks == group->nr_tasks && mine->serial > group->serial)) {
        return false;
    }
    if (other->process != task->process && !shared_file) {
        return true; /* the ids are alike by chance */
    }
    numa_leave_group(self, own);
    add_averages(self, group, own, 1);
    own->group = group;
    numa_publish(self, task);
    return false;
}

bool numa_node_active(const struct numasim_self *self, struct numa_group *group, int32_t node)
{
    return numa_sum(self, group->faults, NUMA_CPU, node) * ACTIVE_FRACTION > group->max_cpu_faults;
}

void numa_count_active(const struct numasim_self *self, struct numa_group *group)
{
    int64_t most = 0;

    for (int32_t n = 0; n < numa_state(self)->nr_nodes; n++) {
        int64_t faults = numa_sum(self, group->faults, NUMA_CPU, n);

        if (numasim_node(self->host, n)->nr_cpus > 0 && faults > most) {
            most = faults;
        }
    }
    group->max_cpu_faults = most;
    group->active_nodes = 0;
    for (int32_t n = 0; n < numa_state(self)->nr_nodes; n++) {
        group->active_nodes +=
            numasim_node(self->host, n)->nr_cpus > 0 && numa_node_active(self, group, n);
    }
}
