/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups to ask the balancer's formulas about, and the switches of a release. */
#ifndef NUMASIM_TESTS_UNIT_BALANCE_FIXTURE_H
#define NUMASIM_TESTS_UNIT_BALANCE_FIXTURE_H

#include "../../policies/linux-balance/rules.h"

static const struct lb_rules linux_6_12 = {
    .smt_balance = true,
    .sibling_imbalance = true,
    .fully_busy_last = true,
    .spare_smt = true,
    .prefer_sibling_busiest = true,
    .numa_imbalance = LB_NUMA_NR,
    .numa_total = true,
};

/* @nr of @weight CPUs of 1024 each run one task that never sleeps. */
static inline struct lb_group group(uint32_t weight, uint32_t nr)
{
    uint32_t busy = nr < weight ? nr : weight;
    struct lb_group g = {
        .load = UINT64_C(1024) * nr,
        .util = UINT64_C(1024) * busy,
        .runnable = UINT64_C(1024) * nr,
        .capacity = UINT64_C(1024) * weight,
        .nr_running = nr,
        .nr_fair = nr,
        .idle_cpus = weight - busy,
        .weight = weight,
        .cores = weight,
    };

    g.type = lb_group_type(&g, 117, false, false);
    g.avg_load = g.type == LB_OVERLOADED ? g.load * 1024 / g.capacity : 0;
    return g;
}

#endif
