/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of the plugin linux-numa among its files:
 *
 *   rules.c      formulas without state
 *   params.c     knobs and the switches of releases
 *   scan.c       the scan clock, protecting pages, which areas are left out
 *   fault.c      hint faults: is the page misplaced
 *   promote.c    the same for slow memory, numa_balancing=2; and Colloid's rule
 *   place.c      accounting faults, preferred nodes, the period
 *   group.c      tasks that share pages
 *   topology.c   weights by node, the kind of topology, a group's node
 *   migrate.c    bringing a task to its node
 *   compare.c    which CPU there, and which task in exchange
 *   plugin.c     the descriptor, tasks that come and go
 */
#ifndef LINUX_NUMA_H
#define LINUX_NUMA_H

#include <numasim-policy.h>

#include "rules.h"

enum numa_param {
    NUMA_PARAM_BALANCING,
    NUMA_PARAM_SCAN_DELAY,
    NUMA_PARAM_PERIOD_MIN,
    NUMA_PARAM_PERIOD_MAX,
    NUMA_PARAM_SCAN_SIZE,
    NUMA_PARAM_HOT_THRESHOLD,
    NUMA_PARAM_PROMOTE_LIMIT,
    NUMA_PARAM_VMA_SCAN,
    NUMA_PARAM_BACK_OFF_CLEARS,
    NUMA_PARAM_LARGE_FOLIOS,
    NUMA_PARAM_CHECK_MEMORY,
    NUMA_PARAM_PREFERRED_MANY,
    NUMA_PARAM_ONE_NODE_SKIP,
    NUMA_PARAM_HUGE_LOCAL_SKIP,
    NUMA_PARAM_CANDIDATE_NRL,
    NUMA_PARAM_PROMOTE_COUNT,
    NUMA_PARAM_SWAP_KTHREADS,
    NUMA_PARAM_COUNT_DELAYED,
    NUMA_PARAM_COUNT_TIERING,
    NUMA_PARAM_COLLOID,
    NUMA_NR_PARAMS
};

enum { NUMA_MODE_NORMAL = 1, NUMA_MODE_TIERING = 2 };

/* Which areas a thread scans. */
enum numa_vma_scan {
    NUMA_VMA_ALL,    /* before 6.4 */
    NUMA_VMA_PID,    /* those it accessed lately (6.4) */
    NUMA_VMA_SEQ,    /* those not finished in this pass, one that nobody accessed by force (6.7) */
    NUMA_VMA_STARVED /* and those that were left out for as many passes as there are threads */
};

enum numa_promote_count { NUMA_PROMOTE_COUNT_ALWAYS, NUMA_PROMOTE_COUNT_TIERING };

/* The last toucher of pages that nobody touched since: LAST_CPUPID_MASK. */
enum { NUMA_PID_MASK = 255, NUMA_PID_UNSET = 255 };

/* Kinds of counts: averages of faults by the node of the memory and of the CPU, and what the present
 * window adds. */
enum numa_kind { NUMA_MEM, NUMA_CPU, NUMA_MEMBUF, NUMA_CPUBUF, NUMA_NR_KINDS };
enum { NUMA_NR_AVERAGES = 2 };

/* struct numa_group */
struct numa_group {
    struct numa_group *next; /* all groups */
    int32_t gid;
    int32_t serial; /* groups of one size are ordered by it, where the kernel compares addresses */
    int32_t nr_tasks, active_nodes;
    int64_t max_cpu_faults, total;
    int64_t faults[]; /* [NUMA_NR_AVERAGES][nr_nodes][2] */
};

struct numa_task {
    struct numa_task *prev, *next; /* all those with counts */
    int32_t scan_seq;              /* numa_scan_seq */
    int64_t period_ms, period_max_ms;
    int64_t node_stamp_ns;   /* of runtime */
    int64_t migrate_retry_j; /* numa_migrate_retry */
    int64_t *faults;         /* [NUMA_NR_KINDS][nr_nodes][2]; NULL before the first fault */
    int64_t total;           /* total_numa_faults */
    int64_t locality[3];     /* numa_faults_locality[]: remote, local, failed */
    int64_t last_placement_ns, last_runtime_ns;
    struct numa_group *group;
};

