/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an hwloc topology says beside its objects: infos, distances, memory attributes, CPU kinds. */
#include "format/facts/hwloc-private.h"

#include <hwloc/distances.h>
#include <hwloc/memattrs.h>
#include <string.h>
#if HWLOC_API_VERSION >= 0x00020400
#include <hwloc/cpukinds.h>
#endif

enum { MAX_INITIATORS = 4096, MAX_MATRICES = 64 };

const char *facts_hwloc_info(hwloc_topology_t topology, const char *name)
{
    hwloc_obj_t package = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0);
    const char *value = package != NULL ? hwloc_obj_get_info_by_name(package, name) : NULL;

    return value != NULL ? value : hwloc_obj_get_info_by_name(hwloc_get_root_obj(topology), name);
}

/* The info without white space around, or NULL if there is none or it says nothing. */
static char *take_info(hwloc_topology_t topology, const char *name)
{
    const char *value = facts_hwloc_info(topology, name);
    char *text = value != NULL ? g_strstrip(g_strdup(value)) : NULL;

    if (text != NULL && text[0] == '\0') {
        g_clear_pointer(&text, g_free);
    }
    return text;
}

/* As `uname -m` says; by the CPU's name where nobody wrote that down. */
static void take_arch(hwloc_topology_t topology, struct facts *f)
{
    static const struct {
        const char *prefix;
        int32_t arch;
    } models[] = {{"AMD ", ARCH_X86_64},
                  {"Intel(R) ", ARCH_X86_64},
                  {"POWER", ARCH_PPC64},
                  {"Dual-Core Intel(R) Itanium", ARCH_IA64}};
    g_autofree char *arch = take_info(topology, "Architecture");
    const char *vendor = facts_vendor_name(f->vendor);

    facts_take_arch(f, arch);
    for (guint i = 0; f->arch < 0 && f->model != NULL && i < G_N_ELEMENTS(models); i++) {
        if (g_str_has_prefix(f->model, models[i].prefix)) {
            f->arch = models[i].arch;
        }
    }
    if (f->arch < 0 && (g_strcmp0(vendor, "AMD") == 0 || g_strcmp0(vendor, "Hygon") == 0)) {
        f->arch = ARCH_X86_64;
    }
}

void facts_hwloc_infos(hwloc_topology_t topology, struct facts *f)
{
    g_autofree char *family = take_info(topology, "CPUFamilyNumber");
    g_autofree char *maker = take_info(topology, "DMISysVendor");
    g_autofree char *product = take_info(topology, "DMIProductName");

    f->name = take_info(topology, "HostName");
    f->vendor = take_info(topology, "CPUVendor");
    f->model = take_info(topology, "CPUModel");
    product = product != NULL ? product : take_info(topology, "PlatformModel");
    if (product != NULL) {
        f->description =
            maker != NULL ? g_strdup_printf("%s %s", maker, product) : g_strdup(product);
    }
    take_arch(topology, f);
    if (family != NULL && f->arch == ARCH_X86_64) {
        f->cpu_family = (int32_t)MIN(g_ascii_strtoull(family, NULL, 10), 1 << 16);
    }
}

/* How well a matrix fits the SLIT: by name, by what hwloc says of it, by its diagonal of 10. */
static int suitability(hwloc_topology_t topology, struct hwloc_distances_s *matrix)
{
    const char *name = hwloc_distances_get_name(topology, matrix);
    int score = 1;

    if (matrix->nbobjs == 0 || (matrix->kind & HWLOC_DISTANCES_KIND_MEANS_BANDWIDTH) != 0 ||
        (name != NULL && strcmp(name, "NUMALatency") != 0)) {
        return 0;
    }
    for (unsigned i = 0; i < matrix->nbobjs; i++) {
        if (matrix->objs[i] == NULL || matrix->objs[i]->type != HWLOC_OBJ_NUMANODE) {
            return 0;
        }
    }
    score += name != NULL ? 4 : 0;
    score += matrix->values[0] == MACHINE_LOCAL_DISTANCE ? 2 : 0;
    return score + ((matrix->kind & HWLOC_DISTANCES_KIND_FROM_OS) != 0);
}

