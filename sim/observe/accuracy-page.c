/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page of accuracy: what is written by hand, with outcomes filled in. */
#include <string.h>

#include "base/error.h"
#include "observe/accuracy.h"
#include "observe/markdown.h"

struct page {
    struct accuracy *a;
    const char *path;
    guint line;
    GString *out;
};

static bool fail(const struct page *p, GError **error, const char *what, const char *name)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT, "%s:%u: %s '%s'", p->path, p->line, what,
                name);
    return false;
}

/* ------------------------------------------------------------------------------------------- */
/* Cells                                                                                        */

/* "3.4 %", "120 %", "12x". */
static void append_off(GString *out, int64_t ppm)
{
    static const int64_t PER_MILLE = 1000, PERCENT = 10000, PPM = 1000000;

    if (ppm >= 10 * PPM) {
        g_string_append_printf(out, "%" G_GINT64_FORMAT "x", ppm / PPM + 1);
    } else if (ppm >= 10 * PERCENT) {
        g_string_append_printf(out, "%" G_GINT64_FORMAT " %%", (ppm + PERCENT / 2) / PERCENT);
    } else {
        int64_t tenths = (ppm + PER_MILLE / 2) / PER_MILLE;

        g_string_append_printf(out, "%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT " %%", tenths / 10,
                               tenths % 10);
    }
}

static void append_sources(GString *out, char *const *sources)
{
    for (int32_t i = 0; sources[i] != NULL; i++) {
        g_string_append(out, i > 0 ? "; " : "");
        markdown_append(out, sources[i]);
    }
}

static int32_t nr_misses(const struct accuracy_study *s, bool known)
{
    int32_t nr = 0;

    for (guint i = 0; i < s->misses->len; i++) {
        const struct accuracy_miss *m = s->misses->pdata[i];

        nr += (m->why != NULL) == known ? 1 : 0;
    }
    return nr;
}

static int32_t nr_moved(const struct accuracy_study *s)
{
    int32_t nr = 0;

    for (guint i = 0; i < s->misses->len; i++) {
        const struct accuracy_miss *m = s->misses->pdata[i];

        nr += m->moved ? 1 : 0;
    }
    return nr;
}

/* ------------------------------------------------------------------------------------------- */
/* Studies                                                                                      */

static void append_row(GString *out, const struct accuracy_study *s)
{
    int32_t known = nr_misses(s, true), moved = nr_moved(s), failed = nr_misses(s, false);
    guint nr = s->off_ppm->len;

    g_string_append_printf(out, "| [%s](studies/%s.yaml): ", s->name, s->name);
    markdown_append(out, s->question);
    g_string_append(out, " | ");
    append_sources(out, s->sources);
    g_string_append_printf(out, " | %d of %d | ", s->nr_held, s->nr_expectations);
    if (known > 0) {
        g_string_append_printf(out, "%d", known);
    }
    if (moved > 0) {
        g_string_append_printf(out, ", %d moved", moved);
    }
    if (failed > 0) {
        g_string_append_printf(out, "%s**%d not known**", known > 0 ? ", " : "", failed);
    }
    g_string_append(out, " | ");
    if (nr > 0) {
        g_string_append_printf(out, "%u", nr);
    }
    g_string_append(out, " | ");
    if (nr > 0) {
        append_off(out, g_array_index(s->off_ppm, int64_t, (nr - 1) / 2));
    }
    g_string_append(out, " | ");
    if (nr > 0) {
        append_off(out, g_array_index(s->off_ppm, int64_t, nr - 1));
    }
    g_string_append(out, " |\n");
}

/* True if an earlier miss of @s has the same explanation as that of index @at. */
static bool was_explained(const struct accuracy_study *s, guint at)
{
    const struct accuracy_miss *m = s->misses->pdata[at];

    for (guint i = 0; i < at; i++) {
        const struct accuracy_miss *other = s->misses->pdata[i];

        if (g_strcmp0(other->why, m->why) == 0) {
            return true;
        }
    }
    return false;
}

