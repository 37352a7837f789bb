/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine as JSON, for `topology show --format json`. */
#ifndef NUMASIM_CLI_MACHINE_JSON_H
#define NUMASIM_CLI_MACHINE_JSON_H

#include "machine/machine.h"
#include "observe/json.h"

/*
 * One object: name, vendor, model, description, arch, hybrid, hz, reclaim_distance,
 * page_size_bytes, counts, cpus (by the numbers that the outside uses; core, cluster, l2, llc, die
 * and package are indices), offline and isolated CPUs, nominal_hz, caches (sizes by core, L2 and
 * LLC, 0 unknown), nodes (with their CPUs' numbers), the matrices distances, latency_ns and
 * bandwidth_bytes_per_s (one row to a node; left out where unknown), load (points of the
 * loaded-latency curve of each tier), tlb, costs, block_sources, sources. A node's hmat is there where
 * firmware states it; its abstract_distance is the kernel's, derived where none is stated.
 */
void machine_to_json(struct json_out *out, const struct machine *m);

#endif
