/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel/sched/fair.c, 6.12: can_migrate_task(), task_hot(), detach_tasks(), attach_tasks(). */
#include "linux-balance.h"

#define LB_MIN_LOAD 16  /* detach_tasks(): where LB_MIN begins */
#define DETACH_MAX  128 /* the largest nr_migrate that the parameter allows */

/* Whether moving @task worsens its locality (1), betters it (0), or says nothing (-1):
 * migrate_degrades_locality(). */
static int32_t degrades_locality(const struct lb_env *env, const struct numasim_task *task)
{
    struct numasim_host *host = env->host;
    const struct numasim_cpu *src = numasim_cpu(host, env->src_cpu);
    int32_t dst_node = numasim_cpu(host, env->dst_cpu)->node;

    if (task->numa == NULL || !task->numa->has_faults || src->node == dst_node ||
        !(env->sd->flags & NUMASIM_SD_NUMA) || !numasim_has_numa(host)) {
        return -1;
    }
    if (src->node == task->preferred_node) {
        return src->nr_running > src->nr_preferred_running ? 1 : -1;
    }
    if (dst_node == task->preferred_node) {
        return 0;
    }
    if (env->idle == LB_IDLE) {
        return -1;
    }
    int32_t gain = numasim_locality(host, task, src->node, dst_node);

    if (gain == 0 && env->self->param[LB_PARAM_EVEN_LOCALITY] != 0) {
        return -1;
    }
    return gain < 0;
}

/* task_hot(): ran so lately that its working set is still in the source's cache. */
static bool is_hot(const struct lb_env *env, const struct numasim_task *task)
{
    int64_t cost_ns = env->self->param[LB_PARAM_MIGRATION_COST];

    if (task->sched_class != NUMASIM_CLASS_FAIR || task->policy == NUMASIM_SCHED_IDLE ||
        ((env->sd->flags & NUMASIM_SD_SHARE_CPUCAPACITY) && env->self->param[LB_PARAM_SMT_COLD])) {
        return false;
    }
    if (env->self->param[LB_PARAM_CACHE_HOT_BUDDY] &&
        numasim_cpu(env->host, env->dst_cpu)->nr_running > 0 && numasim_is_buddy(env->host, task)) {
        return true;
    }
    if (cost_ns == 0) {
        return false;
    }
    /* It has not run where it is now: nothing of it is warm there. */
    if (task->last_migration_ns > task->exec_start_ns) {
        return false;
    }
    return numasim_now(env->host) - task->exec_start_ns < cost_ns;
}

/* The affinity part of can_migrate_task(); it notes what a pinned task forbids. */
static bool allowed_there(struct lb_env *env, const struct numasim_task *task)
{
    if (numasim_may_run(env->host, task, env->dst_cpu)) {
        env->all_pinned = false;
        return true;
    }
    numasim_count_task(task, NUMASIM_TASK_FAILED_MIGRATIONS_AFFINE);
    env->some_pinned = true;
    if (env->idle == LB_NEWLY_IDLE || env->dst_pinned) {
        return false;
    }
    for (int32_t nr_cpus = numasim_nr_cpus(env->host),
                 cpu = numasim_mask_next(env->dst_grpmask, env->cpus, nr_cpus, 0);
         cpu < nr_cpus; cpu = numasim_mask_next(env->dst_grpmask, env->cpus, nr_cpus, cpu + 1)) {
        if (numasim_mask_test(task->allowed, cpu)) {
            env->dst_pinned = true;
            env->new_dst_cpu = cpu;
            break;
        }
    }
    return false;
}

/* A task that is owed nothing would not run there sooner (7.3). */
static bool waits_its_turn(const struct lb_env *env, const struct numasim_task *task)
{
    return env->self->param[LB_PARAM_DETACH_ELIGIBLE] &&
           lb_domain(env->self, env->sd)->nr_balance_failed == 0 &&
           numasim_cpu(env->host, env->dst_cpu)->nr_fair > 0 && numasim_lag(env->host, task) < 0;
}

/* One that sleeps would only take its load along (6.14). */
static bool sleeps_there(const struct lb_env *env, const struct numasim_task *task)
{
    return task->se.delayed && env->imbalance.migration != LB_MIGRATE_LOAD &&
           env->self->param[LB_PARAM_DETACH_DELAYED] == LB_DELAYED_LOAD;
}

/* @task does not move: always false. */
static bool stays(const struct lb_env *env, const struct numasim_task *task, enum lb_reason reason)
{
    lb_left(env->self, env->dst_cpu, task, reason);
    return false;
}

