/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Philox2x64-10: ten rounds of a 64x64->128 bit multiplication keyed by a Weyl sequence, a
 * bijection of a 128-bit counter under a 64-bit key. Salmon, Moraes, Dror, Shaw: "Parallel Random
 * Numbers: As Easy as 1, 2, 3", SC'11 (https://doi.org/10.1145/2063384.2063405), where it passes
 * TestU01's BigCrush. The counter is (index, second key word).
 */
#include "base/rng.h"

#include "base/fixed.h"

/* Multiplier and key increment of Philox2x64, ibid., section 4.3 and table 2. */
#define PHILOX_MULTIPLIER UINT64_C(0xD2B74407B1CE6E93)
#define PHILOX_WEYL       UINT64_C(0x9E3779B97F4A7C15)

enum { PHILOX_ROUNDS = 10 };

/* What sets apart the keys made from a seed, the keys made from a key, and draws: fixed for good. */
#define KEY_OF_SEED   UINT64_C(0x6E756D6173696D31)
#define KEY_OF_ENTITY UINT64_C(0x656E746974792031)

/* FNV-1a of 64 bits: offset basis and prime, draft-eastlake-fnv, section 5. */
#define FNV_OFFSET UINT64_C(0xCBF29CE484222325)
#define FNV_PRIME  UINT64_C(0x00000100000001B3)

struct block {
    uint64_t word[2];
};

static inline struct block philox(uint64_t low, uint64_t high, uint64_t key)
{
#pragma GCC unroll 10 /* a loop's end is mispredicted */
    for (int i = 0; i < PHILOX_ROUNDS; i++) {
        uint128 product = (uint128)PHILOX_MULTIPLIER * low;

        low = (uint64_t)(product >> 64) ^ key ^ high;
        high = (uint64_t)product;
        key += PHILOX_WEYL;
    }
    return (struct block){{low, high}};
}

struct rng rng_init(uint64_t seed, enum rng_stream stream)
{
    struct block b = philox(seed, stream, KEY_OF_SEED);

    return (struct rng){{b.word[0], b.word[1]}};
}

struct rng rng_entity(const struct rng *parent, uint64_t id)
{
    struct block b = philox(id, parent->key[1], parent->key[0] ^ KEY_OF_ENTITY);

    return (struct rng){{b.word[0], b.word[1]}};
}

uint64_t rng_name_id(const char *name)
{
    uint64_t hash = FNV_OFFSET;

    for (; *name; name++) {
        hash = (hash ^ (unsigned char)*name) * FNV_PRIME;
    }
    return hash;
}

uint64_t rng_u64(const struct rng *r, uint64_t index)
{
    return philox(index, r->key[1], r->key[0]).word[0];
}

/*
 * The high part of a 128-bit fraction times @n (Lemire, https://arxiv.org/abs/1805.10941, without
 * the rejection): the chances of two results differ by a part of at most n / 2^128.
 */
uint64_t rng_below(const struct rng *r, uint64_t index, uint64_t n)
{
    struct block b = philox(index, r->key[1], r->key[0]);
    uint128 carry = (uint128)b.word[1] * n >> 64;

    return (uint64_t)(((uint128)b.word[0] * n + carry) >> 64);
}

void rng_permutation(const struct rng *r, uint32_t *perm, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t j = (uint32_t)rng_below(r, i, (uint64_t)i + 1);

        perm[i] = perm[j];
        perm[j] = i;
    }
}
