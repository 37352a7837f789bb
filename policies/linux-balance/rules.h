/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The balancer's decisions as plain functions of numbers: no host, no state. All formulas are those of
 * kernel/sched/fair.c, 6.12, under the name that each comment gives; integers, truncating. Where
 * releases differ, struct lb_rules says which.
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
    LB_LLC_BALANCE, /* 7.3: has tasks that prefer the balancing CPU's LLC */
    LB_OVERLOADED
};

/* How many tasks more a node may run than another. */
enum lb_numa_rule {
    LB_NUMA_PAIR,    /* a source with up to two keeps them (5.10) */
    LB_NUMA_QUARTER, /* a difference of two while less than a quarter of the CPUs has work (5.11) */
    LB_NUMA_NR,      /* a difference of two while no more than imb_numa_nr run (5.18) */
    LB_NUMA_NONE     /* any difference is evened out (5.5) */
};

/* What releases do differently; the parameters of the same names say more. */
struct lb_rules {
    bool smt_balance;            /* a core with two tasks is a source for a CPU that idles */
    bool sibling_imbalance;      /* tasks are compared for each core, and by idle CPUs only */
    bool fully_busy_last;        /* of full groups the last one that is no core, not the first */
    bool spare_smt;              /* groups with room: a core is a source from two tasks on */
    bool prefer_sibling_busiest; /* whose flags: the busiest group's, or the child domain's */
    bool util_within_llc;        /* room is filled by utilisation within an LLC, too */
    enum lb_numa_rule numa_imbalance;
    bool numa_total; /* what is allowed is held against the whole difference, not its half */
};

/* In what unit an imbalance is counted (enum migration_type). */
enum lb_migration {
    LB_MIGRATE_LOAD,
    LB_MIGRATE_UTIL,
    LB_MIGRATE_TASK,
    LB_MIGRATE_MISFIT,
    LB_MIGRATE_LLC_TASK
};

/* One sched_group, summed over its CPUs (struct sg_lb_stats). */
struct lb_group {
    uint64_t load, util, runnable; /* sums of the CPUs' averages */
    uint64_t capacity;             /* 1024 a CPU */
    uint64_t avg_load;   /* load for 1024 of capacity; 0 where its type has no use for it */
    uint32_t nr_running; /* tasks of all classes */
    uint32_t nr_fair;    /* tasks of the fair class */
    uint32_t idle_cpus;
    uint32_t weight, cores;              /* CPUs and cores, busy or not */
    uint64_t misfit_load;                /* the largest of a task too big for its CPU; 0: none */
    uint32_t min_capacity, max_capacity; /* of a CPU */
    int32_t prefer_priority;             /* highest rank of a CPU */
    uint32_t
        nr_prefer_dst; /* tasks that prefer the balancing CPU's LLC and may go there; 0: none */
    bool packs;        /* its work should move to the balancing CPU for that one's rank */
    bool loaded;       /* load, util and runnable are summed up */
    bool smt;          /* made from a domain of SMT siblings */
    enum lb_group_type type;
};

/* A domain seen from the group that balances (struct sd_lb_stats). */
struct lb_domain_stats {
    const struct lb_rules *rules;
    struct lb_group local, busiest;
    bool has_busiest;
    uint64_t total_load, total_capacity; /* of all groups; what two groups share counts twice */
    bool prefer_sibling;                 /* the level below wants its tasks spread */
    bool numa, share_llc;                /* of the domain */
    enum lb_idle idle;
    uint32_t imbalance_pct, imb_numa_nr;
    bool asym_capacity;    /* of the domain */
    uint32_t dst_capacity; /* of the balancing CPU */
};

struct lb_imbalance {
    enum lb_migration migration;
    int64_t amount;    /* load, utilisation or tasks; 0: balanced */
    bool numa_allowed; /* 0, because nodes may differ by that */
};

/* Numbers of a wake_affine() comparison. */
struct lb_affine {
    int64_t this_load, prev_load, task_load, waker_load;
    uint32_t this_capacity, prev_capacity;
    uint32_t imbalance_pct;
    bool sync;
    bool bias; /* half of imbalance_pct in favour of the waking CPU (WA_BIAS) */
};

/*
 * The type of @g, whose sums are complete (group_classify()). @imbalanced: its sgc->imbalance is set;
 * @smt_pull: @g is not the local group and the CPU that balances idles.
 */
/* True iff the type of a group with the counts of @g depends on its loads, too. */
static inline bool lb_type_needs_load(const struct lb_group *g)
{
    return g->nr_running >= g->weight;
}

