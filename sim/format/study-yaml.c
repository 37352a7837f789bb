/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Study files: the root and the matrix. */
#include "format/study-yaml.h"

#include <string.h>

#include "base/error.h"
#include "format/study-private.h"

struct root_spec {
    char *question, *description, *kernel;
    int64_t duration_ns, warmup_ns;
    const struct yaml_node *sources, *seeds, *expect;
    const struct yaml_node *axes[STUDY_NR_AXES];
};

#define ROOT(key_, type_, member)                                                                  \
    .key = (key_), .type = (type_), .offset = offsetof(struct root_spec, member)

static const struct yaml_field root_fields[] = {
    {ROOT("question", YAML_TYPE_STRING, question), .required = true},
    {ROOT("description", YAML_TYPE_STRING, description)},
    {ROOT("kernel", YAML_TYPE_STRING, kernel)},
    {ROOT("sources", YAML_TYPE_LIST, sources)},
    {ROOT("topologies", YAML_TYPE_LIST, axes[STUDY_TOPOLOGY]), .required = true,
     .help = "a list of topologies"},
    {ROOT("workloads", YAML_TYPE_LIST, axes[STUDY_WORKLOAD]), .required = true,
     .help = "a list of workloads"},
    {ROOT("policies", YAML_TYPE_LIST, axes[STUDY_POLICY]), .required = true,
     .help = "a list of policy sets"},
    {ROOT("seeds", YAML_TYPE_NODE, seeds)},
    {ROOT("duration", YAML_TYPE_INT, duration_ns), .unit = UNIT_NS, .min = 1, .max = INT64_MAX / 4},
    {ROOT("warmup", YAML_TYPE_INT, warmup_ns), .unit = UNIT_NS, .max = INT64_MAX / 4},
    {ROOT("expect", YAML_TYPE_LIST, expect), .required = true, .help = "a list of expectations"},
    {.key = NULL},
};

static const char *const axis_lists[] = {"topologies", "workloads", "policies"};

/* `set: {role.param: value, role: plugin}`. */
static bool read_overrides(const struct yaml_node *map, struct study_item *item, GError **error)
{
    item->overrides = g_new0(char *, map != NULL ? map->nr_items + 1 : 1);
    if (map == NULL) {
        return true;
    }
    if (!yaml_check_kind(map, YAML_KIND_MAPPING, "'set'", error)) {
        return false;
    }
    for (uint32_t i = 0; i < map->nr_items; i++) {
        const char *text = NULL;

        if (!yaml_string(map->items[i], &text, error)) {
            return false;
        }
        item->overrides[i] = g_strdup_printf("%s=%s", map->items[i]->key->text, text);
    }
    return true;
}

/* A topology or a policy set: a name, or {name:, topology:} or {name:, policy:, set: {...}}. */
static bool read_single(const struct study *s, enum study_axis axis, const struct yaml_node *node,
                        struct study_item *item, GError **error)
{
    const char *const known[] = {"name", study_axis_name(axis), axis == STUDY_POLICY ? "set" : NULL,
                                 NULL};
    const struct yaml_node *ref = node;
    const char *text = NULL;

    if (node->kind == YAML_KIND_MAPPING) {
        if (!yaml_check_keys(node, known, error)) {
            return false;
        }
        ref = yaml_map_need(node, study_axis_name(axis), error);
    }
    if (ref == NULL || !yaml_string(ref, &text, error) ||
        (axis == STUDY_POLICY && !read_overrides(yaml_map_get(node, "set"), item, error))) {
        return false;
    }
    item->ref = study_resolve_ref(s, text);
    item->name = study_short_name(text);
    return true;
}

static bool read_item(const struct study *s, enum study_axis axis, const struct yaml_node *node,
                      struct study_item *item, GError **error)
{
    const struct yaml_node *name = yaml_map_get(node, "name");
    const char *text = NULL;

    item->mark = study_mark(node);
    if (!(axis == STUDY_WORKLOAD ? study_read_workload(s, node, item, error)
                                 : read_single(s, axis, node, item, error)) ||
        (name != NULL && !yaml_string(name, &text, error))) {
        return false;
    }
    if (text != NULL) {
        g_free(item->name);
        item->name = g_strdup(text);
    }
    for (int32_t i = 0; i + 1 < s->nr_axis[axis]; i++) {
        if (strcmp(s->axes[axis][i].name, item->name) == 0) {
            return yaml_error(name != NULL ? name : node, error,
                              "a second %s named '%s'; expected a name of its own (name: ...)",
                              study_axis_name(axis), item->name);
        }
    }
    return true;
}

static bool read_axis(struct study *s, enum study_axis axis, const struct yaml_node *list,
                      GError **error)
{
    if (list->nr_items == 0) {
        return yaml_error(list, error, "'%s' is empty; expected at least one %s", axis_lists[axis],
                          study_axis_name(axis));
    }
    if (list->nr_items > STUDY_MAX_CELLS) {
        return yaml_error(list, error, "'%s' has %u members; expected at most %d", axis_lists[axis],
                          list->nr_items, STUDY_MAX_CELLS);
    }
    s->axes[axis] = g_new0(struct study_item, list->nr_items);
    for (uint32_t i = 0; i < list->nr_items; i++) {
        s->nr_axis[axis]++;
        if (!read_item(s, axis, list->items[i], &s->axes[axis][i], error)) {
            return false;
        }
    }
    return true;
}

