/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The formulas of automatic NUMA balancing as plain functions of numbers: no host, no state. All are
 * those of kernel/sched/fair.c, 6.12, under the name that each comment gives; integers, truncating.
 */
#ifndef LINUX_NUMA_RULES_H
#define LINUX_NUMA_RULES_H

#include <stdbool.h>
#include <stdint.h>

/* The knobs of debugfs, sched/numa_balancing/. */
struct numa_knobs {
    int64_t scan_delay_ms, scan_period_min_ms, scan_period_max_ms, scan_size_mb;
};

/* A group's part in its tasks' scan period: how many tasks, and its faults by who shares them. */
struct numa_sharing {
    int64_t nr_tasks; /* 0: no group */
    int64_t shared, private;
};

/* task_scan_min(), task_scan_start(), task_scan_max(), in ms, of an address space with @rss_pages of
 * 4 KiB. */
int64_t numa_scan_min_ms(const struct numa_knobs *knobs, int64_t rss_pages);
int64_t numa_scan_start_ms(const struct numa_knobs *knobs, int64_t rss_pages,
                           const struct numa_sharing *group);
int64_t numa_scan_max_ms(const struct numa_knobs *knobs, int64_t rss_pages,
                         const struct numa_sharing *group);

/* What a task's period follows from: faults since it was last set (numa_faults_locality[]), and those of
 * the last window by who shares them. */
struct numa_window {
    int64_t remote, local, failed;
    int64_t shared, private;
};
/* update_task_scan_period(): the new period; *@back_off: it was doubled for want of anything to
 * learn from. */
int64_t numa_adapt_period_ms(const struct numa_window *window, int64_t period_ms, int64_t min_ms,
                             int64_t max_ms, bool *back_off);

/* task_numa_placement(): an average after a window. Of CPU faults the window counts by the time that
 * the task ran: @weight in 1/65536 (numa_cpu_weight()), of @total faults. */
int64_t numa_decay(int64_t average, int64_t window);
int64_t numa_cpu_weight(int64_t runtime_ns, int64_t period_ns);
int64_t numa_decay_cpu(int64_t average, int64_t window, int64_t weight, int64_t total);

/* hash_32(@pid, 6): the bit of a thread in an area's set. */
uint32_t numa_pid_hash(uint32_t pid);

/* What a node's load says of it: numa_classify(). */
enum numa_type { NUMA_HAS_SPARE, NUMA_FULLY_BUSY, NUMA_OVERLOADED };
struct numa_node_load {
    uint64_t load, runnable, util, capacity;
    uint32_t nr_running, weight;
};
enum numa_type numa_classify(const struct numa_node_load *node, uint32_t imbalance_pct);
/* adjust_numa_imbalance(). */
int64_t numa_allowed_imbalance(int64_t imbalance, int64_t dst_running, int64_t imb_numa_nr);
/* load_too_imbalanced(): would loads like these differ more than they do? */
bool numa_too_imbalanced(const struct numa_node_load *src, const struct numa_node_load *dst,
                         int64_t src_load, int64_t dst_load);

/* numa_promotion_adjust_threshold(): the threshold in ms (0: the default) after a minute in which
 * @candidates pages were seen and @reference would have been right. */
int64_t numa_adapt_threshold_ms(int64_t threshold_ms, int64_t default_ms, int64_t candidates,
                                int64_t reference);

#endif
