/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fixed.h"
#include "base/significance.h"
#include "observe/compare-pairs.h"

/* The level of p; and the part of the base's mean within which an interval counts as no change. */
#define LEVEL       0.05
#define SAME_WITHIN 0.01

const char *compare_verdict_name(enum compare_verdict verdict)
{
    static const char *const names[] = {"same", "better", "worse", "different", "unclear"};

    return names[verdict];
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

/* Places of @items: of one side in one group. */
struct runs {
    GArray *items;
    guint from;
    uint32_t nr;
};

static const struct result *run_at(const struct runs *runs, uint32_t i)
{
    return compare_item_at(runs->items, runs->from + i)->result;
}

/* The values of @name; NULL if a run does not have it, and that does not mean 0. */
static int64_t *values_of(const struct runs *runs, const char *name)
{
    g_autofree int64_t *values = g_new(int64_t, runs->nr);
    bool or_zero = compare_absent_is_zero(name);

    for (uint32_t i = 0; i < runs->nr; i++) {
        const struct result_metric *m = result_metric(run_at(runs, i), name);

        if (m == NULL && !or_zero) {
            return NULL;
        }
        values[i] = m != NULL ? m->value : 0;
    }
    return g_steal_pointer(&values);
}

static int compare_metric_names(gconstpointer a, gconstpointer b)
{
    const struct result_metric *x = *(const struct result_metric *const *)a;
    const struct result_metric *y = *(const struct result_metric *const *)b;

    return strcmp(x->name, y->name);
}

/* One of each name (struct result_metric *) that some run of either side has and @patterns want. */
static GPtrArray *wanted_of(const struct runs sides[2], const char *const *patterns)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *wanted = g_ptr_array_new();

    for (int side = 0; side < 2; side++) {
        for (uint32_t i = 0; i < sides[side].nr; i++) {
            const struct result *r = run_at(&sides[side], i);

            for (int32_t m = 0; m < r->nr_metrics; m++) {
                if (g_hash_table_add(seen, r->metrics[m].name) &&
                    is_wanted(r->metrics[m].name, patterns)) {
                    g_ptr_array_add(wanted, &r->metrics[m]);
                }
            }
        }
    }
    g_ptr_array_sort(wanted, compare_metric_names);
    return wanted;
}

/* Puts @like where it belongs: among the metrics of two sides, or the lone ones. */
static void add_metric(const struct runs sides[2], const struct result_metric *like,
                       GArray *metrics, GArray *lone)
{
    uint32_t nr = sides[0].nr;
    g_autofree int64_t *a = values_of(&sides[0], like->name);
    g_autofree int64_t *b = values_of(&sides[1], like->name);

    if (a == NULL || b == NULL) {
        struct compare_lone l = {g_strdup(like->name),
                                 like->unit,
                                 {a != NULL, b != NULL},
                                 {a != NULL ? mean_of(a, nr) : 0, b != NULL ? mean_of(b, nr) : 0}};

        g_array_append_val(lone, l);
        return;
    }
    struct compare_metric m = {.name = g_strdup(like->name),
                               .unit = like->unit,
                               .goodness = compare_goodness(like->name),
                               .base = g_steal_pointer(&a),
                               .new_ = g_steal_pointer(&b)};

    measure(&m, nr);
    g_array_append_val(metrics, m);
}

static void add_group(struct comparison *c, GArray *base, GArray *new_, guint from, uint32_t nr,
                      bool by_policy, const char *const *patterns)
{
    const struct compare_item *first = compare_item_at(base, from);
    const struct runs sides[2] = {{base, from, nr}, {new_, from, nr}};
    g_autoptr(GPtrArray) wanted = wanted_of(sides, patterns);
    g_autoptr(GArray) metrics = g_array_new(FALSE, FALSE, sizeof(struct compare_metric));
    g_autoptr(GArray) lone = g_array_new(FALSE, FALSE, sizeof(struct compare_lone));
    struct compare_group group = {
        .topology = g_strdup(first->result->topology.name),
        .workload = g_strdup(first->workload),
        .policy = by_policy ? g_strdup(first->policy) : NULL,
        .seeds = g_new(uint64_t, nr),
        .nr_seeds = nr,
    };

    for (uint32_t i = 0; i < nr; i++) {
        group.seeds[i] = run_at(&sides[0], i)->seed;
    }
    for (guint i = 0; i < wanted->len; i++) {
        add_metric(sides, wanted->pdata[i], metrics, lone);
    }
    group.nr_metrics = metrics->len;
    group.metrics = (struct compare_metric *)(void *)g_array_steal(metrics, NULL);
    group.nr_lone = lone->len;
    group.lone = (struct compare_lone *)(void *)g_array_steal(lone, NULL);
    c->groups = g_renew(struct compare_group, c->groups, (gsize)c->nr_groups + 1);
    c->groups[c->nr_groups++] = group;
    c->exact = c->exact && nr == 1;
}

