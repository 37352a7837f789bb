/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine as hwloc XML version 2, as hwloc2.dtd of hwloc 2 states it and `lstopo -i` draws it.
 * The text is written here: hwloc's own API can only make machines that its synthetic strings say.
 */
#include <hwloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/bitmap.h"
#include "base/error.h"
#include "format/facts/hwloc-private.h"
#include "format/machine/hwloc-tree.h"
#include "format/machine/write.h"
#include "machine/cpulist.h"

/* hwloc.h and private/private.h of hwloc 2: kinds of Group, flags of memory attributes. */
enum { GROUP_LINUX_CLUSTER = 222, GROUP_MEMORY = 1001 };
enum { HIGHER_FIRST = 1, LOWER_FIRST = 2, NEED_INITIATOR = 4 };
/* hwloc/distances.h: from the OS, means latency. */
enum { DISTANCES_SLIT = 5 };
enum { CACHE_UNIFIED = 0, CACHE_DATA = 1 };
enum { MEGA = 1000000, PAGE_2M = 2 << 20, PAGE_1G = 1 << 30 };

struct writing {
    const struct machine *m;
    const struct tree *tree;
    GString *text;
    int depth;
    uint64_t gp_index; /* the next */
};

static const char *const object_types[NR_TREE_KINDS] = {
    [TREE_MACHINE] = "Machine",  [TREE_PACKAGE] = "Package",
    [TREE_DIE] = "Die",          [TREE_LLC] = "L3Cache",
    [TREE_CLUSTER] = "Group",    [TREE_L2] = "L2Cache",
    [TREE_L1] = "L1Cache",       [TREE_CORE] = "Core",
    [TREE_NODE_GROUP] = "Group", [TREE_PU] = "PU"};

static void number(struct writing *w, const char *name, int64_t value)
{
    g_string_append_printf(w->text, " %s=\"%" G_GINT64_FORMAT "\"", name, value);
}

static void indent(struct writing *w)
{
    g_string_append_printf(w->text, "%*s", 2 * w->depth, "");
}

static void info(struct writing *w, const char *name, const char *value)
{
    if (value != NULL) {
        indent(w);
        g_string_append(w->text, "<info");
        facts_hwloc_attribute(w->text, "name", name);
        facts_hwloc_attribute(w->text, "value", value);
        g_string_append(w->text, "/>\n");
    }
}

static void number_info(struct writing *w, const char *name, int64_t value)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);

    info(w, name, text);
}

static void set_attribute(struct writing *w, const char *name, hwloc_const_bitmap_t set)
{
    char *text = NULL;

    if (hwloc_bitmap_asprintf(&text, set) < 0) {
        g_error("libhwloc cannot print a set");
    }
    facts_hwloc_attribute(w->text, name, text);
    free(text);
}

/* The outside's numbers of @cpus, without those in @except (or NULL). */
static hwloc_bitmap_t cpu_set(const struct machine *m, const uint64_t *cpus, const uint64_t *except)
{
    const uint32_t count = (uint32_t)m->nr_cpus;
    hwloc_bitmap_t set = hwloc_bitmap_alloc();

    for (uint32_t cpu = bitmap_next(cpus, count, 0); cpu < count;
         cpu = bitmap_next(cpus, count, cpu + 1)) {
        if (except == NULL || !bitmap_test(except, cpu)) {
            hwloc_bitmap_set(set, (unsigned)m->cpus[cpu].os_id);
        }
    }
    return set;
}

static void cpu_attribute(struct writing *w, const char *name, const uint64_t *cpus,
                          const uint64_t *except)
{
    hwloc_bitmap_t set = cpu_set(w->m, cpus, except);

    set_attribute(w, name, set);
    hwloc_bitmap_free(set);
}

static void node_attribute(struct writing *w, const char *name, const uint64_t *nodes)
{
    const uint32_t count = (uint32_t)w->m->nr_nodes;
    hwloc_bitmap_t set = hwloc_bitmap_alloc();

    for (uint32_t node = bitmap_next(nodes, count, 0); node < count;
         node = bitmap_next(nodes, count, node + 1)) {
        hwloc_bitmap_set(set, (unsigned)w->m->nodes[node].os_id);
    }
    set_attribute(w, name, set);
    hwloc_bitmap_free(set);
}

