/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folder of a study takes its place, where an earlier study or something else may be. */
#ifndef NUMASIM_CLI_STUDY_OUTPUT_H
#define NUMASIM_CLI_STUDY_OUTPUT_H

#include <glib.h>
#include <stdbool.h>

#include "base/folder.h"
#include "cli/paths.h"

/*
 * @building, which it releases, becomes @output. A folder that holds an earlier study and nothing else is
 * replaced at once. From one that holds more, the earlier study goes, its results as those of an earlier
 * run do (run-earlier.h), and the new one is put beside what stays. False with NUMASIM_ERROR_IO.
 */
bool study_output_finish(struct folder *building, const struct paths *paths, const char *output,
                         GError **error);

#endif