/* *@hot: it may only for lack of success with others. */
static bool can_migrate(struct lb_env *env, const struct numasim_task *task, bool *hot)
{
    if (task->kthread && task->nr_allowed == 1) {
        return stays(env, task, LB_REASON_PINNED);
    }
    if (sleeps_there(env, task)) {
        return stays(env, task, LB_REASON_SLEEPS);
    }
    if (!allowed_there(env, task)) {
        return stays(env, task, LB_REASON_PINNED);
    }
    if (waits_its_turn(env, task)) {
        return stays(env, task, LB_REASON_NOT_ITS_TURN);
    }
    int32_t degrades = degrades_locality(env, task);

    if (degrades < 0 && lb_llc_degrades(env, task)) {
        env->llc_pinned |= env->imbalance.migration != LB_MIGRATE_LLC_TASK;
        return stays(env, task, LB_REASON_LLC_PREFERRED);
    }
    *hot = degrades < 0 ? is_hot(env, task) : degrades != 0;
    if (*hot && lb_domain(env->self, env->sd)->nr_balance_failed <= env->sd->cache_nice_tries) {
        numasim_count_task(task, NUMASIM_TASK_FAILED_MIGRATIONS_HOT);
        return stays(env, task, degrades > 0 ? LB_REASON_LOCALITY : LB_REASON_CACHE_HOT);
    }
    return true;
}

/* True iff a task of @amount is more than what is to be moved and failures excuse. */
static bool is_too_big(const struct lb_env *env, int64_t amount)
{
    uint32_t failed = lb_domain(env->self, env->sd)->nr_balance_failed;

    if (env->self->param[LB_PARAM_DETACH_LOAD] == LB_DETACH_HALF &&
        env->imbalance.migration == LB_MIGRATE_LOAD) {
        return amount / 2 > env->imbalance.amount && failed <= env->sd->cache_nice_tries;
    }
    if (env->self->param[LB_PARAM_DETACH_UTIL] == LB_DETACH_EXACT &&
        env->imbalance.migration == LB_MIGRATE_UTIL) {
        return amount > env->imbalance.amount;
    }
    return (amount >> (failed < 63 ? failed : 63)) > env->imbalance.amount;
}

/* Takes @task off what is to be moved; false if it is too much. */
static bool fits_imbalance(struct lb_env *env, struct numasim_task *task)
{
    int64_t amount = 1;

    if (env->imbalance.migration == LB_MIGRATE_LOAD) {
        amount = lb_task_h_load(env->host, task);
        amount = amount > 1 ? amount : 1;
        if (amount < LB_MIN_LOAD && env->self->param[LB_PARAM_LB_MIN] != 0 &&
            lb_domain(env->self, env->sd)->nr_balance_failed == 0) {
            return false;
        }
    } else if (env->imbalance.migration == LB_MIGRATE_UTIL) {
        amount = (int64_t)lb_util(env->self, numasim_task_load(env->host, task));
    } else if (env->imbalance.migration == LB_MIGRATE_MISFIT) {
        /* One that fits where it is does not solve it. */
        if (lb_fits_cpu(env->self, lb_util(env->self, numasim_task_load(env->host, task)),
                        env->src_cpu)) {
            return false;
        }
        amount = env->imbalance.amount;
    }
    if (env->imbalance.migration <= LB_MIGRATE_UTIL && is_too_big(env, amount)) {
        return false;
    }
    env->imbalance.amount -= amount;
    return true;
}

/* Chooses tasks, least recently run first. */
static uint32_t detach(struct lb_env *env, struct numasim_task **tasks)
{
    const struct numasim_cpu *src = numasim_cpu(env->host, env->src_cpu);
    uint32_t left = src->nr_running, nr = 0;

    if (left <= 1) {
        env->all_pinned = false;
        return 0;
    }
    for (struct numasim_task *task = numasim_first_queued(env->host, env->src_cpu);
         task != NULL && env->imbalance.amount > 0 && nr < DETACH_MAX;
         task = numasim_next_queued(env->host, task)) {
        if ((env->idle != LB_BUSY && left <= 1) || ++env->loop > env->loop_max) {
            return nr;
        }
        bool hot;

        if (!can_migrate(env, task, &hot)) {
            continue;
        }
        if (!fits_imbalance(env, task)) {
            lb_left(env->self, env->dst_cpu, task, LB_REASON_TOO_BIG);
            continue;
        }
        if (hot) {
            lb_count(env, NUMASIM_LB_HOT_GAINED, 1);
            numasim_count_task(task, NUMASIM_TASK_FORCED_MIGRATIONS);
        }
        tasks[nr++] = task;
        left--;
        if (env->idle == LB_NEWLY_IDLE) {
            return nr; /* a preemptible kernel does not make the idle CPU wait for more */
        }
    }
    /* The kernel's list ends with the running task, which does not move but may be pinned. */
    if (env->imbalance.amount > 0 && src->curr != NULL &&
        src->curr->sched_class == NUMASIM_CLASS_FAIR && ++env->loop <= env->loop_max &&
        allowed_there(env, src->curr)) {
        numasim_count_task(src->curr, NUMASIM_TASK_FAILED_MIGRATIONS_RUNNING);
    }
    return nr;
}

uint32_t lb_move_tasks(struct lb_env *env)
{
    struct numasim_task *tasks[DETACH_MAX];
    uint32_t nr = detach(env, tasks), moved = 0;

    while (nr > 0) { /* the last that left is the first that arrives */
        moved += numasim_move_task(env->host, tasks[--nr], env->dst_cpu);
    }
    lb_count(env, NUMASIM_LB_GAINED, moved);
    return moved;
}
