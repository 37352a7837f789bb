/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one description of a machine says, before anything is filled in: an importer's result.
 *
 * A file that was not written for us (sysfs, hwloc, lscpu, a QEMU command line) states some facts
 * and is silent on others. Its reader states here exactly what the file states. Several such files
 * are merged into one; machine_complete() then decides what nobody said, and says so.
 */
#ifndef NUMASIM_MACHINE_FACTS_H
#define NUMASIM_MACHINE_FACTS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine/machine.h"

enum { FACTS_UNKNOWN = -1 };
/* Bounds of the numbers that the outside uses: CONFIG_NODES_SHIFT 10, and room for sparse CPUs. */
enum { FACTS_MAX_NODE_ID = 1024, FACTS_MAX_CPU_ID = 65536 };

/*
 * In what ways CPUs belong together. A CPU's key in each is any number >= 0: CPUs with the same key
 * share that object, and keys mean nothing else, except that of FACTS_NODE, which is the node's
 * number outside. Keys are unique in the machine, not in a package: a reader of "core 3 of socket
 * 1" makes one number of both, or uses the lowest CPU of the sharing set.
 */
enum facts_group {
    FACTS_CORE,
    FACTS_CLUSTER,
    FACTS_L2,
    FACTS_L3, /* the cache beyond L2 that is nearest to memory, whatever its level */
    FACTS_DIE,
    FACTS_PACKAGE,
    FACTS_NODE,
    NR_FACTS_GROUPS
};
const char *facts_group_name(enum facts_group group); /* "core", "cluster", "L2", ... */

struct facts_cpu {
    int32_t id;                            /* the number outside */
    int32_t group[NR_FACTS_GROUPS];        /* a key, or FACTS_UNKNOWN */
    int32_t capacity;                      /* as the kernel's cpu_capacity, 0 unknown */
    int32_t priority;                      /* firmware ranking, higher is preferred, 0 unknown */
    int64_t l1d_bytes, l2_bytes, l3_bytes; /* of the caches that it uses, 0 unknown */
    int64_t base_hz, max_hz;               /* 0 unknown */
    bool offline, isolated;
};

struct facts_node {
    int32_t id;           /* the number outside */
    int64_t memory_bytes; /* FACTS_UNKNOWN, or what it has; 0 is a memory-less node */
    int32_t tier;         /* enum machine_tier, or FACTS_UNKNOWN */
    char *subtype;        /* "MCDRAM", "GPUMemory": what the outside calls it; owned, or NULL */
    int32_t near_cpu; /* a node without CPUs: a CPU of the package that it hangs on, or unknown */
    int64_t side_cache_bytes; /* memory-side cache, 0: none */
    int64_t read_bandwidth_bytes_per_s, write_bandwidth_bytes_per_s; /* of all of it, 0 unknown */
    struct machine_coordinates hmat; /* what firmware says; all 0 unless all four are stated */
    int64_t hugetlb_2m_pages, hugetlb_1g_pages;
};

/* Which pairs of nodes a number belongs to: a CPU's node (or the node a device hangs on), memory. */
enum facts_pair { FACTS_DISTANCE, FACTS_LATENCY_NS, FACTS_BANDWIDTH_BYTES_PER_S, NR_FACTS_PAIRS };

/* The parts of a description, each with where it comes from. The same as the blocks of a topology. */
struct facts {
    char *name;           /* of the machine, or NULL; this and the next three are owned */
    char *vendor, *model; /* of the CPUs, or NULL */
    char *description;    /* or NULL */
    int32_t arch;         /* enum machine_arch, or FACTS_UNKNOWN: facts_take_arch() */
    char *other_arch;     /* what the outside calls it if that is none of ours; owned, or NULL */
    int32_t cpu_family;   /* of an x86, as CPUID counts, 0 unknown */
    int32_t threads_per_core;     /* where a count is all that is stated, else 0 */
    bool lists_all_online;        /* every CPU that is online is in @cpus */
    int32_t hybrid;               /* 1: an x86 of several core types, 0: not, FACTS_UNKNOWN */
    int32_t reclaim_distance, hz; /* 0 unknown, and then as facts_reclaim_distance() says */
    int64_t page_size_bytes, cache_line_bytes; /* 0 unknown */
    int64_t l1d_bytes, l2_bytes, l3_bytes;     /* of each where its CPUs do not say, 0 unknown */
    GArray *cpus;                              /* struct facts_cpu, ascending by id */
    GArray *nodes;                             /* struct facts_node, ascending by id */
    GHashTable *pairs[NR_FACTS_PAIRS];         /* private: facts_pair_get(), facts_pair_set() */
    char *source; /* what was read: "sysfs of host a1", for people; never NULL */
    char *block_sources[NR_MACHINE_BLOCKS]; /* NULL: nothing of this block is stated */
    GPtrArray *notes; /* char *: what was odd or left out, a line each, for people */
    GPtrArray *pins;  /* struct facts_pin: of a virtual machine's description */
};

