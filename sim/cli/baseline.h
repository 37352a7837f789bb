/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results that are committed for others to be held against: what a comparison reads of them, and no more. */
#ifndef NUMASIM_CLI_BASELINE_H
#define NUMASIM_CLI_BASELINE_H

#include <glib.h>
#include <stdbool.h>

#include "cli/result-set.h"

/* That there is no baseline in @folder yet: it does not exist, or is empty. */
bool baseline_is_none(const char *folder);
/* That @folder may be replaced: it does not exist, or holds results' metrics and the folders above them, and
 * nothing else. NUMASIM_ERROR_USAGE. */
bool baseline_check(const char *folder, GError **error);
/* @folder becomes the metrics of @set, each in TOPOLOGY/WORKLOAD/POLICY/seed-N, whole or not at all. */
bool baseline_write(const struct result_set *set, const char *folder, GError **error);

#endif
