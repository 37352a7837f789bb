/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seeds are fixed, so every statistical check passes always or never; the bounds are five standard
 * deviations of the exact distribution.
 */
#include "base/dist.h"

#include <glib.h>

#include "base/fixed.h"

enum { NR_DRAWS = 200000, SQRT_NR_DRAWS = 447 };

#define Q32(x)  ((int64_t)((x)*4294967296.0))
#define MEAN_NS INT64_C(1000000)

static void assert_near(int64_t value, int64_t expected, int64_t within)
{
    if (value < expected - within || value > expected + within) {
        g_error("%" G_GINT64_FORMAT " is not within %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT,
                value, within, expected);
    }
}

static int compare_values(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Draws of @d in ascending order, and their mean. Freed by the caller. */
static int64_t *sorted_draws(const struct dist *d, int64_t *ret_mean)
{
    struct rng r = rng_init(11, RNG_WORKLOAD);
    int64_t *draws = g_new(int64_t, NR_DRAWS), sum = 0;

    for (uint32_t i = 0; i < NR_DRAWS; i++) {
        draws[i] = dist_draw(d, &r, i);
        g_assert_cmpint(draws[i], >=, 0);
        sum += draws[i];
    }
    qsort(draws, NR_DRAWS, sizeof *draws, compare_values);
    *ret_mean = sum / NR_DRAWS;
    return draws;
}

static void test_log_points(void)
{
    /* ln 2, 2 ln 2, 64 ln 2, 64 ln 2 - ln 3 and ln 4/3, from any table of logarithms. */
    assert_near((int64_t)dist_neg_log_q32(UINT64_C(1) << 63), Q32(0.69314718056), 16);
    assert_near((int64_t)dist_neg_log_q32(UINT64_C(1) << 62), Q32(1.38629436112), 16);
    assert_near((int64_t)dist_neg_log_q32(1), Q32(44.36141955584), 16);
    assert_near((int64_t)dist_neg_log_q32(3), Q32(43.26280726717), 16);
    assert_near((int64_t)dist_neg_log_q32(UINT64_C(3) << 62), Q32(0.28768207245), 16);
    assert_near((int64_t)dist_neg_log_q32(UINT64_MAX), 0, 16);
    /* On both sides of where the range reduction turns: the logarithm of the root of 1/2. */
    for (int64_t off = -100000; off <= 100000; off += 1000) {
        uint64_t u = UINT64_C(0xB504F333F9DE6484) + (uint64_t)off;

        assert_near((int64_t)dist_neg_log_q32(u), Q32(0.34657359028), 16);
    }
}

/* -ln(ab) = -ln a - ln b: no point of the range may be off by more than the contract's 2^-28. */
static void test_log_of_products(void)
{
    struct rng r = rng_init(1, RNG_BOOT);

    for (uint64_t i = 0; i < 200000; i++) {
        uint64_t a = rng_u64(&r, 2 * i) | UINT64_C(1) << 62;
        uint64_t b = rng_u64(&r, 2 * i + 1) | UINT64_C(1) << 62;
        uint64_t product = (uint64_t)((uint128)a * b >> 64);

        assert_near((int64_t)dist_neg_log_q32(product),
                    (int64_t)(dist_neg_log_q32(a) + dist_neg_log_q32(b)), 3 * 16);
    }
}

static void test_fixed_and_uniform(void)
{
    struct dist fixed = {.kind = DIST_FIXED, .a = 77}, uniform = {.kind = DIST_UNIFORM, .a = 10};
    struct rng r = rng_init(1, RNG_WORKLOAD);
    uint32_t counts[5] = {0};

    g_assert_cmpint(dist_draw(&fixed, &r, 5), ==, 77);
    g_assert_cmpint(dist_mean(&fixed), ==, 77);
    uniform.b = 14;
    for (uint32_t i = 0; i < 50000; i++) {
        int64_t x = dist_draw(&uniform, &r, i);

        g_assert_cmpint(x, >=, 10);
        g_assert_cmpint(x, <=, 14);
        counts[x - 10]++;
    }
    for (uint32_t i = 0; i < 5; i++) {
        assert_near(counts[i], 10000, 447); /* sqrt(50000 * 0.2 * 0.8) = 89.4 */
    }
    g_assert_cmpint(dist_mean(&uniform), ==, 12);
    uniform.b = 10;
    g_assert_cmpint(dist_draw(&uniform, &r, 9), ==, 10);
    uniform.a = 0;
    uniform.b = INT64_MAX;
    for (uint32_t i = 0; i < 1000; i++) {
        g_assert_cmpint(dist_draw(&uniform, &r, i), >=, 0);
    }
}

static void test_exponential(void)
{
    struct dist d = {.kind = DIST_EXPONENTIAL, .a = MEAN_NS};
    int64_t mean;
    g_autofree int64_t *draws = sorted_draws(&d, &mean);

    g_assert_cmpint(dist_mean(&d), ==, MEAN_NS);
    assert_near(mean, MEAN_NS, 5 * MEAN_NS / SQRT_NR_DRAWS);
    /* Quantile p is -ln(1 - p), with standard deviation sqrt(p / (1 - p) / n). */
    assert_near(draws[NR_DRAWS / 2], 693147, 11200);
    assert_near(draws[NR_DRAWS / 10 * 9], 2302585, 33600);
    assert_near(draws[NR_DRAWS / 1000 * 999], 6907755, 354000);
}

/* @d's draws at five points of the standard normal distribution, @at[] being what they give. */
static void check_normal_points(const struct dist *d, const int64_t *at, const int64_t *within)
{
    static const uint32_t ppm[] = {1350, 158655, 500000, 841345, 998650}; /* -3, -1, 0, 1, 3 */
    int64_t mean;
    g_autofree int64_t *draws = sorted_draws(d, &mean);

    for (size_t i = 0; i < G_N_ELEMENTS(ppm); i++) {
        assert_near(draws[(uint64_t)NR_DRAWS * ppm[i] / 1000000], at[i], within[i]);
    }
}

static void test_normal(void)
{
    struct dist d = {.kind = DIST_NORMAL, .a = MEAN_NS, .b = 100000};
    /* sqrt(p (1 - p) / n) / density, times 5 x 100000: 18.5, 3.4 and 2.8 thousandths of sigma. */
    static const int64_t at[] = {700000, 900000, 1000000, 1100000, 1300000};
    static const int64_t within[] = {9300, 1700, 1400, 1700, 9300};
    int64_t mean, square = 0;
    g_autofree int64_t *draws = sorted_draws(&d, &mean);

    check_normal_points(&d, at, within);
    assert_near(mean, MEAN_NS, 5 * d.b / SQRT_NR_DRAWS);
    for (uint32_t i = 0; i < NR_DRAWS; i++) {
        square += (draws[i] - mean) * (draws[i] - mean) / NR_DRAWS;
    }
    /* The variance's own standard deviation is a sqrt(2 / n) part of it: 0.32 %. */
    assert_near(square, d.b * d.b, d.b * d.b / 1000 * 16);
    g_assert_cmpint(dist_mean(&d), ==, MEAN_NS);
}

/* Below 0 there is nothing: half of the draws are 0, the mean is sigma / sqrt(2 pi). */
static void test_normal_cut(void)
{
    struct dist d = {.kind = DIST_NORMAL, .a = 0, .b = MEAN_NS};
    int64_t mean;
    g_autofree int64_t *draws = sorted_draws(&d, &mean);

    g_assert_cmpint(draws[NR_DRAWS / 2 - 1200], ==, 0);
    g_assert_cmpint(draws[NR_DRAWS / 2 + 1200], >, 0);
    assert_near(mean, 398942, 5 * MEAN_NS / SQRT_NR_DRAWS);
    assert_near(dist_mean(&d), 398942, 100);
}

static void test_lognormal(void)
{
    struct dist d = {.kind = DIST_LOGNORMAL, .a = MEAN_NS, .b = 500000};
    /* e^(-1.5), e^(-0.5), 1, e^0.5, e^1.5; the bounds are test_normal()'s times 0.5 and the value. */
    static const int64_t at[] = {223130, 606531, 1000000, 1648721, 4481689};
    static const int64_t within[] = {10800, 5500, 7000, 14800, 217000};
    int64_t mean;
    g_autofree int64_t *draws = sorted_draws(&d, &mean);

    check_normal_points(&d, at, within);
    g_assert_cmpint(draws[0], >, 0);
    /* e^(1/8), and a standard deviation of e^(1/8) sqrt(e^(1/4) - 1) = 0.604. */
    g_assert_cmpint(dist_mean(&d), ==, 1133148);
    assert_near(mean, 1133148, 5 * 604000 / SQRT_NR_DRAWS);
}

static void test_empirical(void)
{
    struct dist d = {.kind = DIST_EMPIRICAL, .nr_values = 4};
    struct rng r = rng_init(1, RNG_WORKLOAD);
    static const int64_t values[] = {5, 100, 7, 9};
    static const uint64_t cum_weights[] = {1, 4, 4, 10}; /* weights 1, 3, 0, 6 */
    uint32_t counts[101] = {0};

    d.values = g_memdup2(values, sizeof values);
    d.cum_weights = g_memdup2(cum_weights, sizeof cum_weights);
    for (uint32_t i = 0; i < 100000; i++) {
        counts[dist_draw(&d, &r, i)]++;
    }
    assert_near(counts[5], 10000, 475);
    assert_near(counts[100], 30000, 725);
    g_assert_cmpuint(counts[7], ==, 0);
    assert_near(counts[9], 60000, 775);
    g_assert_cmpuint(counts[5] + counts[100] + counts[9], ==, 100000);
    g_assert_cmpint(dist_mean(&d), ==, 36); /* 35.9 */
    dist_release(&d);
    g_assert_null(d.values);
    dist_release(&d);
}

/* No parameter leads beyond int64_t. */
static void test_extremes(void)
{
    struct dist huge[] = {
        {.kind = DIST_EXPONENTIAL, .a = INT64_MAX},
        {.kind = DIST_NORMAL, .a = INT64_MAX, .b = INT64_MAX},
        {.kind = DIST_LOGNORMAL, .a = INT64_MAX, .b = INT64_MAX},
        {.kind = DIST_LOGNORMAL, .a = 1, .b = INT64_MAX},
        {.kind = DIST_EXPONENTIAL, .a = 0},
        {.kind = DIST_LOGNORMAL, .a = 0, .b = INT64_MAX},
    };
    struct rng r = rng_init(1, RNG_WORKLOAD);

    for (size_t k = 0; k < G_N_ELEMENTS(huge); k++) {
        for (uint32_t i = 0; i < 1000; i++) {
            g_assert_cmpint(dist_draw(&huge[k], &r, i), >=, 0);
        }
        g_assert_cmpint(dist_mean(&huge[k]), >=, 0);
    }
}

/* Frozen: every compiler and level of optimisation must give these, and every later version. */
static void test_frozen(void)
{
    static const struct {
        struct dist dist;
        int64_t first[3];
        uint64_t hash; /* FNV-1a by words over draws 0..9999 */
    } frozen[] = {
        {{.kind = DIST_UNIFORM, .a = 3, .b = 1000000007},
         {841388055, 194995770, 134833873},
         UINT64_C(0x3c1dcad35fea5612)},
        {{.kind = DIST_EXPONENTIAL, .a = 123456789},
         {21321273, 201824373, 247371832},
         UINT64_C(0x2951f3b3eddaac91)},
        {{.kind = DIST_NORMAL, .a = 1000000000, .b = 300000000},
         {1300053691, 742110195, 668851573},
         UINT64_C(0x725dafc15d9f6dc6)},
        {{.kind = DIST_LOGNORMAL, .a = 1000000000, .b = 1500000},
         {4482892372, 275422492, 190950292},
         UINT64_C(0x80098e844bd69876)},
    };
    struct rng r = rng_init(2024, RNG_WORKLOAD);

    for (size_t k = 0; k < G_N_ELEMENTS(frozen); k++) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        for (uint32_t i = 0; i < 10000; i++) {
            int64_t x = dist_draw(&frozen[k].dist, &r, i);

            if (i < 3) {
                g_assert_cmpint(x, ==, frozen[k].first[i]);
            }
            hash = (hash ^ (uint64_t)x) * UINT64_C(0x100000001b3);
        }
        g_assert_cmphex(hash, ==, frozen[k].hash);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dist/log/points", test_log_points);
    g_test_add_func("/dist/log/products", test_log_of_products);
    g_test_add_func("/dist/fixed-and-uniform", test_fixed_and_uniform);
    g_test_add_func("/dist/exponential", test_exponential);
    g_test_add_func("/dist/normal", test_normal);
    g_test_add_func("/dist/normal-cut", test_normal_cut);
    g_test_add_func("/dist/lognormal", test_lognormal);
    g_test_add_func("/dist/empirical", test_empirical);
    g_test_add_func("/dist/extremes", test_extremes);
    g_test_add_func("/dist/frozen", test_frozen);
    return g_test_run();
}
