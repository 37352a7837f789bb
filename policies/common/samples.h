/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * samples.h - what a sampling unit (PEBS, IBS) sees of populations of pages: of so many accesses to a
 * page each is recorded with a small probability, so that the samples of a page are Poisson
 * distributed. For policies that count samples in the tag of pages.
 */
#ifndef NUMASIM_POLICIES_SAMPLES_H
#define NUMASIM_POLICIES_SAMPLES_H

#include <numasim-policy.h>

enum { SAMPLES_SHIFT = 20, SAMPLES_ONE_SHIFT = 31, SAMPLES_MAX = 63, SAMPLES_ROUNDING = 256 };

/* exp(-@x), x in 2^-20, as 2^-31: the series for a 64th of x, squared six times. */
static inline uint64_t samples_none(uint64_t x)
{
    const uint64_t one = UINT64_C(1) << SAMPLES_ONE_SHIFT;
    uint64_t y = (x << (SAMPLES_ONE_SHIFT - SAMPLES_SHIFT)) >> 6;
    uint64_t term = one, plus = one, minus = 0;

    if (x >> SAMPLES_SHIFT > 21) { /* below 2^-31 */
        return 0;
    }
    for (uint64_t i = 1; i <= 9; i++) {
        term = ((term * y) >> SAMPLES_ONE_SHIFT) / i;
        if (i % 2 == 1) {
            minus += term;
        } else {
            plus += term;
        }
    }
    uint64_t result = plus - minus;

    for (int i = 0; i < 6; i++) {
        result = (result * result) >> SAMPLES_ONE_SHIFT;
    }
    return result;
}

/* Mean samples of one page of @pages since it was last tagged, in 2^-20, where one access in @period is
 * recorded. */
static inline uint64_t samples_mean(const struct numasim_host *host,
                                    const struct numasim_pages *pages, int64_t period)
{
    uint64_t base_pages = (uint64_t)(pages->page_bytes / numasim_page_bytes(host));
    uint64_t accesses_x256 = pages->accesses_x256;

    if (accesses_x256 > UINT64_MAX / base_pages >> (SAMPLES_SHIFT - 8)) {
        return UINT64_MAX;
    }
    return (accesses_x256 * base_pages << (SAMPLES_SHIFT - 8)) / (uint64_t)period;
}

/*
 * Draws how many of @nr pages have 0, 1, ... @max samples (@max and more at nr_with[@max]) if each has
 * @mean of them in 2^-20 on average. Uses draws of @entity from *@draws on.
 */
static inline void samples_draw(const struct numasim_host *host, uint64_t entity, uint64_t *draws,
                                int64_t nr, uint64_t mean, int32_t max, int64_t *nr_with)
{
    uint64_t tail = UINT64_C(1) << SAMPLES_ONE_SHIFT, p = samples_none(mean);

    for (int32_t i = 0; i <= max; i++) {
        nr_with[i] = 0;
    }
    for (int32_t i = 0; i < max && nr > 0; i++) {
        /* What rounding leaves of the tail is nobody's. */
        bool last = tail <= p + (p >> 7) + SAMPLES_ROUNDING;
        uint32_t ppm = last ? 1000000 : (uint32_t)(p * 1000000 / tail);

        if (p > 0 || last) {
            nr_with[i] = numasim_binomial(host, entity, (*draws)++, nr, ppm);
            nr -= nr_with[i];
        }
        tail = tail > p ? tail - p : 0;
        p = (p * mean >> SAMPLES_SHIFT) / (uint64_t)(i + 1);
    }
    nr_with[max] = nr;
}

#endif
