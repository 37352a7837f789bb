/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel/sched/fair.c, 4.3: load_balance(), should_we_balance(), need_active_balance(),
 * can_migrate_task(), detach_tasks(). */
#include "old.h"

enum {
    MAX_PINNED_INTERVAL_MS = 512,
    LB_MIN_LOAD = 16, /* detach_tasks(): LB_MIN leaves less */
    DETACH_MAX = 128, /* the largest nr_migrate that the parameter allows */
};

/* Counts for /proc/schedstat; enum old_idle has the order of enum numasim_lb_idle. */
static void count_lb(const struct old_env *env, enum numasim_lb_counter what, int64_t amount)
{
    numasim_count_lb(env->sd, (enum numasim_lb_idle)env->idle, what, amount);
}

/* task_hot(): ran so lately that its working set is still in the source's cache. */
static bool is_hot(const struct old_env *env, const struct numasim_task *task)
{
    int64_t cost_ns = env->self->param[OLD_PARAM_MIGRATION_COST];

    if (task->sched_class != NUMASIM_CLASS_FAIR || task->policy == NUMASIM_SCHED_IDLE ||
        (env->sd->flags & NUMASIM_SD_SHARE_CPUCAPACITY)) {
        return false;
    }
    if (env->self->param[OLD_PARAM_CACHE_HOT_BUDDY] &&
        numasim_cpu(env->host, env->dst_cpu)->nr_running > 0 && numasim_is_buddy(env->host, task)) {
        return true;
    }
    if (cost_ns == 0 || task->last_migration_ns > task->exec_start_ns) {
        return false;
    }
    return numasim_now(env->host) - task->exec_start_ns < cost_ns;
}

/* The affinity part of can_migrate_task(); it notes what a pinned task forbids. */
static bool allowed_there(struct old_env *env, const struct numasim_task *task)
{
    int32_t nr_cpus = numasim_nr_cpus(env->host);

    if (numasim_may_run(env->host, task, env->dst_cpu)) {
        env->all_pinned = false;
        return true;
    }
    numasim_count_task(task, NUMASIM_TASK_FAILED_MIGRATIONS_AFFINE);
    env->some_pinned = true;
    if (env->idle == OLD_NEWLY_IDLE || env->dst_pinned) {
        return false;
    }
    for (int32_t cpu = numasim_mask_next(env->sd->groups[0].span, env->cpus, nr_cpus, 0);
         cpu < nr_cpus;
         cpu = numasim_mask_next(env->sd->groups[0].span, env->cpus, nr_cpus, cpu + 1)) {
        if (numasim_mask_test(task->allowed, cpu)) {
            env->dst_pinned = true;
            env->new_dst_cpu = cpu;
            break;
        }
    }
    return false;
}

/* @task does not move: always false. */
static bool stays(const struct old_env *env, const struct numasim_task *task,
                  enum old_reason reason)
{
    old_left(env->self, env->dst_cpu, task, reason);
    return false;
}

static bool can_migrate(struct old_env *env, const struct numasim_task *task)
{
    if ((task->kthread && task->nr_allowed == 1) || !allowed_there(env, task)) {
        return stays(env, task, OLD_REASON_PINNED);
    }
    if (!is_hot(env, task)) {
        return true;
    }
    if (old_domain(env->self, env->sd)->nr_balance_failed <= env->sd->cache_nice_tries) {
        numasim_count_task(task, NUMASIM_TASK_FAILED_MIGRATIONS_HOT);
        return stays(env, task, OLD_REASON_CACHE_HOT);
    }
    /* Here and not where it moves: whether its load fits comes after. */
    count_lb(env, NUMASIM_LB_HOT_GAINED, 1);
    numasim_count_task(task, NUMASIM_TASK_FORCED_MIGRATIONS);
    return true;
}

/* LB_MIN: moving it would not pay. */
static bool is_too_small(const struct old_env *env, int64_t load)
{
    return load < LB_MIN_LOAD && env->self->param[OLD_PARAM_LB_MIN] != 0 &&
           old_domain(env->self, env->sd)->nr_balance_failed == 0;
}

