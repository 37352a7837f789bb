/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slow-domains.h"

#include <string.h>

#include "base/bitmap.h"

/* --- Levels ---------------------------------------------------------------------------------- */

static bool same_node(const struct machine *m, uint32_t a, uint32_t b)
{
    return m->cpus[a].node == m->cpus[b].node;
}

static bool share_core(const struct machine *m, uint32_t a, uint32_t b)
{
    return m->cpus[a].core == m->cpus[b].core && same_node(m, a, b);
}

static bool share_l2(const struct machine *m, uint32_t a, uint32_t b)
{
    return m->cpus[a].l2 == m->cpus[b].l2 && same_node(m, a, b);
}

static bool share_llc(const struct machine *m, uint32_t a, uint32_t b)
{
    return m->cpus[a].llc == m->cpus[b].llc && same_node(m, a, b);
}

static uint64_t online_of(const struct machine *m)
{
    uint64_t online = 0;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        online |= (uint64_t)!bitmap_test(m->offline, (uint32_t)cpu) << cpu;
    }
    return online;
}

static void add_arch_level(struct slow_domains *s, const struct machine *m, const char *name,
                           uint32_t flags,
                           bool (*together)(const struct machine *, uint32_t, uint32_t))
{
    struct slow_level *level = &s->levels[s->nr_levels++];
    const uint64_t online = online_of(m);

    level->name = name;
    level->flags = flags;
    for (uint32_t a = 0; a < (uint32_t)m->nr_cpus; a++) {
        for (uint32_t b = 0; b < (uint32_t)m->nr_cpus; b++) {
            level->mask[a] |= (uint64_t)together(m, a, b) << b;
        }
        level->mask[a] &= online;
    }
}

/* A level for each distance that occurs between nodes with online CPUs. */
static void add_numa_levels(struct slow_domains *s, const struct machine *m, bool new_rules)
{
    const uint64_t online = online_of(m);
    bool first = true;

    for (int32_t d = 0; d < 256; d++) {
        struct slow_level level = {.name = first ? "NODE" : "NUMA", .overlap = !first};
        bool occurs = false;

        level.flags = first ? 0 : SD_NUMA | (new_rules ? 0 : SD_OVERLAP);
        level.distance = first ? 0 : d;
        for (uint32_t a = 0; a < (uint32_t)m->nr_cpus; a++) {
            for (uint32_t b = 0; b < (uint32_t)m->nr_cpus; b++) {
                const int32_t distance = machine_distance(m, m->cpus[a].node, m->cpus[b].node);

                if ((online >> a & 1) && (online >> b & 1)) {
                    occurs |= distance == d;
                    level.mask[a] |= (uint64_t)(distance <= d) << b;
                }
            }
        }
        if (occurs) {
            s->levels[s->nr_levels++] = level;
            first = false;
        }
    }
}

static bool nodes_share_package(const struct machine *m, bool all)
{
    for (int32_t a = 0; a < m->nr_cpus; a++) {
        for (int32_t b = 0; b < m->nr_cpus; b++) {
            if (m->cpus[a].package == m->cpus[b].package && m->cpus[a].node != m->cpus[b].node &&
                (all || (!bitmap_test(m->offline, (uint32_t)a) &&
                         !bitmap_test(m->offline, (uint32_t)b)))) {
                return true;
            }
        }
    }
    return false;
}

static void add_levels(struct slow_domains *s, const struct machine *m, enum kernel_release release)
{
    const bool old = release <= KERNEL_6_1, newest = release == KERNEL_7_3;
    const bool hybrid = release == KERNEL_6_1 && m->hybrid;

    if (!newest || m->nr_cores < m->nr_cpus) {
        add_arch_level(s, m, "SMT", SD_SHARE_CPUCAPACITY | SD_SHARE_LLC, share_core);
    }
    if (!hybrid) {
        add_arch_level(s, m, "CLS", old ? SD_SHARE_LLC : SD_CLUSTER | SD_SHARE_LLC, share_l2);
    }
    add_arch_level(s, m, "MC", SD_SHARE_LLC, share_llc);
    if (hybrid || !nodes_share_package(m, newest)) {
        add_arch_level(s, m, old ? "DIE" : "PKG", 0, same_node);
    }
    add_numa_levels(s, m, newest);
}

/* --- Domains --------------------------------------------------------------------------------- */

static uint32_t weight_of(uint64_t set)
{
    return (uint32_t)__builtin_popcountll(set);
}

static uint32_t asym_flags(const struct machine *m, uint64_t span, uint64_t cpu_map)
{
    bool in_span[1025] = {false}, in_map[1025] = {false};
    uint32_t seen = 0, missing = 0;

    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        in_span[m->cpus[cpu].capacity] |= span >> cpu & 1;
        in_map[m->cpus[cpu].capacity] |= cpu_map >> cpu & 1;
    }
    for (uint32_t i = 0; i <= 1024; i++) {
        seen += in_span[i];
        missing += in_map[i] && !in_span[i];
    }
    return seen < 2  ? 0
           : missing ? SD_ASYM_CPUCAPACITY
                     : SD_ASYM_CPUCAPACITY | SD_ASYM_CPUCAPACITY_FULL;
}

