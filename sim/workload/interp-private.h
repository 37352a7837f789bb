/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter's own structures and the calls between its files.
 *
 *   interp.c    making processes, tasks and objects; the driver's callbacks
 *   program.c   a thread's program: frames, steps, draws
 *   sync.c      semaphores, pipes, barriers, locks, conditions
 *   requests.c  arrivals and the queue of requests
 *   replay.c    recorded traces
 *   remaining.c  what is known beforehand: work to come, the least time
 *   admin.c     timed administrative steps
 *   memory.c    regions and access mixes
 */
#ifndef NUMASIM_WORKLOAD_INTERP_PRIVATE_H
#define NUMASIM_WORKLOAD_INTERP_PRIVATE_H

#include "base/bitmap.h"
#include "base/error.h"
#include "base/list.h"
#include "base/rng.h"
#include "base/slab.h"
#include "base/time.h"
#include "workload/interp.h"

struct instance;
struct thread;

/* A list of steps being carried out. */
struct frame {
    const struct step *owner; /* the LOOP, SERVE or MEASURE whose body it is; NULL: the program */
    const struct step *steps;
    int32_t nr_steps, next;
    int64_t left;     /* rounds to go; < 0: for ever */
    int64_t until_ns; /* LOOP for a time; TIME_NEVER_NS */
    int64_t begin_ns; /* MEASURE */
};

struct request {
    int64_t id;
    int64_t arrival_ns, start_ns;
};

struct sync_object {
    const struct workload_object *spec;
    int64_t level;        /* semaphore: count; pipe: bytes in it; barrier: arrived */
    struct thread *owner; /* mutex, spinlock */
    struct list waiters;  /* threads: semaphore, barrier, locks, conditions, pipe's readers */
    struct list writers;  /* pipe */
};

struct source {
    const struct workload_arrival *spec;
    struct instance *instance;
    int32_t index; /* in tracepoints */
    struct rng rng;
    struct ktimer timer;
    int64_t next_id;
    struct request *queue; /* ring of those nobody has taken yet */
    uint32_t head, count, size;
    struct list idle; /* threads that wait for a request */
};

struct process_instance {
    const struct workload_process *spec;
    struct process *process;
    struct instance *instance;
    uint64_t *cpus; /* what a placement policy left, or NULL */
    int32_t cgroup;
    struct list late;        /* threads that wait until the first one has touched its regions */
    bool is_touched;         /* it has */
    struct thread *first;    /* the first one made */
    int32_t nr_threads;      /* made so far: the next one's index */
    int32_t *group_threads;  /* [groups of spec] made so far of each */
    int32_t planned_threads; /* that start by themselves: slices of private regions */
};

struct thread {
    /* What every step needs comes first: with thousands of threads each line read is a miss. */
    struct ktimer timer; /* sleeps, and the start */
    struct task *task;
    const struct trace_task *trace; /* a replayed task, else NULL */
    struct frame *frames;
    int32_t depth, frames_size;
    struct instance *instance;
    struct process_instance *process;
    struct source *serving;
    struct rng rng;
    uint64_t draws;
    bool begun, joining, ended;
    bool waits_for_credit;
    int32_t trace_next;
    struct frame first_frames[2]; /* where frames are until there are more */

    const struct thread_group *group;
    struct list wait;    /* link in a waiters list */
    int64_t wait_amount; /* pipe: bytes */
    struct sync_object *cond_mutex;
    int64_t start_ns, timer_next_ns;
    struct thread *parent;
    int32_t children;   /* that it may join */
    uint64_t nr_forked; /* ever */
    struct request request;
    struct rng request_rng;
    uint64_t request_draws;
    const struct trace_memory *memory; /* of its command, or NULL */
    int64_t credits;                   /* wakes that no block has used yet */
    GPtrArray *owes;                   /* partners it came to wake before they slept */
    GPtrArray *owed_by;                /* those that owe it a wake so */
    bool settles;                      /* it sleeps until it can give such a wake */
    bool past_end;                     /* it sleeps behind its last step */
    GHashTable *partners;              /* threads it wakes that also wake it; NULL: none */
    int64_t path_ns;   /* no earlier than this can it be where it is, see remaining.c */
    int64_t joined_ns; /* the same of its children that have ended */
    int64_t total_ns;  /* work of its whole program; 0 not asked, < 0 not known */
};

struct admin_timer {
    struct ktimer timer;
    const struct workload_admin *spec;
    struct instance *instance;
    uint64_t *cpus; /* CPUSET, AFFINITY */
    uint64_t *nodes, *to_nodes;
};

