/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scalars, comments and mappings as YAML text. */
#include <string.h>

#include "format/machine/topology-write-private.h"

/* U+FFFD stands for what is no text. */
static gunichar clean(gunichar c)
{
    bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);

    return control && c != '\n' && c != '\t' ? 0xfffd : c;
}

/* @text as UTF-8 without control characters but newlines and tabs. Newly allocated. */
static char *clean_text(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new(NULL);

    for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
        g_string_append_unichar(out, clean(g_utf8_get_char(p)));
    }
    return g_string_free(out, FALSE);
}

/* Whether @c stands for itself in any scalar: no escape needed. */
static bool is_literal(gunichar c)
{
    GUnicodeType type = g_unichar_type(c);

    if (c < 0x80) {
        return c >= 0x20 && c < 0x7f;
    }
    return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR &&
           type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

static bool all_literal(const char *text)
{
    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        if (!is_literal(g_utf8_get_char(p))) {
            return false;
        }
    }
    return true;
}

/* Words that a reader of YAML may take for something else than text. */
static bool is_word_of_yaml(const char *text)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on",
                                        "off",  "y",    "n",     "nan", "inf"};

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_ascii_strcasecmp(text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether @text may stand without quotes. */
static bool is_plain(const char *text, bool flow)
{
    size_t length = strlen(text);
    bool letter = false;

    if (length == 0 || !g_ascii_isalnum(text[0]) || text[length - 1] == ' ' ||
        text[length - 1] == ':' || !all_literal(text) || is_word_of_yaml(text)) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        letter = letter || g_ascii_isalpha(text[i]);
    }
    return letter && strstr(text, ": ") == NULL && strstr(text, " #") == NULL &&
           (!flow || strpbrk(text, ",[]{}:?#") == NULL);
}

static char *quoted(const char *text)
{
    GString *out = g_string_new("\"");

    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (c == '"' || c == '\\') {
            g_string_append_printf(out, "\\%c", (char)c);
        } else if (c == '\n') {
            g_string_append(out, "\\n");
        } else if (c == '\t') {
            g_string_append(out, "\\t");
        } else if (is_literal(c)) {
            g_string_append_unichar(out, c);
        } else {
            g_string_append_printf(out, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
        }
    }
    g_string_append_c(out, '"');
    return g_string_free(out, FALSE);
}

char *topology_scalar(const char *text, bool flow)
{
    g_autofree char *valid = clean_text(text);

    return is_plain(valid, flow) ? g_steal_pointer(&valid) : quoted(valid);
}

/* A folded scalar keeps single spaces, and nothing else that is white. */
static bool folds(const char *text)
{
    return all_literal(text) && text[0] != ' ' && text[0] != '\0' && strstr(text, "  ") == NULL &&
           text[strlen(text) - 1] != ' ';
}

/* The words of @text on lines that begin with @begin. */
static void append_words(GString *out, const char *text, const char *begin)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    size_t column = 0;

    for (char **word = words; *word != NULL; word++) {
        size_t length = (size_t)g_utf8_strlen(*word, -1);

        if (column > 0 && column + 1 + length > TOPOLOGY_COLUMNS) {
            g_string_append_c(out, '\n');
            column = 0;
        }
        g_string_append_printf(out, "%s%s", column == 0 ? begin : " ", *word);
        column += length + (column == 0 ? strlen(begin) : 1);
    }
    g_string_append_c(out, '\n');
}

void topology_write_text(GString *out, int indent, const char *key, const char *text)
{
    g_autofree char *valid = clean_text(text), *scalar = topology_scalar(text, false);
    size_t column = (size_t)indent + strlen(key) + 2;

    g_string_append_printf(out, "%*s%s: ", indent, "", key);
    if (column + (size_t)g_utf8_strlen(scalar, -1) > TOPOLOGY_COLUMNS && folds(valid)) {
        g_autofree char *begin = g_strnfill((gsize)(indent + TOPOLOGY_INDENT), ' ');

        g_string_append(out, ">-\n");
        append_words(out, valid, begin);
    } else {
        g_string_append_printf(out, "%s\n", scalar);
    }
}

void topology_write_comment(GString *out, const char *line)
{
    g_autofree char *valid = clean_text(line);
    g_autoptr(GString) literal = g_string_new(NULL);

    for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        g_string_append_unichar(literal, is_literal(c) ? c : ' ');
    }
    if (literal->len > 0) {
        append_words(out, literal->str, "# ");
    } else {
        g_string_append(out, "#\n");
    }
}

void topology_map_init(struct topology_map *map)
{
    map->keys = g_ptr_array_new_with_free_func(g_free);
    map->values = g_ptr_array_new_with_free_func(g_free);
}

void topology_map_add(struct topology_map *map, const char *key, const char *value)
{
    g_ptr_array_add(map->keys, g_strdup(key));
    g_ptr_array_add(map->values, g_strdup(value));
}

void topology_map_add_int(struct topology_map *map, const char *key, int64_t value)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);

    topology_map_add(map, key, text);
}

void topology_map_add_quantity(struct topology_map *map, const char *key, int64_t value,
                               enum unit unit)
{
    g_autofree char *text = units_format(value, unit);

    topology_map_add(map, key, text);
}

void topology_map_add_text(struct topology_map *map, const char *key, const char *text)
{
    g_autofree char *scalar = topology_scalar(text, true);

    topology_map_add(map, key, scalar);
}

void topology_map_add_list(struct topology_map *map, const char *key, const char *list)
{
    g_autofree char *text = strchr(list, ',') != NULL ? quoted(list) : g_strdup(list);

    topology_map_add(map, key, text);
}

static char *in_braces(const struct topology_map *map)
{
    GString *out = g_string_new("{");

    for (guint i = 0; i < map->keys->len; i++) {
        g_string_append_printf(out, "%s%s: %s", i > 0 ? ", " : "",
                               (const char *)g_ptr_array_index(map->keys, i),
                               (const char *)g_ptr_array_index(map->values, i));
    }
    g_string_append_c(out, '}');
    return g_string_free(out, FALSE);
}

void topology_map_write(struct topology_map *map, GString *out, int indent, const char *key)
{
    g_autofree char *braces = in_braces(map);
    size_t begin = (size_t)indent + (key != NULL ? strlen(key) + 2 : 2);
    bool flow = begin + strlen(braces) <= TOPOLOGY_COLUMNS;

    if (key != NULL) {
        g_string_append_printf(out, "%*s%s:%s", indent, "", key, flow ? " " : "\n");
    } else {
        g_string_append_printf(out, "%*s- ", indent, "");
    }
    if (flow) {
        g_string_append_printf(out, "%s\n", braces);
    }
    for (guint i = 0; !flow && i < map->keys->len; i++) {
        /* A list's item begins beside its dash. */
        g_string_append_printf(out, "%*s%s: %s\n",
                               key == NULL && i == 0 ? 0 : indent + TOPOLOGY_INDENT, "",
                               (const char *)g_ptr_array_index(map->keys, i),
                               (const char *)g_ptr_array_index(map->values, i));
    }
    g_ptr_array_unref(map->keys);
    g_ptr_array_unref(map->values);
}
