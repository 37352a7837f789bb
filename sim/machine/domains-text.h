/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sched_domains as text. CPUs are printed by the numbers that the outside uses (os_id). */
#ifndef NUMASIM_MACHINE_DOMAINS_TEXT_H
#define NUMASIM_MACHINE_DOMAINS_TEXT_H

#include "machine/domains.h"

/*
 * One JSON object, one line per domain: machine, kernel, numa {levels, type, reclaim_distance}
 * and cpus, each with cpu, sd_llc_id, sd_llc_size and its domains, innermost first. A domain has
 * level, name, span, flags, imbalance_pct, min_interval, max_interval, busy_factor,
 * cache_nice_tries, imb_numa_nr and groups {span, capacity, balance_mask} in ring order. Spans
 * are cpulists. An isolated CPU has no domains; an offline one is not listed. Newly allocated.
 */
char *domains_to_json(const struct machine *m, const struct sched_domains *sds);

/*
 * For people: the domains as an indented tree, outermost first, each with its span, flags, groups
 * (in the ring order of their first CPU; where groups overlap, of each CPU whose ring differs)
 * and constants. Domains alike are shown once where spans nest, and each for itself where they
 * overlap. Sets that are whole nodes are shown as such. Newly allocated.
 */
char *domains_to_text(const struct machine *m, const struct sched_domains *sds);

/* The same tree with spans and flags only, all that is alike folded: for `topology show`. */
void domains_append_tree(GString *out, const struct machine *m, const struct sched_domains *sds);

#endif
