/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * numasim-policy.h - everything a policy author needs.
 *
 * A policy is a plugin: one shared object that exports one descriptor,
 *
 *     NUMASIM_PLUGIN = {
 *         .abi = NUMASIM_POLICY_ABI,
 *         .name = "mine", .summary = "one line", .version = "1",
 *         .balance = &my_balance_ops,
 *     };
 *
 * with a table of parameters and the operations of one or more of five ROLES: queue, balance, numa,
 * tier, placement. A policy set names a plugin for each role. An operation left NULL means the
 * engine's plain default, which stands beside each operation below.
 *
 * The engine (the "host") is mechanism: it keeps tasks, queues' members, pages, clocks and costs,
 * carries out what a policy decides, and checks it. A task queued twice, picked while it is not
 * queued, put on a CPU that its affinity forbids, or left waiting beside an idle CPU for the
 * watchdog time ends the run with exit status 3 and names plugin, callback, task and time.
 *
 * RULES
 *  - No static or global state: several simulations live in one process. Keep state in the memory
 *    the host gives: zeroed when the object is made, freed with it. Sizes stand in the descriptor.
 *  - No wall clock, no rand(), no addresses in decisions; time is numasim_now(), chance is
 *    numasim_random(). Iterate in order of CPU, node or list, never of pointers.
 *  - Objects below are read-only to a plugin except where it says otherwise.
 *  - Callbacks run to completion; simulated time does not pass inside one. Costs are charged by
 *    the host, or by numasim_charge().
 *  - A CPU that runs one task takes no tick until one can matter. The host replays the skipped ones
 *    (account, then tick, with numasim_now() standing at each) before it next calls the queue or
 *    answers a question about that CPU. So that a policy never sees the difference, the queue's
 *    account() and tick() look at their own queue only, and act only by what they return and by
 *    numasim_set_slice_timer(): anything else that acts is a fault inside a replayed tick.
 *
 * ABI HISTORY: 1 first version. 2: util_est in struct numasim_load, counters in struct
 * numasim_domain, numasim_cpu_rt_util(), numasim_single_mask(), numasim_remaining_ns(),
 * nr_sched_idle in struct numasim_cpu, numasim_sched_idle_mask(), size_bytes in struct numasim_llc,
 * numasim_sum_loads(), counters in struct numasim_task, show() of queues, flat queues (flat in struct
 * numasim_queue, load in struct numasim_entity), numasim_task_h_load(). 3: memory: hint faults,
 * populations, memory policies, watermarks, counters, daemons. 4: memory of cgroups: numasim_memcg(),
 * reclaim() of the tier role, cgroup in struct numasim_pages; is_buddy() of queues,
 * numasim_is_buddy(); numasim_listens(), numasim_left(). 5: copies of pages: struct numasim_copies,
 * numasim_copy_pages() and its like, numasim_transact_pages(), collapsed(); writes_ppm, replicate,
 * shadow and set_tag of struct numasim_fault; accessed() hears of writes; thread() and advised() of
 * the tier role, numasim_wake_thread(), numasim_scan_place(), numasim_collapse_place().
 */
#ifndef NUMASIM_POLICY_H
#define NUMASIM_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NUMASIM_POLICY_ABI 5u
#define NUMASIM_API        __attribute__((visibility("default")))
#define NUMASIM_TIME_NEVER INT64_MAX

enum numasim_role {
    NUMASIM_ROLE_QUEUE,
    NUMASIM_ROLE_BALANCE,
    NUMASIM_ROLE_NUMA,
    NUMASIM_ROLE_TIER,
    NUMASIM_ROLE_PLACEMENT,
    NUMASIM_NR_ROLES
};

/* ------------------------------------------------------------------------------------------- */
/* Objects                                                                                     */

struct numasim_host; /* one simulation, opaque */

/* One plugin in one simulation; the first argument of every callback. */
struct numasim_self {
    struct numasim_host *host;
    void *state;          /* descriptor's state_size bytes */
    const int64_t *param; /* values, by index into the descriptor's params */
    int32_t slot;         /* this plugin's place in every `state[]` below */
};

/* The load averages of kernel/sched/pelt.c, 32 ms half-life, in the kernel's integers. */
struct numasim_load {
    uint64_t load_avg;     /* of a task: its weight if always runnable; of a CPU: the sum */
    uint64_t runnable_avg; /* 0..1024 for each runnable task */
    uint64_t util_avg;     /* 0..1024 */
    /* util_est (fair.c: util_est_update(), 6.12). Of a task: util_avg when it last went to sleep, at
     * once where that is more than before, else by a quarter of the difference; 0 before. Of a CPU:
     * the sum over its fair tasks that are queued and not about to leave. */
    uint64_t util_est;
};

enum numasim_task_state {
    NUMASIM_TASK_NEW,       /* forked, not yet woken */
    NUMASIM_TASK_RUNNABLE,  /* queued, waiting for its CPU */
    NUMASIM_TASK_RUNNING,   /* current on its CPU */
    NUMASIM_TASK_WAKING,    /* woken; on its way to the chosen CPU (an IPI is under way) */
    NUMASIM_TASK_THROTTLED, /* its cgroup's quota is used up */
    NUMASIM_TASK_DELAYED,   /* blocked, but its queue keeps it until its lag is paid */
    NUMASIM_TASK_BLOCKED,
    NUMASIM_TASK_DEAD
};

