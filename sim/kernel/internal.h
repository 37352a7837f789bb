/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own structures and the calls between its files. Nothing outside sim/kernel
 * includes this.
 *
 *   kernel.c   making, freeing and running a simulation
 *   objects.c  what plugins see: CPUs, LLCs, nodes, domains
 *   task.c     tasks' lives, affinity, what the driver lets them do
 *   core.c     picking and switching, accounting
 *   progress.c the running segment of a CPU: what its time was, how far its task came
 *   fair.c     entities and queues of the fair class, through the queue policy
 *   rt.c       SCHED_FIFO and SCHED_RR, the host's own: order, throttling, fair server
 *   rt-push.c  which CPU they run on
 *   tick.c     ticks, skipped and replayed
 *   wake.c     wakeups, placement, IPIs
 *   move.c     balancing: moves, pushes, kicks, hot-plug
 *   queue-load.c  load averages of tasks, queues and cgroups
 *   cgroup.c   cgroups: cpusets
 *   shares.c   cpu.weight: what a cgroup weighs on each CPU
 *   quota.c    cpu.max: pools, timers, who is throttled
 *   throttle.c what throttling does to a queue and its tasks
 *   throttle-task.c  the same since 6.18
 *   mm.c       address spaces, first touch, page migration
 *   pace.c     how fast a task runs where it runs
 *   rate.c     those that run alike, and how far they come; by contend.c and resources.c
 *   llc.c      shares of an LLC, and whose it is warm for
 *   access.c   accesses to memory, counted
 *   frequency.c  of a package, by its active cores
 *   check.c    faults and dumps
 *   load.c     load averages as others see them, and their sums
 *   schedstat.c  what /proc/schedstat counts
 *   sched-debug.c  /proc/PID/sched as text; task-stats.h counts
 *   host.c     the functions a plugin may call
 */
#ifndef NUMASIM_KERNEL_INTERNAL_H
#define NUMASIM_KERNEL_INTERNAL_H

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
    uint64_t miss_carry, carry; /* remainders of misses and accesses, x MILLI_PER_UNIT */
    uint64_t write_carry;       /* of lines written back, x 1e6 */
    uint64_t accesses;          /* lines, since its faults were last looked for */
    uint64_t earlier;     /* of those, the ones before earlier_ns: they met no page that was */
    int64_t earlier_ns;   /* protected at or after it */
    int64_t place;        /* in a region that it accesses in order: pages from its slice's start */
    uint64_t place_lines; /* and lines of that page */
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
    struct evq_entry arrive;   /* reaches its CPU after a wakeup */
    int64_t runnable_since_ns; /* when it last began to wait for its CPU */
    struct task_stats *stats;  /* NULL: nobody asked for them */
    const uint64_t *allowed;   /* what holds: narrowed, or the kernel's every_cpu; as pub.allowed */
    const struct mm_mix *mix;
    struct rate_class
        *rate; /* while it runs with a mix; with rate_from to rate_index, rate.c's own */
    struct node_daemon *node_daemon; /* it is one */
    struct mover *mover;             /* it is one */
    void *driver_data;

    uint64_t work_left;    /* units */
    uint64_t work_given;   /* units, all that task_run() stated so far */
    uint64_t carry;        /* progress not yet a whole unit: numerator over pace.total */
    uint64_t cold_work;    /* units of work until its working set is in the LLC again */
    uint64_t stretch_work; /* units of work done since accesses were last accounted */
    struct pace pace;      /* of one without a mix; else its class's holds */
    int32_t warm_llc;      /* the LLC that holds its working set, -1 none */

    /* Of tasks that access memory, of real-time ones, and what hardly ever is looked at. */
    uint64_t stretch_cold_work; /* of stretch_work, how much was done cold */
    uint64_t rate_from, rate_end;
    int32_t rate_index;
    bool wants_task_work;
    struct list running;        /* in process->running while on a CPU with a mix */
    struct list on_llc;         /* in llc->running, as long */
    struct task_access *access; /* [mix entries] */
    uint64_t fault_work;        /* units of work until it meets protected pages; UINT64_MAX never */
    uint64_t nr_draws;          /* of faults, so far */
    uint64_t seen_protects;     /* its process's nr_protects when it last left its CPU */
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
    int64_t now_ns; /* differs from the event queue's clock inside a replayed tick */
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
    int32_t *fallback; /* [nr_nodes * nr_nodes] */
    bool demoting;     /* cpusets do not count */
    int32_t nr_timers; /* of the driver, pending */

    int64_t tick_ns, tick_phase_ns;
    struct frequency *frequency; /* NULL: the machine has no table */
    struct rates *rates;
    struct rate_flow *flows;      /* [nr_nodes] scratch */
    uint32_t *side_misses;        /* [nr_nodes] in SIDE_CACHE_PARTS: side-cache.c */
    struct llc_share *llc_shares; /* [nr_llcs] */
    struct node_daemon **daemons; /* [nr_nodes], NULL where none was needed */
    bool counts_accesses;         /* some policy asks for accesses to pages */
    int64_t *best_latency_ns;     /* [nr_nodes] least from a node's CPUs to any memory */
    uint64_t base_pace;           /* the tick's own cost spread over all work */
    uint64_t least_pace;          /* of any CPU: for kernel_least_ns() */
    struct rng boot, policy, workload;
    int32_t *resched_cpus; /* ring of CPUs that must pick again before the next event */
    int32_t resched_head, nr_resched;
    int64_t nr_at_once; /* events and picks at the present instant */
    uint8_t event_class;
    uint16_t event_rank;
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

