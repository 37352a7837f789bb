/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/significance.h"

#include <glib.h>
#include <stdlib.h>

#include "base/fixed.h"
#include "base/rng.h"

/* Keys of the draws: any constants do, as long as they stay. */
enum { SEED = 1, ENTITY_SIGNS = 1, ENTITY_BOOTSTRAP = 2 };

static int128 absolute(int128 value)
{
    return value < 0 ? -value : value;
}

/* ------------------------------------------------------------------------------------------- */

/* How many sign assignments of @d[@nr] (the first keeps its sign: the others mirror them) reach @bound. */
static uint64_t count_exact(const int64_t *d, uint32_t nr, int128 bound)
{
    uint64_t reached = 0;
    int128 sum = 0;

    for (uint32_t i = 0; i < nr; i++) {
        sum += d[i];
    }
    /* In Gray code order one sign changes from each assignment to the next. */
    uint64_t signs = 0, all = UINT64_C(1) << (nr - 1);

    for (uint64_t i = 0;; i++) {
        reached += absolute(sum) >= bound;
        if (i + 1 == all) {
            return reached;
        }
        uint32_t bit = (uint32_t)__builtin_ctzll(i + 1);
        int128 twice = 2 * (int128)d[bit + 1];

        signs ^= UINT64_C(1) << bit;
        sum += (signs >> bit) & 1 ? -twice : twice;
    }
}

static uint64_t count_drawn(const int64_t *d, uint32_t nr, int128 bound)
{
    struct rng base = rng_init(SEED, RNG_WORKLOAD);
    struct rng rng = rng_entity(&base, ENTITY_SIGNS);
    uint64_t reached = 0, index = 0;

    for (uint32_t draw = 0; draw < SIGN_FLIP_DRAWS; draw++) {
        uint64_t bits = 0;
        int128 sum = 0;

        for (uint32_t i = 0; i < nr; i++) {
            if (i % 64 == 0) {
                bits = rng_u64(&rng, index++);
            }
            sum += (bits >> (i % 64)) & 1 ? -(int128)d[i] : d[i];
        }
        reached += absolute(sum) >= bound;
    }
    return reached;
}

double sign_flip_p(const int64_t *differences, uint32_t nr)
{
    int128 sum = 0;

    if (nr == 0) {
        return 1;
    }
    for (uint32_t i = 0; i < nr; i++) {
        sum += differences[i];
    }
    if (nr <= SIGN_FLIP_EXACT) {
        return (double)count_exact(differences, nr, absolute(sum)) /
               (double)(UINT64_C(1) << (nr - 1));
    }
    return (double)(count_drawn(differences, nr, absolute(sum)) + 1) /
           (double)(SIGN_FLIP_DRAWS + 1);
}

/* ------------------------------------------------------------------------------------------- */

static int compare_sums(const void *a, const void *b)
{
    const int128 *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

void bootstrap_interval(const int64_t *values, uint32_t nr, double *ret_low, double *ret_high)
{
    struct rng base = rng_init(SEED, RNG_WORKLOAD);
    struct rng rng = rng_entity(&base, ENTITY_BOOTSTRAP);
    g_autofree int128 *sums = g_new(int128, BOOTSTRAP_DRAWS);
    uint64_t index = 0;

    for (uint32_t draw = 0; draw < BOOTSTRAP_DRAWS; draw++) {
        sums[draw] = 0;
        for (uint32_t i = 0; i < nr; i++) {
            sums[draw] += values[rng_below(&rng, index++, nr)];
        }
    }
    qsort(sums, BOOTSTRAP_DRAWS, sizeof(*sums), compare_sums);
    *ret_low = (double)sums[BOOTSTRAP_DRAWS * 25 / 1000] / (double)nr;
    *ret_high = (double)sums[BOOTSTRAP_DRAWS - 1 - BOOTSTRAP_DRAWS * 25 / 1000] / (double)nr;
}

/* ------------------------------------------------------------------------------------------- */

struct ranked {
    double p;
    uint32_t at; /* its place among those given */
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    return x->p != y->p ? (x->p > y->p) - (x->p < y->p) : (x->at > y->at) - (x->at < y->at);
}

void holm_correct(double *p, uint32_t nr)
{
    g_autofree struct ranked *ranked = g_new(struct ranked, nr);
    double floor = 0;

    for (uint32_t i = 0; i < nr; i++) {
        ranked[i] = (struct ranked){p[i], i};
    }
    if (nr > 0) {
        qsort(ranked, nr, sizeof(*ranked), compare_ranked);
    }
    /* The least that is left, times how many are left; never below one before it. */
    for (uint32_t rank = 0; rank < nr; rank++) {
        floor = MAX(floor, MIN(ranked[rank].p * (double)(nr - rank), 1));
        p[ranked[rank].at] = floor;
    }
}

/* ------------------------------------------------------------------------------------------- */

double geometric_mean(const double *values, uint32_t nr)
{
    double mantissa = 1;
    int64_t exponent = 0;

    if (nr == 0) {
        return 1;
    }
    for (uint32_t i = 0; i < nr; i++) {
        mantissa *= values[i];
        for (; mantissa >= 2; mantissa /= 2) {
            exponent++;
        }
        for (; mantissa < 1; mantissa *= 2) {
            exponent--;
        }
    }
    /* 2^whole x the root of what is left, which lies in [1, 2): bisected, for it needs no logarithm. */
    int64_t whole = exponent >= 0 ? exponent / nr : -((-exponent + nr - 1) / nr);
    int64_t rest = exponent - whole * nr;
    double low = 1, high = 2;

    for (int step = 0; step < 60; step++) {
        double middle = (low + high) / 2;
        /* middle^nr against mantissa x 2^rest, dividing by 2 on the way so that nothing overflows. */
        double product = 1;
        int64_t left = rest;

        for (uint32_t i = 0; i < nr; i++) {
            product *= middle;
            for (; product >= 2 && left > 0; left--) {
                product /= 2;
            }
        }
        for (; left > 0; left--) {
            product /= 2;
        }
        *(product > mantissa ? &high : &low) = middle;
    }
    double root = low;

    for (; whole > 0; whole--) {
        root *= 2;
    }
    for (; whole < 0; whole++) {
        root /= 2;
    }
    return root;
}
