/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/trace-compare.h"

#include <string.h>

#include "observe/result-table.h"
#include "observe/text-table.h"

enum { MIN_SHARE = 100 }; /* a command matters from 1/MIN_SHARE of the CPU time on */

enum quantity { RUN_TIME, SWITCHES, LATENCY_P50, LATENCY_P99, NR_QUANTITIES };
static const struct {
    const char *label, *metric;
    enum result_unit unit;
} quantities[NR_QUANTITIES] = {
    [RUN_TIME] = {"CPU time", "run_ns", RESULT_NS},
    [SWITCHES] = {"switches", "switch_in", RESULT_COUNT},
    [LATENCY_P50] = {"wakeup latency p50", "wakeup_latency_ns.p50", RESULT_NS},
    [LATENCY_P99] = {"wakeup latency p99", "wakeup_latency_ns.p99", RESULT_NS},
};

char *trace_compare_find(const struct workload *w)
{
    g_autofree char *stem = NULL;
    char *path;

    if (w->trace == NULL || w->path == NULL || w->replicas != 1 ||
        !g_str_has_suffix(w->path, ".yaml")) {
        return NULL;
    }
    stem = g_strndup(w->path, strlen(w->path) - strlen(".yaml"));
    path = g_strconcat(stem, ".summary.json", NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_clear_pointer(&path, g_free);
    }
    return path;
}

/* What was recorded; -1 where the record has no such samples. */
static int64_t recorded(const struct trace_command *c, enum quantity q)
{
    switch (q) {
    case RUN_TIME:
        return c->run_ns;
    case SWITCHES:
        return c->switch_in;
    case LATENCY_P50:
        return c->wakeup_latency.n >= 10 ? c->wakeup_latency.p50_ns : -1;
    case LATENCY_P99:
        return c->wakeup_latency.n >= 100 ? c->wakeup_latency.p99_ns : -1;
    case NR_QUANTITIES:
        break;
    }
    return -1;
}

static void add_command(struct text_table *table, const struct trace_command *c, GPtrArray *results)
{
    for (int q = 0; q < NR_QUANTITIES; q++) {
        g_autofree char *name = g_strdup_printf("comm.%s.%s", c->comm, quantities[q].metric);
        int64_t base = recorded(c, (enum quantity)q);

        if (base < 0) {
            continue;
        }
        text_table_add(table, g_strdup(q == 0 ? c->comm : ""));
        text_table_add(table, g_strdup(quantities[q].label));
        text_table_add(table, result_value_human(quantities[q].unit, base));
        for (guint i = 0; i < results->len; i++) {
            const struct result_metric *m = result_metric(results->pdata[i], name);

            text_table_add(table,
                           m != NULL ? result_value_human(m->unit, m->value) : g_strdup("-"));
            text_table_add(table, m != NULL ? result_ratio_human(m->value, base) : g_strdup("-"));
        }
    }
}

/* A replay lasts as long as the recording, and may not come to the end of its work. */
static void add_undone(const struct result *r, GString *out)
{
    const struct result_metric *m = result_metric(r, "replay.undone_ns");

    if (m != NULL && m->value > 0) {
        g_autofree char *undone = result_value_human(m->unit, m->value);

        g_string_append_printf(
            out, "%s: %s of the recorded CPU time was still to do at the end of the span\n",
            r->policy.name, undone);
    }
}

void trace_compare_append(const struct trace_summary *summary, GPtrArray *results, GString *out)
{
    struct text_table table = text_table_new(3 + 2 * (int32_t)results->len);

    text_table_add(&table, g_strdup("command"));
    text_table_add(&table, g_strdup(""));
    text_table_add(&table, g_strdup("recorded"));
    for (guint i = 0; i < results->len; i++) {
        const struct result *r = results->pdata[i];

        text_table_add(&table, g_strdup(r->policy.name));
        text_table_add(&table, g_strdup("ratio"));
    }
    for (int32_t i = 0; i < summary->nr_commands; i++) {
        const struct trace_command *c = &summary->commands[i];

        if (c->run_ns >= summary->run_ns / MIN_SHARE) {
            add_command(&table, c, results);
        }
    }
    g_string_append(out, "\nThe recording, and its replay\n");
    text_table_finish(&table, out);
    for (guint i = 0; i < results->len; i++) {
        add_undone(results->pdata[i], out);
    }
}
