/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own structures: tasks, queues, CPUs' run queues, cgroups, and the kernel that holds them.
 * internal.h has the calls between its files and includes this.
 */
#ifndef NUMASIM_KERNEL_STRUCTURES_H
#define NUMASIM_KERNEL_STRUCTURES_H

#include "base/bitmap.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fixed.h"
#include "base/list.h"
#include "base/slab.h"
#include "base/time.h"
#include "kernel/event.h"
#include "kernel/kernel.h"
#include "kernel/load.h"
#include "kernel/pelt.h"
#include "kernel/task-stats.h"
#include "machine/schedstat.h"
#include "policy/host.h"

/* What a task accessed by one entry of its mix. */
struct task_access {
    struct task *task;          /* whose it is */
    struct mm_slice *slice;     /* what it accesses */
    struct list user;           /* in slice->users while the task runs, once for a slice */
    uint64_t miss_carry, carry; /* remainders of misses and accesses, x MILLI_PER_UNIT */
    uint64_t write_carry;       /* of lines written back, x 1e6 */
    uint64_t accesses;          /* lines, since its faults were last looked for */
    uint64_t earlier;     /* of those, the ones before earlier_ns: they met no page that was */
    int64_t earlier_ns;   /* protected at or after it */
    int64_t place;        /* in a region that it accesses in order: pages from its slice's start */
    uint64_t place_lines; /* and lines of that page */
    /* Lines that it stored to, x 1e6, since it was last looked which copies these met, and how many
     * pages of its slice had some. */
    uint64_t stores_ppm;
    int64_t stores_copied;
    /* With so many protected pages, 0 none, a batch of them is met after so many accesses. */
    int64_t planned_protected;
    uint64_t planned_accesses;
};

/* What the rate class of a task with a mix follows from. */
struct pace_inputs {
    uint64_t core, smt;
    uint64_t told; /* times that the places of what it accesses were told, or side caches changed */
    int64_t level_bytes;
    int32_t llc, cpu_node;
    bool cold;
};

/* What a task does when it has its CPU. */
enum task_action {
    ACTION_ADVANCE, /* ask the driver */
    ACTION_RUN,     /* work_left units of work, then ask the driver */
    ACTION_SPIN,
    ACTION_BLOCK, /* leave, once the cost of what it did is paid */
    ACTION_YIELD,
    ACTION_EXEC,
    ACTION_EXIT,
};

/* Work is counted in units of 1/1024 ns at reference speed; a pace is wall ns per ns of work x 2^20. */
enum { WORK_SHIFT = 10, PACE_SHIFT = 20 };
#define PACE_ONE (UINT64_C(1) << PACE_SHIFT)
/* Units of work x (accesses a second x 1000) that make one access. */
#define MILLI_PER_UNIT (UINT64_C(1000) * (uint64_t)NSEC_PER_SEC << WORK_SHIFT)

/* The components of a pace, in the order in which design.md states them; they add up to it. */
struct pace {
    uint64_t total;
    uint64_t full, smt, cold, remote, bandwidth, tlb;
};

/* In the order of use: what each wakeup and switch touches comes first, in as few lines as it takes. */
struct task {
    struct numasim_task pub;  /* first */
    struct fair_queue *queue; /* its cgroup's, on the CPU where it was last enqueued; or NULL */
    struct list waiting;      /* in rq->waiting: fair, queued, not running; or in an RT list */
    struct pelt avg;
    uint64_t util_est;
    bool util_est_fresh; /* no period of avg ended since util_est was made (UTIL_AVG_UNCHANGED) */
    uint8_t action;      /* enum task_action */
    bool exec_keeps_memory; /* ACTION_EXEC: only its CPU may change */
    bool on_rq;
    bool started;
    bool sched_idle; /* its own policy, or a cgroup above it has cpu.idle */
    bool has_past;   /* its averages are from before the start (kernel_task_set_past()) */
    bool oom_killed;
    int32_t cgroup;
    uint32_t weight;           /* within its cgroup; pub.se.weight is what its queue orders by */
    uint32_t arrive_flags;     /* NUMASIM_WAKE_* of the wakeup under way, or NEW */
    int64_t runnable_since_ns; /* when it last began to wait for its CPU */
    struct task_stats *stats;  /* NULL: nobody asked for them */
    const uint64_t *allowed;   /* what holds: narrowed, or the kernel's every_cpu; as pub.allowed */
    struct evq_entry arrive;   /* reaches its CPU after a wakeup; here within one cache line */
    const struct mm_mix *mix;
    struct rate_class
        *rate; /* while it runs with a mix; with rate_from to rate_index, rate.c's own */
    struct node_daemon *node_daemon; /* it is one */
    struct mover *mover;             /* it is one */
    struct stall *stall;             /* how it waits for memory; NULL: it never had to */
    void *driver_data;