/* Chooses tasks whose load is no more than twice what is left to move. */
static uint32_t detach(struct old_env *env, struct numasim_task **tasks)
{
    const struct numasim_cpu *src = numasim_cpu(env->host, env->src_cpu);
    uint32_t left = src->nr_running, nr = 0;

    for (struct numasim_task *task = numasim_first_waiting(env->host, env->src_cpu);
         task != NULL && env->imbalance > 0 && nr < DETACH_MAX;
         task = numasim_next_waiting(env->host, task)) {
        if ((env->idle != OLD_BUSY && left <= 1) || ++env->loop > env->loop_max) {
            return nr;
        }
        if (!can_migrate(env, task)) {
            continue;
        }
        int64_t load = (int64_t)old_task_load(env->self, task);

        if (load / 2 > env->imbalance || is_too_small(env, load)) {
            stays(env, task, load / 2 > env->imbalance ? OLD_REASON_TOO_BIG : OLD_REASON_TOO_SMALL);
            continue;
        }
        env->imbalance -= load > 1 ? load : 1;
        tasks[nr++] = task;
        left--;
        if (env->idle == OLD_NEWLY_IDLE) {
            return nr; /* a preemptible kernel does not make the idle CPU wait for more */
        }
    }
    /* The kernel's list holds the running task, too, which does not move but may be pinned. */
    if (env->imbalance > 0 && src->curr != NULL && src->curr->sched_class == NUMASIM_CLASS_FAIR &&
        ++env->loop <= env->loop_max && allowed_there(env, src->curr)) {
        numasim_count_task(src->curr, NUMASIM_TASK_FAILED_MIGRATIONS_RUNNING);
    }
    return nr;
}

static uint32_t move_tasks(struct old_env *env)
{
    struct numasim_task *tasks[DETACH_MAX];
    uint32_t nr = detach(env, tasks), moved = 0;

    while (nr > 0) { /* the last that left is the first that arrives */
        moved += numasim_move_task(env->host, tasks[--nr], env->dst_cpu);
    }
    count_lb(env, NUMASIM_LB_GAINED, moved);
    return moved;
}

/* One CPU of a group balances for it: its first idle one, else its first. */
static bool should_we_balance(const struct old_env *env)
{
    const uint64_t *mask = env->sd->groups[0].balance_mask;
    const uint64_t *idle = numasim_idle_mask(env->host);
    int32_t nr_cpus = numasim_nr_cpus(env->host), cpu;

    if (env->idle == OLD_NEWLY_IDLE) {
        return true;
    }
    cpu = numasim_mask_next(mask, idle, nr_cpus, 0);
    return (cpu < nr_cpus ? cpu : numasim_mask_next(mask, NULL, nr_cpus, 0)) == env->dst_cpu;
}

/* The group of the parent domain that this domain is. */
static struct old_sgc *parent_sgc(const struct old_env *env)
{
    const struct numasim_domain *parent = env->sd->parent;

    return parent != NULL ? parent->groups[0].state[env->self->slot] : NULL;
}

static void drop_candidate(struct old_env *env, int32_t cpu)
{
    env->cpus[cpu >> 6] &= ~(UINT64_C(1) << (cpu & 63));
}

/* Moves tasks to the balancing CPU, and those that may not go there to others of its group. */
static uint32_t move_from_source(struct old_env *env)
{
    uint32_t nr_running = numasim_cpu(env->host, env->src_cpu)->nr_running, moved = 0;
    int64_t nr_migrate = env->self->param[OLD_PARAM_NR_MIGRATE];
    struct old_sgc *sgc = parent_sgc(env);

    if (nr_running <= 1) {
        return 0;
    }
    env->all_pinned = true;
    env->loop_max = nr_running < nr_migrate ? nr_running : (uint32_t)nr_migrate;
    for (;;) {
        env->loop = 0;
        env->dst_pinned = false;
        moved += move_tasks(env);
        if (!env->dst_pinned || env->imbalance <= 0) {
            break;
        }
        drop_candidate(env, env->dst_cpu);
        env->dst_cpu = env->new_dst_cpu;
    }
    if (sgc != NULL && env->some_pinned && env->imbalance > 0) {
        sgc->imbalanced = true;
    }
    return moved;
}

static bool any_candidate(const struct old_env *env)
{
    for (int32_t word = 0; word < old_state(env->self)->nr_words; word++) {
        if (env->cpus[word] != 0) {
            return true;
        }
    }
    return false;
}

