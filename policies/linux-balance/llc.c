/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel/sched/fair.c, 7.3, CONFIG_SCHED_CACHE: the threads of a process under one LLC. A process
 * prefers the LLC under which its threads ran most of late; periodic balancing moves them there and
 * leaves them there while that LLC is not too full. A wakeup knows nothing of it. The numbers are those
 * of 7.3; the conditions between them were read in a backport of the merged series to 6.6.
 *
 * Three things are simpler here. A thread's time is counted when it wakes, moves, or runs as an epoch
 * begins, and not at each update. Which LLC a task prefers is looked up where it matters. And the
 * footprint, which the kernel takes from NUMA hint faults, is all that the process has in memory.
 */
#include "linux-balance.h"

enum { LLC_TOLERATE_ALL = 100 }; /* llc_aggr_tolerance from which on nothing is too much */

static int64_t epoch_j(const struct numasim_self *self)
{
    int64_t period_j = self->param[LB_PARAM_LLC_EPOCH] / numasim_tick_ns(self->host);

    return period_j > 1 ? period_j : 1;
}

static int64_t epoch_now(const struct numasim_self *self)
{
    return numasim_jiffies(self->host) / epoch_j(self);
}

static struct lb_process *lb_process(const struct numasim_self *self,
                                     const struct numasim_process *process)
{
    return process->state[self->slot];
}

static bool is_thread(const struct numasim_task *task)
{
    return task->process != NULL && task->sched_class == NUMASIM_CLASS_FAIR;
}

/* get_sched_cache_scale(); 0: without bound. */
static int64_t tolerance(const struct numasim_self *self, int64_t step)
{
    int64_t tolerated = self->param[LB_PARAM_LLC_TOLERANCE];

    return tolerated >= LLC_TOLERATE_ALL ? 0 : 1 + (tolerated - 1) * step;
}

/* invalid_llc_nr(), exceed_llc_capacity(): whether @process is too much for the LLC of @cpu, or has
 * nothing to gather. */
static bool does_not_fit(const struct numasim_self *self, const struct numasim_process *process,
                         int32_t cpu)
{
    const struct lb_cpu *own = lb_cpu(self, cpu);
    int64_t bytes = numasim_llc(self->host, numasim_cpu(self->host, cpu)->llc)->size_bytes;

    if (process->nr_threads <= 1) {
        return true;
    }
    if (self->param[LB_PARAM_LLC_TOLERANCE] >= LLC_TOLERATE_ALL) {
        return false;
    }
    if (self->param[LB_PARAM_LLC_TOLERANCE] == 0 ||
        !lb_fits((uint64_t)lb_process(self, process)->nr_running_avg *
                     lb_state(self)->threads_per_core,
                 (uint32_t)tolerance(self, 1) * own->llc_weight)) {
        return true;
    }
    return numasim_has_numa(self->host) && bytes > 0 &&
           bytes * tolerance(self, 256) < process->resident_bytes;
}

/* account_mm_sched(): what @task, on @cpu, ran since it was last counted. */
void lb_llc_account(const struct numasim_self *self, const struct numasim_task *task, int32_t cpu)
{
    if (!lb_state(self)->cache_active || !is_thread(task)) {
        return;
    }
    struct lb_task *own = lb_task(self, task);
    struct lb_process *p = lb_process(self, task->process);
    int64_t ran_ns = task->se.sum_exec_ns - own->counted_ns, epoch = epoch_now(self);

    own->counted_ns = task->se.sum_exec_ns;
    occupancy_add(&lb_cpu(self, cpu)->occupancy, epoch, task->process->id, ran_ns);
    if (epoch - p->epoch > self->param[LB_PARAM_LLC_TIMEOUT] ||
        does_not_fit(self, task->process, cpu)) {
        p->llc_plus_1 = 0;
    }
}

/* What @process occupied of the LLC that begins with @first; *@running grows by its threads there. */
static uint64_t occupancy_under(const struct numasim_self *self,
                                const struct numasim_process *process, int32_t first, int64_t epoch,
                                int64_t *running)
{
    const struct numasim_domain *llc = numasim_cpu(self->host, first)->llc_domain;
    int32_t nr_cpus = numasim_nr_cpus(self->host);
    uint64_t sum = 0;

    for (int32_t cpu = first; llc != NULL && cpu < nr_cpus;
         cpu = numasim_mask_next(llc->span, NULL, nr_cpus, cpu + 1)) {
        const struct numasim_task *curr = numasim_cpu(self->host, cpu)->curr;

        sum += occupancy_of(&lb_cpu(self, cpu)->occupancy, epoch, process->id);
        *running += curr != NULL && curr->process == process;
    }
    return sum;
}

