/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who waited while CPUs were idle that might run it, and why nobody moved it. */
#include <string.h>

#include "base/bitmap.h"
#include "observe/explain-private.h"

#define NOBODY "nobody looked"

void waste_init(struct explain *x)
{
    int32_t nr_cpus = kernel_machine(x->kernel)->nr_cpus;

    x->waste = waste_new(nr_cpus);
    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        waste_cpu_idle(x->waste, cpu);
    }
    x->first_waiting = x->last_waiting = -1;
    x->pass_ns = -1;
    x->wastes = g_array_new(FALSE, FALSE, sizeof(struct explain_waste));
}

void waste_release(struct explain *x)
{
    waste_free(x->waste);
    g_array_unref(x->wastes);
}

/* ------------------------------------------------------------------------------------------- */
/* Laying time to tasks                                                                         */

static void add_waste(struct explain *x, const char *group, const char *reason, int64_t ns)
{
    for (guint i = 0; i < x->wastes->len; i++) {
        struct explain_waste *w = &g_array_index(x->wastes, struct explain_waste, i);

        if (strcmp(w->group, group) == 0 && strcmp(w->reason, reason) == 0) {
            w->wasted_ns += ns;
            return;
        }
    }
    struct explain_waste new_ = {group, reason, ns};

    g_array_append_val(x->wastes, new_);
}

static bool idle_cpu_allows(const struct explain *x, int32_t id)
{
    const uint64_t *allowed = task_pub(kernel_task(x->kernel, id))->allowed;
    int32_t nr_cpus = kernel_machine(x->kernel)->nr_cpus;

    for (int32_t cpu = 0; cpu < nr_cpus; cpu++) {
        if (x->cpus[cpu].curr < 0 && x->cpus[cpu].online && bitmap_test(allowed, (uint32_t)cpu)) {
            return true;
        }
    }
    return false;
}

/* What was said of @t since it began to wait. */
static const char *reason_of(const struct explain *x, const struct xtask *t)
{
    if (t->reason != NULL) {
        return t->reason;
    }
    return x->pass_reason != NULL && x->pass_ns >= t->since_ns ? x->pass_reason : NOBODY;
}

void waste_until(struct explain *x, int64_t now_ns)
{
    int64_t from_ns = MAX(x->waste_now_ns, x->from_ns);

    if (now_ns <= x->waste_now_ns) {
        return;
    }
    if (x->waste_now_ns < x->from_ns) { /* what is before does not count */
        waste_advance(x->waste, MIN(now_ns, x->from_ns));
    }
    int64_t before_ns = waste_total_ns(x->waste);

    waste_advance(x->waste, now_ns);
    x->waste_now_ns = now_ns;
    int64_t wasted_ns = waste_total_ns(x->waste) - before_ns, length_ns = now_ns - from_ns;

    if (wasted_ns == 0) {
        return;
    }
    x->wasted_ns += wasted_ns;
    for (int32_t id = x->first_waiting; id >= 0 && wasted_ns > 0; id = x->tasks[id].next) {
        if (idle_cpu_allows(x, id)) {
            add_waste(x, task_names_group(x->names, id), reason_of(x, &x->tasks[id]), length_ns);
            wasted_ns -= length_ns;
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Who waits                                                                                    */

static void begin(struct explain *x, int32_t id, int64_t now_ns)
{
    struct xtask *t = &x->tasks[id];

    t->waits = true;
    t->since_ns = now_ns;
    t->reason = NULL;
    t->class_ = waste_class(x->waste, task_pub(kernel_task(x->kernel, id))->allowed);
    waste_wait_begin(x->waste, t->class_);
    t->next = -1;
    t->prev = x->last_waiting;
    *(t->prev >= 0 ? &x->tasks[t->prev].next : &x->first_waiting) = id;
    x->last_waiting = id;
}

static void end(struct explain *x, struct xtask *t)
{
    t->waits = false;
    waste_wait_end(x->waste, t->class_);
    *(t->prev >= 0 ? &x->tasks[t->prev].next : &x->first_waiting) = t->next;
    *(t->next >= 0 ? &x->tasks[t->next].prev : &x->last_waiting) = t->prev;
}

void waste_state(struct explain *x, int32_t id, enum account_state from, enum account_state to,
                 int64_t now_ns)
{
    struct xtask *t = explain_task(x, id);

    (void)from;
    waste_until(x, now_ns);
    if (t->waits && to != ACCOUNT_IS_WAITING) {
        end(x, t);
    } else if (!t->waits && to == ACCOUNT_IS_WAITING) {
        begin(x, id, now_ns);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Who is idle, and what was said                                                               */

void waste_switch(struct explain *x, const struct tp_event *e)
{
    if (e->task >= 0) {
        waste_cpu_busy(x->waste, e->cpu);
    } else if (x->cpus[e->cpu].online) {
        waste_cpu_idle(x->waste, e->cpu);
    }
}

void waste_hotplug(struct explain *x, const struct tp_event *e)
{
    x->cpus[e->cpu].online = e->a != 0;
    if (e->a == 0) {
        waste_cpu_busy(x->waste, e->cpu);
    } else if (x->cpus[e->cpu].curr < 0) {
        waste_cpu_idle(x->waste, e->cpu);
    }
}

void waste_decision(struct explain *x, const struct tp_event *e)
{
    const struct tp_decision *d = (const struct tp_decision *)(uintptr_t)e->a;
    bool newidle = strcmp(d->callback, "balance.newidle") == 0;

    if (d->reason == NULL || (!newidle && strcmp(d->callback, "balance.left") != 0)) {
        return;
    }
    if (e->task >= 0) {
        explain_task(x, e->task)->reason = g_intern_string(d->reason);
    } else if (newidle ? d->record.chosen <= 0 : x->cpus[e->cpu].curr < 0) {
        x->pass_reason = g_intern_string(d->reason);
        x->pass_ns = e->time_ns;
    }
}
