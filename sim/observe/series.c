/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/series.h"

#include <string.h>

#include "base/error.h"
#include "base/fixed.h"
#include "base/time.h"
#include "base/units.h"

struct series {
    const struct machine *machine;
    struct metrics *metrics;
    struct result_series out;
    int32_t rows_size;
    int64_t begin_ns;
    struct metrics_totals before;
    uint64_t *migrations_before;    /* [levels] */
    struct cpu_times *times_before; /* [nr_cpus] */
    int32_t *node_cpus;             /* [nr_nodes] how many CPUs it has */
    struct node_times {
        int64_t busy_ns, all_ns;
    } * node_times; /* [nr_nodes] scratch */
};

bool series_check(int64_t interval_ns, int64_t span_ns, GError **error)
{
    if (span_ns == TIME_NEVER_NS || (span_ns - 1) / interval_ns < SERIES_MAX_POINTS) {
        return true;
    }
    g_autofree char *interval = units_format(interval_ns, UNIT_NS);
    g_autofree char *span = units_format(span_ns, UNIT_NS);
    g_autofree char *smallest = units_format((span_ns - 1) / SERIES_MAX_POINTS + 1, UNIT_NS);

    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "a time series at %s of a run of %s has more than %d points; expected an interval "
                "of at least %s",
                interval, span, SERIES_MAX_POINTS, smallest);
    return false;
}

static void add_column(struct series *s, enum result_unit unit, const char *name)
{
    struct result_series *out = &s->out;

    out->columns = g_renew(struct result_column, out->columns, (gsize)out->nr_columns + 1);
    out->columns[out->nr_columns++] = (struct result_column){g_strdup(name), unit};
}

static void add_node_columns(struct series *s, enum result_unit unit, const char *stem,
                             bool with_cpus)
{
    for (int32_t node = 0; node < s->machine->nr_nodes; node++) {
        if (!with_cpus || s->node_cpus[node] > 0) {
            g_autofree char *name =
                g_strdup_printf("%s.node%d", stem, s->machine->nodes[node].os_id);

            add_column(s, unit, name);
        }
    }
}

static void add_columns(struct series *s)
{
    add_column(s, RESULT_RATIO, "cpu.utilisation");
    add_column(s, RESULT_RATIO, "cpu.overhead_ratio");
    add_column(s, RESULT_NS, "cpu.wasted_ns");
    add_column(s, RESULT_COUNT, "cpu.idle");
    add_column(s, RESULT_COUNT, "queue.waiting");
    add_column(s, RESULT_COUNT, "queue.longest");
    add_column(s, RESULT_COUNT, "context_switches");
    add_column(s, RESULT_COUNT, "wakeups");
    add_column(s, RESULT_COUNT, "requests");
    for (int32_t level = 0; level < metrics_nr_levels(s->metrics); level++) {
        g_autofree char *name =
            g_strconcat("migrations.", metrics_level_name(s->metrics, level), NULL);

        add_column(s, RESULT_COUNT, name);
    }
    add_column(s, RESULT_COUNT, "memory.accesses");
    add_column(s, RESULT_RATIO, "memory.local_access_ratio");
    add_column(s, RESULT_COUNT, "numa.hint_faults");
    add_column(s, RESULT_COUNT, "numa.hint_faults_local");
    add_column(s, RESULT_PAGES, "numa.pages_migrated");
    add_node_columns(s, RESULT_BYTES, "memory.used_bytes", false);
    add_node_columns(s, RESULT_RATIO, "node.utilisation", true);
}

struct series *series_new(const struct machine *machine, struct metrics *metrics,
                          int64_t interval_ns)
{
    struct series *s = g_new0(struct series, 1);

    s->machine = machine;
    s->metrics = metrics;
    s->out.interval_ns = interval_ns;
    s->migrations_before = g_new0(uint64_t, (gsize)metrics_nr_levels(metrics));
    s->times_before = g_new0(struct cpu_times, (gsize)machine->nr_cpus);
    s->node_times = g_new0(struct node_times, (gsize)machine->nr_nodes);
    s->node_cpus = g_new0(int32_t, (gsize)machine->nr_nodes);
    for (int32_t cpu = 0; cpu < machine->nr_cpus; cpu++) {
        s->node_cpus[machine->cpus[cpu].node]++;
    }
    add_columns(s);
    return s;
}

void series_free(struct series *s)
{
    if (s == NULL) {
        return;
    }
    for (int32_t i = 0; i < s->out.nr_columns; i++) {
        g_free(s->out.columns[i].name);
    }
    g_free(s->out.columns);
    g_free(s->out.end_ns);
    g_free(s->out.values);
    g_free(s->migrations_before);
    g_free(s->times_before);
    g_free(s->node_times);
    g_free(s->node_cpus);
    g_free(s);
}

