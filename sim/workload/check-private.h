/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of workload_check() share; nobody else includes it. */
#ifndef NUMASIM_WORKLOAD_CHECK_PRIVATE_H
#define NUMASIM_WORKLOAD_CHECK_PRIVATE_H

#include "workload/workload.h"

/* Sets @error to "PATH:LINE:COLUMN: message"; returns false. */
bool check_fail(const struct workload *w, struct workload_mark mark, GError **error,
                const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Calls @visit for each of @steps and, after it, for those of its body; stops where it fails. */
typedef bool (*step_visit_fn)(const struct step *step, void *data, GError **error);
bool check_visit(const struct step *steps, int32_t nr_steps, step_visit_fn visit, void *data,
                 GError **error);

/* The indices and values of the steps of @group. */
bool check_references(const struct workload *w, const struct workload_process *p,
                      const struct thread_group *group, GError **error);
/* What one thread of @group does in order: locks, loops, steps that are never reached. */
bool check_flow(const struct workload *w, const struct thread_group *group, GError **error);
/* What threads do to each other: who ends each wait, forks, barriers, arrivals. */
bool check_meetings(const struct workload *w, GError **error);

#endif
