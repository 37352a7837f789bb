/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of linux-balance share: the state they keep on the host's objects, and their calls.
 *
 *   rules.c     formulas alone: types of groups, imbalances, limits, intervals
 *   wake.c      a CPU for a task that wakes: wake_wide, wake_affine
 *   idle.c      an idle CPU near the chosen one: select_idle_sibling
 *   fork.c      a CPU for a new or exec'ing task: the slow path
 *   stats.c     groups summed up; the busiest group, the busiest queue
 *   asym.c      CPUs of unlike capacity or rank
 *   llc.c       processes that prefer an LLC (7.3)
 *   detach.c    which tasks of that queue may and should move
 *   pass.c      one balance of one domain for one CPU, from its start to its consequences
 *   periodic.c  when: ticks, intervals, newidle, nohz
 *   params.c    the parameters
 *   plugin.c    the descriptor, the making of the state
 *
 * Times that the kernel keeps in jiffies are in jiffies here, too (`_j`), the rest in ns.
 */
#ifndef LINUX_BALANCE_H
#define LINUX_BALANCE_H

#include <numasim-policy.h>

#include "occupancy.h"
#include "rules.h"

#define LB_MAX_CPUS  8192 /* CONFIG_NR_CPUS of a distribution's x86-64 kernel */
#define LB_MAX_WORDS (LB_MAX_CPUS / 64)

enum lb_param {
    LB_PARAM_MIGRATION_COST,
    LB_PARAM_NR_MIGRATE,
    LB_PARAM_WA_IDLE,
    LB_PARAM_WA_WEIGHT,
    LB_PARAM_WA_BIAS,
    LB_PARAM_WA_PREV_IDLE,
    LB_PARAM_WA_DELAYED,
    LB_PARAM_UTIL_EST,
    LB_PARAM_SIS_UTIL,
    LB_PARAM_SIS_PROP,
    LB_PARAM_SIS_START,
    LB_PARAM_SIS_SMT,
    LB_PARAM_RECENT_USED,
    LB_PARAM_SIS_CLUSTER,
    LB_PARAM_SIS_IDLE_WAKEE,
    LB_PARAM_NUMA_IMBALANCE,
    LB_PARAM_NUMA_DIFFERENCE,
    LB_PARAM_NUMA_PINNED,
    LB_PARAM_SWB_IDLE_CORE,
    LB_PARAM_SMT_BALANCE,
    LB_PARAM_SIBLING_IMBALANCE,
    LB_PARAM_FULLY_BUSY,
    LB_PARAM_SPARE_SMT,
    LB_PARAM_PREFER_SIBLING,
    LB_PARAM_COUNT_DELAYED,
    LB_PARAM_EVEN_LOCALITY,
    LB_PARAM_UTIL_BOOST,
    LB_PARAM_UTIL_WITHIN_LLC,
    LB_PARAM_ASYM_IDLE_CORE,
    LB_PARAM_MISFIT_BACKOFF,
    LB_PARAM_REDUCED_CAPACITY,
    LB_PARAM_SMT_COLD,
    LB_PARAM_CACHE_HOT_BUDDY,
    LB_PARAM_LB_MIN,
    LB_PARAM_DETACH_LOAD,
    LB_PARAM_DETACH_UTIL,
    LB_PARAM_DETACH_ELIGIBLE,
    LB_PARAM_DETACH_DELAYED,
    LB_PARAM_ACTIVE_BALANCE,
    LB_PARAM_NEWIDLE_GATE,
    LB_PARAM_NI_RANDOM,
    LB_PARAM_NI_RATE,
    LB_PARAM_BUSY_MINUS_ONE,
    LB_PARAM_BUSY_FACTOR,
    LB_PARAM_IMBALANCE_PCT,
    LB_PARAM_SERIALIZE,
    LB_PARAM_TICK_RACE,
    LB_PARAM_NOHZ_BALANCE,
    LB_PARAM_NOHZ_ILB,
    LB_PARAM_LLC_BALANCING,
    LB_PARAM_LLC_TOLERANCE,
    LB_PARAM_LLC_EPOCH,
    LB_PARAM_LLC_TIMEOUT,
    LB_PARAM_LLC_OVERAGGR,
    LB_PARAM_LLC_IMB,
};
extern const struct numasim_param lb_params[];

