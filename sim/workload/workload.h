/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A workload as plain data: processes with threads that follow programs, regions of memory, the
 * objects threads meet at, arrivals, cgroups, timed administrative steps; or a recorded trace.
 *
 * The readers in format/ fill it, workload_check() checks references between its parts, the
 * interpreter (workload/interp.h) carries it out on a kernel. Names are resolved to indices by the
 * reader. Everything is owned by the struct workload.
 */
#ifndef NUMASIM_WORKLOAD_WORKLOAD_H
#define NUMASIM_WORKLOAD_WORKLOAD_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/dist.h"
#include "policy/numasim-policy.h"

/* Where in its file something stands, for messages. Line 0: unknown. */
struct workload_mark {
    uint32_t line, column;
};

enum object_kind {
    OBJECT_SEMAPHORE, /* initial: count */
    OBJECT_PIPE,      /* initial: capacity in bytes (65536 as pipe(7)) */
    OBJECT_BARRIER,   /* initial: parties */
    OBJECT_MUTEX,     /* blocking */
    OBJECT_SPINLOCK,
    OBJECT_CONDITION,
};

/*
 * set_mempolicy(2) or mbind(2), and with numactl's options the affinity that goes with it. Lists are
 * kept as text, in the kernel's grammar, or, of numactl, in that one's (workload/numactl.h).
 */
struct workload_mempolicy {
    bool is_set; /* else nothing was said, and the rest means nothing */
    struct workload_mark mark;
    uint8_t mode;   /* enum numasim_mpol; of numactl, DEFAULT: it names none */
    uint32_t flags; /* NUMASIM_MPOL_F_* */
    char *nodes;    /* NULL: none */
    int32_t home_node;
    bool numactl;
    bool all;               /* --all: numbers are not those of the cpuset alone */
    char *cpus, *cpu_nodes; /* --physcpubind, --cpunodebind */
    bool of_region;
};

/* There is one of each to a replica of the workload, shared by all its processes. */
struct workload_object {
    char *name; /* a member of an array of objects: "NAME.INDEX" */
    enum object_kind kind;
    int64_t initial;
    bool spin; /* BARRIER: waiters spin instead of blocking */
};

/* One entry of an access mix: while it holds, each unit of work misses the LLC so often, or refers
 * to it so often, and misses it by what of the region does not fit. */
struct access_entry {
    int32_t region;      /* index into the process's regions */
    bool references;     /* else misses */
    uint32_t writes_ppm; /* lines written back for each line that misses */
    int64_t per_s_milli; /* per second of work at reference speed, x 1000 */
};

struct access_mix {
    struct access_entry *entries;
    int32_t nr_entries;
    int32_t mlp_ppm; /* misses in flight at once, x 1e6 (1e6 = one at a time) */
};

enum step_kind {
    STEP_RUN,     /* work: CPU work in ns at reference speed */
    STEP_ACCESS,  /* mix: holds for the thread's runs from here on */
    STEP_TOUCH,   /* region, bytes (0: all of it): first touch by this thread */
    STEP_SLEEP,   /* work: duration */
    STEP_TIMER,   /* count: period in ns; waits for the next multiple since the thread's start */
    STEP_WAIT,    /* object: semaphore, down */
    STEP_SIGNAL,  /* object: semaphore, up by count */
    STEP_READ,    /* object: pipe, count bytes; blocks until all are there */
    STEP_WRITE,   /* object: pipe, count bytes; blocks while there is no room */
    STEP_BARRIER, /* object: barrier */
    STEP_LOCK,    /* object: mutex or spinlock */
    STEP_UNLOCK,
    STEP_COND_WAIT, /* object: condition, other: mutex held */
    STEP_COND_SIGNAL,
    STEP_COND_BROADCAST,
    STEP_FORK, /* other: thread group of the same process to start, count of them */
    STEP_JOIN, /* waits until every thread this one forked has exited */
    STEP_EXIT,
    STEP_YIELD,
    STEP_CPUTIME, /* reads its own CPU time, which brings the accounts of its CPU up to date */
    STEP_NICE,    /* count: nice value */
    STEP_LOOP,    /* body, count times; count < 0: for ever; work: for that long instead */
    STEP_SERVE,   /* other: arrival source; takes one request, runs body, completes it */
    STEP_MEASURE, /* name; body: a request whose latency is body's duration (closed loop) */
    STEP_COUNT,   /* name: throughput.NAME counts one */
    STEP_MADVISE, /* region, count: 1 MADV_HUGEPAGE, 0 MADV_NOHUGEPAGE, on all of it */
    STEP_EXEC,    /* a new program in the same process: its memory is gone */
};

struct step {
    enum step_kind kind;
    struct workload_mark mark;
    struct dist work;
    bool has_work;
    int64_t count;
    int32_t object, other;
    int64_t bytes;
    int32_t metric; /* MEASURE, COUNT: index into the workload's metrics */
    struct access_mix mix;
    struct step *body; /* [nr_body], owned */
    int32_t nr_body;
};

