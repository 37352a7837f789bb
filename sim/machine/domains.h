/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sched_domains that Linux would build on a machine (kernel/sched/topology.c). Structure only:
 * what changes while running (intervals, failures) belongs to the balance policy.
 */
#ifndef NUMASIM_MACHINE_DOMAINS_H
#define NUMASIM_MACHINE_DOMAINS_H

#include <glib.h>
#include <stdint.h>

#include "machine/machine.h"

/* Flags, in the declaration order of include/linux/sched/sd_flags.h, 6.12. */
enum sd_flag {
    SD_BALANCE_NEWIDLE = 1u << 0,
    SD_BALANCE_EXEC = 1u << 1,
    SD_BALANCE_FORK = 1u << 2,
    SD_BALANCE_WAKE = 1u << 3,
    SD_WAKE_AFFINE = 1u << 4,
    SD_ASYM_CPUCAPACITY = 1u << 5,
    SD_ASYM_CPUCAPACITY_FULL = 1u << 6,
    SD_SHARE_CPUCAPACITY = 1u << 7,
    SD_CLUSTER = 1u << 8,
    SD_SHARE_LLC = 1u << 9, /* SD_SHARE_PKG_RESOURCES in 6.1 */
    SD_SERIALIZE = 1u << 10,
    SD_ASYM_PACKING = 1u << 11,
    SD_PREFER_SIBLING = 1u << 12,
    SD_OVERLAP = 1u << 13,
    SD_NUMA = 1u << 14,
    SD_LOAD_BALANCE = 1u << 15, /* the first flag of all levels up to 5.8; no names after that */
};

/* Kernel releases whose rules differ; the order is the order of release. */
enum kernel_release {
    KERNEL_4_3,
    KERNEL_5_3,
    KERNEL_5_9,
    KERNEL_5_10,
    KERNEL_5_17,
    KERNEL_5_18,
    KERNEL_6_1,
    KERNEL_6_12,
    KERNEL_6_14, /* the domains of 6.12, schedstat 17 */
    KERNEL_7_3,
    NR_KERNEL_RELEASES
};
/* "4.3", "5.10", "6.12"...; a name between them maps to the nearest older one. */
const char *kernel_release_name(enum kernel_release release);
bool kernel_release_parse(const char *text, enum kernel_release *ret_release, GError **error);

struct sched_group {
    uint64_t *span; /* bitmap of nr_cpus, owned by the domain set */
    uint64_t
        *balance_mask; /* CPUs that may balance for it; equals span where groups do not overlap */
    uint32_t capacity; /* at boot: 1024 a CPU */
    uint32_t weight;   /* CPUs in span */
    uint32_t flags;    /* of the child domain it was made from, 0 if none */
    uint32_t cores;    /* distinct cores in span */
    int32_t id;        /* groups that share a sched_group_capacity have the same id */
};

struct sched_domain {
    const char *name;  /* "SMT", "CLS", "MC", "PKG" (up to 6.1 "DIE"), "NODE", "NUMA" */
    uint32_t level;    /* 0..: innermost that survived is 0 */
    uint32_t tl_level; /* level before degeneration */
    uint32_t flags;    /* enum sd_flag */
    uint64_t *span;
    uint32_t span_weight;
    uint32_t imbalance_pct, min_interval, max_interval, busy_factor, cache_nice_tries, imb_numa_nr;
    uint32_t nr_groups;
    struct sched_group *groups; /* ring order, the first holds the domain's own CPU */
    int32_t numa_distance;      /* of a NUMA level, else 0 */
    bool has_shared;            /* has a struct sched_domain_shared */
};

/*
 * How the groups of NUMA levels are found (kernel/sched/topology.c: build_overlap_sched_groups()).
 * Up to 4.12 every CPU got the list that its span's lowest CPU sees, so that two nodes which are both
 * in all groups of it never exchange a task: "Scheduling Group Construction" in Lozi et al., The
 * Linux Scheduler: a Decade of Wasted Cores, EuroSys 2016. Since then each CPU begins with itself;
 * since 5.13 no group reaches out of its domain.
 */
enum overlap_groups {
    OVERLAP_GROUPS_OF_RELEASE,
    OVERLAP_GROUPS_FROM_CPU0,
    OVERLAP_GROUPS_FROM_SELF,
    OVERLAP_GROUPS_FROM_SELF_3HOP,
    NR_OVERLAP_GROUPS
};

