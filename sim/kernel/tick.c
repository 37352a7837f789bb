/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tick. Every CPU that runs something has one each 1/HZ, all CPUs at the same instants, with a
 * phase that the boot draws. An idle CPU has none (NO_HZ).
 *
 * A tick is simulated as an event only if it can matter: while several tasks are queued, or a cgroup
 * has load there, which decides what it weighs on other CPUs, and from the time on that the balance
 * or the numa policy named. The others are skipped, and replayed one
 * by one (accounting, the queue's tick, load averages, in the order they would have come) before
 * anything looks at or changes that CPU. What a skipped tick does is confined to its CPU, so its
 * place among other CPUs' events makes no difference; --all-ticks proves it.
 */
#include "kernel/internal.h"
#include "kernel/mm/internal.h"

int64_t numasim_tick_ns(const struct numasim_host *host)
{
    return ((const struct kernel *)(const void *)host)->tick_ns;
}

int64_t numasim_jiffies(const struct numasim_host *host)
{
    const struct kernel *k = (const struct kernel *)(const void *)host;

    return (k->now_ns + k->tick_ns - k->tick_phase_ns) / k->tick_ns;
}

/* The first tick after @at_ns, or at it if @included. */
static int64_t tick_after(const struct kernel *k, int64_t at_ns, bool included)
{
    int64_t since_ns = at_ns - k->tick_phase_ns + (included ? -1 : 0);

    if (since_ns < 0) {
        return k->tick_phase_ns;
    }
    return k->tick_phase_ns + (since_ns / k->tick_ns + 1) * k->tick_ns;
}

void tick_start(struct kernel *k, struct rq *rq)
{
    /* A tick at this very instant has passed: it comes before all other events. */
    rq->next_tick_ns = tick_after(k, k->now_ns, false);
}

void tick_stop(struct kernel *k, struct rq *rq)
{
    rq->next_tick_ns = TIME_NEVER_NS;
    event_cancel(k, &rq->tick);
}

/* What every tick does, at k->now_ns; true if the current task should make way. */
static bool tick_apply(struct kernel *k, struct rq *rq)
{
    struct task *t = rq->curr;
    bool wants;

    k->counters.ticks++;
    rq->times.ticks++;
    update_curr(k, rq);
    if (t->pub.sched_class == NUMASIM_CLASS_FAIR) {
        wants = fair_tick(k, rq, t);
        task_update_load(k, t);
        queue_update_path(k, rq, t->queue);
        cgroup_update_weights(k, t); /* entity_tick(): update_cfs_group() */
        if (fair_is_flat(k)) {
            fair_refresh_weight(k, rq, t);
        }
    } else {
        wants = rt_tick(k, rq, t);
        rq_update_load(k, rq);
    }
    return wants;
}

/* True if a tick of @rq at the present instant comes before the event at hand. */
static bool tick_precedes_event(const struct kernel *k, const struct rq *rq)
{
    return k->event_class > CLASS_TICK || evq_entry_rank(&rq->tick) < k->event_rank;
}

void tick_catch_up(struct kernel *k, struct rq *rq)
{
    if (rq->next_tick_ns > k->now_ns) {
        return;
    }
    int64_t now_ns = k->now_ns;
    bool included = tick_precedes_event(k, rq);

    while (rq->next_tick_ns < now_ns || (included && rq->next_tick_ns == now_ns)) {
        k->now_ns = rq->next_tick_ns;
        rq->next_tick_ns += k->tick_ns;
        k->counters.ticks_skipped++;
        tick_apply(k, rq);
    }
    k->now_ns = now_ns;
}

void tick_rearm(struct kernel *k, struct rq *rq)
{
    if (rq->next_tick_ns == TIME_NEVER_NS) {
        return;
    }
    int64_t at_ns = rq->next_tick_ns;

    if (!k->config.all_ticks && rq->pub.nr_running <= 1 && !rq->quota &&
        list_empty(&rq->leaf_queues)) {
        int64_t wants_ns = MIN(
            k->bops != NULL && k->bops->tick != NULL ? rq->balance_wants_ns : TIME_NEVER_NS,
            k->nops != NULL && k->nops->tick != NULL && rq->curr->mix != NULL ? rq->numa_wants_ns
                                                                              : TIME_NEVER_NS);

        wants_ns = MIN(wants_ns, rt_wants_tick_ns(k, rq));
        if (wants_ns > TIME_NEVER_NS - 2 * k->tick_ns) {
            event_cancel(k, &rq->tick);
            return;
        }
        if (wants_ns > at_ns) {
            at_ns = tick_after(k, wants_ns, true);
        }
    }
    if (rq->tick.time_ns != at_ns || !evq_entry_queued(&rq->tick)) {
        event_set(k, &rq->tick, at_ns);
    }
}

/* The numa policy sees what was accessed up to its tick. */
static void numa_tick(struct kernel *k, struct rq *rq, bool due)
{
    if (due) {
        settle(k, rq);
        access_account(k, rq, rq->curr);
    }
    int64_t wants_ns = k->nops->tick(k->nself, &rq->curr->pub);

    if (due) {
        rq->numa_wants_ns = wants_ns;
    }
    /* It returns to user mode. */
    struct task *t = rq->curr;

    if (t->wants_task_work) {
        t->wants_task_work = false;
        if (k->nops->task_work != NULL) {
            k->nops->task_work(k->nself, &t->pub);
        }
    }
}

void tick_event(struct kernel *k, struct rq *rq)
{
    bool crowded = rq->pub.nr_running > 1;

    k->acting_cpu = rq->pub.id;
    tick_catch_up(k, rq);
    rq->next_tick_ns = k->now_ns + k->tick_ns;
    if (tick_apply(k, rq)) {
        resched_now(k, rq);
    }
    if (!list_empty(&rq->leaf_queues)) {
        rq_update_blocked(k, rq);
    }
    /* A tick that only --all-ticks brings may tell the policies nothing new: what they answer then
     * does not count. */
    bool numa_due = crowded || k->now_ns >= rq->numa_wants_ns;
    bool balance_due = crowded || k->now_ns >= rq->balance_wants_ns;

    if (k->nops != NULL && k->nops->tick != NULL && rq->curr->mix != NULL &&
        (numa_due || k->config.all_ticks)) {
        numa_tick(k, rq, numa_due);
    }
    if (k->bops != NULL && k->bops->tick != NULL && (balance_due || k->config.all_ticks)) {
        int64_t wants_ns = k->bops->tick(k->bself, rq->pub.id);

        if (balance_due) {
            rq->balance_wants_ns = wants_ns;
        }
    }
    tick_rearm(k, rq);
}
