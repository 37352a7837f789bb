/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading outcomes: study.json, and TAP. */
#include "observe/accuracy.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/error.h"
#include "base/json-load.h"

static void free_miss(gpointer data)
{
    struct accuracy_miss *m = data;

    g_free(m->title);
    g_free(m->measured);
    g_free(m->expected);
    g_free(m->why);
    g_free(m);
}

static void free_study(gpointer data)
{
    struct accuracy_study *s = data;

    g_free(s->name);
    g_free(s->question);
    g_strfreev(s->sources);
    g_ptr_array_unref(s->misses);
    g_array_unref(s->off_ppm);
    g_free(s);
}

static void free_test(gpointer data)
{
    struct accuracy_test *t = data;

    g_free(t->name);
    g_ptr_array_unref(t->notes);
    g_free(t);
}

struct accuracy *accuracy_new(void)
{
    struct accuracy *a = g_new0(struct accuracy, 1);

    a->studies = g_ptr_array_new_with_free_func(free_study);
    a->tests = g_ptr_array_new_with_free_func(free_test);
    return a;
}

void accuracy_free(struct accuracy *a)
{
    if (a != NULL) {
        g_ptr_array_unref(a->studies);
        g_ptr_array_unref(a->tests);
        g_strfreev(a->all_studies);
        g_free(a);
    }
}

/* ------------------------------------------------------------------------------------------- */
/* study.json                                                                                   */

/* The member @name of @object if it is a value of @type, else NULL. */
static JsonNode *value_of(JsonObject *object, const char *name, GType type)
{
    JsonNode *node = object != NULL ? json_object_get_member(object, name) : NULL;
    bool is = node != NULL && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;

    return is ? node : NULL;
}

static const char *string_of(JsonObject *object, const char *name)
{
    JsonNode *node = value_of(object, name, G_TYPE_STRING);

    return node != NULL ? json_node_get_string(node) : NULL;
}

/* False where it is absent, too. */
static bool truth_of(JsonObject *object, const char *name)
{
    JsonNode *node = value_of(object, name, G_TYPE_BOOLEAN);

    return node != NULL && json_node_get_boolean(node);
}

static JsonArray *array_of(JsonObject *object, const char *name)
{
    JsonNode *node = object != NULL ? json_object_get_member(object, name) : NULL;

    return node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

static JsonObject *object_of(JsonNode *node)
{
    return node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

/* False where @verdict is not one. */
static bool add_verdict(struct accuracy_study *s, JsonObject *verdict)
{
    const char *title = string_of(verdict, "title"), *measured = string_of(verdict, "measured");
    const char *expected = string_of(verdict, "expected");
    JsonNode *off = value_of(verdict, "off_ppm", G_TYPE_INT64);

    if (title == NULL || measured == NULL || expected == NULL ||
        value_of(verdict, "passed", G_TYPE_BOOLEAN) == NULL) {
        return false;
    }
    s->nr_expectations++;
    if (off != NULL) {
        int64_t ppm = json_node_get_int(off);

        g_array_append_val(s->off_ppm, ppm);
    }
    if (truth_of(verdict, "passed")) {
        s->nr_held++;
    } else {
        JsonObject *known = object_of(json_object_get_member(verdict, "known_miss"));
        struct accuracy_miss *miss = g_new0(struct accuracy_miss, 1);

        miss->title = g_strdup(title);
        miss->measured = g_strdup(measured);
        miss->expected = g_strdup(expected);
        miss->why = g_strdup(truth_of(verdict, "lost") ? NULL : string_of(known, "why"));
        miss->moved = truth_of(known, "moved");
        g_ptr_array_add(s->misses, miss);
    }
    return true;
}

static char **strings_of(JsonArray *array)
{
    GPtrArray *strings = g_ptr_array_new();

    for (guint i = 0; array != NULL && i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);

        if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING) {
            g_ptr_array_add(strings, g_strdup(json_node_get_string(node)));
        }
    }
    g_ptr_array_add(strings, NULL);
    return (char **)g_ptr_array_free(strings, FALSE);
}

