/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A loaded hwloc topology as facts: CPUs and what they share, nodes and whose they are. */
#include "format/facts/hwloc-private.h"

#include <stdlib.h>
#include <string.h>

#include "base/bitmap.h"

/* hwloc's kind of a Group that Linux calls a cluster; hwloc names them by subtype, too. */
enum { GROUP_KIND_LINUX_CLUSTER = 222 };
enum { HUGE_2M = 2 << 20, HUGE_1G = 1 << 30 };

static void add_cpus(hwloc_topology_t topology, struct facts *f)
{
    const hwloc_const_bitmap_t online = hwloc_topology_get_topology_cpuset(topology);
    const hwloc_const_bitmap_t all = hwloc_topology_get_complete_cpuset(topology);
    int cpu;

    /* CPUs that the program which wrote the file might not use look as if they were offline. */
    f->lists_all_online = hwloc_bitmap_isequal(online, all) != 0;
    for (cpu = hwloc_bitmap_first(online); cpu >= 0; cpu = hwloc_bitmap_next(online, cpu)) {
        facts_cpu(f, cpu);
    }
    for (cpu = hwloc_bitmap_weight(all) > 0 ? hwloc_bitmap_first(all) : -1;
         cpu >= 0 && cpu < FACTS_MAX_CPU_ID; cpu = hwloc_bitmap_next(all, cpu)) {
        if (!hwloc_bitmap_isset(online, (unsigned)cpu)) {
            facts_cpu(f, cpu)->offline = true;
        }
    }
}

static int64_t cache_bytes(hwloc_obj_t cache)
{
    return (int64_t)MIN(cache->attr->cache.size, (uint64_t)INT64_MAX);
}

/* Says of every CPU in or offline in @object that @group's key is @key; @size is its cache's. */
static void share(struct facts *f, hwloc_obj_t object, enum facts_group group, int32_t key)
{
    const hwloc_const_bitmap_t set =
        hwloc_bitmap_weight(object->complete_cpuset) > 0 ? object->complete_cpuset : object->cpuset;

    for (int id = hwloc_bitmap_first(set); id >= 0; id = hwloc_bitmap_next(set, id)) {
        struct facts_cpu *cpu = facts_find_cpu(f, id);

        if (cpu == NULL) {
            continue;
        }
        cpu->group[group] = key;
        if (group == FACTS_L2) {
            cpu->l2_bytes = cache_bytes(object);
        } else if (group == FACTS_L3) {
            cpu->l3_bytes = cache_bytes(object);
        }
    }
}

/* Objects of one type, with keys from @key on; the next free key. */
static int32_t add_group(hwloc_topology_t topology, struct facts *f, hwloc_obj_type_t type,
                         enum facts_group group, int32_t key)
{
    for (hwloc_obj_t object = NULL;
         (object = hwloc_get_next_obj_by_type(topology, type, object)) != NULL;) {
        share(f, object, group, key++);
    }
    return key;
}

static void add_clusters(hwloc_topology_t topology, struct facts *f)
{
    int32_t key = 0;

    for (int depth = 0; depth < hwloc_topology_get_depth(topology); depth++) {
        const bool group = hwloc_get_depth_type(topology, depth) == HWLOC_OBJ_GROUP;

        for (hwloc_obj_t object = NULL;
             (object = hwloc_get_next_obj_by_depth(topology, depth, object)) != NULL;) {
            if ((group && (g_strcmp0(object->subtype, "Cluster") == 0 ||
                           object->attr->group.kind == GROUP_KIND_LINUX_CLUSTER)) ||
                hwloc_obj_get_info_by_name(object, FACTS_HWLOC_CLUSTER) != NULL) {
                share(f, object, FACTS_CLUSTER, key++);
            }
        }
    }
}

static void add_l1_sizes(hwloc_topology_t topology, struct facts *f)
{
    for (hwloc_obj_t cache = NULL;
         (cache = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_L1CACHE, cache)) != NULL;) {
        for (int id = hwloc_bitmap_first(cache->cpuset); id >= 0;
             id = hwloc_bitmap_next(cache->cpuset, id)) {
            facts_cpu(f, id)->l1d_bytes = cache_bytes(cache);
        }
        if (f->cache_line_bytes == 0) {
            f->cache_line_bytes = cache->attr->cache.linesize;
        }
    }
}

