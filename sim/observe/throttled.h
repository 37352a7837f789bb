/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which cgroups are throttled on which CPUs, as cgroup_throttle tells, and which tasks that holds. */
#ifndef NUMASIM_OBSERVE_THROTTLED_H
#define NUMASIM_OBSERVE_THROTTLED_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/tracepoint.h"

struct throttled;

/* Writes the cgroups of task @id, its own and those above it but for the root, to @ret[@max], and
 * returns how many. */
typedef int32_t (*throttled_path_fn)(int32_t id, int32_t *ret, int32_t max, void *data);

/* @path NULL: no task is ever held. */
struct throttled *throttled_new(int32_t nr_cpus, throttled_path_fn path, void *data);
void throttled_free(struct throttled *t); /* accepts NULL */

/* A cgroup_throttle event; false if it says what was so already. */
bool throttled_event(struct throttled *t, const struct tp_event *e);
/* True if the cgroup of task @id, or one above it, is throttled on @cpu. */
bool throttled_holds(const struct throttled *t, int32_t id, int32_t cpu);

#endif
