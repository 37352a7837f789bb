/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nohz.h - who balances for the idle CPUs, and for which of them (kernel/sched/fair.c:
 * nohz_idle_balance(), find_new_ilb()), for balance policies to share. What it means to balance, and
 * when somebody is asked to, changed from release to release and stays with each policy.
 */
#ifndef NUMASIM_POLICIES_NOHZ_H
#define NUMASIM_POLICIES_NOHZ_H

#include <stdbool.h>
#include <stdint.h>

#include <numasim-policy.h>

/* The lowest CPU of @idle, a bitmap, that has domains and is not @cpu; -1: none. */
static inline int32_t nohz_first_balancer(const struct numasim_host *host, const uint64_t *idle,
                                          int32_t cpu)
{
    int32_t nr_cpus = numasim_nr_cpus(host);

    for (int32_t i = numasim_mask_next(idle, NULL, nr_cpus, 0); i < nr_cpus;
         i = numasim_mask_next(idle, NULL, nr_cpus, i + 1)) {
        if (i != cpu && numasim_cpu(host, i)->domain != NULL) {
            return i;
        }
    }
    return -1;
}

/* A round over the idle CPUs that have domains, from the one after @balancer to @balancer itself. */
struct nohz_walk {
    const struct numasim_host *host;
    int32_t balancer;
    int32_t next;  /* the CPU from which to look on */
    bool wrapped;  /* past the last CPU */
    bool got_work; /* the balancer is idle no more */
};

static inline struct nohz_walk nohz_walk_from(const struct numasim_host *host, int32_t balancer)
{
    return (struct nohz_walk){.host = host, .balancer = balancer, .next = balancer + 1};
}

/* The next CPU; -1 at the end, which is wherever the balancer got work. */
static inline int32_t nohz_walk_next(struct nohz_walk *walk)
{
    const uint64_t *idle = numasim_idle_mask(walk->host);

    for (;;) {
        int32_t end = walk->wrapped ? walk->balancer + 1 : numasim_nr_cpus(walk->host);
        int32_t cpu = numasim_mask_next(idle, NULL, end, walk->next);

        walk->next = cpu + 1;
        if (cpu >= end && !walk->wrapped) {
            walk->wrapped = true;
            walk->next = 0;
        } else if (cpu >= end || numasim_cpu(walk->host, cpu)->domain != NULL) {
            walk->got_work = !numasim_cpu(walk->host, walk->balancer)->idle;
            return cpu >= end || walk->got_work ? -1 : cpu;
        }
    }
}

#endif
