/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of small integers (CPUs, nodes) as arrays of 64-bit words, and the cpulist text form that
 * the kernel prints ("0-3,8,10-11"; empty set: ""). A set has a size fixed at its creation.
 */
#ifndef NUMASIM_BASE_BITMAP_H
#define NUMASIM_BASE_BITMAP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define BITMAP_WORDS(nr_bits) (((uint32_t)(nr_bits) + 63u) / 64u)

static inline void bitmap_set(uint64_t *map, uint32_t bit)
{
    map[bit >> 6] |= UINT64_C(1) << (bit & 63);
}

static inline void bitmap_clear(uint64_t *map, uint32_t bit)
{
    map[bit >> 6] &= ~(UINT64_C(1) << (bit & 63));
}

static inline bool bitmap_test(const uint64_t *map, uint32_t bit)
{
    return (map[bit >> 6] >> (bit & 63)) & 1;
}

/* A zeroed map of @nr_bits bits, freed with g_free(). */
uint64_t *bitmap_new(uint32_t nr_bits);
/* Sets bits 0..@nr_bits-1 and no other. */
void bitmap_fill(uint64_t *map, uint32_t nr_bits);
/* First set bit >= @from, or @nr_bits. */
uint32_t bitmap_next(const uint64_t *map, uint32_t nr_bits, uint32_t from);
/* First bit >= @from that is set in both, or @nr_bits. */
uint32_t bitmap_next_and(const uint64_t *a, const uint64_t *b, uint32_t nr_bits, uint32_t from);
uint32_t bitmap_weight(const uint64_t *map, uint32_t nr_bits);
bool bitmap_equal(const uint64_t *a, const uint64_t *b, uint32_t nr_bits);
bool bitmap_empty(const uint64_t *map, uint32_t nr_bits);
/* True iff every bit of @a is in @b. */
bool bitmap_subset(const uint64_t *a, const uint64_t *b, uint32_t nr_bits);
bool bitmap_intersects(const uint64_t *a, const uint64_t *b, uint32_t nr_bits);
void bitmap_copy(uint64_t *dst, const uint64_t *src, uint32_t nr_bits);
void bitmap_and(uint64_t *dst, const uint64_t *a, const uint64_t *b, uint32_t nr_bits);
void bitmap_or(uint64_t *dst, const uint64_t *a, const uint64_t *b, uint32_t nr_bits);
void bitmap_andnot(uint64_t *dst, const uint64_t *a, const uint64_t *b, uint32_t nr_bits);

/* The cpulist of @map, newly allocated (transfer full). */
char *bitmap_to_list(const uint64_t *map, uint32_t nr_bits);
/*
 * Parses a cpulist ("0-3,8", "0-31:2/4" group form as the kernel reads it; "" is the empty set)
 * into @map, which has @nr_bits bits and is overwritten. False with @error set, and @map
 * untouched, on bad syntax, a descending range, or a bit >= @nr_bits.
 */
bool bitmap_parse_list(const char *text, uint64_t *map, uint32_t nr_bits, GError **error);

#endif
