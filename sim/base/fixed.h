/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integer arithmetic that keeps 128 bits in between. */
#ifndef NUMASIM_BASE_FIXED_H
#define NUMASIM_BASE_FIXED_H

#include <stdint.h>

__extension__ typedef unsigned __int128 uint128;
__extension__ typedef __int128 int128;

/* floor(@a * @b / @c) with a 128-bit product. @c > 0; the quotient must fit 64 bits. */
static inline uint64_t mul_div_u64(uint64_t a, uint64_t b, uint64_t c)
{
    return (uint64_t)((uint128)a * b / c);
}

/* ceil(@a * @b / @c), same conditions. */
static inline uint64_t mul_div_ceil_u64(uint64_t a, uint64_t b, uint64_t c)
{
    return (uint64_t)(((uint128)a * b + (c - 1)) / c);
}

#endif
