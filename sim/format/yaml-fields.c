/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mappings by tables of fields. */
#include <string.h>

#include "base/error.h"
#include "format/yaml-private.h"

static void int_range(const struct yaml_field *field, int64_t *ret_min, int64_t *ret_max)
{
    *ret_min = field->min;
    *ret_max = field->max;
    if (field->min == 0 && field->max == 0) {
        *ret_max = field->type == YAML_TYPE_INT32 ? INT32_MAX : INT64_MAX;
    }
}

static bool read_int(const struct yaml_node *node, const struct yaml_field *field, void *member,
                     GError **error)
{
    int64_t min, max, value = 0;

    int_range(field, &min, &max);
    if (!yaml_quantity(node, field->unit, min, max, &value, error)) {
        return false;
    }
    if (field->type == YAML_TYPE_INT32) {
        *(int32_t *)member = (int32_t)value;
    } else {
        *(int64_t *)member = value;
    }
    return true;
}

static bool read_string(const struct yaml_node *node, char **member, GError **error)
{
    const char *text = NULL;

    if (!yaml_string(node, &text, error)) {
        return false;
    }
    g_free(*member);
    *member = g_strdup(text);
    return true;
}

static bool read_dist(const struct yaml_node *node, enum unit unit, struct dist *member,
                      GError **error)
{
    struct dist dist = {0};

    if (!yaml_dist(node, unit, &dist, error)) {
        return false;
    }
    dist_release(member);
    *member = dist;
    return true;
}

static bool read_node(const struct yaml_node *node, const struct yaml_field *field, void *member,
                      GError **error)
{
    g_autofree char *what = yaml_describe(node);

    if (field->type == YAML_TYPE_MAP && !yaml_check_kind(node, YAML_KIND_MAPPING, what, error)) {
        return false;
    }
    if (field->type == YAML_TYPE_LIST && !yaml_check_kind(node, YAML_KIND_SEQUENCE, what, error)) {
        return false;
    }
    *(const struct yaml_node **)member = node;
    return true;
}

static bool read_field(const struct yaml_node *node, const struct yaml_field *field, void *object,
                       GError **error)
{
    void *member = (char *)object + field->offset;

    switch (field->type) {
    case YAML_TYPE_INT:
    case YAML_TYPE_INT32:
        return read_int(node, field, member, error);
    case YAML_TYPE_BOOL:
        return yaml_bool(node, member, error);
    case YAML_TYPE_STRING:
        return read_string(node, member, error);
    case YAML_TYPE_CHOICE:
        return yaml_choice(node, field->names, member, error);
    case YAML_TYPE_DIST:
        return read_dist(node, field->unit, member, error);
    case YAML_TYPE_NODE:
    case YAML_TYPE_MAP:
    case YAML_TYPE_LIST:
        return read_node(node, field, member, error);
    }
    g_assert_not_reached();
}

static const struct yaml_field *find_field(const struct yaml_field *fields, const char *key)
{
    for (const struct yaml_field *f = fields; f->key != NULL; f++) {
        if (strcmp(f->key, key) == 0) {
            return f;
        }
    }
    return NULL;
}

static bool unknown_key(const struct yaml_node *key, const struct yaml_field *fields,
                        GError **error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();

    for (const struct yaml_field *f = fields; f->key != NULL; f++) {
        g_ptr_array_add(known, (gpointer)(guintptr)f->key);
    }
    g_ptr_array_add(known, NULL);
    return yaml_error_unknown(key, "key", (const char *const *)known->pdata, error);
}

/* A missing row says what it wants: a value of its type, or what its help calls the block. */
static bool missing_key(const struct yaml_node *map, const struct yaml_field *field, GError **error)
{
    bool block = field->type == YAML_TYPE_NODE || field->type == YAML_TYPE_MAP ||
                 field->type == YAML_TYPE_LIST;
    g_autofree char *what = yaml_describe(map);
    g_autofree char *wanted =
        block && field->help != NULL ? g_strdup(field->help) : yaml_field_describe(field);

    return yaml_error(map->key != NULL ? map->key : map, error, "%s has no '%s'; expected %s",
                      map == map->doc->root ? "the file" : what, field->key, wanted);
}

bool yaml_read_fields(const struct yaml_node *map, const struct yaml_field *fields, void *object,
                      GError **error)
{
    g_autofree char *what = yaml_describe(map);

    if (!yaml_check_kind(map, YAML_KIND_MAPPING, what, error)) {
        return false;
    }
    for (uint32_t i = 0; i < map->nr_items; i++) {
        const struct yaml_node *value = map->items[i];
        const struct yaml_field *field = find_field(fields, value->key->text);

        if (field == NULL) {
            if (map == map->doc->root && strcmp(value->key->text, "numasim") == 0) {
                continue;
            }
            return unknown_key(value->key, fields, error);
        }
        if (!read_field(value, field, object, error)) {
            return false;
        }
    }
    for (const struct yaml_field *f = fields; f->key != NULL; f++) {
        if (f->required && yaml_map_get(map, f->key) == NULL) {
            return missing_key(map, f, error);
        }
    }
    return true;
}

static const char *unit_kind(enum unit unit)
{
    switch (unit) {
    case UNIT_NONE:
        return "integer";
    case UNIT_NS:
        return "time";
    case UNIT_BYTES:
        return "size";
    case UNIT_BYTES_PER_S:
        return "bandwidth";
    case UNIT_HZ:
        return "frequency";
    case UNIT_PPM:
        return "share";
    case UNIT_PER_S:
        return "rate";
    }
    return "?";
}

char *yaml_field_describe(const struct yaml_field *field)
{
    g_autofree char *names = NULL;
    int64_t min, max;

    switch (field->type) {
    case YAML_TYPE_INT:
    case YAML_TYPE_INT32:
        int_range(field, &min, &max);
        if (field->unit != UNIT_NONE) {
            return g_strdup_printf("%s (%s)", unit_kind(field->unit), units_examples(field->unit));
        }
        return max >= INT32_MAX
                   ? g_strdup_printf("integer from %" G_GINT64_FORMAT, min)
                   : g_strdup_printf("integer %" G_GINT64_FORMAT "..%" G_GINT64_FORMAT, min, max);
    case YAML_TYPE_BOOL:
        return g_strdup("true or false");
    case YAML_TYPE_STRING:
        return g_strdup("text");
    case YAML_TYPE_CHOICE:
        names = g_strjoinv(", ", (char **)(guintptr)field->names);
        return g_strdup_printf("one of %s", names);
    case YAML_TYPE_DIST:
        return g_strdup_printf("distribution of %s (%s)", unit_kind(field->unit),
                               units_examples(field->unit));
    case YAML_TYPE_NODE:
        return g_strdup("see below");
    case YAML_TYPE_MAP:
        return g_strdup("mapping");
    case YAML_TYPE_LIST:
        return g_strdup("sequence");
    }
    return g_strdup("?");
}