/*
 * Whether a CPU that comes online again costs the machine its levels above MC. So it was from 3.19
 * to 4.9 where a package holds several nodes ("Missing Scheduling Domains" in the same paper;
 * arch/x86/kernel/smpboot.c: primarily_use_numa_for_topology()).
 */
enum hotplug_drops_numa {
    HOTPLUG_DROPS_NUMA_OF_RELEASE,
    HOTPLUG_DROPS_NUMA_OFF,
    HOTPLUG_DROPS_NUMA_ON,
    NR_HOTPLUG_DROPS_NUMA
};

enum numa_topology_type { NUMA_DIRECT, NUMA_GLUELESS_MESH, NUMA_BACKPLANE };

struct domains_store; /* owns the spans and groups that domains share; see domains-internal.h */

struct sched_domains {
    enum kernel_release release;
    enum overlap_groups overlap_groups;         /* as asked for */
    enum hotplug_drops_numa hotplug_drops_numa; /* as asked for */
    int32_t nr_cpus;
    uint32_t *nr_domains;             /* [nr_cpus]; 0 for an isolated or offline CPU */
    struct sched_domain **domains;    /* [nr_cpus][nr_domains[cpu]], innermost first */
    int32_t *sd_llc_id, *sd_llc_size; /* [nr_cpus]; size 0 for an isolated CPU */
    int32_t *numa_levels;             /* distinct distances of the levels, ascending */
    uint32_t nr_numa_levels;
    enum numa_topology_type numa_type;
    int32_t max_distance; /* the largest between nodes that have an online CPU */
    bool numa_in_package; /* x86: some package held CPUs of several nodes, so no PKG level */
    struct sched_partition *partitions; /* a copy of those that were asked for */
    uint32_t nr_partitions;
    uint32_t nr_group_ids;       /* sched_group ids are 0..nr_group_ids-1 */
    struct domains_store *store; /* private */
};

/* CPUs that a cpuset keeps for itself: cpuset.cpus.partition of cgroup v2. */
struct sched_partition {
    const uint64_t *cpus; /* bitmap of nr_cpus: its effective cpuset.cpus */
    bool load_balance;    /* true: `root`; false: `isolated`, its CPUs get no domains */
};

/* What the machine does not say and the kernel learns at boot or later. */
struct sched_domains_options {
    enum kernel_release release;
    /*
     * The boot option relax_domain_level=: domains of tl_level >= it do no newidle balancing
     * (kernel/sched/topology.c: set_domain_attribute()). -1: not given.
     */
    int32_t relax_level;
    /*
     * Partitions that hold no CPU in common; the CPUs in none of them are the root partition
     * (kernel/cgroup/cpuset.c: generate_sched_domains()). Isolated and offline CPUs may stand in
     * a partition; they get no domains there either.
     */
    const struct sched_partition *partitions;
    uint32_t nr_partitions;
    /*
     * CPUs of machine.offline that were up once, in the order in which they went down; the others
     * never came up. NULL: all of them, in ascending order. It matters as domains are built anew
     * only when a partition's CPUs change, and the intervals count what the masks hold then.
     */
    const int32_t *offlined;
    uint32_t nr_offlined;
    enum overlap_groups overlap_groups;
    enum hotplug_drops_numa hotplug_drops_numa;
    bool reonlined; /* some CPU has come online since boot */
};

/* The options of a kernel of @release to which nothing was said. */
static inline struct sched_domains_options sched_domains_defaults(enum kernel_release release)
{
    return (struct sched_domains_options){.release = release, .relax_level = -1};
}

/*
 * Builds the domains of every CPU of @m (finished) by the rules of @release. Never fails on a
 * finished machine. Time O(CPUs x levels x groups).
 */
struct sched_domains *sched_domains_new(const struct machine *m, enum kernel_release release);
/* The same under @options, which are not kept. */
struct sched_domains *sched_domains_new_with(const struct machine *m,
                                             const struct sched_domains_options *options);
void sched_domains_free(struct sched_domains *sds);
typedef struct sched_domains sched_domains_t; /* for g_autoptr(sched_domains_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sched_domains_t, sched_domains_free)

/* The flags of @flags as names in declaration order ("SD_BALANCE_NEWIDLE"...), as @release spells
 * them, each given to @fn. */
void sd_flags_foreach(uint32_t flags, enum kernel_release release,
                      void (*fn)(const char *name, void *data), void *data);
const char *numa_topology_type_name(enum numa_topology_type type); /* "NUMA_DIRECT"... */

#endif
