/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses by (CPU node, memory node), first touch, and page migrations. */
#include <string.h>

#include "observe/metrics-private.h"

/* Of all pages, in percent. */
static const int64_t share_marks[NR_SHARE_MARKS] = {10, 50, 90};

void memory_init(struct metrics *m)
{
    gsize pairs = (gsize)m->nr_nodes * (gsize)m->nr_nodes;

    m->accesses = g_new0(uint64_t, pairs);
    m->writes = g_new0(uint64_t, pairs);
    m->moved = g_new0(uint64_t, pairs);
    m->first_touched = g_new0(uint64_t, (gsize)m->nr_nodes);
    m->resident_bytes = g_new0(int64_t, (gsize)m->nr_nodes);
    m->nr_reached = g_new0(int32_t, (gsize)m->nr_nodes);
    m->reached_ns = g_new0(int64_t, (gsize)m->nr_nodes * NR_SHARE_MARKS);
}

void memory_release(struct metrics *m)
{
    g_free(m->accesses);
    g_free(m->writes);
    g_free(m->moved);
    g_free(m->first_touched);
    g_free(m->resident_bytes);
    g_free(m->nr_reached);
    g_free(m->reached_ns);
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

/* @node's share of all pages may have grown. */
static void share_grew(struct metrics *m, int32_t node, int64_t now_ns)
{
    while (m->nr_reached[node] < NR_SHARE_MARKS && m->resident_bytes[node] > 0 &&
           m->resident_bytes[node] >=
               (int64_t)mul_div_u64((uint64_t)m->all_resident_bytes,
                                    (uint64_t)share_marks[m->nr_reached[node]], 100)) {
        m->reached_ns[node * NR_SHARE_MARKS + m->nr_reached[node]++] = now_ns - m->reset_ns;
    }
}

static void shares_grew(struct metrics *m, int64_t now_ns)
{
    for (int32_t node = 0; node < m->nr_nodes; node++) {
        share_grew(m, node, now_ns);
    }
}

void memory_alloc(struct metrics *m, const struct tp_event *e)
{
    m->resident_bytes[e->a] += e->b * e->c;
    m->all_resident_bytes += e->b * e->c;
    share_grew(m, (int32_t)e->a, e->time_ns);
    m->first_touched[e->a] += (uint64_t)e->b * (uint64_t)e->c;
}

void memory_free(struct metrics *m, const struct tp_event *e)
{
    m->resident_bytes[e->a] -= e->b * e->c;
    m->all_resident_bytes -= e->b * e->c;
    shares_grew(m, e->time_ns);
}

void memory_fault(struct metrics *m, const struct tp_event *e)
{
    m->hint_faults += (uint64_t)e->b;
    m->fault_moved_pages += (uint64_t)e->c;
    if (m->config.machine->cpus[e->cpu].node == e->a) {
        m->local_hint_faults += (uint64_t)e->b;
    }
}

void memory_moved(struct metrics *m, const struct tp_event *e)
{
    int64_t bytes = e->c * m->config.machine->page_size_bytes;

    m->resident_bytes[e->a] -= bytes;
    m->resident_bytes[e->b] += bytes;
    share_grew(m, (int32_t)e->b, e->time_ns);
    m->moved[e->a * m->nr_nodes + e->b] += (uint64_t)e->c;
    hist_add_many(&m->followed, e->time_ns - m->reset_ns, (uint64_t)e->c);
}

void memory_copies(struct metrics *m, const struct tp_event *e)
{
    uint64_t pages = (uint64_t)e->c;

    m->copies_seen = true;
    m->copied += e->type == TP_COPY_PAGES ? e->c : -e->c;
    if (e->type == TP_COPY_PAGES) {
        m->replicated += e->a != 0 ? pages : 0;
        m->shadowed += e->a == 0 ? pages : 0;
    } else {
        m->collapsed += e->a == COPIES_WRITTEN ? pages : 0;
        m->copies_reclaimed += e->a == COPIES_RECLAIMED ? pages : 0;
    }
}

/* In a run that had none nothing is said of them. */
static void report_copies(const struct metrics *m, struct result *r)
{
    if (m->copies_seen) {
        result_add(r, "memory.copy_bytes", RESULT_BYTES,
                   m->copied * m->config.machine->page_size_bytes);
        result_add(r, "memory.pages_replicated", RESULT_PAGES, (int64_t)m->replicated);
        result_add(r, "memory.pages_shadowed", RESULT_PAGES, (int64_t)m->shadowed);
        result_add(r, "memory.copies_collapsed", RESULT_PAGES, (int64_t)m->collapsed);
        result_add(r, "memory.copies_reclaimed", RESULT_PAGES, (int64_t)m->copies_reclaimed);
    }
}

void memory_reset(struct metrics *m)
{
    size_t pairs = (size_t)m->nr_nodes * (size_t)m->nr_nodes;

    memset(m->accesses, 0, pairs * sizeof(*m->accesses));
    memset(m->writes, 0, pairs * sizeof(*m->writes));
    memset(m->moved, 0, pairs * sizeof(*m->moved));
    memset(m->first_touched, 0, (size_t)m->nr_nodes * sizeof(*m->first_touched));
    m->oom_kills = 0;
    m->hint_faults = m->local_hint_faults = m->fault_moved_pages = 0;
    m->replicated = m->shadowed = m->collapsed = m->copies_reclaimed = 0;
    memset(m->nr_reached, 0, (size_t)m->nr_nodes * sizeof(*m->nr_reached));
    shares_grew(m, m->reset_ns);
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

static void report_shares(const struct metrics *m, struct result *r)
{
    for (int32_t node = 0; node < m->nr_nodes && m->nr_nodes > 1; node++) {
        g_assert(m->nr_reached[node] <= NR_SHARE_MARKS);
        for (int32_t i = 0; i < m->nr_reached[node]; i++) {
            g_autofree char *name =
                g_strdup_printf("memory.share.node%d.reaches_%" G_GINT64_FORMAT "_ns",
                                m->config.machine->nodes[node].os_id, share_marks[i]);

            result_add(r, name, RESULT_NS, m->reached_ns[node * NR_SHARE_MARKS + i]);
        }
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
    report_shares(m, r);
    report_copies(m, r);
    report_count(r, "memory.oom_kills", m->oom_kills);
}
