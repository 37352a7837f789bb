/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits on which CPU. A task whose cgroup, or one above it, is throttled on its CPU is held: it
 * stands in the CPU's list, and counts neither as waiting nor for the waste.
 */
#include "observe/metrics-private.h"

static bool is_held(const struct metrics *m, const struct mtask *t, int32_t cpu)
{
    return throttled_holds(m->throttled, (int32_t)(t - m->tasks), cpu);
}

static void set_held(struct metrics *m, struct mtask *t, bool held)
{
    t->held = held;
    m->cpus[t->cpu].nr_waiting += held ? -1 : 1;
    if (held) {
        waste_wait_end(m->waste, t->class_);
    } else {
        waste_wait_begin(m->waste, t->class_);
    }
}

void wait_begin(struct metrics *m, struct mtask *t, int32_t cpu)
{
    struct mcpu *c = &m->cpus[cpu];

    if (!waste_class_matches(m->waste, t->class_, t->allowed)) {
        t->class_ = waste_class(m->waste, t->allowed);
    }
    t->state = MTASK_WAITING;
    t->cpu = cpu;
    t->prev = -1;
    t->next = c->first_waiting;
    c->first_waiting = (int32_t)(t - m->tasks);
    if (t->next >= 0) {
        m->tasks[t->next].prev = c->first_waiting;
    }
    t->held = true;
    if (!is_held(m, t, cpu)) {
        set_held(m, t, false);
    }
}

void wait_end(struct metrics *m, struct mtask *t)
{
    if (!t->held) {
        set_held(m, t, true);
    }
    if (t->prev >= 0) {
        m->tasks[t->prev].next = t->next;
    } else {
        m->cpus[t->cpu].first_waiting = t->next;
    }
    if (t->next >= 0) {
        m->tasks[t->next].prev = t->prev;
    }
}

void waiting_throttle(struct metrics *m, const struct tp_event *e)
{
    if (!throttled_event(m->throttled, e)) {
        return;
    }
    waste_advance(m->waste, e->time_ns);
    for (int32_t id = m->cpus[e->cpu].first_waiting; id >= 0; id = m->tasks[id].next) {
        struct mtask *t = &m->tasks[id];
        bool held = is_held(m, t, e->cpu);

        if (held != t->held) {
            set_held(m, t, held);
        }
    }
}
