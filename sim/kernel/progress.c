/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a CPU's time was, and how far its task came in it.
 *
 * A CPU's time is cut at settled_ns: what lies before is counted as idle, overhead or progress.
 * Up to segment_start_ns the CPU does the kernel's work; after it the task makes progress at its
 * pace, its own or that of its class (rate.h). Settling is exact (the remainder of a division by the
 * pace is carried), so it may happen at any moment without changing a result.
 * Accounting to the queue policy (update_curr()) is not: it happens where the kernel does it.
 */
#include "kernel/internal.h"

#include "kernel/mm/rate.h"

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

static void work_done(struct task *t, uint64_t done)
{
    t->work_left -= done;
    t->stretch_work += done;
}

/* What is left for a member of a class before its rate or what it does changes. */
static uint64_t class_work_left(const struct task *t)
{
    uint64_t left = MIN(t->work_left, t->fault_work);

    return t->cold_work > 0 ? MIN(t->cold_work, left) : left;
}

static void class_progress(struct kernel *k, struct task *t)
{
    uint64_t done = rate_progress(k, t, class_work_left(t));

    if (t->cold_work > 0) {
        t->cold_work -= done;
        t->stretch_cold_work += done;
    }
    if (t->fault_work != UINT64_MAX) {
        t->fault_work -= done;
    }
    work_done(t, done);
}

static void progress(struct kernel *k, struct task *t, int64_t wall_ns)
{
    if (t->action != ACTION_RUN) {
        return;
    }
    if (t->rate != NULL) {
        class_progress(k, t);
        return;
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
        progress(k, rq->curr, now_ns - from_ns);
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

/* Wall time until @t, running at its own pace, has done its work. */
static int64_t time_to_finish(const struct task *t)
{
    const uint64_t unit_ns = UINT64_C(1) << (WORK_SHIFT + PACE_SHIFT);
    uint64_t units;

    if (!__builtin_mul_overflow(t->work_left, t->pace.total, &units)) {
        uint64_t left = units > t->carry ? units - t->carry : 0;

        return (int64_t)(left / unit_ns + (left % unit_ns != 0));
    }
    uint128 left = (uint128)t->work_left * t->pace.total - t->carry;

    return (int64_t)((left + unit_ns - 1) / unit_ns);
}

void segment_arm(struct kernel *k, struct rq *rq)
{
    struct task *t = rq->curr;

    if (t == NULL || t->action == ACTION_SPIN) {
        event_cancel(k, &rq->segment);
        if (t != NULL && t->rate != NULL) {
            rate_disarm(k, t);
        }
        return;
    }
    int64_t end_ns = MAX(evq_now_ns(k->events), rq->segment_start_ns);

    if (t->action == ACTION_RUN && t->rate != NULL) {
        event_cancel(k, &rq->segment);
        rate_arm(k, t, end_ns, class_work_left(t));
        return;
    }
    if (t->rate != NULL) {
        rate_disarm(k, t);
    }
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
