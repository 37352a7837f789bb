/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of workload_show() share; nobody else includes it. */
#ifndef NUMASIM_WORKLOAD_SHOW_PRIVATE_H
#define NUMASIM_WORKLOAD_SHOW_PRIVATE_H

#include <string.h>

#include "base/units.h"
#include "workload/workload.h"

void show_quantity(GString *out, int64_t value, enum unit unit);
/* "2ms", "exponential 1ms", "uniform 1ms..3ms". */
void show_dist(GString *out, const struct dist *d);
/* One line to a step, a step's body @indent + 2 columns in. */
void show_steps(GString *out, const struct workload *w, const struct workload_process *p,
                const struct step *steps, int32_t nr_steps, int indent);
/* CPUs that the requests of @arrival keep busy in the mean, x 1e6, by their `run` steps alone. */
int64_t show_offered_load_ppm(const struct workload *w, int32_t arrival);

#endif
