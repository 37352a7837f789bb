/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine: CPUs grouped into cores, clusters, LLCs, dies, packages and nodes; nodes with memory
 * of a tier, distances, latencies, bandwidths; and what kernel actions cost on it.
 *
 * The structure is plain data. format/machine/topology-yaml.c fills it, machine_finish() derives the rest
 * and checks it; nothing behind that knows which file format it came from. All ids are dense
 * indices 0..n-1; where the outside numbers sparsely, the outside's number is kept beside it.
 */
#ifndef NUMASIM_MACHINE_MACHINE_H
#define NUMASIM_MACHINE_MACHINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { MACHINE_MAX_CPUS = 4096, MACHINE_MAX_NODES = 256, MACHINE_LOCAL_DISTANCE = 10 };

enum machine_tier { TIER_HBM, TIER_DRAM, TIER_CXL, TIER_PMEM, NR_TIERS };
const char *machine_tier_name(enum machine_tier tier); /* "HBM", "DRAM", "CXL", "PMEM" */

enum machine_arch { ARCH_X86_64, ARCH_ARM64, ARCH_PPC64, ARCH_IA64, ARCH_RISCV64, NR_ARCHS };
const char *machine_arch_name(enum machine_arch arch); /* as `uname -m` prints it */

/* Where a CPU belongs; every field is an index into the machine's arrays of that kind. */
struct machine_cpu {
    int32_t os_id; /* the number the outside uses; equals the index unless ids are sparse */
    int32_t core, cluster, l2, llc, die, package, node;
    int32_t thread;   /* 0..: place among its core's threads, by CPU number */
    int32_t capacity; /* 1..1024, as the kernel's cpu_capacity; 1024 is the fastest CPU */
    int32_t priority; /* firmware ranking for asymmetric packing; higher is preferred, 0 unknown */
};

struct machine_llc {
    int64_t size_bytes;            /* 0 if unknown */
    int64_t bandwidth_bytes_per_s; /* of all its misses together, 0: no limit of its own */
};

/*
 * How fast firmware says a node's memory is for the nearest CPUs (HMAT, or CDAT with the way to the
 * device), which is what Linux ranks it by; all 0 where firmware says nothing.
 */
struct machine_coordinates {
    int64_t read_latency_ns, write_latency_ns;
    int64_t read_bandwidth_bytes_per_s, write_bandwidth_bytes_per_s;
};

struct machine_node {
    int32_t os_id;
    int64_t memory_bytes; /* 0: a memory-less node */
    enum machine_tier tier;
    char *subtype;   /* what the outside calls its memory ("MCDRAM", "GPUMemory"); owned, or NULL */
    int32_t package; /* the package it hangs on, -1 if none is stated or it spans several */
    /* The memory-side cache in front of it, 0: none; the idle latency is that of a hit, and a miss
     * takes so much more; its bandwidth is for hits and fills (0: no limit of its own). */
    int64_t side_cache_bytes, side_cache_bandwidth_bytes_per_s, side_cache_miss_ns;
    /* Of its controllers when all is reads, or writes; 0 if unknown. */
    int64_t read_bandwidth_bytes_per_s, write_bandwidth_bytes_per_s;
    struct machine_coordinates hmat;
    int32_t abstract_distance; /* the kernel's, where stated; 0: machine/tiers.h derives it */
    bool full_duplex; /* reads and writes each have their bandwidth, as across a CXL link */
    int64_t hugetlb_2m_pages, hugetlb_1g_pages;
};

/* One step of the frequency table: with up to @active_cores active in a package, this frequency; with
 * more than the last step names, the last one's. */
struct machine_frequency {
    int32_t active_cores;
    int64_t hz;
};

/*
 * For frequency_idle_ns where a topology with a table does not state it. The limits of turbo count the
 * cores that are in C0 or C1; how long an idle period must be to be worth a deeper state is the
 * target_residency of C6, in drivers/idle/intel_idle.c, 6.12: 600 us in skx_cstates[] and icx_cstates[].
 */
#define MACHINE_FREQUENCY_IDLE_NS INT64_C(600000)

/*
 * How latency rises with load: at this part of a controller's bandwidth, it is so many times the idle
 * one. Points ascend.
 */