static void take_distances(struct facts *f, const struct hwloc_distances_s *matrix)
{
    for (unsigned i = 0; i < matrix->nbobjs; i++) {
        for (unsigned j = 0; j < matrix->nbobjs; j++) {
            const uint64_t value = matrix->values[i * matrix->nbobjs + j];

            facts_pair_set(f, FACTS_DISTANCE, (int32_t)matrix->objs[i]->os_index,
                           (int32_t)matrix->objs[j]->os_index, (int64_t)MIN(value, INT32_MAX));
        }
    }
    facts_state(f, MACHINE_DISTANCES, f->source);
}

void facts_hwloc_distances(hwloc_topology_t topology, struct facts *f)
{
    struct hwloc_distances_s *matrices[MAX_MATRICES], *best = NULL;
    unsigned nr = MAX_MATRICES;
    int best_score = 0;

    if (hwloc_distances_get_by_type(topology, HWLOC_OBJ_NUMANODE, &nr, matrices, 0, 0) < 0) {
        return;
    }
    nr = MIN(nr, MAX_MATRICES);
    for (unsigned i = 0; i < nr; i++) {
        const int score = suitability(topology, matrices[i]);

        if (score > best_score) {
            best = matrices[i];
            best_score = score;
        }
    }
    if (best != NULL) {
        take_distances(f, best);
    }
    for (unsigned i = 0; i < nr; i++) {
        hwloc_distances_release(topology, matrices[i]);
    }
}

/* The CPUs of every node, for what is said of sets of CPUs. */
static hwloc_bitmap_t *node_cpus(const struct facts *f)
{
    hwloc_bitmap_t *sets = g_new0(hwloc_bitmap_t, FACTS_MAX_NODE_ID);

    for (guint i = 0; i < f->cpus->len; i++) {
        const struct facts_cpu *cpu = &g_array_index(f->cpus, struct facts_cpu, i);
        const int32_t node = cpu->group[FACTS_NODE];

        if (node >= 0 && !cpu->offline) {
            sets[node] = sets[node] != NULL ? sets[node] : hwloc_bitmap_alloc();
            hwloc_bitmap_set(sets[node], (unsigned)cpu->id);
        }
    }
    return sets;
}

struct attribute {
    struct hwloc_location *initiators; /* [MAX_INITIATORS] */
    hwloc_uint64_t *values;
    unsigned nr;
};

/*
 * The value that is said to hold for all of @cpus, or else for some of them; of several the one
 * said for the fewest CPUs. 0: nobody says.
 */
static uint64_t value_from(const struct attribute *a, hwloc_const_bitmap_t cpus)
{
    uint64_t value = 0;
    int best = -1;
    bool best_whole = false;

    for (unsigned i = 0; i < a->nr; i++) {
        hwloc_const_bitmap_t set;
        bool whole;
        int weight;

        if (a->initiators[i].type != HWLOC_LOCATION_TYPE_CPUSET) {
            continue;
        }
        set = a->initiators[i].location.cpuset;
        whole = hwloc_bitmap_isincluded(cpus, set);
        weight = hwloc_bitmap_weight(set);
        if (!hwloc_bitmap_intersects(cpus, set) || (best_whole && !whole)) {
            continue;
        }
        if (best < 0 || (whole && !best_whole) || weight < best) {
            value = a->values[i];
            best = weight;
            best_whole = whole;
        }
    }
    return value;
}

/* The initiators of attribute @name at @node; none if there is no such attribute. */
static void get_attribute(hwloc_topology_t topology, const char *name, hwloc_obj_t node,
                          struct attribute *a)
{
    hwloc_memattr_id_t id;

