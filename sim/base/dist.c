/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The logarithm is computed in integers. The normal quantile and the exponential function use
 * doubles, but only + - * /, which IEEE 754 rounds in one way only (the build forbids contraction).
 */
#include "base/dist.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "base/fixed.h"

#define Q32_ONE (UINT64_C(1) << 32)

/* ln 2 with 56 fractional bits, and as a double split so that n * LN2_HIGH is exact for |n| < 2^20. */
#define LN2_Q56  UINT64_C(0x00B17217F7D1CF7A)
#define LN2_HIGH 0x1.62e42fefap-1
#define LN2_LOW  0x1.cf79abc9e3b3ap-40
/* The square root of 2 with 32 fractional bits, rounded. */
#define SQRT2_Q32 UINT64_C(0x16A09E668)

/* 2^63: what does not fit int64_t. */
#define INT64_LIMIT 0x1p63

/* Points of the quantile at which a mean that has no closed form is summed. */
enum { MEAN_POINTS = 1 << 14 };

void dist_release(struct dist *d)
{
    g_free(d->values);
    g_free(d->cum_weights);
    memset(d, 0, sizeof *d);
}

/*
 * With u = 2^e * m, m within a factor sqrt(2) of 1, and s = (m - 1) / (m + 1):
 * ln m = 2 artanh s = 2 (s + s^3/3 + s^5/5 + ...), |s| < 0.172. Cut after s^11 the series is off
 * by less than 2e-11; the roundings at 32 fractional bits add less than 2^-29.
 */
uint64_t dist_neg_log_q32(uint64_t u)
{
    uint32_t shift = (uint32_t)__builtin_clzll(u);
    int64_t one = (int64_t)Q32_ONE;
    int64_t m, s, square, series, result;

    m = (int64_t)((((u << shift) >> 30) + 1) >> 1);
    /* Beyond it of m / 2: the fraction is doubled above and below, then halved to fit 63 bits. Which of
     * the two is as good as chance, so that a branch would be mispredicted. */
    bool low = m <= (int64_t)SQRT2_Q32;
    int64_t above = low ? (m - one) << 1 : m - 2 * one;
    int64_t below = low ? m : m / 2;

    shift += low;
    s = above * (one / 2) / (below + one);
    square = s * s >> 32;
    series = one / 11;
    for (int64_t k = 9; k >= 3; k -= 2) {
        series = (series * square >> 32) + one / k;
    }
    series = s + ((s * square >> 32) * series >> 32);
    result = (int64_t)((shift * LN2_Q56) >> 24) - 2 * series;
    return (uint64_t)MAX(result, 0);
}

