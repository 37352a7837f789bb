/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tasks' lives, and what the driver lets the acting one do next. */
#include "kernel/mm/memory.h"
#include "kernel/mm/stall.h"

static void task_set_policy(struct task *t, const struct task_params *params)
{
    t->pub.policy = (uint8_t)params->policy;
    t->nice = CLAMP(params->nice, -20, 19);
    t->pub.prio = 120 + t->nice;
    t->pub.sched_class = NUMASIM_CLASS_FAIR;
    t->pub.se.weight = nice_to_weight(t->nice);
    if (params->policy == NUMASIM_SCHED_FIFO || params->policy == NUMASIM_SCHED_RR) {
        t->rt_priority = CLAMP(params->rt_priority, 1, 99);
        t->pub.prio = 99 - t->rt_priority;
        t->pub.sched_class = NUMASIM_CLASS_RT;
    } else if (params->policy == NUMASIM_SCHED_IDLE) {
        t->pub.se.weight = 3; /* kernel/sched/sched.h: WEIGHT_IDLEPRIO */
        t->pub.se.idle_policy = true;
    }
    t->weight = t->pub.se.weight;
    t->pub.se.load = (uint64_t)t->weight << LOAD_SHIFT;
}

static void task_index(struct kernel *k, struct task *t)
{
    if (k->nr_tasks == k->tasks_size) {
        k->tasks_size = MAX(64, k->tasks_size * 2);
        k->tasks = g_renew(struct task *, k->tasks, (gsize)k->tasks_size);
    }
    t->pub.id = k->nr_tasks;
    k->tasks[k->nr_tasks++] = t;
    k->nr_alive++;
}

/* What stands behind a struct task begins on a cache line. */
enum { TASK_BYTES = (sizeof(struct task) + 63) / 64 * 64 };

