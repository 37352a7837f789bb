/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The topology table, as far as the architecture makes it: kernel/sched/topology.c:
 * default_topology; arch/x86/kernel/smpboot.c; drivers/base/arch_topology.c.
 */
#include <string.h>

#include "base/bitmap.h"
#include "machine/domains-internal.h"

enum { MAX_ARCH_LEVELS = 4 };

/* For each CPU: the present CPUs that have the same @group_of. */
static void level_mask_by_group(struct builder *b, struct topo_level *level,
                                const int64_t *group_of)
{
    g_autoptr(GHashTable) sets = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    uint32_t cpu;

    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        uint64_t *set;

        if (!bitmap_test(b->present, cpu)) {
            continue;
        }
        set = g_hash_table_lookup(sets, &group_of[cpu]);
        if (!set) {
            set = bitmap_new(b->nr_cpus);
            g_hash_table_insert(sets, (gpointer)(uintptr_t)&group_of[cpu], set);
        }
        bitmap_set(set, cpu);
    }
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        if (bitmap_test(b->present, cpu)) {
            level->mask[cpu] =
                span_intern(&b->store->spans, g_hash_table_lookup(sets, &group_of[cpu]));
        }
    }
}

struct topo_level *builder_add_level(struct builder *b, const char *name, uint32_t flags)
{
    struct topo_level *level = &b->levels[b->nr_levels++];

    level->name = name;
    level->flags = flags;
    level->mask = g_new0(const struct span *, b->nr_cpus);
    return level;
}

/* Which index of a CPU a level groups by. */
enum group_by { BY_CORE, BY_L2, BY_CLUSTER, BY_LLC, BY_PACKAGE, BY_NODE };

static int32_t cpu_index(const struct machine_cpu *cpu, enum group_by by)
{
    switch (by) {
    case BY_CORE:
        return cpu->core;
    case BY_L2:
        return cpu->l2;
    case BY_CLUSTER:
        return cpu->cluster;
    case BY_LLC:
        return cpu->llc;
    case BY_PACKAGE:
        return cpu->package;
    case BY_NODE:
        break;
    }
    return cpu->node;
}

/* Fills @level with the CPUs that share @by, never across nodes if @within_node. */
static void level_mask_by(struct builder *b, struct topo_level *level, enum group_by by,
                          bool within_node)
{
    g_autofree int64_t *group_of = g_new(int64_t, b->nr_cpus);
    uint32_t cpu;

    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        const struct machine_cpu *c = &b->m->cpus[cpu];

        group_of[cpu] = (int64_t)cpu_index(c, by) * MACHINE_MAX_NODES + (within_node ? c->node : 0);
    }
    level_mask_by_group(b, level, group_of);
}

/* True iff the firmware ranks CPUs differently, which is when x86 turns ITMT on. */
static bool cpus_ranked(const struct builder *b)
{
    uint32_t cpu;

    for (cpu = 1; cpu < b->nr_cpus; cpu++) {
        if (b->m->cpus[cpu].priority != b->m->cpus[0].priority) {
            return true;
        }
    }
    return false;
}

static bool has_smt(const struct builder *b)
{
    uint32_t cpu;

    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        if (b->m->cpus[cpu].thread > 0) {
            return true;
        }
    }
    return false;
}

/*
 * smpboot.c: match_smt(), match_l2c(), match_llc(): nothing is shared across nodes, because
 * topology_sane() and the SNC case refuse it. PKG is the node, and is left out where a package
 * holds several nodes. A hybrid part has a table of its own in 6.1 (x86_hybrid_topology), which
 * wins over that. ITMT flags: x86_smt_flags(), x86_core_flags() of 6.1, x86_die_flags() of 6.12; none
 * in 4.3. CLS came with 5.16, and the table for hybrids with 6.1 or shortly before.
 */
static bool has_cluster_level(const struct builder *b)
{
    return b->release >= KERNEL_5_17;
}

static void add_x86_levels(struct builder *b, uint32_t cluster_flags)
{
    const uint32_t itmt = cpus_ranked(b) && b->release > KERNEL_4_3 ? SD_ASYM_PACKING : 0;
    const bool old = b->release <= KERNEL_6_1;
    const bool hybrid_table = b->release == KERNEL_6_1 && b->m->hybrid;

    if (b->release < KERNEL_7_3 || has_smt(b)) {
        level_mask_by(
            b, builder_add_level(b, "SMT", SD_SHARE_CPUCAPACITY | SD_SHARE_LLC | (old ? itmt : 0)),
            BY_CORE, true);
    }
    if (has_cluster_level(b) && !hybrid_table) {
        level_mask_by(b, builder_add_level(b, "CLS", cluster_flags | itmt), BY_L2, true);
    }
    level_mask_by(b, builder_add_level(b, "MC", SD_SHARE_LLC | itmt), BY_LLC, true);
    if (hybrid_table || !(b->sds->numa_in_package || b->numa_levels_lost)) {
        level_mask_by(b, builder_add_level(b, old ? "DIE" : "PKG", old ? 0 : itmt), BY_NODE, false);
    }
}

