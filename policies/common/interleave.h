/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interleaving by virtual address: the node of a page is a matter of its index alone
 * (mm/mempolicy.c, 6.12: interleave_nid(), weighted_interleave_nid()), so many pages at once are
 * counted, not walked; and the weights that bandwidths give (6.16: reduce_interleave_weights()).
 */
#ifndef NUMASIM_COMMON_INTERLEAVE_H
#define NUMASIM_COMMON_INTERLEAVE_H

#include <numasim-policy.h>

enum { INTERLEAVE_MAX_NODES = 256 };

/* Nodes in turn, each for as many units as its weight; from the unit of index @phase on. */
struct interleave {
    int32_t nr;
    int16_t node[INTERLEAVE_MAX_NODES];
    uint32_t weight[INTERLEAVE_MAX_NODES], before[INTERLEAVE_MAX_NODES];
    int64_t total, phase;
};

/* All on @node. */
static inline void interleave_one(struct interleave *il, int32_t node)
{
    il->nr = 1;
    il->node[0] = (int16_t)node;
    il->weight[0] = 1;
    il->before[0] = 0;
    il->total = 1;
    il->phase = 0;
}

/* Over @nodes, ascending, with @weights by node (NULL: 1 each), from the unit of index @index on. */
static inline void interleave_init(struct interleave *il, const uint64_t *nodes, int32_t nr_nodes,
                                   const uint8_t *weights, int64_t index)
{
    il->nr = 0;
    il->total = 0;
    for (int32_t n = 0; n < nr_nodes && il->nr < INTERLEAVE_MAX_NODES; n++) {
        if (numasim_mask_test(nodes, n)) {
            il->node[il->nr] = (int16_t)n;
            il->weight[il->nr] = weights != NULL ? weights[n] : 1;
            il->before[il->nr] = (uint32_t)il->total;
            il->total += il->weight[il->nr++];
        }
    }
    il->phase = il->total > 0 ? index % il->total : 0;
}

/* How many of the units 0 .. @x - 1, counted from phase 0, are member @i's. */
static inline int64_t interleave_upto(const struct interleave *il, int32_t i, int64_t x)
{
    int64_t rest = x % il->total - (int64_t)il->before[i];

    rest = rest < 0 ? 0 : rest > (int64_t)il->weight[i] ? (int64_t)il->weight[i] : rest;
    return x / il->total * (int64_t)il->weight[i] + rest;
}

/* How many of the first @nr units are member @i's. */
static inline int64_t interleave_count(const struct interleave *il, int32_t i, int64_t nr)
{
    return interleave_upto(il, i, il->phase + nr) - interleave_upto(il, i, il->phase);
}

/* Which member's the first unit is. */
static inline int32_t interleave_first(const struct interleave *il)
{
    int32_t i = 0;

    while (i + 1 < il->nr && interleave_count(il, i, 1) == 0) {
        i++;
    }
    return i;
}

/* Weights of @nr_nodes nodes of which @bandwidth (the lesser of reading and writing, 0 unknown) is
 * given: 32 parts by bandwidth, each at least 1, divided by what they have in common. */
static inline void interleave_weigh(const int64_t *bandwidth, int32_t nr_nodes, uint8_t *weights)
{
    int64_t sum = 0, common = 0;

    for (int32_t n = 0; n < nr_nodes; n++) {
        sum += bandwidth[n];
    }
    for (int32_t n = 0; n < nr_nodes; n++) {
        int64_t weight =
            sum > 0 ? 32 * (bandwidth[n] / 1000) / (sum / 1000 > 0 ? sum / 1000 : 1) : 1;

        weights[n] = (uint8_t)(weight < 1 ? 1 : weight);
        for (int64_t a = weights[n], b = common;;) { /* Euclid's */
            if (b == 0) {
                common = a;
                break;
            }
            int64_t rest = a % b;

            a = b;
            b = rest;
        }
    }
    for (int32_t n = 0; n < nr_nodes && common > 1; n++) {
        weights[n] = (uint8_t)(weights[n] / common);
    }
}

#endif
