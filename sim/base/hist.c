/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hist.h"

#include <glib.h>
#include <string.h>

#include "base/fixed.h"

enum { PPM = 1000000 };

static inline uint128 sum_of(const struct hist *h)
{
    return (uint128)h->sum_hi << 64 | h->sum_lo;
}

static inline void add_to_sum(struct hist *h, uint128 value)
{
    uint128 sum = sum_of(h) + value;

    h->sum_lo = (uint64_t)sum;
    h->sum_hi = (uint64_t)(sum >> 64);
}

void hist_release(struct hist *h)
{
    g_free(h->buckets);
    memset(h, 0, sizeof *h);
}

uint32_t hist_bucket(int64_t value)
{
    uint64_t v = value > 0 ? (uint64_t)value : 0;
    uint32_t shift;

    if (v < HIST_SUB) {
        return (uint32_t)v;
    }
    shift = 63u - (uint32_t)__builtin_clzll(v) - HIST_SUB_BITS;
    return shift * HIST_SUB + (uint32_t)(v >> shift);
}

int64_t hist_bucket_bound(uint32_t i)
{
    uint32_t shift;
    uint64_t first;

    if (i < 2 * HIST_SUB) {
        return i;
    }
    shift = i / HIST_SUB - 1;
    first = (uint64_t)(HIST_SUB + i % HIST_SUB) << shift;
    return (int64_t)(first + (UINT64_C(1) << shift) - 1);
}

void hist_add(struct hist *h, int64_t value)
{
    hist_add_many(h, value, 1);
}

void hist_add_many(struct hist *h, int64_t value, uint64_t times)
{
    if (times == 0) {
        return;
    }
    if (value < 0) {
        value = 0;
    }
    if (h->count == 0) {
        if (!h->buckets) {
            h->buckets = g_new0(uint64_t, HIST_BUCKETS);
        }
        h->min = value;
        h->max = value;
    }
    h->count += times;
    h->min = MIN(h->min, value);
    h->max = MAX(h->max, value);
    add_to_sum(h, (uint128)(uint64_t)value * times);
    h->buckets[hist_bucket(value)] += times;
}

void hist_merge(struct hist *dst, const struct hist *src)
{
    if (src->count == 0) {
        return;
    }
    if (!dst->buckets) {
        dst->buckets = g_new0(uint64_t, HIST_BUCKETS);
    }
    dst->min = dst->count ? MIN(dst->min, src->min) : src->min;
    dst->max = dst->count ? MAX(dst->max, src->max) : src->max;
    dst->count += src->count;
    add_to_sum(dst, sum_of(src));
    for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
        dst->buckets[i] += src->buckets[i];
    }
}

int64_t hist_percentile(const struct hist *h, uint32_t ppm)
{
    uint64_t wanted, seen = 0;

    if (h->count == 0) {
        return 0;
    }
    wanted = mul_div_ceil_u64(h->count, MIN(ppm, (uint32_t)PPM), PPM);
    /* The least one, and not 0, when none is asked for: 0 ppm is the minimum. */
    wanted = MAX(wanted, 1u);
    for (uint32_t i = hist_bucket(h->min); i < HIST_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen >= wanted) {
            return MIN(hist_bucket_bound(i), h->max);
        }
    }
    return h->max;
}

int64_t hist_mean(const struct hist *h)
{
    return h->count ? (int64_t)(sum_of(h) / h->count) : 0;
}
