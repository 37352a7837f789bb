/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host itself does besides its plugins, and may do differently from release to release: CPU
 * bandwidth of cgroups, the real-time classes, autogroups. A policy set says it under `host:`, or
 * `--set host.PARAM=VALUE`; names, ranges and sources stand in one table, like a plugin's.
 */
#ifndef NUMASIM_POLICY_HOST_H
#define NUMASIM_POLICY_HOST_H

#include "policy/numasim-policy.h"

/* Indices into the table's values. */
enum host_param {
    HOST_CFS_BANDWIDTH_SLICE,
    HOST_CFS_SLICE_EXPIRY,
    HOST_CFS_PERIOD_OFFSET,
    HOST_RT_THROTTLING,
    HOST_RT_PERIOD,
    HOST_RT_RUNTIME,
    HOST_RR_TIMESLICE,
    HOST_FAIR_SERVER,
    HOST_FAIR_SERVER_RUNTIME,
    HOST_FAIR_SERVER_PERIOD,
    HOST_AUTOGROUP,
    HOST_UTIL_EST_WAITED,
    HOST_NEW_TASK_UTIL_BY_LOAD,
    HOST_FLAT_QUEUE,
    HOST_CGROUP_MODE,
    HOST_TG_LOAD_AVG_RATELIMIT,
    HOST_CFS_THROTTLE_TASKS,
    HOST_RATE_STEP,
    NR_HOST_PARAMS
};

/* Values of cgroup_mode. */
enum host_cgroup_mode {
    CGROUP_MODE_UP,
    CGROUP_MODE_SMP,
    CGROUP_MODE_CONCUR,
    CGROUP_MODE_MAX,
    CGROUP_MODE_TASKS
};

/* A descriptor that has parameters and no role. */
extern const struct numasim_policy policy_host;

#endif