static void add_groups(hwloc_topology_t topology, struct facts *f)
{
    int32_t key;

    add_group(topology, f, HWLOC_OBJ_CORE, FACTS_CORE, 0);
    add_group(topology, f, HWLOC_OBJ_DIE, FACTS_DIE, 0);
    add_group(topology, f, HWLOC_OBJ_PACKAGE, FACTS_PACKAGE, 0);
    add_clusters(topology, f);
    add_group(topology, f, HWLOC_OBJ_L2CACHE, FACTS_L2, 0);
    /* The farther cache comes later and stays. */
    key = add_group(topology, f, HWLOC_OBJ_L3CACHE, FACTS_L3, 0);
    key = add_group(topology, f, HWLOC_OBJ_L4CACHE, FACTS_L3, key);
    add_group(topology, f, HWLOC_OBJ_L5CACHE, FACTS_L3, key);
    add_l1_sizes(topology, f);
}

/* The kind of memory: hwloc's subtypes of NUMA nodes, and what a DAX device was. */
static int32_t tier_of(hwloc_obj_t node)
{
    const char *dax = hwloc_obj_get_info_by_name(node, "DAXType");
    const char *kind = node->subtype != NULL ? node->subtype : dax;
    static const struct {
        const char *prefix;
        int32_t tier;
    } tiers[] = {{"HBM", TIER_HBM},  {"MCDRAM", TIER_HBM}, {"GPUMemory", TIER_HBM},
                 {"SPM", TIER_HBM},  {"CXL", TIER_CXL},    {"NVM", TIER_PMEM},
                 {"PMEM", TIER_PMEM}};

    for (guint i = 0; kind != NULL && i < G_N_ELEMENTS(tiers); i++) {
        if (g_str_has_prefix(kind, tiers[i].prefix)) {
            return tiers[i].tier;
        }
    }
    return TIER_DRAM;
}

static void add_pages(hwloc_obj_t object, struct facts *f, struct facts_node *node)
{
    const struct hwloc_numanode_attr_s *memory = &object->attr->numanode;

    for (unsigned i = 0; i < memory->page_types_len; i++) {
        const uint64_t size = memory->page_types[i].size;
        const int64_t count = (int64_t)MIN(memory->page_types[i].count, (uint64_t)INT64_MAX);

        if (size == HUGE_2M) {
            node->hugetlb_2m_pages = count;
        } else if (size == HUGE_1G) {
            node->hugetlb_1g_pages = count;
        } else if (size >= 4096 && size <= 65536 && f->page_size_bytes == 0) {
            f->page_size_bytes = (int64_t)size;
        }
    }
}

static void add_node(hwloc_obj_t object, struct facts *f)
{
    struct facts_node *node = facts_node(f, (int32_t)object->os_index);
    hwloc_obj_t cache = object->parent;
    const char *dax = hwloc_obj_get_info_by_name(object, "DAXType");
    /* These say no more than the tier. */
    static const char *const plain[] = {"DRAM", "HBM", "CXL-DRAM", "NVM", NULL};

    node->memory_bytes = (int64_t)MIN(object->attr->numanode.local_memory, (uint64_t)INT64_MAX);
    node->tier = tier_of(object);
    if (object->subtype != NULL && !g_strv_contains(plain, object->subtype)) {
        g_free(node->subtype);
        node->subtype = g_strdup(object->subtype);
    }
    if (object->subtype == NULL && g_strcmp0(dax, "SPM") == 0) {
        facts_note(f, "node %d is specific-purpose memory: taken as HBM", node->id);
    }
    for (; cache != NULL && cache->type == HWLOC_OBJ_MEMCACHE; cache = cache->parent) {
        node->side_cache_bytes += MIN(cache_bytes(cache), INT64_MAX / 256);
    }
    add_pages(object, f, node);
}

