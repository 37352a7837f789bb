/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel/sched/fair.c, 6.12: CPUs that are not alike. By capacity (big.LITTLE): a task too big for its
 * CPU is a misfit, pulled by a larger one. By firmware's ranking (ITMT): tasks are packed onto the
 * CPUs of higher priority. All of it stands behind the domains' flags.
 *
 * And CPUs of which real-time tasks take a part (cpu_capacity).
 *
 * Whether the running task is a misfit is seen here when somebody asks, not at its last tick.
 */
#include "linux-balance.h"

void lb_start_group(const struct numasim_self *self, const struct numasim_group *group)
{
    struct lb_sgc *sgc = group->state[self->slot];
    int32_t nr_cpus = numasim_nr_cpus(self->host);

    if (sgc->capacity != 0) { /* groups of many domains share one record */
        return;
    }
    sgc->prefer_cpu = -1;
    sgc->min_capacity = UINT32_MAX;
    for (int32_t cpu = numasim_mask_next(group->span, NULL, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(group->span, NULL, nr_cpus, cpu + 1)) {
        const struct numasim_cpu *c = numasim_cpu(self->host, cpu);
        uint32_t capacity = (uint32_t)c->capacity;

        sgc->capacity += capacity;
        sgc->min_capacity = capacity < sgc->min_capacity ? capacity : sgc->min_capacity;
        sgc->max_capacity = capacity > sgc->max_capacity ? capacity : sgc->max_capacity;
        if (sgc->prefer_cpu < 0 || lb_prefers(self, cpu, sgc->prefer_cpu)) {
            sgc->prefer_cpu = cpu;
            sgc->prefer_priority = c->priority;
        }
        sgc->end_word = cpu / 64 + 1;
    }
    sgc->first_word = numasim_mask_next(group->span, NULL, nr_cpus, 0) / 64;
}

/* scale_rt_capacity(), update_cpu_capacity(): interrupts take nothing here. */
static uint32_t fair_capacity(const struct numasim_self *self, int32_t cpu)
{
    uint64_t capacity = (uint64_t)numasim_cpu(self->host, cpu)->capacity;
    uint64_t used = numasim_cpu_rt_util(self->host, cpu);

    return used < capacity ? (uint32_t)(capacity - used) : 1;
}

static void add_capacity(struct lb_sgc *sum, const struct lb_sgc *part)
{
    sum->capacity += part->capacity;
    sum->min_capacity =
        part->min_capacity < sum->min_capacity ? part->min_capacity : sum->min_capacity;
    sum->max_capacity =
        part->max_capacity > sum->max_capacity ? part->max_capacity : sum->max_capacity;
}

/* The group that @child is, from its CPUs where its groups overlap, else from those. */
static struct lb_sgc sum_capacity(const struct numasim_self *self,
                                  const struct numasim_domain *child)
{
    struct lb_sgc sum = {.min_capacity = UINT32_MAX};
    int32_t nr_cpus = numasim_nr_cpus(self->host);

    for (uint32_t i = 0; !(child->flags & NUMASIM_SD_NUMA) && i < child->nr_groups; i++) {
        add_capacity(&sum, child->groups[i].state[self->slot]);
    }
    for (int32_t cpu = child->flags & NUMASIM_SD_NUMA
                           ? numasim_mask_next(child->span, NULL, nr_cpus, 0)
                           : nr_cpus;
         cpu < nr_cpus; cpu = numasim_mask_next(child->span, NULL, nr_cpus, cpu + 1)) {
        add_capacity(&sum, &(struct lb_sgc){.capacity = lb_capacity_of(self, cpu),
                                            .min_capacity = lb_capacity_of(self, cpu),
                                            .max_capacity = lb_capacity_of(self, cpu)});
    }
    return sum;
}

void lb_update_capacity(const struct lb_env *env)
{
    const struct numasim_self *self = env->self;
    struct lb_sgc *sgc = env->sd->groups[0].state[self->slot], now;
    int64_t now_j = numasim_jiffies(env->host);

    if (env->idle == LB_NEWLY_IDLE && now_j < sgc->next_update_j) {
        return;
    }
    sgc->next_update_j =
        now_j + lb_interval_jiffies(lb_domain(self, env->sd)->balance_interval_ms, 1, false, false,
                                    numasim_tick_ns(env->host), numasim_nr_online(env->host));
    if (env->sd->child == NULL) {
        uint32_t capacity = fair_capacity(self, env->dst_cpu);

        lb_state(self)->capacity_changes |=
            capacity != (uint32_t)numasim_cpu(env->host, env->dst_cpu)->capacity;
        lb_cpu(self, env->dst_cpu)->capacity = capacity;
        now = (struct lb_sgc){
            .capacity = capacity, .min_capacity = capacity, .max_capacity = capacity};
    } else {
        if (!lb_state(self)->capacity_changes) {
            return; /* as it always was */
        }
        now = sum_capacity(self, env->sd->child);
    }
    sgc->capacity = now.capacity;
    sgc->min_capacity = now.min_capacity;
    sgc->max_capacity = now.max_capacity;
}

bool lb_leaves_reduced(const struct lb_env *env)
{
    const struct numasim_self *self = env->self;
    const struct numasim_cpu *src = numasim_cpu(env->host, env->src_cpu);

    return env->idle != LB_BUSY && lb_nr_fair(self, src) == 1 &&
           lb_is_reduced(self, env->sd, env->src_cpu) &&
           lb_capacity_of(self, env->src_cpu) * lb_imbalance_pct(self, env->sd) <
               lb_capacity_of(self, env->dst_cpu) * 100;
}

bool lb_prefers(const struct numasim_self *self, int32_t a, int32_t b)
{
    return numasim_cpu(self->host, a)->priority > numasim_cpu(self->host, b)->priority;
}

/* is_core_idle(): whether @cpu has its core to itself. */
static bool core_is_free(const struct numasim_self *self, int32_t cpu)
{
    const uint64_t *siblings = numasim_siblings(self->host, cpu);
    const uint64_t *idle = numasim_idle_mask(self->host);
    int32_t nr_cpus = numasim_nr_cpus(self->host);

    for (int32_t i = numasim_mask_next(siblings, NULL, nr_cpus, 0); i < nr_cpus;
         i = numasim_mask_next(siblings, NULL, nr_cpus, i + 1)) {
        if (i != cpu && numasim_cpu(self->host, i)->online && !numasim_mask_test(idle, i)) {
            return false;
        }
    }
    return true;
}

/* sched_use_asym_prio(): beside a busy sibling a CPU's rank says nothing. */
static bool rank_counts(const struct numasim_self *self, const struct numasim_domain *sd,
                        int32_t cpu)
{
    if (!(sd->flags & NUMASIM_SD_ASYM_PACKING)) {
        return false;
    }
    return !self->param[LB_PARAM_ASYM_IDLE_CORE] || !lb_state(self)->smt_active ||
           (sd->flags & NUMASIM_SD_SHARE_CPUCAPACITY) || core_is_free(self, cpu);
}

bool lb_packs(const struct numasim_self *self, const struct numasim_domain *sd, int32_t dst,
              int32_t src)
{
    return rank_counts(self, sd, dst) && lb_prefers(self, dst, src);
}

bool lb_packs_group(const struct lb_env *env, const struct numasim_group *group,
                    const struct lb_group *g)
{
    const struct lb_sgc *sgc = group->state[env->self->slot];

    if (env->idle == LB_BUSY || g->nr_fair == 0) {
        return false;
    }
    if (env->self->param[LB_PARAM_ASYM_IDLE_CORE] && g->smt && g->weight - g->idle_cpus != 1) {
        return false;
    }
    return lb_packs(env->self, env->sd, env->dst_cpu, sgc->prefer_cpu);
}

bool lb_packs_running(const struct lb_env *env)
{
    return env->idle != LB_BUSY && rank_counts(env->self, env->sd, env->dst_cpu) &&
           (lb_prefers(env->self, env->dst_cpu, env->src_cpu) ||
            !rank_counts(env->self, env->sd, env->src_cpu));
}

bool lb_kick_to_pack(const struct numasim_self *self, const struct numasim_cpu *c)
{
    const struct numasim_domain *widest = NULL;
    int32_t nr_cpus = numasim_nr_cpus(self->host);
    const uint64_t *idle = numasim_idle_mask(self->host);

    for (const struct numasim_domain *sd = c->domain; sd != NULL; sd = sd->parent) {
        widest = sd->flags & NUMASIM_SD_ASYM_PACKING ? sd : widest;
    }
    if (widest == NULL) {
        return false;
    }
    for (int32_t cpu = numasim_mask_next(widest->span, idle, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(widest->span, idle, nr_cpus, cpu + 1)) {
        if (lb_packs(self, widest, cpu, c->id)) {
            return true;
        }
    }
    return false;
}

/* --- Capacity -------------------------------------------------------------------------------------- */

bool lb_is_asym_capacity(const struct numasim_cpu *c)
{
    for (const struct numasim_domain *sd = c->domain; sd != NULL; sd = sd->parent) {
        if (sd->flags & NUMASIM_SD_ASYM_CPUCAPACITY) {
            return true;
        }
    }
    return false;
}

/* True iff @task may run on a CPU of more than @capacity (p->max_allowed_capacity). */
static bool has_larger(const struct numasim_self *self, const struct numasim_task *task,
                       int32_t capacity)
{
    int32_t nr_cpus = numasim_nr_cpus(self->host);

    if ((uint32_t)capacity >= lb_state(self)->max_capacity) {
        return false;
    }
    for (int32_t cpu = numasim_mask_next(task->allowed, NULL, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(task->allowed, NULL, nr_cpus, cpu + 1)) {
        if (numasim_cpu(self->host, cpu)->capacity > capacity) {
            return true;
        }
    }
    return false;
}

uint64_t lb_misfit_load(const struct numasim_self *self, const struct numasim_cpu *c)
{
    struct numasim_task *task = c->curr;
    int64_t load;

    if (task == NULL || task->sched_class != NUMASIM_CLASS_FAIR || task->nr_allowed == 1 ||
        !has_larger(self, task, c->capacity) ||
        lb_fits(lb_util(self, numasim_task_load(self->host, task)), lb_capacity_of(self, c->id))) {
        return 0;
    }
    load = lb_task_h_load(self->host, task);
    return load > 1 ? (uint64_t)load : 1;
}

bool lb_fits_cpu(const struct numasim_self *self, uint64_t util, int32_t cpu)
{
    return !lb_state(self)->asym_capacity || lb_fits(util, lb_capacity_of(self, cpu));
}

int32_t lb_select_by_capacity(const struct numasim_self *self, const struct numasim_task *task,
                              const uint64_t *idle, uint64_t util, int32_t target)
{
    int32_t nr_cpus = numasim_nr_cpus(self->host), best = -1;
    uint32_t most = 0;
    const struct numasim_domain *sd = numasim_cpu(self->host, target)->domain;

    while (sd != NULL && !(sd->flags & NUMASIM_SD_ASYM_CPUCAPACITY_FULL)) {
        sd = sd->parent;
    }
    for (int32_t i = 0, cpu = target; sd != NULL && i < nr_cpus;
         i++, cpu = cpu + 1 < nr_cpus ? cpu + 1 : 0) {
        uint32_t capacity = lb_capacity_of(self, cpu);

        if (!numasim_mask_test(sd->span, cpu) || !numasim_mask_test(task->allowed, cpu) ||
            !numasim_mask_test(idle, cpu)) {
            continue;
        }
        if (lb_fits(util, capacity)) {
            return cpu;
        }
        if (capacity > most) {
            most = capacity;
            best = cpu;
        }
    }
    return sd == NULL ? -1 : best >= 0 ? best : target;
}
