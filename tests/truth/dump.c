/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dump.h"

#include <gio/gio.h>
#include <string.h>

#include "base/bitmap.h"

JsonParser *dump_load(const char *path)
{
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GError) error = NULL;
    g_autoptr(GInputStream) stream = NULL;
    JsonParser *parser = json_parser_new();

    stream = G_INPUT_STREAM(g_file_read(file, NULL, &error));
    g_assert_no_error(error);
    if (g_str_has_suffix(path, ".gz")) {
        g_autoptr(GZlibDecompressor) zlib = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
        GInputStream *inflated = g_converter_input_stream_new(stream, G_CONVERTER(zlib));

        g_object_unref(stream);
        stream = inflated;
    }
    json_parser_load_from_stream(parser, stream, NULL, &error);
    g_assert_no_error(error);
    return parser;
}

/* The text after @key in the boot options, or NULL. */
static char *boot_option(JsonObject *spec, const char *key)
{
    g_auto(GStrv) words = NULL;
    guint i;

    if (!json_object_has_member(spec, "append")) {
        return NULL;
    }
    words = g_strsplit(json_object_get_string_member(spec, "append"), " ", -1);
    for (i = 0; words[i]; i++) {
        if (g_str_has_prefix(words[i], key) && words[i][strlen(key)] == '=') {
            return g_strdup(words[i] + strlen(key) + 1);
        }
    }
    return NULL;
}

static void read_list(const char *text, uint64_t *map, int32_t nr_cpus)
{
    g_autoptr(GError) error = NULL;

    bitmap_parse_list(text, map, (uint32_t)nr_cpus, &error);
    g_assert_no_error(error);
}

static uint32_t list_first(const char *text, int32_t nr_cpus)
{
    g_autofree uint64_t *map = bitmap_new((uint32_t)nr_cpus);

    read_list(text, map, nr_cpus);
    return bitmap_next(map, (uint32_t)nr_cpus, 0);
}

/* One of the ways in which CPUs are grouped: where the dump says it and how the spec counts it. */
struct grouping {
    const char *member; /* of a CPU: a cpulist, or an object with a cpulist "cpus" */
    int32_t size;       /* CPUs in each by the emulator's numbering */
    size_t field;       /* of struct machine_cpu */
    int32_t *nr;
};

static const char *grouping_list(JsonObject *cpu, const char *member)
{
    JsonNode *node = json_object_get_member(cpu, member);

    if (node && JSON_NODE_HOLDS_OBJECT(node)) {
        return json_object_get_string_member(json_node_get_object(node), "cpus");
    }
    return json_node_get_string(node);
}

/*
 * Numbers the groups by their first CPU. An offline CPU says nothing of itself: it belongs with
 * an online one that the emulator numbers into the same unit, or else to a unit of its own.
 */
static void group_cpus(struct machine *m, JsonObject *cpus, const struct grouping *g)
{
    g_autofree int32_t *label = g_new(int32_t, (gsize)m->nr_cpus);
    g_autofree int32_t *index = g_new(int32_t, (gsize)m->nr_cpus);
    int32_t cpu, i;

    for (cpu = 0; cpu < m->nr_cpus; cpu++) {
        g_autofree char *name = g_strdup_printf("%d", cpu);

        label[cpu] = -1;
        if (json_object_has_member(cpus, name)) {
            label[cpu] = (int32_t)list_first(
                grouping_list(json_object_get_object_member(cpus, name), g->member), m->nr_cpus);
        }
    }
    for (cpu = 0; cpu < m->nr_cpus; cpu++) {
        const int32_t unit = cpu - cpu % g->size;

        for (i = unit; label[cpu] < 0 && i < unit + g->size; i++) {
            label[cpu] = label[i];
        }
        label[cpu] = label[cpu] < 0 ? unit : label[cpu];
    }
    *g->nr = 0;
    for (cpu = 0; cpu < m->nr_cpus; cpu++) {
        index[cpu] = -1;
    }
    for (cpu = 0; cpu < m->nr_cpus; cpu++) {
        if (index[label[cpu]] < 0) {
            index[label[cpu]] = (*g->nr)++;
        }
        *(int32_t *)(void *)((char *)&m->cpus[cpu] + g->field) = index[label[cpu]];
    }
}

