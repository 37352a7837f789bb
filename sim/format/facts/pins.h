/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's pins against the host that they name. */
#ifndef NUMASIM_FORMAT_FACTS_PINS_H
#define NUMASIM_FORMAT_FACTS_PINS_H

#include "machine/facts.h"

/*
 * Checks that the CPUs and nodes which the pins of @f name are @host's. Appends to @lines (char *)
 * what the pins leave open: CPUs without one where others have one, and that pins say nothing where
 * @host is NULL. False with NUMASIM_ERROR_INPUT, naming the host's ranges, for a pin elsewhere and
 * for a @host without any pin to it.
 */
bool facts_check_pins(const struct facts *f, const struct machine *host, GPtrArray *lines,
                      GError **error);

#endif
