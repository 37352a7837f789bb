/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Switches and wakeups: latencies, run delay, timeslices, and what each command and process did. */
#include <string.h>

#include "observe/metrics-private.h"

static const char *const latency_names[NR_LATENCIES] = {
    [LATENCY_WAKEUP] = "wakeup_latency_ns", [LATENCY_WAKING] = "waking_latency_ns",
    [LATENCY_RUN_DELAY] = "run_delay_ns",   [LATENCY_RESPONSE] = "response_ns",
    [LATENCY_TIMESLICE] = "timeslice_ns",
};

static const char *const nearness_names[NR_NEARNESSES] = {
    [NEAR_CPU] = "woken.cpu",   [NEAR_CORE] = "woken.core",     [NEAR_LLC] = "woken.llc",
    [NEAR_NODE] = "woken.node", [NEAR_REMOTE] = "woken.remote",
};

static void leave(struct metrics *m, struct mtask *t, int32_t cpu, const struct tp_event *e)
{
    struct mcounts *counts = &m->groups[t->group].counts;

    counts->run_ns += e->time_ns - m->cpus[cpu].since_ns;
    t->run_ns += e->time_ns - m->cpus[cpu].since_ns;
    hist_add(&counts->latency[LATENCY_TIMESLICE], e->time_ns - t->on_ns);
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
        balanced_ran(m, t, -1, e->time_ns);
        if (t->woken_ns >= 0) {
            hist_add(&counts->latency[LATENCY_RESPONSE], e->time_ns - t->woken_ns);
        }
        t->since_ns = t->woken_ns = -1;
        break;
    case LEAVE_EXITED:
        counts->exited++;
        balanced_ran(m, t, -1, e->time_ns);
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
    t->on_ns = now_ns;
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
        struct mtask *next = metrics_task(m, e->task);

        enter(m, next, e->time_ns);
        balanced_ran(m, next, e->cpu, e->time_ns);
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
        t->waking_ns = t->woken_ns = e->time_ns;
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
        balanced_ran(m, t, -1, e->time_ns);
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
    for (int32_t i = 0; i < m->tasks_size; i++) {
        m->tasks[i].run_ns = 0;
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Reporting                                                                                    */

static void counts_merge(struct mcounts *into, const struct mcounts *c)
{
    into->run_ns += c->run_ns;
    rates_merge(into->rate_ns, c->rate_ns);
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
    for (int i = 0; i < NR_NEARNESSES; i++) {
        into->woken[i] += c->woken[i];
    }
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

/* Where they were put, of all times that another task woke them. */
static void report_woken(struct result *r, const char *prefix, const struct mcounts *c)
{
    uint64_t sum = 0;

    for (int i = 0; i < NR_NEARNESSES; i++) {
        sum += c->woken[i];
    }
    for (int i = 0; i < NR_NEARNESSES; i++) {
        g_autofree char *name = g_strconcat(prefix, nearness_names[i], NULL);

        result_add_ratio(r, name, (int64_t)c->woken[i], (int64_t)sum);
    }
}

/* What the CPU time of a command or process is of all, and of the time that went by. */
static void report_shares(struct result *r, const char *prefix, const struct mgroup *g,
                          int64_t total_ns, int64_t window_ns)
{
    g_autofree char *share = g_strconcat(prefix, "run_share", NULL);
    g_autofree char *least = g_strconcat(prefix, "task_run_share.min", NULL);
    g_autofree char *most = g_strconcat(prefix, "task_run_share.max", NULL);

    result_add_ratio(r, share, g->counts.run_ns, total_ns);
    result_add_ratio(r, least, g->least_run_ns, window_ns);
    result_add_ratio(r, most, g->most_run_ns, window_ns);
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
    report_woken(r, prefix, c);
    rates_report(r, prefix, c->rate_ns, false);
    report_memory(r, prefix, c);
}

/* Of each group the CPU time of that of its tasks that had least, and most. */
static void find_extremes(struct metrics *m)
{
    for (int32_t i = 0; i < m->nr_groups; i++) {
        m->groups[i].least_run_ns = INT64_MAX;
        m->groups[i].most_run_ns = 0;
    }
    for (int32_t i = 0; i < m->tasks_size; i++) {
        const struct mtask *t = &m->tasks[i];

        if (t->group >= 0) {
            struct mgroup *g = &m->groups[t->group];

            g->least_run_ns = MIN(g->least_run_ns, t->run_ns);
            g->most_run_ns = MAX(g->most_run_ns, t->run_ns);
        }
    }
}

static const char *group_key(const struct mgroup *g, bool by_comm)
{
    return by_comm ? g->comm : g->process;
}

/* Sums the groups of equal command (or process) names, in the order in which they were first seen. */
static void report_by(struct metrics *m, struct result *r, bool by_comm, int64_t total_ns,
                      int64_t window_ns)
{
    g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);

    for (int32_t i = 0; i < m->nr_groups; i++) {
        const char *key = group_key(&m->groups[i], by_comm);

        if (!g_hash_table_add(done, (gpointer)key)) {
            continue;
        }
        struct mgroup all = {.least_run_ns = INT64_MAX};

        for (int32_t j = i; j < m->nr_groups; j++) {
            const struct mgroup *g = &m->groups[j];

            if (strcmp(group_key(g, by_comm), key) == 0) {
                counts_merge(&all.counts, &g->counts);
                all.tasks += g->tasks;
                all.least_run_ns = MIN(all.least_run_ns, g->least_run_ns);
                all.most_run_ns = MAX(all.most_run_ns, g->most_run_ns);
            }
        }
        g_autofree char *prefix = g_strdup_printf("%s.%s.", by_comm ? "comm" : "process", key);

        report_counts(r, prefix, all.tasks, &all.counts);
        report_shares(r, prefix, &all, total_ns, window_ns);
        g_autofree char *histogram = g_strconcat(prefix, "wakeup_latency_ns", NULL);

        if (by_comm) {
            report_histogram(r, histogram, &all.counts.latency[LATENCY_WAKEUP]);
        }
        counts_release(&all.counts);
    }
}

void wakeup_report(struct metrics *m, int64_t now_ns, struct result *r)
{
    int64_t window_ns = now_ns - m->reset_ns, total_ns;
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
    report_woken(r, "", &sum);
    rates_report(r, "", sum.rate_ns, true);
    report_memory(r, "", &sum);
    total_ns = sum.run_ns;
    counts_release(&sum);
    find_extremes(m);
    report_by(m, r, true, total_ns, window_ns);
    report_by(m, r, false, total_ns, window_ns);
}
