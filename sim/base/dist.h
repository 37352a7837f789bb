/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Distributions over non-negative integers (nanoseconds, bytes, counts), drawn without libm so
 * that every compiler and machine gives the same value.
 */
#ifndef NUMASIM_BASE_DIST_H
#define NUMASIM_BASE_DIST_H

#include <stdint.h>

#include "base/rng.h"

enum dist_kind {
    DIST_FIXED,       /* a */
    DIST_UNIFORM,     /* a..b, both included */
    DIST_EXPONENTIAL, /* mean a */
    DIST_NORMAL,      /* mean a, standard deviation b; negative values become 0 */
    DIST_LOGNORMAL,   /* median a, and sigma of the logarithm b / 1e6 */
    DIST_EMPIRICAL,   /* values[i] with weight weights[i] */
};

struct dist {
    enum dist_kind kind;
    int64_t a, b;
    uint32_t nr_values;    /* EMPIRICAL only */
    int64_t *values;       /* owned */
    uint64_t *cum_weights; /* owned; running sums, last one is the total */
};

/* Releases what @d owns and zeroes it. */
void dist_release(struct dist *d);
/* Draw number @index of @r under @d; >= 0. Uses at most indices 2*@index and 2*@index+1 of @r. */
int64_t dist_draw(const struct dist *d, const struct rng *r, uint64_t index);
/* The distribution's mean, rounded; for documentation and offered-load sums. */
int64_t dist_mean(const struct dist *d);

/* -ln(u / 2^64) as a fixed-point number with 32 fractional bits, u > 0; error below 2^-28. */
uint64_t dist_neg_log_q32(uint64_t u);

/* e^@x, and the standard normal quantile at @u / 2^64, to about 1 part in 10^7; by + - * / alone. */
double dist_exp(double x);
double dist_normal_quantile(uint64_t u);

#endif
