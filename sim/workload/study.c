/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "workload/study.h"

#include <string.h>

#include "base/error.h"

const char *const study_over_names[] = {"mean", "median", "min", "max", "each", "range", NULL};

const char *study_axis_name(enum study_axis axis)
{
    static const char *const names[] = {"topology", "workload", "policy"};

    return names[axis];
}

static void item_release(struct study_item *item)
{
    g_free(item->name);
    g_free(item->ref);
    for (int32_t i = 0; i < item->nr_loads; i++) {
        g_free(item->loads[i].ref);
        g_free(item->loads[i].text);
    }
    g_free(item->loads);
    g_strfreev(item->overrides);
}

static void expectation_release(struct study_expectation *e)
{
    g_free(e->name);
    g_free(e->why);
    for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
        g_free(e->cells[axis]);
    }
    for (int32_t i = 0; i < e->nr_sides; i++) {
        g_strfreev(e->sides[i].metrics);
    }
    g_free(e->sides);
    for (int32_t i = 0; i < e->nr_misses; i++) {
        for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
            g_free(e->misses[i].cells[axis]);
        }
        g_free(e->misses[i].measured);
        g_free(e->misses[i].why);
    }
    g_free(e->misses);
}

void study_free(struct study *s)
{
    if (s == NULL) {
        return;
    }
    g_free(s->name);
    g_free(s->path);
    g_free(s->digest);
    g_free(s->question);
    g_free(s->description);
    g_free(s->kernel);
    g_strfreev(s->sources);
    for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
        for (int32_t i = 0; i < s->nr_axis[axis]; i++) {
            item_release(&s->axes[axis][i]);
        }
        g_free(s->axes[axis]);
    }
    g_free(s->seeds);
    for (int32_t i = 0; i < s->nr_expectations; i++) {
        expectation_release(&s->expectations[i]);
    }
    g_free(s->expectations);
    g_free(s);
}

int32_t study_nr_cells(const struct study *s)
{
    return s->nr_axis[STUDY_TOPOLOGY] * s->nr_axis[STUDY_WORKLOAD] * s->nr_axis[STUDY_POLICY];
}

int32_t study_cell(const struct study *s, const int32_t item[STUDY_NR_AXES])
{
    return (item[STUDY_TOPOLOGY] * s->nr_axis[STUDY_WORKLOAD] + item[STUDY_WORKLOAD]) *
               s->nr_axis[STUDY_POLICY] +
           item[STUDY_POLICY];
}

void study_cell_items(const struct study *s, int32_t cell, int32_t ret_item[STUDY_NR_AXES])
{
    ret_item[STUDY_POLICY] = cell % s->nr_axis[STUDY_POLICY];
    cell /= s->nr_axis[STUDY_POLICY];
    ret_item[STUDY_WORKLOAD] = cell % s->nr_axis[STUDY_WORKLOAD];
    ret_item[STUDY_TOPOLOGY] = cell / s->nr_axis[STUDY_WORKLOAD];
}

char *study_cell_name(const struct study *s, int32_t cell)
{
    GString *name = g_string_new(NULL);
    int32_t item[STUDY_NR_AXES];

    study_cell_items(s, cell, item);
    for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
        if (s->nr_axis[axis] > 1) {
            g_string_append_printf(name, "%s%s", name->len > 0 ? ", " : "",
                                   s->axes[axis][item[axis]].name);
        }
    }
    if (name->len == 0) {
        g_string_append(name, s->axes[STUDY_POLICY][item[STUDY_POLICY]].name);
    }
    return g_string_free(name, FALSE);
}

static bool sides_name(const struct study_expectation *e, int axis)
{
    for (int32_t i = 0; i < e->nr_sides; i++) {
        if (e->sides[i].item[axis] >= 0) {
            return true;
        }
    }
    return false;
}

/* The member of @axis that @side means, where the sides of @e name members of it; -1 if it is open. */
static int32_t side_item(const struct study *s, const struct study_expectation *e,
                         const struct study_side *side, int axis)
{
    if (side->item[axis] >= 0) {
        return side->item[axis];
    }
    if (e->cells[axis] != NULL) {
        return e->nr_cells[axis] == 1 ? e->cells[axis][0] : -1;
    }
    return s->nr_axis[axis] == 1 ? 0 : -1;
}

