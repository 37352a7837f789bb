/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions a plugin may call. Contracts stand in numasim-policy.h. */
#include "kernel/internal.h"

static struct kernel *kernel_of(struct numasim_host *host)
{
    return (struct kernel *)(void *)host;
}

static const struct kernel *ckernel_of(const struct numasim_host *host)
{
    return (const struct kernel *)(const void *)host;
}

int64_t numasim_now(const struct numasim_host *host)
{
    return ckernel_of(host)->now_ns;
}

int32_t numasim_nr_cpus(const struct numasim_host *host)
{
    return ckernel_of(host)->nr_cpus;
}

int32_t numasim_nr_online(const struct numasim_host *host)
{
    return ckernel_of(host)->nr_online;
}

int32_t numasim_nr_nodes(const struct numasim_host *host)
{
    return ckernel_of(host)->nr_nodes;
}

int32_t numasim_nr_llcs(const struct numasim_host *host)
{
    return ckernel_of(host)->nr_llcs;
}

/* Faults, for @call, if there is no such CPU. @role is the one for which the call is made, if it is
 * filled. */
static bool cpu_exists(struct kernel *k, enum numasim_role role, const char *call, int32_t cpu)
{
    if (cpu >= 0 && cpu < k->nr_cpus) {
        return true;
    }
    role = k->roles[role].policy != NULL ? role : NUMASIM_ROLE_QUEUE;
    kernel_fault(k, role, call, NULL, "there is no CPU %d", cpu);
    return false;
}

bool policy_may_act(struct kernel *k, const char *call)
{
    if (k->now_ns >= evq_now_ns(k->events)) {
        return true;
    }
    kernel_fault(k, NUMASIM_ROLE_QUEUE, call, NULL,
                 "account() and tick() act by what they return only: this tick is replayed");
    return false;
}

int32_t host_index(const struct numasim_host *host, const char *call, int32_t index, int32_t nr)
{
    if (G_LIKELY((uint32_t)index < (uint32_t)nr)) {
        return index;
    }
    kernel_fail((struct kernel *)(uintptr_t)host, "a policy calls %s of %d, and there are 0-%d",
                call, index, nr - 1);
    return 0;
}

struct numasim_cpu *numasim_cpu(const struct numasim_host *host, int32_t cpu)
{
    const struct kernel *k = ckernel_of(host);

    return &k->rqs[host_index(host, "numasim_cpu()", cpu, k->nr_cpus)]->pub;
}

struct numasim_llc *numasim_llc(const struct numasim_host *host, int32_t llc)
{
    const struct kernel *k = ckernel_of(host);

    return &k->llcs[host_index(host, "numasim_llc()", llc, k->nr_llcs)];
}

struct numasim_node *numasim_node(const struct numasim_host *host, int32_t node)
{
    const struct kernel *k = ckernel_of(host);

    return &k->nodes[host_index(host, "numasim_node()", node, k->nr_nodes)];
}

int32_t numasim_distance(const struct numasim_host *host, int32_t from, int32_t to)
{
    const struct kernel *k = ckernel_of(host);

    return machine_distance(k->machine, host_index(host, "numasim_distance()", from, k->nr_nodes),
                            host_index(host, "numasim_distance()", to, k->nr_nodes));
}

int32_t numasim_reclaim_distance(const struct numasim_host *host)
{
    return ckernel_of(host)->machine->reclaim_distance;
}

int64_t numasim_latency_ns(const struct numasim_host *host, int32_t from, int32_t to)
{
    const struct kernel *k = ckernel_of(host);

    return machine_latency_ns(k->machine,
                              host_index(host, "numasim_latency_ns()", from, k->nr_nodes),
                              host_index(host, "numasim_latency_ns()", to, k->nr_nodes));
}

const uint64_t *numasim_siblings(const struct numasim_host *host, int32_t cpu)
{
    const struct kernel *k = ckernel_of(host);
    const struct rq *rq = k->rqs[host_index(host, "numasim_siblings()", cpu, k->nr_cpus)];

    return machine_core_cpus(k->machine, rq->pub.core);
}

const uint64_t *numasim_online_mask(const struct numasim_host *host)
{
    return ckernel_of(host)->online;
}

const uint64_t *numasim_idle_mask(const struct numasim_host *host)
{
    return ckernel_of(host)->idle;
}

const uint64_t *numasim_idle_core_mask(const struct numasim_host *host)
{
    return ckernel_of(host)->idle_cores;
}

