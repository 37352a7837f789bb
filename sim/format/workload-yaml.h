/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workloads in YAML (`numasim: workload/1`): the language that workloads/README.md describes,
 * into a struct workload. What comes back has passed workload_check().
 */
#ifndef NUMASIM_FORMAT_WORKLOAD_YAML_H
#define NUMASIM_FORMAT_WORKLOAD_YAML_H

#include <glib.h>
#include <stddef.h>

#include "workload/workload.h"

enum { WORKLOAD_SCHEMA_VERSION = 1 };

/* The number of members of an array of objects, threads of a group, instances of a process, copies
 * of a workload, and steps once `foreach` and `.thread` are written out. */
enum {
    WORKLOAD_MAX_ARRAY = 256,
    WORKLOAD_MAX_COUNT = 100000,
    WORKLOAD_MAX_GROUPS = 1024,
    WORKLOAD_MAX_STEPS = 200000
};

/*
 * Reads the file at @path. NULL with NUMASIM_ERROR_INPUT (the message starts with file, line and
 * column) or NUMASIM_ERROR_IO. Free with workload_free().
 */
struct workload *workload_read_yaml(const char *path, GError **error);
/* The same from the mapping @map within a document of another kind, without the line that names the
 * schema. Its digest and path are the whole document's. */
struct yaml_node;
struct workload *workload_read_yaml_node(const struct yaml_node *map, GError **error);
/* The same from @size bytes; @name stands for the path. */
struct workload *workload_read_yaml_buffer(const char *name, const char *bytes, size_t size,
                                           GError **error);

#endif
