/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/sched as text (kernel/sched/debug.c: proc_sched_show_task()), as each release prints it
 * with SCHEDSTATS, SMP and NUMA_BALANCING built in, and schedstats on. Without UCLAMP_TASK, SCHED_CORE
 * and SCHED_CLASS_EXT, which would add lines: nothing here has what they would show.
 *
 * Always 0, because nothing here does what they count: block_*, sum_block_runtime and iowait_* (there
 * is no I/O, and so no uninterruptible sleep), clock-delta; and nr_migrations_cold,
 * nr_wakeups_passive and nr_wakeups_idle, which Linux does not count either.
 */
#include "kernel/internal.h"

enum value {
    ZERO,
    EXEC_START,
    VRUNTIME,
    SUM_EXEC,
    NR_MIGRATIONS,
    SUM_SLEEP,
    WAIT_START,
    SLEEP_START,
    SLEEP_MAX,
    EXEC_MAX,
    SLICE_MAX,
    WAIT_MAX,
    WAIT_SUM,
    WAIT_COUNT,
    FAILED_AFFINE,
    FAILED_RUNNING,
    FAILED_HOT,
    FORCED,
    WAKEUPS,
    WAKEUPS_SYNC,
    WAKEUPS_MIGRATE,
    WAKEUPS_LOCAL,
    WAKEUPS_REMOTE,
    WAKEUPS_AFFINE,
    WAKEUPS_AFFINE_ATTEMPTS,
    AVG_ATOM,
    AVG_PER_CPU,
    NR_SWITCHES,
    NR_VOLUNTARY,
    NR_INVOLUNTARY,
    LOAD_WEIGHT,
    LOAD_SUM,
    RUNNABLE_SUM,
    UTIL_SUM,
    LOAD_AVG,
    RUNNABLE_AVG,
    UTIL_AVG,
    LAST_UPDATE,
    UTIL_EST,
    POLICY,
    PRIO,
    SLICE,
    NR_VALUES
};

struct row {
    const char *name;
    enum value value;
    bool ns;        /* printed in ms with six digits behind the point */
    bool statistic; /* a member of struct sched_statistics */
    bool since, until;
    enum kernel_release first, last; /* where since, until */
};

#define NS(name_, value_)                                                                          \
    {                                                                                              \
        .name = name_, .value = value_, .ns = true                                                 \
    }
#define NUMBER(name_, value_)                                                                      \
    {                                                                                              \
        .name = name_, .value = value_                                                             \
    }
#define STATISTIC_NS(name_, value_)                                                                \
    {                                                                                              \
        .name = name_, .value = value_, .ns = true, .statistic = true                              \
    }
#define STATISTIC(name_, value_)                                                                   \
    {                                                                                              \
        .name = name_, .value = value_, .statistic = true                                          \
    }
#define SINCE(release) .since = true, .first = (release)
#define UNTIL(release) .until = true, .last = (release)