static void read_hardware(struct machine *m, JsonObject *dump)
{
    JsonObject *spec = json_object_get_object_member(dump, "spec");
    JsonObject *cpus = json_object_get_object_member(dump, "cpus");
    const int32_t threads = (int32_t)json_object_get_int_member(spec, "threads");
    const int32_t die = threads * (int32_t)json_object_get_int_member(spec, "cores");
    const int32_t package = die * (int32_t)json_object_get_int_member(spec, "dies");
    const struct grouping groupings[] = {
        {"core_cpus_list", threads, offsetof(struct machine_cpu, core), &m->nr_cores},
        {"cluster_cpus_list", threads, offsetof(struct machine_cpu, cluster), &m->nr_clusters},
        {"L2", threads, offsetof(struct machine_cpu, l2), &m->nr_l2s},
        {"L3", die, offsetof(struct machine_cpu, llc), &m->nr_llcs},
        {"die_cpus_list", die, offsetof(struct machine_cpu, die), &m->nr_dies},
        {"package_cpus_list", package, offsetof(struct machine_cpu, package), &m->nr_packages},
    };
    int32_t cpu;
    guint i;

    m->nr_cpus = package * (int32_t)json_object_get_int_member(spec, "sockets");
    m->cpus = g_new0(struct machine_cpu, (gsize)m->nr_cpus);
    for (cpu = 0; cpu < m->nr_cpus; cpu++) {
        g_autofree char *name = g_strdup_printf("%d", cpu);

        m->cpus[cpu].os_id = cpu;
        m->cpus[cpu].capacity = 1024;
        if (json_object_has_member(cpus, name)) {
            m->cpus[cpu].capacity = (int32_t)json_object_get_int_member(
                json_object_get_object_member(cpus, name), "cpu_capacity");
        }
    }
    for (i = 0; i < G_N_ELEMENTS(groupings); i++) {
        group_cpus(m, cpus, &groupings[i]);
    }
    m->llcs = g_new0(struct machine_llc, (gsize)m->nr_llcs);
}

/* spec_nodes and the distances asked for; without them, or with numa=off, one node. */
static void read_nodes(struct machine *m, JsonObject *dump, bool numa_off)
{
    JsonObject *spec = json_object_get_object_member(dump, "spec");
    JsonNode *asked = json_object_get_member(dump, "spec_nodes");
    JsonArray *nodes = JSON_NODE_HOLDS_ARRAY(asked) ? json_node_get_array(asked) : NULL;
    const bool numa = !numa_off && nodes && json_array_get_length(nodes) > 0;
    g_autofree uint64_t *map = bitmap_new((uint32_t)m->nr_cpus);
    int32_t i, j, n;
    uint32_t cpu;

    m->nr_nodes = n = numa ? (int32_t)json_array_get_length(nodes) : 1;
    m->nodes = g_new0(struct machine_node, (gsize)n);
    m->distances = g_new0(int32_t, (gsize)(n * n));
    m->latency_ns = g_new0(int64_t, (gsize)(n * n));
    m->bandwidth_bytes_per_s = g_new0(int64_t, (gsize)(n * n));
    for (i = 0; i < n; i++) {
        JsonObject *node = numa ? json_array_get_object_element(nodes, (guint)i) : spec;
        JsonArray *row;

        m->nodes[i] = (struct machine_node){.os_id = i, .tier = TIER_DRAM, .package = -1};
        m->nodes[i].memory_bytes =
            json_object_get_int_member_with_default(node, "mem_mb", 512) * (1 << 20);
        m->distances[i * n + i] = MACHINE_LOCAL_DISTANCE;
        m->latency_ns[i * n + i] = 100;
        if (!numa) {
            return;
        }
        read_list(json_object_get_string_member(node, "cpus"), map, m->nr_cpus);
        for (cpu = 0; cpu < (uint32_t)m->nr_cpus; cpu++) {
            m->cpus[cpu].node = bitmap_test(map, cpu) ? i : m->cpus[cpu].node;
        }
        row =
            json_array_get_array_element(json_object_get_array_member(spec, "distances"), (guint)i);
        for (j = 0; j < n; j++) {
            m->distances[i * n + j] = (int32_t)json_array_get_int_element(row, (guint)j);
            m->latency_ns[i * n + j] = 10 * m->distances[i * n + j];
        }
    }
}

struct machine *dump_machine(JsonObject *dump, struct dump_boot *ret_boot)
{
    struct machine *m = machine_new();
    JsonObject *spec = json_object_get_object_member(dump, "spec");
    g_autofree char *numa = boot_option(spec, "numa");
    g_autofree char *isolated = boot_option(spec, "isolcpus");
    g_autofree char *offline = boot_option(spec, "offline");
    g_autofree char *relax = boot_option(spec, "relax_domain_level");
    g_autoptr(GError) error = NULL;

    g_free(m->name);
    m->name = g_strdup(json_object_get_string_member(dump, "name"));
    m->arch = ARCH_X86_64;
    read_hardware(m, dump);
    read_nodes(m, dump, g_strcmp0(numa, "off") == 0);
    g_free(m->offline);
    g_free(m->isolated);
    m->offline = bitmap_new((uint32_t)m->nr_cpus);
    m->isolated = bitmap_new((uint32_t)m->nr_cpus);
    read_list(offline ? offline : "", m->offline, m->nr_cpus);
    read_list(isolated ? isolated : "", m->isolated, m->nr_cpus);
    m->online_all = !offline;
    /* arch/x86/kernel/cpu/amd.c sets 32 on Zen; every other model keeps RECLAIM_DISTANCE. */
    if (g_str_has_prefix(json_object_get_string_member(spec, "cpu_model"), "EPYC")) {
        m->reclaim_distance = 32;
    }
    machine_finish(m, &error);
    g_assert_no_error(error);
    ret_boot->numa_off = g_strcmp0(numa, "off") == 0;
    ret_boot->relax_domain_level = relax ? (int32_t)g_ascii_strtoll(relax, NULL, 10) : -1;
    return m;
}
