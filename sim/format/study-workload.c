/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The workloads of a study: references, and those that it holds itself. */
#include <string.h>

#include "format/study-private.h"
#include "format/workload-yaml.h"

char *study_resolve_ref(const struct study *s, const char *ref)
{
    g_autofree char *dir = NULL;

    if ((strchr(ref, '/') == NULL && !g_str_has_suffix(ref, ".yaml")) || g_path_is_absolute(ref)) {
        return g_strdup(ref);
    }
    dir = g_path_get_dirname(s->path);
    return strcmp(dir, ".") == 0 ? g_strdup(ref) : g_build_filename(dir, ref, NULL);
}

char *study_short_name(const char *ref)
{
    char *name = g_path_get_basename(ref);

    if (g_str_has_suffix(name, ".yaml")) {
        name[strlen(name) - strlen(".yaml")] = '\0';
    }
    return name;
}

/* ------------------------------------------------------------------------------------------- */
/* Workloads that stand in the study itself                                                     */

static void append_quoted(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_c(out, '\\');
            g_string_append_c(out, *c);
        } else if ((unsigned char)*c < ' ') {
            g_string_append_printf(out, "\\x%02x", (unsigned)*c);
        } else {
            g_string_append_c(out, *c);
        }
    }
    g_string_append_c(out, '"');
}

/* @node as YAML on one line. A scalar of these characters means the same wherever it stands. */
static void append_node(GString *out, const struct yaml_node *node)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._/%+-~";

    if (node->kind == YAML_KIND_SCALAR) {
        bool bare = !node->quoted && node->text[0] != '\0' && node->text[0] != '%' &&
                    node->text[strspn(node->text, plain)] == '\0' && strcmp(node->text, "-") != 0;

        if (bare || yaml_is_null(node)) {
            g_string_append(out, bare ? node->text : "~");
        } else {
            append_quoted(out, node->text);
        }
        return;
    }
    g_string_append_c(out, node->kind == YAML_KIND_MAPPING ? '{' : '[');
    for (uint32_t i = 0; i < node->nr_items; i++) {
        g_string_append(out, i > 0 ? ", " : "");
        if (node->kind == YAML_KIND_MAPPING) {
            append_node(out, node->items[i]->key);
            g_string_append(out, ": ");
        }
        append_node(out, node->items[i]);
    }
    g_string_append_c(out, node->kind == YAML_KIND_MAPPING ? '}' : ']');
}

/* {duration:, processes:, ...} as in a workload's file, which it is turned into. */
static bool read_inline(const struct yaml_node *map, const char *name, struct study_load *load,
                        GError **error)
{
    g_autoptr(workload_t) checked = workload_read_yaml_node(map, error);
    GString *text;

    if (checked == NULL) {
        return false;
    }
    text = g_string_new("numasim: workload/1\n");
    if (yaml_map_get(map, "name") == NULL) {
        g_string_append(text, "name: ");
        append_quoted(text, name);
        g_string_append_c(text, '\n');
    }
    for (uint32_t i = 0; i < map->nr_items; i++) {
        append_node(text, map->items[i]->key);
        g_string_append(text, ": ");
        append_node(text, map->items[i]);
        g_string_append_c(text, '\n');
    }
    load->ref = g_strdup(name);
    load->text = g_string_free(text, FALSE);
    return true;
}

/* ------------------------------------------------------------------------------------------- */

/* NAME, NAME:replicas=N as on the command line, or {workload: NAME, replicas: N}. */
static bool read_load(const struct study *s, const struct yaml_node *node, struct study_load *load,
                      GError **error)
{
    static const char tail[] = ":replicas=";
    const struct yaml_node *name = node, *replicas = NULL;
    const char *text = NULL, *at;
    int64_t nr = 0;

    if (node->kind == YAML_KIND_MAPPING) {
        name = yaml_map_need(node, "workload", error);
        replicas = yaml_map_get(node, "replicas");
    }
    if (name != NULL && name->kind == YAML_KIND_MAPPING) {
        const struct yaml_node *own = yaml_map_get(node, "name");

        if (own == NULL) {
            return yaml_error(name, error, "a workload without a name; expected 'name' beside it");
        }
        if (!yaml_string(own, &text, error) || !read_inline(name, text, load, error) ||
            (replicas != NULL && !yaml_int(replicas, 1, INT32_MAX, &nr, error))) {
            return false;
        }
        load->replicas = (int32_t)nr;
        load->mark = study_mark(name);
        return true;
    }
    if (name == NULL || !yaml_string(name, &text, error) ||
        (replicas != NULL && !yaml_int(replicas, 1, INT32_MAX, &nr, error))) {
        return false;
    }
    at = strstr(text, tail);
    if (at != NULL) {
        char *end = NULL;
        guint64 value = g_ascii_strtoull(at + strlen(tail), &end, 10);

        if (!g_ascii_isdigit(at[strlen(tail)]) || *end != '\0' || value < 1 || value > INT32_MAX) {
            return yaml_error(name, error, "'%s': no number of replicas; expected NAME:replicas=N",
                              text);
        }
        nr = (int64_t)value;
    }
    g_autofree char *bare = at != NULL ? g_strndup(text, (gsize)(at - text)) : g_strdup(text);

    *load = (struct study_load){study_resolve_ref(s, bare), NULL, (int32_t)nr, study_mark(name)};
    return true;
}

static char *loads_name(const struct study_item *item)
{
    GString *name = g_string_new(NULL);

    for (int32_t i = 0; i < item->nr_loads; i++) {
        g_autofree char *one = study_short_name(item->loads[i].ref);

        g_string_append_printf(name, "%s%s", i > 0 ? "+" : "", one);
        if (item->loads[i].replicas > 0) {
            g_string_append_printf(name, ":replicas=%d", item->loads[i].replicas);
        }
    }
    return g_string_free(name, FALSE);
}

/* A workload, or {name:, workload:, replicas:}, or {name:, workloads: [...]}. */
bool study_read_workload(const struct study *s, const struct yaml_node *node,
                         struct study_item *item, GError **error)
{
    static const char *const known[] = {"name", "workload", "replicas", "workloads", NULL};
    static const char *const known_load[] = {"name", "workload", "replicas", NULL};
    const struct yaml_node *list = yaml_map_get(node, "workloads");
    uint32_t nr = list != NULL ? list->nr_items : 1;

    if (node->kind == YAML_KIND_MAPPING && !yaml_check_keys(node, known, error)) {
        return false;
    }
    if (list != NULL) {
        if (!yaml_check_kind(list, YAML_KIND_SEQUENCE, "'workloads'", error)) {
            return false;
        }
        if (nr == 0) {
            return yaml_error(list, error, "'workloads' is empty; expected at least one workload");
        }
        if (yaml_map_get(node, "workload") != NULL || yaml_map_get(node, "replicas") != NULL) {
            return yaml_error(list, error,
                              "'workloads' beside 'workload' or 'replicas'; expected "
                              "workloads: [{workload: NAME, replicas: N}, ...] alone");
        }
    }
    item->loads = g_new0(struct study_load, nr);
    for (uint32_t i = 0; i < nr; i++) {
        const struct yaml_node *load = list != NULL ? list->items[i] : node;

        if (list != NULL && load->kind == YAML_KIND_MAPPING &&
            !yaml_check_keys(load, known_load, error)) {
            return false;
        }
        item->nr_loads++;
        if (!read_load(s, load, &item->loads[i], error)) {
            return false;
        }
    }
    item->name = loads_name(item);
    return true;
}