/* Values of the parameters that choose: sis_start, sis_smt, recent_used_cpu, newidle_gate. */
enum { LB_START_TARGET, LB_START_NEXT };
enum { LB_SMT_LAST, LB_SMT_FIRST };
enum { LB_RECENT_USED, LB_RECENT_ALWAYS };
enum { LB_GATE_MIGRATION_COST, LB_GATE_NEWIDLE_COST };
/* And of detach_load, detach_util, detach_delayed, active_balance, serialize, nohz_ilb. */
enum { LB_DETACH_HALF, LB_DETACH_SHIFT };
enum { LB_DETACH_EXACT, LB_DETACH_SHIFT_UTIL };
enum { LB_ACTIVE_ANY, LB_ACTIVE_TASK };
enum { LB_DELAYED_ANY, LB_DELAYED_LOAD };
enum { LB_SERIALIZE_PERIODIC, LB_SERIALIZE_ALL };
enum { LB_ILB_CPU, LB_ILB_CORE };

/* In the order of lb_reasons[]. */
enum lb_reason {
    LB_REASON_TARGET_IDLE,
    LB_REASON_PREV_IDLE,
    LB_REASON_KTHREAD_WAKER,
    LB_REASON_RECENT_IDLE,
    LB_REASON_CAPACITY,
    LB_REASON_NEAR_IDLE,
    LB_REASON_IDLE_CORE,
    LB_REASON_IDLE_SIBLING,
    LB_REASON_IDLE_SCAN,
    LB_REASON_SCAN_FORBIDDEN,
    LB_REASON_NO_IDLE,
    LB_REASON_NOT_ALLOWED,
    LB_REASON_IDLEST,
    LB_REASON_STAY,
    LB_REASON_NO_DOMAIN,
    LB_REASON_NO_OVERLOAD,
    LB_REASON_SHORT_IDLE,
    LB_REASON_PULLED,
    LB_REASON_BALANCED,
    LB_REASON_NOT_DUE,
    LB_REASON_OTHER_BALANCES,
    LB_REASON_SERIALIZED,
    LB_REASON_SMALL_IMBALANCE,
    LB_REASON_NUMA_ALLOWANCE,
    LB_REASON_NO_SOURCE,
    LB_REASON_PINNED,
    LB_REASON_SLEEPS,
    LB_REASON_NOT_ITS_TURN,
    LB_REASON_LOCALITY,
    LB_REASON_LLC_PREFERRED,
    LB_REASON_CACHE_HOT,
    LB_REASON_TOO_BIG,
};
extern const char *const lb_reasons[];

/* The plugin's own. */
struct lb_state {
    int32_t nr_words;              /* of a bitmap of CPUs */
    const uint64_t *idle, *single; /* the host's */
    int64_t hz;
    struct lb_rules rules;
    bool smt_active;
    uint32_t threads_per_core;      /* the most of any core */
    bool cache_active;              /* llc_balancing, and some partition has several LLCs */
    bool asym_capacity;             /* some domain has SD_ASYM_CPUCAPACITY */
    bool capacity_changes;          /* real-time tasks took some from a CPU */
    uint32_t max_capacity;          /* of all CPUs */
    bool cluster_active;            /* some domain has SD_CLUSTER, and sis_cluster is on */
    bool overload;                  /* root domain: some CPU had two runnable tasks */
    uint64_t overload_seen;         /* numasim_nr_overloads() when `overload` was last computed */
    int64_t serialize_until_ns;     /* the lock of SD_SERIALIZE domains is held till then */
    int64_t nohz_next_j;            /* nohz.next_balance */
    int32_t nr_nohz;                /* CPUs whose tick is stopped */
    uint64_t cpus[LB_MAX_WORDS];    /* of the pass at hand: candidates that remain */
    uint64_t will_do[LB_MAX_WORDS]; /* of the search at hand: CPUs that it looks for */
};

/* To whom a task's wakeups go, for wake_wide. */
struct lb_wakee {
    uint32_t flips;
    int32_t last_plus_1; /* id of the last wakee, 0 none */
    int64_t decayed_j;
};

/* struct sched_domain_shared: kept with the first CPU of an LLC domain. */
struct lb_llc {
    int32_t nr_busy;
    uint32_t nr_idle_scan;
    bool has_idle_cores;
    uint64_t util, capacity; /* as the domain above last saw it */
};

/* mm->sc_stat: which LLC a process prefers, by its first CPU. */
struct lb_process {
    int32_t llc_plus_1; /* 0: none */
    int64_t epoch;      /* when it was last looked for */
    int64_t nr_running_avg;
};

/* What LLC preference says of a move (enum llc_mig). */
enum lb_llc_move { LB_LLC_FORBIDDEN, LB_LLC_WANTED, LB_LLC_FREE };