/* Events not yet in the digest: they are hashed in batches. */
enum { TP_BATCH = 128 };

/* tracepoints */
void kernel_hash_events(struct kernel *k);
void kernel_tell_listeners(struct kernel *k, const struct tp_event *event);
static inline bool kernel_listens(const struct kernel *k, enum tracepoint type)
{
    return (k->listen_mask >> type) & 1;
}
/* Emits an event that the digest covers: every one but TP_DECISION. */
static inline void emit(struct kernel *k, enum tracepoint type, int32_t task, int32_t cpu,
                        int32_t other, int64_t a, int64_t b, int64_t c)
{
    struct tp_event *event = &k->events_to_hash[k->nr_events_to_hash++];

    *event = (struct tp_event){k->now_ns, type, cpu, task, other, a, b, c};
    if (__builtin_expect(kernel_listens(k, type), 0)) {
        kernel_tell_listeners(k, event);
    }
    if (k->nr_events_to_hash == TP_BATCH) {
        kernel_hash_events(k);
    }
}
/* A record for a decision callback to fill, or NULL when nobody listens; then publish it. */
struct numasim_decision *decision_begin(struct kernel *k, struct numasim_decision *record);
void decision_end(struct kernel *k, enum numasim_role role, const char *callback, int32_t task,
                  int32_t cpu, const struct numasim_decision *record);

static inline struct rq *cpu_rq(const struct kernel *k, int32_t cpu)
{
    return k->rqs[cpu];
}
/* @t comes to, or leaves, the fair tasks of @rq (account_numa_enqueue()). */
void rq_count_numa(struct rq *rq, const struct task *t, bool in);
/* The counts of @rq have changed. */
static inline void rq_counted(struct kernel *k, const struct rq *rq)
{
    const struct numasim_cpu *c = &rq->pub;
    uint64_t bit = UINT64_C(1) << (c->id & 63);
    bool sched_idle = c->nr_running > 0 && c->nr_running == c->nr_sched_idle; /* sched_idle_cpu() */

    if (sched_idle != ((k->sched_idle[c->id >> 6] & bit) != 0)) {
        k->sched_idle[c->id >> 6] ^= bit;
        k->nr_sched_idle += sched_idle ? 1 : -1;
    }

    if (c->nr_running == 1 && c->nr_fair == 1 && c->nr_delayed == 0) {
        k->single[c->id >> 6] |= bit;
    } else {
        k->single[c->id >> 6] &= ~bit;
    }
}

