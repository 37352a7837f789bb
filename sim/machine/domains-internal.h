/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of sched_domains_new() share. Building goes: levels (which CPU sets each
 * topology level asks for), a domain per CPU and level, groups, then collapsing. CPU sets are
 * interned: equal sets are the same struct span, so that comparing them is comparing pointers.
 */
#ifndef NUMASIM_MACHINE_DOMAINS_INTERNAL_H
#define NUMASIM_MACHINE_DOMAINS_INTERNAL_H

#include "machine/domains.h"

struct span {
    uint64_t *map; /* owned */
    uint32_t nr_words, weight, first;
    uint32_t cores, capacity; /* distinct cores and sum of capacities; 0 until a group asks */
};

/* Unique CPU sets. */
struct span_table {
    uint32_t nr_cpus, nr_words;
    GHashTable *by_map; /* struct span -> itself, owned */
};

void span_table_init(struct span_table *t, uint32_t nr_cpus);
void span_table_release(struct span_table *t);
/* The one span equal to @map. Borrowed from @t. */
struct span *span_intern(struct span_table *t, const uint64_t *map);

/* A ring of groups, shared by all CPUs that see it in the same order. */
struct ring {
    struct sched_group *groups; /* owned */
    uint32_t nr_groups;
    bool overlap, numbered;
    struct ring *variant; /* same groups, other flags of the first one; owned by the ring list */
};

struct domains_store {
    struct span_table spans;
    GPtrArray *rings; /* struct ring, owned */
};

/* One line of the kernel's topology table, arch levels first, then NODE and NUMA. */
struct topo_level {
    const char *name;
    uint32_t flags;           /* SD_* that the level contributes */
    int32_t numa_distance;    /* of a NUMA level, else 0 */
    bool overlap;             /* its groups overlap */
    const struct span **mask; /* [nr_cpus], of the builder's present CPUs; NULL for others */
};

/* A CPU's domain at one topology level while building; span NULL: the tree ended below. */
struct build_domain {
    struct span *span;
    struct ring *ring;
    uint32_t flags;
    uint32_t mask_weight; /* what the intervals derive from */
    uint32_t imb_numa_nr;
    uint32_t first_group_flags; /* flags of the ring's first group as this CPU leaves it */
    bool has_shared;
};

/* The CPUs for which domains are built together: what the kernel calls a cpu_map. */
struct partition {
    const struct span *cpus;
    uint64_t **capacity_sets; /* its CPUs of each distinct capacity, NULL-terminated */
};

struct builder {
    const struct machine *m;
    const struct sched_domains_options *options;
    struct sched_domains *sds;
    struct domains_store *store;
    enum kernel_release release;
    bool numa_levels_lost; /* by hot-plug: enum hotplug_drops_numa */
    uint32_t nr_cpus, nr_words, nr_levels;
    uint64_t *booted, *online; /* CPUs that were ever up, and that are up in the end */
    uint64_t *isolated;        /* isolcpus= */
    /*
     * When the domains were built last: the CPUs that its node set counts, and those that the
     * level masks held; see init_maps().
     */
    uint64_t *counted, *present;
    struct partition *partitions;
    uint32_t nr_partitions;
    struct partition **partition_of; /* [nr_cpus], NULL: the CPU gets no domains */
    struct topo_level *levels;
    uint32_t *height;             /* [nr_cpus]: levels built */
    struct build_domain *domains; /* [nr_levels][nr_cpus] */
    GHashTable *ring_memo, *balance_memo;
    uint32_t balance_levels; /* levels below this are in balance_memo */
};

static inline struct build_domain *builder_domain(const struct builder *b, uint32_t cpu,
                                                  uint32_t level)
{
    return &b->domains[(size_t)level * b->nr_cpus + cpu];
}

/* The domain below (@cpu, @level), or NULL: before collapsing it is the next lower level's. */
static inline struct build_domain *builder_child(const struct builder *b, uint32_t cpu,
                                                 uint32_t level)
{
    return level ? builder_domain(b, cpu, level - 1) : NULL;
}

/* domains-partitions.c: fills the sets of CPUs and the partitions. */
void builder_init_partitions(struct builder *b);
void builder_release_partitions(struct builder *b);

/* domains-levels.c: fills levels and numa_in_package, and by domains-numa.c the rest. */
void builder_init_levels(struct builder *b);
void builder_release_levels(struct builder *b);
/* Appends an empty line to the table. */
struct topo_level *builder_add_level(struct builder *b, const char *name, uint32_t flags);

/* A line for each distance; node distances are 10..255 (sched_init_numa()). */
enum { MAX_NUMA_LEVELS = 246 };
/* domains-numa.c: NODE and NUMA, numa_levels, numa_type and max_distance. */
void builder_add_numa_levels(struct builder *b);
/*
 * domains-distance.c: the distances that the levels of @b are made from, nr_nodes x nr_nodes,
 * newly allocated: the machine's, or what the architecture makes of them.
 */
int32_t *builder_level_distances(const struct builder *b);

/* domains-build.c: every CPU's domains with flags (sd_init()), and imb_numa_nr. */
void builder_init_domains(struct builder *b);
void builder_set_imb_numa_nr(struct builder *b);

/* domains-groups.c: every domain's ring. */
void builder_init_groups(struct builder *b);
/* The ring of @d with the group flags that attaching left; after all CPUs are attached. */
struct ring *builder_final_ring(struct builder *b, uint32_t level, struct build_domain *d);

/*
 * domains-degenerate.c: collapses @cpu's tree (cpu_attach_domain()). Writes the surviving levels,
 * innermost first, to @levels (room for nr_levels) and returns how many there are.
 */
uint32_t builder_attach(struct builder *b, uint32_t cpu, uint32_t *levels);

#endif
