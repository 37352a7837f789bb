/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a result, strictly: every key is known and present, every value of its type. The first
 * error ends it; what follows reads into a result that is thrown away.
 */
#include <string.h>

#include "base/error.h"
#include "base/json-load.h"
#include "observe/result.h"

struct reader {
    const char *path;
    GString *at;   /* where in the document: "metrics.cpu.idle_ns" */
    GError *error; /* the first one, or NULL */
};

G_GNUC_PRINTF(3, 4)
static void fail(struct reader *rd, const char *member, const char *format, ...)
{
    va_list args;

    if (rd->error != NULL) {
        return;
    }
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    bool dot = rd->at->len > 0 && member[0] != '\0';

    g_set_error(&rd->error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s: %s%s%s: %s", rd->path,
                rd->at->str, dot ? "." : "", member, what);
}

/* Enters @member, and returns what to give to leave(). */
static gsize enter(struct reader *rd, const char *member)
{
    gsize before = rd->at->len;

    if (before > 0) {
        g_string_append_c(rd->at, '.');
    }
    g_string_append(rd->at, member);
    return before;
}

static void leave(struct reader *rd, gsize before)
{
    g_string_truncate(rd->at, before);
}

static const char *kind_of(JsonNode *node)
{
    if (node == NULL) {
        return "nothing";
    }
    switch (json_node_get_node_type(node)) {
    case JSON_NODE_OBJECT:
        return "an object";
    case JSON_NODE_ARRAY:
        return "an array";
    case JSON_NODE_NULL:
        return "null";
    default:
        break;
    }
    switch (json_node_get_value_type(node)) {
    case G_TYPE_STRING:
        return "a string";
    case G_TYPE_BOOLEAN:
        return "true or false";
    case G_TYPE_INT64:
        return "an integer";
    default:
        return "a decimal number";
    }
}

static bool holds(JsonNode *node, GType type)
{
    return node != NULL && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

/* ------------------------------------------------------------------------------------------- */
/* Nodes as values; @member names them in messages                                              */

static JsonObject *as_object(struct reader *rd, JsonNode *node, const char *member,
                             const char *const *keys)
{
    if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node)) {
        fail(rd, member, "expected an object, found %s", kind_of(node));
        return NULL;
    }
    JsonObject *object = json_node_get_object(node);

    if (keys == NULL) {
        return object;
    }
    g_autoptr(GList) members = json_object_get_members(object);

    for (GList *l = members; l != NULL; l = l->next) {
        if (!g_strv_contains(keys, l->data)) {
            const char *near = error_nearest(l->data, keys);
            gsize before = enter(rd, member);

            fail(rd, l->data, "unknown key%s%s%s", near != NULL ? " (did you mean '" : "",
                 near != NULL ? near : "", near != NULL ? "'?)" : "");
            leave(rd, before);
            return NULL;
        }
    }
    return object;
}

static JsonArray *as_array(struct reader *rd, JsonNode *node, const char *member)
{
    if (node == NULL || !JSON_NODE_HOLDS_ARRAY(node)) {
        fail(rd, member, "expected an array, found %s", kind_of(node));
        return NULL;
    }
    return json_node_get_array(node);
}

static int64_t as_int(struct reader *rd, JsonNode *node, const char *member)
{
    if (!holds(node, G_TYPE_INT64)) {
        fail(rd, member, "expected an integer, found %s", kind_of(node));
        return 0;
    }
    return json_node_get_int(node);
}

/* What cannot be negative: a time, a number of things. */
static int64_t as_natural(struct reader *rd, JsonNode *node, const char *member)
{
    int64_t value = as_int(rd, node, member);

    if (value < 0) {
        fail(rd, member, "%" G_GINT64_FORMAT " is negative; expected 0 or more", value);
        return 0;
    }
    return value;
}

static char *as_string(struct reader *rd, JsonNode *node, const char *member)
{
    if (!holds(node, G_TYPE_STRING)) {
        fail(rd, member, "expected a string, found %s", kind_of(node));
        return g_strdup("");
    }
    return json_node_dup_string(node);
}

static enum result_unit as_unit(struct reader *rd, JsonNode *node, const char *member)
{
    g_autofree char *name = as_string(rd, node, member);

