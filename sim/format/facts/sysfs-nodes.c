/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes: their CPUs, memory, huge pages, distances, and what firmware's HMAT says of them. */
#include <string.h>

#include "base/bitmap.h"
#include "format/facts/sysfs-private.h"

enum { MAX_DISTANCE = 255, MAX_HMAT_VALUE = 1 << 30, MAX_HUGE_PAGES = 1 << 30 };

/* arch/x86/include/asm/sparsemem.h: MAX_PHYSMEM_BITS 52, the largest of any architecture here. */
#define MAX_KIB (INT64_C(1) << 42)

/* --- Which nodes, and whose CPUs ------------------------------------------------------------------ */

static void find_nodes(struct sysfs *s)
{
    g_autoptr(GPtrArray) names = facts_tree_list(s->tree, SYSFS_NODE);
    uint32_t passed_over = 0;

    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        const int32_t id = sysfs_number_of(name, "node", FACTS_MAX_NODE_ID);

        if (id >= 0) {
            bitmap_set(s->node_ids, (uint32_t)id);
            facts_node(s->f, id);
        } else {
            passed_over += sysfs_number_of(name, "node", INT32_MAX) >= 0;
        }
    }
    if (passed_over > 0) {
        facts_note(s->f, "%u nodes have numbers of %d or more, which Linux does not know: left out",
                   passed_over, FACTS_MAX_NODE_ID);
    }
}

/* "3005392 kB" in bytes; FACTS_UNKNOWN if it is no such number. */
static int64_t read_kib(const char *text)
{
    char *end;
    const int64_t kib = text != NULL ? g_ascii_strtoll(text, &end, 10) : -1;

    return kib >= 0 && end != text && kib <= MAX_KIB ? kib << 10 : FACTS_UNKNOWN;
}

/* Without nodes in sysfs, all memory is that of the one node that there is. */
static void take_one_node(struct sysfs *s)
{
    g_autofree char *meminfo = facts_tree_head(s->tree, 4096, "proc/meminfo");
    g_autofree char *total = sysfs_cpuinfo_value(meminfo, "MemTotal");
    const int64_t bytes = read_kib(total);

    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        if (s->online[cpu]) {
            facts_cpu(s->f, s->ids[cpu])->group[FACTS_NODE] = 0;
        }
    }
    if (bytes > 0) {
        facts_node(s->f, 0)->memory_bytes = bytes;
        facts_state(s->f, MACHINE_MEMORY, s->f->source);
    }
    facts_note(s->f, SYSFS_NODE " names no nodes: taken as one");
}

/*
 * An online CPU is on the lowest node that lists it; of an offline one, the node alone would say
 * too little. Several do where a kernel was booted with numa=fake:
 * each of its nodes lists the CPUs of the real one (mm/numa_emulation.c, 6.12: numa_add_cpu()).
 */
static void place_cpus(struct sysfs *s)
{
    g_autofree uint64_t *set = bitmap_new((uint32_t)s->nr);
    int32_t several = 0;

    for (uint32_t id = bitmap_next(s->node_ids, FACTS_MAX_NODE_ID, 0); id < FACTS_MAX_NODE_ID;
         id = bitmap_next(s->node_ids, FACTS_MAX_NODE_ID, id + 1)) {
        g_autofree char *folder = g_strdup_printf(SYSFS_NODE "/node%u", id);

        if (!sysfs_cpu_set(s, set, folder, "cpumap", "cpulist")) {
            continue;
        }
        for (uint32_t cpu = bitmap_next(set, (uint32_t)s->nr, 0); cpu < (uint32_t)s->nr;
             cpu = bitmap_next(set, (uint32_t)s->nr, cpu + 1)) {
            int32_t *node = &facts_cpu(s->f, s->ids[cpu])->group[FACTS_NODE];

            if (!s->online[cpu]) {
                continue;
            }
            several += *node >= 0;
            *node = *node >= 0 ? *node : (int32_t)id;
        }
    }
    if (several > 0) {
        facts_note(s->f, "nodes list the same CPUs, as with numa=fake: each is on the lowest, and "
                         "the others have none of them");
    }
}

/* The node that cpuN/nodeM links to, or -1. */
static int32_t linked_node(const struct sysfs *s, int32_t id)
{
    g_autoptr(GPtrArray) names = facts_tree_list(s->tree, SYSFS_CPU "/cpu%d", id);

    for (guint i = 0; i < names->len; i++) {
        const int32_t node =
            sysfs_number_of(g_ptr_array_index(names, i), "node", FACTS_MAX_NODE_ID);

        if (node >= 0) {
            return node;
        }
    }
    return -1;
}

