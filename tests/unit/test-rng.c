/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/rng.h"

#include <glib.h>

/*
 * Philox2x64-10 as its authors publish it (Random123, tests/kat_vectors): the counter is (index,
 * second key word), and the first word of the result is the draw.
 */
static void test_known_answers(void)
{
    struct rng zero = {{0, 0}}, ones = {{UINT64_MAX, UINT64_MAX}};
    struct rng pi = {{UINT64_C(0xa4093822299f31d0), UINT64_C(0x13198a2e03707344)}};

    g_assert_cmphex(rng_u64(&zero, 0), ==, UINT64_C(0xca00a0459843d731));
    g_assert_cmphex(rng_u64(&ones, UINT64_MAX), ==, UINT64_C(0x65b021d60cd8310f));
    g_assert_cmphex(rng_u64(&pi, UINT64_C(0x243f6a8885a308d3)), ==, UINT64_C(0x0a5e742c2997341c));
}

/* Frozen: whoever changes these changes the result of every run ever made. */
static void test_frozen(void)
{
    struct rng workload = rng_init(1, RNG_WORKLOAD);
    struct rng entity = rng_entity(&workload, 42);
    uint32_t perm[8];
    static const uint32_t frozen[8] = {2, 3, 4, 0, 6, 5, 1, 7};

    g_assert_cmphex(workload.key[0], ==, UINT64_C(0x6c0a472ebb53f3da));
    g_assert_cmphex(workload.key[1], ==, UINT64_C(0x92d670bac246614c));
    g_assert_cmphex(rng_u64(&workload, 0), ==, UINT64_C(0x5c917ad34f77b413));
    g_assert_cmphex(rng_u64(&workload, 1), ==, UINT64_C(0xb3c2cd88a3bb9029));
    g_assert_cmphex(rng_u64(&entity, 0), ==, UINT64_C(0xd12c39f82cfbdb26));
    g_assert_cmpuint(rng_below(&entity, 7, 1000), ==, 894);
    rng_permutation(&entity, perm, 8);
    for (uint32_t i = 0; i < 8; i++) {
        g_assert_cmpuint(perm[i], ==, frozen[i]);
    }
    /* FNV-1a of 64 bits: the vectors of draft-eastlake-fnv, appendix C. */
    g_assert_cmphex(rng_name_id(""), ==, UINT64_C(0xcbf29ce484222325));
    g_assert_cmphex(rng_name_id("a"), ==, UINT64_C(0xaf63dc4c8601ec8c));
    g_assert_cmphex(rng_name_id("foobar"), ==, UINT64_C(0x85944171f73967e8));
}

enum { NR_BINS = 256, NR_DRAWS = 1 << 18 };

static uint64_t draw_of_stream(uint64_t i)
{
    struct rng r = rng_init(7, RNG_WORKLOAD);

    return rng_u64(&r, i);
}

static uint64_t draw_of_entity(uint64_t i)
{
    struct rng r = rng_init(7, RNG_WORKLOAD);
    struct rng entity = rng_entity(&r, i);

    return rng_u64(&entity, 0);
}

static uint64_t draw_of_seed(uint64_t i)
{
    struct rng r = rng_init(i, RNG_BOOT);

    return rng_u64(&r, 0);
}

/* What two neighbours have in common: flat only if they are independent. */
static uint64_t xor_of_neighbours(uint64_t i)
{
    return draw_of_stream(i) ^ draw_of_stream(i + 1);
}

static uint64_t xor_of_streams(uint64_t i)
{
    struct rng a = rng_init(7, RNG_WORKLOAD), b = rng_init(7, RNG_BOOT);

    return rng_u64(&a, i) ^ rng_u64(&b, i);
}

static uint64_t xor_of_entities(uint64_t i)
{
    struct rng r = rng_init(7, RNG_POLICY);
    struct rng a = rng_entity(&r, 0), b = rng_entity(&r, 1);

    return rng_u64(&a, i) ^ rng_u64(&b, i);
}

static uint64_t xor_of_draw_and_key(uint64_t i)
{
    struct rng r = rng_init(7, RNG_WORKLOAD);

    return rng_u64(&r, i) ^ rng_entity(&r, i).key[0];
}

