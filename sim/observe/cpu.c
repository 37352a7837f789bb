/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU times, ticks, waste, and migrations by domain level and reason. */
#include <string.h>

#include "base/bitmap.h"
#include "observe/metrics-private.h"

static const char *const reason_names[NR_MIGRATE_REASONS] = {
    [MIGRATE_WAKEUP] = "wakeup",   [MIGRATE_FORK] = "fork",     [MIGRATE_EXEC] = "exec",
    [MIGRATE_BALANCE] = "balance", [MIGRATE_ACTIVE] = "active", [MIGRATE_AFFINITY] = "affinity",
    [MIGRATE_HOTPLUG] = "hotplug",
};

/* The order of the kernel's topology levels, those of 6.1 and later names. */
static const char *const level_order[] = {"SMT", "CLS", "MC", "DIE", "PKG", "NODE", "NUMA"};

static bool machine_has_level(const struct sched_domains *sds, const char *name)
{
    for (int32_t cpu = 0; cpu < sds->nr_cpus; cpu++) {
        for (uint32_t d = 0; d < sds->nr_domains[cpu]; d++) {
            if (strcmp(sds->domains[cpu][d].name, name) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void levels_init(struct metrics *m)
{
    const struct sched_domains *sds = m->config.sds;

    m->level_names = g_new0(char *, G_N_ELEMENTS(level_order) + 2);
    for (size_t i = 0; i < G_N_ELEMENTS(level_order); i++) {
        if (machine_has_level(sds, level_order[i])) {
            m->level_names[m->nr_levels++] = g_strdup(level_order[i]);
        }
    }
    m->level_names[m->nr_levels++] = g_strdup("none");
    m->level_of = g_new0(uint8_t *, (gsize)m->nr_cpus);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        uint32_t nr = sds->nr_domains[cpu];

        m->level_of[cpu] = g_new0(uint8_t, nr);
        for (uint32_t d = 0; d < nr; d++) {
            uint8_t level = 0;

            while (level < m->nr_levels - 1 &&
                   strcmp(m->level_names[level], sds->domains[cpu][d].name) != 0) {
                level++;
            }
            m->level_of[cpu][d] = level;
        }
    }
    m->migrations = g_new0(uint64_t, (gsize)m->nr_levels);
}

void cpu_init(struct metrics *m)
{
    const struct machine *machine = m->config.machine;

    m->cpus = g_new0(struct mcpu, (gsize)m->nr_cpus);
    m->base_times = g_new0(struct cpu_times, (gsize)m->nr_cpus);
    m->waste = waste_new(m->nr_cpus);
    m->rate_clock = rate_clock_new(m->nr_cpus, rates_spent, m);
    m->throttled = throttled_new(m->nr_cpus, m->config.cgroups, m->config.data);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        bool offline = machine->offline != NULL && bitmap_test(machine->offline, (uint32_t)cpu);

        m->cpus[cpu] = (struct mcpu){.curr = -1, .first_waiting = -1, .online = !offline};
        if (!offline) {
            waste_cpu_idle(m->waste, cpu);
        }
    }
    levels_init(m);
}

void cpu_release(struct metrics *m)
{
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        g_free(m->level_of[cpu]);
    }
    g_free(m->level_of);
    g_free(m->migrations);
    g_strfreev(m->level_names);
    waste_free(m->waste);
    g_free(m->cpus);
    g_free(m->base_times);
}

static int32_t migration_level(const struct metrics *m, int32_t from, int32_t to)
{
    const struct sched_domains *sds = m->config.sds;

    for (uint32_t d = 0; d < sds->nr_domains[from]; d++) {
        if (bitmap_test(sds->domains[from][d].span, (uint32_t)to)) {
            return m->level_of[from][d];
        }
    }
    return m->nr_levels - 1;
}

static enum nearness nearness(const struct machine *machine, int32_t from, int32_t to)
{
    const struct machine_cpu *a = &machine->cpus[from], *b = &machine->cpus[to];

    return from == to           ? NEAR_CPU
           : a->core == b->core ? NEAR_CORE
           : a->llc == b->llc   ? NEAR_LLC
           : a->node == b->node ? NEAR_NODE
                                : NEAR_REMOTE;
}

void cpu_waking(struct metrics *m, const struct tp_event *e)
{
    struct mtask *t = metrics_task(m, e->task);

    if (e->other >= 0) {
        m->groups[t->group].counts.woken[nearness(m->config.machine, e->cpu, (int32_t)e->b)]++;
    }
}

void cpu_wakeup_new(struct metrics *m, const struct tp_event *e)
{
    m->cpus[e->cpu].forked += e->other >= 0 ? 1 : 0;
}

void cpu_migrate(struct metrics *m, const struct tp_event *e)
{
    struct mtask *t = metrics_task(m, e->task);

    m->migrations[migration_level(m, e->cpu, e->other)]++;
    if (e->a >= 0 && e->a < NR_MIGRATE_REASONS) {
        m->reasons[e->a]++;
    }
    m->groups[t->group].counts.migrations++;
    if (t->state == MTASK_WAITING) {
        waste_advance(m->waste, e->time_ns);
        wait_end(m, t);
        wait_begin(m, t, e->other);
    }
}

void cpu_hotplug(struct metrics *m, const struct tp_event *e)
{
    struct mcpu *cpu = &m->cpus[e->cpu];

    waste_advance(m->waste, e->time_ns);
    cpu->online = e->a != 0;
    if (!cpu->online) {
        waste_cpu_busy(m->waste, e->cpu);
    } else if (cpu->curr < 0) {
        waste_cpu_idle(m->waste, e->cpu);
    }
}

void cpu_reset(struct metrics *m, const struct cpu_times *times)
{
    memcpy(m->base_times, times, sizeof(*times) * (size_t)m->nr_cpus);
    memset(m->migrations, 0, sizeof(*m->migrations) * (size_t)m->nr_levels);
    memset(m->reasons, 0, sizeof(m->reasons));
    m->base_wasted_ns = waste_total_ns(m->waste);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        m->cpus[cpu].since_ns = m->reset_ns;
        m->cpus[cpu].forked = 0;
    }
}