/*
 * The classes, as the host stacks them: lower runs first. SCHED_FIFO and SCHED_RR are the host's own:
 * such a task is placed, pushed and pulled by priority (cpupri), without asking the balance role. What
 * the fair class gets beside it, throttling or the fair server, is a parameter of the host.
 */
enum numasim_sched_class {
    NUMASIM_CLASS_STOP,
    NUMASIM_CLASS_DEADLINE,
    NUMASIM_CLASS_RT,
    NUMASIM_CLASS_FAIR, /* SCHED_OTHER, SCHED_BATCH, SCHED_IDLE: the queue role's */
    NUMASIM_CLASS_IDLE
};

enum numasim_sched_policy {
    NUMASIM_SCHED_OTHER,
    NUMASIM_SCHED_FIFO,
    NUMASIM_SCHED_RR,
    NUMASIM_SCHED_BATCH,
    NUMASIM_SCHED_IDLE
};

struct numasim_queue;
struct numasim_process;
struct numasim_domain;

/* What a queue orders: a task, or a cgroup's whole queue on that CPU. */
struct numasim_entity {
    uint32_t weight;             /* 1024 = nice 0; in a flat queue what its cgroups make of it */
    bool is_task;                /* false: a cgroup */
    bool idle_policy;            /* SCHED_IDLE, or cpu.idle */
    bool queued;                 /* between enqueue and dequeue; true for the current one, too */
    bool delayed;                /* dequeue pending */
    int64_t custom_slice_ns;     /* asked for by the task, 0: none */
    int64_t sum_exec_ns;         /* CPU time so far */
    struct numasim_queue *queue; /* the queue it belongs to (on its present CPU) */
    void *state;                 /* descriptor's entity_state_size bytes; the queue role's */
    uint64_t load;               /* the weight with ten more bits: 1048576 = nice 0 */
};

/* Counters of /proc/PID/sched that a balance policy keeps, for each task. */
enum numasim_task_counter {
    NUMASIM_TASK_FAILED_MIGRATIONS_AFFINE,  /* balancing left it: its affinity forbids the CPU */
    NUMASIM_TASK_FAILED_MIGRATIONS_RUNNING, /* it was running */
    NUMASIM_TASK_FAILED_MIGRATIONS_HOT,     /* its working set was in the cache */
    NUMASIM_TASK_FORCED_MIGRATIONS, /* it was, and for want of success was moved all the same */
    NUMASIM_TASK_WAKEUPS_AFFINE_ATTEMPTS, /* wake_affine() was asked... */
    NUMASIM_TASK_WAKEUPS_AFFINE,          /* ...and chose the waking CPU */
    NUMASIM_NR_TASK_COUNTERS
};

struct numasim_task {
    struct numasim_entity se;  /* first: an entity with is_task is a task */
    int32_t id;                /* 0.., in order of creation; the name in tracepoints */
    int32_t cpu;               /* where it is or last was */
    int32_t prio;              /* static priority, 120 = nice 0; 0..99 real-time */
    int32_t nr_allowed;        /* CPUs in allowed */
    const uint64_t *allowed;   /* affinity after cpuset, bitmap of CPUs */
    uint8_t task_state;        /* enum numasim_task_state */
    uint8_t sched_class;       /* enum numasim_sched_class */
    uint8_t policy;            /* enum numasim_sched_policy */
    bool kthread;              /* a kernel thread (no address space of its own) */
    int32_t preferred_node;    /* set by numasim_set_preferred_node(), -1 none */
    int64_t exec_start_ns;     /* when it was last put on or accounted on a CPU */
    int64_t last_migration_ns; /* when it last changed CPU, 0 never */
    const char *comm;
    struct numasim_process *process;
    const struct numasim_mempolicy *mempolicy; /* set_mempolicy(2); never NULL */
    struct numasim_numa_stats *numa; /* the numa role's to write; NULL if the task has no memory */
    void *state[NUMASIM_NR_ROLES];   /* by slot; descriptor's task_state_size */
    uint64_t *counters; /* by enum numasim_task_counter; the host's memory, numasim_count_task() */
};

/* An address space with its threads. */
struct numasim_process {
    int32_t id;
    int32_t nr_threads; /* alive */
    const char *name;
    int64_t resident_bytes;
    const int64_t *bytes_by_node;  /* [nr_nodes] */
    const uint64_t *allowed_nodes; /* bitmap: where its pages may lie; NULL: anywhere */
    void *state[NUMASIM_NR_ROLES]; /* process_state_size */
    /* A thread of it has, or had, set_mempolicy(MPOL_BIND): its user said where those of its pages lie
     * whose region has no policy of its own. */
    bool bound;
};

/*
 * One run queue of the queue role: of one cgroup on one CPU; or, if it is flat (`host.flat_queue` of
 * a set), of all tasks on that CPU. An entity's weight in a flat queue is computed anew, and
 * reweight() called if it differs, when it is about to run and at each tick while it does.
 */
struct numasim_queue {
    int32_t cpu;
    int32_t cgroup;                /* 0 = root */
    uint32_t nr_queued;            /* entities, the current one included */
    uint64_t weight_sum;           /* of those */
    struct numasim_entity *curr;   /* the entity of this queue that is running, or NULL */
    struct numasim_entity *parent; /* the entity that stands for this queue, NULL for the root's */
    void *state;                   /* queue_state_size */
    bool flat;                     /* tasks of all cgroups, none of them in a queue of its own */
};

