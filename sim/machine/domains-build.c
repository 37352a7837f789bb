/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain per CPU and level: kernel/sched/topology.c: build_sched_domain(), sd_init(). */
#include <string.h>

#include "base/bitmap.h"
#include "machine/domains-internal.h"

/* asym_cpu_capacity_classify(): how many of the partition's capacities @span sees. */
static uint32_t asym_flags(const struct builder *b, const struct partition *partition,
                           const struct span *span)
{
    uint32_t i, seen = 0, missing = 0;

    for (i = 0; partition->capacity_sets[i]; i++) {
        if (bitmap_intersects(partition->capacity_sets[i], span->map, b->nr_cpus)) {
            seen++;
        } else {
            missing++;
        }
    }
    if (seen < 2) {
        return 0;
    }
    if (b->release < KERNEL_5_17) {
        /* One flag, where the largest capacity is in sight of all: asym_cpu_capacity_level(). It
         * came after 4.3. */
        return missing || b->release == KERNEL_4_3 ? 0 : SD_ASYM_CPUCAPACITY;
    }
    return missing ? SD_ASYM_CPUCAPACITY : SD_ASYM_CPUCAPACITY | SD_ASYM_CPUCAPACITY_FULL;
}

/* Zen's wider limit came with 5.4 (a55c7454a8c8). */
static int32_t reclaim_distance(const struct builder *b)
{
    enum { RECLAIM_DISTANCE = 30 }; /* include/linux/topology.h */

    return b->release < KERNEL_5_9 ? MIN(RECLAIM_DISTANCE, b->m->reclaim_distance)
                                   : b->m->reclaim_distance;
}

/* From which level on relax_domain_level= takes effect; 5.10 and its stable followers count its own
 * level, too. */
static int64_t relaxed_from(const struct builder *b)
{
    return (int64_t)b->options->relax_level + (b->release < KERNEL_5_10 ? 1 : 0);
}

static uint32_t domain_flags(const struct builder *b, const struct partition *partition,
                             uint32_t level, const struct span *span)
{
    const struct topo_level *tl = &b->levels[level];
    uint32_t flags = SD_BALANCE_NEWIDLE | SD_BALANCE_EXEC | SD_BALANCE_FORK | SD_WAKE_AFFINE |
                     SD_PREFER_SIBLING | tl->flags | asym_flags(b, partition, span);

    if (b->release < KERNEL_5_9) {
        flags |= SD_LOAD_BALANCE;
    }
    if (b->release == KERNEL_4_3 && (tl->flags & SD_SHARE_LLC) &&
        !(tl->flags & SD_SHARE_CPUCAPACITY)) {
        flags &= ~(uint32_t)SD_PREFER_SIBLING; /* MC, until 4.20 */
    }
    if (flags & SD_NUMA) {
        flags &= ~(uint32_t)SD_PREFER_SIBLING;
        flags |= SD_SERIALIZE;
        if (tl->numa_distance > reclaim_distance(b)) {
            flags &= ~(uint32_t)(SD_BALANCE_EXEC | SD_BALANCE_FORK | SD_WAKE_AFFINE);
        }
    }
    if (b->options->relax_level >= 0 && (int64_t)level >= relaxed_from(b)) {
        flags &= ~(uint32_t)(SD_BALANCE_WAKE | SD_BALANCE_NEWIDLE);
    }
    return flags;
}

/* What the CPU before got at a level: the next one mostly gets the same. */
struct last_built {
    const struct partition *partition;
    const struct span *mask, *child;
    struct span *span;
    uint32_t flags, mask_weight;
};

/*
 * The domain of a CPU with @mask at @level, above @child. Where the child sticks out of its parent,
 * build_sched_domain() repairs that by widening the parent.
 */
static void build_one(struct builder *b, const struct partition *partition, uint32_t level,
                      const struct span *mask, const struct span *child, struct last_built *last)
{
    g_autofree uint64_t *map = NULL;

    if (last->partition == partition && last->mask == mask && last->child == child) {
        return;
    }
    map = bitmap_new(b->nr_cpus);
    bitmap_and(map, mask->map, partition->cpus->map, b->nr_cpus);
    last->partition = partition;
    last->mask = mask;
    last->child = child;
    last->span = span_intern(&b->store->spans, map);
    last->mask_weight = b->release < KERNEL_7_3 ? mask->weight : last->span->weight;
    last->flags = domain_flags(b, partition, level, last->span);
    if (child && !bitmap_subset(child->map, map, b->nr_cpus)) {
        bitmap_or(map, map, child->map, b->nr_cpus);
        last->span = span_intern(&b->store->spans, map);
    }
}

/* @last: one for each level. */
static void build_cpu(struct builder *b, uint32_t cpu, struct last_built *last)
{
    const struct partition *partition = b->partition_of[cpu];
    uint32_t level;

    for (level = 0; level < b->nr_levels; level++) {
        struct build_domain *d = builder_domain(b, cpu, level);
        struct build_domain *child = builder_child(b, cpu, level);

        build_one(b, partition, level, b->levels[level].mask[cpu], child ? child->span : NULL,
                  &last[level]);
        d->span = last[level].span;
        d->flags = last[level].flags;
        d->mask_weight = last[level].mask_weight;
        if (child && (d->flags & SD_ASYM_CPUCAPACITY) && b->release < KERNEL_7_3) {
            child->flags &= ~(uint32_t)SD_PREFER_SIBLING;
        }
        b->height[cpu] = level + 1;
        if (d->span == partition->cpus) {
            break;
        }
    }
}

