/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What earlier runs left in the folder of this one. */
#ifndef NUMASIM_CLI_RUN_EARLIER_H
#define NUMASIM_CLI_RUN_EARLIER_H

#include <glib.h>

#include "cli/paths.h"
#include "cli/simulation.h"

/*
 * Removes from the folder @output the results that `numasim run -o` puts there: its own, and those in
 * POLICY/seed-N. Of each what was written with it: result.json, series.csv, occupancy.csv, and copies
 * of inputs that are as they were, but for what @s, that is to be written, reads itself. Other files stay,
 * and so do folders that are not empty then; what links lead to is not looked at.
 */
void run_earlier_remove(const struct simulation *s, const char *output);
/* The same of the one result in @folder, and nothing below it. */
void run_earlier_remove_result(const struct paths *paths, const char *folder);

#endif
