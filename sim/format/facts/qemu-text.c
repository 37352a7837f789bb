/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/facts/qemu-text.h"

#include <json-glib/json-glib.h>
#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/json-load.h"

bool qemu_error(const struct facts_input *in, struct qemu_place place, GError **error,
                const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s:%d:%d: %s", in->name, place.line,
                place.column, message);
    return false;
}

struct qemu_word *qemu_word_new(const char *text, struct qemu_place place)
{
    struct qemu_word *word = g_new0(struct qemu_word, 1);
    const size_t length = strlen(text);

    word->text = g_strdup(text);
    word->places = g_new(struct qemu_place, length + 1);
    for (size_t i = 0; i <= length; i++) {
        word->places[i] = place;
    }
    return word;
}

void qemu_word_free(struct qemu_word *word)
{
    g_free(word->text);
    g_free(word->places);
    g_free(word);
}

static void free_word(gpointer word)
{
    qemu_word_free(word);
}

/* Reading the bytes one by one, and the word that grows meanwhile. */
struct scanner {
    const struct facts_input *in;
    size_t at;
    struct qemu_place place;
    GString *text;
    GArray *places;
    bool in_word;
    GPtrArray *words;
};

static bool at_end(const struct scanner *s)
{
    return s->at >= s->in->size;
}

static char next(struct scanner *s)
{
    const char c = s->in->bytes[s->at++];

    if (c == '\n') {
        s->place.line++;
        s->place.column = 1;
    } else {
        s->place.column++;
    }
    return c;
}

/* Adds the next byte to the word. */
static void take(struct scanner *s)
{
    g_array_append_val(s->places, s->place);
    g_string_append_c(s->text, next(s));
    s->in_word = true;
}

static void end_word(struct scanner *s)
{
    struct qemu_word *word;

    if (!s->in_word) {
        return;
    }
    word = g_new0(struct qemu_word, 1);
    g_array_append_val(s->places, s->place);
    word->text = g_strdup(s->text->str);
    word->places = g_memdup2(s->places->data, s->places->len * sizeof(struct qemu_place));
    g_ptr_array_add(s->words, word);
    g_string_truncate(s->text, 0);
    g_array_set_size(s->places, 0);
    s->in_word = false;
}

/* From behind the opening @quote to behind the closing one. */
static bool take_quoted(struct scanner *s, char quote, GError **error)
{
    const struct qemu_place opened = {s->place.line, s->place.column - 1};

    s->in_word = true;
    while (!at_end(s)) {
        const char c = s->in->bytes[s->at];

        if (c == quote) {
            next(s);
            return true;
        }
        if (c == '\\' && quote == '"' && s->at + 1 < s->in->size &&
            strchr("\"\\$`\n", s->in->bytes[s->at + 1]) != NULL) {
            next(s);
            if (s->in->bytes[s->at] == '\n') {
                next(s);
                continue;
            }
        }
        take(s);
    }
    return qemu_error(s->in, opened, error, "the quote %c is not closed; expected another", quote);
}

static void skip_line(struct scanner *s)
{
    while (!at_end(s) && s->in->bytes[s->at] != '\n') {
        next(s);
    }
}

static void take_escaped(struct scanner *s)
{
    next(s);
    if (at_end(s)) {
        return;
    }
    if (s->in->bytes[s->at] == '\r') {
        next(s);
    }
    if (!at_end(s) && s->in->bytes[s->at] == '\n') {
        next(s);
    } else if (!at_end(s)) {
        take(s);
    }
}

/* As a shell would, without variables and substitutions. */
static bool scan_shell(struct scanner *s, GError **error)
{
    while (!at_end(s)) {
        const char c = s->in->bytes[s->at];

        if (c == '\'' || c == '"') {
            next(s);
            if (!take_quoted(s, c, error)) {
                return false;
            }
        } else if (c == '\\') {
            take_escaped(s);
        } else if (c == '#' && !s->in_word) {
            skip_line(s);
        } else if (g_ascii_isspace(c)) {
            end_word(s);
            next(s);
        } else {
            take(s);
        }
    }
    return true;
}

/* Words that end with @separator. */
static void scan_separated(struct scanner *s, char separator)
{
    while (!at_end(s)) {
        const char c = s->in->bytes[s->at];

        if (c == separator || (c == '\r' && separator == '\n')) {
            end_word(s);
            next(s);
        } else {
            take(s);
        }
    }
}

/*
 * True iff each argument stands on a line of its own, as `ps` and `tr` leave them: several lines
 * begin an option, none of these has blanks in it, and no line is continued.
 */
static bool is_one_to_a_line(const struct facts_input *in)
{
    const char *line = in->bytes, *const end = in->bytes + in->size;
    int nr_options = 0;

    while (line < end) {
        const char *const newline = memchr(line, '\n', (size_t)(end - line));
        const char *const stop = newline != NULL ? newline : end;

        if (stop > line && stop[-1] == '\\') {
            return false;
        }
        if (*line == '-') {
            for (const char *c = line; c < stop; c++) {
                if (*c == ' ' || *c == '\t' || *c == '\'' || *c == '"') {
                    return false;
                }
            }
            nr_options++;
        }
        line = stop + 1;
    }
    return nr_options > 1;
}