struct lb_cpu {
    int64_t next_balance_j;
    int64_t kick_check_j; /* with one task: no nohz check before this tick */
    int64_t max_idle_cost_ns;
    uint64_t nr_draws;
    int32_t llc_first;        /* first CPU of the LLC domain's span; its own number without one */
    uint32_t llc_weight;      /* 1 without an LLC domain */
    struct lb_llc *llc;       /* of CPU llc_first */
    int32_t share_first;      /* first CPU of the cluster, llc_first without one */
    int64_t avg_scan_cost_ns; /* of searches for an idle CPU on behalf of this waking CPU */
    struct lb_llc shared;
    uint32_t capacity;          /* rq->cpu_capacity: what real-time tasks leave to fair ones */
    struct occupancy occupancy; /* by the processes that ran here */
    int64_t cache_epoch;        /* of the last tick that counted it */
    bool nohz;                  /* its tick is stopped */
    bool sched_idle;            /* at its last tick all its tasks were of SCHED_IDLE */
    struct lb_wakee idle_task;
};

struct lb_domain {
    int64_t last_balance_j;
    uint32_t balance_interval_ms;
    uint32_t nr_balance_failed;
    int64_t max_newidle_cost_ns;
    int64_t cost_decayed_j;
    uint32_t newidle_call, newidle_success, newidle_ratio;
    int64_t newidle_since_ns; /* when newidle_call was last halved */
};

/* struct sched_group_capacity; all but `imbalanced` stays what it was when the domains were made. */
struct lb_sgc {
    bool imbalanced;
    uint32_t capacity, min_capacity, max_capacity; /* of its CPUs: sum, least, most */
    int32_t prefer_cpu;                            /* the one that firmware ranks highest */
    int32_t prefer_priority;                       /* its rank */
    int32_t first_word, end_word;                  /* of a bitmap: those that hold its CPUs */
    int64_t next_update_j;
};

struct lb_task {
    struct lb_wakee wakee;
    int32_t recent_used_cpu;
    int64_t counted_ns; /* of its CPU time, in its CPUs' occupancy */
};

/* A CPU spends time on balancing: simulated time stands still meanwhile, so it is counted here. */
struct lb_pass {
    struct numasim_self *self;
    int32_t cpu; /* whose time it is */
    int64_t elapsed_ns;
};

/* One balance of one domain (struct lb_env). */
/* How many of a CPU's or a group's tasks a move cannot take from their node (enum fbq_type). */
enum lb_fbq {
    LB_FBQ_REGULAR, /* some prefer no node */
    LB_FBQ_REMOTE,  /* all do, and some are not on it */
    LB_FBQ_ALL
};

struct lb_env {
    struct numasim_self *self;
    struct numasim_host *host;
    struct numasim_domain *sd;
    int32_t dst_cpu, src_cpu;
    int32_t new_dst_cpu;         /* another CPU of the local group that a pinned task may use */
    const uint64_t *dst_grpmask; /* CPUs that balance for the local group */
    uint64_t *cpus;              /* candidates that remain */
    enum lb_idle idle;
    struct lb_imbalance imbalance;
    bool all_pinned, some_pinned, dst_pinned;
    bool llc_pinned; /* a task stayed for its LLC */
    uint32_t loop, loop_max;
    enum lb_fbq fbq; /* CPUs of a class above it are no source */
};

/* Tells why @task, or with NULL all that waits, stayed where it is (numasim_left()). */
static inline void lb_left(struct numasim_self *self, int32_t cpu, const struct numasim_task *task,
                           enum lb_reason reason)
{
    if (numasim_listens(self->host)) {
        numasim_left(self, cpu, task, (uint32_t)reason);
    }
}

static inline struct lb_state *lb_state(const struct numasim_self *self)
{
    return self->state;
}
static inline struct lb_cpu *lb_cpu(const struct numasim_self *self, int32_t cpu)
{
    return numasim_cpu(self->host, cpu)->state[self->slot];
}
static inline struct lb_domain *lb_domain(const struct numasim_self *self,
                                          const struct numasim_domain *sd)
{
    return sd->state[self->slot];
}
static inline struct lb_task *lb_task(const struct numasim_self *self,
                                      const struct numasim_task *task)
{
    return task->state[self->slot];
}
/* Counts for /proc/schedstat; enum lb_idle has the order of enum numasim_lb_idle. */
static inline void lb_count(const struct lb_env *env, enum numasim_lb_counter what, int64_t amount)
{
    numasim_count_lb(env->sd, (enum numasim_lb_idle)env->idle, what, amount);
}
static inline struct lb_sgc *lb_sgc(const struct numasim_self *self,
                                    const struct numasim_group *group)
{
    return group->state[self->slot];
}
/* CPUs in a word of a bitmap: what compilers make of it for any x86-64 is a call. */
static inline uint32_t lb_weight(uint64_t bits)
{
    bits -= bits >> 1 & UINT64_C(0x5555555555555555);
    bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
    bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (uint32_t)(bits * UINT64_C(0x0101010101010101) >> 56);
}
/* cpus_share_cache(). */
static inline bool lb_share_cache(const struct numasim_self *self, int32_t a, int32_t b)
{
    return a == b || lb_cpu(self, a)->llc_first == lb_cpu(self, b)->llc_first;
}