const uint64_t *numasim_single_mask(const struct numasim_host *host)
{
    return ckernel_of(host)->single;
}

const uint64_t *numasim_sched_idle_mask(const struct numasim_host *host)
{
    const struct kernel *k = ckernel_of(host);

    return k->nr_sched_idle > 0 ? k->sched_idle : NULL;
}

uint64_t numasim_nr_overloads(const struct numasim_host *host)
{
    return ckernel_of(host)->nr_overloads;
}

static struct numasim_load load_of(const struct pelt *avg, uint64_t util_est)
{
    return (struct numasim_load){avg->load_avg, avg->runnable_avg, avg->util_avg, util_est};
}

struct numasim_load numasim_cpu_load(struct numasim_host *host, int32_t cpu)
{
    struct kernel *k = kernel_of(host);
    struct rq *rq = cpu_rq(k, host_index(host, "numasim_cpu_load()", cpu, k->nr_cpus));

    load_refresh(k, rq);
    return load_of(&rq->avg, rq->util_est);
}

struct numasim_load numasim_task_load(struct numasim_host *host, struct numasim_task *task)
{
    struct kernel *k = kernel_of(host);
    struct task *t = task_of(task);

    if (t->avg.last_update_ns >= 0) {
        tick_catch_up(k, task_rq(k, t));
        task_update_load(k, t);
    }
    return load_of(&t->avg, t->util_est);
}

uint64_t numasim_cpu_rt_util(const struct numasim_host *host, int32_t cpu)
{
    const struct kernel *k = ckernel_of(host);
    const struct rq *rq = cpu_rq(k, host_index(host, "numasim_cpu_rt_util()", cpu, k->nr_cpus));
    struct pelt avg = rq->rt_avg;
    bool running = rq->curr != NULL && rq->curr->pub.sched_class == NUMASIM_CLASS_RT;

    if (avg.util_sum == 0 && !running) {
        return 0;
    }

    pelt_update(&avg, rq_clock_pelt_ns(k, rq), running, running, running, 1);
    return avg.util_avg;
}

/* The first task from @l towards the head of @rq's list: of those with a dequeue put off only
 * @delayed ones that no throttled queue keeps. */
static struct numasim_task *next_queued(struct kernel *k, struct rq *rq, const struct list *l,
                                        bool delayed)
{
    for (; l != &rq->waiting; l = l->prev) {
        struct task *t = container_of(l, struct task, waiting);

        if (t->pub.task_state == NUMASIM_TASK_RUNNABLE ||
            (delayed &&
             (t->cgroup == 0 || queue_throttled(task_queue(k, t, rq->pub.id)) == NULL))) {
            return &t->pub;
        }
    }
    return NULL;
}

static struct numasim_task *next_of(struct kernel *k, struct numasim_task *task, bool delayed)
{
    struct task *t = task_of(task);
    bool queued = task->task_state == NUMASIM_TASK_RUNNABLE ||
                  (delayed && task->task_state == NUMASIM_TASK_DELAYED);

    if (!queued || task->sched_class != NUMASIM_CLASS_FAIR || list_empty(&t->waiting)) {
        return NULL; /* one that is not in this list */
    }
    return next_queued(k, task_rq(k, t), t->waiting.prev, delayed);
}

struct numasim_task *numasim_first_waiting(struct numasim_host *host, int32_t cpu)
{
    struct kernel *k = kernel_of(host);
    struct rq *rq = cpu_rq(k, host_index(host, "numasim_first_waiting()", cpu, k->nr_cpus));

    return next_queued(k, rq, rq->waiting.prev, false);
}

struct numasim_task *numasim_next_waiting(struct numasim_host *host, struct numasim_task *task)
{
    return next_of(kernel_of(host), task, false);
}

struct numasim_task *numasim_first_queued(struct numasim_host *host, int32_t cpu)
{
    struct kernel *k = kernel_of(host);
    struct rq *rq = cpu_rq(k, host_index(host, "numasim_first_queued()", cpu, k->nr_cpus));

    return next_queued(k, rq, rq->waiting.prev, true);
}

struct numasim_task *numasim_next_queued(struct numasim_host *host, struct numasim_task *task)
{
    return next_of(kernel_of(host), task, true);
}