enum access_pattern { PATTERN_RANDOM, PATTERN_SEQUENTIAL };
enum page_kind { PAGE_BASE, PAGE_16K, PAGE_64K, PAGE_2M, PAGE_1G };
enum first_toucher {
    TOUCH_USER,  /* whoever accesses a page first, as the accesses go */
    TOUCH_FIRST, /* the process's first thread, all of it, before it does anything else */
    TOUCH_EACH,  /* each thread its equal slice, before it does anything else */
};

/* Part of a region, at its start or end, that gets a share of the accesses of its own. */
struct workload_hot {
    int64_t size_bytes; /* 0: none, all of the region is accessed alike */
    uint32_t share_ppm;
    bool at_end;
};

struct workload_region {
    char *name;
    int64_t size_bytes;
    enum page_kind page;
    enum access_pattern pattern;
    enum first_toucher touch;
    bool shared;               /* by all threads; false: each thread accesses its own slice */
    int64_t working_set_bytes; /* what a warm cache would hold of it; 0: none */
    bool hugetlb;              /* pages from a node's pool */
    bool file;                 /* page cache */
    bool mapped_shared;        /* MAP_SHARED */
    char *object;              /* of this name: its pages are those of all regions that say so */
    bool readonly;
    struct workload_hot hot;
    struct workload_mempolicy policy; /* mbind(2) */
};

enum sched_kind {
    SCHED_KIND_OTHER,
    SCHED_KIND_BATCH,
    SCHED_KIND_IDLE,
    SCHED_KIND_FIFO,
    SCHED_KIND_RR
};

struct thread_group {
    char *name; /* becomes comm */
    struct workload_mark mark;
    int32_t count; /* threads; 0: only started by fork */
    int32_t nice;  /* -20..19 */
    enum sched_kind sched;
    int32_t rt_priority;     /* 1..99 for FIFO and RR */
    int64_t custom_slice_ns; /* sched_setattr() runtime as a slice request, 0 none */
    char *cpus;              /* affinity as a cpulist, NULL: all; checked against the machine */
    char *nodes;             /* affinity as a list of nodes, NULL */
    bool spread;             /* thread i of the group gets the i-th CPU of `cpus` alone */
    struct dist start;       /* when it starts */
    struct workload_mempolicy policy; /* set_mempolicy(2); else the process's */
    struct step *steps;
    int32_t nr_steps;
};

struct workload_process {
    char *name;
    struct workload_mark mark;
    int32_t count;         /* instances */
    int32_t cgroup;        /* index, -1: root */
    int32_t oom_score_adj; /* -1000..1000 */
    char *session;         /* setsid(): those of one name share it; NULL: that of the workload */
    struct workload_mempolicy policy;
    struct workload_region *regions;
    int32_t nr_regions;
    struct thread_group *groups;
    int32_t nr_groups;
};

enum cgroup_partition { PARTITION_MEMBER, PARTITION_ROOT, PARTITION_ISOLATED };

struct workload_cgroup {
    char *name;
    struct workload_mark mark;
    int32_t parent;              /* index of an earlier one, -1: root */
    int64_t weight;              /* cpu.weight, 1..10000 */
    bool has_nice;               /* instead, cpu.weight.nice */
    int32_t nice;                /* of that, -20..19 */
    int64_t quota_ns, period_ns; /* cpu.max; quota 0: none */
    int64_t burst_ns;            /* cpu.max.burst, at most the quota */
    bool idle;                   /* cpu.idle: weight and cpu.weight count for nothing */
    char *cpus;                  /* cpuset.cpus, NULL: all */
    char *nodes;                 /* cpuset.mems, NULL: all */
    /* In bytes: memory.max, memory.high, INT64_MAX where there is none; memory.low, memory.min. */
    bool has_memory;
    int64_t memory_max_bytes, memory_high_bytes, memory_low_bytes, memory_min_bytes;
    /*
     * cpuset.cpus.partition. One that is no member has cpus, stands below the root or another such
     * one within its CPUs, and shares none of them with a sibling.
     */
    enum cgroup_partition partition;
};

enum arrival_kind { ARRIVAL_POISSON, ARRIVAL_FIXED, ARRIVAL_BURST };

struct workload_arrival {
    char *name; /* request latency is request_latency_ns.NAME */
    struct workload_mark mark;
    enum arrival_kind kind;
    int64_t interval_ns;       /* mean (POISSON) or exact time between arrivals (or bursts) */
    int32_t burst;             /* requests at once; 1 but for BURST */
    int64_t start_ns, stop_ns; /* stop 0: never */
    int64_t limit;             /* requests in all, 0: no limit */
};

enum admin_kind {
    ADMIN_CPU_OFFLINE,
    ADMIN_CPU_ONLINE,
    ADMIN_CPUSET,
    ADMIN_WEIGHT,
    ADMIN_AFFINITY,
    ADMIN_QUOTA,
    ADMIN_MEMS,
    ADMIN_MOVE,
    ADMIN_MIGRATEPAGES
};