/* imbalance_pct and busy_factor of @sd, unless the parameters say otherwise. */
static inline uint32_t lb_imbalance_pct(const struct numasim_self *self,
                                        const struct numasim_domain *sd)
{
    bool within_llc = (sd->flags & (NUMASIM_SD_SHARE_CPUCAPACITY | NUMASIM_SD_SHARE_LLC)) != 0;
    int64_t pct = self->param[LB_PARAM_IMBALANCE_PCT];

    return within_llc || pct < 100 ? sd->imbalance_pct : (uint32_t)pct;
}
static inline uint32_t lb_busy_factor(const struct numasim_self *self,
                                      const struct numasim_domain *sd)
{
    int64_t factor = self->param[LB_PARAM_BUSY_FACTOR];

    return factor == 0 ? sd->busy_factor : (uint32_t)factor;
}

/* task_util_est(), or of a CPU cpu_util() before it is cut to the capacity. */
static inline uint64_t lb_util(const struct numasim_self *self, struct numasim_load load)
{
    bool more = load.util_est > load.util_avg && self->param[LB_PARAM_UTIL_EST];

    return more ? load.util_est : load.util_avg;
}

/* params.c */
void lb_read_rules(const struct numasim_self *self, struct lb_rules *rules);

/* plugin.c */
/* task_h_load() of a task of the root cgroup. */
int64_t lb_task_h_load(struct numasim_host *host, struct numasim_task *task);

/* wake.c: balance's select_cpu(). */
int32_t lb_select_cpu(struct numasim_self *self, struct numasim_task *task, int32_t prev_cpu,
                      int32_t waker_cpu, uint32_t flags, struct numasim_decision *d);

/* idle.c: an idle CPU that shares the LLC with @target, else @target. */
int32_t lb_select_idle_sibling(struct numasim_self *self, struct numasim_task *task, int32_t prev,
                               int32_t target, int32_t waker, struct numasim_decision *d);

/* fork.c: the idlest CPU below @sd, one that has @flag; @prev if it may run on none. */
int32_t lb_find_idlest_cpu(struct numasim_self *self, struct numasim_domain *sd,
                           struct numasim_task *task, int32_t cpu, int32_t prev, uint32_t flag,
                           struct numasim_decision *d);

/* stats.c */
/* Adds the averages of CPU @cpu to @g, less those of a task there, @without (NULL: none). */
void lb_group_add_load(const struct numasim_self *self, struct lb_group *g, int32_t cpu,
                       const struct numasim_load *without);
/* Adds those of the CPUs in @group and @only. */
void lb_group_add_loads(const struct numasim_self *self, struct lb_group *g,
                        const struct numasim_group *group, const uint64_t *only);
/* Adds up the tasks of the CPUs in @group and @only; true if a CPU has more than one. */
bool lb_group_add_counts(const struct numasim_self *self, struct lb_group *g,
                         const struct numasim_group *group, const uint64_t *only);
/* Fair tasks of @c that count for a group. */
uint32_t lb_nr_fair(const struct numasim_self *self, const struct numasim_cpu *c);
/* Sets env->imbalance and returns the group to pull from, or NULL with nothing to do. */
const struct numasim_group *lb_find_busiest_group(struct lb_env *env);
/* The CPU of @group to pull from, or -1. */
int32_t lb_find_busiest_cpu(const struct lb_env *env, const struct numasim_group *group);

