/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How well the simulator agrees with what: outcomes of studies (study.json) and of tests against real
 * kernels (TAP), filled into a page that is otherwise written by hand. Same outcomes, same bytes.
 *
 * THE PAGE is Markdown in which a line of its own may be
 *
 *     <!-- total -->             how many expectations hold, and how many of them are known misses
 *     <!-- studies: GLOB... -->  a table of the studies so named, and what they miss
 *     <!-- studies -->           those that no line so far has shown
 *     <!-- tests: GLOB... -->    a table of the tests so named
 *     <!-- missing -->           names of studies that there are, but no outcome of them
 *
 * Each study and test is shown where it is first named. Other comments are left out.
 */
#ifndef NUMASIM_OBSERVE_ACCURACY_H
#define NUMASIM_OBSERVE_ACCURACY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* An expectation that does not hold. */
struct accuracy_miss {
    char *title, *measured, *expected;
    char *why; /* as the study explains it; NULL: it does not know of it */
    bool moved;
};

struct accuracy_study {
    char *name, *question;
    char **sources; /* NULL-terminated */
    int32_t nr_expectations, nr_held;
    GPtrArray *misses; /* struct accuracy_miss *, in the study's order */
    GArray *off_ppm;   /* int64_t, ascending: of expectations `equals:`, see study_off_ppm() */
    bool shown;
};

struct accuracy_test {
    char *name;
    int32_t nr_ok, nr_known, nr_failed; /* known: `# TODO`, or skipped as a "known miss" */
    GPtrArray *notes;                   /* char *: comments that say " agree " or " equal" */
    bool shown;
};

struct accuracy {
    GPtrArray *studies; /* struct accuracy_study *, by name once accuracy_page() was called */
    GPtrArray *tests;   /* struct accuracy_test *, likewise */
    char **all_studies; /* names of those that there are, NULL-terminated, owned; NULL: unknown */
};

struct accuracy *accuracy_new(void);
void accuracy_free(struct accuracy *a); /* accepts NULL */
typedef struct accuracy accuracy_t;     /* for g_autoptr(accuracy_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(accuracy_t, accuracy_free)

/* Adds the outcome @text of a study, its study.json. False with NUMASIM_ERROR_INPUT, "PATH: ...", where it is
 * none, or one of that name is there already. */
bool accuracy_add_study(struct accuracy *a, const char *path, const char *text, gsize size,
                        GError **error);
/* Adds what the test @name printed, TAP; @path is for messages. False with NUMASIM_ERROR_INPUT where no line
 * says ok or not ok but of what was skipped. */
bool accuracy_add_test(struct accuracy *a, const char *name, const char *path, const char *text,
                       GError **error);

/* The page @text filled in; newly allocated. NULL with NUMASIM_ERROR_INPUT, "PATH:LINE: ...", where a pattern
 * names nothing, or where a study or test is shown nowhere. */
char *accuracy_page(struct accuracy *a, const char *path, const char *text, GError **error);

#endif
