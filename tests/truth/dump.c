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
    if (!stream) {
        g_error("%s: %s", path, error->message);
    }
    if (g_str_has_suffix(path, ".gz")) {
        g_autoptr(GZlibDecompressor) zlib = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
        GInputStream *inflated = g_converter_input_stream_new(stream, G_CONVERTER(zlib));

        g_object_unref(stream);
        stream = inflated;
    }
    if (!json_parser_load_from_stream(parser, stream, NULL, &error)) {
        g_error("%s: %s", path, error->message);
    }
    return parser;
}

static uint32_t list_first(const char *text, int32_t nr_cpus)
{
    g_autofree uint64_t *map = bitmap_new((uint32_t)nr_cpus);

    g_assert_true(dump_read_list(text, map, nr_cpus));
    return bitmap_next(map, (uint32_t)nr_cpus, 0);
}

/* One of the ways in which CPUs are grouped: where the dump says it and how the spec counts it. */
struct grouping {
    const char *member; /* of a CPU: a cpulist, or an object with a cpulist "cpus" */
    int32_t size;       /* CPUs in each by the emulator's numbering */
    size_t field;       /* of struct machine_cpu */
    int32_t *nr;
};

/* True for what AMD and Hygon make: an emulated CPU is named after its model. */
static bool is_amd(const char *model)
{
    return g_str_has_prefix(model, "EPYC") || g_str_has_prefix(model, "Opteron") ||
           g_str_has_prefix(model, "Dhyana") || g_str_has_prefix(model, "phenom") ||
           g_str_has_prefix(model, "athlon");
}

/*
 * The list that @cpu has for @member. Where there is no such cache, the kernel takes the next best:
 * smpboot.c: match_l2c() the core; the last-level cache is Intel's L2 or AMD's package.
 */
static const char *grouping_list(JsonObject *cpu, const char *member, bool amd)
{
    JsonNode *node = json_object_get_member(cpu, member);

    if (node && JSON_NODE_HOLDS_OBJECT(node)) {
        return json_object_get_string_member(json_node_get_object(node), "cpus");
    }
    if (node && JSON_NODE_HOLDS_VALUE(node)) {
        return json_node_get_string(node);
    }
    if (strcmp(member, "L3") == 0) {
        return grouping_list(cpu, amd ? "package_cpus_list" : "L2", amd);
    }
    return json_object_get_string_member(cpu, "core_cpus_list");
}

/*
 * Numbers the groups by their first CPU. An offline CPU says nothing of itself: it belongs with
 * an online one that the emulator numbers into the same unit, or else to a unit of its own.
 */
