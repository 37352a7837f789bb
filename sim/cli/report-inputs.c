/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was simulated: the results, and the inputs and parameters in which they differ. */
#include <string.h>

#include "cli/html.h"
#include "cli/report.h"
#include "observe/result-table.h"

void report_overview(struct report *r)
{
    static const char *const heads[] = {"Result", "Policy", "Machine", "Workload", "From",
                                        "Digest", "Seeds",  "Time",    "Warmup",   NULL};

    html_table_begin(r->out, heads, 6);
    for (int32_t i = 0; i < r->nr; i++) {
        const struct result *x = r->inputs[i].result;
        guint seeds = r->sides[i].results->len;
        g_autofree char *workloads = result_workload_name(x);
        g_autofree char *overrides = g_strjoinv(" ", x->overrides);
        g_autofree char *policy =
            g_strconcat(x->policy.name, overrides[0] != '\0' ? " " : "", overrides, NULL);
        g_autofree char *digest = g_strndup(x->digest, 12);
        g_autofree char *end = result_value_human(RESULT_NS, x->end_ns);
        g_autofree char *warmup = result_value_human(RESULT_NS, x->warmup_ns);
        g_autofree char *seed = seeds > 1 ? g_strdup_printf("%u", seeds)
                                          : g_strdup_printf("1 (%" G_GUINT64_FORMAT ")", x->seed);

        g_string_append(r->out, "<tr>");
        html_cell(r->out, r->inputs[i].label);
        html_cell(r->out, policy);
        html_cell(r->out, x->topology.name);
        html_cell(r->out, workloads);
        html_cell(r->out, r->inputs[i].path);
        html_cell(r->out, digest);
        html_cell_number(r->out, seeds, seed, NULL);
        html_cell_number(r->out, (double)x->end_ns, end, NULL);
        html_cell_number(r->out, (double)x->warmup_ns, warmup, NULL);
        g_string_append(r->out, "</tr>\n");
    }
    html_table_end(r->out);
}

/* ------------------------------------------------------------------------------------------- */
/* Inputs and parameters                                                                        */

/* Names with a value to each side, in the order in which they were first seen. */
struct rows {
    GPtrArray *names;   /* owned */
    GHashTable *values; /* name, borrowed, to char *[nr] */
    int32_t nr;
};

static void put(struct rows *rows, int32_t side, const char *name, const char *value)
{
    char **values = g_hash_table_lookup(rows->values, name);

    if (values == NULL) {
        char *own = g_strdup(name);

        values = g_new0(char *, (gsize)rows->nr + 1);
        g_ptr_array_add(rows->names, own);
        g_hash_table_insert(rows->values, own, values);
    }
    g_free(values[side]);
    values[side] = g_strdup(value);
}

static void put_params(struct rows *rows, int32_t side, const char *owner,
                       const struct result_param *params, int32_t nr)
{
    for (int32_t i = 0; i < nr; i++) {
        g_autofree char *name = g_strdup_printf("%s: %s", owner, params[i].name);

        put(rows, side, name, params[i].value);
    }
}

static void put_input(struct rows *rows, int32_t side, const char *kind,
                      const struct result_input *input)
{
    g_autofree char *digest = g_strdup_printf("%s, digest", kind);

    put(rows, side, kind, input->name);
    put(rows, side, digest, input->digest);
}

/* A plugin is known by what it does, so that those of two sets stand in one row. */
static void put_plugins(struct rows *rows, int32_t side, const struct result *x)
{
    for (int32_t i = 0; i < x->nr_plugins; i++) {
        const struct result_plugin *plugin = &x->plugins[i];
        g_autofree char *version = g_strdup_printf("%s %s", plugin->name, plugin->version);

        for (char **role = plugin->roles; *role != NULL; role++) {
            g_autofree char *name = g_strdup_printf("role %s", *role);

            put(rows, side, name, version);
        }
        put_params(rows, side, plugin->name, plugin->params, plugin->nr_params);
    }
}

