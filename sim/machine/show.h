/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine as text for people. */
#ifndef NUMASIM_MACHINE_SHOW_H
#define NUMASIM_MACHINE_SHOW_H

#include "machine/domains.h"

/*
 * Draws the finished machine @m in ASCII: a summary, the tree of packages, nodes and LLCs with
 * their CPUs as cpulists, the matrices of distance, latency and bandwidth, the sched_domains @sds
 * (NULL: none) as domains_append_tree() does, and the costs with their units. Newly allocated;
 * ends with a newline.
 */
char *machine_show(const struct machine *m, const struct sched_domains *sds);

#endif
