/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `lscpu -J`: the summary, flat or nested; `lscpu -e -J`: the table of CPUs; `lscpu -C -J`: caches.
 * Each is an object with one member, whose name tells which.
 */
#include <json-glib/json-glib.h>
#include <string.h>

#include "base/error.h"
#include "format/facts/lscpu-summary.h"
#include "format/facts/lscpu-table.h"

/* Far above what lscpu prints of the largest machine; json-glib takes memory and stack for each. */
enum { MAX_BYTES = 32 << 20, MAX_VALUES = 1 << 20, MAX_DEPTH = 16 };

static bool fail(const struct facts_input *in, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static bool fail(const struct facts_input *in, GError **error, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s: %s", in->name, what);
    return false;
}

static struct piece piece_of(const char *text)
{
    return (struct piece){text, text + strlen(text)};
}

/* "{ "lscpu": [", or "cpus" or "caches". */
static bool recognises(const struct facts_input *in)
{
    static const char *const names[] = {"\"lscpu\"", "\"cpus\"", "\"caches\""};
    const char *at = in->bytes, *end;
    bool found = false;

    if (at == NULL) {
        return false;
    }
    end = at + in->size;
    while (at < end && g_ascii_isspace(*at)) {
        at++;
    }
    if (at == end || *at++ != '{') {
        return false;
    }
    while (at < end && g_ascii_isspace(*at)) {
        at++;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names) && !found; i++) {
        found = piece_starts((struct piece){at, end}, names[i]);
        at += found ? strlen(names[i]) : 0;
    }
    while (found && at < end && g_ascii_isspace(*at)) {
        at++;
    }
    return found && end - at > 1 && *at == ':' && memchr(at, '[', (size_t)(end - at)) != NULL;
}

/* What the text is counted for before json-glib sees it. */
struct count {
    int depth, values;
    bool in_string, escaped;
};

static bool count_byte(struct count *c, char byte)
{
    if (c->in_string) {
        c->in_string = c->escaped || byte != '"';
        c->escaped = !c->escaped && byte == '\\';
        return true;
    }
    c->in_string = byte == '"';
    c->depth += (byte == '{' || byte == '[') - (byte == '}' || byte == ']');
    c->values += byte == ',' || byte == '[' || byte == '{';
    return c->depth <= MAX_DEPTH && c->values <= MAX_VALUES;
}

/*
 * The text with null where lscpu prints a bare '-' for an unknown number, which is no JSON
 * (util-linux 2.37 to 2.41). NULL if the text is nested or large beyond reason.
 */
static GString *mended(const struct facts_input *in, GError **error)
{
    g_autoptr(GString) text = g_string_sized_new(MIN(in->size, MAX_BYTES));
    struct count c = {0};

    if (in->size > MAX_BYTES) {
        fail(in, error, "more than %d MiB; expected what lscpu prints", MAX_BYTES >> 20);
        return NULL;
    }
    for (size_t i = 0; i < in->size; i++) {
        const char byte = in->bytes[i];
        const bool bare = !c.in_string && byte == '-' && !g_ascii_isdigit(in->bytes[i + 1]);

        if (!count_byte(&c, byte)) {
            fail(in, error, "more than %d values, or %d levels; expected what lscpu prints",
                 MAX_VALUES, MAX_DEPTH);
            return NULL;
        }
        if (bare) {
            g_string_append(text, "null");
        } else {
            g_string_append_c(text, byte);
        }
    }
    return g_steal_pointer(&text);
}

/* json-glib's messages begin "<data>:LINE:COLUMN: ". */
static JsonParser *parse(const struct facts_input *in, GError **error)
{
    g_autoptr(GString) text = mended(in, error);
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) cause = NULL;

    if (text == NULL) {
        return NULL;
    }
    if (!json_parser_load_from_data(parser, text->str, (gssize)text->len, &cause)) {
        const char *message = cause->message;

        if (g_str_has_prefix(message, "<data>:")) {
            g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s%s; expected JSON", in->name,
                        message + strlen("<data>"));
        } else {
            fail(in, error, "%s; expected JSON", message);
        }
        return NULL;
    }
    return g_steal_pointer(&parser);
}

