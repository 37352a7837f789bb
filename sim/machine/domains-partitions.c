/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CPUs domains are built for, and what was up when that happened: isolcpus=, cpuset
 * partitions, hot-plug (kernel/sched/isolation.c, kernel/cgroup/cpuset.c, kernel/sched/core.c).
 */
#include "base/bitmap.h"
#include "machine/domains-internal.h"

static bool went_down(const struct builder *b, uint32_t cpu)
{
    return cpu < b->nr_cpus && b->m->offline && bitmap_test(b->m->offline, cpu);
}

/* CPUs of b->m->offline in the order in which they went down; nr_cpus ends the list. */
static uint32_t *offline_order(const struct builder *b)
{
    const struct sched_domains_options *options = b->options;
    uint32_t *order = g_new(uint32_t, (gsize)b->nr_cpus + 1);
    uint32_t i, nr = 0;
    g_autofree uint64_t *seen = bitmap_new(b->nr_cpus);
    const uint32_t n = options->offlined ? options->nr_offlined : b->nr_cpus;

    for (i = 0; i < n; i++) {
        uint32_t cpu = options->offlined ? (uint32_t)options->offlined[i] : i;

        if (went_down(b, cpu) && !bitmap_test(seen, cpu)) {
            bitmap_set(seen, cpu);
            order[nr++] = cpu;
        }
    }
    order[nr] = b->nr_cpus;
    return order;
}

/*
 * CPUs go offline one by one. The domains are built anew if that changes the CPUs of a partition
 * (partition_sched_domains_locked()), so not when an isolated one leaves; the architecture's masks
 * then wait with their news for the next change. Since 6.10 cpusets handle a leaving CPU at once
 * (cpuset_handle_hotplug()), before the architecture takes it out of its masks: the last one that
 * made a change still counts in their weight. Its node is no longer counted if that was its last
 * CPU (sched_update_numa()). Making a partition builds everything anew.
 */
static void init_maps(struct builder *b)
{
    g_autofree uint32_t *order = offline_order(b);
    uint32_t i, last = 0; /* how many have left when the domains are built last */

    b->online = bitmap_new(b->nr_cpus);
    b->isolated = bitmap_new(b->nr_cpus);
    b->booted = bitmap_new(b->nr_cpus);
    b->counted = bitmap_new(b->nr_cpus);
    b->present = bitmap_new(b->nr_cpus);
    bitmap_fill(b->online, b->nr_cpus);
    if (b->m->offline) {
        bitmap_andnot(b->online, b->online, b->m->offline, b->nr_cpus);
    }
    if (b->m->isolated) {
        bitmap_copy(b->isolated, b->m->isolated, b->nr_cpus);
    }
    bitmap_copy(b->booted, b->online, b->nr_cpus);
    for (i = 0; order[i] < b->nr_cpus; i++) {
        bitmap_set(b->booted, order[i]);
        if (b->options->nr_partitions || !bitmap_test(b->isolated, order[i])) {
            last = i + 1;
        }
    }
    bitmap_copy(b->counted, b->booted, b->nr_cpus);
    for (i = 0; i < last; i++) {
        bitmap_clear(b->counted, order[i]);
    }
    bitmap_copy(b->present, b->counted, b->nr_cpus);
    if (last && b->release >= KERNEL_6_12 && !b->options->nr_partitions) {
        bitmap_set(b->present, order[last - 1]);
    }
}

/* The CPUs of @map by capacity, NULL-terminated. */
static uint64_t **capacity_sets(const struct builder *b, const uint64_t *map)
{
    GPtrArray *sets = g_ptr_array_new();
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(int32_t));
    uint32_t cpu, i;

    for (cpu = bitmap_next(map, b->nr_cpus, 0); cpu < b->nr_cpus;
         cpu = bitmap_next(map, b->nr_cpus, cpu + 1)) {
        int32_t capacity = b->m->cpus[cpu].capacity;

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

static void add_partition(struct builder *b, const uint64_t *map)
{
    struct partition *p = &b->partitions[b->nr_partitions];
    uint32_t cpu;

    if (bitmap_empty(map, b->nr_cpus)) {
        return;
    }
    b->nr_partitions++;
    p->cpus = span_intern(&b->store->spans, map);
    p->capacity_sets = capacity_sets(b, map);
    for (cpu = p->cpus->first; cpu < b->nr_cpus; cpu = bitmap_next(map, b->nr_cpus, cpu + 1)) {
        b->partition_of[cpu] = p;
    }
}

void builder_init_partitions(struct builder *b)
{
    const struct sched_domains_options *options = b->options;
    g_autofree uint64_t *rest = bitmap_new(b->nr_cpus), *map = bitmap_new(b->nr_cpus);
    uint32_t i;

    init_maps(b);
    b->partitions = g_new0(struct partition, (gsize)options->nr_partitions + 1);
    b->partition_of = g_new0(struct partition *, b->nr_cpus);
    bitmap_andnot(rest, b->online, b->isolated, b->nr_cpus);
    for (i = 0; i < options->nr_partitions; i++) {
        bitmap_and(map, rest, options->partitions[i].cpus, b->nr_cpus);
        bitmap_andnot(rest, rest, map, b->nr_cpus);
        if (options->partitions[i].load_balance) {
            add_partition(b, map);
        }
    }
    add_partition(b, rest);
}

void builder_release_partitions(struct builder *b)
{
    uint32_t i, j;

    for (i = 0; i < b->nr_partitions; i++) {
        for (j = 0; b->partitions[i].capacity_sets[j]; j++) {
            g_free(b->partitions[i].capacity_sets[j]);
        }
        g_free(b->partitions[i].capacity_sets);
    }
    g_free(b->partitions);
    g_free(b->partition_of);
    g_free(b->booted);
    g_free(b->online);
    g_free(b->isolated);
    g_free(b->counted);
    g_free(b->present);
}