/* One point to each explanation of @s: the first miss of it, and how many more there are. */
static void append_misses(GString *out, const struct accuracy_study *s)
{
    for (guint i = 0; i < s->misses->len; i++) {
        const struct accuracy_miss *m = s->misses->pdata[i];
        int32_t more = -1;

        if (was_explained(s, i)) {
            continue;
        }
        for (guint k = i; k < s->misses->len; k++) {
            const struct accuracy_miss *other = s->misses->pdata[k];

            more += g_strcmp0(other->why, m->why) == 0 ? 1 : 0;
        }
        g_string_append_printf(out, "- %s, ", s->name);
        markdown_append(out, m->title);
        g_string_append(out, ": ");
        markdown_append(out, m->measured);
        g_string_append(out, ", expected ");
        markdown_append(out, m->expected);
        if (more > 0) {
            g_string_append_printf(out, " (and %d more)", more);
        }
        g_string_append(out, ". ");
        markdown_append(out, m->why != NULL ? m->why : "Not known, not explained.");
        g_string_append_c(out, '\n');
    }
}

static void append_studies(GString *out, const GPtrArray *studies)
{
    int32_t misses = 0;

    g_string_append(out,
                    "| study | held against | holds | known misses | numbers | typically off | "
                    "at worst |\n| --- | --- | --- | --- | --- | --- | --- |\n");
    for (guint i = 0; i < studies->len; i++) {
        const struct accuracy_study *s = studies->pdata[i];

        append_row(out, s);
        misses += (int32_t)s->misses->len;
    }
    if (misses > 0) {
        g_string_append_printf(out, "\n<details><summary>What misses, and why (%d)</summary>\n\n",
                               misses);
        for (guint i = 0; i < studies->len; i++) {
            append_misses(out, studies->pdata[i]);
        }
        g_string_append(out, "\n</details>\n");
    }
}

/* Adds what @pattern names among @all to @chosen; false where nothing has that name. */
static bool choose_studies(struct page *p, const char *pattern, GPtrArray *chosen, GError **error)
{
    bool found = false;

    for (guint i = 0; i < p->a->studies->len; i++) {
        struct accuracy_study *s = p->a->studies->pdata[i];

        if (g_pattern_match_simple(pattern, s->name)) {
            found = true;
            if (!s->shown) {
                s->shown = true;
                g_ptr_array_add(chosen, s);
            }
        }
    }
    return found || fail(p, error, "no outcome of a study that is named", pattern);
}

static bool fill_studies(struct page *p, char **patterns, GError **error)
{
    g_autoptr(GPtrArray) chosen = g_ptr_array_new();

    for (char **pattern = patterns; *pattern != NULL; pattern++) {
        if (!choose_studies(p, *pattern, chosen, error)) {
            return false;
        }
    }
    if (patterns[0] == NULL && p->a->studies->len > 0 && !choose_studies(p, "*", chosen, error)) {
        return false;
    }
    if (chosen->len > 0) {
        append_studies(p->out, chosen);
    } else {
        g_string_append(p->out, "None.\n");
    }
    return true;
}

/* ------------------------------------------------------------------------------------------- */
/* Tests, totals                                                                                */

static void append_test(GString *out, const struct accuracy_test *t)
{
    g_string_append_printf(out, "| %s | %d of %d | ", t->name, t->nr_ok,
                           t->nr_ok + t->nr_known + t->nr_failed);
    if (t->nr_known > 0) {
        g_string_append_printf(out, "%d", t->nr_known);
    }
    if (t->nr_failed > 0) {
        g_string_append_printf(out, "%s**%d not known**", t->nr_known > 0 ? ", " : "",
                               t->nr_failed);
    }
    g_string_append(out, " | ");
    for (guint i = 0; i < t->notes->len; i++) {
        g_string_append(out, i > 0 ? "; " : "");
        markdown_append(out, t->notes->pdata[i]);
    }
    g_string_append(out, " |\n");
}

static bool fill_tests(struct page *p, char **patterns, GError **error)
{
    g_string_append(p->out, "| test | holds | known misses | what it says |\n"
                            "| --- | --- | --- | --- |\n");
    for (char **pattern = patterns; *pattern != NULL; pattern++) {
        bool found = false;

        for (guint i = 0; i < p->a->tests->len; i++) {
            struct accuracy_test *t = p->a->tests->pdata[i];

            if (g_pattern_match_simple(*pattern, t->name)) {
                found = true;
                if (!t->shown) {
                    t->shown = true;
                    append_test(p->out, t);
                }
            }
        }
        if (!found) {
            return fail(p, error, "no outcome of a test that is named", *pattern);
        }
    }
    return true;
}

