/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to facts-sysfs*.c: one reading of a tree of sysfs and proc. */
#ifndef NUMASIM_FORMAT_FACTS_SYSFS_PRIVATE_H
#define NUMASIM_FORMAT_FACTS_SYSFS_PRIVATE_H

#include "format/facts/tree.h"
#include "machine/facts.h"

#define SYSFS_CPU  "sys/devices/system/cpu"
#define SYSFS_NODE "sys/devices/system/node"

struct sysfs {
    struct facts_tree *tree;
    struct facts *f;
    int32_t nr;            /* CPUs that have a folder, or, without any, a block in cpuinfo */
    int32_t *ids;          /* [nr] the kernel's numbers, ascending */
    int32_t *index;        /* [FACTS_MAX_CPU_ID]: number -> place in ids, -1 */
    bool *online;          /* [nr] */
    int32_t family, model; /* of an x86, -1 unknown */
    int64_t nominal_hz;    /* of all CPUs, as proc/cpuinfo words it; 0 unknown */
    uint64_t *node_ids;    /* [FACTS_MAX_NODE_ID bits]: nodes that have a folder */
    uint64_t *strangers;   /* [FACTS_MAX_CPU_ID bits]: in lists, but not there */
    GPtrArray *malformed;  /* char *: paths of files that cannot be read as what they are */
    /* Of sysfs-memory.c alone: nodes that are a DAX device's, and each node's lowest CPU. */
    bool dax[FACTS_MAX_NODE_ID];
    int32_t first_cpu[FACTS_MAX_NODE_ID];
};

/* --- sysfs-text.c: single files ----------------------------------------------------------- */

/* The decimal number that a file begins with; false if there is none. */
bool sysfs_int(const struct sysfs *s, int64_t *ret, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The list of numbers ("0-3,8") in a file, below @nr_bits; false if there is none. */
bool sysfs_list(const struct sysfs *s, uint64_t *map, uint32_t nr_bits, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/*
 * The CPUs that @folder/@map names, or else @folder/@list, as places in s->ids; those that the tree
 * does not have are left out and added to s->strangers, a file that is neither to s->malformed.
 * False if neither file can be read. The map comes first, for all
 * kernels have it, and where snapshots of old ones have lists that contradict it, it is right.
 */
bool sysfs_cpu_set(const struct sysfs *s, uint64_t *set, const char *folder, const char *map,
                   const char *list);
/* Reads a bitmap as the kernel prints it: "00000000,0000000f". */
bool sysfs_parse_map(const char *text, uint64_t *map, uint32_t nr_bits);
/* A size with its unit: "32K", "30M", "1024"; 0 if it is none, or more than memory can be. */
int64_t sysfs_size(const char *text);
/* N of @name, if it is @prefix with a number N < @max behind it; else -1. */
int32_t sysfs_number_of(const char *name, const char *prefix, int32_t max);
/* The value of the first line "KEY : VALUE" of proc/cpuinfo text, newly allocated, or NULL. */
char *sysfs_cpuinfo_value(const char *cpuinfo, const char *key);

/* --- sysfs-whole.c: the machine as a whole, and which CPUs there are ----------------------- */

bool sysfs_find_cpus(struct sysfs *s, const char *name, GError **error);
void sysfs_read_whole(struct sysfs *s, bool live);
void sysfs_read_speeds(struct sysfs *s);

/* --- sysfs-vote.c: sets that contradict one another ---------------------------------------- */

/* What each CPU says of the CPUs that share something with it. */
struct sysfs_sets {
    int32_t nr;
    uint64_t *bits; /* [nr * BITMAP_WORDS(nr)] */
    bool *stated;   /* [nr] */
};
struct sysfs_sets *sysfs_sets_new(int32_t nr);
void sysfs_sets_free(struct sysfs_sets *sets);
typedef struct sysfs_sets sysfs_sets_t; /* for g_autoptr(sysfs_sets_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sysfs_sets_t, sysfs_sets_free)
uint64_t *sysfs_sets_of(const struct sysfs_sets *sets, int32_t cpu);
/*
 * Makes a partition of @sets: a CPU belongs to the set that contains it and that most of its own
 * members state. Writes the lowest member to @keys [nr], -1 where no set contains a CPU, and
 * returns how many CPUs state another set than the one they are put into, or one with a member
 * that is put elsewhere.
 */
int32_t sysfs_sets_vote(const struct sysfs_sets *sets, int32_t *keys);

/* --- sysfs-groups.c, sysfs-caches.c, sysfs-nodes.c, sysfs-memory.c -------- */

void sysfs_read_groups(struct sysfs *s);
void sysfs_read_caches(struct sysfs *s);
/* Reads @sets of every online CPU into its @group; notes what was contradictory. */
void sysfs_assign(struct sysfs *s, enum facts_group group, const struct sysfs_sets *sets);
void sysfs_read_nodes(struct sysfs *s);
/* What kind of memory nodes have, from all that is known of them by now. */
void sysfs_read_memory_kinds(struct sysfs *s);

#endif
