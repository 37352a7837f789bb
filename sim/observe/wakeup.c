/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Switches and wakeups: latencies and run delay, and what each command and process did. */
#include <string.h>

#include "observe/metrics-private.h"

static const char *const latency_names[NR_LATENCIES] = {
    [LATENCY_WAKEUP] = "wakeup_latency_ns",
    [LATENCY_WAKING] = "waking_latency_ns",
    [LATENCY_RUN_DELAY] = "run_delay_ns",
};

static void leave(struct metrics *m, struct mtask *t, int32_t cpu, const struct tp_event *e)
{
    struct mcounts *counts = &m->groups[t->group].counts;

    counts->run_ns += e->time_ns - m->cpus[cpu].since_ns;
    t->state = MTASK_OFF;
    t->since_ns = e->time_ns;
    switch ((enum task_leave)e->a) {
    case LEAVE_PREEMPTED:
        counts->preempted++;
        wait_begin(m, t, cpu);
        break;
    case LEAVE_YIELDED:
        counts->yielded++;
        wait_begin(m, t, cpu);
        break;
    case LEAVE_BLOCKED:
        counts->blocked++;
        t->since_ns = -1;
        break;
    case LEAVE_EXITED:
        counts->exited++;
        t->since_ns = -1;
        break;
    case LEAVE_THROTTLED:
        counts->throttled++;
        wait_begin(m, t, cpu);
        break;
    case LEAVE_IDLE:
        break;
    }
}

static void enter(struct metrics *m, struct mtask *t, int64_t now_ns)
{
    struct mcounts *counts = &m->groups[t->group].counts;

    if (t->state == MTASK_WAITING) {
        wait_end(m, t);
    }
    t->state = MTASK_RUNNING;
    counts->switch_in++;
    if (t->since_ns >= 0) {
        hist_add(&counts->latency[LATENCY_RUN_DELAY], now_ns - t->since_ns);
        t->since_ns = -1;
    }
    if (t->wakeup_ns >= 0) {
        hist_add(&counts->latency[LATENCY_WAKEUP], now_ns - t->wakeup_ns);
        t->wakeup_ns = -1;
    }
    if (t->waking_ns >= 0) {
        hist_add(&counts->latency[LATENCY_WAKING], now_ns - t->waking_ns);
        t->waking_ns = -1;
    }
}

void wakeup_switch(struct metrics *m, const struct tp_event *e)
{
    struct mcpu *cpu = &m->cpus[e->cpu];

    m->switches++;
    waste_advance(m->waste, e->time_ns);
    if (e->other >= 0) {
        leave(m, metrics_task(m, e->other), e->cpu, e);
    }
    if (e->task >= 0) {
        enter(m, metrics_task(m, e->task), e->time_ns);
        waste_cpu_busy(m->waste, e->cpu);
    } else if (cpu->online) {
        waste_cpu_idle(m->waste, e->cpu);
    }
    cpu->curr = e->task;
    cpu->since_ns = e->time_ns;
}

void wakeup_waking(struct metrics *m, const struct tp_event *e)
{
    struct mtask *t = metrics_task(m, e->task);

    if (t->state == MTASK_OFF) {
        t->waking_ns = e->time_ns;
    }
}

void wakeup_wakeup(struct metrics *m, const struct tp_event *e)
{
    struct mtask *t = metrics_task(m, e->task);

    m->groups[t->group].counts.wakeups++;
    if (t->state != MTASK_OFF) {
        return;
    }
    waste_advance(m->waste, e->time_ns);
    t->since_ns = t->wakeup_ns = e->time_ns;
    wait_begin(m, t, e->cpu);
}

void wakeup_exit(struct metrics *m, const struct tp_event *e)
{
    struct mtask *t = metrics_task(m, e->task);

    /* One that runs leaves by a switch; one that was killed waiting does not. */
    if (t->state == MTASK_WAITING) {
        waste_advance(m->waste, e->time_ns);
        wait_end(m, t);
        t->state = MTASK_OFF;
        t->since_ns = t->wakeup_ns = t->waking_ns = -1;
    }
}

