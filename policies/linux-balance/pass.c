/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel/sched/fair.c, 6.12: sched_balance_rq(), should_we_balance(), need_active_balance(). */
#include "linux-balance.h"

enum {
    MAX_PINNED_INTERVAL_MS = 512, /* kernel/sched/fair.c */
};

/* First CPU of @mask below @sd that is idle; at first one whose whole core is, unless the domain is
 * that core; -1 if all are busy. */
static int32_t first_idle(const struct lb_env *env, const uint64_t *mask)
{
    const struct numasim_host *host = env->host;
    const struct numasim_domain *sd = env->sd;
    const uint64_t *idle = numasim_idle_mask(host), *cores = numasim_idle_core_mask(host);
    bool whole_cores =
        env->self->param[LB_PARAM_SWB_IDLE_CORE] && !(sd->flags & NUMASIM_SD_SHARE_CPUCAPACITY);
    int32_t found = -1;

    for (int32_t word = 0; word < lb_state(env->self)->nr_words; word++) {
        uint64_t bits = mask[word] & sd->span[word] & idle[word];

        if (bits == 0) {
            continue;
        }
        if (!whole_cores) {
            return word * 64 + __builtin_ctzll(bits);
        }
        if (bits & cores[word]) {
            return word * 64 + __builtin_ctzll(bits & cores[word]);
        }
        if (found < 0) {
            found = word * 64 + __builtin_ctzll(bits);
        }
    }
    return found;
}

/* One CPU of a group balances for it: its first idle one, else its first. */
static bool should_we_balance(const struct lb_env *env)
{
    const struct numasim_group *local = &env->sd->groups[0];
    int32_t cpu;

    if (env->idle == LB_NEWLY_IDLE) {
        return numasim_cpu(env->host, env->dst_cpu)->nr_running == 0;
    }
    cpu = first_idle(env, local->balance_mask);
    if (cpu < 0) {
        cpu = numasim_mask_next(local->balance_mask, NULL, numasim_nr_cpus(env->host), 0);
    }
    return cpu == env->dst_cpu;
}

/* The group of the parent domain that this domain is. */
static struct lb_sgc *parent_sgc(const struct lb_env *env)
{
    const struct numasim_domain *parent = env->sd->parent;

    return parent != NULL ? parent->groups[0].state[env->self->slot] : NULL;
}

static void drop_candidate(struct lb_env *env, int32_t cpu)
{
    env->cpus[cpu >> 6] &= ~(UINT64_C(1) << (cpu & 63));
}

/* Moves tasks to the balancing CPU, and those that may not go there to others of its group. */
static uint32_t move_from_source(struct lb_env *env)
{
    uint32_t nr_running = numasim_cpu(env->host, env->src_cpu)->nr_running, moved = 0;
    int64_t nr_migrate = env->self->param[LB_PARAM_NR_MIGRATE];
    struct lb_sgc *sgc = parent_sgc(env);

    if (nr_running <= 1) {
        return 0;
    }
    env->all_pinned = true;
    env->loop_max = nr_running < nr_migrate ? nr_running : (uint32_t)nr_migrate;
    for (;;) {
        env->loop = 0;
        env->dst_pinned = false;
        moved += lb_move_tasks(env);
        if (!env->dst_pinned || env->imbalance.amount <= 0) {
            break;
        }
        drop_candidate(env, env->dst_cpu);
        env->dst_cpu = env->new_dst_cpu;
    }
    if (sgc != NULL && env->some_pinned && env->imbalance.amount > 0) {
        sgc->imbalanced = true;
    }
    return moved;
}

/* True iff a candidate remains outside the group that balances. */
static bool others_remain(const struct lb_env *env)
{
    for (int32_t word = 0; word < lb_state(env->self)->nr_words; word++) {
        if (env->cpus[word] & ~env->dst_grpmask[word]) {
            return true;
        }
    }
    return false;
}

static void count_imbalance(const struct lb_env *env)
{
    static const enum numasim_lb_counter counters[] = {
        [LB_MIGRATE_LOAD] = NUMASIM_LB_IMBALANCE_LOAD,
        [LB_MIGRATE_UTIL] = NUMASIM_LB_IMBALANCE_UTIL,
        [LB_MIGRATE_TASK] = NUMASIM_LB_IMBALANCE_TASK,
        [LB_MIGRATE_MISFIT] = NUMASIM_LB_IMBALANCE_MISFIT,
    };

    if (env->imbalance.migration != LB_MIGRATE_LLC_TASK) { /* which has no counter */
        lb_count(env, counters[env->imbalance.migration], env->imbalance.amount);
    }
}

/* Selects a source and moves tasks, again while everything there is pinned. False: balanced. */
static bool find_and_move(struct lb_env *env, uint32_t *moved)
{
    for (;;) {
        const struct numasim_group *group = lb_find_busiest_group(env);

        env->src_cpu = group != NULL ? lb_find_busiest_cpu(env, group) : -1;
        if (env->src_cpu < 0) {
            lb_count(env, group != NULL ? NUMASIM_LB_NOBUSYQ : NUMASIM_LB_NOBUSYG, 1);
            if (group != NULL) {
                lb_left(env->self, env->dst_cpu, NULL, LB_REASON_NO_SOURCE);
            }
            return false;
        }
        count_imbalance(env);
        *moved = move_from_source(env);
        if (!env->all_pinned) {
            return true;
        }
        drop_candidate(env, env->src_cpu);
        if (!others_remain(env)) {
            return false;
        }
    }
}