/* Nearest to CPUs first: plain memory, the smallest locality, the lowest number. */
static int compare_owners(gconstpointer pa, gconstpointer pb)
{
    const hwloc_obj_t a = *(const hwloc_obj_t *)pa, b = *(const hwloc_obj_t *)pb;
    /* DRAM before all others: enum machine_tier begins with HBM, which the kernel has no CPUs at */
    const int tier_a = tier_of(a) == TIER_DRAM ? -1 : tier_of(a);
    const int tier_b = tier_of(b) == TIER_DRAM ? -1 : tier_of(b);
    const int weight_a = hwloc_bitmap_weight(a->cpuset), weight_b = hwloc_bitmap_weight(b->cpuset);

    if (tier_a != tier_b) {
        return tier_a < tier_b ? -1 : 1;
    }
    if (weight_a != weight_b) {
        return weight_a < weight_b ? -1 : 1;
    }
    return a->os_index < b->os_index ? -1 : a->os_index > b->os_index;
}

/* Takes the CPUs of @set that nobody took before, online or else offline ones; how many. */
static int take_cpus(struct facts *f, hwloc_obj_t node, hwloc_const_bitmap_t set, bool offline,
                     hwloc_bitmap_t taken)
{
    int count = 0;

    for (int id = hwloc_bitmap_first(set); id >= 0; id = hwloc_bitmap_next(set, id)) {
        struct facts_cpu *cpu = facts_find_cpu(f, id);

        if (cpu != NULL && cpu->offline == offline && !hwloc_bitmap_isset(taken, (unsigned)id)) {
            hwloc_bitmap_set(taken, (unsigned)id);
            cpu->group[FACTS_NODE] = (int32_t)node->os_index;
            count++;
        }
    }
    return count;
}

/* Memory that is near to the whole machine says nothing of where an offline CPU is. */
static void take_offline_cpus(hwloc_topology_t topology, struct facts *f, hwloc_obj_t node,
                              hwloc_bitmap_t taken)
{
    if (hwloc_bitmap_weight(node->complete_cpuset) > 0 &&
        !hwloc_bitmap_isequal(node->complete_cpuset,
                              hwloc_topology_get_complete_cpuset(topology))) {
        take_cpus(f, node, node->complete_cpuset, true, taken);
    }
}

/* A node without CPUs, which the file may have @stated: hwloc knows what it is near to. */
static void place_far_node(hwloc_topology_t topology, struct facts *f, hwloc_obj_t object,
                           bool stated)
{
    struct facts_node *node = facts_node(f, (int32_t)object->os_index);
    const bool known = !hwloc_bitmap_iszero(object->cpuset);

    for (hwloc_obj_t package = NULL;
         known &&
         (package = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PACKAGE, package)) != NULL;) {
        if (hwloc_bitmap_isincluded(object->cpuset, package->cpuset)) {
            node->near_cpu = hwloc_bitmap_first(object->cpuset);
        }
    }
    if (known && !stated && node->tier == TIER_DRAM) {
        g_autofree char *list = NULL;
        char *text = NULL;

        if (hwloc_bitmap_list_asprintf(&text, object->cpuset) >= 0) {
            list = g_strdup(text);
            free(text);
        }
        facts_note(f,
                   "node %d is memory near CPUs %s, which are of nearer or earlier nodes: taken as "
                   "without CPUs",
                   node->id, list != NULL ? list : "");
    }
}

/* Takes what our own export says of the node's CPUs; false if it is another's file. */
static bool take_stated_cpus(struct facts *f, hwloc_obj_t node, hwloc_bitmap_t taken)
{
    const char *list = hwloc_obj_get_info_by_name(node, FACTS_HWLOC_NODE_CPUS);
    g_autofree uint64_t *cpus = bitmap_new(FACTS_MAX_CPU_ID);

    if (list == NULL ||
        (strcmp(list, "none") != 0 && !bitmap_parse_list(list, cpus, FACTS_MAX_CPU_ID, NULL))) {
        return false;
    }
    for (uint32_t id = bitmap_next(cpus, FACTS_MAX_CPU_ID, 0); id < FACTS_MAX_CPU_ID;
         id = bitmap_next(cpus, FACTS_MAX_CPU_ID, id + 1)) {
        struct facts_cpu *cpu = facts_find_cpu(f, (int32_t)id);

        if (cpu != NULL && !hwloc_bitmap_isset(taken, id)) {
            hwloc_bitmap_set(taken, id);
            cpu->group[FACTS_NODE] = (int32_t)node->os_index;
        }
    }
    return true;
}

