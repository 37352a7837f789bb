/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rings of groups: kernel/sched/topology.c: build_sched_groups(), and for overlapping levels
 * build_overlap_sched_groups(), find_descended_sibling(), build_balance_mask().
 *
 * The kernel gives each CPU its own ring at an overlapping level. Most are equal: two CPUs with
 * the same domain and child see the same order if the first CPU outside the child, counted from
 * each of them, is the same one. Such CPUs share a ring here.
 */
#include <string.h>

#include "base/bitmap.h"
#include "machine/domains-internal.h"

struct ring_key {
    const struct span *span, *child;
    uint32_t level, next;
};

static guint ring_key_hash(gconstpointer data)
{
    const struct ring_key *key = data;

    return key->level * 31u + key->next * 0x9e3779b1u + key->span->first * 7u + key->span->weight +
           key->child->first * 13u;
}

static gboolean ring_key_equal(gconstpointer a, gconstpointer b)
{
    const struct ring_key *one = a, *two = b;

    return one->span == two->span && one->child == two->child && one->level == two->level &&
           one->next == two->next;
}

/* The first CPU of @map from @from on, wrapping once; nr_cpus if it is empty. */
static uint32_t next_wrap(const struct builder *b, const uint64_t *map, uint32_t from)
{
    uint32_t cpu = bitmap_next(map, b->nr_cpus, from);

    return cpu < b->nr_cpus ? cpu : bitmap_next(map, b->nr_cpus, 0);
}

/* The set {cpu}, for a level without child. */
static struct span *single(struct builder *b, uint32_t cpu)
{
    g_autofree uint64_t *map = bitmap_new(b->nr_cpus);

    bitmap_set(map, cpu);
    return span_intern(&b->store->spans, map);
}

/* Distinct cores in @span and the sum of its CPUs' capacities. */
static void set_totals(const struct builder *b, struct span *span)
{
    g_autofree uint64_t *seen = bitmap_new((uint32_t)b->m->nr_cores);
    uint32_t cpu;

    for (cpu = span->first; cpu < b->nr_cpus; cpu = bitmap_next(span->map, b->nr_cpus, cpu + 1)) {
        bitmap_set(seen, (uint32_t)b->m->cpus[cpu].core);
        span->capacity += (uint32_t)b->m->cpus[cpu].capacity;
    }
    span->cores = bitmap_weight(seen, (uint32_t)b->m->nr_cores);
}

/*
 * @id is provisional: level and CPU of the sched_group_capacity that the kernel would take;
 * numbered densely once it is known which rings survive.
 */
static struct sched_group make_group(const struct builder *b, struct span *span,
                                     const struct span *balance, uint32_t level, uint32_t flags)
{
    if (!span->cores) {
        set_totals(b, span);
    }
    return (struct sched_group){
        .span = span->map,
        .balance_mask = balance->map,
        .weight = span->weight,
        .capacity = span->capacity,
        .flags = flags,
        .cores = span->cores,
        .id = (int32_t)(level * b->nr_cpus + balance->first),
    };
}

/* Remembers for each child span below @level which CPUs have it as theirs. */
static void find_balance_masks(struct builder *b, uint32_t level)
{
    g_autoptr(GHashTable) maps = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    GHashTableIter iter;
    gpointer child, map;
    uint32_t cpu;

    for (cpu = 0; cpu < b->nr_cpus && level; cpu++) {
        if (b->height[cpu] > level) {
            child = builder_child(b, cpu, level)->span;
            map = g_hash_table_lookup(maps, child);
            if (!map) {
                map = bitmap_new(b->nr_cpus);
                g_hash_table_insert(maps, child, map);
            }
            bitmap_set(map, cpu);
        }
    }
    g_hash_table_iter_init(&iter, maps);
    while (g_hash_table_iter_next(&iter, &child, &map)) {
        struct ring_key *key = g_new0(struct ring_key, 1);

        key->span = key->child = child;
        key->level = level;
        g_hash_table_insert(b->balance_memo, key, span_intern(&b->store->spans, map));
    }
}

/*
 * CPUs of @span whose own domain at @level has a child with exactly this span. The kernel warns
 * if there is none, and falls back on the span.
 */
static const struct span *balance_mask(struct builder *b, uint32_t level, struct span *span)
{
    const struct ring_key key = {.span = span, .child = span, .level = level};
    const struct span *mask;

    for (; b->balance_levels <= level; b->balance_levels++) {
        find_balance_masks(b, b->balance_levels);
    }
    mask = g_hash_table_lookup(b->balance_memo, &key);
    return mask ? mask : span;
}

/*
 * The level at which @cpu's child does not reach out of @span; from there on down past levels
 * that add nothing, as those will have collapsed and their capacity be unused.
 */