/* "<object" with what every object has. */
static void begin_object(struct writing *w, const char *type, int64_t os_index,
                         const uint64_t *cpus, const uint64_t *nodes, uint64_t gp_index)
{
    indent(w);
    g_string_append(w->text, "<object");
    facts_hwloc_attribute(w->text, "type", type);
    if (os_index >= 0) {
        number(w, "os_index", os_index);
    }
    cpu_attribute(w, "cpuset", cpus, w->m->offline);
    cpu_attribute(w, "complete_cpuset", cpus, NULL);
    node_attribute(w, "nodeset", nodes);
    node_attribute(w, "complete_nodeset", nodes);
    number(w, "gp_index", (int64_t)gp_index);
}

static void end_object(struct writing *w)
{
    w->depth--;
    indent(w);
    g_string_append(w->text, "</object>\n");
}

static void cache_attributes(struct writing *w, int64_t bytes, int depth, int type)
{
    number(w, "cache_size", bytes);
    number(w, "depth", depth);
    number(w, "cache_linesize", w->m->cache_line_bytes);
    number(w, "cache_associativity", 0);
    number(w, "cache_type", type);
}

static void page_type(struct writing *w, int64_t size, int64_t count)
{
    indent(w);
    g_string_append(w->text, "<page_type");
    number(w, "size", size);
    number(w, "count", count);
    g_string_append(w->text, "/>\n");
}

/* Nodes have the first numbers behind the machine's, so that attributes can name them. */
static uint64_t node_gp_index(int32_t node)
{
    return (uint64_t)node + 2;
}

/* hwloc's name of what a tier is made of; of DRAM it says nothing. */
static const char *subtype_of(const struct machine_node *node)
{
    static const char *const names[NR_TIERS] = {"HBM", NULL, "CXL-DRAM", "NVM"};

    return node->subtype != NULL ? node->subtype : names[node->tier];
}

/* "none", or a list in the outside's numbers. */
static char *node_cpu_list(const struct machine *m, int32_t node)
{
    g_autofree char *list = machine_cpulist(m, machine_node_cpus(m, node));

    return *list == '\0' ? g_strdup("none") : g_steal_pointer(&list);
}

static void write_node(struct writing *w, int32_t index, const uint64_t *cpus)
{
    const struct machine_node *node = &w->m->nodes[index];
    const int64_t huge = node->hugetlb_2m_pages * PAGE_2M + node->hugetlb_1g_pages * PAGE_1G;
    g_autofree uint64_t *self = bitmap_new((uint32_t)w->m->nr_nodes);

    bitmap_set(self, (uint32_t)index);
    if (node->side_cache_bytes > 0) {
        begin_object(w, "MemCache", -1, cpus, self, w->gp_index++);
        cache_attributes(w, node->side_cache_bytes, 1, CACHE_UNIFIED);
        g_string_append(w->text, ">\n");
        w->depth++;
    }
    begin_object(w, "NUMANode", node->os_id, cpus, self, node_gp_index(index));
    if (subtype_of(node) != NULL) {
        facts_hwloc_attribute(w->text, "subtype", subtype_of(node));
    }
    number(w, "local_memory", node->memory_bytes);
    g_string_append(w->text, ">\n");
    w->depth++;
    page_type(w, w->m->page_size_bytes, MAX(node->memory_bytes - huge, 0) / w->m->page_size_bytes);
    page_type(w, PAGE_2M, node->hugetlb_2m_pages);
    page_type(w, PAGE_1G, node->hugetlb_1g_pages);
    if (!bitmap_equal(machine_node_cpus(w->m, index), cpus, (uint32_t)w->m->nr_cpus)) {
        g_autofree char *list = node_cpu_list(w->m, index);

        info(w, FACTS_HWLOC_NODE_CPUS, list);
    }
    end_object(w);
    if (node->side_cache_bytes > 0) {
        end_object(w);
    }
}

