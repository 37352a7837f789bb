/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What policies for two tiers share: sampling of populations, and Colloid's search for a point. */
#include <glib.h>

/* Expectations in place of draws. */
#define numasim_binomial   expected_binomial
#define numasim_page_bytes fake_page_bytes
#include "samples.h"
#include "two-tier.h"

int64_t numasim_binomial(const struct numasim_host *host, uint64_t entity, uint64_t index,
                         int64_t n, uint32_t ppm)
{
    (void)host;
    (void)entity;
    (void)index;
    return n * (int64_t)ppm / 1000000;
}

/* @host is but a number of bytes here. */
int64_t numasim_page_bytes(const struct numasim_host *host)
{
    return *(const int64_t *)(const void *)host;
}

static void assert_near(uint64_t x, double expected)
{
    double got = (double)x / (double)(UINT64_C(1) << SAMPLES_ONE_SHIFT);

    g_assert_cmpfloat(got, >=, expected - 1e-6);
    g_assert_cmpfloat(got, <=, expected + 1e-6);
}

/* exp(-x) to six places, from tables. */
static void test_none(void)
{
    const uint64_t one = UINT64_C(1) << SAMPLES_SHIFT;

    assert_near(samples_none(0), 1);
    assert_near(samples_none(one / 4), 0.778801);
    assert_near(samples_none(one), 0.367879);
    assert_near(samples_none(5 * one), 0.006738);
    assert_near(samples_none(21 * one), 0);
    assert_near(samples_none(UINT64_MAX >> 16), 0);
}

/* A Poisson distribution: all pages are given out, as many with i samples as there should be. */
static void test_draw(void)
{
    const int64_t nr = 1000000;
    const double two[] = {0.135335, 0.270671, 0.270671, 0.180447, 0.090224, 0.036089};
    int64_t with[SAMPLES_MAX + 1];
    uint64_t draws = 0;

    samples_draw(NULL, 1, &draws, nr, UINT64_C(2) << SAMPLES_SHIFT, 18, with);
    int64_t sum = 0;

    for (int i = 0; i <= 18; i++) {
        sum += with[i];
        if (i < 6) {
            g_assert_cmpfloat(ABS((double)with[i] / (double)nr - two[i]), <, 0.0005);
        }
    }
    g_assert_cmpint(sum, ==, nr);
    g_assert_cmpint(with[18], ==, 0); /* not what rounding leaves */

    samples_draw(NULL, 1, &draws, nr, 0, 18, with);
    g_assert_cmpint(with[0], ==, nr);
    samples_draw(NULL, 1, &draws, nr, UINT64_MAX, 18, with);
    g_assert_cmpint(with[18], ==, nr);
}

static void test_mean(void)
{
    const int64_t small = 4096, large = 65536;
    const struct numasim_host *host = (const void *)&small, *host_64k = (const void *)&large;
    struct numasim_pages pages = {.page_bytes = 4096, .accesses_x256 = 256 * 5000};

    g_assert_cmpuint(samples_mean(host, &pages, 5000), ==, UINT64_C(1) << SAMPLES_SHIFT);
    pages.page_bytes = 2097152;
    g_assert_cmpuint(samples_mean(host, &pages, 5000), ==, UINT64_C(512) << SAMPLES_SHIFT);
    g_assert_cmpuint(samples_mean(host_64k, &pages, 5000), ==, UINT64_C(32) << SAMPLES_SHIFT);
    pages.accesses_x256 = UINT64_MAX / 4;
    g_assert_cmpuint(samples_mean(host, &pages, 5000), ==, UINT64_MAX);
}

/* A fast tier that waits 100 ns + p x 400 ns, where the slow one always takes 300 ns: p = 1/2. */
static void test_search(void)
{
    struct two_tier_colloid c = {.slow_ns = 300, .hi_ppm = 1000000};
    int64_t p_ppm = 950000;

    for (int i = 0; i < 40; i++) {
        c.fast_ns = 100 + 400 * p_ppm / 1000000;
        p_ppm += two_tier_shift_ppm(&c, p_ppm);
        g_assert_cmpint(p_ppm, >=, 0);
        g_assert_cmpint(p_ppm, <=, 1000000);
    }
    g_assert_cmpint(p_ppm, >=, 450000);
    g_assert_cmpint(p_ppm, <=, 550000);
    /* Others leave: the fast tier is fast whatever is there, and all comes back, but for 1 % or so. */
    for (int i = 0; i < 40; i++) {
        c.fast_ns = 100;
        p_ppm += two_tier_shift_ppm(&c, p_ppm);
    }
    g_assert_cmpint(p_ppm, >=, 980000);
}

static void test_daemon_name(void)
{
    g_assert_true(two_tier_is_daemon("hemem0", "hemem", 0));
    g_assert_true(two_tier_is_daemon("hemem12", "hemem", 12));
    g_assert_false(two_tier_is_daemon("hemem1", "hemem", 12));
    g_assert_false(two_tier_is_daemon("hemem", "hemem", 0));
    g_assert_false(two_tier_is_daemon("kswapd0", "hemem", 0));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/two-tier/none", test_none);
    g_test_add_func("/two-tier/draw", test_draw);
    g_test_add_func("/two-tier/mean", test_mean);
    g_test_add_func("/two-tier/search", test_search);
    g_test_add_func("/two-tier/daemon-name", test_daemon_name);
    return g_test_run();
}
