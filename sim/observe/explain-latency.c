/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What latencies are made of. A request's parts are known when the span in which it was done has ended, so
 * that it is kept until then; of a worker, spans are kept back to its request before.
 */
#include <string.h>

#include "base/fixed.h"
#include "observe/explain-private.h"

static const char *const bound_names[EXPLAIN_NR_BUCKETS - 1] = {"p50", "p90", "p99", "p99.9"};

/* ------------------------------------------------------------------------------------------- */
/* Buckets                                                                                      */

static struct explain_bucket *bucket_of(struct explain_latency *l, int64_t latency_ns)
{
    int i = 0;

    while (i < EXPLAIN_NR_BUCKETS - 1 && latency_ns > l->bounds_ns[i]) {
        i++;
    }
    return &l->buckets[i];
}

/* Bounds of @name as the result has them; a percentile that it does not carry leaves its bucket empty. */
static void set_bounds(struct explain_latency *l, const struct result *r)
{
    int64_t bound_ns = INT64_MAX;

    for (int i = EXPLAIN_NR_BUCKETS - 2; i >= 0; i--) {
        g_autofree char *name = g_strdup_printf("%s.%s", l->name, bound_names[i]);
        const struct result_metric *m = result_metric(r, name);

        bound_ns = m != NULL ? m->value : bound_ns;
        l->bounds_ns[i] = bound_ns;
    }
}

void latency_init(struct explain *x, const struct result *r, const char *const *sources)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    while (sources != NULL && sources[x->nr_sources] != NULL) {
        x->nr_sources++;
    }
    x->latency_of = g_new(int32_t, (gsize)x->nr_sources + 1);
    for (int32_t i = 0; i < x->nr_sources; i++) {
        guint at;

        if (!g_ptr_array_find_with_equal_func(names, sources[i], g_str_equal, &at)) {
            at = names->len;
            g_ptr_array_add(names, (gpointer)sources[i]);
        }
        x->latency_of[i] = (int32_t)at;
    }
    int32_t nr = (int32_t)names->len;

    x->nr_latencies = nr + 1;
    x->latencies = g_new0(struct explain_latency, (gsize)x->nr_latencies);
    for (int32_t i = 0; i <= nr; i++) {
        struct explain_latency *l = &x->latencies[i];

        l->name = i < nr ? g_strdup_printf("request_latency_ns.%s", (char *)names->pdata[i])
                         : g_strdup("wakeup_latency_ns");
        set_bounds(l, r);
        for (int b = 0; b < EXPLAIN_NR_BUCKETS; b++) {
            l->buckets[b].behind = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
        }
    }
}

void latency_release(struct explain *x)
{
    for (int32_t i = 0; i < x->nr_latencies; i++) {
        for (int b = 0; b < EXPLAIN_NR_BUCKETS; b++) {
            g_hash_table_unref(x->latencies[i].buckets[b].behind);
        }
        g_free(x->latencies[i].name);
    }
    g_free(x->latencies);
    g_free(x->latency_of);
}

void latency_task_release(struct xtask *t)
{
    g_clear_pointer(&t->spans, g_array_unref);
    g_clear_pointer(&t->samples, g_array_unref);
    g_clear_pointer(&t->behind, g_hash_table_unref);
    g_free(t->ran_before);
}

static void add_to(GHashTable *table, const char *name, int64_t ns)
{
    int64_t *sum = g_hash_table_lookup(table, name);

    if (sum == NULL) {
        sum = g_new0(int64_t, 1);
        g_hash_table_insert(table, (gpointer)name, sum);
    }
    *sum += ns;
}

/* ------------------------------------------------------------------------------------------- */
/* Requests                                                                                     */

/* Adds what of @s lies in [@from_ns, @to_ns) to @b: its kinds in proportion, the remainder to the last. */
static int64_t add_overlap(struct explain_bucket *b, const struct account_span *s, int64_t from_ns,
                           int64_t to_ns)
{
    int64_t overlap_ns = MIN(to_ns, s->to_ns) - MAX(from_ns, s->from_ns),
            length_ns = s->to_ns - s->from_ns;
    int64_t seen_ns = 0, given_ns = 0;

    if (overlap_ns <= 0) {
        return 0;
    }
    for (int kind = 0; kind < NR_ACCOUNT_KINDS; kind++) {
        seen_ns += s->kinds[kind];
        int64_t upto_ns =
            (int64_t)mul_div_u64((uint64_t)seen_ns, (uint64_t)overlap_ns, (uint64_t)length_ns);

        b->kinds[kind] += upto_ns - given_ns;
        given_ns = upto_ns;
    }
    return overlap_ns;
}

/* What its worker did from when it was free for it; the rest was the queue. */
static void add_request(struct explain *x, const struct xtask *t, const struct xsample *q)
{
    struct explain_latency *l = &x->latencies[q->latency];
    struct explain_bucket *b = bucket_of(l, q->done_ns - q->arrival_ns);
    int64_t from_ns = MAX(q->arrival_ns, q->last_done_ns), known_ns = 0;

    for (guint i = 0; i < t->spans->len; i++) {
        known_ns +=
            add_overlap(b, &g_array_index(t->spans, struct account_span, i), from_ns, q->done_ns);
    }
    b->count++;
    b->sum_ns += q->done_ns - q->arrival_ns;
    b->queued_ns += q->done_ns - q->arrival_ns - known_ns;
}

/* Forgets what ended before @t's last request did. */
static void forget_spans(struct xtask *t, int64_t before_ns)
{
    guint nr = 0;

    while (nr < t->spans->len &&
           g_array_index(t->spans, struct account_span, nr).to_ns <= before_ns) {
        nr++;
    }
    if (nr > 0) {
        g_array_remove_range(t->spans, 0, nr);
    }
}

