/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Studies as text and as JSON. */
#include <string.h>

#include "observe/json.h"
#include "observe/result-table.h"
#include "observe/study.h"
#include "observe/text-table.h"

enum { MAX_COLUMNS = 6 }; /* of metrics, so that a line fits a terminal */

static const char *const form_names[] = {"value", "ratio", "difference", "order"};

static char *side_metric(const struct study_side *side)
{
    return g_strjoinv(" + ", side->metrics);
}

/* "CELL", or "METRIC of CELL" where the sides measure different metrics. */
static char *side_text(const struct study *study, const struct study_verdict *v, int32_t i,
                       bool same_metric, bool same_cell)
{
    const struct study_expectation *e = &study->expectations[v->expectation];
    g_autofree char *metric = side_metric(&e->sides[i]);
    g_autofree char *cell = study_cell_name(study, v->cells[i]);

    if (same_metric) {
        return g_steal_pointer(&cell);
    }
    return same_cell ? g_steal_pointer(&metric) : g_strdup_printf("%s of %s", metric, cell);
}

char *study_verdict_title(const struct study *study, const struct study_verdict *verdict)
{
    static const char *const between[] = {"", " / ", " - ", ", "};
    const struct study_expectation *e = &study->expectations[verdict->expectation];
    g_autofree char *metric = side_metric(&e->sides[0]);
    g_autofree char *cell = study_cell_name(study, verdict->cells[0]);
    bool same_metric = true, same_cell = true;
    GString *title = g_string_new(NULL);

    for (int32_t i = 1; i < e->nr_sides; i++) {
        g_autofree char *other = side_metric(&e->sides[i]);

        same_metric = same_metric && strcmp(metric, other) == 0;
        same_cell = same_cell && verdict->cells[i] == verdict->cells[0];
    }
    if (e->name != NULL) {
        g_string_append_printf(title, "%s: ", e->name);
    } else if (same_metric) {
        g_string_append_printf(title, "%s: ", metric);
    }
    for (int32_t i = 0; i < e->nr_sides; i++) {
        g_autofree char *side = side_text(study, verdict, i, same_metric, same_cell);

        g_string_append_printf(title, "%s%s", i > 0 ? between[e->form] : "", side);
    }
    if (same_cell && !same_metric) {
        g_string_append_printf(title, " of %s", cell);
    }
    return g_string_free(title, FALSE);
}

/* ------------------------------------------------------------------------------------------- */
/* For people                                                                                   */

/* The metrics that are expected of anything, in order, each once; borrowed. */
static GPtrArray *expected_metrics(const struct study *study)
{
    GPtrArray *names = g_ptr_array_new();

    for (int32_t i = 0; i < study->nr_expectations; i++) {
        const struct study_expectation *e = &study->expectations[i];

        for (int32_t k = 0; k < e->nr_sides; k++) {
            for (char **name = e->sides[k].metrics; *name != NULL; name++) {
                if (!g_ptr_array_find_with_equal_func(names, *name, g_str_equal, NULL)) {
                    g_ptr_array_add(names, *name);
                }
            }
        }
    }
    return names;
}

/* The mean of metric @name over the seeds of @cell, or "-". */
static char *cell_value(const struct study *study, const struct study_results *results,
                        int32_t cell, const char *name)
{
    enum result_unit unit = RESULT_COUNT;
    int128 sum = 0;

    for (int32_t seed = 0; seed < study->nr_seeds; seed++) {
        const struct result *r = results->results[cell * study->nr_seeds + seed];
        const struct result_metric *metric = r != NULL ? result_metric(r, name) : NULL;

        if (metric == NULL) {
            return g_strdup("-");
        }
        unit = metric->unit;
        sum += metric->value;
    }
    return result_value_human(unit, rational_round(rational_make(sum, study->nr_seeds), 1));
}

static void append_cells(const struct study *study, const struct study_results *results,
                         GString *out)
{
    g_autoptr(GPtrArray) names = expected_metrics(study);
    int32_t nr = MIN((int32_t)names->len, MAX_COLUMNS);
    struct text_table table = text_table_new(nr + 1);

    text_table_add(&table, study->nr_seeds == 1
                               ? g_strdup("cell")
                               : g_strdup_printf("cell (mean of %d seeds)", study->nr_seeds));
    for (int32_t i = 0; i < nr; i++) {
        text_table_add(&table, g_strdup(g_ptr_array_index(names, (guint)i)));
    }
    for (int32_t cell = 0; cell < study_nr_cells(study); cell++) {
        text_table_add(&table, study_cell_name(study, cell));
        for (int32_t i = 0; i < nr; i++) {
            text_table_add(&table,
                           cell_value(study, results, cell, g_ptr_array_index(names, (guint)i)));
        }
    }
    text_table_finish(&table, out);
    if ((int32_t)names->len > nr) {
        g_string_append_printf(out, "  and %d metrics more, in the results of the runs\n",
                               (int32_t)names->len - nr);
    }
}

static void append_verdict(const struct study *study, const struct study_verdict *v, GString *out)
{
    g_autofree char *title = study_verdict_title(study, v);
    const char *word = v->lost           ? "LOST"
                       : v->passed       ? (v->miss == NULL ? "ok" : "HOLDS")
                       : v->miss == NULL ? "FAILED"
                       : v->moved        ? "moved"
                                         : "miss";

    g_string_append_printf(out, "  %-6s  %s\n          %s, expected %s%s%s\n", word, title,
                           v->measured, v->expected, v->note != NULL ? "; " : "",
                           v->note != NULL ? v->note : "");
    if (v->miss != NULL && !v->lost) {
        g_string_append_printf(out, "          %s %s: %s\n",
                               v->passed ? "no longer a miss of" : "known to give",
                               v->miss->measured, v->miss->why);
    }
}

