/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the cells of lscpu's table of CPUs. */
#include "format/facts/lscpu-table.h"

#include "base/error.h"

static const struct {
    const char *name;
    enum lscpu_column column;
} known[] = {
    {"CPU", LSCPU_CPU},
    {"CORE", LSCPU_CORE},
    {"SOCKET", LSCPU_SOCKET},
    {"CLUSTER", LSCPU_CLUSTER},
    {"NODE", LSCPU_NODE},
    {"BOOK", LSCPU_BOOK},
    {"DRAWER", LSCPU_DRAWER},
    {"ONLINE", LSCPU_ONLINE},
    {"MAXMHZ", LSCPU_MAXMHZ},
    {"MODELNAME", LSCPU_MODELNAME},
    {"MINMHZ", LSCPU_OTHER},
    {"MHZ", LSCPU_OTHER},
    {"SCALMHZ%", LSCPU_OTHER},
    {"BOGOMIPS", LSCPU_OTHER},
    {"POLARIZATION", LSCPU_OTHER},
    {"ADDRESS", LSCPU_OTHER},
    {"CONFIGURED", LSCPU_OTHER},
    {"CACHE", LSCPU_OTHER}, /* stands there if no cache is known */
    {"", LSCPU_OTHER},      /* `lscpu -p` has one before the caches */
};

void lscpu_table_init(struct lscpu_table *t)
{
    *t = (struct lscpu_table){.rows = g_array_new(FALSE, FALSE, sizeof(struct lscpu_row)),
                              .unknown = g_ptr_array_new_with_free_func(g_free)};
}

void lscpu_table_clear(struct lscpu_table *t)
{
    g_array_unref(t->rows);
    g_free(t->model);
    g_ptr_array_unref(t->unknown);
}

/* "L1d", "L2", "L2i": true with the level, which is 0 for instructions. */
static bool is_cache(struct piece name, int *ret_level)
{
    const int64_t size = name.end - name.begin;
    const char kind = size == 3 ? g_ascii_tolower(name.begin[2]) : 'd';

    if (size < 2 || size > 3 || g_ascii_toupper(name.begin[0]) != 'L' || name.begin[1] < '1' ||
        name.begin[1] > '9' || (kind != 'd' && kind != 'i')) {
        return false;
    }
    *ret_level = kind == 'i' ? 0 : name.begin[1] - '0';
    return true;
}

/* "L1d:L1i:L2:L3", or one of them; true with their levels. */
static bool are_caches(struct piece name, int *levels, int *ret_nr)
{
    struct piece cell;
    int nr = 0;

    while (piece_next_cell(&name, ':', &cell)) {
        if (nr == LSCPU_MAX_CACHES || !is_cache(cell, &levels[nr++])) {
            return false;
        }
    }
    *ret_nr = nr;
    return true;
}

bool lscpu_is_column(struct piece name)
{
    int levels[LSCPU_MAX_CACHES], nr;

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (piece_is(name, known[i].name)) {
            return true;
        }
    }
    return are_caches(name, levels, &nr);
}

const char *lscpu_nearest_column(const char *name)
{
    const char *names[G_N_ELEMENTS(known) + 1] = {NULL};
    g_autofree char *upper = g_ascii_strup(name, -1);
    size_t nr = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (known[i].name[0] != '\0') {
            names[nr++] = known[i].name;
        }
    }
    return error_nearest(upper, names);
}

bool lscpu_table_has(const struct lscpu_table *t, enum lscpu_column column)
{
    for (int i = 0; i < t->nr_columns; i++) {
        if (t->columns[i] == column) {
            return true;
        }
    }
    return false;
}

bool lscpu_table_add_column(struct lscpu_table *t, struct piece name, const char **what)
{
    enum lscpu_column column = LSCPU_OTHER;
    int levels[LSCPU_MAX_CACHES], nr;

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (piece_is(name, known[i].name)) {
            column = known[i].column;
        }
    }
    if (are_caches(name, levels, &nr)) {
        column = LSCPU_CACHES;
        if (t->nr_caches + nr > LSCPU_MAX_CACHES) {
            *what = "too many caches; expected at most 8";
            return false;
        }
        for (int i = 0; i < nr; i++) {
            t->level[t->nr_caches++] = levels[i];
        }
    }
    if (t->nr_columns == LSCPU_MAX_COLUMNS) {
        *what = "too many columns; expected at most 64";
        return false;
    }
    if (column != LSCPU_OTHER && column != LSCPU_CACHES && lscpu_table_has(t, column)) {
        *what = "this column stands twice";
        return false;
    }
    t->columns[t->nr_columns++] = column;
    if (!lscpu_is_column(name)) {
        g_ptr_array_add(t->unknown, piece_quote(name));
    }
    return true;
}

/* A cell that says nothing. */
static bool is_silent(struct piece cell)
{
    return cell.begin == cell.end || piece_is(cell, "-");
}

