/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "observe/text-table.h"

struct text_table text_table_new(int32_t nr_columns)
{
    return (struct text_table){g_ptr_array_new_with_free_func(g_free), nr_columns};
}

void text_table_add(struct text_table *t, char *cell)
{
    g_ptr_array_add(t->cells, cell);
}

void text_table_end_row(struct text_table *t)
{
    while (t->cells->len % (guint)t->nr_columns != 0) {
        g_ptr_array_add(t->cells, g_strdup(""));
    }
}

static glong width(const char *cell)
{
    return g_utf8_strlen(cell, -1);
}

static void pad(GString *out, glong spaces)
{
    for (glong i = 0; i < spaces; i++) {
        g_string_append_c(out, ' ');
    }
}

void text_table_finish(struct text_table *t, GString *out)
{
    guint columns = (guint)t->nr_columns;
    g_autofree glong *widths = g_new0(glong, columns);

    for (guint i = 0; i < t->cells->len; i++) {
        widths[i % columns] = MAX(widths[i % columns], width(t->cells->pdata[i]));
    }
    for (guint i = 0; i < t->cells->len; i++) {
        const char *cell = t->cells->pdata[i];
        guint column = i % columns;
        glong spaces = widths[column] - width(cell);

        g_string_append(out, "  ");
        if (column == 0) {
            g_string_append(out, cell);
            pad(out, spaces);
        } else {
            pad(out, spaces);
            g_string_append(out, cell);
        }
        if (column == columns - 1) {
            while (out->str[out->len - 1] == ' ') {
                g_string_truncate(out, out->len - 1);
            }
            g_string_append_c(out, '\n');
        }
    }
    g_clear_pointer(&t->cells, g_ptr_array_unref);
}
