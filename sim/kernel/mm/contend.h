/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gets how much of the memory: resources with a bandwidth (a node's memory controller, a link,
 * an LLC) and classes of tasks alike in rate that use them.
 *
 * Each class states how its work uses the resources: lines per second of work. From that and from
 * how long a unit of its work takes follow the loads; a load makes the others wait, by the curve of
 * the resource; waiting makes work slower and so the load less. contend_solve() finds where that
 * comes to rest. What still asks for more than a resource has gets a fair share of it, max-min: no
 * task gets more than another one that asks for as much, and none is held back by a resource that
 * has some left. Or accesses queue there, see struct contend_resource.
 *
 * Utilisation moves in CONTEND_STEPS steps, and a wait belongs to a step: a change that stays within
 * its step changes no rate. Only classes that share resources with what changed, directly or by way
 * of other classes, are looked at. All integers: the answer depends on the classes and on the steps
 * before, not on the order of the calls since the last contend_solve().
 *
 * Plain data, no kernel: rate.c makes the classes and carries the work.
 */
#ifndef NUMASIM_KERNEL_MM_CONTEND_H
#define NUMASIM_KERNEL_MM_CONTEND_H

#include <stdbool.h>
#include <stdint.h>

/* Steps of utilisation between idle and full. */
enum { CONTEND_STEPS = 64 };

/* The use that stands for a step: its middle, in ppm. */
static inline int32_t contend_step_ppm(int32_t step)
{
    return (int32_t)((2 * step + 1) * INT64_C(1000000) / (2 * CONTEND_STEPS));
}

/* One point of a loaded-latency curve: at this utilisation, latency is this many times the idle one. */
struct contend_point {
    uint32_t utilisation_ppm, factor_ppm; /* 0..1e6, >= 1e6 */
};

struct contend_resource {
    uint64_t capacity_milli; /* lines a second x 1000; 0: no limit, never waits */
    int64_t idle_ns;         /* what the curve's factors multiply */
    const struct contend_point
        *curve; /* [nr_points], both ascending; borrowed; NULL: never waits */
    int32_t nr_points;
    /*
     * When it is full: false, each task is held to a fair share; true, accesses queue, first come first
     * served, and wait beyond the curve's end until no more is asked for than there is: by Little's
     * law, tasks then share by what they have in flight.
     */
    bool queues;
};

/* How a unit of a class's work uses one resource. */
struct contend_use {
    int32_t resource;
    uint64_t load_milli;  /* lines a second of work x 1000, weighted by what they cost it */
    uint64_t stall_milli; /* of those, the ones the task waits for */
};

struct contend;

/* @resources is copied, with their numbers as indices; the curves are borrowed. */
struct contend *contend_new(const struct contend_resource *resources, int32_t nr_resources);
void contend_free(struct contend *c);

/*
 * A class without members: a unit of work takes @idle_pace (wall time per work x 2^20, > 0) where
 * nothing waits, with @mlp_ppm (>= 1e6) misses in flight at once. @lines_milli (> 0 if it uses
 * anything): all lines it moves in a second of work, x 1000, by which shares are fair. @uses, each resource at most once,
 * is copied. Returns its number, which may be that of a class removed before.
 */
int32_t contend_class_new(struct contend *c, uint64_t idle_pace, int32_t mlp_ppm,
                          uint64_t lines_milli, const struct contend_use *uses, int32_t nr_uses);
void contend_class_remove(struct contend *c, int32_t class_id); /* it has no members */

/* @by tasks more (or fewer) run as @class_id from now on; rates follow at contend_solve(). */
void contend_class_count(struct contend *c, int32_t class_id, int32_t by);

/* True if contend_solve() may change a rate. */
bool contend_dirty(const struct contend *c);

/* What is told of a class with members whose pace changes, before it does. */
typedef void (*contend_changed_fn)(int32_t class_id, uint64_t old_pace, uint64_t new_pace,
                                   void *data);
/* Brings all paces up to date with the counts. */
void contend_solve(struct contend *c, contend_changed_fn changed, void *data);

/* The resources whose step, or whether they are full, the last contend_solve() that had anything to do
 * changed, ascending; borrowed until the next one. */
const int32_t *contend_moved(const struct contend *c, int32_t *ret_nr);

/* Wall time per work x 2^20, as of the last contend_solve(); before the first one with members, what
 * the present steps give. */
uint64_t contend_pace(const struct contend *c, int32_t class_id);
/* Load of @resource in lines a second x 1000, and its step (0..CONTEND_STEPS - 1). */
uint64_t contend_load_milli(const struct contend *c, int32_t resource);
int32_t contend_step(const struct contend *c, int32_t resource);
/* How long an access waits at @resource, in ps. */
int64_t contend_wait_ps(const struct contend *c, int32_t resource);
/* True if tasks that use @resource are held back to their share of it. */
bool contend_saturated(const struct contend *c, int32_t resource);

/* What solving took so far: what tests hold against what changed. */
struct contend_work {
    uint64_t solved;  /* times that a step moved, or may have */
    uint64_t settled; /* resources looked at for it */
    uint64_t told;    /* classes whose pace changed */
};
struct contend_work contend_work(const struct contend *c);

/* The factor of @curve at @utilisation_ppm, between points by straight lines; the first point's
 * before it, the last one's after it. */
uint32_t contend_factor_ppm(const struct contend_point *curve, int32_t nr_points,
                            uint32_t utilisation_ppm);

#endif
