/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bitmap.h"

#include "base/error.h"

enum { NR_BITS = 130 };

static void test_bits(void)
{
    g_autofree uint64_t *map = bitmap_new(NR_BITS);

    g_assert_true(bitmap_empty(map, NR_BITS));
    g_assert_cmpuint(bitmap_next(map, NR_BITS, 0), ==, NR_BITS);
    bitmap_set(map, 0);
    bitmap_set(map, 63);
    bitmap_set(map, 64);
    bitmap_set(map, 129);
    g_assert_true(bitmap_test(map, 63));
    g_assert_false(bitmap_test(map, 62));
    g_assert_cmpuint(bitmap_weight(map, NR_BITS), ==, 4);
    g_assert_cmpuint(bitmap_next(map, NR_BITS, 0), ==, 0);
    g_assert_cmpuint(bitmap_next(map, NR_BITS, 1), ==, 63);
    g_assert_cmpuint(bitmap_next(map, NR_BITS, 64), ==, 64);
    g_assert_cmpuint(bitmap_next(map, NR_BITS, 65), ==, 129);
    g_assert_cmpuint(bitmap_next(map, NR_BITS, NR_BITS), ==, NR_BITS);
    g_assert_cmpuint(bitmap_next(map, NR_BITS, NR_BITS + 100), ==, NR_BITS);
    /* A set may be looked at as a smaller one. */
    g_assert_cmpuint(bitmap_next(map, 100, 65), ==, 100);
    g_assert_cmpuint(bitmap_next(map, 129, 65), ==, 129);
    bitmap_clear(map, 63);
    g_assert_false(bitmap_test(map, 63));
    g_assert_cmpuint(bitmap_weight(map, NR_BITS), ==, 3);
}

static void test_fill(void)
{
    static const uint32_t sizes[] = {0, 1, 63, 64, 65, 128, 130};

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree uint64_t *map = bitmap_new(256);

        bitmap_fill(map, sizes[i]);
        g_assert_cmpuint(bitmap_weight(map, 256), ==, sizes[i]);
        g_assert_cmpuint(bitmap_next(map, 256, sizes[i]), ==, 256);
    }
}

static uint64_t *parsed(const char *text)
{
    uint64_t *map = bitmap_new(NR_BITS);
    GError *error = NULL;
    bool ok = bitmap_parse_list(text, map, NR_BITS, &error);

    g_assert_no_error(error);
    g_assert_true(ok);
    return map;
}

static void test_sets(void)
{
    g_autofree uint64_t *a = parsed("0-3,64,100"), *b = parsed("2-5,100-129");
    g_autofree uint64_t *both = bitmap_new(NR_BITS), *expected = NULL;

    g_assert_cmpuint(bitmap_next_and(a, b, NR_BITS, 0), ==, 2);
    g_assert_cmpuint(bitmap_next_and(a, b, NR_BITS, 4), ==, 100);
    g_assert_cmpuint(bitmap_next_and(a, b, NR_BITS, 101), ==, NR_BITS);
    g_assert_cmpuint(bitmap_next_and(a, b, NR_BITS, NR_BITS), ==, NR_BITS);
    g_assert_true(bitmap_intersects(a, b, NR_BITS));
    g_assert_false(bitmap_subset(a, b, NR_BITS));
    bitmap_and(both, a, b, NR_BITS);
    expected = parsed("2-3,100");
    g_assert_true(bitmap_equal(both, expected, NR_BITS));
    g_assert_true(bitmap_subset(both, a, NR_BITS));
    g_assert_true(bitmap_subset(both, b, NR_BITS));
    bitmap_andnot(both, a, b, NR_BITS);
    g_assert_false(bitmap_intersects(both, b, NR_BITS));
    g_free(expected);
    expected = parsed("0-1,64");
    g_assert_true(bitmap_equal(both, expected, NR_BITS));
    bitmap_or(both, both, b, NR_BITS);
    g_free(expected);
    expected = parsed("0-5,64,100-129");
    g_assert_true(bitmap_equal(both, expected, NR_BITS));
    bitmap_copy(both, a, NR_BITS);
    g_assert_true(bitmap_equal(both, a, NR_BITS));
}

static void test_lists(void)
{
    static const struct {
        const char *text, *printed;
    } lists[] = {
        {"", ""},
        {"\n", ""},
        {"0", "0"},
        {"0-3,8,10-11", "0-3,8,10-11"},
        {"11,0-3,10,8,2", "0-3,8,10-11"},
        {" 1 , 3-4 \n", "1,3-4"},
        {"5-5", "5"},
        {"62-65", "62-65"},
        {"0-129", "0-129"},
        {"000129", "129"},
        /* Groups as lib/bitmap-str.c documents them: of every 4, the first 2. */
        {"0-15:2/4", "0-1,4-5,8-9,12-13"},
        {"3-9:1/3", "3,6,9"},
        {"0-5:3/3", "0-5"},
        {"0-2:1/100", "0"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autofree uint64_t *map = parsed(lists[i].text);
        g_autofree char *printed = bitmap_to_list(map, NR_BITS);

        g_assert_cmpstr(printed, ==, lists[i].printed);
    }
}

static void test_bad_lists(void)
{
    static const struct {
        const char *text, *message;
    } lists[] = {
        {"7-3", "'7-3': a range must ascend"},
        {"0,130", "'130': too large; the largest here is 129"},
        {"0-130", "'0-130': too large; the largest here is 129"},
        {"99999999999999999999", "'99999999999999999999': too large; the largest here is 129"},
        {"0-7:0/4", "'0-7:0/4': of a group of bits at least one and at most all can be used"},
        {"0-7:5/4", "'0-7:5/4': of a group of bits at least one and at most all can be used"},
        {"0-7:0/0", "'0-7:0/0': of a group of bits at least one and at most all can be used"},
        {"1,,2", "'': not a number or a range; expected a list like 0-3,8 or 0-31:2/4"},
        {"1,", "'': not a number or a range; expected a list like 0-3,8 or 0-31:2/4"},
        {"-1", "'-1': not a number or a range; expected a list like 0-3,8 or 0-31:2/4"},
        {"1-", "'1-': not a number or a range; expected a list like 0-3,8 or 0-31:2/4"},
        {"1-2-3", "'1-2-3': not a number or a range; expected a list like 0-3,8 or 0-31:2/4"},
        {"1 2", "'1 2': not a number or a range; expected a list like 0-3,8 or 0-31:2/4"},
        {"0-7:2", "'0-7:2': not a number or a range; expected a list like 0-3,8 or 0-31:2/4"},
        {"0x3", "'0x3': not a number or a range; expected a list like 0-3,8 or 0-31:2/4"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autofree uint64_t *map = parsed("77");
        g_autoptr(GError) error = NULL;

        g_assert_false(bitmap_parse_list(lists[i].text, map, NR_BITS, &error));
        g_assert_error(error, NUMASIM_ERROR, NUMASIM_ERROR_INPUT);
        g_assert_cmpstr(error->message, ==, lists[i].message);
        g_assert_cmpuint(bitmap_weight(map, NR_BITS), ==, 1);
        g_assert_true(bitmap_test(map, 77));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bitmap/bits", test_bits);
    g_test_add_func("/bitmap/fill", test_fill);
    g_test_add_func("/bitmap/sets", test_sets);
    g_test_add_func("/bitmap/lists", test_lists);
    g_test_add_func("/bitmap/bad-lists", test_bad_lists);
    return g_test_run();
}
