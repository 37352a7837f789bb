/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel/sched/fair.c, 6.12: sched_balance_find_dst_cpu() and what it calls, the slow path. */
#include "linux-balance.h"

/* Takes @task, which runs on a CPU that @g has, out of it. */
static void leave_out(const struct numasim_self *self, struct lb_group *g,
                      struct numasim_task *task)
{
    struct numasim_load own = numasim_task_load(self->host, task);
    struct lb_group with = {0}, without = {0};

    lb_group_add_load(self, &with, task->cpu, NULL);
    lb_group_add_load(self, &without, task->cpu, &own);
    g->load -= with.load - without.load;
    g->util -= with.util - without.util;
    g->runnable -= with.runnable - without.runnable;
    g->nr_running--;
    g->nr_fair--;
    g->idle_cpus += numasim_cpu(self->host, task->cpu)->nr_running == 1;
}

/* True iff @task, which runs (a new one has no utilisation yet), fits a CPU of @group. */
static bool fits_one_of(const struct numasim_self *self, const struct numasim_group *group,
                        struct numasim_task *task)
{
    uint64_t util = lb_util(self, numasim_task_load(self->host, task));
    int32_t nr_cpus = numasim_nr_cpus(self->host);

    for (int32_t cpu = numasim_mask_next(group->span, task->allowed, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(group->span, task->allowed, nr_cpus, cpu + 1)) {
        if (lb_fits_cpu(self, util, cpu)) {
            return true;
        }
    }
    return false;
}

/* Of the CPUs of @group that @task may use, without what @task itself (in exec) adds to them. */
static struct lb_group group_for_task(const struct numasim_self *self,
                                      const struct numasim_domain *sd,
                                      const struct numasim_group *group, struct numasim_task *task)
{
    struct numasim_host *host = self->host;
    bool asym = (sd->flags & NUMASIM_SD_ASYM_CPUCAPACITY) != 0 &&
                numasim_cpu(host, task->cpu)->curr == task;
    struct lb_group g = {.misfit_load = asym && !fits_one_of(self, group, task),
                         .max_capacity = lb_sgc(self, group)->max_capacity,
                         .capacity = lb_sgc(self, group)->capacity,
                         .weight = group->weight,
                         .cores = group->cores,
                         .smt = (group->flags & NUMASIM_SD_SHARE_CPUCAPACITY) != 0};

    lb_group_add_counts(self, &g, group, task->allowed);
    lb_group_add_loads(self, &g, group, task->allowed);
    if (numasim_cpu(host, task->cpu)->curr == task && numasim_mask_test(group->span, task->cpu) &&
        numasim_mask_test(task->allowed, task->cpu)) {
        leave_out(self, &g, task);
    }
    g.type = lb_group_type(&g, lb_imbalance_pct(self, sd), false, false);
    if (g.type == LB_FULLY_BUSY || g.type == LB_OVERLOADED) {
        g.avg_load = g.load * 1024 / g.capacity;
    }
    return g;
}

/* imb_numa_nr, or the CPUs of the local group that the task may use if those are fewer. */
static uint32_t allowed_imbalance(const struct numasim_self *self, const struct numasim_domain *sd,
                                  const struct numasim_group *local,
                                  const struct numasim_task *task)
{
    int32_t nr_cpus = numasim_nr_cpus(self->host);
    uint32_t usable = 0;

    if (task->nr_allowed == numasim_nr_online(self->host) || !self->param[LB_PARAM_NUMA_PINNED]) {
        return sd->imb_numa_nr;
    }
    for (int32_t word = 0; word * 64 < nr_cpus; word++) {
        usable += lb_weight(local->span[word] & task->allowed[word]);
    }
    return usable < sd->imb_numa_nr ? usable : sd->imb_numa_nr;
}

/* The group of @sd for a new task on @cpu, NULL for the one that holds @cpu. */
static const struct numasim_group *find_idlest_group(const struct numasim_self *self,
                                                     const struct numasim_domain *sd,
                                                     struct numasim_task *task, int32_t cpu,
                                                     struct numasim_decision *d)
{
    const struct numasim_host *host = self->host;
    const struct numasim_group *local = NULL, *idlest = NULL;
    struct lb_group local_stats = {0};
    struct lb_group idlest_stats = {.type = LB_OVERLOADED, .avg_load = UINT64_MAX};
    bool numa = (sd->flags & NUMASIM_SD_NUMA) != 0;
    int32_t nr_cpus = numasim_nr_cpus(host);

