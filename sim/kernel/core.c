/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Picking, switching, and the running segment of a CPU.
 *
 * A CPU's time is cut at settled_ns: what lies before is counted as idle, overhead or progress.
 * Up to segment_start_ns the CPU does the kernel's work; after it the task makes progress at its
 * pace, a slower one while its cache is cold. Settling is exact (the remainder of a division by the
 * pace is carried), so it may happen at any moment without changing a result.
 * Accounting to the queue policy (update_curr()) is not: it happens where the kernel does it.
 */
#include "kernel/internal.h"

/* Below this, wall time in units x pace fits 64 bits beside a carry (2^63 / 2^30). */
#define NARROW_WALL_NS (INT64_C(1) << 33)

/* Units of work that @wall_ns and the carry are worth at @pace; the rest becomes the carry. */
static uint64_t work_at(struct task *t, int64_t wall_ns, uint64_t pace)
{
    if (wall_ns < NARROW_WALL_NS) {
        uint64_t units = ((uint64_t)wall_ns << (WORK_SHIFT + PACE_SHIFT)) + t->carry;

        t->carry = units % pace;
        return units / pace;
    }
    uint128 units = ((uint128)(uint64_t)wall_ns << (WORK_SHIFT + PACE_SHIFT)) + t->carry;

    t->carry = (uint64_t)(units % pace);
    return (uint64_t)(units / pace);
}

/* Wall time until @work units are done at @pace with @carry in hand; *@ret_rest is what the last
 * nanosecond brings beyond them. */
static int64_t time_for(uint64_t work, uint64_t pace, uint64_t carry, uint64_t *ret_rest)
{
    uint128 unit_ns = (uint128)1 << (WORK_SHIFT + PACE_SHIFT);
    uint128 units = (uint128)work * pace;
    uint128 left = units > carry ? units - carry : 0;
    uint128 wall_ns = (left + unit_ns - 1) / unit_ns;

    *ret_rest = (uint64_t)(wall_ns * unit_ns + carry - units);
    return (int64_t)wall_ns;
}

static void work_done(struct task *t, uint64_t done)
{
    t->work_left -= done;
    t->stretch_work += done;
}

/* While its cache is cold; returns the wall time that is left when it is warm. */
static int64_t progress_cold(struct task *t, int64_t wall_ns)
{
    uint64_t pace = t->pace.total + t->pace.cold;
    uint64_t goal = MIN(t->cold_work, t->work_left);
    uint64_t rest;
    int64_t need_ns = time_for(goal, pace, t->carry, &rest);
    uint64_t done = goal;

    if (wall_ns < need_ns) {
        done = work_at(t, wall_ns, pace);
        wall_ns = 0;
    } else {
        t->carry = mul_div_u64(rest, t->pace.total, pace);
        wall_ns -= need_ns;
    }
    t->cold_work -= done;
    t->stretch_cold_work += done;
    work_done(t, done);
    return wall_ns;
}

static void progress(struct task *t, int64_t wall_ns)
{
    if (t->action != ACTION_RUN) {
        return;
    }
    if (t->cold_work > 0) {
        wall_ns = progress_cold(t, wall_ns);
        if (t->cold_work > 0) {
            return;
        }
    }
    uint64_t done = t->pace.total == PACE_ONE && t->carry == 0 ? (uint64_t)wall_ns << WORK_SHIFT
                                                               : work_at(t, wall_ns, t->pace.total);

    work_done(t, MIN(done, t->work_left));
}

void settle(struct kernel *k, struct rq *rq)
{
    int64_t now_ns = evq_now_ns(k->events);
    int64_t from_ns = rq->settled_ns;

    if (now_ns <= from_ns || !rq->pub.online) {
        return;
    }
    rq->settled_ns = now_ns;
    if (rq->segment_start_ns > from_ns) {
        int64_t overhead_ns = MIN(now_ns, rq->segment_start_ns) - from_ns;

        rq->times.overhead_ns += overhead_ns;
        rq->stretch_overhead_ns += overhead_ns;
        from_ns += overhead_ns;
    }
    if (rq->curr == NULL) {
        rq->times.idle_ns += now_ns - from_ns;
    } else if (now_ns > from_ns) {
        rq->times.busy_ns += now_ns - from_ns;
        progress(rq->curr, now_ns - from_ns);
    }
}

struct cpu_times kernel_cpu_times(const struct kernel *k, int32_t cpu)
{
    const struct rq *rq = cpu_rq(k, cpu);
    struct cpu_times times = rq->times;
    int64_t from_ns = rq->settled_ns;

    if (!rq->pub.online || k->now_ns <= from_ns) {
        return times;
    }
    if (rq->segment_start_ns > from_ns) {
        int64_t overhead_ns = MIN(k->now_ns, rq->segment_start_ns) - from_ns;

        times.overhead_ns += overhead_ns;
        from_ns += overhead_ns;
    }
    *(rq->curr == NULL ? &times.idle_ns : &times.busy_ns) += k->now_ns - from_ns;
    return times;
}

int64_t kernel_task_work_left_ns(const struct kernel *k, const struct task *t)
{
    (void)k;
    return t->action == ACTION_RUN ? (int64_t)(t->work_left >> WORK_SHIFT) : 0;
}

int64_t kernel_task_cpu_ns(const struct kernel *k, const struct task *t)
{
    int64_t ns = t->pub.se.sum_exec_ns;

    if (t->pub.task_state == NUMASIM_TASK_RUNNING) {
        ns += k->now_ns - t->pub.exec_start_ns;
    }
    return ns;
}