    uint64_t work_left;    /* units */
    uint64_t work_given;   /* units, all that task_run() stated so far */
    uint64_t carry;        /* progress not yet a whole unit: numerator over pace.total */
    uint64_t cold_work;    /* units of work until its working set is in the LLC again */
    uint64_t stretch_work; /* units of work done since accesses were last accounted */
    struct pace pace;      /* of one without a mix; else its class's holds */
    int32_t warm_llc;      /* the LLC that holds its working set, -1 none */

    /* Of tasks that access memory, of real-time ones, and what hardly ever is looked at: a wakeup, a switch
     * or a block of any other task touches none of it. */
    uint64_t stretch_cold_work; /* of stretch_work, how much was done cold */
    uint64_t rate_from, rate_end;
    int64_t rate_start_ns;     /* while it is in rate_starting: when its overhead ends */
    struct list rate_starting; /* in its class's, if its work begins later than it was armed */
    int32_t rate_index;
    bool wants_task_work;
    struct list running;            /* in process->running while on a CPU with a mix */
    struct list on_llc;             /* in llc->running, as long */
    struct task_access *access;     /* [mix entries] */
    struct pace_inputs pace_inputs; /* of the class that it joined last: */
    int32_t last_class;             /* its id, -1 none, */
    uint64_t last_class_serial;     /* and which of that id */
    uint64_t fault_work;    /* units of work until it meets protected pages; UINT64_MAX never */
    uint64_t nr_draws;      /* of faults, so far */
    uint64_t seen_protects; /* its process's nr_protects when it last left its CPU */
    struct mempolicy mempolicy;
    struct numasim_numa_stats numa;
    int64_t rr_left_ns; /* SCHED_RR: of its slice, in whole ticks */
    int32_t nice;
    int32_t rt_priority;
    int32_t slice_index;
    int32_t parent;
    uint64_t *own_allowed; /* what it asked for; NULL: every CPU */
    uint64_t *narrowed;    /* that, within its cgroups' cpusets; NULL while nothing narrows it */
    char *comm;
};

/*
 * One queue of the fair class: a cgroup's on a CPU. What it holds is counted here, whoever orders it:
 * the policy, queue by queue, or with flat_queue all tasks of the CPU in the root's.
 */
struct fair_queue {
    struct numasim_queue pub;     /* first; what the policy sees */
    struct numasim_entity entity; /* stands for it in its parent; unused in the root's */
    struct fair_queue *parent;    /* NULL: the root's */
    int32_t depth;                /* 0: the root's */
    uint32_t nr_entities;         /* tasks and queues directly in it (cfs_rq->nr_queued) */
    uint32_t nr_tasks;            /* queued below, throttled ones too */
    uint32_t nr_delayed;          /* of those */
    uint64_t load_weight;         /* of the entities, scaled up */
    uint64_t shares;              /* its entity's weight, scaled up */
    bool on_rq;                   /* its entity counts in its parent */
    bool throttled;               /* up to 6.17: has left the queue above */
    bool spent, told;             /* since 6.18: stands in line; some task was taken off for it */
    uint32_t throttle_count;      /* queues that are throttled, from it up */
    int64_t stopped_ns;           /* its clock, while there are any */
    int64_t stood_still_ns;       /* and how long it did before */
    struct pelt own_avg, *avg;    /* the root's is its rq's */
    struct pelt_removed removed;
    bool has_removed;                  /* removed was added to since the last update of avg */
    struct pelt entity_avg;            /* last_update_ns -1: not part of its parent's */
    bool propagates;                   /* tasks came or left that entity_avg does not know of */
    int64_t propagated_sum;            /* and what they brought */
    uint64_t told_load, told_runnable; /* what its cgroup's sums hold of it */
    int64_t told_ns;
    struct list leaf;            /* in rq->leaf_queues */
    struct list throttled_tasks; /* those that would wait */
    struct list throttled_link;  /* in its cgroup's throttled_queues */
    int64_t runtime_left_ns;     /* local pool of a cgroup with a quota */
    uint64_t runtime_period;     /* its cgroup's nr_refills when it last took some */
};

/* In the order of use, as struct task; the root's fair_queue follows in the same block. */
struct rq {
    struct numasim_cpu pub;  /* first */
    struct task *curr;       /* NULL while idle */
    struct fair_queue *fair; /* the root cgroup's */
    const void *curr_driver; /* its driver_data, for prefetching */
    struct list waiting;     /* fair tasks that wait, or sleep and are kept; the head ran last */