static inline struct task *task_of(struct numasim_task *t)
{
    return (struct task *)(void *)t;
}
static inline struct rq *task_rq(const struct kernel *k, const struct task *t)
{
    return k->rqs[t->pub.cpu];
}

/* kernel.c */
static inline void event_init(struct evq_entry *e, enum event_kind kind, enum event_class class_,
                              uint16_t rank)
{
    *e = (struct evq_entry){.kind = (uint8_t)kind, .class_ = (uint8_t)class_, .rank = rank};
}
void event_set(struct kernel *k, struct evq_entry *e, int64_t at_ns);
void event_cancel(struct kernel *k, struct evq_entry *e);

/* objects.c */
void objects_new(struct kernel *k);
void objects_free(struct kernel *k);
/* Domains of every CPU from @sds, with fresh policy states. */
void domains_attach(struct kernel *k, const struct sched_domains *sds);
void cpu_set_idle(struct kernel *k, struct rq *rq, bool idle);
/* Counts @rq's CPU, which must not count as idle, in or out of the online ones. */
void cpu_account_online(struct kernel *k, struct rq *rq, bool online);
/* Gives @state[] of an object its zeroed bytes per plugin. @size_of picks the descriptor's size. */
void states_new(struct kernel *k, void *state[NUMASIM_NR_ROLES], size_t size_offset);
void states_free(struct kernel *k, void *state[NUMASIM_NR_ROLES]);

/* core.c, progress.c */
void schedule(struct kernel *k, struct rq *rq);
void resched_now(struct kernel *k, struct rq *rq);
void resched_from(struct kernel *k, struct rq *rq, int32_t from_cpu);
void settle(struct kernel *k, struct rq *rq);
void update_curr(struct kernel *k, struct rq *rq);
void segment_arm(struct kernel *k, struct rq *rq);
void segment_event(struct kernel *k, struct rq *rq);
void rq_charge(struct kernel *k, struct rq *rq, int64_t cost_ns);

/* queue-load.c: the averages of @t; of the root queue of @rq */
void task_update_load(struct kernel *k, struct task *t);
void rq_update_load(struct kernel *k, struct rq *rq);
/* The clock of @rq's averages, at the present time. */
static inline int64_t rq_clock_pelt_ns(const struct kernel *k, const struct rq *rq)
{
    return rq->pelt_clock.scaled
               ? pelt_clock_ns(&rq->pelt_clock, (uint32_t)rq->pub.capacity, k->now_ns)
               : k->now_ns;
}

/* load.c: brings what others are told of @rq's averages up to date. */
void load_refresh(struct kernel *k, struct rq *rq);
/* Of @q, of those above it, and of the entities between; before anything in them changes. */
void queue_update_path(struct kernel *k, struct rq *rq, struct fair_queue *q);
static inline void rq_update_load_of(struct kernel *k, struct rq *rq, const struct task *t)
{
    if (t->queue != NULL) {
        queue_update_path(k, rq, t->queue);
    } else {
        rq_update_load(k, rq);
    }
}
/* Of all queues of @rq, also those that have nothing queued (update_blocked_averages()). */
void rq_update_blocked(struct kernel *k, struct rq *rq);
/* The entities from @q up are part of the averages above them. */
void queue_attach_path(struct kernel *k, struct fair_queue *q);
/* The load of @t joins its queue, up to date, or leaves it. */
void task_attach_load(struct kernel *k, struct rq *rq, struct task *t, bool is_new);
void task_detach_load(struct kernel *k, struct rq *rq, struct task *t);
int64_t queue_clock_ns(const struct kernel *k, const struct fair_queue *q);
/* Weights with ten more bits (kernel/sched/sched.h: scale_load(), scale_load_down()). */
enum { LOAD_SHIFT = 10 };
#define NICE_0_LOAD (UINT64_C(1024) << LOAD_SHIFT)
static inline uint64_t load_scale_down(uint64_t weight)
{
    return weight == 0 ? 0 : MAX(weight >> LOAD_SHIFT, 2);
}