    for (uint32_t i = 0; i < sd->nr_groups; i++) {
        const struct numasim_group *group = &sd->groups[i];

        if (numasim_mask_next(group->span, task->allowed, nr_cpus, 0) == nr_cpus) {
            continue;
        }
        struct lb_group g = group_for_task(self, sd, group, task);
        if (numasim_mask_test(group->span, cpu)) {
            local = group;
            local_stats = g;
        } else if (lb_idler(&g, &idlest_stats)) {
            idlest = group;
            idlest_stats = g;
        }
    }
    if (idlest == NULL || local == NULL) {
        return idlest;
    }
    numasim_compared(d, "local_idle_cpus", local_stats.idle_cpus);
    numasim_compared(d, "idlest_idle_cpus", idlest_stats.idle_cpus);
    if (numa && task->preferred_node >= 0 && local_stats.type == LB_HAS_SPARE &&
        idlest_stats.type == LB_HAS_SPARE) {
        int32_t first = numasim_mask_next(idlest->span, NULL, nr_cpus, 0);

        if (numasim_cpu(host, cpu)->node == task->preferred_node) {
            return NULL;
        }
        if (numasim_cpu(host, first)->node == task->preferred_node) {
            return idlest;
        }
    }
    struct lb_fork domain = {.numa = numa,
                             .span_weight = sd->span_weight,
                             .imbalance_pct = lb_imbalance_pct(self, sd),
                             .imb_numa_nr = numa ? allowed_imbalance(self, sd, local, task) : 0};

    return lb_prefer_idlest(&lb_state(self)->rules, &local_stats, &idlest_stats, &domain) ? idlest
                                                                                          : NULL;
}

/* The one of @group that idled last, or -1. */
static int32_t last_idled(const struct numasim_self *self, const struct numasim_group *group,
                          const struct numasim_task *task)
{
    const struct lb_sgc *sgc = lb_sgc(self, group);
    int64_t latest_ns = -1;
    int32_t found = -1;

    for (int32_t word = sgc->first_word; word < sgc->end_word; word++) {
        uint64_t bits = group->span[word] & task->allowed[word] & lb_state(self)->idle[word];

        for (; bits != 0; bits &= bits - 1) {
            const struct numasim_cpu *c =
                numasim_cpu(self->host, word * 64 + __builtin_ctzll(bits));

            if (c->idle_since_ns > latest_ns) {
                latest_ns = c->idle_since_ns;
                found = c->id;
            }
        }
    }
    return found;
}

/* The one of @group with the least load. */
static int32_t least_loaded(const struct numasim_self *self, const struct numasim_group *group,
                            const struct numasim_task *task, int32_t otherwise)
{
    int32_t nr_cpus = numasim_nr_cpus(self->host), least = otherwise;
    uint64_t least_load = UINT64_MAX;

    for (int32_t cpu = numasim_mask_next(group->span, task->allowed, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(group->span, task->allowed, nr_cpus, cpu + 1)) {
        uint64_t load = numasim_cpu_load(self->host, cpu).load_avg;

        if (load < least_load) {
            least_load = load;
            least = cpu;
        }
    }
    return least;
}

/* The first that runs SCHED_IDLE tasks alone, the one that idled last, or the one with the least load.
 * Leaving idle costs the same everywhere here, so that the kernel's first criterion, the exit latency,
 * never decides. The loads of the group have been added up just before. */
static int32_t find_idlest_in_group(const struct numasim_self *self,
                                    const struct numasim_group *group,
                                    const struct numasim_task *task, int32_t otherwise)
{
    const uint64_t *sched_idle = numasim_sched_idle_mask(self->host);
    const struct lb_sgc *sgc = lb_sgc(self, group);
    int32_t found;

    for (int32_t word = sgc->first_word; sched_idle != NULL && word < sgc->end_word; word++) {
        uint64_t bits = group->span[word] & task->allowed[word] & sched_idle[word];

        if (bits != 0) {
            return word * 64 + __builtin_ctzll(bits);
        }
    }
    found = last_idled(self, group, task);
    return found >= 0 ? found : least_loaded(self, group, task, otherwise);
}

/* The highest domain of @cpu that has @flag and spans fewer than @weight CPUs. */
static struct numasim_domain *domain_below(struct numasim_host *host, int32_t cpu, uint32_t weight,
                                           uint32_t flag)
{
    struct numasim_domain *found = NULL;

    for (struct numasim_domain *sd = numasim_cpu(host, cpu)->domain;
         sd != NULL && sd->span_weight < weight; sd = sd->parent) {
        if (sd->flags & flag) {
            found = sd;
        }
    }
    return found;
}

int32_t lb_find_idlest_cpu(struct numasim_self *self, struct numasim_domain *sd,
                           struct numasim_task *task, int32_t cpu, int32_t prev, uint32_t flag,
                           struct numasim_decision *d)
{
    struct numasim_host *host = self->host;
    int32_t nr_cpus = numasim_nr_cpus(host), waker = cpu;

    if (numasim_mask_next(sd->span, task->allowed, nr_cpus, 0) == nr_cpus) {
        numasim_decide(d, prev, LB_REASON_NOT_ALLOWED);
        return prev;
    }
    while (sd != NULL) {
        const struct numasim_group *group = NULL;
        int32_t next = cpu;

        if (sd->flags & flag) {
            group = find_idlest_group(self, sd, task, cpu, d);
        }
        if (group != NULL) {
            next = find_idlest_in_group(self, group, task, cpu);
        }
        if (next == cpu) {
            sd = sd->child;
        } else {
            cpu = next;
            sd = domain_below(host, cpu, sd->span_weight, flag);
        }
    }
    numasim_decide(d, cpu, cpu == waker ? LB_REASON_STAY : LB_REASON_IDLEST);
    return cpu;
}
