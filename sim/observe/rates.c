/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the time of running tasks went to: each ns of a CPU's busy time is divided by the components of
 * the pace of the task that runs there (kernel/pace.c).
 *
 * A task runs at a pace of its own, or at that of its class, which changes for all members at once. So a
 * class carries how much of the time each component had since it was first seen, and a stretch of its
 * member's takes the difference: no event costs more where a class has more members.
 *
 * What of a stretch was overhead is known at each change of the task's class and at the stretch's end.
 * Within a stretch in one class whose pace changed meanwhile it counts as spread evenly.
 */
#include "observe/metrics-private.h"

#include <string.h>

static const char *const part_names[NR_RATE_PARTS] = {
    [RATE_FULL] = "time.full_ns",           [RATE_SMT] = "time.smt_ns",
    [RATE_COLD] = "time.cold_ns",           [RATE_REMOTE] = "time.remote_ns",
    [RATE_BANDWIDTH] = "time.bandwidth_ns", [RATE_TLB] = "time.tlb_ns",
};

/* The whole, in which the parts of a pace are kept. */
#define SHARE_ONE (UINT64_C(1) << 20)

/* Divides @whole by @weights so that the parts add up to it; all to the first where they are 0. */
static void divide(uint64_t whole, const uint64_t *weights, uint64_t *parts)
{
    uint64_t total = 0, seen = 0, given = 0;

    for (int i = 0; i < NR_RATE_PARTS; i++) {
        total += weights[i];
    }
    for (int i = 0; i < NR_RATE_PARTS; i++) {
        seen += weights[i];
        uint64_t upto = total > 0 ? mul_div_u64(whole, seen, total) : whole;

        parts[i] = upto - given;
        given = upto;
    }
}

static struct mclass *class_of(struct metrics *m, int32_t id)
{
    if (id >= m->nr_classes) {
        int32_t from = m->nr_classes;

        m->nr_classes = MAX(id + 1, MAX(16, 2 * from));
        m->classes = g_renew(struct mclass, m->classes, (gsize)m->nr_classes);
        for (int32_t i = from; i < m->nr_classes; i++) {
            m->classes[i] = (struct mclass){.shares = {[RATE_FULL] = SHARE_ONE}};
        }
    }
    return &m->classes[id];
}

/* Sums wrap around: their differences count. */
static void class_advance(struct mclass *c, int64_t now_ns)
{
    for (int i = 0; i < NR_RATE_PARTS; i++) {
        c->sums[i] += (uint64_t)(now_ns - c->since_ns) * c->shares[i];
    }
    c->since_ns = now_ns;
}

void rates_release(struct metrics *m)
{
    g_free(m->classes);
}

/* ------------------------------------------------------------------------------------------- */
/* Stretches                                                                                    */

/* A stretch of @cpu's task begins, with @overhead_ns of its time on the CPU spent already. */
static void begin(struct metrics *m, struct mcpu *cpu, int64_t now_ns, int64_t overhead_ns)
{
    const struct mtask *t = cpu->curr >= 0 ? &m->tasks[cpu->curr] : NULL;

    cpu->rate_since_ns = now_ns;
    cpu->rate_overhead_ns = overhead_ns;
    if (t != NULL && t->rate_class >= 0) {
        struct mclass *c = class_of(m, t->rate_class);

        class_advance(c, now_ns);
        memcpy(cpu->rate_sums, c->sums, sizeof(cpu->rate_sums));
    }
}

/* The task of @cpu was busy for @busy_ns of the stretch that ends. */
static void end(struct metrics *m, struct mcpu *cpu, int64_t now_ns, int64_t busy_ns)
{
    const struct mtask *t = &m->tasks[cpu->curr];
    int64_t *into = m->groups[t->group].counts.rate_ns;
    uint64_t weights[NR_RATE_PARTS] = {0}, parts[NR_RATE_PARTS];

    cpu->rate_busy_ns += busy_ns;
    if (t->rate_class < 0 && t->smt_pace == 0) {
        into[RATE_FULL] += busy_ns;
        return;
    }
    if (t->rate_class >= 0) {
        struct mclass *c = class_of(m, t->rate_class);

        class_advance(c, now_ns);
        for (int i = 0; i < NR_RATE_PARTS; i++) {
            weights[i] = c->sums[i] - cpu->rate_sums[i];
        }
    } else {
        weights[RATE_FULL] = t->full_pace;
        weights[RATE_SMT] = t->smt_pace;
    }
    divide((uint64_t)busy_ns, weights, parts);
    for (int i = 0; i < NR_RATE_PARTS; i++) {
        into[i] += (int64_t)parts[i];
    }
}