static void put_result(struct rows *rows, int32_t side, const struct result *x)
{
    g_autofree char *overrides = g_strjoinv(" ", x->overrides);
    g_autofree char *duration = result_value_human(RESULT_NS, x->duration_ns);
    g_autofree char *warmup = result_value_human(RESULT_NS, x->warmup_ns);

    put_input(rows, side, "machine", &x->topology);
    for (int32_t i = 0; i < x->nr_workloads; i++) {
        g_autofree char *kind = g_strdup_printf("workload %d", i + 1);
        g_autofree char *replicas = g_strdup_printf("%d", MAX(x->workloads[i].replicas, 1));
        g_autofree char *name = g_strdup_printf("%s, replicas", kind);

        put_input(rows, side, kind, &x->workloads[i]);
        put(rows, side, name, replicas);
    }
    put_input(rows, side, "policy", &x->policy);
    put(rows, side, "--set", overrides);
    put(rows, side, "kernel's rules", x->kernel);
    put(rows, side, "duration", x->duration_ns > 0 ? duration : "until all exited");
    put(rows, side, "warmup", warmup);
    put(rows, side, "numasim", x->version);
    put_plugins(rows, side, x);
    put_params(rows, side, "host", x->host, x->nr_host);
}

enum row { ROW_COMMON, ROW_DIFFERS, ROW_PARTIAL }; /* partial: some have no such parameter */

static enum row row_of(char *const *values, int32_t nr)
{
    enum row row = ROW_COMMON;

    for (int32_t i = 0; i < nr; i++) {
        if (values[i] == NULL) {
            return ROW_PARTIAL;
        }
        row = strcmp(values[i], values[0]) != 0 ? ROW_DIFFERS : row;
    }
    return row;
}

static int32_t nr_rows(const struct rows *rows, enum row row)
{
    int32_t nr = 0;

    for (guint i = 0; i < rows->names->len; i++) {
        char *const *values = g_hash_table_lookup(rows->values, rows->names->pdata[i]);

        nr += row_of(values, rows->nr) == row;
    }
    return nr;
}

static void append_rows(struct report *r, const struct rows *rows, enum row row)
{
    const char *heads[PLOT_MAX_RESULTS + 2] = {"Input or parameter"};
    int32_t nr_values = row == ROW_COMMON ? 1 : rows->nr;

    for (int32_t i = 0; i < nr_values; i++) {
        heads[i + 1] = row == ROW_COMMON ? "Value" : r->inputs[i].label;
    }
    html_table_begin(r->out, heads, (gsize)nr_values + 1);
    for (guint i = 0; i < rows->names->len; i++) {
        char *const *values = g_hash_table_lookup(rows->values, rows->names->pdata[i]);

        if (row_of(values, rows->nr) != row) {
            continue;
        }
        g_string_append(r->out, "<tr>");
        html_cell(r->out, rows->names->pdata[i]);
        for (int32_t k = 0; k < nr_values; k++) {
            html_cell(r->out, values[k] != NULL ? values[k] : "–");
        }
        g_string_append(r->out, "</tr>\n");
    }
    html_table_end(r->out);
}

static void append_folded(struct report *r, const struct rows *rows, enum row row, const char *what)
{
    int32_t nr = nr_rows(rows, row);

    if (nr > 0) {
        g_string_append_printf(r->out, "<details><summary>%s: %d</summary>\n", what, nr);
        append_rows(r, rows, row);
        g_string_append(r->out, "</details>\n");
    }
}

static void rows_release(struct rows *rows)
{
    for (guint i = 0; i < rows->names->len; i++) {
        char **values = g_hash_table_lookup(rows->values, rows->names->pdata[i]);

        for (int32_t k = 0; k < rows->nr; k++) {
            g_free(values[k]);
        }
        g_free(values);
    }
    g_hash_table_unref(rows->values);
    g_ptr_array_unref(rows->names);
}

void report_inputs(struct report *r)
{
    struct rows rows = {.names = g_ptr_array_new_with_free_func(g_free),
                        .values = g_hash_table_new(g_str_hash, g_str_equal),
                        .nr = r->nr};

    for (int32_t i = 0; i < r->nr; i++) {
        put_result(&rows, i, r->inputs[i].result);
    }
    g_string_append(r->out, "<h2 id=\"inputs\">Inputs and parameters</h2>\n");
    if (nr_rows(&rows, ROW_DIFFERS) > 0) {
        html_element(r->out, "p", "note", "In which the results differ:");
        append_rows(r, &rows, ROW_DIFFERS);
    } else if (r->nr > 1) {
        html_element(r->out, "p", "note", "The results differ in no input or parameter.");
    }
    append_folded(r, &rows, ROW_PARTIAL, "What some of them do not have");
    append_folded(r, &rows, ROW_COMMON, r->nr > 1 ? "What all have in common" : "All of them");
    rows_release(&rows);
}