GPtrArray *qemu_words(const struct facts_input *in, GError **error)
{
    struct scanner s = {.in = in, .place = {1, 1}};
    bool ok = true;

    s.text = g_string_new(NULL);
    s.places = g_array_new(FALSE, FALSE, sizeof(struct qemu_place));
    s.words = g_ptr_array_new_with_free_func(free_word);
    if (memchr(in->bytes, '\0', in->size) != NULL) {
        scan_separated(&s, '\0');
    } else if (is_one_to_a_line(in)) {
        scan_separated(&s, '\n');
    } else {
        ok = scan_shell(&s, error);
    }
    end_word(&s);
    g_string_free(s.text, TRUE);
    g_array_unref(s.places);
    if (!ok) {
        g_ptr_array_unref(s.words);
        return NULL;
    }
    return s.words;
}

static void clear_pair(gpointer data)
{
    struct qemu_pair *pair = data;

    g_free(pair->key);
    g_free(pair->value);
}

static GArray *new_pairs(void)
{
    GArray *pairs = g_array_new(FALSE, FALSE, sizeof(struct qemu_pair));

    g_array_set_clear_func(pairs, clear_pair);
    return pairs;
}

static void add_json_member(JsonObject *object, const char *key, JsonNode *node, gpointer data)
{
    const struct qemu_word *word = ((gpointer *)data)[0];
    GArray *pairs = ((gpointer *)data)[1];
    struct qemu_pair pair = {.key_place = word->places[0], .value_place = word->places[0]};

    (void)object;
    if (!JSON_NODE_HOLDS_VALUE(node)) {
        return;
    }
    if (json_node_get_value_type(node) == G_TYPE_STRING) {
        pair.value = g_strdup(json_node_get_string(node));
    } else if (json_node_get_value_type(node) == G_TYPE_INT64) {
        pair.value = g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
    } else if (json_node_get_value_type(node) == G_TYPE_BOOLEAN) {
        pair.value = g_strdup(json_node_get_boolean(node) ? "on" : "off");
    } else {
        return;
    }
    pair.key = g_strdup(key);
    g_array_append_val(pairs, pair);
}

static GArray *json_pairs(const struct facts_input *in, const struct qemu_word *word,
                          GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) why = NULL;
    gpointer data[2] = {(gpointer)(guintptr)word, NULL};
    JsonNode *root;

    if (!json_parser_load_from_data(parser, word->text, -1, &why)) {
        guint line, column; /* of the word; it has a place in the file */

        qemu_error(in, word->places[0], error, "no valid JSON (%s); expected {\"key\": value, ...}",
                   json_load_cause(why, &line, &column));
        return NULL;
    }
    root = json_parser_get_root(parser);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)) {
        qemu_error(in, word->places[0], error, "no JSON object; expected {\"key\": value, ...}");
        return NULL;
    }
    data[1] = new_pairs();
    json_object_foreach_member(json_node_get_object(root), add_json_member, data);
    return data[1];
}

/* The value that begins at @at, with `,,` made one comma; moves @at to its end. */
static char *take_value(const char *text, size_t *at)
{
    GString *value = g_string_new(NULL);

    while (text[*at] != '\0' && (text[*at] != ',' || text[*at + 1] == ',')) {
        *at += text[*at] == ',';
        g_string_append_c(value, text[*at]);
        (*at)++;
    }
    return g_string_free(value, FALSE);
}

GArray *qemu_pairs(const struct facts_input *in, const struct qemu_word *word, const char *implied,
                   GError **error)
{
    GArray *pairs;
    size_t at = 0;

    if (word->text[0] == '{') {
        return json_pairs(in, word, error);
    }
    pairs = new_pairs();
    while (word->text[at] != '\0') {
        const size_t length = strcspn(word->text + at, "=,");
        struct qemu_pair pair = {.key_place = word->places[at], .value_place = word->places[at]};

        if (word->text[at + length] != '=' && at == 0 && implied != NULL) {
            pair.key = g_strdup(implied);
            pair.value = take_value(word->text, &at);
        } else {
            pair.key = g_strndup(word->text + at, length);
            at += length;
            if (word->text[at] == '=') {
                at++;
                pair.value_place = word->places[at];
                pair.value = take_value(word->text, &at);
            }
        }
        g_array_append_val(pairs, pair);
        at += word->text[at] == ',';
    }
    return pairs;
}

const struct qemu_pair *qemu_pairs_find(const GArray *pairs, const char *key)
{
    for (guint i = pairs->len; i-- > 0;) {
        const struct qemu_pair *pair = &g_array_index(pairs, struct qemu_pair, i);

        if (strcmp(pair->key, key) == 0) {
            return pair;
        }
    }
    return NULL;
}