    for (int unit = 0; unit < NR_RESULT_UNITS; unit++) {
        if (strcmp(name, result_unit_name((enum result_unit)unit)) == 0) {
            return (enum result_unit)unit;
        }
    }
    fail(rd, member,
         "unknown unit '%s'; expected count, ns, bytes, pages, bytes_per_s, ratio or per_s", name);
    return RESULT_COUNT;
}

/* The integer that was printed as a decimal: the nearest, for the digits say it exactly. */
static int64_t as_value(struct reader *rd, JsonNode *node, const char *member,
                        enum result_unit unit)
{
    int64_t scale = result_unit_scale(unit);

    if (scale == 1 || holds(node, G_TYPE_INT64)) {
        int64_t value, whole = as_int(rd, node, member);

        if (__builtin_mul_overflow(whole, scale, &value)) {
            fail(rd, member, "the number is too large");
            return 0;
        }
        return value;
    }
    if (!holds(node, G_TYPE_DOUBLE)) {
        fail(rd, member, "expected a number, found %s", kind_of(node));
        return 0;
    }
    double scaled = json_node_get_double(node) * (double)scale;

    if (!(scaled > -9e18 && scaled < 9e18)) {
        fail(rd, member, "the number is too large");
        return 0;
    }
    return (int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
}

static char **as_strings(struct reader *rd, JsonNode *node, const char *member)
{
    JsonArray *array = as_array(rd, node, member);
    guint nr = array != NULL ? json_array_get_length(array) : 0;
    char **strings = g_new0(char *, nr + 1);

    for (guint i = 0; i < nr; i++) {
        strings[i] = as_string(rd, json_array_get_element(array, i), member);
    }
    return strings;
}

static void set_string(struct reader *rd, char **string, JsonObject *object, const char *member)
{
    g_free(*string);
    *string = as_string(rd, json_object_get_member(object, member), member);
}

/* ------------------------------------------------------------------------------------------- */
/* The parts                                                                                    */

static void read_input(struct reader *rd, struct result_input *input, JsonNode *node,
                       const char *member)
{
    static const char *const keys[] = {"name", "digest", "replicas", NULL};
    JsonObject *object = as_object(rd, node, member, keys);

    if (object != NULL) {
        gsize before = enter(rd, member);

        set_string(rd, &input->name, object, "name");
        set_string(rd, &input->digest, object, "digest");
        if (json_object_has_member(object, "replicas")) {
            JsonNode *replicas = json_object_get_member(object, "replicas");

            input->replicas = (int32_t)MIN(as_natural(rd, replicas, "replicas"), INT32_MAX);
        }
        leave(rd, before);
    }
}

static void read_params(struct reader *rd, const char *name, JsonNode *node,
                        struct result_param **ret_params, int32_t *ret_nr)
{
    JsonObject *object = as_object(rd, node, name, NULL);

    if (object == NULL) {
        return;
    }
    g_autoptr(GList) members = json_object_get_members(object);