/* get_scan_cpumasks(): whether the LLC that begins with @first is one to prefer for @task's process. */
static bool is_candidate(const struct numasim_self *self, const struct numasim_task *task,
                         int32_t first)
{
    int32_t node = numasim_cpu(self->host, first)->node;
    const struct lb_process *p = lb_process(self, task->process);

    if (!numasim_has_numa(self->host) || task->preferred_node < 0) {
        return true;
    }
    return node == task->preferred_node || node == numasim_cpu(self->host, task->cpu)->node ||
           (p->llc_plus_1 > 0 && node == numasim_cpu(self->host, p->llc_plus_1 - 1)->node);
}

/* task_cache_work(): chooses the LLC that the process of @task prefers. */
static void choose_llc(const struct numasim_self *self, const struct numasim_task *task)
{
    struct lb_process *p = lb_process(self, task->process);
    int64_t epoch = epoch_now(self), running = 0;
    int64_t divisor = lb_cpu(self, task->cpu)->llc_weight / 4;
    int32_t best_plus_1 = 0;
    uint64_t best = 0, present = 0;

    if (does_not_fit(self, task->process, task->cpu)) {
        p->llc_plus_1 = 0;
        return;
    }
    for (int32_t cpu = 0; cpu < numasim_nr_cpus(self->host); cpu++) {
        if (lb_cpu(self, cpu)->llc_first != cpu || !is_candidate(self, task, cpu)) {
            continue;
        }
        uint64_t sum = occupancy_under(self, task->process, cpu, epoch, &running);

        if (sum > best) {
            best = sum;
            best_plus_1 = cpu + 1;
        }
        if (p->llc_plus_1 == cpu + 1) {
            present = sum;
        }
    }
    if (occupancy_outweighs(best, present)) {
        p->llc_plus_1 = best_plus_1;
    }
    divisor = divisor < 2 ? 2 : divisor > 8 ? 8 : divisor;
    p->nr_running_avg += (running - p->nr_running_avg) / divisor;
}

int64_t lb_llc_tick(const struct numasim_self *self, const struct numasim_cpu *c)
{
    struct lb_cpu *own = lb_cpu(self, c->id);
    int64_t epoch = epoch_now(self), next_j = (epoch + 1) * epoch_j(self);

    if (own->cache_epoch == epoch) {
        return next_j;
    }
    own->cache_epoch = epoch;
    if (c->curr == NULL || !is_thread(c->curr)) {
        return next_j;
    }
    struct lb_process *p = lb_process(self, c->curr->process);

    lb_llc_account(self, c->curr, c->id);
    if (p->epoch < epoch) {
        p->epoch = epoch;
        choose_llc(self, c->curr);
    }
    return next_j;
}

/* First CPU of the LLC that @task prefers, or -1 (get_pref_llc()). */
static int32_t preferred(const struct numasim_self *self, const struct numasim_task *task)
{
    if (!is_thread(task)) {
        return -1;
    }
    int32_t first = lb_process(self, task->process)->llc_plus_1 - 1;

    if (first >= 0 && numasim_has_numa(self->host) && task->preferred_node >= 0 &&
        numasim_cpu(self->host, first)->node != task->preferred_node) {
        return -1;
    }
    return first;
}

uint32_t lb_llc_nr_preferring(const struct numasim_self *self, int32_t cpu, int32_t llc_first)
{
    const struct numasim_cpu *c = numasim_cpu(self->host, cpu);
    uint32_t nr = c->curr != NULL && preferred(self, c->curr) == llc_first;

    for (const struct numasim_task *t = numasim_first_queued(self->host, cpu); t != NULL;
         t = numasim_next_queued(self->host, (struct numasim_task *)(uintptr_t)t)) {
        nr += preferred(self, t) == llc_first;
    }
    return nr;
}

/* fits_llc_capacity(). */
static bool has_room(const struct numasim_self *self, uint64_t util, uint64_t capacity)
{
    uint64_t pct = (uint64_t)self->param[LB_PARAM_LLC_OVERAGGR];

    pct = lb_state(self)->smt_active ? pct : pct * 3 / 2;
    return util * 100 < capacity * pct;
}

