/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/rational.h"

struct rational rational_make(int128 num, int128 den)
{
    return den < 0 ? (struct rational){-num, -den} : (struct rational){num, den};
}

/* The same for non-negative fractions: integer parts first, then the reciprocals of the rests. */
static int compare_unsigned(uint128 a_num, uint128 a_den, uint128 b_num, uint128 b_den)
{
    int sign = 1;

    for (;;) {
        uint128 a_whole = a_num / a_den, b_whole = b_num / b_den;
        uint128 a_rest = a_num % a_den, b_rest = b_num % b_den;

        if (a_whole != b_whole) {
            return a_whole < b_whole ? -sign : sign;
        }
        if (a_rest == 0 || b_rest == 0) {
            return a_rest == b_rest ? 0 : a_rest == 0 ? -sign : sign;
        }
        a_num = a_den;
        a_den = a_rest;
        b_num = b_den;
        b_den = b_rest;
        sign = -sign;
    }
}

int rational_compare(struct rational a, struct rational b)
{
    if ((a.num < 0) != (b.num < 0)) {
        return a.num < 0 ? -1 : 1;
    }
    if (a.num < 0) {
        return -compare_unsigned((uint128)-a.num, (uint128)a.den, (uint128)-b.num, (uint128)b.den);
    }
    return compare_unsigned((uint128)a.num, (uint128)a.den, (uint128)b.num, (uint128)b.den);
}

int64_t rational_round(struct rational r, int64_t multiplier)
{
    uint128 magnitude = (uint128)(r.num < 0 ? -r.num : r.num) * (uint128)multiplier;
    uint128 den = (uint128)r.den, whole = magnitude / den, rest = magnitude % den;

    whole += rest >= den - rest ? 1 : 0;
    return r.num < 0 ? (int64_t) - (int128)whole : (int64_t)whole;
}
