/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/rate-clock.h"

#include <glib.h>
#include <string.h>

#include "base/fixed.h"

/* The whole, in which the parts of a pace are kept. */
#define SHARE_ONE (UINT64_C(1) << 20)

/* A rate class as its events show it. */
struct class_state {
    int64_t since_ns;
    uint64_t paces[NR_RATE_PARTS];
    uint64_t shares[NR_RATE_PARTS]; /* of the pace */
    uint64_t sums[NR_RATE_PARTS];   /* of ns x share, up to since_ns */
};

struct task_state {
    int32_t class_; /* while it runs: whose pace it has; -1: its own */
    uint64_t full_pace, smt_pace;
};

/* curr is as it is since since_ns; what of its time on the CPU was overhead by then; the sums of its
 * class then; and how much busy time was divided so far. */
struct cpu_state {
    int32_t curr; /* -1: none */
    int64_t since_ns, overhead_ns;
    uint64_t sums[NR_RATE_PARTS];
    int64_t busy_ns;
};

struct rate_clock {
    void (*spent)(const struct rate_stretch *s, void *data);
    void *data;
    int32_t nr_cpus, nr_classes, nr_tasks;
    struct cpu_state *cpus;      /* [nr_cpus] */
    struct class_state *classes; /* [nr_classes] by id */
    struct task_state *tasks;    /* [nr_tasks] by id */
};

struct rate_clock *
rate_clock_new(int32_t nr_cpus, void (*spent)(const struct rate_stretch *s, void *data), void *data)
{
    struct rate_clock *c = g_new0(struct rate_clock, 1);

    *c = (struct rate_clock){.spent = spent, .data = data, .nr_cpus = nr_cpus};
    c->cpus = g_new0(struct cpu_state, (gsize)nr_cpus);
    for (int32_t i = 0; i < nr_cpus; i++) {
        c->cpus[i].curr = -1;
    }
    return c;
}

void rate_clock_free(struct rate_clock *c)
{
    if (c != NULL) {
        g_free(c->cpus);
        g_free(c->classes);
        g_free(c->tasks);
        g_free(c);
    }
}

uint64_t rate_clock_mask(void)
{
    return UINT64_C(1) << TP_SCHED_SWITCH | UINT64_C(1) << TP_SCHED_RATE |
           UINT64_C(1) << TP_RATE_CPU | UINT64_C(1) << TP_RATE_MEMORY;
}

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

static struct class_state *class_of(struct rate_clock *c, int32_t id)
{
    if (id >= c->nr_classes) {
        int32_t from = c->nr_classes;

        c->nr_classes = MAX(id + 1, MAX(16, 2 * from));
        c->classes = g_renew(struct class_state, c->classes, (gsize)c->nr_classes);
        for (int32_t i = from; i < c->nr_classes; i++) {
            c->classes[i] = (struct class_state){.shares = {[RATE_FULL] = SHARE_ONE}};
        }
    }
    return &c->classes[id];
}

static struct task_state *task_of(struct rate_clock *c, int32_t id)
{
    if (id >= c->nr_tasks) {
        int32_t from = c->nr_tasks;

        c->nr_tasks = MAX(id + 1, MAX(64, 2 * from));
        c->tasks = g_renew(struct task_state, c->tasks, (gsize)c->nr_tasks);
        for (int32_t i = from; i < c->nr_tasks; i++) {
            c->tasks[i] = (struct task_state){.class_ = -1};
        }
    }
    return &c->tasks[id];
}

/* Sums wrap around: their differences count. */
static void class_advance(struct class_state *s, int64_t now_ns)
{
    for (int i = 0; i < NR_RATE_PARTS; i++) {
        s->sums[i] += (uint64_t)(now_ns - s->since_ns) * s->shares[i];
    }
    s->since_ns = now_ns;
}

/* ------------------------------------------------------------------------------------------- */
/* Stretches                                                                                    */

/* A stretch of @cpu's task begins, with @overhead_ns of its time on the CPU spent already. */
static void begin(struct rate_clock *c, struct cpu_state *cpu, int64_t now_ns, int64_t overhead_ns)
{
    cpu->since_ns = now_ns;
    cpu->overhead_ns = overhead_ns;
    if (cpu->curr >= 0) {
        int32_t id = task_of(c, cpu->curr)->class_;

        if (id >= 0) {
            struct class_state *s = class_of(c, id);

            class_advance(s, now_ns);
            memcpy(cpu->sums, s->sums, sizeof(cpu->sums));
        }
    }
}