/* A guest's CPU or memory node tied to the host's CPUs or nodes (libvirt's <cputune>, <numatune>). */
struct facts_pin {
    bool memory; /* @id is a guest node and @host a list of nodes; else CPUs */
    int32_t id;
    char *host; /* a cpulist in the host's numbers, owned */
};

/*
 * Takes the architecture from what `uname -m` calls it. One that is not modelled becomes that which
 * comes nearest and is kept in @f->other_arch, for machine_complete() to tell. NULL: nothing.
 */
void facts_take_arch(struct facts *f, const char *name);
/* The one name that machines have for a vendor: "Intel" for "GenuineIntel"; others as they are. */
const char *facts_vendor_name(const char *vendor);
/* True iff the CPUs are AMD's or Hygon's of family 17h or later, by family or else by name. */
bool facts_is_zen(const struct facts *f);
/*
 * What Linux sets node_reclaim_distance to: arch/x86/kernel/cpu/amd.c and hygon.c (32 on Zen),
 * RECLAIM_DISTANCE of arch/powerpc's and arch/ia64's asm/topology.h, else of linux/topology.h.
 */
int32_t facts_reclaim_distance(const struct facts *f, enum machine_arch arch);

/* Empty facts of what @source (copied) names; never NULL. */
struct facts *facts_new(const char *source);
/* The same of "WHAT in FILE": @what was read from the file at @path, of which only the name is told. */
struct facts *facts_new_of(const char *what, const char *path);
void facts_free(struct facts *f);
typedef struct facts facts_t; /* for g_autoptr(facts_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(facts_t, facts_free)

/*
 * The CPU or node that the outside numbers @id, made with everything unknown if it is not there
 * yet. Borrowed, and only until the next CPU or node is made. @id must lie below FACTS_MAX_CPU_ID
 * or FACTS_MAX_NODE_ID: the reader checks it, with its own file position.
 */
struct facts_cpu *facts_cpu(struct facts *f, int32_t id);
struct facts_node *facts_node(struct facts *f, int32_t id);
/* The same, but NULL if it is not there. */
struct facts_cpu *facts_find_cpu(const struct facts *f, int32_t id);
struct facts_node *facts_find_node(const struct facts *f, int32_t id);

/* The number of a pair of nodes in the outside's numbers; 0 if nobody said one. */
int64_t facts_pair_get(const struct facts *f, enum facts_pair pair, int32_t from, int32_t to);
void facts_pair_set(struct facts *f, enum facts_pair pair, int32_t from, int32_t to, int64_t value);

/* Says that @block is stated by @source ("lscpu -e"); several calls make a list. */
void facts_state(struct facts *f, enum machine_block block, const char *source);
/* Adds a line for people: what was odd, what was left out, what was taken for what. */
void facts_note(struct facts *f, const char *format, ...) G_GNUC_PRINTF(2, 3);
void facts_pin(struct facts *f, bool memory, int32_t id, const char *host);

/*
 * Adds to @f what @other says and @f does not. Where both speak they must agree: the same CPUs
 * share a core, LLC, package or node; the same distances; memory that differs by less than 1/64
 * (tools round differently) stays as @f says. False with NUMASIM_ERROR_INPUT naming both sources
 * and the first contradiction; @f is then half merged and only to be freed.
 */
bool facts_merge(struct facts *f, const struct facts *other, GError **error);

/*
 * The machine, finished, with every gap filled from @like, a complete machine of about that kind:
 * its costs, its latencies by tier (raised with distance), its cache sizes and memory a core.
 * Appends to @lines (char *) one line for each thing that was filled in, corrected or is unusual.
 * @host may be NULL; otherwise facts about a guest take latencies and tiers from the host's nodes
 * that their pins name. NULL with NUMASIM_ERROR_INPUT if no machine can be made of the facts.
 */
struct machine *machine_complete(const struct facts *f, const struct machine *like,
                                 const struct machine *host, GPtrArray *lines, GError **error);

#endif
