/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/html.h"

#include <stdbool.h>
#include <string.h>

void html_text(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (c == '&') {
            g_string_append(out, "&amp;");
        } else if (c == '<') {
            g_string_append(out, "&lt;");
        } else if (c == '>') {
            g_string_append(out, "&gt;");
        } else if (c == '"') {
            g_string_append(out, "&quot;");
        } else if (c == '\'') {
            g_string_append(out, "&#39;");
        } else if ((c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0) ||
                   (c & 0xfffe) == 0xfffe) {
            g_string_append(out, "\xef\xbf\xbd");
        } else {
            g_string_append_unichar(out, c);
        }
    }
}

void html_element(GString *out, const char *name, const char *class_, const char *text)
{
    g_string_append_printf(out, "<%s%s%s%s>", name, class_ != NULL ? " class=\"" : "",
                           class_ != NULL ? class_ : "", class_ != NULL ? "\"" : "");
    html_text(out, text);
    g_string_append_printf(out, "</%s>\n", name);
}

/* ------------------------------------------------------------------------------------------- */
/* Tables                                                                                       */

void html_table_begin(GString *out, const char *const *heads, gsize nr_text)
{
    g_string_append(out, "<div class=\"scroll\"><table class=\"sortable\"><thead><tr>");
    for (gsize i = 0; heads[i] != NULL; i++) {
        g_string_append_printf(out, "<th scope=\"col\"%s>", i < nr_text ? " class=\"text\"" : "");
        html_text(out, heads[i]);
        g_string_append(out, "</th>");
    }
    g_string_append(out, "</tr></thead><tbody>\n");
}

void html_table_end(GString *out)
{
    g_string_append(out, "</tbody></table></div>\n");
}

void html_cell(GString *out, const char *text)
{
    g_string_append(out, "<td class=\"text\">");
    html_text(out, text);
    g_string_append(out, "</td>");
}

void html_cell_number(GString *out, double value, const char *text, const char *class_)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append_printf(out, "<td data-v=\"%s\"%s%s%s>",
                           g_ascii_formatd(number, sizeof(number), "%.12g", value),
                           class_ != NULL ? " class=\"" : "", class_ != NULL ? class_ : "",
                           class_ != NULL ? "\"" : "");
    html_text(out, text);
    g_string_append(out, "</td>");
}

/* ------------------------------------------------------------------------------------------- */
/* SVG                                                                                          */

/* What stands before a name that is one of the drawing's own ids. */
static const char *const before_ids[] = {" id=\"", " id='", " href='#", " href=\"#", "url(#"};

/* Appends @text up to @end with @prefix before each id. */
static void append_renamed(GString *out, const char *text, const char *prefix)
{
    while (*text != '\0') {
        gsize length = 0;

        for (gsize i = 0; i < G_N_ELEMENTS(before_ids) && length == 0; i++) {
            length = g_str_has_prefix(text, before_ids[i]) ? strlen(before_ids[i]) : 0;
        }
        if (length > 0) {
            g_string_append_len(out, text, (gssize)length);
            g_string_append(out, prefix);
            text += length;
        } else {
            g_string_append_c(out, *text++);
        }
    }
}

/* Takes all between @from and the next @to, both included, out of @text. False if there is none. */
static bool cut(GString *text, const char *from, const char *to)
{
    const char *begin = strstr(text->str, from);
    const char *end = begin != NULL ? strstr(begin + strlen(from), to) : NULL;

    if (end != NULL) {
        g_string_erase(text, begin - text->str, end + strlen(to) - begin);
    }
    return end != NULL;
}

char *html_svg(const char *svg, const char *prefix)
{
    const char *begin = strstr(svg, "<svg");

    if (begin == NULL) {
        return NULL;
    }
    g_autoptr(GString) text = g_string_new(begin);
    g_autoptr(GString) out = g_string_new(NULL);

    while (cut(text, "<title>", "</title>")) { /* browsers would show them as hints */
    }
    while (cut(text, " id=\"gnuplot_", "\"")) { /* some come twice, and nothing refers to them */
    }
    cut(text, "<desc>", "</desc>");
    cut(text, " xmlns=\"", "\"");
    cut(text, " xmlns:xlink=\"", "\"");
    g_string_replace(text, "xlink:href", "href", 0);
    append_renamed(out, text->str, prefix);
    return g_string_free(g_steal_pointer(&out), FALSE);
}