static struct slow_domain *make_domain(struct slow_domains *s, const struct machine *m,
                                       const struct sched_domains_options *options,
                                       uint64_t cpu_map, uint32_t level, uint32_t cpu)
{
    const struct slow_level *tl = &s->levels[level];
    struct slow_domain *sd = g_new0(struct slow_domain, 1);
    const bool newest = options->release == KERNEL_7_3;

    g_ptr_array_add(s->owned, sd);
    sd->name = tl->name;
    sd->level = level;
    sd->span = tl->mask[cpu] & cpu_map;
    sd->min_interval = weight_of(newest ? sd->span : tl->mask[cpu]);
    sd->flags = SD_BALANCE_NEWIDLE | SD_BALANCE_EXEC | SD_BALANCE_FORK | SD_WAKE_AFFINE |
                SD_PREFER_SIBLING | tl->flags | asym_flags(m, sd->span, cpu_map);
    sd->child = level ? s->built[cpu][level - 1] : NULL;
    if ((sd->flags & SD_ASYM_CPUCAPACITY) && sd->child && !newest) {
        sd->child->flags &= ~(uint32_t)SD_PREFER_SIBLING;
    }
    if (sd->flags & SD_NUMA) {
        sd->flags = (sd->flags & ~(uint32_t)SD_PREFER_SIBLING) | SD_SERIALIZE;
        if (tl->distance > m->reclaim_distance) {
            sd->flags &= ~(uint32_t)(SD_BALANCE_EXEC | SD_BALANCE_FORK | SD_WAKE_AFFINE);
        }
    }
    if (options->relax_level >= 0 && (int32_t)level >= options->relax_level) {
        sd->flags &= ~(uint32_t)SD_BALANCE_NEWIDLE;
    }
    if (sd->child) {
        sd->child->parent = sd;
        sd->span |= sd->child->span;
    }
    return sd;
}

static void set_imb_numa_nr(struct slow_domain *base, enum kernel_release release)
{
    uint32_t imb = 0, imb_span = 1;

    for (struct slow_domain *sd = base; sd; sd = sd->parent) {
        const struct slow_domain *top = sd->parent;
        const uint32_t weight = weight_of(sd->span);

        if (!(sd->flags & SD_SHARE_LLC) && sd->child && (sd->child->flags & SD_SHARE_LLC)) {
            imb = weight / weight_of(sd->child->span);
            imb = imb > 1 ? imb : release == KERNEL_5_18 ? weight / 4 : MAX(1, weight / 8);
            while (top && !(top->flags & SD_NUMA)) {
                top = top->parent;
            }
            imb_span = top ? weight_of(top->span) : weight;
            sd->imb_numa_nr = imb;
        } else {
            sd->imb_numa_nr = imb * MAX(1, weight / imb_span);
        }
    }
}

/* --- Groups ---------------------------------------------------------------------------------- */

/* The CPUs of @span from @cpu on, wrapping; -1 ends. */
static int32_t next_in(uint64_t span, int32_t at, int32_t from, bool start)
{
    int32_t i = start ? at : (at + 1) % SLOW_MAX_CPUS;

    for (; start || i != from; i = (i + 1) % SLOW_MAX_CPUS, start = false) {
        if (span >> i & 1) {
            return i;
        }
    }
    return -1;
}

static struct slow_group *new_group(struct slow_domains *s, const struct slow_domain *of,
                                    uint32_t cpu)
{
    struct slow_group *g = g_new0(struct slow_group, 1);

    g_ptr_array_add(s->owned, g);
    g->span = of->child ? of->child->span : of->level ? of->span : UINT64_C(1) << cpu;
    g->flags = of->child ? of->child->flags : 0;
    g->balance = g->span;
    g->sgc_level = of->level;
    g->sgc_cpu = (uint32_t)__builtin_ctzll(g->span);
    return g;
}

static void plain_groups(struct slow_domains *s, struct slow_domain *sd, uint32_t cpu,
                         struct slow_group *shared[SLOW_MAX_CPUS][SLOW_MAX_LEVELS])
{
    uint64_t covered = 0;

    for (int32_t i = next_in(sd->span, (int32_t)cpu, (int32_t)cpu, true); i >= 0;
         i = next_in(sd->span, i, (int32_t)cpu, false)) {
        const struct slow_domain *sibling = s->built[i][sd->level];
        struct slow_group **slot;

        if (covered >> i & 1) {
            continue;
        }
        slot = &shared[sibling->child ? __builtin_ctzll(sibling->child->span) : i][sd->level];
        if (!*slot) {
            *slot = new_group(s, sibling, (uint32_t)i);
        }
        sd->groups[sd->nr_groups++] = *slot;
        covered |= (*slot)->span;
    }
}