enum lb_group_type lb_group_type(const struct lb_group *g, uint32_t imbalance_pct, bool imbalanced,
                                 bool smt_pull);

/* True iff @g should replace @busiest, both not local (update_sd_pick_busiest()). */
bool lb_busier(const struct lb_rules *rules, const struct lb_group *g,
               const struct lb_group *busiest, bool has_busiest);

/* True iff what @g has is of no use for the balancing CPU's capacity, so that @g is not to replace the
 * busiest group (update_sd_pick_busiest()). Where nothing tells groups apart but that, @g is of a type
 * with the busiest one; the first candidate is held against a group with room. */
bool lb_wrong_capacity(const struct lb_domain_stats *sds, const struct lb_group *g,
                       bool has_busiest);

/* True iff a CPU of @capacity has a fifth to spare beside @util (fits_capacity()). */
bool lb_fits(uint64_t util, uint32_t capacity);
/* True iff capacity @a exceeds @b by more than a twentieth (capacity_greater()). */
bool lb_capacity_greater(uint32_t a, uint32_t b);

/* True iff lb_find_imbalance() looks at @sds->total_load, and at no group's before. */
bool lb_needs_total_load(const struct lb_domain_stats *sds);
/* True iff it looks at @sds->local's loads. */
bool lb_needs_local_load(const struct lb_domain_stats *sds);

/* How much to pull from the busiest group (find_busiest_group(), calculate_imbalance()). */
struct lb_imbalance lb_find_imbalance(const struct lb_domain_stats *sds);

/* Tasks by which @busiest exceeds @local, for their numbers of cores (sibling_imbalance()). */
int64_t lb_sibling_imbalance(const struct lb_group *local, const struct lb_group *busiest,
                             enum lb_idle idle);

/* An imbalance of @imbalance tasks between nodes, where the destination would run @dst_running and
 * @imb_numa_nr are allowed beside each other: 0 if it is to be left (adjust_numa_imbalance()). */
int64_t lb_adjust_numa_imbalance(int64_t imbalance, uint32_t dst_running, uint32_t imb_numa_nr);

/* The same by @rules, for tasks that @local would pull from @busiest. */
int64_t lb_allow_numa_imbalance(const struct lb_rules *rules, int64_t imbalance,
                                const struct lb_group *local, const struct lb_group *busiest,
                                uint32_t imb_numa_nr);

/* A domain that a new task goes through. */
struct lb_fork {
    bool numa;
    uint32_t span_weight, imbalance_pct, imb_numa_nr;
};

/* True iff a new task goes to @idlest rather than stay in @local, of which neither runs it
 * (find_idlest_group()). */
bool lb_prefer_idlest(const struct lb_rules *rules, const struct lb_group *local,
                      const struct lb_group *idlest, const struct lb_fork *domain);
/* True iff @g is a better place for a new task than @idlest (update_pick_idlest()). */
bool lb_idler(const struct lb_group *g, const struct lb_group *idlest);

/* CPUs that a wakeup may look at, from the utilisation of its LLC (update_idle_cpu_scan()). */
uint32_t lb_nr_idle_scan(uint64_t sum_util, uint32_t llc_weight, uint32_t imbalance_pct);

/* The same from how long the waking CPU idles on average and what a look at a CPU cost of late
 * (select_idle_cpu(), 5.10: SIS_PROP). */
uint32_t lb_nr_idle_scan_prop(int64_t avg_idle_ns, int64_t avg_scan_cost_ns, uint32_t span_weight);

/* True iff the waking CPU carries less, with the task, than the previous one without it
 * (wake_affine_weight()). */
bool lb_affine_by_weight(const struct lb_affine *a);

/* True iff waker and wakee talk to too many to be kept together (wake_wide()). */
bool lb_wake_wide(uint32_t waker_flips, uint32_t wakee_flips, uint32_t llc_size);

/* Jiffies between two balances of a domain (get_sd_balance_interval()): @interval_ms is its
 * balance_interval, the longest interval is HZ * @nr_online / 10 jiffies; @minus_one: a busy CPU's is a
 * jiffy shorter. */
int64_t lb_interval_jiffies(uint32_t interval_ms, uint32_t busy_factor, bool busy, bool minus_one,
                            int64_t tick_ns, int32_t nr_online);

/* NI_RATE: the share of newidle balances that go on, in 1/1024, @success of them since a roll-over
 * that was @since_ns ago (update_newidle_stats(), 7.3). */
uint32_t lb_newidle_ratio(uint32_t success, int64_t since_ns);

#endif