/* CPUs that no node lists, for it is offline: its memory is out of use, its CPUs may be in use. */
static void place_rest(struct sysfs *s)
{
    for (int32_t cpu = 0; cpu < s->nr; cpu++) {
        const int32_t id = s->ids[cpu];
        const bool lost = s->online[cpu] && facts_cpu(s->f, id)->group[FACTS_NODE] < 0;
        const int32_t node = lost ? linked_node(s, id) : -1;

        if (node < 0) {
            continue;
        }
        if (facts_find_node(s->f, node) == NULL) {
            facts_node(s->f, node)->memory_bytes = 0;
            facts_note(s->f, "node %d is offline, but CPUs belong to it: taken as memory-less",
                       node);
        }
        facts_cpu(s->f, id)->group[FACTS_NODE] = node;
    }
}

/* --- Memory --------------------------------------------------------------------------------------- */

/* "Node 0 MemTotal: 3005392 kB" in bytes, or FACTS_UNKNOWN. */
static int64_t read_mem_total(const struct sysfs *s, int32_t id)
{
    g_autofree char *text = facts_tree_head(s->tree, 64 << 10, SYSFS_NODE "/node%d/meminfo", id);
    const char *at = text != NULL ? strstr(text, "MemTotal:") : NULL;

    return read_kib(at != NULL ? at + strlen("MemTotal:") : NULL);
}

static int64_t read_huge_pages(const struct sysfs *s, int32_t id, const char *size)
{
    int64_t pages;

    return sysfs_int(s, &pages, SYSFS_NODE "/node%d/hugepages/hugepages-%s/nr_hugepages", id,
                     size) &&
                   pages > 0 && pages <= MAX_HUGE_PAGES
               ? pages
               : 0;
}

/* The largest cache that lies in front of the whole node's memory. */
static int64_t read_side_cache(const struct sysfs *s, int32_t id)
{
    g_autoptr(GPtrArray) names =
        facts_tree_list(s->tree, SYSFS_NODE "/node%d/memory_side_cache", id);
    int64_t largest = 0;

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *size =
            facts_tree_head(s->tree, 32, SYSFS_NODE "/node%d/memory_side_cache/%s/size", id,
                            (const char *)g_ptr_array_index(names, i));

        largest = MAX(largest, sysfs_size(size));
    }
    return largest;
}

static void read_memory(struct sysfs *s, int32_t id)
{
    struct facts_node *node = facts_node(s->f, id);

    node->memory_bytes = read_mem_total(s, id);
    node->hugetlb_2m_pages = read_huge_pages(s, id, "2048kB");
    node->hugetlb_1g_pages = read_huge_pages(s, id, "1048576kB");
    node->side_cache_bytes = read_side_cache(s, id);
    if (node->memory_bytes >= 0) {
        facts_state(s->f, MACHINE_MEMORY, s->f->source);
    }
}

/* --- Distances ------------------------------------------------------------------------------------ */

/* The nodes whose distances a row of @length names: those that are online, else all possible. */
static bool columns(const struct sysfs *s, guint length, uint64_t *set)
{
    if (bitmap_weight(s->node_ids, FACTS_MAX_NODE_ID) == length) {
        bitmap_copy(set, s->node_ids, FACTS_MAX_NODE_ID);
        return true;
    }
    return sysfs_list(s, set, FACTS_MAX_NODE_ID, SYSFS_NODE "/possible") &&
           bitmap_weight(set, FACTS_MAX_NODE_ID) == length;
}

static void read_distance_row(struct sysfs *s, int32_t id)
{
    g_autofree char *text = facts_tree_head(s->tree, 8192, SYSFS_NODE "/node%d/distance", id);
    g_autofree uint64_t *set = bitmap_new(FACTS_MAX_NODE_ID);
    g_autoptr(GArray) row = g_array_new(FALSE, FALSE, sizeof(int64_t));
    uint32_t to = 0;
    int32_t impossible = 0;
    char *end = text;

    if (text == NULL) {
        return;
    }
    for (char *at = text;; at = end) {
        const int64_t value = g_ascii_strtoll(at, &end, 10);

        if (end == at || row->len >= FACTS_MAX_NODE_ID) {
            break;
        }
        g_array_append_val(row, value);
    }
    if (end[strspn(end, " \t\r\n")] != '\0' || row->len == 0) {
        g_ptr_array_add(s->malformed, g_strdup_printf(SYSFS_NODE "/node%d/distance", id));
    }
    if (row->len == 0) {
        return;
    }
    if (!columns(s, row->len, set)) {
        facts_note(s->f, "node %d states %u distances, but there are %u nodes: left out", id,
                   row->len, bitmap_weight(s->node_ids, FACTS_MAX_NODE_ID));
        return;
    }
    for (guint i = 0; i < row->len; i++) {
        const int64_t value = g_array_index(row, int64_t, i);

        to = bitmap_next(set, FACTS_MAX_NODE_ID, i == 0 ? 0 : to + 1);
        impossible += value <= 0 || value > MAX_DISTANCE;
        if (value > 0 && value <= MAX_DISTANCE && facts_find_node(s->f, (int32_t)to) != NULL) {
            facts_pair_set(s->f, FACTS_DISTANCE, id, (int32_t)to, value);
        }
    }
    if (impossible > 0) {
        facts_note(s->f, "node %d states %d distances that are not in 1..%d: left out", id,
                   impossible, MAX_DISTANCE);
    }
    facts_state(s->f, MACHINE_DISTANCES, s->f->source);
}

