/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counter-based random numbers. A draw is a pure function of (seed, stream, entity, index): it
 * depends on nothing that happened before, so changing a policy never changes what a workload
 * asks for. Three streams exist (design: workload, boot, policy).
 */
#ifndef NUMASIM_BASE_RNG_H
#define NUMASIM_BASE_RNG_H

#include <stdint.h>

enum rng_stream { RNG_WORKLOAD = 1, RNG_BOOT = 2, RNG_POLICY = 3 };

/* A keyed generator; a value, copy it freely. */
struct rng {
    uint64_t key[2];
};

/* The generator of @stream under @seed. */
struct rng rng_init(uint64_t seed, enum rng_stream stream);
/* The generator of entity @id within @parent (task, request, CPU...); @id any value. */
struct rng rng_entity(const struct rng *parent, uint64_t id);
/* A stable 64-bit id for a name, for use as an entity id. */
uint64_t rng_name_id(const char *name);

/* Draw number @index: 64 uniform bits. */
uint64_t rng_u64(const struct rng *r, uint64_t index);
/* Draw number @index, uniform in 0..@n-1 without bias worth naming (< 2^-32); @n > 0. */
uint64_t rng_below(const struct rng *r, uint64_t index, uint64_t n);
/* Fills @perm with a random permutation of 0..@n-1 (uses indices 0..@n-1 of @r). */
void rng_permutation(const struct rng *r, uint32_t *perm, uint32_t n);

#endif
