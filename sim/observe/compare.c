/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fixed.h"
#include "base/significance.h"

/* The level of p; and the part of the base's mean within which an interval counts as no change. */
#define LEVEL       0.05
#define SAME_WITHIN 0.01

const char *compare_verdict_name(enum compare_verdict verdict)
{
    static const char *const names[] = {"same", "better", "worse", "different", "unclear"};

    return names[verdict];
}

/* ------------------------------------------------------------------------------------------- */
/* Pairs                                                                                        */

/* One result by what it is paired by. */
struct item {
    const struct result *result;
    const char *path;
    char *workload, *policy;
};

static char *workload_name(const struct result *r)
{
    GString *s = g_string_new(NULL);

    for (int32_t i = 0; i < r->nr_workloads; i++) {
        g_string_append_printf(s, "%s%s", i > 0 ? "+" : "", r->workloads[i].name);
        if (r->workloads[i].replicas > 1) {
            g_string_append_printf(s, ":%d", r->workloads[i].replicas);
        }
    }
    return g_string_free(s, FALSE);
}

static char *policy_name(const struct result *r)
{
    g_autofree char *overrides = g_strjoinv(" ", r->overrides);

    return overrides[0] == '\0' ? g_strdup(r->policy.name)
                                : g_strdup_printf("%s (%s)", r->policy.name, overrides);
}

static int compare_places(const struct item *a, const struct item *b, bool by_policy)
{
    int order = strcmp(a->result->topology.name, b->result->topology.name);

    order = order != 0 ? order : strcmp(a->workload, b->workload);
    return order != 0 || !by_policy ? order : strcmp(a->policy, b->policy);
}

static int compare_items(const void *pa, const void *pb, gpointer by_policy)
{
    const struct item *a = pa, *b = pb;
    int order = compare_places(a, b, *(bool *)by_policy);

    if (order == 0) {
        order = (a->result->seed > b->result->seed) - (a->result->seed < b->result->seed);
    }
    return order;
}

static void release_item(gpointer p)
{
    struct item *item = p;

    g_free(item->workload);
    g_free(item->policy);
}

static GArray *items_of(const struct compare_side *side)
{
    GArray *items = g_array_new(FALSE, FALSE, sizeof(struct item));

    g_array_set_clear_func(items, release_item);
    for (uint32_t i = 0; i < side->nr; i++) {
        struct item item = {side->results[i], side->paths[i], workload_name(side->results[i]),
                            policy_name(side->results[i])};

        g_array_append_val(items, item);
    }
    return items;
}

static struct item *item_at(GArray *items, guint i)
{
    return &g_array_index(items, struct item, i);
}

static bool has_several_policies(GArray *items)
{
    for (guint i = 1; i < items->len; i++) {
        if (strcmp(item_at(items, i)->policy, item_at(items, 0)->policy) != 0) {
            return true;
        }
    }
    return false;
}

static char *describe(const struct item *item, bool by_policy)
{
    return g_strdup_printf("topology %s, workload %s%s%s, seed %" G_GUINT64_FORMAT,
                           item->result->topology.name, item->workload,
                           by_policy ? ", policy " : "", by_policy ? item->policy : "",
                           item->result->seed);
}

/* Sorts @items, of which no two may be of one run. */
static bool sort_items(GArray *items, bool by_policy, GError **error)
{
    g_array_sort_with_data(items, compare_items, &by_policy);
    for (guint i = 1; i < items->len; i++) {
        const struct item *a = item_at(items, i - 1), *b = item_at(items, i);

        if (compare_items(a, b, &by_policy) == 0) {
            g_autofree char *what = describe(b, by_policy);

            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "%s: a second result of %s, after %s; expected one", b->path, what,
                        a->path);
            return false;
        }
    }
    return true;
}

static bool is_same_work(const struct item *a, const struct item *b)
{
    bool same = a->result->duration_ns == b->result->duration_ns &&
                a->result->warmup_ns == b->result->warmup_ns;

    for (int32_t i = 0; same && i < a->result->nr_workloads; i++) {
        same = strcmp(a->result->workloads[i].digest, b->result->workloads[i].digest) == 0;
    }
    return same;
}