static void group_cpus(struct machine *m, JsonObject *cpus, const struct grouping *g, bool amd)
{
    g_autofree int32_t *label = g_new(int32_t, (gsize)m->nr_cpus);
    g_autofree int32_t *index = g_new(int32_t, (gsize)m->nr_cpus);
    int32_t cpu, i;

    for (cpu = 0; cpu < m->nr_cpus; cpu++) {
        g_autofree char *name = g_strdup_printf("%d", cpu);

        label[cpu] = -1;
        if (json_object_has_member(cpus, name)) {
            label[cpu] = (int32_t)list_first(
                grouping_list(json_object_get_object_member(cpus, name), g->member, amd),
                m->nr_cpus);
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

/* sockets, dies, cores or threads: how many the next larger has; one where nothing is said. */
static int32_t spec_count(JsonObject *spec, const char *member)
{
    return (int32_t)json_object_get_int_member_with_default(spec, member, 1);
}

static void read_hardware(struct machine *m, JsonObject *dump)
{
    JsonObject *spec = json_object_get_object_member(dump, "spec");
    JsonObject *cpus = json_object_get_object_member(dump, "cpus");
    const bool amd = is_amd(json_object_get_string_member(spec, "cpu_model"));
    const int32_t threads = spec_count(spec, "threads");
    const int32_t die = threads * spec_count(spec, "cores");
    const int32_t package = die * spec_count(spec, "dies");
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

    m->nr_cpus = package * spec_count(spec, "sockets");
    m->offline = bitmap_new((uint32_t)m->nr_cpus);
    m->cpus = g_new0(struct machine_cpu, (gsize)m->nr_cpus);
    for (cpu = 0; cpu < m->nr_cpus; cpu++) {
        g_autofree char *name = g_strdup_printf("%d", cpu);

        m->cpus[cpu].os_id = cpu;
        m->cpus[cpu].capacity = 1024;
        if (json_object_has_member(cpus, name)) {
            m->cpus[cpu].capacity = (int32_t)json_object_get_int_member(
                json_object_get_object_member(cpus, name), "cpu_capacity");
        } else {
            bitmap_set(m->offline, (uint32_t)cpu);
        }
    }
    for (i = 0; i < G_N_ELEMENTS(groupings); i++) {
        group_cpus(m, cpus, &groupings[i], amd);
    }
    m->llcs = g_new0(struct machine_llc, (gsize)m->nr_llcs);
}

/*
 * drivers/acpi/numa/srat.c numbers nodes as the SRAT names them, and the emulator's SRAT names CPUs
 * first, in their order, then memory: so nodes with CPUs come first. Which node asked for is the
 * kernel's node @i, in @order.
 */
static void kernel_order(const struct machine *m, const int32_t *asked_of, int32_t *order)
{
    g_autofree bool *seen = g_new0(bool, (gsize)m->nr_nodes);
    int32_t cpu, node, nr = 0;

    for (cpu = 0; cpu < m->nr_cpus; cpu++) {
        if (!seen[asked_of[cpu]]) {
            seen[asked_of[cpu]] = true;
            order[nr++] = asked_of[cpu];
        }
    }
    for (node = 0; node < m->nr_nodes; node++) {
        if (!seen[node]) {
            order[nr++] = node;
        }
    }
}

/* The distances asked for; NULL where none are, or where slit_valid() would refuse the table. */
static JsonArray *valid_distances(JsonObject *spec, int32_t nr_nodes)
{
    JsonNode *node = json_object_get_member(spec, "distances");
    JsonArray *rows = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    int32_t i, j;

    if (!rows || (int32_t)json_array_get_length(rows) != nr_nodes) {
        return NULL;
    }
    for (i = 0; i < nr_nodes; i++) {
        JsonArray *row = json_array_get_array_element(rows, (guint)i);

        for (j = 0; j < nr_nodes; j++) {
            const int64_t d = json_array_get_int_element(row, (guint)j);

            if (i == j ? d != MACHINE_LOCAL_DISTANCE : d <= MACHINE_LOCAL_DISTANCE) {
                return NULL;
            }
        }
    }
    return rows;
}

static void read_distances(struct machine *m, JsonArray *rows, const int32_t *order)
{
    enum { REMOTE_DISTANCE = 20 }; /* without a SLIT: include/linux/topology.h */
    const int32_t n = m->nr_nodes;
    int32_t i, j;

    for (i = 0; i < n; i++) {
        JsonArray *row = rows ? json_array_get_array_element(rows, (guint)order[i]) : NULL;

        for (j = 0; j < n; j++) {
            int32_t d = i == j ? MACHINE_LOCAL_DISTANCE : REMOTE_DISTANCE;

            m->distances[i * n + j] =
                row ? (int32_t)json_array_get_int_element(row, (guint)order[j]) : d;
            m->latency_ns[i * n + j] = 10 * m->distances[i * n + j];
        }
    }
}

/* Nodes and distances asked for; without any, or with numa=off, one node. */
static void read_nodes(struct machine *m, JsonObject *dump, bool numa_off)
{
    JsonObject *spec = json_object_get_object_member(dump, "spec");
    JsonNode *node = json_object_get_member(dump, "spec_nodes");
    JsonArray *asked = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    const bool numa = !numa_off && asked && json_array_get_length(asked) > 0;
    const int32_t n = numa ? (int32_t)json_array_get_length(asked) : 1;
    g_autofree uint64_t *map = bitmap_new((uint32_t)m->nr_cpus);
    g_autofree int32_t *asked_of = g_new0(int32_t, (gsize)m->nr_cpus);
    g_autofree int32_t *order = g_new0(int32_t, (gsize)n);
    int32_t i, cpu;

    m->nr_nodes = n;
    m->nodes = g_new0(struct machine_node, (gsize)n);
    m->distances = g_new0(int32_t, (gsize)(n * n));
    m->latency_ns = g_new0(int64_t, (gsize)(n * n));
    m->bandwidth_bytes_per_s = g_new0(int64_t, (gsize)(n * n));
    for (i = 0; numa && i < n; i++) {
        JsonObject *object = json_array_get_object_element(asked, (guint)i);

        g_assert_true(dump_read_list(json_object_get_string_member_with_default(object, "cpus", ""),
                                     map, m->nr_cpus));
        for (cpu = 0; cpu < m->nr_cpus; cpu++) {
            asked_of[cpu] = bitmap_test(map, (uint32_t)cpu) ? i : asked_of[cpu];
        }
    }
    kernel_order(m, asked_of, order);
    for (i = 0; i < n; i++) {
        JsonObject *object = numa ? json_array_get_object_element(asked, (guint)order[i]) : spec;

        m->nodes[i] = (struct machine_node){.os_id = i, .tier = TIER_DRAM, .package = -1};
        m->nodes[i].memory_bytes =
            json_object_get_int_member_with_default(object, "mem_mb", 512) * (1 << 20);
        for (cpu = 0; cpu < m->nr_cpus; cpu++) {
            m->cpus[cpu].node = asked_of[cpu] == order[i] ? i : m->cpus[cpu].node;
        }
    }
    read_distances(m, numa ? valid_distances(spec, n) : NULL, order);
}

struct machine *dump_machine(JsonObject *dump, struct dump_boot *ret_boot)
{
    struct machine *m = machine_new();
    JsonObject *spec = json_object_get_object_member(dump, "spec");
    const char *model = json_object_get_string_member(spec, "cpu_model");
    g_autoptr(GError) error = NULL;

    m->name = g_strdup(json_object_get_string_member(dump, "name"));
    m->arch = ARCH_X86_64;
    read_hardware(m, dump);
    dump_boot_init(ret_boot, json_object_get_string_member_with_default(spec, "append", ""),
                   m->nr_cpus);
    read_nodes(m, dump, ret_boot->numa_off);
    m->isolated = g_memdup2(ret_boot->isolated, BITMAP_WORDS(m->nr_cpus) * sizeof(uint64_t));
    /* arch/x86/kernel/cpu/amd.c and hygon.c: 32 on Zen; every other keeps RECLAIM_DISTANCE. */
    if (g_str_has_prefix(model, "EPYC") || g_str_has_prefix(model, "Dhyana")) {
        m->reclaim_distance = 32;
    }
    if (!machine_finish(m, &error)) {
        g_error("%s: %s", m->name, error->message);
    }
    return m;
}
