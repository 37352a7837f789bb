/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of linux-balance-old share: the state they keep on the host's objects, and their
 * calls. Times in jiffies end in `_j`, others in `_ns`.
 *
 *   rules.c    formulas alone
 *   load.c     the load of CPUs and tasks, and its history
 *   wake.c     a CPU for a task that wakes
 *   fork.c     a CPU for a new or exec'ing task
 *   stats.c    groups summed up; the busiest group, the busiest queue
 *   pass.c     one balance of one domain for one CPU: which tasks move, what follows
 *   periodic.c when: ticks, intervals, newidle, nohz
 *   plugin.c   the descriptor, its parameters, the making of the state
 */
#ifndef LINUX_BALANCE_OLD_H
#define LINUX_BALANCE_OLD_H

#include <numasim-policy.h>

#include "rules.h"

#define OLD_MAX_CPUS  8192
#define OLD_MAX_WORDS (OLD_MAX_CPUS / 64)

enum old_param {
    OLD_PARAM_MIGRATION_COST,
    OLD_PARAM_NR_MIGRATE,
    OLD_PARAM_LB_BIAS,
    OLD_PARAM_GROUP_IMBALANCE,
    OLD_PARAM_IDLE_TAKES_SURPLUS,
    OLD_PARAM_WAKE_AFFINE,
    OLD_PARAM_WAKE_SEARCH,
    OLD_PARAM_IDLE_SIBLING,
    OLD_PARAM_NOHZ_BALANCE,
    OLD_PARAM_OVERLAP_GROUPS,
    OLD_PARAM_HOTPLUG_DROPS_NUMA,
    OLD_PARAM_SMT_GAIN,
    OLD_PARAM_CACHE_HOT_BUDDY,
    OLD_PARAM_LB_MIN,
};

/* Values of parameters that are choices. */
enum { OLD_GROUP_IMBALANCE_OLD, OLD_GROUP_IMBALANCE_FIXED };
enum { OLD_AFFINE_LOAD, OLD_AFFINE_IDLE };
enum { OLD_SEARCH_LLC, OLD_SEARCH_LONGEST_IDLE };
enum { OLD_SIBLING_GROUPS, OLD_SIBLING_SCAN };

/* In the order of old_reasons[]. */
enum old_reason {
    OLD_REASON_TARGET_IDLE,
    OLD_REASON_PREV_IDLE,
    OLD_REASON_IDLE_GROUP,
    OLD_REASON_IDLE_CORE,
    OLD_REASON_IDLE_CPU,
    OLD_REASON_LONGEST_IDLE,
    OLD_REASON_NO_IDLE,
    OLD_REASON_NOT_ALLOWED,
    OLD_REASON_IDLEST,
    OLD_REASON_STAY,
    OLD_REASON_NO_DOMAIN,
    OLD_REASON_NO_OVERLOAD,
    OLD_REASON_SHORT_IDLE,
    OLD_REASON_PULLED,
    OLD_REASON_BALANCED,
    OLD_REASON_NOT_DUE,
    OLD_REASON_OTHER_BALANCES,
    OLD_REASON_SERIALIZED,
    OLD_REASON_SMALL_IMBALANCE,
    OLD_REASON_NO_SOURCE,
    OLD_REASON_PINNED,
    OLD_REASON_CACHE_HOT,
    OLD_REASON_TOO_BIG,
    OLD_REASON_TOO_SMALL,
};

struct old_state {
    int32_t nr_words; /* of a bitmap of CPUs */
    int64_t hz;
    bool overload;                /* root domain: some CPU had two runnable tasks */
    uint64_t overload_seen;       /* numasim_nr_overloads() when that was last computed */
    int64_t serialize_until_ns;   /* the lock of SD_SERIALIZE domains is held till then */
    int64_t nohz_next_j;          /* nohz.next_balance */
    int32_t nr_nohz;              /* CPUs whose tick is stopped */
    uint64_t cpus[OLD_MAX_WORDS]; /* of the pass at hand: candidates that remain */
};

/* To whom a task's wakeups go. */
struct old_wakee {
    uint32_t flips;
    int32_t last_plus_1; /* id of the last wakee, 0 none */
    int64_t decayed_j;
};

struct old_cpu {
    int64_t next_balance_j;
    int64_t max_idle_cost_ns;
    uint64_t history[4]; /* cpu_load[1..4] */
    uint64_t at_tick;    /* cpu_load[0]: the load at the last tick */
    int64_t history_j;   /* that tick */
    uint32_t capacity;   /* of an SMT thread: its part of smt_gain */
    int32_t llc_first;   /* first CPU of the LLC domain's span; its own number without one */
    uint32_t llc_weight;
    int32_t nr_busy; /* of the LLC of which this is the first CPU */
    bool nohz;       /* its tick is stopped */
    struct old_wakee idle_task;
};

