/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workloads that meet as many of the engine's paths as possible in little time. */
#ifndef NUMASIM_TESTS_TORTURE_H
#define NUMASIM_TESTS_TORTURE_H

/* YAML: every kind of object and step, real-time tasks, memory. Fits any machine. */
extern const char torture_steps[];
/* YAML: nested cgroups with weights and quotas, cpusets, affinities and CPUs that change while
 * tasks of each kind run. Needs four CPUs. */
extern const char torture_admin[];

#endif