/* The task of @cpu was busy for @busy_ns of the stretch that ends. */
static void end(struct rate_clock *c, struct cpu_state *cpu, int64_t now_ns, int64_t busy_ns)
{
    const struct task_state *t = task_of(c, cpu->curr);
    uint64_t weights[NR_RATE_PARTS] = {0}, parts[NR_RATE_PARTS];
    struct rate_stretch stretch = {.task = cpu->curr,
                                   .cpu = (int32_t)(cpu - c->cpus),
                                   .from_ns = cpu->since_ns,
                                   .to_ns = now_ns,
                                   .overhead_ns = now_ns - cpu->since_ns - busy_ns};

    cpu->busy_ns += busy_ns;
    if (t->class_ >= 0) {
        struct class_state *s = class_of(c, t->class_);

        class_advance(s, now_ns);
        for (int i = 0; i < NR_RATE_PARTS; i++) {
            weights[i] = s->sums[i] - cpu->sums[i];
        }
    } else if (t->smt_pace > 0) {
        weights[RATE_FULL] = t->full_pace;
        weights[RATE_SMT] = t->smt_pace;
    }
    divide((uint64_t)busy_ns, weights, parts);
    for (int i = 0; i < NR_RATE_PARTS; i++) {
        stretch.parts[i] = (int64_t)parts[i];
    }
    c->spent(&stretch, c->data);
}

/* The stretch of @cpu's task ends, having had @overhead_ns since the task came to it. */
static void end_after(struct rate_clock *c, struct cpu_state *cpu, int64_t now_ns,
                      int64_t overhead_ns)
{
    int64_t wall_ns = now_ns - cpu->since_ns;

    end(c, cpu, now_ns, CLAMP(wall_ns - (overhead_ns - cpu->overhead_ns), 0, wall_ns));
}

/* ------------------------------------------------------------------------------------------- */
/* Events                                                                                       */

static void switched(struct rate_clock *c, const struct tp_event *e)
{
    struct cpu_state *cpu = &c->cpus[e->cpu];

    if (cpu->curr >= 0) {
        end_after(c, cpu, e->time_ns, e->b);
        /* It joins a class anew when it runs again. */
        task_of(c, cpu->curr)->class_ = -1;
    }
    cpu->curr = e->task;
    begin(c, cpu, e->time_ns, 0);
}

static void task_rate(struct rate_clock *c, const struct tp_event *e)
{
    struct task_state *t = task_of(c, e->task);
    struct cpu_state *cpu = &c->cpus[e->cpu];
    bool runs = cpu->curr == e->task;

    if (runs) {
        end_after(c, cpu, e->time_ns, e->c);
    }
    t->class_ = e->other;
    if (e->other < 0) {
        t->full_pace = (uint64_t)e->a;
        t->smt_pace = (uint64_t)e->b;
    }
    if (runs) {
        begin(c, cpu, e->time_ns, e->c);
    }
}

static void class_cpu(struct rate_clock *c, const struct tp_event *e)
{
    struct class_state *s = class_of(c, e->other);

    class_advance(s, e->time_ns);
    s->paces[RATE_FULL] = (uint64_t)e->a;
    s->paces[RATE_SMT] = (uint64_t)e->b;
    s->paces[RATE_COLD] = (uint64_t)e->c;
}

static void class_memory(struct rate_clock *c, const struct tp_event *e)
{
    struct class_state *s = class_of(c, e->other);

    s->paces[RATE_REMOTE] = (uint64_t)e->a;
    s->paces[RATE_BANDWIDTH] = (uint64_t)e->b;
    s->paces[RATE_TLB] = (uint64_t)e->c;
    divide(SHARE_ONE, s->paces, s->shares);
}

void rate_clock_event(struct rate_clock *c, const struct tp_event *e)
{
    switch ((enum tracepoint)e->type) {
    case TP_SCHED_SWITCH:
        switched(c, e);
        break;
    case TP_SCHED_RATE:
        task_rate(c, e);
        break;
    case TP_RATE_CPU:
        class_cpu(c, e);
        break;
    case TP_RATE_MEMORY:
        class_memory(c, e);
        break;
    default:
        break;
    }
}

void rate_clock_cut(struct rate_clock *c, int64_t now_ns, const struct cpu_times *times)
{
    for (int32_t i = 0; i < c->nr_cpus; i++) {
        struct cpu_state *cpu = &c->cpus[i];

        if (cpu->curr >= 0) {
            int64_t wall_ns = now_ns - cpu->since_ns;
            int64_t busy_ns = CLAMP(times[i].busy_ns - cpu->busy_ns, 0, wall_ns);

            end(c, cpu, now_ns, busy_ns);
            begin(c, cpu, now_ns, cpu->overhead_ns + wall_ns - busy_ns);
        }
    }
}
