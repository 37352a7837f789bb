/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Picking, switching, and the running segment of a CPU (progress.c counts what it was). */
#include "kernel/internal.h"
#include "kernel/mm/internal.h"
#include "kernel/mm/stall.h"

/* ------------------------------------------------------------------------------------------- */
/* Accounting                                                                                   */

void update_curr(struct kernel *k, struct rq *rq)
{
    struct task *t = rq->curr;

    if (t == NULL || k->now_ns <= t->pub.exec_start_ns) {
        return;
    }
    if (t->stats != NULL) {
        t->stats->exec_max_ns = MAX(t->stats->exec_max_ns, k->now_ns - t->pub.exec_start_ns);
    }
    if (t->pub.sched_class == NUMASIM_CLASS_FAIR) {
        fair_account(k, rq, t);
    } else {
        rt_account(k, rq, t);
    }
}

void resched_now(struct kernel *k, struct rq *rq)
{
    if (!rq->need_resched && !rq->in_schedule) {
        rq->need_resched = true;
        if (!rq->resched_listed) {
            int32_t end = k->resched_head + k->nr_resched++;

            rq->resched_listed = true;
            k->resched_cpus[end < k->nr_cpus ? end : end - k->nr_cpus] = rq->pub.id;
        }
    }
}

void resched_from(struct kernel *k, struct rq *rq, int32_t from_cpu)
{
    const struct machine_costs *costs = &k->machine->costs;
    int64_t delay_ns = 0;

    if (from_cpu >= 0 && from_cpu != rq->pub.id) {
        delay_ns = costs->wakeup_ipi_ns[machine_reach(k->machine, from_cpu, rq->pub.id)];
    }
    delay_ns += rq->curr == NULL ? costs->idle_exit_ns : costs->resched_ns;
    if (delay_ns == 0) {
        resched_now(k, rq);
    } else if (!rq->need_resched && !evq_entry_queued(&rq->resched)) {
        event_set(k, &rq->resched, evq_now_ns(k->events) + delay_ns);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Switching                                                                                    */

static struct task *pick_fair(struct kernel *k, struct rq *rq)
{
    struct task *t = NULL;

    while (t == NULL && rq->fair->pub.nr_queued > 0 && !k->failed) {
        t = fair_pick(k, rq);
        if (t == NULL) {
            break; /* the policy hides it: the watchdog will tell */
        }
        if (t->pub.se.delayed) {
            fair_finish_delayed(k, rq, t);
            t = NULL;
        } else if (t->cgroup != 0 && (cgroup_throttle_spent(k, task_queue(k, t, rq->pub.id)) ||
                                      task_throttle(k, rq, t))) {
            t = NULL;
        }
    }
    return t;
}

static struct task *pick_next(struct kernel *k, struct rq *rq)
{
    struct task *t = rq->server_active ? pick_fair(k, rq) : NULL;

    t = t != NULL ? t : rt_pick(rq);
    return t != NULL ? t : pick_fair(k, rq);
}

static struct task *pick_or_pull(struct kernel *k, struct rq *rq)
{
    rt_pull(k, rq);
    struct task *t = pick_next(k, rq);

    /* A task on its way here will do (sched_balance_newidle(): ttwu_pending). */
    if (t != NULL || rq->pub.nr_running > 0 || rq->nr_arriving > 0 || k->bops == NULL ||
        k->bops->newidle == NULL || k->failed) {
        return t;
    }
    bool asleep;

    do { /* again if all that came was asleep, and has left by being picked */
        struct numasim_decision record;
        struct numasim_decision *d = decision_begin(k, &record);

        k->counters.newidle_calls++;
        if (!list_empty(&rq->leaf_queues)) {
            rq_update_blocked(k, rq);
        }
        int32_t pulled = k->bops->newidle(k->bself, rq->pub.id, d);

        decision_end(k, NUMASIM_ROLE_BALANCE, "balance.newidle", -1, rq->pub.id, &record);
        rq->came_late = false;
        if (pulled > 0) {
            k->counters.newidle_pulled += (uint64_t)pulled;
        }
        asleep = rq->pub.nr_delayed > 0; /* whatever the policy says that it pulled */
        t = pick_next(k, rq);
    } while (t == NULL && asleep && rq->pub.nr_running == 0 && !k->failed);
    return t;
}

/* How @prev leaves, for the tracepoint. */
static enum task_leave leave_reason(const struct task *prev)
{
    if (prev == NULL) {
        return LEAVE_IDLE;
    }
    switch (prev->pub.task_state) {
    case NUMASIM_TASK_DEAD:
        return LEAVE_EXITED;
    case NUMASIM_TASK_BLOCKED:
    case NUMASIM_TASK_DELAYED:
        return LEAVE_BLOCKED;
    case NUMASIM_TASK_THROTTLED:
        return LEAVE_THROTTLED;
    default:
        return LEAVE_PREEMPTED;
    }
}

/* @prev leaves the CPU for @next (NULL: idle). */
static void put_prev(struct kernel *k, struct rq *rq, struct task *prev, const struct task *next,
                     bool yielded)
{
    if (prev->pub.task_state == NUMASIM_TASK_RUNNING) {
        task_update_load(k, prev);
        rq_update_load_of(k, rq, prev);
        prev->pub.task_state = NUMASIM_TASK_RUNNABLE;
        prev->runnable_since_ns = k->now_ns;
        if (!yielded) {
            k->counters.preemptions++;
        }
    } else if (prev->pub.task_state == NUMASIM_TASK_THROTTLED) {
        prev->runnable_since_ns = k->now_ns; /* throttled while it ran */
    }
    if (prev->on_rq) {
        stats_wait_start(prev->stats, k->now_ns);
    }
    if (prev->pub.sched_class == NUMASIM_CLASS_FAIR) {
        fair_put_current(k, prev, next);
        if (prev->pub.task_state == NUMASIM_TASK_RUNNABLE) {
            list_add_head(&rq->waiting, &prev->waiting);
        }
        if (rq->quota) {
            bool fair = next != NULL && next->pub.sched_class == NUMASIM_CLASS_FAIR;

            cgroup_put(k, task_queue(k, prev, rq->pub.id),
                       fair ? task_queue(k, next, rq->pub.id) : NULL);
        }
    } else if (prev->on_rq) {
        bool slice_used = prev->pub.policy == NUMASIM_SCHED_RR && prev->rr_left_ns <= 0;

        rt_enqueue(k, rq, prev, !yielded && !slice_used);
    }
}

static void stats_turn_begin(const struct kernel *k, const struct rq *rq, struct task *next)
{
    struct task_stats *s = next->stats;
    int64_t cpu_ns = next->pub.se.sum_exec_ns;

    if (s == NULL) {
        return;
    }
    stats_wait_end(s, k->now_ns, false);
    /* kernel/sched/fair.c: set_next_entity(), 6.12 */
    if (next->pub.sched_class == NUMASIM_CLASS_FAIR &&
        rq->fair->pub.weight_sum >= 2 * (uint64_t)next->pub.se.weight) {
        s->slice_max_ns = MAX(s->slice_max_ns, cpu_ns - s->turn_begin_ns);
    }
    s->turn_begin_ns = cpu_ns;
}

static void set_next(struct kernel *k, struct rq *rq, struct task *next)
{
    stats_turn_begin(k, rq, next);
    if (next->pub.sched_class == NUMASIM_CLASS_FAIR) {
        task_update_load(k, next);
        queue_update_path(k, rq, next->queue);
        list_del(&next->waiting);
        fair_set_current(k, rq, next);
    } else {
        rt_dequeue(rq, next);
        pelt_update(&rq->rt_avg, rq_clock_pelt_ns(k, rq), 0, 0, false, 1);
    }
    next->pub.task_state = NUMASIM_TASK_RUNNING;
    next->pub.exec_start_ns = k->now_ns;
}

/* The clock of the averages of a CPU that begins or ends running anything. */
static void clock_pelt_changed(const struct kernel *k, struct rq *rq, bool running)
{
    uint32_t capacity = (uint32_t)rq->pub.capacity;

    if (!rq->pelt_clock.scaled) {
        return;
    }
    if (running) {
        uint32_t freq = k->frequency != NULL ? frequency_scale(k, rq) : 1024;

        pelt_clock_run(&rq->pelt_clock, capacity, freq, k->now_ns);
    } else {
        pelt_clock_idle(&rq->pelt_clock, capacity, rq->avg.util_sum + rq->rt_avg.util_sum,
                        k->now_ns);
    }
}

/* Tells SMT siblings, and the package, when the CPU begins or ends running anything. */
static void running_changed(struct kernel *k, struct rq *rq, bool running)
{
    clock_pelt_changed(k, rq, running);
    int32_t others = k->core_running[rq->pub.core] - (running ? 0 : 1);

    k->core_running[rq->pub.core] = others + (running ? 1 : 0);
    pace_siblings_changed(k, rq);
    if (k->frequency != NULL && others == 0) {
        frequency_core_runs(k, rq->pub.core, running);
    }
}

static void switch_to(struct kernel *k, struct rq *rq, struct task *prev, struct task *next,
                      enum task_leave leave)
{
    emit(k, TP_SCHED_SWITCH, next != NULL ? next->pub.id : -1, rq->pub.id,
         prev != NULL ? prev->pub.id : -1, leave, rq->stretch_overhead_ns,
         k->now_ns - rq->switched_in_ns);
    k->counters.switches++;
    count_switch(k, rq, prev, next, leave == LEAVE_BLOCKED || leave == LEAVE_EXITED);
    rq->curr = next;
    rq->curr_driver = next != NULL ? next->driver_data : NULL;
    rq->pub.curr = next != NULL ? &next->pub : NULL;
    rq->switched_in_ns = k->now_ns;
    rq->stretch_overhead_ns = 0;
    if ((prev == NULL) != (next == NULL)) {
        load_sums_changed(&k->loads, rq->pub.id);
        running_changed(k, rq, next != NULL);
    }
    if (next == NULL) {
        return;
    }
    rq->quota = task_has_quota(k, next);
    rq->segment_start_ns =
        time_add_ns(MAX(rq->segment_start_ns, k->now_ns), k->machine->costs.context_switch_ns);
    pace_switch_in(k, rq, next);
}

/* The CPU has nothing to run, or nothing its policy shows. */
static void enter_idle(struct kernel *k, struct rq *rq)
{
    tick_stop(k, rq);
    if (rq->pub.nr_running > 0) {
        if (!evq_entry_queued(&rq->watchdog)) {
            event_set(k, &rq->watchdog, k->now_ns + k->config.watchdog_ns);
        }
        return;
    }
    event_cancel(k, &rq->watchdog);
    if (rq->nr_arriving == 0 && bitmap_test(k->online, (uint32_t)rq->pub.id)) {
        cpu_set_idle(k, rq, true);
    }
}

/* What the switch to @t is about to use; of one with memory accesses, the records of these, too. */
static void fetch_task(const struct task *t)
{
    task_prefetch(t);
    if (t->access != NULL) {
        __builtin_prefetch(t->access);
        __builtin_prefetch((const char *)t->access + 64);
    }
}

/* Later, when these have come: where its first access goes. */
static void fetch_slice(const struct task *t)
{
    if (t->access != NULL) {
        __builtin_prefetch(t->access[0].slice);
        __builtin_prefetch((const char *)t->access[0].slice + 64);
    }
}

void schedule(struct kernel *k, struct rq *rq)
{
    struct task *prev = rq->curr;
    bool yielded = rq->yielding;

    rq->need_resched = false;
    if (!rq->pub.online) {
        return;
    }
    rq->stats.sched_count++;
    rq->in_schedule = true;
    settle(k, rq);
    tick_catch_up(k, rq);
    update_curr(k, rq);
    /* This pick is what an IPI under way was to bring about (clear_tsk_need_resched()). */
    if (evq_entry_queued(&rq->resched)) {
        event_cancel(k, &rq->resched);
    }
    /* Now, because a numa policy that hears of it may move what would be picked. */
    if (prev != NULL && prev->mix != NULL && k->nops != NULL && k->nops->accessed != NULL) {
        access_account(k, rq, prev);
    }
    rq->came_late = false;
    struct task *next = pick_or_pull(k, rq);

    rq->rt_rotates = false;
    rq->yielding = false; /* the real-time class asks, too */
    if (k->failed) {
        rq->in_schedule = false;
        return;
    }
    bool keeps = next == prev && prev != NULL && prev->pub.task_state == NUMASIM_TASK_RUNNING;
    if (!keeps && (prev != NULL || next != NULL)) {
        if (next != NULL) {
            fetch_task(next);
        }
        enum task_leave leave = leave_reason(prev);

        if (prev != NULL) {
            pace_switch_out(k, rq, prev);
            if (leave == LEAVE_PREEMPTED && yielded) {
                leave = LEAVE_YIELDED;
            }
            put_prev(k, rq, prev, next, yielded);
        }
        if (evq_entry_queued(&rq->slice)) {
            event_cancel(k, &rq->slice);
        }
        if (next != NULL) {
            fetch_slice(next);
            cpu_set_idle(k, rq, false);
            set_next(k, rq, next);
        }
        switch_to(k, rq, prev, next, leave);
    }
    rq->in_schedule = false;
    if (rq->curr == NULL) {
        enter_idle(k, rq);
        segment_arm(k, rq);
        if (rq->came_late) {
            resched_now(k, rq);
        }
        return;
    }
    segment_arm(k, rq);
    if (rq->next_tick_ns == TIME_NEVER_NS) {
        tick_start(k, rq);
    }
    if (!keeps) {
        rq->balance_wants_ns = rq->numa_wants_ns = 0;
    }
    tick_rearm(k, rq);
    if (rq->nr_rt > 0) {
        rt_prio_changed(k, rq);
        rt_push(k, rq);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* The segment's end                                                                            */

enum { MAX_ADVANCES_AT_ONCE = 1000000 };

/* Lets the driver of @t act until it does something that takes time, leaves, or must make way. */
static void advance(struct kernel *k, struct rq *rq, struct task *t)
{
    int32_t count = 0;

    do {
        if (t->oom_killed) {
            task_exit(k, t);
            return;
        }
        t->action = ACTION_ADVANCE;
        k->acting = t;
        k->acting_cpu = rq->pub.id;
        if (t->node_daemon != NULL) {
            daemon_advance(k, t);
        } else if (t->mover != NULL) {
            mover_advance(k, t);
        } else if (t->stall != NULL && t->stall->waits) {
            stall_end(k, t);
        } else {
            k->driver.advance(k, t, k->driver.data);
        }
        if (t->stall != NULL) {
            stall_begin(k, t);
        }
        k->acting = NULL;
        if (t->oom_killed) {
            t->action = ACTION_EXIT;
        }
        if (++count > MAX_ADVANCES_AT_ONCE) {
            kernel_fail(k, "task %d (%s) acts for ever without time passing", t->pub.id, t->comm);
            return;
        }
        if (t->action == ACTION_ADVANCE && !k->failed) {
            kernel_fail(k, "the driver of task %d (%s) did not say what it does next", t->pub.id,
                        t->comm);
        }
        if (k->failed || rq->segment_start_ns > k->now_ns) {
            return;
        }
    } while (t->action == ACTION_RUN && t->work_left == 0);
}

static void leave_cpu(struct kernel *k, struct rq *rq, struct task *t)
{
    switch ((enum task_action)t->action) {
    case ACTION_BLOCK:
        task_do_block(k, rq, t);
        break;
    case ACTION_EXIT:
        task_do_exit(k, rq, t);
        break;
    case ACTION_EXEC:
        task_do_exec(k, rq, t);
        break;
    case ACTION_YIELD:
        t->action = ACTION_ADVANCE;
        update_curr(k, rq);
        if (t->pub.sched_class == NUMASIM_CLASS_FAIR && k->qops->yield != NULL) {
            k->qops->yield(k->qself, t->pub.se.queue, &t->pub.se);
        }
        k->counters.yields++;
        rq->stats.yld_count++;
        rq->yielding = true;
        resched_now(k, rq);
        segment_arm(k, rq);
        break;
    default:
        break;
    }
}

/*
 * @t comes to the end of a segment: its cache is warm, it has met protected pages, or its work is done. What
 * that met of protected pages belongs to it: whoever waits for it waits for the faults, too. False: the work
 * is done, and nothing came of it.
 */
static bool meets_faults(struct kernel *k, struct rq *rq, struct task *t)
{
    bool done = t->work_left == 0, looks = t->fault_work == 0;

    if (done && t->fault_work == UINT64_MAX) {
        return false;
    }
    access_account(k, rq, t);
    for (int32_t i = 0; done && !looks && i < t->mix->nr_entries; i++) {
        looks = t->access[i].accesses > 0;
    }
    if (looks) {
        task_faults(k, rq, t);
    }
    return !done || k->failed || rq->curr != t || rq->segment_start_ns > k->now_ns;
}

void segment_event(struct kernel *k, struct rq *rq)
{
    struct task *t = rq->curr;

    k->acting_cpu = rq->pub.id;
    settle(k, rq);
    tick_catch_up(k, rq);
    if (t->rate != NULL && t->action == ACTION_RUN && meets_faults(k, rq, t)) {
        if (k->failed || rq->curr != t) {
            return;
        }
        pace_refresh(k, rq);
        segment_arm(k, rq);
        return;
    }
    if (t->action == ACTION_RUN || t->action == ACTION_ADVANCE) {
        if (t->mix != NULL) {
            access_account(k, rq, t);
        }
        advance(k, rq, t);
        if (k->failed) {
            return;
        }
        pace_refresh(k, rq);
        if (rq->segment_start_ns > k->now_ns || t->action == ACTION_RUN ||
            t->action == ACTION_SPIN) {
            segment_arm(k, rq);
            return;
        }
    }
    leave_cpu(k, rq, t);
}
