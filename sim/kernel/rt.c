/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCHED_FIFO and SCHED_RR on one CPU (kernel/sched/rt.c): one list per priority, and what keeps such
 * tasks from having all of the CPU: throttling before 6.12 (without RT_RUNTIME_SHARE, off since 5.10),
 * the fair server since (5f6bd380c7bd; kernel/sched/deadline.c: dl_server, 6.12). Which CPU they run on is rt-push.c's business.
 *
 * The fair server is modelled from where it matters, that is, from when fair tasks wait on a CPU that
 * runs a real-time one. In the kernel it is at work before, too: what fair tasks had in the last second
 * may put its first intervention off by as much as its runtime.
 */
#include "kernel/internal.h"

static int32_t highest_queued(const struct rq *rq)
{
    for (int32_t word = 1; word >= 0; word--) {
        if (rq->rt_bits[word] != 0) {
            return word * 64 + 63 - __builtin_clzll(rq->rt_bits[word]);
        }
    }
    return 0;
}

int32_t rt_highest(const struct rq *rq)
{
    const struct task *curr = rq->curr;
    int32_t queued = highest_queued(rq);

    return curr != NULL && curr->pub.sched_class == NUMASIM_CLASS_RT && curr->on_rq
               ? MAX(queued, curr->rt_priority)
               : queued;
}

void rt_enqueue(struct kernel *k, struct rq *rq, struct task *t, bool head)
{
    struct list *list = &rq->rt[t->rt_priority];

    if (t->rr_left_ns <= 0) {
        t->rr_left_ns = k->host[HOST_RR_TIMESLICE];
    }
    if (head) {
        list_add_head(list, &t->waiting);
    } else {
        list_add_tail(list, &t->waiting);
    }
    rq->rt_bits[t->rt_priority >> 6] |= UINT64_C(1) << (t->rt_priority & 63);
    rq->nr_rt++;
}

void rt_dequeue(struct rq *rq, struct task *t)
{
    if (list_empty(&t->waiting)) {
        return;
    }
    list_del(&t->waiting);
    rq->nr_rt--;
    if (list_empty(&rq->rt[t->rt_priority])) {
        rq->rt_bits[t->rt_priority >> 6] &= ~(UINT64_C(1) << (t->rt_priority & 63));
    }
}

struct task *rt_pick(struct rq *rq)
{
    struct task *curr = rq->curr;
    bool curr_rt = curr != NULL && curr->pub.sched_class == NUMASIM_CLASS_RT && curr->on_rq;
    int32_t floor = curr_rt ? curr->rt_priority : 0;
    int32_t prio = highest_queued(rq);

    if (rq->rt_throttled) {
        return NULL;
    }
    bool rotates = curr_rt && (rq->yielding || rq->rt_rotates ||
                               (curr->pub.policy == NUMASIM_SCHED_RR && curr->rr_left_ns <= 0));

    if (prio > floor || (prio == floor && prio > 0 && rotates)) {
        return container_of(rq->rt[prio].next, struct task, waiting);
    }
    return curr_rt ? curr : NULL;
}

bool rt_preempts(const struct task *curr, const struct task *t)
{
    return curr->pub.sched_class != NUMASIM_CLASS_RT || t->rt_priority > curr->rt_priority;
}

