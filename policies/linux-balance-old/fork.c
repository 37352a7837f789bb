/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel/sched/fair.c, 4.3: find_idlest_group(), find_idlest_cpu(), and the loop around them. */
#include "old.h"

/* The group of @sd for a new task on @cpu, by load alone; NULL for the one that holds @cpu. */
static const struct numasim_group *find_idlest_group(const struct numasim_self *self,
                                                     const struct numasim_domain *sd,
                                                     const struct numasim_task *task, int32_t cpu)
{
    struct numasim_host *host = self->host;
    const struct numasim_group *idlest = NULL;
    uint64_t least = UINT64_MAX, here = 0;
    uint64_t pct = 100 + (sd->imbalance_pct - 100) / 2;
    int32_t nr_cpus = numasim_nr_cpus(host);

    for (uint32_t i = 0; i < sd->nr_groups; i++) {
        const struct numasim_group *group = &sd->groups[i];
        uint64_t load = 0;

        if (numasim_mask_next(group->span, task->allowed, nr_cpus, 0) == nr_cpus) {
            continue;
        }
        for (int32_t c = numasim_mask_next(group->span, NULL, nr_cpus, 0); c < nr_cpus;
             c = numasim_mask_next(group->span, NULL, nr_cpus, c + 1)) {
            load += old_cpu_load(self, c); /* forkexec_idx is 0 at all levels */
        }
        load = load * OLD_SCALE / ((const struct old_sgc *)group->state[self->slot])->capacity;
        if (numasim_mask_test(group->span, cpu)) {
            here = load;
        } else if (load < least) {
            least = load;
            idlest = group;
        }
    }
    return idlest == NULL || 100 * here < pct * least ? NULL : idlest;
}

/* The CPU that idled last, or the one with the least load. */
static int32_t find_idlest_in_group(const struct numasim_self *self,
                                    const struct numasim_group *group,
                                    const struct numasim_task *task, int32_t this_cpu)
{
    int32_t nr_cpus = numasim_nr_cpus(self->host), idlest = -1, least = -1;
    int64_t latest_ns = -1;
    uint64_t least_load = UINT64_MAX;

    for (int32_t cpu = numasim_mask_next(group->span, task->allowed, nr_cpus, 0); cpu < nr_cpus;
         cpu = numasim_mask_next(group->span, task->allowed, nr_cpus, cpu + 1)) {
        const struct numasim_cpu *c = numasim_cpu(self->host, cpu);

        if (!c->online) {
            continue;
        }
        if (c->idle) {
            if (c->idle_since_ns > latest_ns) {
                latest_ns = c->idle_since_ns;
                idlest = cpu;
            }
        } else if (idlest < 0) {
            uint64_t load = old_cpu_load(self, cpu);

            if (load < least_load || (load == least_load && cpu == this_cpu)) {
                least_load = load;
                least = cpu;
            }
        }
    }
    return idlest >= 0 ? idlest : least >= 0 ? least : this_cpu;
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

int32_t old_find_idlest_cpu(struct numasim_self *self, struct numasim_domain *sd,
                            struct numasim_task *task, int32_t cpu, uint32_t flag,
                            struct numasim_decision *d)
{
    int32_t waker = cpu;

    while (sd != NULL) {
        const struct numasim_group *group =
            sd->flags & flag ? find_idlest_group(self, sd, task, cpu) : NULL;
        int32_t next = group != NULL ? find_idlest_in_group(self, group, task, cpu) : cpu;

        if (next == cpu) {
            sd = sd->child;
        } else {
            cpu = next;
            sd = domain_below(self->host, cpu, sd->span_weight, flag);
        }
    }
    numasim_decide(d, cpu, cpu == waker ? OLD_REASON_STAY : OLD_REASON_IDLEST);
    return cpu;
}
