/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `lscpu -p`: comment lines, of which the last names the columns, and cells between commas. */
#include "format/facts/lscpu-table.h"

/* "# CPU,Core,Socket,Node,,L1d,L1i,L2,L3": true with the list alone. */
static bool is_header(struct piece line, struct piece *ret_list)
{
    struct piece list = piece_trim(line), rest, cell;
    int cpus = 0, others = 0;

    if (list.begin == list.end || *list.begin != '#') {
        return false;
    }
    list.begin++;
    rest = list = piece_trim(list);
    while (piece_next_cell(&rest, ',', &cell)) {
        cpus += piece_is(cell, "CPU");
        others += !lscpu_is_column(cell);
    }
    *ret_list = list;
    return cpus == 1 && others == 0;
}

static bool recognises(const struct facts_input *in)
{
    enum { MAX_LINES_BEFORE = 12 };
    struct lines l;
    struct piece list;

    if (in->bytes == NULL) {
        return false;
    }
    l = lines_of(in);
    for (int i = 0; i < MAX_LINES_BEFORE && lines_next_filled(&l); i++) {
        if (is_header(l.line, &list)) {
            return true;
        }
    }
    return false;
}

static bool take_header(struct lscpu_table *t, const struct lines *l, struct piece list,
                        GError **error)
{
    struct piece cell;
    const char *what;

    if (t->nr_columns > 0) {
        return lines_fail(l, list.begin, error, "a second header; expected one table");
    }
    while (piece_next_cell(&list, ',', &cell)) {
        if (!lscpu_table_add_column(t, cell, &what)) {
            return lines_fail(l, cell.begin, error, "%s", what);
        }
    }
    return true;
}

static bool take_row(struct lscpu_table *t, const struct lines *l, GError **error)
{
    struct piece cells[LSCPU_MAX_COLUMNS + 1], rest = piece_trim(l->line), at;
    g_autofree char *what = NULL;
    int nr = 0;

    if (t->nr_columns == 0) {
        return lines_fail(l, rest.begin, error,
                          "no header names the columns; expected '# CPU,Core,Socket,Node,...'");
    }
    while (nr <= LSCPU_MAX_COLUMNS && piece_next_cell(&rest, ',', &cells[nr])) {
        nr++;
    }
    return lscpu_table_add_row(t, cells, nr, &at, &what) ||
           lines_fail(l, at.begin, error, "%s", what);
}

static struct facts *read_lscpu_p(const struct facts_input *in, GError **error)
{
    g_auto(lscpu_table_t) t = {.rows = NULL};
    struct lines l = lines_of(in);
    struct piece list;

    lscpu_table_init(&t);
    while (lines_next_filled(&l)) {
        if (is_header(l.line, &list)) {
            if (!take_header(&t, &l, list, error)) {
                return NULL;
            }
        } else if (*piece_trim(l.line).begin != '#' && !take_row(&t, &l, error)) {
            return NULL;
        }
    }
    return lscpu_table_finish(&t, in->name, "lscpu -p", error);
}

const struct facts_reader facts_lscpu_p = {
    .name = "lscpu-p",
    .summary = "the text of `lscpu -p`",
    .recognises = recognises,
    .read = read_lscpu_p,
};
