/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Draws of counts: against drawing each thing, and against exact probabilities. */
#include <glib.h>

#include "base/draw.h"
#include "base/rng.h"

enum { DRAWS = 200000 };

static void check_moments(int64_t n, uint64_t p_q32)
{
    struct rng r = rng_init(7, RNG_WORKLOAD);
    double p = (double)p_q32 / 0x1p32, sum = 0, squares = 0;
    double mean = (double)n * p, variance = mean * (1 - p);

    for (uint64_t i = 0; i < DRAWS; i++) {
        int64_t x = draw_binomial(n, p_q32, rng_u64(&r, i));

        g_assert_cmpint(x, >=, 0);
        g_assert_cmpint(x, <=, n);
        sum += (double)x;
        squares += ((double)x - mean) * ((double)x - mean);
    }
    /* Six standard errors of the mean; the variance within 3 %. */
    double error = sum / DRAWS - mean;

    g_assert_cmpfloat(error * error, <=, 36 * variance / DRAWS);
    g_assert_cmpfloat(squares / DRAWS, >=, 0.97 * variance);
    g_assert_cmpfloat(squares / DRAWS, <=, 1.03 * variance);
}

static void test_binomial(void)
{
    static const int64_t counts[] = {1, 2, 10, 64, 1000, 65536, 1000000000};

    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++) {
        check_moments(counts[i], DRAW_ONE / 2);
        check_moments(counts[i], DRAW_ONE / 10);
        check_moments(counts[i], DRAW_ONE / 10 * 9);
        check_moments(counts[i], DRAW_ONE / 1000 * 7);
    }
    check_moments(1000000000, DRAW_ONE / 100000000);
    g_assert_cmpint(draw_binomial(5, 0, 1), ==, 0);
    g_assert_cmpint(draw_binomial(5, DRAW_ONE, 1), ==, 5);
    g_assert_cmpint(draw_binomial(0, DRAW_ONE / 2, 1), ==, 0);
}

/* Each count of four coins as often as 1 4 6 4 1 of 16. */
static void test_binomial_exact(void)
{
    struct rng r = rng_init(3, RNG_WORKLOAD);
    static const int64_t sixteenths[] = {1, 4, 6, 4, 1};
    int64_t seen[5] = {0};

    for (uint64_t i = 0; i < DRAWS; i++) {
        seen[draw_binomial(4, DRAW_ONE / 2, rng_u64(&r, i))]++;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(seen); i++) {
        g_assert_cmpint(ABS(seen[i] - sixteenths[i] * DRAWS / 16), <, DRAWS / 200);
    }
}

static void test_poisson(void)
{
    static const double means[] = {0.001, 0.5, 3, 31, 33, 500};

    for (gsize m = 0; m < G_N_ELEMENTS(means); m++) {
        struct rng r = rng_init(11, RNG_WORKLOAD);
        double sum = 0, squares = 0;

        for (uint64_t i = 0; i < DRAWS; i++) {
            double x = (double)draw_poisson((uint64_t)(means[m] * 0x1p32), rng_u64(&r, i));

            sum += x;
            squares += (x - means[m]) * (x - means[m]);
        }
        double error = sum / DRAWS - means[m];

        g_assert_cmpfloat(error * error, <=, 36 * means[m] / DRAWS);
        g_assert_cmpfloat(squares / DRAWS / means[m], >=, means[m] < 0.1 ? 0.7 : 0.97);
        g_assert_cmpfloat(squares / DRAWS / means[m], <=, means[m] < 0.1 ? 1.3 : 1.03);
    }
}

/* 1 - e^-x at points where it is known: 0.5 at ln 2; x itself where it is small. */
static void test_at_least_one(void)
{
    g_assert_cmpuint(draw_at_least_one(0), ==, 0);
    g_assert_cmpint(ABS((int64_t)draw_at_least_one(2977044472) - (INT64_C(1) << 31)), <=, 4);
    g_assert_cmpint(ABS((int64_t)draw_at_least_one(1000) - 1000), <=, 1);
    g_assert_cmpuint(draw_at_least_one(UINT64_C(100) << 32), ==, DRAW_ONE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/draw/binomial", test_binomial);
    g_test_add_func("/draw/binomial-exact", test_binomial_exact);
    g_test_add_func("/draw/poisson", test_poisson);
    g_test_add_func("/draw/at-least-one", test_at_least_one);
    return g_test_run();
}
