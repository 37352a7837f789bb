/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against counts by hand, published tables, and what must hold of any data. */
#include <glib.h>
#include <string.h>

#include "base/rng.h"
#include "base/significance.h"

static void assert_near(double got, double wanted, double within)
{
    if (got < wanted - within || got > wanted + within) {
        g_error("%.12g; expected %.12g", got, wanted);
    }
}

/*
 * Of the 8 assignments to 1, 2, 3 two reach 6. With 0 among them each counts twice. Fisher's test of
 * Darwin's maize (The Design of Experiments, 1935, section 21): 15 pairs, 1726 of 32768 reach the sum
 * of 314 eighths of an inch.
 */
static void test_sign_flip(void)
{
    static const int64_t three[] = {1, 2, 3}, mixed[] = {3, -1, 0}, zeros[] = {0, 0, 0};
    static const int64_t maize[] = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};

    assert_near(sign_flip_p(three, 3), 2.0 / 8, 0);
    assert_near(sign_flip_p(mixed, 3), 1, 0);
    assert_near(sign_flip_p(zeros, 3), 1, 0);
    assert_near(sign_flip_p(NULL, 0), 1, 0);
    assert_near(sign_flip_p(three, 1), 1, 0);
    assert_near(sign_flip_p(maize, G_N_ELEMENTS(maize)), 1726.0 / 32768, 1e-12);
}

/* Drawn and counted agree where both can be had: 18 pairs, and the same with zeros behind. */
static void test_sign_flip_drawn(void)
{
    int64_t d[SIGN_FLIP_EXACT + 6] = {0};

    for (int i = 0; i < SIGN_FLIP_EXACT; i++) {
        d[i] = (i * 7919) % 101 - 35;
    }
    double exact = sign_flip_p(d, SIGN_FLIP_EXACT), drawn = sign_flip_p(d, G_N_ELEMENTS(d));

    g_assert_cmpfloat(exact, >, 0.01);
    assert_near(drawn, exact, 0.005); /* three standard deviations of 100,000 draws at most */
}

/* The interval of 30 values 0..29 is that of the normal to some percent: 14.5 +- 1.96 x 8.66 / sqrt(30). */
static void test_bootstrap(void)
{
    int64_t values[30], same[] = {7, 7, 7};
    double low, high;

    for (int i = 0; i < 30; i++) {
        values[i] = i;
    }
    bootstrap_interval(values, 30, &low, &high);
    assert_near(low, 14.5 - 3.1, 0.15);
    assert_near(high, 14.5 + 3.1, 0.15);
    bootstrap_interval(same, 3, &low, &high);
    assert_near(low, 7, 0);
    assert_near(high, 7, 0);
}

/* By hand: 0.01 x 4, 0.02 x 3, then not below that, then 0.04 x 1 lifted to it; and capped at 1. */
static void test_holm(void)
{
    double p[] = {0.02, 0.01, 0.04, 0.03}, large[] = {0.9, 0.8};
    static const double wanted[] = {0.06, 0.04, 0.06, 0.06};

    holm_correct(p, 4);
    for (int i = 0; i < 4; i++) {
        assert_near(p[i], wanted[i], 1e-15);
    }
    holm_correct(large, 2);
    assert_near(large[0], 1, 0);
    assert_near(large[1], 1, 0);
}

/* Any ranking gives what looking for the least of those left gives, ties too; and of many it ends: looking
 * would take 4 x 10^10 steps. */
static void test_holm_many(void)
{
    enum { FEW = 300, MANY = 200000 };
    struct rng base = rng_init(1, RNG_WORKLOAD);
    double p[FEW], wanted[FEW], left[FEW], floor = 0;
    g_autofree double *many = g_new(double, MANY);

    for (uint32_t i = 0; i < FEW; i++) {
        p[i] = left[i] = (double)rng_below(&base, i, 100) / 100000;
    }
    for (int rank = 0; rank < FEW; rank++) {
        int least = 0;

        for (int i = 1; i < FEW; i++) {
            least = left[i] < left[least] ? i : least;
        }
        floor = MAX(floor, MIN(left[least] * (FEW - rank), 1));
        wanted[least] = floor;
        left[least] = 2;
    }
    holm_correct(p, FEW);
    for (int i = 0; i < FEW; i++) {
        assert_near(p[i], wanted[i], 0);
    }
    for (int i = 0; i < MANY; i++) {
        many[i] = (double)(MANY - i) * 1e-12;
    }
    holm_correct(many, MANY);
    assert_near(many[MANY - 1], 1e-12 * MANY, 0);
    holm_correct(NULL, 0);
}

static void test_geometric_mean(void)
{
    static const double two[] = {2, 8}, tiny[] = {1e-300, 1e-300, 1e-300}, one[] = {0.3},
                        mixed[] = {0.5, 4, 0.25, 2, 1};
    double many[1000];

    for (int i = 0; i < 1000; i++) {
        many[i] = i % 2 == 0 ? 1e200 : 1e-200;
    }
    assert_near(geometric_mean(two, 2), 4, 1e-14);
    assert_near(geometric_mean(one, 1), 0.3, 1e-15);
    assert_near(geometric_mean(mixed, 5), 1, 1e-14);
    assert_near(geometric_mean(tiny, 3) * 1e300, 1, 1e-13);
    assert_near(geometric_mean(many, 1000), 1, 1e-12);
    assert_near(geometric_mean(NULL, 0), 1, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/significance/sign-flip", test_sign_flip);
    g_test_add_func("/significance/sign-flip-drawn", test_sign_flip_drawn);
    g_test_add_func("/significance/bootstrap", test_bootstrap);
    g_test_add_func("/significance/holm", test_holm);
    g_test_add_func("/significance/holm-many", test_holm_many);
    g_test_add_func("/significance/geometric-mean", test_geometric_mean);
    return g_test_run();
}