static const struct row rows[] = {
    NS("se.exec_start", EXEC_START),
    NS("se.vruntime", VRUNTIME),
    NS("se.sum_exec_runtime", SUM_EXEC),
    {.name = "se.nr_migrations", .value = NR_MIGRATIONS, SINCE(KERNEL_5_3)}, /* 4.7 */
    {.name = "sum_sleep_runtime",
     .value = SUM_SLEEP,
     .ns = true,
     .statistic = true,
     SINCE(KERNEL_5_3)}, /* 4.5 */
    {.name = "sum_block_runtime",
     .value = ZERO,
     .ns = true,
     .statistic = true,
     SINCE(KERNEL_5_17)}, /* 5.16 */
    STATISTIC_NS("wait_start", WAIT_START),
    STATISTIC_NS("sleep_start", SLEEP_START),
    STATISTIC_NS("block_start", ZERO),
    STATISTIC_NS("sleep_max", SLEEP_MAX),
    STATISTIC_NS("block_max", ZERO),
    STATISTIC_NS("exec_max", EXEC_MAX),
    STATISTIC_NS("slice_max", SLICE_MAX),
    STATISTIC_NS("wait_max", WAIT_MAX),
    STATISTIC_NS("wait_sum", WAIT_SUM),
    STATISTIC("wait_count", WAIT_COUNT),
    STATISTIC_NS("iowait_sum", ZERO),
    STATISTIC("iowait_count", ZERO),
    {.name = "se.nr_migrations", .value = NR_MIGRATIONS, UNTIL(KERNEL_4_3)},
    STATISTIC("nr_migrations_cold", ZERO),
    STATISTIC("nr_failed_migrations_affine", FAILED_AFFINE),
    STATISTIC("nr_failed_migrations_running", FAILED_RUNNING),
    STATISTIC("nr_failed_migrations_hot", FAILED_HOT),
    STATISTIC("nr_forced_migrations", FORCED),
    STATISTIC("nr_wakeups", WAKEUPS),
    STATISTIC("nr_wakeups_sync", WAKEUPS_SYNC),
    STATISTIC("nr_wakeups_migrate", WAKEUPS_MIGRATE),
    STATISTIC("nr_wakeups_local", WAKEUPS_LOCAL),
    STATISTIC("nr_wakeups_remote", WAKEUPS_REMOTE),
    STATISTIC("nr_wakeups_affine", WAKEUPS_AFFINE),
    STATISTIC("nr_wakeups_affine_attempts", WAKEUPS_AFFINE_ATTEMPTS),
    STATISTIC("nr_wakeups_passive", ZERO),
    STATISTIC("nr_wakeups_idle", ZERO),
    NS("avg_atom", AVG_ATOM),
    NS("avg_per_cpu", AVG_PER_CPU),
    NUMBER("nr_switches", NR_SWITCHES),
    NUMBER("nr_voluntary_switches", NR_VOLUNTARY),
    NUMBER("nr_involuntary_switches", NR_INVOLUNTARY),
    NUMBER("se.load.weight", LOAD_WEIGHT),
    /* 4.15 to 5.6: what is runnable of a task's own weight is all of it. */
    {.name = "se.runnable_weight", .value = LOAD_WEIGHT, SINCE(KERNEL_5_3), UNTIL(KERNEL_5_3)},
    NUMBER("se.avg.load_sum", LOAD_SUM),
    {.name = "se.avg.runnable_load_sum", .value = LOAD_SUM, SINCE(KERNEL_5_3), UNTIL(KERNEL_5_3)},
    {.name = "se.avg.runnable_sum", .value = RUNNABLE_SUM, SINCE(KERNEL_5_9)}, /* 5.7 */
    NUMBER("se.avg.util_sum", UTIL_SUM),
    NUMBER("se.avg.load_avg", LOAD_AVG),
    {.name = "se.avg.runnable_load_avg", .value = LOAD_AVG, SINCE(KERNEL_5_3), UNTIL(KERNEL_5_3)},
    {.name = "se.avg.runnable_avg", .value = RUNNABLE_AVG, SINCE(KERNEL_5_9)},
    NUMBER("se.avg.util_avg", UTIL_AVG),
    NUMBER("se.avg.last_update_time", LAST_UPDATE),
    /* 4.17 to 6.7: the average and the last of the estimates that are one here. */
    {.name = "se.avg.util_est.ewma", .value = UTIL_EST, SINCE(KERNEL_5_3), UNTIL(KERNEL_6_1)},
    {.name = "se.avg.util_est.enqueued", .value = UTIL_EST, SINCE(KERNEL_5_3), UNTIL(KERNEL_6_1)},
    {.name = "se.avg.util_est", .value = UTIL_EST, SINCE(KERNEL_6_12)},
    NUMBER("policy", POLICY),
    NUMBER("prio", PRIO),
    {.name = "se.slice", .value = SLICE, SINCE(KERNEL_6_12)}, /* 6.14, and in stable 6.12 */
    NUMBER("clock-delta", ZERO),
};

static int64_t ratio(int64_t sum, uint64_t n)
{
    return n > 0 ? sum / (int64_t)n : -1;
}

/* include/uapi/linux/sched.h */
static int64_t policy_number(const struct task *t)
{
    static const int64_t numbers[] = {[NUMASIM_SCHED_OTHER] = 0,
                                      [NUMASIM_SCHED_FIFO] = 1,
                                      [NUMASIM_SCHED_RR] = 2,
                                      [NUMASIM_SCHED_BATCH] = 3,
                                      [NUMASIM_SCHED_IDLE] = 5};

    return numbers[t->pub.policy];
}

