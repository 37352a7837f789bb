/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparing an imported machine with the neutral JSON that stands beside a collection of real
 * machine descriptions: what hwloc, and sysfs itself, say of the same machine.
 */
#ifndef NUMASIM_TESTS_TRUTH_NEUTRAL_H
#define NUMASIM_TESTS_TRUTH_NEUTRAL_H

#include <json-glib/json-glib.h>

#include "machine/machine.h"

/* What the machine was imported from: it decides which of the JSON's views of nodes holds. */
enum neutral_source {
    NEUTRAL_SYSFS,     /* nodes as the kernel states them: `raw_sysfs_nodes` where there are any */
    NEUTRAL_HWLOC_XML, /* nodes as hwloc keeps them: `nodes` */
    NEUTRAL_LSCPU      /* as `nodes`, which know only CPUs */
};

/* Kinds of agreement, counted. */
enum neutral_count {
    NEUTRAL_CPUS,
    NEUTRAL_CORES,
    NEUTRAL_CLUSTERS,
    NEUTRAL_L2S,
    NEUTRAL_LLCS,
    NEUTRAL_DIES,
    NEUTRAL_PACKAGES,
    NEUTRAL_NODES,
    NEUTRAL_SIZES, /* memory of nodes */
    NEUTRAL_KINDS, /* of memory */
    NEUTRAL_DISTANCES,
    NEUTRAL_CACHES, /* distinct sizes of a level */
    NEUTRAL_CAPACITIES,
    NR_NEUTRAL_COUNTS
};
const char *neutral_count_name(enum neutral_count count);

struct neutral_report {
    uint32_t agreed[NR_NEUTRAL_COUNTS]; /* CPUs, groups, nodes, pairs that agree */
    GPtrArray *differences;             /* char *: one in words each */
};

/* Everything that @truth states, against @m. Never NULL; freed with neutral_report_free(). */
struct neutral_report *neutral_compare(const struct machine *m, JsonObject *truth,
                                       enum neutral_source source);
void neutral_report_free(struct neutral_report *report);
typedef struct neutral_report neutral_report_t; /* for g_autoptr(neutral_report_t) only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(neutral_report_t, neutral_report_free)

/* Prints @report's differences and counts through g_test_message(), and fails the test if any. */
void neutral_judge(const struct neutral_report *report, const char *name);

/*
 * The folder of descriptions: NUMASIM_TRUTH_MACHINES, or ../shared/truth/machines beside the
 * checkout; its part @kind ("hwloc-xml", "sysfs", "lscpu-e"). NULL where there is none.
 */
char *neutral_folder(const char *kind);
/* Names, without their suffix, of the files in @folder that end in @suffix and have a .json beside
 * them; sorted. */
GPtrArray *neutral_names(const char *folder, const char *suffix);
/* The JSON of @name in @folder. Ends the test program if it cannot be read. */
JsonParser *neutral_load(const char *folder, const char *name);

#endif