/*
 * arch_topology.c: cpu_coregroup_mask() is the smallest of node, package and LLC, but at least
 * the cluster; a cluster that is not smaller than that shrinks to the core.
 */
static void fit_generic_masks(struct builder *b, struct topo_level *cls, struct topo_level *mc,
                              const struct topo_level *smt)
{
    struct topo_level node = {.mask = g_new0(const struct span *, b->nr_cpus)};
    struct topo_level package = {.mask = g_new0(const struct span *, b->nr_cpus)};
    uint32_t cpu;

    level_mask_by(b, &node, BY_NODE, false);
    level_mask_by(b, &package, BY_PACKAGE, false);
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        const struct span *group = node.mask[cpu], *llc = mc->mask[cpu];

        if (!group) {
            continue;
        }
        if (bitmap_subset(package.mask[cpu]->map, group->map, b->nr_cpus)) {
            group = package.mask[cpu];
        }
        if (bitmap_subset(llc->map, group->map, b->nr_cpus)) {
            group = llc;
        }
        if (bitmap_subset(group->map, cls->mask[cpu]->map, b->nr_cpus)) {
            group = cls->mask[cpu];
            cls->mask[cpu] = smt->mask[cpu];
        }
        mc->mask[cpu] = group;
    }
    g_free(node.mask);
    g_free(package.mask);
}

static void add_generic_levels(struct builder *b, uint32_t cluster_flags)
{
    struct topo_level unused = {.mask = NULL}, *smt, *cls = &unused, *mc;

    smt = builder_add_level(b, "SMT", SD_SHARE_CPUCAPACITY | SD_SHARE_LLC);
    level_mask_by(b, smt, BY_CORE, false);
    if (has_cluster_level(b)) {
        cls = builder_add_level(b, "CLS", cluster_flags);
    } else {
        unused.mask = g_new0(const struct span *, b->nr_cpus);
    }
    level_mask_by(b, cls, BY_CLUSTER, false);
    mc = builder_add_level(b, "MC", SD_SHARE_LLC);
    level_mask_by(b, mc, BY_LLC, false);
    fit_generic_masks(b, cls, mc, smt);
    g_free(unused.mask);
    level_mask_by(b, builder_add_level(b, b->release <= KERNEL_6_1 ? "DIE" : "PKG", 0), BY_NODE,
                  false);
}

/* x86_has_numa_in_package: before 7.3 by the CPUs that came up, then by what firmware says. */
static bool numa_in_package(const struct builder *b)
{
    g_autofree int32_t *node_of = g_new(int32_t, (gsize)b->m->nr_packages);
    uint32_t cpu;

    memset(node_of, 0xff, (gsize)b->m->nr_packages * sizeof(*node_of));
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        int32_t *node = &node_of[b->m->cpus[cpu].package];

        if (b->release < KERNEL_7_3 && !bitmap_test(b->booted, cpu)) {
            continue;
        }
        if (*node >= 0 && *node != b->m->cpus[cpu].node) {
            return true;
        }
        *node = b->m->cpus[cpu].node;
    }
    return false;
}

/* See enum hotplug_drops_numa: the table that a returning CPU installs has no levels above MC. */
static bool loses_numa_levels(const struct builder *b)
{
    const enum hotplug_drops_numa drops = b->options->hotplug_drops_numa;

    return b->options->reonlined && b->sds->numa_in_package &&
           (drops == HOTPLUG_DROPS_NUMA_ON ||
            (drops == HOTPLUG_DROPS_NUMA_OF_RELEASE && b->release == KERNEL_4_3));
}

void builder_init_levels(struct builder *b)
{
    const uint32_t cluster_flags =
        b->release <= KERNEL_6_1 ? SD_SHARE_LLC : SD_CLUSTER | SD_SHARE_LLC;

    b->levels = g_new0(struct topo_level, MAX_ARCH_LEVELS + MAX_NUMA_LEVELS);
    if (b->m->arch == ARCH_X86_64) {
        b->sds->numa_in_package = numa_in_package(b);
        b->numa_levels_lost = loses_numa_levels(b);
        add_x86_levels(b, cluster_flags);
    } else {
        add_generic_levels(b, cluster_flags);
    }
    builder_add_numa_levels(b);
}

void builder_release_levels(struct builder *b)
{
    uint32_t i;

    for (i = 0; i < b->nr_levels; i++) {
        g_free(b->levels[i].mask);
    }
    g_clear_pointer(&b->levels, g_free);
}