static JsonObject *object_of(JsonNode *node)
{
    return node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

/* The array @member of @object, or NULL. */
static JsonArray *array_of(JsonObject *object, const char *member)
{
    JsonNode *node = object != NULL ? json_object_get_member(object, member) : NULL;

    return node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

/* A value as lscpu's texts would have it; newly allocated, "-" for what says nothing. */
static char *text_of(JsonNode *node)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];

    if (node == NULL || !JSON_NODE_HOLDS_VALUE(node)) {
        return g_strdup("-");
    }
    if (json_node_get_value_type(node) == G_TYPE_STRING) {
        return g_strdup(json_node_get_string(node));
    }
    if (json_node_get_value_type(node) == G_TYPE_BOOLEAN) {
        return g_strdup(json_node_get_boolean(node) ? "yes" : "no");
    }
    if (json_node_get_value_type(node) == G_TYPE_DOUBLE) {
        return g_strdup(
            g_ascii_formatd(number, sizeof(number), "%.6f", json_node_get_double(node)));
    }
    return g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
}

/* --- {"lscpu": [{"field": "CPU(s):", "data": "8", "children": [...]}]} -------------------------- */

static bool take_fields(struct lscpu_summary *s, const struct facts_input *in, JsonArray *fields,
                        GError **error)
{
    for (guint i = 0; i < json_array_get_length(fields); i++) {
        JsonObject *object = object_of(json_array_get_element(fields, i));
        JsonNode *name = object != NULL ? json_object_get_member(object, "field") : NULL;
        JsonArray *children = array_of(object, "children");
        g_autofree char *field = text_of(name), *what = NULL;
        g_autofree char *data =
            text_of(object != NULL ? json_object_get_member(object, "data") : NULL);
        struct piece key = piece_of(field);

        if (name == NULL) {
            return fail(in, error,
                        "a field without a name; expected {\"field\": \"CPU(s):\", ...}");
        }
        key.end -= key.end > key.begin && key.end[-1] == ':';
        if (!lscpu_summary_take(s, key, piece_of(data), &what)) {
            return fail(in, error, "%s", what);
        }
        if (children != NULL && !take_fields(s, in, children, error)) {
            return false;
        }
    }
    return true;
}

static struct facts *read_summary(const struct facts_input *in, JsonArray *fields, GError **error)
{
    struct lscpu_summary s;
    struct facts *f = NULL;

    lscpu_summary_init(&s);
    if (take_fields(&s, in, fields, error)) {
        f = lscpu_summary_finish(&s, in->name, "lscpu -J", error);
    }
    lscpu_summary_clear(&s);
    return f;
}

/* --- {"cpus": [{"cpu": 0, "node": 0, "l1d:l1i:l2:l3": "0:0:0:0", "online": true}]} --------------- */

static bool take_columns(struct lscpu_table *t, const struct facts_input *in, GList *names,
                         GError **error)
{
    const char *what;

    for (; names != NULL; names = names->next) {
        if (!lscpu_table_add_column(t, piece_of(names->data), &what)) {
            g_autofree char *quote = piece_quote(piece_of(names->data));

            return fail(in, error, "member '%s': %s", quote, what);
        }
    }
    return true;
}

static bool take_row(struct lscpu_table *t, const struct facts_input *in, guint number,
                     GList *names, JsonObject *cpu, GError **error)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    struct piece cells[LSCPU_MAX_COLUMNS], at;
    g_autofree char *what = NULL;

    for (; names != NULL; names = names->next) {
        g_ptr_array_add(texts, text_of(json_object_get_member(cpu, names->data)));
        cells[texts->len - 1] = piece_of(g_ptr_array_index(texts, texts->len - 1));
    }
    return lscpu_table_add_row(t, cells, (int)texts->len, &at, &what) ||
           fail(in, error, "cpus[%u]: %s", number, what);
}

