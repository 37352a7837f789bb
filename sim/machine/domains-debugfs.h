/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /sys/kernel/debug/sched/domains holds: a folder cpuN for each possible CPU, in it domainM
 * for each of its domains, innermost first, and there the files of the release. Source:
 * kernel/sched/debug.c: update_sched_domain_debugfs(), register_sd(). groups_flags and level are
 * there since 6.12 (of the releases that this knows), group_asym_prefer_cpu is in 7.3.
 */
#ifndef NUMASIM_MACHINE_DOMAINS_DEBUGFS_H
#define NUMASIM_MACHINE_DOMAINS_DEBUGFS_H

#include "machine/domains.h"

/* Gets a path below sched/domains, and what that file reads; @contents NULL: a folder. False
 * with @error ends the walk. */
typedef bool domains_debugfs_fn(const char *path, const char *contents, void *data, GError **error);

/*
 * Calls @fn for each folder, then for what is in it, in the order of CPU numbers, levels, and in
 * which the kernel makes the files. max_newidle_lb_cost is 0, as before the first balancing.
 */
bool domains_debugfs_walk(const struct machine *m, const struct sched_domains *sds,
                          domains_debugfs_fn *fn, void *data, GError **error);

/*
 * The files as `grep -r '' *` in that folder prints them: "cpu0/domain0/name:MC", one to a line
 * and in the walk's order. Names in flags are each followed by a blank. Newly allocated.
 */
char *domains_debugfs_to_text(const struct machine *m, const struct sched_domains *sds);

#endif
