/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results kept by what they follow from: a run is a function of its inputs, so that one that was done
 * need not be done again.
 *
 * The key of a run is the digest of everything that its result depends on: this program, the plugins, the
 * files of machine, workloads and policy set, what the command line changes of them, and the seed. A
 * result is a folder under its key, made whole or not at all; whoever is killed loses what was running.
 */
#ifndef NUMASIM_CLI_RUN_CACHE_H
#define NUMASIM_CLI_RUN_CACHE_H

#include <glib.h>
#include <stdbool.h>

#include "cli/simulation.h"

struct run_cache; /* a folder */

/* The folder @path is made when the first result comes. */
struct run_cache *run_cache_new(const char *path);
void run_cache_free(struct run_cache *c); /* accepts NULL */

/* The part of the key that all seeds of @policy in @s share, newly allocated; NULL with @error where an
 * input cannot be read. @duration_ns and @warmup_ns: as asked for. */
char *run_cache_inputs(struct run_cache *c, const struct simulation *s,
                       const struct simulation_policy *policy, const char *const *overrides,
                       int64_t duration_ns, int64_t warmup_ns, GError **error);
/* The folder of the run with @seed, whether there or not; newly allocated. */
char *run_cache_folder(const struct run_cache *c, const char *inputs, uint64_t seed);

/*
 * Tasks that were killed for want of memory in the run whose result is to be in @folder, the warmup's
 * too: no result has them. They are set before the result is there, and 0 unless they were.
 */
bool run_cache_set_oom_kills(const char *folder, guint64 oom_kills, GError **error);
guint64 run_cache_oom_kills(const char *folder);

/* Puts the files of the folder @from into the new folder @to: as links if @may_link, which then share what
 * is written to them, else or where that cannot be as copies. */
bool run_cache_copy(const char *from, const char *to, bool may_link, GError **error);

#endif
