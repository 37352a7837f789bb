/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gates in YAML (`numasim: gate/1`): the language that results/README.md describes. */
#ifndef NUMASIM_FORMAT_GATE_YAML_H
#define NUMASIM_FORMAT_GATE_YAML_H

#include <glib.h>
#include <stddef.h>

#include "workload/gate.h"

enum { GATE_YAML_VERSION = 1 };

/* Reads the gate in the file at @path. NULL with NUMASIM_ERROR_INPUT (the message starts with file, line
 * and column) or NUMASIM_ERROR_IO; free with gate_free(). */
struct gate *gate_read_yaml(const char *path, GError **error);
/* The same from @size bytes; @name stands for the path. */
struct gate *gate_read_yaml_buffer(const char *name, const char *bytes, size_t size,
                                   GError **error);

#endif