/* fair.c */
void fair_enqueue(struct kernel *k, struct rq *rq, struct task *t, uint32_t flags);
/* False: the dequeue is put off and the task stays, delayed. */
bool fair_dequeue(struct kernel *k, struct rq *rq, struct task *t, uint32_t flags);
struct task *fair_pick(struct kernel *k, struct rq *rq);
void fair_set_current(struct kernel *k, struct rq *rq, struct task *t);
/* @t stops running for @next (NULL: idle), on each level where they differ. */
void fair_put_current(struct kernel *k, struct task *t, const struct task *next);
void fair_account(struct kernel *k, struct rq *rq, struct task *t);
bool fair_tick(struct kernel *k, struct rq *rq, struct task *t);
bool fair_slice_timer(struct kernel *k, struct rq *rq, struct task *t);
bool fair_wakeup_preempt(struct kernel *k, struct rq *rq, struct task *t, uint32_t wake_flags);
void fair_reweight(struct kernel *k, struct rq *rq, struct task *t, uint32_t weight);
void fair_finish_delayed(struct kernel *k, struct rq *rq, struct task *t);
/* Changes the weight of the entity that stands for @q in its parent to @shares, scaled up. */
void fair_reweight_queue(struct kernel *k, struct fair_queue *q, uint64_t shares);
/* With flat_queue: @t, queued on @rq, gets the weight that its cgroups' shares give it now. */
void fair_refresh_weight(struct kernel *k, struct rq *rq, struct task *t);
/* With flat_queue: the tasks below @q leave the order of its CPU, or join it again. */
void fair_order_throttled(struct kernel *k, struct fair_queue *q, bool in);
static inline bool fair_is_flat(const struct kernel *k)
{
    return k->host[HOST_FLAT_QUEUE] != 0;
}
/* @t, queued, goes to sleep and stays, or is woken: @by is 1 or -1. */
void fair_count_delayed(struct task *t, int32_t by);
/* The entity of @q leaves the queues above it, as far as it leaves them empty, or joins them. */
void fair_leave_parent(struct kernel *k, struct fair_queue *q);
void fair_join_parent(struct kernel *k, struct fair_queue *q);
/* True while what runs on its CPU, and is queued still, is below @q. */
bool fair_queue_runs(const struct kernel *k, const struct fair_queue *q);
uint32_t nice_to_weight(int32_t nice);

/* rt.c */
/* The highest priority among those that run and wait on @rq, 0 none. */
int32_t rt_highest(const struct rq *rq);
void rt_enqueue(struct kernel *k, struct rq *rq, struct task *t, bool head);
void rt_dequeue(struct rq *rq, struct task *t);
struct task *rt_pick(struct rq *rq);
bool rt_preempts(const struct task *curr, const struct task *t);
bool rt_tick(struct kernel *k, struct rq *rq, struct task *t);
/* @t, which runs on @rq, has run until now. */
void rt_account(struct kernel *k, struct rq *rq, struct task *t);
/* From when on a tick of @rq, which runs something, may throttle; TIME_NEVER_NS: not. */
int64_t rt_wants_tick_ns(const struct kernel *k, const struct rq *rq);
/* A real-time task came to @rq or left. */
void rt_count(struct kernel *k, struct rq *rq, bool in);
void rt_period_event(struct kernel *k, struct rq *rq);
/* Fair or real-time tasks came to @rq or left. */
void rt_server_arm(struct kernel *k, struct rq *rq);
void rt_server_event(struct kernel *k, struct rq *rq);
/* Fair tasks ran beside real-time ones; true if their turn is over. */
bool rt_server_account(struct kernel *k, struct rq *rq, int64_t delta_ns);

