/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * weight.h - virtual time of one entity, in the integers of kernel/sched/fair.c, for queue policies
 * to share: of weight w, an entity that ran d ns advances by d * 1024 / w virtual ns.
 */
#ifndef NUMASIM_POLICIES_WEIGHT_H
#define NUMASIM_POLICIES_WEIGHT_H

#include <stdbool.h>
#include <stdint.h>

/* sched_prio_to_weight[20], include/linux/sched.h: NICE_0_LOAD without its extra resolution. */
#define NICE_0_WEIGHT 1024u

/* The same with it (kernel/sched/sched.h: scale_load()): the unit of weights in a flat queue. */
#define NICE_0_LOAD_SHIFT 20

struct entity_weight {
    uint64_t weight;  /* 0: not set yet */
    uint32_t inverse; /* multiplier and shift of weight_vdelta() */
    uint8_t shift;
    bool divides; /* by weight, in units of 2^-20, instead */
};

__extension__ typedef __int128 weight_wide;

/*
 * Prepares @w for @weight > 0. The kernel multiplies with a 32-bit inverse: for a cgroup the truncated
 * (2^32 - 1) / w of __update_inv_weight(), kernel/sched/fair.c; for a task 2^32 / w from
 * sched_prio_to_wmult[], kernel/sched/core.c, which is rounded to nearest down to nice 12 (weight
 * 70) and truncated beyond. __calc_delta() shifts until 1024 * inverse fits 32 bits.
 */
static inline void weight_set(struct entity_weight *w, uint32_t weight, bool is_task)
{
    uint64_t inverse = is_task ? ((UINT64_C(1) << 32) + (weight >= 70 ? weight / 2 : 0)) / weight
                               : (uint64_t)UINT32_MAX / weight;
    uint8_t shift = 32;

    inverse = (inverse > UINT32_MAX ? UINT32_MAX : inverse) * NICE_0_WEIGHT;
    while (inverse > UINT32_MAX) {
        inverse >>= 1;
        shift--;
    }
    *w = (struct entity_weight){weight, (uint32_t)inverse, shift, false};
}

/* Prepares @w for a member of a flat queue, of @load > 0: there the kernel divides (__calc_delta(), 7.3,
 * 64-bit). */
static inline void weight_set_load(struct entity_weight *w, uint64_t load)
{
    *w = (struct entity_weight){.weight = load, .divides = true};
}

/* What counts as nice 0 among weights like @w. */
static inline uint64_t weight_unit(const struct entity_weight *w)
{
    return w->divides ? UINT64_C(1) << NICE_0_LOAD_SHIFT : NICE_0_WEIGHT;
}

/* @delta_ns >= 0 times @multiplier, right by @shift (<= 32), truncated: mul_u64_u32_shr(). */
static inline int64_t weight_multiply(int64_t delta_ns, uint32_t multiplier, uint8_t shift)
{
    uint64_t low = (uint64_t)delta_ns & UINT32_MAX, high = (uint64_t)delta_ns >> 32;

    return (int64_t)(((low * multiplier) >> shift) + ((high * multiplier) << (32 - shift)));
}

/* calc_delta_fair(): @delta_ns >= 0 of running as virtual ns, truncated. */
static inline int64_t weight_vdelta(const struct entity_weight *w, int64_t delta_ns)
{
    if (w->weight == weight_unit(w)) {
        return delta_ns;
    }
    return w->divides ? (int64_t)(((weight_wide)delta_ns << NICE_0_LOAD_SHIFT) / w->weight)
                      : weight_multiply(delta_ns, w->inverse, w->shift);
}

/*
 * __calc_delta(): @delta_ns * @weight / @sum, where @sum is a queue's weight, whose inverse is the
 * truncated one. Both are above 0.
 */
static inline int64_t weight_share(int64_t delta_ns, uint32_t weight, uint64_t sum)
{
    uint64_t factor = weight;
    uint8_t shift = 32;

    factor *= sum > UINT32_MAX ? 1 : UINT32_MAX / sum;
    while (factor > UINT32_MAX) {
        factor >>= 1;
        shift--;
    }
    return weight_multiply(delta_ns, (uint32_t)factor, shift);
}

/*
 * get_update_sysctl_factor(): what times scale with, where c = min(online CPUs, 8): nothing, 1 +
 * floor(log2 c), or c. The values of the parameter `tunable_scaling`.
 */
enum weight_scaling { SCALING_NONE, SCALING_LOG, SCALING_LINEAR };

static inline int64_t weight_scale_factor(int64_t scaling, int32_t nr_online)
{
    int64_t cpus = nr_online < 8 ? nr_online : 8;

    if (scaling == SCALING_LINEAR) {
        return cpus;
    }
    return scaling == SCALING_LOG ? 1 + (cpus >= 2) + (cpus >= 4) + (cpus >= 8) : 1;
}

#endif
