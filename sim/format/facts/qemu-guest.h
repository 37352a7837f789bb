/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual machine as QEMU is told to make it, and the machine that its guest then sees. Filled
 * from a command line or from libvirt's XML, which is turned into such a command line.
 *
 * The rules are those of QEMU's hw/core/machine-smp.c, hw/core/numa.c, hw/core/machine.c,
 * hw/i386/x86-common.c, hw/arm/virt.c and target/i386/cpu.c, version 8.2.
 */
#ifndef NUMASIM_FORMAT_FACTS_QEMU_GUEST_H
#define NUMASIM_FORMAT_FACTS_QEMU_GUEST_H

#include "format/facts/qemu-text.h"

/* The levels of -smp from the outermost, and the two counts. */
enum qemu_smp {
    QEMU_DRAWERS,
    QEMU_BOOKS,
    QEMU_SOCKETS,
    QEMU_DIES,
    QEMU_CLUSTERS,
    QEMU_MODULES,
    QEMU_CORES,
    QEMU_THREADS,
    NR_QEMU_LEVELS,
    QEMU_CPUS = NR_QEMU_LEVELS,
    QEMU_MAXCPUS,
    NR_QEMU_SMP
};

struct qemu_node {
    int32_t id;
    int64_t memory_bytes; /* FACTS_UNKNOWN: neither mem= nor memdev= */
    char *memdev;         /* id of an -object, or NULL; owned */
    int32_t initiator;    /* node, or -1 */
    int64_t side_cache_bytes;
    struct qemu_place place;
};

struct qemu_backend {
    int64_t size_bytes;
    char *host_nodes; /* a nodelist, or NULL; owned */
};

/* `-numa node,cpus=` and `-numa cpu`: CPUs that a node gets. */
struct qemu_assignment {
    int32_t node;
    int32_t first, last;        /* numbers, or -1: by the ids */
    int32_t id[NR_QEMU_LEVELS]; /* -1: any */
    struct qemu_place place;
};

/* A number between two nodes, not yet checked against the nodes that there are. */
struct qemu_link {
    enum facts_pair pair;
    int32_t from, to;
    int64_t value;
    struct qemu_place place;
};

/* `-device pc-dimm,memdev=,node=` and its like: memory beside that of -numa. */
struct qemu_dimm {
    char *memdev; /* owned */
    int32_t node;
    struct qemu_place place;
};

/* What the guest kernel's command line says of the machine. */
struct qemu_boot {
    bool numa_off, acpi_off, no_hmat, nosmt;
    int64_t memory_bytes;                 /* all that the kernel uses, -1: all there is */
    int64_t max_cpus;                     /* those brought up at boot, -1: all */
    int64_t nr_cpus;                      /* those that may exist, -1: all */
    char *isolated_list, *isolated_flags; /* of isolcpus=, or NULL; owned */
    struct qemu_place isolated_place;
    uint64_t *isolated; /* the same as a bitmap of FACTS_MAX_CPU_ID, or NULL; owned */
};

struct qemu_guest {
    const struct facts_input *in; /* borrowed */
    const char *cpus_source, *nodes_source;
    int64_t smp[NR_QEMU_SMP]; /* 0: not given */
    struct qemu_place smp_place;
    int64_t memory_bytes;
    int32_t arch;        /* enum machine_arch, or FACTS_UNKNOWN */
    char *machine;       /* type, or NULL; owned, as the next */
    char *cpu_model;     /* or NULL */
    bool has_option;     /* one that makes the machine was among the words */
    bool prefer_sockets; /* a machine of QEMU before 6.2 */
    bool kvm, l3_cache, host_cache, topoext, topoext_off;
    int64_t unit[NR_QEMU_LEVELS]; /* CPUs in one of the level */
    GArray *places;               /* int64_t: of each CPU of the facts, its place in the levels */
    enum qemu_smp cache_level[2]; /* of L2 and L3 by smp-cache, NR_QEMU_LEVELS: not given */
    GArray *nodes;                /* struct qemu_node */
    GHashTable *backends;         /* id -> struct qemu_backend */
    GArray *assignments;          /* struct qemu_assignment */
    GArray *plugged;              /* struct qemu_assignment: CPUs that -device adds */
    GArray *links;                /* struct qemu_link */
    GArray *dimms;                /* struct qemu_dimm */
    struct qemu_boot boot;
    struct facts *facts; /* owned until qemu_guest_finish() */
};

/* Names of the keys of -smp, NULL-terminated, in the order of enum qemu_smp. */
extern const char *const qemu_smp_names[NR_QEMU_SMP + 1];

struct qemu_guest *qemu_guest_new(const struct facts_input *in, const char *source);
void qemu_guest_free(struct qemu_guest *guest);
typedef struct qemu_guest qemu_guest_t; /* for g_autoptr(qemu_guest_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(qemu_guest_t, qemu_guest_free)

/* Applies the options among @words (struct qemu_word *); what is no fact of a machine is passed. */
bool qemu_guest_options(struct qemu_guest *guest, const GPtrArray *words, GError **error);
/* The type of a machine ("pc-q35-6.1"): its architecture, and which rules it is from. */
void qemu_guest_machine(struct qemu_guest *guest, const char *type);
/* A CPU model with its flags, "Skylake-Server,l3-cache=off". */
bool qemu_guest_cpu(struct qemu_guest *guest, const struct qemu_word *word, GError **error);
/* The guest kernel's command line. */
bool qemu_guest_boot(struct qemu_guest *guest, const struct qemu_word *word, GError **error);
/*
 * The list of isolcpus= as the CPUs that are isolated in the end, of @nr_possible possible CPUs.
 * The kernel keeps one for housekeeping.
 */
bool qemu_guest_isolate(struct qemu_guest *guest, int32_t nr_possible, GError **error);
/* One -numa option. */
bool qemu_guest_numa(struct qemu_guest *guest, const struct qemu_word *word, GError **error);

/* Fills what -smp left out, in the way of the machine's version. */
bool qemu_guest_complete_smp(struct qemu_guest *guest, GError **error);
/* The CPUs of the guest into its facts; the nodes are defined. */
bool qemu_guest_make_cpus(struct qemu_guest *guest, GError **error);
/* What the guest reads of its caches from its CPU model, into the facts. */
void qemu_guest_make_caches(struct qemu_guest *guest);
/* The nodes with their memory and distances into the facts. After the CPUs. */
bool qemu_guest_make_nodes(struct qemu_guest *guest, GError **error);

/* What the guest is, as facts, which the caller then owns. NULL with NUMASIM_ERROR_INPUT. */
struct facts *qemu_guest_finish(struct qemu_guest *guest, GError **error);

#endif
