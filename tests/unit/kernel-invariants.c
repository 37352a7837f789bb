/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel-invariants.h"

#include "kernel-invariants-private.h"

void violated(const struct kernel *k, const char *condition, char *where)
{
    g_autofree char *dump = kernel_dump(k);

    g_error("%s does not hold for %s\n%s", condition, where, dump);
}

/* What one run queue should count, counted from the tasks. */
struct counts {
    uint32_t nr_running, nr_fair, nr_delayed, nr_sched_idle, nr_rt, nr_arriving, rt_nr_running;
    uint64_t util_est;
};

static bool is_fair(const struct task *t)
{
    return t->pub.sched_class == NUMASIM_CLASS_FAIR;
}

/* The affinity holds unless it names no CPU that is online. */
static bool may_be_there(const struct kernel *k, const struct task *t)
{
    return bitmap_test(t->allowed, (uint32_t)t->pub.cpu) ||
           !bitmap_intersects(t->allowed, k->online, (uint32_t)k->nr_cpus);
}

static void check_queued_task(const struct kernel *k, const struct task *t, struct counts *c)
{
    const struct rq *rq = k->rqs[t->pub.cpu];
    enum numasim_task_state state = (enum numasim_task_state)t->pub.task_state;
    bool runs = state == NUMASIM_TASK_RUNNING;

    if (task_held(t)) {
        MUST(k, !t->pub.se.queued && !list_empty(&t->waiting) && rq->curr != t, "task %d",
             t->pub.id);
        MUST(k, queue_spent(k->cgroups[t->cgroup]->queues[t->pub.cpu]) != NULL, "task %d",
             t->pub.id);
        return;
    }
    MUST(k, t->on_rq, "task %d", t->pub.id);
    MUST(k, rq->pub.online, "task %d on offline CPU %d", t->pub.id, t->pub.cpu);
    MUST(k, may_be_there(k, t), "task %d on CPU %d", t->pub.id, t->pub.cpu);
    MUST(k, runs == (rq->curr == t), "task %d", t->pub.id);
    bool ordered = is_fair(t) && !(fair_is_flat(k) && state == NUMASIM_TASK_THROTTLED);

    MUST(k, t->pub.se.queued == ordered, "task %d", t->pub.id);
    MUST(k, t->pub.se.delayed == (state == NUMASIM_TASK_DELAYED), "task %d", t->pub.id);
    bool in_list = state == NUMASIM_TASK_RUNNABLE || state == NUMASIM_TASK_THROTTLED ||
                   state == NUMASIM_TASK_DELAYED;

    MUST(k, list_empty(&t->waiting) == !in_list, "task %d", t->pub.id);
    if (is_fair(t)) {
        const struct fair_queue *q = t->queue;
        const struct fair_queue *order = fair_is_flat(k) ? rq->fair : q;
        bool throttled = queue_throttled((struct fair_queue *)(uintptr_t)q) != NULL;

        MUST(k, q->pub.cpu == t->pub.cpu && q->pub.cgroup == t->cgroup, "task %d", t->pub.id);
        MUST(k, !ordered || t->pub.se.queue == &order->pub, "task %d", t->pub.id);
        MUST(k, throttled == (state == NUMASIM_TASK_THROTTLED) || state == NUMASIM_TASK_DELAYED,
             "task %d", t->pub.id);
        c->util_est += state == NUMASIM_TASK_DELAYED ? 0 : t->util_est;
        if (throttled) {
            return;
        }
        c->nr_fair++;
        c->nr_delayed += state == NUMASIM_TASK_DELAYED;
        c->nr_sched_idle += t->sched_idle;
    } else {
        c->nr_rt += !runs;
        c->rt_nr_running++;
        if (rq->rt_throttled) {
            return;
        }
    }
    c->nr_running++;
}

