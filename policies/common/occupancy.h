/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * occupancy.h - how much of what CPUs ran of late was a process's (kernel/sched/fair.c, 7.3:
 * account_mm_sched(), fraction_mm_sched(), task_cache_work()). For policies that keep a process under
 * one LLC.
 *
 * Time is counted in epochs; at the end of each, all that was counted is halved. The kernel keeps a
 * counter for each process on each CPU. Here a CPU keeps those of the processes that ran there of
 * late: after some epochs nothing is left of the others.
 */
#ifndef NUMASIM_POLICIES_OCCUPANCY_H
#define NUMASIM_POLICIES_OCCUPANCY_H

#include <stdbool.h>
#include <stdint.h>

#define OCCUPANCY_SLOTS 16

/* Of one CPU; zeroed at first. */
struct occupancy {
    int64_t epoch;
    uint64_t runtime_ns; /* of all processes */
    struct {
        int32_t process_plus_1; /* 0: free */
        uint64_t runtime_ns;
    } slots[OCCUPANCY_SLOTS];
};

/* Halves what was counted as often as epochs passed (__update_mm_sched()). */
static inline void occupancy_age(struct occupancy *o, int64_t epoch)
{
    int64_t passed = epoch - o->epoch;

    if (passed <= 0) {
        return;
    }
    o->epoch = epoch;
    o->runtime_ns = passed < 64 ? o->runtime_ns >> passed : 0;
    for (int32_t i = 0; i < OCCUPANCY_SLOTS; i++) {
        o->slots[i].runtime_ns = passed < 64 ? o->slots[i].runtime_ns >> passed : 0;
        if (o->slots[i].runtime_ns == 0) {
            o->slots[i].process_plus_1 = 0;
        }
    }
}

/* Process @id ran for @ran_ns; where all slots are taken, the one with the least gives way. */
static inline void occupancy_add(struct occupancy *o, int64_t epoch, int32_t id, int64_t ran_ns)
{
    int32_t least = 0;

    if (ran_ns <= 0) {
        return;
    }
    occupancy_age(o, epoch);
    o->runtime_ns += (uint64_t)ran_ns;
    for (int32_t i = 0; i < OCCUPANCY_SLOTS; i++) {
        if (o->slots[i].process_plus_1 == id + 1) {
            o->slots[i].runtime_ns += (uint64_t)ran_ns;
            return;
        }
        if (o->slots[i].runtime_ns < o->slots[least].runtime_ns) {
            least = i;
        }
    }
    o->slots[least].process_plus_1 = id + 1;
    o->slots[least].runtime_ns = (uint64_t)ran_ns;
}

/* The share of process @id in what ran, in 1 / (1024 * 1024) (NICE_0_LOAD). */
static inline uint64_t occupancy_of(struct occupancy *o, int64_t epoch, int32_t id)
{
    occupancy_age(o, epoch);
    for (int32_t i = 0; i < OCCUPANCY_SLOTS; i++) {
        if (o->slots[i].process_plus_1 == id + 1) {
            return (UINT64_C(1) << 20) * o->slots[i].runtime_ns / (o->runtime_ns + 1);
        }
    }
    return 0;
}

/* True iff a process with the occupancy @best under one LLC leaves the one that it preferred, where it
 * has @present: with less than twice as much it would go to and fro. */
static inline bool occupancy_outweighs(uint64_t best, uint64_t present)
{
    return best > 2 * present;
}

#endif