/* Of an address space. */
struct numa_mm {
    int64_t next_scan_j;
    int64_t scan_offset; /* numa_scan_offset, in pages */
    int32_t scan_seq;
    bool begun; /* it has had a task */
};

/* struct vma_numab_state */
struct numa_vma {
    bool begun;
    int32_t start_seq, prev_seq;
    int64_t next_scan_j, reset_j;
    uint64_t pids[2]; /* of the present and of the past period */
};

/* Of a node: pgdat->nbp_* */
struct numa_node {
    int64_t threshold_ms; /* 0: the default */
    int64_t th_start_ms, rl_start_ms;
    uint64_t th_candidates, rl_candidates;
};

struct numa_cpu {
    int64_t claimed_ns; /* numa_migrate_on, which holds while the stopper moves a task; 0 never */
};

enum numa_topology { NUMA_TOPO_DIRECT, NUMA_TOPO_MESH, NUMA_TOPO_BACKPLANE };

struct numa_state {
    struct numa_knobs knobs;
    enum numa_topology topology;
    int32_t max_distance, nr_nodes, nr_cpu_nodes;
    int64_t hz;
    struct numa_task *tasks;
    struct numa_group *groups;
    int32_t next_serial;
};

/* A reason of a decision record, in the order of numa_reasons[]. */
enum numa_reason {
    NUMA_REASON_POLICY,
    NUMA_REASON_LOCAL,
    NUMA_REASON_NO_MEMORY,
    NUMA_REASON_STALE,
    NUMA_REASON_FIRST,
    NUMA_REASON_FILTER,
    NUMA_REASON_PRIVATE,
    NUMA_REASON_NO_GROUP,
    NUMA_REASON_GROUP_CPU,
    NUMA_REASON_GROUP_SPREAD,
    NUMA_REASON_GROUP_STAYS,
    NUMA_REASON_FULL,
    NUMA_REASON_FREE_SPACE,
    NUMA_REASON_COLD,
    NUMA_REASON_RATE_LIMIT,
    NUMA_REASON_HOT,
    NUMA_REASON_SLOWER,
    NUMA_REASON_AWAY
};

extern const struct numasim_param numa_params[];
extern const char *const numa_reasons[];

static inline struct numa_state *numa_state(const struct numasim_self *self)
{
    return self->state;
}

static inline struct numa_task *numa_task(const struct numasim_self *self,
                                          const struct numasim_task *task)
{
    return task->state[self->slot];
}

static inline struct numa_mm *numa_mm(const struct numasim_self *self,
                                      const struct numasim_process *process)
{
    return process->state[self->slot];
}

static inline bool numa_mode(const struct numasim_self *self, int64_t bit)
{
    return (self->param[NUMA_PARAM_BALANCING] & bit) != 0;
}

static inline bool numa_colloid(const struct numasim_self *self)
{
    return self->param[NUMA_PARAM_COLLOID] != 0 && numa_mode(self, NUMA_MODE_TIERING);
}

/* A count of @kind, shared or private, at @node. */
static inline int64_t *numa_count(const struct numasim_self *self, int64_t *faults,
                                  enum numa_kind kind, int32_t node, bool private)
{
    return &faults[2 * ((int64_t)kind * numa_state(self)->nr_nodes + node) + private];
}

/* Its averages at @node, shared and private together. */
static inline int64_t numa_sum(const struct numasim_self *self, int64_t *faults,
                               enum numa_kind kind, int32_t node)
{
    return faults == NULL ? 0
                          : *numa_count(self, faults, kind, node, false) +
                                *numa_count(self, faults, kind, node, true);
}

/* The process id that the kernel would have given: never 0, the idle tasks' own. */
static inline int32_t numa_pid(const struct numasim_task *task)
{
    return task->id + 1;
}

static inline int64_t numa_ms_to_jiffies(const struct numasim_self *self, int64_t ms)
{
    return (ms * numa_state(self)->hz + 999) / 1000;
}

/* scan.c */
int64_t numa_tick(struct numasim_self *self, struct numasim_task *task);
void numa_task_work(struct numasim_self *self, struct numasim_task *task);
int64_t numa_rss_pages(const struct numasim_self *self, const struct numasim_task *task);
struct numa_sharing numa_sharing_of(const struct numasim_self *self, const struct numa_task *own);
/* True if @region's memory policy, or else @task's, lets pages follow faults (vma_policy_mof()). */
bool numa_follows_faults(const struct numasim_self *self, const struct numasim_task *task,
                         const struct numasim_region *region);
