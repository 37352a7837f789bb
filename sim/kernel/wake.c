/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wakeups: choosing a CPU, getting there, joining its queue, and preempting.
 *
 * A woken task joins a busy CPU's queue at once where waker and CPU share the LLC, and by an IPI
 * where not; an idle CPU is always told by an IPI (TTWU_QUEUE, kernel/sched/core.c:
 * ttwu_queue_cond(), 6.12). Until it joins it is WAKING, and the CPU it goes to does not count as
 * idle. An idle CPU then takes its time to leave idle before it picks.
 */
#include "kernel/internal.h"

static void avg_idle_update(struct kernel *k, struct rq *rq)
{
    /* kernel/sched/core.c: update_avg(), capped at twice the newidle cost limit (0.5 ms). */
    int64_t delta_ns = k->now_ns - rq->pub.idle_since_ns;

    rq->pub.avg_idle_ns += (delta_ns - rq->pub.avg_idle_ns) / 8;
    rq->pub.avg_idle_ns = MIN(rq->pub.avg_idle_ns, NSEC_PER_MSEC);
}

/* The queue that keeps @t from running by being throttled, or NULL. */
static struct fair_queue *throttled_by(struct kernel *k, const struct rq *rq, const struct task *t)
{
    return t->cgroup == 0 ? NULL : queue_throttled(task_queue(k, t, rq->pub.id));
}

void rq_count_numa(struct rq *rq, const struct task *t, bool in)
{
    uint32_t one = in ? 1 : UINT32_MAX;

    rq->pub.nr_numa_running += t->pub.preferred_node >= 0 ? one : 0;
    rq->pub.nr_preferred_running += t->pub.preferred_node == rq->pub.node ? one : 0;
}

/* @t, queued, is one that waits on @rq, or that a throttled queue keeps: then false. */
static bool count_in(struct kernel *k, struct rq *rq, struct task *t)
{
    struct fair_queue *q = throttled_by(k, rq, t);

    rq_count_numa(rq, t, true);
    if (q != NULL && t->pub.se.delayed) { /* its queue was throttled as it came */
        t->pub.task_state = NUMASIM_TASK_DELAYED;
        list_add_head(&rq->waiting, &t->waiting);
        return false;
    }
    if (q != NULL) {
        t->pub.task_state = NUMASIM_TASK_THROTTLED;
        list_add_head(&q->throttled_tasks, &t->waiting);
        return false;
    }
    rq->pub.nr_running++;
    rq->pub.nr_fair++;
    rq->pub.nr_sched_idle += t->sched_idle;
    list_add_head(&rq->waiting, &t->waiting);
    if (t->pub.se.delayed) {
        t->pub.task_state = NUMASIM_TASK_DELAYED;
        rq->pub.nr_delayed++;
    }
    return true;
}

/* What came to @rq does not run there after all: if nothing else does, it idles as before. */
static void idle_again(struct kernel *k, struct rq *rq)
{
    if (rq->pub.online && rq->curr == NULL && rq->pub.nr_running == 0 && rq->nr_arriving == 0) {
        cpu_set_idle(k, rq, true);
    }
}

/* Before @t counts in any queue of @rq. */
static void join_load(struct kernel *k, struct rq *rq, struct task *t, uint32_t flags)
{
    bool is_new = (flags & NUMASIM_ENQUEUE_NEW) != 0;

    t->queue = task_queue(k, t, rq->pub.id);
    queue_attach_path(k, t->queue);
    queue_update_path(k, rq, t->queue);
    if (is_new || (flags & NUMASIM_ENQUEUE_MIGRATED) != 0 || t->avg.last_update_ns < 0) {
        task_attach_load(k, rq, t, is_new && !t->has_past);
    } else {
        task_update_load(k, t);
    }
}

