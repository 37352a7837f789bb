/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results as a table for people. */
#ifndef NUMASIM_OBSERVE_RESULT_TABLE_H
#define NUMASIM_OBSERVE_RESULT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "observe/result.h"

/*
 * The metrics of the whole run, in groups: latency, throughput, CPU, migrations, memory; one column to
 * a result under its label, and from the second result on a column with the ratio to the first.
 * One result alone also gets a table of its commands (RESULT_TABLE_COMMANDS of them, by CPU time). Text in UTF-8,
 * newly allocated.
 * @labels: one to a result; NULL: the names of their policies.
 */
enum { RESULT_TABLE_COMMANDS = 12 };
char *result_table(const struct result *const *results, int32_t nr_results,
                   const char *const *labels);

/* @value in @unit as people read it: "1.53ms", "98.3%", "12.4GiB", "1000/s"; newly allocated. */
char *result_value_human(enum result_unit unit, int64_t value);
/* @value / @base as "1.25x", or "-" where @base is 0; newly allocated. */
char *result_ratio_human(int64_t value, int64_t base);

#endif