static size_t state_bytes(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

/* One block for the task, its entity's state and its plugins' states: they are used together. */
static struct task *task_alloc(struct kernel *k)
{
    size_t entity_size = k->roles[NUMASIM_ROLE_QUEUE].policy->entity_state_size;
    size_t size = TASK_BYTES + state_bytes(entity_size);

    if (k->task_slab == NULL) {
        for (int32_t slot = 0; slot < k->nr_plugins; slot++) {
            size += state_bytes(k->plugins[slot]->task_state_size);
        }
        size += k->config.task_stats ? sizeof(struct task_stats) : 0;
        k->task_slab = slab_new(size);
    }
    struct task *t = slab_alloc(k->task_slab);
    char *at = (char *)t + TASK_BYTES;

    t->pub.se.state = entity_size > 0 ? at : NULL;
    at += state_bytes(entity_size);
    for (int32_t slot = 0; slot < k->nr_plugins; slot++) {
        t->pub.state[slot] = k->plugins[slot]->task_state_size > 0 ? at : NULL;
        at += state_bytes(k->plugins[slot]->task_state_size);
    }
    t->stats = k->config.task_stats ? (struct task_stats *)(void *)at : NULL;
    k->bytes_tasks += slab_stride(k->task_slab);
    return t;
}

struct task *kernel_task_new(struct kernel *k, const struct task_params *params,
                             struct task *parent)
{
    struct task *t = task_alloc(k);

    t->pub.se.is_task = true;
    t->pub.se.custom_slice_ns = params->custom_slice_ns;
    t->pub.task_state = NUMASIM_TASK_NEW;
    t->pub.process = params->process != NULL ? &params->process->pub : NULL;
    /* A thread begins where its creator wants to be (kernel/sched/fair.c: init_numa_balancing()). */
    t->pub.preferred_node =
        parent != NULL && t->pub.process != NULL && parent->pub.process == t->pub.process
            ? parent->pub.preferred_node
            : -1;
    t->pub.kthread = params->process == NULL;
    t->comm = g_strdup(params->comm);
    t->pub.comm = t->comm;
    t->cgroup = params->cgroup;
    t->slice_index = params->slice_index;
    t->driver_data = params->driver_data;
    t->parent = parent != NULL ? parent->pub.id : -1;
    t->warm_llc = -1;
    t->action = ACTION_ADVANCE;
    stats_sleep_start(t->stats, -1);
    t->pub.counters = t->stats != NULL ? t->stats->by_policy : k->uncounted;
    t->pace = (struct pace){.total = k->base_pace, .full = k->base_pace};
    list_init(&t->waiting);
    list_init(&t->running);
    list_init(&t->on_llc);
    list_init(&t->rate_starting);
    t->rate_index = -1;
    t->last_class = -1;
    t->fault_work = UINT64_MAX;
    mempolicy_init(&t->mempolicy);
    if (parent != NULL) {
        mempolicy_inherit(&t->mempolicy, &parent->mempolicy, (uint32_t)k->nr_nodes);
    }
    t->pub.mempolicy = &t->mempolicy.pub;
    event_init(&t->arrive, EVENT_ARRIVE, CLASS_ARRIVE, 0);
    task_set_policy(t, params);
    t->sched_idle = t->pub.se.idle_policy || cgroup_is_idle(k, t->cgroup);
    task_index(k, t);
    if (params->cpus != NULL) {
        t->own_allowed = bitmap_new((uint32_t)k->nr_cpus);
        bitmap_copy(t->own_allowed, params->cpus, (uint32_t)k->nr_cpus);
    }
    task_apply_allowed(k, t);
    /* A first task starts where init would be: the lowest online CPU it may use. */
    t->pub.cpu =
        parent != NULL ? parent->pub.cpu : numasim_mask_next(k->online, NULL, k->nr_cpus, 0);
    if (params->process != NULL) {
        params->process->pub.nr_threads++;
        params->process->pub.bound =
            params->process->pub.bound || t->mempolicy.pub.mode == NUMASIM_MPOL_BIND;
        t->numa.task_private = g_new0(uint64_t, (gsize)k->nr_nodes * 4);
        t->numa.task_shared = t->numa.task_private + k->nr_nodes;
        t->numa.group_private = t->numa.task_shared + k->nr_nodes;
        t->numa.group_shared = t->numa.group_private + k->nr_nodes;
        t->pub.numa = &t->numa;
    }
    for (int32_t slot = 0; slot < k->nr_plugins; slot++) {
        if (k->plugins[slot]->task_init != NULL) {
            k->plugins[slot]->task_init(&k->selves[slot], &t->pub,
                                        parent != NULL ? &parent->pub : NULL);
        }
    }
    return t;
}

void task_free(struct kernel *k, struct task *t)
{
    (void)k;
    stall_free(k, t);
    g_free(t->own_allowed);
    g_free(t->narrowed);
    g_free(t->comm);
    g_free(t->access);
    mempolicy_release(&t->mempolicy);
    mover_release(t);
    g_free(t->numa.task_private);
}

void kernel_task_start(struct kernel *k, struct task *t, struct task *parent)
{
    int32_t cpu = parent != NULL ? parent->pub.cpu : t->pub.cpu;

    k->counters.forks++;
    emit(k, TP_SCHED_PROCESS_FORK, t->pub.id, cpu, t->parent,
         t->pub.process != NULL ? t->pub.process->id : -1, 0, 0);
    if (parent != NULL) {
        task_charge(k, parent, k->machine->costs.fork_ns);
    }
    int32_t to = select_cpu(k, t, cpu, NUMASIM_WAKE_FORK);

    t->pub.cpu = to; /* no migration: it has not run anywhere yet */
    join_new(k, t, cpu);
}

void kernel_task_park(struct kernel *k, struct task *t)
{
    int32_t nth = k->nr_parked++;
    int32_t cpu = k->nr_cpus;

    /* Nobody knows where it ran before: one after the other on the CPUs it may use. */
    do {
        cpu = numasim_mask_next(t->allowed, k->online, k->nr_cpus, cpu < k->nr_cpus ? cpu + 1 : 0);
        nth -= cpu < k->nr_cpus;
    } while (nth >= 0 && bitmap_intersects(t->allowed, k->online, (uint32_t)k->nr_cpus));
    t->pub.cpu = cpu < k->nr_cpus ? cpu : t->pub.cpu;
    t->started = true;
    stats_sleep_start(t->stats, k->now_ns);
    t->pub.task_state = NUMASIM_TASK_BLOCKED;
    t->avg.last_update_ns = -1; /* its load joins a queue when it first wakes */
}

void kernel_task_set_past(struct task *t, uint32_t share)
{
    t->has_past = true;
    t->avg.util_avg = t->avg.runnable_avg = share;
    t->avg.load_avg = (uint64_t)t->weight * share / 1024;
    t->util_est = share;
}

void task_prefetch(const struct task *t)
{
    const char *states = (const char *)t + TASK_BYTES;

#pragma GCC unroll 16
    for (size_t at = 0; at < offsetof(struct task, stretch_cold_work); at += 64) {
        __builtin_prefetch((const char *)t + at);
    }
#pragma GCC unroll 4
    for (size_t at = 0; at < 256; at += 64) {
        __builtin_prefetch(states + at);
    }
}

void task_prefetch_memory(const struct task *t)
{
    const char *end = (const char *)&t->mempolicy;

#pragma GCC unroll 8
    for (const char *at = (const char *)&t->stretch_cold_work; at < end; at += 64) {
        __builtin_prefetch(at);
    }
}

void *task_driver_data(const struct task *t)
{
    return t->driver_data;
}

struct numasim_task *task_pub(struct task *t)
{
    return &t->pub;
}

const struct mm_mix *task_mix(const struct task *t)
{
    return t->mix;
}

int32_t task_parent(const struct task *t)
{
    return t->parent;
}

struct process *task_process(const struct task *t)
{
    return (struct process *)(void *)t->pub.process;
}

int32_t kernel_nr_tasks(const struct kernel *k)
{
    return k->nr_tasks;
}

struct task *kernel_task(const struct kernel *k, int32_t id)
{
    return k->tasks[id];
}

/* ------------------------------------------------------------------------------------------- */
/* What the acting task does next                                                               */

int64_t kernel_task_work_done_ns(const struct kernel *k, const struct task *t)
{
    (void)k;
    uint64_t left = t->action == ACTION_RUN               ? t->work_left
                    : t->stall != NULL && t->stall->waits ? t->stall->work_left
                                                          : 0;

    return (int64_t)((t->work_given - left) >> WORK_SHIFT);
}

int64_t kernel_least_ns(const struct kernel *k, int64_t work_ns)
{
    return (int64_t)((uint128)(uint64_t)work_ns * k->least_pace >> PACE_SHIFT);
}

void task_run(struct kernel *k, struct task *t, int64_t work_ns)
{
    (void)k;
    t->action = ACTION_RUN;
    t->work_left = (uint64_t)CLAMP(work_ns, 0, INT64_MAX >> WORK_SHIFT) << WORK_SHIFT;
    t->work_given += t->work_left;
}

void task_block(struct kernel *k, struct task *t)
{
    (void)k;
    t->action = ACTION_BLOCK;
}

void task_spin(struct kernel *k, struct task *t)
{
    (void)k;
    t->action = ACTION_SPIN;
}

void task_spin_stop(struct kernel *k, struct task *t)
{
    struct rq *rq = task_rq(k, t);

    if (t->action != ACTION_SPIN) {
        kernel_fail(k, "task %d (%s) does not spin", t->pub.id, t->comm);
        return;
    }
    if (rq->curr == t) {
        settle(k, rq);
    }
    t->action = ACTION_ADVANCE;
    if (rq->curr == t) {
        segment_arm(k, rq);
    }
}

void task_yield(struct kernel *k, struct task *t)
{
    (void)k;
    t->action = ACTION_YIELD;
}

void task_exec(struct kernel *k, struct task *t, bool keeps_memory)
{
    if (!keeps_memory && t->pub.process->nr_threads > 1) {
        kernel_fail(k, "task %d (%s) execs beside other threads of its process", t->pub.id,
                    t->comm);
        return;
    }
    t->exec_keeps_memory = keeps_memory;
    t->action = ACTION_EXEC;
}

void task_read_cputime(struct kernel *k, struct task *t)
{
    struct rq *rq = task_rq(k, t);

    tick_catch_up(k, rq);
    update_curr(k, rq);
}

void task_exit(struct kernel *k, struct task *t)
{
    t->action = ACTION_EXIT;
    task_charge(k, t, k->machine->costs.exit_ns);
}

void task_charge(struct kernel *k, struct task *t, int64_t cost_ns)
{
    rq_charge(k, task_rq(k, t), cost_ns);
}

void task_do_block(struct kernel *k, struct rq *rq, struct task *t)
{
    k->counters.blocks++;
    t->action = ACTION_ADVANCE;
    if (dequeue_task(k, rq, t, NUMASIM_DEQUEUE_SLEEP)) {
        t->pub.task_state = NUMASIM_TASK_BLOCKED;
    } else {
        t->pub.task_state = NUMASIM_TASK_DELAYED;
    }
    schedule(k, rq);
}

void task_do_exit(struct kernel *k, struct rq *rq, struct task *t)
{
    k->counters.exits++;
    emit(k, TP_SCHED_PROCESS_EXIT, t->pub.id, rq->pub.id, -1, 0, 0, 0);
    task_update_load(k, t);
    t->pub.task_state = NUMASIM_TASK_DEAD; /* tells the queue that it is not coming back */
    dequeue_task(k, rq, t, NUMASIM_DEQUEUE_SLEEP | NUMASIM_DEQUEUE_DELAYED);
    if (t->pub.sched_class == NUMASIM_CLASS_FAIR) {
        task_detach_load(k, rq, t);
    }
    llc_forget(k, t);
    k->nr_alive -= t->mover == NULL;
    /* The last of all leaves its pages where they are: nobody wants them, and results show them. */
    if (t->pub.process != NULL && --t->pub.process->nr_threads == 0 && k->nr_alive > 0) {
        process_release_pages(k, task_process(t), rq->pub.id);
    }
    for (int32_t slot = 0; slot < k->nr_plugins; slot++) {
        if (k->plugins[slot]->task_exit != NULL) {
            k->plugins[slot]->task_exit(&k->selves[slot], &t->pub);
        }
    }
    schedule(k, rq);
    if (k->driver.exited != NULL && t->mover == NULL) {
        k->driver.exited(k, t, k->driver.data);
    }
}

/* Whatever @t does, it exits when it next has its CPU. */
static void task_kill(struct kernel *k, struct task *t)
{
    t->oom_killed = true;
    stall_cancel(k, t);
    if (k->driver.killed != NULL) {
        k->driver.killed(k, t, k->driver.data);
    }
    switch ((enum numasim_task_state)t->pub.task_state) {
    case NUMASIM_TASK_BLOCKED:
    case NUMASIM_TASK_DELAYED:
        t->action = ACTION_ADVANCE;
        kernel_wake(k, t, NULL, 0);
        break;
    case NUMASIM_TASK_RUNNING:
        settle(k, task_rq(k, t));
        t->action = ACTION_ADVANCE;
        segment_arm(k, task_rq(k, t));
        break;
    default:
        t->action = ACTION_ADVANCE;
        break;
    }
}

void process_kill(struct kernel *k, struct process *p, const struct task *by)
{
    for (int32_t i = 0; i < k->nr_tasks; i++) {
        struct task *t = k->tasks[i];

        if (t == by) {
            t->oom_killed = true;
        } else if (task_process(t) == p && t->pub.task_state != NUMASIM_TASK_DEAD &&
                   !t->oom_killed) {
            task_kill(k, t);
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Changing a live task                                                                         */

void kernel_task_set_nice(struct kernel *k, struct task *t, int32_t nice)
{
    t->nice = CLAMP(nice, -20, 19);
    if (t->pub.sched_class != NUMASIM_CLASS_FAIR || t->pub.se.idle_policy) {
        return;
    }
    t->pub.prio = 120 + t->nice;
    fair_reweight(k, task_rq(k, t), t, nice_to_weight(t->nice));
}

/* Moves @t off a CPU that its affinity no longer allows, if one that it allows is online. */
static void leave_forbidden_cpu(struct kernel *k, struct task *t)
{
    if (bitmap_test(t->allowed, (uint32_t)t->pub.cpu) ||
        !bitmap_intersects(t->allowed, k->online, (uint32_t)k->nr_cpus)) {
        return;
    }
    int32_t to = select_cpu(k, t, t->pub.cpu, 0);

    switch ((enum numasim_task_state)t->pub.task_state) {
    case NUMASIM_TASK_RUNNABLE:
    case NUMASIM_TASK_THROTTLED:
        move_waiting(k, t, to, MIGRATE_AFFINITY);
        break;
    case NUMASIM_TASK_RUNNING:
        push_running(k, task_rq(k, t), to, MIGRATE_AFFINITY);
        break;
    case NUMASIM_TASK_DELAYED:
        fair_finish_delayed(k, task_rq(k, t), t);
        break;
    default:
        break; /* asleep or on its way: its next CPU is chosen by the new affinity */
    }
}

void kernel_task_set_cpus(struct kernel *k, struct task *t, const uint64_t *cpus)
{
    if (t->own_allowed == NULL) {
        t->own_allowed = bitmap_new((uint32_t)k->nr_cpus);
    }
    bitmap_copy(t->own_allowed, cpus, (uint32_t)k->nr_cpus);
    task_reapply_allowed(k, t);
}

void task_reapply_allowed(struct kernel *k, struct task *t)
{
    task_apply_allowed(k, t);
    if (t->pub.task_state != NUMASIM_TASK_DEAD && t->pub.task_state != NUMASIM_TASK_NEW) {
        leave_forbidden_cpu(k, t);
        if (t->pub.sched_class == NUMASIM_CLASS_RT) {
            rt_prio_changed(k,
                            task_rq(k, t)); /* it may be one that can be pushed now, or no more */
        }
    }
}