static void check_task(const struct kernel *k, const struct task *t, struct counts *by_cpu)
{
    switch ((enum numasim_task_state)t->pub.task_state) {
    case NUMASIM_TASK_RUNNABLE:
    case NUMASIM_TASK_RUNNING:
    case NUMASIM_TASK_THROTTLED:
    case NUMASIM_TASK_DELAYED:
        check_queued_task(k, t, &by_cpu[t->pub.cpu]);
        break;
    case NUMASIM_TASK_WAKING:
        MUST(k, evq_entry_queued(&t->arrive), "task %d", t->pub.id);
        by_cpu[t->pub.cpu].nr_arriving++;
        G_GNUC_FALLTHROUGH;
    default:
        MUST(k, !t->on_rq && !t->pub.se.queued && !t->pub.se.delayed, "task %d", t->pub.id);
        MUST(k, list_empty(&t->waiting), "task %d", t->pub.id);
        MUST(k, k->rqs[t->pub.cpu]->curr != t, "task %d", t->pub.id);
        break;
    }
}

static void check_rq(const struct kernel *k, const struct rq *rq, const struct counts *c)
{
    int32_t cpu = rq->pub.id;
    /* With an IPI under way it is leaving idle, even if what it was sent for has gone again. */
    bool idle = rq->pub.online && rq->curr == NULL && c->nr_running == 0 && c->nr_arriving == 0 &&
                (!evq_entry_queued(&rq->resched) || rq->pub.idle);
    uint32_t nr_waiting = 0;

    MUST(k, rq->pub.nr_running == c->nr_running, "CPU %d: %u", cpu, c->nr_running);
    MUST(k,
         bitmap_test(k->single, (uint32_t)cpu) ==
             (c->nr_running == 1 && c->nr_fair == 1 && c->nr_delayed == 0),
         "CPU %d: %u", cpu, c->nr_running);
    MUST(k, rq->pub.nr_fair == c->nr_fair, "CPU %d: %u", cpu, c->nr_fair);
    MUST(k, rq->pub.nr_delayed == c->nr_delayed, "CPU %d: %u", cpu, c->nr_delayed);
    MUST(k, rq->pub.nr_sched_idle == c->nr_sched_idle, "CPU %d: %u", cpu, c->nr_sched_idle);
    MUST(k,
         bitmap_test(k->sched_idle, (uint32_t)cpu) ==
             (c->nr_running > 0 && c->nr_running == c->nr_sched_idle),
         "CPU %d: %u", cpu, c->nr_sched_idle);
    MUST(k, rq->nr_rt == c->nr_rt, "CPU %d: %u", cpu, c->nr_rt);
    MUST(k, rq->rt_nr_running == c->rt_nr_running, "CPU %d: %u", cpu, c->rt_nr_running);
    MUST(k, rq->rt_prio == rt_highest(rq), "CPU %d: %d", cpu, rq->rt_prio);
    MUST(k, bitmap_test(k->rt_busy, (uint32_t)cpu) == (rq->rt_prio > 0), "CPU %d", cpu);
    MUST(k, rq->nr_arriving == c->nr_arriving, "CPU %d: %u", cpu, c->nr_arriving);
    MUST(k, rq->util_est == c->util_est, "CPU %d: %" G_GUINT64_FORMAT, cpu, c->util_est);
    MUST(k, rq->pub.idle == idle, "CPU %d", cpu);
    MUST(k, bitmap_test(k->idle, (uint32_t)cpu) == idle, "CPU %d", cpu);
    MUST(k, bitmap_test(k->online, (uint32_t)cpu) == rq->pub.online, "CPU %d", cpu);
    MUST(k, !rq->need_resched && !rq->in_schedule, "CPU %d", cpu);
    MUST(k, rq->pub.curr == (rq->curr != NULL ? &rq->curr->pub : NULL), "CPU %d", cpu);
    for (const struct list *l = rq->waiting.next; l != &rq->waiting; l = l->next) {
        const struct task *t = container_of(l, const struct task, waiting);

        bool waits = t->pub.task_state == NUMASIM_TASK_RUNNABLE;

        MUST(k, (waits || t->pub.se.delayed) && t->pub.cpu == cpu, "task %d", t->pub.id);
        nr_waiting += waits;
    }
    bool fair_runs = rq->curr != NULL && is_fair(rq->curr);

    MUST(k, nr_waiting + c->nr_delayed + fair_runs == c->nr_fair, "CPU %d: %u", cpu, nr_waiting);
}

