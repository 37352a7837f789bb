/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of a trace's commands: read, written, and merged from an overlay file. */
#include <string.h>

#include "base/error.h"
#include "format/trace/yaml.h"
#include "format/workload-private.h"

enum { OVERLAY_SCHEMA_VERSION = 1, MLP_MAX_PPM = 1000 * 1000000 };

#define ROW(s, member, k, t, ...)                                                                  \
    {                                                                                              \
        .key = (k), .type = YAML_TYPE_##t, .offset = offsetof(struct s, member), __VA_ARGS__       \
    }

struct memory_spec {
    const struct yaml_node *regions, *misses, *source;
    int64_t mlp_ppm;
};

static const struct yaml_field memory_fields[] = {
    ROW(memory_spec, regions, "regions", MAP, .required = true, .help = "by name"),
    ROW(memory_spec, misses, "misses", MAP, .required = true,
        .help = "LLC misses by region, per CPU time at full speed (90/ms)"),
    ROW(memory_spec, mlp_ppm, "mlp", INT, .unit = UNIT_PPM, .min = 1000000, .max = MLP_MAX_PPM,
        .help = "misses in flight at once; default 1"),
    ROW(memory_spec, source, "source", NODE, .help = "where the numbers come from"),
    {.key = NULL},
};

static bool read_regions(const struct yaml_node *map, struct trace_memory *m, GError **error)
{
    if (map->nr_items == 0) {
        return yaml_error(map, error, "'regions' is empty; expected at least one region");
    }
    return workload_read_regions(map, &m->regions, &m->nr_regions, error);
}

static bool read_misses(const struct yaml_node *map, struct trace_memory *m, GError **error)
{
    g_autofree const char **names = g_new0(const char *, (gsize)m->nr_regions + 1);

    for (int32_t i = 0; i < m->nr_regions; i++) {
        names[i] = m->regions[i].name;
    }
    m->mix.entries = g_new0(struct access_entry, map->nr_items + 1);
    m->mix.nr_entries = (int32_t)map->nr_items;
    for (uint32_t i = 0; i < map->nr_items; i++) {
        const struct yaml_node *node = map->items[i];
        struct access_entry *e = &m->mix.entries[i];

        while (e->region < m->nr_regions && strcmp(names[e->region], node->key->text) != 0) {
            e->region++;
        }
        if (e->region == m->nr_regions) {
            return yaml_error_unknown(node->key, "region", names, error);
        }
        /* At most one miss each picosecond of work: far beyond any machine. */
        if (!yaml_quantity(node, UNIT_PER_S, 0, INT64_C(1000000000000000), &e->per_s_milli,
                           error)) {
            return false;
        }
    }
    return true;
}

static bool read_command(const struct yaml_node *node, bool need_source, struct trace_memory *m,
                         GError **error)
{
    struct memory_spec spec = {.mlp_ppm = 1000000};
    const char *source = NULL;

    if (strlen(node->key->text) < 1 || strlen(node->key->text) > TRACE_COMM_MAX) {
        return yaml_error(node->key, error, "'%s' is no command; expected a comm of 1 to %d bytes",
                          node->key->text, TRACE_COMM_MAX);
    }
    m->comm = g_strdup(node->key->text);
    if (!yaml_read_fields(node, memory_fields, &spec, error) ||
        (spec.source != NULL && !yaml_string(spec.source, &source, error))) {
        return false;
    }
    if (need_source && (source == NULL || *source == '\0')) {
        return yaml_error(node, error, "'%s' has no 'source'; expected where its numbers come from",
                          node->key->text);
    }
    m->mix.mlp_ppm = (int32_t)spec.mlp_ppm;
    return read_regions(spec.regions, m, error) && read_misses(spec.misses, m, error);
}

void trace_memory_free(struct trace_memory *memory, int32_t nr)
{
    for (int32_t i = 0; i < nr; i++) {
        workload_regions_free(memory[i].regions, memory[i].nr_regions);
        g_free(memory[i].comm);
        g_free(memory[i].mix.entries);
    }
    g_free(memory);
}

bool trace_memory_read(const struct yaml_node *map, bool need_source,
                       struct trace_memory **ret_memory, int32_t *ret_nr, GError **error)
{
    struct trace_memory *memory = g_new0(struct trace_memory, map->nr_items + 1);

    for (uint32_t i = 0; i < map->nr_items; i++) {
        if (!read_command(map->items[i], need_source, &memory[i], error)) {
            trace_memory_free(memory, (int32_t)i + 1);
            return false;
        }
    }
    *ret_memory = memory;
    *ret_nr = (int32_t)map->nr_items;
    return true;
}