static uint32_t descended_level(const struct builder *b, uint32_t cpu, uint32_t level,
                                const struct span *span)
{
    while (level > 0 &&
           !bitmap_subset(builder_child(b, cpu, level)->span->map, span->map, b->nr_cpus)) {
        level--;
    }
    while (level > 0 && builder_child(b, cpu, level)->span == builder_domain(b, cpu, level)->span) {
        level--;
    }
    return level;
}

static enum overlap_groups overlap_rule(const struct builder *b)
{
    if (b->options->overlap_groups != OVERLAP_GROUPS_OF_RELEASE) {
        return b->options->overlap_groups;
    }
    return b->release == KERNEL_4_3   ? OVERLAP_GROUPS_FROM_CPU0
           : b->release < KERNEL_5_17 ? OVERLAP_GROUPS_FROM_SELF
                                      : OVERLAP_GROUPS_FROM_SELF_3HOP;
}

/* The group that @cpu stands for in a ring over @span at @level; false if it has none there. */
static bool overlap_group(struct builder *b, uint32_t cpu, uint32_t level, const struct span *span,
                          struct sched_group *ret_group)
{
    const struct build_domain *child;
    struct span *group;

    if (!bitmap_test(builder_domain(b, cpu, level)->span->map, cpu)) {
        return false;
    }
    child = builder_child(b, cpu, level);
    if (child && overlap_rule(b) == OVERLAP_GROUPS_FROM_SELF_3HOP &&
        !bitmap_subset(child->span->map, span->map, b->nr_cpus)) {
        level = descended_level(b, cpu, level, span);
        child = builder_child(b, cpu, level);
    }
    group = child ? child->span : builder_domain(b, cpu, level)->span;
    *ret_group =
        make_group(b, group, balance_mask(b, level, group), level, child ? child->flags : 0);
    return true;
}

static struct sched_group plain_group(struct builder *b, uint32_t cpu, uint32_t level)
{
    const struct build_domain *child = builder_child(b, cpu, level);
    struct span *span = child ? child->span : single(b, cpu);

    return make_group(b, span, span, level, child ? child->flags : 0);
}

/* Puts the ring's first group first: @first of @groups. */
static void rotate(GArray *groups, uint32_t first)
{
    struct sched_group *all = (struct sched_group *)(void *)groups->data;
    g_autofree struct sched_group *copy = g_memdup2(all, groups->len * sizeof(*all));
    uint32_t i;

    for (i = 0; i < groups->len; i++) {
        all[i] = copy[(first + i) % groups->len];
    }
}

/*
 * As up to 4.12: from the lowest CPU of the span, whoever asks; any CPU of the span that has a domain
 * at this level may balance for a group that it is in (build_group_mask()). The ring begins with the
 * first group that holds @cpu, or the last one of which it is the lowest.
 */
static void add_groups_from_cpu0(struct builder *b, uint32_t cpu, uint32_t level,
                                 const uint64_t *alive, GArray *groups)
{
    const struct span *span = builder_domain(b, cpu, level)->span;
    g_autofree uint64_t *todo = bitmap_new(b->nr_cpus), *able = bitmap_new(b->nr_cpus);
    g_autofree uint64_t *mask = bitmap_new(b->nr_cpus);
    uint32_t i, first = UINT32_MAX;

    bitmap_and(able, span->map, alive, b->nr_cpus);
    bitmap_copy(todo, able, b->nr_cpus);
    for (i = bitmap_next(todo, b->nr_cpus, 0); i < b->nr_cpus;
         i = bitmap_next(todo, b->nr_cpus, i + 1)) {
        const struct build_domain *child = builder_child(b, i, level);
        struct span *group = child ? child->span : single(b, i);
        struct sched_group made;

        bitmap_and(mask, group->map, able, b->nr_cpus);
        made = make_group(b, group, span_intern(&b->store->spans, mask), level,
                          child ? child->flags : 0);
        made.id = (int32_t)(level * b->nr_cpus + i);
        if (bitmap_test(group->map, cpu) &&
            (first == UINT32_MAX || bitmap_next(made.balance_mask, b->nr_cpus, 0) == cpu)) {
            first = groups->len;
        }
        bitmap_andnot(todo, todo, group->map, b->nr_cpus);
        g_array_append_val(groups, made);
    }
    rotate(groups, first);
}

static struct ring *finish_ring(struct builder *b, struct ring *ring, GArray *groups)
{
    ring->nr_groups = groups->len;
    ring->groups = (struct sched_group *)(void *)g_array_free(groups, FALSE);
    g_ptr_array_add(b->store->rings, ring);
    return ring;
}

