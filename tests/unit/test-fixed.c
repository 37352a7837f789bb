/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Divisions that are done by other means are those of the machine. */
#include <glib.h>

#include "base/fixed.h"

/* Of every length, so that quotients and remainders of all sizes come. */
static uint64_t number(uint64_t i)
{
    uint64_t n = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);

    n = (n ^ (n >> 31)) * UINT64_C(0xBF58476D1CE4E5B9);
    return (n ^ (n >> 29)) >> (i % 64);
}

static void test_divide_by(void)
{
    const uint64_t edges[] = {0, 1, 2, 3, UINT64_MAX / 2, UINT64_MAX - 1, UINT64_MAX};

    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t by = MAX(number(2 * i), 1), n = number(2 * i + 1);
        struct divider d = divider_of(by);

        g_assert_cmpuint(divide_by(n, &d), ==, n / by);
        g_assert_cmpuint(divide_by(n / by * by, &d), ==, n / by);
    }
    for (size_t i = 1; i < G_N_ELEMENTS(edges); i++) {
        struct divider d = divider_of(edges[i]);

        for (size_t j = 0; j < G_N_ELEMENTS(edges); j++) {
            g_assert_cmpuint(divide_by(edges[j], &d), ==, edges[j] / edges[i]);
        }
    }
}

static void test_128_bits(void)
{
    for (uint64_t i = 0; i < 10000; i++) {
        uint64_t a = number(3 * i), b = number(3 * i + 1), rest;
        uint64_t c = MAX(MAX(a, b), 1); /* the quotient fits */
        uint128 product = (uint128)a * b;

        g_assert_cmpuint(mul_div_u64(a, b, c), ==, (uint64_t)(product / c));
        g_assert_cmpuint(div_rest_u128(product, c, &rest), ==, (uint64_t)(product / c));
        g_assert_cmpuint(rest, ==, (uint64_t)(product % c));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fixed/divide-by", test_divide_by);
    g_test_add_func("/fixed/128-bits", test_128_bits);
    return g_test_run();
}
