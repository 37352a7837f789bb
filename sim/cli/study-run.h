/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runs of a study, in processes of their own. A run that fails, or whose plugin crashes, costs itself
 * alone. What is kept in a cache need not be run again, whoever put it there.
 */
#ifndef NUMASIM_CLI_STUDY_RUN_H
#define NUMASIM_CLI_STUDY_RUN_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/folder.h"
#include "cli/cli.h"
#include "observe/study.h"

struct study_task {
    const struct cli *cli;
    const struct study *study;
    int32_t max_running; /* processes */
    const char *cache;   /* folder where results are kept as they come (run-cache.h), or NULL */
    bool cache_goes;     /* nobody uses the cache later */
    const char *output;  /* folder that the results are for, or NULL; needs a cache */
};

/* Reads each member of each axis once, so that a wrong name shows before anything has run. */
bool study_check_inputs(const struct cli *cli, const struct study *s, GError **error);

/*
 * All runs. What faults stands in the results' failures[], and was said on standard error with its dump.
 * *@ret_folder: task->output, begun when all had run, with every result in it; NULL where there is none.
 * NULL with an error of the inputs, of study_verify(), or of the folder.
 */
struct study_results *study_carry_out(const struct study_task *task, struct folder **ret_folder,
                                      GError **error);

#endif