static void fill_total(struct page *p)
{
    int32_t held = 0, all = 0, known = 0, failed = 0, ok = 0, tests = 0;

    for (guint i = 0; i < p->a->studies->len; i++) {
        const struct accuracy_study *s = p->a->studies->pdata[i];

        held += s->nr_held;
        all += s->nr_expectations;
        known += nr_misses(s, true);
        failed += nr_misses(s, false);
    }
    for (guint i = 0; i < p->a->tests->len; i++) {
        const struct accuracy_test *t = p->a->tests->pdata[i];

        ok += t->nr_ok;
        tests += t->nr_ok + t->nr_known + t->nr_failed;
    }
    g_string_append_printf(p->out,
                           "%d of %d expectations of %u studies hold; %d are known misses, each "
                           "explained below; %d fail otherwise. %d of %d tests against real "
                           "kernels pass.\n",
                           held, all, p->a->studies->len, known, failed, ok, tests);
}

static bool has_outcome(const struct accuracy *a, const char *name)
{
    for (guint i = 0; i < a->studies->len; i++) {
        const struct accuracy_study *s = a->studies->pdata[i];

        if (strcmp(s->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void fill_missing(struct page *p)
{
    bool any = false;

    for (size_t i = 0; p->a->all_studies != NULL && p->a->all_studies[i] != NULL; i++) {
        const char *name = p->a->all_studies[i];

        if (!has_outcome(p->a, name)) {
            g_string_append_printf(p->out, "%s[%s](studies/%s.yaml)",
                                   any ? ", "
                                       : "Not run for "
                                         "this page: ",
                                   name, name);
            any = true;
        }
    }
    g_string_append(p->out, any ? ".\n" : "All studies were run for this page.\n");
}

/* ------------------------------------------------------------------------------------------- */

static gint by_study_name(gconstpointer a, gconstpointer b)
{
    const struct accuracy_study *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

static gint by_test_name(gconstpointer a, gconstpointer b)
{
    const struct accuracy_test *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

/* The line "<!-- what: words -->" without its marks, or NULL where @line is no comment. */
static char *comment_of(const char *line)
{
    if (!g_str_has_prefix(line, "<!--") || !g_str_has_suffix(line, "-->") || strlen(line) < 7) {
        return NULL;
    }
    return g_strstrip(g_strndup(line + 4, strlen(line) - 7));
}

static bool fill_line(struct page *p, const char *line, GError **error)
{
    g_autofree char *comment = comment_of(line);

    if (comment == NULL) {
        g_string_append_printf(p->out, "%s\n", line);
        return true;
    }
    if (strcmp(comment, "total") == 0) {
        fill_total(p);
        return true;
    }
    if (strcmp(comment, "missing") == 0) {
        fill_missing(p);
        return true;
    }
    bool studies = strcmp(comment, "studies") == 0 || g_str_has_prefix(comment, "studies:");

    if (!studies && !g_str_has_prefix(comment, "tests:")) {
        return true;
    }
    g_auto(GStrv) words = g_strsplit_set(comment, " \t", -1);
    g_autoptr(GPtrArray) patterns = g_ptr_array_new();

    for (char **word = words + 1; *word != NULL; word++) {
        if ((*word)[0] != '\0') {
            g_ptr_array_add(patterns, *word);
        }
    }
    g_ptr_array_add(patterns, NULL);
    return studies ? fill_studies(p, (char **)patterns->pdata, error)
                   : fill_tests(p, (char **)patterns->pdata, error);
}

/* False where something is shown nowhere. */
static bool check_shown(const struct page *p, GError **error)
{
    for (guint i = 0; i < p->a->studies->len; i++) {
        const struct accuracy_study *s = p->a->studies->pdata[i];

        if (!s->shown) {
            return fail(p, error, "a line <!-- studies --> is missing; nothing shows the study",
                        s->name);
        }
    }
    for (guint i = 0; i < p->a->tests->len; i++) {
        const struct accuracy_test *t = p->a->tests->pdata[i];

        if (!t->shown) {
            return fail(p, error, "a line <!-- tests: NAME --> is missing; nothing shows the test",
                        t->name);
        }
    }
    return true;
}

char *accuracy_page(struct accuracy *a, const char *path, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) out = g_string_new(NULL);
    struct page p = {.a = a, .path = path, .out = out};
    guint nr = g_strv_length(lines);

    g_ptr_array_sort(a->studies, by_study_name);
    g_ptr_array_sort(a->tests, by_test_name);
    nr -= nr > 0 && lines[nr - 1][0] == '\0' ? 1 : 0; /* what follows the last newline */
    for (guint i = 0; i < nr; i++) {
        p.line = i + 1;
        if (!fill_line(&p, lines[i], error)) {
            return NULL;
        }
    }
    return check_shown(&p, error) ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}
