/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * balance.h - rules of kernel/sched/fair.c that did not change between the balancers of Linux, for
 * balance policies to share.
 */
#ifndef NUMASIM_POLICIES_BALANCE_H
#define NUMASIM_POLICIES_BALANCE_H

#include <stdbool.h>
#include <stdint.h>

/* True iff waker and wakee talk to too many to be kept together (wake_wide(), since 4.3). */
static inline bool balance_wake_wide(uint32_t waker_flips, uint32_t wakee_flips, uint32_t llc_size)
{
    uint32_t more = waker_flips > wakee_flips ? waker_flips : wakee_flips;
    uint32_t fewer = waker_flips > wakee_flips ? wakee_flips : waker_flips;

    return fewer >= llc_size && more >= (uint64_t)fewer * llc_size;
}

/*
 * Jiffies between two balances of a domain (get_sd_balance_interval()): @interval_ms is its
 * balance_interval, the longest interval is HZ * @nr_online / 10 jiffies; @minus_one: a busy CPU's is a
 * jiffy shorter, so that levels do not all come due at the same tick (since 5.10).
 */
static inline int64_t balance_interval_jiffies(uint32_t interval_ms, uint32_t busy_factor,
                                               bool busy, bool minus_one, int64_t tick_ns,
                                               int32_t nr_online)
{
    int64_t ms = (int64_t)interval_ms * (busy ? busy_factor : 1);
    int64_t jiffies = (ms * 1000000 + tick_ns - 1) / tick_ns;
    int64_t longest = INT64_C(1000000000) / tick_ns * nr_online / 10;

    jiffies -= busy && minus_one;
    longest = longest > 1 ? longest : 1;
    jiffies = jiffies < longest ? jiffies : longest;
    return jiffies > 1 ? jiffies : 1;
}

#endif
