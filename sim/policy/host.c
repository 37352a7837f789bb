/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/host.h"

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

static const char *const mode_names[] = {"up", "smp", "concur", "max", "tasks", NULL};

static const struct numasim_param params[] = {
    [HOST_CFS_BANDWIDTH_SLICE] = {"cfs_bandwidth_slice", NUMASIM_PARAM_NS, 5 * MS, 1000, S, NULL,
                                  "What a CPU's queue takes from its cgroup's quota at a time.",
                                  "/proc/sys/kernel/sched_cfs_bandwidth_slice_us",
                                  "kernel/sched/fair.c: sysctl_sched_cfs_bandwidth_slice, 6.12"},
    [HOST_CFS_SLICE_EXPIRY] = {"cfs_slice_expiry", NUMASIM_PARAM_BOOL, 0, 0, 1, NULL,
                               "What a queue has taken and not used is lost at the period's end; "
                               "Linux before 5.4.",
                               NULL, "commit de53fd7aedb1 (5.4) took it out"},
    [HOST_CFS_PERIOD_OFFSET] = {"cfs_period_offset", NUMASIM_PARAM_BOOL, 1, 0, 1, NULL,
                                "The periods of each cgroup begin at an instant of its own.", NULL,
                                "kernel/sched/fair.c: init_cfs_bandwidth(), 6.12"},
    [HOST_RT_THROTTLING] = {"rt_throttling", NUMASIM_PARAM_BOOL, 0, 0, 1, NULL,
                            "A CPU's real-time tasks may use rt_runtime in each rt_period, also "
                            "where nobody else wants the CPU; Linux before 6.12.",
                            NULL, "commit 5f6bd380c7bd (6.12) took it out"},
    [HOST_RT_PERIOD] = {"rt_period", NUMASIM_PARAM_NS, S, MS, 100 * S, NULL,
                        "The period of rt_throttling.", "/proc/sys/kernel/sched_rt_period_us",
                        "kernel/sched/rt.c: sysctl_sched_rt_period, 6.1"},
    [HOST_RT_RUNTIME] = {"rt_runtime", NUMASIM_PARAM_NS, 950 * MS, 0, 100 * S, NULL,
                         "What rt_throttling leaves to real-time tasks; no less than rt_period is "
                         "no limit.",
                         "/proc/sys/kernel/sched_rt_runtime_us",
                         "kernel/sched/rt.c: sysctl_sched_rt_runtime, 6.1"},
    [HOST_RR_TIMESLICE] = {"rr_timeslice", NUMASIM_PARAM_NS, 100 * MS, MS, 100 * S, NULL,
                           "How long a SCHED_RR task runs before its equals have their turn.",
                           "/proc/sys/kernel/sched_rr_timeslice_ms",
                           "include/linux/sched/rt.h: RR_TIMESLICE, 6.12"},
    [HOST_FAIR_SERVER] = {"fair_server", NUMASIM_PARAM_BOOL, 1, 0, 1, NULL,
                          "Fair tasks that real-time tasks keep from a CPU get "
                          "fair_server_runtime in each fair_server_period; since 6.12.",
                          NULL, "kernel/sched/deadline.c: fair server, 6.12"},
    [HOST_FAIR_SERVER_RUNTIME] = {"fair_server_runtime", NUMASIM_PARAM_NS, 50 * MS, 0, 100 * S,
                                  NULL, "See fair_server; 0 turns it off.",
                                  "/sys/kernel/debug/sched/fair_server/cpuN/runtime",
                                  "kernel/sched/fair.c: fair_server_init(), 6.12"},
    [HOST_FAIR_SERVER_PERIOD] = {"fair_server_period", NUMASIM_PARAM_NS, S, MS, 100 * S, NULL,
                                 "See fair_server.",
                                 "/sys/kernel/debug/sched/fair_server/cpuN/period",
                                 "kernel/sched/fair.c: fair_server_init(), 6.12"},
    [HOST_AUTOGROUP] = {"autogroup", NUMASIM_PARAM_BOOL, 0, 0, 1, NULL,
                        "Sessions of a workload that stand in no cgroup share the CPUs as if each "
                        "were in one.",
                        "/proc/sys/kernel/sched_autogroup_enabled",
                        "kernel/sched/autogroup.c; off where a set does not say otherwise"},
    [HOST_UTIL_EST_WAITED] = {"util_est_waited", NUMASIM_PARAM_BOOL, 1, 0, 1, NULL,
                              "A task's util_est does not fall when it had to wait for its CPU; "
                              "since 6.8.",
                              NULL, "kernel/sched/fair.c: util_est_update(), 6.12"},
    [HOST_NEW_TASK_UTIL_BY_LOAD] = {"new_task_util_by_load", NUMASIM_PARAM_BOOL, 1, 0, 1, NULL,
                                    "A new task begins with its CPU's util_avg for each unit of "
                                    "load_avg there, at most half of what is left; off: with half "
                                    "of what is left.",
                                    NULL, "kernel/sched/fair.c: post_init_entity_util_avg(), 6.12"},
    [HOST_FLAT_QUEUE] =
        {"flat_queue", NUMASIM_PARAM_BOOL, 0, 0, 1, NULL,
         "All fair tasks of a CPU stand in one queue, each with the weight that its "
         "cgroups' shares give it; cgroups only count. In 7.3.",
         NULL, "kernel/sched/fair.c: enqueue_hierarchy(), 7.3"},
    [HOST_CGROUP_MODE] =
        {"cgroup_mode", NUMASIM_PARAM_ENUM, CGROUP_MODE_SMP, 0, 0, mode_names,
         "What of its cpu.weight a cgroup weighs on one CPU: all (up); its part of "
         "the cgroup's load (smp, before 7.3); the same of the weight times the "
         "lesser of its runnable tasks and its CPUs (concur), times its CPUs but "
         "at most nice -20 (max), or times its runnable tasks (tasks).",
         "/sys/kernel/debug/sched/cgroup_mode",
         "kernel/sched/fair.c: calc_group_shares(), 6.12 and 7.3"},
    [HOST_TG_LOAD_AVG_RATELIMIT] = {"tg_load_avg_ratelimit", NUMASIM_PARAM_BOOL, 1, 0, 1, NULL,
                                    "A CPU tells a cgroup its load there once in 1 ms at most; "
                                    "since 6.7.",
                                    NULL, "kernel/sched/fair.c: update_tg_load_avg(), 6.12"},
    [HOST_CFS_THROTTLE_TASKS] = {"cfs_throttle_tasks", NUMASIM_PARAM_BOOL, 0, 0, 1, NULL,
                                 "Who has used up a quota is taken off task by task, on the way "
                                 "back to user space, and not with the whole queue; since 6.18.",
                                 NULL, "commit e1fad12dcb66 (6.18)"},
    [HOST_RATE_STEP] =
        {"rate_step", NUMASIM_PARAM_NS, 20000, 0, 10 * MS, NULL,
         "Tasks' shares of memory bandwidth and their waits are found anew at most so "
         "often; 0: at each instant in which a task comes or goes.",
         NULL,
         "chosen: much longer than a queue at a memory controller takes to fill or to "
         "drain, much shorter than a tick"},
    [NR_HOST_PARAMS] = {.name = NULL},
};

const struct numasim_policy policy_host = {
    .abi = NUMASIM_POLICY_ABI,
    .name = "host",
    .summary = "what the kernel does besides its policies",
    .version = "1",
    .params = params,
};