void enqueue_task(struct kernel *k, struct rq *rq, struct task *t, uint32_t flags)
{
    bool crowded = rq->pub.nr_running > 1;

    tick_catch_up(k, rq);
    update_curr(k, rq);
    t->runnable_since_ns = k->now_ns;
    t->pub.task_state = NUMASIM_TASK_RUNNABLE;
    stats_wait_start(t->stats, k->now_ns);
    if (flags & NUMASIM_ENQUEUE_WAKEUP) {
        stats_sleep_end(t->stats, k->now_ns);
    }
    if (t->pub.sched_class != NUMASIM_CLASS_FAIR) {
        t->on_rq = true;
        rt_enqueue(k, rq, t, false);
        rt_count(k, rq, true);
        rt_prio_changed(k, rq);
    } else {
        join_load(k, rq, t, flags);
        t->on_rq = true;
        rq->util_est += t->pub.se.delayed ? 0 : t->util_est; /* it gave it up to sleep */
        load_sums_changed(&k->loads, rq->pub.id);
        fair_enqueue(k, rq, t, flags);
        if (!count_in(k, rq, t)) {
            idle_again(k, rq);
        }
        if (rq->rt_nr_running > 0) {
            rt_server_arm(k, rq);
        }
    }
    k->nr_overloads += !crowded && rq->pub.nr_running > 1;
    rq_counted(k, rq);
    rq->balance_wants_ns = 0;
    tick_rearm(k, rq);
}

/* What @t waited here so far counts here, wherever it gets its CPU
 * (kernel/sched/stats.h: sched_info_dequeue(), 6.12). */
static void count_wait(const struct kernel *k, struct rq *rq, const struct task *t)
{
    bool waits =
        t->pub.task_state == NUMASIM_TASK_RUNNABLE || t->pub.task_state == NUMASIM_TASK_THROTTLED;

    if (waits && rq->curr != t) {
        rq->stats.run_delay += (uint64_t)(k->now_ns - t->runnable_since_ns);
    }
}

/* util_est_dequeue() and util_est_update(): when @t goes, even if its queue keeps it for a while. */
static void util_est_dequeue(struct kernel *k, struct rq *rq, struct task *t, uint32_t flags)
{
    rq->util_est -= t->util_est;
    load_sums_changed(&k->loads, rq->pub.id);
    if ((flags & NUMASIM_DEQUEUE_SLEEP) != 0 && !t->util_est_fresh) {
        t->util_est = pelt_util_est(t->util_est, &t->avg, (uint64_t)rq->pub.capacity,
                                    k->host[HOST_UTIL_EST_WAITED] != 0);
        t->util_est_fresh = true;
    }
}

/* @t leaves @rq (update_stats_dequeue_fair(), since 5.16 also of the real-time classes). */
static void stats_dequeue(const struct kernel *k, const struct rq *rq, struct task *t,
                          uint32_t flags)
{
    if (rq->curr != t) {
        stats_wait_end(t->stats, k->now_ns, (flags & NUMASIM_DEQUEUE_MIGRATE) != 0);
    }
    if ((flags & NUMASIM_DEQUEUE_SLEEP) != 0 && t->pub.task_state != NUMASIM_TASK_DEAD) {
        stats_sleep_start(t->stats, k->now_ns);
    }
}

bool dequeue_task(struct kernel *k, struct rq *rq, struct task *t, uint32_t flags)
{
    tick_catch_up(k, rq);
    update_curr(k, rq);
    count_wait(k, rq, t);
    if (t->pub.sched_class != NUMASIM_CLASS_FAIR) {
        stats_dequeue(k, rq, t, flags);
        rt_dequeue(rq, t);
        t->on_rq = false;
        rt_count(k, rq, false);
        rt_prio_changed(k, rq);
        rq_counted(k, rq);
        return true;
    }
    queue_update_path(k, rq, t->queue);
    task_update_load(k, t);
    bool was_delayed = t->pub.se.delayed;
    bool counted = throttled_by(k, rq, t) == NULL;

    if (!was_delayed) {
        util_est_dequeue(k, rq, t, flags);
    }
    if (!fair_dequeue(k, rq, t, flags)) {
        rq->pub.nr_delayed += counted;
        rq_counted(k, rq);
        list_add_head(&rq->waiting, &t->waiting);
        return false;
    }
    stats_dequeue(k, rq, t, flags);
    t->on_rq = false;
    rq_count_numa(rq, t, false);
    if (counted) {
        rq->pub.nr_running--;
        rq->pub.nr_fair--;
        rq->pub.nr_sched_idle -= t->sched_idle;
        rq->pub.nr_delayed -= was_delayed;
        rq_counted(k, rq);
        if (rq->pub.nr_running > 0 && rq->pub.nr_running == rq->pub.nr_sched_idle) {
            rq->balance_wants_ns = k->now_ns; /* dequeue_entities(): it balances at its next tick */
        }
    }
    list_del(&t->waiting);
    if (rq->rt_nr_running > 0) {
        rt_server_arm(k, rq);
    }
    if (flags & NUMASIM_DEQUEUE_MIGRATE) {
        task_detach_load(k, rq, t);
    }
    return true;
}

