/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small machines by their shape, and what a test says of their domains. */
#ifndef NUMASIM_TESTS_UNIT_DOMAINS_FIXTURE_H
#define NUMASIM_TESTS_UNIT_DOMAINS_FIXTURE_H

#include "machine/domains.h"

struct shape {
    int32_t nodes, cores_per_node, threads, llcs_per_node, nodes_per_package;
    const int32_t *distances; /* nodes x nodes */
    enum machine_arch arch;
};

/* Everything but machine_finish(), so that a test can change it first. */
struct machine *machine_of(const struct shape *s);
/* Finishes @m and builds its domains. */
struct sched_domains *domains_of(struct machine *m, enum kernel_release release);

struct sched_domain *domain(const struct sched_domains *sds, int32_t cpu, uint32_t index);
/* @groups: "{span}" of each group in ring order; a balance mask unlike the span follows a '/'. */
void assert_domain(const struct sched_domains *sds, int32_t cpu, uint32_t index, const char *name,
                   const char *span, const char *groups);
/* @expected: the names of the levels that @cpu has, "SMT MC NUMA". */
void assert_stack(const struct sched_domains *sds, int32_t cpu, const char *expected);

#endif
