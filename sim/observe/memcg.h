/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cgroups were charged for memory, and what happened at their limits, in a result. */
#ifndef NUMASIM_OBSERVE_MEMCG_H
#define NUMASIM_OBSERVE_MEMCG_H

#include "kernel/kernel.h"
#include "observe/result.h"

/* Adds cgroup.NAME.memory.current, .peak and .events.* of each cgroup whose memory is accounted, since the
 * start of the run, warmup included; those of one name are added up. */
void memcg_report(const struct kernel *k, struct result *r);

#endif