bool rt_tick(struct kernel *k, struct rq *rq, struct task *t)
{
    if (t->pub.policy != NUMASIM_SCHED_RR) {
        return false;
    }
    t->rr_left_ns -= k->tick_ns; /* a slice is counted in ticks, however much of one it had */
    if (t->rr_left_ns > 0) {
        return false;
    }
    if (list_empty(&rq->rt[t->rt_priority])) {
        t->rr_left_ns = k->host[HOST_RR_TIMESLICE];
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* Throttling                                                                                   */

static bool throttles(const struct kernel *k)
{
    return k->host[HOST_RT_THROTTLING] != 0 && k->host[HOST_RT_RUNTIME] < k->host[HOST_RT_PERIOD];
}

/* All CPUs' periods begin at the same instants; which, the boot decides. */
static void period_start(struct kernel *k, struct rq *rq)
{
    int64_t period_ns = k->host[HOST_RT_PERIOD], now_ns = evq_now_ns(k->events);
    struct rng phase = rng_entity(&k->boot, BOOT_RT_PHASE);
    int64_t first_ns = (int64_t)rng_below(&phase, 0, (uint64_t)period_ns);
    int64_t periods = now_ns < first_ns ? 0 : (now_ns - first_ns) / period_ns + 1;

    event_set(k, &rq->rt_period, first_ns + periods * period_ns);
}

void rt_account(struct kernel *k, struct rq *rq, struct task *t)
{
    int64_t delta_ns = k->now_ns - t->pub.exec_start_ns;

    t->pub.exec_start_ns = k->now_ns;
    t->pub.se.sum_exec_ns += delta_ns;
    pelt_update(&rq->rt_avg, rq_clock_pelt_ns(k, rq), 1, 1, true, 1);
    if (!throttles(k)) {
        return;
    }
    rq->rt_time_ns += delta_ns;
    if (rq->rt_time_ns > k->host[HOST_RT_RUNTIME] && !rq->rt_throttled) {
        rq->rt_throttled = true;
        rq->pub.nr_running -= rq->rt_nr_running;
        rq_counted(k, rq);
        resched_from(k, rq, rq->pub.id);
    }
}

int64_t rt_wants_tick_ns(const struct kernel *k, const struct rq *rq)
{
    const struct task *t = rq->curr;

    if (t->pub.sched_class != NUMASIM_CLASS_RT || !throttles(k)) {
        return TIME_NEVER_NS;
    }
    return t->pub.exec_start_ns + MAX(k->host[HOST_RT_RUNTIME] - rq->rt_time_ns, 0) + 1;
}

void rt_count(struct kernel *k, struct rq *rq, bool in)
{
    rq->rt_nr_running += in ? 1 : -1u;
    if (!rq->rt_throttled) {
        rq->pub.nr_running += in ? 1 : -1u;
    }
    if (in && throttles(k) && !evq_entry_queued(&rq->rt_period)) {
        period_start(k, rq);
    }
    rt_server_arm(k, rq);
}

void rt_period_event(struct kernel *k, struct rq *rq)
{
    k->acting_cpu = rq->pub.id;
    tick_catch_up(k, rq);
    rq->rt_time_ns -= MIN(rq->rt_time_ns, k->host[HOST_RT_RUNTIME]);
    if (rq->rt_time_ns > 0 || rq->rt_nr_running > 0) {
        period_start(k, rq);
    }
    if (rq->rt_throttled && rq->rt_time_ns < k->host[HOST_RT_RUNTIME]) {
        rq->rt_throttled = false;
        rq->pub.nr_running += rq->rt_nr_running;
        rq_counted(k, rq);
        rq->balance_wants_ns = 0;
        if (rq->rt_nr_running > 0 && rq->pub.online) {
            cpu_set_idle(k, rq, false);
            resched_from(k, rq, rq->pub.id);
        }
    }
    tick_rearm(k, rq);
}

/* ------------------------------------------------------------------------------------------- */
/* The fair server                                                                              */

static bool fair_waits(const struct rq *rq)
{
    return rq->pub.nr_fair > rq->pub.nr_delayed;
}

static bool has_server(const struct kernel *k)
{
    return k->host[HOST_FAIR_SERVER] != 0 && k->host[HOST_FAIR_SERVER_RUNTIME] > 0;
}

void rt_server_arm(struct kernel *k, struct rq *rq)
{
    if (rq->rt_nr_running == 0 || !fair_waits(rq)) {
        rq->server_active = false;
        event_cancel(k, &rq->fair_server);
        return;
    }
    if (has_server(k) && !evq_entry_queued(&rq->fair_server)) {
        int64_t laxity_ns = k->host[HOST_FAIR_SERVER_PERIOD] - k->host[HOST_FAIR_SERVER_RUNTIME];

        rq->server_left_ns = k->host[HOST_FAIR_SERVER_RUNTIME];
        event_set(k, &rq->fair_server, evq_now_ns(k->events) + MAX(laxity_ns, 0));
    }
}

void rt_server_event(struct kernel *k, struct rq *rq)
{
    if (rq->rt_nr_running == 0 || !fair_waits(rq)) {
        rq->server_active = false;
        return;
    }
    k->acting_cpu = rq->pub.id;
    tick_catch_up(k, rq);
    update_curr(k, rq);
    rq->server_left_ns = k->host[HOST_FAIR_SERVER_RUNTIME];
    rq->server_active = true;
    event_set(k, &rq->fair_server, evq_now_ns(k->events) + k->host[HOST_FAIR_SERVER_PERIOD]);
    resched_from(k, rq, rq->pub.id);
}

bool rt_server_account(struct kernel *k, struct rq *rq, int64_t delta_ns)
{
    rq->server_left_ns -= delta_ns;
    if (rq->server_left_ns > 0) {
        return false;
    }
    if (rq->server_active) {
        rq->server_active = false;
        return true;
    }
    /* It had its time without help: the next period begins. */
    event_cancel(k, &rq->fair_server);
    rt_server_arm(k, rq);
    return false;
}