static void read_statistics(const struct task *t, int64_t *v)
{
    const struct task_stats *s = t->stats;

    v[SUM_SLEEP] = s->sum_sleep_ns;
    v[WAIT_START] = s->wait_start_ns;
    v[SLEEP_START] = MAX(s->sleep_start_ns, 0);
    v[SLEEP_MAX] = s->sleep_max_ns;
    v[SLICE_MAX] = s->slice_max_ns;
    v[WAIT_MAX] = s->wait_max_ns;
    v[WAIT_SUM] = s->wait_sum_ns;
    v[WAIT_COUNT] = (int64_t)s->wait_count;
}

static void read_counters(const struct task *t, int64_t *v)
{
    const struct task_stats *s = t->stats;
    const uint64_t *by_policy = s->by_policy;

    v[EXEC_MAX] = s->exec_max_ns;
    v[NR_MIGRATIONS] = (int64_t)s->nr_migrations;
    v[FAILED_AFFINE] = (int64_t)by_policy[NUMASIM_TASK_FAILED_MIGRATIONS_AFFINE];
    v[FAILED_RUNNING] = (int64_t)by_policy[NUMASIM_TASK_FAILED_MIGRATIONS_RUNNING];
    v[FAILED_HOT] = (int64_t)by_policy[NUMASIM_TASK_FAILED_MIGRATIONS_HOT];
    v[FORCED] = (int64_t)by_policy[NUMASIM_TASK_FORCED_MIGRATIONS];
    v[WAKEUPS] = (int64_t)s->nr_wakeups;
    v[WAKEUPS_SYNC] = (int64_t)s->nr_wakeups_sync;
    v[WAKEUPS_MIGRATE] = (int64_t)s->nr_wakeups_migrate;
    v[WAKEUPS_LOCAL] = (int64_t)s->nr_wakeups_local;
    v[WAKEUPS_REMOTE] = (int64_t)s->nr_wakeups_remote;
    v[WAKEUPS_AFFINE] = (int64_t)by_policy[NUMASIM_TASK_WAKEUPS_AFFINE];
    v[WAKEUPS_AFFINE_ATTEMPTS] = (int64_t)by_policy[NUMASIM_TASK_WAKEUPS_AFFINE_ATTEMPTS];
    v[NR_VOLUNTARY] = (int64_t)s->nr_voluntary;
    v[NR_INVOLUNTARY] = (int64_t)s->nr_involuntary;
    v[NR_SWITCHES] = v[NR_VOLUNTARY] + v[NR_INVOLUNTARY];
    v[AVG_ATOM] = ratio(t->pub.se.sum_exec_ns, (uint64_t)v[NR_SWITCHES]);
    v[AVG_PER_CPU] = ratio(t->pub.se.sum_exec_ns, s->nr_migrations);
}

static void read_averages(const struct kernel *k, const struct task *t, int64_t *v)
{
    bool scaled = k->sds->release >= KERNEL_5_3; /* scale_load() since 4.7, load_sum since 4.15 */

    v[LOAD_WEIGHT] = (int64_t)t->pub.se.weight * (scaled ? 1024 : 1);
    v[LOAD_SUM] = (int64_t)t->avg.load_sum * (scaled ? 1 : (int64_t)t->pub.se.weight);
    v[RUNNABLE_SUM] = (int64_t)t->avg.runnable_sum;
    v[UTIL_SUM] = (int64_t)t->avg.util_sum;
    v[LOAD_AVG] = (int64_t)t->avg.load_avg;
    v[RUNNABLE_AVG] = (int64_t)t->avg.runnable_avg;
    v[UTIL_AVG] = (int64_t)t->avg.util_avg;
    v[LAST_UPDATE] = MAX(t->avg.last_update_ns, 0);
    v[UTIL_EST] = (int64_t)t->util_est;
}

static void read_task(const struct kernel *k, const struct task *t, int64_t *v)
{
    struct numasim_entity_shown shown = {0};
    bool fair = t->pub.sched_class == NUMASIM_CLASS_FAIR;

    if (fair && k->qops->show != NULL) {
        k->qops->show(k->qself, &t->pub.se, &shown);
    }
    v[EXEC_START] = t->pub.exec_start_ns;
    v[VRUNTIME] = shown.vruntime_ns;
    v[SUM_EXEC] = t->pub.se.sum_exec_ns;
    v[SLICE] = shown.slice_ns;
    v[POLICY] = policy_number(t);
    v[PRIO] = t->pub.prio;
    if (fair || k->sds->release >= KERNEL_5_17) { /* 5.16: of the real-time classes, too */
        read_statistics(t, v);
    }
    read_counters(t, v);
    read_averages(k, t, v);
}