static void remember(struct series *s, int64_t now_ns, const struct metrics_totals *totals,
                     const struct cpu_times *times)
{
    s->begin_ns = now_ns;
    s->before = *totals;
    memcpy(s->migrations_before, totals->migrations,
           (size_t)metrics_nr_levels(s->metrics) * sizeof(*totals->migrations));
    memcpy(s->times_before, times, (size_t)s->machine->nr_cpus * sizeof(*times));
}

void series_begin(struct series *s, int64_t now_ns, const struct cpu_times *times)
{
    struct metrics_totals totals;

    metrics_totals(s->metrics, now_ns, &totals);
    remember(s, now_ns, &totals, times);
}

static int64_t *new_row(struct series *s, int64_t end_ns)
{
    struct result_series *out = &s->out;

    if (out->nr_rows == s->rows_size) {
        s->rows_size = MAX(64, s->rows_size * 2);
        out->end_ns = g_renew(int64_t, out->end_ns, (gsize)s->rows_size);
        out->values = g_renew(int64_t, out->values, (gsize)s->rows_size * (gsize)out->nr_columns);
    }
    out->end_ns[out->nr_rows] = end_ns;
    return &out->values[(gsize)out->nr_rows++ * (gsize)out->nr_columns];
}

static int64_t ratio_ppm(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (int64_t)mul_div_u64(part, 1000000, whole) : 0;
}

/* Busy and whole CPU time of each node in the interval, and of all CPUs: busy, overhead, whole. */
static void sum_times(struct series *s, const struct cpu_times *times, int64_t sums[3])
{
    memset(s->node_times, 0, sizeof(*s->node_times) * (size_t)s->machine->nr_nodes);
    for (int32_t cpu = 0; cpu < s->machine->nr_cpus; cpu++) {
        struct node_times *node = &s->node_times[s->machine->cpus[cpu].node];
        const struct cpu_times *was = &s->times_before[cpu];
        int64_t busy_ns = times[cpu].busy_ns - was->busy_ns;
        int64_t overhead_ns = times[cpu].overhead_ns - was->overhead_ns;
        int64_t all_ns = busy_ns + overhead_ns + times[cpu].idle_ns - was->idle_ns;

        node->busy_ns += busy_ns;
        node->all_ns += all_ns;
        sums[0] += busy_ns;
        sums[1] += overhead_ns;
        sums[2] += all_ns;
    }
}

void series_sample(struct series *s, int64_t now_ns, const struct cpu_times *times,
                   const int64_t *used_bytes)
{
    int64_t sums[3] = {0};
    struct metrics_totals t;

    if (now_ns <= s->begin_ns) {
        return;
    }
    const struct metrics_totals *was = &s->before;
    int64_t *v = new_row(s, now_ns);

    metrics_totals(s->metrics, now_ns, &t);
    sum_times(s, times, sums);
    *v++ = ratio_ppm((uint64_t)sums[0], (uint64_t)sums[2]);
    *v++ = ratio_ppm((uint64_t)sums[1], (uint64_t)sums[2]);
    *v++ = t.wasted_ns - was->wasted_ns;
    *v++ = t.nr_idle;
    *v++ = t.nr_waiting;
    *v++ = t.max_waiting;
    *v++ = (int64_t)(t.switches - was->switches);
    *v++ = (int64_t)(t.wakeups - was->wakeups);
    *v++ = (int64_t)(t.requests_done - was->requests_done);
    for (int32_t level = 0; level < metrics_nr_levels(s->metrics); level++) {
        *v++ = (int64_t)(t.migrations[level] - s->migrations_before[level]);
    }
    *v++ = (int64_t)(t.accesses - was->accesses);
    *v++ = ratio_ppm(t.local_accesses - was->local_accesses, t.accesses - was->accesses);
    *v++ = (int64_t)(t.hint_faults - was->hint_faults);
    *v++ = (int64_t)(t.local_hint_faults - was->local_hint_faults);
    *v++ = (int64_t)(t.fault_moved_pages - was->fault_moved_pages);
    for (int32_t node = 0; node < s->machine->nr_nodes; node++) {
        *v++ = used_bytes[node];
    }
    for (int32_t node = 0; node < s->machine->nr_nodes; node++) {
        if (s->node_cpus[node] > 0) {
            *v++ = ratio_ppm((uint64_t)s->node_times[node].busy_ns,
                             (uint64_t)s->node_times[node].all_ns);
        }
    }
    remember(s, now_ns, &t, times);
}

bool series_full(const struct series *s)
{
    return s->out.nr_rows >= SERIES_MAX_POINTS;
}

void series_finish(struct series *s, struct result *r)
{
    r->series = s->out;
    s->out = (struct result_series){0};
}