struct numasim_cpu {
    int32_t id;
    int32_t core, llc, die, package, node;
    int32_t capacity; /* 1024 = fastest */
    int32_t priority;
    bool online;
    bool idle;           /* runs nothing and nothing is queued or on its way */
    uint32_t nr_running; /* all classes, the current one included, delayed ones too */
    uint32_t nr_fair;    /* of the fair class, delayed ones too */
    uint32_t nr_delayed;
    uint32_t nr_sched_idle; /* of nr_fair, those of SCHED_IDLE or of a cgroup with cpu.idle */
    int64_t idle_since_ns;  /* valid while idle */
    /* Fair tasks with a preferred node, and of those the ones that are on it (rq->nr_numa_running,
     * nr_preferred_running). */
    uint32_t nr_numa_running, nr_preferred_running;
    int64_t avg_idle_ns; /* rq->avg_idle: an average of idle spells, see 5.2 of the host's docs */
    struct numasim_task *curr; /* NULL while idle */
    uint32_t nr_domains;
    struct numasim_domain *domain;     /* innermost, NULL for an isolated CPU */
    struct numasim_domain *llc_domain; /* highest that shares the LLC, or NULL */
    void *state[NUMASIM_NR_ROLES];     /* cpu_state_size */
};

struct numasim_llc {
    int32_t id;
    uint32_t nr_cpus, nr_idle_cpus, nr_idle_cores;
    const uint64_t *cpus;
    int64_t size_bytes;            /* 0: unknown */
    void *state[NUMASIM_NR_ROLES]; /* llc_state_size */
};

struct numasim_node {
    int32_t id;
    int32_t tier; /* 0 HBM, 1 DRAM, 2 CXL, 3 PMEM */
    /* The kernel's abstract distance, 576 for DRAM, less is faster; its memory tier is that / 128. Top
     * tier: one with CPUs, or a faster one (mm/memory-tiers.c, 6.12). */
    int32_t abstract_distance;
    bool top_tier;
    uint32_t nr_cpus;
    const uint64_t *cpus;
    int64_t total_bytes, free_bytes;             /* free: not in a hugetlb pool either */
    int64_t hugetlb_2m_free, hugetlb_1g_free;    /* pages left in its pools */
    int64_t read_bytes_per_s, write_bytes_per_s; /* as HMAT or CDAT would say it, 0 unknown */
    /* The watermarks, in bytes free: the tier role's to set; less than low, and low_memory() is
     * called. */
    int64_t min_bytes, low_bytes, high_bytes, promo_bytes;
    int64_t copy_bytes;            /* of what is not free, clean copies: numasim_reclaim_copies() */
    uint64_t *vmstat;              /* [NUMASIM_NR_VM_ITEMS]; see there who counts */
    void *state[NUMASIM_NR_ROLES]; /* node_state_size */
};

/* sched_domain flags: the bits of machine/domains.h, under these names for plugins. */
#define NUMASIM_SD_BALANCE_NEWIDLE       (1u << 0)
#define NUMASIM_SD_BALANCE_EXEC          (1u << 1)
#define NUMASIM_SD_BALANCE_FORK          (1u << 2)
#define NUMASIM_SD_BALANCE_WAKE          (1u << 3)
#define NUMASIM_SD_WAKE_AFFINE           (1u << 4)
#define NUMASIM_SD_ASYM_CPUCAPACITY      (1u << 5)
#define NUMASIM_SD_ASYM_CPUCAPACITY_FULL (1u << 6)
#define NUMASIM_SD_SHARE_CPUCAPACITY     (1u << 7)
#define NUMASIM_SD_CLUSTER               (1u << 8)
#define NUMASIM_SD_SHARE_LLC             (1u << 9)
#define NUMASIM_SD_SERIALIZE             (1u << 10)
#define NUMASIM_SD_ASYM_PACKING          (1u << 11)
#define NUMASIM_SD_PREFER_SIBLING        (1u << 12)
#define NUMASIM_SD_OVERLAP               (1u << 13)
#define NUMASIM_SD_NUMA                  (1u << 14)

struct numasim_group {
    const uint64_t *span, *balance_mask;
    uint32_t weight, cores, flags;
    uint32_t capacity;             /* 1024 a CPU */
    int32_t id;                    /* the same for groups that share their capacity record */
    void *state[NUMASIM_NR_ROLES]; /* group_state_size, shared by groups of the same id */
};

/* What a balancing CPU was doing, in the order of enum cpu_idle_type since 6.9. */
enum numasim_lb_idle {
    NUMASIM_LB_BUSY,
    NUMASIM_LB_IDLE,
    NUMASIM_LB_NEWLY_IDLE,
    NUMASIM_NR_LB_IDLE
};

/* Counters of /proc/schedstat that a balance policy keeps, for each domain and idleness
 * (Documentation/scheduler/sched-stats.rst). */
