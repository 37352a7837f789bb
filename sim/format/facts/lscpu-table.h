/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of CPUs that `lscpu -p`, `lscpu -e` and `lscpu -e -J` print in three notations: what its
 * columns mean (util-linux, sys-utils/lscpu.c: coldescs_cpu, get_cell_data()).
 */
#ifndef NUMASIM_FORMAT_FACTS_LSCPU_TABLE_H
#define NUMASIM_FORMAT_FACTS_LSCPU_TABLE_H

#include "format/facts/lines.h"

enum { LSCPU_MAX_COLUMNS = 64, LSCPU_MAX_CACHES = 8 };

enum lscpu_column {
    LSCPU_OTHER, /* not of use here, or of a version to come */
    LSCPU_CPU,
    LSCPU_CORE,
    LSCPU_SOCKET,
    LSCPU_CLUSTER,
    LSCPU_NODE,
    LSCPU_BOOK,
    LSCPU_DRAWER,
    LSCPU_NR_IDS, /* those before it hold numbers, LSCPU_OTHER excepted */
    LSCPU_ONLINE = LSCPU_NR_IDS,
    LSCPU_MAXMHZ,
    LSCPU_MODELNAME,
    LSCPU_CACHES, /* one cell "0:0:0:0" with an id for each cache, or one of several cells */
};

struct lscpu_row {
    int32_t id[LSCPU_NR_IDS]; /* by enum lscpu_column, FACTS_UNKNOWN */
    int32_t cache[LSCPU_MAX_CACHES];
    int nr_caches; /* fewer than the header's if the CPU does not use them all */
    bool offline;
    int64_t max_hz; /* 0 unknown */
};

struct lscpu_table {
    enum lscpu_column columns[LSCPU_MAX_COLUMNS];
    int nr_columns;
    int level[LSCPU_MAX_CACHES]; /* of the header's caches; 0 is an instruction cache */
    int nr_caches;
    GArray *rows;       /* struct lscpu_row, in the order of the text */
    char *model;        /* or NULL */
    GPtrArray *unknown; /* char *: headings that lscpu is not known to have had */
};

void lscpu_table_init(struct lscpu_table *t);
void lscpu_table_clear(struct lscpu_table *t);
typedef struct lscpu_table lscpu_table_t; /* for g_auto(lscpu_table_t) only, after init */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(lscpu_table_t, lscpu_table_clear)
/*
 * Adds the column whose heading is @name: "CPU", "Core", "L1d:L1i:L2:L3", "". False, with @what set
 * to a static text without a place, if there are too many.
 */
bool lscpu_table_add_column(struct lscpu_table *t, struct piece name, const char **what);
/* True iff lscpu has, or is known to have had, a column @name. */
bool lscpu_is_column(struct piece name);
/* The column whose name is nearest to @name, which is none; NULL if none is near. */
const char *lscpu_nearest_column(const char *name);
bool lscpu_table_has(const struct lscpu_table *t, enum lscpu_column column);
/*
 * Adds a row of @nr_cells cells, of which an empty one and "-" say nothing. If cells are missing
 * they are those of caches. False with *@ret_what (newly allocated) and the cell *@ret_at if one
 * cannot be read.
 */
bool lscpu_table_add_row(struct lscpu_table *t, const struct piece *cells, int nr_cells,
                         struct piece *ret_at, char **ret_what);
/*
 * What the rows say, with @tool ("lscpu -e") as the source. NULL with NUMASIM_ERROR_INPUT if there
 * are no rows, no column of CPUs, or a CPU twice.
 */
struct facts *lscpu_table_finish(struct lscpu_table *t, const char *name, const char *tool,
                                 GError **error);

#endif
