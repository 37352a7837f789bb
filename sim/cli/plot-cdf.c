/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Latency distributions of several results in one picture. */
#include <string.h>

#include "base/error.h"
#include "cli/plot-kinds.h"
#include "observe/result-table.h"

/* The histogram that a picture shows unless it is told: what is nearest to the user. */
static const char *const preferred[] = {"request_latency_ns.", "measure_ns.", "wakeup_latency_ns",
                                        NULL};

static const char *choose_metric(const struct result *r)
{
    for (size_t i = 0; preferred[i] != NULL; i++) {
        for (int32_t k = 0; k < r->nr_histograms; k++) {
            if (r->histograms[k].count > 0 &&
                g_str_has_prefix(r->histograms[k].name, preferred[i])) {
                return r->histograms[k].name;
            }
        }
    }
    return r->nr_histograms > 0 ? r->histograms[0].name : NULL;
}

static bool fail_missing(const struct plot_input *input, const char *metric, GError **error)
{
    const struct result *r = input->result;
    g_autofree const char **names = g_new0(const char *, (gsize)r->nr_histograms + 1);
    const char *nearest;
    int32_t nr = 0;

    for (int32_t i = 0; i < r->nr_histograms; i++) {
        if (r->histograms[i].count > 0) {
            names[nr++] = r->histograms[i].name;
        }
    }
    if (nr == 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s: %s", input->path,
                    r->nr_histograms > 0
                        ? "nothing was measured, for no histogram has samples"
                        : "no histograms in it, as in those of a baseline; expected a result of "
                          "`numasim run` or `study`");
        return false;
    }
    nearest = error_nearest(metric, names);
    g_autofree char *list = g_strjoinv(", ", (char **)(guintptr)names);

    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "%s: no histogram '%s' with samples; expected one of %s%s%s%s", input->path, metric,
                list, nearest != NULL ? " (did you mean '" : "", nearest != NULL ? nearest : "",
                nearest != NULL ? "'?)" : "");
    return false;
}

/* One line to a bucket: its bound, samples up to it, samples in all. */
static void append_data(struct plot *p, int32_t i, const struct result_histogram *h, int64_t low)
{
    uint64_t below = 0;

    g_assert(h != NULL);
    g_string_append_printf(p->script,
                           "$data%d << EOD\n%" G_GINT64_FORMAT " 0 %" G_GUINT64_FORMAT "\n", i + 1,
                           low, h->count);
    for (uint32_t k = 0; k < h->nr_buckets; k++) {
        below += h->buckets[k].count;
        g_string_append_printf(p->script,
                               "%" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
                               MAX(h->buckets[k].bound, low), below, h->count);
    }
    g_string_append(p->script, "EOD\n");
}

int64_t plot_percentile(const struct result_histogram *h, uint64_t ppm)
{
    g_assert(h != NULL);
    uint64_t below = 0, wanted = (h->count * ppm + 999999) / 1000000;

    for (uint32_t k = 0; k < h->nr_buckets; k++) {
        below += h->buckets[k].count;
        if (below >= wanted) {
            return MIN(h->buckets[k].bound, h->max);
        }
    }
    return h->max;
}

/* "p99 of wakeup latency: 41us with linux-6.12, 3.1ms with fifo-none"; of more than two results, the
 * lowest and the highest. */
void plot_find_tail(struct plot *p, const struct result_histogram *const *h, const char *quantity)
{
    uint64_t count = UINT64_MAX;
    int64_t values[PLOT_MAX_RESULTS] = {0};
    int32_t low = 0, high = 0;

    for (int32_t i = 0; i < p->nr_inputs; i++) {
        count = MIN(count, h[i]->count);
    }
    for (int32_t i = 0; i < p->nr_inputs; i++) {
        values[i] = plot_percentile(h[i], count >= 100 ? 990000 : 500000);
        low = values[i] < values[low] ? i : low;
        high = values[i] >= values[high] ? i : high;
    }
    g_autofree char *least = result_value_human(RESULT_NS, values[low]);
    g_autofree char *most = result_value_human(RESULT_NS, values[high]);

    g_string_append_printf(p->finding, "%s of %s: %s with %s", count >= 100 ? "p99" : "Median",
                           quantity, least, p->inputs[low].label);
    if (high != low) {
        g_string_append_printf(p->finding, "%s %s with %s", p->nr_inputs > 2 ? " to" : ",", most,
                               p->inputs[high].label);
    }
}

char *plot_quantity(const char *metric)
{
    const char *at = strstr(metric, "_ns");
    g_autofree char *stem = at != NULL ? g_strndup(metric, (gsize)(at - metric)) : g_strdup(metric);
    const char *rest = at != NULL && at[3] == '.' ? at + 4 : NULL;

    g_strdelimit(stem, "_", ' ');
    return rest != NULL ? g_strdup_printf("%s (%s)", stem, rest) : g_strdup(stem);
}

static void set_range(struct plot *p, const struct result_histogram *const *h, int64_t *ret_low)
{
    int64_t min = INT64_MAX, max = 1, low = 1, high = 10;

    for (int32_t i = 0; i < p->nr_inputs; i++) {
        g_assert(h[i] != NULL);
        /* A few extremes far below the rest would leave it little room. */
        min = MIN(min, MAX(plot_percentile(h[i], 1000), 1));
        max = MAX(max, h[i]->max);
    }
    while (low * 10 <= min) {
        low *= 10;
    }
    while (high < max) {
        high *= 10;
    }
    plot_set_int(p, "low", low);
    plot_set_int(p, "high", MAX(high, low * 10));
    *ret_low = low;
}

bool plot_latencies(const struct plot *p, const struct result_histogram **ret,
                    const char **ret_name, GError **error)
{
    const char *metric = p->metric != NULL ? p->metric : choose_metric(p->inputs[0].result);

    g_assert(p->nr_inputs > 0);
    for (int32_t i = 0; i < p->nr_inputs; i++) {
        ret[i] = metric != NULL ? result_histogram(p->inputs[i].result, metric) : NULL;
        if (ret[i] == NULL || ret[i]->count == 0) {
            return fail_missing(&p->inputs[i], metric != NULL ? metric : "", error);
        }
    }
    *ret_name = metric;
    return true;
}

bool plot_cdf(struct plot *p, GError **error)
{
    const struct result_histogram *h[PLOT_MAX_RESULTS] = {NULL};
    const char *metric = NULL;
    int64_t low = 1;

    if (!plot_latencies(p, h, &metric, error)) {
        return false;
    }
    g_autofree char *quantity = plot_quantity(metric);
    g_autofree char *axis = g_strdup_printf("%s, logarithmic", quantity);

    plot_find_tail(p, h, quantity);
    g_string_append_printf(p->detail, "%" G_GUINT64_FORMAT " samples with %s", h[0]->count,
                           p->inputs[0].label);
    for (int32_t i = 1; i < p->nr_inputs; i++) {
        g_string_append_printf(p->detail, ", %" G_GUINT64_FORMAT " with %s", h[i]->count,
                               p->inputs[i].label);
    }
    p->width = 900;
    p->height = 520;
    plot_set_text(p, "quantity", axis);
    set_range(p, h, &low);
    for (int32_t i = 0; i < p->nr_inputs; i++) {
        append_data(p, i, h[i], low);
    }
    return true;
}