/* can_migrate_llc(): what a task of @util may do between the LLCs of @src and @dst. */
static enum lb_llc_move may_move(const struct numasim_self *self, int32_t src, int32_t dst,
                                 uint64_t util, bool to_preferred)
{
    const struct lb_llc *from = lb_cpu(self, src)->llc, *to = lb_cpu(self, dst)->llc;
    uint64_t pct = 100 + (uint64_t)self->param[LB_PARAM_LLC_IMB];
    uint64_t from_util = from->util > util ? from->util - util : 0, to_util = to->util + util;
    bool from_room = has_room(self, from_util, from->capacity);
    bool to_room = has_room(self, to_util, to->capacity);

    if (!from_room && !to_room) {
        return LB_LLC_FREE;
    }
    if (to_preferred) {
        return !to_room && to_util * 100 > from_util * pct ? LB_LLC_FORBIDDEN : LB_LLC_WANTED;
    }
    return from_room || from_util * 100 <= to_util * pct ? LB_LLC_FORBIDDEN : LB_LLC_WANTED;
}

bool lb_llc_degrades(const struct lb_env *env, const struct numasim_task *task)
{
    const struct numasim_self *self = env->self;
    int32_t first = lb_state(self)->cache_active ? preferred(self, task) : -1;

    if (!lb_state(self)->cache_active ||
        lb_domain(self, env->sd)->nr_balance_failed >= env->sd->cache_nice_tries + 1) {
        return false;
    }
    if (env->imbalance.migration == LB_MIGRATE_LLC_TASK &&
        first != lb_cpu(self, env->dst_cpu)->llc_first) {
        return true;
    }
    if (first < 0 || lb_share_cache(self, env->src_cpu, env->dst_cpu)) {
        return false;
    }
    bool to_preferred = lb_cpu(self, env->dst_cpu)->llc_first == first;

    if (!to_preferred && lb_cpu(self, env->src_cpu)->llc_first != first) {
        return false;
    }
    uint64_t util = numasim_task_load(env->host, (struct numasim_task *)(uintptr_t)task).util_avg;

    return may_move(self, env->src_cpu, env->dst_cpu, util, to_preferred) == LB_LLC_FORBIDDEN;
}

bool lb_llc_keeps_running(const struct lb_env *env)
{
    const struct numasim_self *self = env->self;
    const struct numasim_cpu *src = numasim_cpu(env->host, env->src_cpu);
    uint64_t util = 0;

    if (!lb_state(self)->cache_active || lb_share_cache(self, env->src_cpu, env->dst_cpu)) {
        return false;
    }
    uint32_t at_home = lb_llc_nr_preferring(self, src->id, lb_cpu(self, src->id)->llc_first);

    if (at_home == 0 || at_home != src->nr_fair - src->nr_delayed) {
        return false;
    }
    if (src->curr != NULL && src->curr->sched_class == NUMASIM_CLASS_FAIR) {
        util = numasim_task_load(env->host, src->curr).util_avg;
    }
    return src->nr_running <= 1 ||
           may_move(self, env->src_cpu, env->dst_cpu, util, false) == LB_LLC_FORBIDDEN;
}

bool lb_llc_records(const struct lb_env *env)
{
    return lb_state(env->self)->cache_active && env->idle != LB_NEWLY_IDLE &&
           env->sd->child != NULL &&
           env->sd->child == numasim_cpu(env->host, env->dst_cpu)->llc_domain;
}

void lb_llc_record(const struct lb_env *env, const struct numasim_group *group,
                   const struct lb_group *g)
{
    int32_t first = numasim_mask_next(group->span, NULL, numasim_nr_cpus(env->host), 0);
    struct lb_llc *llc = lb_cpu(env->self, first)->llc;

    llc->util = g->util;
    llc->capacity = g->capacity;
}

uint32_t lb_llc_pull(const struct lb_env *env, const struct numasim_group *group)
{
    const struct numasim_self *self = env->self;
    int32_t nr_cpus = numasim_nr_cpus(env->host), dst = lb_cpu(self, env->dst_cpu)->llc_first;
    int32_t first = numasim_mask_next(group->span, NULL, nr_cpus, 0);
    const uint64_t *idle = numasim_idle_mask(env->host);
    uint32_t nr = 0;

    if (!lb_state(self)->cache_active || (env->sd->flags & NUMASIM_SD_SHARE_LLC) ||
        lb_domain(self, env->sd)->nr_balance_failed >= env->sd->cache_nice_tries + 1 ||
        may_move(self, first, env->dst_cpu, 0, true) != LB_LLC_WANTED) {
        return 0;
    }
    for (int32_t cpu = first; cpu < nr_cpus;
         cpu = numasim_mask_next(group->span, env->cpus, nr_cpus, cpu + 1)) {
        if (!numasim_mask_test(idle, cpu) && numasim_mask_test(env->cpus, cpu) &&
            lb_cpu(self, cpu)->llc_first != dst) {
            nr += lb_llc_nr_preferring(self, cpu, dst);
        }
    }
    return nr;
}