char *study_table(const struct study *study, const struct study_results *results, GArray *verdicts)
{
    GString *out = g_string_new(NULL);
    guint held = 0, missed = 0, moved = 0, surprises = 0, lost = 0, failed = 0;

    g_string_append_printf(out, "%s\n%s\n\n", study->name, study->question);
    append_cells(study, results, out);
    g_string_append_c(out, '\n');
    for (guint i = 0; i < verdicts->len; i++) {
        const struct study_verdict *v = &g_array_index(verdicts, struct study_verdict, i);
        append_verdict(study, v, out);
        held += v->passed ? 1 : 0;
        lost += v->lost ? 1 : 0;
        missed += !v->passed && !v->lost && v->miss != NULL ? 1 : 0;
        moved += v->moved ? 1 : 0;
        surprises += v->passed && v->miss != NULL ? 1 : 0;
    }
    g_string_append_printf(out, "\n%u of %u expectations hold (%d runs)\n", held, verdicts->len,
                           results->nr_results);
    for (int32_t i = 0; i < results->nr_results; i++) {
        if (results->failures[i] != NULL) {
            g_string_append_printf(out, "%s  %s\n", failed++ == 0 ? "failed runs:\n" : "",
                                   results->failures[i]);
        }
    }
    if (lost > 0) {
        g_string_append_printf(out, "%u expectations lost with them\n", lost);
    }
    if (missed > 0) {
        g_string_append_printf(out, "%u known misses\n", missed);
    }
    if (moved > 0) {
        g_string_append_printf(out, "%u of them moved: no longer by what is known of them\n",
                               moved);
    }
    if (surprises > 0) {
        g_string_append_printf(out, "%u that were known misses hold now\n", surprises);
    }
    return g_string_free(out, FALSE);
}

/* ------------------------------------------------------------------------------------------- */
/* For machines                                                                                 */

static void write_cell(struct json_out *out, const struct study *study,
                       const struct study_results *results, int32_t cell)
{
    int32_t item[STUDY_NR_AXES];

    study_cell_items(study, cell, item);
    json_object_begin(out, NULL, false);
    for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
        json_string(out, study_axis_name((enum study_axis)axis),
                    study->axes[axis][item[axis]].name);
    }
    json_array_begin(out, "runs", false);
    for (int32_t seed = 0; seed < study->nr_seeds; seed++) {
        g_autofree char *folder = study_run_folder(study, cell, seed);

        json_object_begin(out, NULL, true);
        json_raw(out, "seed");
        g_string_append_printf(out->text, "%" G_GUINT64_FORMAT, study->seeds[seed]);
        int32_t at = cell * study->nr_seeds + seed;

        if (results->results[at] != NULL) {
            json_string(out, "digest", results->results[at]->digest);
            json_string(out, "folder", folder);
        } else {
            json_string(out, "failed", results->failures[at]);
        }
        json_object_end(out);
    }
    json_array_end(out);
    json_object_end(out);
}

static void write_verdict(struct json_out *out, const struct study *study,
                          const struct study_verdict *v)
{
    const struct study_expectation *e = &study->expectations[v->expectation];
    g_autofree char *title = study_verdict_title(study, v);

    json_object_begin(out, NULL, false);
    json_string(out, "title", title);
    json_int(out, "expectation", v->expectation);
    json_string(out, "form", form_names[e->form]);
    json_string(out, "over", study_over_names[e->over]);
    json_array_begin(out, "cells", true);
    for (int32_t i = 0; i < e->nr_sides; i++) {
        json_int(out, NULL, v->cells[i]);
    }
    json_array_end(out);
    json_string(out, "measured", v->measured);
    json_string(out, "exact", v->exact);
    json_string(out, "expected", v->expected);
    if (v->off_ppm >= 0) {
        json_int(out, "off_ppm", v->off_ppm);
    }
    json_bool(out, "passed", v->passed);
    if (v->lost) {
        json_bool(out, "lost", true);
    }
    if (v->miss != NULL) {
        json_object_begin(out, "known_miss", true);
        json_string(out, "measured", v->miss->measured);
        json_string(out, "why", v->miss->why);
        json_bool(out, "moved", v->moved);
        json_object_end(out);
    }
    if (v->note != NULL) {
        json_string(out, "note", v->note);
    }
    if (e->why != NULL) {
        json_string(out, "why", e->why);
    }
    json_object_end(out);
}

char *study_to_json(const struct study *study, const struct study_results *results,
                    GArray *verdicts, gsize *ret_size)
{
    struct json_out out = json_out_new();

    json_object_begin(&out, NULL, false);
    json_string(&out, "schema", "numasim-study/1");
    json_string(&out, "study", study->name);
    json_string(&out, "study_digest", study->digest);
    json_string(&out, "question", study->question);
    json_strings(&out, "sources", study->sources);
    json_bool(&out, "passed", study_passed(verdicts));
    json_array_begin(&out, "cells", false);
    for (int32_t cell = 0; cell < study_nr_cells(study); cell++) {
        write_cell(&out, study, results, cell);
    }
    json_array_end(&out);
    json_array_begin(&out, "expectations", false);
    for (guint i = 0; i < verdicts->len; i++) {
        write_verdict(&out, study, &g_array_index(verdicts, struct study_verdict, i));
    }
    json_array_end(&out);
    json_object_end(&out);
    return json_out_finish(&out, ret_size);
}
