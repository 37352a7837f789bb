/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Typed access to the nodes of a YAML document, with messages that name key and place. */
#include <errno.h>
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "format/yaml-private.h"

static bool parse_decimal(const char *text, int64_t *ret_value)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    char *end;
    int64_t value;

    if (!g_ascii_isdigit(digits[0])) {
        return false;
    }
    errno = 0;
    value = g_ascii_strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0') {
        return false;
    }
    *ret_value = value;
    return true;
}

bool yaml_check_schema(const struct yaml_doc *doc, const char *kind, int version, int *ret_version,
                       GError **error)
{
    const struct yaml_node *node;
    g_autofree char *prefix = g_strdup_printf("%s/", kind);
    int64_t found = 0;

    if (!yaml_check_kind(doc->root, YAML_KIND_MAPPING, "the file", error)) {
        return false;
    }
    node = yaml_map_get(doc->root, "numasim");
    if (node == NULL) {
        return yaml_error(doc->root, error, "no 'numasim' key; expected 'numasim: %s/%d'", kind,
                          version);
    }
    if (node->kind != YAML_KIND_SCALAR || !g_str_has_prefix(node->text, prefix) ||
        !parse_decimal(node->text + strlen(prefix), &found) || found < 1) {
        return yaml_error(node, error, "'numasim' is %s; expected '%s/%d'",
                          node->kind == YAML_KIND_SCALAR ? node->text : yaml_kind_name(node->kind),
                          kind, version);
    }
    if (found > version) {
        return yaml_error(node, error, "'%s' is newer than this numasim; expected '%s/%d' or older",
                          node->text, kind, version);
    }
    if (ret_version != NULL) {
        *ret_version = (int)found;
    }
    return true;
}

const struct yaml_node *yaml_map_get(const struct yaml_node *map, const char *key)
{
    if (map->kind != YAML_KIND_MAPPING) {
        return NULL;
    }
    for (uint32_t i = 0; i < map->nr_items; i++) {
        if (strcmp(map->items[i]->key->text, key) == 0) {
            return map->items[i];
        }
    }
    return NULL;
}

const struct yaml_node *yaml_map_need(const struct yaml_node *map, const char *key, GError **error)
{
    const struct yaml_node *node = yaml_map_get(map, key);

    if (node == NULL) {
        g_autofree char *what = yaml_describe(map);

        yaml_error(map->key != NULL ? map->key : map, error, "%s has no '%s'; expected one",
                   map == map->doc->root ? "the file" : what, key);
    }
    return node;
}

bool yaml_check_kind(const struct yaml_node *node, enum yaml_kind kind, const char *what,
                     GError **error)
{
    if (node->kind == kind) {
        return true;
    }
    return yaml_error(node, error, "%s is %s; expected %s", what, yaml_kind_name(node->kind),
                      yaml_kind_name(kind));
}

bool yaml_check_keys(const struct yaml_node *map, const char *const *known, GError **error)
{
    g_autofree char *what = yaml_describe(map);

    if (!yaml_check_kind(map, YAML_KIND_MAPPING, what, error)) {
        return false;
    }
    for (uint32_t i = 0; i < map->nr_items; i++) {
        const struct yaml_node *key = map->items[i]->key;

        if (map == map->doc->root && strcmp(key->text, "numasim") == 0) {
            continue;
        }
        if (!g_strv_contains(known, key->text)) {
            return yaml_error_unknown(key, "key", known, error);
        }
    }
    return true;
}

bool yaml_is_null(const struct yaml_node *node)
{
    return node->kind == YAML_KIND_SCALAR && !node->quoted &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
            strcmp(node->text, "null") == 0);
}

bool yaml_string(const struct yaml_node *node, const char **ret_text, GError **error)
{
    g_autofree char *what = yaml_describe(node);

    if (!yaml_check_kind(node, YAML_KIND_SCALAR, what, error)) {
        return false;
    }
    if (yaml_is_null(node)) {
        return yaml_error(node, error, "%s is empty; expected text", what);
    }
    *ret_text = node->text;
    return true;
}

bool yaml_int(const struct yaml_node *node, int64_t min, int64_t max, int64_t *ret_value,
              GError **error)
{
    g_autofree char *what = yaml_describe(node);
    g_autofree char *range = NULL;
    int64_t value = 0;

    if (!yaml_check_kind(node, YAML_KIND_SCALAR, what, error)) {
        return false;
    }
    range =
        max == INT64_MAX
            ? g_strdup_printf("an integer of at least %" G_GINT64_FORMAT, min)
            : g_strdup_printf("an integer in %" G_GINT64_FORMAT "..%" G_GINT64_FORMAT, min, max);
    if (!parse_decimal(node->text, &value)) {
        return yaml_error(node, error, "%s is '%s'; expected %s", what, node->text, range);
    }
    if (value < min || value > max) {
        return yaml_error(node, error, "%s is %" G_GINT64_FORMAT "; expected %s", what, value,
                          range);
    }
    *ret_value = value;
    return true;
}

bool yaml_quantity(const struct yaml_node *node, enum unit unit, int64_t min, int64_t max,
                   int64_t *ret_value, GError **error)
{
    g_autofree char *what = NULL;
    g_autoptr(GError) cause = NULL;
    int64_t value = 0;

    if (unit == UNIT_NONE) {
        return yaml_int(node, min, max, ret_value, error);
    }
    what = yaml_describe(node);
    if (!yaml_check_kind(node, YAML_KIND_SCALAR, what, error)) {
        return false;
    }
    if (!units_parse(node->text, unit, &value, &cause)) {
        return yaml_error(node, error, "%s: %s", what, cause->message);
    }
    if (value < min) {
        g_autofree char *bound = units_format(min, unit);

        return yaml_error(node, error, "%s is %s; expected at least %s", what, node->text, bound);
    }
    if (value > max) {
        g_autofree char *bound = units_format(max, unit);

        return yaml_error(node, error, "%s is %s; expected at most %s", what, node->text, bound);
    }
    *ret_value = value;
    return true;
}

bool yaml_bool(const struct yaml_node *node, bool *ret_value, GError **error)
{
    static const char *const names[] = {"false", "no", "off", "true", "yes", "on", NULL};
    g_autofree char *what = yaml_describe(node);

    if (!yaml_check_kind(node, YAML_KIND_SCALAR, what, error)) {
        return false;
    }
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(node->text, names[i]) == 0) {
            *ret_value = i >= 3;
            return true;
        }
    }
    return yaml_error(node, error, "%s is '%s'; expected true or false", what, node->text);
}

bool yaml_choice(const struct yaml_node *node, const char *const *names, int *ret_index,
                 GError **error)
{
    g_autofree char *what = yaml_describe(node);

    if (!yaml_check_kind(node, YAML_KIND_SCALAR, what, error)) {
        return false;
    }
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(node->text, names[i]) == 0) {
            *ret_index = i;
            return true;
        }
    }
    g_free(what);
    what =
        node->key != NULL ? g_strdup_printf("value of '%s'", node->key->text) : g_strdup("value");
    return yaml_error_unknown(node, what, names, error);
}

bool yaml_cpulist(const struct yaml_node *node, uint64_t *map, uint32_t nr_bits, GError **error)
{
    g_autofree char *what = yaml_describe(node);
    g_autoptr(GError) cause = NULL;

    if (!yaml_check_kind(node, YAML_KIND_SCALAR, what, error)) {
        return false;
    }
    if (!bitmap_parse_list(node->text, map, nr_bits, &cause)) {
        return yaml_error(node, error, "%s: %s", what, cause->message);
    }
    return true;
}
