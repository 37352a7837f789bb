/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of cells as aligned text: the first column to the left, the others to the right. */
#ifndef NUMASIM_OBSERVE_TEXT_TABLE_H
#define NUMASIM_OBSERVE_TEXT_TABLE_H

#include <glib.h>
#include <stdint.h>

struct text_table {
    GPtrArray *cells; /* char *, owned; nr_columns to a row */
    int32_t nr_columns;
};

struct text_table text_table_new(int32_t nr_columns);
/* Takes @cell. */
void text_table_add(struct text_table *t, char *cell);
/* Empty cells up to the end of the row. */
void text_table_end_row(struct text_table *t);
/* Appends the table to @out, two spaces before each row, and releases it. */
void text_table_finish(struct text_table *t, GString *out);

#endif
