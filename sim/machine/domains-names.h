/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a drawing names a set of CPUs: by its cpulist, or by nodes where cpulists are long. */
#ifndef NUMASIM_MACHINE_DOMAINS_NAMES_H
#define NUMASIM_MACHINE_DOMAINS_NAMES_H

#include "machine/domains.h"

struct cpu_set_names;

/* Keeps @m and @sds, which must outlive it. */
struct cpu_set_names *cpu_set_names_new(const struct machine *m, const struct sched_domains *sds);
void cpu_set_names_free(struct cpu_set_names *names); /* accepts NULL */
/*
 * "0-7"; or, on a machine with long cpulists, "nodes 0-1,3" for what is no single range and all
 * the CPUs of those nodes that have domains. Newly allocated.
 */
char *cpu_set_name_new(struct cpu_set_names *names, const uint64_t *set);
/* The same of a set that lives as long as the domains; made once. Borrowed. */
const char *cpu_set_name(struct cpu_set_names *names, const uint64_t *set);
/* True iff some set was named by its nodes. */
bool cpu_set_names_has_nodes(const struct cpu_set_names *names);

#endif