/* @alive: CPUs that have a domain at @level. */
static struct ring *build_ring(struct builder *b, uint32_t cpu, uint32_t level,
                               const uint64_t *alive)
{
    const struct span *span = builder_domain(b, cpu, level)->span;
    g_autofree uint64_t *todo = bitmap_new(b->nr_cpus);
    GArray *groups = g_array_new(FALSE, FALSE, sizeof(struct sched_group));
    struct ring *ring = g_new0(struct ring, 1);
    uint32_t i;

    ring->overlap = b->levels[level].overlap;
    if (ring->overlap && overlap_rule(b) == OVERLAP_GROUPS_FROM_CPU0) {
        add_groups_from_cpu0(b, cpu, level, alive, groups);
        return finish_ring(b, ring, groups);
    }
    bitmap_and(todo, span->map, alive, b->nr_cpus);
    for (i = cpu; i < b->nr_cpus; i = next_wrap(b, todo, i)) {
        struct sched_group group;

        bitmap_clear(todo, i);
        if (!ring->overlap) {
            group = plain_group(b, i, level);
        } else if (!overlap_group(b, i, level, span, &group)) {
            continue;
        }
        bitmap_andnot(todo, todo, group.span, b->nr_cpus);
        g_array_append_val(groups, group);
    }
    return finish_ring(b, ring, groups);
}

static struct ring *find_ring(struct builder *b, uint32_t cpu, uint32_t level,
                              const uint64_t *alive, uint64_t *scratch)
{
    const struct build_domain *d = builder_domain(b, cpu, level);
    const struct build_domain *child = builder_child(b, cpu, level);
    struct ring_key key = {.span = d->span, .level = level}, *stored;
    struct ring *ring;

    key.child = child ? child->span : single(b, cpu);
    bitmap_andnot(scratch, d->span->map, key.child->map, b->nr_cpus);
    /* In a ring from CPU 0's view the first group may depend on the very CPU. */
    key.next = b->levels[level].overlap && overlap_rule(b) == OVERLAP_GROUPS_FROM_CPU0
                   ? cpu
                   : next_wrap(b, scratch, cpu);
    ring = g_hash_table_lookup(b->ring_memo, &key);
    if (!ring) {
        ring = build_ring(b, cpu, level, alive);
        stored = g_new(struct ring_key, 1);
        *stored = key;
        g_hash_table_insert(b->ring_memo, stored, ring);
    }
    return ring;
}

void builder_init_groups(struct builder *b)
{
    g_autofree uint64_t *scratch = bitmap_new(b->nr_cpus), *alive = bitmap_new(b->nr_cpus);
    uint32_t cpu, level;

    b->ring_memo = g_hash_table_new_full(ring_key_hash, ring_key_equal, g_free, NULL);
    b->balance_memo = g_hash_table_new_full(ring_key_hash, ring_key_equal, g_free, NULL);
    for (level = 0; level < b->nr_levels; level++) {
        memset(alive, 0, b->nr_words * sizeof(*alive));
        for (cpu = 0; cpu < b->nr_cpus; cpu++) {
            if (b->height[cpu] > level) {
                bitmap_set(alive, cpu);
            }
        }
        for (cpu = bitmap_next(alive, b->nr_cpus, 0); cpu < b->nr_cpus;
             cpu = bitmap_next(alive, b->nr_cpus, cpu + 1)) {
            struct build_domain *d = builder_domain(b, cpu, level);

            d->ring = find_ring(b, cpu, level, alive, scratch);
            d->first_group_flags = d->ring->groups[0].flags;
        }
    }
    g_clear_pointer(&b->ring_memo, g_hash_table_unref);
    g_clear_pointer(&b->balance_memo, g_hash_table_unref);
}

/* A copy of @ring whose first group has @flags. */
static struct ring *ring_variant(struct builder *b, struct ring *ring, uint32_t flags)
{
    struct ring *copy = g_new0(struct ring, 1);

    copy->groups = g_memdup2(ring->groups, ring->nr_groups * sizeof(*ring->groups));
    copy->groups[0].flags = flags;
    copy->nr_groups = ring->nr_groups;
    copy->overlap = ring->overlap;
    copy->numbered = ring->numbered;
    copy->variant = ring->variant;
    ring->variant = copy;
    g_ptr_array_add(b->store->rings, copy);
    return copy;
}

/*
 * Attaching a CPU writes to the first group of its ring. Where groups do not overlap that object
 * is shared by every CPU of the level, so each group has what its own CPUs wrote; where they
 * overlap it is the CPU's own.
 */
struct ring *builder_final_ring(struct builder *b, uint32_t level, struct build_domain *d)
{
    struct ring *ring = d->ring;
    uint32_t i;

    if (!ring->overlap) {
        for (i = 0; i < ring->nr_groups && !ring->numbered; i++) {
            uint32_t cpu = bitmap_next(ring->groups[i].span, b->nr_cpus, 0);

            ring->groups[i].flags = builder_domain(b, cpu, level)->first_group_flags;
        }
        return ring;
    }
    while (ring && ring->groups[0].flags != d->first_group_flags) {
        ring = ring->variant;
    }
    return ring ? ring : ring_variant(b, d->ring, d->first_group_flags);
}