static bool fail_open(const struct study *s, const struct study_side *side, int axis,
                      GError **error)
{
    g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                "%s:%u:%u: this side does not say which %s it means, and another side does; "
                "expected '%s: %s' or the like",
                s->path, side->mark.line, side->mark.column, study_axis_name((enum study_axis)axis),
                study_axis_name((enum study_axis)axis), s->axes[axis][0].name);
    return false;
}

/* The members that axis @axis of @e goes through: one where its sides name theirs. */
static int32_t nr_open(const struct study *s, const struct study_expectation *e, int axis)
{
    if (sides_name(e, axis)) {
        return 1;
    }
    return e->cells[axis] != NULL ? e->nr_cells[axis] : s->nr_axis[axis];
}

/* The cells of all sides of @e at the position @at of the axes that are open. */
static bool add_check(const struct study *s, int32_t index, const int32_t at[STUDY_NR_AXES],
                      GArray *checks, GError **error)
{
    const struct study_expectation *e = &s->expectations[index];
    struct study_check check = {index, g_new(int32_t, (gsize)e->nr_sides)};

    g_array_append_val(checks, check);
    for (int32_t i = 0; i < e->nr_sides; i++) {
        int32_t item[STUDY_NR_AXES];

        for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
            if (sides_name(e, axis)) {
                item[axis] = side_item(s, e, &e->sides[i], axis);
            } else {
                item[axis] = e->cells[axis] != NULL ? e->cells[axis][at[axis]] : at[axis];
            }
            if (item[axis] < 0) {
                return fail_open(s, &e->sides[i], axis, error);
            }
        }
        check.cells[i] = study_cell(s, item);
    }
    return true;
}

static bool add_checks(const struct study *s, int32_t index, GArray *checks, GError **error)
{
    const struct study_expectation *e = &s->expectations[index];
    int32_t at[STUDY_NR_AXES];

    for (at[0] = 0; at[0] < nr_open(s, e, 0); at[0]++) {
        for (at[1] = 0; at[1] < nr_open(s, e, 1); at[1]++) {
            for (at[2] = 0; at[2] < nr_open(s, e, 2); at[2]++) {
                if (!add_check(s, index, at, checks, error)) {
                    return false;
                }
            }
        }
    }
    return true;
}

GArray *study_checks(const struct study *s, GError **error)
{
    GArray *checks = g_array_new(FALSE, FALSE, sizeof(struct study_check));

    for (int32_t i = 0; i < s->nr_expectations; i++) {
        if (!add_checks(s, i, checks, error)) {
            study_checks_free(checks);
            return NULL;
        }
    }
    return checks;
}

static bool covers(const struct study_miss *miss, const int32_t item[STUDY_NR_AXES])
{
    for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
        bool found = miss->cells[axis] == NULL;

        for (int32_t i = 0; i < miss->nr_cells[axis]; i++) {
            found = found || miss->cells[axis][i] == item[axis];
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

const struct study_miss *study_check_miss(const struct study *s, const struct study_check *check)
{
    const struct study_expectation *e = &s->expectations[check->expectation];
    int32_t item[STUDY_NR_AXES];

    study_cell_items(s, check->cells[0], item);
    for (int32_t i = 0; i < e->nr_misses; i++) {
        if (covers(&e->misses[i], item)) {
            return &e->misses[i];
        }
    }
    return NULL;
}

void study_checks_free(GArray *checks)
{
    if (checks == NULL) {
        return;
    }
    for (guint i = 0; i < checks->len; i++) {
        g_free(g_array_index(checks, struct study_check, i).cells);
    }
    g_array_unref(checks);
}

struct rational study_number_rational(const struct study_number *n, int64_t scale)
{
    if (n->kind == STUDY_PLAIN || n->kind == STUDY_PERCENT) {
        return rational_make((int128)n->value * scale, 1000000);
    }
    return rational_make(n->value, 1);
}