/* Wall time until @t, running at its pace, has done its work. */
static int64_t time_to_finish(const struct task *t)
{
    uint64_t carry = t->carry, work = t->work_left, narrow;
    int64_t cold_ns = 0;

    if (t->cold_work > 0) {
        uint64_t pace = t->pace.total + t->pace.cold;
        uint64_t rest, goal = MIN(t->cold_work, work);

        cold_ns = time_for(goal, pace, carry, &rest);
        carry = mul_div_u64(rest, t->pace.total, pace);
        work -= goal;
    }
    if (!__builtin_mul_overflow(work, t->pace.total, &narrow)) {
        uint64_t unit_ns = UINT64_C(1) << (WORK_SHIFT + PACE_SHIFT);
        uint64_t left = narrow > carry ? narrow - carry : 0;

        return cold_ns + (int64_t)(left / unit_ns + (left % unit_ns != 0));
    }
    return cold_ns + time_for(work, t->pace.total, carry, &narrow);
}

void segment_arm(struct kernel *k, struct rq *rq)
{
    const struct task *t = rq->curr;

    if (t == NULL || t->action == ACTION_SPIN) {
        event_cancel(k, &rq->segment);
        return;
    }
    int64_t end_ns = MAX(evq_now_ns(k->events), rq->segment_start_ns);

    if (t->action == ACTION_RUN) {
        end_ns = time_add_ns(end_ns, time_to_finish(t));
    }
    event_set(k, &rq->segment, end_ns);
}

void rq_charge(struct kernel *k, struct rq *rq, int64_t cost_ns)
{
    if (cost_ns <= 0) {
        return;
    }
    settle(k, rq);
    rq->segment_start_ns = time_add_ns(MAX(rq->segment_start_ns, k->now_ns), cost_ns);
    if (rq->curr != NULL && k->acting != rq->curr && !rq->in_schedule) {
        segment_arm(k, rq);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Load averages                                                                                */

void task_update_load(struct kernel *k, struct task *t)
{
    const struct numasim_entity *se = &t->pub.se;
    bool running = t->pub.task_state == NUMASIM_TASK_RUNNING;

    pelt_update(&t->avg, k->now_ns, se->queued, se->queued && !se->delayed, running, se->weight);
}

void rq_update_load(struct kernel *k, struct rq *rq)
{
    bool running = rq->curr != NULL && rq->curr->pub.sched_class == NUMASIM_CLASS_FAIR;

    pelt_update(&rq->avg, k->now_ns, rq->load_weight, rq->pub.nr_fair - rq->pub.nr_delayed, running,
                1);
}

/* ------------------------------------------------------------------------------------------- */
/* Accounting                                                                                   */

void update_curr(struct kernel *k, struct rq *rq)
{
    struct task *t = rq->curr;

    if (t == NULL || k->now_ns <= t->pub.exec_start_ns) {
        return;
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
        } else if (t->cgroup != 0 && cgroup_throttle_spent(k, task_queue(k, t, rq->pub.id))) {
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
    struct numasim_decision record;
    struct numasim_decision *d = decision_begin(k, &record);

    k->counters.newidle_calls++;
    int32_t pulled = k->bops->newidle(k->bself, rq->pub.id, d);

    decision_end(k, NUMASIM_ROLE_BALANCE, "balance.newidle", -1, rq->pub.id, &record);
    rq->came_late = false;
    if (pulled > 0) {
        k->counters.newidle_pulled += (uint64_t)pulled;
    }
    return pick_next(k, rq);
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
        rq_update_load(k, rq);
        prev->pub.task_state = NUMASIM_TASK_RUNNABLE;
        prev->runnable_since_ns = k->now_ns;
        if (!yielded) {
            k->counters.preemptions++;
        }
    } else if (prev->pub.task_state == NUMASIM_TASK_THROTTLED) {
        prev->runnable_since_ns = k->now_ns; /* throttled while it ran */
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

static void set_next(struct kernel *k, struct rq *rq, struct task *next)
{
    if (next->pub.sched_class == NUMASIM_CLASS_FAIR) {
        task_update_load(k, next);
        rq_update_load(k, rq);
        list_del(&next->waiting);
        fair_set_current(k, rq, next);
    } else {
        rt_dequeue(rq, next);
        pelt_update(&rq->rt_avg, k->now_ns, 0, 0, false, 1);
    }
    next->pub.task_state = NUMASIM_TASK_RUNNING;
    next->pub.exec_start_ns = k->now_ns;
}

/* Tells SMT siblings, and the package, when the CPU begins or ends running anything. */
static void running_changed(struct kernel *k, struct rq *rq, bool running)
{
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
    count_switch(k, rq, prev, next);
    rq->curr = next;
    rq->pub.curr = next != NULL ? &next->pub : NULL;
    rq->switched_in_ns = k->now_ns;
    rq->stretch_overhead_ns = 0;
    if ((prev == NULL) != (next == NULL)) {
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
        pace_account(k, rq, prev);
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
            task_prefetch(next);
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
        k->driver.advance(k, t, k->driver.data);
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

void segment_event(struct kernel *k, struct rq *rq)
{
    struct task *t = rq->curr;

    task_prefetch(t);
    k->acting_cpu = rq->pub.id;
    settle(k, rq);
    tick_catch_up(k, rq);
    if (t->action == ACTION_RUN || t->action == ACTION_ADVANCE) {
        if (t->mix != NULL) {
            pace_account(k, rq, t);
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
