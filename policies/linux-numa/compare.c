/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CPU of a node a task is moved to, and whether its task comes in exchange: update_numa_stats(),
 * task_numa_find_cpu(), task_numa_compare(), task_numa_assign().
 */
#include "linux-numa.h"

enum { SMALL_IMP = 30 }; /* SMALLIMP */

static struct numa_cpu *numa_cpu(const struct numa_env *env, int32_t cpu)
{
    return numasim_cpu(env->self->host, cpu)->state[env->self->slot];
}

/* rq->numa_migrate_on: another task is on its way there, or from there. */
static bool is_claimed(const struct numa_env *env, int32_t cpu)
{
    int64_t claimed_ns = numa_cpu(env, cpu)->claimed_ns;

    return claimed_ns != 0 && claimed_ns == numasim_now(env->self->host);
}

static bool is_idle(const struct numa_env *env, int32_t cpu)
{
    return numasim_mask_test(numasim_idle_mask(env->self->host), cpu);
}

/* capacity_of(): what real-time tasks leave. */
static uint64_t capacity(const struct numa_env *env, int32_t cpu)
{
    uint64_t full = (uint64_t)numasim_cpu(env->self->host, cpu)->capacity;
    uint64_t used = numasim_cpu_rt_util(env->self->host, cpu);
    uint64_t left = used < full ? full - used : 1;

    return left;
}