static void object_attributes(struct writing *w, const struct tree_object *object)
{
    const struct machine *m = w->m;

    switch (object->kind) {
    case TREE_MACHINE:
        cpu_attribute(w, "allowed_cpuset", object->cpus, m->offline);
        node_attribute(w, "allowed_nodeset", object->nodes);
        break;
    case TREE_LLC:
        cache_attributes(w, m->llcs[object->index].size_bytes, 3, CACHE_UNIFIED);
        break;
    case TREE_L2:
        cache_attributes(w, m->l2_bytes[object->index], 2, CACHE_UNIFIED);
        break;
    case TREE_L1:
        cache_attributes(w, m->l1d_bytes[object->index], 1, CACHE_DATA);
        break;
    case TREE_CLUSTER:
        facts_hwloc_attribute(w->text, "subtype", "Cluster");
        number(w, "kind", GROUP_LINUX_CLUSTER);
        number(w, "subkind", 0);
        number(w, "dont_merge", 1);
        break;
    case TREE_NODE_GROUP:
        number(w, "kind", GROUP_MEMORY);
        number(w, "subkind", 0);
        break;
    default:
        break;
    }
}

static int64_t os_index_of(const struct machine *m, const struct tree_object *object)
{
    if (object->kind == TREE_CLUSTER || object->kind == TREE_NODE_GROUP) {
        return -1;
    }
    return object->kind == TREE_PU ? m->cpus[object->index].os_id : object->index;
}

/* True iff the object's CPUs, more than a core's, are just those of a cluster. */
static bool is_cluster(const struct machine *m, const struct tree_object *object)
{
    const uint32_t count = (uint32_t)m->nr_cpus;
    const struct machine_cpu *first = &m->cpus[object->first];

    return (object->kind == TREE_PACKAGE || object->kind == TREE_DIE || object->kind == TREE_LLC ||
            object->kind == TREE_L2) &&
           bitmap_equal(machine_cluster_cpus(m, first->cluster), object->cpus, count) &&
           !bitmap_equal(machine_core_cpus(m, first->core), object->cpus, count);
}

static void object_infos(struct writing *w, const struct tree_object *object)
{
    if (object->kind == TREE_MACHINE) {
        info(w, "Backend", "numasim");
        info(w, "HostName", w->m->name);
        info(w, "Architecture", machine_arch_name(w->m->arch));
    } else if (object->kind == TREE_PACKAGE) {
        info(w, "CPUVendor", w->m->vendor);
        info(w, "CPUModel", w->m->model);
    }
    if (is_cluster(w->m, object)) {
        info(w, FACTS_HWLOC_CLUSTER, "yes");
    }
}

/* Offline CPUs are in the complete sets alone; an object with no other CPUs is not there. */
static void write_object(struct writing *w, int32_t index)
{
    const struct tree_object *object = tree_at(w->tree, index);
    const uint32_t nr_nodes = (uint32_t)w->m->nr_nodes;

    if (bitmap_subset(object->cpus, w->m->offline, (uint32_t)w->m->nr_cpus)) {
        return;
    }
    begin_object(w, object_types[object->kind], os_index_of(w->m, object), object->cpus,
                 object->nodes, object->kind == TREE_MACHINE ? 1 : w->gp_index++);
    object_attributes(w, object);
    if (object->kind == TREE_PU) {
        g_string_append(w->text, "/>\n");
        return;
    }
    g_string_append(w->text, ">\n");
    w->depth++;
    object_infos(w, object);
    for (uint32_t node = object->attached != NULL ? bitmap_next(object->attached, nr_nodes, 0)
                                                  : nr_nodes;
         node < nr_nodes; node = bitmap_next(object->attached, nr_nodes, node + 1)) {
        write_node(w, (int32_t)node, object->cpus);
    }
    for (int32_t child = object->child; child >= 0; child = tree_at(w->tree, child)->sibling) {
        write_object(w, child);
    }
    end_object(w);
}

static void write_distances(struct writing *w)
{
    const struct machine *m = w->m;
    g_autoptr(GString) numbers = g_string_new(NULL);

    for (int32_t node = 0; node < m->nr_nodes; node++) {
        g_string_append_printf(numbers, "%d ", m->nodes[node].os_id);
    }
    g_string_append(w->text, "  <distances2 type=\"NUMANode\"");
    number(w, "nbobjs", m->nr_nodes);
    number(w, "kind", DISTANCES_SLIT);
    g_string_append_printf(
        w->text,
        " name=\"NUMALatency\" indexing=\"os\">\n    <indexes length=\"%" G_GSIZE_FORMAT
        "\">%s</indexes>\n",
        numbers->len, numbers->str);
    for (int32_t from = 0; from < m->nr_nodes; from++) {
        g_string_truncate(numbers, 0);
        for (int32_t to = 0; to < m->nr_nodes; to++) {
            g_string_append_printf(numbers, "%d ", machine_distance(m, from, to));
        }
        g_string_append_printf(w->text,
                               "    <u64values length=\"%" G_GSIZE_FORMAT "\">%s</u64values>\n",
                               numbers->len, numbers->str);
    }
    g_string_append(w->text, "  </distances2>\n");
}