void wakeup_reset(struct metrics *m)
{
    m->switches = m->forks = 0;
    for (int32_t i = 0; i < m->nr_groups; i++) {
        counts_release(&m->groups[i].counts);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Reporting                                                                                    */

static void counts_merge(struct mcounts *into, const struct mcounts *c)
{
    into->run_ns += c->run_ns;
    into->switch_in += c->switch_in;
    into->preempted += c->preempted;
    into->yielded += c->yielded;
    into->throttled += c->throttled;
    into->blocked += c->blocked;
    into->exited += c->exited;
    into->wakeups += c->wakeups;
    into->migrations += c->migrations;
    into->accesses += c->accesses;
    into->local_accesses += c->local_accesses;
    into->latency_sum_ns += c->latency_sum_ns;
    for (int i = 0; i < NR_LATENCIES; i++) {
        hist_merge(&into->latency[i], &c->latency[i]);
    }
}

static void report_memory(struct result *r, const char *prefix, const struct mcounts *c)
{
    if (c->accesses == 0) {
        return;
    }
    g_autofree char *accesses = g_strconcat(prefix, "memory.accesses", NULL);
    g_autofree char *ratio = g_strconcat(prefix, "memory.local_access_ratio", NULL);
    g_autofree char *latency = g_strconcat(prefix, "memory.latency_ns.mean", NULL);

    report_count(r, accesses, c->accesses);
    result_add_ratio(r, ratio, (int64_t)c->local_accesses, (int64_t)c->accesses);
    result_add(r, latency, RESULT_NS, (int64_t)(c->latency_sum_ns / c->accesses));
}

/* What one command or process did, under "comm.NAME." or "process.NAME.". */
static void report_counts(struct result *r, const char *prefix, uint64_t tasks,
                          const struct mcounts *c)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"tasks", tasks},
        {"switch_in", c->switch_in},
        {"preempted", c->preempted},
        {"yielded", c->yielded},
        {"blocked", c->blocked},
        {"wakeups", c->wakeups},
        {"migrations", c->migrations},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = g_strconcat(prefix, rows[i].name, NULL);

        report_count(r, name, rows[i].value);
    }
    g_autofree char *run = g_strconcat(prefix, "run_ns", NULL);

    result_add(r, run, RESULT_NS, c->run_ns);
    for (int i = 0; i < NR_LATENCIES; i++) {
        g_autofree char *name = g_strconcat(prefix, latency_names[i], NULL);

        report_latency(r, name, &c->latency[i]);
    }
    report_memory(r, prefix, c);
}

static const char *group_key(const struct mgroup *g, bool by_comm)
{
    return by_comm ? g->comm : g->process;
}

/* Sums the groups of equal command (or process) names, in the order in which they were first seen. */
static void report_by(struct metrics *m, struct result *r, bool by_comm)
{
    g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);

    for (int32_t i = 0; i < m->nr_groups; i++) {
        const char *key = group_key(&m->groups[i], by_comm);

        if (!g_hash_table_add(done, (gpointer)key)) {
            continue;
        }
        struct mcounts sum = {0};
        uint64_t tasks = 0;

        for (int32_t j = i; j < m->nr_groups; j++) {
            if (strcmp(group_key(&m->groups[j], by_comm), key) == 0) {
                counts_merge(&sum, &m->groups[j].counts);
                tasks += m->groups[j].tasks;
            }
        }
        g_autofree char *prefix = g_strdup_printf("%s.%s.", by_comm ? "comm" : "process", key);

        report_counts(r, prefix, tasks, &sum);
        g_autofree char *histogram = g_strconcat(prefix, "wakeup_latency_ns", NULL);

        if (by_comm) {
            report_histogram(r, histogram, &sum.latency[LATENCY_WAKEUP]);
        }
        counts_release(&sum);
    }
}

void wakeup_report(struct metrics *m, struct result *r)
{
    struct mcounts sum = {0};

    for (int32_t i = 0; i < m->nr_groups; i++) {
        counts_merge(&sum, &m->groups[i].counts);
    }
    report_count(r, "context_switches", m->switches);
    report_count(r, "preemptions", sum.preempted);
    report_count(r, "yields", sum.yielded);
    report_count(r, "throttlings", sum.throttled);
    report_count(r, "wakeups", sum.wakeups);
    report_count(r, "forks", m->forks);
    report_count(r, "exits", sum.exited);
    for (int i = 0; i < NR_LATENCIES; i++) {
        report_latency(r, latency_names[i], &sum.latency[i]);
        report_histogram(r, latency_names[i], &sum.latency[i]);
    }
    report_memory(r, "", &sum);
    counts_release(&sum);
    report_by(m, r, true);
    report_by(m, r, false);
}
