/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>

#include "base/rational.h"

static int compare(int64_t a, int64_t b, int64_t c, int64_t d)
{
    return rational_compare(rational_make(a, b), rational_make(c, d));
}

static void test_compare(void)
{
    g_assert_cmpint(compare(1, 2, 2, 4), ==, 0);
    g_assert_cmpint(compare(1, 3, 333333, 1000000), >, 0);
    g_assert_cmpint(compare(0, 5, 0, 7), ==, 0);
    g_assert_cmpint(compare(-1, 2, 1, 1000), <, 0);
    g_assert_cmpint(compare(1, -2, -1, 3), <, 0);
    g_assert_cmpint(compare(-3, 4, -6, 8), ==, 0);
    g_assert_cmpint(compare(7, 1, 6, 1), >, 0);
    /* All small fractions against the cross product, which cannot overflow here. */
    for (int64_t a = -6; a <= 6; a++) {
        for (int64_t b = 1; b <= 7; b++) {
            for (int64_t c = -6; c <= 6; c++) {
                for (int64_t d = 1; d <= 7; d++) {
                    int64_t cross = a * d - c * b;

                    g_assert_cmpint(compare(a, b, c, d), ==, cross < 0 ? -1 : cross > 0);
                }
            }
        }
    }
}

/* The cross product of these would need 250 bits. */
static void test_large(void)
{
    int128 huge = (int128)1 << 125;
    struct rational a = rational_make(huge, huge - 1), b = rational_make(huge + 1, huge);

    g_assert_cmpint(rational_compare(a, b), >, 0);
    g_assert_cmpint(rational_compare(b, a), <, 0);
    g_assert_cmpint(rational_compare(rational_make(-huge, huge - 1), b), <, 0);
    g_assert_cmpint(rational_compare(a, a), ==, 0);
}

static void test_round(void)
{
    g_assert_cmpint(rational_round(rational_make(7, 2), 1), ==, 4);
    g_assert_cmpint(rational_round(rational_make(-7, 2), 1), ==, -4);
    g_assert_cmpint(rational_round(rational_make(1, 3), 1000000), ==, 333333);
    g_assert_cmpint(rational_round(rational_make(2, 3), 1000000), ==, 666667);
    g_assert_cmpint(rational_round(rational_make(INT64_MAX, 1), 1), ==, INT64_MAX);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rational/compare", test_compare);
    g_test_add_func("/rational/large", test_large);
    g_test_add_func("/rational/round", test_round);
    return g_test_run();
}