static bool take_rows(struct lscpu_table *t, const struct facts_input *in, JsonArray *cpus,
                      GError **error)
{
    g_autoptr(GList) names = NULL;

    for (guint i = 0; i < json_array_get_length(cpus); i++) {
        JsonObject *cpu = object_of(json_array_get_element(cpus, i));

        if (cpu == NULL || json_object_get_size(cpu) == 0) {
            return fail(in, error, "cpus[%u] is no CPU; expected {\"cpu\": 0, ...}", i);
        }
        if (names == NULL) {
            names = json_object_get_members(cpu);
            if (!take_columns(t, in, names, error)) {
                return false;
            }
        }
        if (!take_row(t, in, i, names, cpu, error)) {
            return false;
        }
    }
    return true;
}

static struct facts *read_cpus(const struct facts_input *in, JsonArray *cpus, GError **error)
{
    g_auto(lscpu_table_t) t = {.rows = NULL};

    lscpu_table_init(&t);
    return take_rows(&t, in, cpus, error) ? lscpu_table_finish(&t, in->name, "lscpu -e -J", error)
                                          : NULL;
}

/* --- {"caches": [{"name": "L1d", "one-size": "48K", "coherency-size": 64}]} ---------------------- */

static bool take_cache(struct facts *f, const struct facts_input *in, JsonObject *cache,
                       GError **error)
{
    g_autofree char *name = text_of(json_object_get_member(cache, "name"));
    g_autofree char *one = text_of(json_object_get_member(cache, "one-size"));
    g_autofree char *line = text_of(json_object_get_member(cache, "coherency-size"));
    struct lscpu_cache_size size = {.bytes = 0};
    int64_t bytes;

    if (piece_number(piece_of(line), 1 << 20, &bytes)) {
        f->cache_line_bytes = MAX(f->cache_line_bytes, bytes);
    }
    if (strcmp(one, "-") == 0) {
        return true;
    }
    if (!lscpu_parse_size(piece_of(one), &size)) {
        g_autofree char *quote = piece_quote(piece_of(one));

        return fail(in, error, "'%s' is no size of a cache; expected one like '48K'", quote);
    }
    bytes = lscpu_size_of_one(&size, 1);
    if (piece_is(piece_of(name), "L1d")) {
        f->l1d_bytes = bytes;
    } else if (piece_is(piece_of(name), "L2") || piece_is(piece_of(name), "L2d")) {
        f->l2_bytes = bytes;
    } else if (piece_is(piece_of(name), "L3") || piece_is(piece_of(name), "L4")) {
        f->l3_bytes = bytes; /* they stand in ascending order */
    }
    return true;
}

static struct facts *read_caches(const struct facts_input *in, JsonArray *caches, GError **error)
{
    g_autoptr(facts_t) f = facts_new_of("lscpu -C -J", in->name);

    for (guint i = 0; i < json_array_get_length(caches); i++) {
        JsonObject *cache = object_of(json_array_get_element(caches, i));

        if (cache == NULL) {
            fail(in, error, "caches[%u] is no cache; expected {\"name\": \"L2\", ...}", i);
            return NULL;
        }
        if (!take_cache(f, in, cache, error)) {
            return NULL;
        }
    }
    facts_state(f, MACHINE_CACHES, "lscpu -C -J");
    return g_steal_pointer(&f);
}

/* ------------------------------------------------------------------------------------------------ */

static struct facts *read_lscpu_json(const struct facts_input *in, GError **error)
{
    g_autoptr(JsonParser) parser = parse(in, error);
    JsonObject *root = parser != NULL ? object_of(json_parser_get_root(parser)) : NULL;
    JsonArray *array;

    if (parser == NULL) {
        return NULL;
    }
    array = array_of(root, "lscpu");
    if (array != NULL) {
        return read_summary(in, array, error);
    }
    array = array_of(root, "cpus");
    if (array != NULL) {
        return read_cpus(in, array, error);
    }
    array = array_of(root, "caches");
    if (array != NULL) {
        return read_caches(in, array, error);
    }
    fail(in, error,
         "no output of lscpu -J; expected an object with \"lscpu\", \"cpus\" or "
         "\"caches\"");
    return NULL;
}

const struct facts_reader facts_lscpu_json = {
    .name = "lscpu-json",
    .summary = "the JSON of `lscpu -J`, `lscpu -e -J` or `lscpu -C -J`",
    .recognises = recognises,
    .read = read_lscpu_json,
};
