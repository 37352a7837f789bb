/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Simulated time: signed 64-bit nanoseconds since the start of the run. Durations have the same
 * type. Names carry the unit (`now_ns`, `slice_ns`).
 */
#ifndef NUMASIM_BASE_TIME_H
#define NUMASIM_BASE_TIME_H

#include <stdint.h>

#define NSEC_PER_USEC INT64_C(1000)
#define NSEC_PER_MSEC INT64_C(1000000)
#define NSEC_PER_SEC  INT64_C(1000000000)

/* "Never": later than any event. Safe to compare with, not to add to; use time_add_ns(). */
#define TIME_NEVER_NS INT64_MAX

/* Saturating @a_ns + @b_ns for non-negative operands: TIME_NEVER_NS where the sum would overflow. */
static inline int64_t time_add_ns(int64_t a_ns, int64_t b_ns)
{
    int64_t sum_ns;

    return __builtin_add_overflow(a_ns, b_ns, &sum_ns) ? TIME_NEVER_NS : sum_ns;
}

#endif