struct machine_curve_point {
    uint32_t utilisation_ppm, factor_ppm; /* 0..1e6; >= 1e6 */
};
struct machine_curve {
    struct machine_curve_point *points;
    int32_t nr_points; /* 0: unknown, latency does not rise */
};

/* What the TLB of a core reaches (its last level), and what a miss costs; entries 0: never misses. */
struct machine_tlb {
    int32_t entries_base, entries_2m, entries_1g;
    int64_t walk_ns;
};

/*
 * An explicit link from one node to another. Where a machine has any, accesses go along them, by the
 * fewest (of as few, by the lowest numbers); where it has none, each pair of nodes has its own link of
 * the bandwidth that the matrix states.
 */
struct machine_link {
    int32_t from, to; /* nodes */
    int64_t bandwidth_bytes_per_s;
    int64_t latency_ns;
};

/*
 * What kernel actions cost, in ns of simulated time. "By distance" arrays are indexed by enum
 * machine_reach: the nearest level that both CPUs share.
 */
enum machine_reach {
    REACH_SELF,    /* the same CPU */
    REACH_CORE,    /* SMT siblings */
    REACH_LLC,     /* same last-level cache */
    REACH_NODE,    /* same node, another LLC */
    REACH_PACKAGE, /* same package, another node */
    REACH_REMOTE,  /* another package */
    NR_REACHES
};
const char *machine_reach_name(enum machine_reach reach);

struct machine_costs {
    int64_t context_switch_ns;         /* from one task to another */
    int64_t wakeup_ns;                 /* the waker's own time in try_to_wake_up() */
    int64_t wakeup_ipi_ns[NR_REACHES]; /* from the waker's call until the target CPU reacts */
    int64_t idle_exit_ns;     /* an idle CPU, from a task's joining its queue to the switch */
    int64_t resched_ns;       /* a busy CPU, from being asked to pick again to the switch */
    int64_t fork_ns, exit_ns; /* the caller's own time */
    int64_t tick_ns;          /* a tick's work on a busy CPU */
    int64_t balance_pass_ns;  /* one pass over one sched_domain: fixed part */
    int64_t balance_cpu_ns;   /* ... and for each CPU looked at */
    int64_t migration_ns[NR_REACHES]; /* moving a task between CPUs: the kernel's own work */
    int64_t page_fault_ns;            /* first touch of one page, without zeroing */
    int64_t page_zero_bytes_per_s;    /* speed of zeroing a fresh page; 0: free */
    int64_t page_move_ns;             /* migrating one base page: fixed part */
    int64_t page_move_bytes_per_s;    /* ... and its copy */
    int64_t hint_fault_ns;            /* one NUMA hint fault */
    int64_t pte_scan_ns;              /* looking at one present page to protect it */
    int64_t tlb_shootdown_ns, tlb_shootdown_cpu_ns; /* flushing others' TLBs, and each of them */
    int32_t smt_pace_ppm; /* a thread's speed while its sibling is busy, ppm of alone */
};

/* The blocks of a machine's description; each has its source. */
enum machine_block {
    MACHINE_CPUS,
    MACHINE_MEMORY,
    MACHINE_DISTANCES,
    MACHINE_LATENCY,
    MACHINE_BANDWIDTH,
    MACHINE_CACHES,
    MACHINE_FREQUENCY,
    MACHINE_LINKS,
    MACHINE_LOAD,
    MACHINE_TLB,
    MACHINE_COSTS,
    NR_MACHINE_BLOCKS
};
const char *machine_block_name(enum machine_block block); /* "cpus", "memory", ...: the YAML key */

struct machine {
    char *name, *vendor, *model, *description; /* owned; vendor and model may be NULL */
    enum machine_arch arch;
    bool hybrid;              /* an x86 with several types of core (X86_FEATURE_HYBRID_CPU) */
    int32_t hz;               /* CONFIG_HZ of the kernel that ran or would run there */
    int32_t reclaim_distance; /* node_reclaim_distance: 30, 32 on AMD Zen */
    int64_t page_size_bytes;  /* base page */

