/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel/sched/fair.c, 6.12: select_task_rq_fair(), wake_affine(), wake_wide(), record_wakee(). */
#include "linux-balance.h"

/* Whoever runs on the waking CPU counts as the waker, as `current` does in an interrupt. */
static struct lb_wakee *wakee_of(struct numasim_self *self, const struct numasim_cpu *cpu)
{
    if (cpu->curr != NULL) {
        return &lb_task(self, cpu->curr)->wakee;
    }
    return &lb_cpu(self, cpu->id)->idle_task;
}

/* Counts how often the waker turns to another task; half of it is forgotten in a second. */
static void record_wakee(struct numasim_self *self, struct lb_wakee *waker, int32_t task)
{
    int64_t now_j = numasim_jiffies(self->host);

    if (now_j > waker->decayed_j + lb_state(self)->hz) {
        waker->flips >>= 1;
        waker->decayed_j = now_j;
    }
    if (waker->last_plus_1 != task + 1) {
        waker->last_plus_1 = task + 1;
        waker->flips++;
    }
}

/* wake_affine_idle(): a verdict from idleness, or -1. */
static int32_t affine_by_idle(const struct numasim_self *self, const struct numasim_cpu *this_cpu,
                              const struct numasim_cpu *prev, bool sync)
{
    uint32_t delayed = self->param[LB_PARAM_WA_DELAYED] ? this_cpu->nr_delayed : 0;

    if (this_cpu->idle && lb_share_cache(self, this_cpu->id, prev->id)) {
        return prev->idle ? prev->id : this_cpu->id;
    }
    if (sync && this_cpu->nr_running - delayed == 1) {
        return this_cpu->id;
    }
    return prev->idle && self->param[LB_PARAM_WA_PREV_IDLE] ? prev->id : -1;
}

/* wake_affine_weight(): the waking CPU if it carries less. */
static bool affine_by_weight(const struct numasim_self *self, const struct numasim_domain *sd,
                             struct numasim_task *task, const struct numasim_cpu *this_cpu,
                             const struct numasim_cpu *prev, bool sync, struct numasim_decision *d)
{
    struct numasim_host *host = self->host;
    struct lb_affine a = {
        .this_load = (int64_t)numasim_cpu_load(host, this_cpu->id).load_avg,
        .prev_load = (int64_t)numasim_cpu_load(host, prev->id).load_avg,
        .task_load = lb_task_h_load(host, task),
        .this_capacity = lb_capacity_of(self, this_cpu->id),
        .prev_capacity = lb_capacity_of(self, prev->id),
        .imbalance_pct = lb_imbalance_pct(self, sd),
        .bias = self->param[LB_PARAM_WA_BIAS] != 0,
        .sync = sync && this_cpu->curr != NULL,
    };

    if (a.sync) {
        a.waker_load = lb_task_h_load(host, this_cpu->curr);
    }
    numasim_compared(d, "waker_cpu_load", a.this_load);
    numasim_compared(d, "prev_cpu_load", a.prev_load);
    numasim_compared(d, "task_load", a.task_load);
    return lb_affine_by_weight(&a);
}

static int32_t wake_affine(const struct numasim_self *self, const struct numasim_domain *sd,
                           struct numasim_task *task, int32_t waker, int32_t prev, bool sync,
                           struct numasim_decision *d)
{
    const struct numasim_cpu *this_cpu = numasim_cpu(self->host, waker);
    const struct numasim_cpu *prev_cpu = numasim_cpu(self->host, prev);
    int32_t target = -1;

    if (self->param[LB_PARAM_WA_IDLE]) {
        target = affine_by_idle(self, this_cpu, prev_cpu, sync);
    }
    if (target < 0 && self->param[LB_PARAM_WA_WEIGHT] &&
        affine_by_weight(self, sd, task, this_cpu, prev_cpu, sync, d)) {
        target = waker;
    }
    numasim_count_task(task, NUMASIM_TASK_WAKEUPS_AFFINE_ATTEMPTS);
    if (target != waker) {
        return prev;
    }
    sd->counters->ttwu_move_affine++;
    numasim_count_task(task, NUMASIM_TASK_WAKEUPS_AFFINE);
    return waker;
}

