/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The results that pictures are of: from paths, and what they are called. */
#ifndef NUMASIM_CLI_PLOT_INPUTS_H
#define NUMASIM_CLI_PLOT_INPUTS_H

#include "cli/plot.h"

/* Reads @nr results into @inputs (zeroed; plot_inputs_release(), also where it fails). @labels: one to
 * each or none; then they are called by what tells them apart. */
bool plot_inputs_read(struct plot_input *inputs, int32_t nr, char *const *paths,
                      char *const *labels, GError **error);
/* Whether @labels, if there are any, are one line of text for each of @nr results. */
bool plot_labels_check(char *const *labels, int32_t nr, GError **error);
void plot_inputs_release(struct plot_input *inputs, int32_t nr);

/* What tells @inputs[i] from the others: policy, else workload, else machine, else the path. Newly
 * allocated. */
char *plot_input_name(const struct plot_input *inputs, int32_t nr, int32_t i);

#endif
