/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a study expects: one member of `expect:` at a time, of which a table makes several. */
#include <string.h>

#include "base/error.h"
#include "format/study-private.h"

static const char *const expectation_keys[] = {
    "name",    "why",   "metric",   "ratio", "difference", "order",  "cell",   "over", "misses",
    "at-most", "below", "at-least", "above", "between",    "equals", "within", NULL};

enum { FIRST_BOUND = 9 }; /* of those keys */

/* The index of the member of @axis that @node names. */
static bool find_item(const struct study *s, int axis, const struct yaml_node *node, int32_t *ret,
                      GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *text = NULL;

    if (!yaml_string(node, &text, error)) {
        return false;
    }
    for (int32_t i = 0; i < s->nr_axis[axis]; i++) {
        if (strcmp(s->axes[axis][i].name, text) == 0) {
            *ret = i;
            return true;
        }
        g_ptr_array_add(names, s->axes[axis][i].name);
    }
    g_ptr_array_add(names, NULL);
    return yaml_error_unknown(node, study_axis_name((enum study_axis)axis),
                              (const char *const *)names->pdata, error);
}

/* `cell: {topology: X, policy: [Y, Z]}`: the members that something is about. On failure, too, the
 * caller owns what is in @cells. */
static bool read_cells(const struct study *s, const struct yaml_node *map,
                       int32_t *cells[STUDY_NR_AXES], int32_t nr_cells[STUDY_NR_AXES],
                       GError **error)
{
    static const char *const known[] = {"topology", "workload", "policy", NULL};

    if (!yaml_check_keys(map, known, error)) {
        return false;
    }
    for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
        const struct yaml_node *node = yaml_map_get(map, known[axis]);
        bool list = node != NULL && node->kind == YAML_KIND_SEQUENCE;
        uint32_t nr = list ? node->nr_items : 1;

        if (node == NULL) {
            continue;
        }
        if (nr == 0) {
            return yaml_error(node, error, "'%s' is empty; expected at least one %s", known[axis],
                              known[axis]);
        }
        cells[axis] = g_new0(int32_t, nr);
        for (uint32_t i = 0; i < nr; i++) {
            if (!find_item(s, axis, list ? node->items[i] : node, &cells[axis][i], error)) {
                return false;
            }
        }
        nr_cells[axis] = (int32_t)nr;
    }
    return true;
}

/* One metric, or a list of metrics that are added up. */
static bool read_metrics(const struct yaml_node *node, char ***ret, GError **error)
{
    bool list = node->kind == YAML_KIND_SEQUENCE;
    uint32_t nr = list ? node->nr_items : 1;
    g_auto(GStrv) metrics = g_new0(char *, nr + 1);
    const char *text = NULL;

    if (nr == 0) {
        return yaml_error(node, error, "'metric' is empty; expected the name of a metric");
    }
    for (uint32_t i = 0; i < nr; i++) {
        if (!yaml_string(list ? node->items[i] : node, &text, error)) {
            return false;
        }
        metrics[i] = g_strdup(text);
    }
    *ret = g_steal_pointer(&metrics);
    return true;
}

/* One side: {metric:, topology:, workload:, policy:}; @common: the metric of all sides, or NULL. */
static bool read_side(const struct study *s, const struct yaml_node *map,
                      const struct yaml_node *common, struct study_side *side, GError **error)
{
    static const char *const known[] = {"topology", "workload", "policy", "metric", NULL};
    const struct yaml_node *metric;

    side->mark = study_mark(map);
    if (!yaml_check_keys(map, known, error)) {
        return false;
    }
    for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
        const struct yaml_node *node = yaml_map_get(map, known[axis]);

        side->item[axis] = -1;
        if (node != NULL && !find_item(s, axis, node, &side->item[axis], error)) {
            return false;
        }
    }
    metric = yaml_map_get(map, "metric");
    if (metric == NULL && common == NULL) {
        return yaml_error(map, error, "no 'metric' here nor for all sides; expected one");
    }
    return read_metrics(metric != NULL ? metric : common, &side->metrics, error);
}

static bool read_sides(const struct study *s, struct study_expectation *e,
                       const struct yaml_node *const *nodes, uint32_t nr,
                       const struct yaml_node *common, GError **error)
{
    e->sides = g_new0(struct study_side, nr);
    for (uint32_t i = 0; i < nr; i++) {
        e->nr_sides++;
        if (!read_side(s, nodes[i], common, &e->sides[i], error)) {
            return false;
        }
    }
    return true;
}

/* {metric:, of: {...}, to: {...}} of `ratio:`, {metric:, of:, from:} of `difference:`. */
static bool read_pair(const struct study *s, struct study_expectation *e,
                      const struct yaml_node *map, GError **error)
{
    const char *const second = e->form == STUDY_RATIO ? "to" : "from";
    const char *const known[] = {"metric", "of", second, NULL};
    const struct yaml_node *nodes[2];

    if (!yaml_check_keys(map, known, error)) {
        return false;
    }
    nodes[0] = yaml_map_need(map, "of", error);
    nodes[1] = nodes[0] != NULL ? yaml_map_need(map, second, error) : NULL;
    return nodes[1] != NULL && read_sides(s, e, nodes, 2, yaml_map_get(map, "metric"), error);
}

