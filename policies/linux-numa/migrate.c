/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bringing a task to its preferred node: numa_migrate_preferred(), task_numa_migrate(). */
#include "linux-numa.h"

enum { RETRY_PARTS = 16 }; /* of the scan period, at most a second */

static const struct numasim_domain *numa_domain(const struct numasim_cpu *cpu)
{
    const struct numasim_domain *sd = cpu->domain;

    while (sd != NULL && (sd->flags & NUMASIM_SD_NUMA) == 0) {
        sd = sd->parent;
    }
    return sd;
}

/* What the task, and its group, would gain on @node. */
static void set_gains(struct numa_env *env, int32_t node)
{
    const struct numasim_self *self = env->self;

    env->task_imp = numa_task_weight(self, env->task, node, env->distance) -
                    numa_task_weight(self, env->task, env->src_node, env->distance);
    env->group_imp = numa_group_weight(self, env->task, node, env->distance) -
                     numa_group_weight(self, env->task, env->src_node, env->distance);
}

static void look_at(struct numa_env *env, int32_t node)
{
    env->dst_node = node;
    numa_node_stats(env, node, &env->dst, &env->dst_idle_cpu);
    env->dst_type = numa_classify(&env->dst, env->imbalance_pct);
    numa_find_cpu(env);
}

/* All other nodes where its memory, or its group's, weighs no less. */
static void look_elsewhere(struct numa_env *env)
{
    struct numasim_host *host = env->self->host;

    for (int32_t n = 0; n < numasim_nr_nodes(host); n++) {
        if (n == env->src_node || n == env->task->preferred_node ||
            numasim_node(host, n)->nr_cpus == 0) {
            continue;
        }
        /* The node that was tried before gives the distance. */
        env->distance = numasim_distance(host, env->src_node, env->dst_node);
        set_gains(env, n);
        if (env->task_imp >= 0 || env->group_imp >= 0) {
            look_at(env, n);
        }
    }
}

static void carry_out(struct numa_env *env)
{
    struct numasim_host *host = env->self->host;

    if (env->best_task != NULL) {
        numasim_swap_tasks(host, env->task, env->best_task);
    } else {
        numasim_push_running(host, env->src_cpu, env->best_cpu);
    }
}

static void task_migrate(struct numasim_self *self, struct numasim_task *task)
{
    struct numasim_host *host = self->host;
    const struct numasim_cpu *cpu = numasim_cpu(host, task->cpu);
    const struct numasim_domain *sd = numa_domain(cpu);
    const struct numa_group *group = numa_task(self, task)->group;
    struct numa_env env = {
        .self = self, .task = task, .src_cpu = cpu->id, .src_node = cpu->node, .best_cpu = -1};

    if (sd == NULL) { /* a cpuset within the node */
        numasim_set_preferred_node(host, task, cpu->node);
        return;
    }
    env.imbalance_pct = 100 + (sd->imbalance_pct - 100) / 2;
    env.imb_numa_nr = sd->imb_numa_nr;
    env.distance = numasim_distance(host, cpu->node, task->preferred_node);
    numa_node_stats(&env, env.src_node, &env.src, NULL);
    set_gains(&env, task->preferred_node);
    look_at(&env, task->preferred_node);
    if (env.best_cpu < 0 || (group != NULL && group->active_nodes > 1)) {
        look_elsewhere(&env);
    }
    if (group != NULL) {
        int32_t node = env.best_cpu < 0 ? env.src_node : numasim_cpu(host, env.best_cpu)->node;

        if (node != task->preferred_node) {
            numasim_set_preferred_node(host, task, node);
        }
    }
    if (env.best_cpu >= 0) {
        carry_out(&env);
    }
}

void numa_migrate_preferred(struct numasim_self *self, struct numasim_task *task)
{
    struct numa_task *own = numa_task(self, task);
    int64_t interval_j = numa_ms_to_jiffies(self, own->period_ms) / RETRY_PARTS;

    if (task->preferred_node < 0 || own->faults == NULL) {
        return;
    }
    interval_j = interval_j < numa_state(self)->hz ? interval_j : numa_state(self)->hz;
    own->migrate_retry_j = numasim_jiffies(self->host) + interval_j;
    if (numasim_cpu(self->host, task->cpu)->node != task->preferred_node) {
        task_migrate(self, task);
    }
}