enum numasim_lb_counter {
    NUMASIM_LB_COUNT,          /* balances begun */
    NUMASIM_LB_BALANCED,       /* there was nothing to do, or all of it was pinned */
    NUMASIM_LB_FAILED,         /* a source was found, and nothing moved */
    NUMASIM_LB_IMBALANCE_LOAD, /* sums of what was to be moved, by its unit */
    NUMASIM_LB_IMBALANCE_UTIL,
    NUMASIM_LB_IMBALANCE_TASK,
    NUMASIM_LB_IMBALANCE_MISFIT,
    NUMASIM_LB_GAINED,     /* tasks moved */
    NUMASIM_LB_HOT_GAINED, /* of those, the cache-hot ones */
    NUMASIM_LB_NOBUSYQ,    /* a busiest group, and in it no queue to take from */
    NUMASIM_LB_NOBUSYG,    /* no busiest group */
    NUMASIM_NR_LB_COUNTERS
};

/*
 * What `numasim run --format schedstat` prints of one CPU's domain, from the start of the run; the
 * host's memory, which a balance policy may write as it says. They change no decision.
 */
struct numasim_domain_counters {
    uint32_t lb[NUMASIM_NR_LB_IDLE][NUMASIM_NR_LB_COUNTERS]; /* the policy's: numasim_count_lb() */
    uint32_t
        ttwu_move_affine; /* the policy's: wakeups that wake_affine() pulled to the waking CPU */
    uint32_t
        ttwu_wake_remote; /* the host's: wakeups on another CPU, this one being the lowest domain
                                  that holds both */
    uint32_t alb_count, alb_failed, alb_pushed; /* the host's: of numasim_push_running() */
};

struct numasim_domain {
    const char *name; /* "SMT", "MC", "PKG", "NODE", "NUMA" */
    int32_t cpu;      /* whose domain it is */
    uint32_t level, flags;
    const uint64_t *span;
    uint32_t span_weight;
    uint32_t imbalance_pct, min_interval, max_interval, busy_factor, cache_nice_tries, imb_numa_nr;
    uint32_t nr_groups;
    struct numasim_group *groups;          /* ring order; the first holds the CPU */
    struct numasim_domain *parent, *child; /* NULL at the ends */
    void *state[NUMASIM_NR_ROLES];         /* domain_state_size */
    struct numasim_domain_counters *counters;
};

/* ------------------------------------------------------------------------------------------- */
/* Decisions, observable                                                                       */

/*
 * A decision callback is handed a record to fill, or NULL when nobody listens: test it first.
 * @reason indexes the descriptor's `reasons`; quantities are what was compared, under static names.
 */
struct numasim_decision {
    int32_t chosen; /* CPU, node or count, as the callback's return value */
    uint32_t reason;
    uint32_t nr_quantities;
    struct {
        const char *name;
        int64_t value;
    } quantities[8];
};

/* Fills @d if it is not NULL. */
static inline void numasim_decide(struct numasim_decision *d, int32_t chosen, uint32_t reason)
{
    if (d != NULL) {
        d->chosen = chosen;
        d->reason = reason;
    }
}

