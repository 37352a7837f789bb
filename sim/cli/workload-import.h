/* SPDX-License-Identifier: GPL-2.0-or-later */
/* numasim workload import: a recorded trace becomes a workload file. */
#ifndef NUMASIM_CLI_WORKLOAD_IMPORT_H
#define NUMASIM_CLI_WORKLOAD_IMPORT_H

#include "cli/options.h"

/* `import` of `numasim workload`. */
extern const struct subcommand workload_import;

#endif
