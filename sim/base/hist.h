/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A histogram of non-negative 64-bit values with a bounded relative error: each power of two is
 * cut into HIST_SUB linear buckets, so a reported percentile is at most 1/HIST_SUB (0.79 % at 128)
 * above the true sample, never below it. Values below HIST_SUB are exact; min, max, count and
 * sum are exact.
 */
#ifndef NUMASIM_BASE_HIST_H
#define NUMASIM_BASE_HIST_H

#include <stdint.h>

enum {
    HIST_SUB_BITS = 7,
    HIST_SUB = 1 << HIST_SUB_BITS,
    HIST_BUCKETS = (64 - HIST_SUB_BITS) * HIST_SUB
};

struct hist {
    uint64_t count;
    uint64_t sum_lo, sum_hi; /* 128-bit exact sum */
    int64_t min, max;        /* valid while count > 0 */
    uint64_t *buckets;       /* HIST_BUCKETS counters, allocated at the first sample, owned */
};

void hist_release(struct hist *h);
/* Counts @value (negative counts as 0). Allocates only at the first sample. */
void hist_add(struct hist *h, int64_t value);
/* The same so many times. */
void hist_add_many(struct hist *h, int64_t value, uint64_t times);
/* Adds all of @src to @dst. */
void hist_merge(struct hist *dst, const struct hist *src);
/*
 * The smallest bucket bound b such that at least ceil(@ppm * count / 1e6) samples are <= b, capped
 * by max; 0 without samples. 500000 is the median.
 */
int64_t hist_percentile(const struct hist *h, uint32_t ppm);
/* floor(sum / count), 0 without samples. */
int64_t hist_mean(const struct hist *h);
/* Upper bound of bucket @i, and the bucket of @value. */
int64_t hist_bucket_bound(uint32_t i);
uint32_t hist_bucket(int64_t value);

#endif