    a->nr = MAX_INITIATORS;
    if (hwloc_memattr_get_by_name(topology, name, &id) < 0 ||
        hwloc_memattr_get_initiators(topology, id, node, 0, &a->nr, a->initiators, a->values) < 0) {
        a->nr = 0;
    }
    a->nr = MIN(a->nr, MAX_INITIATORS);
}

/* hwloc counts bandwidths in MiB/s and latencies in ns (hwloc/memattrs.h). */
static int64_t in_bytes_per_s(uint64_t mib_per_s)
{
    return (int64_t)(MIN(mib_per_s, (uint64_t)INT64_MAX >> 20) << 20);
}

/* The best that any CPUs see of @node's own memory, in bytes/s. */
static int64_t best_bandwidth(const struct attribute *a)
{
    uint64_t best = 0;

    for (unsigned i = 0; i < a->nr; i++) {
        best = MAX(best, a->values[i]);
    }
    return in_bytes_per_s(best);
}

/* The least latency that any CPUs see of @node's own memory, in ns; 0 if none is stated. */
static int64_t best_latency(const struct attribute *a)
{
    uint64_t best = 0;

    for (unsigned i = 0; i < a->nr; i++) {
        best = best == 0 ? a->values[i] : MIN(best, a->values[i]);
    }
    return (int64_t)MIN(best, INT64_MAX);
}

static void add_pair(struct facts *f, enum facts_pair pair, hwloc_obj_t target,
                     const struct attribute *a, const hwloc_bitmap_t *cpus)
{
    const bool bandwidth = pair == FACTS_BANDWIDTH_BYTES_PER_S;

    for (int32_t node = 0; node < FACTS_MAX_NODE_ID; node++) {
        const uint64_t value = cpus[node] != NULL ? value_from(a, cpus[node]) : 0;

        if (value > 0) {
            facts_pair_set(f, pair, node, (int32_t)target->os_index,
                           bandwidth ? in_bytes_per_s(value) : (int64_t)MIN(value, INT64_MAX));
            facts_state(f, bandwidth ? MACHINE_BANDWIDTH : MACHINE_LATENCY, f->source);
        }
    }
}