static bool check_pairs(GArray *base, GArray *new_, const struct compare_side *base_side,
                        const struct compare_side *new_side, bool by_policy, GError **error)
{
    for (guint i = 0; i < base->len || i < new_->len; i++) {
        struct item *a = i < base->len ? item_at(base, i) : NULL;
        struct item *b = i < new_->len ? item_at(new_, i) : NULL;
        int order = a == NULL ? 1 : b == NULL ? -1 : compare_items(a, b, &by_policy);

        if (order != 0) {
            g_autofree char *what = describe(order < 0 ? a : b, by_policy);

            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "%s has no result of %s, as %s; expected the same runs on both sides",
                        order < 0 ? new_side->label : base_side->label, what,
                        order < 0 ? a->path : b->path);
            return false;
        }
        if (!is_same_work(a, b)) {
            g_autofree char *what = describe(a, by_policy);

            g_set_error(
                error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "%s and %s did other work, though both are %s: durations, warmups or workload "
                "files differ; expected runs that differ in machine or policy alone",
                a->path, b->path, what);
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* Judging                                                                                      */

static double mean_of(const int64_t *values, uint32_t nr)
{
    int128 sum = 0;

    for (uint32_t i = 0; i < nr; i++) {
        sum += values[i];
    }
    return (double)sum / (double)nr;
}

/* Everything but the verdict, with p not corrected yet. */
static void measure(struct compare_metric *m, uint32_t nr)
{
    g_autofree int64_t *differences = g_new(int64_t, nr);

    for (uint32_t i = 0; i < nr; i++) {
        differences[i] = m->new_[i] - m->base[i];
    }
    m->base_mean = mean_of(m->base, nr);
    m->new_mean = mean_of(m->new_, nr);
    m->difference = mean_of(differences, nr);
    m->low = m->high = m->difference;
    m->p = 1;
    if (nr > 1) {
        bootstrap_interval(differences, nr, &m->low, &m->high);
        m->p = sign_flip_p(differences, nr);
    }
}

static enum compare_verdict direction(const struct compare_metric *m)
{
    if (m->goodness == COMPARE_NEUTRAL) {
        return COMPARE_DIFFERENT;
    }
    return (m->difference < 0) == (m->goodness == COMPARE_LOWER) ? COMPARE_BETTER : COMPARE_WORSE;
}

static enum compare_verdict judge(const struct compare_metric *m, uint32_t nr)
{
    double margin = SAME_WITHIN * (m->base_mean < 0 ? -m->base_mean : m->base_mean);

    if (compare_is_equal(m, nr)) {
        return COMPARE_SAME;
    }
    if (nr == 1 || (m->p <= LEVEL && (m->low > 0 || m->high < 0))) {
        return direction(m);
    }
    return m->low >= -margin && m->high <= margin ? COMPARE_SAME : COMPARE_UNCLEAR;
}

/* Of what differs in no run there is nothing to test. */
static bool is_tested(const struct compare_group *g, uint32_t metric)
{
    return g->nr_seeds > 1 && !compare_is_equal(&g->metrics[metric], g->nr_seeds);
}

static void judge_all(struct comparison *c)
{
    g_autoptr(GArray) ps = g_array_new(FALSE, FALSE, sizeof(double));
    guint at = 0;

    for (uint32_t g = 0; g < c->nr_groups; g++) {
        for (uint32_t i = 0; i < c->groups[g].nr_metrics; i++) {
            if (is_tested(&c->groups[g], i)) {
                g_array_append_val(ps, c->groups[g].metrics[i].p);
            }
        }
    }
    holm_correct((double *)(void *)ps->data, ps->len);
    c->nr_tested = ps->len;
    for (uint32_t g = 0; g < c->nr_groups; g++) {
        for (uint32_t i = 0; i < c->groups[g].nr_metrics; i++) {
            struct compare_metric *m = &c->groups[g].metrics[i];

            if (is_tested(&c->groups[g], i)) {
                m->p = g_array_index(ps, double, at++);
            }
            m->verdict = judge(m, c->groups[g].nr_seeds);
        }
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Groups                                                                                       */

static bool is_wanted(const char *name, const char *const *patterns)
{
    if (patterns == NULL || patterns[0] == NULL) {
        return compare_is_usual(name);
    }
    for (size_t i = 0; patterns[i] != NULL; i++) {
        if (g_pattern_match_simple(patterns[i], name)) {
            return true;
        }
    }
    return false;
}

/* The values of @name in items @from..@from + @nr; NULL if one does not have it. */
static int64_t *values_of(GArray *items, guint from, uint32_t nr, const char *name)
{
    g_autofree int64_t *values = g_new(int64_t, nr);

    for (uint32_t i = 0; i < nr; i++) {
        const struct result_metric *m = result_metric(item_at(items, from + i)->result, name);

        if (m == NULL) {
            return NULL;
        }
        values[i] = m->value;
    }
    return g_steal_pointer(&values);
}

static void add_group(struct comparison *c, GArray *base, GArray *new_, guint from, uint32_t nr,
                      bool by_policy, const char *const *patterns)
{
    const struct item *first = item_at(base, from);
    g_autoptr(GArray) metrics = g_array_new(FALSE, FALSE, sizeof(struct compare_metric));
    struct compare_group group = {
        .topology = g_strdup(first->result->topology.name),
        .workload = g_strdup(first->workload),
        .policy = by_policy ? g_strdup(first->policy) : NULL,
        .seeds = g_new(uint64_t, nr),
        .nr_seeds = nr,
    };

    for (uint32_t i = 0; i < nr; i++) {
        group.seeds[i] = item_at(base, from + i)->result->seed;
    }
    for (int32_t i = 0; i < first->result->nr_metrics; i++) {
        const struct result_metric *metric = &first->result->metrics[i];

        if (!is_wanted(metric->name, patterns)) {
            continue;
        }
        g_autofree int64_t *a = values_of(base, from, nr, metric->name);
        g_autofree int64_t *b = values_of(new_, from, nr, metric->name);

        if (a != NULL && b != NULL) {
            struct compare_metric m = {.name = g_strdup(metric->name),
                                       .unit = metric->unit,
                                       .goodness = compare_goodness(metric->name),
                                       .base = g_steal_pointer(&a),
                                       .new_ = g_steal_pointer(&b)};

            measure(&m, nr);
            g_array_append_val(metrics, m);
        }
    }
    group.nr_metrics = metrics->len;
    group.metrics = (struct compare_metric *)(void *)g_array_steal(metrics, NULL);
    c->groups = g_renew(struct compare_group, c->groups, (gsize)c->nr_groups + 1);
    c->groups[c->nr_groups++] = group;
    c->exact = c->exact && nr == 1;
}

static void add_groups(struct comparison *c, GArray *base, GArray *new_, bool by_policy,
                       const char *const *patterns)
{
    for (guint from = 0, to; from < base->len; from = to) {
        for (to = from + 1; to < base->len &&
                            compare_places(item_at(base, from), item_at(base, to), by_policy) == 0;
             to++) {
        }
        add_group(c, base, new_, from, to - from, by_policy, patterns);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* Means over groups                                                                            */

static const struct compare_metric *group_metric(const struct compare_group *g, const char *name)
{
    for (uint32_t i = 0; i < g->nr_metrics; i++) {
        if (strcmp(g->metrics[i].name, name) == 0) {
            return &g->metrics[i];
        }
    }
    return NULL;
}

static bool has_mean(const struct comparison *c, const char *name)
{
    for (uint32_t i = 0; i < c->nr_means; i++) {
        if (strcmp(c->means[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void add_mean(struct comparison *c, const struct compare_metric *like)
{
    g_autofree double *ratios = g_new(double, c->nr_groups);
    uint32_t nr = 0;

    for (uint32_t g = 0; g < c->nr_groups; g++) {
        const struct compare_metric *m = group_metric(&c->groups[g], like->name);

        if (m != NULL && m->base_mean > 0 && m->new_mean > 0) {
            ratios[nr++] = m->new_mean / m->base_mean;
        }
    }
    if (nr > 1) {
        c->means = g_renew(struct compare_mean, c->means, (gsize)c->nr_means + 1);
        c->means[c->nr_means++] = (struct compare_mean){
            g_strdup(like->name), like->unit, like->goodness, nr, geometric_mean(ratios, nr)};
    }
}

static void add_means(struct comparison *c)
{
    for (uint32_t g = 0; g < c->nr_groups && c->nr_groups > 1; g++) {
        for (uint32_t i = 0; i < c->groups[g].nr_metrics; i++) {
            if (!has_mean(c, c->groups[g].metrics[i].name)) {
                add_mean(c, &c->groups[g].metrics[i]);
            }
        }
    }
}

/* ------------------------------------------------------------------------------------------- */

bool comparison_has(const struct comparison *c, const char *pattern, GError **error)
{
    for (uint32_t g = 0; g < c->nr_groups; g++) {
        for (uint32_t i = 0; i < c->groups[g].nr_metrics; i++) {
            if (g_pattern_match_simple(pattern, c->groups[g].metrics[i].name)) {
                return true;
            }
        }
    }
    g_set_error(
        error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
        "no metric is called '%s'; expected one of result.json's that both sides have, or a "
        "pattern with * and ?",
        pattern);
    return false;
}

struct comparison *compare_results(const struct compare_side *base, const struct compare_side *new_,
                                   const char *const *patterns, GError **error)
{
    g_autoptr(GArray) a = items_of(base);
    g_autoptr(GArray) b = items_of(new_);
    bool by_policy = has_several_policies(a) || has_several_policies(b);
    const struct compare_side *empty = base->nr == 0 ? base : new_->nr == 0 ? new_ : NULL;

    if (empty != NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no result in it; expected a result.json, or folders with some",
                    empty->label);
        return NULL;
    }
    if (!sort_items(a, by_policy, error) || !sort_items(b, by_policy, error) ||
        !check_pairs(a, b, base, new_, by_policy, error)) {
        return NULL;
    }
    g_autoptr(comparison_t) c = g_new0(struct comparison, 1);

    c->base_label = g_strdup(base->label);
    c->new_label = g_strdup(new_->label);
    c->exact = true;
    c->chosen = patterns != NULL && patterns[0] != NULL;
    add_groups(c, a, b, by_policy, patterns);
    judge_all(c);
    add_means(c);
    return g_steal_pointer(&c);
}

void comparison_free(struct comparison *c)
{
    if (c == NULL) {
        return;
    }
    for (uint32_t g = 0; g < c->nr_groups; g++) {
        struct compare_group *group = &c->groups[g];

        for (uint32_t i = 0; i < group->nr_metrics; i++) {
            g_free(group->metrics[i].name);
            g_free(group->metrics[i].base);
            g_free(group->metrics[i].new_);
        }
        g_free(group->metrics);
        g_free(group->topology);
        g_free(group->workload);
        g_free(group->policy);
        g_free(group->seeds);
    }
    for (uint32_t i = 0; i < c->nr_means; i++) {
        g_free(c->means[i].name);
    }
    g_free(c->means);
    g_free(c->groups);
    g_free(c->base_label);
    g_free(c->new_label);
    g_free(c);
}

char *compare_group_title(const struct compare_group *g)
{
    return g->policy == NULL ? g_strdup_printf("%s, %s", g->topology, g->workload)
                             : g_strdup_printf("%s, %s, %s", g->topology, g->workload, g->policy);
}

bool compare_is_equal(const struct compare_metric *m, uint32_t nr_seeds)
{
    return memcmp(m->base, m->new_, nr_seeds * sizeof(*m->base)) == 0;
}

bool compare_change(const struct compare_metric *m, double *ret)
{
    if (m->base_mean == 0 && m->new_mean != 0) {
        return false;
    }
    *ret =
        m->base_mean == 0 ? 0 : m->difference / (m->base_mean < 0 ? -m->base_mean : m->base_mean);
    return true;
}
