/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls between the kernel's files; structures.h has what they work on, mm/internal.h those of its
 * memory side. Nothing outside sim/kernel includes this.
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
 *   pace.c     how fast a task runs where it runs
 *   frequency.c  of a package, by its active cores
 *   check.c    faults and dumps
 *   load.c     load averages as others see them, and their sums
 *   schedstat.c  what /proc/schedstat counts
 *   sched-debug.c  /proc/PID/sched as text; task-stats.h counts
 *   host.c     the functions a plugin may call
 */
#ifndef NUMASIM_KERNEL_INTERNAL_H
#define NUMASIM_KERNEL_INTERNAL_H

#include "kernel/structures.h"

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
/* A pick has no record of its own to fill: @t was picked on @cpu, of @nr_queued. */
void decision_pick(struct kernel *k, int32_t cpu, const struct task *t, uint32_t nr_queued);

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
    evq_entry_init(e, kind, class_, rank);
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

/* check.c: ends the run. @callback is "queue.pick" or the like; NULL role name for the engine. Cold, so
 * that what leads to it lies apart from what runs. */
__attribute__((cold)) void kernel_fault(struct kernel *k, enum numasim_role role,
                                        const char *callback, const struct task *t,
                                        const char *format, ...) G_GNUC_PRINTF(5, 6);

#endif
