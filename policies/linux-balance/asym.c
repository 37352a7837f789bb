/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel/sched/fair.c, 6.12: CPUs that are not alike. By capacity (big.LITTLE): a task too big for its
 * CPU is a misfit, pulled by a larger one. By firmware's ranking (ITMT): tasks are packed onto the
 * CPUs of higher priority. All of it stands behind the domains' flags.
 *
 * A utilisation here grows to 1024 on a CPU of any capacity, where the kernel's stops at the CPU's; and
 * whether the running task is a misfit is seen when somebody asks, not at its last tick.
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

uint64_t lb_misfit_load(const struct numasim_self *self, const struct numasim_cpu *c)
{
    struct numasim_task *task = c->curr;
    int64_t load;

    if (task == NULL || task->sched_class != NUMASIM_CLASS_FAIR || task->nr_allowed == 1 ||
        (uint32_t)c->capacity >= lb_state(self)->max_capacity ||
        lb_fits(lb_util(self, numasim_task_load(self->host, task)), (uint32_t)c->capacity)) {
        return 0;
    }
    load = lb_task_h_load(self->host, task);
    return load > 1 ? (uint64_t)load : 1;
}

bool lb_fits_cpu(const struct numasim_self *self, uint64_t util, int32_t cpu)
{
    return !lb_state(self)->asym_capacity ||
           lb_fits(util, (uint32_t)numasim_cpu(self->host, cpu)->capacity);
}

int32_t lb_select_by_capacity(const struct numasim_self *self, const struct numasim_task *task,
                              const uint64_t *idle, uint64_t util, int32_t target)
{
    int32_t nr_cpus = numasim_nr_cpus(self->host), best = -1, most = 0;
    const struct numasim_domain *sd = numasim_cpu(self->host, target)->domain;

    while (sd != NULL && !(sd->flags & NUMASIM_SD_ASYM_CPUCAPACITY_FULL)) {
        sd = sd->parent;
    }
    for (int32_t i = 0, cpu = target; sd != NULL && i < nr_cpus;
         i++, cpu = cpu + 1 < nr_cpus ? cpu + 1 : 0) {
        int32_t capacity = numasim_cpu(self->host, cpu)->capacity;

        if (!numasim_mask_test(sd->span, cpu) || !numasim_mask_test(task->allowed, cpu) ||
            !numasim_mask_test(idle, cpu)) {
            continue;
        }
        if (lb_fits(util, (uint32_t)capacity)) {
            return cpu;
        }
        if (capacity > most) {
            most = capacity;
            best = cpu;
        }
    }
    return sd == NULL ? -1 : best >= 0 ? best : target;
}
