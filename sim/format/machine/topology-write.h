/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine as a topology file (`numasim: topology/1`). */
#ifndef NUMASIM_FORMAT_MACHINE_TOPOLOGY_WRITE_H
#define NUMASIM_FORMAT_MACHINE_TOPOLOGY_WRITE_H

#include <glib.h>

#include "machine/machine.h"

/*
 * @m (finished, every block with its block_sources) as YAML, newly allocated; topology_read_yaml()
 * makes the same machine of it. Regular machines take the compact forms. What is unusual is
 * declared (`sparse`, `asymmetric`, `irregular`). @comment, lines (char *) or NULL, stands on top.
 */
char *topology_write_yaml(const struct machine *m, const GPtrArray *comment);

#endif