bool numasim_may_run(const struct numasim_host *host, const struct numasim_task *task, int32_t cpu)
{
    return cpu >= 0 && cpu < ckernel_of(host)->nr_cpus &&
           bitmap_test(task->allowed, (uint32_t)cpu) &&
           bitmap_test(ckernel_of(host)->online, (uint32_t)cpu);
}

bool numasim_move_task(struct numasim_host *host, struct numasim_task *task, int32_t to_cpu)
{
    struct kernel *k = kernel_of(host);

    if (to_cpu < 0 || to_cpu >= k->nr_cpus) {
        kernel_fault(k, NUMASIM_ROLE_BALANCE, "numasim_move_task()", task_of(task),
                     "there is no CPU %d", to_cpu);
        return false;
    }
    if (!policy_may_act(k, "numasim_move_task()") || task->sched_class != NUMASIM_CLASS_FAIR ||
        !numasim_may_run(host, task, to_cpu)) {
        return false;
    }
    return move_waiting(k, task_of(task), to_cpu, MIGRATE_BALANCE);
}

bool numasim_push_running(struct numasim_host *host, int32_t from_cpu, int32_t to_cpu)
{
    struct kernel *k = kernel_of(host);

    if (!policy_may_act(k, "numasim_push_running()") ||
        !cpu_exists(k, NUMASIM_ROLE_BALANCE, "numasim_push_running()", from_cpu) ||
        !cpu_exists(k, NUMASIM_ROLE_BALANCE, "numasim_push_running()", to_cpu)) {
        return false;
    }
    struct rq *rq = cpu_rq(k, from_cpu);

    if (rq->curr == NULL || rq->curr->pub.sched_class != NUMASIM_CLASS_FAIR ||
        evq_entry_queued(&rq->push) || from_cpu == to_cpu ||
        !numasim_may_run(host, &rq->curr->pub, to_cpu)) {
        return false;
    }
    enum machine_reach reach = machine_reach(k->machine, MAX(k->acting_cpu, 0), from_cpu);

    rq->push_to = to_cpu;
    event_set(k, &rq->push, k->now_ns + k->machine->costs.wakeup_ipi_ns[reach]);
    return true;
}

void numasim_resched(struct numasim_host *host, int32_t cpu)
{
    struct kernel *k = kernel_of(host);

    if (policy_may_act(k, "numasim_resched()") &&
        cpu_exists(k, NUMASIM_ROLE_BALANCE, "numasim_resched()", cpu)) {
        resched_from(k, cpu_rq(k, cpu), k->acting_cpu);
    }
}

bool numasim_kick(struct numasim_host *host, int32_t from_cpu, int32_t to_cpu)
{
    struct kernel *k = kernel_of(host);
    const struct machine_costs *costs = &k->machine->costs;

    if (!policy_may_act(k, "numasim_kick()") ||
        !cpu_exists(k, NUMASIM_ROLE_BALANCE, "numasim_kick()", from_cpu) ||
        !cpu_exists(k, NUMASIM_ROLE_BALANCE, "numasim_kick()", to_cpu)) {
        return false;
    }
    struct rq *rq = cpu_rq(k, to_cpu);

    if (k->bops == NULL || k->bops->kicked == NULL || evq_entry_queued(&rq->kick)) {
        return false;
    }
    int64_t at_ns = k->now_ns + costs->wakeup_ipi_ns[machine_reach(k->machine, from_cpu, to_cpu)];

    event_set(k, &rq->kick, at_ns);
    return true;
}

void numasim_charge(struct numasim_host *host, int32_t cpu, int64_t cost_ns)
{
    struct kernel *k = kernel_of(host);

    if (!policy_may_act(k, "numasim_charge()") ||
        !cpu_exists(k, NUMASIM_ROLE_BALANCE, "numasim_charge()", cpu)) {
        return;
    }
    if (cost_ns < 0) {
        kernel_fault(k, NUMASIM_ROLE_BALANCE, "numasim_charge()", NULL,
                     "a cost of %" G_GINT64_FORMAT " ns", cost_ns);
        return;
    }
    rq_charge(k, cpu_rq(k, cpu), cost_ns);
}

int64_t numasim_balance_cost_ns(const struct numasim_host *host, uint32_t nr_cpus)
{
    const struct machine_costs *costs = &ckernel_of(host)->machine->costs;

    return costs->balance_pass_ns + costs->balance_cpu_ns * (int64_t)nr_cpus;
}

