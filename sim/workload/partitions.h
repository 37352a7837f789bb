/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cpuset partitions (cpuset.cpus.partition) that workloads make, for building the domains. */
#ifndef NUMASIM_WORKLOAD_PARTITIONS_H
#define NUMASIM_WORKLOAD_PARTITIONS_H

#include <glib.h>

#include "machine/domains.h"
#include "workload/workload.h"

/* struct sched_partition, with the sets of CPUs that they point to. */
struct workload_partitions {
    struct sched_partition *partitions;
    uint32_t nr_partitions;
    GPtrArray *sets; /* owns them */
};

/*
 * The partitions of all @workloads on @m. One below another comes first and its CPUs are not the
 * outer one's. False with NUMASIM_ERROR_INPUT, which names the cgroup's place in its file, where
 * one names a CPU that @m lacks, where two workloads or two replicas want the same CPU, and where no
 * online CPU is left outside.
 */
bool workload_partitions_init(struct workload_partitions *p,
                              const struct workload *const *workloads, uint32_t nr_workloads,
                              const struct machine *m, GError **error);
void workload_partitions_release(struct workload_partitions *p);

#endif