    bool need_resched, resched_listed; /* must pick again; stands in resched_cpus */
    bool quota;                        /* the running task's cgroup has one: every tick counts */
    bool in_schedule;
    bool came_late; /* a task joined after the pick, by a policy that was called since */
    bool yielding;
    bool rt_throttled;      /* no real-time task may run, and nr_running does not count them */
    bool rt_rotates;        /* the current one is to let its equals go first, once */
    bool server_active;     /* the fair class goes first */
    uint16_t rank;          /* place in the order of those that act at one instant */
    uint32_t nr_rt;         /* real-time tasks queued and not running */
    uint32_t rt_nr_running; /* the running one, too */
    int32_t rt_prio;        /* highest of those that run or wait, 0 none; as in rt_level */
    uint32_t nr_arriving;   /* woken tasks on their way here */
    uint64_t util_est;      /* of the queued fair tasks, throttled ones too, delayed ones not */

    /* The running segment. Time up to segment_start is kernel overhead, after it the task's. */
    int64_t segment_start_ns;
    int64_t settled_ns; /* progress and times are counted up to here */
    int64_t switched_in_ns;
    int64_t stretch_overhead_ns;
    int64_t next_tick_ns; /* first tick not yet applied; TIME_NEVER_NS while stopped */
    int64_t balance_wants_ns, numa_wants_ns; /* earliest tick that matters to those roles */
    struct cpu_times times;                  /* up to settled_ns */
    struct schedstat_cpu stats;
    struct pelt avg; /* root cfs_rq's */
    struct pelt_clock pelt_clock;
    struct list leaf_queues; /* of cgroups, that are part of avg; those below first */
    struct evq_entry segment, tick, resched, slice;

    struct evq_entry kick, push, watchdog;
    struct evq_entry rt_period, rt_push, fair_server;
    int32_t push_to;
    int64_t online_since_ns;
    struct pelt rt_avg;
    int64_t rt_time_ns;     /* used of rt_runtime in this period */
    int64_t server_left_ns; /* of the fair server's runtime */
    uint64_t rt_bits[2];    /* priorities at which some are */
    struct list rt[100];    /* by rt_priority */
};

struct kernel_cgroup {
    char *name;
    int32_t id, parent;
    uint32_t weight;                       /* cpu.weight */
    int64_t quota_ns, period_ns, burst_ns; /* cpu.max; quota 0: none */
    int64_t pool_ns;                       /* what its queues may still take */
    int64_t period_phase_ns;               /* periods begin here, and at each period_ns from it */
    uint64_t nr_refills;
    struct list throttled_queues;    /* first come, first served */
    uint64_t *cpus, *nodes;          /* NULL: all */
    struct memcg *memcg;             /* NULL: its memory is not accounted */
    struct fair_queue **queues;      /* [nr_cpus], made at first use; NULL for the root */
    uint64_t load_avg, runnable_avg; /* sums of what its queues told */
    struct evq_entry period, slack;
    struct kernel *kernel;
    bool period_active, period_idle; /* the timer is armed; nobody took anything since it fired */
    bool idle;                       /* cpu.idle */
    bool has_nice;                   /* cpu.weight.nice was written last */
    int32_t nice;
    bool partition; /* its CPUs are its own */
};

/* The CPUs whose highest real-time priority is the same (struct cpupri_vec). */
struct rt_level {
    uint32_t nr_cpus;
    uint64_t *cpus; /* NULL until its first */
};

struct listener {
    uint64_t mask;
    tp_listener_fn fn;
    void *data;
};

struct role {
    struct numasim_self *self; /* NULL: nobody fills the role */
    const struct numasim_policy *policy;
};

/* Entities of the boot stream. */
enum { BOOT_TICK_PHASE = 1, BOOT_CPU_ORDER = 2, BOOT_PERIOD_PHASE = 3, BOOT_RT_PHASE = 4 };

struct kernel {
    uint32_t waking_flags; /* of the last kernel_wake() */
    int64_t now_ns;        /* differs from the event queue's clock inside a replayed tick */
    struct evq *events;
    const struct machine *machine;
    struct kernel_config config;
    const int64_t *host; /* [NR_HOST_PARAMS] */
    struct kernel_driver driver;
    uint64_t listen_mask;
    struct digest *digest;
    struct tp_event *events_to_hash; /* [TP_BATCH] */
    uint32_t nr_events_to_hash;
    struct listener listeners[8];
    uint32_t nr_listeners;

