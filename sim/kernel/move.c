/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Balancing's hands: moving waiting tasks, pushing a running one, kicks, and CPU hot-plug. */
#include "kernel/internal.h"
#include "kernel/mm/internal.h"

/* throttled_lb_pair(): whether the queue of @t on @cpu, or one above it, is throttled. */
static bool is_throttled_on(struct kernel *k, const struct task *t, int32_t cpu)
{
    return t->cgroup != 0 && queue_throttled(task_queue(k, t, cpu)) != NULL;
}

bool move_waiting(struct kernel *k, struct task *t, int32_t to, enum migrate_reason reason)
{
    int32_t from = t->pub.cpu;
    struct rq *dst = cpu_rq(k, to);

    bool delayed = t->pub.task_state == NUMASIM_TASK_DELAYED;
    bool waits = t->pub.task_state == NUMASIM_TASK_RUNNABLE ||
                 t->pub.task_state == NUMASIM_TASK_THROTTLED ||
                 (delayed && !is_throttled_on(k, t, from) && !is_throttled_on(k, t, to));

    if (task_held(t)) {
        return task_move_held(k, t, to, reason);
    }
    if (!waits || !t->on_rq || from == to) {
        return false;
    }
    if (!dequeue_task(k, cpu_rq(k, from), t, NUMASIM_DEQUEUE_MIGRATE)) {
        return false; /* a fault */
    }
    t->pub.se.delayed =
        delayed; /* dequeue_entity() forgets it for those that leave to sleep only */
    tick_rearm(k, cpu_rq(k, from));
    set_task_cpu(k, t, to, reason);
    rq_charge(k, dst, k->machine->costs.migration_ns[machine_reach(k->machine, from, to)]);
    cpu_set_idle(k, dst, false);
    enqueue_task(k, dst, t, NUMASIM_ENQUEUE_MIGRATED);
    check_preempt(k, dst, t, 0, k->acting_cpu);
    return true;
}

void push_running(struct kernel *k, struct rq *rq, int32_t to, enum migrate_reason reason)
{
    struct task *t = rq->curr;
    struct rq *dst = cpu_rq(k, to);
    int32_t from = rq->pub.id;

    settle(k, rq);
    k->counters.pushes++;
    /* The stopper preempts it and takes it off this CPU; then it waits on the other. */
    if (!dequeue_task(k, rq, t, NUMASIM_DEQUEUE_MIGRATE)) {
        return; /* a fault */
    }
    t->pub.task_state = NUMASIM_TASK_WAKING;
    rq_charge(k, rq, k->machine->costs.context_switch_ns);
    schedule(k, rq);
    if (k->failed) {
        return; /* it may not have left the CPU */
    }
    set_task_cpu(k, t, to, reason);
    settle(k, dst);
    rq_charge(k, dst, k->machine->costs.migration_ns[machine_reach(k->machine, from, to)]);
    cpu_set_idle(k, dst, false);
    enqueue_task(k, dst, t, NUMASIM_ENQUEUE_MIGRATED);
    check_preempt(k, dst, t, 0, from);
}

/* sched_exec(). The real-time class leaves it where it is (select_task_rq_rt(), 6.12: neither WF_TTWU
 * nor WF_FORK). */
static void exec_balance(struct kernel *k, struct rq *rq, struct task *t)
{
    if (t->pub.sched_class != NUMASIM_CLASS_FAIR || t->pub.nr_allowed < 2) {
        return;
    }
    int32_t to = select_cpu(k, t, rq->pub.id, NUMASIM_WAKE_EXEC);

    if (!k->failed && to != rq->pub.id && cpu_rq(k, to)->pub.online) {
        push_running(k, rq, to, MIGRATE_EXEC);
    }
}

void task_do_exec(struct kernel *k, struct rq *rq, struct task *t)
{
    t->action = ACTION_ADVANCE;
    exec_balance(k, rq, t);
    if (k->failed) {
        return;
    }
    if (!t->exec_keeps_memory) {
        mm_exec(k, t);
    }
    if (rq->curr == t) {
        pace_refresh(k, rq);
        segment_arm(k, rq);
    }
}

void push_event(struct kernel *k, struct rq *rq)
{
    struct task *t = rq->curr;

    k->acting_cpu = rq->pub.id;
    if (!rq->pub.online || rq->pub.nr_running == 0) {
        return;
    }
    bool moves = t != NULL && t->pub.sched_class == NUMASIM_CLASS_FAIR &&
                 t->pub.task_state == NUMASIM_TASK_RUNNING &&
                 numasim_may_run((struct numasim_host *)k, &t->pub, rq->push_to);

    count_push(k, rq->pub.id, rq->push_to, moves);
    if (!moves) {
        return;
    }
    push_running(k, rq, rq->push_to, MIGRATE_ACTIVE);
}