void trace_memory_write(GString *yaml, const struct trace_memory *m)
{
    g_autofree char *mlp = units_format(m->mix.mlp_ppm, UNIT_PPM);

    g_string_append(yaml, "    ");
    trace_write_quoted(yaml, m->comm);
    g_string_append(yaml, ":\n      regions:\n");
    for (int32_t i = 0; i < m->nr_regions; i++) {
        const struct workload_region *r = &m->regions[i];
        g_autofree char *size = units_format(r->size_bytes, UNIT_BYTES);
        g_autofree char *warm = units_format(r->working_set_bytes, UNIT_BYTES);

        g_string_append_printf(yaml,
                               "        %s: {size: %s, page: %s, pattern: %s, touch: %s, "
                               "shared: %s, working-set: %s}\n",
                               r->name, size, workload_page_words[r->page],
                               workload_pattern_words[r->pattern], workload_touch_words[r->touch],
                               r->shared ? "true" : "false", warm);
    }
    g_string_append(yaml, "      misses: {");
    for (int32_t i = 0; i < m->mix.nr_entries; i++) {
        const struct access_entry *e = &m->mix.entries[i];
        g_autofree char *rate = units_format(e->per_s_milli, UNIT_PER_S);

        g_string_append_printf(yaml, "%s%s: %s", i > 0 ? ", " : "", m->regions[e->region].name,
                               rate);
    }
    g_string_append_printf(yaml, "}\n      mlp: %s\n", mlp);
}

/* ------------------------------------------------------------------------------------------- */
/* Overlay files                                                                               */

struct overlay_root {
    char *description;
    const struct yaml_node *commands;
};

static const struct yaml_field overlay_fields[] = {
    ROW(overlay_root, description, "description", STRING, .help = "for people"),
    ROW(overlay_root, commands, "commands", MAP, .required = true, .help = "memory by comm"),
    {.key = NULL},
};

static struct trace_overlay *read_overlay(const struct yaml_doc *doc, GError **error)
{
    g_autoptr(trace_overlay_t) overlay = g_new0(struct trace_overlay, 1);
    struct overlay_root root = {0};
    bool ok = yaml_check_schema(doc, "overlay", OVERLAY_SCHEMA_VERSION, NULL, error) &&
              yaml_read_fields(yaml_doc_root(doc), overlay_fields, &root, error) &&
              trace_memory_read(root.commands, true, &overlay->memory, &overlay->nr_memory, error);

    g_free(root.description);
    if (!ok) {
        return NULL;
    }
    overlay->path = g_strdup(yaml_doc_name(doc));
    overlay->sources = g_strdupv((char **)(void *)(uintptr_t)yaml_doc_sources(doc));
    return g_steal_pointer(&overlay);
}

struct trace_overlay *trace_overlay_read(const char *path, GError **error)
{
    g_autoptr(yaml_doc_t) doc = yaml_load(path, error);

    return doc != NULL ? read_overlay(doc, error) : NULL;
}

struct trace_overlay *trace_overlay_read_buffer(const char *name, const char *bytes, size_t size,
                                                GError **error)
{
    g_autoptr(yaml_doc_t) doc = yaml_load_buffer(name, bytes, size, error);

    return doc != NULL ? read_overlay(doc, error) : NULL;
}

void trace_overlay_free(struct trace_overlay *overlay)
{
    if (overlay == NULL) {
        return;
    }
    trace_memory_free(overlay->memory, overlay->nr_memory);
    g_strfreev(overlay->sources);
    g_free(overlay->path);
    g_free(overlay);
}

/* The commands of the trace, once each as they come; NULL-terminated, borrowed. */
static const char **trace_comms(const struct workload_trace *trace)
{
    GPtrArray *comms = g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (int32_t i = 0; i < trace->nr_tasks; i++) {
        if (g_hash_table_add(seen, trace->tasks[i].comm)) {
            g_ptr_array_add(comms, trace->tasks[i].comm);
        }
    }
    g_ptr_array_add(comms, NULL);
    return (const char **)g_ptr_array_free(comms, FALSE);
}

static bool check_commands(const struct trace_overlay *overlay, const struct workload_trace *trace,
                           GError **error)
{
    g_autofree const char **comms = trace_comms(trace);

    for (int32_t i = 0; i < overlay->nr_memory; i++) {
        const char *comm = overlay->memory[i].comm;
        const char *nearest;

        if (g_strv_contains((const gchar *const *)comms, comm)) {
            continue;
        }
        nearest = error_nearest(comm, comms);
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: command '%s' is not in the trace%s%s%s", overlay->path, comm,
                    nearest != NULL ? " (did you mean '" : "; expected one that is",
                    nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "");
        return false;
    }
    return true;
}

bool trace_overlay_apply(struct trace_overlay *overlay, struct workload *w, GError **error)
{
    guint had = w->sources != NULL ? g_strv_length(w->sources) : 0;
    guint more = g_strv_length(overlay->sources);

    if (!check_commands(overlay, w->trace, error)) {
        return false;
    }
    w->sources = g_renew(char *, w->sources, had + more + 1);
    for (guint i = 0; i < more; i++) {
        w->sources[had + i] = g_strdup_printf("memory: %s", overlay->sources[i]);
    }
    w->sources[had + more] = NULL;
    trace_memory_free(w->trace->memory, w->trace->nr_memory);
    w->trace->memory = g_steal_pointer(&overlay->memory);
    w->trace->nr_memory = overlay->nr_memory;
    overlay->nr_memory = 0;
    return true;
}