    /* Roles, unpacked for the hot path. */
    struct role roles[NUMASIM_NR_ROLES];
    const struct numasim_queue_ops *qops;
    struct numasim_self *qself;
    const struct numasim_balance_ops *bops;
    struct numasim_self *bself;
    const struct numasim_numa_ops *nops;
    struct numasim_self *nself;
    struct numasim_self selves[NUMASIM_NR_ROLES];
    const struct numasim_policy *plugins[NUMASIM_NR_ROLES];
    int32_t nr_plugins, nr_inited;

    int32_t nr_cpus, nr_online, nr_nodes, nr_llcs;
    struct rq **rqs; /* [nr_cpus] */
    struct numasim_llc *llcs;
    struct numasim_node *nodes;
    uint64_t *online, *idle, *idle_cores; /* bitmaps of nr_cpus */
    uint64_t *single;                     /* the same: numasim_single_mask() */
    uint64_t *sched_idle;                 /* and numasim_sched_idle_mask() */
    int32_t nr_sched_idle;                /* CPUs in it */
    uint64_t *every_cpu;                  /* all bits set: the affinity of most tasks */
    struct load_sums loads;
    struct slab *task_slab, *rq_slab;
    uint64_t uncounted[NUMASIM_NR_TASK_COUNTERS]; /* where policies count while nobody asks */
    int32_t *core_running;                        /* [nr_cores] CPUs of the core that run a task */
    int32_t *core_idle;                           /* [nr_cores] CPUs of the core that are idle */
    int32_t *core_online;
    GPtrArray *group_states;         /* one array of states per group id, owned */
    struct numasim_domain **domains; /* [nr_cpus] arrays, innermost first */
    struct sched_domains *rebuilt;   /* owned; after hot-plug */
    bool reonlined;                  /* some CPU came online */
    const struct sched_domains *sds;

    struct task **tasks;
    int32_t nr_tasks, tasks_size, nr_alive;
    struct process **processes;
    int32_t nr_processes;
    struct kernel_cgroup **cgroups;
    int32_t nr_cgroups;
    int32_t *fallback;     /* [nr_nodes * nr_nodes] */
    bool demoting;         /* cpusets do not count */
    struct copies *copies; /* sets of nodes where pages have copies; NULL: none ever had */
    int32_t nr_timers;     /* of the driver, pending */

    int64_t tick_ns, tick_phase_ns;
    struct frequency *frequency; /* NULL: the machine has no table */
    struct rates *rates;
    struct rate_flow *flows;      /* [nr_nodes] scratch */
    uint32_t *side_misses;        /* [nr_nodes] in SIDE_CACHE_PARTS: side-cache.c */
    uint64_t nr_side_changes;     /* of any of them */
    struct llc_share *llc_shares; /* [nr_llcs] */
    struct node_daemon **daemons; /* [nr_nodes], NULL where none was needed */
    struct node_daemon *thread;   /* of none of them */
    uint64_t nr_place_draws;      /* collapse.c */
    bool counts_accesses;         /* the tier policy has begun to look at pages */
    int64_t *best_latency_ns;     /* [nr_nodes] least from a node's CPUs to any memory */
    uint64_t base_pace;           /* the tick's own cost spread over all work */
    uint64_t least_pace;          /* of any CPU: for kernel_least_ns() */
    struct rng boot, boot_policies, policy, workload;
    struct rng *policy_cpus; /* [nr_cpus] the entities 0.. of policy: most draws are a CPU's */
    struct rng *boot_cpus;   /* [2 nr_cpus] those of policies' draws for the boot: twice a CPU's */
    int32_t *resched_cpus;   /* ring of CPUs that must pick again before the next event */
    int32_t resched_head, nr_resched;
    int64_t nr_at_once; /* events and picks at the present instant */
    uint32_t event_class;
    uint32_t event_rank;
    int32_t acting_cpu;  /* whose task or interrupt acts, -1 none */
    struct task *acting; /* the task in advance() */
    bool failed;
    char *failure;
    int32_t nr_parked;
    uint64_t nr_overloads; /* times a CPU came to have two runnable tasks */
    struct kernel_counters counters;
    size_t bytes_tasks, bytes_cpus;
    struct rt_level rt_level[100];
    uint64_t *rt_busy;       /* bitmap of CPUs where a real-time task runs or waits */
    uint64_t *rt_overloaded; /* of those where one waits that may run elsewhere */
    int32_t rt_chosen;       /* last choice among equals */
    int32_t rto_cpu;         /* which is asked to push, -1 none */
    uint32_t rto_loop, rto_loop_next;
    uint64_t *scratch;           /* bitmap of CPUs */
    uint64_t *accesses, *writes; /* [nr_nodes] scratch */
    /* A policy is being asked about pages that the host is going through: it may not protect any; it
     * may not change any. */
    int32_t pages_kept, pages_fixed;
};

#endif
