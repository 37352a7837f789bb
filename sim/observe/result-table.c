/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/result-table.h"

#include <stdlib.h>
#include <string.h>

#include "base/fixed.h"
#include "base/units.h"
#include "observe/text-table.h"

/* What a latency has, in the order of its columns. */
static const char *const latency_parts[] = {"count", "mean",  "p50", "p90",
                                            "p99",   "p99.9", "max", NULL};
static const char *const latency_stems[] = {"request_latency_ns", "request_wait_ns", "measure_ns",
                                            "wakeup_latency_ns",  "run_delay_ns",    NULL};

/* The other groups: metrics that begin so, in this order. */
static const struct {
    const char *title;
    const char *prefixes[9];
} groups[] = {
    {"throughput", {"throughput."}},
    {"completion", {"completion."}},
    {"CPU",
     {"cpu.utilisation", "cpu.overhead_ratio", "cpu.wasted_ratio", "cpu.wasted_ns",
      "context_switches", "preemptions", "wakeups", "forks"}},
    {"migrations", {"migrations."}},
    {"memory", {"memory."}},
};

/* ------------------------------------------------------------------------------------------- */
/* Values                                                                                       */

static char *human_milli(int64_t milli, const char *suffix)
{
    if (milli >= 100000 || milli % 1000 == 0) {
        return g_strdup_printf("%" G_GINT64_FORMAT "%s", (milli + 500) / 1000, suffix);
    }
    return g_strdup_printf("%" G_GINT64_FORMAT ".%02" G_GINT64_FORMAT "%s", milli / 1000,
                           milli % 1000 / 10, suffix);
}

char *result_value_human(enum result_unit unit, int64_t value)
{
    if (value < 0) {
        g_autofree char *positive = result_value_human(unit, -value);

        return g_strconcat("-", positive, NULL);
    }
    switch (unit) {
    case RESULT_NS:
        return units_format_human(value, UNIT_NS);
    case RESULT_BYTES:
        return units_format_human(value, UNIT_BYTES);
    case RESULT_BYTES_PER_S:
        return units_format_human(value, UNIT_BYTES_PER_S);
    case RESULT_RATIO:
        return g_strdup_printf("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT "%%", (value + 500) / 10000,
                               (value + 500) % 10000 / 1000);
    case RESULT_PER_S:
        return human_milli(value, "/s");
    default:
        return g_strdup_printf("%" G_GINT64_FORMAT, value);
    }
}

char *result_ratio_human(int64_t value, int64_t base)
{
    if (base <= 0 || value < 0) {
        return g_strdup(value == base ? "1.00x" : "-");
    }
    uint128 hundredths = ((uint128)(uint64_t)value * 100 + (uint64_t)base / 2) / (uint64_t)base;

    if (hundredths > UINT64_C(100000000)) {
        return g_strdup(">1000000x");
    }
    return g_strdup_printf("%" G_GUINT64_FORMAT ".%02" G_GUINT64_FORMAT "x",
                           (uint64_t)hundredths / 100, (uint64_t)hundredths % 100);
}

static char *human(const struct result_metric *metric)
{
    return metric != NULL ? result_value_human(metric->unit, metric->value) : g_strdup("-");
}

/* ------------------------------------------------------------------------------------------- */
/* Rows                                                                                         */

struct table {
    const struct result *const *results;
    int32_t nr_results;
    const char *const *labels;
    GString *out;
};

static int32_t nr_columns(const struct table *t)
{
    return 1 + t->nr_results + (t->nr_results - 1);
}

/* The head of a group: its title and the results' labels. */
static struct text_table begin_group(const struct table *t, const char *title)
{
    struct text_table text = text_table_new(nr_columns(t));

    text_table_add(&text, g_strdup(title));
    for (int32_t i = 0; i < t->nr_results; i++) {
        const char *label = t->labels != NULL ? t->labels[i] : t->results[i]->policy.name;

        text_table_add(&text, g_strdup(t->nr_results > 1 ? label : ""));
        if (i > 0) {
            text_table_add(&text, g_strdup("ratio"));
        }
    }
    return text;
}