    *ret_params = g_new0(struct result_param, g_list_length(members));
    for (GList *l = members; l != NULL; l = l->next) {
        struct result_param *param = &(*ret_params)[(*ret_nr)++];

        param->name = g_strdup(l->data);
        param->value = as_string(rd, json_object_get_member(object, l->data), l->data);
    }
}

static void read_plugin(struct reader *rd, struct result_plugin *p, JsonNode *node)
{
    static const char *const keys[] = {"name", "version", "source_hash", "roles", "params", NULL};
    JsonObject *object = as_object(rd, node, "plugins", keys);

    if (object == NULL) {
        return;
    }
    gsize before = enter(rd, "plugins");

    set_string(rd, &p->name, object, "name");
    set_string(rd, &p->version, object, "version");
    set_string(rd, &p->source_hash, object, "source_hash");
    p->roles = as_strings(rd, json_object_get_member(object, "roles"), "roles");
    read_params(rd, "params", json_object_get_member(object, "params"), &p->params, &p->nr_params);
    leave(rd, before);
}

static void read_inputs(struct reader *rd, struct result *r, JsonNode *node)
{
    static const char *const keys[] = {"kernel",    "topology", "workloads", "policy",
                                       "overrides", "plugins",  "host",      NULL};
    JsonObject *object = as_object(rd, node, "inputs", keys);

    if (object == NULL) {
        return;
    }
    gsize before = enter(rd, "inputs");

    set_string(rd, &r->kernel, object, "kernel");
    read_input(rd, &r->topology, json_object_get_member(object, "topology"), "topology");
    read_input(rd, &r->policy, json_object_get_member(object, "policy"), "policy");
    g_strfreev(r->overrides);
    r->overrides = as_strings(rd, json_object_get_member(object, "overrides"), "overrides");
    JsonArray *workloads = as_array(rd, json_object_get_member(object, "workloads"), "workloads");
    guint nr = workloads != NULL ? json_array_get_length(workloads) : 0;

    r->workloads = g_new0(struct result_input, nr);
    r->nr_workloads = (int32_t)nr;
    for (guint i = 0; i < nr; i++) {
        read_input(rd, &r->workloads[i], json_array_get_element(workloads, i), "workloads");
    }
    JsonArray *plugins = as_array(rd, json_object_get_member(object, "plugins"), "plugins");

    nr = plugins != NULL ? json_array_get_length(plugins) : 0;
    r->plugins = g_new0(struct result_plugin, nr);
    r->nr_plugins = (int32_t)nr;
    for (guint i = 0; i < nr; i++) {
        read_plugin(rd, &r->plugins[i], json_array_get_element(plugins, i));
    }
    if (json_object_has_member(object, "host")) {
        read_params(rd, "host", json_object_get_member(object, "host"), &r->host, &r->nr_host);
    }
    leave(rd, before);
}

static void read_metric(struct reader *rd, struct result *r, const char *name, JsonNode *node)
{
    static const char *const keys[] = {"value", "unit", NULL};
    JsonObject *object = as_object(rd, node, name, keys);

    if (object == NULL) {
        return;
    }
    gsize before = enter(rd, name);
    enum result_unit unit = as_unit(rd, json_object_get_member(object, "unit"), "unit");

    result_add(r, name, unit, as_value(rd, json_object_get_member(object, "value"), "value", unit));
    leave(rd, before);
}

static void read_buckets(struct reader *rd, struct result_histogram *h, JsonNode *node)
{
    JsonArray *array = as_array(rd, node, "buckets");
    guint nr = array != NULL ? json_array_get_length(array) : 0;

    h->buckets = g_new0(struct result_bucket, nr);
    for (guint i = 0; i < nr && rd->error == NULL; i++) {
        JsonArray *pair = as_array(rd, json_array_get_element(array, i), "buckets");

        if (pair == NULL || json_array_get_length(pair) != 2) {
            fail(rd, "buckets", "expected pairs [bound, count]");
            return;
        }
        struct result_bucket *bucket = &h->buckets[h->nr_buckets];

        bucket->bound = as_int(rd, json_array_get_element(pair, 0), "buckets");
        bucket->count = (uint64_t)as_natural(rd, json_array_get_element(pair, 1), "buckets");
        if (h->nr_buckets > 0 && bucket->bound <= bucket[-1].bound) {
            fail(rd, "buckets", "bounds must ascend");
        }
        h->nr_buckets++;
    }
}

static void read_histogram(struct reader *rd, struct result *r, const char *name, JsonNode *node)
{
    static const char *const keys[] = {"unit", "count", "min", "mean", "max", "buckets", NULL};
    JsonObject *object = as_object(rd, node, name, keys);

    if (object == NULL) {
        return;
    }
    gsize before = enter(rd, name);
    enum result_unit unit = as_unit(rd, json_object_get_member(object, "unit"), "unit");
    struct result_histogram *h = result_add_histogram(r, name, unit);

    h->count = (uint64_t)as_natural(rd, json_object_get_member(object, "count"), "count");
    h->min = as_int(rd, json_object_get_member(object, "min"), "min");
    h->mean = as_int(rd, json_object_get_member(object, "mean"), "mean");
    h->max = as_int(rd, json_object_get_member(object, "max"), "max");
    read_buckets(rd, h, json_object_get_member(object, "buckets"));
    leave(rd, before);
}

/* One row of @nr values in @units (one for all, or one each) into @values. */
static void read_row(struct reader *rd, JsonArray *array, guint from, int32_t nr,
                     const struct result_column *columns, enum result_unit unit, int64_t *values)
{
    if (array == NULL || json_array_get_length(array) != from + (guint)nr) {
        fail(rd, "", "expected rows of %d values", (int)from + nr);
        return;
    }
    for (int32_t i = 0; i < nr; i++) {
        values[i] = as_value(rd, json_array_get_element(array, from + (guint)i), "",
                             columns != NULL ? columns[i].unit : unit);
    }
}

static void read_matrix(struct reader *rd, struct result *r, const char *name, JsonNode *node)
{
    static const char *const keys[] = {"unit", "rows", "columns", "values", NULL};
    JsonObject *object = as_object(rd, node, name, keys);

    if (object == NULL) {
        return;
    }
    gsize before = enter(rd, name);
    enum result_unit unit = as_unit(rd, json_object_get_member(object, "unit"), "unit");
    char **rows = as_strings(rd, json_object_get_member(object, "rows"), "rows");
    char **columns = as_strings(rd, json_object_get_member(object, "columns"), "columns");
    struct result_matrix *m = result_add_matrix(r, name, unit, rows, columns);
    JsonArray *array = as_array(rd, json_object_get_member(object, "values"), "values");

    enter(rd, "values");
    if (array != NULL && json_array_get_length(array) != (guint)m->nr_rows) {
        fail(rd, "", "expected %d rows", (int)m->nr_rows);
    }
    for (int32_t i = 0; i < m->nr_rows && rd->error == NULL; i++) {
        read_row(rd, as_array(rd, json_array_get_element(array, (guint)i), ""), 0, m->nr_columns,
                 NULL, unit, &m->values[i * m->nr_columns]);
    }
    leave(rd, before);
}

static void read_columns(struct reader *rd, struct result_series *s, JsonNode *node)
{
    static const char *const keys[] = {"name", "unit", NULL};
    JsonArray *array = as_array(rd, node, "columns");
    guint nr = array != NULL ? json_array_get_length(array) : 0;

    s->columns = g_new0(struct result_column, nr);
    for (guint i = 0; i < nr && rd->error == NULL; i++) {
        JsonObject *object = as_object(rd, json_array_get_element(array, i), "columns", keys);

        if (object == NULL) {
            return;
        }
        struct result_column *column = &s->columns[s->nr_columns++];

        column->name = as_string(rd, json_object_get_member(object, "name"), "columns.name");
        column->unit = as_unit(rd, json_object_get_member(object, "unit"), "columns.unit");
    }
}

static void read_series(struct reader *rd, struct result_series *s, JsonNode *node)
{
    static const char *const keys[] = {"interval_ns", "columns", "rows", NULL};
    JsonObject *object = as_object(rd, node, "series", keys);

    if (object == NULL) {
        return;
    }
    gsize before = enter(rd, "series");

    s->interval_ns = as_int(rd, json_object_get_member(object, "interval_ns"), "interval_ns");
    if (s->interval_ns <= 0) {
        fail(rd, "interval_ns", "must be positive");
    }
    read_columns(rd, s, json_object_get_member(object, "columns"));
    JsonArray *rows = as_array(rd, json_object_get_member(object, "rows"), "rows");
    guint nr = rows != NULL ? json_array_get_length(rows) : 0;

    s->end_ns = g_new0(int64_t, nr);
    s->values = g_new0(int64_t, (gsize)nr * (gsize)s->nr_columns);
    enter(rd, "rows");
    for (guint i = 0; i < nr && rd->error == NULL; i++) {
        JsonArray *row = as_array(rd, json_array_get_element(rows, i), "");

        read_row(rd, row, 1, s->nr_columns, s->columns, RESULT_COUNT,
                 &s->values[(gsize)i * (gsize)s->nr_columns]);
        if (rd->error == NULL) {
            s->end_ns[i] = as_int(rd, json_array_get_element(row, 0), "");
            s->nr_rows++;
        }
    }
    leave(rd, before);
}

/* Gives each member of the object @member to @fn. */
static void read_each(struct reader *rd, struct result *r, JsonNode *node, const char *member,
                      void (*fn)(struct reader *, struct result *, const char *, JsonNode *))
{
    JsonObject *object = as_object(rd, node, member, NULL);

    if (object == NULL) {
        return;
    }
    g_autoptr(GList) members = json_object_get_members(object);
    gsize before = enter(rd, member);

    for (GList *l = members; l != NULL && rd->error == NULL; l = l->next) {
        fn(rd, r, l->data, json_object_get_member(object, l->data));
    }
    leave(rd, before);
}

/* ------------------------------------------------------------------------------------------- */

static void read_seed(struct reader *rd, struct result *r, JsonNode *node)
{
    g_autofree char *text = as_string(rd, node, "seed");

    if (rd->error == NULL &&
        !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &r->seed, NULL)) {
        fail(rd, "seed", "expected an unsigned integer in quotes, found '%s'", text);
    }
}

