/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules.h"

enum {
    MAX_SCAN_WINDOW_MB = 2560, /* a second */
    PERIOD_SLOTS = 10,         /* NUMA_PERIOD_SLOTS */
    PERIOD_THRESHOLD = 7,      /* NUMA_PERIOD_THRESHOLD */
    IMBALANCE_MIN = 2,         /* NUMA_IMBALANCE_MIN */
    ADJUST_STEPS = 16,         /* NUMA_MIGRATION_ADJUST_STEPS */
    PAGES_PER_MB = 256
};

static int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* task_nr_scan_windows() */
static int64_t nr_windows(const struct numa_knobs *knobs, int64_t rss_pages)
{
    int64_t window = knobs->scan_size_mb * PAGES_PER_MB;

    return max64((rss_pages + window - 1) / window, 1);
}

int64_t numa_scan_min_ms(const struct numa_knobs *knobs, int64_t rss_pages)
{
    int64_t windows =
        knobs->scan_size_mb < MAX_SCAN_WINDOW_MB ? MAX_SCAN_WINDOW_MB / knobs->scan_size_mb : 1;

    return max64(1000 / windows, knobs->scan_period_min_ms / nr_windows(knobs, rss_pages));
}

static int64_t stretched(int64_t period_ms, const struct numa_sharing *group)
{
    return period_ms * group->nr_tasks * (group->shared + 1) / (group->private + group->shared + 1);
}

int64_t numa_scan_start_ms(const struct numa_knobs *knobs, int64_t rss_pages,
                           const struct numa_sharing *group)
{
    int64_t min_ms = numa_scan_min_ms(knobs, rss_pages);

    return group->nr_tasks > 0 ? max64(min_ms, stretched(min_ms, group)) : min_ms;
}

int64_t numa_scan_max_ms(const struct numa_knobs *knobs, int64_t rss_pages,
                         const struct numa_sharing *group)
{
    int64_t max_ms = knobs->scan_period_max_ms / nr_windows(knobs, rss_pages);

    if (group->nr_tasks > 0) {
        max_ms = max64(max_ms, stretched(max_ms, group));
    }
    return max64(numa_scan_min_ms(knobs, rss_pages), max_ms);
}

int64_t numa_adapt_period_ms(const struct numa_window *window, int64_t period_ms, int64_t min_ms,
                             int64_t max_ms, bool *back_off)
{
    int64_t slot_ms = (period_ms + PERIOD_SLOTS - 1) / PERIOD_SLOTS, difference_ms;
    int64_t faults = window->local + window->remote, all = window->private + window->shared;

    *back_off = window->local + window->shared == 0 || window->failed > 0;
    if (*back_off) {
        return min64(max_ms, 2 * period_ms);
    }
    int64_t local = faults > 0 ? window->local * PERIOD_SLOTS / faults : 0;
    int64_t private = all > 0 ? window->private * PERIOD_SLOTS / all : 0;

    if (private >= PERIOD_THRESHOLD) {
        difference_ms = max64(1, private - PERIOD_THRESHOLD) * slot_ms;
    } else if (local >= PERIOD_THRESHOLD) {
        difference_ms = max64(1, local - PERIOD_THRESHOLD) * slot_ms;
    } else {
        difference_ms = -(PERIOD_THRESHOLD - max64(local, private)) * slot_ms;
    }
    return max64(min_ms, min64(max_ms, period_ms + difference_ms));
}

int64_t numa_decay(int64_t average, int64_t window)
{
    return average + (window - average / 2);
}

int64_t numa_cpu_weight(int64_t runtime_ns, int64_t period_ns)
{
    return (int64_t)(((uint64_t)runtime_ns << 16) / ((uint64_t)period_ns + 1));
}

int64_t numa_decay_cpu(int64_t average, int64_t window, int64_t weight, int64_t total)
{
    return average + (weight * window / (total + 1) - average / 2);
}

uint32_t numa_pid_hash(uint32_t pid)
{
    return pid * UINT32_C(0x61C88647) >> 26;
}

enum numa_type numa_classify(const struct numa_node_load *node, uint32_t imbalance_pct)
{
    if (node->nr_running > node->weight &&
        (node->capacity * 100 < node->util * imbalance_pct ||
         node->capacity * imbalance_pct < node->runnable * 100)) {
        return NUMA_OVERLOADED;
    }
    if (node->nr_running < node->weight ||
        (node->capacity * 100 > node->util * imbalance_pct &&
         node->capacity * imbalance_pct > node->runnable * 100)) {
        return NUMA_HAS_SPARE;
    }
    return NUMA_FULLY_BUSY;
}

int64_t numa_allowed_imbalance(int64_t imbalance, int64_t dst_running, int64_t imb_numa_nr)
{
    return dst_running <= imb_numa_nr && imbalance <= IMBALANCE_MIN ? 0 : imbalance;
}

static uint64_t difference(int64_t a, int64_t b)
{
    return (uint64_t)(a > b ? a - b : b - a);
}

bool numa_too_imbalanced(const struct numa_node_load *src, const struct numa_node_load *dst,
                         int64_t src_load, int64_t dst_load)
{
    int64_t src_capacity = (int64_t)src->capacity, dst_capacity = (int64_t)dst->capacity;
    uint64_t would = difference(dst_load * src_capacity, src_load * dst_capacity);
    uint64_t is = difference((int64_t)dst->load * src_capacity, (int64_t)src->load * dst_capacity);

    return would > is;
}

int64_t numa_adapt_threshold_ms(int64_t threshold_ms, int64_t default_ms, int64_t candidates,
                                int64_t reference)
{
    int64_t unit_ms = default_ms * 2 / ADJUST_STEPS;
    int64_t now_ms = threshold_ms > 0 ? threshold_ms : default_ms;

    if (candidates > reference * 11 / 10) {
        return max64(now_ms - unit_ms, unit_ms);
    }
    if (candidates < reference * 9 / 10) {
        return min64(now_ms + unit_ms, default_ms * 2);
    }
    return now_ms;
}
