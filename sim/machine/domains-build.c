/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain per CPU and level: kernel/sched/topology.c: build_sched_domain(), sd_init(). */
#include "base/bitmap.h"
#include "machine/domains-internal.h"

/* asym_cpu_capacity_classify(): how many of the machine's capacities @span sees. */
static uint32_t asym_flags(const struct builder *b, const struct span *span)
{
    uint32_t i, seen = 0, missing = 0;

    for (i = 0; b->capacity_sets[i]; i++) {
        if (bitmap_intersects(b->capacity_sets[i], span->map, b->nr_cpus)) {
            seen++;
        } else {
            missing++;
        }
    }
    if (seen < 2) {
        return 0;
    }
    return missing ? SD_ASYM_CPUCAPACITY : SD_ASYM_CPUCAPACITY | SD_ASYM_CPUCAPACITY_FULL;
}

static uint32_t domain_flags(const struct builder *b, uint32_t level, const struct span *span)
{
    const struct topo_level *tl = &b->levels[level];
    uint32_t flags = SD_BALANCE_NEWIDLE | SD_BALANCE_EXEC | SD_BALANCE_FORK | SD_WAKE_AFFINE |
                     SD_PREFER_SIBLING | tl->flags | asym_flags(b, span);

    if (flags & SD_NUMA) {
        flags &= ~(uint32_t)SD_PREFER_SIBLING;
        flags |= SD_SERIALIZE;
        if (tl->numa_distance > b->m->reclaim_distance) {
            flags &= ~(uint32_t)(SD_BALANCE_EXEC | SD_BALANCE_FORK | SD_WAKE_AFFINE);
        }
    }
    if (b->relax_level >= 0 && (int64_t)level >= b->relax_level) {
        flags &= ~(uint32_t)(SD_BALANCE_WAKE | SD_BALANCE_NEWIDLE);
    }
    return flags;
}

/* @map widened by the child's span if that sticks out, as build_sched_domain() repairs it. */
static const struct span *widened_span(struct builder *b, uint64_t *map,
                                       const struct build_domain *child)
{
    if (child && !bitmap_subset(child->span->map, map, b->nr_cpus)) {
        bitmap_or(map, map, child->span->map, b->nr_cpus);
    }
    return span_intern(&b->store->spans, map);
}

static void build_cpu(struct builder *b, uint32_t cpu, const struct span *cpu_map)
{
    g_autofree uint64_t *map = bitmap_new(b->nr_cpus);
    uint32_t level;

    for (level = 0; level < b->nr_levels; level++) {
        const struct span *mask = b->levels[level].mask[cpu];
        struct build_domain *d = builder_domain(b, cpu, level);
        struct build_domain *child = builder_child(b, cpu, level);

        bitmap_and(map, mask->map, b->cpu_map, b->nr_cpus);
        d->mask_weight = b->release < KERNEL_7_3 ? mask->weight : bitmap_weight(map, b->nr_cpus);
        d->flags = domain_flags(b, level, span_intern(&b->store->spans, map));
        if (child && (d->flags & SD_ASYM_CPUCAPACITY) && b->release < KERNEL_7_3) {
            child->flags &= ~(uint32_t)SD_PREFER_SIBLING;
        }
        d->span = widened_span(b, map, child);
        b->height[cpu] = level + 1;
        if (d->span == cpu_map) {
            break;
        }
    }
}

static uint64_t **find_capacities(const struct builder *b)
{
    GPtrArray *sets = g_ptr_array_new();
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(int32_t));
    uint32_t cpu, i;

    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        int32_t capacity = b->m->cpus[cpu].capacity;

        if (!bitmap_test(b->cpu_map, cpu)) {
            continue;
        }
        for (i = 0; i < values->len && g_array_index(values, int32_t, i) != capacity; i++) {
        }
        if (i == values->len) {
            g_array_append_val(values, capacity);
            g_ptr_array_add(sets, bitmap_new(b->nr_cpus));
        }
        bitmap_set(g_ptr_array_index(sets, i), cpu);
    }
    g_ptr_array_add(sets, NULL);
    return (uint64_t **)g_ptr_array_free(sets, FALSE);
}

void builder_init_domains(struct builder *b)
{
    const struct span *cpu_map = span_intern(&b->store->spans, b->cpu_map);
    uint32_t cpu, i;

    b->height = g_new0(uint32_t, b->nr_cpus);
    b->domains = g_new0(struct build_domain, (size_t)b->nr_cpus * b->nr_levels);
    b->capacity_sets = find_capacities(b);
    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        if (bitmap_test(b->cpu_map, cpu)) {
            build_cpu(b, cpu, cpu_map);
        }
    }
    for (i = 0; b->capacity_sets[i]; i++) {
        g_free(b->capacity_sets[i]);
    }
    g_clear_pointer(&b->capacity_sets, g_free);
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

static void set_imb_numa_nr_of(struct builder *b, uint32_t cpu)
{
    uint32_t level, imb = 0, imb_span = 1;

    for (level = 0; level < b->height[cpu]; level++) {
        struct build_domain *d = builder_domain(b, cpu, level);
        const struct build_domain *child = builder_child(b, cpu, level);

        if (!(d->flags & SD_SHARE_LLC) && child && (child->flags & SD_SHARE_LLC)) {
            uint32_t nr_llcs = d->span->weight / child->span->weight;

            imb = MAX(1, nr_llcs == 1 ? d->span->weight / 8 : nr_llcs);
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

    for (cpu = 0; cpu < b->nr_cpus; cpu++) {
        set_imb_numa_nr_of(b, cpu);
    }
}