/* rt-push.c */
/* Who runs and waits on @rq changed. */
void rt_prio_changed(struct kernel *k, struct rq *rq);
int32_t rt_select_cpu(struct kernel *k, struct task *t, int32_t waker_cpu);
/* Sends those that wait on @rq where they can run. */
void rt_push(struct kernel *k, struct rq *rq);
/* @t joined @rq and may have to wait. */
void rt_woken(struct kernel *k, struct rq *rq, struct task *t);
/* Lets @t run before the current task of the same priority, which can go elsewhere, if @t cannot. */
bool rt_makes_way_for_equal(struct kernel *k, struct rq *rq, struct task *t);
/* If @rq falls below the priority of what it ran, tasks that wait on other CPUs may come. */
void rt_pull(struct kernel *k, struct rq *rq);
void rt_push_event(struct kernel *k, struct rq *rq);
/* @rq, which runs and has nothing any more, goes offline. */
void rt_cpu_down(struct kernel *k, struct rq *rq);

/* tick.c */
void tick_start(struct kernel *k, struct rq *rq);
void tick_stop(struct kernel *k, struct rq *rq);
void tick_event(struct kernel *k, struct rq *rq);
/* Replays the ticks that were skipped on @rq up to the event at hand. */
void tick_catch_up(struct kernel *k, struct rq *rq);
/* Decides, after anything changed on @rq, from which tick on they must come as events. */
void tick_rearm(struct kernel *k, struct rq *rq);

/* wake.c */
void arrive_event(struct kernel *k, struct task *t);
void enqueue_task(struct kernel *k, struct rq *rq, struct task *t, uint32_t flags);
bool dequeue_task(struct kernel *k, struct rq *rq, struct task *t, uint32_t flags);
void check_preempt(struct kernel *k, struct rq *rq, struct task *t, uint32_t wake_flags,
                   int32_t from_cpu);
int32_t select_cpu(struct kernel *k, struct task *t, int32_t waker_cpu, uint32_t flags);
/* A forked task joins its CPU's queue at once; only the picking waits for an IPI
 * (wake_up_new_task()). */
void join_new(struct kernel *k, struct task *t, int32_t from_cpu);
void set_task_cpu(struct kernel *k, struct task *t, int32_t cpu, enum migrate_reason reason);
/* The load of @t, which is on no queue, leaves its CPU. */
void blocked_load_leaves(struct kernel *k, struct task *t);
void send_task(struct kernel *k, struct task *t, int32_t from_cpu, int32_t to_cpu, uint32_t flags);

/* schedstat.c */
/* @t, which last ran on @prev_cpu, is woken on @waker_cpu for the CPU where it is now (ttwu_stat());
 * @flags: NUMASIM_WAKE_*. */
void count_wakeup(struct kernel *k, struct task *t, int32_t prev_cpu, int32_t waker_cpu,
                  uint32_t flags);
/* The stopper of @from_cpu came to push a task to @to_cpu, and @moved one or not. */
void count_push(struct kernel *k, int32_t from_cpu, int32_t to_cpu, bool moved);

/* kernel/sched/stats.h: sched_info_switch(), 6.12. */
static inline void count_switch(const struct kernel *k, struct rq *rq, struct task *prev,
                                const struct task *next, bool voluntary)
{
    if (prev != NULL) {
        rq->stats.rq_cpu_time += (uint64_t)(k->now_ns - rq->switched_in_ns);
        if (prev->stats != NULL) {
            prev->stats->nr_voluntary += voluntary;
            prev->stats->nr_involuntary += !voluntary;
        }
    }
    if (next != NULL) {
        rq->stats.pcount++;
        rq->stats.run_delay += (uint64_t)(k->now_ns - next->runnable_since_ns);
    } else {
        rq->stats.sched_goidle++;
    }
}

/* move.c */
void push_event(struct kernel *k, struct rq *rq);
void kick_event(struct kernel *k, struct rq *rq);
bool move_waiting(struct kernel *k, struct task *t, int32_t to, enum migrate_reason reason);
/* The task that runs on @rq execs: asks for a CPU, goes there, and forgets its memory. */
void task_do_exec(struct kernel *k, struct rq *rq, struct task *t);
/* Takes the task that runs on @rq off it and queues it on CPU @to, as the stopper does. */
void push_running(struct kernel *k, struct rq *rq, int32_t to, enum migrate_reason reason);

