/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How Linux ranks memory: each node has an abstract distance, smaller for faster, and nodes of the same
 * chunk of it form a memory tier (mm/memory-tiers.c, include/linux/memory-tiers.h, 6.12).
 */
#ifndef NUMASIM_MACHINE_TIERS_H
#define NUMASIM_MACHINE_TIERS_H

#include "machine/machine.h"

/* MEMTIER_CHUNK_SIZE; MEMTIER_ADISTANCE_DRAM; drivers/dax/kmem.c: MEMTIER_DEFAULT_DAX_ADISTANCE. */
enum { MACHINE_TIER_CHUNK = 128, MACHINE_ADISTANCE_DRAM = 576, MACHINE_ADISTANCE_DAX = 5 * 576 };

/*
 * mm/memory-tiers.c: mt_perf_to_adistance(), 6.12: 576 x latency / the reference's x the reference's
 * bandwidth / bandwidth, latencies in ns, bandwidths in MiB/s, each the sum of reads and writes; left
 * to right, and each quotient is truncated. At least 1.
 */
int32_t machine_perf_to_adistance(const struct machine_coordinates *perf,
                                  const struct machine_coordinates *dram);

/*
 * @ret[nr_nodes]: the abstract distance of each node. One that the topology states is taken. Else a node
 * with CPUs has 576; one that `hmat` describes is computed against the first DRAM node with CPUs that
 * `hmat` describes, too; HBM without it against the machine's own latencies and bandwidths, for a
 * machine with flat HBM has an HMAT; other DRAM 576; and the rest, onlined from a dax device, 2880.
 * Where DRAM nodes with CPUs differ by more than a tenth in what firmware says of them, the kernel
 * gives up on it (mt_set_default_dram_perf()): then `hmat` counts for nothing.
 */
void machine_abstract_distances(const struct machine *m, int32_t *ret);

#endif