/* A task too big for its CPU is no reason to look more rarely (6.12). */
static bool spares_misfit(const struct lb_env *env)
{
    return env->imbalance.migration == LB_MIGRATE_MISFIT &&
           !env->self->param[LB_PARAM_MISFIT_BACKOFF];
}

/* Nothing to do here; the next look may come later. @pinned: because of affinities. */
static void widen_interval(const struct lb_env *env)
{
    struct lb_domain *own = lb_domain(env->self, env->sd);

    if (env->idle == LB_NEWLY_IDLE || spares_misfit(env)) {
        return;
    }
    if ((env->all_pinned && own->balance_interval_ms < MAX_PINNED_INTERVAL_MS) ||
        own->balance_interval_ms < env->sd->max_interval) {
        own->balance_interval_ms *= 2;
    }
}

static void balanced(const struct lb_env *env)
{
    struct lb_sgc *sgc = parent_sgc(env);

    lb_count(env, NUMASIM_LB_BALANCED, 1);
    if (sgc != NULL && !env->all_pinned) {
        sgc->imbalanced = false;
    }
    lb_domain(env->self, env->sd)->nr_balance_failed = 0;
    widen_interval(env);
}

/* There is a reason to push the running task that needs no failures. */
static bool voluntary_active_balance(const struct lb_env *env)
{
    return lb_packs_running(env) || env->imbalance.migration == LB_MIGRATE_MISFIT ||
           env->imbalance.migration == LB_MIGRATE_LLC_TASK || lb_leaves_reduced(env);
}

static bool need_active_balance(const struct lb_env *env)
{
    if (lb_llc_keeps_running(env)) {
        return false;
    }
    if (voluntary_active_balance(env)) {
        return true;
    }
    bool counts = env->imbalance.migration == LB_MIGRATE_TASK ||
                  env->self->param[LB_PARAM_ACTIVE_BALANCE] == LB_ACTIVE_ANY;

    return counts &&
           lb_domain(env->self, env->sd)->nr_balance_failed > env->sd->cache_nice_tries + 2;
}

/* A source was found and nothing moved: after some failures, push its running task. */
static void failed(const struct lb_env *env, int32_t cpu)
{
    struct lb_domain *own = lb_domain(env->self, env->sd);
    const struct numasim_task *curr = numasim_cpu(env->host, env->src_cpu)->curr;
    bool backs_off = false;

    lb_count(env, NUMASIM_LB_FAILED, 1);
    if (env->idle != LB_NEWLY_IDLE && !spares_misfit(env) && !env->llc_pinned) {
        own->nr_balance_failed++;
    }
    if (!need_active_balance(env)) {
        own->balance_interval_ms = env->sd->min_interval;
        return;
    }
    if (curr != NULL && !numasim_may_run(env->host, curr, cpu)) {
        widen_interval(env);
        return;
    }
    if (env->self->param[LB_PARAM_ACTIVE_BALANCE] == LB_ACTIVE_ANY) {
        own->nr_balance_failed = env->sd->cache_nice_tries + 1;
        backs_off = !voluntary_active_balance(env);
    }
    if (!backs_off) {
        own->balance_interval_ms = env->sd->min_interval;
    } else if (own->balance_interval_ms < env->sd->max_interval) {
        own->balance_interval_ms *= 2;
    }
    if (numasim_push_running(env->host, env->src_cpu, cpu)) {
        own->nr_balance_failed = 0;
    }
}

uint32_t lb_balance_domain(struct lb_pass *pass, int32_t cpu, struct numasim_domain *sd,
                           enum lb_idle idle, bool *go_on)
{
    struct lb_state *state = lb_state(pass->self);
    struct lb_env env = {
        .self = pass->self,
        .host = pass->self->host,
        .sd = sd,
        .dst_cpu = cpu,
        .dst_grpmask = sd->groups[0].balance_mask,
        .cpus = state->cpus,
        .idle = idle,
    };
    uint32_t moved = 0;

    lb_count(&env, NUMASIM_LB_COUNT, 1);
    if (!should_we_balance(&env)) {
        *go_on = false;
        lb_left(env.self, cpu, NULL, LB_REASON_OTHER_BALANCES);
        balanced(&env);
        return 0;
    }
    bool serialize = (sd->flags & NUMASIM_SD_SERIALIZE) != 0 &&
                     env.self->param[LB_PARAM_SERIALIZE] == LB_SERIALIZE_ALL;
    int64_t now_ns = numasim_now(env.host);
    if (serialize && now_ns + pass->elapsed_ns < state->serialize_until_ns) {
        lb_left(env.self, cpu, NULL, LB_REASON_SERIALIZED);
        balanced(&env);
        return 0;
    }
    int64_t cost_ns = numasim_balance_cost_ns(env.host, sd->span_weight);
    numasim_charge(env.host, pass->cpu, cost_ns);
    pass->elapsed_ns += cost_ns;
    if (serialize) {
        state->serialize_until_ns = now_ns + pass->elapsed_ns;
    }
    for (int32_t word = 0; word < state->nr_words; word++) {
        env.cpus[word] = sd->span[word];
    }
    if (!find_and_move(&env, &moved)) {
        balanced(&env);
        return 0;
    }
    if (moved > 0) {
        struct lb_domain *own = lb_domain(env.self, sd);

        own->nr_balance_failed = 0;
        own->balance_interval_ms = sd->min_interval;
    } else {
        failed(&env, cpu);
    }
    return moved;
}
