/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `lscpu -e`: a header in capitals, and cells between blanks, "-" where nothing is known. */
#include "format/facts/lscpu-table.h"

/* Room for the words of a model's name. */
enum { MAX_WORDS = LSCPU_MAX_COLUMNS + 32 };

static bool recognises(const struct facts_input *in)
{
    struct lines l;
    struct piece rest, word;
    int cpus = 0, known = 0, all = 0;

    if (in->bytes == NULL) {
        return false;
    }
    l = lines_of(in);
    if (!lines_next_filled(&l)) {
        return false;
    }
    rest = l.line;
    while (piece_next_word(&rest, &word)) {
        cpus += piece_is(word, "CPU");
        known += lscpu_is_column(word);
        all++;
    }
    /* A row of numbers follows; columns of versions to come are let pass. */
    return cpus == 1 && known >= 2 && known * 2 > all && lines_next_filled(&l) &&
           g_ascii_isdigit(*piece_trim(l.line).begin);
}

static bool take_header(struct lscpu_table *t, const struct lines *l, GError **error)
{
    struct piece rest = l->line, word;
    const char *what;

    while (piece_next_word(&rest, &word)) {
        if (!lscpu_table_add_column(t, word, &what)) {
            return lines_fail(l, word.begin, error, "%s", what);
        }
    }
    return true;
}

/* A model's name has blanks: what is too much belongs to it. */
static int join_model(const struct lscpu_table *t, struct piece *cells, int nr)
{
    const int extra = nr - t->nr_columns;

    for (int column = 0; extra > 0 && column < t->nr_columns; column++) {
        if (t->columns[column] == LSCPU_MODELNAME) {
            cells[column].end = cells[column + extra].end;
            for (int i = column + 1; i < t->nr_columns; i++) {
                cells[i] = cells[i + extra];
            }
            return t->nr_columns;
        }
    }
    return nr;
}

static bool take_row(struct lscpu_table *t, const struct lines *l, GError **error)
{
    struct piece cells[MAX_WORDS], rest = l->line, at;
    g_autofree char *what = NULL;
    int nr = 0;

    while (nr < MAX_WORDS && piece_next_word(&rest, &cells[nr])) {
        nr++;
    }
    nr = join_model(t, cells, nr);
    if (nr != t->nr_columns) {
        return lines_fail(l, cells[MIN(nr, t->nr_columns) - 1].begin, error,
                          "a row of %d cells; expected %d, as the header has", nr, t->nr_columns);
    }
    return lscpu_table_add_row(t, cells, nr, &at, &what) ||
           lines_fail(l, at.begin, error, "%s", what);
}

static struct facts *read_lscpu_e(const struct facts_input *in, GError **error)
{
    g_auto(lscpu_table_t) t = {.rows = NULL};
    struct lines l = lines_of(in);

    lscpu_table_init(&t);
    if (lines_next_filled(&l) && !take_header(&t, &l, error)) {
        return NULL;
    }
    while (lines_next_filled(&l)) {
        if (!take_row(&t, &l, error)) {
            return NULL;
        }
    }
    return lscpu_table_finish(&t, in->name, "lscpu -e", error);
}

const struct facts_reader facts_lscpu_e = {
    .name = "lscpu-e",
    .summary = "the table of `lscpu -e`",
    .recognises = recognises,
    .read = read_lscpu_e,
};