/*
 * Chi-square of the byte at @shift over 256 bins: mean 255, standard deviation sqrt(510) = 22.6.
 * 145..365 is five of them either way. The seeds are fixed, so that this passes always or never.
 */
static void check_flat(uint64_t (*draw)(uint64_t), uint32_t shift)
{
    uint64_t bins[NR_BINS] = {0}, expected = NR_DRAWS / NR_BINS, sum = 0;

    for (uint64_t i = 0; i < NR_DRAWS; i++) {
        bins[draw(i) >> shift & 255]++;
    }
    for (uint32_t i = 0; i < NR_BINS; i++) {
        int64_t off = (int64_t)bins[i] - (int64_t)expected;

        sum += (uint64_t)(off * off);
    }
    g_assert_cmpuint(sum / expected, >, 145);
    g_assert_cmpuint(sum / expected, <, 365);
}

static void test_uniform(void)
{
    for (uint32_t shift = 0; shift < 64; shift += 8) {
        check_flat(draw_of_stream, shift);
    }
    check_flat(draw_of_entity, 0);
    check_flat(draw_of_entity, 56);
    check_flat(draw_of_seed, 0);
    check_flat(draw_of_seed, 56);
}

static void test_independent(void)
{
    check_flat(xor_of_neighbours, 0);
    check_flat(xor_of_neighbours, 56);
    check_flat(xor_of_streams, 0);
    check_flat(xor_of_streams, 56);
    check_flat(xor_of_entities, 0);
    check_flat(xor_of_entities, 56);
    check_flat(xor_of_draw_and_key, 0);
    check_flat(xor_of_draw_and_key, 56);
}

static void test_below(void)
{
    struct rng r = rng_init(3, RNG_POLICY);
    uint64_t counts[10] = {0}, upper_half = 0;
    const uint64_t huge = UINT64_C(3) << 62;

    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t x = rng_below(&r, i, 10);

        g_assert_cmpuint(x, <, 10);
        counts[x]++;
        g_assert_cmpuint(rng_below(&r, i, 1), ==, 0);
        x = rng_below(&r, i, huge);
        g_assert_cmpuint(x, <, huge);
        upper_half += x >= huge / 2;
    }
    for (uint32_t i = 0; i < 10; i++) {
        /* 10000 expected, sqrt(9000) = 95 the standard deviation, five of them either way. */
        g_assert_cmpuint(counts[i], >, 9525);
        g_assert_cmpuint(counts[i], <, 10475);
    }
    /* 50000 expected, 158 the standard deviation. */
    g_assert_cmpuint(upper_half, >, 49210);
    g_assert_cmpuint(upper_half, <, 50790);
}

/* Each of the six orders of three, equally often. */
static void test_permutation(void)
{
    struct rng r = rng_init(5, RNG_BOOT);
    uint64_t counts[27] = {0};
    uint32_t perm[100], seen[100] = {0}, nr_orders = 0;

    for (uint64_t i = 0; i < 60000; i++) {
        struct rng entity = rng_entity(&r, i);

        rng_permutation(&entity, perm, 3);
        counts[perm[0] * 9 + perm[1] * 3 + perm[2]]++;
    }
    for (uint32_t i = 0; i < 27; i++) {
        if (counts[i]) {
            /* 10000 expected, 91 the standard deviation. */
            g_assert_cmpuint(counts[i], >, 9544);
            g_assert_cmpuint(counts[i], <, 10456);
            nr_orders++;
        }
    }
    g_assert_cmpuint(nr_orders, ==, 6);
    rng_permutation(&r, perm, 100);
    for (uint32_t i = 0; i < 100; i++) {
        g_assert_cmpuint(perm[i], <, 100);
        g_assert_cmpuint(seen[perm[i]]++, ==, 0);
    }
    rng_permutation(&r, perm, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rng/known-answers", test_known_answers);
    g_test_add_func("/rng/frozen", test_frozen);
    g_test_add_func("/rng/uniform", test_uniform);
    g_test_add_func("/rng/independent", test_independent);
    g_test_add_func("/rng/below", test_below);
    g_test_add_func("/rng/permutation", test_permutation);
    return g_test_run();
}
