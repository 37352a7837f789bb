/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Distributions in YAML. */
#include <string.h>

#include "base/error.h"
#include "format/yaml-private.h"

static const char *const kinds[] = {[DIST_FIXED] = "fixed",
                                    [DIST_UNIFORM] = "uniform",
                                    [DIST_EXPONENTIAL] = "exponential",
                                    [DIST_NORMAL] = "normal",
                                    [DIST_LOGNORMAL] = "lognormal",
                                    [DIST_EMPIRICAL] = "empirical",
                                    NULL};

/* The two members of `[a, b]`, of which the second has its own unit. */
static bool read_pair(const struct yaml_node *node, enum unit unit, enum unit second,
                      struct dist *ret_dist, GError **error)
{
    if (node->kind != YAML_KIND_SEQUENCE || node->nr_items != 2) {
        return yaml_error(node, error, "'%s' is no pair; expected [%s]", node->key->text,
                          ret_dist->kind == DIST_UNIFORM  ? "LOW, HIGH"
                          : ret_dist->kind == DIST_NORMAL ? "MEAN, STDDEV"
                                                          : "MEDIAN, SIGMA");
    }
    if (!yaml_quantity(node->items[0], unit, 0, INT64_MAX, &ret_dist->a, error) ||
        !yaml_quantity(node->items[1], second, 0, INT64_MAX, &ret_dist->b, error)) {
        return false;
    }
    if (ret_dist->kind == DIST_UNIFORM && ret_dist->b < ret_dist->a) {
        return yaml_error(node->items[1], error,
                          "the high end is below the low end %s; expected "
                          "[LOW, HIGH]",
                          node->items[0]->text);
    }
    return true;
}

/* A key of the empirical mapping is a node of its own, so its message names no key. */
static bool read_empirical(const struct yaml_node *node, enum unit unit, struct dist *ret_dist,
                           GError **error)
{
    g_autofree int64_t *values = NULL;
    g_autofree uint64_t *cum_weights = NULL;
    uint64_t total = 0;

    if (!yaml_check_kind(node, YAML_KIND_MAPPING, "'empirical'", error)) {
        return false;
    }
    values = g_new0(int64_t, node->nr_items + 1);
    cum_weights = g_new0(uint64_t, node->nr_items + 1);
    for (uint32_t i = 0; i < node->nr_items; i++) {
        int64_t weight = 0;

        if (!yaml_quantity(node->items[i]->key, unit, 0, INT64_MAX, &values[i], error) ||
            !yaml_int(node->items[i], 0, INT32_MAX, &weight, error)) {
            return false;
        }
        total += (uint64_t)weight;
        cum_weights[i] = total;
    }
    if (total == 0) {
        return yaml_error(node, error, "'empirical' weighs nothing; expected VALUE: WEIGHT pairs");
    }
    ret_dist->nr_values = node->nr_items;
    ret_dist->values = g_steal_pointer(&values);
    ret_dist->cum_weights = g_steal_pointer(&cum_weights);
    return true;
}

static bool read_kind(const struct yaml_node *value, enum unit unit, struct dist *dist,
                      GError **error)
{
    switch (dist->kind) {
    case DIST_FIXED:
    case DIST_EXPONENTIAL:
        return yaml_quantity(value, unit, 0, INT64_MAX, &dist->a, error);
    case DIST_UNIFORM:
    case DIST_NORMAL:
        return read_pair(value, unit, unit, dist, error);
    case DIST_LOGNORMAL:
        return read_pair(value, unit, UNIT_PPM, dist, error);
    case DIST_EMPIRICAL:
        return read_empirical(value, unit, dist, error);
    }
    g_assert_not_reached();
}

bool yaml_dist(const struct yaml_node *node, enum unit unit, struct dist *ret_dist, GError **error)
{
    g_autofree char *what = yaml_describe(node);
    struct dist dist = {.kind = DIST_FIXED};
    int kind = 0;

    if (node->kind == YAML_KIND_SCALAR) {
        if (!yaml_quantity(node, unit, 0, INT64_MAX, &dist.a, error)) {
            return false;
        }
        *ret_dist = dist;
        return true;
    }
    if (!yaml_check_kind(node, YAML_KIND_MAPPING, what, error)) {
        return false;
    }
    if (node->nr_items != 1) {
        return yaml_error(node, error,
                          "%s has %u keys; expected one distribution, as in "
                          "{exponential: %s}",
                          what, node->nr_items, unit == UNIT_NS ? "1ms" : "MEAN");
    }
    for (; kinds[kind] != NULL; kind++) {
        if (strcmp(kinds[kind], node->items[0]->key->text) == 0) {
            break;
        }
    }
    if (kinds[kind] == NULL) {
        return yaml_error_unknown(node->items[0]->key, "distribution", kinds, error);
    }
    dist.kind = (enum dist_kind)kind;
    if (!read_kind(node->items[0], unit, &dist, error)) {
        return false;
    }
    *ret_dist = dist;
    return true;
}