static void report_ticks(const struct metrics *m, const struct cpu_times *times, int64_t window_ns,
                         struct result *r)
{
    uint64_t least = UINT64_MAX, most = 0, sum = 0;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        uint64_t ticks = times[cpu].ticks - m->base_times[cpu].ticks;

        least = MIN(least, ticks);
        most = MAX(most, ticks);
        sum += ticks;
    }
    report_count(r, "ticks.total", sum);
    if (window_ns > 0) {
        result_add(r, "ticks.least_per_s", RESULT_PER_S, per_s_milli(least, window_ns));
        result_add(r, "ticks.most_per_s", RESULT_PER_S, per_s_milli(most, window_ns));
    }
}

static void report_forked(const struct metrics *m, struct result *r)
{
    uint64_t cpus = 0, most = 0;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        cpus += m->cpus[cpu].forked > 0 ? 1 : 0;
        most = MAX(most, m->cpus[cpu].forked);
    }
    report_count(r, "forked.cpus", cpus);
    report_count(r, "forked.most", most);
}

static void report_times(const struct metrics *m, const struct cpu_times *times, struct result *r)
{
    struct cpu_times sum = {0};
    char **rows = g_new0(char *, (gsize)m->nr_cpus + 1);
    char **columns = g_strsplit("busy idle overhead", " ", -1);

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        rows[cpu] = g_strdup_printf("%d", m->config.machine->cpus[cpu].os_id);
    }
    struct result_matrix *matrix = result_add_matrix(r, "cpu_times", RESULT_NS, rows, columns);

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        int64_t *row = &matrix->values[(gsize)cpu * 3];

        row[0] = times[cpu].busy_ns - m->base_times[cpu].busy_ns;
        row[1] = times[cpu].idle_ns - m->base_times[cpu].idle_ns;
        row[2] = times[cpu].overhead_ns - m->base_times[cpu].overhead_ns;
        sum.busy_ns += row[0];
        sum.idle_ns += row[1];
        sum.overhead_ns += row[2];
    }
    int64_t wasted_ns = waste_total_ns(m->waste) - m->base_wasted_ns;
    int64_t total_ns = sum.busy_ns + sum.idle_ns + sum.overhead_ns;

    result_add(r, "cpu.busy_ns", RESULT_NS, sum.busy_ns);
    result_add(r, "cpu.idle_ns", RESULT_NS, sum.idle_ns);
    result_add(r, "cpu.overhead_ns", RESULT_NS, sum.overhead_ns);
    result_add(r, "cpu.wasted_ns", RESULT_NS, wasted_ns);
    result_add_ratio(r, "cpu.utilisation", sum.busy_ns, total_ns);
    result_add_ratio(r, "cpu.overhead_ratio", sum.overhead_ns, total_ns);
    result_add_ratio(r, "cpu.wasted_ratio", wasted_ns, total_ns);
}

void cpu_report(struct metrics *m, const struct cpu_times *times, int64_t now_ns, struct result *r)
{
    int64_t window_ns = now_ns - m->reset_ns;
    uint64_t total = 0;

    report_times(m, times, r);
    report_ticks(m, times, window_ns, r);
    report_forked(m, r);
    for (int32_t level = 0; level < m->nr_levels; level++) {
        g_autofree char *name = g_strconcat("migrations.", m->level_names[level], NULL);

        total += m->migrations[level];
        report_count(r, name, m->migrations[level]);
    }
    report_count(r, "migrations.total", total);
    if (window_ns > 0) {
        result_add(r, "migrations.per_s", RESULT_PER_S, per_s_milli(total, window_ns));
    }
    for (int reason = 0; reason < NR_MIGRATE_REASONS; reason++) {
        g_autofree char *name = g_strconcat("migrations.reason.", reason_names[reason], NULL);

        report_count(r, name, m->reasons[reason]);
    }
}