static void add_groups(struct comparison *c, GArray *base, GArray *new_, bool by_policy,
                       const char *const *patterns)
{
    for (guint from = 0, to; from < base->len; from = to) {
        for (to = from + 1;
             to < base->len && compare_item_places(compare_item_at(base, from),
                                                   compare_item_at(base, to), by_policy) == 0;
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
        for (uint32_t i = 0; i < c->groups[g].nr_lone; i++) {
            if (g_pattern_match_simple(pattern, c->groups[g].lone[i].name)) {
                return true;
            }
        }
    }
    g_autofree char *near = comparison_suggest(c, pattern);

    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "no metric is called '%s'; expected one of result.json's, or a pattern with * and "
                "?%s",
                pattern, near);
    return false;
}

char *comparison_suggest(const struct comparison *c, const char *name)
{
    const char *near = error_nearest(name, (const char *const *)c->names);

    return near != NULL ? g_strdup_printf(" (did you mean '%s'?)", near) : g_strdup("");
}

static void add_names(GArray *items, GHashTable *seen, GPtrArray *names)
{
    for (guint i = 0; i < items->len; i++) {
        const struct result *r = compare_item_at(items, i)->result;

        for (int32_t m = 0; m < r->nr_metrics; m++) {
            if (g_hash_table_add(seen, r->metrics[m].name)) {
                g_ptr_array_add(names, g_strdup(r->metrics[m].name));
            }
        }
    }
}

/* The names of all metrics of two sides, each once, in the order in which they are met. */
static char **all_names(GArray *base, GArray *new_)
{
    GPtrArray *names = g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    add_names(base, seen, names);
    add_names(new_, seen, names);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

static struct comparison *compare_sides(const struct compare_side *base,
                                        const struct compare_side *new_,
                                        const char *const *patterns,
                                        struct compare_unpaired *unpaired, GError **error)
{
    g_autoptr(GArray) a = compare_items_new(base);
    g_autoptr(GArray) b = compare_items_new(new_);
    bool by_policy = compare_items_differ(a) || compare_items_differ(b);
    const struct compare_side *empty = base->nr == 0 ? base : new_->nr == 0 ? new_ : NULL;

    if (empty != NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: no result in it; expected a result.json, or folders with some",
                    empty->label);
        return NULL;
    }
    if (!compare_items_sort(a, by_policy, error) || !compare_items_sort(b, by_policy, error)) {
        return NULL;
    }
    if (unpaired != NULL) {
        compare_items_take_unpaired(a, b, by_policy, unpaired);
    } else if (!compare_items_check(a, b, base, new_, by_policy, error)) {
        return NULL;
    }
    g_autoptr(comparison_t) c = g_new0(struct comparison, 1);

    c->base_label = g_strdup(base->label);
    c->new_label = g_strdup(new_->label);
    c->exact = true;
    c->names = all_names(a, b);
    c->chosen = patterns != NULL && patterns[0] != NULL;
    add_groups(c, a, b, by_policy, patterns);
    judge_all(c);
    add_means(c);
    return g_steal_pointer(&c);
}

struct comparison *compare_results(const struct compare_side *base, const struct compare_side *new_,
                                   const char *const *patterns, GError **error)
{
    return compare_sides(base, new_, patterns, NULL, error);
}

struct comparison *compare_common(const struct compare_side *base, const struct compare_side *new_,
                                  const char *const *patterns, struct compare_unpaired *ret,
                                  GError **error)
{
    *ret = (struct compare_unpaired){g_ptr_array_new_with_free_func(g_free),
                                     g_ptr_array_new_with_free_func(g_free),
                                     g_ptr_array_new_with_free_func(g_free)};
    struct comparison *c = compare_sides(base, new_, patterns, ret, error);

    if (c == NULL) {
        compare_unpaired_release(ret);
    }
    return c;
}

void compare_unpaired_release(struct compare_unpaired *u)
{
    g_clear_pointer(&u->dropped, g_ptr_array_unref);
    g_clear_pointer(&u->added, g_ptr_array_unref);
    g_clear_pointer(&u->changed, g_ptr_array_unref);
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
        for (uint32_t i = 0; i < group->nr_lone; i++) {
            g_free(group->lone[i].name);
        }
        g_free(group->lone);
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
    g_strfreev(c->names);
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