void numa_node_stats(const struct numa_env *env, int32_t node, struct numa_node_load *load,
                     int32_t *idle_cpu)
{
    struct numasim_host *host = env->self->host;
    const uint64_t *cpus = numasim_node(host, node)->cpus, *online = numasim_online_mask(host);
    bool delayed = env->self->param[NUMA_PARAM_COUNT_DELAYED] != 0;
    int32_t nr_cpus = numasim_nr_cpus(host), idle_core = -1, idle = -1;
    struct numasim_load sum = numasim_sum_loads(host, cpus, online);

    *load = (struct numa_node_load){
        .load = sum.load_avg,
        .runnable = sum.runnable_avg,
        .util = sum.util_est > sum.util_avg ? sum.util_est : sum.util_avg,
    };
    for (int32_t cpu = numasim_mask_next(cpus, online, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(cpus, online, nr_cpus, cpu + 1)) {
        const struct numasim_cpu *c = numasim_cpu(host, cpu);

        load->nr_running += delayed ? c->nr_fair : c->nr_fair - c->nr_delayed;
        load->capacity += capacity(env, cpu);
        load->weight++;
        if (idle_core < 0 && is_idle(env, cpu) && !is_claimed(env, cpu) &&
            numasim_may_run(host, env->task, cpu)) {
            idle = idle < 0 ? cpu : idle;
            idle_core = numasim_mask_test(numasim_idle_core_mask(host), cpu) ? cpu : -1;
        }
    }
    if (idle_cpu != NULL) {
        *idle_cpu = idle_core >= 0 ? idle_core : idle;
    }
}

/* Claims the CPU that @env has come to; or else, for want of it, another idle one of the node. */
static bool claim(struct numa_env *env)
{
    struct numasim_host *host = env->self->host;
    const uint64_t *cpus = numasim_node(host, env->dst_node)->cpus;
    int32_t nr_cpus = numasim_nr_cpus(host), start = env->dst_cpu;

    if (env->best_cpu == env->dst_cpu || !is_claimed(env, env->dst_cpu)) {
        numa_cpu(env, env->dst_cpu)->claimed_ns = numasim_now(host);
        return true;
    }
    for (int32_t i = 1; i < nr_cpus; i++) {
        int32_t cpu = (start + i) % nr_cpus;

        if (numasim_mask_test(cpus, cpu) && cpu != env->best_cpu && is_idle(env, cpu) &&
            numasim_may_run(host, env->task, cpu) && !is_claimed(env, cpu)) {
            env->dst_cpu = cpu;
            numa_cpu(env, cpu)->claimed_ns = numasim_now(host);
            return true;
        }
    }
    return false;
}

/* task_numa_assign() */
static void assign(struct numa_env *env, struct numasim_task *partner, int64_t imp)
{
    if (!claim(env)) {
        return;
    }
    if (env->best_cpu >= 0 && env->best_cpu != env->dst_cpu) {
        numa_cpu(env, env->best_cpu)->claimed_ns = 0;
    }
    env->best_task = partner;
    env->best_imp = imp;
    env->best_cpu = env->dst_cpu;
}

/* What both gain if @cur goes where the task is, and the task where @cur is; false: no exchange. */
static bool gain_of_swap(const struct numa_env *env, const struct numasim_task *cur, int64_t *gain)
{
    const struct numasim_self *self = env->self;
    struct numa_group *mine = numa_task(self, env->task)->group,
                      *theirs = cur->process != NULL ? numa_task(self, cur)->group : NULL;
    int32_t src = env->src_node, dst = env->dst_node, distance = env->distance;
    int64_t task_gain =
        numa_task_weight(self, cur, src, distance) - numa_task_weight(self, cur, dst, distance);
    int64_t imp = mine != NULL ? env->group_imp : env->task_imp;

    if (mine == theirs) {
        if (env->dst_type == NUMA_HAS_SPARE) {
            return false;
        }
        imp = env->task_imp + task_gain;
        imp -= mine != NULL ? imp / 16 : 0;
    } else if (mine != NULL && theirs != NULL) {
        imp += numa_group_weight(self, cur, src, distance) -
               numa_group_weight(self, cur, dst, distance);
    } else {
        imp += task_gain;
    }
    imp -= cur->preferred_node == dst ? imp / 16 : 0;
    imp += cur->preferred_node == src ? imp / 8 : 0;
    *gain = imp;
    return true;
}

static bool prefers_source(const struct numa_env *env, const struct numasim_task *task)
{
    return task != NULL && task->preferred_node == env->src_node;
}

/* An exchange leaves the nodes' loads no farther apart. */
static bool swap_balances(const struct numa_env *env, struct numasim_task *cur)
{
    struct numasim_host *host = env->self->host;
    int64_t load =
        (int64_t)numasim_task_h_load(host, env->task) - (int64_t)numasim_task_h_load(host, cur);

    return load == 0 || !numa_too_imbalanced(&env->src, &env->dst, (int64_t)env->src.load - load,
                                             (int64_t)env->dst.load + load);
}

/* The task goes to the node alone: to an idle CPU if there is one. */
static void assign_move(struct numa_env *env, int64_t imp)
{
    int32_t cpu = env->dst_idle_cpu >= 0 ? env->dst_idle_cpu : env->dst_cpu;

    if (!is_idle(env, cpu) && env->best_cpu >= 0 && is_idle(env, env->best_cpu)) {
        cpu = env->best_cpu;
    }
    env->dst_cpu = cpu;
    assign(env, NULL, imp);
}

enum verdict { LEAVE, MOVE, SWAP };

/* task_numa_compare() without its consequences; @cur runs on the CPU, or is NULL. *@imp is what is gained. */
static enum verdict compare(const struct numa_env *env, struct numasim_task *cur, bool may_move,
                            int64_t *imp)
{
    int64_t move_imp =
        numa_task(env->self, env->task)->group != NULL ? env->group_imp : env->task_imp;

    *imp = move_imp;
    if (cur == NULL) {
        return may_move && move_imp >= env->best_imp ? MOVE : LEAVE;
    }
    if (!numasim_may_run(env->self->host, cur, env->src_cpu) ||
        (prefers_source(env, env->best_task) && !prefers_source(env, cur)) ||
        !gain_of_swap(env, cur, imp)) {
        return LEAVE;
    }
    if (may_move && move_imp > *imp && move_imp > env->best_imp) {
        *imp = move_imp;
        return MOVE;
    }
    if (env->best_task != NULL && prefers_source(env, cur) &&
        !prefers_source(env, env->best_task)) {
        return SWAP;
    }
    if (*imp < SMALL_IMP || *imp <= env->best_imp + SMALL_IMP / 2 || !swap_balances(env, cur)) {
        return LEAVE;
    }
    return SWAP;
}

/* Looks at one CPU; true: no need to look at others. */
static bool try_cpu(struct numa_env *env, bool may_move)
{
    struct numasim_task *cur = numasim_cpu(env->self->host, env->dst_cpu)->curr;
    int64_t imp;

    if (is_claimed(env, env->dst_cpu)) {
        return false;
    }
    if (cur == env->task) {
        return true;
    }
    if (cur != NULL && cur->process == NULL && env->self->param[NUMA_PARAM_SWAP_KTHREADS] == 0) {
        cur = NULL;
    }
    enum verdict verdict = compare(env, cur, may_move, &imp);

    if (verdict == LEAVE) {
        return false;
    }
    if (verdict == MOVE) {
        assign_move(env, imp);
    } else {
        assign(env, cur, imp);
    }
    return (may_move && verdict == MOVE && env->best_cpu >= 0 && is_idle(env, env->best_cpu)) ||
           (!may_move && prefers_source(env, env->best_task));
}

void numa_find_cpu(struct numa_env *env)
{
    struct numasim_host *host = env->self->host;
    const uint64_t *cpus = numasim_node(host, env->dst_node)->cpus;
    int32_t nr_cpus = numasim_nr_cpus(host);
    bool may_move = false;

    if (env->dst_type == NUMA_HAS_SPARE) {
        int64_t src_running = (int64_t)env->src.nr_running - 1;
        int64_t dst_running = (int64_t)env->dst.nr_running + 1;
        int64_t imbalance = dst_running > src_running ? dst_running - src_running : 0;

        if (numa_allowed_imbalance(imbalance, dst_running, env->imb_numa_nr) == 0) {
            may_move = true;
            if (env->dst_idle_cpu >= 0) {
                env->dst_cpu = env->dst_idle_cpu;
                assign(env, NULL, 0);
                return;
            }
        }
    } else {
        int64_t load = (int64_t)numasim_task_h_load(host, env->task);

        may_move = !numa_too_imbalanced(&env->src, &env->dst, (int64_t)env->src.load - load,
                                        (int64_t)env->dst.load + load);
    }
    for (int32_t cpu = numasim_mask_next(cpus, numasim_online_mask(host), nr_cpus, 0);
         cpu < nr_cpus;
         cpu = numasim_mask_next(cpus, numasim_online_mask(host), nr_cpus, cpu + 1)) {
        env->dst_cpu = cpu;
        if (numasim_may_run(host, env->task, cpu) && try_cpu(env, may_move)) {
            break;
        }
    }
}