struct old_domain {
    int64_t last_balance_j;
    uint32_t balance_interval_ms;
    uint32_t nr_balance_failed;
    int64_t max_newidle_cost_ns;
    int64_t cost_decayed_j;
};

/* struct sched_group_capacity. */
struct old_sgc {
    bool imbalanced;
    uint64_t capacity; /* of its CPUs */
};

struct old_task {
    struct old_wakee wakee;
    uint64_t h_load; /* when it was last queued */
    bool was_queued;
};

/* A CPU spends time on balancing: simulated time stands still meanwhile, so it is counted here. */
struct old_pass {
    struct numasim_self *self;
    int32_t cpu; /* whose time it is */
    int64_t elapsed_ns;
};

/* One balance of one domain (struct lb_env). */
struct old_env {
    struct numasim_self *self;
    struct numasim_host *host;
    struct numasim_domain *sd;
    int32_t dst_cpu, src_cpu;
    int32_t new_dst_cpu; /* another CPU of the local group that a pinned task may use */
    uint64_t *cpus;      /* candidates that remain */
    enum old_idle idle;
    int64_t imbalance;
    bool all_pinned, some_pinned, dst_pinned;
    uint32_t loop, loop_max;
};

/* Tells why @task, or with NULL all that waits, stayed where it is (numasim_left()). */
static inline void old_left(struct numasim_self *self, int32_t cpu, const struct numasim_task *task,
                            enum old_reason reason)
{
    if (numasim_listens(self->host)) {
        numasim_left(self, cpu, task, (uint32_t)reason);
    }
}

static inline struct old_state *old_state(const struct numasim_self *self)
{
    return self->state;
}
static inline struct old_cpu *old_cpu(const struct numasim_self *self, int32_t cpu)
{
    return numasim_cpu(self->host, cpu)->state[self->slot];
}
static inline struct old_domain *old_domain(const struct numasim_self *self,
                                            const struct numasim_domain *sd)
{
    return sd->state[self->slot];
}
static inline struct old_task *old_task(const struct numasim_self *self,
                                        const struct numasim_task *task)
{
    return task->state[self->slot];
}
static inline bool old_share_cache(const struct numasim_self *self, int32_t a, int32_t b)
{
    return a == b || old_cpu(self, a)->llc_first == old_cpu(self, b)->llc_first;
}
static inline int64_t old_min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* load.c */
/* The task's load as its cgroups scale it; of one that sleeps, as they last did (task_h_load()). */
uint64_t old_task_load(const struct numasim_self *self, struct numasim_task *task);
/* Sum of the loads of the CPU's runnable fair tasks (weighted_cpuload()). */
uint64_t old_cpu_load(const struct numasim_self *self, int32_t cpu);
/* The same, low-balled for a source and high-balled for a target by the history @idx > 0
 * (source_load(), target_load()). */
uint64_t old_source_load(const struct numasim_self *self, int32_t cpu, uint32_t idx);
uint64_t old_target_load(const struct numasim_self *self, int32_t cpu, uint32_t idx);
/* A tick of a CPU that runs something / a CPU that ends idling. */
void old_load_tick(const struct numasim_self *self, int32_t cpu);
void old_load_end_idle(const struct numasim_self *self, int32_t cpu);

/* wake.c: balance's select_cpu(). */
int32_t old_select_cpu(struct numasim_self *self, struct numasim_task *task, int32_t prev_cpu,
                       int32_t waker_cpu, uint32_t flags, struct numasim_decision *d);

/* fork.c: the idlest CPU below @sd, one that has @flag. */
int32_t old_find_idlest_cpu(struct numasim_self *self, struct numasim_domain *sd,
                            struct numasim_task *task, int32_t cpu, uint32_t flag,
                            struct numasim_decision *d);

/* stats.c */
/* Sets env->imbalance and returns the group to pull from, or NULL with nothing to do. */
const struct numasim_group *old_find_busiest_group(struct old_env *env);
/* The CPU of @group to pull from, or -1. */
int32_t old_find_busiest_cpu(const struct old_env *env, const struct numasim_group *group);

/* pass.c: balances @sd for @cpu; returns how many tasks came. *@go_on becomes false where higher
 * domains are not this CPU's business. */
uint32_t old_balance_domain(struct old_pass *pass, int32_t cpu, struct numasim_domain *sd,
                            enum old_idle idle, bool *go_on);

/* periodic.c: balance's newidle(), tick(), kicked(), idle_changed(). */
int32_t old_newidle(struct numasim_self *self, int32_t cpu, struct numasim_decision *d);
int64_t old_tick(struct numasim_self *self, int32_t cpu);
void old_kicked(struct numasim_self *self, int32_t cpu);
void old_idle_changed(struct numasim_self *self, int32_t cpu, bool idle);

#endif
