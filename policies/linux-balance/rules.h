/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The balancer's decisions as plain functions of numbers: no host, no state. All formulas are those of
 * kernel/sched/fair.c, 6.12, under the name that each comment gives; integers, truncating.
 */
#ifndef LINUX_BALANCE_RULES_H
#define LINUX_BALANCE_RULES_H

#include <stdbool.h>
#include <stdint.h>

/* What the balancing CPU is doing. */
enum lb_idle { LB_BUSY, LB_IDLE, LB_NEWLY_IDLE };

/* What a group needs, the higher the more (enum group_type). */
enum lb_group_type {
    LB_HAS_SPARE,
    LB_FULLY_BUSY,
    LB_MISFIT_TASK,
    LB_SMT_BALANCE,
    LB_ASYM_PACKING,
    LB_IMBALANCED,
    LB_OVERLOADED
};

/* In what unit an imbalance is counted (enum migration_type). */
enum lb_migration { LB_MIGRATE_LOAD, LB_MIGRATE_UTIL, LB_MIGRATE_TASK };

/* One sched_group, summed over its CPUs (struct sg_lb_stats). */
struct lb_group {
    uint64_t load, util, runnable; /* sums of the CPUs' averages */
    uint64_t capacity;             /* 1024 a CPU */
    uint64_t avg_load;   /* load for 1024 of capacity; 0 where its type has no use for it */
    uint32_t nr_running; /* tasks of all classes */
    uint32_t nr_fair;    /* tasks of the fair class */
    uint32_t idle_cpus;
    uint32_t weight, cores; /* CPUs and cores, busy or not */
    bool smt;               /* made from a domain of SMT siblings */
    enum lb_group_type type;
};

/* A domain seen from the group that balances (struct sd_lb_stats). */
struct lb_domain_stats {
    struct lb_group local, busiest;
    bool has_busiest;
    uint64_t total_load, total_capacity; /* of all groups; what two groups share counts twice */
    bool prefer_sibling;                 /* busiest's child domain wants its tasks spread */
    bool numa, share_llc;                /* of the domain */
    enum lb_idle idle;
    uint32_t imbalance_pct, imb_numa_nr;
};

struct lb_imbalance {
    enum lb_migration migration;
    int64_t amount; /* load, utilisation or tasks; 0: balanced */
};

/* Numbers of a wake_affine() comparison. */
struct lb_affine {
    int64_t this_load, prev_load, task_load, waker_load;
    uint32_t this_capacity, prev_capacity;
    uint32_t imbalance_pct;
    bool sync;
};

/*
 * The type of @g, whose sums are complete (group_classify()). @imbalanced: its sgc->imbalance is set;
 * @smt_pull: @g is not the local group and the CPU that balances idles.
 */
enum lb_group_type lb_group_type(const struct lb_group *g, uint32_t imbalance_pct, bool imbalanced,
                                 bool smt_pull);

/* True iff @g should replace @busiest, both not local (update_sd_pick_busiest()). */
bool lb_busier(const struct lb_group *g, const struct lb_group *busiest, bool has_busiest);

/* How much to pull from the busiest group (find_busiest_group(), calculate_imbalance()). */
struct lb_imbalance lb_find_imbalance(const struct lb_domain_stats *sds);

/* Tasks by which @busiest exceeds @local, for their numbers of cores (sibling_imbalance()). */
int64_t lb_sibling_imbalance(const struct lb_group *local, const struct lb_group *busiest,
                             enum lb_idle idle);

/* An imbalance of @imbalance tasks between nodes, where the destination would run @dst_running and
 * @imb_numa_nr are allowed beside each other: 0 if it is to be left (adjust_numa_imbalance()). */
int64_t lb_adjust_numa_imbalance(int64_t imbalance, uint32_t dst_running, uint32_t imb_numa_nr);

/* True iff a new task goes to @idlest rather than stay in @local, of which neither runs it
 * (find_idlest_group()). @numa, @imbalance_pct and @imb_numa_nr are the domain's. */
bool lb_prefer_idlest(const struct lb_group *local, const struct lb_group *idlest, bool numa,
                      uint32_t imbalance_pct, uint32_t imb_numa_nr);
/* True iff @g is a better place for a new task than @idlest (update_pick_idlest()). */
bool lb_idler(const struct lb_group *g, const struct lb_group *idlest);

/* CPUs that a wakeup may look at, from the utilisation of its LLC (update_idle_cpu_scan()). */
uint32_t lb_nr_idle_scan(uint64_t sum_util, uint32_t llc_weight, uint32_t imbalance_pct);

/* True iff the waking CPU carries less, with the task, than the previous one without it
 * (wake_affine_weight()). */
bool lb_affine_by_weight(const struct lb_affine *a);

/* True iff waker and wakee talk to too many to be kept together (wake_wide()). */
bool lb_wake_wide(uint32_t waker_flips, uint32_t wakee_flips, uint32_t llc_size);

/* Jiffies between two balances of a domain (get_sd_balance_interval()): @interval_ms is its
 * balance_interval, the longest interval is HZ * @nr_online / 10 jiffies. */
int64_t lb_interval_jiffies(uint32_t interval_ms, uint32_t busy_factor, bool busy, int64_t tick_ns,
                            int32_t nr_online);

#endif
