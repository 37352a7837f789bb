/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pictures of a report, in its page. */
#include <string.h>

#include "base/error.h"
#include "cli/again.h"
#include "cli/cli.h"
#include "cli/html.h"
#include "cli/report.h"

static const char *const of_all[] = {"percentiles", "cdf", "migrations", "access", NULL};
static const char *const of_each[] = {"machine",   "queues", "occupancy",
                                      "occupancy", "pages",  "bandwidth"};
enum { NR_OF_EACH = G_N_ELEMENTS(of_each), LOCAL = 3 }; /* the second occupancy is by local share */

static const struct plot_kind *kind_of(const char *name)
{
    for (const struct plot_kind *kind = plot_kinds; kind->name != NULL; kind++) {
        if (strcmp(kind->name, name) == 0) {
            return kind;
        }
    }
    g_assert_not_reached();
}

/* Appends the picture, or why there is none to @missing. */
static void append_picture(struct report *r, struct plot *p, int32_t number, GString *missing)
{
    g_autoptr(GError) cause = NULL;
    gsize size;
    g_autofree char *text = plot_draw(p, "svg", &size, &cause);
    g_autofree char *prefix = g_strdup_printf("p%d-", number);
    g_autofree char *svg = text != NULL ? html_svg(text, prefix) : NULL;

    if (svg != NULL) {
        g_string_append(r->out, "<figure role=\"img\" aria-label=\"");
        html_text(r->out, p->finding->str);
        g_string_append_printf(r->out, "\"><div style=\"max-width:%dpx\">\n%s</div></figure>\n",
                               p->width, svg);
        return;
    }
    /* Without gnuplot there is no other picture either. */
    bool all = g_error_matches(cause, NUMASIM_ERROR, NUMASIM_ERROR_IO);

    r->pictures = r->pictures && !all;
    g_string_append_printf(missing, "%s%s: %s", missing->len > 0 ? "; " : "",
                           all ? "pictures" : p->kind->name,
                           cause != NULL ? cause->message : "gnuplot's picture is no SVG");
}

/* On the page and to whoever asked for it. @label: of the result, or NULL for all. */
static void append_note(struct report *r, const char *label, const char *text)
{
    html_element(r->out, "p", "note", text);
    cli_warn("warning: report: %s%s%s", label != NULL ? label : "", label != NULL ? ": " : "",
             text);
}

static void append_missing(struct report *r, const char *label, const GString *missing)
{
    if (missing->len > 0) {
        g_autofree char *text = g_strdup_printf("not shown: %s", missing->str);

        append_note(r, label, text);
    }
}

static void append_common(struct report *r, int32_t *number)
{
    g_autoptr(GString) missing = g_string_new(NULL);

    g_string_append(r->out, "<h2 id=\"pictures\">Pictures</h2>\n");
    for (int32_t i = 0; r->pictures && of_all[i] != NULL; i++) {
        const struct plot_kind *kind = kind_of(of_all[i]);

        if (r->nr <= kind->max_results) {
            struct plot p = plot_begin(r->paths, kind, r->inputs, r->nr);

            append_picture(r, &p, (*number)++, missing);
            plot_release(&p);
        }
    }
    append_missing(r, NULL, missing);
}

/* The run is simulated once more, for all pictures and the table. */
static void append_side(struct report *r, int32_t side, struct simulation *s, int32_t *number)
{
    struct plot plots[NR_OF_EACH + 1], *wanted[NR_OF_EACH + 1];
    g_autoptr(GString) missing = g_string_new(NULL);
    g_autoptr(GError) cause = NULL;

    for (int32_t i = 0; i <= NR_OF_EACH; i++) {
        plots[i] = plot_begin(r->paths, i < NR_OF_EACH ? kind_of(of_each[i]) : &report_time_kind,
                              &r->inputs[side], 1);
        plots[i].color = i == LOCAL ? PLOT_COLOR_LOCAL : PLOT_COLOR_PROCESS;
        wanted[i] = &plots[i];
    }
    if (plot_watch_run(wanted, NR_OF_EACH + 1, s, &cause)) {
        g_string_append(r->out, "<h3>Where the time went</h3>\n");
        report_time(r->out, &plots[NR_OF_EACH]);
        for (int32_t i = 0; r->pictures && i < NR_OF_EACH; i++) {
            append_picture(r, &plots[i], (*number)++, missing);
        }
        append_missing(r, r->inputs[side].label, missing);
    } else {
        append_note(r, r->inputs[side].label, cause->message);
    }
    for (int32_t i = 0; i <= NR_OF_EACH; i++) {
        plot_release(&plots[i]);
    }
}

void report_pictures(struct report *r)
{
    int32_t number = 1;

    if (r->pictures) {
        append_common(r, &number);
    }
    for (int32_t i = 0; i < r->nr; i++) {
        g_autoptr(GError) cause = NULL;
        g_autoptr(simulation_t) s =
            again_open(r->paths, r->inputs[i].path, r->inputs[i].result, &cause);

        g_string_append_printf(r->out, "<h2 id=\"run%d\">", i + 1);
        html_text(r->out, r->inputs[i].label);
        g_string_append(r->out, "</h2>\n");
        if (r->sides[i].results->len > 1) {
            g_string_append_printf(r->out,
                                   "<p class=\"note\">Seed %" G_GUINT64_FORMAT " of %u.</p>\n",
                                   r->inputs[i].result->seed, r->sides[i].results->len);
        }
        if (s == NULL) {
            append_note(r, r->inputs[i].label, cause->message);
        } else {
            append_side(r, i, s, &number);
        }
    }
}
