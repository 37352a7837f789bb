/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests by arrival source, measures and counts by name. */
#include <string.h>

#include "observe/metrics-private.h"

/*
 * Maps the indices of @names to the places of their distinct names in @ret_of, and returns how many
 * those are; @ret_ids: how many indices. @names may be NULL.
 */
static int32_t map_names(const char *const *names, int32_t **ret_of, int32_t *ret_ids,
                         char ***ret_distinct)
{
    int32_t ids = names != NULL ? (int32_t)g_strv_length((char **)names) : 0;
    char **distinct = g_new0(char *, (gsize)ids + 1);
    int32_t *of = g_new0(int32_t, (gsize)ids + 1);
    int32_t nr = 0;

    for (int32_t id = 0; id < ids; id++) {
        int32_t place = 0;

        while (place < nr && strcmp(distinct[place], names[id]) != 0) {
            place++;
        }
        if (place == nr) {
            distinct[nr++] = g_strdup(names[id]);
        }
        of[id] = place;
    }
    *ret_of = of;
    *ret_ids = ids;
    *ret_distinct = distinct;
    return nr;
}

void requests_init(struct metrics *m)
{
    char **names;

    m->nr_sources = map_names(m->config.arrivals, &m->source_of, &m->source_ids, &names);
    m->sources = g_new0(struct mrequests, (gsize)m->nr_sources);
    for (int32_t i = 0; i < m->nr_sources; i++) {
        m->sources[i].name = names[i];
    }
    g_free(names);
    m->nr_counters = map_names(m->config.counters, &m->counter_of, &m->counter_ids, &names);
    m->counters = g_new0(struct mcounter, (gsize)m->nr_counters);
    for (int32_t i = 0; i < m->nr_counters; i++) {
        m->counters[i].name = names[i];
    }
    g_free(names);
}

void requests_release(struct metrics *m)
{
    requests_reset(m);
    for (int32_t i = 0; i < m->nr_sources; i++) {
        g_free(m->sources[i].name);
    }
    for (int32_t i = 0; i < m->nr_counters; i++) {
        g_free(m->counters[i].name);
    }
    g_free(m->sources);
    g_free(m->counters);
    g_free(m->source_of);
    g_free(m->counter_of);
}

void requests_arrive(struct metrics *m, const struct tp_event *e)
{
    if (e->other < m->source_ids) {
        m->sources[m->source_of[e->other]].arrived++;
    }
}

void requests_done(struct metrics *m, const struct tp_event *e)
{
    if (e->other >= m->source_ids) {
        return;
    }
    struct mrequests *source = &m->sources[m->source_of[e->other]];

    source->done++;
    hist_add(&source->latency, e->time_ns - e->a);
    hist_add(&source->wait, e->c - e->a);
}

void requests_count(struct metrics *m, const struct tp_event *e)
{
    if (e->other < m->counter_ids) {
        m->counters[m->counter_of[e->other]].count++;
    }
}

void requests_measure(struct metrics *m, const struct tp_event *e)
{
    if (e->other < m->counter_ids) {
        hist_add(&m->counters[m->counter_of[e->other]].measure, e->time_ns - e->a);
    }
}

void requests_reset(struct metrics *m)
{
    for (int32_t i = 0; i < m->nr_sources; i++) {
        struct mrequests *source = &m->sources[i];

        source->arrived = source->done = 0;
        hist_release(&source->latency);
        hist_release(&source->wait);
    }
    for (int32_t i = 0; i < m->nr_counters; i++) {
        m->counters[i].count = 0;
        hist_release(&m->counters[i].measure);
    }
}

static void report_throughput(struct result *r, const char *name, uint64_t count, int64_t window_ns)
{
    g_autofree char *full = g_strdup_printf("throughput.%s_per_s", name);

    if (window_ns > 0) {
        result_add(r, full, RESULT_PER_S, per_s_milli(count, window_ns));
    }
}

static void report_times(struct result *r, const char *prefix, const char *name,
                         const struct hist *h)
{
    g_autofree char *full = g_strdup_printf("%s.%s", prefix, name);

    report_latency(r, full, h);
    report_histogram(r, full, h);
}

/* The counter that has the name of a request source, or NULL: their throughputs are one metric. */
static const struct mcounter *counter_named(const struct metrics *m, const char *name)
{
    for (int32_t i = 0; i < m->nr_counters; i++) {
        if (strcmp(m->counters[i].name, name) == 0) {
            return &m->counters[i];
        }
    }
    return NULL;
}

static bool source_named(const struct metrics *m, const char *name)
{
    for (int32_t i = 0; i < m->nr_sources; i++) {
        if (strcmp(m->sources[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* What a counter saw: a measure that ends counts as one, too. */
static uint64_t counter_total(const struct mcounter *counter)
{
    return counter->count + counter->measure.count;
}

void requests_report(struct metrics *m, int64_t window_ns, struct result *r)
{
    for (int32_t i = 0; i < m->nr_sources; i++) {
        const struct mrequests *source = &m->sources[i];
        const struct mcounter *same = counter_named(m, source->name);
        g_autofree char *arrived = g_strdup_printf("requests.%s.arrived", source->name);
        g_autofree char *done = g_strdup_printf("requests.%s.done", source->name);

        report_count(r, arrived, source->arrived);
        report_count(r, done, source->done);
        report_times(r, "request_latency_ns", source->name, &source->latency);
        report_times(r, "request_wait_ns", source->name, &source->wait);
        report_throughput(r, source->name, source->done + (same != NULL ? counter_total(same) : 0),
                          window_ns);
    }
    for (int32_t i = 0; i < m->nr_counters; i++) {
        const struct mcounter *counter = &m->counters[i];

        if (counter->measure.count > 0) {
            report_times(r, "measure_ns", counter->name, &counter->measure);
        }
        if (!source_named(m, counter->name)) {
            report_throughput(r, counter->name, counter_total(counter), window_ns);
        }
    }
}
