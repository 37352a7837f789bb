/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel: mechanism only. It keeps CPUs, tasks, run queues, load averages, address spaces,
 * cgroups and the event queue of one simulation; carries out what the policies decide, charges
 * the cost, and checks them. Who a task is and what it does next comes from a driver (the
 * workload interpreter) through struct kernel_driver.
 *
 * All state hangs off struct kernel: several simulations can live in one process.
 */
#ifndef NUMASIM_KERNEL_KERNEL_H
#define NUMASIM_KERNEL_KERNEL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/evq.h"
#include "base/rng.h"
#include "kernel/mm/mm.h"
#include "kernel/tracepoint.h"
#include "machine/domains.h"
#include "machine/machine.h"
#include "policy/loader.h"
#include "policy/numasim-policy.h"

struct kernel;
struct task;

struct kernel_config {
    uint64_t seed;
    bool
        tie_break_insertion; /* CPUs that act at one instant act in plain order, not the boot stream's */
    bool all_ticks;          /* simulate every tick, also those that cannot change anything */
    bool task_stats;         /* count what kernel_sched_text() shows */
    int64_t watchdog_ns; /* a waiting task beside its idle CPU for so long is a fault; 0: 1 s */
};

struct ktimer;

/* What carries a task's program. All callbacks run inside the simulation, at its present time. */
struct kernel_driver {
    /*
     * @t runs on its CPU and has nothing more to do. The driver lets it act (kernel_wake() others,
     * fork, touch memory...), then calls exactly one of task_run(), task_block(), task_spin(),
     * task_yield(), task_exit() on it.
     */
    void (*advance)(struct kernel *k, struct task *t, void *data);
    /* @t was killed for want of memory, and exits as soon as it gets a CPU: nothing may wake it any
     * more. Optional. */
    void (*killed)(struct kernel *k, struct task *t, void *data);
    /* @t is dead; its driver_data may go. Optional. */
    void (*exited)(struct kernel *k, struct task *t, void *data);
    /* All the work that @t's later calls of task_run() will state, in ns; TIME_NEVER_NS if it has no
     * end or is not known. For numasim_remaining_ns(); changes nothing. Optional. */
    int64_t (*remaining)(struct kernel *k, struct task *t, void *data);
    /* @timer is about to expire: what it needs may be prefetched. Changes nothing. Optional. */
    void (*prefetch)(const struct ktimer *timer);
    void *data;
};

/*
 * A simulation of @m (finished, borrowed), with the domains @sds (borrowed), under the policies
 * of @stack (borrowed). NULL with @error if a policy's init refuses.
 */
struct kernel *kernel_new(const struct machine *m, const struct sched_domains *sds,
                          const struct policy_stack *stack, const struct kernel_config *config,
                          GError **error);
void kernel_free(struct kernel *k);
void kernel_set_driver(struct kernel *k, const struct kernel_driver *driver);

/*
 * Simulates up to and including @until_ns, or until no event is left and every task is dead.
 * Stopping and going on changes nothing. False with @error (NUMASIM_ERROR_FAULT) when a check
 * failed; kernel_dump() then says what stood where.
 */
bool kernel_run(struct kernel *k, int64_t until_ns, GError **error);
int64_t kernel_now_ns(const struct kernel *k);
/* True when every task is dead and no driver timer is pending. */
bool kernel_finished(const struct kernel *k);
/* True when no event is left, so that nothing will happen any more, whoever still sleeps. */
bool kernel_quiet(const struct kernel *k);
/* CPUs and queues as text, for a fault; newly allocated. */
char *kernel_dump(const struct kernel *k);
/* Ends the run with a fault that names no plugin: the driver's own (e.g. a program that spins
 * through steps without end). */