void check_preempt(struct kernel *k, struct rq *rq, struct task *t, uint32_t wake_flags,
                   int32_t from_cpu)
{
    struct task *curr = rq->curr;

    rq->came_late = rq->in_schedule;
    if (rq->in_schedule || rq->need_resched || t->pub.task_state == NUMASIM_TASK_THROTTLED) {
        return;
    }
    bool preempts;

    if (curr == NULL) {
        preempts = true;
    } else if (t->pub.sched_class == NUMASIM_CLASS_FAIR &&
               curr->pub.sched_class == NUMASIM_CLASS_FAIR) {
        preempts = curr->on_rq && fair_wakeup_preempt(k, rq, t, wake_flags);
    } else {
        preempts = t->pub.sched_class == NUMASIM_CLASS_RT &&
                   (rt_preempts(curr, t) || rt_makes_way_for_equal(k, rq, t));
    }
    if (preempts) {
        resched_from(k, rq, from_cpu);
    }
    rt_woken(k, rq, t);
}

/* ------------------------------------------------------------------------------------------- */
/* Choosing a CPU                                                                               */

static bool may_run_on(const struct kernel *k, const struct task *t, int32_t cpu)
{
    return cpu >= 0 && cpu < k->nr_cpus && bitmap_test(t->allowed, (uint32_t)cpu) &&
           bitmap_test(k->online, (uint32_t)cpu);
}

/* The lowest allowed CPU of the task's node, then of any (select_fallback_rq()). */
static int32_t fallback_cpu(const struct kernel *k, const struct task *t)
{
    int32_t node = cpu_rq(k, t->pub.cpu)->pub.node;
    const uint64_t *near = machine_node_cpus(k->machine, node);

    for (int32_t cpu = numasim_mask_next(t->allowed, near, k->nr_cpus, 0); cpu < k->nr_cpus;
         cpu = numasim_mask_next(t->allowed, near, k->nr_cpus, cpu + 1)) {
        if (may_run_on(k, t, cpu)) {
            return cpu;
        }
    }
    int32_t cpu = numasim_mask_next(t->allowed, k->online, k->nr_cpus, 0);

    /* Its affinity names only offline CPUs: the kernel then lets it run anywhere. */
    return cpu < k->nr_cpus ? cpu : numasim_mask_next(k->online, NULL, k->nr_cpus, 0);
}

static const char *wake_callback(uint32_t flags)
{
    if (flags & NUMASIM_WAKE_EXEC) {
        return "balance.select_cpu (exec)";
    }
    return flags & NUMASIM_WAKE_FORK ? "balance.select_cpu (fork)" : "balance.select_cpu (wakeup)";
}

/* With all CPUs of its affinity offline there is nothing to ask a policy about. */
static bool has_choice(const struct kernel *k, const struct task *t)
{
    return t->pub.nr_allowed > 1 &&
           (k->nr_online == k->nr_cpus ||
            bitmap_intersects(t->allowed, k->online, (uint32_t)k->nr_cpus));
}

int32_t select_cpu(struct kernel *k, struct task *t, int32_t waker_cpu, uint32_t flags)
{
    int32_t prev_cpu = t->pub.cpu;

    if (has_choice(k, t) && k->bops != NULL && k->bops->select_cpu != NULL &&
        t->pub.sched_class == NUMASIM_CLASS_FAIR) {
        struct numasim_decision record;
        struct numasim_decision *d = decision_begin(k, &record);
        int32_t cpu = k->bops->select_cpu(k->bself, &t->pub, prev_cpu, waker_cpu, flags, d);

        decision_end(k, NUMASIM_ROLE_BALANCE, wake_callback(flags), t->pub.id, waker_cpu, &record);
        if (may_run_on(k, t, cpu)) {
            return cpu;
        }
        if (cpu != prev_cpu) {
            g_autofree char *allowed = bitmap_to_list(t->allowed, (uint32_t)k->nr_cpus);

            kernel_fault(k, NUMASIM_ROLE_BALANCE, wake_callback(flags), t,
                         "CPU %d was chosen, which is offline or outside the affinity %s", cpu,
                         allowed);
        }
    }
    if (!may_run_on(k, t, prev_cpu)) {
        return fallback_cpu(k, t);
    }
    return t->pub.sched_class == NUMASIM_CLASS_RT ? rt_select_cpu(k, t, waker_cpu) : prev_cpu;
}

