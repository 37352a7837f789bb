/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workload files: the root, and the order in which its parts are read. */
#include "format/workload-yaml.h"

#include <string.h>

#include "format/trace/yaml.h"
#include "format/workload-private.h"

struct root_spec {
    char *name, *description;
    int64_t duration_ns, warmup_ns, replicas;
    const struct yaml_node *sources, *objects, *cgroups, *processes, *arrivals, *admin, *trace;
};

#define ROOT_PART(member, kind)                                                                    \
    {                                                                                              \
        .key = #member, .type = kind, .offset = offsetof(struct root_spec, member)                 \
    }

static const struct yaml_field root_fields[] = {
    ROOT_PART(name, YAML_TYPE_STRING),
    ROOT_PART(description, YAML_TYPE_STRING),
    ROOT_PART(sources, YAML_TYPE_LIST),
    {.key = "duration",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct root_spec, duration_ns),
     .unit = UNIT_NS,
     .min = 1,
     .max = INT64_MAX / 4},
    {.key = "warmup",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct root_spec, warmup_ns),
     .unit = UNIT_NS,
     .max = INT64_MAX / 4},
    {.key = "replicas",
     .type = YAML_TYPE_INT,
     .offset = offsetof(struct root_spec, replicas),
     .min = 1,
     .max = WORKLOAD_MAX_COUNT},
    ROOT_PART(objects, YAML_TYPE_MAP),
    ROOT_PART(cgroups, YAML_TYPE_MAP),
    ROOT_PART(arrivals, YAML_TYPE_MAP),
    ROOT_PART(processes, YAML_TYPE_MAP),
    ROOT_PART(admin, YAML_TYPE_LIST),
    ROOT_PART(trace, YAML_TYPE_NODE),
    {.key = NULL},
};

/* The `sources:` list, then every `source:` of the document. */
static bool read_sources(struct workload *w, const struct yaml_doc *doc,
                         const struct yaml_node *list, GError **error)
{
    g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func(g_free);
    const char *text = NULL;

    for (uint32_t i = 0; list != NULL && i < list->nr_items; i++) {
        if (!yaml_string(list->items[i], &text, error)) {
            return false;
        }
        g_ptr_array_add(sources, g_strdup(text));
    }
    for (const char *const *s = yaml_doc_sources(doc); *s != NULL; s++) {
        g_ptr_array_add(sources, g_strdup(*s));
    }
    g_ptr_array_add(sources, NULL);
    w->sources = (char **)g_ptr_array_free(g_steal_pointer(&sources), FALSE);
    return true;
}

/* Takes the texts of @spec. */
static void set_head(struct workload *w, struct root_spec *spec, const struct yaml_doc *doc)
{
    w->path = g_strdup(yaml_doc_name(doc));
    w->input_digest = g_strdup(yaml_doc_digest(doc));
    w->name = g_steal_pointer(&spec->name);
    w->description = g_steal_pointer(&spec->description);
    w->duration_ns = spec->duration_ns;
    w->warmup_ns = spec->warmup_ns;
    w->replicas = (int32_t)spec->replicas;
    if (w->name == NULL) {
        w->name = g_path_get_basename(w->path);
        if (g_str_has_suffix(w->name, ".yaml")) {
            w->name[strlen(w->name) - strlen(".yaml")] = '\0';
        }
    }
}

static bool read_parts(struct workload_reader *r, const struct root_spec *spec, GError **error)
{
    return (spec->objects == NULL || workload_read_objects(r, spec->objects, error)) &&
           (spec->cgroups == NULL || workload_read_cgroups(r, spec->cgroups, error)) &&
           (spec->arrivals == NULL || workload_read_arrivals(r, spec->arrivals, error)) &&
           (spec->processes == NULL || workload_read_processes(r, spec->processes, error)) &&
           (spec->admin == NULL || workload_read_admin(r, spec->admin, error));
}

static bool read_programs(struct workload *w, const struct root_spec *spec, GError **error)
{
    struct workload_reader r = {.w = w, .thread = -1, .each = -1};
    bool ok;

    r.objects = g_array_new(FALSE, TRUE, sizeof(struct object_decl));
    r.metrics = g_ptr_array_new();
    r.cgroups = workload_keys(spec->cgroups);
    r.arrivals = workload_keys(spec->arrivals);
    r.processes = workload_keys(spec->processes);
    ok = read_parts(&r, spec, error);
    g_ptr_array_add(r.metrics, NULL);
    w->metrics = (char **)g_ptr_array_free(r.metrics, FALSE);
    g_array_unref(r.objects);
    g_free(r.cgroups);
    g_free(r.arrivals);
    g_free(r.processes);
    return ok;
}

static bool read_root(struct workload *w, const struct yaml_node *root, struct root_spec *spec,
                      GError **error)
{
    const struct yaml_doc *doc = root->doc;

    if (!yaml_read_fields(root, root_fields, spec, error)) {
        return false;
    }
    set_head(w, spec, doc);
    if ((spec->processes != NULL) == (spec->trace != NULL)) {
        return yaml_error(root, error, "the workload has %s; expected one of them",
                          spec->trace != NULL ? "both 'processes' and 'trace'"
                                              : "neither 'processes' nor 'trace'");
    }
    if (w->duration_ns > 0 && w->warmup_ns >= w->duration_ns) {
        return yaml_error(yaml_map_get(root, "warmup"), error,
                          "'warmup' is as long as 'duration' or longer; expected it shorter");
    }
    return read_sources(w, doc, spec->sources, error) && read_programs(w, spec, error) &&
           (spec->trace == NULL || workload_trace_read(spec->trace, &w->trace, error)) &&
           workload_check(w, error);
}

struct workload *workload_read_yaml_node(const struct yaml_node *map, GError **error)
{
    g_autoptr(workload_t) w = g_new0(struct workload, 1);
    struct root_spec spec = {.replicas = 1};
    bool ok = read_root(w, map, &spec, error);

    g_free(spec.name);
    g_free(spec.description);
    return ok ? g_steal_pointer(&w) : NULL;
}

static struct workload *read_doc(const struct yaml_doc *doc, GError **error)
{
    return yaml_check_schema(doc, "workload", WORKLOAD_SCHEMA_VERSION, NULL, error)
               ? workload_read_yaml_node(yaml_doc_root(doc), error)
               : NULL;
}

struct workload *workload_read_yaml(const char *path, GError **error)
{
    g_autoptr(yaml_doc_t) doc = yaml_load(path, error);

    return doc != NULL ? read_doc(doc, error) : NULL;
}

struct workload *workload_read_yaml_buffer(const char *name, const char *bytes, size_t size,
                                           GError **error)
{
    g_autoptr(yaml_doc_t) doc = yaml_load_buffer(name, bytes, size, error);

    return doc != NULL ? read_doc(doc, error) : NULL;
}
