/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy sets from YAML (`numasim: policy-set/1`):
 *
 *     numasim: policy-set/1
 *     description: One line.
 *     extends: linux-6.12                      # another set, changed below
 *     queue: fifo                              # a plugin, or ...
 *     balance:                                 # ... a plugin with values
 *       plugin: linux-balance
 *       source: where the choice comes from
 *       params:
 *         migration_cost: 0.5ms
 *         nr_migrate: {value: 32, source: "...", unverified: true}
 *     numa: ~                                  # taken away: the engine's default
 *     sources: [what the values come from]
 *     verified:                                # inherited, and seen in this set's release, too
 *       - {source: "...", params: [queue.base_slice]}
 *
 * A role that says nothing keeps what the set below says; one that keeps its plugin keeps the
 * values that it does not change. A plugin with a '/' is a path, seen from the file's folder.
 */
#ifndef NUMASIM_FORMAT_POLICY_YAML_H
#define NUMASIM_FORMAT_POLICY_YAML_H

#include <glib.h>
#include <stddef.h>

#include "format/yaml.h"
#include "policy/set.h"

enum {
    POLICY_YAML_VERSION = 1,
    POLICY_YAML_MAX_EXTENDS = 16, /* sets that may stand below one another */
};

/*
 * Reads the set in the file at @path; its name is the file's without ".yaml". Sets that it extends
 * are looked for in the file's own folder, then in @search_dirs (NULL-terminated). The caller owns
 * the result. NULL with NUMASIM_ERROR_INPUT or NUMASIM_ERROR_IO, also for a set below that is
 * missing or bad, and for a circle of them.
 */
struct policy_set *policy_set_read_yaml(const char *path, const char *const *search_dirs,
                                        GError **error);
/* The same from @size bytes; @name stands for the path. */
struct policy_set *policy_set_read_yaml_buffer(const char *name, const char *bytes, size_t size,
                                               const char *const *search_dirs, GError **error);

/* The schema for documentation: one mapping of the file and the table that reads it. */
struct policy_yaml_block {
    const char *name;
    const char *help;
    const struct yaml_field *fields;
};

/* All blocks in the order of explanation; the last one has a NULL name. */
const struct policy_yaml_block *policy_yaml_blocks(void);

#endif