void set_task_cpu(struct kernel *k, struct task *t, int32_t cpu, enum migrate_reason reason)
{
    int32_t from = t->pub.cpu;

    if (from == cpu) {
        return;
    }
    emit(k, TP_SCHED_MIGRATE_TASK, t->pub.id, from, cpu, reason,
         machine_reach(k->machine, from, cpu), 0);
    k->counters.migrations++;
    if (t->stats != NULL) {
        t->stats->nr_migrations++;
    }
    t->pub.cpu = cpu;
    t->pub.last_migration_ns = k->now_ns;
    t->pub.exec_start_ns = 0;
    if (k->bops != NULL && k->bops->migrated != NULL) {
        k->bops->migrated(k->bself, &t->pub, from, cpu);
    }
    int32_t from_node = cpu_rq(k, from)->pub.node, to_node = cpu_rq(k, cpu)->pub.node;

    if (from_node != to_node && k->nops != NULL && k->nops->moved != NULL) {
        k->nops->moved(k->nself, &t->pub, from_node, to_node);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Getting there                                                                                */

static void join(struct kernel *k, struct task *t, int32_t from_cpu)
{
    struct rq *rq = task_rq(k, t);

    if (rq->curr == NULL && rq->pub.nr_running == 0) {
        avg_idle_update(k, rq);
    }
    enqueue_task(k, rq, t, NUMASIM_ENQUEUE_WAKEUP);
    emit(k, TP_SCHED_WAKEUP, t->pub.id, rq->pub.id, -1, 0, 0, 0);
    check_preempt(k, rq, t, t->arrive_flags, from_cpu);
}

void join_new(struct kernel *k, struct task *t, int32_t from_cpu)
{
    struct rq *rq = task_rq(k, t);

    t->started = true;
    cpu_set_idle(k, rq, false);
    enqueue_task(k, rq, t, NUMASIM_ENQUEUE_NEW);
    emit(k, TP_SCHED_WAKEUP_NEW, t->pub.id, rq->pub.id, t->parent, 0, 0, 0);
    check_preempt(k, rq, t, NUMASIM_WAKE_FORK, from_cpu);
}

/*
 * The load of @t, which sleeps or is on its way, goes where it goes, and out of its old queue's when that
 * is next updated (kernel/sched/fair.c: remove_entity_load_avg(), migrate_se_pelt_lag(), 6.12).
 */
void blocked_load_leaves(struct kernel *k, struct task *t)
{
    struct rq *from = task_rq(k, t);

    if (t->pub.sched_class == NUMASIM_CLASS_FAIR && t->avg.last_update_ns >= 0 &&
        t->queue != NULL) {
        tick_catch_up(k, from);
        pelt_update(&t->avg, t->queue->avg->last_update_ns, 0, 0, false, t->weight);
        pelt_remove(&t->queue->removed, &t->avg);
        t->queue->has_removed = true;
        task_update_load(k, t);
        t->avg.last_update_ns = -1;
    }
}

void arrive_event(struct kernel *k, struct task *t)
{
    struct rq *rq = task_rq(k, t);

    k->acting_cpu = rq->pub.id;
    rq->nr_arriving--;
    if (!may_run_on(k, t, rq->pub.id)) {
        /* The CPU went down, or the affinity changed, while it was on its way. */
        blocked_load_leaves(k, t);
        set_task_cpu(k, t, fallback_cpu(k, t), rq->pub.online ? MIGRATE_AFFINITY : MIGRATE_HOTPLUG);
        idle_again(k, rq);
        rq = task_rq(k, t);
        cpu_set_idle(k, rq, false);
    }
    settle(k, rq);
    join(k, t, t->pub.cpu);
}

void send_task(struct kernel *k, struct task *t, int32_t from_cpu, int32_t to_cpu, uint32_t flags)
{
    const struct machine_costs *costs = &k->machine->costs;
    struct rq *rq = cpu_rq(k, to_cpu);
    enum machine_reach reach = machine_reach(k->machine, from_cpu, to_cpu);
    int64_t at_ns = k->now_ns + costs->wakeup_ipi_ns[reach];
    bool idle = rq->curr == NULL && rq->pub.nr_running == 0;

    t->arrive_flags = flags;
    if (idle) {
        cpu_set_idle(k, rq, false);
    } else if (reach <= REACH_LLC) {
        at_ns = k->now_ns;
    }
    if (at_ns == k->now_ns) {
        join(k, t, from_cpu);
        return;
    }
    t->pub.task_state = NUMASIM_TASK_WAKING;
    rq->nr_arriving++;
    event_init(&t->arrive, EVENT_ARRIVE, CLASS_ARRIVE, rq->rank);
    event_set(k, &t->arrive, at_ns);
}

/* A task that its queue kept is woken before it left: it just goes on (ttwu_runnable()). */
static void wake_delayed(struct kernel *k, struct task *t, uint32_t flags, int32_t waker_cpu)
{
    struct rq *rq = task_rq(k, t);

    tick_catch_up(k, rq);
    /* Before the current one is accounted: enqueue_task_fair() goes to requeue_delayed_entity() at
     * once, so that what it finds owed is as of the last tick. */
    t->pub.se.delayed = false;
    rq->util_est += t->util_est;
    load_sums_changed(&k->loads, rq->pub.id);
    k->qops->requeue_delayed(k->qself, t->pub.se.queue, &t->pub.se);
    update_curr(k, rq);
    queue_update_path(k, rq, t->queue);
    task_update_load(k, t);
    fair_count_delayed(t, -1);
    struct fair_queue *throttled = throttled_by(k, rq, t);

    t->pub.task_state = throttled != NULL ? NUMASIM_TASK_THROTTLED : NUMASIM_TASK_RUNNABLE;
    rq->pub.nr_delayed -= throttled == NULL;
    rq_counted(k, rq);
    t->runnable_since_ns = k->now_ns;
    if (throttled != NULL) { /* else it keeps its place among those that wait */
        list_del(&t->waiting);
        list_add_head(&throttled->throttled_tasks, &t->waiting);
    }
    emit(k, TP_SCHED_WAKEUP, t->pub.id, rq->pub.id, -1, 1, 0, 0);
    check_preempt(k, rq, t, flags, waker_cpu);
}

void kernel_wake(struct kernel *k, struct task *t, struct task *waker, uint32_t flags)
{
    int32_t waker_cpu = waker != NULL ? waker->pub.cpu : t->pub.cpu;
    enum numasim_task_state state = (enum numasim_task_state)t->pub.task_state;

    if (state == NUMASIM_TASK_RUNNING || state == NUMASIM_TASK_RUNNABLE ||
        state == NUMASIM_TASK_THROTTLED) {
        if (t->action != ACTION_BLOCK) {
            kernel_fail(k, "task %d (%s) is woken, and is not asleep", t->pub.id, t->comm);
            return;
        }
        /* It is about to sleep, and now need not. */
        t->action = ACTION_ADVANCE;
        count_wakeup(k, t, t->pub.cpu, waker_cpu, flags);
        return;
    }
    if (state != NUMASIM_TASK_BLOCKED && state != NUMASIM_TASK_DELAYED) {
        kernel_fail(k, "task %d (%s) is woken in state %d", t->pub.id, t->comm, (int)state);
        return;
    }
    k->waking_flags = flags;
    k->counters.wakeups++;
    if (waker != NULL) {
        task_charge(k, waker, k->machine->costs.wakeup_ns);
    }
    if (state == NUMASIM_TASK_DELAYED) {
        count_wakeup(k, t, t->pub.cpu, waker_cpu, flags);
        emit(k, TP_SCHED_WAKING, t->pub.id, waker_cpu, waker != NULL ? waker->pub.id : -1,
             t->pub.cpu, t->pub.cpu, 0);
        wake_delayed(k, t, flags, waker_cpu);
        return;
    }
    if (t->mix != NULL) { /* needed when it has arrived */
        task_prefetch_memory(t);
    }
    int32_t prev_cpu = t->pub.cpu;
    int32_t cpu = select_cpu(k, t, waker_cpu, flags);

    emit(k, TP_SCHED_WAKING, t->pub.id, waker_cpu, waker != NULL ? waker->pub.id : -1, prev_cpu,
         cpu, 0);
    if (cpu != prev_cpu) {
        blocked_load_leaves(k, t);
        set_task_cpu(k, t, cpu, MIGRATE_WAKEUP);
    }
    count_wakeup(k, t, prev_cpu, waker_cpu, flags);
    send_task(k, t, waker_cpu, cpu, flags);
}