static void check_cores(const struct kernel *k)
{
    for (int32_t core = 0; core < k->machine->nr_cores; core++) {
        const uint64_t *cpus = machine_core_cpus(k->machine, core);
        int32_t running = 0, idle = 0, online = 0;

        for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
            if (bitmap_test(cpus, (uint32_t)cpu) && k->rqs[cpu]->pub.online) {
                running += k->rqs[cpu]->curr != NULL;
                idle += k->rqs[cpu]->pub.idle;
                online++;
            }
        }
        MUST(k, k->core_running[core] == running, "core %d: %d", core, running);
        MUST(k, k->core_idle[core] == idle, "core %d: %d", core, idle);
        MUST(k, k->core_online[core] == online, "core %d: %d", core, online);
        for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
            if (bitmap_test(cpus, (uint32_t)cpu) && k->rqs[cpu]->pub.online) {
                MUST(k, bitmap_test(k->idle_cores, (uint32_t)cpu) == (idle == online), "CPU %d",
                     cpu);
            }
        }
    }
    for (int32_t i = 0; i < k->nr_llcs; i++) {
        uint32_t idle = 0;

        for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
            idle += bitmap_test(k->llcs[i].cpus, (uint32_t)cpu) && k->rqs[cpu]->pub.idle;
        }
        MUST(k, k->llcs[i].nr_idle_cpus == idle, "LLC %d: %u", i, idle);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Queues of the fair class                                                                     */

/* What the policy orders in @q. */
static void check_order(const struct kernel *k, const struct fair_queue *q)
{
    uint32_t nr_queued = 0;
    uint64_t weight_sum = 0;
    int32_t cgroup = q->pub.cgroup, cpu = q->pub.cpu;

    for (int32_t i = 0; i < k->nr_tasks; i++) {
        const struct numasim_entity *se = &k->tasks[i]->pub.se;

        if (se->queued && se->queue == &q->pub) {
            nr_queued++;
            weight_sum += se->weight;
        }
    }
    for (int32_t i = 1; i < k->nr_cgroups; i++) {
        const struct fair_queue *child = k->cgroups[i]->queues[cpu];

        if (child != NULL && child->parent == q && child->entity.queued) {
            nr_queued++;
            weight_sum += child->entity.weight;
        }
    }
    MUST(k, q->pub.nr_queued == nr_queued, "cgroup %d on CPU %d: %u", cgroup, cpu, nr_queued);
    MUST(k, q->pub.weight_sum == weight_sum, "cgroup %d on CPU %d: %" G_GUINT64_FORMAT, cgroup, cpu,
         weight_sum);
    MUST(k, q->pub.curr == NULL || q->pub.curr->queued, "cgroup %d on CPU %d", cgroup, cpu);
}

