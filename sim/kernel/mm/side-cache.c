/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mm/side-cache.h"

#include "kernel/internal.h"
#include "kernel/mm/rate.h"

void side_caches_new(struct kernel *k)
{
    k->side_misses = g_new0(uint32_t, (gsize)k->nr_nodes);
}

void side_caches_free(struct kernel *k)
{
    g_free(k->side_misses);
}

void side_cache_node_used(struct kernel *k, int32_t node)
{
    int64_t size = k->machine->nodes[node].side_cache_bytes;
    int64_t used = k->nodes[node].total_bytes - k->nodes[node].free_bytes;
    uint32_t misses = 0;

    if (size > 0 && used > size) {
        misses = (uint32_t)mul_div_u64(SIDE_CACHE_PARTS, (uint64_t)(used - size), (uint64_t)used);
    }
    if (misses != k->side_misses[node]) {
        k->side_misses[node] = misses;
        k->nr_side_changes++;
        rates_refresh_all(k);
    }
}

uint64_t side_cache_misses(const struct kernel *k, int32_t node, uint64_t misses)
{
    return mul_div_u64(misses, k->side_misses[node], SIDE_CACHE_PARTS);
}