void numasim_set_slice_timer(struct numasim_host *host, struct numasim_queue *q, int64_t at_ns)
{
    struct kernel *k = kernel_of(host);
    struct rq *rq = cpu_rq(k, q->cpu);

    /* Inside a replayed tick the time asked for may have passed; then it is due now. */
    event_set(k, &rq->slice, MAX(at_ns, evq_now_ns(k->events)));
}

int64_t numasim_lag(struct numasim_host *host, const struct numasim_task *task)
{
    struct kernel *k = kernel_of(host);

    if (k->qops->lag == NULL || task->se.queue == NULL) {
        return 0;
    }
    tick_catch_up(k, cpu_rq(k, task->cpu));
    return k->qops->lag(k->qself, task->se.queue, &task->se);
}

bool numasim_listens(const struct numasim_host *host)
{
    return kernel_listens(ckernel_of(host), TP_DECISION);
}

void numasim_left(struct numasim_self *self, int32_t cpu, const struct numasim_task *task,
                  uint32_t reason)
{
    struct kernel *k = kernel_of(self->host);
    struct numasim_decision record = {.chosen = -1, .reason = reason};

    if (cpu_exists(k, NUMASIM_ROLE_BALANCE, "numasim_left()", cpu)) {
        decision_end(k, NUMASIM_ROLE_BALANCE, "balance.left", task != NULL ? task->id : -1, cpu,
                     &record);
    }
}

bool numasim_is_buddy(struct numasim_host *host, const struct numasim_task *task)
{
    const struct kernel *k = kernel_of(host);

    return k->qops->is_buddy != NULL && task->se.queued &&
           k->qops->is_buddy(task->se.queue, &task->se);
}

int32_t numasim_locality(struct numasim_host *host, const struct numasim_task *task,
                         int32_t src_node, int32_t dst_node)
{
    struct kernel *k = kernel_of(host);

    if (k->nops == NULL || k->nops->locality == NULL || src_node == dst_node) {
        return 0;
    }
    return k->nops->locality(k->nself, task, src_node, dst_node);
}

bool numasim_has_numa(const struct numasim_host *host)
{
    return ckernel_of(host)->nops != NULL;
}

void numasim_set_preferred_node(struct numasim_host *host, struct numasim_task *task, int32_t node)
{
    struct kernel *k = kernel_of(host);

    if (node < -1 || node >= k->nr_nodes) {
        kernel_fault(k, NUMASIM_ROLE_NUMA, "numasim_set_preferred_node()", task_of(task),
                     "there is no node %d", node);
        return;
    }
    if (task->preferred_node != node && policy_may_act(k, "numasim_set_preferred_node()")) {
        struct task *t = task_of(task);
        bool counts = t->on_rq && task->sched_class == NUMASIM_CLASS_FAIR;

        emit(k, TP_SCHED_MOVE_NUMA, task->id, task->cpu, node, task->preferred_node, 0, 0);
        if (counts) {
            rq_count_numa(task_rq(k, t), t, false);
        }
        task->preferred_node = node;
        if (counts) {
            rq_count_numa(task_rq(k, t), t, true);
        }
    }
}

int64_t numasim_remaining_ns(struct numasim_host *host, struct numasim_task *task)
{
    struct kernel *k = kernel_of(host);
    struct task *t = task_of(task);
    int64_t rest_ns = TIME_NEVER_NS;

    k->counters.oracle_queries++;
    if (t->pub.task_state == NUMASIM_TASK_RUNNING) {
        settle(k, task_rq(k, t));
    }
    if (k->driver.remaining != NULL && t->node_daemon == NULL && t->mover == NULL) {
        rest_ns = k->driver.remaining(k, t, k->driver.data);
    }
    return time_add_ns(rest_ns, kernel_task_work_left_ns(k, t));
}

uint64_t numasim_random(const struct numasim_host *host, uint64_t entity, uint64_t index,
                        uint64_t n)
{
    const struct kernel *k = ckernel_of(host);
    struct rng r =
        entity < (uint64_t)k->nr_cpus ? k->policy_cpus[entity] : rng_entity(&k->policy, entity);

    return rng_below(&r, index, n);
}

uint64_t numasim_boot_random(const struct numasim_host *host, uint64_t entity, uint64_t index,
                             uint64_t n)
{
    const struct kernel *k = ckernel_of(host);
    struct rng r = entity < 2 * (uint64_t)k->nr_cpus ? k->boot_cpus[entity]
                                                     : rng_entity(&k->boot_policies, entity);

    return rng_below(&r, index, n);
}