/* cgroup.c */
/* Bytes of a queue with the policy's states behind it: one block, zeroed before fair_queue_init(). */
size_t fair_queue_size(const struct kernel *k);
void fair_queue_init(struct kernel *k, struct fair_queue *q, int32_t cpu, int32_t cgroup);
struct fair_queue *task_queue(struct kernel *k, const struct task *t, int32_t cpu);
void cgroups_new(struct kernel *k);
void cgroups_free(struct kernel *k);
void task_apply_allowed(struct kernel *k, struct task *t);
/* True if @cgroup is @ancestor or below it. */
bool cgroup_below(const struct kernel *k, int32_t cgroup, int32_t ancestor);

/* shares.c: the weight of the entity of @q (update_cfs_group()) */
void cgroup_update_weight(struct kernel *k, struct fair_queue *q);
/* The same for each queue above @t, which is fair. */
void cgroup_update_weights(struct kernel *k, const struct task *t);
/* True if @cgroup or one above it has cpu.idle. */
bool cgroup_is_idle(const struct kernel *k, int32_t cgroup);

/* quota.c */
void quota_event(struct kernel *k, struct kernel_cgroup *cg);
void slack_event(struct kernel *k, struct kernel_cgroup *cg);
/* @q's tasks ran for @delta_ns; true if its quota is used up and it must make way. */
bool cgroup_account(struct kernel *k, struct fair_queue *q, int64_t delta_ns);
/* @q got its first entity: it needs runtime, or is throttled. @q lost its last one: it gives back. */
void cgroup_queue_filled(struct kernel *k, struct fair_queue *q);
void cgroup_queue_emptied(struct kernel *k, struct fair_queue *q);
/* Throttles the highest queue from @leaf to the root that has run out, and says so. */
bool cgroup_throttle_spent(struct kernel *k, struct fair_queue *leaf);
/* What ran in @leaf leaves its CPU for something in @next (NULL: nothing fair): throttles those
 * between that have run out. */
void cgroup_put(struct kernel *k, struct fair_queue *leaf, const struct fair_queue *next);
/* True if the cgroup of @t or one above it has a quota, and @t is of the fair class. */
bool task_has_quota(struct kernel *k, const struct task *t);

/* throttle.c */
void queue_throttle(struct kernel *k, struct fair_queue *q);
void queue_unthrottle(struct kernel *k, struct fair_queue *q);
/* @q or the nearest above it that is throttled, or NULL. */
struct fair_queue *queue_throttled(struct fair_queue *q);
/* True if @q is @ancestor or below it. */
bool queue_below(const struct fair_queue *q, const struct fair_queue *ancestor);

/* throttle-task.c */
/* @q or the nearest above it that stands in line for runtime and is still queued, or NULL. */
struct fair_queue *queue_spent(struct fair_queue *q);
/* True if @t was taken off: THROTTLED, and on no queue. */
bool task_held(const struct task *t);
/* Takes @t, which @rq picked, off, if a queue above it is spent; false if it may run. */
bool task_throttle(struct kernel *k, struct rq *rq, struct task *t);
/* @t, held, goes to CPU @to. */
bool task_move_held(struct kernel *k, struct task *t, int32_t to, enum migrate_reason reason);
/* @q has runtime again: what it held joins. */
void queue_let_go(struct kernel *k, struct fair_queue *q);

/* pace.c */
/* Least latency from CPUs of @node to any memory. */
int64_t node_best_latency_ns(const struct kernel *k, int32_t node);
void paces_new(struct kernel *k);
void paces_free(struct kernel *k);
/* What the pace of @rq's task follows from may have changed; it is settled. */
void pace_refresh(struct kernel *k, struct rq *rq);
void pace_switch_in(struct kernel *k, struct rq *rq, struct task *t);
void pace_switch_out(struct kernel *k, struct rq *rq, struct task *t);
void pace_siblings_changed(struct kernel *k, struct rq *rq);
/* What determines the pace of the task that runs on @rq has changed from outside. */
void pace_change(struct kernel *k, struct rq *rq);
/* LLC misses a second of work x 1000 of @e by @t while it runs on @rq: with a warm cache; and how many
 * more with a cold one. */
