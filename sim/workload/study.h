/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A study as plain data: a question, the matrix of runs that answers it, and what is expected of
 * them. The reader in format/ fills it, observe/study.h carries it out. The language is described in
 * results/README.md.
 *
 * A cell is one (topology, workload, policy) of the matrix; it has one run to each seed.
 */
#ifndef NUMASIM_WORKLOAD_STUDY_H
#define NUMASIM_WORKLOAD_STUDY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/rational.h"
#include "workload/workload.h"

enum study_axis { STUDY_TOPOLOGY, STUDY_WORKLOAD, STUDY_POLICY, STUDY_NR_AXES };
/* "topology", "workload", "policy". */
const char *study_axis_name(enum study_axis axis);

/* One workload of those that run side by side. */
struct study_load {
    char *ref;        /* a shipped name or a path; of one that the study holds itself, its name */
    char *text;       /* one that the study holds itself, as a file of its own; else NULL */
    int32_t replicas; /* 0: as its file says */
    struct workload_mark mark;
};

/* One member of an axis. */
struct study_item {
    char *name; /* by which `expect:` calls it; distinct within the axis */
    struct workload_mark mark;
    char *ref;                /* TOPOLOGY, POLICY: a shipped name or a path; else NULL */
    struct study_load *loads; /* WORKLOAD */
    int32_t nr_loads;
    char **overrides; /* POLICY: "role.param=value", NULL-terminated; else NULL */
};

/* A number as it is written in the file. */
enum study_number_kind {
    STUDY_PLAIN,   /* 12, 0.5: parts per million */
    STUDY_PERCENT, /* 5%: parts per million */
    STUDY_TIME,    /* ns */
    STUDY_BYTES,
    STUDY_BANDWIDTH, /* bytes per second */
    STUDY_RATE,      /* per second x 1000 */
    STUDY_FACTOR,    /* 3x, of margins alone: parts per million */
};

struct study_number {
    enum study_number_kind kind;
    int64_t value;
    struct workload_mark mark;
};

/* Which members of each axis; -1 or an empty list: whichever there are. */
struct study_side {
    char **metrics; /* whose sum is measured, NULL-terminated */
    struct workload_mark mark;
    int32_t item[STUDY_NR_AXES];
};

enum study_form {
    STUDY_VALUE,      /* sides[0] */
    STUDY_RATIO,      /* sides[0] / sides[1] */
    STUDY_DIFFERENCE, /* sides[0] - sides[1] */
    STUDY_ORDER,      /* sides[0] < sides[1] < ... */
};

/* How the runs of several seeds become one number. */
enum study_over { STUDY_MEAN, STUDY_MEDIAN, STUDY_MIN, STUDY_MAX, STUDY_EACH, STUDY_RANGE };
extern const char *const study_over_names[]; /* NULL-terminated, in the order of the enum */

enum study_bound_kind { STUDY_AT_LEAST, STUDY_ABOVE, STUDY_AT_MOST, STUDY_BELOW };
enum { STUDY_MAX_MARGINS = 2 };
struct study_bound {
    enum study_bound_kind kind;
    struct study_number number;
    /* Each PERCENT of number, or FACTOR, or of number's own kind; the largest loosens the bound. */
    struct study_number margins[STUDY_MAX_MARGINS];
    int32_t nr_margins;
};

/* An expectation that is known not to hold in some of its cells. */
struct study_miss {
    int32_t *cells[STUDY_NR_AXES]; /* members of the axis that it is about; NULL: all */
    int32_t nr_cells[STUDY_NR_AXES];
    char *measured, *why; /* what came out instead, and the best explanation */
    /* @measured where it is "A" or "A to B" (twice the same for one); else nr_numbers is 0. */
    struct study_number numbers[2];
    struct study_number half_digit[2]; /* half of the last digit that each was written with */
    int32_t nr_numbers;                /* as written: 0, 1 or 2 */
};

struct study_expectation {
    char *name; /* or NULL */
    char *why;  /* where the numbers come from, or NULL */
    struct workload_mark mark;
    enum study_form form;
    enum study_over over;
    int32_t *cells[STUDY_NR_AXES]; /* members of the axis that it is about; NULL: all */
    int32_t nr_cells[STUDY_NR_AXES];
    struct study_side *sides;
    int32_t nr_sides;
    struct study_bound bounds[2]; /* not of ORDER */
    int32_t nr_bounds;
    bool falling, ties; /* ORDER: the first is the largest; neighbours may be equal */
    int64_t by_ppm;     /* ORDER: each is larger than its neighbour by this share of it at least */
    struct study_miss *misses;
    int32_t nr_misses;
};

struct study {
    char *name, *path, *digest; /* of its file */
    char *question;
    char *description; /* or NULL */
    char **sources;    /* NULL-terminated */
    char *kernel;      /* release whose sched_domains are built; NULL: each policy set's */
    struct study_item *axes[STUDY_NR_AXES];
    int32_t nr_axis[STUDY_NR_AXES]; /* > 0 */
    uint64_t *seeds;
    int32_t nr_seeds;    /* > 0 */
    int64_t duration_ns; /* -1: as the workloads say */
    int64_t warmup_ns;   /* the same */
    struct study_expectation *expectations;
    int32_t nr_expectations;
};

void study_free(struct study *s); /* accepts NULL and half-filled ones */
typedef struct study study_t;     /* for g_autoptr(study_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(study_t, study_free)

/* Cells are numbered with the policy innermost, then the workload, then the topology. */
int32_t study_nr_cells(const struct study *s);
int32_t study_cell(const struct study *s, const int32_t item[STUDY_NR_AXES]);
void study_cell_items(const struct study *s, int32_t cell, int32_t ret_item[STUDY_NR_AXES]);
/* What tells @cell from the others: the names on the axes that have more than one member, with ", "
 * between; the policy's if there is one cell. Newly allocated. */
char *study_cell_name(const struct study *s, int32_t cell);

/*
 * One comparison: the cells of each side of an expectation. An expectation stands for one to each
 * combination of those members of the axes that its sides leave open.
 */
struct study_check {
    int32_t expectation;
    int32_t *cells; /* [nr_sides], owned */
};

/*
 * All comparisons of @s in the order of its expectations. The caller owns the array (elements too:
 * study_checks_free()). NULL with NUMASIM_ERROR_INPUT, "PATH:LINE:COLUMN: ...", where a side leaves
 * open which member of an axis it means although another side names one.
 */
GArray *study_checks(const struct study *s, GError **error);
/* The miss of @check's expectation that covers the cell of its first side, or NULL. */
const struct study_miss *study_check_miss(const struct study *s, const struct study_check *check);
void study_checks_free(GArray *checks); /* accepts NULL */

/* @n in the unit of a metric whose integers are @scale to one (10^decimals); times, bytes and rates
 * hold it already. */
struct rational study_number_rational(const struct study_number *n, int64_t scale);

#endif
