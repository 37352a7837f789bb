/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel/sched/fair.c, 4.3: weighted_cpuload(), task_h_load(), source_load(), target_load();
 * kernel/sched/core.c: update_cpu_load_active(), update_idle_cpu_load().
 *
 * A CPU's load is that of its runnable tasks alone: what sleeps does not count, other than in the
 * averages of later releases.
 */
#include "old.h"

uint64_t old_task_load(const struct numasim_self *self, struct numasim_task *task)
{
    struct old_task *own = old_task(self, task);
    uint64_t load = numasim_task_load(self->host, task).load_avg;

    if (!task->se.queued || task->se.queue == NULL) {
        return own->was_queued ? own->h_load : load;
    }
    for (const struct numasim_queue *q = task->se.queue; q->parent != NULL; q = q->parent->queue) {
        if (q->weight_sum > 0) {
            load = load * q->parent->weight / q->weight_sum;
        }
        if (q->parent->queue == NULL) {
            break;
        }
    }
    own->h_load = load;
    own->was_queued = true;
    return load;
}

uint64_t old_cpu_load(const struct numasim_self *self, int32_t cpu)
{
    const struct numasim_cpu *c = numasim_cpu(self->host, cpu);
    uint64_t load = 0;

    if (c->curr != NULL && c->curr->sched_class == NUMASIM_CLASS_FAIR) {
        load += old_task_load(self, c->curr);
    }
    if (c->nr_fair == 0) {
        return load;
    }
    for (struct numasim_task *task = numasim_first_waiting(self->host, cpu); task != NULL;
         task = numasim_next_waiting(self->host, task)) {
        load += old_task_load(self, task);
    }
    return load;
}

/* Ticks since the last one were those of an idle CPU. */
static void catch_up(const struct numasim_self *self, struct old_cpu *own)
{
    int64_t now_j = numasim_jiffies(self->host);

    if (now_j > own->history_j) {
        old_decay_history(own->history, 0, now_j - own->history_j);
        own->at_tick = 0;
        own->history_j = now_j;
    }
}

static uint64_t history_of(const struct numasim_self *self, int32_t cpu, uint32_t idx)
{
    struct old_cpu *own = old_cpu(self, cpu);

    if (numasim_cpu(self->host, cpu)->idle) {
        catch_up(self, own);
    }
    return idx == 1 ? own->at_tick : own->history[idx - 2];
}

uint64_t old_source_load(const struct numasim_self *self, int32_t cpu, uint32_t idx)
{
    uint64_t load = old_cpu_load(self, cpu), before;

    if (idx == 0 || !self->param[OLD_PARAM_LB_BIAS]) {
        return load;
    }
    before = history_of(self, cpu, idx);
    return before < load ? before : load;
}

uint64_t old_target_load(const struct numasim_self *self, int32_t cpu, uint32_t idx)
{
    uint64_t load = old_cpu_load(self, cpu), before;

    if (idx == 0 || !self->param[OLD_PARAM_LB_BIAS]) {
        return load;
    }
    before = history_of(self, cpu, idx);
    return before > load ? before : load;
}

void old_load_tick(const struct numasim_self *self, int32_t cpu)
{
    struct old_cpu *own = old_cpu(self, cpu);
    int64_t now_j = numasim_jiffies(self->host);

    if (self->param[OLD_PARAM_LB_BIAS] && now_j > own->history_j) {
        own->at_tick = old_cpu_load(self, cpu);
        old_decay_history(own->history, own->at_tick, 1);
        own->history_j = now_j;
    }
}

void old_load_end_idle(const struct numasim_self *self, int32_t cpu)
{
    catch_up(self, old_cpu(self, cpu));
}