/* Selects a source and moves tasks, again while everything there is pinned. False: balanced. */
static bool find_and_move(struct old_env *env, uint32_t *moved)
{
    for (;;) {
        const struct numasim_group *group = old_find_busiest_group(env);

        env->src_cpu = group != NULL ? old_find_busiest_cpu(env, group) : -1;
        if (env->src_cpu < 0) {
            count_lb(env, group != NULL ? NUMASIM_LB_NOBUSYQ : NUMASIM_LB_NOBUSYG, 1);
            if (group != NULL) {
                old_left(env->self, env->dst_cpu, NULL, OLD_REASON_NO_SOURCE);
            }
            return false;
        }
        count_lb(env, NUMASIM_LB_IMBALANCE_LOAD, env->imbalance);
        *moved = move_from_source(env);
        if (!env->all_pinned) {
            return true;
        }
        drop_candidate(env, env->src_cpu);
        if (!any_candidate(env)) {
            return false;
        }
    }
}

/* Nothing to do here; the next look may come later. */
static void widen_interval(const struct old_env *env)
{
    struct old_domain *own = old_domain(env->self, env->sd);

    if ((env->all_pinned && own->balance_interval_ms < MAX_PINNED_INTERVAL_MS) ||
        own->balance_interval_ms < env->sd->max_interval) {
        own->balance_interval_ms *= 2;
    }
}

static void balanced(const struct old_env *env)
{
    struct old_sgc *sgc = parent_sgc(env);

    count_lb(env, NUMASIM_LB_BALANCED, 1);
    if (sgc != NULL) {
        sgc->imbalanced = false;
    }
    old_domain(env->self, env->sd)->nr_balance_failed = 0;
    widen_interval(env);
}

/* A source was found and nothing moved: after some failures, push its running task. */
static void failed(const struct old_env *env, int32_t cpu)
{
    struct old_domain *own = old_domain(env->self, env->sd);
    const struct numasim_task *curr = numasim_cpu(env->host, env->src_cpu)->curr;

    count_lb(env, NUMASIM_LB_FAILED, 1);
    if (env->idle != OLD_NEWLY_IDLE) {
        own->nr_balance_failed++;
    }
    if (own->nr_balance_failed <= env->sd->cache_nice_tries + 2) {
        own->balance_interval_ms = env->sd->min_interval;
        return;
    }
    if (curr != NULL && !numasim_may_run(env->host, curr, cpu)) {
        widen_interval(env);
        return;
    }
    if (numasim_push_running(env->host, env->src_cpu, cpu)) {
        own->nr_balance_failed = env->sd->cache_nice_tries + 1;
        if (own->balance_interval_ms < env->sd->max_interval) {
            own->balance_interval_ms *= 2;
        }
    } else {
        own->balance_interval_ms = env->sd->min_interval;
    }
}

uint32_t old_balance_domain(struct old_pass *pass, int32_t cpu, struct numasim_domain *sd,
                            enum old_idle idle, bool *go_on)
{
    struct old_state *state = old_state(pass->self);
    struct old_domain *own = old_domain(pass->self, sd);
    struct old_env env = {
        .self = pass->self,
        .host = pass->self->host,
        .sd = sd,
        .dst_cpu = cpu,
        .cpus = state->cpus,
        .idle = idle,
    };
    uint32_t moved = 0;

    count_lb(&env, NUMASIM_LB_COUNT, 1);
    if (!should_we_balance(&env)) {
        *go_on = false;
        old_left(env.self, cpu, NULL, OLD_REASON_OTHER_BALANCES);
        balanced(&env);
        return 0;
    }
    int64_t cost_ns = numasim_balance_cost_ns(env.host, sd->span_weight);
    numasim_charge(env.host, pass->cpu, cost_ns);
    pass->elapsed_ns += cost_ns;
    for (int32_t word = 0; word < state->nr_words; word++) {
        env.cpus[word] = sd->span[word];
    }
    if (!find_and_move(&env, &moved)) {
        balanced(&env);
    } else if (moved > 0) {
        own->nr_balance_failed = 0;
        own->balance_interval_ms = sd->min_interval;
    } else {
        failed(&env, cpu);
    }
    return moved;
}