    int32_t nr_cpus, nr_cores, nr_clusters, nr_l2s, nr_llcs, nr_dies, nr_packages, nr_nodes;
    struct machine_cpu *cpus;       /* [nr_cpus], owned, as all below */
    struct machine_llc *llcs;       /* [nr_llcs] */
    struct machine_node *nodes;     /* [nr_nodes] */
    int32_t *distances;             /* [nr_nodes * nr_nodes], row = from */
    bool irregular_distances;       /* accept 0..255 anywhere, which firmware should not report */
    int64_t *latency_ns;            /* [nr_nodes * nr_nodes], idle load latency, row = CPU node */
    int64_t *bandwidth_bytes_per_s; /* same shape; 0 where unknown */
    int64_t core_hz;                /* nominal frequency, 0 unknown */
    int64_t cache_line_bytes;
    int64_t *l1d_bytes; /* [nr_cores], 0 unknown; NULL until machine_finish() if nobody set it */
    int64_t *l2_bytes;  /* [nr_l2s], the same */
    struct machine_frequency *frequencies;
    int32_t nr_frequencies;
    int64_t frequency_idle_ns; /* a core counts as active until it has idled for so long */
    struct machine_link *links;
    int32_t nr_links;
    struct machine_curve curves[NR_TIERS]; /* of nodes by tier */
    bool
        full_queues; /* what is full makes accesses queue, instead of holding tasks to fair shares */
    struct machine_tlb tlb;
    struct machine_costs costs;
    bool costs_fitted;    /* the costs were fitted to a recording; sources say to which */
    bool online_all;      /* false iff offline below holds a CPU */
    uint64_t *offline;    /* bitmap of nr_cpus: present but offline at boot */
    uint64_t *isolated;   /* bitmap of nr_cpus: isolcpus=domain */
    bool numa_in_package; /* derived: some package holds CPUs of several nodes */
    char **sources;       /* every `source:` of the file, in order, NULL-terminated */
    char *block_sources[NR_MACHINE_BLOCKS]; /* where each block comes from, owned; NULL: no block */
    char *input_digest;                     /* hex digest of the file's bytes, or NULL */

    /* Derived by machine_finish(). Each is a bitmap of BITMAP_WORDS(nr_cpus) words per object. */
    uint64_t *core_cpus, *cluster_cpus, *llc_cpus, *die_cpus, *package_cpus, *node_cpus;
};

/* An empty machine with kernel defaults (HZ 250, reclaim distance 30, 4 KiB pages); never NULL. */
struct machine *machine_new(void);
void machine_free(struct machine *m);
typedef struct machine machine_t; /* for g_autoptr(machine_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(machine_t, machine_free)

/*
 * Derives the per-object CPU sets and thread numbers, and checks the invariants that every reader
 * must deliver: each CPU in exactly one core, LLC, die, package and node that contain one another
 * as hardware does (an LLC may span nodes, a node may hold several LLCs); the diagonal of the
 * distances is 10 and the smallest of its row, unless @m->irregular_distances; every latency of a
 * CPU node is positive. Cache sizes that nobody set become unknown. False with @error naming the
 * object (no file position: the reader's own checks come first).
 */
bool machine_finish(struct machine *m, GError **error);

static inline int32_t machine_distance(const struct machine *m, int32_t from, int32_t to)
{
    return m->distances[from * m->nr_nodes + to];
}

static inline int64_t machine_latency_ns(const struct machine *m, int32_t from, int32_t to)
{
    return m->latency_ns[from * m->nr_nodes + to];
}

/* The nearest level that CPUs @a and @b share. */
enum machine_reach machine_reach(const struct machine *m, int32_t a, int32_t b);

/* Pointers into the derived sets. */
const uint64_t *machine_core_cpus(const struct machine *m, int32_t core);
const uint64_t *machine_cluster_cpus(const struct machine *m, int32_t cluster);
const uint64_t *machine_llc_cpus(const struct machine *m, int32_t llc);
const uint64_t *machine_package_cpus(const struct machine *m, int32_t package);
const uint64_t *machine_node_cpus(const struct machine *m, int32_t node);

/* Nodes in fallback order from @node (kernel-numa.md 2.3, mm/page_alloc.c: find_next_best_node()):
 * writes nr_nodes entries to @order, nodes without memory last. */
void machine_fallback_order(const struct machine *m, int32_t node, int32_t *order);

#endif