__attribute__((cold)) void kernel_fail(struct kernel *k, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

const struct machine *kernel_machine(const struct kernel *k);
/* The random stream of the workload, for the driver. */
const struct rng *kernel_workload_rng(const struct kernel *k);

/* Listeners: called for each event whose bit (1 << type) is in @mask. Add before the first run. */
void kernel_listen(struct kernel *k, uint64_t mask, tp_listener_fn fn, void *data);
/* NUMASIM_WAKE_SYNC or 0: how the task was woken that the last TP_SCHED_WAKING is about. The kernel's
 * tracepoint has no such field. */
uint32_t kernel_waking_flags(const struct kernel *k);
/* Emits an event of the driver's own kind (TP_REQUEST_*, TP_COUNT, TP_MEASURE). */
void kernel_emit(struct kernel *k, enum tracepoint type, int32_t task, int32_t cpu, int32_t other,
                 int64_t a, int64_t b, int64_t c);
/* The digest of all events so far, 32 hex digits, newly allocated. */
char *kernel_digest(const struct kernel *k);

/* ------------------------------------------------------------------------------------------- */
/* Processes, tasks, cgroups                                                                   */

/* A new address space; @name is copied. Owned by the kernel. */
struct process *kernel_process_new(struct kernel *k, const char *name);

/*
 * Asks the placement policy about @request. False with its refusal as @error; else @cpus (bitmap of
 * CPUs, all set at first) holds what is left, and @p's nodes are restricted.
 */
bool kernel_place(struct kernel *k, struct process *p, const struct numasim_container *request,
                  uint64_t *cpus, GError **error);

/* Restricts @p's pages to the cpuset.mems of @cgroup and those above it. False with
 * NUMASIM_ERROR_INPUT if no node with memory is left. */
bool kernel_process_join(struct kernel *k, struct process *p, int32_t cgroup, GError **error);

/* cgroup 0 is the root. Returns the new one's number. @cpus/@nodes: bitmaps (copied) or NULL. */
int32_t kernel_cgroup_new(struct kernel *k, const char *name, int32_t parent, uint32_t weight,
                          int64_t quota_ns, int64_t period_ns, const uint64_t *cpus,
                          const uint64_t *nodes);
/* The CPUs of @cgroup, given at its making, become its own: no task outside of it may use them
 * (cpuset.cpus.partition). The domains are the caller's business. */
void kernel_cgroup_make_partition(struct kernel *k, int32_t cgroup);
void kernel_cgroup_set_cpus(struct kernel *k, int32_t cgroup, const uint64_t *cpus);
/* True if each session without a cgroup gets a group of its own (sched_autogroup_enabled). */
bool kernel_has_autogroup(const struct kernel *k);
/* So many there are, the root included. */
int32_t kernel_nr_cgroups(const struct kernel *k);
/* The name it was made with; "/" for the root. Borrowed. */
const char *kernel_cgroup_name(const struct kernel *k, int32_t cgroup);
/* cpu.max and cpu.max.burst; quota 0: none. All that is throttled runs again, on a full pool
 * (kernel/sched/core.c: tg_set_cfs_bandwidth(), 6.12). */
void kernel_cgroup_set_bandwidth(struct kernel *k, int32_t cgroup, int64_t quota_ns,
                                 int64_t period_ns, int64_t burst_ns);
/* cpu.idle = 1: the weight of SCHED_IDLE, and its rules, for good. */
void kernel_cgroup_set_idle(struct kernel *k, int32_t cgroup);
/* cpu.weight.nice: -20..19, the shares of a task of that nice value. Only before it has queues. */
void kernel_cgroup_set_nice(struct kernel *k, int32_t cgroup, int32_t nice);
void kernel_cgroup_set_weight(struct kernel *k, int32_t cgroup, uint32_t weight);

struct task_params {
    const char *comm;        /* copied */
    struct process *process; /* NULL: a kernel thread */
    int32_t cgroup;
    int32_t nice; /* -20..19, for the fair policies */
    enum numasim_sched_policy policy;
    int32_t rt_priority;  /* 1..99 for FIFO and RR */
    const uint64_t *cpus; /* affinity bitmap, copied; NULL: all */
    int64_t custom_slice_ns;
    int32_t slice_index; /* its slice of private regions: 0..; see mm.h */
    void *driver_data;
};

/* A task in state NEW. Owned by the kernel until the end of the simulation. */
struct task *kernel_task_new(struct kernel *k, const struct task_params *params,
                             struct task *parent);
/* Starts a NEW task: as wake_up_new_task(). @parent, if it is the task acting now, pays. */
void kernel_task_start(struct kernel *k, struct task *t, struct task *parent);

/* Puts a NEW task to sleep, as one that slept since before the start: each such task on the CPU after
 * the last one's. */
void kernel_task_park(struct kernel *k, struct task *t);

/* Before either: @t has lived long before the start, using @share (0..1024) of a CPU: its load
 * averages begin there, not as those of a task just made. */
void kernel_task_set_past(struct task *t, uint32_t share);

/* Fetches @t into the cache ahead of its use: with thousands of tasks a wakeup misses on each of its
 * lines. */
void task_prefetch(const struct task *t);
/* The same of what only a task that accesses memory uses. */
void task_prefetch_memory(const struct task *t);

void *task_driver_data(const struct task *t);
struct numasim_task *task_pub(struct task *t);
struct process *task_process(const struct task *t);
/* The task that made it; -1: none did. */
int32_t task_parent(const struct task *t);
int32_t kernel_nr_tasks(const struct kernel *k);
struct task *kernel_task(const struct kernel *k, int32_t id);
/* Changes the affinity (bitmap, copied) or nice value of a live task. */
void kernel_task_set_cpus(struct kernel *k, struct task *t, const uint64_t *cpus);
void kernel_task_set_nice(struct kernel *k, struct task *t, int32_t nice);
/* Takes a CPU down or up; its tasks move. False if it is the last one online. */
bool kernel_cpu_set_online(struct kernel *k, int32_t cpu, bool online);

/* ------------------------------------------------------------------------------------------- */
/* What a driver lets the acting task do next                                                   */

/* Runs for @work_ns of CPU work at reference speed, then advance() again. May also be called on a
 * task that is blocked or new, right before its wakeup: it then runs without an advance() first. */
void task_run(struct kernel *k, struct task *t, int64_t work_ns);
/* Sleeps until kernel_wake(). A wakeup that comes before it left its CPU cancels the sleep. */
void task_block(struct kernel *k, struct task *t);
/* Burns CPU until task_spin_stop(), then advance(). */
void task_spin(struct kernel *k, struct task *t);
void task_spin_stop(struct kernel *k, struct task *t);
void task_yield(struct kernel *k, struct task *t);
void task_exit(struct kernel *k, struct task *t);
/* The acting task reads its CPU time, as by clock_gettime(CLOCK_THREAD_CPUTIME_ID): the accounts of its
 * CPU are brought up to date, by which a slice may be seen to have ended
 * (kernel/sched/core.c: task_sched_runtime()). */
void task_read_cputime(struct kernel *k, struct task *t);
/*
 * The acting task, the only one of its process, execs. Once what it did is paid for, the policy says
 * where a task with so little to leave behind should run, and the stopper takes a fair one there
 * (kernel/sched/core.c, 6.12: sched_exec(), called by fs/exec.c: bprm_execve() while the old memory is
 * still there); then its pages and mbind() policies are gone, its own memory policy stays.
 * @keeps_memory: all of that stays, as if it were the new program's. advance() comes when it runs again.
 */
void task_exec(struct kernel *k, struct task *t, bool keeps_memory);
/* The acting task pays @cost_ns of kernel time before whatever it does next. */
void task_charge(struct kernel *k, struct task *t, int64_t cost_ns);
/* The mix of memory accesses for the task's runs from now on; NULL: none. Borrowed until replaced. */
void task_set_mix(struct kernel *k, struct task *t, const struct mm_mix *mix);
const struct mm_mix *task_mix(const struct task *t);
/* First touch of what a run of @work_ns under the task's mix will newly touch, or of @bytes of one
 * region (all that is left if 0); the acting task pays. */
void task_touch(struct kernel *k, struct task *t, int32_t region, int64_t bytes);
/* The same for every slice of a region, all that is left of each. */
void task_touch_all(struct kernel *k, struct task *t, int32_t region);
void task_touch_for_run(struct kernel *k, struct task *t, int64_t work_ns);
/* madvise(2) of all of a region, MADV_HUGEPAGE or MADV_NOHUGEPAGE: whether it wants huge pages (2 MiB) from
 * now on. What it has stays; nothing comes of it where pages are a file's, shared memory, or of a pool. */
void task_madvise(struct kernel *k, struct task *t, int32_t region, bool huge);

/*
 * Wakes @t. @waker is the task acting now, or NULL for a timer or an interrupt, which is taken on
 * the CPU where @t last ran. @flags: NUMASIM_WAKE_SYNC. On a task that runs and is about to block,
 * the block is cancelled. On one that is not asleep at all: a fault of the driver.
 */
void kernel_wake(struct kernel *k, struct task *t, struct task *waker, uint32_t flags);

/* A timer of the driver's, embedded where it likes. */
struct ktimer {
    struct evq_entry entry;
    void (*fn)(struct kernel *k, struct ktimer *timer);
};
/* (Re)arms @timer for @at_ns >= now. */
void kernel_timer_set(struct kernel *k, struct ktimer *timer, int64_t at_ns);
/* The same for one that @cpu keeps: of the timers of one instant, those of a CPU come together. */
void kernel_timer_set_on(struct kernel *k, struct ktimer *timer, int64_t at_ns, int32_t cpu);
void kernel_timer_cancel(struct kernel *k, struct ktimer *timer);

/* ------------------------------------------------------------------------------------------- */
/* Reading                                                                                      */

/* Nothing here changes state. */
struct cpu_times {
    int64_t busy_ns, idle_ns,
        overhead_ns; /* they add up to the time since the start (or since online) */
    uint64_t ticks;  /* skipped ones included */
};
struct cpu_times kernel_cpu_times(const struct kernel *k, int32_t cpu);
/* What is left of the work that task_run() last gave @t, in ns. */
int64_t kernel_task_work_left_ns(const struct kernel *k, const struct task *t);
/* The work that task_run() gave @t so far and that is done, in ns. */
int64_t kernel_task_work_done_ns(const struct kernel *k, const struct task *t);
/* The least wall time that @work_ns can take on any CPU of the machine: alone on its core, all its
 * memory near, at the highest frequency. Rounded down. */
int64_t kernel_least_ns(const struct kernel *k, int64_t work_ns);
/* CPU time of a task so far, kernel overhead on its account included. */
int64_t kernel_task_cpu_ns(const struct kernel *k, const struct task *t);

struct kernel_counters {
    uint64_t ticks; /* skipped ones included */
    uint64_t
        ticks_skipped; /* not simulated as events: depends on --all-ticks, and is not a result */
    uint64_t wakeups, blocks, switches, migrations, forks, exits;
    uint64_t oracle_queries; /* of numasim_remaining_ns() */
    uint64_t preemptions, yields, newidle_calls, newidle_pulled, kicks, pushes;
    uint64_t queue_events; /* pops of the event queue; not a result */
};
const struct kernel_counters *kernel_counters(const struct kernel *k);
/*
 * /proc/schedstat as of now, in the version of the release by whose rules the domains are built; what
 * it counts is counted from the start on, as with schedstats on since boot. Newly allocated. CPUs
 * that went down or came up since make new domains, which count from then on.
 */
char *kernel_schedstat_text(const struct kernel *k);
/*
 * /proc/PID/sched of every task that was started, in the order of their numbers, which stand for
 * PIDs, with the lines that the release has by whose rules the domains are built; schedstats are on
 * since the start: kernel_config.task_stats must be set. Those that exited are shown as if nobody had waited for them yet. Newly allocated.
 */
char *kernel_sched_text(const struct kernel *k);
struct numasim_cpu *kernel_cpu(const struct kernel *k, int32_t cpu);
/* Bytes of memory one task and one CPU cost, for make bench. */
size_t kernel_bytes_per_task(const struct kernel *k);
size_t kernel_bytes_per_cpu(const struct kernel *k);

#endif
