/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing a result: its JSON, its series as CSV, and its folder. */
#include <string.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/output.h"
#include "observe/json.h"
#include "observe/result.h"

static void write_value(struct json_out *out, const char *name, enum result_unit unit,
                        int64_t value)
{
    json_raw(out, name);
    result_value_append(out->text, unit, value);
}

static void write_input(struct json_out *out, const char *name, const struct result_input *input)
{
    json_object_begin(out, name, true);
    json_string(out, "name", input->name);
    json_string(out, "digest", input->digest);
    if (input->replicas > 0) {
        json_int(out, "replicas", input->replicas);
    }
    json_object_end(out);
}

static void write_params(struct json_out *out, const char *name, const struct result_param *params,
                         int32_t nr)
{
    json_object_begin(out, name, false);
    for (int32_t i = 0; i < nr; i++) {
        json_string(out, params[i].name, params[i].value);
    }
    json_object_end(out);
}

static void write_plugin(struct json_out *out, const struct result_plugin *p)
{
    json_object_begin(out, NULL, false);
    json_string(out, "name", p->name);
    json_string(out, "version", p->version);
    json_string(out, "source_hash", p->source_hash);
    json_strings(out, "roles", p->roles);
    write_params(out, "params", p->params, p->nr_params);
    json_object_end(out);
}

static void write_inputs(struct json_out *out, const struct result *r)
{
    json_object_begin(out, "inputs", false);
    json_string(out, "kernel", r->kernel);
    write_input(out, "topology", &r->topology);
    json_array_begin(out, "workloads", false);
    for (int32_t i = 0; i < r->nr_workloads; i++) {
        write_input(out, NULL, &r->workloads[i]);
    }
    json_array_end(out);
    write_input(out, "policy", &r->policy);
    json_strings(out, "overrides", r->overrides);
    json_array_begin(out, "plugins", false);
    for (int32_t i = 0; i < r->nr_plugins; i++) {
        write_plugin(out, &r->plugins[i]);
    }
    json_array_end(out);
    write_params(out, "host", r->host, r->nr_host);
    json_object_end(out);
}

static void write_metrics(struct json_out *out, const struct result *r)
{
    json_object_begin(out, "metrics", false);
    for (int32_t i = 0; i < r->nr_metrics; i++) {
        const struct result_metric *metric = &r->metrics[i];

        json_object_begin(out, metric->name, true);
        write_value(out, "value", metric->unit, metric->value);
        json_string(out, "unit", result_unit_name(metric->unit));
        json_object_end(out);
    }
    json_object_end(out);
}

static void write_histogram(struct json_out *out, const struct result_histogram *h)
{
    json_object_begin(out, h->name, false);
    json_string(out, "unit", result_unit_name(h->unit));
    json_int(out, "count", (int64_t)h->count);
    json_int(out, "min", h->min);
    json_int(out, "mean", h->mean);
    json_int(out, "max", h->max);
    json_array_begin(out, "buckets", true);
    for (uint32_t i = 0; i < h->nr_buckets; i++) {
        json_array_begin(out, NULL, true);
        json_int(out, NULL, h->buckets[i].bound);
        json_int(out, NULL, (int64_t)h->buckets[i].count);
        json_array_end(out);
    }
    json_array_end(out);
    json_object_end(out);
}

static void write_matrix(struct json_out *out, const struct result_matrix *m)
{
    json_object_begin(out, m->name, false);
    json_string(out, "unit", result_unit_name(m->unit));
    json_strings(out, "rows", m->rows);
    json_strings(out, "columns", m->columns);
    json_array_begin(out, "values", false);
    for (int32_t row = 0; row < m->nr_rows; row++) {
        json_array_begin(out, NULL, true);
        for (int32_t column = 0; column < m->nr_columns; column++) {
            write_value(out, NULL, m->unit, m->values[row * m->nr_columns + column]);
        }
        json_array_end(out);
    }
    json_array_end(out);
    json_object_end(out);
}

