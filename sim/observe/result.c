/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/result.h"

#include <stdlib.h>
#include <string.h>

#include "base/fixed.h"

static const struct {
    const char *name;
    int32_t decimals;
} units[NR_RESULT_UNITS] = {
    [RESULT_COUNT] = {"count", 0}, [RESULT_NS] = {"ns", 0},
    [RESULT_BYTES] = {"bytes", 0}, [RESULT_BYTES_PER_S] = {"bytes_per_s", 0},
    [RESULT_PAGES] = {"pages", 0}, [RESULT_RATIO] = {"ratio", 6},
    [RESULT_PER_S] = {"per_s", 3},
};

const char *result_unit_name(enum result_unit unit)
{
    return units[unit].name;
}

int32_t result_unit_decimals(enum result_unit unit)
{
    return units[unit].decimals;
}

int64_t result_unit_scale(enum result_unit unit)
{
    int64_t scale = 1;

    for (int32_t i = 0; i < units[unit].decimals; i++) {
        scale *= 10;
    }
    return scale;
}

struct result *result_new(void)
{
    struct result *r = g_new0(struct result, 1);

    r->version = g_strdup("");
    r->digest = g_strdup("");
    r->kernel = g_strdup("");
    r->topology = (struct result_input){g_strdup(""), g_strdup(""), 0};
    r->policy = (struct result_input){g_strdup(""), g_strdup(""), 0};
    r->overrides = g_new0(char *, 1);
    return r;
}

static void input_release(struct result_input *input)
{
    g_free(input->name);
    g_free(input->digest);
}

static void params_release(struct result_param *params, int32_t nr)
{
    for (int32_t i = 0; i < nr; i++) {
        g_free(params[i].name);
        g_free(params[i].value);
    }
    g_free(params);
}

static void plugin_release(struct result_plugin *p)
{
    g_free(p->name);
    g_free(p->version);
    g_free(p->source_hash);
    g_strfreev(p->roles);
    params_release(p->params, p->nr_params);
}

static void series_release(struct result_series *s)
{
    for (int32_t i = 0; i < s->nr_columns; i++) {
        g_free(s->columns[i].name);
    }
    g_free(s->columns);
    g_free(s->end_ns);
    g_free(s->values);
}

static void numbers_release(struct result *r)
{
    for (int32_t i = 0; i < r->nr_metrics; i++) {
        g_free(r->metrics[i].name);
    }
    g_free(r->metrics);
    for (int32_t i = 0; i < r->nr_histograms; i++) {
        g_free(r->histograms[i].name);
        g_free(r->histograms[i].buckets);
    }
    g_free(r->histograms);
    for (int32_t i = 0; i < r->nr_matrices; i++) {
        g_free(r->matrices[i].name);
        g_strfreev(r->matrices[i].rows);
        g_strfreev(r->matrices[i].columns);
        g_free(r->matrices[i].values);
    }
    g_free(r->matrices);
    series_release(&r->series);
}

void result_free(struct result *r)
{
    if (r == NULL) {
        return;
    }
    g_free(r->version);
    g_free(r->digest);
    g_free(r->kernel);
    input_release(&r->topology);
    input_release(&r->policy);
    for (int32_t i = 0; i < r->nr_workloads; i++) {
        input_release(&r->workloads[i]);
    }
    g_free(r->workloads);
    g_strfreev(r->overrides);
    for (int32_t i = 0; i < r->nr_plugins; i++) {
        plugin_release(&r->plugins[i]);
    }
    g_free(r->plugins);
    params_release(r->host, r->nr_host);
    numbers_release(r);
    g_free(r);
}

/* Room for one more at the end of an array of @nr; it grows at powers of two. */
#define GROW(array, nr)                                                                            \
    do {                                                                                           \
        if (((nr) & ((nr)-1)) == 0) {                                                              \
            (array) = g_realloc_n((array), (gsize)((nr) == 0 ? 1 : (nr)*2), sizeof(*(array)));     \
        }                                                                                          \
    } while (0)

void result_add(struct result *r, const char *name, enum result_unit unit, int64_t value)
{
    GROW(r->metrics, r->nr_metrics);
    r->metrics[r->nr_metrics++] = (struct result_metric){g_strdup(name), unit, value};
}

void result_add_ratio(struct result *r, const char *name, int64_t part, int64_t whole)
{
    if (whole > 0) {
        uint64_t ppm = mul_div_u64((uint64_t)part, 1000000, (uint64_t)whole);

        result_add(r, name, RESULT_RATIO, (int64_t)ppm);
    }
}

struct result_histogram *result_add_histogram(struct result *r, const char *name,
                                              enum result_unit unit)
{
    GROW(r->histograms, r->nr_histograms);
    r->histograms[r->nr_histograms] =
        (struct result_histogram){.name = g_strdup(name), .unit = unit};
    return &r->histograms[r->nr_histograms++];
}

struct result_matrix *result_add_matrix(struct result *r, const char *name, enum result_unit unit,
                                        char **rows, char **columns)
{
    GROW(r->matrices, r->nr_matrices);
    struct result_matrix *m = &r->matrices[r->nr_matrices++];

    *m = (struct result_matrix){
        .name = g_strdup(name),
        .unit = unit,
        .rows = rows,
        .columns = columns,
        .nr_rows = (int32_t)g_strv_length(rows),
        .nr_columns = (int32_t)g_strv_length(columns),
    };
    m->values = g_new0(int64_t, (gsize)m->nr_rows * (gsize)m->nr_columns);
    return m;
}

/* Every element that has a name has it first. */
static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}
_Static_assert(offsetof(struct result_metric, name) == 0, "sorted by its first member");
_Static_assert(offsetof(struct result_histogram, name) == 0, "sorted by its first member");
_Static_assert(offsetof(struct result_matrix, name) == 0, "sorted by its first member");

static void sort_names(void *array, int32_t nr, size_t size)
{
    if (nr > 1) {
        qsort(array, (size_t)nr, size, compare_names);
    }
}

void result_sort(struct result *r)
{
    sort_names(r->metrics, r->nr_metrics, sizeof(*r->metrics));
    sort_names(r->histograms, r->nr_histograms, sizeof(*r->histograms));
    sort_names(r->matrices, r->nr_matrices, sizeof(*r->matrices));
}

static const void *find_name(const char *name, const void *array, int32_t nr, size_t size)
{
    return nr > 0 ? bsearch(&name, array, (size_t)nr, size, compare_names) : NULL;
}

char *result_workload_name(const struct result *r)
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

const struct result_metric *result_metric(const struct result *r, const char *name)
{
    return find_name(name, r->metrics, r->nr_metrics, sizeof(*r->metrics));
}

const struct result_histogram *result_histogram(const struct result *r, const char *name)
{
    return find_name(name, r->histograms, r->nr_histograms, sizeof(*r->histograms));
}

const struct result_matrix *result_matrix(const struct result *r, const char *name)
{
    return find_name(name, r->matrices, r->nr_matrices, sizeof(*r->matrices));
}

void result_value_append(GString *out, enum result_unit unit, int64_t value)
{
    int32_t decimals = units[unit].decimals;
    int64_t scale = 1;

    for (int32_t i = 0; i < decimals; i++) {
        scale *= 10;
    }
    if (decimals == 0) {
        g_string_append_printf(out, "%" G_GINT64_FORMAT, value);
        return;
    }
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;

    g_string_append_printf(out, "%s%" G_GUINT64_FORMAT ".%0*" G_GUINT64_FORMAT,
                           value < 0 ? "-" : "", magnitude / (uint64_t)scale, (int)decimals,
                           magnitude % (uint64_t)scale);
}