/* hwloc has MiB/s; what is less than one is not nothing. */
static int64_t in_mib_per_s(int64_t bytes_per_s)
{
    const int64_t mib = 1 << 20;

    return bytes_per_s == 0 ? 0 : MAX(bytes_per_s / mib + (bytes_per_s % mib >= mib / 2), 1);
}

static void attribute_value(struct writing *w, int32_t node, const uint64_t *cpus, int64_t value)
{
    if (value <= 0 || bitmap_subset(cpus, w->m->offline, (uint32_t)w->m->nr_cpus)) {
        return;
    }
    g_string_append(w->text, "    <memattr_value target_obj_type=\"NUMANode\"");
    number(w, "target_obj_gp_index", (int64_t)node_gp_index(node));
    number(w, "value", value);
    cpu_attribute(w, "initiator_cpuset", cpus, w->m->offline);
    g_string_append(w->text, "/>\n");
}

/* A matrix by the CPUs of the node that asks. */
static void write_pairs(struct writing *w, const char *name, int flags, const int64_t *values)
{
    const int32_t nr = w->m->nr_nodes;
    const bool latency = (flags & LOWER_FIRST) != 0;

    g_string_append_printf(w->text, "  <memattr name=\"%s\" flags=\"%d\">\n", name, flags);
    for (int32_t to = 0; to < nr; to++) {
        for (int32_t from = 0; from < nr; from++) {
            const int64_t value = values[from * nr + to];

            attribute_value(w, to, machine_node_cpus(w->m, from),
                            latency ? value : in_mib_per_s(value));
        }
    }
    g_string_append(w->text, "  </memattr>\n");
}

/* What a node's memory gives in all, as seen by the CPUs next to it. */
static void write_controllers(struct writing *w, const char *name, bool reads)
{
    g_string_append_printf(w->text, "  <memattr name=\"%s\" flags=\"%d\">\n", name,
                           HIGHER_FIRST | NEED_INITIATOR);
    for (int32_t node = 0; node < w->m->nr_nodes; node++) {
        const struct machine_node *n = &w->m->nodes[node];
        const int64_t value =
            reads ? n->read_bandwidth_bytes_per_s : n->write_bandwidth_bytes_per_s;

        attribute_value(w, node, tree_at(w->tree, w->tree->node_object[node])->cpus,
                        in_mib_per_s(value));
    }
    g_string_append(w->text, "  </memattr>\n");
}

static bool any_value(const int64_t *values, int32_t count)
{
    for (int32_t i = 0; values != NULL && i < count; i++) {
        if (values[i] != 0) {
            return true;
        }
    }
    return false;
}

static void write_memory_attributes(struct writing *w)
{
    const struct machine *m = w->m;
    bool reads = false, writes = false;

    if (any_value(m->bandwidth_bytes_per_s, m->nr_nodes * m->nr_nodes)) {
        write_pairs(w, "Bandwidth", HIGHER_FIRST | NEED_INITIATOR, m->bandwidth_bytes_per_s);
    }
    if (any_value(m->latency_ns, m->nr_nodes * m->nr_nodes)) {
        write_pairs(w, "Latency", LOWER_FIRST | NEED_INITIATOR, m->latency_ns);
    }
    for (int32_t node = 0; node < m->nr_nodes; node++) {
        reads = reads || m->nodes[node].read_bandwidth_bytes_per_s > 0;
        writes = writes || m->nodes[node].write_bandwidth_bytes_per_s > 0;
    }
    if (reads) {
        write_controllers(w, "ReadBandwidth", true);
    }
    if (writes) {
        write_controllers(w, "WriteBandwidth", false);
    }
}

/*
 * By what CPUs are of one kind, the higher the faster: their capacity, or of an x86 hybrid without
 * capacities whether they share an L2 with another core, which Intel's efficient cores alone do.
 */