static void write_series(struct json_out *out, const struct result_series *s)
{
    json_object_begin(out, "series", false);
    json_int(out, "interval_ns", s->interval_ns);
    json_array_begin(out, "columns", false);
    for (int32_t i = 0; i < s->nr_columns; i++) {
        json_object_begin(out, NULL, true);
        json_string(out, "name", s->columns[i].name);
        json_string(out, "unit", result_unit_name(s->columns[i].unit));
        json_object_end(out);
    }
    json_array_end(out);
    json_array_begin(out, "rows", false);
    for (int32_t row = 0; row < s->nr_rows; row++) {
        json_array_begin(out, NULL, true);
        json_int(out, NULL, s->end_ns[row]);
        for (int32_t i = 0; i < s->nr_columns; i++) {
            write_value(out, NULL, s->columns[i].unit, s->values[row * s->nr_columns + i]);
        }
        json_array_end(out);
    }
    json_array_end(out);
    json_object_end(out);
}

static void write_seed(struct json_out *out, uint64_t seed)
{
    json_raw(out, "seed");
    g_string_append_printf(out->text, "\"%" G_GUINT64_FORMAT "\"", seed);
}

char *result_to_json(const struct result *r, gsize *ret_size)
{
    struct json_out out = json_out_new();

    json_object_begin(&out, NULL, false);
    json_string(&out, "schema", "numasim-result/1");
    json_string(&out, "version", r->version);
    json_string(&out, "digest", r->digest);
    write_inputs(&out, r);
    /* A string: JSON readers lose what lies above 2^53. */
    write_seed(&out, r->seed);
    json_bool(&out, "tie_break_insertion", r->tie_break_insertion);
    json_int(&out, "duration_ns", r->duration_ns);
    json_int(&out, "warmup_ns", r->warmup_ns);
    json_int(&out, "end_ns", r->end_ns);
    write_metrics(&out, r);
    json_object_begin(&out, "histograms", false);
    for (int32_t i = 0; i < r->nr_histograms; i++) {
        write_histogram(&out, &r->histograms[i]);
    }
    json_object_end(&out);
    json_object_begin(&out, "matrices", false);
    for (int32_t i = 0; i < r->nr_matrices; i++) {
        write_matrix(&out, &r->matrices[i]);
    }
    json_object_end(&out);
    if (r->series.interval_ns > 0) {
        write_series(&out, &r->series);
    }
    json_object_end(&out);
    return json_out_finish(&out, ret_size);
}

char *result_series_to_csv(const struct result *r)
{
    const struct result_series *s = &r->series;
    GString *out = g_string_new("end_ns");

    for (int32_t i = 0; i < s->nr_columns; i++) {
        g_string_append_printf(out, ",%s", s->columns[i].name);
    }
    g_string_append_c(out, '\n');
    for (int32_t row = 0; row < s->nr_rows; row++) {
        g_string_append_printf(out, "%" G_GINT64_FORMAT, s->end_ns[row]);
        for (int32_t i = 0; i < s->nr_columns; i++) {
            g_string_append_c(out, ',');
            result_value_append(out, s->columns[i].unit, s->values[row * s->nr_columns + i]);
        }
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}

/* ------------------------------------------------------------------------------------------- */
/* The folder                                                                                   */

static bool write_file(const char *dir, const char *name, const char *bytes, gsize size,
                       GError **error)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    return file_write_atomic(path, bytes, size, error);
}

/* All files into @dir, which exists; result.json last, so that it never stands beside old ones. */
static bool write_into(const struct result *r, const char *dir, const struct result_file *files,
                       int32_t nr_files, GError **error)
{
    for (int32_t i = 0; i < nr_files; i++) {
        if (!write_file(dir, files[i].name, files[i].bytes, files[i].size, error)) {
            return false;
        }
    }
    if (r->series.interval_ns > 0) {
        g_autofree char *csv = result_series_to_csv(r);

        if (!write_file(dir, "series.csv", csv, strlen(csv), error)) {
            return false;
        }
    }
    gsize size;
    g_autofree char *json = result_to_json(r, &size);

    return write_file(dir, "result.json", json, size, error);
}

static bool write_new_folder(const struct result *r, const char *dir,
                             const struct result_file *files, int32_t nr_files, GError **error)
{
    g_autoptr(folder_t) folder = folder_begin(dir, error);

    return folder != NULL && write_into(r, folder_path(folder), files, nr_files, error) &&
           folder_finish(g_steal_pointer(&folder), false, error);
}

bool result_write(const struct result *r, const char *dir, const struct result_file *files,
                  int32_t nr_files, GError **error)
{
    if (g_file_test(dir, G_FILE_TEST_IS_DIR)) {
        return write_into(r, dir, files, nr_files, error);
    }
    return write_new_folder(r, dir, files, nr_files, error);
}