/* The stretch of @cpu's task ends, having had @overhead_ns since the task came to it. */
static void end_after(struct metrics *m, struct mcpu *cpu, int64_t now_ns, int64_t overhead_ns)
{
    int64_t wall_ns = now_ns - cpu->rate_since_ns;

    end(m, cpu, now_ns, CLAMP(wall_ns - (overhead_ns - cpu->rate_overhead_ns), 0, wall_ns));
}

/* ------------------------------------------------------------------------------------------- */
/* Events                                                                                       */

void rates_switch(struct metrics *m, const struct tp_event *e)
{
    struct mcpu *cpu = &m->cpus[e->cpu];

    if (cpu->curr >= 0) {
        end_after(m, cpu, e->time_ns, e->b);
        /* It joins a class anew when it runs again. */
        m->tasks[cpu->curr].rate_class = -1;
    }
}

void rates_switched(struct metrics *m, const struct tp_event *e)
{
    begin(m, &m->cpus[e->cpu], e->time_ns, 0);
}

void rates_task(struct metrics *m, const struct tp_event *e)
{
    struct mtask *t = metrics_task(m, e->task);
    struct mcpu *cpu = &m->cpus[e->cpu];
    bool runs = cpu->curr == e->task;

    if (runs) {
        end_after(m, cpu, e->time_ns, e->c);
    }
    t->rate_class = e->other;
    if (e->other < 0) {
        t->full_pace = (uint64_t)e->a;
        t->smt_pace = (uint64_t)e->b;
    }
    if (runs) {
        begin(m, cpu, e->time_ns, e->c);
    }
}

void rates_class_cpu(struct metrics *m, const struct tp_event *e)
{
    struct mclass *c = class_of(m, (int32_t)e->other);

    class_advance(c, e->time_ns);
    c->paces[RATE_FULL] = (uint64_t)e->a;
    c->paces[RATE_SMT] = (uint64_t)e->b;
    c->paces[RATE_COLD] = (uint64_t)e->c;
}

void rates_class_memory(struct metrics *m, const struct tp_event *e)
{
    struct mclass *c = class_of(m, (int32_t)e->other);

    c->paces[RATE_REMOTE] = (uint64_t)e->a;
    c->paces[RATE_BANDWIDTH] = (uint64_t)e->b;
    c->paces[RATE_TLB] = (uint64_t)e->c;
    divide(SHARE_ONE, c->paces, c->shares);
}

/* ------------------------------------------------------------------------------------------- */
/* Reporting                                                                                    */

void rates_cut(struct metrics *m, int64_t now_ns, const struct cpu_times *times)
{
    for (int32_t i = 0; i < m->nr_cpus; i++) {
        struct mcpu *cpu = &m->cpus[i];

        if (cpu->curr >= 0) {
            int64_t wall_ns = now_ns - cpu->rate_since_ns;
            int64_t busy_ns = CLAMP(times[i].busy_ns - cpu->rate_busy_ns, 0, wall_ns);

            end(m, cpu, now_ns, busy_ns);
            begin(m, cpu, now_ns, cpu->rate_overhead_ns + wall_ns - busy_ns);
        }
    }
}

void rates_merge(int64_t *into, const int64_t *rate_ns)
{
    for (int i = 0; i < NR_RATE_PARTS; i++) {
        into[i] += rate_ns[i];
    }
}

void rates_report(struct result *r, const char *prefix, const int64_t *rate_ns, bool zeroes)
{
    for (int i = 0; i < NR_RATE_PARTS; i++) {
        if (zeroes || rate_ns[i] > 0) {
            g_autofree char *name = g_strconcat(prefix, part_names[i], NULL);

            result_add(r, name, RESULT_NS, rate_ns[i]);
        }
    }
}