static void read_document(struct reader *rd, struct result *r, JsonNode *root)
{
    static const char *const keys[] = {
        "schema",      "version",   "digest", "inputs",  "seed",       "tie_break_insertion",
        "duration_ns", "warmup_ns", "end_ns", "metrics", "histograms", "matrices",
        "series",      NULL};
    JsonObject *object = as_object(rd, root, "", NULL);

    if (object == NULL) {
        return;
    }
    g_autofree char *schema = as_string(rd, json_object_get_member(object, "schema"), "schema");

    if (strcmp(schema, "numasim-result/1") != 0) {
        fail(rd, "schema", "expected 'numasim-result/1', found '%s'", schema);
        return;
    }
    as_object(rd, root, "", keys);
    set_string(rd, &r->version, object, "version");
    set_string(rd, &r->digest, object, "digest");
    read_inputs(rd, r, json_object_get_member(object, "inputs"));
    read_seed(rd, r, json_object_get_member(object, "seed"));
    JsonNode *tie_break = json_object_get_member(object, "tie_break_insertion");

    if (!holds(tie_break, G_TYPE_BOOLEAN)) {
        fail(rd, "tie_break_insertion", "expected true or false, found %s", kind_of(tie_break));
        return;
    }
    r->tie_break_insertion = json_node_get_boolean(tie_break);
    r->duration_ns = as_natural(rd, json_object_get_member(object, "duration_ns"), "duration_ns");
    r->warmup_ns = as_natural(rd, json_object_get_member(object, "warmup_ns"), "warmup_ns");
    r->end_ns = as_natural(rd, json_object_get_member(object, "end_ns"), "end_ns");
    read_each(rd, r, json_object_get_member(object, "metrics"), "metrics", read_metric);
    if (r->nr_metrics == 0) {
        fail(rd, "metrics", "is empty; expected the metrics of a run");
    }
    read_each(rd, r, json_object_get_member(object, "histograms"), "histograms", read_histogram);
    read_each(rd, r, json_object_get_member(object, "matrices"), "matrices", read_matrix);
    if (json_object_has_member(object, "series")) {
        read_series(rd, &r->series, json_object_get_member(object, "series"));
    }
}

struct result *result_parse(const char *path, const char *text, gssize size, GError **error)
{
    gsize length = size < 0 ? strlen(text) : (gsize)size;
    g_autoptr(JsonParser) parser = json_load(path, text, length, error);

    if (parser == NULL) {
        return NULL;
    }
    g_autoptr(GString) at = g_string_new(NULL);
    struct reader rd = {.path = path, .at = at};
    g_autoptr(result_t) r = result_new();

    read_document(&rd, r, json_parser_get_root(parser));
    if (rd.error != NULL) {
        g_propagate_error(error, rd.error);
        return NULL;
    }
    result_sort(r);
    return g_steal_pointer(&r);
}

struct result *result_read(const char *path, GError **error)
{
    g_autofree char *file = g_file_test(path, G_FILE_TEST_IS_DIR)
                                ? g_build_filename(path, "result.json", NULL)
                                : g_strdup(path);
    g_autofree char *text = NULL;
    gsize size;

    if (!file_read(file, G_MAXINT32, &text, &size, error)) {
        return NULL;
    }
    return result_parse(file, text, (gssize)size, error);
}
