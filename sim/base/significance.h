/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a difference between paired runs more than chance? Arithmetic alone, no libm, and draws of a keyed
 * generator: the same numbers everywhere.
 */
#ifndef NUMASIM_BASE_SIGNIFICANCE_H
#define NUMASIM_BASE_SIGNIFICANCE_H

#include <stdint.h>

/* Up to so many pairs every assignment of signs is counted; beyond, so many are drawn. */
enum { SIGN_FLIP_EXACT = 18, SIGN_FLIP_DRAWS = 100000 };

/*
 * Two-sided p of the paired permutation test (Fisher 1935; Good, "Permutation Tests", 2000): if the two
 * sides were exchangeable, each of @differences[@nr] could as well have the other sign; p is the share
 * of the sign assignments whose sum is as far from 0 as that of @differences, or farther. Exact for
 * @nr <= SIGN_FLIP_EXACT, then (as far + 1) / (draws + 1). 1 where @nr is 0. No p is below 2^(1 - nr).
 */
double sign_flip_p(const int64_t *differences, uint32_t nr);

/* Resamples drawn by bootstrap_interval(). */
enum { BOOTSTRAP_DRAWS = 10000 };

/*
 * The 95 % percentile bootstrap interval (Efron and Tibshirani 1993, chapter 13) of the mean of
 * @values[@nr], @nr > 0. With few values it is too short, as every such interval is.
 */
void bootstrap_interval(const int64_t *values, uint32_t nr, double *ret_low, double *ret_high);

/* Holm's step-down correction (1979) of @p[@nr] in place: to be held against the same level as one. */
void holm_correct(double *p, uint32_t nr);

/* The geometric mean of @values[@nr], all > 0 and finite; 1 where @nr is 0. */
double geometric_mean(const double *values, uint32_t nr);

#endif
