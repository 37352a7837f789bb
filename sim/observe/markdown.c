/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/markdown.h"

#include <stdbool.h>
#include <string.h>

/* That @c, in @text, means something; "_" between letters does not. */
static bool is_special(const char *text, const char *c)
{
    return strchr("|<>*_`[]\\", *c) != NULL &&
           !(*c == '_' && c > text && g_ascii_isalnum(c[-1]) && g_ascii_isalnum(c[1]));
}

void markdown_append(GString *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (is_special(text, c)) {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, *c == '\n' || *c == '\r' ? ' ' : *c);
    }
}

static void append_fence(GString *out, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        g_string_append_c(out, '`');
    }
}

/* A code span knows no escapes, but a table takes "\|" before it looks for one. */
void markdown_append_code(GString *out, const char *text)
{
    size_t longest = 0, run = 0;

    for (const char *c = text; *c != '\0'; c++) {
        run = *c == '`' ? run + 1 : 0;
        longest = MAX(longest, run);
    }
    append_fence(out, longest + 1);
    g_string_append(out, longest > 0 ? " " : "");
    for (const char *c = text; *c != '\0'; c++) {
        g_string_append(out, *c == '|' ? "\\" : "");
        g_string_append_c(out, *c == '\n' || *c == '\r' ? ' ' : *c);
    }
    g_string_append(out, longest > 0 ? " " : "");
    append_fence(out, longest + 1);
}