static gint compare_off(gconstpointer a, gconstpointer b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* The study whose outcome is @root, or NULL where it is none. */
static struct accuracy_study *read_study(JsonObject *root)
{
    const char *schema = string_of(root, "schema"), *name = string_of(root, "study");
    const char *question = string_of(root, "question");
    JsonArray *verdicts = array_of(root, "expectations");
    struct accuracy_study *s;
    bool good = true;

    if (g_strcmp0(schema, "numasim-study/1") != 0 || name == NULL || question == NULL ||
        verdicts == NULL) {
        return NULL;
    }
    s = g_new0(struct accuracy_study, 1);
    s->name = g_strdup(name);
    s->question = g_strdup(question);
    s->sources = strings_of(array_of(root, "sources"));
    s->misses = g_ptr_array_new_with_free_func(free_miss);
    s->off_ppm = g_array_new(FALSE, FALSE, sizeof(int64_t));
    for (guint i = 0; good && i < json_array_get_length(verdicts); i++) {
        good = add_verdict(s, object_of(json_array_get_element(verdicts, i)));
    }
    if (!good) {
        free_study(s);
        return NULL;
    }
    g_array_sort(s->off_ppm, compare_off);
    return s;
}

bool accuracy_add_study(struct accuracy *a, const char *path, const char *text, gsize size,
                        GError **error)
{
    g_autoptr(JsonParser) parser = json_load(path, text, size, error);
    struct accuracy_study *s;

    if (parser == NULL) {
        return false;
    }
    s = read_study(object_of(json_parser_get_root(parser)));
    if (s == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: not a study's outcome; expected numasim-study/1 as `numasim study` writes "
                    "it",
                    path);
        return false;
    }
    for (guint i = 0; i < a->studies->len; i++) {
        const struct accuracy_study *other = a->studies->pdata[i];

        if (strcmp(other->name, s->name) == 0) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                        "%s: a second outcome of the study '%s'; expected one to each", path,
                        s->name);
            free_study(s);
            return false;
        }
    }
    g_ptr_array_add(a->studies, s);
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* TAP                                                                                          */

/* What was skipped says nothing, unless it was skipped because it is known to fail. */
static void read_line(struct accuracy_test *t, const char *line)
{
    bool known = strstr(line, "# TODO") != NULL || strstr(line, "known miss") != NULL;
    bool skipped = strstr(line, "# SKIP") != NULL;

    if (g_str_has_prefix(line, "not ok ")) {
        t->nr_known += known ? 1 : 0;
        t->nr_failed += known ? 0 : 1;
    } else if (g_str_has_prefix(line, "ok ")) {
        t->nr_known += known ? 1 : 0;
        t->nr_ok += known || skipped ? 0 : 1;
    } else if (g_str_has_prefix(line, "# ") &&
               (strstr(line, " agree") != NULL || strstr(line, " equal") != NULL)) {
        g_ptr_array_add(t->notes, g_strdup(line + 2));
    }
}

/* Fewer tests than the plan says, no plan, or a bail-out. */
static bool is_cut_short(char *const *lines)
{
    int64_t planned = -1, seen = 0;

    for (; *lines != NULL; lines++) {
        if (g_str_has_prefix(*lines, "1..")) {
            planned = g_ascii_strtoll(*lines + strlen("1.."), NULL, 10);
        } else if (g_str_has_prefix(*lines, "Bail out!")) {
            return true;
        }
        seen += g_str_has_prefix(*lines, "ok ") || g_str_has_prefix(*lines, "not ok ");
    }
    return seen < planned || (planned < 0 && seen > 0);
}

bool accuracy_add_test(struct accuracy *a, const char *name, const char *path, const char *text,
                       GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    struct accuracy_test *t = g_new0(struct accuracy_test, 1);

    t->name = g_strdup(name);
    t->notes = g_ptr_array_new_with_free_func(g_free);
    for (char **line = lines; *line != NULL; line++) {
        read_line(t, g_strchomp(*line));
    }
    if (is_cut_short(lines)) {
        g_set_error(
            error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
            "%s: not all of the tests that its plan (1..N) announces ran; expected whole TAP",
            path);
        free_test(t);
        return false;
    }
    if (t->nr_ok + t->nr_known + t->nr_failed == 0) {
        g_set_error(
            error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
            "%s: no test in it that was not skipped; expected TAP, lines that begin with ok or "
            "not ok",
            path);
        free_test(t);
        return false;
    }
    g_ptr_array_add(a->tests, t);
    return true;
}
