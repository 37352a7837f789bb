/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machines from YAML (`numasim: topology/1`); the schema stands in topologies/README.md. */
#ifndef NUMASIM_FORMAT_MACHINE_TOPOLOGY_YAML_H
#define NUMASIM_FORMAT_MACHINE_TOPOLOGY_YAML_H

#include <glib.h>
#include <stddef.h>

#include "format/yaml.h"
#include "machine/machine.h"

enum { TOPOLOGY_YAML_VERSION = 1 };

/*
 * Reads and finishes the machine in the file at @path; its name is the file's `name:` or else the
 * file's own name without ".yaml". The caller owns the machine. NULL with @error, which has file,
 * line and column, if the file cannot be read or says anything unknown, contradictory or without
 * its source.
 */
struct machine *topology_read_yaml(const char *path, GError **error);
/* The same from @size bytes; @name stands for the path. */
struct machine *topology_read_yaml_buffer(const char *name, const char *bytes, size_t size,
                                          GError **error);

/* The schema for documentation: one mapping of the file and the table that reads it. */
struct topology_yaml_block {
    const char *name;
    const char *help;
    const struct yaml_field *fields;
};

/* All blocks in the order of explanation; the last one has a NULL name. */
const struct topology_yaml_block *topology_yaml_blocks(void);

#endif
