/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small machine of two tiers, and what tests of tiering plugins ask of a run on it. */
#ifndef NUMASIM_TESTS_UNIT_TIER_FIXTURE_H
#define NUMASIM_TESTS_UNIT_TIER_FIXTURE_H

#include "engine-fixture.h"

#include "kernel/internal.h"

#define MIB (INT64_C(1) << 20)
#define MS  NSEC_PER_MSEC

/*
 * Four CPUs and 256 MiB of DRAM, 100 ns away; 1 GiB of memory that takes @slow. Round numbers. Latency
 * rises under load only where @load, a line of its own, says so.
 */
#define TIER_MACHINE_WITH(slow, load)                                                              \
    "numasim: topology/1\ndescription: a test\narch: x86_64\n"                                     \
    "cpus: {packages: 1, cores-per-llc: 4, source: chosen}\n"                                      \
    "memory:\n  nodes: [{nodes: 0, size: 256MiB}, {nodes: 1, size: 1GiB, tier: CXL, package: "     \
    "0}]\n"                                                                                        \
    "  source: chosen\n"                                                                           \
    "distances: {matrix: [[10, 14], [14, 10]], source: chosen}\n"                                  \
    "latency: {matrix: [[100ns, " slow "]], source: chosen}\n"                                     \
    "bandwidth: {matrix: [[40GB/s, 20GB/s]], source: chosen}\n" load                               \
    "caches: {llc: 1MiB, source: chosen}\n"                                                        \
    "costs:\n  context-switch: 1us\n  wakeup: 0us\n"                                               \
    "  wakeup-ipi: {self: 0us, core: 1us, llc: 1us, node: 1us, package: 1us, remote: 2us}\n"       \
    "  idle-exit: 0us\n  fork: 10us\n  exit: 10us\n  tick: 0us\n  balance-pass: 0us\n"             \
    "  balance-cpu: 0us\n"                                                                         \
    "  migration: {self: 0us, core: 1us, llc: 1us, node: 1us, package: 1us, remote: 2us}\n"        \
    "  page-fault: 1us\n  page-zero: 0B/s\n  page-move: 2us\n  page-move-copy: 10GB/s\n"           \
    "  hint-fault: 1us\n  smt-pace: 100%\n  source: chosen\n"

#define TIER_MACHINE TIER_MACHINE_WITH("300ns", "")

static inline int64_t tier_bytes(struct engine *e, const char *comm, int32_t node)
{
    return task_pub(engine_task(e, comm, 0))->process->bytes_by_node[node];
}

static inline uint64_t tier_vmstat(const struct engine *e, enum numasim_vm_item item)
{
    uint64_t sum = 0;

    for (int32_t n = 0; n < e->kernel->nr_nodes; n++) {
        sum += e->kernel->nodes[n].vmstat[item];
    }
    return sum;
}

#endif