/* The square root of @q32, a number with 32 fractional bits, below 64; correct to 2^-28. */
static double sqrt_of_q32(uint64_t q32)
{
    uint64_t rest = q32 << 26;
    uint64_t root = 0;

    for (uint64_t bit = UINT64_C(1) << 62; bit; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (double)root / 0x1p29;
}

/*
 * The standard normal quantile at @u / 2^64, to about 1 part in 10^7: PPND7 of Wichura,
 * "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics 37
 * (1988) 477-484.
 */
double dist_normal_quantile(uint64_t u)
{
    double q = ((double)(u >> 12) + 0.5) / 0x1p52 - 0.5;
    double r, z;

    if (q >= -0.425 && q <= 0.425) {
        r = 0.180625 - q * q;
        return q * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179) /
               (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0);
    }
    r = sqrt_of_q32(dist_neg_log_q32(q < 0.0 ? u | 1 : ~u | 1));
    if (r <= 5.0) {
        r -= 1.6;
        z = (((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777) /
            ((0.12021132975 * r + 0.73700164250) * r + 1.0);
    } else {
        r -= 5.0;
        z = (((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150) /
            ((0.012258202635 * r + 0.24197894225) * r + 1.0);
    }
    return q < 0.0 ? -z : z;
}

/*
 * e^@x = 2^n e^r with |r| <= ln(2)/2 and e^r by its series to r^13, the rest being below 2^-53.
 * 0 or 2^64 where the true value is beyond what the callers can tell from these.
 */
double dist_exp(double x)
{
    double r, power, sum = 1.0;
    int n, half, rest;

    if (x > 44.0) {
        return 0x1p64;
    }
    if (x < -64.0) {
        return 0.0;
    }
    n = (int)(x / (LN2_HIGH + LN2_LOW) + (x < 0.0 ? -0.5 : 0.5));
    r = (x - n * LN2_HIGH) - n * LN2_LOW;
    for (int k = 13; k >= 1; k--) {
        sum = 1.0 + sum * r / k;
    }
    /* In two steps, because n may be 64 or less than -63. */
    half = (n < 0 ? -n : n) / 2;
    rest = (n < 0 ? -n : n) - half;
    power = (double)(UINT64_C(1) << half) * (double)(UINT64_C(1) << rest);
    return n < 0 ? sum / power : sum * power;
}

/* @x rounded to an integer and held within 0..INT64_MAX. */
static int64_t to_result(double x)
{
    if (!(x > 0.0)) {
        return 0;
    }
    return x + 0.5 >= INT64_LIMIT ? INT64_MAX : (int64_t)(x + 0.5);
}

static int64_t exponential(int64_t mean, uint64_t u)
{
    uint128 product = (uint128)(uint64_t)MAX(mean, 0) * dist_neg_log_q32(u ? u : 1);
    uint128 value = (product + Q32_ONE / 2) >> 32;

    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static int64_t normal(const struct dist *d, uint64_t u)
{
    return to_result((double)d->a + (double)d->b * dist_normal_quantile(u));
}

static int64_t lognormal(const struct dist *d, uint64_t u)
{
    return to_result((double)d->a * dist_exp((double)d->b / 1e6 * dist_normal_quantile(u)));
}

static int64_t empirical(const struct dist *d, const struct rng *r, uint64_t index)
{
    uint64_t x = rng_below(r, index, d->cum_weights[d->nr_values - 1]);
    uint32_t low = 0, high = d->nr_values - 1;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (d->cum_weights[middle] > x) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return MAX(d->values[low], 0);
}

int64_t dist_draw(const struct dist *d, const struct rng *r, uint64_t index)
{
    uint64_t at = 2 * index;

    switch (d->kind) {
    case DIST_FIXED:
        return MAX(d->a, 0);
    case DIST_UNIFORM:
        return MAX(
            (int64_t)((uint64_t)d->a + rng_below(r, at, (uint64_t)d->b - (uint64_t)d->a + 1)), 0);
    case DIST_EXPONENTIAL:
        return exponential(d->a, rng_u64(r, at));
    case DIST_NORMAL:
        return normal(d, rng_u64(r, at));
    case DIST_LOGNORMAL:
        return lognormal(d, rng_u64(r, at));
    case DIST_EMPIRICAL:
        return empirical(d, r, at);
    }
    g_assert_not_reached();
}

/* The mean of the normal distribution whose negative values have become 0. */
static int64_t normal_mean(const struct dist *d)
{
    double sum = 0.0;

    if (d->a / 8 >= d->b) {
        return d->a;
    }
    for (uint64_t i = 0; i < MEAN_POINTS; i++) {
        uint64_t u = (2 * i + 1) * (UINT64_MAX / (2 * MEAN_POINTS));

        sum += MAX((double)d->a + (double)d->b * dist_normal_quantile(u), 0.0);
    }
    return to_result(sum / MEAN_POINTS);
}

static int64_t empirical_mean(const struct dist *d)
{
    int128 sum = 0;
    uint64_t before = 0;
    uint64_t total = d->cum_weights[d->nr_values - 1];

    for (uint32_t i = 0; i < d->nr_values; i++) {
        sum += (int128)MAX(d->values[i], 0) * (d->cum_weights[i] - before);
        before = d->cum_weights[i];
    }
    return (int64_t)((sum + total / 2) / total);
}

int64_t dist_mean(const struct dist *d)
{
    double sigma = (double)d->b / 1e6;

    switch (d->kind) {
    case DIST_FIXED:
    case DIST_EXPONENTIAL:
        return MAX(d->a, 0);
    case DIST_UNIFORM:
        return d->a + (d->b - d->a) / 2 + ((d->b - d->a) & 1);
    case DIST_NORMAL:
        return normal_mean(d);
    case DIST_LOGNORMAL:
        return to_result((double)d->a * dist_exp(sigma * sigma / 2.0));
    case DIST_EMPIRICAL:
        return empirical_mean(d);
    }
    g_assert_not_reached();
}
