/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of the YAML reader, with the place and the line they are about. */
#include <string.h>

#include "base/error.h"
#include "format/yaml-private.h"

/* Longer lines are shown as a window around the place. */
enum { SHOWN_BEFORE = 70, SHOWN_AFTER = 30 };

/* The text of line @line (1-based) without its end; *@ret_size its bytes. */
static const char *line_text(const struct yaml_doc *doc, uint32_t line, size_t *ret_size)
{
    const char *p = doc->bytes, *end = doc->bytes + doc->size, *eol;

    while (line > 1) {
        eol = memchr(p, '\n', (size_t)(end - p));
        if (eol == NULL) {
            p = end;
            break;
        }
        p = eol + 1;
        line--;
    }
    eol = memchr(p, '\n', (size_t)(end - p));
    eol = eol != NULL ? eol : end;
    if (eol > p && eol[-1] == '\r') {
        eol--;
    }
    *ret_size = (size_t)(eol - p);
    return p;
}

/* Appends the window of the line around @column, and a caret below that column. */
static void append_excerpt(GString *out, const char *text, size_t size, uint32_t column)
{
    g_autofree char *line = g_utf8_make_valid(text, (gssize)size);
    long length = g_utf8_strlen(line, -1);
    long at = MIN((long)column - 1, length);
    long from = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0;
    long to = MIN(length, at + SHOWN_AFTER);
    g_autofree char *shown = NULL;

    if (length <= SHOWN_BEFORE + SHOWN_AFTER) {
        from = 0;
        to = length;
    }
    shown = g_utf8_substring(line, from, to);
    g_strdelimit(shown, "\t", ' ');
    g_string_append_printf(out, "\n    %s\n    %*s^", shown, (int)(at - from), "");
}

bool yaml_error_at(const struct yaml_doc *doc, uint32_t line, uint32_t column, GError **error,
                   const char *message)
{
    g_autoptr(GString) out = g_string_new(NULL);
    size_t size;
    const char *text = line_text(doc, line, &size);

    g_string_printf(out, "%s:%u:%u: %s", doc->name, line, column, message);
    if (size > 0) {
        append_excerpt(out, text, size, column);
    }
    g_set_error_literal(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, out->str);
    return false;
}

bool yaml_error(const struct yaml_node *node, GError **error, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    return yaml_error_at(node->doc, node->line, node->column, error, message);
}

bool yaml_error_unknown(const struct yaml_node *node, const char *what, const char *const *known,
                        GError **error)
{
    const char *text = node->text != NULL ? node->text : "";
    const char *nearest = error_nearest(text, known);
    g_autofree char *list = g_strjoinv(", ", (char **)(guintptr)known);
    g_autoptr(GString) out = g_string_new(NULL);

    g_string_printf(out, "unknown %s '%s'; expected ", what, text);
    if (known[0] == NULL) {
        g_string_append(out, "none");
    } else {
        g_string_append_printf(out, "%s%s", known[1] == NULL ? "" : "one of ", list);
    }
    if (nearest != NULL) {
        g_string_append_printf(out, " (did you mean '%s'?)", nearest);
    }
    return yaml_error(node, error, "%s", out->str);
}

char *yaml_describe(const struct yaml_node *node)
{
    return node->key != NULL ? g_strdup_printf("'%s'", node->key->text) : g_strdup("this item");
}

const char *yaml_kind_name(enum yaml_kind kind)
{
    switch (kind) {
    case YAML_KIND_SCALAR:
        return "a scalar";
    case YAML_KIND_SEQUENCE:
        return "a sequence";
    case YAML_KIND_MAPPING:
        return "a mapping";
    }
    return "?";
}

static bool fail_byte(const struct yaml_doc *doc, const char *at, GError **error,
                      const char *message)
{
    const char *start = doc->bytes;
    uint32_t line = 1;

    for (const char *p = doc->bytes; p < at; p++) {
        if (*p == '\n') {
            line++;
            start = p + 1;
        }
    }
    return yaml_error_at(doc, line, (uint32_t)g_utf8_strlen(start, at - start) + 1, error, message);
}

/* A character that libyaml would take for the end of a line, or that no editor shows. */
static bool is_strange(const char *p)
{
    unsigned char c = (unsigned char)p[0];

    if (c < 0x20) {
        return c != '\t' && c != '\n' && !(c == '\r' && p[1] == '\n');
    }
    if (c == 0x7f) {
        return true;
    }
    if (c == 0xc2) { /* U+0080..U+009F */
        return (unsigned char)p[1] < 0xa0;
    }
    /* U+2028 and U+2029 */
    return c == 0xe2 && (unsigned char)p[1] == 0x80 &&
           ((unsigned char)p[2] == 0xa8 || (unsigned char)p[2] == 0xa9);
}

bool yaml_check_text(const struct yaml_doc *doc, GError **error)
{
    const char *end = doc->bytes + doc->size, *bad;
    bool indentation = true;

    bad = memchr(doc->bytes, '\0', doc->size);
    if (bad != NULL) {
        return fail_byte(doc, bad, error, "a NUL byte; expected UTF-8 text");
    }
    if (!g_utf8_validate(doc->bytes, (gssize)doc->size, &bad)) {
        return fail_byte(doc, bad, error, "a byte that is not UTF-8; expected UTF-8 text");
    }
    for (const char *p = doc->bytes; p < end; p++) {
        if (is_strange(p)) {
            return fail_byte(doc, p, error, "a control character; expected printable text");
        }
        if (indentation && *p == '\t') {
            return fail_byte(doc, p, error, "a tab in the indentation; expected spaces");
        }
        indentation = *p == '\n' || (indentation && *p == ' ');
    }
    return true;
}
