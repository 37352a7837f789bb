/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/run-show.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/units.h"
#include "observe/result-table.h"

static struct result *result_at(GPtrArray *results, guint index)
{
    return g_ptr_array_index(results, index);
}

/*
 * The mean of @runs results of one policy from @first on, rounded down. 128 bits hold any sum of
 * 64-bit values.
 */
static struct result *mean_of(GPtrArray *results, guint first, guint runs)
{
    const struct result *model = result_at(results, first);
    struct result *mean = result_new();

    for (int32_t i = 0; i < model->nr_metrics; i++) {
        const struct result_metric *metric = &model->metrics[i];
        __extension__ __int128 sum = 0;
        bool complete = true;

        for (guint run = 0; run < runs && complete; run++) {
            const struct result_metric *other =
                result_metric(result_at(results, first + run), metric->name);

            complete = other != NULL;
            sum += other != NULL ? other->value : 0;
        }
        if (complete) {
            result_add(mean, metric->name, metric->unit, (int64_t)(sum / runs));
        }
    }
    result_sort(mean);
    return mean;
}

static bool has_override(const struct result *r, const char *text)
{
    return g_strv_contains((const char *const *)r->overrides, text);
}

/* "set  queue.base_slice=1ms", with the policies that took it where not all did. */
static void show_overrides(GPtrArray *results, guint runs, GString *out)
{
    g_autoptr(GPtrArray) shown = g_ptr_array_new();

    for (guint i = 0; i < results->len; i += runs) {
        char *const *overrides = result_at(results, i)->overrides;

        for (size_t j = 0; overrides[j] != NULL; j++) {
            g_autoptr(GString) who = g_string_new(NULL);
            guint nr = 0;

            if (g_ptr_array_find_with_equal_func(shown, overrides[j], g_str_equal, NULL)) {
                continue;
            }
            g_ptr_array_add(shown, overrides[j]);
            for (guint p = 0; p < results->len; p += runs) {
                if (has_override(result_at(results, p), overrides[j])) {
                    g_string_append_printf(who, "%s%s", nr > 0 ? ", " : "",
                                           result_at(results, p)->policy.name);
                    nr++;
                }
            }
            g_string_append_printf(out, "set        %s", overrides[j]);
            if (nr * runs < results->len) {
                g_string_append_printf(out, " (%s)", who->str);
            }
            g_string_append_c(out, '\n');
        }
    }
}

/* "topology  epyc...": what was simulated, before any number. */
static void show_head(const struct simulation *s, GPtrArray *results, guint runs, GString *out)
{
    const struct result *first = result_at(results, 0);
    g_autofree char *end = units_format_human(first->end_ns, UNIT_NS);
    g_autofree char *warmup = units_format_human(first->warmup_ns, UNIT_NS);

    g_string_append_printf(out, "topology   %s\n", s->machine->name);
    for (guint i = 0; i < s->workloads->len; i++) {
        const struct workload *w = s->workloads->pdata[i];

        g_string_append_printf(out, "workload   %s", w->name);
        if (w->replicas > 1) {
            g_string_append_printf(out, ", %d replicas", w->replicas);
        }
        g_string_append_c(out, '\n');
    }
    for (guint i = 0; i < results->len; i += runs) {
        g_string_append_printf(out, "policy     %s\n", result_at(results, i)->policy.name);
    }
    show_overrides(results, runs, out);
    g_string_append_printf(out, "simulated  %s", end);
    if (first->warmup_ns > 0) {
        g_string_append_printf(out, ", counted from %s on", warmup);
    }
    g_string_append_c(out, '\n');
}

static void show_seeds(GPtrArray *results, guint runs, GString *out)
{
    if (runs > 1) {
        g_string_append_printf(out,
                               "seeds      %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                               "; each number is the mean of %u runs\n\n",
                               result_at(results, 0)->seed, result_at(results, runs - 1)->seed,
                               runs);
        return;
    }
    g_string_append_printf(out, "seed       %" G_GUINT64_FORMAT "\n", result_at(results, 0)->seed);
    for (guint i = 0; i < results->len; i++) {
        g_string_append_printf(out, "digest     %s\n", result_at(results, i)->digest);
    }
    g_string_append_c(out, '\n');
}

static void show_means(GPtrArray *results, guint runs, GString *out)
{
    guint nr_policies = results->len / runs;
    g_autoptr(GPtrArray) means = g_ptr_array_new();
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *table = NULL;

    for (guint i = 0; i < nr_policies; i++) {
        g_ptr_array_add(means, mean_of(results, i * runs, runs));
        g_ptr_array_add(labels, g_strdup(result_at(results, i * runs)->policy.name));
    }
    g_ptr_array_add(labels, NULL);
    table = result_table((const struct result *const *)means->pdata, (int32_t)nr_policies,
                         (const char *const *)labels->pdata);
    g_string_append(out, table);
    for (guint i = 0; i < nr_policies; i++) {
        result_free(means->pdata[i]);
    }
}

void run_show_table(const struct simulation *s, GPtrArray *results, guint runs, GString *out)
{
    g_autofree char *table = NULL;

    show_head(s, results, runs, out);
    show_seeds(results, runs, out);
    if (runs > 1) {
        show_means(results, runs, out);
        return;
    }
    table = result_table((const struct result *const *)results->pdata, (int32_t)results->len, NULL);
    g_string_append(out, table);
}

void run_show_json(GPtrArray *results, GString *out)
{
    for (guint i = 0; i < results->len; i++) {
        g_autofree char *json = result_to_json(result_at(results, i), NULL);

        if (results->len > 1) {
            g_string_append(out, i == 0 ? "[" : ",");
            g_strchomp(json);
        }
        g_string_append(out, json);
    }
    if (results->len > 1) {
        g_string_append(out, "]\n");
    }
}

bool run_show_write(const struct simulation *s, const struct simulation_policy *policy,
                    const struct result *result, const struct run_record *record,
                    const char *folder, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(folder);
    g_autofree char *csv = record != NULL ? run_record_to_csv(record) : NULL;
    GArray *files = simulation_copies(s, policy, error);
    bool good;

    if (files == NULL) {
        return false;
    }
    if (csv != NULL) {
        struct result_file file = {g_strdup("occupancy.csv"), csv, strlen(csv)};

        g_array_append_val(files, file);
        csv = NULL; /* the array's now */
    }
    if (g_mkdir_with_parents(parent, 0777) != 0) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_IO, "%s: cannot make the folder: %s",
                    parent, g_strerror(errno));
        good = false;
    } else {
        good = result_write(result, folder, (const struct result_file *)(void *)files->data,
                            (int32_t)files->len, error);
    }
    simulation_copies_free(files);
    return good;
}
