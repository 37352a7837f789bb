/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A page as text that is HTML and XML at once. Whatever comes from outside goes through html_text(): names
 * of tasks and files may hold anything.
 */
#ifndef NUMASIM_CLI_HTML_H
#define NUMASIM_CLI_HTML_H

#include <glib.h>

/* @text for element content and for attributes in double quotes: what is no UTF-8, and control characters,
 * become U+FFFD. */
void html_text(GString *out, const char *text);
/* "<NAME>text</NAME>"; @class_ may be NULL. */
void html_element(GString *out, const char *name, const char *class_, const char *text);

/* A table that the page's script sorts by any column. @heads NULL-terminated; the columns behind the first
 * @nr_text are numbers. */
void html_table_begin(GString *out, const char *const *heads, gsize nr_text);
void html_table_end(GString *out);
/* A cell of text; one that sorts by the number @value and shows @text, with a class or NULL. */
void html_cell(GString *out, const char *text);
void html_cell_number(GString *out, double value, const char *text, const char *class_);

/*
 * The drawing of gnuplot's @svg as an element of a page: without prolog and names of namespaces, its ids
 * behind @prefix, so that several stand in one page. Newly allocated; NULL if it is none.
 */
char *html_svg(const char *svg, const char *prefix);

#endif