/* {metric:, rising: [side, side, ...], by: 5%} or `falling:`. */
static bool read_order(const struct study *s, struct study_expectation *e,
                       const struct yaml_node *map, GError **error)
{
    static const char *const known[] = {"metric", "rising", "falling", "by", "ties", NULL};
    const struct yaml_node *rising, *list, *by, *ties;
    struct study_number number;

    if (!yaml_check_keys(map, known, error)) {
        return false;
    }
    rising = yaml_map_get(map, "rising");
    list = yaml_map_get(map, "falling");
    by = yaml_map_get(map, "by");
    ties = yaml_map_get(map, "ties");
    if ((rising != NULL) == (list != NULL)) {
        return yaml_error(map, error,
                          "expected either 'rising' or 'falling', with a list of cells");
    }
    e->falling = list != NULL;
    list = e->falling ? list : rising;
    if (!yaml_check_kind(list, YAML_KIND_SEQUENCE, e->falling ? "'falling'" : "'rising'", error)) {
        return false;
    }
    if (list->nr_items < 2) {
        return yaml_error(list, error, "an order of %u; expected at least two cells",
                          list->nr_items);
    }
    if (ties != NULL && !yaml_bool(ties, &e->ties, error)) {
        return false;
    }
    if (by != NULL) {
        if (!study_read_number(by, false, &number, error)) {
            return false;
        }
        if (number.kind != STUDY_PERCENT || number.value > 1000000000) {
            return yaml_error(by, error, "'by' is %s; expected a percentage", by->text);
        }
        e->by_ppm = number.value;
    }
    return read_sides(s, e, list->items, list->nr_items, yaml_map_get(map, "metric"), error);
}

static bool read_form(const struct study *s, struct study_expectation *e,
                      const struct yaml_node *map, GError **error)
{
    static const char *const keys[] = {"metric", "ratio", "difference", "order"};
    const struct yaml_node *found = NULL;

    for (int form = 0; form < 4; form++) {
        const struct yaml_node *node = yaml_map_get(map, keys[form]);

        if (node != NULL && found != NULL) {
            return yaml_error(node->key, error, "'%s' beside '%s'; expected one of them",
                              keys[form], found->key->text);
        }
        if (node != NULL) {
            found = node;
            e->form = (enum study_form)form;
        }
    }
    if (found == NULL) {
        return yaml_error(map, error,
                          "nothing to measure; expected metric, ratio, difference or order");
    }
    if (e->form == STUDY_VALUE) {
        e->sides = g_new0(struct study_side, 1);
        e->nr_sides = 1;
        e->sides[0] = (struct study_side){NULL, study_mark(found), {-1, -1, -1}};
        return read_metrics(found, &e->sides[0].metrics, error);
    }
    return e->form == STUDY_ORDER ? read_order(s, e, found, error) : read_pair(s, e, found, error);
}

/* A ratio has no unit, so neither has its bound. */
static bool check_ratio(const struct study_expectation *e, const struct yaml_node *map,
                        GError **error)
{
    for (int32_t i = 0; e->form == STUDY_RATIO && i < e->nr_bounds; i++) {
        if (e->bounds[i].number.kind > STUDY_PERCENT) {
            return yaml_error(map, error,
                              "the bound of a ratio has a unit; expected a plain "
                              "number or a percentage");
        }
    }
    return true;
}

static bool read_text(const struct yaml_node *map, const char *key, char **ret, GError **error)
{
    const struct yaml_node *node = yaml_map_get(map, key);
    const char *text = NULL;

    if (node == NULL) {
        return true;
    }
    if (!yaml_string(node, &text, error)) {
        return false;
    }
    *ret = g_strdup(text);
    return true;
}

/* One member of `misses:`. */
static bool read_miss(const struct study *s, struct study_miss *miss, const struct yaml_node *map,
                      GError **error)
{
    static const char *const known[] = {"cell", "measured", "why", NULL};
    const struct yaml_node *cell;

    if (!yaml_check_keys(map, known, error) || yaml_map_need(map, "measured", error) == NULL ||
        yaml_map_need(map, "why", error) == NULL) {
        return false;
    }
    cell = yaml_map_get(map, "cell");
    if (!read_text(map, "measured", &miss->measured, error)) {
        return false;
    }
    study_parse_measured(miss);
    return read_text(map, "why", &miss->why, error) &&
           (cell == NULL || read_cells(s, cell, miss->cells, miss->nr_cells, error));
}

static bool read_misses(const struct study *s, struct study_expectation *e,
                        const struct yaml_node *list, GError **error)
{
    if (!yaml_check_kind(list, YAML_KIND_SEQUENCE, "'misses'", error)) {
        return false;
    }
    e->misses = g_new0(struct study_miss, list->nr_items);
    for (uint32_t i = 0; i < list->nr_items; i++) {
        e->nr_misses++;
        if (!read_miss(s, &e->misses[i], list->items[i], error)) {
            return false;
        }
    }
    return true;
}

