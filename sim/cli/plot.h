/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of `numasim plot` and `numasim report` share. Each kind of picture writes the head of a
 * gnuplot script: variables and data; the drawing stands in results/plots/TEMPLATE.gp.
 *
 * A result holds no events: a kind that shows them has a watch, which listens while the run is simulated
 * again. One simulation serves as many pictures as are wanted.
 */
#ifndef NUMASIM_CLI_PLOT_H
#define NUMASIM_CLI_PLOT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/paths.h"
#include "cli/simulation.h"
#include "kernel/kernel.h"
#include "observe/result.h"

enum { PLOT_MAX_RESULTS = 8 }; /* lines that can still be told apart in grey */
enum plot_color { PLOT_COLOR_PROCESS, PLOT_COLOR_LOCAL };

struct plot_input {
    char *path; /* as given, or the one result in the folder that was given */
    struct result *result;
    char *label;
};

struct plot {
    const struct paths *paths;
    const struct plot_kind *kind;
    const struct plot_input *inputs;
    int32_t nr_inputs;
    const char *metric;            /* --metric, or NULL */
    int64_t from_ns, to_ns;        /* --from, --to; -1: all of it */
    enum plot_color color;         /* --color */
    const struct machine *machine; /* of the first input, for kinds with needs_machine; borrowed */
    void *watch;                   /* what kind->watch made; NULL: it has none */
    int32_t width, height;         /* points; set by the kind */
    GString *finding, *detail;     /* title, and the line below it */
    GString *script;               /* variables and data */
};

/* What a kind learns from the events of a run. */
struct plot_watch {
    /* NULL with @error: the run has nothing of what is asked for. */
    void *(*new_)(struct plot *p, GError **error);
    void (*attach)(struct kernel *k, void *watch);
    void (*finished)(const struct kernel *k, void *watch); /* optional */
    void (*free)(void *watch);                             /* accepts NULL */
};

struct plot_kind {
    const char *name;
    const char *help;
    const char *template_; /* NULL: its name */
    int32_t max_results;
    bool needs_machine;
    bool takes_metric; /* --metric */
    /* Called before anything else, with the options; NULL: the kind has no events, or always the same. */
    const struct plot_watch *(*watch)(const struct plot *p);
    /* Fills width, height, finding, detail and script. False with NUMASIM_ERROR_INPUT where a result
     * does not have what the picture shows. */
    bool (*draw)(struct plot *p, GError **error);
};

/* All kinds, the last one's name NULL. */
extern const struct plot_kind plot_kinds[];

/* An empty picture of @kind, to be released. */
struct plot plot_begin(const struct paths *paths, const struct plot_kind *kind,
                       const struct plot_input *inputs, int32_t nr_inputs);
void plot_release(struct plot *p);

/*
 * Gives the @nr pictures @plots, all of one first input, the machine and the events that they need: @s,
 * that input's (again_open()), runs at most once, and must last until they are drawn. Not needed for a
 * picture by itself: plot_script() does it.
 */
bool plot_watch_run(struct plot *const *plots, int32_t nr, struct simulation *s, GError **error);

/* The whole script, which writes the file @output ("": standard output) by gnuplot's @terminal; newly
 * allocated. Once for a picture. */
char *plot_script(struct plot *p, const char *terminal, const char *output, GError **error);
/*
 * The picture as gnuplot's @terminal draws it, *@ret_size bytes and a NUL behind them, newly allocated.
 * NULL with the error of plot_script(), with NUMASIM_ERROR_IO where gnuplot cannot be run, and
 * NUMASIM_ERROR_FAULT where it fails.
 */
char *plot_draw(struct plot *p, const char *terminal, gsize *ret_size, GError **error);

/* "label1 = 'text'" and the like, quoted for gnuplot. */
void plot_set_text(struct plot *p, const char *name, const char *value);
void plot_set_int(struct plot *p, const char *name, int64_t value);

#endif