/* Adds a compared quantity if @d is not NULL and has room. @name must be a string literal. */
static inline void numasim_compared(struct numasim_decision *d, const char *name, int64_t value)
{
    if (d != NULL && d->nr_quantities < 8) {
        d->quantities[d->nr_quantities].name = name;
        d->quantities[d->nr_quantities].value = value;
        d->nr_quantities++;
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Role: queue - the order of the fair class on one CPU                                         */

#define NUMASIM_ENQUEUE_WAKEUP (1u << 0) /* from sleep */
#define NUMASIM_ENQUEUE_NEW    (1u << 1) /* first time, after fork */
#define NUMASIM_ENQUEUE_MIGRATED                                                                   \
    (1u << 2)                             /* comes from another CPU, runnable throughout; or its
                                              cgroup was throttled, in a flat queue */
#define NUMASIM_ENQUEUE_RESTORE (1u << 3) /* taken off a moment ago only to change it */

#define NUMASIM_DEQUEUE_SLEEP (1u << 0) /* blocks or exits */
#define NUMASIM_DEQUEUE_MIGRATE                                                                    \
    (1u << 1) /* leaves for another CPU; or is throttled, in a flat queue */
#define NUMASIM_DEQUEUE_SAVE    (1u << 2) /* comes back at once, changed */
#define NUMASIM_DEQUEUE_DELAYED (1u << 3) /* completes a dequeue that was put off */

#define NUMASIM_WAKE_SYNC (1u << 0) /* the waker says that it is about to sleep */
#define NUMASIM_WAKE_FORK (1u << 1)
#define NUMASIM_WAKE_EXEC (1u << 2) /* it runs on @prev_cpu, and becomes another program */

/* se.vruntime and se.slice, in ns; 0 where the policy has no such thing. */
struct numasim_entity_shown {
    int64_t vruntime_ns, slice_ns;
};

/*
 * Order of calls. While an entity runs it is `queue->curr`, and it stays queued. The host calls
 * account() for the time it ran before any other operation on that queue but requeue_delayed(). A task that stops:
 * account, dequeue (blocks) or put_current (preempted), then pick and set_current for the next.
 * One whose dequeue was put off is still `curr` during that pick, and then gets put_current().
 */
struct numasim_queue_ops {
    /* A queue was made; its state is zeroed. Optional. */
    void (*queue_init)(struct numasim_self *self, struct numasim_queue *q);

    /* @se joins @q. nr_queued and weight_sum do not count it yet. Required. */
    void (*enqueue)(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                    uint32_t flags);

    /*
     * @se leaves @q; it may be the current one. nr_queued and weight_sum still count it. Returning
     * false puts the departure off: allowed only with NUMASIM_DEQUEUE_SLEEP, for a task; it then stays
     * queued with `delayed` set, counts as running, and when picked is dequeued again with
     * NUMASIM_DEQUEUE_DELAYED (which must return true). Required.
     */
    bool (*dequeue)(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                    uint32_t flags);

    /* A delayed @se was woken before it left: it stays, `delayed` already cleared. The one operation
     * before which the host does not call account() (kernel/sched/fair.c: enqueue_task_fair() with
     * ENQUEUE_DELAYED, 6.12): what ran since the last call is accounted right after. Required if
     * dequeue() ever returns false. */
    void (*requeue_delayed)(struct numasim_self *self, struct numasim_queue *q,
                            struct numasim_entity *se);

    /* The entity to run next, which may be curr; it stays where it is. Called with nr_queued > 0;
     * must not return NULL then. Required. */
    struct numasim_entity *(*pick)(struct numasim_self *self, struct numasim_queue *q);

    /* @se is about to run / was running and waits again. Optional. */
    void (*set_current)(struct numasim_self *self, struct numasim_queue *q,
                        struct numasim_entity *se);
    void (*put_current)(struct numasim_self *self, struct numasim_queue *q,
                        struct numasim_entity *se);

    /*
     * The current entity ran @delta_ns (> 0) since the last call. True asks for a new pick (ignored
     * while nothing else is queued). Optional.
     */
    bool (*account)(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                    int64_t delta_ns);

    /* The tick on the current entity, after account(). True asks for a new pick. Optional. */
    bool (*tick)(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se);

    /* The timer set by numasim_set_slice_timer() went off, after account(). Optional. */
    bool (*slice_timer)(struct numasim_self *self, struct numasim_queue *q,
                        struct numasim_entity *se);

    /* @se was just enqueued by a wakeup or fork (NUMASIM_WAKE_*) beside a running curr: preempt it?
     * Optional, default never. */
    bool (*wakeup_preempt)(struct numasim_self *self, struct numasim_queue *q,
                           struct numasim_entity *se, uint32_t wake_flags,
                           struct numasim_decision *d);

    /* The running entity yields. Optional. */
    void (*yield)(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se);

    /* @se, queued, changes weight from @old_weight to se->weight. Optional: by default the host
     * dequeues (SAVE) and enqueues (RESTORE) it. */
    void (*reweight)(struct numasim_self *self, struct numasim_queue *q, struct numasim_entity *se,
                     uint32_t old_weight);

    /* Query: service owed to @se in ns of its own weight; positive: it waits for what it is due.
     * Answers numasim_lag(). Optional, default 0. */
    int64_t (*lag)(struct numasim_self *self, struct numasim_queue *q,
                   const struct numasim_entity *se);

    /* What /proc/PID/sched says of @se, queued or not; changes nothing. @out is zeroed. Optional. */
    void (*show)(const struct numasim_self *self, const struct numasim_entity *se,
                 struct numasim_entity_shown *out);

    /* Query: whether @se, queued in @q, is to be picked before its turn. Answers numasim_is_buddy().
     * Optional, default false. */
    bool (*is_buddy)(const struct numasim_queue *q, const struct numasim_entity *se);
};

/* ------------------------------------------------------------------------------------------- */
/* Role: balance - which CPU                                                                    */

struct numasim_balance_ops {
    /* The domains were built or rebuilt (start, hot-plug, cpusets). Domain and group states are
     * fresh and zeroed. Optional. */
    void (*domains_built)(struct numasim_self *self);

    /*
     * A CPU for @task, which is on none: @prev_cpu is where it last ran, @waker_cpu where the
     * wakeup (or fork) happens. With NUMASIM_WAKE_EXEC it runs, on both, and counts there; any other
     * CPU than that has it moved by the stopper, at the price of a switch and a migration. @flags: NUMASIM_WAKE_*. A result outside the affinity, or
     * offline, is a fault, but @prev_cpu itself may have become forbidden. Not called when the
     * affinity leaves one CPU. Optional, default: @prev_cpu if allowed, else the lowest allowed.
     */
    int32_t (*select_cpu)(struct numasim_self *self, struct numasim_task *task, int32_t prev_cpu,
                          int32_t waker_cpu, uint32_t flags, struct numasim_decision *d);

    /* @cpu ran out of tasks and would idle, and none is on its way there: pull some with
     * numasim_move_task(). Returns how many were pulled. Optional, default 0. */
    int32_t (*newidle)(struct numasim_self *self, int32_t cpu, struct numasim_decision *d);

    /*
     * The tick of a CPU that runs something, after the queue's. Returns the earliest time at which
     * a further tick of this CPU can matter to this policy if nothing else happens on the CPU
     * meanwhile; at or before now: every tick. While more than one task is queued every tick comes;
     * so does the first one after the CPU idled or called newidle(), or a task left it to those of
     * SCHED_IDLE. Optional, default: ticks never matter.
     */
    int64_t (*tick)(struct numasim_self *self, int32_t cpu);

    /* Another CPU asked for attention with numasim_kick(), an IPI ago. Optional. */
    void (*kicked)(struct numasim_self *self, int32_t cpu);

    /* @cpu begins or ends idling. Optional. */
    void (*idle_changed)(struct numasim_self *self, int32_t cpu, bool idle);

    /* @task left @from for @to (wakeup or balancing). Optional. */
    void (*migrated)(struct numasim_self *self, struct numasim_task *task, int32_t from,
                     int32_t to);
};

#include "numasim-memory.h"

/* ------------------------------------------------------------------------------------------- */
/* Role: placement - what a container gets before it starts                                     */

struct numasim_container {
    const char *name;
    int32_t nr_threads;   /* of the process at its start */
    int64_t cpu_milli;    /* requested CPUs x 1000, 0 unknown */
    int64_t memory_bytes; /* of its regions together */
};

struct numasim_placement {
    uint64_t *cpus;      /* bitmap of nr_cpus, all online CPUs at first: clear to forbid */
    uint64_t *nodes;     /* bitmap of nr_nodes: memory may come from these */
    const char *refusal; /* why it may not start, a string that outlives the call, or NULL */
};

struct numasim_placement_ops {
    /* Before a process's first task starts. Decide by changing @out. Optional, default: as is. */
    void (*place)(struct numasim_self *self, const struct numasim_container *request,
                  struct numasim_placement *out, struct numasim_decision *d);
};

/* ------------------------------------------------------------------------------------------- */
/* The descriptor                                                                               */

enum numasim_param_type {
    NUMASIM_PARAM_INT,
    NUMASIM_PARAM_BOOL,
    NUMASIM_PARAM_NS,    /* written with a unit: 3ms */
    NUMASIM_PARAM_BYTES, /* 256MiB */
    NUMASIM_PARAM_PPM,   /* 12.5%, kept as parts per million */
    NUMASIM_PARAM_ENUM   /* one of `values`, kept as its index */
};

struct numasim_param {
    const char *name; /* lower case with underscores, as the kernel's knob if it has one */
    enum numasim_param_type type;
    int64_t def, min, max;     /* in the base unit; min..max inclusive; ignored for BOOL, ENUM */
    const char *const *values; /* ENUM: names, NULL-terminated */
    const char *doc;           /* one sentence */
    const char *knob;          /* sysctl, debugfs or sched feature it stands for, or NULL */
    const char *source;        /* where the default comes from */
};

#define NUMASIM_FLAG_TEST_ONLY (1u << 0) /* not for measurements: exists to test the engine */
#define NUMASIM_FLAGS_ALL      (NUMASIM_FLAG_TEST_ONLY)

struct numasim_policy {
    uint32_t abi;        /* NUMASIM_POLICY_ABI */
    uint32_t flags;      /* NUMASIM_FLAG_*; unknown bits are refused */
    const char *name;    /* equals the file name without .so */
    const char *summary; /* one line */
    const char *version; /* of the policy, for results */
    const char *essay;   /* idea, source, where it fits and where not; may be NULL */
    /*
     * Ended by a zeroed row; may be NULL. Two ENUM parameters of a balance plugin are rules by which
     * the host builds the sched_domains, in the order of the enums in machine/domains.h:
     * "overlap_groups" (of-release, from-cpu0, from-self, from-self-3hop) and "hotplug_drops_numa"
     * (of-release, off, on).
     */
    const struct numasim_param *params;
    const char *const *reasons; /* names for decision records, NULL-terminated; may be NULL */

    /* Bytes of private state the host keeps for each object; 0 for none. */
    size_t state_size, task_state_size, cpu_state_size, llc_state_size, domain_state_size,
        group_state_size, node_state_size, process_state_size, queue_state_size, entity_state_size,
        region_state_size;

    /* Called once when the simulation starts, after CPUs, nodes, LLCs and domains exist and before any
     * task; false with a message in @error (of @size bytes) refuses to run. Optional. */
    bool (*init)(struct numasim_self *self, char *error, size_t size);
    /* Called once at the end, unless init() refused or was not reached. Optional. */
    void (*fini)(struct numasim_self *self);
    /* A task was made (before its first wakeup) / is dead. @parent is NULL for a first task. Optional. */
    void (*task_init)(struct numasim_self *self, struct numasim_task *task,
                      struct numasim_task *parent);
    void (*task_exit)(struct numasim_self *self, struct numasim_task *task);

    const struct numasim_queue_ops *queue;
    const struct numasim_balance_ops *balance;
    const struct numasim_numa_ops *numa;
    const struct numasim_tier_ops *tier;
    const struct numasim_placement_ops *placement;
};

#ifndef NUMASIM_SOURCE_HASH
#define NUMASIM_SOURCE_HASH "unknown"
#endif

/* Begins the descriptor's definition, and records the hash of the source that the build passes. */
#define NUMASIM_PLUGIN                                                                             \
    NUMASIM_API extern const struct numasim_policy numasim_policy;                                 \
    NUMASIM_API extern const char numasim_policy_source_hash[];                                    \
    const char numasim_policy_source_hash[] = NUMASIM_SOURCE_HASH;                                 \
    const struct numasim_policy numasim_policy

/* ------------------------------------------------------------------------------------------- */
/* What the host offers                                                                         */

/* Simulated now, in ns. Inside a replayed tick: that tick's time. */
NUMASIM_API int64_t numasim_now(const struct numasim_host *host);
/* Length of a tick in ns (1e9 / HZ), and ticks since boot at now (jiffies). */
NUMASIM_API int64_t numasim_tick_ns(const struct numasim_host *host);
NUMASIM_API int64_t numasim_jiffies(const struct numasim_host *host);

NUMASIM_API int32_t numasim_nr_cpus(const struct numasim_host *host);
NUMASIM_API int32_t numasim_nr_online(const struct numasim_host *host);
NUMASIM_API int32_t numasim_nr_nodes(const struct numasim_host *host);
NUMASIM_API int32_t numasim_nr_llcs(const struct numasim_host *host);
/* Objects by index; never NULL. An index that there is not is a fault, here and below. */
NUMASIM_API struct numasim_cpu *numasim_cpu(const struct numasim_host *host, int32_t cpu);
NUMASIM_API struct numasim_llc *numasim_llc(const struct numasim_host *host, int32_t llc);
NUMASIM_API struct numasim_node *numasim_node(const struct numasim_host *host, int32_t node);
/* SLIT distance, 10 = local; node_reclaim_distance. */
NUMASIM_API int32_t numasim_distance(const struct numasim_host *host, int32_t from, int32_t to);
NUMASIM_API int32_t numasim_reclaim_distance(const struct numasim_host *host);
/* Idle load latency in ns from a CPU node to a memory node. */
NUMASIM_API int64_t numasim_latency_ns(const struct numasim_host *host, int32_t from, int32_t to);
/* SMT siblings of @cpu, itself included. */
NUMASIM_API const uint64_t *numasim_siblings(const struct numasim_host *host, int32_t cpu);
/* Bitmaps of CPUs, kept by the host: online; idle; idle with all their siblings idle. */
NUMASIM_API const uint64_t *numasim_online_mask(const struct numasim_host *host);
NUMASIM_API const uint64_t *numasim_idle_mask(const struct numasim_host *host);
NUMASIM_API const uint64_t *numasim_idle_core_mask(const struct numasim_host *host);

/* The same: with nr_running and nr_fair 1 and nr_delayed 0, so that a policy need not look. */
NUMASIM_API const uint64_t *numasim_single_mask(const struct numasim_host *host);
/* Bitmap of CPUs whose tasks are all of SCHED_IDLE or of cgroups with cpu.idle (sched_idle_cpu()), NULL
 * while there is none. */
NUMASIM_API const uint64_t *numasim_sched_idle_mask(const struct numasim_host *host);

/* How often a CPU has gone from fewer than two runnable tasks to two or more, on all CPUs since the
 * start (kernel/sched/sched.h: add_nr_running(), which sets the root domain's overload flag). */
NUMASIM_API uint64_t numasim_nr_overloads(const struct numasim_host *host);

/*
 * Load averages as another CPU sees them: as of the CPU's last update (a tick, a switch, a task that
 * came or went), at most 32 ms ago on an idle CPU; those of the CPU that acts now, and of a task,
 * are brought up to now.
 */
NUMASIM_API struct numasim_load numasim_cpu_load(struct numasim_host *host, int32_t cpu);
NUMASIM_API struct numasim_load numasim_task_load(struct numasim_host *host,
                                                  struct numasim_task *task);
/* What of its CPU's load_avg is the task's: its load_avg times the part of its cgroups' queues in those
 * above them (kernel/sched/fair.c: task_h_load()). */
NUMASIM_API uint64_t numasim_task_h_load(struct numasim_host *host, struct numasim_task *task);

/*
 * What numasim_cpu_load() gives of each CPU in @cpus and @only (NULL: all), added up: at less than the
 * cost of asking, as sums of neighbours are kept while none of them changes. Utilisations count up to
 * each CPU's capacity (kernel/sched/fair.c: cpu_util(), 6.12): util_avg alone, and in util_est the
 * larger of util_avg and util_est.
 */
NUMASIM_API struct numasim_load numasim_sum_loads(struct numasim_host *host, const uint64_t *cpus,
                                                  const uint64_t *only);

/* util_avg of the real-time tasks of @cpu, 0..1024: what scale_rt_capacity() takes from the fair
 * class's capacity (kernel/sched/fair.c, 6.12). Reading changes nothing. */
NUMASIM_API uint64_t numasim_cpu_rt_util(const struct numasim_host *host, int32_t cpu);

/* Fair tasks queued on @cpu and not running, least recently run first; NULL at the end. The list
 * may change when a task is moved: fetch the next one first. */
NUMASIM_API struct numasim_task *numasim_first_waiting(struct numasim_host *host, int32_t cpu);
NUMASIM_API struct numasim_task *numasim_next_waiting(struct numasim_host *host,
                                                      struct numasim_task *task);
/* The same with those that sleep and are queued until their lag is paid (se.delayed): the kernel's
 * list of fair tasks holds both (kernel/sched/sched.h: cfs_tasks, 6.12). */
NUMASIM_API struct numasim_task *numasim_first_queued(struct numasim_host *host, int32_t cpu);
NUMASIM_API struct numasim_task *numasim_next_queued(struct numasim_host *host,
                                                     struct numasim_task *task);
/* True iff @cpu is online and in the task's affinity. */
NUMASIM_API bool numasim_may_run(const struct numasim_host *host, const struct numasim_task *task,
                                 int32_t cpu);

/* Moves a queued task to another CPU's queue and preempts there if due; one that sleeps goes on
 * sleeping. False, with nothing done,
 * if it runs, is not queued, or may not run there. For the balance and numa roles. */
NUMASIM_API bool numasim_move_task(struct numasim_host *host, struct numasim_task *task,
                                   int32_t to_cpu);
/* Moves the task that runs on @from_cpu now, by way of the stopper there (active balance). False if
 * nothing fair runs there, it may not run on @to_cpu, or a push is already under way. */
NUMASIM_API bool numasim_push_running(struct numasim_host *host, int32_t from_cpu, int32_t to_cpu);
/* Asks @cpu to pick again, at once if it is the CPU that acts now, else an IPI later; a pick for
 * another reason in between will do. */
NUMASIM_API void numasim_resched(struct numasim_host *host, int32_t cpu);
/* Calls @to_cpu's kicked() an IPI later; a second kick while one is under way is dropped (false). */
NUMASIM_API bool numasim_kick(struct numasim_host *host, int32_t from_cpu, int32_t to_cpu);
/* Lets @cpu spend @cost_ns on the kernel's own work now; its task makes no progress meanwhile. */
NUMASIM_API void numasim_charge(struct numasim_host *host, int32_t cpu, int64_t cost_ns);
/* The machine's cost of one balance pass that looks at @nr_cpus CPUs, in ns. */
NUMASIM_API int64_t numasim_balance_cost_ns(const struct numasim_host *host, uint32_t nr_cpus);
/* For the queue role: slice_timer() of @q's CPU at @at_ns; replaces an earlier one,
 * NUMASIM_TIME_NEVER cancels. It is cancelled by every context switch. */
NUMASIM_API void numasim_set_slice_timer(struct numasim_host *host, struct numasim_queue *q,
                                         int64_t at_ns);

/* Whether somebody listens to decisions: where not, no reason need be found. */
NUMASIM_API bool numasim_listens(const struct numasim_host *host);
/*
 * Tells them that a policy that looked for work for @cpu left @task where it waits, or, with NULL, looked no
 * further, and why: @reason as in struct numasim_decision. What `numasim explain` says of wasted time.
 */
NUMASIM_API void numasim_left(struct numasim_self *self, int32_t cpu,
                              const struct numasim_task *task, uint32_t reason);

/* Queries between roles. */
NUMASIM_API int64_t numasim_lag(struct numasim_host *host, const struct numasim_task *task);
/* Whether its queue means @task, which waits, to be picked before its turn (cfs_rq->next, ->last). */
NUMASIM_API bool numasim_is_buddy(struct numasim_host *host, const struct numasim_task *task);
NUMASIM_API int32_t numasim_locality(struct numasim_host *host, const struct numasim_task *task,
                                     int32_t src_node, int32_t dst_node);
/* True iff the set has a numa policy, that is, locality can matter. */
NUMASIM_API bool numasim_has_numa(const struct numasim_host *host);

/*
 * FOR ORACLES ONLY: CPU work that @task has yet to do until it exits, in ns at reference speed;
 * NUMASIM_TIME_NEVER if it never will, or nobody can know (a loop for a stated time, requests that
 * arrive). No kernel knows this; a run in which it was asked says so (policy.oracle_queries).
 */
NUMASIM_API int64_t numasim_remaining_ns(struct numasim_host *host, struct numasim_task *task);

/* Draw @index of @entity from the policy stream: uniform in 0..@n-1. A pure function. */
NUMASIM_API uint64_t numasim_random(const struct numasim_host *host, uint64_t entity,
                                    uint64_t index, uint64_t n);
/* Draw of the boot stream, uniform in 0..@n-1: for what differs between two boots. */
NUMASIM_API uint64_t numasim_boot_random(const struct numasim_host *host, uint64_t entity,
                                         uint64_t index, uint64_t n);

/* Ends the run with exit 3, naming the plugin; for a policy that finds itself broken. */
NUMASIM_API void numasim_fault(struct numasim_self *self, const char *message);

/* ------------------------------------------------------------------------------------------- */
/* Helpers                                                                                      */

/* Adds @amount to a counter of @sd's balances. */
static inline void numasim_count_lb(const struct numasim_domain *sd, enum numasim_lb_idle idle,
                                    enum numasim_lb_counter what, int64_t amount)
{
    sd->counters->lb[idle][what] += (uint32_t)amount;
}

/* Counts one for @task, as the policy may even where it may not change the task. */
static inline void numasim_count_task(const struct numasim_task *task,
                                      enum numasim_task_counter what)
{
    task->counters[what]++;
}

static inline struct numasim_task *numasim_entity_task(struct numasim_entity *se)
{
    return se->is_task ? (struct numasim_task *)(void *)se : NULL;
}

static inline bool numasim_mask_test(const uint64_t *mask, int32_t bit)
{
    return (mask[(uint32_t)bit >> 6] >> ((uint32_t)bit & 63)) & 1;
}

/* First bit >= @from set in @a (and in @b unless NULL), or @nr_bits. */
static inline int32_t numasim_mask_next(const uint64_t *a, const uint64_t *b, int32_t nr_bits,
                                        int32_t from)
{
    uint32_t word = (uint32_t)from >> 6, words = ((uint32_t)nr_bits + 63) >> 6;

    if (from >= nr_bits) {
        return nr_bits;
    }
    uint64_t bits = a[word] & (b != NULL ? b[word] : UINT64_MAX) & (UINT64_MAX << (from & 63));
    while (bits == 0) {
        if (++word >= words) {
            return nr_bits;
        }
        bits = a[word] & (b != NULL ? b[word] : UINT64_MAX);
    }
    int32_t bit = (int32_t)(word * 64 + (uint32_t)__builtin_ctzll(bits));
    return bit < nr_bits ? bit : nr_bits;
}

#ifdef __cplusplus
}
#endif

#endif
