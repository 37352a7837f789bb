/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu.stat of cgroups with a quota: periods, those in which it ran out, and for how long. */
#include <string.h>

#include "observe/metrics-private.h"

static struct mbandwidth *bandwidth_of(struct metrics *m, int32_t cgroup)
{
    if (cgroup >= m->nr_bandwidths) {
        int32_t from = m->nr_bandwidths;

        m->nr_bandwidths = cgroup + 1;
        m->bandwidths = g_renew(struct mbandwidth, m->bandwidths, (gsize)m->nr_bandwidths);
        for (int32_t i = from; i < m->nr_bandwidths; i++) {
            m->bandwidths[i] = (struct mbandwidth){.seen = false};
        }
    }
    return &m->bandwidths[cgroup];
}

static void advance(struct mbandwidth *b, int64_t now_ns)
{
    b->throttled_ns += b->nr_queues * (now_ns - b->since_ns);
    b->since_ns = now_ns;
}

void bandwidth_period(struct metrics *m, const struct tp_event *e)
{
    struct mbandwidth *b = bandwidth_of(m, e->task);

    b->seen = true;
    b->nr_periods++;
    b->nr_throttled += e->a != 0;
}

void bandwidth_throttle(struct metrics *m, const struct tp_event *e)
{
    struct mbandwidth *b = bandwidth_of(m, e->task);

    advance(b, e->time_ns);
    b->seen = true;
    b->nr_queues += e->a != 0 ? 1 : -1;
}

void bandwidth_reset(struct metrics *m)
{
    for (int32_t i = 0; i < m->nr_bandwidths; i++) {
        struct mbandwidth *b = &m->bandwidths[i];

        b->nr_periods = b->nr_throttled = 0;
        b->throttled_ns = 0;
        b->since_ns = m->reset_ns;
    }
}

/* Adds to @first what @name has in the cgroups from @from on, which is then done. */
static void add_namesakes(struct metrics *m, struct mbandwidth *first, const char *name,
                          int32_t from)
{
    for (int32_t i = from; i < m->nr_bandwidths; i++) {
        struct mbandwidth *b = &m->bandwidths[i];

        if (b->seen && strcmp(m->config.cgroup_name(i, m->config.data), name) == 0) {
            first->nr_periods += b->nr_periods;
            first->nr_throttled += b->nr_throttled;
            first->throttled_ns += b->throttled_ns;
            b->seen = false;
        }
    }
}

static void report_one(struct result *r, const char *cgroup, const struct mbandwidth *b)
{
    g_autofree char *periods = g_strdup_printf("cgroup.%s.nr_periods", cgroup);
    g_autofree char *throttled = g_strdup_printf("cgroup.%s.nr_throttled", cgroup);
    g_autofree char *time = g_strdup_printf("cgroup.%s.throttled_ns", cgroup);

    report_count(r, periods, b->nr_periods);
    report_count(r, throttled, b->nr_throttled);
    result_add(r, time, RESULT_NS, b->throttled_ns);
}

void bandwidth_report(struct metrics *m, int64_t now_ns, struct result *r)
{
    if (m->config.cgroup_name == NULL) {
        return;
    }
    for (int32_t i = 0; i < m->nr_bandwidths; i++) {
        advance(&m->bandwidths[i], now_ns);
    }
    for (int32_t i = 0; i < m->nr_bandwidths; i++) {
        const char *name = m->config.cgroup_name(i, m->config.data);

        if (m->bandwidths[i].seen) {
            add_namesakes(m, &m->bandwidths[i], name, i + 1);
            report_one(r, name, &m->bandwidths[i]);
        }
    }
}

void bandwidth_release(struct metrics *m)
{
    g_free(m->bandwidths);
}