static int32_t *kinds_of(const struct machine *m, bool *ret_by_capacity)
{
    int32_t *kinds = g_new(int32_t, (gsize)m->nr_cpus);
    g_autofree int32_t *core = g_new(int32_t, (gsize)m->nr_l2s);
    g_autofree bool *shared = g_new0(bool, (gsize)m->nr_l2s);

    *ret_by_capacity = false;
    memset(core, 0xff, (gsize)m->nr_l2s * sizeof(*core));
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        const struct machine_cpu *c = &m->cpus[cpu];

        *ret_by_capacity = *ret_by_capacity || c->capacity != m->cpus[0].capacity;
        shared[c->l2] = shared[c->l2] || (core[c->l2] >= 0 && core[c->l2] != c->core);
        core[c->l2] = c->core;
    }
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        const struct machine_cpu *c = &m->cpus[cpu];

        kinds[cpu] = *ret_by_capacity ? c->capacity : 1 + (m->hybrid && !shared[c->l2]);
    }
    return kinds;
}

/* hwloc has names for kinds on Intel's hybrids alone. */
static void write_kind(struct writing *w, const uint64_t *cpus, int efficiency, int32_t capacity,
                       const char *core_type)
{
    const struct machine *m = w->m;

    g_string_append(w->text, "  <cpukind");
    cpu_attribute(w, "cpuset", cpus, m->offline);
    number(w, "forced_efficiency", efficiency);
    g_string_append(w->text, ">\n");
    w->depth = 2;
    if (capacity > 0) {
        number_info(w, "LinuxCapacity", capacity);
    }
    if (m->core_hz > 0) {
        number_info(w, "FrequencyBaseMHz", (m->core_hz + MEGA / 2) / MEGA);
    }
    info(w, "CoreType", core_type);
    g_string_append(w->text, "  </cpukind>\n");
}

/* The lowest kind above @last of a CPU that is online, INT32_MAX if there is none. */
static int32_t next_kind(const struct machine *m, const int32_t *kinds, int32_t last)
{
    int32_t next = INT32_MAX;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        if (kinds[cpu] > last && !bitmap_test(m->offline, (uint32_t)cpu)) {
            next = MIN(next, kinds[cpu]);
        }
    }
    return next;
}

static void write_kinds(struct writing *w)
{
    const struct machine *m = w->m;
    bool by_capacity;
    g_autofree int32_t *kinds = kinds_of(m, &by_capacity);
    g_autofree uint64_t *cpus = bitmap_new((uint32_t)m->nr_cpus);
    int32_t kind = next_kind(m, kinds, 0);
    const bool alone = next_kind(m, kinds, kind) == INT32_MAX;

    if (alone && m->core_hz == 0) {
        return;
    }
    for (int efficiency = 0; kind < INT32_MAX; efficiency++) {
        const int32_t next = next_kind(m, kinds, kind);

        memset(cpus, 0, BITMAP_WORDS(m->nr_cpus) * sizeof(*cpus));
        for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
            if (kinds[cpu] == kind) {
                bitmap_set(cpus, (uint32_t)cpu);
            }
        }
        write_kind(w, cpus, efficiency, by_capacity ? kind : 0,
                   !m->hybrid || alone ? NULL
                   : next == INT32_MAX ? "IntelCore"
                                       : "IntelAtom");
        kind = next;
    }
}

static char *write_xml(const struct machine *m, GPtrArray *notes, GError **error)
{
    g_autoptr(tree_t) tree = NULL;
    struct writing w = {.m = m, .depth = 1, .gp_index = (uint64_t)m->nr_nodes + 2};

    if (bitmap_weight(m->offline, (uint32_t)m->nr_cpus) == (uint32_t)m->nr_cpus) {
        g_set_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT,
                    "%s: every CPU is offline; hwloc needs one that is online", m->name);
        return NULL;
    }
    tree = tree_new(m);
    w.tree = tree;
    w.text = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                          "<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"
                          "<topology version=\"2.0\">\n");
    write_object(&w, 0);
    write_distances(&w);
    write_memory_attributes(&w);
    write_kinds(&w);
    g_string_append(w.text, "</topology>\n");
    tree_note_losses(tree, notes);
    return g_string_free(w.text, FALSE);
}

const struct machine_writer machine_hwloc_xml = {
    "hwloc-xml", "hwloc XML version 2, which lstopo draws", write_xml};