/* select_fallback_rq(): lowest allowed CPU of the task's node, else lowest allowed one. */
static int32_t fallback(const struct numasim_self *self, const struct numasim_task *task,
                        int32_t cpu)
{
    const struct numasim_host *host = self->host;
    int32_t nr_cpus = numasim_nr_cpus(host);
    const struct numasim_node *node = numasim_node(host, numasim_cpu(host, cpu)->node);
    const uint64_t *online = numasim_online_mask(host);

    for (int32_t i = numasim_mask_next(task->allowed, node->cpus, nr_cpus, 0); i < nr_cpus;
         i = numasim_mask_next(task->allowed, node->cpus, nr_cpus, i + 1)) {
        if (numasim_mask_test(online, i)) {
            return i;
        }
    }
    return numasim_mask_next(task->allowed, online, nr_cpus, 0);
}

static bool may_run(const struct numasim_self *self, const struct numasim_task *task, int32_t cpu)
{
    return numasim_mask_test(task->allowed, cpu) && numasim_cpu(self->host, cpu)->online;
}

int32_t lb_select_cpu(struct numasim_self *self, struct numasim_task *task, int32_t prev_cpu,
                      int32_t waker_cpu, uint32_t flags, struct numasim_decision *d)
{
    const struct numasim_cpu *this_cpu = numasim_cpu(self->host, waker_cpu);
    bool wakeup = (flags & (NUMASIM_WAKE_FORK | NUMASIM_WAKE_EXEC)) == 0;
    uint32_t wanted = (flags & NUMASIM_WAKE_FORK) ? NUMASIM_SD_BALANCE_FORK
                      : wakeup                    ? NUMASIM_SD_BALANCE_WAKE
                                                  : NUMASIM_SD_BALANCE_EXEC;
    bool want_affine = false;
    int32_t cpu = prev_cpu;
    struct numasim_domain *slow = NULL;

    lb_llc_account(self, task, prev_cpu);
    if (wakeup) {
        struct lb_wakee *waker = wakee_of(self, this_cpu);

        record_wakee(self, waker, task->id);
        want_affine = numasim_mask_test(task->allowed, waker_cpu) &&
                      !lb_wake_wide(waker->flips, lb_task(self, task)->wakee.flips,
                                    lb_cpu(self, waker_cpu)->llc_weight);
    }
    for (struct numasim_domain *sd = this_cpu->domain; sd != NULL; sd = sd->parent) {
        if (want_affine && (sd->flags & NUMASIM_SD_WAKE_AFFINE) &&
            numasim_mask_test(sd->span, prev_cpu)) {
            if (waker_cpu != prev_cpu) {
                cpu = wake_affine(self, sd, task, waker_cpu, prev_cpu,
                                  (flags & NUMASIM_WAKE_SYNC) != 0, d);
            }
            slow = NULL;
            break;
        }
        if (sd->flags & wanted) {
            slow = sd;
        } else if (!want_affine) {
            break;
        }
    }
    if (slow != NULL) {
        cpu = lb_find_idlest_cpu(self, slow, task, waker_cpu, prev_cpu, wanted, d);
    } else if (wakeup) {
        cpu = lb_select_idle_sibling(self, task, prev_cpu, cpu, waker_cpu, d);
        if (want_affine && this_cpu->curr != NULL &&
            self->param[LB_PARAM_RECENT_USED] == LB_RECENT_USED) {
            lb_task(self, this_cpu->curr)->recent_used_cpu = waker_cpu;
        }
    } else {
        numasim_decide(d, cpu, LB_REASON_NO_DOMAIN);
    }
    if (!may_run(self, task, cpu)) {
        cpu = fallback(self, task, cpu);
        numasim_decide(d, cpu, LB_REASON_NOT_ALLOWED);
    }
    if (flags & NUMASIM_WAKE_FORK) {
        lb_task(self, task)->recent_used_cpu = prev_cpu;
    }
    return cpu;
}