/* SPLIT_NS(): the sign stands before whole milliseconds only, so that "none", -1, is 0.000001. */
static void append_ns(GString *out, const char *name, int64_t ns)
{
    int64_t ms = ns < 0 ? -(-ns / NSEC_PER_MSEC) : ns / NSEC_PER_MSEC;
    int64_t rest = (ns < 0 ? -ns : ns) % NSEC_PER_MSEC;

    g_string_append_printf(out, "%-45s:%14" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT "\n", name, ms,
                           rest);
}

static bool row_shown(const struct row *row, enum kernel_release release, const struct task *t)
{
    bool fair = t->pub.policy == NUMASIM_SCHED_OTHER || t->pub.policy == NUMASIM_SCHED_BATCH;

    return (!row->since || release >= row->first) && (!row->until || release <= row->last) &&
           (row->value != SLICE || fair);
}

static void append_row(GString *out, const struct row *row, enum kernel_release release,
                       int64_t value)
{
    /* 5.16 took the statistics out of struct sched_entity. */
    g_autofree char *name = g_strconcat(
        row->statistic && release < KERNEL_5_17 ? "se.statistics." : "", row->name, NULL);

    if (row->ns) {
        append_ns(out, name, value);
    } else {
        g_string_append_printf(out, "%-45s:%21" G_GINT64_FORMAT "\n", name, value);
    }
}

/* sched_show_numa(): averages of hint faults, as the numa policy keeps them. */
static void append_numa(GString *out, const struct kernel *k, const struct task *t)
{
    static const struct numasim_numa_stats none;
    const struct numasim_numa_stats *numa = t->pub.numa != NULL ? t->pub.numa : &none;

    if (!t->pub.kthread) {
        g_string_append_printf(out, "%-45s:%21d\n", "mm->numa_scan_seq", numa->scan_seq);
    }
    g_string_append_printf(out, "%-45s:%21" G_GUINT64_FORMAT "\n", "numa_pages_migrated",
                           numa->pages_migrated);
    g_string_append_printf(
        out, "%-45s:%21d\n", "numa_preferred_nid",
        t->pub.preferred_node < 0 ? -1 : k->machine->nodes[t->pub.preferred_node].os_id);
    g_string_append_printf(out, "%-45s:%21" G_GUINT64_FORMAT "\n", "total_numa_faults",
                           numa->total_faults);
    g_string_append_printf(out, "current_node=%d, numa_group_id=%d\n",
                           k->machine->nodes[cpu_rq(k, t->pub.cpu)->pub.node].os_id,
                           numa->group_id);
    for (int32_t node = 0; node < k->nr_nodes; node++) {
        bool any = numa->task_private != NULL;

        g_string_append_printf(
            out,
            "numa_faults node=%d task_private=%" G_GUINT64_FORMAT " task_shared=%" G_GUINT64_FORMAT
            " group_private=%" G_GUINT64_FORMAT " group_shared=%" G_GUINT64_FORMAT "\n",
            k->machine->nodes[node].os_id, any ? numa->task_private[node] : 0,
            any ? numa->task_shared[node] : 0, any ? numa->group_private[node] : 0,
            any ? numa->group_shared[node] : 0);
    }
}

static void append_task(GString *out, const struct kernel *k, const struct task *t)
{
    enum kernel_release release = k->sds->release;
    bool dead = t->pub.task_state == NUMASIM_TASK_DEAD;
    int32_t nr_threads = t->pub.process != NULL ? t->pub.process->nr_threads + dead : 1;
    int64_t values[NR_VALUES] = {0};

    read_task(k, t, values);
    g_string_append_printf(out, "%s (%d, #threads: %d)\n", t->comm, t->pub.id, nr_threads);
    for (int i = 0; i < 67; i++) {
        g_string_append_c(out, '-');
    }
    g_string_append_c(out, '\n');
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (row_shown(&rows[i], release, t)) {
            append_row(out, &rows[i], release, values[rows[i].value]);
        }
    }
    append_numa(out, k, t);
}

char *kernel_sched_text(const struct kernel *k)
{
    GString *out = g_string_new(NULL);

    g_assert(k->config.task_stats);
    for (int32_t i = 0; i < k->nr_tasks; i++) {
        if (k->tasks[i]->pub.task_state != NUMASIM_TASK_NEW) {
            append_task(out, k, k->tasks[i]);
        }
    }
    return g_string_free(out, FALSE);
}