/* @task met a protected page of @region (vma_set_access_pid_bit()). */
void numa_vma_accessed(const struct numasim_self *self, const struct numasim_task *task,
                       struct numasim_region *region);

/* fault.c */
void numa_hint_fault(struct numasim_self *self, struct numasim_fault *f,
                     struct numasim_decision *d);
void numa_fault_done(struct numasim_self *self, const struct numasim_fault *f);

/* promote.c: how many of the pages of @f, which lie in slow memory, may be promoted to @dst. */
int64_t numa_promotable(struct numasim_self *self, struct numasim_fault *f, int32_t dst,
                        struct numasim_decision *d);

/* Colloid: the node that the pages of @f, which lie in fast memory where the fault is, go to; -1: they
 * stay. */
int32_t numa_away_target(const struct numasim_self *self, const struct numasim_fault *f,
                         struct numasim_decision *d);

/* place.c */
struct numa_accounted {
    int32_t mem_node, cpu_node;
    int64_t pages;
    int32_t last_cpu, last_pid; /* -1, or as the pages remembered */
    bool local, migrated, failed, no_group, shared_file;
};
/* task_numa_fault() */
void numa_account_fault(struct numasim_self *self, struct numasim_task *task,
                        const struct numa_accounted *fault);
/* update_scan_period(): @task was placed on another node. */
void numa_moved(struct numasim_self *self, struct numasim_task *task, int32_t from_node,
                int32_t to_node);
/* What /proc shows follows what is known. */
void numa_publish(struct numasim_self *self, struct numasim_task *task);

/* group.c */
/* task_numa_group(): @task and whoever runs on @last_cpu share a page. Returns whether the fault counts
 * as private all the same. */
bool numa_join_group(struct numasim_self *self, struct numasim_task *task, int32_t last_cpu,
                     int32_t last_pid, bool shared_file);
/* @own leaves its group, which loses what @own brought. */
void numa_leave_group(struct numasim_self *self, struct numa_task *own);
/* numa_is_active_node() */
bool numa_node_active(const struct numasim_self *self, struct numa_group *group, int32_t node);
/* numa_group_count_active_nodes() */
void numa_count_active(const struct numasim_self *self, struct numa_group *group);

/* topology.c */
void numa_find_topology(struct numasim_self *self);
int32_t numa_nearest_with_cpus(const struct numasim_host *host, int32_t node);
/* task_weight(), group_weight(): in 1/1000, nodes nearer than @distance included as the topology has
 * it. */
int64_t numa_task_weight(const struct numasim_self *self, const struct numasim_task *task,
                         int32_t node, int32_t distance);
int64_t numa_group_weight(const struct numasim_self *self, const struct numasim_task *task,
                          int32_t node, int32_t distance);
/* preferred_group_nid() */
int32_t numa_group_node(struct numasim_self *self, struct numasim_task *task, int32_t node);

/* migrate.c: numa_migrate_preferred() */
void numa_migrate_preferred(struct numasim_self *self, struct numasim_task *task);

/* A move that is being thought about (struct task_numa_env). */
struct numa_env {
    struct numasim_self *self;
    struct numasim_task *task;
    int32_t src_cpu, src_node, dst_cpu, dst_node, distance;
    uint32_t imbalance_pct, imb_numa_nr;
    struct numa_node_load src, dst;
    enum numa_type dst_type;
    int32_t dst_idle_cpu;
    int64_t task_imp, group_imp; /* what the task, the group gain at dst_node */
    int32_t best_cpu;            /* -1 none */
    struct numasim_task *best_task;
    int64_t best_imp;
};

/* compare.c */
/* update_numa_stats(); *@idle_cpu, unless NULL, is an idle CPU that the task may use, or -1. */
void numa_node_stats(const struct numa_env *env, int32_t node, struct numa_node_load *load,
                     int32_t *idle_cpu);
/* task_numa_find_cpu() */
void numa_find_cpu(struct numa_env *env);

#endif
