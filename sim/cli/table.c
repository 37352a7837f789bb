/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/table.h"

#include <stdbool.h>

struct table {
    GPtrArray *cells; /* the heads are the first row */
    guint nr_columns;
    bool *right;
};

struct table *table_new(const char *const *heads)
{
    struct table *table = g_new0(struct table, 1);

    table->nr_columns = g_strv_length((char **)heads);
    table->cells = g_ptr_array_new_with_free_func(g_free);
    table->right = g_new0(bool, table->nr_columns);
    for (guint i = 0; i < table->nr_columns; i++) {
        table->right[i] = heads[i][0] == '>';
        table_add(table, heads[i] + (table->right[i] ? 1 : 0));
    }
    return table;
}

void table_free(struct table *table)
{
    if (table != NULL) {
        g_ptr_array_unref(table->cells);
        g_free(table->right);
        g_free(table);
    }
}

void table_add(struct table *table, const char *text)
{
    g_ptr_array_add(table->cells, g_strdup(text != NULL ? text : ""));
}

void table_take(struct table *table, char *text)
{
    g_ptr_array_add(table->cells, text);
}

static int width_of(const char *text)
{
    return (int)g_utf8_strlen(text, -1);
}

void table_append(const struct table *table, GString *out)
{
    g_autofree int *widths = g_new0(int, table->nr_columns);

    for (guint i = 0; i < table->cells->len; i++) {
        guint column = i % table->nr_columns;

        widths[column] = MAX(widths[column], width_of(table->cells->pdata[i]));
    }
    for (guint i = 0; i < table->cells->len; i++) {
        const char *text = table->cells->pdata[i];
        guint column = i % table->nr_columns;
        bool last = column + 1 == table->nr_columns;
        int gap = widths[column] - width_of(text);

        if (table->right[column]) {
            g_string_append_printf(out, "%*s%s%s", gap, "", text, last ? "\n" : "  ");
        } else if (last) {
            g_string_append_printf(out, "%s\n", text);
        } else {
            g_string_append_printf(out, "%s%*s  ", text, gap, "");
        }
    }
}
