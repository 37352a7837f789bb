/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/json.h"

struct json_out json_out_new(void)
{
    return (struct json_out){.text = g_string_new(NULL), .first = true};
}

char *json_out_finish(struct json_out *out, gsize *ret_size)
{
    g_string_append_c(out->text, '\n');
    if (ret_size != NULL) {
        *ret_size = out->text->len;
    }
    return g_string_free(g_steal_pointer(&out->text), FALSE);
}

static void newline(struct json_out *out)
{
    g_string_append_c(out->text, '\n');
    for (int32_t i = 0; i < out->depth; i++) {
        g_string_append_c(out->text, ' ');
    }
}

/* Control characters, quotes and backslashes; what is not UTF-8 is replaced. */
static void append_quoted(GString *text, const char *value)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);

    g_string_append_c(text, '"');
    for (const char *p = valid; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;

        if (c == '"' || c == '\\') {
            g_string_append_c(text, '\\');
            g_string_append_c(text, *p);
        } else if (c < 0x20 || c == 0x7f) {
            g_string_append_printf(text, "\\u%04x", c);
        } else {
            g_string_append_c(text, *p);
        }
    }
    g_string_append_c(text, '"');
}

/* Begins a member or element: the comma, the line, the name. */
static void begin(struct json_out *out, const char *name)
{
    if (!out->first) {
        g_string_append(out->text, out->flat > 0 ? ", " : ",");
    }
    if (out->flat == 0 && out->depth > 0) {
        newline(out);
    }
    if (name != NULL) {
        append_quoted(out->text, name);
        g_string_append(out->text, ": ");
    }
    out->first = false;
}

static void open_bracket(struct json_out *out, const char *name, char bracket, bool flat)
{
    begin(out, name);
    g_string_append_c(out->text, bracket);
    out->depth++;
    out->first = true;
    if (flat || out->flat > 0) {
        out->flat++;
    }
}

static void close_bracket(struct json_out *out, char bracket)
{
    out->depth--;
    if (out->flat > 0) {
        out->flat--;
    } else if (!out->first) {
        newline(out);
    }
    g_string_append_c(out->text, bracket);
    out->first = false;
}

void json_object_begin(struct json_out *out, const char *name, bool flat)
{
    open_bracket(out, name, '{', flat);
}

void json_object_end(struct json_out *out)
{
    close_bracket(out, '}');
}

void json_array_begin(struct json_out *out, const char *name, bool flat)
{
    open_bracket(out, name, '[', flat);
}

void json_array_end(struct json_out *out)
{
    close_bracket(out, ']');
}

void json_raw(struct json_out *out, const char *name)
{
    begin(out, name);
}

void json_string(struct json_out *out, const char *name, const char *value)
{
    begin(out, name);
    append_quoted(out->text, value);
}

void json_int(struct json_out *out, const char *name, int64_t value)
{
    begin(out, name);
    g_string_append_printf(out->text, "%" G_GINT64_FORMAT, value);
}

void json_bool(struct json_out *out, const char *name, bool value)
{
    begin(out, name);
    g_string_append(out->text, value ? "true" : "false");
}

void json_strings(struct json_out *out, const char *name, char *const *values)
{
    json_array_begin(out, name, true);
    for (int32_t i = 0; values[i] != NULL; i++) {
        json_string(out, NULL, values[i]);
    }
    json_array_end(out);
}