void kick_event(struct kernel *k, struct rq *rq)
{
    k->counters.kicks++;
    k->acting_cpu = rq->pub.id;
    if (rq->pub.online) {
        tick_catch_up(k, rq);
        k->bops->kicked(k->bself, rq->pub.id);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Hot-plug                                                                                     */

static void domains_rebuild(struct kernel *k)
{
    struct machine present = *k->machine; /* borrows all but the set of offline CPUs */
    g_autofree uint64_t *offline = bitmap_new((uint32_t)k->nr_cpus);
    g_autofree uint64_t *all = bitmap_new((uint32_t)k->nr_cpus);

    bitmap_fill(all, (uint32_t)k->nr_cpus);
    bitmap_andnot(offline, all, k->online, (uint32_t)k->nr_cpus);
    present.offline = offline;
    present.online_all = false;
    struct sched_domains_options options = sched_domains_defaults(k->sds->release);

    options.partitions = k->sds->partitions;
    options.nr_partitions = k->sds->nr_partitions;
    options.overlap_groups = k->sds->overlap_groups;
    options.hotplug_drops_numa = k->sds->hotplug_drops_numa;
    options.reonlined = k->reonlined;
    struct sched_domains *sds = sched_domains_new_with(&present, &options);

    domains_attach(k, sds);
    sched_domains_free(k->rebuilt);
    k->rebuilt = sds;
    if (k->bops != NULL && k->bops->domains_built != NULL) {
        k->bops->domains_built(k->bself);
    }
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        struct rq *rq = cpu_rq(k, cpu);

        rq->balance_wants_ns = 0;
        if (rq->curr != NULL) {
            tick_rearm(k, rq);
        }
    }
}

/* Moves every task of a CPU that is going down. Those that wait go first, so that none of them gets
 * the CPU when the running one leaves. */
static void evacuate(struct kernel *k, struct rq *rq)
{
    for (int32_t i = 0; i < k->nr_tasks; i++) {
        struct task *t = k->tasks[i];
        uint8_t state = t->pub.task_state;

        if (t->pub.cpu != rq->pub.id) {
            continue;
        }
        if (state == NUMASIM_TASK_DELAYED) {
            fair_finish_delayed(k, rq, t);
        } else if (state == NUMASIM_TASK_RUNNABLE || state == NUMASIM_TASK_THROTTLED) {
            move_waiting(k, t, select_cpu(k, t, rq->pub.id, 0), MIGRATE_HOTPLUG);
        }
    }
    if (rq->curr != NULL) {
        push_running(k, rq, select_cpu(k, rq->curr, rq->pub.id, 0), MIGRATE_HOTPLUG);
    }
}

static void cpu_down(struct kernel *k, struct rq *rq)
{
    settle(k, rq);
    cpu_set_idle(k, rq, false);
    cpu_account_online(k, rq, false);
    evacuate(k, rq);
    event_cancel(k, &rq->segment);
    event_cancel(k, &rq->resched);
    event_cancel(k, &rq->kick);
    event_cancel(k, &rq->push);
    event_cancel(k, &rq->slice);
    event_cancel(k, &rq->watchdog);
    rt_cpu_down(k, rq);
    tick_stop(k, rq);
    rq->pub.online = false;
}

bool kernel_cpu_set_online(struct kernel *k, int32_t cpu, bool online)
{
    struct rq *rq = cpu_rq(k, cpu);

    if (rq->pub.online == online || (!online && k->nr_online == 1)) {
        return rq->pub.online == online;
    }
    emit(k, TP_CPU_HOTPLUG, -1, cpu, -1, online, 0, 0);
    if (online) {
        rq->settled_ns = rq->segment_start_ns = rq->switched_in_ns = k->now_ns;
        rq->pub.online = true;
        k->reonlined = true;
        cpu_account_online(k, rq, true);
        cpu_set_idle(k, rq, rq->nr_arriving == 0);
    } else {
        cpu_down(k, rq);
    }
    domains_rebuild(k);
    /* Tasks that had to leave their affinity for want of CPUs go back to it. */
    for (int32_t i = 0; online && i < k->nr_tasks; i++) {
        task_reapply_allowed(k, k->tasks[i]);
    }
    return true;
}