/* True for metrics of which a zero says nothing: reasons and levels that never came, memory unused. */
static bool hidden_if_zero(const char *name)
{
    return g_str_has_prefix(name, "memory.") || g_str_has_prefix(name, "migrations.reason.") ||
           strcmp(name, "migrations.none") == 0;
}

/* One metric of all results; nothing if none has it, or none has anything to say of it. */
static bool add_row(const struct table *t, struct text_table *text, const char *name)
{
    bool any = false;

    for (int32_t i = 0; i < t->nr_results; i++) {
        const struct result_metric *metric = result_metric(t->results[i], name);

        any = any || (metric != NULL && (metric->value != 0 || !hidden_if_zero(name)));
    }
    if (!any) {
        return false;
    }
    text_table_add(text, g_strconcat("  ", name, NULL));
    const struct result_metric *base = result_metric(t->results[0], name);

    for (int32_t i = 0; i < t->nr_results; i++) {
        const struct result_metric *metric = result_metric(t->results[i], name);

        text_table_add(text, human(metric));
        if (i > 0) {
            text_table_add(text, metric != NULL && base != NULL
                                     ? result_ratio_human(metric->value, base->value)
                                     : g_strdup("-"));
        }
    }
    return true;
}

static void end_group(const struct table *t, struct text_table *text, bool any)
{
    if (!any) {
        g_ptr_array_unref(text->cells);
        return;
    }
    if (t->out->len > 0) {
        g_string_append_c(t->out, '\n');
    }
    text_table_finish(text, t->out);
}

/* True iff @name is the first such name among the results before @result and this one. */
static bool is_first(const struct table *t, int32_t result, const char *name)
{
    for (int32_t i = 0; i < result; i++) {
        if (result_metric(t->results[i], name) != NULL) {
            return false;
        }
    }
    return true;
}

static void group_table(const struct table *t, size_t group)
{
    struct text_table text = begin_group(t, groups[group].title);
    bool any = false;

    for (size_t p = 0; groups[group].prefixes[p] != NULL; p++) {
        const char *prefix = groups[group].prefixes[p];

        for (int32_t i = 0; i < t->nr_results; i++) {
            const struct result *r = t->results[i];

            for (int32_t m = 0; m < r->nr_metrics; m++) {
                const char *name = r->metrics[m].name;

                if (g_str_has_prefix(name, prefix) && is_first(t, i, name)) {
                    any = add_row(t, &text, name) || any;
                }
            }
        }
    }
    end_group(t, &text, any);
}

/* ------------------------------------------------------------------------------------------- */
/* Latencies                                                                                    */

/*
 * "request_latency_ns.NAME" of the metric "request_latency_ns.NAME.max" if it is @stem's; NULL
 * otherwise. The maximum is there whenever there are samples.
 */
static char *latency_name(const char *metric, const char *stem)
{
    gsize length = strlen(stem);

    if (strncmp(metric, stem, length) != 0 || metric[length] != '.' ||
        !g_str_has_suffix(metric, ".max")) {
        return NULL;
    }
    return g_strndup(metric, strlen(metric) - strlen(".max"));
}

/* The latencies of all results in the order of latency_stems and then of their names. */
static GPtrArray *latency_names(const struct table *t)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    for (size_t s = 0; latency_stems[s] != NULL; s++) {
        for (int32_t i = 0; i < t->nr_results; i++) {
            const struct result *r = t->results[i];

            for (int32_t m = 0; m < r->nr_metrics; m++) {
                char *name = is_first(t, i, r->metrics[m].name)
                                 ? latency_name(r->metrics[m].name, latency_stems[s])
                                 : NULL;

                if (name != NULL) {
                    g_ptr_array_add(names, name);
                }
            }
        }
    }
    return names;
}

/* One result: a row to a latency, a column to a percentile. */
static void latency_table(const struct table *t, const GPtrArray *names)
{
    struct text_table text = text_table_new(1 + (int32_t)G_N_ELEMENTS(latency_parts) - 1);

    text_table_add(&text, g_strdup("latency"));
    for (size_t p = 0; latency_parts[p] != NULL; p++) {
        text_table_add(&text, g_strdup(latency_parts[p]));
    }
    for (guint i = 0; i < names->len; i++) {
        text_table_add(&text, g_strconcat("  ", names->pdata[i], NULL));
        for (size_t p = 0; latency_parts[p] != NULL; p++) {
            g_autofree char *name =
                g_strdup_printf("%s.%s", (char *)names->pdata[i], latency_parts[p]);

            text_table_add(&text, human(result_metric(t->results[0], name)));
        }
    }
    end_group(t, &text, names->len > 0);
}

