/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits on which CPU. A task whose cgroup, or one above it, is throttled on its CPU is held: it
 * stands in the CPU's list, and counts neither as waiting nor for the waste.
 */
#include "base/bitmap.h"
#include "observe/metrics-private.h"

enum { MAX_DEPTH = 64 }; /* cgroups above one another */

static bool is_throttled(const struct metrics *m, int32_t cgroup, int32_t cpu)
{
    return cgroup < m->throttled_size && m->throttled[cgroup] != NULL &&
           bitmap_test(m->throttled[cgroup], (uint32_t)cpu);
}

static bool is_held(const struct metrics *m, const struct mtask *t, int32_t cpu)
{
    int32_t path[MAX_DEPTH];

    if (m->nr_throttled == 0 || m->config.cgroups == NULL) {
        return false;
    }
    int32_t nr = m->config.cgroups((int32_t)(t - m->tasks), path, MAX_DEPTH, m->config.data);

    for (int32_t i = 0; i < nr; i++) {
        if (is_throttled(m, path[i], cpu)) {
            return true;
        }
    }
    return false;
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

static uint64_t *throttled_cpus(struct metrics *m, int32_t cgroup)
{
    if (cgroup >= m->throttled_size) {
        int32_t from = m->throttled_size;

        m->throttled_size = MAX(cgroup + 1, from * 2);
        m->throttled = g_renew(uint64_t *, m->throttled, (gsize)m->throttled_size);
        for (int32_t i = from; i < m->throttled_size; i++) {
            m->throttled[i] = NULL;
        }
    }
    if (m->throttled[cgroup] == NULL) {
        m->throttled[cgroup] = bitmap_new((uint32_t)m->nr_cpus);
    }
    return m->throttled[cgroup];
}

void waiting_throttle(struct metrics *m, const struct tp_event *e)
{
    uint64_t *cpus = throttled_cpus(m, e->task);
    bool on = e->a != 0;

    if (bitmap_test(cpus, (uint32_t)e->cpu) == on) {
        return;
    }
    waste_advance(m->waste, e->time_ns);
    m->nr_throttled += on ? 1 : -1;
    if (on) {
        bitmap_set(cpus, (uint32_t)e->cpu);
    } else {
        bitmap_clear(cpus, (uint32_t)e->cpu);
    }
    for (int32_t id = m->cpus[e->cpu].first_waiting; id >= 0; id = m->tasks[id].next) {
        struct mtask *t = &m->tasks[id];
        bool held = is_held(m, t, e->cpu);

        if (held != t->held) {
            set_held(m, t, held);
        }
    }
}

void waiting_release(struct metrics *m)
{
    for (int32_t i = 0; i < m->throttled_size; i++) {
        g_free(m->throttled[i]);
    }
    g_free(m->throttled);
}
