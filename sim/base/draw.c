/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sums of doubles here run in one order, over one draw: the same on every machine. */
#include "base/draw.h"

#include <stdbool.h>

#include "base/dist.h"

/* Up to this mean, terms are summed; beyond, the normal distribution is as good. */
#define SUMMED_MEAN 32.0

static double square_root(double x)
{
    double root = x > 1.0 ? x : 1.0;

    for (int i = 0; i < 64; i++) { /* Newton: halves first, then doubles its digits */
        double next = (root + x / root) / 2.0;

        if (next >= root) {
            break;
        }
        root = next;
    }
    return root;
}

static double uniform_of(uint64_t u)
{
    return ((double)(u >> 12) + 0.5) / 0x1p52;
}

static int64_t normal_count(double mean, double variance, uint64_t u)
{
    double x = mean + square_root(variance) * dist_normal_quantile(u) + 0.5;

    return x <= 0.0 ? 0 : x >= 0x1p62 ? INT64_C(1) << 62 : (int64_t)x;
}

uint64_t draw_at_least_one(uint64_t x_q32)
{
    double x = (double)x_q32 / 0x1p32;

    if (x < 0x1p-12) { /* its series: the difference of two near numbers would lose digits */
        return (uint64_t)((x - x * x / 2.0 + x * x * x / 6.0) * 0x1p32);
    }
    return (uint64_t)((1.0 - dist_exp(-x)) * 0x1p32);
}

/* The first count at which the sum of the terms passes the uniform. */

static int64_t binomial_sum(int64_t n, double p, uint64_t u)
{
    double left = uniform_of(u), odds = p / (1.0 - p), term = 1.0;
    int64_t x = 0;

    /* (1 - p)^n = e^(n ln(1 - p)), ln from its integer form. */
    uint64_t complement = (uint64_t)((1.0 - p) * 0x1p63) << 1;
    double ln = -(double)dist_neg_log_q32(complement != 0 ? complement : UINT64_MAX) / 0x1p32;

    if (p < 0x1p-16) { /* finer than 2^-32 */
        ln = -p - p * p / 2.0;
    }
    term = dist_exp((double)n * ln);
    while (left > term && x < n) {
        left -= term;
        x++;
        term *= (double)(n - x + 1) / (double)x * odds;
        if (term < 0x1p-80 && (double)x > (double)n * p) {
            break; /* what is left is rounding */
        }
    }
    return x;
}

int64_t draw_binomial(int64_t n, uint64_t p_q32, uint64_t u)
{
    if (n <= 0 || p_q32 == 0) {
        return 0;
    }
    if (p_q32 >= DRAW_ONE) {
        return n;
    }
    if (p_q32 > DRAW_ONE / 2) {
        return n - draw_binomial(n, DRAW_ONE - p_q32, ~u);
    }
    double p = (double)p_q32 / 0x1p32, mean = (double)n * p;

    if (mean < SUMMED_MEAN) {
        return binomial_sum(n, p, u);
    }
    int64_t x = normal_count(mean, mean * (1.0 - p), u);

    return x < n ? x : n;
}

int64_t draw_poisson(uint64_t mean_q32, uint64_t u)
{
    double mean = (double)mean_q32 / 0x1p32, left = uniform_of(u);

    if (mean >= SUMMED_MEAN) {
        return normal_count(mean, mean, u);
    }
    double term = dist_exp(-mean);
    int64_t x = 0;

    while (left > term && (term >= 0x1p-80 || (double)x <= mean)) {
        left -= term;
        x++;
        term *= mean / (double)x;
    }
    return x;
}
