/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The studies that there are: shipped ones by name. */
#ifndef NUMASIM_CLI_STUDY_FIND_H
#define NUMASIM_CLI_STUDY_FIND_H

#include "cli/cli.h"

/* The file of @name: a path, or the name of a shipped study. Newly allocated; NULL with
 * NUMASIM_ERROR_INPUT. */
char *study_find(const struct cli *cli, const char *name, GError **error);
/* The names of all of them, sorted; NULL-terminated, transfer full. */
char **study_names(const struct cli *cli);

/* Prints the shipped studies as @format says. The exit status; what cannot be read is told on
 * standard error. */
int study_list(struct cli *cli, enum cli_format format, GError **error);

#endif
