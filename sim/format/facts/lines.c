/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/facts/lines.h"

#include <string.h>

#include "base/error.h"

struct lines lines_of(const struct facts_input *in)
{
    return (struct lines){.name = in->name, .at = in->bytes, .end = in->bytes + in->size};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static size_t length(struct piece p)
{
    return (size_t)(p.end - p.begin);
}

bool lines_next(struct lines *l)
{
    const char *end;

    if (l->at == l->end) {
        return false;
    }
    end = memchr(l->at, '\n', (size_t)(l->end - l->at));
    l->line.begin = l->at;
    l->line.end = end != NULL ? end : l->end;
    l->at = end != NULL ? end + 1 : l->end;
    if (l->line.end > l->line.begin && l->line.end[-1] == '\r') {
        l->line.end--;
    }
    l->number++;
    return true;
}

bool lines_next_filled(struct lines *l)
{
    while (lines_next(l)) {
        if (length(piece_trim(l->line)) > 0) {
            return true;
        }
    }
    return false;
}

bool lines_fail(const struct lines *l, const char *at, GError **error, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s:%d:%d: %s", l->name,
                MAX(l->number, 1), l->line.begin != NULL ? (int)(at - l->line.begin) + 1 : 1, what);
    return false;
}

struct piece piece_trim(struct piece p)
{
    while (p.begin < p.end && is_blank(*p.begin)) {
        p.begin++;
    }
    while (p.end > p.begin && is_blank(p.end[-1])) {
        p.end--;
    }
    return p;
}

bool piece_next_word(struct piece *rest, struct piece *word)
{
    const char *end;

    *rest = piece_trim(*rest);
    if (length(*rest) == 0) {
        return false;
    }
    for (end = rest->begin; end < rest->end && !is_blank(*end); end++) {
    }
    *word = (struct piece){rest->begin, end};
    rest->begin = end;
    return true;
}

bool piece_next_cell(struct piece *rest, char separator, struct piece *cell)
{
    const char *end;

    if (rest->begin == NULL) {
        return false;
    }
    end = memchr(rest->begin, separator, length(*rest));
    *cell = piece_trim((struct piece){rest->begin, end != NULL ? end : rest->end});
    rest->begin = end != NULL ? end + 1 : NULL;
    return true;
}

bool piece_starts(struct piece p, const char *text)
{
    const size_t size = strlen(text);

    return length(p) >= size && g_ascii_strncasecmp(p.begin, text, size) == 0;
}

bool piece_is(struct piece p, const char *text)
{
    return length(p) == strlen(text) && piece_starts(p, text);
}

bool piece_take_number(struct piece *p, int64_t max, int64_t *ret)
{
    const char *at = p->begin;
    int64_t value = 0;

    for (; at < p->end && g_ascii_isdigit(*at); at++) {
        if (value > (max - (*at - '0')) / 10) {
            return false;
        }
        value = value * 10 + (*at - '0');
    }
    if (at == p->begin) {
        return false;
    }
    p->begin = at;
    *ret = value;
    return true;
}

bool piece_number(struct piece p, int64_t max, int64_t *ret)
{
    int64_t value;

    if (!piece_take_number(&p, max, &value) || length(p) > 0) {
        return false;
    }
    *ret = value;
    return true;
}

bool piece_mhz(struct piece p, int64_t *ret_hz)
{
    enum { MAX_MHZ = 1000000, HZ_PER_MHZ = 1000000 };
    int64_t hz;

    if (!piece_take_number(&p, MAX_MHZ, &hz)) {
        return false;
    }
    hz *= HZ_PER_MHZ;
    if (length(p) > 0 && (*p.begin == '.' || *p.begin == ',')) {
        int64_t unit = HZ_PER_MHZ / 10;

        for (p.begin++; length(p) > 0 && g_ascii_isdigit(*p.begin); p.begin++) {
            hz += (*p.begin - '0') * unit;
            unit /= 10;
        }
    }
    if (length(p) > 0) {
        return false;
    }
    *ret_hz = hz;
    return true;
}

char *piece_quote(struct piece p)
{
    enum { MAX_QUOTED = 40 };
    const size_t size = MIN(length(p), MAX_QUOTED);
    char *text = g_strndup(p.begin, size);

    for (size_t i = 0; i < size; i++) {
        text[i] = g_ascii_isprint(p.begin[i]) ? p.begin[i] : '?';
    }
    text[size] = '\0';
    return text;
}