/* "0:0:0:0", or one id of it where each has its column. */
static bool take_caches(struct lscpu_row *row, struct piece cell)
{
    struct piece id;
    int64_t value;

    while (piece_next_cell(&cell, ':', &id)) {
        if (row->nr_caches == LSCPU_MAX_CACHES) {
            return false;
        }
        if (is_silent(id)) {
            row->cache[row->nr_caches++] = FACTS_UNKNOWN;
        } else if (piece_number(id, INT32_MAX - 1, &value)) {
            row->cache[row->nr_caches++] = (int32_t)value;
        } else {
            return false;
        }
    }
    return true;
}

static bool take_id(struct lscpu_row *row, enum lscpu_column column, struct piece cell)
{
    const int64_t max = column == LSCPU_CPU    ? FACTS_MAX_CPU_ID - 1
                        : column == LSCPU_NODE ? FACTS_MAX_NODE_ID - 1
                                               : INT32_MAX - 1;
    int64_t value;

    if (!piece_number(cell, max, &value)) {
        /* A socket of -1 is what the kernel says where firmware says nothing. */
        return column != LSCPU_CPU && piece_is(cell, "-1");
    }
    row->id[column] = (int32_t)value;
    return true;
}

/* Languages have many words for yes, few of which are one of these. */
static bool is_no(struct piece cell)
{
    return piece_is(cell, "no") || piece_is(cell, "n") || piece_is(cell, "false") ||
           piece_is(cell, "0");
}

static bool take_cell(struct lscpu_table *t, struct lscpu_row *row, enum lscpu_column column,
                      struct piece cell)
{
    if (is_silent(cell)) {
        if (column == LSCPU_CACHES && row->nr_caches < LSCPU_MAX_CACHES) {
            row->cache[row->nr_caches++] = FACTS_UNKNOWN;
        }
        return true;
    }
    switch (column) {
    case LSCPU_OTHER:
        return true;
    case LSCPU_ONLINE:
        row->offline = is_no(cell);
        return true;
    case LSCPU_MAXMHZ:
        return piece_mhz(cell, &row->max_hz);
    case LSCPU_CACHES:
        return take_caches(row, cell);
    case LSCPU_MODELNAME:
        if (t->model == NULL) {
            t->model = g_strndup(cell.begin, (size_t)(cell.end - cell.begin));
        }
        return true;
    default:
        return take_id(row, column, cell);
    }
}

/* The column of cell @cell of @nr_cells: missing ones are missing at the end of the caches. */
static int column_of(const struct lscpu_table *t, int cell, int nr_cells)
{
    int last_cache = -1;

    for (int i = 0; i < t->nr_columns; i++) {
        last_cache = t->columns[i] == LSCPU_CACHES ? i : last_cache;
    }
    return cell > last_cache - (t->nr_columns - nr_cells) ? cell + t->nr_columns - nr_cells : cell;
}

/* Where caches have columns of their own, a CPU that does not use all has fewer cells. */
static bool may_miss(const struct lscpu_table *t, int nr_cells)
{
    int caches = 0;

    for (int i = 0; i < t->nr_columns; i++) {
        caches += t->columns[i] == LSCPU_CACHES;
    }
    return nr_cells <= t->nr_columns && nr_cells >= t->nr_columns - caches;
}

bool lscpu_table_add_row(struct lscpu_table *t, const struct piece *cells, int nr_cells,
                         struct piece *ret_at, char **ret_what)
{
    struct lscpu_row row = {.nr_caches = 0};

    for (int i = 0; i < LSCPU_NR_IDS; i++) {
        row.id[i] = FACTS_UNKNOWN;
    }
    if (t->rows->len == FACTS_MAX_CPU_ID) {
        *ret_at = cells[0];
        *ret_what = g_strdup_printf("too many rows; expected at most %d", FACTS_MAX_CPU_ID);
        return false;
    }
    if (!may_miss(t, nr_cells)) {
        *ret_at = cells[MIN(nr_cells, t->nr_columns) - 1];
        *ret_what = g_strdup_printf("a row of %d cells; expected %d, as the header has", nr_cells,
                                    t->nr_columns);
        return false;
    }
    for (int i = 0; i < nr_cells; i++) {
        if (!take_cell(t, &row, t->columns[column_of(t, i, nr_cells)], cells[i])) {
            g_autofree char *quote = piece_quote(cells[i]);

            *ret_at = cells[i];
            *ret_what = g_strdup_printf("'%s' does not belong into this column; expected a number "
                                        "that lscpu prints there, or '-'",
                                        quote);
            return false;
        }
    }
    if (row.nr_caches > t->nr_caches) {
        *ret_at = cells[nr_cells - 1];
        *ret_what = g_strdup_printf("%d caches; expected at most %d, as the header has",
                                    row.nr_caches, t->nr_caches);
        return false;
    }
    g_array_append_val(t->rows, row);
    return true;
}
