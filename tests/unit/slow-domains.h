/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sched_domains of small machines built the plain way, as a check of the fast way: an object for
 * each CPU and level, linked like the kernel's, nothing shared but what the kernel shares, every
 * set one word. Written from the description of kernel/sched/topology.c, not from machine/.
 */
#ifndef NUMASIM_TESTS_UNIT_SLOW_DOMAINS_H
#define NUMASIM_TESTS_UNIT_SLOW_DOMAINS_H

#include "machine/domains.h"

enum { SLOW_MAX_CPUS = 64, SLOW_MAX_LEVELS = 48 };

struct slow_group {
    uint64_t span, balance;
    uint32_t flags, sgc_level, sgc_cpu; /* whose sched_group_capacity it has */
};

struct slow_domain {
    const char *name;
    uint32_t level, flags, min_interval, imb_numa_nr, nr_groups;
    uint64_t span;
    struct slow_domain *child, *parent;
    struct slow_group *groups[SLOW_MAX_CPUS]; /* in ring order */
};

struct slow_level {
    const char *name;
    uint32_t flags;
    int32_t distance;
    bool overlap;
    uint64_t mask[SLOW_MAX_CPUS];
};

struct slow_domains {
    uint32_t nr_levels;
    struct slow_level levels[SLOW_MAX_LEVELS];
    struct slow_domain *base[SLOW_MAX_CPUS];                   /* after collapsing, or NULL */
    struct slow_domain *built[SLOW_MAX_CPUS][SLOW_MAX_LEVELS]; /* NULL: the tree ended below */
    GPtrArray *owned;
};

/* For machines of at most SLOW_MAX_CPUS CPUs, all of machine.offline gone before the boot. */
struct slow_domains *slow_domains_new(const struct machine *m,
                                      const struct sched_domains_options *options);
void slow_domains_free(struct slow_domains *s);

#endif
