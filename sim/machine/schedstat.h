/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/schedstat byte for byte, in the versions 15 (Linux 6.1), 16 (6.12) and 17 (7.3). Sources:
 * kernel/sched/stats.c: show_schedstat(); Documentation/scheduler/sched-stats.rst; for the masks
 * lib/vsprintf.c: bitmap_string().
 */
#ifndef NUMASIM_MACHINE_SCHEDSTAT_H
#define NUMASIM_MACHINE_SCHEDSTAT_H

#include "machine/domains.h"

/*
 * What a balancing CPU was doing. Version 15 prints idle before busy, as enum cpu_idle_type stood
 * before 6.9; the order here is the one since then.
 */
enum schedstat_idle {
    SCHEDSTAT_NOT_IDLE,
    SCHEDSTAT_IDLE,
    SCHEDSTAT_NEWLY_IDLE,
    NR_SCHEDSTAT_IDLE_TYPES
};

/* Counters of a run queue. Names and widths are the kernel's, so that they wrap where it wraps. */
struct schedstat_cpu {
    uint32_t yld_count;
    uint32_t sched_count, sched_goidle;
    uint32_t ttwu_count, ttwu_local;
    uint64_t rq_cpu_time; /* ns that tasks ran */
    uint64_t run_delay;   /* ns that tasks waited */
    uint64_t pcount;      /* timeslices run */
};

/* Counters of one CPU's domain; arrays by enum schedstat_idle. */
struct schedstat_domain {
    uint32_t lb_count[NR_SCHEDSTAT_IDLE_TYPES];
    uint32_t lb_balanced[NR_SCHEDSTAT_IDLE_TYPES];
    uint32_t lb_failed[NR_SCHEDSTAT_IDLE_TYPES];
    /* By what was to be moved; version 17 prints the four, the older ones their sum. */
    uint32_t lb_imbalance_load[NR_SCHEDSTAT_IDLE_TYPES];
    uint32_t lb_imbalance_util[NR_SCHEDSTAT_IDLE_TYPES];
    uint32_t lb_imbalance_task[NR_SCHEDSTAT_IDLE_TYPES];
    uint32_t lb_imbalance_misfit[NR_SCHEDSTAT_IDLE_TYPES];
    uint32_t lb_gained[NR_SCHEDSTAT_IDLE_TYPES];
    uint32_t lb_hot_gained[NR_SCHEDSTAT_IDLE_TYPES];
    uint32_t lb_nobusyq[NR_SCHEDSTAT_IDLE_TYPES];
    uint32_t lb_nobusyg[NR_SCHEDSTAT_IDLE_TYPES];
    uint32_t alb_count, alb_failed, alb_pushed;
    uint32_t sbe_count, sbe_balanced, sbe_pushed;
    uint32_t sbf_count, sbf_balanced, sbf_pushed;
    uint32_t ttwu_wake_remote, ttwu_move_affine, ttwu_move_balance;
};

/* What is counted at one instant; nothing of it is kept. */
struct schedstat {
    uint64_t jiffies;                              /* "timestamp" */
    const struct schedstat_cpu *cpus;              /* [nr_cpus]; NULL: all zero */
    const struct schedstat_domain *const *domains; /* [nr_cpus][nr_domains[cpu]]; NULL: all zero */
};

/* 15, 16 or, since 6.14, 17 (Documentation/scheduler/sched-stats.rst). */
int32_t schedstat_version(enum kernel_release release);
/* Jiffies at boot: five minutes before they leave 32 bits (include/linux/jiffies.h). */
uint64_t schedstat_boot_jiffies(const struct machine *m);

/*
 * The whole file: the head, then each online CPU of @m in the order of their numbers, followed by
 * its domains, innermost first. Newly allocated.
 */
char *schedstat_to_text(const struct machine *m, const struct sched_domains *sds,
                        const struct schedstat *counted);

#endif
