/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exact fractions, for holding measured values against bounds: a comparison never rounds and never
 * overflows, whatever the 128-bit parts hold.
 */
#ifndef NUMASIM_BASE_RATIONAL_H
#define NUMASIM_BASE_RATIONAL_H

#include "base/fixed.h"

struct rational {
    int128 num;
    int128 den; /* > 0 */
};

/* @num / @den with any sign of @den, which must not be 0. Neither may be the least int128. */
struct rational rational_make(int128 num, int128 den);
/* < 0, 0 or > 0 as @a is below, equal to or above @b: Euclid's algorithm on both at once. */
int rational_compare(struct rational a, struct rational b);
/* @r scaled by @multiplier (>= 0), to the nearest integer, half away from zero. The product of
 * numerator and multiplier, and the result, must fit their types. */
int64_t rational_round(struct rational r, int64_t multiplier);

#endif
