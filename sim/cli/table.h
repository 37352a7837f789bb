/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table of text for people: columns as wide as they need, two spaces between. */
#ifndef NUMASIM_CLI_TABLE_H
#define NUMASIM_CLI_TABLE_H

#include <glib.h>

struct table;

/* @heads: the columns' names, NULL-terminated; one that begins with '>' aligns to the right. */
struct table *table_new(const char *const *heads);
void table_free(struct table *table); /* accepts NULL */
typedef struct table table_t;         /* for g_autoptr(table_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(table_t, table_free)

/* The next cell, row by row; @text (UTF-8, may be NULL) is copied. */
void table_add(struct table *table, const char *text);
/* The same, taking @text. */
void table_take(struct table *table, char *text);
/* Appends the table; without rows, the heads alone. */
void table_append(const struct table *table, GString *out);

#endif