/*
 * Packages of which no CPU is near to a node: Linux has those on a node that is offline or has no
 * memory, which hwloc does not keep. A node for each, with a number that no other has.
 */
static void add_lost_nodes(hwloc_topology_t topology, struct facts *f, hwloc_const_bitmap_t taken)
{
    int32_t id = 0;

    for (hwloc_obj_t package = NULL;
         (package = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PACKAGE, package)) != NULL;) {
        while (id < FACTS_MAX_NODE_ID && facts_find_node(f, id) != NULL) {
            id++;
        }
        if (id == FACTS_MAX_NODE_ID || hwloc_bitmap_iszero(package->cpuset) ||
            hwloc_bitmap_intersects(package->cpuset, taken)) {
            continue;
        }
        facts_node(f, id)->memory_bytes = 0;
        for (int cpu = hwloc_bitmap_first(package->cpuset); cpu >= 0;
             cpu = hwloc_bitmap_next(package->cpuset, cpu)) {
            facts_cpu(f, cpu)->group[FACTS_NODE] = id;
        }
        facts_note(f, "no node holds the CPUs of package %u: taken as on node %d, without memory",
                   package->logical_index, id);
    }
}

/*
 * hwloc says of every node which CPUs it is near to, so several nodes may claim a CPU; Linux has
 * each CPU on one.
 */
static void add_nodes(hwloc_topology_t topology, struct facts *f)
{
    g_autoptr(GPtrArray) nodes = g_ptr_array_new();
    g_autofree bool *stated = NULL;
    hwloc_bitmap_t taken = hwloc_bitmap_alloc();
    bool any = false;

    for (hwloc_obj_t node = NULL;
         (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != NULL;) {
        g_ptr_array_add(nodes, node);
        add_node(node, f);
        any = any || node->attr->numanode.local_memory > 0;
    }
    g_ptr_array_sort(nodes, compare_owners);
    stated = g_new0(bool, nodes->len);
    for (guint i = 0; i < nodes->len; i++) {
        stated[i] = take_stated_cpus(f, g_ptr_array_index(nodes, i), taken);
    }
    for (guint i = 0; i < nodes->len; i++) {
        hwloc_obj_t node = g_ptr_array_index(nodes, i);

        if (stated[i]) {
            place_far_node(topology, f, node, true);
        } else if (take_cpus(f, node, node->cpuset, false, taken) > 0) {
            take_offline_cpus(topology, f, node, taken);
        } else {
            place_far_node(topology, f, node, false);
        }
        if (!any) {
            facts_node(f, (int32_t)node->os_index)->memory_bytes = FACTS_UNKNOWN;
        }
    }
    add_lost_nodes(topology, f, taken);
    hwloc_bitmap_free(taken);
    if (any) {
        facts_state(f, MACHINE_MEMORY, f->source);
    }
}

static void note_disallowed(hwloc_topology_t topology, struct facts *f)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    char *list = NULL;

    hwloc_bitmap_andnot(set, hwloc_topology_get_topology_cpuset(topology),
                        hwloc_topology_get_allowed_cpuset(topology));
    if (!hwloc_bitmap_iszero(set) && hwloc_bitmap_list_asprintf(&list, set) >= 0) {
        facts_note(f, "CPUs %s were not allowed to the program that wrote this: taken all the same",
                   list);
        free(list);
    }
    hwloc_bitmap_free(set);
}

struct facts *facts_hwloc_of(hwloc_topology_t topology, const char *source)
{
    struct facts *f = facts_new(source);

    add_cpus(topology, f);
    add_groups(topology, f);
    add_nodes(topology, f);
    facts_state(f, MACHINE_CPUS, source);
    if (hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_L1CACHE) +
            hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_L2CACHE) +
            hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_L3CACHE) >
        0) {
        facts_state(f, MACHINE_CACHES, source);
    }
    facts_hwloc_infos(topology, f);
    facts_hwloc_distances(topology, f);
    facts_hwloc_memory_attributes(topology, f);
    facts_hwloc_cpu_kinds(topology, f);
    note_disallowed(topology, f);
    return f;
}