/* What counts in @q, whoever orders it; tasks below a throttled queue count up to that one. */
static void check_queue(const struct kernel *k, const struct fair_queue *q)
{
    uint32_t nr_entities = 0, nr_tasks = 0, nr_delayed = 0, nr_throttled = 0;
    uint64_t load = 0;
    int32_t cgroup = q->pub.cgroup, cpu = q->pub.cpu;

    check_order(k, q);
    for (int32_t i = 0; i < k->nr_tasks; i++) {
        const struct task *t = k->tasks[i];
        const struct fair_queue *up = t->queue;

        if (!t->on_rq || !is_fair(t) || !queue_below(up, q)) {
            continue;
        }
        if (up == q) {
            nr_entities++;
            load += (uint64_t)t->weight << LOAD_SHIFT;
        }
        while (up != q && !up->throttled) {
            up = up->parent;
        }
        nr_tasks += up == q;
        nr_delayed += up == q && t->pub.se.delayed;
    }
    for (int32_t i = 1; i < k->nr_cgroups; i++) {
        const struct fair_queue *child = k->cgroups[i]->queues[cpu];

        if (child != NULL && child->parent == q && child->on_rq) {
            nr_entities++;
            load += child->shares;
        }
    }
    for (const struct fair_queue *up = q; up != NULL; up = up->parent) {
        nr_throttled += up->throttled;
    }
    MUST(k, q->nr_entities == nr_entities, "cgroup %d on CPU %d: %u", cgroup, cpu, nr_entities);
    MUST(k, q->load_weight == load, "cgroup %d on CPU %d: %" G_GUINT64_FORMAT, cgroup, cpu, load);
    MUST(k, q->nr_tasks == nr_tasks, "cgroup %d on CPU %d: %u", cgroup, cpu, nr_tasks);
    MUST(k, q->nr_delayed == nr_delayed, "cgroup %d on CPU %d: %u", cgroup, cpu, nr_delayed);
    MUST(k, q->throttle_count == nr_throttled, "cgroup %d on CPU %d: %u", cgroup, cpu,
         nr_throttled);
    if (q->parent != NULL) {
        /* An empty one may have to wait before it leaves. */
        MUST(k,
             q->on_rq ==
                 ((nr_entities > 0 && !q->throttled) || (nr_entities == 0 && q->entity.delayed)),
             "cgroup %d on CPU %d", cgroup, cpu);
        MUST(k, q->entity.queued == (q->on_rq && !fair_is_flat(k)), "cgroup %d on CPU %d", cgroup,
             cpu);
        MUST(k, list_empty(&q->leaf) == (q->entity_avg.last_update_ns < 0), "cgroup %d on CPU %d",
             cgroup, cpu);
    }
}

/* Who is throttled stands in line once, without runtime; what was given back may raise the pool. */
static void check_bandwidth(const struct kernel *k, const struct kernel_cgroup *cg)
{
    int32_t nr_throttled = 0, nr_listed = 0;
    int64_t slices_ns = k->nr_cpus * k->host[HOST_CFS_BANDWIDTH_SLICE];

    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        const struct fair_queue *q = cg->queues[cpu];

        if (q != NULL && (q->throttled || q->spent)) {
            MUST(k, q->runtime_left_ns <= 0, "cgroup %d on CPU %d", cg->id, cpu);
            nr_throttled++;
        }
    }
    for (const struct list *l = cg->throttled_queues.next; l != &cg->throttled_queues;
         l = l->next) {
        nr_listed++;
    }
    MUST(k, nr_throttled == nr_listed, "cgroup %d: %d", cg->id, nr_listed);
    MUST(k, cg->pool_ns >= 0 && cg->pool_ns <= cg->quota_ns + cg->burst_ns + slices_ns, "cgroup %d",
         cg->id);
    MUST(k, cg->period_active == evq_entry_queued(&cg->period), "cgroup %d", cg->id);
    MUST(k, nr_listed == 0 || cg->period_active, "cgroup %d: %d", cg->id, nr_listed);
}

static void check_cgroups(const struct kernel *k)
{
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        check_queue(k, k->rqs[cpu]->fair);
    }
    for (int32_t i = 1; i < k->nr_cgroups; i++) {
        const struct kernel_cgroup *cg = k->cgroups[i];
        uint64_t load = 0, runnable = 0;

        for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
            if (cg->queues[cpu] != NULL) {
                check_queue(k, cg->queues[cpu]);
                load += cg->queues[cpu]->told_load;
                runnable += cg->queues[cpu]->told_runnable;
            }
        }
        MUST(k, cg->load_avg == load && cg->runnable_avg == runnable, "cgroup %d", i);
        check_bandwidth(k, cg);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Time                                                                                         */

