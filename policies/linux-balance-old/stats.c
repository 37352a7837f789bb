/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel/sched/fair.c, 4.3: update_sg_lb_stats(), update_sd_lb_stats(), find_busiest_group(),
 * find_busiest_queue(). */
#include "old.h"

static uint32_t load_idx(const struct old_env *env)
{
    const uint32_t flags = env->sd->flags;

    return old_load_idx((flags & NUMASIM_SD_SHARE_CPUCAPACITY) != 0,
                        (flags & NUMASIM_SD_SHARE_LLC) != 0, (flags & NUMASIM_SD_NUMA) != 0,
                        env->idle);
}

/* Sums up @group; *@overload becomes true if one of its CPUs has two runnable tasks. */
static struct old_group sum_group(const struct old_env *env, const struct numasim_group *group,
                                  bool local, bool *overload)
{
    const struct old_sgc *sgc = group->state[env->self->slot];
    int32_t nr_cpus = numasim_nr_cpus(env->host);
    const uint32_t idx = load_idx(env);
    struct old_group g = {.weight = group->weight, .min_load = UINT64_MAX};

    for (int32_t cpu = numasim_mask_next(group->span, env->cpus, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(group->span, env->cpus, nr_cpus, cpu + 1)) {
        const struct numasim_cpu *c = numasim_cpu(env->host, cpu);
        uint64_t capacity = old_cpu(env->self, cpu)->capacity;
        uint64_t now = old_cpu_load(env->self, cpu);
        uint64_t load =
            local ? old_target_load(env->self, cpu, idx) : old_source_load(env->self, cpu, idx);
        uint64_t util = numasim_cpu_load(env->host, cpu).util_avg;

        g.load += load;
        g.weighted += now;
        g.util += util < capacity ? util : capacity;
        g.min_load = load < g.min_load ? load : g.min_load;
        g.max_load = load > g.max_load ? load : g.max_load;
        g.nr_running += c->nr_fair;
        g.idle_cpus += c->idle;
        *overload |= c->nr_running > 1;
    }
    g.min_load = g.min_load == UINT64_MAX ? 0 : g.min_load;
    g.capacity = sgc->capacity;
    old_group_finish(&g, env->sd->imbalance_pct, sgc->imbalanced);
    return g;
}

/* A group of the domain's ring: adds it to @sds. */
static void look_at_group(const struct old_env *env, const struct numasim_group *group,
                          struct old_domain_stats *sds, const struct numasim_group **busiest,
                          bool *has_local, bool *overload)
{
    bool local = numasim_mask_test(group->span, env->dst_cpu);
    struct old_group g = sum_group(env, group, local, overload);
    const struct numasim_domain *child = env->sd->child;

    sds->total_load += g.load;
    sds->total_capacity += g.capacity;
    if (local) {
        sds->local = g;
        *has_local = true;
        return;
    }
    /* Whoever prefers siblings leaves a group with one task, if the local one can take the others. */
    if (child != NULL && (child->flags & NUMASIM_SD_PREFER_SIBLING) && *has_local &&
        old_has_capacity(&sds->local, env->sd->imbalance_pct) && g.nr_running > 1) {
        g.no_capacity = true;
        g.type = OLD_OVERLOADED;
    }
    if (old_busier(&g, &sds->busiest, sds->has_busiest, sds->by_min_load)) {
        sds->busiest = g;
        sds->has_busiest = true;
        *busiest = group;
    }
}

const struct numasim_group *old_find_busiest_group(struct old_env *env)
{
    const struct numasim_self *self = env->self;
    const struct numasim_group *busiest = NULL;
    const struct numasim_cpu *dst = numasim_cpu(env->host, env->dst_cpu);
    struct old_state *state = old_state(self);
    bool has_local = false, overload = false, balanced = true;
    struct old_domain_stats sds = {
        .idle = env->idle,
        .imbalance_pct = env->sd->imbalance_pct,
        .by_min_load = self->param[OLD_PARAM_GROUP_IMBALANCE] == OLD_GROUP_IMBALANCE_FIXED,
        .idle_takes_surplus = self->param[OLD_PARAM_IDLE_TAKES_SURPLUS] != 0,
    };

    for (uint32_t i = 0; i < env->sd->nr_groups; i++) {
        look_at_group(env, &env->sd->groups[i], &sds, &busiest, &has_local, &overload);
    }
    if (env->sd->parent == NULL) {
        state->overload = overload;
        state->overload_seen = numasim_nr_overloads(env->host);
    }
    if (dst->nr_fair > 0) {
        sds.dst_load_per_task = old_cpu_load(self, dst->id) / dst->nr_fair;
    }
    env->imbalance = old_find_imbalance(&sds, &balanced);
    if (balanced) {
        /* Of groups without a task there is nothing to take; else the loads do not differ enough. */
        bool nothing = !sds.has_busiest || sds.busiest.nr_running == 0;

        old_left(env->self, env->dst_cpu, NULL,
                 nothing ? OLD_REASON_BALANCED : OLD_REASON_SMALL_IMBALANCE);
        return NULL;
    }
    return busiest;
}

int32_t old_find_busiest_cpu(const struct old_env *env, const struct numasim_group *group)
{
    int32_t nr_cpus = numasim_nr_cpus(env->host), busiest = -1;
    uint64_t most = 0, most_capacity = 1;

    for (int32_t cpu = numasim_mask_next(group->span, env->cpus, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(group->span, env->cpus, nr_cpus, cpu + 1)) {
        const struct numasim_cpu *c = numasim_cpu(env->host, cpu);
        uint64_t load = old_cpu_load(env->self, cpu);

        if (c->nr_running == 1 && (int64_t)load > env->imbalance) {
            continue;
        }
        if (load * most_capacity > most * old_cpu(env->self, cpu)->capacity) {
            most = load;
            most_capacity = old_cpu(env->self, cpu)->capacity;
            busiest = cpu;
        }
    }
    return busiest;
}