/* A node that is offline has no row of its own; the others' rows may still name it. */
static void mirror_distances(struct sysfs *s)
{
    for (guint i = 0; i < s->f->nodes->len; i++) {
        const int32_t id = g_array_index(s->f->nodes, struct facts_node, i).id;

        if (bitmap_test(s->node_ids, (uint32_t)id)) {
            continue;
        }
        for (guint j = 0; j < s->f->nodes->len; j++) {
            const int32_t other = g_array_index(s->f->nodes, struct facts_node, j).id;

            const int64_t value = other == id ? MACHINE_LOCAL_DISTANCE
                                              : facts_pair_get(s->f, FACTS_DISTANCE, other, id);

            if (value > 0) {
                facts_pair_set(s->f, FACTS_DISTANCE, id, other, value);
            }
        }
    }
}

/* --- Performance ---------------------------------------------------------------------------------- */

/* Documentation/admin-guide/mm/numaperf.rst: ns, MiB/s; access1 is of CPUs alone. */
static int64_t read_hmat(const struct sysfs *s, int32_t id, const char *access, const char *what)
{
    int64_t value;

    return sysfs_int(s, &value, SYSFS_NODE "/node%d/%s/initiators/%s", id, access, what) &&
                   value > 0 && value <= MAX_HMAT_VALUE
               ? value
               : 0;
}

static void read_performance(struct sysfs *s, int32_t id)
{
    const char *access = facts_tree_exists(s->tree, SYSFS_NODE "/node%d/access1/initiators", id)
                             ? "access1"
                             : "access0";
    g_autoptr(GPtrArray) names =
        facts_tree_list(s->tree, SYSFS_NODE "/node%d/%s/initiators", id, access);
    const int64_t latency_ns = read_hmat(s, id, access, "read_latency");
    const int64_t write_ns = read_hmat(s, id, access, "write_latency");
    const int64_t read = read_hmat(s, id, access, "read_bandwidth") << 20;
    const int64_t write = read_hmat(s, id, access, "write_bandwidth") << 20;
    struct facts_node *node = facts_node(s->f, id);

    node->read_bandwidth_bytes_per_s = read;
    node->write_bandwidth_bytes_per_s = write;
    if (latency_ns > 0 && write_ns > 0 && read > 0 && write > 0) {
        node->hmat = (struct machine_coordinates){latency_ns, write_ns, read, write};
    }
    for (guint i = 0; i < names->len; i++) {
        const int32_t from =
            sysfs_number_of(g_ptr_array_index(names, i), "node", FACTS_MAX_NODE_ID);

        if (from < 0 || facts_find_node(s->f, from) == NULL) {
            continue;
        }
        if (latency_ns > 0) {
            facts_pair_set(s->f, FACTS_LATENCY_NS, from, id, latency_ns);
            facts_state(s->f, MACHINE_LATENCY, s->f->source);
        }
        if (read > 0) {
            facts_pair_set(s->f, FACTS_BANDWIDTH_BYTES_PER_S, from, id, read);
            facts_state(s->f, MACHINE_BANDWIDTH, s->f->source);
        }
    }
}

void sysfs_read_nodes(struct sysfs *s)
{
    bool few;

    find_nodes(s);
    /* More than a machine may have are refused later; their distances would only take memory. */
    few = s->f->nodes->len <= MACHINE_MAX_NODES;
    if (bitmap_empty(s->node_ids, FACTS_MAX_NODE_ID)) {
        take_one_node(s);
        return;
    }
    place_cpus(s);
    place_rest(s);
    for (uint32_t id = bitmap_next(s->node_ids, FACTS_MAX_NODE_ID, 0); id < FACTS_MAX_NODE_ID;
         id = bitmap_next(s->node_ids, FACTS_MAX_NODE_ID, id + 1)) {
        read_memory(s, (int32_t)id);
        if (few) {
            read_distance_row(s, (int32_t)id);
        }
        read_performance(s, (int32_t)id);
    }
    mirror_distances(s);
}