/* Appends N or the range N-M. */
static bool read_seed_range(const struct yaml_node *node, GArray *seeds, GError **error)
{
    const char *text = NULL;
    char *end = NULL;
    guint64 first, last;

    if (!yaml_string(node, &text, error)) {
        return false;
    }
    first = last = g_ascii_strtoull(text, &end, 10);
    if (g_ascii_isdigit(text[0]) && *end == '-' && g_ascii_isdigit(end[1])) {
        last = g_ascii_strtoull(end + 1, &end, 10);
    }
    if (!g_ascii_isdigit(text[0]) || *end != '\0' || last == G_MAXUINT64) {
        return yaml_error(node, error, "'%s' is no seed; expected a number or a range like 1-10",
                          text);
    }
    if (last < first || last - first >= STUDY_MAX_SEEDS - seeds->len) {
        return yaml_error(node, error, "'%s' is no range of seeds; expected FIRST-LAST, at most %d",
                          text, STUDY_MAX_SEEDS);
    }
    for (guint64 seed = first; seed <= last; seed++) {
        for (guint i = 0; i < seeds->len; i++) {
            if (g_array_index(seeds, uint64_t, i) == seed) {
                return yaml_error(node, error,
                                  "seed %" G_GUINT64_FORMAT " again; expected each one once", seed);
            }
        }
        g_array_append_val(seeds, seed);
    }
    return true;
}

static bool read_seeds(struct study *s, const struct yaml_node *node, GError **error)
{
    g_autoptr(GArray) seeds = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    uint64_t one = 1;

    if (node == NULL) {
        g_array_append_val(seeds, one);
    } else if (node->kind == YAML_KIND_SEQUENCE) {
        for (uint32_t i = 0; i < node->nr_items; i++) {
            if (!read_seed_range(node->items[i], seeds, error)) {
                return false;
            }
        }
        if (node->nr_items == 0) {
            return yaml_error(node, error, "'seeds' is empty; expected at least one seed");
        }
    } else if (!read_seed_range(node, seeds, error)) {
        return false;
    }
    s->nr_seeds = (int32_t)seeds->len;
    s->seeds = (uint64_t *)(void *)g_array_free(g_steal_pointer(&seeds), FALSE);
    return true;
}

static bool read_sources(struct study *s, const struct yaml_node *list, GError **error)
{
    const char *text = NULL;

    s->sources = g_new0(char *, list != NULL ? list->nr_items + 1 : 1);
    for (uint32_t i = 0; list != NULL && i < list->nr_items; i++) {
        if (!yaml_string(list->items[i], &text, error)) {
            return false;
        }
        s->sources[i] = g_strdup(text);
    }
    return true;
}

static bool check_size(const struct study *s, const struct yaml_node *root, GError **error)
{
    double runs = (double)s->nr_seeds;

    for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
        runs *= (double)s->nr_axis[axis];
    }
    if (runs > STUDY_MAX_RUNS) {
        return yaml_error(root, error, "the study has %.0f runs; expected at most %d", runs,
                          STUDY_MAX_RUNS);
    }
    if (s->duration_ns > 0 && s->warmup_ns >= s->duration_ns) {
        return yaml_error(yaml_map_get(root, "warmup"), error,
                          "'warmup' is as long as 'duration' or longer; expected it shorter");
    }
    return true;
}

static bool read_parts(struct study *s, const struct yaml_doc *doc, struct root_spec *spec,
                       GError **error)
{
    const struct yaml_node *root = yaml_doc_root(doc);

    if (!yaml_check_schema(doc, "study", STUDY_YAML_VERSION, NULL, error) ||
        !yaml_read_fields(root, root_fields, spec, error)) {
        return false;
    }
    if (g_strstrip(spec->question)[0] == '\0') {
        return yaml_error(yaml_map_get(root, "question"), error,
                          "'question' is empty; expected what the study is to answer");
    }
    s->path = g_strdup(yaml_doc_name(doc));
    s->name = study_short_name(s->path);
    s->digest = g_strdup(yaml_doc_digest(doc));
    s->question = g_steal_pointer(&spec->question);
    s->description = g_steal_pointer(&spec->description);
    s->kernel = g_steal_pointer(&spec->kernel);
    s->duration_ns = spec->duration_ns;
    s->warmup_ns = spec->warmup_ns;
    for (int axis = 0; axis < STUDY_NR_AXES; axis++) {
        if (!read_axis(s, (enum study_axis)axis, spec->axes[axis], error)) {
            return false;
        }
    }
    return read_sources(s, spec->sources, error) && read_seeds(s, spec->seeds, error) &&
           check_size(s, root, error) && study_read_expectations(s, spec->expect, error);
}

static struct study *read_doc(const struct yaml_doc *doc, GError **error)
{
    g_autoptr(study_t) s = g_new0(struct study, 1);
    struct root_spec spec = {.duration_ns = -1, .warmup_ns = -1};
    bool ok = read_parts(s, doc, &spec, error);
    GArray *checks = ok ? study_checks(s, error) : NULL;

    g_free(spec.question);
    g_free(spec.description);
    g_free(spec.kernel);
    if (checks == NULL) {
        return NULL;
    }
    study_checks_free(checks);
    return g_steal_pointer(&s);
}

struct study *study_read_yaml(const char *path, GError **error)
{
    g_autoptr(yaml_doc_t) doc = yaml_load(path, error);

    return doc != NULL ? read_doc(doc, error) : NULL;
}

struct study *study_read_yaml_buffer(const char *name, const char *bytes, size_t size,
                                     GError **error)
{
    g_autoptr(yaml_doc_t) doc = yaml_load_buffer(name, bytes, size, error);

    return doc != NULL ? read_doc(doc, error) : NULL;
}
