/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kind of memory a node has. No file says it; it follows from the device behind the node, the
 * kind of processor, or from how the kernel ranks it.
 */
#include <string.h>

#include "base/bitmap.h"
#include "format/facts/sysfs-private.h"

static void set_kind(struct sysfs *s, int32_t id, enum machine_tier tier, const char *subtype)
{
    struct facts_node *node = facts_node(s->f, id);

    node->tier = (int32_t)tier;
    g_free(node->subtype);
    node->subtype = g_strdup(subtype);
}

/* The lowest CPU on node @id, -1 if it has none. */
static int32_t first_cpu(const struct sysfs *s, int32_t id)
{
    return s->first_cpu[id];
}

static void find_first_cpus(struct sysfs *s)
{
    memset(s->first_cpu, 0xff, sizeof(s->first_cpu));
    for (int32_t cpu = s->nr; cpu-- > 0;) {
        const int32_t node = facts_cpu(s->f, s->ids[cpu])->group[FACTS_NODE];

        if (node >= 0) {
            s->first_cpu[node] = s->ids[cpu];
        }
    }
}

/* --- DAX: persistent, CXL, and memory that firmware set apart -------------------------------------- */

/* The best bandwidth that HMAT states for a node of plain memory. */
static int64_t plain_bandwidth(const struct sysfs *s)
{
    int64_t best = 0;

    for (guint i = 0; i < s->f->nodes->len; i++) {
        const struct facts_node *node = &g_array_index(s->f->nodes, struct facts_node, i);

        if (!s->dax[node->id] && first_cpu(s, node->id) >= 0) {
            best = MAX(best, node->read_bandwidth_bytes_per_s);
        }
    }
    return best;
}

/*
 * By the bus that the device hangs on: NVDIMMs are persistent, drivers/cxl's regions lie below the
 * ACPI0017 object. What remains is memory that firmware reserved for a special purpose
 * (drivers/dax/hmem): HBM if it is much faster than plain memory.
 */
static void set_dax_kind(struct sysfs *s, int32_t id, const char *path)
{
    const int64_t plain = plain_bandwidth(s);

    if (strstr(path, "/ndbus") != NULL) {
        set_kind(s, id, TIER_PMEM, NULL);
    } else if (strstr(path, "ACPI0017") != NULL || strstr(path, "/cxl") != NULL ||
               strstr(path, "/decoder") != NULL) {
        set_kind(s, id, TIER_CXL, NULL);
    } else if (plain > 0 && facts_node(s->f, id)->read_bandwidth_bytes_per_s >= 2 * plain) {
        set_kind(s, id, TIER_HBM, NULL);
    }
}

static void read_dax(struct sysfs *s)
{
    g_autoptr(GPtrArray) names = facts_tree_list(s->tree, "sys/bus/dax/devices");
    g_autofree int64_t *targets = g_new(int64_t, names->len + 1);

    /* All first: what is plain memory is what no device claims. */
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);

        targets[i] = -1;
        if (sysfs_int(s, &targets[i], "sys/bus/dax/devices/%s/target_node", name) &&
            targets[i] >= 0 && targets[i] < FACTS_MAX_NODE_ID &&
            facts_find_node(s->f, (int32_t)targets[i]) != NULL) {
            s->dax[targets[i]] = true;
        } else {
            targets[i] = -1;
        }
    }
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = facts_tree_resolve(s->tree, "sys/bus/dax/devices/%s",
                                                   (const char *)g_ptr_array_index(names, i));

        if (targets[i] >= 0 && path != NULL) {
            set_dax_kind(s, (int32_t)targets[i], path);
        }
    }
}

/* --- GPUs, whose driver says which nodes are theirs ------------------------------------------------ */

static void read_gpus(struct sysfs *s)
{
    g_autoptr(GPtrArray) names = facts_tree_list(s->tree, "proc/driver/nvidia/gpus");

    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *text =
            facts_tree_head(s->tree, 4096, "proc/driver/nvidia/gpus/%s/numa_status", name);
        g_autofree char *node = sysfs_cpuinfo_value(text, "Node");
        const int32_t id = node != NULL ? sysfs_number_of(node, "", FACTS_MAX_NODE_ID) : -1;
        int64_t near;

        if (id < 0 || facts_find_node(s->f, id) == NULL) {
            continue;
        }
        set_kind(s, id, TIER_HBM, "GPUMemory");
        if (sysfs_int(s, &near, "sys/bus/pci/devices/%s/numa_node", name) && near >= 0 &&
            near < FACTS_MAX_NODE_ID) {
            facts_node(s->f, id)->near_cpu = first_cpu(s, (int32_t)near);
        }
    }
}

/* --- Xeon Phi --------------------------------------------------------------------------------------- */

/* arch/x86/include/asm/intel-family.h: XEON_PHI_KNL, XEON_PHI_KNM. */
static bool is_xeon_phi(const struct sysfs *s)
{
    return g_strcmp0(s->f->vendor, "GenuineIntel") == 0 && s->family == 6 &&
           (s->model == 0x57 || s->model == 0x85);
}

