/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses by (CPU node, memory node), first touch, and page migrations. */
#include <string.h>

#include "observe/metrics-private.h"

void memory_init(struct metrics *m)
{
    gsize pairs = (gsize)m->nr_nodes * (gsize)m->nr_nodes;

    m->accesses = g_new0(uint64_t, pairs);
    m->writes = g_new0(uint64_t, pairs);
    m->moved = g_new0(uint64_t, pairs);
    m->first_touched = g_new0(uint64_t, (gsize)m->nr_nodes);
}

void memory_release(struct metrics *m)
{
    g_free(m->accesses);
    g_free(m->writes);
    g_free(m->moved);
    g_free(m->first_touched);
    hist_release(&m->followed);
}

void memory_access(struct metrics *m, const struct tp_event *e)
{
    /* First: a task that is new may move the groups. */
    const struct mtask *t = metrics_task(m, e->task);
    struct mcounts *counts = &m->groups[t->group].counts;
    uint64_t accesses = (uint64_t)e->a;

    m->accesses[e->cpu * m->nr_nodes + e->other] += accesses;
    m->writes[e->cpu * m->nr_nodes + e->other] += (uint64_t)e->c;
    counts->accesses += accesses;
    if (e->cpu == e->other) {
        counts->local_accesses += accesses;
    }
    counts->latency_sum_ns += (uint128)accesses * (uint64_t)e->b;
}

void memory_alloc(struct metrics *m, const struct tp_event *e)
{
    m->first_touched[e->a] += (uint64_t)e->b * (uint64_t)e->c;
}

void memory_moved(struct metrics *m, const struct tp_event *e)
{
    m->moved[e->a * m->nr_nodes + e->b] += (uint64_t)e->c;
    hist_add_many(&m->followed, e->time_ns - m->reset_ns, (uint64_t)e->c);
}

void memory_reset(struct metrics *m)
{
    size_t pairs = (size_t)m->nr_nodes * (size_t)m->nr_nodes;

    memset(m->accesses, 0, pairs * sizeof(*m->accesses));
    memset(m->writes, 0, pairs * sizeof(*m->writes));
    memset(m->moved, 0, pairs * sizeof(*m->moved));
    memset(m->first_touched, 0, (size_t)m->nr_nodes * sizeof(*m->first_touched));
    m->oom_kills = 0;
    hist_release(&m->followed);
}

static char **node_labels(const struct metrics *m)
{
    char **labels = g_new0(char *, (gsize)m->nr_nodes + 1);

    for (int32_t node = 0; node < m->nr_nodes; node++) {
        labels[node] = g_strdup_printf("%d", m->config.machine->nodes[node].os_id);
    }
    return labels;
}

/* A matrix of nodes, unless it is all zero; its sum. */
static uint64_t report_nodes(const struct metrics *m, struct result *r, const char *name,
                             enum result_unit unit, const uint64_t *values)
{
    gsize pairs = (gsize)m->nr_nodes * (gsize)m->nr_nodes;
    uint64_t sum = 0;

    for (gsize i = 0; i < pairs; i++) {
        sum += values[i];
    }
    if (sum == 0) {
        return 0;
    }
    struct result_matrix *matrix = result_add_matrix(r, name, unit, node_labels(m), node_labels(m));

    for (gsize i = 0; i < pairs; i++) {
        matrix->values[i] = (int64_t)values[i];
    }
    return sum;
}

/* By when 10, 50 and 90 % of the moves had been made. */
static void report_followed(const struct metrics *m, struct result *r)
{
    if (m->followed.count > 0) {
        result_add(r, "memory.followed_ns.p10", RESULT_NS, hist_percentile(&m->followed, 100000));
        result_add(r, "memory.followed_ns.p50", RESULT_NS, hist_percentile(&m->followed, 500000));
        result_add(r, "memory.followed_ns.p90", RESULT_NS, hist_percentile(&m->followed, 900000));
    }
}

void memory_report(struct metrics *m, struct result *r)
{
    uint64_t touched = 0;

    report_nodes(m, r, "accesses", RESULT_COUNT, m->accesses);
    uint64_t moved = report_nodes(m, r, "pages_migrated", RESULT_PAGES, m->moved);

    for (int32_t node = 0; node < m->nr_nodes; node++) {
        touched += m->first_touched[node];
    }
    result_add(r, "memory.pages_migrated", RESULT_PAGES, (int64_t)moved);
    report_followed(m, r);
    result_add(r, "memory.first_touch_bytes", RESULT_BYTES, (int64_t)touched);
    for (int32_t node = 0; node < m->nr_nodes && touched > 0; node++) {
        g_autofree char *name = g_strdup_printf("memory.first_touch_bytes.node%d",
                                                m->config.machine->nodes[node].os_id);

        result_add(r, name, RESULT_BYTES, (int64_t)m->first_touched[node]);
    }
    report_count(r, "memory.oom_kills", m->oom_kills);
}