void facts_hwloc_memory_attributes(hwloc_topology_t topology, struct facts *f)
{
    g_autofree hwloc_bitmap_t *cpus = node_cpus(f);
    g_autofree struct hwloc_location *initiators = g_new0(struct hwloc_location, MAX_INITIATORS);
    g_autofree hwloc_uint64_t *values = g_new0(hwloc_uint64_t, MAX_INITIATORS);
    struct attribute a = {initiators, values, 0};

    for (hwloc_obj_t node = NULL;
         (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != NULL;) {
        struct facts_node *facts = facts_node(f, (int32_t)node->os_index);
        struct machine_coordinates best = {0};

        /* What reads see is what a load waits for; a general value is the next best. */
        get_attribute(topology, "Latency", node, &a);
        add_pair(f, FACTS_LATENCY_NS, node, &a, cpus);
        get_attribute(topology, "WriteLatency", node, &a);
        best.write_latency_ns = best_latency(&a);
        get_attribute(topology, "ReadLatency", node, &a);
        best.read_latency_ns = best_latency(&a);
        add_pair(f, FACTS_LATENCY_NS, node, &a, cpus);
        get_attribute(topology, "ReadBandwidth", node, &a);
        facts->read_bandwidth_bytes_per_s = best_bandwidth(&a);
        get_attribute(topology, "WriteBandwidth", node, &a);
        facts->write_bandwidth_bytes_per_s = best_bandwidth(&a);
        best.read_bandwidth_bytes_per_s = facts->read_bandwidth_bytes_per_s;
        best.write_bandwidth_bytes_per_s = facts->write_bandwidth_bytes_per_s;
        if (best.read_latency_ns > 0 && best.write_latency_ns > 0 &&
            best.read_bandwidth_bytes_per_s > 0 && best.write_bandwidth_bytes_per_s > 0) {
            facts->hmat = best;
        }
        get_attribute(topology, "Bandwidth", node, &a);
        add_pair(f, FACTS_BANDWIDTH_BYTES_PER_S, node, &a, cpus);
    }
    for (int32_t node = 0; node < FACTS_MAX_NODE_ID; node++) {
        hwloc_bitmap_free(cpus[node]);
    }
}

#if HWLOC_API_VERSION >= 0x00020400
struct kind {
    int64_t capacity, max_hz, base_hz;
    const char *core_type; /* borrowed, or NULL */
    int efficiency;
};

static int64_t number_info(const char *value, int64_t max)
{
    guint64 number = 0;

    return g_ascii_string_to_unsigned(value, 10, 0, (guint64)max, &number, NULL) ? (int64_t)number
                                                                                 : 0;
}

static void read_kind(hwloc_topology_t topology, unsigned index, hwloc_bitmap_t cpus,
                      struct kind *kind)
{
    static const int64_t mega = 1000000;
    struct hwloc_info_s *infos = NULL;
    unsigned nr = 0;

    *kind = (struct kind){.efficiency = -1};
    hwloc_cpukinds_get_info(topology, index, cpus, &kind->efficiency, &nr, &infos, 0);
    for (unsigned i = 0; i < nr; i++) {
        const char *name = infos[i].name, *value = infos[i].value;

        if (strcmp(name, "LinuxCapacity") == 0) {
            kind->capacity = number_info(value, 1024);
        } else if (strcmp(name, "FrequencyMaxMHz") == 0) {
            kind->max_hz = number_info(value, 1000000) * mega;
        } else if (strcmp(name, "FrequencyBaseMHz") == 0) {
            kind->base_hz = number_info(value, 1000000) * mega;
        } else if (strcmp(name, "CoreType") == 0) {
            kind->core_type = value;
        }
    }
}

static void apply_kind(struct facts *f, hwloc_const_bitmap_t cpus, const struct kind *kind,
                       bool ranked)
{
    for (int id = hwloc_bitmap_first(cpus); id >= 0; id = hwloc_bitmap_next(cpus, id)) {
        struct facts_cpu *cpu = facts_find_cpu(f, id);

        if (cpu == NULL) {
            continue;
        }
        cpu->capacity = (int32_t)kind->capacity;
        cpu->max_hz = kind->max_hz;
        cpu->base_hz = kind->base_hz;
        if (ranked && kind->efficiency >= 0) {
            cpu->priority = kind->efficiency + 1;
        }
    }
    if (kind->max_hz > 0 || kind->base_hz > 0) {
        facts_state(f, MACHINE_FREQUENCY, f->source);
    }
}

/*
 * An x86 is hybrid if its kinds are of different core types, or if that is not said, at different
 * base frequencies: turbo differs among the cores of one type, too.
 */
static bool differ(const struct kind *a, const struct kind *b)
{
    if (a->core_type != NULL && b->core_type != NULL) {
        return strcmp(a->core_type, b->core_type) != 0;
    }
    return a->base_hz > 0 && b->base_hz > 0 && a->base_hz != b->base_hz;
}

void facts_hwloc_cpu_kinds(hwloc_topology_t topology, struct facts *f)
{
    const int nr = hwloc_cpukinds_get_nr(topology, 0);
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    struct kind first, kind;

    for (int i = 0; i < nr; i++) {
        read_kind(topology, (unsigned)i, cpus, &kind);
        first = i == 0 ? kind : first;
        if (f->arch == ARCH_X86_64) {
            f->hybrid = f->hybrid == 1 || differ(&first, &kind);
        }
    }
    for (int i = 0; i < nr; i++) {
        read_kind(topology, (unsigned)i, cpus, &kind);
        apply_kind(f, cpus, &kind, nr > 1 && f->hybrid == 1);
    }
    hwloc_bitmap_free(cpus);
}
#else
void facts_hwloc_cpu_kinds(hwloc_topology_t topology, struct facts *f)
{
    (void)topology;
    (void)f;
}
#endif
