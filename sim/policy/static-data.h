/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a plugin keep static state? Two simulations may run in one process, interleaved, and must give
 * what they give alone: what a policy remembers belongs into the state that the host keeps for it.
 */
#ifndef NUMASIM_POLICY_STATIC_DATA_H
#define NUMASIM_POLICY_STATIC_DATA_H

#include <glib.h>
#include <stdbool.h>

/*
 * Looks into the symbol table of the shared object at @path for objects in sections that stay
 * writable: .data, .bss, .tdata, .tbss and their kin. What the dynamic linker writes once and then
 * protects (.data.rel.ro) is constant, and names that begin with "__", or "completed.", are the
 * compiler's. A file that is stripped, or of another class or byte order than this process, has
 * nothing to look at and passes. False with NUMASIM_ERROR_PLUGIN, naming the objects and their sizes;
 * NUMASIM_ERROR_IO if it cannot be read.
 */
bool policy_check_static_data(const char *path, GError **error);

#endif
