/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The old balancer's decisions as plain functions of numbers: no host, no state. Formulas are those of
 * kernel/sched/fair.c as it was from 3.19 to 4.3 and in principle until 5.4, under the name that each
 * comment gives; integers, truncating. The comments say where one of the patches of the paper in
 * plugin.c takes effect.
 */
#ifndef LINUX_BALANCE_OLD_RULES_H
#define LINUX_BALANCE_OLD_RULES_H

#include <stdbool.h>
#include <stdint.h>

#define OLD_SCALE 1024u /* SCHED_LOAD_SCALE, SCHED_CAPACITY_SCALE */

/* What the balancing CPU is doing. */
enum old_idle { OLD_BUSY, OLD_IDLE, OLD_NEWLY_IDLE };

/* What a group needs, the higher the more (enum group_type). */
enum old_type { OLD_OTHER, OLD_IMBALANCED, OLD_OVERLOADED };

/* One sched_group, summed over its CPUs (struct sg_lb_stats). */
struct old_group {
    uint64_t load;     /* of its CPUs, smoothed towards the local group */
    uint64_t weighted; /* the same, as it is now */
    uint64_t util, capacity;
    uint64_t avg_load; /* load for 1024 of capacity */
    uint64_t load_per_task;
    uint64_t min_load, max_load; /* of one CPU: the patch of "Group Imbalance" */
    uint32_t nr_running;         /* fair tasks */
    uint32_t idle_cpus, weight;
    bool no_capacity;
    enum old_type type;
};

/* A domain seen from the group that balances (struct sd_lb_stats). */
struct old_domain_stats {
    struct old_group local, busiest;
    bool has_busiest;
    uint64_t total_load, total_capacity; /* of all groups; what two groups share counts twice */
    uint64_t dst_load_per_task;          /* of the CPU that balances: cpu_avg_load_per_task() */
    enum old_idle idle;
    uint32_t imbalance_pct;
    bool by_min_load;        /* the patch of "Group Imbalance" */
    bool idle_takes_surplus; /* 4.18 on: what a newly idle CPU may do, any idle one may */
};

/* Fills in what follows from the sums of @g (group_is_overloaded(), group_classify()). */
void old_group_finish(struct old_group *g, uint32_t imbalance_pct, bool imbalanced);
/* True iff @g could run more (group_has_capacity()). */
bool old_has_capacity(const struct old_group *g, uint32_t imbalance_pct);
/* True iff @g should replace @busiest, neither local (update_sd_pick_busiest()). */
bool old_busier(const struct old_group *g, const struct old_group *busiest, bool has_busiest,
                bool by_min_load);
/* Load to pull from the busiest group; 0 in *@ret_balanced's absence means that a queue is looked
 * for all the same, as the kernel does (find_busiest_group(), calculate_imbalance()). */
int64_t old_find_imbalance(const struct old_domain_stats *sds, bool *ret_balanced);

/* cpu_load[1..4] after @ticks ticks with @load; @history has four members
 * (__update_cpu_load(); the kernel decays several missed ticks by a table that is a little
 * coarser). */
void old_decay_history(uint64_t *history, uint64_t load, int64_t ticks);

/* Load indices of sd_init() by what the domain is. */
uint32_t old_load_idx(bool share_capacity, bool share_llc, bool numa, enum old_idle idle);

/* True iff the waking CPU carries no more, with the task, than the previous one (wake_affine()).
 * Capacities are per CPU. */
bool old_wake_affine(uint64_t this_load, uint64_t prev_load, uint64_t task_load,
                     uint32_t this_capacity, uint32_t prev_capacity, uint32_t imbalance_pct);

#endif