/* Several results: a row to each percentile. */
static void latency_rows(const struct table *t, const GPtrArray *names)
{
    struct text_table text = begin_group(t, "latency");
    bool any = false;

    for (guint i = 0; i < names->len; i++) {
        for (size_t p = 0; latency_parts[p] != NULL; p++) {
            g_autofree char *name =
                g_strdup_printf("%s.%s", (char *)names->pdata[i], latency_parts[p]);

            any = add_row(t, &text, name) || any;
        }
    }
    end_group(t, &text, any);
}

/* ------------------------------------------------------------------------------------------- */
/* Commands                                                                                     */

struct command {
    char *prefix; /* "comm.NAME." */
    int64_t run_ns;
};

static int compare_commands(const void *a, const void *b)
{
    const struct command *x = a, *y = b;

    if (x->run_ns != y->run_ns) {
        return x->run_ns > y->run_ns ? -1 : 1;
    }
    return strcmp(x->prefix, y->prefix);
}

static void command_row(const struct result *r, struct text_table *text, const struct command *c)
{
    static const char *const columns[] = {"tasks",
                                          "run_ns",
                                          "switch_in",
                                          "preempted",
                                          "wakeups",
                                          "migrations",
                                          "wakeup_latency_ns.p50",
                                          "wakeup_latency_ns.p99",
                                          "wakeup_latency_ns.max",
                                          "memory.local_access_ratio"};
    gsize stem = strlen("comm.");

    text_table_add(
        text, g_strdup_printf("  %.*s", (int)(strlen(c->prefix) - stem - 1), c->prefix + stem));
    for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
        g_autofree char *name = g_strconcat(c->prefix, columns[i], NULL);

        text_table_add(text, human(result_metric(r, name)));
    }
}

static void command_table(const struct table *t)
{
    static const char *const head[] = {"command",   "tasks",   "run",        "switches",
                                       "preempted", "wakeups", "migrations", "wakeup p50",
                                       "p99",       "max",     "local"};
    const struct result *r = t->results[0];
    g_autoptr(GArray) commands = g_array_new(FALSE, FALSE, sizeof(struct command));

    for (int32_t i = 0; i < r->nr_metrics; i++) {
        const char *name = r->metrics[i].name;

        if (g_str_has_prefix(name, "comm.") && g_str_has_suffix(name, ".run_ns")) {
            struct command c = {g_strndup(name, strlen(name) - strlen("run_ns")),
                                r->metrics[i].value};

            g_array_append_val(commands, c);
        }
    }
    if (commands->len > 0) {
        qsort(commands->data, commands->len, sizeof(struct command), compare_commands);
    }
    struct text_table text = text_table_new(G_N_ELEMENTS(head));

    for (size_t i = 0; i < G_N_ELEMENTS(head); i++) {
        text_table_add(&text, g_strdup(head[i]));
    }
    for (guint i = 0; i < commands->len; i++) {
        struct command *c = &g_array_index(commands, struct command, i);

        if (i < RESULT_TABLE_COMMANDS) {
            command_row(r, &text, c);
        }
        g_free(c->prefix);
    }
    end_group(t, &text, commands->len > 0);
    if (commands->len > RESULT_TABLE_COMMANDS) {
        g_string_append_printf(t->out, "    and %u more in result.json\n",
                               commands->len - RESULT_TABLE_COMMANDS);
    }
}

char *result_table(const struct result *const *results, int32_t nr_results,
                   const char *const *labels)
{
    struct table t = {results, nr_results, labels, g_string_new(NULL)};
    g_autoptr(GPtrArray) names = latency_names(&t);

    if (nr_results == 1) {
        latency_table(&t, names);
    } else {
        latency_rows(&t, names);
    }
    for (size_t group = 0; group < G_N_ELEMENTS(groups); group++) {
        group_table(&t, group);
    }
    if (nr_results == 1) {
        command_table(&t);
    }
    return g_string_free(t.out, FALSE);
}