void latency_span(struct explain *x, const struct account_span *s)
{
    struct xtask *t = explain_task(x, s->task);
    guint nr = 0;

    if (t->woken_ns >= 0 && s->state == ACCOUNT_IS_THROTTLED) {
        t->held_ns += s->to_ns - MAX(s->from_ns, t->woken_ns);
    }
    if (t->spans == NULL) {
        return;
    }
    g_array_append_val(t->spans, *s);
    while (nr < t->samples->len &&
           g_array_index(t->samples, struct xsample, nr).done_ns <= s->to_ns) {
        add_request(x, t, &g_array_index(t->samples, struct xsample, nr));
        nr++;
    }
    if (nr > 0) {
        g_array_remove_range(t->samples, 0, nr);
    }
    forget_spans(t, t->samples->len > 0 ? g_array_index(t->samples, struct xsample, 0).last_done_ns
                                        : t->last_done_ns);
}

void latency_request(struct explain *x, const struct tp_event *e)
{
    struct xtask *t = explain_task(x, (int32_t)e->b);
    struct xsample sample = {e->a, e->time_ns, t->last_done_ns, -1};

    if (t->spans == NULL) {
        t->spans = g_array_new(FALSE, FALSE, sizeof(struct account_span));
        t->samples = g_array_new(FALSE, FALSE, sizeof(struct xsample));
    }
    if (e->time_ns >= x->from_ns && e->other < x->nr_sources) {
        sample.latency = x->latency_of[e->other];
        g_array_append_val(t->samples, sample);
    }
    t->last_done_ns = e->time_ns;
}

/* ------------------------------------------------------------------------------------------- */
/* Wakeups                                                                                      */

/* What ran on @cpu is counted up to @now_ns. */
static void count_running(struct explain *x, int32_t cpu, int64_t now_ns)
{
    struct xcpu *c = &x->cpus[cpu];
    int32_t group = explain_group(x, c->curr);

    if (group >= c->nr_ran) {
        int32_t from = c->nr_ran;

        c->nr_ran = group + 1;
        c->ran_ns = g_renew(int64_t, c->ran_ns, (gsize)c->nr_ran);
        memset(&c->ran_ns[from], 0, sizeof(int64_t) * (size_t)(c->nr_ran - from));
    }
    c->ran_ns[group] += now_ns - c->since_ns;
    c->since_ns = now_ns;
}

void latency_switch(struct explain *x, const struct tp_event *e)
{
    count_running(x, e->cpu, e->time_ns);
    x->cpus[e->cpu].curr = e->task;
}

/* @t begins to wait on @cpu, or ends to wait where it does. */
static void wait_begins(struct explain *x, struct xtask *t, int32_t cpu, int64_t now_ns)
{
    struct xcpu *c = &x->cpus[cpu];

    count_running(x, cpu, now_ns);
    t->wait_cpu = cpu;
    t->nr_ran_before = c->nr_ran;
    t->ran_before = g_renew(int64_t, t->ran_before, (gsize)c->nr_ran);
    memcpy(t->ran_before, c->ran_ns, sizeof(int64_t) * (size_t)c->nr_ran);
}

static void wait_ends(struct explain *x, struct xtask *t, int64_t now_ns)
{
    const struct xcpu *c = &x->cpus[t->wait_cpu];

    count_running(x, t->wait_cpu, now_ns);
    if (t->behind == NULL) {
        t->behind = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    }
    for (int32_t i = 0; i < c->nr_ran; i++) {
        int64_t ns = c->ran_ns[i] - (i < t->nr_ran_before ? t->ran_before[i] : 0);

        if (ns > 0) {
            add_to(t->behind, x->groups->pdata[i], ns);
        }
    }
    t->wait_cpu = -1;
}

static void add_wakeup(struct explain *x, struct xtask *t, int64_t now_ns)
{
    struct explain_bucket *b = bucket_of(&x->latencies[x->nr_latencies - 1], now_ns - t->woken_ns);
    GHashTableIter iter;
    gpointer key, value;

    b->count++;
    b->sum_ns += now_ns - t->woken_ns;
    b->kinds[ACCOUNT_THROTTLED] += t->held_ns;
    b->kinds[ACCOUNT_WAITING] += now_ns - t->woken_ns - t->held_ns;
    g_hash_table_iter_init(&iter, t->behind);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        add_to(b->behind, key, *(int64_t *)value);
    }
}

void latency_state(struct explain *x, int32_t id, enum account_state from, enum account_state to,
                   int32_t cpu, int64_t now_ns)
{
    struct xtask *t = explain_task(x, id);
    bool waits = to == ACCOUNT_IS_WAITING || to == ACCOUNT_IS_THROTTLED;

    if (waits &&
        (from == ACCOUNT_IS_BLOCKED || from == ACCOUNT_IS_COMING || from == ACCOUNT_IS_UNBORN)) {
        t->woken_ns = now_ns;
        t->held_ns = 0;
        if (t->behind != NULL) {
            g_hash_table_remove_all(t->behind);
        }
    }
    if (t->wait_cpu >= 0 && (!waits || cpu != t->wait_cpu)) {
        wait_ends(x, t, now_ns);
    }
    if (waits && t->woken_ns >= 0 && t->wait_cpu < 0) {
        wait_begins(x, t, cpu, now_ns);
    }
    if (to == ACCOUNT_IS_RUNNING && t->woken_ns >= 0) {
        if (now_ns >= x->from_ns) {
            add_wakeup(x, t, now_ns);
        }
        t->woken_ns = -1;
    }
}
