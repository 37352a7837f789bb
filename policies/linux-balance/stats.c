/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel/sched/fair.c, 6.12: update_sd_lb_stats(), sched_balance_find_src_group() and _src_rq(). */
#include "linux-balance.h"

uint32_t lb_group_add_cpu(struct numasim_host *host, struct lb_group *g, int32_t cpu)
{
    const struct numasim_cpu *c = numasim_cpu(host, cpu);
    struct numasim_load load = numasim_cpu_load(host, cpu);

    g->load += load.load_avg;
    g->util += load.util_avg < (uint64_t)c->capacity ? load.util_avg : (uint64_t)c->capacity;
    g->runnable += load.runnable_avg;
    g->nr_running += c->nr_running;
    g->nr_fair += c->nr_fair;
    g->idle_cpus += c->nr_running == 0 && c->idle;
    return c->nr_running;
}

/* update_sg_lb_stats(). Sets *@overloaded if a CPU has more than one task. */
static struct lb_group group_stats(const struct lb_env *env, const struct numasim_group *group,
                                   bool local, bool *overloaded)
{
    const struct lb_sgc *sgc = group->state[env->self->slot];
    int32_t nr_cpus = numasim_nr_cpus(env->host);
    struct lb_group g = {.capacity = group->capacity,
                         .weight = group->weight,
                         .cores = group->cores,
                         .smt = (group->flags & NUMASIM_SD_SHARE_CPUCAPACITY) != 0};

    for (int32_t cpu = numasim_mask_next(group->span, env->cpus, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(group->span, env->cpus, nr_cpus, cpu + 1)) {
        *overloaded |= lb_group_add_cpu(env->host, &g, cpu) > 1;
    }
    g.type =
        lb_group_type(&g, env->sd->imbalance_pct, sgc->imbalanced, !local && env->idle != LB_BUSY);
    if (g.type == LB_OVERLOADED) {
        g.avg_load = g.load * 1024 / g.capacity;
    }
    return g;
}

/* What balancing an LLC's whole domain shows about the room in it. */
static void update_idle_scan(const struct lb_env *env, uint64_t sum_util)
{
    struct lb_cpu *dst = lb_cpu(env->self, env->dst_cpu);

    if (env->idle != LB_NEWLY_IDLE && env->sd->span_weight == dst->llc_weight) {
        dst->llc->nr_idle_scan = lb_nr_idle_scan(sum_util, dst->llc_weight, env->sd->imbalance_pct);
    }
}

static void update_overload(const struct lb_env *env, bool overloaded)
{
    struct lb_state *state = lb_state(env->self);

    if (env->sd->parent == NULL) {
        state->overload = overloaded;
        state->overload_seen = numasim_nr_overloads(env->host);
    }
}

const struct numasim_group *lb_find_busiest_group(struct lb_env *env)
{
    const struct numasim_domain *sd = env->sd;
    const struct numasim_group *busiest = NULL;
    struct lb_domain_stats sds = {
        .numa = (sd->flags & NUMASIM_SD_NUMA) != 0,
        .share_llc = (sd->flags & NUMASIM_SD_SHARE_LLC) != 0,
        .idle = env->idle,
        .imbalance_pct = sd->imbalance_pct,
        .imb_numa_nr = sd->imb_numa_nr,
    };
    bool overloaded = false;
    uint64_t sum_util = 0;

    for (uint32_t i = 0; i < sd->nr_groups; i++) {
        const struct numasim_group *group = &sd->groups[i];
        bool local = numasim_mask_test(group->span, env->dst_cpu);
        struct lb_group g = group_stats(env, group, local, &overloaded);

        if (local) {
            sds.local = g; /* where groups overlap, the last one that holds the CPU */
        } else if (lb_busier(&g, &sds.busiest, busiest != NULL)) {
            sds.busiest = g;
            busiest = group;
        }
        sds.total_load += g.load;
        sds.total_capacity += g.capacity;
        sum_util += g.util;
    }
    update_idle_scan(env, sum_util);
    update_overload(env, overloaded);
    if (busiest == NULL) {
        return NULL;
    }
    sds.has_busiest = true;
    sds.prefer_sibling = (busiest->flags & NUMASIM_SD_PREFER_SIBLING) != 0;
    env->imbalance = lb_find_imbalance(&sds);
    return env->imbalance.amount > 0 ? busiest : NULL;
}

/* Whether @c may be the source, and by what it is compared with others. */
static bool source_score(const struct lb_env *env, const struct numasim_cpu *c, uint64_t *ret_score)
{
    struct numasim_load load;

    switch (env->imbalance.migration) {
    case LB_MIGRATE_TASK:
        *ret_score = c->nr_fair;
        return true;
    case LB_MIGRATE_UTIL:
        if (c->nr_fair <= 1) {
            return false;
        }
        load = numasim_cpu_load(env->host, c->id);
        *ret_score = load.util_avg > load.runnable_avg ? load.util_avg : load.runnable_avg;
        return true;
    default:
        load = numasim_cpu_load(env->host, c->id);
        if (c->nr_fair == 1 && (int64_t)load.load_avg > env->imbalance.amount) {
            return false;
        }
        *ret_score = load.load_avg * 1024 / (uint64_t)c->capacity;
        return true;
    }
}

int32_t lb_find_busiest_cpu(const struct lb_env *env, const struct numasim_group *group)
{
    int32_t nr_cpus = numasim_nr_cpus(env->host), busiest = -1;
    uint64_t most = 0;

    for (int32_t cpu = numasim_mask_next(group->span, env->cpus, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(group->span, env->cpus, nr_cpus, cpu + 1)) {
        const struct numasim_cpu *c = numasim_cpu(env->host, cpu);
        uint64_t score;

        if (c->nr_fair > 0 && source_score(env, c, &score) && score > most) {
            most = score;
            busiest = cpu;
        }
    }
    return busiest;
}