static void overlap_groups(struct slow_domains *s, struct slow_domain *sd, uint32_t cpu)
{
    uint64_t covered = 0;

    for (int32_t i = next_in(sd->span, (int32_t)cpu, (int32_t)cpu, true); i >= 0;
         i = next_in(sd->span, i, (int32_t)cpu, false)) {
        const struct slow_domain *sibling = s->built[i][sd->level];
        struct slow_group *g;

        if ((covered >> i & 1) || !sibling || !(sibling->span >> i & 1)) {
            continue;
        }
        if (sibling->child && (sibling->child->span & ~sd->span)) {
            while (sibling->child && (sibling->child->span & ~sd->span)) {
                sibling = sibling->child;
            }
            while (sibling->child && sibling->child->span == sibling->span) {
                sibling = sibling->child;
            }
        }
        sd->groups[sd->nr_groups++] = g = new_group(s, sibling, (uint32_t)i);
        covered |= g->span;
        g->balance = 0;
        for (uint32_t j = 0; j < SLOW_MAX_CPUS; j++) {
            const struct slow_domain *other = s->built[j][sibling->level];

            if ((g->span >> j & 1) && other && other->child && other->child->span == g->span) {
                g->balance |= UINT64_C(1) << j;
            }
        }
        g->balance = g->balance ? g->balance : g->span;
        g->sgc_cpu = (uint32_t)__builtin_ctzll(g->balance);
    }
}

/* --- Collapsing ------------------------------------------------------------------------------ */

static bool degenerate(const struct slow_domain *sd)
{
    const uint32_t needs_groups = ~(uint32_t)SD_WAKE_AFFINE;

    return weight_of(sd->span) == 1 ||
           (!((sd->flags & needs_groups) && sd->nr_groups > 1) && !(sd->flags & SD_WAKE_AFFINE));
}

static bool parent_degenerate(const struct slow_domain *sd, const struct slow_domain *parent)
{
    const uint32_t left =
        parent->nr_groups == 1 ? parent->flags & (uint32_t)SD_WAKE_AFFINE : parent->flags;

    return degenerate(parent) || (sd->span == parent->span && !(left & ~sd->flags));
}

static struct slow_domain *attach(struct slow_domain *base, bool new_rules)
{
    struct slow_domain *sd = base;

    while (sd && sd->parent) {
        struct slow_domain *parent = sd->parent;

        if (!parent_degenerate(sd, parent)) {
            sd = parent;
            continue;
        }
        sd->parent = parent->parent;
        if (sd->parent && new_rules) {
            sd->parent->groups[0]->flags = sd->flags;
        }
        sd->flags |= parent->flags & SD_PREFER_SIBLING;
    }
    if (base && degenerate(base)) {
        base = base->parent;
        if (base) {
            base->groups[0]->flags = 0;
        }
    }
    return base;
}

/* --- All together ---------------------------------------------------------------------------- */

static void build_partition(struct slow_domains *s, const struct machine *m,
                            const struct sched_domains_options *options, uint64_t cpu_map,
                            struct slow_group *shared[SLOW_MAX_CPUS][SLOW_MAX_LEVELS])
{
    for (uint32_t cpu = 0; cpu < SLOW_MAX_CPUS; cpu++) {
        for (uint32_t level = 0; (cpu_map >> cpu & 1) && level < s->nr_levels; level++) {
            s->built[cpu][level] = make_domain(s, m, options, cpu_map, level, cpu);
            if (s->built[cpu][level]->span == cpu_map) {
                break;
            }
        }
    }
    for (uint32_t cpu = 0; cpu < SLOW_MAX_CPUS; cpu++) {
        for (uint32_t level = 0; (cpu_map >> cpu & 1) && level < s->nr_levels; level++) {
            struct slow_domain *sd = s->built[cpu][level];

            if (sd && s->levels[level].overlap) {
                overlap_groups(s, sd, cpu);
            } else if (sd) {
                plain_groups(s, sd, cpu, shared);
            }
        }
    }
    for (uint32_t cpu = 0; cpu < SLOW_MAX_CPUS; cpu++) {
        if (cpu_map >> cpu & 1) {
            set_imb_numa_nr(s->built[cpu][0], options->release);
            s->base[cpu] = attach(s->built[cpu][0], options->release >= KERNEL_6_12);
        }
    }
}

struct slow_domains *slow_domains_new(const struct machine *m,
                                      const struct sched_domains_options *options)
{
    struct slow_group *shared[SLOW_MAX_CPUS][SLOW_MAX_LEVELS] = {{NULL}};
    struct slow_domains *s = g_new0(struct slow_domains, 1);
    uint64_t rest = online_of(m);

    s->owned = g_ptr_array_new_with_free_func(g_free);
    add_levels(s, m, options->release);
    for (int32_t cpu = 0; cpu < m->nr_cpus; cpu++) {
        rest &= ~((uint64_t)bitmap_test(m->isolated, (uint32_t)cpu) << cpu);
    }
    for (uint32_t i = 0; i < options->nr_partitions; i++) {
        const uint64_t cpu_map = options->partitions[i].cpus[0] & rest;

        rest &= ~cpu_map;
        if (options->partitions[i].load_balance) {
            build_partition(s, m, options, cpu_map, shared);
        }
    }
    build_partition(s, m, options, rest, shared);
    return s;
}

void slow_domains_free(struct slow_domains *s)
{
    g_ptr_array_unref(s->owned);
    g_free(s);
}