struct workload_admin {
    enum admin_kind kind;
    struct workload_mark mark;
    int64_t at_ns;
    int32_t cpu; /* OFFLINE, ONLINE */
    /* CPUSET, WEIGHT, QUOTA, MEMS: cgroup; AFFINITY, MIGRATEPAGES: process; MOVE: process, and cgroup,
     * -1 the root */
    int32_t cgroup, process;
    int64_t value; /* WEIGHT; QUOTA: ns, 0 is max */
    int64_t period_ns, burst_ns;
    char *cpus;
    char *nodes, *to_nodes; /* MEMS; MIGRATEPAGES: from, to */
    bool migrate;           /* MEMS, MOVE: pages follow */
};

/* ------------------------------------------------------------------------------------------- */
/* Recorded traces                                                                             */

/*
 * A recorded task as a sequence of steps. Wakeups are counted: the k-th block of a task ends with
 * its k-th wake, even where that comes before the block; so causes keep before effects on any
 * machine. Nothing of where a task ran is kept.
 */
enum trace_op {
    TRACE_RUN,         /* arg: ns of CPU */
    TRACE_WAKE,        /* arg: task index; one wake credit to it */
    TRACE_BLOCK,       /* waits for a wake credit */
    TRACE_BLOCK_UNTIL, /* arg: ns since the trace's start: woken by a timer or an interrupt then */
    TRACE_SLEEP,       /* arg: ns: a timer relative to going to sleep */
    TRACE_FORK,        /* arg: task index, starts it */
    TRACE_EXIT,
    TRACE_WAKE_SYNC, /* as WAKE, by a waker that blocks next */
    TRACE_EXEC,      /* becomes another program, and may be moved for it */
};

struct trace_step {
    uint64_t packed; /* op in the low 4 bits, arg above */
};
#define TRACE_STEP(op, arg) ((struct trace_step){((uint64_t)(arg) << 4) | (uint64_t)(op)})
static inline enum trace_op trace_step_op(struct trace_step s)
{
    return (enum trace_op)(s.packed & 15);
}
static inline int64_t trace_step_arg(struct trace_step s)
{
    return (int64_t)(s.packed >> 4);
}

struct trace_task {
    char *comm;
    int32_t pid;
    int32_t prio;       /* as recorded: 120 = nice 0; < 100: real-time */
    int32_t parent;     /* task index that forks it, -1: it is there from the start */
    int32_t session;    /* setsid(): those of one number share it; 0: none, a kernel thread's */
    bool runs_at_start; /* was running or runnable when the trace begins */
    /* Without a parent, but does not exist before its first step ends, a TRACE_BLOCK_UNTIL: then it is
     * started, as a forked one is. */
    bool is_new;
    struct trace_step *steps;
    int32_t nr_steps;
};

/* What memory a command of the trace uses (from the overlay file). */
struct trace_memory {
    char *comm;
    struct workload_region *regions;
    int32_t nr_regions;
    struct access_mix mix;
};

struct workload_trace {
    int64_t span_ns;
    struct trace_task *tasks;
    int32_t nr_tasks;
    struct trace_memory *memory;
    int32_t nr_memory;
};

struct workload {
    char *name, *description;
    char *path; /* of the file, for messages; NULL if built in memory */
    char *input_digest;
    char **sources;
    int64_t duration_ns; /* of a run unless --duration says otherwise; 0: until all exit */
    int64_t warmup_ns;
    int32_t replicas; /* of the whole; 1 */
    struct workload_object *objects;
    int32_t nr_objects;
    struct workload_cgroup *cgroups;
    int32_t nr_cgroups;
    struct workload_process *processes;
    int32_t nr_processes;
    struct workload_arrival *arrivals;
    int32_t nr_arrivals;
    struct workload_admin *admin;
    int32_t nr_admin;
    char **metrics;               /* names used by MEASURE and COUNT, NULL-terminated */
    struct workload_trace *trace; /* NULL unless it is a recorded trace */
};

void workload_free(struct workload *w); /* accepts NULL and half-filled ones */
typedef struct workload workload_t;     /* for g_autoptr(workload_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(workload_t, workload_free)

/* Releases what a step owns, its body included, and what arrays of regions and steps own. */
void step_release(struct step *step);
void workload_steps_free(struct step *steps, int32_t nr_steps);
void workload_regions_free(struct workload_region *regions, int32_t nr_regions);

/* As the language spells them: "run", "cond-wait"; "semaphore". */
const char *step_kind_name(enum step_kind kind);
const char *object_kind_name(enum object_kind kind);

/*
 * Checks what the interpreter relies on: every index is in range and of the right kind; and what
 * can be seen to go wrong without running it: locks that a thread does not give back, waits that
 * nothing ends, barriers with more parties than threads, loops that take no time, forks without
 * end, steps and thread groups that are never reached, a run that never ends. False with
 * NUMASIM_ERROR_INPUT: "path:line:column: what is wrong; what was expected". Affinities, cpusets
 * and nodes are checked against a machine by the interpreter, not here.
 */
bool workload_check(const struct workload *w, GError **error);

#endif