/* Where one expectation of a table stands: the value, and the members that lead to it (-1: none). */
struct table_place {
    const char *key; /* "equals" or "between"; NULL: no table */
    const struct yaml_node *leaf;
    int32_t item[STUDY_NR_AXES];
};

static bool read_bounds(struct study_expectation *e, const struct yaml_node *map,
                        const struct table_place *place, GError **error)
{
    const struct yaml_node *equals = yaml_map_get(map, "equals");
    const struct yaml_node *between = yaml_map_get(map, "between");

    if (place->key != NULL) {
        *(strcmp(place->key, "equals") == 0 ? &equals : &between) = place->leaf;
    }
    return study_read_bounds(e, map, equals, between, error) && check_ratio(e, map, error);
}

static bool read_expectation(const struct study *s, struct study_expectation *e,
                             const struct yaml_node *map, const struct table_place *place,
                             GError **error)
{
    const struct yaml_node *cell = yaml_map_get(map, "cell"), *over = yaml_map_get(map, "over");
    const struct yaml_node *misses = yaml_map_get(map, "misses");
    int choice = STUDY_MEAN;

    e->mark = study_mark(place->leaf != NULL ? place->leaf : map);
    if (!read_text(map, "name", &e->name, error) || !read_text(map, "why", &e->why, error) ||
        (over != NULL && !yaml_choice(over, study_over_names, &choice, error)) ||
        (cell != NULL && !read_cells(s, cell, e->cells, e->nr_cells, error)) ||
        !read_form(s, e, map, error) || (misses != NULL && !read_misses(s, e, misses, error))) {
        return false;
    }
    e->over = (enum study_over)choice;
    for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
        if (place->item[axis] >= 0) {
            e->cells[axis] = g_renew(int32_t, e->cells[axis], 1);
            e->cells[axis][0] = place->item[axis];
            e->nr_cells[axis] = 1;
        }
    }
    if (e->form != STUDY_ORDER) {
        return read_bounds(e, map, place, error);
    }
    if (e->over == STUDY_RANGE) {
        return yaml_error(over, error, "an order over a range; expected mean, median or each");
    }
    for (int i = FIRST_BOUND; expectation_keys[i] != NULL; i++) {
        const struct yaml_node *node = yaml_map_get(map, expectation_keys[i]);

        if (node != NULL) {
            return yaml_error(node->key, error, "'%s' of an order; expected 'by' inside of it",
                              expectation_keys[i]);
        }
    }
    return true;
}

static bool add_expectation(struct study *s, const struct yaml_node *map,
                            const struct table_place *place, GError **error)
{
    int32_t at = s->nr_expectations++;

    s->expectations = g_renew(struct study_expectation, s->expectations, (gsize)at + 1);
    s->expectations[at] = (struct study_expectation){0};
    return read_expectation(s, &s->expectations[at], map, place, error);
}

/* The axis that has a member named as the key @node; -1 none. */
static int axis_of(const struct study *s, const struct yaml_node *node)
{
    for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
        for (int32_t i = 0; i < s->nr_axis[axis]; i++) {
            if (strcmp(s->axes[axis][i].name, node->text) == 0) {
                return axis;
            }
        }
    }
    return -1;
}

/* A table by the names of members of an axis, each with a value or with a table by another axis. */
static bool read_table(struct study *s, const struct yaml_node *map,
                       const struct table_place *above, GError **error)
{
    const struct yaml_node *table = above->leaf;
    int axis = -1;

    for (uint32_t i = 0; i < table->nr_items && axis < 0; i++) {
        axis = axis_of(s, table->items[i]->key);
    }
    if (axis < 0 || above->item[axis] >= 0) {
        return yaml_error(table, error,
                          "'%s' by nothing that there is; expected members of one of "
                          "topologies, workloads and policies, each with its value",
                          above->key);
    }
    for (uint32_t i = 0; i < table->nr_items; i++) {
        struct table_place place = *above;

        place.leaf = table->items[i];
        if (!find_item(s, axis, place.leaf->key, &place.item[axis], error) ||
            !(place.leaf->kind == YAML_KIND_MAPPING ? read_table(s, map, &place, error)
                                                    : add_expectation(s, map, &place, error))) {
            return false;
        }
    }
    return true;
}

static bool read_member(struct study *s, const struct yaml_node *map, GError **error)
{
    static const char *const keys[] = {"equals", "between"};
    struct table_place place = {NULL, NULL, {-1, -1, -1}};

    if (!yaml_check_keys(map, expectation_keys, error)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        const struct yaml_node *node = yaml_map_get(map, keys[i]);

        if (node != NULL && node->kind == YAML_KIND_MAPPING) {
            place.key = keys[i];
            place.leaf = node;
            return read_table(s, map, &place, error);
        }
    }
    return add_expectation(s, map, &place, error);
}

bool study_read_expectations(struct study *s, const struct yaml_node *list, GError **error)
{
    if (list->nr_items == 0) {
        return yaml_error(list, error, "'expect' is empty; expected at least one expectation");
    }
    for (uint32_t i = 0; i < list->nr_items; i++) {
        if (!read_member(s, list->items[i], error)) {
            return false;
        }
    }
    return true;
}
