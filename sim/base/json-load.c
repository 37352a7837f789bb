/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json-load.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* A place in the text. */
struct place {
    const char *path, *at, *end;
    const char *line_start;
    guint line;
};

G_GNUC_PRINTF(3, 4)
static bool fail(const struct place *p, GError **error, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s:%u:%u: %s", p->path, p->line,
                (guint)(p->at - p->line_start) + 1, what);
    return false;
}

/* Behind the string that begins here. */
static void skip_string(struct place *p)
{
    for (p->at++; p->at < p->end && *p->at != '"' && *p->at != '\n'; p->at++) {
        if (*p->at == '\\' && p->at + 1 < p->end && p->at[1] != '\n') {
            p->at++;
        }
    }
    if (p->at < p->end && *p->at == '"') {
        p->at++;
    }
}

/* Behind the number that begins here. */
static bool skip_number(struct place *p, GError **error)
{
    size_t length = strspn(p->at, "+-.0123456789eE"); /* the text ends with a NUL */
    g_autofree char *number = g_strndup(p->at, length);

    errno = 0;
    if (strpbrk(number, ".eE") == NULL && (g_ascii_strtoll(number, NULL, 10), errno == ERANGE)) {
        return fail(p, error,
                    "the integer %s is too large; expected one of 64 bits, -9223372036854775808 to "
                    "9223372036854775807",
                    number);
    }
    p->at += length;
    return true;
}

/* What json-glib does not check. */
static bool check(const char *path, const char *text, gsize size, GError **error)
{
    struct place p = {path, text, text + size, text, 1};
    int depth = 0;

    while (p.at < p.end) {
        char c = *p.at;

        if (c == '"') {
            skip_string(&p);
            continue;
        }
        if (c == '-' || g_ascii_isdigit(c)) {
            if (!skip_number(&p, error)) {
                return false;
            }
            continue;
        }
        if (c == '\0') { /* json-glib takes it for the end */
            return fail(&p, error, "not JSON: a NUL byte");
        }
        depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
        if (depth > JSON_LOAD_MAX_DEPTH) {
            return fail(&p, error, "more than %d brackets within one another", JSON_LOAD_MAX_DEPTH);
        }
        p.at++;
        if (c == '\n') {
            p.line++;
            p.line_start = p.at;
        }
    }
    if (depth > 0) {
        return fail(&p, error, "not JSON: the file ends early, within %d bracket%s", depth,
                    depth > 1 ? "s" : "");
    }
    return true;
}

const char *json_load_cause(const GError *cause, guint *ret_line, guint *ret_column)
{
    const char *message = cause->message;
    char *rest;

    *ret_line = *ret_column = 0;
    if (g_str_has_prefix(message, "<data>:")) {
        *ret_line = (guint)strtoul(message + strlen("<data>:"), &rest, 10);
        *ret_column = *rest == ':' ? (guint)strtoul(rest + 1, &rest, 10) : 0;
        message = g_str_has_prefix(rest, ": ") ? rest + 2 : rest;
    }
    return g_str_has_prefix(message, "Parse error: ") ? message + strlen("Parse error: ") : message;
}

JsonParser *json_load(const char *path, const char *text, gsize size, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) cause = NULL;
    g_autofree char *ended = g_strndup(text, size);

    if (!check(path, ended, size, error)) {
        return NULL;
    }
    if (!json_parser_load_from_data(parser, ended, -1, &cause)) {
        guint line, column;
        const char *why = json_load_cause(cause, &line, &column);

        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s:%u:%u: not JSON: %s", path, line,
                    column, why);
        return NULL;
    }
    if (json_parser_get_root(parser) == NULL) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s:1:1: not JSON: it is empty; expected an object", path);
        return NULL;
    }
    return g_steal_pointer(&parser);
}
