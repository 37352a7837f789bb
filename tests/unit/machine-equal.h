/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether two machines are the same, for tests of what comes back from a file. */
#ifndef NUMASIM_TESTS_MACHINE_EQUAL_H
#define NUMASIM_TESTS_MACHINE_EQUAL_H

#include <glib.h>
#include <stdbool.h>

#include "machine/machine.h"

/* What is compared. CPUs and nodes must have the same numbers outside, whatever is asked for. */
enum machine_aspect {
    SAME_NAMES = 1 << 0,        /* name, vendor, model, description */
    SAME_ARCH = 1 << 1,         /* arch, hybrid */
    SAME_KERNEL = 1 << 2,       /* HZ, reclaim distance, page size */
    SAME_CORES = 1 << 3,        /* which CPUs share a core, and their order in it */
    SAME_CLUSTERS = 1 << 4,     /* which CPUs share a cluster; the next four likewise */
    SAME_L2S = 1 << 5,          /* ... */
    SAME_LLCS = 1 << 6,         /* ... */
    SAME_DIES = 1 << 7,         /* ... */
    SAME_PACKAGES = 1 << 8,     /* ... */
    SAME_CPU_NODES = 1 << 9,    /* the node of each CPU */
    SAME_CAPACITIES = 1 << 10,  /* capacity, priority */
    SAME_CACHE_SIZES = 1 << 11, /* of each CPU's L1d, L2, LLC */
    SAME_CACHE_LINE = 1 << 12,
    SAME_MEMORY = 1 << 13, /* bytes of each node */
    SAME_TIERS = 1 << 14,
    SAME_SUBTYPES = 1 << 15,
    SAME_SIDE_CACHES = 1 << 16,
    SAME_NODE_PACKAGES = 1 << 17,   /* where nodes hang */
    SAME_NODE_BANDWIDTHS = 1 << 18, /* of their controllers */
    SAME_HUGETLB = 1 << 19,
    SAME_DISTANCES = 1 << 20, /* and whether they are irregular */
    SAME_LATENCY = 1 << 21,   /* from nodes with CPUs, as the next */
    SAME_BANDWIDTH = 1 << 22,
    SAME_FREQUENCY = 1 << 23,
    SAME_LINKS = 1 << 24,
    SAME_COSTS = 1 << 25,
    SAME_OFFLINE = 1 << 26,
    SAME_ISOLATED = 1 << 27,
    SAME_SOURCES = 1 << 28, /* of each block */
    SAME_INDICES =
        1 << 29,         /* cores, LLCs and so on have the same indices, not just the same CPUs */
    SAME_LOAD = 1 << 30, /* loaded-latency curves, LLC bandwidth, TLB, what ranks tiers */
    SAME_ALL = INT32_MAX,
    /* Which CPUs and nodes there are and what they share. */
    SAME_CPUS = SAME_CORES | SAME_CLUSTERS | SAME_L2S | SAME_LLCS | SAME_DIES | SAME_PACKAGES |
                SAME_CPU_NODES,
};

/*
 * True iff @a and @b, both finished, agree in all of @aspects (enum machine_aspect, or-ed). Else
 * @ret_difference (may be NULL) is the first difference in words, newly allocated.
 */
bool machine_equal(const struct machine *a, const struct machine *b, uint32_t aspects,
                   char **ret_difference);

/* Fails the test with the difference, if there is one. */
void machine_assert_equal(const struct machine *a, const struct machine *b, uint32_t aspects);

#endif