/*
 * Which domains of @cpu share state (sched_domain_shared): none in 4.3, since then all that share an
 * LLC, in 7.3 only the topmost of them and the lowest that sees every capacity, unless that is NUMA.
 */
static void set_shared(struct builder *b, uint32_t cpu)
{
    struct build_domain *llc = NULL, *asym = NULL;
    uint32_t level;

    for (level = 0; level < b->height[cpu]; level++) {
        struct build_domain *d = builder_domain(b, cpu, level);

        d->has_shared =
            b->release > KERNEL_4_3 && b->release < KERNEL_7_3 && (d->flags & SD_SHARE_LLC);
        llc = d->flags & SD_SHARE_LLC ? d : llc;
        asym = !asym && (d->flags & SD_ASYM_CPUCAPACITY_FULL) ? d : asym;
    }
    if (b->release >= KERNEL_7_3 && llc) {
        llc->has_shared = true;
    }
    if (b->release >= KERNEL_7_3 && asym && !(asym->flags & SD_NUMA)) {
        asym->has_shared = true;
    }
}

/*
 * topology_span_sane(): at a level that must not overlap, two CPUs' masks are the same or have
 * nothing in common. The masks are looked at before cpu_map narrows them.
 */
static bool level_is_sane(const struct builder *b, const struct partition *p, uint32_t level,
                          const struct span **owner)
{
    const struct topo_level *tl = &b->levels[level];
    uint32_t cpu, i;

    memset(owner, 0, b->nr_cpus * sizeof(*owner));
    for (cpu = p->cpus->first; cpu < b->nr_cpus;
         cpu = bitmap_next(p->cpus->map, b->nr_cpus, cpu + 1)) {
        const struct span *mask = tl->mask[cpu];

        if (b->height[cpu] <= level || owner[mask->first] == mask) {
            continue;
        }
        for (i = mask->first; i < b->nr_cpus; i = bitmap_next(mask->map, b->nr_cpus, i + 1)) {
            if (owner[i]) {
                return false;
            }
            owner[i] = mask;
        }
    }
    return true;
}

/* Where a level is not sane the kernel gives up on the whole partition: no domains. */
static void refuse_insane(struct builder *b, struct partition *p)
{
    g_autofree const struct span **owner = g_new0(const struct span *, b->nr_cpus);
    bool sane = true;
    uint32_t level, cpu;

    for (level = 0; sane && level < b->nr_levels; level++) {
        sane = b->levels[level].overlap || level_is_sane(b, p, level, owner);
    }
    for (cpu = p->cpus->first; !sane && cpu < b->nr_cpus;
         cpu = bitmap_next(p->cpus->map, b->nr_cpus, cpu + 1)) {
        b->height[cpu] = 0;
        b->partition_of[cpu] = NULL;
    }
}

void builder_init_domains(struct builder *b)
{
    g_autofree struct last_built *last = g_new0(struct last_built, b->nr_levels);
    uint32_t cpu, i;

    b->height = g_new0(uint32_t, b->nr_cpus);
    b->domains = g_new0(struct build_domain, (size_t)b->nr_cpus * b->nr_levels);
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        if (b->partition_of[cpu]) {
            build_cpu(b, cpu, last);
            set_shared(b, cpu);
        }
    }
    for (i = 0; i < b->nr_partitions; i++) {
        refuse_insane(b, &b->partitions[i]);
    }
}

/* Span weight of the first NUMA domain above @level, or of @level itself. */
static uint32_t imbalance_span(const struct builder *b, uint32_t cpu, uint32_t level)
{
    uint32_t i;

    for (i = level + 1; i < b->height[cpu]; i++) {
        if (builder_domain(b, cpu, i)->flags & SD_NUMA) {
            return builder_domain(b, cpu, i)->span->weight;
        }
    }
    return builder_domain(b, cpu, level)->span->weight;
}

/*
 * Tasks by which the nodes below @d may differ: one to each LLC; with a single LLC, as many as are
 * guessed to fill its memory channels: a quarter of the CPUs in 5.18 (commit e496132ebedd), half of
 * that and at least one from 6.0 on (026b98a93bbd).
 */
static uint32_t allowed_imbalance(const struct builder *b, const struct build_domain *d,
                                  const struct build_domain *child)
{
    uint32_t nr_llcs = d->span->weight / child->span->weight;

    if (b->release == KERNEL_5_18) {
        return nr_llcs == 1 ? d->span->weight / 4 : nr_llcs;
    }
    return MAX(1, nr_llcs == 1 ? d->span->weight / 8 : nr_llcs);
}

static void set_imb_numa_nr_of(struct builder *b, uint32_t cpu)
{
    uint32_t level, imb = 0, imb_span = 1;

    for (level = 0; level < b->height[cpu]; level++) {
        struct build_domain *d = builder_domain(b, cpu, level);
        const struct build_domain *child = builder_child(b, cpu, level);

        if (!(d->flags & SD_SHARE_LLC) && child && (child->flags & SD_SHARE_LLC)) {
            imb = allowed_imbalance(b, d, child);
            d->imb_numa_nr = imb;
            imb_span = imbalance_span(b, cpu, level);
        } else {
            d->imb_numa_nr = imb * MAX(1, d->span->weight / imb_span);
        }
    }
}

void builder_set_imb_numa_nr(struct builder *b)
{
    uint32_t cpu;

    if (b->release < KERNEL_5_18) {
        return; /* the limit was a share of the domain's CPUs, or none */
    }
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        set_imb_numa_nr_of(b, cpu);
    }
}