/* One replica of one workload. */
struct instance {
    struct interp *interp;
    const struct workload *spec;
    struct rng rng;
    struct sync_object *objects;
    struct source *sources;
    struct process_instance *processes;
    int32_t nr_processes;
    int32_t *cgroups; /* kernel's number of each */
    struct admin_timer *admin;
    struct thread **trace_threads;
    int32_t metric_base;
};

struct interp {
    struct kernel *kernel;
    struct instance **instances;
    guint nr_instances;
    struct slab *thread_slab;
    GPtrArray *threads; /* in thread_slab */
    GPtrArray *source_names, *metric_names;
    GHashTable *mixes; /* struct step or trace_memory -> struct mm_mix, owned */
};

/* What a step leaves its thread doing. */
enum step_result {
    STEP_GOES_ON,   /* nothing took time: the next step follows at once */
    STEP_TAKES_TIME /* the kernel was told what it does (run, block, spin, yield, exit) */
};

/* An autogroup's cpu.weight: nice 0, 1024 shares. */
enum { AUTOGROUP_WEIGHT = 100 };

/* interp.c */
struct thread *thread_new(struct interp *it, struct process_instance *p,
                          const struct thread_group *group, struct thread *parent, GError **error);
void thread_sleep_until(struct thread *th, int64_t at_ns);
/* Parses "cpus" and "nodes" of a spec into a bitmap of CPUs, or NULL where both are NULL. */
bool interp_parse_cpus(const struct interp *it, const char *cpus, const char *nodes,
                       const char *where, uint64_t **ret_cpus, GError **error);
static inline struct kernel *thread_kernel(const struct thread *th)
{
    return th->instance->interp->kernel;
}

/* memory.c */
/* By struct step or trace_memory. */
GHashTable *interp_mixes_new(void);
/* The kernel's form of an access mix, made once. */
const struct mm_mix *interp_mix(struct interp *it, const void *key, const struct access_mix *mix);
/* Parses a list of nodes of the machine in the kernel's grammar. */
bool interp_parse_nodes(const struct interp *it, const char *nodes, const char *where,
                        uint64_t **ret_nodes, GError **error);
/* The CPUs that numactl's options in @spec bind to, or NULL where they do not. */
bool interp_numactl_cpus(const struct interp *it, const struct process_instance *p,
                         const struct workload_mempolicy *spec, uint64_t **ret_cpus,
                         GError **error);
/* The policy that @th begins with, beyond what it inherited. */
bool thread_set_mempolicy(struct thread *th, GError **error);
/* mbind() of @p's regions, which is in its cgroup by now. */
bool process_bind_regions(struct interp *it, struct process_instance *p, GError **error);
/* Adds @nr regions, with slices for @nr_threads where they are not shared. Returns @nr. */
int32_t process_add_regions(struct interp *it, const struct instance *in, struct process *p,
                            const struct workload_region *regions, int32_t nr, int32_t nr_threads);

/* program.c */
void program_advance(struct thread *th);
/* @th, asleep, is about to be woken: if all it does next is to run, it can begin without asking. */
void program_prepare(struct thread *th);
/* What @timer needs, if it is about to end a sleep: as kernel_driver.prefetch. */
void program_prefetch(const struct ktimer *timer);
int64_t thread_draw(struct thread *th, const struct dist *dist);
/* @th, if it has not ended yet, has: tells a parent that joins, by @waker or an interrupt. */
void thread_end(struct thread *th, struct task *waker);
/* Ends @th, and exits. */
void thread_exit(struct thread *th);
/* After a step that cost kernel time: lets it pass before the next one. */
static inline enum step_result pay(struct thread *th)
{
    task_run(thread_kernel(th), th->task, 0);
    return STEP_TAKES_TIME;
}

/* sync.c */
enum step_result sync_step(struct thread *th, const struct step *step);

/* requests.c */
void sources_start(struct instance *in);
enum step_result serve_step(struct thread *th, const struct step *step, bool *ret_taken);
void serve_done(struct thread *th);

/* replay.c */
bool replay_new(struct instance *in, GError **error);
void replay_advance(struct thread *th);
/* @th is dead: partners that wait for it to go to sleep go on without. */
void replay_ended(struct thread *th);

/* What is left of the recorded bursts after the present one. */
int64_t replay_left_ns(const struct thread *th);

/* remaining.c: the work of @th's program beyond what task_run() was told; TIME_NEVER_NS. */
int64_t thread_remaining_ns(struct thread *th);
/* @th is given a run of @work_ns. */
void path_run(struct thread *th, int64_t work_ns);

/* admin.c */
bool admin_new(struct instance *in, GError **error);

#endif