uint64_t pace_misses_milli(const struct kernel *k, const struct rq *rq, const struct task *t,
                           const struct mm_mix_entry *e, uint64_t *ret_cold_milli);

/* llc.c: who shares an LLC, and what it holds for whom */
void llc_shares_new(struct kernel *k);
void llc_shares_free(struct kernel *k);
/* @t, which has a mix, begins or ends to run on @rq. */
void llc_enter(struct kernel *k, struct rq *rq, struct task *t);
void llc_leave(struct kernel *k, struct rq *rq, struct task *t);
/* Of @working_set_bytes, how much @rq's LLC holds for each of those that use it now. */
int64_t llc_share_bytes(const struct kernel *k, const struct rq *rq, int64_t working_set_bytes);
/* No LLC is @t's own any more. */
void llc_forget(struct kernel *k, struct task *t);

/* fault.c */
/* @t, which has a mix, begins to run, or has ended to: its accesses are accounted. */
void fault_enter(struct kernel *k, struct task *t);
void fault_leave(struct kernel *k, struct task *t);
/* The hint faults of what @t, which runs on @rq, accessed since the last time; it is settled. */
void task_faults(struct kernel *k, struct rq *rq, struct task *t);

/* daemon.c */
void daemons_free(struct kernel *k);
void daemon_event(struct kernel *k, struct evq_entry *e);
void daemon_advance(struct kernel *k, struct task *t);

/* mover.c */
/* Starts a kernel thread that moves the pages of @p on nodes of @from to those of @to. */
void mover_start(struct kernel *k, struct process *p, const char *comm, const uint64_t *from,
                 const uint64_t *to);
void mover_advance(struct kernel *k, struct task *t);
void mover_release(struct task *t);

/* access.c */
/* Turns the work done since the last call into accesses by node. */
void access_account(struct kernel *k, struct rq *rq, struct task *t);

/* frequency.c: all but frequency_new() and frequency_free() only where k->frequency is not NULL. */
void frequency_new(struct kernel *k);
void frequency_free(struct kernel *k);
/* A task runs on a CPU of @core now, or on none of them any more. */
void frequency_core_runs(struct kernel *k, int32_t core, bool runs);
void frequency_rest_event(struct kernel *k, struct evq_entry *e);
/* Of the package of @rq's CPU now. */
int64_t frequency_hz(const struct kernel *k, const struct rq *rq);
/* The same for load tracking, 1..1024 (arch_scale_freq_capacity()). */
uint32_t frequency_scale(const struct kernel *k, const struct rq *rq);

/* mm.c */
/* The pages and the regions' policies of @t's process, which has no other task, go. */
void mm_exec(struct kernel *k, struct task *t);
void process_free(struct kernel *k, struct process *p);
/* Gives the pages of @p, which has no task left, back to their nodes. */
void process_release_pages(struct kernel *k, struct process *p, int32_t cpu);

/* task.c */
void task_free(struct kernel *k, struct task *t);
void task_do_block(struct kernel *k, struct rq *rq, struct task *t);
void task_do_exit(struct kernel *k, struct rq *rq, struct task *t);
/* Lets every task of @p exit as soon as it gets a CPU; @by is one of them and acts. */
void process_kill(struct kernel *k, struct process *p, const struct task *by);

void task_reapply_allowed(struct kernel *k, struct task *t);

/* host.c: @index, if it is one of @nr; else 0, and a fault that names @call. */
int32_t host_index(const struct numasim_host *host, const char *call, int32_t index, int32_t nr);
/* False, with a fault that names @call, inside a replayed tick. */
bool policy_may_act(struct kernel *k, const char *call);

/* check.c: ends the run. @callback is "queue.pick" or the like; NULL role name for the engine. */
void kernel_fault(struct kernel *k, enum numasim_role role, const char *callback,
                  const struct task *t, const char *format, ...) G_GNUC_PRINTF(5, 6);

#endif
