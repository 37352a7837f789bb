/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How early work could have been done, whoever schedules it. */
#ifndef NUMASIM_OBSERVE_BOUND_H
#define NUMASIM_OBSERVE_BOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/kernel.h"

/*
 * No policy can have all the work that @k's tasks have done so far done earlier than this, in ns from
 * the start: for the machine as a whole, and with @affinities (they held throughout) for each set of
 * CPUs that some task is bound to, the work of all tasks that may run nowhere else, divided by what
 * the set can do at most (no miss, no switch, no idle moment, the best number of active cores).
 * How long a single thread takes at least is interp_critical_ns()'s.
 */
int64_t bound_completion_ns(const struct kernel *k, bool affinities);

#endif