/*
 * The MCDRAM that works as a cache lies in front of each node's DRAM; hwloc's collector of firmware
 * data writes down its size, and hwloc shows it as the node's L3. So it is the LLC here, too.
 */
static void read_mcdram_cache(struct sysfs *s)
{
    static const char *const suffixes[] = {"", ".v2", ".v1"};
    g_autofree char *text = NULL, *size = NULL;
    int64_t bytes;

    for (gsize i = 0; text == NULL && i < G_N_ELEMENTS(suffixes); i++) {
        text = facts_tree_head(s->tree, 4096, "var/run/hwloc/knl_memoryside_cache%s", suffixes[i]);
    }
    size = sysfs_cpuinfo_value(text, "cache_size");
    bytes = sysfs_size(size);
    for (int32_t cpu = 0; bytes > 0 && cpu < s->nr; cpu++) {
        struct facts_cpu *c = facts_cpu(s->f, s->ids[cpu]);

        if (c->group[FACTS_L3] < 0 && c->group[FACTS_NODE] >= 0 && s->online[cpu]) {
            c->group[FACTS_L3] = first_cpu(s, c->group[FACTS_NODE]);
            c->l3_bytes = bytes;
        }
    }
    if (bytes > 0) {
        facts_note(s->f, "MCDRAM works as a cache of each node's memory: taken as its L3");
    }
}

static void read_xeon_phi(struct sysfs *s)
{
    for (guint i = 0; i < s->f->nodes->len; i++) {
        const int32_t id = g_array_index(s->f->nodes, struct facts_node, i).id;

        if (first_cpu(s, id) < 0) {
            set_kind(s, id, TIER_HBM, "MCDRAM");
        }
    }
    read_mcdram_cache(s);
}

/* --- The rest --------------------------------------------------------------------------------------- */

/*
 * The kernel's own ranking (mm/memory-tiers.c): a CPU's DRAM is in tier 4 (MEMTIER_ADISTANCE_DRAM
 * >> MEMTIER_CHUNK_BITS), faster memory below, slower above it.
 */
static void read_memory_tiers(struct sysfs *s)
{
    g_autoptr(GPtrArray) names = facts_tree_list(s->tree, "sys/devices/virtual/memory_tiering");
    g_autofree uint64_t *set = bitmap_new(FACTS_MAX_NODE_ID);

    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        const int32_t tier = sysfs_number_of(name, "memory_tier", INT32_MAX);

        if (tier < 0 || tier == 4 ||
            !sysfs_list(s, set, FACTS_MAX_NODE_ID, "sys/devices/virtual/memory_tiering/%s/nodelist",
                        name)) {
            continue;
        }
        for (uint32_t id = bitmap_next(set, FACTS_MAX_NODE_ID, 0); id < FACTS_MAX_NODE_ID;
             id = bitmap_next(set, FACTS_MAX_NODE_ID, id + 1)) {
            const struct facts_node *node = facts_find_node(s->f, (int32_t)id);

            if (node != NULL && node->tier < 0 && first_cpu(s, (int32_t)id) < 0) {
                set_kind(s, (int32_t)id, tier < 4 ? TIER_HBM : TIER_CXL, NULL);
                facts_note(s->f, "the kernel ranks the memory of node %u in tier %d: taken as %s",
                           id, tier, tier < 4 ? "HBM" : "CXL");
            }
        }
    }
}

/* Which node with CPUs a node without any hangs on: its only initiator, or the only nearest one. */
static int32_t near_node(const struct sysfs *s, int32_t id, enum facts_pair pair, bool *ret_tie)
{
    int64_t best = INT64_MAX;
    int32_t nearest = -1;

    *ret_tie = false;
    for (guint i = 0; i < s->f->nodes->len; i++) {
        const int32_t from = g_array_index(s->f->nodes, struct facts_node, i).id;
        const int64_t d = facts_pair_get(s->f, pair, from, id);

        if (d > 0 && d <= best && first_cpu(s, from) >= 0) {
            *ret_tie = d == best;
            best = d;
            nearest = *ret_tie ? nearest : from;
        }
    }
    return nearest;
}

static void place_memory(struct sysfs *s)
{
    static const enum facts_pair pairs[] = {FACTS_BANDWIDTH_BYTES_PER_S, FACTS_DISTANCE};

    for (guint i = 0; i < s->f->nodes->len; i++) {
        struct facts_node *node = &g_array_index(s->f->nodes, struct facts_node, i);

        if (first_cpu(s, node->id) >= 0) {
            continue;
        }
        for (gsize p = 0; node->near_cpu < 0 && p < G_N_ELEMENTS(pairs); p++) {
            bool tie;
            const int32_t nearest = near_node(s, node->id, pairs[p], &tie);

            /* Several initiators hang on one package; several nearest nodes may not. */
            if (nearest >= 0 && (!tie || pairs[p] != FACTS_DISTANCE)) {
                node->near_cpu = first_cpu(s, nearest);
            }
        }
    }
}

void sysfs_read_memory_kinds(struct sysfs *s)
{
    find_first_cpus(s);
    read_dax(s);
    read_gpus(s);
    if (is_xeon_phi(s)) {
        read_xeon_phi(s);
    }
    read_memory_tiers(s);
    place_memory(s);
}
