/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpu.weight: what a cgroup weighs on each CPU (kernel/sched/fair.c: update_cfs_group(), 6.12; the
 * modes of 7.3).
 *
 * A cgroup's shares are spread over the CPUs in proportion to the load that it has on each. The load
 * of the CPU at hand is what is queued there now, or its average if that is more; those of the
 * others are what their queues last told (queue-load.c).
 */
#include "kernel/internal.h"

/* kernel/sched/sched.h: MIN_SHARES, scaled up; WEIGHT_IDLEPRIO; sched_prio_to_weight[0]. */
enum { MIN_SHARES = 2, IDLE_SHARES = 3, NICE_MIN_WEIGHT = 88761 };

/* cpu.weight 1..10000 as shares, 100 = 1024 (kernel/sched/core.c: cpu_weight_write_u64()), or what
 * stands in the table for a nice value (cpu_weight_nice_write_s64()); scaled up. */
static uint64_t cgroup_shares(const struct kernel_cgroup *cg)
{
    uint64_t shares = cg->idle       ? IDLE_SHARES
                      : cg->has_nice ? nice_to_weight(cg->nice)
                                     : MAX(((uint64_t)cg->weight * 1024 + 50) / 100, MIN_SHARES);

    return shares << LOAD_SHIFT;
}

/* tg_cpus(): the online CPUs of the cpusets that hold for @cg. */
static uint64_t cgroup_nr_cpus(const struct kernel *k, const struct kernel_cgroup *cg)
{
    uint64_t nr = 0;

    for (uint32_t i = 0; i < BITMAP_WORDS((uint32_t)k->nr_cpus); i++) {
        uint64_t word = k->online[i];

        for (const struct kernel_cgroup *up = cg; up->parent >= 0; up = k->cgroups[up->parent]) {
            word &= up->cpus != NULL ? up->cpus[i] : UINT64_MAX;
        }
        nr += (uint64_t)__builtin_popcountll(word);
    }
    return MAX(nr, 1);
}

/* tg_tasks(). */
static uint64_t cgroup_nr_runnable(const struct kernel_cgroup *cg)
{
    return MAX(cg->runnable_avg >> 10, 1);
}

/* __calc_smp_shares(): of @shares, what falls to @q; at most @most. */
static uint64_t part_of(const struct kernel_cgroup *cg, const struct fair_queue *q, uint64_t shares,
                        uint64_t most)
{
    uint64_t load = MAX(load_scale_down(q->load_weight), q->avg->load_avg);
    uint64_t total = cg->load_avg - q->told_load + load;
    uint64_t part = (uint64_t)((uint128)shares * load / (total > 0 ? total : 1));

    return CLAMP(part, MIN_SHARES, most);
}

static uint64_t queue_shares(const struct kernel *k, const struct fair_queue *q)
{
    const struct kernel_cgroup *cg = k->cgroups[q->pub.cgroup];
    uint64_t shares = cgroup_shares(cg), nr = 1;

    switch ((enum host_cgroup_mode)k->host[HOST_CGROUP_MODE]) {
    case CGROUP_MODE_UP:
        return shares;
    case CGROUP_MODE_MAX:
        return part_of(cg, q, shares * cgroup_nr_cpus(k, cg),
                       (uint64_t)NICE_MIN_WEIGHT << LOAD_SHIFT);
    case CGROUP_MODE_CONCUR:
        nr = MIN(cgroup_nr_runnable(cg), cgroup_nr_cpus(k, cg));
        break;
    case CGROUP_MODE_TASKS:
        nr = cgroup_nr_runnable(cg);
        break;
    case CGROUP_MODE_SMP:
        break;
    }
    return part_of(cg, q, shares * nr, shares * nr);
}

void cgroup_update_weight(struct kernel *k, struct fair_queue *q)
{
    /* An empty one keeps its weight; one that is throttled gets its own when it is back. */
    if (q->load_weight > 0 && q->throttle_count == 0) {
        fair_reweight_queue(k, q, queue_shares(k, q));
    }
}

void cgroup_update_weights(struct kernel *k, const struct task *t)
{
    for (struct fair_queue *q = t->queue; q->parent != NULL; q = q->parent) {
        cgroup_update_weight(k, q);
    }
}

bool cgroup_is_idle(const struct kernel *k, int32_t cgroup)
{
    while (cgroup > 0 && !k->cgroups[cgroup]->idle) {
        cgroup = k->cgroups[cgroup]->parent;
    }
    return cgroup > 0;
}

/* Only before it has queues: the workload says it at the start. */
void kernel_cgroup_set_idle(struct kernel *k, int32_t cgroup)
{
    k->cgroups[cgroup]->idle = true;
}

void kernel_cgroup_set_nice(struct kernel *k, int32_t cgroup, int32_t nice)
{
    k->cgroups[cgroup]->has_nice = true;
    k->cgroups[cgroup]->nice = nice;
}

/* sched_group_set_shares(). */
void kernel_cgroup_set_weight(struct kernel *k, int32_t cgroup, uint32_t weight)
{
    struct kernel_cgroup *cg = k->cgroups[cgroup];

    cg->weight = weight;
    cg->has_nice = false;
    for (int32_t cpu = 0; cg->queues != NULL && cpu < k->nr_cpus; cpu++) {
        struct fair_queue *q = cg->queues[cpu];

        if (q != NULL && q->nr_entities > 0) {
            tick_catch_up(k, cpu_rq(k, cpu));
            update_curr(k, cpu_rq(k, cpu));
            queue_update_path(k, cpu_rq(k, cpu), q);
            for (; q->parent != NULL; q = q->parent) {
                cgroup_update_weight(k, q);
            }
        }
    }
}
