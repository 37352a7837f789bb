/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether runnable tasks are spread evenly: no online CPU has two more of them than another. Counted
 * twice: each task on the CPU of whose queue it is, and, as the tasks themselves could tell, each on
 * the CPU where it last ran.
 */
#include "observe/metrics-private.h"

static void grow(struct mbalanced *b, int32_t nr)
{
    int32_t from = b->size;

    if (nr < from) {
        return;
    }
    b->size = MAX(nr + 1, from * 2);
    b->cpus_with = g_renew(int32_t, b->cpus_with, (gsize)b->size);
    for (int32_t i = from; i < b->size; i++) {
        b->cpus_with[i] = 0;
    }
}

static void init(struct mbalanced *b, const struct metrics *m)
{
    grow(b, 15);
    b->counted = g_new(int32_t, (gsize)m->nr_cpus);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        b->counted[cpu] = m->cpus[cpu].online ? 0 : -1;
        b->cpus_with[0] += m->cpus[cpu].online ? 1 : 0;
    }
}

void balanced_init(struct metrics *m)
{
    init(&m->queued, m);
    init(&m->ran, m);
}

void balanced_release(struct metrics *m)
{
    g_free(m->queued.cpus_with);
    g_free(m->queued.counted);
    g_free(m->ran.cpus_with);
    g_free(m->ran.counted);
}

/* The extremes of what the online CPUs have, of which there is at least one. */
static void find_extremes(struct mbalanced *b, int32_t nr)
{
    if (nr >= 0) {
        b->least = MIN(b->least, nr);
        b->most = MAX(b->most, nr);
    }
    while (b->least + 1 < b->size && b->cpus_with[b->least] == 0) {
        b->least++;
    }
    while (b->most > 0 && b->cpus_with[b->most] == 0) {
        b->most--;
    }
}

/* @cpu has @nr tasks, -1: is offline. True iff that is another number than it had. */
static bool count(struct mbalanced *b, int32_t cpu, int32_t nr)
{
    if (nr == b->counted[cpu]) {
        return false;
    }
    if (b->counted[cpu] >= 0) {
        b->cpus_with[b->counted[cpu]]--;
    }
    if (nr >= 0) {
        grow(b, nr);
        b->cpus_with[nr]++;
    }
    b->counted[cpu] = nr;
    find_extremes(b, nr);
    return true;
}

static void judge(struct mbalanced *b, bool complete, int64_t now_ns)
{
    if (complete && b->most - b->least <= 1) {
        b->since_ns = b->since_ns < 0 ? now_ns : b->since_ns;
        b->first_ns = b->first_ns < 0 ? now_ns : b->first_ns;
    } else if (b->since_ns >= 0) {
        b->balanced_ns += now_ns - b->since_ns;
        b->since_ns = -1;
    }
}

void balanced_update(struct metrics *m, int32_t cpu, int64_t now_ns)
{
    const struct mcpu *c = &m->cpus[cpu];
    int32_t nr = c->online ? (int32_t)c->nr_waiting + (c->curr >= 0 ? 1 : 0) : -1;

    if (count(&m->queued, cpu, nr)) {
        judge(&m->queued, true, now_ns);
    }
    if (count(&m->ran, cpu, c->online ? (int32_t)c->nr_ran : -1)) {
        judge(&m->ran, m->nr_unborn == 0, now_ns);
    }
}

static void end_birth(struct metrics *m, struct mtask *t)
{
    if (t->unborn) {
        t->unborn = false;
        m->nr_unborn--;
    }
}

void balanced_ran(struct metrics *m, struct mtask *t, int32_t cpu, int64_t now_ns)
{
    int32_t from = t->ran_cpu;
    bool born = t->unborn;

    end_birth(m, t);
    if (cpu == from && !born) {
        return;
    }
    t->ran_cpu = cpu;
    if (from >= 0) {
        m->cpus[from].nr_ran--;
    }
    if (cpu >= 0) {
        m->cpus[cpu].nr_ran++;
    }
    for (int32_t i = 0, at = from; i < 2; i++, at = cpu) {
        if (at >= 0) {
            count(&m->ran, at, m->cpus[at].online ? (int32_t)m->cpus[at].nr_ran : -1);
        }
    }
    judge(&m->ran, m->nr_unborn == 0, now_ns);
}

/* It is not yet queued: what its arrival makes of the spread counts from the next update on. */
void balanced_new_task(struct metrics *m, struct mtask *t)
{
    m->queued.first_ns = -1;
    m->ran.first_ns = -1;
    m->nr_unborn += t->unborn ? 0 : 1;
    t->unborn = true;
}

static void reset(struct mbalanced *b, bool complete, int64_t now_ns)
{
    b->balanced_ns = 0;
    b->since_ns = complete && b->most - b->least <= 1 ? now_ns : -1;
    b->first_ns = b->since_ns;
}

void balanced_reset(struct metrics *m)
{
    reset(&m->queued, true, m->reset_ns);
    reset(&m->ran, m->nr_unborn == 0, m->reset_ns);
}

void balanced_report(const struct metrics *m, int64_t now_ns, struct result *r)
{
    const struct mbalanced *b = &m->queued;
    int64_t window_ns = now_ns - m->reset_ns;
    int64_t balanced_ns = b->balanced_ns + (b->since_ns >= 0 ? now_ns - b->since_ns : 0);

    result_add(r, "balanced.first_ns", RESULT_NS,
               b->first_ns >= 0 ? b->first_ns - m->reset_ns : window_ns);
    result_add(r, "balanced.last_ns", RESULT_NS,
               b->since_ns >= 0 ? b->since_ns - m->reset_ns : window_ns);
    result_add_ratio(r, "balanced.ratio", balanced_ns, window_ns);
    result_add(r, "balanced.ran_ns", RESULT_NS,
               m->ran.first_ns >= 0 ? m->ran.first_ns - m->reset_ns : window_ns);
}
