/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory-side caches: HBM in front of DRAM in cache mode, DRAM in front of persistent memory in memory
 * mode. No kernel decides what is in one, so it holds an even part of all memory of its node that is
 * used: of U used bytes, a cache of S bytes has S / U, and the part of accesses that miss it moves in
 * SIDE_CACHE_PARTS steps. Flat mode is nodes of their own.
 */
#ifndef NUMASIM_KERNEL_MM_SIDE_CACHE_H
#define NUMASIM_KERNEL_MM_SIDE_CACHE_H

#include <stdint.h>

struct kernel;

enum { SIDE_CACHE_PARTS = 64 };

void side_caches_new(struct kernel *k);
void side_caches_free(struct kernel *k);

/* More or less of @node's memory is used than before; rates follow. */
void side_cache_node_used(struct kernel *k, int32_t node);
/* Of @misses accesses to @node, those that its memory-side cache does not have; 0 where it has none. */
uint64_t side_cache_misses(const struct kernel *k, int32_t node, uint64_t misses);

#endif
