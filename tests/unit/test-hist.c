/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hist.h"

#include <glib.h>

#include "base/fixed.h"
#include "base/rng.h"

static void test_empty(void)
{
    struct hist h = {0};

    g_assert_cmpint(hist_percentile(&h, 500000), ==, 0);
    g_assert_cmpint(hist_mean(&h), ==, 0);
    g_assert_null(h.buckets);
    hist_release(&h);
}

/* The buckets tile the range: each begins right behind the one before, at most 1/128 wide. */
static void test_buckets(void)
{
    int64_t before = -1;

    for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
        int64_t bound = hist_bucket_bound(i);

        g_assert_cmpuint(hist_bucket(before + 1), ==, i);
        g_assert_cmpuint(hist_bucket(bound), ==, i);
        g_assert_cmpint(bound - (before + 1), <=, (before + 1) / HIST_SUB);
        before = bound;
    }
    g_assert_cmpint(before, ==, INT64_MAX);
    g_assert_cmpuint(hist_bucket(-5), ==, 0);
}

static void test_small_values_are_exact(void)
{
    struct hist h = {0};

    for (int64_t value = 1; value <= 100; value++) {
        hist_add(&h, value);
    }
    g_assert_cmpint(hist_percentile(&h, 0), ==, 1);
    g_assert_cmpint(hist_percentile(&h, 10000), ==, 1);
    g_assert_cmpint(hist_percentile(&h, 10001), ==, 2);
    g_assert_cmpint(hist_percentile(&h, 500000), ==, 50);
    g_assert_cmpint(hist_percentile(&h, 990000), ==, 99);
    g_assert_cmpint(hist_percentile(&h, 999000), ==, 100);
    g_assert_cmpint(hist_percentile(&h, 1000000), ==, 100);
    g_assert_cmpint(hist_mean(&h), ==, 50); /* floor of 50.5 */
    g_assert_cmpint(h.min, ==, 1);
    g_assert_cmpint(h.max, ==, 100);
    hist_release(&h);
    g_assert_cmpuint(h.count, ==, 0);
}

static int compare_values(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Never below the true sample, and at most 1/128 above it. */
static void test_error_bound(void)
{
    enum { NR = 10001 };
    static const uint32_t ppm[] = {0, 1, 100, 250000, 500000, 900000, 990000, 999000, 1000000};
    struct rng r = rng_init(1, RNG_WORKLOAD);
    struct hist h = {0};
    int64_t values[NR];

    for (uint32_t i = 0; i < NR; i++) {
        /* All magnitudes alike. */
        values[i] = (int64_t)(rng_u64(&r, 2 * i) >> 1 >> rng_below(&r, 2 * i + 1, 63));
        hist_add(&h, values[i]);
    }
    qsort(values, NR, sizeof values[0], compare_values);
    for (size_t i = 0; i < G_N_ELEMENTS(ppm); i++) {
        uint64_t rank = MAX(mul_div_ceil_u64(NR, ppm[i], 1000000), 1u);
        int64_t sample = values[rank - 1], reported = hist_percentile(&h, ppm[i]);

        g_assert_cmpint(reported, >=, sample);
        g_assert_cmpint(reported - sample, <=, sample / HIST_SUB);
    }
    g_assert_cmpint(h.min, ==, values[0]);
    g_assert_cmpint(h.max, ==, values[NR - 1]);
    g_assert_cmpint(hist_percentile(&h, 1000000), ==, h.max);
    hist_release(&h);
}

static void test_negative_and_huge(void)
{
    struct hist h = {0};

    hist_add(&h, -1);
    hist_add(&h, 0);
    g_assert_cmpint(h.min, ==, 0);
    g_assert_cmpint(hist_percentile(&h, 1000000), ==, 0);
    for (int i = 0; i < 10; i++) {
        hist_add(&h, INT64_MAX);
    }
    /* The sum needs more than 64 bits. */
    g_assert_cmpuint(h.sum_hi, ==, 4);
    g_assert_cmpint(hist_mean(&h), ==, (int64_t)((uint128)INT64_MAX * 10 / 12));
    g_assert_cmpint(hist_percentile(&h, 500000), ==, INT64_MAX);
    hist_release(&h);
}

static void test_merge(void)
{
    struct hist a = {0}, b = {0}, all = {0}, none = {0};

    for (int64_t i = 0; i < 1000; i++) {
        hist_add(i % 3 ? &a : &b, i * i);
        hist_add(&all, i * i);
    }
    hist_merge(&a, &none);
    hist_merge(&none, &b);
    hist_merge(&none, &a);
    g_assert_cmpuint(none.count, ==, all.count);
    g_assert_cmpuint(none.sum_lo, ==, all.sum_lo);
    g_assert_cmpint(none.min, ==, all.min);
    g_assert_cmpint(none.max, ==, all.max);
    for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
        g_assert_cmpuint(none.buckets[i], ==, all.buckets[i]);
    }
    hist_release(&a);
    hist_release(&b);
    hist_release(&all);
    hist_release(&none);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hist/empty", test_empty);
    g_test_add_func("/hist/buckets", test_buckets);
    g_test_add_func("/hist/small-values-are-exact", test_small_values_are_exact);
    g_test_add_func("/hist/error-bound", test_error_bound);
    g_test_add_func("/hist/negative-and-huge", test_negative_and_huge);
    g_test_add_func("/hist/merge", test_merge);
    return g_test_run();
}