/* asym.c */
/* Fills what a group's record says of its CPUs. */
void lb_start_group(const struct numasim_self *self, const struct numasim_group *group);
/* What @cpu has for fair tasks, as its own balancing last saw it (capacity_of()). */
static inline uint32_t lb_capacity_of(const struct numasim_self *self, int32_t cpu)
{
    return lb_cpu(self, cpu)->capacity;
}
/* True iff real-time tasks take so much of @cpu that balancing in @sd minds (check_cpu_capacity()). */
static inline bool lb_is_reduced(const struct numasim_self *self, const struct numasim_domain *sd,
                                 int32_t cpu)
{
    return lb_state(self)->capacity_changes &&
           lb_capacity_of(self, cpu) * lb_imbalance_pct(self, sd) <
               (uint32_t)numasim_cpu(self->host, cpu)->capacity * 100;
}
/* Brings the capacity of the group that balances up to date (update_group_capacity()). */
void lb_update_capacity(const struct lb_env *env);
/* True iff the one fair task of the source has more of a CPU at the destination. */
bool lb_leaves_reduced(const struct lb_env *env);
/* True iff firmware ranks CPU @a above @b (sched_asym_prefer()). */
bool lb_prefers(const struct numasim_self *self, int32_t a, int32_t b);
/* True iff @dst should have the work of @src for its rank (sched_asym()). */
bool lb_packs(const struct numasim_self *self, const struct numasim_domain *sd, int32_t dst,
              int32_t src);
/* True iff the destination should have that of @group, not its own (sched_group_asym()). */
bool lb_packs_group(const struct lb_env *env, const struct numasim_group *group,
                    const struct lb_group *g);
/* True iff it should have what runs on the source (asym_active_balance()). */
bool lb_packs_running(const struct lb_env *env);
/* True iff an idle CPU should rather run what @c runs. */
bool lb_kick_to_pack(const struct numasim_self *self, const struct numasim_cpu *c);
/* True iff CPUs of unlike capacity stand in the domains of @c. */
bool lb_is_asym_capacity(const struct numasim_cpu *c);
/* Load of the task that runs on @c if it is too big for it, else 0 (rq->misfit_task_load). */
uint64_t lb_misfit_load(const struct numasim_self *self, const struct numasim_cpu *c);
/* True iff capacities are alike or @util fits CPU @cpu (asym_fits_cpu()). */
bool lb_fits_cpu(const struct numasim_self *self, uint64_t util, int32_t cpu);
/* A CPU of @idle near @target that @util fits, else the largest of them, else @target; -1 where
 * capacities are alike (select_idle_capacity()). */
int32_t lb_select_by_capacity(const struct numasim_self *self, const struct numasim_task *task,
                              const uint64_t *idle, uint64_t util, int32_t target);

/* llc.c: nothing of it does anything unless lb_state()->cache_active. */
/* Counts what @task ran on @cpu since it was last counted. */
void lb_llc_account(const struct numasim_self *self, const struct numasim_task *task, int32_t cpu);
/* A tick of @c; returns the jiffy of the next one that matters. */
int64_t lb_llc_tick(const struct numasim_self *self, const struct numasim_cpu *c);
/* Tasks on @cpu that prefer the LLC that begins with CPU @llc_first. */
uint32_t lb_llc_nr_preferring(const struct numasim_self *self, int32_t cpu, int32_t llc_first);
/* True iff moving @task would take it from where its process gathers (migrate_degrades_llc()). */
bool lb_llc_degrades(const struct lb_env *env, const struct numasim_task *task);
/* True iff what runs on the source is to stay there for its LLC (alb_break_llc()). */
bool lb_llc_keeps_running(const struct lb_env *env);
/* True iff the groups of this balance are LLCs whose fill is to be recorded, and that
 * (record_sg_llc_stats()). */
bool lb_llc_records(const struct lb_env *env);
void lb_llc_record(const struct lb_env *env, const struct numasim_group *group,
                   const struct lb_group *g);
/* Tasks of @group, not the local one, that prefer the destination's LLC, if they may go there
 * (llc_balance()). */
uint32_t lb_llc_pull(const struct lb_env *env, const struct numasim_group *group);

/* detach.c: moves tasks from env->src_cpu to env->dst_cpu; returns how many. */
uint32_t lb_move_tasks(struct lb_env *env);

/* pass.c: balances @sd for @cpu; returns how many tasks came. *@go_on becomes false where higher
 * domains are not this CPU's business. */
uint32_t lb_balance_domain(struct lb_pass *pass, int32_t cpu, struct numasim_domain *sd,
                           enum lb_idle idle, bool *go_on);

/* periodic.c: balance's newidle(), tick(), kicked(), idle_changed(). */
int32_t lb_newidle(struct numasim_self *self, int32_t cpu, struct numasim_decision *d);
int64_t lb_tick(struct numasim_self *self, int32_t cpu);
void lb_kicked(struct numasim_self *self, int32_t cpu);
void lb_idle_changed(struct numasim_self *self, int32_t cpu, bool idle);

#endif
