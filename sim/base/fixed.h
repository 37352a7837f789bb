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
    uint64_t product;

    /* A division of 128 bits is a function of its own, and is hardly ever needed. */
    if (!__builtin_mul_overflow(a, b, &product)) {
        return product / c;
    }
    return (uint64_t)((uint128)a * b / c);
}

/* floor(@n / @by) and what remains. @by > 0; the quotient must fit 64 bits. */
static inline uint64_t div_rest_u128(uint128 n, uint64_t by, uint64_t *ret_rest)
{
    uint64_t quotient = n >> 64 == 0 ? (uint64_t)n / by : (uint64_t)(n / by);

    *ret_rest = (uint64_t)n - quotient * by;
    return quotient;
}

/* One divisor of many numbers: they cost a multiplication each. */
struct divider {
    uint64_t by, inverse; /* floor((2^64 - 1) / by) */
};

/* @by > 0. */
static inline struct divider divider_of(uint64_t by)
{
    return (struct divider){by, UINT64_MAX / by};
}

/* floor(@n / @d->by), exact: the product falls short of it by two at most. */
static inline uint64_t divide_by(uint64_t n, const struct divider *d)
{
    uint64_t quotient = (uint64_t)((uint128)n * d->inverse >> 64);
    uint64_t rest = n - quotient * d->by;

    while (rest >= d->by) {
        rest -= d->by;
        quotient++;
    }
    return quotient;
}

/* ceil(@a * @b / @c), same conditions. */
static inline uint64_t mul_div_ceil_u64(uint64_t a, uint64_t b, uint64_t c)
{
    return (uint64_t)(((uint128)a * b + (c - 1)) / c);
}

#endif