static void check_times(const struct kernel *k)
{
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        struct cpu_times t = kernel_cpu_times(k, cpu);
        int64_t sum_ns = t.busy_ns + t.idle_ns + t.overhead_ns;

        MUST(k, t.busy_ns >= 0 && t.idle_ns >= 0 && t.overhead_ns >= 0, "CPU %d", cpu);
        if (k->rebuilt == NULL && k->rqs[cpu]->pub.online) {
            MUST(k, sum_ns == k->now_ns, "CPU %d: %" G_GINT64_FORMAT, cpu, sum_ns);
        } else {
            MUST(k, sum_ns <= k->now_ns, "CPU %d: %" G_GINT64_FORMAT, cpu, sum_ns);
        }
    }
}

/* A sum that is kept is what its CPUs add up to, and reading them now would change none of them. */
static void check_load_sum(const struct kernel *k, const struct load_sum *kept, int32_t first,
                           int32_t nr)
{
    struct numasim_load sum = {0};

    if (k->now_ns > kept->until_ns) {
        return;
    }
    for (int32_t cpu = first; cpu < first + nr; cpu++) {
        const struct rq *rq = k->rqs[cpu];
        uint64_t capacity = (uint64_t)rq->pub.capacity;
        int64_t age_ns = rq_clock_pelt_ns(k, rq) - rq->avg.last_update_ns;

        if (bitmap_test(k->loads.changed, (uint32_t)cpu)) {
            return;
        }
        MUST(k, rq->next_tick_ns > k->now_ns, "CPU %d", cpu);
        MUST(k, rq->curr != NULL || age_ns <= 32 * NSEC_PER_MSEC, "CPU %d", cpu);
        sum.load_avg += rq->avg.load_avg;
        sum.runnable_avg += rq->avg.runnable_avg;
        sum.util_avg += MIN(rq->avg.util_avg, capacity);
        sum.util_est += MIN(MAX(rq->avg.util_avg, rq->util_est), capacity);
    }
    MUST(k, memcmp(&sum, &kept->load, sizeof(sum)) == 0, "CPUs %d-%d", first, first + nr - 1);
}

static void check_loads(const struct kernel *k)
{
    for (int32_t cpu = 0; cpu + LOAD_BLOCK_CPUS <= k->nr_cpus; cpu += LOAD_BLOCK_CPUS) {
        check_load_sum(k, &k->loads.blocks[cpu / LOAD_BLOCK_CPUS], cpu, LOAD_BLOCK_CPUS);
    }
    for (int32_t cpu = 0; cpu + 64 <= k->nr_cpus; cpu += 64) {
        check_load_sum(k, &k->loads.words[cpu / 64], cpu, 64);
    }
}

void kernel_check(const struct kernel *k)
{
    g_autofree struct counts *by_cpu = g_new0(struct counts, (gsize)k->nr_cpus);
    int32_t nr_alive = 0;

    for (int32_t i = 0; i < k->nr_tasks; i++) {
        check_task(k, k->tasks[i], by_cpu);
        nr_alive += k->tasks[i]->pub.task_state != NUMASIM_TASK_DEAD &&
                    k->tasks[i]->node_daemon == NULL && k->tasks[i]->mover == NULL;
    }
    MUST(k, k->nr_alive == nr_alive, "%d tasks", nr_alive);
    for (int32_t cpu = 0; cpu < k->nr_cpus; cpu++) {
        check_rq(k, k->rqs[cpu], &by_cpu[cpu]);
    }
    check_cores(k);
    check_cgroups(k);
    check_memory(k);
    check_loads(k);
    check_times(k);
}

bool kernel_run_checked(struct kernel *k, int64_t until_ns, int64_t step_ns, GError **error)
{
    int64_t at_ns = kernel_now_ns(k);

    while (at_ns < until_ns) {
        at_ns = MIN(at_ns + step_ns, until_ns);
        if (!kernel_run(k, at_ns, error)) {
            return false;
        }
        kernel_check(k);
        if (kernel_finished(k)) {
            break;
        }
    }
    return true;
}
