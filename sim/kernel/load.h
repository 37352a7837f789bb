/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Load averages summed over sets of CPUs. Balancing asks for the sums of whole domains after every
 * event, and an event changes the averages of one or two CPUs: so the sums of each 8 and each 64 CPUs in
 * a row are kept until one of theirs changes.
 *
 * What is kept is what reading CPU by CPU would give, and a read has effects that a kept sum must not
 * swallow (numasim_cpu_load(): skipped ticks, averages of idle CPUs that grew old). Hence each sum has a
 * time up to which reading would have had none.
 */
#ifndef NUMASIM_KERNEL_LOAD_H
#define NUMASIM_KERNEL_LOAD_H

#include <stdint.h>

#include "policy/numasim-policy.h"

enum { LOAD_BLOCK_CPUS = 8 };

/* As numasim_sum_loads() has it, of all the CPUs of a block or of a word of a bitmap. */
struct load_sum {
    struct numasim_load load;
    int64_t until_ns; /* holds up to this time, unless a CPU is marked as changed */
};

struct load_sums {
    uint64_t *changed; /* bitmap: CPUs whose averages changed since their block was summed up */
    struct load_sum *blocks, *words;
};

void load_sums_new(struct load_sums *s, int32_t nr_cpus);
void load_sums_free(struct load_sums *s);

/* What numasim_cpu_load() gives of @cpu, or its sums, is not what it was: its averages or the state of
 * its tick changed. */
static inline void load_sums_changed(struct load_sums *s, int32_t cpu)
{
    s->changed[cpu >> 6] |= UINT64_C(1) << (cpu & 63);
}

#endif
