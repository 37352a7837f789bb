/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domains of all CPUs as trees, outermost first, for drawing. A node holds the CPUs whose
 * domains agree from the top down to it. Where spans nest, these are the CPUs of its span. Where
 * they overlap, as on a ring of nodes, the span reaches beyond: then a node stands for what those
 * CPUs see, and its siblings' spans have CPUs in common.
 */
#ifndef NUMASIM_MACHINE_DOMAINS_TREE_H
#define NUMASIM_MACHINE_DOMAINS_TREE_H

#include "machine/domains.h"

struct domain_node {
    const struct sched_domain *domain; /* as its first CPU has it; borrowed */
    uint32_t depth;                    /* 0: outermost */
    uint64_t *members;                 /* bitmap of nr_cpus */
    uint64_t *alone;                   /* members that have no domain below this one */
    uint32_t nr_members;
    bool exact;          /* members are the span */
    GPtrArray *children; /* struct domain_node, by their first CPU */
};

/* The outermost domains, by their first CPU: one, or more where partitions split the machine. The
 * array owns its nodes, which point into @sds. */
GPtrArray *domain_trees_new(const struct sched_domains *sds);
/* The domain of @cpu, a member of @node, there. */
const struct sched_domain *domain_node_of(const struct sched_domains *sds,
                                          const struct domain_node *node, uint32_t cpu);
/* How many of @nodes from the @first on differ in nothing but which CPUs they have; at least 1. */
guint domain_nodes_alike(const GPtrArray *nodes, guint first);

#endif
